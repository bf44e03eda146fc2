/*
 * Any bytes: the scanner and the reader that takes every row with care must see the same rows. The first four bytes
 * choose the format, so that the fuzzer tries others than the usual.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "../unit/csv_agree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int
file_of(const uint8_t *p, size_t n)
{
	int fd = memfd_create("csv", 0);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t delimiters[] = ",;|\t \x01\xff", quotes[] = "\"'`\"\x02\xfe\"", escapes[] = "\0\\%\\";
	static const char *const comments[] = { NULL, NULL, NULL, "1", "\x02", "a,", "//" };
	struct csv_layout layout = { 0 };
	struct csv_format f;
	struct buf a = { 0 }, b = { 0 };
	size_t limit;

	if (n < 4)
		return 0;
	f.delimiter = delimiters[data[0] % (sizeof(delimiters) - 1)];
	f.quote = quotes[data[1] % (sizeof(quotes) - 1)];
	f.escape = escapes[data[2] % (sizeof(escapes) - 1)];
	f.multiline = data[3] % 3;
	layout.comment = comments[data[3] / 3 % 7];
	layout.footer = data[2] / 4 % 4;
	layout.before = data[1] / 7 % 4;
	limit = data[3] % 4 == 0 ? 1 + data[3] : CSV_MAX_RECORD;
	data += 4;
	n -= 4;
	if (!agree_read(&a, file_of(data, n), f, layout, false, limit))
		abort();
	agree_read(&b, file_of(data, n), f, layout, true, limit);
	if (a.len != b.len || memcmp(a.p, b.p, a.len) != 0)
		abort();
	buf_free(&a);
	buf_free(&b);
	return 0;
}
