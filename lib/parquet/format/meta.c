/* Footers and page headers: parquet.thrift, clauses FileMetaData and PageHeader. */
#include <string.h>

#include "parquet/format/meta.h"
#include "parquet/format/thrift.h"

/* ---- reading ---- */

/* Above what any real file has; limits the memory that tiny elements (1 or 2 bytes each) can claim. */
enum { MOST_ELEMENTS = 1 << 18, MOST_KEYS = 1 << 16 };

/*
 * Makes room for one more element of an array in the pool; doubles its capacity, so that a count without bytes to
 * match allocates little.
 */
static void *
pool_grow(struct pool *pool, void *old, size_t n, size_t *cap, size_t size)
{
	void *p;

	if (n < *cap)
		return old;
	*cap = *cap == 0 ? 8 : *cap * 2;
	p = pool_alloc(pool, *cap * size);
	if (n > 0)
		memcpy(p, old, n * size);
	return p;
}

static void
parse_unit(struct thrift_in *in, uint8_t type, struct meta_element *e)
{
	struct thrift_field f = { 0, 0 };

	if (!thrift_struct(in, type))
		return;
	while (thrift_next(in, &f)) {
		e->unit = f.id;
		thrift_skip(in, f.type);
	}
}

/* Parses the parameters of logical types that have some. */
static void
parse_logical_parameters(struct thrift_in *in, uint8_t type, struct meta_element *e)
{
	struct thrift_field f = { 0, 0 };
	bool time = e->logical == META_LOGICAL_TIME || e->logical == META_LOGICAL_TIMESTAMP;

	if (!thrift_struct(in, type))
		return;
	while (thrift_next(in, &f)) {
		if (e->logical == META_LOGICAL_DECIMAL && f.id == 1)
			e->logical_scale = thrift_int32(in, f.type);
		else if (e->logical == META_LOGICAL_DECIMAL && f.id == 2)
			e->logical_precision = thrift_int32(in, f.type);
		else if (time && f.id == 1)
			e->utc = thrift_bool(in, f.type);
		else if (time && f.id == 2)
			parse_unit(in, f.type, e);
		else if (e->logical == META_LOGICAL_INTEGER && f.id == 1)
			e->bits = thrift_int32(in, f.type);
		else if (e->logical == META_LOGICAL_INTEGER && f.id == 2)
			e->is_signed = thrift_bool(in, f.type);
		else
			thrift_skip(in, f.type);
	}
}

static void
parse_logical(struct thrift_in *in, uint8_t type, struct meta_element *e)
{
	struct thrift_field f = { 0, 0 };

	if (!thrift_struct(in, type))
		return;
	while (thrift_next(in, &f)) {
		e->logical = f.id;
		parse_logical_parameters(in, f.type, e);
	}
}

static void
parse_element(struct thrift_in *in, struct meta_element *e)
{
	struct thrift_field f = { 0, 0 };

	*e = (struct meta_element){ .type = META_GROUP, .converted = META_CONV_NONE, .repetition = -1, .id = PQ_NO_ID,
	    .scale = 0, .precision = -1 };
	while (thrift_next(in, &f)) {
		switch (f.id) {
		case 1: e->type = thrift_int32(in, f.type); break;
		case 2: e->type_length = thrift_int32(in, f.type); break;
		case 3: e->repetition = thrift_int32(in, f.type); break;
		case 4: e->name = thrift_bytes(in, f.type); break;
		case 5: e->children = thrift_int32(in, f.type); break;
		case 6: e->converted = thrift_int32(in, f.type); break;
		case 7: e->scale = thrift_int32(in, f.type); break;
		case 8: e->precision = thrift_int32(in, f.type); break;
		case 9: e->id = thrift_int32(in, f.type); break;
		case 10: parse_logical(in, f.type, e); break;
		default: thrift_skip(in, f.type);
		}
	}
}

