#include <stdlib.h>

#include "base/utf8.h"
#include "clean/derive.h"
#include "expr/expr.h"

struct derive_item {		/* a column with sign or compute */
	size_t column;
	const struct schema_sign *sign;	/* NULL: compute */
	struct buf *negative, *positive;	/* the sign's words as in a record; owned */
	struct expr expr;
	uint64_t faulty;		/* rows of the batch at which it fails */
	bool is_free;			/* nothing limits its values */
	struct column limits;
};

struct clean_derive {
	const struct schema *schema;
	struct rec_header texts, typed;	/* the columns as texts of the file, and by their types */
	struct expr where;		/* root NULL: none */
	bool *used;			/* columns that it reads */
	struct buf raw;			/* records of texts for where */
	uint32_t *raw_off;
	struct derive_item *items;	/* in the schema's order, signs first */
	size_t nitems;
	size_t *passes;			/* the first item of each, and the end */
	size_t npasses;
	struct expr *rules;
	struct rec_batch batch;		/* of the rows of a group that live */
	uint32_t *off;
	size_t live[CLEAN_GROUP];	/* their indexes */
	struct buf rows[2], values;
};

/* ---- parsing ---- */

/* Fails at an offset in an expression. */
static int
fail_at(const struct schema *s, const struct schema_expr *x, const char *word, size_t where, const char *what,
    struct msg *err)
{
	size_t column = x->column + (x->exact ? utf8_count(x->text, where) : 0);

	return msg_set(err, EX_CONFIG, "%s:%zu:%zu: %s: %s", s->path, x->line, column, word, what);
}

static int
parse_where(struct clean_derive *d, struct expr *e, const struct schema_expr *x, const char *word,
    const struct rec_header *h, struct msg *err)
{
	const struct expr_scope scope = { .header = h };
	struct msg why = { 0 };
	size_t where = 0;

	if (expr_parse_where(e, x->text, strlen(x->text), &scope, &where, &why) == 0)
		return 0;
	return fail_at(d->schema, x, word, where, why.text, err);
}

/* Parses an expression whose value becomes one of the type, by a cast unless it is one. */
static int
parse_value(struct clean_derive *d, struct expr *e, const struct schema_column *c, struct msg *err)
{
	const struct expr_scope scope = { .header = &d->typed };
	const struct schema_expr *x = &c->compute;
	struct msg why = { 0 };
	char type[NUM_TEXT], *cast;
	size_t where = 0;
	int status;

	if (expr_parse(e, x->text, strlen(x->text), &scope, &where, &why) < 0)
		return fail_at(d->schema, x, "compute", where, why.text, err);
	if (val_type_equal(e->type, c->type))
		return 0;
	expr_free(e);
	type[val_type_put(type, c->type)] = '\0';
	cast = xasprintf("cast(%s as %s)", x->text, type);
	status = expr_parse(e, cast, strlen(cast), &scope, &where, &why);
	free(cast);
	return status == 0 ? 0 : fail_at(d->schema, x, "compute", 0, why.text, err);
}

/* Finds a computed column among those that an expression reads and that has no value yet; or SIZE_MAX. */
static size_t
find_later(const struct clean_derive *d, const struct expr *e, size_t from)
{
	bool *used = xcalloc(d->schema->ncolumns, sizeof(*used));
	size_t i;

	expr_mark_columns(e, used);
	for (i = from; i < d->schema->ncolumns && !(used[i] && schema_is_computed(&d->schema->columns[i])); i++)
		continue;
	free(used);
	return i < d->schema->ncolumns ? i : SIZE_MAX;
}

static int
refuse_later(const struct clean_derive *d, const struct schema_expr *x, const char *word, const struct expr *e,
    size_t from, struct msg *err)
{
	size_t later = find_later(d, e, from);
	char *what;
	int status;

	if (later == SIZE_MAX)
		return 0;
	what = xasprintf("a column that is computed after this: %s", msg_quotes(d->schema->columns[later].name));
	status = fail_at(d->schema, x, word, 0, what, err);
	free(what);
	return status;
}

