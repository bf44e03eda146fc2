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

#include "sql/text.h"

#define STAGE "temp.\"acct_stage\""
#define GONE "temp.\"acct_gone\""
#define GUARD "temp.\"acct_guard\""
#define COLUMNS "temp.\"acct_columns\""
/* then || message ) and FROM; every row raises an error */
#define FAIL "; SELECT json_extract('{}', 'acct-merge-sql: '"

enum {
	BATCH_ROWS = 500,
	BATCH_BYTES = 256 * 1024,
	SHIFT = 62		/* 2^62 has an exact decimal text */
};

static void
ident(struct buf *out, const char *name)
{
	sql_text_quote(out, '"', '"', name, strlen(name));
}

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

static sql_put *const put[] = {
	[VAL_BOOL] = sql_text_put_digit, [VAL_INT32] = sql_text_put_int, [VAL_INT64] = sql_text_put_int,
	[VAL_DECIMAL] = put_decimal, [VAL_DATE] = put_date, [VAL_TIMESTAMP] = put_timestamp,
	[VAL_FLOAT64] = put_float, [VAL_STRING] = put_string
};

static const char *
type_name(enum val_kind kind)
{
	switch (kind) {
	case VAL_BOOL: case VAL_INT32: case VAL_INT64:
		return "INTEGER";
	case VAL_FLOAT64:
		return "REAL";
	default:
		return "TEXT";
	}
}

/* Defines columns and key; a single integer key becomes the rowid, any other a WITHOUT ROWID table. */
static void
add_definition(struct sql_load *l, enum sql_which which)
{
	bool rowid = l->nkeys == 1 && strcmp(type_name(l->columns[l->keys[0]].type.kind), "INTEGER") == 0;
	size_t i, n = which == SQL_KEY ? l->nkeys : l->ncolumns;

	buf_adds(&l->buf, " (\n");
	for (i = 0; i < n; i++) {
		const struct sql_column *c = &l->columns[which == SQL_KEY ? l->keys[i] : i];

		buf_addc(&l->buf, '\t');
		ident(&l->buf, c->name);
		buf_addf(&l->buf, " %s%s,\n", type_name(c->type.kind), c->required ? " NOT NULL" : "");
	}
	buf_adds(&l->buf, "\tPRIMARY KEY (");
	sql_text_columns(l, ident, SQL_KEY, "%", ", ");
	buf_addf(&l->buf, ")\n)%s", rowid ? "" : " WITHOUT ROWID");
}

static void
begin(struct sql_load *l)
{
	buf_adds(&l->buf, ".bail on\n.timeout 60000\nDROP TABLE IF EXISTS temp.\"acct_done\";\nBEGIN;\n"
	    "CREATE TEMP TABLE \"acct_guard\" (\n"
	    "\t\"staged\" CONSTRAINT \"every row must be staged\" CHECK (\"staged\"),\n"
	    "\t\"gone\" CONSTRAINT \"every key to delete must be staged\" CHECK (\"gone\"),\n"
	    "\t\"utf8\" CONSTRAINT \"the database must be in UTF-8\" CHECK (\"utf8\")\n);\nCREATE TEMP TABLE "
	    "\"acct_stage\"");
	add_definition(l, SQL_ALL);
	buf_adds(&l->buf, ";\nCREATE TEMP TABLE \"acct_gone\"");
	add_definition(l, SQL_KEY);
	buf_adds(&l->buf, ";\n");
}

static void
add_value(struct sql_load *l, struct rec r, size_t i, const char **fault)
{
	size_t f = sql_text_field(l, i), c = sql_text_column(l, i);

	if (rec_is_null(r, f))
		buf_adds(&l->buf, "NULL");
	else
		*fault = l->columns[c].put(l, c, rec_field(r, f));
}

static bool
batch_is_full(const struct sql_load *l)
{
	return l->batch_rows == BATCH_ROWS || l->batch_bytes >= BATCH_BYTES;
}

