/*
 * Expressions: random conditions over random records against a plain evaluation record by record that decodes every
 * value; exact quotients; messages and their places. Typed results are compared with tests/expr_model.py.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "expr/expr.h"
#include "expr/items.h"
#include "expr/wide.h"
#include "expr_cases.h"

enum { ROWS = 300, ROUNDS = 3000, MAX_VALUES = 4 };

struct cell {			/* a value as C has it */
	bool null;
	i128 v;			/* whole numbers, days, microseconds, truth */
	double f;
	char s[8];
	size_t n;
};

struct tree {
	enum { AND, OR, NOT, COMPARE, MIRRORED, COLUMNS, IN, NOT_IN, IS_NULL, IS_NOT_NULL } kind;
	unsigned op;
	size_t column, other;
	struct cell values[MAX_VALUES];
	size_t nvalues;
	struct tree *left, *right;
};

static const char *const types[] = {
	"int32", "int64", "decimal(18,2)", "decimal(20,4)", "decimal(38,0)", "date", "timestamp", "bool", "float64",
	"string", "int64", "string"
};
enum { NCOLUMNS = sizeof(types) / sizeof(*types) };
static const char *const ops[] = { "=", "<>", "<", "<=", ">", ">=" };

static struct rec_header header;
static struct cell cells[ROWS][NCOLUMNS];
static struct buf bytes;
static uint32_t off[ROWS * NCOLUMNS + 1];
static struct rec_batch batch;
static const struct expr_scope scope = { .header = &header };

static struct val_type
type_of(size_t c)
{
	return header.columns[c].type;
}

/* Small numbers mostly, so that values meet; sometimes as far out as the type goes. */
static i128
random_whole(struct val_type t)
{
	i128 limit = t.kind == VAL_INT32 ? INT32_MAX : t.kind == VAL_DECIMAL ? num_pow10(t.precision) - 1 : INT64_MAX;
	i128 v = (i128)unit_below(5) - 2;

	if (t.kind == VAL_BOOL)
		return (i128)unit_below(2);
	if (t.kind == VAL_DATE)
		return v * 20000;
	if (t.kind == VAL_TIMESTAMP)
		return v * 86400500000;
	if (t.kind == VAL_DECIMAL)
		v *= unit_below(2) ? num_pow10(t.scale) : 1;
	switch (unit_below(8)) {
	case 0:
		return unit_below(2) ? limit : -limit;
	case 1:
		v = (i128)(unit_any() >> 1);
		return v > limit ? limit : unit_below(2) ? v : -v;
	default:
		return v;
	}
}

static struct cell
random_cell(struct val_type t)
{
	static const double floats[] = { 0.0, -0.0, 1.5, -1.5, 1e300, INFINITY, -INFINITY, NAN };
	static const char letters[] = "a'\"\t\\ \x19";
	struct cell c = { .null = unit_below(6) == 0 };

	if (c.null)
		return c;
	if (t.kind == VAL_FLOAT64)
		c.f = floats[unit_below(sizeof(floats) / sizeof(*floats))];
	else if (t.kind == VAL_STRING)
		for (size_t n = unit_below(unit_below(2) ? 2 : sizeof(c.s)); c.n < n; c.n++)
			c.s[c.n] = letters[unit_below(3) ? 0 : unit_below(sizeof(letters) - 1)];
	else
		c.v = random_whole(t);
	return c;
}

static size_t
encode(struct val_type t, const struct cell *c, uint8_t *out)
{
	if (c->null) {
		*out = VAL_NULL;
		return 1;
	}
	switch (t.kind) {
	case VAL_BOOL:
		return val_put_bool(out, c->v != 0);
	case VAL_FLOAT64:
		return val_put_float(out, c->f);
	case VAL_STRING:
		return val_put_string(out, c->s, c->n);
	default:
		return val_put_wide(out, c->v);
	}
}

