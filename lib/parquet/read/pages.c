/* Pages: finds, verifies and decompresses them, decodes dictionaries. */
#include <stdlib.h>
#include <string.h>

#include "parquet/encode/bits.h"
#include "parquet/format/load.h"
#include "parquet/read/pages.h"
#include "simd/simd.h"

enum {
	READ_AHEAD = 256 * 1024,	/* minimum bytes per read */
	MAX_HEADER = 16 * 1024 * 1024
};

int
chunk_fault(const struct chunk_pages *k, const char *what, struct msg *err)
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
chunk_pages_begin(struct chunk_pages *k, const struct meta_chunk *meta, size_t group, uint64_t rows, uint64_t most,
    struct msg *err)
{
	int64_t start = chunk_start(meta);
	const char *why;

	k->meta = meta;
	k->group = group;
	k->seen_data = k->dict.there = k->sparse = false;
	chunk_pages_place(k, NULL, 0);
	if (meta->encrypted)
		return chunk_fault(k, "the chunk is encrypted", err);
	if (meta->has_file)
		return chunk_fault(k, "the chunk is in another file", err);
	if ((k->codec = codec_find(meta->codec, &why)) == NULL)
		return chunk_fault(k, why, err);
	if (meta->type != k->e->type)
		return chunk_fault(k, "type differs from the schema's", err);
	if (start < 4 || (uint64_t)start >= most || meta->compressed < 0 || meta->num_values < 0)
		return rows == 0 ? (k->left = 0, 0) : chunk_fault(k, "the chunk lies outside the file", err);
	if (k->c->max_rep == 0 && (uint64_t)meta->num_values != rows)
		return chunk_fault(k, "number of values differs from number of rows", err);
	k->at = (uint64_t)start;
	if ((uint64_t)meta->compressed > most - k->at)
		return chunk_fault(k, "the chunk lies outside the file", err);
	k->end = k->at + (uint64_t)meta->compressed;
	k->left = (uint64_t)meta->num_values;
	k->window.len = 0;
	k->window_at = k->at;
	return 0;
}

void
chunk_pages_place(struct chunk_pages *k, struct chunk_place *places, size_t n)
{
	size_t i;

	free(k->places);
	for (i = 0; i < n && places[i].at >= k->at && places[i].at < k->end &&
	    places[i].size <= k->end - places[i].at; i++)
		;
	k->places = i == n ? places : NULL;
	k->nplaces = i == n ? n : 0;
	k->sparse = k->sparse || k->places != NULL;
	if (k->places == NULL)
		free(places);
}

/* ---- bytes of the file ---- */

/* Returns how much to read at k->at for n bytes where pages are passed over: the page, if its place is known. */
static size_t
page_bytes(const struct chunk_pages *k, size_t n)
{
	size_t low = 0, high = k->nplaces;
	uint64_t end;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (k->places[middle].at <= k->at)
			low = middle + 1;
		else
			high = middle;
	}
	end = low > 0 ? k->places[low - 1].at + k->places[low - 1].size : 0;
	return end > k->at && end - k->at > n ? (size_t)(end - k->at) : n;
}

/* Returns n bytes at k->at, which lie within the chunk; a view until the next call. NULL if reading fails. */
static const uint8_t *
look(struct chunk_pages *k, size_t n, struct msg *err)
{
	uint64_t want = k->end - k->at;

	if (k->at >= k->window_at && k->at - k->window_at <= k->window.len &&
	    n <= k->window.len - (size_t)(k->at - k->window_at))
		return k->window.p + (k->at - k->window_at);
	if (k->sparse)
		want = page_bytes(k, n);
	else if (want > READ_AHEAD)
		want = n < READ_AHEAD ? READ_AHEAD : n;
	k->window.len = 0;
	buf_room(&k->window, (size_t)want + 16);
	if (k->source->read(k->source, k->at, k->window.p, (size_t)want, err) < 0)
		return NULL;
	k->window.len = (size_t)want;
	k->window_at = k->at;
	return k->window.p;
}

/* Reads the header of the next page and moves past it. */
static int
next_header(struct chunk_pages *k, struct meta_page_header *h, struct msg *err)
{
	uint64_t there = k->end - k->at;
	size_t n = there < 512 ? (size_t)there : 512;
	const uint8_t *p;
	long len;

	for (;;) {
		if (n == 0)
			return chunk_fault(k, "the chunk ends before its last page", err);
		if ((p = look(k, n, err)) == NULL)
			return -1;
		len = meta_page_parse(h, p, n);
		if (len > 0)
			break;
		if (len < 0 || n == there || n >= MAX_HEADER)
			return chunk_fault(k, "invalid page header", err);
		n = n * 8 < there ? n * 8 : (size_t)there;
	}
	k->at += (uint64_t)len;
	if ((uint64_t)h->compressed > k->end - k->at)
		return chunk_fault(k, "a page exceeds its chunk", err);
	if ((size_t)h->uncompressed > k->limit)
		return chunk_fault(k, "a page exceeds the size limit", err);
	return 0;
}

