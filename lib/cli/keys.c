/*
 * The rows that a script is to see. ACCT_KEYS has a line for the folder of a lake, and a line for each table below it
 * of which only some rows are seen: the table, a column, and a file with keys, which tabs separate.
 */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "cli/cli.h"

enum { TABLE, COLUMN, NAME, FIELDS };

/* Splits a line of n bytes. */
static void
split(const char *line, size_t n, char *fields[FIELDS])
{
	char *rest = xstrndup(line, n);
	size_t i;

	fields[TABLE] = rest;
	for (i = 0; i < FIELDS && rest != NULL; i++)
		fields[i] = strsep(&rest, "\t");
	if (i < FIELDS || rest != NULL)
		cli_usage("ACCT_KEYS: expected a table, a column and a file: %s", msg_quote(line, n));
}

bool
cli_find_keys(const char *address, char **column, char **file)
{
	const char *line = getenv("ACCT_KEYS");
	char *table, *fields[FIELDS];
	bool found = false;
	size_t n;

	if (line == NULL || *line == '\0')
		return false;
	n = strcspn(line, "\n");
	table = cli_table_of(address, line, n);
	while (table != NULL && !found && line[n] == '\n') {
		line += n + 1;
		n = strcspn(line, "\n");
		split(line, n, fields);
		if ((found = strcmp(fields[TABLE], table) == 0)) {
			*column = xstrdup(fields[COLUMN]);
			*file = xstrdup(fields[NAME]);
			io_open_ahead(*file);
		}
		free(fields[TABLE]);
	}
	free(table);
	return found;
}
