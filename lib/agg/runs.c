/* Runs of groups on disk: their states saved, merged and combined. */
#include "agg/runs.h"

void
agg_runs_free(struct agg_runs *r)
{
	spill_runs_free(&r->runs);
	buf_free(&r->line);
}

void
agg_runs_begin(struct agg_runs *r)
{
	r->run = spill_runs_begin(&r->runs);
}

/* Writes a group; `line` is scratch. */
static int
put_group(struct spill *to, const uint8_t *key, size_t n, const struct agg *a, uint32_t g, struct buf *line,
    struct msg *err)
{
	line->len = 0;
	agg_save(a, g, line);
	return spill_put(to, &(struct spill_item){ key, line->p, n, line->len }, err);
}

int
agg_runs_add(struct agg_runs *r, const uint8_t *key, size_t n, const struct agg *a, uint32_t g, struct msg *err)
{
	return put_group(r->run, key, n, a, g, &r->line, err);
}

/* Passes each key of a merge once, its states combined. */
static int
combine(struct spill_merge *from, struct agg *a, agg_runs_sink *sink, void *context, struct msg *err)
{
	struct spill_item item;
	struct buf key = { 0 };
	int got = spill_merge_next(from, &item, err);

	while (got > 0) {
		key.len = 0;
		(void)buf_room(&key, item.nkey + VAL_PAD);
		buf_add(&key, item.key, item.nkey);
		agg_clear(a);
		agg_extend(a, 1);
		do {
			got = agg_load(a, 0, item.data, item.n) ? spill_merge_next(from, &item, err) :
			    msg_set(err, EX_SOFTWARE, "temporary file: not a group");
		} while (got > 0 && agg_compare(item.key, item.nkey, key.p, key.len) == 0);
		if (got >= 0 && sink(context, key.p, key.len, a, 0) < 0)
			got = -1;
	}
	buf_free(&key);
	return got;
}

int
agg_runs_merge(struct agg_runs *r, struct agg *a, agg_runs_sink *sink, void *context, struct msg *err)
{
	struct spill_merge m;
	int failed = spill_merge_open(&m, r->runs.files, r->runs.n, err);

	if (!failed)
		failed = combine(&m, a, sink, context, err);
	spill_merge_close(&m);
	return failed;
}

/* ---- From many runs to one ---- */

struct rewrite {
	struct spill *to;
	struct buf line;
	struct msg *err;
};

static int
rewrite_group(void *context, const uint8_t *key, size_t n, const struct agg *a, uint32_t g)
{
	struct rewrite *w = context;

	return put_group(w->to, key, n, a, g, &w->line, w->err);
}

static int
fold(void *a, struct spill_merge *from, struct spill *to, struct msg *err)
{
	struct rewrite w = { .to = to, .err = err };
	int failed = combine(from, a, rewrite_group, &w, err);

	buf_free(&w.line);
	return failed;
}

int
agg_runs_end(struct agg_runs *r, struct agg *a, struct msg *err)
{
	return spill_runs_end(&r->runs, fold, a, err);
}
