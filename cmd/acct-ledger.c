/* acct-ledger compares the files of a back end with the ledger of a lake, and takes over what is new. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "cli/cli.h"
#include "ledger/ledger.h"
#include "store/store.h"

static const char *take_folder, *entries_path, *pieces_path, *deliveries_path, *bronze_address, *run = "";
static bool ledger_only;
static struct store *bronze;		/* NULL without --bronze */
static char *optional;
static struct ledger ledger = { .block = LEDGER_BLOCK };
static size_t known;			/* entries of the ledger as it was read */
static struct ledger_source *sources;
static size_t nsources;
static const char *backend;
static struct ledger_finds finds;
static unsigned waiting;
static struct buf lines;

static const struct cli_option options[] = {
	{ 'i', "input", "FILE", "the ledger so far, as acct-read gives it; without this it is empty", CLI_TEXT,
	    .to = &cli.input },
	{ 'o', "output", "FILE", "write an entry for each new delivery, for acct-write", CLI_TEXT,
	    .to = &entries_path },
	{ 0, "take", "FOLDER", "copy what is new to FOLDER/TABLE/, without what bronze has already", CLI_TEXT,
	    .to = &take_folder },
	{ 0, "pieces", "FILE", "list the pieces of each table's newest delivery: table, SHA-256, bytes, path", CLI_TEXT,
	    .to = &pieces_path },
	{ 0, "deliveries", "FILE", "list the number of each table's newest delivery: table, number", CLI_TEXT,
	    .to = &deliveries_path },
	{ 0, "ledger-only", NULL, "look into no BACKEND: with --pieces, list what the ledger has", CLI_FLAG,
	    .to = &ledger_only },
	{ 0, "bronze", "FOLDER", "with --take, copy pieces again that this folder lacks, of files that have them",
	    CLI_TEXT, .to = &bronze_address },
	{ 0, "optional", "TABLE,...", "tables that a day may lack", CLI_LIST, .to = &optional },
	{ 0, "run", "ID", "the run that takes the files over, for the entries", CLI_TEXT, .to = &run },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "[-v] [-i FILE] [-o FILE] [--take FOLDER] [--pieces FILE] [--run ID]\n"
	    "                   [--deliveries FILE] [--bronze FOLDER] [--optional TABLE,...] BACKEND TABLE=NAME ...",
	    "--ledger-only [-i FILE] --pieces FILE TABLE=NAME ...", NULL },
	.about = "Compares the files of a folder with the ledger of what was delivered, and prints a line for each:\n"
	    "new, grown, changed, late, seen, mended or waiting; table, day, bytes, SHA-256, name, what it follows.",
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_stream, NULL },
	.examples = (const char *const[]){ "acct-ledger backend accounts=accounts.csv loans=loans.csv",
	    "acct-read lake/bronze/_ledger | acct-ledger -i - -o new.acct --take pieces backend accounts=accounts.csv",
	    NULL },
};

/* ---- what is asked ---- */

static bool
is_optional(const char *table, char *const *words, size_t n)
{
	while (n-- > 0)
		if (strcmp(words[n], table) == 0)
			return true;
	return false;
}

static void
read_operands(char *words[], size_t n)
{
	char *names[REC_MAX_COLUMNS];
	size_t i, k, nnames = optional != NULL ? cli_list("--optional", optional, names, REC_MAX_COLUMNS) : 0;

	sources = xcalloc(n + 1, sizeof(*sources));
	for (i = 0; i < n; i++) {
		sources[i].file = cli_pair("TABLE=NAME", words[i], "TABLE=NAME");
		sources[i].table = words[i];
		sources[i].optional = is_optional(words[i], names, nnames);
		if (*sources[i].file == '\0' || strchr(sources[i].file, '/') != NULL || strchr(words[i], '/') != NULL)
			cli_usage("TABLE=NAME: must be a table and the name of a file: %s", msg_quotes(words[i]));
		for (k = 0; k < i; k++)
			if (strcmp(sources[k].table, words[i]) == 0)
				cli_usage("table %s named twice", msg_quotes(words[i]));
	}
	nsources = n;
}

static void
read_ledger(void)
{
	struct msg err = { 0 };
	struct rec_reader in;

	if (cli.input == NULL)
		return;
	cli_open(&in, cli.input, 0);
	if (ledger_read(&ledger, &in, &err) < 0)
		msg_exit(&err);
	rec_close(&in);
	known = ledger.n;
}

/* ---- the lines ---- */

static const char *
day_text(bool dated, int32_t day, char out[NUM_TEXT])
{
	if (dated)
		num_put_date(out, day);
	else
		strcpy(out, "-");
	return out;
}

