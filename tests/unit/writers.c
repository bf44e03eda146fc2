/*
 * Three writers of one table, in every order in which their requests can reach a store that may lose replies, delay
 * requests and carry them out twice.
 *
 * The double is the store in memory, with a scheduler between it and the writers: each writer is a coroutine that stops
 * before it lists the log and before it puts a version. The scheduler's choices form a tree that is walked completely:
 * who goes next, and for a put, what becomes of it (enum fate). A delayed request is carried out at any later time.
 * States that were reached before, the same log, replies and delayed requests, are not entered again. The depth: three
 * writers that try again once after a failure, one put of the run with another fate than DONE; three that try once,
 * with two such puts; two that try again once, with three. ACCT_FAULTS=N is the depth for all of them, and they try
 * again once.
 *
 * After each run the log is compared with a model that has seen only the requests, in the order they were carried out:
 * what a writer reported is true, versions have no gap, no work is lost or in two versions, no file is removed twice,
 * and nobody committed on rows that it had not seen.
 */
#include <string.h>
#include <ucontext.h>

#include "base/hash.h"
#include "delta/delta.h"
#include "store/ops.h"
#include "unit.h"

enum { WRITERS = 3, ATTEMPTS = 2, FAULTS = 8, VERSIONS = 16, CHOICES = 96, STACK = 1 << 18 };

enum fate {
	DONE,
	TWICE,			/* carried out twice; the second reply arrives */
	LOST,			/* carried out; no reply */
	DROPPED,		/* not carried out; no reply */
	LATE,			/* no reply; carried out later */
	REFUSED,		/* not carried out, and the reply says so */
	UNSAFE,			/* carried out; the reply says that it may not survive a crash */
	FATES
};

/* What a writer does: adds rows; replaces all; replaces those of "a"; moves "a"; adds rows once for an application. */
enum work { APPEND, OVERWRITE, MERGE, MOVE, ONCE };

static const struct scenario {
	const char *what;
	unsigned faults, attempts;
	size_t n;
	enum work work[WRITERS];
} scenarios[] = {
	{ "three appends", 1, 2, 3, { APPEND, APPEND, APPEND } },
	{ "append, overwrite, merge", 1, 2, 3, { APPEND, OVERWRITE, MERGE } },
	{ "overwrite, move, append", 1, 2, 3, { OVERWRITE, MOVE, APPEND } },
	{ "the same work twice, and a merge", 1, 2, 3, { ONCE, ONCE, MERGE } },
	{ "append, merge, move", 2, 1, 3, { APPEND, MERGE, MOVE } },
	{ "append, overwrite", 3, 2, 2, { APPEND, OVERWRITE } },
	{ "the same work twice", 3, 2, 2, { ONCE, ONCE } },
};

enum outcome { COMMITTED, FAILED, UNDECIDED, NOTHING };

struct report {
	enum outcome outcome;
	int64_t base, version;
};

static struct writer {
	enum work work;
	ucontext_t context;
	struct store *store;
	unsigned attempts;
	struct report reports[ATTEMPTS];
	bool ended, at_put;
	int64_t asked;			/* the version it is about to put */
	enum fate fate;
	struct buf seen;		/* every reply it got, which decides what it does next */
} writers[WRITERS];

static const struct scenario *scene;
static unsigned most_faults, most_attempts;
static struct writer *running;
static ucontext_t scheduler;
static char stacks[WRITERS][STACK];

/* The model: who wrote each version, with which attempt. */
static struct entry {
	const struct writer *by;
	unsigned attempt;
} model[VERSIONS];
static int64_t newest;			/* version 0 is the table */

static struct late {
	struct entry entry;
	int64_t version;
	char *path;
	struct buf text;
} late[FAULTS];
static size_t nlate;
static unsigned faults;

/* ---- the double ---- */

static void
stop(void)
{
	CHECK(swapcontext(&running->context, &scheduler) == 0, "swapcontext");
}

/* Carries out a put in the model. Returns 1, or 0 if the version is taken. */
static int
model_put(struct entry entry, int64_t version)
{
	CHECK(version >= 1 && version <= newest + 1 && version < VERSIONS, "version %" PRId64 " after %" PRId64,
	    version, newest);
	if (version <= newest)
		return 0;
	model[++newest] = entry;
	return 1;
}

