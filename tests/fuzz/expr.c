/*
 * Any bytes as a condition, an expression and a list of items: refused with a message and a place inside the text, or
 * taken. A condition that is taken has a negation that is its opposite for every record, and the same faults.
 */
#include <stdlib.h>
#include <string.h>

#include "expr/expr.h"
#include "expr/items.h"

enum { ROWS = 4 };

static const char *const types[] = {
	"int64", "decimal(18,2)", "date", "bool", "float64", "string", "timestamp", "decimal(38,10)"
};
enum { NCOLUMNS = sizeof(types) / sizeof(*types) };
static const char *const rows[ROWS][NCOLUMNS] = {
	{ "1", "1.50", "2024-01-31", "true", "0", "Deposit", "2024-01-31T00:00:00Z", "1.5" },
	{ "-9223372036854775808", "-0.01", "1969-12-31", "false", "-0", "", "1969-12-31T23:59:59.999999Z", "-0.01" },
	{ "9223372036854775807", "9999999999999999.99", "9999-12-31", "true", "nan", "it's", "2024-01-31", "0" },
	{ NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }
};

static struct rec_header header;
static uint32_t off[ROWS * NCOLUMNS + 1];
static struct rec_batch batch;
static const struct expr_parameter parameters[] = { { "p", "2024-01-31" }, { "q", "1.5" } };
static const struct expr_scope scope = { .header = &header, .parameters = parameters, .nparameters = 2 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct buf bytes;
	struct val_type t;
	char name[2] = "a";
	size_t k = 0;

	(void)argc;
	(void)argv;
	rec_header_init(&header, "t");
	for (size_t c = 0; c < NCOLUMNS; c++, name[0]++)
		if (val_type_parse(types[c], strlen(types[c]), &t))
			rec_header_add(&header, name, t, c == 0, false);
	for (size_t i = 0; i < ROWS; i++)
		for (size_t c = 0; c < NCOLUMNS; c++) {
			off[k++] = (uint32_t)bytes.len;
			if (rows[i][c] == NULL)
				buf_addc(&bytes, VAL_NULL);
			else if (c == 6 && i == 2)
				bytes.len += val_put_int(buf_room(&bytes, VAL_INT_MAX), 0);
			else if (!val_parse(header.columns[c].type, rows[i][c], strlen(rows[i][c]), &bytes))
				abort();
			buf_addc(&bytes, '\t');
		}
	off[k] = (uint32_t)bytes.len;
	buf_room(&bytes, VAL_PAD);
	batch = (struct rec_batch){ .n = ROWS, .first = 1, .base = bytes.p, .off = off, .stride = NCOLUMNS };
	return 0;
}

static void
refused(const struct msg *err, const char *text, size_t size, size_t where)
{
	struct buf shown = { 0 };

	if (err->status != EX_USAGE || err->text[0] == '\0' || where > size)
		abort();
	expr_caret(text, size, where, &shown);
	buf_free(&shown);
}

/* Tests every record; true where none is at fault. */
static bool
test(struct expr *e, uint8_t *truth)
{
	struct msg err = { 0 };

	if (expr_test(e, &batch, 0, ROWS, NULL, truth, &err) == 0)
		return true;
	if (err.status != EX_DATAERR || strncmp(err.text, "record ", 7) != 0)
		abort();
	return false;
}

static void
negate(const char *text, size_t size, bool ok, const uint8_t *truth)
{
	struct buf b = { 0 };
	struct expr e;
	struct msg err = { 0 };
	uint8_t opposite[ROWS];
	size_t where;

	buf_adds(&b, "not(");
	buf_add(&b, text, size);
	buf_addc(&b, ')');
	if (expr_parse_where(&e, (char *)b.p, b.len, &scope, &where, &err) == 0) {
		if (test(&e, opposite) != ok)
			abort();
		for (size_t i = 0; i < ROWS && ok; i++)
			if (opposite[i] != EXPR_TRUE - truth[i])
				abort();
	} else if (strstr(err.text, "levels deep") == NULL && strstr(err.text, "longer than") == NULL)
		abort();
	expr_free(&e);
	buf_free(&b);
}

/* Every value is canonical for its type. */
static void
evaluate(struct expr *e)
{
	struct msg err = { 0 };

	if (expr_eval(e, &batch, 0, ROWS, NULL, &err) < 0)
		return;
	for (size_t i = 0; i < ROWS; i++) {
		struct buf b = { 0 };
		uint8_t *p = buf_room(&b, expr_room(e, i) + 16 + VAL_PAD), *end = expr_put(e, i, p);

		if (!val_check(e->type, p, (size_t)(end - p), true) || (e->required &&
		    val_is_null(p, (size_t)(end - p))))
			abort();
		buf_free(&b);
	}
}

static void
as_condition(const char *text, size_t size)
{
	struct expr e;
	struct msg err = { 0 };
	uint8_t truth[ROWS];
	size_t where = SIZE_MAX;

	if (expr_parse_where(&e, text, size, &scope, &where, &err) == 0)
		negate(text, size, test(&e, truth), truth);
	else
		refused(&err, text, size, where);
	expr_free(&e);
}

static void
as_items(const char *text, size_t size)
{
	struct expr_items items = { 0 };
	struct msg err = { 0 };
	size_t where = SIZE_MAX;

	if (expr_items_parse(&items, text, size, &scope, &where, &err) == 0) {
		for (size_t i = 0; i < items.n; i++)
			if (items.items[i].word == NULL)
				evaluate(&items.items[i].expr);
	} else
		refused(&err, text, size, where);
	expr_items_free(&items);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct expr e;
	struct msg err = { 0 };
	size_t where = SIZE_MAX;

	if (size > 1000)	/* a longer text takes longer, no other way */
		return 0;
	as_condition((const char *)data, size);
	if (expr_parse(&e, (const char *)data, size, &scope, &where, &err) == 0)
		evaluate(&e);
	else
		refused(&err, (const char *)data, size, where);
	expr_free(&e);
	as_items((const char *)data, size);
	return 0;
}
