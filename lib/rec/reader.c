#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/progress.h"
#include "rec/rec.h"
#include "rec/split.h"
#include "val/check.h"

enum { BLOCK = 256 * 1024, SMALL_BLOCK = 16 * 1024 };

struct rec_reader_state {
	int fd;
	bool eof, checked, partial;
	bool bytes;			/* strings need not be UTF-8 */
	struct simd_form form;		/* of the header */
	struct simd_seen seen;		/* facts proven about the block */
	uint8_t *buf;			/* cap + VAL_PAD bytes */
	size_t cap, len;		/* len bytes are filled */
	size_t tail;			/* start of the incomplete line */
	/*
	 * The complete lines of the block: ends[0] is the start of the first, ends[k] the position after the k-th
	 * separator.
	 */
	uint32_t *ends;
	size_t ends_cap, nends, next;	/* next: index in ends of the first line not yet delivered */
	uint64_t hash[REC_BATCH_MAX];
	struct val_checker *checkers;	/* one per column */
	struct rec_header later;	/* the last header after the first; empty if there is none */
	uint64_t headers, trailers, records, sum, trailer_records, trailer_sum;
};

/* ---- bytes ---- */

static int
too_long(struct rec_reader *r)
{
	return msg_set(&r->err, EX_DATAERR, "%s: record %" PRIu64 ": longer than %zu bytes (--max-record)", r->name,
	    r->state->records + 1, r->max_record);
}

/*
 * Moves the incomplete line to the front and reads until the block holds a complete line. Returns 1, 0 at the end of
 * the input, or -1. Then ends has the separators of all complete lines.
 */
static int
fill(struct rec_reader *r)
{
	struct rec_reader_state *s = r->state;
	size_t whole;
	ssize_t got;

	memmove(s->buf, s->buf + s->tail, s->len - s->tail);
	s->len -= s->tail;
	s->tail = 0;
	do {
		if (s->len == s->cap) {
			if (s->cap > r->max_record)
				return too_long(r);
			s->cap *= 2;
			s->buf = xreallocarray(s->buf, s->cap + VAL_PAD, 1);
		}
		got = io_read(s->fd, s->buf + s->len, s->cap - s->len, r->name, &r->err);
		if (got < 0)
			return -1;
		if (got == 0) {
			s->eof = true;
			return 0;
		}
		whole = s->len + (size_t)got;
		while (whole > s->len && s->buf[whole - 1] != '\n')
			whole--;
		if (whole == s->len)
			whole = 0;
		s->len += (size_t)got;
	} while (whole == 0);
	memset(s->buf + s->len, 0, VAL_PAD);
	if (s->ends_cap < whole + 1 + REC_SPLIT_SLACK) {
		s->ends_cap = s->cap + 1 + REC_SPLIT_SLACK;
		free(s->ends);
		s->ends = xreallocarray(NULL, s->ends_cap, sizeof(*s->ends));
	}
	s->ends[0] = 0;
	s->nends = rec_split(&s->form, s->buf, 0, whole, s->ends + 1, &s->seen);
	s->next = 0;
	s->tail = whole;
	progress_add((uint64_t)got, 0);
	return 1;
}

/* ---- control lines ---- */

static void
set_checkers(struct rec_reader *r)
{
	struct rec_reader_state *s = r->state;
	size_t f;

	s->bytes = rec_header_is_bytes(&r->header);
	rec_form(&s->form, &r->header);
	s->checkers = xreallocarray(NULL, r->header.ncolumns, sizeof(*s->checkers));
	for (f = 0; f < r->header.ncolumns; f++)
		val_checker(&s->checkers[f], r->header.columns[f].type, s->bytes);
}

static int
header_line(struct rec_reader *r, const uint8_t *line, size_t n)
{
	struct rec_reader_state *s = r->state;
	struct rec_header h;
	struct msg why = { 0 };
	bool equal;

	if (rec_header_parse(&h, line, n, &why) < 0)
		return msg_set(&r->err, why.status, "%s: %s", r->name, why.text);
	if (s->headers++ == 0) {
		r->header = h;
		set_checkers(r);
		return 0;
	}
	equal = rec_header_equal(&h, &r->header);
	rec_header_free(&s->later);
	s->later = h;
	if (!equal)
		return msg_set(&r->err, EX_DATAERR, "%s: after record %" PRIu64
		    ": a header with other columns than the first: %s",
		    r->name, s->records, msg_quote(line, n));
	return 0;
}

