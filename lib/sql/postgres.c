/*
 * PostgreSQL 15 and later, for psql. An \if without its \endif makes psql fail if the text is truncated for any
 * reason; rows travel by COPY, from which no value can escape.
 *
 * Functions are schema-qualified: one of another schema on the search path could match their arguments better.
 */
#include <string.h>

#include "sql/text.h"

static void
ident(struct buf *out, const char *name)
{
	sql_text_quote(out, '"', '"', name, strlen(name));
}

/* Names of the staging tables; they never equal the target's, which a temporary table of that name would hide. */
static const char *
stage(const struct sql_load *l)
{
	return strcmp(l->table, "acct_stage") == 0 ? "\"acct_stage_2\"" : "\"acct_stage\"";
}

static const char *
gone(const struct sql_load *l)
{
	return strcmp(l->table, "acct_gone") == 0 ? "\"acct_gone_2\"" : "\"acct_gone\"";
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

/* Escapes for COPY: a backslash before characters that would end a field or a row, or be taken for such an escape. */
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
		[VAL_DATE] = "date", [VAL_TIMESTAMP] = "timestamptz", [VAL_FLOAT64] = "double precision",
		    [VAL_STRING] = "text"
	};

	buf_adds(out, names[t.kind]);
	if (t.kind == VAL_DECIMAL)
		buf_addf(out, "(%u,%u)", t.precision, t.scale);
}

static void
add_column(struct sql_load *l, const struct sql_column *c, bool constraints)
{
	ident(&l->buf, c->name);
	buf_addc(&l->buf, ' ');
	add_type(&l->buf, c->type);
	if (constraints && c->required)
		buf_adds(&l->buf, " NOT NULL");
}

static void
add_definition(struct sql_load *l, enum sql_which which, bool constraints)
{
	size_t i, n = which == SQL_KEY ? l->nkeys : l->ncolumns;

	buf_adds(&l->buf, " (\n");
	for (i = 0; i < n; i++) {
		buf_adds(&l->buf, i > 0 ? ",\n\t" : "\t");
		add_column(l, &l->columns[which == SQL_KEY ? l->keys[i] : i], constraints);
	}
	if (constraints) {
		buf_adds(&l->buf, ",\n\tPRIMARY KEY (");
		sql_text_columns(l, ident, SQL_KEY, "%", ", ");
		buf_addc(&l->buf, ')');
	}
	buf_adds(&l->buf, "\n)");
}

static void
add_stage(struct sql_load *l, const char *name, enum sql_which which)
{
	buf_addf(&l->buf, "CREATE TEMP TABLE %s", name);
	add_definition(l, which, false);
	buf_adds(&l->buf, " ON COMMIT DROP;\n");
}

/*
 * Sets what affects the meaning of values, whatever the session's settings. READ COMMITTED lets a load that waited
 * for a lock see the holder's rows.
 */
static void
begin(struct sql_load *l)
{
	buf_adds(&l->buf, "\\if true\n\\set ON_ERROR_STOP on\n\\set QUIET on\n\\set AUTOCOMMIT on\n"
	    "\\set ON_ERROR_ROLLBACK off\n\\set SHOW_CONTEXT never\n"
	    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;\n"
	    "SET LOCAL client_encoding = 'UTF8';\nSET LOCAL standard_conforming_strings = on;\n"
	    "SET LOCAL client_min_messages = warning;\nSET LOCAL datestyle = 'ISO, YMD';\nSET LOCAL timezone = 'UTC';\n"
	    "SET LOCAL extra_float_digits = 1;\nDROP TABLE IF EXISTS pg_temp.acct_done;\n");
	add_stage(l, stage(l), SQL_ALL);
	add_stage(l, gone(l), SQL_KEY);
}

static void
begin_rows(struct sql_load *l)
{
	buf_addf(&l->buf, "COPY pg_temp.%s (", l->into == SQL_INTO_GONE ? gone(l) : stage(l));
	sql_text_columns(l, ident, sql_text_which(l), "%", ", ");
	buf_adds(&l->buf, ") FROM STDIN;\n");
}

