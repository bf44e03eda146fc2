/* Types a tree: what constants mean beside what they meet, which arguments convert, what each node gives. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "expr/parse.h"

const char *
expr_shown(const struct expr *e, const struct expr_node *n)
{
	return msg_quote(e->text + n->from, n->to - n->from);
}

bool
expr_refuse(struct expr_check *c, const struct expr_node *n, const char *fmt, ...)
{
	char text[900];
	va_list ap;

	if (c->err->status != 0)
		return false;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	*c->where = n->from;
	msg_set(c->err, EX_USAGE, "%s", text);
	return false;
}

void
expr_own(struct expr_check *c, struct expr_node *n, void *data, void (*release)(void *))
{
	n->data = data;
	n->release = release;
	n->releases = c->releases;
	c->releases = n;
}

bool
expr_strict(struct expr_node *n, struct val_type t)
{
	n->type = t;
	n->required = true;
	for (size_t i = 0; i < n->nargs; i++)
		n->required = n->required && n->args[i]->required;
	return true;
}

/* ---- constants ---- */

/* Gives a number as written its own type: decimal(digits, decimals), or float64 with an exponent. */
static bool
number_type(struct expr_check *c, struct expr_node *n)
{
	const char *s = n->digits, *point = strchr(s, '.');
	size_t len = n->value.s.n, scale = point != NULL ? len - (size_t)(point - s) - 1 : 0, whole = 0;

	if (strpbrk(s, "eE") != NULL) {
		n->type = expr_float64;
		return num_float64(s, len, &n->value.f) || expr_refuse(c, n, "invalid number: %s", msg_quotes(s));
	}
	for (const char *p = s; p < (point != NULL ? point : s + len); p++)
		whole += whole > 0 || (*p >= '1' && *p <= '9');
	if (whole == 0)
		whole = 1;
	if (scale > NUM_DIGITS || !num_decimal(s, len, NUM_DIGITS, (unsigned)scale, &n->value.w))
		return expr_refuse(c, n, "invalid number: %s", msg_quotes(s));
	n->type = expr_decimal((unsigned)(whole + scale), (unsigned)scale);
	return true;
}

static bool
is_whole(const struct expr_node *n)
{
	return n->literal == EXPR_NUMBER && n->type.kind == VAL_DECIMAL && n->type.scale == 0 &&
	    expr_holds(expr_int64, n->value.w);
}

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

static const char *
article(const char *type)
{
	return strchr("aeiou", type[0]) != NULL ? "an" : "a";
}

/* Can this literal take a type? */
static bool
may_take(const struct expr_node *n, struct val_type t)
{
	switch (n->literal) {
	case EXPR_NULL:
	case EXPR_PARAMETER:
		return true;
	case EXPR_TEXT:
		return t.kind == VAL_DATE || t.kind == VAL_TIMESTAMP || t.kind == VAL_DECIMAL ||
		    t.kind == VAL_FLOAT64 || t.kind == VAL_STRING;
	case EXPR_NUMBER:
		return expr_is_exact(t) || t.kind == VAL_FLOAT64;
	default:
		return false;
	}
}

/* Returns a copy of a literal with a type that it may take, or NULL after refusing its text. */
static struct expr_node *
retyped(struct expr_check *c, const struct expr_node *n, struct val_type t)
{
	struct expr_node *copy = expr_node_new(&c->e->pool, n->kind, n->from, n->to);
	struct expr_value v;
	const char *name = expr_type_name(t);

	*copy = *n;
	copy->type = t;
	copy->literal = EXPR_TYPED;
	if (n->literal == EXPR_NULL)
		return copy;
	if (n->literal == EXPR_NUMBER && n->type.kind == VAL_FLOAT64 && t.kind != VAL_FLOAT64) {
		expr_refuse(c, n, "not %s %s: %s", article(name), name, msg_quotes(n->digits));
		return NULL;
	}
	if (expr_convert(&c->e->pool, expr_string, t, &n->value, &v) != NULL) {
		expr_refuse(c, n, "not %s %s: %s", article(name), name, msg_quote(n->value.s.p, n->value.s.n));
		return NULL;
	}
	copy->value = v;
	return copy;
}

