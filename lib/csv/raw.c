#include "csv/raw.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "simd/simd.h"

/*
 * Bytes of a record beside its fields: line number and number of lines with their TABs, a TAB and a null at the end,
 * the LF; or the reason why it is malformed.
 */
enum { RECORD_EXTRA = 2 * (VAL_INT_MAX + 1) + 2 + 1 + 16 };

void
csv_raw_init(struct csv_raw *r, struct rec_writer *out, const char *name, struct csv_format format, size_t nfields,
    const size_t *from, size_t ncolumns, bool lines)
{
	size_t i;

	memset(r, 0, sizeof(*r));
	r->out = out;
	r->name = name;
	r->format = format;
	r->nfields = nfields;
	r->ncolumns = ncolumns;
	r->from = xreallocarray(NULL, ncolumns + 1, sizeof(*r->from));
	r->fields = xcalloc(nfields + 1, sizeof(*r->fields));
	r->ends = xcalloc(nfields + 1 + SIMD_SEPARATORS_SLACK, sizeof(*r->ends));
	r->lines = lines;
	r->straight = nfields == ncolumns && !lines;
	for (i = 0; i < ncolumns; i++) {
		r->from[i] = from[i];
		r->straight &= from[i] == i;
	}
}

void
csv_raw_free(struct csv_raw *r)
{
	free(r->from);
	free(r->fields);
	free(r->ends);
	free(r->trimmed);
	buf_free(&r->unquoted);
	memset(r, 0, sizeof(*r));
}

/* ---- columns ---- */

/* Copies n bytes. Up to 63 more are read and written, in CSV_PAD and the writer's slack. */
static inline void
copy(uint8_t *out, const uint8_t *p, size_t n)
{
	enum { COPY = 64 };
	size_t i;

	memcpy(out, p, COPY);
	for (i = COPY; i < n; i += COPY)
		memcpy(out + i, p + i, COPY);
}

/* Writes the row's number of lines and a TAB, if the records have that column. */
static inline uint8_t *
put_lines(const struct csv_raw *r, const struct csv_row *row, uint8_t *out)
{
	if (!r->lines)
		return out;
	out += val_put_int(out, csv_row_lines(row));
	*out++ = '\t';
	return out;
}

/* Writes the chosen columns of a row that has text, each with a TAB after it. Absent fields become nulls. */
static uint8_t *
put_chosen(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, uint8_t *out)
{
	const uint8_t *text = b->text + row->text;
	bool plain;
	size_t i, n;

	simd.separators(text, 0, row->text_len, r->ends + 1, &plain);
	r->ends[row->nfields] = row->text_len + 1;	/* r->ends[0] is 0 */
	for (i = 0; i < r->ncolumns; i++) {
		const uint32_t *end = &r->ends[r->from[i]];

		if ((n = end[1] - end[0] - 1) == 0) {
			*out++ = VAL_NULL;
		} else {
			copy(out, text + end[0], n);
			out += n;
		}
		*out++ = '\t';
	}
	return out;
}

/* Writes a field as csv_split returns it. */
static uint8_t *
put_field(struct csv_raw *r, const struct csv_field *f, uint8_t *out)
{
	if (f->n == 0) {
		*out = f->quoted ? VAL_EMPTY : VAL_NULL;
		return out + 1;
	}
	if (!f->quoted)
		return out + val_put_string(out, f->p, f->n);
	r->unquoted.len = 0;
	return out + val_put_string(out, r->unquoted.p,
	    csv_unquote(f, r->format, buf_room(&r->unquoted, f->n)));
}

/* Writes the chosen columns of any row of at most r->nfields fields: null for a field that it lacks. */
static uint8_t *
put_split(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, uint8_t *out)
{
	size_t i;

	csv_split(b, row, r->format, r->fields);
	for (i = 0; i < r->ncolumns; i++) {
		if (r->from[i] < row->nfields)
			out = put_field(r, &r->fields[r->from[i]], out);
		else
			*out++ = VAL_NULL;
		*out++ = '\t';
	}
	return out;
}

/* Are the columns of a row its text? */
static inline bool
is_whole(const struct csv_raw *r, const struct csv_row *row)
{
	return r->straight && (row->flags & CSV_EMPTY) == 0 && row->text != CSV_NO_TEXT;
}

