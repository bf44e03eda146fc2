#include <stdlib.h>

#include "base/hash.h"
#include "clean/derive.h"
#include "clean/owners.h"
#include "clean/unique.h"

void
clean_flow_init(struct clean_flow *f, struct cleaner *k, struct rec_writer *out, struct rejects *rejects, size_t stride,
    size_t memory)
{
	memset(f, 0, sizeof(*f));
	f->cleaner = k;
	f->out = out;
	f->rejects = rejects;
	f->stride = stride;
	f->spilled = SIZE_MAX;
	clean_total_init(&f->total, k);
	map_set_init(&f->seen, k->integer_key != NULL, memory);
	map_later_init(&f->later, k->integer_key != NULL, memory);
	spill_init(&f->records);
	f->unique = clean_unique_new(k->schema, memory);
}

void
clean_flow_free(struct clean_flow *f)
{
	clean_total_free(&f->total);
	map_set_free(&f->seen);
	map_later_free(&f->later);
	clean_unique_free(f->unique);
	spill_close(&f->records);
	buf_free(&f->keys);
	buf_free(&f->scratch);
	buf_free(&f->row);
}

/* Takes over another object's error. */
static int
fail(struct clean_flow *f, const struct msg *err)
{
	return msg_set(&f->err, err->status, "%s", err->text);
}

/* ---- rejects ---- */

/* Is the reason a value of a column in the file? */
static bool
is_in_file(const struct clean_flow *f, const struct clean_fault *why)
{
	return why->reason >= CLEAN_ENCODING && why->reason <= CLEAN_NOT_ALLOWED &&
	    !schema_is_computed(f->cleaner->columns[why->column].schema);
}

/* Rejects a row, or leaves it out. typed: the row for a duplicate or a conflict, else NULL. */
static int
reject(struct clean_flow *f, struct rec raw, const struct clean_fault *why, const uint8_t *typed, size_t n)
{
	struct column *c = &f->cleaner->columns[why->column];

	if (why->reason == CLEAN_LEFT_OUT) {
		f->total.rows[CLEAN_LEFT_OUT]++;
		f->total.left_out_lines += cleaner_lines(f->cleaner, raw);
		return 0;
	}
	if (is_in_file(f, why))
		column_text(c, rec_field(raw, c->field));	/* later rows overwrote it */
	if (rejects_add(f->rejects, raw, why, typed, n) < 0)
		return fail(f, &f->rejects->out.err);
	clean_total_rejected(&f->total, f->cleaner, raw, why, typed, n);
	return 0;
}

static int
reject_again(struct clean_flow *f, struct rec raw, const struct clean_row *row, int answer)
{
	struct clean_fault why = { answer == MAP_SAME ? CLEAN_DUPLICATE : CLEAN_CONFLICT, 0, 0 };

	if (row->why.reason == CLEAN_UNIQUE || row->why.reason == CLEAN_ORPHAN)
		why = row->why;
	return reject(f, raw, &why, row->at, (size_t)(row->end - row->at));
}

/* ---- rows and their keys ---- */

/* Writes a row at p, which has room for it. Returns its end, or NULL if it is rejected. */
static uint8_t *
make_row(struct clean_flow *f, struct rec raw, struct clean_row *row, uint8_t *p)
{
	const struct cleaner *k = f->cleaner;

	row->why = (struct clean_fault){ 0 };
	row->end = cleaner_row(f->cleaner, raw, p, &row->why);
	row->at = row->end != NULL ? p : NULL;
	if (k->integer_key != NULL)
		row->integer = k->integer_key->value;
	return row->end;
}

/* Sets what becomes of a row that where leaves out or cannot judge. */
static void
drop_row(const struct clean_flow *f, struct clean_row *row, bool faulty)
{
	row->at = row->end = NULL;
	row->why = (struct clean_fault){ .reason = CLEAN_LEFT_OUT };
	if (faulty)
		row->why = (struct clean_fault){ .reason = CLEAN_TYPE,
		    .column = clean_derive_where_column(f->cleaner->derive) };
}

