/*
 * Finds the rows of unquoted text.
 *
 * A line that holds a quote anywhere is left to libcsv. For the others it is enough to know where a line ends, how many
 * delimiters it has, and whether it needs a second look: an empty field, or a control byte that a record must escape.
 */
#include "csv/scan.h"

#include <string.h>

#include "base/cpu.h"

#if CPU_X86
#include <immintrin.h>
#endif

/* Counts the delimiters of a line and sees what is odd about it. False where it holds a quote. */
static bool
look_at_line(struct csv_row *row, struct csv_format f, const uint8_t *p, size_t n)
{
	uint32_t nfields = 1, flags = 0;
	bool empty = true;	/* the field so far */
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i] == f.delimiter) {
			nfields++;
			flags |= empty ? CSV_EMPTY : 0;
			empty = true;
			continue;
		}
		if (p[i] == f.quote && f.quote != 0)
			return false;
		flags |= p[i] < 0x20 ? CSV_CONTROL : 0;
		empty = false;
	}
	row->nfields = nfields;
	row->flags = flags | (empty ? CSV_EMPTY : 0);
	return true;
}

/* Takes the line of n bytes at s->at; next is where the one after it begins. False at a quote. */
static bool
take_line(struct csv_scan *s, struct csv_format f, size_t n, size_t next)
{
	struct csv_row *row = &s->rows[s->n];

	if (n == 0) {
		s->blank++;
	} else {
		if (!look_at_line(row, f, s->p + s->at, n)) {
			s->quote = true;
			return false;
		}
		row->off = (uint32_t)s->at;
		row->len = (uint32_t)n;
		row->line = s->lines;
		s->n++;
	}
	s->lines++;
	s->at = next;
	return true;
}

void
csv_scan_portable(struct csv_scan *s, struct csv_format f, size_t end)
{
	const uint8_t *lf;
	size_t n;

	while (s->n < CSV_BATCH && (lf = memchr(s->p + s->at, '\n', end - s->at)) != NULL) {
		n = (size_t)(lf - s->p) - s->at;
		if (n > 0 && lf[-1] == '\r')
			n--;
		if (!take_line(s, f, n, (size_t)(lf - s->p) + 1))
			break;
	}
}

void
csv_scan_last(struct csv_scan *s, struct csv_format f, size_t end)
{
	take_line(s, f, end - s->at, end);
}

#if CPU_X86

struct masks {		/* bit i for byte i of 64 */
	uint64_t lf, delimiter, odd, cr;
};

/* What the bytes are. Odd are quotes and control bytes other than line feeds and delimiters. */
CPU_AVX2 static inline struct masks
classify(const uint8_t *p, __m256i delimiter, __m256i quote)
{
	const __m256i lf = _mm256_set1_epi8('\n'), cr = _mm256_set1_epi8('\r'), low = _mm256_set1_epi8(0x1f);
	uint64_t m[2][4];
	__m256i v, is_lf, is_delimiter, is_odd;
	int i;

	for (i = 0; i < 2; i++) {
		v = _mm256_loadu_si256((const __m256i *)(p + 32 * i));
		is_lf = _mm256_cmpeq_epi8(v, lf);
		is_delimiter = _mm256_cmpeq_epi8(v, delimiter);
		is_odd = _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_min_epu8(v, low), v), _mm256_cmpeq_epi8(v, quote));
		is_odd = _mm256_andnot_si256(_mm256_or_si256(is_lf, is_delimiter), is_odd);
		m[i][0] = (uint32_t)_mm256_movemask_epi8(is_lf);
		m[i][1] = (uint32_t)_mm256_movemask_epi8(is_delimiter);
		m[i][2] = (uint32_t)_mm256_movemask_epi8(is_odd);
		m[i][3] = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, cr));
	}
	return (struct masks){ m[0][0] | m[1][0] << 32, m[0][1] | m[1][1] << 32, m[0][2] | m[1][2] << 32,
	    m[0][3] | m[1][3] << 32 };
}

/* Takes the line that ends at the LF at `lf`, of which the masks gave its fields and whether it is odd. False at a quote. */
CPU_AVX2 static inline bool
take_masked(struct csv_scan *s, struct csv_format f, size_t lf, uint32_t nfields, bool odd)
{
	struct csv_row *row = &s->rows[s->n];
	size_t n = lf - s->at;

	if (n > 0 && s->p[lf - 1] == '\r') {
		n--;
		odd |= n > 0 && s->p[lf - 2] == f.delimiter;
	}
	if (odd || n == 0)
		return take_line(s, f, n, lf + 1);
	*row = (struct csv_row){ .off = (uint32_t)s->at, .len = (uint32_t)n, .line = s->lines, .nfields = nfields };
	s->n++;
	s->lines++;
	s->at = lf + 1;
	return true;
}

CPU_AVX2 void
csv_scan_avx2(struct csv_scan *s, struct csv_format f, size_t end)
{
	const __m256i delimiter = _mm256_set1_epi8((char)f.delimiter);
	const __m256i quote = _mm256_set1_epi8((char)(f.quote != 0 ? f.quote : '\n'));
	uint64_t odd_in = 0, cr_in = 0, separator_in = 1;	/* about the byte before the 64 */
	uint64_t odd_before = 0;				/* about the line's bytes before the 64 */
	uint32_t nfields = 1;
	size_t at;

	for (at = s->at; at < end; at += 64) {
		struct masks m = classify(s->p + at, delimiter, quote);
		uint64_t lf = end - at < 64 ? _bzhi_u64(m.lf, (unsigned)(end - at)) : m.lf;
		uint64_t separator = m.lf | m.delimiter;
		/* Odd is what follows an odd byte, except the LF of a CRLF, and a separator that follows another. */
		uint64_t odd = ((m.odd << 1 | odd_in) & ~(m.lf & (m.cr << 1 | cr_in))) |
		    (separator & (separator << 1 | separator_in));

		odd_in = m.odd >> 63;
		cr_in = m.cr >> 63;
		separator_in = separator >> 63;
		while (lf != 0) {
			uint64_t line = _blsmsk_u64(lf);

			nfields += (uint32_t)__builtin_popcountll(m.delimiter & line);
			if (!take_masked(s, f, at + (size_t)__builtin_ctzll(lf), nfields, ((odd & line) | odd_before) != 0) ||
			    s->n == CSV_BATCH)
				return;
			m.delimiter &= ~line;
			odd &= ~line;
			odd_before = 0;
			nfields = 1;
			lf = _blsr_u64(lf);
		}
		nfields += (uint32_t)__builtin_popcountll(m.delimiter);
		odd_before |= odd;
	}
}

#else

void
csv_scan_avx2(struct csv_scan *s, struct csv_format f, size_t end)
{
	csv_scan_portable(s, f, end);
}

#endif

void
csv_scan(struct csv_scan *s, struct csv_format f, size_t end)
{
	if (cpu_has_avx2())
		csv_scan_avx2(s, f, end);
	else
		csv_scan_portable(s, f, end);
}
