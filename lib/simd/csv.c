/*
 * Splits CSV text, a chunk at a time, in passes over words of 64 bytes. The first takes the chunk for plain text: no
 * quotes, and no bytes below 0x20 but line ends. It writes the text of the fields and is the only one if that is so.
 * Otherwise the second computes from the masks of all bytes that mean something what they mean; it is the same for all
 * levels. The third writes the text of quoted fields.
 *
 * A quoted field begins at an odd quote, counted from the first byte of the row, and ends at an even one, a doubled
 * quote being an end and a beginning. So the prefix parity of the quotes' mask says for each byte whether it is within
 * quotes. This holds as long as each odd quote follows a delimiter, a line end or an even quote, and each even quote
 * comes before a delimiter, a line end or an odd quote. Any other quote is bad.
 */
#include "simd/level.h"
#include "simd/places.h"

#include <string.h>

enum { ESC = 0x1b, EMPTY = 0x1a };	/* as in val/val.h */

static SIMD_INLINE size_t
words_of(const struct simd_csv *c)
{
	return (c->n + 63) / 64;
}

/* ---- second pass: what the bytes mean ---- */

struct word {				/* masks of one word */
	uint64_t lf, delimiter;		/* outside quotes */
	uint64_t cr;			/* CRs outside quotes directly before a line feed */
	uint64_t keep, control;		/* bytes that are written, and those of them that are written as two */
	uint64_t special;		/* quotes and bytes below 0x20 */
};

struct carry {				/* from one word to the next */
	uint64_t separator;		/* bit 0: the last byte was a separator */
	uint64_t ready;			/* bit 0: a quote may follow: the last byte was a separator or a quote */
	uint64_t closed, quote, cr;	/* bit 0: it was a closing quote; a quote; a CR */
	size_t nlf;
	uint32_t delimiters;		/* number so far */
	uint64_t empties, controls, inners;	/* unions of masks so far */
	uint64_t others;		/* nonzero: not plain text */
};

/* A chunk begins at the start of a row. */
static const struct carry carry_start = { .separator = 1, .ready = 1 };

static SIMD_INLINE void
end_notes(struct simd_csv *c, const struct carry *carry)
{
	c->nlf = carry->nlf;
	c->empties = carry->empties != 0;
	c->controls = carry->controls != 0;
	c->inners = carry->inners != 0;
}

static SIMD_INLINE void
note_lfs(struct simd_csv *c, size_t w, uint64_t lf, struct carry *carry, enum simd_level level)
{
	carry->nlf += simd_places(lf, (uint32_t)(64 * w), c->lf + carry->nlf, level);
}

/* Notes what is the same with and without quotes, except line feeds. same: the text written is as long as the chunk. */
static SIMD_INLINE void
note_word(struct simd_csv *c, size_t w, const struct word *m, struct carry *carry, bool same, enum simd_level level)
{
	uint64_t separator = m->lf | m->delimiter;
	uint64_t empty = (separator | m->cr) & (separator << 1 | carry->separator);

	c->empty_at[w] = empty;
	c->delimiters[w] = carry->delimiters;
	carry->empties |= empty;
	carry->delimiters += simd_count(m->delimiter, level);
	carry->separator = separator >> 63;
	if (same)
		return;
	c->raw_delimiter_at[w] = c->delimiter_at[w];
	c->delimiter_at[w] = m->delimiter;
	c->keep_at[w] = m->keep;
	c->control_at[w] = m->control;
	carry->controls |= m->control;
}

/* Counts for each line feed the separators before it. */
static SIMD_INLINE void
count_fields(struct simd_csv *c, enum simd_level level)
{
	uint64_t before;
	size_t k, w;

	for (k = 0; k < c->nlf; k++) {
		w = c->lf[k] / 64;
		before = (UINT64_C(1) << c->lf[k] % 64) - 1;
		c->fields[k] = c->delimiters[w] + simd_count(c->delimiter_at[w] & before, level) + (uint32_t)k;
	}
}

/* Finds each line feed in the text written. */
static SIMD_INLINE void
find_ends(struct simd_csv *c, enum simd_level level)
{
	uint64_t before;
	size_t k, w;

	for (k = 0; k < c->nlf; k++) {
		w = c->lf[k] / 64;
		before = (UINT64_C(1) << c->lf[k] % 64) - 1;
		c->out_lf[k] = c->out_at[w] + simd_count(c->keep_at[w] & before, level) +
		    (c->controls ? simd_count(c->control_at[w] & before, level) : 0);
	}
}