static void
make_rows(void)
{
	char name[16];
	size_t k = 0;

	rec_header_init(&header, "t");
	for (size_t c = 0; c < NCOLUMNS; c++) {
		struct val_type t;

		CHECK(val_type_parse(types[c], strlen(types[c]), &t), "%s", types[c]);
		snprintf(name, sizeof(name), "c%zu", c);
		rec_header_add(&header, name, t, false, false);
	}
	for (size_t i = 0; i < ROWS; i++)
		for (size_t c = 0; c < NCOLUMNS; c++) {
			cells[i][c] = random_cell(type_of(c));
			off[k++] = (uint32_t)bytes.len;
			buf_room(&bytes, 64);
			bytes.len += encode(type_of(c), &cells[i][c], bytes.p + bytes.len);
			buf_addc(&bytes, c + 1 < NCOLUMNS ? '\t' : '\n');
		}
	off[k] = (uint32_t)bytes.len;
	memset(buf_room(&bytes, VAL_PAD), 0xff, VAL_PAD);
	batch = (struct rec_batch){ .n = ROWS, .first = 1, .base = bytes.p, .off = off, .stride = NCOLUMNS };
}

/* ---- the plain evaluation ---- */

static int
order_exact(i128 x, unsigned xs, i128 y, unsigned ys)
{
	i128 a = num_pow10(xs), b = num_pow10(ys), xq = x / a, yq = y / b, xr = x % a, yr = y % b;

	if (xq != yq)
		return xq < yq ? -1 : 1;
	xr *= b;
	yr *= a;
	return xr < yr ? -1 : xr > yr;
}

static int
order(struct val_type t, const struct cell *x, struct val_type u, const struct cell *y)
{
	int c;

	switch (t.kind) {
	case VAL_FLOAT64:	/* NaN is above all and equal to itself */
		if (isnan(x->f) || isnan(y->f))
			return !!isnan(x->f) - !!isnan(y->f);
		return x->f < y->f ? -1 : x->f > y->f;
	case VAL_STRING:
		c = memcmp(x->s, y->s, x->n < y->n ? x->n : y->n);
		return c != 0 ? c : x->n < y->n ? -1 : x->n > y->n;
	default:
		return order_exact(x->v, t.scale, y->v, u.scale);
	}
}

static int
outcome(unsigned op, int c)
{
	bool is[] = { c == 0, c != 0, c < 0, c <= 0, c > 0, c >= 0 };

	return is[op] ? EXPR_TRUE : EXPR_FALSE;
}

static int
opposite(int truth)
{
	return truth == EXPR_TRUE ? EXPR_FALSE : truth == EXPR_FALSE ? EXPR_TRUE : EXPR_UNKNOWN;
}

static int
plain(const struct tree *e, const struct cell *row)
{
	const struct cell *x = &row[e->column], *y = &row[e->other];
	struct val_type t = type_of(e->column);
	int a, b;

	switch (e->kind) {
	case AND:
	case OR:
		a = plain(e->left, row);
		b = plain(e->right, row);
		if (a == (e->kind == AND ? EXPR_FALSE : EXPR_TRUE) || b == (e->kind == AND ? EXPR_FALSE : EXPR_TRUE))
			return e->kind == AND ? EXPR_FALSE : EXPR_TRUE;
		return a == EXPR_UNKNOWN || b == EXPR_UNKNOWN ? EXPR_UNKNOWN : e->kind == AND ? EXPR_TRUE : EXPR_FALSE;
	case NOT:
		return opposite(plain(e->left, row));
	case COMPARE:
		return x->null ? EXPR_UNKNOWN : outcome(e->op, order(t, x, t, &e->values[0]));
	case MIRRORED:
		return x->null ? EXPR_UNKNOWN : outcome(e->op, order(t, &e->values[0], t, x));
	case COLUMNS:
		return x->null || y->null ? EXPR_UNKNOWN : outcome(e->op, order(t, x, type_of(e->other), y));
	case IS_NULL:
	case IS_NOT_NULL:
		return x->null == (e->kind == IS_NULL) ? EXPR_TRUE : EXPR_FALSE;
	default:
		if (x->null)
			return EXPR_UNKNOWN;
		for (size_t i = 0; i < e->nvalues; i++)
			if (order(t, x, t, &e->values[i]) == 0)
				return e->kind == IN ? EXPR_TRUE : EXPR_FALSE;
		return e->kind == IN ? EXPR_FALSE : EXPR_TRUE;
	}
}