/* ---- preparation ---- */

static void
make_headers(struct clean_derive *d)
{
	static const struct val_type text = { VAL_STRING, 0, 0 };
	const struct schema_column *c, *end = d->schema->columns + d->schema->ncolumns;

	rec_header_init(&d->texts, d->schema->name);
	rec_header_init(&d->typed, d->schema->name);
	for (c = d->schema->columns; c < end; c++) {
		rec_header_add(&d->texts, c->name, text, false, false);
		rec_header_add(&d->typed, c->name, c->type, false, c->required || c->default_text != NULL);
	}
}

static int
make_where(struct clean_derive *d, struct msg *err)
{
	const struct schema *s = d->schema;

	if (s->where.text == NULL)
		return 0;
	if (parse_where(d, &d->where, &s->where, "where", &d->texts, err) < 0 ||
	    refuse_later(d, &s->where, "where", &d->where, 0, err) < 0)
		return -1;
	d->used = xcalloc(s->ncolumns, sizeof(*d->used));
	expr_mark_columns(&d->where, d->used);
	d->raw_off = xcalloc(CLEAN_GROUP * s->ncolumns + VAL_PAD, sizeof(*d->raw_off));
	return 0;
}

static struct buf *
encode_words(const struct schema_list *words)
{
	struct buf *encoded = words->n > 0 ? xcalloc(words->n, sizeof(*encoded)) : NULL;
	size_t i, n;

	for (i = 0; i < words->n; i++) {
		n = strlen(words->word[i]);
		encoded[i].len = val_put_string(buf_room(&encoded[i], 2 * n + 1), words->word[i], n);
	}
	return encoded;
}

static struct derive_item *
add_item(struct clean_derive *d, size_t column)
{
	struct derive_item *it = &d->items[d->nitems++];
	const struct schema_column *c = &d->schema->columns[column];

	it->column = column;
	column_limits_init(&it->limits, c);
	it->is_free = it->limits.minimum.len == 0 && it->limits.maximum.len == 0 && c->allowed.n == 0 &&
	    c->regex == NULL && c->min_length == 0 && c->max_length == SIZE_MAX;
	return it;
}

static void
add_sign(struct clean_derive *d, size_t column)
{
	struct derive_item *it = add_item(d, column);

	it->sign = &d->schema->columns[column].sign;
	it->negative = encode_words(&it->sign->negative);
	it->positive = encode_words(&it->sign->positive);
}

/* Does an expression read a column of an item of the pass that begins with `first`? */
static bool
needs_pass(const struct clean_derive *d, const struct expr *e, size_t first)
{
	bool *used = xcalloc(d->schema->ncolumns, sizeof(*used)), needs = false;
	size_t i;

	expr_mark_columns(e, used);
	for (i = first; i + 1 < d->nitems; i++)
		needs |= used[d->items[i].column];
	free(used);
	return needs;
}

static int
add_computed(struct clean_derive *d, size_t column, struct msg *err)
{
	const struct schema_column *c = &d->schema->columns[column];
	struct derive_item *it = add_item(d, column);

	if (parse_value(d, &it->expr, c, err) < 0 || refuse_later(d, &c->compute, "compute", &it->expr, column,
	    err) < 0)
		return -1;
	if (needs_pass(d, &it->expr, d->passes[d->npasses - 1]))
		d->passes[d->npasses++] = d->nitems - 1;
	return 0;
}

static int
make_items(struct clean_derive *d, struct msg *err)
{
	const struct schema *s = d->schema;
	size_t i;

	d->items = xcalloc(s->ncolumns, sizeof(*d->items));
	d->passes = xcalloc(s->ncolumns + 1, sizeof(*d->passes));
	d->npasses = 1;
	for (i = 0; i < s->ncolumns; i++)
		if (s->columns[i].sign.column != NULL)
			add_sign(d, i);
	if (d->nitems > 0)
		d->passes[d->npasses++] = d->nitems;
	for (i = 0; i < s->ncolumns; i++)
		if (schema_is_computed(&s->columns[i]) && add_computed(d, i, err) < 0)
			return -1;
	if (d->passes[d->npasses - 1] == d->nitems)
		d->npasses--;
	d->passes[d->npasses] = d->nitems;
	return 0;
}

