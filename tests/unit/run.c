/*
 * The transaction of a lake on a store in memory: a run that is cut off at each of its changes of the store, in each
 * way a change can go wrong, or of which another operation fails, then the next one; a number that two runs want; a
 * lock that was lost; records. Of the other operations a sample, with ACCT_EACH all.
 */
#include "unit.h"

#include <unistd.h>

#include "delta/delta.h"
#include "lake/lake.h"
#include "lake/record.h"
#include "store/ops.h"

#define LAKE "mem://lake"
#define TABLE LAKE "/silver/t"
#define RUN "runs/open/"
#define HERE "mem://here"		/* for the files of a run that are not in the lake */

enum { AT = 1, LAST = 200 };

/* ---- what becomes of the changes ---- */

static unsigned seen, bad_at;		/* changes so far; the one that meets `fate` */
static enum store_mem_fate fate;
static bool dies;			/* nothing is done after it */
static bool all;			/* all operations count, not only changes */
static bool apart;			/* the run's files are not in the lake */
static char files[] = "/tmp/acct-run.XXXXXX";	/* files of this system */

static enum store_mem_fate
choose(const char *path)
{
	if (strncmp(path, HERE, strlen(HERE)) == 0 || ++seen < bad_at)
		return STORE_MEM_DONE;
	return seen == bad_at ? fate : dies ? STORE_MEM_REFUSED : STORE_MEM_DONE;
}

/* The same for all other operations, which can only fail. */
static bool
fails(const char *path)
{
	(void)path;
	return ++seen == bad_at || (dies && seen > bad_at);
}

/* ---- a lake ---- */

static bool
skip_none(const char *folder, void *arg)
{
	(void)folder, (void)arg;
	return false;
}

static void
clear(const char *address)
{
	struct store *s;
	struct store_list list;
	struct msg err = { 0 };
	size_t i, links;

	CHECK(store_open(&s, address, &err) == 0, "%s", err.text);
	CHECK(store_walk_own(s, skip_none, NULL, &list, &links, &err) == 0, "%s", err.text);
	for (i = 0; i < list.n; i++)
		CHECK(store_delete(s, list.entries[i].name, &err) == 1, "%s", err.text);
	store_list_free(&list);
	store_close(s);
}

static struct lake
open_lake(void)
{
	struct lake l = { 0 };
	struct msg err = { 0 };

	CHECK(lake_open(&l, LAKE, &err) == 0, "%s", err.text);
	return l;
}

/* Opens the lake as the next process does. */
static struct lake
lock_lake(void)
{
	struct lake l = open_lake();
	struct msg err = { 0 };

	CHECK(lake_lock(&l, &err) == 1, "not locked: %s", err.text);
	CHECK(lake_recover(&l, &err) == 0, "%s", err.text);
	return l;
}

static int
put(struct store *s, const char *text, const char *fmt, const char *run)
{
	char *name = xasprintf(fmt, run);
	struct msg err = { 0 };
	int got = store_put(s, name, text, strlen(text), STORE_REPLACE, &err);

	free(name);
	return got == 1 ? 0 : -1;
}

static bool
holds(struct store *s, const char *name, const char *text)
{
	struct buf b = { 0 };
	struct msg err = { 0 };
	int got = store_get(s, name, &b, &err);
	bool is = text == NULL ? got == 0 : got == 1 && strcmp(buf_cstr(&b), text) == 0;

	buf_free(&b);
	return is;
}

/* ---- a run ---- */

static const struct delta_column columns[] = {
	{ .name = "x", .physical = "x", .id = PQ_NO_ID, .type = PQ_INT64, .nullable = true, .partition = -1 },
};

/* Writes one of the run's files. */
static int
put_own(struct lake *l, const char *run, const char *name, const char *text)
{
	struct msg err = { 0 };

	if (apart && l->folder == NULL)
		l->folder = xasprintf(HERE "/%s", run);
	CHECK(lake_open_files(l, run, &err) == 0, "%s", err.text);
	return store_put(l->files, name, text, strlen(text), STORE_REPLACE, &err) == 1 ? 0 : -1;
}

