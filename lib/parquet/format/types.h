/*
 * The types of columns: a row each, and a row for every form in which a type is stored (LogicalTypes.md). A type whose
 * shape and conversion exist needs no more than its rows in types.c.
 */
#ifndef PARQUET_TYPES_H
#define PARQUET_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parquet/format/meta.h"
#include "parquet/parquet.h"

struct types_row {
	const char *name;
	enum pq_shape shape;		/* of a decimal: if its precision is at most 18 */
	bool is_unsigned;		/* ordered unlike its physical type, which is signed */
	/*
	 * Dates and instants before this value differ between the Julian and the Gregorian calendar; Spark requires
	 * files that have them to name their calendar. 0: no date or instant
	 */
	int64_t ancient;
};

/* Returns the row of a type. */
const struct types_row *types_of(enum pq_type type);

/* Fills in the physical and logical type of a leaf. */
void types_to_element(struct meta_element *e, const struct pq_field *f);

/*
 * Derives a leaf's type, precision, scale, unit and shape from its element, and completes the element's logical type if
 * only the converted one is known. Returns NULL, or why the column cannot be read, in `why` of at least NUM_TEXT bytes.
 */
const char *types_from_element(struct pq_column *c, struct meta_element *e, char *why);

/* Returns the bytes of a PLAIN-encoded physical value; 0 for BYTE_ARRAY and BOOLEAN. */
size_t types_stored(const struct meta_element *e);

/* Returns true if values of a physical type may be in an encoding, of enum meta_encoding, or unknown. */
bool types_has_encoding(int physical, int encoding);

#endif
