/* Types, their stored forms, physical types. */
#include <stdio.h>
#include <string.h>

#include "parquet/format/types.h"

/* 1582-10-15 and 1900-01-01: the latter because Spark's local times changed in ways of their own until then */
#define ANCIENT_DAY (-141427)
#define ANCIENT_MICROS INT64_C(-2208988800000000)

/* ---- types ---- */

static const struct types_row rows[] = {
	[PQ_BOOL] = { "bool", PQ_U8, false, 0 },
	[PQ_INT8] = { "int8", PQ_I32, false, 0 },
	[PQ_INT16] = { "int16", PQ_I32, false, 0 },
	[PQ_INT32] = { "int32", PQ_I32, false, 0 },
	[PQ_INT64] = { "int64", PQ_I64, false, 0 },
	[PQ_DECIMAL] = { "decimal", PQ_I64, false, 0 },
	[PQ_DATE] = { "date", PQ_I32, false, ANCIENT_DAY },
	[PQ_TIMESTAMP] = { "timestamp", PQ_I64, false, ANCIENT_MICROS },
	[PQ_TIMESTAMP_NTZ] = { "timestamp_ntz", PQ_I64, false, ANCIENT_MICROS },
	[PQ_FLOAT] = { "float", PQ_F32, false, 0 },
	[PQ_DOUBLE] = { "double", PQ_F64, false, 0 },
	[PQ_STRING] = { "string", PQ_BYTES, false, 0 },
	[PQ_BINARY] = { "binary", PQ_BYTES, false, 0 },
	[PQ_UINT8] = { "uint8", PQ_I32, true, 0 },
	[PQ_UINT16] = { "uint16", PQ_I32, true, 0 },
	[PQ_UINT32] = { "uint32", PQ_I64, true, 0 },
	[PQ_UINT64] = { "uint64", PQ_I128, true, 0 },
	[PQ_TIME] = { "time", PQ_I64, false, 0 },
};

const struct types_row *
types_of(enum pq_type type)
{
	return &rows[type];
}

enum pq_shape
pq_shape(enum pq_type type, unsigned precision)
{
	return type == PQ_DECIMAL && precision > 18 ? PQ_I128 : rows[type].shape;
}

size_t
pq_shape_size(enum pq_shape shape)
{
	static const size_t sizes[] = { [PQ_U8] = 1, [PQ_I32] = sizeof(int32_t), [PQ_I64] = sizeof(int64_t),
	    [PQ_I128] = sizeof(i128), [PQ_F32] = sizeof(float), [PQ_F64] = sizeof(double),
	    [PQ_BYTES] = sizeof(struct pq_bytes) };

	return sizes[shape];
}

const char *
pq_type_name(char *out, enum pq_type type, unsigned precision, unsigned scale)
{
	if (type == PQ_DECIMAL)
		snprintf(out, NUM_TEXT, "decimal(%u,%u)", precision, scale);
	else
		snprintf(out, NUM_TEXT, "%s", rows[type].name);
	return out;
}

/* ---- stored forms ---- */

enum { MILLIS = 1, MICROS = 2, NANOS = 3 };	/* TimeUnit's field ids */

/*
 * How values of a type are stored: physical type, converted type, logical type and its parameters. The first form of a
 * type is the one written, of a decimal the first that has enough digits. A form without a logical type is also that of
 * columns whose annotation is unknown or does not fit their physical type.
 */
