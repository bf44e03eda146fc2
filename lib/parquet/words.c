/* Snappy's format (format_description.txt of its project), by values of 8 bytes. */
#include <string.h>

#include "base/cpu.h"
#include "parquet/words.h"

enum {
	WIDTH = 8,
	NEAR = 2048,		/* distance of a copy in two bytes */
	SLOTS = 1024,		/* for the places of values by their high bytes */
	SLOP = 16		/* bytes that a fast copy may touch behind its end */
};

static inline uint64_t
load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static inline void
store64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, 8);
}

/* ---- packing ---- */

size_t
words_room(size_t n)
{
	return n + n / 4 + 64;
}

static uint8_t *
put_varint(uint8_t *out, size_t v)
{
	for (; v >= 0x80; v >>= 7)
		*out++ = (uint8_t)(v | 0x80);
	*out++ = (uint8_t)v;
	return out;
}

static uint8_t *
put_literal(uint8_t *out, const uint8_t *p, size_t n)
{
	size_t last = n - 1;
	unsigned bytes = last < 60 ? 0 : last < 1 << 8 ? 1 : last < 1 << 16 ? 2 : last < 1 << 24 ? 3 : 4;

	if (n == 0)
		return out;
	*out++ = (uint8_t)((bytes == 0 ? last : 59 + bytes) << 2);
	for (; bytes > 0; bytes--, last >>= 8)
		*out++ = (uint8_t)last;
	memcpy(out, p, n);
	return out + n;
}

/* Bytes of v, from the lowest, up to the last that differs from w. */
static inline unsigned
differing(uint64_t v, uint64_t w)
{
	return v == w ? 0 : 8 - (unsigned)__builtin_clzll(v ^ w) / 8;
}

static inline size_t
slot_of(uint64_t v)
{
	return (size_t)((v >> 16) * UINT64_C(0x9e3779b97f4a7c15) >> 54);
}

/* The two bytes of a copy of n bytes, 4 to 8, from `far` bytes before. */
static inline uint64_t
copy_tag(unsigned n, size_t far)
{
	return 1 | (uint64_t)(n - 4) << 2 | (uint64_t)(far >> 8) << 5 | (uint64_t)(far & 0xff) << 8;
}

/*
 * The low bytes of a value, then a copy of its high bytes from a value before it: the last one, or the last with the
 * same six high bytes, whichever leaves fewer. Values of which less than four bytes could be copied stay in a
 * literal that waits.
 */
static inline __attribute__((always_inline)) size_t
pack(uint8_t *out, const uint8_t *p, size_t n, size_t skip)
{
	uint8_t *begin = out;
	const uint8_t *at = p + skip, *end = p + n - (n - skip) % WIDTH, *waits = p, *from;
	uint32_t places[SLOTS];			/* of the last value that fell there */
	uint64_t v, last = 0, tag;
	unsigned low, other;
	size_t far, slot;

	memset(places, 0, sizeof places);
	out = put_varint(out, n);
	for (; at < end; at += WIDTH, last = v) {
		v = load64(at);
		low = differing(v, last);
		far = WIDTH;
		if (low > 1) {
			slot = slot_of(v);
			from = p + skip + places[slot];
			places[slot] = (uint32_t)(at - p - skip);
			other = differing(v, load64(from));
			if (other < low && at - from < NEAR && at > from) {
				low = other;
				far = (size_t)(at - from);
			}
		}
		if (low > WIDTH - 4 || at == p + skip)
			continue;
		tag = copy_tag(WIDTH - low, far);
		if (waits == at && low > 0) {	/* all of it in one store */
			store64(out, (uint64_t)(low - 1) << 2 | (v & ((UINT64_C(1) << 8 * low) - 1)) << 8 | tag << 8 * (low + 1));
			out += 3 + low;
		} else {
			if (waits != at + low)
				out = put_literal(out, waits, (size_t)(at - waits) + low);
			*out++ = (uint8_t)tag;
			*out++ = (uint8_t)(tag >> 8);
		}
		waits = at + WIDTH;
	}
	if (waits < p + n)
		out = put_literal(out, waits, (size_t)(p + n - waits));
	return (size_t)(out - begin);
}

#if CPU_X86
CPU_AVX2 static size_t
pack_bmi(uint8_t *out, const uint8_t *p, size_t n, size_t skip)
{
	return pack(out, p, n, skip);
}
#endif