static inline uint8_t *
put_text(const struct csv_batch *b, const struct csv_row *row, uint8_t *out)
{
	copy(out, b->text + row->text, row->text_len);
	out += row->text_len;
	*out++ = '\t';
	return out;
}

/* Writes the columns of a row, each with a TAB after it. */
static inline uint8_t *
put_columns(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, uint8_t *out)
{
	if (row->text == CSV_NO_TEXT)
		return put_lines(r, row, put_split(r, b, row, out));
	if (!is_whole(r, row))
		return put_lines(r, row, put_chosen(r, b, row, out));
	return put_text(b, row, out);
}

/* ---- records of rows with the right number of fields ---- */

enum { GROUP = 32 };	/* records written before they are hashed: loads that straddle recent stores are slow */

/* The encoded number of a line, incremented for the next line by one addition. */
struct line_code {
	uint64_t number, bytes;		/* bytes: the encoding, first byte lowest */
	unsigned n;			/* its length: at most 8, as no file has 2^49 lines */
};

static const struct line_code no_line = { UINT64_MAX - 1, 0, 1 };	/* no line follows this number */

/* Writes 8 bytes; the first n of line_code and a TAB count. */
static inline uint8_t *
put_line(struct line_code *code, uint8_t *out, uint64_t number)
{
	uint8_t bytes[16] = { 0 };

	if (number == code->number + 1 && (code->bytes >> (8 * (code->n - 1)) & 0xff) != 0xff) {
		code->bytes += UINT64_C(1) << (8 * (code->n - 1));
	} else {
		code->n = (unsigned)val_put_int(bytes, (int64_t)number);
		assert(code->n <= 8);
		memcpy(&code->bytes, bytes, 8);
	}
	code->number = number;
	memcpy(out, &code->bytes, 8);
	out[code->n] = '\t';
	return out + code->n + 1;
}

/* Writes the records of n rows to out, each with its LF, and their hashes' sum to *sum. Returns the end. */
static inline __attribute__((always_inline)) uint8_t *
put_rows(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, size_t n, bool whole, uint8_t *out,
    uint64_t *sum)
{
	struct line_code code = no_line;
	uint8_t *begins[GROUP + 1];
	uint64_t hashes = 0;
	size_t i, part;

	for (; n > 0; n -= part) {
		part = n < GROUP ? n : GROUP;
		for (i = 0; i < part; i++, row++) {
			begins[i] = out;
			out = put_line(&code, out, b->line + row->line);
			out = whole ? put_text(b, row, out) : put_columns(r, b, row, out);
			*out++ = VAL_NULL;
			*out++ = '\n';
		}
		begins[part] = out;
		for (i = 0; i < part; i++)
			hashes += hash_bytes(begins[i], (size_t)(begins[i + 1] - begins[i]) - 1);
	}
	*sum = hashes;
	return out;
}

/* put_rows for rows whose columns are their texts. */
static uint8_t *
put_whole_rows(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, size_t n, uint8_t *out,
    uint64_t *sum)
{
	return put_rows(r, b, row, n, true, out, sum);
}

static uint8_t *
put_any_rows(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, size_t n, uint8_t *out,
    uint64_t *sum)
{
	return put_rows(r, b, row, n, false, out, sum);
}

/*
 * Writes the rows from i while they have the right number of fields and certainly fit the limit. Returns their number,
 * or -1.
 */
static ssize_t
put_run(struct csv_raw *r, const struct csv_batch *b, size_t i)
{
	const struct csv_row *row = b->rows + i;
	size_t n, max, room = 0;
	uint32_t flags = 0;
	bool whole = r->straight;
	uint64_t sum;
	uint8_t *out;

	for (n = 0; n < b->n - i && row[n].nfields == r->nfields; n++) {		/* a reject has no fields */
		max = row[n].text_len + 2 * r->ncolumns + RECORD_EXTRA;
		if (max > r->out->max_record)
			break;
		room += max;
		flags |= row[n].flags;
		whole &= row[n].text != CSV_NO_TEXT;
	}
	if (n == 0)
		return 0;
	if ((out = rec_begin(r->out, room)) == NULL)
		return -1;
	whole &= (flags & CSV_EMPTY) == 0;
	out = (whole ? put_whole_rows : put_any_rows)(r, b, row, n, out, &sum);
	rec_end_many(r->out, out, n, sum);
	return (ssize_t)n;
}

