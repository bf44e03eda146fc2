/* acct-write puts the records of a stream into a Delta table, as one new version of it, or into a Parquet file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/num.h"
#include "base/progress.h"
#include "delta/delta.h"
#include "rec/rec.h"
#include "table/table.h"

const char cli_help[] =
    "usage: acct-write [-v] [-m append|overwrite] [--txn APP:VERSION] [--add-columns] [--codec CODEC] [-i FILE] TABLE\n"
    "       acct-write [-v] [--codec CODEC] [-i FILE] -o PARQUET\n"
    "\n"
    "Adds the records of standard input to a Delta table, which is made where there is none, or makes a Parquet\n"
    "file of them.\n"
    "\n"
    "  -m, --mode MODE          append, or overwrite: the records take the place of all that the table holds\n"
    "      --txn APP:VERSION    write nothing where the application APP has written this version or a later one\n"
    "      --add-columns        columns that the table does not have are added to it\n"
    "      --codec CODEC        snappy (default), zstd, gzip or none\n"
    "  -i, --input FILE         read FILE instead of standard input\n"
    "  -o, --output PARQUET     write a plain Parquet file, which is there whole or not at all\n"
    "      --partial            do not ask for a trailer\n"
    "  -v, --verbose            totals on standard error\n"
    "  -h, --help               this text\n"
    "  -V, --version            the version\n";

enum { TRIES = 100 };			/* of a commit that others come before */

struct plan {				/* the table's columns, and where each comes from */
	struct delta_column *columns;
	struct table_target *targets;
	size_t n;
	bool extends;			/* the schema is new, or has columns more than the table's */
};

static const char *input, *output;
static char *app;			/* of --txn; NULL without */
static int64_t app_version;
static bool overwrite, add_columns;
static enum pq_codec codec = PQ_SNAPPY;
static struct rec_reader in;

/* ---- options ---- */

static void
parse_codec(const char *word)
{
	static const char *const words[] = { [PQ_UNCOMPRESSED] = "none", [PQ_SNAPPY] = "snappy", [PQ_GZIP] = "gzip",
	    [PQ_ZSTD] = "zstd" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(word, words[i]) == 0) {
			codec = (enum pq_codec)i;
			return;
		}
	cli_usage("--codec: snappy, zstd, gzip or none, not %s", msg_quotes(word));
}

static void
parse_txn(const char *word)
{
	const char *colon = strrchr(word, ':');

	if (colon == NULL || colon == word || !num_int64(colon + 1, strlen(colon + 1), &app_version) || app_version < 0)
		cli_usage("--txn: APP:VERSION is wanted, not %s", msg_quotes(word));
	app = xstrndup(word, (size_t)(colon - word));
}

static const char *
parse_options(int argc, char *argv[])
{
	enum { TXN = 256, ADD, CODEC };
	static const struct option longs[] = {
		{ "mode", required_argument, NULL, 'm' }, { "txn", required_argument, NULL, TXN },
		{ "add-columns", no_argument, NULL, ADD },
		{ "codec", required_argument, NULL, CODEC }, { "input", required_argument, NULL, 'i' },
		{ "output", required_argument, NULL, 'o' }, { "parquet", required_argument, NULL, 'o' }, { 0 }
	};
	const char *mode = NULL;
	int o;

	while ((o = cli_getopt(argc, argv, "m:i:o:", longs)) != -1) {
		if (o == TXN)
			parse_txn(optarg);
		else if (o == CODEC)
			parse_codec(optarg);
		else if (o == ADD)
			add_columns = true;
		else
			*(o == 'm' ? &mode : o == 'i' ? &input : &output) = optarg;
	}
	overwrite = mode != NULL && strcmp(mode, "overwrite") == 0;
	if (mode != NULL && !overwrite && strcmp(mode, "append") != 0)
		cli_usage("-m: append or overwrite, not %s", msg_quotes(mode));
	if (output != NULL && (optind < argc || mode != NULL || app != NULL || add_columns))
		cli_usage("-o makes a plain file: no TABLE, -m, --txn or --add-columns goes with it");
	if (output == NULL && argc - optind != 1)
		cli_usage(optind == argc ? "a TABLE is wanted, or -o" : "one TABLE is wanted");
	return output == NULL ? argv[optind] : NULL;
}

/* ---- columns ---- */

