/*
 * Predicates: random ones over random records against a plain evaluation record by record that decodes every value; and
 * sums of columns, messages and their places.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "pred/item.h"
#include "pred/pred.h"

enum { ROWS = 300, ROUNDS = 3000, MAX_VALUES = 4 };

struct cell {			/* a value as C has it */
	bool null;
	i128 v;			/* whole numbers, days, microseconds, truth */
	double f;
	char s[8];
	size_t n;
};

struct expr {
	enum { AND, OR, NOT, COMPARE, MIRRORED, COLUMNS, IN, NOT_IN, IS_NULL, IS_NOT_NULL } kind;
	unsigned op;
	size_t column, other;
	struct cell values[MAX_VALUES];
	size_t nvalues;
	struct expr *left, *right;
};

static const char *const types[] = {
	"int32", "int64", "decimal(18,2)", "decimal(20,4)", "decimal(38,0)", "date", "timestamp", "bool", "float64",
	"string", "int64", "string"
};
enum { NCOLUMNS = sizeof types / sizeof *types };
static const char *const ops[] = { "=", "<>", "<", "<=", ">", ">=" };

static struct rec_header header;
static struct cell cells[ROWS][NCOLUMNS];
static struct buf bytes;
static uint32_t off[ROWS * NCOLUMNS + 1];
static struct rec_batch batch;

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
		c.f = floats[unit_below(sizeof floats / sizeof *floats)];
	else if (t.kind == VAL_STRING)
		for (size_t n = unit_below(unit_below(2) ? 2 : sizeof c.s); c.n < n; c.n++)
			c.s[c.n] = letters[unit_below(3) ? 0 : unit_below(sizeof letters - 1)];
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
		snprintf(name, sizeof name, "c%zu", c);
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

	return is[op] ? PRED_TRUE : PRED_FALSE;
}

static int
opposite(int truth)
{
	return truth == PRED_TRUE ? PRED_FALSE : truth == PRED_FALSE ? PRED_TRUE : PRED_UNKNOWN;
}

static int
plain(const struct expr *e, const struct cell *row)
{
	const struct cell *x = &row[e->column], *y = &row[e->other];
	struct val_type t = type_of(e->column);
	int a, b;

	switch (e->kind) {
	case AND:
	case OR:
		a = plain(e->left, row);
		b = plain(e->right, row);
		if (a == (e->kind == AND ? PRED_FALSE : PRED_TRUE) || b == (e->kind == AND ? PRED_FALSE : PRED_TRUE))
			return e->kind == AND ? PRED_FALSE : PRED_TRUE;
		return a == PRED_UNKNOWN || b == PRED_UNKNOWN ? PRED_UNKNOWN : e->kind == AND ? PRED_TRUE : PRED_FALSE;
	case NOT:
		return opposite(plain(e->left, row));
	case COMPARE:
		return x->null ? PRED_UNKNOWN : outcome(e->op, order(t, x, t, &e->values[0]));
	case MIRRORED:
		return x->null ? PRED_UNKNOWN : outcome(e->op, order(t, &e->values[0], t, x));
	case COLUMNS:
		return x->null || y->null ? PRED_UNKNOWN : outcome(e->op, order(t, x, type_of(e->other), y));
	case IS_NULL:
	case IS_NOT_NULL:
		return x->null == (e->kind == IS_NULL) ? PRED_TRUE : PRED_FALSE;
	default:
		if (x->null)
			return PRED_UNKNOWN;
		for (size_t i = 0; i < e->nvalues; i++)
			if (order(t, x, t, &e->values[i]) == 0)
				return e->kind == IN ? PRED_TRUE : PRED_FALSE;
		return e->kind == IN ? PRED_FALSE : PRED_TRUE;
	}
}

/* ---- random expressions ---- */

static bool
is_exact(size_t c)
{
	return c <= 4 || c == 10;
}

static struct expr nodes[16];	/* a tree three levels deep */
static size_t nnodes;