/* Prepares a version of the table that consists of the data file `file`. */
static int
prepare(struct lake *l, const char *run, const char *file, int64_t version)
{
	struct delta_file add = { .uri = file, .name = file, .size = 1, .base_row_id = -1, .row_commit_version = -1,
	    .stats = "{\"numRecords\":1,\"minValues\":{\"x\":1},\"maxValues\":{\"x\":1},\"nullCount\":{\"x\":0}}" };
	struct delta_change c = { .operation = "WRITE", .adds = &add, .nadds = 1, .scope = DELTA_READ_TABLE,
	    .replaces_rows = true, .columns = columns, .ncolumns = 1, .app = { "unit", version, -1 } };
	struct delta_snapshot base;
	struct delta_table t;
	struct buf text = { 0 };
	struct msg err = { 0 };
	int failed;

	CHECK(delta_open(&t, TABLE, &err) == 0, "%s", err.text);
	if (delta_load_any(&t, &base, &err) < 0) {
		delta_close(&t);
		return -1;
	}
	if (base.version >= 0) {
		c.columns = NULL;
		c.ncolumns = 0;
	}
	CHECK(delta_prepared_put(&text, &t, &base, &c, &err) == 0, "%s", err.text);
	failed = put_own(l, run, "prepared/silver/t", buf_cstr(&text));	/* a writer has an intent before that */
	if (!failed && apart)
		failed = put(l->store, buf_cstr(&text), RUN "%s/prepared/silver/t", run);
	if (!failed)
		failed = store_put(t.store, file, "x", 1, STORE_REPLACE, &err) == 1 ? 0 : -1;
	buf_free(&text);
	delta_snapshot_free(&base);
	delta_close(&t);
	return failed;
}

/* Returns the path of a file of this system that has one letter and perhaps a line feed. Owned by the caller. */
static char *
file_of(const char *text)
{
	char *path = xasprintf("%s/%c", files, *text);
	FILE *f;

	if (access(path, F_OK) == 0)
		return path;
	f = fopen(path, "w");
	CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0, "%s", path);
	return path;
}

typedef int each(struct lake *l, const char *run, const struct lake_put *list, size_t n, struct msg *err);

static int
do_one(each *call, struct lake *l, const char *run, const char *text, const char *name, struct msg *err)
{
	char *path = file_of(text);
	struct lake_put what = { path, name };
	int failed = call(l, run, &what, 1, err);

	free(path);
	return failed;
}

/* Does all of run `run`, which makes state `n` of the one before. Returns what lake_commit does. */
static int
work(struct lake *l, const char *run, int n, struct msg *err)
{
	char file[16], text[16];

	snprintf(file, sizeof(file), "f%d", n);
	snprintf(text, sizeof(text), "%d\n", n);
	if (lake_begin(l, run, err) < 0 || prepare(l, run, file, n) < 0 ||
	    do_one(lake_stage, l, run, text, "runs/made/t/key", err) < 0 ||
	    do_one(lake_put, l, run, "p", n == 1 ? "gold/part-1" : "gold/part-2", err) < 0 ||
	    (n > 1 && do_one(lake_put, l, run, "p", "gold/part-1", err) < 0) ||	/* stays */
	    (n > 1 && do_one(lake_remove, l, run, "p", "gold/part-1", err) < 0) ||
	    put_own(l, run, "late/gold/export", text) < 0)
		return -1;
	return lake_commit(l, run, l->newest + 1, err);
}

