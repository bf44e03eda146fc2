/*
 * pqtool shows Parquet files as text and makes them from it, for tests. The text is exact: a line "name:type" per
 * column joined by tabs, with a ? where it may be null, then a line per row: \N for null, integers, decimals as the
 * integer they are stored as, dates in days, timestamps in microseconds, floats in hexadecimal, strings and binary
 * as hexadecimal bytes after an x. A nested column shows each entry of its row as repetition,definition=value.
 *
 *	pqtool dump [-b ROWS] [-i] [-c COLUMN,...] FILE
 *	pqtool write [-z CODEC] [-d] [-r ROWS] [-p ROWS] FILE <TEXT
 *	pqtool stats FILE
 *	pqtool nested FILE	a small file of the nested forms that a Delta checkpoint has
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "parquet/parquet.h"

#include "file.h"

enum { MAX_COLUMNS = 5000, ROWS = 1000 };

static size_t batch = ROWS;
static unsigned flags;
static char *only;
static struct pq_options how;

/* ---- showing ---- */

static void
put_i128(i128 v)
{
	char text[NUM_TEXT];

	num_put_decimal(text, v, 0);
	fputs(text, stdout);
}

static void
put_bytes(struct pq_bytes b)
{
	size_t i;

	putchar('x');
	for (i = 0; i < b.n; i++)
		printf("%02x", b.p[i]);
}

static void
put_float(double v)
{
	if (isnan(v))
		fputs("nan", stdout);
	else
		printf("%a", v);
}

static void
put_value(enum pq_shape shape, const union pq_value *v)
{
	if (shape == PQ_I128)
		put_i128(v->w);
	else if (shape == PQ_F32 || shape == PQ_F64)
		put_float(v->f);
	else if (shape == PQ_BYTES)
		put_bytes(v->b);
	else
		printf("%lld", (long long)v->i);
}

static void
put_entry(const struct pq_column *c, const struct pq_vector *v, size_t i)
{
	union pq_value value = { .i = 0 };

	if (v->def != NULL && v->def[i] != c->max_def) {
		fputs("\\N", stdout);
		return;
	}
	if (v->index != NULL) {
		if (v->index[i] >= v->dict_n)
			abort();
		i = v->index[i];
	}
	switch (c->shape) {
	case PQ_U8: value.i = v->v.u8[i]; break;
	case PQ_I32: value.i = v->v.i32[i]; break;
	case PQ_I64: value.i = v->v.i64[i]; break;
	case PQ_I128: value.w = v->v.i128[i]; break;
	case PQ_F32: value.f = v->v.f32[i]; break;
	case PQ_F64: value.f = v->v.f64[i]; break;
	case PQ_BYTES: value.b = v->v.bytes[i]; break;
	}
	put_value(c->shape, &value);
}

/* The entries of one row of a nested column; returns where the next row begins. */
static size_t
put_row(const struct pq_column *c, const struct pq_vector *v, size_t i)
{
	const char *sep = "";

	do {
		printf("%s%d,%d=", sep, v->rep[i], v->def == NULL ? c->max_def : v->def[i]);
		put_entry(c, v, i++);
		sep = " ";
	} while (i < v->n && v->rep[i] != 0);
	return i;
}

static void
put_header(const struct pq_column *const *c, size_t n)
{
	char name[NUM_TEXT];
	size_t i;

	for (i = 0; i < n; i++)
		printf("%s%s:%s%s", i > 0 ? "\t" : "", c[i]->path, pq_type_name(name, c[i]->type, c[i]->precision,
		    c[i]->scale),
		    c[i]->max_def > 0 ? "?" : "");
	putchar('\n');
}

static void
put_batch(const struct pq_batch *b, const struct pq_column *const *c, size_t n)
{
	size_t at[MAX_COLUMNS] = { 0 }, i, row;

	for (row = 0; row < b->rows; row++) {
		for (i = 0; i < n; i++) {
			if (i > 0)
				putchar('\t');
			if (c[i]->max_rep > 0)
				at[i] = put_row(c[i], &b->columns[i], at[i]);
			else
				put_entry(c[i], &b->columns[i], row);
		}
		putchar('\n');
	}
}

static size_t
choose(struct pq_reader *r, size_t *idx)
{
	char *names[MAX_COLUMNS];
	size_t n, i;

	if (only == NULL) {
		pq_columns(r, &n);
		for (i = 0; i < n && i < MAX_COLUMNS; i++)
			idx[i] = i;
		return i;
	}
	n = cli_list("-c", only, names, MAX_COLUMNS);
	for (i = 0; i < n; i++)
		idx[i] = file_column(r, names[i]);
	return n;
}

