/* What the source tables were made of, and what was counted then: files below runs/made/TABLE of a lake. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/num.h"
#include "reconcile/parts.h"

enum { FIELDS = 4, SHA256 = 64 };

/* Appends a file as the run will leave it, or as the lake has it: 1, or 0 if it is missing. */
static int
get(const struct reconcile *r, const char *name, struct buf *out, struct msg *err)
{
	char *staged = xasprintf("stage/%s", name);
	int got = r->folder != NULL ? store_get(r->folder, staged, out, err) : 0;

	free(staged);
	return got != 0 ? got : store_get(r->store, name, out, err);
}

/* Reads a file that says how a table was made: 1, 0 if it is missing, or -1. */
static int
get_made(const struct reconcile *r, const char *table, const char *what, struct buf *out, struct msg *err)
{
	char *name = xasprintf("runs/made/%s/%s", table, what);
	int got = get(r, name, out, err);

	free(name);
	buf_cstr(out);
	return got;
}

static int
missing(const struct reconcile *r, const char *table, const char *what, struct msg *err)
{
	return msg_set(err, EX_NOINPUT, "%s/runs/made/%s/%s: not there; run.sh makes it", r->lake, table, what);
}

static int
damaged(const struct reconcile *r, const char *table, const char *what, const char *is_not, struct msg *err)
{
	return msg_set(err, EX_DATAERR, "%s/runs/made/%s/%s: not %s of table %s", r->lake, table, what, is_not,
	    msg_quotes(table));
}

/* ---- JSON ---- */

static json_t *
read_json(const struct reconcile *r, const char *table, const char *what, struct msg *err)
{
	struct buf text = { 0 };
	json_t *o = NULL;
	int got = get_made(r, table, what, &text, err);

	if (got > 0)
		o = json_loadb((const char *)text.p, text.len, 0, NULL);
	if (got == 0) {
		missing(r, table, what, err);
	} else if (got > 0 && !json_is_object(o)) {
		damaged(r, table, what, "statistics", err);
		json_decref(o);
		o = NULL;
	}
	buf_free(&text);
	return o;
}