/* ---- conversions without a loss ---- */

struct expr_node *
expr_cast_node(struct expr_check *c, struct expr_node *arg, struct val_type t)
{
	struct expr_node *n = expr_node_new(&c->e->pool, EXPR_CAST, arg->from, arg->to);

	n->type = t;
	n->required = arg->required;
	expr_node_add(&c->e->pool, n, arg);
	return n;
}

/* Does every value of one exact type fit another? */
static bool
widens(struct val_type from, struct val_type to)
{
	struct val_type f = expr_as_decimal(from);

	if (!expr_is_exact(from) || !expr_is_exact(to))
		return false;
	if (expr_is_int(to))
		return from.kind == VAL_INT32 || from.kind == to.kind;
	return to.scale >= f.scale && to.precision - to.scale >= f.precision - f.scale;
}

bool
expr_take(struct expr_check *c, struct expr_node **arg, struct val_type t)
{
	struct expr_node *n = *arg;

	if (n->kind == EXPR_CONSTANT && n->literal != EXPR_TYPED && may_take(n, t)) {
		if (n->literal != EXPR_PARAMETER && n->literal != EXPR_NULL && val_type_equal(n->type, t))
			return true;
		*arg = retyped(c, n, t);
		return *arg != NULL;
	}
	if (val_type_equal(n->type, t))
		return true;
	if (widens(n->type, t)) {
		*arg = expr_cast_node(c, n, t);
		return true;
	}
	return expr_refuse(c, n, "%s is of type %s, not %s", expr_shown(c->e, n), expr_type_name(n->type),
	    expr_type_name(t));
}

/* The least type that holds the values of both, if there is one. */
static bool
common(struct val_type a, struct val_type b, struct val_type *t)
{
	struct val_type x = expr_as_decimal(a), y = expr_as_decimal(b);
	unsigned scale = x.scale > y.scale ? x.scale : y.scale;
	unsigned whole = x.precision - x.scale > y.precision - y.scale ? (unsigned)(x.precision - x.scale) :
	    (unsigned)(y.precision - y.scale);

	if (val_type_equal(a, b)) {
		*t = a;
		return true;
	}
	if (!expr_is_exact(a) || !expr_is_exact(b))
		return false;
	if (expr_is_int(a) && expr_is_int(b)) {
		*t = expr_int64;
		return true;
	}
	*t = expr_decimal(whole + scale, scale);
	return whole + scale <= NUM_DIGITS;
}

static bool
is_loose(const struct expr_node *n)
{
	return n->kind == EXPR_CONSTANT && n->literal != EXPR_TYPED;
}

/* Widens *t, if `have`, by an argument's type. */
static bool
join_type(struct expr_check *c, const struct expr_node *n, struct val_type *t, bool *have)
{
	struct val_type both;

	if (!*have) {
		*t = n->type;
		*have = true;
		return true;
	}
	if (!common(*t, n->type, &both))
		return expr_refuse(c, n, "%s is of type %s, what it goes with of type %s: they have no common type",
		    expr_shown(c->e, n), expr_type_name(n->type), expr_type_name(*t));
	*t = both;
	return true;
}

bool
expr_unify(struct expr_check *c, const struct expr_node *n, struct expr_node **args[], size_t nargs, struct val_type *t)
{
	bool have = false, only_ints = true;

	(void)n;
	*t = expr_string;
	for (size_t i = 0; i < nargs; i++)
		if (!is_loose(*args[i])) {
			if (!join_type(c, *args[i], t, &have))
				return false;
			only_ints = only_ints && expr_is_int(*t);
		}
	for (size_t i = 0; i < nargs; i++) {	/* numbers widen what is exact, or are all there is */
		const struct expr_node *one = *args[i];

		if (!is_loose(one) || one->literal != EXPR_NUMBER || (have && !expr_is_exact(*t)))
			continue;
		if (have && only_ints && is_whole(one)) {
			if (t->kind == VAL_INT32 && !expr_holds(*t, one->value.w))
				*t = expr_int64;
		} else if (!join_type(c, one, t, &have))
			return false;
		else
			only_ints = false;
	}
	for (size_t i = 0; i < nargs; i++)
		if (!expr_take(c, args[i], *t))
			return false;
	return true;
}

