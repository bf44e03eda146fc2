/* acct-blob moves objects between files, standard streams and stores: folders of this system or Azure Blob Storage. */
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "store/store.h"

enum { PIECE = 1024 * 1024, MAX_PATTERNS = 64 };

static bool recursive, if_absent, is_long;
static char *patterns[MAX_PATTERNS];
static size_t npatterns;

static void
add_pattern(const char *option, char *arg)
{
	if (npatterns == MAX_PATTERNS)
		cli_usage("%s: at most %d patterns", option, MAX_PATTERNS);
	patterns[npatterns++] = arg;
}

static const struct cli_option options[] = {
	{ 0, "recursive", NULL, "ls, rm, cp: all objects below the address", CLI_FLAG, .to = &recursive },
	{ 0, "include", "PATTERN", "with --recursive: only objects whose last name matches, such as '*.csv';\n"
	    "given more than once, one of them", CLI_CALL, .call = add_pattern },
	{ 0, "if-absent", NULL, "put, cp: only if the name is free; status 1 if it is taken", CLI_FLAG,
	    .to = &if_absent },
	{ 'l', "long", NULL, "ls: with bytes and time", CLI_FLAG, .to = &is_long },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "get ADDRESS [FILE]", "put [--if-absent] [FILE] ADDRESS",
	    "ls [-l] [--recursive [--include PATTERN]] ADDRESS", "rm [--recursive [--include PATTERN]] ADDRESS",
	    "cp [--if-absent] [--recursive [--include PATTERN]] FROM TO", NULL },
	.about = "Reads, writes, lists, removes and copies objects. An ADDRESS is a path or\n"
	    "az://ACCOUNT/CONTAINER/NAME; FILE is by default standard input or output.",
	.options = options,
	.examples = (const char *const[]){ "acct-blob put accounts.csv az://bank/bronze/accounts.csv",
	    "acct-blob get az://bank/bronze/accounts.csv | acct-ingest -t accounts",
	    "acct-blob ls --recursive --include '*.parquet' az://bank/lake/gold", NULL },
};

/* ---- places ---- */

struct place {			/* an object, or the root of all below an address */
	struct store *store;
	const char *name;	/* "" for the root */
};

static void
open_object(struct place *p, const char *address)
{
	struct msg err = { 0 };

	if (store_open_folder_of(&p->store, address, &p->name, &err) < 0)
		msg_exit(&err);
	if (*p->name == '\0')
		msg_die(EX_USAGE, "%s: expected the name of an object", address);
}

static void
open_root(struct place *p, const char *address)
{
	struct msg err = { 0 };

	p->name = "";
	if (store_open(&p->store, address, &err) < 0)
		msg_exit(&err);
}

static bool
is_included(const char *name)
{
	const char *slash = strrchr(name, '/'), *last = slash != NULL ? slash + 1 : name;
	size_t i;

	for (i = 0; i < npatterns && fnmatch(patterns[i], last, 0) != 0; i++)
		;
	return npatterns == 0 || i < npatterns;
}

static bool
skip_none(const char *folder, void *arg)
{
	(void)folder, (void)arg;
	return false;
}

/* Lists all objects below the root that are included. */
static void
walk(struct place *p, const char *address, struct store_list *list)
{
	struct msg err = { 0 };
	size_t links, i, n = 0;

	open_root(p, address);
	if (store_walk_own(p->store, skip_none, NULL, list, &links, &err) < 0)
		msg_exit(&err);
	if (links > 0)
		msg_warn("%s: %zu links left out", address, links);
	for (i = 0; i < list->n; i++)
		if (is_included(list->entries[i].name))
			list->entries[n++] = list->entries[i];
		else
			free(list->entries[i].name);
	list->n = n;
}

/* ---- copying ---- */

struct blob_source {			/* a descriptor or an object */
	int fd;
	const char *name;
	struct store_in in;
	uint64_t at;
};

static size_t
read_piece(struct blob_source *s, uint8_t *p)
{
	struct msg err = { 0 };
	int64_t n;

	if (s->in.object == NULL) {
		n = io_read(s->fd, p, PIECE, io_in_name(s->name), &err);
	} else {
		n = (int64_t)(s->in.size - s->at < PIECE ? s->in.size - s->at : PIECE);
		if (n > 0 && store_in_read(&s->in, s->at, p, (size_t)n, &err) < 0)
			n = -1;
	}
	if (n < 0)
		msg_exit(&err);
	s->at += (uint64_t)n;
	progress_add((uint64_t)n, 0);
	progress_poll();
	return (size_t)n;
}

