/* acct-balance works out one record for each key: exact sums, counts, extremes, firsts and lasts. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agg/groups.h"
#include "cli/cli.h"

struct balance {
	struct rec_reader in;
	struct rec_writer out;
	struct groups groups;
	struct agg_item *items;
	size_t nitems;
	size_t keys[REC_MAX_COLUMNS], nkeys;
	uint64_t records, written;
};

static char *key_list;
static struct agg_sides sides;

static void
add_side(unsigned side, const char *option, const char *word)
{
	if (sides.nwords[side] == AGG_SIDE_WORDS)
		cli_usage("%s: given more than %d times", option, AGG_SIDE_WORDS);
	sides.words[side][sides.nwords[side]++] = word;
}

static void
add_credit(const char *option, char *word)
{
	add_side(0, option, word);
}

static void
add_debit(const char *option, char *word)
{
	add_side(1, option, word);
}

static const struct cli_option options[] = {
	{ 'k', "key", "KEY,...", "one record for each value of these columns; by default one record of totals",
	    CLI_LIST,
	    .to = &key_list },
	{ 0, "side", "COLUMN", "the column that says whether a record is a credit or a debit", CLI_TEXT,
	    .to = &sides.column },
	{ 0, "credit", "VALUE", "its value for credits; may be repeated", CLI_CALL, .call = add_credit },
	{ 0, "debit", "VALUE", "its value for debits; may be repeated", CLI_CALL, .call = add_debit },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){
	    "[-k KEY,...] [--side COLUMN --credit VALUE ... --debit VALUE ...] [-i FILE] [-o FILE]\n"
	    "                    [-t NAME] AGGREGATE ...", NULL },
	.about = "Sums the records of standard input exactly, by key.\n"
	    "AGGREGATE is [NAME=]FUNCTION(COLUMN), the function one of count, sum, min, max, credit, debit and\n"
	    "net, or first(COLUMN,BY) or last(COLUMN,BY); count() counts records.",
	.writes_records = true,
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_table, cli_input, cli_output, cli_memory, cli_stream, NULL },
	.examples = (const char *const[]){
	    "acct-balance -k account_id 'n=count()' 'total=sum(amount)' <transactions.acct", NULL },
};

static void
parse_aggregates(struct balance *b, char *words[], size_t n)
{
	struct msg err = { 0 };
	size_t i;

	if (n == 0)
		cli_usage("missing AGGREGATE");
	b->items = xcalloc(n, sizeof(*b->items));
	b->nitems = n;
	for (i = 0; i < n; i++) {
		if (agg_parse(&b->items[i], words[i], &err) == -1)
			cli_usage("%s", err.text);
	}
}

/* Opens the input and makes the plan for it. */
static void
make_plan(struct balance *b)
{
	struct msg err = { 0 };

	cli_open(&b->in, cli.input, 0);
	if (rec_header_is_change(&b->in.header))
		msg_die(EX_DATAERR, "%s: a stream of changes: its records are not rows to be added up", b->in.name);
	if (key_list != NULL)
		b->nkeys = cli_columns(&b->in, "-k", key_list, b->keys, REC_MAX_COLUMNS);
	if (agg_plan(&b->groups.agg, &b->in.header, b->items, b->nitems, &sides, b->nkeys > 0, &err) == -1)
		cli_usage("%s: %s", b->in.name, err.text);
	groups_init(&b->groups, &b->in.header, b->keys, b->nkeys, cli.memory);
}

static void
add_column(struct rec_header *h, const char *name, struct val_type type, bool key, bool required)
{
	if (rec_header_find(h, name) >= 0)
		cli_usage("two columns of the output are named %s: name one as in total=sum(amount)", msg_quotes(name));
	if (h->ncolumns == REC_MAX_COLUMNS)
		cli_usage("more than %d columns", REC_MAX_COLUMNS);
	rec_header_add(h, name, type, key, required);
}

static void
create_output(struct balance *b)
{
	struct rec_header h;
	size_t i;

	rec_header_init(&h, cli.table != NULL ? cli.table : b->in.header.table);
	for (i = 0; i < b->nkeys; i++) {
		const struct rec_column *c = &b->in.header.columns[b->keys[i]];

		add_column(&h, c->name, c->type, true, c->required);
	}
	for (i = 0; i < b->nitems; i++)
		add_column(&h, b->items[i].name, b->items[i].type, false, b->items[i].required);
	cli_create(&b->out, &h);
	rec_header_free(&h);
}

/* " (table t, t.csv:17)", as far as the stream knows: where the record comes from. */
static void
put_origin(const struct balance *b, const struct rec_batch *batch, size_t i, struct buf *out)
{
	const char *source = rec_header_word(batch->segment, "source");
	int line = rec_header_find(&b->in.header, "_line");
	struct rec_field f;

	buf_addf(out, " (table %s", batch->segment->table);
	if (source != NULL)
		buf_addf(out, ", %s", source);
	if (line >= 0) {
		f = rec_field(rec_at(batch, i), (size_t)line);
		buf_adds(out, source != NULL ? ":" : ", line ");
		if (!val_is_null(f.p, f.n))
			val_text(b->in.header.columns[line].type, f.p, f.n, out);
	}
	buf_addc(out, ')');
}

