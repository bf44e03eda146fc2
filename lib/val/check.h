/* Checking values against their types, a column of many records at a time. */
#ifndef VAL_CHECK_H
#define VAL_CHECK_H

#include "val/val.h"

struct val_range {
	i128 low, high;
	unsigned safe_groups;		/* an integer of up to so many groups is in range, 0 to 8 */
	bool raw;			/* strings may be other than UTF-8 */
};

struct val_checker {
	struct val_range range;
	/* Of a field that is not null, n > 0. VAL_PAD bytes may be read behind it. */
	bool (*check)(const struct val_range *r, const uint8_t *p, size_t n);
};

void val_checker(struct val_checker *c, struct val_type t, bool raw);

/*
 * Checks fields base[off[0]] to base[off[1] - 1], then stride offsets further, n of them. Returns the index of the first that is
 * empty, not canonical, or null where required; n where all are well.
 */
size_t val_check_column(const struct val_checker *c, bool required, const uint8_t *base, const uint32_t *off, size_t stride, size_t n);

/*
 * Checks a column of integers, as val_check_column does, and decodes it in the same pass; known: it is checked, and only
 * to be decoded. there (may be NULL: then no
 * field may be null) becomes 0 for a null, whose value is 0, and 1 for others. False where a field is another than null
 * or a canonical number of few groups, well within the range, or this processor cannot: that says nothing against the
 * column, which has to be checked and decoded the plain way; out and there may have been written.
 */
bool val_decode64(const struct val_checker *c, bool required, bool known, const uint8_t *base, const uint32_t *off, size_t stride,
    size_t n, int64_t *out, uint8_t *there);
bool val_decode32(const struct val_checker *c, bool required, bool known, const uint8_t *base, const uint32_t *off, size_t stride,
    size_t n, int32_t *out, uint8_t *there);

bool val_check_string(const uint8_t *p, size_t n, bool raw);
size_t val_check_string_column(bool raw, bool required, const uint8_t *base, const uint32_t *off, size_t stride, size_t n);

#endif
