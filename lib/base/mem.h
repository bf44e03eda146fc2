/* Allocation that cannot fail: when memory runs out the program exits with EX_OSERR, as no caller could do better. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Call once at start. Makes free return blocks of 128 KiB and more to the system. glibc would otherwise raise this
 * threshold to the size of the largest freed block, and growing arrays would leave holes.
 */
void mem_start(void);

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xreallocarray(void *p, size_t n, size_t size);	/* fails on overflow of n * size */

/*
 * Allocate uninitialized memory for random access: aligned to a cache line, on huge pages if it is large and the system
 * has them. xhuge_grow moves the first `used` bytes of p (may be NULL) to n bytes and frees p. Release with free().
 */
void *xhuge(size_t n);
void *xhuge_grow(void *p, size_t used, size_t n);

/* The same, zeroed without being touched if it is large. Release with mem_huge_free and its size; p may be NULL. */
void *xhuge_zero(size_t n);
void mem_huge_free(void *p, size_t n);

char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A growing byte array. All zero is empty. Never shrinks until freed. */
struct buf {
	uint8_t *p;
	size_t len, cap;
};
uint8_t *buf_room(struct buf *b, size_t n);		/* room for n bytes after len; does not change len */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_addc(struct buf *b, uint8_t c);
void buf_adds(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *buf_cstr(struct buf *b);				/* appends an uncounted NUL; view until the next change */
void buf_free(struct buf *b);

/* An arena: allocations that never move and are freed together. All zero is empty. */
struct pool {
	struct pool_block *blocks;
	uint8_t *next, *end;
	size_t used;		/* bytes taken from the system */
};
void *pool_alloc(struct pool *p, size_t n);		/* aligned to 8 */
void *pool_copy(struct pool *p, const void *src, size_t n);
void pool_free(struct pool *p);

#endif
