#include <stdlib.h>

#include "base/utf8.h"
#include "clean/column.h"

const char *const clean_reason_name[CLEAN_RULE] = {
	"good", "field-count", "quote", "encoding", "missing", "type", "not-allowed", "duplicate", "conflict",
	"unique", "orphan"
};

/* ---- preparation ---- */

static void
encode(struct val_type type, const char *text, struct buf *out)
{
	if (text != NULL && !val_parse(type, text, strlen(text), out))
		msg_die(EX_SOFTWARE, "invalid value in a schema: %s", msg_quotes(text));
}

static void
set_allowed(struct column *c)
{
	const struct schema_column *s = c->schema;
	uint32_t n;
	size_t i;

	for (i = 0; i < s->allowed.n; i++) {
		c->typed.len = 0;
		encode(s->type, s->allowed.word[i], &c->typed);
		n = (uint32_t)c->typed.len;
		buf_add(&c->allowed, &n, sizeof(n));
		buf_add(&c->allowed, c->typed.p, n);
	}
}

/* Sets what a null becomes: nothing if nulls are not allowed, else the default, else null. */
static void
set_null(struct column *c)
{
	if (c->fallback.len == 0 && !c->schema->required) {
		c->null[0] = VAL_NULL;
		c->null_len = 1;
	} else if (c->fallback.len > 0 && c->fallback.len <= sizeof(c->null)) {
		memcpy(c->null, c->fallback.p, c->fallback.len);
		c->null_len = (uint8_t)c->fallback.len;
		if (val_is_narrow(c->schema->type))
			c->null_value = val_int(c->fallback.p);
	}
}

static void
set_limits(struct column *c)
{
	const struct schema_column *s = c->schema;

	c->above = s->exclusive_minimum != NULL;
	c->below = s->exclusive_maximum != NULL;
	encode(s->type, c->above ? s->exclusive_minimum : s->minimum, &c->minimum);
	encode(s->type, c->below ? s->exclusive_maximum : s->maximum, &c->maximum);
	set_allowed(c);
}

static void
set_fallback(struct column *c)
{
	encode(c->schema->type, c->schema->default_text, &c->fallback);
	buf_room(&c->fallback, VAL_PAD);
}

void
column_limits_init(struct column *c, const struct schema_column *column)
{
	memset(c, 0, sizeof(*c));
	c->schema = column;
	set_fallback(c);
	set_limits(c);
}

void
column_init(struct column *c, const struct schema *s, const struct schema_column *column, size_t field)
{
	memset(c, 0, sizeof(*c));
	c->schema = column;
	c->field = field;
	c->scale = column->type.scale;
	if (schema_is_computed(column)) {
		column_choose_nothing(c);
		return;
	}
	c->empty_keep = column->type.kind == VAL_STRING &&
	    (column->empty == SCHEMA_EMPTY_TABLE ? s->empty_keep : column->empty == SCHEMA_EMPTY_KEEP);
	c->nulls = column->own_nulls ? column->nulls.word : s->nulls.word;
	c->nnulls = column->own_nulls ? column->nulls.n : s->nulls.n;
	c->changes = clean_change_is_needed(column);
	if (c->changes)
		clean_change_init(&c->change, column);
	set_fallback(c);
	if (column->sign.column == NULL)
		set_limits(c);			/* else they are for the number with its sign */
	set_null(c);
	column_choose(c);
}

void
column_free(struct column *c)
{
	buf_free(&c->fallback);
	buf_free(&c->minimum);
	buf_free(&c->maximum);
	buf_free(&c->allowed);
	if (c->changes)
		clean_change_free(&c->change);
	buf_free(&c->original);
	buf_free(&c->text);
	buf_free(&c->typed);
	buf_free(&c->plain);
	free(c->texts);
	free(c->listed);
	if (c->rows != NULL)
		buf_free(&c->rows->store);
	free(c->rows);
}

size_t
column_room(const struct column *c)
{
	return VAL_WIDE_MAX + 1 + c->fallback.len + (c->changes ? CLEAN_CHANGE_ROOM : 0);
}

i128
column_number(const struct column *c, const uint8_t *typed)
{
	if (*typed == VAL_NULL)
		return 0;
	return val_is_narrow(c->schema->type) ? val_int(typed) : val_wide(typed);
}

/* ---- the rules ---- */

static bool
is_blank(uint8_t b)
{
	return b == ' ' || b == '\t';
}

