#include "delta/data/data.h"
#include "delta/data/dv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MAGIC = 1681511377, COOKIE = 12346, COOKIE_RUNS = 12347, OFFSETS_FROM = 4, ARRAY_MAX = 4096,
    BITSET_BYTES = 8192 };

/* ---- the bitmap: little-endian, 64-bit Roaring as a list of 32-bit ones ---- */

struct bits {			/* the input left and the rows decoded */
	const uint8_t *p, *end;
	uint64_t *rows;
	size_t n, max;
};

static bool
have(const struct bits *b, size_t n)
{
	return (size_t)(b->end - b->p) >= n;
}

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t
get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static bool
emit(struct bits *b, uint64_t row)
{
	if (b->n == b->max || (b->n > 0 && b->rows[b->n - 1] >= row))
		return false;		/* more rows than the cardinality, or not ascending */
	b->rows[b->n++] = row;
	return true;
}

static bool
array_container(struct bits *b, uint64_t base, uint32_t cardinality)
{
	if (!have(b, 2 * (size_t)cardinality))
		return false;
	for (uint32_t i = 0; i < cardinality; i++, b->p += 2)
		if (!emit(b, base | get16(b->p)))
			return false;
	return true;
}

static bool
bitset_container(struct bits *b, uint64_t base, uint32_t cardinality)
{
	size_t before = b->n;

	if (!have(b, BITSET_BYTES))
		return false;
	for (uint64_t word = 0; word < BITSET_BYTES / 8; word++, b->p += 8)
		for (uint64_t w = get64(b->p); w != 0; w &= w - 1)
			if (!emit(b, base | (word * 64 + (uint64_t)__builtin_ctzll(w))))
				return false;
	return b->n - before == cardinality;
}

static bool
run_container(struct bits *b, uint64_t base, uint32_t cardinality)
{
	size_t before = b->n;
	uint32_t runs, start, length;

	if (!have(b, 2))
		return false;
	runs = get16(b->p);
	b->p += 2;
	if (!have(b, 4 * (size_t)runs))
		return false;
	for (; runs > 0; runs--, b->p += 4) {
		start = get16(b->p);
		length = get16(b->p + 2);
		if (start + length > UINT16_MAX)
			return false;
		for (uint32_t v = start; v <= start + length; v++)
			if (!emit(b, base | v))
				return false;
	}
	return b->n - before == cardinality;
}

/* Decodes a 32-bit bitmap in the portable format of RoaringFormatSpec. */
static bool
bucket(struct bits *b, uint64_t high)
{
	const uint8_t *heads, *run_flags = NULL;
	uint32_t containers, cookie, cardinality, i;
	uint64_t base;
	bool run, fine;

	if (!have(b, 4))
		return false;
	cookie = get32(b->p);
	b->p += 4;
	if ((cookie & 0xffff) == COOKIE_RUNS) {
		containers = (cookie >> 16) + 1;
		if (!have(b, (containers + 7) / 8))
			return false;
		run_flags = b->p;
		b->p += (containers + 7) / 8;
	} else {
		if (cookie != COOKIE || !have(b, 4) || (containers = get32(b->p)) > 65536)
			return false;
		b->p += 4;
	}
	if (!have(b, 4 * (size_t)containers))
		return false;
	heads = b->p;
	b->p += 4 * (size_t)containers;
	if (run_flags == NULL || containers >= OFFSETS_FROM) {
		if (!have(b, 4 * (size_t)containers))
			return false;
		/* skip the offsets: containers follow each other in order */
		b->p += 4 * (size_t)containers;
	}
	for (i = 0; i < containers; i++) {
		base = high << 32 | (uint64_t)get16(heads + 4 * i) << 16;
		cardinality = (uint32_t)get16(heads + 4 * i + 2) + 1;
		run = run_flags != NULL && (run_flags[i / 8] >> i % 8 & 1) != 0;
		fine = run ? run_container(b, base, cardinality) :
		    cardinality <= ARRAY_MAX ? array_container(b, base, cardinality) :
		    bitset_container(b, base, cardinality);
		if (!fine)
			return false;
	}
	return true;
}

