/* Takes a file over: sums and copies what is new of it, reading that once. */
#include "ledger/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/io.h"
#include "ledger/part.h"

enum { SHORT_SUM = 16 };	/* digits of a sum in the name of a file of bronze */

void
ledger_part_hash(const void *p, size_t n, char out[LEDGER_HASH + 1])
{
	static const char digits[] = "0123456789abcdef";
	XXH128_canonical_t c;
	size_t i;

	XXH128_canonicalFromHash(&c, XXH3_128bits(p, n));
	for (i = 0; i < sizeof(c.digest); i++) {
		out[2 * i] = digits[c.digest[i] >> 4];
		out[2 * i + 1] = digits[c.digest[i] & 15];
	}
	out[LEDGER_HASH] = '\0';
}

struct taking {
	int64_t block;
	struct ledger_sha256 whole, piece;
	struct buf blocks;
	int64_t lines;
	bool tail;		/* the piece is not the whole */
	bool copies;
	struct io_out out;
};

static int64_t
count_lines(const uint8_t *p, size_t n)
{
	const uint8_t *end = p + n;
	int64_t lines = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		lines++;
		p++;
	}
	return lines;
}

/* Reads a block of which the bytes from `skip` on are new. */
static int
take_block(struct taking *t, struct ledger_file *f, int64_t begin, size_t skip, struct msg *err)
{
	int64_t left = f->bytes - begin;
	size_t n = (size_t)(left < t->block ? left : t->block);
	char hash[LEDGER_HASH + 1];

	if (ledger_part_read(f, begin, f->block, n, err) < 0)
		return -1;
	ledger_part_hash(f->block, n, hash);
	buf_adds(&t->blocks, hash);
	ledger_sha256_add(&t->whole, f->block + skip, n - skip);
	if (t->tail)
		ledger_sha256_add(&t->piece, f->block + skip, n - skip);
	t->lines += count_lines(f->block + skip, n - skip);
	return t->copies ? io_write(t->out.fd, f->block + skip, n - skip, t->out.temp, err) : 0;
}

/* Reads what is new. */
static int
take_blocks(struct taking *t, struct ledger_file *f, int64_t offset, struct msg *err)
{
	int64_t begin = offset / t->block * t->block;
	size_t skip = (size_t)(offset - begin);

	for (; begin < f->bytes; begin += t->block, skip = 0)
		if (take_block(t, f, begin, skip, err) < 0)
			return -1;
	return 0;
}

static int
begin_copy(struct taking *t, const char *folder, const char *table, struct msg *err)
{
	char *in = xasprintf("%s/%s", folder, table), *path = xasprintf("%s/.piece", in);
	int failed = mkdir(in, 0777) < 0 && errno != EEXIST ? msg_sys(err, EX_CANTCREAT, "%s", in) : 0;

	if (!failed)
		failed = io_create(&t->out, path, err);
	t->copies = !failed;
	free(path);
	free(in);
	return failed;
}

/* Takes away the permissions to write a file. */
static int
protect(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -1 : fchmod(fd, st.st_mode & 0440);
}

/* The copy gets its name, and like all of bronze is never written again. */
static int
end_copy(struct taking *t, const char *folder, const struct ledger_entry *e, struct msg *err)
{
	char *path = xasprintf("%s/%s", folder, e->piece);
	int failed = protect(t->out.fd) < 0 ? msg_sys(err, EX_IOERR, "%s", path) : 0;

	if (!failed) {
		free(t->out.path);
		t->out.path = path;
		path = NULL;
		failed = io_commit(&t->out, err);
		t->copies = false;
	}
	free(path);
	return failed;
}

/* Fills what the sums give. */
static void
end_sums(struct taking *t, struct ledger *l, const struct ledger_file *f, const struct ledger_entry *base,
    struct ledger_entry *e)
{
	char sum[LEDGER_SHA256 + 1], state[LEDGER_STATE + 1], *path;
	const char *slash = strrchr(e->name, '/');

	ledger_sha256_state(&t->whole, state);
	ledger_sha256_end(&t->whole, sum);
	e->state = ledger_text(l, state);
	e->sha256 = ledger_text(l, sum);
	ledger_sha256_end(&t->piece, sum);
	e->piece_sha256 = base != NULL ? ledger_text(l, sum) : e->sha256;
	path = xasprintf("%s/%.*s-%s", e->table, SHORT_SUM, e->piece_sha256, slash != NULL ? slash + 1 : e->name);
	e->piece = ledger_text(l, path);
	free(path);
	e->blocks = ledger_text(l, buf_cstr(&t->blocks));
	e->bytes = f->bytes;
	e->base = base != NULL ? base->number : 0;
	e->offset = base != NULL ? base->bytes : 0;
	e->lines = f->packed ? -1 : t->lines + (base != NULL ? base->lines : 0);
}

int
ledger_take(struct ledger *l, struct ledger_file *f, const struct ledger_entry *base, const char *folder,
    struct ledger_entry *e, struct msg *err)
{
	struct taking t = { .block = l->block, .tail = base != NULL };
	int failed = 0;

	if (base == NULL)
		ledger_sha256_begin(&t.whole);
	else if (!ledger_sha256_resume(&t.whole, base->state, (uint64_t)base->bytes))
		return msg_set(err, EX_DATAERR, "damaged ledger: delivery %" PRId64 ": not a state of SHA-256",
		    base->number);
	ledger_sha256_begin(&t.piece);
	if (folder != NULL)
		failed = begin_copy(&t, folder, e->table, err);
	if (!failed)
		failed = take_blocks(&t, f, base != NULL ? base->bytes : 0, err);
	if (!failed)
		failed = ledger_file_same(f, err);
	end_sums(&t, l, f, base, e);
	if (!failed && folder != NULL)
		failed = end_copy(&t, folder, e, err);
	if (t.copies)
		io_abandon(&t.out);
	buf_free(&t.blocks);
	return failed;
}

/* Reads the bytes of a piece, and copies them. */
static int
copy_bytes(struct taking *t, struct ledger_file *f, const struct ledger_entry *e, struct msg *err)
{
	int64_t at, left;
	size_t n;

	for (at = e->offset; at < e->bytes; at += (int64_t)n) {
		left = e->bytes - at;
		n = (size_t)(left < t->block ? left : t->block);
		if (ledger_part_read(f, at, f->block, n, err) < 0)
			return -1;
		ledger_sha256_add(&t->piece, f->block, n);
		if (io_write(t->out.fd, f->block, n, t->out.temp, err) < 0)
			return -1;
	}
	return 0;
}

int
ledger_copy(struct ledger_file *f, const struct ledger_entry *e, const char *folder, struct msg *err)
{
	struct taking t = { .block = LEDGER_BLOCK };
	char sum[LEDGER_SHA256 + 1];
	int failed = begin_copy(&t, folder, e->table, err);

	ledger_sha256_begin(&t.piece);
	if (!failed)
		failed = copy_bytes(&t, f, e, err);
	ledger_sha256_end(&t.piece, sum);
	if (!failed && strcmp(sum, e->piece_sha256) != 0)
		failed = msg_set(err, EX_DATAERR, "%s: not what it was, by the SHA-256 of its bytes from %" PRId64,
		    f->path, e->offset);
	if (!failed)
		failed = end_copy(&t, folder, e, err);
	if (t.copies)
		io_abandon(&t.out);
	return failed;
}
