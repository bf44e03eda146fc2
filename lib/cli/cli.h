/*
 * Command lines. A program describes itself in one table, struct cli_program; parsing, -h, usage errors, the
 * completions of a shell and the check of its manual come from it. Only programs include this: the library takes limits
 * as fields.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rec/rec.h"

/* ---- tables ---- */

enum cli_type {		/* what becomes of an option, and what `to` points at */
	CLI_END,	/* the end of a table */
	CLI_FLAG,	/* bool: set */
	CLI_TEXT,	/* const char *: the argument */
	CLI_LIST,	/* char *: the argument, for one who cuts it */
	CLI_SIZE,	/* size_t: bytes, given as 512, 64K, 300M or 2G */
	CLI_NUMBER,	/* unsigned: 0 to CLI_NUMBER_MAX */
	CLI_WORD,	/* unsigned: the argument's place among `words` */
	CLI_CALL	/* nothing: `call` is called with it */
};

enum { CLI_NUMBER_MAX = 1000000 };

struct cli_option {
	char letter;			/* 0: none */
	const char *name;		/* the long one */
	const char *argument;		/* what help calls it, such as FILE; NULL: takes none */
	const char *help;		/* lines separated by line feeds */
	enum cli_type type;
	void *to;
	const char *const *words;	/* of CLI_WORD, ended by NULL */
	/* option as the user would write it: "-k" or "--fill" */
	void (*call)(const char *option, char *argument);
};

struct cli_program {
	const char *const *usage;	/* a line each way to call it, without its name; ended by NULL */
	const char *about;		/* a sentence or two, in lines */
	bool writes_records;		/* to -o or standard output: a failure ends the stream with an abort line */
	const struct cli_option *options;		/* its own, ended by a zeroed entry; NULL: none */
	const struct cli_option *const *groups;		/* those shared with others, ended by NULL */
	const char *const *examples;	/* a line each, ended by NULL */
};

/* ---- options shared by programs (groups.c) ---- */

/* Every program has -v, --progress, -h and -V besides. */
extern const struct cli_option cli_input[];	/* -i */
extern const struct cli_option cli_output[];	/* -o */
extern const struct cli_option cli_table[];	/* -t */
extern const struct cli_option cli_stream[];	/* --partial, --max-record: reads record streams */
extern const struct cli_option cli_text[];	/* --max-record: reads text */
extern const struct cli_option cli_memory[];	/* --memory */
extern const struct cli_option cli_define[];	/* -D: has expressions (define.c) */
extern const struct cli_option cli_codec[];	/* --codec, --encoding: writes Parquet (codec.c) */
extern const struct cli_option cli_retry[];	/* --retry: commits a version of a table */
extern const struct cli_option cli_change[];	/* --txn, --prepare: changes a table (change.c) */
extern const struct cli_option cli_new[];	/* --hidden, --property, --consumed: fills a table (new.c) */
extern const struct cli_option cli_at[];	/* --at: reads any version of a table */
extern const struct cli_option cli_with[];	/* --with: reads what is prepared (with.c) */
extern const struct cli_option cli_outside[];	/* --outside: reads the files of a table */

extern struct cli_values {		/* as given, or by default */
	bool verbose, partial, outside, progress;
	const char *input, *output;	/* NULL: standard input or output */
	const char *table;		/* NULL: not given */
	/* bytes a program may remember; by default ACCT_MEMORY, or a quarter of memory */
	size_t memory;
	bool memory_given;
	size_t max_record;		/* bytes of a line */
	unsigned codec;			/* enum pq_codec */
	unsigned encoding;		/* 1: encodings of differences */
	unsigned retry;			/* seconds */
	const char *prepare;		/* file for the commit; NULL: commit */
	const char *app;		/* of --txn; owned; NULL: not given */
	int64_t app_version;		/* TABLE_NEXT: the one after the application's last */
	char *hidden[REC_MAX_COLUMNS];	/* names of --hidden; views */
	size_t nhidden;
	struct delta_pair *properties;	/* of --property; owned */
	size_t nproperties;
	struct delta_app *consumed;	/* of --consumed; owned, as are their ids */
	size_t nconsumed;
	char **with;			/* files of prepared versions; see cli_find_with */
	size_t nwith;
	bool with_found;		/* they are those of a folder, of any tables */
	const char *at;			/* a version or a time; NULL: the newest */
	struct expr_parameter *parameters;	/* of --define; owned, their texts are views */
	size_t nparameters;
} cli;

/* Adds a parameter as --define does, from "NAME=VALUE", which it cuts and keeps; `option` is for messages. */
void cli_define_add(const char *option, char *text);

/* ---- parse.c ---- */