/* Carries out a put in both; the store must do as the model. */
static int
carry_out(struct store *s, const char *path, const struct buf *text, struct entry entry, int64_t version)
{
	struct store_out out = { .store = s, .path = (char *)path };
	struct msg err = { 0 };
	int got;

	CHECK(store_mem.out_open(s, path, &out, &err) == 0 && store_mem.out_write(&out, text->p, text->len, &err) == 0,
	    "%s", err.text);
	got = store_mem.out_commit(&out, STORE_NEW, &err);
	store_mem.out_close(&out);
	CHECK(got == model_put(entry, version), "version %" PRId64 ": %d", version, got);
	return got;
}

static int64_t
version_in(const char *path)
{
	const char *last = strrchr(path, '/') + 1;

	return strspn(last, "0123456789") == 20 && strcmp(last + 20, ".json") == 0 ? strtoll(last, NULL, 10) : -1;
}

static int
no_reply(struct msg *err)
{
	(void)msg_set(err, EX_IOERR, "no reply");
	return STORE_UNDECIDED;
}

/* Meets its fate: returns the reply. */
static int
put(struct writer *w, struct store_out *out, struct msg *err)
{
	const struct buf *text = out->object;
	struct entry entry = { w, w->attempts };

	switch (w->fate) {
	case DONE:
		return carry_out(w->store, out->path, text, entry, w->asked);
	case TWICE:
		(void)carry_out(w->store, out->path, text, entry, w->asked);
		return carry_out(w->store, out->path, text, entry, w->asked);
	case LOST:
		(void)carry_out(w->store, out->path, text, entry, w->asked);
		return no_reply(err);
	case LATE:
		late[nlate] = (struct late){ entry, w->asked, xstrdup(out->path), { 0 } };
		buf_add(&late[nlate++].text, text->p, text->len);
		return no_reply(err);
	case UNSAFE:
		if (carry_out(w->store, out->path, text, entry, w->asked) == 0)
			return 0;
		return msg_set(err, EX_IOERR, "not synced");
	case REFUSED:
		return msg_set(err, EX_CANTCREAT, "refused");
	default:
		return no_reply(err);
	}
}

static int
double_commit(struct store_out *out, enum store_mode mode, struct msg *err)
{
	struct writer *w = running;
	int got;

	if ((w->asked = version_in(out->path)) < 0)
		return store_mem.out_commit(out, mode, err);
	CHECK(mode == STORE_NEW, "%s: replaced", out->path);
	w->at_put = true;
	stop();
	w->at_put = false;
	got = put(w, out, err);
	buf_addf(&w->seen, "%d", got);
	return got;
}

static int
double_list(struct store *s, const char *folder, bool own, struct store_lister *to, struct msg *err)
{
	stop();
	buf_addf(&running->seen, "l%" PRId64 " ", newest);
	return store_mem.list(s, folder, own, to, err);
}

/* ---- the writers ---- */

#define STATS "\"stats\":\"{\\\"numRecords\\\":1,\\\"minValues\\\":{\\\"x\\\":1},\\\"maxValues\\\":{\\\"x\\\":1}," \
	"\\\"nullCount\\\":{\\\"x\\\":0}}\""
#define ADD(path) "{\"add\":{\"path\":\"" path "\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1," \
	"\"dataChange\":true," STATS "}}\n"

static const char first_version[] = "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
	"{\"metaData\":{\"id\":\"i\",\"format\":{\"provider\":\"parquet\",\"options\":{}},\"schemaString\":"
	"\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"x\\\",\\\"type\\\":\\\"long\\\","
	"\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\",\"partitionColumns\":[],\"configuration\":{}}}\n"
	ADD("a") ADD("b");

/* Fills in the indexes of the files that a work removes; returns how many. */
static size_t
removes_of(const struct delta_snapshot *s, enum work work, size_t removes[])
{
	size_t n = 0, i;

	if (work == OVERWRITE)
		for (i = 0; i < s->nfiles; i++)
			removes[n++] = i;
	for (i = 0; i < s->nfiles && (work == MERGE || work == MOVE); i++)
		if (strcmp(s->files[i].name, "a") == 0)
			removes[n++] = i;
	return n;
}

