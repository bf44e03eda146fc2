#include "map/set.h"

#include <stdlib.h>

#include "base/mem.h"

enum { FIRST_PRINTS = 256 };

void
map_set_init(struct map_set *s, bool integers, size_t limit)
{
	memset(s, 0, sizeof(*s));
	s->integers = integers;
	s->limit = limit;
	if (integers)
		map_ints_init(&s->ints, limit);
	else
		map_bytes_init(&s->bytes);
}

void
map_set_free(struct map_set *s)
{
	map_ints_free(&s->ints);
	map_bytes_free(&s->bytes);
	free(s->prints);
	memset(s, 0, sizeof(*s));
}

/* Is there memory for one more key, including any growth it causes? */
static bool
fits(const struct map_set *s, size_t n)
{
	size_t after = map_bytes_memory_after(&s->bytes, 1, n) + s->cap * sizeof(*s->prints);

	if (s->bytes.n == s->cap)
		after += 2 * s->cap * sizeof(*s->prints) + FIRST_PRINTS * sizeof(*s->prints);
	return after <= s->limit;
}

static void
keep_print(struct map_set *s, uint32_t id, uint64_t print)
{
	size_t cap = s->cap == 0 ? FIRST_PRINTS : 2 * s->cap;

	if (id == s->cap) {
		s->prints = xhuge_grow(s->prints, id * sizeof(*s->prints), cap * sizeof(*s->prints));
		s->cap = cap;
	}
	s->prints[id] = print;
}

enum map_answer
map_set_add(struct map_set *s, const uint8_t *key, size_t n, uint64_t hash, uint64_t print)
{
	bool added = false;
	uint32_t id;

	if (s->limit != 0 && (s->bytes.n == s->cap || map_bytes_may_grow(&s->bytes, n)) && !fits(s, n))
		id = map_bytes_find(&s->bytes, key, n, hash);
	else
		id = map_bytes_add(&s->bytes, key, n, hash, &added);
	if (id == MAP_ABSENT)
		return MAP_FULL;
	if (!added)
		return s->prints[id] == print ? MAP_SAME : MAP_OTHER;
	keep_print(s, id, print);
	return MAP_NEW;
}

struct visitor {
	map_set_visit *visit;
	void *to;
};

static int
visit_int(void *to, int64_t key, uint32_t print)
{
	const struct visitor *v = to;

	return v->visit(v->to, &key, sizeof(key), print);
}

int
map_set_each(const struct map_set *s, map_set_visit *visit, void *to)
{
	struct visitor v = { visit, to };
	const uint8_t *key;
	uint32_t i;
	size_t n;
	int status;

	if (s->integers)
		return map_ints_each(&s->ints, visit_int, &v);
	for (i = 0; i < s->bytes.n; i++) {
		key = map_bytes_key(&s->bytes, i, &n);
		if ((status = visit(to, key, n, s->prints[i])) != 0)
			return status;
	}
	return 0;
}
