/*
 * The rules of a Delta log that need no file: paths, deletion vectors, names, replay, statistics, and that skipping
 * never loses a row.
 */
#include <string.h>

#include "delta/data/cast.h"
#include "delta/data/dv.h"
#include "delta/data/skip.h"
#include "delta/data/stats.h"
#include "delta/delta.h"
#include "delta/log/names.h"
#include "delta/log/state.h"
#include "delta/log/uri.h"
#include "unit.h"

/* ---- paths ---- */

static void
uri_is(const char *uri, const char *root, const char *want)
{
	struct buf name = { 0 };
	bool fine = delta_uri_name(uri, root, &name);

	CHECK(fine == (want != NULL), "%s", uri);
	CHECK(!fine || strcmp(buf_cstr(&name), want) == 0, "%s: %s, not %s", uri, buf_cstr(&name), want);
	buf_free(&name);
}

static void
uris(void)
{
	struct buf uri = { 0 };
	char text[40];
	size_t i, k, n;

	uri_is("part-0.parquet", "/t", "part-0.parquet");
	uri_is("_2=bar+%252521/part-0", "/t", "_2=bar+%2521/part-0");
	uri_is("special%20p@%23h", "/t", "special p@#h");
	uri_is("file:/t/a%20b", "/t", "a b");
	uri_is("file:///t/a", "/t", "a");
	uri_is("FILE:///t/a", "/t", "a");
	uri_is("/t/a/b", "/t", "a/b");
	uri_is("/tt/a", "/t", "/tt/a");
	uri_is("file:///elsewhere/a", "/t", "/elsewhere/a");
	uri_is("./a//b/./c", "/t", "a/b/c");
	uri_is("//t//./a", "/t", "a");
	uri_is("/./tt/./a", "/t", "/tt/a");
	uri_is("..a/.b/c..", "/t", "..a/.b/c..");
	uri_is("a/", "/t", "a");
	uri_is("../a", "/t", NULL);
	uri_is("a/../b", "/t", NULL);
	uri_is("a/%2E./b", "/t", NULL);
	uri_is("/t/../a", "/t", NULL);
	uri_is("..", "/t", NULL);
	uri_is(".", "/t", NULL);
	uri_is("", "/t", NULL);
	uri_is("a%", "/t", NULL);
	uri_is("a%2", "/t", NULL);
	uri_is("a%zz", "/t", NULL);
	uri_is("a%00b", "/t", NULL);
	uri_is("s3://bucket/a", "/t", NULL);
	uri_is("file://host/a", "/t", NULL);
	for (i = 0; i < 20000; i++) {
		n = 1 + unit_below(sizeof(text) - 2);
		text[0] = 'x';			/* relative */
		for (k = 1; k < n; k++)
			text[k] = (char)(1 + unit_below(255));
		text[n] = '\0';
		uri.len = 0;
		delta_uri_put(&uri, text);
		if (strchr(text, ':') == NULL && store_name_is_tidy(text))	/* a name is not told from a scheme */
			uri_is(buf_cstr(&uri), "/t", text);
	}
	uri.len = 0;
	delta_uri_put(&uri, "p=\xc3\xbc \xe2\x82\xac\xf0\x9f\x98\x80\xc2\xa0\xe2\x80\x83\xc2\x85\xff%");
	CHECK(strcmp(buf_cstr(&uri), "p=\xc3\xbc%20\xe2\x82\xac\xf0\x9f\x98\x80%C2%A0%E2%80%83%C2%85%FF%25") == 0, "%s",
	    buf_cstr(&uri));
	uri.len = 0;
	delta_hive_put(&uri, "2024-01-01 10:00:00/#%'\x01\x7f{");
	CHECK(strcmp(buf_cstr(&uri), "2024-01-01 10%3A00%3A00%2F%23%25%27%01%7F%7B") == 0, "%s", buf_cstr(&uri));
	buf_free(&uri);
	OK("delta", "paths of a log are names of files");
}

/* ---- durations ---- */

