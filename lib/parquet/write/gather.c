/* Buffers rows: collects each column's values, byte values in a dictionary while that pays. */
#include <string.h>

#include "parquet/format/convert.h"
#include "parquet/write/writer.h"

enum {
	SLICE_ROWS = 8192,		/* rows buffered at a time */
	BLOCK = 1024			/* values compacted at a time */
};

/*
 * Appends the values of n entries, without the nulls; source and target may overlap if the target does not come
 * after the source.
 */
#define GATHER(type, from, field)						\
	do {									\
		type *out = (type *)(void *)buf_room(&c->data, n * sizeof *out);	\
		const from *in = v->v.field + at;				\
		for (i = 0; i < n; i++) {					\
			out[k] = (type)in[i];					\
			k += def[i] == most;					\
		}								\
		c->data.len += k * sizeof *out;					\
	} while (0)

#define COPY(type, from, field)							\
	do {									\
		type *out = (type *)(void *)buf_room(&c->data, n * sizeof *out);	\
		const from *in = v->v.field + at;				\
		if ((const void *)in != (const void *)out)			\
			for (i = 0; i < n; i++)					\
				out[i] = (type)in[i];				\
		c->data.len += n * sizeof *out;					\
	} while (0)

static void
take_all(struct out_column *c, const struct pq_vector *v, size_t at, size_t n)
{
	size_t i;

	switch (c->c->shape) {
	case PQ_U8: COPY(uint8_t, uint8_t, u8); break;
	case PQ_I32: COPY(int32_t, int32_t, i32); break;
	case PQ_I64:
		if (c->store == PQ_I32)
			COPY(int32_t, int64_t, i64);
		else
			COPY(int64_t, int64_t, i64);
		break;
	case PQ_I128: COPY(i128, i128, i128); break;
	case PQ_F32: COPY(float, float, f32); break;
	default: COPY(double, double, f64);
	}
	c->values += n;
}

void *
out_room(struct out_column *c, size_t rows)
{
	if (c->store == PQ_BYTES || c->store != c->c->shape || c->c->max_rep > 0)
		return NULL;
	return buf_room(&c->data, rows * convert_width(c->store));
}

/* A null at the end writes to the slot after the last value; buf_room reserved it. */
static void
take_present(struct out_column *c, const struct pq_vector *v, size_t at, size_t n)
{
	const uint8_t *def = v->def + at;
	uint8_t most = c->c->max_def;
	size_t i, k = 0;

	switch (c->c->shape) {
	case PQ_U8: GATHER(uint8_t, uint8_t, u8); break;
	case PQ_I32: GATHER(int32_t, int32_t, i32); break;
	case PQ_I64:
		if (c->store == PQ_I32)
			GATHER(int32_t, int64_t, i64);
		else
			GATHER(int64_t, int64_t, i64);
		break;
	case PQ_I128: GATHER(i128, i128, i128); break;
	case PQ_F32: GATHER(float, float, f32); break;
	default: GATHER(double, double, f64);
	}
	c->values += k;
}

/* Returns the range of a page: the last one, or a new one after it. */
static struct stats_range *
range_at(struct out_column *c, size_t page)
{
	struct stats_range *r;

	if (c->ranges.len == page * sizeof *r) {
		r = (struct stats_range *)(void *)buf_room(&c->ranges, sizeof *r);
		*r = (struct stats_range){ .any = false };
		c->ranges.len += sizeof *r;
	}
	return (struct stats_range *)(void *)c->ranges.p + page;
}

/* Appends values of fixed width and extends the ranges of their pages while the values are in the cache. */
static void
take_fixed(struct out_column *c, const struct pq_vector *v, size_t at, size_t n)
{
	size_t entry = c->entries, width = convert_width(c->store), value, k;
	bool all = v->def == NULL || c->c->max_def == 0;

	for (; n > 0; n -= k, at += k, entry += k) {
		k = c->page > 0 && n > c->page - entry % c->page ? c->page - entry % c->page : n;
		value = c->values;
		if (all)
			take_all(c, v, at, k);
		else
			take_present(c, v, at, k);
		if (c->page > 0)
			stats_add(range_at(c, entry / c->page), c->store, c->data.p + value * width, c->values - value);
	}
}

static void
add_raw(struct out_column *c, const struct pq_bytes *v, size_t n)
{
	uint32_t *lens = (uint32_t *)(void *)buf_room(&c->lens, n * sizeof *lens);
	size_t i, total = 0;
	uint8_t *p;

	for (i = 0; i < n; i++)
		total += lens[i] = (uint32_t)v[i].n;
	p = buf_room(&c->data, total);
	c->data.len += total;
	for (i = 0; i < n; p += v[i++].n)
		if (v[i].n > 0)
			memcpy(p, v[i].p, v[i].n);
	c->lens.len += n * sizeof *lens;
}

/* Gives up the dictionary: stores its values one after another instead. */
static void
leave_dictionary(struct out_column *c)
{
	const uint32_t *index = (const uint32_t *)(const void *)c->dict.index.p;
	struct pq_bytes v;
	size_t i;

	for (i = 0; i < c->dict.nvalues; i++) {
		v = dict_bytes_at(&c->dict, index[i]);
		add_raw(c, &v, 1);
	}
	dict_bytes_clear(&c->dict);
	c->in_dict = false;
}

static void
add_bytes(struct out_column *c, const struct pq_bytes *v, size_t n)
{
	size_t took = 0, i;

	for (i = 0; i < n; i++)
		c->bytes += v[i].n;
	if (c->in_dict && (took = dict_bytes_add(&c->dict, v, n)) < n)
		leave_dictionary(c);
	if (took < n)
		add_raw(c, v + took, n - took);
	c->values += n;
}

