/* Compiles formats of dates and times, and parses by them. */
#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "val/moment.h"

enum moment_part { LITERAL, YEAR, CENTURY_YEAR, MONTH, MONTH_SHORT, MONTH_LONG, DAY, HOUR, HOUR_OF_HALF, MINUTE, SECOND,
    FRACTION, HALF, ZONE, REST, PARTS };

enum { FRACTION_DIGITS = 9, US_PER_SECOND = 1000000, SECONDS_PER_DAY = 86400, PLAIN_MOST = 16 };

struct moment_word {
	char letter;
	uint8_t part, least, most;
};

static const struct moment_word words[] = {
	{ 'Y', YEAR, 4, 4 }, { 'y', CENTURY_YEAR, 2, 2 }, { 'm', MONTH, 2, 2 }, { 'b', MONTH_SHORT, 0, 0 },
	{ 'B', MONTH_LONG, 0, 0 }, { 'd', DAY, 2, 2 }, { 'H', HOUR, 2, 2 }, { 'I', HOUR_OF_HALF, 2, 2 },
	{ 'M', MINUTE, 2, 2 }, { 'S', SECOND, 2, 2 }, { 'f', FRACTION, 1, FRACTION_DIGITS }, { 'p', HALF, 0, 0 },
	{ 'z', ZONE, 0, 0 }, { '*', REST, 0, 0 }, { '%', LITERAL, 0, 0 }
};

static const char *const months[12] = {
	"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
	"December"
};

/* A moment as it is read: its parts, by their number in enum moment_part. */
struct moment_parts {
	unsigned part[PARTS];
	int64_t fraction, east;		/* microseconds; seconds east of UTC */
};

/* ---- formats ---- */

static const struct moment_word *
word_of(char letter)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].letter == letter)
			return &words[i];
	return NULL;
}

/* Appends the item at *p and moves *p beyond it. */
static const char *
add_item(struct val_moment *m, const char **p)
{
	struct val_moment_item *item = &m->items[m->n];
	const struct moment_word *w;
	bool short_too;

	if (m->n == VAL_MOMENT_ITEMS)
		return "format is too long";
	m->n++;
	if ((unsigned char)**p < ' ')
		return "format has a control character";
	if (**p != '%') {
		*item = (struct val_moment_item){ .part = LITERAL, .byte = *(*p)++ };
		return NULL;
	}
	short_too = *++*p == '-';
	*p += short_too;
	w = word_of(**p);
	if (w == NULL || **p == '\0' || (short_too && (w->most != 2 || w->part == CENTURY_YEAR)))
		return "unknown word in a format";
	*item = (struct val_moment_item){ w->part, short_too ? 1 : w->least, w->most, w->letter };
	++*p;
	return NULL;
}

static bool
is_digits(const struct val_moment_item *i)
{
	return i->most > 0 || (i->part == LITERAL && i->byte >= '0' && i->byte <= '9');
}

/* Checks that each part occurs once at most, and that those that need another have it. */
static const char *
check_parts(const struct val_moment *m)
{
	unsigned has[PARTS] = { 0 };
	size_t i;

	for (i = 0; i < m->n; i++) {
		if (m->items[i].part != LITERAL && ++has[m->items[i].part] > 1)
			return "format has a word twice";
		if (m->items[i].part == REST && i + 1 < m->n)
			return "%* must end a format";
		if (m->items[i].least < m->items[i].most && i + 1 < m->n && is_digits(&m->items[i + 1]))
			return "digits must not follow a word of any number of digits";
	}
	if (has[YEAR] + has[CENTURY_YEAR] != 1 || has[MONTH] + has[MONTH_SHORT] + has[MONTH_LONG] != 1 ||
	    has[DAY] != 1)
		return "format must have year, month and day";
	if (has[HOUR] + has[HOUR_OF_HALF] > 1 || has[HOUR_OF_HALF] != has[HALF])
		return "format must have %H, or %I with %p, for the hour";
	if (has[MINUTE] > has[HOUR] + has[HOUR_OF_HALF] || has[SECOND] > has[MINUTE] || has[FRACTION] > has[SECOND])
		return "format must have the hour for minutes, the minute for seconds, the second for a fraction";
	if (has[REST] > 0 && (m->kind != VAL_DATE || has[HOUR] + has[HOUR_OF_HALF] > 0))
		return "%* is for dates without other words of a time";
	return NULL;
}

