#include <string.h>

#include "draft/sniff.h"

/* What the first rows look like with a delimiter. */
struct draft_look {
	uint32_t fields;	/* of most rows */
	size_t rows, agree, rejected;
};

static int
look_at(const char *path, struct csv_decoder *decoder, struct csv_format format, struct draft_look *l,
    struct msg *err)
{
	struct csv_reader r;
	struct csv_batch b;
	size_t i, k;
	int got = csv_open(&r, path, format);

	*l = (struct draft_look){ 0 };
	r.layout.decoder = decoder;
	if (got < 0 || (got = csv_next(&r, &b)) < 0) {
		msg_set(err, r.err.status, "%s", r.err.text);
		csv_close(&r);
		return -1;
	}
	for (i = 0; got > 0 && i < b.n; i++) {
		size_t agree = 0;

		l->rejected += (b.rows[i].flags & CSV_REJECT) != 0;
		for (k = 0; k < b.n; k++)
			agree += b.rows[k].nfields == b.rows[i].nfields;
		if (agree > l->agree || (agree == l->agree && b.rows[i].nfields > l->fields)) {
			l->agree = agree;
			l->fields = b.rows[i].nfields;
		}
	}
	l->rows = got > 0 ? b.n : 0;
	csv_close(&r);
	return 0;
}

/*
 * More fields in rows that agree are the better reading; the earlier of two alike stays. Lines of one field agree in
 * vain.
 */
static bool
is_better(const struct draft_look *a, const struct draft_look *b)
{
	bool steady = a->fields > 1 && a->agree >= a->rows - a->rows / 10;
	bool was = b->fields > 1 && b->agree >= b->rows - b->rows / 10;

	if (steady != was)
		return steady;
	return a->fields > b->fields;
}

/* Looks at the rows with a delimiter, and with the escape if fewer of them are rejected then. */
static int
look_both(const char *path, struct csv_decoder *decoder, struct csv_format *f, struct draft_look *l, struct msg *err)
{
	struct csv_format escaped = *f;
	struct draft_look other;

	escaped.escape = '\\';
	if (look_at(path, decoder, *f, l, err) < 0)
		return -1;
	if (l->rejected == 0)
		return 0;
	if (look_at(path, decoder, escaped, &other, err) < 0)
		return -1;
	if (other.rejected < l->rejected) {
		*f = escaped;
		*l = other;
	}
	return 0;
}

int
draft_sniff(const char *path, struct csv_decoder *decoder, struct csv_format *format, struct msg *err)
{
	static const char delimiters[] = { ',', ';', '\t', '|' };
	struct draft_look best = { 0 }, l;
	struct csv_format f;
	size_t i;

	for (i = 0; i < sizeof(delimiters); i++) {
		f = (struct csv_format){ .delimiter = (uint8_t)delimiters[i], .quote = '"',
		    .multiline = CSV_MULTILINE_ANY };
		if (look_both(path, decoder, &f, &l, err) < 0)
			return -1;
		if (i == 0 || is_better(&l, &best)) {
			best = l;
			*format = f;
		}
	}
	return 0;
}
