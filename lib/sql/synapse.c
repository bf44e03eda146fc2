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

#include "sql/dialect.h"
#include "sql/text.h"

#define BINARY "COLLATE Latin1_General_100_BIN2"

enum {
	STRING_MAX = 4000,		/* of NVARCHAR(n), in UTF-16 units */
	NAME_MAX_UNITS = 128
};

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
	l->batch.strings++;
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
	l->batch.strings++;
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
		l->batch.strings++;
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

#define NULLS " OR (t.% IS NULL AND s.% IS NOT NULL) OR (t.% IS NOT NULL AND s.% IS NULL)"

/*
 * Strings compare by code units and trailing spaces, which = ignores: a pool's default collation treats 'abc' and
 * 'ABC' as one key. The cast measures a varchar column in the same two bytes per character.
 */
static const struct sql_type types[VAL_KINDS] = {
	[VAL_BOOL] = { "BIT", sql_text_put_digit, .class = "-" },
	[VAL_INT32] = { "INT", sql_text_put_int, .class = "-" },
	[VAL_INT64] = { "BIGINT", sql_text_put_int, .class = "-" },
	[VAL_DECIMAL] = { "DECIMAL({precision},{scale})", sql_text_put_decimal, .class = "-" },
	[VAL_DATE] = { "DATE", put_date, .class = "-" },
	[VAL_TIMESTAMP] = { "DATETIME2(6)", put_timestamp, .class = "-" },
	[VAL_FLOAT64] = { "FLOAT(53)", put_float, .class = "-" },
	[VAL_STRING] = { "NVARCHAR({lengthy~MAX~4000})", put_string, .class = "-",
	    .differs = "t.% " BINARY " <> s.% " BINARY " OR DATALENGTH(CAST(t.% AS {type})) <> DATALENGTH(s.%)" NULLS,
	    .attributes = " " BINARY },
};

