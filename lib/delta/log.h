/* The names in a log, and which of them make a version. Clause Delta Table Specification, "File Types". */
#ifndef DELTA_LOG_H
#define DELTA_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"
#include "store/store.h"

#define DELTA_LOG "_delta_log"

enum delta_log_kind { DELTA_LOG_COMMIT, DELTA_LOG_CHECKPOINT, DELTA_LOG_PART, DELTA_LOG_MANIFEST_JSON,
    DELTA_LOG_MANIFEST_PARQUET };

struct delta_log_name {
	enum delta_log_kind kind;
	int64_t version;
	unsigned part, parts;		/* of a checkpoint in several files, from 1 */
};

/*
 * False for every name that is none of these to the letter: left-overs, checksums and extras of other writers are
 * nobody's business.
 */
bool delta_log_parse(const char *name, struct delta_log_name *n);

/*
 * What a version is replayed from: files of one checkpoint (none for checkpoint -1), then the commits checkpoint + 1 to
 * version.
 */
struct delta_log {
	int64_t version;
	int64_t checkpoint;
	const char **checkpoint_files;	/* names within the log's folder; owned array, the names belong to list */
	size_t ncheckpoint_files;
	enum delta_log_kind checkpoint_kind;
	bool intents;			/* writers are at work, or were stopped */
	/* modification time of the version's commit, 0 where only its checkpoint is left */
	int64_t commit_time;
	struct store_list list;
};

/*
 * Finds the files of a version, or of the newest (-1). EX_NOINPUT where there is no table or no such version,
 * EX_DATAERR for a gap between versions. The hint _last_checkpoint is not asked: the listing knows better.
 */
int delta_log_find(struct store *s, int64_t version, struct delta_log *log, struct msg *err);

/* The same without the checkpoints of versions after `most`, which may be torn. */
int delta_log_find_by(struct store *s, int64_t version, int64_t most, struct delta_log *log, struct msg *err);
void delta_log_free(struct delta_log *log);

/* intent.c: is it the name of a writer's intent? */
bool delta_intent_is(const char *name);

/* "_delta_log/<20 digits>.json"; the caller frees. */
char *delta_log_commit_name(int64_t version);

#endif
