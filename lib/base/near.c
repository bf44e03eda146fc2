#include "base/near.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/msg.h"

enum { LONGEST = 64 };

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Returns the edit distance of two names, ignoring case: insertions, deletions, replacements and swaps of neighbours.
 * Names longer than LONGEST match nothing: SIZE_MAX. Computes the optimal string alignment distance row by row:
 * before[0] is the previous row, before[1] the one before it.
 */
static size_t
distance_of(const char *a, const char *b)
{
	size_t rows[3][LONGEST + 1], *now = rows[0], *before[2] = { rows[1], rows[2] }, *spare;
	size_t la = strlen(a), lb = strlen(b), i, j;

	if (la > LONGEST || lb > LONGEST)
		return SIZE_MAX;
	for (j = 0; j <= lb; j++)
		before[0][j] = j;
	for (i = 1; i <= la; i++) {
		int x = tolower((unsigned char)a[i - 1]), last = i > 1 ? tolower((unsigned char)a[i - 2]) : -1;

		now[0] = i;
		for (j = 1; j <= lb; j++) {
			int y = tolower((unsigned char)b[j - 1]);

			now[j] = least(before[0][j - 1] + (x != y), least(before[0][j], now[j - 1]) + 1);
			if (j > 1 && i > 1 && x == tolower((unsigned char)b[j - 2]) && last == y)
				now[j] = least(now[j], before[1][j - 2] + 1);
		}
		spare = before[1];
		before[1] = before[0];
		before[0] = now;
		now = spare;
	}
	return before[0][lb];
}

void
near_start(struct near *n, const char *word)
{
	*n = (struct near){ .word = word, .distance = SIZE_MAX };
}

/* The limit is a third of the letters, so that short words match only with a single edit. */
void
near_try(struct near *n, const char *candidate)
{
	size_t length = strlen(n->word), d = distance_of(n->word, candidate);

	if (length > 0 && d < n->distance && d <= (length < 3 ? (size_t)(length > 1) : length / 3)) {
		n->best = candidate;
		n->distance = d;
	}
}

const char *
near_hint(const struct near *n)
{
	static char ring[4][300];
	static unsigned turn;
	char *text = ring[turn++ % 4];

	if (n->best == NULL)
		return "";
	snprintf(text, sizeof(ring[0]), "; did you mean %s?", msg_quotes(n->best));
	return text;
}

const char *
near_hint_before(const struct near *n)
{
	const char *hint = near_hint(n);

	return *hint != '\0' ? hint : ";";
}