/* Parses "SOH T count sum", only as the writer spells it. */
static int
trailer_line(struct rec_reader *r, const uint8_t *line, size_t n)
{
	struct rec_reader_state *s = r->state;
	char text[48], again[64];
	uint64_t count, sum;

	if (n < sizeof(text)) {
		memcpy(text, line, n);
		text[n] = '\0';
		if (strlen(text) == n && sscanf(text, "\001T %20" SCNu64 " %16" SCNx64, &count, &sum) == 2) {
			snprintf(again, sizeof(again), "\001T %" PRIu64 " %016" PRIx64, count, sum);
			if (strcmp(text, again) == 0) {
				s->trailers++;
				s->trailer_records += count;
				s->trailer_sum += sum;
				return 0;
			}
		}
	}
	return msg_set(&r->err, EX_DATAERR, "%s: after record %" PRIu64 ": invalid trailer: %s", r->name, s->records,
	    msg_quote(line, n));
}

/* Handles the control line that begins at ends[next]; advances next past it. */
static int
control_line(struct rec_reader *r)
{
	struct rec_reader_state *s = r->state;
	const uint8_t *line = s->buf + s->ends[s->next];
	size_t n;

	do
		s->next++;
	while (s->buf[s->ends[s->next] - 1] != '\n');	/* the block holds complete lines only */
	n = (size_t)(s->buf + s->ends[s->next] - line) - 1;
	if (n > 1 && line[1] == 'T')
		return trailer_line(r, line, n);
	if (n > 1 && line[1] == 'E')
		return rec_aborted(&r->err, s->fd, r->name, line, n);
	return header_line(r, line, n);
}

/* At the end of the input: checks that the stream is complete. */
static int
check_end(struct rec_reader *r)
{
	struct rec_reader_state *s = r->state;
	size_t torn = s->len - s->tail;

	if (s->headers == 0)
		return msg_set(&r->err, EX_DATAERR, torn > 0 ? "%s: truncated: header cut off" :
		    "%s: empty: header missing", r->name);
	if (torn > 0)
		return msg_set(&r->err, EX_DATAERR, "%s: truncated: %" PRIu64
		    " records, then %zu bytes of a line cut off", r->name,
		    s->records, torn);
	if (s->partial)
		return 0;
	if (s->trailers < s->headers)
		return msg_set(&r->err, EX_DATAERR, "%s: truncated: %" PRIu64 " records, trailer missing", r->name,
		    s->records);
	if (s->trailers > s->headers)
		return msg_set(&r->err, EX_DATAERR, "%s: %" PRIu64 " trailers, header missing", r->name, s->trailers);
	if (s->records != s->trailer_records)
		return msg_set(&r->err, EX_DATAERR, "%s: %" PRIu64 " records where the trailer says %" PRIu64, r->name,
		    s->records,
		    s->trailer_records);
	if (s->sum != s->trailer_sum)
		return msg_set(&r->err, EX_DATAERR, "%s: checksum of %" PRIu64 " records is %016" PRIx64
		    " where the trailer says %016" PRIx64, r->name, s->records, s->sum, s->trailer_sum);
	return 0;
}

/* ---- records ---- */

static int
fault(struct rec_reader *r, uint64_t number, const char *column, const char *what, const void *shown, size_t n)
{
	return msg_set(&r->err, EX_DATAERR, "%s: record %" PRIu64 ": %s: %s: %s", r->name, number, column, what,
	    msg_quote(shown, n));
}

int
rec_fault(struct rec_reader *r, uint64_t number, size_t column, const char *what, struct rec_field value)
{
	const struct rec_column *c = &r->header.columns[column];
	struct buf text = { 0 };

	if (!val_is_null(value.p, value.n))
		val_text(c->type, value.p, value.n, &text);
	fault(r, number, c->name, what, text.p, text.len);
	buf_free(&text);
	return -1;
}

/* Reports the record at ends[next], which does not have a TAB after each field but the last, and an LF after that. */
static int
wrong_fields(struct rec_reader *r, uint64_t number)
{
	struct rec_reader_state *s = r->state;
	size_t k = s->next, n = 0;
	const uint8_t *line = s->buf + s->ends[k];

	do {
		k++;
		n++;
	} while (s->buf[s->ends[k] - 1] != '\n');
	return msg_set(&r->err, EX_DATAERR, "%s: record %" PRIu64 ": %zu fields where the header has %zu: %s", r->name,
	    number, n,
	    r->header.ncolumns, msg_quote(line, (size_t)(s->buf + s->ends[k] - line) - 1));
}

