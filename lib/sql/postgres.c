/*
 * PostgreSQL 15 and later, for psql. An \if without its \endif makes psql fail if the text is truncated for any
 * reason; rows travel by COPY, from which no value can escape.
 *
 * Functions are schema-qualified: one of another schema on the search path could match their arguments better.
 */
#include <string.h>

#include "sql/dialect.h"
#include "sql/text.h"

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

/*
 * Text is compared by its characters, whatever the collation; a timestamp in a date column by its day in UTC. Class n
 * is exact numbers, f binary ones, s strings.
 */
static const struct sql_type types[VAL_KINDS] = {
	[VAL_BOOL] = { "boolean", put_bool, .class = "-" },
	[VAL_INT32] = { "integer", sql_text_put_int, .class = "n" },
	[VAL_INT64] = { "bigint", sql_text_put_int, .class = "n" },
	[VAL_DECIMAL] = { "numeric({precision},{scale})", sql_text_put_decimal, .class = "n" },
	[VAL_DATE] = { "date", put_date, .class = "-" },
	[VAL_TIMESTAMP] = { "timestamptz", put_timestamp, .class = "-",
	    .differs = "CASE WHEN pg_catalog.pg_typeof(t.%) = 'date'::pg_catalog.regtype\n"
	    "THEN t.% IS DISTINCT FROM s.%::date ELSE t.% IS DISTINCT FROM s.% END" },
	[VAL_FLOAT64] = { "double precision", put_float, .class = "f" },
	[VAL_STRING] = { "text", put_string, .class = "s",
	    .differs = "t.%::text COLLATE \"C\" IS DISTINCT FROM s.% COLLATE \"C\"",
	    .match = "{t}.% = {s}.% AND {t}.%::text COLLATE \"C\" = {s}.% COLLATE \"C\"" },
};