static const struct form {
	enum pq_type type;
	int physical, converted, logical;
	int bits;			/* INTEGER: with is_signed */
	bool is_signed;
	bool utc;			/* TIMESTAMP */
	int unit;			/* TIME, TIMESTAMP: that of the converted type */
	unsigned digits;		/* DECIMAL: most that are written; 0: only read */
	int32_t length;			/* of FIXED; 0: any */
} forms[] = {
	{ PQ_BOOL, META_BOOLEAN, META_CONV_NONE, .logical = META_LOGICAL_NONE },
	{ PQ_INT8, META_INT32, META_CONV_INT_8, META_LOGICAL_INTEGER, .bits = 8, .is_signed = true },
	{ PQ_INT16, META_INT32, META_CONV_INT_16, META_LOGICAL_INTEGER, .bits = 16, .is_signed = true },
	{ PQ_INT32, META_INT32, META_CONV_NONE, .logical = META_LOGICAL_NONE },
	{ PQ_INT32, META_INT32, META_CONV_INT_32, META_LOGICAL_INTEGER, .bits = 32, .is_signed = true },
	{ PQ_INT64, META_INT64, META_CONV_NONE, .logical = META_LOGICAL_NONE },
	{ PQ_INT64, META_INT64, META_CONV_INT_64, META_LOGICAL_INTEGER, .bits = 64, .is_signed = true },
	{ PQ_UINT8, META_INT32, META_CONV_UINT_8, META_LOGICAL_INTEGER, .bits = 8 },
	{ PQ_UINT16, META_INT32, META_CONV_UINT_16, META_LOGICAL_INTEGER, .bits = 16 },
	{ PQ_UINT32, META_INT32, META_CONV_UINT_32, META_LOGICAL_INTEGER, .bits = 32 },
	{ PQ_UINT64, META_INT64, META_CONV_UINT_64, META_LOGICAL_INTEGER, .bits = 64 },
	{ PQ_DECIMAL, META_INT32, META_CONV_DECIMAL, META_LOGICAL_DECIMAL, .digits = 9 },
	{ PQ_DECIMAL, META_INT64, META_CONV_DECIMAL, META_LOGICAL_DECIMAL, .digits = 18 },
	{ PQ_DECIMAL, META_FIXED, META_CONV_DECIMAL, META_LOGICAL_DECIMAL, .digits = NUM_DIGITS },
	{ PQ_DECIMAL, META_BYTE_ARRAY, META_CONV_DECIMAL, .logical = META_LOGICAL_DECIMAL },
	{ PQ_DATE, META_INT32, META_CONV_DATE, .logical = META_LOGICAL_DATE },
	{ PQ_TIMESTAMP, META_INT64, META_CONV_TIMESTAMP_MICROS, META_LOGICAL_TIMESTAMP, .utc = true, .unit = MICROS },
	{ PQ_TIMESTAMP, META_INT64, META_CONV_TIMESTAMP_MILLIS, META_LOGICAL_TIMESTAMP, .utc = true, .unit = MILLIS },
	{ PQ_TIMESTAMP, META_INT96, META_CONV_NONE, .logical = META_LOGICAL_NONE },
	{ PQ_TIMESTAMP_NTZ, META_INT64, META_CONV_TIMESTAMP_MICROS, META_LOGICAL_TIMESTAMP, .unit = MICROS },
	{ PQ_TIME, META_INT64, META_CONV_TIME_MICROS, META_LOGICAL_TIME, .unit = MICROS },
	{ PQ_TIME, META_INT32, META_CONV_TIME_MILLIS, META_LOGICAL_TIME, .unit = MILLIS },
	{ PQ_FLOAT, META_FLOAT, META_CONV_NONE, .logical = META_LOGICAL_NONE },
	{ PQ_FLOAT, META_FIXED, META_CONV_NONE, META_LOGICAL_FLOAT16, .length = 2 },
	{ PQ_DOUBLE, META_DOUBLE, META_CONV_NONE, .logical = META_LOGICAL_NONE },
	{ PQ_STRING, META_BYTE_ARRAY, META_CONV_UTF8, .logical = META_LOGICAL_STRING },
	{ PQ_STRING, META_BYTE_ARRAY, META_CONV_ENUM, .logical = META_LOGICAL_ENUM },
	{ PQ_STRING, META_BYTE_ARRAY, META_CONV_JSON, .logical = META_LOGICAL_JSON },
	{ PQ_BINARY, META_BYTE_ARRAY, META_CONV_NONE, .logical = META_LOGICAL_NONE },
	{ PQ_BINARY, META_FIXED, META_CONV_NONE, .logical = META_LOGICAL_NONE },
};

#define FORMS_END (forms + sizeof(forms) / sizeof(*forms))

/* Returns the minimum length of a FIXED_LEN_BYTE_ARRAY for a decimal's precision. */
static int32_t
decimal_length(unsigned precision)
{
	i128 most = num_pow10(precision) - 1;
	int32_t n = 1;

	while (n < 16 && most >> (8 * n - 1) != 0)
		n++;
	return n;
}

void
types_to_element(struct meta_element *e, const struct pq_field *f)
{
	const struct form *form = forms;

	while (form->type != f->type || (form->digits > 0 && form->digits < f->precision))
		form++;
	e->type = form->physical;
	e->converted = form->converted;
	e->logical = form->logical;
	e->bits = form->bits;
	e->is_signed = form->is_signed;
	e->utc = form->utc;
	e->unit = form->unit;
	if (f->type == PQ_TIMESTAMP && f->millis) {
		e->unit = MILLIS;
		e->converted = META_CONV_TIMESTAMP_MILLIS;
	}
	if (f->type == PQ_DECIMAL) {
		e->scale = e->logical_scale = f->scale;
		e->precision = e->logical_precision = f->precision;
		if (e->type == META_FIXED)
			e->type_length = decimal_length(f->precision);
	}
}

/* Sets the logical type of files that have only the converted one. */
static void
complete_logical(struct meta_element *e)
{
	const struct form *form = forms;

	if (e->converted == META_CONV_NONE || (e->logical != META_LOGICAL_NONE && meta_logical_known(e->logical)))
		return;
	while (form < FORMS_END && form->converted != e->converted)
		form++;
	if (form == FORMS_END)
		return;
	e->logical = form->logical;
	if (form->logical == META_LOGICAL_DECIMAL) {
		e->logical_scale = e->scale;
		e->logical_precision = e->precision;
	} else if (form->logical == META_LOGICAL_INTEGER) {
		e->bits = form->bits;
		e->is_signed = form->is_signed;
	} else if (form->unit != 0) {
		e->unit = form->unit;
		e->utc = form->utc;
	}
}

