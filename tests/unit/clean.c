/*
 * Cleaning a column: the fast ways never differ from the rules, and the rules are those of the manual. Runs with all of
 * the processor's instructions, with some and with none.
 */
#include <string.h>

#include "clean/clean.h"
#include "unit.h"

static struct schema
read_schema(const char *words)
{
	struct msg err = { 0 };
	struct schema s;
	char text[1000];

	snprintf(text, sizeof(text), "name: t\n%s\n", words);
	CHECK(schema_parse(&s, text, strlen(text), "test", &err) == 0, "%s", err.text);
	return s;
}

/* A value as ingest would put it into a raw field, followed by bytes that must not matter. */
static struct rec_field
raw_field(const char *text, size_t n, uint8_t *out)
{
	size_t len = val_put_string(out, text, n);

	memset(out + len, "\t9.x\n"[unit_below(5)], VAL_PAD);
	return (struct rec_field){ out, len };
}

/* ---- the fast way against the rules ---- */

static void
compare(struct column *c, const char *words, const char *text, size_t n)
{
	uint8_t field[1000], typed[1000 + CLEAN_CHANGE_ROOM], *end;
	struct rec_field raw = raw_field(text, n, field);
	enum clean_reason reason;

	end = c->put(c, raw.p, raw.n, typed);
	reason = column_judge(c, raw);
	if (end == NULL)
		return;
	CHECK(reason == CLEAN_GOOD, "%s: %s passed, but %s", words, msg_quote(text, n), clean_reason_name[reason]);
	CHECK(c->typed.len == (size_t)(end - typed) && memcmp(c->typed.p, typed, c->typed.len) == 0, "%s: %s", words,
	    msg_quote(text, n));
	if (val_is_narrow(c->schema->type))
		CHECK(c->value == (int64_t)column_number(c, typed), "%s: %s", words, msg_quote(text, n));
}

/* ---- columns of rows at once ---- */

/* Raw fields, each followed by a TAB, as many as there are values; the column's rows say where they are. */
static void
set_rows(struct column *c, struct buf *base, char (*texts)[400], const size_t *lengths, size_t n)
{
	static uint32_t start[COLUMN_ROWS], len[COLUMN_ROWS];
	size_t i;

	base->len = 0;
	for (i = 0; i < n; i++) {
		buf_room(base, 2 * lengths[i] + 2 + VAL_PAD);
		start[i] = (uint32_t)base->len;
		len[i] = (uint32_t)val_put_string(base->p + base->len, texts[i], lengths[i]);
		base->len += len[i];
		buf_addc(base, '\t');
	}
	memset(buf_room(base, VAL_PAD), '9', VAL_PAD);
	for (; i % 8 != 0; i++) {
		start[i] = start[0];
		len[i] = len[0];
	}
	c->rows->start = start;
	c->rows->n = len;
}

/* What row i becomes, with its TAB. */
static struct rec_field
taken_row(const struct column *c, size_t i)
{
	const struct column_rows *r = c->rows;

	if (c->coded)
		return (struct rec_field){ (const uint8_t *)&r->code[i], (size_t)__builtin_popcount(r->valid[i]) };
	if ((r->nulls >> i & 1) != 0)
		return (struct rec_field){ c->null, c->null_len + 1u };
	return (struct rec_field){ r->base + r->start[i], r->n[i] + 1 };
}

/* Returns how many of the rows were taken. */
static size_t
compare_rows(struct column *c, const char *words, char (*texts)[400], const size_t *lengths, size_t n)
{
	static struct buf base;
	struct rec_field raw[COLUMN_ROWS], f;
	uint64_t good;
	size_t i, taken = 0;

	set_rows(c, &base, texts, lengths, n);
	for (i = 0; i < n; i++)
		raw[i] = (struct rec_field){ base.p + c->rows->start[i], c->rows->n[i] };
	good = c->take(c, base.p, n);
	for (i = 0; i < n; i++) {
		const char *shown = msg_quote(texts[i], lengths[i]);

		if ((good >> i & 1) == 0)
			continue;
		taken++;
		CHECK(column_judge(c, raw[i]) == CLEAN_GOOD, "%s: %s taken", words, shown);
		f = taken_row(c, i);
		CHECK(f.n == c->typed.len + 1 && memcmp(f.p, c->typed.p, f.n - 1) == 0 && f.p[f.n - 1] == '\t',
		    "%s: %s",
		    words, shown);
		if (c->coded)
			CHECK(c->rows->value[i] == (int64_t)column_number(c, f.p), "%s: %s", words, shown);
	}
	return taken;
}

