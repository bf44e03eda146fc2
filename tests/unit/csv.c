/* CSV in and out: the vector path, the portable path and libcsv agree on any bytes, and what is written reads back. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "csv_agree.h"
#include "csv/raw.h"
#include "csv/scan.h"
#include "rec/rec.h"
#include "unit.h"

const char cli_help[] = "";

enum { ROUNDS = 1000 };

static const struct csv_format formats[] = {
	{ ',', '"' }, { ';', '"' }, { '\t', '"' }, { '|', '\'' }, { ' ', '"' }, { 0xff, 0xfe }, { 0x01, 0x02 }
};
enum { NFORMATS = sizeof(formats) / sizeof(*formats) };

/* Text in which the bytes that mean something are as frequent as chance wills. */
static void
random_text(struct buf *out, size_t n, struct csv_format f)
{
	static const char others[] = "\r\r\t\0\x1b\x19 ab\xc3\xa9\xef\xbb\xbf";
	unsigned delimiters = (unsigned)unit_below(40), lfs = (unsigned)unit_below(40);
	unsigned quotes = unit_below(3) == 0 ? (unsigned)unit_below(40) : 0, odd = (unsigned)unit_below(30);

	if (unit_below(8) == 0)
		buf_adds(out, "\xef\xbb\xbf");
	while (out->len < n) {
		unsigned kind = (unsigned)unit_below(200);

		if (kind < delimiters)
			buf_addc(out, f.delimiter);
		else if ((kind -= delimiters) < lfs)
			buf_adds(out, unit_below(4) == 0 ? "\r\n" : "\n");
		else if ((kind -= lfs) < quotes)
			buf_addc(out, f.quote);
		else if ((kind -= quotes) < odd)
			buf_addc(out, (uint8_t)others[unit_below(sizeof(others))]);
		else
			buf_addc(out, (uint8_t)('0' + unit_below(10)));
	}
}

static int
file_of(const struct buf *text)
{
	int fd = memfd_create("csv", 0);

	CHECK(fd >= 0 && write(fd, text->p, text->len) == (ssize_t)text->len && lseek(fd, 0, SEEK_SET) == 0, "errno %d",
	    errno);
	return fd;
}

enum { PIPE_PIECES = 16 };	/* a pipe of 64 KiB holds so many */

/* A pipe that gives at most 4096 bytes of text in pieces of random size, one a read. */
static int
pipe_of(const struct buf *text, size_t pieces)
{
	int fds[2];
	size_t at = 0, n;

	CHECK(pipe2(fds, O_DIRECT) == 0 && pieces <= PIPE_PIECES, "errno %d", errno);
	for (; at < text->len; at += n, pieces--) {
		n = pieces <= 1 ? text->len - at : (size_t)unit_below(2 * text->len / pieces + 2);
		n = n < text->len - at ? n : text->len - at;
		CHECK(n == 0 || write(fds[1], text->p + at, n) == (ssize_t)n, "errno %d", errno);
	}
	close(fds[1]);
	return fds[0];
}

static void
same(const struct buf *a, const struct buf *b, const struct buf *text)
{
	CHECK(a->len == b->len && memcmp(a->p, b->p, a->len) == 0, "%.*s\n--- and ---\n%.*s\n--- of ---\n%.*s",
	    (int)a->len, (const char *)a->p, (int)b->len, (const char *)b->p, (int)text->len, (const char *)text->p);
}

static void
test_libcsv(void)
{
	struct buf text = { 0 }, a = { 0 }, b = { 0 };
	size_t i, n, limit;
	struct csv_format f;

	for (i = 0; i < ROUNDS; i++) {
		text.len = a.len = b.len = 0;
		f = formats[unit_below(NFORMATS)];
		n = (size_t)unit_below(unit_below(50) == 0 ? 700000 : unit_below(4) == 0 ? 20000 : 300);
		limit = unit_below(10) == 0 ? 1 + unit_below(200) : CSV_MAX_RECORD;
		random_text(&text, n, f);
		CHECK(agree_read(&a, file_of(&text), f, false, limit), "flags");
		agree_read(&b, file_of(&text), f, true, limit);
		/* With a limit both stop, though not with the same rows given before. */
		if (limit == CSV_MAX_RECORD)
			same(&a, &b, &text);
		else
			CHECK((strstr(buf_cstr(&a), "end -1") != NULL) == (strstr(buf_cstr(&b), "end -1") != NULL),
			    "limit");
	}
	buf_free(&text);
	buf_free(&a);
	buf_free(&b);
	OK("csv", "rows of the vector path are libcsv's");
}

