#include <stdlib.h>

#include "clean/derive.h"
#include "clean/owners.h"
#include "csv/csv.h"
#include "csv/format.h"

/* ---- rows as lines ---- */

/* Sets the fields of the columns that a file has, in the schema's order, and the line of their names. */
static void
set_columns(struct rejects *r)
{
	const struct cleaner *k = r->cleaner;
	const struct csv_format format = csv_format_of(k->schema);
	const char *name;
	size_t i;

	r->order = xcalloc(k->ncolumns, sizeof(*r->order));
	for (i = 0; i < k->ncolumns; i++) {
		if (schema_is_computed(k->columns[i].schema) || k->columns[i].field == k->malformed)
			continue;		/* not in the file */
		if (r->norder > 0)
			buf_addc(&r->names, format.delimiter);
		name = k->columns[i].schema->source;
		csv_put(&r->names, name, strlen(name), format);
		r->order[r->norder++] = k->columns[i].field;
	}
}

static void
make_header(struct rejects *r, struct rec_header *h, const struct rec_header *raw)
{
	static const struct val_type line = { VAL_INT64, 0, 0 }, text = { VAL_STRING, 0, 0 };
	const char *source = rec_header_word(raw, "source");
	char *table = xasprintf("%s_rejects", r->cleaner->schema->name);

	rec_header_init(h, table);
	free(table);
	rec_header_add(h, "_line", line, false, true);
	rec_header_add(h, "reason", text, false, true);
	rec_header_add(h, "column", text, false, false);
	rec_header_add(h, "value", text, false, false);
	rec_header_add(h, "raw", text, false, true);
	rec_header_set_word(h, "raw", "1");
	rec_header_set_word(h, "header", buf_cstr(&r->names));
	if (source != NULL)
		rec_header_set_word(h, "source", source);
}

/* ---- the stream ---- */

size_t
rejects_segment(struct rejects *r, const struct rec_header *raw)
{
	struct reject_source s = { 0 };

	if (!r->open || (r->nsources > 0 && rec_header_same_words(raw, &r->sources[r->source].raw)))
		return r->source;
	rec_header_copy(&s.raw, raw);
	make_header(r, &s.header, raw);
	r->sources = xreallocarray(r->sources, r->nsources + 1, sizeof(*r->sources));
	r->sources[r->nsources] = s;
	return r->source = r->nsources++;
}

void
rejects_return(struct rejects *r, size_t source)
{
	r->source = source;
}

int
rejects_open(struct rejects *r, const char *path, const struct cleaner *k, const struct rec_header *raw)
{
	memset(r, 0, sizeof(*r));
	if (path == NULL)
		return 0;
	r->cleaner = k;
	r->open = true;
	set_columns(r);
	rejects_segment(r, raw);
	return rec_create(&r->out, path, &r->sources->header);
}

/* Begins the segment for the next row, unless it is already open. */
static int
follow_source(struct rejects *r)
{
	if (r->written == r->source)
		return 0;
	r->written = r->source;
	return rec_segment(&r->out, &r->sources[r->source].header);
}

/* Appends a raw field as it was in the file to a CSV line: nothing if it was absent, unless it is alone on the line. */
static void
put_csv(struct rejects *r, struct rec_field f)
{
	const struct csv_format format = csv_format_of(r->cleaner->schema);

	if (val_is_null(f.p, f.n) && r->norder > 1)
		return;
	r->text.len = 0;
	buf_room(&r->text, f.n);
	if (!val_is_null(f.p, f.n))
		r->text.len = val_get_string(r->text.p, f.p, f.n);
	csv_put_text(&r->raw, r->text.p, r->text.len, format);
}

/* Writes the row as a line, without the line end, to r->raw. */
static void
rebuild(struct rejects *r, struct rec raw)
{
	size_t i;

	r->raw.len = 0;
	for (i = 0; i < r->norder; i++) {
		if (i > 0)
			buf_addc(&r->raw, (uint8_t)r->cleaner->schema->delimiter);
		put_csv(r, rec_field(raw, r->order[i]));
	}
}

/* Joins names and values of columns by commas: values in r->value, names in r->text. */
static void
show_columns(struct rejects *r, const size_t *columns, size_t ncolumns, const uint8_t *typed, size_t n)
{
	const struct schema_column *c;
	struct rec_field f;
	size_t i;

	r->value.len = r->text.len = 0;
	for (i = 0; i < ncolumns; i++) {
		if (i > 0) {
			buf_addc(&r->value, ',');
			buf_addc(&r->text, ',');
		}
		c = r->cleaner->columns[columns[i]].schema;
		f = cleaner_field(typed, n, columns[i]);
		buf_adds(&r->text, c->name);
		val_text(c->type, f.p, f.n, &r->value);
	}
}

