/* Which values of a column occur again: by sorted hashes, since a draft needs no certainty. */
#include <stdlib.h>

#include "draft/column.h"
#include "draft/seen.h"

/* Values remembered of a column, 32 MiB. Repeats beyond a twentieth of the values end it. */
enum { SEEN_MAX = 1 << 22, SEEN_FIRST = 1 << 10, SEEN_SHARE = 20 };

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Sorts the hashes and drops those that are there already. */
static void
settle(struct draft_seen *s)
{
	size_t i, kept = 0;

	if (s->n > 1)
		qsort(s->hash, s->n, sizeof(*s->hash), compare);
	for (i = 0; i < s->n; i++)
		if (kept == 0 || s->hash[i] != s->hash[kept - 1])
			s->hash[kept++] = s->hash[i];
	s->repeats += s->n - kept;
	s->n = s->sorted = kept;
}

static void
give_up(struct draft_seen *s)
{
	free(s->hash);
	*s = (struct draft_seen){ .given_up = true };
}

void
draft_seen_add(struct draft_seen *s, uint64_t hash)
{
	if (s->given_up)
		return;
	if (s->n == s->room) {
		settle(s);
		if (s->repeats > (s->n + s->repeats) / SEEN_SHARE || s->n >= SEEN_MAX) {
			give_up(s);
			return;
		}
		if (s->n >= s->room / 2) {
			s->room = s->room == 0 ? SEEN_FIRST : s->room * 2;
			s->hash = xreallocarray(s->hash, s->room, sizeof(*s->hash));
		}
	}
	s->hash[s->n++] = hash;
}

bool
draft_seen_unique(struct draft_seen *s)
{
	if (s->given_up)
		return false;
	settle(s);
	return s->repeats <= (s->n + s->repeats) / SEEN_SHARE;
}
