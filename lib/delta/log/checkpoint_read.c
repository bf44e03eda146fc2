/*
 * Reads the actions of a Parquet checkpoint, one per row (clause Checkpoints). Writers differ in which columns
 * exist, in their order, and in the names inside maps and lists, so leaves are found by path and, inside a map or a
 * list, by position.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delta/log/pq.h"
#include "delta/log/state.h"

enum { BATCH = 4096 };

/* The leaves read. Those of an action are adjacent; the first is non-null if the row has the action. */
enum leaf {
	ADD_PATH, ADD_SIZE, ADD_TIME, ADD_STATS, ADD_ROW_ID, ADD_ROW_VERSION, ADD_DV_STORAGE, ADD_DV_PATH,
	    ADD_DV_OFFSET, ADD_DV_SIZE,
	ADD_DV_CARDINALITY, ADD_RECORDS, ADD_PARTITION_KEY, ADD_PARTITION_VALUE, ADD_TAG_KEY, ADD_TAG_VALUE,
	REMOVE_PATH, REMOVE_TIME, REMOVE_DV_STORAGE, REMOVE_DV_PATH, REMOVE_DV_OFFSET, REMOVE_DV_SIZE,
	    REMOVE_DV_CARDINALITY,
	PROTOCOL_READER, PROTOCOL_WRITER, PROTOCOL_READER_FEATURES, PROTOCOL_WRITER_FEATURES,
	META_ID, META_NAME, META_DESCRIPTION, META_PROVIDER, META_SCHEMA, META_CREATED, META_PARTITION_COLUMNS,
	    META_CONFIG_KEY,
	META_CONFIG_VALUE,
	TXN_ID, TXN_VERSION, TXN_UPDATED,
	DOMAIN_NAME, DOMAIN_CONFIGURATION, DOMAIN_REMOVED,
	SIDECAR_PATH,
	LEAVES
};

static const struct {
	const char *path;
	unsigned below;			/* 0: this leaf; k: the k-th leaf of the map or list at this path */
} paths[LEAVES] = {
	[ADD_PATH] = { "add.path", 0 }, [ADD_SIZE] = { "add.size", 0 }, [ADD_TIME] = { "add.modificationTime", 0 },
	[ADD_STATS] = { "add.stats", 0 }, [ADD_ROW_ID] = { "add.baseRowId", 0 },
	[ADD_ROW_VERSION] = { "add.defaultRowCommitVersion", 0 },
	    [ADD_DV_STORAGE] = { "add.deletionVector.storageType", 0 },
	[ADD_DV_PATH] = { "add.deletionVector.pathOrInlineDv", 0 },
	    [ADD_DV_OFFSET] = { "add.deletionVector.offset", 0 },
	[ADD_DV_SIZE] = { "add.deletionVector.sizeInBytes", 0 },
	    [ADD_DV_CARDINALITY] = { "add.deletionVector.cardinality", 0 },
	[ADD_RECORDS] = { "add.stats_parsed.numRecords", 0 },
	[ADD_PARTITION_KEY] = { "add.partitionValues", 1 }, [ADD_PARTITION_VALUE] = { "add.partitionValues", 2 },
	[ADD_TAG_KEY] = { "add.tags", 1 }, [ADD_TAG_VALUE] = { "add.tags", 2 },
	[REMOVE_PATH] = { "remove.path", 0 }, [REMOVE_TIME] = { "remove.deletionTimestamp", 0 },
	[REMOVE_DV_STORAGE] = { "remove.deletionVector.storageType", 0 },
	[REMOVE_DV_PATH] = { "remove.deletionVector.pathOrInlineDv", 0 },
	[REMOVE_DV_OFFSET] = { "remove.deletionVector.offset", 0 },
	    [REMOVE_DV_SIZE] = { "remove.deletionVector.sizeInBytes", 0 },
	[REMOVE_DV_CARDINALITY] = { "remove.deletionVector.cardinality", 0 },
	[PROTOCOL_READER] = { "protocol.minReaderVersion", 0 }, [PROTOCOL_WRITER] = { "protocol.minWriterVersion", 0 },
	[PROTOCOL_READER_FEATURES] = { "protocol.readerFeatures", 1 },
	[PROTOCOL_WRITER_FEATURES] = { "protocol.writerFeatures", 1 },
	[META_ID] = { "metaData.id", 0 }, [META_NAME] = { "metaData.name", 0 },
	    [META_DESCRIPTION] = { "metaData.description", 0 },
	[META_PROVIDER] = { "metaData.format.provider", 0 }, [META_SCHEMA] = { "metaData.schemaString", 0 },
	[META_CREATED] = { "metaData.createdTime", 0 }, [META_PARTITION_COLUMNS] = { "metaData.partitionColumns", 1 },
	[META_CONFIG_KEY] = { "metaData.configuration", 1 }, [META_CONFIG_VALUE] = { "metaData.configuration", 2 },
	[TXN_ID] = { "txn.appId", 0 }, [TXN_VERSION] = { "txn.version", 0 }, [TXN_UPDATED] = { "txn.lastUpdated", 0 },
	[DOMAIN_NAME] = { "domainMetadata.domain", 0 }, [DOMAIN_CONFIGURATION] = { "domainMetadata.configuration", 0 },
	[DOMAIN_REMOVED] = { "domainMetadata.removed", 0 },
	[SIDECAR_PATH] = { "sidecar.path", 0 },
};

