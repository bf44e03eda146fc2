/* The bytes of a file being written: collects small pieces and writes them to the sink in large ones, in order. */
#ifndef PARQUET_WRITE_FILE_H
#define PARQUET_WRITE_FILE_H

#include "base/mem.h"
#include "parquet/parquet.h"

struct out_file {
	struct pq_sink sink;
	uint64_t pos;			/* offset in the file after the pending bytes */
	struct buf waits;		/* owned: bytes not written yet; others may append to it, see out_file_added */
};

/* Appends the magic at the file's start, once. */
void out_file_begin(struct out_file *f);

/* Appends bytes. Returns -1 with err filled if the sink fails. */
int out_file_add(struct out_file *f, const struct buf *b, struct msg *err);

/* The same for n bytes that the caller has appended to f->waits itself, after out_file_begin. */
int out_file_added(struct out_file *f, size_t n, struct msg *err);

/* Writes all pending bytes. */
int out_file_flush(struct out_file *f, struct msg *err);

#endif
