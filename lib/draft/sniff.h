/* Finds out how a CSV file is written, from its first rows. Internal to lib/draft. */
#ifndef DRAFT_SNIFF_H
#define DRAFT_SNIFF_H

#include "csv/csv.h"

/* Fills the delimiter, quote and escape of the file, which the decoder converts. -1 fills err. */
int draft_sniff(const char *path, struct csv_decoder *decoder, struct csv_format *format, struct msg *err);

#endif