size_t
words_pack(uint8_t *out, const uint8_t *p, size_t n, size_t skip)
{
#if CPU_X86
	if (cpu_has_avx2())
		return pack_bmi(out, p, n, skip);
#endif
	return pack(out, p, n, skip);
}

/* ---- expanding ---- */

static bool
get_length(const uint8_t **p, const uint8_t *end, size_t *v)
{
	unsigned shift;

	*v = 0;
	for (shift = 0; shift < 35 && *p < end; shift += 7) {
		*v |= (size_t)(**p & 0x7f) << shift;
		if ((*(*p)++ & 0x80) == 0)
			return *v <= UINT32_MAX;
	}
	return false;
}

/* A copy of n bytes from `far` bytes before; it may overlap what it makes, which then repeats. */
static inline void
copy_back(uint8_t *out, size_t far, size_t n, const uint8_t *limit)
{
	const uint8_t *from = out - far;
	size_t i;

	if (far >= 8 && n <= 64 && limit - out >= 64 + SLOP) {
		for (i = 0; i < n; i += 8)
			store64(out + i, load64(from + i));
		return;
	}
	for (i = 0; i < n; i++)
		out[i] = from[i];
}

/* The length of a literal whose tag is at p; moves p behind the tag. */
static bool
literal_length(const uint8_t **p, const uint8_t *end, size_t *n)
{
	unsigned bytes, i;

	*n = (size_t)(*(*p)++ >> 2);
	if (*n >= 60) {
		bytes = (unsigned)*n - 59;
		if ((size_t)(end - *p) < bytes)
			return false;
		for (*n = i = 0; i < bytes; i++)
			*n |= (size_t)*(*p)++ << 8 * i;
	}
	++*n;
	return *n <= (size_t)(end - *p);
}

/* Distance and length of a copy whose tag is at p; moves p behind it. */
static bool
copy_parameters(const uint8_t **p, const uint8_t *end, size_t *far, size_t *n)
{
	uint8_t tag = *(*p)++;
	unsigned bytes = (tag & 3) == 3 ? 4 : tag & 3, i;

	if ((size_t)(end - *p) < bytes)
		return false;
	for (*far = i = 0; i < bytes; i++)
		*far |= (size_t)*(*p)++ << 8 * i;
	*n = (size_t)(tag >> 2) + 1;
	if (bytes == 1) {
		*n = (size_t)(tag >> 2 & 7) + 4;
		*far |= (size_t)(tag >> 5) << 8;
	}
	return true;
}

/* Values of the form words_pack gives them, as long as they follow one another with room on both sides. */
static void
expand_values(uint8_t **outp, const uint8_t *begin, const uint8_t *limit, const uint8_t **pp, const uint8_t *end)
{
	uint8_t *out = *outp;
	const uint8_t *p = *pp;
	unsigned low, tag;
	size_t far;
	uint64_t mask;

	while (end - p >= 16 && limit - out >= SLOP) {
		if ((p[0] & 3) == 0) {
			low = (p[0] >> 2) + 1u;
			if (low > 4)
				break;
			tag = p[1 + low];
			far = (size_t)(tag >> 5) << 8 | p[2 + low];
			if ((tag & 3) != 1 || (tag >> 2 & 7) + 4 + low != WIDTH || far < WIDTH ||
			    far > (size_t)(out - begin))
				break;
			mask = UINT64_MAX << 8 * low;
			store64(out, (load64(p + 1) & ~mask) | (load64(out - far) & mask));
			p += 3 + low;
		} else {
			far = (size_t)(p[0] >> 5) << 8 | p[1];
			if ((p[0] & 0x1f) != (1 | (WIDTH - 4) << 2) || far < WIDTH || far > (size_t)(out - begin))
				break;
			store64(out, load64(out - far));
			p += 2;
		}
		out += WIDTH;
	}
	*outp = out;
	*pp = p;
}

bool
words_expand(uint8_t *out, size_t size, const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n, *begin = out, *limit = out + size;
	size_t len, far;

	if (!get_length(&p, end, &len) || len != size)
		return false;
	for (;;) {
		expand_values(&out, begin, limit, &p, end);
		if (p == end)
			break;
		if ((*p & 3) == 0) {
			if (!literal_length(&p, end, &len) || len > (size_t)(limit - out))
				return false;
			memcpy(out, p, len);
			p += len;
		} else {
			if (!copy_parameters(&p, end, &far, &len) || far == 0 || far > (size_t)(out - begin) ||
			    len > (size_t)(limit - out))
				return false;
			copy_back(out, far, len, limit);
		}
		out += len;
	}
	return out == limit;
}
