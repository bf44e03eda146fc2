/*
 * acct-balance works out one record for each key: exact sums, counts, extremes, firsts and lasts.
 *
 * Where all keys and arguments are columns, the groups are made from the input's records. Else from records of computed
 * fields, those of the key first, and what the groups give is a record that the output is computed from.
 *
 * States are read by planning again what they were made by, which their header says, and output by --states.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agg/groups.h"
#include "agg/recipe.h"
#include "agg/states.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "expr/aggregate.h"
#include "expr/items.h"

struct balance {
	struct rec_reader in;
	struct rec_reader like;		/* name and header of the input, or of what its states were made of */
	struct agg_recipe recipe;
	struct rec_writer out;
	struct groups groups;
	struct agg_item *items;
	size_t nitems;
	size_t keys[REC_MAX_COLUMNS], nkeys;
	const struct rec_header *header;	/* of the records that groups are made from */
	const struct rec_header *state_header;	/* of those that states are made from */
	struct rec_header computed;		/* this one, where it is not the input's */
	bool is_computed;
	struct expr_items key_items, outputs;
	struct expr_aggregates aggregates;
	struct expr **fields;			/* of a computed record; views */
	struct expr side, change;
	size_t change_column;			/* AGG_NONE: no stream of changes */
	struct rec_reader onto;
	bool is_whole;				/* states of changes are added to those of all records */
	struct rec_writer stale;
	struct expr_batch derived;
	struct buf results;			/* of some groups, and where their fields start */
	uint32_t *starts;
	uint64_t records, written;
};

static char *key_list;
static struct agg_sides sides;
static bool to_states, from_states;
static const char *stale_path, *onto_path;

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
	{ 'k', "key", "KEY,...", "one record for each value of these: COLUMN or NAME=EXPRESSION; by default one\n"
	    "record of totals", CLI_LIST, .to = &key_list },
	{ 0, "side", "COLUMN", "the column that says whether a record is a credit or a debit", CLI_TEXT,
	    .to = &sides.column },
	{ 0, "credit", "VALUE", "its value for credits; may be repeated", CLI_CALL, .call = add_credit },
	{ 0, "debit", "VALUE", "its value for debits; may be repeated", CLI_CALL, .call = add_debit },
	{ 0, "states", NULL, "write partial states, for --from-states; of a stream of changes signed ones", CLI_FLAG,
	    .to = &to_states },
	{ 0, "from-states", NULL, "add up states; without AGGREGATE and -k, which the states name", CLI_FLAG,
	    .to = &from_states },
	{ 0, "onto", "FILE", "with --from-states: the states that those of changes are added to", CLI_TEXT,
	    .to = &onto_path },
	{ 0, "stale", "FILE", "with --from-states: write there the keys whose minimum, maximum, first or last was\n"
	    "taken away, and leave them out", CLI_TEXT, .to = &stale_path },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){
	    "[-k KEY,...] [-D NAME=VALUE] [--side COLUMN --credit VALUE ... --debit VALUE ...]\n"
	    "                    [--states] [-i FILE] [-o FILE] [-t NAME] AGGREGATE ...",
	    "--from-states [--states] [--onto FILE] [--stale FILE] [-i FILE] [-o FILE] [-t NAME]", NULL },
	.about = "Sums the records of standard input exactly, by key.\n"
	    "AGGREGATE is [NAME=]EXPRESSION, of count, sum, avg, min, max, credit, debit, net, any_value, bool_and,\n"
	    "bool_or, median, stddev_samp and var_samp of an expression, count(distinct EXPRESSION),\n"
	    "quantile_cont(EXPRESSION,SHARE), quantile_disc(EXPRESSION,SHARE), string_agg(EXPRESSION,'SEPARATOR'),\n"
	    "first(EXPRESSION,BY) or last(EXPRESSION,BY); count() counts records. See acct-expr(7).",
	.writes_records = true,
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_define, cli_table, cli_input, cli_output, cli_memory,
	    cli_stream, NULL },
	.examples = (const char *const[]){
	    "acct-balance -k account_id 'n=count()' 'total=sum(amount)' <transactions.acct",
	    "acct-balance --states -k account_id 'n=count()' <january.acct >january.states",
	    "cat january.states february.states | acct-balance --from-states | acct-cat", NULL },
};

