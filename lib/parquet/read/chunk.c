/* Column chunks: finds, verifies and decompresses pages; decodes entries into vectors. */
#include <stdlib.h>
#include <string.h>

#include "parquet/encode/bits.h"
#include "parquet/format/types.h"
#include "parquet/read/chunk.h"
#include "parquet/format/convert.h"
#include "parquet/format/load.h"
#include "parquet/encode/crc.h"

enum {
	READ_AHEAD = 256 * 1024,	/* minimum bytes per read */
	MAX_HEADER = 16 * 1024 * 1024,
	/* values per batch of an encoding that assembles values longer than their stored bytes */
	FRONT_CODED = 128,
	AHEAD = 4096			/* levels decoded at once for nested columns */
};

static int
fault(const struct chunk_in *k, const char *what, struct msg *err)
{
	return msg_set(err, EX_DATAERR, "%s: column %s, row group %zu: %s", k->source->name, msg_quotes(k->c->path),
	    k->group, what);
}

int64_t
chunk_start(const struct meta_chunk *meta)
{
	return meta->dict_offset > 0 && meta->dict_offset < meta->data_offset ? meta->dict_offset : meta->data_offset;
}

int
chunk_begin(struct chunk_in *k, const struct meta_chunk *meta, size_t group, uint64_t rows, uint64_t most,
    struct msg *err)
{
	int64_t start = chunk_start(meta);
	const char *why;

	k->meta = meta;
	k->group = group;
	k->page_left = k->ahead_at = k->ahead_n = 0;
	k->seen_data = k->dict.there = false;
	if (meta->encrypted)
		return fault(k, "the chunk is encrypted", err);
	if (meta->has_file)
		return fault(k, "the chunk is in another file", err);
	if ((k->codec = codec_find(meta->codec, &why)) == NULL)
		return fault(k, why, err);
	if (meta->type != k->e->type)
		return fault(k, "type differs from the schema's", err);
	if (start < 4 || (uint64_t)start >= most || meta->compressed < 0 || meta->num_values < 0)
		return rows == 0 ? (k->left = 0, 0) : fault(k, "the chunk lies outside the file", err);
	if (k->c->max_rep == 0 && (uint64_t)meta->num_values != rows)
		return fault(k, "number of values differs from number of rows", err);
	k->at = (uint64_t)start;
	if ((uint64_t)meta->compressed > most - k->at)
		return fault(k, "the chunk lies outside the file", err);
	k->end = k->at + (uint64_t)meta->compressed;
	k->left = (uint64_t)meta->num_values;
	k->window.len = 0;
	k->window_at = k->at;
	return 0;
}

/* ---- bytes of the file ---- */

/* Returns n bytes at k->at, which lie within the chunk; a view until the next call. NULL if reading fails. */
static const uint8_t *
look(struct chunk_in *k, size_t n, struct msg *err)
{
	uint64_t want = k->end - k->at;

	if (k->at >= k->window_at && k->at - k->window_at <= k->window.len &&
	    n <= k->window.len - (size_t)(k->at - k->window_at))
		return k->window.p + (k->at - k->window_at);
	if (want > READ_AHEAD)
		want = n < READ_AHEAD ? READ_AHEAD : n;
	k->window.len = 0;
	buf_room(&k->window, (size_t)want + 16);
	if (k->source->read(k->source, k->at, k->window.p, (size_t)want, err) == -1)
		return NULL;
	k->window.len = (size_t)want;
	k->window_at = k->at;
	return k->window.p;
}

/* Reads the header of the next page and moves past it. */
static int
next_header(struct chunk_in *k, struct meta_page_header *h, struct msg *err)
{
	uint64_t there = k->end - k->at;
	size_t n = there < 512 ? (size_t)there : 512;
	const uint8_t *p;
	long len;

	for (;;) {
		if (n == 0)
			return fault(k, "the chunk ends before its last page", err);
		if ((p = look(k, n, err)) == NULL)
			return -1;
		len = meta_page_parse(h, p, n);
		if (len > 0)
			break;
		if (len < 0 || n == there || n >= MAX_HEADER)
			return fault(k, "invalid page header", err);
		n = n * 8 < there ? n * 8 : (size_t)there;
	}
	k->at += (uint64_t)len;
	if ((uint64_t)h->compressed > k->end - k->at)
		return fault(k, "a page exceeds its chunk", err);
	if ((size_t)h->uncompressed > k->limit)
		return fault(k, "a page exceeds the size limit", err);
	return 0;
}

