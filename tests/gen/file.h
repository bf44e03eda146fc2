/* Parquet files by their paths, for the tools. Each function ends the program if it fails. */
#ifndef GEN_FILE_H
#define GEN_FILE_H

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "parquet/parquet.h"

struct file {
	int fd;
	const char *path;
};

static inline int
file_write(const struct pq_sink *sink, const void *p, size_t n, struct msg *err)
{
	return io_write(((const struct file *)sink->arg)->fd, p, n, sink->name, err);
}

/* Creates a file; *f must outlive the writer. */
static inline struct pq_sink
file_create(struct file *f, const char *path)
{
	*f = (struct file){ open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666), path };
	if (f->fd < 0)
		msg_die(EX_CANTCREAT, "%s", path);
	return (struct pq_sink){ .write = file_write, .arg = f, .name = path };
}

static inline int
file_read(const struct pq_source *source, uint64_t offset, void *p, size_t n, struct msg *err)
{
	const struct file *f = source->arg;
	uint8_t *q = p;
	ssize_t got;

	for (; n > 0; q += got, offset += (uint64_t)got, n -= (size_t)got) {
		got = pread(f->fd, q, n, (off_t)offset);
		if (got <= 0)
			return msg_sys(err, EX_IOERR, "%s", f->path);
	}
	return 0;
}

/* Opens a regular file; *f must outlive the reader. */
static inline struct pq_reader *
file_open(struct file *f, const char *path)
{
	struct pq_source source = { .read = file_read, .arg = f, .name = path };
	struct msg err = { .status = 0 };
	struct pq_reader *r;
	struct stat st;

	*f = (struct file){ io_open(path, &err), path };
	if (f->fd < 0)
		msg_exit(&err);
	if (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode))
		msg_die(EX_NOINPUT, "%s: not a regular file", path);
	source.size = (uint64_t)st.st_size;
	if (pq_open(&r, &source, 0, &err) < 0)
		msg_exit(&err);
	return r;
}

/* Returns the index of the leaf with a path. */
static inline size_t
file_column(const struct pq_reader *r, const char *path)
{
	const struct pq_column *c;
	size_t n, i;

	c = pq_columns(r, &n);
	for (i = 0; i < n; i++)
		if (strcmp(c[i].path, path) == 0)
			return i;
	msg_die(EX_DATAERR, "no column %s", path);
}

#endif