/* Copies a source to an object. Returns false if the name was to be free and is not. */
static bool
copy_to(struct blob_source *from, struct place *to)
{
	struct store_out out;
	struct msg err = { 0 };
	uint8_t *piece = xmalloc(PIECE);
	size_t n;
	int done;

	if (store_out_open(to->store, to->name, &out, &err) < 0)
		msg_exit(&err);
	while ((n = read_piece(from, piece)) > 0)
		if (store_out_write(&out, piece, n, &err) < 0)
			msg_exit(&err);
	free(piece);
	done = if_absent ? store_out_commit_new(&out, &err) : store_out_commit(&out, &err) < 0 ? -1 : 1;
	if (done < 0)
		msg_exit(&err);
	if (done == 0)
		msg_warn("%s/%s: exists already", store_address(to->store), to->name);
	return done > 0;
}

static void
open_source(struct blob_source *s, struct place *p)
{
	struct msg err = { 0 };

	*s = (struct blob_source){ .fd = -1 };
	if (store_in_open(p->store, p->name, &s->in, &err) < 0)
		msg_exit(&err);
}

static void
get(const char *address, const char *path)
{
	struct place from;
	struct blob_source s;
	struct io_out out;
	struct msg err = { 0 };
	uint8_t *piece = xmalloc(PIECE);
	size_t n;

	open_object(&from, address);
	open_source(&s, &from);
	if (io_create(&out, path, &err) < 0)
		msg_exit(&err);
	while ((n = read_piece(&s, piece)) > 0)
		if (io_write(out.fd, piece, n, io_out_name(path), &err) < 0)
			msg_exit(&err);
	if (io_commit(&out, &err) < 0)
		msg_exit(&err);
	free(piece);
	store_in_close(&s.in);
	store_close(from.store);
}

static bool
put(const char *path, const char *address)
{
	struct blob_source s = { .name = path };
	struct place to;
	struct msg err = { 0 };
	bool done;

	if ((s.fd = io_open(path, &err)) < 0)
		msg_exit(&err);
	open_object(&to, address);
	done = copy_to(&s, &to);
	if (s.fd != STDIN_FILENO)
		close(s.fd);
	store_close(to.store);
	return done;
}

static bool
copy_one(struct place *from, struct place *to)
{
	struct blob_source s;
	bool done;

	open_source(&s, from);
	done = copy_to(&s, to);
	store_in_close(&s.in);
	return done;
}

static bool
copy(const char *from_address, const char *to_address)
{
	struct place from, to;
	bool done;

	open_object(&from, from_address);
	open_object(&to, to_address);
	done = copy_one(&from, &to);
	store_close(from.store);
	store_close(to.store);
	return done;
}

static bool
copy_below(const char *from_address, const char *to_address)
{
	struct place from, to;
	struct store_list list;
	bool all = true;
	size_t i;

	walk(&from, from_address, &list);
	open_root(&to, to_address);
	if (list.n == 0)
		msg_die(EX_NOINPUT, "%s: no objects", from_address);
	for (i = 0; i < list.n; i++) {
		from.name = to.name = list.entries[i].name;
		all = copy_one(&from, &to) && all;
	}
	if (cli.verbose)
		msg_warn("%s: %zu objects copied", to_address, list.n);
	store_list_free(&list);
	store_close(from.store);
	store_close(to.store);
	return all;
}

/* ---- listing and removing ---- */

static void
print(struct buf *out, const struct store_entry *e, const char *after)
{
	char time[NUM_TEXT];

	if (is_long && *after == '\0') {
		(void)num_put_timestamp(time, e->mtime * 1000);
		buf_addf(out, "%12" PRIu64 "  %-24s  ", e->size, time);
	} else if (is_long) {
		buf_addf(out, "%12s  %-24s  ", "-", "-");
	}
	buf_addf(out, "%s%s\n", e->name, after);
}