static struct expr *
random_expr(unsigned depth)
{
	struct expr *e = &nodes[nnodes++];

	*e = (struct expr){ .op = (unsigned)unit_below(6), .column = unit_below(NCOLUMNS) };
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

static void put_expr(struct buf *out, const struct expr *e);

static void
put_group(struct buf *out, const struct expr *e)
{
	buf_addc(out, '(');
	put_expr(out, e);
	buf_adds(out, unit_below(2) ? " )" : ")");
}

static void
put_expr(struct buf *out, const struct expr *e)
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
random_predicates(void)
{
	static uint8_t truth[ROWS];

	for (int round = 0; round < ROUNDS; round++) {
		struct buf text = { 0 };
		struct pred p;
		struct msg err = { 0 };
		size_t where = 0, from = unit_below(ROWS / 2), n = 1 + unit_below(ROWS - from);
		struct expr *e;

		nnodes = 0;
		e = random_expr((unsigned)unit_below(4));
		put_expr(&text, e);
		CHECK(pred_parse(&p, buf_cstr(&text), text.len, &header, &where, &err) == 0, "%s: %s",
		    buf_cstr(&text), err.text);
		pred_eval(&p, &batch, from, n, truth);
		for (size_t i = 0; i < n; i++)
			CHECK(truth[i] == plain(e, cells[from + i]), "record %zu: %d, not %d: %s", from + i, truth[i],
			    plain(e, cells[from + i]), buf_cstr(&text));
		pred_free(&p);
		buf_free(&text);
	}
	OK("pred", "random predicates say what an evaluation record by record says");
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

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		for (size_t k = 0; k < 2; k++) {
			struct pred p;
			struct msg err = { 0 };
			size_t where;

			CHECK(pred_parse(&p, same[i][k], strlen(same[i][k]), &header, &where, &err) == 0, "%s",
			    err.text);
			pred_eval(&p, &batch, 0, ROWS, truth[k]);
			pred_free(&p);
			CHECK(k == 0 || memcmp(truth[0], truth[1], ROWS) == 0, "%s is not %s", same[i][0], same[i][1]);
		}
	OK("pred", "precedence");
}

static void
faults(void)
{
	static const struct {
		const char *text;
		size_t where;
		const char *says;
	} bad[] = {
		{ "", 0, "expected a column, not the end" },
		{ "c5 >= '2024-13-01'", 6, "not a date: '2024-13-01'" },
		{ "c5 >= 20240101", 6, "c5 is of type date: write 'YYYY-MM-DD' in single quotes" },
		{ "c1 = 'x'", 5, "c1 is of type int64: write a bare number" },
		{ "c1 = 1.5", 5, "not an int64: '1.5'" },
		{ "c1 = 99999999999999999999", 5, "not an int64: '99999999999999999999'" },
		{ "c2 = - 0.005", 5, "not a decimal(18,2): -'0.005'" },
		{ "c9 = 5", 5, "c9 is of type string: write text in single quotes" },
		{ "c7 = 1", 5, "c7 is of type bool: write true or false" },
		{ "1 = 2", 4, "expected a column, not '2'" },
		{ "c1 = null", 5, "nothing compares with null: write c1 is null" },
		{ "c1 in (1, null)", 10, "nothing compares with null: write c1 is null" },
		{ "c1 in (1; 2)", 8, "unexpected ';'" },
		{ "c1 in ()", 7, "expected a value, not ')'" },
		{ "c1 = c9", 5, "c1 is of type int64, c9 of type string: they do not compare" },
		{ "c1 = 1 c1 = 2", 7, "expected 'and' or 'or' before 'c1'" },
		{ "(c1 = 1", 7, "expected 'and', 'or' or ')' before the end" },
		{ "c1 = 1)", 6, "expected 'and' or 'or' before ')'" },
		{ "c9 = 'a", 5, "missing closing '" },
		{ "c1", 2, "expected a comparison, not the end" },
		{ "c1 not 5", 7, "expected a comparison, not '5'" },
		{ "c1 is 5", 6, "expected null, not '5'" },
		{ "c9 = \"a\"", 5, "no column 'a' (strings are in single quotes); columns are: c0, c1" },
		{ "and = 1", 0, "expected a column, not 'and'" },
		{ "c1 == 1", 4, "expected a column, not '='" }
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct pred p;
		struct msg err = { 0 };
		size_t where = 999;

		CHECK(pred_parse(&p, bad[i].text, strlen(bad[i].text), &header, &where, &err) == -1, "%s", bad[i].text);
		CHECK(err.status == EX_USAGE && strncmp(err.text, bad[i].says, strlen(bad[i].says)) == 0, "%s: %s",
		    bad[i].text, err.text);
		CHECK(where == bad[i].where, "%s: %zu", bad[i].text, where);
		pred_free(&p);
	}
	OK("pred", "what is wrong, and where");
}

static void
depth(void)
{
	struct pred p;
	struct msg err = { 0 };
	struct buf text = { 0 };
	size_t where;

	for (int i = 0; i < PRED_MAX_DEPTH; i++)
		buf_adds(&text, "(");
	buf_adds(&text, "c0=0");
	for (int i = 0; i < PRED_MAX_DEPTH; i++)
		buf_adds(&text, ")");
	CHECK(pred_parse(&p, (char *)text.p, text.len, &header, &where, &err) == 0, "%s", err.text);
	pred_free(&p);
	text.len = 0;
	for (int i = 0; i < 100000; i++)
		buf_adds(&text, "not ");
	CHECK(pred_parse(&p, (char *)text.p, text.len, &header, &where, &err) == -1, "accepted");
	CHECK(where == 4 * PRED_MAX_DEPTH, "%zu", where);
	pred_free(&p);
	buf_free(&text);
	OK("pred", "depth has a limit");
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

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf b = { 0 };

		pred_caret(cases[i].text, strlen(cases[i].text), cases[i].where, &b);
		CHECK(strcmp(buf_cstr(&b), cases[i].shown) == 0, "%s", buf_cstr(&b));
		buf_free(&b);
	}
	OK("pred", "the caret stands under the place");
}

