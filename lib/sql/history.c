/*
 * A history: the target keeps the versions of rows as half-open intervals of a sequence, as acct-history(1) does. The
 * stream's rows are staged with the sequence as _from. From them and from what the target has, the versions that are
 * new or end are worked out in a second staging table, which is then merged by key and _from like any rows, and
 * compared with the target like any rows.
 *
 * A row opens a version unless the one that holds then has the same values; it ends where the version that it splits
 * ended, or where the next begins. So the same load again changes nothing.
 */
#include <string.h>

#include "sql/dialect.h"
#include "sql/text.h"

#define CONTAINS(when) \
	"t.{\"_from} <= " when " AND (t.{\"_to} IS NULL OR t.{\"_to} > " when ")"
#define OF_ROW "{row_key~{match}~ AND }"
/* A version that ended where it began holds never. */
#define LATER "{target} AS t WHERE " OF_ROW " AND t.{\"_from} > s.{\"_from}\n" \
	"AND (t.{\"_to} IS NULL OR t.{\"_to} > t.{\"_from})"
#define ENDING(when) \
	"INSERT INTO {stage} ({all~%~, })\nSELECT {all~{is_to~" when "~{is_current~{no}~t.%}}~, }\n"

const struct sql_word sql_history_words[] = {
	{ "yes", "1" }, { "no", "0" },		/* values of _current */
	{ "version_key", "" },			/* after the versions are staged */
	{ "held_rows", "{history~(SELECT {count} FROM {stage})~{rows}}" },
	{ "is_now", "{t}.{\"_current} = {yes}" },
	{ "new_from", "CASE WHEN t.{\"_from} IS NULL{tracked~ OR {differs}~} THEN s.{\"_from} ELSE t.{\"_from} END" },
	{ "new_to", "CASE WHEN t.{\"_from} IS NULL THEN (SELECT MIN(t.{\"_from}) FROM " LATER ") ELSE t.{\"_to} END" },
	{ "new_current", "CASE WHEN t.{\"_to} IS NULL AND (t.{\"_from} IS NOT NULL\n"
	    "OR NOT EXISTS (SELECT 1 FROM " LATER ")) THEN {yes} ELSE {no} END" },
	/* An unchanged row gives the version that holds, as it is. */
	{ "opened", "INSERT INTO {stage} ({all~%~, })\n"
	    "SELECT {all~{is_from~{new_from}~{is_to~{new_to}~{is_current~{new_current}~s.%}}}~, }\n"
	    "FROM {fresh} AS s LEFT JOIN {target} AS t ON " OF_ROW " AND " CONTAINS("s.{\"_from}") "{;}" },
	{ "split", "{any_tracked~" ENDING("s.{\"_from}") "FROM {fresh} AS s INNER JOIN {target} AS t ON " OF_ROW
	    " AND t.{\"_from} < s.{\"_from}\nAND (t.{\"_to} IS NULL OR t.{\"_to} > s.{\"_from})\n"
	    "WHERE {tracked~{differs}~\n\tOR }{;}}" },
	{ "ended_gone", ENDING("{ended}") "FROM {gone} AS s INNER JOIN {target} AS t ON " OF_ROW " AND "
	    CONTAINS("{ended}") "{;}" },
	{ "ended_absent", ENDING("{ended}") "FROM {target} AS t WHERE " CONTAINS("{ended}") "\n"
	    "AND NOT EXISTS (SELECT 1 FROM {fresh} AS s WHERE " OF_ROW "){;}" },
	/* Of the rows: those that no version holds; a version that begins before another has ended. */
	{ "not_held", "SELECT {first} FROM {stage} AS s LEFT JOIN {target} AS t ON {key~{match}~ AND } AND "
	    CONTAINS("s.{\"_from}") "\nWHERE t.{\"_from} IS NULL{tracked~ OR {differs}~}{order}" },
	{ "overlapping", "SELECT {first} FROM {stage} AS s INNER JOIN {target} AS t ON {key~{match}~ AND }\n"
	    "INNER JOIN {target} AS u ON {key~u.% = t.%~ AND } AND t.{\"_from} < u.{\"_from}\n"
	    "AND (t.{\"_to} IS NULL OR t.{\"_to} > u.{\"_from})\n"
	    "AND (u.{\"_to} IS NULL OR u.{\"_to} > u.{\"_from}){order}" },
	{ "not_ended", "SELECT {first} FROM {gone} AS s INNER JOIN {target} AS t ON {key~{match}~ AND } AND "
	    CONTAINS("{ended}") "{order}" },
	{ 0 }
};

