/* Pieces of SQL text that the dialects share. All append to `out`. */
#ifndef SQL_TEXT_H
#define SQL_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "sql/sql.h"

/* open, the n bytes with every close byte doubled, close: a quoted name or string. */
void sql_text_quote(struct buf *out, char open, char close, const char *p, size_t n);

void sql_text_hex(struct buf *out, const uint8_t *p, size_t n);

/* UTF-16 units of valid UTF-8, and its conversion to UTF-16LE. */
size_t sql_text_utf16_length(const uint8_t *p, size_t n);
void sql_text_utf16(struct buf *out, const uint8_t *p, size_t n);

/* The number of a checked field that is not null. */
void sql_text_decimal(struct buf *out, struct val_type t, struct rec_field f);

/* For a dialect's values, where they are written bare: 42; 1 or 0 for a bool; 2900.00. */
sql_put sql_text_put_int, sql_text_put_digit, sql_text_put_decimal;

/* "2024-01-31"; false, and nothing appended, outside the years 0001 to 9999. */
bool sql_text_date(struct buf *out, struct rec_field f);

/* "2024-01-31", separator, "10:20:30.000000": always six decimals, so that text order is time's. False as above. */
bool sql_text_timestamp(struct buf *out, struct rec_field f, char separator);
extern const char sql_text_years[];	/* what is wrong where they answer false */

/*
 * A list of columns: all of them, the key's in its order, or the rest; each written as the template with every %
 * replaced by the name as ident quotes it, and the text `between` between them. Returns how many they are.
 */
enum sql_which { SQL_ALL, SQL_KEY, SQL_REST };
typedef void sql_ident(struct buf *out, const char *name);
size_t sql_text_columns(struct sql_load *l, sql_ident *ident, enum sql_which which, const char *template,
    const char *between);

/* The same with a template of each column's own. */
typedef const char *sql_template(const struct sql_column *c);
size_t sql_text_columns_by(struct sql_load *l, sql_ident *ident, enum sql_which which, sql_template *template,
    const char *between);

/* The columns of the staging table that takes the next row: how many, which they are, and of the i-th its index. */
size_t sql_text_width(const struct sql_load *l);
enum sql_which sql_text_which(const struct sql_load *l);
size_t sql_text_column(const struct sql_load *l, size_t i);
size_t sql_text_field(const struct sql_load *l, size_t i);	/* its field in a record */

#endif
