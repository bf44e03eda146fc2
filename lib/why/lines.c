/* The text of records by their lines, from the pieces of bronze. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "csv/csv.h"
#include "csv/decode.h"
#include "csv/format.h"
#include "csv/source.h"
#include "why/why.h"

enum { BLOCK = 256 * 1024 };

struct file {			/* a delivery, read from some line on */
	const struct ledger_entry *entry;
	struct csv_format format;
	struct csv_decoder *decoder;	/* NULL: UTF-8; owned */
	char *path;		/* of its first piece that is read; owned */
	int *fds;		/* of the pieces, ended by -1; owned */
	struct csv_source source;
	struct buf text;	/* read and not yet passed over, from `at` on */
	size_t at;
	int64_t line;		/* of the byte at `at` */
	bool eof;
};

/* ---- the pieces ---- */

/*
 * Can a record of this line begin in the piece? It follows line feed number line - 1, and the lines of an entry are
 * those of the whole file up to its end.
 */
static bool
begins_in(const struct ledger_entry *base, int64_t line)
{
	return base->lines >= 0 && base->lines < line - 1;
}

static int
open_piece(struct file *f, const char *lake, const struct ledger_entry *e, struct msg *err)
{
	char *path = xasprintf("%s/bronze/%s", lake, e->piece);
	size_t n = 0;

	while (f->fds != NULL && f->fds[n] >= 0)
		n++;
	f->fds = xreallocarray(f->fds, n + 2, sizeof(*f->fds));
	f->fds[n] = io_open(path, err);
	f->fds[n + 1] = -1;
	if (f->path == NULL)
		f->path = path;
	else
		free(path);
	return f->fds[n] < 0 ? -1 : 0;
}

/* Opens the pieces of a delivery from the one in which a record of `line` begins. whole: from the first. */
static int
open_pieces(struct file *f, const char *lake, const struct ledger *l, const struct ledger_entry *e, int64_t line,
    bool whole, struct msg *err)
{
	const struct ledger_entry *base = ledger_entry(l, e->base);

	if (base != NULL && (whole || !begins_in(base, line))) {
		if (open_pieces(f, lake, l, base, line, whole, err) < 0)
			return -1;
	} else {
		f->line = base != NULL ? base->lines + 1 : 1;
	}
	return open_piece(f, lake, e, err);
}

static int
file_open(struct file *f, const char *lake, const struct ledger *l, const struct ledger_entry *e,
    const struct schema *s, int64_t line, struct msg *err)
{
	*f = (struct file){ .entry = e, .format = csv_format_of(s) };
	if (s->encoding != NULL && csv_decoder_new(&f->decoder, s->encoding, err) < 0)
		return -1;
	if (f->decoder != NULL)
		csv_decoder_begin(f->decoder);
	if (open_pieces(f, lake, l, e, line, f->decoder != NULL, err) < 0)
		return -1;
	csv_source_init(&f->source, f->fds[0], f->format.delimiter, f->format.quote);
	f->source.next = f->fds + 1;
	f->source.wide = f->decoder != NULL && csv_decoder_is_wide(f->decoder);
	return 0;
}

static void
file_close(struct file *f)
{
	size_t i;

	for (i = 0; f->fds != NULL && f->fds[i] >= 0; i++)
		close(f->fds[i]);
	free(f->fds);
	free(f->path);
	csv_source_free(&f->source);
	csv_decoder_free(f->decoder);
	buf_free(&f->text);
	*f = (struct file){ 0 };
}

/* ---- the text ---- */

static size_t
left(const struct file *f)
{
	return f->text.len - f->at;
}

/* Reads at least `more` bytes after those there, unless the file ends. */
static int
fill(struct file *f, size_t more, struct msg *err)
{
	size_t want = left(f) + more;
	ssize_t got;

	if (f->at > 0)
		memmove(f->text.p, f->text.p + f->at, left(f));
	f->text.len = left(f);
	f->at = 0;
	while (f->text.len < want && !f->eof) {
		uint8_t *to = buf_room(&f->text, BLOCK);

		got = f->decoder != NULL ? csv_decoder_read(f->decoder, &f->source, to, BLOCK, f->path, err) :
		    csv_source_read(&f->source, to, BLOCK, f->path, err);
		if (got < 0)
			return -1;
		f->text.len += (size_t)got;
		f->eof = got == 0;
	}
	return 0;
}

static const uint8_t *
next_lf(const struct file *f, size_t from)
{
	return left(f) > from ? memchr(f->text.p + f->at + from, '\n', left(f) - from) : NULL;
}