static void
show_value(struct rejects *r, size_t column, const uint8_t *typed, size_t n)
{
	const struct rec_field f = cleaner_field(typed, n, column);

	val_text(r->cleaner->columns[column].schema->type, f.p, f.n, &r->value);
}

/* Sets the reject's column and value in r->text and r->value. Returns false if they are null. */
static bool
show_fault(struct rejects *r, const struct clean_fault *why, const uint8_t *typed, size_t n)
{
	const struct cleaner *k = r->cleaner;
	const struct column *c;
	const size_t *own;
	size_t nown;

	if (why->reason == CLEAN_FIELD_COUNT || why->reason == CLEAN_QUOTE || why->reason == CLEAN_RULE)
		return false;
	if (why->reason == CLEAN_ORPHAN) {
		own = clean_owners_columns(k->owners, why->value, &nown);
		show_columns(r, own, nown, typed, n);
		return true;
	}
	if (typed != NULL && why->reason != CLEAN_UNIQUE) {
		show_columns(r, k->keys, k->nkeys, typed, n);
		return true;
	}
	c = &k->columns[why->column];
	r->text.len = r->value.len = 0;
	buf_adds(&r->text, c->schema->name);
	if (why->reason == CLEAN_UNIQUE)
		show_value(r, why->column, typed, n);
	else if (why->value > 0)
		buf_adds(&r->value, clean_derive_value(k->derive, why));
	else
		buf_add(&r->value, c->text.p, c->text.len);
	return true;
}

/* Has the reject no value to show? */
static bool
has_no_value(const struct rejects *r, const struct clean_fault *why)
{
	return why->reason == CLEAN_MISSING || (why->reason == CLEAN_TYPE && why->value == 0 &&
	    schema_is_computed(r->cleaner->columns[why->column].schema));
}

static uint8_t *
put_text(uint8_t *out, const struct buf *text, bool is_null)
{
	if (is_null)
		*out++ = VAL_NULL;
	else
		out += val_put_string(out, text->p, text->len);
	return out;
}

int
rejects_add(struct rejects *r, struct rec raw, const struct clean_fault *why, const uint8_t *typed, size_t ntyped)
{
	const char *reason = why->reason == CLEAN_RULE ? r->cleaner->schema->rules[why->column].name :
	    clean_reason_name[why->reason];
	struct rec_field line = rec_field(raw, 0), text;
	bool shown;
	uint8_t *p;

	if (!r->open)
		return 0;
	if (follow_source(r) < 0)
		return -1;
	if (why->reason == CLEAN_FIELD_COUNT || why->reason == CLEAN_QUOTE) {
		cleaner_malformed(rec_field(raw, r->cleaner->malformed), &text);
		r->raw.len = 0;
		r->raw.len = val_get_string(buf_room(&r->raw, text.n + 1), text.p, text.n);
	} else {
		rebuild(r, raw);
	}
	shown = show_fault(r, why, typed, ntyped);
	if (!shown)
		r->text.len = r->value.len = 0;
	p = rec_begin(&r->out, line.n + strlen(reason) + 2 * (r->text.len + r->value.len + r->raw.len) + 64);
	if (p == NULL)
		return -1;
	memcpy(p, line.p, line.n);
	p += line.n;
	*p++ = '\t';
	memcpy(p, reason, strlen(reason));
	p += strlen(reason);
	*p++ = '\t';
	p = put_text(p, &r->text, !shown);
	*p++ = '\t';
	p = put_text(p, &r->value, !shown || has_no_value(r, why));
	*p++ = '\t';
	rec_end(&r->out, put_text(p, &r->raw, false));
	return 0;
}

int
rejects_finish(struct rejects *r)
{
	return r->open ? rec_finish(&r->out) : 0;
}

void
rejects_free(struct rejects *r)
{
	while (r->nsources > 0) {
		struct reject_source *s = &r->sources[--r->nsources];

		rec_header_free(&s->raw);
		rec_header_free(&s->header);
	}
	free(r->sources);
	free(r->order);
	buf_free(&r->names);
	buf_free(&r->value);
	buf_free(&r->text);
	buf_free(&r->raw);
}
