/*
 * acct-history keeps the versions of rows: it reads the versions known and new rows, or changes, and writes the
 * versions that are new and those that are no longer known, for a table.
 *
 * Both are sorted by key and time, in temporary files beyond a limit of memory, and a key is worked out at a time.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/cli.h"
#include "history/versions.h"
#include "spill/sort.h"

enum { FROM, TO, CURRENT, RUN_FROM, RUN_TO, MARKS };

static const char *const marks[] = { "_from", "_to", "_current", "_run_from", "_run_to" };

static char *key_list, *track_list;
static const char *sequence, *run, *deleted_at, *onto_path;

static struct rec_reader in, onto;
static struct rec_writer out;
static size_t keys[REC_MAX_COLUMNS], nkeys, tracked[REC_MAX_COLUMNS], ntracked, at_column;
static bool is_changes;
static struct rec_header result;
static struct buf run_field, deleted_field;
static struct spill_sorter *events, *known;
static struct history_versions versions;
static uint64_t nevents, nopened, nended;

static const struct cli_option options[] = {
	{ 'k', "key", "COLUMN,...", "the key of the rows; by default the stream's own", CLI_LIST, .to = &key_list },
	{ 0, "sequence", "COLUMN", "when a row begins to hold: a column that orders rows in time", CLI_TEXT,
	    .to = &sequence },
	{ 0, "track", "COLUMN,...", "columns whose values are kept; by default all others", CLI_LIST,
	    .to = &track_list },
	{ 0, "run", "ID", "the run that makes the versions known; later runs have greater texts", CLI_TEXT,
	    .to = &run },
	{ 0, "deleted-at", "VALUE", "when the rows that a stream of changes deletes end", CLI_TEXT,
	    .to = &deleted_at },
	{ 0, "onto", "FILE", "the versions known before", CLI_TEXT, .to = &onto_path },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){
	    "[-v] [-k COLUMN,...] --sequence COLUMN --run ID [--track COLUMN,...]\n"
	    "                    [--deleted-at VALUE] [--onto FILE] [-t NAME] [-o FILE] [FILE]", NULL },
	.about = "Works out the versions of rows, half-open intervals of a sequence, from rows or changes in FILE, by\n"
	    "default standard input. Writes the versions that are new and those no longer known, to be merged by\n"
	    "key.",
	.writes_records = true,
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_table, cli_output, cli_memory, cli_stream, NULL },
	.examples = (const char *const[]){
	    "acct-history --sequence valid_from --run 2024-03-01 customers.acct | acct-write history",
	    "acct-read history | acct-history --sequence valid_from --run 2024-03-02 --onto - new.acct |\n"
	    "      acct-merge history", NULL },
};

/* ---- columns ---- */

static bool
is_in(const size_t *list, size_t n, size_t column)
{
	while (n-- > 0)
		if (list[n] == column)
			return true;
	return false;
}

static void
find_keys(void)
{
	if (key_list != NULL) {
		nkeys = cli_columns(&in, "-k", key_list, keys, REC_MAX_COLUMNS);
		return;
	}
	for (size_t i = 0; i < in.header.ncolumns; i++)
		if (in.header.columns[i].key)
			keys[nkeys++] = i;
	if (nkeys == 0)
		cli_usage("-k is required: %s has no key", in.name);
}

static void
find_tracked(void)
{
	if (track_list != NULL)
		ntracked = cli_columns(&in, "--track", track_list, tracked, REC_MAX_COLUMNS);
	else
		for (size_t i = is_changes; i < in.header.ncolumns; i++)
			if (i != at_column && !is_in(keys, nkeys, i))
				tracked[ntracked++] = i;
	for (size_t i = 0; i < ntracked; i++)
		if (is_in(keys, nkeys, tracked[i]) || (is_changes && tracked[i] == 0))
			cli_usage("--track: %s is no column of a row's values",
			    msg_quotes(in.header.columns[tracked[i]].name));
}

static void
add_column(const char *name, struct val_type type, bool key, bool required)
{
	if (rec_header_find(&result, name) >= 0)
		cli_usage("%s: column %s is one of the history's own", in.name, name);
	rec_header_add(&result, name, type, key, required);
}