static void
parse_schema(struct thrift_in *in, uint8_t type, struct meta_file *m)
{
	uint8_t elem;
	size_t n = thrift_list(in, type, &elem), cap = 0;

	if (n > MOST_ELEMENTS)
		in->bad = true;
	for (; n > 0 && thrift_struct(in, elem); n--) {
		m->elements = pool_grow(&m->pool, m->elements, m->nelements, &cap, sizeof(*m->elements));
		parse_element(in, &m->elements[m->nelements]);
		if (m->nelements > 0 && m->elements[m->nelements].type != META_GROUP)
			m->nleaves++;
		m->nelements++;
	}
}

static void
parse_stats(struct thrift_in *in, uint8_t type, struct meta_stats *s)
{
	struct thrift_field f = { 0, 0 };

	*s = (struct meta_stats){ .nulls = -1, .nans = -1, .min_exact = -1, .max_exact = -1 };
	if (!thrift_struct(in, type))
		return;
	while (thrift_next(in, &f)) {
		switch (f.id) {
		case 1: s->old_max = thrift_bytes(in, f.type); break;
		case 2: s->old_min = thrift_bytes(in, f.type); break;
		case 3: s->nulls = thrift_int(in, f.type); break;
		case 5: s->max = thrift_bytes(in, f.type); break;
		case 6: s->min = thrift_bytes(in, f.type); break;
		case 7: s->max_exact = thrift_bool(in, f.type); break;
		case 8: s->min_exact = thrift_bool(in, f.type); break;
		case 9: s->nans = thrift_int(in, f.type); break;
		default: thrift_skip(in, f.type);
		}
	}
}

static void
parse_encodings(struct thrift_in *in, uint8_t type, struct meta_chunk *c)
{
	uint8_t elem;
	size_t n = thrift_list(in, type, &elem);
	int64_t v;

	for (; n > 0 && !in->bad; n--)
		if ((v = thrift_int(in, elem)) >= 0 && v < 32)
			c->encodings |= UINT32_C(1) << v;
}

/* Returns true if all required fields are present. */
static bool
parse_chunk_meta(struct thrift_in *in, uint8_t type, struct meta_chunk *c)
{
	struct thrift_field f = { 0, 0 };
	unsigned seen = 0;

	if (!thrift_struct(in, type))
		return false;
	while (thrift_next(in, &f)) {
		if (f.id > 0 && f.id < 32)
			seen |= 1u << f.id;
		switch (f.id) {
		case 1: c->type = thrift_int32(in, f.type); break;
		case 2: parse_encodings(in, f.type, c); break;
		case 4: c->codec = thrift_int32(in, f.type); break;
		case 5: c->num_values = thrift_int(in, f.type); break;
		case 6: c->uncompressed = thrift_int(in, f.type); break;
		case 7: c->compressed = thrift_int(in, f.type); break;
		case 9: c->data_offset = thrift_int(in, f.type); break;
		case 11: c->dict_offset = thrift_int(in, f.type); break;
		case 12: parse_stats(in, f.type, &c->stats); break;
		default: thrift_skip(in, f.type);
		}
	}
	return (seen & 0x2b2) == 0x2b2;	/* type, codec, number of values, compressed size, offset */
}

static void
parse_chunk(struct thrift_in *in, struct meta_chunk *c)
{
	struct thrift_field f = { 0, 0 };
	bool whole = false;

	memset(c, 0, sizeof(*c));
	c->stats = (struct meta_stats){ .nulls = -1, .nans = -1, .min_exact = -1, .max_exact = -1 };
	while (thrift_next(in, &f)) {
		switch (f.id) {
		case 1: c->has_file = thrift_bytes(in, f.type).n > 0; break;
		case 3: whole = parse_chunk_meta(in, f.type, c); break;
		case 4: c->offset_index = thrift_int(in, f.type); break;
		case 5: c->offset_index_len = thrift_int32(in, f.type); break;
		case 6: c->column_index = thrift_int(in, f.type); break;
		case 7: c->column_index_len = thrift_int32(in, f.type); break;
		case 8: c->encrypted = true; thrift_skip(in, f.type); break;
		default: thrift_skip(in, f.type);
		}
	}
	if (!whole && !c->encrypted)
		in->bad = true;
}

