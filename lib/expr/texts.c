/* Functions of texts. */
#include <string.h>

#include "base/letter.h"
#include "expr/letters.h"

enum { LONGEST = 16 << 20, MOST = 1 << 28 };	/* bytes of one text, and of all that an evaluation makes */

static const char too_long[] = "a text of more than 16 MiB", too_many[] = "too much text for one evaluation";

/* Room for a text of n bytes, or NULL with what is at fault. */
static uint8_t *
room(struct expr_run *run, size_t n, const char **what)
{
	*what = n > LONGEST ? too_long : run->texts.used + n > MOST ? too_many : NULL;
	return *what == NULL ? pool_alloc(&run->texts, n > 0 ? n : 1) : NULL;
}

static struct expr_text
part(struct expr_text s, size_t from, size_t to)
{
	return (struct expr_text){ s.p + from, to > from ? to - from : 0 };
}

static void
append(uint8_t *out, size_t *n, struct expr_text s)
{
	if (s.n > 0)
		memcpy(out + *n, s.p, s.n);
	*n += s.n;
}

/* Does s have t at an offset? */
static bool
has_at(struct expr_text s, size_t at, struct expr_text t)
{
	return t.n <= s.n - at && (t.n == 0 || memcmp(s.p + at, t.p, t.n) == 0);
}

/* The offset of t in s from an offset on, or SIZE_MAX. */
static size_t
find(struct expr_text s, size_t from, struct expr_text t)
{
	const uint8_t *p = t.n == 0 ? s.p + from : memmem(s.p + from, s.n - from, t.p, t.n);

	return p != NULL ? (size_t)(p - s.p) : SIZE_MAX;
}

/* ---- types of arguments: s texts, i integers ---- */

static bool
take(struct expr_check *c, struct expr_node *n, const char *kinds, struct val_type result)
{
	for (size_t i = 0; i < n->nargs; i++)
		if (!expr_take(c, &n->args[i], kinds[i] == 'i' ? expr_int64 : expr_string))
			return false;
	return expr_strict(n, result);
}

static bool check_s(struct expr_check *c, struct expr_node *n) { return take(c, n, "sss", expr_string); }
static bool check_si(struct expr_check *c, struct expr_node *n) { return take(c, n, "sis", expr_string); }
static bool check_sii(struct expr_check *c, struct expr_node *n) { return take(c, n, "sii", expr_string); }
static bool check_ssi(struct expr_check *c, struct expr_node *n) { return take(c, n, "ssi", expr_string); }
static bool check_count(struct expr_check *c, struct expr_node *n) { return take(c, n, "ss", expr_int64); }
static bool check_test(struct expr_check *c, struct expr_node *n) { return take(c, n, "ss", expr_bool); }

/* Values of other types are joined as their text. */
static bool
take_text(struct expr_check *c, struct expr_node **arg)
{
	struct expr_node *n = *arg;

	if (n->kind == EXPR_CONSTANT && n->literal != EXPR_TYPED && n->literal != EXPR_NUMBER)
		return expr_take(c, arg, expr_string);
	if (n->type.kind != VAL_STRING)
		*arg = expr_cast_node(c, n, expr_string);
	return true;
}

bool
expr_check_join(struct expr_check *c, struct expr_node *n)
{
	for (size_t i = 0; i < n->nargs; i++)
		if (!take_text(c, &n->args[i]))
			return false;
	return expr_strict(n, expr_string);
}

static bool
check_concat(struct expr_check *c, struct expr_node *n)
{
	if (!expr_check_join(c, n))
		return false;
	n->required = strcmp(n->function->name, "concat") == 0 || n->args[0]->required;
	return true;
}

/* ---- joining ---- */

/* Joins arguments from `first`, without nulls, with `between` after each but the last. */
static const char *
join(struct expr_run *run, const struct expr_value *a, size_t first, size_t nargs, struct expr_text between,
    struct expr_value *out)
{
	const char *what;
	size_t n = 0, count = 0;
	uint8_t *p;

	for (size_t i = first; i < nargs; i++)
		if (!a[i].null)
			n += a[i].s.n + (count++ > 0 ? between.n : 0);
	if ((p = room(run, n, &what)) == NULL)
		return what;
	n = count = 0;
	for (size_t i = first; i < nargs; i++)
		if (!a[i].null) {
			if (count++ > 0)
				append(p, &n, between);
			append(p, &n, a[i].s);
		}
	out->s = (struct expr_text){ p, n };
	return NULL;
}