/* A line: state, table, day, bytes, SHA-256, name, and the number of the delivery that it follows. */
static void
say(const char *state, const struct ledger_found *f, const struct ledger_entry *e, int64_t after)
{
	char day[NUM_TEXT];

	buf_addf(&lines, "%s\t%s\t%s\t%" PRId64 "\t%s\t%s\t", state, sources[f->source].table,
	    day_text(f->dated, f->day, day), f->bytes, e != NULL ? e->sha256 : "-", f->name);
	if (after > 0)
		buf_addf(&lines, "%" PRId64 "\n", after);
	else
		buf_adds(&lines, "-\n");
}

/* ---- a file ---- */

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* What a delivery is to those before it. */
static const char *
state_of(const struct ledger_entry *e, const struct ledger_entry *newest)
{
	if (newest == NULL)
		return "new";
	if (ledger_newest(&ledger, e->table)->number != e->number)
		return "late";
	return e->base != 0 && e->base == newest->number ? "grown" : "changed";
}

static void
take(const struct ledger_found *f, struct ledger_file *file, const struct ledger_entry *base)
{
	const char *table = sources[f->source].table;
	const struct ledger_entry *newest = ledger_newest(&ledger, table);
	int64_t replaces = newest != NULL ? newest->number : 0;
	struct ledger_entry e = { .table = ledger_text(&ledger, table), .name = ledger_text(&ledger, f->name),
		.dated = f->dated, .day = f->day, .arrived = now(), .run = run, .replaces = replaces }, *added;
	struct msg err = { 0 };
	const char *state;

	if (ledger_take(&ledger, file, base, take_folder, &e, &err) < 0)
		msg_exit(&err);
	added = ledger_add(&ledger, &e);
	state = state_of(added, ledger_entry(&ledger, replaces));
	say(state, f, added, added->base != 0 ? added->base : replaces);
}

/* Takes a file over that is an older delivery again, of which bronze has all. */
static void
take_again(const struct ledger_found *f, const struct ledger_entry *old)
{
	int64_t replaces = ledger_newest(&ledger, old->table)->number;
	struct ledger_entry e = *old, *added;

	e.name = ledger_text(&ledger, f->name);
	e.dated = f->dated;
	e.day = f->day;
	e.arrived = now();
	e.run = run;
	e.replaces = replaces;
	added = ledger_add(&ledger, &e);
	say(state_of(added, ledger_entry(&ledger, replaces)), f, added, replaces);
}

/* Does bronze lack a piece, or has one of another length? */
static bool
is_lost(const struct ledger_entry *e)
{
	struct store_in in = { 0 };
	struct msg err = { 0 };
	bool is = store_in_open(bronze, e->piece, &in, &err) < 0;

	if (is && err.status != EX_NOINPUT)
		msg_exit(&err);
	is = is || in.size != (uint64_t)(e->bytes - e->offset);
	store_in_close(&in);
	return is;
}

/* Copies the lost pieces of a delivery out of a file that begins with it. Returns whether there were any. */
static bool
mend(struct ledger_file *file, const struct ledger_entry *e)
{
	struct msg err = { 0 };
	bool any = false;

	for (; e != NULL && bronze != NULL; e = ledger_entry(&ledger, e->base)) {
		if (!is_lost(e))
			continue;
		if (ledger_copy(file, e, take_folder, &err) < 0)
			msg_exit(&err);
		any = true;
	}
	return any;
}

/* A file that equals a delivery: an older one may have come back under the name of a newer one. */
static void
know(const struct ledger_found *f, struct ledger_file *file, const struct ledger_entry *e)
{
	const struct ledger_entry *named = ledger_newest_named(&ledger, e->table, f->name);
	struct msg err = { 0 };
	bool mended = mend(file, e);

	if (ledger_file_same(file, &err) < 0)
		msg_exit(&err);
	if (named != NULL && strcmp(named->sha256, e->sha256) != 0)
		take_again(f, e);
	else
		say(mended ? "mended" : "seen", f, e, e->number);
}

static void
examine(const struct ledger_found *f)
{
	char *path = xasprintf("%s/%s", backend, f->name);
	const struct ledger_entry *base;
	struct ledger_file file;
	struct msg err = { 0 };

	if (strpbrk(f->name, "\t\n") != NULL)
		msg_die(EX_DATAERR, "%s: unsupported name: %s", backend, msg_quotes(f->name));
	if (ledger_file_open(&file, path, &err) < 0 ||
	    ledger_match(&ledger, sources[f->source].table, &file, &base, &err) < 0)
		msg_exit(&err);
	if (base == NULL || base->bytes < file.bytes) {
		(void)mend(&file, base);
		take(f, &file, base);
	} else {
		know(f, &file, base);
	}
	ledger_file_close(&file);
	free(path);
}

/* ---- sets of files ---- */

