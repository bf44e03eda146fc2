/*
 * Reading blobs by ranges. The first range is requested when a blob is opened, so that a small one takes one request;
 * what is read in order is requested ahead, several pieces at a time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/num.h"
#include "store/azure.h"

/* PIECE is the longest range of which the service sends a sum. */
enum { PIECE = 4 * 1024 * 1024, SMALL = 256 * 1024, SLOTS = 6 };

struct azure_slot {
	uint64_t offset;
	size_t size, room;
	uint8_t *data;
	struct azure_call call;
	char range[48];
	bool is_used, is_under_way;
	uint64_t used;		/* the reader's count at the last read, to find the oldest */
};

struct azure_in {
	struct store *store;
	char *blob, *etag;	/* owned */
	uint64_t size, next, reads;
	unsigned ahead;		/* pieces to request before they are read */
	struct azure_slot slots[SLOTS];
};

/* ---- slots ---- */

/* Waits for a slot's range. After a failure the slot is empty. */
static int
settle(struct azure_in *in, struct azure_slot *s, struct msg *err)
{
	struct azure *a = store_azure_of(in->store)->azure;
	int failed = 0;

	if (!s->is_under_way)
		return 0;
	s->is_under_way = false;
	if (azure_finish(a, &s->call, err) < 0)
		failed = -1;
	else if (s->call.outcome == AZURE_CHANGED)
		failed = msg_set(err, EX_TEMPFAIL, "%s: %s: replaced while it was read", in->store->address, in->blob);
	else if (s->call.outcome == AZURE_ABSENT)
		failed = msg_set(err, EX_TEMPFAIL, "%s: %s: removed while it was read", in->store->address, in->blob);
	else if (s->call.outcome != AZURE_DONE)
		failed = azure_blame(a, &s->call, err);
	else if (s->call.http.size != s->size)
		failed = msg_set(err, EX_IOERR, "%s: %s: %zu bytes instead of %zu", in->store->address, in->blob,
		    s->call.http.size, s->size);
	if (failed)
		s->is_used = false;
	return failed;
}

static void
discard(struct azure_in *in, struct azure_slot *s)
{
	struct msg unheard = { 0 };

	(void)settle(in, s, &unheard);
	s->is_used = false;
}

/* Requests a range into a slot. */
static int
request(struct azure_in *in, struct azure_slot *s, uint64_t offset, size_t n, struct msg *err)
{
	struct azure_call *c = &s->call;

	if (s->room < n) {
		free(s->data);
		s->data = xmalloc(n);
		s->room = n;
	}
	azure_call_free(c);
	*c = (struct azure_call){ .method = "GET", .blob = in->blob };
	snprintf(s->range, sizeof(s->range), "bytes=%llu-%llu", (unsigned long long)offset,
	    (unsigned long long)(offset + n - 1));
	azure_call_header(c, "x-ms-range", s->range);
	azure_call_header(c, "x-ms-range-get-content-crc64", "true");
	if (in->etag != NULL)
		azure_call_header(c, "if-match", in->etag);
	c->http.into = s->data;
	c->http.room = n;
	s->offset = offset;
	s->size = n;
	if (azure_start(store_azure_of(in->store)->azure, c, err) < 0)
		return -1;
	s->is_used = s->is_under_way = true;
	s->used = ++in->reads;
	return 0;
}

static struct azure_slot *
find(struct azure_in *in, uint64_t offset)
{
	size_t i;

	for (i = 0; i < SLOTS; i++)
		if (in->slots[i].is_used && offset >= in->slots[i].offset &&
		    offset - in->slots[i].offset < in->slots[i].size)
			return &in->slots[i];
	return NULL;
}

/* A slot for another range: a free one, or the one not read for longest. */
static struct azure_slot *
free_slot(struct azure_in *in)
{
	struct azure_slot *oldest = &in->slots[0];
	size_t i;

	for (i = 0; i < SLOTS; i++) {
		if (!in->slots[i].is_used)
			return &in->slots[i];
		if (in->slots[i].used < oldest->used)
			oldest = &in->slots[i];
	}
	discard(in, oldest);
	return oldest;
}

/* Requests the piece at an offset unless it has been. */
static int
want(struct azure_in *in, uint64_t offset, size_t n, struct msg *err)
{
	if (offset >= in->size || find(in, offset) != NULL)
		return 0;
	if (n > in->size - offset)
		n = (size_t)(in->size - offset);
	return request(in, free_slot(in), offset, n, err);
}

/* Requests up to `pieces` pieces from an offset on, after the ranges there already. */
static int
want_ahead(struct azure_in *in, uint64_t offset, unsigned pieces, struct msg *err)
{
	const struct azure_slot *s;

	while (pieces > 0 && offset < in->size) {
		if ((s = find(in, offset)) == NULL) {
			if (want(in, offset, PIECE, err) < 0)
				return -1;
			s = find(in, offset);
		}
		offset = s->offset + s->size;
		pieces--;
	}
	return 0;
}

/* ---- opening ---- */

