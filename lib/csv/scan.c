/*
 * Finds rows whose quotes are all well placed.
 *
 * A quoted field begins at an odd quote, counted from the row's first byte, and ends at an even one, a doubled quote
 * being an end and a beginning: so a prefix xor of the quotes' bits tells for each byte whether it is within quotes.
 * This holds as long as every odd quote follows a delimiter, a line end or an even quote, and every even quote is
 * followed by a delimiter, a line end or an odd quote. The first row for which it does not hold needs care, and so does
 * one with an escape within quotes. For the others the scanner records where the row ends, how many delimiters and
 * lines it has, and whether it needs a second pass for an empty field or a control byte that a record must escape.
 */
#include "csv/scan.h"

#include <string.h>

#include "base/cpu.h"
#include "base/places.h"
#include "csv/within.h"

#if CPU_X86
#include <immintrin.h>
#endif

enum { DELIMITER = 1, CONTROL = 2, QUOTE = 4 };	/* classes of bytes */

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

/* Counts the delimiters of a line and sets its flags. Returns false if it contains a quote. */
static bool
look_at_line(const struct csv_scan *s, struct csv_row *row, const uint8_t *p, size_t n)
{
	enum { LONG = 1024 };	/* in longer lines quotes are searched first */
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

/* Takes the line of n bytes at s->at; next is the start of the following line. Returns false if it needs care. */
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
		s->n++;
	}
	s->lines++;
	s->at = next;
	return true;
}

/* Takes the next line. Returns false if it needs care or does not end before `end`. */
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
 * The vector scanner processes the text in chunks: first it computes the masks of all words of 64 bytes and the
 * positions of line feeds, without data-dependent branches; then it takes the rows from the masks.
 */
enum { CHUNK_FIRST = 4, CHUNK_WORDS = 128, CHUNK_LINES = CSV_BATCH + 64 };

struct chunk {
	const uint8_t *p;
	uint64_t delimiter[CHUNK_WORDS];	/* bit i of word w: byte 64 * w + i is a delimiter outside quotes */
	uint64_t look[CHUNK_WORDS];		/* follows a control byte, except the LF of a CRLF */
	uint64_t empty[CHUNK_WORDS];		/* ends an empty field or a blank line */
	uint32_t before[CHUNK_WORDS];		/* number of delimiters in the words before w */
	uint32_t lf[CHUNK_LINES];		/* offsets of line feeds outside quotes */
	size_t nlf;
	uint64_t any;				/* union of look and empty */
	bool quotes;				/* the chunk has quotes: */
	uint64_t quote[CHUNK_WORDS];		/* their masks */
	bool inners;				/* the chunk has line feeds within quotes: */
	uint64_t inner[CHUNK_WORDS];		/* their masks */
	bool bad;				/* a row needs care: the chunk ends with the word that shows it */
	uint32_t bad_at;			/* offset of the byte that shows it */
};

/* ---- words ---- */

struct masks {		/* bit i for byte i of 64 */
	uint64_t lf, delimiter, control, quote;		/* control: below 0x20 */
	uint64_t cr, escape;
};

struct fill {		/* state of filling a chunk: the next word, and what carries over from the previous one */
	size_t w;
	size_t nlf;			/* line feeds so far */
	uint64_t any;
	uint32_t delimiters;
	uint64_t separator;		/* bits 0 and 1: were the last two bytes separators? */
	uint64_t odd, cr;		/* bit 0: was the last byte a control byte of a field, or a CR? */
	/* with quotes: */
	uint64_t within;		/* all ones where the next byte is within quotes */
	uint64_t ready;			/* bit 0: may a quote open a field or complete a doubled quote? */
	uint64_t closed, closed_cr;	/* bit 0: was the last byte a closing quote, or a CR after one? */
};

static const struct fill fill_start = { .separator = 2, .ready = 1 };	/* a chunk begins at the start of a row */

static inline void
end_fill(struct chunk *c, const struct fill *s)
{
	c->nlf = s->nlf;
	c->any = s->any;
}