const char *
expr_join_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	return join(run, a, 0, n->nargs, (struct expr_text){ NULL, 0 }, out);
}

static const char *
concat_ws(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	if (a[0].null) {
		out->null = true;
		return NULL;
	}
	return join(run, a, 1, n->nargs, a[0].s, out);
}

/* ---- letters ---- */

static const char *
map(struct expr_run *run, struct expr_text s, uint32_t (*to)(uint32_t), struct expr_value *out)
{
	const char *what;
	uint8_t *p = room(run, s.n * 2, &what);	/* no mapping more than doubles */
	size_t n = 0, len;

	if (p == NULL)
		return what;
	for (size_t i = 0; i < s.n; i += len) {
		uint32_t c = expr_letter(s, i, &len);

		if (to != letter_base || !letter_is_mark(c))
			n += letter_put(p + n, to(c));
	}
	out->s = (struct expr_text){ p, n };
	return NULL;
}

static const char *
lower(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)n;
	return map(run, a[0].s, letter_lower, out);
}

static const char *
upper(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)n;
	return map(run, a[0].s, letter_upper, out);
}

static const char *
strip_accents(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)n;
	return map(run, a[0].s, letter_base, out);
}

static const char *
length(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	out->w = (i128)(n->function->name[0] == 'o' ? a[0].s.n : expr_letters(a[0].s));
	return NULL;
}

/* ---- trimming and cutting ---- */

/* Is the code point at an offset among those of a set? */
static bool
is_among(struct expr_text s, size_t at, struct expr_text set, size_t *len)
{
	(void)expr_letter(s, at, len);
	for (size_t i = 0, step; i < set.n; i += step) {
		(void)expr_letter(set, i, &step);
		if (step == *len && memcmp(s.p + at, set.p + i, step) == 0)
			return true;
	}
	return false;
}

static const char *
trim(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	struct expr_text s = a[0].s, set = n->nargs > 1 ? a[1].s : (struct expr_text){ (const uint8_t *)" ", 1 };
	char side = n->function->name[0];	/* trim, ltrim, rtrim */
	size_t from = 0, to = 0, len;

	(void)run;
	while (side != 'r' && from < s.n && is_among(s, from, set, &len))
		from += len;
	if (side == 'l')
		to = s.n;
	for (size_t i = from; i < s.n && side != 'l'; i += len)	/* the end of the last that stays */
		if (!is_among(s, i, set, &len))
			to = i + len;
	out->s = part(s, from, to);
	return NULL;
}

/* n letters from the k-th on, which may lie before the first. */
static const char *
substr(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	struct expr_text s = a[0].s;
	i128 from = a[1].w, to = n->nargs > 2 ? from + a[2].w : (i128)s.n + 1;
	size_t start, end;

	(void)run;
	if (n->nargs > 2 && a[2].w < 0)
		return "a negative length";
	if (to > (i128)s.n + 1)
		to = (i128)s.n + 1;
	if (from < 1)
		from = 1;
	if (to <= from) {
		out->s = part(s, 0, 0);
		return NULL;
	}
	start = expr_letters_skip(s, (size_t)(from - 1));
	end = expr_letters_skip(s, (size_t)(to - 1));
	out->s = part(s, start, end);
	return NULL;
}

/* So many letters of one end; a negative number leaves out so many of the other. */
static const char *
left_or_right(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	struct expr_text s = a[0].s;
	i128 all = (i128)expr_letters(s), count = a[1].w < 0 ? all + a[1].w : a[1].w;
	size_t at;

	(void)run;
	count = count < 0 ? 0 : count > all ? all : count;
	at = expr_letters_skip(s, (size_t)(n->function->name[0] == 'l' ? count : all - count));
	out->s = n->function->name[0] == 'l' ? part(s, 0, at) : part(s, at, s.n);
	return NULL;
}

