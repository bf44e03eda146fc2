/* Reading a schema: the loader, its words and what its files share. Private to lib/schema. */
#ifndef SCHEMA_LOAD_H
#define SCHEMA_LOAD_H

#include <yaml.h>

#include "base/mem.h"
#include "schema/schema.h"

struct schema_texts {		/* a growing list; owned */
	char **word;
	struct schema_place *place;
	size_t n;
};

struct schema_loader;

/*
 * A word of the schema, of a column or of another mapping: a row of a table. `read` is called with the value as the
 * current event and the field at the offset; unless `many`, the value is one text.
 */
struct schema_word {
	const char *name;
	int (*read)(struct schema_loader *l, const struct schema_word *word, void *to);
	size_t offset;
	bool many;		/* the value may be a list or a mapping */
};

/* The words in the order of their tables. */
enum schema_file_word { SCHEMA_F_NAME, SCHEMA_F_FILE, SCHEMA_F_DELIMITER, SCHEMA_F_QUOTE, SCHEMA_F_ESCAPE,
    SCHEMA_F_MULTILINE, SCHEMA_F_EMPTY, SCHEMA_F_HEADER, SCHEMA_F_NULLS, SCHEMA_F_EXTRA, SCHEMA_F_DRIFT, SCHEMA_F_KEY,
    SCHEMA_F_COLUMNS, SCHEMA_F_EXPECT, SCHEMA_F_ENCODING, SCHEMA_F_FOOTER, SCHEMA_F_COMMENT, SCHEMA_F_TRAILING,
    SCHEMA_F_SHORT_ROWS, SCHEMA_F_NAMES, SCHEMA_F_OPTIONAL, SCHEMA_F_WHERE, SCHEMA_F_RULES,
    SCHEMA_F_REFERENCES, SCHEMA_F_SEQUENCE, SCHEMA_F_WORDS };
enum schema_column_word { SCHEMA_C_NAME, SCHEMA_C_SOURCE, SCHEMA_C_NULLS, SCHEMA_C_EMPTY, SCHEMA_C_REPLACE,
    SCHEMA_C_CASE, SCHEMA_C_MAP, SCHEMA_C_OTHER, SCHEMA_C_TRUE_VALUES, SCHEMA_C_FALSE_VALUES, SCHEMA_C_TYPE,
    SCHEMA_C_KEY, SCHEMA_C_REQUIRED, SCHEMA_C_DEFAULT, SCHEMA_C_ENUM, SCHEMA_C_MINIMUM, SCHEMA_C_MAXIMUM,
    SCHEMA_C_EXCLUSIVE_MINIMUM, SCHEMA_C_EXCLUSIVE_MAXIMUM, SCHEMA_C_MIN_LENGTH, SCHEMA_C_MAX_LENGTH,
    SCHEMA_C_PATTERN, SCHEMA_C_FORMAT, SCHEMA_C_CENTURY, SCHEMA_C_POINT, SCHEMA_C_GROUP, SCHEMA_C_NEGATIVE,
    SCHEMA_C_CURRENCY, SCHEMA_C_SUFFIX, SCHEMA_C_REFERENCES, SCHEMA_C_TITLE, SCHEMA_C_DESCRIPTION,
    SCHEMA_C_COMPUTE, SCHEMA_C_SIGN, SCHEMA_C_ZONE, SCHEMA_C_UNIQUE, SCHEMA_C_ORPHANS,
    SCHEMA_C_WORDS };

/* Lists of a column that are read as texts and judged when all words of the column are known. */
enum { SCHEMA_LATER_FORMAT, SCHEMA_LATER_POINT, SCHEMA_LATER_GROUP, SCHEMA_LATER_NEGATIVE, SCHEMA_LATER_CURRENCY,
    SCHEMA_LATER_SUFFIX, SCHEMA_LATER_SIGN, SCHEMA_LATER_LISTS };

struct schema_loader {
	yaml_parser_t yaml;
	yaml_event_t event;	/* the current one */
	const char *name;
	struct schema *schema;
	struct schema_column *column;		/* the current one, or NULL */
	struct msg *err;
	struct schema_place file_at[SCHEMA_F_WORDS];
	struct schema_place column_at[SCHEMA_C_WORDS];	/* of the current column */
	struct schema_place rejected_at;	/* of that word of expect */
	struct schema_texts keys;		/* of the schema's word "key" */
	struct schema_texts sums;		/* the columns named by sum_change */
	struct schema_texts later[SCHEMA_LATER_LISTS];	/* of the current column */
	struct schema_texts signs;		/* the columns that signs name, in order */
	struct schema_place *list_at[SCHEMA_C_WORDS];	/* of the items of the current column's lists; owned */
};

