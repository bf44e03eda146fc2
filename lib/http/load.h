/*
 * Libraries loaded at the first use, not at the start of every program: libcurl alone brings about forty others. A
 * folder lists the functions it needs in a macro, from which HTTP_MEMBER makes their table.
 */
#ifndef HTTP_LOAD_H
#define HTTP_LOAD_H

#include <stddef.h>

#include "base/msg.h"

struct http_symbol {
	const char *name;
	size_t offset;		/* of its pointer in the table */
};

#define HTTP_MEMBER(function) __typeof__(&function) function;

/* Loads the library and fills the table of n functions. EX_UNAVAILABLE if the library or one of them is missing. */
int http_load(const char *library, const char *package, const struct http_symbol *symbols, size_t n, void *table,
    struct msg *err);

#endif