static void
durations(void)
{
	static const struct { const char *text; int64_t ms; } cases[] = {
		{ NULL, 42 }, { "interval 1 week", DELTA_WEEK }, { "interval 2 weeks", 2 * DELTA_WEEK },
		{ "INTERVAL 7 Days", DELTA_WEEK },
		{ "7 days", DELTA_WEEK }, { " interval  168 hours ", DELTA_WEEK },
		{ "interval 1 day 12 hours", 3 * DELTA_DAY / 2 },
		{ "interval 90 minutes 1 second", 5401000 }, { "interval 0 hours", 0 },
		{ "interval 1500 microseconds", 1 },
		{ "interval 250 milliseconds", 250 }, { "", -1 }, { "interval", -1 }, { "interval 1", -1 },
		{ "week", -1 },
		{ "interval -1 days", -1 }, { "interval 1 fortnight", -1 }, { "interval 1 dayss", -1 },
		{ "interval 1 month", -1 },
		{ "interval 1 day x", -1 }, { "interval 99999999 days", -1 },
		{ "interval 9999999 weeks", 9999999 * DELTA_WEEK }
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		CHECK(delta_duration(cases[i].text, 42) == cases[i].ms, "%s: %" PRId64, cases[i].text,
		    delta_duration(cases[i].text, 42));
	OK("delta", "durations of properties");
}

/* ---- deletion vectors ---- */

static void
z85_is(const char *text, const char *want, size_t n)
{
	struct buf out = { 0 };
	bool fine = delta_z85(&out, text, strlen(text));

	CHECK(fine == (want != NULL), "%s", text);
	CHECK(!fine || (out.len == n && (n == 0 || memcmp(out.p, want, n) == 0)), "%s", text);
	buf_free(&out);
}

static void
z85(void)
{
	struct buf name = { 0 };

	z85_is("HelloWorld", "\x86\x4f\xd2\x6f\xb5\x59\xf7\x5b", 8);
	z85_is("^-aqEH.-t@S}K{vb[*k^", "\xd2\xc6\x39\xaa\x88\x16\x43\x1a\xaa\xf6\xd3\xfe\x25\x12\xff\x61", 16);
	z85_is("", "", 0);
	z85_is("%nSc0", "\xff\xff\xff\xff", 4);
	z85_is("%nSc1", NULL, 0);		/* above 32 bits */
	z85_is("#####", NULL, 0);
	z85_is("Hello~", NULL, 0);
	z85_is("Hell\"", NULL, 0);
	z85_is("Hell", NULL, 0);
	delta_dv_put_uuid("d2c639aa-8816-431a-aaf6-d3fe2512ff61", &name);
	CHECK(strcmp(buf_cstr(&name), "^-aqEH.-t@S}K{vb[*k^") == 0, "%s", buf_cstr(&name));
	buf_free(&name);
	OK("delta", "Z85: the vector of its specification, a real path, invalid text");
}

static void
le(struct buf *b, uint64_t v, unsigned bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		buf_addc(b, (uint8_t)v);
}

enum { MODEL = 400000 };
static uint64_t model[MODEL];
static size_t nmodel;

/* The values of one container: sparse ones, dense ones or runs, in ascending order. */
static size_t
make_container(uint16_t *values, int kind)
{
	uint32_t v = (uint32_t)unit_below(kind == 0 ? 2000 : 8);
	size_t n = 0;

	while (v < 65536 && n < 65536 && (kind != 0 || n < 4096)) {
		uint32_t run = kind == 2 ? 1 + (uint32_t)unit_below(3000) : 1;

		for (; run > 0 && v < 65536; run--)
			values[n++] = (uint16_t)v++;
		v += (uint32_t)unit_below(kind == 0 ? 3000 : kind == 1 ? 8 : 9000);
	}
	if (n == 0)
		values[n++] = 65535;
	return n;
}

static void
put_container(struct buf *b, const uint16_t *values, size_t n, bool runs)
{
	uint8_t bits[8192] = { 0 };
	struct buf list = { 0 };
	size_t i, k, count = 0;

	if (runs) {
		for (i = 0; i < n; i = k + 1, count++) {
			for (k = i; k + 1 < n && values[k + 1] == values[k] + 1; k++)
				;
			le(&list, values[i], 2);
			le(&list, k - i, 2);
		}
		le(b, count, 2);
		buf_add(b, list.p, list.len);
		buf_free(&list);
	} else if (n <= 4096) {
		for (i = 0; i < n; i++)
			le(b, values[i], 2);
	} else {
		for (i = 0; i < n; i++)
			bits[values[i] / 8] |= (uint8_t)(1 << values[i] % 8);
		buf_add(b, bits, sizeof(bits));
	}
}

/* One 32-bit bitmap of up to six containers, its values appended to the model. */
static void
put_bucket(struct buf *b, uint64_t high)
{
	static uint16_t values[6][65536];
	size_t n = 1 + unit_below(6), counts[6], i, k;
	bool any_runs = unit_below(2) != 0, runs[6];
	uint16_t keys[6];
	uint8_t flags = 0;

	for (i = 0; i < n; i++) {
		int kind = (int)unit_below(3);

		keys[i] = (uint16_t)(i * 9000 + unit_below(9000));
		counts[i] = make_container(values[i], kind);
		if (nmodel + counts[i] > MODEL) {
			counts[i] = 1;
		}
		runs[i] = any_runs && kind == 2;
		flags |= (uint8_t)(runs[i] << i);
		for (k = 0; k < counts[i]; k++)
			model[nmodel++] = high << 32 | (uint64_t)keys[i] << 16 | values[i][k];
	}
	if (any_runs) {
		le(b, 12347 | (n - 1) << 16, 4);
		buf_addc(b, flags);
	} else {
		le(b, 12346, 4);
		le(b, n, 4);
	}
	for (i = 0; i < n; i++) {
		le(b, keys[i], 2);
		le(b, counts[i] - 1, 2);
	}
	if (!any_runs || n >= 4)
		for (i = 0; i < n; i++)
			le(b, 0, 4);			/* offsets are not asked */
	for (i = 0; i < n; i++)
		put_container(b, values[i], counts[i], runs[i]);
}

static bool
parses(const uint8_t *p, size_t n, int64_t cardinality)
{
	struct msg err = { 0 };
	uint64_t *rows;
	size_t got;
	uint8_t *exact = xmalloc(n);
	int failed;

	memcpy(exact, p, n);			/* so that a sanitizer sees a read beyond */
	failed = delta_dv_parse(exact, n, cardinality, &rows, &got, &err);
	CHECK(failed == 0 || err.status == EX_DATAERR, "%d", err.status);
	free(rows);
	free(exact);
	return failed == 0;
}

/* The model's rows as we write them are the model again. */
static void
written(struct msg *err)
{
	struct buf b = { 0 };
	uint64_t *rows;
	size_t n;

	delta_dv_put(&b, model, nmodel);
	CHECK(delta_dv_parse(b.p, b.len, (int64_t)nmodel, &rows, &n, err) == 0, "%s", err->text);
	CHECK(n == nmodel && (n == 0 || memcmp(rows, model, n * sizeof(*rows)) == 0), "%zu of %zu", n, nmodel);
	free(rows);
	buf_free(&b);
}

static void
vectors(void)
{
	struct buf b = { 0 };
	struct msg err = { 0 };
	uint64_t *rows, buckets, k;
	size_t n, i;
	int round;

	for (round = 0; round < 200; round++) {
		b.len = 0;
		nmodel = 0;
		buckets = unit_below(4);
		le(&b, 1681511377, 4);
		le(&b, buckets, 8);
		for (k = 0; k < buckets; k++) {
			uint64_t high = k * 1000 + unit_below(1000);

			le(&b, high, 4);
			put_bucket(&b, high);
		}
		CHECK(delta_dv_parse(b.p, b.len, (int64_t)nmodel, &rows, &n, &err) == 0, "%s", err.text);
		CHECK(n == nmodel && (n == 0 || memcmp(rows, model, n * sizeof(*rows)) == 0), "%zu of %zu", n, nmodel);
		free(rows);
		written(&err);
		CHECK(!parses(b.p, b.len, (int64_t)nmodel + 1), "a row too few");
		CHECK(nmodel == 0 || !parses(b.p, b.len, (int64_t)nmodel - 1), "a row too many");
		for (i = 0; i < 20; i++)
			CHECK(!parses(b.p, unit_below(b.len), (int64_t)nmodel), "cut");
		for (i = 0; i < 20; i++) {
			size_t at = unit_below(b.len);
			uint8_t was = b.p[at];

			b.p[at] ^= (uint8_t)(1 << unit_below(8));
			(void)parses(b.p, b.len, (int64_t)nmodel);
			b.p[at] = was;
		}
	}
	b.p[0] = 0xd0;				/* the magic number of old */
	CHECK(!parses(b.p, b.len, (int64_t)nmodel), "magic");
	buf_free(&b);
	OK("delta", "deletion vectors: lists, bitsets, runs, several buckets; cut and bent ones");
}

/* ---- names ---- */

static void
names(void)
{
	static const struct {
		const char *name;
		int kind;			/* -1: no name of the log */
		unsigned part, parts;
	} cases[] = {
		{ "00000000000000000012.json", DELTA_LOG_COMMIT, 0, 0 },
		{ "00000000000000000012.checkpoint.parquet", DELTA_LOG_CHECKPOINT, 0, 0 },
		{ "00000000000000000012.checkpoint.0000000002.0000000003.parquet", DELTA_LOG_PART, 2, 3 },
		{ "00000000000000000012.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json", DELTA_LOG_MANIFEST_JSON,
		    0, 0 },
		{ "00000000000000000012.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.parquet",
		    DELTA_LOG_MANIFEST_PARQUET, 0, 0 },
		{ "00000000000000000012.checkpoint.0000000004.0000000003.parquet", -1, 0, 0 },
		{ "00000000000000000012.checkpoint.0000000000.0000000003.parquet", -1, 0, 0 },
		{ "00000000000000000012.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.crc", -1, 0, 0 },
		{ "00000000000000000012.checkpoint.80a083e8-7026-4e79-81be.json", -1, 0, 0 },
		{ "00000000000000000012.json.tmp", -1, 0, 0 }, { ".00000000000000000012.json.crc", -1, 0, 0 },
		{ "00000000000000000012.crc", -1, 0, 0 }, { "0000000000000000012.json", -1, 0, 0 },
		{ "000000000000000000012.json", -1, 0, 0 },
		    { "00000000000000000010.00000000000000000012.compacted.json", -1, 0, 0 },
		{ "99999999999999999999.json", -1, 0, 0 }, { "+0000000000000000012.json", -1, 0, 0 },
		    { "_last_checkpoint", -1, 0, 0 },
		{ "", -1, 0, 0 },
	};
	struct delta_log_name n;
	char *commit = delta_log_commit_name(12);
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool is = delta_log_parse(cases[i].name, &n);

		CHECK(is == (cases[i].kind >= 0), "%s", cases[i].name);
		CHECK(!is || ((int)n.kind == cases[i].kind && n.version == 12 && n.part == cases[i].part &&
		    n.parts == cases[i].parts),
		    "%s", cases[i].name);
	}
	CHECK(strcmp(commit, "_delta_log/00000000000000000012.json") == 0, "%s", commit);
	free(commit);
	OK("delta", "names of a log, to the letter");
}

