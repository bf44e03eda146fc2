/* Totals from statistics, so that those of a file that grows need not be counted anew. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/io.h"
#include "clean/clean.h"

enum { LOW = 19, CARRY_DIGITS = 57 };	/* digits of the lower part of a sum, and most of both */

struct carrying {
	const json_t *o;	/* the statistics */
	uint64_t sign;		/* 1, or -1 modulo 2^64 */
	bool good;
};

static void
add_count(struct carrying *c, const json_t *o, const char *name, uint64_t *to)
{
	const json_t *n = json_object_get(o, name);

	if (!json_is_integer(n) || json_integer_value(n) < 0)
		c->good = false;
	else
		*to += c->sign * (uint64_t)json_integer_value(n);
}

/* Adds a sum's text, "-12.50", of as many decimals as the column has. */
static void
add_sum(struct carrying *c, const json_t *o, const char *name, unsigned scale, struct clean_sum *to)
{
	const char *text = json_string_value(json_object_get(o, name)), *p;
	char digits[CARRY_DIGITS + 1];
	i128 high = 0, low, sign = c->sign == 1 ? 1 : -1;
	size_t n = 0, split;

	if (text == NULL || (strrchr(text, '.') == NULL ? 0 : strlen(strrchr(text, '.') + 1)) != scale) {
		c->good = false;
		return;
	}
	sign = *text == '-' ? -sign : sign;
	for (p = text + (*text == '-'); *p != '\0' && n < CARRY_DIGITS; p++)
		if (*p != '.')
			digits[n++] = *p;
	split = n > LOW ? n - LOW : 0;
	if (*p != '\0' || !num_decimal(digits + split, n - split, NUM_DIGITS, 0, &low) ||
	    (split > 0 && !num_decimal(digits, split, NUM_DIGITS, 0, &high))) {
		c->good = false;
		return;
	}
	to->high += sign * high;
	to->low += sign * low;
}

static void
add_amounts(struct carrying *c, struct clean_total *t, const struct cleaner *k)
{
	const json_t *amounts = json_object_get(c->o, "amounts"), *of;
	const struct schema_column *column;
	struct clean_amount *a;

	for (a = t->amounts; a < t->amounts + t->namounts; a++) {
		column = k->columns[a->column].schema;
		of = json_object_get(amounts, column->name);
		add_sum(c, of, "read", column->type.scale, &a->read);
		add_sum(c, of, "rejected", column->type.scale, &a->rejected);
	}
}

static void
add_reasons(struct carrying *c, struct clean_total *t, const struct schema *s)
{
	const json_t *reasons = json_object_get(c->o, "reasons");
	uint64_t n;
	size_t i;

	for (i = CLEAN_FIELD_COUNT; i < CLEAN_RULE; i++)
		if (clean_reason_is_told(s, (enum clean_reason)i))
			add_count(c, reasons, clean_reason_name[i], &t->rows[i]);
	for (i = 0; i < s->nrules; i++) {
		n = 0;
		add_count(c, reasons, s->rules[i].name, &n);
		t->rules[i] += n;
		t->rows[CLEAN_RULE] += n;
	}
}

int
clean_total_carry(struct clean_total *t, const struct cleaner *k, const char *path, int sign, struct msg *err)
{
	struct carrying c = { .sign = sign < 0 ? UINT64_MAX : 1, .good = true };
	int fd = io_open(path, err);
	json_error_t why;
	const char *table;
	json_t *o;

	if (fd < 0)
		return -1;
	c.o = o = json_loadfd(fd, 0, &why);
	close(fd);
	table = json_string_value(json_object_get(o, "table"));
	c.good = table != NULL && strcmp(table, k->schema->name) == 0;
	add_count(&c, o, "clean", &t->rows[CLEAN_GOOD]);
	add_count(&c, o, "left_out", &t->rows[CLEAN_LEFT_OUT]);
	add_count(&c, o, "clean_lines", &t->clean_lines);
	add_count(&c, o, "rejected_lines", &t->rejected_lines);
	add_count(&c, o, "left_out_lines", &t->left_out_lines);
	add_reasons(&c, t, k->schema);
	add_amounts(&c, t, k);
	json_decref(o);
	return c.good ? 0 : msg_set(err, EX_DATAERR, "%s: not statistics of acct-clean for table %s and its schema",
	    path, msg_quotes(k->schema->name));
}
