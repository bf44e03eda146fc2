#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"

#define TEN18 UINT64_C(1000000000000000000)

static const uint64_t small_pow10[19] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, UINT64_C(10000000000),
	UINT64_C(100000000000), UINT64_C(1000000000000), UINT64_C(10000000000000), UINT64_C(100000000000000),
	UINT64_C(1000000000000000), UINT64_C(10000000000000000), UINT64_C(100000000000000000), TEN18
};

enum { US_PER_SECOND = 1000000, SECONDS_PER_DAY = 86400 };

i128
num_pow10(unsigned n)
{
	i128 v = small_pow10[n % 19];

	for (; n >= 19; n -= 19)
		v = v * (i128)TEN18 * 10;
	return v;
}

static bool
is_digit(char c)
{
	return (unsigned char)(c - '0') <= 9;
}

/* Skips a sign. Returns true for a minus. */
static bool
take_sign(const char **s, size_t *n)
{
	bool minus = *n > 0 && **s == '-';

	if (*n > 0 && (minus || **s == '+')) {
		++*s;
		--*n;
	}
	return minus;
}

bool
num_int64(const char *s, size_t n, int64_t *v)
{
	uint64_t u = 0, limit;
	bool minus = take_sign(&s, &n);
	size_t i;

	if (n == 0)
		return false;
	limit = minus ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
	for (i = 0; i < n; i++) {
		unsigned d = (unsigned char)(s[i] - '0');

		if (d > 9 || u > limit / 10 || (u = u * 10 + d) > limit)
			return false;
	}
	*v = minus ? (int64_t)(0 - u) : (int64_t)u;
	return true;
}

bool
num_decimal(const char *s, size_t n, unsigned precision, unsigned scale, i128 *v)
{
	u128 u = 0, limit = (u128)num_pow10(precision), most = limit / 10, rest;
	bool minus = take_sign(&s, &n), point = false, digit = false;
	unsigned decimals = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (!is_digit(s[i]))
			return false;
		digit = true;
		if (point && decimals == scale) {
			if (s[i] != '0')
				return false;
			continue;
		}
		decimals += point;
		if (u >= most)		/* a digit too many; asked first, as 10^39 wraps */
			return false;
		u = u * 10 + (unsigned)(s[i] - '0');
	}
	rest = (u128)num_pow10(scale - decimals);
	if (!digit || u >= limit / rest)		/* exact: scale <= precision */
		return false;
	u *= rest;
	*v = minus ? -(i128)u : (i128)u;
	return true;
}

/* Parses exactly `n` digits. */
static bool
get_digits(const char *s, size_t n, unsigned *v)
{
	unsigned u = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!is_digit(s[i]))
			return false;
		u = u * 10 + (unsigned)(s[i] - '0');
	}
	*v = u;
	return true;
}