/* ---- replay ---- */

#define PROTOCOL "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n"
#define START PROTOCOL									\
	"{\"metaData\":{\"id\":\"i\",\"format\":{\"provider\":\"parquet\"},"		\
	"\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[]}\","	\
	"\"partitionColumns\":[],\"configuration\":{}}}\n"
#define FACTS "\"size\":1,\"modificationTime\":1,\"dataChange\":true"
#define ADD(path) "{\"add\":{\"path\":\"" path "\",\"partitionValues\":{}," FACTS "}}\n"
#define DV(text)									\
	"\"deletionVector\":{\"storageType\":\"u\",\"pathOrInlineDv\":\"" text "\",\"offset\":1,"	\
	"\"sizeInBytes\":3,\"cardinality\":1}"
#define ADD_DV(path, text) "{\"add\":{\"path\":\"" path "\"," FACTS "," DV(text) "}}\n"
#define REMOVE(path) "{\"remove\":{\"path\":\"" path "\",\"deletionTimestamp\":5,\"dataChange\":true}}\n"
#define REMOVE_DV(path, text) "{\"remove\":{\"path\":\"" path "\",\"dataChange\":true," DV(text) "}}\n"
#define TXN(app, version) "{\"txn\":{\"appId\":\"" app "\",\"version\":" version "}}\n"

/*
 * Replays the commits, and what is alive must be `files`, each name after a blank, and a + where it has a vector; or
 * the message must hold `files`.
 */
static void
replay(const char *const *commits, const char *files, bool fails)
{
	struct delta_snapshot s = { 0 };
	struct delta_state st;
	struct msg err = { 0 };
	struct buf got = { 0 }, text = { 0 };
	size_t i;
	int failed = 0;

	delta_state_init(&st, &s, "/t");
	for (; *commits != NULL && !failed; commits++) {
		text.len = 0;
		buf_adds(&text, *commits);
		failed = delta_actions(&st, "0.json", &text, NULL, &err);
	}
	if (!failed)
		failed = delta_state_finish(&st, &err);
	CHECK((failed != 0) == fails, "%s", err.text);
	for (i = 0; i < s.nfiles; i++)
		buf_addf(&got, " %s%s", s.files[i].name, s.files[i].dv != NULL ? "+" : "");
	for (i = 0; i < s.napps; i++)
		buf_addf(&got, " %s:%d", s.apps[i].id, (int)s.apps[i].version);
	buf_cstr(&got);
	CHECK(fails ? strstr(err.text, files) != NULL : strcmp((char *)got.p, files) == 0, "%s, not %s",
	    fails ? err.text : (char *)got.p, files);
	buf_free(&got);
	buf_free(&text);
	delta_state_free(&st);
	delta_snapshot_free(&s);
}