/* ---- the plan ---- */

/* Is a word an aggregate of columns alone? Fills the item then. */
static bool
is_plain(const struct rec_header *h, const char *word, struct agg_item *item)
{
	struct msg err = { 0 };

	if (agg_parse(item, word, &err) < 0)
		return false;
	return (item->column_name == NULL || rec_header_find(h, item->column_name) >= 0) &&
	    (item->by_name == NULL || rec_header_find(h, item->by_name) >= 0);
}

/* Are all parts of a list columns? */
static bool
is_columns(const struct rec_header *h, const char *list)
{
	char *copy = xstrdup(list), *rest = copy, *word;
	bool all = true;

	while (all && (word = strsep(&rest, ",")) != NULL)
		all = rec_header_find(h, word) >= 0;
	free(copy);
	return all;
}

/* The message of an expression, with a caret under the place. */
static _Noreturn void
point(const char *text, size_t place, const struct msg *err)
{
	struct buf b = { 0 };

	expr_caret(text, strlen(text), place, &b);
	msg_warn("%s", err->text);
	fputs(buf_cstr(&b), stderr);
	msg_leave(err->status);
}

static void
parse_list(struct expr_items *items, const char *text, const struct expr_scope *scope)
{
	struct msg err = { 0 };
	size_t place = 0;

	if (expr_items_parse(items, text, strlen(text), scope, &place, &err) < 0)
		point(text, place, &err);
}

/* Adds a field to the computed records, unless there is one of this text. Returns its name. */
static const char *
add_field(struct balance *b, struct expr *e, const char *text)
{
	char *name = xstrdup(text), *longer;
	size_t i;

	for (i = b->nkeys; i < b->computed.ncolumns; i++)
		if (strcmp(b->computed.columns[i].name, text) == 0 &&
		    val_type_equal(b->computed.columns[i].type, e->type) && e->root == b->fields[i]->root) {
			free(name);
			return b->computed.columns[i].name;
		}
	while (rec_header_find(&b->computed, name) >= 0) {
		longer = xasprintf("%s ", name);
		free(name);
		name = longer;
	}
	if (b->computed.ncolumns == REC_MAX_COLUMNS)
		cli_usage("more than %d columns", REC_MAX_COLUMNS);
	b->fields = xreallocarray(b->fields, b->computed.ncolumns + 1, sizeof(*b->fields));
	b->fields[b->computed.ncolumns] = e;
	rec_header_add(&b->computed, name, e->type, false, e->required);
	free(name);
	return b->computed.columns[b->computed.ncolumns - 1].name;
}

/* Makes the key's fields, and what an aggregate's expression may name outside of it. */
static void
compute_keys(struct balance *b, const struct expr_scope *scope)
{
	if (key_list != NULL)
		parse_list(&b->key_items, key_list, scope);
	b->nkeys = b->key_items.n;
	for (size_t i = 0; i < b->nkeys; i++) {
		struct expr_item *item = &b->key_items.items[i];

		if (item->word != NULL)
			cli_usage("-k: %s: a word of the header is no key", item->name);
		b->fields = xreallocarray(b->fields, i + 1, sizeof(*b->fields));
		b->fields[i] = &item->expr;
		b->keys[i] = expr_item_column(item);
		rec_header_add(&b->computed, item->name, item->type, false, item->required);
	}
}

/* Adds a column of the input, or NULL, to the computed records. Returns its name there. */
static const char *
compute_column(struct balance *b, struct expr *e, const char *column, const char *option,
    const struct expr_scope *scope)
{
	struct msg err = { 0 };
	struct buf quoted = { 0 };
	size_t place = 0;

	if (column == NULL)
		return NULL;
	buf_addc(&quoted, '"');
	for (const char *p = column; *p != '\0'; p++) {
		if (*p == '"')
			buf_addc(&quoted, '"');
		buf_addc(&quoted, (uint8_t)*p);
	}
	buf_addc(&quoted, '"');
	if (expr_parse(e, buf_cstr(&quoted), quoted.len, scope, &place, &err) < 0)
		cli_usage("%s: %s", option, err.text);
	buf_free(&quoted);
	return add_field(b, e, column);
}

