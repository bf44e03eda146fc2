#include "base/table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

enum { HUGE_PAGE = 2 << 20, LINE = 64 };

/* Allocates aligned to a huge page, or at least to a cache line. */
static void *
table_alloc(size_t bytes)
{
	void *p;

	if (posix_memalign(&p, bytes >= HUGE_PAGE ? HUGE_PAGE : LINE, bytes) != 0)
		return xmalloc(bytes);	/* reports the error if it fails too */
#ifdef MADV_HUGEPAGE
	if (bytes >= HUGE_PAGE)
		(void)madvise(p, bytes, MADV_HUGEPAGE);	/* best effort */
#endif
	return p;
}

void *
table_grow(void *p, size_t used, size_t bytes)
{
	void *q = table_alloc(bytes > 0 ? bytes : 1);

	if (used > 0)
		memcpy(q, p, used);
	free(p);
	return q;
}
