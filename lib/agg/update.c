/* Updates states with records, a column at a time. */
#include <stdlib.h>
#include <string.h>

#include "agg/agg.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "val/int.h"

enum {
	FIRST_GROUPS = 256,
	PREFETCH_SIZE = 64,
	SHORT_SIDE = 15
};

/* ---- Groups ---- */

static size_t
cap_after(const struct agg *a, size_t n)
{
	size_t cap = a->cap;

	while (cap < n)
		cap = cap < FIRST_GROUPS ? FIRST_GROUPS : 2 * cap;
	return cap < UINT32_MAX ? cap : UINT32_MAX;
}

static void
grow(struct agg *a, size_t n)
{
	size_t cap = cap_after(a, n), i;

	a->states = xhuge_grow(a->states, a->n * a->size, cap * a->size);
	for (i = 0; i < a->ncarries; i++) {
		if (a->carries[i] == NULL)
			continue;
		a->carries[i] = xreallocarray(a->carries[i], cap, sizeof(int64_t));
		memset(a->carries[i] + a->cap, 0, (cap - a->cap) * sizeof(int64_t));
	}
	a->cap = (uint32_t)cap;
}

void
agg_extend(struct agg *a, uint32_t n)
{
	if (n > a->cap)
		grow(a, n);
	for (; a->n < n; a->n++)
		memcpy(a->states + (size_t)a->n * a->size, a->start, a->size);
}

void
agg_clear(struct agg *a)
{
	size_t i;

	for (i = 0; i < a->ncarries; i++) {
		free(a->carries[i]);
		a->carries[i] = NULL;
	}
	pool_free(&a->pool);
	memset(&a->pool, 0, sizeof(a->pool));
	a->n = 0;
}

static size_t
carry_bytes(const struct agg *a, size_t cap)
{
	size_t i, n = 0;

	for (i = 0; i < a->ncarries; i++)
		n += a->carries[i] != NULL ? cap * sizeof(int64_t) : 0;
	return n;
}

size_t
agg_memory(const struct agg *a)
{
	return a->cap * a->size + carry_bytes(a, a->cap) + a->pool.used;
}

size_t
agg_memory_after(const struct agg *a, size_t n)
{
	size_t cap = cap_after(a, n);

	if (cap == a->cap)
		return agg_memory(a);
	/* includes the old states, copied while they grow */
	return (cap + a->cap) * a->size + carry_bytes(a, cap) + a->pool.used;
}

/* ---- Sums and their carries ---- */

/* Adds to the carry on overflow; rare, as it takes 2^63 minor units in one group. */
static __attribute__((noinline, cold)) void
carry(struct agg *a, size_t which, uint32_t g, int by)
{
	if (a->carries[which] == NULL)
		a->carries[which] = xcalloc(a->cap, sizeof(int64_t));
	a->carries[which][g] += by;
}

static int64_t
carry_of(const struct agg *a, size_t which, uint32_t g)
{
	return a->carries[which] != NULL ? a->carries[which][g] : 0;
}

static void
set_carry(struct agg *a, size_t which, uint32_t g, int64_t value)
{
	if (a->carries[which] == NULL && value == 0)
		return;
	if (a->carries[which] == NULL)
		a->carries[which] = xcalloc(a->cap, sizeof(int64_t));
	a->carries[which][g] = value;
}

struct agg_wide
agg_add(struct agg_wide x, struct agg_wide y)
{
	bool over = __builtin_add_overflow(x.low, y.low, &x.low);

	x.carry += y.carry;
	if (over)
		x.carry += y.low > 0 ? 1 : -1;
	return x;
}

struct agg_wide
agg_subtract(struct agg_wide x, struct agg_wide y)
{
	bool over = __builtin_sub_overflow(x.low, y.low, &x.low);

	x.carry -= y.carry;
	if (over)
		x.carry += y.low < 0 ? 1 : -1;
	return x;
}

struct agg_wide
agg_sum_of(const struct agg *a, const struct agg_cell *c, uint32_t g, unsigned side)
{
	const uint8_t *at = agg_cell_at(a, c, g);
	int64_t over = carry_of(a, c->carry + side, g), low;

	if (c->kind == CELL_SUM_WIDE || c->kind == CELL_SIDES_WIDE)
		return (struct agg_wide){ agg_load_wide(at + 16 * side), over };
	memcpy(&low, at + 8 * side, sizeof(low));
	return (struct agg_wide){ (i128)over * ((i128)1 << 64) + low, 0 };
}

