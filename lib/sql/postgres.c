/*
 * PostgreSQL 15 and later, the text being for psql: \if without its \endif makes psql fail where the text ends early,
 * whatever the reason; the rows travel by COPY, which nothing in them can leave.
 */
#include <string.h>

#include "sql/text.h"

static void
ident(struct buf *out, const char *name)
{
	sql_text_quote(out, '"', '"', name, strlen(name));
}

/* The staging table: never called as the target, which a temporary table of the same name would hide. */
static const char *
stage(const struct sql_load *l)
{
	return strcmp(l->table, "acct_stage") == 0 ? "\"acct_stage_2\"" : "\"acct_stage\"";
}

static const char *
name_fault(const char *name)
{
	static const char *const system[] = { "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid" };
	size_t i;

	for (i = 0; i < sizeof system / sizeof system[0]; i++)
		if (strcmp(name, system[i]) == 0)
			return "the name of a column that every PostgreSQL table has";
	return NULL;
}

static const char *
put_bool(struct sql_load *l, size_t column, struct rec_field f)
{
	(void)column;
	buf_addc(&l->buf, *f.p == '1' ? 't' : 'f');
	return NULL;
}

static const char *
put_date(struct sql_load *l, size_t column, struct rec_field f)
{
	(void)column;
	return sql_text_date(&l->buf, f) ? NULL : sql_text_years;
}

static const char *
put_timestamp(struct sql_load *l, size_t column, struct rec_field f)
{
	(void)column;
	if (!sql_text_timestamp(&l->buf, f, ' '))
		return sql_text_years;
	buf_adds(&l->buf, "+00");
	return NULL;
}

static const char *
put_float(struct sql_load *l, size_t column, struct rec_field f)
{
	double v = 0;

	(void)column;
	val_get_float(f.p, f.n, &v);
	l->buf.len += num_put_float64((char *)buf_room(&l->buf, NUM_TEXT), v);
	return NULL;
}

/* COPY's text: a backslash before what would end a field or a row, or be taken for such a mark. */
static const char *
put_string(struct sql_load *l, size_t column, struct rec_field f)
{
	const uint8_t *p = f.p, *last = f.p + f.n;
	uint8_t *to;

	(void)column;
	if (*p == VAL_EMPTY)
		return NULL;
	to = buf_room(&l->buf, 2 * f.n);
	for (; p < last; p++) {
		uint8_t c = *p;

		if (c == VAL_ESC) {
			c = *++p & 0x1f;
			if (c == '\0')
				return "has a NUL character, which no PostgreSQL text can hold";
			if (c >= '\b' && c <= '\r') {
				*to++ = '\\';
				c = (uint8_t)"btnvfr"[c - '\b'];
			}
		} else if (c == '\\')
			*to++ = '\\';
		*to++ = c;
	}
	l->buf.len = (size_t)(to - l->buf.p);
	return NULL;
}

static sql_put *const put[] = {
	[VAL_BOOL] = put_bool, [VAL_INT32] = sql_text_put_int, [VAL_INT64] = sql_text_put_int,
	[VAL_DECIMAL] = sql_text_put_decimal, [VAL_DATE] = put_date, [VAL_TIMESTAMP] = put_timestamp,
	[VAL_FLOAT64] = put_float, [VAL_STRING] = put_string
};

static void
add_type(struct buf *out, struct val_type t)
{
	static const char *const names[] = {
		[VAL_BOOL] = "boolean", [VAL_INT32] = "integer", [VAL_INT64] = "bigint", [VAL_DECIMAL] = "numeric",
		[VAL_DATE] = "date", [VAL_TIMESTAMP] = "timestamptz", [VAL_FLOAT64] = "double precision", [VAL_STRING] = "text"
	};

	buf_adds(out, names[t.kind]);
	if (t.kind == VAL_DECIMAL)
		buf_addf(out, "(%u,%u)", t.precision, t.scale);
}

static void
add_definition(struct sql_load *l, bool constraints)
{
	size_t i;

	buf_adds(&l->buf, " (\n");
	for (i = 0; i < l->ncolumns; i++) {
		buf_adds(&l->buf, i > 0 ? ",\n\t" : "\t");
		ident(&l->buf, l->columns[i].name);
		buf_addc(&l->buf, ' ');
		add_type(&l->buf, l->columns[i].type);
		if (constraints && l->columns[i].required)
			buf_adds(&l->buf, " NOT NULL");
	}
	if (constraints) {
		buf_adds(&l->buf, ",\n\tPRIMARY KEY (");
		sql_text_columns(l, ident, SQL_KEY, "%", ", ");
		buf_addc(&l->buf, ')');
	}
	buf_adds(&l->buf, "\n)");
}

static void
begin(struct sql_load *l)
{
	buf_adds(&l->buf, "\\set QUIET on\n\\set ON_ERROR_STOP on\n\\if true\nBEGIN;\n"
	    "SET LOCAL client_encoding = 'UTF8';\nSET LOCAL standard_conforming_strings = on;\n"
	    "SET LOCAL client_min_messages = warning;\nSET LOCAL datestyle = 'ISO, YMD';\n"
	    "CREATE TEMP TABLE ");
	buf_adds(&l->buf, stage(l));
	add_definition(l, false);
	buf_adds(&l->buf, " ON COMMIT DROP;\nCOPY pg_temp.");
	buf_adds(&l->buf, stage(l));
	buf_adds(&l->buf, " (");
	sql_text_columns(l, ident, SQL_ALL, "%", ", ");
	buf_adds(&l->buf, ") FROM STDIN;\n");
}

