/* The schema of a source table: the format of its file and the constraints of its values. acct-schema(5). */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"
#include "regex/regex.h"
#include "val/moment.h"
#include "val/notation.h"
#include "val/zone.h"

struct schema_list {		/* words, owned */
	char **word;
	size_t n;		/* 0 if not given */
};

struct schema_place {		/* in the schema's file, counted from 1; line 0: not given */
	size_t line, column;
};

struct schema_reference_column {	/* owned */
	char *own, *other;	/* a column, and that of the other table */
	struct schema_place at;
};

enum schema_orphans {		/* what becomes of rows whose reference is in no row of the other table */
	SCHEMA_ORPHANS_KEEP, SCHEMA_ORPHANS_STOP, SCHEMA_ORPHANS_REJECT
};

struct schema_reference {	/* columns whose values together should be found in a row of another table; owned */
	char *table;
	struct schema_reference_column *columns;	/* n of them */
	size_t n;
	enum schema_orphans orphans;
	struct schema_place at;
};

struct schema_pair {		/* of map or replace, owned */
	char *from, *to;	/* a word or a pattern, and the text in its place, which may be empty */
	struct regex *regex;	/* of a pattern; NULL for map */
};

struct schema_pairs {
	struct schema_pair *pair;
	size_t n;		/* 0 if not given */
};

enum schema_other { SCHEMA_OTHER_KEEP, SCHEMA_OTHER_REJECT, SCHEMA_OTHER_NULL };
enum schema_case { SCHEMA_CASE_KEEP, SCHEMA_CASE_LOWER, SCHEMA_CASE_UPPER, SCHEMA_CASE_IGNORE };
enum schema_empty { SCHEMA_EMPTY_TABLE, SCHEMA_EMPTY_NULL, SCHEMA_EMPTY_KEEP };	/* TABLE: as the schema says */

struct schema_expr {		/* an expression of acct-expr(7), which lib/clean parses; all owned */
	char *text;		/* NULL if not given */
	size_t line, column;	/* where it begins in the schema's file */
	bool exact;		/* its characters follow each other there, so that a fault has a column of its own */
};

struct schema_rule {
	char *name;
	struct schema_expr expr;
};

/* A column whose numbers get a sign by the value of another, after both have their types. */
struct schema_sign {
	char *column;		/* NULL if not given */
	size_t index;		/* of that column, a string */
	struct schema_list negative, positive;	/* positive: if given, no other values are allowed */
};

/*
 * The words of a column apply in this order: nulls and empty, replace, letters, map, true_values and false_values,
 * the type, the default, and what limits the values.
 */
struct schema_column {
	char *name;		/* in records */
	char *source;		/* in the file's header; the first of sources */
	struct schema_list sources;	/* names in the header, of which the first that it has counts; at least one */
	bool own_nulls;		/* nulls, even if empty, replaces the schema's */
	struct schema_list nulls;
	enum schema_empty empty;
	struct schema_pairs replace;	/* one after the other, each all parts that match */
	enum schema_case letters;	/* the word case; IGNORE: as map, true_values, false_values and enum compare */
	struct schema_pairs map;	/* whole values */
	enum schema_other other;	/* what becomes of a value that is not in map */
	struct schema_list true_values, false_values;	/* in place of the words of type bool */
	struct val_type type;
	bool key, required;
	bool unique;		/* no value in two clean rows */
	char *default_text;	/* replaces null; NULL if not given */
	struct schema_list allowed;	/* the words of enum: allowed values as text; any if not given */
	char *minimum, *maximum;	/* as text, inclusive, valid for the type; NULL if not given */
	char *exclusive_minimum, *exclusive_maximum;	/* in place of those, and themselves not allowed */
	size_t min_length, max_length;	/* of strings, in code points; 0 and SIZE_MAX if not given */
	char *pattern;		/* must match a whole string; NULL if not given */
	struct regex *regex;	/* the compiled pattern; NULL if not given */
	struct val_moment *formats;	/* of dates and times in the file, tried in order; nformats 0: the type's own */
	size_t nformats;
	struct schema_list format_texts;	/* as written */
	struct val_zone *zone;	/* of timestamps without a zone of their own; NULL: UTC */
	unsigned century;	/* the first year that two digits can mean */
	char *title, *description;	/* for people; NULL if not given */
	struct val_notation *notation;	/* of numbers in the file; NULL: the type's own */
	struct schema_expr compute;	/* the value, from other columns; such a column is not in the file */
	struct schema_sign sign;
	char *references_table, *references_column;	/* for a job, which checks them; NULL if not given */
	struct schema_place references_at;
	enum schema_orphans orphans;
};

/* A limit in percent, as written and in units of 10^-9 percent, that is, of 1 / SCHEMA_WHOLE. */
#define SCHEMA_WHOLE UINT64_C(100000000000)

