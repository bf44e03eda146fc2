/*
 * Random histories of deliveries against memcmp over everything that was delivered: what a file begins with, its sums,
 * its pieces, and the ledger read back from a stream.
 */
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "ledger/ledger.h"

enum { BLOCK = 100, MOST = 40, BYTES = 700 };

static struct model {			/* a delivery */
	uint8_t bytes[BYTES];
	size_t n;
	int table;
	bool packed;
} model[MOST];
static size_t nmodel;

static const char *const tables[] = { "accounts", "loans" };
static char *folder;			/* in memory where there is such a place, as files are synced */
static bool copies;			/* this history copies its pieces, which takes time */

/* ---- files ---- */

static void
add_random(struct model *m, size_t n)
{
	while (n-- > 0 && m->n < BYTES)
		m->bytes[m->n++] = unit_below(6) == 0 ? '\n' : (uint8_t)('a' + unit_below(3));
}

/* A file that has something to do with an earlier one: the same, longer, shorter, changed inside; or nothing. */
static struct model
next_file(void)
{
	struct model m = { .n = 0 };

	if (nmodel > 0 && unit_below(6) > 0)
		m = model[unit_below(nmodel)];
	m.table = (int)unit_below(2);
	switch (unit_below(5)) {
	case 0:
		break;
	case 1:
		m.n = unit_below(m.n + 1);
		break;
	case 2:
		if (m.n > 0)
			m.bytes[unit_below(m.n)] ^= 1;
		break;
	default:
		add_random(&m, unit_below(2 * BLOCK));
	}
	if (m.n == 0 && unit_below(4) == 0) {
		memcpy(m.bytes, "\x1f\x8b\x08", 3);	/* what gzip begins with */
		m.n = 3;
	}
	if (m.n == 0 || memchr(m.bytes, '\n', m.n) == NULL) {
		m.n = m.n < BYTES ? m.n : BYTES - 1;
		m.bytes[m.n++] = '\n';
	}
	m.packed = m.n >= 3 && memcmp(m.bytes, "\x1f\x8b\x08", 3) == 0;
	return m;
}

/* The longest earlier file of the table that it begins with; compressed, only itself. Of equal ones any. */
static size_t
expected_bytes(const struct model *m)
{
	size_t best = 0, i;

	for (i = 0; i < nmodel; i++)
		if (model[i].table == m->table && model[i].n <= m->n && (!m->packed || model[i].n == m->n) &&
		    memcmp(model[i].bytes, m->bytes, model[i].n) == 0 && model[i].n > best)
			best = model[i].n;
	return best;
}

static void
write_file(const char *path, const struct model *m)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, m->bytes, m->n) == (ssize_t)m->n && close(fd) == 0, "%s", path);
}

/* ---- what was taken ---- */

static void
check_sum(const void *p, size_t n, const char *digits)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	char text[2 * EVP_MAX_MD_SIZE + 1] = "";
	unsigned len, i;

	CHECK(EVP_Digest(p, n, sum, &len, EVP_sha256(), NULL) == 1, "EVP");
	for (i = 0; i < len; i++)
		sprintf(text + 2 * (size_t)i, "%02x", sum[i]);
	CHECK(strcmp(text, digits) == 0, "%s, not %s", digits, text);
}

/* The pieces one after another are the file. */
static size_t
check_pieces(const struct ledger *l, const struct ledger_entry *e, const struct model *m)
{
	size_t at = e->base != 0 ? check_pieces(l, ledger_entry(l, e->base), m) : 0;
	char *path = xasprintf("%s/%s", folder, e->piece);
	uint8_t got[BYTES];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, got, sizeof(got)) : -1;

	CHECK(n == e->bytes - e->offset && at == (size_t)e->offset && memcmp(got, m->bytes + at, (size_t)n) == 0, "%s",
	    path);
	check_sum(got, (size_t)n, e->piece_sha256);
	close(fd);
	free(path);
	return at + (size_t)n;
}

static void
check_taken(const struct ledger *l, const struct ledger_entry *e, const struct model *m)
{
	int64_t lines = 0;
	size_t i;

	for (i = 0; i < m->n; i++)
		lines += m->bytes[i] == '\n';
	check_sum(m->bytes, m->n, e->sha256);
	CHECK(e->lines == (m->packed ? -1 : lines), "%" PRId64 " lines", e->lines);
	CHECK(!copies || check_pieces(l, e, m) == m->n, "pieces");
}

