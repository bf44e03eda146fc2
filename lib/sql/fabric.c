/*
 * T-SQL for a Fabric warehouse. Text is VARCHAR in UTF-8, measured in bytes; tables have neither distribution nor
 * indexes, and columns no collation of their own, so keys are compared with an explicit one. Rows are upserted by
 * UPDATE and INSERT unless MERGE is asked for, which not every warehouse has.
 */
#include "sql/text.h"
#include "sql/tsql.h"

#define BINARY " COLLATE Latin1_General_100_BIN2_UTF8"

enum { BYTES_MAX = 8000 };		/* of VARCHAR(n) */

static const char *
put_string(struct sql_load *l, size_t column, struct rec_field f)
{
	bool plain, lengthy = l->columns[column].lengthy;
	size_t n;
	const uint8_t *p = sql_tsql_text(l, f, &n, &plain);

	if (!lengthy && n > BYTES_MAX)
		return "longer than the 8000 bytes of VARCHAR(8000): name the column with --long";
	sql_tsql_string(l, p, n, plain, false, lengthy ? "VARCHAR(MAX)" : "VARCHAR(8000)");
	return NULL;
}

static const struct sql_type types[VAL_KINDS] = {
	[VAL_BOOL] = { "BIT", sql_text_put_digit, .class = "-" },
	[VAL_INT32] = { "INT", sql_text_put_int, .class = "-" },
	[VAL_INT64] = { "BIGINT", sql_text_put_int, .class = "-" },
	[VAL_DECIMAL] = { "DECIMAL({precision},{scale})", sql_text_put_decimal, .class = "-" },
	[VAL_DATE] = { "DATE", sql_tsql_put_date, .class = "-" },
	[VAL_TIMESTAMP] = { "DATETIME2(6)", sql_tsql_put_timestamp, .class = "-" },
	[VAL_FLOAT64] = { "FLOAT", sql_tsql_put_float, .class = "-" },
	[VAL_STRING] = { "VARCHAR({lengthy~MAX~8000})", put_string, .class = "-",
	    .differs = TSQL_TEXT_DIFFERS, .match = TSQL_TEXT_MATCH },
};

static const struct sql_word words[] = {
	{ "collate", "{is_text~" BINARY "~}" }, { "binary", "" },
	{ "string", "VARCHAR" }, { "text", "VARCHAR(8000)" }, { "N", "N" },
	{ "primary", "" }, { "distributed", "" }, { "heap", "" }, { "indexed", "" },
	{ "copy", "COPY INTO {stage} ({all~%~, })\nFROM {files~{file'}~,\n\t}\n"
	    "WITH (FILE_TYPE = 'PARQUET'{caller~~, CREDENTIAL = (IDENTITY = 'Managed Identity')});\n{go}" },
	{ 0 }
};

static const struct sql_check checks[] = { TSQL_CHECKS, { 0 } };

const struct sql_dialect sql_fabric = {
	.name = "fabric", .client = "Fabric warehouse", .name_max = TSQL_NAME_MAX, .name_length = sql_tsql_name_length,
	.name_unit = "UTF-16 units", .name_fault = sql_tsql_name_fault, .fold_case = true, .max_columns = 1024,
	.max_bytes = 128 * 1024 * 1024, .long_columns = true, .create_first = true, .bare_delete = true,
	.bounded = true, .updates = true, .copies = true, .managed_at_dfs = true,
	.kinds = 1 << SQL_VIEW | 1 << SQL_VALIDATE,
	.open = '[', .close = ']', .quote = "'", .schema = "dbo",
	.rows = { .head = "INSERT INTO {into} ({staged~%~, })\n", .open = SQL_SHORT("SELECT "),
	    .between = SQL_SHORT(", "), .null = SQL_SHORT("NULL"), .close = SQL_SHORT(""),
	    .next = SQL_SHORT("\nUNION ALL "), .tail = ";\n",
	    .max_rows = 500, .max_strings = 10000, .max_bytes = 1024 * 1024, .cast = true },
	.types = types, .words = words, .family = sql_tsql_words, .checks = checks,
	.other = { "{standard}", sql_text_put_quoted, .class = "-", .differs = "t.% <> s.%" TSQL_NULLS,
	    .match = "{s}.% = {t}.%" },
};
