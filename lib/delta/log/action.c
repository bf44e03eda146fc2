/*
 * Parses actions from JSON, one object per line. Clause Actions. Ignores unknown actions and fields, as the clause
 * requires.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "delta/log/state.h"

struct action_place {				/* for messages */
	const char *file;
	unsigned line;
	const char *action;
	struct msg *err;
};

static int
bad(const struct action_place *at, const char *field, const char *what)
{
	return msg_set(at->err, EX_DATAERR, "%s:%u: %s: %s: %s", at->file, at->line, at->action, field, what);
}

/* ---- fields: null counts as absent ---- */

static bool
has_nul(const json_t *v)
{
	return strlen(json_string_value(v)) != json_string_length(v);
}

static int
get_text(const struct action_place *at, struct delta_state *st, const json_t *o, const char *key, bool required,
    const char **out)
{
	const json_t *v = json_object_get(o, key);

	*out = NULL;
	if (v == NULL || json_is_null(v))
		return required ? bad(at, key, "missing") : 0;
	if (!json_is_string(v))
		return bad(at, key, "not a string");
	if (has_nul(v))
		return bad(at, key, "a NUL in a string");
	*out = pool_copy(&st->s->pool, json_string_value(v), json_string_length(v) + 1);
	return 0;
}

static int
get_int(const struct action_place *at, const json_t *o, const char *key, bool required, int64_t absent, int64_t *out)
{
	const json_t *v = json_object_get(o, key);

	*out = absent;
	if (v == NULL || json_is_null(v))
		return required ? bad(at, key, "missing") : 0;
	if (!json_is_integer(v))
		return bad(at, key, "not an integer");
	*out = json_integer_value(v);
	return 0;
}

static int
get_texts(const struct action_place *at, struct delta_state *st, const json_t *o, const char *key, const char ***out,
    size_t *n)
{
	const json_t *v = json_object_get(o, key), *element;
	size_t i;

	*out = NULL;
	*n = 0;
	if (v == NULL || json_is_null(v))
		return 0;
	if (!json_is_array(v))
		return bad(at, key, "not a list");
	*n = json_array_size(v);
	*out = pool_alloc(&st->s->pool, *n * sizeof(**out));
	for (i = 0; i < *n; i++) {
		element = json_array_get(v, i);
		if (!json_is_string(element))
			return bad(at, key, "not a list of strings");
		if (has_nul(element))
			return bad(at, key, "a NUL in a string");
		(*out)[i] = pool_copy(&st->s->pool, json_string_value(element), json_string_length(element) + 1);
	}
	return 0;
}

static int
get_pairs(const struct action_place *at, struct delta_state *st, const json_t *o, const char *key,
    struct delta_pair **out, size_t *n)
{
	json_t *v = json_object_get(o, key), *value;
	const char *name;

	*out = NULL;
	*n = 0;
	if (v == NULL || json_is_null(v))
		return 0;
	if (!json_is_object(v))
		return bad(at, key, "not an object");
	*out = pool_alloc(&st->s->pool, json_object_size(v) * sizeof(**out));
	json_object_foreach(v, name, value) {
		if (!json_is_string(value) && !json_is_null(value))
			return bad(at, key, "a value that is not a string");
		if (json_is_string(value) && has_nul(value))
			return bad(at, key, "a NUL in a string");
		(*out)[(*n)++] = (struct delta_pair){ pool_copy(&st->s->pool, name, strlen(name) + 1),
		    json_is_null(value) ? NULL : pool_copy(&st->s->pool, json_string_value(value),
		    json_string_length(value) + 1) };
	}
	return 0;
}

/* ---- actions ---- */

static int
protocol(const struct action_place *at, struct delta_state *st, const json_t *o)
{
	struct delta_protocol p = { 0 };
	int64_t reader, writer;

	if (get_int(at, o, "minReaderVersion", true, 0, &reader) < 0 ||
	    get_int(at, o, "minWriterVersion", true, 0, &writer) < 0 ||
	    get_texts(at, st, o, "readerFeatures", &p.reader_features, &p.nreader_features) < 0 ||
	    get_texts(at, st, o, "writerFeatures", &p.writer_features, &p.nwriter_features) < 0)
		return -1;
	if (reader < 0 || reader > INT32_MAX || writer < 0 || writer > INT32_MAX)
		return bad(at, "version", "out of range");
	p.reader = (int)reader;
	p.writer = (int)writer;
	delta_state_protocol(st, &p);
	return 0;
}

static int
metadata(const struct action_place *at, struct delta_state *st, const json_t *o)
{
	struct delta_metadata m = { 0 };
	const json_t *format = json_object_get(o, "format");

	if (get_text(at, st, o, "id", true, &m.id) < 0 || get_text(at, st, o, "name", false, &m.name) < 0 ||
	    get_text(at, st, o, "description", false, &m.description) < 0 ||
	    get_text(at, st, o, "schemaString", false, &m.schema) < 0 ||
	    get_int(at, o, "createdTime", false, -1, &m.created) < 0 ||
	    get_texts(at, st, o, "partitionColumns", &m.partition_columns, &m.npartition_columns) < 0 ||
	    get_pairs(at, st, o, "configuration", &m.configuration, &m.nconfiguration) < 0 ||
	    get_text(at, st, format, "provider", false, &m.provider) < 0)
		return -1;
	if (m.provider == NULL)
		m.provider = "parquet";
	delta_state_metadata(st, &m);
	return 0;
}