/* Returns the mask of CRs directly before a line feed; both masks are of bytes outside quotes. */
static SIMD_INLINE uint64_t
line_end_crs(const struct simd_csv *c, size_t w, uint64_t lf)
{
	return c->cr_at[w] & (lf >> 1 | c->lf_at[w + 1] << 63);
}

/* Does a word of plain text have CRs, or follow one? If so, m->cr must be set. */
static SIMD_INLINE bool
has_crs(const struct word *m, const struct carry *carry)
{
	return ((m->special & ~(m->lf | m->delimiter)) | carry->cr) != 0;
}

/*
 * Notes a word of a chunk taken for plain text, except line feeds. A CR that is not directly before one is not plain;
 * at the end of the chunk it is in none of its rows.
 */
static SIMD_INLINE void
note_plain(struct simd_csv *c, size_t w, const struct word *m, struct carry *carry, enum simd_level level)
{
	if (has_crs(m, carry)) {
		carry->others |= m->special & ~(m->lf | m->delimiter | m->cr);
		carry->others |= (m->cr << 1 | carry->cr) & ~m->lf & simd_first(c->n - 64 * w);
		carry->cr = m->cr >> 63;
	}
	c->lf_at[w] = m->lf;
	c->delimiter_at[w] = m->delimiter;
	note_word(c, w, m, carry, true, level);
}

/* Notes the words of a chunk with control bytes and without quotes. */
static SIMD_INLINE void
note_odd(struct simd_csv *c, enum simd_level level)
{
	struct carry carry = carry_start;
	size_t w, n = words_of(c);

	for (w = 0; w < n; w++) {
		struct word m = { c->lf_at[w], c->delimiter_at[w], line_end_crs(c, w, c->lf_at[w]), UINT64_MAX, 0,
		    0 };

		m.control = c->low_at[w] & ~(m.lf | m.delimiter | m.cr);
		c->none_at[w] = 0;
		note_word(c, w, &m, &carry, false, level);
		note_lfs(c, w, m.lf, &carry, level);
	}
	end_notes(c, &carry);
}

/*
 * Returns the mask of bytes to write. A quote is, if it is the second of a doubled one; and so is, as EMPTY, one that
 * opens an empty field: the next closes it, and no third one follows.
 */
static SIMD_INLINE uint64_t
note_kept(struct simd_csv *c, size_t w, uint64_t open, const struct carry *carry)
{
	uint64_t quote = c->quote_at[w], next = c->quote_at[w + 1], after = quote << 1 | carry->quote;
	uint64_t second = quote >> 1 | next << 63, third = quote >> 2 | next << 62;

	c->none_at[w] = open & ~after & second & ~third;
	return ~quote | (open & after) | c->none_at[w];
}

/* Notes a word of a chunk with quotes. Returns the mask of bytes that show that a row needs care. */
static SIMD_INLINE uint64_t
note_quoted_word(struct simd_csv *c, size_t w, struct carry *carry, enum simd_level level)
{
	uint64_t within = c->within_at[w], quote = c->quote_at[w], open = quote & within, close = quote & ~within;
	uint64_t lf = c->lf_at[w] & ~within, inner = c->lf_at[w] & within, ready, bad;
	struct word m = { lf, c->delimiter_at[w] & ~within, line_end_crs(c, w, lf) & ~within,
	    note_kept(c, w, open, carry), 0, 0 };

	ready = m.lf | m.delimiter | quote;
	bad = (open & ~(ready << 1 | carry->ready)) | ((close << 1 | carry->closed) & ~(ready | m.cr)) |
	    (c->escape_at[w] & within) | (c->one_line ? inner : 0);
	m.control = c->low_at[w] & m.keep & ~(m.lf | m.delimiter | m.cr | c->none_at[w]);
	c->inner_at[w] = inner;
	carry->inners |= inner;
	note_word(c, w, &m, carry, false, level);
	note_lfs(c, w, lf, carry, level);
	carry->ready = ready >> 63;
	carry->closed = close >> 63;
	carry->quote = quote >> 63;
	return bad;
}