static size_t
random_number(char *out)
{
	size_t n = 0, digits = unit_below(20);

	if (unit_below(3) == 0)
		out[n++] = unit_below(2) ? '-' : '+';
	while (digits-- > 0)
		out[n++] = (char)(unit_below(6) ? '0' + unit_below(10) : '0');
	if (unit_below(2))
		out[n++] = '.';
	for (digits = unit_below(5); digits-- > 0;)
		out[n++] = (char)('0' + unit_below(10));
	return n;
}

static size_t
random_date(char *out)
{
	return (size_t)sprintf(out, "%04u-%02u-%02u", (unsigned)unit_below(10000), (unsigned)unit_below(14),
	    (unsigned)unit_below(33));
}

/* Up to 300 bytes, in some of which line feeds, tabs and accents stand. */
static size_t
random_memo(char *out)
{
	static const char *const rare[] = { "\n", "\t", "\x1b", "\xc3\xa9", " ", "\xe2\x82\xac" };
	size_t n = 0, want = unit_below(300), each = 1 + unit_below(60);

	while (n < want)
		if (unit_below(each) == 0)
			n += (size_t)sprintf(out + n, "%s", rare[unit_below(6)]);
		else
			out[n++] = (char)('!' + unit_below(94));
	return n;
}

static size_t
random_text(char *out)
{
	static const char *const words[] = { "Deposit", "Withdrawal", "NULL", "n/a", "0", "é", "a b", "\xff", "x\ty",
	    "\x1b", "D", "" };
	size_t n, i, count = unit_below(4);

	if (unit_below(2))
		return (size_t)sprintf(out, "%s", words[unit_below(12)]);
	for (n = i = 0; i < count; i++)
		n += (size_t)sprintf(out + n, "%s", words[unit_below(12)]);
	while (n < 100 && unit_below(4))
		out[n++] = (char)(' ' + unit_below(95));
	return n;
}

/* One of those, sometimes with a byte changed or blanks about it. */
static size_t
random_value(char *out)
{
	static const char odd[] = " \t-+.,/:0x9\x80\xff\n\r\x19\x1a\x1b";
	size_t n, which = unit_below(4);

	n = which == 0 ? random_number(out) : which == 1 ? random_date(out) : which == 2 ? random_memo(out) :
	    random_text(out);
	if (n > 0 && unit_below(5) == 0)
		out[unit_below(n)] = odd[unit_below(sizeof(odd))];
	if (unit_below(8) == 0) {
		memmove(out + 1, out, n++);
		*out = unit_below(2) ? ' ' : '\t';
	}
	if (unit_below(8) == 0)
		out[n++] = unit_below(2) ? ' ' : '\t';
	return n;
}

