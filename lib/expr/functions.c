/* Finds functions by name, and answers the names of other dialects with ours. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "expr/node.h"

static const struct expr_function *const tables[] = { expr_numbers, expr_texts, expr_patterns, expr_dates };
enum { NTABLES = sizeof(tables) / sizeof(*tables) };

static bool
is_name(const char *one, const char *name, size_t n)
{
	return strlen(one) == n && strncasecmp(one, name, n) == 0;
}

const struct expr_function *
expr_function_find(const char *name, size_t n)
{
	for (size_t t = 0; t < NTABLES; t++)
		for (const struct expr_function *f = tables[t]; f->name != NULL; f++)
			if (is_name(f->name, name, n))
				return f;
	return NULL;
}

static const char *const dialects[][2] = {
	{ "len", "length(s)" }, { "char_length", "length(s)" }, { "character_length", "length(s)" },
	{ "datalength", "octet_length(s)" }, { "isnull", "coalesce(a, b), or a is null" },
	{ "ifnull", "coalesce(a, b)" }, { "nvl", "coalesce(a, b)" }, { "iif", "if(condition, a, b)" },
	{ "datepart", "year(d), month(d), day(d), ..." }, { "date_part", "year(d), month(d), day(d), ..." },
	{ "extract", "year(d), month(d), day(d), ..." }, { "dateadd", "d + interval '3 month'" },
	{ "date_add", "d + interval '3 month'" }, { "date_sub", "datesub('month', a, b)" },
	{ "date_diff", "datediff('month', a, b)" }, { "to_char", "strftime(d, '%d.%m.%Y')" },
	{ "format", "strftime(d, '%d.%m.%Y')" }, { "to_date", "strptime(s, '%d.%m.%Y')" },
	{ "weekday", "isodow(d), 1 to 7 from Monday" }, { "dayofweek", "isodow(d), 1 to 7 from Monday" },
	{ "dow", "isodow(d), 1 to 7 from Monday" }, { "eomonth", "last_day(d)" }, { "getdate", "current_date" },
	{ "now", "current_date" }, { "sysdate", "current_date" }, { "substring", "substr(s, from, length)" },
	{ "mid", "substr(s, from, length)" }, { "charindex", "strpos(s, part)" }, { "instr", "strpos(s, part)" },
	{ "position", "strpos(s, part)" }, { "ceiling", "ceil(x)" }, { "power", "x * x" },
	{ "convert", "cast(x as type)" }, { "try_convert", "try_cast(x as type)" }, { "ucase", "upper(s)" },
	{ "lcase", "lower(s)" }, { "truncate", "trunc(x, n)" }, { "bround", "round_even(x, n)" },
	{ "datefromparts", "make_date(y, m, d)" }, { "decode", "case x when a then b else c end" },
	{ "regexp_matches", "regexp_like(s, pattern)" }, { "rlike", "regexp_like(s, pattern)" },
	{ "regexp_extract", "regexp_substr(s, pattern)" }, { "regexp_match", "regexp_substr(s, pattern)" },
	{ "average", "avg(x)" }, { "mean", "avg(x)" }, { "max_by", "last(a, by)" }, { "min_by", "first(a, by)" }
};

/* What is no function of a table. */
static const char *const others[] = {
	"coalesce", "if", "cast", "try_cast", "count", "sum", "avg", "min", "max", "first", "last", "credit", "debit",
	"net", "any_value", "bool_and", "bool_or", "median", "quantile_cont", "quantile_disc", "stddev_samp",
	"var_samp", "string_agg"
};

const char *
expr_function_hint(const char *name, size_t n)
{
	static char hint[200];
	char word[64];
	struct near near;

	for (size_t i = 0; i < sizeof(dialects) / sizeof(*dialects); i++)
		if (is_name(dialects[i][0], name, n)) {
			snprintf(hint, sizeof(hint), ": write %s", dialects[i][1]);
			return hint;
		}
	snprintf(word, sizeof(word), "%.*s", (int)(n < sizeof(word) ? n : sizeof(word) - 1), name);
	near_start(&near, word);
	for (size_t t = 0; t < NTABLES; t++)
		for (const struct expr_function *f = tables[t]; f->name != NULL; f++)
			near_try(&near, f->name);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		near_try(&near, others[i]);
	snprintf(hint, sizeof(hint), "%s", near_hint(&near));
	return hint;
}