void
column_text(struct column *c, struct rec_field raw)
{
	uint8_t *p;
	size_t n, from = 0;

	c->text.len = 0;
	p = buf_room(&c->text, raw.n + 1);
	n = val_is_null(raw.p, raw.n) ? 0 : val_get_string(p, raw.p, raw.n);
	while (n > 0 && is_blank(p[n - 1]))
		n--;
	while (from < n && is_blank(p[from]))
		from++;
	memmove(p, p + from, n - from);
	c->text.len = n - from;
	p[c->text.len] = '\0';
}

static bool
is_null_text(const struct column *c)
{
	size_t i;

	if (c->text.len == 0)
		return true;
	for (i = 0; i < c->nnulls; i++)
		if (strlen(c->nulls[i]) == c->text.len && memcmp(c->nulls[i], c->text.p, c->text.len) == 0)
			return true;
	return false;
}

/* Is the raw field an empty string that is kept, and neither null nor blanks? */
static bool
is_kept(const struct column *c, struct rec_field raw)
{
	return c->empty_keep && raw.n == 1 && *raw.p == VAL_EMPTY;
}

/* Parses an integer with decimals that are zeros, as other programs write the integers of a column with gaps. */
static bool
parse_whole(struct column *c, const char *text, size_t n)
{
	const struct val_ops *type = val_of(c->schema->type);
	i128 v;

	if (!num_decimal(text, n, NUM_DIGITS, 0, &v) || v < type->low || v > type->high)
		return false;
	c->typed.len = val_put_int(buf_room(&c->typed, VAL_INT_MAX), (int64_t)v);
	return true;
}

/* Parses a text as the type has it. */
static bool
parse_plain(struct column *c, const char *text, size_t n)
{
	enum val_kind kind = c->schema->type.kind;

	return val_parse(c->schema->type, text, n, &c->typed) ||
	    ((kind == VAL_INT32 || kind == VAL_INT64) && parse_whole(c, text, n));
}

/* Has the text of a timestamp, as its type has it, a zone of its own? */
static bool
is_zoned(const char *text, size_t n)
{
	return n > 0 && (text[n - 1] == 'Z' || (n >= 6 && text[n - 3] == ':' && (text[n - 6] == '+' ||
	    text[n - 6] == '-')));
}

/* Parses a timestamp as its type has it, in the column's zone unless it has one of its own. */
static bool
parse_local(struct column *c, const char *text, size_t n)
{
	int64_t v;

	if (!parse_plain(c, text, n))
		return false;
	if (is_zoned(text, n))
		return true;
	v = val_int(c->typed.p);
	if (!val_zone_to_utc(c->schema->zone, &v))
		return false;
	c->typed.len = val_put_int(c->typed.p, v);
	return true;
}

static bool
parse_moment(struct column *c, const char *text, size_t n)
{
	int64_t v;
	size_t i;

	for (i = 0; i < c->schema->nformats; i++)
		if (val_moment_parse(&c->schema->formats[i], c->schema->century, text, n, &v)) {
			if (c->schema->zone != NULL && !c->schema->formats[i].zoned &&
			    !val_zone_to_utc(c->schema->zone, &v))
				return false;
			c->typed.len = val_put_int(buf_room(&c->typed, VAL_INT_MAX), v);
			return true;
		}
	return false;
}

bool
column_parse(struct column *c, const char *text, size_t n)
{
	size_t len;
	char *plain;

	c->typed.len = 0;
	if (c->schema->true_values.n > 0 || c->schema->false_values.n > 0) {
		int truth = clean_change_truth(&c->change, &c->text);

		buf_addc(&c->typed, (uint8_t)('0' + (truth > 0)));
		return truth >= 0;
	}
	if (c->schema->nformats > 0)
		return parse_moment(c, text, n);
	if (c->schema->zone != NULL)
		return parse_local(c, text, n);
	if (c->schema->notation == NULL)
		return parse_plain(c, text, n);
	c->plain.len = 0;
	plain = (char *)buf_room(&c->plain, n + 1);
	return val_notation_plain(c->schema->notation, text, n, plain, &len) && parse_plain(c, plain, len);
}