/* Makes a single row as make_row does, with all words over the row. total: to count its amounts, or NULL. */
static uint8_t *
make_whole_row(struct clean_flow *f, struct rec raw, struct clean_row *row, uint8_t *p, struct clean_total *total)
{
	const struct rec_batch one = { .n = 1, .base = raw.base, .off = raw.off, .stride = f->stride };
	struct clean_derive *d = f->cleaner->derive;
	uint64_t kept, faulty;

	clean_derive_where(d, f->cleaner, &one, 0, 1, &kept, &faulty);
	if ((kept & ~faulty & 1) == 0) {
		drop_row(f, row, (faulty & 1) != 0);
		return NULL;
	}
	if (make_row(f, raw, row, p) == NULL)
		return NULL;
	if (total != NULL)
		clean_total_passed(total, f->cleaner);
	if (d != NULL)
		clean_derive_rows(d, f->cleaner, row, 1, total);
	return row->at != NULL ? row->end : NULL;
}

/*
 * Returns room for n rows in the writer's buffer, after as much as their stamps take: so a row that gets its stamp when
 * it moves to the front overwrites none that has yet to move.
 */
static uint8_t *
rows_room(struct clean_flow *f, size_t bytes, size_t n)
{
	size_t stamps = f->stamp.n > 0 ? n * CLEAN_STAMP : 0;
	uint8_t *p = rec_begin(f->out, bytes + stamps);

	return p != NULL ? p + stamps : NULL;
}

/* Moves complete rows, which follow each other in the memory of their makers, to the writer's buffer. */
static int
place_rows(struct clean_flow *f, struct clean_row *rows, size_t n)
{
	const uint8_t *from = NULL, *end = NULL;
	size_t i;
	uint8_t *p;

	for (i = 0; i < n; i++)
		if (rows[i].at != NULL) {
			from = from == NULL ? rows[i].at : from;
			end = rows[i].end + 1;
		}
	if (f->cleaner->derive == NULL || from == NULL)
		return 0;
	if ((p = rows_room(f, (size_t)(end - from), n)) == NULL)
		return fail(f, &f->out->err);
	memmove(p, from, (size_t)(end - from));
	for (i = 0; i < n; i++)
		if (rows[i].at != NULL) {
			rows[i].at = p + (rows[i].at - from);
			rows[i].end = p + (rows[i].end - from);
		}
	return 0;
}

/*
 * Hashes a row and finds its key if that is bytes. Called some rows after it was written, as loads that straddle recent
 * smaller stores are slow.
 */
static void
find_key(struct clean_flow *f, struct clean_row *row)
{
	const struct cleaner *k = f->cleaner;
	size_t n = (size_t)(row->end - row->at);
	struct rec_field key;

	row->print = hash_bytes(row->at, n);
	if (k->integer_key != NULL || k->nkeys == 0)
		return;
	key = cleaner_key(k, row->at, n, &f->scratch);
	row->key = f->keys.len;
	row->nkey = key.n;
	row->hash = map_hash(key.p, key.n);
	buf_add(&f->keys, key.p, key.n);
}

/* Is the row without an owner? Such a row, which takes no key and no unique value, has another answer than MAP_NEW. */
static bool
is_orphan(const struct clean_flow *f, struct clean_row *row)
{
	struct clean_owners *o = f->cleaner->owners;

	row->why = (struct clean_fault){ 0 };
	row->orphan = clean_owners_lack(o, row->at, (size_t)(row->end - row->at), &row->why.value);
	if (row->orphan) {
		row->why.reason = CLEAN_ORPHAN;
		row->answer = MAP_OTHER;
	}
	return row->orphan;
}

/* Finds a row whose key is new and that has a value of a unique column again: its answer is then not MAP_NEW. */
static int
ask_unique(struct clean_flow *f, struct clean_row *row)
{
	size_t column = 0;
	int found;

	row->why = (struct clean_fault){ 0 };
	if (row->answer != MAP_NEW)
		return 0;
	if ((found = clean_unique_add(f->unique, row->at, (size_t)(row->end - row->at), &column, &f->err)) == 1) {
		row->answer = MAP_OTHER;
		row->why = (struct clean_fault){ .reason = CLEAN_UNIQUE, .column = column };
	}
	return found < 0 ? -1 : 0;
}

/* Returns the key as bytes, for the disk. */
static struct rec_field
key_bytes(const struct clean_flow *f, const struct clean_row *row)
{
	if (f->cleaner->integer_key != NULL)
		return (struct rec_field){ (const uint8_t *)&row->integer, sizeof(row->integer) };
	return (struct rec_field){ f->keys.p + row->key, row->nkey };
}