static void
attempt(struct writer *w, struct delta_table *t, struct report *r)
{
	struct delta_bound range = { .column = 0, .no_null = true, .has_low = true, .has_high = true, .high.i = 5 };
	char name[32];
	struct delta_file add = { .uri = name, .name = name, .size = 1, .base_row_id = -1, .row_commit_version = -1,
	    .stats = "{\"numRecords\":1,\"minValues\":{\"x\":1},\"maxValues\":{\"x\":1},\"nullCount\":{\"x\":0}}" };
	size_t removes[VERSIONS + 2];
	struct delta_change c = { .operation = "TEST", .adds = &add, .nadds = 1, .removes = removes,
	    .scope = w->work == APPEND || w->work == ONCE ? DELTA_BLIND : w->work == MOVE ? DELTA_REARRANGE :
	    DELTA_READ_TABLE };
	struct delta_snapshot s;
	struct msg err = { 0 }, warn = { 0 };
	int got;

	snprintf(name, sizeof(name), "w%d-%u", (int)(w - writers), w->attempts);
	if (w->work == ONCE)
		c.app = (struct delta_app){ "app", 1, -1 };
	if (w->work == MERGE) {
		c.bounds = &range;
		c.nbounds = 1;
	}
	CHECK(delta_load(t, DELTA_NEWEST, &s, &err) == 0, "%s", err.text);
	c.nremoves = removes_of(&s, w->work, removes);
	r->base = s.version;
	got = delta_commit(t, &s, &c, &r->version, &warn, &err);
	r->outcome = got == 0 ? (r->version < 0 ? NOTHING : COMMITTED) : r->version < 0 ? FAILED : UNDECIDED;
	CHECK(got == 0 || err.status != 0, "a failure without a message");
	delta_snapshot_free(&s);
}

static void
writer_main(void)
{
	struct writer *w = running;
	struct delta_table t = { .store = w->store, .address = (char *)"mem://w", .root = (char *)"mem://w" };

	do {
		attempt(w, &t, &w->reports[w->attempts]);
	} while (++w->attempts < most_attempts && w->reports[w->attempts - 1].outcome == FAILED);
	w->ended = true;
	stop();
}

/* ---- the tree of choices ---- */

struct path {
	uint8_t choices[CHOICES], n;
};
static struct path *todo;
static size_t ntodo, todo_room;

enum { SEEN = 1 << 20 };
static uint64_t seen[SEEN];		/* hashes of states, open addressing */
static size_t nseen;

static unsigned long runs, outcomes[4];

static bool
is_new(const struct buf *state)
{
	uint64_t h = hash_bytes(state->p, state->len) | 1;
	size_t i = h % SEEN;

	for (; seen[i] != 0; i = (i + 1) % SEEN)
		if (seen[i] == h)
			return false;
	seen[i] = h;
	CHECK(++nseen < SEEN / 4 * 3, "too many states");
	return true;
}

/* Puts all that decides what can still happen. */
static void
put_state(struct buf *b)
{
	size_t i;

	b->len = 0;
	buf_addf(b, "%u;", faults);
	for (i = 0; i < scene->n; i++)
		buf_addf(b, "%d %s;", writers[i].at_put, buf_cstr(&writers[i].seen));
	for (i = 1; i <= (size_t)newest; i++)
		buf_addf(b, "%d/%u ", (int)(model[i].by - writers), model[i].attempt);
	for (i = 0; i < nlate; i++)
		buf_addf(b, ";%d/%u@%" PRId64, (int)(late[i].entry.by - writers), late[i].entry.attempt,
		    late[i].version);
}

static void
resume(struct writer *w)
{
	running = w;
	CHECK(swapcontext(&scheduler, &w->context) == 0, "swapcontext");
}

static void
deliver(size_t i)
{
	struct late *l = &late[i];

	(void)carry_out(l->entry.by->store, l->path, &l->text, l->entry, l->version);
	free(l->path);
	buf_free(&l->text);
	late[i] = late[--nlate];
}

/* Returns how many choices there are: each writer, with each fate of its put, then each delayed request. */
static unsigned
count_choices(void)
{
	unsigned n = (unsigned)nlate;
	size_t i;

	for (i = 0; i < scene->n; i++)
		if (!writers[i].ended)
			n += writers[i].at_put && faults < most_faults ? FATES : 1;
	return n;
}

static void
choose(unsigned choice)
{
	size_t i;

	for (i = 0; i < scene->n; i++) {
		unsigned n = writers[i].at_put && faults < most_faults ? FATES : 1;

		if (writers[i].ended)
			continue;
		if (choice < n) {
			writers[i].fate = (enum fate)choice;
			faults += choice != DONE;
			resume(&writers[i]);
			return;
		}
		choice -= n;
	}
	deliver(choice);
}

