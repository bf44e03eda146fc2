#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "azure/parts.h"
#include "base/io.h"

enum { MAX_SECRET = 1024 * 1024 };

const char *
azure_setting(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

static int
check_owner(int fd, const char *path, struct msg *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return msg_sys(err, EX_IOERR, "%s", path);
	if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 077) != 0)
		return msg_set(err, EX_NOPERM, "%s: others may read this secret; chmod 600 it", path);
	return 0;
}

int
azure_read_file(const char *path, bool is_secret, char **text, struct msg *err)
{
	int fd = io_open(path, err);
	struct buf b = { 0 };
	ssize_t got = 0;

	if (fd < 0)
		return -1;
	if (is_secret && check_owner(fd, path, err) < 0)
		got = -1;
	while (got >= 0 && b.len <= MAX_SECRET && (got = io_read(fd, buf_room(&b, 4096), 4096, path, err)) > 0)
		b.len += (size_t)got;
	close(fd);
	if (got >= 0 && b.len > MAX_SECRET)
		got = msg_set(err, EX_DATAERR, "%s: too long for a secret", path);
	if (got < 0) {
		buf_free(&b);
		return -1;
	}
	*text = buf_cstr(&b);
	return 0;
}

int
azure_secret(const char *name, char **secret, struct msg *err)
{
	char *variable = xasprintf("%s_FILE", name);
	const char *value = azure_setting(name), *file = azure_setting(variable);
	int got = 0;

	if (value != NULL) {
		*secret = xstrdup(value);
		got = 1;
	} else if (file != NULL) {
		got = azure_read_file(file, true, secret, err) < 0 ? -1 : 1;
	}
	if (got > 0)		/* without the line feed an editor adds */
		(*secret)[strcspn(*secret, "\r\n")] = '\0';
	free(variable);
	return got;
}

void
azure_put_base64(struct buf *out, const void *p, size_t n, bool for_url)
{
	uint8_t *to = buf_room(out, (n + 2) / 3 * 4 + 1);
	size_t length = (size_t)azure_calls.EVP_EncodeBlock(to, p, (int)n), i;

	for (i = 0; for_url && i < length; i++)
		to[i] = to[i] == '+' ? '-' : to[i] == '/' ? '_' : to[i];
	while (for_url && length > 0 && to[length - 1] == '=')
		length--;
	out->len += length;
}

void
azure_put_random(struct buf *out, size_t n)
{
	uint8_t bytes[32];
	size_t i;

	azure_calls.RAND_bytes(bytes, sizeof(bytes));
	for (i = 0; i < n && i < sizeof(bytes); i++)
		buf_addf(out, "%02x", bytes[i]);
}