static void
set_item(struct agg_item *item, const struct expr_aggregate *a, const char *const of[2])
{
	agg_item_set(item, a->function, of[0], of[1], a->text);
	item->share = a->share;
	item->digits = a->digits;
	if (a->nseparator == 0)
		return;
	item->separator.len = val_put_string(buf_room(&item->separator, 2 * a->nseparator), a->separator,
	    a->nseparator);
}

/* Plans for records that are computed from the input's. */
static void
compute(struct balance *b, char *words[], size_t n)
{
	struct expr_scope scope = { .header = &b->like.header, .parameters = cli.parameters,
	    .nparameters = cli.nparameters };

	b->is_computed = true;
	rec_header_init(&b->computed, b->like.header.table);
	compute_keys(b, &scope);
	b->aggregates.first = b->nkeys;
	b->aggregates.keys = b->keys;
	scope.aggregates = &b->aggregates;
	for (size_t i = 0; i < n; i++)
		parse_list(&b->outputs, words[i], &scope);
	b->nitems = b->aggregates.n;
	b->items = xcalloc(b->nitems + 1, sizeof(*b->items));
	for (size_t i = 0; i < b->nitems; i++) {
		struct expr_aggregate *a = &b->aggregates.list[i];
		const char *of[2] = { NULL, NULL };

		for (size_t k = 0; k < a->nargs; k++)
			of[k] = add_field(b, &a->args[k], a->names[k]);
		set_item(&b->items[i], a, of);
	}
	scope.aggregates = NULL;
	sides.column = compute_column(b, &b->side, sides.column, "--side", &scope);
	if (b->change_column != AGG_NONE)
		b->change_column = (size_t)rec_header_find(&b->computed,
		    compute_column(b, &b->change, b->like.header.columns[0].name, "--states", &scope));
	for (size_t i = 0; i < b->nkeys; i++)
		b->keys[i] = i;
	b->header = &b->computed;
	b->starts = xcalloc(AGG_BLOCK * (b->nkeys + b->nitems) + VAL_PAD + 1, sizeof(*b->starts));
}

/* Plans for the input's records as they are; false where something is to be computed. */
static bool
plan_plain(struct balance *b, char *words[], size_t n)
{
	b->items = xcalloc(n, sizeof(*b->items));
	for (b->nitems = 0; b->nitems < n; b->nitems++)
		if (!is_plain(&b->like.header, words[b->nitems], &b->items[b->nitems]))
			break;
	if (b->nitems == n && (key_list == NULL || is_columns(&b->like.header, key_list))) {
		if (key_list != NULL)
			b->nkeys = cli_columns(&b->like, "-k", key_list, b->keys, REC_MAX_COLUMNS);
		b->header = &b->like.header;
		return true;
	}
	for (size_t i = 0; i < n; i++)
		agg_item_free(&b->items[i]);
	free(b->items);
	return false;
}

/* ---- states ---- */

/* Takes the options that the states were made with. */
static void
take_recipe(struct balance *b)
{
	struct agg_recipe *r = &b->recipe;
	struct msg err = { 0 };

	if (agg_recipe_get(r, &b->in.header, &err) < 0)
		msg_die(err.status, "%s: %s", b->in.name, err.text);
	b->like = (struct rec_reader){ .header = r->input, .name = b->in.name };
	key_list = r->key != NULL ? xstrdup(r->key) : NULL;
	sides.column = r->side;
	for (size_t i = 0; i < r->credit.n; i++)
		add_credit("--credit", r->credit.list[i]);
	for (size_t i = 0; i < r->debit.n; i++)
		add_debit("--debit", r->debit.list[i]);
	for (size_t i = 0; i < r->define.n; i++)
		cli_define_add("-D", r->define.list[i]);
}

/* Notes what states are made by: the options, before lists are cut. */
static void
make_recipe(struct balance *b, char *words[], size_t n)
{
	struct agg_recipe *r = &b->recipe;

	r->key = key_list != NULL ? xstrdup(key_list) : NULL;
	r->side = sides.column != NULL ? xstrdup(sides.column) : NULL;
	for (size_t i = 0; i < sides.nwords[0]; i++)
		agg_recipe_add(&r->credit, sides.words[0][i]);
	for (size_t i = 0; i < sides.nwords[1]; i++)
		agg_recipe_add(&r->debit, sides.words[1][i]);
	for (size_t i = 0; i < cli.nparameters; i++) {
		char *pair = xasprintf("%s=%s", cli.parameters[i].name, cli.parameters[i].value);

		agg_recipe_add(&r->define, pair);
		free(pair);
	}
	for (size_t i = 0; i < n; i++)
		agg_recipe_add(&r->items, words[i]);
}

