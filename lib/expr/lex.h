/* The tokens of expressions: names, texts, numbers, operators. Private to lib/expr. */
#ifndef EXPR_LEX_H
#define EXPR_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/msg.h"
#include "rec/rec.h"

enum lex_kind {
	LEX_END,
	LEX_NAME,		/* bare: a column, a function or a keyword */
	LEX_QUOTED,		/* "name": a column */
	LEX_STRING,		/* 'text' */
	LEX_NUMBER,
	LEX_WORD,		/* @word: a word of the header */
	LEX_PARAMETER,		/* :name */
	LEX_EQ, LEX_NE, LEX_LT, LEX_LE, LEX_GT, LEX_GE,
	LEX_LEFT, LEX_RIGHT, LEX_COMMA, LEX_PLUS, LEX_MINUS,
	LEX_STAR, LEX_SLASH, LEX_WHOLE, LEX_PERCENT, LEX_CONCAT, LEX_CAST,
	LEX_BAD			/* an error, in err */
};

struct lex {
	const char *text;	/* view, n bytes */
	size_t n, next;		/* next: where the token after the current one starts */
	enum lex_kind kind;	/* of the current token */
	size_t where, end;	/* its offset in text, and the end of the token before it */
	const char *p;		/* its text, without quotes; doubled quotes are not resolved */
	size_t len;
	const struct rec_header *header;	/* its columns resolve names */
	struct msg *err;
	size_t *wherep;		/* receives the offset of the first error */
};

/* Starts at the first token. */
void lex_start(struct lex *l, const char *text, size_t n, const struct rec_header *h, size_t *where, struct msg *err);

void lex_next(struct lex *l);

/* Is the current token this keyword, in any case? */
bool lex_is(const struct lex *l, const char *keyword);

/* Is it a keyword that no bare name can be? */
bool lex_is_reserved(const struct lex *l);

/* Advances if the current token is of the kind, or the keyword. */
bool lex_take(struct lex *l, enum lex_kind kind);
bool lex_take_word(struct lex *l, const char *keyword);

/* Returns the current token with doubled quotes resolved, as bytes in the pool; *n is the length. */
char *lex_text(const struct lex *l, struct pool *pool, size_t *n);

/* Returns the current token as written, formatted for a message. */
const char *lex_show(const struct lex *l);

/* Fails at the current token with EX_USAGE; keeps the first error. Returns -1. */
int lex_fail(struct lex *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Resolves the current token as a column name and advances. Returns its index, or -1. */
int lex_column(struct lex *l);

#endif
