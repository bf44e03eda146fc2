/*
 * Stored values of Parquet become those of vectors: each form in which a type may be stored (LogicalTypes.md), its
 * extremes, and what does not fit.
 */
#include "unit.h"

#include <math.h>
#include <string.h>

#include "parquet/format/convert.h"
#include "parquet/format/types.h"

#define BYTES(...) (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
#define FF8 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
#define ZERO8 0, 0, 0, 0, 0, 0, 0, 0

enum { MILLIS = 1, MICROS, NANOS };

struct example {
	struct meta_element e;
	enum pq_type type;
	const uint8_t *stored;
	size_t n;
	bool fails;
	i128 whole;			/* expected value of integers */
	double real;			/* of floats */
};

#define ELEMENT(physical, conv, ...) { .type = (physical), .converted = (conv), __VA_ARGS__ }
#define TIME_OF(physical, kind, what) ELEMENT(physical, META_CONV_NONE, .logical = (kind), .utc = true, .unit = (what))
#define DECIMAL_OF(physical, digits, length)	\
	ELEMENT(physical, META_CONV_DECIMAL, .precision = (digits), .scale = 1, .type_length = (length))
#define INTEGER_OF(physical, width, sign)	\
	ELEMENT(physical, META_CONV_NONE, .logical = META_LOGICAL_INTEGER, .bits = (width), .is_signed = (sign))

static const struct example examples[] = {
	{ ELEMENT(META_INT32, META_CONV_NONE), PQ_INT32, BYTES(0xfe, 0xff, 0xff, 0xff), false, -2, 0 },
	{ INTEGER_OF(META_INT32, 32, false), PQ_UINT32, BYTES(0xfe, 0xff, 0xff, 0xff), false, 0xfffffffe, 0 },
	{ INTEGER_OF(META_INT32, 8, false), PQ_UINT8, BYTES(0xfe, 0, 0, 0), false, 0xfe, 0 },
	{ INTEGER_OF(META_INT32, 24, true), PQ_INT32, BYTES(0xfe, 0xff, 0xff, 0xff), false, -2, 0 },
	{ INTEGER_OF(META_INT64, 64, false), PQ_UINT64, BYTES(FF8), false, (i128)UINT64_MAX, 0 },
	{ INTEGER_OF(META_INT64, 64, true), PQ_INT64, BYTES(FF8), false, -1, 0 },
	{ INTEGER_OF(META_INT64, 32, true), PQ_INT64, BYTES(FF8), false, -1, 0 },

	{ TIME_OF(META_INT32, META_LOGICAL_TIME, MILLIS), PQ_TIME, BYTES(7, 0, 0, 0), false, 7000, 0 },
	{ TIME_OF(META_INT32, META_LOGICAL_TIME, MICROS), PQ_TIME, BYTES(7, 0, 0, 0), false, 7, 0 },
	{ TIME_OF(META_INT64, META_LOGICAL_TIME, NANOS), PQ_TIME, BYTES(0xd0, 0x07, 0, 0, 0, 0, 0, 0), false, 2, 0 },
	{ TIME_OF(META_INT64, META_LOGICAL_TIMESTAMP, MICROS), PQ_TIMESTAMP, BYTES(FF8), false, -1, 0 },
	{ TIME_OF(META_INT64, META_LOGICAL_TIMESTAMP, MILLIS), PQ_TIMESTAMP, BYTES(FF8), false, -1000, 0 },
	{ TIME_OF(META_INT64, META_LOGICAL_TIMESTAMP, MILLIS), PQ_TIMESTAMP, BYTES(0, 0, 0, 0, 0, 0, 0, 0x7f),
	    true, 0, 0 },
	{ TIME_OF(META_INT64, META_LOGICAL_TIMESTAMP, NANOS), PQ_TIMESTAMP, BYTES(FF8), false, -1, 0 },
	{ TIME_OF(META_INT64, META_LOGICAL_TIMESTAMP, NANOS), PQ_TIMESTAMP, BYTES(ZERO8), false, 0, 0 },
	{ ELEMENT(META_INT64, META_CONV_TIMESTAMP_MILLIS), PQ_TIMESTAMP, BYTES(2, 0, 0, 0, 0, 0, 0, 0),
	    false, 2000, 0 },
	{ ELEMENT(META_INT32, META_CONV_TIME_MILLIS), PQ_TIME, BYTES(2, 0, 0, 0), false, 2000, 0 },
	/* Julian day 2440588 is 1970-01-01; before it and a nanosecond earlier */
	{ ELEMENT(META_INT96, META_CONV_NONE), PQ_TIMESTAMP, BYTES(0xd0, 0x07, 0, 0, 0, 0, 0, 0, 0x8c, 0x3d, 0x25, 0),
	    false, 2, 0 },
	{ ELEMENT(META_INT96, META_CONV_NONE), PQ_TIMESTAMP, BYTES(FF8, 0x8c, 0x3d, 0x25, 0), false, -1, 0 },
	{ ELEMENT(META_INT96, META_CONV_NONE), PQ_TIMESTAMP, BYTES(ZERO8, 0xff, 0xff, 0xff, 0x7f), true, 0, 0 },
	{ ELEMENT(META_INT96, META_CONV_NONE), PQ_TIMESTAMP,
	    BYTES(0, 0, 0, 0, 0, 0, 0, 0x80, 0x81, 0x41, 0xa5, 0xf9), true, 0, 0 },

	{ DECIMAL_OF(META_INT32, 9, 0), PQ_DECIMAL, BYTES(0xfe, 0xff, 0xff, 0xff), false, -2, 0 },
	{ DECIMAL_OF(META_INT32, 20, 0), PQ_DECIMAL, BYTES(0xfe, 0xff, 0xff, 0xff), false, -2, 0 },
	{ DECIMAL_OF(META_INT64, 18, 0), PQ_DECIMAL, BYTES(FF8), false, -1, 0 },
	{ DECIMAL_OF(META_INT64, 30, 0), PQ_DECIMAL, BYTES(FF8), false, -1, 0 },
	{ DECIMAL_OF(META_FIXED, 4, 2), PQ_DECIMAL, BYTES(0xff, 0x00), false, -256, 0 },
	{ DECIMAL_OF(META_FIXED, 20, 9), PQ_DECIMAL, BYTES(1, ZERO8), false, (i128)1 << 64, 0 },
	{ DECIMAL_OF(META_FIXED, 18, 9), PQ_DECIMAL, BYTES(1, ZERO8), true, 0, 0 },
	{ DECIMAL_OF(META_FIXED, 18, 18), PQ_DECIMAL, BYTES(FF8, FF8, 0xff, 0x80), false, -128, 0 },
	{ DECIMAL_OF(META_FIXED, 38, 17), PQ_DECIMAL, BYTES(0, 0x80, ZERO8, 0, 0, 0, 0, 0, 0, 0), true, 0, 0 },
	{ DECIMAL_OF(META_FIXED, 38, 17), PQ_DECIMAL, BYTES(1, ZERO8, ZERO8), true, 0, 0 },
	{ DECIMAL_OF(META_BYTE_ARRAY, 18, 0), PQ_DECIMAL, BYTES(0x01, 0x00), false, 256, 0 },
	{ DECIMAL_OF(META_BYTE_ARRAY, 18, 0), PQ_DECIMAL, BYTES(1, ZERO8), true, 0, 0 },
	{ DECIMAL_OF(META_BYTE_ARRAY, 38, 0), PQ_DECIMAL, BYTES(FF8, 0xfe), false, -2, 0 },

	{ ELEMENT(META_FLOAT, META_CONV_NONE), PQ_FLOAT, BYTES(0, 0, 0xc0, 0xbf), false, 0, -1.5 },
	{ ELEMENT(META_DOUBLE, META_CONV_NONE), PQ_DOUBLE, BYTES(0, 0, 0, 0, 0, 0, 0xf8, 0xbf), false, 0, -1.5 },
#define HALF(low, high, value)	\
	{ ELEMENT(META_FIXED, META_CONV_NONE, .logical = META_LOGICAL_FLOAT16, .type_length = 2), PQ_FLOAT,	\
	BYTES(low, high), false, 0, value }
	HALF(0x00, 0xbe, -1.5), HALF(0x00, 0x00, 0), HALF(0x00, 0x80, -0.0), HALF(0x01, 0x00, 0x1p-24),
	HALF(0xff, 0x83, -1023 * 0x1p-24), HALF(0xff, 0x7b, 65504), HALF(0x00, 0x7c, INFINITY),
	HALF(0x00, 0x04, 0x1p-14),
};

