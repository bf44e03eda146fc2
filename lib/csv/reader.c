/*
 * Reads CSV in blocks and returns rows in batches: rows with well placed quotes from the scanner, the others one by one
 * from care, and rejected lines one by one.
 *
 * Time is linear for every input. A row split by care may be scanned again from its beginning when more of it has been
 * read, each time with twice as much data (refill). A row with a stray field is rejected only up to the line where that
 * field begins, and the following lines are read again. But the field spanned those lines, so each quote in them is
 * doubled or escaped: none of these lines leaves a quote open when read as the beginning of a row, and none is read a
 * third time.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "csv/care.h"
#include "csv/csv.h"
#include "csv/decode.h"
#include "csv/layout.h"
#include "csv/scan.h"
#include "csv/source.h"

enum { BLOCK = 256 * 1024 };

struct csv_reader_state {
	int *fds;			/* owned: of the file, or its pieces; ended by -1 */
	struct csv_source source;	/* bytes of the file as text */
	bool begun, eof;
	uint8_t *buf;			/* owned: cap bytes and CSV_PAD */
	size_t cap, len, pos;		/* pos: first byte not yet returned, the start of a line */
	size_t end;			/* of the bytes that may be rows: len, or less where a footer may begin */
	size_t stop;			/* start of the next line that may have to be skipped, or end */
	bool stop_known;		/* stop is right for pos and the bytes in the buffer */
	bool footer;			/* from pos on all lines are the footer */
	uint64_t footer_lines;
	uint32_t skipped;		/* lines skipped since the last batch */
	struct csv_care care;
	struct csv_scan scan;
	uint32_t rejecting;		/* lines from pos to be rejected */
	bool taking;			/* after them, those up to the next with an odd number of quotes */
	bool odd;			/* the lines of this reject have an odd number of quotes so far */
	uint64_t reject_line;		/* first line of the reject */
	bool midway;			/* the mark is within a reject */
	struct csv_row rows[CSV_BATCH_MAX];
};

int
csv_open(struct csv_reader *r, const char *path, struct csv_format format)
{
	int fd;

	memset(r, 0, sizeof(*r));
	if ((fd = io_open(path, &r->err)) < 0)
		return -1;
	return csv_open_fd(r, fd, io_in_name(path), format);
}

/* Takes over the descriptors. */
static void
init(struct csv_reader *r, int *fds, const char *name, struct csv_format format)
{
	struct csv_reader_state *s = xcalloc(1, sizeof(*s));

	r->name = name;
	r->format = format;
	r->max_record = CSV_MAX_RECORD;
	r->state = s;
	s->fds = fds;
	csv_source_init(&s->source, *fds, format.delimiter, format.quote);
	s->source.next = fds + 1;
	s->cap = BLOCK;
	s->buf = xcalloc(1, s->cap + CSV_PAD);
	csv_care_init(&s->care, format);
	csv_scan_init(&s->scan, format);
}

int
csv_open_fd(struct csv_reader *r, int fd, const char *name, struct csv_format format)
{
	int *fds = xcalloc(2, sizeof(*fds));

	memset(r, 0, sizeof(*r));
	fds[0] = fd;
	fds[1] = -1;
	init(r, fds, name, format);
	return 0;
}

static void
close_all(const int *fds)
{
	for (; *fds >= 0; fds++)
		if (*fds > STDERR_FILENO)
			close(*fds);
}

int
csv_open_pieces(struct csv_reader *r, char *const *paths, size_t n, struct csv_format format)
{
	int *fds = xcalloc(n + 1, sizeof(*fds));
	size_t i;

	memset(r, 0, sizeof(*r));
	for (i = 0; i < n && (fds[i] = io_open(paths[i], &r->err)) >= 0; i++)
		;
	fds[i] = -1;
	if (i < n) {
		close_all(fds);
		free(fds);
		return -1;
	}
	init(r, fds, io_in_name(paths[0]), format);
	return 0;
}

void
csv_close(struct csv_reader *r)
{
	struct csv_reader_state *s = r->state;

	if (s == NULL)
		return;
	close_all(s->fds);
	free(s->fds);
	csv_source_free(&s->source);
	csv_care_free(&s->care);
	csv_scan_free(&s->scan);
	free(s->buf);
	free(s);
	r->state = NULL;
}

