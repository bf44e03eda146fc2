/* Chooses a chunk's encoding: dictionary if that is smaller. */
#include "parquet/encode/bits.h"
#include "parquet/encode/dbp.h"
#include "parquet/format/convert.h"
#include "parquet/write/plan.h"

enum {
	SAMPLE_BYTES = 1 << 16,		/* bytes of values compressed as a sample */
	PLAIN_GROUPS = 3		/* row groups without a dictionary after one for which it did not pay */
};

void
out_planner_free(struct out_planner *p)
{
	dict_fixed_free(&p->dict);
	buf_free(&p->sample);
	buf_free(&p->numbers);
}

/* Estimates the size of the values without a dictionary from how the first ones compress. */
static int
plain_size(struct out_planner *p, const struct out_column *c, double *size, struct msg *err)
{
	size_t width = pq_shape_size(c->store), n = SAMPLE_BYTES / width < c->values ? SAMPLE_BYTES / width : c->values;
	size_t begin = c->values > 4 * n ? c->values / 2 : 0;
	bool delta = c->delta && (c->store == PQ_I32 || c->store == PQ_I64);

	p->sample.len = 0;
	if (delta)
		dbp_put(&p->sample, out_column_numbers(c, begin, n, &p->numbers), n, c->store == PQ_I32);
	else if (p->codec->pack(p->level, (struct codec_hint){ .width = out_column_hint(c) }, c->data.p + begin * width,
	    n * width, &p->sample, err) < 0)
		return -1;
	*size = (double)p->sample.len * (double)c->values / (double)n;
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
plan_fixed(struct out_planner *p, const struct out_column *c, const struct stats_range *range, unsigned *wait,
    bool *dict, struct msg *err)
{
	double plain;

	*dict = false;
	if (*wait > 0) {
		--*wait;
		return 0;
	}
	if (plain_size(p, c, &plain, err) < 0)
		return -1;
	*dict = dict_fixed_build(&p->dict, c->store, c->data.p, c->values, range, plain,
	    p->codec->number != PQ_UNCOMPRESSED);
	*wait = *dict ? 0 : PLAIN_GROUPS;
	return 0;
}

int
out_plan(struct out_planner *p, const struct out_column *c, const struct stats_range *range, unsigned *wait,
    struct out_plan *plan, struct msg *err)
{
	bool dict = false;

	*plan = (struct out_plan){ .encoding = META_PLAIN };
	if (c->store == PQ_BYTES) {
		dict = plan_bytes(c, plan);
	} else if (c->store != PQ_U8 && c->store != PQ_I128 && c->values > 1) {
		if (plan_fixed(p, c, range, wait, &dict, err) < 0)
			return -1;
		plan->dict = &p->dict;
		plan->width = dict ? bits_width(p->dict.n - 1) : 0;
	}
	if (dict) {
		plan->encoding = META_RLE_DICTIONARY;
		/* width 0 is legal, but some readers mishandle it */
		plan->width = plan->width == 0 ? 1 : plan->width;
	} else if (c->delta && c->store == PQ_BYTES) {
		plan->encoding = META_DELTA_LENGTH_BYTE_ARRAY;
	} else if (c->delta && (c->store == PQ_I32 || c->store == PQ_I64)) {
		plan->encoding = META_DELTA_BINARY_PACKED;
	}
	return 0;
}
