#include "ledger/ledger.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "val/val.h"

#define LEDGER_NAME "_ledger"

/* ---- the columns ---- */

enum column { NUMBER, TABLE, NAME, DAY, ARRIVED, RUN, BYTES, SHA256, LINES, BASE, OFFSET, PIECE, PIECE_SHA256, BLOCKS,
    STATE, REPLACES, COLUMNS };

static const struct {
	const char *name;
	enum val_kind kind;
	bool required;
} columns[COLUMNS] = {
	[NUMBER] = { "delivery", VAL_INT64, true },
	[TABLE] = { "table", VAL_STRING, true },
	[NAME] = { "name", VAL_STRING, true },
	[DAY] = { "day", VAL_DATE, false },
	[ARRIVED] = { "arrived", VAL_TIMESTAMP, true },
	[RUN] = { "run", VAL_STRING, true },
	[BYTES] = { "bytes", VAL_INT64, true },
	[SHA256] = { "sha256", VAL_STRING, true },
	[LINES] = { "lines", VAL_INT64, false },
	[BASE] = { "base", VAL_INT64, false },
	[OFFSET] = { "offset", VAL_INT64, true },
	[PIECE] = { "piece", VAL_STRING, true },
	[PIECE_SHA256] = { "piece_sha256", VAL_STRING, true },
	[BLOCKS] = { "blocks", VAL_STRING, true },
	[STATE] = { "state", VAL_STRING, true },
	[REPLACES] = { "replaces", VAL_INT64, false },
};

void
ledger_header(struct rec_header *h)
{
	size_t i;

	rec_header_init(h, LEDGER_NAME);
	for (i = 0; i < COLUMNS; i++)
		rec_header_add(h, columns[i].name, (struct val_type){ columns[i].kind, 0, 0 }, i == NUMBER,
		    columns[i].required);
}

/* ---- writing ---- */

static uint8_t *
put_number(uint8_t *out, int64_t v, bool null)
{
	if (null)
		*out++ = VAL_NULL;
	else
		out += val_put_int(out, v);
	*out++ = '\t';
	return out;
}

static uint8_t *
put_text(uint8_t *out, const char *text)
{
	out += val_put_string(out, text, strlen(text));
	*out++ = '\t';
	return out;
}

static size_t
room_of(const struct ledger_entry *e)
{
	const char *texts[] = { e->table, e->name, e->run, e->sha256, e->piece, e->piece_sha256, e->blocks, e->state };
	size_t n = COLUMNS * (VAL_INT_MAX + 1), i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		n += 2 * strlen(texts[i]) + 2;
	return n;
}

int
ledger_put(struct rec_writer *out, const struct ledger_entry *e)
{
	uint8_t *p = rec_begin(out, room_of(e));

	if (p == NULL)
		return -1;
	p = put_number(p, e->number, false);
	p = put_text(p, e->table);
	p = put_text(p, e->name);
	p = put_number(p, e->day, !e->dated);
	p = put_number(p, e->arrived, false);
	p = put_text(p, e->run);
	p = put_number(p, e->bytes, false);
	p = put_text(p, e->sha256);
	p = put_number(p, e->lines, e->lines < 0);
	p = put_number(p, e->base, e->base == 0);
	p = put_number(p, e->offset, false);
	p = put_text(p, e->piece);
	p = put_text(p, e->piece_sha256);
	p = put_text(p, e->blocks);
	p = put_text(p, e->state);
	p = put_number(p, e->replaces, e->replaces == 0);
	rec_end(out, p - 1);
	return 0;
}

/* ---- reading ---- */

/* Finds the columns by name; others are ignored. */
static int
find_columns(const struct rec_reader *in, size_t at[COLUMNS], struct msg *err)
{
	size_t i;
	int f;

	for (i = 0; i < COLUMNS; i++) {
		f = rec_header_find(&in->header, columns[i].name);
		if (f < 0 || in->header.columns[f].type.kind != columns[i].kind)
			return msg_set(err, EX_DATAERR, "%s: not a ledger: missing column %s", in->name,
			    columns[i].name);
		at[i] = (size_t)f;
	}
	return 0;
}

static int64_t
number(struct rec r, size_t f, int64_t null)
{
	return rec_is_null(r, f) ? null : val_int(rec_field(r, f).p);
}

static const char *
text(struct ledger *l, struct rec r, size_t f)
{
	struct rec_field v = rec_field(r, f);
	char *out = pool_alloc(&l->pool, v.n + 1);

	out[val_is_null(v.p, v.n) ? 0 : val_get_string(out, v.p, v.n)] = '\0';
	return out;
}

static void
take_entry(struct ledger *l, struct rec r, const size_t at[COLUMNS])
{
	struct ledger_entry e = {
		.number = number(r, at[NUMBER], 0), .table = text(l, r, at[TABLE]), .name = text(l, r, at[NAME]),
		.dated = !rec_is_null(r, at[DAY]), .day = (int32_t)number(r, at[DAY], 0),
		.arrived = number(r, at[ARRIVED], 0), .run = text(l, r, at[RUN]), .bytes = number(r, at[BYTES], -1),
		.sha256 = text(l, r, at[SHA256]), .lines = number(r, at[LINES], -1), .base = number(r, at[BASE], 0),
		.offset = number(r, at[OFFSET], -1), .piece = text(l, r, at[PIECE]),
		.piece_sha256 = text(l, r, at[PIECE_SHA256]), .blocks = text(l, r, at[BLOCKS]),
		.state = text(l, r, at[STATE]), .replaces = number(r, at[REPLACES], 0),
	};

	ledger_add(l, &e)->number = e.number;
}