int64_t
num_days(int64_t year, unsigned month, unsigned day)
{
	/* Years begin in March, so that the leap day is the last; an era is 400 years of 146097 days. */
	int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400;
	unsigned in_era = (unsigned)(y - era * 400);
	unsigned in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

void
num_civil(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned in_era = (unsigned)(z - era * 146097);
	unsigned y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	unsigned in_year = in_era - (365 * y + y / 4 - y / 100);
	unsigned m = (5 * in_year + 2) / 153;

	*day = in_year - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 3 : m - 9;
	*year = (int64_t)y + era * 400 + (*month <= 2);
}

bool
num_civil_ok(int64_t year, unsigned month, unsigned day)
{
	static const unsigned char length[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return month >= 1 && month <= 12 && day >= 1 && day <= length[month - 1] + (month == 2 && leap ? 1u : 0u);
}

static bool
day_from(unsigned year, unsigned month, unsigned day, int32_t *days)
{
	if (year < 1 || year > 9999 || !num_civil_ok(year, month, day))
		return false;
	*days = (int32_t)num_days(year, month, day);
	return true;
}

bool
num_date(const char *s, size_t n, int32_t *days)
{
	unsigned year, month, day;

	return n == 10 && s[4] == '-' && s[7] == '-' && get_digits(s, 4, &year) && get_digits(s + 5, 2, &month) &&
	    get_digits(s + 8, 2, &day) && day_from(year, month, day, days);
}

bool
num_date_format_ok(const char *format)
{
	unsigned years = 0, months = 0, days = 0;

	for (; *format != '\0'; format++) {
		if (*format != '%')
			continue;
		switch (*++format) {
		case 'Y': case 'y':
			years++;
			break;
		case 'm': case 'b':
			months++;
			break;
		case 'd':
			days++;
			break;
		case '%':
			break;
		default:
			return false;
		}
	}
	return years == 1 && months == 1 && days == 1;
}

/* Parses an English month of three letters in any case. */
static bool
get_month(const char *s, unsigned *month)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	unsigned m;

	for (m = 0; m < 12; m++)
		if ((s[0] | 0x20) == names[3 * m] && (s[1] | 0x20) == names[3 * m + 1] &&
		    (s[2] | 0x20) == names[3 * m + 2]) {
			*month = m + 1;
			return true;
		}
	return false;
}

/* Returns the year that ends in two digits among the 100 that begin with `century`. */
static unsigned
year_within(unsigned century, unsigned two)
{
	return century + (two + 100 - century % 100) % 100;
}

bool
num_date_as(const char *format, unsigned century, const char *s, size_t n, int32_t *days)
{
	const char *end = s + n;
	unsigned year = 0, month = 0, day = 0;
	size_t len;
	bool ok;

	for (; *format != '\0'; format++, s += len) {
		char letter = *format == '%' ? *++format : '\0';

		len = letter == 'Y' ? 4 : letter == 'b' ? 3 : letter == '\0' || letter == '%' ? 1 : 2;
		if ((size_t)(end - s) < len)
			return false;
		switch (letter) {
		case 'Y':
			ok = get_digits(s, 4, &year);
			break;
		case 'y':
			ok = get_digits(s, 2, &year);
			year = year_within(century, year);
			break;
		case 'm':
			ok = get_digits(s, 2, &month);
			break;
		case 'b':
			ok = get_month(s, &month);
			break;
		case 'd':
			ok = get_digits(s, 2, &day);
			break;
		default:
			ok = *s == *format;
			break;
		}
		if (!ok)
			return false;
	}
	return s == end && day_from(year, month, day, days);
}

/* Parses a zone at the end of a timestamp: nothing, Z, +HH:MM or -HH:MM; seconds east of UTC. */
static bool
get_zone(const char *s, size_t n, int64_t *east)
{
	unsigned hours, minutes;

	*east = 0;
	if (n == 0 || (n == 1 && *s == 'Z'))
		return true;
	if (n != 6 || (*s != '+' && *s != '-') || s[3] != ':' || !get_digits(s + 1, 2, &hours) ||
	    !get_digits(s + 4, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*east = (int64_t)(hours * 3600 + minutes * 60) * (*s == '-' ? -1 : 1);
	return true;
}

/*
 * Parses the digits after the decimal point as microseconds: at least one, those after the sixth zero. *len: digits
 * read.
 */
static bool
get_fraction(const char *s, size_t n, int64_t *us, size_t *len)
{
	size_t i;

	*us = 0;
	for (i = 0; i < n && is_digit(s[i]); i++)
		if (i < 6)
			*us += (s[i] - '0') * (int64_t)small_pow10[5 - i];
		else if (s[i] != '0')
			return false;
	*len = i;
	return i > 0;
}

bool
num_timestamp(const char *s, size_t n, int64_t *us)
{
	unsigned hour, minute, second;
	int64_t fraction = 0, east, t;
	size_t at = 19, len;
	int32_t days;

	if (n < 19 || !num_date(s, 10, &days) || (s[10] != 'T' && s[10] != ' ') || s[13] != ':' || s[16] != ':' ||
	    !get_digits(s + 11, 2, &hour) || !get_digits(s + 14, 2, &minute) || !get_digits(s + 17, 2, &second) ||
	    hour > 23 || minute > 59 || second > 59)
		return false;
	if (n > at && s[at] == '.') {
		at++;
		if (!get_fraction(s + at, n - at, &fraction, &len))
			return false;
		at += len;
	}
	if (!get_zone(s + at, n - at, &east))
		return false;
	t = (int64_t)days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second - east;
	if (t < num_days(1, 1, 1) * SECONDS_PER_DAY || t >= num_days(10000, 1, 1) * SECONDS_PER_DAY)
		return false;
	*us = t * US_PER_SECOND + fraction;
	return true;
}

static locale_t
c_locale(void)
{
	static locale_t c;

	if (c == (locale_t)0)
		c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	return c;
}

/*
 * Matches [sign] (inf | infinity | nan | digits with a point, exponent): strtod's syntax without blanks, hexadecimal
 * and nan(...).
 */
static bool
is_float(const char *s, size_t n)
{
	bool digit = false;
	size_t i;

	take_sign(&s, &n);
	if ((n == 3 && (strncasecmp(s, "inf", 3) == 0 || strncasecmp(s, "nan", 3) == 0)) ||
	    (n == 8 && strncasecmp(s, "infinity", 8) == 0))
		return true;
	for (i = 0; i < n && is_digit(s[i]); i++)
		digit = true;
	if (i < n && s[i] == '.')
		for (i++; i < n && is_digit(s[i]); i++)
			digit = true;
	if (!digit)
		return false;
	if (i == n)
		return true;
	if (s[i] != 'e' && s[i] != 'E')
		return false;
	i++;
	i += i < n && (s[i] == '+' || s[i] == '-');
	if (i == n)
		return false;
	while (i < n && is_digit(s[i]))
		i++;
	return i == n;
}

bool
num_float64(const char *s, size_t n, double *v)
{
	char small[128], *copy = small;

	if (!is_float(s, n))
		return false;
	if (n >= sizeof(small) && (copy = malloc(n + 1)) == NULL)
		return false;
	memcpy(copy, s, n);
	copy[n] = '\0';
	*v = strtod_l(copy, NULL, c_locale());
	if (copy != small)
		free(copy);
	return true;
}

/* Writes u with at least `least` digits, ending before `end`. Returns the start. */
static char *
put_digits(char *end, uint64_t u, unsigned least)
{
	unsigned n;

	for (n = 0; u > 0 || n < least; n++, u /= 10)
		*--end = (char)('0' + u % 10);
	return end;
}

static size_t
move_out(char *out, const char *from, const char *end)
{
	size_t n = (size_t)(end - from);

	memcpy(out, from, n);
	out[n] = '\0';
	return n;
}

size_t
num_put_int64(char *out, int64_t v)
{
	char text[NUM_TEXT], *end = text + sizeof(text), *p;

	p = put_digits(end, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 1);
	if (v < 0)
		*--p = '-';
	return move_out(out, p, end);
}

size_t
num_put_decimal(char *out, i128 v, unsigned scale)
{
	char text[NUM_TEXT], *end = text + sizeof(text), *p = end;
	u128 u = v < 0 ? 0 - (u128)v : (u128)v;
	size_t n;

	for (; u >= TEN18; u /= TEN18)
		p = put_digits(p, (uint64_t)(u % TEN18), 18);
	p = put_digits(p, (uint64_t)u, 0);
	while ((size_t)(end - p) < (size_t)scale + 1)
		*--p = '0';
	if (v < 0)
		*--p = '-';
	if (scale == 0)
		return move_out(out, p, end);
	n = (size_t)(end - p) - scale;
	memcpy(out, p, n);
	out[n] = '.';
	return n + 1 + move_out(out + n + 1, p + n, end);
}

/* Writes the date alone; returns its length. */
static size_t
put_day(char *out, int64_t days)
{
	int64_t year;
	unsigned month, day;
	char text[NUM_TEXT], *end = text + sizeof(text), *p = end;

	num_civil(days, &year, &month, &day);
	p = put_digits(p, day, 2);
	*--p = '-';
	p = put_digits(p, month, 2);
	*--p = '-';
	p = put_digits(p, (uint64_t)(year < 0 ? -year : year), 4);
	if (year < 0 || year > 9999)
		*--p = year < 0 ? '-' : '+';
	return move_out(out, p, end);
}

size_t
num_put_date(char *out, int32_t days)
{
	return put_day(out, days);
}

size_t
num_put_timestamp(char *out, int64_t us)
{
	int64_t seconds = us / US_PER_SECOND - (us % US_PER_SECOND < 0);
	int64_t fraction = us % US_PER_SECOND + (us % US_PER_SECOND < 0 ? US_PER_SECOND : 0);
	int64_t days = seconds / SECONDS_PER_DAY - (seconds % SECONDS_PER_DAY < 0);
	unsigned in_day = (unsigned)(seconds - days * SECONDS_PER_DAY);
	char *p = out + put_day(out, days);

	*p++ = 'T';
	put_digits(p + 2, in_day / 3600, 2);
	p[2] = ':';
	put_digits(p + 5, in_day / 60 % 60, 2);
	p[5] = ':';
	put_digits(p + 8, in_day % 60, 2);
	p += 8;
	if (fraction != 0) {
		*p++ = '.';
		put_digits(p + 6, (uint64_t)fraction, 6);
		for (p += 6; p[-1] == '0'; p--)
			continue;
	}
	*p++ = 'Z';
	*p = '\0';
	return (size_t)(p - out);
}

size_t
num_put_float64(char *out, double v)
{
	locale_t before;
	int precision, n = 0;

	if (isnan(v) || isinf(v))
		return (size_t)snprintf(out, NUM_TEXT, "%s", isnan(v) ? "nan" : v < 0 ? "-inf" : "inf");
	before = uselocale(c_locale());
	for (precision = 1; precision <= 17; precision++) {
		n = snprintf(out, NUM_TEXT, "%.*g", precision, v);
		if (strtod(out, NULL) == v)
			break;
	}
	uselocale(before);
	return (size_t)n;
}