void
agg_set_sum(struct agg *a, const struct agg_cell *c, uint32_t g, unsigned side, struct agg_wide sum)
{
	uint8_t *at = agg_cell_at(a, c, g);
	int64_t low = (int64_t)(uint64_t)(u128)sum.low;

	if (c->kind == CELL_SUM_WIDE || c->kind == CELL_SIDES_WIDE) {
		agg_store_wide(at + 16 * side, sum.low);
		set_carry(a, c->carry + side, g, sum.carry);
		return;
	}
	memcpy(at + 8 * side, &low, sizeof(low));
	set_carry(a, c->carry + side, g, (int64_t)((sum.low - low) >> 64));
}

uint64_t
agg_count_of(const struct agg *a, const struct agg_cell *c, uint32_t g)
{
	uint32_t low;

	memcpy(&low, agg_cell_at(a, c, g), sizeof(low));
	return ((uint64_t)carry_of(a, c->carry, g) << 32) + low;
}

void
agg_set_count(struct agg *a, const struct agg_cell *c, uint32_t g, uint64_t count)
{
	memcpy(agg_cell_at(a, c, g), &(uint32_t){ (uint32_t)count }, sizeof(uint32_t));
	set_carry(a, c->carry, g, (int64_t)(count >> 32));
}

/* ---- Copies ---- */

int
agg_compare(const uint8_t *p, size_t n, const uint8_t *q, size_t k)
{
	int c = memcmp(p, q, n < k ? n : k);

	return c != 0 ? c : (n > k) - (n < k);
}

void
agg_keep(struct agg *a, uint8_t *at, const uint8_t *by, size_t nby, const uint8_t *p, size_t n)
{
	struct agg_copy *c = agg_copy_at(at);
	size_t need = nby + n, cap;

	if (c == NULL || c->cap < need) {
		cap = c == NULL || need > 2 * (size_t)c->cap ? need : 2 * (size_t)c->cap;
		c = pool_alloc(&a->pool, sizeof(*c) + cap);
		c->cap = (uint32_t)cap;
		memcpy(at, &c, sizeof(c));
	}
	c->nby = (uint32_t)nby;
	c->n = (uint32_t)n;
	memcpy(c->bytes, by, nby);
	if (n > 0)
		memcpy(c->bytes + nby, p, n);
}

/* ---- Updates of one cell by one column ---- */

#define UPDATE(name) \
	static void \
	name(struct agg *a, const struct agg_cell *c, const struct agg_source *s, const struct rec_batch *b, \
	    size_t from)
#define AT(type) ((type *)(void *)(states + (size_t)s->ids[i] * size))

UPDATE(update_count)
{
	uint8_t *states = a->states + c->at;
	size_t size = a->size, n = s->n, i;

	(void)b, (void)from;
	for (i = 0; i < n; i++) {
		if (++*AT(uint32_t) == 0)
			carry(a, c->carry, s->ids[i], 1);
	}
}

UPDATE(update_sum)
{
	uint8_t *states = a->states + c->at;
	size_t size = a->size, n = s->n, i;
	const int64_t *v = s->v;

	(void)b, (void)from;
	for (i = 0; i < n; i++) {
		int64_t *sum = AT(int64_t);

		if (__builtin_expect(__builtin_add_overflow(*sum, v[i], sum), 0))
			carry(a, c->carry, s->ids[i], v[i] > 0 ? 1 : -1);
	}
}

UPDATE(update_sides)
{
	uint8_t *states = a->states + c->at;
	size_t size = a->size, n = s->n, i;
	const int64_t *v = s->v;
	const uint8_t *side = s->side;

	(void)b, (void)from;
	for (i = 0; i < n; i++) {
		int64_t *sum = AT(int64_t) + side[i];

		if (__builtin_expect(__builtin_add_overflow(*sum, v[i], sum), 0))
			carry(a, c->carry + side[i], s->ids[i], v[i] > 0 ? 1 : -1);
	}
}

/* Adds all values to one group. Returns false on overflow; then nothing is added. */
static bool
add_wide_to_one(struct agg *a, const struct agg_cell *c, const struct agg_source *s)
{
	uint8_t *at = agg_cell_at(a, c, 0);
	i128 sum = agg_load_wide(at);
	bool over = false;
	size_t i;

	for (i = 0; i < s->n; i++)
		over |= __builtin_add_overflow(sum, s->w[i], &sum);
	if (!over)
		agg_store_wide(at, sum);
	return !over;
}