/* Parses column chunks. There are as many as leaves, so the schema's size in the footer bounds their memory. */
static void
parse_chunks(struct thrift_in *in, uint8_t type, struct meta_file *m, struct meta_group *g)
{
	uint8_t elem;
	size_t n = thrift_list(in, type, &elem), i;

	if (n != m->nleaves || g->chunks != NULL) {
		in->bad = true;
		return;
	}
	if (n > 0)
		g->chunks = pool_alloc(&m->pool, n * sizeof(*g->chunks));
	for (i = 0; i < n && thrift_struct(in, elem); i++)
		parse_chunk(in, &g->chunks[i]);
}

static void
parse_group(struct thrift_in *in, struct meta_file *m, struct meta_group *g)
{
	struct thrift_field f = { 0, 0 };

	memset(g, 0, sizeof(*g));
	g->rows = -1;
	while (thrift_next(in, &f)) {
		switch (f.id) {
		case 1: parse_chunks(in, f.type, m, g); break;
		case 2: g->total_bytes = thrift_int(in, f.type); break;
		case 3: g->rows = thrift_int(in, f.type); break;
		default: thrift_skip(in, f.type);
		}
		if (in->bad)
			return;
	}
	if (g->rows < 0 || (g->chunks == NULL && m->nleaves > 0))
		in->bad = true;
}

static void
parse_groups(struct thrift_in *in, uint8_t type, struct meta_file *m)
{
	uint8_t elem;
	size_t n = thrift_list(in, type, &elem), cap = 0;

	for (; n > 0 && thrift_struct(in, elem); n--) {
		m->groups = pool_grow(&m->pool, m->groups, m->ngroups, &cap, sizeof(*m->groups));
		parse_group(in, m, &m->groups[m->ngroups]);
		if (in->bad)
			return;
		m->ngroups++;
	}
}

static void
parse_keys(struct thrift_in *in, uint8_t type, struct meta_file *m)
{
	uint8_t elem;
	size_t n = thrift_list(in, type, &elem), cap = 0;
	struct thrift_field f;
	struct meta_key *k;

	if (n > MOST_KEYS)
		in->bad = true;
	for (; n > 0 && thrift_struct(in, elem); n--) {
		m->keys = pool_grow(&m->pool, m->keys, m->nkeys, &cap, sizeof(*m->keys));
		k = &m->keys[m->nkeys++];
		memset(k, 0, sizeof(*k));
		f = (struct thrift_field){ 0, 0 };
		while (thrift_next(in, &f)) {
			if (f.id == 1)
				k->key = thrift_bytes(in, f.type);
			else if (f.id == 2)
				k->value = thrift_bytes(in, f.type);
			else
				thrift_skip(in, f.type);
		}
	}
}

static void
parse_orders(struct thrift_in *in, uint8_t type, struct meta_file *m)
{
	uint8_t elem;
	size_t n = thrift_list(in, type, &elem), i;
	struct thrift_field f;

	if (n != m->nleaves || n == 0) {	/* unusable */
		for (; n > 0 && !in->bad; n--)
			thrift_skip(in, elem);
		return;
	}
	m->orders = pool_alloc(&m->pool, n);
	memset(m->orders, 0, n);
	for (i = 0; i < n && thrift_struct(in, elem); i++) {
		f = (struct thrift_field){ 0, 0 };
		while (thrift_next(in, &f)) {
			m->orders[i] = f.id > 0 && f.id < 256 ? (uint8_t)f.id : 0;
			thrift_skip(in, f.type);
		}
	}
}

/*
 * Returns true if a field is allowed here: each once, and the schema before the lists with one entry per leaf, which
 * rely on the number of leaves.
 */
static bool
is_due(unsigned *seen, int id)
{
	unsigned bit = id > 0 && id < 32 ? 1u << id : 0;
	bool due = (*seen & bit) == 0 && ((id != 4 && id != 7) || (*seen & 1u << 2) != 0);

	*seen |= bit;
	return due;
}