static uint64_t
hash_records(struct rec_reader_state *s, const uint32_t *ends, size_t columns, size_t n)
{
	const uint8_t *base = s->buf;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < n; i++, ends += columns) {
		s->hash[i] = hash_bytes(base + ends[0], (size_t)(ends[columns] - ends[0]) - 1);
		sum += s->hash[i];
	}
	return sum;
}

/* Like whole_records, if the whole block is known to be well-formed. */
static ssize_t
seen_records(struct rec_reader *r)
{
	struct rec_reader_state *s = r->state;
	size_t columns = r->header.ncolumns, n = (s->nends - s->next) / columns;

	if (n > REC_BATCH_MAX)
		n = REC_BATCH_MAX;
	s->sum += hash_records(s, s->ends + s->next, columns, n);
	return (ssize_t)n;
}

/*
 * Returns the number of consecutive records at ends[next], up to a control line and REC_BATCH_MAX, and hashes them
 * while their bytes are in the cache. Returns 0 at a control line; -1 for a malformed record with none before it.
 */
static ssize_t
whole_records(struct rec_reader *r)
{
	struct rec_reader_state *s = r->state;
	size_t limit = r->max_record, columns = r->header.ncolumns, n, f, left = s->nends - s->next;
	const uint32_t *ends = s->ends + s->next;
	const uint8_t *base = s->buf;
	uint64_t sum = 0;

	if (s->seen.lines && s->tail <= limit)
		return seen_records(r);
	for (n = 0; n < REC_BATCH_MAX && left >= columns; n++, ends += columns, left -= columns) {
		if (base[ends[0]] == '\001')
			break;
		for (f = 1; f < columns; f++)
			if (base[ends[f] - 1] != '\t')
				goto broken;
		if (base[ends[columns] - 1] != '\n')
			goto broken;
		if ((size_t)(ends[columns] - ends[0]) - 1 > limit)
			goto broken;
		s->hash[n] = hash_bytes(base + ends[0], (size_t)(ends[columns] - ends[0]) - 1);
		sum += s->hash[n];
	}
	if (n == 0 && left > 0 && base[ends[0]] != '\001')
		goto broken;	/* the last line of the block has too few fields */
	s->sum += sum;
	return (ssize_t)n;
broken:
	if (n == 0)
		return left >= columns && (size_t)(ends[columns] - ends[0]) - 1 > limit ? too_long(r) :
		    wrong_fields(r, s->records + 1);
	s->sum += sum;
	return (ssize_t)n;
}

/* Were the column's values validated while splitting? */
static bool
is_seen(const struct rec_reader_state *s, const struct rec_column *c)
{
	if (c->type.kind == VAL_STRING)
		return s->seen.text && (s->seen.lines || (s->bytes && !c->required));
	return s->seen.numbers && (val_is_narrow(c->type) || c->type.kind == VAL_DECIMAL);
}

bool
rec_is_checked(const struct rec_reader *r, size_t column)
{
	return is_seen(r->state, &r->header.columns[column]);
}

int
rec_check(struct rec_reader *r, const struct rec_batch *b, const bool *known)
{
	struct rec_reader_state *s = r->state;
	size_t f, bad, first = b->n, column = 0;
	struct rec_field value;

	for (f = 0; f < r->header.ncolumns; f++) {
		if ((known != NULL && known[f]) || is_seen(s, &r->header.columns[f]))
			continue;
		bad = val_check_column(&s->checkers[f], r->header.columns[f].required, b->base, b->off + f, b->stride,
		    b->n);
		if (bad < first) {
			first = bad;
			column = f;
		}
	}
	if (first == b->n)
		return 0;
	value = rec_field(rec_at(b, first), column);
	return fault(r, b->first + first, r->header.columns[column].name, value.n == 0 ? "an empty field" :
	    val_is_null(value.p, value.n) ? "null in a column that is never null" : "not a canonical value of its type",
	    value.p,
	    value.n);
}

/* Frees memory at the end of the stream, as the program may run on for long. */
static void
free_block(struct rec_reader_state *s)
{
	free(s->buf);
	free(s->ends);
	s->buf = NULL;
	s->ends = NULL;
}

