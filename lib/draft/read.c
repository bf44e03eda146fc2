#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "csv/csv.h"
#include "csv/decode.h"
#include "draft/draft.h"
#include "draft/layout.h"
#include "draft/sniff.h"

/* ---- names ---- */

static bool
has_suffix(const char *name, size_t n, const char *suffix)
{
	size_t k = strlen(suffix);

	return n > k && memcmp(name + n - k, suffix, k) == 0;
}

/* Names the table after the file: letters, digits and underscores, which folders and databases take. */
static void
name_table(struct draft_schema *d, const char *path)
{
	const char *name = strrchr(path, '/');
	size_t n, i;

	name = name != NULL ? name + 1 : path;
	n = strlen(name);
	if (has_suffix(name, n, ".gz"))
		n -= 3;
	else if (has_suffix(name, n, ".zst"))
		n -= 4;
	d->file = xstrndup(name, n);
	if (has_suffix(name, n, ".csv") || has_suffix(name, n, ".txt") || has_suffix(name, n, ".tsv"))
		n -= 4;
	d->table = xstrndup(name, n);
	for (i = 0; i < n; i++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_", d->table[i]) == NULL)
			d->table[i] = '_';
	while (d->table[0] == '_')
		memmove(d->table, d->table + 1, strlen(d->table));
	if (d->table[0] == '\0') {
		free(d->table);
		d->table = xstrdup("table");
	}
}

static size_t
trim(const char **p, size_t n)
{
	while (n > 0 && (**p == ' ' || **p == '\t')) {
		(*p)++;
		n--;
	}
	while (n > 0 && ((*p)[n - 1] == ' ' || (*p)[n - 1] == '\t'))
		n--;
	return n;
}

/* ---- rows ---- */

struct reading {
	struct draft_schema *d;
	struct csv_format format;
	struct csv_decoder *decoder;	/* NULL: UTF-8 */
	struct csv_field fields[CSV_MAX_FIELDS];
	struct buf text;		/* of one field */
	uint64_t lines;			/* of the file */
};

/* Returns the trimmed text of a field, a view until the next call. */
static const char *
text_of(struct reading *r, const struct csv_field *f, size_t *n)
{
	const char *p = (const char *)buf_room(&r->text, f->n + 1);

	*n = csv_unquote(f, r->format, (uint8_t *)p);
	*n = trim(&p, *n);
	return p;
}

/* Is it a line of names? They are different, not empty but for few, and neither numbers nor dates. */
static bool
is_header(struct reading *r, size_t n)
{
	struct draft_column c = { 0 };
	size_t i, len, format, named = 0;
	const char *p;
	bool plain = true;

	for (i = 0; i < n; i++) {
		p = text_of(r, &r->fields[i], &len);
		named += len > 0;
		draft_column_add(&c, p, len, 1);
		plain = plain && c.of[DRAFT_FLOAT64] == 0 && c.of[DRAFT_DATE] == 0 && utf8_ok(p, len);
	}
	plain = plain && named > n / 2 && draft_column_type(&c, &format) == DRAFT_STRING;
	draft_column_free(&c);
	return plain;
}

static int
check_names(const struct draft_schema *d, const char *path, struct msg *err)
{
	size_t i, k;

	for (i = 0; i < d->ncolumns; i++)
		for (k = 0; k < i; k++)
			if (*d->columns[i].name != '\0' && strcmp(d->columns[i].name, d->columns[k].name) == 0)
				return msg_set(err, EX_DATAERR, "%s:1: two columns of one name: %s", path,
				    msg_quotes(d->columns[i].name));
	return 0;
}

/* Names the columns after the first row, or by their number if it is not a line of names. */
static void
name_columns(struct reading *r, size_t n)
{
	struct draft_schema *d = r->d;
	size_t i, len;
	const char *p;
	char name[32];

	d->header = is_header(r, n);
	d->columns = xcalloc(n, sizeof(*d->columns));
	d->ncolumns = n;
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "column_%zu", i + 1);
		p = d->header ? text_of(r, &r->fields[i], &len) : (len = strlen(name), name);
		d->columns[i].name = xstrndup(p, len);
		d->nameless = d->nameless || len == 0;
	}
}

/* Remembers the row as one of the last; its fields have been split. */
static void
add_to_tail(struct reading *r, const struct csv_row *row, uint64_t line)
{
	size_t n;
	const char *p = text_of(r, &r->fields[0], &n);

	draft_tail_add(&r->d->tail, p, n, row->nfields == r->d->ncolumns, line);
}

static void
add_row(struct reading *r, uint64_t line)
{
	struct draft_schema *d = r->d;
	const char *p;
	size_t i, n;

	d->rows++;
	for (i = 0; i < d->ncolumns; i++) {
		p = text_of(r, &r->fields[i], &n);
		draft_column_add(&d->columns[i], p, n, line);
	}
}

static int
add_batch(struct reading *r, const struct csv_batch *b, const char *path, struct msg *err)
{
	const struct csv_row *row;
	bool first;
	size_t i;

	for (i = 0; i < b->n; i++) {
		row = &b->rows[i];
		first = r->d->columns == NULL;
		if ((row->flags & CSV_REJECT) != 0 || row->nfields > CSV_MAX_FIELDS ||
		    (!first && row->nfields != r->d->ncolumns)) {
			r->d->rows++;
			r->d->malformed++;
			if (!first && (row->flags & CSV_REJECT) == 0 && row->nfields <= CSV_MAX_FIELDS) {
				csv_split(b, row, r->format, r->fields);
				add_to_tail(r, row, b->line + row->line);
			}
			continue;
		}
		csv_split(b, row, r->format, r->fields);
		if (first) {
			name_columns(r, row->nfields);
			if (check_names(r->d, path, err) < 0)
				return -1;
			if (r->d->header)
				continue;
		}
		add_to_tail(r, row, b->line + row->line);
		add_row(r, b->line + row->line);
	}
	return 0;
}

