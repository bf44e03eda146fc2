/*
 * Encodes a column's values into slots, each a field followed by a TAB. With AVX-512, and if all values have at most
 * six digit groups, eight numbers at a time into slots of 8 bytes; otherwise one by one into slots of SLOT bytes.
 */
#include "base/cpu.h"
#include "table/from.h"
#include "val/eight.h"

/* Encodes a value of at most eight groups into the slot of row k; returns false if it has more. */
static inline bool
fill_int(struct from_column *c, size_t k, int64_t v)
{
	uint8_t *p = c->slot + k * SLOT, *end;

	if (val_groups((uint64_t)(v ^ v >> 63)) > 8)
		return false;
	end = put_int(p, v);
	*end = '\t';
	c->length[k] = (uint8_t)(end + 1 - p);
	return true;
}

static inline bool
fill_null(struct from_column *c, size_t k)
{
	c->slot[k * SLOT] = VAL_NULL;
	c->slot[k * SLOT + 1] = '\t';
	c->length[k] = 2;
	return !c->source.required;
}

static bool
fill_i32(struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n)
{
	size_t k;
	bool good = true;

	for (k = 0; k < n; k++)
		good &= v->def != NULL && !v->def[rows[k]] ? fill_null(c, k) : fill_int(c, k, v->v.i32[rows[k]]);
	return good;
}

/* Like fill_int, also checking a decimal's limit. */
static inline bool
fill_narrow(struct from_column *c, size_t k, int64_t v)
{
	return (c->limit == 0 || (v < c->limit && v > -c->limit)) && fill_int(c, k, v);
}

static bool
fill_i64(struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n)
{
	size_t k;
	bool good = true;

	for (k = 0; k < n && good; k++)
		good = v->def != NULL && !v->def[rows[k]] ? fill_null(c, k) : fill_narrow(c, k, v->v.i64[rows[k]]);
	return good;
}

static bool
fill_i128(struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n)
{
	size_t k;
	bool good = true;

	for (k = 0; k < n && good; k++) {
		i128 w = v->v.i128[rows[k]];

		good = v->def != NULL && !v->def[rows[k]] ? fill_null(c, k) :
		    w == (int64_t)w && fill_narrow(c, k, (int64_t)w);
	}
	return good;
}

static bool
fill_dict(struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n)
{
	size_t k;
	bool good = true;

	for (k = 0; k < n; k++) {
		const struct pq_bytes *b;

		if (v->def != NULL && !v->def[rows[k]]) {
			good &= fill_null(c, k);
			continue;
		}
		b = &c->dict[v->index[rows[k]]];
		memcpy(c->slot + k * SLOT, b->p, SLOT);
		c->length[k] = (uint8_t)(b->n + 1);
	}
	return good;
}

/* ---- eight at a time ---- */

#if CPU_X86

/* Loads the values of n rows, at most eight; zero-pads. */
CPU_AVX512 static inline __m512i
load_eight(const struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n)
{
	__mmask8 some = (__mmask8)((1u << n) - 1);
	__m256i at;

	if (rows[n - 1] - rows[0] == n - 1)
		return c->shape == PQ_I64 ? _mm512_maskz_loadu_epi64(some, v->v.i64 + rows[0]) :
		    _mm512_cvtepi32_epi64(_mm256_maskz_loadu_epi32(some, v->v.i32 + rows[0]));
	at = _mm256_maskz_loadu_epi32(some, rows);
	return c->shape == PQ_I64 ? _mm512_mask_i32gather_epi64(_mm512_setzero_si512(), some, at, v->v.i64, 8) :
	    _mm512_cvtepi32_epi64(_mm256_mmask_i32gather_epi32(_mm256_setzero_si256(), some, at, v->v.i32, 4));
}

