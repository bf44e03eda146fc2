/*
 * A store of which each operation in turn fails: what reads reports the failure or reads the same; what changes a table
 * leaves it as it was or as it is to be, and can then be repeated. Takes a sample of operations, with ACCT_EACH all.
 */
#include "unit.h"

#include <string.h>

#include "check/parts.h"
#include "delta/delta.h"
#include "delta/log/names.h"
#include "merge/merge.h"
#include "optimize/optimize.h"
#include "store/ops.h"
#include "table/table.h"

#define ROOT "mem://faults"

/* File n has the keys 100 * n to 100 * n + ROWS - 1. After this many versions the next gets a checkpoint. */
enum { ROWS = 5, FILES = 20 };

static const struct delta_column columns[] = {
	{ .name = "k", .physical = "k", .id = PQ_NO_ID, .type = PQ_INT64, .partition = -1 },
	{ .name = "t", .physical = "t", .id = PQ_NO_ID, .type = PQ_STRING, .nullable = true, .partition = -1 },
};
static const struct delta_pair with_vectors = { "delta.enableDeletionVectors", "true" };

/* ---- failing ---- */

static unsigned seen, bad_at;		/* operations so far; the one that fails, 0: none */
static bool stays;			/* all after it fail too */

static bool
fail(const char *path)
{
	(void)path;
	seen++;
	return bad_at > 0 && (seen == bad_at || (stays && seen > bad_at));
}

static enum store_mem_fate
choose(const char *path)
{
	static const enum store_mem_fate bad[] = { STORE_MEM_REFUSED, STORE_MEM_LOST, STORE_MEM_DROPPED };

	return !fail(path) ? STORE_MEM_DONE : stays ? STORE_MEM_REFUSED : bad[unit_below(3)];
}

/* ---- a table ---- */

/* Writes the rows of a file. */
static int
write_rows(struct delta_out *o, int file, struct msg *err)
{
	int64_t k[ROWS];
	struct pq_bytes text[ROWS];
	uint8_t there[ROWS];
	struct pq_vector v[2] = { { .n = ROWS, .v.i64 = k }, { .n = ROWS, .def = there, .v.bytes = text } };
	size_t i;

	for (i = 0; i < ROWS; i++) {
		k[i] = file * 100 + (int64_t)i;
		there[i] = i != 2;
		text[i] = (struct pq_bytes){ (const uint8_t *)"text", i != 2 ? i : 0 };
	}
	return delta_out_write(o, ROWS, v, err) < 0 ? -1 : delta_out_cut(o, err);
}

/* Adds the change to the version and ends the intent, as programs do. */
static int
commit(struct delta_table *t, const struct delta_snapshot *s, const struct delta_change *c, struct delta_intent *in,
    struct msg *err)
{
	struct msg warn = { 0 };
	int64_t version = -1;
	int failed = delta_commit(t, s, c, &version, &warn, err);

	if (failed && version < 0)
		delta_intent_undo(in);
	else
		delta_intent_end(in);
	return failed;
}

/* Commits a version that adds a file, in place of all others if it overwrites. */
static int
append(struct delta_table *t, int file, bool overwrite, struct msg *err)
{
	static struct delta_intent in;
	struct delta_out_options opt = { .namer = &in.namer };
	size_t removes[FILES], i, n;
	struct delta_change c = { .operation = "WRITE", .removes = removes, .configuration = &with_vectors,
	    .scope = overwrite ? DELTA_READ_TABLE : DELTA_BLIND };
	struct delta_snapshot s;
	struct delta_file *files;
	struct delta_out *o;
	struct pool pool = { 0 };
	int failed;

	if (delta_load_any(t, &s, err) < 0)
		return -1;
	if (s.version < 0) {
		c.columns = columns;
		c.ncolumns = 2;
		c.nconfiguration = 1;
	}
	delta_intent_init(&in, t, &s);
	o = delta_out_open(t, columns, 2, &opt);
	failed = write_rows(o, file, err) < 0 || delta_out_finish(o, &pool, &files, &n, err) < 0;
	if (failed)
		delta_intent_undo(&in);
	else {
		c.adds = files;
		c.nadds = n;
		for (i = 0; i < s.nfiles && overwrite; i++)
			removes[c.nremoves++] = i;
		failed = commit(t, &s, &c, &in, err);
	}
	delta_out_free(o);
	pool_free(&pool);
	delta_snapshot_free(&s);
	return failed ? -1 : 0;
}

