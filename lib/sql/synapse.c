/*
 * T-SQL for an Azure Synapse dedicated pool, as one batch without GO.
 *
 * Obeys the pool's rules: MERGE inserts only into a HASH-distributed target; INSERT takes one VALUES row, so rows
 * are sent as SELECT ... UNION ALL SELECT, with fewer than 20,000 strings per statement; no DDL inside the
 * transaction; the distribution column is never updated; MERGE ends with a semicolon. Primary keys are not enforced
 * there, and a declared one that is violated yields wrong results, so none is declared: checks before and after the
 * MERGE prove that each key occurs once.
 *
 * The whole batch is one BEGIN ... END: truncated text is a syntax error, and the server runs none of it.
 */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "sql/text.h"

#define BINARY "COLLATE Latin1_General_100_BIN2"
#define LABEL "\nOPTION (LABEL = N'acct-merge-sql');\n"

enum {
	BATCH_ROWS = 500,
	BATCH_STRINGS = 10000,
	BATCH_BYTES = 1024 * 1024,
	STRING_MAX = 4000,		/* of NVARCHAR(n), in UTF-16 units */
	NAME_MAX_UNITS = 128
};

static void
ident(struct buf *out, const char *name)
{
	sql_text_quote(out, '[', ']', name, strlen(name));
}

static size_t
name_length(const char *name)
{
	return sql_text_utf16_length((const uint8_t *)name, strlen(name));
}

/*
 * Returns true if sqlcmd would take the line for a command, which it looks for at the start of every line, quoted or
 * not.
 */
static bool
is_command(const char *line)
{
	line += strspn(line, " \t");
	return *line == ':' || strncmp(line, "!!", 2) == 0 ||
	    (strncasecmp(line, "go", 2) == 0 && strchr(" \t\r\n;", line[2]) != NULL);
}

/* Rejects names that sqlcmd interprets: it offers no escape for them. */
static const char *
name_fault(const char *name)
{
	const char *p;

	if (strstr(name, "$(") != NULL)
		return "sqlcmd would take $( for one of its variables";
	for (p = name; (p = strchr(p, '\n')) != NULL;)
		if (is_command(++p))
			return "sqlcmd would take a line of it for a command";
	return NULL;
}

static const char *
put_date(struct sql_load *l, size_t column, struct rec_field f)
{
	bool ok;

	(void)column;
	buf_adds(&l->buf, "N'");
	ok = sql_text_date(&l->buf, f);
	buf_addc(&l->buf, '\'');
	l->batch_strings++;
	return ok ? NULL : sql_text_years;
}

static const char *
put_timestamp(struct sql_load *l, size_t column, struct rec_field f)
{
	bool ok;

	(void)column;
	buf_adds(&l->buf, "N'");
	ok = sql_text_timestamp(&l->buf, f, 'T');
	buf_addc(&l->buf, '\'');
	l->batch_strings++;
	return ok ? NULL : sql_text_years;
}

static const char *
put_float(struct sql_load *l, size_t column, struct rec_field f)
{
	double v = 0;

	(void)column;
	val_get_float(f.p, f.n, &v);
	if (!isfinite(v))
		return "not a finite number, which T-SQL cannot hold";
	buf_addf(&l->buf, "%.16E", v);
	return NULL;
}

/*
 * Writes a string. Control characters, and what sqlcmd would take for a variable, make it hexadecimal UTF-16, so
 * that no literal contains a line end: T-SQL drops one after a backslash, and clients look for GO at line starts.
 */