static void
take_bytes(struct out_column *c, const struct pq_vector *v, size_t at, size_t n)
{
	struct pq_bytes block[BLOCK];
	size_t i, j, k;

	if (v->def == NULL || c->c->max_def == 0) {
		add_bytes(c, v->v.bytes + at, n);
		return;
	}
	for (i = 0; i < n; i += BLOCK) {
		for (j = i, k = 0; j < n && j < i + BLOCK; j++)
			if (v->def[at + j] == c->c->max_def)
				block[k++] = v->v.bytes[at + j];
		add_bytes(c, block, k);
	}
}

/*
 * Returns room for n definition levels. They are stored from the first vector with levels on; fewer levels than
 * entries mean that all earlier ones were the maximum.
 */
static uint8_t *
level_room(struct out_column *c, size_t n)
{
	size_t missing = c->entries - c->def.len;

	memset(buf_room(&c->def, missing + n), c->c->max_def, missing + n);
	c->def.len += missing + n;
	return c->def.p + c->def.len - n;
}

void
out_complete(struct out_column *c)
{
	if (c->def.len > 0)
		level_room(c, 0);
}

static int
take(struct pq_writer *w, struct out_column *c, const struct pq_vector *v, size_t n, struct msg *err)
{
	size_t at = c->at, i;
	uint8_t most = 0;

	if (c->c->max_def > 0 && v->def != NULL) {
		uint8_t *def = level_room(c, n);

		memcpy(def, v->def + at, n);
		for (i = 0; i < n; i++)
			most = def[i] > most ? def[i] : most;
	}
	if (c->c->max_rep > 0) {
		uint8_t *rep = buf_room(&c->rep, n + 1);

		memcpy(rep, v->rep + at, n);
		for (i = 0; i < n; i++)
			if (rep[i] > c->c->max_rep)
				most = UINT8_MAX;
		c->rep.len += n;
	}
	if (most > c->c->max_def)
		return msg_set(err, EX_SOFTWARE, "%s: column %s: a level above the maximum", w->sink.name,
		    msg_quotes(c->c->path));
	if (c->store == PQ_BYTES)
		take_bytes(c, v, at, n);
	else
		take_fixed(c, v, at, n);
	c->entries += n;
	c->at += n;
	return 0;
}

/* Returns the number of entries of a vector's next rows. */
static size_t
entries_of(const struct out_column *c, const struct pq_vector *v, size_t rows)
{
	size_t i;

	if (c->c->max_rep == 0)
		return rows;
	for (i = c->at; i < v->n; i++)
		if (v->rep[i] == 0 && rows-- == 0)
			break;
	return i - c->at;
}

/* Returns true if n values have few bytes, none too long. Counts the slots of nulls too, whatever they hold. */
static bool
are_few(const struct pq_bytes *v, size_t n, size_t most)
{
	size_t total = 0, longest = 0, i;

	for (i = 0; i < n; i++) {
		total += v[i].n;
		longest |= v[i].n;
	}
	return longest <= most / SLICE_ROWS && total <= most;
}

/* Chooses how many of the next rows to take at once, so that their bytes are a fraction of the row group's limit. */
static int
slice(const struct pq_writer *w, size_t rows, const struct pq_vector *columns, size_t *take_rows, struct msg *err)
{
	size_t budget = w->opt.row_group_bytes / 8, bytes, i, k;
	const struct pq_vector *v;
	const struct out_column *c;

	if (rows > w->opt.row_group_rows - w->rows)
		rows = (size_t)(w->opt.row_group_rows - w->rows);
	rows = rows < SLICE_ROWS ? rows : SLICE_ROWS;
	for (i = 0; i < w->ncolumns; i++) {
		c = &w->columns[i];
		v = &columns[i];
		if (c->store != PQ_BYTES || c->c->max_rep > 0 || are_few(v->v.bytes + c->at, rows, budget))
			continue;
		for (k = bytes = 0; k < rows && bytes <= budget; k++) {
			if (v->def != NULL && c->c->max_def > 0 && v->def[c->at + k] != c->c->max_def)
				continue;
			if (v->v.bytes[c->at + k].n > OUT_MAX_VALUE)
				return msg_set(err, EX_DATAERR,
				    "%s: column %s: a value of %zu bytes; at most %d can be written", w->sink.name,
				    msg_quotes(c->c->path), v->v.bytes[c->at + k].n, OUT_MAX_VALUE);
			bytes += v->v.bytes[c->at + k].n;
		}
		rows = k;
	}
	*take_rows = rows;
	return 0;
}

int
out_check(const struct pq_writer *w, size_t rows, const struct pq_vector *columns, struct msg *err)
{
	const struct pq_vector *v;
	size_t i;

	for (i = 0; i < w->ncolumns; i++) {
		v = &columns[i];
		if (w->columns[i].c->max_rep == 0 ? v->n != rows : v->n < rows || v->rep == NULL ||
		    (v->n > 0 && v->rep[0] != 0))
			return msg_set(err, EX_SOFTWARE, "%s: column %s: %zu entries for %zu rows", w->sink.name,
			    msg_quotes(w->columns[i].c->path), v->n, rows);
	}
	return 0;
}

int
out_take(struct pq_writer *w, size_t rows, const struct pq_vector *columns, size_t *taken, struct msg *err)
{
	size_t i;

	if (slice(w, rows, columns, taken, err) == -1)
		return -1;
	for (i = 0; i < w->ncolumns; i++)
		if (take(w, &w->columns[i], &columns[i], entries_of(&w->columns[i], &columns[i], *taken), err) == -1)
			return -1;
	w->rows += *taken;
	return 0;
}