/* Decompresses n bytes to `size` bytes in out. */
static int
expand(struct chunk_in *k, int encoding, const uint8_t *p, size_t n, struct buf *out, size_t size, struct msg *err)
{
	bool words = k->e->type == META_INT64 && (encoding == META_PLAIN || encoding == META_PLAIN_DICTIONARY);
	struct codec_hint hint = { .width = words ? sizeof(int64_t) : 0 };
	const char *bad;

	if (n == 0 ? size != 0 : !k->codec->is_plausible(p, n, size))
		return fault(k, "a page too short for its uncompressed size", err);
	out->len = 0;
	buf_room(out, size + 16);
	/* some writers store nothing for an empty page, others an empty frame */
	if (n > 0 && (bad = k->codec->expand(hint, p, n, out->p, size)) != NULL)
		return fault(k, bad, err);
	out->len = size;
	return 0;
}

/* Returns the page's stored bytes after verifying their checksum. */
static const uint8_t *
stored(struct chunk_in *k, const struct meta_page_header *h, struct msg *err)
{
	const uint8_t *p = look(k, (size_t)h->compressed, err);

	if (p == NULL)
		return NULL;
	k->at += (uint64_t)h->compressed;
	if (h->has_crc && crc_bytes(p, (size_t)h->compressed) != h->crc) {
		fault(k, "page checksum mismatch", err);
		return NULL;
	}
	return p;
}

/* ---- pages ---- */

/* Frees the read buffer of a dictionary, which may be far larger than the pages. */
static void
shrink_window(struct chunk_in *k)
{
	if (k->window.cap > 2 * READ_AHEAD)
		buf_free(&k->window);
}

static int
load_dictionary(struct chunk_in *k, const struct meta_page_header *h, struct msg *err)
{
	const uint8_t *p;
	const char *bad;

	if (k->dict.there || k->seen_data)
		return fault(k, "misplaced dictionary page", err);
	if (h->encoding != META_PLAIN && h->encoding != META_PLAIN_DICTIONARY)
		return fault(k, "dictionary page not PLAIN-encoded", err);
	if ((p = stored(k, h, err)) == NULL || expand(k, h->encoding, p, (size_t)h->compressed, &k->dict_page,
	    (size_t)h->uncompressed, err) == -1)
		return -1;
	shrink_window(k);
	k->dict = (struct values_dict){ k->dict_page.p, (size_t)h->values, true };
	k->dict_serial++;
	if (values_are_stored(k->c, k->e, k->dict_page.len, (size_t)h->values))
		return 0;
	if ((bad = values_dictionary(k->c, k->e, k->dict_page.p, k->dict_page.len, (size_t)h->values,
	    &k->dict_values)) != NULL)
		return fault(k, bad, err);
	k->dict.values = k->dict_values.p;
	return 0;
}

/* Splits length-prefixed levels off the start of a version 1 page. */
static const char *
take_levels(struct hybrid_in *in, const uint8_t **p, const uint8_t *end, unsigned most, int encoding)
{
	uint32_t len;

	if (most == 0)
		return NULL;
	if (encoding != META_RLE)
		return "levels not RLE-encoded";
	if (end - *p < 4)
		return "truncated levels in a page";
	len = load_u32(*p);
	*p += 4;
	if (len > (size_t)(end - *p))
		return "truncated levels in a page";
	hybrid_open(in, *p, *p + len, bits_width(most));
	*p += len;
	return NULL;
}