static const char *
row(struct sql_load *l, struct rec r, size_t *field)
{
	size_t i, f, c, n = sql_text_width(l);
	const char *fault;

	for (i = 0; i < n; i++) {
		f = sql_text_field(l, i);
		c = sql_text_column(l, i);
		if (i > 0)
			buf_addc(&l->buf, '\t');
		if (rec_is_null(r, f))
			buf_adds(&l->buf, "\\N");
		else if ((fault = l->columns[c].put(l, c, rec_field(r, f))) != NULL) {
			*field = f;
			return fault;
		}
	}
	buf_addc(&l->buf, '\n');
	return NULL;
}

static void
end_rows(struct sql_load *l)
{
	buf_adds(&l->buf, "\\.\n");
}

static void
add_in_schema(struct sql_load *l, const char *name)
{
	if (l->schema != NULL) {
		ident(&l->buf, l->schema);
		buf_addc(&l->buf, '.');
	}
	ident(&l->buf, name);
}

static void
add_target(struct sql_load *l)
{
	add_in_schema(l, l->table);
}

static void
add_marks(struct sql_load *l)
{
	add_in_schema(l, SQL_MARKS);
}

static void
add_literal(struct buf *out, const char *text)
{
	sql_text_quote(out, '\'', '\'', text, strlen(text));
}

/* Replaces the buffer's text from `from` on by a literal of it. */
static void
literal_from(struct sql_load *l, size_t from)
{
	l->scratch.len = 0;
	buf_add(&l->scratch, l->buf.p + from, l->buf.len - from);
	l->buf.len = from;
	sql_text_quote(&l->buf, '\'', '\'', (const char *)l->scratch.p, l->scratch.len);
}

/* Appends the name as a literal, for to_regclass. */
static void
add_name_literal(struct sql_load *l, const char *name)
{
	size_t from = l->buf.len;

	add_in_schema(l, name);
	literal_from(l, from);
}

/* Begins a PL/pgSQL block, which block_end turns into a literal. Columns may have the names of its variables. */
static size_t
block(struct sql_load *l, const char *variables)
{
	size_t from;

	buf_adds(&l->buf, "DO ");
	from = l->buf.len;
	buf_addf(&l->buf,
	    "#variable_conflict use_column\nDECLARE acct_n bigint; acct_m bigint; acct_k text;%s\nBEGIN\n", variables);
	return from;
}

static void
block_end(struct sql_load *l, size_t from)
{
	buf_adds(&l->buf, "END");
	literal_from(l, from);
	buf_adds(&l->buf, ";\n");
}

/* "RAISE EXCEPTION USING MESSAGE = 'acct-merge-sql: TABLE' || "; an expression must follow. */
static void
add_raise(struct sql_load *l)
{
	buf_adds(&l->buf, "RAISE EXCEPTION USING MESSAGE = 'acct-merge-sql: ' || ");
	add_literal(&l->buf, l->table);
	buf_adds(&l->buf, " || ");
}

static void
add_create_table(struct sql_load *l, const char *name, void (*definition)(struct sql_load *))
{
	buf_adds(&l->buf, "IF pg_catalog.to_regclass(");
	add_name_literal(l, name);
	buf_adds(&l->buf, ") IS NULL THEN CREATE TABLE ");
	add_in_schema(l, name);
	definition(l);
	buf_adds(&l->buf, "; END IF;\n");
}

static void
define_target(struct sql_load *l)
{
	add_definition(l, SQL_ALL, true);
}

static void
define_marks(struct sql_load *l)
{
	buf_adds(&l->buf,
	    " (\n\tlake text NOT NULL,\n\ttable_name text NOT NULL,\n\trun_id text NOT NULL,\n\tversion bigint NOT "
	    "NULL,\n"
	    "\trow_count bigint NOT NULL,\n\tchecksum char(16) NOT NULL,\n\tloaded_at timestamptz NOT NULL,\n"
	    "\tPRIMARY KEY (lake, table_name)\n)");
}

/*
 * Creates schema and tables if missing. Looks them up by name first: IF NOT EXISTS would require the right to create
 * even if there is nothing to do. Loads that find one missing take an advisory lock and look again. The lock's
 * number is "acctload" in ASCII.
 */
