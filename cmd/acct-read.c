/* acct-read gives the rows of a Delta table, or of Parquet files, as a record stream. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/num.h"
#include "base/progress.h"
#include "base/sandbox.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "delta/delta.h"
#include "expr/expr.h"
#include "rec/rec.h"
#include "table/table.h"

struct projection {				/* columns of a header, and where they stand in the snapshot */
	struct rec_header header;
	size_t *columns;
};

static const char *where;
static char *list;			/* of -c; NULL: every column */
static struct cli_place asked_for;
static struct delta_table table;
static struct delta_snapshot snapshot;
static struct delta_with with;
static const char *key;			/* the key columns, joined by commas; or NULL */
static char *key_words;			/* of -k; NULL: the table's key */
static struct range {			/* of --changes */
	bool given, open;		/* open: to the newest version */
	int64_t from, to;		/* from -1: the table before its first version */
} range;
static struct delta_changes changes;
static struct seen {			/* of ACCT_KEYS: only rows that have one of these keys */
	char *column, *file;		/* NULL: all rows; owned */
	struct table_keys *keys;
	struct table_from *from;	/* of the column */
	size_t vector;
} seen;

/* ---- options ---- */

static void
set_range(const char *option, char *arg)
{
	char *dots = strstr(arg, ".."), *to = dots != NULL ? dots + 2 : arg;
	bool valid = dots != NULL;

	range = (struct range){ .given = true, .open = *to == '\0', .from = -1 };
	if (valid && dots > arg)
		valid = num_int64(arg, (size_t)(dots - arg), &range.from) && range.from >= 0;
	if (valid && !range.open)
		valid = num_int64(to, strlen(to), &range.to) && range.to >= range.from && range.to >= 0;
	if (!valid)
		cli_usage("%s: must be FROM..TO, two versions of which the second is not earlier: %s", option,
		    msg_quotes(arg));
}

static const struct cli_option options[] = {
	{ 'c', "columns", "COLUMN,...", "give these columns, in this order", CLI_LIST, .to = &list },
	{ 0, "changes", "FROM..TO", "give what makes version TO (default: the newest) of version FROM (default:\n"
	    "none): a change stream of inserts, updates and deletes", CLI_CALL, .call = set_range },
	{ 'k', "key", "KEY,...", "with --changes: rows of one key are an update (default: the table's key)", CLI_LIST,
	    .to = &key_words },
	{ 'w', "where", "CONDITION", "give only these rows, see acct-expr(7); skips files by their statistics",
	    CLI_TEXT, .to = &where },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){
	    "[-v] [--at N | --with FILE ...] [-c COLUMN,...] [-w CONDITION] [-D NAME=VALUE]\n"
	    "                 [-t NAME] [--outside] [-o FILE] PLACE[@N]",
	    "[-v] --changes FROM..TO [-k KEY,...] [--with FILE ...] [-c COLUMN,...] [-w CONDITION]\n"
	    "                 [-D NAME=VALUE] [-t NAME] [--memory SIZE] [--outside] [-o FILE] TABLE", NULL },
	.about =
	    "Gives the rows of a Delta table, of a Parquet file, or of a folder of Parquet files as a record stream.",
	.writes_records = true,
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_define, cli_at, cli_with, cli_memory, cli_outside, cli_table,
	    cli_output, NULL },
	.examples = (const char *const[]){ "acct-read lake/gold/customer_balance | acct-cat -f table",
	    "acct-read -c account_id,balance -w 'balance < 0' lake/silver/accounts@0 | acct-cat",
	    "acct-read --changes 7.. lake/silver/accounts | acct-cat", NULL },
};

static bool
at_earlier(void)
{
	return asked_for.by_time || asked_for.version != DELTA_NEWEST;
}

/* ---- where the rows are ---- */

static void
open_table(const char *place)
{
	struct msg err = { 0 };

	if (delta_open(&table, place, &err) < 0)
		msg_exit(&err);
	if (cli.outside)
		store_read_outside(table.store);
}

