/*
 * T-SQL of a warehouse: Synapse, Fabric and SQL Server. A load whose rows are in the text is one batch, one BEGIN ...
 * END, so that truncated text is a syntax error and the server runs none of it. A load from files is several: what is
 * defined, what is staged, then one batch with all checks and the transaction; a client that stops after any of them
 * leaves the target as it was, or whole.
 */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "sql/text.h"
#include "sql/tsql.h"

enum { STRING_MAX = 4000 };		/* of NVARCHAR(n), in UTF-16 units */

size_t
sql_tsql_name_length(const char *name)
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
const char *
sql_tsql_name_fault(const char *name)
{
	const char *p;

	if (strstr(name, "$(") != NULL)
		return "sqlcmd would take $( for one of its variables";
	for (p = name; (p = strchr(p, '\n')) != NULL;)
		if (is_command(++p))
			return "sqlcmd would take a line of it for a command";
	return NULL;
}

const char *
sql_tsql_put_date(struct sql_load *l, size_t column, struct rec_field f)
{
	bool ok;

	(void)column;
	buf_addc(&l->buf, '\'');
	ok = sql_text_date(&l->buf, f);
	buf_addc(&l->buf, '\'');
	l->batch.strings++;
	return ok ? NULL : sql_text_years;
}

const char *
sql_tsql_put_timestamp(struct sql_load *l, size_t column, struct rec_field f)
{
	bool ok;

	(void)column;
	buf_addc(&l->buf, '\'');
	ok = sql_text_timestamp(&l->buf, f, 'T');
	buf_addc(&l->buf, '\'');
	l->batch.strings++;
	return ok ? NULL : sql_text_years;
}

const char *
sql_tsql_put_float(struct sql_load *l, size_t column, struct rec_field f)
{
	double v = 0;

	(void)column;
	val_get_float(f.p, f.n, &v);
	if (!isfinite(v))
		return "not a finite number, which T-SQL cannot hold";
	buf_addf(&l->buf, "%.16E", v);
	return NULL;
}

const uint8_t *
sql_tsql_text(struct sql_load *l, struct rec_field f, size_t *n, bool *plain)
{
	*plain = val_string_plain(f.p, f.n) && memmem(f.p, f.n, "$(", 2) == NULL;
	*n = f.n;
	if (*plain)
		return f.p;
	l->scratch.len = 0;
	*n = val_get_string(buf_room(&l->scratch, f.n), f.p, f.n);
	return l->scratch.p;
}

void
sql_tsql_string(struct sql_load *l, const uint8_t *p, size_t n, bool plain, bool wide, const char *type)
{
	if (plain || n == 0) {
		if (wide)
			buf_addc(&l->buf, 'N');
		sql_text_quote(&l->buf, '\'', '\'', (const char *)p, n);
		l->batch.strings++;
		return;
	}
	buf_adds(&l->buf, "CAST(0x");
	if (wide) {
		l->scratch.len = n;
		buf_room(&l->scratch, 2 * n);		/* UTF-16 is at most this long; appended to the text */
		sql_text_utf16(&l->scratch, l->scratch.p, n);
		sql_text_hex(&l->buf, l->scratch.p + n, l->scratch.len - n);
	} else
		sql_text_hex(&l->buf, p, n);
	buf_addf(&l->buf, " AS %s)", type);
}

const char *
sql_tsql_put_string(struct sql_load *l, size_t column, struct rec_field f)
{
	bool plain, lengthy = l->columns[column].lengthy;
	size_t n;
	const uint8_t *p = sql_tsql_text(l, f, &n, &plain);

	if (!lengthy && n > STRING_MAX && sql_text_utf16_length(p, n) > STRING_MAX)
		return "longer than the 4000 characters of NVARCHAR(4000): name the column with --long";
	sql_tsql_string(l, p, n, plain, true, lengthy ? "NVARCHAR(MAX)" : "NVARCHAR(4000)");
	return NULL;
}

#define DROP(name) "IF OBJECT_ID({" name "_id}) IS NOT NULL\nBEGIN\nDROP TABLE {" name "};\nEND;\n"
#define TABLE_LIKE(table, list) "CREATE TABLE " table " (\n\t{" list "~{column}~,\n\t}\n)"
#define THROW(number) "BEGIN\nTHROW " number ", @what, 1;\nEND;\nEND;\n"
#define EXISTING_SCHEMA "{qualified~IF NOT EXISTS (SELECT 1 FROM sys.schemas WHERE name = {schema'})\nBEGIN\n" \
	"EXEC sp_executesql {N}{literal~CREATE SCHEMA {schema}};\nEND;\n}"