/* Notes the input's columns that the plan reads. */
static void
note_columns(struct balance *b)
{
	const struct rec_header *h = &b->in.header;
	bool *used = xcalloc(h->ncolumns + 1, sizeof(*used));
	size_t side = b->groups.agg.side_column;

	for (size_t i = 0; i < b->computed.ncolumns; i++)
		if (b->fields[i] != &b->change)
			expr_mark_columns(b->fields[i], used);
	for (size_t i = 0; i < b->nkeys && !b->is_computed; i++)
		used[b->keys[i]] = true;
	for (size_t i = 0; i < b->nitems && !b->is_computed; i++) {
		if (b->items[i].column != AGG_NONE)
			used[b->items[i].column] = true;
		if (b->items[i].by != AGG_NONE)
			used[b->items[i].by] = true;
	}
	if (!b->is_computed && side != AGG_NONE)
		used[side] = true;
	rec_header_init(&b->recipe.input, h->table);
	for (size_t i = 0; i < h->ncolumns; i++)
		if (used[i])
			rec_header_add(&b->recipe.input, h->columns[i].name, h->columns[i].type, false,
			    h->columns[i].required);
	if (b->recipe.input.ncolumns == 0)	/* a header has at least one */
		rec_header_add(&b->recipe.input, "_rows", (struct val_type){ VAL_INT64, 0, 0 }, false, true);
	free(used);
}

/* Checks the columns of the input against those that states of this plan have, and reads those. */
static void
plan_states(struct balance *b)
{
	struct rec_header expected;

	rec_header_init(&expected, b->in.header.table);
	for (size_t i = 0; i < b->nkeys; i++) {
		const struct rec_column *c = &b->header->columns[b->keys[i]];

		rec_header_add(&expected, c->name, c->type, true, c->required);
		b->keys[i] = i;
	}
	agg_states_header(&b->groups.agg, b->header, &expected);
	if (!rec_header_equal(&expected, &b->in.header))
		msg_die(EX_DATAERR, "%s: the columns are not those of the states that its header names", b->in.name);
	rec_header_free(&expected);
	b->state_header = b->header;
	b->header = &b->in.header;
}

/* Opens what states of changes are added to. */
static void
open_onto(struct balance *b)
{
	b->is_whole = from_states && (onto_path != NULL || !agg_recipe_is_partial(&b->in.header));
	if (from_states && !b->is_whole && !to_states)
		msg_die(EX_DATAERR, "%s: states of changes alone: --onto names the states that they change",
		    b->in.name);
	if (onto_path == NULL)
		return;
	cli_open(&b->onto, onto_path, 0);
	free(b->onto.header.table);
	b->onto.header.table = xstrdup(b->in.header.table);
	if (!rec_header_equal(&b->onto.header, &b->in.header))
		msg_die(EX_DATAERR, "%s: other columns than the states of %s", b->onto.name, b->in.name);
}

/* Creates the stream of keys whose groups have to be made anew. */
static void
create_stale(struct balance *b)
{
	struct rec_header h;

	if (stale_path == NULL)
		return;
	if (b->nkeys == 0)
		cli_usage("--stale: the states have no key");
	rec_header_init(&h, b->in.header.table);
	for (size_t i = 0; i < b->nkeys; i++) {
		const struct rec_column *c = &b->header->columns[b->keys[i]];

		rec_header_add(&h, c->name, c->type, true, c->required);
	}
	xrec_create(&b->stale, stale_path, &h);
	rec_header_free(&h);
}

static void
check_options(size_t n)
{
	if (from_states && (n > 0 || key_list != NULL || sides.column != NULL || cli.nparameters > 0))
		cli_usage("--from-states: the states name AGGREGATE, -k, -D and --side");
	if (!from_states && (stale_path != NULL || onto_path != NULL))
		cli_usage("%s needs --from-states", stale_path != NULL ? "--stale" : "--onto");
	if (!from_states && n == 0)
		cli_usage("missing AGGREGATE");
}

