/*
 * Any bytes as a predicate and as a list of items: refused with a message and a place inside the text, or taken; what
 * is taken has a negation that is its opposite for every record.
 */
#include <stdlib.h>
#include <string.h>

#include "pred/item.h"
#include "pred/pred.h"

enum { ROWS = 4 };

static const char *const types[] = {
	"int64", "decimal(18,2)", "date", "bool", "float64", "string", "timestamp", "decimal(38,10)"
};
enum { NCOLUMNS = sizeof types / sizeof *types };
static const char *const rows[ROWS][NCOLUMNS] = {
	{ "1", "1.50", "2024-01-31", "true", "0", "Deposit", "2024-01-31T00:00:00Z", "1.5" },
	{ "-9223372036854775808", "-0.01", "1969-12-31", "false", "-0", "", "1969-12-31T23:59:59.999999Z", "-0.01" },
	{ "9223372036854775807", "9999999999999999.99", "9999-12-31", "true", "nan", "it's", "2024-01-31", "0" },
	{ NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }
};

static struct rec_header header;
static uint32_t off[ROWS * NCOLUMNS + 1];
static struct rec_batch batch;

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
	pred_caret(text, size, where, &shown);
	buf_free(&shown);
}

static void
negate(const char *text, size_t size, const uint8_t *truth)
{
	struct buf b = { 0 };
	struct pred p;
	struct msg err = { 0 };
	uint8_t opposite[ROWS];
	size_t where;

	buf_adds(&b, "not(");
	buf_add(&b, text, size);
	buf_addc(&b, ')');
	if (pred_parse(&p, (char *)b.p, b.len, &header, &where, &err) == 0) {
		pred_eval(&p, &batch, 0, ROWS, opposite);
		for (size_t i = 0; i < ROWS; i++)
			if (opposite[i] != PRED_TRUE - truth[i])
				abort();
	} else if (strstr(err.text, "levels deep") == NULL)
		abort();
	pred_free(&p);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct pred p;
	struct pred_items items;
	struct msg err = { 0 };
	uint8_t truth[ROWS];
	size_t where = SIZE_MAX;
	i128 sum;

	if (pred_parse(&p, text, size, &header, &where, &err) == 0) {
		pred_eval(&p, &batch, 0, ROWS, truth);
		negate(text, size, truth);
	} else
		refused(&err, text, size, where);
	pred_free(&p);
	err.status = 0;
	where = SIZE_MAX;
	if (pred_items_parse(&items, text, size, &header, &where, &err) == 0) {
		for (size_t i = 0; i < items.n; i++)
			if (items.items[i].nterms > 1)
				for (size_t r = 0; r < ROWS; r++)
					(void)pred_item_sum(&items.items[i], rec_at(&batch, r), &sum);
	} else
		refused(&err, text, size, where);
	pred_items_free(&items);
	return 0;
}
