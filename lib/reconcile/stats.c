/* What the programs counted when they made the source tables: files below runs/made/TABLE of a lake. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/io.h"
#include "reconcile/parts.h"

enum { PIECE = 4096, SUM_DIGITS = 16 };

/* Returns the path of a file as the run will leave it, or as the lake has it; owned. */
static char *
current_path(const struct reconcile *r, const char *name)
{
	char *path;

	if (r->run != NULL) {
		path = xasprintf("%s/stage/%s", r->run, name);
		if (access(path, F_OK) == 0)
			return path;
		free(path);
	}
	return xasprintf("%s/%s", r->lake, name);
}

/* Returns the path of a file that says how a table was made; owned. */
static char *
made_path(const struct reconcile *r, const char *table, const char *what)
{
	char *name = xasprintf("runs/made/%s/%s", table, what), *path = current_path(r, name);

	free(name);
	return path;
}

static int
missing(const char *path, struct msg *err)
{
	return msg_set(err, EX_NOINPUT, "%s: not there; run.sh makes it", path);
}

/* ---- JSON ---- */

static json_t *
read_json(const struct reconcile *r, const char *table, const char *what, struct msg *err)
{
	char *path = made_path(r, table, what);
	json_error_t why;
	json_t *o = NULL;
	int fd = -1;

	if (access(path, F_OK) < 0)
		missing(path, err);
	else
		fd = io_open(path, err);
	if (fd >= 0) {
		o = json_loadfd(fd, 0, &why);
		close(fd);
	}
	if (fd >= 0 && !json_is_object(o)) {
		msg_set(err, EX_DATAERR, "%s: not statistics of table %s", path, msg_quotes(table));
		json_decref(o);
		o = NULL;
	}
	free(path);
	return o;
}

const char *
reconcile_number(const json_t *o, const char *key)
{
	static char text[8][NUM_TEXT];
	static unsigned turn;
	const json_t *v = json_object_get(o, key);
	char *to = text[turn++ % 8];

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return NULL;
	snprintf(to, NUM_TEXT, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	return to;
}

/* Have both all counts? Those of an earlier build lack some. */
static bool
is_complete(const struct reconcile_source *s)
{
	static const char *const ingest[] = { "rows", "blank", "header" };
	static const char *const clean[] = { "read", "clean", "rejected", "clean_lines", "rejected_lines" };
	size_t i;

	for (i = 0; i < sizeof(ingest) / sizeof(*ingest); i++)
		if (reconcile_number(s->ingest, ingest[i]) == NULL)
			return false;
	for (i = 0; i < sizeof(clean) / sizeof(*clean); i++)
		if (reconcile_number(s->clean, clean[i]) == NULL)
			return false;
	return json_is_object(json_object_get(s->clean, "reasons"));
}

/* ---- the file in bronze ---- */

/* Reads the first word of a file of one line; owned. */
static char *
read_word(const struct reconcile *r, const char *table, const char *what, struct msg *err)
{
	char *path = made_path(r, table, what), text[PIECE];
	int fd = access(path, F_OK) < 0 ? missing(path, err) : io_open(path, err);
	ssize_t n = fd >= 0 ? io_read(fd, text, sizeof(text) - 1, path, err) : -1;

	if (fd >= 0)
		close(fd);
	free(path);
	if (n < 0)
		return NULL;
	text[n] = '\0';
	return xstrndup(text, strcspn(text, " \n"));
}

/* Finds the file of bronze whose name begins with a sum, as the table's schema names it or compressed; owned. */
static char *
find_bronze(const struct reconcile *r, const struct job_source *s, const char *sum)
{
	static const char *const suffixes[] = { "", ".gz", ".zst" };
	char *name, *path, *first = NULL;
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		name = xasprintf("bronze/%s/%.*s-%s%s", s->schema.name, SUM_DIGITS, sum, s->file, suffixes[i]);
		path = current_path(r, name);
		free(name);
		if (access(path, F_OK) == 0) {
			free(first);
			return path;
		}
		if (first == NULL)
			first = path;
		else
			free(path);
	}
	return first;
}

static int
read_source(const struct reconcile *r, const struct job_source *s, struct reconcile_source *to, struct msg *err)
{
	const char *table = s->schema.name;
	char *sum = NULL, *path;
	struct stat st;

	path = made_path(r, table, "ingest.json");
	to->absent = s->schema.optional && access(path, F_OK) < 0;
	free(path);
	if (to->absent)
		return 0;
	if ((to->ingest = read_json(r, table, "ingest.json", err)) == NULL ||
	    (to->clean = read_json(r, table, "clean.json", err)) == NULL ||
	    (to->run = read_word(r, table, "run", err)) == NULL || (sum = read_word(r, table, "key", err)) == NULL)
		return -1;
	to->bronze = find_bronze(r, s, sum);
	free(sum);
	to->bytes = stat(to->bronze, &st) == 0 ? (uint64_t)st.st_size : 0;
	return 0;
}

int
reconcile_read_sources(struct reconcile *r, struct msg *err)
{
	struct buf old = { 0 };
	size_t i;

	r->sources = xcalloc(r->job->nsources, sizeof(*r->sources));
	for (i = 0; i < r->job->nsources; i++) {
		if (read_source(r, &r->job->sources[i], &r->sources[i], err) < 0)
			break;
		if (!r->sources[i].absent && !is_complete(&r->sources[i]))
			buf_addf(&old, "%s%s", old.len > 0 ? "," : "", r->job->sources[i].schema.name);
	}
	if (old.len > 0)
		msg_set(err, EX_CONFIG, "%s: made by an earlier build, which did not count the lines of %s; "
		    "run.sh --rebuild makes silver and gold again of the files in bronze", r->lake, buf_cstr(&old));
	buf_free(&old);
	return err->status != 0 ? -1 : 0;
}

void
reconcile_source_free(struct reconcile_source *s)
{
	json_decref(s->ingest);
	json_decref(s->clean);
	free(s->run);
	free(s->bronze);
}
