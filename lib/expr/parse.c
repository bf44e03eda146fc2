/* Parses an expression into an untyped tree, by recursive descent: a function each level of the grammar. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "expr/aggregate.h"
#include "expr/parse.h"

/* Pools align to 8, numbers of 128 bits to 16. */
void *
expr_alloc(struct pool *pool, size_t n)
{
	uintptr_t p = (uintptr_t)pool_alloc(pool, n + 8);

	return (void *)((p + 15) & ~(uintptr_t)15);
}

struct expr_node *
expr_node_new(struct pool *pool, enum expr_kind kind, size_t from, size_t to)
{
	struct expr_node *n = expr_alloc(pool, sizeof(*n));

	memset(n, 0, sizeof(*n));
	n->kind = kind;
	n->from = from;
	n->to = to;
	return n;
}

/* Room for arguments is doubled whenever their number is a power of two. */
void
expr_node_add(struct pool *pool, struct expr_node *n, struct expr_node *arg)
{
	if ((n->nargs & (n->nargs - 1)) == 0) {
		struct expr_node **more = pool_alloc(pool, (n->nargs == 0 ? 1 : 2 * n->nargs) * sizeof(*more));

		if (n->nargs > 0)
			memcpy(more, n->args, n->nargs * sizeof(*more));
		n->args = more;
	}
	n->args[n->nargs++] = arg;
}

/* ---- pieces ---- */

static bool
enter(struct expr_parser *ps)
{
	if (++ps->depth <= EXPR_MAX_DEPTH)
		return true;
	lex_fail(&ps->lex, "more than %d levels deep", EXPR_MAX_DEPTH);
	return false;
}

static struct expr_node *
node(struct expr_parser *ps, enum expr_kind kind, size_t from)
{
	return expr_node_new(ps->pool, kind, from, ps->lex.end);
}

/* Adds an argument, which NULL makes a failure, and ends the node after it. */
static bool
add(struct expr_parser *ps, struct expr_node *n, struct expr_node *arg)
{
	if (arg == NULL)
		return false;
	expr_node_add(ps->pool, n, arg);
	if (arg->height >= n->height)
		n->height = (uint16_t)(arg->height + 1);
	n->to = ps->lex.end;
	return true;
}

/* Operators from the left, and casts, nest without a parenthesis. */
static bool
is_too_high(struct expr_parser *ps, const struct expr_node *n)
{
	if (n->height <= EXPR_MAX_DEPTH)
		return false;
	lex_fail(&ps->lex, "more than %d operators in a row", EXPR_MAX_DEPTH);
	return true;
}

static struct expr_node *
operator_node(struct expr_parser *ps, const char *name, struct expr_node *left, size_t from)
{
	struct expr_node *n = node(ps, EXPR_CALL, from);

	n->function = expr_operators;
	while (strcmp(n->function->name, name) != 0)
		n->function++;
	if (left != NULL)
		(void)add(ps, n, left);
	return n;
}

static struct expr_node *
fail(struct expr_parser *ps, const char *expected)
{
	lex_fail(&ps->lex, "expected %s, not %s", expected, lex_show(&ps->lex));
	return NULL;
}

/* Expects the end of what an opening parenthesis began. */
static bool
closing(struct expr_parser *ps, const char *expected)
{
	if (lex_take(&ps->lex, LEX_RIGHT))
		return true;
	lex_fail(&ps->lex, "expected %s before %s", expected, lex_show(&ps->lex));
	return false;
}

static bool
keyword(struct expr_parser *ps, const char *word)
{
	if (lex_take_word(&ps->lex, word))
		return true;
	lex_fail(&ps->lex, "expected '%s' before %s", word, lex_show(&ps->lex));
	return false;
}

/* ---- constants ---- */

static struct expr_node *
text(struct expr_parser *ps)
{
	struct expr_node *n = node(ps, EXPR_CONSTANT, ps->lex.where);

	n->literal = EXPR_TEXT;
	n->type = expr_string;
	n->required = true;
	n->value.s.p = (uint8_t *)lex_text(&ps->lex, ps->pool, &n->value.s.n);
	lex_next(&ps->lex);
	n->to = ps->lex.end;
	return n;
}