/* side is NULL for a sum without sides. */
static void
add_wide(struct agg *a, const struct agg_cell *c, const struct agg_source *s, const uint8_t *side)
{
	size_t i;

	if (a->n == 1 && side == NULL && add_wide_to_one(a, c, s))
		return;
	for (i = 0; i < s->n; i++) {
		unsigned which = side != NULL ? side[i] : 0;
		uint8_t *at = agg_cell_at(a, c, s->ids[i]) + 16 * which;
		i128 sum = agg_load_wide(at);

		if (__builtin_add_overflow(sum, s->w[i], &sum))
			carry(a, c->carry + which, s->ids[i], s->w[i] > 0 ? 1 : -1);
		agg_store_wide(at, sum);
	}
}

UPDATE(update_sum_wide)
{
	(void)b, (void)from;
	add_wide(a, c, s, NULL);
}

UPDATE(update_sides_wide)
{
	(void)b, (void)from;
	add_wide(a, c, s, s->side);
}

#define UPDATE_EXTREME(name, type, compare) \
	UPDATE(name) \
	{ \
		uint8_t *states = a->states + c->at; \
		size_t size = a->size, n = s->n, i; \
		const int64_t *v = s->v; \
\
		(void)b, (void)from; \
		for (i = 0; i < n; i++) { \
			type *x = AT(type), y = (type)v[i], z = *x; \
\
			*x = y compare z ? y : z; \
		} \
	}
UPDATE_EXTREME(update_min32, int32_t, <)
UPDATE_EXTREME(update_max32, int32_t, >)
UPDATE_EXTREME(update_min64, int64_t, <)
UPDATE_EXTREME(update_max64, int64_t, >)

UPDATE(update_min_wide)
{
	size_t i;

	(void)b, (void)from;
	for (i = 0; i < s->n; i++) {
		uint8_t *at = agg_cell_at(a, c, s->ids[i]);

		if (s->w[i] < agg_load_wide(at))
			agg_store_wide(at, s->w[i]);
	}
}

UPDATE(update_max_wide)
{
	size_t i;

	(void)b, (void)from;
	for (i = 0; i < s->n; i++) {
		uint8_t *at = agg_cell_at(a, c, s->ids[i]);

		if (s->w[i] > agg_load_wide(at))
			agg_store_wide(at, s->w[i]);
	}
}

/* Records arrive in order: of records with equal `by`, first keeps the earlier and last takes the later. */
static void
keep_first_or_last(struct agg *a, const struct agg_cell *c, const struct agg_source *s, const struct rec_batch *b,
    size_t from, bool last)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct rec r = rec_at(b, from + s->at[i]);
		struct rec_field by = rec_field(r, c->by), value = { NULL, 0 };
		uint8_t *at = agg_cell_at(a, c, s->ids[i]);
		const struct agg_copy *have = agg_copy_at(at);

		if (have != NULL) {
			int order = agg_compare(by.p, by.n, have->bytes, have->nby);

			if (last ? order < 0 : order >= 0)
				continue;
		}
		if (c->column != AGG_NONE)
			value = rec_field(r, c->column);
		agg_keep(a, at, by.p, by.n, value.p, value.n);
	}
}

UPDATE(update_first)
{
	keep_first_or_last(a, c, s, b, from, false);
}

UPDATE(update_last)
{
	keep_first_or_last(a, c, s, b, from, true);
}

agg_updater *
agg_updater_of(enum agg_kind kind)
{
	switch (kind) {
	case CELL_COUNT:
		return update_count;
	case CELL_SUM:
		return update_sum;
	case CELL_SIDES:
		return update_sides;
	case CELL_SUM_WIDE:
		return update_sum_wide;
	case CELL_SIDES_WIDE:
		return update_sides_wide;
	case CELL_MIN32:
		return update_min32;
	case CELL_MAX32:
		return update_max32;
	case CELL_MIN64:
		return update_min64;
	case CELL_MAX64:
		return update_max64;
	case CELL_MIN_WIDE:
		return update_min_wide;
	case CELL_MAX_WIDE:
		return update_max_wide;
	case CELL_FIRST:
		return update_first;
	case CELL_LAST:
		return update_last;
	}
	return NULL;
}

/* ---- A batch ---- */

/*
 * Decodes wide decimals as 64-bit values. Returns false if one does not fit, judging by the groups its head byte
 * announces.
 */