/* Decompresses n bytes to `size` bytes in out. */
static int
expand(struct chunk_pages *k, int encoding, const uint8_t *p, size_t n, struct buf *out, size_t size, struct msg *err)
{
	bool words = k->e->type == META_INT64 && (encoding == META_PLAIN || encoding == META_PLAIN_DICTIONARY);
	struct codec_hint hint = { .width = words ? sizeof(int64_t) : 0 };
	const char *bad;

	if (n == 0 ? size != 0 : !k->codec->is_plausible(p, n, size))
		return chunk_fault(k, "a page too short for its uncompressed size", err);
	out->len = 0;
	buf_room(out, size + 16);
	/* some writers store nothing for an empty page, others an empty frame */
	if (n > 0 && (bad = k->codec->expand(hint, p, n, out->p, size)) != NULL)
		return chunk_fault(k, bad, err);
	out->len = size;
	return 0;
}

/* Returns the page's stored bytes after verifying their checksum. */
static const uint8_t *
stored(struct chunk_pages *k, const struct meta_page_header *h, struct msg *err)
{
	const uint8_t *p = look(k, (size_t)h->compressed, err);

	if (p == NULL)
		return NULL;
	k->at += (uint64_t)h->compressed;
	if (h->has_crc && simd.crc32(p, (size_t)h->compressed) != h->crc) {
		chunk_fault(k, "page checksum mismatch", err);
		return NULL;
	}
	return p;
}

/* ---- pages ---- */

/* Frees the read buffer of a dictionary, which may be far larger than the pages. */
static void
shrink_window(struct chunk_pages *k)
{
	if (k->window.cap > 2 * READ_AHEAD)
		buf_free(&k->window);
}

