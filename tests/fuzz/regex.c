/*
 * A pattern, a NUL and a text: a pattern is compiled or refused with a place in it; the table and TRE say the same of
 * the text.
 */
#include <string.h>

#include "regex/ast.h"

int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n);

int
LLVMFuzzerTestOneInput(const unsigned char *p, size_t n)
{
	const unsigned char *nul = n > 0 ? memchr(p, 0, n) : NULL, *text = nul != NULL ? nul + 1 : p + n;
	size_t len = nul != NULL ? (size_t)(nul - p) : n, ntext = (size_t)(p + n - text), size;
	struct regex_table *table;
	struct regex_fault fault;
	struct regex_tre *tre;
	struct regex_ast t;

	if (!regex_parse(&t, (const char *)p, len, &fault)) {
		if (fault.what == NULL || fault.at + fault.n > len)
			__builtin_trap();
		regex_ast_free(&t);
		return 0;
	}
	table = regex_table(&t, &size);
	tre = size <= 1000 ? regex_tre(&t) : NULL;
	if (table != NULL && tre != NULL && regex_table_matches(table, text, ntext) != regex_tre_matches(tre, text,
	    ntext))
		__builtin_trap();
	regex_table_free(table);
	regex_tre_free(tre);
	regex_ast_free(&t);
	return 0;
}
