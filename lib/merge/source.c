/* The source, held in memory and indexed by key. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "merge/parts.h"
#include "val/int.h"

enum { AGAIN_SHOWN = 5, FIRST_ROWS = 1024, BLOCK = 1024 };
_Static_assert(MERGE_ABSENT == MAP_ABSENT, "one word for both");

/* ---- lifecycle ---- */

struct merge_source *
merge_source_new(const struct merge_plan *p, const struct rec_header *h)
{
	struct merge_source *s = xcalloc(1, sizeof(*s));
	struct table_target *targets = xcalloc(p->n, sizeof(*targets));
	size_t i;

	s->plan = p;
	s->header = h;
	s->columns = xcalloc(p->n, sizeof(*s->columns));
	s->key_fields = xcalloc(p->nkeys, sizeof(*s->key_fields));
	s->bounds = xcalloc(p->nkeys, sizeof(*s->bounds));
	for (i = 0; i < p->n; i++) {
		const struct delta_column *c = &p->columns[i];

		s->columns[i].shape = pq_shape(c->type, c->precision);
		s->columns[i].size = pq_shape_size(s->columns[i].shape);
		s->columns[i].there = p->fields[i] >= 0;
		/* rows to delete may have nulls in required columns, so these are checked later */
		targets[i] = (struct table_target){ .field = p->fields[i], .name = c->name, .type = c->type,
		    .precision = c->precision };
	}
	s->to = table_to_new(targets, p->n);
	for (i = 0; i < p->nkeys; i++)
		s->key_fields[i] = (size_t)p->fields[p->keys[i]];
	map_init(&s->map, p->nkeys == 1 &&
	    (s->columns[p->keys[0]].shape == PQ_I32 || s->columns[p->keys[0]].shape == PQ_I64), p->memory);
	free(targets);
	return s;
}

void
merge_source_free(struct merge_source *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->plan->n; i++) {
		free(s->columns[i].values);
		free(s->columns[i].def);
	}
	free(s->columns);
	free(s->key_fields);
	free(s->bounds);
	free(s->state);
	table_to_free(s->to);
	map_free(&s->map);
	free(s->numbers);
	merge_parts_free(s->parts);
	pool_free(&s->text);
	buf_free(&s->scratch);
	buf_free(&s->again);
	free(s);
}

/* ---- keys ---- */

/* Returns rows of an integer column as 64-bit integers: the column's own, or in `wide`, which has room for n. */
static const int64_t *
widen(const struct merge_source *s, const struct pq_vector *v, size_t from, size_t n, int64_t *wide)
{
	size_t i;

	if (s->columns[s->plan->keys[0]].shape == PQ_I64)
		return v->v.i64 + from;
	for (i = 0; i < n; i++)
		wide[i] = v->v.i32[from + i];
	return wide;
}

static bool
add_ints(struct merge_source *s, const struct pq_vector *keys, size_t rows)
{
	int64_t wide[BLOCK];
	size_t i, n;

	for (i = 0; i < rows; i += n) {
		n = rows - i < BLOCK ? rows - i : BLOCK;
		if (!map_add_ints(&s->map, widen(s, keys, i, n, wide), n, s->numbers + i))
			return false;
	}
	return true;
}

static bool
add_bytes(struct merge_source *s, const struct rec_batch *b)
{
	struct rec_field key;
	bool added;
	size_t i;

	for (i = 0; i < b->n; i++) {
		key = rec_key(rec_at(b, i), s->key_fields, s->plan->nkeys, &s->scratch);
		s->numbers[i] = map_bytes_add(&s->map.bytes, key.p, key.n, map_hash(key.p, key.n), &added);
		if (s->numbers[i] == MAP_ABSENT)
			return false;
	}
	return true;
}

static void
need_numbers(struct merge_source *s, size_t n)
{
	if (s->numbers_cap >= n)
		return;
	s->numbers_cap = n;
	s->numbers = xreallocarray(s->numbers, n, sizeof(*s->numbers));
}

