/* Memory for large tables that are read all over: on huge pages where the system has them. */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stddef.h>

/*
 * A table of `bytes` with the first `used` bytes of p, which is freed (NULL for none); the rest holds anything. To be
 * freed by free(). Ends the program with EX_OSERR where there is no memory.
 */
void *table_grow(void *p, size_t used, size_t bytes);

#endif
