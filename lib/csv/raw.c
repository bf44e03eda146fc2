#include "csv/raw.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "base/cpu.h"
#include "base/hash.h"

#if CPU_X86
#include <immintrin.h>
#endif

/* What a record has beside its fields: the line number and its TAB, a TAB and a null in the end, the LF. */
enum { RECORD_EXTRA = VAL_INT_MAX + 1 + 2 + 1 };

enum { GROUP = 32 };	/* records put before they are hashed */

void
csv_raw_init(struct csv_raw *r, struct rec_writer *out, const char *name, uint8_t delimiter, size_t nfields,
    const size_t *from, size_t ncolumns)
{
	size_t i;

	memset(r, 0, sizeof(*r));
	r->out = out;
	r->name = name;
	r->delimiter = delimiter;
	r->nfields = nfields;
	r->ncolumns = ncolumns;
	r->from = xreallocarray(NULL, ncolumns + 1, sizeof(*r->from));
	r->fields = xcalloc(nfields + 1, sizeof(*r->fields));
	r->straight = nfields == ncolumns;
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
	memset(r, 0, sizeof(*r));
}

/* Is this a row whose text becomes the record's as it is, but for the delimiters? */
static inline bool
is_straight(const struct csv_raw *r, const struct csv_row *row)
{
	return row->flags == 0 && row->nfields == r->nfields && row->len + RECORD_EXTRA <= cli_max_record;
}

/* ---- runs of straight rows ---- */

/* How many rows from i on are straight; *room is what their records need. */
static size_t
straight_run(const struct csv_raw *r, const struct csv_batch *b, size_t i, size_t *room)
{
	size_t begin = i;

	*room = 0;
	while (i < b->n && is_straight(r, &b->rows[i]))
		*room += b->rows[i++].len + RECORD_EXTRA;
	return i - begin;
}

/* Writes records at out, each with its LF. Returns their end; their checksums add up in *sum. */
static uint8_t *
put_run_portable(const struct csv_batch *b, size_t i, size_t n, uint8_t delimiter, uint8_t *out, uint64_t *sum)
{
	for (; n > 0; i++, n--) {
		const struct csv_row *row = &b->rows[i];
		const uint8_t *p = b->base + row->off;
		uint8_t *begin = out;
		size_t k;

		out += val_put_int(out, (int64_t)(b->line + row->line));
		*out++ = '\t';
		for (k = 0; k < row->len; k++)
			out[k] = p[k] == delimiter ? '\t' : p[k];
		out += row->len;
		*out++ = '\t';
		*out++ = VAL_NULL;
		*sum += hash_bytes(begin, (size_t)(out - begin));
		*out++ = '\n';
	}
	return out;
}

#if CPU_X86

/* The encoded number of a line, kept so that the next line's is one addition. */
struct line_code {
	uint64_t number, bytes;		/* bytes: the code, its first byte lowest */
	unsigned n;			/* its length: at most 8, as no file has 2^49 lines */
};

/* Writes 8 bytes, of which line_code's n and a TAB count. */
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

/* Writes n rows, at most GROUP, at out; begins[k] is where record k begins, and begins[n] the end of all. */
CPU_AVX2 static inline void
put_group(const struct csv_batch *b, const struct csv_row *row, size_t n, uint8_t delimiter, struct line_code *code,
    uint8_t *out, uint8_t **begins)
{
	const __m256i d = _mm256_set1_epi8((char)delimiter), tab = _mm256_set1_epi8('\t');
	size_t i, k;

	for (i = 0; i < n; i++, row++) {
		const uint8_t *p = b->base + row->off;

		begins[i] = out;
		out = put_line(code, out, b->line + row->line);
		/* Up to 31 bytes more than there are: CSV_PAD behind the rows and the writer's slack allow it. */
		for (k = 0; k < row->len; k += 32) {
			__m256i v = _mm256_loadu_si256((const __m256i *)(p + k));

			v = _mm256_blendv_epi8(v, tab, _mm256_cmpeq_epi8(v, d));
			_mm256_storeu_si256((__m256i *)(out + k), v);
		}
		out += row->len;
		memcpy(out, "\t\x19\n", 4);
		out += 3;
	}
	begins[n] = out;
}

