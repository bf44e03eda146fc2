#include <stdlib.h>

#include "base/near.h"
#include "clean/owners.h"

struct owners_reference {
	const char *table;		/* views of the schema's words */
	const char **others;		/* owned: names of its columns, pair by pair */
	size_t *columns;		/* owned: indexes of the columns that refer to it */
	size_t n;
	bool read;
	struct map_bytes known;		/* values of the owners */
};

struct clean_owners {
	const struct schema *schema;
	struct owners_reference *references;
	size_t n;
	size_t limit;
	struct buf key;
};

/* ---- the references ---- */

static struct owners_reference *
begin(struct clean_owners *o, const char *table)
{
	struct owners_reference *r;

	o->references = xreallocarray(o->references, o->n + 1, sizeof(*o->references));
	r = &o->references[o->n++];
	*r = (struct owners_reference){ .table = table };
	map_bytes_init(&r->known);
	return r;
}

static void
add_pair(struct owners_reference *r, size_t column, const char *other)
{
	r->columns = xreallocarray(r->columns, r->n + 1, sizeof(*r->columns));
	r->others = xreallocarray(r->others, r->n + 1, sizeof(*r->others));
	r->columns[r->n] = column;
	r->others[r->n++] = other;
}

/* The schema has been checked: the column is there. */
static size_t
column_of(const struct schema *s, const char *name)
{
	size_t i = 0;

	while (strcmp(s->columns[i].name, name) != 0)
		i++;
	return i;
}

struct clean_owners *
clean_owners_new(const struct schema *s, size_t limit)
{
	struct clean_owners *o = xcalloc(1, sizeof(*o));
	const struct schema_reference *f;
	struct owners_reference *r;
	size_t i, k;

	o->schema = s;
	o->limit = limit;
	for (i = 0; i < s->ncolumns; i++)
		if (s->columns[i].references_table != NULL && s->columns[i].orphans == SCHEMA_ORPHANS_REJECT)
			add_pair(begin(o, s->columns[i].references_table), i, s->columns[i].references_column);
	for (i = 0; i < s->nreferences; i++) {
		f = &s->references[i];
		if (f->orphans != SCHEMA_ORPHANS_REJECT)
			continue;
		r = begin(o, f->table);
		for (k = 0; k < f->n; k++)
			add_pair(r, column_of(s, f->columns[k].own), f->columns[k].other);
	}
	return o;
}

void
clean_owners_free(struct clean_owners *o)
{
	size_t i;

	for (i = 0; o != NULL && i < o->n; i++) {
		map_bytes_free(&o->references[i].known);
		free(o->references[i].columns);
		free(o->references[i].others);
	}
	if (o != NULL) {
		free(o->references);
		buf_free(&o->key);
	}
	free(o);
}

const size_t *
clean_owners_columns(const struct clean_owners *o, size_t which, size_t *n)
{
	*n = o->references[which].n;
	return o->references[which].columns;
}

/* ---- the owners ---- */

/* Finds the columns of a stream of owners. */
static int
find_columns(const struct clean_owners *o, const struct owners_reference *r, const struct rec_reader *in,
    size_t *columns, struct msg *err)
{
	struct near near;
	size_t i;
	int found;

	for (i = 0; i < r->n; i++) {
		found = rec_header_find(&in->header, r->others[i]);
		near = rec_near(&in->header, r->others[i]);
		if (found < 0)
			return msg_set(err, EX_DATAERR, "%s: no column %s%s", in->name, msg_quotes(r->others[i]),
			    near_hint(&near));
		if (!val_type_comparable(in->header.columns[found].type, o->schema->columns[r->columns[i]].type))
			return msg_set(err, EX_DATAERR, "%s: column %s: another type than that of %s", in->name,
			    msg_quotes(r->others[i]), msg_quotes(o->schema->columns[r->columns[i]].name));
		columns[i] = (size_t)found;
	}
	return 0;
}

/* Do the values of all owners and one more of n bytes fit the limit? */
static bool
fits(const struct clean_owners *o, const struct owners_reference *r, size_t n)
{
	size_t i, memory = map_bytes_memory_after(&r->known, 1, n);

	for (i = 0; i < o->n; i++)
		if (&o->references[i] != r)
			memory += map_bytes_memory(&o->references[i].known);
	return memory <= o->limit;
}

static int
add_owner(struct clean_owners *o, struct owners_reference *r, const size_t *columns, struct rec one, struct msg *err)
{
	struct rec_field key;
	bool added;

	if (rec_key_has_null(one, columns, r->n))
		return 0;
	key = rec_key(one, columns, r->n, &o->key);
	if ((map_bytes_may_grow(&r->known, key.n) && !fits(o, r, key.n)) ||
	    map_bytes_add(&r->known, key.p, key.n, map_hash(key.p, key.n), &added) == MAP_ABSENT)
		return msg_set(err, EX_OSERR, "%s: the values of %s that rows refer to need more than --memory",
		    o->schema->name, msg_quotes(r->table));
	return 0;
}

int
clean_owners_read(struct clean_owners *o, const char *table, struct rec_reader *in, struct msg *err)
{
	size_t *columns[REC_MAX_COLUMNS], i, k, found = 0;
	struct rec_batch b;
	int got = 0, status = 0;

	for (i = 0; i < o->n && status == 0; i++) {
		struct owners_reference *r = &o->references[i];

		if (strcmp(r->table, table) != 0 || r->read)
			continue;
		r->read = true;
		columns[found] = xcalloc(r->n, sizeof(*columns[found]));
		status = find_columns(o, r, in, columns[found++], err);
	}
	if (found == 0)
		return msg_set(err, EX_USAGE, "--owners: %s: no reference to it that rejects orphans is left",
		    msg_quotes(table));
	while (status == 0 && (got = rec_next(in, &b)) > 0)
		for (i = 0, k = 0; i < o->n && status == 0; i++) {
			struct owners_reference *r = &o->references[i];
			size_t row;

			if (strcmp(r->table, table) != 0)
				continue;
			for (row = 0; row < b.n && status == 0; row++)
				status = add_owner(o, r, columns[k], rec_at(&b, row), err);
			k++;
		}
	while (found > 0)
		free(columns[--found]);
	return got < 0 ? msg_set(err, in->err.status, "%s", in->err.text) : status;
}

/* ---- rows ---- */

/* Joins the values of a row by tabs, as rec_key does. Returns false if one is null. */
static bool
make_key(struct clean_owners *o, const struct owners_reference *r, const uint8_t *row, size_t n)
{
	struct rec_field f;
	size_t i;

	o->key.len = 0;
	for (i = 0; i < r->n; i++) {
		f = cleaner_field(row, n, r->columns[i]);
		if (val_is_null(f.p, f.n))
			return false;
		if (i > 0)
			buf_addc(&o->key, '\t');
		buf_add(&o->key, f.p, f.n);
	}
	memset(buf_room(&o->key, VAL_PAD), 0, VAL_PAD);
	return true;
}

bool
clean_owners_lack(struct clean_owners *o, const uint8_t *row, size_t n, size_t *which)
{
	const struct owners_reference *r;

	for (*which = 0; o != NULL && *which < o->n; ++*which) {
		r = &o->references[*which];
		if (r->read && make_key(o, r, row, n) && map_bytes_find(&r->known, o->key.p, o->key.len,
		    map_hash(o->key.p, o->key.len)) == MAP_ABSENT)
			return true;
	}
	*which = 0;
	return false;
}