static int
dump(const char *path)
{
	struct pq_reader *r;
	struct file file;
	struct pq_batch b;
	struct msg err = { .status = 0 };
	const struct pq_column *all, *c[MAX_COLUMNS];
	size_t idx[MAX_COLUMNS], n, i, count;
	unsigned f[MAX_COLUMNS];
	uint64_t rows = 0;
	int got;

	r = file_open(&file, path);
	all = pq_columns(r, &count);
	n = choose(r, idx);
	for (i = 0; i < n; i++) {
		c[i] = &all[idx[i]];
		f[i] = flags;
	}
	if (pq_select(r, idx, f, n, &err) < 0)
		msg_exit(&err);
	put_header(c, n);
	while ((got = pq_next(r, batch, &b, &err)) == 1) {
		if (b.first_row != rows)
			msg_die(EX_SOFTWARE, "a batch out of place");
		put_batch(&b, c, n);
		rows += b.rows;
	}
	fflush(stdout);
	if (got == -1)
		msg_exit(&err);
	if (rows != pq_rows(r))
		msg_die(EX_SOFTWARE, "%llu rows of %llu", (unsigned long long)rows, (unsigned long long)pq_rows(r));
	pq_close(r);
	return 0;
}

static int
stats(const char *path)
{
	struct pq_reader *r;
	struct file file;
	struct pq_stats s;
	const struct pq_column *c;
	size_t n, i, g;

	r = file_open(&file, path);
	c = pq_columns(r, &n);
	for (g = 0; g < pq_row_groups(r); g++)
		for (i = 0; i < n; i++) {
			pq_chunk_stats(r, g, i, &s);
			printf("%zu\t%s\t%llu\t%lld\t", g, c[i].path, (unsigned long long)s.entries,
			    (long long)s.nulls);
			if (s.has_min_max) {
				put_value(c[i].shape, &s.min);
				printf("\t");
				put_value(c[i].shape, &s.max);
				printf("\t%d%d", s.min_exact, s.max_exact);
			}
			putchar('\n');
		}
	pq_close(r);
	return 0;
}

/* ---- making ---- */

static bool
parse_type(char *s, struct pq_field *f)
{
	char name[NUM_TEXT];
	unsigned p, q;
	int t;

	f->repetition = PQ_REQUIRED;
	if (s[strlen(s) - 1] == '?') {
		s[strlen(s) - 1] = '\0';
		f->repetition = PQ_OPTIONAL;
	}
	if (sscanf(s, "decimal(%u,%u)", &p, &q) == 2) {
		f->type = PQ_DECIMAL;
		f->precision = (uint8_t)p;
		f->scale = (uint8_t)q;
		return true;
	}
	for (t = PQ_BOOL; t <= PQ_BINARY; t++)
		if (strcmp(s, pq_type_name(name, (enum pq_type)t, 0, 0)) == 0) {
			f->type = (enum pq_type)t;
			return true;
		}
	return false;
}

struct cells {				/* a batch of a column */
	struct pool pool;
	uint8_t def[ROWS], u8[ROWS];
	int32_t i32[ROWS];
	int64_t i64[ROWS];
	i128 w[ROWS];
	float f32[ROWS];
	double f64[ROWS];
	struct pq_bytes bytes[ROWS];
};

static i128
parse_int(const char *s)
{
	i128 v = 0;
	bool minus = *s == '-';

	for (s += minus; *s != '\0'; s++)
		v = v * 10 + (minus ? -(*s - '0') : *s - '0');
	return v;
}

static struct pq_bytes
parse_bytes(struct pool *pool, const char *s)
{
	size_t n = strlen(s) / 2, i;
	uint8_t *p = pool_alloc(pool, n + 1);
	char hex[3] = "";

	for (i = 0; i < n; i++) {
		memcpy(hex, s + 1 + 2 * i, 2);
		p[i] = (uint8_t)strtoul(hex, NULL, 16);
	}
	return (struct pq_bytes){ p, n };
}

static void
set_cell(struct cells *c, size_t i, const struct pq_field *f, const char *s)
{
	c->def[i] = strcmp(s, "\\N") != 0;
	c->bytes[i] = (struct pq_bytes){ NULL, 0 };
	if (!c->def[i])
		return;
	switch (pq_shape(f->type, f->precision)) {
	case PQ_U8: c->u8[i] = (uint8_t)parse_int(s); break;
	case PQ_I32: c->i32[i] = (int32_t)parse_int(s); break;
	case PQ_I64: c->i64[i] = (int64_t)parse_int(s); break;
	case PQ_I128: c->w[i] = parse_int(s); break;
	case PQ_F32: c->f32[i] = strtof(s, NULL); break;
	case PQ_F64: c->f64[i] = strtod(s, NULL); break;
	case PQ_BYTES: c->bytes[i] = parse_bytes(&c->pool, s); break;
	}
}

