/* The end of a file. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "parquet/format/seal.h"
#include "parquet/write/footer.h"

void
out_footer_free(struct out_footer *f)
{
	free(f->groups);
	free(f->keys);
	pool_free(&f->pool);
}

static struct pq_bytes
keep(struct pool *pool, const char *s)
{
	size_t n = strlen(s);

	return (struct pq_bytes){ pool_copy(pool, s, n + 1), n };
}

void
out_footer_key(struct out_footer *f, const char *key, const char *value)
{
	f->keys = xreallocarray(f->keys, f->nkeys + 1, sizeof(*f->keys));
	f->keys[f->nkeys++] = (struct meta_key){ keep(&f->pool, key), keep(&f->pool, value) };
}

struct meta_group *
out_footer_group(struct out_footer *f, size_t nchunks)
{
	struct meta_group *g;

	if (f->ngroups == f->cap) {
		f->cap = f->cap == 0 ? 8 : f->cap * 2;
		f->groups = xreallocarray(f->groups, f->cap, sizeof(*f->groups));
	}
	g = &f->groups[f->ngroups++];
	*g = (struct meta_group){ .chunks = pool_alloc(&f->pool, nchunks * sizeof(*g->chunks)) };
	return g;
}

/* Writes the column indexes, then the offset indexes, and records the checksum of both. */
static int
write_indexes(struct out_footer *f, size_t nchunks, struct out_index *x, struct out_file *file, struct msg *err)
{
	struct buf *all = &x->columns;
	char digits[SEAL_DIGITS + 1];
	size_t g, i;

	out_file_begin(file);
	for (g = 0; g < f->ngroups; g++)
		for (i = 0; i < nchunks; i++)
			out_index_place(&f->groups[g].chunks[i], file->pos, file->pos + all->len);
	buf_add(all, x->offsets.p, x->offsets.len);
	seal_digits(digits, hash_bytes(all->p, all->len));
	out_footer_key(f, SEAL_INDEX, digits);
	return out_file_add(file, all, err);
}

int
out_footer_write(struct out_footer *f, struct pq_schema *s, uint64_t rows, bool ancient, struct out_index *x,
    struct out_file *file, uint64_t *sum, struct msg *err)
{
	struct buf out = { NULL, 0, 0 };
	struct meta_file m;
	uint32_t len;
	int got;

	if (write_indexes(f, s->ncolumns, x, file, err) < 0)
		return -1;
	if (ancient)
		out_footer_key(f, "org.apache.spark.version", "3.0.0");
	out_footer_key(f, SEAL_FOOTER, "0000000000000000");
	m = (struct meta_file){ .rows = (int64_t)rows, .elements = pq_schema_elements(s),
	    .nelements = s->nfields + 1, .nleaves = s->ncolumns, .groups = f->groups, .ngroups = f->ngroups,
	    .keys = f->keys, .nkeys = f->nkeys };
	meta_put(&m, s->paths, &out);
	len = (uint32_t)out.len;
	buf_add(&out, &len, 4);
	buf_adds(&out, "PAR1");
	seal_put(out.p, out.len);
	*sum = hash_bytes(out.p, out.len);
	got = out_file_add(file, &out, err) < 0 ? -1 : out_file_flush(file, err);
	buf_free(&out);
	return got;
}