int
delta_dv_parse(const uint8_t *p, size_t size, int64_t cardinality, uint64_t **rows, size_t *n, struct msg *err)
{
	struct bits b = { .p = p, .end = p + size };
	uint64_t buckets, k;

	*rows = NULL;
	*n = 0;
	/* Plausibility: a bitmap of this size cannot have more rows, as a run of four bytes has at most 65536. */
	if (cardinality < 0 || (uint64_t)cardinality > (uint64_t)size * 16384)
		return msg_set(err, EX_DATAERR, "deletion vector: %" PRId64 " rows in %zu bytes", cardinality, size);
	if (!have(&b, 12) || get32(b.p) != MAGIC)
		return msg_set(err, EX_DATAERR, "deletion vector: unknown bitmap format");
	buckets = get64(b.p + 4);
	b.p += 12;
	b.max = (size_t)cardinality;
	b.rows = xreallocarray(NULL, b.max, sizeof(*b.rows));
	for (k = 0; k < buckets; k++) {
		uint64_t high;

		if (!have(&b, 4) || (high = get32(b.p)) >> 31 != 0)
			break;
		b.p += 4;
		if (!bucket(&b, high))
			break;
	}
	if (k < buckets || b.p != b.end || b.n != b.max) {
		free(b.rows);
		return msg_set(err, EX_DATAERR, "deletion vector: damaged, or not of %" PRId64 " rows", cardinality);
	}
	*rows = b.rows;
	*n = b.n;
	return 0;
}

/* ---- writing a bitmap: in the portable format without runs, which every reader knows ---- */

static void
put_le(struct buf *out, uint64_t v, unsigned bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		buf_addc(out, (uint8_t)v);
}

/* Returns the end of the rows from `at` on that are equal but for their lowest `bits` bits. */
static size_t
run_end(const uint64_t *rows, size_t at, size_t n, unsigned bits)
{
	size_t i;

	for (i = at + 1; i < n && rows[i] >> bits == rows[at] >> bits; i++)
		;
	return i;
}

static size_t
container_bytes(size_t rows)
{
	return rows <= ARRAY_MAX ? 2 * rows : BITSET_BYTES;
}

static void
put_rows(struct buf *out, const uint64_t *rows, size_t n)
{
	uint8_t *bits;
	size_t i;

	if (n <= ARRAY_MAX) {
		for (i = 0; i < n; i++)
			put_le(out, rows[i] & UINT16_MAX, 2);
		return;
	}
	bits = buf_room(out, BITSET_BYTES);
	memset(bits, 0, BITSET_BYTES);
	for (i = 0; i < n; i++)
		bits[(rows[i] & UINT16_MAX) / 8] |= (uint8_t)(1 << rows[i] % 8);
	out->len += BITSET_BYTES;
}

/* Puts rows with equal upper 32 bits as a 32-bit bitmap: its containers' keys and sizes, their offsets, their rows. */
static void
put_bucket(struct buf *out, const uint64_t *rows, size_t n)
{
	size_t containers = 0, i, end, offset;

	for (i = 0; i < n; i = run_end(rows, i, n, 16))
		containers++;
	put_le(out, COOKIE, 4);
	put_le(out, containers, 4);
	for (i = 0; i < n; i = end) {
		end = run_end(rows, i, n, 16);
		put_le(out, rows[i] >> 16 & UINT16_MAX, 2);
		put_le(out, end - i - 1, 2);
	}
	offset = 8 + 8 * containers;
	for (i = 0; i < n; i = end) {
		end = run_end(rows, i, n, 16);
		put_le(out, offset, 4);
		offset += container_bytes(end - i);
	}
	for (i = 0; i < n; i = end) {
		end = run_end(rows, i, n, 16);
		put_rows(out, rows + i, end - i);
	}
}