static void
both_ways(void)
{
	static const char *const columns[] = {
		"columns: [{name: a, type: int32}]",
		"columns: [{name: a, type: int64, required: yes}]",
		"columns: [{name: a, type: int64, minimum: -5, maximum: 1000000, default: 77}]",
		"nulls: ['0', n/a]\ncolumns: [{name: a, type: int64}]",
		"nulls: [n/a]\ncolumns: [{name: a, type: int64}]",
		"columns: [{name: a, type: 'decimal(18,2)', required: yes}]",
		"columns: [{name: a, type: 'decimal(9,4)', minimum: 0}]",
		"columns: [{name: a, type: 'decimal(5,0)', default: 5}]",
		"columns: [{name: a, type: 'decimal(18,18)'}]",
		"columns: [{name: a, type: 'decimal(38,2)'}]",
		"columns: [{name: a, type: date}]",
		"columns: [{name: a, type: date, minimum: 2000-01-01, maximum: 2100-12-31, default: 2001-02-03}]",
		"columns: [{name: a, type: date, format: '%d.%m.%Y'}]",
		"columns: [{name: a, type: date, format: ['%Y-%m-%d', '%y%m%d', '%-d.%-m.%Y', '%Y-%m-%d%*']}]",
		"nulls: ['99.99.9999']\ncolumns: [{name: a, type: date, format: '%d %b %Y'}]",
		"columns: [{name: a, type: timestamp, format: '%Y-%m-%d %H:%M:%S', minimum: 2000-01-01T00:00:00}]",
		"columns: [{name: a, type: int32, group_char: [',', ' '], maximum: 1000000, default: 77}]",
		"columns: [{name: a, type: 'decimal(18,2)', decimal_char: ',', group_char: '.'}]",
		("nulls: ['0', '-']\ncolumns: [{name: a, type: 'decimal(12,4)', group_char: [',', \"'\", \"\\u00a0\"],"
		    " negative: [leading, trailing, parentheses, U+2212], currency: [$, e], suffix: {x: negative}}]"),
		"columns: [{name: a, type: 'decimal(38,2)', group_char: ',', currency: [$]}]",
		"columns: [{name: a, type: bool}]",
		"columns: [{name: a, type: timestamp}]",
		"columns: [{name: a, type: float64}]",
		"columns: [{name: a, type: string}]",
		"nulls: [\"a\\tb\", n/a]\ncolumns: [{name: a, type: string}]",
		"nulls: [NULL, n/a]\ncolumns: [{name: a, type: string, required: yes}]",
		"columns: [{name: a, type: string, default: a default that is longer than the bytes kept at hand}]",
		"columns: [{name: a, type: string, enum: [Deposit, Withdrawal]}]",
		"nulls: [NULL]\ncolumns: [{name: a, type: string, enum: [D, NULL, '0', n/a, é], default: D}]",
		"columns: [{name: a, type: string, enum: [Deposit, a value of more than sixteen bytes, D]}]",
		"columns: [{name: a, type: string, enum: [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,D,x0]}]",
		"columns: [{name: a, type: string, minimum: D, maximum: E}]",
		"columns: [{name: a, type: string, exclusive_minimum: D, exclusive_maximum: E}]",
		"columns: [{name: a, type: string, min_length: 2, max_length: 7}]",
		"columns: [{name: a, type: string, min_length: 1}]",
		"columns: [{name: a, type: int32, exclusive_minimum: -2147483648, exclusive_maximum: 100}]",
		"columns: [{name: a, type: int64, exclusive_minimum: 9223372036854775807}]",
		"columns: [{name: a, type: int64, exclusive_maximum: -9223372036854775808}]",
		"columns: [{name: a, type: 'decimal(9,2)', exclusive_minimum: 0, maximum: 1000}]",
		"columns: [{name: a, type: date, exclusive_minimum: 2000-01-01, exclusive_maximum: 2100-12-31}]",
		"columns: [{name: a, type: string, pattern: '[A-Z][a-z]*'}]",
		"nulls: [NULL]\ncolumns: [{name: a, type: string, nulls: [D, n/a], empty: keep}]",
		"nulls: ['0', D]\ncolumns: [{name: a, type: int64, nulls: []}]",
		"columns: [{name: a, type: string, case: upper, map: {D: x, DEPOSIT: y}, default: z}]",
		"columns: [{name: a, type: int32, replace: {'[ .,-]': '', '^0+': ''}}]",
		"columns: [{name: a, type: 'decimal(18,2)', map: {D: '1.50', x: ''}, other: null, minimum: 1}]",
		"columns: [{name: a, type: 'decimal(38,2)', map: {D: '1.50'}, other: keep}]",
		"columns: [{name: a, type: string, enum: [Deposit, D, É], case: ignore}]",
		"columns: [{name: a, type: bool, true_values: [D, Deposit], false_values: [d, x], default: true}]",
		"columns: [{name: a, type: string, replace: {'.': 'a value that is much longer than one'}}]",
		"columns: [{name: a, type: date, replace: {'(T| ).*$': ''}, maximum: 2100-01-01}]"
	};
	static char texts[COLUMN_ROWS][400];
	size_t lengths[COLUMN_ROWS], i, round, k, n;
	char text[400];
	struct schema s;
	struct column c;

	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		s = read_schema(columns[i]);
		column_init(&c, &s, &s.columns[0], 1);
		for (round = 0; round < 40000; round++)
			compare(&c, columns[i], text, random_value(text));
		for (round = 0; round < 2000 && c.take != NULL; round++) {
			n = 1 + unit_below(COLUMN_ROWS);
			for (k = 0; k < n; k++)
				lengths[k] = random_value(texts[k]);
			compare_rows(&c, columns[i], texts, lengths, n);
		}
		column_free(&c);
		schema_free(&s);
	}
	OK("clean", "the fast way gives what the rules give");
}

