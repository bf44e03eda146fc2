/* Compares the levels of every kernel with each other and with a model, at the edges of readable memory. */
#include "unit.h"

#include "simd/simd.h"

enum { ROUNDS = 20000 };

static struct simd tables[SIMD_AVX512 + 1];
static enum simd_level best;

/* Loops over the levels that this processor has. */
#define EVERY_LEVEL(t) (t) = tables; (t) <= tables + best; (t)++

/* Returns the place of n bytes at either end of a page. */
static uint8_t *
place(uint8_t *page, size_t n)
{
	return unit_below(2) ? page : page + UNIT_PAGE - n;
}

/* Fills p with bytes of `few`, and sometimes any. */
static void
random_bytes(uint8_t *p, size_t n, const char *few, size_t nfew)
{
	unsigned rare = (unsigned)unit_below(40);
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = unit_below(40) < rare ? (uint8_t)unit_random() : (uint8_t)few[unit_below(nfew)];
}

static void
utf8(uint8_t *page)
{
	static const char few[] = "aaaaaaaa\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
	const struct simd *t;
	size_t round, n, i;
	uint8_t *p;

	for (round = 0; round < ROUNDS; round++) {
		n = unit_below(300);
		p = place(page, n);
		for (i = 0; i < n; i++)		/* whole sequences mostly */
			p[i] = (uint8_t)few[(i + 300) % (sizeof(few) - 1)];
		if (unit_below(2))
			random_bytes(p, n, few, sizeof(few) - 1);
		else if (n > 0)
			p[unit_below(n)] = (uint8_t)unit_random();
		for (EVERY_LEVEL(t))
			CHECK(t->utf8_ok(p, n) == tables[SIMD_WORDS].utf8_ok(p, n), "level %d, %zu bytes", t->level, n);
	}
	OK("simd", "UTF-8");
}

int
main(void)
{
	uint8_t *page = unit_edge();
	int level;

	unit_start();
	best = simd_best();
	for (level = SIMD_WORDS; level <= (int)best; level++)
		simd_fill(&tables[level], (enum simd_level)level);
	utf8(page);
	return 0;
}
