/*
 * Parquet: every encoding gives back what it was given; files of random shape, written and read in pieces of random
 * size, hold the same entries, and their statistics hold for them; what is cut short or altered is refused.
 */
#include "unit.h"

#include <math.h>
#include <snappy-c.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "parquet/encode/bits.h"
#include "parquet/encode/dbp.h"
#include "parquet/encode/decimals.h"
#include "parquet/encode/hybrid.h"
#include "parquet/encode/words.h"
#include "parquet/format/meta.h"
#include "parquet/format/stats.h"
#include "parquet/format/thrift.h"
#include "parquet/parquet.h"

enum { N = 3000 };

/* ---- encodings ---- */

static void
test_bits(void)
{
	static uint64_t v[N], got[N];
	static uint32_t v32[N], got32[N];
	uint8_t *exact;
	unsigned width;
	size_t n, first, k, i, bytes;
	struct buf b = { 0 };

	for (width = 0; width <= 64; width++) {
		n = 8 * (1 + unit_below(N / 8));
		for (i = 0; i < n; i++) {
			v[i] = width == 0 ? 0 : unit_random() >> (64 - width);
			v32[i] = (uint32_t)v[i];
		}
		b.len = 0;
		buf_room(&b, bits_bytes(n, width) + 8);
		bits_pack64(b.p, v, n, width);
		bytes = bits_bytes(n, width);
		exact = xmalloc(bytes + 1);		/* so that a sanitizer sees a read past it */
		memcpy(exact, b.p, bytes);
		first = unit_below(n);
		k = 1 + unit_below(n - first);
		bits_unpack64(got, exact, exact + bytes, first, k, width);
		CHECK(memcmp(got, v + first, k * 8) == 0, "unpack64 width %u", width);
		if (width <= 32) {
			bits_pack32(b.p, v32, n, width);
			CHECK(memcmp(exact, b.p, bytes) == 0, "pack32 width %u", width);
			bits_unpack32(got32, exact, exact + bytes, first, k, width);
			CHECK(memcmp(got32, v32 + first, k * 4) == 0, "unpack32 width %u", width);
		}
		free(exact);
	}
	buf_free(&b);
	OK("parquet", "packed bits of every width come back from any place");
}

/* Values in runs and without. */
static void
make_runs(uint32_t *v, size_t n, unsigned width)
{
	size_t i, run = 0;
	uint32_t value = 0;

	for (i = 0; i < n; i++, run--) {
		if (run == 0) {
			run = unit_below(3) == 0 ? 1 + unit_below(60) : 1;
			value = width == 0 ? 0 : (uint32_t)unit_random() >> (32 - width);
		}
		v[i] = value;
	}
}

static void
test_hybrid(void)
{
	static uint32_t v[N], got[N];
	static uint8_t small[N], got_small[N];
	struct hybrid_in h;
	size_t n, i, k;
	unsigned width;
	struct buf b = { 0 };

	for (width = 0; width <= 32; width++) {
		n = 1 + unit_below(N);
		make_runs(v, n, width);
		b.len = 0;
		hybrid_put(&b, v, n, width);
		hybrid_open(&h, b.p, b.p + b.len, width);
		for (i = 0; i < n; i += k) {
			k = 1 + unit_below(n - i);
			CHECK(hybrid_next(&h, got + i, k), "width %u", width);
		}
		CHECK(memcmp(got, v, n * 4) == 0, "width %u", width);
		if (width == 0 || width > 8)
			continue;
		for (i = 0; i < n; i++)
			small[i] = (uint8_t)v[i];
		b.len = 0;
		hybrid_put_bytes(&b, small, n, width);
		hybrid_open(&h, b.p, b.p + b.len, width);
		for (i = 0; i < n; i += k) {
			k = 1 + unit_below(n - i);
			CHECK(hybrid_next_bytes(&h, got_small + i, k, 255), "width %u", width);
		}
		CHECK(memcmp(got_small, small, n) == 0, "bytes, width %u", width);
	}
	buf_free(&b);
	hybrid_open(&h, NULL, NULL, 0);
	memset(v, 0, sizeof(v));
	CHECK(hybrid_next(&h, got, N) && memcmp(got, v, sizeof(v)) == 0, "values of no bits need no run");
	OK("parquet", "runs and packed groups come back in pieces of any size");
}

static void
test_dbp(void)
{
	static int64_t v[N], got[N];
	struct dbp_in d, pass;
	struct buf b = { 0 };
	size_t n, i, k, round;
	bool is32;

	for (round = 0; round < 60; round++) {
		n = unit_below(3) == 0 ? unit_below(4) : unit_below(N);
		is32 = unit_below(2);
		for (i = 0; i < n; i++) {
			v[i] = round % 3 == 0 ? (int64_t)(unit_any() ^ (0 - (unit_random() & 1)))
			    : (int64_t)(i * round + unit_below(50));
			if (is32)
				v[i] = (int32_t)(uint32_t)v[i];
		}
		b.len = 0;
		dbp_put(&b, v, n, is32);
		buf_add(&b, "rest", 4);
		CHECK(dbp_open(&d, b.p, b.p + b.len), "open");
		pass = d;
		CHECK(dbp_skip(&pass) && memcmp(pass.p, "rest", 4) == 0 && pass.p + 4 == b.p + b.len,
		    "the end is found");
		for (i = 0; i < n; i += k) {
			k = 1 + unit_below(n - i);
			CHECK(dbp_next(&d, got + i, k), "next");
		}
		for (i = 0; i < n; i++)
			CHECK(is32 ? (int32_t)(uint32_t)got[i] == v[i] : got[i] == v[i], "value %zu", i);
		CHECK(!dbp_next(&d, got, 1), "no more than there are");
	}
	buf_free(&b);
	OK("parquet", "differences come back, extremes of 32 and 64 bits too");
}

static void
test_words(void)
{
	static uint8_t in[8 * N + 7], out[10 * N + 100], back[8 * N + 7];
	char *theirs = xmalloc(snappy_max_compressed_length(sizeof in));
	size_t round, n, skip, i, len, size;
	uint64_t v = 0;

	for (round = 0; round < 200; round++) {
		n = unit_below(sizeof in);
		skip = unit_below(n < 20 ? n + 1 : 20);
		for (i = skip; i + 8 <= n; i += 8) {
			switch (round % 6) {
			case 0: v = unit_any(); break;
			case 1: v = i; break;
			case 2: v = unit_below(1500000); break;
			case 3: v = unit_below(7) << 60; break;
			case 4: v++; break;
			/* mostly few bytes that differ, now and then many or none */
			default: v ^= unit_below(50) == 0 ? unit_any() : unit_random() >> (40 + unit_below(24));
			}
			memcpy(in + i, &v, 8);
		}
		len = words_pack(out, in, n, skip);
		CHECK(len <= words_room(n), "room");
		size = n;
		CHECK(snappy_uncompress((char *)out, len, (char *)back, &size) == SNAPPY_OK && size == n &&
		    memcmp(back, in, n) == 0,
		    "libsnappy reads it");
		memset(back, 0, n);
		CHECK(words_expand(back, n, out, len) && memcmp(back, in, n) == 0, "we read it");
		size = snappy_max_compressed_length(sizeof in);
		snappy_compress((const char *)in, n, theirs, &size);
		memset(back, 0, n);
		CHECK(words_expand(back, n, (uint8_t *)theirs, size) && memcmp(back, in, n) == 0,
		    "we read libsnappy's");
		if (n > 0)
			CHECK(!words_expand(back, n - 1, out, len) && !words_expand(back, n, out, len - 1),
			    "of another size");
	}
	free(theirs);
	CHECK(!words_expand(back, 0, (const uint8_t[]){ 0, 0xfc, 0xff, 0xff, 0xff, 0xff }, 6),
	    "a literal of 2^32 bytes");
	OK("parquet", "Snappy by values is libsnappy's Snappy");
}