/* What is plainly good takes the fast way: every day, and numbers of all usual lengths. */
static void
fast_enough(void)
{
	struct schema s = read_schema("columns: [{name: a, type: date}, {name: b, type: int64},"
	    " {name: c, type: 'decimal(18,2)'}]");
	uint8_t field[100], typed[100];
	char text[NUM_TEXT];
	struct column c[3];
	struct rec_field raw;
	int64_t v;
	size_t i;

	for (i = 0; i < 3; i++)
		column_init(&c[i], &s, &s.columns[i], 1);
	for (v = num_days(1, 1, 1); v <= num_days(9999, 12, 31); v++) {
		raw = raw_field(text, num_put_date(text, (int32_t)v), field);
		CHECK(c[0].put(&c[0], raw.p, raw.n, typed) != NULL && c[0].value == v && val_int(typed) == v, "%s",
		    text);
	}
	for (i = 0; i < 200000; i++) {
		v = (int64_t)(unit_any() % 10000000000000000u);
		v = unit_below(2) ? v : -v;
		raw = raw_field(text, num_put_int64(text, v), field);
		CHECK(c[1].put(&c[1], raw.p, raw.n, typed) != NULL && c[1].value == v && val_int(typed) == v, "%s",
		    text);
		v /= 10;
		raw = raw_field(text, num_put_decimal(text, v, 2), field);
		CHECK(c[2].put(&c[2], raw.p, raw.n, typed) != NULL && c[2].value == v && val_int(typed) == v, "%s",
		    text);
	}
	for (i = 0; i < 3; i++)
		column_free(&c[i]);
	schema_free(&s);
	OK("clean", "every day and sixteen digits go the fast way");
}

/* The same for rows at once: every day, and numbers of up to 42 bits, are taken. */
static void
rows_enough(void)
{
	struct schema s = read_schema("columns: [{name: a, type: date, required: yes}, {name: b, type: int64},"
	    " {name: c, type: 'decimal(18,2)', default: '1.5'}, {name: d, type: string, enum: [Deposit, x]}]");
	static char texts[COLUMN_ROWS][400];
	size_t lengths[COLUMN_ROWS], i, k;
	struct column c[4];
	int64_t v, last = num_days(9999, 12, 31);

	for (i = 0; i < 4; i++)
		column_init(&c[i], &s, &s.columns[i], 1);
	for (v = num_days(1, 1, 1); c[0].take != NULL && v <= last; v += COLUMN_ROWS) {
		for (k = 0; k < COLUMN_ROWS; k++)
			lengths[k] = num_put_date(texts[k], (int32_t)(v + (int64_t)k > last ? last : v + (int64_t)k));
		CHECK(compare_rows(&c[0], "date", texts, lengths, COLUMN_ROWS) == COLUMN_ROWS, "%s", texts[0]);
	}
	for (i = 0; c[0].take != NULL && i < 5000; i++) {
		for (k = 0; k < COLUMN_ROWS; k++) {
			v = (int64_t)(unit_any() % (UINT64_C(1) << 42));
			v = unit_below(2) ? v : -v - 1;
			lengths[k] = unit_below(9) == 0 ? 0 : num_put_int64(texts[k], v);
		}
		CHECK(compare_rows(&c[1], "int64", texts, lengths, COLUMN_ROWS) == COLUMN_ROWS, "%s", texts[0]);
		for (k = 0; k < COLUMN_ROWS; k++)
			if (lengths[k] > 0)
				lengths[k] = num_put_decimal(texts[k], strtoll(texts[k], NULL, 10), 2);
		CHECK(compare_rows(&c[2], "decimal", texts, lengths, COLUMN_ROWS) == COLUMN_ROWS, "%s", texts[0]);
		for (k = 0; k < COLUMN_ROWS; k++)
			lengths[k] = (size_t)sprintf(texts[k], "%s", unit_below(2) ? "Deposit" : unit_below(2) ? "x" :
			    "");
		CHECK(compare_rows(&c[3], "enum", texts, lengths, COLUMN_ROWS) == COLUMN_ROWS, "%s", texts[0]);
	}
	for (i = 0; i < 4; i++)
		column_free(&c[i]);
	schema_free(&s);
	OK("clean", "every day, and numbers of 42 bits, are taken at once");
}

/* ---- the rules ---- */

