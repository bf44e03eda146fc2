#include "delta/data/footer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "parquet/format/seal.h"

#define TAG "acct.footer"

const char *
delta_footer_tags(struct pool *pool, uint64_t footer)
{
	char digits[SEAL_DIGITS + 1], *text;
	const char *tags;

	seal_digits(digits, footer);
	text = xasprintf("{\"" TAG "\":\"%s\"}", digits);
	tags = pool_copy(pool, text, strlen(text) + 1);
	free(text);
	return tags;
}

/* Reads the footer checksum from the tags. Returns 1, 0 if there is none, or -1 if it is invalid. */
static int
sum_of(const struct delta_file *f, uint64_t *sum)
{
	json_t *tags = f->tags != NULL ? json_loads(f->tags, 0, NULL) : NULL;
	const char *text = json_string_value(json_object_get(tags, TAG));
	int got = text == NULL ? 0 : seal_parse(text, strlen(text), sum) ? 1 : -1;

	json_decref(tags);
	return got;
}

int
delta_footer_check(const struct delta_file *f, const struct store_in *in, const struct pq_reader *r, struct msg *err)
{
	uint64_t sum;
	int got = sum_of(f, &sum);

	if (got == 0)
		return 0;
	if (in->size != (uint64_t)f->size)
		return msg_set(err, EX_DATAERR, "%s: damaged: %" PRIu64 " bytes, where the log says %" PRId64,
		    in->path, in->size,
		    f->size);
	if (got < 0 || sum != pq_footer_sum(r))
		return msg_set(err, EX_DATAERR, "%s: damaged: the footer's checksum differs from the log's", in->path);
	return 1;
}
