/* The CSV format and the layout that a schema declares for its table's files. */
#ifndef CSV_FORMAT_H
#define CSV_FORMAT_H

#include "csv/csv.h"
#include "schema/schema.h"

struct csv_format csv_format_of(const struct schema *s);

/* Returns the lines to skip, views of the schema, without a decoder. */
struct csv_layout csv_layout_of(const struct schema *s);

#endif
