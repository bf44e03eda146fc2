/* Parses the text of a predicate into its tree. */
#include <stdlib.h>
#include <string.h>

#include "pred/lex.h"
#include "pred/pred.h"

struct parser {
	struct lex lex;
	struct pool *pool;
	unsigned depth;		/* nesting of parentheses and NOTs at the current token */
};

static struct pred_node *predicate(struct parser *);

static struct pred_node *
node(struct parser *ps, enum pred_kind kind)
{
	struct pred_node *n = pool_alloc(ps->pool, sizeof *n);

	*n = (struct pred_node){ .kind = kind };
	return n;
}

/* ---- values ---- */

static const char *
how_to_write(enum val_kind kind)
{
	switch (kind) {
	case VAL_BOOL:
		return "true or false";
	case VAL_DATE:
		return "'YYYY-MM-DD' in single quotes";
	case VAL_TIMESTAMP:
		return "'YYYY-MM-DDTHH:MM:SSZ' in single quotes";
	case VAL_STRING:
		return "text in single quotes";
	default:
		return "a bare number";
	}
}

static bool
is_value(const struct lex *l)
{
	return l->kind == LEX_STRING || l->kind == LEX_NUMBER || l->kind == LEX_MINUS || l->kind == LEX_PLUS ||
	    lex_is(l, "true") || lex_is(l, "false");
}

/* Can a literal of this kind be compared with a column of this type? */
static bool
fits(const struct lex *l, enum val_kind kind)
{
	switch (kind) {
	case VAL_BOOL:
		return l->kind == LEX_NAME;
	case VAL_DATE:
	case VAL_TIMESTAMP:
	case VAL_STRING:
		return l->kind == LEX_STRING;
	case VAL_FLOAT64:
		return l->kind == LEX_NUMBER || l->kind == LEX_STRING;	/* 'nan', 'inf', '-inf' */
	default:
		return l->kind == LEX_NUMBER;
	}
}

/*
 * Encodes a value; out has room for 2 * n + VAL_WIDE_MAX bytes. Returns the length, or 0 if the text is invalid for the
 * type.
 */
static size_t
encode(struct val_type t, const char *s, size_t n, bool minus, uint8_t *out)
{
	int64_t v;
	int32_t days;
	i128 wide;
	double f;

	switch (t.kind) {
	case VAL_BOOL:
		return val_put_bool(out, n == 4);
	case VAL_INT32:
	case VAL_INT64:		/* an int32 may be compared with values beyond its range */
		if (!num_decimal(s, n, 19, 0, &wide) || memchr(s, '.', n) != NULL)
			return 0;
		return val_put_wide(out, minus ? -wide : wide);
	case VAL_DECIMAL:	/* so may a decimal */
		return num_decimal(s, n, NUM_DIGITS, t.scale, &wide) ? val_put_wide(out, minus ? -wide : wide) : 0;
	case VAL_DATE:
		return num_date(s, n, &days) ? val_put_int(out, days) : 0;
	case VAL_TIMESTAMP:
		return num_timestamp(s, n, &v) ? val_put_int(out, v) : 0;
	case VAL_FLOAT64:	/* + 0.0 turns -0 into the 0 that pred_eval uses */
		return num_float64(s, n, &f) ? val_put_float(out, (minus ? -f : f) + 0.0) : 0;
	case VAL_STRING:
		return val_put_string(out, s, n);
	}
	return 0;
}

/* Parses a value for a column of type t; name is the column's, for messages. */
static int
value(struct parser *ps, struct val_type t, const char *name, struct pred_value *v)
{
	struct lex *l = &ps->lex;
	char type[NUM_TEXT];
	bool sign = l->kind == LEX_MINUS || l->kind == LEX_PLUS, minus = l->kind == LEX_MINUS;
	size_t n, place = l->where;
	uint8_t *out;
	char *s;

	if (sign)
		lex_next(l);
	if (lex_is(l, "null"))
		return lex_fail(l, "nothing compares with null: write %s is null", name);
	if ((l->kind != LEX_BAD && !is_value(l)) || (sign && l->kind != LEX_NUMBER))
		return lex_fail(l, "expected a value, not %s", lex_show(l));
	val_type_put(type, t);
	if (!fits(l, t.kind))
		return lex_fail(l, "%s is of type %s: write %s", name, type, how_to_write(t.kind));
	s = lex_text(l, ps->pool, &n);
	out = pool_alloc(ps->pool, 2 * n + VAL_WIDE_MAX);
	v->n = encode(t, s, n, minus, out);
	if (v->n == 0) {
		l->where = place;
		return lex_fail(l, "not %s %s: %s%s", strchr("aeiou", type[0]) != NULL ? "an" : "a", type,
		    minus ? "-" : "", msg_quote(s, n));
	}
	v->p = out;
	v->head = pred_head(v->p, v->n);
	lex_next(l);
	return 0;
}