static int
load_v1(struct chunk_in *k, const struct meta_page_header *h, struct msg *err)
{
	const uint8_t *p = stored(k, h, err), *end;
	const char *bad;

	if (p == NULL)
		return -1;
	end = p + h->compressed;
	if (k->meta->codec != PQ_UNCOMPRESSED) {
		if (expand(k, h->encoding, p, (size_t)h->compressed, &k->page, (size_t)h->uncompressed, err) == -1)
			return -1;
		p = k->page.p;
		end = p + k->page.len;
	} else if (h->compressed != h->uncompressed) {
		return fault(k, "page of the wrong size", err);
	}
	if ((bad = take_levels(&k->rep, &p, end, k->c->max_rep, h->rep_encoding)) != NULL ||
	    (bad = take_levels(&k->def, &p, end, k->c->max_def, h->def_encoding)) != NULL ||
	    (bad = values_begin(&k->values, h->encoding, p, end)) != NULL)
		return fault(k, bad, err);
	return 0;
}

static int
load_v2(struct chunk_in *k, const struct meta_page_header *h, struct msg *err)
{
	size_t levels = (size_t)h->rep_len + (size_t)h->def_len;
	const uint8_t *p, *end;
	const char *bad;

	if (levels > (size_t)h->compressed || levels > (size_t)h->uncompressed)
		return fault(k, "truncated levels in a page", err);
	if ((p = stored(k, h, err)) == NULL)
		return -1;
	end = p + h->compressed;
	hybrid_open(&k->rep, p, p + h->rep_len, bits_width(k->c->max_rep));
	p += h->rep_len;
	hybrid_open(&k->def, p, p + h->def_len, bits_width(k->c->max_def));
	p += h->def_len;
	if (h->is_compressed && k->meta->codec != PQ_UNCOMPRESSED && end > p) {
		if (expand(k, h->encoding, p, (size_t)(end - p), &k->page, (size_t)h->uncompressed - levels, err) == -1)
			return -1;
		p = k->page.p;
		end = p + k->page.len;
	} else if (h->compressed != h->uncompressed) {
		return fault(k, "page of the wrong size", err);
	}
	bad = values_begin(&k->values, h->encoding, p, end);
	return bad == NULL ? 0 : fault(k, bad, err);
}

/*
 * Page headers have no checksum of their own. The page checksum covers their lengths. In a sealed file, entry counts
 * must add up to the chunk's at its last byte, and encodings must be listed in the footer; other writers may pad a
 * chunk and do not always list the encodings.
 */
static bool
is_encoding_listed(const struct chunk_in *k, const struct meta_page_header *h)
{
	return !k->sealed || (h->encoding >= 0 && h->encoding < 32 && (k->meta->encodings >> h->encoding & 1) != 0 &&
	    k->dict.there == (h->encoding == META_RLE_DICTIONARY));
}

/* Loads the next data page that has entries. */
static int
load_page(struct chunk_in *k, struct msg *err)
{
	struct meta_page_header h;
	int got;

	while (k->page_left == 0) {
		if (k->left == 0)
			return fault(k, "the chunk ends before its last row", err);
		if (next_header(k, &h, err) == -1)
			return -1;
		if (h.type == META_DICTIONARY_PAGE) {
			if (load_dictionary(k, &h, err) == -1)
				return -1;
			continue;
		}
		if (h.type != META_DATA_PAGE && h.type != META_DATA_PAGE_V2) {
			k->at += (uint64_t)h.compressed;
			continue;
		}
		k->seen_data = true;
		if (!is_encoding_listed(k, &h))
			return fault(k, "damaged: a page in an encoding that the footer does not list", err);
		if ((uint64_t)h.values > k->left)
			return fault(k, "pages have more entries than the chunk", err);
		got = h.type == META_DATA_PAGE ? load_v1(k, &h, err) : load_v2(k, &h, err);
		if (got == -1)
			return -1;
		k->left -= (uint64_t)h.values;
		if (k->sealed && k->left == 0 && k->at != k->end)
			return fault(k, "damaged: pages have more entries than the chunk", err);
		k->page_left = (size_t)h.values;
	}
	return 0;
}

bool
chunk_is_paged(const struct chunk_in *k)
{
	return k->c->max_rep == 0 && (k->c->shape == PQ_BYTES || (k->flags & PQ_INDEX) != 0);
}

int
chunk_page(struct chunk_in *k, size_t *n, struct msg *err)
{
	if (k->page_left == 0 && load_page(k, err) == -1)
		return -1;
	*n = k->page_left;
	if (k->values.encoding == META_DELTA_BYTE_ARRAY && *n > FRONT_CODED)
		*n = FRONT_CODED;
	return 0;
}