/* ---- items ---- */

static void
sums(void)
{
	static const char list[] = "a=c1+c10, b=c2-c2, d=c3, e=c1-c10+c0, f=c4+c4";
	struct pred_items it;
	struct msg err = { 0 };
	size_t where;

	CHECK(pred_items_parse(&it, list, strlen(list), &header, &where, &err) == 0, "%s", err.text);
	CHECK(it.n == 5 && it.items[4].type.precision == 38 && it.items[2].nterms == 1, "%zu items", it.n);
	for (size_t i = 0; i < ROWS; i++) {
		const struct cell *r = cells[i];
		i128 s = 0, want = r[1].v + r[10].v;
		int got = pred_item_sum(&it.items[0], rec_at(&batch, i), &s);

		CHECK(got == (r[1].null || r[10].null ? 0 : want == (int64_t)want ? 1 : -1), "%zu", i);
		CHECK(got != 1 || s == want, "%zu", i);
		got = pred_item_sum(&it.items[1], rec_at(&batch, i), &s);
		CHECK(got == !r[2].null && (got == 0 || s == 0), "%zu", i);
		got = pred_item_sum(&it.items[3], rec_at(&batch, i), &s);
		want = r[1].v - r[10].v + r[0].v;
		CHECK(got == (r[0].null || r[1].null || r[10].null ? 0 : want == (int64_t)want ? 1 : -1), "%zu", i);
		got = pred_item_sum(&it.items[4], rec_at(&batch, i), &s);
		want = r[4].v > num_pow10(37) * 5 || r[4].v < -num_pow10(37) * 5 ? num_pow10(38) : 2 * r[4].v;
		CHECK(got == (r[4].null ? 0 : want < num_pow10(38) && want > -num_pow10(38) ? 1 : -1), "%zu", i);
	}
	pred_items_free(&it);
	OK("pred", "sums and differences of columns");
}

static void
bad_items(void)
{
	static const struct {
		const char *text;
		size_t where;
		const char *says;
	} bad[] = {
		{ "", 0, "expected a column, not the end" },
		{ "c0,,c1", 3, "expected a column, not ','" },
		{ "c0,c0", 3, "two columns named 'c0'" },
		{ "c0+c1", 0, "a sum needs a name: name=a+b" },
		{ "x=c0+c2", 5, "c2 is of type decimal(18,2), which cannot be added to int32" },
		{ "x=c2+c3", 5, "c3 is of type decimal(20,4), which cannot be added to decimal(18,2)" },
		{ "x=c9+c9", 5, "c9 is of type string, which cannot be added to string" },
		{ "x=c5-c5", 5, "c5 is of type date, which cannot be added to date" },
		{ "x=", 2, "expected a column, not the end" },
		{ "x=y", 2, "no column 'y'; columns are: c0, c1" },
		{ "\"\"=c0", 0, "invalid name: ''" },
		{ "c0 c1", 3, "expected a comma before 'c1'" },
		{ "c0,'x", 3, "missing closing '" }
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct pred_items it;
		struct msg err = { 0 };
		size_t where = 999;

		CHECK(pred_items_parse(&it, bad[i].text, strlen(bad[i].text), &header, &where, &err) == -1, "%s",
		    bad[i].text);
		CHECK(err.status == EX_USAGE && strncmp(err.text, bad[i].says, strlen(bad[i].says)) == 0, "%s: %s",
		    bad[i].text, err.text);
		CHECK(where == bad[i].where, "%s: %zu", bad[i].text, where);
		pred_items_free(&it);
	}
	OK("pred", "bad lists of columns");
}

int
main(void)
{
	unit_start();
	make_rows();
	random_predicates();
	precedence();
	faults();
	depth();
	carets();
	sums();
	bad_items();
	buf_free(&bytes);
	rec_header_free(&header);
	return 0;
}