bool
expr_unify_all(struct expr_check *c, struct expr_node *n, struct val_type *t)
{
	struct expr_node ***places = pool_alloc(&c->e->pool, n->nargs * sizeof(*places));

	for (size_t i = 0; i < n->nargs; i++)
		places[i] = &n->args[i];
	return expr_unify(c, n, places, n->nargs, t);
}

/* ---- comparisons ---- */

/* Gives a literal the type of what it is compared with. Numbers beside what is exact keep their own digits. */
static bool
meet(struct expr_check *c, struct expr_node **arg, const struct expr_node *other)
{
	struct expr_node *n = *arg;

	if (n->literal == EXPR_NUMBER && expr_is_exact(other->type) && n->type.kind == VAL_DECIMAL)
		return true;
	if (may_take(n, other->type))
		return expr_take(c, arg, other->type);
	return expr_refuse(c, n, "%s is of type %s: write %s", expr_shown(c->e, other), expr_type_name(other->type),
	    how_to_write(other->type.kind));
}

static bool
no_null(struct expr_check *c, const struct expr_node *n, const struct expr_node *other)
{
	if (n->kind != EXPR_CONSTANT || n->literal != EXPR_NULL)
		return true;
	return expr_refuse(c, n, "nothing compares with null: write %.*s is null",
	    (int)(other->to - other->from < 60 ? other->to - other->from : 60), c->e->text + other->from);
}

/* Brings two typed nodes to types that compare. */
bool
expr_comparable(struct expr_check *c, struct expr_node **a, struct expr_node **b)
{
	if (!no_null(c, *a, *b) || !no_null(c, *b, *a))
		return false;
	if (is_loose(*a) && is_loose(*b)) {	/* a text beside a number takes its type */
		bool text = (*b)->literal == EXPR_NUMBER;

		return val_type_equal((*a)->type, (*b)->type) || ((*a)->literal == EXPR_NUMBER &&
		    (*b)->literal == EXPR_NUMBER) || meet(c, text ? a : b, text ? *b : *a);
	}
	if (is_loose(*b))
		return meet(c, b, *a);
	if (is_loose(*a))
		return meet(c, a, *b);
	if ((*a)->type.kind == (*b)->type.kind || (expr_is_exact((*a)->type) && expr_is_exact((*b)->type)))
		return true;
	return expr_refuse(c, *b, "%s is of type %s, %s of type %s: they do not compare", expr_shown(c->e, *a),
	    expr_type_name((*a)->type), expr_shown(c->e, *b), expr_type_name((*b)->type));
}

static struct expr_node *
compare(struct expr_check *c, struct expr_node *n)
{
	if (!expr_comparable(c, &n->args[0], &n->args[1]))
		return NULL;
	expr_strict(n, expr_bool);
	expr_test_make(c->e, n);
	return n;
}

/* Makes a comparison of two typed nodes. */
static struct expr_node *
make_compare(struct expr_check *c, enum expr_op op, struct expr_node *a, struct expr_node *b, size_t from, size_t to)
{
	struct expr_node *n = expr_node_new(&c->e->pool, EXPR_COMPARE, from, to);

	n->op = op;
	expr_node_add(&c->e->pool, n, a);
	expr_node_add(&c->e->pool, n, b);
	return compare(c, n);
}

