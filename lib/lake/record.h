/* The record of a run, runs/commits/NUMBER: its text and what it says. The folder's own. */
#ifndef LAKE_RECORD_H
#define LAKE_RECORD_H

#include "lake/lake.h"

#define LAKE_RUNS "runs"
#define LAKE_COMMITS LAKE_RUNS "/commits"
#define LAKE_CURRENT LAKE_RUNS "/current"
#define LAKE_OPEN LAKE_RUNS "/open"
#define LAKE_LATE_PART "late"
#define LAKE_LOCK "_lock"
#define LAKE_FORMAT_NAME "format"

enum lake_what { LAKE_TABLE, LAKE_LATE, LAKE_FILE, LAKE_GONE };

struct lake_item {
	enum lake_what what;
	char *name;			/* from the lake's root; owned */
	struct buf text;		/* of a table what is prepared, of a file its contents */
};

struct lake_record {			/* owned: lake_record_free */
	char *run;
	bool is_void;			/* refuses the number to a run that was killed */
	struct lake_item *items;	/* in the order in which they take effect */
	size_t n;
};

/* Adds an item; takes over name and text. */
void lake_record_add(struct lake_record *r, enum lake_what what, char *name, struct buf *text);

/* Sorts the items: tables of bronze, silver and gold, large objects, files, what goes. */
void lake_record_sort(struct lake_record *r);

/* Appends the text. EX_DATAERR for a name with a control character. */
int lake_record_put(struct buf *out, const struct lake_record *r, struct msg *err);

/* Reads a text. EX_DATAERR if it is malformed. */
int lake_record_parse(struct lake_record *r, const char *name, const struct buf *text, struct msg *err);
void lake_record_free(struct lake_record *r);

/* Sets *newest to the number of the newest record, or 0. */
int lake_record_newest(struct store *s, int64_t *newest, struct msg *err);

/* Reads a record: 1, or 0 if there is none. */
int lake_record_get(struct store *s, int64_t number, struct lake_record *r, struct msg *err);

/*
 * Puts a record if its number is free: 1 if the number has this record now, 0 if it has another. -1: it does not have
 * it. STORE_UNDECIDED: it may have it, or may yet.
 */
int lake_record_claim(struct store *s, int64_t number, const struct lake_record *r, struct msg *err);

/* settle.c: opens a folder of a store and lists all objects below it. The caller releases both. */
int lake_walk(const struct store *s, const char *folder, struct store **below, struct store_list *list,
    struct msg *err);

/* Copies an object to another store or another name. */
int lake_copy(struct store *from, const char *name, struct store *to, const char *new_name, struct msg *err);

/* Carries out the record, and puts its number into runs/current. Can be repeated. */
int lake_settle(struct lake *l, int64_t number, const struct lake_record *r, struct msg *err);

/* Opens the folder of a run's files, l->files, unless it is open. */
int lake_open_files(struct lake *l, const char *run, struct msg *err);

/* Removes the folder of a run. */
int lake_remove_run(struct lake *l, const char *run, struct msg *err);

/* abandon.c: removes what a run has made, as far as that can be done, and its folder. */
int lake_abandon(struct lake *l, const char *run, struct msg *err);

/*
 * Calls `each` for every object below a folder of a store, with its name there and, except of late ones, its text.
 * Stops at a failure.
 */
typedef int lake_each(struct lake *l, const char *name, struct buf *text, void *arg, struct msg *err);
int lake_each_object(struct lake *l, const struct store *s, const char *folder, lake_each *each, void *arg,
    struct msg *err);

#endif
