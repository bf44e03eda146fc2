#include <string.h>

#include "schema/schema.h"

enum { WHOLE_DIGITS = 9, PART_DIGITS = 9 };

bool
schema_percent_parse(const char *text, uint64_t *to)
{
	size_t whole = strspn(text, "0123456789"), part = 0, i;
	const char *end = text + whole;
	uint64_t n = 0;

	if (*end == '.') {
		part = strspn(end + 1, "0123456789");
		if (part == 0)
			return false;
		end += 1 + part;
	}
	if (whole == 0 || whole > WHOLE_DIGITS || part > PART_DIGITS || strcmp(end, "%") != 0)
		return false;
	for (i = 0; i < whole; i++)
		n = 10 * n + (uint64_t)(text[i] - '0');
	for (i = 0; i < PART_DIGITS; i++)
		n = 10 * n + (i < part ? (uint64_t)(text[whole + 1 + i] - '0') : 0);
	*to = n;
	return true;
}
