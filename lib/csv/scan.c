/*
 * Finds rows whose quotes are all plainly well placed.
 *
 * A quoted field begins where an odd quote is, counted from the row's first byte, and ends where an even one is, doubled
 * quotes being an end and a beginning: so a prefix xor of the quotes' bits says for each byte whether it is within
 * quotes. That holds as long as every odd quote follows a delimiter, a line end or an even quote, and a delimiter, a
 * line end or an odd quote follows every even one. The first row for which it does not needs care, and so does one with
 * an escape within quotes. For the others it is enough to know where the row ends, how many delimiters and lines it
 * has, and whether it needs a second look: an empty field, or a control byte that a record must escape.
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
	*s = (struct csv_scan){ .format = f, .p = p, .limit = CSV_MAX_RECORD, .rows = rows };
	memset(s->kinds, CONTROL, 0x20);
	if (f.quote != 0)
		s->kinds[f.quote] = QUOTE;
	s->kinds[f.delimiter] = DELIMITER;
}

/* ---- a line without quotes ---- */

static size_t
without_crs(const uint8_t *p, size_t n)
{
	while (n > 0 && p[n - 1] == '\r')
		n--;
	return n;
}

/* Counts the delimiters of a line and sees what is odd about it. False where it holds a quote. */
static bool
look_at_line(const struct csv_scan *s, struct csv_row *row, const uint8_t *p, size_t n)
{
	enum { LONG = 1024 };	/* a quote in so long a line is found before it is looked at */
	uint32_t nfields = 1, kind, before = DELIMITER, seen = 0, doubled = 0;
	size_t i;

	if (n > LONG && s->format.quote != 0 && memchr(p, s->format.quote, n) != NULL)
		return false;
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

/* Takes the line of n bytes at s->at; next is where the one after it begins. False where it needs care. */
static bool
take_line(struct csv_scan *s, size_t n, size_t next)
{
	struct csv_row *row = &s->rows[s->n];

	if (n == 0) {
		s->blank++;
	} else {
		if (n > s->limit || !look_at_line(s, row, s->p + s->at, n)) {
			s->care = true;
			return false;
		}
		row->off = (uint32_t)s->at;
		row->len = (uint32_t)n;
		row->line = s->lines;
		row->lines = 1;
		s->n++;
	}
	s->lines++;
	s->at = next;
	return true;
}

/* Takes the next line. False where it needs care, and where it does not end before `end`. */
static bool
take_next(struct csv_scan *s, size_t end)
{
	const uint8_t *line = s->p + s->at, *lf = memchr(line, '\n', end - s->at);

	if (lf == NULL)
		return false;
	return take_line(s, without_crs(line, (size_t)(lf - line)), (size_t)(lf - s->p) + 1);
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
	uint64_t delimiter[CHUNK_WORDS];	/* bit i of word w: byte 64 * w + i is a delimiter, not within quotes */
	uint64_t look[CHUNK_WORDS];		/* follows a control byte, except the LF of a CRLF */
	uint64_t empty[CHUNK_WORDS];		/* ends an empty field or a blank line */
	uint32_t before[CHUNK_WORDS];		/* delimiters in the words before w */
	uint32_t lf[CHUNK_LINES];		/* offsets of line feeds that are not within quotes */
	size_t nlf;
	uint64_t any;				/* all of look and empty */
	/* where `quotes` is other than 0: */
	uint64_t quote[CHUNK_WORDS];
	uint64_t bad[CHUNK_WORDS];		/* shows that its row needs care */
	uint64_t inner[CHUNK_WORDS];		/* line feeds within quotes */
	uint64_t quotes, bads, inners;		/* all of them */
};

/* ---- quotes ---- */

struct masks {		/* bit i for byte i of 64 */
	uint64_t lf, delimiter, control, cr, quote, escape;	/* control: below 0x20 */
};

struct quotes {		/* what one word of a chunk hands to the next */
	uint64_t within;	/* all ones where the next byte is within quotes */
	uint64_t separator, quote, closed, closed_cr;	/* bit 0: what the last byte was */
};

/* Bit i: is the number of bits up to and with i odd? */
static inline uint64_t
prefix_xor(uint64_t m)
{
	m ^= m << 1;
	m ^= m << 2;
	m ^= m << 4;
	m ^= m << 8;
	m ^= m << 16;
	return m ^ m << 32;
}

/*
 * Takes delimiters and line feeds within quotes out of the masks of word w, and notes its quotes, the line feeds, and
 * what shows that a row needs care.
 */
static inline void
find_quotes(struct chunk *c, size_t w, struct quotes *q, struct masks *m, bool one_line)
{
	uint64_t within = prefix_xor(m->quote) ^ q->within, open = m->quote & within, close = m->quote & ~within;
	uint64_t inner = m->lf & within, separator, closed, closed_cr, bad;

	m->delimiter &= ~within;
	m->lf &= ~within;
	separator = m->delimiter | m->lf;
	closed = close << 1 | q->closed;
	closed_cr = closed & m->cr;
	bad = open & ~(separator << 1 | q->separator | m->quote << 1 | q->quote);
	bad |= closed & ~(separator | m->quote | m->cr);
	bad |= (closed_cr << 1 | q->closed_cr) & ~m->lf;
	bad |= (m->escape & within) | (one_line ? inner : 0);
	c->quote[w] = m->quote;
	c->bad[w] = bad;
	c->inner[w] = inner;
	c->quotes |= m->quote;
	c->bads |= bad;
	c->inners |= inner;
	*q = (struct quotes){ (uint64_t)((int64_t)within >> 63), separator >> 63, m->quote >> 63, close >> 63,
	    closed_cr >> 63 };
}

/* The first word with quotes: those before had none. */
static inline void
begin_quotes(struct chunk *c, size_t w, struct quotes *q, uint64_t separator_in)
{
	memset(c->quote, 0, w * sizeof(*c->quote));
	memset(c->bad, 0, w * sizeof(*c->bad));
	memset(c->inner, 0, w * sizeof(*c->inner));
	*q = (struct quotes){ .separator = separator_in >> 1 & 1 };
}

/* ---- chunks ---- */


CPU_AVX2 static inline uint64_t
mask_of(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

CPU_AVX2 static inline uint64_t
find_byte(const __m256i v[2], __m256i byte)
{
	return mask_of(_mm256_cmpeq_epi8(v[0], byte), _mm256_cmpeq_epi8(v[1], byte));
}

CPU_AVX2 static inline uint64_t
find_low(const __m256i v[2])
{
	const __m256i low = _mm256_set1_epi8(0x1f);

	return mask_of(_mm256_cmpeq_epi8(_mm256_min_epu8(v[0], low), v[0]),
	    _mm256_cmpeq_epi8(_mm256_min_epu8(v[1], low), v[1]));
}

static inline bool
has_escape(struct csv_format f)
{
	return f.escape != 0 && f.escape != f.quote;
}

/*
 * Fills the chunk from n bytes at p, the start of a row, at most CHUNK_WORDS words, until it has `lines` line feeds or
 * a few more.
 */
CPU_AVX2 static void
fill_chunk(struct chunk *c, struct csv_format f, const uint8_t *p, size_t n, size_t lines)
{
	const __m256i delimiter = _mm256_set1_epi8((char)f.delimiter), quote = _mm256_set1_epi8((char)f.quote),
	    escape = _mm256_set1_epi8((char)f.escape), newline = _mm256_set1_epi8('\n'), cr = _mm256_set1_epi8('\r');
	uint64_t has_quote = f.quote != 0 ? UINT64_MAX : 0, odd_in = 0, cr_in = 0, separator_in = 2;
	struct quotes q = { 0 };
	uint32_t delimiters = 0;
	size_t w;

	c->p = p;
	c->nlf = 0;
	c->any = c->quotes = c->bads = c->inners = 0;
	for (w = 0; 64 * w < n && c->nlf < lines; w++) {
		const __m256i v[2] = { _mm256_loadu_si256((const void *)(p + 64 * w)),
		    _mm256_loadu_si256((const void *)(p + 64 * w + 32)) };
		struct masks m = { find_byte(v, newline), find_byte(v, delimiter), find_low(v), find_byte(v, cr),
		    find_byte(v, quote) & has_quote, 0 };
		uint64_t lf, separator, crlf, odd;
		uint32_t *out = c->lf + c->nlf;

		if ((m.quote | c->quotes) != 0) {
			if (c->quotes == 0)
				begin_quotes(c, w, &q, separator_in);
			m.escape = has_escape(f) ? find_byte(v, escape) : 0;
			find_quotes(c, w, &q, &m, f.multiline == CSV_MULTILINE_NO);
		}
		separator = m.lf | m.delimiter;
		crlf = m.lf & (m.cr << 1 | cr_in);
		odd = m.control & ~separator;
		c->delimiter[w] = m.delimiter;
		c->before[w] = delimiters;
		c->look[w] = (odd << 1 | odd_in) & ~crlf;
		c->empty[w] = (separator & (separator << 1 | separator_in >> 1)) |
		    (crlf & (separator << 2 | separator_in));
		c->any |= c->look[w] | c->empty[w];
		delimiters += (uint32_t)__builtin_popcountll(m.delimiter);
		odd_in = odd >> 63;
		cr_in = m.cr >> 63;
		separator_in = separator >> 62;
		lf = n - 64 * w < 64 ? _bzhi_u64(m.lf, (unsigned)(n - 64 * w)) : m.lf;
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
	    quote = _mm512_set1_epi8((char)f.quote), escape = _mm512_set1_epi8((char)f.escape),
	    return_ = _mm512_set1_epi8('\r'), low = _mm512_set1_epi8(0x1f);
	uint64_t has_quote = f.quote != 0 ? UINT64_MAX : 0, odd_in = 0, cr_in = 0, separator_in = 2;
	uint64_t separator, odd, cr, crlf, look, empty, lf, any = 0, quotes = 0;
	struct quotes q = { 0 };
	uint32_t before = 0;
	size_t w, nlf = 0;

	c->bads = c->inners = c->quotes = 0;
	for (w = 0; 64 * w < n && nlf < lines; w++) {
		__m512i v = _mm512_loadu_si512(p + 64 * w);
		struct masks m = { _mm512_cmpeq_epi8_mask(v, newline), _mm512_cmpeq_epi8_mask(v, delimiter),
		    _mm512_cmple_epu8_mask(v, low), 0, _mm512_cmpeq_epi8_mask(v, quote) & has_quote, 0 };

		if ((m.quote | quotes) != 0) {
			if (quotes == 0)
				begin_quotes(c, w, &q, separator_in);
			quotes |= m.quote;
			m.cr = _mm512_cmpeq_epi8_mask(v, return_);
			m.escape = has_escape(f) ? _mm512_cmpeq_epi8_mask(v, escape) : 0;
			find_quotes(c, w, &q, &m, f.multiline == CSV_MULTILINE_NO);
		}
		separator = m.lf | m.delimiter;
		odd = m.control & ~separator;
		look = 0;
		empty = separator & (separator << 1 | separator_in >> 1);
		cr = 0;
		if ((odd | odd_in) != 0) {
			cr = _mm512_cmpeq_epi8_mask(v, return_);
			crlf = m.lf & (cr << 1 | cr_in);
			look = (odd << 1 | odd_in) & ~crlf;
			empty |= crlf & (separator << 2 | separator_in);
		}
		c->delimiter[w] = m.delimiter;
		c->before[w] = before;
		c->look[w] = look;
		c->empty[w] = empty;
		any |= look | empty;
		before += (uint32_t)__builtin_popcountll(m.delimiter);
		odd_in = odd >> 63;
		cr_in = cr >> 63;
		separator_in = separator >> 62;
		lf = n - 64 * w < 64 ? _bzhi_u64(m.lf, (unsigned)(n - 64 * w)) : m.lf;
		nlf += places_put(lf, (uint32_t)(64 * w), c->lf + nlf);
	}
	c->p = p;
	c->nlf = nlf;
	c->any = any;
	c->quotes = quotes;
}

/* ---- rows ---- */

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

CPU_AVX2 static inline uint32_t
count_bits(const uint64_t *words, size_t begin, size_t end)
{
	uint64_t bits = words[begin / 64] & ~UINT64_C(0) << begin % 64;
	uint32_t n = 0;
	size_t w;

	for (w = begin / 64; w < end / 64; bits = words[++w])
		n += (uint32_t)__builtin_popcountll(bits);
	return n + (uint32_t)__builtin_popcountll(_bzhi_u64(bits, (unsigned)(end % 64) + 1));
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
		row->lines = 1;
		row->nfields = upto - fields + 1;
		row->flags = 0;
		begin = lf + 1;
		fields = upto;
	}
	s->n += c->nlf;
	s->lines = lines;
	s->at = base + begin;
}

/* The rows of a chunk with quotes in which nothing else is odd, and no row is too long. */
CPU_AVX2 static void
take_quoted(struct csv_scan *s, const struct chunk *c)
{
	uint32_t base = (uint32_t)(c->p - s->p), lines = s->lines, begin = 0, fields = 0;
	struct csv_row *row = s->rows + s->n;
	size_t k;

	for (k = 0; k < c->nlf; k++, row++) {
		uint32_t lf = c->lf[k], upto = delimiters_before(c, lf);

		row->off = base + begin;
		row->len = lf - begin - (c->p[lf - 1] == '\r');
		row->line = lines++;
		row->lines = 1;
		row->nfields = upto - fields + 1;
		row->flags = any_bit(c->quote, begin, lf) ? CSV_QUOTED : 0;
		begin = lf + 1;
		fields = upto;
	}
	s->n += c->nlf;
	s->lines = lines;
	s->at = base + begin;
}

/* What flags has a row with quotes, of n bytes from `begin`, which ends at lf? */
CPU_AVX2 static uint32_t
quoted_flags(const struct csv_scan *s, const struct chunk *c, size_t begin, size_t n, size_t lf)
{
	uint32_t flags = CSV_QUOTED | (any_bit(c->empty, begin, lf) ? CSV_EMPTY : 0);

	if (any_bit(c->look, begin, lf)) {
		flags |= CSV_CONTROL;
		if (c->p[begin + n - 1] == s->format.delimiter)		/* before more than one CR */
			flags |= CSV_EMPTY;
	}
	return flags;
}

/* The rows of a chunk where something is odd, each by itself, up to the first that needs care. */
CPU_AVX2 static void
take_odd(struct csv_scan *s, const struct chunk *c)
{
	size_t k, base = (size_t)(c->p - s->p);
	uint32_t fields = 0;

	for (k = 0; k < c->nlf; k++) {
		size_t lf = c->lf[k], begin = s->at - base, n = without_crs(c->p + begin, lf - begin);
		uint32_t upto = delimiters_before(c, lf);
		bool quoted = c->quotes != 0 && any_bit(c->quote, begin, lf);

		if (n > s->limit || (c->bads != 0 && any_bit(c->bad, begin, lf))) {
			s->care = true;
			return;
		}
		if (!quoted && (n == 0 || any_bit(c->look, begin, lf))) {
			take_line(s, n, base + lf + 1);
		} else {
			struct csv_row *row = &s->rows[s->n++];

			*row = (struct csv_row){ .off = (uint32_t)s->at, .len = (uint32_t)n, .line = s->lines,
			    .lines = 1, .nfields = upto - fields + 1 };
			if (quoted) {
				row->flags = quoted_flags(s, c, begin, n, lf);
				row->lines += c->inners != 0 ? count_bits(c->inner, begin, lf) : 0;
			} else if (any_bit(c->empty, begin, lf)) {
				row->flags = CSV_EMPTY;
			}
			s->lines += row->lines;
			s->at = base + lf + 1;
		}
		fields = upto;
	}
}

static void
take_rows(struct csv_scan *s, const struct chunk *c)
{
	bool odd = (c->any | c->bads | c->inners) != 0 || s->limit < 64 * CHUNK_WORDS;

	if (odd)
		take_odd(s, c);
	else if (c->quotes != 0)
		take_quoted(s, c);
	else
		take_plain(s, c);
}

CPU_AVX2 void
csv_scan_avx2(struct csv_scan *s, size_t end)
{
	void (*fill)(struct chunk *, struct csv_format, const uint8_t *, size_t, size_t) =
	    cpu_has_avx512() ? fill_chunk_avx512 : fill_chunk;
	struct chunk c;
	size_t n, words = CHUNK_FIRST;	/* few first, as it may be the next row that needs care */

	while (s->n < CSV_BATCH && !s->care && s->at < end) {
		n = end - s->at < 64 * words ? end - s->at : 64 * words;
		fill(&c, s->format, s->p + s->at, n, CSV_BATCH - s->n);
		if (c.nlf > 0)
			take_rows(s, &c);
		else if (c.bads != 0)
			s->care = true;
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
