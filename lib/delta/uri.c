#include "delta/uri.h"

#include <string.h>
#include <strings.h>

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

void
delta_uri_put(struct buf *out, const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/=+@:!$&'()*,;";

	for (; *name != '\0'; name++) {
		if (strchr(plain, *name) != NULL)
			buf_addc(out, (uint8_t)*name);
		else
			buf_addf(out, "%%%02X", (unsigned char)*name);
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