static struct expr_node *
between(struct expr_check *c, struct expr_node *n)
{
	struct expr_node *low = make_compare(c, EXPR_GE, n->args[0], n->args[1], n->from, n->to),
	    *high = low != NULL ? make_compare(c, EXPR_LE, n->args[0], n->args[2], n->from, n->to) : NULL;

	if (high == NULL)
		return NULL;
	n->kind = EXPR_AND;
	n->args[0] = low;
	n->args[1] = high;
	n->nargs = 2;
	n->safe = low->safe && high->safe;
	expr_strict(n, expr_bool);
	return n;
}

/* x in (a, b) is x = a or x = b. */
static struct expr_node *
in(struct expr_check *c, struct expr_node *n)
{
	struct expr_node *x = n->args[0];

	for (size_t i = 1; i < n->nargs; i++)
		if (!expr_comparable(c, &n->args[0], &n->args[i]))
			return NULL;
		else
			n->args[0] = x;
	expr_test_make(c->e, n);
	if (n->kind == EXPR_TEST_IN) {
		n->required = x->required;
		n->type = expr_bool;
		return n;
	}
	for (size_t i = 1; i < n->nargs; i++)
		if ((n->args[i - 1] = make_compare(c, EXPR_EQ, x, n->args[i], n->from, n->to)) == NULL)
			return NULL;
	n->kind = EXPR_OR;
	n->nargs--;
	expr_strict(n, expr_bool);
	return n;
}

static struct expr_node *
distinct(struct expr_check *c, struct expr_node *n)
{
	bool null = n->args[1]->kind == EXPR_CONSTANT && n->args[1]->literal == EXPR_NULL;

	if (null)
		n->args[1]->type = n->args[0]->type;
	else if (!expr_comparable(c, &n->args[0], &n->args[1]))
		return NULL;
	n->type = expr_bool;
	n->required = true;
	return n;
}

/* ---- conditions ---- */

static bool
truth(struct expr_check *c, struct expr_node **arg)
{
	struct expr_node *n = *arg;

	if (n->kind == EXPR_CONSTANT && (n->literal == EXPR_NULL || n->literal == EXPR_PARAMETER))
		return expr_take(c, arg, expr_bool);
	if (n->type.kind == VAL_BOOL)
		return true;
	return expr_refuse(c, n, "expected a condition: %s is of type %s", expr_shown(c->e, n),
	    expr_type_name(n->type));
}

/* and, or, not */
static struct expr_node *
logic(struct expr_check *c, struct expr_node *n)
{
	n->safe = true;
	for (size_t i = 0; i < n->nargs; i++) {
		if (!truth(c, &n->args[i]))
			return NULL;
		n->safe = n->safe && n->args[i]->safe;
	}
	expr_strict(n, expr_bool);
	return n;
}

static struct expr_node *
is_test(struct expr_check *c, struct expr_node *n)
{
	if (n->kind == EXPR_IS && !truth(c, &n->args[0]))
		return NULL;
	n->type = expr_bool;
	n->required = true;
	if (n->kind == EXPR_IS_NULL)
		expr_test_make(c->e, n);
	return n;
}

static struct expr_node *
like(struct expr_check *c, struct expr_node *n)
{
	if (!expr_take(c, &n->args[0], expr_string) || !expr_take(c, &n->args[1], expr_string))
		return NULL;
	expr_strict(n, expr_bool);
	return n;
}

/* case x when a then ... is case when x = a then ... */
static bool
compare_cases(struct expr_check *c, struct expr_node *n)
{
	struct expr_node *x = n->args[0], *when;

	n->args++;
	n->nargs--;
	for (size_t i = 0; i + 1 < n->nargs; i += 2) {
		when = make_compare(c, EXPR_EQ, x, n->args[i], n->args[i]->from, n->args[i]->to);
		if (when == NULL)
			return false;
		n->args[i] = when;
	}
	return true;
}

