/*
 * The life of a table on every kind of store: data files, commits, checkpoints, intents of killed writers, vacuum, the
 * expiry of the log, deletion vectors and plain Parquet. The same cases on each, in one loop.
 */
#include <string.h>
#include <zlib.h>

#include "delta/delta.h"
#include "delta/log/names.h"
#include "delta/log/state.h"
#include "store/ops.h"
#include "table/table.h"
#include "unit.h"

enum { ROWS = 5 };			/* of each file: k is FILE * 100 + row */

static const struct delta_column columns[] = {
	{ .name = "k", .physical = "k", .id = PQ_NO_ID, .type = PQ_INT64, .partition = -1 },
	{ .name = "t", .physical = "t", .id = PQ_NO_ID, .type = PQ_STRING, .nullable = true, .partition = -1 },
};

static struct delta_table
open_table(const char *address)
{
	struct delta_table t;
	struct msg err = { 0 };

	CHECK(delta_open(&t, address, &err) == 0, "%s", err.text);
	return t;
}

static struct delta_snapshot
load(struct delta_table *t, int64_t version)
{
	struct delta_snapshot s;
	struct msg err = { 0 };

	CHECK(delta_load(t, version, &s, &err) == 0, "%s", err.text);
	return s;
}

/* Writes the rows of a file. */
static void
write_rows(struct delta_out *o, int file)
{
	int64_t k[ROWS];
	struct pq_bytes text[ROWS];
	uint8_t there[ROWS];
	struct pq_vector v[2] = { { .n = ROWS, .v.i64 = k }, { .n = ROWS, .def = there, .v.bytes = text } };
	struct msg err = { 0 };
	size_t i;

	for (i = 0; i < ROWS; i++) {
		k[i] = file * 100 + (int64_t)i;
		there[i] = i != 2;
		text[i] = (struct pq_bytes){ (const uint8_t *)"text", i != 2 ? i : 0 };
	}
	CHECK(delta_out_write(o, ROWS, v, &err) == 0, "%s", err.text);
}

struct files {
	struct delta_file *p;
	size_t n;
	struct pool pool;
};

/* Writes `n` data files from number `first` on. */
static struct files
write_files(struct delta_table *t, struct delta_intent *intent, int first, int n)
{
	struct delta_out_options opt = { .namer = &intent->namer };
	struct delta_out *o = delta_out_open(t, columns, 2, &opt);
	struct files f = { 0 };
	struct msg err = { 0 };
	int i;

	for (i = 0; i < n; i++) {
		write_rows(o, first + i);
		CHECK(delta_out_cut(o, &err) == 0, "%s", err.text);
	}
	CHECK(delta_out_finish(o, &f.pool, &f.p, &f.n, &err) == 0 && f.n == (size_t)n, "%s", err.text);
	delta_out_free(o);
	return f;
}

/* Commits a version that adds file `file`, and removes all others if it overwrites. */
static int64_t
commit(struct delta_table *t, int file, bool overwrite)
{
	struct delta_snapshot s;
	struct delta_intent intent;
	struct msg err = { 0 }, warn = { 0 };
	struct files f;
	size_t removes[64], i;
	struct delta_change c = { .operation = "WRITE", .removes = removes,
	    .scope = overwrite ? DELTA_READ_TABLE : DELTA_BLIND };
	int64_t version;

	CHECK(delta_load_any(t, &s, &err) == 0, "%s", err.text);
	delta_intent_init(&intent, t, &s);
	f = write_files(t, &intent, file, 1);
	c.adds = f.p;
	c.nadds = f.n;
	if (s.version < 0) {
		c.columns = columns;
		c.ncolumns = 2;
	}
	for (i = 0; i < s.nfiles && overwrite; i++)
		removes[c.nremoves++] = i;
	CHECK(delta_commit(t, &s, &c, &version, &warn, &err) == 0 && warn.status == 0, "%s%s", err.text, warn.text);
	delta_intent_end(&intent);
	delta_snapshot_free(&s);
	pool_free(&f.pool);
	return version;
}

