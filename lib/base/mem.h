/* Memory that is there or the program says so: EX_OSERR with a message, as no caller could do better. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/*
 * To be called first: large pieces of memory are to go back to the system when they are freed. glibc would otherwise keep
 * pieces as large as the largest that was ever freed, and what grows by copies leaves holes.
 */
void mem_start(void);

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);	/* overflow of n * size is caught */
void *xhuge(size_t n);					/* for a table read at random: huge pages are asked for; freed by free */
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A growing array of bytes. All zero is an empty one. Never shrinks until freed. */
struct buf {
	uint8_t *p;
	size_t len, cap;
};
uint8_t *buf_room(struct buf *b, size_t n);		/* n bytes beyond len, not counted in len yet */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_addc(struct buf *b, uint8_t c);
void buf_adds(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *buf_cstr(struct buf *b);				/* ends it with a NUL that len does not count; view until the next change */
void buf_free(struct buf *b);

/* An arena: pieces that never move and are freed together. All zero is an empty one. */
struct pool {
	struct pool_block *blocks;
	uint8_t *next, *end;
	size_t used;		/* bytes taken from the system */
};
void *pool_alloc(struct pool *p, size_t n);		/* aligned to 8 */
void *pool_copy(struct pool *p, const void *src, size_t n);
void pool_free(struct pool *p);

#endif
