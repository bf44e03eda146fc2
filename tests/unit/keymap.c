/* The map of keys against a plain list of them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "key/keymap.h"

#define CHECK(cond) \
	do { \
		if (!(cond)) { \
			printf("%s:%d: %s (ACCT_SEED=%" PRIu64 ")\n", __FILE__, __LINE__, #cond, seed); \
			exit(1); \
		} \
	} while (0)

static uint64_t seed = 20240131, state;

static uint64_t
rnd(void)
{
	state += UINT64_C(0x9e3779b97f4a7c15);
	return hash_mix(state);
}

struct key {
	size_t n;
	uint8_t bytes[64];
};

static int
order(const void *a, const void *b)
{
	const struct key *p = a, *q = b;
	size_t n = p->n < q->n ? p->n : q->n;
	int c = n ? memcmp(p->bytes, q->bytes, n) : 0;

	return c != 0 ? c : (p->n > q->n) - (p->n < q->n);
}

/* Few letters and lengths around the inline limit, so that keys repeat, begin each other and share long beginnings. */
static void
make_key(struct key *k)
{
	size_t i, same = rnd() % 3 == 0 ? rnd() % 40 : 0;

	k->n = same + rnd() % 17;
	for (i = 0; i < k->n; i++)
		k->bytes[i] = i < same ? 'x' : (uint8_t)("\x09\x41\xff"[rnd() % 3]);
}

/* Against a sorted list. */
static void
test_model(size_t n)
{
	struct keymap m;
	struct key *in = xcalloc(n, sizeof(*in)), *u = xcalloc(n, sizeof(*u));
	uint32_t *ord, id, next = 0;
	size_t i, nu = 0, len;
	bool added;

	keymap_init(&m);
	CHECK(keymap_order(&m) == NULL);
	for (i = 0; i < n; i++) {
		uint64_t h;

		make_key(&in[i]);
		h = keymap_hash(in[i].bytes, in[i].n);
		id = keymap_find(&m, in[i].bytes, in[i].n, h);
		CHECK(keymap_memory(&m) <= keymap_memory_after(&m, 1));
		CHECK(keymap_add(&m, in[i].bytes, in[i].n, h, &added) == (added ? next : id));
		CHECK(added == (id == KEYMAP_ABSENT));
		next += added;
		CHECK(m.n == next);
	}
	for (i = 0; i < n; i++) {
		keymap_prefetch(&m, keymap_hash(in[i].bytes, in[i].n));
		keymap_prefetch_entry(&m, keymap_hash(in[i].bytes, in[i].n));
		id = keymap_find(&m, in[i].bytes, in[i].n, keymap_hash(in[i].bytes, in[i].n));
		CHECK(id < m.n);
		CHECK(memcmp(keymap_key(&m, id, &len), in[i].bytes, in[i].n) == 0 && len == in[i].n);
	}
	qsort(in, n, sizeof(*in), order);
	for (i = 0; i < n; i++) {
		if (i == 0 || order(&in[i], &in[i - 1]) != 0)
			u[nu++] = in[i];
	}
	CHECK(nu == m.n);
	ord = keymap_order(&m);
	for (i = 0; i < nu; i++) {
		const uint8_t *p = keymap_slot_key(&m.slots[ord[i]], &len);

		CHECK(len == u[i].n && memcmp(p, u[i].bytes, len) == 0);
	}
	keymap_clear(&m);
	CHECK(m.n == 0 && keymap_find(&m, in[0].bytes, in[0].n, keymap_hash(in[0].bytes, in[0].n)) == KEYMAP_ABSENT);
	CHECK(keymap_add(&m, (const uint8_t *)"again, from the start", 21, 5, &added) == 0 && added);
	free(ord);
	free(in);
	free(u);
	keymap_free(&m);
}

