/*
 * The same rows in fewer files: small files of a partition together up to a target size, those with deletion vectors
 * without; or all of a partition in the order of key columns.
 */
#ifndef OPTIMIZE_OPTIMIZE_H
#define OPTIMIZE_OPTIMIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "delta/delta.h"

struct optimize_options {
	uint64_t target;		/* bytes that a file shall have; those below half of it are small */
	/* columns of the snapshot, none of a partition, to sort by; none: rows stay as they lie */
	const size_t *keys;
	size_t nkeys;
	enum pq_codec codec;		/* of the files written */
	bool delta_encodings;		/* as in struct pq_options */
	struct delta_intent *intent;	/* of the files written */
	size_t memory;			/* bytes that sorting may take */
	/* per file of the snapshot; NULL: all. A partition has all its files, or none */
	const bool *wanted;
};

struct optimize_result {		/* of what is in no version yet */
	struct delta_file *adds;	/* owned; strings in the pool or the snapshot */
	size_t nadds;
	size_t *removes;		/* owned: indexes in the snapshot's files */
	size_t nremoves;
	uint64_t rows;			/* written */
	struct pool pool;
};

/*
 * Writes what is to take the place of the files that are too small, are not in order, or have a deletion vector;
 * nothing where there are none. Rows keep their order, but for the keys'. EX_UNAVAILABLE where a column is of a type
 * that is not read here, EX_DATAERR for a null where the schema allows none.
 */
int optimize_run(struct delta_table *t, const struct delta_snapshot *s, const struct optimize_options *o,
    struct optimize_result *r, struct msg *err);

/*
 * where.c: marks the files whose partition meets a predicate over the partition columns, which stay unmarked else. -1:
 * err, and where the text is at fault the offset in it, else SIZE_MAX.
 */
int optimize_where(const struct delta_snapshot *s, const char *text, bool *wanted, size_t *where, struct msg *err);

void optimize_result_free(struct optimize_result *r);

#endif