static i128
whole_of(enum pq_shape shape, const void *p)
{
	int32_t narrow;
	int64_t wide;
	i128 widest;

	if (shape == PQ_I128) {
		memcpy(&widest, p, sizeof(widest));
		return widest;
	}
	if (shape == PQ_I64) {
		memcpy(&wide, p, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, p, sizeof(narrow));
	return narrow;
}

static bool
is_value(enum pq_shape shape, const void *p, const struct example *x)
{
	float single;
	double real;

	if (shape != PQ_F32 && shape != PQ_F64)
		return whole_of(shape, p) == x->whole;
	if (shape == PQ_F32) {
		memcpy(&single, p, sizeof(single));
		real = (double)single;
	} else {
		memcpy(&real, p, sizeof(real));
	}
	return real == x->real && signbit(real) == signbit(x->real);
}

/* Converts an example three times over, from any address. */
static void
check_example(const struct example *x, size_t number)
{
	uint8_t stored[1 + 3 * 32], *p = stored + 1;
	_Alignas(16) uint8_t out[3 * sizeof(i128)];
	char why[NUM_TEXT];
	struct pq_column c = { .name = "a", .path = "a" };
	struct meta_element e = x->e;
	struct pq_bytes b[3];
	const char *bad;
	size_t i, size;

	bad = types_from_element(&c, &e, why);
	CHECK(bad == NULL && c.type == x->type, "example %zu: %s", number, bad == NULL ? "another type" : bad);
	for (i = 0; i < 3; i++) {
		memcpy(p + i * x->n, x->stored, x->n);
		b[i] = (struct pq_bytes){ p + i * x->n, x->n };
	}
	size = pq_shape_size(c.shape);
	if (e.type != META_BYTE_ARRAY) {
		CHECK(types_stored(&e) == x->n, "example %zu: size", number);
		bad = convert_fixed(&c, &e, p, 3, out);
		CHECK((bad != NULL) == x->fails, "example %zu: %s", number, bad == NULL ? "no failure" : bad);
		for (i = 0; i < 3 && bad == NULL; i++)
			CHECK(is_value(c.shape, out + i * size, x), "example %zu: another value", number);
	}
	if (e.type != META_BYTE_ARRAY && e.type != META_FIXED)
		return;
	bad = convert_bytes(&c, b, 3, out);
	CHECK((bad != NULL) == x->fails, "example %zu as bytes: %s", number, bad == NULL ? "no failure" : bad);
	for (i = 0; i < 3 && bad == NULL; i++)
		CHECK(is_value(c.shape, out + i * size, x), "example %zu as bytes: another value", number);
}

static void
test_values(void)
{
	static const struct example empty = { DECIMAL_OF(META_BYTE_ARRAY, 18, 0), PQ_DECIMAL, (const uint8_t *)"", 0,
	    false, 0, 0 };
	struct pq_column c = { .type = PQ_FLOAT, .shape = PQ_F32 };
	struct meta_element e = { .type = META_BYTE_ARRAY };
	float out;
	size_t i;

	for (i = 0; i < sizeof(examples) / sizeof(*examples); i++)
		check_example(&examples[i], i);
	check_example(&empty, i);
	CHECK(convert_bytes(&c, &(struct pq_bytes){ (const uint8_t *)"abc", 3 }, 1, &out) != NULL, "a half of 3 bytes");
	CHECK(convert_fixed(&c, &e, (const uint8_t *)"", 0, &out) != NULL, "byte arrays have no fixed width");
	OK("convert", "every form in which a type is stored");
}

/* What cannot be read, with the words of the message. */
static void
test_refused(void)
{
	static const struct {
		struct meta_element e;
		const char *why;
	} cases[] = {
		{ ELEMENT(99, META_CONV_NONE), "an unknown physical type (99)" },
		{ ELEMENT(-7, META_CONV_NONE), "an unknown physical type (-7)" },
		{ ELEMENT(META_FIXED, META_CONV_NONE), "values of 0 bytes" },
		{ DECIMAL_OF(META_FIXED, 60, 30), "decimal(60,1)" },
		{ DECIMAL_OF(META_INT32, 0, 0), "decimal(0,1)" },
		{ TIME_OF(META_INT64, META_LOGICAL_TIMESTAMP, 4), "an unknown time unit (4)" },
		{ TIME_OF(META_INT32, META_LOGICAL_TIME, 0), "an unknown time unit (0)" },
	};
	struct meta_element e;
	struct pq_column c;
	char why[NUM_TEXT];
	const char *bad;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		e = cases[i].e;
		bad = types_from_element(&c, &e, why);
		CHECK(bad != NULL && strcmp(bad, cases[i].why) == 0, "%s: %s", cases[i].why,
		    bad == NULL ? "read" : bad);
	}
	CHECK(!types_has_encoding(99, META_PLAIN) && !types_has_encoding(META_INT32, 40) &&
	    !types_has_encoding(META_INT32, -1) && types_has_encoding(META_BOOLEAN, META_RLE) &&
	    !types_has_encoding(META_BOOLEAN, META_RLE_DICTIONARY), "encodings");
	OK("convert", "what cannot be read says why");
}

