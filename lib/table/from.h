/* What to_records.c and fill.c share: a block of a column's values as fields. */
#ifndef TABLE_FROM_H
#define TABLE_FROM_H

#include <string.h>

#include "table/table.h"
#include "val/int.h"

enum { BLOCK = 64, SLOT = 16 };

struct from_column {
	struct table_source source;
	enum pq_shape shape;
	i128 limit;			/* of a decimal's absolute value; 0 for all else */
	uint64_t serial;		/* of the dictionary that is encoded here; 0 none */
	struct pq_bytes *dict;		/* owned: its entries as fields, a TAB behind each, bytes in text */
	struct buf text;
	bool dict_short;		/* each of its entries fits a slot, with its TAB */
	bool ready;			/* this block's values are in the slots */
	uint8_t length[BLOCK];		/* with the TAB; 0 behind the block's last row */
	size_t stride;			/* from slot to slot, 8 or SLOT; SLOT bytes can be read from each */
	uint8_t slot[(BLOCK + 1) * SLOT];
};

/*
 * fill.c: fills the slots of a column with its values in the n rows, at most BLOCK, in rising order; false where a value
 * does not go into one, or is wrong, which is for others to say.
 */
bool from_fill(struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n);

/* val_put_int_fast, where it is called for every row; writes 9 bytes at least. */
static inline uint8_t *
put_int(uint8_t *p, int64_t v)
{
	uint64_t sign = (uint64_t)(v >> 63), u = (uint64_t)v ^ sign, w;
	unsigned n = val_groups(u);

	if (__builtin_expect(n > 8, 0))
		return p + val_put_int(p, v);
	w = (val_scatter(u) ^ (sign & UINT64_C(0x7f7f7f7f7f7f7f7f))) << (64 - 8 * n);
	w = __builtin_bswap64(w);
	*p = (uint8_t)(0x40 + ((int)n ^ (int)sign) - (int)sign);
	memcpy(p + 1, &w, sizeof(w));
	return p + 1 + n;
}

#endif