/* Numbers the keys of a batch, which are not null, in s->numbers. A new key's number is that of its row. */
static int
add_keys(struct merge_source *s, const struct rec_batch *b, const struct pq_vector *vectors, struct msg *err)
{
	need_numbers(s, b->n);
	if (s->map.integers ? add_ints(s, &vectors[s->plan->keys[0]], b->n) : add_bytes(s, b))
		return 0;
	return msg_set(err, EX_SOFTWARE, "more keys than can be remembered");
}

/* A null first matches what its slot contains and is then dropped. */
static void
find_ints(const struct merge_source *s, const struct pq_vector *keys, size_t rows, uint32_t *numbers)
{
	int64_t wide[BLOCK];
	size_t i, n;

	for (i = 0; i < rows; i += n) {
		n = rows - i < BLOCK ? rows - i : BLOCK;
		map_find_ints(&s->map, widen(s, keys, i, n, wide), n, numbers + i);
	}
	for (i = 0; keys->def != NULL && i < rows; i++)
		numbers[i] |= keys->def[i] ? 0 : MERGE_ABSENT;
}

static void
put_key_text(const struct merge_source *s, const uint8_t *key, size_t n, struct buf *out)
{
	size_t i;

	for (i = 0; i < s->plan->nkeys; i++) {
		const uint8_t *end = memchr(key, '\t', n);
		size_t len = end != NULL && i + 1 < s->plan->nkeys ? (size_t)(end - key) : n;
		struct buf text = { 0 };

		val_text(s->header->columns[s->key_fields[i]].type, key, len, &text);
		buf_adds(out, i > 0 ? ", " : "");
		if (s->header->columns[s->key_fields[i]].type.kind == VAL_STRING)
			buf_adds(out, msg_quote(text.p, text.len));
		else
			buf_add(out, text.p, text.len);
		buf_free(&text);
		key += len + (i + 1 < s->plan->nkeys);
		n -= len + (i + 1 < s->plan->nkeys);
	}
}

/* Records a duplicate key, once. */
static void
note_again(struct merge_source *s, struct rec r, uint32_t number)
{
	struct rec_field key = rec_key(r, s->key_fields, s->plan->nkeys, &s->scratch);
	struct buf copy = { 0 };

	if (s->state[number] & MERGE_AGAIN)
		return;
	s->state[number] |= MERGE_AGAIN;
	if (s->nagain++ >= AGAIN_SHOWN)
		return;
	buf_add(&copy, key.p, key.n);		/* padded, as decoding reads past the end */
	(void)buf_room(&copy, VAL_PAD);
	buf_adds(&s->again, s->nagain > 1 ? "; " : "");
	put_key_text(s, copy.p, key.n, &s->again);
	buf_free(&copy);
}

void
merge_key_text(const struct merge_source *s, uint32_t number, struct buf *out)
{
	const struct merge_column *c = &s->columns[s->plan->keys[0]];
	uint8_t key[VAL_PAD * 2] = { 0 };
	const uint8_t *p = key;
	struct pq_vector values = { .v.any = c->values };
	struct buf copy = { 0 };
	int64_t wide;
	size_t n;

	if (s->map.integers)
		n = val_put_int(key, *widen(s, &values, number, 1, &wide));
	else
		p = map_bytes_key(&s->map.bytes, number, &n);
	buf_add(&copy, p, n);
	(void)buf_room(&copy, VAL_PAD);
	put_key_text(s, copy.p, n, out);
	buf_free(&copy);
}

/* ---- rows ---- */

static void
grow(struct merge_source *s, size_t more)
{
	size_t i;

	if (s->cap - s->n >= more)
		return;
	s->cap = s->cap * 3 / 2 + more + FIRST_ROWS;
	s->state = xreallocarray(s->state, s->cap, 1);
	for (i = 0; i < s->plan->n; i++) {
		struct merge_column *c = &s->columns[i];

		if (!c->there)
			continue;
		c->values = xreallocarray(c->values, s->cap, c->size);
		c->def = xreallocarray(c->def, s->cap, 1);
	}
}

