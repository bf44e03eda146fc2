/* acct-select keeps, renames and computes columns, and keeps the records for which a condition is true. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/sandbox.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "expr/expr.h"
#include "expr/items.h"
#include "rec/rec.h"

struct run {			/* consecutive fields of the input, copied as one; or one item of another kind */
	size_t from, to;	/* fields from to to - 1 */
	struct expr_item *item;	/* computed for each record; NULL for fields */
	const char *word;	/* of the header: its value, encoded */
	uint8_t *value;
	size_t nvalue;
	bool string;		/* with --text, a string by itself */
	bool sign;		/* the change type of a record that is kept by itself: insert or delete */
};

static const char *where;
static char **lists;			/* of -c, in order */
static size_t nlists;
static bool as_text;
static char everything[] = "*";

#define CHANGE_TYPE "_change_type"

static struct rec_reader in;
static struct rec_writer out;
static struct expr_scope scope;
static struct expr condition;
static struct expr_items items;
static struct run *runs;
static size_t nruns;
static bool is_changes;		/* pre-images are to be deletes, post-images inserts */
static size_t repeats;		/* most times a record's bytes are written */
static size_t extra;		/* bytes of all words */
static struct buf encoded;	/* a string before --text */
static uint64_t nread, nkept;

static void
add_list(const char *option, char *text)
{
	(void)option;
	lists = xreallocarray(lists, nlists + 1, sizeof(*lists));
	lists[nlists++] = text;
}

static const struct cli_option options[] = {
	{ 'c', "columns", "ITEM,...", "the columns of the output: NAME, NEW=EXPRESSION, *, * exclude (NAME, ...),\n"
	    "NEW=@WORD (of the header); may be repeated", CLI_CALL, .call = add_list },
	{ 'w', "where", "CONDITION", "the records to keep: an expression, see acct-expr(7)", CLI_TEXT, .to = &where },
	{ 0, "text", NULL, "with -c: turn strings that are not UTF-8 into UTF-8, for a table", CLI_FLAG,
	    .to = &as_text },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){
	    "[-v] [-c ITEM,...] [-w CONDITION] [-D NAME=VALUE] [-t NAME] [--text] [-o FILE] [FILE]", NULL },
	.about = "Keeps and computes columns, and keeps records, of FILE, by default standard input.",
	.writes_records = true,
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_define, cli_table, cli_output, cli_stream, NULL },
	.examples = (const char *const[]){
	    "acct-select -c account_id,balance -w 'balance < 0' <accounts.acct | acct-cat", NULL },
};

/* The message of a bad list or condition, and the text with a caret under the place. */
static _Noreturn void
point(const char *option, const char *text, size_t place, const struct msg *err)
{
	struct buf b = { 0 };

	expr_caret(text, strlen(text), place, &b);
	msg_warn("%s: %s", option, err->text);
	fputs(buf_cstr(&b), stderr);
	msg_leave(err->status);
}

/* Can a column be copied together with the one before it? */
static bool
continues(size_t column)
{
	const struct run *last = nruns > 0 ? &runs[nruns - 1] : NULL;

	return last != NULL && !as_text && !last->sign && last->item == NULL && last->word == NULL &&
	    last->to == column;
}

/* Turns the items into runs of fields, computed items and words. */
static void
plan(void)
{
	size_t *times = xcalloc(in.header.ncolumns, sizeof(*times));

	runs = xcalloc(items.n, sizeof(*runs));
	for (size_t i = 0; i < items.n; i++) {
		struct expr_item *it = &items.items[i];
		size_t c = expr_item_column(it);
		bool string = as_text && it->type.kind == VAL_STRING;

		if (c == SIZE_MAX) {
			runs[nruns++] = it->word != NULL ? (struct run){ .word = it->word } :
			    (struct run){ .item = it, .string = string };
			continue;
		}
		if (++times[c] > repeats)
			repeats = times[c];
		if (continues(c))
			runs[nruns - 1].to++;
		else
			runs[nruns++] = (struct run){ .from = c, .to = c + 1, .string = string,
			    .sign = c == 0 && is_changes };
	}
	free(times);
}