/* Sets *all to the sum of a snapshot's keys, each with the length of its text. */
static int
add_up(struct delta_table *t, const struct delta_snapshot *s, int64_t *all, struct msg *err)
{
	struct delta_scan_options o = { .ncolumns = 2 };
	struct delta_scan *sc;
	struct delta_batch b;
	size_t i;
	int got = delta_scan_open(&sc, t, s, &o, err);

	*all = 0;
	while (got == 0 && (got = delta_scan_next(sc, &b, err)) > 0)
		for (i = 0, got = 0; i < b.rows; i++) {
			const struct pq_vector *v = b.columns;
			bool there = v[1].def == NULL || v[1].def[i];

			if (b.deleted == NULL || !b.deleted[i])
				*all += v[0].v.i64[i] * 10 + (int64_t)(there ? v[1].v.bytes[i].n : 7);
		}
	delta_scan_close(sc);
	return got;
}

/* ---- what is done ---- */

static int64_t found;			/* what was read */

static int
read_table(struct delta_table *t, struct msg *err)
{
	struct delta_snapshot s;
	int failed = delta_load(t, DELTA_NEWEST, &s, err);

	if (!failed) {
		failed = add_up(t, &s, &found, err);
		delta_snapshot_free(&s);
	}
	return failed;
}

static int
read_version(struct delta_table *t, struct msg *err)
{
	struct delta_snapshot s;
	int failed = delta_load(t, 3, &s, err);

	if (!failed) {
		found = (int64_t)s.nfiles;
		delta_snapshot_free(&s);
	}
	return failed;
}

static int
read_history(struct delta_table *t, struct msg *err)
{
	struct delta_history h;
	int64_t version;
	bool moves;

	if (delta_history(t, 0, &h, err) < 0)
		return -1;
	found = (int64_t)h.n;
	delta_history_free(&h);
	if (delta_version_at(t, INT64_MAX, &version, err) < 0 || delta_commit_moves(t, 2, &moves, err) < 0)
		return -1;
	found = found * 100 + version * 2 + moves;
	return 0;
}

/* The data files alone, as a folder of Parquet files. */
static int
read_plain(struct delta_table *t, struct msg *err)
{
	char *folder = xasprintf("%s/export", t->address);
	struct delta_snapshot s;
	struct delta_table p;
	const char *key;
	int failed = table_plain(&p, folder, false, &s, &key, err);

	if (!failed) {
		failed = add_up(&p, &s, &found, err);
		delta_snapshot_free(&s);
		delta_close(&p);
	}
	free(folder);
	return failed;
}

static void
hear_fault(const char *thing, const struct msg *m, void *arg)
{
	(void)thing;
	if (((struct msg *)arg)->status == 0)
		*(struct msg *)arg = *m;
}

static int
check_all(struct delta_table *t, struct msg *err)
{
	struct check c = { .report = hear_fault, .arg = err };
	bool failed;

	check_table(&c, t->address, t->address);
	found = (int64_t)(c.rows * 100 + c.files);
	failed = c.faults + c.unchecked > 0;
	check_free(&c);
	return failed ? -1 : 0;
}

static int
add_file(struct delta_table *t, struct msg *err)
{
	return append(t, FILES, false, err);
}

static int
replace_all(struct delta_table *t, struct msg *err)
{
	return append(t, FILES, true, err);
}

static int
rewrite(struct delta_table *t, struct msg *err)
{
	static struct delta_intent in;
	static const size_t key = 0;
	struct optimize_options o = { .target = 1 << 20, .keys = &key, .nkeys = 1, .intent = &in, .memory = 1 << 20 };
	struct optimize_result r;
	struct optimize_change c;
	struct delta_snapshot s;
	int failed;

	if (delta_load(t, DELTA_NEWEST, &s, err) < 0)
		return -1;
	delta_intent_init(&in, t, &s);
	failed = optimize_run(t, &s, &o, &r, err);
	if (failed)
		delta_intent_undo(&in);
	else if (r.nadds > 0) {
		optimize_change_make(&c, &s, &o, NULL, &r);
		failed = commit(t, &s, &c.change, &in, err);
		optimize_change_free(&c);
	}
	optimize_result_free(&r);
	delta_snapshot_free(&s);
	return failed;
}

