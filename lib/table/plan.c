/* Matches a stream's columns to a Delta table's. */
#include <stdlib.h>
#include <string.h>

#include "table/table.h"

/* Returns the stream's word "comment.NAME", what a column is, or NULL. */
static const char *
comment_of(const struct rec_header *h, const struct rec_column *c)
{
	char *key = xasprintf("comment.%s", c->name);
	const char *comment = rec_header_word(h, key);

	free(key);
	return comment;
}

/* Converts a stream's column to a table's. */
static struct delta_column
column_of(const struct rec_header *h, const struct rec_column *c)
{
	return (struct delta_column){ .name = c->name, .physical = c->name, .id = PQ_NO_ID,
	    .type = table_pq_type(c->type),
	    .precision = c->type.precision, .scale = c->type.scale, .nullable = !c->required, .partition = -1,
	    .comment = comment_of(h, c) };
}

static int
check(const struct rec_column *from, const struct delta_column *to, struct msg *err)
{
	char have[NUM_TEXT], want[NUM_TEXT];

	if (to->refused != NULL)
		return msg_set(err, EX_UNAVAILABLE, "column %s: a type that cannot be written: %s", to->name,
		    to->refused);
	if (from == NULL && !to->nullable)
		return msg_set(err, EX_DATAERR, "column %s: required by the table, missing in the stream", to->name);
	if (from == NULL || table_fits(from->type, to->type, to->precision, to->scale))
		return 0;
	val_type_put(have, from->type);
	return msg_set(err, EX_DATAERR, "column %s: %s in the stream, %s in the table", to->name, have,
	    pq_type_name(want, to->type, to->precision, to->scale));
}

int
table_plan_make(struct table_plan *p, const struct delta_snapshot *s, const struct rec_header *h, int skip,
    struct msg *err)
{
	size_t most = s->ncolumns + h->ncolumns, i;

	*p = (struct table_plan){ .columns = xcalloc(most, sizeof(*p->columns)),
	    .fields = xcalloc(most, sizeof(*p->fields)) };
	for (i = 0; i < s->ncolumns; i++) {
		int field = rec_header_find(h, s->columns[i].name);

		if (check(field >= 0 ? &h->columns[field] : NULL, &s->columns[i], err) < 0)
			return -1;
		p->columns[p->n] = s->columns[i];
		p->fields[p->n++] = field;
	}
	for (i = 0; i < h->ncolumns; i++) {
		if ((int)i == skip || delta_column_find(s, h->columns[i].name) >= 0)
			continue;
		p->columns[p->n] = column_of(h, &h->columns[i]);
		if (s->version >= 0)
			p->columns[p->n].nullable = true;	/* existing rows have no value */
		p->fields[p->n++] = (int)i;
		p->added++;
	}
	return 0;
}

static int
hide(struct table_plan *p, const struct delta_snapshot *s, const struct rec_header *h, const char *name,
    struct msg *err)
{
	int field = rec_header_find(h, name), at = delta_column_find(s, name);
	size_t i;

	if (field < 0)
		return msg_set(err, EX_USAGE, "--hidden: %s: no such column in the stream%s", msg_quotes(name),
		    near_hint(&(struct near[]){ rec_near(h, name) }[0]));
	if (h->columns[field].key)
		return msg_set(err, EX_USAGE, "--hidden: %s: a key column", msg_quotes(name));
	for (i = p->n - p->added; i < p->n && strcmp(p->columns[i].name, name) != 0; i++)
		;
	if (i < p->n)
		p->columns[i].hidden = true;
	else if (at >= 0 && !s->columns[at].hidden)
		return msg_set(err, EX_DATAERR, "column %s: in the table, but not hidden there", name);
	return 0;
}

int
table_plan_hide(struct table_plan *p, const struct delta_snapshot *s, const struct rec_header *h,
    char *const *names, size_t n, struct msg *err)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (hide(p, s, h, names[i], err) < 0)
			return -1;
	return 0;
}

void
table_plan_free(struct table_plan *p)
{
	free(p->columns);
	free(p->fields);
	memset(p, 0, sizeof(*p));
}

bool
table_plan_equal(const struct table_plan *a, const struct table_plan *b)
{
	size_t i;

	for (i = 0; i < a->n && i < b->n; i++) {
		const struct delta_column *x = &a->columns[i], *y = &b->columns[i];

		if (strcmp(x->name, y->name) != 0 || strcmp(x->physical, y->physical) != 0 || x->id != y->id ||
		    x->type != y->type ||
		    x->precision != y->precision || x->scale != y->scale || x->nullable != y->nullable ||
		    x->hidden != y->hidden)
			return false;
	}
	return a->n == b->n;
}

size_t
table_keys_marked(const struct rec_header *h, size_t *fields)
{
	size_t i, n = 0;

	for (i = 0; i < h->ncolumns; i++)
		if (h->columns[i].key)
			fields[n++] = i;
	return n;
}

char *
table_key_list(const struct rec_header *h, const size_t *fields, size_t n)
{
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		const char *name = h->columns[fields[i]].name;

		if (strchr(name, ',') != NULL) {
			b.len = 0;
			break;
		}
		buf_adds(&b, i > 0 ? "," : "");
		buf_adds(&b, name);
	}
	return buf_cstr(&b);
}
