/* Parses the target's name. */
#include <stdlib.h>
#include <string.h>

#include "sql/sql.h"

/* Parses one part, up to a dot or the end. Returns its end, or NULL. *part is owned. */
static const char *
parse_part(const char *p, char **part)
{
	struct buf b = { 0 };
	bool quoted = *p == '"', ok = true;

	if (!quoted)
		for (; *p != '\0' && *p != '.'; p++)
			buf_addc(&b, (uint8_t)*p);
	else
		for (p++; (ok = *p != '\0') && (*p != '"' || *++p == '"'); p++)
			buf_addc(&b, (uint8_t)*p);
	*part = NULL;
	if (ok && b.len > 0 && (*p == '\0' || *p == '.'))
		*part = xstrdup(buf_cstr(&b));
	buf_free(&b);
	return *part == NULL ? NULL : p;
}

bool
sql_name_parse(const char *text, struct sql_name *n)
{
	char *first = NULL, *second = NULL;

	n->schema = n->table = NULL;
	text = parse_part(text, &first);
	if (text != NULL && *text == '.')
		text = parse_part(text + 1, &second);
	if (text == NULL || *text != '\0') {
		free(first);
		free(second);
		return false;
	}
	n->schema = second == NULL ? NULL : first;
	n->table = second == NULL ? first : second;
	return true;
}

void
sql_name_free(struct sql_name *n)
{
	free(n->schema);
	free(n->table);
	n->schema = n->table = NULL;
}
