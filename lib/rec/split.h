/*
 * Finds the ends of fields in a block, and validates lines and values against the header in the same pass as far as the
 * processor's instructions allow.
 */
#ifndef REC_SPLIT_H
#define REC_SPLIT_H

#include "rec/rec.h"
#include "simd/simd.h"

enum { REC_SPLIT_SLACK = SIMD_SEPARATORS_SLACK };	/* entries after the last that may be overwritten */

/* Fills what to check. All zero, as for a table of more than SIMD_FORM_COLUMNS columns, checks nothing. */
void rec_form(struct simd_form *f, const struct rec_header *h);

/*
 * Writes the position after every TAB or LF in base[from] to base[to - 1]. `out` has room for to - from +
 * REC_SPLIT_SLACK entries; VAL_PAD bytes may be read after base[to - 1]. Returns the number of positions. base[from]
 * begins a line, base[to - 1] is an LF, and out[-1] is `from`.
 */
size_t rec_split(const struct simd_form *form, const uint8_t *base, size_t from, size_t to, uint32_t *out,
    struct simd_seen *seen);

#endif
