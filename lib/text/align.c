#include "text/align.h"

#include <stdlib.h>
#include <string.h>

#include "text/width.h"

struct aligner {
	const char *sides;
	size_t nsides;
	size_t *widths;		/* of each column; owned */
	size_t n;		/* columns of the longest line */
	struct buf shown;
};

/* Takes the next word of a line; its end is a tab or the line's end. */
static const char *
word_end(const char *p, const char *end)
{
	const char *tab = memchr(p, '\t', (size_t)(end - p));

	return tab != NULL ? tab : end;
}

static void
measure_line(struct aligner *a, const char *p, const char *end)
{
	size_t i, width;

	for (i = 0; p <= end; i++) {
		const char *stop = word_end(p, end);

		if (i == a->n) {
			a->widths = xreallocarray(a->widths, a->n + 1, sizeof(*a->widths));
			a->widths[a->n++] = 0;
		}
		a->shown.len = 0;
		width = text_show(&a->shown, p, (size_t)(stop - p));
		if (width > a->widths[i])
			a->widths[i] = width;
		p = stop + 1;
	}
}

static void
pad(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_addc(out, ' ');
}

static void
put_line(struct aligner *a, const char *p, const char *end, struct buf *out)
{
	size_t i, width;

	for (i = 0; p <= end; i++) {
		const char *stop = word_end(p, end);
		bool left = i < a->nsides && a->sides[i] == 'l';

		a->shown.len = 0;
		width = text_show(&a->shown, p, (size_t)(stop - p));
		pad(out, 2 + (left ? 0 : a->widths[i] - width));
		buf_add(out, a->shown.p, a->shown.len);
		pad(out, left ? a->widths[i] - width : 0);
		p = stop + 1;
	}
	while (out->len > 0 && out->p[out->len - 1] == ' ')
		out->len--;
	buf_addc(out, '\n');
}

static void
each_line(struct aligner *a, const struct buf *lines, struct buf *out)
{
	const char *p = (const char *)lines->p, *end = p + lines->len, *lf;

	for (; p < end; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		lf = lf != NULL ? lf : end;
		if (out == NULL)
			measure_line(a, p, lf);
		else
			put_line(a, p, lf, out);
	}
}

void
text_align(struct buf *out, const struct buf *lines, const char *sides)
{
	struct aligner a = { .sides = sides, .nsides = strlen(sides) };

	if (lines->len == 0)
		return;
	each_line(&a, lines, NULL);
	each_line(&a, lines, out);
	free(a.widths);
	buf_free(&a.shown);
}
