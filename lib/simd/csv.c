/*
 * Splits CSV text, a chunk at a time, in words of 64 bytes. The first pass takes the chunk for plain text: no quotes,
 * and no bytes below 0x20 but line ends. It writes the text of the fields, and gives up at the first word that is not
 * plain. Then the second pass, which takes any text, begins again; after such a chunk the next is not tried as plain
 * text first. What the masks of a word mean is computed by the same code for all levels.
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

/* What the passes need, in variables that the bytes written cannot alias. */
struct csv_given {
	const uint8_t *p;
	uint8_t *out, delimiter, quote, escape;	/* the delimiter again without quotes; the quote without an escape */
	bool quotes, escapes, one_line;
	size_t n;
};

static SIMD_INLINE struct csv_given
given_of(const struct simd_csv *c)
{
	uint8_t quote = c->quote != 0 ? c->quote : c->delimiter;

	return (struct csv_given){ c->p, c->out, c->delimiter, quote, c->escape != 0 ? c->escape : quote, c->quote != 0,
	    c->escape != 0, c->one_line, c->n };
}

struct csv_marks {		/* masks of the bytes of one word that mean something */
	uint64_t lf, delimiter, quote, cr, escape;
	uint64_t low;		/* bytes below 0x20 */
};

struct word {				/* masks of one word */
	uint64_t lf, delimiter;		/* outside quotes */
	uint64_t cr;			/* CRs outside quotes directly before a line feed */
	uint64_t keep, control;		/* bytes that are written, and those of them that are written as two */
	uint64_t none;			/* quotes that are written as EMPTY */
	uint64_t special;		/* quotes and bytes below 0x20 */
};

struct carry {				/* from one word to the next */
	uint64_t separator;		/* bit 0: the last byte was a separator */
	uint64_t ready;			/* bit 0: a quote may follow: the last byte was a separator or a quote */
	uint64_t closed, quote, cr;	/* bit 0: it was a closing quote; a quote; a CR */
	size_t nlf;
	uint32_t separators, ninner;	/* numbers so far: of those, and of line feeds within quotes */
	uint64_t empties, controls, quotes;	/* unions of masks so far */
	uint64_t others;		/* nonzero: not plain text */
};

/* A chunk begins at the start of a row. */
static const struct carry carry_start = { .separator = 1, .ready = 1 };

/* Notes the ends of empty fields, and separators. AVX-512 needs no masks of these. */
static SIMD_INLINE void
note_separators(struct simd_csv *c, size_t w, const struct word *t, struct carry *carry, enum simd_level level)
{
	uint64_t separator = t->lf | t->delimiter;
	uint64_t empty = (separator | t->cr) & (separator << 1 | carry->separator);

	c->empty_at[w] = empty;
	if (level != SIMD_AVX512) {
		c->separator_at[w] = separator;
		c->separators[w] = carry->separators;
	}
	carry->empties |= empty;
	carry->separators += simd_count(separator, level);
	carry->separator = separator >> 63;
}

static SIMD_INLINE void
note_lfs(struct simd_csv *c, size_t w, const struct word *t, struct carry *carry, enum simd_level level)
{
	carry->nlf += simd_places(t->lf, (uint32_t)(64 * w), c->lf + carry->nlf, level);
}

