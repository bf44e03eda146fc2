/* Takes aggregates out of expressions, and computes the records that they are made of. */
#include "expr/aggregate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "expr/parse.h"

static const struct {
	const char *name;
	uint8_t least, most;
} functions[] = {
	{ "count", 0, 1 }, { "sum", 1, 1 }, { "min", 1, 1 }, { "max", 1, 1 }, { "first", 2, 2 }, { "last", 2, 2 },
	{ "credit", 1, 1 }, { "debit", 1, 1 }, { "net", 1, 1 }, { "avg", 1, 1 }, { "any_value", 1, 1 },
	{ "bool_and", 1, 1 }, { "bool_or", 1, 1 }, { "median", 1, 1 }, { "quantile_cont", 2, 2 },
	{ "quantile_disc", 2, 2 }, { "stddev_samp", 1, 1 }, { "var_samp", 1, 1 }, { "string_agg", 2, 2 }
};
enum { NFUNCTIONS = sizeof(functions) / sizeof(*functions) };

/* ---- parsing ---- */

static size_t
find(const struct lex *name)
{
	size_t i = 0;

	while (i < NFUNCTIONS && !lex_is(name, functions[i].name))
		i++;
	return i;
}

bool
expr_is_aggregate(const struct lex *name)
{
	return find(name) < NFUNCTIONS;
}

/* Parses FILTER "(" WHERE expression ")", if present. False on failure. */
static bool
filter(struct expr_parser *ps, struct expr_node **condition)
{
	struct lex *l = &ps->lex;

	*condition = NULL;
	if (!lex_take_word(l, "filter"))
		return true;
	if (!lex_take(l, LEX_LEFT) || !lex_take_word(l, "where")) {
		lex_fail(l, "expected filter (where ...), not %s", lex_show(l));
		return false;
	}
	if ((*condition = expr_parser_expression(ps)) == NULL)
		return false;
	if (lex_take(l, LEX_RIGHT))
		return true;
	lex_fail(l, "expected ')' before %s", lex_show(l));
	return false;
}

/* Parses the arguments after "(", at most two. */
static bool
arguments(struct expr_parser *ps, size_t f, struct expr_node *args[], size_t *nargs, bool *distinct)
{
	struct lex *l = &ps->lex;

	*nargs = 0;
	*distinct = lex_is(l, "distinct");
	if (*distinct && strcmp(functions[f].name, "count") != 0) {
		lex_fail(l, "distinct is for count(distinct x)");
		return false;
	}
	if (*distinct)
		lex_next(l);
	else if (functions[f].least == 0 && lex_take(l, LEX_STAR))
		return lex_take(l, LEX_RIGHT) || lex_fail(l, "expected ')' before %s", lex_show(l)) == 0;
	if (lex_take(l, LEX_RIGHT))
		return true;
	do {
		if (*nargs == functions[f].most) {
			lex_fail(l, "%s takes %u argument%s", functions[f].name, functions[f].most,
			    functions[f].most == 1 ? "" : "s");
			return false;
		}
		if ((args[*nargs] = expr_parser_expression(ps)) == NULL)
			return false;
		++*nargs;
	} while (lex_take(l, LEX_COMMA));
	return lex_take(l, LEX_RIGHT) || lex_fail(l, "expected a comma or ')' before %s", lex_show(l)) == 0;
}

/* Makes `case when condition then arg end`. */
static struct expr_node *
filtered(struct expr_parser *ps, struct expr_node *condition, struct expr_node *arg)
{
	struct expr_node *n;

	if (condition == NULL)
		return arg;
	n = expr_node_new(ps->pool, EXPR_CASE, arg->from, condition->to);
	n->height = (uint16_t)((arg->height > condition->height ? arg->height : condition->height) + 1);
	expr_node_add(ps->pool, n, condition);
	expr_node_add(ps->pool, n, arg);
	return n;
}

static struct expr_node *
constant(struct expr_parser *ps, const struct expr_node *at, int64_t value)
{
	struct expr_node *n = expr_node_new(ps->pool, EXPR_CONSTANT, at->from, at->to);

	n->type = expr_int64;
	n->value.w = value;
	n->required = true;
	return n;
}

/* ---- what an aggregate gives ---- */

static bool
is_sum(const char *function)
{
	return strcmp(function, "sum") == 0 || strcmp(function, "credit") == 0 || strcmp(function, "debit") == 0 ||
	    strcmp(function, "net") == 0;
}

