/* The map of integer keys: the next number for each new key, the same one again, none for others. */
#include "unit.h"

#include "key/intmap.h"

enum { ROUNDS = 20, KEYS = 20000 };

/* Keys of few bits come again, and those next to each other and far apart are both there. */
static int64_t
random_key(void)
{
	return (int64_t)(unit_any() << unit_below(40)) * (unit_below(2) ? 1 : -1);
}

int
main(void)
{
	static int64_t keys[KEYS], asked[KEYS];
	static uint32_t numbers[KEYS];

	unit_start();
	for (int round = 0; round < ROUNDS; round++) {
		struct intmap m = { 0 };
		size_t n = unit_below(KEYS), i, k, used = 0;
		bool added;

		for (i = 0; i < n; i++) {
			int64_t key = unit_below(3) ? random_key() : (int64_t)unit_below(1000);
			uint32_t number = intmap_add(&m, key, &added);

			CHECK(added == (number == used) && number <= used, "number %u of %zu", number, used);
			if (added)
				keys[used++] = key;
			CHECK(keys[number] == key && m.keys[number] == key && m.n == used, "another key's number");
		}
		for (i = 0; i < KEYS; i++)
			asked[i] = used > 0 && unit_below(2) ? keys[unit_below(used)] : random_key();
		intmap_find(&m, asked, KEYS, numbers);
		for (i = 0; i < KEYS; i++) {
			for (k = 0; i < 50 && k < used && keys[k] != asked[i]; k++)
				;
			CHECK(numbers[i] == INTMAP_ABSENT ? i >= 50 || k == used : keys[numbers[i]] == asked[i],
			    "not so");
		}
		intmap_free(&m);
	}
	OK("intmap", "integer keys: numbers in turn, found again, and no others");
	return 0;
}