static void
deliver(struct ledger *l, const char *path)
{
	struct model m = next_file();
	size_t expected = expected_bytes(&m);
	const struct ledger_entry *found;
	struct ledger_entry e = { .table = tables[m.table], .name = "day/file.csv", .run = "run", .arrived = 1 };
	struct ledger_file f;
	struct msg err = { 0 };

	write_file(path, &m);
	CHECK(ledger_file_open(&f, path, &err) == 0, "%s", err.text);
	CHECK(f.packed == m.packed, "packed");
	CHECK(ledger_match(l, e.table, &f, &found, &err) == 0, "%s", err.text);
	CHECK((found != NULL ? (size_t)found->bytes : 0) == expected, "begins with %" PRId64 ", not %zu",
	    found != NULL ? found->bytes : 0, expected);
	if (expected < m.n) {
		CHECK(ledger_take(l, &f, found, copies ? folder : NULL, &e, &err) == 0, "%s", err.text);
		check_taken(l, ledger_add(l, &e), &m);
		model[nmodel++] = m;
	}
	ledger_file_close(&f);
}

/* ---- the stream ---- */

static void
write_ledger(const struct ledger *l, const char *path)
{
	struct rec_header h;
	struct rec_writer out;
	size_t i;

	ledger_header(&h);
	CHECK(rec_create(&out, path, &h) == 0, "%s", out.err.text);
	for (i = l->n; i > 0; i--)		/* in any order */
		CHECK(ledger_put(&out, &l->entries[i - 1]) == 0, "%s", out.err.text);
	CHECK(rec_finish(&out) == 0, "%s", out.err.text);
	rec_header_free(&h);
}

static int
read_ledger(struct ledger *l, const char *path, struct msg *err)
{
	struct rec_reader in;
	int got;

	*l = (struct ledger){ .block = BLOCK };
	CHECK(rec_open(&in, path, 0) == 0, "%s", in.err.text);
	got = ledger_read(l, &in, err);
	rec_close(&in);
	return got;
}

static void
check_equal(const struct ledger *a, const struct ledger *b)
{
	const struct ledger_entry *x, *y;
	size_t i;

	CHECK(a->n == b->n, "%zu entries, not %zu", b->n, a->n);
	for (i = 0; i < a->n; i++) {
		x = &a->entries[i];
		y = &b->entries[i];
		CHECK(x->number == y->number && x->bytes == y->bytes && x->base == y->base && x->offset == y->offset &&
		    x->lines == y->lines && x->dated == y->dated && x->arrived == y->arrived &&
		    x->replaces == y->replaces, "numbers of %zu", i);
		CHECK(strcmp(x->table, y->table) == 0 && strcmp(x->name, y->name) == 0 && strcmp(x->run, y->run) == 0 &&
		    strcmp(x->piece, y->piece) == 0 && strcmp(x->blocks, y->blocks) == 0 &&
		    strcmp(x->state, y->state) == 0 && strcmp(x->sha256, y->sha256) == 0, "texts of %zu", i);
	}
}

/* An entry that contradicts its base or itself is refused. */
static void
check_damage(struct ledger *l, const char *path)
{
	struct ledger_entry *e = &l->entries[unit_below(l->n)], was = *e;
	struct ledger got;
	struct msg err = { 0 };

	switch (unit_below(5)) {
	case 0:
		e->bytes += BLOCK;
		break;
	case 1:
		e->offset++;
		break;
	case 2:
		e->base = e->number;
		break;
	case 3:
		e->blocks = "00";
		break;
	default:
		e->state = "";
	}
	write_ledger(l, path);
	CHECK(read_ledger(&got, path, &err) < 0 && err.status == EX_DATAERR, "damage of %" PRId64 " not seen: %s",
	    was.number, err.text);
	ledger_free(&got);
	*e = was;
}

static void
check_history(void)
{
	struct ledger l = { .block = BLOCK }, again;
	char *path = xasprintf("%s/file", folder), *stream = xasprintf("%s/ledger", folder);
	struct msg err = { 0 };

	nmodel = 0;
	copies = unit_below(40) == 0;
	while (nmodel < MOST && unit_below(60) > 0) {
		deliver(&l, path);
		if (unit_below(8) > 0)
			continue;
		write_ledger(&l, stream);
		CHECK(read_ledger(&again, stream, &err) == 0, "%s", err.text);
		check_equal(&l, &again);
		ledger_free(&l);
		l = again;
	}
	if (l.n > 0)
		check_damage(&l, stream);
	ledger_free(&l);
	free(path);
	free(stream);
}

/* ---- a file that is still being written ---- */