/* Makes byte `at` of the words that check a date of a fixed width: within 15 of '0' for a digit, else equal. */
static void
expect_byte(struct val_moment *m, size_t at, uint8_t byte, bool digit)
{
	unsigned shift = 8 * (at % 8);

	m->form[at / 8] |= (uint64_t)byte << shift;
	m->over[at / 8] |= (uint64_t)(digit ? 0x06 : 0x7f) << shift;
	m->mask[at / 8] |= (uint64_t)(digit ? 0xf0 : 0x80) << shift;
}

/* Makes the two words for a format of digits at fixed places. */
static void
fix_places(struct val_moment *m)
{
	uint8_t *const place[] = { [YEAR] = &m->year, [CENTURY_YEAR] = &m->year, [MONTH] = &m->month, [DAY] = &m->day };
	size_t i, k, at = 0;

	for (i = 0; i < m->n; i++) {
		const struct val_moment_item *item = &m->items[i];

		k = item->part == LITERAL ? 1 : item->most;
		if (item->part > DAY || item->least != item->most || k == 0 || at + k > PLAIN_MOST ||
		    (item->byte & 0x80) != 0)
			return;
		if (item->part == LITERAL)
			expect_byte(m, at, (uint8_t)item->byte, false);
		else
			*place[item->part] = (uint8_t)at;
		for (; item->part != LITERAL && k > 0; k--)
			expect_byte(m, at + k - 1, '0', true);
		at += item->part == LITERAL ? 1 : item->most;
	}
	m->width = (uint8_t)at;
}

const char *
val_moment_compile(struct val_moment *m, enum val_kind kind, const char *format)
{
	const char *wrong = NULL, *p = format;
	size_t i;

	memset(m, 0, sizeof(*m));
	m->kind = kind;
	while (*p != '\0' && wrong == NULL)
		wrong = add_item(m, &p);
	if (wrong == NULL && m->n > 0 && (format[0] == ' ' || p[-1] == ' '))
		wrong = "format begins or ends with a blank";
	if (wrong == NULL)
		wrong = check_parts(m);
	if (wrong != NULL)
		return wrong;
	for (i = 0; i < m->n; i++) {
		m->two_digits |= m->items[i].part == CENTURY_YEAR;
		m->halves |= m->items[i].part == HALF;
		m->ends_open |= m->items[i].part == REST;
		m->zoned |= m->items[i].part == ZONE;
	}
	if (kind == VAL_DATE)
		fix_places(m);
	return NULL;
}

/* ---- parsing: each function reads at s, of n bytes, and returns how many it took, 0 for none ---- */

static size_t
take_digits(const char *s, size_t n, const struct val_moment_item *item, unsigned *v)
{
	size_t i;

	*v = 0;
	for (i = 0; i < n && i < item->most && s[i] >= '0' && s[i] <= '9'; i++)
		*v = 10 * *v + (unsigned)(s[i] - '0');
	return i < item->least ? 0 : i;
}

/* Reads the digits of a fraction; those after the sixth must be zeros. */
static size_t
take_fraction(const char *s, size_t n, int64_t *us)
{
	int64_t unit = US_PER_SECOND / 10;
	size_t i;

	*us = 0;
	for (i = 0; i < n && i < FRACTION_DIGITS && s[i] >= '0' && s[i] <= '9'; i++, unit /= 10) {
		if (unit == 0 && s[i] != '0')
			return 0;
		*us += (s[i] - '0') * unit;
	}
	return i;
}

/* Reads an English name of a month, in any case: three letters of it, or the whole. */
static size_t
take_month(const char *s, size_t n, bool whole, unsigned *month)
{
	size_t m, len;

	for (m = 0; m < 12; m++) {
		len = whole ? strlen(months[m]) : 3;
		if (n >= len && strncasecmp(s, months[m], len) == 0) {
			*month = (unsigned)m + 1;
			return len;
		}
	}
	return 0;
}

/* Reads AM or PM in any case: 0 or 1. */
static size_t
take_half(const char *s, size_t n, unsigned *half)
{
	char first = n < 2 ? '\0' : s[0] | 0x20;

	if ((first != 'a' && first != 'p') || (s[1] | 0x20) != 'm')
		return 0;
	*half = first == 'p';
	return 2;
}