/* Is the lake in state n, all of it? */
static bool
is_state(int n)
{
	struct lake l = open_lake();
	struct delta_snapshot s;
	struct delta_table t;
	struct msg err = { 0 };
	char text[16], file[16];
	bool is;

	snprintf(text, sizeof(text), "%d\n", n);
	snprintf(file, sizeof(file), "f%d", n);
	CHECK(delta_open(&t, TABLE, &err) == 0 && delta_load_any(&t, &s, &err) == 0, "%s", err.text);
	is = (n == 0 ? s.version < 0 : s.nfiles == 1 && strcmp(s.files[0].name, file) == 0) &&
	    holds(l.store, "runs/made/t/key", n == 0 ? NULL : text) &&
	    holds(l.store, "gold/export", n == 0 ? NULL : text) &&
	    holds(l.store, "gold/part-1", n == 1 ? "p" : NULL) && holds(l.store, "gold/part-2", n == 2 ? "p" : NULL) &&
	    holds(t.store, "f1", n >= 1 ? "x" : NULL) && holds(t.store, "f2", n == 2 ? "x" : NULL);
	delta_snapshot_free(&s);
	delta_close(&t);
	lake_close(&l);
	return is;
}

static bool
is_clean(void)
{
	struct lake l = open_lake();
	struct lake_status s;
	struct msg err = { 0 };
	bool is;

	CHECK(lake_get_status(&l, &s, &err) == 0, "%s", err.text);
	is = !s.is_pending && s.open.n == 0;
	lake_status_free(&s);
	lake_close(&l);
	return is;
}

/* ---- cut off ---- */

/* The run that makes state n meets its fate at change `at`, then the next process comes. Returns false at the end. */
static bool
cut_off(int n, unsigned at)
{
	struct msg err = { 0 }, why = { 0 };
	struct lake l;
	int got;

	clear(LAKE);
	clear(HERE);
	if (n > 1) {
		l = lock_lake();
		CHECK(work(&l, "first", 1, &err) == 1, "%s", err.text);
		lake_close(&l);
	}
	l = lock_lake();
	seen = 0;
	bad_at = at;
	store_mem_fate = choose;
	store_mem_fails = all ? fails : NULL;
	got = work(&l, "cut", n, &err);
	if (got < 0 && !dies)
		(void)lake_end(&l, "cut", l.newest + 1, &why);
	store_mem_fate = NULL;
	store_mem_fails = NULL;
	store_lock_end(&l.lock);
	lake_close(&l);
	l = lock_lake();
	lake_close(&l);
	CHECK(is_clean(), "state %d, change %u, fate %d, dies %d: not clean", n, at, fate, dies);
	CHECK(is_state(n) || (got != 1 && is_state(n - 1)), "state %d, change %u, fate %d, dies %d: %d: %s", n, at,
	    fate, dies, got, err.text);
	l = lock_lake();
	err = (struct msg){ 0 };
	if (is_state(n - 1))
		CHECK(work(&l, "again", n, &err) == 1 && is_state(n), "%s", err.text);
	lake_close(&l);
	return seen >= at;
}

static void
cut_off_everywhere(void)
{
	unsigned at, total = 0;
	int n;

	for (n = 1; n <= 2; n++)
		for (fate = STORE_MEM_REFUSED; fate <= STORE_MEM_DROPPED; fate++)
			for (dies = false;; dies = true) {
				for (at = AT; cut_off(n, at); at++)
					CHECK(at < LAST, "no end");
				total += at;
				if (dies)
					break;
			}
	CHECK(total > 100, "%u", total);
	OK("lake", apart ? "so does one whose files are on another machine" :
	    "a run cut off at any change takes effect whole or not at all");
}

/* A sample of all operations, with ACCT_EACH each of them. */
static void
fail_everywhere(void)
{
	unsigned step = getenv("ACCT_EACH") != NULL ? 1 : 20, at;
	int n;

	fate = STORE_MEM_REFUSED;
	all = true;
	for (n = 1; n <= 2; n++)
		for (dies = false;; dies = true) {
			for (at = AT; cut_off(n, at); at += 1 + (unsigned)unit_below(step))
				CHECK(at < 10 * LAST, "no end");
			if (dies)
				break;
		}
	all = dies = false;
	OK("lake", "so does one of which any operation of the store fails");
}

