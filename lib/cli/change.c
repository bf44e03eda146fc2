/* Options of the programs that change a table. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/cli.h"
#include "delta/delta.h"
#include "table/session.h"

/* A name may contain colons; the last one separates. */
static void
set_txn(const char *option, char *word)
{
	const char *colon = strrchr(word, ':');
	struct delta_app app = { .version = TABLE_NEXT };

	if (colon != NULL && colon > word && strcmp(colon, ":next") == 0 && utf8_ok(word, strlen(word)))
		app.id = xstrndup(word, (size_t)(colon - word));
	else if (!delta_app_parse(word, &app))
		cli_usage("%s: must be APP:VERSION: %s", option, msg_quotes(word));
	cli.app = app.id;
	cli.app_version = app.version;
}

const struct cli_option cli_change[] = {
	{ 0, "txn", "APP:VERSION", "do nothing if the application APP has written this version or a later one",
	    CLI_CALL, .call = set_txn },
	{ 0, "prepare", "FILE", "write the data files, and the commit to FILE for acct-commit; --txn APP:next is the\n"
	    "version after the last of APP", CLI_TEXT, .to = &cli.prepare },
	{ 0 }
};

/*
 * In a run of acct-lake whose folder ACCT_RUN is on this machine, ACCT_RUN_STORE is where the lake keeps what whoever
 * recovers it must find: the address of a copy of the file, or NULL if it has none. Owned by the caller.
 */
static char *
copy_of(const char *path)
{
	const char *run = getenv("ACCT_RUN"), *store = getenv("ACCT_RUN_STORE");
	size_t n = run != NULL ? strlen(run) : 0;

	if (path == NULL || n == 0 || store == NULL || *store == '\0' || strncmp(path, run, n) != 0 || path[n] != '/')
		return NULL;
	return xasprintf("%s%s", store, path + n);
}

void
cli_session(struct table_session *s)
{
	if (cli.prepare != NULL && cli.app == NULL)
		cli_usage("--prepare needs --txn, so that it is committed once");
	if (cli.app != NULL && cli.app_version == TABLE_NEXT && cli.prepare == NULL)
		cli_usage("--txn: APP:next needs --prepare");
	s->app = (struct delta_app){ .id = cli.app, .version = cli.app_version };
	s->consumed = cli.consumed;
	s->nconsumed = cli.nconsumed;
	s->prepare = cli.prepare;
	s->prepare_copy = copy_of(cli.prepare);
	s->retry = cli.retry;
	s->outside = cli.outside;
	s->verbose = cli.verbose;
}