static const char *
put_string(struct sql_load *l, size_t column, struct rec_field f)
{
	const struct sql_column *c = &l->columns[column];
	bool plain = val_string_plain(f.p, f.n) && memmem(f.p, f.n, "$(", 2) == NULL;
	const uint8_t *p = f.p;
	size_t n = f.n;

	if (!plain) {
		l->scratch.len = 0;
		n = val_get_string(buf_room(&l->scratch, f.n), f.p, f.n);
		p = l->scratch.p;
	}
	if (!c->lengthy && n > STRING_MAX && sql_text_utf16_length(p, n) > STRING_MAX)
		return "longer than the 4000 characters of NVARCHAR(4000): name the column with --long";
	if (plain || n == 0) {
		buf_addc(&l->buf, 'N');
		sql_text_quote(&l->buf, '\'', '\'', (const char *)p, n);
		l->batch_strings++;
		return NULL;
	}
	l->scratch.len = n;
	buf_room(&l->scratch, 2 * n);		/* UTF-16 is at most this long; appended to the text */
	sql_text_utf16(&l->scratch, l->scratch.p, n);
	buf_adds(&l->buf, "CAST(0x");
	sql_text_hex(&l->buf, l->scratch.p + n, l->scratch.len - n);
	buf_addf(&l->buf, " AS NVARCHAR(%s))", c->lengthy ? "MAX" : "4000");
	return NULL;
}

static sql_put *const put[] = {
	[VAL_BOOL] = sql_text_put_digit, [VAL_INT32] = sql_text_put_int, [VAL_INT64] = sql_text_put_int,
	[VAL_DECIMAL] = sql_text_put_decimal, [VAL_DATE] = put_date, [VAL_TIMESTAMP] = put_timestamp,
	[VAL_FLOAT64] = put_float, [VAL_STRING] = put_string
};

static void
add_type(struct buf *out, const struct sql_column *c)
{
	static const char *const names[] = {
		[VAL_BOOL] = "BIT", [VAL_INT32] = "INT", [VAL_INT64] = "BIGINT", [VAL_DECIMAL] = "DECIMAL",
		    [VAL_DATE] = "DATE",
		[VAL_TIMESTAMP] = "DATETIME2(6)", [VAL_FLOAT64] = "FLOAT(53)", [VAL_STRING] = "NVARCHAR"
	};

	buf_adds(out, names[c->type.kind]);
	if (c->type.kind == VAL_DECIMAL)
		buf_addf(out, "(%u,%u)", c->type.precision, c->type.scale);
	else if (c->type.kind == VAL_STRING)
		buf_adds(out, c->lengthy ? "(MAX)" : "(4000)");
}

/* Strings compare by code units: a pool's default collation treats 'abc' and 'ABC' as one key. */
static void
add_definition(struct sql_load *l, enum sql_which which)
{
	size_t i, n = which == SQL_KEY ? l->nkeys : l->ncolumns;

	buf_adds(&l->buf, " (\n");
	for (i = 0; i < n; i++) {
		const struct sql_column *c = &l->columns[which == SQL_KEY ? l->keys[i] : i];

		buf_adds(&l->buf, i > 0 ? ",\n\t" : "\t");
		ident(&l->buf, c->name);
		buf_addc(&l->buf, ' ');
		add_type(&l->buf, c);
		buf_adds(&l->buf, c->type.kind == VAL_STRING ? " " BINARY : "");
		buf_adds(&l->buf, c->required ? " NOT NULL" : " NULL");
	}
	buf_adds(&l->buf, "\n)\n");
}

static const char *
schema(const struct sql_load *l)
{
	return l->schema == NULL ? "dbo" : l->schema;
}

static void
add_target(struct sql_load *l)
{
	ident(&l->buf, schema(l));
	buf_addc(&l->buf, '.');
	ident(&l->buf, l->table);
}

static void
add_marks(struct sql_load *l)
{
	ident(&l->buf, schema(l));
	buf_adds(&l->buf, ".[" SQL_MARKS "]");
}

/* Replaces the buffer's text from `from` on by a literal of it. */
static void
literal_from(struct sql_load *l, size_t from)
{
	l->scratch.len = 0;
	buf_add(&l->scratch, l->buf.p + from, l->buf.len - from);
	l->buf.len = from;
	buf_addc(&l->buf, 'N');
	sql_text_quote(&l->buf, '\'', '\'', (const char *)l->scratch.p, l->scratch.len);
}