static const char *
replace(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	struct expr_text s = a[0].s;
	const char *what;
	size_t count = 0, at = 0, next, len = 0;
	uint8_t *p;

	(void)n;
	out->s = s;
	if (a[1].s.n == 0)
		return NULL;
	for (; (next = find(s, at, a[1].s)) != SIZE_MAX; at = next + a[1].s.n)
		count++;
	if (count == 0)
		return NULL;
	if (a[2].s.n > LONGEST / count)
		return too_long;
	if ((p = room(run, s.n + count * a[2].s.n - count * a[1].s.n, &what)) == NULL)
		return what;
	for (at = 0; (next = find(s, at, a[1].s)) != SIZE_MAX; at = next + a[1].s.n) {
		append(p, &len, part(s, at, next));
		append(p, &len, a[2].s);
	}
	append(p, &len, part(s, at, s.n));
	out->s = (struct expr_text){ p, len };
	return NULL;
}

/* Fills a text on the left or right to so many letters, and cuts what is longer. */
static const char *
pad(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	struct expr_text s = a[0].s, with = n->nargs > 2 ? a[2].s : (struct expr_text){ (const uint8_t *)" ", 1 };
	size_t have = expr_letters(s), want, len = 0, step;
	const char *what;
	uint8_t *p;

	want = a[1].w < 0 ? 0 : a[1].w > LONGEST ? LONGEST : (size_t)a[1].w;
	if (have >= want || with.n == 0) {
		out->s = part(s, 0, expr_letters_skip(s, want));
		return NULL;
	}
	if ((p = room(run, s.n + (want - have) * 4, &what)) == NULL)
		return what;
	if (n->function->name[0] == 'r')
		append(p, &len, s);
	for (size_t i = 0, k = 0; i < want - have; i++, k = k + step < with.n ? k + step : 0) {
		(void)expr_letter(with, k, &step);
		append(p, &len, part(with, k, k + step));
	}
	if (n->function->name[0] == 'l')
		append(p, &len, s);
	out->s = (struct expr_text){ p, len };
	return NULL;
}

/* ---- searching ---- */

static const char *
starts_with(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	(void)n;
	out->w = has_at(a[0].s, 0, a[1].s);
	return NULL;
}

/* The place of the first letter of a text in another, from 1; or 0. */
static const char *
strpos(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	size_t at = find(a[0].s, 0, a[1].s);

	(void)run;
	(void)n;
	out->w = at == SIZE_MAX ? 0 : (i128)expr_letters(part(a[0].s, 0, at)) + 1;
	return NULL;
}

/* The k-th part between separators, from 1; the empty text beyond the last. */
static const char *
split_part(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	struct expr_text s = a[0].s, separator = a[1].s;
	size_t at = 0, next;
	i128 k = a[2].w;

	(void)run;
	(void)n;
	if (k < 1)
		return "parts are numbered from 1";
	if (separator.n == 0) {
		out->s = part(s, 0, k == 1 ? s.n : 0);
		return NULL;
	}
	for (; (next = find(s, at, separator)) != SIZE_MAX && k > 1; k--)
		at = next + separator.n;
	out->s = k > 1 ? part(s, 0, 0) : part(s, at, next != SIZE_MAX ? next : s.n);
	return NULL;
}

const struct expr_function expr_texts[] = {
	{ "lower", 1, 1, false, check_s, lower, NULL },
	{ "upper", 1, 1, false, check_s, upper, NULL },
	{ "trim", 1, 2, false, check_s, trim, NULL },
	{ "ltrim", 1, 2, false, check_s, trim, NULL },
	{ "rtrim", 1, 2, false, check_s, trim, NULL },
	{ "length", 1, 1, false, check_count, length, NULL },
	{ "octet_length", 1, 1, false, check_count, length, NULL },
	{ "substr", 2, 3, false, check_sii, substr, NULL },
	{ "left", 2, 2, false, check_si, left_or_right, NULL },
	{ "right", 2, 2, false, check_si, left_or_right, NULL },
	{ "replace", 3, 3, false, check_s, replace, NULL },
	{ "lpad", 2, 3, false, check_si, pad, NULL },
	{ "rpad", 2, 3, false, check_si, pad, NULL },
	{ "concat", 1, EXPR_MANY, true, check_concat, expr_join_row, NULL },
	{ "concat_ws", 2, EXPR_MANY, true, check_concat, concat_ws, NULL },
	{ "split_part", 3, 3, false, check_ssi, split_part, NULL },
	{ "starts_with", 2, 2, false, check_test, starts_with, NULL },
	{ "strpos", 2, 2, false, check_count, strpos, NULL },
	{ "strip_accents", 1, 1, false, check_s, strip_accents, NULL },
	{ 0 }
};