static void
test_decimals(void)
{
	static uint8_t in[16 * N], back[16 * N];
	size_t round, n, skip, width, i, len, size, k;
	uint8_t *out, *exact;
	unsigned __int128 v = 0;

	for (round = 0; round < 300; round++) {
		width = 8 + unit_below(9);
		n = unit_below(round % 2 == 0 ? 100 : sizeof in);
		skip = unit_below(n < 20 ? n + 1 : 20);
		for (i = 0; i < skip; i++)
			in[i] = (uint8_t)unit_random();
		for (i = skip; i < n; i += width) {
			switch (round % 5) {
			case 0: v = (unsigned __int128)unit_any() << 64 | unit_any(); break;
			case 1: v++; break;
			case 2: v = unit_below(1500000) - (unsigned __int128)700000; break;
			case 3: v = (unsigned __int128)unit_below(7) << 100; break;
			/* mostly few bytes that differ, now and then many or none */
			default: v ^= unit_below(50) == 0 ? unit_any() : unit_random() >> (40 + unit_below(24));
			}
			for (k = 0; k < width && i + k < n; k++)
				in[i + k] = (uint8_t)(v >> 8 * (width - 1 - k));
		}
		exact = xmalloc(n + 1);		/* so that a sanitizer sees a read past it, or a write */
		memcpy(exact, in, n);
		out = xmalloc(decimals_room(n));
		len = decimals_pack(out, exact, n, skip, width);
		CHECK(len <= decimals_room(n), "room");
		size = n;
		CHECK(snappy_uncompress((char *)out, len, (char *)back, &size) == SNAPPY_OK && size == n &&
		    memcmp(back, in, n) == 0, "libsnappy reads it, %zu bytes, width %zu", n, width);
		CHECK(words_expand(back, n, out, len) && memcmp(back, in, n) == 0, "we read it");
		free(out);
		free(exact);
	}
	OK("parquet", "Snappy by decimals is libsnappy's Snappy");
}

static int
compare(const uint8_t *a, size_t an, const uint8_t *b, size_t bn)
{
	int d = an == 0 || bn == 0 ? 0 : memcmp(a, b, an < bn ? an : bn);

	return d != 0 ? d : an < bn ? -1 : an > bn;
}

static void
test_cut(void)
{
	static const char *const chars[] = { "a", "\x7f", "\xc3\xa9", "\xdf\xbf", "\xe4\xb8\xad", "\xed\x9f\xbf",
	    "\xef\xbf\xbf", "\xf0\x9f\x98\x80",
	    "\xf4\x8f\xbf\xbf" };
	struct buf v = { 0 }, max = { 0 };
	struct pq_bytes b;
	bool string, exact;
	size_t round, n;

	for (round = 0; round < 2000; round++) {
		v.len = max.len = 0;
		string = round % 2;
		while (v.len < round % 100)
			if (string)
				buf_adds(&v, chars[round % 3 == 0 ? 8 : unit_below(9)]);
			else
				buf_addc(&v, round % 3 == 0 ? 0xff : (uint8_t)unit_random());
		b = (struct pq_bytes){ v.p, v.len };
		n = stats_cut_min(b, string, &exact);
		CHECK(n <= STATS_CUT && n <= v.len && exact == (n == v.len) && (!string || n == 0 || utf8_ok(v.p, n)),
		    "minimum");
		if (!stats_cut_max(b, string, &max, &exact)) {
			CHECK(round % 3 == 0 && v.len > STATS_CUT, "a maximum that could be raised");
			continue;
		}
		CHECK(max.len < STATS_CUT + 4 && (exact ? compare(max.p, max.len, v.p, v.len) == 0
		    : compare(max.p, max.len, v.p, v.len) > 0), "maximum");
		CHECK(!string || max.len == 0 || utf8_ok(max.p, max.len), "a maximum of characters");
	}
	buf_free(&v);
	buf_free(&max);
	OK("parquet", "cut bounds still bound, and strings stay strings");
}

/* ---- files ---- */

static int
write_memory(const struct pq_sink *s, const void *p, size_t n, struct msg *err)
{
	struct buf *b = s->arg;

	(void)err;
	buf_add(b, p, n);
	return 0;
}

static int
read_memory(const struct pq_source *s, uint64_t offset, void *p, size_t n, struct msg *err)
{
	const struct buf *b = s->arg;

	if (offset > b->len || n > b->len - offset)
		return msg_set(err, EX_SOFTWARE, "a read beyond the end");
	if (n > 0)
		memcpy(p, b->p + offset, n);
	return 0;
}

static struct pq_sink
memory_sink(struct buf *b)
{
	return (struct pq_sink){ .write = write_memory, .arg = b, .name = "memory" };
}

static struct pq_source
memory_source(struct buf *b)
{
	return (struct pq_source){ .read = read_memory, .arg = b, .size = b->len, .name = "memory" };
}

enum { ROWS = 5000, ENTRIES = 4 * ROWS, COLUMNS = 40 };

/* A leaf and all its entries. */
struct leaf {
	enum pq_type type;
	uint8_t precision, max_def, max_rep;
	size_t n;
	size_t row[ROWS + 1];		/* where rows begin */
	uint8_t def[ENTRIES], rep[ENTRIES];
	union {
		uint8_t u8[ENTRIES];
		int32_t i32[ENTRIES];
		int64_t i64[ENTRIES];
		i128 w[ENTRIES];
		float f32[ENTRIES];
		double f64[ENTRIES];
		struct pq_bytes bytes[ENTRIES];
	} v;
};

struct example {
	struct pq_field fields[COLUMNS * 4];
	char names[COLUMNS][8];
	size_t nfields, ncolumns, rows;
	struct leaf *leaves[COLUMNS];
	struct pool pool;
};

static struct pq_bytes
random_bytes(struct pool *pool, unsigned spread)
{
	size_t n = unit_below(20) == 0 ? unit_below(200) : unit_below(20), i;
	uint64_t v = unit_below(spread);
	uint8_t *p;

	if (spread < 100)
		n = v % 12;	/* few values: each has its length */
	p = pool_alloc(pool, n + 8);
	memcpy(p, &v, 8);
	for (i = 8; i < n; i++)
		p[i] = (uint8_t)('a' + v % 26);
	return (struct pq_bytes){ p, n };
}

static void
random_value(struct example *x, struct leaf *l, size_t i, unsigned spread)
{
	uint64_t v = spread == 0 ? unit_any() ^ (0 - (unit_random() & 1)) : unit_below(spread);

	switch (pq_shape(l->type, l->precision)) {
	case PQ_U8: l->v.u8[i] = v & 1; break;
	case PQ_I32: l->v.i32[i] = l->type == PQ_INT8 ? (int8_t)v : l->type == PQ_INT16 ? (int16_t)v
	    : (int32_t)v; break;
	case PQ_I64: l->v.i64[i] = l->type == PQ_DECIMAL ? (int64_t)(v % 1000000000) : (int64_t)v; break;
	case PQ_I128: l->v.w[i] = (i128)(int64_t)v * (spread == 0 && l->precision == 38 ? 1000000007 : 1); break;
	case PQ_F32: l->v.f32[i] = (float)(int32_t)v; break;
	case PQ_F64: l->v.f64[i] = (double)(int64_t)v / 8; break;
	case PQ_BYTES: l->v.bytes[i] = random_bytes(&x->pool, spread == 0 ? 1u << 30 : spread); break;
	}
}

/* Entries for all rows: null by the chance of `nulls` in 8, lists of up to 5. */
static void
fill_leaf(struct example *x, struct leaf *l)
{
	static const unsigned spreads[] = { 0, 2, 50, 3000 };
	unsigned nulls = (unsigned)unit_below(9), spread = spreads[unit_below(4)];
	size_t r, k, more;

	for (l->n = r = 0; r < x->rows; r++) {
		l->row[r] = l->n;
		more = l->max_rep > 0 ? unit_below(5) : 1;
		for (k = 0; k == 0 || k < more; k++, l->n++) {
			l->rep[l->n] = k > 0;
			l->def[l->n] = l->max_def;
			if (l->max_rep > 0 && more == 0)
				l->def[l->n] = (uint8_t)unit_below(2);
			else if (l->max_def > 0 && unit_below(8) < nulls)
				l->def[l->n] = l->max_rep > 0 ? (uint8_t)(l->max_def - 1)
				    : (uint8_t)unit_below(l->max_def);
			random_value(x, l, l->n, spread);
		}
	}
	l->row[x->rows] = l->n;
}