static int
deletion_vector(const struct action_place *at, struct delta_state *st, const json_t *o, const struct delta_dv **out)
{
	const json_t *v = json_object_get(o, "deletionVector");
	struct delta_dv dv = { 0 };
	const char *storage;

	*out = NULL;
	if (v == NULL || json_is_null(v))
		return 0;
	if (!json_is_object(v))
		return bad(at, "deletionVector", "not an object");
	if (get_text(at, st, v, "storageType", true, &storage) < 0 ||
	    get_text(at, st, v, "pathOrInlineDv", true, &dv.path_or_inline) < 0 ||
	    get_int(at, v, "offset", false, 0, &dv.offset) < 0 ||
	    get_int(at, v, "sizeInBytes", true, 0, &dv.size) < 0 ||
	    get_int(at, v, "cardinality", true, 0, &dv.cardinality) < 0)
		return -1;
	if (strlen(storage) != 1)
		return bad(at, "storageType", "not one letter");
	dv.storage = *storage;
	dv.has_offset = json_is_integer(json_object_get(v, "offset"));
	*out = pool_copy(&st->s->pool, &dv, sizeof(dv));
	return 0;
}

static int
raw_file(const struct action_place *at, struct delta_state *st, const json_t *o, bool add, struct delta_raw_file *f)
{
	struct delta_pair *pairs;
	const json_t *tags = json_object_get(o, "tags");
	char *text;

	memset(f, 0, sizeof(*f));
	if (get_text(at, st, o, "path", true, &f->uri) < 0 ||
	    get_pairs(at, st, o, "partitionValues", &pairs, &f->npartition) < 0 ||
	    get_int(at, o, "size", add, 0, &f->size) < 0 ||
	    get_int(at, o, add ? "modificationTime" : "deletionTimestamp", add, 0, &f->time) < 0 ||
	    get_text(at, st, o, "stats", false, &f->stats) < 0 ||
	    get_int(at, o, "baseRowId", false, -1, &f->base_row_id) < 0 ||
	    get_int(at, o, "defaultRowCommitVersion", false, -1, &f->row_commit_version) < 0 ||
	    deletion_vector(at, st, o, &f->dv) < 0)
		return -1;
	f->partition = pairs;
	if (json_is_object(tags)) {
		text = json_dumps(tags, JSON_COMPACT);
		if (text == NULL)
			msg_die(EX_OSERR, "out of memory");
		f->tags = pool_copy(&st->s->pool, text, strlen(text) + 1);
		free(text);
	}
	return 0;
}

static int
app(const struct action_place *at, struct delta_state *st, const json_t *o)
{
	struct delta_app a = { 0 };

	if (get_text(at, st, o, "appId", true, &a.id) < 0 || get_int(at, o, "version", true, 0, &a.version) < 0 ||
	    get_int(at, o, "lastUpdated", false, -1, &a.updated) < 0)
		return -1;
	delta_state_app(st, &a);
	return 0;
}

static int
domain(const struct action_place *at, struct delta_state *st, const json_t *o)
{
	struct delta_domain d = { 0 };

	if (get_text(at, st, o, "domain", true, &d.name) < 0 ||
	    get_text(at, st, o, "configuration", true, &d.configuration) < 0)
		return -1;
	delta_state_domain(st, &d, json_is_true(json_object_get(o, "removed")));
	return 0;
}

void
delta_names_add(struct delta_names *names, const char *name)
{
	names->p = xreallocarray(names->p, names->n + 1, sizeof(*names->p));
	names->p[names->n++] = name;
}

static int
sidecar(const struct action_place *at, struct delta_state *st, const json_t *o, struct delta_names *sidecars)
{
	const char *name;

	if (sidecars == NULL)
		return bad(at, "path", "misplaced sidecar");
	if (get_text(at, st, o, "path", true, &name) < 0)
		return -1;
	delta_names_add(sidecars, name);
	return 0;
}

static int
action(struct action_place *at, struct delta_state *st, const char *name, const json_t *o, struct delta_names *sidecars)
{
	struct delta_raw_file f;

	at->action = name;
	if (strcmp(name, "add") == 0)
		return raw_file(at, st, o, true, &f) < 0 ? -1 : delta_state_add(st, &f, at->err);
	if (strcmp(name, "remove") == 0)
		return raw_file(at, st, o, false, &f) < 0 ? -1 : delta_state_remove(st, &f, at->err);
	if (strcmp(name, "metaData") == 0)
		return metadata(at, st, o);
	if (strcmp(name, "protocol") == 0)
		return protocol(at, st, o);
	if (strcmp(name, "txn") == 0)
		return app(at, st, o);
	if (strcmp(name, "domainMetadata") == 0)
		return domain(at, st, o);
	if (strcmp(name, "sidecar") == 0)
		return sidecar(at, st, o, sidecars);
	return 0;
}

int
delta_actions(struct delta_state *st, const char *name, const struct buf *text, struct delta_names *sidecars,
    struct msg *err)
{
	struct action_place at = { .file = name, .err = err };
	const char *p = text->len > 0 ? (const char *)text->p : "", *end = p + text->len, *lf;
	json_error_t why;
	json_t *line, *value;
	const char *key;
	int failed = 0;

	for (; p < end && !failed; p = lf + 1) {
		lf = memchr(p, '\n', (size_t)(end - p));
		if (lf == NULL)
			lf = end;
		at.line++;
		if (lf == p || (lf == p + 1 && *p == '\r'))
			continue;
		line = json_loadb(p, (size_t)(lf - p), JSON_ALLOW_NUL, &why);
		if (!json_is_object(line)) {
			json_decref(line);
			return msg_set(err, EX_DATAERR, "%s:%u: not a JSON object%s%s", name, at.line,
			    line == NULL ? ": " : "",
			    line == NULL ? why.text : "");
		}
		json_object_foreach(line, key, value)
			if (!failed && !json_is_null(value))
				failed = action(&at, st, key, value, sidecars);
		json_decref(line);
	}
	return failed;
}
