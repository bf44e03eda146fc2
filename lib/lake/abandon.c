/* Removing what a run has made that did not take effect, and putting back what it has set aside. */
#include <stdlib.h>
#include <string.h>

#include "lake/record.h"
#include "table/pieces.h"

#define LOG "_delta_log"
#define INTENT "_intent-"
#define MARK "_prepared"

/* ---- tables ---- */

static void
warn_left(const struct lake *l, const struct msg *why)
{
	msg_warn("%s", why->text);
	msg_warn("%s: data files of no version may be left; acct-vacuum removes them", store_address(l->store));
}

static int
abandon_table(struct lake *l, const char *name, struct buf *text, void *arg, struct msg *err)
{
	char *table = xasprintf("%s/%s", store_address(l->store), name);
	struct table_piece piece = { name, text };
	struct table_pieces pieces = { .table = table, .list = &piece, .n = 1 };
	struct msg why = { 0 };

	(void)arg, (void)err;
	if (table_pieces_abandon(&pieces, &why) < 0)
		warn_left(l, &why);
	free(table);
	return 0;
}

/* A writer that was stopped early leaves the marker of a table without a version. */
static int
remove_mark(struct lake *l, const char *log, const struct store_list *list, struct msg *err)
{
	char *mark = xasprintf("%s/" MARK, log);
	bool alone = list->n == 1 && strcmp(list->entries[0].name, MARK) == 0;
	int failed = alone && store_delete(l->store, mark, err) < 0 ? -1 : 0;

	free(mark);
	return failed;
}

/* Removes the data files of writers that were stopped before anything else named them. */
static int
recover_table(struct lake *l, const char *name, struct msg *err)
{
	char *log = xasprintf("%s/" LOG, name), *table = xasprintf("%s/%s", store_address(l->store), name);
	struct store_list list = { 0 };
	struct msg why = { 0 };
	int failed = store_list(l->store, log, &list, err);
	size_t i;

	for (i = 0; i < list.n && strncmp(list.entries[i].name, INTENT, strlen(INTENT)) != 0; i++)
		;
	if (i < list.n && table_recover(table, l->verbose, &why) < 0)
		warn_left(l, &why);
	store_list_free(&list);
	if (!failed && (failed = store_list(l->store, log, &list, err)) == 0)
		failed = remove_mark(l, log, &list, err);
	store_list_free(&list);
	free(table);
	free(log);
	return failed;
}

/* Those of a folder, and of the folders in it whose names begin with '_'. */
static int
recover_tables(struct lake *l, const char *folder, struct msg *err)
{
	struct store_list list;
	int failed = store_list_folders(l->store, folder, &list, err);
	size_t i;

	if (failed)
		return -1;
	for (i = 0; i < list.n && !failed; i++) {
		char *name = xasprintf("%s/%s", folder, list.entries[i].name);

		failed = recover_table(l, name, err);
		if (!failed && *list.entries[i].name == '_' && strcmp(list.entries[i].name, LOG) != 0)
			failed = recover_tables(l, name, err);
		free(name);
	}
	store_list_free(&list);
	return failed;
}

/* ---- objects ---- */

static int
remove_new(struct lake *l, const char *name, struct buf *text, void *arg, struct msg *err)
{
	(void)text, (void)arg;
	return store_delete(l->store, name, err) < 0 ? -1 : 0;
}

/* ---- what was set aside ---- */

struct moving {
	struct store *table;
	const char *run, *name;		/* of the run; of the table in the lake */
	const struct store_list *objects;
};

static bool
is_log(const char *name)
{
	return strncmp(name, LOG "/", strlen(LOG "/")) == 0;
}

/* Keeps an object of the log aside, or names a data file among what goes. */
static int
keep(struct lake *l, const struct moving *m, const char *object, struct msg *err)
{
	char *aside = xasprintf(LAKE_OPEN "/%s/aside/%s/%s", m->run, m->name, object);
	char *gone = xasprintf("gone/%s/%s", m->name, object);
	struct buf text = { 0 };
	int got;

	if (!is_log(object))
		got = store_put(l->files, gone, "", 0, STORE_LATER, err);
	else if ((got = store_get(m->table, object, &text, err)) > 0)
		got = store_put(l->store, aside, text.p != NULL ? text.p : (uint8_t *)"", text.len, STORE_LATER, err);
	buf_free(&text);
	free(aside);
	free(gone);
	return got < 0 ? -1 : 0;
}

/* All of the log is in its new place before any of it goes. */
static int
move(struct lake *l, const struct moving *m, struct msg *err)
{
	int failed = 0;
	size_t i;

	for (i = 0; i < m->objects->n && !failed; i++)
		failed = keep(l, m, m->objects->entries[i].name, err);
	if (!failed)
		failed = store_flush(l->store, err);
	if (!failed)
		failed = store_flush(l->files, err);
	for (i = 0; i < m->objects->n && !failed; i++)
		if (is_log(m->objects->entries[i].name))
			failed = store_delete(m->table, m->objects->entries[i].name, err) < 0 ? -1 : 0;
	return failed;
}

int
lake_set_aside(struct lake *l, const char *run, const char *table, struct msg *err)
{
	struct moving m = { .run = run, .name = table };
	struct store_list list;
	int got;

	if (!store_name_is_tidy(table))
		return msg_set(err, EX_NOPERM, "%s: a name that leads out of the lake", msg_quotes(table));
	if ((got = lake_has_begun(l, run, err)) == 0)
		return msg_set(err, EX_NOINPUT, "run %s: has not begun", run);
	if (got < 0 || lake_open_files(l, run, err) < 0 || lake_walk(l->store, table, &m.table, &list, err) < 0)
		return -1;
	m.objects = &list;
	got = move(l, &m, err);
	store_list_free(&list);
	store_close(m.table);
	return got;
}

static int
put_back(struct lake *l, const char *name, struct buf *text, void *arg, struct msg *err)
{
	(void)arg;
	return store_put(l->store, name, text->p != NULL ? text->p : (uint8_t *)"", text->len, STORE_LATER, err) < 0 ?
	    -1 : 0;
}

/* ---- all of it ---- */

static int
each_part(struct lake *l, const char *run, const char *part, lake_each *each, struct msg *err)
{
	char *folder = xasprintf(LAKE_OPEN "/%s/%s", run, part);
	int failed = lake_each_object(l, l->store, folder, each, NULL, err);

	free(folder);
	return failed;
}

int
lake_abandon(struct lake *l, const char *run, struct msg *err)
{
	static const char *const layers[] = { "bronze", "silver", "gold", LAKE_RUNS };
	int failed = each_part(l, run, "prepared", abandon_table, err);
	size_t i;

	for (i = 0; i + 1 < sizeof(layers) / sizeof(*layers) && !failed; i++)
		failed = recover_tables(l, layers[i], err);
	if (failed || each_part(l, run, "new", remove_new, err) < 0 || each_part(l, run, "aside", put_back, err) < 0 ||
	    store_flush(l->store, err) < 0 || lake_remove_run(l, run, err) < 0)
		return -1;
	for (i = 0; i < sizeof(layers) / sizeof(*layers) && !failed; i++)
		failed = store_prune(l->store, layers[i], false, err);
	return failed;
}