/* Opens the input and makes the plan for it. */
static void
make_plan(struct balance *b, char *words[], size_t n)
{
	unsigned how = to_states || from_states ? AGG_STATES : 0;
	struct msg err = { 0 };

	check_options(n);
	cli_open(&b->in, cli.input, 0);
	b->like = b->in;
	b->change_column = AGG_NONE;
	if (from_states)
		take_recipe(b);
	else if (rec_header_is_change(&b->in.header) && !to_states)
		msg_die(EX_DATAERR, "%s: a stream of changes: its records are not rows to be added up, but --states "
		    "makes signed states of them", b->in.name);
	else if (rec_header_is_change(&b->in.header))
		b->change_column = 0;
	if (to_states && !from_states)
		make_recipe(b, words, n);
	if (from_states)
		words = b->recipe.items.list, n = b->recipe.items.n;
	if (!plan_plain(b, words, n))
		compute(b, words, n);
	how |= b->nkeys > 0 ? AGG_KEYED : 0;
	if (agg_plan(&b->groups.agg, b->header, b->items, b->nitems, &sides, how, &err) < 0)
		cli_usage("%s: %s", b->in.name, err.text);
	b->state_header = b->header;
	if (from_states)
		plan_states(b);
	else if (to_states)
		note_columns(b);
	b->groups.agg.change_column = b->change_column;
	groups_init(&b->groups, b->header, b->keys, b->nkeys, cli.memory);
	if (from_states)
		b->groups.states = b->nkeys;
	open_onto(b);
	create_stale(b);
}

/* ---- the output's header ---- */

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
		const struct rec_column *c = &b->header->columns[b->keys[i]];

		add_column(&h, c->name, c->type, true, c->required);
	}
	if (to_states) {
		agg_states_header(&b->groups.agg, b->state_header, &h);
		agg_recipe_put(&b->recipe, from_states ? !b->is_whole : b->change_column != AGG_NONE, &h);
	}
	for (i = 0; i < b->outputs.n && !to_states; i++)
		add_column(&h, b->outputs.items[i].name, b->outputs.items[i].type, false, b->outputs.items[i].required);
	for (i = 0; i < b->nitems && !b->is_computed && !to_states; i++)
		add_column(&h, b->items[i].name, b->items[i].type, false, b->items[i].required);
	cli_create(&b->out, &h);
	rec_header_free(&h);
}

