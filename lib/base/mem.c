#include "base/mem.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/msg.h"

void
mem_start(void)
{
#ifdef M_MMAP_THRESHOLD
	enum { LARGE = 128 << 10 };

	(void)mallopt(M_MMAP_THRESHOLD, LARGE);	/* best effort: affects memory use only */
#endif
}

static void *
there(void *p)
{
	if (p == NULL)
		msg_die(EX_OSERR, "out of memory");
	return p;
}

void *
xmalloc(size_t n)
{
	return there(malloc(n != 0 ? n : 1));
}

void *
xcalloc(size_t n, size_t size)
{
	return there(calloc(n != 0 ? n : 1, size != 0 ? size : 1));
}

void *
xreallocarray(void *p, size_t n, size_t size)
{
	return there(reallocarray(p, n != 0 ? n : 1, size != 0 ? size : 1));
}

enum { HUGE_PAGE = 2 << 20, LINE = 64 };

/* Asks for huge pages. Best effort: affects speed only. */
static void
ask_huge(void *p, size_t n)
{
#ifdef MADV_HUGEPAGE
	if (n >= HUGE_PAGE)
		(void)madvise(p, n, MADV_HUGEPAGE);
#else
	(void)p;
	(void)n;
#endif
}

void *
xhuge(size_t n)
{
	void *p;

	if (posix_memalign(&p, n >= HUGE_PAGE ? HUGE_PAGE : LINE, n != 0 ? n : 1) != 0)
		msg_die(EX_OSERR, "out of memory");
	ask_huge(p, n);
	return p;
}

static size_t
whole_pages(size_t n)
{
	if (n > SIZE_MAX / 2)
		msg_die(EX_OSERR, "out of memory");
	return (n + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
}

void *
xhuge_zero(size_t n)
{
	size_t all = whole_pages(n) + HUGE_PAGE, before;
	uint8_t *p;

	if (n < HUGE_PAGE)
		return memset(xhuge(n), 0, n);
	p = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		msg_die(EX_OSERR, "out of memory");
	before = -(uintptr_t)p & (HUGE_PAGE - 1);	/* gives back what lies outside whole huge pages */
	if (before > 0)
		munmap(p, before);
	munmap(p + before + whole_pages(n), HUGE_PAGE - before);
	ask_huge(p + before, whole_pages(n));
	return p + before;
}

void
mem_huge_free(void *p, size_t n)
{
	if (n < HUGE_PAGE)
		free(p);
	else if (p != NULL)
		munmap(p, whole_pages(n));
}

void *
xhuge_grow(void *p, size_t used, size_t n)
{
	void *q = xhuge(n);

	if (used > 0)
		memcpy(q, p, used);
	free(p);
	return q;
}

char *
xstrdup(const char *s)
{
	return there(strdup(s));
}

char *
xstrndup(const char *s, size_t n)
{
	return there(strndup(s, n));
}

char *
xasprintf(const char *fmt, ...)
{
	char *s;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return there(s);
}

uint8_t *
buf_room(struct buf *b, size_t n)
{
	size_t cap = b->cap;

	if (n > SIZE_MAX / 2 - b->len)
		msg_die(EX_OSERR, "out of memory");
	if (b->cap == 0 || b->cap - b->len < n) {	/* allocates even for n = 0 */
		while (cap == 0 || cap - b->len < n)
			cap = cap < 64 ? 64 : 2 * cap;
		b->p = xreallocarray(b->p, cap, 1);
		b->cap = cap;
	}
	return b->p + b->len;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n != 0)
		memcpy(buf_room(b, n), p, n);
	b->len += n;
}

void
buf_addc(struct buf *b, uint8_t c)
{
	*buf_room(b, 1) = c;
	b->len++;
}

void
buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		msg_die(EX_SOFTWARE, "bad format: %s", fmt);
	va_start(ap, fmt);
	vsnprintf((char *)buf_room(b, (size_t)n + 1), (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

char *
buf_cstr(struct buf *b)
{
	*buf_room(b, 1) = '\0';
	return (char *)b->p;
}

void
buf_free(struct buf *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}

struct pool_block {
	struct pool_block *next;
	uint64_t data[];
};

void *
pool_alloc(struct pool *p, size_t n)
{
	enum { BLOCK = 1024 * 1024 };
	void *piece;

	if (n > SIZE_MAX / 2)
		msg_die(EX_OSERR, "out of memory");
	n = n == 0 ? 8 : (n + 7) & ~(size_t)7;	/* n = 0 gets its own address too: never NULL */
	if ((size_t)(p->end - p->next) < n) {
		/* Small pools stay small: blocks double from 4 KiB up. */
		size_t size = p->used < 4096 ? 4096 : p->used < BLOCK ? p->used : BLOCK;
		struct pool_block *b;

		if (size < n)
			size = n;
		b = xmalloc(sizeof(*b) + size);
		b->next = p->blocks;
		p->blocks = b;
		p->next = (uint8_t *)b->data;
		p->end = p->next + size;
		p->used += sizeof(*b) + size;
	}
	piece = p->next;
	p->next += n;
	return piece;
}

void *
pool_copy(struct pool *p, const void *src, size_t n)
{
	void *piece = pool_alloc(p, n);

	if (n != 0)
		memcpy(piece, src, n);
	return piece;
}

void
pool_free(struct pool *p)
{
	struct pool_block *b, *next;

	for (b = p->blocks; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	memset(p, 0, sizeof(*p));
}