/* A source of three rows: one that the table has otherwise, one that it has not, and one without a change. */
static int
give_source(struct merge_source *s, struct msg *err)
{
	static const struct {
		int64_t k;
		const char *text;
	} rows[] = { { 101, "other" }, { 777, "new" }, { 404, "text" } };
	uint32_t off[2 * 3 + 1] = { 0 };
	struct rec_batch b = { .n = 3, .first = 1, .off = off, .stride = 2 };
	struct buf bytes = { 0 };
	size_t i;
	int failed;

	for (i = 0; i < 3; i++) {
		bytes.len += val_put_int(buf_room(&bytes, 32), rows[i].k);
		buf_addc(&bytes, '\t');
		off[2 * i + 1] = (uint32_t)bytes.len;
		buf_adds(&bytes, rows[i].text);
		buf_addc(&bytes, '\n');
		off[2 * i + 2] = (uint32_t)bytes.len;
	}
	memset(buf_room(&bytes, VAL_PAD), 0, VAL_PAD);
	b.base = bytes.p;
	failed = merge_source_add(s, &b, err) < 0 || merge_source_end(s, err) < 0;
	buf_free(&bytes);
	return failed ? -1 : 0;
}

static int
merge_rows(struct delta_table *t, const struct delta_snapshot *s, const struct merge_plan *plan, struct merge_source *m,
    struct msg *err)
{
	static struct delta_intent in;
	struct merge_options o = { .intent = &in };
	struct merge_result r;
	struct merge_change c;
	int failed;

	delta_intent_init(&in, t, s);
	failed = merge_run(m, t, s, &o, &r, err);
	if (failed)
		delta_intent_undo(&in);
	else if (r.nadds + r.nvectors + r.nremoves > 0) {
		merge_change_make(&c, plan, s, &o, NULL, 0, &r);
		failed = commit(t, s, &c.change, &in, err);
		merge_change_free(&c);
	}
	merge_result_free(&r);
	return failed;
}

/* Merges by rewriting files or by deletion vectors, as the table's property says. */
static int
merge_by(struct delta_table *t, bool by_vectors, struct msg *err)
{
	static const int fields[] = { 0, 1 };
	static const size_t key = 0;
	struct merge_plan plan = { .columns = columns, .fields = fields, .n = 2, .keys = &key, .nkeys = 1, .flag = -1,
	    .name = "source" };
	struct delta_snapshot s;
	struct merge_source *m;
	struct rec_header h;
	int failed;

	if (delta_load(t, DELTA_NEWEST, &s, err) < 0)
		return -1;
	rec_header_init(&h, "t");
	rec_header_add(&h, "k", (struct val_type){ VAL_INT64, 0, 0 }, true, false);
	rec_header_add(&h, "t", (struct val_type){ VAL_STRING, 0, 0 }, false, false);
	plan.columns = s.columns;
	if (!by_vectors)
		s.metadata.nconfiguration = 0;
	m = merge_source_new(&plan, &h);
	failed = give_source(m, err) < 0 || merge_rows(t, &s, &plan, m, err) < 0;
	merge_source_free(m);
	rec_header_free(&h);
	delta_snapshot_free(&s);
	return failed ? -1 : 0;
}

static int
merge_by_files(struct delta_table *t, struct msg *err)
{
	return merge_by(t, false, err);
}

static int
merge_by_vectors(struct delta_table *t, struct msg *err)
{
	return merge_by(t, true, err);
}

/* Commits what was prepared: the text of a change, read back. */
static int
commit_prepared(struct delta_table *t, const struct delta_snapshot *s, const struct buf *text, struct msg *err)
{
	struct delta_prepared p;
	struct delta_joint j = { 0 };
	struct msg warn = { 0 };
	int64_t version;
	int failed;

	if (delta_prepared_parse(&p, t, "prepared", text, err) < 0)
		return -1;
	failed = delta_prepared_check(&p, t, err) < 0 || delta_prepared_suits(&p, s, err) < 0 ||
	    delta_joint_make(&j, t, s, &p, 1, err) < 0 || delta_commit(t, s, j.changes, &version, &warn, err) < 0;
	delta_joint_free(&j);
	delta_prepared_free(&p);
	return failed ? -1 : 0;
}

/* Replaces the rows by those of the first file, which an earlier version had. */
static int
prepare(struct delta_table *t, struct msg *err)
{
	struct delta_change c = { .operation = "WRITE", .scope = DELTA_READ_TABLE, .replaces_rows = true,
	    .app = { "faults", 1, -1 } };
	struct delta_snapshot old, s;
	struct delta_file add;
	struct buf text = { 0 };
	int failed;

	if (delta_load(t, 3, &old, err) < 0)
		return -1;
	add = old.files[0];
	c.adds = &add;
	c.nadds = 1;
	failed = delta_load(t, DELTA_NEWEST, &s, err);
	if (!failed) {
		failed = delta_prepared_put(&text, t, &s, &c, err) < 0 || commit_prepared(t, &s, &text, err) < 0;
		delta_snapshot_free(&s);
	}
	buf_free(&text);
	delta_snapshot_free(&old);
	return failed ? -1 : 0;
}

