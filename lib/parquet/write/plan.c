/* Chooses a chunk's encoding: dictionary if that is smaller. */
#include "parquet/encode/bits.h"
#include "parquet/encode/codec.h"
#include "parquet/format/convert.h"
#include "parquet/encode/dbp.h"
#include "parquet/write/writer.h"

enum {
	SAMPLE_BYTES = 1 << 16,		/* bytes of values compressed as a sample */
	PLAIN_GROUPS = 3		/* row groups without a dictionary after one for which it did not pay */
};

/* Estimates the size of the values without a dictionary from how the first ones compress. */
static int
plain_size(struct pq_writer *w, const struct out_column *c, double *size, struct msg *err)
{
	size_t width = convert_width(c->store), n = SAMPLE_BYTES / width < c->values ? SAMPLE_BYTES / width : c->values;
	size_t begin = c->values > 4 * n ? c->values / 2 : 0;
	bool delta = w->opt.delta_encodings && (c->store == PQ_I32 || c->store == PQ_I64);

	w->packed.len = 0;
	if (delta)
		dbp_put(&w->packed, out_numbers(w, c, begin, n), n, c->store == PQ_I32);
	else if (w->codec->pack(w->opt.level, (struct codec_hint){ .width = out_hint(c) }, c->data.p + begin * width,
	    n * width, &w->packed, err) == -1)
		return -1;
	*size = (double)w->packed.len * (double)c->values / (double)n;
	return 0;
}

static bool
plan_bytes(const struct out_column *c, struct out_plan *plan)
{
	double index;

	if (!c->in_dict || c->dict.n == 0)
		return false;
	plan->width = bits_width(c->dict.n - 1);
	index = (double)c->values * plan->width / 8;
	return (double)c->dict.data.len + 4.0 * (double)c->dict.n + index < (double)c->bytes + 4.0 * (double)c->values;
}

/* Columns rarely change their nature: after a dictionary did not pay, none is tried for some row groups. */
static int
plan_fixed(struct pq_writer *w, size_t column, const struct stats_range *range, bool *dict, struct msg *err)
{
	const struct out_column *c = &w->full[column];
	unsigned *wait = &w->totals[column].plain;
	double plain;

	*dict = false;
	if (*wait > 0) {
		--*wait;
		return 0;
	}
	if (plain_size(w, c, &plain, err) == -1)
		return -1;
	*dict = dict_fixed_build(&w->dict, c->store, c->data.p, c->values, range, plain,
	    w->opt.codec != PQ_UNCOMPRESSED);
	*wait = *dict ? 0 : PLAIN_GROUPS;
	return 0;
}

int
out_plan(struct pq_writer *w, size_t column, const struct stats_range *range, struct out_plan *plan, struct msg *err)
{
	const struct out_column *c = &w->full[column];
	bool dict = false;

	*plan = (struct out_plan){ .encoding = META_PLAIN };
	if (c->store == PQ_BYTES) {
		dict = plan_bytes(c, plan);
	} else if (c->store != PQ_U8 && c->store != PQ_I128 && c->values > 1) {
		if (plan_fixed(w, column, range, &dict, err) == -1)
			return -1;
		plan->width = dict ? bits_width(w->dict.n - 1) : 0;
	}
	if (dict) {
		plan->encoding = META_RLE_DICTIONARY;
		/* width 0 is legal, but some readers mishandle it */
		plan->width = plan->width == 0 ? 1 : plan->width;
	} else if (w->opt.delta_encodings && c->store == PQ_BYTES) {
		plan->encoding = META_DELTA_LENGTH_BYTE_ARRAY;
	} else if (w->opt.delta_encodings && (c->store == PQ_I32 || c->store == PQ_I64)) {
		plan->encoding = META_DELTA_BINARY_PACKED;
	}
	return 0;
}