static void
add_create(struct sql_load *l)
{
	size_t from = block(l, ""), name;

	buf_adds(&l->buf, "IF pg_catalog.to_regclass(");
	add_name_literal(l, l->table);
	buf_adds(&l->buf, ") IS NULL");
	if (l->options.mark.lake != NULL) {
		buf_adds(&l->buf, " OR pg_catalog.to_regclass(");
		add_name_literal(l, SQL_MARKS);
		buf_adds(&l->buf, ") IS NULL");
	}
	buf_adds(&l->buf, " THEN\nPERFORM pg_catalog.pg_advisory_xact_lock(x'616363746c6f6164'::bigint);\n");
	if (l->schema != NULL) {
		buf_adds(&l->buf, "IF pg_catalog.to_regnamespace(");
		name = l->buf.len;
		ident(&l->buf, l->schema);
		literal_from(l, name);
		buf_adds(&l->buf, ") IS NULL THEN CREATE SCHEMA ");
		ident(&l->buf, l->schema);
		buf_adds(&l->buf, "; END IF;\n");
	}
	add_create_table(l, l->table, define_target);
	if (l->options.mark.lake != NULL)
		add_create_table(l, SQL_MARKS, define_marks);
	buf_adds(&l->buf, "END IF;\n");
	block_end(l, from);
}

/* ---- the target's columns ---- */

static char
class_of(const struct sql_column *c)
{
	switch (c->type.kind) {
	case VAL_INT32: case VAL_INT64: case VAL_DECIMAL:
		return 'n';
	case VAL_FLOAT64:
		return 'f';
	default:
		return '-';
	}
}

/* "(VALUES (name, key, class, scale, type), ...) AS w (...)": the required columns. */
static void
add_columns(struct sql_load *l)
{
	size_t i, from;

	buf_adds(&l->buf, "(VALUES ");
	for (i = 0; i < l->ncolumns; i++) {
		const struct sql_column *c = &l->columns[i];

		buf_adds(&l->buf, i > 0 ? ",\n(" : "(");
		add_literal(&l->buf, c->name);
		buf_addf(&l->buf, ", %s, '%c', %u, ", c->key ? "true" : "false", class_of(c),
		    c->type.kind == VAL_DECIMAL ? c->type.scale : 0);
		from = l->buf.len;
		ident(&l->buf, c->name);
		buf_addc(&l->buf, ' ');
		add_type(&l->buf, c->type);
		literal_from(l, from);
		buf_addc(&l->buf, ')');
	}
	buf_adds(&l->buf, ") AS w (name, key, class, scale, definition)");
}

/* Adds a missing column; without the right to do so, fails and prints the statement. */
static void
add_alter(struct sql_load *l)
{
	size_t from;

	buf_adds(&l->buf, "IF acct_c.attnum IS NULL THEN\nacct_k := 'ALTER TABLE ' || ");
	from = l->buf.len;
	add_target(l);
	literal_from(l, from);
	buf_adds(&l->buf, " || ' ADD COLUMN ' || acct_c.definition;\nIF acct_c.key THEN\n");
	add_raise(l);
	buf_adds(&l->buf,
	    "' has no column ' || acct_c.name || ', which is of the key';\nEND IF;\nBEGIN\nEXECUTE acct_k;\n"
	    "EXCEPTION WHEN insufficient_privilege THEN\n");
	add_raise(l);
	buf_adds(&l->buf, "' has no column ' || acct_c.name || '; what adds it: ' || acct_k || ';';\nEND;\nEND IF;\n");
}

/*
 * Rejects column types that could silently change a value: binary floats for decimals and integers, lower scale,
 * single precision. A numeric's type modifier has its scale in the low 11 bits, in two's complement.
 */
