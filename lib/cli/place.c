#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "cli/cli.h"
#include "delta/delta.h"

/* "3", "2026-01-31" or "2026-01-31T23:59:59Z". */
static bool
parse_at(const char *word, struct cli_place *p)
{
	size_t n = strlen(word);
	int64_t us;
	int32_t days;

	if (num_int64(word, n, &p->version))
		return p->version >= 0;
	p->version = DELTA_NEWEST;
	if (num_date(word, n, &days))
		us = (int64_t)days * 86400 * 1000000;
	else if (!num_timestamp(word, n, &us))
		return false;
	p->by_time = true;
	p->when = us / 1000 - (us % 1000 < 0);
	return true;
}

/* Cuts the version or time off TABLE@AT, unless a file has that whole name. */
static const char *
split(char *address, struct cli_place *p)
{
	char *at = strrchr(address, '@');

	if (at == NULL || at == address || strchr(at, '/') != NULL || access(address, F_OK) == 0 ||
	    !parse_at(at + 1, p))
		return NULL;
	*at = '\0';
	return at + 1;
}

void
cli_place(char *operand, struct cli_place *p)
{
	const char *at;

	*p = (struct cli_place){ .address = operand, .version = DELTA_NEWEST };
	at = split(operand, p);
	if (cli.at == NULL)
		return;
	if (at != NULL)
		cli_usage("%s@%s: --at names another version", operand, at);
	if (!parse_at(cli.at, p))
		cli_usage("--at: must be a version, a day or a time such as 2026-01-31T23:59:59Z: %s",
		    msg_quotes(cli.at));
}
