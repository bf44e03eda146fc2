/* The format that a schema gives to the CSV files of its table. */
#ifndef CSV_FORMAT_H
#define CSV_FORMAT_H

#include "csv/csv.h"
#include "schema/schema.h"

struct csv_format csv_format_of(const struct schema *s);

#endif