static struct expr_node *
number(struct expr_parser *ps)
{
	struct expr_node *n = node(ps, EXPR_CONSTANT, ps->lex.where);
	size_t len;

	n->literal = EXPR_NUMBER;
	n->required = true;
	n->digits = lex_text(&ps->lex, ps->pool, &len);
	n->value.s = (struct expr_text){ (const uint8_t *)n->digits, len };
	lex_next(&ps->lex);
	n->to = ps->lex.end;
	return n;
}

static struct expr_node *
parameter(struct expr_parser *ps)
{
	struct expr_node *n = node(ps, EXPR_CONSTANT, ps->lex.where);
	const struct expr_scope *scope = ps->scope;
	struct near near;
	size_t len, i;
	char *name = lex_text(&ps->lex, ps->pool, &len);

	near_start(&near, name);
	for (i = 0; i < scope->nparameters && strcmp(scope->parameters[i].name, name) != 0; i++)
		near_try(&near, scope->parameters[i].name);
	if (i == scope->nparameters) {
		lex_fail(&ps->lex, "no value is given for :%s%s", name, near_hint(&near));
		return NULL;
	}
	n->literal = EXPR_PARAMETER;
	n->type = expr_string;
	n->required = true;
	n->value.s = (struct expr_text){ (const uint8_t *)scope->parameters[i].value,
	    strlen(scope->parameters[i].value) };
	lex_next(&ps->lex);
	n->to = ps->lex.end;
	return n;
}

static struct expr_node *
word_constant(struct expr_parser *ps)
{
	struct expr_node *n = node(ps, EXPR_CONSTANT, ps->lex.where);

	n->type = expr_bool;
	if (lex_is(&ps->lex, "null")) {
		n->literal = EXPR_NULL;
		n->value.null = true;
	} else {
		n->required = true;
		n->value.w = lex_is(&ps->lex, "true");
	}
	lex_next(&ps->lex);
	n->to = ps->lex.end;
	return n;
}

/* ---- types and casts ---- */

/* Parses a type, such as decimal(18,2). */
static bool
type_name(struct expr_parser *ps, struct val_type *t)
{
	static const char *const others[][2] = {
		{ "integer", "int32" }, { "int", "int32" }, { "bigint", "int64" }, { "smallint", "int32" },
		{ "numeric", "decimal(p,s)" }, { "decimal", "decimal(p,s)" }, { "varchar", "string" },
		{ "text", "string" }, { "char", "string" }, { "nvarchar", "string" }, { "double", "float64" },
		{ "float", "float64" }, { "real", "float64" }, { "boolean", "bool" }, { "datetime", "timestamp" },
		{ "datetime2", "timestamp" }, { "timestamptz", "timestamp" }
	};
	struct lex start = ps->lex;
	size_t n = ps->lex.len;
	char name[32];

	if (ps->lex.kind != LEX_NAME) {
		fail(ps, "a type, such as int64 or decimal(18,2)");
		return false;
	}
	lex_next(&ps->lex);
	if (ps->lex.kind == LEX_LEFT) {
		while (ps->lex.kind != LEX_RIGHT && ps->lex.kind != LEX_END && ps->lex.kind != LEX_BAD)
			lex_next(&ps->lex);
		lex_next(&ps->lex);
	}
	n = 0;
	for (size_t i = start.where; i < ps->lex.end && n < sizeof(name) - 1; i++)
		if (start.text[i] != ' ')
			name[n++] = start.text[i] >= 'A' && start.text[i] <= 'Z' ? (char)(start.text[i] | 0x20) :
			    start.text[i];
	name[n] = '\0';
	if (val_type_parse(name, n, t))
		return true;
	ps->lex = start;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (start.len == strlen(others[i][0]) && strncasecmp(start.p, others[i][0], start.len) == 0) {
			lex_fail(&ps->lex, "no type %s: write %s", msg_quotes(name), others[i][1]);
			return false;
		}
	lex_fail(&ps->lex, "no type %s: types are bool, int32, int64, decimal(p,s), date, timestamp, float64, string",
	    msg_quotes(name));
	return false;
}

