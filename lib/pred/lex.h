/* The words of predicates and select items: names, strings, numbers, signs. Private to lib/pred. */
#ifndef PRED_LEX_H
#define PRED_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/msg.h"
#include "rec/rec.h"

enum lex_kind {
	LEX_END,
	LEX_NAME,		/* bare: a column or a keyword */
	LEX_QUOTED,		/* "name": a column */
	LEX_STRING,		/* 'text' */
	LEX_NUMBER,
	LEX_WORD,		/* @word: of the header */
	LEX_EQ, LEX_NE, LEX_LT, LEX_LE, LEX_GT, LEX_GE,
	LEX_LEFT, LEX_RIGHT, LEX_COMMA, LEX_PLUS, LEX_MINUS,
	LEX_BAD			/* an error, in err */
};

struct lex {
	const char *text;	/* view, n bytes */
	size_t n, next;		/* next: where the word after the current one is looked for */
	enum lex_kind kind;	/* of the current word */
	size_t where;		/* its place in text */
	const char *p;		/* what is between its quotes, or all of it; doubled quotes still double */
	size_t len;
	const struct rec_header *header;	/* the columns names are looked up in */
	struct msg *err;
	size_t *wherep;		/* gets the place of the first error */
};

/* Starts at the first word. */
void lex_start(struct lex *l, const char *text, size_t n, const struct rec_header *h, size_t *where, struct msg *err);

void lex_next(struct lex *l);

/* Is the current word this keyword, in any case? */
bool lex_is(const struct lex *l, const char *keyword);

/* Goes on if the current word is of the kind. */
bool lex_take(struct lex *l, enum lex_kind kind);

/* The current word with doubled quotes made single, as bytes that live as long as the pool; *n is the length. */
char *lex_text(const struct lex *l, struct pool *pool, size_t *n);

/* The current word as it stands, fit to be shown. */
const char *lex_show(const struct lex *l);

/* Fails at the place of the current word with EX_USAGE; keeps the first failure. Returns -1. */
int lex_fail(struct lex *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Takes the current word as the name of a column. Returns its index, or -1. */
int lex_column(struct lex *l);

#endif
