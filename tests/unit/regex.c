/*
 * Regular expressions: the table and TRE against a matcher that follows the tree, by the set of places in the text that
 * a node can end at; and faults of patterns.
 */
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "regex/ast.h"
#include "unit.h"

/* ---- the model ---- */

enum { TEXT_MAX = 20 };		/* code points: places are bits of a word */

struct text {
	uint32_t c[TEXT_MAX];
	size_t n;
	uint8_t bytes[4 * TEXT_MAX];
	size_t nbytes;
};

static bool
has(const struct regex_ast *t, const struct regex_node *n, uint32_t c)
{
	uint32_t i;

	for (i = 0; i < n->n; i++)
		if (c >= t->ranges[n->a + i].first && c <= t->ranges[n->a + i].last)
			return true;
	return false;
}

/* The places where a node can end that begins at one of `from`. */
static uint32_t
ends(const struct regex_ast *t, uint32_t node, const struct text *x, uint32_t from)
{
	const struct regex_node *n = &t->nodes[node];
	uint32_t to = 0, now = from, i;

	switch (n->kind) {
	case REGEX_EMPTY:
		return from;
	case REGEX_BEGIN:
		return from & 1;
	case REGEX_END:
		return from & 1u << x->n;
	case REGEX_SET:
		for (i = 0; i < x->n; i++)
			if ((from >> i & 1) != 0 && has(t, n, x->c[i]))
				to |= 2u << i;
		return to;
	case REGEX_CAT:
		return ends(t, n->b, x, ends(t, n->a, x, from));
	case REGEX_ALT:
		return ends(t, n->a, x, from) | ends(t, n->b, x, from);
	case REGEX_REPEAT:
		for (i = 0; i < n->min; i++)
			now = ends(t, n->a, x, now);
		for (to = now; i < n->max && now != 0; i++) {
			now = ends(t, n->a, x, now) & ~to;
			to |= now;
		}
		return to;
	}
	return 0;
}

/* ---- random patterns ---- */

static const char *const atoms[] = { "a", "b", "c", "ab", ".", "[ab]", "[^a]", "[a-c]", "\\d", "\\W", "\\s", "1", "é",
    "[à-ÿ]", "[^é]", "€",
    "\\x{1F600}", "[\\]^-]", "[--/]", "[[:alpha:]_]", "\\.", "()", "[X-^]", "[\\d.]", "[^\\w]", "\\x00", "]", "}", "-",
    "\\-", "[+-]", "[]a]",
    "[^]a]", "[a\\-c]", "\\t" };

static void
put_pattern(struct buf *out, unsigned depth)
{
	size_t parts = 1 + unit_below(3);

	for (; parts > 0; parts--) {
		if (depth > 0 && unit_below(3) == 0) {
			buf_adds(out, unit_below(2) ? "(" : "(?:");
			put_pattern(out, depth - 1);
			if (unit_below(2)) {
				buf_addc(out, '|');
				put_pattern(out, depth - 1);
			}
			buf_addc(out, ')');
		} else if (unit_below(30) == 0) {
			buf_adds(out, unit_below(2) ? "^" : "$");
			continue;
		} else {
			buf_adds(out, atoms[unit_below(sizeof(atoms) / sizeof(atoms[0]))]);
		}
		if (unit_below(3) == 0)
			buf_adds(out, (const char *const[]){ "*", "+", "?", "{2}", "{0,2}", "{1,}", "{1,3}", "{0}",
			    "*?", "{2,4}?" }[unit_below(10)]);
	}
}