static struct expr_node *
cast_call(struct expr_parser *ps, bool try, size_t from)
{
	struct expr_node *n = node(ps, EXPR_CAST, from);

	n->try = try;
	if (!add(ps, n, expr_parser_expression(ps)) || !keyword(ps, "as") || !type_name(ps, &n->type) ||
	    !closing(ps, "')'"))
		return NULL;
	n->to = ps->lex.end;
	return n;
}

/* Parses what follows date, timestamp or interval: the text; NULL without failure where there is none. */
static struct expr_node *
typed_text(struct expr_parser *ps)
{
	struct lex start = ps->lex;
	struct expr_node *n, *inner;
	bool date = lex_is(&start, "date"), interval = lex_is(&start, "interval");

	if (!date && !interval && !lex_is(&start, "timestamp"))
		return NULL;
	lex_next(&ps->lex);
	if (ps->lex.kind != LEX_STRING) {
		if (ps->lex.kind != LEX_BAD)
			ps->lex = start;
		return NULL;
	}
	inner = text(ps);
	n = node(ps, interval ? EXPR_INTERVAL : EXPR_CAST, start.where);
	n->type = date ? expr_date : expr_timestamp;
	(void)add(ps, n, inner);
	return n;
}

/* ---- calls ---- */

/* CASE [expr] WHEN expr THEN expr ... [ELSE expr] END */
static struct expr_node *
case_of(struct expr_parser *ps)
{
	struct expr_node *n = node(ps, EXPR_CASE, ps->lex.where);

	if (!enter(ps))
		return NULL;
	lex_next(&ps->lex);
	if (!lex_is(&ps->lex, "when")) {
		n->fold = true;
		if (!add(ps, n, expr_parser_expression(ps)))
			return NULL;
	}
	if (!lex_is(&ps->lex, "when"))
		return fail(ps, "'when'");
	while (lex_take_word(&ps->lex, "when"))
		if (!add(ps, n, expr_parser_expression(ps)) || !keyword(ps, "then") ||
		    !add(ps, n, expr_parser_expression(ps)))
			return NULL;
	if (lex_take_word(&ps->lex, "else") && !add(ps, n, expr_parser_expression(ps)))
		return NULL;
	if (!keyword(ps, "end"))
		return NULL;
	n->to = ps->lex.end;
	ps->depth--;
	return n;
}

static bool
arguments(struct expr_parser *ps, struct expr_node *n)
{
	if (lex_take(&ps->lex, LEX_RIGHT))
		return true;
	do
		if (!add(ps, n, expr_parser_expression(ps)))
			return false;
	while (lex_take(&ps->lex, LEX_COMMA));
	return closing(ps, "a comma or ')'");
}

static struct expr_node *
call(struct expr_parser *ps, const struct lex *name)
{
	struct expr_node *n = node(ps, EXPR_CALL, name->where);
	const char *hint;

	if (lex_is(name, "cast") || lex_is(name, "try_cast"))
		return cast_call(ps, lex_is(name, "try_cast"), name->where);
	if (expr_is_aggregate(name) && ps->scope->aggregates != NULL)
		return expr_parser_aggregate(ps, name);
	if (lex_is(name, "coalesce"))
		n->kind = EXPR_COALESCE;
	else if (lex_is(name, "if"))
		n->kind = EXPR_CASE;
	else if ((n->function = expr_function_find(name->p, name->len)) == NULL) {
		ps->lex = *name;
		hint = expr_is_aggregate(name) ? ": aggregates are acct-balance's" :
		    expr_function_hint(name->p, name->len);
		lex_fail(&ps->lex, "no function %s%s", msg_quote(name->p, name->len), hint != NULL ? hint : "");
		return NULL;
	}
	if (!arguments(ps, n))
		return NULL;
	n->to = ps->lex.end;
	if (n->function == NULL && n->nargs != 3 && n->kind == EXPR_CASE) {
		ps->lex = *name;
		lex_fail(&ps->lex, "if takes 3 arguments: if(condition, value, value)");
		return NULL;
	}
	return n;
}

static struct expr_node *
today(struct expr_parser *ps)
{
	struct expr_node *n = node(ps, EXPR_CONSTANT, ps->lex.where);

	n->type = expr_date;
	n->required = true;
	n->value.w = expr_today();
	lex_next(&ps->lex);
	n->to = ps->lex.end;
	return n;
}