#define REPLAY(fails, want, ...) replay((const char *const []){ __VA_ARGS__, NULL }, want, fails)

static void
replays(void)
{
	REPLAY(false, " a b", START ADD("a"), ADD("b"));
	REPLAY(false, " b", START ADD("a") ADD("b"), REMOVE("a"));
	REPLAY(false, " b a", START ADD("a") ADD("b"), REMOVE("a"), ADD("a"));
	REPLAY(false, "", START ADD("a%20b"), REMOVE("file:///t/a%20b"));
	REPLAY(false, "", START ADD("a"), REMOVE("/t/a"));
	REPLAY(false, " a b", START ADD("a"),
	    "{\"cdc\":{\"path\":\"c\"}}\n{\"futureAction\":{\"x\":[1]}}\n\n" ADD("b"));
	REPLAY(false, " a", START "{\"commitInfo\":{\"predicate\":\"x = '\\u0000'\"}}\n" ADD("a"));
	REPLAY(true, "0.json:3: add: path: a NUL", START ADD("a\\u0000"));
	REPLAY(true, "0.json:3: add: partitionValues: a NUL",
	    START "{\"add\":{\"path\":\"a\",\"partitionValues\":{\"p\":\"\\u0000\"}," FACTS "}}\n");
	/* A vector makes another file of the same name. */
	REPLAY(false, " a+", START ADD("a"), REMOVE("a") ADD_DV("a", "v1"));
	REPLAY(false, " a+", START ADD_DV("a", "v1"), REMOVE_DV("a", "v1") ADD_DV("a", "v2"));
	REPLAY(false, "", START ADD_DV("a", "v1"), REMOVE_DV("a", "v1"));
	REPLAY(false, " a+", START ADD_DV("a", "v1"), REMOVE("a"));
	REPLAY(false, " x:3 y:1", START TXN("x", "2"), TXN("y", "1"), TXN("x", "3"));
	REPLAY(true, "the log has no protocol", ADD("a"));
	REPLAY(true, "the log has no metadata", "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2}}\n");
	REPLAY(true, "0.json:3: not a JSON object", START "{\"add\":");
	REPLAY(true, "0.json:3: not a JSON object", START "[1]\n");
	REPLAY(true, "0.json:3: add: path: missing", START "{\"add\":{\"size\":1}}\n");
	REPLAY(true, "0.json:3: add: size: not an integer", START "{\"add\":{\"path\":\"a\",\"size\":\"1\"}}\n");
	REPLAY(true, "not a path of a file below the table", START ADD("a%zz"));
	REPLAY(true, "reader version 9", "{\"protocol\":{\"minReaderVersion\":9,\"minWriterVersion\":2}}\n");
	REPLAY(true, "someFeature",
	    "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":[\"someFeature\"]}}\n");
	OK("delta", "replay: the newest word on a file and its vector wins; what breaks the rules is named");
}

/* Each rule of an action that a commit can break, and the message that names its field. */
static void
refusals(void)
{
#define DV_OF(fields) "{\"add\":{\"path\":\"a\"," FACTS ",\"deletionVector\":{" fields "}}}\n"
	static const struct { const char *line, *message; } cases[] = {
		{ "{\"protocol\":{\"minWriterVersion\":2}}", "protocol: minReaderVersion: missing" },
		{ "{\"protocol\":{\"minReaderVersion\":1}}", "protocol: minWriterVersion: missing" },
		{ "{\"protocol\":{\"minReaderVersion\":-1,\"minWriterVersion\":2}}",
		    "protocol: version: out of range" },
		{ "{\"protocol\":{\"minReaderVersion\":2147483648,\"minWriterVersion\":2}}", "version: out of range" },
		{ "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":-1}}", "version: out of range" },
		{ "{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":2147483648}}", "version: out of range" },
		{ "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"readerFeatures\":{}}}",
		    "readerFeatures: not a list" },
		{ "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"writerFeatures\":[1]}}",
		    "writerFeatures: not a list of strings" },
		{ "{\"protocol\":{\"minReaderVersion\":3,\"minWriterVersion\":7,\"writerFeatures\":[\"a\\u0000\"]}}",
		    "writerFeatures: a NUL in a string" },
		{ "{\"metaData\":{}}", "metaData: id: missing" },
		{ "{\"metaData\":{\"id\":1}}", "metaData: id: not a string" },
		{ "{\"metaData\":{\"id\":\"i\",\"name\":1}}", "metaData: name: not a string" },
		{ "{\"metaData\":{\"id\":\"i\",\"description\":[]}}", "metaData: description: not a string" },
		{ "{\"metaData\":{\"id\":\"i\",\"schemaString\":{}}}", "metaData: schemaString: not a string" },
		{ "{\"metaData\":{\"id\":\"i\",\"createdTime\":\"1\"}}", "metaData: createdTime: not an integer" },
		{ "{\"metaData\":{\"id\":\"i\",\"partitionColumns\":\"p\"}}", "partitionColumns: not a list" },
		{ "{\"metaData\":{\"id\":\"i\",\"configuration\":[]}}", "configuration: not an object" },
		{ "{\"metaData\":{\"id\":\"i\",\"configuration\":{\"k\":1}}}",
		    "configuration: a value that is not a string" },
		{ "{\"metaData\":{\"id\":\"i\",\"format\":{\"provider\":1}}}", "metaData: provider: not a string" },
		{ "{\"add\":{\"path\":\"a\",\"modificationTime\":1}}", "add: size: missing" },
		{ "{\"add\":{\"path\":\"a\",\"size\":1}}", "add: modificationTime: missing" },
		{ "{\"add\":{\"path\":\"a\"," FACTS ",\"stats\":{}}}", "add: stats: not a string" },
		{ "{\"add\":{\"path\":\"a\"," FACTS ",\"partitionValues\":[]}}", "partitionValues: not an object" },
		{ "{\"add\":{\"path\":\"a\"," FACTS ",\"baseRowId\":1.5}}", "add: baseRowId: not an integer" },
		{ "{\"add\":{\"path\":\"a\"," FACTS ",\"defaultRowCommitVersion\":\"\"}}",
		    "add: defaultRowCommitVersion: not an integer" },
		{ "{\"add\":{\"path\":\"a\"," FACTS ",\"deletionVector\":\"u\"}}", "deletionVector: not an object" },
		{ DV_OF("\"pathOrInlineDv\":\"x\""), "add: storageType: missing" },
		{ DV_OF("\"storageType\":\"u\""), "add: pathOrInlineDv: missing" },
		{ DV_OF("\"storageType\":\"u\",\"pathOrInlineDv\":\"x\",\"offset\":\"1\""),
		    "add: offset: not an integer" },
		{ DV_OF("\"storageType\":\"u\",\"pathOrInlineDv\":\"x\""), "add: sizeInBytes: missing" },
		{ DV_OF("\"storageType\":\"u\",\"pathOrInlineDv\":\"x\",\"sizeInBytes\":1"),
		    "add: cardinality: missing" },
		{ DV_OF("\"storageType\":\"uu\",\"pathOrInlineDv\":\"x\",\"sizeInBytes\":1,\"cardinality\":1"),
		    "add: storageType: not one letter" },
		{ "{\"remove\":{}}", "remove: path: missing" },
		{ "{\"remove\":{\"path\":\"a\",\"deletionTimestamp\":\"1\"}}",
		    "remove: deletionTimestamp: not an integer" },
		{ "{\"remove\":{\"path\":\"../a\"}}", "not a path of a file below the table" },
		{ "{\"txn\":{\"version\":1}}", "txn: appId: missing" },
		{ "{\"txn\":{\"appId\":\"a\"}}", "txn: version: missing" },
		{ "{\"txn\":{\"appId\":\"a\",\"version\":1,\"lastUpdated\":\"\"}}",
		    "txn: lastUpdated: not an integer" },
		{ "{\"domainMetadata\":{\"configuration\":\"\"}}", "domainMetadata: domain: missing" },
		{ "{\"domainMetadata\":{\"domain\":\"d\"}}", "domainMetadata: configuration: missing" },
		{ "{\"sidecar\":{\"path\":\"s\"}}", "sidecar: path: misplaced sidecar" },
	};
	struct buf text = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		text.len = 0;
		buf_addf(&text, START "%s\n", cases[i].line);
		REPLAY(true, cases[i].message, buf_cstr(&text));
	}
	buf_free(&text);
	REPLAY(false, " a", START "{\"add\":null,\"remove\":null}\r\n\r\n" ADD("a"));
	REPLAY(false, " a", START
	    "{\"metaData\":{\"id\":\"j\",\"format\":{\"provider\":null},\"partitionColumns\":null,"
	    "\"schemaString\":\"{\\\"type\\\":\\\"struct\\\",\\\"fields\\\":[]}\",\"configuration\":{\"k\":null}}}\n"
	    "{\"add\":{\"path\":\"a\"," FACTS ",\"deletionVector\":null,\"stats\":null,\"tags\":{\"t\":\"1\"}}}\n");
	OK("delta", "every rule of an action, and its message");
}