static void
judged(const char *words, const char *text, size_t n, enum clean_reason want, const char *value)
{
	uint8_t field[400];
	struct schema s = read_schema(words);
	struct buf got = { 0 };
	struct column c;
	enum clean_reason reason;

	column_init(&c, &s, &s.columns[0], 1);
	reason = column_judge(&c, raw_field(text, n, field));
	CHECK(reason == want, "%s: %s is %s", words, msg_quote(text, n), clean_reason_name[reason]);
	if (want == CLEAN_GOOD && value == NULL)
		CHECK(val_is_null(c.typed.p, c.typed.len), "%s: %s", words, msg_quote(text, n));
	if (want == CLEAN_GOOD && value != NULL) {
		CHECK(!val_is_null(c.typed.p, c.typed.len), "%s: %s", words, msg_quote(text, n));
		val_text(s.columns[0].type, c.typed.p, c.typed.len, &got);
		CHECK(strcmp(buf_cstr(&got), value) == 0, "%s: %s is '%s'", words, msg_quote(text, n), buf_cstr(&got));
	}
	buf_free(&got);
	column_free(&c);
	schema_free(&s);
}

#define GOOD(words, text, value) \
	judged("columns: [{name: a, type: " words "}]", text, sizeof(text) - 1, CLEAN_GOOD, value)
#define BAD(words, text, reason) \
	judged("columns: [{name: a, type: " words "}]", text, sizeof(text) - 1, reason, NULL)

/* The words that change a value before its type is parsed, in their order. */
static void
changed_rules(void)
{
	GOOD("string, map: {Withdraw: Withdrawal}", " Withdraw ", "Withdrawal");
	GOOD("string, map: {Withdraw: Withdrawal}", "withdraw", "withdraw");
	GOOD("string, map: {Withdraw: Withdrawal}, case: ignore", "WITHDRAW", "Withdrawal");
	BAD("string, map: {Withdraw: Withdrawal}, other: reject", "Withdrawal", CLEAN_NOT_ALLOWED);
	GOOD("string, map: {Withdraw: Withdrawal}, other: null", "Withdrawal", NULL);
	GOOD("string, map: {Withdraw: Withdrawal}, other: null, default: x", "Withdrawal", "x");
	BAD("string, map: {Withdraw: Withdrawal}, other: null, required: yes", "Withdrawal", CLEAN_MISSING);
	GOOD("string, map: {Withdraw: Withdrawal}, other: reject", " ", NULL);
	GOOD("int64, map: {one: 1}, maximum: 1", "one", "1");
	BAD("int64, map: {one: 1}, exclusive_maximum: 1", "one", CLEAN_NOT_ALLOWED);
	GOOD("string, map: {a: ''}, default: d", "a", "d");
	GOOD("string, map: {a: ''}, empty: keep", "a", "");
	GOOD("string, map: {a: b, b: c}", "a", "b");
	GOOD("string, case: upper", "stra\xc3\x9f" "e \xc5\xbelut\xc3\xa9", "STRA\xc3\x9f" "E \xc5\xbdLUT\xc3\x89");
	GOOD("string, case: lower, map: {\xc3\xa9: e}", "\xc3\x89", "e");
	GOOD("string, case: ignore, enum: [Deposit, V\xc3\xbd" "daj]", "V\xc3\x9d" "DAJ", "V\xc3\xbd" "daj");
	BAD("string, case: ignore, enum: [Deposit]", "Deposits", CLEAN_NOT_ALLOWED);
	GOOD("string, case: ignore, enum: [Deposit], map: {in: DEPOSIT}", "IN", "Deposit");
	GOOD("string, replace: {' +': ' ', '[*]$': ''}, max_length: 3", "a   b *", "a b");
	GOOD("string, replace: {'^0+': ''}", "00100", "100");
	GOOD("string, replace: {a: b, b: c}", "ab", "cc");
	GOOD("string, replace: {'.*': ''}", "abc", NULL);
	GOOD("string, replace: {a: aa}", "aba", "aabaa");
	GOOD("int64, replace: {'[^0-9]': ''}, map: {'12': 13}", "No. 1-2", "13");
	BAD("string, replace: {a: b}, enum: [a]", "a", CLEAN_NOT_ALLOWED);
	GOOD("bool, true_values: [J, ano], false_values: N", "ano", "true");
	GOOD("bool, true_values: [J, ano], false_values: N", "N", "false");
	BAD("bool, true_values: [J, ano], false_values: N", "n", CLEAN_TYPE);
	BAD("bool, true_values: [J, ano], false_values: N", "true", CLEAN_TYPE);
	GOOD("bool, true_values: [J, '0']", "0", "true");
	GOOD("bool, true_values: J", "FALSE", "false");
	BAD("bool, true_values: J", "1", CLEAN_TYPE);
	GOOD("bool, false_values: N, case: ignore", "n", "false");
	judged("nulls: [a]\ncolumns: [{name: a, type: string, nulls: [b]}]", "a", 1, CLEAN_GOOD, "a");
	judged("nulls: [a]\ncolumns: [{name: a, type: string, nulls: [b]}]", "b", 1, CLEAN_GOOD, NULL);
	judged("nulls: [a]\ncolumns: [{name: a, type: string, nulls: []}]", "a", 1, CLEAN_GOOD, "a");
	judged("nulls: [a]\ncolumns: [{name: a, type: string, map: {b: a}}]", "b", 1, CLEAN_GOOD, "a");
	judged("empty: keep\ncolumns: [{name: a, type: string, empty: null}]", "", 0, CLEAN_GOOD, NULL);
	judged("columns: [{name: a, type: string, empty: keep}]", "", 0, CLEAN_GOOD, "");
}