static bool
is_table(const char *place)
{
	struct msg err = { 0 };
	int there;

	open_table(place);
	there = delta_exists(&table, &err);
	if (there < 0 && err.status != EX_NOINPUT)
		msg_exit(&err);
	if (there == 0 && delta_prepared_is_marked(&table, &err) > 0)
		msg_die(EX_NOINPUT, "%s: a Delta table that has no version yet", place);
	if (there <= 0)
		delta_close(&table);
	return there > 0;
}

/* Loads the table with what is prepared. Returns false if there is nothing of the kind. */
static bool
load_with(const char *place)
{
	struct msg err = { 0 };
	int got;

	if (cli.nwith == 0)
		return false;
	open_table(place);
	if ((got = delta_load_with(&table, cli.with, cli.nwith, cli.with_found, &with, &snapshot, &err)) < 0)
		msg_exit(&err);
	if (got == 0)
		delta_close(&table);
	return got > 0;
}

static void
open_place(const char *place)
{
	struct msg err = { 0 };

	if (load_with(place)) {
		key = delta_property(&snapshot, TABLE_KEY);
		return;
	}
	if (is_table(place)) {
		if ((asked_for.by_time && delta_version_at(&table, asked_for.when, &asked_for.version, &err) < 0) ||
		    delta_load(&table, asked_for.version, &snapshot, &err) < 0)
			msg_exit(&err);
	} else {
		if (table_plain(&table, place, cli.outside, &snapshot, &key, &err) < 0)
			msg_exit(&err);
		if (at_earlier() || range.given)
			msg_die(EX_USAGE, "%s: not a Delta table: it has no versions", place);
		return;
	}
	key = delta_property(&snapshot, TABLE_KEY);
}

/* ---- columns ---- */

/* Why no stream can have a column of this name, or NULL. */
static const char *
name_fault(size_t at)
{
	const char *one = snapshot.columns[at].name;
	size_t i;

	if (*one == '\0' || !utf8_ok(one, strlen(one)))
		return "no such name in a record stream";
	for (i = 0; i < snapshot.ncolumns; i++)
		if (i != at && strcmp(snapshot.columns[i].name, one) == 0)
			return "there are two of this name";
	return NULL;
}

static void
map_add(struct projection *m, size_t at)
{
	const struct delta_column *c = &snapshot.columns[at];
	struct val_type type;

	if (m->header.ncolumns == REC_MAX_COLUMNS)
		msg_die(EX_UNAVAILABLE,
		    "%s: more than %d columns, which no record stream can have; -c leaves columns out",
		    table.address, REC_MAX_COLUMNS);
	if (name_fault(at) != NULL)
		msg_die(EX_UNAVAILABLE, "%s: column %s: %s; -c leaves columns out", table.address, msg_quotes(c->name),
		    name_fault(at));
	if (c->refused != NULL || !table_val_type(c->type, c->precision, c->scale, &type))
		msg_die(EX_UNAVAILABLE, "%s: column %s: no such type in a record stream: %s; -c leaves columns out",
		    table.address,
		    c->name, c->refused != NULL ? c->refused : c->type == PQ_BINARY ? "binary" : "time");
	m->columns = xreallocarray(m->columns, m->header.ncolumns + 1, sizeof(*m->columns));
	m->columns[m->header.ncolumns] = at;
	rec_header_add(&m->header, c->name, type, false, !c->nullable);
}

/* Those columns of the snapshot that a stream can have: what a condition may speak of. */
static void
map_possible(struct projection *m)
{
	struct val_type type;
	size_t i;

	for (i = 0; i < snapshot.ncolumns && m->header.ncolumns < REC_MAX_COLUMNS; i++)
		if (snapshot.columns[i].refused == NULL && name_fault(i) == NULL &&
		    table_val_type(snapshot.columns[i].type, snapshot.columns[i].precision, snapshot.columns[i].scale,
		    &type))
			map_add(m, i);
}

