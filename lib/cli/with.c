/* Prepared versions that a program reads as if they were committed. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "cli/cli.h"

#define FOLDER "ACCT_PREPARED"

static void
add(char *path)
{
	cli.with = xreallocarray(cli.with, cli.nwith + 1, sizeof(*cli.with));
	cli.with[cli.nwith++] = path;
}

static void
set_with(const char *option, char *path)
{
	(void)option;
	add(path);
}

const struct cli_option cli_with[] = {
	{ 0, "with", "FILE", "the table after the commit of FILE, which --prepare wrote; of several FILEs as one\n"
	    "version (default: those below the folder " FOLDER ")", CLI_CALL, .call = set_with },
	{ 0 }
};

/* Leaves out what is hidden, and files that a program is writing. */
static int
is_complete(const struct dirent *e)
{
	return e->d_name[0] != '.' && strstr(e->d_name, ".tmp-") == NULL;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Adds the files below a folder. */
static void
add_folder(const char *folder)
{
	struct dirent **entries;
	struct stat st;
	char *path;
	int n = scandir(folder, &entries, is_complete, by_name), i;

	if (n < 0) {
		struct msg err = { 0 };

		(void)msg_sys(&err, msg_errno_status(EX_NOINPUT), FOLDER ": %s", folder);
		msg_exit(&err);
	}
	for (i = 0; i < n; i++) {
		path = xasprintf("%s/%s", folder, entries[i]->d_name);
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			add_folder(path);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			add(path);
		else
			free(path);
		free(entries[i]);
	}
	free(entries);
}

void
cli_find_with(void)
{
	const char *folder = getenv(FOLDER);
	size_t i;

	cli.with_found = cli.nwith == 0;
	if (cli.with_found && folder != NULL && *folder != '\0')
		add_folder(folder);
	for (i = 0; i < cli.nwith; i++)
		io_open_ahead(cli.with[i]);
}