static const char *
row(struct sql_load *l, struct rec r, size_t *field)
{
	const char *fault = NULL;
	size_t i, n = sql_text_width(l);

	if (l->batch_rows == 0 || batch_is_full(l)) {
		buf_addf(&l->buf, "%sINSERT OR ROLLBACK INTO %s VALUES\n(", l->batch_rows == 0 ? "" : ";\n",
		    l->into == SQL_INTO_GONE ? GONE : STAGE);
		l->batch_rows = l->batch_bytes = 0;
	} else
		buf_adds(&l->buf, ",\n(");
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(&l->buf, ',');
		add_value(l, r, i, &fault);
		if (fault != NULL) {
			*field = sql_text_field(l, i);
			return fault;
		}
		l->batch_bytes += rec_field(r, sql_text_field(l, i)).n;
	}
	buf_addc(&l->buf, ')');
	l->batch_rows++;
	return NULL;
}

static void
end_rows(struct sql_load *l)
{
	if (l->batch_rows > 0)
		buf_adds(&l->buf, ";\n");
}

/* ---- statements on the target; each piece begins with the semicolon that ends the previous one ---- */

static const char *
schema(const struct sql_load *l)
{
	return l->schema == NULL ? "main" : l->schema;
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
	buf_adds(&l->buf, "." SQL_MARKS);
}

static void
add_literal(struct buf *out, const char *text)
{
	sql_text_quote(out, '\'', '\'', text, strlen(text));
}

/* Begins a message with the target's name. */
static void
add_fail(struct sql_load *l)
{
	buf_adds(&l->buf, FAIL " || ");
	add_literal(&l->buf, l->table);
}

/*
 * "t equals s", exactly: numbers by value, text by its bytes whatever the collation, nulls being equal. The plus
 * removes the staged column's affinity, which would convert a number in an untyped target column to text.
 */
static const char *
holds(const struct sql_column *c)
{
	if (strcmp(type_name(c->type.kind), "TEXT") == 0)
		return "t.% IS +s.% COLLATE BINARY";
	return "t.% IS s.%";
}

/* The first part of the key comparison lets SQLite use the target's index, which may have another collation. */
static const char *
same_key(const struct sql_column *c)
{
	if (strcmp(type_name(c->type.kind), "TEXT") == 0)
		return "t.% = s.% AND t.% = s.% COLLATE BINARY";
	return "t.% = s.%";
}

static void
add_merge(struct sql_load *l)
{
	size_t rest = l->ncolumns - l->nkeys;

	buf_adds(&l->buf, "; INSERT INTO ");
	add_target(l);
	buf_adds(&l->buf, " AS t (");
	sql_text_columns(l, ident, SQL_ALL, "%", ", ");
	buf_adds(&l->buf, ")\nSELECT ");
	sql_text_columns(l, ident, SQL_ALL, "%", ", ");
	/* "true" separates this ON from a join's */
	buf_adds(&l->buf, "\nFROM " STAGE " WHERE true\nON CONFLICT (");
	sql_text_columns(l, ident, SQL_KEY, "%", ", ");
	if (rest == 0) {
		buf_adds(&l->buf, ") DO NOTHING\n");
		return;
	}
	buf_adds(&l->buf, ") DO UPDATE SET ");
	sql_text_columns(l, ident, SQL_REST, "% = excluded.%", ", ");
	buf_adds(&l->buf, "\nWHERE (");
	sql_text_columns(l, ident, SQL_REST, "t.%", ", ");
	buf_adds(&l->buf, ") IS NOT (");
	sql_text_columns(l, ident, SQL_REST, "excluded.%", ", ");
	buf_adds(&l->buf, ")\n");
}

/* "[7, \"x\"]": a key as JSON, which makes control characters visible. */
static void
add_key_text(struct sql_load *l, const char *of)
{
	buf_adds(&l->buf, "json_array(");
	sql_text_columns(l, ident, SQL_KEY, of, ", ");
	buf_addc(&l->buf, ')');
}

/*
 * Fails with the first staged row that the target lacks or has changed. There is at most one per key: the merge
 * needs a unique index, which cannot split a key but may merge two.
 */
