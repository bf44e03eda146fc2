/* Any text as a value of any column: the fast way passes nothing that the rules reject, and makes the same of it. */
#include <string.h>

#include "clean/clean.h"

int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n);

static const char text[] =
    "name: t\n"
    "nulls: [NULL, n/a]\n"
    "empty: keep\n"
    "escape: \"\\\\\"\n"
    "multiline: yes\n"
    "expect: {rows: 1, rejected: 50%, rows_change: 50%, sum_change: {c: 30%}}\n"
    "columns:\n"
    "- {name: a, type: int32}\n"
    "- {name: b, type: int64, minimum: -5, maximum: 1000000, default: 77}\n"
    "- {name: c, type: 'decimal(18,2)', required: yes}\n"
    "- {name: d, type: 'decimal(9,4)', minimum: 0}\n"
    "- {name: e, type: date}\n"
    "- {name: f, type: date, format: '%d.%b %Y'}\n"
    "- {name: g, type: timestamp}\n"
    "- {name: h, type: float64}\n"
    "- {name: i, type: string}\n"
    "- {name: j, type: string, enum: [Deposit, Withdrawal], default: Deposit}\n"
    "- {name: k, type: string, pattern: '[A-Z][a-z]*'}\n"
    "- {name: l, type: 'decimal(38,10)'}\n"
    "- {name: m, type: bool}\n"
    "- {name: n, type: date, format: '%d/%m/%y', century: 1900}\n"
    "- {name: o, type: date, format: '%y%m%d', century: 1969}\n"
    "- {name: p, type: string, required: yes}\n"
    "- {name: q, type: string, nulls: [x], empty: null, replace: {'[*.]+': '-', '^0+': ''}, case: upper,\n"
    "   map: {A: '', B: C, D: EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE}, other: keep, min_length: 1, max_length: 300}\n"
    "- {name: r, type: string, enum: [Deposit, 'Výdaj'], case: ignore, map: {in: Deposit}, other: keep}\n"
    "- {name: s, type: bool, true_values: [A, ano], false_values: N, case: ignore}\n"
    "- {name: t, type: 'decimal(18,2)', replace: {'[ CZK]': ''}, map: {n: '0'}, exclusive_minimum: -1}\n"
    "- {name: u, type: int64, nulls: [], exclusive_minimum: -5, exclusive_maximum: 99999999}\n"
    "- {name: v, type: date, format: ['%-d.%-m.%Y', '%B %-d, %Y', '%Y-%m-%d%*']}\n"
    "- {name: w, type: timestamp, format: ['%d/%m/%Y %-I:%M:%S.%f %p%z', '%Y%m%dT%H%M']}\n"
    "- {name: x, type: 'decimal(18,2)', decimal_char: ',', group_char: '.'}\n"
    "- {name: y, type: int64, group_char: [',', ' ', \"'\", \"\\u00a0\"], currency: [$, CZK],\n"
    "   negative: [leading, trailing, parentheses, U+2212], suffix: {DR: negative, CR: negative}}\n";
enum { COLUMNS = 25, MAX = 4000 };

static struct schema schema;
static struct column columns[COLUMNS];

static void
start(void)
{
	struct msg err = { 0 };
	size_t i;

	if (schema_parse(&schema, text, strlen(text), "fuzz", &err) < 0 || schema.ncolumns != COLUMNS)
		__builtin_trap();
	for (i = 0; i < COLUMNS; i++)
		column_init(&columns[i], &schema, &schema.columns[i], i + 1);
}

int
LLVMFuzzerTestOneInput(const unsigned char *p, size_t n)
{
	uint8_t field[2 * MAX + VAL_PAD], typed[2 * MAX + 2 * VAL_PAD + CLEAN_CHANGE_ROOM], *end;
	struct rec_field raw = { field, 0 };
	struct column *c;

	if (schema.ncolumns == 0)
		start();
	if (n == 0 || n > MAX)
		return 0;
	c = &columns[p[0] % COLUMNS];
	raw.n = val_put_string(field, p + 1, n - 1);
	memset(field + raw.n, '7', VAL_PAD);
	end = c->put(c, raw.p, raw.n, typed);
	if (column_judge(c, raw) == CLEAN_GOOD) {
		if (!val_check(c->schema->type, c->typed.p, c->typed.len, false))
			__builtin_trap();
		if (end != NULL &&
		    (c->typed.len != (size_t)(end - typed) || memcmp(typed, c->typed.p, c->typed.len) != 0))
			__builtin_trap();
	} else if (end != NULL) {
		__builtin_trap();
	}
	return 0;
}