static void
test_pieces(void)
{
	struct buf text = { 0 }, a = { 0 }, b = { 0 };
	struct csv_format f;
	size_t i;

	for (i = 0; i < ROUNDS; i++) {
		text.len = a.len = b.len = 0;
		f = formats[unit_below(NFORMATS)];
		random_text(&text, (size_t)unit_below(400), f);
		agree_read(&a, file_of(&text), f, false, CSV_MAX_RECORD);
		agree_read(&b, pipe_of(&text, 1 + unit_below(PIPE_PIECES)), f, unit_below(2) == 0, CSV_MAX_RECORD);
		same(&a, &b, &text);
	}
	buf_free(&text);
	buf_free(&a);
	buf_free(&b);
	OK("csv", "input in pieces is the same input");
}

static void
test_scanners(void)
{
	static struct csv_row rows[2][CSV_BATCH_MAX];
	struct buf text = { 0 };
	struct csv_scan a, b;
	struct csv_format f;
	size_t i, k, n;

	for (i = 0; i < ROUNDS; i++) {
		f = formats[unit_below(NFORMATS)];
		if (unit_below(8) == 0)
			f.quote = 0;
		text.len = 0;
		random_text(&text, (size_t)unit_below(unit_below(4) == 0 ? 30000 : 300), f);
		memset(buf_room(&text, CSV_PAD), 0xa5, CSV_PAD);
		csv_scan_begin(&a, f, text.p, rows[0]);
		csv_scan_begin(&b, f, text.p, rows[1]);
		csv_scan_portable(&a, text.len);
		csv_scan_avx2(&b, text.len);
		n = a.n < b.n ? a.n : b.n;
		for (k = 0; k < n; k++) {
			const struct csv_row *x = &rows[0][k], *y = &rows[1][k];

			CHECK(x->off == y->off && x->len == y->len && x->line == y->line && x->nfields == y->nfields &&
			    x->flags == y->flags, "row %zu: %u %u %u %u %u, %u %u %u %u %u", k, x->off, x->len, x->line,
			    x->nfields, x->flags, y->off, y->len, y->line, y->nfields, y->flags);
		}
		if (a.n < CSV_BATCH && b.n < CSV_BATCH)
			CHECK(a.n == b.n && a.at == b.at && a.lines == b.lines && a.blank == b.blank &&
			    a.quote == b.quote, "%zu %zu, %zu %zu", a.n, b.n, a.at, b.at);
		else
			CHECK(a.n >= CSV_BATCH && b.n >= CSV_BATCH && a.n <= CSV_BATCH_MAX && b.n <= CSV_BATCH_MAX,
			    "%zu %zu", a.n, b.n);
	}
	buf_free(&text);
	OK("csv", "the scanners agree");
}

/* Fields of any bytes, written by csv_put, come back as they were. */
static void
test_put(void)
{
	struct buf text = { 0 }, fields = { 0 };
	size_t i, k, n, offs[12];
	struct csv_format f;
	struct csv_reader r;
	struct csv_batch b;
	struct csv_field got[12];

	for (i = 0; i < ROUNDS; i++) {
		f = formats[unit_below(NFORMATS)];
		text.len = fields.len = 0;
		n = 1 + (size_t)unit_below(11);
		for (k = 0; k < n; k++) {
			offs[k] = fields.len;
			random_text(&fields, fields.len + (size_t)unit_below(40), f);
		}
		offs[n] = fields.len;
		for (k = 0; k < n; k++) {
			if (k > 0)
				buf_addc(&text, f.delimiter);
			(n == 1 ? csv_put_alone : csv_put)(&text, fields.p + offs[k], offs[k + 1] - offs[k],
			    (char)f.delimiter, (char)f.quote);
		}
		buf_adds(&text, unit_below(2) == 0 ? "\n" : "\r\n");
		csv_open_fd(&r, file_of(&text), "file", f);
		CHECK(csv_next(&r, &b) == 1 && b.n == 1 && b.rows->nfields == n, "%zu fields", n);
		csv_split(&b, b.rows, f.delimiter, got);
		for (k = 0; k < n; k++)
			CHECK(got[k].n == offs[k + 1] - offs[k] && memcmp(got[k].p, fields.p + offs[k], got[k].n) == 0,
			    "field %zu", k);
		CHECK(csv_next(&r, &b) == 0, "%s", r.err.text);
		csv_close(&r);
	}
	buf_free(&text);
	buf_free(&fields);
	OK("csv", "what csv_put writes reads back");
}

