/*
 * The tables that a script may read. ACCT_ONLY has a line for the folder of a lake and a line for each table below it
 * that may be read; tables elsewhere are free.
 */
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "cli/cli.h"
#include "store/store.h"

/* Returns the part of a whole path below the folder of n bytes, NULL if it is not there. */
static const char *
below(const char *path, const char *folder, size_t n)
{
	return path != NULL && strncmp(path, folder, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

void
cli_check_only(const char *address)
{
	const char *line = getenv("ACCT_ONLY"), *table;
	char *path;
	size_t n;

	if (line == NULL || *line == '\0')
		return;
	path = store_is_remote(address) ? xstrdup(address) : realpath(address, NULL);
	n = strcspn(line, "\n");
	if ((table = below(path, line, n)) == NULL) {
		free(path);
		return;
	}
	while (line[n] == '\n') {
		line += n + 1;
		n = strcspn(line, "\n");
		if (strlen(table) == n && memcmp(table, line, n) == 0) {
			free(path);
			return;
		}
	}
	msg_die(EX_CONFIG, "%s: not among the tables that this script says it reads (#: from)", address);
}
