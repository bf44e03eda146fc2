/*
 * Whole reads and writes, files that appear complete or not at all, and temporary files without names.
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/msg.h"

/* Opens for reading; "-" and NULL are standard input. Returns the descriptor or -1. A directory is refused with EX_NOINPUT. */
int io_open(const char *path, struct msg *err);

/*
 * For a sandbox (base/sandbox.h): opens a file that io_open, or creates an output that io_create, will be asked for. They
 * hand out what is held for their path, in the order of the calls, or report then what failed here. A FIFO is not waited for until it
 * is asked for, so that more than one may be named.
 */
void io_open_ahead(const char *path);
void io_create_ahead(const char *path);		/* NULL: none */

/* "<stdin>" or "<stdout>" for NULL and "-", else the path. */
const char *io_in_name(const char *path);
const char *io_out_name(const char *path);

/* Reads up to n bytes, at least one unless at the end (0). -1 fills err. Interruptions go on after progress_poll. */
ssize_t io_read(int fd, void *p, size_t n, const char *name, struct msg *err);

/* Writes all n bytes. */
int io_write(int fd, const void *p, size_t n, const char *name, struct msg *err);

/*
 * Tells the system that the n bytes written at `from` of a file complete another 8 MiB of it, where they do, so that it
 * brings them to the disk while the program goes on, and a later fsync waits less. Only a wish: it cannot fail.
 */
void io_push(int fd, uint64_t from, size_t n);

/* Asks for 1 MiB pipes where the descriptor is one and the system allows it. */
void io_widen_pipe(int fd);

/*
 * An output: standard output, a device or pipe named by path, or a file that takes the name only in io_commit, so that it is there whole or not at
 * all. Until then it is <path>.tmp-<pid>, removed by io_abandon and at exit.
 */
struct io_out {
	int fd;
	char *path;		/* owned; NULL for standard output */
	char *temp;		/* owned; NULL where path is written in place */
	struct io_out *next;	/* list of those open, for removal at exit or by a signal */
};
int io_create(struct io_out *o, const char *path, struct msg *err);
int io_commit(struct io_out *o, struct msg *err);	/* fsync, close, rename, fsync of the folder */
void io_abandon(struct io_out *o);

const struct io_out *io_unfinished(void);	/* the files not yet committed, linked by next */
char *io_folder(const char *path);		/* where path lies, "." where it names no folder; owned by the caller */

/*
 * A temporary file without a name in TMPDIR (or /tmp): it is gone with the process. Written in sequence, rewound once, read in
 * sequence, with a buffer of its own of SPILL_BUFFER bytes while in use.
 */
enum { SPILL_BUFFER = 64 * 1024 };
struct spill {
	int fd;			/* -1 until the first byte overflows the buffer */
	uint8_t *buf;		/* owned, SPILL_BUFFER bytes, NULL before the first byte */
	size_t len, pos;	/* bytes in buf; while reading, the next of them */
	uint64_t size;		/* bytes written altogether */
	bool reading;
};
const char *spill_folder(void);				/* TMPDIR or /tmp */
bool spill_is_nameless(void);				/* can a file be made there that never has a name? */
void spill_init(struct spill *s);			/* nothing allocated, nothing to fail */
int spill_write(struct spill *s, const void *p, size_t n, struct msg *err);
int spill_rewind(struct spill *s, struct msg *err);	/* from writing to reading; again to read once more */
int spill_read(struct spill *s, void *p, size_t n, struct msg *err);	/* 1 all n bytes, 0 at the end, -1 failed or torn */
int spill_park(struct spill *s, struct msg *err);	/* after writing: all of it to the file, no buffer until it is rewound and read */
void spill_close(struct spill *s);			/* frees the buffer and the file; the struct may be used anew */

#endif