/* Encodes the words for a segment of the input. */
static void
set_words(const struct rec_header *h)
{
	extra = 0;
	for (size_t k = 0; k < nruns; k++) {
		struct run *r = &runs[k];
		const char *text;
		size_t n;

		if (r->word == NULL)
			continue;
		text = rec_header_word(h, r->word);
		n = text != NULL ? strlen(text) : 0;
		r->value = xreallocarray(r->value, 3, 2 * n + 1);
		if (text == NULL) {
			*r->value = VAL_NULL;
			r->nvalue = 1;
		} else {
			r->nvalue = val_put_string(r->value, text, n);
		}
		if (as_text && !utf8_ok(r->value, r->nvalue)) {
			char *bytes = xstrndup((char *)r->value, r->nvalue);

			r->nvalue = utf8_from_bytes(r->value, bytes, r->nvalue);
			free(bytes);
		}
		extra += r->nvalue;
	}
}

/* The output's header for a segment of the input. */
static void
make_header(struct rec_header *h, const struct rec_header *from)
{
	if (nlists > 0)
		expr_items_header(&items, from, h);
	else
		rec_header_copy(h, from);
	if (nlists > 0 && strcmp(h->columns[0].name, CHANGE_TYPE) == 0 && expr_item_column(&items.items[0]) == SIZE_MAX)
		rec_header_set_word(h, "change", "1");
	if (as_text)
		rec_header_drop_word(h, "raw");
	if (cli.table != NULL) {
		free(h->table);
		h->table = xstrdup(cli.table);
	}
}

static void
parse_items(struct expr_items *it, const char *text)
{
	struct msg err = { 0 };
	size_t place = 0;

	if (expr_items_parse(it, text, strlen(text), &scope, &place, &err) < 0)
		point("--columns", text, place, &err);
}

/* Do the items have the change type, or leave it out by name? */
static bool
has_change_type(const struct expr_items *it)
{
	for (size_t i = 0; i < it->n; i++)
		if (expr_item_column(&it->items[i]) == 0 || strcmp(it->items[i].name, CHANGE_TYPE) == 0)
			return true;
	return it->without_first;
}

/*
 * Of a change stream, the change type is the first column unless the lists say otherwise; and where a condition may
 * keep one of a pre-image and its post-image, they are a delete and an insert.
 */
static void
prepare_changes(void)
{
	struct expr_items listed = { 0 };

	for (size_t i = 0; i < nlists; i++)
		parse_items(&listed, lists[i]);
	if (nlists > 0 && !has_change_type(&listed))
		parse_items(&items, CHANGE_TYPE);
	expr_items_free(&listed);
	if (where != NULL && nlists == 0)
		add_list("-c", everything);
	is_changes = where != NULL;
}

/* Parses the options' texts against the input's columns. */
static void
prepare(void)
{
	struct msg err = { 0 };
	size_t place = 0;

	scope = (struct expr_scope){ .header = &in.header, .parameters = cli.parameters,
	    .nparameters = cli.nparameters };
	if (where != NULL && expr_parse_where(&condition, where, strlen(where), &scope, &place, &err) < 0)
		point("--where", where, place, &err);
	if (rec_header_is_change(&in.header))
		prepare_changes();
	for (size_t i = 0; i < nlists; i++)
		parse_items(&items, lists[i]);
	if (nlists > 0)
		plan();
}

static _Noreturn void
fail_record(const char *name, const struct msg *err)
{
	msg_die(err->status, "%s: %s%s%s", in.name, name, *name != '\0' ? ": " : "", err->text);
}

/* Writes a computed value. */
static uint8_t *
put_item(uint8_t *p, const struct run *r, size_t i)
{
	uint8_t *end;

	if (!r->string)
		return expr_put(&r->item->expr, i, p);
	encoded.len = 0;
	end = expr_put(&r->item->expr, i, buf_room(&encoded, expr_room(&r->item->expr, i) + 16));
	return p + utf8_from_bytes(p, encoded.p, (size_t)(end - encoded.p));
}

/* Writes the change type of a record by itself. */
static uint8_t *
put_sign(uint8_t *p, struct rec_field type, uint64_t record)
{
	int sign = rec_change_sign(type);

	if (sign == 0)
		msg_die(EX_DATAERR, "%s: record %" PRIu64 ": unknown change type: %s", in.name, record,
		    msg_quote((const char *)type.p, type.n));
	memcpy(p, sign > 0 ? "insert" : "delete", 6);
	return p + 6;
}

/* Bytes that the computed values of a record need at most. */
static size_t
room_of_items(size_t i)
{
	size_t n = 0;

	for (size_t k = 0; k < nruns; k++)
		if (runs[k].item != NULL)
			n += expr_room(&runs[k].item->expr, i);
	return n;
}