static int
make_rules(struct clean_derive *d, struct msg *err)
{
	const struct schema *s = d->schema;
	size_t i;

	d->rules = xcalloc(s->nrules + 1, sizeof(*d->rules));
	for (i = 0; i < s->nrules; i++)
		if (parse_where(d, &d->rules[i], &s->rules[i].expr, s->rules[i].name, &d->typed, err) < 0)
			return -1;
	return 0;
}

static bool
is_needed(const struct schema *s)
{
	size_t i;

	for (i = 0; i < s->ncolumns; i++)
		if (schema_is_computed(&s->columns[i]) || s->columns[i].sign.column != NULL)
			return true;
	return s->where.text != NULL || s->nrules > 0;
}

int
clean_derive_new(struct clean_derive **to, const struct schema *s, struct msg *err)
{
	struct clean_derive *d;

	*to = NULL;
	if (!is_needed(s))
		return 0;
	d = *to = xcalloc(1, sizeof(*d));
	d->schema = s;
	make_headers(d);
	d->off = xcalloc(CLEAN_GROUP * s->ncolumns + VAL_PAD, sizeof(*d->off));
	return make_where(d, err) < 0 || make_items(d, err) < 0 || make_rules(d, err) < 0 ? -1 : 0;
}

static void
free_words(struct buf *words, size_t n)
{
	while (n > 0)
		buf_free(&words[--n]);
	free(words);
}

static void
free_item(struct derive_item *it)
{
	if (it->sign != NULL) {
		free_words(it->negative, it->sign->negative.n);
		free_words(it->positive, it->sign->positive.n);
	}
	expr_free(&it->expr);
	column_free(&it->limits);
}

void
clean_derive_free(struct clean_derive *d)
{
	size_t i;

	if (d == NULL)
		return;
	while (d->nitems > 0)
		free_item(&d->items[--d->nitems]);
	for (i = 0; d->rules != NULL && i < d->schema->nrules; i++)
		expr_free(&d->rules[i]);
	expr_free(&d->where);
	rec_header_free(&d->texts);
	rec_header_free(&d->typed);
	buf_free(&d->raw);
	buf_free(&d->rows[0]);
	buf_free(&d->rows[1]);
	buf_free(&d->values);
	free(d->raw_off);
	free(d->used);
	free(d->items);
	free(d->passes);
	free(d->rules);
	free(d->off);
	free(d);
}

/* ---- where ---- */

/* Appends the field of a column as where sees it: trimmed, and null if it is empty. */
static void
put_raw(struct clean_derive *d, struct column *c, struct rec_field raw)
{
	struct buf *out = &d->raw;

	column_text(c, raw);
	if (c->text.len == 0)
		buf_addc(out, VAL_NULL);
	else
		out->len += val_put_string(buf_room(out, 2 * c->text.len + 1), c->text.p, c->text.len);
}

/* Makes records of the texts that where reads; the others are null. */
static struct rec_batch
make_raw(struct clean_derive *d, struct cleaner *k, const struct rec_batch *b, size_t from, size_t n)
{
	size_t i, c, at = 0;

	d->raw.len = 0;
	for (i = from; i < from + n; i++)
		for (c = 0; c < k->ncolumns; c++) {
			d->raw_off[at++] = (uint32_t)d->raw.len;
			if (d->used[c])
				put_raw(d, &k->columns[c], rec_field(rec_at(b, i), k->columns[c].field));
			else
				buf_addc(&d->raw, VAL_NULL);
			buf_addc(&d->raw, '\t');
		}
	d->raw_off[at] = (uint32_t)d->raw.len;
	buf_room(&d->raw, VAL_PAD);
	return (struct rec_batch){ .n = n, .base = d->raw.p, .off = d->raw_off, .stride = k->ncolumns };
}

/*
 * Tests n records of a batch. Those at which the expression fails get EXPR_UNKNOWN, and their bit in `faulty`: then
 * each record is tested alone.
 */
