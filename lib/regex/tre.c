/*
 * Trees to TRE. What it is given is a pattern of wide characters written anew from the tree, of sets and groups alone:
 * nothing in it depends on the locale or on an extension.
 */
#include <stdlib.h>
#include <wchar.h>

#include <tre/tre.h>

#include "base/mem.h"
#include "base/msg.h"
#include "regex/ast.h"

enum {
	WORK_MAX = 1000000,	/* entries of the sets that TRE makes, some 40 bytes each */
	/*
	 * added to every code point, so that none is a character of TRE's syntax, or the NUL that it takes for the end
	 * of the text
	 */
	SHIFT = 0x1000
};

struct regex_tre {
	regex_t compiled;
};

/* ---- what it would take ---- */

struct size {			/* of a tree with its repetitions written out */
	double first, last;	/* positions that it can begin and end with */
	bool nullable;
	double work;		/* entries of all sets and transitions; not exact, but no less than their order */
};

static struct size
join(struct size a, struct size b)
{
	struct size s;

	s.first = a.first + (a.nullable ? b.first : 0);
	s.last = b.last + (b.nullable ? a.last : 0);
	s.nullable = a.nullable && b.nullable;
	s.work = a.work + b.work + a.last * b.first + s.first + s.last;
	return s;
}

static struct size measure(const struct regex_ast *t, uint32_t node);

static struct size
measure_repeat(const struct regex_ast *t, const struct regex_node *n)
{
	struct size one = measure(t, n->a), all = { 0, 0, true, 1 }, optional = one;
	unsigned i, copies = n->max == REGEX_NO_LIMIT ? n->min + 1u : n->max;

	optional.nullable = true;
	if (n->max == REGEX_NO_LIMIT)
		optional.work += one.last * one.first;
	for (i = 0; i < copies && all.work <= WORK_MAX; i++)
		all = join(all, i < n->min ? one : optional);
	return all;
}

static struct size
measure(const struct regex_ast *t, uint32_t node)
{
	const struct regex_node *n = &t->nodes[node];
	struct size a, b;

	switch (n->kind) {
	case REGEX_SET:
		return (struct size){ n->n + 1, n->n + 1, false, n->n + 1 };
	case REGEX_CAT:
		return join(measure(t, n->a), measure(t, n->b));
	case REGEX_ALT:
		a = measure(t, n->a);
		b = measure(t, n->b);
		return (struct size){ a.first + b.first, a.last + b.last, a.nullable || b.nullable,
		    a.work + b.work + a.first + b.first + a.last + b.last };
	case REGEX_REPEAT:
		return measure_repeat(t, n);
	default:
		return (struct size){ 0, 0, true, 1 };
	}
}

/* ---- the pattern written anew ---- */

struct wide {			/* a growing array */
	wchar_t *p;
	size_t n, cap;
};

static void
put(struct wide *w, uint32_t c)
{
	if (w->n == w->cap) {
		w->cap = w->cap == 0 ? 256 : 2 * w->cap;
		w->p = xreallocarray(w->p, w->cap, sizeof(*w->p));
	}
	w->p[w->n++] = (wchar_t)c;
}

static void
put_ascii(struct wide *w, const char *s)
{
	while (*s != '\0')
		put(w, (uint8_t)*s++);
}

/* A set without members is that of a character below all of the text's. */
static void
put_set(struct wide *w, const struct regex_ast *t, const struct regex_node *n)
{
	const struct regex_range *r = t->ranges + n->a, *end = r + n->n;

	put(w, '[');
	if (n->n == 0)
		put(w, SHIFT - 1);
	for (; r < end; r++) {
		put(w, SHIFT + r->first);
		put(w, '-');
		put(w, SHIFT + r->last);
	}
	put(w, ']');
}

static void put_node(struct wide *w, const struct regex_ast *t, uint32_t node);

static void
put_copy(struct wide *w, const struct regex_ast *t, uint32_t node, const char *after)
{
	put(w, '(');
	put_node(w, t, node);
	put(w, ')');
	put_ascii(w, after);
}

/* Written out: counts within counts, as TRE 0.8.0 has them, match other texts at times. */
static void
put_repeat(struct wide *w, const struct regex_ast *t, const struct regex_node *n)
{
	unsigned i;

	for (i = 0; i < n->min; i++)
		put_copy(w, t, n->a, "");
	for (; n->max != REGEX_NO_LIMIT && i < n->max; i++)
		put_copy(w, t, n->a, "?");
	if (n->max == REGEX_NO_LIMIT)
		put_copy(w, t, n->a, "*");
	if (n->max == 0)
		put_ascii(w, "()");
}

static void
put_node(struct wide *w, const struct regex_ast *t, uint32_t node)
{
	const struct regex_node *n = &t->nodes[node];

	switch (n->kind) {
	case REGEX_EMPTY:
		put_ascii(w, "()");
		break;
	case REGEX_SET:
		put_set(w, t, n);
		break;
	case REGEX_BEGIN:
	case REGEX_END:
		break;		/* regex_tre takes none of these */
	case REGEX_CAT:
		put_node(w, t, n->a);
		put_node(w, t, n->b);
		break;
	case REGEX_ALT:
		put(w, '(');
		put_node(w, t, n->a);
		put(w, '|');
		put_node(w, t, n->b);
		put(w, ')');
		break;
	case REGEX_REPEAT:
		put_repeat(w, t, n);
		break;
	}
}

/* ^ and $ within what is repeated are asked for where they need not be by TRE 0.8.0. */
static bool
has_anchors(const struct regex_ast *t)
{
	size_t i;

	for (i = 0; i < t->nnodes; i++)
		if (t->nodes[i].kind == REGEX_BEGIN || t->nodes[i].kind == REGEX_END)
			return true;
	return false;
}

struct regex_tre *
regex_tre(const struct regex_ast *t)
{
	struct regex_tre *r;
	struct wide w = { NULL, 0, 0 };
	int status;

	if (has_anchors(t) || measure(t, t->root).work > WORK_MAX)
		return NULL;
	r = xcalloc(1, sizeof(*r));
	put_ascii(&w, "^(");
	put_node(&w, t, t->root);
	put_ascii(&w, ")$");
	status = tre_regwncomp(&r->compiled, w.p, w.n, REG_EXTENDED | REG_NOSUB);
	free(w.p);
	if (status == REG_ESPACE)
		msg_die(EX_OSERR, "out of memory for a pattern");
	if (status != REG_OK)
		msg_die(EX_SOFTWARE, "a pattern that TRE refuses: status %d", status);
	return r;
}

void
regex_tre_free(struct regex_tre *r)
{
	if (r == NULL)
		return;
	tre_regfree(&r->compiled);
	free(r);
}

bool
regex_tre_matches(const struct regex_tre *r, const uint8_t *p, size_t n)
{
	wchar_t *wide = xreallocarray(NULL, n + 1, sizeof(*wide));
	size_t i, k = 0, len = 1;
	int status = REG_NOMATCH;

	for (i = 0; i < n && len > 0; i += len)
		wide[k++] = (wchar_t)(SHIFT + regex_code_point(p + i, n - i, &len));
	if (len > 0)
		status = tre_regwnexec(&r->compiled, wide, k, 0, NULL, 0);
	free(wide);
	if (status == REG_ESPACE)
		msg_die(EX_OSERR, "out of memory for a pattern");
	return status == REG_OK;
}
