/*
 * Writes a classic single-file checkpoint in Spark's schema, which some readers require (clauses Checkpoints,
 * Checkpoint Schema). Each row has one action in its top-level group; all other groups are null.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "delta/log/fresh.h"
#include "delta/log/names.h"
#include "delta/log/pq.h"
#include "delta/log/state.h"

#define LEAF(n, t) { .name = n, .repetition = PQ_OPTIONAL, .type = t, .id = PQ_NO_ID }
#define GROUP(n, k, kind) { .name = n, .repetition = PQ_OPTIONAL, .children = k, .group = kind, .id = PQ_NO_ID }
#define REPEATED(n, k) { .name = n, .repetition = PQ_REPEATED, .children = k, .group = PQ_STRUCT, .id = PQ_NO_ID }
#define MAP(n)									\
	GROUP(n, 1, PQ_MAP), REPEATED("key_value", 2),				\
	{ .name = "key", .repetition = PQ_REQUIRED, .type = PQ_STRING, .id = PQ_NO_ID }, LEAF("value", PQ_STRING)
#define LIST(n) GROUP(n, 1, PQ_LIST), REPEATED("list", 1), LEAF("element", PQ_STRING)
#define VECTOR									\
	GROUP("deletionVector", 6, PQ_STRUCT),					\
	LEAF("storageType", PQ_STRING), LEAF("pathOrInlineDv", PQ_STRING),	\
	LEAF("offset", PQ_INT32), LEAF("sizeInBytes", PQ_INT32),		\
	LEAF("cardinality", PQ_INT64), LEAF("maxRowIndex", PQ_INT64)

static const struct pq_field schema[] = {
	GROUP("txn", 3, PQ_STRUCT), LEAF("appId", PQ_STRING), LEAF("version", PQ_INT64), LEAF("lastUpdated", PQ_INT64),
	GROUP("add", 10, PQ_STRUCT), LEAF("path", PQ_STRING), MAP("partitionValues"), LEAF("size", PQ_INT64),
	LEAF("modificationTime", PQ_INT64), LEAF("dataChange", PQ_BOOL), MAP("tags"), VECTOR,
	    LEAF("baseRowId", PQ_INT64),
	LEAF("defaultRowCommitVersion", PQ_INT64), LEAF("stats", PQ_STRING),
	GROUP("remove", 9, PQ_STRUCT), LEAF("path", PQ_STRING), LEAF("deletionTimestamp", PQ_INT64),
	    LEAF("dataChange", PQ_BOOL),
	LEAF("extendedFileMetadata", PQ_BOOL), MAP("partitionValues"), LEAF("size", PQ_INT64), VECTOR,
	    LEAF("baseRowId", PQ_INT64),
	LEAF("defaultRowCommitVersion", PQ_INT64),
	GROUP("metaData", 8, PQ_STRUCT), LEAF("id", PQ_STRING), LEAF("name", PQ_STRING), LEAF("description", PQ_STRING),
	GROUP("format", 2, PQ_STRUCT), LEAF("provider", PQ_STRING), MAP("options"), LEAF("schemaString", PQ_STRING),
	LIST("partitionColumns"), MAP("configuration"), LEAF("createdTime", PQ_INT64),
	GROUP("protocol", 4, PQ_STRUCT), LEAF("minReaderVersion", PQ_INT32), LEAF("minWriterVersion", PQ_INT32),
	    LIST("readerFeatures"),
	LIST("writerFeatures"),
	GROUP("domainMetadata", 3, PQ_STRUCT), LEAF("domain", PQ_STRING), LEAF("configuration", PQ_STRING),
	    LEAF("removed", PQ_BOOL),
};

/* The leaves in the order of the schema. */
enum {
	TXN_ID, TXN_VERSION, TXN_UPDATED,
	ADD_PATH, ADD_PARTITION, ADD_PARTITION_VALUE, ADD_SIZE, ADD_TIME, ADD_CHANGE, ADD_TAGS, ADD_TAGS_VALUE, ADD_DV,
	ADD_ROW_ID = ADD_DV + 6, ADD_ROW_VERSION, ADD_STATS,
	REMOVE_PATH, REMOVE_TIME, REMOVE_CHANGE, REMOVE_EXTENDED, REMOVE_PARTITION, REMOVE_PARTITION_VALUE, REMOVE_SIZE,
	    REMOVE_DV,
	REMOVE_ROW_ID = REMOVE_DV + 6, REMOVE_ROW_VERSION,
	META_ID, META_NAME, META_DESCRIPTION, META_PROVIDER, META_OPTIONS, META_OPTIONS_VALUE, META_SCHEMA,
	    META_PARTITION_COLUMNS,
	META_CONFIGURATION, META_CONFIGURATION_VALUE, META_CREATED,
	PROTOCOL_READER, PROTOCOL_WRITER, PROTOCOL_READER_FEATURES, PROTOCOL_WRITER_FEATURES,
	DOMAIN_NAME, DOMAIN_CONFIGURATION, DOMAIN_REMOVED,
	LEAVES
};