/* ---- entries ---- */

#define SPREAD(type)								\
	do {									\
		type *v = out;							\
		while (n-- > 0)							\
			v[n] = def[n] == most ? v[--values] : 0;		\
	} while (0)

/* Moves `values` adjacent values to the slots of their entries; zeroes the slots of nulls. */
static void
spread(void *out, size_t width, const uint8_t *def, size_t n, size_t values, uint8_t most)
{
	switch (width) {
	case 1:
		SPREAD(uint8_t);
		break;
	case 4:
		SPREAD(uint32_t);
		break;
	case 8:
		SPREAD(uint64_t);
		break;
	default:
		SPREAD(u128);
	}
}

static size_t
count_equal(const uint8_t *def, size_t n, uint8_t most)
{
	size_t i, values = 0;

	for (i = 0; i < n; i++)
		values += def[i] == most;
	return values;
}

static const char *
check_calendar(const struct chunk_in *k, size_t first, size_t n)
{
	const int32_t *day = (const int32_t *)(const void *)k->out_values.p;
	const int64_t *micros = (const int64_t *)(const void *)k->out_values.p;
	int64_t ancient = types_of(k->c->type)->ancient;
	bool date = k->c->shape == PQ_I32, old = false;
	size_t i;

	if (ancient == 0)
		return NULL;
	for (i = first; i < first + n; i++)
		old |= (date ? day[i] : micros[i]) < ancient;
	return old ? "unsupported Julian date of an old writer" : NULL;
}

/* Copies the bytes that views of a page refer to, so that they outlive the page. */
static const char *
keep_bytes(struct chunk_in *k, struct pq_bytes *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		k->copied += v[i].n + 8;
		if (k->copied > k->limit)
			return "values of a batch take more than the limit of a page";
		if (v[i].n > 0)
			v[i].p = pool_copy(&k->copies, v[i].p, v[i].n);
	}
	return NULL;
}

/* Decodes the page's next n entries to position `at` of the batch; definition levels, if any, are already decoded. */
static const char *
decode(struct chunk_in *k, const uint8_t *def, size_t at, size_t n)
{
	size_t width = pq_shape_size(k->c->shape), values = def == NULL ? n : count_equal(def, n, k->c->max_def);
	void *out = k->out_values.p + at * width;
	const char *bad;

	if (k->vector.index != NULL) {
		out = k->out_index.p + at * sizeof(uint32_t);
		width = sizeof(uint32_t);
		bad = values_next_index(&k->values, values, out);
	} else {
		bad = values_next(&k->values, values, out);
	}
	if (bad == NULL && k->c->max_rep > 0 && k->c->shape == PQ_BYTES && !values_is_indexed(&k->values))
		bad = keep_bytes(k, out, values);
	if (bad == NULL && k->julian && k->vector.index == NULL)
		bad = check_calendar(k, at, values);
	if (bad == NULL && values < n) {
		if (k->vector.index == NULL && k->c->shape == PQ_BYTES) {
			struct pq_bytes *v = out;
			while (n-- > 0)
				v[n] = def[n] == k->c->max_def ? v[--values] : (struct pq_bytes){ NULL, 0 };
		} else {
			spread(out, width, def, n, values, k->c->max_def);
		}
	}
	return bad;
}

static int
flat_rows(struct chunk_in *k, size_t rows, struct msg *err)
{
	size_t done, n, nulls = 0;
	uint8_t *def = NULL;
	const char *bad;

	buf_room(&k->out_values, rows * pq_shape_size(k->c->shape) + 16);
	if (k->c->max_def > 0)
		buf_room(&k->out_def, rows);
	if ((k->flags & PQ_INDEX) != 0 && values_is_indexed(&k->values))
		k->vector.index = (const uint32_t *)(const void *)buf_room(&k->out_index, rows * sizeof(uint32_t));
	for (done = 0; done < rows; done += n) {
		if (k->page_left == 0 && load_page(k, err) == -1)
			return -1;
		n = rows - done < k->page_left ? rows - done : k->page_left;
		if (k->c->max_def > 0) {
			def = k->out_def.p + done;
			if (!hybrid_next_bytes(&k->def, def, n, k->c->max_def))
				return fault(k, "invalid or truncated definition levels", err);
			nulls += n - count_equal(def, n, k->c->max_def);
		}
		if ((bad = decode(k, def, done, n)) != NULL)
			return fault(k, bad, err);
		k->page_left -= n;
	}
	k->vector.n = rows;
	k->vector.def = nulls > 0 ? k->out_def.p : NULL;
	k->vector.v.any = k->vector.index != NULL ? k->dict.values : k->out_values.p;
	k->vector.dict_n = k->vector.index != NULL ? k->dict.n : 0;
	k->vector.dict_serial = k->dict_serial;
	return 0;
}

