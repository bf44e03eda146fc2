/*
 * Splits blocks of records: finds the ends of fields. The plain kernel also says whether each field is text that needs
 * no closer look; the checked one validates lines and numbers in the same pass.
 */
#include "simd/level.h"
#include "simd/places.h"

#include <string.h>

enum { VAL_NULL = 0x19, VAL_EMPTY = 0x1a };	/* as in val/val.h */

/* ---- plain ---- */

struct masks {				/* a bit for each of 64 bytes */
	uint64_t separators, low, nulls;	/* low: below 0x20 */
};

struct split_carry {			/* from one word to the next */
	uint64_t before, null_before;	/* lowest bit of a mask: the last byte was a separator; a null */
	uint64_t strange;		/* nonzero: some field needs a closer look */
};

/*
 * Strange are: low bytes other than separators and nulls; a separator after another; a null after anything but a
 * separator; anything but a separator after a null.
 */
static SIMD_INLINE void
look_at_masks(struct split_carry *c, const struct masks *m, uint64_t valid)
{
	uint64_t mask = m->separators & valid, nulls = m->nulls & valid, begins = mask << 1 | c->before;

	c->strange |= (m->low & valid & ~mask & ~nulls) | (mask & begins) | (nulls & ~begins) |
	    ((nulls << 1 | c->null_before) & valid & ~mask);
	c->before = mask >> 63;
	c->null_before = nulls >> 63;
}

/*
 * Returns the separators of the first n of 64 bytes. Looks for what is strange in words of 8 bytes, whose top bits are
 * the masks, so that only the separators need to be gathered.
 */
static SIMD_INLINE uint64_t
look_at_words(const uint8_t *p, size_t n, struct split_carry *c)
{
	uint64_t all = 0, valid = UINT64_MAX;
	size_t i;

	for (i = 0; i < n; i += 8) {
		uint64_t v = simd_load(p + i), mask, nulls, low, begins;

		if (n - i < 8)
			valid = simd_first(8 * (n - i));
		mask = (simd_zero_bytes(v ^ SIMD_EACH('\t')) | simd_zero_bytes(v ^ SIMD_EACH('\n'))) & valid;
		nulls = simd_zero_bytes(v ^ SIMD_EACH(VAL_NULL)) & valid;
		low = simd_low_bytes(v) & valid;
		begins = mask << 8 | c->before;
		c->strange |= (low ^ mask ^ nulls) | (mask & begins) | (nulls & ~begins) |
		    ((nulls << 8 | c->null_before) & valid & ~mask);
		c->before = mask >> 56;
		c->null_before = nulls >> 56;
		all |= simd_top_bits(mask) << i;
	}
	return all;
}

static size_t
separators_words(const uint8_t *base, size_t from, size_t to, uint32_t *out, bool *plain)
{
	struct split_carry c = { .before = 0x80 };
	uint32_t *o = out;
	uint64_t separators;
	size_t i;

	for (i = from; i < to; i += 64) {
		separators = look_at_words(base + i, to - i < 64 ? to - i : 64, &c);
		o += simd_places(separators, (uint32_t)i + 1, o, SIMD_WORDS);
	}
	*plain = c.strange == 0;
	return (size_t)(o - out);
}

#if SIMD_X86
SIMD_ON_AVX2 static SIMD_INLINE void
classify_avx2(const uint8_t *p, unsigned shift, struct masks *m)
{
	__m256i v = _mm256_loadu_si256((const void *)p), top = _mm256_set1_epi8(0x1f);
	__m256i separators = _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\t')),
	    _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\n')));

	m->separators |= (uint64_t)(uint32_t)_mm256_movemask_epi8(separators) << shift;
	m->low |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(v, top), top)) << shift;
	m->nulls |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(VAL_NULL))) << shift;
}

SIMD_ON_AVX2 static size_t
separators_avx2(const uint8_t *base, size_t from, size_t to, uint32_t *out, bool *plain)
{
	struct split_carry c = { .before = 1 };
	uint32_t *o = out;
	size_t i;

	for (i = from; i < to; i += 64) {
		struct masks m = { 0, 0, 0 };
		uint64_t valid = simd_first(to - i < 64 ? to - i : 64);

		classify_avx2(base + i, 0, &m);
		if (i + 32 < to)
			classify_avx2(base + i + 32, 32, &m);
		look_at_masks(&c, &m, valid);
		o += simd_places(m.separators & valid, (uint32_t)i + 1, o, SIMD_AVX2);
	}
	*plain = c.strange == 0;
	return (size_t)(o - out);
}
#endif