/* Counts the rows by which the newest version differs from an earlier one. */
static int
read_changes(struct delta_table *t, struct msg *err)
{
	struct delta_scan_options o = { .ncolumns = 2 };
	struct delta_changes c = { 0 };
	struct delta_snapshot s, differing;
	struct delta_scan *sc;
	struct delta_batch b;
	int weights[64];
	size_t i;
	int got;

	if (delta_load(t, DELTA_NEWEST, &s, err) < 0)
		return -1;
	found = 0;
	got = delta_changes_find(&c, t, 4, &s, false, err);
	differing = s;
	differing.files = c.files;
	differing.nfiles = c.nfiles;
	o.rows = delta_changes_rows;
	o.to = &c;
	if (got == 0) {
		got = delta_scan_open(&sc, t, &differing, &o, err);
		while (got == 0 && (got = delta_scan_next(sc, &b, err)) > 0) {
			delta_changes_weigh(&c, &b, weights);
			for (i = 0, got = 0; i < b.rows; i++)
				found += weights[i] * b.columns[0].v.i64[i];
		}
		delta_scan_close(sc);
	}
	delta_changes_free(&c);
	delta_snapshot_free(&s);
	return got;
}

static int
delete_listed(struct delta_table *t, struct store_list *l, struct msg *err)
{
	size_t i;
	int failed = 0;

	for (i = 0; i < l->n && !failed; i++)
		failed = store_delete_own(t->store, &l->entries[i], err) < 0;
	store_list_free(l);
	return failed ? -1 : 0;
}

/* Removes what no version of the last day needs, and the log before its checkpoint. */
static int
clean_up(struct delta_table *t, struct msg *err)
{
	int64_t later = delta_now() + 40 * DELTA_DAY;
	struct delta_snapshot s;
	struct store_list l;
	int failed;

	if (delta_vacuum_find(t, later, &s, &l, err) < 0)
		return -1;
	failed = delete_listed(t, &l, err);
	if (!failed)
		failed = delta_expire_find(t, &s, later, &l, err);
	if (!failed)
		failed = delete_listed(t, &l, err);
	delta_snapshot_free(&s);
	return failed;
}

static const struct work {
	const char *name;
	int (*run)(struct delta_table *t, struct msg *err);
	bool changes;
} works[] = {
	{ "read", read_table, false },
	{ "an old version", read_version, false },
	{ "history", read_history, false },
	{ "changes", read_changes, false },
	{ "plain files", read_plain, false },
	{ "check", check_all, false },
	{ "append", add_file, true },
	{ "overwrite", replace_all, true },
	{ "optimize", rewrite, true },
	{ "merge", merge_by_files, true },
	{ "merge by vectors", merge_by_vectors, true },
	{ "a prepared version", prepare, true },
	{ "vacuum", clean_up, true },
};

/* ---- each failure ---- */

/* Puts the objects of one folder of the process's memory into another. */
static void
copy_objects(const char *from, const char *to, const char *folder)
{
	struct store *a, *b;
	struct store_list l;
	struct buf text = { 0 };
	struct msg err = { 0 };
	size_t i;

	CHECK(store_open(&a, from, &err) == 0 && store_open(&b, to, &err) == 0, "%s", err.text);
	CHECK(store_list(a, folder, &l, &err) == 0, "%s", err.text);
	for (i = 0; i < l.n; i++) {
		char *name = xasprintf("%s%s%s", folder, *folder != '\0' ? "/" : "", l.entries[i].name);

		text.len = 0;
		CHECK(store_get(a, name, &text, &err) == 1, "%s", err.text);
		CHECK(store_put(b, name, text.p, text.len, STORE_REPLACE, &err) == 1, "%s", err.text);
		free(name);
	}
	store_list_free(&l);
	buf_free(&text);
	store_close(a);
	store_close(b);
}

static struct delta_table
open_table(const char *address)
{
	struct delta_table t;
	struct msg err = { 0 };

	CHECK(delta_open(&t, address, &err) == 0, "%s", err.text);
	return t;
}