static void
add_type_guard(struct sql_load *l)
{
	buf_adds(&l->buf, "acct_t := acct_c.atttypid; acct_m := acct_c.atttypmod;\n"
	    "WHILE (SELECT y.typtype FROM pg_catalog.pg_type AS y WHERE y.oid = acct_t) = 'd' LOOP\n"
	    "SELECT y.typbasetype, y.typtypmod FROM pg_catalog.pg_type AS y WHERE y.oid = acct_t INTO acct_t, acct_m;\n"
	    "END LOOP;\n"
	    "IF (acct_c.class = 'n' AND acct_t IN ('real'::pg_catalog.regtype, 'double "
	    "precision'::pg_catalog.regtype))\n"
	    "OR (acct_c.class = 'n' AND acct_t = 'numeric'::pg_catalog.regtype AND acct_m >= 0"
	    " AND (((acct_m - 4) & 2047) # 1024) - 1024 < acct_c.scale)\n"
	    "OR (acct_c.class = 'n' AND acct_c.scale > 0 AND acct_t IN ('smallint'::pg_catalog.regtype, "
	    "'integer'::pg_catalog.regtype,"
	    " 'bigint'::pg_catalog.regtype))\n"
	    "OR (acct_c.class = 'f' AND acct_t = 'real'::pg_catalog.regtype) THEN\n");
	add_raise(l);
	buf_adds(&l->buf,
	    "': column ' || acct_c.name || ' is ' || pg_catalog.format_type(acct_c.atttypid, "
	    "acct_c.atttypmod::integer)\n"
	    "|| ', which does not hold every value of ' || acct_c.definition;\nEND IF;\n");
}

static void
add_need_guard(struct sql_load *l)
{
	buf_adds(&l->buf,
	    "SELECT a.attname FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = acct_r AND a.attnum > 0\n"
	    "AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''\nAND a.attname NOT IN "
	    "(");
	for (size_t i = 0; i < l->ncolumns; i++) {
		if (i > 0)
			buf_adds(&l->buf, ", ");
		add_literal(&l->buf, l->columns[i].name);
	}
	buf_adds(&l->buf, ") LIMIT 1 INTO acct_k;\nIF FOUND THEN\n");
	add_raise(l);
	buf_adds(&l->buf,
	    "': column ' || acct_k || ' takes no null, has no default and is not in the stream';\nEND IF;\n");
}

static void
add_column_checks(struct sql_load *l)
{
	size_t from = block(l, " acct_c record; acct_t oid; acct_r oid;");

	buf_adds(&l->buf, "acct_r := pg_catalog.to_regclass(");
	add_name_literal(l, l->table);
	buf_adds(&l->buf,
	    ");\nFOR acct_c IN SELECT w.name, w.key, w.class, w.scale, w.definition, a.attnum, a.atttypid, "
	    "a.atttypmod::bigint FROM ");
	add_columns(l);
	buf_adds(&l->buf,
	    "\nLEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = acct_r AND a.attname = w.name AND a.attnum > 0"
	    " AND NOT a.attisdropped LOOP\n");
	add_alter(l);
	add_type_guard(l);
	buf_adds(&l->buf, "END LOOP;\n");
	add_need_guard(l);
	block_end(l, from);
}

/* ---- the merge ---- */

/*
 * "t equals s", nulls being equal: text by its characters, whatever the collation; a timestamp in a date column by
 * its day in UTC.
 */
static const char *
holds(const struct sql_column *c)
{
	switch (c->type.kind) {
	case VAL_STRING:
		return "t.%::text COLLATE \"C\" IS NOT DISTINCT FROM s.% COLLATE \"C\"";
	case VAL_TIMESTAMP:
		return "CASE WHEN pg_catalog.pg_typeof(t.%) = 'date'::pg_catalog.regtype\n"
		    "THEN t.% IS NOT DISTINCT FROM s.%::date ELSE t.% IS NOT DISTINCT FROM s.% END";
	default:
		return "t.% IS NOT DISTINCT FROM s.%";
	}
}

static void
add_merge(struct sql_load *l)
{
	buf_adds(&l->buf, "MERGE INTO ");
	add_target(l);
	buf_addf(&l->buf, " AS t USING pg_temp.%s AS s\nON ", stage(l));
	sql_text_columns(l, ident, SQL_KEY, "t.% = s.%", " AND ");
	if (l->ncolumns > l->nkeys) {
		buf_adds(&l->buf, "\nWHEN MATCHED AND NOT (");
		sql_text_columns_by(l, ident, SQL_REST, holds, " AND ");
		buf_adds(&l->buf, ")\nTHEN UPDATE SET ");
		sql_text_columns(l, ident, SQL_REST, "% = s.%", ", ");
	}
	buf_adds(&l->buf, "\nWHEN NOT MATCHED THEN INSERT (");
	sql_text_columns(l, ident, SQL_ALL, "%", ", ");
	buf_adds(&l->buf, ")\nVALUES (");
	sql_text_columns(l, ident, SQL_ALL, "s.%", ", ");
	buf_adds(&l->buf, ");\n");
}