static int
too_long(struct csv_reader *r, uint64_t line)
{
	return msg_set(&r->err, EX_DATAERR, "%s:%" PRIu64 ": record longer than %zu bytes; "
	    "--max-record raises the limit", r->name, line, r->max_record);
}

/* Moves unconsumed bytes to the front and makes room for more. */
static int
make_room(struct csv_reader *r)
{
	enum { LINE_END = 64 * 1024 };		/* with more CRs than that a line is too long */
	struct csv_reader_state *s = r->state;

	s->len -= s->pos;
	memmove(s->buf, s->buf + s->pos, s->len);
	s->end -= s->pos;
	s->pos = 0;
	s->stop_known = false;
	if (s->len > r->max_record + LINE_END)
		return too_long(r, r->lines + 1);
	if (s->len > s->cap / 2) {
		s->cap *= 2;
		s->buf = xreallocarray(s->buf, s->cap + CSV_PAD, 1);
	}
	return 0;
}

static ssize_t
read_text(struct csv_reader *r, uint8_t *p, size_t n)
{
	struct csv_reader_state *s = r->state;

	return r->layout.decoder == NULL ? csv_source_read(&s->source, p, n, r->name, &r->err) :
	    csv_decoder_read(r->layout.decoder, &s->source, p, n, r->name, &r->err);
}

/*
 * Appends the next bytes of the input to the unfinished row: at least doubles a long one, so that a row that arrives in
 * small pieces is not rescanned each time.
 */
static int
refill(struct csv_reader *r)
{
	enum { SHORT = 4096 };
	struct csv_reader_state *s = r->state;
	size_t want;
	ssize_t got;

	if (make_room(r) < 0)
		return -1;
	want = s->len < SHORT ? s->len + 1 : 2 * s->len;
	while (s->len < want && s->cap - s->len >= CSV_KIND_BYTES && !s->eof) {
		if ((got = read_text(r, s->buf + s->len, s->cap - s->len)) < 0)
			return -1;
		s->eof = got == 0;
		s->len += (size_t)got;
		r->bytes += (uint64_t)got;
	}
	memset(s->buf + s->len, 0, CSV_PAD);
	s->end = r->layout.footer == 0 ? s->len :
	    s->pos + csv_layout_rows(s->buf + s->pos, s->len - s->pos, r->layout.footer, s->eof);
	return 0;
}

/* ---- where reading can go on if the file grows ---- */

/*
 * Marks the row at pos as the first that depends on the end of the file. Returns false if rows before it have to be
 * returned first.
 */
static bool
mark(struct csv_reader *r, const struct csv_scan *scan, size_t pos)
{
	struct csv_reader_state *s = r->state;

	if (r->marked)
		return true;
	if (scan->n > 0)
		return false;
	r->marked = true;
	s->midway = s->taking || s->rejecting > 0;
	r->mark = (struct csv_mark){ .offset = r->bytes - s->len + pos, .lines = r->lines + scan->lines,
	    .blank = r->blank + scan->blank, .skipped = r->skipped + s->skipped, .spanning = r->spanning,
	    .open_quotes = r->open_quotes };
	return true;
}

bool
csv_can_resume(const struct csv_reader *r)
{
	const struct csv_reader_state *s = r->state;

	return r->marked && s->source.kind == CSV_KIND_TEXT && r->layout.decoder == NULL && r->layout.footer == 0 &&
	    r->layout.footer_from == NULL && !s->midway && r->mark.lines >= r->layout.before;
}

/*
 * Makes the source go on at an offset of the file. Returns 0, or 1 if the file is shorter; -1 if it cannot be moved
 * about in.
 */
static int
seek(struct csv_reader *r, uint64_t offset)
{
	struct csv_reader_state *s = r->state;
	struct stat st;
	size_t i, in = SIZE_MAX;
	off_t to;

	for (i = 0; s->fds[i] >= 0; i++) {
		if (fstat(s->fds[i], &st) < 0)
			return msg_sys(&r->err, EX_IOERR, "%s", r->name);
		to = in == SIZE_MAX && offset <= (uint64_t)st.st_size ? (off_t)offset : 0;
		if (lseek(s->fds[i], to, SEEK_SET) < 0)
			return msg_sys(&r->err, EX_IOERR, "%s", r->name);
		if (in == SIZE_MAX && offset <= (uint64_t)st.st_size)
			in = i;
		else if (in == SIZE_MAX)
			offset -= (uint64_t)st.st_size;
	}
	if (in == SIZE_MAX)
		return 1;
	s->source.fd = s->fds[in];
	s->source.next = s->fds + in + 1;
	s->source.eof = false;
	return 0;
}

