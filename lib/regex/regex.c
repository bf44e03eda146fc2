#include "regex/regex.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "base/visible.h"
#include "regex/ast.h"

struct regex {			/* one of the two */
	struct regex_table *table;
	struct regex_tre *tre;
};

uint32_t
regex_code_point(const uint8_t *p, size_t n, size_t *len)
{
	*len = utf8_len(p, n);
	return visible_code_point(p, *len);
}

struct regex *
regex_compile(const char *pattern, size_t n, struct regex_fault *fault)
{
	struct regex r = { NULL, NULL }, *copy = NULL;
	struct regex_ast t;
	size_t size = 0;

	if (regex_parse(&t, pattern, n, fault)) {
		r.table = regex_table(&t, &size);
		if (r.table == NULL && size <= REGEX_SIZE_MAX)
			r.tre = regex_tre(&t);
		if (r.table == NULL && r.tre == NULL)
			*fault = (struct regex_fault){ "too many repetitions in a pattern", 0, n };
	}
	regex_ast_free(&t);
	if (r.table != NULL || r.tre != NULL) {
		copy = xmalloc(sizeof(*copy));
		*copy = r;
	}
	return copy;
}

void
regex_free(struct regex *r)
{
	if (r == NULL)
		return;
	regex_table_free(r->table);
	regex_tre_free(r->tre);
	free(r);
}

bool
regex_matches(const struct regex *r, const void *text, size_t n)
{
	return r->table != NULL ? regex_table_matches(r->table, text, n) : regex_tre_matches(r->tre, text, n);
}

bool
regex_can_find(const struct regex *r)
{
	return r->table != NULL;
}

bool
regex_find(const struct regex *r, const void *text, size_t n, size_t from, size_t *at, size_t *len)
{
	return regex_table_find(r->table, text, n, from, at, len);
}
