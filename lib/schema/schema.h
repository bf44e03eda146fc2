/* The schema of one source table: what its file looks like and what its values must be. acct-schema(5). */
#ifndef SCHEMA_SCHEMA_H
#define SCHEMA_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"
#include "regex/regex.h"
#include "val/val.h"

struct schema_column {
	char *name;		/* in records */
	char *source;		/* in the file's header; the name where not given */
	struct val_type type;
	bool key, required;
	char *default_text;	/* takes the place of a null; NULL where none */
	char **allowed;		/* allowed values as text; nallowed 0: any */
	size_t nallowed;
	char *minimum, *maximum;	/* as text, inclusive; NULL where none. Valid values of the type */
	char *pattern;		/* that the whole of a string must match; NULL where none */
	struct regex *regex;	/* the pattern compiled; NULL where none */
	char *date_format;	/* num.h's letters; NULL: YYYY-MM-DD */
	unsigned century;	/* the first year that two digits can mean */
	char *references_table, *references_column;	/* NULL where none; documentation for the pipelines */
};

/* A limit in percent as it was written, and in units of 10^-9 percent, so of 1 / SCHEMA_WHOLE. */
#define SCHEMA_WHOLE UINT64_C(100000000000)

struct schema_limit {
	char *text;		/* NULL where not given */
	uint64_t n;
};

struct schema_sum_limit {	/* of the change of a decimal column's sum */
	size_t column;		/* index */
	struct schema_limit limit;
};

struct schema_expect {		/* what a day's file must be like for a run to take effect */
	char *rows_text;	/* least clean rows; NULL where not given */
	uint64_t rows;
	struct schema_limit rejected;		/* most, of the rows read */
	struct schema_limit rows_change;	/* most, of clean rows, against the last run */
	struct schema_sum_limit *sums;
	size_t nsums;
};

enum schema_multiline {		/* may quoted fields of the file cross line ends? ANY: not declared */
	SCHEMA_MULTILINE_ANY, SCHEMA_MULTILINE_NO, SCHEMA_MULTILINE_YES
};

struct schema {			/* all owned */
	char *name;		/* the table's */
	char *file;		/* the file's usual name; NULL where not given */
	char delimiter, quote;	/* one byte each; ',' and '"' unless given; a quote of '\0' is none */
	bool header;		/* the file begins with a line of names: yes unless given */
	char escape;		/* a byte that, in quoted fields, makes the quote or itself after it a character; '\0': none */
	enum schema_multiline multiline;
	bool empty_keep;	/* a quoted empty text is an empty string, not null */
	bool extra_ignore;	/* columns of the file that the schema does not name are passed over */
	char **nulls;		/* words that mean null, beside the empty text */
	size_t nnulls;
	struct schema_expect expect;
	struct schema_column *columns;
	size_t ncolumns;
};

/* Reads a schema file. Errors are "path:line:column: what: 'word'" with EX_CONFIG, EX_NOINPUT for a missing file. */
int schema_read(struct schema *s, const char *path, struct msg *err);

/* The same from memory, for tests and the fuzzer; name stands for the path in messages. */
int schema_parse(struct schema *s, const void *text, size_t n, const char *name, struct msg *err);

void schema_free(struct schema *s);

/* Parses "12.5%": up to nine digits before the point and nine after. False for anything else. */
bool schema_percent_parse(const char *text, uint64_t *to);

#endif