int
csv_resume(struct csv_reader *r, const struct csv_mark *m)
{
	struct csv_reader_state *s = r->state;
	int got;

	if (s->source.kind != CSV_KIND_TEXT)
		return msg_set(&r->err, EX_DATAERR, "%s: compressed: cannot go on at byte %" PRIu64, r->name,
		    m->offset);
	if ((got = seek(r, m->offset)) < 0)
		return -1;
	if (got > 0)
		return msg_set(&r->err, EX_DATAERR, "%s: shorter than the %" PRIu64 " bytes read before", r->name,
		    m->offset);
	s->len = s->pos = s->end = 0;
	s->eof = s->stop_known = s->footer = s->taking = r->marked = false;
	s->rejecting = 0;
	r->bytes = m->offset;
	r->lines = m->lines;
	r->blank = m->blank;
	r->skipped = m->skipped;
	r->spanning = m->spanning;
	r->open_quotes = m->open_quotes;
	return 0;
}

/* ---- lines that are not rows ---- */

/* Skips the lines before the first row. */
static int
skip_before(struct csv_reader *r)
{
	struct csv_reader_state *s = r->state;
	const uint8_t *lf;

	while (r->skipped < r->layout.before && !(s->eof && s->pos == s->end)) {
		lf = memchr(s->buf + s->pos, '\n', s->end - s->pos);
		if (lf == NULL && !s->eof) {
			if (refill(r) < 0)
				return -1;
			continue;
		}
		if (lf == NULL)
			(void)mark(r, &s->scan, s->pos);
		s->pos = lf != NULL ? (size_t)(lf + 1 - s->buf) : s->end;
		r->skipped++;
		r->lines++;
	}
	return 0;
}

/*
 * Skips the line at pos if the layout says so. Returns 1 if it did, 0 if the line is incomplete or begins the footer,
 * and 2 for a line that is not to be skipped.
 */
static int
skip_line(struct csv_reader *r, struct csv_scan *scan)
{
	struct csv_reader_state *s = r->state;
	const uint8_t *line = s->buf + s->pos, *lf;

	if (!s->stop_known || s->stop < s->pos) {
		s->stop = s->pos + csv_layout_next(&r->layout, line, s->end - s->pos, s->eof);
		s->stop_known = true;
	}
	lf = memchr(line, '\n', s->end - s->pos);
	if (lf == NULL && !s->eof)
		return 0;
	if (s->stop > s->pos || s->stop == s->end)
		return 2;
	if (lf == NULL && !mark(r, scan, s->pos))
		return 0;
	if (!csv_layout_is_comment(&r->layout, line, s->end - s->pos)) {
		s->footer = true;
		return 0;
	}
	s->pos = lf != NULL ? (size_t)(lf + 1 - s->buf) : s->end;
	s->skipped++;
	scan->lines++;
	return 1;
}

/* Skips what is in the buffer of the footer: with a footer of a known number of lines, all that follows the rows. */
static int
skip_footer(struct csv_reader *r)
{
	struct csv_reader_state *s = r->state;
	const uint8_t *p = s->buf + s->pos, *end = s->buf + s->len, *lf;

	for (; p < end && ((lf = memchr(p, '\n', (size_t)(end - p))) != NULL || s->eof); s->footer_lines++) {
		if (r->layout.footer == 0 && s->footer_lines == CSV_FOOTER_MAX)
			return msg_set(&r->err, EX_DATAERR, "%s:%" PRIu64 ": a footer of more than %d lines: "
			    "its pattern matches a row", r->name, r->lines + 1 - s->footer_lines, CSV_FOOTER_MAX);
		p = lf != NULL ? lf + 1 : end;
		r->lines++;
		r->skipped++;
	}
	s->pos = (size_t)(p - s->buf);
	s->end = s->eof ? s->pos : s->len;
	return 0;
}

/* ---- the first line ---- */