static void
add_schema(struct sql_load *l)
{
	size_t from;

	buf_adds(&l->buf, "IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = ");
	from = l->buf.len;
	buf_adds(&l->buf, l->schema);
	literal_from(l, from);
	buf_adds(&l->buf, ")\nBEGIN\nEXEC sp_executesql ");
	from = l->buf.len;
	buf_adds(&l->buf, "CREATE SCHEMA ");
	ident(&l->buf, l->schema);
	literal_from(l, from);
	buf_adds(&l->buf, ";\nEND;\n");
}

/* Creates the target if missing: a heap converted to a columnstore if its columns allow it. */
static void
add_create(struct sql_load *l)
{
	bool columnstore = true;
	size_t i, from;

	for (i = 0; i < l->ncolumns; i++)
		columnstore &= !l->columns[i].lengthy;
	buf_adds(&l->buf, "IF OBJECT_ID(");
	from = l->buf.len;
	add_target(l);
	literal_from(l, from);
	buf_adds(&l->buf, ", N'U') IS NULL\nBEGIN\nCREATE TABLE ");
	add_target(l);
	add_definition(l, SQL_ALL);
	buf_adds(&l->buf, "WITH (DISTRIBUTION = HASH(");
	ident(&l->buf, l->columns[l->keys[0]].name);
	buf_adds(&l->buf, "), HEAP);\n");
	if (columnstore) {
		buf_adds(&l->buf, "CREATE CLUSTERED COLUMNSTORE INDEX [acct_columnstore] ON ");
		add_target(l);
		buf_adds(&l->buf, ";\n");
	}
	buf_adds(&l->buf, "END;\n");
}

static void
add_text(struct sql_load *l, const char *text)
{
	buf_addc(&l->buf, 'N');
	sql_text_quote(&l->buf, '\'', '\'', text, strlen(text));
}

static void
add_create_marks(struct sql_load *l)
{
	size_t from;

	buf_adds(&l->buf, "IF OBJECT_ID(");
	from = l->buf.len;
	add_marks(l);
	literal_from(l, from);
	buf_adds(&l->buf, ", N'U') IS NULL\nBEGIN\nCREATE TABLE ");
	add_marks(l);
	buf_adds(&l->buf,
	    " (\n\t[lake] NVARCHAR(100) " BINARY " NOT NULL,\n\t[table_name] NVARCHAR(128) " BINARY " NOT NULL,\n"
	    "\t[run_id] NVARCHAR(200) NOT NULL,\n\t[version] BIGINT NOT NULL,\n\t[row_count] BIGINT NOT NULL,\n"
	    "\t[checksum] CHAR(16) NOT NULL,\n\t[loaded_at] DATETIME2(6) NOT NULL\n)\n"
	    "WITH (DISTRIBUTION = ROUND_ROBIN, HEAP);\nEND;\n");
}

static void
add_stage(struct sql_load *l, const char *name, enum sql_which which)
{
	buf_addf(&l->buf, "IF OBJECT_ID(N'tempdb..%s') IS NOT NULL\nBEGIN\nDROP TABLE %s;\nEND;\nCREATE TABLE %s", name,
	    name, name);
	add_definition(l, which);
	buf_adds(&l->buf, "WITH (DISTRIBUTION = ROUND_ROBIN, HEAP);\n");
}

static void
begin(struct sql_load *l)
{
	buf_adds(&l->buf, "BEGIN\nSET NOCOUNT ON;\n");
	if (l->schema != NULL)
		add_schema(l);
	add_create(l);
	if (l->options.mark.lake != NULL)
		add_create_marks(l);
	add_stage(l, "#acct_stage", SQL_ALL);
	if (l->options.mark.lake != NULL)
		add_stage(l, "#acct_gone", SQL_KEY);
}

