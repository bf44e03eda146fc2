/*
 * Checks the pieces of bronze by the ledger: each by its length and its SHA-256, each delivery by that of its pieces,
 * one after another; that every piece is there, and no other file; and that each silver table was made of pieces that
 * are a delivery's.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/num.h"
#include "base/progress.h"
#include "check/ledger.h"
#include "check/parts.h"

#define BRONZE "bronze"
#define LEDGER BRONZE "/_ledger"

enum { PIECE = 256 * 1024, LINE_FIELDS = 4 };

struct piece {				/* a file of bronze */
	char *name;			/* below bronze; owned */
	uint64_t bytes;
	bool named;			/* by a delivery */
};

struct bronze_pieces {
	struct check *check;
	const char *lake;
	struct store *store;		/* of the lake */
	struct check_ledger ledger;
	EVP_MD_CTX **after;		/* of each delivery, SHA-256 at its end; owned; NULL: not known */
	struct piece *pieces;		/* by name */
	size_t npieces;
	uint64_t read;			/* bytes of pieces */
};

/* ---- the files ---- */

/* Lists the files of a folder of bronze. */
static int
list_folder(struct bronze_pieces *b, const char *folder, struct msg *err)
{
	char *path = xasprintf(BRONZE "/%s", folder);
	struct store_list list;
	int failed = store_list(b->store, path, &list, err);
	size_t i;

	free(path);
	if (failed)
		return -1;
	b->pieces = xreallocarray(b->pieces, b->npieces + list.n + 1, sizeof(*b->pieces));
	for (i = 0; i < list.n; i++)
		if (*list.entries[i].name != '.')
			b->pieces[b->npieces++] = (struct piece){ xasprintf("%s/%s", folder, list.entries[i].name),
			    list.entries[i].size, false };
	store_list_free(&list);
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct piece *)a)->name, ((const struct piece *)b)->name);
}

static int
list_pieces(struct bronze_pieces *b, struct msg *err)
{
	struct store_list folders;
	size_t i;

	if (store_list_folders(b->store, BRONZE, &folders, err) < 0)
		return -1;
	for (i = 0; i < folders.n && err->status == 0; i++)
		if (*folders.entries[i].name != '_' && *folders.entries[i].name != '.')
			(void)list_folder(b, folders.entries[i].name, err);
	store_list_free(&folders);
	if (b->npieces > 1)
		qsort(b->pieces, b->npieces, sizeof(*b->pieces), by_name);
	return err->status != 0 ? -1 : 0;
}

/* ---- sums ---- */

static EVP_MD_CTX *
new_sum(const EVP_MD_CTX *from)
{
	EVP_MD_CTX *sum = EVP_MD_CTX_new();

	if (sum == NULL || (from != NULL ? EVP_MD_CTX_copy_ex(sum, from) :
	    EVP_DigestInit_ex(sum, EVP_sha256(), NULL)) != 1)
		msg_die(EX_OSERR, "SHA-256: out of memory");
	return sum;
}

