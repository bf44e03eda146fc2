/*
 * T-SQL for an Azure Synapse dedicated pool, as one batch without GO.
 *
 * The pool's rules are kept: MERGE inserts only into a HASH-distributed target; INSERT takes one VALUES row, so many
 * travel as SELECT ... UNION ALL SELECT with less than 20,000 strings a statement; no DDL inside the transaction; the
 * distribution column is never set; MERGE ends with a semicolon. Primary keys are not enforced there, and one that is
 * declared and broken makes wrong answers, so none is declared: guards before and behind the MERGE prove that each
 * key is there once.
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

/* Is the line a command of sqlcmd, which it looks for at the start of every line, in quotes or not? */
static bool
is_command(const char *line)
{
	line += strspn(line, " \t");
	return *line == ':' || strncmp(line, "!!", 2) == 0 ||
	    (strncasecmp(line, "go", 2) == 0 && strchr(" \t\r\n;", line[2]) != NULL);
}

/* A name cannot be written but as it is, so one that means something to sqlcmd is refused. */
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
 * A string with a control character, or with what sqlcmd would take for a variable, is written as its UTF-16 in
 * hexadecimal, so that no literal holds a line end: T-SQL drops one behind a backslash, and clients look for GO at
 * the start of lines.
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
	buf_room(&l->scratch, 2 * n);		/* UTF-16 is no longer than that, and is put behind the text */
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
		[VAL_BOOL] = "BIT", [VAL_INT32] = "INT", [VAL_INT64] = "BIGINT", [VAL_DECIMAL] = "DECIMAL", [VAL_DATE] = "DATE",
		[VAL_TIMESTAMP] = "DATETIME2(6)", [VAL_FLOAT64] = "FLOAT(53)", [VAL_STRING] = "NVARCHAR"
	};

	buf_adds(out, names[c->type.kind]);
	if (c->type.kind == VAL_DECIMAL)
		buf_addf(out, "(%u,%u)", c->type.precision, c->type.scale);
	else if (c->type.kind == VAL_STRING)
		buf_adds(out, c->lengthy ? "(MAX)" : "(4000)");
}

/* Strings compare by their code units: the usual collation of a pool takes 'abc' and 'ABC' for one key. */
static void
add_definition(struct sql_load *l)
{
	size_t i;

	buf_adds(&l->buf, " (\n");
	for (i = 0; i < l->ncolumns; i++) {
		const struct sql_column *c = &l->columns[i];

		buf_adds(&l->buf, i > 0 ? ",\n\t" : "\t");
		ident(&l->buf, c->name);
		buf_addc(&l->buf, ' ');
		add_type(&l->buf, c);
		buf_adds(&l->buf, c->type.kind == VAL_STRING ? " " BINARY : "");
		buf_adds(&l->buf, c->required ? " NOT NULL" : " NULL");
	}
	buf_adds(&l->buf, "\n)\n");
}

static void
add_target(struct sql_load *l)
{
	ident(&l->buf, l->schema == NULL ? "dbo" : l->schema);
	buf_addc(&l->buf, '.');
	ident(&l->buf, l->table);
}

/* Appends what stands from `from` on as a literal in its place. */
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

/* The target where it is missing: a heap that becomes a columnstore, which takes no column of unlimited length. */
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
	add_definition(l);
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
begin(struct sql_load *l)
{
	buf_adds(&l->buf, "SET NOCOUNT ON;\n");
	if (l->schema != NULL)
		add_schema(l);
	add_create(l);
	buf_adds(&l->buf, "IF OBJECT_ID(N'tempdb..#acct_stage') IS NOT NULL\nBEGIN\nDROP TABLE #acct_stage;\nEND;\n"
	    "CREATE TABLE #acct_stage");
	add_definition(l);
	buf_adds(&l->buf, "WITH (DISTRIBUTION = ROUND_ROBIN, HEAP);\n");
}

/* The first row of an INSERT names the types, as a union takes its types from its parts. */
static const char *
add_value(struct sql_load *l, struct rec r, size_t c)
{
	const char *fault = NULL;

	if (l->cast)
		buf_adds(&l->buf, "CAST(");
	if (rec_is_null(r, c))
		buf_adds(&l->buf, "NULL");
	else
		fault = l->columns[c].put(l, c, rec_field(r, c));
	if (l->cast) {
		buf_adds(&l->buf, " AS ");
		add_type(&l->buf, &l->columns[c]);
		buf_addc(&l->buf, ')');
	}
	return fault;
}

static const char *
row(struct sql_load *l, struct rec r, size_t *column)
{
	const char *fault;
	size_t c;

	l->cast = l->rows == 0 || l->batch_rows == BATCH_ROWS || l->batch_strings + l->ncolumns > BATCH_STRINGS ||
	    l->batch_bytes >= BATCH_BYTES;
	if (l->cast) {
		if (l->rows > 0)
			buf_adds(&l->buf, LABEL);
		buf_adds(&l->buf, "INSERT INTO #acct_stage (");
		sql_text_columns(l, ident, SQL_ALL, "%", ", ");
		buf_adds(&l->buf, ")\nSELECT ");
		l->batch_rows = l->batch_strings = l->batch_bytes = 0;
	} else
		buf_adds(&l->buf, "\nUNION ALL SELECT ");
	for (c = 0; c < l->ncolumns; c++) {
		if (c > 0)
			buf_adds(&l->buf, ", ");
		if ((fault = add_value(l, r, c)) != NULL) {
			*column = c;
			return fault;
		}
	}
	l->batch_rows++;
	l->batch_bytes += (size_t)(r.off[l->ncolumns] - r.off[0]);
	return NULL;
}