static void
map_list(struct projection *m)
{
	char *words[REC_MAX_COLUMNS];
	size_t n = cli_list("-c", list, words, REC_MAX_COLUMNS), i;
	int at;

	for (i = 0; i < n; i++) {
		if ((at = delta_column_find(&snapshot, words[i])) < 0)
			msg_die(EX_USAGE, "-c: %s: no such column in %s%s", msg_quotes(words[i]), table.address,
			    delta_column_hint(&snapshot, words[i]));
		if (rec_header_find(&m->header, words[i]) >= 0)
			cli_usage("-c: column %s named twice", msg_quotes(words[i]));
		map_add(m, (size_t)at);
	}
}

/* Marks the columns of -k as the only key. */
static void
mark_words(struct rec_header *h)
{
	char *words[REC_MAX_COLUMNS];
	size_t n = cli_list("-k", key_words, words, REC_MAX_COLUMNS), i;
	int at;

	for (i = 0; i < n; i++) {
		if ((at = rec_header_find(h, words[i])) < 0)
			msg_die(EX_USAGE, "-k: %s: not among the columns given%s", msg_quotes(words[i]),
			    near_hint(&(struct near[]){ rec_near(h, words[i]) }[0]));
		h->columns[at].key = true;
	}
}

/* Marks the table's key, where all of its columns are given. */
static void
mark_key(struct rec_header *h)
{
	char *words[REC_MAX_COLUMNS], *copy, *rest, *word;
	size_t n = 0, i;

	if (key == NULL || *key == '\0')
		return;
	rest = copy = xstrdup(key);
	while ((word = strsep(&rest, ",")) != NULL && n < REC_MAX_COLUMNS)
		words[n++] = word;
	for (i = 0; i < n && rec_header_find(h, words[i]) >= 0; i++)
		;
	if (i == n)
		for (i = 0; i < n; i++)
			h->columns[rec_header_find(h, words[i])].key = true;
	free(copy);
}

/* The last part of a place, without ".parquet", as a header can hold it. */
static char *
name_of(const char *place)
{
	size_t n = strlen(place);
	const char *p;
	char *s, *shown;

	while (n > 1 && place[n - 1] == '/')
		n--;
	for (p = place + n; p > place && p[-1] != '/'; p--)
		;
	s = xstrndup(p, (size_t)(place + n - p));
	n = strlen(s);
	if (n > 8 && strcmp(s + n - 8, ".parquet") == 0)
		s[n - 8] = '\0';
	shown = utf8_shown(s);
	free(s);
	return shown;
}

static void
make_columns(struct projection *m, const char *place)
{
	char *own = name_of(strcmp(place, ".") == 0 && table.root != NULL ? table.root : place);
	size_t i;

	rec_header_init(&m->header, cli.table != NULL ? cli.table : own);
	if (list != NULL)
		map_list(m);
	for (i = 0; list == NULL && i < snapshot.ncolumns; i++)
		if (!snapshot.columns[i].hidden)
			map_add(m, i);
	if (m->header.ncolumns == 0)
		msg_die(EX_DATAERR, "%s: no columns", table.address);
	if (key_words != NULL)
		mark_words(&m->header);
	else
		mark_key(&m->header);
	free(own);
}

/* ---- the condition ---- */

static void
parse(struct expr *e, const struct rec_header *h)
{
	struct expr_scope scope = { .header = h, .parameters = cli.parameters, .nparameters = cli.nparameters };
	struct buf b = { 0 };
	struct msg err = { 0 };
	size_t place = 0;

	if (expr_parse_where(e, where, strlen(where), &scope, &place, &err) == 0)
		return;
	expr_caret(where, strlen(where), place, &b);
	msg_warn("--where: %s", err.text);
	fputs(buf_cstr(&b), stderr);
	msg_leave(err.status);
}