/* " (table t, t.csv:17)", as far as the stream knows: where the record comes from. */
static void
put_origin(const struct balance *b, const struct rec_batch *batch, size_t i, struct buf *out)
{
	const char *source = rec_header_word(batch->segment, "source");
	int line = b->is_computed ? -1 : rec_header_find(&b->in.header, "_line");
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

/* Reports an unknown change type, if that is what is wrong with a record. */
static void
check_change(const struct balance *b, const struct rec_batch *batch, size_t i)
{
	struct rec_field f;

	if (b->change_column == AGG_NONE)
		return;
	f = rec_field(rec_at(batch, i), b->change_column);
	if (rec_change_sign(f) == 0)
		msg_die(EX_DATAERR, "%s: record %" PRIu64 ": unknown change type: %s", b->in.name, batch->first + i,
		    msg_quote((const char *)f.p, f.n));
}

static _Noreturn void
die_side(const struct balance *b, const struct rec_batch *batch, size_t i)
{
	size_t column = b->groups.agg.side_column;
	struct rec_field f = rec_field(rec_at(batch, i), column);
	struct buf text = { 0 }, origin = { 0 };

	if (!val_is_null(f.p, f.n))
		val_text(b->header->columns[column].type, f.p, f.n, &text);
	put_origin(b, batch, i, &origin);
	msg_die(EX_DATAERR, "%s: record %" PRIu64 ": %s: neither a credit nor a debit value: %s%s", b->in.name,
	    batch->first + i, sides.column, val_is_null(f.p, f.n) ? "null" : msg_quote(text.p, text.len),
	    buf_cstr(&origin));
}

static void
add_records(struct balance *b, const struct rec_batch *batch)
{
	struct msg err = { 0 };
	size_t taken = groups_add(&b->groups, batch, &err);

	if (taken == SIZE_MAX)
		msg_exit(&err);
	if (taken < batch->n)
		check_change(b, batch, taken);
	if (taken < batch->n)
		die_side(b, batch, taken);
	b->records += batch->n;
}

static void
compute_records(struct balance *b, const struct rec_batch *batch)
{
	struct msg err = { 0 };

	for (size_t from = 0; from < batch->n; from += EXPR_CHUNK) {
		size_t n = batch->n - from < EXPR_CHUNK ? batch->n - from : EXPR_CHUNK;

		if (expr_batch_make(&b->derived, b->fields, b->computed.ncolumns, batch, from, n, &err) < 0)
			msg_die(err.status, "%s: %s", b->in.name, err.text);
		add_records(b, &b->derived.b);
	}
}

/* States are added whatever they are computed from. */
static void
read_states(struct balance *b, struct rec_reader *from)
{
	struct rec_batch batch;

	while (xrec_next(from, &batch)) {
		if (agg_recipe_differs(&b->in.header, batch.segment))
			msg_die(EX_DATAERR, "%s: record %" PRIu64 ": states that were made by other options",
			    from->name, batch.first);
		add_records(b, &batch);
	}
}

static void
read_records(struct balance *b)
{
	struct rec_batch batch;

	if (onto_path != NULL)
		read_states(b, &b->onto);
	if (from_states)
		read_states(b, &b->in);
	else
		while (xrec_next(&b->in, &batch))
			(b->is_computed ? compute_records : add_records)(b, &batch);
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
		const struct rec_column *c = &b->header->columns[b->keys[i]];

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

/* Works out what is made of all the values of a group. */
static void
take_values(struct balance *b, struct rec_field key, uint32_t group)
{
	struct msg err = { 0 };

	if (b->groups.values.n > 0 && agg_values_take(&b->groups.values, &b->groups.agg, group, key.n, &err) < 0)
		msg_die(err.status, "%s: %s%s", b->in.name, err.text, key_text(b, key.p, key.n));
}

/* Makes records of the groups' keys and aggregates. */
static void
gather(struct balance *b, const struct rec_field *keys, const uint32_t *groups, size_t n, struct rec_batch *batch)
{
	struct agg *a = &b->groups.agg;
	size_t bad = 0, k = 0;
	uint8_t *end;

	b->results.len = 0;
	for (size_t i = 0; i < n; i++) {
		uint8_t *p, *start;

		take_values(b, keys[i], groups[i]);
		p = start = buf_room(&b->results, keys[i].n + agg_put_max(a, groups[i]) + 2 * VAL_PAD);
		p = put_key(b, p, keys[i]);
		if ((end = agg_put(a, groups[i], p, &bad)) == NULL)
			die_beyond(b, &b->items[bad], keys[i].p, keys[i].n);
		*end = '\n';
		b->starts[k++] = (uint32_t)b->results.len;
		for (p = start; p < end; p++)
			if (*p == '\t')
				b->starts[k++] = (uint32_t)(b->results.len + (size_t)(p - start) + 1);
		b->results.len += (size_t)(end - start) + 1;
	}
	b->starts[k] = (uint32_t)b->results.len;
	memset(buf_room(&b->results, VAL_PAD), 0, VAL_PAD);
	*batch = (struct rec_batch){ .n = n, .first = b->written + 1, .base = b->results.p, .off = b->starts,
	    .stride = b->nkeys + b->nitems };
}

/* Computes the output's records from those of the groups. */
static int
put_computed(void *context, const struct rec_field *keys, const uint32_t *groups, size_t n)
{
	struct balance *b = context;
	struct expr_item *items = b->outputs.items;
	struct rec_batch batch;
	struct msg err = { 0 };

	gather(b, keys, groups, n, &batch);
	for (size_t k = 0; k < b->outputs.n; k++)
		if (expr_eval(&items[k].expr, &batch, 0, n, NULL, &err) < 0)
			msg_die(err.status, "%s: %s: output's %s", b->in.name, items[k].name, err.text);
	for (size_t i = 0; i < n; i++) {
		size_t room = keys[i].n + 1;
		uint8_t *p;

		for (size_t k = 0; k < b->outputs.n; k++)
			room += expr_room(&items[k].expr, i) + 1;
		p = put_key(b, xrec_begin(&b->out, room), keys[i]);
		for (size_t k = 0; k < b->outputs.n; k++) {
			if (k > 0)
				*p++ = '\t';
			p = expr_put(&items[k].expr, i, p);
		}
		rec_end(&b->out, p);
	}
	b->written += n;
	return 0;
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

static int
put_states(void *context, const struct rec_field *keys, const uint32_t *groups, size_t n)
{
	struct balance *b = context;
	const struct agg *a = &b->groups.agg;

	for (size_t i = 0; i < n; i++) {
		uint8_t *p = xrec_begin(&b->out, keys[i].n + 1 + agg_states_max(a, groups[i]));
		uint8_t *end = agg_states_put(a, groups[i], put_key(b, p, keys[i]));

		if (end == NULL)
			msg_die(EX_DATAERR, "%s: a sum%s has more than 38 digits", b->in.name,
			    key_text(b, keys[i].p, keys[i].n));
		rec_end(&b->out, end);
	}
	b->written += n;
	return 0;
}

static groups_sink *
choose_sink(const struct balance *b)
{
	return to_states ? put_states : b->is_computed ? put_computed : put_groups;
}

/* A group whose extreme was taken away: its key goes to --stale. */
static void
put_stale(struct balance *b, struct rec_field key)
{
	uint8_t *p;

	if (stale_path == NULL)
		msg_die(EX_DATAERR, "%s: a minimum, maximum, first or last%s was taken away: --stale lists such keys",
		    b->in.name, key_text(b, key.p, key.n));
	p = xrec_begin(&b->stale, key.n);
	memcpy(p, key.p, key.n);
	rec_end(&b->stale, p + key.n);
}

/* Passes on the groups that are known after all changes. */
static int
put_settled(void *context, const struct rec_field *keys, const uint32_t *groups, size_t n)
{
	struct balance *b = context;
	struct rec_field live_keys[AGG_BLOCK];
	uint32_t live[AGG_BLOCK];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		enum agg_fate fate = agg_states_settle(&b->groups.agg, groups[i]);

		if (fate == AGG_BROKEN)
			msg_die(EX_DATAERR, "%s: more records%s are taken away than there were", b->in.name,
			    key_text(b, keys[i].p, keys[i].n));
		if (fate == AGG_STALE)
			put_stale(b, keys[i]);
		if (fate != AGG_LIVE && (fate == AGG_STALE || b->nkeys > 0))
			continue;
		live_keys[k] = keys[i];
		live[k++] = groups[i];
	}
	return k > 0 ? choose_sink(b)(b, live_keys, live, k) : 0;
}

static void
finish(struct balance *b)
{
	size_t i;

	if (stale_path != NULL)
		xrec_finish(&b->stale);
	xrec_finish(&b->out);
	if (onto_path != NULL)
		rec_close(&b->onto);
	if (cli.verbose)
		msg_warn("%s: %" PRIu64 " records in, %" PRIu64 " out", b->in.name, b->records, b->written);
	rec_close(&b->in);
	groups_free(&b->groups);
	for (i = 0; i < b->nitems; i++)
		agg_item_free(&b->items[i]);
	free(b->items);
	expr_items_free(&b->key_items);
	expr_items_free(&b->outputs);
	expr_aggregates_free(&b->aggregates);
	expr_free(&b->side);
	expr_free(&b->change);
	agg_recipe_free(&b->recipe);
	expr_batch_free(&b->derived);
	rec_header_free(&b->computed);
	buf_free(&b->results);
	free(b->starts);
	free(b->fields);
	free(cli.parameters);
}

int
main(int argc, char *argv[])
{
	static struct balance b;
	struct msg err = { 0 };
	int operand = cli_start(&program, argc, argv);

	make_plan(&b, argv + operand, (size_t)(argc - operand));
	create_output(&b);
	read_records(&b);
	if (groups_put(&b.groups, b.is_whole ? put_settled : choose_sink(&b), &b, &err) < 0)
		msg_exit(&err);
	finish(&b);
	return EX_OK;
}