/* Adds up the keys of a snapshot's rows; -1 if it cannot be read. */
static int64_t
sum(struct delta_table *t, const struct delta_snapshot *s, struct msg *err)
{
	struct delta_scan_options o = { 0 };
	struct delta_scan *sc;
	struct delta_batch b;
	int64_t all = 0;
	size_t i;
	int got = delta_scan_open(&sc, t, s, &o, err);

	while (got == 0 && (got = delta_scan_next(sc, &b, err)) > 0)
		for (i = 0, got = 0; i < b.rows; i++)
			all += b.deleted != NULL && b.deleted[i] ? 0 : b.columns[0].v.i64[i];
	delta_scan_close(sc);
	return got < 0 ? -1 : all;
}

static int64_t
sum_of_file(int file)
{
	return file * 100 * ROWS + ROWS * (ROWS - 1) / 2;
}

static void
sums(struct delta_table *t, int64_t version, int64_t want)
{
	struct delta_snapshot s = load(t, version);
	struct msg err = { 0 };
	int64_t got = sum(t, &s, &err);

	CHECK(got == want, "version %" PRId64 ": %" PRId64 ", not %" PRId64 ": %s", s.version, got, want, err.text);
	delta_snapshot_free(&s);
}

static size_t
count_objects(struct delta_table *t, const char *folder)
{
	struct store_list l;
	struct msg err = { 0 };
	size_t n;

	CHECK(store_list(t->store, folder, &l, &err) == 0, "%s", err.text);
	n = l.n;
	store_list_free(&l);
	return n;
}

/* ---- the cases ---- */

static void
birth(const char *address)
{
	struct delta_table t = open_table(address);
	struct delta_snapshot s;
	struct delta_history h;
	struct msg err = { 0 };
	int64_t version;

	CHECK(delta_exists(&t, &err) == 0 && delta_prepared_is_marked(&t, &err) == 0, "%s", err.text);
	CHECK(delta_load(&t, DELTA_NEWEST, &s, &err) < 0 && err.status == EX_NOINPUT, "%s", err.text);
	err = (struct msg){ 0 };
	CHECK(delta_prepared_mark(&t, &err) == 0 && delta_prepared_is_marked(&t, &err) == 1, "%s", err.text);
	CHECK(commit(&t, 0, false) == 0 && commit(&t, 1, false) == 1, "versions");
	CHECK(delta_prepared_unmark(&t, &err) == 1 && delta_prepared_is_marked(&t, &err) == 0, "%s", err.text);
	sums(&t, 0, sum_of_file(0));
	sums(&t, DELTA_NEWEST, sum_of_file(0) + sum_of_file(1));
	CHECK(delta_exists(&t, &err) == 1 && delta_history(&t, 0, &h, &err) == 0 && h.n == 2, "%s", err.text);
	CHECK(strcmp(h.commits[0].operation, "WRITE") == 0 && h.commits[0].version == 1, "%s", h.commits[0].operation);
	CHECK(delta_version_at(&t, h.commits[0].timestamp, &version, &err) == 0 && version == 1, "%s", err.text);
	CHECK(delta_version_at(&t, 1, &version, &err) < 0 && err.status == EX_NOINPUT, "%s", err.text);
	err = (struct msg){ 0 };
	CHECK(delta_load(&t, 2, &s, &err) < 0 && strstr(err.text, "the newest is 1") != NULL, "%s", err.text);
	delta_history_free(&h);
	delta_close(&t);
}

/* Lets another program damage an object. */
static void
spoil(struct delta_table *t, const char *name, const char *text)
{
	struct msg err = { 0 };

	CHECK(store_put(t->store, name, text, strlen(text), STORE_REPLACE, &err) == 1, "%s", err.text);
}

static void
delete_commits(struct delta_table *t, int64_t from, int64_t to)
{
	struct msg err = { 0 };

	for (; from <= to; from++) {
		char *name = delta_log_commit_name(from);

		CHECK(store_delete(t->store, name, &err) == 1, "%s: %s", name, err.text);
		free(name);
	}
}