/* ---- random expressions ---- */

static bool
is_exact(size_t c)
{
	return c <= 4 || c == 10;
}

static struct tree nodes[16];	/* a tree three levels deep */
static size_t nnodes;

static struct tree *
random_expr(unsigned depth)
{
	struct tree *e = &nodes[nnodes++];

	*e = (struct tree){ .op = (unsigned)unit_below(6), .column = unit_below(NCOLUMNS) };
	e->kind = depth == 0 ? COMPARE + unit_below(7) : unit_below(10);
	if (e->kind <= NOT) {
		e->left = random_expr(depth - 1);
		e->right = e->kind == NOT ? NULL : random_expr(depth - 1);
	} else if (e->kind == COLUMNS) {
		do
			e->other = unit_below(NCOLUMNS);
		while (type_of(e->column).kind != type_of(e->other).kind &&
		    !(is_exact(e->column) && is_exact(e->other)));
	}
	e->nvalues = e->kind == IN || e->kind == NOT_IN ? 1 + unit_below(MAX_VALUES) : 1;
	for (size_t i = 0; i < e->nvalues; i++)
		do
			e->values[i] = random_cell(type_of(e->column));
		while (e->values[i].null);
	return e;
}

static void
put_value(struct buf *out, struct val_type t, const struct cell *c)
{
	char text[NUM_TEXT];

	switch (t.kind) {
	case VAL_BOOL:
		buf_adds(out, c->v != 0 ? "true" : "False");
		return;
	case VAL_DATE:
		num_put_date(text, (int32_t)c->v);
		buf_addf(out, "'%s'", text);
		return;
	case VAL_TIMESTAMP:
		num_put_timestamp(text, (int64_t)c->v);
		buf_addf(out, "'%s'", text);
		return;
	case VAL_FLOAT64:
		num_put_float64(text, c->f);
		buf_addf(out, isfinite(c->f) ? "%s" : "'%s'", text);
		return;
	case VAL_STRING:
		buf_addc(out, '\'');
		for (size_t i = 0; i < c->n; i++) {
			if (c->s[i] == '\'')
				buf_addc(out, '\'');
			buf_addc(out, (uint8_t)c->s[i]);
		}
		buf_addc(out, '\'');
		return;
	default:
		num_put_decimal(text, c->v, t.scale);
		buf_addf(out, "%s%s", c->v >= 0 && unit_below(8) == 0 ? "+ " : "", text);
	}
}

static void put_expr(struct buf *out, const struct tree *e);

static void
put_group(struct buf *out, const struct tree *e)
{
	buf_addc(out, '(');
	put_expr(out, e);
	buf_adds(out, unit_below(2) ? " )" : ")");
}

static void
put_expr(struct buf *out, const struct tree *e)
{
	const char *name = header.columns[e->column].name;

	switch (e->kind) {
	case AND:
	case OR:
		put_group(out, e->left);
		buf_adds(out, e->kind == AND ? " and " : "OR");
		put_group(out, e->right);
		return;
	case NOT:
		buf_adds(out, "not");
		put_group(out, e->left);
		return;
	case COMPARE:
		buf_addf(out, unit_below(2) ? "%s %s " : "\"%s\"%s", name, ops[e->op]);
		put_value(out, type_of(e->column), &e->values[0]);
		return;
	case MIRRORED:
		put_value(out, type_of(e->column), &e->values[0]);
		buf_addf(out, " %s %s", ops[e->op], name);
		return;
	case COLUMNS:
		buf_addf(out, "%s%s%s", name, ops[e->op], header.columns[e->other].name);
		return;
	case IS_NULL:
	case IS_NOT_NULL:
		buf_addf(out, "%s is %snull", name, e->kind == IS_NULL ? "" : "not ");
		return;
	default:
		buf_addf(out, "%s %sin (", name, e->kind == IN ? "" : "not ");
		for (size_t i = 0; i < e->nvalues; i++) {
			if (i > 0)
				buf_adds(out, ", ");
			put_value(out, type_of(e->column), &e->values[i]);
		}
		buf_addc(out, ')');
	}
}

