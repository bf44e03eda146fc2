/* Formats records as CSV, TSV, JSON lines and raw text. table.c formats the table. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/json.h"
#include "csv/csv.h"
#include "text/cell.h"
#include "text/text.h"

static void
csv_text(struct text *t, const void *p, size_t n)
{
	csv_put_text(&t->out, p, n, (struct csv_format){ .delimiter = ',', .quote = '"' });
}

/* Writes null as nothing; alone on its line that would be a blank line, which readers skip. */
static void
csv_value(struct text *t, const struct text_column *c, struct rec_field f)
{
	if (*f.p == VAL_NULL) {
		if (t->ncolumns == 1)
			csv_text(t, "", 0);
		return;
	}
	if (c->ops->form == VAL_AS_TEXT) {
		f = cell_string(f, &t->value);
		csv_text(t, f.p, f.n);
	} else
		c->ops->text(c->type, f.p, f.n, &t->out);
}

static void
tsv_value(struct text *t, const struct text_column *c, struct rec_field f)
{
	if (*f.p == VAL_NULL)
		buf_adds(&t->out, "\\N");
	else if (c->ops->form == VAL_AS_TEXT) {
		f = cell_string(f, &t->value);
		cell_tsv(&t->out, f.p, f.n);
	} else
		c->ops->text(c->type, f.p, f.n, &t->out);
}

/* JSON has numbers of any length, but no infinity and no NaN: those are written as strings. */
static void
json_float(struct text *t, const struct text_column *c, struct rec_field f)
{
	size_t start = t->out.len;

	c->ops->text(c->type, f.p, f.n, &t->out);
	if (t->out.p[t->out.len - 1] >= '0' && t->out.p[t->out.len - 1] <= '9')
		return;
	t->value.len = 0;
	buf_add(&t->value, t->out.p + start, t->out.len - start);
	t->out.len = start;
	json_put(&t->out, t->value.p, t->value.len);
}

static void
json_value(struct text *t, const struct text_column *c, struct rec_field f)
{
	buf_add(&t->out, c->lead.p, c->lead.len);
	if (*f.p == VAL_NULL) {
		buf_adds(&t->out, "null");
		return;
	}
	if (c->ops->form == VAL_AS_TEXT) {
		f = cell_string(f, &t->value);
		json_put(&t->out, f.p, f.n);
	} else if (c->ops->form == VAL_AS_FLOAT)
		json_float(t, c, f);
	else if (c->ops->quoted) {
		buf_addc(&t->out, '"');
		c->ops->text(c->type, f.p, f.n, &t->out);
		buf_addc(&t->out, '"');
	} else
		c->ops->text(c->type, f.p, f.n, &t->out);
}

/* Writes the raw text; nothing for null. */
static void
raw_value(struct text *t, const struct text_column *c, struct rec_field f)
{
	if (*f.p == VAL_NULL)
		return;
	if (c->ops->form == VAL_AS_TEXT) {
		f = cell_string(f, &t->value);
		if (t->bytes)
			t->out.len += utf8_to_bytes(buf_room(&t->out, f.n), f.p, f.n);
		else
			buf_add(&t->out, f.p, f.n);
	} else
		c->ops->text(c->type, f.p, f.n, &t->out);
}

/*
 * Writes every record of the batch: values with `value`, `between` between them, `after` after the last; NUL means no
 * byte.
 */
static inline void
lines(struct text *t, const struct rec_batch *b,
    void (*value)(struct text *, const struct text_column *, struct rec_field), char between, char after)
{
	for (size_t i = 0; i < b->n; i++) {
		struct rec r = rec_at(b, i);

		for (size_t c = 0; c < t->ncolumns; c++) {
			if (c > 0 && between != '\0')
				buf_addc(&t->out, (uint8_t)between);
			value(t, &t->columns[c], rec_field(r, t->columns[c].index));
		}
		if (after != '\0')
			buf_addc(&t->out, (uint8_t)after);
		buf_addc(&t->out, '\n');
	}
}

void
text_batch(struct text *t, const struct rec_batch *b)
{
	switch (t->format) {
	case TEXT_CSV:
		lines(t, b, csv_value, ',', '\0');
		break;
	case TEXT_TSV:
		lines(t, b, tsv_value, '\t', '\0');
		break;
	case TEXT_JSON:
		lines(t, b, json_value, '\0', '}');
		break;
	case TEXT_TABLE:
		table_batch(t, b);
		break;
	case TEXT_RAW:
		lines(t, b, raw_value, '\0', '\0');
		break;
	}
}

/* Writes the header line of CSV and TSV. */
static void
heading(struct text *t, char between)
{
	for (size_t c = 0; c < t->ncolumns; c++) {
		const char *name = t->columns[c].name;

		if (c > 0)
			buf_addc(&t->out, (uint8_t)between);
		if (between == ',')
			csv_text(t, name, strlen(name));
		else
			cell_tsv(&t->out, name, strlen(name));
	}
	buf_addc(&t->out, '\n');
}

static void
json_leads(struct text *t)
{
	for (size_t c = 0; c < t->ncolumns; c++) {
		buf_addc(&t->columns[c].lead, c == 0 ? '{' : ',');
		json_put(&t->columns[c].lead, t->columns[c].name, strlen(t->columns[c].name));
		buf_addc(&t->columns[c].lead, ':');
	}
}

void
text_start(struct text *t, enum text_format format, const struct rec_header *h, const size_t *columns, size_t n)
{
	*t = (struct text){ .format = format, .ncolumns = n, .bytes = !rec_header_is_bytes(h) };
	t->columns = xcalloc(n, sizeof(*t->columns));
	for (size_t c = 0; c < n; c++)
		t->columns[c] = (struct text_column){
			.index = columns[c],
			.name = h->columns[columns[c]].name,
			.type = h->columns[columns[c]].type, .ops = val_of(h->columns[columns[c]].type)
		};
	if (format == TEXT_CSV || format == TEXT_TSV)
		heading(t, format == TEXT_CSV ? ',' : '\t');
	else if (format == TEXT_JSON)
		json_leads(t);
}

void
text_end(struct text *t)
{
	if (t->format == TEXT_TABLE)
		table_end(t);
}

void
text_free(struct text *t)
{
	for (size_t c = 0; c < t->ncolumns; c++)
		buf_free(&t->columns[c].lead);
	free(t->columns);
	buf_free(&t->out);
	buf_free(&t->value);
	buf_free(&t->cells);
	*t = (struct text){ 0 };
}