/* Counts for each line feed the separators before it. A loop of its own, as its branches are predictable here. */
static SIMD_INLINE void
count_fields(struct simd_csv *c, enum simd_level level)
{
	uint64_t before;
	size_t k, w;

	for (k = 0; k < c->nlf; k++) {
		w = c->lf[k] / 64;
		before = (UINT64_C(1) << c->lf[k] % 64) - 1;
		c->fields[k] = c->separators[w] + simd_count(c->separator_at[w] & before, level);
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

/* ---- plain text ---- */

/* Does a word of plain text have CRs, or follow one? If so, t->cr must be set. */
static SIMD_INLINE bool
has_crs(const struct word *t, const struct carry *carry)
{
	return ((t->special & ~(t->lf | t->delimiter)) | carry->cr) != 0;
}

/* Clears the bits of bytes after the text. */
static SIMD_INLINE void
end_word(struct word *t, size_t left)
{
	uint64_t valid = simd_first(left);

	t->lf &= valid;
	t->delimiter &= valid;
	t->special &= valid;
	t->cr &= valid;
}

/*
 * Looks for what is not plain in a word; `left` bytes of the text are in it and after it. A CR that is not directly
 * before a line feed is not plain; at the end of the chunk it is in none of its rows.
 */
static SIMD_INLINE void
note_others(const struct word *t, size_t left, struct carry *carry)
{
	if (!has_crs(t, carry))
		return;
	carry->others |= t->special & ~(t->lf | t->delimiter | t->cr);
	carry->others |= (t->cr << 1 | carry->cr) & ~t->lf & simd_first(left);
	carry->cr = t->cr >> 63;
}

static SIMD_INLINE void
end_plain(struct simd_csv *c, const struct carry *carry)
{
	c->nlf = carry->nlf;
	c->empties = carry->empties != 0;
	c->quotes = c->controls = c->inners = c->bad = false;
	c->same = true;
}

/* ---- any text ---- */

/* Clears the marks after the text, and sets those of what follows it: only a line feed, which a CR may precede. */
static SIMD_INLINE void
end_marks(const struct csv_given *g, struct csv_marks *m, struct csv_marks *next)
{
	uint64_t valid = simd_first(g->n % 64 == 0 ? 64 : g->n % 64);

	m->lf &= valid;
	m->delimiter &= valid;
	m->quote &= valid;
	m->cr &= valid;
	m->escape &= valid;
	m->low &= valid;
	*next = (struct csv_marks){ .lf = g->n % 64 == 0 && g->p[g->n] == '\n' };
}

/*
 * Sets the masks of bytes to write. A quote is, if it is the second of a doubled one; and so is, as EMPTY, one that
 * opens an empty field: the next closes it, and no third one follows.
 */
static SIMD_INLINE void
find_kept(const struct csv_marks *m, const struct csv_marks *next, uint64_t open, const struct carry *carry,
    struct word *t)
{
	uint64_t quote = m->quote, after = quote << 1 | carry->quote;
	uint64_t second = quote >> 1 | next->quote << 63, third = quote >> 2 | next->quote << 62;

	t->none = open & ~after & second & ~third;
	t->keep = ~quote | (open & after) | t->none;
	t->control = m->low & t->keep & ~(t->lf | t->delimiter | t->cr | t->none);
}

/* Finds what a word means. Returns the mask of bytes that show that a row needs care. */
static SIMD_INLINE uint64_t
find_word(const struct csv_given *g, const struct csv_marks *m, const struct csv_marks *next, uint64_t within,
    struct carry *carry, struct word *t)
{
	uint64_t open = m->quote & within, close = m->quote & ~within, ready, bad;

	t->lf = m->lf & ~within;
	t->delimiter = m->delimiter & ~within;
	t->cr = m->cr & (t->lf >> 1 | next->lf << 63) & ~within;
	find_kept(m, next, open, carry, t);
	ready = t->lf | t->delimiter | m->quote;
	bad = (open & ~(ready << 1 | carry->ready)) | ((close << 1 | carry->closed) & ~(ready | t->cr)) |
	    (m->escape & within) | (g->one_line ? m->lf & within : 0);
	carry->ready = ready >> 63;
	carry->closed = close >> 63;
	carry->quote = m->quote >> 63;
	return bad;
}

/* Stores the masks of a word, before which `out` bytes were written. */
static SIMD_INLINE void
note_masks(struct simd_csv *c, size_t w, const struct csv_marks *m, const struct word *t, size_t out,
    struct carry *carry, enum simd_level level)
{
	uint64_t inner = m->lf & ~t->lf;

	c->quote_at[w] = m->quote;
	c->inner_at[w] = inner;
	c->inner_before[w] = carry->ninner;
	carry->ninner += simd_count(inner, level);
	c->control_at[w] = t->control;
	c->keep_at[w] = t->keep;
	c->out_at[w] = (uint32_t)out;
	carry->quotes |= m->quote;
	carry->controls |= t->control;
}

/* Ends a chunk of n words; bad: of the last of them. */
static SIMD_INLINE void
end_any(struct simd_csv *c, size_t n, uint64_t bad, const struct carry *carry)
{
	end_plain(c, carry);
	c->quotes = carry->quotes != 0;
	c->controls = carry->controls != 0;
	c->inners = carry->ninner != 0;
	c->same = !c->quotes && !c->controls;
	c->odd = !c->same;
	if (bad != 0) {
		c->bad = true;
		c->bad_at = (uint32_t)(64 * (n - 1) + (unsigned)__builtin_ctzll(bad));
	}
}

/* The second pass of a level, whose functions end in suffix. */
#define SPLIT_ANY(level, suffix)							\
	const struct csv_given g = given_of(c);						\
	const size_t n = words_of(c);							\
	struct csv_marks m, next;								\
	struct carry carry = carry_start;						\
	struct word t;									\
	uint64_t within = 0, bad = 0;							\
	uint8_t *out = g.out;								\
	size_t w;									\
											\
	next = find_marks_##suffix(&g, g.p);						\
	for (w = 0; w < n && bad == 0; w++) {						\
		m = next;								\
		if (w + 1 < n)								\
			next = find_marks_##suffix(&g, g.p + 64 * (w + 1));		\
		else									\
			end_marks(&g, &m, &next);					\
		within = parity_##suffix(m.quote) ^ (uint64_t)((int64_t)within >> 63);	\
		bad = find_word(&g, &m, &next, within, &carry, &t);			\
		note_masks(c, w, &m, &t, (size_t)(out - g.out), &carry, level);	\
		if (carry.controls == 0 || t.lf != 0)	/* in long texts few words have one */	\
			note_lfs_##suffix(c, w, &t, &carry);				\
		note_separators(c, w, &t, &carry, level);				\
		out = put_##suffix(&g, g.p + 64 * w, &m, &t, carry.controls != 0, out);	\
	}										\
	end_any(c, w, bad, &carry);							\
	if (level != SIMD_AVX512)							\
		count_fields(c, level);							\
	if (!c->same)									\
		find_ends(c, level);

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

/* ---- words ---- */

/* Returns the mask of a byte among 64. */
static SIMD_INLINE uint64_t
find_words(const uint8_t *p, uint8_t byte)
{
	uint64_t mask = 0;
	unsigned i;

	for (i = 0; i < 8; i++)
		mask |= simd_top_bits(simd_zero_bytes(simd_load(p + 8 * i) ^ SIMD_EACH(byte))) << 8 * i;
	return mask;
}

static SIMD_INLINE uint64_t
find_low_words(const uint8_t *p)
{
	uint64_t mask = 0;
	unsigned i;

	for (i = 0; i < 8; i++)
		mask |= simd_top_bits(simd_low_bytes(simd_load(p + 8 * i))) << 8 * i;
	return mask;
}

/* Finds separators among 64 bytes at p and what is special; writes them with all delimiters replaced. */
static SIMD_INLINE void
look_at_plain(const struct csv_given *g, const uint8_t *p, uint8_t *out, struct word *t)
{
	const uint64_t change = g->delimiter ^ '\t';
	uint64_t low = 0, quotes = 0;
	unsigned i;

	for (i = 0; i < 8; i++) {
		uint64_t v = simd_load(p + 8 * i), is_delimiter = simd_zero_bytes(v ^ SIMD_EACH(g->delimiter));
		uint64_t is_lf = simd_zero_bytes(v ^ SIMD_EACH('\n')), plain = is_lf | is_delimiter;

		t->delimiter |= simd_top_bits(is_delimiter) << 8 * i;
		t->lf |= simd_top_bits(is_lf) << 8 * i;
		simd_store(out + 8 * i, v ^ (is_delimiter >> 7) * change);
		low |= simd_low_bytes(v) & ~plain;
		quotes |= simd_zero_bytes(v ^ SIMD_EACH(g->quote)) & ~plain;
	}
	if (low != 0)
		t->special = find_low_words(p);
	if (quotes != 0)
		t->special |= find_words(p, g->quote);
}

/* Splits a chunk as plain text. Returns false if it is not. */
static bool
split_plain_words(struct simd_csv *c)
{
	const struct csv_given g = given_of(c);
	struct carry carry = carry_start;
	size_t at;

	for (at = 0; at < g.n; at += 64) {
		struct word t = { .special = 0 };

		look_at_plain(&g, g.p + at, g.out + at, &t);
		if (has_crs(&t, &carry))
			t.cr = find_words(g.p + at, '\r');
		if (g.n - at < 64)
			end_word(&t, g.n - at);
		note_others(&t, g.n - at, &carry);
		if (carry.others != 0)
			return false;
		note_lfs(c, at / 64, &t, &carry, SIMD_WORDS);
		note_separators(c, at / 64, &t, &carry, SIMD_WORDS);
	}
	end_plain(c, &carry);
	count_fields(c, SIMD_WORDS);
	return true;
}

static SIMD_INLINE struct csv_marks
find_marks_words(const struct csv_given *g, const uint8_t *p)
{
	struct csv_marks m = { .lf = find_words(p, '\n'), .delimiter = find_words(p, g->delimiter),
	    .low = find_low_words(p) };

	if (g->quotes)
		m.quote = find_words(p, g->quote);
	if (g->escapes)
		m.escape = find_words(p, g->escape);
	if ((m.low & ~(m.lf | m.delimiter)) != 0)
		m.cr = find_words(p, '\r');
	return m;
}

/* Returns the parity of the bits up to and including each. */
static SIMD_INLINE uint64_t
parity_words(uint64_t m)
{
	m ^= m << 1;
	m ^= m << 2;
	m ^= m << 4;
	m ^= m << 8;
	m ^= m << 16;
	return m ^ m << 32;
}

static SIMD_INLINE void
note_lfs_words(struct simd_csv *c, size_t w, const struct word *t, struct carry *carry)
{
	note_lfs(c, w, t, carry, SIMD_WORDS);
}

static SIMD_INLINE uint8_t *
put_words(const struct csv_given *g, const uint8_t *p, const struct csv_marks *m, const struct word *t,
    bool controls, uint8_t *out)
{
	uint8_t bytes[64 + SPAN];

	(void)g, (void)m, (void)controls;
	memcpy(bytes, p, 64);
	memset(bytes + 64, 0, SPAN);
	patch(bytes, t->delimiter, '\t');
	patch(bytes, t->none, EMPTY);
	return put_spans(bytes, t->keep, t->control, out);
}

static void
split_any_words(struct simd_csv *c)
{
	SPLIT_ANY(SIMD_WORDS, words)
}

/* ---- AVX2 ---- */

#if SIMD_X86

SIMD_ON_AVX2 static SIMD_INLINE uint64_t
mask_avx2(__m256i v)
{
	return (uint32_t)_mm256_movemask_epi8(v);
}

SIMD_ON_AVX2 static SIMD_INLINE uint64_t
find_avx2(const __m256i v[2], uint8_t byte)
{
	const __m256i b = _mm256_set1_epi8((char)byte);

	return mask_avx2(_mm256_cmpeq_epi8(v[0], b)) | mask_avx2(_mm256_cmpeq_epi8(v[1], b)) << 32;
}

SIMD_ON_AVX2 static bool
split_plain_avx2(struct simd_csv *c)
{
	const struct csv_given g = given_of(c);
	const __m256i delimiter = _mm256_set1_epi8((char)g.delimiter), quote = _mm256_set1_epi8((char)g.quote);
	const __m256i top = _mm256_set1_epi8(0x1f), tab = _mm256_set1_epi8('\t');
	struct carry carry = carry_start;
	size_t at;
	unsigned i;

	for (at = 0; at < g.n; at += 64) {
		struct word t = { .special = 0 };
		__m256i v[2];

		for (i = 0; i < 2; i++) {
			__m256i is_delimiter, special;

			v[i] = _mm256_loadu_si256((const void *)(g.p + at + 32 * i));
			is_delimiter = _mm256_cmpeq_epi8(v[i], delimiter);
			special = _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_max_epu8(v[i], top), top),
			    _mm256_cmpeq_epi8(v[i], quote));
			t.delimiter |= mask_avx2(is_delimiter) << 32 * i;
			t.special |= mask_avx2(special) << 32 * i;
			_mm256_storeu_si256((void *)(g.out + at + 32 * i), _mm256_blendv_epi8(v[i], tab, is_delimiter));
		}
		t.lf = find_avx2(v, '\n');
		if (has_crs(&t, &carry))
			t.cr = find_avx2(v, '\r');
		if (g.n - at < 64)
			end_word(&t, g.n - at);
		note_others(&t, g.n - at, &carry);
		if (carry.others != 0)
			return false;
		note_lfs(c, at / 64, &t, &carry, SIMD_AVX2);
		note_separators(c, at / 64, &t, &carry, SIMD_AVX2);
	}
	end_plain(c, &carry);
	count_fields(c, SIMD_AVX2);
	return true;
}