static struct expr_node *
case_of(struct expr_check *c, struct expr_node *n)
{
	struct expr_node ***values = pool_alloc(&c->e->pool, n->nargs * sizeof(*values));
	size_t nvalues = 0;

	if (n->fold && !compare_cases(c, n))
		return NULL;
	for (size_t i = 0; i < n->nargs; i++)
		if (i % 2 == 1 || i + 1 == n->nargs)
			values[nvalues++] = &n->args[i];
		else if (!truth(c, &n->args[i]))
			return NULL;
	if (!expr_unify(c, n, values, nvalues, &n->type))
		return NULL;
	n->required = n->nargs % 2 == 1;
	for (size_t i = 0; i < nvalues; i++)
		n->required = n->required && (*values[i])->required;
	return n;
}

static struct expr_node *
coalesce(struct expr_check *c, struct expr_node *n)
{
	if (n->nargs == 0) {
		expr_refuse(c, n, "coalesce takes at least 1 argument");
		return NULL;
	}
	if (!expr_unify_all(c, n, &n->type))
		return NULL;
	for (size_t i = 0; i < n->nargs; i++)
		n->required = n->required || n->args[i]->required;
	return n;
}

/* ---- casts, intervals, calls ---- */

static struct expr_node *
cast(struct expr_check *c, struct expr_node *n)
{
	struct expr_node *arg = n->args[0];

	if (arg->kind == EXPR_CONSTANT && arg->literal != EXPR_TYPED && arg->literal != EXPR_NUMBER && !n->try) {
		if ((arg = retyped(c, arg, n->type)) != NULL) {
			arg->from = n->from;
			arg->to = n->to;
		}
		return arg;
	}
	if (!expr_castable(arg->type, n->type)) {
		expr_refuse(c, n, "no %s is made of %s, which is of type %s", expr_type_name(n->type),
		    expr_shown(c->e, arg), expr_type_name(arg->type));
		return NULL;
	}
	n->required = arg->required && !n->try;
	return n;
}

/* interval 'n unit' */
static struct expr_node *
interval(struct expr_check *c, struct expr_node *n)
{
	static const struct {
		const char *unit;
		int64_t months, us;
	} units[] = {
		{ "year", 12, 0 }, { "quarter", 3, 0 }, { "month", 1, 0 }, { "week", 0, 7 * INT64_C(86400000000) },
		{ "day", 0, INT64_C(86400000000) }, { "hour", 0, INT64_C(3600000000) },
		{ "minute", 0, 60000000 }, { "second", 0, 1000000 }
	};
	const struct expr_text *s = &n->args[0]->value.s;
	const char *space = memchr(s->p, ' ', s->n);
	size_t len = space != NULL ? s->n - (size_t)(space - (const char *)s->p) - 1 : 0;
	int64_t count;

	if (len > 0 && space[len] == 's')
		len--;
	if (space != NULL && num_int64((const char *)s->p, (size_t)(space - (const char *)s->p), &count) &&
	    count >= -1000000000 && count <= 1000000000)
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (strlen(units[i].unit) == len && memcmp(units[i].unit, space + 1, len) == 0) {
				n->months = count * units[i].months;
				n->value.w = (i128)count * units[i].us;
				n->nargs = 0;
				n->required = true;
				return n;
			}
	expr_refuse(c, n->args[0], "not an interval: %s: write a number and year, quarter, month, week, day, hour, "
	    "minute or second", msg_quote(s->p, s->n));
	return NULL;
}

static struct expr_node *
call(struct expr_check *c, struct expr_node *n)
{
	const struct expr_function *f = n->function;

	if (n->nargs < f->least || (f->most != EXPR_MANY && n->nargs > f->most)) {
		if (f->most == f->least)
			expr_refuse(c, n, "%s takes %u argument%s, not %zu", f->name, f->least,
			    f->least == 1 ? "" : "s", n->nargs);
		else if (f->most == EXPR_MANY)
			expr_refuse(c, n, "%s takes at least %u arguments, not %zu", f->name, f->least, n->nargs);
		else
			expr_refuse(c, n, "%s takes %u to %u arguments, not %zu", f->name, f->least, f->most,
			    n->nargs);
		return NULL;
	}
	return f->check(c, n) ? n : NULL;
}

