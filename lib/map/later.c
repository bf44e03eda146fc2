#include <stdlib.h>
#include <string.h>

#include "map/later.h"

enum {
	BITS = 5, PARTS = 1 << BITS, MAX_DEPTH = 12,
	LEAST_SET = 256 * 1024		/* bytes: with less, splitting would not terminate */
};

struct head {			/* of a key in a file, followed by its bytes */
	uint64_t print;
	uint32_t n;
	uint32_t known;
};

struct scratch {		/* buffer for one key read back */
	struct head head;
	uint8_t *key;
	size_t cap;
};

void
map_later_init(struct map_later *l, bool integers, size_t limit)
{
	l->integers = integers;
	l->written = 0;
	l->limit = limit > LEAST_SET ? limit : LEAST_SET;
	l->too_large = UINT64_MAX;
	spill_parts_init(&l->parts, BITS, hash_level(0));
}

void
map_later_free(struct map_later *l)
{
	spill_parts_close(&l->parts);
}

static struct spill *
part_of(struct spill_parts *p, const void *key, size_t n)
{
	return &p->file[spill_part(key, n, p->seed, BITS)];
}

static int
put_key(struct map_later *l, struct spill *to, const void *key, const struct head *head, struct msg *err)
{
	l->written++;
	return spill_write(to, head, sizeof(*head), err) < 0 || spill_write(to, key, head->n, err) < 0 ? -1 : 0;
}

int
map_later_add(struct map_later *l, const void *key, size_t n, uint64_t print, bool known, struct msg *err)
{
	struct head head = { print, (uint32_t)n, known };

	return put_key(l, part_of(&l->parts, key, n), key, &head, err);
}

/* Reads the next key of a file. Returns 1, 0 at the end, or -1. */
static int
get_key(struct spill *from, struct scratch *k, struct msg *err)
{
	int got = spill_read(from, &k->head, sizeof(k->head), err);

	if (got != 1)
		return got;
	if (k->head.n > k->cap) {
		k->cap = 2 * (size_t)k->head.n;
		k->key = xreallocarray(k->key, k->cap, 1);
	}
	if (k->head.n > 0 && (got = spill_read(from, k->key, k->head.n, err)) != 1)
		return got == 0 ? msg_set(err, EX_IOERR, "temporary file: truncated") : -1;
	return 1;
}

static enum map_answer
ask(struct map_set *set, const struct scratch *k)
{
	int64_t v;

	if (!set->integers)
		return map_set_add(set, k->key, k->head.n, map_hash(k->key, k->head.n), k->head.print);
	memcpy(&v, k->key, sizeof(v));
	return map_set_add_int(set, v, k->head.print);
}

/* Answers the keys of a file with one set. Returns 1, 0 if the set is too small, or -1. */
static int
answer_all(struct spill *keys, struct spill *answers, struct map_set *set, struct scratch *k, struct msg *err)
{
	enum map_answer answer;
	uint8_t byte;
	int got;

	if (spill_rewind(keys, err) < 0)
		return -1;
	while ((got = get_key(keys, k, err)) == 1) {
		if ((answer = ask(set, k)) == MAP_FULL)
			return 0;
		byte = (uint8_t)answer;
		if (!k->head.known && spill_write(answers, &byte, 1, err) < 0)
			return -1;
	}
	return got == 0 ? 1 : -1;
}

static int resolve(struct map_later *l, struct spill *file, unsigned depth, struct scratch *k, struct msg *err);

/* Merges the answers of the parts, in the order of the file that was split. */
static int
join_answers(struct spill *keys, struct spill_parts *parts, struct spill *answers, struct scratch *k, struct msg *err)
{
	uint8_t byte;
	int got;

	if (spill_rewind(keys, err) < 0)
		return -1;
	while ((got = get_key(keys, k, err)) == 1) {
		if (k->head.known)
			continue;
		if (spill_read(part_of(parts, k->key, k->head.n), &byte, 1, err) != 1)
			return msg_set(err, EX_SOFTWARE, "missing answers for keys on disk");
		if (spill_write(answers, &byte, 1, err) < 0)
			return -1;
	}
	return got;
}

static int
split(struct map_later *l, struct spill *keys, struct spill *answers, unsigned depth, struct scratch *k,
    struct msg *err)
{
	struct spill_parts parts;
	size_t i;
	int got;

	spill_parts_init(&parts, BITS, hash_level(depth));
	got = spill_rewind(keys, err);
	while (got != -1 && (got = get_key(keys, k, err)) == 1)
		if (put_key(l, part_of(&parts, k->key, k->head.n), k->key, &k->head, err) < 0)
			got = -1;
	for (i = 0; i < PARTS && got == 0; i++)
		got = resolve(l, &parts.file[i], depth, k, err);
	if (got == 0)
		got = join_answers(keys, &parts, answers, k, err);
	spill_parts_close(&parts);
	return got;
}

/*
 * Answers the keys of a file with a set of its own, unless a file of the first 32 that is no larger had too many keys
 * for one: the others are about as large. Not below them, where a large file may be one key many times. Returns like
 * answer_all.
 */
static int
answer_alone(struct map_later *l, struct spill *file, struct spill *answers, unsigned depth, struct scratch *k,
    struct msg *err)
{
	bool last = depth == MAX_DEPTH - 1;
	struct map_set set;
	int status;

	if (depth == 0 && file->size >= l->too_large)
		return 0;
	map_set_init(&set, l->integers, last ? 0 : l->limit);
	status = answer_all(file, answers, &set, k, err);
	map_set_free(&set);
	if (status == 0 && depth == 0)
		l->too_large = file->size;
	return status;
}

/* Replaces a file of keys by its answers, rewound for reading. */
static int
resolve(struct map_later *l, struct spill *file, unsigned depth, struct scratch *k, struct msg *err)
{
	struct spill answers;
	int status;

	spill_init(&answers);
	if ((status = answer_alone(l, file, &answers, depth, k, err)) == 0) {
		spill_close(&answers);
		status = split(l, file, &answers, depth + 1, k, err);
	}
	spill_close(file);
	*file = answers;
	return status < 0 ? -1 : spill_rewind(file, err);
}

int
map_later_resolve(struct map_later *l, struct msg *err)
{
	struct scratch k = { .key = NULL };
	size_t i;
	int status = 0;

	for (i = 0; i < PARTS && status == 0; i++)
		status = resolve(l, &l->parts.file[i], 0, &k, err);
	free(k.key);
	return status;
}

int
map_later_next(struct map_later *l, const void *key, size_t n, struct msg *err)
{
	uint8_t byte;
	int got = spill_read(part_of(&l->parts, key, n), &byte, 1, err);

	if (got == 0)
		return msg_set(err, EX_SOFTWARE, "missing answers for keys on disk");
	return got < 0 ? -1 : byte;
}