static bool
decode_short(struct agg_source *s, const uint8_t *base, const uint32_t *off, size_t stride)
{
	enum { SHORT_GROUPS = 9 };	/* 63 bits */
	int64_t v[AGG_CHUNK];
	unsigned most = 0;
	size_t i;

	if (s->nullable)
		return false;
	for (i = 0; i < s->n; i++) {
		unsigned groups = (unsigned)abs((int)base[off[i * stride]] - 0x40);

		most = groups > most ? groups : most;
	}
	if (most > SHORT_GROUPS)
		return false;
	val_ints(base, off, stride, s->n, v);
	for (i = 0; i < s->n; i++)
		s->w[i] = v[i];
	return true;
}

static void
decode(struct agg_source *s, const struct rec_batch *b, size_t from)
{
	const uint32_t *off = b->off + from * b->stride + s->column, *at = s->at;
	const uint8_t *base = b->base;
	size_t stride = b->stride, n = s->n, i;
	double d = 0;

	if (s->w != NULL) {
		if (decode_short(s, base, off, stride))
			return;
		for (i = 0; i < n; i++)
			s->w[i] = val_wide(base + off[at[i] * stride]);
	} else if (val_of(s->type)->form == VAL_AS_FLOAT) {
		for (i = 0; i < n; i++) {
			val_get_float(base + off[at[i] * stride], VAL_INT_MAX, &d);
			memcpy(&s->v[i], &d, sizeof(d));
			s->v[i] = agg_float_order(s->v[i]);
		}
	} else if (val_of(s->type)->form == VAL_AS_BIT) {
		for (i = 0; i < n; i++)
			s->v[i] = base[off[at[i] * stride]] - '0';
	} else if (!s->nullable) {
		val_ints(base, off, stride, n, s->v);
	} else {
		for (i = 0; i < n; i++)
			s->v[i] = val_int_inline(base + off[at[i] * stride]);
	}
}

/* Drops the records whose value is null. */
static void
prepare(struct agg *a, struct agg_source *s, const struct rec_batch *b, size_t from, size_t n, const uint32_t *ids)
{
	const uint32_t *off = b->off + from * b->stride + s->column;
	size_t i, k = 0;

	s->ids = ids;
	s->at = a->each;
	s->side = a->sides;
	s->n = n;
	if (s->nullable) {
		for (i = 0; i < n; i++) {
			s->own_ids[k] = ids[i];
			s->own_at[k] = (uint32_t)i;
			s->own_side[k] = a->sides[i];
			k += b->base[off[i * b->stride]] != VAL_NULL;
		}
		s->ids = s->own_ids;
		s->at = s->own_at;
		s->side = s->own_side;
		s->n = k;
	}
	if (s->decoded)
		decode(s, b, from);
}

struct word {			/* a value of up to 15 bytes, and its separator */
	uint64_t bytes[2], mask[2];
};

static struct word
make_word(const struct buf *value, char separator)
{
	uint8_t bytes[16] = { 0 }, mask[16] = { 0 };
	struct word w;

	memcpy(bytes, value->p, value->len);
	bytes[value->len] = (uint8_t)separator;
	memset(mask, 0xff, value->len + 1);
	memcpy(w.bytes, bytes, sizeof(bytes));
	memcpy(w.mask, mask, sizeof(mask));
	return w;
}

/* Branch-free: which side comes next is unpredictable. */
static inline unsigned
is_word(const struct word *w, const uint8_t *p)
{
	uint64_t x[2];

	memcpy(x, p, sizeof(x));
	x[0] = (x[0] & w->mask[0]) ^ w->bytes[0];
	x[1] = (x[1] & w->mask[1]) ^ w->bytes[1];
	return (x[0] | x[1]) == 0;
}

/* Like find_sides, for one short value per side; false if a record has neither. */
static bool
find_short_sides(struct agg *a, const struct rec_batch *b, size_t from, size_t n)
{
	char separator = a->side_column + 1 < b->stride ? '\t' : '\n';
	const struct word credit = make_word(a->side[0], separator), debit = make_word(a->side[1], separator);
	const uint32_t *off = b->off + from * b->stride + a->side_column;
	const uint8_t *base = b->base;
	size_t stride = b->stride, i;
	uint8_t *sides = a->sides;
	unsigned known = 1, d;

	for (i = 0; i < n; i++, off += stride) {
		d = is_word(&debit, base + *off);
		known &= d | is_word(&credit, base + *off);
		sides[i] = (uint8_t)d;
	}
	return known;
}

