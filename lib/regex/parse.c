/* Patterns to trees. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "regex/ast.h"

enum { DEPTH_MAX = 200 };	/* of groups within groups */

struct parser {
	struct regex_ast *t;
	const uint8_t *p;	/* the pattern */
	size_t at, n;
	size_t depth;
	size_t set;		/* where the ranges of the set in work begin */
	struct regex_fault *fault;
};

static bool parse_alternatives(struct parser *s, uint32_t *node);

/* ---- nodes ---- */

static bool
fail(struct parser *s, const char *what, size_t at)
{
	*s->fault = (struct regex_fault){ what, at, (s->at < s->n ? s->at : s->n) - at };
	return false;
}

static uint32_t
add_node(struct regex_ast *t, struct regex_node node)
{
	if (t->nnodes == t->nodes_cap) {
		t->nodes_cap = t->nodes_cap == 0 ? 64 : 2 * t->nodes_cap;
		t->nodes = xreallocarray(t->nodes, t->nodes_cap, sizeof(*t->nodes));
	}
	t->nodes[t->nnodes] = node;
	return (uint32_t)t->nnodes++;
}

static void
add_range(struct regex_ast *t, uint32_t first, uint32_t last)
{
	if (t->nranges == t->ranges_cap) {
		t->ranges_cap = t->ranges_cap == 0 ? 64 : 2 * t->ranges_cap;
		t->ranges = xreallocarray(t->ranges, t->ranges_cap, sizeof(*t->ranges));
	}
	t->ranges[t->nranges++] = (struct regex_range){ first, last };
}

/* ---- sets ---- */

static int
compare(const void *a, const void *b)
{
	const struct regex_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* Puts the ranges from `from` on in order and joins those that touch. */
static void
tidy(struct regex_ast *t, size_t from)
{
	struct regex_range *r = t->ranges + from, *to = r, *end = t->ranges + t->nranges;

	if (r == end)
		return;
	qsort(r, (size_t)(end - r), sizeof(*r), compare);
	for (r++; r < end; r++)
		if (r->first <= to->last + 1)
			to->last = r->last > to->last ? r->last : to->last;
		else
			*++to = *r;
	t->nranges = (size_t)(to + 1 - t->ranges);
}

/* Replaces the tidy ranges from `from` on by all other code points. */
static void
negate(struct regex_ast *t, size_t from)
{
	size_t n = t->nranges - from, i;
	struct regex_range *old = xreallocarray(NULL, n + 1, sizeof(*old));
	uint32_t next = 0;

	memcpy(old, t->ranges + from, n * sizeof(*old));
	t->nranges = from;
	for (i = 0; i < n; i++) {
		if (old[i].first > next)
			add_range(t, next, old[i].first - 1);
		next = old[i].last + 1;
	}
	if (next <= REGEX_LAST)
		add_range(t, next, REGEX_LAST);
	free(old);
}

/* The code points of a class of ASCII, as pairs. */
static const struct class {
	const char *name;	/* within [: :]; the first three by their letters too */
	const char *pairs;
} classes[] = {
	{ "digit", "09" }, { "word", "09AZ__az" }, { "space", "\t\r  " }, { "alnum", "09AZaz" }, { "alpha", "AZaz" },
	{ "blank", "\t\t  " },
	{ "cntrl", "\001\037\177\177" }, { "graph", "!~" }, { "lower", "az" }, { "print", " ~" },
	{ "punct", "!/:@[`{~" },
	{ "upper", "AZ" }, { "xdigit", "09AFaf" }
};

static void
add_class(struct regex_ast *t, const struct class *c, bool other)
{
	size_t from = t->nranges;
	const char *p;

	for (p = c->pairs; *p != '\0'; p += 2)
		add_range(t, (uint8_t)p[0], (uint8_t)p[1]);
	if (strcmp(c->name, "cntrl") == 0)
		add_range(t, 0, 0);
	tidy(t, from);
	if (other)
		negate(t, from);
}

static uint32_t
end_set(struct parser *s)
{
	return add_node(s->t, (struct regex_node){ .kind = REGEX_SET, .a = (uint32_t)s->set,
	    .n = (uint32_t)(s->t->nranges - s->set) });
}

/* A character of the pattern, which is UTF-8. */
static uint32_t
take_char(struct parser *s)
{
	size_t len;
	uint32_t c = regex_code_point(s->p + s->at, s->n - s->at, &len);

	s->at += len > 0 ? len : 1;
	return c;
}

/* ---- escapes ---- */

static unsigned
hex_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

/* What follows \x: two digits, or some in braces. */
static bool
take_hex(struct parser *s, size_t at, uint32_t *c)
{
	bool braces = s->at < s->n && s->p[s->at] == '{';
	size_t most = braces ? 6 : 2, digits;

	s->at += braces;
	for (digits = 0, *c = 0; digits < most && s->at < s->n && hex_of(s->p[s->at]) < 16; digits++)
		*c = *c << 4 | hex_of(s->p[s->at++]);
	if (digits == 0 || (!braces && digits < 2) || (braces && (s->at == s->n || s->p[s->at++] != '}')))
		return fail(s, "invalid \\x in a pattern", at);
	if (*c > REGEX_LAST || (*c >= 0xd800 && *c < 0xe000))
		return fail(s, "no such character in a pattern", at);
	return true;
}

/* After a backslash: a character, or a class whose ranges are added. */
static bool
take_escape(struct parser *s, uint32_t *c, bool *is_class)
{
	static const char letters[] = "dws", controls[] = "tnrfv", values[] = "\t\n\r\f\v";
	size_t at = s->at - 1;
	const char *p;
	uint8_t b;

	*is_class = false;
	if (s->at == s->n)
		return fail(s, "a backslash ends a pattern", at);
	b = s->p[s->at++];
	if (b == 'x')
		return take_hex(s, at, c);
	if (b != '\0' && (p = strchr(letters, b | 0x20)) != NULL) {
		*is_class = true;
		add_class(s->t, &classes[p - letters], b < 'a');
		return true;
	}
	if (b != '\0' && (p = strchr(controls, b)) != NULL) {
		*c = (uint8_t)values[p - controls];
		return true;
	}
	*c = b;
	if (b >= '1' && b <= '9')
		return fail(s, "a back-reference in a pattern", at);
	if (b < '!' || b > '~' || (b >= '0' && b <= '9') || ((b | 0x20) >= 'a' && (b | 0x20) <= 'z'))
		return fail(s, "undefined escape in a pattern", at);
	return true;
}

/* ---- [ ] ---- */

/* [:name:], from after its [. */
static bool
take_named(struct parser *s, size_t at)
{
	const char *name = (const char *)s->p + s->at + 1, *end = memchr(name, ':', s->n - s->at - 1);
	size_t i, n = end != NULL ? (size_t)(end - name) : 0;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strlen(classes[i].name) == n && memcmp(classes[i].name, name, n) == 0)
			break;
	s->at += n + 3;
	if (i == sizeof(classes) / sizeof(classes[0]) || s->at > s->n || end[1] != ']')
		return fail(s, "no such class in a pattern", at);
	add_class(s->t, &classes[i], false);
	return true;
}

