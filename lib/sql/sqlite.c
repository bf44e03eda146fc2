/*
 * SQLite 3.38 and later, for its shell.
 *
 * Decimals are TEXT with all their decimals, because any other type of SQLite would round them; dates are TEXT
 * YYYY-MM-DD, timestamps TEXT YYYY-MM-DDTHH:MM:SS.ffffffZ.
 *
 * The rows are staged in a separate transaction that touches only the temporary database, so that a slow stream holds
 * no lock. All statements on the target form a second transaction and, for the shell, one piece of text: semicolons at
 * line starts separate them, and the shell runs what it has read when a line ends with one. When a statement fails, the
 * shell discards the rest of the piece, including the commit, whether .bail is on or not.
 *
 * The checks report their messages through JSON path errors, the only errors of SQLite that have a computed text and
 * exist in every build.
 */
#include <math.h>
#include <string.h>

#include "sql/dialect.h"
#include "sql/text.h"

enum { SHIFT = 62 };		/* 2^62 has an exact decimal text */

/* Rejects names that the shell would change: they cannot be escaped. */
static const char *
name_fault(const char *name)
{
	return strstr(name, "\r\n") == NULL ? NULL : "sqlite3 would drop the carriage return before a line feed";
}

static const char *
put_decimal(struct sql_load *l, size_t column, struct rec_field f)
{
	buf_addc(&l->buf, '\'');
	sql_text_decimal(&l->buf, l->columns[column].type, f);
	buf_addc(&l->buf, '\'');
	return NULL;
}

static const char *
put_date(struct sql_load *l, size_t column, struct rec_field f)
{
	bool ok;

	(void)column;
	buf_addc(&l->buf, '\'');
	ok = sql_text_date(&l->buf, f);
	buf_addc(&l->buf, '\'');
	return ok ? NULL : sql_text_years;
}

static const char *
put_timestamp(struct sql_load *l, size_t column, struct rec_field f)
{
	bool ok;

	(void)column;
	buf_addc(&l->buf, '\'');
	ok = sql_text_timestamp(&l->buf, f, 'T');
	buf_adds(&l->buf, "Z'");
	return ok ? NULL : sql_text_years;
}

/* " * 2^n" or " / 2^n", in steps whose constants are exact. */
static void
put_power(struct buf *out, char operator, int n)
{
	for (; n > 0; n -= n < SHIFT ? n : SHIFT)
		buf_addf(out, "%c%lld.0", operator, 1LL << (n < SHIFT ? n : SHIFT));
}

/*
 * Writes a finite number so that SQLite's decimal parser cannot round it: an integer of up to 53 bits times or
 * divided by powers of two, which is exact.
 */
static void
put_exact(struct buf *out, double v)
{
	uint64_t bits, m;
	int exponent, zeros;

	memcpy(&bits, &v, sizeof bits);
	exponent = (int)(bits >> 52 & 0x7ff);
	m = (bits & ((UINT64_C(1) << 52) - 1)) | (uint64_t)(exponent > 0) << 52;
	exponent = m == 0 ? 0 : (exponent > 0 ? exponent : 1) - 1075;
	zeros = m == 0 ? 0 : __builtin_ctzll(m);
	if (exponent < 0 && zeros > 0) {
		zeros = zeros < -exponent ? zeros : -exponent;
		m >>= zeros;
		exponent += zeros;
	}
	buf_addf(out, "%s%llu.0", bits >> 63 ? "-" : "", (unsigned long long)m);
	put_power(out, '*', exponent);
	put_power(out, '/', -exponent);
}

static const char *
put_float(struct sql_load *l, size_t column, struct rec_field f)
{
	double v = 0;

	(void)column;
	val_get_float(f.p, f.n, &v);
	if (isnan(v))
		return "not a number, which SQLite would store as null";
	if (isinf(v))
		buf_adds(&l->buf, v > 0 ? "9e999" : "-9e999");
	else
		put_exact(&l->buf, v);
	return NULL;
}

static const char *
put_string(struct sql_load *l, size_t column, struct rec_field f)
{
	(void)column;
	if (val_string_plain(f.p, f.n)) {
		sql_text_quote(&l->buf, '\'', '\'', (const char *)f.p, f.n);
		return NULL;
	}
	l->scratch.len = val_get_string(buf_room(&l->scratch, f.n), f.p, f.n);
	if (l->scratch.len == 0) {
		buf_adds(&l->buf, "''");
		return NULL;
	}
	buf_adds(&l->buf, "cast(x'");
	sql_text_hex(&l->buf, l->scratch.p, l->scratch.len);
	buf_adds(&l->buf, "' as text)");
	l->scratch.len = 0;
	return NULL;
}

