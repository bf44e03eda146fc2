/* Writes columns as the JSON of schemaString. Clause Schema Serialization Format. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "delta/log/state.h"

int
delta_schema_check(const struct delta_column *columns, size_t n, struct msg *err)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		/* Spark and Delta reject these characters in a name without column mapping. */
		if (*columns[i].name == '\0' || strpbrk(columns[i].name, " ,;{}()\n\t=") != NULL)
			return msg_set(err, EX_CONFIG,
			    "column %s: a Delta table's column names must not contain blanks or ,;{}()=",
			    msg_quotes(columns[i].name));
		for (k = 0; k < i; k++)
			if (strcasecmp(columns[i].name, columns[k].name) == 0)
				return msg_set(err, EX_CONFIG,
				    "columns %s and %s: a Delta table's column names must differ in more than case",
				    msg_quotes(columns[k].name), msg_quotes(columns[i].name));
	}
	return 0;
}

static const char *
type_word(const struct delta_column *c, char *out)
{
	switch (c->type) {
	case PQ_BOOL:
		return "boolean";
	case PQ_INT8:
		return "byte";
	case PQ_INT16:
		return "short";
	case PQ_INT32:
		return "integer";
	case PQ_INT64:
		return "long";
	case PQ_FLOAT:
		return "float";
	case PQ_DOUBLE:
		return "double";
	case PQ_TIMESTAMP:
		return "timestamp";
	case PQ_TIMESTAMP_NTZ:
		return "timestamp_ntz";
	default:	/* string, binary, date and decimal(p,s) have the same names there */
		return pq_type_name(out, c->type, c->precision, c->scale);
	}
}

static void
put_column(struct buf *out, const struct delta_column *c)
{
	char word[NUM_TEXT];

	buf_adds(out, "{\"name\":");
	delta_json_text(out, c->name);
	buf_addf(out, ",\"type\":\"%s\",\"nullable\":%s,\"metadata\":{%s", type_word(c, word),
	    c->nullable ? "true" : "false", c->hidden ? "\"" DELTA_HIDDEN "\":true" : "");
	if (c->comment != NULL) {
		buf_adds(out, c->hidden ? ",\"comment\":" : "\"comment\":");
		delta_json_text(out, c->comment);
	}
	buf_adds(out, "}}");
}

int
delta_schema_put(struct buf *out, const struct delta_column *columns, size_t n, struct msg *err)
{
	size_t i;

	if (delta_schema_check(columns, n, err) < 0)
		return -1;
	buf_adds(out, "{\"type\":\"struct\",\"fields\":[");
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		put_column(out, &columns[i]);
	}
	buf_adds(out, "]}");
	return 0;
}

int
delta_schema_extend(struct buf *out, const struct delta_snapshot *s, const struct delta_column *columns, size_t n,
    struct msg *err)
{
	json_t *schema = json_loads(s->metadata.schema, 0, NULL), *fields = json_object_get(schema, "fields"), *added;
	struct buf one = { 0 };
	char *text = NULL;
	size_t i;
	int failed = delta_schema_check(columns, n, err);

	for (i = s->ncolumns; i < n && !failed; i++) {
		one.len = 0;
		put_column(&one, &columns[i]);
		added = json_loadb((char *)one.p, one.len, 0, NULL);
		if (added == NULL || json_array_append_new(fields, added) < 0)
			failed = msg_set(err, EX_SOFTWARE, "schema: no place for column %s", columns[i].name);
	}
	if (!failed && (text = json_dumps(schema, JSON_COMPACT)) == NULL)
		failed = msg_set(err, EX_OSERR, "out of memory");
	if (!failed)
		buf_adds(out, text);
	free(text);
	buf_free(&one);
	json_decref(schema);
	return failed;
}