int
rec_next(struct rec_reader *r, struct rec_batch *b)
{
	struct rec_reader_state *s = r->state;
	ssize_t n = 0;

	while (n == 0) {
		if (s->next == s->nends) {
			if (s->eof || fill(r) == 0) {
				free_block(s);
				return check_end(r);
			}
			if (r->err.status != 0)
				return -1;
		}
		if (s->buf[s->ends[s->next]] == '\001') {
			if (control_line(r) < 0)
				return -1;
		} else if ((n = whole_records(r)) < 0) {
			return -1;
		}
	}
	*b = (struct rec_batch){ .n = (size_t)n, .first = s->records + 1, .base = s->buf, .off = s->ends + s->next,
	    .stride = r->header.ncolumns, .hash = s->hash, .segment = s->headers > 1 ? &s->later : &r->header };
	s->records += (uint64_t)n;
	s->next += (size_t)n * r->header.ncolumns;
	progress_add(0, (uint64_t)n);
	return s->checked && rec_check(r, b, NULL) < 0 ? -1 : 1;
}

/* Does a line look like delimited text: printable, with one of the usual bytes between fields? */
static bool
looks_like_csv(const uint8_t *line, size_t n)
{
	bool delimiter = false;
	size_t i;

	for (i = 0; i < n && line[i] != '\n'; i++) {
		if (line[i] < ' ' && line[i] != '\t' && line[i] != '\r')
			return false;
		delimiter |= strchr(",;|\t", line[i]) != NULL;
	}
	return delimiter;
}

static int
no_header(struct rec_reader *r)
{
	struct rec_reader_state *s = r->state;
	const uint8_t *line = s->buf + s->ends[s->next];
	size_t n = s->tail - s->ends[s->next] - 1;

	return msg_set(&r->err, EX_DATAERR, "%s: not a record stream: header missing before: %s%s", r->name,
	    msg_quote(line, n),
	    looks_like_csv(line, n) ? "; acct-ingest converts CSV to records" : "");
}

/* Reads control lines up to the first header, which nothing else may precede. */
static int
first_header(struct rec_reader *r)
{
	struct rec_reader_state *s = r->state;

	while (s->headers == 0) {
		if (s->next == s->nends && fill(r) <= 0)
			return r->err.status != 0 ? -1 : check_end(r);
		if (s->buf[s->ends[s->next]] != '\001')
			return no_header(r);
		if (control_line(r) < 0)
			return -1;
	}
	/* only now is it known what to check in the rest of the block */
	s->ends[0] = s->ends[s->next];
	s->nends = rec_split(&s->form, s->buf, s->ends[0], s->tail, s->ends + 1, &s->seen);
	s->next = 0;
	return 0;
}

int
rec_open_fd(struct rec_reader *r, int fd, const char *name, unsigned flags)
{
	struct rec_reader_state *s;

	memset(r, 0, sizeof(*r));
	r->name = name;
	r->max_record = REC_MAX_RECORD;
	r->state = s = xcalloc(1, sizeof(*s));
	s->fd = fd;
	s->checked = !(flags & REC_UNCHECKED);
	s->partial = flags & REC_PARTIAL;
	s->cap = flags & REC_BATCH_SMALL ? SMALL_BLOCK : BLOCK;
	s->buf = xmalloc(s->cap + VAL_PAD);
	if (isatty(fd))
		return msg_set(&r->err, EX_USAGE,
		    "%s: a record stream is not read from a terminal; acct-cat shows one as text", name);
	return first_header(r);
}

int
rec_open(struct rec_reader *r, const char *path, unsigned flags)
{
	struct msg err = { 0 };
	int fd = io_open(path, &err);

	if (fd < 0) {
		memset(r, 0, sizeof(*r));
		r->name = io_in_name(path);
		r->err = err;
		return -1;
	}
	return rec_open_fd(r, fd, io_in_name(path), flags);
}

void
rec_close(struct rec_reader *r)
{
	struct rec_reader_state *s = r->state;

	if (s != NULL) {
		if (s->fd > STDERR_FILENO)
			close(s->fd);
		free_block(s);
		free(s->checkers);
		rec_header_free(&s->later);
		free(s);
	}
	r->state = NULL;
	rec_header_free(&r->header);
}

void
xrec_open(struct rec_reader *r, const char *path, unsigned flags)
{
	if (rec_open(r, path, flags) < 0)
		msg_exit(&r->err);
}

bool
xrec_next(struct rec_reader *r, struct rec_batch *b)
{
	int got = rec_next(r, b);

	if (got < 0)
		msg_exit(&r->err);
	return got > 0;
}
