/* Evaluates a tree for many records at a time: each node gives a vector, or, of conditions, one byte per record. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "expr/node.h"
#include "val/int.h"

/* ---- vectors ---- */

struct expr_vector *
expr_vector_take(struct expr_run *run)
{
	struct expr_vector *v = run->spare;

	if (v == NULL)
		return xmalloc(sizeof(*v));
	run->spare = v->next;
	return v;
}

void
expr_vector_give(struct expr_run *run, struct expr_vector *v)
{
	v->next = run->spare;
	run->spare = v;
}

struct expr_value
expr_vector_get(const struct expr_vector *v, struct val_type t, size_t i)
{
	struct expr_value value = { .null = v->null[i] };

	if (t.kind == VAL_STRING)
		value.s = v->s[i];
	else if (t.kind == VAL_FLOAT64)
		value.f = v->f[i];
	else
		value.w = v->w[i];
	return value;
}

void
expr_vector_set(struct expr_vector *v, struct val_type t, size_t i, const struct expr_value *value)
{
	v->null[i] = value->null;
	if (t.kind == VAL_STRING)
		v->s[i] = value->s;
	else if (t.kind == VAL_FLOAT64)
		v->f[i] = value->f;
	else
		v->w[i] = value->w;
}

void
expr_fault(struct expr_run *run, const struct expr_node *n, size_t i, const char *what, struct expr_vector *out)
{
	if (i < run->fault) {
		run->fault = i;
		run->culprit = n;
		run->what = what;
	}
	out->null[i] = 1;
}

/* ---- columns and constants ---- */

static struct expr_text
decode_text(struct expr_run *run, const uint8_t *p, size_t n)
{
	uint8_t *text;

	if (val_string_plain(p, n))
		return (struct expr_text){ p, n };
	text = pool_alloc(&run->texts, n);
	return (struct expr_text){ text, val_get_string(text, p, n) };
}

static void
load_column(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, struct expr_vector *out)
{
	const struct rec_batch *b = run->b;
	const uint32_t *off = b->off + run->from * b->stride + n->column;
	bool narrow = val_is_narrow(n->type);

	for (size_t i = 0; i < run->n; i++, off += b->stride) {
		const uint8_t *p = b->base + off[0];
		size_t len = (size_t)(off[1] - off[0]) - 1;

		out->null[i] = *p == VAL_NULL || (asked != NULL && !asked[i]);
		if (out->null[i])
			continue;
		if (narrow)
			out->w[i] = val_int_inline(p);
		else if (n->type.kind == VAL_STRING)
			out->s[i] = decode_text(run, p, len);
		else if (n->type.kind == VAL_FLOAT64)
			(void)val_get_float(p, len, &out->f[i]);
		else if (n->type.kind == VAL_BOOL)
			out->w[i] = *p == '1';
		else
			out->w[i] = val_wide(p);
	}
}

static void
load_constant(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, struct expr_vector *out)
{
	for (size_t i = 0; i < run->n; i++) {
		expr_vector_set(out, n->type, i, &n->value);
		if (asked != NULL && !asked[i])
			out->null[i] = 1;
	}
}

/* ---- nodes that give values ---- */

/* Calls `row` for each record whose arguments are not null. */
static void
call_rows(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, struct expr_vector *const *args,
    struct expr_vector *out)
{
	struct expr_value few[EXPR_FEW], *values = few, result;
	const char *what;

	if (n->nargs > EXPR_FEW)
		values = expr_alloc(&run->texts, n->nargs * sizeof(*values));
	for (size_t i = 0; i < run->n; i++) {
		bool null = asked != NULL && !asked[i];

		for (size_t a = 0; a < n->nargs && !null; a++) {
			values[a] = expr_vector_get(args[a], n->args[a]->type, i);
			null = values[a].null && !n->function->nulls;
		}
		result = (struct expr_value){ .null = null };
		what = null ? NULL : n->function->row(run, n, values, &result);
		expr_vector_set(out, n->type, i, &result);
		if (what != NULL)
			expr_fault(run, n, i, what, out);
	}
}

