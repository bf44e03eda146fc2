/* What a log says, of whatever bytes: commits, deletion vectors, paths, statistics. The first byte chooses. */
#include <stdlib.h>
#include <string.h>

#include "delta/data/dv.h"
#include "delta/data/skip.h"
#include "delta/log/state.h"
#include "delta/log/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
commit(const uint8_t *p, size_t n)
{
	struct delta_snapshot s = { 0 };
	struct delta_state st;
	struct buf text = { 0 };
	struct msg err = { 0 };

	buf_add(&text, p, n);
	delta_state_init(&st, &s, "/table");
	if (delta_actions(&st, "commit", &text, NULL, &err) == 0 && delta_state_finish(&st, &err) == 0)
		(void)delta_may_write(&s, true, &err);
	delta_state_free(&st);
	delta_snapshot_free(&s);
	buf_free(&text);
}

static void
vector(const uint8_t *p, size_t n)
{
	struct msg err = { 0 };
	uint64_t *rows;
	size_t count, i;

	if (n < 1 || delta_dv_parse(p + 1, n - 1, p[0], &rows, &count, &err) < 0)
		return;
	for (i = 1; i < count; i++)
		if (rows[i] <= rows[i - 1])
			abort();
	free(rows);
}

/* Text of the bytes, ended by a NUL: a path, Z85, a partition value, and the statistics of a file. */
static void
texts(const uint8_t *p, size_t n)
{
	struct delta_column columns[] = {
		{ .name = "a", .physical = "a", .type = PQ_INT64, .partition = -1 },
		{ .name = "b", .physical = "b", .type = PQ_DECIMAL, .precision = 38, .scale = 30, .partition = -1 },
		{ .name = "c", .physical = "c", .type = PQ_TIMESTAMP, .partition = -1 },
		{ .name = "d", .physical = "d", .type = PQ_STRING, .partition = -1 },
	};
	struct delta_snapshot s = { .columns = columns, .ncolumns = 4 };
	char *text = xstrndup((const char *)p, n);
	struct delta_file f = { .stats = text };
	struct buf out = { 0 };
	size_t i;

	(void)delta_uri_name(text, "/table", &out);
	out.len = 0;
	(void)delta_z85(&out, text, strlen(text));
	for (i = 0; i < 4; i++) {
		struct delta_bound b = { .column = i, .has_low = true, .has_high = true, .no_null = true };

		b.low.b = b.high.b = (struct pq_bytes){ (const uint8_t *)"m", 1 };
		if (i < 3)
			b.low.w = b.high.w = 5;
		(void)delta_file_may_match(&s, &f, &b, 1);
		(void)delta_partition_value(&columns[i], text, &b.low);
	}
	buf_free(&out);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n == 0)
		return 0;
	switch (*p) {
	case 'c':
		commit(p + 1, n - 1);
		break;
	case 'v':
		vector(p + 1, n - 1);
		break;
	default:
		texts(p + 1, n - 1);
	}
	return 0;
}
