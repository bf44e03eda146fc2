#include "delta/log/sum.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "delta/log/names.h"
#include "parquet/format/seal.h"

#define HEAD "{\"commitInfo\":"
#define MEMBER ",\"acctChecksum\":\""
#define TAIL "\"}}"

enum { BEFORE_DIGITS = sizeof(MEMBER) - 1, AFTER_DIGITS = sizeof(TAIL) - 1 };

void
delta_sum_room(struct buf *out)
{
	buf_adds(out, MEMBER "0000000000000000\"");
}

/* Returns the digits of a commit's checksum, at the end of its first line; NULL if there is none. */
static uint8_t *
find(uint8_t *p, size_t n)
{
	uint8_t *lf = n > 0 ? memchr(p, '\n', n) : NULL, *digits;

	if (lf == NULL || lf - p < (ptrdiff_t)(sizeof(HEAD) + BEFORE_DIGITS + SEAL_DIGITS + AFTER_DIGITS) ||
	    memcmp(p, HEAD, sizeof(HEAD) - 1) != 0)
		return NULL;
	digits = lf - AFTER_DIGITS - SEAL_DIGITS;
	return memcmp(digits - BEFORE_DIGITS, MEMBER, BEFORE_DIGITS) == 0 &&
	    memcmp(lf - AFTER_DIGITS, TAIL, AFTER_DIGITS) == 0 ? digits : NULL;
}

void
delta_sum_put(struct buf *out, size_t start)
{
	uint8_t *digits = find(out->p + start, out->len - start);
	char text[SEAL_DIGITS + 1];

	seal_digits(text, hash_bytes(out->p + start, out->len - start));
	memcpy(digits, text, SEAL_DIGITS);
}

int
delta_sum_check(const char *path, struct buf *text, struct msg *err)
{
	uint8_t *digits = find(text->p, text->len);
	char there[SEAL_DIGITS];
	uint64_t told, sum;
	bool right;

	if (digits == NULL)
		return 0;
	memcpy(there, digits, SEAL_DIGITS);
	memset(digits, '0', SEAL_DIGITS);
	sum = hash_bytes(text->p, text->len);
	memcpy(digits, there, SEAL_DIGITS);
	right = seal_parse(there, SEAL_DIGITS, &told) && told == sum;
	return right ? 1 : msg_set(err, EX_DATAERR, "%s: damaged: its checksum does not match", path);
}

int
delta_sum_get(struct delta_table *t, int64_t version, struct buf *text, struct msg *err)
{
	char *name = delta_log_commit_name(version), *path = xasprintf("%s/%s", t->address, name);
	struct buf commit = { 0 };
	int got = store_get(t->store, name, &commit, err);

	if (got > 0 && delta_sum_check(path, &commit, err) < 0)
		got = -1;
	if (got > 0)
		buf_add(text, commit.p, commit.len);
	buf_free(&commit);
	free(path);
	free(name);
	return got;
}
