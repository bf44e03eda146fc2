/* Parses durations of table properties, such as "interval 2 weeks". */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "delta/log/snapshot.h"

static const struct {
	const char *name;
	int64_t us;
} units[] = { { "microsecond", 1 }, { "millisecond", 1000 }, { "second", 1000000 }, { "minute", 60000000 },
    { "hour", INT64_C(3600000000) }, { "day", INT64_C(86400000000) }, { "week", INT64_C(604800000000) } };

/* Returns the microseconds of a unit, singular or plural; 0 for an unknown word. */
static int64_t
unit_of(const char *word, size_t n)
{
	size_t i, len;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++) {
		len = strlen(units[i].name);
		if (n >= len && strncasecmp(word, units[i].name, len) == 0 &&
		    (n == len || (n == len + 1 && tolower((unsigned char)word[len]) == 's')))
			return units[i].us;
	}
	return 0;
}

static const char *
skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

int64_t
delta_duration(const char *text, int64_t absent)
{
	enum { MAX_DIGITS = 7 };
	const char *p;
	int64_t number, unit, us = 0;
	size_t n;
	unsigned terms = 0;

	if (text == NULL)
		return absent;
	p = skip_blanks(text);
	if (strncasecmp(p, "interval", 8) == 0)
		p += 8;
	for (p = skip_blanks(p); *p != '\0'; p = skip_blanks(p + n), terms++) {
		n = strspn(p, "0123456789");
		if (n == 0 || n > MAX_DIGITS)
			return -1;
		for (number = 0; n > 0; n--)
			number = number * 10 + (*p++ - '0');
		p = skip_blanks(p);
		n = strcspn(p, " \t");
		if ((unit = unit_of(p, n)) == 0 || __builtin_mul_overflow(number, unit, &number) ||
		    __builtin_add_overflow(us, number, &us))
			return -1;
	}
	return terms > 0 ? us / 1000 : -1;
}
