/* Parses aggregates: "[name=]function(column)". */
#include <stdlib.h>
#include <string.h>

#include "agg/agg.h"

static const struct {
	const char *name;
	enum agg_function function;
	int arguments;
} functions[] = {
	{ "count", AGG_COUNT, 1 }, { "sum", AGG_SUM, 1 }, { "min", AGG_MIN, 1 }, { "max", AGG_MAX, 1 },
	{ "first", AGG_FIRST, 2 }, { "last", AGG_LAST, 2 },
	{ "credit", AGG_CREDIT, 1 }, { "debit", AGG_DEBIT, 1 }, { "net", AGG_NET, 1 }
};
enum { NFUNCTIONS = sizeof(functions) / sizeof(*functions) };

/* What expressions are made of besides. */
static const struct {
	const char *name;
	enum agg_function function;
} of_values[] = {
	{ "count_distinct", AGG_DISTINCT }, { "quantile_low", AGG_LOW }, { "quantile_high", AGG_HIGH },
	{ "quantile_disc", AGG_DISC }, { "string_agg", AGG_LIST }
};

void
agg_item_free(struct agg_item *item)
{
	free(item->name);
	free(item->text);
	free(item->column_name);
	free(item->by_name);
	buf_free(&item->separator);
	buf_free(&item->result);
	memset(item, 0, sizeof(*item));
}

static size_t
find_function(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < NFUNCTIONS; i++) {
		if (strlen(functions[i].name) == n && memcmp(functions[i].name, s, n) == 0)
			break;
	}
	return i;
}

/* Copies an argument without surrounding blanks; NULL if it is empty. */
static char *
argument(const char *s, const char *end)
{
	while (s < end && *s == ' ')
		s++;
	while (end > s && end[-1] == ' ')
		end--;
	return s < end ? xstrndup(s, (size_t)(end - s)) : NULL;
}

/* Parses the arguments of function f between s and end. */
static int
parse_arguments(struct agg_item *item, size_t f, const char *s, const char *end, struct msg *err)
{
	const char *comma = functions[f].arguments == 2 ? memchr(s, ',', (size_t)(end - s)) : NULL;

	item->column_name = argument(s, comma != NULL ? comma : end);
	if (comma != NULL)
		item->by_name = argument(comma + 1, end);
	item->function = functions[f].function;
	if (item->function == AGG_COUNT && item->column_name == NULL)
		item->function = AGG_ROWS;
	else if (item->column_name == NULL)
		return msg_set(err, EX_USAGE, "%s: no column given", msg_quotes(item->text));
	if (functions[f].arguments == 2 && item->by_name == NULL)
		return msg_set(err, EX_USAGE, "%s: no column to order by: %s(column,by)", msg_quotes(item->text),
		    functions[f].name);
	return 0;
}

/* The function of a name. */
static enum agg_function
function_of(const char *name)
{
	size_t f = find_function(name, strlen(name)), i = 0;

	if (f < NFUNCTIONS)
		return functions[f].function;
	while (strcmp(of_values[i].name, name) != 0)
		i++;
	return of_values[i].function;
}

void
agg_item_set(struct agg_item *item, const char *function, const char *column, const char *by, const char *text)
{
	*item = (struct agg_item){ .function = column != NULL ? function_of(function) : AGG_ROWS,
	    .name = xstrdup(text), .text = xstrdup(text), .column_name = column != NULL ? xstrdup(column) : NULL,
	    .by_name = by != NULL ? xstrdup(by) : NULL };
}

int
agg_parse(struct agg_item *item, const char *text, struct msg *err)
{
	const char *open = strchr(text, '('), *equals = strchr(text, '='), *call = text;
	size_t n = strlen(text), f;

	memset(item, 0, sizeof(*item));
	if (open == NULL || text[n - 1] != ')')
		return msg_set(err, EX_USAGE, "%s: not an aggregate: [name=]function(column)", msg_quotes(text));
	if (equals != NULL && equals < open) {
		call = equals + 1;
		if (equals == text)
			return msg_set(err, EX_USAGE, "%s: empty name", msg_quotes(text));
		item->name = xstrndup(text, (size_t)(equals - text));
	}
	item->text = xstrdup(call);
	f = find_function(call, (size_t)(open - call));
	if (f == NFUNCTIONS)
		return msg_set(err, EX_USAGE, "%s: no such function: count, sum, min, max, first, last, credit, debit, "
		    "net", msg_quotes(text));
	if (parse_arguments(item, f, open + 1, text + n - 1, err) == -1)
		return -1;
	if (item->name == NULL)
		item->name = item->function == AGG_ROWS ? xstrdup("count") :
		    xasprintf("%s_%s", functions[f].name, item->column_name);
	return 0;
}