/* A JSON manifest of a checkpoint names its sidecars, a commit must not. */
static void
sidecars(void)
{
	struct delta_snapshot s = { 0 };
	struct delta_names found = { 0 };
	struct delta_state st;
	struct buf text = { 0 };
	struct msg err = { 0 };

	delta_state_init(&st, &s, "/t");
	buf_adds(&text, "{\"sidecar\":{\"path\":\"one\"}}\n{\"sidecar\":{\"path\":\"two\"}}\n{\"sidecar\":{}}\n");
	CHECK(delta_actions(&st, "m.json", &text, &found, &err) < 0, "a sidecar without a path");
	CHECK(strcmp(err.text, "m.json:3: sidecar: path: missing") == 0, "%s", err.text);
	CHECK(found.n == 2 && strcmp(found.p[1], "two") == 0, "%zu", found.n);
	free(found.p);
	buf_free(&text);
	delta_state_free(&st);
	delta_snapshot_free(&s);
	OK("delta", "sidecars of a manifest");
}

/* ---- partition values ---- */

static void
value_is(struct delta_column c, const char *text, bool fine, int64_t low, i128 wide)
{
	union pq_value v;

	CHECK(delta_partition_value(&c, text, &v) == fine, "%s", text);
	CHECK(!fine || (pq_shape(c.type, c.precision) == PQ_I128 ? v.w == wide : v.i == low), "%s", text);
}

static void
partition_values(void)
{
	struct delta_column d9 = { .type = PQ_DECIMAL, .precision = 9, .scale = 2 }, ts = { .type = PQ_TIMESTAMP_NTZ };
	struct delta_column d38 = { .type = PQ_DECIMAL, .precision = 38, .scale = 18 }, flag = { .type = PQ_BOOL };
	static const int64_t day = INT64_C(86400000000);

	value_is(d9, "-1.5", true, -150, 0);
	value_is(d9, "1E+3", true, 100000, 0);
	value_is(d9, "1.25e1", true, 1250, 0);
	value_is(d9, "125E-2", true, 125, 0);
	value_is(d9, "0E-18", true, 0, 0);
	value_is(d9, "0E+100", true, 0, 0);
	value_is(d9, "9999999.99", true, 999999999, 0);
	value_is(d9, "1E+7", false, 0, 0);
	value_is(d9, "1E-3", false, 0, 0);
	value_is(d9, "10E-3", true, 1, 0);
	value_is(d9, "1E", false, 0, 0);
	value_is(d9, "E5", false, 0, 0);
	value_is(d9, "1E5x", false, 0, 0);
	value_is(d9, "1E99999999999999999999", false, 0, 0);
	value_is(d9, "", false, 0, 0);
	value_is(d38, "1.5E-7", true, 0, (i128)150000000000);
	value_is(d38, "-99999999999999999999999999999999999999E-18", true, 0, 1 - num_pow10(38));
	value_is(d38, "1E+20", false, 0, 0);
	value_is(ts, "1970-01-02 00:00:00.5", true, day + 500000, 0);
	value_is(ts, "1970-01-02T00:00:00.000001Z", true, day + 1, 0);
	value_is(ts, "1970-01-02", true, day, 0);
	value_is(ts, "1970-01", false, 0, 0);
	value_is(flag, "True", true, 1, 0);
	value_is(flag, "1", false, 0, 0);
	OK("delta", "partition values as writers have them");
}