static void
test(struct expr *e, const struct rec_batch *b, size_t n, uint8_t *truth, uint64_t *faulty)
{
	struct msg why = { 0 };
	size_t i;

	*faulty = 0;
	if (expr_test(e, b, 0, n, NULL, truth, &why) == 0)
		return;
	for (i = 0; i < n; i++) {
		why.status = 0;
		if (expr_test(e, b, i, 1, NULL, &truth[i], &why) == 0)
			continue;
		truth[i] = EXPR_UNKNOWN;
		*faulty |= UINT64_C(1) << i;
	}
}

void
clean_derive_where(struct clean_derive *d, struct cleaner *k, const struct rec_batch *b, size_t from, size_t n,
    uint64_t *kept, uint64_t *faulty)
{
	uint8_t truth[CLEAN_GROUP];
	struct rec_batch raw;
	size_t i;

	*kept = UINT64_MAX;
	*faulty = 0;
	if (d == NULL || d->where.root == NULL)
		return;
	raw = make_raw(d, k, b, from, n);
	test(&d->where, &raw, n, truth, faulty);
	for (i = 0; i < n; i++) {
		const uint64_t bit = UINT64_C(1) << i;

		if (!rec_is_null(rec_at(b, from + i), k->malformed))
			*faulty &= ~bit;
		else if (truth[i] != EXPR_TRUE && (*faulty & bit) == 0)
			*kept &= ~bit;
	}
}

size_t
clean_derive_where_column(const struct clean_derive *d)
{
	size_t i;

	for (i = 0; i < d->schema->ncolumns && !d->used[i]; i++)
		continue;
	return i < d->schema->ncolumns ? i : 0;
}

/* ---- rows ---- */

/* Finds the fields of the rows that live, for a batch of them. Returns their number. */
static size_t
find_fields(struct clean_derive *d, const struct clean_row *rows, size_t n)
{
	const uint8_t *base = NULL, *p;
	size_t i, count = 0, at = 0;

	for (i = 0; i < n; i++) {
		if (rows[i].at == NULL)
			continue;
		if (base == NULL)
			base = rows[i].at;
		d->live[count++] = i;
		d->off[at++] = (uint32_t)(rows[i].at - base);
		for (p = rows[i].at; p < rows[i].end; p++)
			if (*p == '\t')
				d->off[at++] = (uint32_t)(p + 1 - base);
		d->off[at] = (uint32_t)(rows[i].end + 1 - base);
	}
	d->batch = (struct rec_batch){ .n = count, .base = base, .off = d->off, .stride = d->schema->ncolumns };
	return count;
}

static struct rec_field
field_of(const struct clean_derive *d, size_t live, size_t column)
{
	return rec_field(rec_at(&d->batch, live), column);
}

/* Takes back (sign -1) or counts the amounts of a row whose columns are derived, or not. */
static void
count(const struct clean_derive *d, const struct cleaner *k, struct clean_total *t, size_t live, bool derived, int sign)
{
	size_t i;

	for (i = 0; t != NULL && i < t->namounts; i++) {
		struct clean_amount *a = &t->amounts[i];

		if (a->derived == derived)
			clean_sum_add(&a->read, sign * column_number(&k->columns[a->column],
			    field_of(d, live, a->column).p));
	}
}

struct derive_step {		/* what the steps of a group share */
	struct clean_derive *d;
	const struct cleaner *k;
	struct clean_row *rows;
	struct clean_total *total;
	size_t rejected;
};

static void
reject(struct derive_step *s, size_t live, enum clean_reason reason, size_t column)
{
	struct clean_row *row = &s->rows[s->d->live[live]];

	if (row->at == NULL)
		return;
	count(s->d, s->k, s->total, live, false, -1);
	row->at = NULL;
	row->why = (struct clean_fault){ .reason = reason, .column = column };
	s->rejected++;
}

/* Keeps the text of a value that is not allowed. */
static void
keep_value(struct clean_derive *d, const struct derive_item *it, const uint8_t *p, size_t n, struct clean_fault *why)
{
	why->value = d->values.len + 1;
	val_text(d->schema->columns[it->column].type, p, n, &d->values);
	buf_addc(&d->values, '\0');
}