/* Texts that a change makes too long, or that are too long for replace, are rejected; the value is that of the file. */
static void
long_changes(void)
{
	static char text[CLEAN_CHANGE_REPLACED + 2];
	static uint8_t field[2 * sizeof(text) + VAL_PAD];
	struct schema s = read_schema("columns: [{name: a, type: string, replace: {a: bb, c: ''}}]");
	struct column c;

	column_init(&c, &s, &s.columns[0], 1);
	memset(text, 'a', sizeof(text));
	CHECK(column_judge(&c, raw_field(text, CLEAN_CHANGE_REPLACED / 2, field)) == CLEAN_GOOD &&
	    c.typed.len == CLEAN_CHANGE_REPLACED, "as long as may be");
	CHECK(column_judge(&c, raw_field(text, CLEAN_CHANGE_REPLACED / 2 + 1, field)) == CLEAN_TYPE,
	    "longer after replace");
	CHECK(c.text.len == CLEAN_CHANGE_REPLACED / 2 + 1 && memcmp(c.text.p, text, c.text.len) == 0,
	    "the value of the file");
	memset(text, 'c', sizeof(text));
	CHECK(column_judge(&c, raw_field(text, CLEAN_CHANGE_REPLACED + 1, field)) == CLEAN_TYPE,
	    "too long to look through");
	column_free(&c);
	schema_free(&s);
	OK("clean", "texts too long to change");
}