enum { BATCH = 1000 };			/* rows per call of pq_write */

struct leaf_out {
	struct buf def, rep, values;	/* entries of the pending rows; values have a slot per entry */
	enum pq_shape shape;
	uint8_t max_def;
	bool repeated, set;		/* set: the current row has entries for the leaf */
};

struct checkpoint_writer {
	struct leaf_out columns[LEAVES];
	struct pq_writer *writer;
	size_t rows, all_rows;
	struct pool pool;		/* texts of the pending rows that are stored nowhere else */
	struct msg *err;
};

/* ---- entries ---- */

/* Walks the schema for each leaf's shape and max_def. Returns the index after the field at i. */
static size_t
describe(struct checkpoint_writer *c, size_t i, unsigned def, bool repeated, size_t *leaf)
{
	const struct pq_field *f = &schema[i++];
	unsigned k;

	def += f->repetition != PQ_REQUIRED;
	repeated |= f->repetition == PQ_REPEATED;
	if (f->children == 0) {
		c->columns[(*leaf)++] = (struct leaf_out){ .shape = pq_shape(f->type, 0), .max_def = (uint8_t)def,
		    .repeated = repeated };
		return i;
	}
	for (k = 0; k < f->children; k++)
		i = describe(c, i, def, repeated, leaf);
	return i;
}

static void
entry(struct checkpoint_writer *c, int leaf, unsigned def, unsigned rep, const char *text, int64_t number)
{
	struct leaf_out *col = &c->columns[leaf];
	struct pq_bytes b = { (const uint8_t *)text, text != NULL ? strlen(text) : 0 };
	int32_t i32 = (int32_t)number;

	col->set = true;
	buf_addc(&col->def, (uint8_t)def);
	if (col->repeated)
		buf_addc(&col->rep, (uint8_t)rep);
	if (col->shape == PQ_BYTES)
		buf_add(&col->values, &b, sizeof(b));
	else if (col->shape == PQ_I64)
		buf_add(&col->values, &number, sizeof(number));
	else if (col->shape == PQ_I32)
		buf_add(&col->values, &i32, sizeof(i32));
	else
		buf_addc(&col->values, number != 0);
}

/* Puts a leaf of a group that is present at definition level `level`; NULL is null. */
static void
put_text(struct checkpoint_writer *c, int leaf, const char *text)
{
	entry(c, leaf, text != NULL ? c->columns[leaf].max_def : c->columns[leaf].max_def - 1u, 0, text, 0);
}

static void
put_number(struct checkpoint_writer *c, int leaf, int64_t number, bool there)
{
	entry(c, leaf, there ? c->columns[leaf].max_def : c->columns[leaf].max_def - 1u, 0, NULL, number);
}

/*
 * Puts a map with keys in leaf and values in leaf + 1. Definition levels: key - 1 for an empty map, key for a null
 * value.
 */
static void
put_map(struct checkpoint_writer *c, int leaf, const struct delta_pair *pairs, size_t n)
{
	unsigned def = c->columns[leaf].max_def;
	size_t i;

	for (i = 0; i < n; i++) {
		entry(c, leaf, def, i > 0, pairs[i].key, 0);
		entry(c, leaf + 1, pairs[i].value != NULL ? def + 1 : def, i > 0, pairs[i].value, 0);
	}
	if (n == 0) {
		entry(c, leaf, def - 1, 0, NULL, 0);
		entry(c, leaf + 1, def - 1, 0, NULL, 0);
	}
}

static void
put_no_map(struct checkpoint_writer *c, int leaf)
{
	entry(c, leaf, c->columns[leaf].max_def - 2u, 0, NULL, 0);
	entry(c, leaf + 1, c->columns[leaf].max_def - 2u, 0, NULL, 0);
}

static void
put_list(struct checkpoint_writer *c, int leaf, const char *const *texts, size_t n, bool there)
{
	unsigned def = c->columns[leaf].max_def;
	size_t i;

	for (i = 0; i < n; i++)
		entry(c, leaf, def, i > 0, texts[i], 0);
	if (n == 0)
		entry(c, leaf, there ? def - 2 : def - 3, 0, NULL, 0);
}

/*
 * Puts the six leaves of a deletion vector, starting at `leaf`. Without a vector the group is null: some readers
 * distinguish that from an empty one.
 */