/*
 * Values are compared exactly: numbers by value, text by its bytes whatever the collation. The plus removes the staged
 * column's affinity, which would convert a number in an untyped target column to text. The first part of a match lets
 * SQLite use the target's index, which may have another collation.
 */
#define TEXT(put) { "TEXT", put, .class = "t", .differs = "t.% IS NOT +s.% COLLATE BINARY", \
	.match = "{t}.% = {s}.% AND {t}.% = {s}.% COLLATE BINARY" }

static const struct sql_type types[VAL_KINDS] = {
	[VAL_BOOL] = { "INTEGER", sql_text_put_digit, .class = "i" },
	[VAL_INT32] = { "INTEGER", sql_text_put_int, .class = "i" },
	[VAL_INT64] = { "INTEGER", sql_text_put_int, .class = "i" },
	[VAL_DECIMAL] = TEXT(put_decimal),
	[VAL_DATE] = TEXT(put_date),
	[VAL_TIMESTAMP] = TEXT(put_timestamp),
	[VAL_FLOAT64] = { "REAL", put_float, .class = "f" },
	[VAL_STRING] = TEXT(put_string),
};

static const struct sql_word words[] = {
	{ "stage", "temp.\"acct_stage\"" },
	{ "gone", "temp.\"acct_gone\"" },
	{ "start", ".bail on\n.timeout 60000\nDROP TABLE IF EXISTS temp.\"acct_done\";\n" },
	{ "open", "{start}BEGIN;\n" },
	/* A single integer key becomes the rowid. */
	{ "key_clause", "\tPRIMARY KEY ({key~%~, })\n){integer_key~~ WITHOUT ROWID}" },
	{ "stages", "CREATE TABLE {stage} (\n{all~\t% {type}{required~ NOT NULL},\n~}{key_clause};\n"
	    "CREATE TABLE {gone} (\n{key~\t% {type} NOT NULL,\n~}{key_clause};\n" },
	{ "versions", "temp.\"acct_versions\"" },
	{ "version_stage", "CREATE TABLE {stage} (\n{all~\t% {type}{required~ NOT NULL},\n~}{key_clause};\n" },
	{ "begin", "COMMIT;\nBEGIN IMMEDIATE{;}" },
	{ ";", "\n; " },
	{ "raise", "SELECT json_extract('[]', 'acct-merge-sql: ' || {table'} || " },	/* then message and ")" */
	{ "fail", "{raise}{literal~{before}} || k || {literal~{after}})\nFROM (SELECT ({query}) AS k) WHERE k IS "
	    "NOT NULL{;}" },
	{ "marked_version", "coalesce('version ' || x.v, 'no version')" },
	{ "keytext", "json_array({key~s.%~, })" },
	{ "create", "CREATE TABLE IF NOT EXISTS {target} (\n{all~\t% {type}{required~ NOT NULL},\n~}{key_clause}{;}"
	    "{marked~CREATE TABLE IF NOT EXISTS {marks} (\n\tlake TEXT NOT NULL,\n\ttable_name TEXT NOT NULL,\n"
	    "\trun_id TEXT NOT NULL,\n\tversion BIGINT NOT NULL,\n\trow_count BIGINT NOT NULL,\n"
	    "\tchecksum CHAR(16) NOT NULL,\n\tloaded_at TEXT NOT NULL,\n\tPRIMARY KEY (lake, table_name)\n) "
	    "WITHOUT ROWID{;}}" },
	{ "wanted", "temp.\"acct_columns\"" },
	{ "info", "pragma_table_xinfo({table'}, {schema'}) AS p" },
	{ "alter", "'ALTER TABLE ' || {literal~{target}} || ' ADD COLUMN \"' || replace(w.name, '\"', '\"\"') || "
	    "'\" '"
	    " || w.type || ';'" },
	{ "lacking", "\nFROM {wanted} AS w WHERE NOT EXISTS (SELECT 1 FROM {info} WHERE p.name = w.name COLLATE "
	    "NOCASE)" },
	/* A dry run tolerates missing columns. */
	{ "columns", "CREATE TABLE {wanted} (name, key, class, type){;}INSERT INTO {wanted} VALUES\n"
	    "{all~({name'}, {is_key~1~0}, '{class}', '{type}')~,\n}{;}"
	    "{raise}': the database must be in UTF-8, and is in ' || encoding)\n"
	    "FROM pragma_encoding WHERE encoding <> 'UTF-8'{;}"
	    "{raise}' has no column ' || json_quote(w.name) || '; what adds it: ' || {alter}){lacking}"
	    "{trial~ AND w.key} LIMIT 1{;}{check_types}{check_needs}" },
	/*
	 * Rejects affinities that change values: a numeric one would turn '2900.00' into a number, REAL rounds
	 * integers, TEXT converts numbers.
	 */
	{ "check_types", "{raise}': column ' || json_quote(w.name) || ' is ' || p.type || '; '\n"
	    "|| CASE w.class WHEN 't' THEN 'decimals, dates and strings need columns of type TEXT'\n"
	    "WHEN 'i' THEN 'integers need columns of type INTEGER' ELSE 'float64 needs columns of type REAL' END)\n"
	    "FROM {wanted} AS w JOIN {info} ON p.name = w.name COLLATE NOCASE\n"
	    "JOIN (SELECT 'INTEGER' AS affinity, 't' AS clash UNION ALL SELECT 'TEXT', 'if' UNION ALL SELECT "
	    "'REAL', 'it'\n"
	    "UNION ALL SELECT 'NUMERIC', 't' UNION ALL SELECT 'BLOB', '') AS a ON a.affinity = CASE\n"
	    "WHEN p.type LIKE '%INT%' THEN 'INTEGER'\n"
	    "WHEN p.type LIKE '%CHAR%' OR p.type LIKE '%CLOB%' OR p.type LIKE '%TEXT%' THEN 'TEXT'\n"
	    "WHEN p.type LIKE '%BLOB%' OR p.type = '' OR p.type = 'ANY' THEN 'BLOB'\n"
	    "WHEN p.type LIKE '%REAL%' OR p.type LIKE '%FLOA%' OR p.type LIKE '%DOUB%' THEN 'REAL' ELSE 'NUMERIC' "
	    "END\n"
	    "WHERE instr(a.clash, w.class) > 0 LIMIT 1{;}" },
	{ "check_needs", "{raise}': column ' || json_quote(p.name) ||"
	    " ' takes no null, has no default and is not in the stream')\n"
	    "FROM {info}\nWHERE p.\"notnull\" AND p.dflt_value IS NULL AND p.hidden = 0\n"
	    "AND NOT EXISTS (SELECT 1 FROM {wanted} AS w WHERE p.name = w.name COLLATE NOCASE) LIMIT 1{;}" },
	/* "true" separates this ON from a join's. Needs a unique index, which cannot split a key but may merge two. */
	{ "merge", "INSERT INTO {target} AS t ({all~%~, })\nSELECT {all~%~, }\nFROM {stage} WHERE true\n"
	    "ON CONFLICT ({key~%~, }) DO {wide~UPDATE SET {rest~% = excluded.%~, }\n"
	    "WHERE ({rest~t.%~, }) IS NOT ({rest~excluded.%~, })~NOTHING}{;}" },
	{ "now", "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')" },
	/*
	 * SELECT * FROM acct_done fails unless the whole text ran: the table is created after the commit. sqlite3 runs
	 * what is left of a text that ends early; no beginning of this statement is a statement.
	 */
	{ "done", "CREATE TEMP TABLE \"acct_done\" AS SELECT * FROM (SELECT {table'} AS table_name, "
	    "{rows} AS row_count)\n;\n" },
	{ "commit", "DROP TABLE {stage}{;}{history~DROP TABLE {fresh}{;}}"
	    "DROP TABLE {gone}{;}DROP TABLE {wanted}{;}COMMIT{;}{done}" },
	/*
	 * Prints the statements that would add the missing columns. The upsert of no rows fails if the key has no
	 * unique index.
	 */
	{ "probe", "SELECT {alter}{lacking}{;}INSERT INTO {target} ({key~%~, }) SELECT {key~NULL~, } WHERE false "
	    "ON CONFLICT ({key~%~, }) DO NOTHING{;}" },
	{ "try", "{start}BEGIN IMMEDIATE{;}" },
	{ "rollback", "ROLLBACK{;}{done}" },
	{ "refuse", ";\nSELECT * FROM \"acct-merge-sql: the input was refused, nothing is merged\";\n" },
	{ 0 }
};

const struct sql_dialect sql_sqlite = {
	.name = "sqlite", .client = "for sqlite3", .name_fault = name_fault, .fold_case = true, .max_columns = 2000,
	.dry_run = true, .open = '"', .close = '"', .quote = "'", .schema = "main",
	.rows = { .head = "INSERT OR ROLLBACK INTO {into} VALUES\n", .open = SQL_SHORT("("),
	    .between = SQL_SHORT(","), .null = SQL_SHORT("NULL"), .close = SQL_SHORT(")"), .next = SQL_SHORT(",\n"),
	    .tail = ";\n", .max_rows = 500, .max_bytes = 256 * 1024 },
	.types = types, .words = words,
	.other = { "TEXT", sql_text_put_quoted, .class = "t", .differs = "t.% IS NOT s.%", .match = "{t}.% = {s}.%" },
};
