/* Where fields end: positions of tabs and line feeds in a block. */
#ifndef REC_SPLIT_H
#define REC_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REC_SPLIT_SLACK = 64 };	/* entries beyond the last that may be written to */

/*
 * Writes, for every TAB or LF in base[from] to base[to - 1], the position behind it. `out` has room for to - from + REC_SPLIT_SLACK
 * entries; VAL_PAD bytes may be read behind base[to - 1]. Returns the number of positions. base[from] begins a line, base[to - 1] is an LF.
 *
 * *plain tells whether every field between them is one that a column of bytes may hold without a closer look: not empty, and either a null or
 * without any byte below 0x20.
 */
size_t rec_split(const uint8_t *base, size_t from, size_t to, uint32_t *out, bool *plain);

#endif
