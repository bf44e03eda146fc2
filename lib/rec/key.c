#include "base/cli.h"
#include "rec/rec.h"

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
xrec_columns(const struct rec_reader *r, const char *option, char *list, size_t *idx, size_t max)
{
	char *words[REC_MAX_COLUMNS];
	size_t n = cli_list(option, list, words, max < REC_MAX_COLUMNS ? max : REC_MAX_COLUMNS), i, j;
	int f;

	for (i = 0; i < n; i++) {
		f = rec_header_find(&r->header, words[i]);
		if (f < 0) {
			struct near near = rec_near(&r->header, words[i]);

			cli_usage("%s: %s: no column %s%s there are: %s", r->name, option, msg_quotes(words[i]),
			    near_hint_before(&near), column_names(&r->header));
		}
		for (j = 0; j < i; j++)
			if (idx[j] == (size_t)f)
				cli_usage("%s: column %s named twice", option, msg_quotes(words[i]));
		idx[i] = (size_t)f;
	}
	return n;
}

struct rec_field
rec_key(struct rec r, const size_t *idx, size_t n, struct buf *scratch)
{
	struct rec_field f = rec_field(r, idx[0]);
	size_t i;

	if (n == 1)
		return f;
	scratch->len = 0;
	buf_add(scratch, f.p, f.n);
	for (i = 1; i < n; i++) {
		f = rec_field(r, idx[i]);
		buf_addc(scratch, '\t');
		buf_add(scratch, f.p, f.n);
	}
	memset(buf_room(scratch, VAL_PAD), 0, VAL_PAD);
	return (struct rec_field){ scratch->p, scratch->len };
}

bool
rec_key_has_null(struct rec r, const size_t *idx, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (rec_is_null(r, idx[i]))
			return true;
	return false;
}
