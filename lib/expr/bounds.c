/* What an expression reads, and what a condition implies for the columns of the records it keeps. */
#include "expr/node.h"

static void
mark(const struct expr_node *n, bool *used)
{
	if (n->kind == EXPR_COLUMN)
		used[n->column] = true;
	for (size_t i = 0; i < n->nargs; i++)
		mark(n->args[i], used);
}

void
expr_mark_columns(const struct expr *e, bool *used)
{
	mark(e->root, used);
}

typedef void each_bound(void *context, size_t column, const struct expr_encoded *low, const struct expr_encoded *high);

/* A comparison that is true has no null on either side, nor in what a strict operator computes it from. */
static void
walk(const struct expr_node *n, each_bound *each, void *context)
{
	switch (n->kind) {
	case EXPR_AND:
		for (size_t i = 0; i < n->nargs; i++)
			walk(n->args[i], each, context);
		break;
	case EXPR_NOT:
		if (n->args[0]->kind == EXPR_TEST_NULL)
			each(context, n->args[0]->column, NULL, NULL);
		break;
	case EXPR_TEST_VALUE:		/* bounds are inclusive, so < and > are widened */
		each(context, n->column,
		    n->op == EXPR_EQ || n->op == EXPR_GT || n->op == EXPR_GE ? n->values : NULL,
		    n->op == EXPR_EQ || n->op == EXPR_LT || n->op == EXPR_LE ? n->values : NULL);
		break;
	case EXPR_TEST_COLUMNS:
		each(context, n->column, NULL, NULL);
		each(context, n->other, NULL, NULL);
		break;
	case EXPR_TEST_IN:
		each(context, n->column, &n->values[0], &n->values[n->nvalues - 1]);
		break;
	default:
		break;
	}
}

void
expr_each_bound(const struct expr *e, each_bound *each, void *context)
{
	walk(e->root, each, context);
}
