/*
 * Objects of stores across a network as files: a thread copies between the object and a pipe, so that whoever reads or
 * writes a descriptor can do so with an address.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "azure/azure.h"
#include "base/io.h"
#include "store/store.h"

enum { PIECE = 1024 * 1024 };

struct store_file {
	struct store *store;
	struct store_in in;
	struct store_out out;
	int fd;				/* the program's end of the pipe */
	int pipe;			/* the thread's */
	pthread_t thread;
	pthread_mutex_t mutex;
	struct msg err;			/* what cut it short */
	struct store_file *next;
};

static pthread_mutex_t list_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct store_file *being_read;

static void
fail(struct store_file *f, const struct msg *err)
{
	pthread_mutex_lock(&f->mutex);
	(void)msg_set(&f->err, err->status, "%s", err->text);
	pthread_mutex_unlock(&f->mutex);
}

static int
start(struct store_file *f, void *(*copy)(void *))
{
	sigset_t all, old;
	int failed;

	pthread_mutex_init(&f->mutex, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	failed = pthread_create(&f->thread, NULL, copy, f);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return failed;
}

static void
release(struct store_file *f)
{
	store_close(f->store);
	free(f);
}

/* ---- reading ---- */

static void *
copy_in(void *arg)
{
	struct store_file *f = arg;
	uint8_t *piece = xmalloc(PIECE);
	struct msg err = { 0 };
	uint64_t at;
	size_t n;

	for (at = 0; at < f->in.size; at += n) {
		n = f->in.size - at < PIECE ? (size_t)(f->in.size - at) : PIECE;
		if (store_in_read(&f->in, at, piece, n, &err) < 0) {
			fail(f, &err);
			break;
		}
		if (io_write(f->pipe, piece, n, f->in.path, &err) < 0)
			break;			/* nobody reads on */
	}
	free(piece);
	close(f->pipe);
	return NULL;
}

static int
open_file(const char *path, struct msg *err)
{
	struct store_file *f = xcalloc(1, sizeof(*f));
	const char *name;
	int ends[2];

	if (store_open_folder_of(&f->store, path, &name, err) < 0 || store_in_open(f->store, name, &f->in, err) < 0) {
		release(f);
		return -1;
	}
	if (pipe2(ends, O_CLOEXEC) < 0) {
		store_in_close(&f->in);
		release(f);
		return msg_sys(err, EX_OSERR, "%s", path);
	}
	f->fd = ends[0];
	f->pipe = ends[1];
	io_widen_pipe(f->fd);
	if (start(f, copy_in) != 0) {
		close(f->pipe);
		(void)msg_set(&f->err, EX_OSERR, "%s: cannot start a thread", path);
	}
	pthread_mutex_lock(&list_mutex);
	f->next = being_read;
	being_read = f;
	pthread_mutex_unlock(&list_mutex);
	return f->fd;
}

/* Descriptors are used again: the newest file of a number is the one that is read. */
static int
failure(int fd, struct msg *err)
{
	struct store_file *f;
	int failed = 0;

	pthread_mutex_lock(&list_mutex);
	for (f = being_read; f != NULL && f->fd != fd; f = f->next)
		;
	pthread_mutex_unlock(&list_mutex);
	if (f == NULL)
		return 0;
	pthread_mutex_lock(&f->mutex);
	if (f->err.status != 0)
		failed = msg_set(err, f->err.status, "%s", f->err.text);
	pthread_mutex_unlock(&f->mutex);
	return failed;
}

/* ---- writing ---- */

/* Takes all that is written, also after a failure, so that the writer reaches its end and hears of it there. */
static void *
copy_out(void *arg)
{
	struct store_file *f = arg;
	uint8_t *piece = xmalloc(PIECE);
	struct msg err = { 0 };
	ssize_t n;

	while ((n = read(f->pipe, piece, PIECE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			(void)msg_sys(&err, EX_IOERR, "%s", f->out.path);
		else if (err.status == 0)
			(void)store_out_write(&f->out, piece, (size_t)n, &err);
		if (n < 0)
			break;
	}
	if (err.status != 0)
		fail(f, &err);
	free(piece);
	close(f->pipe);
	return NULL;
}

static void *
create(const char *path, int *fd, struct msg *err)
{
	struct store_file *f = xcalloc(1, sizeof(*f));
	const char *name;
	int ends[2];

	if (store_open_folder_of(&f->store, path, &name, err) < 0 || store_out_open(f->store, name, &f->out, err) < 0) {
		release(f);
		return NULL;
	}
	if (pipe2(ends, O_CLOEXEC) < 0) {
		(void)msg_sys(err, EX_OSERR, "%s", path);
		store_out_abandon(&f->out);
		release(f);
		return NULL;
	}
	f->pipe = ends[0];
	*fd = ends[1];
	io_widen_pipe(*fd);
	if (start(f, copy_out) == 0)
		return f;
	(void)msg_set(err, EX_OSERR, "%s: cannot start a thread", path);
	close(ends[0]);
	close(ends[1]);
	store_out_abandon(&f->out);
	release(f);
	return NULL;
}

static int
commit(void *out, struct msg *err)
{
	struct store_file *f = out;
	int failed;

	pthread_join(f->thread, NULL);
	if (f->err.status != 0) {
		failed = msg_set(err, f->err.status, "%s", f->err.text);
		store_out_abandon(&f->out);
	} else {
		failed = store_out_commit(&f->out, err);
	}
	release(f);
	return failed;
}

static void
abandon(void *out)
{
	struct store_file *f = out;

	pthread_join(f->thread, NULL);
	store_out_abandon(&f->out);
	release(f);
}

static const struct io_elsewhere files = { store_is_remote, open_file, failure, create, commit, abandon };

void
store_files_start(void (*say)(const char *))
{
	io_elsewhere = &files;
	azure_on_identity = say;
}