static const struct sql_word words[] = {
	{ "stage", "#acct_stage" },
	{ "gone", "#acct_gone" },
	{ "as", "" },
	{ "count", "COUNT_BIG(*)" },
	{ "first", "MIN({keytext})" },
	{ "order", "" },
	{ "keytext", "CONCAT(N'', {key~s.%~, N', ', })" },
	{ "column", "% {type}{attributes}{required~ NOT NULL~ NULL}" },
	{ "open", "BEGIN\nSET NOCOUNT ON;\n"
	    "{qualified~IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = {schema'})\nBEGIN\n"
	    "EXEC sp_executesql {literal~CREATE SCHEMA {schema}};\nEND;\n}" },
	/* A heap converted to a columnstore if its columns allow it. */
	{ "create", "IF OBJECT_ID({literal~{target}}, N'U') IS NULL\nBEGIN\n"
	    "CREATE TABLE {target} (\n\t{all~{column}~,\n\t}\n)\n"
	    "WITH (DISTRIBUTION = HASH({first_key}), HEAP);\n"
	    "{any_lengthy~~CREATE CLUSTERED COLUMNSTORE INDEX [acct_columnstore] ON {target};\n}END;\n"
	    "{marked~IF OBJECT_ID({literal~{marks}}, N'U') IS NULL\nBEGIN\nCREATE TABLE {marks} (\n"
	    "\t[lake] NVARCHAR(100) " BINARY " NOT NULL,\n\t[table_name] NVARCHAR(128) " BINARY " NOT NULL,\n"
	    "\t[run_id] NVARCHAR(200) NOT NULL,\n\t[version] BIGINT NOT NULL,\n\t[row_count] BIGINT NOT NULL,\n"
	    "\t[checksum] CHAR(16) NOT NULL,\n\t[loaded_at] DATETIME2(6) NOT NULL\n)\n"
	    "WITH (DISTRIBUTION = ROUND_ROBIN, HEAP);\nEND;\n}" },
	{ "stages", "IF OBJECT_ID(N'tempdb..{stage}') IS NOT NULL\nBEGIN\nDROP TABLE {stage};\nEND;\n"
	    "CREATE TABLE {stage} (\n\t{all~{column}~,\n\t}\n)\nWITH (DISTRIBUTION = ROUND_ROBIN, HEAP);\n"
	    "{marked~IF OBJECT_ID(N'tempdb..{gone}') IS NOT NULL\nBEGIN\nDROP TABLE {gone};\nEND;\n"
	    "CREATE TABLE {gone} (\n\t{key~{column}~,\n\t}\n)\nWITH (DISTRIBUTION = ROUND_ROBIN, HEAP);\n}" },
	{ "fail", "SET @what = ({query});\nIF @what IS NOT NULL\nBEGIN\n"
	    "SET @what = CONCAT(N'acct-merge-sql: ', {table'}, {literal~{before}}, @what, {literal~{after}});\n"
	    "BEGIN\nTHROW {number}, @what, 1;\nEND;\nEND;\n" },
	{ "marked_version", "COALESCE(N'version ' + CAST(x.v AS NVARCHAR(20)), N'no version')" },
	{ "begin", "DECLARE @what NVARCHAR(2000) = NULL;\n"
	    "SET @what = (SELECT MIN({keytext}) FROM (SELECT {key~%~, } FROM {stage} GROUP BY {key~%~, }"
	    " HAVING COUNT_BIG(*) > 1) AS s);\nIF @what IS NOT NULL\nBEGIN\n"
	    "SET @what = CONCAT(N'acct-merge-sql: ', {table'}, N': a key comes twice: ', @what);\n"
	    "BEGIN\nTHROW 50001, @what, 1;\nEND;\nEND;\nBEGIN TRY\nBEGIN TRANSACTION;\n" },
	/* Rejects column types that could silently change a value: binary floats for exact numbers, a lower scale. */
	{ "columns", "SET @what = (SELECT MIN(c.name) FROM sys.columns AS c WHERE c.object_id = "
	    "OBJECT_ID({literal~{target}}"
	    ", N'U') AND ({all~{check_type}~\n\tOR }));\nIF @what IS NOT NULL\nBEGIN\n"
	    "SET @what = CONCAT(N'acct-merge-sql: ', {table'}, N': a column whose type does not hold every value: "
	    "', @what);\n"
	    "BEGIN\nTHROW 50005, @what, 1;\nEND;\nEND;\n" },
	{ "check_type", "{is_exact~(c.name = {name'} AND (TYPE_NAME(c.system_type_id) IN (N'float', N'real')"
	    " OR c.scale < {scale}))~1 = 0}" },
	/* A target that has no key may hold one twice. */
	{ "settle", "SET @what = (SELECT NULLIF(COUNT_BIG(*), {rows}) FROM {target} AS t INNER JOIN {stage} AS s ON "
	    "{key~t.% = s.%~ AND });\nIF @what IS NOT NULL\n"
	    "BEGIN\nSET @what = CONCAT(N'acct-merge-sql: ', {table'}, N' does not have each key once: rows of these "
	    "keys: ',"
	    " @what);\nBEGIN\nTHROW 50003, @what, 1;\nEND;\nEND;\n" },
	{ "now", "SYSUTCDATETIME()" },
	/* After an error in a transaction only ROLLBACK works; THROW then passes the error on. */
	{ "commit", "COMMIT TRANSACTION;\nEND TRY\n"
	    "BEGIN CATCH\nIF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;\nTHROW;\nEND CATCH;\n"
	    "UPDATE STATISTICS {target};\nDROP TABLE {stage};\n{marked~DROP TABLE {gone};\n}END;\n" },
	{ "refuse", "{begun~END;\n}THROW 50000, N'acct-merge-sql: the input was refused, nothing is merged', 1;\n" },
	{ 0 }
};

const struct sql_dialect sql_synapse = {
	.name = "synapse", .client = "dedicated pool", .name_max = NAME_MAX_UNITS, .name_length = name_length,
	.name_unit = "UTF-16 units", .name_fault = name_fault, .fold_case = true, .max_columns = 1024,
	.max_bytes = 128 * 1024 * 1024, .long_columns = true, .create_first = true, .bare_delete = true,
	.open = '[', .close = ']', .quote = "N'", .schema = "dbo",
	.rows = { .head = "INSERT INTO {into} ({staged~%~, })\n", .open = SQL_SHORT("SELECT "
	    ""), .between = SQL_SHORT(", "), .null = SQL_SHORT("NULL"),
	    .close = SQL_SHORT(""), .next = SQL_SHORT("\nUNION ALL "), .tail = "\nOPTION (LABEL = "
	    "N'acct-merge-sql');\n",
	    .max_rows = 500, .max_strings = 10000, .max_bytes = 1024 * 1024, .cast = true },
	.types = types, .words = words,
	.other = { "{standard}", sql_text_put_quoted, .class = "-", .differs = "t.% <> s.%" NULLS,
	    .match = "{s}.% = {t}.%" },
};