/* One end of a range, or a class. */
static bool
take_item(struct parser *s, uint32_t *c, bool *is_class)
{
	size_t at = s->at;

	*is_class = false;
	if (s->p[s->at] == '\\') {
		s->at++;
		return take_escape(s, c, is_class);
	}
	if (s->p[s->at] == '[' && s->at + 1 < s->n && strchr(":.=", s->p[s->at + 1]) != NULL &&
	    s->p[s->at + 1] != '\0') {
		s->at++;
		*is_class = true;
		if (s->p[s->at] == ':')
			return take_named(s, at);
		return fail(s, "a collating element in a pattern", at);
	}
	*c = take_char(s);
	return true;
}

/* Is there a - that makes a range, rather than being the last in its brackets? */
static bool
at_range(const struct parser *s)
{
	return s->at + 1 < s->n && s->p[s->at] == '-' && s->p[s->at + 1] != ']';
}

static bool
take_range(struct parser *s)
{
	size_t at = s->at;
	uint32_t first = 0, last;
	bool is_class;

	if (!take_item(s, &first, &is_class))
		return false;
	if (!at_range(s)) {
		if (!is_class)
			add_range(s->t, first, first);
		return true;
	}
	s->at++;
	last = first;
	if (is_class || !take_item(s, &last, &is_class) || is_class || last < first)
		return s->fault->what != NULL ? false : fail(s, "invalid range in a pattern", at);
	add_range(s->t, first, last);
	return true;
}

/* After a [. */
static bool
parse_set(struct parser *s, uint32_t *node)
{
	size_t at = s->at - 1, begin;
	bool other = s->at < s->n && s->p[s->at] == '^';

	s->at += other;
	for (begin = s->at; s->at < s->n && (s->p[s->at] != ']' || s->at == begin);)
		if (!take_range(s))
			return false;
	if (s->at == s->n)
		return fail(s, "missing ] in a pattern", at);
	s->at++;
	tidy(s->t, s->set);
	if (other)
		negate(s->t, s->set);
	*node = end_set(s);
	return true;
}

/* ---- atoms and repetitions ---- */

/* After a (: a group; (?: is one that captures nothing, as here none does. */
static bool
parse_group(struct parser *s, uint32_t *node)
{
	size_t at = s->at - 1;

	if (s->at < s->n && s->p[s->at] == '?') {
		s->at += 2;
		if (s->at > s->n || s->p[s->at - 1] != ':')
			return fail(s, "unsupported group in a pattern", at);
	}
	if (++s->depth > DEPTH_MAX)
		return fail(s, "groups nested too deep in a pattern", at);
	if (!parse_alternatives(s, node))
		return false;
	s->depth--;
	if (s->at == s->n)
		return fail(s, "missing ) in a pattern", at);
	s->at++;
	return true;
}