static void
add_holds(struct sql_load *l)
{
	add_fail(l);
	buf_adds(&l->buf, " || ' does not hold the rows as they came; the first key that differs: ' || \"key\")\n"
	    "FROM (SELECT ");
	add_key_text(l, "s.%");
	buf_adds(&l->buf, " AS \"key\" FROM " STAGE " AS s LEFT JOIN ");
	add_target(l);
	buf_adds(&l->buf, " AS t ON ");
	sql_text_columns(l, ident, SQL_KEY, "t.% = s.%", " AND ");
	buf_adds(&l->buf, "\nWHERE NOT (");
	sql_text_columns_by(l, ident, SQL_ALL, holds, " AND ");
	buf_adds(&l->buf, ")\nORDER BY ");
	sql_text_columns(l, ident, SQL_KEY, "s.%", ", ");
	buf_adds(&l->buf, " LIMIT 1)\n");
}

/* "FROM target AS t WHERE NOT EXISTS (...)": rows whose keys are not in the stream. */
static void
add_absent(struct sql_load *l)
{
	buf_adds(&l->buf, "FROM ");
	add_target(l);
	buf_adds(&l->buf, " AS t\nWHERE NOT EXISTS (SELECT 1 FROM " STAGE " AS s WHERE ");
	sql_text_columns(l, ident, SQL_KEY, "s.% = t.% COLLATE BINARY", " AND ");
	buf_adds(&l->buf, ")\n");
}

static void
add_refusal(struct sql_load *l, const char *what)
{
	add_fail(l);
	buf_addf(&l->buf, " || ': ' || n || ' rows %s: --adopt keeps them, --delete-absent deletes them')\n"
	    "FROM (SELECT count(*) AS n ", what);
}

/* Deletes the rows of the delete keys first, before inserts that the target's collation could treat as equal. */
static void
add_gone(struct sql_load *l)
{
	add_fail(l);
	buf_adds(&l->buf, " || ': a key to delete has a row to merge: ' || ");
	add_key_text(l, "s.%");
	buf_adds(&l->buf, ")\nFROM " GONE " AS s JOIN " STAGE " AS t ON ");
	sql_text_columns(l, ident, SQL_KEY, "t.% = s.%", " AND ");
	buf_adds(&l->buf, "\n; DELETE FROM ");
	add_target(l);
	buf_adds(&l->buf, " AS t WHERE EXISTS (SELECT 1 FROM " GONE " AS s WHERE ");
	sql_text_columns(l, ident, SQL_KEY, "s.% = t.% COLLATE BINARY", " AND ");
	buf_adds(&l->buf, ")\n");
}

static void
add_none_gone(struct sql_load *l)
{
	add_fail(l);
	buf_adds(&l->buf, " || ' still has a row that was deleted: ' || ");
	add_key_text(l, "s.%");
	buf_adds(&l->buf, ")\nFROM " GONE " AS s JOIN ");
	add_target(l);
	buf_adds(&l->buf, " AS t ON ");
	sql_text_columns_by(l, ident, SQL_KEY, same_key, " AND ");
	buf_adds(&l->buf, " LIMIT 1\n");
}

/* Handles target rows that are not in the stream. */
static void
add_deletes(struct sql_load *l)
{
	if (l->into == SQL_INTO_GONE && l->gone > 0)
		add_gone(l);
	if (l->options.absent == SQL_ABSENT_DELETE) {
		buf_adds(&l->buf, "; DELETE ");
		add_absent(l);
	}
}

static void
add_deleted(struct sql_load *l)
{
	if (l->into == SQL_INTO_GONE && l->gone > 0)
		add_none_gone(l);
	if (l->options.absent != SQL_ABSENT_DELETE)
		return;
	add_fail(l);
	buf_addf(&l->buf, " || ' should have %llu rows and has ' || n)\nFROM (SELECT count(*) AS n FROM ",
	    (unsigned long long)l->rows);
	add_target(l);
	buf_addf(&l->buf, ") WHERE n <> %llu\n", (unsigned long long)l->rows);
}

/* ---- marks ---- */