/* Decodes levels ahead of the values; does nothing at the end of the chunk. */
static int
look_ahead(struct chunk_in *k, struct msg *err)
{
	size_t n;

	k->ahead_at = k->ahead_n = 0;
	if (k->page_left == 0 && k->left == 0)
		return 0;
	if (k->page_left == 0 && load_page(k, err) == -1)
		return -1;
	if (k->ahead_rep == NULL) {
		k->ahead_rep = xmalloc(AHEAD);
		k->ahead_def = xmalloc(AHEAD);
	}
	n = k->page_left < AHEAD ? k->page_left : AHEAD;
	if (!hybrid_next_bytes(&k->rep, k->ahead_rep, n, k->c->max_rep) || !hybrid_next_bytes(&k->def, k->ahead_def,
	    n, k->c->max_def))
		return fault(k, "invalid or truncated levels", err);
	k->page_left -= n;
	k->ahead_n = n;
	return 0;
}

static int
nested_rows(struct chunk_in *k, size_t rows, struct msg *err)
{
	size_t begun = 0, n, width = pq_shape_size(k->c->shape), total = 0;
	const char *bad;

	for (;;) {
		if (k->ahead_at == k->ahead_n && look_ahead(k, err) == -1)
			return -1;
		if (k->ahead_n == 0)
			break;
		if (begun == 0 && k->ahead_rep[k->ahead_at] != 0)
			return fault(k, "an entry before the first row", err);
		for (n = k->ahead_at; n < k->ahead_n; n++)
			if (k->ahead_rep[n] == 0 && begun++ == rows)
				break;
		n -= k->ahead_at;
		if (n == 0)
			break;
		if (total + n > k->limit / 16)
			return fault(k, "the rows of a batch exceed the entry limit", err);
		buf_add(&k->out_rep, k->ahead_rep + k->ahead_at, n);
		buf_add(&k->out_def, k->ahead_def + k->ahead_at, n);
		k->out_values.len = total * width;
		buf_room(&k->out_values, n * width + 16);
		if ((bad = decode(k, k->out_def.p + total, total, n)) != NULL)
			return fault(k, bad, err);
		total += n;
		k->ahead_at += n;
		if (k->ahead_at < k->ahead_n)
			break;
	}
	if (begun < rows)
		return fault(k, "the chunk ends before its last row", err);
	k->vector.n = total;
	k->vector.rep = k->out_rep.p;
	k->vector.def = k->out_def.p;
	k->vector.v.any = k->out_values.p;
	return 0;
}

int
chunk_rows(struct chunk_in *k, size_t rows, struct msg *err)
{
	memset(&k->vector, 0, sizeof k->vector);
	k->out_rep.len = k->out_def.len = k->out_values.len = k->out_index.len = 0;
	return k->c->max_rep > 0 ? nested_rows(k, rows, err) : flat_rows(k, rows, err);
}

void
chunk_forget(struct chunk_in *k)
{
	values_forget(&k->values);
	if (k->copied > 0)
		pool_free(&k->copies);
	k->copied = 0;
}

void
chunk_free(struct chunk_in *k)
{
	chunk_forget(k);
	values_free(&k->values);
	buf_free(&k->window);
	buf_free(&k->dict_page);
	buf_free(&k->dict_values);
	buf_free(&k->page);
	buf_free(&k->out_rep);
	buf_free(&k->out_def);
	buf_free(&k->out_values);
	buf_free(&k->out_index);
	free(k->ahead_rep);
	free(k->ahead_def);
}
