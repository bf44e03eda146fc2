#include <stdlib.h>

#include "clean/unique.h"

struct unique_column {
	size_t column;
	struct map_bytes seen;
	struct rec_field value;		/* of the current row; n 0: null */
	uint64_t hash;
};

struct clean_unique {
	const struct schema *schema;
	struct unique_column *columns;
	size_t n;
	size_t limit;			/* of each */
};

struct clean_unique *
clean_unique_new(const struct schema *s, size_t limit)
{
	struct clean_unique *u = xcalloc(1, sizeof(*u));
	size_t i;

	u->schema = s;
	u->columns = xcalloc(s->ncolumns, sizeof(*u->columns));
	for (i = 0; i < s->ncolumns; i++) {
		if (!s->columns[i].unique)
			continue;
		map_bytes_init(&u->columns[u->n].seen);
		u->columns[u->n++].column = i;
	}
	if (u->n > 0) {
		u->limit = limit / u->n;
		return u;
	}
	clean_unique_free(u);
	return NULL;
}

void
clean_unique_free(struct clean_unique *u)
{
	if (u == NULL)
		return;
	while (u->n > 0)
		map_bytes_free(&u->columns[--u->n].seen);
	free(u->columns);
	free(u);
}

int
clean_unique_add(struct clean_unique *u, const uint8_t *row, size_t n, size_t *column, struct msg *err)
{
	struct unique_column *c, *end = u->columns + u->n;
	bool added;

	for (c = u->columns; c < end; c++) {
		c->value = cleaner_field(row, n, c->column);
		if (val_is_null(c->value.p, c->value.n)) {
			c->value.n = 0;
			continue;
		}
		c->hash = map_hash(c->value.p, c->value.n);
		*column = c->column;
		if (map_bytes_find(&c->seen, c->value.p, c->value.n, c->hash) != MAP_ABSENT)
			return 1;
	}
	for (c = u->columns; c < end; c++) {
		if (c->value.n == 0)
			continue;
		if ((u->limit > 0 && map_bytes_memory_after(&c->seen, 1, c->value.n) > u->limit) ||
		    map_bytes_add(&c->seen, c->value.p, c->value.n, c->hash, &added) == MAP_ABSENT)
			return msg_set(err, EX_OSERR, "%s: the values of unique column %s need more than --memory",
			    u->schema->name, msg_quotes(u->schema->columns[c->column].name));
	}
	return 0;
}
