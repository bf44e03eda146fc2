/*
 * Any bytes: the vector scanner, the portable one and libcsv must see the same rows. The first two bytes choose
 * the delimiter and the quote, so that the fuzzer tries others than the usual.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "../unit/csv_agree.h"
#include "csv/scan.h"

const char cli_help[] = "";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int
file_of(const uint8_t *p, size_t n)
{
	int fd = memfd_create("csv", 0);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return fd;
}

static void
compare_scanners(const uint8_t *p, size_t n, struct csv_format f)
{
	static struct csv_row rows[2][CSV_BATCH_MAX];
	uint8_t *text = calloc(1, n + CSV_PAD);
	struct csv_scan a, b;
	size_t i;

	memcpy(text, p, n);
	csv_scan_begin(&a, f, text, rows[0]);
	csv_scan_begin(&b, f, text, rows[1]);
	csv_scan_portable(&a, n);
	csv_scan_avx2(&b, n);
	for (i = 0; i < a.n && i < b.n; i++)
		if (rows[0][i].off != rows[1][i].off || rows[0][i].len != rows[1][i].len ||
		    rows[0][i].line != rows[1][i].line || rows[0][i].nfields != rows[1][i].nfields ||
		    rows[0][i].flags != rows[1][i].flags)
			abort();
	/* A batch of the vector scanner may be longer. */
	if (a.n < CSV_BATCH &&
	    (a.n != b.n || a.at != b.at || a.lines != b.lines || a.blank != b.blank || a.quote != b.quote))
		abort();
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t delimiters[] = ",;|\t \x01\xff", quotes[] = "\"'`\"\x02\xfe\"";
	struct csv_format f;
	struct buf a = { 0 }, b = { 0 };

	if (n < 2)
		return 0;
	f.delimiter = delimiters[data[0] % (sizeof(delimiters) - 1)];
	f.quote = quotes[data[1] % (sizeof(quotes) - 1)];
	data += 2;
	n -= 2;
	compare_scanners(data, n, f);
	if (!agree_read(&a, file_of(data, n), f, false, CSV_MAX_RECORD))
		abort();
	agree_read(&b, file_of(data, n), f, true, CSV_MAX_RECORD);
	if (a.len != b.len || memcmp(a.p, b.p, a.len) != 0)
		abort();
	buf_free(&a);
	buf_free(&b);
	return 0;
}