static inline bool
is_value(const struct buf *values, size_t n, struct rec_field f)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (f.n == values[i].len && memcmp(f.p, values[i].p, f.n) == 0)
			return true;
	return false;
}

/* Fills a->sides. Returns n, or the offset of the first record with neither side. */
static size_t
find_sides(struct agg *a, const struct rec_batch *b, size_t from, size_t n)
{
	size_t i;

	if (a->nside[0] + a->nside[1] == 2 && a->side[0]->len <= SHORT_SIDE && a->side[1]->len <= SHORT_SIDE &&
	    find_short_sides(a, b, from, n))
		return n;
	for (i = 0; i < n; i++) {
		struct rec_field f = rec_field(rec_at(b, from + i), a->side_column);

		a->sides[i] = is_value(a->side[1], a->nside[1], f);
		if (!a->sides[i] && !is_value(a->side[0], a->nside[0], f))
			return i;
	}
	return n;
}

/* ---- Change streams ---- */

/* Fills a->minus. Returns n, or the offset of the first record whose change type is unknown. */
static size_t
find_signs(struct agg *a, const struct rec_batch *b, size_t from, size_t n)
{
	size_t i;
	int sign;

	for (i = 0; i < n; i++) {
		sign = rec_change_sign(rec_field(rec_at(b, from + i), a->change_column));
		if (sign == 0)
			return i;
		a->minus[i] = sign < 0;
	}
	return n;
}

/* Returns the records of a source that are added, or those that are taken away; valid until the next call. */
static const struct agg_source *
half_of(struct agg *a, const struct agg_source *s, bool minus)
{
	struct agg_source *half = &a->half;
	int64_t *v = half->v;
	i128 *w = half->w;
	size_t i, k = 0;

	for (i = 0; i < s->n; i++) {
		if (a->minus[s->at[i]] != minus)
			continue;
		half->own_ids[k] = s->ids[i];
		half->own_at[k] = s->at[i];
		half->own_side[k] = s->side != NULL ? s->side[i] : 0;
		if (s->v != NULL)
			v[k] = s->v[i];
		if (s->w != NULL)
			w[k] = s->w[i];
		k++;
	}
	half->n = k;
	half->ids = half->own_ids;
	half->at = half->own_at;
	half->side = half->own_side;
	return half;
}

/* Takes records away from a count or a sum. */
static void
subtract(struct agg *a, const struct agg_cell *c, const struct agg_source *s, bool is_wide)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		uint32_t g = s->ids[i];
		unsigned side = c->kind == CELL_SIDES || c->kind == CELL_SIDES_WIDE ? s->side[i] : 0;

		if (c->kind == CELL_COUNT)
			agg_set_count(a, c, g, agg_count_of(a, c, g) - 1);
		else
			agg_set_sum(a, c, g, side, agg_subtract(agg_sum_of(a, c, g, side),
			    (struct agg_wide){ is_wide ? s->w[i] : s->v[i], 0 }));
	}
}

static void
update_signed(struct agg *a, const struct agg_cell *c, const struct agg_source *s, const struct rec_batch *b,
    size_t from)
{
	bool is_linear = c->kind != CELL_FIRST && c->kind != CELL_LAST;

	c->update(a, c, half_of(a, s, c->is_gone), b, from);
	if (is_linear)
		subtract(a, c, half_of(a, s, true), s->w != NULL);
}

size_t
agg_update(struct agg *a, const struct rec_batch *b, size_t from, size_t n, const uint32_t *ids)
{
	struct agg_source all = { .ids = ids, .at = a->each, .n = n }, *s;
	size_t i, known;

	if (a->size > PREFETCH_SIZE) {	/* the caller prefetches the first 64 bytes, when it guesses the groups */
		for (i = 0; i < n; i++)
			cpu_prefetch(a->states + (size_t)ids[i] * a->size + PREFETCH_SIZE);
	}
	if (a->change_column != AGG_NONE && (known = find_signs(a, b, from, n)) < n)
		return known;
	if (a->side_column != AGG_NONE && (known = find_sides(a, b, from, n)) < n)
		return known;
	for (i = 0; i < a->nsources; i++)
		prepare(a, &a->sources[i], b, from, n, ids);
	for (i = 0; i < a->ncells; i++) {
		const struct agg_cell *c = &a->cells[i];

		s = c->source == AGG_NONE ? &all : &a->sources[c->source];
		if (a->change_column != AGG_NONE)
			update_signed(a, c, s, b, from);
		else if (!c->is_gone)
			c->update(a, c, s, b, from);
	}
	return n;
}
