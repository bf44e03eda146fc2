/*
 * Files that grow: what is read up to the mark of the shorter file, and from there on of the longer one, cut into
 * pieces anywhere, is what reading the longer one at once gives, with its counts.
 */
#include "unit.h"

#include <fcntl.h>
#include <unistd.h>

#include "csv/csv.h"

enum { BYTES = 3000, ROWS = 4000, PIECES = 3 };

struct seen {			/* what a reader gave */
	struct { uint64_t line; uint32_t n, nfields, flags; char text[64]; } rows[ROWS];
	size_t n, marked;	/* marked: rows before the mark */
	uint64_t lines, blank, skipped, bytes;
	struct csv_doubt spanning, open_quotes;
	bool can_resume;
	struct csv_mark mark;
};

static uint8_t text[BYTES];
static size_t length;
static char *paths[PIECES];

/* ---- files ---- */

static void
make_text(bool quotes)
{
	static const char *const words[] = { "a", "bc", ",", ",", "\n", "\n", "\r\n", " ", "\n\n", "#x\n", "\"", "\"\"",
	    "\",\"", "\"\n", "\r" };
	size_t words_n = quotes ? sizeof(words) / sizeof(*words) : 10, want = unit_below(BYTES - 8);

	for (length = 0; length < want;) {
		const char *w = words[unit_below(words_n)];

		memcpy(text + length, w, strlen(w));
		length += strlen(w);
	}
}

static void
write_piece(size_t i, size_t from, size_t to)
{
	int fd = open(paths[i], O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, text + from, to - from) == (ssize_t)(to - from) && close(fd) == 0, "%s", paths[i]);
}

/* ---- reading ---- */

static void
take_rows(struct seen *s, const struct csv_batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++, s->n++) {
		CHECK(s->n < ROWS, "too many rows");
		s->rows[s->n].line = b->line + b->rows[i].line;
		s->rows[s->n].n = b->rows[i].len;
		s->rows[s->n].nfields = b->rows[i].nfields;
		s->rows[s->n].flags = b->rows[i].flags & CSV_REJECT;
		memset(s->rows[s->n].text, 0, sizeof(s->rows[s->n].text));
		memcpy(s->rows[s->n].text, b->base + b->rows[i].off, b->rows[i].len < 64 ? b->rows[i].len : 64);
	}
}

/* Reads n pieces, from a mark or from the beginning. False if that fails, as on a line without an end. */
static bool
read_pieces(struct seen *s, size_t n, const struct csv_mark *from, struct csv_format format,
    const struct csv_layout *layout)
{
	struct csv_reader r;
	struct csv_batch b;
	int got;

	CHECK(csv_open_pieces(&r, paths, n, format) == 0, "%s", r.err.text);
	r.layout = *layout;
	got = csv_next(&r, &b);
	if (from != NULL) {
		CHECK(csv_resume(&r, from) == 0, "%s", r.err.text);
		got = csv_next(&r, &b);
	}
	s->marked = SIZE_MAX;
	for (; got > 0; got = csv_next(&r, &b)) {
		if (r.marked && s->marked == SIZE_MAX)
			s->marked = s->n;
		take_rows(s, &b);
	}
	if (s->marked == SIZE_MAX)
		s->marked = s->n;
	s->lines = r.lines;
	s->blank = r.blank;
	s->skipped = r.skipped;
	s->bytes = r.bytes;
	s->spanning = r.spanning;
	s->open_quotes = r.open_quotes;
	s->can_resume = got == 0 && csv_can_resume(&r);
	s->mark = r.mark;
	csv_close(&r);
	return got == 0;
}

static bool
same_doubt(const struct csv_doubt *a, const struct csv_doubt *b)
{
	return a->n == b->n && (a->n == 0 || a->first == b->first);
}

static void
check_same(const struct seen *whole, const struct seen *grown)
{
	size_t i;

	CHECK(whole->n == grown->n, "%zu rows, not %zu", grown->n, whole->n);
	for (i = 0; i < whole->n; i++)
		CHECK(memcmp(&whole->rows[i], &grown->rows[i], sizeof(whole->rows[i])) == 0, "row %zu: '%s' in line %"
		    PRIu64 ", not '%s' in line %" PRIu64, i, grown->rows[i].text, grown->rows[i].line,
		    whole->rows[i].text, whole->rows[i].line);
	CHECK(whole->lines == grown->lines && whole->bytes == grown->bytes, "lines %" PRIu64 " %" PRIu64, whole->lines,
	    grown->lines);
	CHECK(whole->blank == grown->blank, "blank %" PRIu64 " %" PRIu64, whole->blank, grown->blank);
	CHECK(whole->skipped == grown->skipped, "skipped %" PRIu64 " %" PRIu64, whole->skipped, grown->skipped);
	CHECK(same_doubt(&whole->spanning, &grown->spanning) && same_doubt(&whole->open_quotes, &grown->open_quotes),
	    "doubts");
}

static void
check_growth(unsigned long *resumed)
{
	static struct seen whole, grown;
	struct csv_format format = { .delimiter = ',', .quote = unit_below(4) == 0 ? 0 : '"',
		.multiline = (uint8_t)unit_below(3) };
	struct csv_layout layout = { .before = unit_below(5) == 0 ? unit_below(4) : 0,
		.comment = unit_below(3) == 0 ? "#" : NULL };
	size_t cut, mid;

	make_text(unit_below(3) > 0);
	cut = unit_below(length + 1);
	mid = unit_below(cut + 1);
	memset(&whole, 0, sizeof(whole));
	memset(&grown, 0, sizeof(grown));
	write_piece(0, 0, length);
	if (!read_pieces(&whole, 1, NULL, format, &layout))
		return;
	write_piece(0, 0, mid);
	write_piece(1, mid, cut);
	write_piece(2, cut, length);
	if (!read_pieces(&grown, 2, NULL, format, &layout) || !grown.can_resume)
		return;
	grown.n = grown.marked;
	CHECK(read_pieces(&grown, PIECES, &(struct csv_mark){ grown.mark.offset, grown.mark.lines, grown.mark.blank,
	    grown.mark.skipped, grown.mark.spanning, grown.mark.open_quotes }, format, &layout), "reading fails");
	check_same(&whole, &grown);
	++*resumed;
}

static void
check_shorter(void)
{
	struct csv_format format = { .delimiter = ',', .quote = '"' };
	struct csv_mark m = { .offset = 9 };
	struct csv_reader r;
	struct csv_batch b;

	memcpy(text, "a,b\n1,2\n", 8);
	write_piece(0, 0, 8);
	CHECK(csv_open(&r, paths[0], format) == 0 && csv_next(&r, &b) == 1, "%s", r.err.text);
	CHECK(csv_resume(&r, &m) < 0 && r.err.status == EX_DATAERR, "%s", r.err.text);
	csv_close(&r);
}

int
main(void)
{
	const char *cases = getenv("ACCT_CASES");
	unsigned long n = cases != NULL ? strtoul(cases, NULL, 10) : 4000, i, resumed = 0;

	unit_start();
	for (i = 0; i < PIECES; i++) {
		CHECK(asprintf(&paths[i], "/tmp/resume-%ld-%lu", (long)getpid(), i) > 0, "asprintf");
		write_piece(i, 0, 0);
	}
	for (i = 0; i < n; i++)
		check_growth(&resumed);
	CHECK(resumed > n / 2, "%lu of %lu could go on", resumed, n);
	check_shorter();
	for (i = 0; i < PIECES; i++) {
		unlink(paths[i]);
		free(paths[i]);
	}
	OK("resume", "files that grow");
	return 0;
}