static void
call(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, struct expr_vector *out)
{
	struct expr_vector *few[EXPR_FEW], **args = few;

	if (n->nargs > EXPR_FEW)
		args = xcalloc(n->nargs, sizeof(*args));
	for (size_t a = 0; a < n->nargs; a++) {
		args[a] = expr_vector_take(run);
		expr_node_eval(run, n->args[a], asked, args[a]);
	}
	if (n->function->all != NULL && n->type.kind != VAL_FLOAT64) {
		for (size_t i = 0; i < run->n; i++)
			out->null[i] = asked != NULL && !asked[i];
		for (size_t a = 0; a < n->nargs; a++)
			for (size_t i = 0; i < run->n; i++)
				out->null[i] |= args[a]->null[i];
		n->function->all(run, n, args, out);
	} else
		call_rows(run, n, asked, args, out);
	for (size_t a = n->nargs; a-- > 0; )
		expr_vector_give(run, args[a]);
	if (args != few)
		free(args);
}

static void
cast(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, struct expr_vector *out)
{
	struct expr_vector *arg = expr_vector_take(run);
	struct val_type from = n->args[0]->type;

	expr_node_eval(run, n->args[0], asked, arg);
	for (size_t i = 0; i < run->n; i++) {
		struct expr_value v = expr_vector_get(arg, from, i), to = { .null = true };
		const char *what = v.null ? NULL : expr_convert(&run->texts, from, n->type, &v, &to);

		if (v.null || what != NULL)
			to.null = true;
		expr_vector_set(out, n->type, i, &to);
		if (what != NULL && !n->try)
			expr_fault(run, n, i, what, out);
	}
	expr_vector_give(run, arg);
}

/* Copies those values of a vector whose `take` is set. */
static void
merge(const struct expr_run *run, struct val_type t, const struct expr_vector *from, const uint8_t *take,
    struct expr_vector *out)
{
	for (size_t i = 0; i < run->n; i++)
		if (take[i]) {
			struct expr_value v = expr_vector_get(from, t, i);

			expr_vector_set(out, t, i, &v);
		}
}

/* Starts with all null; `left` are the records still asked for. */
static void
start_lazy(const struct expr_run *run, const uint8_t *asked, uint8_t *left, struct expr_vector *out)
{
	memset(out->null, 1, run->n);
	if (asked != NULL)
		memcpy(left, asked, run->n);
	else
		memset(left, 1, run->n);
}

static void
case_of(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, struct expr_vector *out)
{
	struct expr_vector *v = expr_vector_take(run);
	uint8_t left[EXPR_CHUNK], truth[EXPR_CHUNK];
	size_t a;

	start_lazy(run, asked, left, out);
	for (a = 0; a + 1 < n->nargs; a += 2) {
		expr_node_truth(run, n->args[a], left, truth);
		for (size_t i = 0; i < run->n; i++) {
			truth[i] = left[i] && truth[i] == EXPR_TRUE;
			left[i] = left[i] && !truth[i];
		}
		expr_node_eval(run, n->args[a + 1], truth, v);
		merge(run, n->type, v, truth, out);
	}
	if (a < n->nargs) {
		expr_node_eval(run, n->args[a], left, v);
		merge(run, n->type, v, left, out);
	}
	expr_vector_give(run, v);
}

static void
coalesce(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, struct expr_vector *out)
{
	struct expr_vector *v = expr_vector_take(run);
	uint8_t left[EXPR_CHUNK];

	start_lazy(run, asked, left, out);
	for (size_t a = 0; a < n->nargs; a++) {
		expr_node_eval(run, n->args[a], left, v);
		merge(run, n->type, v, left, out);
		for (size_t i = 0; i < run->n; i++)
			left[i] = left[i] && v->null[i];
	}
	expr_vector_give(run, v);
}

static void
from_truth(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, struct expr_vector *out)
{
	uint8_t truth[EXPR_CHUNK];

	expr_node_truth(run, n, asked, truth);
	for (size_t i = 0; i < run->n; i++) {
		out->null[i] = truth[i] == EXPR_UNKNOWN || (asked != NULL && !asked[i]);
		out->w[i] = truth[i] == EXPR_TRUE;
	}
}

void
expr_node_eval(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, struct expr_vector *out)
{
	switch (n->kind) {
	case EXPR_COLUMN:
		load_column(run, n, asked, out);
		break;
	case EXPR_CONSTANT:
		load_constant(run, n, asked, out);
		break;
	case EXPR_CAST:
		cast(run, n, asked, out);
		break;
	case EXPR_CASE:
		case_of(run, n, asked, out);
		break;
	case EXPR_COALESCE:
		coalesce(run, n, asked, out);
		break;
	case EXPR_CALL:
		call(run, n, asked, out);
		break;
	default:
		from_truth(run, n, asked, out);
	}
}

/* ---- nodes that give truth ---- */