static struct leaf *
add_leaf(struct example *x, const char *name, enum pq_repetition repetition, unsigned max_def, unsigned max_rep)
{
	static const enum pq_type types[] = { PQ_BOOL, PQ_INT8, PQ_INT16, PQ_INT32, PQ_INT64, PQ_DECIMAL, PQ_DATE,
	    PQ_TIMESTAMP, PQ_TIMESTAMP_NTZ,
	    PQ_FLOAT, PQ_DOUBLE, PQ_STRING, PQ_BINARY };
	struct pq_field *f = &x->fields[x->nfields++];
	struct leaf *l = x->leaves[x->ncolumns++] = xcalloc(1, sizeof *l);

	l->type = types[unit_below(sizeof types / sizeof types[0])];
	l->max_def = (uint8_t)max_def;
	l->max_rep = (uint8_t)max_rep;
	*f = (struct pq_field){ .name = name, .repetition = repetition, .type = l->type,
	    .id = unit_below(2) ? PQ_NO_ID : (int32_t)x->ncolumns };
	if (l->type == PQ_DECIMAL) {
		static const uint8_t p[] = { 9, 10, 18, 19, 38 };
		l->precision = f->precision = p[unit_below(5)];
		f->scale = 2;
	}
	fill_leaf(x, l);
	return l;
}

static void
add_group(struct example *x, const char *name, enum pq_repetition repetition, enum pq_group group, unsigned children)
{
	x->fields[x->nfields++] = (struct pq_field){ .name = name, .repetition = repetition, .children = children,
	    .group = group, .id = PQ_NO_ID };
}

/* Flat columns, and the nested forms that checkpoints have. */
static void
make_example(struct example *x)
{
	size_t i, flat = 1 + unit_below(12);

	memset(x, 0, sizeof *x);
	x->rows = unit_below(4) == 0 ? unit_below(3) : unit_below(ROWS);
	for (i = 0; i < flat; i++) {
		snprintf(x->names[i], sizeof x->names[i], "c%zu", i);
		add_leaf(x, x->names[i], i % 2 ? PQ_OPTIONAL : PQ_REQUIRED, i % 2, 0);
	}
	if (unit_below(2))
		return;
	add_group(x, "list", PQ_OPTIONAL, PQ_LIST, 1);
	add_group(x, "list", PQ_REPEATED, PQ_STRUCT, 1);
	add_leaf(x, "element", PQ_OPTIONAL, 3, 1);
	add_group(x, "struct", PQ_OPTIONAL, PQ_STRUCT, 2);
	add_leaf(x, "a", PQ_OPTIONAL, 2, 0);
	add_leaf(x, "b", PQ_REQUIRED, 1, 0);
}

static void
free_example(struct example *x)
{
	size_t i;

	for (i = 0; i < x->ncolumns; i++)
		free(x->leaves[i]);
	pool_free(&x->pool);
}

static const void *
values_at(const struct leaf *l, size_t i)
{
	switch (pq_shape(l->type, l->precision)) {
	case PQ_U8: return l->v.u8 + i;
	case PQ_I32: return l->v.i32 + i;
	case PQ_I64: return l->v.i64 + i;
	case PQ_I128: return l->v.w + i;
	case PQ_F32: return l->v.f32 + i;
	case PQ_F64: return l->v.f64 + i;
	default: return l->v.bytes + i;
	}
}

static bool
has_null(const struct leaf *l, size_t from, size_t to)
{
	for (; from < to; from++)
		if (l->def[from] != l->max_def)
			return true;
	return false;
}

/* The vector's values, now and then where the writer has room for them. */
static void
maybe_in_place(struct pq_writer *w, const struct leaf *l, size_t column, size_t rows, struct pq_vector *v)
{
	void *room = unit_below(2) == 0 ? pq_room(w, column, rows) : NULL;

	if (room != NULL) {
		memcpy(room, v->v.any, rows * pq_shape_size(pq_shape(l->type, l->precision)));
		v->v.any = room;
	}
}

static void
write_example(const struct example *x, const struct pq_options *opt, struct buf *file, struct pq_stats *stats)
{
	struct pq_vector v[COLUMNS];
	struct msg err = { .status = 0 };
	struct pq_sink sink = memory_sink(file);
	struct pq_writer *w;
	size_t row, rows, i, at;

	CHECK(pq_create(&w, &sink, x->fields, x->nfields, opt, &err) == 0, "%s", err.text);
	for (row = 0; row < x->rows; row += rows) {
		rows = 1 + unit_below(x->rows - row);
		for (i = 0; i < x->ncolumns; i++) {
			at = x->leaves[i]->row[row];
			v[i] = (struct pq_vector){ .n = x->leaves[i]->row[row + rows] - at,
			    .v.any = values_at(x->leaves[i], at) };
			if (has_null(x->leaves[i], at, at + v[i].n))
				v[i].def = x->leaves[i]->def + at;
			if (x->leaves[i]->max_rep > 0)
				v[i].rep = x->leaves[i]->rep + at;
			maybe_in_place(w, x->leaves[i], i, rows, &v[i]);
		}
		CHECK(pq_write(w, rows, v, &err) == 0, "%s", err.text);
	}
	CHECK(pq_finish(w, &err) == 0, "%s", err.text);
	CHECK(pq_written(w) == file->len && pq_written_rows(w) == x->rows, "what was written is counted");
	for (i = 0; i < x->ncolumns; i++) {
		pq_written_stats(w, i, &stats[i]);
		CHECK(stats[i].entries == x->leaves[i]->n, "entries");
	}
	pq_writer_free(w);
}

static bool
equal_value(const struct leaf *l, size_t i, const struct pq_vector *v, size_t k)
{
	if (v->index != NULL) {
		CHECK(v->index[k] < v->dict_n, "an index in the dictionary");
		k = v->index[k];
	}
	switch (pq_shape(l->type, l->precision)) {
	case PQ_U8: return l->v.u8[i] == v->v.u8[k];
	case PQ_I32: return l->v.i32[i] == v->v.i32[k];
	case PQ_I64: return l->v.i64[i] == v->v.i64[k];
	case PQ_I128: return l->v.w[i] == v->v.i128[k];
	case PQ_F32: return memcmp(&l->v.f32[i], &v->v.f32[k], 4) == 0;
	case PQ_F64: return memcmp(&l->v.f64[i], &v->v.f64[k], 8) == 0;
	default: return l->v.bytes[i].n == v->v.bytes[k].n && memcmp(l->v.bytes[i].p, v->v.bytes[k].p,
	    v->v.bytes[k].n) == 0;
	}
}

static void
compare_batch(const struct leaf *l, const struct pq_vector *v, size_t first, size_t rows)
{
	size_t at = l->row[first], n = l->row[first + rows] - at, k;
	uint8_t def;

	CHECK(v->n == n, "%zu entries for %zu", v->n, n);
	for (k = 0; k < n; k++) {
		def = v->def == NULL ? l->max_def : v->def[k];
		CHECK(def == l->def[at + k] && (v->rep == NULL ? 0 : v->rep[k]) == l->rep[at + k],
		    "levels of entry %zu", at + k);
		CHECK(def != l->max_def || equal_value(l, at + k, v, k), "value of entry %zu", at + k);
	}
}

static void
read_example(const struct example *x, struct buf *file)
{
	struct pq_source source = memory_source(file);
	struct msg err = { .status = 0 };
	struct pq_reader *r;
	struct pq_batch b;
	size_t idx[COLUMNS], n = 0, i, skipped = SIZE_MAX;
	unsigned flags[COLUMNS];
	uint64_t rows = 0;
	int got;

	CHECK(pq_open(&r, &source, 0, &err) == 0, "%s", err.text);
	for (i = 0; i < x->ncolumns; i++)
		if (unit_below(5) > 0) {
			flags[n] = unit_below(2) ? PQ_INDEX : 0;
			idx[n++] = i;
		}
	CHECK(pq_select(r, idx, flags, n, &err) == 0, "%s", err.text);
	if (pq_row_groups(r) > 1 && unit_below(3) == 0) {
		skipped = unit_below(pq_row_groups(r));
		pq_skip(r, skipped);
		rows += pq_row_group_rows(r, skipped);
	}
	while ((got = pq_next(r, 1 + unit_below(3000), &b, &err)) == 1) {
		CHECK(b.group != skipped && b.rows > 0 && b.first_row + b.rows <= x->rows, "a batch");
		for (i = 0; i < n; i++)
			compare_batch(x->leaves[idx[i]], &b.columns[i], b.first_row, b.rows);
		rows += b.rows;
	}
	CHECK(got == 0 && rows == x->rows && pq_rows(r) == x->rows, "%s", err.text);
	pq_close(r);
}

