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

/* 10^n, 0 <= n <= 38. */
i128 num_pow10(unsigned n);

/* Text to number. True when all n bytes are one and it is in range; *v is untouched otherwise. */
bool num_int64(const char *s, size_t n, int64_t *v);	/* optional sign, digits */

/*
 * Optional sign, digits, at most one point, a digit somewhere; *v is the value times 10^scale. False where more decimals than
 * `scale` are other than zeros, or the value has more than `precision` digits in all.
 */
bool num_decimal(const char *s, size_t n, unsigned precision, unsigned scale, i128 *v);

/* YYYY-MM-DD, a real day of the proleptic Gregorian calendar, years 0001 to 9999; *days since 1970-01-01. */
bool num_date(const char *s, size_t n, int32_t *days);

/*
 * A date by a format of strptime's letters %Y (four digits), %m, %d (two digits), %b (English month, three letters, any case), %y (two
 * digits: the year that ends in them among the 100 from `century` on), %%, other bytes as they stand. num_date_format_ok says whether a
 * format has a year, a month and a day, once each.
 */
enum { NUM_CENTURY = 1969, NUM_CENTURY_MAX = 9900 };	/* POSIX's; and the last of which all years have four digits */
bool num_date_format_ok(const char *format);
bool num_date_as(const char *format, unsigned century, const char *s, size_t n, int32_t *days);

/*
 * YYYY-MM-DD, 'T' or a space, HH:MM:SS, optional fraction of 1 to 6 digits (more where they are zeros), then nothing, 'Z' or +HH:MM or -HH:MM;
 * without a zone it is UTC. *us is microseconds since 1970-01-01T00:00:00Z.
 */
bool num_timestamp(const char *s, size_t n, int64_t *us);

/* A finite or infinite binary64 as strtod reads it in the C locale, "nan" too; no hexadecimal, no blanks. */
bool num_float64(const char *s, size_t n, double *v);

/* Number to text; each returns the length and ends with a NUL. `out` holds at least NUM_TEXT bytes. */
enum { NUM_TEXT = 64 };
size_t num_put_int64(char *out, int64_t v);
size_t num_put_decimal(char *out, i128 v, unsigned scale);	/* as many decimals as the scale; any i128 */
size_t num_put_date(char *out, int32_t days);			/* years beyond 0000 to 9999 with a sign, as ISO 8601 expanded */
size_t num_put_timestamp(char *out, int64_t us);		/* YYYY-MM-DDTHH:MM:SS[.ffffff]Z, the fraction only where it is not 0 */
size_t num_put_float64(char *out, double v);			/* shortest that reads back the same */

/* Days of a civil date and back, proleptic Gregorian, any year that fits. */
int64_t num_days(int64_t year, unsigned month, unsigned day);
void num_civil(int64_t days, int64_t *year, unsigned *month, unsigned *day);
bool num_civil_ok(int64_t year, unsigned month, unsigned day);	/* such a calendar day exists */

#endif
