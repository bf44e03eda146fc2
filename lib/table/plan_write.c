/* Plans which columns a write of a stream's records has. */
#include <stdlib.h>
#include <string.h>

#include "table/table.h"

char *
table_key_marked(const struct rec_header *h)
{
	size_t *fields = xcalloc(h->ncolumns, sizeof(*fields));
	char *list = table_key_list(h, fields, table_keys_marked(h, fields));

	free(fields);
	return list;
}

static bool
has_key(const struct delta_snapshot *s, const struct rec_header *h)
{
	const char *has = delta_property(s, TABLE_KEY);
	char *key = table_key_marked(h);
	bool same = strcmp(has != NULL ? has : "", key) == 0;

	free(key);
	return same;
}

/* Are the comments of a stream's columns those of the table's? A column without one says nothing. */
static bool
has_comments(const struct table_plan *table, const struct table_plan *stream)
{
	size_t i;

	for (i = 0; i < table->n && i < stream->n; i++) {
		const char *has = table->columns[i].comment, *says = stream->columns[i].comment;

		if (says != NULL && (has == NULL || strcmp(has, says) != 0))
			return false;
	}
	return true;
}

/* Plans a write into the columns of s. */
static int
plan_into(struct table_plan *p, const struct delta_snapshot *s, const struct rec_header *h, bool add_columns,
    struct msg *err)
{
	if (table_plan_make(p, s, h, -1, err) < 0)
		return -1;
	if (s->version >= 0 && p->added > 0 && !add_columns)
		return msg_set(err, EX_DATAERR, "column %s: not in the table; --add-columns adds it",
		    p->columns[s->ncolumns].name);
	return 0;
}

int
table_plan_write(struct table_plan *p, const struct delta_snapshot *s, const struct rec_header *h, bool add_columns,
    bool replace_schema, struct msg *err)
{
	const struct delta_snapshot none = { .version = -1 };
	struct msg unheard = { 0 };
	struct table_plan alone;

	if (!replace_schema || s->version < 0)
		return plan_into(p, s, h, add_columns, err);
	if (plan_into(&alone, &none, h, add_columns, err) < 0)
		return -1;
	if (plan_into(p, s, h, add_columns, &unheard) == 0 && table_plan_equal(p, &alone) &&
	    has_comments(p, &alone) && has_key(s, h)) {
		table_plan_free(&alone);
		return 0;
	}
	table_plan_free(p);
	*p = alone;
	return 0;
}