static void
least(uint8_t *restrict truth, const uint8_t *restrict other, size_t n)
{
	for (size_t i = 0; i < n; i++)
		truth[i] = truth[i] < other[i] ? truth[i] : other[i];
}

static void
greatest(uint8_t *restrict truth, const uint8_t *restrict other, size_t n)
{
	for (size_t i = 0; i < n; i++)
		truth[i] = truth[i] > other[i] ? truth[i] : other[i];
}

/* Sets `left` for the records that are asked for and not decided. */
static void
undecided(const struct expr_run *run, const uint8_t *asked, const uint8_t *truth, uint8_t decided, uint8_t *left)
{
	for (size_t i = 0; i < run->n; i++)
		left[i] = truth[i] != decided && (asked == NULL || asked[i]);
}

static void
logic(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, uint8_t *truth)
{
	uint8_t other[EXPR_CHUNK], left[EXPR_CHUNK];
	bool and = n->kind == EXPR_AND;

	expr_node_truth(run, n->args[0], asked, truth);
	for (size_t a = 1; a < n->nargs; a++) {
		if (n->args[a]->safe) {
			expr_node_truth(run, n->args[a], NULL, other);
		} else {
			undecided(run, asked, truth, and ? EXPR_FALSE : EXPR_TRUE, left);
			expr_node_truth(run, n->args[a], left, other);
			for (size_t i = 0; i < run->n; i++)
				other[i] = left[i] ? other[i] : truth[i];
		}
		(and ? least : greatest)(truth, other, run->n);
	}
}

const uint8_t expr_outcomes[][3] = {
	[EXPR_EQ] = { EXPR_FALSE, EXPR_TRUE, EXPR_FALSE },
	[EXPR_NE] = { EXPR_TRUE, EXPR_FALSE, EXPR_TRUE },
	[EXPR_LT] = { EXPR_TRUE, EXPR_FALSE, EXPR_FALSE },
	[EXPR_LE] = { EXPR_TRUE, EXPR_TRUE, EXPR_FALSE },
	[EXPR_GT] = { EXPR_FALSE, EXPR_FALSE, EXPR_TRUE },
	[EXPR_GE] = { EXPR_FALSE, EXPR_TRUE, EXPR_TRUE }
};

static void
compare(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, uint8_t *truth)
{
	struct expr_vector *x = expr_vector_take(run), *y = expr_vector_take(run);
	struct val_type s = n->args[0]->type, t = n->args[1]->type;

	expr_node_eval(run, n->args[0], asked, x);
	expr_node_eval(run, n->args[1], asked, y);
	for (size_t i = 0; i < run->n; i++) {
		struct expr_value a, b;

		if (x->null[i] || y->null[i]) {
			truth[i] = n->kind == EXPR_COMPARE ? EXPR_UNKNOWN : x->null[i] != y->null[i] ? EXPR_TRUE :
			    EXPR_FALSE;
			continue;
		}
		a = expr_vector_get(x, s, i);
		b = expr_vector_get(y, t, i);
		truth[i] = expr_outcomes[n->kind == EXPR_COMPARE ? n->op : EXPR_NE][1 + expr_order(s, &a, t, &b)];
	}
	expr_vector_give(run, y);
	expr_vector_give(run, x);
}

static void
is_null(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, uint8_t *truth)
{
	struct expr_vector *v = expr_vector_take(run);

	expr_node_eval(run, n->args[0], asked, v);
	for (size_t i = 0; i < run->n; i++)
		truth[i] = v->null[i] ? EXPR_TRUE : EXPR_FALSE;
	expr_vector_give(run, v);
}

static void
like(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, uint8_t *truth)
{
	struct expr_vector *x = expr_vector_take(run), *y = expr_vector_take(run);

	expr_node_eval(run, n->args[0], asked, x);
	expr_node_eval(run, n->args[1], asked, y);
	for (size_t i = 0; i < run->n; i++)
		if (x->null[i] || y->null[i])
			truth[i] = EXPR_UNKNOWN;
		else
			truth[i] = expr_like(x->s[i], y->s[i], (int)n->value.w, n->fold) ? EXPR_TRUE : EXPR_FALSE;
	expr_vector_give(run, y);
	expr_vector_give(run, x);
}

static void
to_truth(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, uint8_t *truth)
{
	struct expr_vector *v = expr_vector_take(run);

	expr_node_eval(run, n, asked, v);
	for (size_t i = 0; i < run->n; i++)
		truth[i] = v->null[i] ? EXPR_UNKNOWN : v->w[i] != 0 ? EXPR_TRUE : EXPR_FALSE;
	expr_vector_give(run, v);
}

