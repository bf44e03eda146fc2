/* File names in a log, and the files that define a version. Clause Delta Table Specification, "File Types". */
#ifndef DELTA_LOG_NAMES_H
#define DELTA_LOG_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"
#include "store/store.h"

#define DELTA_LOG "_delta_log"
#define DELTA_LOG_INTENT "_intent-"	/* what the name of a writer's intent begins with */

enum delta_log_kind { DELTA_LOG_COMMIT, DELTA_LOG_CHECKPOINT, DELTA_LOG_PART, DELTA_LOG_MANIFEST_JSON,
    DELTA_LOG_MANIFEST_PARQUET };

struct delta_log_name {
	enum delta_log_kind kind;
	int64_t version;
	unsigned part, parts;		/* of a multi-part checkpoint, from 1 */
};

/*
 * Parses a file name of the log. Returns false for all others: the log may contain files of other writers, which are
 * ignored.
 */
bool delta_log_parse(const char *name, struct delta_log_name *n);

/*
 * The files to replay for a version: those of one checkpoint (none if checkpoint is -1), then the commits checkpoint
 * + 1 to version.
 */
struct delta_log {
	int64_t version;
	int64_t checkpoint;
	const char **checkpoint_files;	/* names within the log's folder; owned array; the names belong to list */
	size_t ncheckpoint_files;
	enum delta_log_kind checkpoint_kind;
	bool intents;			/* intents of running or killed writers are present */
	/* mtime of the version's commit file; 0 if only its checkpoint is left */
	int64_t commit_time;
	struct store_list list;
};

/*
 * Finds the files of a version, or of the newest for -1. EX_NOINPUT if the table or the version is missing,
 * EX_DATAERR for a gap between versions. Ignores _last_checkpoint: the listing is more reliable.
 */
int delta_log_find(struct store *s, int64_t version, struct delta_log *log, struct msg *err);

/* Like delta_log_find, but ignores checkpoints of versions after `most`, which may be corrupt. */
int delta_log_find_by(struct store *s, int64_t version, int64_t most, struct delta_log *log, struct msg *err);
void delta_log_free(struct delta_log *log);

bool delta_log_is_intent(const char *name);

/* Returns "_delta_log/<20 digits>.json"; the caller frees it. */
char *delta_log_commit_name(int64_t version);

#endif
