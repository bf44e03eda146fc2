#include "delta/log/uri.h"

#include <string.h>
#include <strings.h>

#include "base/utf8.h"

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' &&
	    c <= 'f' ? c - 'a' + 10 : -1;
}

/* Returns the length of "scheme:" at the start, or 0. */
static size_t
scheme_length(const char *uri)
{
	size_t n = strspn(uri, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

	/* A single letter is a drive, not a scheme; strspn stops at the first slash, before which a scheme must end. */
	return n > 1 && uri[n] == ':' ? n + 1 : 0;
}

/* Returns the path after "file:" or "file://", or a relative path as it is; NULL for another scheme or a host. */
static const char *
path_of(const char *uri)
{
	size_t scheme = scheme_length(uri);

	if (scheme == 0 || uri[scheme] != '/')
		return uri;
	if (scheme != 5 || strncasecmp(uri, "file:", 5) != 0)
		return NULL;
	uri += scheme;
	if (uri[1] == '/')		/* an authority, which must be empty for a file */
		uri += 2;
	return *uri == '/' ? uri : NULL;
}

static bool
decode(const char *path, struct buf *name)
{
	int high, low;

	for (name->len = 0; *path != '\0'; path++) {
		if (*path != '%') {
			buf_addc(name, (uint8_t)*path);
			continue;
		}
		if ((high = hex(path[1])) < 0 || (low = hex(path[2])) < 0 || high + low == 0)
			return false;
		buf_addc(name, (uint8_t)(high << 4 | low));
		path += 2;
	}
	buf_cstr(name);
	return true;
}

/* Removes empty segments and "."; returns false for "..", which may leave the folder. */
static bool
tidy(struct buf *name)
{
	char *p = (char *)name->p, *out = p + (*p == '/');
	size_t n;

	for (; *p != '\0'; p += n + (p[n] == '/')) {
		n = strcspn(p, "/");
		if (n == 2 && p[0] == '.' && p[1] == '.')
			return false;
		if (n == 0 || (n == 1 && *p == '.'))
			continue;
		if (out > (char *)name->p && out[-1] != '/')
			*out++ = '/';
		memmove(out, p, n);
		out += n;
	}
	name->len = (size_t)(out - (char *)name->p);
	buf_cstr(name);
	return true;
}

bool
delta_uri_name(const char *uri, const char *root, struct buf *name)
{
	const char *path = path_of(uri);
	size_t nroot = strlen(root);

	if (path == NULL || !decode(path, name) || !tidy(name) || name->len == 0)
		return false;
	if (*root == '/' && name->len > nroot + 1 && memcmp(name->p, root, nroot) == 0 && name->p[nroot] == '/') {
		name->len -= nroot + 1;
		memmove(name->p, name->p + nroot + 1, name->len + 1);
	}
	return true;
}

/*
 * Returns the bytes of a non-ASCII character that Java's URIs keep as it is: all but controls and blanks; else 0.
 * Spark's VACUUM compares encoded paths and removes a file whose path is encoded differently.
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