/* Loads wide values; *wide marks those that do not fit their low half. */
CPU_AVX512 static inline __m512i
load_eight_wide(const struct pq_vector *v, const uint32_t *rows, size_t n, __mmask8 *wide)
{
	const __m512i lows = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14),
	    highs = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
	__mmask8 some = (__mmask8)((1u << n) - 1);
	__m512i at, low, high, four;
	const void *p;

	if (rows[n - 1] - rows[0] == n - 1) {
		p = v->v.i128 + rows[0];
		low = _mm512_maskz_loadu_epi64((__mmask8)((1u << 2 * n) - 1), p);
		four = _mm512_maskz_loadu_epi64((__mmask8)(((1u << 2 * n) - 1) >> 8), (const uint8_t *)p + 64);
		high = _mm512_permutex2var_epi64(low, highs, four);
		low = _mm512_permutex2var_epi64(low, lows, four);
	} else {
		at = _mm512_slli_epi64(_mm512_cvtepu32_epi64(_mm256_maskz_loadu_epi32(some, rows)), 1);
		low = _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), some, at, v->v.i128, 8);
		high = _mm512_mask_i64gather_epi64(_mm512_setzero_si512(), some,
		    _mm512_add_epi64(at, _mm512_set1_epi64(1)),
		    v->v.i128, 8);
	}
	*wide = _mm512_cmpneq_epi64_mask(high, _mm512_srai_epi64(low, 63));
	return low;
}

static inline uint8_t
present(const struct pq_vector *v, const uint32_t *rows, size_t n)
{
	unsigned there = 0;

	while (n-- > 0)
		there = there << 1 | (v->def[rows[n]] != 0);
	return (uint8_t)there;
}

/* Encodes numbers of at most six groups within a decimal's limit. */
CPU_AVX512 static bool
fill_eights(struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n)
{
	const int64_t most = INT64_C(1) << VAL_EIGHT_BITS;
	bool limited = c->limit != 0 && c->limit <= most;
	__m512i high = _mm512_set1_epi64(limited ? (int64_t)c->limit - 1 : most - 1),
	    low = _mm512_set1_epi64(limited ? 1 - (int64_t)c->limit : -most), x, code, groups;
	size_t k, some;

	memset(c->length, 0, sizeof(c->length));
	for (k = 0; k < n; k += some) {
		__mmask8 there, all, wide = 0;

		some = n - k < 8 ? n - k : 8;
		all = there = (__mmask8)((1u << some) - 1);
		if (v->def != NULL)
			there = present(v, rows + k, some);
		if (there != all && c->source.required)
			return false;
		x = c->shape == PQ_I128 ? load_eight_wide(v, rows + k, some, &wide) : load_eight(c, v, rows + k, some);
		x = _mm512_maskz_mov_epi64(there, x);
		if ((wide & there) != 0 || (_mm512_cmpgt_epi64_mask(x, high) | _mm512_cmplt_epi64_mask(x, low)) != 0)
			return false;
		code = val_eight(x, &groups);
		code = _mm512_mask_mov_epi64(_mm512_set1_epi64(VAL_NULL | '\t' << 8), there, code);
		groups = _mm512_add_epi64(_mm512_maskz_mov_epi64(there, groups), _mm512_set1_epi64(2));
		_mm512_storeu_si512(c->slot + 8 * k, code);
		_mm_storel_epi64((void *)(c->length + k), _mm512_maskz_cvtepi64_epi8(all, groups));
	}
	c->stride = 8;
	return true;
}

#else

static bool
fill_eights(struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n)
{
	(void)c, (void)v, (void)rows, (void)n;
	return false;
}

#endif

bool
from_fill(struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n)
{
	if ((c->shape == PQ_I32 || c->shape == PQ_I64 || c->shape == PQ_I128) && cpu_has_avx512() &&
	    fill_eights(c, v, rows, n))
		return true;
	memset(c->length, 0, sizeof(c->length));
	c->stride = SLOT;
	switch (c->shape) {
	case PQ_I32:
		return fill_i32(c, v, rows, n);
	case PQ_I64:
		return fill_i64(c, v, rows, n);
	case PQ_I128:
		return fill_i128(c, v, rows, n);
	case PQ_BYTES:
		return v->index != NULL && c->dict_short && fill_dict(c, v, rows, n);
	default:
		return false;
	}
}
