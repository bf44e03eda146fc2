/* Functions of regular expressions, which are compiled once: lib/regex. */
#include <ctype.h>
#include <string.h>

#include "expr/node.h"
#include "regex/regex.h"

/* Searching takes time by the square of the text. REPLACED: most bytes of a result. */
enum { SEARCHED = 4096, REPLACED = 1 << 20 };

static const char *const too_long = "a text of more than 4096 bytes to search";

static void
release(void *data)
{
	regex_free(data);
}

/* Compiles n bytes of text; or refuses, at the pattern. */
static struct regex *
compile_text(struct expr_check *c, const struct expr_node *pattern, const void *text, size_t n)
{
	struct regex_fault fault = { 0 };
	struct regex *r = regex_compile(text, n, &fault);

	if (r == NULL)
		(void)expr_refuse(c, pattern, "%s: %s", expr_shown(c->e, pattern), fault.what);
	return r;
}

/* Compiles the second argument, a text as written, between two others. It has to be a pattern by itself too. */
static bool
compile(struct expr_check *c, struct expr_node *n, const char *before, const char *after)
{
	const struct expr_node *pattern = n->args[1];
	struct buf text = { 0 };
	struct regex *r;

	if (pattern->kind != EXPR_CONSTANT || pattern->value.null)
		return expr_refuse(c, pattern, "the pattern must be a text as written: %s(s, '[0-9]+')",
		    n->function->name);
	r = compile_text(c, pattern, pattern->value.s.n > 0 ? pattern->value.s.p : (const uint8_t *)"",
	    pattern->value.s.n);
	if (r != NULL && *before != '\0') {
		regex_free(r);
		buf_adds(&text, before);
		if (pattern->value.s.n > 0)
			buf_add(&text, pattern->value.s.p, pattern->value.s.n);
		buf_adds(&text, after);
		r = compile_text(c, pattern, text.p, text.len);
		buf_free(&text);
	}
	if (r != NULL)
		expr_own(c, n, r, release);
	return r != NULL;
}

static bool
take_texts(struct expr_check *c, struct expr_node *n)
{
	for (size_t i = 0; i < n->nargs; i++)
		if (!expr_take(c, &n->args[i], expr_string))
			return false;
	return true;
}

/* A part matches where the whole does with anything around it. */
static bool
check_like(struct expr_check *c, struct expr_node *n)
{
	return take_texts(c, n) && compile(c, n, "[\\s\\S]*(", ")[\\s\\S]*") && expr_strict(n, expr_bool);
}

static bool
check_search(struct expr_check *c, struct expr_node *n)
{
	if (!take_texts(c, n) || !compile(c, n, "", ""))
		return false;
	return regex_can_find(n->data) ||
	    expr_refuse(c, n->args[1], "%s: too large a pattern to search for", expr_shown(c->e, n->args[1]));
}

static bool
check_substr(struct expr_check *c, struct expr_node *n)
{
	n->type = expr_string;
	return check_search(c, n);
}

/* What takes the place of a match is a text as it stands. */
static bool
check_replace(struct expr_check *c, struct expr_node *n)
{
	const struct expr_node *to = n->args[2];

	if (!check_search(c, n))
		return false;
	for (size_t i = 0; to->kind == EXPR_CONSTANT && !to->value.null && i + 1 < to->value.s.n; i++)
		if (to->value.s.p[i] == '\\' && isdigit(to->value.s.p[i + 1]))
			return expr_refuse(c, to, "%s: what takes the place of a match cannot refer to parts of it",
			    expr_shown(c->e, to));
	return expr_strict(n, expr_string);
}

static const char *
like_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	out->w = regex_matches(n->data, a[0].s.p, a[0].s.n);
	return NULL;
}

static const char *
substr_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	size_t at, len;

	(void)run;
	out->null = a[0].null;
	if (out->null)
		return NULL;
	if (a[0].s.n > SEARCHED)
		return too_long;
	out->null = !regex_find(n->data, a[0].s.p, a[0].s.n, 0, &at, &len);
	if (!out->null)
		out->s = (struct expr_text){ a[0].s.p + at, len };
	return NULL;
}

/* Counts the matches, for the room that the result needs. */
static size_t
count(const struct regex *r, struct expr_text s)
{
	size_t n = 0, at, len, from = 0;

	for (; regex_find(r, s.p, s.n, from, &at, &len); n++)
		from = at + len;
	return n;
}

static const char *
replace_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	struct expr_text s = a[0].s, to = a[2].s;
	size_t at, len, from = 0, matches;
	uint8_t *p;

	if (s.n > SEARCHED)
		return too_long;
	matches = count(n->data, s);
	if (matches > 0 && to.n > REPLACED / matches)
		return "a text of more than 1 MiB";
	p = pool_alloc(&run->texts, s.n + matches * to.n + 1);
	out->s = (struct expr_text){ p, 0 };
	while (regex_find(n->data, s.p, s.n, from, &at, &len)) {
		memcpy(p, s.p + from, at - from);
		p += at - from;
		if (to.n > 0)
			memcpy(p, to.p, to.n);
		p += to.n;
		from = at + len;
	}
	if (s.n > from)
		memcpy(p, s.p + from, s.n - from);
	out->s.n = (size_t)(p - out->s.p) + s.n - from;
	return NULL;
}

const struct expr_function expr_patterns[] = {
	{ "regexp_like", 2, 2, false, check_like, like_row, NULL },
	{ "regexp_substr", 2, 2, true, check_substr, substr_row, NULL },
	{ "regexp_replace", 3, 3, false, check_replace, replace_row, NULL },
	{ 0 }
};