/* The stream's column as one of a table. */
static struct delta_column
column_of(const struct rec_column *c)
{
	return (struct delta_column){ .name = c->name, .physical = c->name, .id = PQ_NO_ID,
	    .type = table_pq_type(c->type),
	    .precision = c->type.precision, .scale = c->type.scale, .nullable = !c->required, .partition = -1 };
}

static void
put(struct plan *p, struct delta_column c, int field)
{
	p->columns[p->n] = c;
	p->targets[p->n++] = (struct table_target){ .field = field, .name = p->columns[p->n - 1].name, .type = c.type,
	    .precision = c.precision, .required = !c.nullable };
}

static int
match(const struct rec_column *from, const struct delta_column *to, struct msg *err)
{
	char have[NUM_TEXT], want[NUM_TEXT];

	if (to->refused != NULL)
		return msg_set(err, EX_UNAVAILABLE, "column %s: a type that is not written: %s", to->name, to->refused);
	if (from != NULL && !table_fits(from->type, to->type, to->precision, to->scale)) {
		val_type_put(have, from->type);
		return msg_set(err, EX_DATAERR, "column %s: %s in the stream, %s in the table", to->name, have,
		    pq_type_name(want, to->type, to->precision, to->scale));
	}
	if (from == NULL && !to->nullable)
		return msg_set(err, EX_DATAERR, "column %s: the table asks for it, the stream does not have it",
		    to->name);
	return 0;
}

/* Every column of the table, then those that are added. A table of version -1 is new. */
static int
plan(struct plan *p, const struct delta_snapshot *s, struct msg *err)
{
	const struct rec_header *h = &in.header;
	struct delta_column added;
	size_t i;
	int field;

	*p = (struct plan){ .columns = xcalloc(s->ncolumns + h->ncolumns, sizeof(*p->columns)),
	    .targets = xcalloc(s->ncolumns + h->ncolumns, sizeof(*p->targets)), .extends = s->version < 0 };
	for (i = 0; i < s->ncolumns; i++) {
		field = rec_header_find(h, s->columns[i].name);
		if (match(field >= 0 ? &h->columns[field] : NULL, &s->columns[i], err) < 0)
			return -1;
		put(p, s->columns[i], field);
	}
	for (i = 0; i < h->ncolumns; i++) {
		if (delta_column_find(s, h->columns[i].name) >= 0)
			continue;
		added = column_of(&h->columns[i]);
		if (s->version >= 0) {
			if (!add_columns)
				return msg_set(err, EX_DATAERR, "column %s: not in the table; --add-columns adds it",
				    added.name);
			added.nullable = true;	/* the rows there are have none */
			p->extends = true;
		}
		put(p, added, (int)i);
	}
	return 0;
}

static void
plan_free(struct plan *p)
{
	free(p->columns);
	free(p->targets);
}

static bool
plan_equal(const struct plan *a, const struct plan *b)
{
	size_t i;

	for (i = 0; i < a->n && i < b->n; i++) {
		const struct delta_column *x = &a->columns[i], *y = &b->columns[i];

		if (strcmp(x->name, y->name) != 0 || x->type != y->type || x->precision != y->precision ||
		    x->scale != y->scale ||
		    x->nullable != y->nullable)
			return false;
	}
	return a->n == b->n;
}

/* The stream's key columns, joined by commas; an empty text where it has none, or a name holds a comma. */
static char *
key_list(void)
{
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < in.header.ncolumns; i++) {
		if (!in.header.columns[i].key)
			continue;
		if (strchr(in.header.columns[i].name, ',') != NULL) {
			b.len = 0;
			break;
		}
		if (b.len > 0)
			buf_addc(&b, ',');
		buf_adds(&b, in.header.columns[i].name);
	}
	return buf_cstr(&b);
}

/* Passes all records on as vectors; how many there were. */
static uint64_t
copy(const struct plan *p, int (*write)(void *to, size_t rows, const struct pq_vector *columns, struct msg *err),
    void *to)
{
	struct table_to *t = table_to_new(p->targets, p->n);
	const struct pq_vector *columns;
	struct rec_batch b;
	struct msg err = { 0 };
	uint64_t rows = 0;
	size_t bad;

	while (xrec_next(&in, &b)) {
		if (table_to_columns(t, &b, &columns, &bad, &err) < 0)
			msg_die(err.status, "%s: record %" PRIu64 ": %s", in.name, b.first + bad, err.text);
		if (write(to, b.n, columns, &err) < 0)
			msg_exit(&err);
		rows += b.n;
	}
	table_to_free(t);
	return rows;
}