static const void *
cells_of(const struct cells *c, const struct pq_field *f)
{
	switch (pq_shape(f->type, f->precision)) {
	case PQ_U8: return c->u8;
	case PQ_I32: return c->i32;
	case PQ_I64: return c->i64;
	case PQ_I128: return c->w;
	case PQ_F32: return c->f32;
	case PQ_F64: return c->f64;
	default: return c->bytes;
	}
}

static size_t
read_header(struct pq_field *f)
{
	static char *line;
	static size_t cap;
	char *word, *colon;
	size_t n = 0;

	if (getline(&line, &cap, stdin) <= 0)
		msg_die(EX_DATAERR, "no header");
	line[strcspn(line, "\n")] = '\0';
	for (word = strtok(line, "\t"); word != NULL; word = strtok(NULL, "\t")) {
		if ((colon = strrchr(word, ':')) == NULL || n == MAX_COLUMNS || !parse_type(colon + 1, &f[n]))
			msg_die(EX_DATAERR, "not a column: %s", word);
		*colon = '\0';
		f[n].name = word;
		f[n++].id = PQ_NO_ID;
	}
	return n;
}

/* Reads up to ROWS rows. */
static size_t
read_rows(struct cells *c, const struct pq_field *f, size_t n)
{
	static char *line;
	static size_t cap;
	size_t rows, i;
	char *p;

	for (i = 0; i < n; i++)
		pool_free(&c[i].pool);
	for (rows = 0; rows < ROWS && getline(&line, &cap, stdin) > 0; rows++) {
		line[strcspn(line, "\n")] = '\0';
		for (i = 0, p = line; i < n; i++) {
			char *cell = strsep(&p, "\t");

			if (cell == NULL)
				msg_die(EX_DATAERR, "too few cells");
			set_cell(&c[i], rows, &f[i], cell);
		}
	}
	return rows;
}

static int
make(const char *path)
{
	static struct pq_field f[MAX_COLUMNS];
	struct pq_vector v[MAX_COLUMNS] = { { .n = 0 } };
	struct pq_sink sink;
	struct pq_writer *w;
	struct msg err = { .status = 0 };
	size_t n = read_header(f), i, rows;
	struct cells *c = xcalloc(n, sizeof(*c));
	struct file file;

	sink = file_create(&file, path);
	if (pq_create(&w, &sink, f, n, &how, &err) < 0)
		msg_exit(&err);
	while ((rows = read_rows(c, f, n)) > 0) {
		for (i = 0; i < n; i++)
			v[i] = (struct pq_vector){ .n = rows, .def = f[i].repetition == PQ_OPTIONAL ? c[i].def : NULL,
			    .v.any = cells_of(&c[i], &f[i]) };
		if (pq_write(w, rows, v, &err) < 0)
			msg_exit(&err);
	}
	if (pq_finish(w, &err) < 0)
		msg_exit(&err);
	pq_writer_free(w);
	for (i = 0; i < n; i++)
		pool_free(&c[i].pool);
	free(c);
	return close(file.fd) < 0 ? EX_IOERR : 0;
}

#define TEXT(s) { (const uint8_t *)(s), sizeof(s) - 1 }

/*
 * Rows: a map of two, an empty map, no map; a list with a null in it, no list, an empty list; a group with nothing
 * in it, no group.
 */
