/*
 * Thrift's compact protocol, as far as Parquet's footers, page headers and indexes need it.
 *
 * Reading does not fail at once: an error sets `bad` and empties the input, so that a caller checks once at the end.
 * Lengths and counts are checked against the bytes left before use.
 */
#ifndef PARQUET_THRIFT_H
#define PARQUET_THRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "parquet/parquet.h"

enum thrift_type {
	THRIFT_STOP, THRIFT_TRUE, THRIFT_FALSE, THRIFT_I8, THRIFT_I16, THRIFT_I32, THRIFT_I64, THRIFT_DOUBLE,
	    THRIFT_BINARY, THRIFT_LIST,
	THRIFT_SET, THRIFT_MAP, THRIFT_STRUCT, THRIFT_UUID
};

struct thrift_in {
	const uint8_t *p, *end;
	bool bad;		/* malformed, or a type other than expected */
	bool torn;		/* bad because the input ended: more bytes may help */
};

struct thrift_field {		/* zero before a struct's first field */
	int id;
	uint8_t type;
};

/* Moves to the next field of a struct. Returns false at its end and on error. */
bool thrift_next(struct thrift_in *in, struct thrift_field *f);

/* Reads the value of the current field. An unexpected type is an error. thrift_int accepts all widths. */
int64_t thrift_int(struct thrift_in *in, uint8_t type);
int32_t thrift_int32(struct thrift_in *in, uint8_t type);
bool thrift_bool(struct thrift_in *in, uint8_t type);
struct pq_bytes thrift_bytes(struct thrift_in *in, uint8_t type);	/* a view of the input */

/* Enters a list: returns the number of elements, at most the bytes left, and their type. */
size_t thrift_list(struct thrift_in *in, uint8_t type, uint8_t *elem);

/* Returns true if the value is a struct that can be entered. */
bool thrift_struct(struct thrift_in *in, uint8_t type);

void thrift_skip(struct thrift_in *in, uint8_t type);

/* Writing: fields of a struct in ascending order of id. */
enum { THRIFT_DEPTH = 8 };
struct thrift_out {
	struct buf *b;
	int last[THRIFT_DEPTH];	/* last field id of each open struct */
	unsigned depth;
};
void thrift_start(struct thrift_out *o, struct buf *b);		/* begins the outermost struct; thrift_end ends it */
void thrift_put_bool(struct thrift_out *o, int id, bool v);
void thrift_put_i8(struct thrift_out *o, int id, int8_t v);
void thrift_put_i16(struct thrift_out *o, int id, int16_t v);
void thrift_put_i32(struct thrift_out *o, int id, int32_t v);
void thrift_put_i64(struct thrift_out *o, int id, int64_t v);
void thrift_put_bytes(struct thrift_out *o, int id, const void *p, size_t n);
void thrift_put_string(struct thrift_out *o, int id, const char *s);
void thrift_put_struct(struct thrift_out *o, int id);		/* begins a struct as a field */
void thrift_put_list(struct thrift_out *o, int id, uint8_t elem, size_t n);
void thrift_elem_struct(struct thrift_out *o);			/* begins a struct as an element of a list */
void thrift_elem_int(struct thrift_out *o, int64_t v);		/* i16, i32, i64 */
void thrift_elem_bytes(struct thrift_out *o, const void *p, size_t n);
void thrift_elem_put_bool(struct thrift_out *o, bool v);
void thrift_end(struct thrift_out *o);				/* ends the innermost struct */

#endif
