/*
 * CSV in and out: the scanner and the reader that takes care of every row agree on any bytes, and what is written reads
 * back, by this reader and by libcsv.
 */
#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "csv_agree.h"
#include "csv/care.h"
#include "csv/raw.h"
#include "csv/scan.h"
#include "rec/rec.h"
#include "regex/regex.h"
#include "unit.h"

enum { ROUNDS = 1000 };

static const struct csv_format formats[] = {
	{ ',', '"', 0, CSV_MULTILINE_ANY }, { ';', '"', '\\', CSV_MULTILINE_ANY }, { '\t', '"', 0, CSV_MULTILINE_NO },
	{ '|', '\'', 0, CSV_MULTILINE_YES }, { ' ', '"', '%', CSV_MULTILINE_YES },
	{ 0xff, 0xfe, '\\', CSV_MULTILINE_NO },
	{ 0x01, 0x02, 0, CSV_MULTILINE_ANY }
};
enum { NFORMATS = sizeof(formats) / sizeof(*formats) };

/* Text in which the bytes that mean something are as frequent as chance wills. */
static void
random_text(struct buf *out, size_t n, struct csv_format f)
{
	static const char others[] = "\r\r\t\0\x1b\x19 ab\\%\xc3\xa9\xef\xbb\xbf";
	unsigned delimiters = (unsigned)unit_below(40), lfs = (unsigned)unit_below(40);
	unsigned quotes = unit_below(3) == 0 ? (unsigned)unit_below(40) : 0, odd = (unsigned)unit_below(30);
	unsigned quoted = unit_below(2) == 0 ? (unsigned)unit_below(40) : 0;

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
		else if ((kind -= quotes) < quoted)
			buf_addf(out, "%c%c%.*s%c%c", f.delimiter, f.quote, (int)unit_below(8), "01\n23456", f.quote,
			    unit_below(3) == 0 ? '\n' : f.delimiter);
		else if ((kind -= quoted) < odd)
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
	CHECK(unit_same(a->p, a->len, b->p, b->len), "%.*s\n--- and ---\n%.*s\n--- of ---\n%.*s",
	    (int)a->len, (const char *)a->p, (int)b->len, (const char *)b->p, (int)text->len, (const char *)text->p);
}

static struct regex *digits;	/* matches lines of digits */

/* A layout with some, in every other round none, of the lines that are not rows. */
static struct csv_layout
random_layout(void)
{
	static const char *const comments[] = { NULL, "1", "\t", "a", "01" };
	struct csv_layout layout = { 0 };

	if (unit_below(2) == 0)
		return layout;
	layout.before = unit_below(2) == 0 ? unit_below(4) : 0;
	layout.footer = unit_below(2) == 0 ? unit_below(4) : 0;
	layout.comment = comments[unit_below(5)];
	layout.footer_from = layout.footer == 0 && unit_below(3) == 0 ? digits : NULL;
	return layout;
}

static void
test_care(void)
{
	struct buf text = { 0 }, a = { 0 }, b = { 0 };
	struct csv_layout layout;
	size_t i, n, limit;
	struct csv_format f;

	for (i = 0; i < ROUNDS; i++) {
		text.len = a.len = b.len = 0;
		f = formats[unit_below(NFORMATS)];
		n = (size_t)unit_below(unit_below(50) == 0 ? 700000 : unit_below(4) == 0 ? 20000 : 300);
		limit = unit_below(5) == 0 ? 1 + unit_below(200) : CSV_MAX_RECORD;
		layout = random_layout();
		random_text(&text, n, f);
		CHECK(agree_read(&a, file_of(&text), f, layout, false, limit), "flags");
		agree_read(&b, file_of(&text), f, layout, true, limit);
		same(&a, &b, &text);
	}
	buf_free(&text);
	buf_free(&a);
	buf_free(&b);
	OK("csv", "the scanner's rows are those of care");
}

static void
test_pieces(void)
{
	struct buf text = { 0 }, a = { 0 }, b = { 0 };
	struct csv_layout layout;
	struct csv_format f;
	size_t i;

	for (i = 0; i < ROUNDS; i++) {
		text.len = a.len = b.len = 0;
		f = formats[unit_below(NFORMATS)];
		layout = random_layout();
		random_text(&text, (size_t)unit_below(400), f);
		agree_read(&a, file_of(&text), f, layout, false, CSV_MAX_RECORD);
		agree_read(&b, pipe_of(&text, 1 + unit_below(PIPE_PIECES)), f, layout, unit_below(2) == 0,
		    CSV_MAX_RECORD);
		same(&a, &b, &text);
	}
	buf_free(&text);
	buf_free(&a);
	buf_free(&b);
	OK("csv", "input in pieces is the same input");
}

/*
 * A stray quote far from the field's beginning, before lines that open quotes again: the time does not become
 * quadratic.
 */
