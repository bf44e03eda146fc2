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

/* ---- records of rows with the right number of fields ---- */

/* What the record of such a row needs at most: every byte may become two, and every column has a TAB and a byte. */
static inline size_t
record_max(const struct csv_raw *r, const struct csv_row *row)
{
	return row->flags == 0 && r->straight ? row->len + RECORD_EXTRA :
	    2 * (size_t)row->len + 2 * r->ncolumns + RECORD_EXTRA;
}

/* The columns of a row, each with a TAB behind it. */
static uint8_t *
put_columns_portable(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, uint8_t *out)
{
	bool plain = (row->flags & (CSV_CONTROL | CSV_DECODED)) == 0;
	size_t i;

	csv_split(b, row, r->delimiter, r->fields);
	for (i = 0; i < r->ncolumns; i++) {
		const struct csv_field *f = &r->fields[r->from[i]];

		if (plain && f->n > 0) {
			memcpy(out, f->p, f->n);
			out += f->n;
		} else {
			out += val_put_string(out, f->p, f->n);
		}
		*out++ = '\t';
	}
	return out;
}

/* Writes the records of n rows at out, each with its LF. Returns their end; their hashes add up in *sum. */
static uint8_t *
put_run_portable(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, size_t n, uint8_t *out,
    uint64_t *sum)
{
	uint8_t *begin;

	for (; n > 0; row++, n--) {
		begin = out;
		out += val_put_int(out, (int64_t)(b->line + row->line));
		*out++ = '\t';
		out = put_columns_portable(r, b, row, out);
		*out++ = VAL_NULL;
		*sum += hash_bytes(begin, (size_t)(out - begin));
		*out++ = '\n';
	}
	return out;
}

#if CPU_X86

enum { GROUP = 32 };	/* records put before they are hashed */

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

/*
 * The columns of a row whose text becomes theirs as it is, but for the delimiters. Stores up to 31 bytes more than
 * there are: CSV_PAD behind the rows and the writer's slack allow it.
 */
CPU_AVX2 static inline uint8_t *
put_straight(const uint8_t *p, size_t n, __m256i delimiter, uint8_t *out)
{
	const __m256i tab = _mm256_set1_epi8('\t');
	size_t i;

	for (i = 0; i < n; i += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(p + i));

		v = _mm256_blendv_epi8(v, tab, _mm256_cmpeq_epi8(v, delimiter));
		_mm256_storeu_si256((__m256i *)(out + i), v);
	}
	out += n;
	*out++ = '\t';
	return out;
}

/* The same, 64 bytes at a time. */
CPU_AVX512 static inline uint8_t *
put_straight_avx512(const uint8_t *p, size_t n, __m512i delimiter, uint8_t *out)
{
	const __m512i tab = _mm512_set1_epi8('\t');
	size_t i;

	for (i = 0; i < n; i += 64) {
		__m512i v = _mm512_loadu_si512(p + i);

		_mm512_storeu_si512(out + i, _mm512_mask_mov_epi8(v, _mm512_cmpeq_epi8_mask(v, delimiter), tab));
	}
	out += n;
	*out++ = '\t';
	return out;
}

/* val_put_string, 32 bytes at a time while there is nothing to escape. */
CPU_AVX2 static inline uint8_t *
put_string(const uint8_t *p, size_t n, uint8_t *out)
{
	const __m256i low = _mm256_set1_epi8(0x1f);
	size_t i;

	if (n == 0) {
		*out = VAL_EMPTY;
		return out + 1;
	}
	for (i = 0; i < n; i += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(p + i));
		uint32_t control = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(v, low), v));

		if ((n - i < 32 ? _bzhi_u32(control, (uint32_t)(n - i)) : control) != 0)
			return out + i + val_put_string(out + i, p + i, n - i);
		_mm256_storeu_si256((__m256i *)(out + i), v);
	}
	return out + n;
}

CPU_AVX2 static inline uint8_t *
put_columns(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, uint8_t *out)
{
	size_t i;

	csv_split(b, row, r->delimiter, r->fields);
	for (i = 0; i < r->ncolumns; i++) {
		const struct csv_field *f = &r->fields[r->from[i]];

		out = put_string(f->p, f->n, out);
		*out++ = '\t';
	}
	return out;
}

/*
 * put_run_portable with vectors. The records are hashed some time after they are stored, as bytes just stored in
 * pieces are slow to load in other pieces.
 */
