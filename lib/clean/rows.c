/* Converts rows of a group: the columns with `take`, then assembles the rows from the results. */
#include <stdlib.h>

#include "base/cpu.h"
#include "clean/clean.h"

#if CPU_X86
#include <immintrin.h>

void
cleaner_find_parts(struct cleaner *k)
{
	struct cleaner_part *p;
	size_t i;

	for (i = 0; i < k->ncolumns; i++)
		if (k->columns[i].take == NULL)
			return;
	k->start = xcalloc(k->malformed / 8 + 1, 8 * COLUMN_ROWS * sizeof(*k->start));
	k->len = xcalloc(k->malformed / 8 + 1, 8 * COLUMN_ROWS * sizeof(*k->len));
	k->parts = xcalloc(k->ncolumns, sizeof(*k->parts));
	for (i = 0; i < k->ncolumns; i++) {
		p = k->nparts > 0 ? &k->parts[k->nparts - 1] : NULL;
		if (p == NULL || !p->coded || !k->columns[i].coded || p->n == CLEANER_PART) {
			p = &k->parts[k->nparts++];
			p->first = i;
			p->coded = k->columns[i].coded;
		}
		p->code[p->n++] = k->columns[i].rows->code;
	}
	for (p = k->parts; p < k->parts + k->nparts; p++)
		for (i = p->n; i < CLEANER_PART; i++)
			p->code[i] = p->code[0];		/* none of whose bytes count */
}

/* ---- columns ---- */

/* Transposes eight columns of eight rows: row i of the input is column i of the output. */
CPU_AVX512 static inline void
turn(__m256i v[8])
{
	__m256i a[8], b[8];
	int i;

	for (i = 0; i < 4; i++) {
		a[2 * i] = _mm256_unpacklo_epi32(v[2 * i], v[2 * i + 1]);
		a[2 * i + 1] = _mm256_unpackhi_epi32(v[2 * i], v[2 * i + 1]);
	}
	for (i = 0; i < 2; i++) {
		b[4 * i] = _mm256_unpacklo_epi64(a[4 * i], a[4 * i + 2]);
		b[4 * i + 1] = _mm256_unpackhi_epi64(a[4 * i], a[4 * i + 2]);
		b[4 * i + 2] = _mm256_unpacklo_epi64(a[4 * i + 1], a[4 * i + 3]);
		b[4 * i + 3] = _mm256_unpackhi_epi64(a[4 * i + 1], a[4 * i + 3]);
	}
	for (i = 0; i < 4; i++) {
		v[i] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x20);
		v[i + 4] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x31);
	}
}

/*
 * Computes the starts and lengths of the fields of n rows, one column after the other; repeats rows up to a multiple of
 * 8, so that no field beyond the batch is read. Columns come in eights: those after a row's last are unused.
 */
CPU_AVX512 static void
find_fields(struct cleaner *k, const uint32_t *off, size_t stride, size_t n)
{
	__m256i start[8], len[8];
	size_t i, j, c;

	for (i = 0; i < n; i += 8) {
		for (c = 0; c < stride; c += 8) {
			for (j = 0; j < 8; j++) {
				const uint32_t *row = off + (i + j < n ? i + j : i) * stride + c;

				start[j] = _mm256_loadu_si256((const void *)row);
				len[j] = _mm256_sub_epi32(_mm256_loadu_si256((const void *)(row + 1)), start[j]);
				len[j] = _mm256_sub_epi32(len[j], _mm256_set1_epi32(1));
			}
			turn(start);
			turn(len);
			for (j = 0; j < 8; j++) {
				_mm256_storeu_si256((void *)(k->start + (c + j) * COLUMN_ROWS + i), start[j]);
				_mm256_storeu_si256((void *)(k->len + (c + j) * COLUMN_ROWS + i), len[j]);
			}
		}
	}
}