SIMD_ON_AVX2 static SIMD_INLINE struct csv_marks
find_marks_avx2(const struct csv_given *g, const uint8_t *p)
{
	const __m256i top = _mm256_set1_epi8(0x1f);
	const __m256i v[2] = { _mm256_loadu_si256((const void *)p), _mm256_loadu_si256((const void *)(p + 32)) };
	const __m256i most[2] = { _mm256_max_epu8(v[0], top), _mm256_max_epu8(v[1], top) };
	struct csv_marks m = { .lf = find_avx2(v, '\n'), .delimiter = find_avx2(v, g->delimiter),
	    .low = find_avx2(most, 0x1f) };

	if (g->quotes)
		m.quote = find_avx2(v, g->quote);
	if (g->escapes)
		m.escape = find_avx2(v, g->escape);
	if ((m.low & ~(m.lf | m.delimiter)) != 0)
		m.cr = find_avx2(v, '\r');
	return m;
}

/* As parity_words: the carry-less product with all ones. */
SIMD_ON_AVX2 static SIMD_INLINE uint64_t
parity_avx2(uint64_t m)
{
	__m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)m), _mm_set1_epi8(-1), 0);

	return (uint64_t)_mm_cvtsi128_si64(product);
}

SIMD_ON_AVX2 static SIMD_INLINE void
note_lfs_avx2(struct simd_csv *c, size_t w, const struct word *t, struct carry *carry)
{
	note_lfs(c, w, t, carry, SIMD_AVX2);
}

