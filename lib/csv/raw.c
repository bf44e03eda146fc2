#include "csv/raw.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "csv/care.h"
#include "csv/within.h"

#if CPU_X86
#include <immintrin.h>
#endif

/*
 * Bytes of a record beside its fields: line number and number of lines with their TABs, a TAB and a null at the end,
 * the LF; or the reason why it is malformed.
 */
enum { RECORD_EXTRA = 2 * (VAL_INT_MAX + 1) + 2 + 1 + 16 };

#if CPU_X86
/* For each 8 bits, a word with 0xff in the byte of each set bit. */
static uint64_t byte_masks[256];

CPU_AVX2 static void
make_byte_masks(void)
{
	unsigned bits;

	for (bits = 0; bits < 256; bits++)
		byte_masks[bits] = _pdep_u64(bits, UINT64_C(0x0101010101010101)) * 0xff;
}

#endif

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
	r->lines = lines;
	r->straight = nfields == ncolumns && !lines;
#if CPU_X86
	if (cpu_has_avx2() && byte_masks[1] == 0)
		make_byte_masks();
#endif
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

/* Returns the most bytes a row's record needs: every byte may become two, and every column has a TAB and a byte. */
static inline size_t
record_max(const struct csv_raw *r, const struct csv_row *row)
{
	return (row->flags & ~(uint32_t)CSV_QUOTED) == 0 && r->straight ? row->len + RECORD_EXTRA :
	    2 * (size_t)row->len + 2 * r->ncolumns + RECORD_EXTRA;
}

static inline uint8_t *
put_byte(uint8_t *out, uint8_t b)
{
	if (b >= 0x20) {
		*out = b;
		return out + 1;
	}
	out[0] = VAL_ESC;
	out[1] = (uint8_t)(0x40 + b);
	return out + 2;
}

/*
 * Steps from the first of two bytes that are one within quotes (a doubled quote, or an escape and its character) to the
 * second.
 */
static inline const uint8_t *
step_over(struct csv_format f, const uint8_t *p, const uint8_t *end)
{
	if (p + 1 == end)
		return p;
	if (*p == f.quote)
		return p + 1;
	return *p == f.escape && *p != 0 && (p[1] == f.quote || p[1] == f.escape) ? p + 1 : p;
}

/* Writes the text of a quoted field, n > 0. 31 more bytes may be read and written. */
static uint8_t *
put_quoted(struct csv_format f, const uint8_t *p, size_t n, uint8_t *out)
{
	const uint8_t *end = p + n;
	size_t part;

	while (p < end) {
		part = csv_care_special(p, 0, (size_t)(end - p), f.quote, f.escape);
		memcpy(out, p, part);
		out += part;
		p += part;
		if (p < end) {
			p = step_over(f, p, end);
			out = put_byte(out, *p++);
		}
	}
	return out;
}

