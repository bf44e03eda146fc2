/*
 * Where a row of a lake comes from: the rows of silver that a row of gold is made of, and the lines of source files
 * that rows of silver were cleaned from.
 *
 * The programs of the toolkit read the tables, as children whose streams are read here. ACCT_KEYS, which acct-read
 * knows, lets them and a gold script see only the rows that have one of some keys in a column; the keys are files in a
 * temporary folder.
 */
#ifndef WHY_WHY_H
#define WHY_WHY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/mem.h"
#include "base/msg.h"
#include "job/job.h"
#include "ledger/ledger.h"
#include "rec/rec.h"

/* ---- child.c ---- */

struct why_child {		/* a program whose output is a record stream */
	pid_t pid;
	const char *name;	/* for messages; a view */
	struct rec_reader in;
};

/* Starts argv, ended by NULL, found by PATH, and reads the header of its output. */
int why_child_open(struct why_child *c, const char *const *argv, const char *name, struct msg *err);

/*
 * Waits for the child. A failure of it has the child's status and no text, as the child has reported it. Call in any
 * case.
 */
int why_child_close(struct why_child *c, struct msg *err);

/* Runs a program without output to its end. */
int why_child_run(const char *const *argv, struct msg *err);

/* Puts the folder of this program before all others of PATH. */
void why_child_path(void);

/* ---- keys.c ---- */

struct why_keys {		/* the rows that are seen */
	const char *lake;	/* folder without links, or address; a view */
	char *folder;		/* of the files with keys; owned */
	struct buf lines;	/* ACCT_KEYS */
	unsigned n;
};

/* Makes the folder. why_keys_end removes it. */
int why_keys_begin(struct why_keys *k, const char *lake, struct msg *err);
void why_keys_end(struct why_keys *k);

/* Lets only the rows of a table ("silver/loans") be seen that have this value, encoded, in a column of the type. */
int why_keys_value(struct why_keys *k, const char *table, const char *column, struct val_type type,
    struct rec_field value, struct msg *err);

/* Likewise the rows that have a value which column `other` of the rows seen of table `of` has. */
int why_keys_values(struct why_keys *k, const char *table, const char *column, const char *of, const char *other,
    struct msg *err);

/* ---- path.c ---- */

enum { WHY_STEPS_MAX = 16 };

struct why_step {		/* from a table to the one that it references */
	size_t source;		/* index of the job's sources, as is `to` */
	const char *column;	/* of the first, which has values of */
	size_t to;
	const char *other;	/* this column of the second */
};

/*
 * Finds the shortest way along references from a source to one that has the column `by`, at most WHY_STEPS_MAX steps.
 * Returns their number, 0 if the source has the column itself, or -1 if there is no way.
 */
int why_path(const struct job *j, size_t source, const char *by, struct why_step *steps);

/* ---- lines.c ---- */

struct why_place {		/* where a row begins */
	int64_t delivery;	/* number in the ledger */
	int64_t line;		/* of the whole file, from 1 */
};

/* Takes the text of a record, without its line end; p is a view. */
typedef int why_line(void *to, const struct ledger_entry *e, int64_t line, const uint8_t *p, size_t n, struct msg *err);

/*
 * Reads the records of n places, which it sorts, from the pieces of bronze, and calls `each` in their order. s: of the
 * files' table.
 */
int why_lines(const char *lake, const struct ledger *l, const struct schema *s, struct why_place *places, size_t n,
    why_line *each, void *to, struct msg *err);

/* ---- rows.c ---- */

struct why_value {		/* what a column must be */
	const char *column;	/* view */
	struct val_type type;
	struct buf encoded;	/* owned */
};

struct why_rows {		/* rows of a stream; all owned */
	struct rec_header header;
	struct buf bytes;
	uint32_t *off;		/* of each field, as in a struct rec_batch */
	size_t n;
};

/*
 * Collects the rows of a child that have all the values. EX_DATAERR if the stream lacks a column, or more than 4 GiB
 * are left.
 */
int why_rows_read(struct why_rows *r, struct why_child *c, const struct why_value *values, size_t nvalues,
    struct msg *err);
void why_rows_free(struct why_rows *r);

/* Do both have the same rows, in any order, in the columns of a, matched by name? b may have others. */
bool why_rows_equal(const struct why_rows *a, const struct why_rows *b);

/* Appends the rows as an aligned table for people. */
void why_rows_put(const struct why_rows *r, struct buf *out);

#endif