static void
random_conditions(void)
{
	static uint8_t truth[ROWS];

	for (int round = 0; round < ROUNDS; round++) {
		struct buf text = { 0 };
		struct expr p;
		struct msg err = { 0 };
		size_t where = 0, from = unit_below(ROWS / 2), n = 1 + unit_below(ROWS - from);
		struct tree *e;

		nnodes = 0;
		e = random_expr((unsigned)unit_below(4));
		put_expr(&text, e);
		CHECK(expr_parse_where(&p, buf_cstr(&text), text.len, &scope, &where, &err) == 0, "%s: %s",
		    buf_cstr(&text), err.text);
		CHECK(expr_test(&p, &batch, from, n, NULL, truth, &err) == 0, "%s", err.text);
		for (size_t i = 0; i < n; i++)
			CHECK(truth[i] == plain(e, cells[from + i]), "record %zu: %d, not %d: %s", from + i, truth[i],
			    plain(e, cells[from + i]), buf_cstr(&text));
		expr_free(&p);
		buf_free(&text);
	}
	OK("expr", "random conditions say what an evaluation record by record says");
}

/* and binds closer than or, not closer than and; chains go on. */
static void
precedence(void)
{
	static const char *const same[][2] = {
		{ "c0 = 0 or c0 = 1 and c1 = 1", "c0 = 0 or (c0 = 1 and c1 = 1)" },
		{ "not c0 = 0 and c1 = 1", "(not (c0 = 0)) and c1 = 1" },
		{ "not c0 = 0 or c1 = 1 or c10 = 1", "((not (c0 = 0)) or c1 = 1) or c10 = 1" },
		{ "not not not c0 > 0", "not (c0 > 0)" },
		{ "c2 != c1", "not (c2 = c1)" },
		{ "c9 in ('a')", "c9 = 'a'" }
	};
	static uint8_t truth[2][ROWS];

	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		for (size_t k = 0; k < 2; k++) {
			struct expr p;
			struct msg err = { 0 };
			size_t where;

			CHECK(expr_parse_where(&p, same[i][k], strlen(same[i][k]), &scope, &where, &err) == 0, "%s",
			    err.text);
			CHECK(expr_test(&p, &batch, 0, ROWS, NULL, truth[k], &err) == 0, "%s", err.text);
			expr_free(&p);
			CHECK(k == 0 || memcmp(truth[0], truth[1], ROWS) == 0, "%s is not %s", same[i][0], same[i][1]);
		}
	OK("expr", "precedence");
}