/* Writes a field without bytes: null if it is absent. */
static inline uint8_t *
put_nothing(const struct csv_field *f, uint8_t *out)
{
	*out = f->quoted ? VAL_EMPTY : VAL_NULL;
	return out + 1;
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

/* Writes the columns of a row, each with a TAB after it. */
static uint8_t *
put_columns_portable(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, uint8_t *out)
{
	bool plain = (row->flags & (CSV_CONTROL | CSV_SPANS)) == 0;
	size_t i;

	csv_split(b, row, r->format, r->fields);
	for (i = 0; i < r->ncolumns; i++) {
		const struct csv_field *f = &r->fields[r->from[i]];

		if (f->n == 0) {
			out = put_nothing(f, out);
		} else if (f->quoted) {
			out = put_quoted(r->format, f->p, f->n, out);
		} else if (plain) {
			memcpy(out, f->p, f->n);
			out += f->n;
		} else {
			out += val_put_string(out, f->p, f->n);
		}
		*out++ = '\t';
	}
	return put_lines(r, row, out);
}

/* Writes the records of n rows to out, each with its LF. Returns the end; adds their hashes to *sum. */
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

enum { GROUP = 32 };	/* records written before they are hashed */

/* The encoded number of a line, incremented for the next line by one addition. */
struct line_code {
	uint64_t number, bytes;		/* bytes: the encoding, first byte lowest */
	unsigned n;			/* its length: at most 8, as no file has 2^49 lines */
};

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

/*
 * Writes the columns of a row whose text is copied except for the delimiters. Stores up to 31 bytes beyond the end:
 * CSV_PAD after the rows and the writer's slack allow that.
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

/* Like put_straight, 64 bytes at a time. */
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

/* How 64 bytes of a row with well placed quotes are converted. */
struct unquoted {
	uint64_t keep;		/* bytes to keep; the others are quotes */
	uint64_t delimiter;	/* of which bytes that become TABs */
	uint64_t empty;		/* and bytes that become the empty string: the first quote of an empty quoted field */
};

/* State carried from one word of 64 bytes to the next. */
struct unquoting {
	uint64_t within;	/* all ones if the next byte is within quotes */
	uint64_t quote;		/* bit 0: the last byte was a quote */
};

/*
 * Computes the conversion from the masks of quotes and delimiters among the bytes at p, the first 64 of the `left`
 * bytes remaining in the row. An opening quote followed by exactly one quote is an empty field.
 */
CPU_AVX2 static inline struct unquoted
unquote(const uint8_t *p, size_t left, uint64_t quotes, uint64_t delimiters, uint8_t quote, struct unquoting *q)
{
	uint64_t in = csv_within(quotes) ^ q->within, after_quote = quotes << 1 | q->quote, open = quotes & in;
	uint64_t second = quotes >> 1, third = quotes >> 2;
	struct unquoted u = { .delimiter = delimiters & ~in };

	if (left > 64) {
		second |= (uint64_t)(p[64] == quote) << 63;
		third |= (uint64_t)(p[64] == quote) << 62 | (uint64_t)(left > 65 && p[65] == quote) << 63;
	}
	u.empty = open & ~after_quote & second & ~third;
	u.keep = ~quotes | (open & after_quote) | u.empty;
	q->within = csv_within_next(in);
	q->quote = quotes >> 63;
	return u;
}

/* Returns the mask of the valid bytes of a word. */
static inline uint64_t
first_bits(size_t left)
{
	return left < 64 ? ~(UINT64_MAX << left) : UINT64_MAX;
}

CPU_AVX2 static inline uint64_t
mask_of(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

/* Stores the 8 bytes at p that `keep` selects, compressed, at out. */
CPU_AVX2 static inline uint8_t *
put_kept(const uint8_t *p, uint8_t keep, uint8_t *out)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	w = _pext_u64(w, byte_masks[keep]);
	memcpy(out, &w, sizeof(w));
	return out + __builtin_popcount(keep);
}

/* Sets the bytes selected by `bits` to `byte`. */
CPU_AVX2 static inline void
patch(uint8_t *bytes, uint64_t bits, uint8_t byte)
{
	for (; bits != 0; bits = _blsr_u64(bits))
		bytes[_tzcnt_u64(bits)] = byte;
}

/*
 * Writes the columns of a row with well placed quotes, all of them in order and without control bytes. Stores up to 63
 * bytes beyond the end.
 */
CPU_AVX2 static inline uint8_t *
put_straight_quoted(const uint8_t *p, size_t n, struct csv_format f, uint8_t *out)
{
	const __m256i delimiter = _mm256_set1_epi8((char)f.delimiter), quote = _mm256_set1_epi8((char)f.quote),
	    tab = _mm256_set1_epi8('\t');
	struct unquoting q = { 0, 0 };
	struct unquoted u;
	uint8_t bytes[64];
	uint64_t valid, delimiters;
	size_t i;
	int k;

	for (i = 0; i < n; i += 64) {
		__m256i a = _mm256_loadu_si256((const void *)(p + i)), b =
		    _mm256_loadu_si256((const void *)(p + i + 32));
		__m256i at_a = _mm256_cmpeq_epi8(a, delimiter), at_b = _mm256_cmpeq_epi8(b, delimiter);

		valid = first_bits(n - i);
		delimiters = mask_of(at_a, at_b) & valid;
		u = unquote(p + i, n - i, mask_of(_mm256_cmpeq_epi8(a, quote), _mm256_cmpeq_epi8(b, quote)) & valid,
		    delimiters, f.quote, &q);
		_mm256_storeu_si256((void *)bytes, _mm256_blendv_epi8(a, tab, at_a));
		_mm256_storeu_si256((void *)(bytes + 32), _mm256_blendv_epi8(b, tab, at_b));
		if (__builtin_expect((delimiters ^ u.delimiter) != 0, 0))
			patch(bytes, delimiters ^ u.delimiter, f.delimiter);
		if (u.empty != 0)
			patch(bytes, u.empty, VAL_EMPTY);
		for (k = 0, u.keep &= valid; k < 64; k += 8)
			out = put_kept(bytes + k, (uint8_t)(u.keep >> k), out);
	}
	*out++ = '\t';
	return out;
}

/* Writes a string of n > 0 bytes like val_put_string, 32 at a time while nothing needs escaping. */
CPU_AVX2 static inline uint8_t *
put_string(const uint8_t *p, size_t n, uint8_t *out)
{
	const __m256i low = _mm256_set1_epi8(0x1f);
	size_t i;

	for (i = 0; i < n; i += 32) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(p + i));
		uint32_t control = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(v, low), v));

		if ((n - i < 32 ? _bzhi_u32(control, (uint32_t)(n - i)) : control) != 0)
			return out + i + val_put_string(out + i, p + i, n - i);
		_mm256_storeu_si256((__m256i *)(out + i), v);
	}
	return out + n;
}