/* Returns the number of words noted: all, or those through the first that shows that a row needs care. */
static SIMD_INLINE size_t
note_quoted(struct simd_csv *c, enum simd_level level)
{
	struct carry carry = carry_start;
	size_t w, n = words_of(c);
	uint64_t bad = 0;

	for (w = 0; w < n && bad == 0; w++)
		bad = note_quoted_word(c, w, &carry, level);
	if (bad != 0) {
		c->bad = true;
		c->bad_at = (uint32_t)(64 * (w - 1) + (unsigned)__builtin_ctzll(bad));
	}
	end_notes(c, &carry);
	return w;
}

/* ---- third pass: text ---- */

enum { SPAN = 32 };		/* bytes copied at a time */

/* Writes those of 64 bytes that `keep` selects, escaping those that `control` selects. SPAN bytes follow the 64. */
static SIMD_INLINE uint8_t *
put_spans(const uint8_t *bytes, uint64_t keep, uint64_t control, uint8_t *out)
{
	uint64_t special = ~keep | control;
	unsigned at, next, i;

	for (at = 0; at < 64; at = next + 1) {
		next = special != 0 ? (unsigned)__builtin_ctzll(special) : 64;
		for (i = at; i < next; i += SPAN)
			memcpy(out + (i - at), bytes + i, SPAN);
		out += next - at;
		if (next < 64 && (control >> next & 1) != 0) {
			*out++ = ESC;
			*out++ = (uint8_t)(0x40 + bytes[next]);
		}
		special &= special - 1;
	}
	return out;
}

static SIMD_INLINE void
patch(uint8_t *bytes, uint64_t bits, uint8_t byte)
{
	for (; bits != 0; bits &= bits - 1)
		bytes[__builtin_ctzll(bits)] = byte;
}

/* Clears what a chunk may not have, and completes the masks at the end of the text. */
static SIMD_INLINE void
begin(struct simd_csv *c)
{
	size_t n = words_of(c);

	c->quotes = c->bad = false;
	c->lf_at[n] = c->n % 64 == 0 && c->p[c->n] == '\n';
	c->quote_at[n] = 0;
}

/* Clears the bits after the text in the last word of a mask. */
static SIMD_INLINE void
end_mask(const struct simd_csv *c, uint64_t *mask)
{
	if (c->n > 0)
		mask[words_of(c) - 1] &= simd_first(c->n - 64 * (words_of(c) - 1));
}

/* ---- words ---- */

/* Returns the mask of a byte among 64. */
static uint64_t
find_words(const uint8_t *p, uint8_t byte)
{
	uint64_t mask = 0;
	unsigned i;

	for (i = 0; i < 8; i++)
		mask |= simd_top_bits(simd_zero_bytes(simd_load(p + 8 * i) ^ SIMD_EACH(byte))) << 8 * i;
	return mask;
}

static uint64_t
find_low_words(const uint8_t *p)
{
	uint64_t mask = 0;
	unsigned i;

	for (i = 0; i < 8; i++)
		mask |= simd_top_bits(simd_low_bytes(simd_load(p + 8 * i))) << 8 * i;
	return mask;
}

/* What a pass over plain text needs, in variables that the bytes written cannot alias. */
struct plain {
	const uint8_t *p;
	uint8_t *out, delimiter, quote;	/* the delimiter again without quotes */
	size_t n;
};

static SIMD_INLINE struct plain
plain_of(const struct simd_csv *c)
{
	return (struct plain){ c->p, c->out, c->delimiter, c->quote != 0 ? c->quote : c->delimiter, c->n };
}

/* Clears the bits of bytes after the text. */
static SIMD_INLINE void
end_word(struct word *m, size_t left)
{
	uint64_t valid = simd_first(left);

	m->lf &= valid;
	m->delimiter &= valid;
	m->special &= valid;
	m->cr &= valid;
}

/* Stores what the second pass needs of a word, once it is known that the chunk is not plain. */
static SIMD_INLINE void
keep_masks(struct simd_csv *c, size_t at, struct word *m)
{
	end_word(m, c->n - at);
	c->lf_at[at / 64] = m->lf;
	c->delimiter_at[at / 64] = m->delimiter;
}

