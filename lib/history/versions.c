/* Splits, ends and opens the intervals of a key. */
#include "history/versions.h"

#include <stdlib.h>
#include <string.h>

void
history_free(struct history_versions *v)
{
	free(v->list);
	pool_free(&v->pool);
	*v = (struct history_versions){ 0 };
}

void
history_clear(struct history_versions *v)
{
	v->n = 0;
	pool_free(&v->pool);
	v->pool = (struct pool){ 0 };
}

/* Compares like memcmp; a proper prefix is below. */
static int
compare(struct rec_field a, struct rec_field b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static bool
is_same(struct rec_field a, struct rec_field b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static struct rec_field
copy(struct history_versions *v, struct rec_field f)
{
	return f.n == 0 ? (struct rec_field){ NULL, 0 } :
	    (struct rec_field){ pool_copy(&v->pool, f.p, f.n), f.n };
}

static struct history_version *
add(struct history_versions *v, struct rec_field from, struct rec_field to, struct rec_field row)
{
	if (v->n == v->cap) {
		v->cap = v->cap == 0 ? 8 : 2 * v->cap;
		v->list = xreallocarray(v->list, v->cap, sizeof(*v->list));
	}
	v->list[v->n] = (struct history_version){ .from = from, .to = to, .row = row };
	return &v->list[v->n++];
}

void
history_add_known(struct history_versions *v, struct rec_field from, struct rec_field to, struct rec_field row,
    struct rec_field run)
{
	struct history_version *one = add(v, copy(v, from), copy(v, to), copy(v, row));

	one->run = copy(v, run);
	one->known = true;
}

/* The version that holds at a time, or NULL. */
static struct history_version *
find(const struct history_versions *v, struct rec_field at)
{
	for (size_t i = 0; i < v->n; i++) {
		struct history_version *one = &v->list[i];

		if (!one->dropped && compare(one->from, at) <= 0 && (one->to.n == 0 || compare(at, one->to) < 0))
			return one;
	}
	return NULL;
}

/* Where the first version after a time begins; empty after the last version. */
static struct rec_field
next_after(const struct history_versions *v, struct rec_field at)
{
	struct rec_field next = { NULL, 0 };

	for (size_t i = 0; i < v->n; i++)
		if (!v->list[i].dropped && compare(v->list[i].from, at) > 0 &&
		    (next.n == 0 || compare(v->list[i].from, next) < 0))
			next = v->list[i].from;
	return next;
}

/* Ends a version at a time, and returns what it was. */
static struct history_version
cut(struct history_versions *v, struct history_version *one, struct rec_field at)
{
	struct history_version was = *one;

	one->dropped = true;
	if (compare(was.from, at) < 0)
		add(v, was.from, at, was.row);
	return was;
}

void
history_put(struct history_versions *v, struct rec_field at, struct rec_field row)
{
	struct history_version *one = find(v, at);
	struct rec_field to;

	if (one != NULL && is_same(one->row, row))
		return;
	at = copy(v, at);
	to = one != NULL ? cut(v, one, at).to : next_after(v, at);
	add(v, at, to, copy(v, row));
}

void
history_delete(struct history_versions *v, struct rec_field at)
{
	struct history_version *one = find(v, at);

	if (one != NULL)
		cut(v, one, copy(v, at));
}

/* The known version that was dropped and is the same as a new one, or NULL. */
static struct history_version *
find_dropped(const struct history_versions *v, const struct history_version *as)
{
	for (size_t i = 0; i < v->n; i++) {
		struct history_version *one = &v->list[i];

		if (one->known && one->dropped && is_same(one->from, as->from) && is_same(one->to, as->to) &&
		    is_same(one->row, as->row))
			return one;
	}
	return NULL;
}

void
history_settle(struct history_versions *v)
{
	size_t k = 0;

	for (size_t i = 0; i < v->n; i++) {
		struct history_version *one = &v->list[i], *same;

		if (one->known || one->dropped)
			continue;
		if ((same = find_dropped(v, one)) != NULL) {
			same->dropped = false;
			one->dropped = true;
		}
	}
	for (size_t i = 0; i < v->n; i++)
		if (v->list[i].known || !v->list[i].dropped)
			v->list[k++] = v->list[i];
	v->n = k;
}
