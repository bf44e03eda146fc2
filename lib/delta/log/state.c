#include "delta/log/state.h"

#include <stdlib.h>
#include <string.h>

#include "delta/log/uri.h"
#include "val/val.h"

struct delta_entry {			/* the newest action on a key */
	bool alive;
	uint64_t serial;
	const char *name;
	struct delta_raw_file file;
};

void
delta_state_init(struct delta_state *st, struct delta_snapshot *s, const char *root)
{
	memset(st, 0, sizeof(*st));
	st->s = s;
	st->root = root;
	map_bytes_init(&st->keys);
}

void
delta_state_free(struct delta_state *st)
{
	map_bytes_free(&st->keys);
	free(st->entries);
	buf_free(&st->scratch);
}

void
delta_state_protocol(struct delta_state *st, const struct delta_protocol *p)
{
	st->s->protocol = *p;
	st->has_protocol = true;
}

void
delta_state_metadata(struct delta_state *st, const struct delta_metadata *m)
{
	st->s->metadata = *m;
	st->has_metadata = true;
}

void
delta_state_app(struct delta_state *st, const struct delta_app *a)
{
	struct delta_snapshot *s = st->s;
	size_t i;

	for (i = 0; i < s->napps; i++)
		if (strcmp(s->apps[i].id, a->id) == 0)
			break;
	if (i == s->napps)
		s->apps = xreallocarray(s->apps, ++s->napps, sizeof(*s->apps));
	s->apps[i] = *a;
}

void
delta_state_domain(struct delta_state *st, const struct delta_domain *d, bool removed)
{
	struct delta_snapshot *s = st->s;
	size_t i;

	for (i = 0; i < s->ndomains; i++)
		if (strcmp(s->domains[i].name, d->name) == 0)
			break;
	if (removed) {
		if (i < s->ndomains)
			s->domains[i] = s->domains[--s->ndomains];
		return;
	}
	if (i == s->ndomains)
		s->domains = xreallocarray(s->domains, ++s->ndomains, sizeof(*s->domains));
	s->domains[i] = *d;
}

/* Returns the entry of a file's key; the file's name is set. */
static struct delta_entry *
entry_of(struct delta_state *st, const struct delta_raw_file *f, struct msg *err)
{
	struct buf *b = &st->scratch;
	size_t name;
	uint32_t id;
	bool added;

	if (!delta_uri_name(f->uri, st->root, b)) {
		msg_set(err, EX_DATAERR, "not a path of a file below the table: %s", msg_quotes(f->uri));
		return NULL;
	}
	name = b->len;
	buf_addc(b, '\0');
	if (f->dv != NULL)
		delta_dv_id(b, f->dv);
	memset(buf_room(b, VAL_PAD), 0, VAL_PAD);
	id = map_bytes_add(&st->keys, b->p, b->len, map_hash(b->p, b->len), &added);
	if (added) {
		if (id >= st->entries_cap) {
			st->entries_cap = st->entries_cap == 0 ? 64 : 2 * st->entries_cap;
			st->entries = xreallocarray(st->entries, st->entries_cap, sizeof(*st->entries));
		}
		st->entries[id].name = pool_copy(&st->s->pool, b->p, name + 1);
	}
	return &st->entries[id];
}

static int
set_entry(struct delta_state *st, const struct delta_raw_file *f, bool alive, struct msg *err)
{
	struct delta_entry *e = entry_of(st, f, err);

	if (e == NULL)
		return -1;
	e->alive = alive;
	e->serial = st->serial++;
	e->file = *f;
	return 0;
}

int
delta_state_add(struct delta_state *st, const struct delta_raw_file *f, struct msg *err)
{
	return set_entry(st, f, true, err);
}

int
delta_state_remove(struct delta_state *st, const struct delta_raw_file *f, struct msg *err)
{
	return set_entry(st, f, false, err);
}

static int
by_serial(const void *a, const void *b)
{
	uint64_t x = ((const struct delta_entry *)a)->serial, y = ((const struct delta_entry *)b)->serial;

	return x < y ? -1 : x > y;
}

/*
 * Orders partition values by the partition columns; an empty one is null for every type (clause Partition Value
 * Serialization).
 */
static const char **
partition_values(struct delta_snapshot *s, const struct delta_raw_file *f)
{
	size_t n = s->metadata.npartition_columns, i, k;
	const char **values = pool_alloc(&s->pool, (n + 1) * sizeof(*values));

	memset(values, 0, (n + 1) * sizeof(*values));
	for (i = 0; i < s->ncolumns; i++) {
		if (s->columns[i].partition < 0)
			continue;
		for (k = 0; k < f->npartition; k++)
			if (strcmp(f->partition[k].key, s->columns[i].physical) == 0 && f->partition[k].value != NULL &&
			    *f->partition[k].value != '\0')
				values[s->columns[i].partition] = f->partition[k].value;
	}
	return values;
}

static void
take_file(struct delta_snapshot *s, const struct delta_entry *e)
{
	const struct delta_raw_file *f = &e->file;

	s->files[s->nfiles++] = (struct delta_file){ .uri = f->uri, .name = e->name,
	    .partition = partition_values(s, f),
	    .size = f->size, .mtime = f->time, .stats = f->stats, .tags = f->tags, .dv = f->dv,
	    .base_row_id = f->base_row_id,
	    .row_commit_version = f->row_commit_version };
}

int
delta_state_finish(struct delta_state *st, struct msg *err)
{
	struct delta_snapshot *s = st->s;
	size_t i, n = st->keys.n;

	if (!st->has_protocol)
		return msg_set(err, EX_DATAERR, "the log has no protocol");
	if (delta_may_read(s, err) < 0)
		return -1;
	if (!st->has_metadata)
		return msg_set(err, EX_DATAERR, "the log has no metadata");
	if (delta_schema_columns(s, err) < 0)
		return -1;
	if (n > 1)
		qsort(st->entries, n, sizeof(*st->entries), by_serial);
	s->files = xreallocarray(NULL, n, sizeof(*s->files));
	s->tombstones = xreallocarray(NULL, n, sizeof(*s->tombstones));
	for (i = 0; i < n; i++) {
		const struct delta_entry *e = &st->entries[i];

		if (e->alive)
			take_file(s, e);
		else
			s->tombstones[s->ntombstones++] = (struct delta_tombstone){ e->file.uri, e->file.time,
			    e->file.dv, e->name };
	}
	return 0;
}