/*
 * First thing in main. Sets the program's name and the default action of SIGPIPE, and occupies closed standard
 * descriptors, so that no file opened later takes their place. Then takes the options; -h and -V end the program, a
 * wrong one ends it with EX_USAGE. Returns the index of the first operand.
 */
int cli_start(const struct cli_program *p, int argc, char *argv[]);

/* Prints "program: text" and how to call it, and ends with EX_USAGE. */
_Noreturn void cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- values.c: each ends the program with EX_USAGE where `arg` is invalid ---- */

size_t cli_size(const char *option, const char *arg);
unsigned cli_number(const char *option, const char *arg);
unsigned cli_word(const char *option, const char *arg, const char *const *words);

/* A name of a table: UTF-8, not empty. */
void cli_name(const char *option, const char *arg);

/* Splits "a,b,c" in place: 1 to max words, none of them empty, which point into `list`. Returns how many. */
size_t cli_list(const char *option, char *list, char **words, size_t max);

/* Splits "NAME=VALUE" in place, NAME not empty. Returns VALUE. */
char *cli_pair(const char *option, char *arg, const char *shape);

/* Two outputs must not be one place. NULL is no output, and standard output for `other`. */
void cli_apart(const char *option, const char *path, const char *other_option, const char *other);

/* The only operand; `what` is what help calls it. */
char *cli_operand(int argc, char *argv[], int first, const char *what);

/* ---- place.c ---- */

struct cli_place {		/* a version of a table */
	const char *address;
	int64_t version;	/* DELTA_NEWEST where none is given */
	bool by_time;
	int64_t when;		/* by_time: milliseconds since 1970-01-01T00:00:00Z */
};

/*
 * Reads an operand TABLE or TABLE@AT (cut in place), and --at, of which one at most may be given. AT is a version, a
 * day, whose start is meant, or a time. EX_USAGE ends the program where --at is invalid.
 */
void cli_place(char *operand, struct cli_place *p);

/* ---- only.c ---- */

/*
 * Within a run ACCT_ONLY names the tables of the lake that a script says it reads. Ends the program with EX_CONFIG if
 * the table is in the lake and not among them.
 */
void cli_check_only(const char *address);

/* Returns the path of a table below the folder of n bytes of a lake, or NULL if it is not there. Owned. */
char *cli_table_of(const char *address, const char *lake, size_t n);

/* ---- keys.c ---- */

/*
 * Within a run ACCT_KEYS names tables of the lake of which only rows with some keys are to be seen. Returns whether
 * this is one of them; sets the column and the file with its keys, both owned. Opens the file ahead, for a sandbox.
 * EX_USAGE ends the program where ACCT_KEYS is invalid.
 */
bool cli_find_keys(const char *address, char **column, char **file);

/* ---- records.c ---- */

/* Opens a record stream with the limits of the command line; ends the program where it cannot be read. */
void cli_open(struct rec_reader *r, const char *path, unsigned flags);

/* The same where the program goes on after a stream that cannot be read: -1 with r->err. */
int cli_try_open(struct rec_reader *r, const char *path, unsigned flags);

/* Creates the program's record output, -o or standard output; ends the program where it cannot be written. */
void cli_create(struct rec_writer *w, const struct rec_header *h);

/*
 * Looks up the columns of a list "a,b,c" (cut in place) in a stream's header: their indexes into idx. Returns how many,
 * at most max. A column that is missing or named twice ends the program with EX_USAGE, after naming what there is.
 */
size_t cli_columns(const struct rec_reader *r, const char *option, char *list, size_t *idx, size_t max);

/* As sandbox_enter; with -v it says what the kernel lacks. */
void cli_sandbox(unsigned needs, const char *root);

/* ---- with.c ---- */

/*
 * Finds the prepared versions to read: those of --with, or else all files below the folder that ACCT_PREPARED names, so
 * that the commands of a run see what the run has prepared. Opens them ahead, for a sandbox. Call before cli_sandbox,
 * unless an earlier version of the table is asked for.
 */
void cli_find_with(void);

/* ---- change.c ---- */

/*
 * Fills a session with the options --txn, --prepare, --retry, --outside and -v. Ends the program with EX_USAGE where
 * they do not go together.
 */
struct table_session;
void cli_session(struct table_session *s);

/* ---- new.c ---- */

/* Lists the properties of a new table: its key and cli.nproperties of --property. The caller frees the list. */
struct delta_pair *cli_properties(const char *key_list);
void cli_free_new(void);		/* frees what the options of cli_new hold */

/* ---- help.c, for parse.c ---- */

void cli_print_usage(const struct cli_program *p);
_Noreturn void cli_print_help(const struct cli_program *p);

/* The options of a program, its own first: calls `each` for every one. */
void cli_each_option(const struct cli_program *p, void (*each)(const struct cli_option *o, void *context),
    void *context);

#endif