struct leaf_in {				/* one leaf in the current batch */
	bool there;			/* the file has the leaf */
	const struct pq_column *about;
	const struct pq_vector *v;
	size_t from, to;		/* entries of the current row */
};

struct checkpoint_reader {
	struct delta_state *st;
	const char *name;
	struct leaf_in columns[LEAVES];
	struct msg *err;
};

/* ---- lookup ---- */

static const struct pq_column *
find_leaf(const struct pq_column *all, size_t n, const char *path, unsigned below, size_t *index)
{
	size_t len = strlen(path), i;
	unsigned seen = 0;

	for (i = 0; i < n; i++) {
		if (below == 0 ? strcmp(all[i].path, path) == 0 :
		    strncmp(all[i].path, path, len) == 0 && all[i].path[len] == '.' && ++seen == below) {
			*index = i;
			return &all[i];
		}
	}
	return NULL;
}

static bool
has_right_shape(enum leaf leaf, const struct pq_column *c)
{
	enum pq_shape want = PQ_BYTES;

	switch (leaf) {
	case ADD_SIZE: case ADD_TIME: case ADD_ROW_ID: case ADD_ROW_VERSION: case ADD_DV_OFFSET: case ADD_DV_SIZE:
	case ADD_DV_CARDINALITY: case ADD_RECORDS: case REMOVE_TIME: case REMOVE_DV_OFFSET: case REMOVE_DV_SIZE:
	case REMOVE_DV_CARDINALITY:
	case PROTOCOL_READER: case PROTOCOL_WRITER: case META_CREATED: case TXN_VERSION: case TXN_UPDATED:
		return c->shape == PQ_I32 || c->shape == PQ_I64;
	case DOMAIN_REMOVED:
		want = PQ_U8;
		break;
	default:
		break;
	}
	return c->shape == want;
}

static int
select_leaves(struct checkpoint_reader *c, struct pq_reader *r)
{
	size_t n, index, chosen[LEAVES], nchosen = 0;
	const struct pq_column *all = pq_columns(r, &n);

	for (enum leaf leaf = 0; leaf < LEAVES; leaf++) {
		const struct pq_column *about = find_leaf(all, n, paths[leaf].path, paths[leaf].below, &index);

		if (about == NULL)
			continue;
		if (about->refused != NULL || !has_right_shape(leaf, about) ||
		    (about->max_rep > 0) != (paths[leaf].below > 0))
			return msg_set(c->err, EX_DATAERR, "%s: checkpoint column %s: not of its type", c->name,
			    about->path);
		c->columns[leaf].there = true;
		c->columns[leaf].about = about;
		chosen[nchosen++] = index;
	}
	return pq_select(r, chosen, NULL, nchosen, c->err);
}

/* ---- values of the current row ---- */

static bool
is_value(const struct leaf_in *col, size_t entry)
{
	return col->v->def == NULL || col->v->def[entry] == col->about->max_def;
}

static bool
present(const struct checkpoint_reader *c, enum leaf leaf)
{
	const struct leaf_in *col = &c->columns[leaf];

	return col->there && col->to > col->from && is_value(col, col->from);
}

static const char *
text_at(struct checkpoint_reader *c, const struct leaf_in *col, size_t entry)
{
	struct pq_bytes b = col->v->v.bytes[entry];
	char *s = pool_alloc(&c->st->s->pool, b.n + 1);

	memcpy(s, b.p, b.n);
	s[b.n] = '\0';
	return s;
}

static const char *
text(struct checkpoint_reader *c, enum leaf leaf)
{
	return present(c, leaf) ? text_at(c, &c->columns[leaf], c->columns[leaf].from) : NULL;
}

