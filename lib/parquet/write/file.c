/* Buffered output. */
#include <string.h>

#include "parquet/write/file.h"

enum {
	WRITE_BYTES = 128 << 10,	/* minimum bytes per write */
	WRITE_UNIT = 64 << 10
};

void
out_file_begin(struct out_file *f)
{
	if (f->pos > 0)
		return;
	buf_adds(&f->waits, "PAR1");
	f->pos = 4;
}

/* Writes the first n pending bytes. */
static int
emit(struct out_file *f, size_t n, struct msg *err)
{
	if (n == 0)
		return 0;
	if (f->sink.write(&f->sink, f->waits.p, n, err) < 0)
		return -1;
	f->waits.len -= n;
	memmove(f->waits.p, f->waits.p + n, f->waits.len);
	return 0;
}

/* Ends writes at multiples of WRITE_UNIT, so that the kernel takes whole memory pages. */
int
out_file_added(struct out_file *f, size_t n, struct msg *err)
{
	f->pos += n;
	return f->waits.len < WRITE_BYTES ? 0 : emit(f, f->waits.len - (size_t)(f->pos % WRITE_UNIT), err);
}

int
out_file_add(struct out_file *f, const struct buf *b, struct msg *err)
{
	out_file_begin(f);
	buf_add(&f->waits, b->p, b->len);
	return out_file_added(f, b->len, err);
}

int
out_file_flush(struct out_file *f, struct msg *err)
{
	return emit(f, f->waits.len, err);
}
