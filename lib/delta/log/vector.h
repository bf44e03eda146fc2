/* Deletion vectors as the log describes them. PROTOCOL.md, Deletion Vectors. */
#ifndef DELTA_LOG_VECTOR_H
#define DELTA_LOG_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

struct delta_dv {
	char storage;			/* storageType: 'u' a file of the table, 'p' an absolute path, 'i' inline */
	const char *path_or_inline;
	int64_t offset;			/* offset in the file; 0 if absent */
	bool has_offset;
	int64_t size;			/* bytes of the serialized bitmap */
	int64_t cardinality;		/* number of deleted rows */
};

/* Appends the vector's unique id in the log: storage type, text and offset. */
void delta_dv_id(struct buf *out, const struct delta_dv *dv);

/*
 * Returns the name of the vector's file as lib/store takes it, for a table of this root (see delta_uri_name).
 * Returns false for an inline vector or an invalid path.
 */
bool delta_dv_name(const struct delta_dv *dv, const char *root, struct buf *name);

/*
 * Decodes Z85 (ZeroMQ RFC 32): n characters, a multiple of 5, to n / 5 * 4 bytes, appended. Returns false for an
 * invalid character or n.
 */
bool delta_z85(struct buf *out, const char *text, size_t n);

/* Appends how a vector in the file deletion_vector_<uuid>.bin of the table's root names it: the UUID in Z85. */
void delta_dv_put_uuid(const char *uuid, struct buf *out);

#endif