/* ---- statistics ---- */

static struct pq_bytes
bytes(const char *s)
{
	return (struct pq_bytes){ (const uint8_t *)s, strlen(s) };
}

static void
stats_are(struct delta_column c, union pq_value low, union pq_value high, const char *want_low, const char *want_high)
{
	struct pq_stats st = { .entries = 9, .nulls = 2, .has_min_max = true, .min = low, .max = high };
	struct buf got = { 0 }, want = { 0 };

	c.name = c.physical = "c";
	delta_stats_put(&got, 9, &c, 1, &st);
	buf_addf(&want, "{\"numRecords\":9,\"minValues\":{%s%s},\"maxValues\":{%s%s},\"nullCount\":{\"c\":2}}",
	    *want_low != '\0' ? "\"c\":" : "", want_low, *want_high != '\0' ? "\"c\":" : "", want_high);
	CHECK(strcmp(buf_cstr(&got), buf_cstr(&want)) == 0, "%s, not %s", (char *)got.p, (char *)want.p);
	buf_free(&got);
	buf_free(&want);
}

#define INT(v) ((union pq_value){ .i = (v) })
#define WIDE(v) ((union pq_value){ .w = (v) })
#define TEXT(s) ((union pq_value){ .b = bytes(s) })
#define X32 "0123456789abcdef0123456789abcdef"

static void
statistics(void)
{
	struct delta_column i64 = { .type = PQ_INT64 }, text = { .type = PQ_STRING }, date = { .type = PQ_DATE };
	struct delta_column ts = { .type = PQ_TIMESTAMP }, d9 = { .type = PQ_DECIMAL, .precision = 9, .scale = 2 };
	struct delta_column d38 = { .type = PQ_DECIMAL, .precision = 38, .scale = 2 }, flag = { .type = PQ_BOOL };
	struct delta_column f64 = { .type = PQ_DOUBLE };
	const int64_t last = (num_days(9999, 12, 31) + 1) * INT64_C(86400000000) - 1;

	stats_are(i64, INT(INT64_MIN), INT(INT64_MAX), "-9223372036854775808", "9223372036854775807");
	stats_are(d9, INT(-5), INT(12300), "-0.05", "123.00");
	stats_are(d38, WIDE(-(num_pow10(38) - 1)), WIDE(num_pow10(38) - 1), "-999999999999999999999999999999999999.99",
	    "999999999999999999999999999999999999.99");
	stats_are(date, INT(-1), INT(num_days(9999, 12, 31)), "\"1969-12-31\"", "\"9999-12-31\"");
	stats_are(ts, INT(-1), INT(1), "\"1969-12-31T23:59:59.999Z\"", "\"1970-01-01T00:00:00.001Z\"");
	stats_are(ts, INT(-1001), INT(-1), "\"1969-12-31T23:59:59.998Z\"", "\"1970-01-01T00:00:00.000Z\"");
	stats_are(ts, INT(2000), INT(2001), "\"1970-01-01T00:00:00.002Z\"", "\"1970-01-01T00:00:00.003Z\"");
	stats_are(ts, INT(last - 999), INT(last), "\"9999-12-31T23:59:59.999Z\"", "\"9999-12-31T23:59:59.999999Z\"");
	stats_are(flag, INT(0), INT(1), "false", "true");
	stats_are(f64, (union pq_value){ .f = -0.5 }, (union pq_value){ .f = 1e300 }, "-0.5", "1e+300");
	stats_are(text, TEXT(""), TEXT(X32), "\"\"", "\"" X32 "\"");
	stats_are(text, TEXT("a\"\\\n"), TEXT(X32 "x"), "\"a\\\"\\\\\\n\"", "\"" X32 "\\u007f\"");
	/* What is cut off decides the character that replaces it; a pair of surrogates is never split. */
	stats_are(text, TEXT(X32 "y"), TEXT(X32 "\xc3\xa9"), "\"" X32 "\"", "\"" X32 "\xf4\x8f\xbf\xbf\"");
	stats_are(text, TEXT("0123456789abcdef0123456789abcde\xf0\x9f\x98\x80z"), TEXT(X32 "\xf4\x8f\xbf\xbf" "a"),
	    "\"0123456789abcdef0123456789abcde\"", "\"" X32 "\xf4\x8f\xbf\xbf\\u007f\"");
	OK("delta", "statistics: exact decimals, times outwards, strings cut to bounds");
}

/* A column that has values and no bounds leaves none to the others; one of nulls does not. */
static void
unbounded(void)
{
	static const struct delta_column c[] = { { .physical = "a", .type = PQ_INT64 },
	    { .physical = "b", .type = PQ_TIMESTAMP } };
	struct pq_stats st[] = { { .entries = 9, .has_min_max = true, .max = INT(1) }, { .entries = 9, .nulls = 9 } };
	struct buf got = { 0 };

	delta_stats_put(&got, 9, c, 2, st);
	CHECK(strcmp(buf_cstr(&got), "{\"numRecords\":9,\"minValues\":{\"a\":0},\"maxValues\":{\"a\":1},"
	    "\"nullCount\":{\"a\":0,\"b\":9}}") == 0, "%s", (char *)got.p);
	got.len = 0;
	st[1].nulls = 8;
	delta_stats_put(&got, 9, c, 2, st);
	CHECK(strcmp(buf_cstr(&got), "{\"numRecords\":9,\"nullCount\":{\"a\":0,\"b\":8}}") == 0, "%s", (char *)got.p);
	got.len = 0;
	st[1].has_min_max = true;
	st[1].min = INT(num_days(1899, 12, 31) * INT64_C(86400000000));
	delta_stats_put(&got, 9, c, 2, st);
	CHECK(strcmp(buf_cstr(&got), "{\"numRecords\":9,\"nullCount\":{\"a\":0,\"b\":8}}") == 0, "%s", (char *)got.p);
	buf_free(&got);
	OK("delta", "statistics: bounds of all columns, or of none");
}