/* Does the record hold the row: every field as it was, or all of its source? */
static void
check_record(struct rec r, size_t ncolumns, const struct csv_batch *b, const struct csv_row *row, uint8_t delimiter)
{
	static struct csv_field fields[CSV_MAX_FIELDS];
	static uint8_t text[1 << 20];
	struct rec_field f;
	size_t i, n;

	CHECK(val_int(rec_field(r, 0).p) == (int64_t)(b->line + row->line), "line");
	CHECK(rec_is_null(r, ncolumns + 1) == (row->nfields == ncolumns), "malformed");
	if (row->nfields != ncolumns) {
		f = rec_field(r, ncolumns + 1);
		n = val_get_string(text, f.p, f.n);
		CHECK(n == row->len && memcmp(text, b->base + row->off, n) == 0, "source");
		return;
	}
	csv_split(b, row, delimiter, fields);
	for (i = 0; i < ncolumns; i++) {
		f = rec_field(r, 1 + i);
		n = val_get_string(text, f.p, f.n);
		/* The columns stand in the opposite order. */
		CHECK(n == fields[ncolumns - 1 - i].n && memcmp(text, fields[ncolumns - 1 - i].p, n) == 0, "column %zu",
		    i);
	}
}

static void
write_raw(const char *path, const struct buf *text, struct csv_format f, size_t ncolumns)
{
	size_t i, from[8];
	struct rec_header h;
	struct rec_writer w;
	struct csv_raw raw;
	struct csv_reader r;
	struct csv_batch b;
	char name[8];

	rec_header_init(&h, "t");
	rec_header_add(&h, "_line", (struct val_type){ VAL_INT64, 0, 0 }, true, true);
	for (i = 0; i <= ncolumns; i++) {
		snprintf(name, sizeof(name), "c%zu", i);
		rec_header_add(&h, i < ncolumns ? name : "_malformed", (struct val_type){ VAL_STRING, 0, 0 }, false,
		    false);
		if (i < ncolumns)
			from[i] = ncolumns - 1 - i;
	}
	xrec_create(&w, path, &h);
	csv_open_fd(&r, file_of(text), "file", f);
	csv_raw_init(&raw, &w, "file", f.delimiter, ncolumns, from, ncolumns);
	while (csv_next(&r, &b) > 0)
		CHECK(csv_raw_put(&raw, &b) == 0, "%s", raw.err.text);
	xrec_finish(&w);
	csv_raw_free(&raw);
	csv_close(&r);
	rec_header_free(&h);
}

/* Raw records hold what the rows held; with one column they take the way of rows that are copied whole. */
static void
test_raw(void)
{
	char *path = xasprintf("/tmp/acct-unit-csv.%ld", (long)getpid());
	struct buf text = { 0 };
	size_t i, k, next, ncolumns;
	struct csv_format f;
	struct csv_reader r;
	struct csv_batch b;
	struct rec_reader records;
	struct rec_batch rb;

	for (i = 0; i < ROUNDS / 10; i++) {
		f = formats[unit_below(NFORMATS)];
		text.len = 0;
		random_text(&text, (size_t)unit_below(unit_below(4) == 0 ? 300000 : 2000), f);
		ncolumns = 1 + (size_t)unit_below(5);
		write_raw(path, &text, f, ncolumns);
		csv_open_fd(&r, file_of(&text), "file", f);
		xrec_open(&records, path, 0);
		rb.n = next = 0;
		while (csv_next(&r, &b) > 0) {
			for (k = 0; k < b.n; k++, next++) {
				if (next == rb.n) {
					CHECK(xrec_next(&records, &rb), "too few records");
					next = 0;
				}
				check_record(rec_at(&rb, next), ncolumns, &b, &b.rows[k], f.delimiter);
			}
		}
		CHECK(next == rb.n && !xrec_next(&records, &rb), "too many records");
		rec_close(&records);
		csv_close(&r);
	}
	unlink(path);
	free(path);
	buf_free(&text);
	OK("csv", "raw records hold the rows");
}

static void
test_words(void)
{
	size_t n;
	char **words = csv_words("a,\"b,c\",,\"d\"\"e\"", (struct csv_format){ ',', '"' }, &n);

	CHECK(words != NULL && n == 4 && strcmp(words[0], "a") == 0 && strcmp(words[1], "b,c") == 0 &&
	    strcmp(words[2], "") == 0 && strcmp(words[3], "d\"e") == 0, "%zu", n);
	csv_words_free(words, n);
	CHECK(csv_words("a,\"b", (struct csv_format){ ',', '"' }, &n) == NULL, "an open quote");
	CHECK(csv_words("a\nb", (struct csv_format){ ',', '"' }, &n) == NULL, "two records");
	OK("csv", "words of a line");
}

int
main(void)
{
	unit_start();
	test_scanners();
	test_libcsv();
	test_pieces();
	test_put();
	test_raw();
	test_words();
	return 0;
}