/* Finds separators among 64 bytes at p and, if asked, what is special; writes them with all delimiters replaced. */
static SIMD_INLINE void
look_at_plain(const struct plain *t, const uint8_t *p, uint8_t *out, bool special, struct word *m)
{
	const uint64_t change = t->delimiter ^ '\t';
	uint64_t low = 0, quotes = 0;
	unsigned i;

	for (i = 0; i < 8; i++) {
		uint64_t v = simd_load(p + 8 * i), is_delimiter = simd_zero_bytes(v ^ SIMD_EACH(t->delimiter));
		uint64_t is_lf = simd_zero_bytes(v ^ SIMD_EACH('\n')), plain = is_lf | is_delimiter;

		m->delimiter |= simd_top_bits(is_delimiter) << 8 * i;
		m->lf |= simd_top_bits(is_lf) << 8 * i;
		simd_store(out + 8 * i, v ^ (is_delimiter >> 7) * change);
		low |= simd_low_bytes(v) & ~plain;
		quotes |= simd_zero_bytes(v ^ SIMD_EACH(t->quote)) & ~plain;
	}
	if (special && low != 0)
		m->special = find_low_words(p);
	if (special && quotes != 0)
		m->special |= find_words(p, t->quote);
}

/* Splits a chunk as plain text. Returns false if it is not. */
static bool
split_plain_words(struct simd_csv *c)
{
	const struct plain t = plain_of(c);
	struct carry carry = carry_start;
	size_t at;

	for (at = 0; at < t.n; at += 64) {
		struct word m = { .special = 0 };

		look_at_plain(&t, t.p + at, t.out + at, carry.others == 0, &m);
		if (carry.others != 0) {
			keep_masks(c, at, &m);
			continue;
		}
		if (has_crs(&m, &carry))
			m.cr = find_words(t.p + at, '\r');
		if (t.n - at < 64)
			end_word(&m, t.n - at);
		note_plain(c, at / 64, &m, &carry, SIMD_WORDS);
		note_lfs(c, at / 64, m.lf, &carry, SIMD_WORDS);
	}
	end_notes(c, &carry);
	count_fields(c, SIMD_WORDS);
	return carry.others == 0;
}

/* Finds quotes and bytes below 0x20. */
static void
find_others_words(struct simd_csv *c)
{
	size_t w, n = words_of(c);

	for (w = 0; w < n; w++) {
		c->quote_at[w] = find_words(c->p + 64 * w, c->quote);
		c->low_at[w] = find_low_words(c->p + 64 * w);
	}
}

static void
find_byte_words(const struct simd_csv *c, uint8_t byte, uint64_t *mask)
{
	size_t w;

	for (w = 0; w < words_of(c); w++)
		mask[w] = find_words(c->p + 64 * w, byte);
}

/* Computes the parity of the quotes up to and including each byte. */
static void
find_within_words(struct simd_csv *c)
{
	uint64_t m, carry = 0;
	size_t w;

	for (w = 0; w < words_of(c); w++) {
		m = c->quote_at[w];
		m ^= m << 1;
		m ^= m << 2;
		m ^= m << 4;
		m ^= m << 8;
		m ^= m << 16;
		m ^= m << 32;
		c->within_at[w] = m ^ carry;
		carry = (uint64_t)((int64_t)c->within_at[w] >> 63);
	}
}

/* Writes the text of a chunk with quotes or control bytes. */
static SIMD_INLINE void
put_quoted(struct simd_csv *c, size_t n)
{
	uint8_t bytes[64 + SPAN] = { 0 }, *out = c->out;
	size_t w;

	for (w = 0; w < n; w++) {
		c->out_at[w] = (uint32_t)(out - c->out);
		memcpy(bytes, c->p + 64 * w, 64);
		patch(bytes, c->delimiter_at[w], '\t');
		patch(bytes, c->none_at[w], EMPTY);
		out = put_spans(bytes, c->keep_at[w], c->control_at[w], out);
	}
}

/* ---- AVX2 ---- */

#if SIMD_X86

SIMD_ON_AVX2 static SIMD_INLINE uint64_t
mask_avx2(__m256i v)
{
	return (uint32_t)_mm256_movemask_epi8(v);
}

SIMD_ON_AVX2 static SIMD_INLINE uint64_t
find_avx2(const __m256i v[2], __m256i byte)
{
	return mask_avx2(_mm256_cmpeq_epi8(v[0], byte)) | mask_avx2(_mm256_cmpeq_epi8(v[1], byte)) << 32;
}

