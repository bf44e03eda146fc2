/* What a pattern consists of; private to lib/regex and its tests. */
#ifndef REGEX_AST_H
#define REGEX_AST_H

#include <stddef.h>
#include <stdint.h>

#include "regex/regex.h"

enum { REGEX_LAST = 0x10ffff, REGEX_NO_LIMIT = UINT16_MAX, REGEX_REPEAT_MAX = 10000 };

enum regex_kind { REGEX_EMPTY, REGEX_SET, REGEX_BEGIN, REGEX_END, REGEX_CAT, REGEX_ALT, REGEX_REPEAT };

struct regex_range {		/* of code points, inclusive */
	uint32_t first, last;
};

struct regex_node {
	enum regex_kind kind;
	/* indexes: CAT, ALT: both sides; REPEAT: a; SET: n ranges from ranges[a] on, ascending and apart */
	uint32_t a, b;
	uint32_t n;
	uint16_t min, max;	/* REPEAT; max may be REGEX_NO_LIMIT */
};

struct regex_ast {
	struct regex_node *nodes;	/* owned */
	struct regex_range *ranges;	/* owned */
	size_t nnodes, nranges, nodes_cap, ranges_cap;
	uint32_t root;
};

/* parse.c: false fills the fault. */
bool regex_parse(struct regex_ast *t, const char *pattern, size_t n, struct regex_fault *fault);
void regex_ast_free(struct regex_ast *t);

/* table.c: NULL where it would be too large. *size: nodes of the pattern with its repetitions written out. */
struct regex_table;
enum { REGEX_SIZE_MAX = 20000 };
struct regex_table *regex_table(const struct regex_ast *t, size_t *size);
void regex_table_free(struct regex_table *d);
bool regex_table_matches(const struct regex_table *d, const uint8_t *p, size_t n);
bool regex_table_find(const struct regex_table *d, const uint8_t *p, size_t n, size_t from, size_t *at, size_t *len);

/* tre.c: NULL where it would be too large, or has a ^ or $. */
struct regex_tre;
struct regex_tre *regex_tre(const struct regex_ast *t);
void regex_tre_free(struct regex_tre *r);
bool regex_tre_matches(const struct regex_tre *r, const uint8_t *p, size_t n);

/* regex.c: the code point at p, whose sequence has len bytes; 0 in *len where it is not UTF-8. */
uint32_t regex_code_point(const uint8_t *p, size_t n, size_t *len);

#endif