/* Takes size and ETag from the reply to the first range. */
static int
take_first(struct azure_in *in, struct store_in *to, struct msg *err)
{
	struct azure_slot *s = &in->slots[0];
	const char *range = http_header(&s->call.http, "content-range"), *etag = http_header(&s->call.http, "etag");
	const char *slash = range != NULL ? strchr(range, '/') : NULL;
	int64_t n;

	if (slash != NULL && num_int64(slash + 1, strlen(slash + 1), &n) && n >= 0)
		in->size = (uint64_t)n;
	else if (s->call.http.status == 200)
		in->size = s->call.http.size;
	else
		return msg_set(err, EX_UNAVAILABLE, "%s: a reply without its range", to->path);
	s->size = s->call.http.size;
	if (etag != NULL)
		in->etag = xstrdup(etag);
	return 0;
}

/* A blob without bytes, or a directory, refuses any range. */
static int
take_empty(struct azure_in *in, struct store_in *to, struct msg *err)
{
	struct azure_call c;
	bool found = false;
	int failed = store_azure_head(in->store, in->blob, &c, &found, err);

	if (!failed && (!found || store_azure_is_folder(&c)))
		failed = msg_set(err, EX_NOINPUT, "%s: %s", to->path, found ? "a directory" : "no such object");
	if (!failed && http_header(&c.http, "etag") != NULL)
		in->etag = xstrdup(http_header(&c.http, "etag"));
	azure_call_free(&c);
	in->slots[0].is_used = false;
	in->size = 0;
	return failed;
}

static int
open_first(struct azure_in *in, struct store_in *to, struct msg *err)
{
	struct azure *a = store_azure_of(in->store)->azure;
	struct azure_slot *s = &in->slots[0];

	if (request(in, s, 0, SMALL, err) < 0)
		return -1;
	s->is_under_way = false;
	if (azure_finish(a, &s->call, err) < 0)
		return -1;
	if (s->call.outcome == AZURE_ABSENT)
		return msg_set(err, EX_NOINPUT, "%s: no such object", to->path);
	if (s->call.outcome == AZURE_NO_CONTAINER)
		return msg_set(err, EX_NOINPUT, "%s: no such container", to->path);
	if (s->call.outcome == AZURE_RANGE)
		return take_empty(in, to, err);
	if (s->call.outcome != AZURE_DONE)
		return azure_blame(a, &s->call, err);
	if (s->call.http.size == 0)
		return take_empty(in, to, err);
	return take_first(in, to, err);
}

int
store_azure_in_open(struct store *s, const char *name, struct store_in *to, struct msg *err)
{
	struct azure_in *in = xcalloc(1, sizeof(*in));

	in->store = s;
	in->blob = store_azure_blob(s, name);
	to->object = in;
	if (open_first(in, to, err) < 0) {
		store_azure_in_close(to);
		to->object = NULL;
		return -1;
	}
	to->size = in->size;
	to->id[0] = hash_key(in->blob, strlen(in->blob));
	to->id[1] = in->etag != NULL ? hash_key(in->etag, strlen(in->etag)) : 0;
	return 0;
}

void
store_azure_in_close(struct store_in *to)
{
	struct azure_in *in = to->object;
	size_t i;

	for (i = 0; i < SLOTS; i++) {
		discard(in, &in->slots[i]);
		azure_call_free(&in->slots[i].call);
		free(in->slots[i].data);
	}
	free(in->blob);
	free(in->etag);
	free(in);
}

/* ---- reading ---- */

/* Requests what a read needs, and what the next ones will if they go on in order: more ahead with each piece. */
static int
prepare(struct azure_in *in, uint64_t offset, size_t n, struct msg *err)
{
	bool in_order = offset == in->next && offset > 0;
	unsigned pieces = (unsigned)(n / PIECE + 1 < SLOTS ? n / PIECE + 1 : SLOTS);
	struct azure_slot *s = find(in, offset);

	if (s != NULL)
		s->used = ++in->reads;		/* not to be given away for a piece after it */
	if (!in_order)
		in->ahead = 0;
	else if (in->ahead < SLOTS - 1 && (s == NULL || s->offset == offset))
		in->ahead = in->ahead == 0 ? 1 : 2 * in->ahead < SLOTS - 1 ? 2 * in->ahead : SLOTS - 1;
	if (in_order && in->ahead + 1 > pieces)
		pieces = in->ahead + 1;
	if (pieces == 1 && !in_order)
		return want(in, offset, n > SMALL ? n : SMALL, err);
	return want_ahead(in, offset, pieces, err);
}

int64_t
store_azure_in_read(const struct store_in *from, uint64_t offset, void *p, size_t n, struct msg *err)
{
	struct azure_in *in = from->object;
	struct azure_slot *s;
	size_t skip;

	if (offset >= in->size)
		return 0;
	if (prepare(in, offset, n, err) < 0)
		return -1;
	s = find(in, offset);
	if (settle(in, s, err) < 0)
		return -1;
	s->used = ++in->reads;
	skip = (size_t)(offset - s->offset);
	if (n > s->size - skip)
		n = s->size - skip;
	memcpy(p, s->data + skip, n);
	in->next = offset + n;
	return (int64_t)n;
}