void
expr_node_truth(struct expr_run *run, const struct expr_node *n, const uint8_t *asked, uint8_t *truth)
{
	switch (n->kind) {
	case EXPR_TEST_VALUE: case EXPR_TEST_COLUMNS: case EXPR_TEST_IN: case EXPR_TEST_NULL:
		expr_test_eval(n, run->b, run->from, run->n, truth);
		break;
	case EXPR_AND: case EXPR_OR:
		logic(run, n, asked, truth);
		break;
	case EXPR_NOT:
		expr_node_truth(run, n->args[0], asked, truth);
		for (size_t i = 0; i < run->n; i++)
			truth[i] = (uint8_t)(EXPR_TRUE - truth[i]);
		break;
	case EXPR_COMPARE: case EXPR_DISTINCT:
		compare(run, n, asked, truth);
		break;
	case EXPR_IS_NULL:
		is_null(run, n, asked, truth);
		break;
	case EXPR_IS:
		expr_node_truth(run, n->args[0], asked, truth);
		for (size_t i = 0; i < run->n; i++)
			truth[i] = truth[i] == (n->value.w ? EXPR_TRUE : EXPR_FALSE) ? EXPR_TRUE : EXPR_FALSE;
		break;
	case EXPR_LIKE:
		like(run, n, asked, truth);
		break;
	default:
		to_truth(run, n, asked, truth);
	}
}

/* ---- whole expressions ---- */

static struct expr_run *
start(struct expr *e, const struct rec_batch *b, size_t from, size_t n)
{
	struct expr_run *run = e->run;

	if (run == NULL) {
		run = e->run = xmalloc(sizeof(*run));
		run->spare = NULL;
		run->texts = (struct pool){ 0 };
	}
	pool_free(&run->texts);
	run->e = e;
	run->b = b;
	run->from = from;
	run->n = n;
	run->fault = SIZE_MAX;
	return run;
}

static int
end(const struct expr_run *run, struct msg *err)
{
	if (run->fault == SIZE_MAX)
		return 0;
	return msg_set(err, EX_DATAERR, "record %" PRIu64 ": %s: %s", run->b->first + run->from + run->fault,
	    expr_shown(run->e, run->culprit), run->what);
}

int
expr_test(struct expr *e, const struct rec_batch *b, size_t from, size_t n, const uint8_t *skip, uint8_t *truth,
    struct msg *err)
{
	struct expr_run *run = start(e, b, from, n);
	uint8_t asked[EXPR_CHUNK];

	for (size_t i = 0; skip != NULL && i < n; i++)
		asked[i] = !skip[i];
	expr_node_truth(run, e->root, skip != NULL ? asked : NULL, truth);
	return end(run, err);
}

int
expr_eval(struct expr *e, const struct rec_batch *b, size_t from, size_t n, const uint8_t *truth, struct msg *err)
{
	struct expr_run *run = start(e, b, from, n);
	uint8_t asked[EXPR_CHUNK];

	for (size_t i = 0; truth != NULL && i < n; i++)
		asked[i] = truth[i] == EXPR_TRUE;
	expr_node_eval(run, e->root, truth != NULL ? asked : NULL, &run->result);
	return end(run, err);
}

size_t
expr_room(const struct expr *e, size_t i)
{
	const struct expr_vector *v = &e->run->result;

	return e->type.kind == VAL_STRING && !v->null[i] ? 2 * v->s[i].n + 1 : VAL_WIDE_MAX;
}

uint8_t *
expr_put(const struct expr *e, size_t i, uint8_t *out)
{
	struct expr_value v = expr_vector_get(&e->run->result, e->type, i);

	return out + expr_encode(e->type, &v, out);
}

size_t
expr_column(const struct expr *e)
{
	return e->root->kind == EXPR_COLUMN ? e->root->column : SIZE_MAX;
}

void
expr_free(struct expr *e)
{
	struct expr_vector *v;

	for (struct expr_node *n = e->releases; n != NULL; n = n->releases)
		n->release(n->data);
	if (e->run != NULL) {
		while ((v = e->run->spare) != NULL) {
			e->run->spare = v->next;
			free(v);
		}
		pool_free(&e->run->texts);
		free(e->run);
	}
	pool_free(&e->pool);
	*e = (struct expr){ 0 };
}
