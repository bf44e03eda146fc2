/*
 * Writing blobs. What fits into one block goes up in one request; more goes up in blocks, several at a time, which the
 * service joins when it gets their list. Until then nothing is visible; blocks never listed disappear by themselves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/azure.h"

/* Four blocks under way and one being filled are 40 MiB; 50,000 blocks, the most a blob may have, are 390 GiB. */
enum { BLOCK = 8 * 1024 * 1024, UNDER_WAY = 4, MAX_BLOCKS = 50000 };

struct azure_block {
	uint8_t *data;
	size_t size;
	char id[64], sum[16];
	struct azure_call call;
	bool is_under_way;
};

struct azure_out {
	struct store *store;
	char *blob;				/* owned */
	char mark[33];				/* of this writer: in block ids and in the blob's metadata */
	uint8_t *data;				/* the block being filled */
	size_t size, room;
	unsigned nblocks;
	struct azure_block blocks[UNDER_WAY];	/* block n has place n % UNDER_WAY */
};

static void
put_block_id(const struct azure_out *o, unsigned n, struct buf *out)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%.16s-%05u", o->mark, n % MAX_BLOCKS);

	azure_put_base64(out, text, (size_t)length, false);
	(void)buf_cstr(out);
}

static void
put_sum(char sum[16], const void *p, size_t n)
{
	uint64_t crc = azure_crc64(0, p, n);
	struct buf b = { 0 };

	azure_put_base64(&b, &crc, sizeof(crc), false);
	memcpy(sum, buf_cstr(&b), b.len + 1);
	buf_free(&b);
}

int
store_azure_out_open(struct store *s, const char *name, struct store_out *out, struct msg *err)
{
	struct azure_out *o = xcalloc(1, sizeof(*o));
	struct buf mark = { 0 };

	(void)err;
	o->store = s;
	o->blob = store_azure_blob(s, name);
	azure_put_random(&mark, 16);
	memcpy(o->mark, buf_cstr(&mark), sizeof(o->mark));
	buf_free(&mark);
	out->object = o;
	return 0;
}

/* ---- blocks ---- */

/* A block's upload ends well, or the whole does not. */
static int
settle(struct azure_out *o, struct azure_block *b, struct msg *err)
{
	struct azure *a = store_azure_of(o->store)->azure;

	if (!b->is_under_way)
		return 0;
	b->is_under_way = false;
	if (azure_finish(a, &b->call, err) < 0)
		return -1;
	return b->call.outcome == AZURE_DONE ? 0 : azure_blame(a, &b->call, err);
}

/* Sends the block that is full, and takes the memory of the oldest one for the next. */
static int
send_block(struct azure_out *o, struct msg *err)
{
	struct azure_block *b = &o->blocks[o->nblocks % UNDER_WAY];
	uint8_t *other = b->data;
	struct buf id = { 0 };

	if (settle(o, b, err) < 0)
		return -1;
	if (o->nblocks == MAX_BLOCKS)
		return msg_set(err, EX_CANTCREAT, "%s: %s: longer than %d blocks of 8 MiB", o->store->address, o->blob,
		    MAX_BLOCKS);
	b->data = o->data;
	b->size = o->size;
	o->data = other != NULL ? other : xmalloc(BLOCK);
	o->room = BLOCK;
	o->size = 0;
	put_block_id(o, o->nblocks++, &id);
	memcpy(b->id, id.p, id.len + 1);
	buf_free(&id);
	put_sum(b->sum, b->data, b->size);
	azure_call_free(&b->call);
	b->call = (struct azure_call){ .method = "PUT", .blob = o->blob };
	azure_call_query(&b->call, "comp", "block");
	azure_call_query(&b->call, "blockid", b->id);
	azure_call_header(&b->call, "x-ms-content-crc64", b->sum);
	b->call.http.body = b->data;
	b->call.http.body_size = b->size;
	if (azure_start(store_azure_of(o->store)->azure, &b->call, err) < 0)
		return -1;
	b->is_under_way = true;
	return 0;
}