const char *
reconcile_number(const json_t *o, const char *key)
{
	static char text[8][NUM_TEXT];
	static unsigned turn;
	const json_t *v = json_object_get(o, key);
	char *to = text[turn++ % 8];

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return NULL;
	snprintf(to, NUM_TEXT, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	return to;
}

/* Have both all counts? Those of an earlier build lack some. */
static bool
is_complete(const struct reconcile_source *s)
{
	static const char *const ingest[] = { "rows", "blank", "header" };
	static const char *const clean[] = { "read", "clean", "rejected", "clean_lines", "rejected_lines" };
	size_t i;

	for (i = 0; i < sizeof(ingest) / sizeof(*ingest); i++)
		if (reconcile_number(s->ingest, ingest[i]) == NULL)
			return false;
	for (i = 0; i < sizeof(clean) / sizeof(*clean); i++)
		if (reconcile_number(s->clean, clean[i]) == NULL)
			return false;
	return json_is_object(json_object_get(s->clean, "reasons"));
}

/* ---- the pieces of bronze ---- */

/* Splits a line of the list at its tabs, in place: table, SHA-256, bytes, name below bronze. */
static bool
take_piece(struct reconcile_source *s, char *line, const char *table)
{
	char *f[FIELDS];
	int64_t bytes;
	size_t i;

	for (i = 0; i < FIELDS; i++)
		f[i] = strsep(&line, "\t");
	if (f[FIELDS - 1] == NULL || line != NULL || strcmp(f[0], table) != 0 ||
	    strlen(f[1]) != SHA256 || strspn(f[1], "0123456789abcdef") != SHA256 ||
	    !num_int64(f[2], strlen(f[2]), &bytes) || bytes < 0 || !store_name_is_tidy(f[3]))
		return false;
	s->pieces = xreallocarray(s->pieces, s->npieces + 1, sizeof(*s->pieces));
	s->pieces[s->npieces++] = (struct reconcile_piece){ xstrdup(f[1]), (uint64_t)bytes,
	    xasprintf("bronze/%s", f[3]) };
	s->bytes += (uint64_t)bytes;
	return true;
}

/* Are the pieces one file, or as many files as were read? Sets `apart`. False: neither. */
static bool
find_files(struct reconcile_source *s)
{
	size_t n = json_array_size(json_object_get(s->ingest, "files"));

	s->apart = n > 1;
	return s->npieces > 0 && (n <= 1 || n == s->npieces);
}

static int
read_pieces(const struct reconcile *r, const char *table, struct reconcile_source *s, struct msg *err)
{
	struct buf text = { 0 };
	char *rest, *line;
	int got = get_made(r, table, "pieces", &text, err);
	bool good = true;

	if (got == 0)
		missing(r, table, "pieces", err);
	rest = buf_cstr(&text);
	while (got > 0 && good && *rest != '\0') {
		line = strsep(&rest, "\n");
		good = rest != NULL && take_piece(s, line, table);
	}
	if (got > 0 && !(good && find_files(s)))
		damaged(r, table, "pieces", "the pieces", err);
	buf_free(&text);
	return err->status != 0 ? -1 : 0;
}

/* ---- the rejects ---- */

/* Takes the id of the run from the name of the table's rejects, TABLE-RUN.acct. */
static int
read_rejects(const struct reconcile *r, const char *table, struct reconcile_source *s, struct msg *err)
{
	struct buf text = { 0 };
	int got = get_made(r, table, "rejects", &text, err);
	const char *name = buf_cstr(&text), *suffix = strstr(name, ".acct\n");
	size_t n = strlen(table);

	if (got == 0)
		missing(r, table, "rejects", err);
	else if (got > 0 && (strncmp(name, table, n) != 0 || name[n] != '-' || suffix == NULL))
		damaged(r, table, "rejects", "the rejects", err);
	else if (got > 0)
		s->run = xstrndup(name + n + 1, (size_t)(suffix - name) - n - 1);
	buf_free(&text);
	return err->status != 0 ? -1 : 0;
}

/* ---- the sources ---- */

/* Is a source's file optional, and was there never one? 1, 0 or -1. */
static int
is_absent(const struct reconcile *r, const struct schema *s, struct msg *err)
{
	struct buf text = { 0 };
	int got = s->optional ? get_made(r, s->name, "ingest.json", &text, err) : 1;

	buf_free(&text);
	return got < 0 ? -1 : got == 0;
}

static int
read_source(const struct reconcile *r, const struct schema *s, struct reconcile_source *to, struct msg *err)
{
	int absent = is_absent(r, s, err);

	to->absent = absent > 0;
	if (absent != 0)
		return absent < 0 ? -1 : 0;
	if ((to->ingest = read_json(r, s->name, "ingest.json", err)) == NULL ||
	    (to->clean = read_json(r, s->name, "clean.json", err)) == NULL)
		return -1;
	if (read_pieces(r, s->name, to, err) < 0)
		return -1;
	return read_rejects(r, s->name, to, err);
}

int
reconcile_read_sources(struct reconcile *r, struct msg *err)
{
	struct buf old = { 0 };
	size_t i;

	r->sources = xcalloc(r->job->nsources, sizeof(*r->sources));
	for (i = 0; i < r->job->nsources; i++) {
		if (read_source(r, &r->job->sources[i].schema, &r->sources[i], err) < 0)
			break;
		if (!r->sources[i].absent && !is_complete(&r->sources[i]))
			buf_addf(&old, "%s%s", old.len > 0 ? "," : "", r->job->sources[i].schema.name);
	}
	if (old.len > 0)
		msg_set(err, EX_CONFIG, "%s: made by an earlier build, which did not count the lines of %s; "
		    "run.sh --rebuild makes silver and gold again of the files in bronze", r->lake, buf_cstr(&old));
	buf_free(&old);
	return err->status != 0 ? -1 : 0;
}

void
reconcile_source_free(struct reconcile_source *s)
{
	while (s->npieces > 0) {
		free(s->pieces[--s->npieces].sha256);
		free(s->pieces[s->npieces].name);
	}
	free(s->pieces);
	json_decref(s->ingest);
	json_decref(s->clean);
	free(s->run);
}