/* Does the value lie within the bounds? */
static bool
bounded(const struct leaf *l, size_t i, const struct pq_stats *s)
{
	switch (pq_shape(l->type, l->precision)) {
	case PQ_U8: return s->min.i <= l->v.u8[i] && l->v.u8[i] <= s->max.i;
	case PQ_I32: return s->min.i <= l->v.i32[i] && l->v.i32[i] <= s->max.i;
	case PQ_I64: return s->min.i <= l->v.i64[i] && l->v.i64[i] <= s->max.i;
	case PQ_I128: return s->min.w <= l->v.w[i] && l->v.w[i] <= s->max.w;
	case PQ_F32: return s->min.f <= (double)l->v.f32[i] && (double)l->v.f32[i] <= s->max.f;
	case PQ_F64: return s->min.f <= l->v.f64[i] && l->v.f64[i] <= s->max.f;
	default:
		return compare(s->min.b.p, s->min.b.n, l->v.bytes[i].p, l->v.bytes[i].n) <= 0 &&
		    compare(s->max.b.p, s->max.b.n, l->v.bytes[i].p, l->v.bytes[i].n) >= 0;
	}
}

static void
check_stats(const struct leaf *l, size_t from, size_t to, const struct pq_stats *s)
{
	size_t i, nulls = 0;

	for (i = from; i < to; i++) {
		nulls += l->def[i] != l->max_def;
		CHECK(l->def[i] != l->max_def || !s->has_min_max || bounded(l, i, s), "a value beyond its bounds");
	}
	CHECK(s->entries == to - from && s->nulls == (int64_t)nulls, "%lld nulls, not %zu", (long long)s->nulls, nulls);
}

static void
stats_of_example(const struct example *x, struct buf *file)
{
	struct pq_source source = memory_source(file);
	struct msg err = { .status = 0 };
	struct pq_reader *r;
	struct pq_stats s;
	size_t g, i, row = 0, rows;

	CHECK(pq_open(&r, &source, 0, &err) == 0, "%s", err.text);
	for (g = 0; g < pq_row_groups(r); g++, row += rows) {
		rows = pq_row_group_rows(r, g);
		for (i = 0; i < x->ncolumns; i++) {
			pq_chunk_stats(r, g, i, &s);
			check_stats(x->leaves[i], x->leaves[i]->row[row], x->leaves[i]->row[row + rows], &s);
		}
	}
	pq_close(r);
}

/* Reads random ranges of rows of all columns: these rows, and no others. */
static void
ranges_of_example(const struct example *x, struct buf *file)
{
	enum { RANGES = 20 };
	struct pq_source source = memory_source(file);
	struct pq_range ranges[RANGES];
	struct msg err = { .status = 0 };
	struct pq_reader *r;
	struct pq_batch b;
	uint64_t row = 0, next;
	size_t n = 0, at = 0;
	int got;

	while (n < RANGES && row < x->rows && unit_below(RANGES) > 0) {
		row += unit_below(unit_below(2) ? 2000 : 20);
		ranges[n].row = row;
		row += 1 + unit_below(unit_below(2) ? 900 : 9);
		ranges[n++].end = row;
	}
	while (n > 0 && ranges[n - 1].row >= x->rows)
		n--;
	if (n > 0 && ranges[n - 1].end > x->rows)
		ranges[n - 1].end = x->rows;
	CHECK(pq_open(&r, &source, 0, &err) == 0, "%s", err.text);
	CHECK(pq_select(r, (size_t[]){ 0, x->ncolumns - 1 }, (unsigned[]){ PQ_INDEX, 0 }, x->ncolumns > 1 ? 2 : 1,
	    &err) == 0, "%s", err.text);
	pq_want(r, ranges, n);
	next = n > 0 ? ranges[0].row : 0;
	while ((got = pq_next(r, 1 + unit_below(3000), &b, &err)) == 1) {
		CHECK(at < n && b.first_row == next && b.first_row + b.rows <= ranges[at].end, "range %zu", at);
		compare_batch(x->leaves[0], &b.columns[0], b.first_row, b.rows);
		if (x->ncolumns > 1)
			compare_batch(x->leaves[x->ncolumns - 1], &b.columns[1], b.first_row, b.rows);
		next += b.rows;
		if (next == ranges[at].end)
			next = ++at < n ? ranges[at].row : 0;
	}
	CHECK(got == 0 && at == n, "%zu of %zu ranges: %s", at, n, err.text);
	pq_close(r);
}

/* May a column lack a page index? One with a NaN, or with bytes that no bound is above, does. */
static bool
has_no_index(const struct leaf *l)
{
	enum pq_shape shape = pq_shape(l->type, l->precision);

	return shape == PQ_F32 || shape == PQ_F64 || shape == PQ_BYTES;
}

/* The page index has all rows of a flat column, within their bounds. */
static void
pages_of_example(const struct example *x, struct buf *file)
{
	struct pq_source source = memory_source(file);
	struct msg err = { .status = 0 };
	struct pool pool = { 0 };
	struct pq_reader *r;
	size_t g, i, k, n, row = 0;

	CHECK(pq_open(&r, &source, 0, &err) == 0, "%s", err.text);
	for (g = 0; g < pq_row_groups(r); row += pq_row_group_rows(r, g++))
		for (i = 0; i < x->ncolumns; i++) {
			const struct leaf *l = x->leaves[i];
			struct pq_page *pages = pq_pages(r, g, i, &pool, &n);
			uint64_t rows = 0;

			for (k = 0; k < n; k++, rows += pages[k - 1].rows) {
				size_t from = row + pages[k].row, e;

				CHECK(pages[k].row == rows, "page %zu at row %" PRIu64, k, pages[k].row);
				for (e = l->row[from]; e < l->row[from + pages[k].rows]; e++)
					CHECK(l->def[e] != l->max_def || (pages[k].stats.nulls <= 0 &&
					    (!pages[k].stats.has_min_max || bounded(l, e, &pages[k].stats))),
					    "page %zu", k);
			}
			CHECK(n == 0 || rows == pq_row_group_rows(r, g), "%" PRIu64 " rows", rows);
			CHECK(n > 0 || l->max_rep > 0 || has_no_index(l), "no page index");
			free(pages);
		}
	pool_free(&pool);
	pq_close(r);
}

static struct pq_options
random_options(void)
{
	struct pq_options o = pq_defaults();

	o.codec = pq_codec_of(unit_below(4));
	o.delta_encodings = unit_below(2);
	o.page_rows = unit_below(2) ? 0 : 1 + (uint32_t)unit_below(500);
	o.page_bytes = unit_below(2) ? 0 : 1 + unit_below(4000);
	o.row_group_rows = unit_below(2) ? 0 : 1 + unit_below(2000);
	o.row_group_bytes = unit_below(3) ? 0 : 2000 + unit_below(20000);
	o.beside = unit_below(2);
	return o;
}

static void
test_files(void)
{
	static struct example x;
	struct pq_stats stats[COLUMNS];
	struct pq_options o;
	struct buf file = { 0 }, other = { 0 };
	uint64_t state;
	size_t round, i;

	for (round = 0; round < 40; round++) {
		make_example(&x);
		o = random_options();
		state = unit_state;
		other.len = 0;
		write_example(&x, &o, &other, stats);
		unit_state = state;
		o.beside = !o.beside;
		file.len = 0;
		write_example(&x, &o, &file, stats);
		CHECK(file.len == other.len && memcmp(file.p, other.p, file.len) == 0, "with a thread and without");
		read_example(&x, &file);
		stats_of_example(&x, &file);
		ranges_of_example(&x, &file);
		pages_of_example(&x, &file);
		for (i = 0; i < x.ncolumns; i++)
			if (stats[i].has_min_max && pq_shape(x.leaves[i]->type, x.leaves[i]->precision) != PQ_BYTES)
				check_stats(x.leaves[i], 0, x.leaves[i]->n, &stats[i]);
		free_example(&x);
	}
	buf_free(&file);
	buf_free(&other);
	OK("parquet", "random files hold what was written, flat and nested, and their statistics hold");
}