static void
faults(void)
{
	static const struct {
		const char *text;
		size_t where;
		const char *says;
	} bad[] = {
		{ "", 0, "expected a column or a value, not the end" },
		{ "c5 >= '2024-13-01'", 6, "not a date: '2024-13-01'" },
		{ "c5 >= 20240101", 6, "'c5' is of type date: write 'YYYY-MM-DD' in single quotes" },
		{ "c1 = 'x'", 5, "'c1' is of type int64: write a bare number" },
		{ "c2 = '0.005'", 5, "not a decimal(18,2): '0.005'" },
		{ "c1 = 1e5", 5, "not an int64: '1e5'" },
		{ "c1 = 1x", 5, "invalid number: '1x'" },
		{ "c9 = 5", 5, "'c9' is of type string: write text in single quotes" },
		{ "c7 = 1", 5, "'c7' is of type bool: write true or false" },
		{ "c1 + 1", 0, "expected a condition: 'c1 + 1' is of type int64" },
		{ "c1 = null", 5, "nothing compares with null: write c1 is null" },
		{ "c1 in (1, null)", 10, "nothing compares with null: write c1 is null" },
		{ "c1 in (1; 2)", 8, "unexpected ';'" },
		{ "c1 in ()", 7, "expected a column or a value, not ')'" },
		{ "c1 = c9", 5, "'c1' is of type int64, 'c9' of type string: they do not compare" },
		{ "c1 = 1 c1 = 2", 7, "expected an operator, 'and' or 'or' before 'c1'" },
		{ "(c1 = 1", 7, "expected 'and', 'or' or ')' before the end" },
		{ "c1 = 1)", 6, "expected an operator, 'and' or 'or' before ')'" },
		{ "c9 = 'a", 5, "missing closing '" },
		{ "c1", 0, "expected a condition: 'c1' is of type int64" },
		{ "c1 not 5", 7, "expected 'in', 'like', 'ilike' or 'between', not '5'" },
		{ "c1 is 5", 6, "expected null, true, false or distinct from, not '5'" },
		{ "c9 = \"a\"", 5, "no column 'a' (strings are in single quotes); columns are: c0, c1" },
		{ "and = 1", 0, "expected a column or a value, not 'and'" },
		{ "c1 == 1", 4, "expected a column or a value, not '='" },
		{ "len(c9) > 1", 0, "no function 'len': write length(s)" },
		{ "lenght(c9) > 1", 0, "no function 'lenght'; did you mean 'length'?" },
		{ "c5 > :day", 5, "no value is given for :day" },
		{ "c5 > c5 + interval '1 fortnight'", 19, "not an interval: '1 fortnight'" },
		{ "c3 * c3 * c3 * c3 * c3 * c3 * c3 * c3 * c3 * c3 > 0", 0, "'c3 * c3 * c3 * c3 * c3" },
		{ "cast(c9 as integer) > 0", 11, "no type 'integer': write int32" },
		{ "c5::int64 > 0", 0, "no int64 is made of 'c5', which is of type date" },
		{ "coalesce(c1, c9) = 'a'", 13, "'c9' is of type string, what it goes with of type int64" }
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct expr p;
		struct msg err = { 0 };
		size_t where = 999;

		CHECK(expr_parse_where(&p, bad[i].text, strlen(bad[i].text), &scope, &where, &err) < 0, "%s",
		    bad[i].text);
		CHECK(err.status == EX_USAGE && strncmp(err.text, bad[i].says, strlen(bad[i].says)) == 0, "%s: %s",
		    bad[i].text, err.text);
		CHECK(where == bad[i].where, "%s: %zu", bad[i].text, where);
		expr_free(&p);
	}
	OK("expr", "what is wrong, and where");
}

static void
depth(void)
{
	struct expr p;
	struct msg err = { 0 };
	struct buf text = { 0 };
	size_t where;

	for (int i = 0; i < EXPR_MAX_DEPTH; i++)
		buf_adds(&text, "(");
	buf_adds(&text, "c0=0");
	for (int i = 0; i < EXPR_MAX_DEPTH; i++)
		buf_adds(&text, ")");
	CHECK(expr_parse_where(&p, (char *)text.p, text.len, &scope, &where, &err) == 0, "%s", err.text);
	expr_free(&p);
	text.len = 0;
	for (int i = 0; i < 15000; i++)
		buf_adds(&text, "not ");
	CHECK(expr_parse_where(&p, (char *)text.p, text.len, &scope, &where, &err) < 0, "accepted");
	CHECK(where == 4 * EXPR_MAX_DEPTH, "%zu", where);
	expr_free(&p);
	buf_free(&text);
	OK("expr", "depth has a limit");
}

static void
carets(void)
{
	static const struct {
		const char *text;
		size_t where;
		const char *shown;
	} cases[] = {
		{ "a = b", 4, "    a = b\n        ^\n" },
		{ "é日 = b", 8, "    é日 = b\n          ^\n" },
		{ "a\n= b", 4, "    a\\n= b\n         ^\n" },
		{ "a", 1, "    a\n     ^\n" }
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf b = { 0 };

		expr_caret(cases[i].text, strlen(cases[i].text), cases[i].where, &b);
		CHECK(strcmp(buf_cstr(&b), cases[i].shown) == 0, "%s", buf_cstr(&b));
		buf_free(&b);
	}
	OK("expr", "the caret stands under the place");
}

/* ---- one record ---- */

enum { CASE_COLUMNS = sizeof(case_columns) / sizeof(*case_columns) };

