/*
 * Parses a table's schema from JSON (clause Schema Serialization Format) and maps its columns to those in files
 * (clause Column Mapping).
 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/near.h"
#include "delta/log/state.h"

static const struct {
	const char *name;
	enum pq_type type;
} primitives[] = {
	{ "string", PQ_STRING }, { "long", PQ_INT64 }, { "integer", PQ_INT32 }, { "short", PQ_INT16 },
	    { "byte", PQ_INT8 },
	{ "float", PQ_FLOAT }, { "double", PQ_DOUBLE }, { "boolean", PQ_BOOL }, { "binary", PQ_BINARY },
	    { "date", PQ_DATE },
	{ "timestamp", PQ_TIMESTAMP }, { "timestamp_ntz", PQ_TIMESTAMP_NTZ },
};

static bool
decimal_type(const char *name, struct delta_column *c)
{
	unsigned precision, scale;
	int n = 0;

	if (sscanf(name, "decimal(%2u,%2u)%n", &precision, &scale, &n) != 2 || n == 0 || name[n] != '\0' ||
	    precision < 1 ||
	    precision > NUM_DIGITS || scale > precision)
		return false;
	c->type = PQ_DECIMAL;
	c->precision = (uint8_t)precision;
	c->scale = (uint8_t)scale;
	return true;
}

static void
set_type(struct delta_snapshot *s, struct delta_column *c, const json_t *type)
{
	const char *name = json_is_string(type) ? json_string_value(type) :
	    json_string_value(json_object_get(type, "type"));
	size_t i;

	if (name == NULL)
		name = "no type";
	for (i = 0; i < sizeof(primitives) / sizeof(*primitives) && json_is_string(type); i++) {
		if (strcmp(name, primitives[i].name) == 0) {
			c->type = primitives[i].type;
			return;
		}
	}
	if (!json_is_string(type) || !decimal_type(name, c))
		c->refused = pool_copy(&s->pool, name, strlen(name) + 1);
}

enum mapping { NO_MAPPING, BY_NAME, BY_ID };

/* The property counts only if the protocol has the feature. */
static int
mapping_mode(const struct delta_snapshot *s, enum mapping *mode, struct msg *err)
{
	const char *word = delta_property(s, "delta.columnMapping.mode");

	*mode = NO_MAPPING;
	if (word == NULL || strcmp(word, "none") == 0 || s->protocol.reader < 2 ||
	    (s->protocol.reader > 2 && !delta_has_feature(s, "columnMapping")))
		return 0;
	if (strcmp(word, "name") == 0 || strcmp(word, "id") == 0) {
		*mode = *word == 'n' ? BY_NAME : BY_ID;
		return 0;
	}
	return msg_set(err, EX_UNAVAILABLE, "delta.columnMapping.mode: an unknown mode: %s", msg_quotes(word));
}

static int
set_mapping(struct delta_snapshot *s, struct delta_column *c, enum mapping mode, const json_t *metadata,
    struct msg *err)
{
	const char *physical = json_string_value(json_object_get(metadata, "delta.columnMapping.physicalName"));
	const json_t *id = json_object_get(metadata, "delta.columnMapping.id");

	c->physical = c->name;
	c->id = PQ_NO_ID;
	if (mode == NO_MAPPING)
		return 0;
	if (physical == NULL || (mode == BY_ID && !json_is_integer(id)))
		return msg_set(err, EX_DATAERR, "schema: column %s has no physical name or number",
		    msg_quotes(c->name));
	c->physical = pool_copy(&s->pool, physical, strlen(physical) + 1);
	if (mode == BY_ID)
		c->id = (int32_t)json_integer_value(id);
	return 0;
}

static int
partition_place(const struct delta_snapshot *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->metadata.npartition_columns; i++)
		if (strcmp(s->metadata.partition_columns[i], name) == 0)
			return (int)i;
	return -1;
}

static int
column(struct delta_snapshot *s, enum mapping mode, const json_t *field, struct msg *err)
{
	struct delta_column *c = &s->columns[s->ncolumns];
	const char *name = json_string_value(json_object_get(field, "name")), *comment;

	memset(c, 0, sizeof(*c));
	if (name == NULL || *name == '\0')
		return msg_set(err, EX_DATAERR, "schema: a column without a name");
	c->name = pool_copy(&s->pool, name, strlen(name) + 1);
	c->nullable = !json_is_false(json_object_get(field, "nullable"));
	c->partition = partition_place(s, name);
	c->hidden = json_is_true(json_object_get(json_object_get(field, "metadata"), DELTA_HIDDEN));
	comment = json_string_value(json_object_get(json_object_get(field, "metadata"), "comment"));
	c->comment = comment != NULL ? pool_copy(&s->pool, comment, strlen(comment) + 1) : NULL;
	set_type(s, c, json_object_get(field, "type"));
	if (set_mapping(s, c, mode, json_object_get(field, "metadata"), err) < 0)
		return -1;
	s->ncolumns++;
	return 0;
}

int
delta_schema_columns(struct delta_snapshot *s, struct msg *err)
{
	json_error_t why;
	json_t *schema;
	const json_t *fields;
	enum mapping mode;
	size_t i;
	int failed;

	if (s->metadata.schema == NULL)
		return 0;
	if (mapping_mode(s, &mode, err) < 0)
		return -1;
	schema = json_loads(s->metadata.schema, 0, &why);
	fields = json_object_get(schema, "fields");
	failed = json_is_array(fields) ? 0 : msg_set(err, EX_DATAERR, "schema: not a list of columns: %s", why.text);
	s->columns = pool_alloc(&s->pool, (json_array_size(fields) + 1) * sizeof(*s->columns));
	for (i = 0; i < json_array_size(fields) && !failed; i++)
		failed = column(s, mode, json_array_get(fields, i), err);
	json_decref(schema);
	return failed;
}

const char *
delta_column_hint(const struct delta_snapshot *s, const char *name)
{
	struct near near;
	size_t i;

	near_start(&near, name);
	for (i = 0; i < s->ncolumns; i++)
		near_try(&near, s->columns[i].name);
	return near_hint(&near);
}

int
delta_column_find(const struct delta_snapshot *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->ncolumns; i++)
		if (strcmp(s->columns[i].name, name) == 0)
			return (int)i;
	return -1;
}