static int64_t
number(const struct checkpoint_reader *c, enum leaf leaf, int64_t absent)
{
	const struct leaf_in *col = &c->columns[leaf];

	if (!present(c, leaf))
		return absent;
	return col->about->shape == PQ_I32 ? col->v->v.i32[col->from] : col->v->v.i64[col->from];
}

static const char **
texts(struct checkpoint_reader *c, enum leaf leaf, size_t *n)
{
	const struct leaf_in *col = &c->columns[leaf];
	const char **list;
	size_t i;

	*n = 0;
	if (!col->there)
		return NULL;
	list = pool_alloc(&c->st->s->pool, (col->to - col->from + 1) * sizeof(*list));
	for (i = col->from; i < col->to; i++)
		if (is_value(col, i))
			list[(*n)++] = text_at(c, col, i);
	return list;
}

static struct delta_pair *
pairs(struct checkpoint_reader *c, enum leaf key, enum leaf value, size_t *n)
{
	const struct leaf_in *k = &c->columns[key], *v = &c->columns[value];
	struct delta_pair *list;
	size_t i;

	*n = 0;
	if (!k->there || !v->there || k->to - k->from != v->to - v->from)
		return NULL;
	list = pool_alloc(&c->st->s->pool, (k->to - k->from + 1) * sizeof(*list));
	for (i = 0; i < k->to - k->from; i++)
		if (is_value(k, k->from + i))
			list[(*n)++] = (struct delta_pair){ text_at(c, k, k->from + i),
			    is_value(v, v->from + i) ? text_at(c, v, v->from + i) : NULL };
	return list;
}

/* ---- actions of the current row ---- */

/* Returns the row's deletion vector; `storage` is the first of its five leaves. */
static const struct delta_dv *
vector(struct checkpoint_reader *c, enum leaf storage)
{
	struct delta_dv dv = { .path_or_inline = text(c, storage + 1), .offset = number(c, storage + 2, 0),
	    .has_offset = present(c, storage + 2), .size = number(c, storage + 3, -1),
	    .cardinality = number(c, storage + 4, -1) };
	const char *kind = text(c, storage);

	if (kind == NULL || *kind == '\0' || dv.path_or_inline == NULL)
		return NULL;
	dv.storage = *kind;
	return pool_copy(&c->st->s->pool, &dv, sizeof(dv));
}

/* Returns a map as a JSON object, as in a commit; NULL if it is empty. */
static const char *
json_of(struct checkpoint_reader *c, const struct delta_pair *list, size_t n)
{
	struct buf b = { 0 };
	const char *s;
	size_t i;

	if (n == 0)
		return NULL;
	for (i = 0; i < n; i++) {
		buf_addc(&b, i == 0 ? '{' : ',');
		delta_json_text(&b, list[i].key);
		buf_addc(&b, ':');
		delta_json_text(&b, list[i].value);
	}
	buf_addc(&b, '}');
	s = pool_copy(&c->st->s->pool, buf_cstr(&b), b.len + 1);
	buf_free(&b);
	return s;
}

/* Returns the statistics; if only stats_parsed exists, just numRecords, which must not be lost. */
static const char *
stats(struct checkpoint_reader *c)
{
	char json[64];

	if (present(c, ADD_STATS) || !present(c, ADD_RECORDS))
		return text(c, ADD_STATS);
	snprintf(json, sizeof(json), "{\"numRecords\":%" PRId64 "%s}", number(c, ADD_RECORDS, 0),
	    present(c, ADD_DV_STORAGE) ? ",\"tightBounds\":false" : "");
	return pool_copy(&c->st->s->pool, json, strlen(json) + 1);
}

static int
add_row(struct checkpoint_reader *c)
{
	struct delta_raw_file f = { .uri = text(c, ADD_PATH), .size = number(c, ADD_SIZE, 0),
	    .time = number(c, ADD_TIME, 0),
	    .stats = stats(c), .dv = vector(c, ADD_DV_STORAGE), .base_row_id = number(c, ADD_ROW_ID, -1),
	    .row_commit_version = number(c, ADD_ROW_VERSION, -1) };
	struct delta_pair *tags;
	size_t n;

	f.partition = pairs(c, ADD_PARTITION_KEY, ADD_PARTITION_VALUE, &f.npartition);
	tags = pairs(c, ADD_TAG_KEY, ADD_TAG_VALUE, &n);
	f.tags = json_of(c, tags, n);
	return delta_state_add(c->st, &f, c->err);
}

static int
remove_row(struct checkpoint_reader *c)
{
	struct delta_raw_file f = { .uri = text(c, REMOVE_PATH), .time = number(c, REMOVE_TIME, 0),
	    .dv = vector(c, REMOVE_DV_STORAGE) };

	return delta_state_remove(c->st, &f, c->err);
}