/* ---- tests ---- */

/* Parses a column into the node. */
static int
column(struct parser *ps, size_t *index, struct val_type *type)
{
	int c;

	if (lex_is(&ps->lex, "and") || lex_is(&ps->lex, "or") || lex_is(&ps->lex, "is") || lex_is(&ps->lex, "in") ||
	    lex_is(&ps->lex, "null") || (ps->lex.kind != LEX_NAME && ps->lex.kind != LEX_QUOTED))
		return lex_fail(&ps->lex, "expected a column, not %s", lex_show(&ps->lex));
	if ((c = lex_column(&ps->lex)) < 0)
		return -1;
	*index = (size_t)c;
	*type = ps->lex.header->columns[c].type;
	return 0;
}

static bool
is_exact(struct val_type t)
{
	return t.kind == VAL_INT32 || t.kind == VAL_INT64 || t.kind == VAL_DECIMAL;
}

/* Parses the right side of a comparison, after column and operator. */
static struct pred_node *
right_side(struct parser *ps, struct pred_node *n)
{
	const struct rec_column *c = &ps->lex.header->columns[n->column];
	char left[NUM_TEXT], right[NUM_TEXT];
	size_t place = ps->lex.where;

	if (is_value(&ps->lex) || lex_is(&ps->lex, "null")) {
		n->values = pool_alloc(ps->pool, sizeof *n->values);
		n->nvalues = 1;
		return value(ps, n->type, c->name, n->values) == 0 ? n : NULL;
	}
	n->kind = PRED_COLUMNS;
	if (column(ps, &n->other, &n->other_type) == -1)
		return NULL;
	if (n->type.kind != n->other_type.kind && !(is_exact(n->type) && is_exact(n->other_type))) {
		val_type_put(left, n->type);
		val_type_put(right, n->other_type);
		ps->lex.where = place;
		lex_fail(&ps->lex, "%s is of type %s, %s of type %s: they do not compare", c->name, left,
		    ps->lex.header->columns[n->other].name, right);
		return NULL;
	}
	return n;
}

static int
by_bytes(const void *a, const void *b)
{
	const struct pred_value *x = a, *y = b;
	int c = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);

	return c != 0 ? c : (x->n > y->n) - (x->n < y->n);
}

/* "(" value { "," value } ")" */
static struct pred_node *
list(struct parser *ps, struct pred_node *n)
{
	const struct rec_column *c = &ps->lex.header->columns[n->column];
	struct pred_value *v = NULL;
	size_t cap = 0;

	n->kind = PRED_IN;
	if (!lex_take(&ps->lex, LEX_LEFT)) {
		lex_fail(&ps->lex, "expected a list in parentheses, not %s", lex_show(&ps->lex));
		return NULL;
	}
	do {
		if (n->nvalues == cap)
			v = xreallocarray(v, cap = cap == 0 ? 8 : 2 * cap, sizeof *v);
		if (value(ps, n->type, c->name, &v[n->nvalues]) == -1)
			break;
		n->nvalues++;
	} while (lex_take(&ps->lex, LEX_COMMA));
	if (!lex_take(&ps->lex, LEX_RIGHT)) {
		lex_fail(&ps->lex, "expected a comma or ')' before %s", lex_show(&ps->lex));
		free(v);
		return NULL;
	}
	qsort(v, n->nvalues, sizeof *v, by_bytes);
	n->values = pool_copy(ps->pool, v, n->nvalues * sizeof *v);
	free(v);
	return n;
}

/* Parses [ NOT ] NULL, after IS. */
static struct pred_node *
null_test(struct parser *ps, struct pred_node *n)
{
	struct pred_node *inverse = NULL;

	if (lex_is(&ps->lex, "not")) {
		inverse = node(ps, PRED_NOT);
		inverse->child = n;
		lex_next(&ps->lex);
	}
	n->kind = PRED_NULL;
	if (!lex_is(&ps->lex, "null")) {
		lex_fail(&ps->lex, "expected null, not %s", lex_show(&ps->lex));
		return NULL;
	}
	lex_next(&ps->lex);
	return inverse != NULL ? inverse : n;
}

static bool
operator(struct lex *l, enum pred_op *op)
{
	if (l->kind < LEX_EQ || l->kind > LEX_GE)
		return false;
	*op = (enum pred_op)(PRED_EQ + (l->kind - LEX_EQ));
	lex_next(l);
	return true;
}

/*
 * Parses value op column and swaps it to column op value. The value is parsed once the type of its column is known, by
 * a second lexer.
 */