/* "[7,\"x\"]": a key as JSON, which makes control characters visible. */
static void
add_key_text(struct sql_load *l)
{
	buf_adds(&l->buf, "pg_catalog.json_build_array(");
	sql_text_columns(l, ident, SQL_KEY, "s.%", ", ");
	buf_adds(&l->buf, ")::text");
}

/* "FROM staged AS s LEFT JOIN target AS t ON ..." */
static void
add_pairs(struct sql_load *l)
{
	buf_addf(&l->buf, "FROM pg_temp.%s AS s LEFT JOIN ", stage(l));
	add_target(l);
	buf_adds(&l->buf, " AS t ON ");
	sql_text_columns(l, ident, SQL_KEY, "t.% = s.%", " AND ");
}

/* Fails with the first staged row that is not in the target exactly once and unchanged. */
static void
add_holds(struct sql_load *l)
{
	size_t from = block(l, "");

	buf_adds(&l->buf, "SELECT count(*), count(*) FILTER (WHERE NOT (");
	sql_text_columns_by(l, ident, SQL_ALL, holds, " AND ");
	buf_adds(&l->buf, ")) ");
	add_pairs(l);
	buf_addf(&l->buf, " INTO acct_n, acct_m;\nIF acct_n <> %llu OR acct_m <> 0 THEN\nSELECT ",
	    (unsigned long long)l->rows);
	add_key_text(l);
	buf_addc(&l->buf, ' ');
	add_pairs(l);
	buf_adds(&l->buf, "\nGROUP BY ");
	sql_text_columns(l, ident, SQL_KEY, "s.%", ", ");
	buf_adds(&l->buf, " HAVING count(*) <> 1 OR bool_or(NOT (");
	sql_text_columns_by(l, ident, SQL_ALL, holds, " AND ");
	buf_adds(&l->buf, "))\nORDER BY ");
	sql_text_columns(l, ident, SQL_KEY, "s.%", ", ");
	buf_adds(&l->buf, " LIMIT 1 INTO acct_k;\n");
	add_raise(l);
	buf_adds(&l->buf,
	    "' does not hold the rows as they came, each once; the first key that differs: ' || acct_k;\nEND IF;\n");
	block_end(l, from);
}

/* ---- target rows that are not in the stream ---- */

/* "FROM target AS t WHERE NOT EXISTS (...)" */
static void
add_absent(struct sql_load *l)
{
	buf_adds(&l->buf, "FROM ");
	add_target(l);
	buf_addf(&l->buf, " AS t WHERE NOT EXISTS (SELECT FROM pg_temp.%s AS s WHERE ", stage(l));
	sql_text_columns(l, ident, SQL_KEY, "t.% = s.%", " AND ");
	buf_addc(&l->buf, ')');
}

static void
add_deletes(struct sql_load *l)
{
	if (l->options.absent == SQL_ABSENT_DELETE) {
		buf_adds(&l->buf, "DELETE ");
		add_absent(l);
		buf_adds(&l->buf, ";\n");
	} else if (l->options.mark.lake != NULL) {
		buf_adds(&l->buf, "DELETE FROM ");
		add_target(l);
		buf_addf(&l->buf, " AS t USING pg_temp.%s AS s WHERE ", gone(l));
		sql_text_columns(l, ident, SQL_KEY, "t.% = s.%", " AND ");
		buf_adds(&l->buf, " AND ");
		sql_text_columns_by(l, ident, SQL_KEY, holds, " AND ");
		buf_adds(&l->buf, ";\n");
	}
}

