/*
 * T-SQL for an Azure Synapse dedicated pool.
 *
 * Obeys the pool's rules: MERGE inserts only into a HASH-distributed target without IDENTITY, from build 10.0.17829 on,
 * and ends with a semicolon; INSERT takes one VALUES row, so rows are sent as SELECT ... UNION ALL SELECT, with fewer
 * than 20,000 strings per statement; no DDL inside the transaction; the distribution column is never updated. Primary
 * keys are not enforced there, and a declared one that is violated yields wrong results, so none is declared: checks
 * before and after the MERGE prove that each key occurs once.
 *
 * Files are read by COPY INTO, columns by position: the export has the stream's columns in the stream's order.
 */
#include "sql/text.h"
#include "sql/tsql.h"

#define BINARY " COLLATE Latin1_General_100_BIN2"

static const struct sql_type types[VAL_KINDS] = {
	[VAL_BOOL] = { "BIT", sql_text_put_digit, .class = "-" },
	[VAL_INT32] = { "INT", sql_text_put_int, .class = "-" },
	[VAL_INT64] = { "BIGINT", sql_text_put_int, .class = "-" },
	[VAL_DECIMAL] = { "DECIMAL({precision},{scale})", sql_text_put_decimal, .class = "-" },
	[VAL_DATE] = { "DATE", sql_tsql_put_date, .class = "-" },
	[VAL_TIMESTAMP] = { "DATETIME2(6)", sql_tsql_put_timestamp, .class = "-" },
	[VAL_FLOAT64] = { "FLOAT(53)", sql_tsql_put_float, .class = "-" },
	[VAL_STRING] = { "NVARCHAR({lengthy~MAX~4000})", sql_tsql_put_string, .class = "-",
	    .differs = TSQL_TEXT_DIFFERS, .match = TSQL_TEXT_MATCH, .attributes = BINARY },
};

static const struct sql_word words[] = {
	{ "collate", "{is_text~" BINARY "~}" }, { "binary", BINARY },
	{ "string", "NVARCHAR" }, { "text", "NVARCHAR(2000)" }, { "N", "" },
	{ "primary", "" },
	{ "distributed", "\nWITH (DISTRIBUTION = HASH({first_key}), HEAP)" },
	{ "heap", "\nWITH (DISTRIBUTION = ROUND_ROBIN, HEAP)" },
	/* A heap converted to a columnstore if its columns allow it. */
	{ "indexed", "{any_lengthy~~CREATE CLUSTERED COLUMNSTORE INDEX [acct_columnstore] ON {target};\n}" },
	/* Statistics on the join columns: the pool makes none of a table that was just filled. */
	{ "copy", "COPY INTO {stage} ({all~%~, })\nFROM {files~{file'}~,\n\t}\n"
	    "WITH (FILE_TYPE = 'PARQUET'{caller~~, CREDENTIAL = (IDENTITY = 'Managed Identity')})\n"
	    "OPTION (LABEL = N'acct-merge-sql');\n{go}"
	    "CREATE STATISTICS [acct_key] ON {stage} ({key~%~, });\n{go}" },
	{ "source_type", "TYPE = HADOOP, " }, { "source_location", "{lake'}" },
	{ 0 }
};

/* Only MERGE needs these; UPDATE and INSERT go into any table. */
static const struct sql_check checks[] = {
	TSQL_CHECKS,
	{ 50010, "SELECT MAX(d.distribution_policy_desc) FROM sys.pdw_table_distribution_properties AS d\n"
	    "WHERE d.object_id = " TSQL_OF_TARGET " AND d.distribution_policy_desc <> N'HASH'", ": distributed by ",
	    ", and MERGE inserts only into a table distributed by HASH; --upsert update does without", true },
	{ 50010, "SELECT MAX(c.name) FROM sys.columns AS c INNER JOIN sys.pdw_column_distribution_properties AS d\n"
	    "ON d.object_id = c.object_id AND d.column_id = c.column_id\n"
	    "WHERE c.object_id = " TSQL_OF_TARGET " AND d.distribution_ordinal = 1 AND c.name NOT IN "
	    "({key~{name'}~, })",
	    ": distributed by column ", ", which is not of the key and would be updated; --upsert update does "
	    "without",
	    true },
	{ 50010, "SELECT MAX(c.name) FROM sys.identity_columns AS c WHERE c.object_id = " TSQL_OF_TARGET,
	    ": column ", " is an IDENTITY, and MERGE inserts into no table with one; --upsert update does "
	    "without", true },
	{ 50010, "SELECT MAX(i.name) FROM sys.indexes AS i WHERE i.object_id = " TSQL_OF_TARGET " AND i.type = 2",
	    ": index ", " is nonclustered, with which MERGE fails or damages rows; --upsert update does "
	    "without", true },
	{ 50010, "SELECT CASE WHEN TRY_CAST(SUBSTRING(@@VERSION, CHARINDEX(N'10.0.', @@VERSION) + 5, 5) AS INT) "
	    "< 17829\n"
	    "THEN SUBSTRING(@@VERSION, CHARINDEX(N'10.0.', @@VERSION), 12) END", ": the pool's build is ",
	    ", and MERGE needs 10.0.17829.0; pause and resume the pool, or use --upsert update", true },
	{ 0 }
};

const struct sql_dialect sql_synapse = {
	.name = "synapse", .client = "dedicated pool", .name_max = TSQL_NAME_MAX, .name_length = sql_tsql_name_length,
	.name_unit = "UTF-16 units", .name_fault = sql_tsql_name_fault, .fold_case = true, .max_columns = 1024,
	.max_bytes = 128 * 1024 * 1024, .long_columns = true, .create_first = true, .bare_delete = true,
	.bounded = true, .copies = true, .no_micros = true,
	.managed_at_dfs = true,
	.kinds = 1 << SQL_EXTERNAL | 1 << SQL_VIEW | 1 << SQL_VALIDATE,
	.open = '[', .close = ']', .quote = "N'", .schema = "dbo",
	.rows = { .head = "INSERT INTO {into} ({staged~%~, })\n", .open = SQL_SHORT("SELECT "),
	    .between = SQL_SHORT(", "), .null = SQL_SHORT("NULL"), .close = SQL_SHORT(""),
	    .next = SQL_SHORT("\nUNION ALL "), .tail = "\nOPTION (LABEL = N'acct-merge-sql');\n",
	    .max_rows = 500, .max_strings = 10000, .max_bytes = 1024 * 1024, .cast = true },
	.types = types, .words = words, .family = sql_tsql_words, .checks = checks,
	.other = { "{standard}", sql_text_put_quoted, .class = "-", .differs = "t.% <> s.%" TSQL_NULLS,
	    .match = "{s}.% = {t}.%" },
};