/* put_quoted, 32 bytes at a time. */
CPU_AVX2 static inline uint8_t *
put_quoted_avx2(struct csv_format f, const uint8_t *p, size_t n, uint8_t *out)
{
	const __m256i low = _mm256_set1_epi8(0x1f), quote = _mm256_set1_epi8((char)f.quote),
	    escape = _mm256_set1_epi8((char)(f.escape != 0 ? f.escape : f.quote));
	const uint8_t *end = p + n;
	__m256i v, special;
	size_t part;

	while (p < end) {
		v = _mm256_loadu_si256((const __m256i *)p);
		special = _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_min_epu8(v, low), v),
		    _mm256_or_si256(_mm256_cmpeq_epi8(v, quote), _mm256_cmpeq_epi8(v, escape)));
		part = _tzcnt_u32((uint32_t)_mm256_movemask_epi8(special));	/* 32 if there is none */
		_mm256_storeu_si256((__m256i *)out, v);
		if (part >= (size_t)(end - p))
			return out + (end - p);
		out += part;
		p += part;
		if (part < 32) {
			p = step_over(f, p, end);
			out = put_byte(out, *p++);
		}
	}
	return out;
}

CPU_AVX2 static inline uint8_t *
put_columns(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, uint8_t *out)
{
	size_t i;

	csv_split(b, row, r->format, r->fields);
	for (i = 0; i < r->ncolumns; i++) {
		const struct csv_field *f = &r->fields[r->from[i]];

		if (f->n == 0)
			out = put_nothing(f, out);
		else
			out = f->quoted ? put_quoted_avx2(r->format, f->p, f->n, out) : put_string(f->p, f->n, out);
		*out++ = '\t';
	}
	return put_lines(r, row, out);
}

/*
 * Like put_run_portable with vectors. Hashes the records some time after they are stored, as loads that straddle recent
 * smaller stores are slow.
 */
CPU_AVX2 static uint8_t *
put_run_avx2(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, size_t n, uint8_t *out,
    uint64_t *sum)
{
	const struct csv_format format = r->format;
	const __m256i delimiter = _mm256_set1_epi8((char)format.delimiter);
	struct line_code code = { UINT64_MAX - 1, 0, 1 };	/* no line follows this number */
	uint32_t plain_flags = r->straight ? 0 : UINT32_MAX, quoted_flags = r->straight ? CSV_QUOTED : UINT32_MAX;
	uint8_t *begins[GROUP + 1];
	size_t i, part;

	for (; n > 0; n -= part) {
		part = n < GROUP ? n : GROUP;
		for (i = 0; i < part; i++, row++) {
			begins[i] = out;
			out = put_line(&code, out, b->line + row->line);
			if (row->flags == plain_flags)
				out = put_straight(b->base + row->off, row->len, delimiter, out);
			else if (row->flags == quoted_flags)
				out = put_straight_quoted(b->base + row->off, row->len, format, out);
			else
				out = put_columns(r, b, row, out);
			*out++ = VAL_NULL;
			*out++ = '\n';
		}
		begins[part] = out;
		for (i = 0; i < part; i++)
			*sum += hash_bytes(begins[i], (size_t)(begins[i + 1] - begins[i]) - 1);
	}
	return out;
}

/* Stores the bytes of v selected by `keep`, escaping those selected by `control`. */
CPU_AVX512 static inline uint8_t *
put_escaped(__m512i v, const uint8_t *p, uint64_t keep, uint64_t control, uint8_t *out)
{
	uint64_t upto;

	for (; control != 0; control = _blsr_u64(control)) {
		upto = _blsmsk_u64(control);		/* up to and including the first */
		_mm512_storeu_si512(out, _mm512_maskz_compress_epi8(keep & (upto >> 1), v));
		out += __builtin_popcountll(keep & (upto >> 1));
		out[0] = VAL_ESC;
		out[1] = (uint8_t)(0x40 + p[_tzcnt_u64(control)]);
		out += 2;
		keep &= ~upto;
	}
	_mm512_storeu_si512(out, _mm512_maskz_compress_epi8(keep, v));
	return out + __builtin_popcountll(keep);
}

