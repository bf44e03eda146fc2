#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/io.h"
#include "base/json.h"
#include "frictionless/frictionless.h"

struct from {
	struct buf *out, *left;
	const char *place;	/* of what is not carried, "field 'x'" */
};

/* ---- what is not carried ---- */

static void
leave(struct from *f, const char *what, const char *why)
{
	buf_addf(f->left, "%s%s%s%s%s\n", f->place, *f->place != '\0' ? ": " : "", what, why != NULL ? ": " : "",
	    why != NULL ? why : "");
}

/* Lists the properties of an object that are not among those known. */
static void
leave_others(struct from *f, const json_t *o, const char *const *known)
{
	const char *const *k, *key;
	json_t *value;

	json_object_foreach((json_t *)o, key, value) {
		for (k = known; *k != NULL && strcmp(*k, key) != 0; k++)
			continue;
		if (*k == NULL)
			leave(f, key, NULL);
	}
}

/* ---- YAML ---- */

static void
put_text(struct from *f, const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";

	if (*text != '\0' && *text != '.' && text[strspn(text, letters)] == '\0')
		buf_adds(f->out, text);
	else
		json_put(f->out, text, strlen(text));
}

static void
put_word(struct from *f, const char *indent, const char *word, const char *text)
{
	buf_addf(f->out, "%s%s: ", indent, word);
	put_text(f, text);
	buf_addc(f->out, '\n');
}

/* Returns a value as text, owned by the caller; NULL if it is neither text nor a number. */
static char *
text_of(const json_t *v)
{
	if (json_is_string(v))
		return xstrdup(json_string_value(v));
	if (json_is_integer(v))
		return xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(v));
	return json_is_real(v) ? xasprintf("%.15g", json_real_value(v)) : NULL;
}

/* Puts a word whose value is a text or a number, if the object has the property. */
static void
put_property(struct from *f, const json_t *o, const char *property, const char *indent, const char *word)
{
	const json_t *v = json_object_get(o, property);
	char *text = text_of(v);

	if (text != NULL && *text != '\0')
		put_word(f, indent, word, text);
	else if (v != NULL)
		leave(f, property, NULL);
	free(text);
}

/* Puts a list of texts without the empty ones; nothing for an empty list. */
static void
put_list(struct from *f, const json_t *list, const char *indent, const char *word, bool even_empty)
{
	const char *before = "";
	size_t i, start = f->out->len;
	json_t *v;

	buf_addf(f->out, "%s%s: [", indent, word);
	json_array_foreach((json_t *)list, i, v) {
		char *text = text_of(json_is_object(v) ? json_object_get(v, "value") : v);

		if (text != NULL && *text != '\0') {
			buf_adds(f->out, before);
			put_text(f, text);
			before = ", ";
		}
		free(text);
	}
	buf_adds(f->out, "]\n");
	if (*before == '\0' && !even_empty)
		f->out->len = start;
}

/* ---- dialect ---- */

/* Puts a line number of headerRows, or header: no. */
static void
put_header(struct from *f, const json_t *d)
{
	const json_t *rows = json_object_get(d, "headerRows");
	char *line = NULL;

	if (json_is_false(json_object_get(d, "header")))
		put_word(f, "", "header", "no");
	else if (json_array_size(rows) == 1 && (line = text_of(json_array_get(rows, 0))) != NULL)
		put_word(f, "", "header", line);
	else if (rows != NULL)
		leave(f, "headerRows", "more than one line of names");
	free(line);
}

static void
put_dialect(struct from *f, const json_t *d)
{
	static const char *const known[] = { "delimiter", "quoteChar", "escapeChar", "doubleQuote", "header",
	    "headerRows", "commentChar", "nullSequence", "caseSensitiveHeader", "lineTerminator", "skipInitialSpace",
	    "csvddfVersion", "$schema", NULL };
	const json_t *empty = json_object_get(d, "quoteChar");

	f->place = "dialect";
	put_property(f, d, "delimiter", "", "delimiter");
	if (json_is_string(empty) && *json_string_value(empty) == '\0')
		put_word(f, "", "quote", "");
	else
		put_property(f, d, "quoteChar", "", "quote");
	put_property(f, d, "escapeChar", "", "escape");
	put_property(f, d, "commentChar", "", "comment");
	put_header(f, d);
	if (json_is_false(json_object_get(d, "doubleQuote")))
		leave(f, "doubleQuote", "a doubled quote always means one");
	if (json_is_false(json_object_get(d, "caseSensitiveHeader")))
		put_word(f, "", "names", "ignore_case");
	leave_others(f, d, known);
}

