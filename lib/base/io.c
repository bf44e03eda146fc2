#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/progress.h"

static bool
is_standard(const char *path)
{
	return path == NULL || strcmp(path, "-") == 0;
}

const char *
io_in_name(const char *path)
{
	return is_standard(path) ? "<stdin>" : path;
}

const char *
io_out_name(const char *path)
{
	return is_standard(path) ? "<stdout>" : path;
}

const struct io_elsewhere *io_elsewhere;

static bool
is_elsewhere(const char *path)
{
	return !is_standard(path) && io_elsewhere != NULL && io_elsewhere->has(path);
}

/* ---- inputs ---- */

struct held {			/* files opened ahead, in order */
	char *path;
	int fd, error;		/* fd -1: errno of the failed open */
	struct msg err;		/* of one elsewhere */
	bool wait;		/* a FIFO that may have no writer yet */
	struct held *next;
};
static struct held *held_inputs;

/* Opens a file; at the soft limit of descriptors, raises it to the hard limit and tries again. */
static int
open_more(const char *path, int flags)
{
	struct rlimit limit;
	int fd = open(path, flags);

	if (fd >= 0 || errno != EMFILE || getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return fd;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return open(path, flags);
	errno = EMFILE;
	return -1;
}

void
io_open_ahead(const char *path)
{
	struct held **at, *h;
	struct stat st;

	if (is_standard(path))
		return;
	h = xcalloc(1, sizeof(*h));
	h->path = xstrdup(path);
	if (is_elsewhere(path)) {
		h->fd = io_elsewhere->open(path, &h->err);
	} else {
		h->wait = stat(path, &st) == 0 && S_ISFIFO(st.st_mode);
		h->fd = open_more(path, O_RDONLY | O_CLOEXEC | (h->wait ? O_NONBLOCK : 0));
		h->error = errno;
	}
	if (h->wait && h->fd >= 0)
		(void)fcntl(h->fd, F_SETFL, 0);
	for (at = &held_inputs; *at != NULL; at = &(*at)->next)
		continue;
	*at = h;
}

/* Linux reports POLLHUP on a FIFO only after it has had a writer, so this cannot return too early. */
static void
wait_for_writer(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		progress_poll();
}

/* Returns the descriptor opened ahead for path, -1 with errno or err if that open failed, or -2 if none was opened. */
static int
take_held(const char *path, struct msg *err)
{
	struct held **at = &held_inputs, *h;
	int fd;

	while (*at != NULL && strcmp((*at)->path, path) != 0)
		at = &(*at)->next;
	if ((h = *at) == NULL)
		return -2;
	*at = h->next;
	fd = h->fd;
	if (fd >= 0 && h->wait)
		wait_for_writer(fd);
	if (h->err.status != 0)
		msg_set(err, h->err.status, "%s", h->err.text);
	errno = h->error;
	free(h->path);
	free(h);
	return fd;
}

static int
open_input(const char *path, struct msg *err)
{
	int fd = take_held(path, err);

	if (fd == -2 && is_elsewhere(path))
		return io_elsewhere->open(path, err);
	return fd != -2 ? fd : open(path, O_RDONLY | O_CLOEXEC);
}

int
io_open(const char *path, struct msg *err)
{
	struct stat st;
	int fd;

	fd = is_standard(path) ? STDIN_FILENO : open_input(path, err);
	if (fd < 0 || fstat(fd, &st) < 0)
		return msg_sys(err, msg_errno_status(EX_IOERR), "%s", io_in_name(path));
	if (S_ISDIR(st.st_mode)) {
		if (fd != STDIN_FILENO)
			close(fd);
		errno = EISDIR;
		return msg_sys(err, EX_NOINPUT, "%s", io_in_name(path));
	}
	io_widen_pipe(fd);
	return fd;
}

ssize_t
io_read(int fd, void *p, size_t n, const char *name, struct msg *err)
{
	ssize_t got;

	while ((got = read(fd, p, n)) < 0) {
		if (errno != EINTR)
			return msg_sys(err, EX_IOERR, "%s", name);
		progress_poll();
	}
	if (got == 0 && io_elsewhere != NULL && io_elsewhere->failure(fd, err) < 0)
		return -1;
	return got;
}

int
io_write(int fd, const void *p, size_t n, const char *name, struct msg *err)
{
	const char *s = p;
	ssize_t put;

	while (n > 0) {
		put = write(fd, s, n);
		if (put < 0) {
			if (errno != EINTR)
				return msg_sys(err, EX_IOERR, "%s", name);
			progress_poll();
			continue;
		}
		s += put;
		n -= (size_t)put;
	}
	return 0;
}

void
io_push(int fd, uint64_t from, size_t n)
{
#ifdef SYNC_FILE_RANGE_WRITE
	const uint64_t piece = UINT64_C(1) << 23;
	uint64_t begin = from / piece * piece, end = (from + n) / piece * piece;
	int saved = errno;

	if (end > begin)
		(void)sync_file_range(fd, (off_t)begin, (off_t)(end - begin), SYNC_FILE_RANGE_WRITE);
	errno = saved;
#else
	(void)fd;
	(void)from;
	(void)n;
#endif
}

void
io_widen_pipe(int fd)
{
#ifdef F_SETPIPE_SZ
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode))
		(void)fcntl(fd, F_SETPIPE_SZ, 1024 * 1024);	/* best effort: affects speed only */
#else
	(void)fd;
#endif
}

/* ---- outputs ---- */

static struct io_out *unfinished;

static void
remove_unfinished(void)
{
	struct io_out *o;

	for (o = unfinished; o != NULL; o = o->next)
		if (o->temp != NULL)
			unlink(o->temp);
}