SIMD_ON_AVX2 static bool
split_plain_avx2(struct simd_csv *c)
{
	const struct plain t = plain_of(c);
	const __m256i delimiter = _mm256_set1_epi8((char)t.delimiter), quote = _mm256_set1_epi8((char)t.quote);
	const __m256i lf = _mm256_set1_epi8('\n'), cr = _mm256_set1_epi8('\r');
	const __m256i top = _mm256_set1_epi8(0x1f), tab = _mm256_set1_epi8('\t');
	struct carry carry = carry_start;
	size_t at;
	unsigned i;

	for (at = 0; at < t.n; at += 64) {
		struct word m = { .special = 0 };

		__m256i v[2];

		for (i = 0; i < 2; i++) {
			__m256i is_delimiter, special;

			v[i] = _mm256_loadu_si256((const void *)(t.p + at + 32 * i));
			is_delimiter = _mm256_cmpeq_epi8(v[i], delimiter);
			special = _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_max_epu8(v[i], top), top),
			    _mm256_cmpeq_epi8(v[i], quote));
			m.delimiter |= mask_avx2(is_delimiter) << 32 * i;
			m.special |= mask_avx2(special) << 32 * i;
			_mm256_storeu_si256((void *)(t.out + at + 32 * i), _mm256_blendv_epi8(v[i], tab, is_delimiter));
		}
		m.lf = find_avx2(v, lf);
		if (carry.others != 0) {
			keep_masks(c, at, &m);
			continue;
		}
		if (has_crs(&m, &carry))
			m.cr = find_avx2(v, cr);
		if (t.n - at < 64)
			end_word(&m, t.n - at);
		note_plain(c, at / 64, &m, &carry, SIMD_AVX2);
		note_lfs(c, at / 64, m.lf, &carry, SIMD_AVX2);
	}
	end_notes(c, &carry);
	count_fields(c, SIMD_AVX2);
	return carry.others == 0;
}

SIMD_ON_AVX2 static void
find_others_avx2(struct simd_csv *c)
{
	const __m256i quote = _mm256_set1_epi8((char)c->quote), top = _mm256_set1_epi8(0x1f);
	size_t w, n = words_of(c);

	for (w = 0; w < n; w++) {
		const __m256i *p = (const void *)(c->p + 64 * w);
		const __m256i v[2] = { _mm256_loadu_si256(p), _mm256_loadu_si256(p + 1) };
		const __m256i most[2] = { _mm256_max_epu8(v[0], top), _mm256_max_epu8(v[1], top) };

		c->quote_at[w] = find_avx2(v, quote);
		c->low_at[w] = find_avx2(most, top);
	}
}

SIMD_ON_AVX2 static void
find_byte_avx2(const struct simd_csv *c, uint8_t byte, uint64_t *mask)
{
	const __m256i b = _mm256_set1_epi8((char)byte);
	size_t w;

	for (w = 0; w < words_of(c); w++) {
		const __m256i *p = (const void *)(c->p + 64 * w);
		const __m256i v[2] = { _mm256_loadu_si256(p), _mm256_loadu_si256(p + 1) };

		mask[w] = find_avx2(v, b);
	}
}

/* As find_within_words: the parity is the carry-less product with all ones. */
SIMD_ON_AVX2 static void
find_within_avx2(struct simd_csv *c)
{
	const __m128i ones = _mm_set1_epi8(-1);
	uint64_t carry = 0;
	size_t w;

	for (w = 0; w < words_of(c); w++) {
		__m128i m = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)c->quote_at[w]), ones, 0);

		c->within_at[w] = (uint64_t)_mm_cvtsi128_si64(m) ^ carry;
		carry = (uint64_t)((int64_t)c->within_at[w] >> 63);
	}
}

/* Returns a word with 0xff in the byte of each of 8 bits that is set. */
SIMD_ON_AVX2 static SIMD_INLINE uint64_t
byte_mask(uint64_t bits)
{
	return _pdep_u64(bits, SIMD_EACH(0x01)) * 0xff;
}

/*
 * Removes from the text, in place, the bytes that are not kept. No byte is overwritten before it is read, as the text
 * only becomes shorter.
 */
SIMD_ON_AVX2 static void
remove_quotes_avx2(struct simd_csv *c, size_t n)
{
	uint8_t *out = c->out, *from = c->out;
	size_t w;
	unsigned i;

	for (w = 0; w < n; w++, from += 64) {
		uint64_t keep = c->keep_at[w];

		c->out_at[w] = (uint32_t)(out - c->out);
		patch(from, c->within_at[w] & c->raw_delimiter_at[w], c->delimiter);
		patch(from, c->none_at[w], EMPTY);
		for (i = 0; i < 64; i += 8, keep >>= 8) {
			simd_store(out, _pext_u64(simd_load(from + i), byte_mask(keep & 0xff)));
			out += __builtin_popcount(keep & 0xff);
		}
	}
}