struct schema_limit {
	char *text;		/* NULL if not given */
	uint64_t n;
};

struct schema_sum_limit {	/* limits the change of a decimal column's sum */
	size_t column;		/* index */
	struct schema_limit limit;
};

struct schema_expect {		/* conditions on a day's file for a run to take effect */
	char *rows_text;	/* least number of clean rows; NULL if not given */
	uint64_t rows;
	struct schema_limit rejected;		/* most rejected rows, of the rows read */
	struct schema_limit rows_change;	/* largest change of the number of clean rows since the last run */
	struct schema_sum_limit *sums;
	size_t nsums;
};

/*
 * What becomes of a file whose columns are not the schema's: it stops; a column that the schema does not name is
 * ignored; or it becomes one of text. Unless it stops, a column that the file lacks is null, if it may be.
 */
enum schema_drift { SCHEMA_DRIFT_STOP, SCHEMA_DRIFT_IGNORE, SCHEMA_DRIFT_ADD };

enum schema_multiline {		/* may quoted fields cross line ends? ANY: not declared */
	SCHEMA_MULTILINE_ANY, SCHEMA_MULTILINE_NO, SCHEMA_MULTILINE_YES
};

struct schema {			/* all owned */
	char *path;		/* for messages */
	char *name;		/* name of the table */
	char *file;		/* usual name of the file; NULL if not given */
	bool optional;		/* the file may be absent */
	char delimiter, quote;	/* one byte each; defaults ',' and '"'; quote '\0': no quotes */
	char *encoding;		/* a name that iconv(3) knows, or "auto"; NULL: UTF-8 */
	bool header;		/* the file has a line of names; default yes */
	uint64_t header_line;	/* its physical line, from 1, the default; lines before it are skipped */
	size_t footer;		/* number of lines at the end of the file to skip; 0: none */
	char *footer_pattern;	/* matches the first line of the footer; NULL if not given */
	struct regex *footer_regex;	/* the compiled pattern; NULL if not given */
	char *comment;		/* lines that begin with it are skipped; NULL if not given */
	bool trailing_delimiter;	/* a row may have a delimiter after its last field */
	bool short_null;	/* fields missing at the end of a row are null, instead of rejecting it */
	bool names_ignore_case;	/* compare the file's names to those of the schema without case */
	char escape;		/* in quoted fields, escapes the quote and itself; '\0': no escape */
	enum schema_multiline multiline;
	bool empty_keep;	/* read a quoted empty text as an empty string, not null */
	bool extra_ignore;	/* ignore columns of the file that the schema does not name */
	enum schema_drift drift;
	struct schema_list nulls;	/* words that mean null, besides the empty text */
	struct schema_expr where;	/* rows of which it is not true are left out; over texts */
	struct schema_rule *rules;	/* a row of which one is false is rejected */
	size_t nrules;
	struct schema_expect expect;
	char *sequence;		/* the column by which the newest row of a key is found; NULL if not given */
	struct schema_column *columns;
	size_t ncolumns;
	struct schema_reference *references;	/* besides those of single columns */
	size_t nreferences;
};

/* Reads a schema file. Errors are "path:line:column: what: 'word'" with EX_CONFIG, EX_NOINPUT for a missing file. */
int schema_read(struct schema *s, const char *path, struct msg *err);

/* Reads a schema from memory, for tests and the fuzzer; name replaces the path in messages. */
int schema_parse(struct schema *s, const void *text, size_t n, const char *name, struct msg *err);

void schema_free(struct schema *s);

/* Adds a column of a file that the schema does not name: of text, which may be null. */
void schema_add_text(struct schema *s, const char *name);

/* May a file lack the column, which is null then? */
bool schema_may_lack(const struct schema *s, const struct schema_column *c);

enum {
	SCHEMA_HEADER_MAX = 1000000,	/* the last line that can hold the names */
	SCHEMA_FOOTER_MAX = 1000	/* most lines of a footer, as they are held in memory */
};

/* Are two names of columns in a file the same, as the schema compares them? NULL: byte by byte. */
bool schema_same_name(const struct schema *s, const char *a, const char *b);

/* Is it "auto" or the name of an encoding that iconv(3) converts to UTF-8? */
bool schema_encoding_ok(const char *name);

/* Returns the nearest of the common names of encodings as a hint for a message, or an empty text. */
const char *schema_encoding_hint(const char *name);

/* Is a row rejected if a reference of it, a column's or of several, is in no row of the other table? */
bool schema_rejects_orphans(const struct schema *s);

/* Is the column's value made from other columns, so that it is not in the file? */
static inline bool
schema_is_computed(const struct schema_column *c)
{
	return c->compute.text != NULL;
}

/* Parses "12.5%", with up to nine digits before the point and nine after. Returns false for anything else. */
bool schema_percent_parse(const char *text, uint64_t *to);

#endif