/* A type written is the type read. */
static void
check_written(enum pq_type type, uint8_t precision)
{
	struct pq_field f = { .type = type, .precision = precision, .scale = 1 };
	struct meta_element e = { .converted = META_CONV_NONE };
	struct pq_column c = { .max_def = 0 };
	char why[NUM_TEXT];

	types_to_element(&e, &f);
	CHECK(types_from_element(&c, &e, why) == NULL && c.type == type, "type %d", type);
	CHECK(type != PQ_DECIMAL || (c.precision == precision && c.scale == 1), "precision %d", precision);
	CHECK(c.shape == pq_shape(type, precision) && c.unit == PQ_MICROS, "type %d: shape", type);
	e.logical = META_LOGICAL_NONE;		/* as writers before logical types left it */
	if (e.converted != META_CONV_NONE && type != PQ_TIMESTAMP_NTZ)
		CHECK(types_from_element(&c, &e, why) == NULL && c.type == type, "type %d: old", type);
}

static void
test_written(void)
{
	int type, precision;

	for (type = PQ_BOOL; type <= PQ_BINARY; type++)
		for (precision = 1; precision <= (type == PQ_DECIMAL ? NUM_DIGITS : 1); precision++)
			check_written((enum pq_type)type, (uint8_t)precision);
	OK("convert", "every type comes back from its element");
}

int
main(void)
{
	unit_start();
	test_values();
	test_refused();
	test_written();
	return 0;
}