/* ---- skipping ---- */

enum { COLUMNS = 7, ROWS = 40 };

static const struct delta_column skip_columns[COLUMNS] = {
	{ .name = "a", .physical = "a", .type = PQ_INT64, .partition = -1 },
	{ .name = "b", .physical = "b", .type = PQ_DECIMAL, .precision = 9, .scale = 2, .partition = -1 },
	{ .name = "c", .physical = "c", .type = PQ_DECIMAL, .precision = 38, .scale = 30, .partition = -1 },
	{ .name = "d", .physical = "d", .type = PQ_DATE, .partition = -1 },
	{ .name = "e", .physical = "e", .type = PQ_TIMESTAMP, .partition = -1 },
	{ .name = "f", .physical = "f", .type = PQ_STRING, .partition = -1 },
	{ .name = "g", .physical = "g", .type = PQ_DECIMAL, .precision = 18, .scale = 0, .partition = -1 },
};

static char texts[2 * ROWS + 100][240];
static size_t ntexts;

static struct pq_bytes
any_text(void)
{
	static const char *const pieces[] = { "a", "b", "\x7f", "\xc3\xa9", "\xf4\x8f\xbf\xbf", "\xf0\x9f\x98\x80", X32,
	    "\xef\xbf\xbf" };
	char *s = texts[ntexts++];
	size_t n = unit_below(6), i;

	*s = '\0';
	if (unit_below(2) != 0)
		strcpy(s, X32);
	for (i = 0; i < n; i++)
		strcat(s, pieces[unit_below(8)]);
	return bytes(s);
}

static union pq_value
any_value(const struct delta_column *c)
{
	union pq_value v = { 0 };
	int64_t sign = unit_below(2) != 0 ? -1 : 1;
	i128 wide;

	switch (c->type) {
	case PQ_STRING:
		v.b = any_text();
		break;
	case PQ_DATE:
		v.i = sign * (int64_t)unit_below(40000);
		break;
	case PQ_TIMESTAMP:
		v.i = sign * (int64_t)(unit_any() >> 9);
		break;
	case PQ_DECIMAL:
		wide = num_pow10((unsigned)unit_below(c->precision + 1U));
		wide = (i128)(((u128)unit_any() << 64 | unit_random()) % (u128)wide) * sign;
		if (c->precision > 18)
			v.w = wide;
		else
			v.i = (int64_t)wide;
		break;
	default:
		v.i = (int64_t)unit_any() * sign;
	}
	return v;
}

static int
order(const struct delta_column *c, const union pq_value *a, const union pq_value *b)
{
	size_t n = a->b.n < b->b.n ? a->b.n : b->b.n;
	int o;

	if (c->type == PQ_STRING)
		return (o = memcmp(a->b.p, b->b.p, n)) != 0 ? o : a->b.n < b->b.n ? -1 : a->b.n > b->b.n;
	if (c->precision > 18)
		return a->w < b->w ? -1 : a->w > b->w;
	return a->i < b->i ? -1 : a->i > b->i;
}

static void
skipping(void)
{
	static union pq_value rows[ROWS][COLUMNS];
	struct delta_snapshot s = { .columns = (struct delta_column *)skip_columns, .ncolumns = COLUMNS };
	struct pq_stats st[COLUMNS];
	struct buf json = { 0 };
	size_t i, k, r, nrows, skipped = 0, met = 0;
	int round;

	for (round = 0; round < 30000; round++) {
		struct delta_file f = { 0 };
		struct delta_bound b[2];
		bool any = false, may;

		ntexts = 0;
		nrows = 1 + unit_below(3);
		memset(st, 0, sizeof(st));
		for (k = 0; k < COLUMNS; k++) {
			st[k] = (struct pq_stats){ .entries = nrows, .has_min_max = true };
			for (r = 0; r < nrows; r++) {
				rows[r][k] = any_value(&skip_columns[k]);
				if (r == 0 || order(&skip_columns[k], &rows[r][k], &st[k].min) < 0)
					st[k].min = rows[r][k];
				if (r == 0 || order(&skip_columns[k], &rows[r][k], &st[k].max) > 0)
					st[k].max = rows[r][k];
			}
		}
		json.len = 0;
		delta_stats_put(&json, nrows, skip_columns, COLUMNS, st);
		f.stats = buf_cstr(&json);
		for (i = 0; i < 2; i++) {
			const struct delta_column *c = &skip_columns[k = unit_below(COLUMNS)];

			b[i] = (struct delta_bound){ .column = k, .no_null = true, .has_low = unit_below(2) != 0,
			    .has_high = unit_below(2) != 0 };
			/* Half of the bounds are values that are there: where skipping would go wrong by one. */
			b[i].low = unit_below(2) != 0 ? rows[unit_below(nrows)][k] : any_value(c);
			b[i].high = unit_below(2) != 0 ? rows[unit_below(nrows)][k] : any_value(c);
		}
		for (r = 0; r < nrows; r++) {
			bool row = true;

			for (i = 0; i < 2; i++) {
				const struct delta_column *c = &skip_columns[b[i].column];

				row = row && !(b[i].has_low && order(c, &rows[r][b[i].column], &b[i].low) < 0) &&
				    !(b[i].has_high && order(c, &rows[r][b[i].column], &b[i].high) > 0);
			}
			any = any || row;
		}
		may = delta_file_may_match(&s, &f, b, 2);
		CHECK(may || !any, "lost: columns %s %s of %s", skip_columns[b[0].column].name,
		    skip_columns[b[1].column].name, f.stats);
		skipped += !may;
		met += any;
	}
	CHECK(skipped > 1000 && met > 1000, "%zu skipped, %zu met: the test tests little", skipped, met);
	buf_free(&json);
	OK("delta", "skipping by statistics never loses a row");
}

/* ---- widening ---- */

