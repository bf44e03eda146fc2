/*
 * T-SQL for SQL Server 2022, Azure SQL Database and Managed Instance. The key is an enforced primary key; loads of one
 * table take turns by an application lock; MERGE holds its ranges against other writers. Files are read by OPENROWSET
 * through an external data source, columns by name.
 */
#include "sql/text.h"
#include "sql/tsql.h"

#define BINARY " COLLATE Latin1_General_100_BIN2"

enum { KEY_MAX = 450 };			/* UTF-16 units: an index key has 900 bytes */

static const char *
put_string(struct sql_load *l, size_t column, struct rec_field f)
{
	size_t n;
	bool plain;
	const uint8_t *p;

	if (!l->columns[column].key)
		return sql_tsql_put_string(l, column, f);
	p = sql_tsql_text(l, f, &n, &plain);
	if (n > KEY_MAX && sql_text_utf16_length(p, n) > KEY_MAX)
		return "longer than the 450 characters that an index of SQL Server takes";
	sql_tsql_string(l, p, n, plain, true, "NVARCHAR(450)");
	return NULL;
}

static const struct sql_type types[VAL_KINDS] = {
	[VAL_BOOL] = { "BIT", sql_text_put_digit, .class = "-" },
	[VAL_INT32] = { "INT", sql_text_put_int, .class = "-" },
	[VAL_INT64] = { "BIGINT", sql_text_put_int, .class = "-" },
	[VAL_DECIMAL] = { "DECIMAL({precision},{scale})", sql_text_put_decimal, .class = "-" },
	[VAL_DATE] = { "DATE", sql_tsql_put_date, .class = "-" },
	[VAL_TIMESTAMP] = { "DATETIME2(6)", sql_tsql_put_timestamp, .class = "-" },
	[VAL_FLOAT64] = { "FLOAT(53)", sql_tsql_put_float, .class = "-" },
	[VAL_STRING] = { "NVARCHAR({is_key~450~{lengthy~MAX~4000}})", put_string, .class = "-",
	    .differs = TSQL_TEXT_DIFFERS, .match = TSQL_TEXT_MATCH, .attributes = BINARY },
};

static const struct sql_word words[] = {
	{ "collate", "{is_text~" BINARY "~}" }, { "binary", BINARY },
	{ "string", "NVARCHAR" }, { "text", "NVARCHAR(2000)" }, { "N", "" },
	{ "primary", ",\n\tPRIMARY KEY ({key~%~, })" },
	{ "distributed", "" }, { "heap", "" }, { "indexed", "" },
	/* Its update and insert are one step for other writers. */
	{ "target_as", "{target} WITH (HOLDLOCK) AS t" },
	{ "begin", "{copied~BEGIN\nSET NOCOUNT ON;\n}SET XACT_ABORT ON;\nDECLARE @what {text} = NULL;\n{twice}"
	    "BEGIN TRY\nBEGIN TRANSACTION;\nEXEC sp_getapplock @Resource = {literal~acct-merge-sql {target}}, "
	    "@LockMode = N'Exclusive', @LockTimeout = 60000;\n" },
	{ "copy", "{files~INSERT INTO {stage} ({all~%~, })\nSELECT {all~%~, }\n"
	    "FROM OPENROWSET(BULK {path'}, DATA_SOURCE = {source'}, FORMAT = 'PARQUET')\n"
	    "WITH ({all~% {view_type}~, }) AS r;\n~}{go}" },
	{ "source_type", "" }, { "source_location", "{adls'}" },
	{ 0 }
};

static const struct sql_check checks[] = { TSQL_CHECKS, { 0 } };

const struct sql_dialect sql_sqlserver = {
	.name = "sqlserver", .client = "SQL Server, Azure SQL", .name_max = TSQL_NAME_MAX,
	.name_length = sql_tsql_name_length, .name_unit = "UTF-16 units", .name_fault = sql_tsql_name_fault,
	.fold_case = true, .max_columns = 1024, .max_bytes = 128 * 1024 * 1024, .long_columns = true,
	.create_first = true, .bare_delete = true, .bounded = true, .copies = true,
	.kinds = 1 << SQL_EXTERNAL | 1 << SQL_VALIDATE,
	.open = '[', .close = ']', .quote = "N'", .schema = "dbo",
	.rows = { .head = "INSERT INTO {into} ({staged~%~, })\nVALUES ", .open = SQL_SHORT("("),
	    .between = SQL_SHORT(", "), .null = SQL_SHORT("NULL"), .close = SQL_SHORT(")"),
	    .next = SQL_SHORT(",\n"), .tail = ";\n",
	    .max_rows = 1000, .max_strings = 0, .max_bytes = 1024 * 1024 },
	.types = types, .words = words, .family = sql_tsql_words, .checks = checks,
	.other = { "{standard}", sql_text_put_quoted, .class = "-", .differs = "t.% <> s.%" TSQL_NULLS,
	    .match = "{s}.% = {t}.%" },
};