static int
nested(const char *path)
{
	static const struct pq_field f[] = {
		{ .name = "add", .repetition = PQ_OPTIONAL, .children = 3, .id = PQ_NO_ID },
		{ .name = "path", .repetition = PQ_OPTIONAL, .type = PQ_STRING, .id = PQ_NO_ID },
		{ .name = "tags", .repetition = PQ_OPTIONAL, .children = 1, .group = PQ_MAP, .id = PQ_NO_ID },
		{ .name = "key_value", .repetition = PQ_REPEATED, .children = 2, .id = PQ_NO_ID },
		{ .name = "key", .repetition = PQ_REQUIRED, .type = PQ_STRING, .id = PQ_NO_ID },
		{ .name = "value", .repetition = PQ_OPTIONAL, .type = PQ_STRING, .id = PQ_NO_ID },
		{ .name = "size", .repetition = PQ_OPTIONAL, .type = PQ_INT64, .id = PQ_NO_ID },
		{ .name = "protocol", .repetition = PQ_OPTIONAL, .children = 1, .id = PQ_NO_ID },
		{ .name = "features", .repetition = PQ_OPTIONAL, .children = 1, .group = PQ_LIST, .id = PQ_NO_ID },
		{ .name = "list", .repetition = PQ_REPEATED, .children = 1, .id = PQ_NO_ID },
		{ .name = "element", .repetition = PQ_OPTIONAL, .type = PQ_STRING, .id = PQ_NO_ID }
	};
	static const uint8_t path_def[] = { 2, 1, 0 }, map_rep[] = { 0, 1, 0, 0 }, key_def[] = { 3, 3, 2, 0 },
	    value_def[] = { 4, 3, 2, 0 };
	static const uint8_t size_def[] = { 2, 2, 0 }, list_rep[] = { 0, 0, 0, 1 }, list_def[] = { 0, 2, 4, 3 };
	static const struct pq_bytes paths[] = { TEXT("a/b"), TEXT(""), TEXT("") }, keys[] = { TEXT("k"), TEXT("l"),
	    TEXT(""), TEXT("") };
	static const struct pq_bytes values[] = { TEXT("v"), TEXT(""), TEXT(""), TEXT("") };
	static const struct pq_bytes features[] = { TEXT(""), TEXT(""), TEXT("appendOnly"), TEXT("") };
	static const int64_t sizes[] = { 7, 8, 0 };
	const struct pq_vector v[] = {
		{ .n = 3, .def = path_def, .v.bytes = paths }, { .n = 4, .def = key_def, .rep = map_rep,
		    .v.bytes = keys },
		{ .n = 4, .def = value_def, .rep = map_rep, .v.bytes = values }, { .n = 3, .def = size_def,
		    .v.i64 = sizes },
		{ .n = 4, .def = list_def, .rep = list_rep, .v.bytes = features }
	};
	struct msg err = { .status = 0 };
	struct pq_sink sink;
	struct pq_writer *w;
	struct file file;

	sink = file_create(&file, path);
	if (pq_create(&w, &sink, f, sizeof(f) / sizeof(f[0]), &how, &err) < 0 || pq_write(w, 3, v, &err) < 0 ||
	    pq_finish(w, &err) < 0)
		msg_exit(&err);
	pq_writer_free(w);
	return close(file.fd) < 0 ? EX_IOERR : 0;
}

static unsigned rows_at_once = ROWS, row_group_rows, page_rows;
static enum pq_codec codec = PQ_SNAPPY;

static void
set_codec(const char *option, char *arg)
{
	codec = pq_codec_of(cli_word(option, arg, pq_codec_words()));
}
static bool indexes, delta_encodings;

static const struct cli_option options[] = {
	{ 'b', "batch", "ROWS", "read so many rows at once", CLI_NUMBER, .to = &rows_at_once },
	{ 'i', "indexes", NULL, "read strings as indexes of a dictionary", CLI_FLAG, .to = &indexes },
	{ 'c', "columns", "COLUMN,...", "read these columns", CLI_LIST, .to = &only },
	{ 'z', "codec", "CODEC", "write with none, snappy (default), gzip or zstd", CLI_CALL, .call = set_codec },
	{ 'd', "delta", NULL, "write encodings of differences", CLI_FLAG, .to = &delta_encodings },
	{ 'r', "row-group", "ROWS", "rows of a row group", CLI_NUMBER, .to = &row_group_rows },
	{ 'p', "page", "ROWS", "rows of a page", CLI_NUMBER, .to = &page_rows },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){
	    "dump|write|stats|nested [-b ROWS] [-i] [-c COLUMN,...] [-z CODEC] [-d] [-r ROWS] [-p ROWS] FILE",
	    NULL },
	.about = "Shows and makes Parquet files.",
	.options = options,
};

int
main(int argc, char *argv[])
{
	const char *verb, *path;
	int operand = cli_start(&program, argc, argv);

	if (argc - operand != 2)
		cli_usage("expected what to do, and a FILE");
	verb = argv[operand];
	path = argv[operand + 1];
	batch = rows_at_once;
	flags = indexes ? PQ_INDEX : 0;
	how = pq_defaults();
	how.codec = codec;
	how.delta_encodings = delta_encodings;
	if (row_group_rows > 0)
		how.row_group_rows = row_group_rows;
	if (page_rows > 0)
		how.page_rows = page_rows;
	if (strcmp(verb, "dump") == 0)
		return dump(path);
	if (strcmp(verb, "nested") == 0)
		return nested(path);
	return strcmp(verb, "stats") == 0 ? stats(path) : make(path);
}