static void
test_linear(void)
{
	static const char *const lines[] = { "a,\"b\n", "x\",a,\"y\n", "\"\"\n", "\"\"\"\n", "a,\"\"x\n", "\",\n",
	    " \"\n", "\\\"\n" };
	enum { LINES = sizeof(lines) / sizeof(*lines), BYTES = 8 << 20 };
	struct csv_format f = { ',', '"', '\\', CSV_MULTILINE_ANY };
	struct buf text = { 0 };
	struct csv_reader r;
	struct csv_batch b;
	size_t i;

	for (i = 0; i < 3 * LINES; i++) {
		text.len = 0;
		buf_adds(&text, i < LINES ? "a,\"b\n" : "a\n");
		while (text.len < BYTES)
			buf_adds(&text, i < 2 * LINES ? lines[i % LINES] : lines[unit_below(LINES)]);
		csv_open_fd(&r, file_of(&text), "file", f);
		r.max_record = 1 << 20;
		while (csv_next(&r, &b) > 0)
			continue;
		CHECK(r.err.status == 0 && r.bytes == text.len, "%s", r.err.text);
		csv_close(&r);
	}
	buf_free(&text);
	OK("csv", "open quotes without end are read in linear time");
}

/* Each row that a scanner takes is a row of care, in the same place. */
static void
check_scan(const struct csv_scan *s, size_t begin, size_t end)
{
	struct csv_care c;
	size_t k, at = begin;

	csv_care_init(&c, s->format);
	for (k = 0; k < s->n; k++) {
		const struct csv_row *row = &s->rows[k];
		enum csv_care_answer answer;

		while ((answer = csv_care_row(&c, s->p + at, end - at, false)) == CSV_CARE_BLANK)
			at += c.next;
		CHECK(answer == CSV_CARE_ROW && row->off == at && row->len == c.len && csv_row_lines(row) == c.lines &&
		    row->nfields == c.nfields, "row %zu at %zu", k, at);
		at += c.next;
	}
	csv_care_free(&c);
}

static void
test_scanner(void)
{
	static struct csv_row rows[CSV_BATCH_MAX];
	struct buf text = { 0 };
	struct csv_scan s;
	struct csv_format f;
	size_t i;

	for (i = 0; i < ROUNDS; i++) {
		f = formats[unit_below(NFORMATS)];
		if (unit_below(4) == 0)
			f.quote = 0;
		text.len = 0;
		random_text(&text, (size_t)unit_below(unit_below(4) == 0 ? 30000 : 300), f);
		memset(buf_room(&text, CSV_PAD), 0xa5, CSV_PAD);
		csv_scan_init(&s, f);
		csv_scan_begin(&s, text.p, rows);
		csv_scan(&s, text.len);
		CHECK(s.n <= CSV_BATCH_MAX, "%zu", s.n);
		check_scan(&s, 0, text.len);
		/* Only what needs care, or is the beginning of a row, is left. */
		CHECK(s.care || s.n >= CSV_BATCH || memchr(text.p + s.at, '\n', text.len - s.at) == NULL ||
		    (f.quote != 0 && memchr(text.p + s.at, f.quote, text.len - s.at) != NULL), "at %zu", s.at);
		csv_scan_free(&s);
	}
	buf_free(&text);
	OK("csv", "the scanner takes rows of care");
}

/* ---- what is written ---- */

struct parsed {			/* by libcsv */
	struct buf text;
	size_t n, offs[16], rows;
};

static void
on_field(void *field, size_t n, void *to)
{
	struct parsed *p = to;

	CHECK(p->n < 15, "fields");
	buf_add(&p->text, field, n);
	p->offs[++p->n] = p->text.len;
}

static void
on_row(int c, void *to)
{
	(void)c;
	((struct parsed *)to)->rows++;
}

static int
no_space(unsigned char c)
{
	(void)c;
	return 0;
}

static int
is_lf(unsigned char c)
{
	return c == '\n';
}

/* libcsv reads the same fields from a line that ends with an LF alone. */
static void
check_libcsv(const struct buf *line, struct csv_format f, const struct buf *fields, const size_t *offs, size_t n)
{
	struct csv_parser c;
	struct parsed p = { 0 };
	size_t k;

	csv_init(&c, 0);
	csv_set_delim(&c, f.delimiter);
	csv_set_quote(&c, f.quote);
	csv_set_space_func(&c, no_space);
	csv_set_term_func(&c, is_lf);
	CHECK(csv_parse(&c, line->p, line->len, on_field, on_row, &p) == line->len, "libcsv");
	CHECK(p.rows == 1 && p.n == n, "libcsv: %zu rows, %zu fields", p.rows, p.n);
	for (k = 0; k < n; k++)
		CHECK(unit_same(p.text.p + p.offs[k], p.offs[k + 1] - p.offs[k], fields->p + offs[k],
		    offs[k + 1] - offs[k]), "libcsv: field %zu", k);
	csv_free(&c);
	buf_free(&p.text);
}