/* ---- fields ---- */

static const struct {
	const char *theirs, *ours, *remark;
} types[] = {
	{ "string", "string", NULL },
	{ "integer", "int64", NULL },
	{ "number", "decimal(18,2)", "number has no digits of its own: decimal(18,2)" },
	{ "boolean", "bool", NULL },
	{ "date", "date", NULL },
	{ "datetime", "timestamp", NULL },
	{ "year", "int32", NULL }
};
enum { NTYPES = sizeof(types) / sizeof(*types) };

static void
put_type(struct from *f, const json_t *field)
{
	const char *own = json_string_value(json_object_get(field, "acct:type"));
	const char *type = json_string_value(json_object_get(field, "type"));
	size_t i;

	for (i = 0; i < NTYPES && (type == NULL || strcmp(types[i].theirs, type) != 0); i++)
		continue;
	if (own == NULL && i < NTYPES && types[i].remark != NULL)
		leave(f, "type", types[i].remark);
	if (own == NULL && i == NTYPES && type != NULL && strcmp(type, "any") != 0)
		leave(f, "type", type);
	put_word(f, "    ", "type", own != NULL ? own : i < NTYPES ? types[i].ours : "string");
}

/* Puts the format of a date or a time. Returns whether it has one of its own. */
static bool
put_format(struct from *f, const json_t *field)
{
	const char *format = json_string_value(json_object_get(field, "format"));
	const char *type = json_string_value(json_object_get(field, "type"));

	if (format == NULL || strcmp(format, "default") == 0)
		return false;
	if (type == NULL || strncmp(type, "date", 4) != 0 || strchr(format, '%') == NULL) {
		leave(f, "format", format);
		return false;
	}
	put_word(f, "    ", "format", format);
	return true;
}

static void
put_pattern(struct from *f, const json_t *c)
{
	const char *pattern = json_string_value(json_object_get(c, "pattern"));
	struct regex_fault why;
	struct regex *regex;

	if (pattern == NULL)
		return;
	regex = regex_compile(pattern, strlen(pattern), &why);
	if (regex != NULL)
		put_word(f, "    ", "pattern", pattern);
	else
		leave(f, "pattern", why.what);
	regex_free(regex);
}