/* Checks that all delete keys were staged and that none is also in the stream. */
static void
add_gone_guard(struct sql_load *l)
{
	size_t from = block(l, "");

	buf_addf(&l->buf, "SELECT count(*) FROM pg_temp.%s INTO acct_n;\nIF acct_n <> %llu THEN\n", gone(l),
	    (unsigned long long)l->gone);
	add_raise(l);
	buf_addf(&l->buf, "': not every key to delete was staged';\nEND IF;\nSELECT ");
	add_key_text(l);
	buf_addf(&l->buf, " FROM pg_temp.%s AS s JOIN pg_temp.%s AS t ON ", gone(l), stage(l));
	sql_text_columns(l, ident, SQL_KEY, "t.% = s.%", " AND ");
	buf_adds(&l->buf, " LIMIT 1 INTO acct_k;\nIF FOUND THEN\n");
	add_raise(l);
	buf_adds(&l->buf, "': a key to delete has a row to merge: ' || acct_k;\nEND IF;\n");
	block_end(l, from);
}

static void
add_deleted(struct sql_load *l)
{
	size_t from;

	if (l->options.absent != SQL_ABSENT_DELETE && l->gone == 0)
		return;
	from = block(l, "");
	if (l->options.absent == SQL_ABSENT_DELETE) {
		buf_adds(&l->buf, "SELECT count(*) FROM ");
		add_target(l);
		buf_addf(&l->buf, " INTO acct_n;\nIF acct_n <> %llu THEN\n", (unsigned long long)l->rows);
		add_raise(l);
		buf_addf(&l->buf, "' should have %llu rows and has ' || acct_n;\nEND IF;\n",
		    (unsigned long long)l->rows);
	} else {
		buf_adds(&l->buf, "SELECT ");
		add_key_text(l);
		buf_addf(&l->buf, " FROM pg_temp.%s AS s JOIN ", gone(l));
		add_target(l);
		buf_adds(&l->buf, " AS t ON ");
		sql_text_columns(l, ident, SQL_KEY, "t.% = s.%", " AND ");
		buf_adds(&l->buf, " LIMIT 1 INTO acct_k;\nIF FOUND THEN\n");
		add_raise(l);
		buf_adds(&l->buf, "' still has a row that was deleted: ' || acct_k;\nEND IF;\n");
	}
	block_end(l, from);
}

/* ---- marks ---- */

static void
add_where_mark(struct sql_load *l)
{
	buf_adds(&l->buf, "FROM ");
	add_marks(l);
	buf_adds(&l->buf, " AS m WHERE m.lake = ");
	add_literal(&l->buf, l->options.mark.lake);
	buf_adds(&l->buf, " AND m.table_name = ");
	add_literal(&l->buf, l->table);
}

/* Checks that the mark is the one the caller read: the deletes were derived from it. */
static void
add_mark_guard(struct sql_load *l)
{
	buf_adds(&l->buf, "SELECT m.version ");
	add_where_mark(l);
	buf_addf(&l->buf, " INTO acct_n;\nIF coalesce(acct_n, -1) <> %lld THEN\n", (long long)l->options.mark.since);
	add_raise(l);
	buf_adds(&l->buf,
	    "': the mark of the load before names ' || coalesce('version ' || acct_n, 'no version') || ', not ");
	if (l->options.mark.since < 0)
		buf_adds(&l->buf, "none';\nEND IF;\n");
	else
		buf_addf(&l->buf, "version %lld';\nEND IF;\n", (long long)l->options.mark.since);
}

/* Refuses to overwrite or delete rows not known to be written by a load of this lake, unless asked to. */
static void
add_refusals(struct sql_load *l)
{
	bool first = l->options.mark.since < 0;

	if (l->options.absent != SQL_ABSENT_REFUSE || (!first && (l->into == SQL_INTO_GONE || l->options.dry_run)))
		return;
	buf_adds(&l->buf, "SELECT count(*) ");
	if (first) {
		buf_adds(&l->buf, "FROM ");
		add_target(l);
	} else
		add_absent(l);
	buf_adds(&l->buf, " INTO acct_n;\nIF acct_n > 0 THEN\n");
	add_raise(l);
	buf_addf(&l->buf, "': ' || acct_n || ' rows %s: --adopt keeps them, --delete-absent deletes them';\nEND IF;\n",
	    first ? "are there and no load of this lake is marked" :
	    "are there that the stream does not have and whose origin is not known");
}

static void
add_mark_checks(struct sql_load *l)
{
	size_t from = block(l, "");

	add_mark_guard(l);
	add_refusals(l);
	block_end(l, from);
}

