/* Files with keys, and ACCT_KEYS, which names them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "why/why.h"

int
why_keys_begin(struct why_keys *k, const char *lake, struct msg *err)
{
	char *folder = xasprintf("%s/acct-why-XXXXXX", io_temp_folder());

	*k = (struct why_keys){ .lake = lake };
	if (mkdtemp(folder) == NULL) {
		(void)msg_sys(err, EX_CANTCREAT, "%s", folder);
		free(folder);
		return -1;
	}
	k->folder = folder;
	buf_adds(&k->lines, lake);
	return 0;
}

static char *
file_name(const struct why_keys *k, unsigned i)
{
	return xasprintf("%s/%u", k->folder, i);
}

void
why_keys_end(struct why_keys *k)
{
	char *file;

	while (k->n > 0) {
		file = file_name(k, --k->n);
		unlink(file);
		free(file);
	}
	if (k->folder != NULL)
		rmdir(k->folder);
	free(k->folder);
	buf_free(&k->lines);
	*k = (struct why_keys){ 0 };
}

/* Adds the line of a file, which exists now. */
static void
add_line(struct why_keys *k, const char *table, const char *column, const char *file)
{
	buf_addf(&k->lines, "\n%s\t%s\t%s", table, column, file);
	setenv("ACCT_KEYS", buf_cstr(&k->lines), 1);
}

static int
write_value(const char *file, const char *column, struct val_type type, struct rec_field value, struct msg *err)
{
	struct rec_header h;
	struct rec_writer out;
	uint8_t *p;
	int failed;

	rec_header_init(&h, "keys");
	rec_header_add(&h, column, type, false, false);
	failed = rec_create(&out, file, &h) < 0 || (p = rec_begin(&out, value.n)) == NULL;
	if (!failed) {
		memcpy(p, value.p, value.n);
		rec_end(&out, p + value.n);
		failed = rec_finish(&out) < 0;
	}
	rec_header_free(&h);
	return failed ? msg_set(err, out.err.status, "%s", out.err.text) : 0;
}

int
why_keys_value(struct why_keys *k, const char *table, const char *column, struct val_type type,
    struct rec_field value, struct msg *err)
{
	char *file = file_name(k, k->n++);
	int failed = write_value(file, column, type, value, err);

	if (failed == 0)
		add_line(k, table, column, file);
	free(file);
	return failed;
}

int
why_keys_values(struct why_keys *k, const char *table, const char *column, const char *of, const char *other,
    struct msg *err)
{
	char *file = file_name(k, k->n++), *address = xasprintf("%s/%s", k->lake, of);
	const char *const argv[] = { "acct-read", "-c", other, "-o", file, address, NULL };
	int failed = why_child_run(argv, err);

	if (failed == 0)
		add_line(k, table, column, file);
	free(address);
	free(file);
	return failed;
}