static void
add_marks_table(struct sql_load *l)
{
	buf_adds(&l->buf, "; CREATE TABLE IF NOT EXISTS ");
	add_marks(l);
	buf_adds(&l->buf,
	    " (\n\tlake TEXT NOT NULL,\n\ttable_name TEXT NOT NULL,\n\trun_id TEXT NOT NULL,\n\tversion BIGINT NOT "
	    "NULL,\n"
	    "\trow_count BIGINT NOT NULL,\n\tchecksum CHAR(16) NOT NULL,\n\tloaded_at TEXT NOT NULL,\n"
	    "\tPRIMARY KEY (lake, table_name)\n) WITHOUT ROWID\n");
}

static void
add_where_mark(struct sql_load *l)
{
	buf_adds(&l->buf, "FROM ");
	add_marks(l);
	buf_adds(&l->buf, " WHERE lake = ");
	add_literal(&l->buf, l->options.mark.lake);
	buf_adds(&l->buf, " AND table_name = ");
	add_literal(&l->buf, l->table);
}

/* Checks that the mark is the one the caller read: the deletes were derived from it. */
static void
add_mark_guard(struct sql_load *l)
{
	add_fail(l);
	buf_adds(&l->buf,
	    " || ': the mark of the load before names ' || coalesce('version ' || v, 'no version') || ', not ");
	if (l->options.mark.since < 0)
		buf_adds(&l->buf, "none");
	else
		buf_addf(&l->buf, "version %lld", (long long)l->options.mark.since);
	buf_adds(&l->buf, "')\nFROM (SELECT (SELECT version ");
	add_where_mark(l);
	buf_addf(&l->buf, ") AS v) WHERE coalesce(v, -1) <> %lld\n", (long long)l->options.mark.since);
}

/* Refuses to overwrite or delete rows not known to be written by a load of this lake, unless asked to. */
static void
add_refusals(struct sql_load *l)
{
	if (l->options.absent != SQL_ABSENT_REFUSE)
		return;
	if (l->options.mark.since < 0) {
		add_refusal(l, "are there and no load of this lake is marked");
		buf_adds(&l->buf, "FROM ");
		add_target(l);
	} else if (l->into != SQL_INTO_GONE && !l->options.dry_run) {
		add_refusal(l, "are there that the stream does not have and whose origin is not known");
		add_absent(l);
	} else
		return;
	buf_adds(&l->buf, ") WHERE n > 0\n");
}

static void
add_mark(struct sql_load *l)
{
	const struct sql_mark *m = &l->options.mark;

	buf_adds(&l->buf, "; INSERT OR REPLACE INTO ");
	add_marks(l);
	buf_adds(&l->buf, " (lake, table_name, run_id, version, row_count, checksum, loaded_at)\nVALUES (");
	add_literal(&l->buf, m->lake);
	buf_adds(&l->buf, ", ");
	add_literal(&l->buf, l->table);
	buf_adds(&l->buf, ", ");
	add_literal(&l->buf, m->run);
	buf_addf(&l->buf, ", %lld, %llu, '%016llx', strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', 'now'))\n",
	    (long long)m->version,
	    (unsigned long long)l->rows, (unsigned long long)l->sum);
}

/* ---- the target's columns ---- */

/* Returns the class of a value's type: what the target's column type must be. */
static char
class_of(const struct sql_column *c)
{
	const char *type = type_name(c->type.kind);

	return strcmp(type, "TEXT") == 0 ? 't' : strcmp(type, "REAL") == 0 ? 'f' : 'i';
}

/* Makes a table of the required columns. */
static void
add_columns(struct sql_load *l)
{
	size_t i;

	buf_adds(&l->buf,
	    "; CREATE TEMP TABLE \"acct_columns\" (name, key, class, type)\n; INSERT INTO " COLUMNS " VALUES");
	for (i = 0; i < l->ncolumns; i++) {
		const struct sql_column *c = &l->columns[i];

		buf_adds(&l->buf, i > 0 ? ",\n(" : "\n(");
		add_literal(&l->buf, c->name);
		buf_addf(&l->buf, ", %d, '%c', '%s')", c->key, class_of(c), type_name(c->type.kind));
	}
	buf_addc(&l->buf, '\n');
}