/* Copies n bytes to a lower address, 16 at a time: up to 15 bytes after them are read and written as well. */
static inline void
move_down(uint8_t *to, const uint8_t *from, size_t n)
{
	uint8_t word[16];
	size_t i;

	for (i = 0; i < n; i += sizeof(word)) {
		memcpy(word, from + i, sizeof(word));
		memcpy(to + i, word, sizeof(word));
	}
}

/*
 * Moves a clean row to `end` and completes it. Returns the end after its LF. With a stamp the rows yet to move are more
 * than 16 bytes away, see rows_room.
 */
static uint8_t *
move_row(const struct clean_flow *f, struct rec raw, struct clean_row *row, uint8_t *end)
{
	size_t n = (size_t)(row->end - row->at);

	if (f->stamp.n > 0)
		move_down(end, row->at, n);
	else
		memmove(end, row->at, n);
	row->at = end;
	row->end = f->stamp.n > 0 ? clean_stamp_put(&f->stamp, raw, end + n) : end + n;
	*row->end = '\n';
	return row->end + 1;
}

/* Returns the sum of the hashes of the clean rows among n that move_row has completed. */
static uint64_t
sum_rows(const struct clean_flow *f, const struct clean_row *row, size_t n)
{
	const struct clean_row *end = row + n;
	uint64_t sum = 0;

	for (; row < end; row++)
		if (row->at != NULL && row->answer == MAP_NEW)
			sum += f->stamp.n > 0 ? hash_bytes(row->at, (size_t)(row->end - row->at)) : row->print;
	return sum;
}

/* ---- records stored on disk ---- */

static int
move_key(void *to, const void *key, size_t n, uint64_t print)
{
	struct clean_flow *f = to;

	return map_later_add(&f->later, key, n, print, true, &f->err);
}

/* Memory is full: writes the keys it holds to disk. */
static int
begin_waiting(struct clean_flow *f)
{
	int status = map_set_each(&f->seen, move_key, f);

	map_set_free(&f->seen);
	f->waiting = true;
	return status;
}

/* Stores the index of a segment before its first record. */
static int
put_segment(struct clean_flow *f)
{
	static const uint32_t none = 0;

	if (f->spilled == f->rejects->source)
		return 0;
	f->spilled = f->rejects->source;
	return spill_write(&f->records, &none, sizeof(none), &f->err) < 0 ||
	    spill_write(&f->records, &f->spilled, sizeof(f->spilled), &f->err) < 0 ? -1 : 0;
}

static int
put_record(struct clean_flow *f, struct rec raw, uint32_t n)
{
	return put_segment(f) < 0 || spill_write(&f->records, &n, sizeof(n), &f->err) < 0 ||
	    spill_write(&f->records, raw.base + raw.off[0], n, &f->err) < 0 ? -1 : 0;
}

static int
put_waiting(struct clean_flow *f, struct rec raw)
{
	uint32_t n = raw.off[f->stride] - raw.off[0];
	struct clean_row row;
	struct rec_field key;

	f->keys.len = 0;
	f->row.len = 0;
	if (make_whole_row(f, raw, &row, buf_room(&f->row, n + f->cleaner->room), NULL) != NULL) {
		if (is_orphan(f, &row))
			return put_record(f, raw, n);
		find_key(f, &row);
		key = key_bytes(f, &row);
		if (map_later_add(&f->later, key.p, key.n, row.print, false, &f->err) < 0)
			return -1;
	} else if (row.why.reason == CLEAN_LEFT_OUT) {
		return reject(f, raw, &row.why, NULL, 0);
	}
	return put_record(f, raw, n);
}

/* Finds where the fields of a record read back begin. */
static void
find_fields(const struct clean_flow *f, const uint8_t *line, size_t n, uint32_t *off)
{
	size_t i, k = 0;

	off[k++] = 0;
	for (i = 0; i < n && k <= f->stride; i++)
		if (line[i] == '\t' || line[i] == '\n')
			off[k++] = (uint32_t)(i + 1);
}