SIMD_ON_AVX2 static void
put_quoted_avx2(struct simd_csv *c, size_t n)
{
	if (c->controls)
		put_quoted(c, n);
	else
		remove_quotes_avx2(c, n);
}

/* ---- AVX-512 ---- */

/* Stores the offsets of line feeds, and how many separators are before each. */
SIMD_ON_AVX512 static SIMD_INLINE void
note_lfs_avx512(struct simd_csv *c, size_t at, const struct word *m, uint32_t separators, struct carry *carry)
{
	simd_places_avx512(_pext_u64(m->lf, m->lf | m->delimiter), separators, c->fields + carry->nlf);
	carry->nlf += simd_places_avx512(m->lf, (uint32_t)at, c->lf + carry->nlf);
}

SIMD_ON_AVX512 static bool
split_plain_avx512(struct simd_csv *c)
{
	const struct plain t = plain_of(c);
	const __m512i delimiter = _mm512_set1_epi8((char)t.delimiter), quote = _mm512_set1_epi8((char)t.quote);
	const __m512i lf = _mm512_set1_epi8('\n'), cr = _mm512_set1_epi8('\r');
	const __m512i top = _mm512_set1_epi8(0x1f), tab = _mm512_set1_epi8('\t');
	struct carry carry = carry_start;
	uint32_t separators;
	size_t at;

	for (at = 0; at < t.n; at += 64) {
		__m512i v = _mm512_loadu_si512(t.p + at);
		struct word m = { .lf = _mm512_cmpeq_epi8_mask(v, lf),
		    .delimiter = _mm512_cmpeq_epi8_mask(v, delimiter),
		    .special = _mm512_cmple_epu8_mask(v, top) | _mm512_cmpeq_epi8_mask(v, quote) };

		_mm512_storeu_si512(t.out + at, _mm512_mask_mov_epi8(v, m.delimiter, tab));
		separators = carry.delimiters + (uint32_t)carry.nlf;
		if (carry.others != 0) {
			keep_masks(c, at, &m);
			continue;
		}
		if (has_crs(&m, &carry))
			m.cr = _mm512_cmpeq_epi8_mask(v, cr);
		if (t.n - at < 64)
			end_word(&m, t.n - at);
		note_plain(c, at / 64, &m, &carry, SIMD_AVX512);
		note_lfs_avx512(c, at, &m, separators, &carry);
	}
	end_notes(c, &carry);
	return carry.others == 0;
}

/*
 * Writes those of 32 bytes that `keep` selects: widens each to two, ESC and itself or its escape code, and drops each
 * ESC that is not needed.
 */
SIMD_ON_AVX512 static SIMD_INLINE uint8_t *
put_escaped_avx512(__m256i v, uint32_t keep, uint32_t control, uint8_t *out)
{
	__m512i pairs = _mm512_cvtepu8_epi16(_mm256_mask_add_epi8(v, control, v, _mm256_set1_epi8(0x40)));
	uint64_t kept = _pdep_u64(control, SIMD_EACH(0x55)) | _pdep_u64(keep, SIMD_EACH(0xaa));

	pairs = _mm512_or_si512(_mm512_slli_epi16(pairs, 8), _mm512_set1_epi16(ESC));
	_mm512_storeu_si512(out, _mm512_maskz_compress_epi8(kept, pairs));
	return out + __builtin_popcountll(kept);
}

SIMD_ON_AVX512 static void
put_quoted_avx512(struct simd_csv *c, size_t n)
{
	const __m512i tab = _mm512_set1_epi8('\t'), empty = _mm512_set1_epi8(EMPTY);
	uint8_t *out = c->out;
	size_t w;

	for (w = 0; w < n; w++) {
		__m512i v = _mm512_loadu_si512(c->p + 64 * w);
		uint64_t control = c->control_at[w], keep = c->keep_at[w];

		c->out_at[w] = (uint32_t)(out - c->out);
		v = _mm512_mask_mov_epi8(_mm512_mask_mov_epi8(v, c->delimiter_at[w], tab), c->none_at[w], empty);
		if (control == 0) {
			_mm512_storeu_si512(out, _mm512_maskz_compress_epi8(keep, v));
			out += __builtin_popcountll(keep);
			continue;
		}
		out = put_escaped_avx512(_mm512_castsi512_si256(v), (uint32_t)keep, (uint32_t)control, out);
		out = put_escaped_avx512(_mm512_extracti64x4_epi64(v, 1), (uint32_t)(keep >> 32),
		    (uint32_t)(control >> 32), out);
	}
}
#endif