static bool
takes_interval(const struct expr_node *n)
{
	return n->kind == EXPR_CALL && (n->function->name[0] == '+' || n->function->name[0] == '-') &&
	    n->function->name[1] == '\0';
}

static bool
check_arguments(struct expr_check *c, struct expr_node *n)
{
	for (size_t i = 0; i < n->nargs; i++) {
		if ((n->args[i] = expr_check(c, n->args[i])) == NULL)
			return false;
		if (n->args[i]->kind == EXPR_INTERVAL && !takes_interval(n))
			return expr_refuse(c, n->args[i], "an interval is only added to, or taken from, a date or a "
			    "timestamp");
	}
	return true;
}

struct expr_node *
expr_check(struct expr_check *c, struct expr_node *n)
{
	if (!check_arguments(c, n))
		return NULL;
	switch (n->kind) {
	case EXPR_CONSTANT:
		return n->literal != EXPR_NUMBER || number_type(c, n) ? n : NULL;
	case EXPR_INTERVAL:
		return interval(c, n);
	case EXPR_AND: case EXPR_OR: case EXPR_NOT:
		return logic(c, n);
	case EXPR_COMPARE:
		return compare(c, n);
	case EXPR_DISTINCT:
		return distinct(c, n);
	case EXPR_IS_NULL: case EXPR_IS:
		return is_test(c, n);
	case EXPR_BETWEEN:
		return between(c, n);
	case EXPR_IN:
		return in(c, n);
	case EXPR_LIKE:
		return like(c, n);
	case EXPR_CAST:
		return cast(c, n);
	case EXPR_CASE:
		return case_of(c, n);
	case EXPR_COALESCE:
		return coalesce(c, n);
	case EXPR_CALL:
		return call(c, n);
	default:
		return n;
	}
}

/* ---- whole expressions ---- */

int
expr_finish(struct expr *e, struct expr_node *root, const struct expr_scope *scope, bool wants_truth, size_t *where,
    struct msg *err)
{
	struct expr_check c = { .scope = scope, .e = e, .where = where, .err = err };

	root = expr_check(&c, root);
	if (root != NULL && root->kind == EXPR_INTERVAL)
		expr_refuse(&c, root, "an interval is only added to, or taken from, a date or a timestamp");
	if (root != NULL && err->status == 0 && wants_truth)
		(void)truth(&c, &root);
	e->releases = c.releases;
	if (err->status != 0)
		return -1;
	if (root->kind == EXPR_CONSTANT && root->literal == EXPR_NULL)
		root->type = expr_string;
	e->root = root;
	e->type = root->type;
	e->required = root->required;
	return 0;
}

static int
parse(struct expr *e, const char *text, size_t n, const struct expr_scope *scope, bool wants_truth, size_t *where,
    struct msg *err)
{
	struct expr_parser ps;
	struct expr_node *root;

	*e = (struct expr){ 0 };
	e->text = pool_copy(&e->pool, text, n);
	expr_parser_start(&ps, &e->pool, text, n, scope, where, err);
	root = err->status == 0 ? expr_parser_expression(&ps) : NULL;
	if (root != NULL && ps.lex.kind != LEX_END)
		lex_fail(&ps.lex, "expected an operator, 'and' or 'or' before %s", lex_show(&ps.lex));
	if (root == NULL || err->status != 0)
		return -1;
	return expr_finish(e, root, scope, wants_truth, where, err);
}

int
expr_parse(struct expr *e, const char *text, size_t n, const struct expr_scope *scope, size_t *where, struct msg *err)
{
	return parse(e, text, n, scope, false, where, err);
}

int
expr_parse_where(struct expr *e, const char *text, size_t n, const struct expr_scope *scope, size_t *where,
    struct msg *err)
{
	return parse(e, text, n, scope, true, where, err);
}
