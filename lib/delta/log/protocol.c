/*
 * Checks what a table requires of readers and writers against what this library supports. Clauses Protocol Evolution
 * and Table Features.
 */
#include <string.h>
#include <strings.h>

#include "delta/log/state.h"

/* The newest protocol versions supported, and those from which tables list features. */
enum { READER = 3, WRITER = 7, READER_FEATURES = 3, WRITER_FEATURES = 7 };

static const char *const can_read[] = { "columnMapping", "deletionVectors", "timestampNtz", "v2Checkpoint",
    "typeWidening",
	"typeWidening-preview", "vacuumProtocolCheck" };

/* These concern only columns of types that are refused by name; queries of other columns do not need them. */
static const char *const of_columns[] = { "variantType", "variantType-preview", "variantShredding",
    "variantShredding-preview", "geospatial", "geospatial-preview" };

/* If merely listed, these do not restrict writes; the properties that activate them are checked by name. */
static const char *const can_write[] = { "appendOnly", "invariants", "checkConstraints", "changeDataFeed",
    "generatedColumns",
	"identityColumns", "allowColumnDefaults", "columnMapping", "deletionVectors", "timestampNtz", "v2Checkpoint",
	"vacuumProtocolCheck" };

/*
 * Writer features of tables whose newest versions may be known to a catalog only, so that the folder shows an old
 * state.
 */
static const char *const elsewhere[] = { "coordinatedCommits-preview", "catalogManaged", "catalogOwned-preview" };

