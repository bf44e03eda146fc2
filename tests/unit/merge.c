/*
 * Merges into a table, against a model that is an array of rows: what becomes of them, the changes reported,
 * which files are written anew, and what is refused.
 */
#include "unit.h"

#include <dirent.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "merge/merge.h"

/* The table's columns, of which the source has the first; the stream has the flag beside them. */
enum { ID, NAME, AMOUNT, NOTE, RATIO, GIVEN, STAYS = GIVEN, COLUMNS, FLAG = GIVEN, FIELDS };
enum { PARTS = 7 };			/* of a key of two columns, how many values the name has */
enum { SHOWN = 5 };			/* of keys that came twice */

static const int64_t NONE = INT64_MIN;	/* a null */

struct row {
	int64_t v[COLUMNS];		/* numbers that encode values of each column */
};

struct incoming {			/* a row of the source */
	struct row row;
	size_t key;
	bool flagged;
};

enum fate { SAME, INSERTED, UPDATED, DELETED };

/* What keys are made of: rows are numbered by their keys. */
static const struct shape {
	enum pq_type id;
	size_t keys[2], nkeys;
	int64_t step;			/* from one id to the next */
} shapes[] = {
	{ PQ_INT32, { ID }, 1, 1 }, { PQ_INT64, { ID }, 1, 1 },
	{ PQ_INT32, { ID }, 1, 100003 }, { PQ_INT64, { ID }, 1, 400000000000001 },
	{ PQ_INT64, { NAME }, 1, 1 }, { PQ_INT32, { NAME, ID }, 2, 1 }, { PQ_INT64, { ID, NAME }, 2, 1000003 }
};
enum { SHAPES = sizeof(shapes) / sizeof(*shapes) };

static char root[] = "/tmp/merge.XXXXXX";
static const struct shape *shape;
static struct delta_table table;
static struct delta_intent intent;
static struct delta_snapshot snapshot;
static struct delta_column columns[COLUMNS];
static size_t place[FIELDS];		/* of each column, where it stands in the stream */
static int fields[COLUMNS];
static struct rec_header header;
static struct merge_plan plan;

static size_t nkeys;			/* how many keys there are at all */
static struct row *rows, *later;	/* by key: as the table has them, as it will have them */
static bool *there;
static size_t *file;			/* of the snapshot, where each is */
static enum fate *fates;
static bool *touched;			/* by file */
static struct merge_result expected;	/* its counts */

static struct incoming *source;
static size_t nsource;

static struct told {
	enum fate fate;
	bool before;			/* a row as it was */
	struct row row;
} *told;
static size_t ntold;

/* ---- values ---- */

static void
put_text(int column, int64_t v, struct buf *out)
{
	if (column == NAME)
		buf_addf(out, "n%" PRId64, v);
	else if (v > 0)			/* else the empty string */
		buf_addf(out, "note\t%" PRId64 "\n", v);
}

static double
ratio(int64_t v)
{
	return v == 0 ? (double)NAN : v == 1 ? -0.0 : (double)(v - 2) / 7;
}

static int64_t
take_text(int column, struct pq_bytes b)
{
	size_t skip = column == NAME ? 1 : 5;
	struct buf copy = { 0 }, again = { 0 };
	int64_t v;

	buf_add(&copy, b.p, b.n);
	v = b.n > skip ? strtoll(buf_cstr(&copy) + skip, NULL, 10) : 0;
	put_text(column, v, &again);
	CHECK(again.len == b.n && (b.n == 0 || memcmp(again.p, b.p, b.n) == 0), "column %d: %s", column,
	    buf_cstr(&copy));
	buf_free(&copy);
	buf_free(&again);
	return v;
}

static int64_t
take(int column, const struct pq_vector *v, size_t i)
{
	double d;

	if (v->def != NULL && !v->def[i])
		return NONE;
	switch (column) {
	case ID:
		return shape->id == PQ_INT32 ? v->v.i32[i] : v->v.i64[i];
	case AMOUNT:
		return v->v.i64[i];
	case RATIO:
		d = v->v.f64[i];
		return isnan(d) ? 0 : d == 0 && signbit(d) ? 1 : lround(d * 7) + 2;
	case STAYS:
		return v->v.i32[i];
	default:
		return take_text(column, v->v.bytes[i]);
	}
}

