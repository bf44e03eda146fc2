/*
 * Checks the SQLite database of a lake's gold, gold/gold.db, if there is one: SQLite's own check, and the marks of
 * loads against the gold tables. A mark is a row of acct_load(lake, table_name, run_id, version, row_count, checksum,
 * loaded_at) with the table's id as `lake`; acct-merge-sql(1). Asks sqlite3(1), which reads the file alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "check/parts.h"
#include "delta/delta.h"

#define TARGET "gold/gold.db"

/* a lake's database while it is checked */
struct target {
	struct check *check;
	const char *lake;
	char *path;			/* owned */
};

/* ---- sqlite3 ---- */

/* Starts sqlite3, without our environment and its secrets, with its standard output in *out. Returns an errno, or 0. */
static int
start_sqlite(const char *path, const char *sql, pid_t *pid, int *out)
{
	const char *const words[] = { "sqlite3", "-batch", "-safe", "-readonly", "-init", "/dev/null", "-tabs", "-cmd",
	    ".timeout 10000", path, sql, NULL };
	const char *const environment[] = { "LC_ALL=C", NULL };
	posix_spawn_file_actions_t actions;
	int ends[2], failed;

	if (pipe(ends) < 0)
		return errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	posix_spawn_file_actions_addclose(&actions, ends[1]);
	failed = posix_spawnp(pid, words[0], &actions, NULL, (char *const *)words,
	    (char *const *)environment);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (failed != 0)
		close(ends[0]);
	else
		*out = ends[0];
	return failed;
}

/*
 * Appends what sqlite3 answers, or what it complains of. Returns its exit status, or -1 with err if it cannot be run
 * (EX_UNAVAILABLE) or read.
 */
static int
ask(const struct target *t, const char *sql, struct buf *answer, struct msg *err)
{
	enum { PIECE = 4096 };
	ssize_t n;
	pid_t pid;
	int out = -1, status, failed = start_sqlite(t->path, sql, &pid, &out);

	if (failed != 0)
		return msg_set(err, EX_UNAVAILABLE, "%s: not checked: sqlite3: %s", t->path, strerror(failed));
	while ((n = io_read(out, buf_room(answer, PIECE), PIECE, t->path, err)) > 0)
		answer->len += (size_t)n;
	close(out);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	buf_cstr(answer);
	if (n < 0)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)	/* a spawn that fails late */
		return msg_set(err, EX_UNAVAILABLE, "%s: not checked: sqlite3 cannot be run", t->path);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Asks a question whose answer is text. Returns it, owned, or NULL with the failure reported. */
static char *
answer_to(const struct target *t, const char *sql)
{
	struct buf answer = { 0 };
	struct msg err = { 0 };
	int status = ask(t, sql, &answer, &err);

	if (status == 0)
		return (char *)answer.p;
	if (status < 0)
		check_report(t->check, TARGET, &err);
	else
		check_fault(t->check, TARGET, "%s: damaged: sqlite3: %.*s", t->path,
		    (int)strcspn((const char *)answer.p, "\n"), (const char *)answer.p);
	buf_free(&answer);
	return NULL;
}

/* ---- marks ---- */

/* a row of acct_load; all are views */
struct mark {
	const char *lake, *table;
	int64_t version;
	uint64_t rows;
};

/* Splits a line of four words at its tabs. Returns false if it has other words. */
static bool
split_mark(char *line, struct mark *m)
{
	char *version, *rows, *end;

	m->lake = strsep(&line, "\t");
	m->table = strsep(&line, "\t");
	version = strsep(&line, "\t");
	rows = line;
	if (rows == NULL)
		return false;
	m->version = strtoll(version, &end, 10);
	if (*end != '\0' || end == version)
		return false;
	m->rows = strtoull(rows, &end, 10);
	return *end == '\0' && end != rows;
}

/* Compares the number of rows that the target has with that of its last load: others may only have added some. */
static void
check_count(const struct target *t, const struct mark *m)
{
	struct buf sql = { 0 };
	const char *p;
	char *answer;

	buf_adds(&sql, "SELECT count(*) FROM \"");
	for (p = m->table; *p != '\0'; p++)
		buf_adds(&sql, *p == '"' ? "\"\"" : (char[]){ *p, '\0' });
	buf_addc(&sql, '"');
	answer = answer_to(t, buf_cstr(&sql));
	if (answer != NULL && strtoull(answer, NULL, 10) < m->rows)
		check_fault(t->check, TARGET, "%s: table %s has %.*s rows, fewer than the %" PRIu64 " of its last load",
		    t->path, msg_quotes(m->table), (int)strcspn(answer, "\n"), answer, m->rows);
	free(answer);
	buf_free(&sql);
}

/* Compares a mark with the gold table of its name; marks of other lakes are not ours to judge. */
static void
check_mark(const struct target *t, const struct mark *m)
{
	char *path = xasprintf("%s/gold/%s", t->lake, m->table);
	struct delta_snapshot s;
	struct delta_table table;
	struct msg unheard = { 0 };	/* the table's own check reports what is wrong with it */

	if (strchr(m->table, '/') == NULL && delta_open(&table, path, &unheard) == 0) {
		if (delta_load(&table, DELTA_NEWEST, &s, &unheard) == 0) {
			if (strcmp(s.metadata.id, m->lake) == 0) {
				if (m->version > s.version)
					check_fault(t->check, TARGET, "%s: table %s has version %" PRId64
					    " of gold, whose newest is %" PRId64, t->path, msg_quotes(m->table),
					    m->version, s.version);
				check_count(t, m);
			}
			delta_snapshot_free(&s);
		}
		delta_close(&table);
	}
	free(path);
}

static void
check_loads(const struct target *t)
{
	char *marks = answer_to(t, "SELECT lake, table_name, version, row_count FROM acct_load"), *rest = marks, *line;
	struct mark m;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0')
			continue;
		if (split_mark(line, &m))
			check_mark(t, &m);
		else
			check_fault(t->check, TARGET, "%s: damaged: a mark in acct_load that no load writes", t->path);
	}
	free(marks);
}

/* ---- the database ---- */

/* Returns true if SQLite finds nothing wrong; reports it otherwise. */
static bool
is_sound(const struct target *t)
{
	char *answer = answer_to(t, "PRAGMA integrity_check(1)");
	bool sound = answer != NULL && strcmp(answer, "ok\n") == 0;

	if (answer != NULL && !sound)
		check_fault(t->check, TARGET, "%s: damaged: %.*s", t->path, (int)strcspn(answer, "\n"), answer);
	free(answer);
	return sound;
}

void
check_target(struct check *c, const char *lake)
{
	struct target t = { .check = c, .lake = lake, .path = xasprintf("%s/" TARGET, lake) };
	char *loads;

	if (!c->quick && access(t.path, F_OK) == 0 && is_sound(&t)) {
		loads = answer_to(&t, "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'acct_load'");
		if (loads != NULL && *loads != '\0')
			check_loads(&t);
		free(loads);
	}
	free(t.path);
}
