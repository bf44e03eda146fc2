/*
 * The ledger of a lake: every file that was delivered, by its contents, and the pieces of it that bronze keeps.
 *
 * A file that begins with the bytes of an earlier delivery of its table is kept as a piece that holds only what was
 * added: its base is that delivery, whose pieces come before its own. Both are recognized by hashes of blocks of
 * 8 MiB, and SHA-256 continues from the state saved with the base, so that each byte is read once.
 *
 * The ledger is a record stream, an entry a record: what acct-read gives of the Delta table bronze/_ledger.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"
#include "ledger/sha256.h"
#include "rec/rec.h"
#include "store/store.h"

enum { LEDGER_BLOCK = 8 << 20, LEDGER_HASH = 32 };	/* bytes of a block; hexadecimal digits of its hash */

struct ledger_entry {		/* a delivery; its strings are in the ledger's pool */
	int64_t number;		/* from 1, in order of arrival */
	const char *table;
	const char *name;	/* path below the back end */
	bool dated;		/* day is set */
	int32_t day;		/* business day, days since 1970-01-01 */
	int64_t arrived;	/* microseconds since 1970-01-01T00:00:00Z */
	const char *run;	/* run that took it over */
	int64_t bytes;		/* of the whole file, as are sha256 and lines */
	const char *sha256;	/* 64 hexadecimal digits */
	int64_t lines;		/* line feeds; -1 for a compressed file */
	int64_t base;		/* delivery that the file begins with; 0: none */
	int64_t offset;		/* where its own piece begins: the base's bytes, or 0 */
	const char *piece;	/* path of its own piece below bronze */
	const char *piece_sha256;
	const char *blocks;	/* hashes of the blocks from the one with offset: XXH3-128, LEDGER_HASH digits */
	const char *state;	/* SHA-256 after the whole file: ledger_sha256_state */
	int64_t replaces;	/* newest delivery of the table before this one; 0: none */
};

struct ledger {			/* zero but for block, it is empty */
	int64_t block;				/* bytes of a block: LEDGER_BLOCK, or fewer in tests */
	struct ledger_entry *entries;	/* by number; owned */
	size_t n;
	struct pool pool;
};

/* ---- entries.c ---- */

/*
 * Adds the entries of a stream to an empty ledger. EX_DATAERR for a stream that is no ledger, and for entries that
 * contradict each other.
 */
int ledger_read(struct ledger *l, struct rec_reader *in, struct msg *err);
void ledger_free(struct ledger *l);

/* Makes the header of a ledger's stream; puts an entry into one. */
void ledger_header(struct rec_header *h);
int ledger_put(struct rec_writer *out, const struct ledger_entry *e);

/* Returns the entry of a number, NULL for 0. Views until an entry is added, as are all entries returned. */
const struct ledger_entry *ledger_entry(const struct ledger *l, int64_t number);

/* Adds an entry with the next number. Its strings are the ledger's already. */
struct ledger_entry *ledger_add(struct ledger *l, const struct ledger_entry *e);

/*
 * Returns the delivery of which the table is made, or NULL: of those with a day the latest day's, of one day and of
 * those without the last to arrive.
 */
const struct ledger_entry *ledger_newest(const struct ledger *l, const char *table);

/* Returns the last delivery of the table under a name, compressed or not, or NULL. */
const struct ledger_entry *ledger_newest_named(const struct ledger *l, const char *table, const char *name);

/* Returns the digits of a block's hash, for a block that is the entry's or its bases'. */
const char *ledger_block(const struct ledger *l, const struct ledger_entry *e, int64_t block);

/* Copies a string into the ledger's pool. */
const char *ledger_text(struct ledger *l, const char *text);

/* ---- match.c ---- */

struct ledger_file {		/* a file of the back end, while it is read */
	int fd;
	struct store *store;	/* owned; NULL: the file is fd */
	struct store_in in;	/* of one version of the object, to which its tag holds it */
	const char *path;	/* for messages */
	int64_t bytes;
	bool packed;		/* compressed */
	struct stat *state;	/* of fd when it was opened; owned */
	uint8_t *block;		/* owned */
};

/*
 * Opens a file and looks at its first bytes. EX_NOINPUT if it is missing or no file, EX_DATAERR if it is text without
 * a whole line.
 */
int ledger_file_open(struct ledger_file *f, const char *path, struct msg *err);

/* Fails with EX_DATAERR if the file has changed since it was opened. */
int ledger_file_same(const struct ledger_file *f, struct msg *err);
void ledger_file_close(struct ledger_file *f);

/*
 * Finds the longest delivery of the table that the file begins with or is; *found is NULL for none. A compressed file
 * begins with none. Reads the file as far as some delivery goes on like it.
 */
int ledger_match(const struct ledger *l, const char *table, struct ledger_file *f, const struct ledger_entry **found,
    struct msg *err);

/* ---- take.c ---- */

/*
 * Reads what follows the base (NULL: the whole file), fills the entry's sums, and, unless folder is NULL, copies it to
 * folder/<table>/<16 digits of the piece's SHA-256>-<file name>. The entry has its table and name.
 */
int ledger_take(struct ledger *l, struct ledger_file *f, const struct ledger_entry *base, const char *folder,
    struct ledger_entry *e, struct msg *err);

/*
 * Copies the piece of an entry out of a file that begins with that delivery, as ledger_take did. EX_DATAERR where the
 * bytes are not the piece's.
 */
int ledger_copy(struct ledger_file *f, const struct ledger_entry *e, const char *folder, struct msg *err);

/* ---- find.c ---- */

struct ledger_source {		/* what the back end has for a table; all views */
	const char *table;
	const char *file;	/* name of its file, or a pattern with * and ? */
	bool optional;
};

struct ledger_found {
	size_t source;		/* index */
	bool dated;
	int32_t day;
	char *name;		/* path below the back end; owned */
	int64_t bytes;
};

struct ledger_finds {
	struct ledger_found *files;	/* by day, those without a day last, then by source; owned */
	size_t n;
};

/*
 * Finds the files of the sources: FILE, FILE.gz and FILE.zst; by day STEM-YYYY-MM-DD.EXT and the like, and FILE in a
 * folder YYYY-MM-DD; and what a pattern matches, whose day is the first date in the name. EX_DATAERR for two files of
 * one table and day.
 */
int ledger_find(const char *backend, const struct ledger_source *sources, size_t n, struct ledger_finds *found,
    struct msg *err);
void ledger_finds_free(struct ledger_finds *f);

#endif
