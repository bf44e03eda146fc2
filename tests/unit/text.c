/* Text as JSON strings, against a writer that goes byte by byte; and made visible. */
#include <string.h>

#include "base/json.h"
#include "base/msg.h"
#include "base/utf8.h"
#include "text/width.h"
#include "unit.h"

/* RFC 8259, 7: what must be escaped is, in its short form where it has one; a byte that is not UTF-8 is U+FFFD. */
static void
slow_json(struct buf *out, const uint8_t *p, size_t n)
{
	static const char letters[] = "\b\f\n\r\t\"\\", names[] = "bfnrt\"\\";
	const char *at;
	size_t i, len;

	buf_addc(out, '"');
	for (i = 0; i < n; i += len) {
		len = utf8_len(p + i, n - i);
		at = p[i] != 0 ? strchr(letters, p[i]) : NULL;
		if (len == 0)
			buf_adds(out, "\xef\xbf\xbd");
		else if (at != NULL)
			buf_addf(out, "\\%c", names[at - letters]);
		else if (p[i] < 0x20 || p[i] == 0x7f)
			buf_addf(out, "\\u%04x", p[i]);
		else
			buf_add(out, p + i, len);
		len += len == 0;
	}
	buf_addc(out, '"');
}

static size_t
random_text(uint8_t *p, size_t max)
{
	static const char *const rare[] = { "\n", "\t", "\"", "\\", "\x7f", "\x01", "\xc3\xa9", "\xe2\x82\xac", "\xff",
	    "\xc3" };
	size_t n = 0, want = unit_below(max - 4), each = 1 + unit_below(60), k;

	while (n < want)
		if (unit_below(each) > 0) {
			p[n++] = (uint8_t)(0x20 + unit_below(0x5f));
		} else {
			k = unit_below(unit_below(2) ? 8 : 10);
			n += (size_t)sprintf((char *)p + n, "%s", rare[k]);
		}
	if (n > 0 && unit_below(9) == 0)
		p[unit_below(n)] = 0;
	return n;
}

static void
json_strings(void)
{
	uint8_t text[300], *page = unit_edge(), *p;
	struct buf got = { 0 }, want = { 0 };
	size_t round, n;

	for (round = 0; round < 100000; round++) {
		n = random_text(text, sizeof(text));
		p = page + UNIT_PAGE - n;
		memcpy(p, text, n);
		got.len = want.len = 0;
		json_put(&got, p, n);
		slow_json(&want, p, n);
		CHECK(got.len == want.len && memcmp(got.p, want.p, got.len) == 0, "%s\n%s", buf_cstr(&got),
		    buf_cstr(&want));
	}
	buf_free(&got);
	buf_free(&want);
	OK("text", "JSON strings");
}

/* ---- what would hide ---- */

static void
shows(const char *text, size_t n, const char *want)
{
	struct buf got = { 0 };
	size_t width = text_show(&got, text, n);

	CHECK(strcmp(buf_cstr(&got), want) == 0, "'%s', not '%s'", buf_cstr(&got), want);
	CHECK(width <= got.len, "%zu columns", width);
	buf_free(&got);
}

#define SHOWS(text, want) shows(text, sizeof(text) - 1, want)

static void
visible(void)
{
	SHOWS("a\xef\xbb\xbf" "b", "a\\u{FEFF}b");
	SHOWS("\xc2\x9b" "31m", "\\u{009B}31m");
	SHOWS("\xe2\x80\xae" "txt.exe", "\\u{202E}txt.exe");
	SHOWS("\xe2\x80\xa8\xe2\x80\x8b\xc2\xad\xf3\xa0\x81\x81", "\\u{2028}\\u{200B}\\u{00AD}\\u{E0041}");
	SHOWS("\xef\xbf\xbf\xf4\x8f\xbf\xbf", "\\u{FFFF}\\u{10FFFF}");
	SHOWS("\n\r\t\x1b\0\x7f\xff\xc3", "\\n\\r\\t\\x1B\\x00\\x7F\\xFF\\xC3");
	SHOWS("\xc3\xa9 \xe2\x82\xac \xe4\xb8\xad \xf0\x9f\x98\x80",
	    "\xc3\xa9 \xe2\x82\xac \xe4\xb8\xad \xf0\x9f\x98\x80");
	CHECK(strcmp(msg_quotes("it's \xe2\x80\xae\\"), "'it\\'s \\u{202E}\\\\'") == 0, "%s",
	    msg_quotes("it's \xe2\x80\xae\\"));
	OK("text", "what would hide is shown");
}

/* However many of them, no buffer is too small: of a message, and of a quotation. */
static void
much_to_show(void)
{
	static const char *const pieces[] = { "\x01", "\xff", "\xc2\x9b", "\xef\xbb\xbf", "\xf3\xa0\x81\x81", "a", "'",
	    "\xc3" };
	char text[400];
	size_t round, n, i;

	for (round = 0; round < 20000; round++) {
		for (n = 0; n < 300;)
			n += (size_t)sprintf(text + n, "%s", pieces[unit_below(unit_below(2) ? 8 : 5)]);
		n = unit_below(n);
		CHECK(strlen(msg_quote(text, n)) < 260, "%zu", strlen(msg_quote(text, n)));
		for (i = 0; i < strlen(msg_quote(text, n)); i++)
			CHECK((uint8_t)msg_quote(text, n)[i] >= 0x20, "byte %zu", i);
	}
	OK("text", "quotations fit");
}

int
main(void)
{
	unit_start();
	json_strings();
	visible();
	much_to_show();
	return 0;
}