/* Reads all of a file; -1 where it is refused. */
static int
read_all(struct buf *file)
{
	struct pq_source source = memory_source(file);
	struct msg err = { .status = 0 };
	struct pq_reader *r;
	struct pq_batch b;
	int got;

	if (pq_open(&r, &source, 1 << 24, &err) == -1)
		return -1;
	while ((got = pq_next(r, 1000, &b, &err)) == 1)
		;
	pq_close(r);
	return got;
}

/* Takes the checksum off a footer, as if another writer had made the file: what is altered then gets further. */
static void
unseal(struct buf *file)
{
	uint8_t *key = memmem(file->p, file->len, "acct.footer", 11);

	CHECK(key != NULL, "a footer without checksum");
	*key = 'A';
}

static void
test_damage(void)
{
	static struct example x;
	struct pq_stats stats[COLUMNS];
	struct pq_options o = pq_defaults();
	struct buf file = { 0 }, cut = { 0 };
	size_t i, at;
	uint8_t bit;

	do {
		free_example(&x);
		make_example(&x);
	} while (x.rows < 100);
	write_example(&x, &o, &file, stats);
	for (i = 0; i < 300; i++) {
		cut.len = 0;
		buf_add(&cut, file.p, i < 100 && i < file.len ? file.len - 1 - i : unit_below(file.len));
		CHECK(read_all(&cut) == -1, "%zu bytes of %zu", cut.len, file.len);
	}
	unseal(&file);
	for (i = 0; i < 2000; i++) {
		at = unit_below(file.len);
		bit = (uint8_t)(1u << unit_below(8));
		file.p[at] ^= bit;
		(void)read_all(&file);			/* an error or rows, but nothing worse */
		file.p[at] ^= bit;
	}
	CHECK(read_all(&file) == 0, "the file is as it was");
	free_example(&x);
	buf_free(&file);
	buf_free(&cut);
	OK("parquet", "what is cut short is refused, what is altered does no harm");
}

/* Takes the rows off that an example has too many. */
static void
cut_example(struct example *x)
{
	size_t i;

	for (i = 0; i < x->ncolumns; i++)
		x->leaves[i]->n = x->leaves[i]->row[x->rows];
}

/* Does the batch hold what the example has? As compare_batch, which ends the program where not. */
static bool
is_batch(const struct leaf *l, const struct pq_vector *v, size_t first, size_t rows)
{
	size_t at = l->row[first], n = l->row[first + rows] - at, k;
	uint8_t def;

	if (v->n != n)
		return false;
	for (k = 0; k < n; k++) {
		def = v->def == NULL ? l->max_def : v->def[k];
		if (def != l->def[at + k] || (v->rep == NULL ? 0 : v->rep[k]) != l->rep[at + k] ||
		    (def == l->max_def && !equal_value(l, at + k, v, k)))
			return false;
	}
	return true;
}

/*
 * Reads a file that may be damaged up to its end or an error: 1 where it holds the example, 0 where it holds other
 * rows, -1 where it is refused.
 */
static int
holds(const struct example *x, struct buf *file)
{
	struct pq_source source = memory_source(file);
	struct msg err = { .status = 0 };
	struct pq_reader *r;
	struct pq_batch b;
	uint64_t rows = 0;
	bool same;
	size_t i, n;
	int got = 0;

	if (pq_open(&r, &source, 1 << 24, &err) == -1)
		return -1;
	(void)pq_columns(r, &n);
	same = n == x->ncolumns;
	while ((got = pq_next(r, 1000, &b, &err)) == 1) {
		for (i = 0; i < n && same; i++)
			same = b.first_row + b.rows <= x->rows && is_batch(x->leaves[i], &b.columns[i], b.first_row,
			    b.rows);
		rows += b.rows;
	}
	pq_close(r);
	return got == -1 ? -1 : same && rows == x->rows;
}

/* Is a flipped bit found by looking at the indexes? */
static bool
has_bad_index(struct buf *file)
{
	struct pq_source source = memory_source(file);
	struct msg err = { .status = 0 };
	struct pq_reader *r;
	bool bad;

	if (pq_open(&r, &source, 1 << 24, &err) == -1)
		return false;
	bad = pq_check_index(r, &err) == -1;
	pq_close(r);
	return bad;
}

/*
 * Of n single bits of the file, flipped one at a time, none gives other rows. Half of them are from its last page on.
 */
static void
flip_bits(const struct example *x, struct buf *file, size_t n, size_t counts[2])
{
	size_t i, at;
	uint8_t bit;
	int got;

	CHECK(holds(x, file) == 1, "the file is as it was made");
	for (i = 0; i < n; i++) {
		at = unit_below(2) ? unit_below(file->len) : file->len - 1 -
		    unit_below(file->len < 2000 ? file->len : 2000);
		bit = (uint8_t)(1u << unit_below(8));
		file->p[at] ^= bit;
		got = holds(x, file);
		CHECK(got != 0, "byte %zu of %zu, bit %02x: other rows", at, file->len, bit);
		if (got == -1 || has_bad_index(file))
			counts[0]++;
		else
			counts[1]++;
		file->p[at] ^= bit;
	}
	CHECK(holds(x, file) == 1, "the file is as it was");
}

static void
test_flips(void)
{
	static struct example x;
	const char *env = getenv("ACCT_CASES");
	size_t left = env != NULL ? (size_t)strtoull(env, NULL, 10) : 20000, n, counts[2] = { 0, 0 };
	struct pq_stats stats[COLUMNS];
	struct pq_options o;
	struct buf file = { 0 };

	for (; left > 0; left -= n) {
		n = left < 500 ? left : 500;
		make_example(&x);
		if (x.rows > 300)
			x.rows = 300;
		o = random_options();
		file.len = 0;
		cut_example(&x);
		write_example(&x, &o, &file, stats);
		flip_bits(&x, &file, n, counts);
		free_example(&x);
	}
	buf_free(&file);
	printf("# %zu flipped bits found, %zu without effect\n", counts[0], counts[1]);
	OK("parquet", "a flipped bit of a file of ours never gives other rows");
}

/* ---- footers no writer makes ---- */

static void
put_schema(struct thrift_out *o, size_t leaves, const char *name, size_t n)
{
	size_t i;

	thrift_put_list(o, 2, THRIFT_STRUCT, leaves + 1);
	thrift_elem_struct(o);
	thrift_put_string(o, 4, "schema");
	thrift_put_i32(o, 5, (int32_t)leaves);
	thrift_end(o);
	for (i = 0; i < leaves; i++) {
		thrift_elem_struct(o);
		thrift_put_i32(o, 1, 1);
		thrift_put_i32(o, 3, 0);
		thrift_put_bytes(o, 4, name, n);
		thrift_end(o);
	}
}

/* A row group of one row whose chunks have no byte. */
static void
put_group(struct thrift_out *o, size_t chunks)
{
	size_t i;

	thrift_put_list(o, 4, THRIFT_STRUCT, 1);
	thrift_elem_struct(o);
	thrift_put_list(o, 1, THRIFT_STRUCT, chunks);
	for (i = 0; i < chunks; i++) {
		thrift_elem_struct(o);
		thrift_put_struct(o, 3);
		thrift_put_i32(o, 1, 1);
		thrift_put_i32(o, 4, 0);
		thrift_put_i64(o, 5, 1);
		thrift_put_i64(o, 7, 0);
		thrift_put_i64(o, 9, 4);
		thrift_end(o);
		thrift_end(o);
	}
	thrift_put_i64(o, 3, 1);
	thrift_end(o);
}

static void
put_orders(struct thrift_out *o, size_t n)
{
	thrift_put_list(o, 7, THRIFT_STRUCT, n);
	while (n-- > 0) {
		thrift_elem_struct(o);
		thrift_put_struct(o, 1);
		thrift_end(o);
		thrift_end(o);
	}
}

