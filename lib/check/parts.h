/* Shared by the files of lib/check. A `thing` is a name as reported by struct check's report. */
#ifndef CHECK_PARTS_H
#define CHECK_PARTS_H

#include "check/check.h"
#include "delta/delta.h"
#include "delta/data/skip.h"
#include "store/store.h"

/* check.c: reports m, with its own status or EX_DATAERR. */
void check_report(struct check *c, const char *thing, const struct msg *m);
void check_fault(struct check *c, const char *thing, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * check.c: returns the order in which to check n tables or files: as given, or random for a quick check, so that
 * repeated checks cover everything. The caller frees it.
 */
size_t *check_order(const struct check *c, size_t n);

/* check.c: reads a whole file. Returns false, after reporting, if that fails or the file is missing. */
bool check_get(struct check *c, const char *thing, const char *path, struct buf *out);

/* bounds.c: value range seen of a leaf, in a row group or a file. Zero it first. */
struct check_range {
	uint64_t entries, nulls;
	bool any;			/* has values other than NaN */
	union pq_value min, max;
	struct buf min_bytes, max_bytes;	/* what the bounds' bytes point to */
};
void check_range_add(struct check_range *r, const struct pq_column *c, const struct pq_vector *v);
void check_range_merge(struct check_range *r, const struct pq_column *c, const struct check_range *other);
void check_range_clear(struct check_range *r);	/* keeps the memory */
void check_range_free(struct check_range *r);
/* Returns true if a value is outside these bounds (NULL: no bound). */
bool check_range_exceeds(const struct check_range *r, const struct pq_column *c, const union pq_value *min,
    const union pq_value *max);

/*
 * pages.c: reads the pages of an open file, up to the limit of a quick check, and compares rows, nulls and bounds of
 * each row group with the footer. ranges: one per leaf, zeroed. Returns 1 if all was read; ranges are then those of
 * the file; 0 if not all; -1 if the file is damaged.
 */
int check_pages(struct check *c, struct pq_reader *r, const char *path, uint64_t size, struct check_range *ranges,
    struct msg *err);

/* pages.c: checks a Parquet file alone. Sets *rows (0 if it cannot be opened) and *size, for its manifest. */
void check_parquet(struct check *c, const char *thing, struct store *s, const char *name, uint64_t *rows,
    uint64_t *size);

/* pages.c: records the result of a file that may come again under another name. */
void check_seen_now(struct check *c, const struct store_in *in, const struct msg *fault);

/* table.c: checks a Delta table. */
void check_table(struct check *c, const char *thing, const char *path);

/* log.c: checks every commit and checkpoint of a log, and its other files. */
void check_log(struct check *c, const char *thing, struct delta_table *t);

/* folder.c: checks a folder of Parquet files and its manifest, if there is one. */
void check_folder(struct check *c, const char *thing, const char *path);

/* A SHA-256 as hexadecimal digits and a NUL. */
enum { CHECK_SHA256 = 65 };

/* pieces.c: does a lake have a ledger? Checks it, the pieces of bronze, and the lists of those that silver has. */
bool check_has_ledger(struct store *lake);
void check_deliveries(struct check *c, const char *lake, struct store *store);

/* marks.c: checks what the runs of a lake left for the next one. */
void check_marks(struct check *c, const char *lake);

/* target.c: checks the SQLite database of gold and its marks of loads; a quick check leaves it to the load. */
void check_target(struct check *c, const char *lake);

#endif
