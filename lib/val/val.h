/*
 * Typed values and their encoding in a record: bytes whose order under memcmp is the order of the values, none of them
 * a line feed, a tab or a NUL. acct-record(5), VALUES.
 */
#ifndef VAL_VAL_H
#define VAL_VAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/num.h"

enum val_kind { VAL_BOOL, VAL_INT32, VAL_INT64, VAL_DECIMAL, VAL_DATE, VAL_TIMESTAMP, VAL_FLOAT64, VAL_STRING };
enum { VAL_KINDS = VAL_STRING + 1 };

struct val_type {
	enum val_kind kind;
	uint8_t precision, scale;	/* for decimals, else 0 */
};

enum {
	VAL_NULL = 0x19,	/* the one-byte field of a null */
	VAL_EMPTY = 0x1a,	/* the one-byte field of an empty string */
	VAL_ESC = 0x1b,		/* precedes 0x40 + b, for a byte b below 0x20 of a string */
	VAL_INT_MAX = 11,	/* most bytes of an encoded 64-bit integer or float64 */
	VAL_WIDE_MAX = 20,	/* most bytes of an encoded decimal */
	VAL_PAD = 32		/* bytes that may be read after every view from the record reader, whatever they hold */
};

enum val_form {		/* how values are encoded */
	VAL_AS_BIT,	/* val_put_bool */
	VAL_AS_INT,	/* val_put_int or val_put_wide, within the type's range */
	VAL_AS_FLOAT,	/* val_put_float */
	VAL_AS_TEXT	/* val_put_string */
};

/*
 * What a type is, a row a kind (type.c): to add a type, add its kind and its row. Code that serves all types asks the
 * row; it names a kind only where that kind alone is meant, as a decimal's digits are.
 */
struct buf;
struct val_ops {
	const char *name;		/* in a header or a schema, without the digits of a decimal */
	const char *sql;		/* in standard SQL, for dialects that have no row of their own for it */
	enum val_form form;
	bool exact;			/* numbers that add up exactly */
	bool quoted;			/* a string in JSON; its text needs no escape unless the form is VAL_AS_TEXT */
	int64_t low, high;		/* VAL_AS_INT: the range; a decimal's comes from its precision */
	/* val_text and val_parse, see there */
	void (*text)(struct val_type t, const uint8_t *p, size_t n, struct buf *out);
	bool (*parse)(struct val_type t, const char *s, size_t n, struct buf *out);
};

extern const struct val_ops val_types[VAL_KINDS];

static inline const struct val_ops *
val_of(struct val_type t)
{
	return &val_types[t.kind];
}

/* Do values add up exactly? Integers and decimals do. */
static inline bool
val_is_exact(struct val_type t)
{
	return val_of(t)->exact;
}

/* Parses "int64", "decimal(18,2)", ... exactly: no blanks, no other spelling. */
bool val_type_parse(const char *s, size_t n, struct val_type *t);
size_t val_type_put(char *out, struct val_type t);	/* NUM_TEXT bytes are enough; returns the length */
static inline bool
val_type_equal(struct val_type a, struct val_type b)
{
	return a.kind == b.kind && a.precision == b.precision && a.scale == b.scale;
}

/* Are values of both types the same bytes in a record where they are equal? */
static inline bool
val_type_comparable(struct val_type a, struct val_type b)
{
	bool integers = (a.kind == VAL_INT32 || a.kind == VAL_INT64) && (b.kind == VAL_INT32 || b.kind == VAL_INT64);

	return integers || (a.kind == b.kind && a.scale == b.scale);
}

/* Is the value held in 64 bits? (A decimal of up to 18 digits is.) */
static inline bool
val_is_narrow(struct val_type t)
{
	return val_of(t)->form == VAL_AS_INT && t.precision <= 18;
}

/* Is it held in 32 bits, as a bit or as an integer whose range fits? */
static inline bool
val_is_small(struct val_type t)
{
	const struct val_ops *o = val_of(t);

	return o->form == VAL_AS_BIT ||
	    (o->form == VAL_AS_INT && t.kind != VAL_DECIMAL && o->low >= INT32_MIN && o->high <= INT32_MAX);
}

static inline bool
val_is_null(const uint8_t *p, size_t n)
{
	return n == 1 && *p == VAL_NULL;
}

/*
 * Integers, decimals, dates, timestamps. put returns the number of bytes written. get returns true if the n bytes are
 * the canonical encoding of a number that fits; it reads no byte beyond them.
 */
size_t val_put_int(uint8_t *out, int64_t v);
size_t val_put_wide(uint8_t *out, i128 v);
bool val_get_int(const uint8_t *p, size_t n, int64_t *v);
bool val_get_wide(const uint8_t *p, size_t n, i128 *v);

/*
 * Faster forms: `out` has 16 bytes of room, and VAL_PAD bytes may be read after p. val_int decodes a field known to be
 * canonical (as in a checked record) and not null; the bytes themselves give the length.
 */
size_t val_put_int_fast(uint8_t *out, int64_t v);
int64_t val_int(const uint8_t *p);
i128 val_wide(const uint8_t *p);

/* Decodes n fields with val_int, at base + off[0], base + off[stride], ... */
void val_ints(const uint8_t *base, const uint32_t *off, size_t stride, size_t n, int64_t *out);

/*
 * Encodes n numbers, each at the start of a word in memory, with its length. Returns false if one needs more than seven
 * groups, that is, more than 49 bits; the words are then unspecified.
 */
bool val_put_words(const int64_t *v, size_t n, uint64_t *words, uint8_t *lengths);

/* bool: '0' or '1', one byte. */
static inline size_t
val_put_bool(uint8_t *out, bool v)
{
	*out = v ? '1' : '0';
	return 1;
}

/* float64: every NaN becomes the one without payload and with a clear sign; -0 is kept. */
size_t val_put_float(uint8_t *out, double v);
bool val_get_float(const uint8_t *p, size_t n, double *v);

/*
 * Strings. put needs room for 2 * n + 1 bytes; get for n bytes, and returns the length. val_get_string takes a checked
 * field that is not null.
 */
size_t val_put_string(uint8_t *out, const void *s, size_t n);
size_t val_get_string(void *out, const uint8_t *p, size_t n);
bool val_string_plain(const uint8_t *p, size_t n);	/* no ESC, not the empty string: the bytes are the text */

/*
 * Is this field, null or not, canonical for its type? Checks form, range, the digits of a decimal; not whether a date
 * lies in years 1 to 9999. Strings must be valid UTF-8 unless raw. VAL_PAD bytes may be read after it.
 */
bool val_check(struct val_type t, const uint8_t *p, size_t n, bool raw);

/* Appends the text of a checked field that is not null to `out` (lib/base/mem.h). Booleans are "true" and "false". */
static inline void
val_text(struct val_type t, const uint8_t *p, size_t n, struct buf *out)
{
	val_of(t)->text(t, p, n, out);
}

/*
 * Parses text as a value of the type and appends its encoding to `out`. Returns false for invalid text, by the rules of
 * num.h; booleans are true, false, 1, 0 in any case; strings must be valid UTF-8. The text is not trimmed.
 */
static inline bool
val_parse(struct val_type t, const char *s, size_t n, struct buf *out)
{
	return val_of(t)->parse(t, s, n, out);
}

#endif
