/* Carrying out the record of a run. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lake/record.h"
#include "table/pieces.h"

/* ---- the folder of a run ---- */

static bool
skip_none(const char *folder, void *arg)
{
	(void)folder, (void)arg;
	return false;
}

int
lake_walk(const struct store *s, const char *folder, struct store **below, struct store_list *list, struct msg *err)
{
	char *address = xasprintf("%s/%s", store_address(s), folder);
	size_t links;
	int failed = store_open(below, address, err);

	free(address);
	if (!failed && (failed = store_walk_own(*below, skip_none, NULL, list, &links, err)) < 0)
		store_close(*below);
	return failed;
}

int
lake_open_files(struct lake *l, const char *run, struct msg *err)
{
	char *address = l->folder != NULL ? xstrdup(l->folder) :
	    xasprintf("%s/" LAKE_OPEN "/%s", store_address(l->store), run);
	int failed = l->files == NULL ? store_open(&l->files, address, err) : 0;

	free(address);
	return failed;
}

int
lake_each_object(struct lake *l, const struct store *s, const char *folder, lake_each *each, void *arg,
    struct msg *err)
{
	struct store *below;
	struct store_list list;
	int failed = lake_walk(s, folder, &below, &list, err);
	bool reads = strcmp(folder, LAKE_LATE_PART) != 0;
	size_t i;

	if (failed)
		return -1;
	for (i = 0; i < list.n && !failed; i++) {
		struct buf text = { 0 };

		failed = reads && store_get(below, list.entries[i].name, &text, err) < 0 ? -1 :
		    each(l, list.entries[i].name, &text, arg, err);
		buf_free(&text);
	}
	store_list_free(&list);
	store_close(below);
	return failed;
}

int
lake_remove_run(struct lake *l, const char *run, struct msg *err)
{
	char *folder = xasprintf(LAKE_OPEN "/%s", run);
	struct store *below;
	struct store_list list;
	int failed = lake_walk(l->store, folder, &below, &list, err);
	size_t i;

	if (!failed) {
		for (i = 0; i < list.n && !failed; i++)
			failed = store_delete(below, list.entries[i].name, err) < 0 ? -1 : 0;
		store_list_free(&list);
		store_close(below);
	}
	if (!failed && (failed = store_prune(l->store, folder, true, err)) == 0)
		failed = store_prune(l->store, LAKE_OPEN, false, err);
	free(folder);
	return failed;
}

/* ---- taking effect ---- */

static int
commit_table(struct lake *l, const struct lake_item *item, struct msg *err)
{
	char *table = xasprintf("%s/%s", store_address(l->store), item->name);
	struct table_piece piece = { item->name, &item->text };
	struct table_pieces pieces = { .table = table, .list = &piece, .n = 1, .retry = l->retry,
	    .verbose = l->verbose };
	int failed = table_pieces_commit(&pieces, err);

	free(table);
	return failed;
}

/* Leaves alone what is there already. */
static int
put_file(struct lake *l, const struct lake_item *item, struct msg *err)
{
	const struct buf *text = &item->text;
	struct buf there = { 0 };
	struct msg why = { 0 };
	bool same = store_get(l->store, item->name, &there, &why) > 0 && there.len == text->len &&
	    (text->len == 0 || memcmp(there.p, text->p, text->len) == 0);
	int done = same ? 0 : store_put(l->store, item->name, text->p, text->len, STORE_LATER, err);

	buf_free(&there);
	return done < 0 ? -1 : 0;
}

static int
copy(struct store_in *in, struct store_out *out, struct msg *err)
{
	enum { PIECE = 1 << 20 };
	uint8_t *piece = xmalloc(PIECE);
	uint64_t at = 0;
	size_t n;
	int failed = 0;

	for (; at < in->size && !failed; at += n) {
		n = in->size - at < PIECE ? (size_t)(in->size - at) : PIECE;
		failed = store_in_read(in, at, piece, n, err) < 0 || store_out_write(out, piece, n, err) < 0 ? -1 : 0;
	}
	free(piece);
	return failed;
}

int
lake_copy(struct store *from, const char *name, struct store *to, const char *new_name, struct msg *err)
{
	struct store_in in;
	struct store_out out;
	int failed = store_in_open(from, name, &in, err);

	if (failed)
		return -1;
	if ((failed = store_out_open(to, new_name, &out, err)) == 0) {
		failed = copy(&in, &out, err) < 0 ? -1 : store_out_commit(&out, err);
		store_out_abandon(&out);
	}
	store_in_close(&in);
	return failed;
}

/* Copies a large object from the run's folder. */
static int
copy_late(struct lake *l, const char *run, const char *name, struct msg *err)
{
	char *from = xasprintf(LAKE_OPEN "/%s/" LAKE_LATE_PART "/%s", run, name);
	int failed = lake_copy(l->store, from, l->store, name, err);

	free(from);
	return failed;
}

static int
do_item(struct lake *l, const char *run, const struct lake_item *item, struct msg *err)
{
	switch (item->what) {
	case LAKE_TABLE:
		return commit_table(l, item, err);
	case LAKE_LATE:
		return copy_late(l, run, item->name, err);
	case LAKE_FILE:
		return put_file(l, item, err);
	default:
		return store_delete(l->store, item->name, err) < 0 ? -1 : 0;
	}
}

/*
 * The files are durable before anything goes that they no longer name, and before the number of the record is current.
 */
int
lake_settle(struct lake *l, int64_t number, const struct lake_record *r, struct msg *err)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRId64 "\n", number), failed = 0;
	bool flushed = false;
	size_t i;

	for (i = 0; i < r->n && !failed; i++) {
		if (r->items[i].what == LAKE_GONE && !flushed) {
			failed = store_flush(l->store, err);
			flushed = true;
		}
		if (!failed)
			failed = do_item(l, r->run, &r->items[i], err);
	}
	if (!failed && !flushed)
		failed = store_flush(l->store, err);
	if (!failed && store_put(l->store, LAKE_CURRENT, text, (size_t)n, STORE_REPLACE, err) < 0)
		failed = -1;
	return failed;
}
