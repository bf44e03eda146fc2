/*
 * Any bytes as a record stream: refused with a message, or taken; what is taken can be shown value by value, and
 * written anew it is taken again with the same records.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rec/rec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
memory_file(const void *p, size_t n)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return fd;
}

static void
show(const struct rec_header *h, const struct rec_batch *b)
{
	struct buf text = { 0 };

	for (size_t i = 0; i < b->n; i++)
		for (size_t c = 0; c < h->ncolumns; c++) {
			struct rec_field f = rec_field(rec_at(b, i), c);

			text.len = 0;
			if (!rec_is_null(rec_at(b, i), c))
				val_text(h->columns[c].type, f.p, f.n, &text);
			else if (h->columns[c].required)
				abort();
		}
	buf_free(&text);
}

/*
 * Reads the stream of fd to its end and writes it anew to a memory file, whose descriptor is returned; -1 where it is
 * refused.
 */
static int
rewrite(int fd, unsigned flags, uint64_t *count, uint64_t *sum)
{
	struct rec_reader in;
	struct rec_writer out;
	struct rec_batch b;
	int got, copy;

	if (rec_open_fd(&in, fd, "x", REC_BATCH_SMALL | flags) < 0) {
		if (in.err.status == 0 || in.err.text[0] == '\0')
			abort();
		rec_close(&in);
		return -1;
	}
	copy = memory_file("", 0);
	dup2(copy, STDOUT_FILENO);
	if (rec_create(&out, NULL, &in.header) < 0)
		abort();
	while ((got = rec_next(&in, &b)) > 0) {
		show(&in.header, &b);
		for (size_t i = 0; i < b.n; i++)
			if (rec_copy(&out, &b, i) < 0)
				abort();
	}
	*count = out.count;
	*sum = out.sum;
	if (got < 0) {
		if (in.err.status != EX_DATAERR || in.err.text[0] == '\0')
			abort();
		rec_abandon(&out);
		close(copy);
		copy = -1;
	} else if (rec_finish(&out) < 0 || lseek(copy, 0, SEEK_SET) != 0)
		abort();
	rec_close(&in);
	dup2(STDERR_FILENO, STDOUT_FILENO);	/* rec_finish has closed it; nothing else may get its number */
	return copy;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int partial = 0; partial < 2; partial++) {
		uint64_t count, sum, count2, sum2;
		int copy, again;

		copy = rewrite(memory_file(data, size), partial ? REC_PARTIAL : 0, &count, &sum);
		if (copy < 0)
			continue;
		again = rewrite(copy, 0, &count2, &sum2);	/* copy is closed with its reader */
		if (again < 0 || count != count2 || sum != sum2)
			abort();
		close(again);
	}
	return 0;
}