/* Passes over lines up to the beginning of `line`. */
static int
go_to(struct file *f, int64_t line, struct msg *err)
{
	const uint8_t *lf;

	while (f->line < line) {
		if ((lf = next_lf(f, 0)) != NULL) {
			f->at = (size_t)(lf + 1 - f->text.p);
			f->line++;
			continue;
		}
		f->at = f->text.len;
		if (f->eof)
			break;
		if (fill(f, 1, err) < 0)
			return -1;
	}
	if (left(f) == 0 && fill(f, 1, err) < 0)
		return -1;
	return left(f) > 0 ? 0 : msg_set(err, EX_DATAERR, "%s: damaged: has no line %lld of delivery %lld", f->path,
	    (long long)line, (long long)f->entry->number);
}

/* Finds the end of the line at f->at: the bytes before its line feed, which is read if there is one. */
static int
line_end(struct file *f, size_t *n, struct msg *err)
{
	const uint8_t *lf;
	size_t from = 0;

	while ((lf = next_lf(f, from)) == NULL && !f->eof) {
		from = left(f);
		if (fill(f, 1, err) < 0)
			return -1;
	}
	*n = lf != NULL ? (size_t)(lf - f->text.p) - f->at : left(f);
	return 0;
}

/* ---- a record ---- */

/*
 * Reads the first row of the text that is there. Returns 1 and its length, 0 if more text is needed, or -1. A line that
 * is no row of its own is taken as it is.
 */
static int
first_row(struct file *f, int fd, size_t *n, struct msg *err)
{
	struct csv_reader r;
	struct csv_batch b;
	int got = -1;

	if (csv_open_fd(&r, fd, f->path, f->format) == 0)
		got = csv_next(&r, &b);
	if (got < 0) {
		(void)msg_set(err, r.err.status, "%s", r.err.text);
	} else if (got > 0 && (b.rows[0].flags & CSV_REJECT) == 0) {
		*n = b.rows[0].len;
		got = *n < left(f) || f->eof;
	} else {
		got = f->eof;
	}
	csv_close(&r);
	return got;
}

/* Finds the length of the record at f->at, whose first line has n bytes and a quote. */
static int
spanning_end(struct file *f, size_t *n, struct msg *err)
{
	int got = 0, fd;

	while (got == 0) {
		if ((fd = memfd_create("acct-why", MFD_CLOEXEC)) < 0)
			return msg_sys(err, EX_OSERR, "memfd_create");
		if (io_write(fd, f->text.p + f->at, left(f), f->path, err) < 0 || lseek(fd, 0, SEEK_SET) < 0) {
			close(fd);
			return -1;
		}
		got = first_row(f, fd, n, err);
		if (got == 0 && fill(f, left(f), err) < 0)
			return -1;
	}
	return got < 0 ? -1 : 0;
}

static int
give_record(struct file *f, int64_t line, why_line *each, void *to, struct msg *err)
{
	const uint8_t *p;
	size_t n;

	if (go_to(f, line, err) < 0 || line_end(f, &n, err) < 0)
		return -1;
	if (f->format.quote != 0 && memchr(f->text.p + f->at, f->format.quote, n) != NULL &&
	    spanning_end(f, &n, err) < 0)
		return -1;
	p = f->text.p + f->at;
	while (n > 0 && p[n - 1] == '\r')
		n--;
	return each(to, f->entry, line, p, n, err);
}

/* ---- all of them ---- */

static int
by_place(const void *a, const void *b)
{
	const struct why_place *x = a, *y = b;

	if (x->delivery != y->delivery)
		return (x->delivery > y->delivery) - (x->delivery < y->delivery);
	return (x->line > y->line) - (x->line < y->line);
}

/* Gives the records of one delivery. Returns how many places they are, or -1. */
static ssize_t
give_delivery(const char *lake, const struct ledger *l, const struct schema *s, const struct why_place *places,
    size_t n, why_line *each, void *to, struct msg *err)
{
	const struct ledger_entry *e = ledger_entry(l, places->delivery);
	struct file f;
	size_t i;
	int failed;

	if (e == NULL || strcmp(e->table, s->name) != 0)
		return msg_set(err, EX_DATAERR, "%s/bronze/_ledger: has no delivery %lld of %s", lake,
		    (long long)places->delivery, s->name);
	failed = file_open(&f, lake, l, e, s, places->line, err);
	for (i = 0; i < n && failed == 0 && places[i].delivery == places->delivery; i++)
		failed = give_record(&f, places[i].line, each, to, err);
	file_close(&f);
	return failed < 0 ? -1 : (ssize_t)i;
}

int
why_lines(const char *lake, const struct ledger *l, const struct schema *s, struct why_place *places, size_t n,
    why_line *each, void *to, struct msg *err)
{
	size_t i;
	ssize_t done;

	if (n > 1)
		qsort(places, n, sizeof(*places), by_place);
	for (i = 0; i < n; i += (size_t)done)
		if ((done = give_delivery(lake, l, s, places + i, n - i, each, to, err)) < 0)
			return -1;
	return 0;
}