/* Of each mask of 8 bits: the places of its bits, first the lowest, as bytes. */
static uint64_t places_of[256];

static void
make_places(void)
{
	unsigned mask, bit, n;

	for (mask = 0; mask < 256; mask++) {
		places_of[mask] = 0;
		for (bit = n = 0; bit < 8; bit++)
			if ((mask >> bit & 1) != 0)
				places_of[mask] |= (uint64_t)bit << 8 * n++;
	}
}

/* Writes those of 16 bytes that `keep` selects. */
SIMD_ON_AVX2 static SIMD_INLINE uint8_t *
put_kept_avx2(__m128i v, unsigned keep, uint8_t *out)
{
	const __m128i second = _mm_set_epi64x((long long)SIMD_EACH(0x08), 0);
	__m128i places = _mm_set_epi64x((long long)places_of[keep >> 8 & 0xff], (long long)places_of[keep & 0xff]);

	v = _mm_shuffle_epi8(v, _mm_or_si128(places, second));
	_mm_storel_epi64((void *)out, v);
	out += __builtin_popcount(keep & 0xff);
	_mm_storel_epi64((void *)out, _mm_unpackhi_epi64(v, v));
	return out + __builtin_popcount(keep >> 8 & 0xff);
}

SIMD_ON_AVX2 static SIMD_INLINE uint8_t *
put_half_avx2(__m256i v, uint32_t keep, uint8_t *out)
{
	out = put_kept_avx2(_mm256_castsi256_si128(v), keep & 0xffff, out);
	return put_kept_avx2(_mm256_extracti128_si256(v, 1), keep >> 16, out);
}

