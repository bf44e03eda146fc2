/* The summary of a run, as text for people and as JSON. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/json.h"
#include "reconcile/parts.h"
#include "text/align.h"

/* ---- what was counted ---- */

static const char *
table_of(const struct reconcile *r, size_t i)
{
	return r->job->sources[i].schema.name;
}

static const char *
count_of(const json_t *o, const char *key)
{
	const char *n = reconcile_number(o, key);

	return n != NULL ? n : "0";
}

/* Returns the value of a term that is measured. */
static const char *
figure(const struct reconcile *r, enum job_function function, size_t gold, const char *column)
{
	size_t i;

	for (i = 0; i < r->checks.nterms; i++) {
		const struct job_term *t = &r->checks.terms[i];

		if (t->function == function && t->gold && t->table == gold && t->where == NULL &&
		    (column == NULL ? t->column == NULL : t->column != NULL && strcmp(t->column, column) == 0))
			return r->values[i];
	}
	return "?";
}

/* ---- text ---- */

/* Appends a heading and lines, unless there are none. */
static void
put_part(struct buf *out, const char *heading, struct buf *lines, const char *sides)
{
	if (lines->len > 0) {
		buf_addf(out, "\n%s%s", heading, *heading != '\0' ? "\n" : "");
		text_align(out, lines, sides);
	}
	buf_free(lines);
}

/* Returns the table's count of what its schema has words to skip, in a file or a row. */
static const char *
skipped(const struct reconcile_source *s)
{
	return count_of(s->ingest, "skipped");
}

static const char *
left_out(const struct reconcile_source *s)
{
	return count_of(s->clean, "left_out");
}

/* Is the count of any table not 0? */
static bool
any(const struct reconcile *r, const char *(*count)(const struct reconcile_source *s))
{
	size_t i;

	for (i = 0; i < r->job->nsources; i++)
		if (strcmp(count(&r->sources[i]), "0") != 0)
			return true;
	return false;
}

/* A line for each source; columns for lines that are skipped and rows that are left out only where there are some. */
static void
put_files(const struct reconcile *r, struct buf *out)
{
	struct buf lines = { 0 };
	bool skips = any(r, skipped), leaves = any(r, left_out);
	size_t i;

	buf_addf(&lines, "table\tbytes\tread\tclean\trejected\tblank%s%s\n", skips ? "\tskipped" : "",
	    leaves ? "\tleft out" : "");
	for (i = 0; i < r->job->nsources; i++) {
		const struct reconcile_source *s = &r->sources[i];

		if (s->absent)
			continue;
		buf_addf(&lines, "%s\t%" PRIu64 "\t%s\t%s\t%s\t%s", table_of(r, i), s->bytes,
		    count_of(s->clean, "read"), count_of(s->clean, "clean"), count_of(s->clean, "rejected"),
		    count_of(s->ingest, "blank"));
		if (skips)
			buf_addf(&lines, "\t%s", skipped(s));
		if (leaves)
			buf_addf(&lines, "\t%s", left_out(s));
		buf_addc(&lines, '\n');
	}
	put_part(out, "", &lines, "l");
}

/* Reasons that occur, each with its count for each table. */
static void
put_reasons(const struct reconcile *r, struct buf *out)
{
	struct buf lines = { 0 };
	const char *reason;
	json_t *n;
	size_t i;

	for (i = 0; i < r->job->nsources; i++)
		json_object_foreach(json_object_get(r->sources[i].clean, "reasons"), reason, n)
			if (json_integer_value(n) != 0)
				buf_addf(&lines, "%s\t%s\t%" JSON_INTEGER_FORMAT "\n", table_of(r, i), reason,
				    json_integer_value(n));
	put_part(out, "rejected", &lines, "ll");
}

/* Does the schema leave it open whether quoted fields may cross line ends? */
static bool
is_doubtful(const struct reconcile_source *s)
{
	const json_t *multiline = json_object_get(s->ingest, "multiline");

	return !s->absent && (multiline == NULL || json_is_null(multiline));
}

static void
put_doubt(struct buf *lines, const char *table, const char *what, const json_t *o, const char *count)
{
	json_int_t n = json_integer_value(json_object_get(o, count));

	if (n != 0)
		buf_addf(lines, "%s\t%s\t%" JSON_INTEGER_FORMAT "\tthe first in line %" JSON_INTEGER_FORMAT "\n", table,
		    what, n, json_integer_value(json_object_get(o, "first")));
}