/*
 * Opens a file whose footer has these parts in this order: s a schema of one leaf, S one of two hundred, z one whose
 * leaf has a NUL byte in its name, g and G row groups of as many chunks, o orders of one, k keys without end, E
 * elements without end, r the number of rows. Returns as pq_open does; where it is opened the statistics of every leaf
 * are looked at.
 */
static int
open_parts(const char *parts)
{
	enum { FEW = 1, MANY = 200, ENDLESS = 1 << 20 };
	struct buf file = { 0 };
	struct pq_source source;
	struct msg err = { .status = 0 };
	struct pq_reader *r;
	struct thrift_out o;
	struct pq_stats stats;
	size_t i, n, begin;
	uint32_t len;

	buf_adds(&file, "PAR1    ");
	begin = file.len;
	thrift_start(&o, &file);
	for (; *parts != '\0'; parts++) {
		if (*parts == 's' || *parts == 'S' || *parts == 'z') {
			put_schema(&o, *parts == 'S' ? MANY : FEW, "a\0b", *parts == 'z' ? 3 : 1);
		} else if (*parts == 'g' || *parts == 'G') {
			put_group(&o, *parts == 'g' ? FEW : MANY);
		} else if (*parts == 'o') {
			put_orders(&o, FEW);
		} else if (*parts == 'r') {
			thrift_put_i64(&o, 3, 1);
		} else {
			thrift_put_list(&o, *parts == 'k' ? 5 : 2, THRIFT_STRUCT, ENDLESS);
			memset(buf_room(&file, ENDLESS), 0, ENDLESS);
			file.len += ENDLESS;
		}
	}
	thrift_end(&o);
	len = (uint32_t)(file.len - begin);
	buf_add(&file, &len, 4);
	buf_adds(&file, "PAR1");
	source = memory_source(&file);
	if (pq_open(&r, &source, 0, &err) == -1) {
		CHECK(err.status == EX_DATAERR, "%s", err.text);
		buf_free(&file);
		return -1;
	}
	(void)pq_columns(r, &n);
	for (i = 0; i < n; i++)
		pq_chunk_stats(r, 0, i, &stats);
	pq_close(r);
	buf_free(&file);
	return 0;
}

static void
test_footers(void)
{
	static const char *const bad[] = { "sgSr", "gsr", "grs", "sogSr", "sorgS", "ssgr", "sggr", "soogr", "osgr",
	    "sGr",
	    "Sgr", "Er", "sgrk", "sgrr", "zgr" };
	size_t i;

	CHECK(open_parts("sgro") == 0 && open_parts("srgo") == 0 && open_parts("SGro") == 0, "what is sound");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(open_parts(bad[i]) == -1, "the footer %s", bad[i]);
	OK("parquet", "footers in which the schema does not stand once, before what it describes, are refused");
}

/* A file of a column of INT32 with these annotations (-1: none, 0: none) and the bounds 3 and 5. */
static void
put_annotated(struct buf *file, int converted, int logical)
{
	struct thrift_out o;
	size_t begin;
	uint32_t len;

	file->len = 0;
	buf_adds(file, "PAR1    ");
	begin = file->len;
	thrift_start(&o, file);
	thrift_put_list(&o, 2, THRIFT_STRUCT, 2);
	thrift_elem_struct(&o);
	thrift_put_string(&o, 4, "schema");
	thrift_put_i32(&o, 5, 1);
	thrift_end(&o);
	thrift_elem_struct(&o);
	thrift_put_i32(&o, 1, 1);
	thrift_put_i32(&o, 3, 0);
	thrift_put_string(&o, 4, "a");
	if (converted != -1)
		thrift_put_i32(&o, 6, converted);
	if (logical != 0) {
		thrift_put_struct(&o, 10);
		thrift_put_struct(&o, logical);
		thrift_end(&o);
		thrift_end(&o);
	}
	thrift_end(&o);
	thrift_put_i64(&o, 3, 1);
	thrift_put_list(&o, 4, THRIFT_STRUCT, 1);
	thrift_elem_struct(&o);
	thrift_put_list(&o, 1, THRIFT_STRUCT, 1);
	thrift_elem_struct(&o);
	thrift_put_struct(&o, 3);
	thrift_put_i32(&o, 1, 1);
	thrift_put_i32(&o, 4, 0);
	thrift_put_i64(&o, 5, 1);
	thrift_put_i64(&o, 7, 0);
	thrift_put_i64(&o, 9, 4);
	thrift_put_struct(&o, 12);
	thrift_put_bytes(&o, 5, "\5\0\0", 4);
	thrift_put_bytes(&o, 6, "\3\0\0", 4);
	thrift_end(&o);
	thrift_end(&o);
	thrift_end(&o);
	thrift_put_i64(&o, 3, 1);
	thrift_end(&o);
	put_orders(&o, 1);
	thrift_end(&o);
	len = (uint32_t)(file->len - begin);
	buf_add(file, &len, 4);
	buf_adds(file, "PAR1");
}

static void
test_annotations(void)
{
	enum { OLD_NONE = -1, OLD_DATE = 6, DATE = 6, NEWER = 2555, UNUSED = 9 };
	static const struct {
		int converted, logical;
		enum pq_type type;
		bool bounds;
	} cases[] = {
		{ OLD_NONE, 0, PQ_INT32, true }, { OLD_DATE, 0, PQ_DATE, true }, { OLD_NONE, DATE, PQ_DATE, true },
		{ OLD_DATE, DATE, PQ_DATE, true }, { OLD_DATE, NEWER, PQ_DATE, true },
		{ OLD_NONE, NEWER, PQ_INT32, false },
		{ OLD_NONE, UNUSED, PQ_INT32, false }
	};
	struct buf file = { 0 };
	struct pq_source source;
	struct msg err = { .status = 0 };
	struct pq_stats stats;
	struct pq_reader *r;
	size_t i, n;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put_annotated(&file, cases[i].converted, cases[i].logical);
		source = memory_source(&file);
		CHECK(pq_open(&r, &source, 0, &err) == 0, "%s", err.text);
		CHECK(pq_columns(r, &n)[0].type == cases[i].type, "type of case %zu", i);
		pq_chunk_stats(r, 0, 0, &stats);
		CHECK(stats.has_min_max == cases[i].bounds && (!cases[i].bounds ||
		    (stats.min.i == 3 && stats.max.i == 5)),
		    "bounds of case %zu", i);
		pq_close(r);
	}
	buf_free(&file);
	OK("parquet",
	    "an annotation that is not known leaves the old one, and no order to rely on where there is none");
}

/* ---- pages of other writers ---- */

/* Appends a page with its header; a dictionary where `type` says so. Returns the bytes of the header. */
static size_t
put_page(struct buf *file, int type, int32_t values, int encoding, const void *p, size_t n, size_t uncompressed)
{
	struct meta_page_header h = { .type = type, .uncompressed = (int32_t)uncompressed, .compressed = (int32_t)n,
	    .values = values, .encoding = encoding };
	size_t begin = file->len, head;

	meta_page_put(&h, file);
	head = file->len - begin;
	buf_add(file, p, n);
	return head;
}

/*
 * The footer of a column of INT32 with one chunk: its dictionary at 4, its data at `data`, `missing` bytes not counted.
 */
static void
put_footer(struct buf *file, int repetition, int codec, int64_t rows, size_t data, size_t missing, const char *by)
{
	size_t begin = file->len;
	struct thrift_out o;
	uint32_t len;

	thrift_start(&o, file);
	thrift_put_list(&o, 2, THRIFT_STRUCT, 2);
	thrift_elem_struct(&o);
	thrift_put_string(&o, 4, "schema");
	thrift_put_i32(&o, 5, 1);
	thrift_end(&o);
	thrift_elem_struct(&o);
	thrift_put_i32(&o, 1, META_INT32);
	thrift_put_i32(&o, 3, repetition);
	thrift_put_string(&o, 4, "a");
	thrift_end(&o);
	thrift_put_i64(&o, 3, rows);
	thrift_put_list(&o, 4, THRIFT_STRUCT, 1);
	thrift_elem_struct(&o);
	thrift_put_list(&o, 1, THRIFT_STRUCT, 1);
	thrift_elem_struct(&o);
	thrift_put_struct(&o, 3);
	thrift_put_i32(&o, 1, META_INT32);
	thrift_put_i32(&o, 4, codec);
	thrift_put_i64(&o, 5, rows);
	thrift_put_i64(&o, 7, (int64_t)(begin - 4 - missing));
	thrift_put_i64(&o, 9, (int64_t)data);
	thrift_put_i64(&o, 11, 4);
	thrift_end(&o);
	thrift_end(&o);
	thrift_put_i64(&o, 3, rows);
	thrift_end(&o);
	thrift_put_string(&o, 6, by);
	thrift_end(&o);
	len = (uint32_t)(file->len - begin);
	buf_add(file, &len, 4);
	buf_adds(file, "PAR1");
}