SIMD_ON_AVX2 static SIMD_INLINE uint8_t *
put_avx2(const struct csv_given *g, const uint8_t *p, const struct csv_marks *m, const struct word *t,
    bool controls, uint8_t *out)
{
	const __m256i delimiter = _mm256_set1_epi8((char)g->delimiter), tab = _mm256_set1_epi8('\t');
	uint64_t inner = m->delimiter & ~t->delimiter;
	uint8_t bytes[64 + SPAN];
	__m256i v[2];
	unsigned i;

	(void)controls;
	for (i = 0; i < 2; i++) {
		v[i] = _mm256_loadu_si256((const void *)(p + 32 * i));
		v[i] = _mm256_blendv_epi8(v[i], tab, _mm256_cmpeq_epi8(v[i], delimiter));
	}
	if ((inner | t->none | t->control) != 0) {
		_mm256_storeu_si256((void *)bytes, v[0]);
		_mm256_storeu_si256((void *)(bytes + 32), v[1]);
		_mm256_storeu_si256((void *)(bytes + 64), v[1]);	/* any bytes */
		patch(bytes, inner, g->delimiter);
		patch(bytes, t->none, EMPTY);
		return put_spans(bytes, t->keep, t->control, out);
	}
	out = put_half_avx2(v[0], (uint32_t)t->keep, out);
	return put_half_avx2(v[1], (uint32_t)(t->keep >> 32), out);
}