static void
put_doubts(const struct reconcile *r, struct buf *out)
{
	struct buf lines = { 0 };
	size_t i;

	for (i = 0; i < r->job->nsources; i++) {
		const json_t *o = r->sources[i].ingest;

		if (!is_doubtful(&r->sources[i]))
			continue;
		put_doubt(&lines, table_of(r, i), "rows that span lines", json_object_get(o, "spanning"), "rows");
		put_doubt(&lines, table_of(r, i), "rejects that leave a quote open",
		    json_object_get(o, "open_quotes"), "rejects");
	}
	put_part(out, "doubtful, as the schema does not say whether fields span lines (multiline)", &lines, "llrl");
}

/* The limits that were passed and accepted. */
static void
put_accepted(const struct reconcile *r, struct buf *out)
{
	struct buf lines = { 0 };
	size_t i, k;
	json_t *limit;

	for (i = 0; i < r->job->nsources; i++)
		json_array_foreach(json_object_get(r->sources[i].clean, "limits"), k, limit)
			buf_addf(&lines, "%s\t%s\n", table_of(r, i),
			    json_is_string(limit) ? json_string_value(limit) : "?");
	put_part(out, "accepted beyond a limit", &lines, "ll");
}

/* A line for each gold table, with the total of each column that its script names for that. */
static void
put_gold(const struct reconcile *r, struct buf *out)
{
	struct buf lines = { 0 };
	size_t i, k;

	for (i = 0; i < r->job->ngold; i++) {
		const struct job_gold *g = &r->job->gold[i];

		buf_addf(&lines, "%s\t%s rows", g->name, figure(r, JOB_COUNT, i, NULL));
		for (k = 0; k < g->total.n; k++)
			buf_addf(&lines, "\t%s\t%s", g->total.word[k], figure(r, JOB_SUM, i, g->total.word[k]));
		buf_addc(&lines, '\n');
	}
	buf_adds(out, "\ngold\n");
	text_align(out, &lines, "lrlrlrlrlr");
	buf_free(&lines);
}

/* Calls `put` for each amount of a reference's orphans. */
static void
each_amount(const struct reconcile *r, const struct reconcile_orphans *o,
    void (*put)(struct buf *out, const char *name, const char *sum), struct buf *out)
{
	const struct schema *s = &r->job->sources[o->source].schema;
	size_t i, n = 0;

	for (i = 0; i < s->ncolumns; i++)
		if (s->columns[i].type.kind == VAL_DECIMAL)
			put(out, s->columns[i].name, o->sums[n++]);
}

static void
put_amount(struct buf *out, const char *name, const char *sum)
{
	buf_addf(out, "\t%s\t%s", name, sum);
}

/* The orphans of each reference, with the sums of their amounts. */
static void
put_orphans(const struct reconcile *r, struct buf *out)
{
	struct buf lines = { 0 };
	size_t i;

	for (i = 0; i < r->norphans; i++) {
		const struct reconcile_orphans *o = &r->orphans[i];
		const struct job_source *s = &r->job->sources[o->source];
		const struct job_reference *f = &s->references[o->reference];
		char *columns = job_reference_columns(&s->schema, f->columns, f->n);

		buf_addf(&lines, "%s of unknown %s\t%s", s->schema.name, columns, o->count);
		each_amount(r, o, put_amount, &lines);
		buf_addc(&lines, '\n');
		free(columns);
	}
	put_part(out, "kept in silver without an owner", &lines, "lrlrlrlr");
}

void
reconcile_put_summary(const struct reconcile *r, const struct reconcile_summary *s, struct buf *out)
{
	buf_addf(out, "run %s\n", s->id);
	put_files(r, out);
	put_reasons(r, out);
	put_doubts(r, out);
	put_accepted(r, out);
	put_gold(r, out);
	put_orphans(r, out);
	buf_adds(out, "\nreconciliation\n");
	reconcile_put_text(r, out);
}

/* ---- JSON ---- */

static void
put_string(struct buf *out, const char *text)
{
	json_put(out, text, strlen(text));
}

/* Appends what a program's statistics have under a key, or `otherwise`. */
static void
put_value(struct buf *out, const json_t *o, const char *key, const char *otherwise)
{
	const json_t *v = json_object_get(o, key);
	char *text = v != NULL ? json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	buf_adds(out, text != NULL ? text : otherwise);
	free(text);
}

static void
json_pieces(const struct reconcile_source *s, struct buf *out)
{
	size_t i;

	for (i = 0; i < s->npieces; i++) {
		buf_addf(out, "%s{\"bronze\":", i > 0 ? ",\n    " : "");
		put_string(out, s->pieces[i].name + strlen("bronze/"));
		buf_addf(out, ",\"bytes\":%" PRIu64 ",\"sha256\":\"%s\"}", s->pieces[i].bytes, s->pieces[i].sha256);
	}
}

