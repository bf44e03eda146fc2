#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/num.h"
#include "base/utf8.h"
#include "draft/column.h"
#include "draft/seen.h"
#include "val/notation.h"

const char *const draft_formats[DRAFT_FORMATS] = {
	"%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y.%m.%d", "%d-%m-%Y", "%m-%d-%Y", "%d-%b-%Y",
	"%d %b %Y", "%Y%m%d", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y"
};

const char *const draft_nulls[DRAFT_NULLS] = { "NULL", "null", "Null", "N/A", "n/a", "NA", "\\N", "-" };

/* A value as a number: digits before and after the point, and whether it begins with a zero that says nothing. */
struct shape {
	bool is_number, has_point, leading_zero;
	unsigned whole, scale;
};

static size_t
count_digits(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] >= '0' && p[i] <= '9')
		i++;
	return i;
}

static struct shape
shape_of(const char *p, size_t n)
{
	struct shape s = { 0 };
	size_t i = n > 0 && (p[0] == '-' || p[0] == '+'), digits = count_digits(p + i, n - i);

	s.whole = (unsigned)digits;
	s.leading_zero = digits > 1 && p[i] == '0';
	i += digits;
	if (i < n && p[i] == '.') {
		s.has_point = true;
		i++;
		s.scale = (unsigned)count_digits(p + i, n - i);
		i += s.scale;
	}
	s.is_number = i == n && s.whole + s.scale > 0 && s.whole + s.scale <= NUM_DIGITS;
	return s;
}

static void
keep_sample(struct draft_sample *s, const char *p, size_t n, uint64_t line)
{
	if (s->text != NULL)
		return;
	s->text = xstrndup(p, n < 40 ? n : 40);
	s->line = line;
}

static bool
is_word(const char *word, const char *p, size_t n)
{
	return strlen(word) == n && memcmp(word, p, n) == 0;
}

static bool
is_bool(const char *p, size_t n)
{
	return (n == 4 && strncasecmp(p, "true", 4) == 0) || (n == 5 && strncasecmp(p, "false", 5) == 0);
}

/* Counts the formats a value has as a date of our time: 20240131 is one, 12345678 is not. */
static bool
add_dates(struct draft_column *c, const char *p, size_t n)
{
	int32_t days;
	int64_t year;
	unsigned month, day;
	bool any = false;
	size_t i;

	if (n < 6 || n > 11)
		return false;
	for (i = 0; i < DRAFT_FORMATS; i++) {
		if (!num_date_as(draft_formats[i], NUM_CENTURY, p, n, &days))
			continue;
		num_civil(days, &year, &month, &day);
		if (year < 1850 || year > 2200)
			continue;
		c->dates[i]++;
		any = true;
	}
	return any;
}

static bool
is_float(const char *p, size_t n)
{
	double v;

	return num_float64(p, n, &v);
}

static void
count_number(struct draft_numbers *of, const struct shape *s)
{
	of->n++;
	if (s->whole > of->whole)
		of->whole = s->whole;
	of->scales[s->scale]++;
}

static void
add_number(struct draft_column *c, const struct shape *s, const char *p, size_t n, uint64_t line)
{
	count_number(&c->numbers[DRAFT_PLAIN], s);
	if (s->leading_zero) {
		c->zeros++;
		keep_sample(&c->zero, p, n, line);
	}
}

/* Counts a value as a number in the notations that are not that of the type. */
static void
add_notations(struct draft_column *c, const char *p, size_t n)
{
	static char comma[] = ",", point[] = ".", *groups[DRAFT_NOTATIONS] = {
		[DRAFT_POINT] = comma, [DRAFT_COMMA] = point
	};
	char plain[64];
	struct shape s;
	size_t i, len;

	for (i = DRAFT_POINT; i < DRAFT_NOTATIONS && n < sizeof(plain); i++) {
		const struct val_notation w = { .point = i == DRAFT_POINT ? '.' : ',', .groups = &groups[i],
		    .ngroups = 1 };

		if (!val_notation_plain(&w, p, n, plain, &len) || !(s = shape_of(plain, len)).is_number)
			continue;
		count_number(&c->numbers[i], &s);
		c->grouped[i] += memchr(p, *groups[i], n) != NULL;
	}
}

static bool
has_any(const char *p, size_t n, const char *bytes)
{
	for (; *bytes != '\0'; bytes++)
		if (memchr(p, *bytes, n) != NULL)
			return true;
	return false;
}