/* Parses the condition over the columns it names, which become m's. */
static void
make_condition(struct expr *e, struct projection *m)
{
	struct projection all = { 0 };
	struct expr first = { 0 };
	bool *used;
	size_t i;

	rec_header_init(&all.header, "");
	rec_header_init(&m->header, "");
	map_possible(&all);
	parse(&first, &all.header);
	used = xcalloc(all.header.ncolumns, sizeof(*used));
	expr_mark_columns(&first, used);
	for (i = 0; i < all.header.ncolumns; i++)
		if (used[i])
			map_add(m, all.columns[i]);
	parse(e, &m->header);
	free(used);
	expr_free(&first);
	rec_header_free(&all.header);
	free(all.columns);
}

/* Reads the keys of ACCT_KEYS, over the column that becomes m's. */
static void
read_keys(struct projection *m)
{
	int at = delta_column_find(&snapshot, seen.column);
	struct rec_reader in;
	struct msg err = { 0 };

	if (at < 0)
		msg_die(EX_USAGE, "ACCT_KEYS: %s: no such column in %s%s", msg_quotes(seen.column), table.address,
		    delta_column_hint(&snapshot, seen.column));
	rec_header_init(&m->header, "");
	map_add(m, (size_t)at);
	cli_open(&in, seen.file, 0);
	if (table_keys_read(&seen.keys, &in, &snapshot, (size_t)at, &err) < 0)
		msg_exit(&err);
	rec_close(&in);
}

/* ---- rows ---- */

/* The vector of each column of m among those that are scanned, to which it is added where it is new. */
static struct table_from *
make_records(const struct projection *m, size_t *scanned, size_t *nscanned)
{
	struct table_source *sources = xcalloc(m->header.ncolumns, sizeof(*sources));
	struct table_from *from;
	size_t i, k;

	for (i = 0; i < m->header.ncolumns; i++) {
		const struct delta_column *c = &snapshot.columns[m->columns[i]];

		for (k = 0; k < *nscanned && scanned[k] != m->columns[i]; k++)
			;
		if (k == *nscanned)
			scanned[(*nscanned)++] = m->columns[i];
		sources[i] = (struct table_source){ .vector = k, .name = c->name, .type = c->type,
		    .precision = c->precision,
		    .scale = c->scale, .required = !c->nullable };
	}
	from = table_from_new(sources, m->header.ncolumns);
	free(sources);
	return from;
}

static _Noreturn void
blame(size_t file, const struct msg *err)
{
	msg_die(err->status, "%s: %s: %s", table.address, snapshot.files[file].name, err->text);
}

/* Adds the column of the keys to those that are scanned. Rows without them are passed over where they can be. */
static void
see_keys(const struct projection *m, size_t *scanned, size_t *nscanned, struct delta_scan_options *o)
{
	struct msg err = { 0 };

	seen.from = make_records(m, scanned, nscanned);
	for (seen.vector = 0; scanned[seen.vector] != m->columns[0]; seen.vector++)
		;
	o->keys = table_keys_set(seen.keys);
	if (!range.given && table_keys_find(seen.keys, &table, o, &err) < 0)
		msg_exit(&err);
}

/* Sets drop for the rows of a batch that the condition does not keep. Deleted rows have no faults. */
static void
filter(struct expr *e, struct table_from *from, const struct delta_batch *b, uint8_t *drop)
{
	uint8_t truth[EXPR_CHUNK];
	struct rec_batch records;
	struct msg err = { 0 };
	size_t row, next, i;

	/* Deleted rows are encoded too: so records and rows count alike. */
	for (row = 0; row < b->rows; row = next) {
		if ((next = table_to_records(from, b->columns, row, b->rows, NULL, &records, &err)) == 0)
			blame(b->file, &err);
		records.first = b->first_row + row + 1;
		if (expr_test(e, &records, 0, records.n, b->deleted != NULL ? b->deleted + row : NULL, truth,
		    &err) == -1)
			blame(b->file, &err);
		for (i = 0; i < records.n; i++)
			drop[row + i] = (b->deleted != NULL && b->deleted[row + i]) || truth[i] != EXPR_TRUE;
	}
}

/*
 * Returns the rows of a batch to leave out, NULL for none: a view until the next call. tested: NULL without a
 * condition.
 */