static void
put_vector(struct checkpoint_writer *c, int leaf, const struct delta_dv *dv)
{
	char *storage;
	int i;

	if (dv == NULL) {
		for (i = 0; i < 6; i++)
			entry(c, leaf + i, 1, 0, NULL, 0);
		return;
	}
	storage = pool_copy(&c->pool, (char[]){ dv->storage, '\0' }, 2);
	put_text(c, leaf, storage);
	put_text(c, leaf + 1, dv->path_or_inline);
	put_number(c, leaf + 2, dv->offset, dv->has_offset);
	put_number(c, leaf + 3, dv->size, true);
	put_number(c, leaf + 4, dv->cardinality, true);
	put_number(c, leaf + 5, 0, false);
}

static int
write_rows(struct checkpoint_writer *c)
{
	struct pq_vector v[LEAVES];
	int leaf, failed;

	for (leaf = 0; leaf < LEAVES; leaf++) {
		struct leaf_out *col = &c->columns[leaf];

		v[leaf] = (struct pq_vector){ .n = col->def.len, .def = col->def.p, .rep = col->repeated ? col->rep.p :
		    NULL,
		    .v.any = col->values.p };
	}
	failed = pq_write(c->writer, c->rows, v, c->err);
	for (leaf = 0; leaf < LEAVES; leaf++)
		c->columns[leaf].def.len = c->columns[leaf].rep.len = c->columns[leaf].values.len = 0;
	c->all_rows += c->rows;
	c->rows = 0;
	pool_free(&c->pool);
	return failed;
}

/* Ends a row: makes the leaves of all other groups null at the top level. */
static int
end_row(struct checkpoint_writer *c)
{
	int leaf;

	for (leaf = 0; leaf < LEAVES; leaf++) {
		if (!c->columns[leaf].set)
			entry(c, leaf, 0, 0, NULL, 0);
		c->columns[leaf].set = false;
	}
	return ++c->rows == BATCH ? write_rows(c) : 0;
}

/* ---- actions ---- */

static int
protocol(struct checkpoint_writer *c, const struct delta_protocol *p)
{
	put_number(c, PROTOCOL_READER, p->reader, true);
	put_number(c, PROTOCOL_WRITER, p->writer, true);
	put_list(c, PROTOCOL_READER_FEATURES, p->reader_features, p->nreader_features, p->reader >= 3);
	put_list(c, PROTOCOL_WRITER_FEATURES, p->writer_features, p->nwriter_features, p->writer >= 7);
	return end_row(c);
}

static int
metadata(struct checkpoint_writer *c, const struct delta_metadata *m)
{
	put_text(c, META_ID, m->id);
	put_text(c, META_NAME, m->name);
	put_text(c, META_DESCRIPTION, m->description);
	put_text(c, META_PROVIDER, m->provider);
	put_map(c, META_OPTIONS, NULL, 0);
	put_text(c, META_SCHEMA, m->schema);
	put_list(c, META_PARTITION_COLUMNS, m->partition_columns, m->npartition_columns, true);
	put_map(c, META_CONFIGURATION, m->configuration, m->nconfiguration);
	put_number(c, META_CREATED, m->created, m->created >= 0);
	return end_row(c);
}

/* Puts tags, a JSON object of strings as in the log. */
static void
put_tags(struct checkpoint_writer *c, const char *tags)
{
	json_t *o = tags != NULL ? json_loads(tags, 0, NULL) : NULL, *value;
	struct delta_pair *pairs = pool_alloc(&c->pool, (json_object_size(o) + 1) * sizeof(*pairs));
	const char *key, *text;
	size_t n = 0;

	if (o == NULL) {
		put_no_map(c, ADD_TAGS);
		return;
	}
	json_object_foreach(o, key, value) {
		text = json_string_value(value);
		pairs[n].key = pool_copy(&c->pool, key, strlen(key) + 1);
		pairs[n++].value = text != NULL ? pool_copy(&c->pool, text, strlen(text) + 1) : NULL;
	}
	put_map(c, ADD_TAGS, pairs, n);
	json_decref(o);
}

static int
add(struct checkpoint_writer *c, const struct delta_snapshot *s, const struct delta_file *f)
{
	struct delta_pair *partition = pool_alloc(&c->pool, (s->metadata.npartition_columns + 1) * sizeof(*partition));
	size_t i, n = 0;

	for (i = 0; i < s->ncolumns; i++)
		if (s->columns[i].partition >= 0)
			partition[n++] = (struct delta_pair){ s->columns[i].physical,
			    f->partition[s->columns[i].partition] };
	put_text(c, ADD_PATH, f->uri);
	put_map(c, ADD_PARTITION, partition, n);
	put_number(c, ADD_SIZE, f->size, true);
	put_number(c, ADD_TIME, f->mtime, true);
	put_number(c, ADD_CHANGE, 0, true);
	put_tags(c, f->tags);
	put_vector(c, ADD_DV, f->dv);
	put_number(c, ADD_ROW_ID, f->base_row_id, f->base_row_id >= 0);
	put_number(c, ADD_ROW_VERSION, f->row_commit_version, f->row_commit_version >= 0);
	put_text(c, ADD_STATS, f->stats);
	return end_row(c);
}

