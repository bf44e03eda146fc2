/* Writes deletion vectors: one file for all vectors of a change. PROTOCOL.md, Deletion Vector Format. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "delta/data/data.h"
#include "delta/data/dv.h"
#include "delta/log/fresh.h"

enum { VERSION = 1 };

struct delta_vectors {
	struct delta_table *table;
	struct delta_namer *namer;
	char uuid[DELTA_UUID];		/* empty before the first vector */
	struct buf bytes;		/* of the file */
};

struct delta_vectors *
delta_vectors_open(struct delta_table *t, struct delta_namer *namer)
{
	struct delta_vectors *v = xcalloc(1, sizeof(*v));

	v->table = t;
	v->namer = namer;
	return v;
}

void
delta_vectors_free(struct delta_vectors *v)
{
	if (v != NULL)
		buf_free(&v->bytes);
	free(v);
}

/* ---- the file ---- */

/* Sets four bytes to a number, big-endian. */
static void
set_big(uint8_t *p, uint32_t v)
{
	unsigned i;

	for (i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static int
begin_file(struct delta_vectors *v, struct msg *err)
{
	if (*v->uuid == '\0' && v->namer->uuid(v->namer, v->uuid, err) < 0)
		return -1;
	if (v->bytes.len == 0)
		buf_addc(&v->bytes, VERSION);
	return 0;
}

/* Returns the end of a JSON string that begins at p, after its quote. */
static const char *
string_end(const char *p)
{
	for (p++; *p != '"' && *p != '\0'; p++)
		p += *p == '\\' && p[1] != '\0';
	return p + (*p == '"');
}

/* Finds a member of a JSON object, not of the objects in it. Returns its name's quote, or NULL. */
static const char *
find_member(const char *json, const char *quoted)
{
	unsigned depth = 0;
	const char *p = json;

	while (*p != '\0') {
		if (*p != '"') {
			depth += *p == '{';
			depth -= *p == '}';
			p++;
			continue;
		}
		if (depth == 1 && strncmp(p, quoted, strlen(quoted)) == 0)
			return p;
		p = string_end(p);
	}
	return NULL;
}

/* Returns the statistics of a file that has a vector: bounds need not be values of rows that are left. */
static const char *
loose_stats(const char *stats, struct pool *pool)
{
	static const char name[] = "\"tightBounds\":";
	const char *at = find_member(stats, name), *rest = at != NULL ? at + sizeof(name) - 1 : stats;
	struct buf b = { 0 };
	char *copy;

	rest += strspn(rest, " {");
	if (at != NULL)
		rest += strncmp(rest, "true", 4) == 0 ? 4 : strncmp(rest, "false", 5) == 0 ? 5 : 0;
	buf_add(&b, stats, at != NULL ? (size_t)(at - stats) : (size_t)(rest - stats));
	buf_addf(&b, "%sfalse%s", name, at == NULL && *rest != '}' ? "," : "");
	buf_adds(&b, rest);
	copy = pool_copy(pool, buf_cstr(&b), b.len + 1);
	buf_free(&b);
	return copy;
}

int
delta_vectors_add(struct delta_vectors *v, const struct delta_file *f, const uint64_t *rows, size_t n,
    struct pool *pool, struct delta_file *out, struct msg *err)
{
	struct delta_dv *dv = pool_alloc(pool, sizeof(*dv));
	struct buf name = { 0 };
	size_t offset, start, size;

	if (begin_file(v, err) < 0)
		return -1;
	offset = v->bytes.len;
	memset(buf_room(&v->bytes, 4), 0, 4);
	v->bytes.len = start = offset + 4;
	delta_dv_put(&v->bytes, rows, n);
	size = v->bytes.len - start;
	set_big(v->bytes.p + offset, (uint32_t)size);
	set_big(buf_room(&v->bytes, 4), (uint32_t)crc32(0, v->bytes.p + start, (uInt)size));
	v->bytes.len += 4;
	delta_dv_put_uuid(v->uuid, &name);
	*dv = (struct delta_dv){ .storage = 'u', .path_or_inline = pool_copy(pool, buf_cstr(&name), name.len + 1),
	    .offset = (int64_t)offset, .has_offset = true, .size = (int64_t)size, .cardinality = (int64_t)n };
	buf_free(&name);
	*out = *f;
	out->dv = dv;
	out->stats = f->stats != NULL ? loose_stats(f->stats, pool) : NULL;
	return 0;
}

int
delta_vectors_finish(struct delta_vectors *v, struct msg *err)
{
	char *name;
	int done;

	if (v->bytes.len == 0)
		return 0;
	name = xasprintf("deletion_vector_%s.bin", v->uuid);
	done = store_put(v->table->store, name, v->bytes.p, v->bytes.len, STORE_NEW, err);
	if (done == 0)
		(void)msg_set(err, EX_SOFTWARE, "%s/%s: there already", v->table->address, name);
	free(name);
	return done > 0 ? 0 : -1;
}
