/* Properties of the pieces of SQL text: what is quoted can be read back, UTF-16 is iconv's, dates are num.h's. */
#include <iconv.h>
#include <stdbool.h>
#include <string.h>

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

int
main(void)
{
	unit_start();
	check_quote();
	check_utf16();
	check_timestamp();
	check_names();
	return 0;
}
