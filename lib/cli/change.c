/* Options of the programs that change a table. */
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
	s->retry = cli.retry;
	s->outside = cli.outside;
	s->verbose = cli.verbose;
}