/* "pragma_table_xinfo('table', 'schema') AS p" */
static void
add_info(struct sql_load *l)
{
	buf_adds(&l->buf, "pragma_table_xinfo(");
	add_literal(&l->buf, l->table);
	buf_adds(&l->buf, ", ");
	add_literal(&l->buf, schema(l));
	buf_adds(&l->buf, ") AS p");
}

/* 'ALTER TABLE "main"."t" ADD COLUMN ' || ...: an expression. */
static void
add_alter(struct sql_load *l)
{
	struct buf target = { 0 };

	ident(&target, schema(l));
	buf_addc(&target, '.');
	ident(&target, l->table);
	buf_adds(&l->buf, "'ALTER TABLE ' || ");
	add_literal(&l->buf, buf_cstr(&target));
	buf_adds(&l->buf, " || ' ADD COLUMN \"' || replace(w.name, '\"', '\"\"') || '\" ' || w.type || ';'");
	buf_free(&target);
}

/* "FROM columns the target lacks" */
static void
add_missing(struct sql_load *l)
{
	buf_adds(&l->buf, "\nFROM " COLUMNS " AS w WHERE NOT EXISTS (SELECT 1 FROM ");
	add_info(l);
	buf_adds(&l->buf, " WHERE p.name = w.name COLLATE NOCASE)");
}

/*
 * Rejects affinities that change values: a numeric one would turn '2900.00' into a number, REAL rounds integers,
 * TEXT converts numbers.
 */
static void
add_type_guard(struct sql_load *l)
{
	add_fail(l);
	buf_adds(&l->buf, " || ': column ' || json_quote(w.name) || ' is ' || p.type || '; '\n"
	    "|| CASE w.class WHEN 't' THEN 'decimals, dates and strings need columns of type TEXT'\n"
	    "WHEN 'i' THEN 'integers need columns of type INTEGER' ELSE 'float64 needs columns of type REAL' END)\n"
	    "FROM " COLUMNS
	    " AS w JOIN ");
	add_info(l);
	buf_adds(&l->buf, " ON p.name = w.name COLLATE NOCASE\n"
	    "JOIN (SELECT 'INTEGER' AS affinity, 't' AS clash UNION ALL SELECT 'TEXT', 'if' UNION ALL SELECT 'REAL', "
	    "'it'\n"
	    "UNION ALL SELECT 'NUMERIC', 't' UNION ALL SELECT 'BLOB', '') AS a ON a.affinity = CASE\n"
	    "WHEN p.type LIKE '%INT%' THEN 'INTEGER' WHEN p.type LIKE '%CHAR%' OR p.type LIKE '%CLOB%' OR p.type LIKE "
	    "'%TEXT%' THEN 'TEXT'\n"
	    "WHEN p.type LIKE '%BLOB%' OR p.type = '' OR p.type = 'ANY' THEN 'BLOB'\n"
	    "WHEN p.type LIKE '%REAL%' OR p.type LIKE '%FLOA%' OR p.type LIKE '%DOUB%' THEN 'REAL' ELSE 'NUMERIC' END\n"
	    "WHERE instr(a.clash, w.class) > 0 LIMIT 1\n");
}

static void
add_need_guard(struct sql_load *l)
{
	add_fail(l);
	buf_adds(&l->buf,
	    " || ': column ' || json_quote(p.name) || ' takes no null, has no default and is not in the stream')\n"
	    "FROM ");
	add_info(l);
	buf_adds(&l->buf,
	    "\nWHERE p.\"notnull\" AND p.dflt_value IS NULL AND p.hidden = 0 AND NOT EXISTS (SELECT 1 FROM " COLUMNS
	    " AS w\nWHERE p.name = w.name COLLATE NOCASE) LIMIT 1\n");
}