/* Copies the bytes of n strings. */
static void
keep_text(struct merge_source *s, struct pq_bytes *v, const uint8_t *def, size_t n)
{
	size_t i, total = 0;
	uint8_t *p;

	for (i = 0; i < n; i++)
		total += def[i] ? v[i].n : 0;
	p = pool_alloc(&s->text, total + 1);
	for (i = 0; i < n; i++) {
		if (!def[i]) {
			v[i] = (struct pq_bytes){ p, 0 };
			continue;
		}
		memcpy(p, v[i].p, v[i].n);
		v[i].p = p;
		p += v[i].n;
	}
}

static void
keep(struct merge_source *s, const struct pq_vector *vectors, size_t from, size_t n)
{
	size_t i;

	grow(s, n);
	for (i = 0; i < s->plan->n; i++) {
		struct merge_column *c = &s->columns[i];

		if (!c->there || n == 0)
			continue;
		memcpy(c->values + s->n * c->size, (const uint8_t *)vectors[i].v.any + from * c->size, n * c->size);
		memcpy(c->def + s->n, vectors[i].def + from, n);
		if (c->shape == PQ_BYTES)
			keep_text(s, (struct pq_bytes *)(void *)c->values + s->n, c->def + s->n, n);
	}
	s->n += n;
}

static int
check_key(const struct merge_source *s, const struct rec_batch *b, size_t i, struct msg *err)
{
	size_t k;

	for (k = 0; k < s->plan->nkeys; k++)
		if (rec_is_null(rec_at(b, i), s->key_fields[k]))
			return msg_set(err, EX_DATAERR, "record %" PRIu64 ": %s: null in a key", b->first + i,
			    s->header->columns[s->key_fields[k]].name);
	if (s->plan->norder == 0 || !rec_is_null(rec_at(b, i), (size_t)s->plan->fields[s->plan->order[0]]))
		return 0;
	return msg_set(err, EX_DATAERR, "record %" PRIu64 ": %s: null in the sequence", b->first + i,
	    s->plan->columns[s->plan->order[0]].name);
}

/* Checks that a row to be written has no null in a required column. */
static int
check_nulls(const struct merge_source *s, const struct rec_batch *b, const struct pq_vector *vectors, size_t i,
    struct msg *err)
{
	size_t k;

	for (k = 0; k < s->plan->n; k++)
		if (s->columns[k].there && !s->plan->columns[k].nullable && !vectors[k].def[i])
			return msg_set(err, EX_DATAERR, "record %" PRIu64 ": %s: null, which the table does not allow",
			    b->first + i, s->plan->columns[k].name);
	return 0;
}

static bool
is_flagged(const struct merge_source *s, struct rec r)
{
	struct rec_field f;

	if (s->plan->flag < 0)
		return false;
	f = rec_field(r, (size_t)s->plan->flag);
	return f.n == s->plan->nflag_value && memcmp(f.p, s->plan->flag_value, f.n) == 0;
}

static size_t
memory(const struct merge_source *s)
{
	size_t row = 1, i;

	for (i = 0; i < s->plan->n; i++)
		row += s->columns[i].there ? s->columns[i].size + 1 : 0;
	return s->cap * row + s->text.used + map_memory(&s->map);
}

/* A part of a part has half the memory of the former, so that all levels together keep to the limit. */
static bool
is_full(const struct merge_source *s)
{
	return s->plan->memory != 0 && memory(s) > s->plan->memory >> (s->level + 1);
}

/* Takes a row in place of an older one of its key. */
static void
replace_older(struct merge_source *s, const struct rec_batch *b, const struct pq_vector *vectors, size_t row,
    uint32_t number)
{
	size_t i;

	if (merge_age(s, number, vectors, row) < 0)
		return;
	s->state[number] = is_flagged(s, rec_at(b, row)) ? MERGE_DELETE : 0;
	for (i = 0; i < s->plan->n; i++) {
		struct merge_column *c = &s->columns[i];

		if (!c->there)
			continue;
		memcpy(c->values + number * c->size, (const uint8_t *)vectors[i].v.any + row * c->size, c->size);
		c->def[number] = vectors[i].def[row];
		if (c->shape == PQ_BYTES)
			keep_text(s, (struct pq_bytes *)(void *)c->values + number, c->def + number, 1);
	}
}