static int
by_number(const void *a, const void *b)
{
	int64_t x = ((const struct ledger_entry *)a)->number, y = ((const struct ledger_entry *)b)->number;

	return x < y ? -1 : x > y;
}

static int64_t
first_block(const struct ledger *l, const struct ledger_entry *e)
{
	return e->offset / l->block;
}

static bool
is_hex(const char *p, size_t n)
{
	return strlen(p) == n && strspn(p, "0123456789abcdef") == n;
}

/* Does what an entry says fit together, and with its base? What decides which bytes are skipped must be sound. */
static bool
is_sound(const struct ledger *l, const struct ledger_entry *e)
{
	const struct ledger_entry *base;
	int64_t blocks;

	if (e->bytes < 0 || e->offset < 0 || e->offset > e->bytes || e->base < 0 || e->base >= e->number ||
	    (e->base == 0) != (e->offset == 0))
		return false;
	base = ledger_entry(l, e->base);
	if (base != NULL && (base->bytes != e->offset || strcmp(base->table, e->table) != 0))
		return false;
	blocks = (e->bytes + l->block - 1) / l->block - first_block(l, e);
	return is_hex(e->sha256, LEDGER_SHA256) && is_hex(e->piece_sha256, LEDGER_SHA256) &&
	    is_hex(e->blocks, (size_t)blocks * LEDGER_HASH) &&
	    is_hex(e->state, LEDGER_SHA256 + 2 * (size_t)(e->bytes % 64));
}

static int
check_entries(const struct ledger *l, const char *name, struct msg *err)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->entries[i].number != (int64_t)i + 1 || !is_sound(l, &l->entries[i]))
			return msg_set(err, EX_DATAERR, "%s: damaged ledger: delivery %" PRId64, name,
			    l->entries[i].number);
	return 0;
}

int
ledger_read(struct ledger *l, struct rec_reader *in, struct msg *err)
{
	size_t at[COLUMNS], i;
	struct rec_batch b;
	int got;

	if (find_columns(in, at, err) < 0)
		return -1;
	while ((got = rec_next(in, &b)) > 0)
		for (i = 0; i < b.n; i++)
			take_entry(l, rec_at(&b, i), at);
	if (got < 0)
		return msg_set(err, in->err.status, "%s", in->err.text);
	if (l->n > 1)
		qsort(l->entries, l->n, sizeof(*l->entries), by_number);
	return check_entries(l, in->name, err);
}

/* ---- entries ---- */

void
ledger_free(struct ledger *l)
{
	free(l->entries);
	pool_free(&l->pool);
	*l = (struct ledger){ .block = l->block };
}

const char *
ledger_text(struct ledger *l, const char *s)
{
	return pool_copy(&l->pool, s, strlen(s) + 1);
}

struct ledger_entry *
ledger_add(struct ledger *l, const struct ledger_entry *e)
{
	struct ledger_entry *to;

	l->entries = xreallocarray(l->entries, l->n + 1, sizeof(*l->entries));
	to = &l->entries[l->n++];
	*to = *e;
	to->number = (int64_t)l->n;
	return to;
}

const struct ledger_entry *
ledger_entry(const struct ledger *l, int64_t n)
{
	return n > 0 && n <= (int64_t)l->n ? &l->entries[n - 1] : NULL;
}

const struct ledger_entry *
ledger_newest(const struct ledger *l, const char *table)
{
	const struct ledger_entry *newest = NULL, *e;
	bool dated = false;
	int32_t day = 0;

	for (e = l->entries; e < l->entries + l->n; e++) {
		if (strcmp(e->table, table) != 0 || (e->dated && dated && e->day < day))
			continue;
		newest = e;
		if (e->dated) {
			dated = true;
			day = e->day;
		}
	}
	return newest;
}

/* The length of a name without the suffix of a compression. */
static size_t
plain_length(const char *name)
{
	size_t n = strlen(name);

	if (n > 3 && strcmp(name + n - 3, ".gz") == 0)
		return n - 3;
	return n > 4 && strcmp(name + n - 4, ".zst") == 0 ? n - 4 : n;
}

const struct ledger_entry *
ledger_newest_named(const struct ledger *l, const char *table, const char *name)
{
	size_t n = plain_length(name), i = l->n;

	while (i-- > 0) {
		const struct ledger_entry *e = &l->entries[i];

		if (strcmp(e->table, table) == 0 && plain_length(e->name) == n && strncmp(e->name, name, n) == 0)
			return e;
	}
	return NULL;
}

const char *
ledger_block(const struct ledger *l, const struct ledger_entry *e, int64_t block)
{
	while (block < first_block(l, e))
		e = ledger_entry(l, e->base);
	return e->blocks + (block - first_block(l, e)) * LEDGER_HASH;
}