static void
print_folder(const char *address, struct buf *out)
{
	struct place p;
	struct store_list folders, objects;
	struct msg err = { 0 };
	enum store_kind kind;
	size_t i;
	int there;

	open_root(&p, address);
	if ((there = store_stat(p.store, "", &kind, &err)) < 0 || store_list_folders(p.store, "", &folders, &err) < 0 ||
	    store_list(p.store, "", &objects, &err) < 0)
		msg_exit(&err);
	if (there == 0)
		msg_die(EX_NOINPUT, "%s: no such folder", address);
	for (i = 0; i < folders.n; i++)
		print(out, &folders.entries[i], "/");
	for (i = 0; i < objects.n; i++)
		print(out, &objects.entries[i], "");
	store_list_free(&folders);
	store_list_free(&objects);
	store_close(p.store);
}

static void
list(const char *address)
{
	struct place p;
	struct store_list all;
	struct buf out = { 0 };
	struct msg err = { 0 };
	size_t i;

	if (recursive) {
		walk(&p, address, &all);
		for (i = 0; i < all.n; i++)
			print(&out, &all.entries[i], "");
		store_list_free(&all);
		store_close(p.store);
	} else {
		print_folder(address, &out);
	}
	if (out.len > 0 && io_write(STDOUT_FILENO, out.p, out.len, "<stdout>", &err) < 0)
		msg_exit(&err);
	buf_free(&out);
}

static void
remove_below(const char *address)
{
	struct place p;
	struct store_list all;
	struct msg err = { 0 };
	size_t i, n = 0;
	int got;

	walk(&p, address, &all);
	for (i = all.n; i-- > 0; n += got > 0)		/* what a directory has before the directory's mark */
		if ((got = store_delete(p.store, all.entries[i].name, &err)) < 0)
			msg_exit(&err);
	if (cli.verbose)
		msg_warn("%s: %zu objects removed", address, n);
	store_list_free(&all);
	store_close(p.store);
}

static void
remove_one(const char *address)
{
	struct place p;
	struct msg err = { 0 };
	int got;

	open_object(&p, address);
	if ((got = store_delete(p.store, p.name, &err)) < 0)
		msg_exit(&err);
	if (got == 0)
		msg_die(EX_NOINPUT, "%s: no such object", address);
	store_close(p.store);
}

/* ---- the command line ---- */

static void
check_options(const char *verb)
{
	bool lists = strcmp(verb, "ls") == 0, copies = strcmp(verb, "cp") == 0, removes = strcmp(verb, "rm") == 0;

	if (recursive && !lists && !copies && !removes)
		cli_usage("%s: --recursive goes with ls, rm and cp", verb);
	if (npatterns > 0 && !recursive)
		cli_usage("--include needs --recursive");
	if (if_absent && !copies && strcmp(verb, "put") != 0)
		cli_usage("%s: --if-absent goes with put and cp", verb);
	if (is_long && !lists)
		cli_usage("%s: --long goes with ls", verb);
}

static void
expect(const char *verb, int n, int least, int most)
{
	if (n < least || n > most)
		cli_usage("%s: expected %d%s operand%s, not %d", verb, least, least < most ? " or 2" : "",
		    most > 1 ? "s" : "", n);
}

int
main(int argc, char *argv[])
{
	int first = cli_start(&program, argc, argv), n = argc - first - 1;
	char **operands = argv + first + 1;
	const char *verb = n >= 0 ? argv[first] : NULL;
	bool done = true;

	if (verb == NULL)
		cli_usage("expected one of get, put, ls, rm, cp");
	check_options(verb);
	if (strcmp(verb, "get") == 0) {
		expect(verb, n, 1, 2);
		get(operands[0], n > 1 ? operands[1] : NULL);
	} else if (strcmp(verb, "put") == 0) {
		expect(verb, n, 1, 2);
		done = put(n > 1 ? operands[0] : NULL, operands[n - 1]);
	} else if (strcmp(verb, "ls") == 0) {
		expect(verb, n, 1, 1);
		list(operands[0]);
	} else if (strcmp(verb, "rm") == 0) {
		expect(verb, n, 1, 1);
		recursive ? remove_below(operands[0]) : remove_one(operands[0]);
	} else if (strcmp(verb, "cp") == 0) {
		expect(verb, n, 2, 2);
		done = recursive ? copy_below(operands[0], operands[1]) : copy(operands[0], operands[1]);
	} else {
		cli_usage("expected one of get, put, ls, rm, cp, not %s", msg_quotes(verb));
	}
	progress_end();
	return done ? EX_OK : EX_NO;
}
