/*
 * The script of every dialect: which statements, in which order, and the texts that do not differ. Rows first; then
 * the target's tables, its columns and the mark are checked, rows deleted and merged, the result compared with the
 * staged rows, and the mark written, all in one transaction.
 */
#include "sql/dialect.h"
#include "sql/text.h"

const struct sql_word sql_words[] = {
	{ ";", ";\n" },
	{ "as", " AS t" },
	{ "count", "count(*)" },
	{ "first", "{keytext}" },
	{ "order", "\nORDER BY {key~s.%~, } LIMIT 1" },
	{ "target", "{in}{table}" },
	{ "marks", "{in}{\"" SQL_MARKS "}" },
	{ "pairs", "{stage} AS s LEFT JOIN {target} AS t ON {key~{same}~ AND }" },
	{ "absent", "{target}{as} WHERE NOT EXISTS (SELECT 1 FROM {stage} AS {s} WHERE {key~{match}~ AND })" },
	{ "where_mark", "{\"lake} = {lake} AND {\"table_name} = {table'}" },
	{ "differing", "SELECT {first} FROM {pairs}\nWHERE {all~{differs}~ OR }{order}" },
	{ "same", "t.% = s.%" },	/* keys are equal */
	{ "target_as", "{target} AS t" },	/* of a MERGE */
	{ "merge", "MERGE INTO {target_as} USING {stage} AS s\nON {key~{same}~ AND }"
	    "{wide~\nWHEN MATCHED AND ({rest~{differs}~\n\tOR })\nTHEN UPDATE SET {rest~% = s.%~, }}\n"
	    "WHEN NOT MATCHED THEN INSERT ({all~%~, })\nVALUES ({all~s.%~, }){;}" },
	{ "marks_columns", "{\"lake}, {\"table_name}, {\"run_id}, {\"version}, {\"row_count}, {\"checksum}, "
	    "{\"loaded_at}" },
	{ "mark", "DELETE FROM {marks} WHERE {where_mark}{;}INSERT INTO {marks} ({marks_columns})\n"
	    "SELECT {lake}, {table'}, {run}, {at}, {rows}, {sum}, {now}{;}" },
	{ "settle", "" },		/* between the changes and their comparison with the staged rows */
	{ "probe", "" },		/* in a dry run, in place of the changes */
	{ "columns", "" },		/* checks of the target's columns within the transaction */
	{ "copy", "" },			/* stages the files of the export */
	/* The same without MERGE. */
	{ "update_insert", "{wide~{update}WHERE {rest~{differs}~\n\tOR }{;}}"
	    "INSERT INTO {target} ({all~%~, })\nSELECT {all~s.%~, } FROM {stage} AS s\n"
	    "WHERE NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {key~{same}~ AND }){;}" },
	{ 0 }
};

void
sql_check_add(struct sql_load *l, unsigned number, const char *query, const char *before, const char *after)
{
	struct sql_check check = { number, query, before, after, false };

	l->check = &check;
	sql_add(l, "{fail}");
	l->check = NULL;
}

/* Checks that all rows and delete keys were staged and that none is both. */
static void
check_staged(struct sql_load *l)
{
	sql_check_add(l, 50002, "SELECT NULLIF({count}, {rows}) FROM {stage}", ": not every row was staged: ", " of "
	    "{rows}");
	if (l->into != SQL_INTO_GONE)
		return;
	sql_check_add(l, 50002, "SELECT NULLIF({count}, {gone_rows}) FROM {gone}", ": not every key to delete was "
	    "staged: ",
	    " of {gone_rows}");
	sql_check_add(l, 50009, "SELECT {first} FROM {gone} AS s INNER JOIN {stage} AS t ON {key~{same}~ AND }{order}",
	    ": a key to delete has a row to merge: ", "");
}

/* Checks that the mark is the one the caller read: the deletes were derived from it. */
static void
check_mark(struct sql_load *l)
{
	if (l->options.mark.since == SQL_SINCE_ANY)
		sql_check_add(l, 50006, "SELECT {marked_version} FROM (SELECT MAX({\"version}) AS v FROM {marks} WHERE "
		    "{where_mark}) AS x\nWHERE x.v > {at}", ": the mark of the load before names ",
		    ", later than version {at}");
	else
		sql_check_add(l, 50006, "SELECT {marked_version} FROM (SELECT MAX({\"version}) AS v FROM {marks} WHERE "
		    "{where_mark}) AS x\n"
		    "WHERE COALESCE(x.v, -1) <> {since}", ": the mark of the load before names ",
		    l->options.mark.since < 0 ? ", not none" : ", not version {since}");
}

/* Refuses to overwrite or delete rows not known to be written by a load of this lake, unless asked to. */
static void
check_origin(struct sql_load *l)
{
	if (l->options.absent != SQL_ABSENT_REFUSE)
		return;
	if (l->options.mark.since < 0)
		sql_check_add(l, 50007, "SELECT NULLIF({count}, 0) FROM {target}", ": ",
		    " rows are there and no load of this lake is marked: --adopt keeps them, --delete-absent "
	    "deletes them");
	else if (l->into != SQL_INTO_GONE && !l->options.dry_run)
		sql_check_add(l, 50007, "SELECT NULLIF({count}, 0) FROM {absent}{history~ AND {is_now}}", ": ",
		    " rows are there that the stream does not have and whose origin is not known: "
		    "--adopt keeps them, --delete-absent deletes them");
}