static _Noreturn void
die_side(const struct balance *b, const struct rec_batch *batch, size_t i)
{
	size_t column = b->groups.agg.side_column;
	struct rec_field f = rec_field(rec_at(batch, i), column);
	struct buf text = { 0 }, origin = { 0 };

	if (!val_is_null(f.p, f.n))
		val_text(b->in.header.columns[column].type, f.p, f.n, &text);
	put_origin(b, batch, i, &origin);
	msg_die(EX_DATAERR, "%s: record %" PRIu64 ": %s: neither a credit nor a debit value: %s%s", b->in.name,
	    batch->first + i, sides.column, val_is_null(f.p, f.n) ? "null" : msg_quote(text.p, text.len),
	    buf_cstr(&origin));
}

static void
read_records(struct balance *b)
{
	struct rec_batch batch;
	struct msg err = { 0 };
	size_t taken;

	while (xrec_next(&b->in, &batch)) {
		taken = groups_add(&b->groups, &batch, &err);
		if (taken == SIZE_MAX)
			msg_exit(&err);
		if (taken < batch.n)
			die_side(b, &batch, taken);
		b->records += batch.n;
	}
}

/* " for account_id 17, currency CHF" */
static const char *
key_text(const struct balance *b, const uint8_t *key, size_t n)
{
	static struct buf text;
	const uint8_t *end;
	size_t i;

	text.len = 0;
	for (i = 0; i < b->nkeys; i++) {
		const struct rec_column *c = &b->in.header.columns[b->keys[i]];

		end = memchr(key, '\t', n);
		buf_addf(&text, "%s%s ", i == 0 ? " for " : ", ", c->name);
		if (*key == VAL_NULL)
			buf_adds(&text, "null");
		else
			val_text(c->type, key, end != NULL ? (size_t)(end - key) : n, &text);
		if (end != NULL) {
			n -= (size_t)(end - key) + 1;
			key = end + 1;
		}
	}
	return buf_cstr(&text);
}

static _Noreturn void
die_beyond(const struct balance *b, const struct agg_item *item, const uint8_t *key, size_t n)
{
	char type[NUM_TEXT];
	const char *which = key_text(b, key, n), *p;

	for (p = which; *p != '\0' && (unsigned char)*p >= ' ' && *p != 0x7f; p++)
		continue;
	type[val_type_put(type, item->type)] = '\0';
	msg_die(EX_DATAERR, "%s: %s%s: %s is beyond %s", b->in.name, item->name, *p == '\0' ? which : msg_quotes(which),
	    item->text, type);
}

static uint8_t *
put_key(const struct balance *b, uint8_t *p, struct rec_field key)
{
	if (b->nkeys == 0)
		return p;
	if (key.n <= sizeof(uint64_t))
		memcpy(p, key.p, sizeof(uint64_t));
	else
		memcpy(p, key.p, key.n);
	p[key.n] = '\t';
	return p + key.n + 1;
}

static int
put_groups(void *context, const struct rec_field *keys, const uint32_t *groups, size_t n)
{
	struct balance *b = context;
	struct agg *a = &b->groups.agg;
	bool words = agg_take_words(a, groups, n);
	uint8_t *p, *end;
	size_t i, bad = 0;

	for (i = 0; i < n; i++) {
		p = xrec_begin(&b->out, keys[i].n + 1 + (words ? a->put_max : agg_put_max(a, groups[i])));
		p = put_key(b, p, keys[i]);
		end = words ? agg_put_words(a, i, p) : agg_put(a, groups[i], p, &bad);
		if (end == NULL)
			die_beyond(b, &b->items[bad], keys[i].p, keys[i].n);
		rec_end(&b->out, end);
	}
	b->written += n;
	return 0;
}

static void
finish(struct balance *b)
{
	size_t i;

	xrec_finish(&b->out);
	if (cli.verbose)
		msg_warn("%s: %" PRIu64 " records in, %" PRIu64 " out", b->in.name, b->records, b->written);
	rec_close(&b->in);
	groups_free(&b->groups);
	for (i = 0; i < b->nitems; i++)
		agg_item_free(&b->items[i]);
	free(b->items);
}

int
main(int argc, char *argv[])
{
	static struct balance b;
	struct msg err = { 0 };
	int operand = cli_start(&program, argc, argv);

	parse_aggregates(&b, argv + operand, (size_t)(argc - operand));
	make_plan(&b);
	create_output(&b);
	read_records(&b);
	if (groups_put(&b.groups, put_groups, &b, &err) == -1)
		msg_exit(&err);
	finish(&b);
	return EX_OK;
}