static const uint8_t *
dropped(const struct delta_batch *b, struct expr *e, struct table_from *tested)
{
	static struct buf drop;
	struct msg err = { 0 };

	if (tested == NULL && seen.keys == NULL)
		return b->deleted;
	(void)buf_room(&drop, b->rows);
	if (tested != NULL)
		filter(e, tested, b, drop.p);
	else if (b->deleted != NULL)
		memcpy(drop.p, b->deleted, b->rows);
	else
		memset(drop.p, 0, b->rows);
	if (seen.keys != NULL && table_keys_drop(seen.keys, seen.from, b, seen.vector, drop.p, &err) < 0)
		blame(b->file, &err);
	return drop.p;
}

static uint64_t
write_rows(struct rec_writer *out, struct table_from *from, const struct delta_batch *b, const uint8_t *drop)
{
	struct rec_batch records;
	struct msg err = { 0 };
	size_t row = 0;
	uint64_t n = 0;

	while (row < b->rows) {
		if ((row = table_to_records(from, b->columns, row, b->rows, drop, &records, &err)) == 0)
			blame(b->file, &err);
		if (records.n > 0)
			xrec_copy_run(out, &records, 0, records.n);
		n += records.n;
	}
	return n;
}

static uint64_t
read_rows(struct rec_writer *out, struct delta_scan *scan, struct table_from *from, struct expr *e,
    struct table_from *tested)
{
	struct delta_batch b;
	struct msg err = { 0 };
	uint64_t n = 0;
	int got;

	while ((got = delta_scan_next(scan, &b, &err)) > 0) {
		n += write_rows(out, from, &b, dropped(&b, e, tested));
		progress_add(0, b.rows);
		progress_poll();
	}
	if (got < 0)
		msg_exit(&err);
	return n;
}

/* ---- changes ---- */

/* Finds what makes the snapshot of version range.from, whose files become those that differ. */
static void
find_changes(void)
{
	bool uncommitted = with.n > 0 && range.open;
	struct msg err = { 0 };

	if (range.from > snapshot.version)
		msg_die(EX_NOINPUT, "%s: no version %" PRId64 ": the newest is %" PRId64, table.address, range.from,
		    snapshot.version);
	if (delta_changes_find(&changes, &table, range.from, &snapshot, uncommitted, &err) < 0)
		msg_exit(&err);
	free(snapshot.files);
	snapshot.files = changes.files;
	snapshot.nfiles = changes.nfiles;
	changes.files = NULL;
}

static uint64_t
read_changes(struct rec_writer *out, struct delta_scan *scan, struct table_from *from, const struct rec_header *rows,
    struct expr *e, struct table_from *tested)
{
	size_t *keys = xcalloc(rows->ncolumns, sizeof(*keys)), nkeys = table_keys_marked(rows, keys);
	struct table_changes *to = table_changes_new(out, keys, nkeys, changes.adds && changes.removes, cli.memory);
	struct delta_batch b;
	struct msg err = { 0 };
	int got, *weights = NULL;
	size_t room = 0;

	while ((got = delta_scan_next(scan, &b, &err)) > 0) {
		if (b.rows > room) {
			room = b.rows;
			weights = xreallocarray(weights, room, sizeof(*weights));
		}
		delta_changes_weigh(&changes, &b, weights);
		if (table_changes_weighed(to, from, b.columns, b.rows, weights, dropped(&b, e, tested), &err) < 0)
			blame(b.file, &err);
		progress_add(0, b.rows);
		progress_poll();
	}
	if (got < 0 || table_changes_finish(to, &err) < 0)
		msg_exit(&err);
	table_changes_free(to);
	free(weights);
	free(keys);
	return out->count;
}

/* Creates the output: a stream of rows, or of changes of rows. */
static void
create_output(struct rec_writer *out, const struct rec_header *rows)
{
	struct rec_header h;
	struct msg err = { 0 };

	if (!range.given) {
		cli_create(out, rows);
		return;
	}
	if (table_changes_header(&h, rows, &err) < 0)
		msg_die(err.status, "%s: %s; -c leaves columns out", table.address, err.text);
	cli_create(out, &h);
	rec_header_free(&h);
}