static int
take_waiting(struct clean_flow *f, struct rec raw)
{
	struct clean_row row;
	struct rec_field key;
	uint8_t *p = rows_room(f, raw.off[f->stride] + f->cleaner->room, 1);
	int answer;

	if (p == NULL)
		return fail(f, &f->out->err);
	f->keys.len = 0;
	if (make_whole_row(f, raw, &row, p, &f->total) == NULL)
		return reject(f, raw, &row.why, NULL, 0);
	if (is_orphan(f, &row))
		return reject_again(f, raw, &row, (int)row.answer);
	find_key(f, &row);
	key = key_bytes(f, &row);
	if ((answer = map_later_next(&f->later, key.p, key.n, &f->err)) < 0)
		return -1;
	row.answer = (enum map_answer)answer;
	if (f->unique != NULL && ask_unique(f, &row) < 0)
		return -1;
	if (row.answer != MAP_NEW)
		return reject_again(f, raw, &row, (int)row.answer);
	f->total.rows[CLEAN_GOOD]++;
	f->total.clean_lines += cleaner_lines(f->cleaner, raw);
	if (place_rows(f, &row, 1) < 0)
		return -1;
	p = move_row(f, raw, &row, f->out->buf + f->out->len);
	rec_end_many(f->out, p, 1, sum_rows(f, &row, 1));
	return 0;
}

/* Reads and processes a record of n bytes, or, for n = 0, the index of a segment. */
static int
read_waiting(struct clean_flow *f, uint32_t n, struct buf *line, uint32_t *off)
{
	size_t source;

	if (n == 0) {
		if (spill_read(&f->records, &source, sizeof(source), &f->err) != 1)
			return -1;
		rejects_return(f->rejects, source);
		return 0;
	}
	line->len = 0;
	if (spill_read(&f->records, buf_room(line, n + VAL_PAD), n, &f->err) != 1)
		return -1;
	find_fields(f, line->p, n, off);
	return take_waiting(f, (struct rec){ line->p, off });
}

int
clean_flow_finish(struct clean_flow *f)
{
	uint32_t n, *off;
	struct buf line = { 0 };
	int got = -1;

	if (!f->waiting)
		return 0;
	off = xcalloc(f->stride + 1, sizeof(*off));
	if (map_later_resolve(&f->later, &f->err) == 0 && spill_rewind(&f->records, &f->err) == 0)
		while ((got = spill_read(&f->records, &n, sizeof(n), &f->err)) == 1 &&
		    read_waiting(f, n, &line, off) == 0)
			continue;
	buf_free(&line);
	free(off);
	if (got == 1 && f->err.status == 0)
		msg_set(&f->err, EX_IOERR, "temporary file: truncated");
	return got == 0 ? 0 : -1;
}

/* ---- rows answered immediately ---- */

/*
 * Writes rows from i that cleaner_take found valid, up to the first invalid one, to the writer's buffer at p. Returns
 * their number.
 */
static size_t
take_rows(struct clean_flow *f, uint64_t good, size_t i, size_t n, uint8_t *p)
{
	const struct column *key = f->cleaner->integer_key;
	uint64_t others = ~good >> i;
	size_t to = others != 0 ? i + (size_t)__builtin_ctzll(others) : n, k;
	uint8_t *ends[CLEAN_GROUP];
	struct clean_row *row = f->rows + i;

	if (to > n)
		to = n;
	cleaner_put(f->cleaner, i, to, p, ends);
	for (k = i; k < to; k++, row++) {
		row->at = p;
		row->end = ends[k];
		p = ends[k] + 1;
		if (key != NULL)
			row->integer = key->rows->value[k];
	}
	return to - i;
}

/* Judges row i, which cleaner_take did not find valid. Returns whether it is. */
static bool
judge_row(struct clean_flow *f, const struct rec_batch *b, size_t from, size_t i, uint8_t *p)
{
	struct clean_row *row = &f->rows[i];

	if (make_row(f, rec_at(b, from + i), row, p) == NULL)
		return false;
	clean_total_passed(&f->total, f->cleaner);
	*row->end = '\n';
	return true;
}

/* Applies the words over the whole row to a group. Returns how many rows they reject, or -1. */
static ssize_t
complete_group(struct clean_flow *f, size_t n)
{
	size_t rejected;

	if (f->cleaner->derive == NULL)
		return 0;
	rejected = clean_derive_rows(f->cleaner->derive, f->cleaner, f->rows, n, &f->total);
	return place_rows(f, f->rows, n) < 0 ? -1 : (ssize_t)rejected;
}

/*
 * Writes n records from `from` as consecutive rows to the writer's buffer. Returns the number of those rejected or left
 * out, or -1.
 */