static void
json_tables(const struct reconcile *r, struct buf *out)
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < r->job->nsources; i++) {
		const struct reconcile_source *s = &r->sources[i];

		if (s->absent)
			continue;
		buf_addf(out, "%s\n  \"%s\":{\"read\":%s,\"clean\":%s,\"rejected\":%s,\"blank\":%s,\"skipped\":%s,"
		    "\"left_out\":%s,\"bytes\":%" PRIu64 ",\"run\":", comma, table_of(r, i), count_of(s->clean, "read"),
		    count_of(s->clean, "clean"), count_of(s->clean, "rejected"), count_of(s->ingest, "blank"),
		    skipped(s), left_out(s), s->bytes);
		put_string(out, s->run);
		buf_adds(out, ",\n    \"pieces\":[");
		json_pieces(s, out);
		buf_addc(out, ']');
		buf_adds(out, ",\n    \"reasons\":");
		put_value(out, s->clean, "reasons", "{}");
		buf_adds(out, ",\n    \"amounts\":");
		put_value(out, s->clean, "amounts", "{}");
		buf_adds(out, ",\n    \"accepted\":");
		put_value(out, s->clean, "limits", "[]");
		buf_addc(out, '}');
		comma = ",";
	}
}

static void
json_doubts(const struct reconcile *r, struct buf *out)
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < r->job->nsources; i++) {
		if (!is_doubtful(&r->sources[i]))
			continue;
		buf_addf(out, "%s\n  \"%s\":{\"spanning\":", comma, table_of(r, i));
		put_value(out, r->sources[i].ingest, "spanning", "null");
		buf_adds(out, ",\"open_quotes\":");
		put_value(out, r->sources[i].ingest, "open_quotes", "null");
		buf_addc(out, '}');
		comma = ",";
	}
}

static void
json_gold(const struct reconcile *r, struct buf *out)
{
	size_t i;

	for (i = 0; i < r->job->ngold; i++)
		buf_addf(out, "%s\n  \"%s\":{\"rows\":%s}", i > 0 ? "," : "", r->job->gold[i].name,
		    figure(r, JOB_COUNT, i, NULL));
}

static void
json_amount(struct buf *out, const char *name, const char *sum)
{
	if (out->len > 0 && out->p[out->len - 1] != '{')
		buf_addc(out, ',');
	put_string(out, name);
	buf_addc(out, ':');
	put_string(out, sum);
}

static void
json_orphans(const struct reconcile *r, struct buf *out)
{
	size_t i;

	for (i = 0; i < r->norphans; i++) {
		const struct reconcile_orphans *o = &r->orphans[i];
		const struct job_source *s = &r->job->sources[o->source];
		const struct job_reference *f = &s->references[o->reference];
		const struct schema *to = &r->job->sources[f->source].schema;
		char *columns = job_reference_columns(&s->schema, f->columns, f->n);
		char *others = job_reference_columns(to, f->others, f->n), *whole;

		whole = xasprintf("%s.%s", to->name, others);
		buf_addf(out, "%s\n  {\"table\":\"%s\",\"column\":", i > 0 ? "," : "", s->schema.name);
		put_string(out, columns);
		buf_adds(out, ",\"references\":");
		put_string(out, whole);
		buf_addf(out, ",\"count\":%s,\"sums\":{", o->count);
		each_amount(r, o, json_amount, out);
		buf_adds(out, "}}");
		free(columns);
		free(others);
		free(whole);
	}
}

/* Appends "key":"text" and what follows. */
static void
put_pair(struct buf *out, const char *before, const char *key, const char *text)
{
	buf_addf(out, "%s\"%s\":", before, key);
	put_string(out, text);
	buf_adds(out, ",\n");
}

void
reconcile_put_summary_json(const struct reconcile *r, const struct reconcile_summary *s, struct buf *out)
{
	put_pair(out, "{", "run", s->id);
	put_pair(out, " ", "backend", s->backend);
	put_pair(out, " ", "started", s->started);
	put_pair(out, " ", "finished", s->finished);
	buf_adds(out, " \"tables\":{");
	json_tables(r, out);
	buf_adds(out, "},\n \"doubts\":{");
	json_doubts(r, out);
	buf_adds(out, "},\n \"gold\":{");
	json_gold(r, out);
	buf_adds(out, "},\n \"orphans\":[");
	json_orphans(r, out);
	buf_adds(out, "],\n \"reconciliation\":");
	reconcile_put_json(r, out);
	buf_adds(out, "}\n");
}
