/* Any bytes as a schema: read or refused with a place, never a crash. */
#include "schema/schema.h"

int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n);

int
LLVMFuzzerTestOneInput(const unsigned char *p, size_t n)
{
	struct msg err = { 0 };
	struct schema s;
	size_t i;

	if (schema_parse(&s, p, n, "fuzz", &err) == 0) {
		if (s.name == NULL || s.ncolumns == 0 || err.status != 0)
			__builtin_trap();
		for (i = 0; i < s.ncolumns; i++)
			if (s.columns[i].name == NULL || s.columns[i].source == NULL)
				__builtin_trap();
	} else if (err.status != EX_CONFIG || err.text[0] == '\0') {
		__builtin_trap();
	}
	schema_free(&s);
	return 0;
}