bool
sql_is_history(const struct sql_load *l)
{
	return l->options.history > 0;
}

void
sql_history_turn(struct sql_load *l, bool to_versions)
{
	struct sql_column *from;

	if (l->versions == to_versions)
		return;
	from = &l->columns[l->sequence];
	l->versions = from->key = to_versions;
	l->ncolumns = to_versions ? l->ncolumns + 2 : l->ncolumns - 2;
	l->nkeys = to_versions ? l->nkeys + 1 : l->nkeys - 1;
}

bool
sql_history_tracks(const struct sql_load *l, size_t column)
{
	return sql_is_history(l) && !l->columns[column].key && column != l->sequence &&
	    column + (l->versions ? 2 : 0) < l->ncolumns;
}

/* Are values ordered in every database as they are here? */
static bool
is_sequence(struct val_type t)
{
	return t.kind == VAL_INT32 || t.kind == VAL_INT64 || t.kind == VAL_DATE || t.kind == VAL_TIMESTAMP;
}

int
sql_history_open(struct sql_load *l, size_t ncolumns)
{
	struct sql_column *from = &l->columns[l->sequence = l->options.history - 1], *to = &l->columns[ncolumns];

	if (from->key)
		return msg_set(&l->err, EX_USAGE, "--history: %s: of the key; -k names the key of the rows without it",
		    msg_quotes(from->name));
	if (!is_sequence(from->type))
		return msg_set(&l->err, EX_USAGE, "--history: %s: neither an integer nor a date or timestamp",
		    msg_quotes(from->name));
	from->name = "_from";
	from->required = true;
	to[0] = (struct sql_column){ .name = "_to", .type = from->type };
	to[1] = (struct sql_column){ .name = "_current", .type = { VAL_BOOL, 0, 0 }, .required = true };
	sql_column_type(l->dialect, &to[0]);
	sql_column_type(l->dialect, &to[1]);
	l->version_keys = xcalloc(l->nkeys + 1, sizeof(*l->version_keys));
	memcpy(l->version_keys, l->keys, l->nkeys * sizeof(*l->version_keys));
	l->version_keys[l->nkeys] = l->sequence;
	l->keys = l->version_keys;
	return 0;
}

void
sql_history_stages(struct sql_load *l)
{
	if (!sql_is_history(l))
		return;
	sql_history_turn(l, true);
	sql_add(l, "{version_stage}");
	sql_history_turn(l, false);
}

/* Writes the value as a row would have it: text for COPY is a literal without its quotes. */
void
sql_history_ended(struct sql_load *l)
{
	const struct sql_column *outer = l->column, *from = &l->columns[l->sequence];
	const struct buf *at = l->options.deleted_at;
	bool quoted = l->dialect->rows.cast || *l->dialect->rows.open.text != '\0';

	if (at == NULL) {
		buf_adds(&l->buf, "NULL");
		return;
	}
	l->column = from;
	buf_adds(&l->buf, quoted ? "CAST(" : "CAST('");
	(void)from->put(l, l->sequence, (struct rec_field){ at->p, at->len });
	buf_adds(&l->buf, quoted ? " AS " : "' AS ");
	sql_add(l, "{type})");
	l->column = outer;
}

void
sql_history_make(struct sql_load *l)
{
	sql_add(l, "{opened}{split}");
	if (l->options.absent == SQL_ABSENT_DELETE)
		sql_add(l, "{ended_absent}");
	else if (l->into == SQL_INTO_GONE)
		sql_add(l, "{ended_gone}");
	sql_add(l, "{version_key}");
}

void
sql_history_check(struct sql_load *l)
{
	sql_history_turn(l, false);
	sql_check_add(l, 50004, "{not_held}", " has no version that holds a row as it came: ", "");
	sql_check_add(l, 50011, "{overlapping}", " has versions that overlap, of the key ", "");
	if (l->into == SQL_INTO_GONE)
		sql_check_add(l, 50008, "{not_ended}", " still has a version of a row that was deleted: ", "");
	sql_history_turn(l, true);
}
