/*
 * Changes the text of a value before its type is parsed, by the words replace, case, map, other, true_values and
 * false_values of a column.
 */
#ifndef CLEAN_CHANGE_H
#define CLEAN_CHANGE_H

#include "base/mem.h"
#include "schema/schema.h"

enum {
	CLEAN_CHANGE_REPLACED = 4096,	/* most bytes of a text in which parts are replaced, before and after */
	CLEAN_CHANGE_ROOM = 2 * 4096	/* most bytes by which a typed value may exceed its raw field */
};

enum clean_change_answer { CLEAN_CHANGE_DONE, CLEAN_CHANGE_NULL, CLEAN_CHANGE_REJECT, CLEAN_CHANGE_LONG };

struct clean_change_word {		/* a word to look for, folded if case is ignored */
	char *from;		/* owned */
	size_t n;
	const char *to;		/* the schema's */
};

struct clean_change_table {
	struct clean_change_word *words;	/* sorted; owned */
	size_t n;
};

struct clean_change {
	const struct schema_column *schema;
	struct clean_change_table map, truths;	/* truths: of true_values and false_values */
	struct clean_change_table values;		/* of enum, where case is ignored */
	struct buf text, key;		/* scratch */
};

/* Does the column have a word that changes values? */
bool clean_change_is_needed(const struct schema_column *s);

void clean_change_init(struct clean_change *c, const struct schema_column *s);	/* which must outlive c */
void clean_change_free(struct clean_change *c);

/*
 * Changes the text, valid UTF-8, trimmed, NUL-terminated and not null, and leaves it NUL-terminated. NULL: it is null
 * now; REJECT: it is not in map; LONG: it is too long for replace.
 */
enum clean_change_answer clean_change_text(struct clean_change *c, struct buf *text);

/* Finds the value of a bool by true_values and false_values: 1, 0, or -1 if it is neither. */
int clean_change_truth(struct clean_change *c, const struct buf *text);

#endif