/* Long keys all said to have one hash, or one of a few that start in the same line. */
static void
test_collisions(void)
{
	struct keymap m;
	char k[40];
	size_t i, len;
	bool added;

	keymap_init(&m);
	for (i = 0; i < 3000; i++) {
		int n = snprintf(k, sizeof(k), "a key of some length %zu", i % 1500);

		CHECK(keymap_add(&m, (uint8_t *)k, (size_t)n, i % 1500 % 3, &added) == i % 1500 && added == (i < 1500));
		CHECK(memcmp(keymap_key(&m, (uint32_t)(i % 1500), &len), k, (size_t)n) == 0 && len == (size_t)n);
	}
	keymap_free(&m);
}

/* Packing reads no byte beyond the key (the sanitizers see to it) and tells all keys apart. */
static void
test_pack(void)
{
	size_t n, i;

	for (n = 0; n <= KEYMAP_INLINE; n++) {
		uint8_t *p = xmalloc(n ? n : 1);
		struct keymap_slot e;

		for (i = 0; i < n; i++)
			p[i] = (uint8_t)(rnd() | 1);
		e = keymap_pack(p, n);
		CHECK(memcmp(&e, p, n) == 0);
		for (i = n; i < KEYMAP_INLINE; i++)
			CHECK(((uint8_t *)&e)[i] == 0);
		free(p);
	}
}

/* Encoded integers in a row or far apart: searches stay short. */
static void
test_spread(uint64_t stride, size_t n)
{
	struct keymap m;
	uint64_t i, steps = 0, longest = 0;

	keymap_init(&m);
	for (i = 0; i < n; i++) {
		uint64_t u = i * stride, h;
		size_t g = 1, at, j;
		uint8_t k[11];
		bool added;

		while (g < 10 && u >> (7 * g) != 0)
			g++;
		k[0] = (uint8_t)(0x40 + g);
		for (j = 0; j < g; j++)
			k[1 + j] = (uint8_t)(0x80 | u >> (7 * (g - 1 - j)));
		h = keymap_hash(k, g + 1);
		CHECK(keymap_add(&m, k, g + 1, h, &added) == i && added);
		if (i + 1 == n || i % 64 == 0) {
			at = (m.places[i] - keymap_home(&m, h)) & (m.nslots - 1);
			steps += at;
			longest = at > longest ? at : longest;
		}
	}
	CHECK(steps <= n / 64 * 5);
	CHECK(longest < 300);

	keymap_free(&m);
}

/* Every key begins the next: neither the stack nor the time for ordering may run out. */
static void
test_stairs(void)
{
	enum { N = 6000 };
	struct keymap m;
	uint8_t *k = xmalloc(N);
	uint32_t *ord;
	size_t i;
	bool added;

	memset(k, 'a', N);
	keymap_init(&m);
	for (i = N; i > 0; i--)
		keymap_add(&m, k, i, keymap_hash(k, i), &added);
	ord = keymap_order(&m);
	for (i = 0; i < N; i++)
		CHECK(m.slots[ord[i]].number == N - i);
	CHECK(keymap_memory(&m) > (size_t)N * N / 2);
	free(ord);
	free(k);
	keymap_free(&m);
}

int
main(void)
{
	const char *s = getenv("ACCT_SEED");
	uint64_t strides[] = { 1, 2, 7, 100, 128, 4096, 1000000, UINT64_C(1) << 32, UINT64_C(1) << 40 };
	size_t i;

	if (s != NULL)
		seed = strtoull(s, NULL, 10);
	state = seed;
	test_pack();
	puts("ok keymap: short keys are packed without reading beyond them");
	for (i = 0; i < 20; i++)
		test_model((size_t)(1 + rnd() % (i < 19 ? 3000 : 100000)));
	puts("ok keymap: numbers, keys and order as in a sorted list");
	test_collisions();
	puts("ok keymap: keys whose hashes collide are kept apart");
	for (i = 0; i < sizeof(strides) / sizeof(*strides); i++)
		test_spread(strides[i], 100000);
	puts("ok keymap: encoded integers are spread");
	test_stairs();
	puts("ok keymap: keys that begin each other");
	return 0;
}
