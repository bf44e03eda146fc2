/* Properties of the pieces of SQL text: what is quoted can be read back, UTF-16 is iconv's, dates are num.h's. */
#include <iconv.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sql/dialect.h"
#include "sql/sql.h"
#include "sql/text.h"
#include "unit.h"

enum { ROUNDS = 20000 };

/* Random bytes of which many are one of those in `often`. Returns the length. */
static size_t
fill(char *out, size_t max, const char *often)
{
	size_t n = unit_below(max), i, kinds = strlen(often);

	for (i = 0; i < n; i++)
		out[i] = unit_below(2) ? often[unit_below(kinds)] : (char)(1 + unit_below(255));
	return n;
}

/*
 * Reads a quoted text as a database does; the length of what it holds, or SIZE_MAX where it does not end with the
 * text.
 */
static size_t
unquote(char *out, const uint8_t *p, size_t n, char open, char close)
{
	size_t i, len = 0;

	if (n < 2 || p[0] != (uint8_t)open)
		return SIZE_MAX;
	for (i = 1; i < n; i++) {
		if (p[i] == (uint8_t)close && (++i == n || p[i] != (uint8_t)close))
			return i == n ? len : SIZE_MAX;
		out[len++] = (char)p[i];
	}
	return SIZE_MAX;
}

static void
check_quote(void)
{
	static const char pairs[][2] = { { '\'', '\'' }, { '"', '"' }, { '[', ']' } };
	char text[64], back[64];
	int round;

	for (round = 0; round < ROUNDS; round++) {
		const char *pair = pairs[unit_below(3)];
		struct buf b = { 0 };
		size_t n = fill(text, sizeof text, "'\"[]\\\n;");

		sql_text_quote(&b, pair[0], pair[1], text, n);
		CHECK(unquote(back, b.p, b.len, pair[0], pair[1]) == n && memcmp(back, text, n) == 0, "%.*s",
		    (int)b.len,
		    (const char *)b.p);
		buf_free(&b);
	}
	OK("sql", "a quoted text ends where it should and reads back");
}

static size_t
put_code_point(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static void
check_utf16(void)
{
	iconv_t cd = iconv_open("UTF-16LE", "UTF-8");
	uint32_t c;

	CHECK(cd != (iconv_t)-1, "iconv");
	for (c = 0; c <= 0x10ffff; c++) {
		char text[4], want[4], *in = text, *out = want;
		size_t n = put_code_point(text, c), left = n, room = sizeof want;
		struct buf b = { 0 };

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		CHECK(iconv(cd, &in, &left, &out, &room) != (size_t)-1, "U+%04X", c);
		sql_text_utf16(&b, (const uint8_t *)text, n);
		CHECK(b.len == (size_t)(out - want) && memcmp(b.p, want, b.len) == 0, "U+%04X", c);
		CHECK(sql_text_utf16_length((const uint8_t *)text, n) == b.len / 2, "U+%04X", c);
		buf_free(&b);
	}
	iconv_close(cd);
	OK("sql", "UTF-16 of every code point is iconv's");
}

static void
check_timestamp(void)
{
	int round;

	for (round = 0; round < ROUNDS; round++) {
		const int64_t first = INT64_C(-62135596800) * 1000000, last = INT64_C(253402300800) * 1000000;
		int64_t us = (int64_t)(unit_any() * (unit_below(2) ? 1 : -1)), back;
		uint8_t field[VAL_INT_MAX + VAL_PAD] = { 0 };
		struct rec_field f = { field, val_put_int(field, us) };
		struct buf b = { 0 };
		bool ok = sql_text_timestamp(&b, f, 'T');

		CHECK(ok == (us >= first && us < last), "%lld", (long long)us);
		CHECK(!ok || b.len == strlen("2024-01-31T10:20:30.000000"), "%lld", (long long)us);
		CHECK(!ok || (num_timestamp((char *)b.p, b.len, &back) && back == us),
		    "%lld: %.*s", (long long)us, (int)b.len, (const char *)b.p);
		CHECK(ok || b.len == 0, "%lld", (long long)us);
		buf_free(&b);
	}
	OK("sql", "timestamps read back, within the years 1 to 9999 only");
}

static void
add_part(struct buf *out, const char *part)
{
	bool quoted = *part == '"' || strchr(part, '.') != NULL || unit_below(2);

	if (quoted)
		sql_text_quote(out, '"', '"', part, strlen(part));
	else
		buf_adds(out, part);
}

static void
check_names(void)
{
	static const char *const wrong[] = { "", ".", "a.", ".a", "a.b.c", "\"", "\"\"",
		"\"a", "\"a\"\"", "\"a\"b", "a.\"b\"c", "\"a\".\"\"" };
	size_t i;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		char schema[16], table[16];
		struct sql_name n;
		struct buf b = { 0 };

		schema[fill(schema, sizeof schema, "\".'")] = '\0';
		table[fill(table, sizeof table - 1, "\".'")] = '\0';
		if (*table == '\0')
			strcpy(table, "x");
		if (*schema != '\0') {
			add_part(&b, schema);
			buf_addc(&b, '.');
		}
		add_part(&b, table);
		CHECK(sql_name_parse(buf_cstr(&b), &n), "%s", buf_cstr(&b));
		CHECK(strcmp(n.table, table) == 0 && (n.schema == NULL) == (*schema == '\0'), "%s", buf_cstr(&b));
		CHECK(n.schema == NULL || strcmp(n.schema, schema) == 0, "%s", buf_cstr(&b));
		sql_name_free(&n);
		buf_free(&b);
	}
	for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct sql_name n;

		CHECK(!sql_name_parse(wrong[i], &n), "%s", wrong[i]);
	}
	OK("sql", "names of targets are read as they were written, others refused");
}

