/* Select items: parsing, the resulting header, sums. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "pred/item.h"
#include "pred/lex.h"

static bool
is_int(struct val_type t)
{
	return t.kind == VAL_INT32 || t.kind == VAL_INT64;
}

/* Can columns of these types be added? Then *sum is the result's type. */
static bool
add_types(struct val_type a, struct val_type b, struct val_type *sum)
{
	if (is_int(a) && is_int(b)) {
		*sum = (struct val_type){ .kind = VAL_INT64 };
		return true;
	}
	*sum = a.precision > b.precision ? a : b;
	return a.kind == VAL_DECIMAL && b.kind == VAL_DECIMAL && a.scale == b.scale;
}

/* Parses "+ column" or "- column", with the sign the current token, or the first column. */
static int
term(struct lex *l, struct pred_item *item, bool minus)
{
	const struct rec_column *c;
	char have[NUM_TEXT], want[NUM_TEXT];
	size_t place = l->where;
	int index = lex_column(l);

	if (index < 0)
		return -1;
	c = &l->header->columns[index];
	if (item->nterms == 0) {
		item->type = c->type;
		item->required = c->required;
	} else {
		val_type_put(want, item->type);
		val_type_put(have, c->type);
		if (!add_types(item->type, c->type, &item->type)) {
			l->where = place;
			return lex_fail(l, "%s is of type %s, which cannot be added to %s", c->name, have, want);
		}
		item->required = item->required && c->required;
	}
	item->terms = xreallocarray(item->terms, item->nterms + 1, sizeof *item->terms);
	item->terms[item->nterms++] = (struct pred_term){ (size_t)index, minus };
	return 0;
}

/* Parses name "=" before the columns, if present. */
static void
new_name(struct lex *l, struct pool *pool, struct pred_item *item)
{
	struct lex start = *l;
	size_t n;

	if (l->kind != LEX_NAME && l->kind != LEX_QUOTED)
		return;
	lex_next(l);
	if (l->kind == LEX_EQ) {
		item->name = lex_text(&start, pool, &n);
		if (n == 0 || strlen(item->name) != n) {
			l->where = start.where;
			lex_fail(l, "invalid name: %s", msg_quote(item->name, n));
		}
		lex_next(l);
	} else if (l->kind != LEX_BAD)
		*l = start;
}

/* Parses a text or a header word in place of columns, if present. */
static bool
same_text(struct lex *l, struct pool *pool, struct pred_item *it)
{
	size_t n;

	if (l->kind == LEX_STRING) {
		it->text = lex_text(l, pool, &it->ntext);
		it->required = true;
		if (!utf8_ok(it->text, it->ntext))
			lex_fail(l, "not UTF-8");
	} else if (l->kind == LEX_WORD) {
		it->word = lex_text(l, pool, &n);
	} else {
		return false;
	}
	it->type = (struct val_type){ .kind = VAL_STRING };
	if (it->name == NULL)
		lex_fail(l, "a text needs a name: name=%s", lex_show(l));
	lex_next(l);
	return true;
}

static int
item(struct lex *l, struct pool *pool, struct pred_item *it)
{
	size_t place = l->where;
	bool minus = false;

	*it = (struct pred_item){ 0 };
	new_name(l, pool, it);
	if (same_text(l, pool, it))
		return it->name != NULL ? 0 : -1;
	do {
		if (term(l, it, minus) == -1)
			return -1;
		minus = l->kind == LEX_MINUS;
	} while (lex_take(l, LEX_PLUS) || lex_take(l, LEX_MINUS));
	if (it->name == NULL) {
		if (it->nterms > 1) {
			l->where = place;
			return lex_fail(l, "a sum needs a name: name=a+b");
		}
		it->name = l->header->columns[it->terms[0].column].name;
		it->name = pool_copy(pool, it->name, strlen(it->name) + 1);
	}
	return 0;
}

static int
unique(struct lex *l, const struct pred_items *it, size_t place)
{
	for (size_t i = 0; i + 1 < it->n; i++)
		if (strcmp(it->items[i].name, it->items[it->n - 1].name) == 0) {
			l->where = place;
			return lex_fail(l, "two columns named %s", msg_quotes(it->items[i].name));
		}
	return 0;
}

int
pred_items_parse(struct pred_items *it, const char *text, size_t n, const struct rec_header *h, size_t *where,
    struct msg *err)
{
	struct lex l;
	size_t place;

	*it = (struct pred_items){ 0 };
	lex_start(&l, text, n, h, where, err);
	do {
		if (it->n == REC_MAX_COLUMNS)
			return lex_fail(&l, "more than %d columns", REC_MAX_COLUMNS);
		place = l.where;
		it->items = xreallocarray(it->items, it->n + 1, sizeof *it->items);
		it->n++;
		if (item(&l, &it->pool, &it->items[it->n - 1]) == -1 || unique(&l, it, place) == -1)
			return -1;
	} while (lex_take(&l, LEX_COMMA));
	if (l.kind != LEX_END)
		return lex_fail(&l, "expected a comma before %s", lex_show(&l));
	return err->status == 0 ? 0 : -1;
}

/* Is this item the first that passes this column on? */
static bool
is_first(const struct pred_items *it, size_t i, size_t column)
{
	for (size_t j = 0; j <= i; j++)
		if (it->items[j].nterms == 1 && it->items[j].terms[0].column == column)
			return i == j;
	return false;
}

static bool
has_whole_key(const struct pred_items *it, const struct rec_header *in)
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
pred_items_header(const struct pred_items *it, const struct rec_header *in, struct rec_header *out)
{
	bool whole = has_whole_key(it, in);

	rec_header_init(out, in->table);
	for (size_t i = 0; i < it->n; i++) {
		const struct pred_item *one = &it->items[i];
		bool key = one->nterms > 0 && whole && in->columns[one->terms[0].column].key &&
		    is_first(it, i, one->terms[0].column);

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

int
pred_item_sum(const struct pred_item *it, struct rec r, i128 *sum)
{
	i128 v, total = 0, limit = it->type.kind == VAL_DECIMAL ? num_pow10(it->type.precision) : (i128)INT64_MAX + 1;

	for (size_t t = 0; t < it->nterms; t++)
		if (rec_is_null(r, it->terms[t].column))
			return 0;
	for (size_t t = 0; t < it->nterms; t++) {
		v = val_wide(r.base + r.off[it->terms[t].column]);
		if (it->terms[t].minus ? __builtin_sub_overflow(total, v, &total) :
		    __builtin_add_overflow(total, v, &total))
			return -1;
	}
	*sum = total;
	if (it->type.kind == VAL_DECIMAL)
		return total > -limit && total < limit ? 1 : -1;
	return total >= -limit && total < limit ? 1 : -1;
}

void
pred_items_free(struct pred_items *it)
{
	for (size_t i = 0; i < it->n; i++)
		free(it->items[i].terms);
	free(it->items);
	pool_free(&it->pool);
	*it = (struct pred_items){ 0 };
}