static int
read_rows(struct reading *r, const char *path, struct msg *err)
{
	struct csv_reader csv;
	struct csv_batch b;
	int got;

	if (csv_open(&csv, path, r->format) < 0)
		return msg_set(err, csv.err.status, "%s", csv.err.text);
	csv.layout.decoder = r->decoder;
	csv.layout.before = r->d->skip.before;
	csv.layout.footer = (size_t)r->d->skip.footer;
	csv.layout.comment = r->d->skip.comment ? "#" : NULL;
	while ((got = csv_next(&csv, &b)) > 0 && add_batch(r, &b, path, err) == 0)
		continue;
	if (got < 0)
		msg_set(err, csv.err.status, "%s", csv.err.text);
	r->d->spans = csv.spanning.n > 0;
	r->lines = csv.lines;
	csv_close(&csv);
	return got != 0 ? -1 : 0;
}

/* ---- the key ---- */

static bool
ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), k = strlen(end);

	return n >= k && strcasecmp(name + n - k, end) == 0;
}

/* Chooses the key: the first column whose values are each there once, one named like a key before others. */
static void
find_key(struct draft_schema *d)
{
	struct draft_column *c;
	size_t i, format;
	enum draft_type type;

	d->key = d->ncolumns;
	for (i = 0; i < d->ncolumns; i++) {
		c = &d->columns[i];
		type = draft_column_type(c, &format);
		if (*c->name == '\0' || !draft_nearly(c->values, d->rows - d->malformed) ||
		    (type != DRAFT_INT64 && type != DRAFT_STRING) || !draft_column_is_unique(c))
			continue;
		if (ends_with(c->name, "id") || ends_with(c->name, "key") || ends_with(c->name, "number") ||
		    ends_with(c->name, "no")) {
			d->key = i;
			return;
		}
		if (d->key == d->ncolumns)
			d->key = i;
	}
}

/* ---- the encoding ---- */

/* Begins a draft, and reads the file but for these lines. */
static int
read_but(struct reading *r, struct draft_skip skip, const char *path, struct msg *err)
{
	struct draft_schema *d = r->d;

	draft_free(d);
	*d = (struct draft_schema){ .encoding = d->encoding, .skip = skip };
	name_table(d, path);
	return read_rows(r, path, err);
}

/* Reads the file, and again if lines before the names are rows after all, or some at its end are not. */
static int
read_file(struct reading *r, const char *path, struct msg *err)
{
	struct draft_skip skip = { 0 };

	if (strcmp(path, "-") == 0)
		return read_but(r, skip, path, err);
	if (draft_layout_find(path, r->decoder, r->format, &skip, err) < 0 || read_but(r, skip, path, err) < 0)
		return -1;
	if (skip.before > 0 && !r->d->header) {
		skip.before = 0;
		if (read_but(r, skip, path, err) < 0)
			return -1;
	}
	if (r->d->columns != NULL)
		draft_tail_end(&r->d->tail, &r->d->columns[0], r->lines, &skip);
	return skip.footer > 0 ? read_but(r, skip, path, err) : 0;
}

/* Reads the file as it is in an encoding, NULL for one of Unicode. */
static int
read_as(struct draft_schema *d, const char *path, const char *encoding, struct msg *err)
{
	struct reading *r = xcalloc(1, sizeof(*r));
	int failed;

	*d = (struct draft_schema){ .encoding = encoding };
	r->d = d;
	failed = csv_decoder_new(&r->decoder, encoding != NULL ? encoding : "auto", err) < 0 ||
	    draft_sniff(path, r->decoder, &r->format, err) < 0 || read_file(r, path, err) < 0;
	if (!failed && encoding == NULL && csv_decoder_encoding(r->decoder) != NULL)
		d->encoding = "auto";
	d->delimiter = (char)r->format.delimiter;
	d->escape = (char)r->format.escape;
	csv_decoder_free(r->decoder);
	buf_free(&r->text);
	free(r);
	return failed ? -1 : 0;
}

/* Guesses the encoding of a file that is not UTF-8, by the bytes that windows-1252 does not have. */
static const char *
guess_encoding(const struct draft_schema *d)
{
	bool not_1252 = false;
	size_t i;

	for (i = 0; i < d->ncolumns; i++)
		not_1252 = not_1252 || d->columns[i].not_1252;
	return not_1252 ? "windows-1250" : "windows-1252";
}

int
draft_read(struct draft_schema *d, const char *path, struct msg *err)
{
	uint64_t decoded = 0, letters = 0;
	const char *encoding;
	size_t i;

	if (read_as(d, path, NULL, err) < 0)
		return -1;
	for (i = 0; i < d->ncolumns; i++) {
		decoded += d->columns[i].not_utf8;
		letters += d->columns[i].letters;
	}
	if (decoded > 1 && decoded > letters && strcmp(path, "-") != 0) {
		encoding = guess_encoding(d);
		draft_free(d);
		if (read_as(d, path, encoding, err) < 0)
			return -1;
		d->decoded = decoded;
	}
	if (d->columns == NULL)
		return msg_set(err, EX_DATAERR, "%s: empty", path);
	find_key(d);
	return 0;
}

void
draft_free(struct draft_schema *d)
{
	size_t i;

	for (i = 0; i < d->ncolumns; i++)
		draft_column_free(&d->columns[i]);
	free(d->columns);
	free(d->table);
	free(d->file);
}