static void
add_mark(struct sql_load *l)
{
	const struct sql_mark *m = &l->options.mark;

	buf_adds(&l->buf, "INSERT INTO ");
	add_marks(l);
	buf_adds(&l->buf, " (lake, table_name, run_id, version, row_count, checksum, loaded_at)\nVALUES (");
	add_literal(&l->buf, m->lake);
	buf_adds(&l->buf, ", ");
	add_literal(&l->buf, l->table);
	buf_adds(&l->buf, ", ");
	add_literal(&l->buf, m->run);
	buf_addf(&l->buf,
	    ", %lld, %llu, '%016llx', pg_catalog.clock_timestamp())\nON CONFLICT (lake, table_name) DO UPDATE SET "
	    "run_id = excluded.run_id, version = excluded.version,\nrow_count = excluded.row_count, checksum = "
	    "excluded.checksum, "
	    "loaded_at = excluded.loaded_at;\n", (long long)m->version, (unsigned long long)l->rows,
	    (unsigned long long)l->sum);
}

/* Adds a staging table's primary key after its rows: faster, and the error names a duplicate key. */
static void
add_key(struct sql_load *l, const char *name)
{
	buf_addf(&l->buf, "ALTER TABLE pg_temp.%s ADD PRIMARY KEY (", name);
	sql_text_columns(l, ident, SQL_KEY, "%", ", ");
	buf_addf(&l->buf, ");\nANALYZE pg_temp.%s;\n", name);
}

/* Fires deferred constraints before the rows are compared, not at the commit. */
static void
add_changes(struct sql_load *l)
{
	add_create(l);
	/* concurrent loads take turns; readers are not blocked */
	buf_adds(&l->buf, "LOCK TABLE ");
	add_target(l);
	buf_adds(&l->buf, " IN SHARE ROW EXCLUSIVE MODE;\n");
	add_column_checks(l);
	if (l->options.mark.lake != NULL)
		add_mark_checks(l);
	if (l->into == SQL_INTO_GONE)
		add_gone_guard(l);
	/* both sides have an index on the key; a hash table of millions of rows would spill to disk */
	buf_adds(&l->buf, "SET LOCAL enable_hashjoin = off;\n");
	add_deletes(l);
	add_merge(l);
	buf_adds(&l->buf, "SET CONSTRAINTS ALL IMMEDIATE;\n");
	add_holds(l);
	add_deleted(l);
	if (l->options.mark.lake != NULL)
		add_mark(l);
}

/* SELECT * FROM acct_done fails unless the whole text ran: psql stops at an \if without its \endif. */
static void
add_done(struct sql_load *l)
{
	buf_adds(&l->buf, "CREATE TEMP TABLE acct_done AS SELECT ");
	add_literal(&l->buf, l->table);
	buf_addf(&l->buf, "::text AS table_name, %llu::bigint AS row_count;\n", (unsigned long long)l->rows);
}

static void
end(struct sql_load *l)
{
	add_key(l, stage(l));
	if (l->into == SQL_INTO_GONE)
		add_key(l, gone(l));
	add_changes(l);
	add_done(l);
	buf_adds(&l->buf, "COMMIT;\n\\endif\n");
}

/* Loads no rows and rolls back: checks rights all the same. */
static void
dry_run(struct sql_load *l)
{
	begin(l);
	add_changes(l);
	buf_adds(&l->buf, "ROLLBACK;\nBEGIN READ WRITE;\n");
	add_done(l);
	buf_adds(&l->buf, "COMMIT;\n\\endif\n");
}

/* Ends the open COPY, if any. */
static void
refuse(struct sql_load *l)
{
	if (l->in_rows)
		buf_adds(&l->buf, "\\.\n");
	buf_adds(&l->buf, "\\set ON_ERROR_STOP on\n"
	    "DO 'BEGIN RAISE ''acct-merge-sql: the input was refused, nothing is merged''; END';\n");
}

const struct sql_dialect sql_postgres = {
	.name = "postgres", .name_max = 63, .name_length = strlen, .name_unit = "bytes",
	.max_columns = 1600, .name_fault = name_fault, .put = put, .begin = begin, .begin_rows = begin_rows, .row = row,
	.end_rows = end_rows, .end = end, .dry_run = dry_run, .refuse = refuse
};