/* Do the file's rows, of which def says which are not null (NULL: all), hold these values? */
static void
check_rows(struct buf *file, const int32_t *values, const uint8_t *def, size_t n, const char *what)
{
	struct pq_source source = memory_source(file);
	struct msg err = { .status = 0 };
	struct pq_reader *r;
	struct pq_batch b;
	size_t i;

	CHECK(pq_open(&r, &source, 0, &err) == 0, "%s: %s", what, err.text);
	CHECK(pq_next(r, 1000, &b, &err) == 1 && b.rows == n, "%s: %s", what, err.text);
	for (i = 0; i < n; i++)
		CHECK(def == NULL || def[i] ? b.columns[0].v.i32[i] == values[i] : b.columns[0].def[i] == 0,
		    "%s: row %zu", what, i);
	pq_close(r);
}

static void
test_others(void)
{
	static const int32_t two[] = { 7, 9 }, mixed[] = { 7, 9, 7 }, same[] = { 7, 7, 7 };
	static const uint8_t indexes[] = { 1, 3, 2 }, no_bits[] = { 0 }, all_null[] = { 2, 0, 0, 0, 6, 0, 0 },
	    null[3] = { 0 };
	static const int codecs[] = { PQ_UNCOMPRESSED, PQ_SNAPPY };
	struct buf file = { 0 };
	char packed[100];
	size_t head, at, end, n, i;

	buf_adds(&file, "PAR1");
	head = put_page(&file, META_DICTIONARY_PAGE, 2, META_PLAIN, two, sizeof(two), sizeof(two));
	at = file.len;
	put_page(&file, META_DATA_PAGE, 3, META_RLE_DICTIONARY, indexes, sizeof(indexes), sizeof(indexes));
	end = file.len;
	put_footer(&file, PQ_REQUIRED, PQ_UNCOMPRESSED, 3, at, 0, "");
	check_rows(&file, mixed, NULL, 3, "two entries");
	file.len = end;
	put_footer(&file, PQ_REQUIRED, PQ_UNCOMPRESSED, 3, at, head, "parquet-mr");
	CHECK(read_all(&file) == -1, "a chunk that does not end where the footer says");

	file.len = 4;
	put_page(&file, META_DICTIONARY_PAGE, 1, META_PLAIN, two, sizeof(*two), sizeof(*two));
	at = file.len;
	put_page(&file, META_DATA_PAGE, 3, META_RLE_DICTIONARY, no_bits, sizeof(no_bits), sizeof(no_bits));
	put_footer(&file, PQ_REQUIRED, PQ_UNCOMPRESSED, 3, at, 0, "");
	check_rows(&file, same, NULL, 3, "indexes of no bits and no runs");

	for (i = 0; i < sizeof(codecs) / sizeof(*codecs); i++) {
		n = sizeof(packed);
		CHECK(snappy_compress((const char *)all_null, sizeof(all_null), packed, &n) == SNAPPY_OK, "snappy");
		file.len = 4;
		put_page(&file, META_DICTIONARY_PAGE, 0, META_PLAIN, "", 0, 0);
		at = file.len;
		put_page(&file, META_DATA_PAGE, 3, META_RLE_DICTIONARY, i == 0 ? (const void *)all_null : packed,
		    i == 0 ? sizeof(all_null) : n, sizeof(all_null));
		put_footer(&file, PQ_OPTIONAL, codecs[i], 3, at, 0, "");
		check_rows(&file, two, null, 3, "a dictionary of nothing, of no byte");
	}
	buf_free(&file);
	OK("parquet", "what other writers leave out is not missed");
}

/* Pages that are within the limit one by one, in a file that is nothing beside them. */
static void
test_bombs(void)
{
	enum { MANY = 64, LENGTH = 60000, LIMIT = 64 * 1024 };
	static const char *const names[] = { "a", "b", "c", "d" };
	static struct pq_field f[MANY];
	static struct pq_vector v[MANY];
	static const uint8_t zeros[LENGTH];
	const struct pq_bytes value = { zeros, LENGTH };
	struct pq_options o = { .codec = PQ_ZSTD };
	struct buf file = { 0 };
	struct pq_sink sink = memory_sink(&file);
	struct pq_source source;
	struct msg err = { .status = 0 };
	struct pq_writer *w;
	struct pq_reader *r;
	struct pq_batch b;
	size_t i;

	for (i = 0; i < MANY; i++) {
		f[i] = (struct pq_field){ .name = names[i % 4], .type = PQ_BINARY, .id = PQ_NO_ID };
		v[i] = (struct pq_vector){ .n = 1, .v.bytes = &value };
	}
	CHECK(pq_create(&w, &sink, f, MANY, &o, &err) == 0 && pq_write(w, 1, v, &err) == 0 && pq_finish(w, &err) == 0,
	    "%s",
	    err.text);
	pq_writer_free(w);
	source = memory_source(&file);
	CHECK(file.len < LENGTH, "%zu bytes", file.len);
	CHECK(pq_open(&r, &source, LIMIT, &err) == 0, "%s", err.text);
	for (i = 0; i < MANY; i++)
		CHECK(pq_select(r, &i, NULL, 1, &err) == 0 && pq_next(r, 1, &b, &err) == 1 &&
		    b.columns[0].v.bytes[0].n == LENGTH,
		    "one by one: %s", err.text);
	pq_close(r);
	CHECK(pq_open(&r, &source, LIMIT, &err) == 0, "%s", err.text);
	CHECK(pq_next(r, 1, &b, &err) == -1 && err.status == EX_DATAERR &&
	    strstr(err.text, "pages of all columns") != NULL,
	    "all at once");
	pq_close(r);
	buf_free(&file);
	OK("parquet", "columns that together uncompress to far more than their file are refused");
}

static int
write_failing(const struct pq_sink *s, const void *p, size_t n, struct msg *err)
{
	size_t *left = s->arg;

	(void)p;
	(void)n;
	return (*left)-- == 0 ? msg_set(err, EX_IOERR, "no space") : 0;
}

static void
test_failing_sink(bool beside)
{
	enum { ROWS_WRITTEN = 100000 };
	static int64_t v[ROWS_WRITTEN];
	const struct pq_field f = { .name = "a", .type = PQ_INT64, .id = PQ_NO_ID };
	const struct pq_vector col = { .n = ROWS_WRITTEN, .v.i64 = v };
	struct pq_options o = { .row_group_rows = 10000, .page_rows = 100, .beside = beside };
	struct msg err, again;
	struct pq_writer *w;
	size_t left, fails, k;
	int got;

	for (k = 0; k < ROWS_WRITTEN; k++)
		v[k] = (int64_t)unit_random();
	for (fails = 0; fails < 1000; fails++) {
		struct pq_sink sink = { .write = write_failing, .arg = &left, .name = "sink" };

		left = fails;
		err.status = again.status = 0;
		CHECK(pq_create(&w, &sink, &f, 1, &o, &err) == 0, "create");
		for (k = got = 0; k < 3 && got == 0; k++)
			got = pq_write(w, ROWS_WRITTEN, &col, &err);
		if (got == 0)
			got = pq_finish(w, &err);
		CHECK(got == 0 || (err.status == EX_IOERR && pq_finish(w, &again) == -1 && again.status == EX_IOERR),
		    "a failure stays");
		pq_writer_free(w);
		if (got == 0)
			break;
	}
	CHECK(fails > 10 && fails < 1000, "%zu writes", fails);
	OK("parquet", beside ? "and so it does where a thread writes" :
	    "a sink that fails at any write fails the file for good");
}

