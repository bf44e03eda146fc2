/* Lists of items: parsing, and the resulting header. */
#include "expr/items.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "expr/parse.h"

size_t
expr_item_column(const struct expr_item *item)
{
	return item->word == NULL ? expr_column(&item->expr) : SIZE_MAX;
}

/* ---- parsing ---- */

/* Adds an item of this name, at a place of the text. NULL where it is one too many or has the name of another. */
static struct expr_item *
add(struct expr_items *it, struct lex *l, const char *name, size_t place)
{
	for (size_t i = 0; i < it->n; i++)
		if (strcmp(it->items[i].name, name) == 0) {
			l->where = place;
			lex_fail(l, "two columns named %s", msg_quotes(name));
			return NULL;
		}
	if (it->n == REC_MAX_COLUMNS) {
		lex_fail(l, "more than %d columns", REC_MAX_COLUMNS);
		return NULL;
	}
	it->items = xreallocarray(it->items, it->n + 1, sizeof(*it->items));
	it->items[it->n] = (struct expr_item){ .name = pool_copy(&it->pool, name, strlen(name) + 1) };
	return &it->items[it->n++];
}

/* Parses name "=", if present. Returns the name, or NULL. */
static char *
new_name(struct lex *l, struct pool *pool)
{
	struct lex start = *l;
	char *name;
	size_t n;

	if (l->kind != LEX_NAME && l->kind != LEX_QUOTED)
		return NULL;
	lex_next(l);
	if (l->kind != LEX_EQ) {
		if (l->kind != LEX_BAD)
			*l = start;
		return NULL;
	}
	name = lex_text(&start, pool, &n);
	if (n == 0 || strlen(name) != n) {
		l->where = start.where;
		lex_fail(l, "invalid name: %s", msg_quote(name, n));
	}
	lex_next(l);
	return name;
}

static void
set_column(struct expr_item *item, const struct rec_header *h, size_t column)
{
	struct expr_node *n = expr_node_new(&item->expr.pool, EXPR_COLUMN, 0, 0);

	n->column = column;
	item->expr.root = n;
	item->type = item->expr.type = n->type = h->columns[column].type;
	item->required = item->expr.required = n->required = h->columns[column].required;
}

/* Parses EXCLUDE "(" names ")", if present, and marks the columns. */
static int
exclude(struct lex *l, bool *out)
{
	int c;

	if (!lex_take_word(l, "exclude"))
		return 0;
	if (!lex_take(l, LEX_LEFT))
		return lex_fail(l, "expected names in parentheses, not %s", lex_show(l));
	do {
		if ((c = lex_column(l)) < 0)
			return -1;
		out[c] = true;
	} while (lex_take(l, LEX_COMMA));
	return lex_take(l, LEX_RIGHT) ? 0 : lex_fail(l, "expected a comma or ')' before %s", lex_show(l));
}

/* After "*". */
static int
all_columns(struct expr_items *it, struct lex *l, size_t place)
{
	const struct rec_header *h = l->header;
	bool *out = xcalloc(h->ncolumns, sizeof(*out));
	int failed = exclude(l, out);

	it->without_first = it->without_first || out[0];
	for (size_t c = 0; c < h->ncolumns && failed == 0; c++) {
		struct expr_item *item = out[c] ? NULL : add(it, l, h->columns[c].name, place);

		if (item != NULL)
			set_column(item, h, c);
		else if (!out[c])
			failed = -1;
	}
	free(out);
	return failed;
}

