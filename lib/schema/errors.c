/* Places in a schema, and messages about what is wrong there. */
#include "base/near.h"
#include "schema/load.h"

int
schema_fault(struct schema_loader *l, struct schema_place at, const char *what, const char *word)
{
	if (word == NULL)
		return msg_set(l->err, EX_CONFIG, "%s:%zu:%zu: %s", l->name, at.line, at.column, what);
	return msg_set(l->err, EX_CONFIG, "%s:%zu:%zu: %s: %s", l->name, at.line, at.column, what, msg_quotes(word));
}

int
schema_fault_near(struct schema_loader *l, struct schema_place at, const char *what, const char *word, const char *hint)
{
	return msg_set(l->err, EX_CONFIG, "%s:%zu:%zu: %s: %s%s", l->name, at.line, at.column, what, msg_quotes(word),
	    hint);
}

int
schema_no_column(struct schema_loader *l, struct schema_place at, const char *what, const char *word)
{
	struct near near;
	size_t i;

	near_start(&near, word);
	for (i = 0; i < l->schema->ncolumns; i++)
		near_try(&near, l->schema->columns[i].name);
	return schema_fault_near(l, at, what, word, near_hint(&near));
}

struct schema_place
schema_here(const struct schema_loader *l)
{
	return (struct schema_place){ l->event.start_mark.line + 1, l->event.start_mark.column + 1 };
}

/* Returns the place of a byte, for errors before libyaml counts lines. */
struct schema_place
schema_place_of(const uint8_t *text, size_t at)
{
	struct schema_place p = { 1, 1 };
	size_t i;

	for (i = 0; i < at; i++)
		if (text[i] == '\n')
			p = (struct schema_place){ p.line + 1, 1 };
		else
			p.column += (text[i] & 0xc0) != 0x80;
	return p;
}

int
schema_yaml_fault(struct schema_loader *l)
{
	struct schema_place at = { l->yaml.problem_mark.line + 1, l->yaml.problem_mark.column + 1 };

	if (l->yaml.error == YAML_MEMORY_ERROR)
		return msg_set(l->err, EX_OSERR, "%s: out of memory", l->name);
	if (l->yaml.error == YAML_READER_ERROR)
		at = schema_place_of(l->yaml.input.string.start, l->yaml.problem_offset);
	return schema_fault(l, at, l->yaml.problem != NULL ? l->yaml.problem : "not YAML", NULL);
}
