/* Paths of a log: URIs (RFC 3986), relative to the table's root or absolute. */
#ifndef DELTA_URI_H
#define DELTA_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

/*
 * Sets `name` to that of the object a URI means, as lib/store takes it: percent-decoded once, without empty parts and
 * ".", without "file:" or "file://" before an absolute path, and relative where that path begins with `root`. Two URIs
 * mean the same object where their names are equal. Returns false for an empty URI, a broken percent sequence, a NUL, a
 * part that is "..", or another scheme.
 */
bool delta_uri_name(const char *uri, const char *root, struct buf *name);

/*
 * A relative name as a URI: what RFC 3986 reserves or forbids in a path is percent-encoded, '/' '=' '+' '@' ':' stay, and
 * so do letters beyond ASCII, as in the URIs of Java. Appended.
 */
void delta_uri_put(struct buf *out, const char *name);

/* A partition value as a folder's name: Hive's escapes for what a file system or a URI would misread. Appended. */
void delta_hive_put(struct buf *out, const char *value);

#endif