/* ---- errors.c: places and faults; a fault returns -1 ---- */

struct schema_place schema_here(const struct schema_loader *l);
struct schema_place schema_place_of(const uint8_t *text, size_t at);
int schema_fault(struct schema_loader *l, struct schema_place at, const char *what, const char *word);
int schema_fault_near(struct schema_loader *l, struct schema_place at, const char *what, const char *word,
    const char *hint);
int schema_no_column(struct schema_loader *l, struct schema_place at, const char *what, const char *word);
int schema_yaml_fault(struct schema_loader *l);

/* ---- yaml.c: events, lists and mappings ---- */

const char *schema_text(const struct schema_loader *l);		/* of a scalar event */
int schema_step(struct schema_loader *l);
int schema_want_text(struct schema_loader *l, const char *word);
bool schema_is_plain(const struct schema_loader *l);		/* a scalar without quotes */
void schema_texts_add(struct schema_loader *l, struct schema_texts *t);

/* Reads the list that begins with the current event, the value of `word`; calls `item` at the event of each item. */
int schema_items_read(struct schema_loader *l, const char *word,
    int (*item)(struct schema_loader *l, const char *word, void *to), void *to);
int schema_texts_read(struct schema_loader *l, const char *word, bool may_be_empty, struct schema_texts *t);
void schema_texts_free(struct schema_texts *t);

/* Reads the mapping that begins with the current event; stores the words' places in at[], their values from base on. */
int schema_words_read(struct schema_loader *l, const struct schema_word *words, size_t nwords,
    struct schema_place *at, void *base, const char *of);

/* ---- word.c: values of words; `to` is the field ---- */

int schema_read_text(struct schema_loader *l, const struct schema_word *word, void *to);
int schema_read_value(struct schema_loader *l, const struct schema_word *word, void *to);	/* may be empty */
int schema_read_yes(struct schema_loader *l, const struct schema_word *word, void *to);
int schema_read_list(struct schema_loader *l, const struct schema_word *word, void *to);
int schema_read_pairs(struct schema_loader *l, const struct schema_word *word, void *to);

/* Reads one of two words, of which yes sets *to. */
int schema_either(struct schema_loader *l, const char *yes, const char *no, bool *to);

/* Returns which of n words the value is, or -1 after a fault. */
int schema_choice(struct schema_loader *l, const char *const *words, size_t n, const char *expected);

/* Compiles the pattern at a place. Returns NULL after a fault. */
struct regex *schema_pattern_compile(struct schema_loader *l, struct schema_place at, const char *pattern);

/* ---- the words of a file, of expect and of a column, and their checks ---- */

int schema_file_read(struct schema_loader *l);
int schema_file_check(struct schema_loader *l);
int schema_expect_read(struct schema_loader *l, const struct schema_word *word, void *to);
int schema_expect_check(struct schema_loader *l);
int schema_columns_read(struct schema_loader *l, const struct schema_word *word, void *to);
extern const struct schema_word schema_column_words[];

/* Encodes a text of the schema that must be a value of the current column's type. */
int schema_encode(struct schema_loader *l, struct schema_place at, const char *text, struct buf *out);
bool schema_is_long_enough(const struct schema_column *c, const char *text);
int schema_values_check(struct schema_loader *l);	/* bounds, enum, default, pattern, lengths */
int schema_formats_make(struct schema_loader *l);
int schema_notation_make(struct schema_loader *l);
int schema_changes_check(struct schema_loader *l);	/* replace, case, map, true_values */

/* ---- reference.c ---- */

int schema_references_read(struct schema_loader *l, const struct schema_word *word, void *to);
int schema_references_check(struct schema_loader *l);		/* when all columns are known */
int schema_read_orphans(struct schema_loader *l, const struct schema_word *word, void *to);	/* keep or stop */
void schema_references_free(struct schema *s);

/* ---- row.c: words over the whole row ---- */

int schema_read_expr(struct schema_loader *l, const struct schema_word *word, void *to);
int schema_read_rules(struct schema_loader *l, const struct schema_word *word, void *to);
int schema_read_sign(struct schema_loader *l, const struct schema_word *word, void *to);
int schema_row_check_column(struct schema_loader *l);	/* compute and sign beside the other words of the column */
int schema_signs_check(struct schema_loader *l);	/* when all columns are known */

#endif