/* The columns of the history: key, what is tracked, marks. A version is identified by its key, begin and run. */
static void
make_header(void)
{
	const struct val_type string = { VAL_STRING, 0, 0 }, truth = { VAL_BOOL, 0, 0 };
	const struct rec_column *columns = in.header.columns;
	struct val_type at = columns[at_column].type;

	rec_header_init(&result, cli.table != NULL ? cli.table : in.header.table);
	for (size_t i = 0; i < nkeys; i++)
		add_column(columns[keys[i]].name, columns[keys[i]].type, true, true);
	for (size_t i = 0; i < ntracked; i++)
		add_column(columns[tracked[i]].name, columns[tracked[i]].type, false, columns[tracked[i]].required);
	add_column(marks[FROM], at, true, true);
	add_column(marks[TO], at, false, false);
	add_column(marks[CURRENT], truth, false, true);
	add_column(marks[RUN_FROM], string, true, true);
	add_column(marks[RUN_TO], string, false, false);
}

/* Encodes an option's value. */
static void
encode(struct buf *field, struct val_type type, const char *option, const char *text)
{
	char name[NUM_TEXT];

	if (!utf8_ok(text, strlen(text)) || !val_parse(type, text, strlen(text), field)) {
		name[val_type_put(name, type)] = '\0';
		cli_usage("%s: not of type %s: %s", option, name, msg_quotes(text));
	}
}

static void
open_streams(const char *path)
{
	int column;

	cli_open(&in, path, 0);
	is_changes = rec_header_is_change(&in.header);
	column = rec_header_find(&in.header, sequence);
	if (column < 0) {
		struct near near = rec_near(&in.header, sequence);

		cli_usage("--sequence: %s: no column %s%s", in.name, msg_quotes(sequence), near_hint(&near));
	}
	at_column = (size_t)column;
	find_keys();
	find_tracked();
	make_header();
	encode(&run_field, (struct val_type){ VAL_STRING, 0, 0 }, "--run", run);
	if (deleted_at != NULL)
		encode(&deleted_field, in.header.columns[at_column].type, "--deleted-at", deleted_at);
	if (onto_path == NULL)
		return;
	cli_open(&onto, onto_path, 0);
	free(onto.header.table);
	onto.header.table = xstrdup(result.table);
	if (!rec_header_equal(&onto.header, &result))
		msg_die(EX_DATAERR, "%s: not the columns of this history: the key, what is tracked, %s, %s, %s, %s, %s",
		    onto.name, marks[FROM], marks[TO], marks[CURRENT], marks[RUN_FROM], marks[RUN_TO]);
}

/* ---- input ---- */

struct piece {			/* an item of a sorter: its key is the row's key, a TAB and the time */
	struct buf key, data;
	uint32_t nkey;		/* bytes of the row's key */
};

static void
join_fields(struct buf *to, struct rec r, const size_t *columns, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct rec_field f = rec_field(r, columns[i]);

		if (i > 0)
			buf_addc(to, '\t');
		buf_add(to, f.p, f.n);
	}
}

/* Sorts an item; its data begin with the length of the row's key. */
static void
sort_piece(struct spill_sorter *to, struct piece *p, struct rec_field at)
{
	struct msg err = { 0 };
	struct spill_item item;

	buf_addc(&p->key, '\t');
	buf_add(&p->key, at.p, at.n);
	item = (struct spill_item){ p->key.p, p->data.p, p->key.len, p->data.len };
	if (spill_sorter_add(to, &item, &err) < 0)
		msg_exit(&err);
}

static void
start_piece(struct piece *p, struct rec r, const size_t *columns)
{
	p->key.len = p->data.len = 0;
	join_fields(&p->key, r, columns, nkeys);
	p->nkey = (uint32_t)p->key.len;
	buf_add(&p->data, &p->nkey, sizeof(p->nkey));
}

/* The sign of a record: 1 for a row, -1 for a deletion, 0 for a pre-image, which its post-image makes up for. */
static int
sign_of(struct rec r, uint64_t number)
{
	struct rec_field type = is_changes ? rec_field(r, 0) : (struct rec_field){ (const uint8_t *)"insert", 6 };
	int sign = rec_change_sign(type);

	if (sign == 0)
		msg_die(EX_DATAERR, "%s: record %" PRIu64 ": unknown change type: %s", in.name, number,
		    msg_quote((const char *)type.p, type.n));
	return sign < 0 && type.n != strlen("delete") ? 0 : sign;
}