static void
protocol_row(struct checkpoint_reader *c)
{
	struct delta_protocol p = { .reader = (int)number(c, PROTOCOL_READER, 0),
	    .writer = (int)number(c, PROTOCOL_WRITER, 0) };

	p.reader_features = texts(c, PROTOCOL_READER_FEATURES, &p.nreader_features);
	p.writer_features = texts(c, PROTOCOL_WRITER_FEATURES, &p.nwriter_features);
	delta_state_protocol(c->st, &p);
}

static void
metadata_row(struct checkpoint_reader *c)
{
	struct delta_metadata m = { .id = text(c, META_ID), .name = text(c, META_NAME),
	    .description = text(c, META_DESCRIPTION),
	    .provider = text(c, META_PROVIDER), .schema = text(c, META_SCHEMA),
	    .created = number(c, META_CREATED, -1) };

	if (m.provider == NULL)
		m.provider = "parquet";
	m.partition_columns = texts(c, META_PARTITION_COLUMNS, &m.npartition_columns);
	m.configuration = pairs(c, META_CONFIG_KEY, META_CONFIG_VALUE, &m.nconfiguration);
	delta_state_metadata(c->st, &m);
}

static void
domain_row(struct checkpoint_reader *c)
{
	struct delta_domain d = { text(c, DOMAIN_NAME), text(c, DOMAIN_CONFIGURATION) };
	const struct leaf_in *removed = &c->columns[DOMAIN_REMOVED];

	if (d.configuration == NULL)
		d.configuration = "";
	delta_state_domain(c->st, &d, present(c, DOMAIN_REMOVED) && removed->v->v.u8[removed->from] != 0);
}

static int
row(struct checkpoint_reader *c, struct delta_names *sidecars)
{
	if (present(c, ADD_PATH))
		return add_row(c);
	if (present(c, REMOVE_PATH))
		return remove_row(c);
	if (present(c, PROTOCOL_READER))
		protocol_row(c);
	if (present(c, META_ID))
		metadata_row(c);
	if (present(c, TXN_ID))
		delta_state_app(c->st, &(struct delta_app){ text(c, TXN_ID), number(c, TXN_VERSION, 0),
		    number(c, TXN_UPDATED, -1) });
	if (present(c, DOMAIN_NAME))
		domain_row(c);
	if (present(c, SIDECAR_PATH)) {
		if (sidecars == NULL)
			return msg_set(c->err, EX_DATAERR, "%s: misplaced sidecar", c->name);
		delta_names_add(sidecars, text(c, SIDECAR_PATH));
	}
	return 0;
}

/* Moves every leaf to its entries of the next row: one, or for repeated leaves all up to the next row's start. */
static int
step(struct checkpoint_reader *c, bool first)
{
	for (enum leaf leaf = 0; leaf < LEAVES; leaf++) {
		struct leaf_in *col = &c->columns[leaf];

		if (!col->there)
			continue;
		col->from = first ? 0 : col->to;
		if (col->from >= col->v->n)
			return msg_set(c->err, EX_DATAERR, "%s: checkpoint column %s: too few rows", c->name,
			    col->about->path);
		col->to = col->from + 1;
		while (col->v->rep != NULL && col->to < col->v->n && col->v->rep[col->to] != 0)
			col->to++;
	}
	return 0;
}

static int
batch(struct checkpoint_reader *c, const struct pq_batch *b, struct delta_names *sidecars)
{
	size_t i, k = 0;

	for (enum leaf leaf = 0; leaf < LEAVES; leaf++)
		if (c->columns[leaf].there)
			c->columns[leaf].v = &b->columns[k++];
	for (i = 0; i < b->rows; i++) {
		if (step(c, i == 0) < 0 || row(c, sidecars) < 0)
			return -1;
	}
	return 0;
}

int
delta_checkpoint_read(struct delta_state *st, struct store *store, const char *name, struct delta_names *sidecars,
    struct msg *err)
{
	struct checkpoint_reader c = { .st = st, .err = err };
	struct store_in in;
	struct pq_source source;
	struct pq_reader *r = NULL;
	struct pq_batch b;
	int got;

	if (store_in_open(store, name, &in, err) < 0)
		return -1;
	c.name = in.path;
	source = delta_pq_source(&in);
	got = pq_open(&r, &source, 0, err);
	if (got == 0)
		got = select_leaves(&c, r);
	while (got == 0 && (got = pq_next(r, BATCH, &b, err)) > 0)
		got = batch(&c, &b, sidecars);
	pq_close(r);
	store_in_close(&in);
	return got;
}
