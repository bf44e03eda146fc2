/* What the dialects of T-SQL share: rules of names, values, and templates. */
#ifndef SQL_TSQL_H
#define SQL_TSQL_H

#include "sql/dialect.h"

enum { TSQL_NAME_MAX = 128 };		/* UTF-16 units */

size_t sql_tsql_name_length(const char *name);
const char *sql_tsql_name_fault(const char *name);

sql_put sql_tsql_put_date, sql_tsql_put_timestamp, sql_tsql_put_float;

/* NVARCHAR: up to 4000 UTF-16 units, or any number in a lengthy column. */
sql_put sql_tsql_put_string;

/*
 * Writes a string as N'...', or '...' if not wide. Control characters, and what sqlcmd would take for a variable, make
 * it hexadecimal: UTF-16 if wide, for NVARCHAR, otherwise UTF-8, as CAST(0x... AS type). So no literal contains a line
 * end: T-SQL drops one after a backslash, and clients look for GO at line starts.
 */
void sql_tsql_string(struct sql_load *l, const uint8_t *p, size_t n, bool plain, bool wide, const char *type);

/* The characters of a field: a view, decoded into the scratch buffer where it has escapes. *plain: as for the above. */
const uint8_t *sql_tsql_text(struct sql_load *l, struct rec_field f, size_t *n, bool *plain);

/* The rest of a difference: one value is null, the other is not. */
#define TSQL_NULLS " OR (t.% IS NULL AND s.% IS NOT NULL) OR (t.% IS NOT NULL AND s.% IS NULL)"

/*
 * Strings compare by code units and trailing spaces, which = ignores: a default collation treats 'abc' and 'ABC' as one
 * key. The cast measures a varchar column in the same bytes per character.
 */
#define TSQL_TEXT_DIFFERS \
	"t.%{collate} <> s.%{collate} OR DATALENGTH(CAST(t.% AS {type})) <> DATALENGTH(s.%)" TSQL_NULLS
#define TSQL_TEXT_MATCH \
	"{s}.%{collate} = {t}.%{collate} AND DATALENGTH({s}.%) = DATALENGTH(CAST({t}.% AS {type}))"

/*
 * The words of the family. A dialect gives the rest: {collate}, {binary}, {string} and {text} (types of names and of
 * messages), {N} (what makes a literal NVARCHAR),
 * {distributed}, {heap}, {primary}, {indexed}, {target_as}, {copy}, {external}, and where it differs, others.
 */
extern const struct sql_word sql_tsql_words[];

/* Checks of an existing target that hold for all of them. */
#define TSQL_OF_TARGET "OBJECT_ID({literal~{target}}, N'U')"
#define TSQL_CHECKS \
	{ 50005, "SELECT MIN(w.name) FROM (SELECT {all~{name'} AS name~\nUNION ALL SELECT }) AS w\n" \
	    "WHERE " TSQL_OF_TARGET " IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sys.columns AS c WHERE " \
	    "c.object_id = " \
	    TSQL_OF_TARGET " AND c.name = w.name)", ": has no column ", "", false }, \
	{ 50005, "SELECT MIN(c.name) FROM sys.columns AS c WHERE c.object_id = " TSQL_OF_TARGET \
	    " AND ({all~{check_type}~\n\tOR })", ": a column whose type does not hold every value: ", "", false }, \
	{ 50005, "SELECT MIN(c.name) FROM sys.columns AS c WHERE c.object_id = " TSQL_OF_TARGET \
	    "\nAND c.is_nullable = 0 AND c.default_object_id = 0 AND c.is_identity = 0 AND c.is_computed = 0\n" \
	    "AND c.name NOT IN ({all~{name'}~, })", ": column ", \
	    " takes no null, has no default and is not in the stream", false }

#endif