static bool
listed(const char *const *list, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

bool
delta_has_feature(const struct delta_snapshot *s, const char *name)
{
	const struct delta_protocol *p = &s->protocol;

	return listed(p->reader_features, p->nreader_features, name) ||
	    listed(p->writer_features, p->nwriter_features, name);
}

int
delta_may_read(const struct delta_snapshot *s, struct msg *err)
{
	const struct delta_protocol *p = &s->protocol;
	size_t i;

	if (p->reader < 1 || p->reader > READER)
		return msg_set(err, EX_UNAVAILABLE, "unsupported reader version %d; supported are 1 to %d",
		    p->reader, READER);
	for (i = 0; p->reader >= READER_FEATURES && i < p->nreader_features; i++)
		if (!listed(can_read, COUNT(can_read), p->reader_features[i]) &&
		    !listed(of_columns, COUNT(of_columns), p->reader_features[i]))
			return msg_set(err, EX_UNAVAILABLE,
			    "unsupported reader feature: %s",
			    p->reader_features[i]);
	for (i = 0; i < p->nwriter_features; i++)
		if (listed(elsewhere, COUNT(elsewhere), p->writer_features[i]))
			return msg_set(err, EX_UNAVAILABLE,
			    "the table cannot be read by path: a catalog manages its versions: %s",
			    p->writer_features[i]);
	if (s->metadata.provider != NULL && strcmp(s->metadata.provider, "parquet") != 0)
		return msg_set(err, EX_UNAVAILABLE,
		    "unsupported file format: %s",
		    msg_quotes(s->metadata.provider));
	return 0;
}

const char *
delta_property(const struct delta_snapshot *s, const char *key)
{
	size_t i;

	for (i = 0; i < s->metadata.nconfiguration; i++)
		if (strcmp(s->metadata.configuration[i].key, key) == 0)
			return s->metadata.configuration[i].value;
	return NULL;
}

bool
delta_is_true(const struct delta_snapshot *s, const char *key)
{
	const char *v = delta_property(s, key);

	return v != NULL && strcasecmp(v, "true") == 0;
}

/* Returns a property or a column metadata key that would require support from a writer; NULL if there is none. */
static const char *
active(const struct delta_snapshot *s, bool rewrites)
{
	static const char *const words[] = { "delta.invariants", "delta.generationExpression", "delta.identity.",
	    "CURRENT_DEFAULT" };
	const char *mode = delta_property(s, "delta.columnMapping.mode");
	size_t i;

	if (rewrites && delta_is_true(s, "delta.appendOnly"))
		return "delta.appendOnly";
	if (rewrites && delta_is_true(s, "delta.enableChangeDataFeed"))
		return "delta.enableChangeDataFeed";
	if (mode != NULL && strcmp(mode, "none") != 0)
		return "delta.columnMapping.mode";
	for (i = 0; i < s->metadata.nconfiguration; i++)
		if (strncmp(s->metadata.configuration[i].key, "delta.constraints.", 18) == 0)
			return s->metadata.configuration[i].key;
	for (i = 0; s->metadata.schema != NULL && i < COUNT(words); i++)
		if (strstr(s->metadata.schema, words[i]) != NULL)
			return words[i];
	return NULL;
}

/* Returns true if a feature restricts only columns of its types and the table has no such column. */
static bool
concerns_no_column(const struct delta_snapshot *s, const char *feature)
{
	size_t i;

	if (!listed(of_columns, COUNT(of_columns), feature))
		return false;
	for (i = 0; i < s->ncolumns && s->columns[i].refused == NULL; i++)
		;
	return i == s->ncolumns;
}

/* Checks protocol versions and features only; `more` lists further harmless features besides can_write. */
static int
may_commit(const struct delta_snapshot *s, const char *const *more, size_t nmore, struct msg *err)
{
	const struct delta_protocol *p = &s->protocol;
	size_t i;

	if (p->writer > WRITER)
		return msg_set(err, EX_UNAVAILABLE, "unsupported writer version %d; supported are 1 to %d",
		    p->writer, WRITER);
	for (i = 0; p->writer >= WRITER_FEATURES && i < p->nwriter_features; i++)
		if (!listed(can_write, COUNT(can_write), p->writer_features[i]) &&
		    !listed(more, nmore, p->writer_features[i]) && !concerns_no_column(s, p->writer_features[i]))
			return msg_set(err, EX_UNAVAILABLE,
			    "unsupported writer feature: %s",
			    p->writer_features[i]);
	return 0;
}

int
delta_may_write(const struct delta_snapshot *s, bool rewrites, struct msg *err)
{
	const char *word;

	if (may_commit(s, NULL, 0, err) < 0)
		return -1;
	if ((word = active(s, rewrites)) != NULL)
		return msg_set(err, EX_UNAVAILABLE, "unsupported table property: %s",
		    word);
	if (s->metadata.npartition_columns > 0)
		return msg_set(err, EX_UNAVAILABLE,
		    "writing to a partitioned table is not supported: partitioned by %s",
		    s->metadata.partition_columns[0]);
	return 0;
}

bool
delta_may_vector(const struct delta_snapshot *s)
{
	return delta_is_true(s, DELTA_VECTORS) && s->protocol.reader >= READER_FEATURES &&
	    s->protocol.writer >= WRITER_FEATURES && delta_has_feature(s, "deletionVectors");
}

static bool
is_word(const char *value, const char *one, const char *other)
{
	return strcmp(value, one) == 0 || strcmp(value, other) == 0;
}

int
delta_property_check(const char *key, const char *value, struct msg *err)
{
	bool valid = true;

	if (strcmp(key, DELTA_VECTORS) == 0 || strcmp(key, "delta.enableExpiredLogCleanup") == 0)
		valid = is_word(value, "true", "false");
	else if (strcmp(key, DELTA_RETENTION) == 0 || strcmp(key, DELTA_LOG_RETENTION) == 0 ||
	    strcmp(key, DELTA_TOMBS) == 0)
		valid = delta_duration(value, 0) >= 0;
	else if (strcmp(key, "delta.checkpointInterval") == 0)
		valid = *value >= '1' && *value <= '9' && strspn(value, "0123456789") == strlen(value);
	else if (strncmp(key, "delta.", 6) == 0)
		return msg_set(err, EX_USAGE, "unsupported table property: %s", msg_quotes(key));
	return valid ? 0 : msg_set(err, EX_USAGE, "invalid value of %s: %s", key, msg_quotes(value));
}

int
delta_may_rearrange(const struct delta_snapshot *s, struct msg *err)
{
	const char *mode = delta_property(s, "delta.columnMapping.mode");

	if (may_commit(s, NULL, 0, err) < 0)
		return -1;
	if (mode != NULL && strcmp(mode, "none") != 0)
		return msg_set(err, EX_UNAVAILABLE, "unsupported table property: %s",
		    "delta.columnMapping.mode");
	return 0;
}

int
delta_may_vacuum(const struct delta_snapshot *s, struct msg *err)
{
	/* these restrict only commits that add files, change the schema or clean the log */
	static const char *const more[] = { "checkpointProtection", "clustering", "domainMetadata", "rowTracking",
	    "typeWidening", "typeWidening-preview" };

	return may_commit(s, more, COUNT(more), err);
}