/* Makes the table that all begin with, which has a checkpoint and files that the newest version does not need. */
static void
make_table(void)
{
	struct delta_table t = open_table(ROOT "/first");
	struct msg err = { 0 };
	int i;

	for (i = 0; i < FILES; i++)
		CHECK(append(&t, i, i == 6, &err) == 0, "%s", err.text);
	delta_close(&t);
	copy_objects(ROOT "/first", ROOT "/first/export", "");
}

static int64_t
sum_of(const char *address)
{
	struct delta_table t = open_table(address);
	struct msg err = { 0 };

	CHECK(read_table(&t, &err) == 0, "%s: %s", address, err.text);
	delta_close(&t);
	return found;
}

/* Does the work on a copy of the table while an operation fails. Returns what the work does. */
static int
attempt(const struct work *w, const char *address, unsigned at, struct msg *err)
{
	struct delta_table t;
	int failed;

	copy_objects(ROOT "/first", address, "");
	copy_objects(ROOT "/first", address, DELTA_LOG);
	if (!w->changes)
		copy_objects(ROOT "/first", address, "export");
	t = open_table(address);
	t.warned = true;
	seen = 0;
	bad_at = at;
	store_mem_fate = choose;
	store_mem_fails = fail;
	failed = w->run(&t, err);
	store_mem_fate = NULL;
	store_mem_fails = NULL;
	delta_close(&t);
	return failed;
}

static void
remove_all(const char *address)
{
	static const char *const folders[] = { "", DELTA_LOG, "export" };
	struct store *s;
	struct store_list l;
	struct msg err = { 0 };
	size_t i, k;

	CHECK(store_open(&s, address, &err) == 0, "%s", err.text);
	for (k = 0; k < 3; k++) {
		CHECK(store_list(s, folders[k], &l, &err) == 0, "%s", err.text);
		for (i = 0; i < l.n; i++) {
			char *name = xasprintf("%s%s%s", folders[k], k > 0 ? "/" : "", l.entries[i].name);

			CHECK(store_delete(s, name, &err) == 1, "%s", err.text);
			free(name);
		}
		store_list_free(&l);
	}
	store_close(s);
}

/* Lets operation `at` of a work fail. Returns false if it has none of that number. */
static bool
fail_at(const struct work *w, unsigned at, int64_t before, int64_t after)
{
	const char *address = ROOT "/again";
	struct msg err = { 0 };
	int failed = attempt(w, address, at, &err);
	bool reached = seen >= at;
	struct delta_table t;
	int64_t now;

	CHECK(failed == 0 || failed == -1, "%s, operation %u: %d", w->name, at, failed);
	CHECK(failed == 0 || (reached && err.status >= 64 && err.status <= 78 && err.text[0] != '\0'),
	    "%s, operation %u of %u: %d %s", w->name, at, seen, err.status, err.text);
	if (w->changes) {
		now = sum_of(address);
		CHECK(now == after || (failed && now == before), "%s, operation %u: %" PRId64 " after %d %s", w->name,
		    at, now, failed, err.text);
		err = (struct msg){ 0 };
		t = open_table(address);
		CHECK(now == after || w->run(&t, &err) == 0, "%s again, after operation %u: %s", w->name, at,
		    err.text);
		delta_close(&t);
		CHECK(sum_of(address) == after, "%s again, after operation %u", w->name, at);
	} else {
		CHECK(failed || found == after, "%s, operation %u: %" PRId64 ", not %" PRId64, w->name, at, found,
		    after);
	}
	remove_all(address);
	return reached;
}

static void
fail_each(const struct work *w)
{
	unsigned at, step = getenv("ACCT_EACH") != NULL ? 1 : 16;
	int64_t before = sum_of(ROOT "/first"), after;
	struct msg err = { 0 };

	CHECK(attempt(w, ROOT "/right", 0, &err) == 0, "%s: %s", w->name, err.text);
	after = w->changes ? sum_of(ROOT "/right") : found;
	remove_all(ROOT "/right");
	for (stays = false;; stays = true) {
		for (at = 1; fail_at(w, at, before, after); at += 1 + (unsigned)unit_below(step))
			CHECK(at < 2000, "%s: no end", w->name);
		if (stays)
			break;
	}
}

int
main(void)
{
	size_t i;

	unit_start();
	store_mem_allow();
	make_table();
	for (i = 0; i < sizeof(works) / sizeof(*works); i++)
		fail_each(&works[i]);
	OK("faults", "after any failure of the store a table is as before or as it is to be");
	return 0;
}
