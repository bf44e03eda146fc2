/*
 * What a run has to make. A source table is stale if the pieces of its file, its schema or the programs are not those
 * that runs/made says it was made of; a gold table if its script, the programs or a table that it reads are not. A
 * SHA-256 of them, but for the pieces, is the table's key. A table is stale as well if it is missing, damaged, or has
 * rows that another writer has changed since.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "delta/delta.h"
#include "job/parts.h"
#include "ledger/sha256.h"

#define APP "\"acct.run\""	/* application of a run's own versions, as delta_history has it */

enum { RECENT = 16 };		/* commits among which a run's own is most often found */

struct plan_table {			/* of a table */
	bool is_there, is_damaged, has_bad_log, is_altered;
};

struct plan_source {			/* what a source table is made of, and was made of; owned */
	char *pieces, *made_pieces, *key, *made_key;
	int64_t bytes;
	bool has_rejects;	/* what was rejected of made_pieces is there */
	char *from;		/* owned; why it is stale with the owners of its rows, or NULL */
	const char *reason;	/* NULL: it is not stale */
	const char *how, *rejects;
};

struct plan_gold {
	char *key;		/* owned */
	char *reason;		/* owned; NULL: it is not stale */
	bool is_anew;
	const char *export;	/* why its export alone is made; NULL: it is not */
};

struct plan_work {
	const struct job_plan *plan;
	const struct job *job;
	struct plan_source *sources;
	struct plan_gold *gold;
	size_t nsteps;
};

/* ---- the lake ---- */

/* Reads a small object; owned. NULL, with err->status 0 if it is missing. */
static char *
get_text(const struct plan_work *g, const char *name, struct msg *err)
{
	struct buf text = { 0 };
	int got = store_get(g->plan->lake, name, &text, err);
	char *out = got > 0 ? xstrdup(buf_cstr(&text)) : NULL;

	buf_free(&text);
	return out;
}

/* Reads a file that says how a table was made; owned. NULL, with err->status 0 if it is missing. */
static char *
get_made(const struct plan_work *g, const char *table, const char *what, struct msg *err)
{
	char *name = xasprintf("runs/made/%s/%s", table, what), *text = get_text(g, name, err);

	free(name);
	return text;
}