static void
remove_and_die(int sig)
{
	remove_unfinished();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void
remember(struct io_out *o)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	static bool armed;
	struct sigaction sa = { .sa_handler = remove_and_die }, old;
	size_t i;

	o->next = unfinished;
	unfinished = o;
	if (armed)
		return;
	armed = true;
	atexit(remove_unfinished);
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(signals[i], &sa, NULL);
}

static void
forget(struct io_out *o)
{
	struct io_out **at;

	for (at = &unfinished; *at != NULL; at = &(*at)->next)
		if (*at == o) {
			*at = o->next;
			break;
		}
	free(o->path);
	free(o->temp);
	memset(o, 0, sizeof(*o));
	o->fd = -1;
}

/* Is the output written in place: a device, a pipe, or the target of a symbolic link? */
static bool
in_place(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

struct held_out {		/* an output created ahead */
	char *path;
	struct io_out out;
	struct msg err;
	struct held_out *next;
};
static struct held_out *held_outputs;

static int
create(struct io_out *o, const char *path, struct msg *err)
{
	struct stat st;
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC;

	memset(o, 0, sizeof(*o));
	o->path = xstrdup(path);
	if (is_elsewhere(path)) {
		o->elsewhere = io_elsewhere->create(path, &o->fd, err);
		if (o->elsewhere == NULL)
			forget(o);
		return o->elsewhere != NULL ? 0 : -1;
	}
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		o->fd = -1;
	} else if (in_place(path)) {
		o->fd = open(path, O_WRONLY | O_CLOEXEC);
	} else {
		o->temp = xasprintf("%s.tmp-%ld", path, (long)getpid());
		o->fd = open(o->temp, flags | O_EXCL, 0666);
		if (o->fd < 0 && errno == EEXIST && unlink(o->temp) == 0)	/* left by a killed process */
			o->fd = open(o->temp, flags | O_EXCL, 0666);
		if (o->fd >= 0)
			remember(o);
	}
	if (o->fd < 0) {
		msg_sys(err, errno == ENOENT || errno == ENOTDIR || errno == EISDIR ? EX_CANTCREAT :
		    msg_errno_status(EX_CANTCREAT), "%s", path);
		forget(o);
		return -1;
	}
	io_widen_pipe(o->fd);
	return 0;
}

void
io_create_ahead(const char *path)
{
	struct held_out *h;

	if (is_standard(path))
		return;
	h = xcalloc(1, sizeof(*h));
	h->path = xstrdup(path);
	h->next = held_outputs;
	held_outputs = h;
	(void)create(&h->out, path, &h->err);
}

/* Moves the output and its place in the list of unfinished outputs. */
static int
take_created(struct io_out *o, struct held_out *h, struct msg *err)
{
	struct io_out **at;
	int failed = h->err.status != 0;

	*o = h->out;
	for (at = &unfinished; *at != NULL; at = &(*at)->next)
		if (*at == &h->out) {
			*at = o;
			break;
		}
	if (failed)
		msg_set(err, h->err.status, "%s", h->err.text);
	free(h->path);
	free(h);
	return failed ? -1 : 0;
}

int
io_create(struct io_out *o, const char *path, struct msg *err)
{
	struct held_out **at, *h;

	if (is_standard(path)) {
		*o = (struct io_out){ .fd = STDOUT_FILENO };
		io_widen_pipe(o->fd);
		return 0;
	}
	for (at = &held_outputs; *at != NULL; at = &(*at)->next)
		if (strcmp((*at)->path, path) == 0) {
			h = *at;
			*at = h->next;
			return take_created(o, h, err);
		}
	return create(o, path, err);
}

const struct io_out *
io_unfinished(void)
{
	return unfinished;
}

char *
io_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? xstrdup(".") : xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* Makes the name of a file durable. */
static int
sync_folder(const char *path)
{
	char *folder = io_folder(path);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed = 0;

	free(folder);
	if (fd < 0)
		return errno == EACCES ? 0 : -1;	/* a write-only directory cannot be synced */
	if (fsync(fd) < 0 && errno != EINVAL)		/* EINVAL: the file system does not support fsync */
		failed = -1;
	close(fd);
	return failed;
}

/* Renames the output to its name and makes that durable; removes the name if it cannot be made durable. */
static int
name_output(const struct io_out *o, struct msg *err)
{
	if (rename(o->temp, o->path) < 0)
		return msg_sys(err, EX_CANTCREAT, "%s", o->path);
	if (sync_folder(o->path) == 0)
		return 0;
	(void)msg_sys(err, EX_IOERR, "%s", o->path);
	unlink(o->path);
	return -1;
}

int
io_commit(struct io_out *o, struct msg *err)
{
	const char *name = o->path != NULL ? o->path : "<stdout>";
	int failed = 0;

	if (o->temp != NULL && fsync(o->fd) < 0)
		failed = msg_sys(err, EX_IOERR, "%s", name);
	if (close(o->fd) < 0 && !failed)
		failed = msg_sys(err, EX_IOERR, "%s", name);
	if (o->elsewhere != NULL)
		failed = io_elsewhere->commit(o->elsewhere, err);
	if (o->temp != NULL && !failed)
		failed = name_output(o, err);
	if (failed && o->temp != NULL)
		unlink(o->temp);
	forget(o);
	return failed;
}

void
io_abandon(struct io_out *o)
{
	if (o->fd > STDERR_FILENO)
		close(o->fd);
	if (o->elsewhere != NULL)
		io_elsewhere->abandon(o->elsewhere);
	if (o->temp != NULL)
		unlink(o->temp);
	forget(o);
}