bool
sql_is_copied(const struct sql_load *l)
{
	return l->options.export != NULL && l->options.kind == SQL_LOAD;
}

bool
sql_is_updating(const struct sql_load *l)
{
	return l->options.upsert == SQL_UPSERT_UPDATE ||
	    (l->options.upsert == SQL_UPSERT_USUAL && l->dialect->updates);
}

bool
sql_has_rows(const struct sql_load *l)
{
	return l->options.kind == SQL_LOAD && !l->options.dry_run && l->options.export == NULL;
}

static void
check_catalog(struct sql_load *l)
{
	const struct sql_check *c;

	for (c = l->dialect->checks; c != NULL && c->number != 0; c++)
		if (!c->merging || !sql_is_updating(l))
			sql_check_add(l, c->number, c->query, c->before, c->after);
}

static void
check_target(struct sql_load *l)
{
	if (!sql_is_copied(l))
		check_catalog(l);
	sql_add(l, "{columns}");
	if (l->options.mark.lake == NULL)
		return;
	check_mark(l);
	l->deleting = true;		/* the same comparison of keys as in the DELETE */
	sql_history_turn(l, false);
	check_origin(l);
	sql_history_turn(l, sql_is_history(l));
	l->deleting = false;
}

/* Deletes before the merge, whose rows the target's collation could treat as equal to those. */
static void
add_deletes(struct sql_load *l)
{
	l->deleting = true;
	if (l->options.absent == SQL_ABSENT_DELETE)
		sql_add(l, "DELETE FROM {absent}{;}");
	else if (l->into == SQL_INTO_GONE || (l->options.dry_run && l->options.mark.lake != NULL))
		sql_add(l, "DELETE FROM {target}{as}\n"
		    "WHERE EXISTS (SELECT 1 FROM {gone} AS {s} WHERE {key~{match}~ AND }){;}");
	l->deleting = false;
}

static void
check_deleted(struct sql_load *l)
{
	if (l->options.absent == SQL_ABSENT_DELETE)
		sql_check_add(l, 50008, "SELECT NULLIF({count}, {rows}) FROM {target}", " should have {rows} rows and "
	    "has ", "");
	else if (l->into == SQL_INTO_GONE)
		sql_check_add(l, 50008, "SELECT {first} FROM {gone} AS s INNER JOIN {target} AS t ON {key~{match}~ AND "
	    "}{order}",
		    " still has a row that was deleted: ", "");
}

static void
add_changes(struct sql_load *l)
{
	if (sql_is_history(l))
		sql_history_make(l);
	else
		add_deletes(l);
	sql_add(l, sql_is_updating(l) ? "{update_insert}{settle}" : "{merge}{settle}");
	sql_check_add(l, 50004, "{differing}",
	    " does not hold the rows as they came, each once; the first key that differs: ", "");
	if (sql_is_history(l))
		sql_history_check(l);
	else
		check_deleted(l);
	sql_add(l, "{marked~{mark}}");
}

/* Files are staged before the transaction: an existing target is checked first, which costs little. */
static void
add_copy(struct sql_load *l)
{
	sql_add(l, "{check_begin}");
	check_catalog(l);
	sql_add(l, "{check_end}{stages}{copy}");
}

void
sql_script_begin(struct sql_load *l)
{
	l->begun = true;
	sql_add(l, "{open}");
	if (l->dialect->create_first) {
		sql_history_turn(l, sql_is_history(l));
		sql_add(l, "{create}");
		sql_history_turn(l, false);
	}
	if (sql_is_copied(l))
		add_copy(l);
	else
		sql_add(l, "{stages}");
	sql_history_stages(l);
}

void
sql_script_end(struct sql_load *l)
{
	sql_add(l, "{begin}");
	check_staged(l);
	sql_history_turn(l, sql_is_history(l));
	if (!l->dialect->create_first)
		sql_add(l, "{create}");
	check_target(l);
	add_changes(l);
	sql_add(l, "{commit}");
}

/* Stages no rows. Does what a load does as far as the dialect can undo it, so that rights are checked too. */
void
sql_script_dry_run(struct sql_load *l)
{
	sql_add(l, "{try}{create}");
	check_target(l);
	if (*sql_word(l, "probe", sizeof "probe" - 1) != '\0')
		sql_add(l, "{probe}");
	else
		add_changes(l);
	sql_add(l, "{rollback}");
}

void
sql_script_alone(struct sql_load *l)
{
	static const char *const words[] = { [SQL_EXTERNAL] = "{external}", [SQL_VIEW] = "{view}",
		[SQL_VALIDATE] = "{validate}" };

	sql_add(l, words[l->options.kind]);
}