static int
compare(const struct buf *a, const struct buf *b)
{
	int order = memcmp(a->p, b->p, a->len < b->len ? a->len : b->len);

	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static bool
is_within(const struct column *c)
{
	return (c->minimum.len == 0 || compare(&c->typed, &c->minimum) >= (c->above ? 1 : 0)) &&
	    (c->maximum.len == 0 || compare(&c->typed, &c->maximum) <= (c->below ? -1 : 0));
}

static bool
is_listed(const struct column *c)
{
	size_t at;
	uint32_t n;

	for (at = 0; at < c->allowed.len; at += sizeof(n) + n) {
		memcpy(&n, c->allowed.p + at, sizeof(n));
		if (n == c->typed.len && memcmp(c->allowed.p + at + sizeof(n), c->typed.p, n) == 0)
			return true;
	}
	return c->allowed.len == 0;
}

static bool
is_matched(const struct column *c)
{
	return c->schema->regex == NULL || regex_matches(c->schema->regex, c->text.p, c->text.len);
}

/* Has the text as many code points as the column wants? */
static bool
is_long_enough(const struct column *c)
{
	const struct schema_column *s = c->schema;
	size_t n;

	if (s->min_length == 0 && s->max_length == SIZE_MAX)
		return true;
	n = utf8_count(c->text.p, c->text.len);
	return n >= s->min_length && n <= s->max_length;
}

/* Sets the typed field of a null. */
static enum clean_reason
judge_null(struct column *c)
{
	c->typed.len = 0;
	if (c->fallback.len > 0) {
		buf_add(&c->typed, c->fallback.p, c->fallback.len);
		return CLEAN_GOOD;
	}
	buf_addc(&c->typed, VAL_NULL);
	return c->schema->required ? CLEAN_MISSING : CLEAN_GOOD;
}

/* Judges c->text, which is neither null nor to be changed. */
static enum clean_reason
judge_text(struct column *c)
{
	if (!column_parse(c, (const char *)c->text.p, c->text.len))
		return CLEAN_TYPE;
	return is_within(c) && is_listed(c) && is_matched(c) && is_long_enough(c) ? CLEAN_GOOD : CLEAN_NOT_ALLOWED;
}

static enum clean_reason
judge_changed(struct column *c, size_t room)
{
	enum clean_reason reason;

	switch (clean_change_text(&c->change, &c->text)) {
	case CLEAN_CHANGE_NULL:
		return judge_null(c);
	case CLEAN_CHANGE_REJECT:
		return CLEAN_NOT_ALLOWED;
	case CLEAN_CHANGE_LONG:
		return CLEAN_TYPE;
	case CLEAN_CHANGE_DONE:
		break;
	}
	if (c->text.len == 0 && !c->empty_keep)
		return judge_null(c);
	reason = judge_text(c);
	return reason == CLEAN_GOOD && c->typed.len > room ? CLEAN_TYPE : reason;
}

/* Changes c->text and judges it; c->text is the value in the file again if it is rejected. */
static enum clean_reason
change_and_judge(struct column *c, size_t room)
{
	struct buf changed;
	enum clean_reason reason;

	c->original.len = 0;
	buf_add(&c->original, c->text.p, c->text.len);
	buf_cstr(&c->original);
	if ((reason = judge_changed(c, room)) == CLEAN_GOOD)
		return reason;
	changed = c->text;
	c->text = c->original;
	c->original = changed;
	return reason;
}

enum clean_reason
column_judge_typed(struct column *c, const uint8_t *p, size_t n)
{
	c->typed.len = c->text.len = 0;
	buf_add(&c->typed, p, n);
	if (c->schema->type.kind == VAL_STRING)
		c->text.len = val_get_string(buf_room(&c->text, n + 1), p, n);
	return is_within(c) && is_listed(c) && is_matched(c) && is_long_enough(c) ? CLEAN_GOOD : CLEAN_NOT_ALLOWED;
}

enum clean_reason
column_judge(struct column *c, struct rec_field raw)
{
	column_text(c, raw);
	if (!utf8_ok(c->text.p, c->text.len))
		return CLEAN_ENCODING;
	if (is_null_text(c) && !is_kept(c, raw))
		return judge_null(c);
	return c->changes ? change_and_judge(c, raw.n + CLEAN_CHANGE_ROOM) : judge_text(c);
}

uint8_t *
column_put(struct column *c, const uint8_t *p, size_t n, uint8_t *out, enum clean_reason *reason)
{
	*reason = column_judge(c, (struct rec_field){ p, n });
	if (*reason != CLEAN_GOOD)
		return NULL;
	memcpy(out, c->typed.p, c->typed.len);
	if (val_is_narrow(c->schema->type))
		c->value = (int64_t)column_number(c, c->typed.p);
	return out + c->typed.len;
}