int
meta_parse(struct meta_file *m, const uint8_t *p, size_t n, const char **why)
{
	struct thrift_in in = { p, p + n, false, false };
	struct thrift_field f = { 0, 0 };
	unsigned seen = 0;

	memset(m, 0, sizeof(*m));
	m->rows = -1;
	while (thrift_next(&in, &f)) {
		if (!is_due(&seen, f.id)) {
			in.bad = true;
			break;
		}
		switch (f.id) {
		case 2: parse_schema(&in, f.type, m); break;
		case 3: m->rows = thrift_int(&in, f.type); break;
		case 4: parse_groups(&in, f.type, m); break;
		case 5: parse_keys(&in, f.type, m); break;
		case 6: m->created_by = thrift_bytes(&in, f.type); break;
		case 7: parse_orders(&in, f.type, m); break;
		case 8: m->encrypted = true; thrift_skip(&in, f.type); break;
		default: thrift_skip(&in, f.type);
		}
	}
	*why = in.torn ? "truncated footer" : "invalid footer";
	if (in.bad)
		return -1;
	*why = "the footer lacks the schema or the number of rows";
	return m->nelements == 0 || m->rows < 0 ? -1 : 0;
}

void
meta_free(struct meta_file *m)
{
	pool_free(&m->pool);
	memset(m, 0, sizeof(*m));
}

/* Parses fields 5, 7 and 8: the headers of the page types. */
static void
parse_page_kind(struct thrift_in *in, uint8_t type, struct meta_page_header *h, int kind)
{
	struct thrift_field f = { 0, 0 };
	static const int v1[] = { 0, 1, 4, 5, 6, 0, 0, 0 }, dict[] = { 0, 1, 4, 0, 0, 0, 0, 0 }, v2[] =
	    { 0, 1, 2, 3, 4, 7, 8, 9 };
	const int *map = kind == 5 ? v1 : kind == 7 ? dict : v2;

	if (!thrift_struct(in, type))
		return;
	while (thrift_next(in, &f)) {
		switch (f.id > 0 && f.id < 8 ? map[f.id] : 0) {
		case 1: h->values = thrift_int32(in, f.type); break;
		case 2: h->nulls = thrift_int32(in, f.type); break;
		case 3: h->rows = thrift_int32(in, f.type); break;
		case 4: h->encoding = thrift_int32(in, f.type); break;
		case 5: h->def_encoding = thrift_int32(in, f.type); break;
		case 6: h->rep_encoding = thrift_int32(in, f.type); break;
		case 7: h->def_len = thrift_int32(in, f.type); break;
		case 8: h->rep_len = thrift_int32(in, f.type); break;
		case 9: h->is_compressed = thrift_bool(in, f.type); break;
		default: thrift_skip(in, f.type);
		}
	}
}

long
meta_page_parse(struct meta_page_header *h, const uint8_t *p, size_t n)
{
	struct thrift_in in = { p, p + n, false, false };
	struct thrift_field f = { 0, 0 };
	unsigned seen = 0;
	int kind;

	*h = (struct meta_page_header){ .type = -1, .values = -1, .encoding = -1, .def_encoding = -1,
	    .is_compressed = true };
	while (thrift_next(&in, &f)) {
		if (f.id > 0 && f.id < 32)
			seen |= 1u << f.id;
		switch (f.id) {
		case 1: h->type = thrift_int32(&in, f.type); break;
		case 2: h->uncompressed = thrift_int32(&in, f.type); break;
		case 3: h->compressed = thrift_int32(&in, f.type); break;
		case 4: h->crc = (uint32_t)thrift_int32(&in, f.type); h->has_crc = true; break;
		case 5:
		case 7:
		case 8: parse_page_kind(&in, f.type, h, f.id); break;
		default: thrift_skip(&in, f.type);
		}
	}
	if (in.bad)
		return in.torn ? 0 : -1;
	kind = h->type == META_DATA_PAGE ? 5 : h->type == META_DICTIONARY_PAGE ? 7 : h->type == META_DATA_PAGE_V2 ? 8
	    : 0;
	if ((seen & 0xe) != 0xe || h->uncompressed < 0 || h->compressed < 0)
		return -1;
	if (kind != 0 && ((seen & 1u << kind) == 0 || h->values < 0 || h->def_len < 0 || h->rep_len < 0))
		return -1;
	return in.p - p;
}