/* Makes the record of expr_cases.h. */
static void
make_record(struct rec_header *h, struct rec_batch *b, struct buf *record, uint32_t place[CASE_COLUMNS + 1])
{
	struct val_type t;
	size_t c;

	rec_header_init(h, "t");
	for (c = 0; c < CASE_COLUMNS; c++) {
		const char *text = case_columns[c].text;

		CHECK(val_type_parse(case_columns[c].type, strlen(case_columns[c].type), &t), "column %zu", c);
		rec_header_add(h, case_columns[c].name, t, false, false);
		place[c] = (uint32_t)record->len;
		if (text == NULL)
			buf_addc(record, VAL_NULL);
		else
			CHECK(val_parse(t, text, strlen(text), record), "%s", text);
		buf_addc(record, c + 1 < CASE_COLUMNS ? '\t' : '\n');
	}
	place[c] = (uint32_t)record->len;
	memset(buf_room(record, VAL_PAD), 0xff, VAL_PAD);
	*b = (struct rec_batch){ .n = 1, .first = 1, .base = record->p, .off = place, .stride = CASE_COLUMNS };
}

/* Evaluates a case to its text, or to '!' and the message without the place that a fault begins with. */
static void
evaluate(const char *text, const struct expr_scope *one, const struct rec_batch *b, struct buf *out)
{
	struct msg err = { 0 };
	struct expr e = { 0 };
	struct buf field = { 0 };
	size_t where;
	uint8_t *end;

	if (expr_parse(&e, text, strlen(text), one, &where, &err) < 0)
		buf_addf(out, "!%s", err.text);
	else if (expr_eval(&e, b, 0, 1, NULL, &err) < 0) {
		CHECK(err.status == EX_DATAERR && strncmp(err.text, "record 1: '", 11) == 0, "%s: %s", text,
		    err.text);
		buf_addf(out, "!%s", strstr(err.text, "': ") + 3);
	} else {
		end = expr_put(&e, 0, buf_room(&field, expr_room(&e, 0) + 16));
		if (*field.p == VAL_NULL)
			buf_adds(out, "null");
		else
			val_text(e.type, field.p, (size_t)(end - field.p), out);
	}
	(void)buf_cstr(out);
	expr_free(&e);
	buf_free(&field);
}

static void
one_record(void)
{
	uint32_t place[CASE_COLUMNS + 1];
	struct rec_header h;
	struct rec_batch b;
	struct buf record = { 0 }, got = { 0 };
	const struct expr_scope one = { .header = &h };

	make_record(&h, &b, &record, place);
	for (size_t i = 0; i < sizeof(expr_cases) / sizeof(*expr_cases); i++) {
		const char *text = expr_cases[i].text, *want = expr_cases[i].gives;

		want = want != NULL ? want : "null";
		got.len = 0;
		evaluate(text, &one, &b, &got);
		CHECK(strncmp((char *)got.p, want, *want == '!' ? strlen(want) : SIZE_MAX) == 0, "%s: %s, not %s", text,
		    (char *)got.p, want);
	}
	buf_free(&record);
	buf_free(&got);
	rec_header_free(&h);
	OK("expr", "values and faults of every function and type");
}

/* ---- items ---- */

/* The value that item k gives record i, evaluated alone: 1 with *v, 0 for null, -1 for a fault. */
static int
item_value(struct expr_items *it, size_t k, size_t i, i128 *v)
{
	struct expr *e = &it->items[k].expr;
	struct msg err = { 0 };
	uint8_t out[VAL_WIDE_MAX + VAL_PAD] = { 0 };

	if (expr_eval(e, &batch, i, 1, NULL, &err) < 0) {
		CHECK(err.status == EX_DATAERR && strstr(err.text, "more than the type holds") != NULL, "%s", err.text);
		return -1;
	}
	(void)expr_put(e, 0, out);
	if (*out == VAL_NULL)
		return 0;
	*v = val_wide(out);
	return 1;
}

