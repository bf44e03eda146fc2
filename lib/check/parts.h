/* What the files of lib/check share. A `thing` is what struct check's report names. */
#ifndef CHECK_PARTS_H
#define CHECK_PARTS_H

#include "check/check.h"
#include "delta/delta.h"
#include "delta/skip.h"
#include "store/store.h"

/* check.c: reports m, with its status or with EX_DATAERR. */
void check_report(struct check *c, const char *thing, const struct msg *m);
void check_fault(struct check *c, const char *thing, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * check.c: the order in which n tables or files are taken: their own, but another each time for a quick check, so that in
 * time it has read all. The caller frees.
 */
size_t *check_order(const struct check *c, size_t n);

/* check.c: reads a whole file; false, reported, where that fails or it is not there. */
bool check_get(struct check *c, const char *thing, const char *path, struct buf *out);

/* bounds.c: what was seen of a leaf's values, in one row group or in a file. All zero before the first. */
struct check_range {
	uint64_t entries, nulls;
	bool any;			/* there were values other than NaN */
	union pq_value min, max;
	struct buf min_bytes, max_bytes;	/* what bytes point to */
};
void check_range_add(struct check_range *r, const struct pq_column *c, const struct pq_vector *v);
void check_range_merge(struct check_range *r, const struct pq_column *c, const struct check_range *other);
void check_range_clear(struct check_range *r);	/* memory is kept */
void check_range_free(struct check_range *r);
/* Does a value lie outside of these bounds (NULL: none)? */
bool check_range_exceeds(const struct check_range *r, const struct pq_column *c, const union pq_value *min,
    const union pq_value *max);

/*
 * pages.c: reads the pages of an open file as far as a quick check goes, and compares rows, nulls and bounds of each
 * row group with what the footer says. ranges: one a leaf, zeroed; they are those of the file where 1 is returned,
 * that is where all of it was read; 0 where not; -1 where it is damaged.
 */
int check_pages(struct check *c, struct pq_reader *r, const char *path, uint64_t size, struct check_range *ranges,
    struct msg *err);

/* pages.c: a Parquet file by itself. *rows is set where it could be opened (0 else), and *size, for its manifest. */
void check_parquet(struct check *c, const char *thing, struct store *s, const char *name, uint64_t *rows,
    uint64_t *size);

/*
 * pages.c: were the pages of this file read before, under whatever name: 1 and they were sound, -1 and they were not, 0
 * no. And: they are now.
 */
int check_seen_before(const struct check *c, int fd, struct msg *err);
void check_seen_now(struct check *c, int fd, const struct msg *fault);

/* table.c: a Delta table. */
void check_table(struct check *c, const char *thing, const char *path);

/* log.c: every commit and checkpoint of a table's log, and what lies beside them. */
void check_log(struct check *c, const char *thing, struct delta_table *t);

/* folder.c: Parquet files of a folder, and the manifest that names them where there is one. */
void check_folder(struct check *c, const char *thing, const char *path);

/* bronze.c: the files of bronze, and the lists of them. */
void check_bronze(struct check *c, const char *lake);

/* marks.c: what the runs of a lake left for the next one. */
void check_marks(struct check *c, const char *lake);

/* sha256.c: of a file, as 64 hexadecimal digits with a NUL. */
enum { CHECK_SHA256 = 65 };
int check_sha256(struct check *c, const char *path, char out[CHECK_SHA256], struct msg *err);

#endif