/* Reads a zone: Z, UTC, +HH, +HHMM, +HH:MM, or these with a minus. */
static size_t
take_zone(const char *s, size_t n, int64_t *east)
{
	static const struct val_moment_item two = { .least = 2, .most = 2 };
	unsigned hours, minutes = 0;
	size_t at = 3, colon;

	*east = 0;
	if (n >= 1 && s[0] == 'Z')
		return 1;
	if (n >= 3 && memcmp(s, "UTC", 3) == 0)
		return 3;
	if (n < 3 || (s[0] != '+' && s[0] != '-') || take_digits(s + 1, 2, &two, &hours) == 0)
		return 0;
	colon = n > at && s[at] == ':';
	if (take_digits(s + at + colon, n - at - colon, &two, &minutes) > 0)
		at += colon + 2;
	if (hours > 23 || minutes > 59)
		return 0;
	*east = (int64_t)(hours * 3600 + minutes * 60) * (s[0] == '-' ? -1 : 1);
	return at;
}

static size_t
take_item(const struct val_moment_item *item, const char *s, size_t n, struct moment_parts *r)
{
	switch (item->part) {
	case LITERAL:
		return n > 0 && *s == item->byte;
	case MONTH_SHORT: case MONTH_LONG:
		return take_month(s, n, item->part == MONTH_LONG, &r->part[MONTH]);
	case FRACTION:
		return take_fraction(s, n, &r->fraction);
	case HALF:
		return take_half(s, n, &r->part[HALF]);
	case ZONE:
		return take_zone(s, n, &r->east);
	default:
		return take_digits(s, n, item, &r->part[item->part]);
	}
}

/* Reads the items one after the other; either all of them or nothing. */
static size_t
take_items(const struct val_moment_item *items, size_t nitems, const char *s, size_t n, struct moment_parts *r)
{
	size_t at = 0, i, len;

	for (i = 0; i < nitems; i++, at += len)
		if ((len = take_item(&items[i], s + at, n - at, r)) == 0)
			return 0;
	return at;
}

static bool
is_time(const struct moment_parts *r)
{
	return r->part[HOUR] <= 23 && r->part[MINUTE] <= 59 && r->part[SECOND] <= 59;
}

/* Reads what %* passes over: nothing, or T or a blank and a time of day, perhaps with a second, a fraction, a zone. */
static bool
is_passed(const char *s, size_t n)
{
	static const struct val_moment_item minute[] = {
		{ HOUR, 1, 2, 'H' }, { LITERAL, 0, 0, ':' }, { MINUTE, 2, 2, 'M' }
	}, more[][2] = {
		{ { LITERAL, 0, 0, ':' }, { SECOND, 2, 2, 'S' } },
		{ { LITERAL, 0, 0, '.' }, { FRACTION, 1, FRACTION_DIGITS, 'f' } },
		{ { LITERAL, 0, 0, ' ' }, { ZONE, 0, 0, 'z' } }
	};
	struct moment_parts r = { 0 };
	size_t at = 1, len, i;

	if (n == 0)
		return true;
	if ((s[0] != ' ' && s[0] != 'T') || (len = take_items(minute, 3, s + at, n - at, &r)) == 0)
		return false;
	at += len;
	for (i = 0; i < 2 && (len = take_items(more[i], 2, s + at, n - at, &r)) > 0; i++)
		at += len;
	at += take_items(&more[2][at < n && s[at] != ' '], at < n && s[at] != ' ' ? 1 : 2, s + at, n - at, &r);
	return at == n && is_time(&r);
}

/* ---- values ---- */

/* Returns the year that ends in two digits among the 100 that begin with `century`. */
static unsigned
year_within(unsigned century, unsigned two)
{
	return century + (two + 100 - century % 100) % 100;
}

static bool
day_of(unsigned year, unsigned month, unsigned day, int64_t *v)
{
	if (year < 1 || year > 9999 || !num_civil_ok(year, month, day))
		return false;
	*v = num_days(year, month, day);
	return true;
}

/* Makes hours 0 to 23 of 1 to 12 with AM or PM. */
static bool
join_hour(struct moment_parts *r, bool half)
{
	if (!half)
		return true;
	if (r->part[HOUR_OF_HALF] < 1 || r->part[HOUR_OF_HALF] > 12)
		return false;
	r->part[HOUR] = r->part[HOUR_OF_HALF] % 12 + 12 * r->part[HALF];
	return true;
}