/* A sum has ten more digits; of integers it is an int64. */
static int
set_type(struct expr_aggregate *a, struct lex *l)
{
	struct val_type t = a->nargs > 0 ? a->args[0].type : expr_int64;

	a->required = true;
	a->type = expr_int64;
	if (strcmp(a->function, "count") == 0 || strcmp(a->function, "count_distinct") == 0)
		return 0;
	if (!is_sum(a->function)) {
		a->type = t;
		a->required = false;
		return 0;
	}
	if (!expr_is_exact(t))
		return lex_fail(l, "%s is of type %s: only integers and decimals have an exact sum",
		    msg_quotes(a->names[0]), expr_type_name(t));
	if (t.kind == VAL_DECIMAL)
		a->type = expr_decimal(t.precision + 10U, t.scale);
	return 0;
}

static const char *
copy_text(struct expr_aggregates *all, const char *text, size_t from, size_t to)
{
	char *copy = pool_alloc(&all->pool, to - from + 1);

	memcpy(copy, text + from, to - from);
	copy[to - from] = '\0';
	return copy;
}

/* Adds an aggregate. Returns the column that replaces it. */
static struct expr_node *
append(struct expr_parser *ps, const struct expr_aggregate *a, const struct lex *name)
{
	struct expr_aggregates *all = ps->scope->aggregates;
	struct expr_node *n = expr_node_new(ps->pool, EXPR_COLUMN, name->where, ps->lex.end);

	n->column = all->first + all->n;
	n->type = a->type;
	n->required = a->required;
	all->list = xreallocarray(all->list, all->n + 1, sizeof(*all->list));
	all->list[all->n++] = *a;
	return n;
}

/* Types the arguments over the input's columns. Returns the column that replaces the aggregate. */
static struct expr_node *
take_out(struct expr_parser *ps, const char *function, struct expr_node *args[], size_t nargs, const struct lex *name)
{
	struct expr_aggregates *all = ps->scope->aggregates;
	struct lex *l = &ps->lex;
	struct expr_aggregate a = { .function = function, .nargs = nargs, .label = functions[find(name)].name,
	    .text = copy_text(all, l->text, name->where, l->end) };

	for (size_t i = 0; i < nargs; i++) {
		a.args[i].text = l->text;
		a.names[i] = copy_text(all, l->text, args[i]->from, args[i]->to);
		if (expr_finish(&a.args[i], args[i], ps->scope, false, l->wherep, l->err) < 0)
			return NULL;
	}
	return set_type(&a, l) == 0 ? append(ps, &a, name) : NULL;
}

/* Adds another function of the last aggregate's argument. */
static struct expr_node *
again(struct expr_parser *ps, const char *function, struct val_type type, const struct lex *name)
{
	struct expr_aggregates *all = ps->scope->aggregates;
	struct expr_aggregate a = all->list[all->n - 1];

	a.function = function;
	a.type = type;
	a.required = strcmp(function, "count") == 0;
	a.args[0].pool = (struct pool){ 0 };	/* shares the tree, and owns neither it nor its data */
	a.args[0].run = NULL;
	a.args[0].releases = NULL;
	return append(ps, &a, name);
}

static struct expr_node *
call(struct expr_parser *ps, const struct expr_function *f, struct expr_node *const args[], size_t n,
    const struct lex *name)
{
	struct expr_node *node = expr_node_new(ps->pool, EXPR_CALL, name->where, ps->lex.end);

	node->function = f;
	for (size_t i = 0; i < n; i++) {
		expr_node_add(ps->pool, node, args[i]);
		if (node->height <= args[i]->height)
			node->height = (uint16_t)(args[i]->height + 1);
	}
	return node;
}

/* avg is sum / nullif(count, 0), with at least six decimals; a rounding of it rounds the exact quotient. */
static struct expr_node *
average(struct expr_parser *ps, struct expr_node *arg, const struct lex *name)
{
	struct expr_node *sum = take_out(ps, "sum", &arg, 1, name), *count, *divisor;

	if (sum == NULL)
		return NULL;
	count = again(ps, "count", expr_int64, name);
	divisor = call(ps, expr_function_find("nullif", 6),
	    (struct expr_node *[]){ count, constant(ps, count, 0) }, 2, name);
	return call(ps, &expr_average, (struct expr_node *[]){ sum, divisor }, 2, name);
}

/* ---- quantiles ---- */