/* Creates missing tables and validates existing ones. A dry run tolerates missing columns. */
static void
add_tables(struct sql_load *l)
{
	buf_adds(&l->buf, "; CREATE TABLE IF NOT EXISTS ");
	add_target(l);
	add_definition(l, SQL_ALL);
	buf_addc(&l->buf, '\n');
	add_columns(l);
	if (l->options.mark.lake != NULL)
		add_marks_table(l);
	buf_adds(&l->buf, "; INSERT INTO " GUARD " (\"utf8\") SELECT encoding = 'UTF-8' FROM pragma_encoding\n");
	add_fail(l);
	buf_adds(&l->buf, " || ' has no column ' || json_quote(w.name) || '; what adds it: ' || ");
	add_alter(l);
	buf_addc(&l->buf, ')');
	add_missing(l);
	buf_adds(&l->buf, l->options.dry_run ? " AND w.key LIMIT 1\n" : " LIMIT 1\n");
	add_type_guard(l);
	add_need_guard(l);
	if (l->options.mark.lake != NULL)
		add_mark_guard(l);
	add_refusals(l);
}

/* SELECT * FROM acct_done fails unless the whole text ran: the table is created after the commit. */
static void
add_done(struct sql_load *l)
{
	buf_adds(&l->buf, "; CREATE TEMP TABLE \"acct_done\" AS SELECT ");
	add_literal(&l->buf, l->table);
	buf_addf(&l->buf, " AS table_name, %llu AS row_count\n", (unsigned long long)l->rows);
}

static void
end(struct sql_load *l)
{
	buf_addf(&l->buf, "INSERT OR ROLLBACK INTO " GUARD " (\"staged\") SELECT count(*) = %llu FROM " STAGE ";\n",
	    (unsigned long long)l->rows);
	buf_addf(&l->buf,
	    "INSERT OR ROLLBACK INTO " GUARD " (\"gone\") SELECT count(*) = %llu FROM " GONE ";\nCOMMIT;\n",
	    (unsigned long long)l->gone);
	buf_adds(&l->buf, "BEGIN IMMEDIATE\n");
	add_tables(l);
	add_deletes(l);
	add_merge(l);
	add_holds(l);
	add_deleted(l);
	if (l->options.mark.lake != NULL)
		add_mark(l);
	buf_adds(&l->buf,
	    "; DROP TABLE " STAGE "\n; DROP TABLE " GONE "\n; DROP TABLE " COLUMNS "\n; DROP TABLE " GUARD "\n");
	buf_adds(&l->buf, "; COMMIT\n");
	add_done(l);
	buf_adds(&l->buf, ";\n");
}

/*
 * Prints the statements that would add the missing columns. The upsert of no rows fails if the key has no unique
 * index.
 */
static void
dry_run(struct sql_load *l)
{
	buf_adds(&l->buf, ".bail on\n.timeout 60000\nDROP TABLE IF EXISTS temp.\"acct_done\";\nBEGIN IMMEDIATE\n"
	    "; CREATE TEMP TABLE \"acct_guard\" (\"utf8\" CONSTRAINT \"the database must be in UTF-8\" CHECK "
	    "(\"utf8\"))\n");
	add_tables(l);
	buf_adds(&l->buf, "; SELECT ");
	add_alter(l);
	add_missing(l);
	buf_adds(&l->buf, "\n; INSERT INTO ");
	add_target(l);
	buf_adds(&l->buf, " (");
	sql_text_columns(l, ident, SQL_KEY, "%", ", ");
	buf_adds(&l->buf, ") SELECT ");
	sql_text_columns(l, ident, SQL_KEY, "NULL", ", ");
	buf_adds(&l->buf, " WHERE false ON CONFLICT (");
	sql_text_columns(l, ident, SQL_KEY, "%", ", ");
	buf_adds(&l->buf, ") DO NOTHING\n; ROLLBACK\n");
	add_done(l);
	buf_adds(&l->buf, ";\n");
}

static void
refuse(struct sql_load *l)
{
	buf_adds(&l->buf, ";\nSELECT * FROM \"acct-merge-sql: the input was refused, nothing is merged\";\n");
}

const struct sql_dialect sql_sqlite = {
	.name = "sqlite", .fold_case = true, .max_columns = 2000, .name_fault = name_fault, .put = put,
	.begin = begin, .row = row, .end_rows = end_rows, .end = end, .dry_run = dry_run, .refuse = refuse
};