static void
sums(void)
{
	static const char list[] = "a=c1+c10, b=c2-c2, d=c3, e=c1-c10+c0, f=c4+c4";
	struct expr_items it = { 0 };
	struct msg err = { 0 };
	size_t where;

	CHECK(expr_items_parse(&it, list, strlen(list), &scope, &where, &err) == 0, "%s", err.text);
	CHECK(it.n == 5 && it.items[4].type.precision == 38 && expr_item_column(&it.items[2]) == 3, "%zu items", it.n);
	CHECK(it.items[1].type.precision == 19 && it.items[1].type.scale == 2, "%u", it.items[1].type.precision);
	for (size_t i = 0; i < ROWS; i++) {
		const struct cell *r = cells[i];
		i128 s = 0, want = r[1].v + r[10].v, part;
		int got = item_value(&it, 0, i, &s);

		CHECK(got == (r[1].null || r[10].null ? 0 : want == (int64_t)want ? 1 : -1), "%zu", i);
		CHECK(got != 1 || s == want, "%zu", i);
		got = item_value(&it, 1, i, &s);
		CHECK(got == !r[2].null && (got == 0 || s == 0), "%zu", i);
		got = item_value(&it, 3, i, &s);
		part = r[1].v - r[10].v;
		want = part + r[0].v;
		CHECK(got == (r[1].null || r[10].null ? 0 : part != (int64_t)part ? -1 : r[0].null ? 0 :
		    want == (int64_t)want ? 1 : -1), "%zu", i);
		got = item_value(&it, 4, i, &s);
		want = r[4].v > num_pow10(37) * 5 || r[4].v < -num_pow10(37) * 5 ? num_pow10(38) : 2 * r[4].v;
		CHECK(got == (r[4].null ? 0 : want < num_pow10(38) && want > -num_pow10(38) ? 1 : -1), "%zu", i);
	}
	expr_items_free(&it);
	OK("expr", "sums and differences of columns");
}

/* Quotients against long division by single digits. */
static bool
long_division(i128 a, int up, i128 b, i128 *q)
{
	bool minus = (a < 0) != (b < 0);
	u128 n = a < 0 ? -(u128)a : (u128)a, d = b < 0 ? -(u128)b : (u128)b, quotient = 0, rest = 0;
	char digits[NUM_TEXT + 80];
	int len = (int)num_put_decimal(digits, (i128)n, 0);

	for (int i = 0; i < up; i++)
		digits[len++] = '0';
	for (int i = 0; i < len; i++) {		/* rest < d < 2^127: ten times that is taken in steps */
		u128 digit = 0, ten = 0;

		for (int k = 0; k < 10; k++) {
			bool over = ten >= d - rest;

			ten = over ? ten - (d - rest) : ten + rest;
			digit += over;
		}
		ten += (u128)(digits[i] - '0');
		for (; ten >= d; ten -= d)
			digit++;
		if (quotient >= (u128)num_pow10(37))
			return false;
		quotient = quotient * 10 + digit;
		rest = ten;
	}
	quotient += rest >= d - rest;
	*q = minus ? -(i128)quotient : (i128)quotient;
	return quotient < (u128)num_pow10(38);
}

static i128
random_wide(void)
{
	i128 v = (i128)(((u128)unit_any() << 64 | unit_any()) % (u128)num_pow10(1 + (unsigned)unit_below(38)));

	return unit_below(2) ? v : -v;
}

static void
quotients(void)
{
	for (int round = 0; round < 100000; round++) {
		i128 a = random_wide(), b = random_wide(), want = 0, got = 0, r;
		int up = (int)unit_below(39);
		bool fits;

		if (b == 0)
			b = 1;
		fits = long_division(a, up, b, &want);
		if (!fits)
			continue;	/* near the limit the two need not agree on where they stop */
		CHECK(expr_quotient(a, up, b, EXPR_HALF_AWAY, &got) && got == want, "round %d", round);
		CHECK(expr_quotient(a, up, b, EXPR_TOWARD_ZERO, &got), "round %d", round);
		r = expr_remainder(a, (unsigned)up, b);
		CHECK((r < 0 ? -r : r) < (b < 0 ? -b : b) && (r == 0 || (r < 0) == (a < 0)), "round %d", round);
		if (up == 0)
			CHECK(got == a / b && r == a % b, "round %d", round);
	}
	OK("expr", "quotients are those of long division");
}

