/*
 * Finds the rows of unquoted text.
 *
 * A line that holds a quote anywhere is left to libcsv. For the others it is enough to know where a line ends, how many
 * delimiters it has, and whether it needs a second look: an empty field, or a control byte that a record must escape.
 */
#include "csv/scan.h"

#include <string.h>

#include "base/cpu.h"
#include "base/places.h"

#if CPU_X86
#include <immintrin.h>
#endif

enum { DELIMITER = 1, CONTROL = 2, QUOTE = 4 };	/* kinds of bytes */

void
csv_scan_begin(struct csv_scan *s, struct csv_format f, const uint8_t *p, struct csv_row *rows)
{
	*s = (struct csv_scan){ .format = f, .p = p, .rows = rows };
	memset(s->kinds, CONTROL, 0x20);
	if (f.quote != 0)
		s->kinds[f.quote] = QUOTE;
	s->kinds[f.delimiter] = DELIMITER;
}

/* Counts the delimiters of a line and sees what is odd about it. False where it holds a quote. */
static bool
look_at_line(const struct csv_scan *s, struct csv_row *row, const uint8_t *p, size_t n)
{
	uint32_t nfields = 1, kind, before = DELIMITER, seen = 0, doubled = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		kind = s->kinds[p[i]];
		nfields += kind & DELIMITER;
		doubled |= kind & before;
		seen |= kind;
		before = kind;
	}
	row->nfields = nfields;
	row->flags = ((doubled | before) & DELIMITER ? CSV_EMPTY : 0) | (seen & CONTROL ? CSV_CONTROL : 0);
	return (seen & QUOTE) == 0;
}