/* Parses an expression, and the name it has of itself where it is a column. */
static int
expression(struct expr_items *it, struct expr_parser *ps, const char *text, const char *name, size_t place)
{
	struct lex *l = &ps->lex;
	struct expr e = { .text = text };
	struct expr_item *item;
	struct expr_node *root;

	ps->pool = &e.pool;
	root = expr_parser_expression(ps);
	if (root == NULL || l->err->status != 0 ||
	    expr_finish(&e, root, ps->scope, false, l->wherep, l->err) < 0) {
		expr_free(&e);
		return -1;
	}
	if (name == NULL && ps->scope->aggregates != NULL)
		name = expr_aggregate_name(ps->scope->aggregates, root, l->header);
	else if (name == NULL && root->kind == EXPR_COLUMN)
		name = l->header->columns[root->column].name;
	if (name == NULL) {
		l->where = place;
		lex_fail(l, "an expression needs a name: name=%.*s",
		    (int)(root->to - root->from < 60 ? root->to - root->from : 60), text + root->from);
	}
	item = name != NULL ? add(it, l, name, place) : NULL;
	if (item == NULL) {
		expr_free(&e);
		return -1;
	}
	item->expr = e;
	item->type = e.type;
	item->required = e.required;
	return 0;
}

static int
parse_item(struct expr_items *it, struct expr_parser *ps, const char *text)
{
	struct lex *l = &ps->lex;
	size_t place = l->where, n;
	struct expr_item *item;
	char *name;

	if (ps->scope->aggregates == NULL && lex_take(l, LEX_STAR))
		return all_columns(it, l, place);
	name = new_name(l, &it->pool);
	if (l->kind != LEX_WORD || ps->scope->aggregates != NULL)
		return expression(it, ps, text, name, place);
	if (name == NULL)
		return lex_fail(l, "a word of the header needs a name: name=%s", lex_show(l));
	if ((item = add(it, l, name, place)) == NULL)
		return -1;
	item->word = lex_text(l, &it->pool, &n);
	item->type = expr_string;
	lex_next(l);
	return 0;
}

int
expr_items_parse(struct expr_items *it, const char *text, size_t n, const struct expr_scope *scope, size_t *where,
    struct msg *err)
{
	struct expr_parser ps;
	const char *kept = pool_copy(&it->pool, text, n);

	expr_parser_start(&ps, &it->pool, kept, n, scope, where, err);
	do
		if (err->status != 0 || parse_item(it, &ps, kept) < 0)
			return -1;
	while (lex_take(&ps.lex, LEX_COMMA));
	if (ps.lex.kind != LEX_END)
		return lex_fail(&ps.lex, "expected a comma before %s", lex_show(&ps.lex));
	return err->status == 0 ? 0 : -1;
}

/* ---- the header ---- */

/* Is this item the first that passes this column on? */
static bool
is_first(const struct expr_items *it, size_t i, size_t column)
{
	for (size_t j = 0; j <= i; j++)
		if (expr_item_column(&it->items[j]) == column)
			return i == j;
	return false;
}

static bool
has_whole_key(const struct expr_items *it, const struct rec_header *in)
{
	for (size_t c = 0; c < in->ncolumns; c++) {
		size_t i = 0;

		while (in->columns[c].key && i < it->n && !is_first(it, i, c))
			i++;
		if (i == it->n)
			return false;
	}
	return true;
}

void
expr_items_header(const struct expr_items *it, const struct rec_header *in, struct rec_header *out)
{
	bool whole = has_whole_key(it, in);

	rec_header_init(out, in->table);
	for (size_t i = 0; i < it->n; i++) {
		const struct expr_item *one = &it->items[i];
		size_t column = expr_item_column(one);
		bool key = column != SIZE_MAX && whole && in->columns[column].key && is_first(it, i, column);

		rec_header_add(out, one->name, one->type, key, one->required);
	}
	for (size_t w = 0; w < in->nwords; w++) {
		if (strcmp(in->words[w].key, "columns") == 0)	/* the source file's columns */
			continue;
		if (strcmp(in->words[w].key, "change") == 0 && strcmp(out->columns[0].name, in->columns[0].name) != 0)
			continue;
		rec_header_set_word(out, in->words[w].key, in->words[w].value);
	}
	if (rec_header_is_bytes(in) && !rec_header_is_bytes(out))
		rec_header_set_word(out, "raw", "1");
}

void
expr_items_free(struct expr_items *it)
{
	for (size_t i = 0; i < it->n; i++)
		expr_free(&it->items[i].expr);
	free(it->items);
	pool_free(&it->pool);
	*it = (struct expr_items){ 0 };
}