/* Reads the first line, whose end shows whether LF ends lines at all, and skips a byte order mark. */
static int
begin(struct csv_reader *r)
{
	struct csv_reader_state *s = r->state;
	size_t looked = 0;

	if (r->layout.decoder != NULL) {
		csv_decoder_begin(r->layout.decoder);
		s->source.wide = csv_decoder_is_wide(r->layout.decoder);
	}
	while (!s->eof && s->len <= r->max_record + 2 && memchr(s->buf + looked, '\n', s->len - looked) == NULL) {
		looked = s->len;
		if (refill(r) < 0)
			return -1;
	}
	if (memchr(s->buf + looked, '\n', s->len - looked) == NULL &&
	    csv_kind_check_ends(s->buf, s->len, r->format.quote, s->source.kind, r->name, &r->err) < 0)
		return -1;
	if (s->len >= 3 && memcmp(s->buf, "\xef\xbb\xbf", 3) == 0)
		s->pos = 3;
	if (s->end < s->pos)	/* the first line is held as part of a footer */
		s->end = s->pos;
	if (s->eof && s->len == 3 && s->pos == 3)
		r->lines = r->blank = 1;	/* the line is empty without the mark */
	s->begun = true;
	return r->layout.before > 0 ? skip_before(r) : 0;
}

/* ---- rejects ---- */

static void
doubt(struct csv_doubt *d, uint64_t line)
{
	if (d->n++ == 0)
		d->first = line;
}

static bool
has_odd_quotes(const uint8_t *p, size_t n, uint8_t quote)
{
	size_t i;
	unsigned odd = 0;

	for (i = 0; i < n; i++)
		odd ^= p[i] == quote;
	return odd != 0;
}

/* Starts rejecting lines at pos. */
static void
begin_reject(struct csv_reader *r, const struct csv_scan *scan, uint32_t lines)
{
	struct csv_reader_state *s = r->state;

	s->rejecting = lines;
	s->odd = false;
	s->reject_line = r->lines + scan->lines + 1;
}

/* Accounts for a rejected line. */
static void
follow_reject(struct csv_reader *r, bool odd)
{
	struct csv_reader_state *s = r->state;

	if (s->rejecting == 0) {
		s->taking = !odd;
		return;
	}
	s->odd ^= odd;
	if (--s->rejecting > 0 || !s->odd)
		return;
	doubt(&r->open_quotes, s->reject_line);
	s->taking = r->format.multiline == CSV_MULTILINE_YES;
}

/* Takes the line at pos as rejected. Returns 1, 0 if it is incomplete, or -1. */
static int
reject_line(struct csv_reader *r, struct csv_scan *scan)
{
	struct csv_reader_state *s = r->state;
	const uint8_t *line = s->buf + s->pos, *lf = memchr(line, '\n', s->end - s->pos);
	size_t n = lf != NULL ? (size_t)(lf - line) : s->end - s->pos, all = n;

	while (n > 0 && line[n - 1] == '\r' && (lf != NULL || !s->eof))
		n--;
	if (n > r->max_record)
		return too_long(r, r->lines + scan->lines + 1);
	if (lf == NULL && (!s->eof || !mark(r, scan, s->pos)))
		return 0;
	scan->rows[scan->n++] = (struct csv_row){ .off = (uint32_t)s->pos, .len = (uint32_t)n, .line = scan->lines++,
	    .flags = CSV_REJECT, .text = CSV_NO_TEXT, .text_len = 2 * (uint32_t)n };
	s->pos += all + (lf != NULL);
	follow_reject(r, has_odd_quotes(line, all, r->format.quote));
	return 1;
}

/* ---- rows ---- */

/* Takes the row at pos, which has been split. */
static void
take_row(struct csv_reader *r, struct csv_scan *scan)
{
	struct csv_reader_state *s = r->state;
	const struct csv_care *c = &s->care;

	scan->rows[scan->n++] = (struct csv_row){ .off = (uint32_t)s->pos, .len = (uint32_t)c->len,
	    .line = scan->lines, .lines = c->lines, .nfields = c->nfields, .flags = c->flags,
	    .spans = (uint32_t)c->first, .text = CSV_NO_TEXT, .text_len = 2 * (uint32_t)c->len };
	scan->lines += c->lines;
	s->pos += c->next;
}

/* Are the next n lines complete? */
static bool
has_lines(const struct csv_reader_state *s, uint32_t n)
{
	const uint8_t *p = s->buf + s->pos, *end = s->buf + s->end;

	for (; n > 0 && p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL; n--)
		p++;
	return n == 0;
}