static int
remove_file(struct checkpoint_writer *c, const struct delta_tombstone *t)
{
	put_text(c, REMOVE_PATH, t->uri);
	put_number(c, REMOVE_TIME, t->deleted, true);
	put_number(c, REMOVE_CHANGE, 0, true);
	put_number(c, REMOVE_EXTENDED, 0, true);
	put_no_map(c, REMOVE_PARTITION);
	put_number(c, REMOVE_SIZE, 0, false);
	put_vector(c, REMOVE_DV, t->dv);
	put_number(c, REMOVE_ROW_ID, 0, false);
	put_number(c, REMOVE_ROW_VERSION, 0, false);
	return end_row(c);
}

static int
app(struct checkpoint_writer *c, const struct delta_app *a)
{
	put_text(c, TXN_ID, a->id);
	put_number(c, TXN_VERSION, a->version, true);
	put_number(c, TXN_UPDATED, a->updated, a->updated >= 0);
	return end_row(c);
}

static int
domain(struct checkpoint_writer *c, const struct delta_domain *d)
{
	put_text(c, DOMAIN_NAME, d->name);
	put_text(c, DOMAIN_CONFIGURATION, d->configuration);
	put_number(c, DOMAIN_REMOVED, 0, true);
	return end_row(c);
}

/* Returns the time from which tombstones are kept: those within the retention, which vacuum needs. */
static int64_t
oldest_tombstone(const struct delta_snapshot *s)
{
	int64_t keep = delta_duration(delta_property(s, DELTA_RETENTION), DELTA_WEEK);

	return keep < 0 ? INT64_MIN : delta_now() - keep;	/* an invalid retention never expires */
}

static int
actions(struct checkpoint_writer *c, const struct delta_snapshot *s)
{
	int64_t oldest = oldest_tombstone(s);
	size_t i;
	int failed = protocol(c, &s->protocol) < 0 || metadata(c, &s->metadata) < 0 ? -1 : 0;

	for (i = 0; i < s->napps && !failed; i++)
		failed = app(c, &s->apps[i]);
	for (i = 0; i < s->ndomains && !failed; i++)
		failed = domain(c, &s->domains[i]);
	for (i = 0; i < s->ntombstones && !failed; i++)
		if (s->tombstones[i].deleted >= oldest)
			failed = remove_file(c, &s->tombstones[i]);
	for (i = 0; i < s->nfiles && !failed; i++)
		failed = add(c, s, &s->files[i]);
	return failed || c->rows == 0 ? failed : write_rows(c);
}

/* ---- files ---- */

static int
write_hint(struct delta_table *t, const struct delta_snapshot *s, const struct checkpoint_writer *c, uint64_t bytes,
    struct msg *err)
{
	struct buf b = { 0 };
	int done;

	buf_addf(&b, "{\"version\":%" PRId64 ",\"size\":%zu,\"sizeInBytes\":%" PRIu64 ",\"numOfAddFiles\":%zu}",
	    s->version, c->all_rows,
	    bytes, s->nfiles);
	done = store_put(t->store, DELTA_LOG "/_last_checkpoint", b.p, b.len, STORE_REPLACE, err);
	buf_free(&b);
	return done < 0 ? -1 : 0;
}

int
delta_checkpoint_write(struct delta_table *t, const struct delta_snapshot *s, struct msg *err)
{
	char *name = xasprintf(DELTA_LOG "/%020" PRId64 ".checkpoint.parquet", s->version);
	struct checkpoint_writer c = { .err = err };
	struct pq_options opt = pq_defaults();
	struct store_out out;
	struct pq_sink sink;
	size_t leaf = 0, i = 0;
	uint64_t bytes = 0;
	int failed = store_out_open(t->store, name, &out, err);

	free(name);
	if (failed)
		return -1;
	while (i < sizeof(schema) / sizeof(*schema))
		i = describe(&c, i, 0, false, &leaf);
	sink = delta_pq_sink(&out);
	failed = pq_create(&c.writer, &sink, schema, sizeof(schema) / sizeof(*schema), &opt, err) < 0 ||
	    actions(&c, s) < 0 ||
	    pq_finish(c.writer, err) < 0 ? -1 : 0;
	bytes = out.size;
	if (failed)
		store_out_abandon(&out);
	else
		failed = store_out_commit(&out, err);
	if (!failed)
		failed = write_hint(t, s, &c, bytes, err);
	pq_writer_free(c.writer);
	pool_free(&c.pool);
	for (leaf = 0; leaf < LEAVES; leaf++) {
		buf_free(&c.columns[leaf].def);
		buf_free(&c.columns[leaf].rep);
		buf_free(&c.columns[leaf].values);
	}
	return failed;
}
