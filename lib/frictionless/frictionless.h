/*
 * Schemas as Frictionless has them: a Table Schema, alone or in a Data Resource with its Table Dialect, or in a Data
 * Package. Each way has a list of what has no counterpart, a line each: "field 'born': rdfType".
 */
#ifndef FRICTIONLESS_FRICTIONLESS_H
#define FRICTIONLESS_FRICTIONLESS_H

#include "base/mem.h"
#include "base/msg.h"
#include "schema/schema.h"

/*
 * Reads a file and appends a schema in YAML. resource is the name of one in a package, or NULL. -1 fills err:
 * EX_DATAERR for a file that is not one of these, EX_USAGE for a resource that is not in it.
 */
int frictionless_read(const char *path, const char *resource, struct buf *yaml, struct buf *left, struct msg *err);

/* Appends a schema as a resource in JSON. */
void frictionless_write(const struct schema *s, struct buf *json, struct buf *left);

#endif