enum { SHARE_DIGITS = 9 };

/* Reads a number from 0 to 1 as it is written: digits, a point among them. */
static bool
read_share(const char *p, int64_t *share, unsigned *digits)
{
	bool point = false;

	*share = 0;
	for (*digits = 0; *p != '\0'; p++) {
		if (*p == '.' && !point) {
			point = true;
			continue;
		}
		if (*p < '0' || *p > '9' || *digits == SHARE_DIGITS || *share > num_pow10(SHARE_DIGITS))
			return false;
		*share = *share * 10 + (*p - '0');
		*digits += point;
	}
	return *share <= num_pow10(*digits);
}

static bool
take_share(struct expr_parser *ps, const struct expr_node *n, int64_t *share, unsigned *digits, const struct lex *name)
{
	if (n->kind == EXPR_CONSTANT && n->literal == EXPR_NUMBER && read_share(n->digits, share, digits))
		return true;
	ps->lex = *name;
	lex_fail(&ps->lex, "the quantile must be a number from 0 to 1, of at most %d decimals", SHARE_DIGITS);
	return false;
}

static struct expr_node *
quantile(struct expr_parser *ps, struct expr_node *arg, int64_t share, unsigned digits, const struct lex *name)
{
	struct expr_aggregates *all = ps->scope->aggregates;
	struct expr_node *low = take_out(ps, "quantile_low", &arg, 1, name), *args[5];
	struct val_type t;

	if (low == NULL)
		return NULL;
	t = all->list[all->n - 1].type;
	if (!expr_is_exact(t)) {
		ps->lex = *name;
		lex_fail(&ps->lex, "%s is of type %s: what lies between two values is known of integers and decimals; "
		    "quantile_disc(x, 0.5) is one of the values", msg_quotes(all->list[all->n - 1].names[0]),
		    expr_type_name(t));
		return NULL;
	}
	all->list[all->n - 1].share = share;
	all->list[all->n - 1].digits = digits;
	args[0] = low;
	args[1] = again(ps, "quantile_high", t, name);
	args[2] = again(ps, "count", expr_int64, name);
	args[3] = constant(ps, low, share);
	args[4] = constant(ps, low, (int64_t)num_pow10(digits));
	args[0] = call(ps, &expr_between, args, 5, name);
	args[1] = constant(ps, low, (int64_t)num_pow10(digits));
	return call(ps, &expr_average, args, 2, name);
}

static struct expr_node *
discrete(struct expr_parser *ps, struct expr_node *arg, int64_t share, unsigned digits, const struct lex *name)
{
	struct expr_aggregates *all = ps->scope->aggregates;
	struct expr_node *n = take_out(ps, "quantile_disc", &arg, 1, name);

	if (n != NULL) {
		all->list[all->n - 1].share = share;
		all->list[all->n - 1].digits = digits;
	}
	return n;
}

/* median, quantile_cont and quantile_disc */
static struct expr_node *
quantile_of(struct expr_parser *ps, const char *function, struct expr_node *args[], const struct lex *name)
{
	int64_t share = 5;
	unsigned digits = 1;

	if (strcmp(function, "median") != 0 && !take_share(ps, args[1], &share, &digits, name))
		return NULL;
	return (strcmp(function, "quantile_disc") == 0 ? discrete : quantile)(ps, args[0], share, digits, name);
}

/* ---- others ---- */

/* The variance is (n * sum(x * x) - sum(x)^2) / (n * (n - 1)), of two trees of x. */
static struct expr_node *
spread(struct expr_parser *ps, bool root, struct expr_node *x[2], const struct lex *name)
{
	struct expr_node *square = call(ps, &expr_square, x, 1, name), *parts[3];

	if ((parts[0] = take_out(ps, "sum", &square, 1, name)) == NULL ||
	    (parts[1] = take_out(ps, "sum", &x[1], 1, name)) == NULL)
		return NULL;
	parts[2] = again(ps, "count", expr_int64, name);
	parts[0] = call(ps, &expr_spread, parts, 3, name);
	parts[1] = call(ps, &expr_pairs, &parts[2], 1, name);
	return call(ps, root ? &expr_root : &expr_average, parts, 2, name);
}