/* Outside of aggregates, where there are some, a column is one of the key. */
static bool
column_of(struct expr_parser *ps, const struct lex *name, size_t column, size_t *to)
{
	const struct expr_aggregates *all = ps->scope->aggregates;

	*to = column;
	if (all == NULL || all->inside)
		return true;
	for (*to = 0; *to < all->first; ++*to)
		if (all->keys[*to] == column)
			return true;
	ps->lex = *name;
	lex_fail(&ps->lex, "%s is neither in an aggregate nor a column of the key", lex_show(name));
	return false;
}

/* A column, or a call. */
static struct expr_node *
name(struct expr_parser *ps)
{
	struct lex start = ps->lex;
	struct expr_node *n;
	int c;

	lex_next(&ps->lex);
	if (start.kind == LEX_NAME && lex_take(&ps->lex, LEX_LEFT)) {
		if (!enter(ps))
			return NULL;
		n = call(ps, &start);
		ps->depth--;
		return n;
	}
	if (ps->lex.kind == LEX_BAD)
		return NULL;
	ps->lex = start;
	if (lex_is(&start, "current_date") && rec_header_find(start.header, "current_date") < 0)
		return today(ps);
	if ((c = lex_column(&ps->lex)) < 0)
		return NULL;
	n = node(ps, EXPR_COLUMN, start.where);
	if (!column_of(ps, &start, (size_t)c, &n->column))
		return NULL;
	n->type = ps->lex.header->columns[c].type;
	n->required = ps->lex.header->columns[c].required;
	return n;
}

static struct expr_node *
group(struct expr_parser *ps)
{
	struct expr_node *n;

	if (!enter(ps))
		return NULL;
	lex_next(&ps->lex);
	n = expr_parser_expression(ps);
	if (n == NULL || !closing(ps, "'and', 'or' or ')'"))
		return NULL;
	ps->depth--;
	return n;
}

static struct expr_node *
primary(struct expr_parser *ps)
{
	struct expr_node *n;

	switch (ps->lex.kind) {
	case LEX_LEFT:
		return group(ps);
	case LEX_STRING:
		return text(ps);
	case LEX_NUMBER:
		return number(ps);
	case LEX_PARAMETER:
		return parameter(ps);
	case LEX_QUOTED:
		return name(ps);
	case LEX_NAME:
		if (lex_is(&ps->lex, "case"))
			return case_of(ps);
		if (lex_is(&ps->lex, "null") || lex_is(&ps->lex, "true") || lex_is(&ps->lex, "false"))
			return word_constant(ps);
		if (!lex_is_reserved(&ps->lex)) {
			n = typed_text(ps);
			return n != NULL || ps->lex.kind == LEX_BAD ? n : name(ps);
		}
		/* fallthrough */
	default:
		return fail(ps, "a column or a value");
	}
}

/* ---- operators ---- */

static struct expr_node *
postfix(struct expr_parser *ps)
{
	size_t from = ps->lex.where;
	struct expr_node *n = primary(ps), *cast;

	while (n != NULL && lex_take(&ps->lex, LEX_CAST)) {
		cast = node(ps, EXPR_CAST, from);
		(void)add(ps, cast, n);
		if (!type_name(ps, &cast->type))
			return NULL;
		cast->to = ps->lex.end;
		n = cast;
		if (is_too_high(ps, n))
			return NULL;
	}
	return n;
}

/* [+ | -] post; a sign before a number is part of it. */
static struct expr_node *
sign(struct expr_parser *ps)
{
	size_t from = ps->lex.where;
	bool minus = ps->lex.kind == LEX_MINUS;
	struct expr_node *n, *arg;
	char *digits;

	if (!minus && ps->lex.kind != LEX_PLUS)
		return postfix(ps);
	lex_next(&ps->lex);
	if ((arg = postfix(ps)) == NULL)
		return NULL;
	if (arg->kind == EXPR_CONSTANT && arg->literal == EXPR_NUMBER) {
		digits = pool_alloc(ps->pool, arg->value.s.n + 2);
		digits[0] = minus ? '-' : '+';
		memcpy(digits + 1, arg->digits, arg->value.s.n + 1);
		arg->digits = digits;
		arg->value.s = (struct expr_text){ (uint8_t *)digits, arg->value.s.n + 1 };
		arg->from = from;
		return arg;
	}
	n = operator_node(ps, minus ? "negative" : "positive", arg, from);
	return n;
}

