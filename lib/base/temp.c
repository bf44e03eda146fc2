#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

const char *
io_temp_folder(void)
{
	const char *dir = getenv("TMPDIR");

	return dir != NULL && *dir != '\0' ? dir : "/tmp";
}

static int
open_nameless(void)
{
	return open(io_temp_folder(), O_RDWR | O_TMPFILE | O_EXCL | O_CLOEXEC, 0600);
}

bool
io_temp_is_nameless(void)
{
	int fd = open_nameless();

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int
io_temp_open(struct msg *err)
{
	int fd = open_nameless();
	char *name;

	if (fd >= 0)
		return fd;
	name = xasprintf("%s/acct-XXXXXX", io_temp_folder());
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		msg_sys(err, EX_CANTCREAT, "%s", name);
	else
		unlink(name);
	free(name);
	return fd;
}
