/*
 * Which delivery does a file begin with? The deliveries that no other is based on are compared with the file block by
 * block; where one differs, its base, which is shorter and equal so far, takes its place.
 */
#include "ledger/ledger.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/num.h"
#include "csv/kind.h"
#include "ledger/part.h"

/* ---- the file ---- */

int
ledger_part_read(struct ledger_file *f, int64_t offset, void *p, size_t n, struct msg *err)
{
	uint8_t *to = p;
	ssize_t got;

	if (f->store != NULL)
		return store_in_read(&f->in, (uint64_t)offset, p, n, err);
	while (n > 0) {
		if ((got = pread(f->fd, to, n, (off_t)offset)) < 0)
			return msg_sys(err, EX_IOERR, "%s", f->path);
		if (got == 0)
			return msg_set(err, EX_DATAERR, "%s: shorter than it was at the start; is it still being "
			    "written?", f->path);
		to += got;
		offset += got;
		n -= (size_t)got;
	}
	return 0;
}

/* Looks at the first bytes: is it compressed, and if not, is the first line there? */
static int
look(struct ledger_file *f, struct msg *err)
{
	size_t n = f->bytes < LEDGER_BLOCK ? (size_t)f->bytes : LEDGER_BLOCK;
	enum csv_kind kind;

	if (ledger_part_read(f, 0, f->block, n, err) < 0)
		return -1;
	kind = csv_kind(f->block, n < CSV_KIND_BYTES ? n : CSV_KIND_BYTES);
	f->packed = kind == CSV_KIND_GZIP || kind == CSV_KIND_ZSTD;
	if (!f->packed && memchr(f->block, '\n', n) == NULL)
		return msg_set(err, EX_DATAERR, "%s: no whole header; is it still being written?", f->path);
	return 0;
}

static int
open_file(struct ledger_file *f, struct msg *err)
{
	f->state = xcalloc(1, sizeof(*f->state));
	if ((f->fd = io_open(f->path, err)) < 0)
		return -1;
	if (fstat(f->fd, f->state) < 0)
		return msg_sys(err, EX_IOERR, "%s", f->path);
	if (!S_ISREG(f->state->st_mode))
		return msg_set(err, EX_NOINPUT, "%s: not a file", f->path);
	f->bytes = f->state->st_size;
	return 0;
}

static int
open_object(struct ledger_file *f, struct msg *err)
{
	const char *name;

	if (store_open_folder_of(&f->store, f->path, &name, err) < 0 ||
	    store_in_open(f->store, name, &f->in, err) < 0)
		return -1;
	f->bytes = (int64_t)f->in.size;
	return 0;
}

int
ledger_file_open(struct ledger_file *f, const char *path, struct msg *err)
{
	*f = (struct ledger_file){ .fd = -1, .path = path };
	if ((store_is_remote(path) ? open_object(f, err) : open_file(f, err)) < 0)
		return -1;
	if (f->bytes == 0)
		return msg_set(err, EX_DATAERR, "%s: empty", path);
	f->block = xmalloc(f->bytes < LEDGER_BLOCK ? (size_t)f->bytes : LEDGER_BLOCK);
	return look(f, err);
}

int
ledger_file_same(const struct ledger_file *f, struct msg *err)
{
	const struct stat *was = f->state;
	struct stat is;

	if (f->store != NULL)
		return 0;
	if (stat(f->path, &is) < 0)
		return msg_sys(err, EX_NOINPUT, "%s", f->path);
	if (is.st_size == was->st_size && is.st_ino == was->st_ino && is.st_dev == was->st_dev &&
	    is.st_mtim.tv_sec == was->st_mtim.tv_sec && is.st_mtim.tv_nsec == was->st_mtim.tv_nsec)
		return 0;
	return msg_set(err, EX_DATAERR, "%s: changed while it was read; is it still being written?", f->path);
}

void
ledger_file_close(struct ledger_file *f)
{
	if (f->fd > STDERR_FILENO)
		close(f->fd);
	store_in_close(&f->in);
	store_close(f->store);
	free(f->state);
	free(f->block);
	*f = (struct ledger_file){ .fd = -1 };
}

/* ---- the deliveries ---- */

struct matcher {
	const struct ledger *l;
	struct ledger_file *f;
	const struct ledger_entry **live;	/* deliveries equal so far; owned */
	size_t n;
	const struct ledger_entry *found;
};

/* The longest delivery, of an entry and its bases, that is not longer than the file. */
static const struct ledger_entry *
fitting(const struct matcher *m, const struct ledger_entry *e)
{
	while (e != NULL && (e->bytes > m->f->bytes || (m->f->packed && e->bytes != m->f->bytes)))
		e = ledger_entry(m->l, e->base);
	return e;
}

static void
add_live(struct matcher *m, const struct ledger_entry *e)
{
	if ((e = fitting(m, e)) != NULL)
		m->live[m->n++] = e;
}

/* Starts with the table's deliveries that are no other's base. */
static void
begin_live(struct matcher *m, const char *table)
{
	bool *is_base = xcalloc(m->l->n + 1, sizeof(*is_base));
	size_t i;

	m->live = xcalloc(m->l->n + 1, sizeof(*m->live));
	for (i = 0; i < m->l->n; i++)
		is_base[m->l->entries[i].base] = true;
	for (i = 0; i < m->l->n; i++)
		if (!is_base[i + 1] && strcmp(m->l->entries[i].table, table) == 0)
			add_live(m, &m->l->entries[i]);
	free(is_base);
}

static void
note_found(struct matcher *m, const struct ledger_entry *e)
{
	if (m->found == NULL || e->bytes >= m->found->bytes)
		m->found = e;
}

/*
 * Compares an entry with block number `block` of the file, all of which is at hand. Returns the entry to go on with:
 * itself, or NULL where it or a base of it has ended.
 */
static const struct ledger_entry *
compare_block(struct matcher *m, const struct ledger_entry *e, int64_t block)
{
	int64_t size = m->l->block, left;
	char hash[LEDGER_HASH + 1];

	for (; e != NULL; e = fitting(m, ledger_entry(m->l, e->base))) {
		left = e->bytes - block * size;
		if (left > 0) {
			ledger_part_hash(m->f->block, (size_t)(left < size ? left : size), hash);
			if (memcmp(hash, ledger_block(m->l, e, block), LEDGER_HASH) != 0)
				continue;
		}
		if (left > size)
			return e;
		note_found(m, e);
		return NULL;
	}
	return NULL;
}

int
ledger_match(const struct ledger *l, const char *table, struct ledger_file *f, const struct ledger_entry **found,
    struct msg *err)
{
	struct matcher m = { .l = l, .f = f };
	const struct ledger_entry *e;
	int64_t block, left;
	size_t i, n;
	int failed = 0;

	begin_live(&m, table);
	for (block = 0; m.n > 0 && !failed; block++) {
		left = f->bytes - block * l->block;
		failed = ledger_part_read(f, block * l->block, f->block, (size_t)(left < l->block ? left : l->block),
		    err);
		n = failed ? 0 : m.n;
		m.n = 0;
		for (i = 0; i < n; i++)
			if ((e = compare_block(&m, m.live[i], block)) != NULL)
				m.live[m.n++] = e;
	}
	free(m.live);
	*found = m.found;
	return failed;
}
