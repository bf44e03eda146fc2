/* Snappy compression (format: its project's format_description.txt) by decimals of 8 to 16 bytes. */
#include "parquet/encode/decimals.h"

#include "parquet/format/load.h"
#include "parquet/format/varint.h"
#include "simd/snappy.h"

enum {
	SLOTS = 1024,		/* hash table from high bytes to the last value with them */
	SHORT_COPY = 11,	/* maximum bytes of a 2-byte copy */
	LONG_COPY = 64,		/* maximum bytes of a 3-byte copy */
	FAST = 16		/* bytes that a short literal may write past its end */
};

size_t
decimals_room(size_t n)
{
	return n + 64;		/* a copy plus the following literal never takes more than the bytes it encodes */
}

/* Returns the length of the common prefix of two values. */
static inline size_t
common(const uint8_t *a, const uint8_t *b, size_t width)
{
	uint64_t x = load_u64(a) ^ load_u64(b);

	if (x != 0)
		return (size_t)__builtin_ctzll(x) / 8;
	x = load_u64(a + width - 8) ^ load_u64(b + width - 8);
	return x != 0 ? width - 8 + (size_t)__builtin_ctzll(x) / 8 : width;
}

/* Hashes all bytes but the last two. */
static inline size_t
slot_of(const uint8_t *p, size_t width)
{
	uint64_t high = load_u64(p), low = load_u64(p + width - 8) << 16;

	return (size_t)(((high ^ low >> 32) * UINT64_C(0x9e3779b97f4a7c15) ^ low) * UINT64_C(0xc4ceb9fe1a85ec53) >> 54);
}

/* Writes the pending literal up to `to`. */
static inline uint8_t *
put_waiting(uint8_t *out, const uint8_t *waits, const uint8_t *to, const uint8_t *end)
{
	size_t n = (size_t)(to - waits);

	if (n > FAST || end - waits < FAST)
		return snappy_put_literal(out, waits, n);
	*out = (uint8_t)((n - 1) << 2);
	store_u64(out + 1, load_u64(waits));
	store_u64(out + 9, load_u64(waits + 8));
	return out + (n > 0 ? 1 + n : 0);
}

static inline uint8_t *
put_copy(uint8_t *out, size_t n, size_t far)
{
	store_u64(out, n <= SHORT_COPY ? snappy_copy((unsigned)n, far) : 2 | (n - 1) << 2 | far << 8);
	return out + (n <= SHORT_COPY ? 2 : 3);
}

/* Extends a copy of a whole value by the following bytes that match at the same distance. */
static inline size_t
extend(const uint8_t *at, const uint8_t *end, size_t far, size_t width)
{
	size_t n = width;

	while (n + width <= LONG_COPY && (size_t)(end - at) >= n + width &&
	    common(at + n, at + n - far, width) == width)
		n += width;
	return n;
}

/*
 * Takes the first bytes of each value from the previous value, or from the last with equal bytes except two,
 * whichever matches longer. The remaining bytes join a literal that is pending until the next copy.
 */
size_t
decimals_pack(uint8_t *out, const uint8_t *p, size_t n, size_t skip, size_t width)
{
	const uint8_t *begin = out, *values = p + skip, *end = p + n, *waits = p, *at, *from;
	uint32_t places[SLOTS] = { 0 };		/* offset after `values` of the last value in each slot */
	size_t i, same, other, far, slot;

	out = varint_put(out, n);
	for (i = skip + width; i + width <= n; i += width) {
		at = p + i;
		same = common(at, at - width, width);
		far = width;
		if (same + 1 < width) {
			slot = slot_of(at, width);
			from = values + places[slot];
			places[slot] = (uint32_t)(at - values);
			other = common(at, from, width);
			if (other > same && at - from < SNAPPY_NEAR) {
				same = other;
				far = (size_t)(at - from);
			}
		}
		if (same < SNAPPY_LEAST)
			continue;
		out = put_waiting(out, waits, at, end);
		if (same == width) {
			same = extend(at, end, far, width);
			i += same - width;
		}
		out = put_copy(out, same, far);
		waits = at + same;
	}
	out = snappy_put_literal(out, waits, (size_t)(end - waits));
	return (size_t)(out - begin);
}
