/*
 * The tables that a script may read. ACCT_ONLY has a line for the folder of a lake and a line for each table below it
 * that may be read; tables elsewhere are free.
 */
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "cli/cli.h"
#include "store/store.h"

char *
cli_table_of(const char *address, const char *lake, size_t n)
{
	char *path = store_is_remote(address) ? xstrdup(address) : realpath(address, NULL), *table = NULL;

	if (path != NULL && strncmp(path, lake, n) == 0 && path[n] == '/')
		table = xstrdup(path + n + 1);
	free(path);
	return table;
}

void
cli_check_only(const char *address)
{
	const char *line = getenv("ACCT_ONLY");
	char *table;
	size_t n;

	if (line == NULL || *line == '\0')
		return;
	n = strcspn(line, "\n");
	if ((table = cli_table_of(address, line, n)) == NULL)
		return;
	while (line[n] == '\n') {
		line += n + 1;
		n = strcspn(line, "\n");
		if (strlen(table) == n && memcmp(table, line, n) == 0) {
			free(table);
			return;
		}
	}
	msg_die(EX_CONFIG, "%s: not among the tables that this script says it reads (#: from)", address);
}
