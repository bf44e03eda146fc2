#include "rec/split.h"

#include <string.h>

#include "base/cpu.h"
#include "base/places.h"
#include "val/check.h"

#if CPU_X86
#include <immintrin.h>
#endif

static bool
is_separator(uint8_t c)
{
	return c == '\t' || c == '\n';
}

/*
 * Sets *plain if every field is valid in a column of bytes without a closer look: not empty, and either a null or
 * without any byte below 0x20.
 */
static size_t
split_portable(const uint8_t *base, size_t from, size_t to, uint32_t *out, bool *plain)
{
	uint32_t *o = out;
	bool before = true, separator, strange = false;
	size_t i;

	for (i = from; i < to; i++) {
		*o = (uint32_t)(i + 1);
		separator = is_separator(base[i]);
		o += separator;
		if (base[i] < 0x20)
			strange |= separator ? before : !(base[i] == VAL_NULL && before && i + 1 < to &&
			    is_separator(base[i + 1]));
		before = separator;
	}
	*plain = !strange;
	return (size_t)(o - out);
}

#if CPU_X86
struct masks {				/* a bit for each of 64 bytes */
	uint64_t separators, low, nulls;	/* low: below 0x20 */
};

CPU_AVX2 static inline void
classify(const uint8_t *p, unsigned shift, struct masks *m)
{
	__m256i v = _mm256_loadu_si256((const void *)p), top = _mm256_set1_epi8(0x1f);
	__m256i separators = _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\t')),
	    _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\n')));

	m->separators |= (uint64_t)(uint32_t)_mm256_movemask_epi8(separators) << shift;
	m->low |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(v, top), top)) << shift;
	m->nulls |= (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(VAL_NULL))) << shift;
}

CPU_AVX2 static size_t
split_avx2(const uint8_t *base, size_t from, size_t to, uint32_t *out, bool *plain)
{
	uint32_t *o = out;
	uint64_t strange = 0, before = 1, null_before = 0, mask, nulls, valid;
	size_t i, k, n;

	for (i = from; i < to; i += 64) {
		struct masks m = { 0 };

		classify(base + i, 0, &m);
		if (i + 32 < to)
			classify(base + i + 32, 32, &m);
		valid = to - i < 64 ? _bzhi_u64(UINT64_MAX, (uint32_t)(to - i)) : UINT64_MAX;
		mask = m.separators & valid;
		nulls = m.nulls & valid;
		/*
		 * Strange are: other low bytes; a separator after another; a null after anything but a separator;
		 * anything but a separator after a null.
		 */
		strange |= (m.low & valid & ~mask & ~nulls) | (mask & (mask << 1 | before)) |
		    (nulls & ~(mask << 1 | before)) |
		    ((nulls << 1 | null_before) & valid & ~mask);
		before = mask >> 63;
		null_before = nulls >> 63;
		n = (size_t)__builtin_popcountll(mask);
		/* Four at a time without checking the count: the slack takes the surplus. */
		for (k = 0; k < n; k += 4) {
			for (size_t j = 0; j < 4; j++) {
				o[k + j] = (uint32_t)(i + 1 + _tzcnt_u64(mask));
				mask = _blsr_u64(mask);
			}
		}
		o += n;
	}
	*plain = strange == 0;
	return (size_t)(o - out);
}
#endif

#if CPU_X86
/* ---- lines and values checked while splitting ---- */

#define BYTES(x) _mm512_set1_epi8((char)(x))

enum { CHUNK = 4096, CHUNK_FIELDS = CHUNK + 2 * 64 };
_Static_assert((int)REC_SPLIT_SLACK >= (int)PLACES_SLACK, "room for places");

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
CPU_AVX512 static inline void
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
CPU_AVX512 static inline uint64_t
look_at_word(const struct rec_form *form, struct look *l, __m512i v, uint64_t valid, struct fields *fields)
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
CPU_AVX512 static void
look_at_fields(const struct rec_form *form, struct look *l, unsigned column, const struct fields *fields,
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
CPU_AVX512 static void
end_chunk(const struct rec_form *form, struct look *l, unsigned column, struct fields *fields, const uint32_t *ends,
    size_t n)
{
	look_at_fields(form, l, column, fields, ends, n);
	fields->first[0] = fields->first[n];
	fields->second[0] = fields->second[n];
	fields->nfirst = fields->nfirst > n;
	fields->nsecond = fields->nsecond > n;
}

CPU_AVX512 static size_t
split_avx512(const struct rec_form *form, const uint8_t *base, size_t from, size_t to, uint32_t *out,
    struct rec_seen *seen)
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
		o += places_put(separators, (uint32_t)at + 1, o);
		if ((at - from) % CHUNK == CHUNK - 64) {
			end_chunk(form, &l, column, &fields, begun - 1, (size_t)(o - begun));
			column = l.column;
			begun = o;
		}
	}
	if (at < to) {
		valid = _bzhi_u64(UINT64_MAX, (unsigned)(to - at));
		separators = look_at_word(form, &l, _mm512_maskz_loadu_epi8(valid, base + at), valid, &fields);
		o += places_put(separators, (uint32_t)at + 1, o);
	}
	end_chunk(form, &l, column, &fields, begun - 1, (size_t)(o - begun));
	seen->lines = l.odd_lines == 0 && l.column == 0;
	seen->numbers = seen->lines && l.odd_numbers == 0;
	seen->text = seen->lines && l.odd_text == 0;
	return (size_t)(o - out);
}
#endif

/* ---- the form ---- */

void
rec_form(struct rec_form *f, const struct rec_header *h)
{
	struct val_checker checker;
	const struct rec_column *c;
	bool number;
	size_t i, from;

	memset(f, 0, sizeof(*f));
	if (h->ncolumns > REC_FORM_COLUMNS)
		return;
	f->ncolumns = h->ncolumns;
	f->bytes = rec_header_is_bytes(h);
	for (i = 0; i <= 2 * REC_FORM_COLUMNS; i++)
		f->next[i] = (uint8_t)(i % h->ncolumns);
	for (i = 0; i < h->ncolumns + 16; i++) {
		val_checker(&checker, h->columns[i % h->ncolumns].type, f->bytes);
		f->groups[i] = (uint8_t)checker.range.safe_groups;
	}
	for (from = 0; from <= h->ncolumns; from++)
		for (i = 0; i < 64; i++) {
			c = &h->columns[(from + i) % h->ncolumns];
			number = val_is_narrow(c->type) || c->type.kind == VAL_DECIMAL;
			f->number[from] |= (uint64_t)number << i;
			f->last[from] |= (uint64_t)((from + i + 1) % h->ncolumns == 0) << i;
			if (i >= 16 || from == h->ncolumns)
				continue;
			f->numbers16[from] |= (uint16_t)(number << i);
			f->texts16[from] |= (uint16_t)((c->type.kind == VAL_STRING) << i);
			f->nullable16[from] |= (uint16_t)(!c->required << i);
		}
}

size_t
rec_split(const struct rec_form *form, const uint8_t *base, size_t from, size_t to, uint32_t *out,
    struct rec_seen *seen)
{
	*seen = (struct rec_seen){ .lines = false };
#if CPU_X86
	if (form->ncolumns > 0 && cpu_has_avx512())
		return split_avx512(form, base, from, to, out, seen);
	if (cpu_has_avx2())
		return split_avx2(base, from, to, out, &seen->text);
#endif
	return split_portable(base, from, to, out, &seen->text);
}
