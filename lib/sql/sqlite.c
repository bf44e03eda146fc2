/*
 * SQLite 3.24 and later, the text being for its shell.
 *
 * Decimals are TEXT with all their decimals, as anything else SQLite has would round them; dates are TEXT YYYY-MM-DD,
 * timestamps TEXT YYYY-MM-DDTHH:MM:SS.ffffffZ. INSERT OR ROLLBACK undoes the whole transaction where a key comes
 * twice or the rows are not as many as they were, so that not even a client without .bail could merge them: every
 * later statement wants the staging table.
 */
#include <math.h>
#include <string.h>

#include "sql/text.h"

#define STAGE "temp.\"acct_stage\""
#define GUARD "temp.\"acct_guard\""

enum {
	BATCH_ROWS = 500,
	BATCH_BYTES = 256 * 1024,
	SHIFT = 62		/* 2^62 is written without a rounding */
};

static void
ident(struct buf *out, const char *name)
{
	sql_text_quote(out, '"', '"', name, strlen(name));
}

/* A name cannot be written but as it is. */
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

/* " * 2^n" or " / 2^n", in steps that are written without a rounding. */
static void
put_power(struct buf *out, char operator, int n)
{
	for (; n > 0; n -= n < SHIFT ? n : SHIFT)
		buf_addf(out, "%c%lld.0", operator, 1LL << (n < SHIFT ? n : SHIFT));
}

/*
 * A finite number without what SQLite's reader of decimals may get wrong in the last bit: an integer of up to 53
 * bits, multiplied or divided by powers of two, which is exact.
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

/*
 * The columns and the key; a single integer key is the table's own row number, any other makes the tree of the table.
 */
static void
add_definition(struct sql_load *l)
{
	bool rowid = l->nkeys == 1 && strcmp(type_name(l->columns[l->keys[0]].type.kind), "INTEGER") == 0;
	size_t i;

	buf_adds(&l->buf, " (\n");
	for (i = 0; i < l->ncolumns; i++) {
		buf_addc(&l->buf, '\t');
		ident(&l->buf, l->columns[i].name);
		buf_addf(&l->buf, " %s%s,\n", type_name(l->columns[i].type.kind), l->columns[i].required ? " NOT NULL" : "");
	}
	buf_adds(&l->buf, "\tPRIMARY KEY (");
	sql_text_columns(l, ident, SQL_KEY, "%", ", ");
	buf_addf(&l->buf, ")\n)%s;\n", rowid ? "" : " WITHOUT ROWID");
}

static void
begin(struct sql_load *l)
{
	buf_adds(&l->buf, ".bail on\nBEGIN;\nCREATE TEMP TABLE \"acct_guard\" (\n"
	    "\t\"staged\" CONSTRAINT \"every row must be staged\" CHECK (\"staged\"),\n"
	    "\t\"utf8\" CONSTRAINT \"the database must be in UTF-8\" CHECK (\"utf8\"),\n"
	    "\t\"exact\" CONSTRAINT \"decimals, dates and strings need columns of type TEXT\" CHECK (\"exact\")\n);\n");
	buf_adds(&l->buf, "CREATE TEMP TABLE \"acct_stage\"");
	add_definition(l);
}

static void
add_value(struct sql_load *l, struct rec r, size_t c, const char **fault)
{
	if (rec_is_null(r, c))
		buf_adds(&l->buf, "NULL");
	else
		*fault = l->columns[c].put(l, c, rec_field(r, c));
}

static const char *
row(struct sql_load *l, struct rec r, size_t *column)
{
	const char *fault = NULL;
	size_t c;

	if (l->rows == 0 || l->batch_rows == BATCH_ROWS || l->batch_bytes >= BATCH_BYTES) {
		buf_addf(&l->buf, "%sINSERT OR ROLLBACK INTO " STAGE " VALUES\n(", l->rows == 0 ? "" : ";\n");
		l->batch_rows = l->batch_bytes = 0;
	} else
		buf_adds(&l->buf, ",\n(");
	for (c = 0; c < l->ncolumns; c++) {
		if (c > 0)
			buf_addc(&l->buf, ',');
		add_value(l, r, c, &fault);
		if (fault != NULL) {
			*column = c;
			return fault;
		}
	}
	buf_addc(&l->buf, ')');
	l->batch_rows++;
	l->batch_bytes += (size_t)(r.off[l->ncolumns] - r.off[0]);
	return NULL;
}