static struct row
take_row(const struct pq_vector *vectors, size_t i)
{
	struct row r;
	int c;

	for (c = 0; c < COLUMNS; c++)
		r.v[c] = take(c, &vectors[c], i);
	return r;
}

static bool
is_key(size_t column)
{
	return shape->keys[0] == column || (shape->nkeys > 1 && shape->keys[1] == column);
}

static size_t
key_of(const struct row *r)
{
	int64_t key = 0;

	if (is_key(ID))
		key = r->v[ID] / shape->step;
	if (is_key(NAME))
		key = key * PARTS + r->v[NAME];
	CHECK(key >= 0 && (size_t)key < nkeys, "%" PRId64, key);
	return (size_t)key;
}

static struct row
random_row(size_t key)
{
	struct row r;
	size_t c;

	for (c = 0; c < COLUMNS; c++)
		r.v[c] = c > NAME && unit_below(4) == 0 ? NONE : (int64_t)unit_below(4);
	if (is_key(ID))
		r.v[ID] = (int64_t)(is_key(NAME) ? key / PARTS : key) * shape->step;
	if (is_key(NAME))
		r.v[NAME] = (int64_t)(is_key(ID) ? key % PARTS : key);
	return r;
}

static bool
same(const struct row *a, const struct row *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* As a message shows it. */
static void
put_key(size_t key, struct buf *out)
{
	struct row r = random_row(key);
	struct buf name = { 0 };
	size_t i;

	put_text(NAME, r.v[NAME], &name);
	for (i = 0; i < shape->nkeys; i++) {
		buf_adds(out, i > 0 ? ", " : "");
		if (shape->keys[i] == ID)
			buf_addf(out, "%" PRId64, r.v[ID]);
		else
			buf_adds(out, msg_quotes(buf_cstr(&name)));
	}
	buf_free(&name);
}

/* ---- the table ---- */

static void
make_columns(void)
{
	static const struct delta_column made[COLUMNS] = {
		[ID] = { .name = "id" }, [NAME] = { .name = "name", .type = PQ_STRING },
		[AMOUNT] = { .name = "amount", .type = PQ_DECIMAL, .precision = 9, .scale = 2, .nullable = true },
		[NOTE] = { .name = "note", .type = PQ_STRING, .nullable = true },
		[RATIO] = { .name = "ratio", .type = PQ_DOUBLE, .nullable = true },
		[STAYS] = { .name = "stays", .type = PQ_INT32, .nullable = true }
	};
	size_t c;

	memcpy(columns, made, sizeof(columns));
	columns[ID].type = shape->id;
	for (c = 0; c < COLUMNS; c++) {
		columns[c].physical = columns[c].name;
		columns[c].id = PQ_NO_ID;
		columns[c].partition = -1;
	}
}

/* The stream's columns in any order. */
static void
make_plan(bool flags)
{
	static const struct val_type types[FIELDS] = { [ID] = { VAL_INT64, 0, 0 }, [NAME] = { VAL_STRING, 0, 0 },
	    [AMOUNT] = { VAL_DECIMAL, 9, 2 }, [NOTE] = { VAL_STRING, 0, 0 }, [RATIO] = { VAL_FLOAT64, 0, 0 },
	    [FLAG] = { VAL_STRING, 0, 0 } };
	struct val_type id = { shape->id == PQ_INT32 ? VAL_INT32 : VAL_INT64, 0, 0 };
	size_t at[FIELDS], c, k, i;

	for (c = 0; c < FIELDS; c++) {
		k = unit_below(c + 1);
		at[c] = at[k];
		at[k] = c;
	}
	rec_header_free(&header);
	rec_header_init(&header, "t");
	for (i = 0; i < FIELDS; i++) {
		c = at[i];
		place[c] = i;
		rec_header_add(&header, c == FLAG ? "flag" : columns[c].name, c == ID ? id : types[c], is_key(c),
		    false);
		if (c != FLAG)
			fields[c] = (int)i;
	}
	fields[STAYS] = -1;
	plan = (struct merge_plan){ .columns = columns, .fields = fields, .n = COLUMNS, .keys = shape->keys,
	    .nkeys = shape->nkeys, .flag = flags ? (int)place[FLAG] : -1, .flag_value = (const uint8_t *)"D",
	    .nflag_value = 1 };
}

/* Values of rows as vectors; all is in the pool. */
static void
make_vectors(const struct row *r, size_t n, struct pq_vector *vectors, struct pool *pool)
{
	size_t i, c;

	for (c = 0; c < COLUMNS; c++) {
		uint8_t *def = pool_alloc(pool, n);
		void *values = pool_alloc(pool, n * sizeof(struct pq_bytes));

		for (i = 0; i < n; i++) {
			int64_t v = r[i].v[c] != NONE ? r[i].v[c] : 0;
			struct buf text = { 0 };

			def[i] = r[i].v[c] != NONE;
			if (c == NAME || c == NOTE) {
				put_text((int)c, v, &text);
				((struct pq_bytes *)values)[i] = (struct pq_bytes){
				    pool_copy(pool, buf_cstr(&text), text.len + 1), text.len };
			} else if (c == RATIO) {
				/* another NaN than a stream's */
				((double *)values)[i] = v == 0 ? -ratio(v) : ratio(v);
			} else if (c == STAYS || (c == ID && shape->id == PQ_INT32)) {
				((int32_t *)values)[i] = (int32_t)v;
			} else {
				((int64_t *)values)[i] = v;
			}
			buf_free(&text);
		}
		vectors[c] = (struct pq_vector){ .n = n, .def = columns[c].nullable ? def : NULL, .v.any = values };
	}
}

static void
commit(const struct delta_file *adds, size_t nadds, const size_t *removes, size_t nremoves)
{
	struct delta_change c = { .operation = "MERGE", .scope = DELTA_READ_TABLE, .adds = adds, .nadds = nadds,
	    .removes = removes, .nremoves = nremoves, .columns = snapshot.version < 0 ? columns : NULL,
	    .ncolumns = COLUMNS };
	struct msg warn = { 0 }, err = { 0 };
	int64_t version;

	CHECK(delta_commit(&table, &snapshot, &c, &version, &warn, &err) == 0, "%s", err.text);
	CHECK(warn.status == 0, "%s", warn.text);
	delta_snapshot_free(&snapshot);
	CHECK(delta_load(&table, DELTA_NEWEST, &snapshot, &err) == 0, "%s", err.text);
}

/* Adds files of rows to the table, so many to each. */
static void
write_files(const struct row *r, size_t n, size_t each)
{
	struct delta_intent in;
	struct delta_out_options o = { .codec = PQ_SNAPPY, .namer = &in.namer };
	struct pq_vector vectors[COLUMNS];
	struct pool pool = { 0 };
	struct delta_file *files;
	struct delta_out *out;
	struct msg err = { 0 };
	size_t i, some, nfiles;

	delta_intent_init(&in, &table, &snapshot);
	out = delta_out_open(&table, columns, COLUMNS, &o);
	for (i = 0; i < n; i += some) {
		some = n - i < each ? n - i : each;
		make_vectors(r + i, some, vectors, &pool);
		CHECK(delta_out_write(out, some, vectors, &err) == 0 && delta_out_cut(out, &err) == 0, "%s", err.text);
	}
	CHECK(delta_out_finish(out, &pool, &files, &nfiles, &err) == 0, "%s", err.text);
	commit(files, nfiles, NULL, 0);
	delta_intent_end(&in);
	delta_out_free(out);
	pool_free(&pool);
}

/* The table is as the model; learns which file has which row. */
static void
check_table(void)
{
	struct delta_scan_options o = { .ncolumns = COLUMNS };
	bool *seen = xcalloc(nkeys, sizeof(*seen));
	struct delta_scan *scan;
	struct delta_batch b;
	struct msg err = { 0 };
	struct row r;
	size_t i, key;
	int got;

	CHECK(delta_scan_open(&scan, &table, &snapshot, &o, &err) == 0, "%s", err.text);
	while ((got = delta_scan_next(scan, &b, &err)) > 0)
		for (i = 0; i < b.rows; i++) {
			r = take_row(b.columns, i);
			key = key_of(&r);
			CHECK(there[key] && !seen[key] && same(&r, &rows[key]), "row %zu of file %zu, key %zu", i,
			    b.file, key);
			seen[key] = true;
			file[key] = b.file;
		}
	CHECK(got == 0, "%s", err.text);
	delta_scan_close(scan);
	for (key = 0; key < nkeys; key++)
		CHECK(seen[key] == there[key], "key %zu", key);
	free(seen);
}

/* A table of some of so many keys, in some files; or none yet. */
static void
open_table(const struct shape *of, size_t n, size_t nfiles)
{
	static unsigned serial;
	char *address = xasprintf("%s/%u", root, serial++);
	struct row *some = xcalloc(n, sizeof(*some));
	struct msg err = { 0 };
	size_t key, made = 0;

	shape = of;
	nkeys = n;
	rows = xcalloc(n, sizeof(*rows));
	later = xcalloc(n, sizeof(*later));
	there = xcalloc(n, sizeof(*there));
	file = xcalloc(n, sizeof(*file));
	fates = xcalloc(n, sizeof(*fates));
	source = xcalloc(2 * n, sizeof(*source));
	told = xcalloc(2 * n, sizeof(*told));
	make_columns();
	CHECK(delta_open(&table, address, &err) == 0, "%s", err.text);
	CHECK(delta_load_any(&table, &snapshot, &err) == 0, "%s", err.text);
	for (key = 0; key < n && nfiles > 0; key++)
		if ((there[key] = unit_below(3) > 0))
			some[made++] = rows[key] = random_row(key);
	if (made > 0)
		write_files(some, made, made / nfiles + 1);
	free(some);
	free(address);
}

static void
close_table(void)
{
	free(rows);
	free(later);
	free(there);
	free(file);
	free(fates);
	free(source);
	free(told);
	delta_snapshot_free(&snapshot);
	delta_close(&table);
}

static size_t
count_data_files(void)
{
	DIR *d = opendir(table.address);
	struct dirent *e;
	size_t n = 0;

	while (d != NULL && (e = readdir(d)) != NULL)
		n += strstr(e->d_name, ".parquet") != NULL;
	if (d != NULL)
		closedir(d);
	return n;
}

/* ---- the source ---- */

static void
shuffle(void)
{
	struct incoming x;
	size_t i, k;

	for (i = 1; i < nsource; i++) {
		k = unit_below(i + 1);
		x = source[i];
		source[i] = source[k];
		source[k] = x;
	}
}

/* Rows of many keys, or of few; so many of a hundred are others than the table has. */
static void
make_source(bool flags, unsigned changed)
{
	uint64_t one_of = 1 + unit_below(4);
	struct incoming *in;
	size_t key, c;

	for (key = nsource = 0; key < nkeys; key++) {
		bool other = unit_below(100) < changed;

		if (unit_below(one_of) > 0 || (!there[key] && !other))
			continue;
		in = &source[nsource++];
		*in = (struct incoming){ .row = other ? random_row(key) : rows[key], .key = key,
		    .flagged = flags && other && unit_below(3) == 0 };
		for (c = 0; c < GIVEN; c++)
			if (in->flagged && !is_key(c) && unit_below(2) == 0)
				in->row.v[c] = NONE;
	}
	shuffle();
}

static void
put_field(size_t column, const struct incoming *in, struct buf *out)
{
	uint8_t *to = buf_room(out, 64);
	int64_t v = column == FLAG ? 0 : in->row.v[column];
	struct buf text = { 0 };

	if (v == NONE) {
		*to = VAL_NULL;
		out->len++;
	} else if (column == FLAG) {
		*to = in->flagged ? 'D' : 'U';
		out->len++;
	} else if (column == NAME || column == NOTE) {
		put_text((int)column, v, &text);
		out->len += val_put_string(to, buf_cstr(&text), text.len);
	} else {
		out->len += column == RATIO ? val_put_float(to, ratio(v)) : val_put_int(to, v);
	}
	buf_free(&text);
}

/* Hands n rows over as a batch. As merge_source_add. */
static int
feed(struct merge_source *s, size_t from, size_t n, struct msg *err)
{
	uint32_t *off = xcalloc(n * FIELDS + 33, sizeof(*off));
	struct rec_batch b = { .n = n, .first = from + 1, .off = off, .stride = FIELDS, .segment = &header };
	struct buf bytes = { 0 };
	size_t i, f, c;
	int failed;

	for (i = 0; i < n; i++)
		for (f = 0; f < FIELDS; f++) {
			for (c = 0; place[c] != f; c++)
				;
			put_field(c, &source[from + i], &bytes);
			buf_addc(&bytes, f + 1 < FIELDS ? '\t' : '\n');
			off[i * FIELDS + f + 1] = (uint32_t)bytes.len;
		}
	memset(buf_room(&bytes, VAL_PAD), 0, VAL_PAD);
	b.base = bytes.p;
	failed = merge_source_add(s, &b, err);
	buf_free(&bytes);
	free(off);
	return failed;
}

/* The source in batches of any size. -1 with err where it is refused; to be freed in any case. */
static int
remember(struct merge_source **sp, struct msg *err)
{
	size_t i, n, most = unit_below(2) ? 50 : REC_BATCH_MAX;

	*sp = merge_source_new(&plan, &header);
	for (i = 0; i < nsource; i += n) {
		n = 1 + unit_below(most);
		n = n < nsource - i ? n : nsource - i;
		if (feed(*sp, i, n, err) < 0)
			return -1;
	}
	return merge_source_end(*sp, err);
}

/* ---- what is to come of it ---- */

static void
predict(bool delete_absent)
{
	struct merge_result *e = &expected;
	size_t key, i;

	for (key = 0; key < nkeys; key++) {
		fates[key] = there[key] && delete_absent ? DELETED : SAME;
		later[key] = rows[key];
	}
	for (i = 0; i < nsource; i++) {
		key = source[i].key;
		if (!source[i].flagged) {
			memcpy(later[key].v, source[i].row.v, GIVEN * sizeof(*later->v));
			if (!there[key])
				later[key].v[STAYS] = NONE;
			fates[key] = !there[key] ? INSERTED : same(&later[key], &rows[key]) ? SAME : UPDATED;
		} else {
			fates[key] = there[key] ? DELETED : SAME;
		}
	}
	*e = (struct merge_result){ .source = nsource };
	free(touched);
	touched = xcalloc(snapshot.nfiles + 1, sizeof(*touched));
	for (key = 0; key < nkeys; key++) {
		e->inserted += fates[key] == INSERTED;
		e->updated += fates[key] == UPDATED;
		e->deleted += fates[key] == DELETED;
		if (fates[key] == UPDATED || fates[key] == DELETED)
			touched[file[key]] = true;
	}
	for (key = 0; key < nkeys; key++)
		e->copied += there[key] && fates[key] == SAME && touched[file[key]];
}

static int
hear(void *to, size_t n, const struct pq_vector *vectors, struct msg *err)
{
	static const struct { const char *word; enum fate fate; bool before; } words[] = {
		{ "insert", INSERTED, false }, { "delete", DELETED, true }, { "update_preimage", UPDATED, true },
		{ "update_postimage", UPDATED, false }
	};
	size_t i, k;

	CHECK(to == told && err != NULL && n > 0 && ntold + n <= 2 * nkeys, "%zu", n);
	for (i = 0; i < n; i++) {
		struct pq_bytes b = vectors[0].v.bytes[i];

		for (k = 0; k < 4 && (strlen(words[k].word) != b.n || memcmp(words[k].word, b.p, b.n) != 0); k++)
			;
		CHECK(k < 4, "%.*s", (int)b.n, (const char *)b.p);
		told[ntold++] = (struct told){ words[k].fate, words[k].before, take_row(vectors + 1, i) };
	}
	return 0;
}

/* Each change once and whole, a row as it was directly before the row as it is. */
static void
check_told(void)
{
	bool *heard = xcalloc(nkeys, sizeof(*heard));
	size_t i, key;

	CHECK(ntold == expected.inserted + expected.deleted + 2 * expected.updated, "%zu", ntold);
	for (i = 0; i < ntold; i++) {
		const struct told *t = &told[i];

		key = key_of(&t->row);
		CHECK(fates[key] == t->fate, "change %zu: key %zu", i, key);
		CHECK(same(&t->row, t->before ? &rows[key] : &later[key]), "change %zu: key %zu", i, key);
		if (t->fate == UPDATED && !t->before) {
			CHECK(i > 0 && told[i - 1].before && key_of(&told[i - 1].row) == key, "change %zu", i);
			continue;
		}
		CHECK(!heard[key], "change %zu: key %zu again", i, key);
		heard[key] = true;
	}
	free(heard);
}

static void
check_result(const struct merge_result *r)
{
	const struct merge_result *e = &expected;
	size_t i, n = 0;

	CHECK(r->source == e->source && r->inserted == e->inserted && r->updated == e->updated &&
	    r->deleted == e->deleted && r->copied == e->copied, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
	    ", not %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, r->inserted, r->updated, r->deleted, r->copied,
	    e->inserted, e->updated, e->deleted, e->copied);
	for (i = 0; i < snapshot.nfiles; i++)
		if (touched[i])
			CHECK(n < r->nremoves && r->removes[n++] == i, "file %zu of %zu", i, snapshot.nfiles);
	CHECK(r->nremoves == n, "%zu, not %zu", r->nremoves, n);
	CHECK(r->nadds == (e->inserted + e->updated + e->copied > 0), "%zu", r->nadds);
}

/* ---- merging ---- */

static void
run(struct merge_source *s, bool delete_absent, bool ask, struct merge_result *r)
{
	struct merge_options o = { .intent = &intent, .delete_absent = delete_absent, .change = ask ? hear : NULL,
	    .to = told };
	struct msg err = { 0 };

	ntold = 0;
	predict(delete_absent);
	delta_intent_init(&intent, &table, &snapshot);
	CHECK(merge_run(s, &table, &snapshot, &o, r, &err) == 0, "%s", err.text);
	check_result(r);
	if (ask)
		check_told();
}

static void
apply(void)
{
	size_t key;

	for (key = 0; key < nkeys; key++)
		if (fates[key] != SAME) {
			there[key] = fates[key] != DELETED;
			rows[key] = later[key];
		}
}

/* A try that comes to nothing, the merge, and once more with nothing left to do. */
static void
merge(bool flags, bool delete_absent, unsigned changed)
{
	size_t files = count_data_files();
	struct merge_source *s;
	struct merge_result r;
	struct msg err = { 0 };

	make_plan(flags);
	make_source(flags, changed);
	CHECK(remember(&s, &err) == 0, "%s", err.text);
	if (unit_below(3) == 0) {
		run(s, delete_absent, unit_below(2), &r);
		delta_intent_undo(&intent);
		merge_result_free(&r);
		CHECK(count_data_files() == files, "%zu, not %zu", count_data_files(), files);
	}
	run(s, delete_absent, unit_below(4) > 0, &r);
	CHECK(count_data_files() == files + r.nadds, "%zu, not %zu", count_data_files(), files + r.nadds);
	if (r.nadds > 0 || r.nremoves > 0 || snapshot.version < 0)
		commit(r.adds, r.nadds, r.removes, r.nremoves);
	delta_intent_end(&intent);
	merge_result_free(&r);
	apply();
	check_table();
	run(s, delete_absent, true, &r);
	CHECK(r.nadds + r.nremoves + ntold == 0, "%zu %zu %zu", r.nadds, r.nremoves, ntold);
	merge_result_free(&r);
	merge_source_free(s);
}

static void
merges(const struct shape *of, size_t n, unsigned times)
{
	static const unsigned changed[] = { 0, 1, 3, 50, 100 };
	unsigned mode;

	open_table(of, n, unit_below(6));
	if (snapshot.version >= 0)
		check_table();
	for (; times > 0; times--) {
		mode = (unsigned)unit_below(4);
		merge(mode == 1, mode == 2, changed[unit_below(5)]);
	}
	close_table();
}

/* ---- what is refused ---- */

/* Keys that come more than once, in the order in which that is seen. */
static void
twice_in_source(const struct shape *of)
{
	struct buf want = { 0 };
	struct merge_source *s;
	struct msg err = { 0 };
	unsigned *times;
	size_t i, n, again = 0;

	open_table(of, 1 + unit_below(60), 0);
	times = xcalloc(nkeys, sizeof(*times));
	make_plan(unit_below(2));
	make_source(plan.flag >= 0, 100);
	n = nsource;
	for (i = 0; n > 0 && i < nkeys; i += 1 + unit_below(9))
		source[nsource++] = source[unit_below(n)];
	shuffle();
	buf_adds(&want, "more than one record for a key: ");
	for (i = 0; i < nsource; i++)
		if (++times[source[i].key] == 2 && again++ < SHOWN) {
			buf_adds(&want, again > 1 ? "; " : "");
			put_key(source[i].key, &want);
		}
	if (again > SHOWN)
		buf_addf(&want, "; and %zu more", again - SHOWN);
	CHECK((remember(&s, &err) < 0) == (again > 0), "%zu", again);
	if (again > 0)
		CHECK(err.status == EX_DATAERR && strcmp(err.text, buf_cstr(&want)) == 0, "%s, not %s", err.text,
		    buf_cstr(&want));
	merge_source_free(s);
	buf_free(&want);
	free(times);
	close_table();
}

/* A key of the source that the table has more than once; one that the source does not have does not matter. */
static void
twice_in_table(const struct shape *of)
{
	struct merge_options o = { .intent = &intent };
	struct merge_source *s;
	struct merge_result r;
	struct msg err = { 0 };
	struct buf want = { 0 };
	size_t key, files, i;
	bool has = false;

	open_table(of, 5 + unit_below(60), 3);
	for (key = 0; key + 1 < nkeys && !there[key]; key++)
		;
	there[key] = true;
	rows[key] = random_row(key);
	write_files(&rows[key], 1, 1);
	write_files(&rows[key], 1, 1);
	make_plan(false);
	make_source(false, 100);
	for (i = 0; i < nsource; i++)
		has |= source[i].key == key;
	files = count_data_files();
	CHECK(remember(&s, &err) == 0, "%s", err.text);
	buf_adds(&want, "the table has more than one row for a key: ");
	put_key(key, &want);
	delta_intent_init(&intent, &table, &snapshot);
	CHECK((merge_run(s, &table, &snapshot, &o, &r, &err) < 0) == has, "%s", err.text);
	if (has)
		delta_intent_undo(&intent);
	if (has)
		CHECK(err.status == EX_DATAERR && strstr(err.text, buf_cstr(&want)) != NULL, "%s, not %s", err.text,
		    buf_cstr(&want));
	CHECK(!has || count_data_files() == files, "%zu, not %zu", count_data_files(), files);
	delta_intent_end(&intent);
	merge_result_free(&r);
	merge_source_free(s);
	buf_free(&want);
	close_table();
}

static void
nulls(const struct shape *of)
{
	struct merge_source *s;
	struct msg err = { 0 };
	size_t column = unit_below(2), i;
	char *want;

	open_table(of, 20, 0);
	make_plan(true);
	do
		make_source(true, 100);
	while (nsource == 0);
	i = unit_below(nsource);
	source[i].row = random_row(source[i].key);
	source[i].row.v[column] = NONE;
	source[i].flagged = is_key(column) && unit_below(2);
	want = xasprintf("record %zu: %s: null%s", i + 1, columns[column].name, is_key(column) ? " in a key" :
	    ", which the table does not allow");
	CHECK(remember(&s, &err) < 0 && err.status == EX_DATAERR && strcmp(err.text, want) == 0, "%s, not %s", err.text,
	    want);
	merge_source_free(s);
	free(want);
	close_table();
}

int
main(void)
{
	char *command;
	size_t i, k;

	unit_start();
	CHECK(mkdtemp(root) != NULL, "%s", root);
	for (i = 0; i < SHAPES; i++)
		for (k = 0; k < 2; k++)
			merges(&shapes[i], 1 + unit_below(k == 0 ? 10 : 400), 4);
	OK("merge", "the table, the metrics and the files that are written are as the model has them");
	merges(&shapes[unit_below(SHAPES)], 20000, 2);
	OK("merge", "more rows than go at once");
	for (i = 0; i < 20 * SHAPES; i++)
		twice_in_source(&shapes[i % SHAPES]);
	for (i = 0; i < SHAPES; i++)
		twice_in_table(&shapes[i]);
	OK("merge", "keys that come twice are refused, by name");
	for (i = 0; i < 20 * SHAPES; i++)
		nulls(&shapes[i % SHAPES]);
	OK("merge", "nulls are refused, with their record");
	free(touched);
	rec_header_free(&header);
	command = xasprintf("rm -rf %s", root);
	CHECK(system(command) == 0, "%s", command);
	free(command);
	return 0;
}