/* The first row of an INSERT has explicit types: UNION takes the types from its parts. */
static const char *
add_value(struct sql_load *l, struct rec r, size_t f, size_t c)
{
	const char *fault = NULL;

	if (l->cast)
		buf_adds(&l->buf, "CAST(");
	if (rec_is_null(r, f))
		buf_adds(&l->buf, "NULL");
	else
		fault = l->columns[c].put(l, c, rec_field(r, f));
	if (l->cast) {
		buf_adds(&l->buf, " AS ");
		add_type(&l->buf, &l->columns[c]);
		buf_addc(&l->buf, ')');
	}
	return fault;
}

static void
begin_insert(struct sql_load *l)
{
	if (l->batch_rows > 0)
		buf_adds(&l->buf, LABEL);
	buf_addf(&l->buf, "INSERT INTO %s (", l->into == SQL_INTO_GONE ? "#acct_gone" : "#acct_stage");
	sql_text_columns(l, ident, sql_text_which(l), "%", ", ");
	buf_adds(&l->buf, ")\nSELECT ");
	l->batch_rows = l->batch_strings = l->batch_bytes = 0;
}

static const char *
row(struct sql_load *l, struct rec r, size_t *field)
{
	size_t i, f, n = sql_text_width(l);
	const char *fault;

	l->cast = l->batch_rows == 0 || l->batch_rows == BATCH_ROWS || l->batch_strings + n > BATCH_STRINGS ||
	    l->batch_bytes >= BATCH_BYTES;
	if (l->cast)
		begin_insert(l);
	else
		buf_adds(&l->buf, "\nUNION ALL SELECT ");
	for (i = 0; i < n; i++) {
		f = sql_text_field(l, i);
		if (i > 0)
			buf_adds(&l->buf, ", ");
		if ((fault = add_value(l, r, f, sql_text_column(l, i))) != NULL) {
			*field = f;
			return fault;
		}
		l->batch_bytes += rec_field(r, f).n;
	}
	l->batch_rows++;
	return NULL;
}

static void
end_rows(struct sql_load *l)
{
	if (l->batch_rows > 0)
		buf_adds(&l->buf, LABEL);
}

/*
 * "t differs from s" in the column, nulls being equal; strings by code units and trailing spaces, which = ignores. The
 * cast measures a varchar column in the same two bytes per character.
 */
static const char *
differs(const struct sql_column *c)
{
#define NULLS " OR (t.% IS NULL AND s.% IS NOT NULL) OR (t.% IS NOT NULL AND s.% IS NULL)"
	if (c->type.kind != VAL_STRING)
		return "t.% <> s.%" NULLS;
	if (c->lengthy)
		return "t.% " BINARY " <> s.% " BINARY " OR DATALENGTH(CAST(t.% AS NVARCHAR(MAX))) <> "
		    "DATALENGTH(s.%)" NULLS;
	return "t.% " BINARY " <> s.% " BINARY " OR DATALENGTH(CAST(t.% AS NVARCHAR(4000))) <> DATALENGTH(s.%)" NULLS;
#undef NULLS
}

static void
add_merge(struct sql_load *l)
{
	buf_adds(&l->buf, "MERGE INTO ");
	add_target(l);
	buf_adds(&l->buf, " AS t\nUSING #acct_stage AS s\nON ");
	sql_text_columns(l, ident, SQL_KEY, "t.% = s.%", " AND ");
	if (l->ncolumns > l->nkeys) {
		buf_adds(&l->buf, "\nWHEN MATCHED AND (");
		sql_text_columns_by(l, ident, SQL_REST, differs, "\n\tOR ");
		buf_adds(&l->buf, ")\nTHEN UPDATE SET ");
		sql_text_columns(l, ident, SQL_REST, "% = s.%", ", ");
	}
	buf_adds(&l->buf, "\nWHEN NOT MATCHED THEN INSERT (");
	sql_text_columns(l, ident, SQL_ALL, "%", ", ");
	buf_adds(&l->buf, ")\nVALUES (");
	sql_text_columns(l, ident, SQL_ALL, "s.%", ", ");
	buf_adds(&l->buf, ");\n");
}