static const char *
row(struct sql_load *l, struct rec r, size_t *column)
{
	const char *fault;
	size_t c;

	for (c = 0; c < l->ncolumns; c++) {
		if (c > 0)
			buf_addc(&l->buf, '\t');
		if (rec_is_null(r, c))
			buf_adds(&l->buf, "\\N");
		else if ((fault = l->columns[c].put(l, c, rec_field(r, c))) != NULL) {
			*column = c;
			return fault;
		}
	}
	buf_addc(&l->buf, '\n');
	return NULL;
}

static void
add_target(struct sql_load *l)
{
	if (l->schema != NULL) {
		ident(&l->buf, l->schema);
		buf_addc(&l->buf, '.');
	}
	ident(&l->buf, l->table);
}

/* Appends text[from..] of the buffer as a literal in its place. */
static void
literal_from(struct sql_load *l, size_t from)
{
	l->scratch.len = 0;
	buf_add(&l->scratch, l->buf.p + from, l->buf.len - from);
	l->buf.len = from;
	sql_text_quote(&l->buf, '\'', '\'', (const char *)l->scratch.p, l->scratch.len);
}

/*
 * Schema and table where they are missing. Asked for by name first: IF NOT EXISTS would need the right to create even
 * where there is nothing to do.
 */
static void
add_create(struct sql_load *l)
{
	size_t body, name;

	buf_adds(&l->buf, "DO ");
	body = l->buf.len;
	buf_adds(&l->buf, "BEGIN\n");
	if (l->schema != NULL) {
		buf_adds(&l->buf, "IF to_regnamespace(");
		name = l->buf.len;
		ident(&l->buf, l->schema);
		literal_from(l, name);
		buf_adds(&l->buf, ") IS NULL THEN CREATE SCHEMA ");
		ident(&l->buf, l->schema);
		buf_adds(&l->buf, "; END IF;\n");
	}
	buf_adds(&l->buf, "IF to_regclass(");
	name = l->buf.len;
	add_target(l);
	literal_from(l, name);
	buf_adds(&l->buf, ") IS NULL THEN CREATE TABLE ");
	add_target(l);
	add_definition(l, true);
	buf_adds(&l->buf, "; END IF;\nEND");
	literal_from(l, body);
	buf_adds(&l->buf, ";\n");
}

static void
add_merge(struct sql_load *l)
{
	buf_adds(&l->buf, "MERGE INTO ");
	add_target(l);
	buf_addf(&l->buf, " AS t USING pg_temp.%s AS s\nON ", stage(l));
	sql_text_columns(l, ident, SQL_KEY, "t.% = s.%", " AND ");
	if (l->ncolumns > l->nkeys) {
		buf_adds(&l->buf, "\nWHEN MATCHED AND (");
		sql_text_columns(l, ident, SQL_REST, "t.% IS DISTINCT FROM s.%", " OR ");
		buf_adds(&l->buf, ")\nTHEN UPDATE SET ");
		sql_text_columns(l, ident, SQL_REST, "% = s.%", ", ");
	}
	buf_adds(&l->buf, "\nWHEN NOT MATCHED THEN INSERT (");
	sql_text_columns(l, ident, SQL_ALL, "%", ", ");
	buf_adds(&l->buf, ")\nVALUES (");
	sql_text_columns(l, ident, SQL_ALL, "s.%", ", ");
	buf_adds(&l->buf, ");\n");
}

/* The staging table gets its key when it is full: that is faster, and says which key comes twice. */
static void
end(struct sql_load *l)
{
	buf_addf(&l->buf, "\\.\nALTER TABLE pg_temp.%s ADD PRIMARY KEY (", stage(l));
	sql_text_columns(l, ident, SQL_KEY, "%", ", ");
	buf_addf(&l->buf, ");\nANALYZE pg_temp.%s;\n", stage(l));
	add_create(l);
	/* Two loads at once take turns; readers go on. */
	buf_adds(&l->buf, "LOCK TABLE ");
	add_target(l);
	buf_adds(&l->buf, " IN SHARE ROW EXCLUSIVE MODE;\n");
	add_merge(l);
	buf_adds(&l->buf, "COMMIT;\n\\endif\n");
}

/* Ends the COPY, where it has begun. */
static void
refuse(struct sql_load *l)
{
	if (l->columns != NULL)
		buf_adds(&l->buf, "\\.\n");
	buf_adds(&l->buf, "\\set ON_ERROR_STOP on\n"
	    "DO 'BEGIN RAISE ''acct-merge-sql: the input was refused, nothing is merged''; END';\n");
}

const struct sql_dialect sql_postgres = {
	.name = "postgres", .name_max = 63, .name_length = strlen, .name_unit = "bytes",
	.max_columns = 1600, .name_fault = name_fault, .put = put, .begin = begin, .row = row, .end = end, .refuse = refuse
};