/* The same for one of a single line. */
static char *
get_line(const struct plan_work *g, const char *table, const char *what, struct msg *err)
{
	char *text = get_made(g, table, what, err);

	if (text != NULL)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

static bool
exists(const struct plan_work *g, const char *name, struct msg *err)
{
	enum store_kind kind;

	return store_stat(g->plan->lake, name, &kind, err) > 0;
}

/* Is there a line of the list of damaged things that is the name, and then what follows? */
static bool
is_listed(const struct plan_work *g, const char *name, const char *then)
{
	const char *p = g->plan->damage;
	size_t n = strlen(name);

	while (p != NULL && *p != '\0') {
		if (strncmp(p, name, n) == 0 && strncmp(p + n, then, strlen(then)) == 0)
			return true;
		p = strchr(p, '\n');
		p = p != NULL ? p + 1 : NULL;
	}
	return false;
}

/* Returns true if the newest commit that changed rows is not a run's. */
static bool
is_altered(const struct delta_history *h, bool *knows)
{
	size_t i;

	for (i = 0, *knows = true; i < h->n; i++) {
		if (h->commits[i].applications != NULL && strstr(h->commits[i].applications, APP) != NULL)
			return false;
		if (h->commits[i].data_change)
			return true;
	}
	*knows = false;
	return true;
}

static int
read_history(struct delta_table *t, struct plan_table *s, struct msg *err)
{
	struct delta_history h;
	bool knows = false;
	size_t most;

	for (most = RECENT; !knows; most = 0) {
		if (delta_history(t, most, &h, err) < 0)
			return -1;
		s->is_altered = is_altered(&h, &knows);
		delta_history_free(&h);
		if (most == 0)
			break;
	}
	return 0;
}

/* Fills the state of a table of the lake. A log that cannot be read is damaged. */
static int
get_state(const struct plan_work *g, const char *path, struct plan_table *s, struct msg *err)
{
	char *address = xasprintf("%s/%s", store_address(g->plan->lake), path);
	struct delta_table t;
	struct msg why = { 0 };
	int got = delta_open(&t, address, err);

	*s = (struct plan_table){ .is_damaged = is_listed(g, path, "\n") || is_listed(g, path, "\tlog\n"),
		.has_bad_log = is_listed(g, path, "\tlog\n") };
	if (got == 0) {
		got = delta_exists(&t, err);
		s->is_there = got > 0;
		if (s->is_there && !s->has_bad_log && read_history(&t, s, &why) < 0)
			s->is_damaged = s->has_bad_log = true;
		delta_close(&t);
	}
	free(address);
	return got < 0 ? -1 : 0;
}

/* ---- keys ---- */

static void
key_begin(struct ledger_sha256 *k)
{
	ledger_sha256_begin(k);
	ledger_sha256_add(k, ACCT_VERSION, sizeof(ACCT_VERSION));
}

static void
key_add(struct ledger_sha256 *k, const char *text)
{
	if (text != NULL)
		ledger_sha256_add(k, text, strlen(text) + 1);
}

static char *
key_end(struct ledger_sha256 *k)
{
	char sum[LEDGER_SHA256 + 1];

	ledger_sha256_end(k, sum);
	return xstrdup(sum);
}

/* Adds the text of a file. */
static int
key_add_file(struct ledger_sha256 *k, const char *path, struct msg *err)
{
	struct buf text = { 0 };
	int failed = job_text_read(path, &text, err);

	if (!failed)
		key_add(k, buf_cstr(&text));
	buf_free(&text);
	return failed;
}

/* ---- source tables ---- */

/* Returns the lines of the list of pieces that are the table's, and sets their bytes; owned. */
static char *
pieces_of(const struct plan_work *g, const char *table, int64_t *bytes)
{
	const char *line = g->plan->pieces != NULL ? g->plan->pieces : "", *end, *tab;
	size_t n = strlen(table);
	struct buf out = { 0 };
	char *text;

	for (*bytes = 0; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		if (strncmp(line, table, n) != 0 || line[n] != '\t')
			continue;
		buf_add(&out, line, (size_t)(end + 1 - line));
		tab = strchr(line + n + 1, '\t');
		*bytes += tab != NULL && tab < end ? strtoll(tab + 1, NULL, 10) : 0;
	}
	text = xstrdup(buf_cstr(&out));
	buf_free(&out);
	return text;
}

/* Adds what a table that is read will be made of. Returns why the reader is stale with it; owned, or NULL. */
static char *
add_table(const struct plan_work *g, struct ledger_sha256 *k, const char *table)
{
	int i = job_source_find(g->job, table), n = i < 0 ? job_gold_find(g->job, table) : -1;
	bool is_stale;

	if (i >= 0) {
		key_add(k, g->sources[i].reason != NULL ? g->sources[i].key : g->sources[i].made_key);
		key_add(k, g->sources[i].reason != NULL ? g->sources[i].pieces : g->sources[i].made_pieces);
		is_stale = g->sources[i].reason != NULL;
	} else {
		key_add(k, n >= 0 ? g->gold[n].key : NULL);
		is_stale = n >= 0 && g->gold[n].reason != NULL;
	}
	return is_stale ? xasprintf("made of %s", table) : NULL;
}

/* Adds to the key of a source what the tables are made of that have the owners of its rows, if orphans are rejected. */
static void
add_owners(const struct plan_work *g, const struct job_source *s, struct ledger_sha256 *k, struct plan_source *to)
{
	const struct job_reference *r;
	char *why;

	for (r = s->references; r < s->references + s->nreferences; r++) {
		if (r->orphans != SCHEMA_ORPHANS_REJECT)
			continue;
		why = add_table(g, k, g->job->sources[r->source].schema.name);
		if (to->from == NULL)
			to->from = why;
		else
			free(why);
	}
}

static int
read_source(const struct plan_work *g, const struct job_source *s, struct plan_source *to, struct msg *err)
{
	const char *table = s->schema.name;
	struct ledger_sha256 k;
	char *rejects, *name;

	to->pieces = pieces_of(g, table, &to->bytes);
	to->made_pieces = get_made(g, table, "pieces", err);
	to->made_key = get_line(g, table, "key", err);
	rejects = get_line(g, table, "rejects", err);
	if (rejects != NULL) {
		name = xasprintf("runs/rejects/%s", rejects);
		to->has_rejects = exists(g, name, err);
		free(name);
		free(rejects);
	}
	key_begin(&k);
	if (key_add_file(&k, s->path, err) < 0)
		err->status = err->status != 0 ? err->status : EX_IOERR;
	add_owners(g, s, &k, to);
	to->key = key_end(&k);
	return err->status != 0 ? -1 : 0;
}

static bool
is_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool
has_key(const struct schema *s)
{
	size_t i;

	for (i = 0; i < s->ncolumns; i++)
		if (s->columns[i].key)
			return true;
	return false;
}

/* Has the file more than what the table was made of, and begins with that? */
static bool
is_longer(const struct plan_source *s)
{
	return s->made_pieces != NULL && *s->made_pieces != '\0' &&
	    strncmp(s->pieces, s->made_pieces, strlen(s->made_pieces)) == 0;
}

static const char *
why_source(const struct plan_work *g, const struct plan_source *s, const struct plan_table *t,
    const struct plan_table *rejects)
{
	if (g->plan->rebuild)
		return "--rebuild";
	if (!t->is_there)
		return s->made_key == NULL ? "no table yet" : "the table is missing";
	if (t->is_damaged)
		return "damaged";
	if (!is_same(s->key, s->made_key))
		return s->from != NULL ? s->from : "another schema or build";
	if (!is_same(s->pieces, s->made_pieces))
		return is_longer(s) ? "the file has grown" : "another file";
	if (t->is_altered)
		return "rows changed by another writer";
	if (rejects->is_damaged || !rejects->is_there || !s->has_rejects)
		return "its rejects are damaged or missing";
	return NULL;
}

/* How the table gets its rows: see job.h. Rows with owners are all judged again, as these may have changed. */
static const char *
how_source(const struct plan_work *g, const struct job_source *of, const struct plan_source *s,
    const struct plan_table *t)
{
	if (t->has_bad_log)
		return "anew";
	if (g->plan->rebuild || !t->is_there || t->is_damaged || !is_same(s->key, s->made_key) ||
	    !has_key(&of->schema))
		return "overwrite";
	if (of->level == 0 && is_longer(s) && !is_same(s->pieces, s->made_pieces) && !t->is_altered && s->has_rejects)
		return "grown";
	return of->schema.drift == SCHEMA_DRIFT_ADD ? "overwrite" : "merge";	/* it may have other columns now */
}

static const char *
how_rejects(const struct plan_source *s, const struct plan_table *rejects)
{
	if (rejects->has_bad_log)
		return "anew";
	if (rejects->is_damaged)
		return "overwrite";
	return rejects->is_there && s->has_rejects && is_same(s->key, s->made_key) &&
	    is_same(s->pieces, s->made_pieces) ? "keep" : "append";
}

static int
plan_source(struct plan_work *g, size_t i, struct msg *err)
{
	const struct job_source *of = &g->job->sources[i];
	struct plan_source *s = &g->sources[i];
	struct plan_table t, rejects;
	char *path = xasprintf("silver/%s", of->schema.name);
	char *beside = xasprintf("silver/_rejects/%s", of->schema.name);
	int failed = read_source(g, of, s, err) < 0 || get_state(g, path, &t, err) < 0 ||
	    get_state(g, beside, &rejects, err) < 0 ? -1 : 0;

	if (!failed && !of->is_left && *s->pieces != '\0') {
		s->reason = why_source(g, s, &t, &rejects);
		s->how = how_source(g, of, s, &t);
		s->rejects = how_rejects(s, &rejects);
		g->nsteps += s->reason != NULL;
	} else if (!failed && !of->is_left && !of->schema.optional) {
		failed = msg_set(err, EX_NOINPUT, "%s/bronze/_ledger: no delivery of %s; run.sh takes the files over",
		    store_address(g->plan->lake), of->schema.name);
	}
	free(path);
	free(beside);
	return failed;
}

/* ---- gold tables ---- */

static char *
why_gold(const struct plan_work *g, const struct plan_gold *to, const char *made_key, const struct plan_table *t,
    const char *from)
{
	if (g->plan->rebuild)
		return xstrdup("--rebuild");
	if (!t->is_there)
		return xstrdup(made_key == NULL ? "no table yet" : "the table is missing");
	if (t->is_damaged)
		return xstrdup("damaged");
	if (!is_same(to->key, made_key))
		return xstrdup(from != NULL ? from : "another script or build");
	return t->is_altered ? xstrdup("rows changed by another writer") : NULL;
}

static const char *
why_export(const struct plan_work *g, const char *table, struct msg *err)
{
	char *folder = xasprintf("gold/_export/%s", table), *manifest = xasprintf("%s/manifest.json", folder);
	const char *why = is_listed(g, folder, "\n") ? "damaged" : exists(g, manifest, err) ? NULL : "missing";

	free(folder);
	free(manifest);
	return why;
}

/* Sets the key of a gold table. Returns why it is stale with a table that it reads; owned, or NULL. */
static char *
find_key(const struct plan_work *g, const struct job_gold *of, struct plan_gold *to, struct msg *err)
{
	char *from = NULL, *why;
	struct ledger_sha256 k;
	size_t i;

	key_begin(&k);
	(void)key_add_file(&k, of->path, err);
	for (i = 0; i < of->from.n; i++) {
		why = add_table(g, &k, of->from.word[i]);
		if (from == NULL)
			from = why;
		else
			free(why);
	}
	to->key = key_end(&k);
	return from;
}

static int
plan_gold(struct plan_work *g, size_t i, struct msg *err)
{
	const struct job_gold *of = &g->job->gold[i];
	struct plan_gold *to = &g->gold[i];
	char *path = xasprintf("gold/%s", of->name), *made_key = get_line(g, of->name, "key", err);
	char *from = find_key(g, of, to, err);
	struct plan_table t;

	if (err->status == 0 && get_state(g, path, &t, err) == 0 && !of->is_left) {
		to->reason = why_gold(g, to, made_key, &t, from);
		to->is_anew = t.has_bad_log;
		to->export = to->reason == NULL ? why_export(g, of->name, err) : NULL;
		g->nsteps += to->reason != NULL || to->export != NULL;
	}
	free(path);
	free(made_key);
	free(from);
	return err->status != 0 ? -1 : 0;
}

/* ---- what is printed ---- */

/* Is the work of a source to begin before that of another: at a lower level, or with a longer file? */
static bool
is_before(const struct plan_work *g, size_t a, size_t b)
{
	size_t x = g->job->sources[a].level, y = g->job->sources[b].level;

	return x != y ? x < y : g->sources[a].bytes > g->sources[b].bytes;
}

static void
put_sources(const struct plan_work *g, struct buf *out)
{
	bool *is_done = xcalloc(g->job->nsources, sizeof(*is_done));
	size_t i, k, next;

	for (k = 0; k < g->job->nsources; k++) {
		for (next = i = 0; i < g->job->nsources; i++)
			if (!is_done[i] && (is_done[next] || is_before(g, i, next)))
				next = i;
		is_done[next] = true;
		if (g->sources[next].reason != NULL)
			buf_addf(out, "silver\t%s\t%s\t%zu\t%s\t%s\t%s\n", g->job->sources[next].schema.name,
			    g->sources[next].how, g->job->sources[next].level, g->sources[next].key,
			    g->sources[next].rejects, g->sources[next].reason);
	}
	free(is_done);
}

static void
put_gold(const struct plan_work *g, struct buf *out)
{
	size_t i;

	for (i = 0; i < g->job->ngold; i++) {
		const struct job_gold *of = &g->job->gold[i];

		if (g->gold[i].reason != NULL)
			buf_addf(out, "gold\t%s\t%s\t%zu\t%s\t-\t%s\n", of->name,
			    g->gold[i].is_anew ? "anew" : "overwrite", of->level, g->gold[i].key, g->gold[i].reason);
		else if (g->gold[i].export != NULL)
			buf_addf(out, "export\t%s\t-\t%zu\t-\t-\t%s\n", of->name, of->level, g->gold[i].export);
	}
}

/* The last run, which a run without anything to do names, is to be there. */
static void
put_last(struct plan_work *g, struct buf *out, struct msg *err)
{
	bool is_damaged = is_listed(g, "runs/last", "\n");

	if (is_damaged || (g->nsteps == 0 && !exists(g, "runs/last", err))) {
		buf_addf(out, "lake\truns/last\t-\t-\t-\t-\t%s\n", is_damaged ? "damaged" : "missing");
		g->nsteps++;
	}
}

/* A line for a gold table that is as it should be: what a warehouse is asked for. */
static int
put_state(const struct plan_work *g, const char *table, struct buf *out, struct msg *err)
{
	char *address = xasprintf("%s/gold/%s", store_address(g->plan->lake), table);
	struct delta_table t;
	struct delta_snapshot s;
	int64_t rows = 0, n;
	int failed = delta_open(&t, address, err);
	size_t i;

	free(address);
	if (failed)
		return -1;
	if ((failed = delta_load(&t, DELTA_NEWEST, &s, err)) == 0) {
		for (i = 0; i < s.nfiles; i++) {
			n = delta_file_rows(&s.files[i]);
			rows += n - (s.files[i].dv != NULL ? s.files[i].dv->cardinality : 0);
		}
		buf_addf(out, "state\t%s\t%s\t%" PRId64 "\t%" PRId64 "\t-\t-\n", table, s.metadata.id, s.version, rows);
		delta_snapshot_free(&s);
	}
	delta_close(&t);
	return failed;
}

static int
put_states(const struct plan_work *g, struct buf *out, struct msg *err)
{
	size_t i;

	for (i = 0; i < g->job->ngold; i++)
		if (g->job->gold[i].load && put_state(g, g->job->gold[i].name, out, err) < 0)
			return -1;
	return 0;
}

static void
planning_free(struct plan_work *g)
{
	size_t i;

	for (i = 0; i < g->job->nsources; i++) {
		free(g->sources[i].pieces);
		free(g->sources[i].made_pieces);
		free(g->sources[i].key);
		free(g->sources[i].made_key);
		free(g->sources[i].from);
	}
	for (i = 0; i < g->job->ngold; i++) {
		free(g->gold[i].key);
		free(g->gold[i].reason);
	}
	free(g->sources);
	free(g->gold);
}

int
job_plan_put(const struct job_plan *plan, struct buf *out, struct msg *err)
{
	struct plan_work g = { .plan = plan, .job = plan->job };
	int failed = 0;
	size_t i, level;

	g.sources = xcalloc(g.job->nsources + 1, sizeof(*g.sources));
	g.gold = xcalloc(g.job->ngold + 1, sizeof(*g.gold));
	for (level = 0; level < g.job->nsources && !failed; level++)
		for (i = 0; i < g.job->nsources && !failed; i++)
			if (g.job->sources[i].level == level)
				failed = plan_source(&g, i, err);
	for (i = 0; i < g.job->ngold && !failed; i++)
		failed = plan_gold(&g, i, err);
	if (!failed) {
		put_sources(&g, out);
		put_gold(&g, out);
		put_last(&g, out, err);
	}
	if (!failed && g.nsteps == 0)
		failed = put_states(&g, out, err);
	planning_free(&g);
	return failed || err->status != 0 ? -1 : 0;
}

/* ---- a part of the job ---- */

static bool
is_left(const struct job *j, const char *table)
{
	int i = job_source_find(j, table);

	return i >= 0 ? j->sources[i].is_left : j->gold[job_gold_find(j, table)].is_left;
}

static void
take(struct job *j, const char *table)
{
	int i = job_source_find(j, table);

	if (i >= 0)
		j->sources[i].is_left = false;
	else
		j->gold[job_gold_find(j, table)].is_left = false;
}

static int
take_named(struct job *j, char *const *tables, size_t n, struct msg *err)
{
	struct near near;
	size_t i;

	for (i = 0; i < n; i++) {
		if (job_source_find(j, tables[i]) < 0 && job_gold_find(j, tables[i]) < 0) {
			near_start(&near, tables[i]);
			job_near_tables(j, &near, true, true);
			return msg_set(err, EX_USAGE, "--only: no such table: %s%s", msg_quotes(tables[i]),
			    near_hint(&near));
		}
		take(j, tables[i]);
	}
	return 0;
}

int
job_only(struct job *j, char *const *tables, size_t n, struct msg *err)
{
	size_t i, k;

	for (i = 0; i < j->nsources; i++)
		j->sources[i].is_left = true;
	for (i = 0; i < j->ngold; i++)
		j->gold[i].is_left = true;
	if (take_named(j, tables, n, err) < 0)
		return -1;
	for (i = 0; i < j->ngold; i++)			/* what is made of them */
		for (k = 0; k < j->gold[i].from.n; k++)
			if (!is_left(j, j->gold[i].from.word[k]))
				j->gold[i].is_left = false;
	for (i = j->ngold; i-- > 0;)			/* what these are made of */
		for (k = 0; k < j->gold[i].from.n && !j->gold[i].is_left; k++)
			take(j, j->gold[i].from.word[k]);
	return 0;
}