/* ---- a Delta table ---- */

static int
write_rows(void *to, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	return delta_out_write(to, rows, columns, err);
}

/* Loads the table, or makes *s that of a table to be made, and says whether it may be written. */
static void
load(struct delta_table *t, struct delta_snapshot *s)
{
	struct msg err = { 0 }, why = { 0 };
	int there = delta_exists(t, &err);

	if (there < 0 || (there && delta_load(t, DELTA_NEWEST, s, &err) < 0))
		msg_exit(&err);
	if (!there) {
		*s = (struct delta_snapshot){ .version = -1 };
		return;
	}
	if (delta_may_write(s, overwrite, &why) < 0)
		msg_die(why.status, "%s: %s", t->address, why.text);
}

static void
make_plan(struct plan *p, const struct delta_table *t, const struct delta_snapshot *s)
{
	struct msg err = { 0 };

	if (plan(p, s, &err) < 0)
		msg_die(err.status, "%s: %s", t->address, err.text);
}

/* Tries to make the files a version of the table as it is in s. As delta_commit. */
static int
commit(struct delta_table *t, const struct delta_snapshot *s, const struct plan *p, const struct delta_file *files,
    size_t nfiles,
    uint64_t rows, int64_t *version, struct msg *err)
{
	struct delta_pair parameters[] = { { "mode", overwrite ? "Overwrite" : "Append" }, { "partitionBy", "[]" } };
	struct delta_pair metrics[3] = { { "numFiles", NULL }, { "numOutputRows", NULL }, { "numOutputBytes", NULL } };
	struct delta_pair key = { TABLE_KEY, key_list() };
	struct delta_change c = { .operation = "WRITE", .parameters = parameters, .nparameters = 2, .metrics = metrics,
	    .nmetrics = 3,
	    .scope = overwrite && s->nfiles > 0 ? DELTA_READ_TABLE : DELTA_BLIND, .adds = files, .nadds = nfiles,
	    .app = { .id = app, .version = app_version } };
	struct msg warn = { 0 };
	size_t *removes = xcalloc(s->nfiles, sizeof(*removes)), i;
	int64_t bytes = 0;
	int failed;

	for (i = 0; i < s->nfiles; i++)
		removes[i] = i;
	c.removes = removes;
	c.nremoves = overwrite ? s->nfiles : 0;
	if (p->extends) {
		c.columns = p->columns;
		c.ncolumns = p->n;
	}
	c.configuration = &key;
	c.nconfiguration = *key.value != '\0' ? 1 : 0;
	for (i = 0; i < nfiles; i++)
		bytes += files[i].size;
	metrics[0].value = xasprintf("%zu", nfiles);
	metrics[1].value = xasprintf("%" PRIu64, rows);
	metrics[2].value = xasprintf("%" PRId64, bytes);
	failed = delta_commit(t, s, &c, version, &warn, err);
	if (warn.status != 0)
		msg_warn("%s: version %" PRId64 " stands, but beside it: %s", t->address, *version, warn.text);
	for (i = 0; i < 3; i++)
		free((char *)metrics[i].value);
	free((char *)key.value);
	free(removes);
	return failed;
}

/* Does the table stay as it is: no row comes, none goes, and nothing else is to be said? */
static bool
is_nothing(const struct delta_snapshot *s, const struct plan *p, size_t nfiles)
{
	return s->version >= 0 && nfiles == 0 && !p->extends && app == NULL && (!overwrite || s->nfiles == 0);
}

/*
 * Commits, with the table as it has become where another writer was first. The version, or -1 where nothing had to be
 * written.
 */
static int64_t
settle(struct delta_table *t, struct delta_snapshot *s, struct plan *p, const struct delta_file *files, size_t nfiles,
    uint64_t rows)
{
	struct delta_snapshot old;
	struct plan again;
	struct msg err;
	int64_t version = -1;
	int tries;

	for (tries = 0; !is_nothing(s, p, nfiles); tries++) {
		err = (struct msg){ 0 };
		if (commit(t, s, p, files, nfiles, rows, &version, &err) == 0)
			break;
		if (err.status != EX_TEMPFAIL || tries == TRIES)
			msg_exit(&err);
		old = *s;
		load(t, s);
		make_plan(&again, t, s);
		if (!plan_equal(p, &again))
			msg_exit(&err);
		delta_snapshot_free(&old);	/* the old plan's names were its */
		p->extends = again.extends;
		plan_free(p);
		*p = again;
	}
	return version;
}