/* string_agg(x, separator) */
static struct expr_node *
list(struct expr_parser *ps, struct expr_node *args[], const struct lex *name)
{
	struct expr_aggregates *all = ps->scope->aggregates;
	struct expr_node *n;
	struct expr_aggregate *a;

	if (args[1]->kind != EXPR_CONSTANT || args[1]->literal != EXPR_TEXT) {
		ps->lex = *name;
		lex_fail(&ps->lex, "the separator must be a text as written: string_agg(x, ', ')");
		return NULL;
	}
	if ((n = take_out(ps, "string_agg", args, 1, name)) == NULL)
		return NULL;
	a = &all->list[all->n - 1];
	if (a->type.kind != VAL_STRING) {
		ps->lex = *name;
		lex_fail(&ps->lex, "%s is of type %s: string_agg takes texts: write %s::string",
		    msg_quotes(a->names[0]), expr_type_name(a->type), a->names[0]);
		return NULL;
	}
	a->separator = pool_copy(&all->pool, args[1]->value.s.p, args[1]->value.s.n);
	a->nseparator = args[1]->value.s.n;
	return n;
}

/* bool_and is the minimum of truths, bool_or the maximum. */
static struct expr_node *
truth(struct expr_parser *ps, bool all_of, struct expr_node *arg, const struct lex *name)
{
	struct expr_aggregates *all = ps->scope->aggregates;
	struct expr_node *n = take_out(ps, all_of ? "min" : "max", &arg, 1, name);

	if (n == NULL || n->type.kind == VAL_BOOL)
		return n;
	ps->lex = *name;
	lex_fail(&ps->lex, "%s is of type %s, not bool", msg_quotes(all->list[all->n - 1].names[0]),
	    expr_type_name(n->type));
	return NULL;
}

/* count(distinct x) */
static struct expr_node *
distinct(struct expr_parser *ps, struct expr_node *args[], const struct lex *name)
{
	struct expr_aggregates *all = ps->scope->aggregates;
	struct expr_node *n = take_out(ps, "count_distinct", args, 1, name);

	if (n != NULL)
		all->list[all->n - 1].label = "count_distinct";
	return n;
}

/* ---- a call ---- */

struct parsed {			/* a call's arguments, restricted by its filter */
	struct expr_node *args[2];
	size_t n;
	bool distinct;
};

/* Parses what follows "(". False on failure. */
static bool
parse_call(struct expr_parser *ps, size_t f, struct parsed *p, const struct lex *name)
{
	struct expr_aggregates *all = ps->scope->aggregates;
	struct expr_node *condition;
	bool is_quantile = strncmp(functions[f].name, "quantile", 8) == 0;
	bool has_constant = is_quantile || strcmp(functions[f].name, "string_agg") == 0;

	all->inside = true;
	if (!arguments(ps, f, p->args, &p->n, &p->distinct) || !filter(ps, &condition))
		return false;
	all->inside = false;
	if (p->n < functions[f].least + (p->distinct ? 1U : 0)) {
		ps->lex = *name;
		lex_fail(&ps->lex, is_quantile ? "%s takes a value and a quantile: %s(a, 0.25)" :
		    has_constant ? "%s takes a text and a separator: %s(a, ', ')" :
		    functions[f].least == 2 ? "%s takes a value and what to order by: %s(a, by)" :
		    "%s takes an argument", functions[f].name, functions[f].name);
		return false;
	}
	if (p->n == 0 && condition != NULL)
		p->args[p->n++] = constant(ps, condition, 1);
	for (size_t i = 0; i < (has_constant ? 1 : p->n); i++)
		p->args[i] = filtered(ps, condition, p->args[i]);
	return true;
}

/* Parses a call twice, as a variance needs a tree of its own for each use of the argument. */
static struct expr_node *
spread_of(struct expr_parser *ps, size_t f, const struct lex *start, const struct lex *name)
{
	struct expr_node *x[2];
	struct parsed p;

	for (size_t i = 0; i < 2; i++) {
		ps->lex = *start;
		if (!parse_call(ps, f, &p, name))
			return NULL;
		x[i] = p.args[0];
	}
	return spread(ps, functions[f].name[0] == 's', x, name);
}

