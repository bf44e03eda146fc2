/*
 * Kernels: small functions over bytes and arrays, each for three levels of processor. This is the only folder with
 * vector instructions. Every level of a kernel gives the same results; only the time differs.
 *
 * Callers use the table `simd`, which is filled before main for the processor at hand. ACCT_PORTABLE in the
 * environment lowers the level, so that tests run every path on one machine: "avx2" for at most AVX2, "1" for words.
 */
#ifndef SIMD_SIMD_H
#define SIMD_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum simd_level {
	SIMD_WORDS,	/* scalar code that handles 8 bytes in a 64-bit word; any little-endian processor */
	SIMD_AVX2,	/* AVX2, BMI1, BMI2, LZCNT, PCLMULQDQ */
	SIMD_AVX512	/* the above and AVX-512 F, CD, BW, DQ, VL, VBMI, VBMI2: Ice Lake, Zen 4 and later */
};

struct simd_ranked {		/* 64 numbers of a range: which are in a set, and how many members are before them */
	uint64_t bits, before;
};

enum {
	SIMD_CSV_WORDS = 128,
	SIMD_CSV_BYTES = 64 * SIMD_CSV_WORDS,	/* most bytes of a chunk */
	SIMD_CSV_SLACK = 128			/* bytes after the text that may be overwritten */
};

/* A chunk of CSV text. Bit i of word w of a mask is for byte 64 * w + i. */
struct simd_csv {
	/* ---- given ---- */
	const uint8_t *p;		/* the start of a row; 64 bytes after the chunk may be read */
	size_t n;			/* bytes, at most SIMD_CSV_BYTES */
	uint8_t delimiter, quote;	/* quote 0: quotes are characters like others */
	uint8_t escape;			/* 0: no escape */
	bool one_line;			/* no quoted field crosses a line end */
	uint8_t *out;			/* room for 2 * n + SIMD_CSV_SLACK bytes */

	/* ---- found ---- */
	size_t nlf;				/* line feeds outside quotes; of each: */
	uint32_t lf[SIMD_CSV_BYTES + 64];	/* its offset in the chunk, */
	uint32_t fields[SIMD_CSV_BYTES + 64];	/* number of delimiters and line feeds outside quotes before it, */
	uint32_t out_lf[SIMD_CSV_BYTES + 4];	/* its offset in the text written to `out`; undefined if `same` */
	bool same;				/* the text is as long as the chunk */
	bool quotes, inners, controls;		/* does the chunk have any of the bytes of these masks? */
	uint64_t quote_at[SIMD_CSV_WORDS];	/* quotes; undefined without any */
	uint64_t inner_at[SIMD_CSV_WORDS];	/* line feeds within quotes; undefined without any */
	uint32_t inner_before[SIMD_CSV_WORDS];	/* their number before each word */
	uint64_t control_at[SIMD_CSV_WORDS];	/* bytes below 0x20 within fields; undefined without any */
	bool empties;
	uint64_t empty_at[SIMD_CSV_WORDS];	/* the end of an unquoted empty field or blank line */
	/* A quote is out of place, or within quotes there is an escape or a forbidden line end. */
	bool bad;
	uint32_t bad_at;	/* its offset; nothing is found after the word that holds it */

	/* ---- for the kernel ---- */
	uint64_t separator_at[SIMD_CSV_WORDS], keep_at[SIMD_CSV_WORDS];
	uint32_t separators[SIMD_CSV_WORDS], out_at[SIMD_CSV_WORDS];
	bool odd;		/* the last chunk had quotes or control bytes: the next probably has, too */
};

enum {
	SIMD_SEPARATORS_SLACK = 64,	/* entries after the last that may be overwritten */
	SIMD_FORM_COLUMNS = 64		/* most columns of a form */
};

/*
 * What to check of records. "Column from f" is that of the field f fields after the start of a line; bit i of such a
 * mask is for the column from f + i.
 */
struct simd_form {
	size_t ncolumns;
	bool bytes;					/* strings need not be UTF-8 */
	uint8_t next[2 * SIMD_FORM_COLUMNS + 1];	/* f modulo ncolumns */
	uint64_t number[SIMD_FORM_COLUMNS + 1];		/* it holds integers, decimals, dates or timestamps */
	uint64_t last[SIMD_FORM_COLUMNS + 1];		/* it is the last of its line */
	uint16_t numbers16[SIMD_FORM_COLUMNS], texts16[SIMD_FORM_COLUMNS], nullable16[SIMD_FORM_COLUMNS];
	uint8_t groups[SIMD_FORM_COLUMNS + 16];		/* column from f: numbers of so many groups are in range */
};

/* Facts proven about a block of records. False means "not proven". */
struct simd_seen {
	bool lines;	/* every line is a record and has as many fields as there are columns */
	/* in columns of numbers every field is canonical, in range, and null only if allowed; implies `lines` */
	bool numbers;
	bool text;	/* same for strings; without `lines`, only if nullable and not limited to UTF-8 */
};

/* Numbers of a column, and which of them are allowed. */
struct simd_slots {
	const void *values;	/* integers of `size` bytes: 4, 8 or 16 */
	unsigned size;
	bool required;		/* no null is allowed */
	const uint8_t *def;	/* 0: a null; NULL: there are no nulls */
	int64_t most;		/* allowed are -most to most */
};

/* How a file writes its numbers, each sign one byte. */
struct simd_amounts {
	uint8_t point;
	uint8_t group;		/* between groups of three digits of the whole part; 0: none */
	bool no_dots;		/* a dot is neither of the two */
};