static bool
parse_atom(struct parser *s, uint32_t *node)
{
	size_t at = s->at;
	bool is_class = false;
	uint8_t b = s->p[at];
	uint32_t c = 0;

	s->set = s->t->nranges;
	if (strchr("*+?{", b) != NULL && b != '\0') {
		s->at++;
		return fail(s, "nothing to repeat in a pattern", at);
	}
	c = take_char(s);
	if (b == '(')
		return parse_group(s, node);
	if (b == '[')
		return parse_set(s, node);
	if (b == '^' || b == '$') {
		*node = add_node(s->t, (struct regex_node){ .kind = b == '^' ? REGEX_BEGIN : REGEX_END });
		return true;
	}
	if (b == '\\' && !take_escape(s, &c, &is_class))
		return false;
	if (b == '.')
		add_range(s->t, 0, REGEX_LAST);
	else if (!is_class)
		add_range(s->t, c, c);
	*node = end_set(s);
	return true;
}

/* A number of at most REGEX_REPEAT_MAX. */
static bool
take_number(struct parser *s, uint16_t *v)
{
	size_t begin = s->at;
	uint32_t x = 0;

	while (s->at < s->n && s->p[s->at] >= '0' && s->p[s->at] <= '9' && x <= REGEX_REPEAT_MAX)
		x = 10 * x + (s->p[s->at++] - '0');
	*v = (uint16_t)(x <= REGEX_REPEAT_MAX ? x : 0);
	return s->at > begin && x <= REGEX_REPEAT_MAX;
}

/* {m}, {m,} or {m,n} with m <= n, from after the {. */
static bool
take_counts(struct parser *s, size_t at, uint16_t *min, uint16_t *max)
{
	bool ok = take_number(s, min);

	*max = *min;
	if (ok && s->at < s->n && s->p[s->at] == ',') {
		s->at++;
		*max = REGEX_NO_LIMIT;
		if (s->at < s->n && s->p[s->at] != '}')
			ok = take_number(s, max) && *max >= *min;
	}
	if (!ok || s->at == s->n || s->p[s->at] != '}')
		return fail(s, "invalid {} in a pattern", at);
	s->at++;
	return true;
}

/* An atom and what repeats it. A ? after that asks for the shortest match, which makes no difference to a whole one. */
static bool
parse_repeat(struct parser *s, uint32_t *node)
{
	struct regex_node r = { .kind = REGEX_REPEAT, .min = 0, .max = REGEX_NO_LIMIT };
	size_t at;
	uint8_t b;

	if (!parse_atom(s, node))
		return false;
	b = s->at < s->n ? s->p[s->at] : '\0';
	if (b == '\0' || strchr("*+?{", b) == NULL)
		return true;
	at = s->at++;
	if (b == '{' && !take_counts(s, at, &r.min, &r.max))
		return false;
	if (b == '+')
		r.min = 1;
	if (b == '?')
		r.max = 1;
	r.a = *node;
	*node = add_node(s->t, r);
	if (s->at < s->n && s->p[s->at] == '?')
		s->at++;
	if (s->at < s->n && s->p[s->at] != '\0' && strchr("*+?{", s->p[s->at]) != NULL) {
		s->at++;
		return fail(s, "a repetition repeated in a pattern", at);
	}
	return true;
}

static bool
parse_sequence(struct parser *s, uint32_t *node)
{
	uint32_t next;

	*node = add_node(s->t, (struct regex_node){ .kind = REGEX_EMPTY });
	while (s->at < s->n && s->p[s->at] != '|' && s->p[s->at] != ')') {
		if (!parse_repeat(s, &next))
			return false;
		*node = s->t->nodes[*node].kind == REGEX_EMPTY ? next :
		    add_node(s->t, (struct regex_node){ .kind = REGEX_CAT, .a = *node, .b = next });
	}
	return true;
}

static bool
parse_alternatives(struct parser *s, uint32_t *node)
{
	uint32_t next;

	if (!parse_sequence(s, node))
		return false;
	while (s->at < s->n && s->p[s->at] == '|') {
		s->at++;
		if (!parse_sequence(s, &next))
			return false;
		*node = add_node(s->t, (struct regex_node){ .kind = REGEX_ALT, .a = *node, .b = next });
	}
	return true;
}

bool
regex_parse(struct regex_ast *t, const char *pattern, size_t n, struct regex_fault *fault)
{
	struct parser s = { .t = t, .p = (const uint8_t *)pattern, .n = n, .fault = fault };

	memset(t, 0, sizeof(*t));
	memset(fault, 0, sizeof(*fault));
	if (n > REGEX_MAX) {
		s.at = n;
		return fail(&s, "a pattern of more than 1000 bytes", 0);
	}
	if (!parse_alternatives(&s, &t->root))
		return false;
	if (s.at < n) {
		s.at = n;
		return fail(&s, "missing ( in a pattern", 0);
	}
	return true;
}

void
regex_ast_free(struct regex_ast *t)
{
	free(t->nodes);
	free(t->ranges);
	memset(t, 0, sizeof(*t));
}