static const char *
operator_of(const struct lex *l, enum lex_kind first, enum lex_kind last)
{
	static const char *const names[] = {
		[LEX_PLUS] = "+", [LEX_MINUS] = "-", [LEX_STAR] = "*", [LEX_SLASH] = "/", [LEX_WHOLE] = "//",
		[LEX_PERCENT] = "%"
	};

	return l->kind >= first && l->kind <= last ? names[l->kind] : NULL;
}

/* part { operator part }, from the left. */
static struct expr_node *
chain(struct expr_parser *ps, struct expr_node *(*part)(struct expr_parser *), enum lex_kind first, enum lex_kind last)
{
	size_t from = ps->lex.where;
	struct expr_node *n = part(ps);
	const char *operator;

	while (n != NULL && (operator = operator_of(&ps->lex, first, last)) != NULL) {
		lex_next(&ps->lex);
		n = operator_node(ps, operator, n, from);
		if (!add(ps, n, part(ps)) || is_too_high(ps, n))
			return NULL;
	}
	return n;
}

static struct expr_node *
product(struct expr_parser *ps)
{
	return chain(ps, sign, LEX_STAR, LEX_PERCENT);
}

static struct expr_node *
sum(struct expr_parser *ps)
{
	return chain(ps, product, LEX_PLUS, LEX_MINUS);
}

static struct expr_node *
concatenation(struct expr_parser *ps)
{
	size_t from = ps->lex.where;
	struct expr_node *n = sum(ps), *all;

	if (n == NULL || ps->lex.kind != LEX_CONCAT)
		return n;
	all = operator_node(ps, "||", n, from);
	while (lex_take(&ps->lex, LEX_CONCAT))
		if (!add(ps, all, sum(ps)))
			return NULL;
	return all;
}

/* ---- tests ---- */

static struct expr_node *
negated(struct expr_parser *ps, struct expr_node *n, bool not)
{
	struct expr_node *inverse;

	if (!not || n == NULL)
		return n;
	inverse = node(ps, EXPR_NOT, n->from);
	return add(ps, inverse, n) ? inverse : NULL;
}

/* After IS. */
static struct expr_node *
is_test(struct expr_parser *ps, struct expr_node *left)
{
	struct expr_node *n = node(ps, EXPR_IS, left->from);
	bool not = lex_take_word(&ps->lex, "not");

	(void)add(ps, n, left);
	if (lex_is(&ps->lex, "null"))
		n->kind = EXPR_IS_NULL;
	else if (lex_is(&ps->lex, "true") || lex_is(&ps->lex, "false"))
		n->value.w = lex_is(&ps->lex, "true");
	else if (lex_take_word(&ps->lex, "distinct")) {
		n->kind = EXPR_DISTINCT;
		return keyword(ps, "from") && add(ps, n, concatenation(ps)) ? negated(ps, n, not) : NULL;
	} else
		return fail(ps, "null, true, false or distinct from");
	lex_next(&ps->lex);
	n->to = ps->lex.end;
	return negated(ps, n, not);
}

/* After IN. */
static struct expr_node *
in_test(struct expr_parser *ps, struct expr_node *left)
{
	struct expr_node *n = node(ps, EXPR_IN, left->from);

	(void)add(ps, n, left);
	if (!lex_take(&ps->lex, LEX_LEFT))
		return fail(ps, "a list in parentheses");
	do
		if (!add(ps, n, expr_parser_expression(ps)))
			return NULL;
	while (lex_take(&ps->lex, LEX_COMMA));
	if (!closing(ps, "a comma or ')'"))
		return NULL;
	n->to = ps->lex.end;
	return n;
}