/* Splits the row at pos by care. Returns 1 if a row was taken or rejected, 0 if it is incomplete, or -1. */
static int
read_with_care(struct csv_reader *r, struct csv_scan *scan)
{
	struct csv_reader_state *s = r->state;
	enum csv_care_answer answer;

	s->care.limit = r->max_record;
	answer = csv_care_row(&s->care, s->buf + s->pos, s->end - s->pos, false);
	if (answer == CSV_CARE_MORE && s->eof && mark(r, scan, s->pos))
		answer = csv_care_row(&s->care, s->buf + s->pos, s->end - s->pos, true);
	switch (answer) {
	case CSV_CARE_ROW:
		take_row(r, scan);
		return 1;
	case CSV_CARE_BLANK:
		scan->blank++;
		scan->lines++;
		s->pos += s->care.next;
		return 1;
	case CSV_CARE_STRAY:
		if (s->eof && !has_lines(s, s->care.lines) && !mark(r, scan, s->pos))
			return 0;
		begin_reject(r, scan, s->care.lines);
		return 1;
	case CSV_CARE_LONG:
		return too_long(r, r->lines + scan->lines + 1);
	default:
		return 0;
	}
}

/*
 * Takes well placed rows before `end`, up to one that needs care or the last complete one; at the end of the file, all.
 * A row that is incomplete where a line may have to be skipped needs care: that line may be in its quotes.
 */
static void
scan_rows(struct csv_reader *r, struct csv_scan *scan, size_t end)
{
	struct csv_reader_state *s = r->state;

	scan->care = false;
	scan->at = s->pos;
	csv_scan(scan, end);
	if (!scan->care && scan->n < CSV_BATCH && scan->at < end) {
		if (end < s->end)
			scan->care = true;
		else if (s->eof && mark(r, scan, scan->at))
			csv_scan_last(scan, end);
	}
	s->pos = scan->at;
}

/* Takes the rows, or the row, or the skipped line at pos. Returns 1, 0 if nothing more is complete, or -1. */
static int
take_some(struct csv_reader *r, struct csv_scan *scan)
{
	struct csv_reader_state *s = r->state;
	bool skips = csv_layout_skips(&r->layout);
	size_t begin = s->pos;
	int got;

	if (s->footer)
		return 0;
	if (s->rejecting > 0 || s->taking)
		return reject_line(r, scan);
	if (skips && (got = skip_line(r, scan)) < 2)
		return got;
	if (!r->by_care)
		scan_rows(r, scan, skips ? s->stop : s->end);
	if (!r->by_care && !scan->care)
		return skips && s->pos < s->end && s->pos == s->stop;
	if (skips && s->pos > begin)
		return 1;	/* the line that needs care may have to be skipped */
	return read_with_care(r, scan);
}

/* Takes all rows that are complete in the block. -1 fills err. */
static int
take_rows(struct csv_reader *r, struct csv_scan *scan)
{
	struct csv_reader_state *s = r->state;
	int got = 1;

	while (scan->n < CSV_BATCH && s->pos < s->end && got > 0)
		got = take_some(r, scan);
	return got;
}

static void
count_spanning(struct csv_reader *r, const struct csv_batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (csv_row_lines(&b->rows[i]) > 1)
			doubt(&r->spanning, b->line + b->rows[i].line);
}

int
csv_next(struct csv_reader *r, struct csv_batch *b)
{
	struct csv_reader_state *s = r->state;
	struct csv_scan *scan = &s->scan;

	if (r->err.status != 0 || (!s->begun && begin(r) < 0))
		return -1;
	s->care.n = 0;
	csv_scan_begin(scan, s->buf, s->rows);
	scan->limit = r->max_record;
	for (;;) {
		scan->p = s->buf;	/* a refill moves it */
		if (take_rows(r, scan) < 0 && scan->n == 0)
			return -1;
		if (scan->n > 0)
			break;		/* report the failure at the next call */
		r->lines += scan->lines;		/* blank lines */
		r->blank += scan->blank;
		r->skipped += s->skipped;
		scan->lines = scan->blank = s->skipped = 0;
		if ((s->footer || (s->eof && s->pos == s->end)) && skip_footer(r) < 0)
			return -1;
		if (s->eof && s->pos == s->len) {
			(void)mark(r, scan, s->pos);
			return 0;
		}
		if (refill(r) < 0)
			return -1;
	}
	*b = (struct csv_batch){ scan->n, r->lines + 1, s->buf, s->rows, s->care.spans, scan->text.p };
	if (scan->lines > scan->n)
		count_spanning(r, b);
	r->lines += scan->lines;
	r->blank += scan->blank;
	r->skipped += s->skipped;
	s->skipped = 0;
	return 1;
}