const struct sql_word sql_tsql_words[] = {
	/* A temporary table does not outlive its connection, and batches may come by several. */
	{ "stage", "{copied~{in}[acct_stage_{digest}]~#acct_stage}" },
	{ "gone", "{copied~{in}[acct_gone_{digest}]~#acct_gone}" },
	{ "versions", "#acct_versions" }, { "versions_id", "N'tempdb..#acct_versions'" },
	{ "version_stage", DROP("versions") TABLE_LIKE("{stage}", "all") "{heap};\n" },
	{ "stage_id", "{copied~{literal~{stage}}~N'tempdb..{stage}'}" },
	{ "gone_id", "{copied~{literal~{gone}}~N'tempdb..{gone}'}" },
	{ "as", "" },
	{ "count", "COUNT_BIG(*)" },
	{ "first", "MIN({keytext})" },
	{ "order", "" },
	{ "keytext", "CONCAT(N'', {key~s.%~, N', ', })" },
	{ "same", "t.%{collate} = s.%{collate}" },
	{ "column", "% {type}{attributes}{required~ NOT NULL~ NULL}" },
	{ "open", "BEGIN\nSET NOCOUNT ON;\n" EXISTING_SCHEMA },
	{ "create", "IF OBJECT_ID({literal~{target}}, N'U') IS NULL\nBEGIN\n"
	    "CREATE TABLE {target} (\n\t{all~{column}~,\n\t}{primary}\n){distributed};\n{indexed}END;\n"
	    "{marked~IF OBJECT_ID({literal~{marks}}, N'U') IS NULL\nBEGIN\nCREATE TABLE {marks} (\n"
	    "\t[lake] {string}(100){binary} NOT NULL,\n\t[table_name] {string}(128){binary} NOT NULL,\n"
	    "\t[run_id] {string}(200) NOT NULL,\n\t[version] BIGINT NOT NULL,\n\t[row_count] BIGINT NOT NULL,\n"
	    "\t[checksum] CHAR(16) NOT NULL,\n\t[loaded_at] DATETIME2(6) NOT NULL\n){heap};\nEND;\n}"
	    "{copied~END;\n{go}}" },
	{ "check_begin", "BEGIN\nDECLARE @what {text} = NULL;\n" },
	{ "check_end", "END;\n{go}" },
	{ "stages", "{copied~BEGIN\n}" DROP("stage") TABLE_LIKE("{stage}", "all") "{heap};\n"
	    "{marked~" DROP("gone") TABLE_LIKE("{gone}", "key") "{heap};\n}{copied~END;\n{go}}" },
	{ "fail", "SET @what = ({query});\nIF @what IS NOT NULL\nBEGIN\n"
	    "SET @what = CONCAT(N'acct-merge-sql: ', {table'}, {literal~{before}}, @what, {literal~{after}});\n"
	    THROW("{number}") },
	{ "marked_version", "COALESCE(N'version ' + CAST(x.v AS {string}(20)), N'no version')" },
	{ "twice", "SET @what = (SELECT MIN({keytext}) FROM (SELECT {key~%{collate} AS %~, } FROM {stage}"
	    " GROUP BY {key~%{collate}~, } HAVING COUNT_BIG(*) > 1) AS s);\nIF @what IS NOT NULL\nBEGIN\n"
	    "SET @what = CONCAT(N'acct-merge-sql: ', {table'}, N': a key comes twice: ', @what);\n"
	    THROW("50001") },
	{ "begin", "{copied~BEGIN\nSET NOCOUNT ON;\n}DECLARE @what {text} = NULL;\n{twice}"
	    "BEGIN TRY\nBEGIN TRANSACTION;\n" },
	/*
	 * Rejects column types that could silently change a value: binary floats for exact numbers, a lower scale; and
	 * those too small for the values that there are. A string's length is in characters, a column's in bytes.
	 */
	{ "check_type", "{is_exact~(c.name = {name'} AND (TYPE_NAME(c.system_type_id) IN (N'float', N'real')"
	    " OR c.scale < {scale}\n\t\tOR {high} > CASE TYPE_NAME(c.system_type_id) WHEN N'tinyint' THEN 255"
	    " WHEN N'smallint' THEN 32767 WHEN N'int' THEN 2147483647 END\n"
	    "\t\tOR {low} < CASE TYPE_NAME(c.system_type_id) WHEN N'tinyint' THEN 0"
	    " WHEN N'smallint' THEN -32768 WHEN N'int' THEN -2147483648 END))~{is_text~(c.name = {name'} AND "
	    "c.max_length > 0 AND c.max_length < {widest}"
	    " * CASE WHEN TYPE_NAME(c.system_type_id) IN (N'nvarchar', N'nchar') THEN 2 ELSE 1 END)~1 = 0}}" },
	/* A target that has no key may hold one twice. */
	{ "settle",
	    "SET @what = (SELECT NULLIF(COUNT_BIG(*), {held_rows}) FROM {target} AS t INNER JOIN {stage} AS s ON "
	    "{key~{same}~ AND });\nIF @what IS NOT NULL\n"
	    "BEGIN\nSET @what = CONCAT(N'acct-merge-sql: ', {table'}, N' does not have each key once: rows of these "
	    "keys: ',"
	    " @what);\n" THROW("50003") },
	{ "update", "UPDATE t SET {rest~% = s.%~, }\nFROM {target} AS t INNER JOIN {stage} AS s ON {key~{same}~ "
	    "AND }\n" },
	{ "now", "SYSUTCDATETIME()" },
	/* After an error in a transaction only ROLLBACK works; THROW then passes the error on. */
	{ "commit", "COMMIT TRANSACTION;\nEND TRY\n"
	    "BEGIN CATCH\nIF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;\nTHROW;\nEND CATCH;\n{copied~END;\n{go}}"
	    "UPDATE STATISTICS {target};\n{copied~{go}}DROP TABLE {stage};\n{history~DROP TABLE {fresh};\n}"
	    "{marked~DROP TABLE {gone};\n}"
	    "{copied~{go}~END;\n}" },
	{ "refuse", "{begun~{copied~~END;\n}}"
	    "THROW 50000, N'acct-merge-sql: the input was refused, nothing is merged', 1;\n" },
	/* ---- other scripts ---- */
	{ "schema_batch", "{qualified~" EXISTING_SCHEMA "{go}}" },
	{ "validate", "SELECT N'rows' AS [check], COUNT_BIG(*) AS [found], {rows} AS [expected] FROM {target}\n"
	    "HAVING COUNT_BIG(*) <> {rows};\n{go}"
	    "SELECT N'key twice' AS [check], {key~%~, }, COUNT_BIG(*) AS [found] FROM {target}\n"
	    "GROUP BY {key~%~, } HAVING COUNT_BIG(*) > 1;\n{go}{all~{validate_column}~}{marked~{validate_mark}}" },
	{ "validate_column", "SELECT N'values' AS [check], {name'} AS [column], COUNT_BIG(%) AS [found], {filled} AS "
	    "[expected]\nFROM {target} HAVING COUNT_BIG(%) <> {filled};\n{go}"
	    "{summed~SELECT N'total' AS [check], {name'} AS [column], SUM(CAST(% AS DECIMAL(38,{scale}))) AS "
	    "[found], "
	    "{total} AS [expected]\nFROM {target} HAVING COALESCE(SUM(CAST(% AS DECIMAL(38,{scale}))), 0) <> "
	    "{total};\n"
	    "{go}}" },
	{ "validate_mark", "SELECT N'mark' AS [check], {lake} AS [lake], {table'} AS [table_name], {at} AS "
	    "[version]\n"
	    "WHERE NOT EXISTS (SELECT 1 FROM {marks} WHERE {where_mark} AND [version] = {at}\n"
	    "AND [row_count] = {rows} AND [checksum] = {sum});\n{go}" },
	{ "view", "{schema_batch}CREATE OR ALTER VIEW {target} AS\nSELECT {all~%~, }\n"
	    "FROM OPENROWSET(BULK {folder'}, FORMAT = 'DELTA')\nWITH ({all~% {view_type}~, }) AS r;\n{go}" },
	/* Of a serverless pool, which reads text as UTF-8. */
	{ "view_type", "{is_text~VARCHAR({lengthy~MAX~8000}) COLLATE Latin1_General_100_BIN2_UTF8~{type}}" },
	/* A format and a table for each file: files named like no other are read, and no others of the folder. */
	{ "external", "{schema_batch}"
	    "IF NOT EXISTS (SELECT 1 FROM sys.external_data_sources WHERE name = {source'})\n"
	    "CREATE EXTERNAL DATA SOURCE {source} WITH ({source_type}LOCATION = {source_location}"
	    "{credited~, CREDENTIAL = {credential}});\n{go}"
	    "IF NOT EXISTS (SELECT 1 FROM sys.external_file_formats WHERE name = N'acct_parquet')\n"
	    "CREATE EXTERNAL FILE FORMAT [acct_parquet] WITH (FORMAT_TYPE = PARQUET);\n{go}"
	    "{several~IF OBJECT_ID({literal~{target}}, N'V') IS NOT NULL\nDROP VIEW {target};\n{go}}"
	    "{files~{external_table}~}"
	    "{several~CREATE VIEW {target} AS\n{files~SELECT {all~%~, } FROM {external_name}~\nUNION ALL }"
	    ";\n{go}}" },
	{ "external_name", "{in}{part}" },
	{ "external_table", "IF OBJECT_ID({literal~{external_name}}) IS NOT NULL\nDROP EXTERNAL TABLE "
	    "{external_name};\n{go}"
	    "CREATE EXTERNAL TABLE {external_name} (\n\t{all~% {type}{required~ NOT NULL~ NULL}~,\n\t}\n)\n"
	    "WITH (LOCATION = {path'}, DATA_SOURCE = {source}, FILE_FORMAT = [acct_parquet]);\n{go}" },
	{ 0 }
};
