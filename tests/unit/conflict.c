/*
 * What becomes of a change where another writer's version came first, kind of change by kind of action. The table has a
 * file "a" with x from 0 to 9 and a file "b" with x from 100 to 109.
 */
#include <string.h>

#include "delta/delta.h"
#include "store/ops.h"
#include "unit.h"

#define STATS(low, high)										\
	"\"stats\":\"{\\\"numRecords\\\":10,\\\"minValues\\\":{\\\"x\\\":" low "},\\\"maxValues\\\":{\\\"x\\\":" high \
	"},\\\"nullCount\\\":{\\\"x\\\":0}}\""
#define NULLS												\
	"\"stats\":\"{\\\"numRecords\\\":3,\\\"minValues\\\":{},\\\"maxValues\\\":{},\\\"nullCount\\\":{\\\"x\\\":3}}\""
#define ADD(path, change, stats)									\
	"{\"add\":{\"path\":\"" path "\",\"partitionValues\":{},\"size\":1,\"modificationTime\":1,"		\
	"\"dataChange\":" change "," stats "}}\n"
#define REMOVE(path, change)										\
	"{\"remove\":{\"path\":\"" path "\",\"deletionTimestamp\":1,\"dataChange\":" change "}}\n"
#define PROTOCOL "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
#define METADATA											\
	"{\"metaData\":{\"id\":\"i\",\"format\":{\"provider\":\"parquet\",\"options\":{}},\"schemaString\":"	\
	"\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[{\\\"name\\\":\\\"x\\\",\\\"type\\\":\\\"long\\\","	\
	"\\\"nullable\\\":true,\\\"metadata\\\":{}}]}\",\"partitionColumns\":[],\"configuration\":{}}}\n"
#define TXN(app, version) "{\"txn\":{\"appId\":\"" app "\",\"version\":" version "}}\n"

static const char base[] = PROTOCOL METADATA ADD("a", "true", STATS("0", "9")) ADD("b", "true", STATS("100", "109"));

/* What is tried: rows are added; all take the place of all; "a" is written anew by keys from 0 to 9; "a" moves. */
enum kind { APPEND, OVERWRITE, MERGE, MOVE, KINDS };

enum { IS = 1, NO, DONE };			/* it becomes version 2; it is a conflict; nothing had to be done */

static const struct {
	const char *what, *winner;
	int want[KINDS];
} cases[] = {
	{ "rows elsewhere", ADD("c", "true", STATS("50", "59")), { IS, NO, IS, IS } },
	{ "rows in the range", ADD("c", "true", STATS("9", "59")), { IS, NO, NO, IS } },
	{ "rows of whatever range", ADD("c", "true", "\"tags\":{}"), { IS, NO, NO, IS } },
	{ "nulls", ADD("c", "true", NULLS), { IS, NO, IS, IS } },
	{ "the other file moved", REMOVE("b", "false") ADD("c", "false", STATS("100", "109")), { IS, NO, IS, IS } },
	{ "the same file moved", REMOVE("a", "false") ADD("c", "false", STATS("0", "9")), { IS, NO, NO, NO } },
	{ "the same file gone", REMOVE("a", "true"), { IS, NO, NO, NO } },
	{ "the same file by another path", REMOVE("%61", "true"), { IS, NO, NO, NO } },
	{ "the other file gone", REMOVE("b", "true"), { IS, NO, IS, IS } },
	{ "a file gone that nobody knows", REMOVE("z", "true"), { IS, NO, NO, IS } },
	{ "the schema", METADATA, { NO, NO, NO, NO } },
	{ "the protocol", PROTOCOL, { NO, NO, NO, NO } },
	{ "our version of our application", TXN("app", "7"), { DONE, DONE, DONE, DONE } },
	{ "an earlier version of it", TXN("app", "6"), { NO, NO, NO, NO } },
	{ "another application", TXN("other", "9"), { IS, IS, IS, IS } },
	{ "nothing that matters", "{\"commitInfo\":{}}\n{\"cdc\":{\"path\":\"a\"}}\n{\"later\":{\"path\":\"a\"}}\n",
	    { IS, IS, IS, IS } },
};

static char folder[] = "/tmp/acct-conflict.XXXXXX";
static const char *const roots[] = { folder, "mem://conflict" };	/* a kind of store each */

static void
put(struct delta_table *t, unsigned version, const char *text)
{
	char *name = xasprintf("_delta_log/%020u.json", version);
	struct msg err = { 0 };

	CHECK(store_put(t->store, name, text, strlen(text), STORE_NEW, &err) == 1, "%s", err.text);
	free(name);
}

static int
attempt(const char *root, enum kind kind, const char *winner)
{
	static const size_t both[] = { 0, 1 };
	char *address = xasprintf("%s/%u", root, (unsigned)unit_random());
	struct delta_bound range = { .column = 0, .no_null = true, .has_low = true, .has_high = true, .high.i = 9 };
	struct delta_file add = { .uri = "n", .name = "n", .size = 1, .base_row_id = -1, .row_commit_version = -1 };
	struct delta_change c = { .operation = "TEST", .adds = &add, .nadds = 1, .app = { "app", 7, -1 },
	    .scope = kind == APPEND ? DELTA_BLIND : kind == MOVE ? DELTA_REARRANGE : DELTA_READ_TABLE, .removes = both,
	    .nremoves = kind == APPEND ? 0 : kind == OVERWRITE ? 2 : 1 };
	struct delta_snapshot s;
	struct delta_table t;
	struct msg err = { 0 }, warn = { 0 };
	int64_t version;
	int got;

	if (kind == MERGE) {
		c.bounds = &range;
		c.nbounds = 1;
	}
	CHECK(delta_open(&t, address, &err) == 0, "%s", err.text);
	put(&t, 0, base);
	CHECK(delta_load(&t, DELTA_NEWEST, &s, &err) == 0 && s.nfiles == 2, "%s", err.text);
	put(&t, 1, winner);
	got = delta_commit(&t, &s, &c, &version, &warn, &err);
	delta_snapshot_free(&s);
	CHECK(got == 0 || (err.status == EX_TEMPFAIL && version == -1), "%s", err.text);
	CHECK(delta_load(&t, DELTA_NEWEST, &s, &err) == 0 && s.version == (got == 0 && version > 0 ? 2 : 1), "%s",
	    err.text);
	delta_snapshot_free(&s);
	delta_close(&t);
	free(address);
	return got < 0 ? NO : version < 0 ? DONE : IS;
}

static void
all(const char *root)
{
	static const char *const kinds[] = { "append", "overwrite", "merge", "move" };
	size_t i;
	int kind, got;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (kind = 0; kind < KINDS; kind++) {
			got = attempt(root, (enum kind)kind, cases[i].winner);
			CHECK(got == cases[i].want[kind], "%s: %s, %s came first: %d", root, kinds[kind],
			    cases[i].what, got);
		}
}

int
main(void)
{
	char *command;
	size_t i;

	unit_start();
	store_mem_allow();
	CHECK(mkdtemp(folder) != NULL, "%s", folder);
	for (i = 0; i < sizeof(roots) / sizeof(*roots); i++)
		all(roots[i]);
	command = xasprintf("rm -rf %s", folder);
	CHECK(system(command) == 0, "%s", command);
	free(command);
	OK("conflict", "each kind of change after each kind of action");
	return 0;
}
