/* The folder of a run's files on this machine, of a lake that is not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "lake/record.h"

int
lake_make_folder(struct lake *l, const char *run, struct msg *err)
{
	char *temp = xasprintf("%s/acct-lake.XXXXXX", io_temp_folder());
	int failed = mkdtemp(temp) == NULL ? msg_sys(err, msg_errno_status(EX_CANTCREAT), "%s", temp) : 0;

	if (!failed) {
		l->folder = xasprintf("%s/%s", temp, run);
		if (mkdir(l->folder, S_IRWXU) < 0)
			failed = msg_sys(err, msg_errno_status(EX_CANTCREAT), "%s", l->folder);
	}
	free(temp);
	return failed;
}

static int
remove_files(struct store *temp, const char *name, struct msg *err)
{
	struct store *below;
	struct store_list list;
	int failed = lake_walk(temp, name, &below, &list, err);
	size_t i;

	if (failed)
		return -1;
	for (i = 0; i < list.n && !failed; i++)
		failed = store_delete(below, list.entries[i].name, err) < 0 ? -1 : 0;
	store_list_free(&list);
	store_close(below);
	return failed ? -1 : store_prune(temp, name, true, err);
}

int
lake_remove_folder(struct lake *l, struct msg *err)
{
	char *made = xstrndup(l->folder, (size_t)(strrchr(l->folder, '/') - l->folder));
	struct store *temp;
	const char *name;
	int failed = store_open_folder_of(&temp, made, &name, err);

	if (!failed) {
		failed = remove_files(temp, name, err);
		store_close(temp);
	}
	free(made);
	return failed;
}