/* Returns true if an element's logical type and its parameters are the form's. */
static bool
is_form(const struct form *form, const struct meta_element *e)
{
	return form->physical == e->type && form->logical == e->logical &&
	    (form->logical != META_LOGICAL_INTEGER || (form->bits == e->bits && form->is_signed == e->is_signed)) &&
	    (form->logical != META_LOGICAL_TIMESTAMP || form->utc == e->utc) &&
	    (form->length == 0 || form->length == e->type_length);
}

/* Returns an element's form: else that of its physical type alone; NULL for an unknown physical type. */
static const struct form *
find_form(const struct meta_element *e)
{
	const struct form *form;

	for (form = forms; form < FORMS_END; form++)
		if (is_form(form, e))
			return form;
	for (form = forms; form < FORMS_END; form++)
		if (form->physical == e->type && form->logical == META_LOGICAL_NONE)
			return form;
	return NULL;
}

static const char *
decimal_digits(struct pq_column *c, const struct meta_element *e, char *why)
{
	int32_t precision = e->logical_precision, scale = e->logical_scale;

	if (precision < 1 || precision > NUM_DIGITS || scale < 0 || scale > precision) {
		snprintf(why, NUM_TEXT, "decimal(%ld,%ld)", (long)precision, (long)scale);
		return why;
	}
	c->precision = (uint8_t)precision;
	c->scale = (uint8_t)scale;
	return NULL;
}

static const char *
time_unit(struct pq_column *c, const struct meta_element *e, char *why)
{
	c->unit = e->unit == MILLIS ? PQ_MILLIS : e->unit == MICROS ? PQ_MICROS : PQ_NANOS;
	if (e->unit >= MILLIS && e->unit <= NANOS)
		return NULL;
	snprintf(why, NUM_TEXT, "an unknown time unit (%ld)", (long)e->unit);
	return why;
}

const char *
types_from_element(struct pq_column *c, struct meta_element *e, char *why)
{
	const struct form *form;
	const char *bad = NULL;

	complete_logical(e);
	if ((form = find_form(e)) == NULL) {
		snprintf(why, NUM_TEXT, "an unknown physical type (%ld)", (long)e->type);
		return why;
	}
	c->type = form->type;
	if (e->type == META_FIXED && e->type_length <= 0) {
		snprintf(why, NUM_TEXT, "values of %ld bytes", (long)e->type_length);
		bad = why;
	} else if (c->type == PQ_DECIMAL) {
		bad = decimal_digits(c, e, why);
	} else if (form->unit != 0) {
		bad = time_unit(c, e, why);
	} else if (e->type == META_INT96) {
		c->unit = PQ_INT96;
	}
	c->shape = pq_shape(c->type, c->precision);
	return bad;
}

/* ---- physical types ---- */

#define HAS(encoding) (1u << (encoding))

enum {
	DICTIONARY = HAS(META_PLAIN_DICTIONARY) | HAS(META_RLE_DICTIONARY),
	NUMBERS = HAS(META_PLAIN) | DICTIONARY | HAS(META_BYTE_STREAM_SPLIT)
};

static const struct physical {
	size_t size;			/* bytes of a PLAIN value; 0: another for each */
	unsigned encodings;		/* a bit per encoding: Encodings.md */
} physicals[] = {
	[META_BOOLEAN] = { 0, HAS(META_PLAIN) | HAS(META_RLE) },
	[META_INT32] = { 4, NUMBERS | HAS(META_DELTA_BINARY_PACKED) },
	[META_INT64] = { 8, NUMBERS | HAS(META_DELTA_BINARY_PACKED) },
	[META_INT96] = { 12, HAS(META_PLAIN) | DICTIONARY },
	[META_FLOAT] = { 4, NUMBERS },
	[META_DOUBLE] = { 8, NUMBERS },
	[META_BYTE_ARRAY] = { 0, HAS(META_PLAIN) | DICTIONARY | HAS(META_DELTA_LENGTH_BYTE_ARRAY) |
	    HAS(META_DELTA_BYTE_ARRAY) },
	[META_FIXED] = { 0, NUMBERS | HAS(META_DELTA_BYTE_ARRAY) },
};

/* Returns the row of a physical type; of an unknown one a row without encodings. */
static const struct physical *
physical_of(int type)
{
	static const struct physical unknown = { 0, 0 };

	return type >= 0 && type <= META_FIXED ? &physicals[type] : &unknown;
}

size_t
types_stored(const struct meta_element *e)
{
	return e->type == META_FIXED ? (size_t)e->type_length : physical_of(e->type)->size;
}

bool
types_has_encoding(int physical, int encoding)
{
	return encoding >= 0 && encoding < 32 && (physical_of(physical)->encodings >> encoding & 1) != 0;
}