static void
drain(void)
{
	struct rec_batch b;

	while (xrec_next(&in, &b))
		;
}

static void
write_table(const char *address)
{
	struct delta_out_options options = { .codec = codec };
	struct delta_table t;
	struct delta_snapshot s;
	struct delta_out *out;
	struct delta_file *files;
	struct plan p;
	struct pool pool = { 0 };
	struct msg err = { 0 };
	int64_t version;
	uint64_t rows;
	size_t nfiles;

	if (delta_open(&t, address, &err) < 0)
		msg_exit(&err);
	load(&t, &s);
	if (app != NULL && delta_app_version(&s, app) >= app_version) {
		drain();
		if (cli_verbose)
			msg_warn("%s: %s has written version %" PRId64 " of its own already: nothing written",
			    t.address, app, app_version);
		goto done;
	}
	make_plan(&p, &t, &s);
	if (delta_schema_check(p.columns, p.n, &err) < 0 ||
	    delta_out_open(&out, &t, p.columns, p.n, &options, &err) < 0)
		msg_die(err.status, "%s: %s", t.address, err.text);
	rows = copy(&p, write_rows, out);
	if (delta_out_finish(out, &pool, &files, &nfiles, &err) < 0)
		msg_exit(&err);
	delta_out_free(out);
	version = settle(&t, &s, &p, files, nfiles, rows);
	if (cli_verbose && version >= 0)
		msg_warn("%s: version %" PRId64 ": %" PRIu64 " records in %zu files", t.address, version, rows, nfiles);
	else if (cli_verbose)
		msg_warn("%s: version %" PRId64 " stays: nothing to write", t.address, s.version);
	plan_free(&p);
	pool_free(&pool);
done:
	delta_snapshot_free(&s);
	delta_close(&t);
}

/* ---- a plain file ---- */

static int
write_plain_rows(void *to, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	return pq_write(to, rows, columns, err);
}

static void
write_file(void)
{
	struct delta_snapshot none = { .version = -1 };
	struct pq_options options = pq_defaults();
	const char *keys[] = { TABLE_KEY, NULL, NULL };
	struct pq_field *fields;
	struct pq_writer *w;
	struct pq_sink sink;
	struct io_out out;
	struct plan p;
	struct msg err = { 0 };
	char *key = key_list();
	uint64_t rows;
	size_t i;

	if (plan(&p, &none, &err) < 0 || io_create(&out, output, &err) < 0)
		msg_exit(&err);
	if (isatty(out.fd))
		msg_die(EX_USAGE, "%s: Parquet is not written to a terminal", io_out_name(output));
	fields = xcalloc(p.n, sizeof(*fields));
	for (i = 0; i < p.n; i++)
		fields[i] = (struct pq_field){ .name = p.columns[i].name,
		    .repetition = p.columns[i].nullable ? PQ_OPTIONAL : PQ_REQUIRED,
		    .type = p.columns[i].type, .precision = p.columns[i].precision, .scale = p.columns[i].scale,
		    .id = PQ_NO_ID };
	options.codec = codec;
	keys[1] = key;
	options.keys = *key != '\0' ? keys : NULL;
	sink = pq_sink_fd(out.fd, io_out_name(output));
	if (pq_create(&w, &sink, fields, p.n, &options, &err) < 0)
		msg_exit(&err);
	rows = copy(&p, write_plain_rows, w);
	if (pq_finish(w, &err) < 0 || io_commit(&out, &err) < 0)
		msg_exit(&err);
	if (cli_verbose)
		msg_warn("%" PRIu64 " records", rows);
	pq_writer_free(w);
	free(fields);
	free(key);
	plan_free(&p);
}

int
main(int argc, char *argv[])
{
	const char *table;

	cli_start(argc, argv);
	table = parse_options(argc, argv);
	xrec_open(&in, input, 0);
	if (table != NULL)
		write_table(table);
	else
		write_file();
	rec_close(&in);
	free(app);
	return 0;
}
