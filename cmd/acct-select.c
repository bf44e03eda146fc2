/*
 * acct-select keeps columns and records: which columns by a list, with new names, sums and differences; which records
 * by a predicate.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/sandbox.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "pred/item.h"
#include "pred/pred.h"
#include "rec/rec.h"

struct run {			/* consecutive fields of the input, copied as one; or one item of another kind */
	size_t from, to;	/* fields from to to - 1 */
	const struct pred_item *sum;	/* NULL for fields */
	const struct pred_item *same;	/* a text: value, encoded */
	uint8_t *value;
	size_t nvalue;
	bool string;		/* with --text, a string by itself */
};

static const char *columns, *where;
static bool as_text;

static struct rec_reader in;
static struct rec_writer out;
static struct pred pred;
static struct pred_items items;
static struct run *runs;
static size_t nruns;
static size_t repeats;		/* most times a record's bytes are written */
static size_t extra;		/* bytes of all texts */
static uint64_t nread, nkept;

static const struct cli_option options[] = {
	{ 'c', "columns", "ITEM,...", "the columns of the output: NAME, NEW=NAME, NEW=A+B, NEW=A-B,\n"
	    "NEW='TEXT', NEW=@WORD (of the header)", CLI_TEXT, .to = &columns },
	{ 'w', "where", "PREDICATE", "the records to keep: = <> < <= > >=, in (...), is null, and, or, not, ( )",
	    CLI_TEXT,
	    .to = &where },
	{ 0, "text", NULL, "with -c: turn strings that are not UTF-8 into UTF-8, for a table", CLI_FLAG,
	    .to = &as_text },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "[-v] [-c ITEM,...] [-w PREDICATE] [-t NAME] [--text] [-o FILE] [FILE]", NULL },
	.about = "Keeps columns and records of FILE, by default standard input.",
	.writes_records = true,
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_table, cli_output, cli_stream, NULL },
	.examples = (const char *const[]){
	    "acct-select -c account_id,balance -w 'balance < 0' <accounts.acct | acct-cat", NULL },
};

/* The message of a bad list or predicate, and the text with a caret under the place. */
static _Noreturn void
point(const char *option, const char *text, size_t place, const struct msg *err)
{
	struct buf b = { 0 };

	pred_caret(text, strlen(text), place, &b);
	msg_warn("%s: %s", option, err->text);
	fputs(buf_cstr(&b), stderr);
	msg_leave(err->status);
}

/* Turns the items into runs of fields and sums. */
static void
plan(void)
{
	size_t *times = xcalloc(in.header.ncolumns, sizeof *times);

	runs = xcalloc(items.n, sizeof *runs);
	for (size_t i = 0; i < items.n; i++) {
		const struct pred_item *it = &items.items[i];
		size_t c;

		if (it->nterms != 1) {
			runs[nruns++] = it->nterms > 1 ? (struct run){ .sum = it } : (struct run){ .same = it };
			continue;
		}
		c = it->terms[0].column;
		if (++times[c] > repeats)
			repeats = times[c];
		if (as_text)
			runs[nruns++] = (struct run){ c, c + 1, .string =
			    in.header.columns[c].type.kind == VAL_STRING };
		else if (nruns > 0 && runs[nruns - 1].same == NULL && runs[nruns - 1].sum == NULL &&
		    runs[nruns - 1].to == c)
			runs[nruns - 1].to++;
		else
			runs[nruns++] = (struct run){ .from = c, .to = c + 1 };
	}
	free(times);
}

