#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "draft/layout.h"

/* ---- the head ---- */

/* Does the row's text begin as a comment does? */
static bool
is_comment(const struct csv_batch *b, const struct csv_row *row, struct csv_format format, struct csv_field *fields)
{
	if ((row->flags & CSV_REJECT) != 0 || row->nfields > CSV_MAX_FIELDS)
		return false;
	csv_split(b, row, format, fields);
	return !fields[0].quoted && fields[0].n > 0 && fields[0].p[0] == '#';
}

/* Returns the number of fields that most rows have which are no comments, more rather than fewer. */
static uint32_t
usual_fields(const struct csv_batch *b, const bool *comments)
{
	uint32_t usual = 0;
	size_t i, k, agree, best = 0;

	for (i = 0; i < b->n; i++) {
		for (k = agree = 0; k < b->n; k++)
			agree += !comments[k] && b->rows[k].nfields == b->rows[i].nfields;
		if (!comments[i] && (agree > best || (agree == best && b->rows[i].nfields > usual))) {
			best = agree;
			usual = b->rows[i].nfields;
		}
	}
	return usual;
}

/* Marks comments: rows that begin with the sign and have another width, if no row of the usual width does. */
static void
mark_comments(const struct csv_batch *b, struct csv_format format, bool *comments, struct draft_skip *s)
{
	struct csv_field *fields = xcalloc(CSV_MAX_FIELDS, sizeof(*fields));
	uint32_t usual = usual_fields(b, comments);
	size_t i, n = 0;
	bool rows = false;

	for (i = 0; i < b->n; i++) {
		comments[i] = is_comment(b, &b->rows[i], format, fields);
		n += comments[i];
		rows = rows || (comments[i] && b->rows[i].nfields == usual && usual > 1);
	}
	free(fields);
	if (n == b->n || rows)
		memset(comments, 0, b->n * sizeof(*comments));
	else
		s->comment = n > 0;
}

/* Finds the first row of the usual width. Rows before it are a preamble if nearly all rows from it on are as wide. */
static void
find_names(const struct csv_batch *b, const bool *comments, struct draft_skip *s)
{
	uint32_t usual = usual_fields(b, comments);
	size_t i, first, before = 0, agree = 0, rows = 0;

	for (first = 0; first < b->n && (comments[first] || b->rows[first].nfields != usual); first++)
		before += !comments[first];
	for (i = first; i < b->n; i++) {
		rows += !comments[i];
		agree += !comments[i] && b->rows[i].nfields == usual;
	}
	if (before > 0 && usual > 1 && rows > 1 && agree >= rows - rows / 5)
		s->before = b->line + b->rows[first].line - 1;
}

int
draft_layout_find(const char *path, struct csv_decoder *decoder, struct csv_format format, struct draft_skip *s,
    struct msg *err)
{
	struct csv_reader r;
	struct csv_batch b;
	bool *comments;
	int got = csv_open(&r, path, format);

	*s = (struct draft_skip){ 0 };
	if (got == 0) {
		r.layout.decoder = decoder;
		got = csv_next(&r, &b);
	}
	if (got > 0) {
		comments = xcalloc(b.n, sizeof(*comments));
		mark_comments(&b, format, comments, s);
		find_names(&b, comments, s);
		free(comments);
	}
	if (got < 0)
		msg_set(err, r.err.status, "%s", r.err.text);
	csv_close(&r);
	return got < 0 ? -1 : 0;
}

/* ---- the tail ---- */

void
draft_tail_add(struct draft_tail *t, const char *p, size_t n, bool wide, uint64_t line)
{
	struct draft_last *l = &t->last[t->n++ % DRAFT_TAIL];

	l->line = line;
	l->wide = wide;
	l->n = n < sizeof(l->text) ? n : sizeof(l->text);
	memcpy(l->text, p, l->n);
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}

/* Is it a word for a total, or does it begin with one? */
static bool
is_total(const struct draft_last *l)
{
	static const char *const words[] = { "total", "totals", "totale", "subtotal", "sum", "suma", "summe", "somme",
	    "gesamt", "celkem", "razem" };
	size_t i, n;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		n = strlen(words[i]);
		if (l->n >= n && strncasecmp(l->text, words[i], n) == 0 && (l->n == n || !is_letter(l->text[n])))
			return true;
	}
	return false;
}

/* Is it text in a row of another width? */
static bool
is_text(const struct draft_last *l)
{
	size_t i;

	for (i = 0; i < l->n && !is_letter(l->text[i]); i++)
		continue;
	return !l->wide && i < l->n;
}

void
draft_tail_end(const struct draft_tail *t, const struct draft_column *first, uint64_t lines, struct draft_skip *s)
{
	const struct draft_last *l;
	uint64_t i = t->n, kept = t->n < DRAFT_TAIL ? t->n : DRAFT_TAIL, from = 0;
	size_t format;
	bool texts = draft_column_type(first, &format) == DRAFT_STRING;

	for (; i > t->n - kept; i--) {
		l = &t->last[(i - 1) % DRAFT_TAIL];
		if (!is_total(l) && !is_text(l))
			break;
		if (is_total(l) || !texts)		/* text among texts is of the footer only below a total */
			from = l->line;
	}
	if (from > 0 && i > 0)
		s->footer = lines - from + 1;
}