void
delta_dv_put(struct buf *out, const uint64_t *rows, size_t n)
{
	size_t buckets = 0, i, end;

	for (i = 0; i < n; i = run_end(rows, i, n, 32))
		buckets++;
	put_le(out, MAGIC, 4);
	put_le(out, buckets, 8);
	for (i = 0; i < n; i = end) {
		end = run_end(rows, i, n, 32);
		put_le(out, rows[i] >> 32, 4);
		put_bucket(out, rows + i, end - i);
	}
}

/* ---- location ---- */

static uint32_t
get32_big(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Reads a vector's bitmap from its file: it follows its size and precedes its CRC-32. */
static int
from_file(struct store *s, const struct delta_dv *dv, const char *name, struct buf *out, struct msg *err)
{
	struct store_in in;
	uint8_t size[4], crc[4], version;
	uint8_t *p;
	int failed;

	if (store_in_open(s, name, &in, err) < 0)
		return -1;
	if (dv->size < 0 || dv->offset < 0 || (uint64_t)dv->size > in.size || (uint64_t)dv->offset > in.size) {
		failed = msg_set(err, EX_DATAERR,
		    "%s: file too short for a deletion vector of %" PRId64 " bytes at %" PRId64, in.path, dv->size,
		    dv->offset);
	} else {
		p = buf_room(out, (size_t)dv->size);
		failed = store_in_read(&in, 0, &version, 1, err) < 0 ||
		    store_in_read(&in, (uint64_t)dv->offset, size, 4, err) < 0 ||
		    store_in_read(&in, (uint64_t)dv->offset + 4, p, (size_t)dv->size, err) < 0 ||
		    store_in_read(&in, (uint64_t)(dv->offset + 4 + dv->size), crc, 4, err) < 0 ? -1 : 0;
		out->len += (size_t)dv->size;
		if (!failed && (version != 1 || get32_big(size) != (uint64_t)dv->size ||
		    get32_big(crc) != (uint32_t)crc32(0, p, (uInt)dv->size)))
			failed = msg_set(err, EX_DATAERR, "%s: deletion vector at %" PRId64 ": damaged", in.path,
			    dv->offset);
	}
	store_in_close(&in);
	return failed;
}

int
delta_dv_read(struct store *s, const struct delta_dv *dv, uint64_t **rows, size_t *n, struct msg *err)
{
	struct buf bitmap = { 0 }, name = { 0 };
	bool fine = true;
	int failed = 0;

	if (dv->storage == 'i') {
		fine = delta_z85(&bitmap, dv->path_or_inline, strlen(dv->path_or_inline)) && dv->size >= 0 &&
		    (uint64_t)dv->size <= bitmap.len;
		if (fine)
			bitmap.len = (size_t)dv->size;
	} else {
		fine = delta_dv_name(dv, store_address(s), &name);
	}
	if (!fine)
		failed = msg_set(err, EX_DATAERR, "deletion vector: invalid path or inline data: %c%s", dv->storage,
		    msg_quotes(dv->path_or_inline));
	else if (dv->storage != 'i')
		failed = from_file(s, dv, buf_cstr(&name), &bitmap, err);
	if (!failed)
		failed = delta_dv_parse(bitmap.p, bitmap.len, dv->cardinality, rows, n, err);
	buf_free(&bitmap);
	buf_free(&name);
	return failed;
}

int
delta_file_gone(struct delta_table *t, const struct delta_file *f, uint64_t **rows, size_t *n, struct msg *err)
{
	struct msg why = { 0 };

	*rows = NULL;
	*n = 0;
	if (f->dv == NULL || delta_dv_read(t->store, f->dv, rows, n, &why) == 0)
		return 0;
	return msg_set(err, why.status, "%s/%s: %s", t->address, f->name, why.text);
}