/* Writes the items of record `from` + i. */
static void
project(const struct rec_batch *b, size_t from, size_t i)
{
	struct rec r = rec_at(b, from + i);
	size_t n = r.off[in.header.ncolumns] - r.off[0];
	uint8_t *p = xrec_begin(&out, (n * repeats + room_of_items(i)) * (as_text ? 3 : 1) + 2 * nruns + extra);

	for (size_t k = 0; k < nruns; k++) {
		if (k > 0)
			*p++ = '\t';
		if (runs[k].item != NULL) {
			p = put_item(p, &runs[k], i);
		} else if (runs[k].word != NULL) {
			memcpy(p, runs[k].value, runs[k].nvalue);
			p += runs[k].nvalue;
		} else if (runs[k].sign) {
			p = put_sign(p, rec_field(r, 0), b->first + from + i);
		} else if (runs[k].string) {
			p += utf8_from_bytes(p, r.base + r.off[runs[k].from],
			    (size_t)(r.off[runs[k].to] - r.off[runs[k].from]) - 1);
		} else {
			n = (size_t)(r.off[runs[k].to] - r.off[runs[k].from]) - 1;
			memcpy(p, r.base + r.off[runs[k].from], n);
			p += n;
		}
	}
	rec_end(&out, p);
}

/* Passes on records i to end - 1, counted from `from`: as they are, where there are no items. */
static void
pass_run(const struct rec_batch *b, size_t from, size_t i, size_t end)
{
	if (runs == NULL)
		xrec_copy_run(&out, b, from + i, end - i);
	else
		for (; i < end; i++)
			project(b, from, i);
}

/* Computes the items of those of n records whose truth is EXPR_TRUE; NULL: of all. */
static void
compute(const struct rec_batch *b, size_t from, size_t n, const uint8_t *truth)
{
	struct msg err = { 0 };

	for (size_t k = 0; k < nruns; k++)
		if (runs[k].item != NULL && expr_eval(&runs[k].item->expr, b, from, n, truth, &err) < 0)
			fail_record(runs[k].item->name, &err);
}

/* Passes on those of n records for which the condition is true. */
static void
pass_true(const struct rec_batch *b, size_t from, size_t n)
{
	uint8_t truth[EXPR_CHUNK];
	struct msg err = { 0 };
	size_t i = 0, start;

	if (expr_test(&condition, b, from, n, NULL, truth, &err) < 0)
		fail_record("", &err);
	compute(b, from, n, truth);
	while (i < n) {
		while (i < n && truth[i] != EXPR_TRUE)
			i++;
		start = i;
		while (i < n && truth[i] == EXPR_TRUE)
			i++;
		if (i > start)
			pass_run(b, from, start, i);
	}
}

static void
pass(const struct rec_batch *b)
{
	for (size_t from = 0; from < b->n; from += EXPR_CHUNK) {
		size_t n = b->n - from < EXPR_CHUNK ? b->n - from : EXPR_CHUNK;

		if (where != NULL) {
			pass_true(b, from, n);
			continue;
		}
		compute(b, from, n, NULL);
		pass_run(b, from, 0, n);
	}
}

/* Where the words of the input's header change, those of the output's do. */
static void
follow_segment(struct rec_header *h, const struct rec_header *segment)
{
	struct rec_header next;

	make_header(&next, segment);
	if (!rec_header_same_words(h, &next)) {
		nkept += out.count;
		xrec_segment(&out, &next);
	}
	set_words(segment);
	rec_header_free(h);
	*h = next;
}

int
main(int argc, char *argv[])
{
	struct rec_header h;
	struct rec_batch b;
	int operand = cli_start(&program, argc, argv);

	if (argc - operand > 1)
		cli_usage("expected at most one FILE");
	if (as_text && nlists == 0)
		cli_usage("--text needs -c");
	io_open_ahead(argv[operand]);
	io_create_ahead(cli.output);
	cli_sandbox(0, NULL);
	cli_open(&in, argv[operand], 0);
	prepare();
	make_header(&h, &in.header);
	set_words(&in.header);
	cli_create(&out, &h);
	while (xrec_next(&in, &b)) {
		nread += b.n;
		follow_segment(&h, b.segment);
		if (where == NULL && runs == NULL)
			xrec_copy_run(&out, &b, 0, b.n);
		else
			pass(&b);
	}
	nkept += out.count;
	xrec_finish(&out);
	if (cli.verbose)
		msg_warn("%" PRIu64 " of %" PRIu64 " records", nkept, nread);
	rec_close(&in);
	rec_header_free(&h);
	expr_free(&condition);
	expr_items_free(&items);
	buf_free(&encoded);
	free(cli.parameters);
	free(lists);
	while (nruns > 0)
		free(runs[--nruns].value);
	free(runs);
	return 0;
}