static void
check_unfinished(void)
{
	struct model m = { .bytes = "id\n1\n2\n", .n = 7 };
	char *path = xasprintf("%s/file", folder);
	struct ledger l = { .block = BLOCK };
	struct ledger_entry e = { .table = "accounts", .name = "a.csv", .run = "" };
	struct ledger_file f;
	struct msg err = { 0 };

	for (int longer = 0; longer < 2; longer++) {
		write_file(path, &m);
		err.status = 0;
		CHECK(ledger_file_open(&f, path, &err) == 0 && ledger_file_same(&f, &err) == 0, "%s", err.text);
		CHECK(truncate(path, longer ? 8 : 5) == 0, "truncate");
		CHECK(ledger_take(&l, &f, NULL, folder, &e, &err) < 0 && err.status == EX_DATAERR, "%s", err.text);
		CHECK(strstr(err.text, longer ? "changed while it was read" : "shorter than it was") != NULL, "%s",
		    err.text);
		ledger_file_close(&f);
	}
	ledger_free(&l);
	free(path);
}

/* ---- the newest ---- */

static void
check_newest(void)
{
	static const struct { bool dated; int32_t day; } of[] = { { true, 5 }, { true, 7 }, { true, 6 }, { true, 7 },
	    { false, 0 }, { true, 6 }, { true, 8 } };
	static const int64_t newest[] = { 1, 2, 2, 4, 5, 5, 7 };
	struct ledger l = { .block = BLOCK };
	struct ledger_entry e = { .table = "accounts" };
	size_t i;

	CHECK(ledger_newest(&l, "accounts") == NULL, "none");
	for (i = 0; i < sizeof(newest) / sizeof(*newest); i++) {
		e.dated = of[i].dated;
		e.day = of[i].day;
		ledger_add(&l, &e);
		CHECK(ledger_newest(&l, "accounts")->number == newest[i], "after %zu", i);
		CHECK(ledger_newest(&l, "loans") == NULL, "of another table");
	}
	ledger_free(&l);
}

/* ---- SHA-256 ---- */

/* A sum that is saved and continued anywhere is that of the whole. */
static void
check_sha256(void)
{
	static uint8_t bytes[4096];
	struct ledger_sha256 s;
	char state[LEDGER_STATE + 1], sum[LEDGER_SHA256 + 1];
	size_t n = unit_any() % sizeof(bytes), at = 0, len, i;

	for (i = 0; i < n; i++)
		bytes[i] = (uint8_t)unit_random();
	ledger_sha256_begin(&s);
	for (; at < n; at += len) {
		len = unit_any() % (n - at) + 1;
		ledger_sha256_add(&s, bytes + at, len);
		ledger_sha256_state(&s, state);
		ledger_sha256_end(&s, sum);
		check_sum(bytes, at + len, sum);
		CHECK(!ledger_sha256_resume(&s, state, at + len + 1), "a state of another length");
		CHECK(ledger_sha256_resume(&s, state, at + len), "%s", state);
	}
	ledger_sha256_end(&s, sum);
	check_sum(bytes, n, sum);
}

/* A sum of more than 2^32 bits goes on past the first word of its length. */
static void
check_long_sha256(void)
{
	struct ledger_sha256 s;
	char state[LEDGER_STATE + 1];
	uint64_t bytes = (UINT64_C(1) << 32) + 64;

	ledger_sha256_begin(&s);
	ledger_sha256_state(&s, state);
	CHECK(ledger_sha256_resume(&(struct ledger_sha256){ 0 }, state, 1) == false, "length");
	free(s.state);
	CHECK(ledger_sha256_resume(&s, state, bytes), "resume");
	CHECK(s.state->Nl == 512 && s.state->Nh == 8, "%x %x", s.state->Nh, s.state->Nl);
	free(s.state);
}

int
main(void)
{
	const char *cases = getenv("ACCT_CASES");
	unsigned long n = cases != NULL ? strtoul(cases, NULL, 10) : 100, i;
	char *remove;

	unit_start();
	folder = xasprintf("%s/ledger-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	CHECK(mkdtemp(folder) != NULL, "%s", folder);
	for (i = 0; i < n; i++)
		check_history();
	OK("ledger", "random histories");
	check_unfinished();
	OK("ledger", "files still being written");
	check_newest();
	OK("ledger", "the newest delivery");
	for (i = 0; i < 10 * n; i++)
		check_sha256();
	check_long_sha256();
	OK("ledger", "SHA-256 from a saved state");
	remove = xasprintf("rm -rf %s", folder);
	CHECK(system(remove) == 0, "%s", remove);
	free(remove);
	free(folder);
	return 0;
}