/* ---- writing ---- */

static void
put_logical(struct thrift_out *o, const struct meta_element *e)
{
	thrift_put_struct(o, 10);
	thrift_put_struct(o, e->logical);
	if (e->logical == META_LOGICAL_DECIMAL) {
		thrift_put_i32(o, 1, e->logical_scale);
		thrift_put_i32(o, 2, e->logical_precision);
	} else if (e->logical == META_LOGICAL_TIMESTAMP) {
		thrift_put_bool(o, 1, e->utc);
		thrift_put_struct(o, 2);
		thrift_put_struct(o, e->unit);
		thrift_end(o);
		thrift_end(o);
	} else if (e->logical == META_LOGICAL_INTEGER) {
		thrift_put_i8(o, 1, (int8_t)e->bits);
		thrift_put_bool(o, 2, e->is_signed);
	}
	thrift_end(o);
	thrift_end(o);
}

static void
put_element(struct thrift_out *o, const struct meta_element *e)
{
	thrift_elem_struct(o);
	if (e->type != META_GROUP)
		thrift_put_i32(o, 1, e->type);
	if (e->type == META_FIXED)
		thrift_put_i32(o, 2, e->type_length);
	if (e->repetition >= 0)
		thrift_put_i32(o, 3, e->repetition);
	thrift_put_bytes(o, 4, e->name.p, e->name.n);
	if (e->type == META_GROUP)
		thrift_put_i32(o, 5, e->children);
	if (e->converted != META_CONV_NONE)
		thrift_put_i32(o, 6, e->converted);
	if (e->converted == META_CONV_DECIMAL) {
		thrift_put_i32(o, 7, e->scale);
		thrift_put_i32(o, 8, e->precision);
	}
	if (e->id != PQ_NO_ID)
		thrift_put_i32(o, 9, e->id);
	if (e->logical != META_LOGICAL_NONE)
		put_logical(o, e);
	thrift_end(o);
}

static void
put_stats(struct thrift_out *o, const struct meta_stats *s)
{
	thrift_put_struct(o, 12);
	if (s->old_max.p != NULL)
		thrift_put_bytes(o, 1, s->old_max.p, s->old_max.n);
	if (s->old_min.p != NULL)
		thrift_put_bytes(o, 2, s->old_min.p, s->old_min.n);
	thrift_put_i64(o, 3, s->nulls);
	if (s->max.p != NULL)
		thrift_put_bytes(o, 5, s->max.p, s->max.n);
	if (s->min.p != NULL)
		thrift_put_bytes(o, 6, s->min.p, s->min.n);
	if (s->max.p != NULL)
		thrift_put_bool(o, 7, s->max_exact == 1);
	if (s->min.p != NULL)
		thrift_put_bool(o, 8, s->min_exact == 1);
	if (s->nans >= 0)
		thrift_put_i64(o, 9, s->nans);
	thrift_end(o);
}

static void
put_chunk_meta(struct thrift_out *o, const struct meta_chunk *c, const struct meta_path *path)
{
	unsigned i;
	size_t k;

	thrift_put_struct(o, 3);
	thrift_put_i32(o, 1, c->type);
	thrift_put_list(o, 2, THRIFT_I32, (size_t)__builtin_popcount(c->encodings));
	for (i = 0; i < 32; i++)
		if (c->encodings >> i & 1)
			thrift_elem_int(o, i);
	thrift_put_list(o, 3, THRIFT_BINARY, path->n);
	for (k = 0; k < path->n; k++)
		thrift_elem_bytes(o, path->names[k], strlen(path->names[k]));
	thrift_put_i32(o, 4, c->codec);
	thrift_put_i64(o, 5, c->num_values);
	thrift_put_i64(o, 6, c->uncompressed);
	thrift_put_i64(o, 7, c->compressed);
	thrift_put_i64(o, 9, c->data_offset);
	if (c->dict_offset != 0)
		thrift_put_i64(o, 11, c->dict_offset);
	put_stats(o, &c->stats);
	thrift_put_list(o, 13, THRIFT_STRUCT, c->ncounts);
	for (i = 0; i < c->ncounts; i++) {
		thrift_elem_struct(o);
		thrift_put_i32(o, 1, c->count[i].page);
		thrift_put_i32(o, 2, c->count[i].encoding);
		thrift_put_i32(o, 3, c->count[i].count);
		thrift_end(o);
	}
	thrift_end(o);
}

