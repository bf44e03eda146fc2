#include "delta/log/pq.h"

static int
read_piece(const struct pq_source *source, uint64_t offset, void *p, size_t n, struct msg *err)
{
	return store_in_read((struct store_in *)source->arg, offset, p, n, err);
}

struct pq_source
delta_pq_source(struct store_in *in)
{
	return (struct pq_source){ .read = read_piece, .arg = in, .size = in->size, .name = in->path };
}

static int
write_piece(const struct pq_sink *sink, const void *p, size_t n, struct msg *err)
{
	return store_out_write((struct store_out *)sink->arg, p, n, err);
}

struct pq_sink
delta_pq_sink(struct store_out *out)
{
	return (struct pq_sink){ .write = write_piece, .arg = out, .name = out->path };
}
