#include "ingest/resume.h"

#include <unistd.h>

#include <jansson.h>

#include "base/io.h"

static bool
get_number(const json_t *o, const char *name, uint64_t *v)
{
	const json_t *n = json_object_get(o, name);

	if (!json_is_integer(n) || json_integer_value(n) < 0)
		return false;
	*v = (uint64_t)json_integer_value(n);
	return true;
}

static bool
get_doubt(const json_t *o, const char *name, const char *what, struct csv_doubt *d)
{
	const json_t *of = json_object_get(o, name);

	return get_number(of, what, &d->n) && (d->n == 0 || get_number(of, "first", &d->first));
}

static bool
get_all(const json_t *o, struct ingest_resume *r)
{
	struct csv_mark *m = &r->mark;

	return get_number(o, "rows", &r->rows) && get_number(o, "malformed", &r->malformed) &&
	    get_number(o, "blank", &m->blank) && get_number(o, "header", &r->header) &&
	    get_number(o, "skipped", &m->skipped) && get_number(o, "lines", &m->lines) &&
	    get_number(o, "bytes", &m->offset) && get_doubt(o, "spanning", "rows", &m->spanning) &&
	    get_doubt(o, "open_quotes", "rejects", &m->open_quotes);
}

int
ingest_resume_read(struct ingest_resume *r, const char *path, struct msg *err)
{
	int fd = io_open(path, err), failed = 0;
	json_error_t why;
	const json_t *files, *at;
	json_t *o;

	*r = (struct ingest_resume){ 0 };
	if (fd < 0)
		return -1;
	o = json_loadfd(fd, 0, &why);
	close(fd);
	files = json_object_get(o, "files");
	at = json_object_get(json_array_get(files, 0), "resume");
	if (json_array_size(files) != 1 || at == NULL)
		failed = msg_set(err, EX_DATAERR, "%s: not statistics of acct-ingest for one file", path);
	else if (json_is_null(at))
		failed = msg_set(err, EX_DATAERR, "%s: the reading of this file cannot go on", path);
	else if (!get_all(at, r))
		failed = msg_set(err, EX_DATAERR, "%s: invalid resume", path);
	json_decref(o);
	return failed;
}
