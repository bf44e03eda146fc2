#include "parquet/format/seal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"

/* The key and the start of its value in Thrift's compact protocol: field 1 of 11 bytes, field 2 of 16 bytes. */
static const char key[] = "\x18\x0b" SEAL_FOOTER "\x18\x10";

enum { KEY = sizeof(key) - 1 };

void
seal_digits(char out[SEAL_DIGITS + 1], uint64_t sum)
{
	snprintf(out, SEAL_DIGITS + 1, "%016" PRIx64, sum);
}

bool
seal_parse(const char *p, size_t n, uint64_t *sum)
{
	static const char digits[] = "0123456789abcdef";
	const char *d;
	size_t i;

	*sum = 0;
	for (i = 0; i < n; i++) {
		if (p[i] == '\0' || (d = strchr(digits, p[i])) == NULL)
			return false;
		*sum = *sum << 4 | (uint64_t)(d - digits);
	}
	return n == SEAL_DIGITS;
}

/*
 * Returns the position of the digits, or NULL. Takes the last match: the metadata follows all fields that could
 * contain the same bytes.
 */
static uint8_t *
find(uint8_t *p, size_t n)
{
	uint8_t *at, *end = p + n, *found = NULL;

	while ((at = memmem(p, (size_t)(end - p), key, KEY)) != NULL && (size_t)(end - at) >= KEY + SEAL_DIGITS) {
		found = at + KEY;
		p = found;
	}
	return found;
}

/* Returns the checksum with the digits at `at` set to zeros, and leaves them so. */
static uint64_t
sum(uint8_t *p, size_t n, uint8_t *at)
{
	memset(at, '0', SEAL_DIGITS);
	return hash_bytes(p, n);
}

void
seal_put(uint8_t *p, size_t n)
{
	uint8_t *at = find(p, n);
	char digits[SEAL_DIGITS + 1];

	if (at == NULL)
		return;
	seal_digits(digits, sum(p, n, at));
	memcpy(at, digits, SEAL_DIGITS);
}

int
seal_check(uint8_t *p, size_t n)
{
	uint8_t *at;
	uint64_t told;
	char there[SEAL_DIGITS];
	bool right;

	if (memmem(p, n, SEAL_CREATED_BY, sizeof(SEAL_CREATED_BY) - 1) == NULL || (at = find(p, n)) == NULL)
		return 0;
	memcpy(there, at, SEAL_DIGITS);
	right = seal_parse(there, SEAL_DIGITS, &told) && told == sum(p, n, at);
	memcpy(at, there, SEAL_DIGITS);
	return right ? 1 : -1;
}
