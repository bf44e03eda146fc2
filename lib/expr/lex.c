/* The lexer of expressions and lists of items. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "expr/lex.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Is the byte allowed in a bare name? Every byte of a UTF-8 sequence is. */
static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

void
lex_start(struct lex *l, const char *text, size_t n, const struct rec_header *h, size_t *where, struct msg *err)
{
	*l = (struct lex){ .text = text, .n = n, .header = h, .err = err, .wherep = where };
	lex_next(l);
}

int
lex_fail(struct lex *l, const char *fmt, ...)
{
	char text[900];
	va_list ap;

	if (l->err->status != 0)
		return -1;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	*l->wherep = l->where;
	return msg_set(l->err, EX_USAGE, "%s", text);
}

/* Scans from an opening quote to the closing one; a doubled quote is part of the text. */
static enum lex_kind
quoted(struct lex *l, char quote, enum lex_kind kind)
{
	size_t i = l->where + 1;

	for (; i < l->n; i++) {
		if (l->text[i] != quote)
			continue;
		if (i + 1 < l->n && l->text[i + 1] == quote) {
			i++;
			continue;
		}
		l->p = l->text + l->where + 1;
		l->len = i - l->where - 1;
		l->next = i + 1;
		return kind;
	}
	l->next = l->n;
	lex_fail(l, "missing closing %c", quote);
	return LEX_BAD;
}

/* Scans digits, points, letters, and a sign after the e of an exponent; the type's parser validates the number. */
static enum lex_kind
number(struct lex *l)
{
	size_t i = l->where;

	while (i < l->n) {
		char c = l->text[i];
		bool sign = (c == '+' || c == '-') && (l->text[i - (i > l->where)] | 0x20) == 'e';

		if (!is_digit(c) && !is_letter(c) && c != '.' && !sign)
			break;
		i++;
	}
	l->next = i;
	return LEX_NUMBER;
}

static enum lex_kind
name(struct lex *l)
{
	size_t i = l->where;

	while (i < l->n && (is_letter(l->text[i]) || is_digit(l->text[i]) || l->text[i] == '.'))
		i++;
	l->next = i;
	return LEX_NAME;
}

/* Scans "@" or ":" and a name, which is the text. */
static enum lex_kind
word(struct lex *l, enum lex_kind kind)
{
	l->where++;
	(void)name(l);
	l->where--;
	l->p = l->text + l->where + 1;
	l->len = l->next - l->where - 1;
	return kind;
}

static enum lex_kind
sign(struct lex *l)
{
	static const struct {
		char text[3];
		enum lex_kind kind;
	} signs[] = {
		{ "<>", LEX_NE }, { "!=", LEX_NE }, { "<=", LEX_LE }, { ">=", LEX_GE },
		{ "=", LEX_EQ }, { "<", LEX_LT }, { ">", LEX_GT }, { "(", LEX_LEFT },
		{ ")", LEX_RIGHT }, { ",", LEX_COMMA }, { "+", LEX_PLUS }, { "-", LEX_MINUS },
		{ "*", LEX_STAR }, { "//", LEX_WHOLE }, { "/", LEX_SLASH }, { "%", LEX_PERCENT },
		{ "||", LEX_CONCAT }, { "::", LEX_CAST }
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		size_t n = strlen(signs[i].text);

		if (l->n - l->where >= n && memcmp(l->text + l->where, signs[i].text, n) == 0) {
			l->next = l->where + n;
			return signs[i].kind;
		}
	}
	l->next = l->where + 1;
	lex_fail(l, "unexpected %s", msg_quote(l->text + l->where, 1));
	return LEX_BAD;
}

void
lex_next(struct lex *l)
{
	char c;

	if (l->kind == LEX_BAD)
		return;
	l->end = l->next;
	while (l->next < l->n && is_blank(l->text[l->next]))
		l->next++;
	l->where = l->next;
	l->p = NULL;
	if (l->where == l->n) {
		l->kind = LEX_END;
		return;
	}
	c = l->text[l->where];
	if (c == '\'')
		l->kind = quoted(l, c, LEX_STRING);
	else if (c == '"')
		l->kind = quoted(l, c, LEX_QUOTED);
	else if (is_digit(c) || c == '.')
		l->kind = number(l);
	else if ((c == '@' || c == ':') && l->where + 1 < l->n && is_letter(l->text[l->where + 1]))
		l->kind = word(l, c == '@' ? LEX_WORD : LEX_PARAMETER);
	else if (is_letter(c))
		l->kind = name(l);
	else
		l->kind = sign(l);
	if (l->p == NULL) {
		l->p = l->text + l->where;
		l->len = l->next - l->where;
	}
}

bool
lex_is(const struct lex *l, const char *keyword)
{
	return l->kind == LEX_NAME && strlen(keyword) == l->len && strncasecmp(l->p, keyword, l->len) == 0;
}

bool
lex_is_reserved(const struct lex *l)
{
	static const char *const words[] = {
		"and", "or", "not", "is", "in", "like", "ilike", "between", "case", "when", "then", "else", "end",
		"null", "true", "false"
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (lex_is(l, words[i]))
			return true;
	return false;
}

bool
lex_take_word(struct lex *l, const char *keyword)
{
	if (!lex_is(l, keyword))
		return false;
	lex_next(l);
	return true;
}

bool
lex_take(struct lex *l, enum lex_kind kind)
{
	if (l->kind != kind)
		return false;
	lex_next(l);
	return true;
}

char *
lex_text(const struct lex *l, struct pool *pool, size_t *n)
{
	char quote = l->kind == LEX_STRING ? '\'' : l->kind == LEX_QUOTED ? '"' : '\0';
	char *out = pool_alloc(pool, l->len + 1);
	size_t len = 0;

	for (size_t i = 0; i < l->len; i++) {
		out[len++] = l->p[i];
		if (quote != '\0' && l->p[i] == quote)
			i++;
	}
	out[len] = '\0';
	*n = len;
	return out;
}

const char *
lex_show(const struct lex *l)
{
	return l->kind == LEX_END ? "the end" : msg_quote(l->text + l->where, l->next - l->where);
}

/* Returns the list of columns, truncated for a message. */
static const char *
columns(const struct rec_header *h, char *out, size_t size)
{
	size_t len = 0, i;

	out[0] = '\0';
	for (i = 0; i < h->ncolumns; i++) {
		int n = snprintf(out + len, size - len, "%s%s", i > 0 ? ", " : "", h->columns[i].name);

		if (n < 0 || (size_t)n >= size - len - sizeof(", ...")) {
			snprintf(out + len, size - len, "%s", len > 0 ? ", ..." : "...");
			break;
		}
		len += (size_t)n;
	}
	return out;
}

int
lex_column(struct lex *l)
{
	char list[400];
	struct pool pool = { 0 };
	struct near near;
	size_t n;
	char *text;
	int c = -1;

	if ((l->kind != LEX_NAME && l->kind != LEX_QUOTED) || lex_is_reserved(l))
		return lex_fail(l, "expected a column, not %s", lex_show(l));
	text = lex_text(l, &pool, &n);
	if (memchr(text, '\0', n) == NULL)
		c = rec_header_find(l->header, text);
	near = rec_near(l->header, text);
	if (c < 0)
		lex_fail(l, "no column %s%s%s columns are: %s", msg_quote(text, n),
		    l->kind == LEX_QUOTED ? " (strings are in single quotes)" : "", near_hint_before(&near),
		    columns(l->header, list, sizeof(list)));
	pool_free(&pool);
	if (c >= 0)
		lex_next(l);
	return c;
}
