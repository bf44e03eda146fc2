/* Chooses how the values of a chunk are encoded. */
#ifndef PARQUET_WRITE_PLAN_H
#define PARQUET_WRITE_PLAN_H

#include "parquet/encode/codec.h"
#include "parquet/write/column.h"

struct out_plan {
	int encoding;			/* of the data pages, of enum meta_encoding */
	unsigned width;			/* RLE_DICTIONARY: bits per index */
	struct dict_fixed *dict;	/* RLE_DICTIONARY of values of fixed width: a view of the planner's */
};

struct out_planner {
	const struct codec *codec;
	int level;
	struct dict_fixed dict;		/* owned: of the last chunk planned */
	struct buf sample, numbers;	/* owned: scratch */
};
void out_planner_free(struct out_planner *p);

/*
 * Chooses dictionary or another encoding; range covers all values. *wait counts the column's row groups left for which
 * no dictionary is tried; it begins at 0.
 */
int out_plan(struct out_planner *p, const struct out_column *c, const struct stats_range *range, unsigned *wait,
    struct out_plan *plan, struct msg *err);

#endif
