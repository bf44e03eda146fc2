/* Decides whether a table has enough small files or deleted rows to be worth a rewrite. */
#include "optimize/optimize.h"

enum { MOST_SMALL = 32, MOST_DELETED = 5 };	/* files; deleted rows are at most one of so many */

bool
optimize_needed(const struct delta_snapshot *s, const struct optimize_options *o)
{
	uint64_t small = 0, rows = 0, deleted = 0;
	int64_t n;
	size_t i;

	for (i = 0; i < s->nfiles; i++) {
		const struct delta_file *f = &s->files[i];

		if ((o->wanted != NULL && !o->wanted[i]) || delta_file_is_dead(f))
			continue;
		small += (uint64_t)f->size < o->target / 2;
		n = delta_file_rows(f);
		rows += n > 0 ? (uint64_t)n : 0;
		deleted += f->dv != NULL ? (uint64_t)f->dv->cardinality : 0;
	}
	return small > MOST_SMALL || deleted > rows / MOST_DELETED;
}
