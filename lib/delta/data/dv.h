/* Deletion vectors: the deleted rows of a data file. PROTOCOL.md, Deletion Vector Format. */
#ifndef DELTA_DATA_DV_H
#define DELTA_DATA_DV_H

#include "delta/log/vector.h"
#include "store/store.h"

/*
 * Reads a vector: *rows are the *n physical row numbers from 0, ascending; the caller frees them. EX_DATAERR if
 * size, CRC, magic number, order or cardinality are wrong.
 */
int delta_dv_read(struct store *s, const struct delta_dv *dv, uint64_t **rows, size_t *n, struct msg *err);

/* Parses the bitmap itself, for delta_dv_read and the fuzzer. Returns as delta_dv_read does. */
int delta_dv_parse(const uint8_t *p, size_t size, int64_t cardinality, uint64_t **rows, size_t *n, struct msg *err);

/* Appends the bitmap of n rows, ascending, which delta_dv_parse reads. */
void delta_dv_put(struct buf *out, const uint64_t *rows, size_t n);

#endif