int
store_azure_out_write(struct store_out *out, const void *p, size_t n, struct msg *err)
{
	struct azure_out *o = out->object;
	const uint8_t *from = p;
	size_t part;

	for (; n > 0; n -= part, from += part) {
		if (o->size == BLOCK && send_block(o, err) < 0)
			return -1;
		part = n < BLOCK - o->size ? n : BLOCK - o->size;
		if (o->room < o->size + part) {
			o->room = 2 * (o->size + part) < BLOCK ? 2 * (o->size + part) : BLOCK;
			o->data = xreallocarray(o->data, o->room, 1);
		}
		memcpy(o->data + o->size, from, part);
		o->size += part;
	}
	return 0;
}

/* ---- the end ---- */

/*
 * Sends the request that makes the blob. When a reply was lost, a name that is taken may be taken by that request: the
 * mark in its metadata tells.
 */
static int
make(struct azure_out *o, struct azure_call *c, enum store_mode mode, struct msg *err)
{
	struct store_azure *s = store_azure_of(o->store);
	char *lease = store_azure_lease_of(o->store, o->blob);
	struct azure_call head = { 0 };
	const char *mark;
	bool found = false;
	int done = -1;

	c->creates = mode == STORE_NEW;
	azure_call_header(c, "x-ms-meta-acctwriter", o->mark);
	if (lease != NULL)
		azure_call_header(c, "x-ms-lease-id", lease);
	if (store_azure_check_locks(o->store, &c->deadline, err) < 0)
		done = -1;
	else if (azure_do(s->azure, c, err) < 0)
		done = c->is_uncertain ? STORE_UNDECIDED : -1;
	else if (c->outcome == AZURE_DONE)
		done = 1;
	else if (c->outcome != AZURE_EXISTS)
		(void)azure_blame(s->azure, c, err);
	else if (!c->is_uncertain)
		done = 0;
	else if (store_azure_head(o->store, o->blob, &head, &found, err) < 0)
		done = STORE_UNDECIDED;
	else
		done = found && (mark = http_header(&head.http, "x-ms-meta-acctwriter")) != NULL &&
		    strcmp(mark, o->mark) == 0;
	azure_call_free(&head);
	free(lease);
	return done;
}

static int
put_whole(struct azure_out *o, enum store_mode mode, struct msg *err)
{
	struct azure_call c = { .method = "PUT", .blob = o->blob };
	char sum[16];
	int done;

	put_sum(sum, o->data, o->size);
	azure_call_header(&c, "x-ms-blob-type", "BlockBlob");
	azure_call_header(&c, "x-ms-content-crc64", sum);
	c.http.body = o->data;
	c.http.body_size = o->size;
	done = make(o, &c, mode, err);
	azure_call_free(&c);
	return done;
}

static int
put_list(struct azure_out *o, enum store_mode mode, struct msg *err)
{
	struct azure_call c = { .method = "PUT", .blob = o->blob };
	struct buf list = { 0 };
	unsigned i;
	int done;

	buf_adds(&list, "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>");
	for (i = 0; i < o->nblocks; i++) {
		buf_adds(&list, "<Latest>");
		put_block_id(o, i, &list);
		buf_adds(&list, "</Latest>");
	}
	buf_adds(&list, "</BlockList>");
	azure_call_query(&c, "comp", "blocklist");
	c.http.body = list.p;
	c.http.body_size = list.len;
	done = make(o, &c, mode, err);
	azure_call_free(&c);
	buf_free(&list);
	return done;
}

int
store_azure_out_commit(struct store_out *out, enum store_mode mode, struct msg *err)
{
	struct azure_out *o = out->object;
	unsigned i;

	if (o->nblocks == 0)
		return put_whole(o, mode, err);
	if (o->size > 0 && send_block(o, err) < 0)
		return -1;
	for (i = 0; i < UNDER_WAY; i++)
		if (settle(o, &o->blocks[i], err) < 0)
			return -1;
	return put_list(o, mode, err);
}

void
store_azure_out_close(struct store_out *out)
{
	struct azure_out *o = out->object;
	struct msg unheard = { 0 };
	unsigned i;

	for (i = 0; i < UNDER_WAY; i++) {
		(void)settle(o, &o->blocks[i], &unheard);
		azure_call_free(&o->blocks[i].call);
		free(o->blocks[i].data);
	}
	free(o->data);
	free(o->blob);
	free(o);
}
