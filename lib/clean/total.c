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
	t->rules = xcalloc(k->schema->nrules + 1, sizeof(*t->rules));
	for (i = 0; i < k->ncolumns; i++) {
		if (k->columns[i].schema->type.kind != VAL_DECIMAL)
			continue;
		t->amounts[t->namounts].column = i;
		t->amounts[t->namounts].derived = schema_is_computed(k->columns[i].schema) ||
		    k->columns[i].schema->sign.column != NULL;
		if (val_is_narrow(k->columns[i].schema->type))
			t->amounts[t->namounts].value = &k->columns[i].value;
		t->namounts++;
	}
}

void
clean_total_free(struct clean_total *t)
{
	free(t->amounts);
	free(t->rules);
	memset(t, 0, sizeof(*t));
}

/* Is the amount of a rejected row a number? Those that are derived are only if the row was clean but for its key. */
static bool
amount_of(struct cleaner *k, const struct clean_amount *a, struct rec raw, const uint8_t *typed, size_t n, i128 *v)
{
	struct column *c = &k->columns[a->column];
	enum clean_reason number;

	if (a->derived) {
		if (typed != NULL)
			*v = column_number(c, cleaner_field(typed, n, a->column).p);
		return typed != NULL;
	}
	number = column_judge(c, rec_field(raw, c->field));
	*v = number == CLEAN_GOOD || number == CLEAN_NOT_ALLOWED ? column_number(c, c->typed.p) : 0;
	return true;
}

void
clean_total_rejected(struct clean_total *t, struct cleaner *k, struct rec raw, const struct clean_fault *why,
    const uint8_t *typed, size_t n)
{
	struct clean_amount *a;
	i128 v;

	t->rows[why->reason]++;
	if (why->reason == CLEAN_RULE)
		t->rules[why->column]++;
	t->rejected_lines += cleaner_lines(k, raw);
	if (why->reason == CLEAN_FIELD_COUNT || why->reason == CLEAN_QUOTE)
		return;
	for (a = t->amounts; a < t->amounts + t->namounts; a++) {
		if (!amount_of(k, a, raw, typed, n, &v))
			continue;
		clean_sum_add(&a->rejected, v);
		if (typed == NULL)
			clean_sum_add(&a->read, v);
	}
}

/* Returns the number of rows read: clean, rejected and left out. */
static uint64_t
rows_read(const struct clean_total *t)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < CLEAN_REASONS; i++)
		n += t->rows[i];
	return n;
}

uint64_t
clean_total_rejects(const struct clean_total *t)
{
	return rows_read(t) - t->rows[CLEAN_GOOD] - t->rows[CLEAN_LEFT_OUT];
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

bool
clean_reason_is_told(const struct schema *s, enum clean_reason reason)
{
	size_t i;

	if (reason == CLEAN_ORPHAN)
		return schema_rejects_orphans(s);
	if (reason != CLEAN_UNIQUE)
		return reason >= CLEAN_FIELD_COUNT;
	for (i = 0; i < s->ncolumns && !s->columns[i].unique; i++)
		continue;
	return i < s->ncolumns;
}

/* Puts the reasons, then the rules. */
static void
put_reasons(const struct clean_total *t, const struct schema *s, struct buf *out)
{
	size_t i;

	for (i = CLEAN_FIELD_COUNT; i < CLEAN_RULE; i++)
		if (clean_reason_is_told(s, (enum clean_reason)i))
			buf_addf(out, "%s\n\t\t\"%s\": %" PRIu64, i > CLEAN_FIELD_COUNT ? "," : "",
			    clean_reason_name[i], t->rows[i]);
	for (i = 0; i < s->nrules; i++)
		buf_addf(out, ",\n\t\t\"%s\": %" PRIu64, s->rules[i].name, t->rules[i]);
}

void
clean_total_json(const struct clean_total *t, const struct cleaner *k, const struct clean_expect *e,
    struct buf *out)
{
	buf_adds(out, "{\n\t\"table\": ");
	json_put(out, k->schema->name, strlen(k->schema->name));
	buf_addf(out, ",\n\t\"read\": %" PRIu64 ",\n\t\"clean\": %" PRIu64, rows_read(t), t->rows[CLEAN_GOOD]);
	buf_addf(out, ",\n\t\"rejected\": %" PRIu64 ",\n\t\"left_out\": %" PRIu64, clean_total_rejects(t),
	    t->rows[CLEAN_LEFT_OUT]);
	buf_addf(out, ",\n\t\"clean_lines\": %" PRIu64 ",\n\t\"rejected_lines\": %" PRIu64
	    ",\n\t\"left_out_lines\": %" PRIu64, t->clean_lines, t->rejected_lines, t->left_out_lines);
	buf_adds(out, ",\n\t\"reasons\": {");
	put_reasons(t, k->schema, out);
	buf_adds(out, "\n\t},\n\t\"amounts\": {");
	put_amounts(t, k, out);
	buf_adds(out, t->namounts > 0 ? "\n\t}" : "}");
	if (e != NULL)
		put_limits(e, out);
	buf_adds(out, "\n}\n");
}

/* Appends how many rows have a reason, unless the number is 0. */
static void
put_count(struct buf *out, const char **before, const char *reason, uint64_t n)
{
	if (n == 0)
		return;
	buf_addf(out, "%s%s %" PRIu64, *before, reason, n);
	*before = ", ";
}

void
clean_total_text(const struct clean_total *t, const struct schema *s, struct buf *out)
{
	uint64_t rejected = clean_total_rejects(t);
	const char *before = " (";
	size_t i;

	buf_addf(out, "%" PRIu64 " read, %" PRIu64 " clean, %" PRIu64 " rejected", rows_read(t),
	    t->rows[CLEAN_GOOD], rejected);
	for (i = CLEAN_FIELD_COUNT; i < CLEAN_RULE; i++)
		put_count(out, &before, clean_reason_name[i], t->rows[i]);
	for (i = 0; i < s->nrules; i++)
		put_count(out, &before, s->rules[i].name, t->rules[i]);
	if (rejected > 0)
		buf_addc(out, ')');
	if (s->where.text != NULL)
		buf_addf(out, ", %" PRIu64 " left out", t->rows[CLEAN_LEFT_OUT]);
}