CPU_AVX2 static uint8_t *
put_run_avx2(const struct csv_batch *b, size_t i, size_t n, uint8_t delimiter, uint8_t *out, uint64_t *sum)
{
	struct line_code code = { UINT64_MAX - 1, 0, 1 };	/* no line is the next */
	uint8_t *begins[GROUP + 1];
	uint64_t added = 0;
	size_t k, part;

	for (; n > 0; i += part, n -= part) {
		part = n < GROUP ? n : GROUP;
		put_group(b, b->rows + i, part, delimiter, &code, out, begins);
		/* Hashed apart, as bytes just stored in pieces are slow to load in other pieces. */
		for (k = 0; k < part; k++)
			added += hash_bytes(begins[k], (size_t)(begins[k + 1] - begins[k]) - 1);
		out = begins[part];
	}
	*sum += added;
	return out;
}

#else
#define put_run_avx2 put_run_portable
#endif

/* Puts the straight rows from i on. Returns how many, or -1. */
static ssize_t
put_run(struct csv_raw *r, const struct csv_batch *b, size_t i)
{
	size_t room, n = straight_run(r, b, i, &room);
	uint64_t sum = 0;
	uint8_t *out;

	if (n == 0)
		return 0;
	if ((out = rec_begin(r->out, room)) == NULL)
		return -1;
	out = cpu_has_avx2() ? put_run_avx2(b, i, n, r->delimiter, out, &sum) :
	    put_run_portable(b, i, n, r->delimiter, out, &sum);
	rec_end_many(r->out, out, n, sum);
	return (ssize_t)n;
}

/* ---- any row ---- */

static int
too_long(struct csv_raw *r, uint64_t line)
{
	return msg_set(&r->err, EX_DATAERR, "%s:%" PRIu64 ": longer than %zu bytes as a record; --max-record raises the limit",
	    r->name, line, cli_max_record);
}

/* A row with the wrong number of fields: all columns null, the source in _malformed. */
static uint8_t *
put_malformed(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, uint8_t *out)
{
	size_t i;

	for (i = 0; i < r->ncolumns; i++) {
		*out++ = VAL_NULL;
		*out++ = '\t';
	}
	r->malformed++;
	return out + val_put_string(out, b->base + row->off, row->len);
}

static uint8_t *
put_fields(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, uint8_t *out)
{
	size_t i;

	csv_split(b, row, r->delimiter, r->fields);
	for (i = 0; i < r->ncolumns; i++) {
		const struct csv_field *f = &r->fields[r->from[i]];

		out += val_put_string(out, f->p, f->n);
		*out++ = '\t';
	}
	*out++ = VAL_NULL;
	return out;
}

static int
put_row(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row)
{
	/* Quotes only shrink a field, so the source bounds the text; every byte may need two, and every column a TAB and a byte. */
	uint8_t *begin = rec_begin(r->out, 2 * (size_t)row->len + 2 * r->ncolumns + RECORD_EXTRA), *out = begin;

	if (begin == NULL)
		return -1;
	out += val_put_int(out, (int64_t)(b->line + row->line));
	*out++ = '\t';
	out = row->nfields == r->nfields ? put_fields(r, b, row, out) : put_malformed(r, b, row, out);
	if ((size_t)(out - begin) > cli_max_record)
		return too_long(r, b->line + row->line);
	rec_end(r->out, out);
	return 0;
}

int
csv_raw_put(struct csv_raw *r, const struct csv_batch *b)
{
	size_t i = 0;
	ssize_t run;

	while (i < b->n && r->err.status == 0 && r->out->err.status == 0) {
		if (r->straight && (run = put_run(r, b, i)) > 0)
			i += (size_t)run;
		else if (put_row(r, b, &b->rows[i]) == 0)
			i++;
	}
	if (r->err.status == 0)
		r->err = r->out->err;
	r->rows += i;
	return r->err.status == 0 ? 0 : -1;
}
