/* Text as JSON strings: against a writer that goes byte by byte. */
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
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
	static const char *const rare[] = { "\n", "\t", "\"", "\\", "\x7f", "\x01", "\xc3\xa9", "\xe2\x82\xac", "\xff", "\xc3" };
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
		CHECK(got.len == want.len && memcmp(got.p, want.p, got.len) == 0, "%s\n%s", buf_cstr(&got), buf_cstr(&want));
	}
	buf_free(&got);
	buf_free(&want);
	OK("text", "JSON strings");
}

int
main(void)
{
	unit_start();
	json_strings();
	return 0;
}