static size_t
put_char(uint8_t *p, uint32_t c)
{
	if (c < 0x80) {
		p[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		p[0] = (uint8_t)(0xc0 | c >> 6);
		p[1] = (uint8_t)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (uint8_t)(0xe0 | c >> 12);
		p[1] = (uint8_t)(0x80 | (c >> 6 & 63));
		p[2] = (uint8_t)(0x80 | (c & 63));
		return 3;
	}
	p[0] = (uint8_t)(0xf0 | c >> 18);
	p[1] = (uint8_t)(0x80 | (c >> 12 & 63));
	p[2] = (uint8_t)(0x80 | (c >> 6 & 63));
	p[3] = (uint8_t)(0x80 | (c & 63));
	return 4;
}

static void
random_text(struct text *x)
{
	static const uint32_t likely[] = { 'a', 'b', 'c', 'a', 'b', '1', '-', '.', ']', '^', ' ', '\n', 0, 0xe9, 0xff,
	    0x20ac, 0x1f600, '_', 'Z' };
	size_t i;

	x->n = unit_below(8);
	x->nbytes = 0;
	for (i = 0; i < x->n; i++) {
		x->c[i] = unit_below(20) == 0 ? (uint32_t)unit_below(0x80) :
		    likely[unit_below(sizeof(likely) / sizeof(likely[0]))];
		x->nbytes += put_char(x->bytes + x->nbytes, x->c[i]);
	}
}

/* The first part from code point `from` on that is not empty, and the longest of those: its places, or false. */
static bool
find_slowly(const struct regex_ast *t, const struct text *x, size_t from, size_t *begin, size_t *end)
{
	for (*begin = from; *begin < x->n; ++*begin) {
		uint32_t all = ends(t, t->root, x, 1u << *begin);

		for (*end = x->n; *end > *begin; --*end)
			if ((all >> *end & 1) != 0)
				return true;
	}
	return false;
}

static size_t
byte_of(const struct text *x, size_t place)
{
	uint8_t scratch[4];
	size_t i, n = 0;

	for (i = 0; i < place; i++)
		n += put_char(scratch, x->c[i]);
	return n;
}

static size_t found;		/* parts of texts */

static void
find_parts(const struct regex_ast *t, const struct regex_table *table, const struct text *x, const char *pattern)
{
	size_t place, begin = 0, end = 0, at, len;

	for (place = 0; place <= x->n; place++) {
		bool want = find_slowly(t, x, place, &begin, &end);

		CHECK(regex_table_find(table, x->bytes, x->nbytes, byte_of(x, place), &at, &len) == want &&
		    (!want || (at == byte_of(x, begin) && at + len == byte_of(x, end))),
		    "%s in '%.*s' from %zu", pattern, (int)x->nbytes, (const char *)x->bytes, place);
		found += want;
	}
}

static size_t tables, tres;	/* of the random patterns, those that were small enough */

static void
one_pattern(const char *pattern, size_t n, size_t texts)
{
	struct regex_fault fault;
	struct regex_table *table;
	struct regex_tre *tre;
	struct regex_ast t;
	struct text x;
	size_t size;
	bool want;

	CHECK(regex_parse(&t, pattern, n, &fault), "%s: %s", pattern, fault.what);
	table = regex_table(&t, &size);
	tre = regex_tre(&t);
	tables += table != NULL;
	tres += tre != NULL;
	for (; texts > 0; texts--) {
		random_text(&x);
		want = (ends(&t, t.root, &x, 1) >> x.n & 1) != 0;
		CHECK(table == NULL || regex_table_matches(table, x.bytes, x.nbytes) == want,
		    "the table, %s and %zu bytes '%.*s'", pattern, x.nbytes,
		    (int)x.nbytes, (char *)x.bytes);
		if (table != NULL)
			find_parts(&t, table, &x, pattern);
		CHECK(tre == NULL || regex_tre_matches(tre, x.bytes, x.nbytes) == want, "TRE, %s and %zu bytes '%.*s'",
		    pattern, x.nbytes, (int)x.nbytes,
		    (char *)x.bytes);
	}
	regex_table_free(table);
	regex_tre_free(tre);
	regex_ast_free(&t);
}

static void
random_patterns(void)
{
	struct buf pattern = { 0 };
	size_t round;

	for (round = 0; round < 8000; round++) {
		pattern.len = 0;
		put_pattern(&pattern, (unsigned)unit_below(4));
		one_pattern(buf_cstr(&pattern), pattern.len, 60);
	}
	buf_free(&pattern);
	CHECK(tables > 7000 && tres > 4000, "%zu tables, %zu of TRE", tables, tres);
	CHECK(found > 100000, "%zu parts of texts", found);
	OK("regex", "random patterns: the table, TRE and the tree agree");
}

/* Whatever bytes of a pattern's: parsed or refused with a place in it. */
static void
odd_patterns(void)
{
	static const char bytes[] = "ab(((([[]]])))|*+?{{}}1203,,^$.\\\\\\dwsxDbqQ-:=[:alpha:]\xc3\xa9";
	struct regex_fault fault;
	struct regex_ast t;
	struct regex *r;
	char pattern[40];
	size_t round, i, n, good = 0;

	for (round = 0; round < 200000; round++) {
		n = unit_below(sizeof(pattern));
		for (i = 0; i < n; i++)
			pattern[i] = bytes[unit_below(sizeof(bytes))];
		if (regex_parse(&t, pattern, n, &fault))
			good++;
		else
			CHECK(fault.what != NULL && fault.at + fault.n <= n, "%.*s: %s at %zu, %zu", (int)n, pattern,
			    fault.what, fault.at,
			    fault.n);
		regex_ast_free(&t);
		if (round % 20 == 0 && (r = regex_compile(pattern, n, &fault)) != NULL) {
			(void)regex_matches(r, pattern, n);
			regex_free(r);
		}
	}
	CHECK(good > 1000, "%zu patterns", good);
	OK("regex", "any bytes as a pattern");
}

/* ---- examples ---- */

static void
matches(const char *pattern, const char *text, size_t n, bool want)
{
	struct regex_fault fault;
	struct regex *r = regex_compile(pattern, strlen(pattern), &fault);

	CHECK(r != NULL, "%s: %s", pattern, fault.what);
	CHECK(regex_matches(r, text, n) == want, "%s and '%s'", pattern, text);
	regex_free(r);
}

#define YES(pattern, text) matches(pattern, text, sizeof(text) - 1, true)
#define NOT(pattern, text) matches(pattern, text, sizeof(text) - 1, false)

static void
examples(void)
{
	YES("\\d{4}", "2024");
	NOT("\\d{4}", "dddd");
	NOT("\\d{4}", "20245");
	NOT("\\d", "\xd9\xa3");			/* an Arabic digit: classes are ASCII's */
	YES("\\w+", "a_9Z");
	NOT("\\w", "\xc3\xa9");
	YES("\\W", "\xc3\xa9");
	YES("\\s\\S", "\tx");
	NOT("\\s", "\xc2\xa0");
	YES(".", "\xc3\xa9");			/* one code point */
	NOT("..", "\xc3\xa9");
	YES("...", "\xf0\x9f\x98\x80\n\xe2\x82\xac");
	YES("[\xc3\xa0-\xc3\xbc]+", "\xc3\xa9\xc3\xb6");
	NOT("[^\xc3\xa9]", "\xc3\xa9");
	YES("a.c", "a\0c");
	YES("a\\x00c", "a\0c");
	NOT("a.", "a\xff");			/* is no text */
	NOT("a*", "a\xff");
	YES("^a$", "a");
	YES("(^a|b)c$", "bc");
	NOT("a^b", "ab");
	YES("a*^b", "b");
	YES("$^", "");
	NOT("$^", "a");
	YES("|a", "");
	YES("a|", "a");
	YES("[]a]+", "]a");
	YES("[a\\]]+", "]a");
	YES("[\\d-]+", "1-2");
	YES("[-a]+", "-a");
	YES("[[:upper:]]{2}[0-9]{3}", "AB123");
	YES("\\x41\\x{e9}\\x{1F600}", "A\xc3\xa9\xf0\x9f\x98\x80");
	YES("a{0}b", "b");
	YES(".{0,4000}", "");
	YES("\\.\\*\\\\", ".*\\");
	YES("a+?b??", "aa");
	OK("regex", "what patterns mean");
}

static void
refused(const char *pattern, const char *what, const char *piece)
{
	struct regex_fault fault;
	struct regex *r = regex_compile(pattern, strlen(pattern), &fault);

	CHECK(r == NULL, "%s", pattern);
	CHECK(strcmp(fault.what, what) == 0, "%.100s: %s", pattern, fault.what);
	CHECK(piece == NULL || (fault.n == strlen(piece) && memcmp(pattern + fault.at, piece, fault.n) == 0),
	    "%s: %zu of %zu", pattern,
	    fault.at, fault.n);
}

static void
faults(void)
{
	char longest[1100], deep[700];

	refused("a\\q", "undefined escape in a pattern", "\\q");
	refused("\\bx", "undefined escape in a pattern", "\\b");
	refused("\\e", "undefined escape in a pattern", "\\e");
	refused("[\\Q]", "undefined escape in a pattern", "\\Q");
	refused("\\0", "undefined escape in a pattern", "\\0");
	refused("(a)\\1", "a back-reference in a pattern", "\\1");
	refused("a\\", "a backslash ends a pattern", "\\");
	refused("\\x4", "invalid \\x in a pattern", "\\x4");
	refused("\\x{110000}", "no such character in a pattern", "\\x{110000}");
	refused("\\x{d800}", "no such character in a pattern", NULL);
	refused("(a", "missing ) in a pattern", "(a");
	refused("a)b", "missing ( in a pattern", "a)b");
	refused("[a", "missing ] in a pattern", "[a");
	refused("[]", "missing ] in a pattern", "[]");
	refused("[z-a]", "invalid range in a pattern", "z-a");
	refused("[a-\\d]", "invalid range in a pattern", "a-\\d");
	refused("[[:foo:]]", "no such class in a pattern", NULL);
	refused("[[.a.]]", "a collating element in a pattern", NULL);
	refused("*a", "nothing to repeat in a pattern", "*");
	refused("a|+", "nothing to repeat in a pattern", "+");
	refused("a**", "a repetition repeated in a pattern", "**");
	refused("a++", "a repetition repeated in a pattern", "++");
	refused("a{2,1}", "invalid {} in a pattern", "{2,1");
	refused("a{,3}", "invalid {} in a pattern", "{");
	refused("a{3", "invalid {} in a pattern", "{3");
	refused("a{99999}", "invalid {} in a pattern", NULL);
	refused("(?i)a", "unsupported group in a pattern", "(?i");
	refused("(?=a)", "unsupported group in a pattern", NULL);
	refused("((a{1,200}){1,200}){1,200}", "too many repetitions in a pattern", NULL);
	refused("(((){10000}){10000}){10000}", "too many repetitions in a pattern", NULL);
	memset(longest, 'a', sizeof(longest));
	longest[1001] = '\0';
	refused(longest, "a pattern of more than 1000 bytes", NULL);
	memset(deep, '(', 300);
	memset(deep + 300, ')', 300);
	deep[600] = '\0';
	refused(deep, "groups nested too deep in a pattern", NULL);
	OK("regex", "faults of patterns");
}

/* Patterns that would be large or slow somewhere else are compiled, or refused, and matched in little time. */
static void
hostile(void)
{
	static const char *const patterns[] = { ".{0,4000}", "(a?){1000}a{1000}", "(a*)*b", "(a|aa)+$", "(.*a){12}",
	    "(a|b)*a(a|b){16}",
	    "((a?){30}){30}", "(a{0,100}b{0,100}){0,90}", "(x+x+)+y", "(.*)(.*)(.*)(.*)(.*)z", "((((a*)*)*)*)*",
	    "(.{0,100}){0,100}",
	    "([a-z]?[0-9]?){0,300}", "(\\d|\\w|\\s|[^x]|.){0,500}q", "(()()()()()()){3000}", "(a|b|c|d|e|f|g){1,900}" };
	clock_t begin;
	struct regex_fault fault;
	struct regex *r;
	static char text[10000];
	size_t i;

	memset(text, 'a', sizeof(text));
	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		begin = clock();
		r = regex_compile(patterns[i], strlen(patterns[i]), &fault);
		if (getenv("ACCT_SHOW") != NULL)
			printf("# %s: %s, %.1f ms", patterns[i], r == NULL ? fault.what : "compiled",
			    1e3 * (double)(clock() - begin) / CLOCKS_PER_SEC);
		begin = clock();
		if (r != NULL)
			(void)regex_matches(r, text, sizeof(text));
		if (getenv("ACCT_SHOW") != NULL)
			printf(", %.1f ms\n", 1e3 * (double)(clock() - begin) / CLOCKS_PER_SEC);
		regex_free(r);
	}
	OK("regex", "hostile patterns end");
}

int
main(void)
{
	unit_start();
	examples();
	faults();
	random_patterns();
	odd_patterns();
	hostile();
	return 0;
}
