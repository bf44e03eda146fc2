#include "delta/uri.h"

#include <string.h>
#include <strings.h>

#include "base/utf8.h"

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' &&
	    c <= 'f' ? c - 'a' + 10 : -1;
}

/* Length of "scheme:" at the start, 0 where there is none. */
static size_t
scheme_length(const char *uri)
{
	size_t n = strspn(uri, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	/* One letter is a drive, not a scheme; and a scheme ends before the first slash by what strspn takes. */
	return n > 1 && uri[n] == ':' ? n + 1 : 0;
}

bool
delta_uri_name(const char *uri, const char *root, struct buf *name)
{
	size_t scheme = scheme_length(uri), nroot = strlen(root);
	int high, low;

	name->len = 0;
	if (scheme > 0 && uri[scheme] == '/') {
		if (scheme != 5 || strncasecmp(uri, "file:", 5) != 0)
			return false;
		uri += scheme;
		if (uri[1] == '/')		/* an authority, which for a file is empty */
			uri += 2;
		if (*uri != '/')
			return false;
	}
	for (; *uri != '\0'; uri++) {
		if (*uri != '%') {
			buf_addc(name, (uint8_t)*uri);
			continue;
		}
		if ((high = hex(uri[1])) < 0 || (low = hex(uri[2])) < 0 || high + low == 0)
			return false;
		buf_addc(name, (uint8_t)(high << 4 | low));
		uri += 2;
	}
	if (name->len == 0)
		return false;
	buf_cstr(name);
	if (*root == '/' && name->len > nroot + 1 && memcmp(name->p, root, nroot) == 0 && name->p[nroot] == '/') {
		name->len -= nroot + 1;
		memmove(name->p, name->p + nroot + 1, name->len + 1);
	}
	return true;
}

/*
 * Bytes of a character beyond ASCII that Java's URIs leave as it is: all but controls and blanks; else 0. Spark's VACUUM
 * compares paths as they are written and takes a file for garbage whose path is written otherwise.
 */
static size_t
other_length(const char *p)
{
	size_t n = utf8_len(p, strnlen(p, 4));
	const unsigned char *u = (const unsigned char *)p;
	uint32_t c;

	if (n < 2)
		return 0;
	c = n == 2 ? (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu) :
	    n == 3 ? (u[0] & 0xfu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu) : 0x10000;
	if (c <= 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
	    c == 0x205f || c == 0x3000)
		return 0;
	return n;
}

void
delta_uri_put(struct buf *out, const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/=+@:!$&'()*,;";
	size_t n;

	for (; *name != '\0'; name++) {
		if (strchr(plain, *name) != NULL) {
			buf_addc(out, (uint8_t)*name);
		} else if ((n = other_length(name)) > 0) {
			buf_add(out, name, n);
			name += n - 1;
		} else {
			buf_addf(out, "%%%02X", (unsigned char)*name);
		}
	}
}

void
delta_hive_put(struct buf *out, const char *value)
{
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;

		if (c < 0x20 || c == 0x7f || strchr("\"#%'*/:=?\\{[]^", c) != NULL)
			buf_addf(out, "%%%02X", c);
		else
			buf_addc(out, c);
	}
}