/* ---- two runs ---- */

static void
lose_the_lock(void)
{
	struct msg err = { 0 };
	struct lake a, b;

	clear(LAKE);
	clear(HERE);
	a = lock_lake();
	CHECK(lake_begin(&a, "a", &err) == 0 && prepare(&a, "a", "f1", 1) == 0, "%s", err.text);
	store_lock_end(&a.lock);			/* its time is over, and it does not know */
	b = lock_lake();
	CHECK(is_state(0), "what the first has prepared is still there");
	CHECK(put_own(&a, "a", "stage/runs/made/t/key", "9\n") == 0, "put");
	CHECK(lake_commit(&a, "a", 1, &err) < 0 && err.status == EX_TEMPFAIL, "%d: %s", err.status, err.text);
	err = (struct msg){ 0 };
	CHECK(b.newest == 1 && work(&b, "b", 1, &err) == 1 && is_state(1), "%s", err.text);
	CHECK(lake_end(&a, "a", 1, &err) == 0 && is_state(1), "%s", err.text);
	lake_close(&a);
	lake_close(&b);
	CHECK(is_clean(), "not clean");
	OK("lake", "who lost the lock cannot commit");
}

/* ---- records ---- */

static struct buf
random_text(void)
{
	struct buf text = { 0 };
	size_t n = unit_below(4) == 0 ? 0 : unit_below(100);

	while (n-- > 0)
		buf_addc(&text, (uint8_t)unit_random());
	return text;
}

static void
check_same(const struct lake_record *a, const struct lake_record *b)
{
	size_t i;

	CHECK(strcmp(a->run, b->run) == 0 && a->is_void == b->is_void && a->n == b->n, "another head");
	for (i = 0; i < a->n; i++)
		CHECK(a->items[i].what == b->items[i].what && strcmp(a->items[i].name, b->items[i].name) == 0 &&
		    a->items[i].text.len == b->items[i].text.len &&
		    (a->items[i].text.len == 0 ||
		    memcmp(a->items[i].text.p, b->items[i].text.p, a->items[i].text.len) == 0), "item %zu", i);
}

static void
records(void)
{
	struct lake_record r = { 0 }, back;
	struct buf text = { 0 };
	struct msg err = { 0 };
	unsigned i, n, k;

	for (i = 0; i < 1000; i++) {
		r = (struct lake_record){ .run = xstrdup("run"), .is_void = unit_below(2) == 0 };
		for (n = (unsigned)unit_below(6), k = 0; k < n; k++) {
			struct buf more = random_text();

			lake_record_add(&r, (enum lake_what)unit_below(4), xasprintf("a b/%u", k), &more);
		}
		text.len = 0;
		CHECK(lake_record_put(&text, &r, &err) == 0, "%s", err.text);
		CHECK(lake_record_parse(&back, "x", &text, &err) == 0, "%s", err.text);
		check_same(&r, &back);
		lake_record_free(&back);
		text.p[unit_below(text.len)] ^= (uint8_t)(1 + unit_below(255));
		CHECK(lake_record_parse(&back, "x", &text, &err) < 0 && err.status == EX_DATAERR, "a flipped bit");
		err = (struct msg){ 0 };
		lake_record_free(&r);
	}
	buf_free(&text);
	OK("lake", "records: what was written is read, and a flipped bit is found");
}

static void
remove_files(void)
{
	char *command = xasprintf("rm -rf %s", files);

	CHECK(system(command) == 0, "%s", command);
	free(command);
}

int
main(void)
{
	unit_start();
	store_mem_allow();
	CHECK(mkdtemp(files) != NULL, "%s", files);
	cut_off_everywhere();
	lose_the_lock();
	apart = true;
	cut_off_everywhere();
	lose_the_lock();
	fail_everywhere();
	apart = false;
	fail_everywhere();
	records();
	remove_files();
	return 0;
}