static void
rules(void)
{
	GOOD("int64", " \t 42\t ", "42");
	GOOD("int64", "\t \t", NULL);
	GOOD("int64, default: 5", "", "5");
	GOOD("int64, required: yes, default: 5", " ", "5");
	BAD("int64, required: yes", "  ", CLEAN_MISSING);
	BAD("int64, required: yes", "\xff", CLEAN_ENCODING);
	BAD("int64, maximum: 5", "6", CLEAN_NOT_ALLOWED);
	BAD("int64, maximum: 5", "6x", CLEAN_TYPE);
	BAD("int64, exclusive_maximum: 5", "5", CLEAN_NOT_ALLOWED);
	GOOD("int64, exclusive_maximum: 5", "4", "4");
	BAD("'decimal(9,2)', exclusive_minimum: 0", "0.00", CLEAN_NOT_ALLOWED);
	GOOD("'decimal(9,2)', exclusive_minimum: 0", "0.01", "0.01");
	GOOD("float64, exclusive_minimum: 0", "1e-300", "1e-300");
	BAD("float64, exclusive_minimum: 0", "-0", CLEAN_NOT_ALLOWED);
	GOOD("string, max_length: 3", "h\xc3\xa9\xc3\xa9", "h\xc3\xa9\xc3\xa9");
	BAD("string, max_length: 3", "h\xc3\xa9\xc3\xa9h", CLEAN_NOT_ALLOWED);
	BAD("string, min_length: 3", "h\xc3\xa9", CLEAN_NOT_ALLOWED);
	GOOD("string, min_length: 3", "", NULL);
	GOOD("string, min_length: 1, max_length: 1", " \xf0\x9f\x92\xb6 ", "\xf0\x9f\x92\xb6");
	BAD("int32", "2147483648", CLEAN_TYPE);
	BAD("int64", "1 2", CLEAN_TYPE);
	GOOD("int64", "1.0", "1");
	GOOD("int32, maximum: 5", "-2147483648.000", "-2147483648");
	BAD("int32", "2147483648.0", CLEAN_TYPE);
	BAD("int64", "1.5", CLEAN_TYPE);
	BAD("int64", ".", CLEAN_TYPE);
	GOOD("int64, enum: [1, 2]", "+02", "2");
	GOOD("'decimal(18,2)'", "1.5000", "1.50");
	BAD("'decimal(18,2)'", "1.505", CLEAN_TYPE);
	BAD("'decimal(18,2)'", "1,50", CLEAN_TYPE);
	BAD("'decimal(4,2)'", "100", CLEAN_TYPE);
	GOOD("'decimal(38,0)'", "-99999999999999999999999999999999999999", "-99999999999999999999999999999999999999");
	BAD("date", "2024-02-30", CLEAN_TYPE);
	BAD("date, format: '%d/%m/%Y'", "2024-02-03", CLEAN_TYPE);
	GOOD("date, format: '%d/%m/%Y', minimum: 2024-01-01", "03/02/2024", "2024-02-03");
	GOOD("date, format: ['%-d.%-m.%Y', '%Y-%m-%d%*']", "1.12.2024", "2024-12-01");
	GOOD("date, format: ['%-d.%-m.%Y', '%Y-%m-%d%*']", "2018-08-07 10:11:12", "2018-08-07");
	GOOD("date, format: '%Y-%m-%d%*'", "2018-08-07T00:00:00.0000Z", "2018-08-07");
	GOOD("date, format: '%Y-%m-%d%*'", "2018-08-07 8:05 +0200", "2018-08-07");
	GOOD("date, format: '%Y-%m-%d%*'", "2018-08-07", "2018-08-07");
	BAD("date, format: '%Y-%m-%d%*'", "2018-08-07 24:00:00", CLEAN_TYPE);
	BAD("date, format: '%Y-%m-%d%*'", "2018-08-07 10", CLEAN_TYPE);
	BAD("date, format: '%Y-%m-%d%*'", "2018-08-07x", CLEAN_TYPE);
	GOOD("date, format: '%B %-d, %Y'", "september 5, 2024", "2024-09-05");
	BAD("date, format: '%B %-d, %Y'", "Sep 5, 2024", CLEAN_TYPE);
	GOOD("date, format: '%m/%d/%Y %-I:%M:%S %p'", "02/29/2024 12:00:00 AM", "2024-02-29");
	BAD("date, format: '%m/%d/%Y %-I:%M:%S %p'", "02/29/2024 13:00:00 AM", CLEAN_TYPE);
	GOOD("timestamp, format: '%d/%m/%Y %H:%M'", "11/05/2022 08:57", "2022-05-11T08:57:00Z");
	GOOD("timestamp, format: '%d.%m.%Y %I:%M %p'", "11.05.2022 12:57 pm", "2022-05-11T12:57:00Z");
	GOOD("timestamp, format: '%Y%m%d%H%M%S.%f %z'", "20220511085701.25 -0130", "2022-05-11T10:27:01.25Z");
	GOOD("timestamp, format: '%Y-%m-%d %H:%M%z'", "2022-05-11 08:57UTC", "2022-05-11T08:57:00Z");
	GOOD("timestamp, format: '%Y-%m-%d %H:%M%z'", "2022-05-11 08:57+01:00", "2022-05-11T07:57:00Z");
	BAD("timestamp, format: '%Y-%m-%d %H:%M%z'", "2022-05-11 08:57+25:00", CLEAN_TYPE);
	BAD("timestamp, format: '%Y-%m-%d %H:%M%z'", "0001-01-01 00:00+01:00", CLEAN_TYPE);
	GOOD("timestamp, format: '%Y-%m-%d', minimum: 2022-01-01T00:00:00", "2022-05-11", "2022-05-11T00:00:00Z");
	GOOD("'decimal(18,2)', decimal_char: ',', group_char: '.'", "-1.080", "-1080.00");
	GOOD("'decimal(18,2)', decimal_char: ',', group_char: '.'", "1.234.567,8", "1234567.80");
	GOOD("'decimal(18,2)', decimal_char: ',', group_char: '.'", "1234567,8", "1234567.80");
	BAD("'decimal(18,2)', decimal_char: ',', group_char: '.'", "1.00", CLEAN_TYPE);
	BAD("'decimal(18,2)', decimal_char: ',', group_char: '.'", "1234.567", CLEAN_TYPE);
	BAD("'decimal(18,2)', decimal_char: ',', group_char: '.'", "0.500", CLEAN_TYPE);
	BAD("'decimal(18,2)', decimal_char: ',', group_char: '.'", "1.000,5.0", CLEAN_TYPE);
	GOOD("'decimal(18,2)', group_char: [',', ' ']", "1,533.50", "1533.50");
	BAD("'decimal(18,2)', group_char: [',', ' ']", "1,533 000", CLEAN_TYPE);
	GOOD("int32, decimal_char: ',', group_char: \"'\"", "1'533,0", "1533");
	GOOD("'decimal(9,2)', negative: parentheses, currency: $", "($30.00)", "-30.00");
	GOOD("'decimal(9,2)', negative: parentheses, currency: $", "$ (30.00)", "-30.00");
	BAD("'decimal(9,2)', negative: parentheses, currency: $", "-30.00", CLEAN_TYPE);
	BAD("'decimal(9,2)', negative: parentheses, currency: $", "$30.00$", CLEAN_TYPE);
	GOOD("'decimal(9,2)', negative: U+2212, currency: [CZK, K]", "\xe2\x88\x92" "5CZK", "-5.00");
	BAD("'decimal(9,2)', currency: CZK", "CZKA5", CLEAN_TYPE);
	GOOD("'decimal(9,2)', suffix: {DR: negative, CR: positive}", "5.00 DR", "-5.00");
	GOOD("'decimal(9,2)', suffix: {DR: negative, CR: positive}", "5.00CR", "5.00");
	BAD("'decimal(9,2)', suffix: {DR: negative, CR: positive}", "5.00", CLEAN_TYPE);
	BAD("'decimal(9,2)', suffix: {DR: negative, CR: positive}", "-5.00 DR", CLEAN_TYPE);
	GOOD("'decimal(9,2)', suffix: {DR: negative}", "5.00", "5.00");
	GOOD("'decimal(9,2)', suffix: {D: negative}, currency: USD", "5.00 USD", "5.00");
	BAD("'decimal(9,2)', currency: $", "$", CLEAN_TYPE);
	GOOD("bool", "TRUE", "true");
	GOOD("string", " a\tb\n", "a\tb\n");
	GOOD("string", "a\0b", "a");
	BAD("string", "a\xc3", CLEAN_ENCODING);
	GOOD("string, pattern: 'a|bc'", "bc", "bc");
	BAD("string, pattern: 'a|bc'", "abc", CLEAN_NOT_ALLOWED);
	BAD("string, pattern: 'a*'", "a\0a", CLEAN_NOT_ALLOWED);
	BAD("string, enum: [Deposit]", "deposit", CLEAN_NOT_ALLOWED);
	changed_rules();
	judged("nulls: [NULL, '-']\ncolumns: [{name: a, type: int64}]", " - ", 3, CLEAN_GOOD, NULL);
	judged("nulls: [NULL, '-']\ncolumns: [{name: a, type: string}]", "null", 4, CLEAN_GOOD, "null");
	OK("clean", "the rules");
}