static bool
instant_of(const struct moment_parts *r, int64_t day, int64_t *v)
{
	int64_t t = day * SECONDS_PER_DAY + r->part[HOUR] * 3600 + r->part[MINUTE] * 60 + r->part[SECOND] - r->east;

	if (t < num_days(1, 1, 1) * SECONDS_PER_DAY || t >= num_days(10000, 1, 1) * SECONDS_PER_DAY)
		return false;
	*v = t * US_PER_SECOND + r->fraction;
	return true;
}

bool
val_moment_parse(const struct val_moment *m, unsigned century, const char *s, size_t n, int64_t *v)
{
	struct moment_parts r = { 0 };
	size_t at = take_items(m->items, m->n - m->ends_open, s, n, &r);
	unsigned year = m->two_digits ? year_within(century, r.part[CENTURY_YEAR]) : r.part[YEAR];
	int64_t day;

	if (at == 0 || (m->ends_open ? !is_passed(s + at, n - at) : at < n) || !join_hour(&r, m->halves) ||
	    !is_time(&r) || !day_of(year, r.part[MONTH], r.part[DAY], &day))
		return false;
	if (m->kind == VAL_TIMESTAMP)
		return instant_of(&r, day, v);
	*v = day;
	return true;
}

static uint64_t
load(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return le64toh(w);
}

static unsigned
two_digits(const char *s)
{
	return (unsigned)(s[0] - '0') * 10 + (unsigned)(s[1] - '0');
}

static void
put_year(char *out, unsigned year)
{
	out[0] = (char)('0' + year / 1000);
	out[1] = (char)('0' + year / 100 % 10);
	out[2] = (char)('0' + year / 10 % 10);
	out[3] = (char)('0' + year % 10);
}

bool
val_moment_plain(const struct val_moment *m, unsigned century, const char *s, size_t n, char *out)
{
	uint64_t low, high;

	if (n != m->width)
		return false;
	low = load(s) ^ m->form[0];
	high = load(s + 8) ^ m->form[1];
	if ((((low + m->over[0]) | low) & m->mask[0]) != 0 || (((high + m->over[1]) | high) & m->mask[1]) != 0)
		return false;
	if (m->two_digits)
		put_year(out, year_within(century, two_digits(s + m->year)));
	else
		memcpy(out, s + m->year, 4);
	out[4] = out[7] = '-';
	memcpy(out + 5, s + m->month, 2);
	memcpy(out + 8, s + m->day, 2);
	return true;
}

/* ---- formats that say different things of one text ---- */

/* Writes a moment by a format, for those that are tried. */
static size_t
put_moment(const struct val_moment *m, const struct moment_parts *r, char *out, size_t room)
{
	size_t n = 0, i;

	for (i = 0; i < m->n && n + 16 < room; i++) {
		const struct val_moment_item *item = &m->items[i];

		if (item->part == LITERAL)
			out[n++] = item->byte;
		else if (item->part == MONTH_SHORT || item->part == MONTH_LONG)
			n += (size_t)sprintf(out + n, item->part == MONTH_SHORT ? "%.3s" : "%s",
			    months[r->part[MONTH] - 1]);
		else if (item->part == HALF || item->part == ZONE)
			n += (size_t)sprintf(out + n, "%s", item->part == HALF ? "AM" : "Z");
		else if (item->part != REST)
			n += (size_t)sprintf(out + n, "%0*u", (int)item->least, r->part[item->part]);
	}
	return n;
}

bool
val_moment_differ(const struct val_moment *a, const struct val_moment *b, unsigned century)
{
	static const unsigned days[][3] = { { 2001, 2, 3 }, { 2012, 11, 10 }, { 1903, 12, 11 }, { 1010, 10, 11 } };
	char text[VAL_MOMENT_ITEMS * 16 + 32];
	struct moment_parts r = { 0 };
	int64_t one, other;
	size_t i, n;

	r.part[HOUR_OF_HALF] = r.part[HOUR] = 4;
	r.part[MINUTE] = 5;
	r.part[SECOND] = 6;
	for (i = 0; i < sizeof(days) / sizeof(*days); i++) {
		r.part[YEAR] = days[i][0];
		r.part[CENTURY_YEAR] = days[i][0] % 100;
		r.part[MONTH] = days[i][1];
		r.part[DAY] = days[i][2];
		n = put_moment(a, &r, text, sizeof(text));
		if (val_moment_parse(a, century, text, n, &one) && val_moment_parse(b, century, text, n, &other) &&
		    one != other)
			return true;
	}
	return false;
}