static void
add_event(struct piece *p, struct rec r, uint64_t number)
{
	struct rec_field at = rec_field(r, at_column);
	int sign = sign_of(r, number);

	if (sign == 0)
		return;
	if (rec_key_has_null(r, keys, nkeys))
		msg_die(EX_DATAERR, "%s: record %" PRIu64 ": null in a key", in.name, number);
	if (sign > 0 && *at.p == VAL_NULL)
		msg_die(EX_DATAERR, "%s: record %" PRIu64 ": %s: null: when does the row begin to hold?", in.name,
		    number, sequence);
	if (sign < 0 && deleted_at == NULL)
		msg_die(EX_USAGE, "%s: record %" PRIu64 ": a deletion: --deleted-at says when", in.name, number);
	start_piece(p, r, keys);
	buf_addc(&p->data, sign < 0 ? '-' : '+');
	join_fields(&p->data, r, tracked, ntracked);
	sort_piece(events, p, sign < 0 ? (struct rec_field){ deleted_field.p, deleted_field.len } : at);
	nevents++;
}

/* Sorts the new rows. */
static void
read_events(void)
{
	struct piece p = { 0 };
	struct msg err = { 0 };
	struct rec_batch b;

	while (xrec_next(&in, &b))
		for (size_t i = 0; i < b.n; i++)
			add_event(&p, rec_at(&b, i), b.first + i);
	if (spill_sorter_end(events, &err) < 0)
		msg_exit(&err);
	buf_free(&p.key);
	buf_free(&p.data);
}

/* Sorts the versions that are known; what is known no longer does not matter. */
static void
read_known(void)
{
	size_t columns[REC_MAX_COLUMNS], first = nkeys + ntracked;
	struct piece p = { 0 };
	struct msg err = { 0 };
	struct rec_batch b;

	for (size_t i = 0; i < first; i++)
		columns[i] = i;
	while (onto_path != NULL && xrec_next(&onto, &b))
		for (size_t i = 0; i < b.n; i++) {
			struct rec r = rec_at(&b, i);

			if (!rec_is_null(r, first + RUN_TO))
				continue;
			start_piece(&p, r, columns);
			join_fields(&p.data, r, (size_t[]){ first + TO, first + RUN_FROM }, 2);
			for (size_t k = nkeys; k < first; k++) {
				buf_addc(&p.data, '\t');
				buf_add(&p.data, rec_field(r, k).p, rec_field(r, k).n);
			}
			sort_piece(known, &p, rec_field(r, first + FROM));
		}
	if (spill_sorter_end(known, &err) < 0)
		msg_exit(&err);
	buf_free(&p.key);
	buf_free(&p.data);
}

/* ---- a key at a time ---- */

struct cursor {			/* the next item of a sorter, in its parts */
	struct spill_sorter *from;
	bool at_end;
	struct rec_field key, at, rest;
};

static void
advance(struct cursor *c)
{
	struct spill_item item;
	struct msg err = { 0 };
	uint32_t nkey;
	int got = spill_sorter_next(c->from, &item, &err);

	if (got < 0)
		msg_exit(&err);
	c->at_end = got == 0;
	if (c->at_end)
		return;
	memcpy(&nkey, item.data, sizeof(nkey));
	c->key = (struct rec_field){ item.key, nkey };
	c->at = (struct rec_field){ item.key + nkey + 1, item.nkey - nkey - 1 };
	c->rest = (struct rec_field){ item.data + sizeof(nkey), item.n - sizeof(nkey) };
}