/* Handles another row of a key: it is an error unless rows have an order. */
static void
add_again(struct merge_source *s, const struct rec_batch *b, const struct pq_vector *vectors, size_t row)
{
	if (s->plan->norder > 0)
		replace_older(s, b, vectors, row, s->numbers[row]);
	else
		note_again(s, rec_at(b, row), s->numbers[row]);
}

/* Keeps the rows of new keys. Skips the others, so that rows and keys have equal numbers. */
static void
keep_new(struct merge_source *s, const struct rec_batch *b, const struct pq_vector *vectors)
{
	size_t i, from = 0, next = s->n;

	grow(s, b->n);
	for (i = 0; i < b->n; i++) {
		if (s->numbers[i] == next) {
			s->state[next++] = is_flagged(s, rec_at(b, i)) ? MERGE_DELETE : 0;
			continue;
		}
		keep(s, vectors, from, i - from);
		from = i + 1;
		add_again(s, b, vectors, i);
	}
	keep(s, vectors, from, b->n - from);
}

/* Adds records to the parts, but those whose keys are in memory: these are duplicate. */
static int
add_to_parts(struct merge_source *s, const struct rec_batch *b, const struct pq_vector *vectors, struct msg *err)
{
	uint8_t drop[REC_BATCH_MAX];
	size_t i;

	need_numbers(s, b->n);
	if (s->map.integers)
		find_ints(s, &vectors[s->plan->keys[0]], b->n, s->numbers);
	for (i = 0; i < b->n; i++) {
		if (!s->map.integers) {
			struct rec_field key = rec_key(rec_at(b, i), s->key_fields, s->plan->nkeys, &s->scratch);

			s->numbers[i] = map_bytes_find(&s->map.bytes, key.p, key.n, map_hash(key.p, key.n));
		}
		drop[i] = s->numbers[i] != MAP_ABSENT;
		if (drop[i])
			add_again(s, b, vectors, i);
	}
	return merge_parts_add(s->parts, b, drop, err);
}

int
merge_source_add(struct merge_source *s, const struct rec_batch *b, struct msg *err)
{
	const struct pq_vector *vectors;
	size_t i, bad;

	if (table_to_columns(s->to, b, &vectors, &bad, err) < 0)
		return -1;
	for (i = 0; i < b->n; i++)
		if (check_key(s, b, i, err) < 0 ||
		    (!is_flagged(s, rec_at(b, i)) && check_nulls(s, b, vectors, i, err) < 0))
			return -1;
	s->total += b->n;
	if (s->parts != NULL)
		return add_to_parts(s, b, vectors, err);
	if (add_keys(s, b, vectors, err) < 0)
		return -1;
	keep_new(s, b, vectors);
	if (is_full(s))
		s->parts = merge_parts_new(s);
	return 0;
}

/* ---- the range of the keys ---- */

#define RANGE(type, member) do {							\
	const type *v = (const type *)(const void *)c->values;				\
	b->low.member = b->high.member = v[0];						\
	for (i = 1; i < s->n; i++) {							\
		b->low.member = v[i] < b->low.member ? v[i] : b->low.member;		\
		b->high.member = v[i] > b->high.member ? v[i] : b->high.member;		\
	}										\
	b->has_low = b->has_high = true;						\
} while (0)

static void
string_range(const struct merge_source *s, const struct merge_column *c, struct delta_bound *b)
{
	const struct pq_bytes *v = (const struct pq_bytes *)(const void *)c->values;
	size_t i;

	b->low.b = b->high.b = v[0];
	for (i = 1; i < s->n; i++) {
		if (pq_compare_bytes(v[i], b->low.b) < 0)
			b->low.b = v[i];
		else if (pq_compare_bytes(v[i], b->high.b) > 0)
			b->high.b = v[i];
	}
	b->has_low = b->has_high = true;
}