const char *
clean_derive_value(const struct clean_derive *d, const struct clean_fault *why)
{
	return why->value > 0 ? (const char *)d->values.p + why->value - 1 : NULL;
}

/* ---- signs and computed columns ---- */

static bool
is_among(const struct buf *words, size_t n, struct rec_field f)
{
	size_t i;

	for (i = 0; i < n && !(words[i].len == f.n && memcmp(words[i].p, f.p, f.n) == 0); i++)
		continue;
	return i < n;
}

/* Writes the number with the sign that the other column gives it. */
static uint8_t *
put_signed(struct derive_step *s, const struct derive_item *it, size_t live, uint8_t *out)
{
	const struct rec_field f = field_of(s->d, live, it->column), side = field_of(s->d, live, it->sign->index);
	const struct column *c = &s->k->columns[it->column];
	bool negative = is_among(it->negative, it->sign->negative.n, side);

	if (!val_is_null(f.p, f.n)) {
		if (val_is_null(side.p, side.n))
			reject(s, live, CLEAN_MISSING, it->sign->index);
		else if (!negative && it->sign->positive.n > 0 &&
		    !is_among(it->positive, it->sign->positive.n, side))
			reject(s, live, CLEAN_NOT_ALLOWED, it->sign->index);
		else if (negative && val_is_narrow(c->schema->type) && val_int(f.p) == INT64_MIN)
			reject(s, live, CLEAN_TYPE, it->column);
		else if (negative && val_is_narrow(c->schema->type))
			return out + val_put_int(out, -val_int(f.p));
		else if (negative)
			return out + val_put_wide(out, -val_wide(f.p));
	}
	memcpy(out, f.p, f.n);
	return out + f.n;
}

/* The negative of the least integer has no place in its type. */
static bool
fits(const struct derive_item *it, const uint8_t *p)
{
	const struct val_type t = it->limits.schema->type;

	return it->sign == NULL || t.kind == VAL_DECIMAL || *p == VAL_NULL ||
	    (val_int(p) <= val_of(t)->high && val_int(p) >= val_of(t)->low);
}

/* Writes the value of an item, and rejects the row if it is not one that the column can have. */
static uint8_t *
put_item(struct derive_step *s, struct derive_item *it, size_t live, uint8_t *out)
{
	struct clean_row *row = &s->rows[s->d->live[live]];
	const struct schema_column *c = it->limits.schema;
	enum clean_reason reason = CLEAN_GOOD;
	uint8_t *end;

	if ((it->faulty >> live & 1) != 0) {
		reject(s, live, CLEAN_TYPE, it->column);
		return out;
	}
	end = it->sign != NULL ? put_signed(s, it, live, out) : expr_put(&it->expr, live, out);
	if (*out == VAL_NULL && it->limits.fallback.len > 0) {
		memcpy(out, it->limits.fallback.p, it->limits.fallback.len);
		return out + it->limits.fallback.len;
	}
	if (*out == VAL_NULL)
		reason = c->required ? CLEAN_MISSING : CLEAN_GOOD;
	else if (!fits(it, out))
		reason = CLEAN_TYPE;
	else if (!it->is_free)
		reason = column_judge_typed(&it->limits, out, (size_t)(end - out));
	if (reason == CLEAN_GOOD || row->at == NULL)
		return end;
	reject(s, live, reason, it->column);
	if (reason != CLEAN_MISSING && it->sign == NULL)
		keep_value(s->d, it, out, (size_t)(end - out), &row->why);
	return end;
}

