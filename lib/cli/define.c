/* Parameters of expressions, from --define. */
#include <string.h>

#include "base/utf8.h"
#include "cli/cli.h"
#include "expr/expr.h"

void
cli_define_add(const char *option, char *text)
{
	char *value = cli_pair(option, text, "NAME=VALUE");

	if (!utf8_ok(value, strlen(value)))
		cli_usage("%s %s: not UTF-8", option, text);
	cli.parameters = xreallocarray(cli.parameters, cli.nparameters + 1, sizeof(*cli.parameters));
	cli.parameters[cli.nparameters++] = (struct expr_parameter){ text, value };
}

const struct cli_option cli_define[] = {
	{ 'D', "define", "NAME=VALUE", "what :NAME is in expressions; may be repeated", CLI_CALL,
	    .call = cli_define_add },
	{ 0 }
};