static void
remember(const struct path *path, unsigned n)
{
	unsigned i;

	CHECK(path->n < CHOICES, "a run of %d choices", path->n);
	for (i = 1; i < n; i++) {
		if (ntodo == todo_room) {
			todo_room = 2 * todo_room + 64;
			todo = xreallocarray(todo, todo_room, sizeof(*todo));
		}
		todo[ntodo] = *path;
		todo[ntodo].choices[todo[ntodo].n++] = (uint8_t)i;
		ntodo++;
	}
}

/* Follows a path, then the first choice each time, and remembers the others where the state is new. */
static void
walk(struct path path)
{
	static struct buf state;
	bool fresh = true;
	unsigned at, n;

	for (at = 0; (n = count_choices()) > 0; at++) {
		unsigned choice = at < path.n ? path.choices[at] : 0;

		if (at >= path.n) {
			put_state(&state);
			fresh = fresh && is_new(&state);
			if (fresh)
				remember(&path, n);
			CHECK(path.n < CHOICES, "a run of %d choices", path.n);
			path.choices[path.n++] = 0;
		}
		choose(choice);
	}
}

/* ---- what must hold after a run ---- */

static int64_t
find_in_model(const struct writer *w, unsigned attempt)
{
	int64_t v, found = -1;

	for (v = 1; v <= newest; v++)
		if (model[v].by == w && model[v].attempt == attempt) {
			CHECK(found < 0, "the same work in versions %" PRId64 " and %" PRId64, found, v);
			found = v;
		}
	return found;
}

/* Is there a version of work `work` after `base` and before `version`, by another writer? */
static bool
came_between(const struct writer *w, const struct report *r, int64_t version, bool (*is)(enum work))
{
	int64_t v;

	for (v = r->base + 1; v < version; v++)
		if (model[v].by != w && is(model[v].by->work))
			return true;
	return false;
}

static bool
changes_rows(enum work work)
{
	return work != MOVE;
}

static bool
touches_a(enum work work)
{
	return work == OVERWRITE || work == MERGE || work == MOVE;
}

/* Every report is true, and what is committed had seen what it depends on. */
static void
check_reports(const struct writer *w)
{
	unsigned i, present = 0;

	for (i = 0; i < w->attempts; i++) {
		const struct report *r = &w->reports[i];
		int64_t v = find_in_model(w, i);

		outcomes[r->outcome]++;
		present += v >= 0;
		CHECK(r->outcome != COMMITTED || v == r->version, "reported %" PRId64 ", is %" PRId64, r->version, v);
		CHECK(r->outcome != FAILED || v < 0, "reported as failed, is version %" PRId64, v);
		CHECK(r->outcome != UNDECIDED || v < 0 || v == r->version, "may be %" PRId64 ", is %" PRId64,
		    r->version, v);
		CHECK(r->outcome != NOTHING || (v < 0 && w->work == ONCE), "done without work");
		if (v < 0)
			continue;
		CHECK((w->work != OVERWRITE && w->work != MERGE) || !came_between(w, r, v, changes_rows),
		    "version %" PRId64 " had not seen all rows", v);
		CHECK(w->work != MOVE || !came_between(w, r, v, touches_a), "version %" PRId64 ": \"a\" was gone", v);
	}
	CHECK(present <= 1, "the work of a writer is in %u versions", present);
	CHECK(faults > 0 || w->work != APPEND || w->reports[0].outcome == COMMITTED, "an append did not succeed");
}

/* An application's work is there once, however many writers bring it, unless none of them knows of success. */
static void
check_once(void)
{
	unsigned present = 0, told = 0;
	size_t i;
	int64_t v;

	for (v = 1; v <= newest; v++)
		present += model[v].by->work == ONCE;
	for (i = 0; i < scene->n; i++)
		if (writers[i].work == ONCE)
			told += writers[i].reports[writers[i].attempts - 1].outcome == COMMITTED ||
			    writers[i].reports[writers[i].attempts - 1].outcome == NOTHING;
	CHECK(present <= 1, "the application's work is in %u versions", present);
	CHECK(told == 0 || present == 1, "the application's work is lost");
}

/* Replays the model: the files that are there, sorted by the version that added them. */
static void
put_files(struct buf *b)
{
	bool a = true, rest = true;	/* the files "a" and "b", and those before `from` */
	int64_t v, from = 1;

	for (v = 1; v <= newest; v++) {
		if (model[v].by->work == OVERWRITE) {
			a = rest = false;
			from = v;
		}
		if (model[v].by->work == MERGE || model[v].by->work == MOVE)
			a = false;
	}
	buf_addf(b, "%s%s", a ? "a " : "", rest ? "b " : "");
	for (v = from; v <= newest; v++)
		buf_addf(b, "w%d-%u ", (int)(model[v].by - writers), model[v].attempt);
}