static ssize_t
make_group(struct clean_flow *f, const struct rec_batch *b, size_t from, size_t n)
{
	const uint32_t *off = b->off + from * b->stride;
	uint8_t *p = rows_room(f, off[n * b->stride] - off[0] + n * f->cleaner->room, n);
	uint64_t good = f->cleaner->parts != NULL ? cleaner_take(f->cleaner, b, from, n) : 0, kept, faulty;
	ssize_t rejected = 0, more;
	size_t i, made;

	if (p == NULL)
		return fail(f, &f->out->err);
	clean_derive_where(f->cleaner->derive, f->cleaner, b, from, n, &kept, &faulty);
	kept &= ~faulty;
	good &= kept & UINT64_MAX >> (CLEAN_GROUP - n);
	if (good != 0)
		clean_total_taken(&f->total, f->cleaner, good);
	for (i = 0; i < n; i += made) {
		made = 1;
		if ((good >> i & 1) != 0) {
			made = take_rows(f, good, i, n, p);
		} else if ((kept >> i & 1) == 0) {
			drop_row(f, &f->rows[i], (faulty >> i & 1) != 0);
			rejected++;
		} else if (!judge_row(f, b, from, i, p)) {
			rejected++;
		}
		if (f->rows[i + made - 1].at != NULL)
			p = f->rows[i + made - 1].end + 1;
	}
	more = complete_group(f, n);
	return more < 0 ? -1 : rejected + more;
}

static void
prefetch_integers(const struct clean_flow *f, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (f->rows[i].at != NULL)
			map_ints_prefetch(&f->seen.ints, f->rows[i].integer);
}

/* Looks up each row's key until memory is full. Returns the number of rows answered. */
static size_t
ask_integers(struct clean_flow *f, size_t n)
{
	struct clean_row *row, *end = f->rows + n;

	for (row = f->rows; row < end; row++) {
		if (__builtin_expect(row->at == NULL || row->orphan, 0))
			continue;
		row->print = hash_bytes(row->at, (size_t)(row->end - row->at));
		if ((row->answer = map_set_add_int(&f->seen, row->integer, row->print)) == MAP_FULL)
			break;
	}
	return (size_t)(row - f->rows);
}

static size_t
ask_bytes(struct clean_flow *f, size_t n)
{
	bool keys = f->cleaner->nkeys > 0;
	struct clean_row *row, *end = f->rows + n;

	f->keys.len = 0;
	for (row = f->rows; row < end; row++)
		if (row->at != NULL && !row->orphan) {
			find_key(f, row);
			row->answer = MAP_NEW;
			if (keys)
				map_bytes_prefetch(&f->seen.bytes, row->hash);
		}
	for (row = f->rows; row < end && keys; row++)
		if (row->at != NULL && !row->orphan)
			map_bytes_prefetch_key(&f->seen.bytes, row->hash, row->nkey);
	for (row = f->rows; row < end && keys; row++)
		if (row->at != NULL && !row->orphan && (row->answer = map_set_add(&f->seen, f->keys.p + row->key,
		    row->nkey, row->hash, row->print)) == MAP_FULL)
			break;
	return keys ? (size_t)(row - f->rows) : n;
}

/* Uncounts rows of the group that will be processed again. */
static void
uncount(struct clean_flow *f, size_t from, size_t to)
{
	struct clean_amount *a;
	const struct clean_row *row;
	size_t i, k;

	for (i = from; i < to; i++) {
		row = &f->rows[i];
		for (k = 0; row->at != NULL && k < f->total.namounts; k++) {
			a = &f->total.amounts[k];
			clean_sum_add(&a->read, -column_number(&f->cleaner->columns[a->column],
			    cleaner_field(row->at, (size_t)(row->end - row->at), a->column).p));
		}
	}
}

/* Returns the number of physical lines of n records. */
static uint64_t
count_lines(const struct clean_flow *f, const struct rec_batch *b, size_t from, size_t n)
{
	const uint32_t *off = b->off + from * b->stride;
	uint64_t lines = 0;
	size_t i;

	if (f->cleaner->lines == 0 && memchr(b->base + off[0], VAL_ESC, off[n * b->stride] - off[0]) == NULL)
		return n;
	for (i = 0; i < n; i++)
		lines += cleaner_lines(f->cleaner, rec_at(b, from + i));
	return lines;
}