SIMD_ON_AVX2 static void
split_any_avx2(struct simd_csv *c)
{
	SPLIT_ANY(SIMD_AVX2, avx2)
}

/* ---- AVX-512 ---- */

SIMD_ON_AVX512 static SIMD_INLINE void
note_lfs_avx512(struct simd_csv *c, size_t w, const struct word *t, struct carry *carry)
{
	uint64_t separators = _pext_u64(t->lf, t->lf | t->delimiter);

	simd_places_avx512(separators, carry->separators, c->fields + carry->nlf);
	carry->nlf += simd_places_avx512(t->lf, (uint32_t)(64 * w), c->lf + carry->nlf);
}

SIMD_ON_AVX512 static bool
split_plain_avx512(struct simd_csv *c)
{
	const struct csv_given g = given_of(c);
	const __m512i delimiter = _mm512_set1_epi8((char)g.delimiter), quote = _mm512_set1_epi8((char)g.quote);
	const __m512i lf = _mm512_set1_epi8('\n'), cr = _mm512_set1_epi8('\r');
	const __m512i top = _mm512_set1_epi8(0x1f), tab = _mm512_set1_epi8('\t');
	struct carry carry = carry_start;
	size_t at;

	for (at = 0; at < g.n; at += 64) {
		__m512i v = _mm512_loadu_si512(g.p + at);
		struct word t = { .lf = _mm512_cmpeq_epi8_mask(v, lf),
		    .delimiter = _mm512_cmpeq_epi8_mask(v, delimiter),
		    .special = _mm512_cmple_epu8_mask(v, top) | _mm512_cmpeq_epi8_mask(v, quote) };

		_mm512_storeu_si512(g.out + at, _mm512_mask_mov_epi8(v, t.delimiter, tab));
		if (has_crs(&t, &carry))
			t.cr = _mm512_cmpeq_epi8_mask(v, cr);
		if (g.n - at < 64)
			end_word(&t, g.n - at);
		note_others(&t, g.n - at, &carry);
		if (carry.others != 0)
			return false;
		note_lfs_avx512(c, at / 64, &t, &carry);
		note_separators(c, at / 64, &t, &carry, SIMD_AVX512);
	}
	end_plain(c, &carry);
	return true;
}

