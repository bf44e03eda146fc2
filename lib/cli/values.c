#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/cli.h"

size_t
cli_size(const char *option, const char *arg)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(arg, "0123456789");
	const char *unit = strchr(units, arg[digits]);
	unsigned shift = arg[digits] != '\0' && unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
	unsigned long long v = strtoull(arg, NULL, 10);

	if (digits == 0 || digits > 15 || (arg[digits] != '\0' && (unit == NULL || arg[digits + 1] != '\0')) ||
	    v == 0 ||
	    v > (SIZE_MAX >> 1) >> shift)
		cli_usage("%s: must be a size such as 64K, 300M or 2G: %s", option, msg_quotes(arg));
	return (size_t)v << shift;
}

unsigned
cli_number(const char *option, const char *arg)
{
	unsigned long v = strtoul(arg, NULL, 10);

	if (arg[0] == '\0' || arg[strspn(arg, "0123456789")] != '\0' || v > CLI_NUMBER_MAX)
		cli_usage("%s: must be a number from 0 to %d: %s", option, CLI_NUMBER_MAX, msg_quotes(arg));
	return (unsigned)v;
}

/* "a, b or c" */
static const char *
choices(const char *const *words)
{
	static struct buf text;
	size_t i;

	text.len = 0;
	for (i = 0; words[i] != NULL; i++)
		buf_addf(&text, "%s%s", i == 0 ? "" : words[i + 1] == NULL ? " or " : ", ", words[i]);
	return buf_cstr(&text);
}

unsigned
cli_word(const char *option, const char *arg, const char *const *words)
{
	unsigned i;

	for (i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], arg) == 0)
			return i;
	cli_usage("%s: must be %s: %s", option, choices(words), msg_quotes(arg));
}

void
cli_name(const char *option, const char *arg)
{
	if (*arg == '\0' || !utf8_ok(arg, strlen(arg)))
		cli_usage("%s: must be a name in UTF-8: %s", option, msg_quotes(arg));
}

size_t
cli_list(const char *option, char *list, char **words, size_t max)
{
	size_t n = 0;
	char *word;

	while ((word = strsep(&list, ",")) != NULL) {
		if (*word == '\0')
			cli_usage("%s: an empty name in the list", option);
		if (n == max)
			cli_usage("%s: more than %zu names", option, max);
		words[n++] = word;
	}
	return n;
}

char *
cli_pair(const char *option, char *arg, const char *shape)
{
	char *equals = strchr(arg, '=');

	if (equals == NULL || equals == arg)
		cli_usage("%s: must be %s: %s", option, shape, msg_quotes(arg));
	*equals = '\0';
	return equals + 1;
}

char *
cli_operand(int argc, char *argv[], int first, const char *what)
{
	if (argc - first != 1)
		cli_usage(argc == first ? "missing %s" : "expected one %s", what);
	return argv[first];
}

void
cli_apart(const char *option, const char *path, const char *other_option, const char *other)
{
	if (path != NULL && strcmp(path, other != NULL ? other : "-") == 0)
		cli_usage("%s and %s cannot go to one place: %s", option, other_option, msg_quotes(path));
}