/* Evaluates a computed column for the rows of the batch, and finds those at which it fails. */
static void
evaluate(const struct clean_derive *d, struct derive_item *it)
{
	uint8_t truth[CLEAN_GROUP];
	struct msg why = { 0 };
	size_t i;

	it->faulty = 0;
	if (it->sign != NULL || expr_eval(&it->expr, &d->batch, 0, d->batch.n, NULL, &why) == 0)
		return;
	for (i = 0; i < d->batch.n; i++) {
		why.status = 0;
		truth[i] = EXPR_TRUE;
		if (expr_eval(&it->expr, &d->batch, i, 1, NULL, &why) == 0)
			continue;
		truth[i] = EXPR_FALSE;
		it->faulty |= UINT64_C(1) << i;
	}
	(void)expr_eval(&it->expr, &d->batch, 0, d->batch.n, truth, &why);	/* cannot fail at those that are left */
}

/* Returns how many bytes the rows of the batch can have with the items of a pass. */
static size_t
room_of(const struct clean_derive *d, size_t first, size_t end)
{
	size_t i, k, room = d->off[d->batch.n * d->batch.stride] + VAL_PAD;

	for (i = first; i < end; i++)
		for (k = 0; k < d->batch.n; k++)
			room += 32 + d->items[i].limits.fallback.len +
			    (d->items[i].sign != NULL ? VAL_WIDE_MAX : expr_room(&d->items[i].expr, k));
	return room;
}

/* Writes a row with the items of a pass, which are in any order. Returns its end. */
static uint8_t *
put_row(struct derive_step *s, size_t live, struct derive_item *const *item_of, uint8_t *out)
{
	const struct rec row = rec_at(&s->d->batch, live);
	size_t c, n = s->d->schema->ncolumns;

	for (c = 0; c < n; c++) {
		if (item_of[c] != NULL) {
			out = put_item(s, item_of[c], live, out);
			*out++ = '\t';
			continue;
		}
		memcpy(out, row.base + row.off[c], row.off[c + 1] - row.off[c]);
		out += row.off[c + 1] - row.off[c];
	}
	return out - 1;
}

static void
make_pass(struct derive_step *s, size_t pass, struct derive_item **item_of)
{
	struct clean_derive *d = s->d;
	size_t i, first = d->passes[pass], end = d->passes[pass + 1];
	struct buf *to = &d->rows[pass % 2];
	uint8_t *out, *next;

	for (i = first; i < end; i++) {
		evaluate(d, &d->items[i]);
		item_of[d->items[i].column] = &d->items[i];
	}
	out = buf_room(to, room_of(d, first, end));
	for (i = 0; i < d->batch.n; i++) {
		struct clean_row *row = &s->rows[d->live[i]];

		if (row->at == NULL)
			continue;
		next = put_row(s, i, item_of, out);
		if (row->at == NULL)
			continue;
		*next = '\n';
		row->at = out;
		row->end = next;
		out = next + 1;
	}
	memset(out, '\n', VAL_PAD);
	for (i = first; i < end; i++)
		item_of[d->items[i].column] = NULL;
}

/* ---- rules ---- */

static void
apply_rule(struct derive_step *s, size_t rule)
{
	struct clean_derive *d = s->d;
	uint8_t truth[CLEAN_GROUP];
	uint64_t faulty;
	size_t i;

	test(&d->rules[rule], &d->batch, d->batch.n, truth, &faulty);
	for (i = 0; i < d->batch.n; i++)
		if (truth[i] == EXPR_FALSE || (faulty >> i & 1) != 0)
			reject(s, i, CLEAN_RULE, rule);
}

size_t
clean_derive_rows(struct clean_derive *d, const struct cleaner *k, struct clean_row *rows, size_t n,
    struct clean_total *total)
{
	struct derive_step s = { .d = d, .k = k, .rows = rows, .total = total };
	struct derive_item **item_of = d->nitems > 0 ? xcalloc(d->schema->ncolumns, sizeof(*item_of)) : NULL;
	size_t i;

	d->values.len = 0;
	for (i = 0; i < d->npasses && find_fields(d, rows, n) > 0; i++)
		make_pass(&s, i, item_of);
	if (find_fields(d, rows, n) > 0)
		for (i = 0; i < d->schema->nrules; i++)
			apply_rule(&s, i);
	for (i = 0; i < d->batch.n; i++)
		if (rows[d->live[i]].at != NULL)
			count(d, k, total, i, true, 1);
	free(item_of);
	return s.rejected;
}
