/* Describes a rewrite as the change to commit. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "optimize/optimize.h"

struct sizes {				/* of files, in bytes */
	uint64_t sum, least, most;
};

static struct sizes
measure(const struct delta_file *files, const size_t *which, size_t n)
{
	struct sizes z = { 0, 0, 0 };
	uint64_t size;
	size_t i;

	for (i = 0; i < n; i++) {
		size = (uint64_t)files[which != NULL ? which[i] : i].size;
		z.sum += size;
		z.least = i == 0 || size < z.least ? size : z.least;
		z.most = size > z.most ? size : z.most;
	}
	return z;
}

/* Returns the key columns as a JSON list, as Spark writes such parameters. */
static char *
key_list(const struct delta_snapshot *s, const size_t *keys, size_t n)
{
	struct buf b = { 0 };
	size_t i;

	buf_addc(&b, '[');
	for (i = 0; i < n; i++) {
		buf_adds(&b, i > 0 ? "," : "");
		json_put(&b, s->columns[keys[i]].name, strlen(s->columns[keys[i]].name));
	}
	buf_addc(&b, ']');
	return buf_cstr(&b);
}

/* Returns the condition likewise. */
static char *
predicate_list(const char *where)
{
	struct buf b = { 0 };

	buf_addc(&b, '[');
	if (where != NULL)
		json_put(&b, where, strlen(where));
	buf_addc(&b, ']');
	return buf_cstr(&b);
}

void
optimize_change_make(struct optimize_change *c, const struct delta_snapshot *s, const struct optimize_options *o,
    const char *where, const struct optimize_result *r)
{
	struct sizes added = measure(r->adds, NULL, r->nadds), removed = measure(s->files, r->removes, r->nremoves);
	const struct delta_pair parameters[] = { { "predicate", predicate_list(where) }, { "zOrderBy", "[]" },
	    { "auto", "false" }, { "sortBy", key_list(s, o->keys, o->nkeys) },
	    { "targetSize", xasprintf("%" PRIu64, o->target) } };
	const struct delta_metric metrics[] = {
		{ "numRemovedFiles", r->nremoves }, { "numRemovedBytes", removed.sum },
		{ "numAddedFiles", r->nadds }, { "numAddedBytes", added.sum }, { "minFileSize", added.least },
		{ "maxFileSize", added.most }, { "numOutputRows", r->rows }
	};

	*c = (struct optimize_change){ .added = added.sum, .removed = removed.sum };
	memcpy(c->parameters, parameters, sizeof(parameters));
	memcpy(c->metrics, metrics, sizeof(metrics));
	c->change = (struct delta_change){ .operation = "OPTIMIZE", .parameters = c->parameters, .nparameters = 5,
	    .metrics = c->metrics, .nmetrics = sizeof(c->metrics) / sizeof(*c->metrics), .scope = DELTA_REARRANGE,
	    .adds = r->adds, .nadds = r->nadds, .removes = r->removes, .nremoves = r->nremoves };
}

void
optimize_change_free(struct optimize_change *c)
{
	free((char *)c->parameters[0].value);
	free((char *)c->parameters[3].value);
	free((char *)c->parameters[4].value);
	memset(c, 0, sizeof(*c));
}