static const struct sql_word words[] = {
	{ "stage", "pg_temp.\"acct_stage{2}\"" },	/* a temporary table of the target's name would hide it */
	{ "gone", "pg_temp.\"acct_gone{2}\"" },
	/*
	 * Sets what affects the meaning of values, whatever the session's settings. READ COMMITTED lets a load that
	 * waited for a lock see the holder's rows.
	 */
	{ "open", "\\if true\n\\set ON_ERROR_STOP on\n\\set QUIET on\n\\set AUTOCOMMIT on\n\\set ON_ERROR_ROLLBACK "
	    "off\n"
	    "\\set SHOW_CONTEXT never\nBEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;\n"
	    "SET LOCAL client_encoding = 'UTF8';\nSET LOCAL standard_conforming_strings = on;\n"
	    "SET LOCAL client_min_messages = warning;\nSET LOCAL datestyle = 'ISO, YMD';\nSET LOCAL timezone = "
	    "'UTC';\n"
	    "SET LOCAL extra_float_digits = 1;\nDROP TABLE IF EXISTS pg_temp.acct_done;\n" },
	{ "stages", "CREATE TEMP TABLE {stage} (\n\t{all~% {type}~,\n\t}\n) ON COMMIT DROP;\n"
	    "CREATE TEMP TABLE {gone} (\n\t{key~% {type}~,\n\t}\n) ON COMMIT DROP;\n" },
	{ "versions", "pg_temp.\"acct_versions{2}\"" }, { "yes", "true" }, { "no", "false" },
	{ "version_stage", "CREATE TEMP TABLE {stage} (\n\t{all~% {type}~,\n\t}\n) ON COMMIT DROP;\n" },
	{ "version_key", "ALTER TABLE {stage} ADD PRIMARY KEY ({key~%~, });\nANALYZE {stage};\n" },
	/* A primary key that is added after the rows is faster, and the error names a duplicate key. */
	{ "begin", "ALTER TABLE {stage} ADD PRIMARY KEY ({key~%~, });\nANALYZE {stage};\n"
	    "ALTER TABLE {gone} ADD PRIMARY KEY ({key~%~, });\nANALYZE {gone};\n" },
	{ "missing", "pg_catalog.to_regclass({literal~{target}}) IS NULL" },
	{ "no_marks", "pg_catalog.to_regclass({literal~{marks}}) IS NULL" },
	/*
	 * Creates schema and tables if missing. Looks them up by name first: IF NOT EXISTS would require the right to
	 * create even if there is nothing to do. Loads that find one missing take an advisory lock and look again; its
	 * number is "acctload" in ASCII.
	 */
	{ "create", "DO {literal~BEGIN\nIF {missing}{marked~ OR {no_marks}} THEN\n"
	    "PERFORM pg_catalog.pg_advisory_xact_lock(x'616363746c6f6164'::bigint);\n"
	    "{qualified~IF pg_catalog.to_regnamespace({literal~{schema}}) IS NULL THEN CREATE SCHEMA {schema}; END "
	    "IF;\n}"
	    "IF {missing} THEN CREATE TABLE {target} (\n\t{all~% {type}{required~ NOT NULL}~,\n\t},\n"
	    "\tPRIMARY KEY ({key~%~, })\n); END IF;\n"
	    "{marked~IF {no_marks} THEN CREATE TABLE {marks} (\n\tlake text NOT NULL,\n\ttable_name text NOT NULL,\n"
	    "\trun_id text NOT NULL,\n\tversion bigint NOT NULL,\n\trow_count bigint NOT NULL,\n"
	    "\tchecksum char(16) NOT NULL,\n\tloaded_at timestamptz NOT NULL,\n\tPRIMARY KEY (lake, table_name)\n); "
	    "END IF;\n}END IF;\nEND};\n" },
	{ "raise", "RAISE EXCEPTION USING MESSAGE = 'acct-merge-sql: ' || {table'} || " },
	{ "fail", "DO {literal~#variable_conflict use_column\nDECLARE acct_k text;\nBEGIN\nacct_k := ({query});\n"
	    "IF acct_k IS NOT NULL THEN\n{raise}{literal~{before}} || acct_k || {literal~{after}};\nEND "
	    "IF;\nEND};\n" },
	{ "marked_version", "coalesce('version ' || x.v, 'no version')" },
	{ "keytext", "pg_catalog.json_build_array({key~s.%~, })::text" },
	/* Concurrent loads take turns; readers are not blocked. */
	{ "columns", "LOCK TABLE {target} IN SHARE ROW EXCLUSIVE MODE;\n"
	    "DO {literal~#variable_conflict use_column\n"
	    "DECLARE acct_c record; acct_k text; acct_m bigint; acct_n numeric; acct_r oid; acct_t oid; acct_y "
	    "text;\nBEGIN\n"
	    "acct_r := pg_catalog.to_regclass({literal~{target}});\n"
	    "FOR acct_c IN SELECT w.*, a.attnum, a.atttypid, a.atttypmod::bigint AS modifier\nFROM (VALUES "
	    "{all~({name'}, {is_key~true~false}, '{class}', {scale}, {literal~% {type}},"
	    " {widest}, {widest_at}, {low}::numeric, {low_at}, {high}::numeric, {high_at})~,\n})\n"
	    "AS w (name, key, class, scale, definition, widest, widest_at, low, low_at, high, high_at)\n"
	    "LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = acct_r AND a.attname = w.name AND a.attnum > 0"
	    " AND NOT a.attisdropped LOOP\n"
	    "{add_column}{find_type}{check_type}{check_width}{check_range}END LOOP;\n{check_needs}END};\n"
	    /* both sides have an index on the key; a hash table of millions of rows would spill to disk */
	    "SET LOCAL enable_hashjoin = off;\n" },
	/* Without the right to add a column, fails and prints the statement. */
	{ "add_column", "IF acct_c.attnum IS NULL THEN\n"
	    "acct_k := 'ALTER TABLE ' || {literal~{target}} || ' ADD COLUMN ' || acct_c.definition;\nIF acct_c.key "
	    "THEN\n"
	    "{raise}' has no column ' || acct_c.name || ', which is of the key';\nEND IF;\nBEGIN\nEXECUTE acct_k;\n"
	    "EXCEPTION WHEN insufficient_privilege THEN\n"
	    "{raise}' has no column ' || acct_c.name || '; what adds it: ' || acct_k || ';';\nEND;\nCONTINUE;\nEND "
	    "IF;\n" },
	/* Looks through domains. */
	{ "find_type", "acct_t := acct_c.atttypid; acct_m := acct_c.modifier;\n"
	    "WHILE (SELECT y.typtype FROM pg_catalog.pg_type AS y WHERE y.oid = acct_t) = 'd' LOOP\n"
	    "SELECT y.typbasetype, y.typtypmod FROM pg_catalog.pg_type AS y WHERE y.oid = acct_t INTO acct_t, "
	    "acct_m;\n"
	    "END LOOP;\nacct_y := pg_catalog.format_type(acct_t, NULL);\n"
	    "acct_k := acct_c.name || ' is ' || pg_catalog.format_type(acct_c.atttypid, "
	    "acct_c.modifier::integer);\n" },
	/* Binary floats for decimals and integers, a lower scale, single precision could change a value silently. */
	{ "check_type", "IF (acct_c.class = 'n' AND acct_y IN ('real', 'double precision'))\n"
	    "OR (acct_c.class = 'n' AND acct_y = 'numeric' AND acct_m >= 0 AND {numeric_scale} < acct_c.scale)\n"
	    "OR (acct_c.class = 'n' AND acct_c.scale > 0 AND acct_y IN ('smallint', 'integer', 'bigint'))\n"
	    "OR (acct_c.class = 'f' AND acct_y = 'real') THEN\n"
	    "{raise}': column ' || acct_k || ', which does not hold every value of ' || acct_c.definition;\nEND "
	    "IF;\n" },
	/* A numeric's modifier has its scale in the low 11 bits, in two's complement, and above them its precision. */
	{ "numeric_scale", "((((acct_m - 4) & 2047) # 1024) - 1024)" },
	{ "check_width", "IF acct_c.class = 's' AND acct_y IN ('character varying', 'character') AND acct_m >= 4"
	    " AND acct_c.widest > acct_m - 4 THEN\n"
	    "{raise}': column ' || acct_k || ', too short for the ' || acct_c.widest || ' characters of record '"
	    " || acct_c.widest_at;\nEND IF;\n" },
	{ "check_range", "acct_n := CASE acct_y WHEN 'smallint' THEN 32767 WHEN 'integer' THEN 2147483647"
	    " WHEN 'bigint' THEN 9223372036854775807\nWHEN 'numeric' THEN CASE WHEN acct_m >= 4 THEN"
	    " pg_catalog.power(10::numeric, ((acct_m - 4) >> 16) - {numeric_scale})"
	    " - pg_catalog.power(10::numeric, -{numeric_scale}) END END;\n"
	    "IF acct_c.class = 'n' AND (acct_c.high > acct_n"
	    " OR acct_c.low < -acct_n - CASE WHEN acct_y = 'numeric' THEN 0 ELSE 1 END) THEN\n"
	    "{raise}': column ' || acct_k || ', too small for ' || CASE WHEN acct_c.high > acct_n"
	    " THEN acct_c.high || ' of record ' || acct_c.high_at"
	    " ELSE acct_c.low || ' of record ' || acct_c.low_at END;\nEND IF;\n" },
	{ "check_needs", "SELECT a.attname FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = acct_r AND a.attnum "
	    "> 0\n"
	    "AND NOT a.attisdropped AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''\n"
	    "AND a.attname NOT IN ({all~{name'}~, }) LIMIT 1 INTO acct_k;\nIF FOUND THEN\n"
	    "{raise}': column ' || acct_k || ' takes no null, has no default and is not in the stream';\nEND IF;\n" },
	/* Fires deferred constraints before the rows are compared, not at the commit. */
	{ "settle", "SET CONSTRAINTS ALL IMMEDIATE;\n" },
	/* One pass over both tables; the key is looked for only if one differs. The target may hold a key twice. */
	{ "differing", "SELECT CASE WHEN (SELECT count(*) <> {held_rows}"
	    " OR count(*) FILTER (WHERE {all~{differs}~ OR }) <> 0\n"
	    "FROM {pairs})\nTHEN (SELECT {first} FROM {pairs}\nGROUP BY {key~s.%~, }"
	    " HAVING count(*) <> 1 OR bool_or({all~{differs}~ OR }){order}) END" },
	/* Needs no right to delete. */
	{ "mark", "INSERT INTO {marks} (lake, table_name, run_id, version, row_count, checksum, loaded_at)\n"
	    "VALUES ({lake}, {table'}, {run}, {at}, {rows}, {sum}, pg_catalog.clock_timestamp())\n"
	    "ON CONFLICT (lake, table_name) DO UPDATE SET run_id = excluded.run_id, version = excluded.version,\n"
	    "row_count = excluded.row_count, checksum = excluded.checksum, loaded_at = excluded.loaded_at;\n" },
	/* SELECT * FROM acct_done fails unless the whole text ran: psql stops at an \if without its \endif. */
	{ "done", "CREATE TEMP TABLE acct_done AS SELECT {table'}::text AS table_name, {rows}::bigint AS row_count;\n"
	    "COMMIT;\n\\endif\n" },
	{ "commit", "{done}" },
	{ "try", "{open}{stages}" },
	{ "rollback", "ROLLBACK;\nBEGIN READ WRITE;\n{done}" },
	{ "refuse", "\\set ON_ERROR_STOP on\n"
	    "DO 'BEGIN RAISE ''acct-merge-sql: the input was refused, nothing is merged''; END';\n" },
	{ 0 }
};

const struct sql_dialect sql_postgres = {
	.name = "postgres", .client = "for psql", .name_max = 63, .name_length = strlen, .name_unit = "bytes",
	.name_fault = name_fault, .max_columns = 1600, .dry_run = true, .bounded = true,
	.open = '"', .close = '"', .quote = "'",
	.rows = { .head = "COPY {into} ({staged~%~, }) FROM "
	    "STDIN;\n", .open = SQL_SHORT(""), .between = SQL_SHORT("\t"), .null = SQL_SHORT("\\N"),
	    .close = SQL_SHORT("\n"), .next = SQL_SHORT(""), .tail = "\\.\n" },
	.types = types, .words = words,
	.other = { "{standard}", sql_text_put_text, .class = "-", .differs = "t.% IS DISTINCT FROM s.%",
	    .match = "{t}.% = {s}.%" },
};
