/* Pieces of SQL text that the dialects share. */
#include <string.h>

#include "sql/text.h"

const char sql_text_years[] = "not within the years 0001 to 9999";

enum { FIRST_DAY = -719162, LAST_DAY = 2932896 };	/* 0001-01-01 and 9999-12-31 */

void
sql_text_quote(struct buf *out, char open, char close, const char *p, size_t n)
{
	const char *end = p + n, *hit;

	buf_addc(out, (uint8_t)open);
	while ((hit = memchr(p, close, (size_t)(end - p))) != NULL) {
		buf_add(out, p, (size_t)(hit + 1 - p));
		buf_addc(out, (uint8_t)close);
		p = hit + 1;
	}
	buf_add(out, p, (size_t)(end - p));
	buf_addc(out, (uint8_t)close);
}

void
sql_text_hex(struct buf *out, const uint8_t *p, size_t n)
{
	static const char digit[] = "0123456789abcdef";
	uint8_t *to = buf_room(out, 2 * n);
	size_t i;

	for (i = 0; i < n; i++) {
		*to++ = (uint8_t)digit[p[i] >> 4];
		*to++ = (uint8_t)digit[p[i] & 15];
	}
	out->len += 2 * n;
}

size_t
sql_text_utf16_length(const uint8_t *p, size_t n)
{
	size_t i, units = 0;

	for (i = 0; i < n; i++)		/* one unit per first byte; two for a 4-byte sequence */
		units += ((p[i] & 0xc0) != 0x80) + (p[i] >= 0xf0);
	return units;
}

/* Decodes the valid sequence at p; moves *p past it. */
static uint32_t
next_code_point(const uint8_t **p)
{
	const uint8_t *s = *p;
	int more = *s < 0x80 ? 0 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : 3;
	uint32_t c = more == 0 ? *s : *s & (0x3fu >> more);

	for (s++; more > 0; more--)
		c = c << 6 | (*s++ & 0x3f);
	*p = s;
	return c;
}

static void
add_unit(struct buf *out, uint32_t unit)
{
	buf_addc(out, (uint8_t)unit);
	buf_addc(out, (uint8_t)(unit >> 8));
}

void
sql_text_utf16(struct buf *out, const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n;

	while (p < end) {
		uint32_t c = next_code_point(&p);

		if (c >= 0x10000) {
			add_unit(out, 0xd800 + ((c - 0x10000) >> 10));
			c = 0xdc00 + ((c - 0x10000) & 0x3ff);
		}
		add_unit(out, c);
	}
}

void
sql_text_decimal(struct buf *out, struct val_type t, struct rec_field f)
{
	i128 v = val_is_narrow(t) ? val_int(f.p) : val_wide(f.p);

	out->len += num_put_decimal((char *)buf_room(out, NUM_TEXT), v, t.scale);
}

const char *
sql_text_put_int(struct sql_load *l, size_t column, struct rec_field f)
{
	(void)column;
	l->buf.len += num_put_int64((char *)buf_room(&l->buf, NUM_TEXT), val_int(f.p));
	return NULL;
}

const char *
sql_text_put_digit(struct sql_load *l, size_t column, struct rec_field f)
{
	(void)column;
	buf_addc(&l->buf, *f.p);
	return NULL;
}

const char *
sql_text_put_decimal(struct sql_load *l, size_t column, struct rec_field f)
{
	sql_text_decimal(&l->buf, l->columns[column].type, f);
	return NULL;
}

const char *
sql_text_put_text(struct sql_load *l, size_t column, struct rec_field f)
{
	val_text(l->columns[column].type, f.p, f.n, &l->buf);
	return NULL;
}

const char *
sql_text_put_quoted(struct sql_load *l, size_t column, struct rec_field f)
{
	buf_addc(&l->buf, '\'');
	val_text(l->columns[column].type, f.p, f.n, &l->buf);
	buf_addc(&l->buf, '\'');
	l->batch.strings++;
	return NULL;
}

static bool
add_day(struct buf *out, int64_t days)
{
	if (days < FIRST_DAY || days > LAST_DAY)
		return false;
	out->len += num_put_date((char *)buf_room(out, NUM_TEXT), (int32_t)days);
	return true;
}

bool
sql_text_date(struct buf *out, struct rec_field f)
{
	return add_day(out, val_int(f.p));
}

/* Appends the last `digits` decimal digits of v. */
static void
add_digits(struct buf *out, uint64_t v, unsigned digits)
{
	uint8_t *p = buf_room(out, digits);
	unsigned i;

	for (i = digits; i-- > 0; v /= 10)
		p[i] = (uint8_t)('0' + v % 10);
	out->len += digits;
}

bool
sql_text_timestamp(struct buf *out, struct rec_field f, char separator)
{
	const int64_t day = INT64_C(86400) * 1000000;
	int64_t us = val_int(f.p), days = us / day - (us % day < 0);
	uint64_t rest = (uint64_t)(us - days * day);

	if (!add_day(out, days))
		return false;
	buf_addc(out, (uint8_t)separator);
	add_digits(out, rest / 3600000000u, 2);
	buf_addc(out, ':');
	add_digits(out, rest / 60000000u % 60, 2);
	buf_addc(out, ':');
	add_digits(out, rest / 1000000u % 60, 2);
	buf_addc(out, '.');
	add_digits(out, rest % 1000000u, 6);
	return true;
}

size_t
sql_text_width(const struct sql_load *l)
{
	return l->into == SQL_INTO_GONE ? l->nkeys : l->ncolumns;
}

size_t
sql_text_column(const struct sql_load *l, size_t i)
{
	return l->into == SQL_INTO_GONE ? l->keys[i] : i;
}

size_t
sql_text_field(const struct sql_load *l, size_t i)
{
	return l->into == SQL_INTO_GONE ? l->gone_fields[i] : i;
}
