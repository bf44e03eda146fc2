/* Shared by to_records.c and fill.c: a block of a column's values encoded as fields. */
#ifndef TABLE_FROM_H
#define TABLE_FROM_H

#include <string.h>

#include "table/table.h"
#include "val/int.h"

enum { BLOCK = 64, SLOT = 16 };

struct from_column {
	struct table_source source;
	enum pq_shape shape;
	i128 limit;			/* maximum absolute value of a decimal; 0 for other types */
	uint64_t serial;		/* serial of the encoded dictionary; 0: none */
	struct pq_bytes *dict;		/* owned: its entries as fields followed by a TAB; bytes are in text */
	struct buf text;
	bool dict_short;		/* every entry with its TAB fits a slot */
	bool ready;			/* the slots hold this block's values */
	uint8_t length[BLOCK];		/* includes the TAB; 0 after the block's last row */
	size_t stride;			/* distance of slots, 8 or SLOT; SLOT bytes can be read from each */
	uint8_t slot[(BLOCK + 1) * SLOT];
};

/*
 * fill.c: encodes the values of n rows, at most BLOCK, ascending, into the column's slots. Returns false if a value
 * does not fit a slot or is invalid; the caller determines which.
 */
bool from_fill(struct from_column *c, const struct pq_vector *v, const uint32_t *rows, size_t n);

/* Like val_put_int_fast, inlined for use on every row; writes at least 9 bytes. */
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