static void
add_throw(struct sql_load *l, int number, const char *what)
{
	buf_addf(&l->buf, "BEGIN\nTHROW %d, N'acct-merge-sql: %s', 1;\nEND;\n", number, what);
}

/* Throws the message in @what, which ends with the value found. */
static void
add_throw_what(struct sql_load *l, int number)
{
	buf_addf(&l->buf, "BEGIN\nTHROW %d, @what, 1;\nEND;\n", number);
}

/* Rejects column types that could silently change a value: binary floats for decimals and integers, lower scale. */
static void
add_type_guard(struct sql_load *l)
{
	size_t i, from, n = 0;

	for (i = 0; i < l->ncolumns; i++) {
		const struct sql_column *c = &l->columns[i];

		if (c->type.kind != VAL_INT32 && c->type.kind != VAL_INT64 && c->type.kind != VAL_DECIMAL)
			continue;
		buf_adds(&l->buf,
		    n++ == 0 ? "SET @what = (SELECT MIN(c.name) FROM sys.columns AS c WHERE c.object_id = OBJECT_ID(" :
		    "\n\tOR ");
		if (n == 1) {
			from = l->buf.len;
			add_target(l);
			literal_from(l, from);
			buf_adds(&l->buf, ", N'U') AND (");
		}
		buf_adds(&l->buf, "(c.name = ");
		add_text(l, c->name);
		buf_addf(&l->buf, " AND (TYPE_NAME(c.system_type_id) IN (N'float', N'real') OR c.scale < %u))",
		    c->type.kind == VAL_DECIMAL ? c->type.scale : 0);
	}
	if (n == 0)
		return;
	buf_adds(&l->buf, "));\nIF @what IS NOT NULL\nBEGIN\n"
	    "SET @what = CONCAT(N'acct-merge-sql: a column whose type does not hold every value: ', @what);\n");
	add_throw_what(l, 50005);
	buf_adds(&l->buf, "END;\n");
}

static void
add_guards(struct sql_load *l)
{
	buf_adds(&l->buf,
	    "DECLARE @rows BIGINT = 0, @keys BIGINT = 0, @merged BIGINT = 0, @what NVARCHAR(2000) = NULL;\n"
	    "SET @rows = (SELECT COUNT_BIG(*) FROM #acct_stage);\n"
	    "SET @keys = (SELECT COUNT_BIG(*) FROM (SELECT ");
	sql_text_columns(l, ident, SQL_KEY, "%", ", ");
	buf_adds(&l->buf, " FROM #acct_stage GROUP BY ");
	sql_text_columns(l, ident, SQL_KEY, "%", ", ");
	buf_addf(&l->buf, ") AS k);\nIF @rows <> %llu\n", (unsigned long long)l->rows);
	add_throw(l, 50002, "not every row was staged");
	buf_adds(&l->buf, "IF @keys <> @rows\n");
	add_throw(l, 50001, "a key comes twice");
	if (l->options.mark.lake != NULL) {
		buf_addf(&l->buf, "SET @keys = (SELECT COUNT_BIG(*) FROM #acct_gone);\nIF @keys <> %llu\n",
		    (unsigned long long)l->gone);
		add_throw(l, 50002, "not every key to delete was staged");
	}
	add_type_guard(l);
}

