/* Complete reads and writes, files that appear atomically, and temporary files without a name. */
#ifndef BASE_IO_H
#define BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/msg.h"

/*
 * Opens for reading; "-" and NULL are standard input. Returns the descriptor or -1. Rejects a directory with
 * EX_NOINPUT.
 */
int io_open(const char *path, struct msg *err);

/*
 * For a sandbox (base/sandbox.h): opens a file that io_open, or creates an output that io_create, will request later.
 * Those calls then return what was opened for their path, in the order of these calls, or report the error that
 * occurred here. A FIFO is not waited for before io_open, so that several can be named.
 */
void io_open_ahead(const char *path);
void io_create_ahead(const char *path);		/* NULL: no output */

/* "<stdin>" or "<stdout>" for NULL and "-", else the path. */
const char *io_in_name(const char *path);
const char *io_out_name(const char *path);

/* Reads up to n bytes, at least one; 0 at the end of the file. -1 fills err. Retries on EINTR, after progress_poll. */
ssize_t io_read(int fd, void *p, size_t n, const char *name, struct msg *err);

/* Writes all n bytes. */
int io_write(int fd, const void *p, size_t n, const char *name, struct msg *err);

/*
 * Starts writeback whenever the n bytes written at offset `from` complete another 8 MiB of the file, so that a later
 * fsync waits less. Best effort: never fails.
 */
void io_push(int fd, uint64_t from, size_t n);

/* Requests a 1 MiB pipe buffer if fd is a pipe and the system allows it. */
void io_widen_pipe(int fd);

/*
 * An output: standard output, a device or pipe named by path, or a file that gets its name only in io_commit, so that
 * it appears complete or not at all. Until then the file is <path>.tmp-<pid>, removed by io_abandon and at exit.
 */
struct io_out {
	int fd;
	char *path;		/* owned; NULL for standard output */
	char *temp;		/* owned; NULL if path is written in place */
	void *elsewhere;	/* of io_elsewhere; NULL: a file of this system */
	struct io_out *next;	/* list of open outputs, for removal at exit or by a signal */
};
int io_create(struct io_out *o, const char *path, struct msg *err);
int io_commit(struct io_out *o, struct msg *err);	/* fsync, close, rename, fsync of the directory */
void io_abandon(struct io_out *o);

const struct io_out *io_unfinished(void);	/* the files not yet committed, linked by next */
char *io_folder(const char *path);		/* directory of path, "." if it names none; owned by the caller */

/*
 * Files that are not the system's: paths that `has` claims are read and written through pipes. `open` returns what to
 * read from or -1; at its end `failure` fills err with what cut it short, if anything did. `create` sets *fd to what to
 * write to; `commit` and `abandon` are called after it has been closed. NULL: no such addresses.
 */
struct io_elsewhere {
	bool (*has)(const char *path);
	int (*open)(const char *path, struct msg *err);
	int (*failure)(int fd, struct msg *err);
	void *(*create)(const char *path, int *fd, struct msg *err);
	int (*commit)(void *out, struct msg *err);
	void (*abandon)(void *out);
};
extern const struct io_elsewhere *io_elsewhere;

/* ---- temp.c: temporary files, in TMPDIR or /tmp ---- */

const char *io_temp_folder(void);
bool io_temp_is_nameless(void);			/* can files without a name (O_TMPFILE) be created there? */
int io_temp_open(struct msg *err);		/* returns a descriptor of a new file without a name, or -1 */

#endif