static void
put_group(struct thrift_out *o, const struct meta_file *m, const struct meta_group *g, const struct meta_path *paths,
    size_t ordinal)
{
	const struct meta_chunk *c;
	size_t i;

	thrift_elem_struct(o);
	thrift_put_list(o, 1, THRIFT_STRUCT, m->nleaves);
	for (i = 0; i < m->nleaves; i++) {
		c = &g->chunks[i];
		thrift_elem_struct(o);
		thrift_put_i64(o, 2, 0);
		put_chunk_meta(o, c, &paths[i]);
		if (c->offset_index != 0) {
			thrift_put_i64(o, 4, c->offset_index);
			thrift_put_i32(o, 5, c->offset_index_len);
		}
		if (c->column_index != 0) {
			thrift_put_i64(o, 6, c->column_index);
			thrift_put_i32(o, 7, c->column_index_len);
		}
		thrift_end(o);
	}
	thrift_put_i64(o, 2, g->total_bytes);
	thrift_put_i64(o, 3, g->rows);
	thrift_put_i64(o, 5, g->offset);
	thrift_put_i64(o, 6, g->compressed);
	if (ordinal <= INT16_MAX)
		thrift_put_i16(o, 7, (int16_t)ordinal);
	thrift_end(o);
}

void
meta_put(const struct meta_file *m, const struct meta_path *paths, struct buf *out)
{
	struct thrift_out o;
	size_t i;

	thrift_start(&o, out);
	thrift_put_i32(&o, 1, 1);
	thrift_put_list(&o, 2, THRIFT_STRUCT, m->nelements);
	for (i = 0; i < m->nelements; i++)
		put_element(&o, &m->elements[i]);
	thrift_put_i64(&o, 3, m->rows);
	thrift_put_list(&o, 4, THRIFT_STRUCT, m->ngroups);
	for (i = 0; i < m->ngroups; i++)
		put_group(&o, m, &m->groups[i], paths, i);
	if (m->nkeys > 0) {
		thrift_put_list(&o, 5, THRIFT_STRUCT, m->nkeys);
		for (i = 0; i < m->nkeys; i++) {
			thrift_elem_struct(&o);
			thrift_put_bytes(&o, 1, m->keys[i].key.p, m->keys[i].key.n);
			thrift_put_bytes(&o, 2, m->keys[i].value.p, m->keys[i].value.n);
			thrift_end(&o);
		}
	}
	thrift_put_string(&o, 6, "acct version " ACCT_VERSION " (build release)");
	thrift_put_list(&o, 7, THRIFT_STRUCT, m->nleaves);
	for (i = 0; i < m->nleaves; i++) {
		thrift_elem_struct(&o);
		thrift_put_struct(&o, 1);
		thrift_end(&o);
		thrift_end(&o);
	}
	thrift_end(&o);
}

void
meta_page_put(const struct meta_page_header *h, struct buf *out)
{
	struct thrift_out o;
	bool dict = h->type == META_DICTIONARY_PAGE;

	thrift_start(&o, out);
	thrift_put_i32(&o, 1, h->type);
	thrift_put_i32(&o, 2, h->uncompressed);
	thrift_put_i32(&o, 3, h->compressed);
	if (h->has_crc)
		thrift_put_i32(&o, 4, (int32_t)h->crc);
	thrift_put_struct(&o, dict ? 7 : 5);
	thrift_put_i32(&o, 1, h->values);
	thrift_put_i32(&o, 2, h->encoding);
	if (!dict) {
		thrift_put_i32(&o, 3, META_RLE);
		thrift_put_i32(&o, 4, META_RLE);
	}
	thrift_end(&o);
	thrift_end(&o);
}