static void
check_log(void)
{
	struct delta_table t;
	struct delta_snapshot s;
	struct buf want = { 0 }, got = { 0 };
	struct msg err = { 0 };
	size_t i;

	CHECK(delta_open(&t, "mem://w", &err) == 0 && delta_load(&t, DELTA_NEWEST, &s, &err) == 0, "%s", err.text);
	put_files(&want);
	for (i = 0; i < s.nfiles; i++)
		buf_addf(&got, "%s ", s.files[i].name);
	CHECK(s.version == newest, "version %" PRId64 ", not %" PRId64, s.version, newest);
	CHECK(strcmp(buf_cstr(&got), buf_cstr(&want)) == 0, "files are %s, not %s", (char *)got.p, (char *)want.p);
	delta_snapshot_free(&s);
	delta_close(&t);
	buf_free(&want);
	buf_free(&got);
}

/* ---- runs ---- */

static struct store_ops double_ops;

static void
empty(struct store *s)
{
	struct store_list list;
	struct msg err = { 0 };
	size_t i;

	CHECK(store_list(s, "_delta_log", &list, &err) == 0, "%s", err.text);
	for (i = 0; i < list.n; i++) {
		char *name = xasprintf("_delta_log/%s", list.entries[i].name);

		CHECK(store_delete(s, name, &err) == 1, "%s", err.text);
		free(name);
	}
	store_list_free(&list);
}

static void
begin(struct writer *w, enum work work)
{
	struct buf kept = w->seen;
	struct msg err = { 0 };

	kept.len = 0;
	*w = (struct writer){ .work = work, .seen = kept };
	CHECK(store_open(&w->store, "mem://w", &err) == 0, "%s", err.text);
	w->store->ops = &double_ops;
	CHECK(getcontext(&w->context) == 0, "getcontext");
	w->context.uc_stack.ss_sp = stacks[w - writers];
	w->context.uc_stack.ss_size = STACK;
	makecontext(&w->context, writer_main, 0);
	resume(w);			/* to its first request */
}

static void
run(struct path path)
{
	struct store *s;
	struct msg err = { 0 };
	size_t i;

	CHECK(store_open(&s, "mem://w", &err) == 0, "%s", err.text);
	empty(s);
	CHECK(store_put(s, "_delta_log/00000000000000000000.json", first_version,
	    sizeof(first_version) - 1, STORE_NEW, &err) == 1, "%s",
	    err.text);
	newest = 0;
	faults = 0;
	for (i = 0; i < scene->n; i++)
		begin(&writers[i], scene->work[i]);
	walk(path);
	for (i = 0; i < scene->n; i++) {
		check_reports(&writers[i]);
		store_close(writers[i].store);
	}
	check_once();
	check_log();
	store_close(s);
	runs++;
}

static void
explore(const struct scenario *sc)
{
	struct path next = { .n = 0 };

	scene = sc;
	runs = 0;
	memset(outcomes, 0, sizeof(outcomes));
	memset(seen, 0, sizeof(seen));
	nseen = 0;
	for (run(next); ntodo > 0; run(next))
		next = todo[--ntodo];
	CHECK(outcomes[COMMITTED] > 0 && outcomes[FAILED] > 0 && outcomes[UNDECIDED] > 0, "%s: little happened",
	    sc->what);
	printf("# %s: %lu runs, %zu states; %lu committed, %lu failed, %lu undecided, %lu had nothing to do\n",
	    sc->what, runs, nseen, outcomes[COMMITTED], outcomes[FAILED], outcomes[UNDECIDED], outcomes[NOTHING]);
}

int
main(void)
{
	const char *deep = getenv("ACCT_FAULTS");
	size_t i;

	unit_start();
	store_mem_allow();
	double_ops = store_mem;
	double_ops.list = double_list;
	double_ops.out_commit = double_commit;
	for (i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++) {
		most_faults = deep != NULL ? (unsigned)atoi(deep) : scenarios[i].faults;
		most_attempts = deep != NULL ? ATTEMPTS : scenarios[i].attempts;
		CHECK(most_faults <= FAULTS, "at most %d faults", FAULTS);
		explore(&scenarios[i]);
	}
	free(todo);
	for (i = 0; i < WRITERS; i++)
		buf_free(&writers[i].seen);
	OK("writers", "every order and fate of their requests: each report is true, no work is lost or doubled");
	return 0;
}