/* Version 10 gets a checkpoint, from which the table is loaded when its commits are gone. */
static void
checkpoints(const char *address)
{
	struct delta_table t = open_table(address);
	struct delta_snapshot s;
	struct buf text = { 0 };
	struct msg err = { 0 };
	int64_t all = 0;
	int i;

	for (i = 0; i <= 11; i++) {
		CHECK(i < 2 || commit(&t, i, false) == i, "version %d", i);
		all += sum_of_file(i);
	}
	CHECK(store_get(t.store, DELTA_LOG "/_last_checkpoint", &text, &err) == 1, "%s", err.text);
	CHECK(strstr(buf_cstr(&text), "\"version\":10") != NULL, "%s", (char *)text.p);
	buf_free(&text);
	sums(&t, 11, all);
	sums(&t, 3, sum_of_file(0) + sum_of_file(1) + sum_of_file(2) + sum_of_file(3));
	delete_commits(&t, 0, 9);
	sums(&t, 11, all);
	CHECK(delta_load(&t, 3, &s, &err) < 0 && err.status == EX_NOINPUT, "%s", err.text);
	delta_close(&t);
}

static void
damage(const char *address)
{
	struct delta_table t = open_table(address);
	struct delta_snapshot s;
	struct msg err = { 0 };

	(void)commit(&t, 7, false);
	(void)commit(&t, 8, false);
	s = load(&t, DELTA_NEWEST);
	spoil(&t, s.files[0].name, "not Parquet");
	CHECK(sum(&t, &s, &err) < 0 && err.status == EX_DATAERR, "%s", err.text);
	err = (struct msg){ 0 };
	CHECK(store_delete(t.store, s.files[0].name, &err) == 1, "%s", err.text);
	CHECK(sum(&t, &s, &err) < 0 && err.status == EX_NOINPUT, "%s", err.text);
	delta_snapshot_free(&s);
	err = (struct msg){ 0 };
	spoil(&t, DELTA_LOG "/00000000000000000001.checkpoint.parquet", "torn");
	CHECK(delta_load_whole(&t, 1, &s, &err) < 0 && err.status == EX_DATAERR, "%s", err.text);
	t.warned = true;		/* a warning is not for this output */
	s = load(&t, 1);
	CHECK(s.nfiles == 2, "%zu", s.nfiles);
	delta_snapshot_free(&s);
	err = (struct msg){ 0 };
	delete_commits(&t, 0, 0);
	CHECK(delta_load(&t, 1, &s, &err) < 0 && err.status == EX_DATAERR, "%s", err.text);
	delta_close(&t);
}

/* Nobody touches the files of a running writer; those of a killed one go, unless a version names them. */
static void
intents(const char *address)
{
	struct delta_table t = open_table(address), other = open_table(address);
	struct delta_snapshot s;
	static struct delta_intent in, own;
	struct files f;
	struct msg err = { 0 };

	(void)commit(&t, 0, false);
	s = load(&t, DELTA_NEWEST);
	CHECK(count_objects(&t, "") == 1 && !s.intents, "%zu", count_objects(&t, ""));
	delta_intent_init(&in, &t, &s);
	f = write_files(&t, &in, 1, 3);
	CHECK(count_objects(&t, "") == 4 && delta_recover(&other, &err) == 0, "%s", err.text);
	CHECK(count_objects(&t, "") == 4, "the files of a running writer are gone");
	store_lock_end(&in.lock);	/* as if it were killed */
	CHECK(delta_recover(&other, &err) == 3 && count_objects(&t, "") == 1, "%s", err.text);
	delta_intent_end(&in);
	pool_free(&f.pool);
	delta_intent_init(&own, &t, &s);
	f = write_files(&t, &own, 1, 2);
	delta_intent_undo(&own);
	CHECK(count_objects(&t, "") == 1, "an undone writer left files");
	pool_free(&f.pool);
	delta_snapshot_free(&s);
	s = load(&t, DELTA_NEWEST);
	CHECK(!s.intents, "an intent is left");
	delta_snapshot_free(&s);
	delta_close(&t);
	delta_close(&other);
}