struct expr_node *
expr_parser_aggregate(struct expr_parser *ps, const struct lex *name)
{
	size_t f = find(name);
	const char *function = functions[f].name;
	struct lex start = ps->lex;
	struct parsed p;

	if (ps->scope->aggregates->inside) {
		ps->lex = *name;
		lex_fail(&ps->lex, "an aggregate inside an aggregate");
		return NULL;
	}
	if (!parse_call(ps, f, &p, name))
		return NULL;
	if (p.distinct)
		return distinct(ps, p.args, name);
	if (strcmp(function, "avg") == 0)
		return average(ps, p.args[0], name);
	if (strcmp(function, "any_value") == 0)
		return take_out(ps, "min", p.args, p.n, name);
	if (strncmp(function, "bool_", 5) == 0)
		return truth(ps, strcmp(function, "bool_and") == 0, p.args[0], name);
	if (strcmp(function, "string_agg") == 0)
		return list(ps, p.args, name);
	if (strcmp(function, "median") == 0 || strncmp(function, "quantile", 8) == 0)
		return quantile_of(ps, function, p.args, name);
	if (strcmp(function, "stddev_samp") == 0 || strcmp(function, "var_samp") == 0)
		return spread_of(ps, f, &start, name);
	return take_out(ps, function, p.args, p.n, name);
}

/* The column that what is made of several aggregates is named for. */
static const struct expr_node *
named_column(const struct expr_node *n)
{
	while (n->kind == EXPR_CALL) {
		if (n->function == &expr_average || n->function == &expr_between || n->function == &expr_root)
			n = n->args[0];
		else if (n->function == &expr_spread)
			n = n->args[1];
		else
			return NULL;
	}
	return n->kind == EXPR_COLUMN ? n : NULL;
}

const char *
expr_aggregate_name(struct expr_aggregates *all, const struct expr_node *n, const struct rec_header *h)
{
	const struct expr_aggregate *a;
	const char *column;
	char *name;
	size_t size;

	n = named_column(n);
	if (n == NULL)
		return NULL;
	if (n->column < all->first)
		return h->columns[all->keys[n->column]].name;
	a = &all->list[n->column - all->first];
	if (a->nargs == 0)
		return a->label;
	if (expr_column(&a->args[0]) == SIZE_MAX)
		return NULL;
	column = h->columns[expr_column(&a->args[0])].name;
	size = strlen(a->label) + strlen(column) + 2;
	name = pool_alloc(&all->pool, size);
	snprintf(name, size, "%s_%s", a->label, column);
	return name;
}

void
expr_aggregates_free(struct expr_aggregates *a)
{
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < a->list[i].nargs; k++)
			expr_free(&a->list[i].args[k]);
	free(a->list);
	pool_free(&a->pool);
	*a = (struct expr_aggregates){ 0 };
}

/* ---- batches ---- */

enum { BATCH_MAX = 1 << 30 };	/* bytes of a batch, whose offsets are 32 bits */

static int
put_record(struct expr_batch *eb, struct expr *const *exprs, size_t nexprs, size_t i, struct msg *err)
{
	for (size_t k = 0; k < nexprs; k++) {
		uint8_t *p = buf_room(&eb->bytes, expr_room(exprs[k], i) + VAL_PAD), *end = expr_put(exprs[k], i, p);

		eb->off[i * nexprs + k] = (uint32_t)eb->bytes.len;
		*end++ = k + 1 < nexprs ? '\t' : '\n';
		eb->bytes.len += (size_t)(end - p);
	}
	return eb->bytes.len <= BATCH_MAX ? 0 : msg_set(err, EX_DATAERR, "records of more than 1 MiB on average");
}

int
expr_batch_make(struct expr_batch *eb, struct expr *const *exprs, size_t nexprs, const struct rec_batch *b, size_t from,
    size_t n, struct msg *err)
{
	if (eb->off == NULL)
		eb->off = xcalloc(EXPR_CHUNK * nexprs + VAL_PAD + 1, sizeof(*eb->off));
	for (size_t k = 0; k < nexprs; k++)
		if (expr_eval(exprs[k], b, from, n, NULL, err) < 0)
			return -1;
	eb->bytes.len = 0;
	for (size_t i = 0; i < n; i++)
		if (put_record(eb, exprs, nexprs, i, err) < 0)
			return -1;
	eb->off[n * nexprs] = (uint32_t)eb->bytes.len;
	memset(buf_room(&eb->bytes, VAL_PAD), 0, VAL_PAD);
	eb->b = (struct rec_batch){ .n = n, .first = b->first + from, .base = eb->bytes.p, .off = eb->off,
	    .stride = nexprs, .segment = b->segment };
	return 0;
}

void
expr_batch_free(struct expr_batch *eb)
{
	buf_free(&eb->bytes);
	free(eb->off);
	*eb = (struct expr_batch){ 0 };
}