CPU_AVX2 static uint8_t *
put_run_avx2(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, size_t n, uint8_t *out,
    uint64_t *sum)
{
	const __m256i delimiter = _mm256_set1_epi8((char)r->delimiter);
	struct line_code code = { UINT64_MAX - 1, 0, 1 };	/* no line is the next */
	uint32_t plain_flags = r->straight ? 0 : UINT32_MAX;
	uint8_t *begins[GROUP + 1];
	size_t i, part;

	for (; n > 0; n -= part) {
		part = n < GROUP ? n : GROUP;
		for (i = 0; i < part; i++, row++) {
			begins[i] = out;
			out = put_line(&code, out, b->line + row->line);
			out = row->flags == plain_flags ? put_straight(b->base + row->off, row->len, delimiter, out) :
			    put_columns(r, b, row, out);
			*out++ = VAL_NULL;
			*out++ = '\n';
		}
		begins[part] = out;
		for (i = 0; i < part; i++)
			*sum += hash_bytes(begins[i], (size_t)(begins[i + 1] - begins[i]) - 1);
	}
	return out;
}

/* The same for rows that are all straight. */
CPU_AVX512 static uint8_t *
put_run_avx512(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, size_t n, uint8_t *out,
    uint64_t *sum)
{
	const __m512i delimiter = _mm512_set1_epi8((char)r->delimiter);
	struct line_code code = { UINT64_MAX - 1, 0, 1 };
	uint8_t *begins[GROUP + 1];
	uint64_t hashes = 0;
	size_t i, part;

	for (; n > 0; n -= part) {
		part = n < GROUP ? n : GROUP;
		for (i = 0; i < part; i++, row++) {
			begins[i] = out;
			out = put_line(&code, out, b->line + row->line);
			out = put_straight_avx512(b->base + row->off, row->len, delimiter, out);
			*out++ = VAL_NULL;
			*out++ = '\n';
		}
		begins[part] = out;
		for (i = 0; i < part; i++)
			hashes += hash_bytes(begins[i], (size_t)(begins[i + 1] - begins[i]) - 1);
	}
	*sum += hashes;
	return out;
}

#else
#define put_run_avx2 put_run_portable
#define put_run_avx512 put_run_portable
#endif

/*
 * Puts the rows from i on as long as they have the right number of fields and fit the limit for sure. Returns how
 * many, or -1.
 */
static ssize_t
put_run(struct csv_raw *r, const struct csv_batch *b, size_t i)
{
	const struct csv_row *row = b->rows + i;
	size_t n, max, room = 0;
	uint64_t sum = 0;
	uint32_t flags = 0;
	uint8_t *out;

	for (n = 0; n < b->n - i && row[n].nfields == r->nfields; n++) {
		max = record_max(r, &row[n]);
		if (max > cli_max_record)
			break;
		room += max;
		flags |= row[n].flags;
	}
	if (n == 0)
		return 0;
	if ((out = rec_begin(r->out, room)) == NULL)
		return -1;
	if (flags == 0 && r->straight && cpu_has_avx512())
		out = put_run_avx512(r, b, row, n, out, &sum);
	else
		out = (cpu_has_avx2() ? put_run_avx2 : put_run_portable)(r, b, row, n, out, &sum);
	rec_end_many(r->out, out, n, sum);
	return (ssize_t)n;
}

/* ---- any row ---- */

static int
too_long(struct csv_raw *r, uint64_t line)
{
	return msg_set(&r->err, EX_DATAERR, "%s:%" PRIu64 ": longer than %zu bytes as a record; "
	    "--max-record raises the limit", r->name, line, cli_max_record);
}

/* The columns of a row with the wrong number of fields: null. */
static uint8_t *
put_nulls(size_t n, uint8_t *out)
{
	for (; n > 0; n--) {
		*out++ = VAL_NULL;
		*out++ = '\t';
	}
	return out;
}

static int
put_row(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row)
{
	/* Quotes only shrink a field, so the source bounds the text. */
	uint8_t *begin = rec_begin(r->out, 2 * (size_t)row->len + 2 * r->ncolumns + RECORD_EXTRA), *out = begin;

	if (begin == NULL)
		return -1;
	out += val_put_int(out, (int64_t)(b->line + row->line));
	*out++ = '\t';
	if (row->nfields == r->nfields) {
		out = put_columns_portable(r, b, row, out);
		*out++ = VAL_NULL;
	} else {
		out = put_nulls(r->ncolumns, out);
		out += val_put_string(out, b->base + row->off, row->len);
		r->malformed++;
	}
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
