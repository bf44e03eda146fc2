/* The way from a table to a column along references. */
#include <stdlib.h>
#include <string.h>

#include "why/why.h"

static bool
has_column(const struct job_source *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->schema.ncolumns; i++)
		if (strcmp(s->schema.columns[i].name, name) == 0)
			return true;
	return false;
}

struct path_search {			/* breadth first, from the source */
	const struct job *job;
	struct why_step *came;	/* to each source: the step that led there */
	bool *seen;
	size_t *queue, n;
};

static void
visit(struct path_search *f, size_t source)
{
	const struct job_source *s = &f->job->sources[source];
	const struct job_reference *r;

	for (r = s->references; r < s->references + s->nreferences; r++) {
		if (r->n != 1 || f->seen[r->source])
			continue;
		f->seen[r->source] = true;
		f->came[r->source] = (struct why_step){ source, s->schema.columns[r->columns[0]].name, r->source,
		    f->job->sources[r->source].schema.columns[r->others[0]].name };
		f->queue[f->n++] = r->source;
	}
}

/* Writes the steps that led to `end`; -1 if there are too many. */
static int
collect(const struct path_search *f, size_t start, size_t end, struct why_step *steps)
{
	size_t n = 0, at, i;

	for (at = end; at != start; at = f->came[at].source)
		n++;
	if (n > WHY_STEPS_MAX)
		return -1;
	for (at = end, i = n; i > 0; at = f->came[at].source)
		steps[--i] = f->came[at];
	return (int)n;
}

int
why_path(const struct job *j, size_t source, const char *by, struct why_step *steps)
{
	struct path_search f = { .job = j, .came = xcalloc(j->nsources, sizeof(*f.came)),
	    .seen = xcalloc(j->nsources, sizeof(*f.seen)), .queue = xcalloc(j->nsources, sizeof(*f.queue)) };
	int found = -1;
	size_t i;

	f.seen[source] = true;
	f.queue[f.n++] = source;
	for (i = 0; i < f.n && found < 0; i++) {
		if (has_column(&j->sources[f.queue[i]], by)) {
			found = collect(&f, source, f.queue[i], steps);
			break;
		}
		visit(&f, f.queue[i]);
	}
	free(f.came);
	free(f.seen);
	free(f.queue);
	return found;
}