/* ---- scripts ---- */

enum { DELETES = 1, MARKED = 2, SINCE = 4, TRIAL = 8, QUALIFIED = 16, WIDE = 32, OPTIONS = 64 };
enum { COPIED = 1, UPDATING = 2, JSON = 4, CALLER = 8, CREDITED = 16, SEVERAL = 32, MORE = 64 };	/* of T-SQL */

/* A header of a key of every type, then a column of every type if wide. */
static void
make_header(struct rec_header *h, bool wide)
{
	char name[32];
	int k;

	rec_header_init(h, "t");
	for (k = 0; k < (wide ? 2 : 1) * VAL_KINDS; k++) {
		struct val_type t = { .kind = (enum val_kind)(k % VAL_KINDS) };

		if (t.kind == VAL_DECIMAL)
			t.precision = 9;
		snprintf(name, sizeof name, "c%d", k);
		rec_header_add(h, name, t, k < VAL_KINDS, k < VAL_KINDS);
	}
}

/* No word is left in the text, every quote is closed, and a whole script ends with a line. */
static void
check_text(const char *text, const char *dialect, unsigned set)
{
	size_t i, quotes = 0;

	for (i = 0; text[i] != '\0'; i++) {
		CHECK(strchr("{}~", text[i]) == NULL, "%s, options %u: %.40s", dialect, set, text + i);
		quotes += text[i] == '\'';
	}
	CHECK(quotes % 2 == 0, "%s, options %u: %zu quotes", dialect, set, quotes);
	CHECK(i > 0 && text[i - 1] == '\n', "%s, options %u", dialect, set);
}

/* The file's text, a view until the next call. */
static const char *
read_file(const char *path)
{
	static char text[64 * 1024];
	FILE *f = fopen(path, "r");
	size_t n;

	CHECK(f != NULL, "%s", path);
	n = fread(text, 1, sizeof text - 1, f);
	CHECK(n < sizeof text - 1, "%s is too long", path);
	text[n] = '\0';
	fclose(f);
	return text;
}

static void
check_script(const struct sql_dialect *d, unsigned set, const struct sql_options *more, char *path)
{
	struct sql_name target = { (set & QUALIFIED) != 0 ? path + 5 : NULL, path + 6 };
	struct sql_options how = *more;
	struct rec_reader in = { .name = "in" };
	struct sql_load l;
	size_t keys[VAL_KINDS], i;

	for (i = 0; i < VAL_KINDS; i++)
		keys[i] = i;
	how.dry_run = (set & TRIAL) != 0;
	how.mark = (struct sql_mark){ (set & MARKED) != 0 ? "l" : NULL, "r", 1, (set & SINCE) != 0 ? 0 : -1 };
	make_header(&in.header, (set & WIDE) != 0);
	CHECK(sql_open(&l, d, path, &target, &in, keys, VAL_KINDS, &how) == 0, "%s", l.err.text);
	if ((set & DELETES) != 0)
		CHECK(sql_gone(&l, &in) == 0, "%s", in.err.text);
	CHECK(sql_finish(&l) == 0, "%s", l.err.text);
	check_text(read_file(path), sql_dialect_name(d), set);
	sql_free(&l);
	rec_header_free(&in.header);
}