static int
load_dictionary(struct chunk_pages *k, const struct meta_page_header *h, struct msg *err)
{
	const uint8_t *p;
	const char *bad;

	if (k->dict.there || k->seen_data)
		return chunk_fault(k, "misplaced dictionary page", err);
	if (h->encoding != META_PLAIN && h->encoding != META_PLAIN_DICTIONARY)
		return chunk_fault(k, "dictionary page not PLAIN-encoded", err);
	if ((p = stored(k, h, err)) == NULL || expand(k, h->encoding, p, (size_t)h->compressed, &k->dict_page,
	    (size_t)h->uncompressed, err) < 0)
		return -1;
	shrink_window(k);
	k->dict = (struct values_dict){ k->dict_page.p, (size_t)h->values, true };
	k->dict_serial++;
	if (values_are_stored(k->c, k->e, k->dict_page.len, (size_t)h->values))
		return 0;
	if ((bad = values_dictionary(k->c, k->e, k->dict_page.p, k->dict_page.len, (size_t)h->values,
	    &k->dict_values)) != NULL)
		return chunk_fault(k, bad, err);
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

/* Decompresses n bytes of a page's values, which take `size`; *page then has their place. */
static int
set_values(struct chunk_pages *k, const struct meta_page_header *h, bool is_compressed, const uint8_t *p, size_t n,
    size_t size, struct chunk_page *page, struct msg *err)
{
	page->encoding = h->encoding;
	page->p = p;
	page->end = p + n;
	if (!is_compressed)
		return h->compressed == h->uncompressed ? 0 : chunk_fault(k, "page of the wrong size", err);
	if (expand(k, h->encoding, p, n, &k->page, size, err) < 0)
		return -1;
	page->p = k->page.p;
	page->end = page->p + k->page.len;
	return 0;
}

/* A version 1 page: levels and values are compressed together. */
static int
load_v1(struct chunk_pages *k, const struct meta_page_header *h, struct chunk_page *page, struct msg *err)
{
	const uint8_t *p = stored(k, h, err);
	const char *bad;

	if (p == NULL || set_values(k, h, k->codec->number != PQ_UNCOMPRESSED, p, (size_t)h->compressed,
	    (size_t)h->uncompressed, page, err) < 0)
		return -1;
	if ((bad = take_levels(&page->rep, &page->p, page->end, k->c->max_rep, h->rep_encoding)) != NULL ||
	    (bad = take_levels(&page->def, &page->p, page->end, k->c->max_def, h->def_encoding)) != NULL)
		return chunk_fault(k, bad, err);
	return 0;
}

/* A version 2 page: its levels are not compressed. */
static int
load_v2(struct chunk_pages *k, const struct meta_page_header *h, struct chunk_page *page, struct msg *err)
{
	size_t levels = (size_t)h->rep_len + (size_t)h->def_len, n;
	const uint8_t *p;

	if (levels > (size_t)h->compressed || levels > (size_t)h->uncompressed)
		return chunk_fault(k, "truncated levels in a page", err);
	if ((p = stored(k, h, err)) == NULL)
		return -1;
	hybrid_open(&page->rep, p, p + h->rep_len, bits_width(k->c->max_rep));
	p += h->rep_len;
	hybrid_open(&page->def, p, p + h->def_len, bits_width(k->c->max_def));
	p += h->def_len;
	n = (size_t)h->compressed - levels;
	return set_values(k, h, h->is_compressed && k->codec->number != PQ_UNCOMPRESSED && n > 0, p, n,
	    (size_t)h->uncompressed - levels, page, err);
}

/*
 * Page headers have no checksum of their own. The page checksum covers their lengths. In a sealed file, entry counts
 * must add up to the chunk's at its last byte, and encodings must be listed in the footer; other writers may pad a
 * chunk and do not always list the encodings.
 */
static bool
is_encoding_listed(const struct chunk_pages *k, const struct meta_page_header *h)
{
	return !k->sealed || (h->encoding >= 0 && h->encoding < 32 && (k->meta->encodings >> h->encoding & 1) != 0 &&
	    k->dict.there == (h->encoding == META_RLE_DICTIONARY));
}

/* Loads the data page with this header. */
static int
load_data(struct chunk_pages *k, const struct meta_page_header *h, struct chunk_page *page, struct msg *err)
{
	int got;

	k->seen_data = true;
	if (!is_encoding_listed(k, h))
		return chunk_fault(k, "damaged: a page in an encoding that the footer does not list", err);
	if ((uint64_t)h->values > k->left)
		return chunk_fault(k, "pages have more entries than the chunk", err);
	got = h->type == META_DATA_PAGE ? load_v1(k, h, page, err) : load_v2(k, h, page, err);
	if (got == -1)
		return -1;
	k->left -= (uint64_t)h->values;
	if (k->sealed && k->left == 0 && k->at != k->end)
		return chunk_fault(k, "damaged: pages have more entries than the chunk", err);
	page->entries = (size_t)h->values;
	return 0;
}

int
chunk_pages_next(struct chunk_pages *k, struct chunk_page *page, struct msg *err)
{
	struct meta_page_header h;
	int got;

	if (k->left == 0)
		return chunk_fault(k, "the chunk ends before its last row", err);
	if (next_header(k, &h, err) < 0)
		return -1;
	memset(page, 0, sizeof(*page));
	if (h.type == META_DATA_PAGE || h.type == META_DATA_PAGE_V2)
		return load_data(k, &h, page, err) < 0 ? -1 : 1;
	got = 0;
	if (h.type == META_DICTIONARY_PAGE)
		got = load_dictionary(k, &h, err);
	else
		k->at += (uint64_t)h.compressed;
	return got;
}

/* Like chunk_pages_skip, by the places of pages. */
static int
skip_to_place(struct chunk_pages *k, uint64_t most, uint64_t *passed, struct msg *err)
{
	uint64_t row = (uint64_t)k->meta->num_values - k->left;
	size_t low = 0, high = k->nplaces;
	struct chunk_page unused;

	*passed = 0;
	while (!k->seen_data && k->at < k->places[0].at)	/* the dictionary */
		if (chunk_pages_next(k, &unused, err) != 0)
			return err->status != 0 ? -1 : chunk_fault(k, "a data page where the page index has none", err);
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (k->places[middle].row <= row + most)
			low = middle + 1;
		else
			high = middle;
	}
	if (k->places[low - 1].row <= row)
		return 0;
	*passed = k->places[low - 1].row - row;
	k->at = k->places[low - 1].at;
	k->left -= *passed;
	k->seen_data = true;
	return 0;
}

int
chunk_pages_skip(struct chunk_pages *k, uint64_t most, uint64_t *passed, struct msg *err)
{
	struct meta_page_header h;
	uint64_t at;
	int got = 0;

	if (k->places != NULL)
		return skip_to_place(k, most, passed, err);
	k->sparse = true;
	for (*passed = 0; *passed < most && got == 0;) {
		at = k->at;
		if (k->left == 0)
			return chunk_fault(k, "the chunk ends before its last row", err);
		if (next_header(k, &h, err) < 0)
			return -1;
		if (h.type == META_DICTIONARY_PAGE) {
			got = load_dictionary(k, &h, err);
		} else if (h.type != META_DATA_PAGE && h.type != META_DATA_PAGE_V2) {
			k->at += (uint64_t)h.compressed;
		} else if ((uint64_t)h.values > k->left) {
			return chunk_fault(k, "pages have more entries than the chunk", err);
		} else if ((uint64_t)h.values > most - *passed) {
			k->at = at;
			break;
		} else {
			k->at += (uint64_t)h.compressed;
			k->left -= (uint64_t)h.values;
			k->seen_data = true;
			*passed += (uint64_t)h.values;
		}
	}
	return got;
}

size_t
chunk_pages_held(const struct chunk_pages *k)
{
	return k->window.cap + k->page.cap + k->dict_page.cap + k->dict_values.cap;
}

void
chunk_pages_free(struct chunk_pages *k)
{
	buf_free(&k->window);
	buf_free(&k->dict_page);
	buf_free(&k->dict_values);
	buf_free(&k->page);
	free(k->places);
}
