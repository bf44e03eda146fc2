/*
 * Exact numbers and calendar days, to and from text. Nothing here rounds, wraps or depends on the locale.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef __int128 i128;
typedef unsigned __int128 u128;

enum { NUM_DIGITS = 38 };	/* most digits of a decimal: 10^38 < 2^127 */

/* Returns 10^n, 0 <= n <= 38. */
i128 num_pow10(unsigned n);

/* Parsers. They return true if all n bytes are a valid value in range; otherwise *v is unchanged. */
bool num_int64(const char *s, size_t n, int64_t *v);	/* optional sign, digits */

/*
 * Parses an optional sign, digits, at most one point, at least one digit; *v is the value times 10^scale. False if
 * decimals beyond `scale` are not all zero, or if the value has more than `precision` digits.
 */
bool num_decimal(const char *s, size_t n, unsigned precision, unsigned scale, i128 *v);

/* Parses YYYY-MM-DD, a valid day of the proleptic Gregorian calendar, years 0001 to 9999; *days since 1970-01-01. */
bool num_date(const char *s, size_t n, int32_t *days);

/*
 * Parses a date by a format of strptime's letters: %Y (four digits), %m, %d (two digits), %b (English month, three
 * letters, any case), %y (two digits: the year that ends in them among the 100 that begin with `century`), %%; other
 * bytes match themselves. num_date_format_ok checks that a format has a year, a month and a day, once each.
 */
enum { NUM_CENTURY = 1969, NUM_CENTURY_MAX = 9900 };	/* POSIX's; the last with four-digit years only */
bool num_date_format_ok(const char *format);
bool num_date_as(const char *format, unsigned century, const char *s, size_t n, int32_t *days);

/*
 * Parses YYYY-MM-DD, 'T' or a space, HH:MM:SS, an optional fraction of 1 to 6 digits (more if they are zeros), then
 * nothing, 'Z', +HH:MM or -HH:MM; without a zone the time is UTC. *us is microseconds since 1970-01-01T00:00:00Z.
 */
bool num_timestamp(const char *s, size_t n, int64_t *us);

/* Parses a finite or infinite binary64 as strtod does in the C locale, and "nan"; no hexadecimal, no blanks. */
bool num_float64(const char *s, size_t n, double *v);

/* Formatters. Each returns the length and appends a NUL. `out` holds at least NUM_TEXT bytes. */
enum { NUM_TEXT = 64 };
size_t num_put_int64(char *out, int64_t v);
size_t num_put_decimal(char *out, i128 v, unsigned scale);	/* writes `scale` decimals; any i128 */
size_t num_put_date(char *out, int32_t days);			/* a sign if outside 0000 to 9999, as in ISO 8601 */
size_t num_put_timestamp(char *out, int64_t us);		/* YYYY-MM-DDTHH:MM:SS[.ffffff]Z, no fraction if 0 */
size_t num_put_float64(char *out, double v);			/* shortest text that reads back as the same value */

/* Converts a civil date to days and back, proleptic Gregorian, any year that fits. */
int64_t num_days(int64_t year, unsigned month, unsigned day);
void num_civil(int64_t days, int64_t *year, unsigned *month, unsigned *day);
bool num_civil_ok(int64_t year, unsigned month, unsigned day);	/* is it a valid calendar day? */

#endif
