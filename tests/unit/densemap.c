/* The map of close keys against a plain hash map of the same keys. */
#include <stdlib.h>
#include <string.h>

#include "key/densemap.h"
#include "key/keymap.h"
#include "unit.h"

/* Keys of a round: close together around some place, now and then one far off. */
static int64_t
random_key(int64_t middle, uint64_t width, unsigned far)
{
	if (far > 0 && unit_below(far) == 0)
		return (int64_t)unit_any();
	return (int64_t)((uint64_t)middle + unit_below(width) - width / 2);
}

/* Many at once: those found, those added up to the first that does not fit. */
static void
check_all(struct densemap *d, int64_t middle, uint64_t width, unsigned far)
{
	int64_t keys[600];
	uint32_t numbers[600];
	size_t n = 1 + unit_below(600), i, fit;

	for (i = 0; i < n; i++)
		keys[i] = random_key(middle, width, far);
	densemap_find_all(d, keys, n, numbers);
	for (i = 0; i < n; i++) {
		const uint32_t *place = densemap_place(d, keys[i]);

		CHECK(numbers[i] == (place != NULL ? *place - 1 : DENSEMAP_ABSENT), "key %" PRId64, keys[i]);
	}
	fit = densemap_add_all(d, keys, n, numbers);
	for (i = 0; i < fit; i++)
		CHECK(*densemap_place(d, keys[i]) == numbers[i] + 1, "key %" PRId64, keys[i]);
	CHECK(fit == n || densemap_add(d, keys[fit]) == DENSEMAP_ABSENT, "key %" PRId64 " fits", keys[fit]);
}

static void
round_of(unsigned seed_round)
{
	static const int64_t middles[] = { 0, 1000000, -5, INT64_MAX - 2000000, INT64_MIN + 2000000, 4096, -4096 };
	int64_t middle = middles[unit_below(sizeof(middles) / sizeof(*middles))], key, *keys;
	uint64_t width = 1 + unit_any() % 3000000;
	unsigned far = unit_below(2) ? 0 : 1000;	/* one of so many lies anywhere */
	struct densemap d = { 0 };
	struct keymap m;
	uint32_t got, want, i;
	bool added, fits = true;

	keymap_init(&m);
	for (i = 0; i < 20000 && fits; i++) {
		key = random_key(middle, width, far);
		got = densemap_add(&d, key);
		if (got == DENSEMAP_ABSENT) {
			fits = false;
			break;
		}
		uint8_t bytes[12];

		/* Any injective bytes without a NUL will do as the other map's key. */
		for (int k = 0; k < 10; k++)
			bytes[k] = (uint8_t)(0x80 | ((uint64_t)key >> (7 * k) & 0x7f));
		want = keymap_add(&m, bytes, 10, keymap_hash(bytes, 10), &added);
		CHECK(got == want, "round %u, key %" PRId64 ": %u and %u", seed_round, key, got, want);
		CHECK(densemap_place(&d, key) != NULL && *densemap_place(&d, key) == got + 1, "round %u", seed_round);
	}
	CHECK(fits || far > 0 || width > 8192 * DENSEMAP_PAGE, "round %u: width %" PRIu64 " does not fit", seed_round,
	    width);
	CHECK(d.n == m.n, "round %u: %u and %u keys", seed_round, d.n, m.n);
	check_all(&d, middle, width, far);
	keys = densemap_keys(&d);
	for (i = 0; i < d.n; i++)
		CHECK(*densemap_place(&d, keys[i]) == i + 1, "round %u: key of %u", seed_round, i);
	free(keys);
	keymap_free(&m);
	densemap_free(&d);
}

int
main(void)
{
	unit_start();
	for (unsigned i = 0; i < 200; i++)
		round_of(i);
	OK("densemap", "the numbers a keymap gives; keys that fit; keys by number");
	return 0;
}
