/*
 * Finds the ends of fields: the positions of tabs and line feeds in a block. Validates lines and values against the
 * header while splitting, as far as the processor's instructions allow.
 */
#ifndef REC_SPLIT_H
#define REC_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rec/rec.h"

enum {
	REC_SPLIT_SLACK = 64,	/* entries after the last that may be overwritten */
	REC_FORM_COLUMNS = 64	/* no form for tables with more columns */
};

/*
 * What to check. All zero, as for a table with more columns, checks nothing.
 *
 * Below, "column from f" is that of the field f fields after the start of a line.
 */
struct rec_form {
	size_t ncolumns;
	bool bytes;				/* strings need not be UTF-8 */
	uint8_t next[2 * REC_FORM_COLUMNS + 1];	/* f modulo ncolumns */
	/* bit i of f: column from f + i holds integers, decimals, dates or timestamps */
	uint64_t number[REC_FORM_COLUMNS + 1];
	uint64_t last[REC_FORM_COLUMNS + 1];	/* it is the last of its line */
	/* The same for the 16 fields from f. */
	uint16_t numbers16[REC_FORM_COLUMNS], texts16[REC_FORM_COLUMNS], nullable16[REC_FORM_COLUMNS];
	uint8_t groups[REC_FORM_COLUMNS + 16];	/* column from f: numbers of so many groups are always in range */
};

void rec_form(struct rec_form *f, const struct rec_header *h);

/* Facts proven about the block. False means "not proven". */
struct rec_seen {
	bool lines;	/* every line is a record and has as many fields as there are columns */
	/* in columns of numbers every field is canonical, in range, and null only if allowed; implies `lines` */
	bool numbers;
	bool text;	/* same for strings; without `lines`, only if nullable and not limited to UTF-8 */
};

/*
 * Writes the position after every TAB or LF in base[from] to base[to - 1]. `out` has room for to - from +
 * REC_SPLIT_SLACK entries; VAL_PAD bytes may be read after base[to - 1]. Returns the number of positions. base[from]
 * begins a line, base[to - 1] is an LF, and out[-1] is `from`.
 */
size_t rec_split(const struct rec_form *form, const uint8_t *base, size_t from, size_t to, uint32_t *out,
    struct rec_seen *seen);

#endif
