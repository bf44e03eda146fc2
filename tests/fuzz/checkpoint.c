/*
 * Any bytes as a checkpoint: in Parquet, classic or of version 2, or a manifest in JSON. The first byte chooses. What
 * is read as a state is written as a checkpoint and read again: it must be the same.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delta/log/names.h"
#include "delta/log/state.h"

#define CHECKPOINT DELTA_LOG "/00000000000000000003.checkpoint.parquet"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct delta_table table;	/* of a folder of its own, in memory where the system has that */
static char *object;			/* the bytes, as an object's name */
static int fd = -1;

static void
clean_up(void)
{
	struct msg unheard = { 0 };
	char *folder = xasprintf("%s/%s", table.address, DELTA_LOG);

	(void)store_delete(table.store, CHECKPOINT, &unheard);
	(void)store_delete(table.store, DELTA_LOG "/_last_checkpoint", &unheard);
	rmdir(folder);
	rmdir(table.address);
	free(folder);
}

static void
prepare(void)
{
	char folder[] = "/dev/shm/checkpoint.XXXXXX", other[] = "/tmp/checkpoint.XXXXXX";
	char *address = mkdtemp(folder) != NULL ? folder : mkdtemp(other);
	struct msg err = { 0 };

	fd = memfd_create("checkpoint", 0);
	if (fd < 0 || address == NULL || delta_open(&table, address, &err) < 0)
		abort();
	object = xasprintf("/proc/self/fd/%d", fd);
	atexit(clean_up);
}

/* What is alive, and what goes with it, must survive; removed files may be forgotten by age. */
static void
compare(const struct delta_snapshot *a, const struct delta_snapshot *b)
{
	size_t i;

	if (a->nfiles != b->nfiles || a->napps != b->napps || a->ndomains != b->ndomains ||
	    a->ncolumns != b->ncolumns || a->ntombstones < b->ntombstones ||
	    a->metadata.nconfiguration != b->metadata.nconfiguration ||
	    a->protocol.reader != b->protocol.reader || a->protocol.writer != b->protocol.writer)
		abort();
	for (i = 0; i < a->nfiles; i++)
		if (strcmp(a->files[i].name, b->files[i].name) != 0 || a->files[i].size != b->files[i].size ||
		    (a->files[i].dv == NULL) != (b->files[i].dv == NULL) ||
		    (a->files[i].stats == NULL) != (b->files[i].stats == NULL))
			abort();
}

/* The protocol's own features may stand in the state where its versions say that there are none. */
static bool
is_plain(const struct delta_snapshot *s)
{
	return s->protocol.nreader_features + s->protocol.nwriter_features == 0;
}

static void
write_again(struct delta_snapshot *s)
{
	struct delta_snapshot again = { 0 };
	struct delta_state st;
	struct msg err = { 0 };

	s->version = 3;
	if (delta_checkpoint_write(&table, s, &err) < 0)
		return;
	delta_state_init(&st, &again, table.root);
	if (delta_checkpoint_read(&st, table.store, CHECKPOINT, NULL, &err) < 0 ||
	    (delta_state_finish(&st, &err) < 0 && is_plain(s)))
		abort();
	if (is_plain(s))
		compare(s, &again);
	delta_state_free(&st);
	delta_snapshot_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct delta_snapshot s = { 0 };
	struct delta_state st;
	struct delta_names sidecars = { 0 };
	struct buf text = { 0 };
	struct msg err = { 0 };
	int failed;

	if (fd < 0)
		prepare();
	if (n == 0)
		return 0;
	delta_state_init(&st, &s, table.root);
	if (*p == 'm') {
		buf_add(&text, p + 1, n - 1);
		failed = delta_actions(&st, "manifest", &text, &sidecars, &err);
	} else {
		if (ftruncate(fd, 0) < 0 || pwrite(fd, p + 1, n - 1, 0) != (ssize_t)(n - 1))
			abort();
		failed = delta_checkpoint_read(&st, table.store, object, *p == 's' ? NULL : &sidecars, &err);
	}
	if (!failed && delta_state_finish(&st, &err) == 0)
		write_again(&s);
	delta_state_free(&st);
	delta_snapshot_free(&s);
	free(sidecars.p);
	buf_free(&text);
	return 0;
}
