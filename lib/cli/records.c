#include "base/near.h"
#include "cli/cli.h"

int
cli_try_open(struct rec_reader *r, const char *path, unsigned flags)
{
	if (rec_open(r, path, flags | (cli.partial ? REC_PARTIAL : 0)) < 0)
		return -1;
	r->max_record = cli.max_record;
	return 0;
}

void
cli_open(struct rec_reader *r, const char *path, unsigned flags)
{
	if (cli_try_open(r, path, flags) < 0)
		msg_exit(&r->err);
}

void
cli_create(struct rec_writer *w, const struct rec_header *h)
{
	xrec_create(w, cli.output, h);
	w->max_record = cli.max_record;
}

static const char *
column_names(const struct rec_header *h)
{
	static struct buf names;
	size_t i;

	names.len = 0;
	for (i = 0; i < h->ncolumns; i++)
		buf_addf(&names, "%s%s", i == 0 ? "" : ", ", h->columns[i].name);
	return buf_cstr(&names);
}

size_t
cli_columns(const struct rec_reader *r, const char *option, char *list, size_t *idx, size_t max)
{
	char *words[REC_MAX_COLUMNS];
	size_t n = cli_list(option, list, words, max < REC_MAX_COLUMNS ? max : REC_MAX_COLUMNS), i, j;
	int f;

	for (i = 0; i < n; i++) {
		f = rec_header_find(&r->header, words[i]);
		if (f < 0) {
			struct near near = rec_near(&r->header, words[i]);

			cli_usage("%s: %s: no column %s%s columns are: %s", r->name, option, msg_quotes(words[i]),
			    near_hint_before(&near), column_names(&r->header));
		}
		for (j = 0; j < i; j++)
			if (idx[j] == (size_t)f)
				cli_usage("%s: column %s named twice", option, msg_quotes(words[i]));
		idx[i] = (size_t)f;
	}
	return n;
}
