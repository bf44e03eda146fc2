#include <inttypes.h>
#include <stdlib.h>

#include "base/json.h"
#include "clean/expect.h"

#define TEN19 ((i128)UINT64_C(10000000000000000000))

void
clean_total_init(struct clean_total *t, const struct cleaner *k)
{
	size_t i;

	memset(t, 0, sizeof(*t));
	t->amounts = xcalloc(k->ncolumns, sizeof(*t->amounts));
	for (i = 0; i < k->ncolumns; i++) {
		if (k->columns[i].schema->type.kind != VAL_DECIMAL)
			continue;
		t->amounts[t->namounts].column = i;
		if (val_is_narrow(k->columns[i].schema->type))
			t->amounts[t->namounts].value = &k->columns[i].value;
		t->namounts++;
	}
}

void
clean_total_free(struct clean_total *t)
{
	free(t->amounts);
	memset(t, 0, sizeof(*t));
}

void
clean_total_rejected(struct clean_total *t, struct cleaner *k, struct rec raw, enum clean_reason reason)
{
	bool passed = reason == CLEAN_DUPLICATE || reason == CLEAN_CONFLICT;
	enum clean_reason number;
	struct clean_amount *a;
	struct column *c;
	size_t i;
	i128 v;

	t->rows[reason]++;
	t->rejected_lines += cleaner_lines(k, raw);
	if (reason == CLEAN_FIELD_COUNT || reason == CLEAN_QUOTE)
		return;
	for (i = 0; i < t->namounts; i++) {
		a = &t->amounts[i];
		c = &k->columns[a->column];
		number = column_judge(c, rec_field(raw, c->field));
		if (number != CLEAN_GOOD && number != CLEAN_NOT_ALLOWED)
			continue;
		v = column_number(c, c->typed.p);
		clean_sum_add(&a->rejected, v);
		if (!passed)
			clean_sum_add(&a->read, v);
	}
}

uint64_t
clean_total_read(const struct clean_total *t)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < CLEAN_REASONS; i++)
		n += t->rows[i];
	return n;
}

/* ---- text and JSON ---- */

/* Appends an exact sum as a decimal number: the digits of high, then 19 of low, with the point inserted. */
static void
put_sum(struct buf *out, struct clean_sum s, unsigned scale)
{
	char text[2 * NUM_TEXT], digits[NUM_TEXT];
	size_t n, low;
	bool minus;

	s.high += s.low / TEN19;
	s.low %= TEN19;
	minus = s.high < 0 || (s.high == 0 && s.low < 0);
	if (minus)
		s = (struct clean_sum){ -s.high, -s.low };
	if (s.low < 0)
		s = (struct clean_sum){ s.high - 1, s.low + TEN19 };
	memset(text, '0', sizeof(text));
	n = NUM_DIGITS + 1;				/* enough zeros for any scale */
	n += num_put_decimal(text + n, s.high, 0);
	low = num_put_decimal(digits, s.low, 0);
	memset(text + n, '0', 19 - low);
	memcpy(text + n + 19 - low, digits, low);
	n += 19;
	for (low = 0; low + scale + 1 < n && text[low] == '0'; low++)
		continue;
	if (minus)
		buf_addc(out, '-');
	buf_add(out, text + low, n - scale - low);
	if (scale > 0) {
		buf_addc(out, '.');
		buf_add(out, text + n - scale, scale);
	}
}

void
clean_total_sum(const struct clean_total *t, const struct cleaner *k, size_t i, struct buf *out)
{
	const struct clean_amount *a = &t->amounts[i];
	struct clean_sum s = { a->read.high - a->rejected.high, a->read.low - a->rejected.low };

	put_sum(out, s, k->columns[a->column].schema->type.scale);
}

static void
put_amounts(const struct clean_total *t, const struct cleaner *k, struct buf *out)
{
	const struct schema_column *c;
	size_t i;

	for (i = 0; i < t->namounts; i++) {
		c = k->columns[t->amounts[i].column].schema;
		buf_adds(out, i > 0 ? ",\n\t\t" : "\n\t\t");
		json_put(out, c->name, strlen(c->name));
		buf_adds(out, ": {\"read\": \"");
		put_sum(out, t->amounts[i].read, c->type.scale);
		buf_adds(out, "\", \"rejected\": \"");
		put_sum(out, t->amounts[i].rejected, c->type.scale);
		buf_adds(out, "\", \"clean\": \"");
		clean_total_sum(t, k, i, out);
		buf_adds(out, "\"}");
	}
}

static void
put_limits(const struct clean_expect *e, struct buf *out)
{
	size_t i;

	buf_addf(out, ",\n\t\"had_rows\": %s,\n\t\"limits\": [", e->had_rows ? "true" : "false");
	for (i = 0; i < e->npassed; i++) {
		buf_adds(out, i > 0 ? ",\n\t\t" : "\n\t\t");
		json_put(out, e->passed[i].text, strlen(e->passed[i].text));
	}
	buf_adds(out, e->npassed > 0 ? "\n\t]" : "]");
}

void
clean_total_json(const struct clean_total *t, const struct cleaner *k, const struct clean_expect *e,
    struct buf *out)
{
	uint64_t read = clean_total_read(t);
	int i;

	buf_adds(out, "{\n\t\"table\": ");
	json_put(out, k->schema->name, strlen(k->schema->name));
	buf_addf(out, ",\n\t\"read\": %" PRIu64 ",\n\t\"clean\": %" PRIu64, read, t->rows[CLEAN_GOOD]);
	buf_addf(out, ",\n\t\"rejected\": %" PRIu64 ",\n\t\"clean_lines\": %" PRIu64
	    ",\n\t\"rejected_lines\": %" PRIu64,
	    read - t->rows[CLEAN_GOOD], t->clean_lines, t->rejected_lines);
	buf_adds(out, ",\n\t\"reasons\": {");
	for (i = CLEAN_FIELD_COUNT; i < CLEAN_REASONS; i++)
		buf_addf(out, "%s\n\t\t\"%s\": %" PRIu64, i > CLEAN_FIELD_COUNT ? "," : "", clean_reason_name[i],
		    t->rows[i]);
	buf_adds(out, "\n\t},\n\t\"amounts\": {");
	put_amounts(t, k, out);
	buf_adds(out, t->namounts > 0 ? "\n\t}" : "}");
	if (e != NULL)
		put_limits(e, out);
	buf_adds(out, "\n}\n");
}

void
clean_total_text(const struct clean_total *t, struct buf *out)
{
	uint64_t read = clean_total_read(t), rejected = read - t->rows[CLEAN_GOOD];
	const char *before = " (";
	int i;

	buf_addf(out, "%" PRIu64 " read, %" PRIu64 " clean, %" PRIu64 " rejected", read, t->rows[CLEAN_GOOD], rejected);
	for (i = CLEAN_FIELD_COUNT; i < CLEAN_REASONS; i++) {
		if (t->rows[i] == 0)
			continue;
		buf_addf(out, "%s%s %" PRIu64, before, clean_reason_name[i], t->rows[i]);
		before = ", ";
	}
	if (rejected > 0)
		buf_addc(out, ')');
}
