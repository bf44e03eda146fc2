/* Delta encoding in bit-packed miniblocks. */
#include <string.h>

#include "parquet/encode/bits.h"
#include "parquet/encode/dbp.h"
#include "parquet/format/varint.h"

enum { BLOCK = 128, MINIS = 4, PER_MINI = BLOCK / MINIS, MAX_BLOCK = 1 << 16 };

static bool
get_varint(struct dbp_in *d, uint64_t *v)
{
	return varint_get(&d->p, d->end, VARINT_MAX, v) == 1;
}

static bool
get_zigzag(struct dbp_in *d, uint64_t *v)
{
	if (!get_varint(d, v))
		return false;
	*v = (uint64_t)varint_unzigzag(*v);
	return true;
}

bool
dbp_open(struct dbp_in *d, const uint8_t *p, const uint8_t *end)
{
	uint64_t block;

	memset(d, 0, sizeof(*d));
	d->p = p;
	d->end = end;
	if (!get_varint(d, &block) || !get_varint(d, &d->minis) || !get_varint(d, &d->total) ||
	    !get_zigzag(d, &d->last))
		return false;
	if (block == 0 || block > MAX_BLOCK || d->minis == 0 || d->minis > block || block % d->minis != 0 ||
	    d->total > INT32_MAX)
		return false;
	d->per_mini = block / d->minis;
	d->left = d->total;
	d->first = true;
	d->mini = d->minis;
	return d->per_mini % 8 == 0;
}

/* Moves to the next miniblock. */
static bool
next_mini(struct dbp_in *d)
{
	size_t bytes;

	if (d->mini == d->minis) {
		if (!get_zigzag(d, &d->min) || (uint64_t)(d->end - d->p) < d->minis)
			return false;
		d->widths = d->p;
		d->p += d->minis;
		d->mini = 0;
	}
	d->width = d->widths[d->mini++];
	if (d->width > 64)
		return false;
	bytes = bits_bytes(d->per_mini, d->width);
	if ((size_t)(d->end - d->p) < bytes)
		return false;
	d->packed = d->p;
	d->p += bytes;
	d->at = 0;
	d->mini_left = d->per_mini;
	return true;
}

bool
dbp_next(struct dbp_in *d, int64_t *out, size_t n)
{
	uint64_t diff[256], last, min;
	size_t k, i;

	if (n > d->left)
		return false;
	d->left -= n;
	if (n > 0 && d->first) {
		*out++ = (int64_t)d->last;
		d->first = false;
		n--;
	}
	for (; n > 0; n -= k, out += k) {
		if (d->mini_left == 0 && !next_mini(d))
			return false;
		k = n < d->mini_left ? n : d->mini_left;
		k = k < 256 ? k : 256;
		bits_unpack64(diff, d->packed, d->p, d->at, k, d->width);
		last = d->last;
		min = d->min;
		for (i = 0; i < k; i++)
			out[i] = (int64_t)(last += min + diff[i]);
		d->last = last;
		d->at += k;
		d->mini_left -= k;
	}
	return true;
}

bool
dbp_skip(struct dbp_in *d)
{
	uint64_t n = d->left, k;

	if (n > 0 && d->first) {
		d->first = false;
		n--;
	}
	d->left = 0;
	for (; n > 0; n -= k, d->mini_left -= k) {
		if (d->mini_left == 0 && !next_mini(d))
			return false;
		k = n < d->mini_left ? n : d->mini_left;
	}
	return true;
}

/* ---- writing ---- */

/* Writes one block of up to 128 deltas; pads a partial miniblock with the minimum delta. */
static void
put_block(struct buf *out, const int64_t *v, size_t n, int64_t before, bool is32)
{
	int64_t diff[BLOCK], min = INT64_MAX;
	uint64_t rel[BLOCK] = { 0 }, most;
	size_t i, mini;
	uint8_t widths[MINIS] = { 0 };

	for (i = 0; i < n; before = v[i++]) {
		diff[i] = (int64_t)((uint64_t)v[i] - (uint64_t)before);
		if (is32)
			diff[i] = (int32_t)(uint32_t)diff[i];
		min = diff[i] < min ? diff[i] : min;
	}
	for (i = 0; i < n; i++) {
		rel[i] = (uint64_t)diff[i] - (uint64_t)min;
		if (is32)
			rel[i] = (uint32_t)rel[i];
	}
	for (mini = 0; mini * PER_MINI < n; mini++) {
		most = 0;
		for (i = mini * PER_MINI; i < (mini + 1) * PER_MINI; i++)
			most |= rel[i];
		widths[mini] = (uint8_t)bits_width(most);
	}
	varint_add(out, varint_zigzag(min));
	buf_add(out, widths, MINIS);
	for (mini = 0; mini * PER_MINI < n; mini++) {
		bits_pack64(buf_room(out, PER_MINI * 8 + 8), rel + mini * PER_MINI, PER_MINI, widths[mini]);
		out->len += bits_bytes(PER_MINI, widths[mini]);
	}
}

void
dbp_put(struct buf *out, const int64_t *v, size_t n, bool is32)
{
	size_t i, k;

	varint_add(out, BLOCK);
	varint_add(out, MINIS);
	varint_add(out, n);
	varint_add(out, varint_zigzag(n > 0 ? v[0] : 0));
	for (i = 1; i < n; i += k) {
		k = n - i < BLOCK ? n - i : BLOCK;
		put_block(out, v + i, k, v[i - 1], is32);
	}
}
