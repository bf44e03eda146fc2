/* Options of the programs that create and fill tables. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "delta/delta.h"
#include "table/table.h"

static void
add_hidden(const char *option, char *arg)
{
	cli.nhidden += cli_list(option, arg, cli.hidden + cli.nhidden, REC_MAX_COLUMNS - cli.nhidden);
}

static void
add_property(const char *option, char *arg)
{
	char *value = cli_pair(option, arg, "NAME=VALUE");
	struct msg err = { 0 };
	size_t i;

	if (!utf8_ok(arg, strlen(arg)) || !utf8_ok(value, strlen(value)))
		cli_usage("%s: not UTF-8: %s", option, msg_quotes(arg));
	if (strcmp(arg, TABLE_KEY) == 0)
		cli_usage("%s: " TABLE_KEY " is the stream's key", option);
	if (delta_property_check(arg, value, &err) < 0)
		cli_usage("%s: %s", option, err.text);
	for (i = 0; i < cli.nproperties; i++)
		if (strcmp(cli.properties[i].key, arg) == 0)
			cli_usage("%s: %s given twice", option, msg_quotes(arg));
	cli.properties = xreallocarray(cli.properties, cli.nproperties + 1, sizeof(*cli.properties));
	cli.properties[cli.nproperties++] = (struct delta_pair){ arg, value };
}

/* A name may contain '@'; the last one separates. */
static void
add_consumed(const char *option, char *arg)
{
	char *at = strrchr(arg, '@');
	struct delta_app app = { .updated = -1 };
	size_t i;

	if (at == NULL || at == arg || !utf8_ok(arg, strlen(arg)) || !num_int64(at + 1, strlen(at + 1), &app.version) ||
	    app.version < 0)
		cli_usage("%s: must be SOURCE@VERSION: %s", option, msg_quotes(arg));
	app.id = xasprintf(DELTA_CONSUMED "%.*s", (int)(at - arg), arg);
	for (i = 0; i < cli.nconsumed; i++)
		if (strcmp(cli.consumed[i].id, app.id) == 0)
			cli_usage("%s: %s given twice", option, msg_quotes(app.id + strlen(DELTA_CONSUMED)));
	cli.consumed = xreallocarray(cli.consumed, cli.nconsumed + 1, sizeof(*cli.consumed));
	cli.consumed[cli.nconsumed++] = app;
}

const struct cli_option cli_new[] = {
	{ 0, "hidden", "COLUMN,...", "mark these columns hidden when they are added to the table: read only by name,\n"
	    "and left out when rows are compared", CLI_CALL, .call = add_hidden },
	{ 0, "property", "NAME=VALUE", "a property of the table if it is created here, such as\n"
	    "delta.enableDeletionVectors=true; may be repeated", CLI_CALL, .call = add_property },
	{ 0, "consumed", "SOURCE@N", "record that the table then has what version N of SOURCE says, a table's path or\n"
	    "the end of it; may be repeated", CLI_CALL, .call = add_consumed },
	{ 0 }
};

struct delta_pair *
cli_properties(const char *key_list)
{
	struct delta_pair *all = xcalloc(cli.nproperties + 1, sizeof(*all));
	size_t i;

	all[0] = (struct delta_pair){ TABLE_KEY, key_list };
	for (i = 0; i < cli.nproperties; i++)
		all[i + 1] = cli.properties[i];
	return all;
}

void
cli_free_new(void)
{
	while (cli.nconsumed > 0)
		free((char *)cli.consumed[--cli.nconsumed].id);
	free(cli.consumed);
	free(cli.properties);
	cli.consumed = NULL;
	cli.properties = NULL;
	cli.nproperties = 0;
}