static int
compare_keys(struct rec_field a, struct rec_field b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

/* Takes the field at the start of what is left, and the TAB after it. */
static struct rec_field
take(struct rec_field *rest)
{
	const uint8_t *tab = memchr(rest->p, '\t', rest->n);
	size_t n = tab != NULL ? (size_t)(tab - rest->p) : rest->n;
	struct rec_field f = { rest->p, n };

	n += tab != NULL;
	*rest = (struct rec_field){ rest->p + n, rest->n - n };
	return f;
}

static void
load_version(const struct cursor *c)
{
	struct rec_field rest = c->rest, to = take(&rest), by = take(&rest);

	if (*to.p == VAL_NULL)
		to.n = 0;
	history_add_known(&versions, c->at, to, rest, by);
}

static uint8_t *
put(uint8_t *p, struct rec_field f)
{
	if (f.n > 0)
		memcpy(p, f.p, f.n);
	return p + f.n;
}

static uint8_t *
put_or_null(uint8_t *p, struct rec_field f)
{
	return put(p, f.n > 0 ? f : (struct rec_field){ (const uint8_t[]){ VAL_NULL }, 1 });
}

static void
put_version(struct rec_field key, const struct history_version *v)
{
	struct rec_field now = { run_field.p, run_field.len }, none = { NULL, 0 };
	uint8_t *p = xrec_begin(&out, key.n + v->row.n + v->from.n + v->to.n + v->run.n + now.n + 16);

	p = put(p, key);
	*p++ = '\t';
	if (ntracked > 0) {
		p = put(p, v->row);
		*p++ = '\t';
	}
	p = put(p, v->from);
	*p++ = '\t';
	p = put_or_null(p, v->to);
	*p++ = '\t';
	p += val_put_bool(p, !v->known && v->to.n == 0);
	*p++ = '\t';
	p = put(p, v->known ? v->run : now);
	*p++ = '\t';
	rec_end(&out, put_or_null(p, v->known ? now : none));
}

/* Was a version of this run, which begins there too, made again? Then it takes the place of the other. */
static bool
is_made_again(const struct history_version *v)
{
	for (size_t i = 0; i < versions.n; i++) {
		const struct history_version *one = &versions.list[i];

		if (!one->known && v->run.n == run_field.len && memcmp(v->run.p, run_field.p, v->run.n) == 0 &&
		    compare_keys(v->from, one->from) == 0)
			return true;
	}
	return false;
}

/* Writes what has changed: the versions no longer known, then the new ones. */
static void
put_changed(struct rec_field key)
{
	history_settle(&versions);
	for (size_t i = 0; i < versions.n; i++)
		if (versions.list[i].known && versions.list[i].dropped && !is_made_again(&versions.list[i])) {
			put_version(key, &versions.list[i]);
			nended++;
		}
	for (size_t i = 0; i < versions.n; i++)
		if (!versions.list[i].known) {
			put_version(key, &versions.list[i]);
			nopened++;
		}
}

/* Applies the events of a key to its versions. */
static void
work_out(struct cursor *event, struct cursor *have, struct buf *key)
{
	struct rec_field now;

	key->len = 0;
	buf_add(key, event->key.p, event->key.n);
	now = (struct rec_field){ key->p, key->len };
	history_clear(&versions);
	while (!have->at_end && compare_keys(have->key, now) < 0)
		advance(have);
	for (; !have->at_end && compare_keys(have->key, now) == 0; advance(have))
		load_version(have);
	for (; !event->at_end && compare_keys(event->key, now) == 0; advance(event)) {
		if (*event->rest.p == '-')
			history_delete(&versions, event->at);
		else
			history_put(&versions, event->at, (struct rec_field){ event->rest.p + 1, event->rest.n - 1 });
	}
	put_changed(now);
}

static void
work_out_all(void)
{
	struct cursor event = { .from = events }, have = { .from = known };
	struct buf key = { 0 };

	advance(&event);
	advance(&have);
	while (!event.at_end)
		work_out(&event, &have, &key);
	while (!have.at_end)
		advance(&have);
	buf_free(&key);
}

int
main(int argc, char *argv[])
{
	int operand = cli_start(&program, argc, argv);

	if (argc - operand > 1)
		cli_usage("expected at most one FILE");
	if (sequence == NULL)
		cli_usage("--sequence is required");
	if (run == NULL || *run == '\0')
		cli_usage("--run is required");
	open_streams(argv[operand]);
	cli_create(&out, &result);
	events = spill_sorter_new(cli.memory / 2);
	known = spill_sorter_new(cli.memory / 2);
	read_known();
	read_events();
	work_out_all();
	xrec_finish(&out);
	if (cli.verbose)
		msg_warn("%s: %" PRIu64 " rows and deletions, %" PRIu64 " versions opened, %" PRIu64 " ended", in.name,
		    nevents, nopened, nended);
	if (onto_path != NULL)
		rec_close(&onto);
	rec_close(&in);
	spill_sorter_free(events);
	spill_sorter_free(known);
	history_free(&versions);
	rec_header_free(&result);
	buf_free(&run_field);
	buf_free(&deleted_field);
	return EX_OK;
}