static void
casts(void)
{
	struct pq_column i32 = { .type = PQ_INT32, .shape = PQ_I32 }, d9 = { .type = PQ_DECIMAL, .precision = 9,
	    .scale = 2, .shape = PQ_I64 };
	struct delta_column i64 = { .type = PQ_INT64 }, d20 = { .type = PQ_DECIMAL, .precision = 20, .scale = 4 };
	struct delta_column d10 = { .type = PQ_DECIMAL, .precision = 10, .scale = 4 };
	int32_t in[2] = { INT32_MIN, 7 };
	int64_t in64[2] = { -999999999, 1 }, out[2];
	i128 wide[2];
	struct delta_caster c = delta_caster(&i32, &i64);

	delta_cast(&c, &(struct pq_vector){ .n = 2, .v.i32 = in }, 2, out);
	CHECK(out[0] == INT32_MIN && out[1] == 7, "%" PRId64, out[0]);
	c = delta_caster(&d9, &d20);
	delta_cast(&c, &(struct pq_vector){ .n = 2, .v.i64 = in64 }, 2, wide);
	CHECK(wide[0] == -(i128)99999999900 && wide[1] == 100, "decimal");
	CHECK(delta_caster(&d9, &d10).cast == DELTA_NO_CAST, "seven digits before the point do not fit into six");
	CHECK(delta_caster(&(struct pq_column){ .type = PQ_INT64, .shape = PQ_I64 },
	    &(struct delta_column){ .type = PQ_INT32 }).cast ==
	    DELTA_NO_CAST, "nothing is narrowed");
	OK("delta", "values of a narrower type become the table's, none is cut");
}

/* ---- what may be done to a table ---- */

static void
permissions(void)
{
	/* a property of a table; the program may add rows, rewrite them, move them to other files */
	static const struct {
		struct delta_pair property;
		const char *schema;
		bool adds, rewrites, moves;
	} tables[] = {
		{ { "delta.appendOnly", "true" }, NULL, true, false, true },
		{ { "delta.appendOnly", "false" }, NULL, true, true, true },
		{ { "delta.enableChangeDataFeed", "True" }, NULL, true, false, true },
		{ { "delta.columnMapping.mode", "name" }, NULL, false, false, false },
		{ { "delta.columnMapping.mode", "none" }, NULL, true, true, true },
		{ { "delta.constraints.positive", "x > 0" }, NULL, false, false, true },
		{ { "owner", "me" }, "{\"delta.invariants\":1}", false, false, true },
		{ { "owner", "me" }, "{\"delta.generationExpression\":1}", false, false, true },
		{ { "owner", "me" }, "{\"delta.identity.start\":1}", false, false, true },
		{ { "owner", "me" }, "{\"CURRENT_DEFAULT\":1}", false, false, true },
		{ { "owner", "me" }, "{}", true, true, true },
	};
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		struct delta_pair pair = tables[i].property;
		struct delta_snapshot t = { .protocol = { .reader = 1, .writer = 2 },
		    .metadata = { .configuration = &pair, .nconfiguration = 1, .schema = tables[i].schema } };
		struct msg err = { 0 }, newer = { 0 };

		CHECK((delta_may_write(&t, false, &err) == 0) == tables[i].adds, "table %zu: %s", i, err.text);
		CHECK((delta_may_write(&t, true, &err) == 0) == tables[i].rewrites, "table %zu: %s", i, err.text);
		CHECK((delta_may_rearrange(&t, &err) == 0) == tables[i].moves, "table %zu: %s", i, err.text);
		CHECK(err.status == 0 || err.status == EX_UNAVAILABLE, "table %zu: %d", i, err.status);
		CHECK(!delta_may_vector(&t), "table %zu", i);
		t.protocol.writer = 99;
		CHECK(delta_may_write(&t, false, &newer) < 0 && strstr(newer.text, "writer version 99") != NULL, "%s",
		    newer.text);
	}
	OK("delta", "what a property lets a program do");
}

static void
properties(void)
{
	static const struct delta_pair good[] = { { "owner", "anybody" }, { DELTA_VECTORS, "true" },
	    { DELTA_VECTORS, "false" }, { "delta.enableExpiredLogCleanup", "false" },
	    { DELTA_RETENTION, "interval 2 weeks" },
	    { DELTA_LOG_RETENTION, "interval 1 day 2 hours" }, { "delta.checkpointInterval", "20" } };
	static const struct delta_pair bad[] = { { DELTA_VECTORS, "yes" }, { "delta.enableExpiredLogCleanup", "" },
	    { DELTA_RETENTION, "2 moons" }, { DELTA_LOG_RETENTION, "" }, { "delta.checkpointInterval", "0" },
	    { "delta.checkpointInterval", "1x" }, { "delta.checkpointInterval", "" }, { "delta.appendOnly", "true" } };
	static const char *const names[][2] = { { "a b", "x" }, { "", "x" }, { "a=b", "x" }, { "x", "a;b" },
	    { "Id", "iD" }, { "a", "b" } };
	size_t i, n = sizeof(names) / sizeof(*names);
	struct msg err = { 0 };

	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK(delta_property_check(good[i].key, good[i].value, &err) == 0, "%s", err.text);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		err = (struct msg){ 0 };
		CHECK(delta_property_check(bad[i].key, bad[i].value, &err) < 0 && err.status == EX_USAGE &&
		    strstr(err.text, bad[i].key) != NULL, "%s: %s", bad[i].key, err.text);
	}
	for (i = 0; i < n; i++) {
		struct delta_column two[] = { { .name = names[i][0] }, { .name = names[i][1] } };

		err = (struct msg){ 0 };
		CHECK((delta_schema_check(two, 2, &err) == 0) == (i == n - 1), "%s, %s", names[i][0], names[i][1]);
		CHECK(i == n - 1 || err.status == EX_CONFIG, "%d", err.status);
	}
	OK("delta", "properties and names that a new table may have");
}

int
main(void)
{
	unit_start();
	permissions();
	properties();
	uris();
	durations();
	z85();
	vectors();
	names();
	replays();
	refusals();
	sidecars();
	partition_values();
	statistics();
	unbounded();
	skipping();
	casts();
	return 0;
}