/* Says what a day waits for: a table that it lacks, or a file that is empty. Returns whether it does. */
static bool
waits(const struct ledger_found *set, size_t n)
{
	char day[NUM_TEXT];
	bool any = false;
	size_t s, i;

	for (s = 0; s < nsources; s++) {
		for (i = 0; i < n && set[i].source != s; i++)
			;
		if (i < n ? set[i].bytes != 0 : sources[s].optional)
			continue;
		day_text(true, set->day, day);
		msg_warn("%s: %s waits for %s%s", backend, day, sources[s].table,
		    i < n ? ", whose file is empty" : "");
		any = true;
	}
	for (i = 0; i < n && any; i++)
		say("waiting", &set[i], NULL, 0);
	return any;
}

static _Noreturn void
lacks(const char *name)
{
	char *path = xasprintf("%s/%s", backend, name);
	bool there = !store_is_remote(path) && access(path, F_OK) == 0;

	msg_die(EX_NOINPUT, there ? "%s: not a file" : "%s: no such file", path);
}

/* The files without a day must all be there. */
static void
check_all(const struct ledger_found *set, size_t n)
{
	size_t s, i;

	for (s = 0; s < nsources; s++) {
		for (i = 0; i < n && set[i].source != s; i++)
			;
		if (i == n && !sources[s].optional)
			lacks(sources[s].file);
	}
}

static size_t
set_end(size_t i)
{
	size_t end = i;

	while (end < finds.n && finds.files[end].dated == finds.files[i].dated &&
	    finds.files[end].day == finds.files[i].day)
		end++;
	return end;
}

static void
examine_all(void)
{
	size_t i, end;

	if (finds.n == 0)
		check_all(NULL, 0);
	for (i = 0; i < finds.n; i = end) {
		end = set_end(i);
		if (!finds.files[i].dated)
			check_all(finds.files + i, end - i);
		else if (waits(finds.files + i, end - i)) {
			waiting++;
			continue;
		}
		for (; i < end; i++)
			examine(&finds.files[i]);
	}
}

/* ---- what comes of it ---- */

static void
write_entries(void)
{
	struct rec_header h;
	struct rec_writer out;
	size_t i;

	if (entries_path == NULL)
		return;
	ledger_header(&h);
	xrec_create(&out, entries_path, &h);
	for (i = known; i < ledger.n; i++)
		if (ledger_put(&out, &ledger.entries[i]) < 0)
			msg_exit(&out.err);
	xrec_finish(&out);
	rec_header_free(&h);
}

/* The pieces of a delivery, its bases' first. */
static void
list_pieces(struct buf *text, const struct ledger_entry *e)
{
	if (e->base != 0)
		list_pieces(text, ledger_entry(&ledger, e->base));
	buf_addf(text, "%s\t%s\t%" PRId64 "\t%s\n", e->table, e->piece_sha256, e->bytes - e->offset, e->piece);
}

static void
list_number(struct buf *text, const struct ledger_entry *e)
{
	buf_addf(text, "%s\t%" PRId64 "\n", e->table, e->number);
}

/* Writes what `list` says of each table's newest delivery. */
static void
write_newest(const char *path, void (*list)(struct buf *text, const struct ledger_entry *e))
{
	const struct ledger_entry *e;
	struct buf text = { 0 };
	struct msg err = { 0 };
	struct io_out o;
	size_t s;

	if (path == NULL)
		return;
	for (s = 0; s < nsources; s++)
		if ((e = ledger_newest(&ledger, sources[s].table)) != NULL)
			list(&text, e);
	if (io_create(&o, path, &err) < 0 ||
	    io_write(o.fd, text.p, text.len, io_out_name(path), &err) < 0 || io_commit(&o, &err) < 0)
		msg_exit(&err);
	buf_free(&text);
}

int
main(int argc, char *argv[])
{
	int operand = cli_start(&program, argc, argv);
	struct msg err = { 0 };

	if (bronze_address != NULL && take_folder == NULL)
		cli_usage("--bronze needs --take");
	if (argc - operand < 2 - (int)ledger_only)
		cli_usage(ledger_only ? "expected TABLE=NAME" : "expected BACKEND and TABLE=NAME");
	backend = ledger_only ? "" : argv[operand++];
	read_operands(argv + operand, (size_t)(argc - operand));
	read_ledger();
	if (bronze_address != NULL && store_open(&bronze, bronze_address, &err) < 0)
		msg_exit(&err);
	if (!ledger_only && ledger_find(backend, sources, nsources, &finds, &err) < 0)
		msg_exit(&err);
	if (!ledger_only)
		examine_all();
	write_entries();
	write_newest(pieces_path, list_pieces);
	write_newest(deliveries_path, list_number);
	if (io_write(STDOUT_FILENO, lines.p, lines.len, io_out_name(NULL), &err) < 0)
		msg_exit(&err);
	if (cli.verbose)
		msg_warn("%s: %zu new deliveries, %u days waiting", backend, ledger.n - known, waiting);
	known = waiting > 0 && ledger.n == known;
	ledger_finds_free(&finds);
	ledger_free(&ledger);
	free(sources);
	buf_free(&lines);
	store_close(bronze);
	return known ? EX_TEMPFAIL : EX_OK;
}