/* Removes what was listed. */
static void
delete_all(struct delta_table *t, struct store_list *l)
{
	struct msg err = { 0 };
	size_t i;

	for (i = 0; i < l->n; i++)
		CHECK(store_delete_own(t->store, &l->entries[i], &err) == 1, "%s: %s", l->entries[i].name, err.text);
	store_list_free(l);
}

static void
vacuums(const char *address)
{
	struct delta_table t = open_table(address);
	struct delta_snapshot s;
	struct store_list l;
	struct msg err = { 0 };
	int64_t now = delta_now();
	int i;

	for (i = 0; i < 12; i++)
		(void)commit(&t, i, i > 9);
	spoil(&t, "stray.parquet", "left by nobody");
	spoil(&t, "notes.txt", "not a file of the table");
	spoil(&t, "inner/" DELTA_LOG "/00000000000000000000.json", "{}");
	spoil(&t, "inner/deep/a.parquet", "a file of a table in the table");
	CHECK(delta_vacuum_find(&t, now - DELTA_DAY, &s, &l, &err) == 0 && l.n == 0, "%zu: %s", l.n, err.text);
	delta_snapshot_free(&s);
	store_list_free(&l);
	CHECK(delta_vacuum_find(&t, now + DELTA_DAY, &s, &l, &err) == 0 && l.n == 12, "%zu: %s", l.n, err.text);
	delete_all(&t, &l);
	CHECK(delta_expire_find(&t, &s, now, &l, &err) == 0 && l.n == 0, "%zu: %s", l.n, err.text);
	store_list_free(&l);
	CHECK(delta_expire_find(&t, &s, now + 40 * DELTA_DAY, &l, &err) == 0 && l.n == 20, "%zu: %s", l.n, err.text);
	CHECK(strcmp(l.entries[0].name, DELTA_LOG "/00000000000000000000.crc") == 0, "%s", l.entries[0].name);
	delete_all(&t, &l);
	delta_snapshot_free(&s);
	sums(&t, DELTA_NEWEST, sum_of_file(11));
	CHECK(count_objects(&t, "inner/deep") == 1 && count_objects(&t, "") == 2, "%zu", count_objects(&t, ""));
	delta_close(&t);
}

static void
big(struct buf *b, uint32_t v)
{
	buf_addc(b, (uint8_t)(v >> 24));
	buf_addc(b, (uint8_t)(v >> 16));
	buf_addc(b, (uint8_t)(v >> 8));
	buf_addc(b, (uint8_t)v);
}

/* A vector that deletes row 1, in a file: version, size, bitmap, CRC-32. */
static void
vectors(const char *address)
{
	static const uint8_t bitmap[] = { 0xd1, 0xd3, 0x39, 0x64, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x3a, 0x30, 0, 0,
	    1, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 1, 0 };
	struct delta_dv dv = { .storage = 'u', .path_or_inline = "00000000000000000000", .offset = 1,
	    .has_offset = true, .size = sizeof(bitmap), .cardinality = 1 };
	struct delta_table t = open_table(address);
	struct delta_snapshot s;
	struct buf b = { 0 };
	struct msg err = { 0 };
	const char *name = "deletion_vector_00000000-0000-0000-0000-000000000000.bin";

	(void)commit(&t, 3, false);
	s = load(&t, DELTA_NEWEST);
	s.files[0].dv = &dv;
	CHECK(sum(&t, &s, &err) < 0 && err.status == EX_NOINPUT, "%s", err.text);
	buf_addc(&b, 1);
	big(&b, sizeof(bitmap));
	buf_add(&b, bitmap, sizeof(bitmap));
	big(&b, (uint32_t)crc32(0, bitmap, sizeof(bitmap)));
	err = (struct msg){ 0 };
	CHECK(store_put(t.store, name, b.p, b.len, STORE_NEW, &err) == 1, "%s", err.text);
	CHECK(sum(&t, &s, &err) == sum_of_file(3) - 301, "%s", err.text);
	b.p[20] ^= 1;
	CHECK(store_put(t.store, name, b.p, b.len, STORE_REPLACE, &err) == 1, "%s", err.text);
	CHECK(sum(&t, &s, &err) < 0 && strstr(err.text, "damaged") != NULL, "%s", err.text);
	err = (struct msg){ 0 };
	CHECK(store_put(t.store, name, b.p, 3, STORE_REPLACE, &err) == 1, "%s", err.text);
	CHECK(sum(&t, &s, &err) < 0 && strstr(err.text, "too short") != NULL, "%s", err.text);
	delta_snapshot_free(&s);
	buf_free(&b);
	delta_close(&t);
}

