/*
 * What a dialect is made of: limits, how rows travel, a row per type, and templates of SQL. To add one, write a file
 * with a struct sql_dialect and add it to sql_dialects (load.c).
 *
 * A template is SQL text with words in braces, which sql_add replaces. A word may have parts, {word~part~part}, which
 * are templates themselves. Words are looked up here, then in the dialect's list, then in its family's, then among
 * those that all dialects share (script.c); names and values that replace a word are never expanded again.
 *
 *	{all~PART~BETWEEN}	PART for each column; {key~...}: for the key's, in key order; {rest~...}: for the
 *				others; {staged~...}: for those of the staging table that takes the next row;
 *				of a history, {tracked~...}: for the values of a row, {row_key~...}: for its key
 *	{marked~YES~NO}		YES if the load has a mark, NO, which may be absent, otherwise; {qualified~...}: if the
 *				target has a schema; {wide~...}: if there are columns beside the key; {begun~...}: if
 *				the statements before the rows are written; {trial~...}: if it is a dry run;
 *				{integer_key~...}: if the key is one column of class i; {any_lengthy~...}: if a column
 *				is; {copied~...}: if the rows are in files; {caller~...}, {updating~...},
 *				{credited~...}: see as_caller, upsert and credential of struct sql_options;
 *				{several~...}: if there are several files; {history~...}: if versions are kept;
 *				{any_tracked~...}: if a row has values beside key and sequence
 *	{files~PART~BETWEEN}	PART for each file of the export, with {file'} its address, {path'} its name in the
 *				container, {part} a table's name for it
 *	{go}			ends a batch
 *	{credential} {source} {source'}	names of the external data source's credential and of itself
 *	{lake'} {adls'} {folder'}	of the export: literals abfss://CONTAINER@HOST, adls:// likewise, and
 *				https://HOST/CONTAINER/PATH
 *	{digest}		16 hexadecimal digits of the target's name, and the number and checksum of the rows
 *	{literal~PART}		PART as a string literal; {"PART}: the text as a quoted name
 *	{table} {table'} {schema} {schema'} {in}	target and schema as name and literal; the schema and a dot
 *	{stage} {gone} {into} {2}	staging tables of rows and delete keys; the one of the next row; "_2" if the
 *				target has the name of a staging table
 *	{rows} {gone_rows} {sum}	numbers of records and the checksum
 *	{lake} {run} {at} {since}	the mark: texts as literals
 *	{first_key}		the name of the first column of the key
 *	{fresh}			of a history, the staging table of the rows, when {stage} is that of versions
 *	{ended}			of a history, when deleted rows end
 *	{s} {t}			aliases of the staging table and the target in a comparison
 *
 * Within a list, for its column:
 *
 *	% {name'}		its name, as name and literal
 *	{type} {precision} {scale} {attributes} {class} {differs} {match}	see struct sql_type
 *	{standard}		the type's name in standard SQL
 *	{is_key~YES~NO} {required~YES~NO} {lengthy~YES~NO} {is_exact~YES~NO} {is_text~YES~NO}
 *	{is_from~YES~NO} {is_to~YES~NO} {is_current~YES~NO}	of a history's versions
 *	{summed~YES~NO} {total} {filled}	of SQL_VALIDATE: whether its sum is kept; the sum; values not null
 *	{widest} {widest_at}	characters of its longest string, and the number of the record
 *	{low} {low_at} {high} {high_at}		its extreme numbers and their records; NULL if there is none
 *
 * Within `fail`, of the check:
 *
 *	{query} {before} {after} {number}
 */
#ifndef SQL_DIALECT_H
#define SQL_DIALECT_H

#include "sql/sql.h"

/* Writes one non-null value. Returns NULL, or why this dialect cannot store it (static text). */
typedef const char *sql_put(struct sql_load *l, size_t column, struct rec_field f);

struct sql_type {
	const char *name;		/* template */
	sql_put *put;
	const char *class;		/* for the dialect's own checks; "i" is an integer that may be a rowid */
	const char *differs;		/* template: t.% and s.% differ, null equal to null; NULL: the dialect's */
	const char *match;		/* template: keys t.% and s.% are equal to the last bit; NULL: as above */
	const char *attributes;		/* follows the type in a definition; NULL: nothing */
};

struct sql_word {
	const char *name, *text;	/* text: a template */
};

/* A text of up to 16 bytes, which is copied whole. */
struct sql_short {
	size_t n;
	char text[16];
};
#define SQL_SHORT(s) { sizeof(s) - 1, s }

/* How rows travel to a staging table: statements of many rows. */
struct sql_rows {
	const char *head, *tail;	/* templates: begin and end a statement */
	struct sql_short open, between, null, close;	/* around the values of a row */
	struct sql_short next;		/* between rows */
	size_t max_rows, max_strings, max_bytes;	/* of a statement; 0: no limit */
	bool cast;			/* give the values of a statement's first row their types */
};