static int
write_slowly(const struct pq_sink *s, const void *p, size_t n, struct msg *err)
{
	(void)p, (void)n, (void)err;
	usleep(2000);
	CHECK(!*(volatile bool *)s->arg, "written after the end");
	return 0;
}

/* Whether a call fails or the writer is freed: what the sink writes to may be closed then. */
static void
test_thread_ends(void)
{
	enum { GROUP = 40000 };
	static uint8_t text[GROUP];
	static struct pq_bytes v[GROUP];
	const struct pq_field f = { .name = "a", .type = PQ_STRING, .id = PQ_NO_ID };
	const struct pq_bytes huge = { text, (size_t)1 << 30 };
	const struct pq_vector group = { .n = GROUP, .v.bytes = v }, bad = { .n = 1, .v.bytes = &huge };
	struct pq_options o = { .row_group_rows = GROUP, .page_rows = 1000, .beside = true };
	struct msg err = { .status = 0 };
	struct pq_writer *w;
	bool closed;
	size_t i, round;

	for (i = 0; i < GROUP; i++) {
		text[i] = (uint8_t)('a' + unit_below(26));
		v[i] = (struct pq_bytes){ text + i / 2, 1 + unit_below(GROUP - i / 2 < 50 ? GROUP - i / 2 : 50) };
	}
	for (round = 0; round < 2; round++) {
		struct pq_sink sink = { .write = write_slowly, .arg = &closed, .name = "sink" };

		closed = false;
		CHECK(pq_create(&w, &sink, &f, 1, &o, &err) == 0 && pq_write(w, GROUP, &group, &err) == 0, "%s",
		    err.text);
		if (round == 0) {
			CHECK(pq_write(w, 1, &bad, &err) == -1 && err.status == EX_DATAERR, "too long");
			closed = true;
			usleep(10000);
			CHECK(pq_finish(w, &err) == -1, "a failure stays");
		}
		pq_writer_free(w);
		closed = true;
		usleep(10000);
	}
	OK("parquet", "a thread that writes has ended when a call fails, or the writer is freed");
}

/* A file of one required column with the one value, and keys. */
static void
write_one(struct buf *file, enum pq_type type, const void *value, const char *const *keys)
{
	const struct pq_field f = { .name = "a", .type = type, .id = PQ_NO_ID };
	const struct pq_vector v = { .n = 1, .v.any = value };
	struct pq_options o = { .keys = keys };
	struct pq_sink sink = memory_sink(file);
	struct msg err = { .status = 0 };
	struct pq_writer *w;

	file->len = 0;
	CHECK(pq_create(&w, &sink, &f, 1, &o, &err) == 0 && pq_write(w, 1, &v, &err) == 0 && pq_finish(w, &err) == 0,
	    "%s", err.text);
	pq_writer_free(w);
}

static const char *
key_of(struct buf *file, const char *key, char out[32])
{
	struct pq_source source = memory_source(file);
	struct msg err = { .status = 0 };
	struct pq_reader *r;

	CHECK(pq_open(&r, &source, 0, &err) == 0, "%s", err.text);
	CHECK(memmem(file->p, file->len, "acct version ", 13) != NULL &&
	    memmem(file->p, file->len, " (build ", 8) != NULL, "created by");
	snprintf(out, 32, "%s", pq_key(r, key) == NULL ? "none" : pq_key(r, key));
	pq_close(r);
	return out;
}

static bool
has_bounds(struct buf *file)
{
	struct pq_source source = memory_source(file);
	struct msg err = { .status = 0 };
	struct pq_stats stats;
	struct pq_reader *r;

	CHECK(pq_open(&r, &source, 0, &err) == 0, "%s", err.text);
	pq_chunk_stats(r, 0, 0, &stats);
	pq_close(r);
	return stats.has_min_max;
}

static void
test_calendars(void)
{
	static const char *const julian[] = { "org.apache.spark.legacyDateTime", "", NULL };
	static const char *const old[] = { "org.apache.spark.version", "2.4.8", NULL };
	static const char *const own[] = { "mine", "yes", NULL };
	const int32_t first = -141427, before = first - 1, today = 20000;
	const int64_t instant = -2208988800000001;
	struct buf file = { 0 };
	char text[32];

	write_one(&file, PQ_DATE, &first, own);
	CHECK(strcmp(key_of(&file, "mine", text), "yes") == 0, "own keys");
	CHECK(strcmp(key_of(&file, "org.apache.spark.version", text), "none") == 0, "no key without need");
	write_one(&file, PQ_DATE, &before, NULL);
	CHECK(strcmp(key_of(&file, "org.apache.spark.version", text), "3.0.0") == 0,
	    "ancient days are said to be Gregorian");
	CHECK(read_all(&file) == 0, "and read back");
	write_one(&file, PQ_TIMESTAMP, &instant, NULL);
	CHECK(strcmp(key_of(&file, "org.apache.spark.version", text), "3.0.0") == 0, "ancient instants too");
	write_one(&file, PQ_DATE, &before, julian);
	CHECK(read_all(&file) == -1, "a Julian day is refused");
	CHECK(!has_bounds(&file), "nor is it a bound");
	write_one(&file, PQ_TIMESTAMP, &instant, old);
	CHECK(read_all(&file) == -1 && !has_bounds(&file), "and one of an old Spark");
	write_one(&file, PQ_DATE, &first, julian);
	CHECK(read_all(&file) == 0, "days of both calendars are read");
	write_one(&file, PQ_DATE, &today, julian);
	CHECK(read_all(&file) == 0 && has_bounds(&file), "and those of today are bounds too");
	buf_free(&file);
	OK("parquet", "ancient days say their calendar, and those of the other are refused");
}

static void
test_names(void)
{
	static const struct pq_field f[] = {
		{ .name = "id", .type = PQ_INT64, .id = 7 },
		{ .name = "g", .repetition = PQ_OPTIONAL, .children = 1, .id = 8 },
		{ .name = "x", .repetition = PQ_OPTIONAL, .type = PQ_DECIMAL, .precision = 28, .scale = 2, .id = 9 }
	};
	struct pq_field bad = { .name = "", .type = PQ_INT64, .id = PQ_NO_ID };
	struct buf file = { 0 };
	struct pq_sink sink = memory_sink(&file);
	struct pq_source source;
	struct pq_options o = pq_defaults();
	struct msg err = { .status = 0 };
	const struct pq_column *c;
	struct pq_writer *w;
	struct pq_reader *r;
	size_t n;

	CHECK(pq_create(&w, &sink, &bad, 1, &o, &err) == -1 && err.status == EX_SOFTWARE, "a name that is empty");
	err.status = 0;
	CHECK(pq_create(&w, &sink, f, 3, &o, &err) == 0 && pq_finish(w, &err) == 0, "%s", err.text);
	pq_writer_free(w);
	source = memory_source(&file);
	CHECK(pq_open(&r, &source, 0, &err) == 0, "%s", err.text);
	c = pq_columns(r, &n);
	CHECK(n == 2 && c[0].id == 7 && c[0].top && c[0].max_def == 0 && c[1].id == 9 && !c[1].top && c[1].max_def == 2,
	    "columns");
	CHECK(strcmp(c[0].path, "id") == 0 && strcmp(c[1].path, "g.x") == 0 && strcmp(c[1].name, "x") == 0, "paths");
	CHECK(c[1].type == PQ_DECIMAL && c[1].precision == 28 && c[1].scale == 2 && c[1].shape == PQ_I128, "a decimal");
	pq_close(r);
	buf_free(&file);
	OK("parquet", "names, field ids and types come back");
}

int
main(void)
{
	unit_start();
	test_bits();
	test_hybrid();
	test_dbp();
	test_words();
	test_decimals();
	test_cut();
	test_files();
	test_damage();
	test_flips();
	test_footers();
	test_annotations();
	test_others();
	test_bombs();
	test_failing_sink(false);
	test_failing_sink(true);
	test_thread_ends();
	test_calendars();
	test_names();
	return 0;
}