/* ---- lines and numbers checked in the same pass ---- */

#if SIMD_X86

#define BYTES(x) _mm512_set1_epi8((char)(x))

enum { CHUNK = 4096, CHUNK_FIELDS = CHUNK + 2 * 64 };

/* First and second bytes of the fields of a chunk. */
struct fields {
	uint8_t first[CHUNK_FIELDS], second[CHUNK_FIELDS];
	size_t nfirst, nsecond;		/* as many as there are ends, plus perhaps the field still open */
};

struct look {				/* state carried from one word of 64 bytes to the next */
	uint64_t begins, seconds;	/* bit 0: the word begins with the first byte of a field; with the second */
	uint64_t alone;			/* bit 0: it begins with the byte after a null or an empty string */
	unsigned column;		/* column of the open field */
	uint64_t odd_lines, odd_numbers, odd_text;	/* nonzero: some are not proven valid */
};

/*
 * Returns the bits from each begin up to its end. Begins and ends alternate, so no borrow goes further; a last end may
 * be beyond the word.
 */
static inline uint64_t
between(uint64_t begins, uint64_t ends)
{
	return ends - begins;
}

/* Checks low bytes other than separators: nulls and empty strings must be alone in their fields; all others are odd. */
SIMD_ON_AVX512 static inline void
look_at_low(struct look *l, __m512i v, uint64_t low, uint64_t separators, uint64_t begins, uint64_t text)
{
	uint64_t nothing = low & _mm512_cmple_epu8_mask(_mm512_sub_epi8(v, BYTES(VAL_NULL)),
	    BYTES(VAL_EMPTY - VAL_NULL));

	l->odd_lines |= begins & _mm512_cmpeq_epi8_mask(v, BYTES(1));
	l->odd_text |= text & low & ~(nothing & begins);
	l->odd_text |= (nothing << 1 | l->alone) & ~separators;
	l->alone = nothing >> 63;
}

/* Checks the 64 bytes selected by `valid`. Returns the separators. */
SIMD_ON_AVX512 static inline uint64_t
look_at_word(const struct simd_form *form, struct look *l, __m512i v, uint64_t valid, struct fields *fields)
{
	uint64_t lfs = _mm512_cmpeq_epi8_mask(v, BYTES('\n'));
	uint64_t separators = lfs | _mm512_cmpeq_epi8_mask(v, BYTES('\t'));
	uint64_t low = _mm512_cmple_epu8_mask(v, BYTES(0x1f)) & ~separators & valid, top = _mm512_movepi8_mask(v);
	uint64_t begins = separators << 1 | l->begins, seconds = begins << 1 | l->seconds, numbers, text;
	unsigned n = (unsigned)__builtin_popcountll(separators), column = l->column;

	l->odd_lines |= separators & begins;	/* an empty field */
	l->odd_lines |= _pext_u64(lfs, separators) ^ _bzhi_u64(form->last[column], n);
	numbers = between(_pdep_u64(form->number[column + 1], separators) << 1 | (form->number[column] & 1),
	    _pdep_u64(form->number[column], separators));
	text = valid & ~numbers & ~separators;
	l->odd_numbers |= numbers & ~top & ~begins & valid;
	if (!form->bytes)
		l->odd_text |= text & top;
	if (low != 0 || l->alone != 0)
		look_at_low(l, v, low, separators, begins, text);
	_mm512_storeu_si512(fields->first + fields->nfirst, _mm512_maskz_compress_epi8(begins, v));
	_mm512_storeu_si512(fields->second + fields->nsecond, _mm512_maskz_compress_epi8(seconds, v));
	fields->nfirst += (size_t)__builtin_popcountll(begins);
	fields->nsecond += (size_t)__builtin_popcountll(seconds);
	l->begins = separators >> 63;
	l->seconds = begins >> 63;
	l->column = form->next[column + n];
	return separators;
}

/*
 * Checks the n fields of a chunk; field i is ends[i] to ends[i + 1] - 2, and the first one is in the given column. A
 * number's head byte must be 0x40 plus or minus the number of bytes after it, all with their top bits set; the first
 * group must not be zero unless it is the only one.
 */