static void
find_range(const struct merge_source *s, size_t column, struct delta_bound *b)
{
	const struct merge_column *c = &s->columns[column];
	size_t i;

	*b = (struct delta_bound){ .column = column, .no_null = true };
	switch (c->shape) {
	case PQ_I32:
		RANGE(int32_t, i);
		break;
	case PQ_I64:
		RANGE(int64_t, i);
		break;
	case PQ_I128:
		RANGE(i128, w);
		break;
	case PQ_BYTES:
		string_range(s, c, b);
		break;
	case PQ_U8: case PQ_F32: case PQ_F64:
		break;
	}
}

int
merge_source_end(struct merge_source *s, struct msg *err)
{
	size_t i;

	if (s->nagain > AGAIN_SHOWN)
		buf_addf(&s->again, "; and %" PRIu64 " more", s->nagain - AGAIN_SHOWN);
	if (s->nagain > 0)
		return msg_set(err, EX_DATAERR, "more than one record for a key: %s", buf_cstr(&s->again));
	for (i = 0; s->n > 0 && i < s->plan->nkeys; i++)
		find_range(s, s->plan->keys[i], &s->bounds[i]);
	return s->parts != NULL ? merge_parts_end(s->parts, err) : 0;
}

/* ---- used by the passes ---- */

static void
find_records(const struct merge_source *s, const struct rec_batch *b, uint32_t *numbers)
{
	uint64_t hash[TABLE_CHUNK];
	const uint8_t *p;
	size_t i, n;

#define KEY(i) (p = b->base + b->off[(i) * b->stride],					\
    n = (size_t)(b->off[((i) + 1) * b->stride] - b->off[(i) * b->stride]) - 1)
	for (i = 0; i < b->n; i++) {
		KEY(i);
		hash[i] = map_hash(p, n);
		map_bytes_prefetch(&s->map.bytes, hash[i]);
	}
	for (i = 0; i < b->n; i++) {
		KEY(i);
		map_bytes_prefetch_key(&s->map.bytes, hash[i], n);
	}
	for (i = 0; i < b->n; i++) {
		KEY(i);
		numbers[i] = map_bytes_find(&s->map.bytes, p, n, hash[i]);
	}
#undef KEY
}

int
merge_find(const struct merge_source *s, const struct pq_vector *keys, size_t rows, struct table_from *from,
    uint32_t *numbers, struct msg *err)
{
	struct rec_batch b;
	size_t row, next;

	if (s->n == 0) {
		memset(numbers, 0xff, rows * sizeof(*numbers));
		return 0;
	}
	if (s->map.integers) {
		find_ints(s, keys, rows, numbers);
		return 0;
	}
	for (row = 0; row < rows; row = next) {
		if ((next = table_to_records(from, keys, row, rows, NULL, &b, err)) == 0)
			return -1;
		find_records(s, &b, numbers + row);
	}
	return 0;
}

bool
merge_equal(const struct merge_column *c, uint32_t number, const struct pq_vector *v, size_t row)
{
	const uint8_t *ours = c->values + number * c->size, *theirs = (const uint8_t *)v->v.any + row * c->size;
	bool there = v->def == NULL || v->def[row];
	struct pq_bytes a, b;
	double x, y;

	if (!there || !c->def[number])
		return there == (c->def[number] != 0);
	if (c->shape == PQ_BYTES) {
		memcpy(&a, ours, sizeof(a));
		memcpy(&b, theirs, sizeof(b));
		return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
	}
	if (memcmp(ours, theirs, c->size) == 0)
		return true;
	if (c->shape != PQ_F64)
		return false;
	memcpy(&x, ours, sizeof(x));
	memcpy(&y, theirs, sizeof(y));
	return isnan(x) && isnan(y);
}
