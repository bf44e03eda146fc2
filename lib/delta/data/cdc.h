/* Change data files: the changed rows of a version, each with its _change_type. Clause Add CDC File. */
#ifndef DELTA_DATA_CDC_H
#define DELTA_DATA_CDC_H

#include "delta/data/data.h"

/*
 * Lists the change data files of a commit, with partition values by those of the snapshot; none if the commit is gone.
 * The files and their strings are in the pool.
 */
int delta_cdc_list(struct delta_table *t, const struct delta_snapshot *s, int64_t version, struct pool *pool,
    struct delta_file **files, size_t *n, struct msg *err);

/* Reads of each row of a file whether it is added, 1, or removed, -1. The caller frees *signs. */
int delta_cdc_signs(struct delta_table *t, const struct delta_file *f, int8_t **signs, size_t *n, struct msg *err);

#endif
