/*
 * Converts vectors to records, a block of rows at a time. First encodes the short values of each column into slots
 * (fill.c), then copies the slots to records row by row, each value with one fixed-size store. A column that has a
 * long or invalid value in the block is encoded in the second step; only put_value reports an invalid value.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "table/from.h"

/* FIXED_MAX: a number, the slack that put_int needs, and a TAB */
enum { BATCH_BYTES = 1 << 20, FIXED_MAX = VAL_WIDE_MAX + 16 };

struct table_from {
	struct from_column *columns;
	size_t n;
	struct buf bytes;		/* the records of the batch, followed by VAL_PAD bytes */
	uint32_t *off;			/* owned */
	uint64_t *hash;			/* owned */
};

struct table_from *
table_from_new(const struct table_source *sources, size_t n)
{
	struct table_from *t = xcalloc(1, sizeof(*t));
	size_t i;

	t->n = n;
	t->columns = xcalloc(n, sizeof(*t->columns));
	t->off = xcalloc(TABLE_CHUNK * n + 1, sizeof(*t->off));
	t->hash = xcalloc(TABLE_CHUNK, sizeof(*t->hash));
	for (i = 0; i < n; i++)
		t->columns[i] = (struct from_column){ .source = sources[i],
		    .shape = pq_shape(sources[i].type, sources[i].precision),
		    .limit = sources[i].type == PQ_DECIMAL ? num_pow10(sources[i].precision) : 0 };
	return t;
}

void
table_from_free(struct table_from *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++) {
		free(t->columns[i].dict);
		buf_free(&t->columns[i].text);
	}
	free(t->columns);
	free(t->off);
	free(t->hash);
	buf_free(&t->bytes);
	free(t);
}

/* ---- strings ---- */

/* Encodes a string at `out`, which has room for 2 * n + 1 bytes. Returns its end, or NULL for invalid UTF-8. */
static uint8_t *
put_string(uint8_t *out, struct pq_bytes b)
{
	if (!utf8_ok(b.p, b.n))
		return NULL;
	return out + val_put_string(out, b.p, b.n);
}

static int
not_utf8(const struct from_column *c, struct pq_bytes b, struct msg *err)
{
	return msg_set(err, EX_DATAERR, "%s: not UTF-8: %s", c->source.name, msg_quote(b.p, b.n));
}

/* Encodes a vector's dictionary once. */
static int
encode_dict(struct from_column *c, const struct pq_vector *v, struct msg *err)
{
	size_t i, total = 0;
	uint8_t *p, *end;

	c->serial = 0;
	c->dict_short = true;
	for (i = 0; i < v->dict_n; i++)
		total += 2 * v->v.bytes[i].n + 2;
	c->text.len = 0;
	p = buf_room(&c->text, total + SLOT);
	c->dict = xreallocarray(c->dict, v->dict_n, sizeof(*c->dict));
	for (i = 0; i < v->dict_n; i++, p = end) {
		if ((end = put_string(p, v->v.bytes[i])) == NULL)
			return not_utf8(c, v->v.bytes[i], err);
		c->dict[i] = (struct pq_bytes){ p, (size_t)(end - p) };
		c->dict_short = c->dict_short && end - p < SLOT;
		*end++ = '\t';
	}
	c->serial = v->dict_serial;
	return 0;
}

/* ---- records ---- */

/* Makes room for n bytes and padding at p; returns p, which may have moved. */
static inline uint8_t *
room(struct table_from *t, uint8_t *p, size_t n)
{
	t->bytes.len = (size_t)(p - t->bytes.p);
	if (t->bytes.cap - t->bytes.len < n + VAL_PAD)
		return buf_room(&t->bytes, n + VAL_PAD);
	return p;
}

static uint8_t *
put_text(struct table_from *t, struct from_column *c, const struct pq_vector *v, size_t row, uint8_t *p,
    struct msg *err)
{
	struct pq_bytes b;

	if (v->index != NULL) {
		b = c->dict[v->index[row]];
		p = room(t, p, b.n + 1);
		memcpy(p, b.p, b.n);
		return p + b.n;
	}
	b = v->v.bytes[row];
	p = put_string(room(t, p, 2 * b.n + 2), b);
	if (p == NULL)
		(void)not_utf8(c, b, err);
	return p;
}

static inline uint8_t *
put_narrow(const struct from_column *c, int64_t v, uint8_t *p, struct msg *err)
{
	if (c->limit != 0 && __builtin_expect(v >= c->limit || v <= -c->limit, 0)) {
		msg_set(err, EX_DATAERR, "%s: a decimal of more than %u digits", c->source.name, c->source.precision);
		return NULL;
	}
	return put_int(p, v);
}

static uint8_t *
put_wide(const struct from_column *c, i128 v, uint8_t *p, struct msg *err)
{
	if (c->limit != 0 && (v >= c->limit || v <= -c->limit)) {
		msg_set(err, EX_DATAERR, "%s: a decimal of more than %u digits", c->source.name, c->source.precision);
		return NULL;
	}
	return p + val_put_wide(p, v);
}

static uint8_t *
misplaced_null(const struct from_column *c, struct msg *err)
{
	msg_set(err, EX_DATAERR, "%s: null, which the schema does not allow", c->source.name);
	return NULL;
}