/*
 * t and s differ in the column, nulls being equal; strings by their code units and trailing spaces, which = passes
 * over.
 */
static void
add_differs(struct sql_load *l, const struct sql_column *c)
{
	const char *collate = c->type.kind == VAL_STRING ? " " BINARY : "";
	struct buf name = { 0 };
	const char *n;

	ident(&name, c->name);
	n = buf_cstr(&name);
	buf_addf(&l->buf, "t.%s%s <> s.%s%s", n, collate, n, collate);
	if (c->type.kind == VAL_STRING)
		buf_addf(&l->buf, " OR DATALENGTH(t.%s) <> DATALENGTH(s.%s)", n, n);
	buf_addf(&l->buf, " OR (t.%s IS NULL AND s.%s IS NOT NULL)", n, n);
	buf_addf(&l->buf, " OR (t.%s IS NOT NULL AND s.%s IS NULL)", n, n);
	buf_free(&name);
}

static void
add_merge(struct sql_load *l)
{
	const char *between = "";
	size_t i;

	buf_adds(&l->buf, "MERGE INTO ");
	add_target(l);
	buf_adds(&l->buf, " AS t\nUSING #acct_stage AS s\nON ");
	sql_text_columns(l, ident, SQL_KEY, "t.% = s.%", " AND ");
	if (l->ncolumns > l->nkeys) {
		buf_adds(&l->buf, "\nWHEN MATCHED AND (");
		for (i = 0; i < l->ncolumns; i++)
			if (!l->columns[i].key) {
				buf_adds(&l->buf, between);
				add_differs(l, &l->columns[i]);
				between = "\n\tOR ";
			}
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

static void
add_guards(struct sql_load *l)
{
	buf_adds(&l->buf, "DECLARE @rows BIGINT = 0, @keys BIGINT = 0, @merged BIGINT = 0;\n"
	    "SET @rows = (SELECT COUNT_BIG(*) FROM #acct_stage);\n"
	    "SET @keys = (SELECT COUNT_BIG(*) FROM (SELECT ");
	sql_text_columns(l, ident, SQL_KEY, "%", ", ");
	buf_adds(&l->buf, " FROM #acct_stage GROUP BY ");
	sql_text_columns(l, ident, SQL_KEY, "%", ", ");
	buf_addf(&l->buf, ") AS k);\nIF @rows <> %llu\n", (unsigned long long)l->rows);
	add_throw(l, 50002, "not every row was staged");
	buf_adds(&l->buf, "IF @keys <> @rows\n");
	add_throw(l, 50001, "a key comes twice");
}

/* After an error in the transaction nothing but ROLLBACK works, and THROW hands the error on. */
static void
add_transaction(struct sql_load *l)
{
	buf_adds(&l->buf, "BEGIN TRY\nBEGIN TRANSACTION;\n");
	add_merge(l);
	buf_adds(&l->buf, "SET @merged = (SELECT COUNT_BIG(*) FROM ");
	add_target(l);
	buf_adds(&l->buf, " AS t INNER JOIN #acct_stage AS s ON ");
	sql_text_columns(l, ident, SQL_KEY, "t.% = s.%", " AND ");
	buf_adds(&l->buf, ");\nIF @merged <> @rows\n");
	add_throw(l, 50003, "the target does not have each key once");
	buf_adds(&l->buf, "COMMIT TRANSACTION;\nEND TRY\n"
	    "BEGIN CATCH\nIF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;\nTHROW;\nEND CATCH;\n");
}

static void
end(struct sql_load *l)
{
	if (l->rows > 0)
		buf_adds(&l->buf, LABEL);
	add_guards(l);
	add_transaction(l);
	buf_adds(&l->buf, "UPDATE STATISTICS ");
	add_target(l);
	buf_adds(&l->buf, ";\nDROP TABLE #acct_stage;\n");
}

static void
refuse(struct sql_load *l)
{
	if (l->rows > 0)
		buf_adds(&l->buf, LABEL);
	buf_adds(&l->buf, "THROW 50000, N'acct-merge-sql: the input was refused, nothing is merged', 1;\n");
}

const struct sql_dialect sql_synapse = {
	.name = "synapse", .name_max = NAME_MAX_UNITS, .name_length = name_length, .name_unit = "UTF-16 units",
	.fold_case = true, .long_columns = true, .max_columns = 1024, .name_fault = name_fault, .put = put,
	.begin = begin, .row = row, .end = end, .refuse = refuse, .max_bytes = 128 * 1024 * 1024
};