struct sql_dialect {
	const char *name;		/* the argument of -d */
	const char *client;		/* whom the text is for, in help */
	size_t name_max;		/* maximum name length as name_length counts; 0: no limit */
	size_t (*name_length)(const char *name);
	const char *name_unit;
	const char *(*name_fault)(const char *name);	/* returns another reason to reject a name, or NULL */
	bool fold_case;			/* names that differ only in ASCII case are equal */
	size_t max_columns;
	uint64_t max_bytes;		/* maximum bytes of text; 0: no limit */
	bool long_columns;		/* has a separate type for long strings */
	bool dry_run;			/* can check a target without changing it */
	bool bounded;			/* its checks want the extremes of the values: struct sql_extent is kept */
	bool updates;			/* upserts by UPDATE and INSERT unless asked for MERGE */
	bool no_micros;			/* loads no timestamps in microseconds */
	bool managed_at_dfs;		/* reads Parquet by a managed identity only from a .dfs. address */
	unsigned kinds;			/* bits of enum sql_kind that it has besides SQL_LOAD */
	bool copies;			/* can load the files of an export */
	bool create_first;		/* tables are created before the rows, outside the transaction */
	bool bare_delete;		/* the target of a DELETE has no alias */
	char open, close;		/* around a name */
	const char *quote;		/* begins a string literal */
	const char *schema;		/* default; NULL: none is written */
	struct sql_rows rows;
	const struct sql_type *types;	/* indexed by val_kind; one without a name is as `other` */
	struct sql_type other;		/* differs and match are the defaults of all types */
	const struct sql_word *words;	/* ended by a null name */
	const struct sql_word *family;	/* words shared with other dialects, likewise; NULL: none */
	const struct sql_check *checks;	/* of an existing target, by its catalog alone; ended by number 0; NULL: none */
};

extern const struct sql_dialect sql_sqlite, sql_postgres, sql_synapse, sql_fabric, sql_sqlserver;

/* The longest or extreme values of a column so far, with the number of their record; 0: none. */
struct sql_extent {
	size_t widest;			/* in characters */
	i128 low, high;
	uint64_t widest_at, low_at, high_at;
	uint64_t filled;		/* SQL_VALIDATE: values not null */
	i128 total;			/* likewise: their sum, unless `beyond` 38 digits */
	bool beyond;
};

struct sql_column {
	const char *name;		/* view of the header's name */
	struct val_type type;
	bool key, required;
	bool lengthy;			/* strings of any length, for dialects whose default string type is short */
	const struct sql_type *sql;
	sql_put *put;
	bool measured;			/* `extent` is kept */
	struct sql_extent extent;
};

/* A check of the target or the staging tables: fails if the query, a scalar, is not null. Parts are templates. */
struct sql_check {
	unsigned number;		/* of the error, where errors have numbers */
	const char *query;
	const char *before, *after;	/* around the query's value, in a message that begins with the table's name */
	bool merging;			/* made only if rows are upserted by MERGE */
};

/* Appends a template to the load's text. */
void sql_add(struct sql_load *l, const char *template);

/* Returns the text of a word of the dialect or of all, or NULL. */
const char *sql_word(const struct sql_load *l, const char *name, size_t n);
extern const struct sql_word sql_words[];	/* those of all, ended by a null name */

/* Whether the text has the rows of the stream; otherwise they are only validated, counted and measured. */
bool sql_has_rows(const struct sql_load *l);
bool sql_is_copied(const struct sql_load *l);		/* staged from files, by the warehouse */
bool sql_is_updating(const struct sql_load *l);		/* upserts by UPDATE and INSERT, not by MERGE */

/* Appends the statements before and after the rows, or all of a dry run or of another kind of script. */
void sql_script_begin(struct sql_load *l);
void sql_script_end(struct sql_load *l);
void sql_script_dry_run(struct sql_load *l);
void sql_script_alone(struct sql_load *l);

/* Batches (batch.c): ends one, after which the client starts anew; escapes what is not escaped yet; ends the last. */
void sql_batch_end(struct sql_load *l);
void sql_batch_escape(struct sql_load *l);
void sql_batch_finish(struct sql_load *l);

/* Sets what the dialect has for the column's type. */
void sql_column_type(const struct sql_dialect *d, struct sql_column *c);

/*
 * history.c: whether versions are kept; adds their columns after those of the stream; turns the load to versions, or
 * back to rows; appends the statements that work the versions out, and what proves them.
 */
bool sql_is_history(const struct sql_load *l);
int sql_history_open(struct sql_load *l, size_t ncolumns);
void sql_history_turn(struct sql_load *l, bool to_versions);
void sql_history_stages(struct sql_load *l);
void sql_history_make(struct sql_load *l);
void sql_history_check(struct sql_load *l);
void sql_history_ended(struct sql_load *l);
bool sql_history_tracks(const struct sql_load *l, size_t column);	/* is it one of a row's values? */
extern const struct sql_word sql_history_words[];

/* Appends a check that fails if the query, a scalar, is not null. */
void sql_check_add(struct sql_load *l, unsigned number, const char *query, const char *before, const char *after);

/* Appends a row, or ends the open statement. sql_row returns like sql_put; *field is the invalid one. */
const char *sql_row(struct sql_load *l, struct rec r, size_t *field);
void sql_row_end(struct sql_load *l);

#endif