/* "target WHERE [NOT] EXISTS (SELECT 1 FROM stage AS s WHERE key = key)"; a DELETE's target has no alias. */
static void
add_target_where(struct sql_load *l, const char *exists, const char *stage)
{
	size_t i;

	add_target(l);
	buf_addf(&l->buf, "\nWHERE %s (SELECT 1 FROM %s AS s WHERE ", exists, stage);
	for (i = 0; i < l->nkeys; i++) {
		buf_adds(&l->buf, i > 0 ? " AND s." : "s.");
		ident(&l->buf, l->columns[l->keys[i]].name);
		buf_adds(&l->buf, " = ");
		ident(&l->buf, l->table);
		buf_addc(&l->buf, '.');
		ident(&l->buf, l->columns[l->keys[i]].name);
	}
	buf_addc(&l->buf, ')');
}

static void
add_where_mark(struct sql_load *l)
{
	buf_adds(&l->buf, " WHERE [lake] = ");
	add_text(l, l->options.mark.lake);
	buf_adds(&l->buf, " AND [table_name] = ");
	add_text(l, l->table);
}

/* Checks that the mark is the one the caller read: the deletes were derived from it. */
static void
add_mark_guard(struct sql_load *l)
{
	buf_adds(&l->buf, "SET @keys = (SELECT ISNULL(MAX([version]), -1) FROM ");
	add_marks(l);
	add_where_mark(l);
	buf_addf(&l->buf, ");\nIF @keys <> %lld\n", (long long)l->options.mark.since);
	add_throw(l, 50006, l->options.mark.since < 0 ? "the load before is marked, not none" :
	    "the mark of the load before names another version");
}

/* Refuses to overwrite or delete rows not known to be written by a load of this lake, unless asked to. */
static void
add_refusals(struct sql_load *l)
{
	bool first = l->options.mark.since < 0;

	if (l->options.absent != SQL_ABSENT_REFUSE || (!first && l->into == SQL_INTO_GONE))
		return;
	buf_adds(&l->buf, "SET @keys = (SELECT COUNT_BIG(*) FROM ");
	if (first)
		add_target(l);
	else
		add_target_where(l, "NOT EXISTS", "#acct_stage");
	buf_addf(&l->buf, ");\nIF @keys > 0\nBEGIN\nSET @what = CONCAT(N'acct-merge-sql: ', @keys, N' rows %s: "
	    "--adopt keeps them, --delete-absent deletes them');\n",
	    first ? "are there and no load of this lake is marked" :
	    "are there that the stream does not have and whose origin is not known");
	add_throw_what(l, 50007);
	buf_adds(&l->buf, "END;\n");
}

static void
add_deletes(struct sql_load *l)
{
	bool absent = l->options.absent == SQL_ABSENT_DELETE;

	if (!absent && l->into != SQL_INTO_GONE)
		return;
	buf_adds(&l->buf, "DELETE FROM ");
	add_target_where(l, absent ? "NOT EXISTS" : "EXISTS", absent ? "#acct_stage" : "#acct_gone");
	buf_adds(&l->buf, ";\n");
}

/* "CONCAT(s.[a], N', ', s.[b])", for a message. */
static void
add_key_text(struct sql_load *l)
{
	buf_adds(&l->buf, "CONCAT(N'', ");
	sql_text_columns(l, ident, SQL_KEY, "s.%", ", N', ', ");
	buf_addc(&l->buf, ')');
}

/* Fails with a staged row that the target lacks or has changed. */
static void
add_holds(struct sql_load *l)
{
	buf_adds(&l->buf, "SET @what = (SELECT MIN(");
	add_key_text(l);
	buf_adds(&l->buf, ") FROM #acct_stage AS s LEFT JOIN ");
	add_target(l);
	buf_adds(&l->buf, " AS t ON ");
	sql_text_columns(l, ident, SQL_KEY, "t.% = s.%", " AND ");
	buf_adds(&l->buf, "\nWHERE ");
	sql_text_columns_by(l, ident, SQL_ALL, differs, "\n\tOR ");
	buf_adds(&l->buf, ");\nIF @what IS NOT NULL\nBEGIN\n"
	    "SET @what = CONCAT(N'acct-merge-sql: the target does not hold the rows as they came; a key that differs: "
	    "', @what);\n");
	add_throw_what(l, 50004);
	buf_adds(&l->buf, "END;\n");
}