static void
add_target(struct sql_load *l)
{
	ident(&l->buf, l->schema == NULL ? "main" : l->schema);
	buf_addc(&l->buf, '.');
	ident(&l->buf, l->table);
}

static void
add_merge(struct sql_load *l)
{
	size_t rest = l->ncolumns - l->nkeys;

	buf_adds(&l->buf, "INSERT INTO ");
	add_target(l);
	buf_adds(&l->buf, " AS t (");
	sql_text_columns(l, ident, SQL_ALL, "%", ", ");
	buf_adds(&l->buf, ")\nSELECT ");
	sql_text_columns(l, ident, SQL_ALL, "%", ", ");
	buf_adds(&l->buf, "\nFROM " STAGE " WHERE true\nON CONFLICT (");	/* "true" parts the join's ON from this one */
	sql_text_columns(l, ident, SQL_KEY, "%", ", ");
	if (rest == 0) {
		buf_adds(&l->buf, ") DO NOTHING;\n");
		return;
	}
	buf_adds(&l->buf, ") DO UPDATE SET ");
	sql_text_columns(l, ident, SQL_REST, "% = excluded.%", ", ");
	buf_adds(&l->buf, "\nWHERE (");
	sql_text_columns(l, ident, SQL_REST, "t.%", ", ");
	buf_adds(&l->buf, ") IS NOT (");
	sql_text_columns(l, ident, SQL_REST, "excluded.%", ", ");
	buf_adds(&l->buf, ");\n");
}

static void
add_literal(struct buf *out, const char *text)
{
	sql_text_quote(out, '\'', '\'', text, strlen(text));
}

/*
 * Of a target that was there before: a string in hexadecimal is read in the encoding of the database, and a column that
 * is not TEXT by SQLite's rules would turn '2900.00' into a number.
 */
static void
add_guards(struct sql_load *l)
{
	const char *between = "";
	size_t i;

	buf_adds(&l->buf, "INSERT OR ROLLBACK INTO " GUARD " (\"utf8\") SELECT encoding = 'UTF-8' FROM pragma_encoding;\n"
	    "INSERT OR ROLLBACK INTO " GUARD " (\"exact\") SELECT count(*) = 0 FROM pragma_table_info(");
	add_literal(&l->buf, l->table);
	buf_adds(&l->buf, ", ");
	add_literal(&l->buf, l->schema == NULL ? "main" : l->schema);
	buf_adds(&l->buf, ")\nWHERE name COLLATE NOCASE IN (");
	for (i = 0; i < l->ncolumns; i++)
		if (strcmp(type_name(l->columns[i].type.kind), "TEXT") == 0) {
			buf_adds(&l->buf, between);
			add_literal(&l->buf, l->columns[i].name);
			between = ", ";
		}
	buf_adds(&l->buf, ")\nAND (type LIKE '%INT%' OR NOT (type LIKE '%TEXT%' OR type LIKE '%CHAR%' OR type LIKE '%CLOB%' "
	    "OR type LIKE '%BLOB%' OR type = ''));\n");
}

/* The target is touched last and written first, so that its lock is held for no longer than the merge takes. */
static void
end(struct sql_load *l)
{
	if (l->rows > 0)
		buf_adds(&l->buf, ";\n");
	buf_addf(&l->buf, "INSERT OR ROLLBACK INTO " GUARD " (\"staged\") SELECT count(*) = %llu FROM " STAGE ";\n",
	    (unsigned long long)l->rows);
	buf_adds(&l->buf, "CREATE TABLE IF NOT EXISTS ");
	add_target(l);
	add_definition(l);
	add_merge(l);
	add_guards(l);
	buf_adds(&l->buf, "DROP TABLE " STAGE ";\nDROP TABLE " GUARD ";\nCOMMIT;\n");
}

static void
refuse(struct sql_load *l)
{
	buf_adds(&l->buf, ";\nSELECT * FROM \"acct-merge-sql: the input was refused, nothing is merged\";\n");
}

const struct sql_dialect sql_sqlite = {
	.name = "sqlite", .fold_case = true, .max_columns = 2000, .name_fault = name_fault, .put = put,
	.begin = begin, .row = row, .end = end, .refuse = refuse
};