/* Takes the line of n bytes at s->at; next is where the one after it begins. False at a quote. */
static bool
take_line(struct csv_scan *s, size_t n, size_t next)
{
	struct csv_row *row = &s->rows[s->n];

	if (n == 0) {
		s->blank++;
	} else {
		if (!look_at_line(s, row, s->p + s->at, n)) {
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

/* Takes the next line. False at a quote, and where it does not end before `end`. */
static bool
take_next(struct csv_scan *s, size_t end)
{
	const uint8_t *lf = memchr(s->p + s->at, '\n', end - s->at);
	size_t n;

	if (lf == NULL)
		return false;
	n = (size_t)(lf - s->p) - s->at;
	if (n > 0 && lf[-1] == '\r')
		n--;
	return take_line(s, n, (size_t)(lf - s->p) + 1);
}

void
csv_scan_portable(struct csv_scan *s, size_t end)
{
	while (s->n < CSV_BATCH && take_next(s, end))
		;
}

void
csv_scan_last(struct csv_scan *s, size_t end)
{
	take_line(s, end - s->at, end);
}

#if CPU_X86

/*
 * The vector scanner takes a chunk of the text at a time: first the masks of all its words of 64 bytes and where
 * its line feeds are, without a branch on the data; then the rows, from the masks.
 */
enum { CHUNK_FIRST = 4, CHUNK_WORDS = 128, CHUNK_LINES = CSV_BATCH + 64 };

struct chunk {
	const uint8_t *p;
	uint64_t delimiter[CHUNK_WORDS];	/* bit i of word w: byte 64 * w + i is a delimiter */
	uint64_t look[CHUNK_WORDS];		/* follows a quote or a control byte, except the LF of a CRLF */
	uint64_t empty[CHUNK_WORDS];		/* ends an empty field or a blank line */
	uint32_t before[CHUNK_WORDS];		/* delimiters in the words before w */
	uint32_t lf[CHUNK_LINES];		/* offsets of line feeds */
	size_t nlf;
	uint64_t any;				/* all of look and empty */
};

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

/*
 * Fills the chunk from n bytes at p, the start of a line, at most CHUNK_WORDS words, until it has `lines` line
 * feeds or a few more.
 */
CPU_AVX2 static void
fill_chunk(struct chunk *c, struct csv_format f, const uint8_t *p, size_t n, size_t lines)
{
	const __m256i delimiter = _mm256_set1_epi8((char)f.delimiter);
	const __m256i quote = _mm256_set1_epi8((char)(f.quote != 0 ? f.quote : '\n'));
	uint64_t odd_in = 0, cr_in = 0, separator_in = 2;	/* the last bits of the word before */
	uint32_t delimiters = 0;
	size_t w;

	c->p = p;
	c->nlf = 0;
	c->any = 0;
	for (w = 0; 64 * w < n && c->nlf < lines; w++) {
		struct masks m = classify(p + 64 * w, delimiter, quote);
		uint64_t lf = n - 64 * w < 64 ? _bzhi_u64(m.lf, (unsigned)(n - 64 * w)) : m.lf;
		uint64_t separator = m.lf | m.delimiter, crlf = m.lf & (m.cr << 1 | cr_in);
		uint32_t *out = c->lf + c->nlf;

		c->delimiter[w] = m.delimiter;
		c->before[w] = delimiters;
		c->look[w] = (m.odd << 1 | odd_in) & ~crlf;
		c->empty[w] = (separator & (separator << 1 | separator_in >> 1)) |
		    (crlf & (separator << 2 | separator_in));
		c->any |= c->look[w] | c->empty[w];
		delimiters += (uint32_t)__builtin_popcountll(m.delimiter);
		odd_in = m.odd >> 63;
		cr_in = m.cr >> 63;
		separator_in = separator >> 62;
		c->nlf += (size_t)__builtin_popcountll(lf);
		do {	/* four at a time, of which nlf says how many there were */
			int i;

			for (i = 0; i < 4; i++) {
				*out++ = (uint32_t)(64 * w + _tzcnt_u64(lf));
				lf = _blsr_u64(lf);
			}
		} while (lf != 0);
	}
}

/* fill_chunk, with a bit for each byte straight from the comparison. */
CPU_AVX512 static void
fill_chunk_avx512(struct chunk *c, struct csv_format f, const uint8_t *p, size_t n, size_t lines)
{
	const __m512i delimiter = _mm512_set1_epi8((char)f.delimiter), newline = _mm512_set1_epi8('\n'),
	    quote = _mm512_set1_epi8((char)(f.quote != 0 ? f.quote : '\n')), low = _mm512_set1_epi8(0x1f);
	uint64_t odd_in = 0, cr_in = 0, separator_in = 2;	/* the last bits of the word before */
	uint64_t lf, delimiters, separator, odd, cr, crlf, look, empty, any = 0;
	uint32_t before = 0;
	size_t w, nlf = 0;

	for (w = 0; 64 * w < n && nlf < lines; w++) {
		__m512i v = _mm512_loadu_si512(p + 64 * w);

		lf = _mm512_cmpeq_epi8_mask(v, newline);
		delimiters = _mm512_cmpeq_epi8_mask(v, delimiter);
		separator = lf | delimiters;
		odd = (_mm512_cmple_epu8_mask(v, low) | _mm512_cmpeq_epi8_mask(v, quote)) & ~separator;
		look = 0;
		empty = separator & (separator << 1 | separator_in >> 1);
		cr = 0;
		if ((odd | odd_in) != 0) {
			cr = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\r'));
			crlf = lf & (cr << 1 | cr_in);
			look = (odd << 1 | odd_in) & ~crlf;
			empty |= crlf & (separator << 2 | separator_in);
		}
		c->delimiter[w] = delimiters;
		c->before[w] = before;
		c->look[w] = look;
		c->empty[w] = empty;
		any |= look | empty;
		before += (uint32_t)__builtin_popcountll(delimiters);
		odd_in = odd >> 63;
		cr_in = cr >> 63;
		separator_in = separator >> 62;
		if (n - 64 * w < 64)
			lf = _bzhi_u64(lf, (unsigned)(n - 64 * w));
		nlf += places_put(lf, (uint32_t)(64 * w), c->lf + nlf);
	}
	c->p = p;
	c->nlf = nlf;
	c->any = any;
}

/* Is a bit set from byte `begin` to byte `end`, inclusive? */
CPU_AVX2 static inline bool
any_bit(const uint64_t *words, size_t begin, size_t end)
{
	uint64_t bits = words[begin / 64] & ~UINT64_C(0) << begin % 64;
	size_t w;

	for (w = begin / 64; w < end / 64; bits = words[++w])
		if (bits != 0)
			return true;
	return _bzhi_u64(bits, (unsigned)(end % 64) + 1) != 0;
}

/* Delimiters in the chunk before byte i. */
CPU_AVX2 static inline uint32_t
delimiters_before(const struct chunk *c, size_t i)
{
	return c->before[i / 64] + (uint32_t)__builtin_popcountll(_bzhi_u64(c->delimiter[i / 64], (unsigned)(i % 64)));
}

/* The rows of a chunk in which nothing is odd. */
CPU_AVX2 static void
take_plain(struct csv_scan *s, const struct chunk *c)
{
	uint32_t base = (uint32_t)(c->p - s->p), lines = s->lines, begin = 0, fields = 0;
	struct csv_row *row = s->rows + s->n;
	size_t k;

	for (k = 0; k < c->nlf; k++, row++) {
		uint32_t lf = c->lf[k], upto = delimiters_before(c, lf);

		row->off = base + begin;
		row->len = lf - begin - (c->p[lf - 1] == '\r');
		row->line = lines++;
		row->nfields = upto - fields + 1;
		row->flags = 0;
		begin = lf + 1;
		fields = upto;
	}
	s->n += c->nlf;
	s->lines = lines;
	s->at = base + begin;
}

/* The same where something is; each row is seen to by itself. */
CPU_AVX2 static void
take_odd(struct csv_scan *s, const struct chunk *c)
{
	size_t k, base = (size_t)(c->p - s->p);
	uint32_t fields = 0;

	for (k = 0; k < c->nlf; k++) {
		struct csv_row *row = &s->rows[s->n];
		size_t lf = c->lf[k], begin = s->at - base, n = lf - begin;
		uint32_t upto = delimiters_before(c, lf);
		bool empty = any_bit(c->empty, begin, lf);

		n -= n > 0 && c->p[lf - 1] == '\r';
		if (any_bit(c->look, begin, lf) || n == 0) {
			if (!take_line(s, n, base + lf + 1))
				return;
		} else {
			*row = (struct csv_row){ .off = (uint32_t)s->at, .len = (uint32_t)n, .line = s->lines++,
			    .nfields = upto - fields + 1, .flags = empty ? CSV_EMPTY : 0 };
			s->n++;
			s->at = base + lf + 1;
		}
		fields = upto;
	}
}

CPU_AVX2 void
csv_scan_avx2(struct csv_scan *s, size_t end)
{
	void (*fill)(struct chunk *, struct csv_format, const uint8_t *, size_t, size_t) =
	    cpu_has_avx512() ? fill_chunk_avx512 : fill_chunk;
	struct chunk c;
	size_t n, words = CHUNK_FIRST;	/* few first, as it may be the next line that holds a quote */

	while (s->n < CSV_BATCH && !s->quote && s->at < end) {
		n = end - s->at < 64 * words ? end - s->at : 64 * words;
		fill(&c, s->format, s->p + s->at, n, CSV_BATCH - s->n);
		if (c.nlf > 0 && c.any == 0)
			take_plain(s, &c);
		else if (c.nlf > 0)
			take_odd(s, &c);
		else if (words == CHUNK_WORDS || end - s->at <= 64 * words)
			if (!take_next(s, end))	/* longer than a chunk, or not all there */
				break;
		words = words < CHUNK_WORDS ? 2 * words : words;
	}
}

#else

void
csv_scan_avx2(struct csv_scan *s, size_t end)
{
	csv_scan_portable(s, end);
}

#endif

void
csv_scan(struct csv_scan *s, size_t end)
{
	if (cpu_has_avx2())
		csv_scan_avx2(s, end);
	else
		csv_scan_portable(s, end);
}