void
draft_column_add(struct draft_column *c, const char *p, size_t n, uint64_t line)
{
	struct shape s;
	bool is[DRAFT_TYPES] = { [DRAFT_STRING] = true };
	int64_t integer, us;
	size_t i;

	if (n == 0) {
		c->empty++;
		return;
	}
	for (i = 0; i < DRAFT_NULLS; i++) {
		if (is_word(draft_nulls[i], p, n)) {
			c->nulls[i]++;
			return;
		}
	}
	c->values++;
	if (!utf8_ok(p, n)) {
		c->not_utf8++;
		c->not_1252 = c->not_1252 || has_any(p, n, "\x81\x8d\x8f\x90\x9d");
	} else {
		c->letters += utf8_count(p, n) < n;
	}
	s = shape_of(p, n);
	if (s.is_number)
		add_number(c, &s, p, n, line);
	add_notations(c, p, n);
	is[DRAFT_DECIMAL] = s.is_number;
	is[DRAFT_INT64] = s.is_number && !s.has_point && num_int64(p, n, &integer);
	is[DRAFT_BOOL] = is_bool(p, n);
	is[DRAFT_DATE] = add_dates(c, p, n);
	is[DRAFT_TIMESTAMP] = !s.is_number && num_timestamp(p, n, &us);
	is[DRAFT_FLOAT64] = is_float(p, n);
	for (i = 0; i < DRAFT_TYPES; i++) {
		c->of[i] += is[i];
		if (!is[i])
			keep_sample(&c->odd[i], p, n, line);
	}
	draft_seen_add(&c->seen, hash_bytes(p, n));
}

bool
draft_nearly(uint64_t n, uint64_t all)
{
	return n > 0 && n >= all - all / 20;
}

/* The format of most values; the earlier of two with as many. */
static size_t
best_format(const struct draft_column *c)
{
	size_t i, best = 0;

	for (i = 1; i < DRAFT_FORMATS; i++)
		if (c->dates[i] > c->dates[best])
			best = i;
	return best;
}

enum draft_notation
draft_column_notation(const struct draft_column *c)
{
	const struct draft_numbers *point = &c->numbers[DRAFT_POINT], *comma = &c->numbers[DRAFT_COMMA];

	if (draft_nearly(c->of[DRAFT_DECIMAL], c->values))
		return DRAFT_PLAIN;
	if (comma->n > point->n)
		return draft_nearly(comma->n, c->values) ? DRAFT_COMMA : DRAFT_PLAIN;
	return draft_nearly(point->n, c->values) ? DRAFT_POINT : DRAFT_PLAIN;
}

unsigned
draft_column_scale(const struct draft_column *c, uint64_t *n)
{
	const struct draft_numbers *of = &c->numbers[draft_column_notation(c)];
	unsigned scale = 0;

	*n = of->scales[0];
	while (scale < NUM_DIGITS && !draft_nearly(*n, of->n))
		*n += of->scales[++scale];
	return scale;
}

enum draft_type
draft_column_type(const struct draft_column *c, size_t *format)
{
	enum draft_type best = DRAFT_STRING;
	uint64_t n, most = 0;
	size_t i;

	*format = best_format(c);
	for (i = 0; i < DRAFT_STRING; i++) {
		n = i == DRAFT_DATE ? c->dates[*format] : c->of[i];
		if (n > most) {
			most = n;
			best = (enum draft_type)i;
		}
	}
	if (draft_column_notation(c) != DRAFT_PLAIN && best != DRAFT_DATE)
		best = DRAFT_DECIMAL;
	else if (!draft_nearly(most, c->values))
		return DRAFT_STRING;
	if ((best == DRAFT_INT64 || best == DRAFT_DECIMAL) && c->zeros > c->values / 20)
		return DRAFT_STRING;
	if (best == DRAFT_DECIMAL && c->numbers[draft_column_notation(c)].whole + draft_column_scale(c,
	    &n) > NUM_DIGITS)
		return DRAFT_STRING;
	return best;
}

bool
draft_column_is_unique(struct draft_column *c)
{
	return c->values > 0 && draft_seen_unique(&c->seen);
}

void
draft_column_free(struct draft_column *c)
{
	size_t i;

	for (i = 0; i < DRAFT_TYPES; i++)
		free(c->odd[i].text);
	free(c->zero.text);
	free(c->seen.hash);
	free(c->name);
}