/* Passes the rows on as they are in the buffer if all their keys are new. Returns whether they are. */
static bool
pass_group(struct clean_flow *f, const struct rec_batch *b, size_t from, size_t n)
{
	struct clean_row *row, *end = f->rows + n;
	uint64_t sum = 0;

	for (row = f->rows; row < end; row++) {
		if (row->answer != MAP_NEW)
			return false;
		sum += row->print;
	}
	f->total.rows[CLEAN_GOOD] += n;
	f->total.clean_lines += count_lines(f, b, from, n);
	rec_end_many(f->out, end[-1].end + 1, n, sum);
	return true;
}

/* Compacts the rows whose keys are new and rejects the others, in input order. */
static int
settle_group(struct clean_flow *f, const struct rec_batch *b, size_t from, size_t n)
{
	uint8_t *end = f->out->buf + f->out->len;
	uint64_t count = 0;
	struct clean_row *row = f->rows;
	int status;
	size_t i;

	for (i = 0; i < n; i++, row++) {
		if (row->at == NULL || row->answer != MAP_NEW) {
			status = row->at == NULL ? reject(f, rec_at(b, from + i), &row->why, NULL, 0) :
			    reject_again(f, rec_at(b, from + i), row, (int)row->answer);
			if (status < 0)
				return -1;
			continue;
		}
		end = move_row(f, rec_at(b, from + i), row, end);
		count++;
		f->total.clean_lines += cleaner_lines(f->cleaner, rec_at(b, from + i));
	}
	f->total.rows[CLEAN_GOOD] += count;
	rec_end_many(f->out, end, count, sum_rows(f, f->rows, n));
	return 0;
}

int
clean_flow_known(struct clean_flow *f, const struct rec_batch *b)
{
	const struct cleaner *k = f->cleaner;
	struct clean_row row = { 0 };
	struct rec_field key;
	struct rec r;
	size_t i;

	for (i = 0; i < b->n; i++) {
		r = rec_at(b, i);
		row.at = (uint8_t *)(uintptr_t)(r.base + r.off[0]);
		row.end = row.at + (r.off[b->stride] - r.off[0]) - 1;
		if (k->integer_key != NULL)
			row.integer = val_int(rec_field(r, (size_t)(k->integer_key - k->columns)).p);
		f->keys.len = 0;
		find_key(f, &row);
		key = key_bytes(f, &row);
		if (!f->waiting) {
			row.answer = k->integer_key != NULL ? map_set_add_int(&f->seen, row.integer, row.print) :
			    map_set_add(&f->seen, key.p, key.n, row.hash, row.print);
			if (row.answer == MAP_FULL && begin_waiting(f) < 0)
				return -1;
		}
		if (f->waiting && map_later_add(&f->later, key.p, key.n, row.print, true, &f->err) < 0)
			return -1;
	}
	return 0;
}

int
clean_flow_batch(struct clean_flow *f, const struct rec_batch *b)
{
	size_t from = 0, n, done, i;
	ssize_t rejected;
	bool whole;

	rejects_segment(f->rejects, b->segment);
	while (from < b->n && !f->waiting) {
		n = b->n - from < CLEAN_GROUP ? b->n - from : CLEAN_GROUP;
		if ((rejected = make_group(f, b, from, n)) < 0)
			return -1;
		for (i = 0; i < n && f->cleaner->owners != NULL; i++)
			if (f->rows[i].at != NULL)
				(void)is_orphan(f, &f->rows[i]);
		if (f->cleaner->integer_key != NULL)
			prefetch_integers(f, n);
		done = f->cleaner->integer_key != NULL ? ask_integers(f, n) : ask_bytes(f, n);
		if (done < n)
			uncount(f, done, n);
		for (i = 0; i < done && f->unique != NULL; i++)
			if (f->rows[i].at != NULL && !f->rows[i].orphan && ask_unique(f, &f->rows[i]) < 0)
				return -1;
		whole = f->stamp.n == 0 && rejected == 0 && done == n;
		if (!(whole && pass_group(f, b, from, n)) && settle_group(f, b, from, done) < 0)
			return -1;
		from += done;
		if (done < n && begin_waiting(f) < 0)
			return -1;
	}
	for (; from < b->n; from++)
		if (put_waiting(f, rec_at(b, from)) < 0)
			return -1;
	return 0;
}