SIMD_ON_AVX512 static SIMD_INLINE uint64_t
find_avx512(__m512i v, uint8_t byte)
{
	return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)byte));
}

SIMD_ON_AVX512 static SIMD_INLINE struct csv_marks
find_marks_avx512(const struct csv_given *g, const uint8_t *p)
{
	__m512i v = _mm512_loadu_si512(p);
	struct csv_marks m = { .lf = find_avx512(v, '\n'), .delimiter = find_avx512(v, g->delimiter),
	    .low = _mm512_cmple_epu8_mask(v, _mm512_set1_epi8(0x1f)) };

	if (g->quotes)
		m.quote = find_avx512(v, g->quote);
	if (g->escapes)
		m.escape = find_avx512(v, g->escape);
	if ((m.low & ~(m.lf | m.delimiter)) != 0)
		m.cr = find_avx512(v, '\r');
	return m;
}

SIMD_ON_AVX512 static SIMD_INLINE uint64_t
parity_avx512(uint64_t m)
{
	return parity_avx2(m);
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

SIMD_ON_AVX512 static SIMD_INLINE uint8_t *
put_avx512(const struct csv_given *g, const uint8_t *p, const struct csv_marks *m, const struct word *t,
    bool controls, uint8_t *out)
{
	__m512i v = _mm512_mask_mov_epi8(_mm512_loadu_si512(p), t->delimiter, _mm512_set1_epi8('\t'));

	(void)g, (void)m;
	v = _mm512_mask_mov_epi8(v, t->none, _mm512_set1_epi8(EMPTY));
	if (!controls) {	/* once there are some, more are likely: no branch that depends on each word */
		_mm512_storeu_si512(out, _mm512_maskz_compress_epi8(t->keep, v));
		return out + __builtin_popcountll(t->keep);
	}
	out = put_escaped_avx512(_mm512_castsi512_si256(v), (uint32_t)t->keep, (uint32_t)t->control, out);
	return put_escaped_avx512(_mm512_extracti64x4_epi64(v, 1), (uint32_t)(t->keep >> 32),
	    (uint32_t)(t->control >> 32), out);
}

SIMD_ON_AVX512 static void
split_any_avx512(struct simd_csv *c)
{
	SPLIT_ANY(SIMD_AVX512, avx512)
}
#endif

/* ---- a chunk ---- */

static void
csv_chunk_words(struct simd_csv *c)
{
	if (c->odd || !split_plain_words(c))
		split_any_words(c);
}

#if SIMD_X86
static void
csv_chunk_avx2(struct simd_csv *c)
{
	if (c->odd || !split_plain_avx2(c))
		split_any_avx2(c);
}

static void
csv_chunk_avx512(struct simd_csv *c)
{
	if (c->odd || !split_plain_avx512(c))
		split_any_avx512(c);
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
#if SIMD_X86
	make_places();
#endif
	t->csv_special = SIMD_PICK(level, csv_special_words, csv_special_avx2, csv_special_avx2);
	t->csv_chunk = SIMD_PICK(level, csv_chunk_words, csv_chunk_avx2, csv_chunk_avx512);
}
