/* Paths in a log: URIs (RFC 3986), absolute or relative to the table's root. */
#ifndef DELTA_URI_H
#define DELTA_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

/*
 * Sets `name` to the object name of a URI, as lib/store takes it: percent-decoded once, without empty segments and
 * ".", without "file:" or "file://" before an absolute path, and relative if that path begins with `root`. URIs of
 * the same object yield equal names. Returns false for an empty URI, an invalid percent escape, a NUL, a ".."
 * segment or another scheme.
 */
bool delta_uri_name(const char *uri, const char *root, struct buf *name);

/*
 * Appends a relative name as a URI: percent-encodes what RFC 3986 reserves or forbids in a path, except '/' '=' '+'
 * '@' ':' and letters beyond ASCII, like Java's URIs.
 */
void delta_uri_put(struct buf *out, const char *name);

/* Appends a partition value as a folder name, with Hive's escapes for characters special to file systems or URIs. */
void delta_hive_put(struct buf *out, const char *value);

#endif
