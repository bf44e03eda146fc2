/* Memory for large tables with random access: on huge pages if the system has them. */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stddef.h>

/*
 * Allocates a table of `bytes` and moves the first `used` bytes of p into it; frees p (may be NULL). The rest is
 * uninitialized. Release with free(). Exits with EX_OSERR when memory runs out.
 */
void *table_grow(void *p, size_t used, size_t bytes);

#endif