/* Encodes the texts for a segment of the input, whose header's words they may be. */
static void
set_texts(const struct rec_header *h)
{
	extra = 0;
	for (size_t k = 0; k < nruns; k++) {
		struct run *r = &runs[k];
		const char *text;
		size_t n;

		if (r->same == NULL)
			continue;
		text = r->same->word != NULL ? rec_header_word(h, r->same->word) : r->same->text;
		n = r->same->word == NULL ? r->same->ntext : text != NULL ? strlen(text) : 0;
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
	if (columns != NULL)
		pred_items_header(&items, from, h);
	else
		rec_header_copy(h, from);
	if (as_text)
		rec_header_drop_word(h, "raw");
	if (cli.table != NULL) {
		free(h->table);
		h->table = xstrdup(cli.table);
	}
}

/* Parses the options' texts against the input's columns. */
static void
prepare(void)
{
	struct msg err = { 0 };
	size_t place = 0;

	if (where != NULL && pred_parse(&pred, where, strlen(where), &in.header, &place, &err) == -1)
		point("--where", where, place, &err);
	if (columns != NULL) {
		if (pred_items_parse(&items, columns, strlen(columns), &in.header, &place, &err) == -1)
			point("--columns", columns, place, &err);
		plan();
	}
}

static uint8_t *
put_sum(uint8_t *p, const struct pred_item *it, struct rec r, uint64_t number)
{
	char type[NUM_TEXT];
	i128 v = 0;

	switch (pred_item_sum(it, r, &v)) {
	case 1:
		return p + val_put_wide(p, v);
	case 0:
		*p = VAL_NULL;
		return p + 1;
	}
	val_type_put(type, it->type);
	msg_die(EX_DATAERR, "%s: record %" PRIu64 ": %s: more than %s holds", in.name, number, it->name, type);
}

/* Writes the items of one record. */
static void
project(const struct rec_batch *b, size_t i)
{
	struct rec r = rec_at(b, i);
	size_t n = r.off[in.header.ncolumns] - r.off[0];
	uint8_t *p = xrec_begin(&out, n * repeats * (as_text ? 3 : 1) + nruns * (VAL_WIDE_MAX + 1) + extra);

	for (size_t k = 0; k < nruns; k++) {
		if (k > 0)
			*p++ = '\t';
		if (runs[k].sum != NULL)
			p = put_sum(p, runs[k].sum, r, b->first + i);
		else if (runs[k].same != NULL) {
			memcpy(p, runs[k].value, runs[k].nvalue);
			p += runs[k].nvalue;
		} else if (runs[k].string)
			p += utf8_from_bytes(p, r.base + r.off[runs[k].from],
			    (size_t)(r.off[runs[k].to] - r.off[runs[k].from]) - 1);
		else {
			n = (size_t)(r.off[runs[k].to] - r.off[runs[k].from]) - 1;
			memcpy(p, r.base + r.off[runs[k].from], n);
			p += n;
		}
	}
	rec_end(&out, p);
}

/* Passes on n records from `from` on: as they are, where there are no items. */
static void
pass_run(const struct rec_batch *b, size_t from, size_t n)
{
	if (runs == NULL)
		xrec_copy_run(&out, b, from, n);
	else
		for (size_t i = 0; i < n; i++)
			project(b, from + i);
}

/* Passes on those records of a batch for which the predicate is true. */
static void
pass(const struct rec_batch *b)
{
	uint8_t truth[PRED_CHUNK];

	for (size_t from = 0; from < b->n; from += PRED_CHUNK) {
		size_t n = b->n - from < PRED_CHUNK ? b->n - from : PRED_CHUNK, i = 0, start;

		pred_eval(&pred, b, from, n, truth);
		while (i < n) {
			while (i < n && truth[i] != PRED_TRUE)
				i++;
			start = i;
			while (i < n && truth[i] == PRED_TRUE)
				i++;
			if (i > start)
				pass_run(b, from + start, i - start);
		}
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
	set_texts(segment);
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
	if (as_text && columns == NULL)
		cli_usage("--text needs -c");
	io_open_ahead(argv[operand]);
	io_create_ahead(cli.output);
	cli_sandbox(0, NULL);
	cli_open(&in, argv[operand], 0);
	prepare();
	make_header(&h, &in.header);
	set_texts(&in.header);
	cli_create(&out, &h);
	while (xrec_next(&in, &b)) {
		nread += b.n;
		follow_segment(&h, b.segment);
		if (where != NULL)
			pass(&b);
		else
			pass_run(&b, 0, b.n);
	}
	nkept += out.count;
	xrec_finish(&out);
	if (cli.verbose)
		msg_warn("%" PRIu64 " of %" PRIu64 " records", nkept, nread);
	rec_close(&in);
	rec_header_free(&h);
	pred_free(&pred);
	pred_items_free(&items);
	while (nruns > 0)
		free(runs[--nruns].value);
	free(runs);
	return 0;
}
