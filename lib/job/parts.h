/* Shared by the files of this folder. */
#ifndef JOB_PARTS_H
#define JOB_PARTS_H

#include "base/near.h"
#include "job/job.h"

/* Reads a file, at most 1 MiB of it, and appends a NUL that is not counted. */
int job_text_read(const char *path, struct buf *text, struct msg *err);

/* Is the name one that a table's folder in a lake can have? */
bool job_name_ok(const char *name);

void job_words_add(struct job_words *w, const char *word, size_t n);

/* Calls near_try with every table of the job. */
void job_near_tables(const struct job *j, struct near *near, bool sources, bool gold);

/* gold.c: reads the scripts of the job's folder `gold`, and puts the tables in the order of work. */
int job_gold_read(struct job *j, struct msg *err);
void job_gold_free(struct job_gold *g);

#endif
