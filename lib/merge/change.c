/* Describes a merge as the change to commit. */
#include <stdlib.h>
#include <string.h>

#include "merge/merge.h"

#define DELETE_ROW "{\"actionType\":\"delete\"}"
#define UPDATE_ROW "{\"actionType\":\"update\"}"

/* Returns "target.id = source.id AND ...". */
static char *
predicate(const struct merge_plan *plan)
{
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < plan->nkeys; i++) {
		const char *name = plan->columns[plan->keys[i]].name;

		buf_addf(&b, "%starget.%s = source.%s", i > 0 ? " AND " : "", name, name);
	}
	return buf_cstr(&b);
}

static void
set_metrics(struct merge_change *c, const struct merge_result *r)
{
	const struct delta_metric metrics[] = {
		{ "numSourceRows", r->source }, { "numTargetRowsInserted", r->inserted },
		{ "numTargetRowsUpdated", r->updated }, { "numTargetRowsDeleted", r->deleted },
		{ "numTargetRowsCopied", r->copied },
		{ "numOutputRows", r->inserted + r->updated + r->copied },
		{ "numTargetFilesAdded", r->nadds + r->ngraves },
		{ "numTargetFilesRemoved", r->nremoves - r->nvectors },
		{ "numTargetDeletionVectorsAdded", r->nvectors }
	};

	memcpy(c->metrics, metrics, sizeof(metrics));
}

void
merge_change_make(struct merge_change *c, const struct merge_plan *plan, const struct delta_snapshot *s,
    const struct merge_options *o, const struct delta_pair *properties, size_t nproperties,
    const struct merge_result *r)
{
	bool is_new = s->version < 0;

	*c = (struct merge_change){ .predicate = predicate(plan) };
	c->parameters[0] = (struct delta_pair){ "predicate", c->predicate };
	c->parameters[1] = (struct delta_pair){ "matchedPredicates",
	    plan->flag >= 0 ? "[" DELETE_ROW "," UPDATE_ROW "]" : "[" UPDATE_ROW "]" };
	c->parameters[2] = (struct delta_pair){ "notMatchedPredicates", "[{\"actionType\":\"insert\"}]" };
	c->parameters[3] = (struct delta_pair){ "notMatchedBySourcePredicates",
	    o->delete_absent ? "[" DELETE_ROW "]" : "[]" };
	set_metrics(c, r);
	c->adds = xcalloc(r->nadds + r->nvectors + r->ngraves, sizeof(*c->adds));
	if (r->nadds > 0)
		memcpy(c->adds, r->adds, r->nadds * sizeof(*c->adds));
	if (r->nvectors > 0)
		memcpy(c->adds + r->nadds, r->vectors, r->nvectors * sizeof(*c->adds));
	if (r->ngraves > 0)
		memcpy(c->adds + r->nadds + r->nvectors, r->graves, r->ngraves * sizeof(*c->adds));
	c->change = (struct delta_change){ .operation = "MERGE", .parameters = c->parameters, .nparameters = 4,
	    .metrics = c->metrics, .nmetrics = sizeof(c->metrics) / sizeof(*c->metrics), .scope = DELTA_READ_TABLE,
	    .bounds = r->bounds, .nbounds = r->nbounds, .adds = c->adds,
	    .nadds = r->nadds + r->nvectors + r->ngraves, .removes = r->removes,
	    .nremoves = r->nremoves, .columns = is_new ? plan->columns : NULL, .ncolumns = is_new ? plan->n : 0,
	    .configuration = properties, .nconfiguration = nproperties };
}

void
merge_change_free(struct merge_change *c)
{
	free(c->predicate);
	free(c->adds);
	c->adds = NULL;
	c->predicate = NULL;
}
