/* Deletion vectors: which rows of a data file are gone. PROTOCOL.md, Deletion Vector Format. */
#ifndef DELTA_DV_H
#define DELTA_DV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"
#include "store/store.h"

struct delta_dv {
	char storage;			/* 'u' a file of the table, 'p' a file anywhere, 'i' in the text itself */
	const char *path_or_inline;
	int64_t offset;			/* in the file; 0 where not given */
	bool has_offset;
	int64_t size;			/* bytes of the bitmap */
	int64_t cardinality;		/* rows it holds */
};

/* Storage, text and offset in one: what tells two vectors of a file apart in the log. Appended. */
void delta_dv_id(struct buf *out, const struct delta_dv *dv);

/*
 * The file a vector lies in, as lib/store wants its name, for a table of this root (see delta_uri_name). False where it
 * lies in the log itself, or the text is no place.
 */
bool delta_dv_name(const struct delta_dv *dv, const char *root, struct buf *name);

/*
 * Reads a vector: *rows are the physical row numbers from 0, ascending, *n of them; the caller frees. EX_DATAERR where
 * the bytes, their CRC, the magic number, the order or the cardinality are not as they must be.
 */
int delta_dv_read(struct store *s, const struct delta_dv *dv, uint64_t **rows, size_t *n, struct msg *err);

/*
 * Z85, ZeroMQ RFC 32: n characters, a multiple of 5, to n / 5 * 4 bytes appended. False where one is none of its
 * alphabet, or n is wrong.
 */
bool delta_z85(struct buf *out, const char *text, size_t n);

/* The bitmap itself, for delta_dv_read and the fuzzer: as above. */
int delta_dv_parse(const uint8_t *p, size_t size, int64_t cardinality, uint64_t **rows, size_t *n, struct msg *err);

#endif
