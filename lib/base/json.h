/* JSON text (RFC 8259), for reports. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/mem.h"

/* Appends n bytes as a JSON string with its quotes; each byte of invalid UTF-8 becomes U+FFFD. */
void json_put(struct buf *out, const void *text, size_t n);

#endif