/* What only T-SQL has: files, other scripts, other forms. Keys to delete are keys of the stream here, never staged. */
static void
check_warehouse(const struct sql_dialect *d, char *path)
{
	char *files[] = { path + 5, path + 6 };
	char host[] = "host.dfs.net", container[] = "container", folder[] = "path";
	struct sql_export export = { host, container, folder, files, 1, 0, NULL, NULL };
	struct sql_options how = { .kind = SQL_LOAD };
	unsigned set, more, kind;

	for (kind = SQL_LOAD; kind <= SQL_VALIDATE; kind++)
		for (more = 0; more < MORE; more++) {
			if (kind != SQL_LOAD && (d->kinds >> kind & 1) == 0)
				continue;
			how.kind = (enum sql_kind)kind;
			export.nfiles = (more & SEVERAL) != 0 ? 2 : 1;
			how.export = (more & COPIED) != 0 || kind == SQL_EXTERNAL || kind == SQL_VIEW ? &export : NULL;
			how.upsert = (more & UPDATING) != 0 ? SQL_UPSERT_UPDATE : SQL_UPSERT_MERGE;
			how.form = (more & JSON) != 0 ? SQL_JSON : SQL_TEXT;
			how.as_caller = (more & CALLER) != 0;
			how.credential = (more & CREDITED) != 0 ? "c" : NULL;
			set = unit_below(OPTIONS) & ~(unsigned)TRIAL;
			check_script(d, kind == SQL_LOAD ? set : set & ~(unsigned)DELETES, &how, path);
		}
}

/* A history has templates of its own; deleted rows end at a number. */
static void
check_history(const struct sql_dialect *d, unsigned set, enum sql_absent absent, char *path)
{
	struct buf at = { 0 };
	struct sql_options how = { .history = VAL_KINDS + VAL_INT64 + 1, .absent = absent, .deleted_at = &at };

	CHECK(val_parse((struct val_type){ VAL_INT64, 0, 0 }, "17", 2, &at), "17");
	if (d->family != NULL)
		how.upsert = (set & SINCE) != 0 ? SQL_UPSERT_UPDATE : SQL_UPSERT_MERGE;
	check_script(d, set, &how, path);
	CHECK(strstr(read_file(path), "17") != NULL || absent != SQL_ABSENT_DELETE, "%s", sql_dialect_name(d));
	buf_free(&at);
}

/* Every template of every dialect is expanded, whatever the options. */
static void
check_scripts(void)
{
	char path[] = "/tmp/acct-sql.XXXXXX";
	int fd = mkstemp(path);
	size_t d;
	unsigned set, absent;

	CHECK(fd >= 0, "mkstemp");
	close(fd);
	for (d = 0; sql_dialects[d] != NULL; d++)
		for (set = 0; set < OPTIONS; set++)
			for (absent = SQL_ABSENT_KEEP; absent <= SQL_ABSENT_REFUSE; absent++)
				if ((set & TRIAL) == 0 || sql_dialects[d]->dry_run)
					check_script(sql_dialects[d], set,
					    &(struct sql_options){ .absent = (enum sql_absent)absent }, path);
	for (d = 0; sql_dialects[d] != NULL; d++)
		for (set = WIDE; set < OPTIONS; set++)
			for (absent = SQL_ABSENT_KEEP; absent <= SQL_ABSENT_REFUSE; absent++)
				if ((set & WIDE) != 0 && (set & TRIAL) == 0)
					check_history(sql_dialects[d], set, (enum sql_absent)absent, path);
	for (d = 0; sql_dialects[d] != NULL; d++)
		if (sql_dialects[d]->family != NULL)
			check_warehouse(sql_dialects[d], path);
	unlink(path);
	OK("sql", "scripts of every dialect are whole, whatever the options");
}

int
main(void)
{
	unit_start();
	check_quote();
	check_utf16();
	check_timestamp();
	check_names();
	check_scripts();
	return 0;
}