/* ---- a chunk ---- */

/* Returns the union of a mask's words. */
static SIMD_INLINE uint64_t
union_of(const uint64_t *mask, size_t n)
{
	uint64_t all = 0;
	size_t w;

	for (w = 0; w < n; w++)
		all |= mask[w];
	return all;
}

/* Ends the masks of a chunk that is not plain. */
static SIMD_INLINE void
end_others(struct simd_csv *c)
{
	end_mask(c, c->low_at);
	end_mask(c, c->quote_at);
	c->quotes = c->quote != 0 && union_of(c->quote_at, words_of(c)) != 0;
}

/* The passes of a level; plain is that of split_plain, suffix that of the others. */
#define CHUNK(level, plain, suffix, put_text)				\
	size_t n = words_of(c);						\
									\
	begin(c);							\
	c->same = split_plain_##plain(c);				\
	if (c->same)							\
		return;							\
	find_others_##suffix(c);					\
	end_others(c);							\
	find_byte_##suffix(c, '\r', c->cr_at);				\
	if (c->quotes) {						\
		if (c->escape != 0)					\
			find_byte_##suffix(c, c->escape, c->escape_at);	\
		else							\
			memset(c->escape_at, 0, n * sizeof(*c->escape_at));	\
		find_within_##suffix(c);				\
		n = note_quoted(c, level);				\
	} else {							\
		note_odd(c, level);					\
		c->same = !c->controls;					\
	}								\
	count_fields(c, level);						\
	if (c->same)							\
		return;							\
	put_text(c, n);							\
	find_ends(c, level);

static void
csv_chunk_words(struct simd_csv *c)
{
	CHUNK(SIMD_WORDS, words, words, put_quoted)
}

#if SIMD_X86
SIMD_ON_AVX2 static void
csv_chunk_avx2(struct simd_csv *c)
{
	CHUNK(SIMD_AVX2, avx2, avx2, put_quoted_avx2)
}

/* AVX-512 is faster at plain text and at writing the text of quoted fields. */
SIMD_ON_AVX512 static void
csv_chunk_avx512(struct simd_csv *c)
{
	CHUNK(SIMD_AVX512, avx512, avx2, put_quoted_avx512)
}
#endif

/* ---- one byte within quotes ---- */

static size_t
csv_special_words(const uint8_t *p, size_t at, size_t n, uint8_t quote, uint8_t escape)
{
	uint64_t v, special;

	for (; n - at >= 8 && at < n; at += 8) {
		v = simd_load(p + at);
		special = simd_low_bytes(v) | simd_zero_bytes(v ^ SIMD_EACH(quote)) |
		    simd_zero_bytes(v ^ SIMD_EACH(escape));
		if (special != 0)
			return at + (unsigned)__builtin_ctzll(special) / 8;
	}
	while (at < n && p[at] >= 0x20 && p[at] != quote && p[at] != escape)
		at++;
	return at;
}

#if SIMD_X86
SIMD_ON_AVX2 static size_t
csv_special_avx2(const uint8_t *p, size_t at, size_t n, uint8_t quote, uint8_t escape)
{
	const __m256i low = _mm256_set1_epi8(0x1f), q = _mm256_set1_epi8((char)quote),
	    e = _mm256_set1_epi8((char)escape);
	__m256i v, special;
	uint32_t bits;

	for (; at < n; at += 32) {
		v = _mm256_loadu_si256((const void *)(p + at));
		special = _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_min_epu8(v, low), v),
		    _mm256_or_si256(_mm256_cmpeq_epi8(v, q), _mm256_cmpeq_epi8(v, e)));
		if ((bits = (uint32_t)_mm256_movemask_epi8(special)) != 0) {
			at += _tzcnt_u32(bits);
			break;
		}
	}
	return at < n ? at : n;
}
#endif

void
simd_fill_csv(struct simd *t, enum simd_level level)
{
	t->csv_special = SIMD_PICK(level, csv_special_words, csv_special_avx2, csv_special_avx2);
	t->csv_chunk = SIMD_PICK(level, csv_chunk_words, csv_chunk_avx2, csv_chunk_avx512);
}
