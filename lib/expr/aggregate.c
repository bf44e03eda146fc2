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
	{ "credit", 1, 1 }, { "debit", 1, 1 }, { "net", 1, 1 }, { "avg", 1, 1 }
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
arguments(struct expr_parser *ps, size_t f, struct expr_node *args[], size_t *nargs)
{
	struct lex *l = &ps->lex;

	*nargs = 0;
	if (functions[f].least == 0 && lex_take(l, LEX_STAR))
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
constant(struct expr_parser *ps, const struct expr_node *at, int value)
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
	if (strcmp(a->function, "count") == 0)
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
	struct expr_aggregate a = { .function = function, .nargs = nargs,
	    .text = copy_text(all, l->text, name->where, l->end) };

	for (size_t i = 0; i < nargs; i++) {
		a.args[i].text = l->text;
		a.names[i] = copy_text(all, l->text, args[i]->from, args[i]->to);
		if (expr_finish(&a.args[i], args[i], ps->scope, false, l->wherep, l->err) < 0)
			return NULL;
	}
	return set_type(&a, l) == 0 ? append(ps, &a, name) : NULL;
}

/* avg is sum / nullif(count, 0), with at least six decimals; a rounding of it rounds the exact quotient. */
static struct expr_node *
average(struct expr_parser *ps, struct expr_node *arg, const struct lex *name)
{
	struct expr_aggregates *all = ps->scope->aggregates;
	struct expr_node *sum = take_out(ps, "sum", &arg, 1, name), *n, *count, *divisor;
	struct expr_aggregate counted;

	if (sum == NULL)
		return NULL;
	counted = all->list[all->n - 1];
	counted.function = "count";
	counted.type = expr_int64;
	counted.args[0].pool = (struct pool){ 0 };	/* shares the tree, and owns neither it nor its data */
	counted.args[0].run = NULL;
	counted.args[0].releases = NULL;
	count = append(ps, &counted, name);
	divisor = expr_node_new(ps->pool, EXPR_CALL, name->where, ps->lex.end);
	divisor->function = expr_function_find("nullif", 6);
	expr_node_add(ps->pool, divisor, count);
	expr_node_add(ps->pool, divisor, constant(ps, count, 0));
	n = expr_node_new(ps->pool, EXPR_CALL, name->where, ps->lex.end);
	n->function = &expr_average;
	n->height = 2;
	expr_node_add(ps->pool, n, sum);
	expr_node_add(ps->pool, n, divisor);
	return n;
}

struct expr_node *
expr_parser_aggregate(struct expr_parser *ps, const struct lex *name)
{
	size_t f = find(name), nargs;
	struct expr_node *args[2], *condition;
	struct expr_aggregates *all = ps->scope->aggregates;

	if (all->inside) {
		ps->lex = *name;
		lex_fail(&ps->lex, "an aggregate inside an aggregate");
		return NULL;
	}
	all->inside = true;
	if (!arguments(ps, f, args, &nargs) || !filter(ps, &condition))
		return NULL;
	all->inside = false;
	if (nargs < functions[f].least) {
		ps->lex = *name;
		lex_fail(&ps->lex, functions[f].least == 2 ? "%s takes a value and what to order by: %s(a, by)" :
		    "%s takes an argument", functions[f].name, functions[f].name);
		return NULL;
	}
	if (nargs == 0 && condition != NULL)
		args[nargs++] = constant(ps, condition, 1);
	for (size_t i = 0; i < nargs; i++)
		args[i] = filtered(ps, condition, args[i]);
	if (strcmp(functions[f].name, "avg") == 0)
		return average(ps, args[0], name);
	return take_out(ps, functions[f].name, args, nargs, name);
}

const char *
expr_aggregate_name(struct expr_aggregates *all, const struct expr_node *n, const struct rec_header *h)
{
	const struct expr_aggregate *a;
	const char *function = NULL, *column;
	char *name;
	size_t size;

	if (n->kind == EXPR_CALL && n->function == &expr_average) {
		function = "avg";
		n = n->args[0];
	}
	if (n->kind != EXPR_COLUMN)
		return NULL;
	if (n->column < all->first)
		return h->columns[all->keys[n->column]].name;
	a = &all->list[n->column - all->first];
	if (a->nargs == 0)
		return a->function;
	if (expr_column(&a->args[0]) == SIZE_MAX)
		return NULL;
	if (function == NULL)
		function = a->function;
	column = h->columns[expr_column(&a->args[0])].name;
	size = strlen(function) + strlen(column) + 2;
	name = pool_alloc(&all->pool, size);
	snprintf(name, size, "%s_%s", function, column);
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
