/*
 * Where fields end: positions of tabs and line feeds in a block; and on the way, as far as the processor can do it
 * with the bytes at hand, whether all lines and values are as the header says.
 */
#ifndef REC_SPLIT_H
#define REC_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rec/rec.h"

enum {
	REC_SPLIT_SLACK = 64,	/* entries beyond the last that may be written to */
	REC_FORM_COLUMNS = 64	/* of a table with more, no form is made */
};

/*
 * What to look for. All zero, which a table with more columns has too, is no form.
 *
 * A "column from f" in what follows is that of the field which begins f fields after the start of a line.
 */
struct rec_form {
	size_t ncolumns;
	bool bytes;				/* strings may be other than UTF-8 */
	uint8_t next[2 * REC_FORM_COLUMNS + 1];	/* f modulo ncolumns */
	/* bit i of f: column from f + i holds integers, decimals, dates or timestamps */
	uint64_t number[REC_FORM_COLUMNS + 1];
	uint64_t last[REC_FORM_COLUMNS + 1];	/* it is the last of its line */
	/* The same for 16 fields from f on. */
	uint16_t numbers16[REC_FORM_COLUMNS], texts16[REC_FORM_COLUMNS], nullable16[REC_FORM_COLUMNS];
	uint8_t groups[REC_FORM_COLUMNS + 16];	/* column from f: groups of which any number is in range */
};

void rec_form(struct rec_form *f, const struct rec_header *h);

/* What is surely so; false says nothing. */
struct rec_seen {
	bool lines;	/* every line is a record and has as many fields as there are columns */
	/* of such columns every field is canonical, in range, and null only where it may be; `lines` too */
	bool numbers;
	bool text;	/* of strings likewise; without `lines`, only of those that may be null and other than UTF-8 */
};

/*
 * Writes, for every TAB or LF in base[from] to base[to - 1], the position behind it. `out` has room for to - from +
 * REC_SPLIT_SLACK entries; VAL_PAD bytes may be read behind base[to - 1]. Returns the number of positions. base[from]
 * begins a line, base[to - 1] is an LF, and out[-1] is `from`.
 */
size_t rec_split(const struct rec_form *form, const uint8_t *base, size_t from, size_t to, uint32_t *out,
    struct rec_seen *seen);

#endif