/* Notes what is the same with and without quotes; delimiters and line feeds are those outside quotes. */
static inline void
note_word(struct chunk *c, struct fill *s, uint64_t lf, uint64_t delimiter, uint64_t odd, uint64_t cr)
{
	uint64_t separator = lf | delimiter, crlf, look = 0;
	uint64_t empty = separator & (separator << 1 | s->separator >> 1);

	if ((odd | s->odd) != 0) {	/* a CR before an LF is counted as odd too */
		crlf = lf & (cr << 1 | s->cr);
		look = (odd << 1 | s->odd) & ~crlf;
		empty |= crlf & (separator << 2 | s->separator);
	}
	c->delimiter[s->w] = delimiter;
	c->before[s->w] = s->delimiters;
	c->look[s->w] = look;
	c->empty[s->w] = empty;
	s->any |= look | empty;
	s->delimiters += (uint32_t)__builtin_popcountll(delimiter);
	s->odd = odd >> 63;
	s->cr = cr >> 63;
	s->separator = separator >> 62;
}

/* Notes line feeds within quotes, which are rare. */
static inline void
note_inner(struct chunk *c, size_t w, uint64_t inner)
{
	if (!c->inners)
		memset(c->inner, 0, w * sizeof(*c->inner));
	c->inners = true;
	c->inner[w] = inner;
}

/* Switches to quotes: the words before s->w have none, this one has. */
static void
begin_quotes(struct chunk *c, struct fill *s)
{
	memset(c->quote, 0, s->w * sizeof(*c->quote));
	c->quotes = true;
	s->ready = s->separator >> 1;
}