/* Writes the digits of a sum, which may go on. */
static void
sum_text(const EVP_MD_CTX *sum, char out[CHECK_SHA256])
{
	EVP_MD_CTX *copy = new_sum(sum);
	uint8_t bytes[EVP_MAX_MD_SIZE];
	size_t i;

	if (EVP_DigestFinal_ex(copy, bytes, NULL) != 1)
		msg_die(EX_SOFTWARE, "SHA-256 failed");
	for (i = 0; i < (CHECK_SHA256 - 1) / 2; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	EVP_MD_CTX_free(copy);
}

/* Adds the bytes of a piece to one sum, or to two. */
static int
add_piece(struct bronze_pieces *b, const char *name, EVP_MD_CTX *one, EVP_MD_CTX *other, struct msg *err)
{
	uint8_t *p = xmalloc(PIECE);
	struct store_in in = { 0 };
	uint64_t at;
	size_t n = 0;
	int failed = store_in_open(b->store, name, &in, err);

	for (at = 0; !failed && at < in.size; at += n) {
		n = in.size - at < PIECE ? (size_t)(in.size - at) : PIECE;
		failed = store_in_read(&in, at, p, n, err);
		if (!failed && (EVP_DigestUpdate(one, p, n) != 1 ||
		    (other != NULL && EVP_DigestUpdate(other, p, n) != 1)))
			failed = msg_set(err, EX_SOFTWARE, "%s: SHA-256 failed", in.path);
		b->check->bytes += n;
		progress_add(n, 0);
		progress_poll();
	}
	store_in_close(&in);
	free(p);
	return failed ? -1 : 0;
}

/* ---- deliveries ---- */

/* Reads a piece that has its length, and compares its sum, and that of the file that ends with it. */
static void
check_sums(struct bronze_pieces *b, struct check_delivery *d, const char *thing)
{
	const struct check_delivery *base = check_delivery_of(&b->ledger, d->base);
	EVP_MD_CTX **after = &b->after[d->number - 1], *before = base != NULL ? b->after[base->number - 1] : NULL;
	EVP_MD_CTX *sum = new_sum(NULL), *all = before != NULL ? new_sum(before) : NULL;
	char text[CHECK_SHA256];
	struct msg err = { 0 };

	b->read += (uint64_t)(d->bytes - d->offset);
	if (add_piece(b, thing, sum, all, &err) < 0) {
		check_report(b->check, thing, &err);
	} else if (sum_text(sum, text), strcmp(text, d->piece_sha256) != 0) {
		check_fault(b->check, thing, "%s/%s: damaged: its SHA-256 is %s", b->lake, thing, text);
	} else if (base == NULL || all != NULL) {
		*after = base == NULL ? sum : all;
		sum_text(*after, text);
		if (strcmp(text, d->sha256) != 0)
			check_fault(b->check, LEDGER, "%s/" LEDGER ": delivery %" PRId64
			    ": the SHA-256 of its pieces is %s", b->lake, d->number, text);
	}
	if (*after != sum)
		EVP_MD_CTX_free(sum);
	if (*after != all)
		EVP_MD_CTX_free(all);
}

/* A quick check reads only pieces that its share allows. */
static void
check_delivery(struct bronze_pieces *b, struct check_delivery *d)
{
	struct piece key = { .name = (char *)d->piece }, *p = b->npieces == 0 ? NULL :
	    bsearch(&key, b->pieces, b->npieces, sizeof(key), by_name);
	uint64_t bytes = (uint64_t)(d->bytes - d->offset);
	char *thing = xasprintf(BRONZE "/%s", d->piece);

	if (p == NULL)
		check_fault(b->check, thing, "%s/%s: missing: delivery %" PRId64 " of the ledger has it", b->lake,
		    thing, d->number);
	else if (p->bytes != bytes)
		check_fault(b->check, thing, "%s/%s: damaged: %" PRIu64 " bytes, not %" PRIu64, b->lake, thing,
		    p->bytes, bytes);
	else if (!b->check->quick || b->read + bytes <= CHECK_QUICK_BYTES)
		check_sums(b, d, thing);
	if (p != NULL)
		p->named = true;
	free(thing);
}

static void
check_all(struct bronze_pieces *b)
{
	size_t *order = check_order(b->check, b->ledger.n), i;

	for (i = 0; i < b->ledger.n; i++)
		check_delivery(b, &b->ledger.deliveries[order[i]]);
	free(order);
	b->check->bronze += b->npieces;
	for (i = 0; i < b->npieces; i++)
		if (!b->pieces[i].named) {
			char *thing = xasprintf(BRONZE "/%s", b->pieces[i].name);

			check_fault(b->check, thing, "%s/%s: not in the ledger", b->lake, thing);
			free(thing);
		}
}

/* ---- what silver was made of ---- */

/* Finds a delivery of the table that ends with the piece of a line and follows `before`, or NULL. */
static const struct check_delivery *
find_next(const struct bronze_pieces *b, char *line, const char *table, const struct check_delivery *before)
{
	const struct check_delivery *d, *base;
	char *f[LINE_FIELDS], bytes[NUM_TEXT];
	size_t i;

	for (i = 0; i < LINE_FIELDS; i++)
		f[i] = strsep(&line, "\t");
	if (f[LINE_FIELDS - 1] == NULL || line != NULL || strcmp(f[0], table) != 0)
		return NULL;
	for (d = b->ledger.deliveries; d < b->ledger.deliveries + b->ledger.n; d++) {
		base = check_delivery_of(&b->ledger, d->base);
		snprintf(bytes, sizeof(bytes), "%" PRId64, d->bytes - d->offset);
		if (strcmp(d->table, table) == 0 && strcmp(d->piece, f[3]) == 0 && strcmp(d->piece_sha256, f[1]) == 0 &&
		    strcmp(bytes, f[2]) == 0 &&
		    (base == NULL || (before != NULL && strcmp(base->sha256, before->sha256) == 0)))
			return d;
	}
	return NULL;
}

/* Checks the list of the pieces that a table was made of: whole deliveries of the ledger. */
static void
check_list(const struct bronze_pieces *b, const char *table)
{
	char *name = xasprintf("runs/made/%s/pieces", table), *thing = xasprintf("silver/%s", table), *rest, *line;
	const struct check_delivery *d = NULL;
	struct buf text = { 0 };
	struct msg err = { 0 };
	int got = store_get(b->store, name, &text, &err);
	bool good = true;

	rest = buf_cstr(&text);
	while (got > 0 && good && *rest != '\0') {
		line = strsep(&rest, "\n");
		good = rest != NULL && (d = find_next(b, line, table, d)) != NULL;
	}
	if (got < 0)
		check_report(b->check, thing, &err);
	else if (got > 0 && (!good || d == NULL))
		check_fault(b->check, thing, "%s/%s: damaged: not the pieces of a delivery", b->lake, name);
	buf_free(&text);
	free(thing);
	free(name);
}

static void
check_lists(const struct bronze_pieces *b)
{
	struct store_list made;
	struct msg err = { 0 };
	size_t i;

	if (store_list_folders(b->store, "runs/made", &made, &err) < 0) {
		check_report(b->check, "runs/made", &err);
		return;
	}
	for (i = 0; i < made.n; i++)
		check_list(b, made.entries[i].name);
	store_list_free(&made);
}

/* ---- the whole ---- */

static void
pieces_free(struct bronze_pieces *b)
{
	size_t i;

	for (i = 0; b->after != NULL && i < b->ledger.n; i++)
		EVP_MD_CTX_free(b->after[i]);
	for (i = 0; i < b->npieces; i++)
		free(b->pieces[i].name);
	free(b->after);
	free(b->pieces);
	check_ledger_free(&b->ledger);
}

bool
check_has_ledger(struct store *lake)
{
	struct msg unheard = { 0 };
	enum store_kind kind;

	return store_stat(lake, LEDGER, &kind, &unheard) > 0;
}

void
check_deliveries(struct check *c, const char *lake, struct store *store)
{
	struct bronze_pieces b = { .check = c, .lake = lake, .store = store };
	char *address = xasprintf("%s/" LEDGER, lake);
	uint64_t faults = c->faults + c->unchecked;
	struct msg err = { 0 };

	check_table(c, LEDGER, address);
	if (check_ledger_read(&b.ledger, address, &err) < 0) {
		if (c->faults + c->unchecked == faults)	/* else the obstacle is already reported */
			check_report(c, LEDGER, &err);
	} else if (list_pieces(&b, &err) < 0) {
		check_report(c, BRONZE, &err);
	} else {
		b.after = xcalloc(b.ledger.n + 1, sizeof(*b.after));
		check_all(&b);
		check_lists(&b);
	}
	pieces_free(&b);
	free(address);
}
