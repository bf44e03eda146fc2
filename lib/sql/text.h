/* Pieces of SQL text shared by the dialects. All append to `out`. */
#ifndef SQL_TEXT_H
#define SQL_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "sql/dialect.h"

/* Quotes a name or string: open, the n bytes with every close byte doubled, close. */
void sql_text_quote(struct buf *out, char open, char close, const char *p, size_t n);

void sql_text_hex(struct buf *out, const uint8_t *p, size_t n);

/* Length of valid UTF-8 in UTF-16 units, and its conversion to UTF-16LE. */
size_t sql_text_utf16_length(const uint8_t *p, size_t n);
void sql_text_utf16(struct buf *out, const uint8_t *p, size_t n);

/* Writes the number of a valid, non-null field. */
void sql_text_decimal(struct buf *out, struct val_type t, struct rec_field f);

/* Write values without quotes: 42; 1 or 0 for a bool; 2900.00. */
sql_put sql_text_put_int, sql_text_put_digit, sql_text_put_decimal;

/* Write the text of a value that needs no escape: 10:20:30, without and in single quotes. */
sql_put sql_text_put_text, sql_text_put_quoted;

/* Writes "2024-01-31". Returns false and appends nothing outside the years 0001 to 9999. */
bool sql_text_date(struct buf *out, struct rec_field f);

/*
 * Writes date, separator and "10:20:30.000000": always six decimals, so that text order is time order. Returns like
 * sql_text_date.
 */
bool sql_text_timestamp(struct buf *out, struct rec_field f, char separator);
extern const char sql_text_years[];	/* the reason when they return false */

/* The columns of the staging table that takes the next row: their number, and the index of the i-th. */
size_t sql_text_width(const struct sql_load *l);
size_t sql_text_column(const struct sql_load *l, size_t i);
size_t sql_text_field(const struct sql_load *l, size_t i);	/* its field in a record */

#endif