/* Fields of any bytes, written by csv_put, come back as they were. */
static void
check_put(struct csv_format f, const struct buf *text, const struct buf *fields, const size_t *offs, size_t n)
{
	struct csv_reader r;
	struct csv_batch b;
	struct csv_field got[12];
	struct buf one = { 0 };
	size_t k;

	csv_open_fd(&r, file_of(text), "file", f);
	CHECK(csv_next(&r, &b) == 1 && b.n == 1 && b.rows->nfields == n, "%zu fields", n);
	csv_split(&b, b.rows, f, got);
	for (k = 0; k < n; k++) {
		one.len = 0;
		one.len = csv_unquote(&got[k], f, buf_room(&one, got[k].n + 1));
		CHECK(unit_same(one.p, one.len, fields->p + offs[k], offs[k + 1] - offs[k]), "field %zu", k);
		CHECK(one.len > 0 || got[k].quoted == (n == 1), "empty field %zu", k);
	}
	CHECK(csv_next(&r, &b) == 0, "%s", r.err.text);
	csv_close(&r);
	buf_free(&one);
}

static void
test_put(void)
{
	struct buf text = { 0 }, fields = { 0 };
	size_t i, k, n, offs[12];
	struct csv_format f;
	bool crlf;

	for (i = 0; i < ROUNDS; i++) {
		f = formats[unit_below(NFORMATS)];
		f.multiline = CSV_MULTILINE_YES;
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
			(n == 1 ? csv_put_text : csv_put)(&text, fields.p + offs[k], offs[k + 1] - offs[k], f);
		}
		crlf = unit_below(2) == 0;
		buf_adds(&text, crlf ? "\r\n" : "\n");
		check_put(f, &text, &fields, offs, n);
		if (!crlf && f.escape == 0)
			check_libcsv(&text, f, &fields, offs, n);
	}
	buf_free(&text);
	buf_free(&fields);
	OK("csv", "what csv_put writes reads back, by libcsv too");
}

/* Does the record hold the row: every field as it was, or all of its source and the reason? */
static void
check_record(struct rec r, size_t ncolumns, const struct csv_batch *b, const struct csv_row *row,
    struct csv_format format)
{
	static struct csv_field fields[CSV_MAX_FIELDS];
	static uint8_t text[1 << 20], want[1 << 20];
	const char *reason = row->flags & CSV_REJECT ? "quote " : "field-count ";
	struct rec_field f;
	size_t i, n, len;

	CHECK(val_int(rec_field(r, 0).p) == (int64_t)(b->line + row->line), "line");
	CHECK(rec_is_null(r, ncolumns + 1) == (row->nfields == ncolumns), "malformed");
	if (row->nfields != ncolumns) {
		f = rec_field(r, ncolumns + 1);
		n = val_get_string(text, f.p, f.n);
		len = strlen(reason);
		CHECK(n == len + row->len && memcmp(text, reason, len) == 0 &&
		    memcmp(text + len, b->base + row->off, row->len) == 0, "source");
		return;
	}
	csv_split(b, row, format, fields);
	for (i = 0; i < ncolumns; i++) {
		f = rec_field(r, 1 + i);
		n = val_is_null(f.p, f.n) ? 0 : val_get_string(text, f.p, f.n);
		/* The columns are in the opposite order. */
		len = csv_unquote(&fields[ncolumns - 1 - i], format, want);
		CHECK(n == len && memcmp(text, want, n) == 0, "column %zu", i);
		CHECK(n > 0 || val_is_null(f.p, f.n) == !fields[ncolumns - 1 - i].quoted, "column %zu", i);
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
	csv_raw_init(&raw, &w, "file", f, ncolumns, from, ncolumns, false);
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
				check_record(rec_at(&rb, next), ncolumns, &b, &b.rows[k], f);
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
	const struct csv_format f = { .delimiter = ',', .quote = '"' };
	char **words = csv_words("a,\"b,c\",,\"d\"\"e\"", f, &n);

	CHECK(words != NULL && n == 4 && strcmp(words[0], "a") == 0 && strcmp(words[1], "b,c") == 0 &&
	    strcmp(words[2], "") == 0 && strcmp(words[3], "d\"e") == 0, "%zu", n);
	csv_words_free(words, n);
	CHECK(csv_words("a,\"b", f, &n) == NULL, "an open quote");
	CHECK(csv_words("a\nb", f, &n) == NULL, "two records");
	OK("csv", "words of a line");
}

int
main(void)
{
	struct regex_fault fault;

	CHECK((digits = regex_compile("[0-9]*", 6, &fault)) != NULL, "%s", fault.what);
	unit_start();
	test_scanner();
	test_care();
	test_linear();
	test_pieces();
	test_put();
	test_raw();
	test_words();
	regex_free(digits);
	return 0;
}