/* Notes a word of a chunk with quotes. Returns the mask of line feeds that end rows. */
CPU_AVX2 static inline uint64_t
note_quoted(struct chunk *c, struct fill *s, const struct masks *m, bool one_line)
{
	uint64_t within = csv_within(m->quote) ^ s->within, open = m->quote & within, close = m->quote & ~within;
	uint64_t lf = m->lf & ~within, delimiter = m->delimiter & ~within, inner = m->lf & within;
	uint64_t ready = lf | delimiter | m->quote, after = (close << 1 | s->closed) & ~ready,
	    closed_cr = after & m->cr;
	uint64_t bad = (open & ~(ready << 1 | s->ready)) | (after & ~m->cr) | (m->escape & within);

	bad |= (closed_cr << 1 | s->closed_cr) & ~lf;
	if ((inner != 0) | c->inners) {
		bad |= one_line ? inner : 0;
		note_inner(c, s->w, inner);
	}
	if (bad != 0) {
		c->bad = true;
		c->bad_at = (uint32_t)(64 * s->w + _tzcnt_u64(bad));
	}
	c->quote[s->w] = m->quote;
	s->within = csv_within_next(within);
	s->ready = ready >> 63;
	s->closed = close >> 63;
	s->closed_cr = closed_cr >> 63;
	note_word(c, s, lf, delimiter, m->control & ~(lf | delimiter), m->cr);
	return lf;
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

/* source of a chunk: n bytes at p, the start of a row; the chunk ends after about `lines` line feeds */
struct fill_from {
	struct csv_format format;
	const uint8_t *p;
	size_t n, lines;
};

static inline bool
is_full(const struct fill_from *f, const struct fill *s)
{
	return 64 * s->w >= f->n || s->nlf >= f->lines;
}

/* Stores the positions of the word's line feeds that are among the n bytes. */
CPU_AVX2 static inline void
note_lfs(struct chunk *c, const struct fill_from *f, struct fill *s, uint64_t lf)
{
	uint32_t *out = c->lf + s->nlf;
	size_t left = f->n - 64 * s->w;

	lf = left < 64 ? _bzhi_u64(lf, (unsigned)left) : lf;
	s->nlf += (size_t)__builtin_popcountll(lf);
	do {	/* four at a time, advancing by the actual number */
		int i;

		for (i = 0; i < 4; i++) {
			*out++ = (uint32_t)(64 * s->w + _tzcnt_u64(lf));
			lf = _blsr_u64(lf);
		}
	} while (lf != 0);
}

/* Fills words from the first with quotes on, up to one that shows that a row needs care. */
CPU_AVX2 static void
fill_quoted(struct chunk *c, const struct fill_from *f, struct fill s)
{
	const struct csv_format format = f->format;
	const __m256i delimiter = _mm256_set1_epi8((char)format.delimiter),
	    quote = _mm256_set1_epi8((char)format.quote),
	    escape = _mm256_set1_epi8((char)format.escape), newline = _mm256_set1_epi8('\n');
	bool one_line = format.multiline == CSV_MULTILINE_NO, escapes = has_escape(format);

	begin_quotes(c, &s);
	for (; !is_full(f, &s) && !c->bad; s.w++) {
		const __m256i v[2] = { _mm256_loadu_si256((const void *)(f->p + 64 * s.w)),
		    _mm256_loadu_si256((const void *)(f->p + 64 * s.w + 32)) };
		struct masks m = { find_byte(v, newline), find_byte(v, delimiter), find_low(v), find_byte(v, quote), 0,
		    0 };

		if ((m.control & ~m.lf) != 0)
			m.cr = find_byte(v, _mm256_set1_epi8('\r'));
		if (escapes)
			m.escape = find_byte(v, escape);
		note_lfs(c, f, &s, note_quoted(c, &s, &m, one_line));
	}
	end_fill(c, &s);
}

CPU_AVX2 static void
fill_chunk(struct chunk *c, const struct fill_from *f)
{
	const __m256i delimiter = _mm256_set1_epi8((char)f->format.delimiter), newline = _mm256_set1_epi8('\n'),
	    quote = _mm256_set1_epi8((char)f->format.quote);
	uint64_t has_quote = f->format.quote != 0 ? UINT64_MAX : 0;
	struct fill s = fill_start;

	for (; !is_full(f, &s); s.w++) {
		const __m256i v[2] = { _mm256_loadu_si256((const void *)(f->p + 64 * s.w)),
		    _mm256_loadu_si256((const void *)(f->p + 64 * s.w + 32)) };
		uint64_t lf = find_byte(v, newline), delimiters = find_byte(v, delimiter), odd = find_low(v) & ~lf,
		    cr = 0;

		if ((find_byte(v, quote) & has_quote) != 0) {
			fill_quoted(c, f, s);
			return;
		}
		if (odd != 0)
			cr = find_byte(v, _mm256_set1_epi8('\r'));
		note_word(c, &s, lf, delimiters, odd & ~delimiters, cr);
		note_lfs(c, f, &s, lf);
	}
	end_fill(c, &s);
}

CPU_AVX512 static inline void
note_lfs_avx512(struct chunk *c, const struct fill_from *f, struct fill *s, uint64_t lf)
{
	size_t left = f->n - 64 * s->w;

	s->nlf += places_put(left < 64 ? _bzhi_u64(lf, (unsigned)left) : lf, (uint32_t)(64 * s->w), c->lf + s->nlf);
}

/* fill_quoted and fill_chunk with AVX-512, whose comparisons return bit masks. */
CPU_AVX512 static void
fill_quoted_avx512(struct chunk *c, const struct fill_from *f, struct fill s)
{
	const struct csv_format format = f->format;
	const __m512i delimiter = _mm512_set1_epi8((char)format.delimiter),
	    quote = _mm512_set1_epi8((char)format.quote),
	    escape = _mm512_set1_epi8((char)format.escape), newline = _mm512_set1_epi8('\n'),
	    low = _mm512_set1_epi8(0x1f);
	bool one_line = format.multiline == CSV_MULTILINE_NO, escapes = has_escape(format);

	begin_quotes(c, &s);
	for (; !is_full(f, &s) && !c->bad; s.w++) {
		__m512i v = _mm512_loadu_si512(f->p + 64 * s.w);
		struct masks m = { _mm512_cmpeq_epi8_mask(v, newline), _mm512_cmpeq_epi8_mask(v, delimiter),
		    _mm512_cmple_epu8_mask(v, low), _mm512_cmpeq_epi8_mask(v, quote), 0, 0 };

		if ((m.control & ~m.lf) != 0)
			m.cr = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\r'));
		if (escapes)
			m.escape = _mm512_cmpeq_epi8_mask(v, escape);
		note_lfs_avx512(c, f, &s, note_quoted(c, &s, &m, one_line));
	}
	end_fill(c, &s);
}

CPU_AVX512 static void
fill_chunk_avx512(struct chunk *c, const struct fill_from *f)
{
	const __m512i delimiter = _mm512_set1_epi8((char)f->format.delimiter), newline = _mm512_set1_epi8('\n'),
	    quote = _mm512_set1_epi8((char)(f->format.quote != 0 ? f->format.quote : '\n')),
	    low = _mm512_set1_epi8(0x1f);
	struct fill s = fill_start;

	for (; !is_full(f, &s); s.w++) {
		__m512i v = _mm512_loadu_si512(f->p + 64 * s.w);
		uint64_t lf = _mm512_cmpeq_epi8_mask(v, newline), delimiters = _mm512_cmpeq_epi8_mask(v, delimiter),
		    cr = 0;
		uint64_t odd = (_mm512_cmple_epu8_mask(v, low) | _mm512_cmpeq_epi8_mask(v, quote)) & ~(lf | delimiters);

		if ((odd | s.odd) != 0) {
			if ((_mm512_cmpeq_epi8_mask(v, quote) & odd) != 0) {
				fill_quoted_avx512(c, f, s);
				return;
			}
			cr = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\r'));
		}
		note_word(c, &s, lf, delimiters, odd, cr);
		note_lfs_avx512(c, f, &s, lf);
	}
	end_fill(c, &s);
}

/* ---- rows ---- */

/* Is any bit set from byte `begin` to byte `end`, inclusive? */
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

/* Returns the number of delimiters in the chunk before byte i. */
CPU_AVX2 static inline uint32_t
delimiters_before(const struct chunk *c, size_t i)
{
	return c->before[i / 64] + (uint32_t)__builtin_popcountll(_bzhi_u64(c->delimiter[i / 64], (unsigned)(i % 64)));
}

/* Takes the rows of a chunk without quotes or anything odd. */
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

/* Takes the rows of a chunk with quotes, but nothing else odd and no row over the limit. */
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

/* Returns the flags of a row with quotes, of n bytes from `begin`, which ends at lf. */
CPU_AVX2 static uint32_t
quoted_flags(const struct csv_scan *s, const struct chunk *c, size_t begin, size_t n, size_t lf)
{
	uint32_t flags = CSV_QUOTED | (any_bit(c->empty, begin, lf) ? CSV_EMPTY : 0);

	if (any_bit(c->look, begin, lf)) {
		flags |= CSV_CONTROL;
		if (c->p[begin + n - 1] == s->format.delimiter)		/* delimiter before several CRs */
			flags |= CSV_EMPTY;
	}
	return flags;
}

/* Takes the rows of an odd chunk one by one, up to the first that needs care. */
CPU_AVX2 static void
take_odd(struct csv_scan *s, const struct chunk *c)
{
	size_t k, base = (size_t)(c->p - s->p);
	uint32_t fields = 0;

	for (k = 0; k < c->nlf; k++) {
		size_t lf = c->lf[k], begin = s->at - base, n = without_crs(c->p + begin, lf - begin);
		uint32_t upto = delimiters_before(c, lf);
		bool quoted = c->quotes && any_bit(c->quote, begin, lf);

		if (n > s->limit || (c->bad && lf >= c->bad_at)) {
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
				row->lines += c->inners ? count_bits(c->inner, begin, lf) : 0;
			} else if (any_bit(c->empty, begin, lf)) {
				row->flags = CSV_EMPTY;
			}
			s->lines += row->lines;
			s->at = base + lf + 1;
		}
		fields = upto;
	}
	s->care = c->bad;
}

static void
take_rows(struct csv_scan *s, const struct chunk *c)
{
	if (c->any != 0 || c->bad || c->inners || s->limit < 64 * CHUNK_WORDS)
		take_odd(s, c);
	else if (c->quotes)
		take_quoted(s, c);
	else
		take_plain(s, c);
}

CPU_AVX2 void
csv_scan_avx2(struct csv_scan *s, size_t end)
{
	void (*fill)(struct chunk *, const struct fill_from *) = cpu_has_avx512() ? fill_chunk_avx512 : fill_chunk;
	struct chunk c;
	size_t n, words = CHUNK_FIRST;	/* start small, as the next row may need care again */

	while (s->n < CSV_BATCH && !s->care && s->at < end) {
		n = end - s->at < 64 * words ? end - s->at : 64 * words;
		c.p = s->p + s->at;
		c.quotes = c.inners = c.bad = false;
		fill(&c, &(struct fill_from){ s->format, c.p, n, CSV_BATCH - s->n });
		if (c.nlf > 0)
			take_rows(s, &c);
		else if (c.bad)
			s->care = true;
		else if (words == CHUNK_WORDS || end - s->at <= 64 * words)
			if (!take_next(s, end))	/* longer than a chunk, or incomplete */
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
