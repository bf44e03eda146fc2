#include "merge/parts.h"

#include <stdlib.h>
#include <string.h>

#include "spill/parts.h"

enum { BITS = 4 };

struct merge_parts {
	const struct merge_source *source;
	struct spill_parts files;
	struct buf key;			/* scratch */
	/* the batch being read */
	struct buf bytes;
	uint32_t *off;			/* owned */
	size_t room;
};

struct merge_parts *
merge_parts_new(const struct merge_source *s)
{
	struct merge_parts *p = xcalloc(1, sizeof(*p));

	p->source = s;
	spill_parts_init(&p->files, BITS, hash_level(s->level));
	return p;
}

void
merge_parts_free(struct merge_parts *p)
{
	if (p == NULL)
		return;
	spill_parts_close(&p->files);
	buf_free(&p->key);
	buf_free(&p->bytes);
	free(p->off);
	free(p);
}

/* ---- writing ---- */

/* A record goes to its file as its length and its fields, each followed by TAB or LF. */
int
merge_parts_add(struct merge_parts *p, const struct rec_batch *b, const uint8_t *drop, struct msg *err)
{
	const struct merge_source *s = p->source;
	size_t i;

	for (i = 0; i < b->n; i++) {
		const uint32_t *off = b->off + i * b->stride;
		uint32_t n = off[b->stride] - off[0];
		struct rec_field key;
		struct spill *to;

		if (drop[i])
			continue;
		key = rec_key(rec_at(b, i), s->key_fields, s->plan->nkeys, &p->key);
		to = &p->files.file[spill_part(key.p, key.n, p->files.seed, BITS)];
		if (spill_write(to, &n, sizeof(n), err) < 0 || spill_write(to, b->base + off[0], n, err) < 0)
			return -1;
	}
	return 0;
}

int
merge_parts_end(struct merge_parts *p, struct msg *err)
{
	return spill_parts_park(&p->files, err);
}

/* ---- reading ---- */

/* Reads up to REC_BATCH_MAX records. Returns 1, 0 at the end, or -1. */
static int
read_batch(struct merge_parts *p, struct spill *from, struct rec_batch *b, struct msg *err)
{
	enum { BATCH_BYTES = 1 << 20 };
	size_t stride = p->source->header->ncolumns, i;
	uint32_t n, start;
	int got = 0;

	*b = (struct rec_batch){ .first = 1, .stride = stride };
	p->bytes.len = 0;
	while (b->n < REC_BATCH_MAX && p->bytes.len < BATCH_BYTES &&
	    (got = spill_read(from, &n, sizeof(n), err)) > 0) {
		if ((b->n + 1) * stride + 1 + VAL_PAD > p->room) {
			p->room = 2 * p->room + (stride + 1) * 64 + VAL_PAD;
			p->off = xreallocarray(p->off, p->room, sizeof(*p->off));
		}
		start = (uint32_t)p->bytes.len;
		if (spill_read(from, buf_room(&p->bytes, n + VAL_PAD), n, err) <= 0)
			return -1;
		p->bytes.len += n;
		p->off[b->n * stride] = start;
		for (i = 1; i < stride; i++) {
			const uint8_t *tab = memchr(p->bytes.p + start, '\t', p->bytes.len - start);

			if (tab == NULL)
				return msg_set(err, EX_SOFTWARE, "temporary file: not a record");
			start = (uint32_t)(tab - p->bytes.p) + 1;
			p->off[b->n * stride + i] = start;
		}
		p->off[++b->n * stride] = (uint32_t)p->bytes.len;
	}
	b->base = p->bytes.p;
	b->off = p->off;
	return got < 0 ? -1 : b->n > 0;
}

static int
read_part(struct merge_parts *p, struct spill *from, struct merge_source *part, struct msg *err)
{
	struct rec_batch b;
	struct msg why = { 0 };
	int got = spill_rewind(from, err);

	while (got >= 0 && (got = read_batch(p, from, &b, err)) > 0)
		got = merge_source_add(part, &b, err);
	if (got >= 0 && merge_source_end(part, &why) < 0)
		got = msg_set(err, why.status, "%s: %s", part->plan->name, why.text);
	return got;
}

int
merge_parts_each(struct merge_source *s, int (*each)(void *to, struct merge_source *part, struct msg *err),
    void *to, struct msg *err)
{
	int failed = each(to, s, err);
	size_t i;

	for (i = 0; s->parts != NULL && i < (size_t)1 << BITS && !failed; i++) {
		struct merge_source *part;

		if (s->parts->files.file[i].size == 0)
			continue;
		part = merge_source_new(s->plan, s->header);
		part->level = s->level + 1;
		failed = read_part(s->parts, &s->parts->files.file[i], part, err) < 0 ||
		    merge_parts_each(part, each, to, err) < 0;
		merge_source_free(part);
	}
	return failed ? -1 : 0;
}