/* Encodes a row's value at p. Returns its end, or NULL with err filled. */
static inline uint8_t *
put_value(struct table_from *t, struct from_column *c, const struct pq_vector *v, size_t row, uint8_t *p,
    struct msg *err)
{
	if (v->def != NULL && !v->def[row]) {
		*p = VAL_NULL;
		return c->source.required ? misplaced_null(c, err) : p + 1;
	}
	switch (c->shape) {
	case PQ_U8:
		return p + val_put_bool(p, v->v.u8[row] != 0);
	case PQ_I32:
		return put_int(p, v->v.i32[row]);
	case PQ_I64:
		return put_narrow(c, v->v.i64[row], p, err);
	case PQ_I128:
		return put_wide(c, v->v.i128[row], p, err);
	case PQ_F32:
		return p + val_put_float(p, (double)v->v.f32[row]);
	case PQ_F64:
		return p + val_put_float(p, v->v.f64[row]);
	case PQ_BYTES:
		break;
	}
	return put_text(t, c, v, row, p, err);
}

/* ---- blocks ---- */

/*
 * Joins slots to records and fills in the fields' offsets; returns the end. Computes where each record begins in
 * advance, so that no store depends on the record before.
 */
static uint8_t *
join_slots(const struct table_from *t, size_t n, uint8_t *p, uint32_t *off)
{
	uint8_t *base = t->bytes.p;
	uint32_t start[BLOCK + 1] = { 0 }, at;
	size_t i, k;

	for (i = 0; i < t->n; i++)
		for (k = 0; k < BLOCK; k++)
			start[k + 1] += t->columns[i].length[k];
	start[0] = (uint32_t)(p - base);
	for (k = 0; k < n; k++) {
		start[k + 1] += start[k];
		for (i = 0, at = start[k]; i < t->n; i++) {
			const struct from_column *c = &t->columns[i];

			*off++ = at;
			memcpy(base + at, c->slot + k * c->stride, SLOT);
			at += c->length[k];
		}
		base[at - 1] = '\n';
	}
	return base + start[n];
}

/* Joins a record of which some values are in slots. Returns its end, or NULL with err filled. */
static uint8_t *
join_values(struct table_from *t, const struct pq_vector *vectors, size_t k, size_t row, uint8_t *p, uint32_t *off,
    struct msg *err)
{
	size_t i;

	p = room(t, p, t->n * FIXED_MAX);
	for (i = 0; i < t->n; i++) {
		struct from_column *c = &t->columns[i];

		*off++ = (uint32_t)(p - t->bytes.p);
		if (c->ready) {
			memcpy(p, c->slot + k * c->stride, SLOT);
			p += c->length[k];
			continue;
		}
		if ((p = put_value(t, c, &vectors[c->source.vector], row, p, err)) == NULL)
			return NULL;
		if (c->shape == PQ_BYTES)
			p = room(t, p, (t->n - i) * FIXED_MAX);
		*p++ = '\t';
	}
	p[-1] = '\n';
	return p;
}

static int
encode_dicts(struct table_from *t, const struct pq_vector *vectors, struct msg *err)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		const struct pq_vector *v = &vectors[t->columns[i].source.vector];

		if (v->index != NULL && t->columns[i].serial != v->dict_serial &&
		    encode_dict(&t->columns[i], v, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * Writes the rows of a block as records, starting at record `at` and at *end, which it advances. Returns how many
 * fit; 0 with err filled.
 */
static size_t
put_block(struct table_from *t, const struct pq_vector *vectors, const uint32_t *rows, size_t n, size_t at,
    uint8_t **end, struct msg *err)
{
	uint8_t *p = *end;
	uint32_t *off = t->off + at * t->n;
	bool all = true;
	size_t i, k;

	for (i = 0; i < t->n; i++) {
		struct from_column *c = &t->columns[i];

		c->ready = from_fill(c, &vectors[c->source.vector], rows, n);
		all = all && c->ready;
	}
	if (all)
		p = join_slots(t, n, room(t, p, n * t->n * SLOT), off);
	for (k = 0; !all && k < n && (k == 0 || p - t->bytes.p < BATCH_BYTES); k++)
		if ((p = join_values(t, vectors, k, rows[k], p, off + k * t->n, err)) == NULL)
			return 0;
	n = all ? n : k;
	off[n * t->n] = (uint32_t)(p - t->bytes.p);
	for (k = 0; k < n; k++, off += t->n)
		t->hash[at + k] = hash_bytes(t->bytes.p + off[0], off[t->n] - off[0] - 1);
	*end = p;
	return n;
}

size_t
table_to_records(struct table_from *t, const struct pq_vector *vectors, size_t row, size_t rows, const uint8_t *drop,
    struct rec_batch *b, struct msg *err)
{
	uint32_t block[BLOCK];
	uint8_t *p;
	size_t n = 0, wanted, done;

	if (encode_dicts(t, vectors, err) < 0)
		return 0;
	t->bytes.len = 0;
	t->off[0] = 0;
	p = room(t, t->bytes.p, BATCH_BYTES);
	while (row < rows && n < TABLE_CHUNK && p - t->bytes.p < BATCH_BYTES) {
		for (wanted = 0; row < rows && wanted < BLOCK && n + wanted < TABLE_CHUNK; row++) {
			block[wanted] = (uint32_t)row;
			wanted += drop == NULL || !drop[row];
		}
		if (wanted == 0)
			break;
		if ((done = put_block(t, vectors, block, wanted, n, &p, err)) == 0)
			return 0;
		n += done;
		if (done < wanted)
			row = block[done];
	}
	*b = (struct rec_batch){ .n = n, .first = 1, .base = t->bytes.p, .off = t->off, .stride = t->n,
	    .hash = t->hash };
	return row;
}