/* After LIKE or ILIKE. */
static struct expr_node *
like_test(struct expr_parser *ps, struct expr_node *left, bool fold)
{
	struct expr_node *n = node(ps, EXPR_LIKE, left->from);

	n->fold = fold;
	n->value.w = -1;
	(void)add(ps, n, left);
	if (!add(ps, n, concatenation(ps)))
		return NULL;
	if (lex_take_word(&ps->lex, "escape")) {
		if (ps->lex.kind != LEX_STRING || ps->lex.len != 1)
			return fail(ps, "one character of ASCII in single quotes");
		n->value.w = (uint8_t)*ps->lex.p;
		lex_next(&ps->lex);
		n->to = ps->lex.end;
	}
	return n;
}

/* After BETWEEN. */
static struct expr_node *
between_test(struct expr_parser *ps, struct expr_node *left)
{
	struct expr_node *n = node(ps, EXPR_BETWEEN, left->from);

	(void)add(ps, n, left);
	return add(ps, n, concatenation(ps)) && keyword(ps, "and") && add(ps, n, concatenation(ps)) ? n : NULL;
}

static struct expr_node *
comparison(struct expr_parser *ps, struct expr_node *left)
{
	struct expr_node *n = node(ps, EXPR_COMPARE, left->from);

	n->op = (enum expr_op)(EXPR_EQ + (ps->lex.kind - LEX_EQ));
	lex_next(&ps->lex);
	if (ps->lex.kind == LEX_EQ)
		return fail(ps, "a column or a value");
	(void)add(ps, n, left);
	return add(ps, n, concatenation(ps)) ? n : NULL;
}

static struct expr_node *
test(struct expr_parser *ps)
{
	struct expr_node *left = concatenation(ps), *n;
	bool not;

	if (left == NULL)
		return NULL;
	if (ps->lex.kind >= LEX_EQ && ps->lex.kind <= LEX_GE)
		return comparison(ps, left);
	if (lex_take_word(&ps->lex, "is"))
		return is_test(ps, left);
	not = lex_take_word(&ps->lex, "not");
	if (lex_take_word(&ps->lex, "in"))
		n = in_test(ps, left);
	else if (lex_is(&ps->lex, "like") || lex_is(&ps->lex, "ilike")) {
		bool fold = lex_is(&ps->lex, "ilike");

		lex_next(&ps->lex);
		n = like_test(ps, left, fold);
	} else if (lex_take_word(&ps->lex, "between"))
		n = between_test(ps, left);
	else if (not)
		return fail(ps, "'in', 'like', 'ilike' or 'between'");
	else
		return left;
	return negated(ps, n, not);
}

/* ---- not, and, or ---- */

static struct expr_node *
negation(struct expr_parser *ps)
{
	size_t from = ps->lex.where;
	struct expr_node *n;

	if (!lex_is(&ps->lex, "not"))
		return test(ps);
	if (!enter(ps))
		return NULL;
	lex_next(&ps->lex);
	n = node(ps, EXPR_NOT, from);
	if (!add(ps, n, negation(ps)))
		return NULL;
	ps->depth--;
	return n;
}

/* Parses part { keyword part }: one node with all parts as arguments, or the part alone. */
static struct expr_node *
list(struct expr_parser *ps, struct expr_node *(*part)(struct expr_parser *), const char *word, enum expr_kind kind)
{
	size_t from = ps->lex.where;
	struct expr_node *n = part(ps), *all;

	if (n == NULL || !lex_is(&ps->lex, word))
		return n;
	all = node(ps, kind, from);
	(void)add(ps, all, n);
	while (lex_take_word(&ps->lex, word))
		if (!add(ps, all, part(ps)))
			return NULL;
	return all;
}

static struct expr_node *
conjunction(struct expr_parser *ps)
{
	return list(ps, negation, "and", EXPR_AND);
}

struct expr_node *
expr_parser_expression(struct expr_parser *ps)
{
	return list(ps, conjunction, "or", EXPR_OR);
}

void
expr_parser_start(struct expr_parser *ps, struct pool *pool, const char *text, size_t n, const struct expr_scope *scope,
    size_t *where, struct msg *err)
{
	*ps = (struct expr_parser){ .pool = pool, .scope = scope };
	lex_start(&ps->lex, text, n, scope->header, where, err);
	if (n > EXPR_MAX_TEXT)
		lex_fail(&ps->lex, "longer than %d KiB", EXPR_MAX_TEXT >> 10);
}
