#include <stdlib.h>
#include <string.h>

#include "reconcile/parts.h"
#include "table/table.h"

/* ---- a table ---- */

/* Loads the table with the version that the run has prepared. Returns 0 if there is none. */
static int
load_prepared(struct reconcile_reading *g, const struct reconcile *r, const char *path, struct msg *err)
{
	enum store_kind kind;
	char *name, *file;
	int got;

	if (r->folder == NULL)
		return 0;
	name = xasprintf("prepared/%s", path);
	file = xasprintf("%s/%s", r->run, name);
	got = store_stat(r->folder, name, &kind, err);
	if (got > 0)
		got = delta_load_with(&g->table, &file, 1, false, &g->with, &g->snapshot, err);
	free(file);
	free(name);
	return got;
}

int
reconcile_reading_open(struct reconcile_reading *g, const struct reconcile *r, const char *path, struct msg *err)
{
	struct msg why = { 0 };
	int got;

	*g = (struct reconcile_reading){ .address = xasprintf("%s/%s", r->lake, path) };
	if (delta_open(&g->table, g->address, err) < 0)
		return -1;
	if ((got = load_prepared(g, r, path, err)) != 0)
		return got < 0 ? -1 : 0;
	got = delta_exists(&g->table, &why);
	if (got < 0 && why.status != EX_NOINPUT)
		return msg_set(err, why.status, "%s", why.text);
	if (got <= 0)
		return msg_set(err, EX_NOINPUT, "%s: not there; run.sh makes it", g->address);
	return delta_load(&g->table, DELTA_NEWEST, &g->snapshot, err);
}

void
reconcile_reading_close(struct reconcile_reading *g)
{
	if (g->scan != NULL)
		delta_scan_close(g->scan);
	delta_snapshot_free(&g->snapshot);
	delta_with_free(&g->with);
	if (g->table.store != NULL)
		delta_close(&g->table);
	free(g->columns);
	free(g->address);
}

/* ---- columns ---- */

int
reconcile_reading_column(struct reconcile_reading *g, const char *name, struct msg *err)
{
	int at = delta_column_find(&g->snapshot, name);
	size_t i;

	if (at < 0)
		return msg_set(err, EX_CONFIG, "%s: no such column: %s%s", g->address, msg_quotes(name),
		    delta_column_hint(&g->snapshot, name));
	for (i = 0; i < g->ncolumns; i++)
		if (g->columns[i] == (size_t)at)
			return (int)i;
	g->columns = xreallocarray(g->columns, g->ncolumns + 1, sizeof(*g->columns));
	g->columns[g->ncolumns] = (size_t)at;
	return (int)g->ncolumns++;
}

const struct delta_column *
reconcile_reading_type(const struct reconcile_reading *g, size_t vector)
{
	return &g->snapshot.columns[g->columns[vector]];
}

struct table_from *
reconcile_reading_records(struct reconcile_reading *g, const char *const *names, size_t n, struct rec_header *h,
    struct msg *err)
{
	struct table_source *sources = xcalloc(n + 1, sizeof(*sources));
	struct table_from *from = NULL;
	struct val_type type;
	size_t i;

	rec_header_init(h, "");
	for (i = 0; i < n; i++) {
		int vector = reconcile_reading_column(g, names[i], err);
		const struct delta_column *c;

		if (vector < 0)
			break;
		c = reconcile_reading_type(g, (size_t)vector);
		if (c->refused != NULL || !table_val_type(c->type, c->precision, c->scale, &type)) {
			msg_set(err, EX_UNAVAILABLE, "%s: column %s: no such type in a record stream", g->address,
			    msg_quotes(c->name));
			break;
		}
		sources[i] = (struct table_source){ .vector = (size_t)vector, .name = c->name, .type = c->type,
		    .precision = c->precision, .scale = c->scale, .required = !c->nullable };
		rec_header_add(h, c->name, type, false, !c->nullable);
	}
	if (i == n)
		from = table_from_new(sources, n);
	free(sources);
	return from;
}

/* ---- rows ---- */

int
reconcile_reading_scan(struct reconcile_reading *g, const struct delta_bound *bounds, size_t nbounds, struct msg *err)
{
	struct delta_scan_options o = { .columns = g->columns, .ncolumns = g->ncolumns, .bounds = bounds,
	    .nbounds = nbounds };

	if (g->scan != NULL)
		delta_scan_close(g->scan);
	g->scan = NULL;
	return delta_scan_open(&g->scan, &g->table, &g->snapshot, &o, err);
}

int
reconcile_reading_next(struct reconcile_reading *g, struct delta_batch *b, struct msg *err)
{
	return delta_scan_next(g->scan, b, err);
}

int
reconcile_reading_blame(const struct reconcile_reading *g, size_t file, const struct msg *why, struct msg *err)
{
	return msg_set(err, why->status, "%s: %s: %s", g->address, g->snapshot.files[file].name, why->text);
}