/* ---- any row ---- */

static int
too_long(struct csv_raw *r, uint64_t line)
{
	return msg_set(&r->err, EX_DATAERR, "%s:%" PRIu64 ": longer than %zu bytes as a record; "
	    "--max-record raises the limit", r->name, line, r->out->max_record);
}

/* Writes the columns of a row with the wrong number of fields: nulls. */
static uint8_t *
put_nulls(size_t n, uint8_t *out)
{
	for (; n > 0; n--) {
		*out++ = VAL_NULL;
		*out++ = '\t';
	}
	return out;
}

/*
 * Writes the reason and the source text of a row with the wrong number of fields, or of a line rejected for its quotes.
 */
static uint8_t *
put_malformed(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, uint8_t *out)
{
	const char *reason = row->flags & CSV_REJECT ? "quote " : "field-count ";

	out = put_lines(r, row, put_nulls(r->ncolumns, out));
	out = (uint8_t *)stpcpy((char *)out, reason);
	r->malformed++;
	return row->len == 0 ? out : out + val_put_string(out, b->base + row->off, row->len);
}

static int
put_row(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row)
{
	/* unquoting only shrinks a field, so the source bounds the text */
	uint8_t *begin = rec_begin(r->out, 2 * (size_t)row->len + 2 * r->ncolumns + RECORD_EXTRA), *out = begin;

	if (begin == NULL)
		return -1;
	out += val_put_int(out, (int64_t)(b->line + row->line));
	*out++ = '\t';
	if (row->nfields == r->nfields) {
		out = put_columns(r, b, row, out);
		*out++ = VAL_NULL;
	} else if (r->short_null && row->nfields > 0 && row->nfields < r->nfields) {
		out = put_lines(r, row, put_split(r, b, row, out));
		*out++ = VAL_NULL;
	} else {
		out = put_malformed(r, b, row, out);
	}
	if ((size_t)(out - begin) > r->out->max_record)
		return too_long(r, b->line + row->line);
	rec_end(r->out, out);
	return 0;
}

/* ---- trailing delimiters ---- */

/* Does the row, of more than one field, end with an empty field without quotes? */
static bool
ends_empty(const struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row)
{
	const struct csv_span *last = b->spans + row->spans + row->nfields - 1;

	if (row->flags & CSV_SPANS)
		return last->n == 0 && !last->quoted;
	return b->base[row->off + row->len - 1] == r->format.delimiter;
}

/* Drops the trailing delimiter of a row that has one field too many. */
static void
drop_trailing(const struct csv_raw *r, const struct csv_batch *b, struct csv_row *row)
{
	if (row->nfields != r->nfields + 1 || row->nfields > CSV_MAX_FIELDS || !ends_empty(r, b, row))
		return;
	row->nfields--;
	if ((row->flags & CSV_SPANS) == 0)
		row->len--;
	if (row->text != CSV_NO_TEXT)
		row->text_len--;
}

/* Copies a batch to r->trimmed, which lasts until the next one. */
static struct csv_batch
without_trailing(struct csv_raw *r, const struct csv_batch *b)
{
	struct csv_batch out = *b;
	size_t i;

	if (r->trimmed == NULL)
		r->trimmed = xreallocarray(NULL, CSV_BATCH_MAX, sizeof(*r->trimmed));
	memcpy(r->trimmed, b->rows, b->n * sizeof(*b->rows));
	for (i = 0; i < b->n; i++)
		drop_trailing(r, b, &r->trimmed[i]);
	out.rows = r->trimmed;
	return out;
}

static int
put_batch(struct csv_raw *r, const struct csv_batch *b)
{
	size_t i = 0;
	ssize_t run;

	while (i < b->n && r->err.status == 0 && r->out->err.status == 0) {
		if ((run = put_run(r, b, i)) > 0)
			i += (size_t)run;
		else if (put_row(r, b, &b->rows[i]) == 0)
			i++;
	}
	if (r->err.status == 0)
		r->err = r->out->err;
	r->rows += i;
	return r->err.status == 0 ? 0 : -1;
}

int
csv_raw_put(struct csv_raw *r, const struct csv_batch *b)
{
	struct csv_batch without;

	if (!r->trailing)
		return put_batch(r, b);
	without = without_trailing(r, b);
	return put_batch(r, &without);
}