static void
add_deleted(struct sql_load *l)
{
	bool absent = l->options.absent == SQL_ABSENT_DELETE;

	if (!absent && l->into != SQL_INTO_GONE)
		return;
	buf_adds(&l->buf, "IF EXISTS (SELECT 1 FROM ");
	add_target_where(l, absent ? "NOT EXISTS" : "EXISTS", absent ? "#acct_stage" : "#acct_gone");
	buf_adds(&l->buf, ")\n");
	add_throw(l, 50008, "the target still has a row that was deleted");
}

static void
add_mark(struct sql_load *l)
{
	const struct sql_mark *m = &l->options.mark;

	buf_adds(&l->buf, "DELETE FROM ");
	add_marks(l);
	add_where_mark(l);
	buf_adds(&l->buf, ";\nINSERT INTO ");
	add_marks(l);
	buf_adds(&l->buf,
	    " ([lake], [table_name], [run_id], [version], [row_count], [checksum], [loaded_at])\nSELECT ");
	add_text(l, m->lake);
	buf_adds(&l->buf, ", ");
	add_text(l, l->table);
	buf_adds(&l->buf, ", ");
	add_text(l, m->run);
	buf_addf(&l->buf, ", %lld, %llu, '%016llx', SYSUTCDATETIME();\n", (long long)m->version,
	    (unsigned long long)l->rows,
	    (unsigned long long)l->sum);
}

/* After an error in a transaction only ROLLBACK works; THROW then passes the error on. */
static void
add_transaction(struct sql_load *l)
{
	buf_adds(&l->buf, "BEGIN TRY\nBEGIN TRANSACTION;\n");
	if (l->options.mark.lake != NULL) {
		add_mark_guard(l);
		add_refusals(l);
	}
	add_deletes(l);
	add_merge(l);
	buf_adds(&l->buf, "SET @merged = (SELECT COUNT_BIG(*) FROM ");
	add_target(l);
	buf_adds(&l->buf, " AS t INNER JOIN #acct_stage AS s ON ");
	sql_text_columns(l, ident, SQL_KEY, "t.% = s.%", " AND ");
	buf_adds(&l->buf, ");\nIF @merged <> @rows\n");
	add_throw(l, 50003, "the target does not have each key once");
	add_holds(l);
	add_deleted(l);
	if (l->options.mark.lake != NULL)
		add_mark(l);
	buf_adds(&l->buf, "COMMIT TRANSACTION;\nEND TRY\n"
	    "BEGIN CATCH\nIF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;\nTHROW;\nEND CATCH;\n");
}

static void
end(struct sql_load *l)
{
	add_guards(l);
	add_transaction(l);
	buf_adds(&l->buf, "UPDATE STATISTICS ");
	add_target(l);
	buf_adds(&l->buf, ";\nDROP TABLE #acct_stage;\n");
	if (l->options.mark.lake != NULL)
		buf_adds(&l->buf, "DROP TABLE #acct_gone;\n");
	buf_adds(&l->buf, "END;\n");
}

static void
refuse(struct sql_load *l)
{
	if (l->in_rows)
		end_rows(l);
	if (l->columns != NULL)
		buf_adds(&l->buf, "END;\n");
	buf_adds(&l->buf, "THROW 50000, N'acct-merge-sql: the input was refused, nothing is merged', 1;\n");
}

const struct sql_dialect sql_synapse = {
	.name = "synapse", .name_max = NAME_MAX_UNITS, .name_length = name_length, .name_unit = "UTF-16 units",
	.fold_case = true, .long_columns = true, .max_columns = 1024, .name_fault = name_fault, .put = put,
	.begin = begin, .row = row, .end_rows = end_rows, .end = end, .refuse = refuse, .max_bytes = 128 * 1024 * 1024
};