SIMD_ON_AVX512 static void
look_at_fields(const struct simd_form *form, struct look *l, unsigned column, const struct fields *fields,
    const uint32_t *ends, size_t n)
{
	size_t i;

	for (i = 0; i < n; i += 16, column = form->next[form->next[column] + 16 % form->ncolumns]) {
		__m512i len = _mm512_sub_epi32(_mm512_loadu_si512(ends + i + 1), _mm512_loadu_si512(ends + i));
		__m512i first = _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)(fields->first + i)));
		__m512i second = _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)(fields->second + i)));
		__m512i most = _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)(form->groups + column)));
		__m512i d = _mm512_sub_epi32(first, _mm512_set1_epi32(0x40)), groups = _mm512_abs_epi32(d), zero;
		__mmask16 is_null, good, bad, there = (__mmask16)(n - i < 16 ? (1u << (n - i)) - 1 : 0xffff);

		zero = _mm512_xor_si512(_mm512_and_si512(_mm512_srai_epi32(d, 31), _mm512_set1_epi32(0x7f)),
		    _mm512_set1_epi32(0x80));
		is_null = _mm512_cmpeq_epi32_mask(first, _mm512_set1_epi32(VAL_NULL));
		good = _mm512_cmpeq_epi32_mask(len, _mm512_add_epi32(groups, _mm512_set1_epi32(2))) &
		    _mm512_cmplt_epu32_mask(_mm512_sub_epi32(groups, _mm512_set1_epi32(1)), most);
		bad = _mm512_cmpeq_epi32_mask(second, zero) & _mm512_cmpgt_epi32_mask(groups, _mm512_set1_epi32(1));
		good &= (__mmask16)~bad;
		good |= is_null & form->nullable16[column] & _mm512_cmpeq_epi32_mask(len, _mm512_set1_epi32(2));
		l->odd_numbers |= (uint64_t)(there & form->numbers16[column] & (__mmask16)~good);
		l->odd_text |= (uint64_t)(there & form->texts16[column] & (__mmask16)~form->nullable16[column] &
		    is_null);
	}
}

/* Checks the complete fields and carries the incomplete one into the next chunk. */
SIMD_ON_AVX512 static void
end_chunk(const struct simd_form *form, struct look *l, unsigned column, struct fields *fields, const uint32_t *ends,
    size_t n)
{
	look_at_fields(form, l, column, fields, ends, n);
	fields->first[0] = fields->first[n];
	fields->second[0] = fields->second[n];
	fields->nfirst = fields->nfirst > n;
	fields->nsecond = fields->nsecond > n;
}

SIMD_ON_AVX512 static size_t
split_avx512(const struct simd_form *form, const uint8_t *base, size_t from, size_t to, uint32_t *out,
    struct simd_seen *seen)
{
	struct look l = { .begins = 1 };
	struct fields fields;
	uint32_t *o = out, *begun = out;
	unsigned column = 0;
	uint64_t valid, separators;
	size_t at;

	fields.nfirst = fields.nsecond = 0;
	for (at = from; at + 64 <= to; at += 64) {
		separators = look_at_word(form, &l, _mm512_loadu_si512(base + at), UINT64_MAX, &fields);
		o += simd_places_avx512(separators, (uint32_t)at + 1, o);
		if ((at - from) % CHUNK == CHUNK - 64) {
			end_chunk(form, &l, column, &fields, begun - 1, (size_t)(o - begun));
			column = l.column;
			begun = o;
		}
	}
	if (at < to) {
		valid = _bzhi_u64(UINT64_MAX, (unsigned)(to - at));
		separators = look_at_word(form, &l, _mm512_maskz_loadu_epi8(valid, base + at), valid, &fields);
		o += simd_places_avx512(separators, (uint32_t)at + 1, o);
	}
	end_chunk(form, &l, column, &fields, begun - 1, (size_t)(o - begun));
	seen->lines = l.odd_lines == 0 && l.column == 0;
	seen->numbers = seen->lines && l.odd_numbers == 0;
	seen->text = seen->lines && l.odd_text == 0;
	return (size_t)(o - out);
}
#endif

void
simd_fill_split(struct simd *t, enum simd_level level)
{
	t->separators = SIMD_PICK(level, separators_words, separators_avx2, separators_avx2);
	t->split = NULL;
#if SIMD_X86
	if (level == SIMD_AVX512)
		t->split = split_avx512;
#endif
}