/* ---- sums ---- */

static void
sums(void)
{
	static const char *const want[] = { "0.00", "-0.05", "199999999999999999999999999999999999998.00",
	    "-99999999999999999999999999999999999900000.00" };
	struct clean_sum sum[4] = { { 0, 0 } };
	const char *words = "columns: [{name: a, type: 'decimal(38,2)'}, {name: b, type: 'decimal(38,2)'},"
	    " {name: c, type: 'decimal(38,2)'}, {name: d, type: 'decimal(38,2)'}]";
	struct schema s = read_schema(words);
	struct clean_amount amounts[4];
	struct clean_total t = { .amounts = amounts, .namounts = 4 };
	struct column columns[4];
	struct cleaner k = { .schema = &s, .columns = columns, .ncolumns = 4 };
	struct buf out = { 0 };
	char text[100];
	size_t i;

	clean_sum_add(&sum[1], -5);
	clean_sum_add(&sum[2], (num_pow10(38) - 1) * 1);
	for (i = 0; i < 199; i++)
		clean_sum_add(&sum[2], num_pow10(38) - 1);
	for (i = 0; i < 100000; i++)
		clean_sum_add(&sum[3], -(num_pow10(38) - 100));
	for (i = 0; i < 4; i++) {
		columns[i].schema = &s.columns[i];
		amounts[i] = (struct clean_amount){ .column = i, .read = sum[i] };
	}
	clean_total_json(&t, &k, NULL, &out);
	for (i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "\"read\": \"%s\"", want[i]);
		CHECK(strstr(buf_cstr(&out), text) != NULL, "no %s in\n%s", text, buf_cstr(&out));
	}
	buf_free(&out);
	schema_free(&s);
	OK("clean", "sums beyond 128 bits");
}

int
main(void)
{
	unit_start();
	both_ways();
	fast_enough();
	rows_enough();
	rules();
	long_changes();
	sums();
	return 0;
}