static void
put_constraints(struct from *f, const json_t *c, bool formatted)
{
	static const char *const known[] = { "required", "unique", "pattern", "enum", "minLength", "maxLength",
	    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", NULL };
	static const char *const bounds[][2] = { { "minimum", "minimum" }, { "maximum", "maximum" },
	    { "exclusiveMinimum", "exclusive_minimum" }, { "exclusiveMaximum", "exclusive_maximum" } };
	size_t i;

	if (json_is_true(json_object_get(c, "required")))
		put_word(f, "    ", "required", "yes");
	if (json_is_true(json_object_get(c, "unique")))
		put_word(f, "    ", "unique", "yes");
	put_pattern(f, c);
	put_property(f, c, "minLength", "    ", "min_length");
	put_property(f, c, "maxLength", "    ", "max_length");
	for (i = 0; i < 4; i++)
		if (!formatted)
			put_property(f, c, bounds[i][0], "    ", bounds[i][1]);
		else if (json_object_get(c, bounds[i][0]) != NULL)
			leave(f, bounds[i][0], "in the format of the field");
	if (!formatted && json_object_get(c, "enum") != NULL)
		put_list(f, json_object_get(c, "enum"), "    ", "enum", false);
	else if (json_object_get(c, "enum") != NULL)
		leave(f, "enum", "in the format of the field");
	leave_others(f, c, known);
}

/* Puts what a foreign key of this one field refers to. */
static void
put_reference(struct from *f, const json_t *schema, const char *name)
{
	json_t *key, *fields, *to;
	char *text;
	size_t i;

	json_array_foreach(json_object_get(schema, "foreignKeys"), i, key) {
		const json_t *reference = json_object_get(key, "reference");
		const char *table = json_string_value(json_object_get(reference, "resource"));

		fields = json_object_get(key, "fields");
		to = json_object_get(reference, "fields");
		fields = json_array_size(fields) == 1 ? json_array_get(fields, 0) : fields;
		to = json_array_size(to) == 1 ? json_array_get(to, 0) : to;
		if (!json_is_string(fields) || strcmp(json_string_value(fields), name) != 0)
			continue;
		if (!json_is_string(to) || table == NULL || *table == '\0') {
			leave(f, "foreignKeys", "not to one column of another table");
			continue;
		}
		text = xasprintf("%s.%s", table, json_string_value(to));
		put_word(f, "    ", "references", text);
		free(text);
	}
}

/* Is the field, or one of several, the primary key? */
static bool
is_key(const json_t *schema, const char *name)
{
	const json_t *key = json_object_get(schema, "primaryKey");
	json_t *one;
	size_t i;

	if (json_is_string(key))
		return strcmp(json_string_value(key), name) == 0;
	json_array_foreach((json_t *)key, i, one)
		if (json_is_string(one) && strcmp(json_string_value(one), name) == 0)
			return true;
	return false;
}

static void
put_field(struct from *f, const json_t *schema, const json_t *field)
{
	static const char *const known[] = { "name", "type", "format", "title", "description", "constraints",
	    "missingValues", "trueValues", "falseValues", "decimalChar", "groupChar", "acct:type", "acct:name", NULL };
	const char *name = json_string_value(json_object_get(field, "name"));
	const char *own = json_string_value(json_object_get(field, "acct:name"));
	char *place = xasprintf("field %s", msg_quotes(name));

	f->place = place;
	put_word(f, "  - ", "name", own != NULL ? own : name);
	if (own != NULL && strcmp(own, name) != 0)
		put_word(f, "    ", "source", name);
	put_type(f, field);
	if (is_key(schema, name))
		put_word(f, "    ", "key", "yes");
	put_property(f, field, "title", "    ", "title");
	put_property(f, field, "description", "    ", "description");
	put_property(f, field, "decimalChar", "    ", "decimal_char");
	put_property(f, field, "groupChar", "    ", "group_char");
	if (json_object_get(field, "missingValues") != NULL)
		put_list(f, json_object_get(field, "missingValues"), "    ", "nulls", true);
	put_list(f, json_object_get(field, "trueValues"), "    ", "true_values", false);
	put_list(f, json_object_get(field, "falseValues"), "    ", "false_values", false);
	put_constraints(f, json_object_get(field, "constraints"), put_format(f, field));
	put_reference(f, schema, name);
	leave_others(f, field, known);
	free(place);
}

/* ---- a table ---- */

static void
leave_keys(struct from *f, const json_t *schema)
{
	json_t *key;
	size_t i;

	json_array_foreach(json_object_get(schema, "foreignKeys"), i, key)
		if (json_array_size(json_object_get(key, "fields")) > 1)
			leave(f, "foreignKeys", "of several columns");
}

static void
put_schema(struct from *f, const json_t *schema)
{
	static const char *const known[] = { "fields", "primaryKey", "foreignKeys", "missingValues", "fieldsMatch",
	    "$schema", NULL };
	const char *match = json_string_value(json_object_get(schema, "fieldsMatch"));
	json_t *field;
	size_t i;

	f->place = "schema";
	if (match != NULL && (strcmp(match, "subset") == 0 || strcmp(match, "partial") == 0))
		put_word(f, "", "extra", "ignore");
	if (match != NULL && strcmp(match, "subset") != 0 && strcmp(match, "exact") != 0)
		leave(f, "fieldsMatch", match);
	put_list(f, json_object_get(schema, "missingValues"), "", "nulls", false);
	leave_others(f, schema, known);
	leave_keys(f, schema);
	buf_adds(f->out, "columns:\n");
	json_array_foreach(json_object_get(schema, "fields"), i, field)
		put_field(f, schema, field);
}

static void
put_path(struct from *f, const json_t *resource)
{
	const json_t *path = json_object_get(resource, "path");

	if (json_array_size(path) == 1)
		path = json_array_get(path, 0);
	if (json_is_string(path) && strchr(json_string_value(path), '/') == NULL)
		put_word(f, "", "file", json_string_value(path));
	else if (path != NULL)
		leave(f, "path", "not the name of one file");
}

static void
put_resource(struct from *f, const json_t *resource, const json_t *schema, const char *name)
{
	static const char *const known[] = { "name", "path", "type", "profile", "encoding", "dialect", "schema",
	    "format", "mediatype", "bytes", "hash", "$schema", NULL };
	const char *encoding = json_string_value(json_object_get(resource, "encoding"));

	put_word(f, "", "name", name);
	if (resource != NULL) {
		put_path(f, resource);
		if (encoding != NULL && strcmp(encoding, "utf-8") != 0)
			put_word(f, "", "encoding", encoding);
		leave_others(f, resource, known);
		put_dialect(f, json_object_get(resource, "dialect"));
	}
	put_schema(f, schema);
}

/* ---- the file ---- */

static int
refuse(struct msg *err, const char *path, const char *what)
{
	return msg_set(err, EX_DATAERR, "%s: %s", path, what);
}

/* Finds the resource of a package; NULL name: the only one. */
static const json_t *
find_resource(const json_t *package, const char *name)
{
	const json_t *list = json_object_get(package, "resources"), *found = NULL;
	json_t *r;
	size_t i;

	if (name == NULL)
		return json_array_size(list) == 1 ? json_array_get(list, 0) : NULL;
	json_array_foreach((json_t *)list, i, r) {
		const char *of = json_string_value(json_object_get(r, "name"));

		if (of != NULL && strcmp(of, name) == 0)
			found = r;
	}
	return found;
}

static bool
has_names(const json_t *schema)
{
	const json_t *fields = json_object_get(schema, "fields");
	json_t *field;
	size_t i;

	json_array_foreach((json_t *)fields, i, field)
		if (json_string_length(json_object_get(field, "name")) == 0)
			return false;
	return json_array_size(fields) > 0;
}

/* Returns the name of the file without folder and suffix, owned by the caller. */
static char *
name_of(const char *path)
{
	const char *base = strrchr(path, '/');

	base = base != NULL ? base + 1 : path;
	return xstrndup(base, strcspn(base, "."));
}

static int
convert(struct from *f, const char *path, const json_t *root, const char *name, struct msg *err)
{
	const json_t *resource = root, *schema;
	const char *table;
	char *base;

	if (json_object_get(root, "resources") != NULL)
		resource = find_resource(root, name);
	if (resource == NULL)
		return msg_set(err, EX_USAGE, "%s: %s", path, name == NULL ? "several tables: name one of them" :
		    "no such table");
	if (json_object_get(resource, "fields") != NULL)
		schema = resource, resource = NULL;
	else
		schema = json_object_get(resource, "schema");
	if (!has_names(schema))
		return refuse(err, path, "no Table Schema with fields and their names");
	table = json_string_value(json_object_get(resource, "name"));
	base = name_of(path);
	put_resource(f, resource, schema, name != NULL ? name : table != NULL ? table : base);
	free(base);
	return 0;
}

/* Is what was made a schema? A value in the file may be none of its type. */
static int
check(const struct buf *yaml, const char *path, struct msg *err)
{
	struct msg why = { 0 };
	struct schema s;
	int status = schema_parse(&s, yaml->p, yaml->len, "schema", &why);

	schema_free(&s);
	return status == 0 ? 0 : msg_set(err, EX_DATAERR, "%s: as a schema it is invalid: %s", path, why.text);
}

int
frictionless_read(const char *path, const char *resource, struct buf *yaml, struct buf *left, struct msg *err)
{
	struct from f = { .out = yaml, .left = left, .place = "" };
	int fd = io_open(path, err), status;
	json_error_t why;
	json_t *root;

	if (fd == -1)
		return -1;
	root = json_loadfd(fd, JSON_REJECT_DUPLICATES, &why);
	close(fd);
	if (root == NULL)
		return msg_set(err, EX_DATAERR, "%s:%d:%d: %s", path, why.line, why.column, why.text);
	status = json_is_object(root) ? convert(&f, path, root, resource, err) : refuse(err, path, "no object of JSON");
	json_decref(root);
	return status < 0 ? -1 : check(yaml, path, err);
}
