#include "csv/decode.h"

#include <stdlib.h>
#include <string.h>

/* No byte is blank: nothing is trimmed. */
static int
no_space(unsigned char c)
{
	(void)c;
	return 0;
}

/*
 * A CR ends a line only before an LF. libcsv sees one byte at a time, so csv_decoder_line tells it which CR does
 * by this change of rule.
 */
static int
lf_ends(unsigned char c)
{
	return c == '\n';
}

static int
cr_ends(unsigned char c)
{
	return c == '\r';
}

static void
add_offset(struct csv_decoder *d)
{
	if (d->noffs == d->offs_cap) {
		d->offs_cap = d->offs_cap == 0 ? 256 : 2 * d->offs_cap;
		d->offs = xreallocarray(d->offs, d->offs_cap, sizeof(*d->offs));
	}
	d->offs[d->noffs++] = (uint32_t)d->len;
}

static void
on_field(void *field, size_t n, void *decoder)
{
	struct csv_decoder *d = decoder;

	if (d->nfields++ >= CSV_MAX_FIELDS)
		return;		/* a row that no table has: only their number matters */
	if (d->cap - d->len < n + CSV_PAD) {
		d->cap = 2 * d->cap + n + CSV_PAD;
		d->text = xreallocarray(d->text, d->cap, 1);
	}
	if (n > 0)
		memcpy(d->text + d->len, field, n);
	d->len += n;
	add_offset(d);
}

static void
on_row(int c, void *decoder)
{
	struct csv_decoder *d = decoder;

	(void)c;
	d->ended = true;
}

void
csv_decoder_init(struct csv_decoder *d, struct csv_format f)
{
	enum { GROWTH = 64 * 1024 };

	memset(d, 0, sizeof(*d));
	d->format = f;
	csv_init(&d->parser, CSV_REPALL_NL);
	csv_set_delim(&d->parser, f.delimiter);
	csv_set_quote(&d->parser, f.quote);
	csv_set_space_func(&d->parser, no_space);
	csv_set_term_func(&d->parser, lf_ends);
	csv_set_blk_size(&d->parser, GROWTH);
	csv_decoder_next(d);
}

void
csv_decoder_free(struct csv_decoder *d)
{
	csv_free(&d->parser);
	free(d->text);
	free(d->offs);
	memset(d, 0, sizeof(*d));
}

void
csv_decoder_next(struct csv_decoder *d)
{
	d->nfields = 0;
	d->ended = false;
	d->first = d->noffs;
	d->first_text = d->len;
	add_offset(d);
}

void
csv_decoder_reset(struct csv_decoder *d)
{
	size_t i, n = d->noffs - d->first;

	for (i = 0; i < n; i++)
		d->offs[i] = d->offs[d->first + i] - (uint32_t)d->first_text;
	if (d->len > d->first_text)
		memmove(d->text, d->text + d->first_text, d->len - d->first_text);
	d->len -= d->first_text;
	d->noffs = n;
	d->first = d->first_text = 0;
}

static void
feed(struct csv_decoder *d, const void *p, size_t n)
{
	/* Outside of its strict mode libcsv fails only for want of memory. */
	if (csv_parse(&d->parser, p, n, on_field, on_row, d) != n)
		msg_die(EX_OSERR, "out of memory");
}

bool
csv_decoder_line(struct csv_decoder *d, const uint8_t *p, size_t n, size_t line_end)
{
	feed(d, p, n);
	if (line_end == 2) {
		csv_set_term_func(&d->parser, cr_ends);
		feed(d, "\r", 1);
		csv_set_term_func(&d->parser, lf_ends);
	}
	if (line_end > 0 && !d->ended)
		feed(d, "\n", 1);
	return d->ended;
}

/* How many line feeds does the text of the field have that libcsv gives last? */
static void
count_lines(void *field, size_t n, void *lfs)
{
	const uint8_t *p = field;
	size_t i;

	*(uint64_t *)lfs = 0;
	for (i = 0; i < n; i++)
		*(uint64_t *)lfs += p[i] == '\n';
}

static void
pass_row(int c, void *lfs)
{
	(void)c;
	(void)lfs;
}

bool
csv_decoder_end(struct csv_decoder *d, uint64_t *lfs)
{
	/* Only the strict mode tells an open quote from an end; it fails before it gives the field. */
	csv_set_opts(&d->parser, CSV_STRICT | CSV_STRICT_FINI);
	if (csv_fini(&d->parser, on_field, on_row, d) == 0)
		return true;
	csv_set_opts(&d->parser, 0);
	csv_fini(&d->parser, count_lines, pass_row, lfs);
	return false;
}
