/* Formats records as a table: buffers the first rows to compute the column widths, then writes rows as they arrive. */
#include <string.h>

#include "text/cell.h"
#include "text/text.h"
#include "text/width.h"

struct cell {			/* precedes the text of a buffered cell */
	size_t width, len;
};

static bool
is_number(struct val_type t)
{
	return val_is_exact(t) || val_of(t)->form == VAL_AS_FLOAT;
}

/* Appends a value as a table shows it: nothing for null, "" for the empty string. Returns its width. */
static size_t
show(struct text *t, const struct text_column *c, struct rec_field f, struct buf *out)
{
	size_t before = out->len;

	if (*f.p == VAL_NULL)
		return 0;
	if (c->ops->form == VAL_AS_TEXT) {
		f = cell_string(f, &t->value);
		if (f.n > 0)
			return text_show(out, f.p, f.n);
		buf_adds(out, "\"\"");
		return 2;
	}
	c->ops->text(c->type, f.p, f.n, out);
	return out->len - before;
}

static void
blanks(struct buf *out, size_t n)
{
	if (n > 0)
		memset(buf_room(out, n), ' ', n);
	out->len += n;
}

/* Removes the blanks after the last cell of a line and ends it. */
static void
end_line(struct buf *out, size_t start)
{
	while (out->len > start && out->p[out->len - 1] == ' ')
		out->len--;
	buf_addc(out, '\n');
}

/* Appends a cell of the given width, padded with blanks. */
static void
put_cell(struct text *t, size_t c, const void *p, size_t n, size_t width)
{
	const struct text_column *column = &t->columns[c];
	size_t pad = column->width > width ? column->width - width : 0;

	if (c > 0)
		blanks(&t->out, 2);
	if (is_number(column->type))
		blanks(&t->out, pad);
	buf_add(&t->out, p, n);
	if (!is_number(column->type))
		blanks(&t->out, pad);
}

static void
heading(struct text *t)
{
	size_t start = t->out.len;

	for (size_t c = 0; c < t->ncolumns; c++) {
		size_t width;

		t->value.len = 0;
		width = text_show(&t->value, t->columns[c].name, strlen(t->columns[c].name));
		if (t->columns[c].width < width)
			t->columns[c].width = width;
		put_cell(t, c, t->value.p, t->value.len, width);
	}
	end_line(&t->out, start);
	for (size_t c = 0; c < t->ncolumns; c++) {
		if (c > 0)
			blanks(&t->out, 2);
		memset(buf_room(&t->out, t->columns[c].width), '-', t->columns[c].width);
		t->out.len += t->columns[c].width;
	}
	buf_addc(&t->out, '\n');
}

/* Fixes the widths and writes the heading and the buffered rows. */
static void
fix(struct text *t)
{
	const uint8_t *p = t->cells.p;

	t->fixed = true;
	heading(t);
	for (size_t i = 0; i < t->rows; i++) {
		size_t start = t->out.len;

		for (size_t c = 0; c < t->ncolumns; c++) {
			struct cell cell;

			memcpy(&cell, p, sizeof(cell));
			p += sizeof(cell);
			put_cell(t, c, p, cell.len, cell.width);
			p += cell.len;
		}
		end_line(&t->out, start);
	}
	buf_free(&t->cells);
}

static void
remember(struct text *t, struct rec r)
{
	for (size_t c = 0; c < t->ncolumns; c++) {
		size_t at = t->cells.len;
		struct cell cell;

		buf_room(&t->cells, sizeof(cell));
		t->cells.len += sizeof(cell);
		cell.width = show(t, &t->columns[c], rec_field(r, t->columns[c].index), &t->cells);
		cell.len = t->cells.len - at - sizeof(cell);
		memcpy(t->cells.p + at, &cell, sizeof(cell));
		if (cell.width <= TEXT_TABLE_WIDTH && cell.width > t->columns[c].width)
			t->columns[c].width = cell.width;
	}
	t->rows++;
}

/* Writes a row once the widths are fixed, through t->cells. */
static void
row(struct text *t, struct rec r)
{
	size_t start = t->out.len;

	for (size_t c = 0; c < t->ncolumns; c++) {
		size_t width;

		t->cells.len = 0;
		width = show(t, &t->columns[c], rec_field(r, t->columns[c].index), &t->cells);
		put_cell(t, c, t->cells.p, t->cells.len, width);
	}
	end_line(&t->out, start);
}

void
table_batch(struct text *t, const struct rec_batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		if (!t->fixed && (t->rows == TEXT_TABLE_ROWS || t->cells.len > TEXT_TABLE_BYTES))
			fix(t);
		if (t->fixed)
			row(t, rec_at(b, i));
		else
			remember(t, rec_at(b, i));
	}
}

void
table_end(struct text *t)
{
	if (!t->fixed)
		fix(t);
}