/* Rounds what is lost by a lower scale, and only once. */
static void
roundings(void)
{
	static const struct {
		i128 a, b;
		int up;
		enum expr_rounding rounding;
		i128 want;
	} cases[] = {
		{ 5, 2, 0, EXPR_HALF_AWAY, 3 }, { -5, 2, 0, EXPR_HALF_AWAY, -3 }, { 5, 2, 0, EXPR_HALF_EVEN, 2 },
		{ 7, 2, 0, EXPR_HALF_EVEN, 4 }, { -7, 2, 0, EXPR_DOWN, -4 }, { -7, 2, 0, EXPR_UP, -3 },
		{ 7, 2, 0, EXPR_TOWARD_ZERO, 3 }, { 500, 1, -3, EXPR_HALF_AWAY, 1 }, { 499, 1, -3, EXPR_HALF_AWAY, 0 },
		{ 1499, 3, -3, EXPR_HALF_AWAY, 0 }, { 1501, 3, -3, EXPR_HALF_AWAY, 1 },
		{ 500, 1, -3, EXPR_HALF_EVEN, 0 },
		{ 1501, 3, -3, EXPR_HALF_EVEN, 1 }, { 1, 3, -50, EXPR_UP, 1 }, { -1, 3, -50, EXPR_UP, 0 },
		{ -1, 3, -50, EXPR_DOWN, -1 }, { 0, 3, -50, EXPR_UP, 0 }
	};
	i128 q;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		CHECK(expr_quotient(cases[i].a, cases[i].up, cases[i].b, cases[i].rounding, &q) && q == cases[i].want,
		    "case %zu", i);
	CHECK(!expr_quotient(num_pow10(37), 1, 1, EXPR_HALF_AWAY, &q), "a quotient of 39 digits");
	OK("expr", "quotients are rounded once");
}

static void
bad_items(void)
{
	static const struct {
		const char *text;
		size_t where;
		const char *says;
	} bad[] = {
		{ "", 0, "expected a column or a value, not the end" },
		{ "c0,,c1", 3, "expected a column or a value, not ','" },
		{ "c0,c0", 3, "two columns named 'c0'" },
		{ "c0+c1", 0, "an expression needs a name: name=c0+c1" },
		{ "x=c9+c9", 5, "'+' does not take string and string: 'c9+c9'" },
		{ "x=c5+c5", 5, "'+' does not take date and date: 'c5+c5'" },
		{ "x=c8+c2", 5, "'+' does not take float64 and decimal(18,2): 'c8+c2'" },
		{ "x=", 2, "expected a column or a value, not the end" },
		{ "*,c0", 2, "two columns named 'c0'" },
		{ "* exclude (y)", 11, "no column 'y'" },
		{ "x=interval '1 day'", 2, "an interval is only added to" },
		{ "x=y", 2, "no column 'y'; columns are: c0, c1" },
		{ "\"\"=c0", 0, "invalid name: ''" },
		{ "c0 c1", 3, "expected a comma before 'c1'" },
		{ "c0,'x", 3, "missing closing '" }
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct expr_items it = { 0 };
		struct msg err = { 0 };
		size_t where = 999;

		CHECK(expr_items_parse(&it, bad[i].text, strlen(bad[i].text), &scope, &where, &err) < 0, "%s",
		    bad[i].text);
		CHECK(err.status == EX_USAGE && strncmp(err.text, bad[i].says, strlen(bad[i].says)) == 0, "%s: %s",
		    bad[i].text, err.text);
		CHECK(where == bad[i].where, "%s: %zu", bad[i].text, where);
		expr_items_free(&it);
	}
	OK("expr", "bad lists of columns");
}

int
main(void)
{
	unit_start();
	make_rows();
	random_conditions();
	precedence();
	faults();
	depth();
	carets();
	one_record();
	sums();
	quotients();
	roundings();
	bad_items();
	buf_free(&bytes);
	rec_header_free(&header);
	return 0;
}