static struct pred_node *
value_first(struct parser *ps)
{
	static const enum pred_op mirrored[] = { PRED_EQ, PRED_NE, PRED_GT, PRED_GE, PRED_LT, PRED_LE };
	struct pred_node *n = node(ps, PRED_COMPARE);
	struct lex left = ps->lex, after;

	if (ps->lex.kind == LEX_MINUS || ps->lex.kind == LEX_PLUS)
		lex_next(&ps->lex);
	lex_next(&ps->lex);
	if (!operator(&ps->lex, &n->op)) {
		lex_fail(&ps->lex, "expected a comparison, not %s", lex_show(&ps->lex));
		return NULL;
	}
	n->op = mirrored[n->op];
	if (column(ps, &n->column, &n->type) == -1)
		return NULL;
	after = ps->lex;
	ps->lex = left;
	if (right_side(ps, n) == NULL)
		return NULL;
	ps->lex = after;
	return n;
}

static struct pred_node *
test(struct parser *ps)
{
	struct pred_node *n, *inverse;

	if (is_value(&ps->lex))
		return value_first(ps);
	n = node(ps, PRED_COMPARE);
	if (column(ps, &n->column, &n->type) == -1)
		return NULL;
	if (operator(&ps->lex, &n->op))
		return right_side(ps, n);
	if (lex_is(&ps->lex, "is")) {
		lex_next(&ps->lex);
		return null_test(ps, n);
	}
	if (lex_is(&ps->lex, "in")) {
		lex_next(&ps->lex);
		return list(ps, n);
	}
	if (lex_is(&ps->lex, "not")) {
		lex_next(&ps->lex);
		if (lex_is(&ps->lex, "in")) {
			lex_next(&ps->lex);
			inverse = node(ps, PRED_NOT);
			inverse->child = list(ps, n);
			return inverse->child != NULL ? inverse : NULL;
		}
	}
	lex_fail(&ps->lex, "expected a comparison, not %s", lex_show(&ps->lex));
	return NULL;
}

/* ---- and, or, not ---- */

static struct pred_node *
negation(struct parser *ps)
{
	struct pred_node *n = NULL;
	bool not = lex_is(&ps->lex, "not");

	if (!not && ps->lex.kind != LEX_LEFT)
		return test(ps);
	if (++ps->depth > PRED_MAX_DEPTH) {
		lex_fail(&ps->lex, "more than %d levels deep", PRED_MAX_DEPTH);
		return NULL;
	}
	lex_next(&ps->lex);
	if (not) {
		n = node(ps, PRED_NOT);
		if ((n->child = negation(ps)) == NULL)
			return NULL;
	} else {
		if ((n = predicate(ps)) == NULL)
			return NULL;
		if (!lex_take(&ps->lex, LEX_RIGHT)) {
			lex_fail(&ps->lex, "expected 'and', 'or' or ')' before %s", lex_show(&ps->lex));
			return NULL;
		}
	}
	ps->depth--;
	return n;
}

/* Parses part { keyword part }: one node with all parts as children, or the part alone. */
static struct pred_node *
chain(struct parser *ps, struct pred_node *(*part)(struct parser *), const char *keyword, enum pred_kind kind)
{
	struct pred_node *n = part(ps), *all, **last;

	if (n == NULL || !lex_is(&ps->lex, keyword))
		return n;
	all = node(ps, kind);
	all->child = n;
	last = &n->next;
	while (lex_is(&ps->lex, keyword)) {
		lex_next(&ps->lex);
		if ((n = part(ps)) == NULL)
			return NULL;
		*last = n;
		last = &n->next;
	}
	return all;
}

static struct pred_node *
conjunction(struct parser *ps)
{
	return chain(ps, negation, "and", PRED_AND);
}

static struct pred_node *
predicate(struct parser *ps)
{
	return chain(ps, conjunction, "or", PRED_OR);
}

/* Returns the levels of scratch that evaluating a node needs besides its result. */
static size_t
levels(const struct pred_node *n)
{
	size_t most = 0;

	for (const struct pred_node *c = n->child; c != NULL; c = c->next) {
		size_t l = levels(c) + (c != n->child);

		if (l > most)
			most = l;
	}
	return most;
}

int
pred_parse(struct pred *p, const char *text, size_t n, const struct rec_header *h, size_t *where, struct msg *err)
{
	struct parser ps = { .pool = &p->pool };

	*p = (struct pred){ 0 };
	lex_start(&ps.lex, text, n, h, where, err);
	p->root = predicate(&ps);
	if (p->root != NULL && ps.lex.kind != LEX_END)
		lex_fail(&ps.lex, "expected 'and' or 'or' before %s", lex_show(&ps.lex));
	if (err->status != 0) {
		p->root = NULL;
		return -1;
	}
	p->scratch = pool_alloc(&p->pool, (levels(p->root) + 1) * PRED_CHUNK);
	return 0;
}

void
pred_free(struct pred *p)
{
	pool_free(&p->pool);
	*p = (struct pred){ 0 };
}
