/*
 * Temporary files for data beyond memory. A file has no name, lies in TMPDIR (or /tmp) and disappears with the process;
 * it is written in sequence, rewound, and read in sequence, through its own buffer of SPILL_BUFFER bytes. Data that
 * never leave the buffer create no file.
 *
 * Functions that fail fill err and return -1: EX_CANTCREAT if the file cannot be created, EX_IOERR for a full disk or
 * a read error.
 */
#ifndef SPILL_SPILL_H
#define SPILL_SPILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/msg.h"

enum {
	SPILL_BUFFER = 64 * 1024,
	SPILL_PAD = 64			/* bytes that may be read after a view, whatever they hold */
};

struct spill {
	int fd;			/* -1 until the first byte overflows the buffer */
	uint8_t *buf;		/* owned, SPILL_BUFFER and SPILL_PAD bytes, NULL before the first byte */
	size_t len, pos;	/* bytes in buf; while reading, offset of the next one */
	uint64_t size;		/* total bytes written */
	bool reading;
};

void spill_init(struct spill *s);			/* allocates nothing, cannot fail */
void spill_close(struct spill *s);			/* frees the buffer and the file; the struct can be reused */
int spill_rewind(struct spill *s, struct msg *err);	/* from writing to reading, or to the start again */
int spill_park(struct spill *s, struct msg *err);	/* flushes to the file and frees buf until spill_rewind */

int spill_write_slow(struct spill *s, const void *p, size_t n, struct msg *err);

static inline int
spill_write(struct spill *s, const void *p, size_t n, struct msg *err)
{
	if (s->buf == NULL || n >= SPILL_BUFFER - s->len)
		return spill_write_slow(s, p, n, err);
	if (n > 0)
		memcpy(s->buf + s->len, p, n);
	s->len += n;
	s->size += n;
	return 0;
}

/* Reads n bytes. Returns 1, 0 at the end, or -1 on failure or if the file ends within them. */
int spill_read(struct spill *s, void *p, size_t n, struct msg *err);

/*
 * Like spill_read, but sets *p to a view of the bytes, valid until the next call for this file: in its buffer, or, if
 * they cross the buffer's end, in scratch.
 */
int spill_view(struct spill *s, size_t n, struct buf *scratch, const uint8_t **p, struct msg *err);

#endif