static void
check_range(void)
{
	if (!range.given && key_words != NULL)
		cli_usage("-k needs --changes");
	if (!range.given)
		return;
	if (at_earlier())
		cli_usage("--changes names the versions: expected a TABLE without one");
	if (!range.open && cli.nwith > 0)
		cli_usage("--with is a newest version: expected --changes FROM..");
	if (!range.open)
		asked_for.version = range.to;
}

int
main(int argc, char *argv[])
{
	struct projection given = { 0 }, asked = { 0 }, keyed = { 0 };
	struct expr condition = { 0 };
	struct pool pool = { 0 };
	struct delta_bound *bounds = NULL;
	struct delta_scan_options scan_options = { 0 };
	struct table_from *from, *tested = NULL;
	struct rec_writer out;
	struct delta_scan *scan;
	struct msg err = { 0 };
	size_t *scanned, nscanned = 0, i;
	unsigned *flags;
	uint64_t n;

	cli_place(cli_operand(argc, argv, cli_start(&program, argc, argv), "PLACE"), &asked_for);
	check_range();
	if (at_earlier() && cli.nwith > 0)
		cli_usage("expected one of --at and --with");
	cli_check_only(asked_for.address);
	if (!at_earlier())
		cli_find_with();
	(void)cli_find_keys(asked_for.address, &seen.column, &seen.file);
	io_create_ahead(cli.output);
	cli_sandbox(SANDBOX_READ | (range.given ? SANDBOX_SPILL : 0), cli.outside ? NULL : asked_for.address);
	open_place(asked_for.address);
	if (range.given)
		find_changes();
	make_columns(&given, asked_for.address);
	if (where != NULL) {
		make_condition(&condition, &asked);
		table_bounds(&condition, &asked.header, &snapshot, &pool, &bounds, &scan_options.nbounds);
	}
	if (seen.column != NULL)
		read_keys(&keyed);
	scanned = xcalloc(snapshot.ncolumns, sizeof(*scanned));
	flags = xcalloc(snapshot.ncolumns, sizeof(*flags));
	from = make_records(&given, scanned, &nscanned);
	if (where != NULL)
		tested = make_records(&asked, scanned, &nscanned);
	scan_options.bounds = bounds;
	if (seen.column != NULL)
		see_keys(&keyed, scanned, &nscanned, &scan_options);
	for (i = 0; i < nscanned; i++)
		flags[i] = snapshot.columns[scanned[i]].type == PQ_STRING ? PQ_INDEX : 0;
	scan_options.columns = scanned;
	scan_options.flags = flags;
	scan_options.ncolumns = nscanned;
	if (range.given) {
		scan_options.rows = delta_changes_rows;
		scan_options.to = &changes;
	}
	if (delta_scan_open(&scan, &table, &snapshot, &scan_options, &err) < 0)
		msg_exit(&err);
	create_output(&out, &given.header);
	n = range.given ? read_changes(&out, scan, from, &given.header, &condition, tested) :
	    read_rows(&out, scan, from, &condition, tested);
	xrec_finish(&out);
	if (cli.verbose)
		msg_warn("%s: %" PRIu64 " records", table.address, n);
	delta_scan_close(scan);
	table_from_free(from);
	table_from_free(tested);
	table_from_free(seen.from);
	table_keys_free(seen.keys);
	free(seen.column);
	free(seen.file);
	expr_free(&condition);
	pool_free(&pool);
	rec_header_free(&given.header);
	rec_header_free(&asked.header);
	rec_header_free(&keyed.header);
	free(given.columns);
	free(keyed.columns);
	free(asked.columns);
	free(bounds);
	free(scanned);
	free(flags);
	delta_changes_free(&changes);
	delta_snapshot_free(&snapshot);
	delta_with_free(&with);
	delta_close(&table);
	return 0;
}