/* A data file by its own address, its folder without the log, and what is neither. */
static void
plain(const char *address)
{
	char *folder = xasprintf("%s/export", address), *object, *slashed = xasprintf("%s/export/a.parquet/", address);
	struct delta_table t = open_table(address), p;
	struct delta_snapshot s = { 0 };
	struct buf text = { 0 };
	struct msg err = { 0 };
	const char *key;

	(void)commit(&t, 2, false);
	s = load(&t, DELTA_NEWEST);
	CHECK(store_get(t.store, s.files[0].name, &text, &err) == 1, "%s", err.text);
	CHECK(store_put(t.store, "export/a.parquet", text.p, text.len, STORE_NEW, &err) == 1, "%s", err.text);
	CHECK(store_put(t.store, "export/b.parquet", text.p, text.len, STORE_NEW, &err) == 1, "%s", err.text);
	spoil(&t, "export/_c.parquet", "hidden");
	object = xasprintf("%s/export/a.parquet", address);
	delta_snapshot_free(&s);
	CHECK(table_plain(&p, folder, false, &s, &key, &err) == 0 && s.nfiles == 2 && s.ncolumns == 2, "%s", err.text);
	CHECK(sum(&p, &s, &err) == 2 * sum_of_file(2) && key == NULL, "%s", err.text);
	delta_snapshot_free(&s);
	delta_close(&p);
	CHECK(table_plain(&p, object, false, &s, &key, &err) == 0 && s.nfiles == 1, "%s", err.text);
	CHECK(sum(&p, &s, &err) == sum_of_file(2), "%s", err.text);
	delta_snapshot_free(&s);
	delta_close(&p);
	CHECK(table_plain(&p, slashed, false, &s, &key, &err) < 0 && err.status == EX_NOINPUT, "%s", err.text);
	spoil(&t, "export/p=1/a.parquet", "a partition");
	err = (struct msg){ 0 };
	CHECK(table_plain(&p, folder, false, &s, &key, &err) < 0 && err.status == EX_UNAVAILABLE, "%s", err.text);
	free(slashed);
	slashed = xasprintf("%s/nothing", address);
	err = (struct msg){ 0 };
	CHECK(table_plain(&p, slashed, false, &s, &key, &err) < 0 && err.status == EX_NOINPUT, "%s", err.text);
	free(slashed);
	free(object);
	free(folder);
	buf_free(&text);
	delta_close(&t);
}

static const struct {
	const char *name;
	void (*run)(const char *address);
} cases[] = {
	{ "life", birth }, { "life", checkpoints }, { "damage", damage }, { "intents", intents }, { "vacuum", vacuums },
	{ "vectors", vectors }, { "plain", plain },
};

int
main(void)
{
	static char folder[] = "/tmp/acct-lake.XXXXXX";
	static const char *const roots[] = { folder, "mem://lake" };	/* a kind of store each */
	char *text;
	size_t i, k;

	unit_start();
	store_mem_allow();
	CHECK(mkdtemp(folder) != NULL, "%s", folder);
	for (i = 0; i < sizeof(roots) / sizeof(*roots); i++)
		for (k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
			text = xasprintf("%s/%s", roots[i], cases[k].name);
			cases[k].run(text);
			free(text);
		}
	text = xasprintf("rm -rf %s", folder);
	CHECK(system(text) == 0, "%s", text);
	free(text);
	OK("lake", "the life of a table, on every kind of store");
	return 0;
}