/* Joins the masks of a part's codes for each row. */
CPU_AVX512 static void
join_valid(const struct cleaner *k, struct cleaner_part *p)
{
	static const uint8_t none[COLUMN_ROWS];
	const uint8_t *valid[CLEANER_PART];
	__m128i a, b;
	size_t i;

	for (i = 0; i < CLEANER_PART; i++)
		valid[i] = i < p->n ? k->columns[p->first + i].rows->valid : none;
	for (i = 0; i < COLUMN_ROWS; i += 8) {
		a = _mm_unpacklo_epi8(_mm_loadl_epi64((const void *)(valid[0] + i)),
		    _mm_loadl_epi64((const void *)(valid[1] + i)));
		b = _mm_unpacklo_epi8(_mm_loadl_epi64((const void *)(valid[2] + i)),
		    _mm_loadl_epi64((const void *)(valid[3] + i)));
		_mm_storeu_si128((void *)(p->valid + i), _mm_unpacklo_epi16(a, b));
		_mm_storeu_si128((void *)(p->valid + i + 4), _mm_unpackhi_epi16(a, b));
	}
}

uint64_t
cleaner_take(struct cleaner *k, const struct rec_batch *b, size_t from, size_t n)
{
	const uint32_t *off = b->off + from * b->stride;
	uint64_t good = 0;
	struct column *c;
	size_t i;

	find_fields(k, off, b->stride, n);
	for (i = 0; i < n; i++)
		good |= (uint64_t)(b->base[k->start[k->malformed * COLUMN_ROWS + i]] == VAL_NULL) << i;
	for (c = k->columns; c < k->columns + k->ncolumns; c++) {
		c->rows->start = k->start + c->field * COLUMN_ROWS;
		c->rows->n = k->len + c->field * COLUMN_ROWS;
		good &= c->take(c, b->base, n);
	}
	for (i = 0; i < k->nparts; i++)
		if (k->parts[i].coded)
			join_valid(k, &k->parts[i]);
	return good;
}

/* ---- rows ---- */

/* Compresses codes that lie side by side, dropping the bytes that do not count. */
CPU_AVX512 static inline uint8_t *
put_codes(const struct cleaner_part *p, size_t i, uint8_t *out)
{
	__m256i codes = _mm256_set_epi64x((int64_t)p->code[3][i], (int64_t)p->code[2][i], (int64_t)p->code[1][i],
	    (int64_t)p->code[0][i]);

	_mm256_storeu_si256((void *)out, _mm256_maskz_compress_epi8(p->valid[i], codes));
	return out + __builtin_popcount(p->valid[i]);
}

static inline uint8_t *
put_text(const struct column *c, size_t i, uint8_t *out)
{
	const struct column_rows *r = c->rows;
	bool null = (r->nulls >> i & 1) != 0;
	const uint8_t *p = null ? c->null : r->base + r->start[i];
	size_t n = (null ? c->null_len : r->n[i]) + (size_t)1, at;

	for (at = 0; at < n; at += VAL_PAD)
		memcpy(out + at, p + at, VAL_PAD);
	return out + n;
}

CPU_AVX512 uint8_t *
cleaner_put(const struct cleaner *k, size_t from, size_t to, uint8_t *out, uint8_t **ends)
{
	const struct cleaner_part *p, *end = k->parts + k->nparts;
	size_t i;

	for (i = from; i < to; i++) {
		for (p = k->parts; p < end; p++) {
			if (p->coded)
				out = put_codes(p, i, out);
			else
				out = put_text(&k->columns[p->first], i, out);
		}
		out[-1] = '\n';
		ends[i] = out - 1;
	}
	return out;
}

#else

void
cleaner_find_parts(struct cleaner *k)
{
	(void)k;
}

uint64_t
cleaner_take(struct cleaner *k, const struct rec_batch *b, size_t from, size_t n)
{
	(void)k, (void)b, (void)from, (void)n;
	return 0;
}

uint8_t *
cleaner_put(const struct cleaner *k, size_t from, size_t to, uint8_t *out, uint8_t **ends)
{
	(void)k, (void)from, (void)to, (void)ends;
	return out;
}

#endif