/* One row a kernel. No function reads or writes outside the ranges its comment names; all accept n = 0. */
struct simd {
	enum simd_level level;

	/* ---- csv.c ---- */

	/*
	 * Splits a chunk and writes its text to `out` as fields of a record: quotes removed, doubled ones halved, a TAB
	 * for each delimiter outside quotes, control bytes within fields escaped, 0x1a for a quoted empty field and no
	 * byte for an unquoted one. Line feeds outside quotes stay, and so does a CR directly before them.
	 */
	void (*csv_chunk)(struct simd_csv *c);

	/*
	 * Returns the offset, from `at`, of the first byte that is the quote, the escape or below 0x20; n if there is
	 * none. 31 bytes may be read after p[n - 1].
	 */
	size_t (*csv_special)(const uint8_t *p, size_t at, size_t n, uint8_t quote, uint8_t escape);

	/* ---- split.c ---- */

	/*
	 * Writes the offset after every TAB or LF in base[from] to base[to - 1]. `out` has room for to - from +
	 * SIMD_SEPARATORS_SLACK entries; 32 bytes may be read after base[to - 1]. Returns the number of offsets. Sets
	 * *plain if every field is valid in a column of bytes: a null, or not empty and without any byte below 0x20.
	 * base[from] begins a field.
	 */
	size_t (*separators)(const uint8_t *base, size_t from, size_t to, uint32_t *out, bool *plain);

	/*
	 * Like separators, and validates the records. base[from] begins a line, base[to - 1] is an LF, and out[-1] is
	 * `from`. NULL without AVX-512, where checking in a pass of its own is as fast.
	 */
	size_t (*split)(const struct simd_form *form, const uint8_t *base, size_t from, size_t to, uint32_t *out,
	    struct simd_seen *seen);

	/* ---- amounts.c ---- */

	/*
	 * Rewrites numbers: text i, of n[i] bytes at base + start[i], to out + i * stride, without group signs, its
	 * point a dot; lengths[i] is its length then. That is 0 if the text is not of 1 to 16 bytes, or group signs or
	 * dots are out of place. Other bytes pass, and so does a second point. Up to 15 bytes after each text are read;
	 * 16 bytes are written for each. stride is 0 or at least 16.
	 */
	void (*amounts)(const struct simd_amounts *a, const uint8_t *base, const uint32_t *start, const uint32_t *n,
	    size_t count, uint8_t *out, size_t stride, uint32_t *lengths);

	/* ---- utf8.c ---- */

	/* Returns true if p[0] to p[n - 1] are UTF-8. */
	bool (*utf8_ok)(const uint8_t *p, size_t n);

	/* ---- unpack.c ---- */

	/*
	 * Unpacks values first to first + n - 1 of those of `width` bits (1 to 32) packed at p, the first value in the
	 * lowest bits of the first byte. The values lie before end; nothing at or after end is read.
	 */
	void (*unpack32)(uint32_t *out, const uint8_t *p, const uint8_t *end, size_t first, size_t n, unsigned width);

	/* ---- slots.c ---- */

	/*
	 * Encodes the values of n ascending rows as fields, each with a TAB, in slots of 8 bytes, and writes their
	 * lengths, the TAB included. Returns false, with slots and lengths undefined, if a value is not allowed or its
	 * field does not fit. `slot` and `length` have room for n rounded up to 8. NULL without AVX-512, where writing
	 * a field at a time is as fast.
	 */
	bool (*slots)(const struct simd_slots *s, const uint32_t *rows, size_t n, uint8_t *slot, uint8_t *length);

	/* ---- bounds.c: n is at least 1 ---- */

	void (*bounds_i32)(const int32_t *p, size_t n, int32_t *min, int32_t *max);
	void (*bounds_i64)(const int64_t *p, size_t n, int64_t *min, int64_t *max);

	/* ---- crc.c ---- */

	/* Returns the CRC-32 of RFC 1952, zlib's, of n bytes. */
	uint32_t (*crc32)(const uint8_t *p, size_t n);

	/* ---- rank.c ---- */

	/*
	 * Finds how many members of a set are less than each of n numbers, int64_t if wide, else int32_t. words[0]
	 * describes min to min + 63; no number is below min or beyond the words.
	 */
	void (*rank)(uint32_t *out, const struct simd_ranked *words, const void *v, size_t n, bool wide, int64_t min);

	/* ---- snappy.c ---- */

	/*
	 * Compresses n bytes, of which those after the first `skip` are values of 8 bytes, to elements of Snappy's
	 * format, without the length before them. out has room for n + n / 4 + 64 bytes. Returns the bytes written.
	 */
	size_t (*snappy_pack)(uint8_t *out, const uint8_t *p, size_t n, size_t skip);

	/*
	 * Expands pairs at p, of a literal of one byte and a copy of seven from 8 bytes back, to 8 bytes each, after
	 * the 8 bytes before out; stops at another element. Reads before end, writes before limit. Returns how many
	 * pairs it expanded, of 4 bytes each.
	 */
	size_t (*snappy_counted)(uint8_t *out, const uint8_t *limit, const uint8_t *p, const uint8_t *end);
};

extern struct simd simd;

/* Fills a table for a level, which must not exceed simd_best. For tests, which compare the levels. */
void simd_fill(struct simd *t, enum simd_level level);

/* Returns the highest level that this processor has, whatever ACCT_PORTABLE says. */
enum simd_level simd_best(void);

/* Returns the length of the UTF-8 sequence at p, 1 to 4, or 0 if it is invalid. n > 0. */
size_t simd_utf8_len(const uint8_t *p, size_t n);

#endif
