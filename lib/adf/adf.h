/*
 * The contract of a custom activity of Data Factory: activity.json, linkedServices.json and datasets.json in the
 * working directory say what to run; outputs.json says what came of it. A secret arrives in clear text, as a
 * SecureString: it goes into the environment of the run and into no output.
 */
#ifndef ADF_ADF_H
#define ADF_ADF_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"

/* What the factory passed. */
struct adf_activity {
	json_t *properties;		/* owned: extendedProperties, an object */
	json_t *services, *datasets;	/* owned: arrays, empty if the files are missing */
	char **secrets;			/* owned: values that no output may have */
	size_t nsecrets;
};

/*
 * Reads the three files of a folder. EX_NOINPUT without activity.json, EX_DATAERR for malformed JSON, EX_CONFIG for a
 * property whose name is not in `known` (ended by NULL) and not an environment variable that may be set. Sets those.
 */
int adf_read(struct adf_activity *a, const char *folder, const char *const *known, struct msg *err);
void adf_free(struct adf_activity *a);

/* Returns a view of a property's text, NULL if it is absent or empty. */
const char *adf_text(const struct adf_activity *a, const char *name);

/*
 * Sets *place, owned, to the address that a property names: as it is, or of the dataset NAME for dataset:NAME, as
 * abfss://CONTAINER@HOST/FOLDER. EX_CONFIG if it is missing or its dataset or linked service is.
 */
int adf_place(const struct adf_activity *a, const char *name, char **place, struct msg *err);

/* Takes a line of a program's standard output, with its line feed if it has one: a view. */
typedef void adf_line(const char *p, size_t n, void *arg);

/*
 * Runs a program, found on PATH, and passes on what it writes, line by line, with *** in place of secrets; lines of
 * standard output go to `each` instead if it is not NULL. Keeps its last message in `last`. Passes SIGTERM and SIGINT
 * on. Returns its status (EX_SOFTWARE if a signal ended it), or -1 if it cannot be run.
 */
int adf_run(const struct adf_activity *a, const char *const *words, adf_line *each, void *arg, struct buf *last,
    struct msg *err);

/* The last finished run of a lake. */
struct adf_summary {
	char *run;			/* owned: its name; NULL before the first run */
	json_t *json;			/* owned */
};

int adf_summary_read(struct adf_summary *s, const char *lake, struct msg *err);
void adf_summary_free(struct adf_summary *s);

/*
 * Makes the object of outputs.json of a summary: run, address, changed (whether it is another run than `before`), rows,
 * rejects, tables, gold, limits passed. New reference.
 */
json_t *adf_outputs(const struct adf_summary *s, const char *lake, const char *before);

/* Versions of the gold tables of a lake: an object. New reference, NULL with err filled. */
json_t *adf_versions(const char *lake, struct msg *err);

/* Writes outputs.json into a folder, whole or not at all. EX_DATAERR if it is larger than the factory takes. */
int adf_outputs_write(const json_t *outputs, const char *folder, struct msg *err);

#endif
