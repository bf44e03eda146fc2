/* Validates values against their types, a column of many records at a time. */
#ifndef VAL_CHECK_H
#define VAL_CHECK_H

#include "val/val.h"

struct val_range {
	i128 low, high;
	unsigned safe_groups;		/* integers of up to so many groups, 0 to 8, are always in range */
	bool raw;			/* strings need not be UTF-8 */
};

struct val_checker {
	struct val_range range;
	/* Validates a non-null field, n > 0. VAL_PAD bytes may be read after it. */
	bool (*check)(const struct val_range *r, const uint8_t *p, size_t n);
};

void val_checker(struct val_checker *c, struct val_type t, bool raw);

/*
 * Checks fields base[off[0]] to base[off[1] - 1], then each `stride` offsets further, n fields. Returns the index of
 * the first field that is empty, not canonical, or null in a required column; n if all are valid.
 */
size_t val_check_column(const struct val_checker *c, bool required, const uint8_t *base, const uint32_t *off,
    size_t stride, size_t n);

/*
 * Checks and decodes a column of integers in one pass; known: the column has been checked, only decode it. there (may
 * be NULL: then no field may be null) gets 0 for a null, whose value is 0, and 1 otherwise. Returns false for any field
 * that is neither null nor a canonical number of few groups, well within the range, and if this processor has no such
 * instructions: the column may still be valid and must be checked and decoded in the general way. out and there may
 * have been overwritten.
 */
bool val_decode64(const struct val_checker *c, bool required, bool known, const uint8_t *base, const uint32_t *off,
    size_t stride,
    size_t n, int64_t *out, uint8_t *there);
bool val_decode32(const struct val_checker *c, bool required, bool known, const uint8_t *base, const uint32_t *off,
    size_t stride,
    size_t n, int32_t *out, uint8_t *there);

bool val_check_string(const uint8_t *p, size_t n, bool raw);
size_t val_check_string_column(bool raw, bool required, const uint8_t *base, const uint32_t *off, size_t stride,
    size_t n);

#endif