/* Like put_straight_quoted, 64 bytes at a time; the row may contain control bytes if `controls`. */
CPU_AVX512 static inline __attribute__((always_inline)) uint8_t *
put_straight_quoted_avx512(const uint8_t *p, size_t n, __m512i delimiter, __m512i quote, bool controls, uint8_t *out)
{
	const __m512i tab = _mm512_set1_epi8('\t'), empty = _mm512_set1_epi8(VAL_EMPTY), low = _mm512_set1_epi8(0x1f);
	struct unquoting q = { 0, 0 };
	struct unquoted u;
	uint64_t valid, control;
	size_t i;

	for (i = 0; i < n; i += 64) {
		__m512i v = _mm512_loadu_si512(p + i);

		valid = first_bits(n - i);
		u = unquote(p + i, n - i, _mm512_cmpeq_epi8_mask(v, quote) & valid,
		    _mm512_cmpeq_epi8_mask(v, delimiter) & valid,
		    (uint8_t)_mm_cvtsi128_si32(_mm512_castsi512_si128(quote)), &q);
		control = controls ? _mm512_cmple_epu8_mask(v, low) & valid & u.keep & ~u.delimiter & ~u.empty : 0;
		v = _mm512_mask_mov_epi8(_mm512_mask_mov_epi8(v, u.delimiter, tab), u.empty, empty);
		out = put_escaped(v, p + i, u.keep & valid, control, out);
	}
	*out++ = '\t';
	return out;
}

/* Like put_run for straight rows; flags: the union of their flags. */
CPU_AVX512 static inline __attribute__((always_inline)) uint8_t *
put_run_straight(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, size_t n, uint32_t flags,
    uint8_t *out, uint64_t *sum)
{
	const __m512i delimiter = _mm512_set1_epi8((char)r->format.delimiter),
	    quote = _mm512_set1_epi8((char)r->format.quote);
	struct line_code code = { UINT64_MAX - 1, 0, 1 };
	uint8_t *begins[GROUP + 1];
	uint64_t hashes = 0;
	size_t i, part;

	for (; n > 0; n -= part) {
		part = n < GROUP ? n : GROUP;
		for (i = 0; i < part; i++, row++) {
			begins[i] = out;
			out = put_line(&code, out, b->line + row->line);
			if (flags != 0 && row->flags != 0)
				out = put_straight_quoted_avx512(b->base + row->off, row->len, delimiter, quote,
				    (flags & CSV_CONTROL) != 0, out);
			else
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

CPU_AVX512 static uint8_t *
put_run_avx512(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, size_t n, uint8_t *out,
    uint64_t *sum)
{
	return put_run_straight(r, b, row, n, 0, out, sum);
}

CPU_AVX512 static uint8_t *
put_run_quoted_avx512(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, size_t n, uint8_t *out,
    uint64_t *sum)
{
	return put_run_straight(r, b, row, n, CSV_QUOTED, out, sum);
}

CPU_AVX512 static uint8_t *
put_run_control_avx512(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, size_t n, uint8_t *out,
    uint64_t *sum)
{
	return put_run_straight(r, b, row, n, CSV_QUOTED | CSV_CONTROL, out, sum);
}

#else
#define put_run_avx2 put_run_portable
#define put_run_avx512 put_run_portable
#define put_run_quoted_avx512 put_run_portable
#define put_run_control_avx512 put_run_portable
#endif

typedef uint8_t *put_run_fn(struct csv_raw *r, const struct csv_batch *b, const struct csv_row *row, size_t n,
    uint8_t *out, uint64_t *sum);

/* Returns the function that writes rows with this union of flags. */
static put_run_fn *
choose_put(const struct csv_raw *r, uint32_t flags)
{
	if (r->straight && cpu_has_avx512()) {
		if (flags == 0)
			return put_run_avx512;
		if (flags == CSV_QUOTED)
			return put_run_quoted_avx512;
		if ((flags & ~(uint32_t)(CSV_QUOTED | CSV_CONTROL)) == 0 && r->format.quote != 0)
			return put_run_control_avx512;
	}
	return cpu_has_avx2() ? put_run_avx2 : put_run_portable;
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
	uint64_t sum = 0;
	uint32_t flags = 0;
	uint8_t *out;

	for (n = 0; n < b->n - i && row[n].nfields == r->nfields; n++) {		/* a reject has no fields */
		max = record_max(r, &row[n]);
		if (max > r->out->max_record)
			break;
		room += max;
		flags |= row[n].flags;
	}
	if (n == 0)
		return 0;
	if ((out = rec_begin(r->out, room)) == NULL)
		return -1;
	out = choose_put(r, flags)(r, b, row, n, out, &sum);
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
		out = put_columns_portable(r, b, row, out);
		*out++ = VAL_NULL;
	} else {
		out = put_malformed(r, b, row, out);
	}
	if ((size_t)(out - begin) > r->out->max_record)
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
