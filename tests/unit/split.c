/*
 * Splitting a block: the positions are those of its tabs and line feeds, and what is said about its lines and values is
 * true: whatever a block looks like, nothing is said to be well that a look at each field would refuse.
 */
#include "unit.h"

#include <string.h>

#include "base/cpu.h"
#include "base/hash.h"
#include "base/mem.h"
#include "rec/rec.h"
#include "rec/split.h"

enum { ROUNDS = 1000, MOST = 20000 };

static const char *const types[] = { "int64", "int32", "decimal(18,2)", "decimal(38,5)", "date", "timestamp", "string",
    "string", "string", "decimal(1,0)", "bool", "float64" };

enum { TYPES = sizeof(types) / sizeof(*types), UNCOMMON = 3 };	/* the last so many are not among the common ones */

static void
random_header(struct rec_header *h, bool common)
{
	size_t n = unit_below(20) == 0 ? 1 + unit_below(80) : 1 + unit_below(7), i;
	struct val_type t;
	char name[16];

	rec_header_init(h, "t");
	for (i = 0; i < n; i++) {
		const char *type = types[unit_below(common ? TYPES - UNCOMMON : TYPES)];

		CHECK(val_type_parse(type, strlen(type), &t), "%s", type);
		snprintf(name, sizeof(name), "c%zu", i);
		rec_header_add(h, name, t, false, unit_below(2));
	}
	if (unit_below(3) == 0)
		rec_header_set_word(h, "raw", "1");
}

/* common: values of which a block is said to be well. */
static void
put_value(struct buf *b, const struct rec_column *c, bool common)
{
	static const char *const words[] = { "a", "Deposit", "",
	    "a longer text, of more bytes than are looked at together at once",
	    "\303\251", "tab\t", "\x7f" };
	uint8_t *p = buf_room(b, 200);
	uint64_t any = unit_any();
	const char *word = words[unit_below(common ? 4 : 7)];

	if (!c->required && unit_below(6) == 0)
		*p = VAL_NULL, b->len++;
	else if (c->type.kind == VAL_STRING)
		b->len += val_put_string(p, word, strlen(word));
	else if (c->type.kind == VAL_BOOL)
		b->len += val_put_bool(p, unit_below(2));
	else if (c->type.kind == VAL_FLOAT64)
		b->len += val_put_float(p, (double)any);
	else if (c->type.precision == 1)
		b->len += val_put_int(p, (int64_t)unit_below(12));
	else
		b->len += val_put_int(p, (int64_t)(any >> (common ? 37 : 8)) * (unit_below(3) ? 1 : -1));
}

static void
random_block(struct buf *b, const struct rec_header *h, bool common)
{
	size_t most = unit_below(3) ? unit_below(300) : unit_below(MOST), i;

	b->len = 0;
	do {
		for (i = 0; i < h->ncolumns; i++) {
			put_value(b, &h->columns[i], common);
			buf_addc(b, i + 1 < h->ncolumns ? '\t' : '\n');
		}
	} while (b->len < most);
	buf_room(b, VAL_PAD);
}

/* Some bytes become others. */
static void
spoil(struct buf *b)
{
	static const uint8_t odd[] = "\t\n\n\t\x01\x19\x1a\x1bJ\x40\x41\x3f\x80\xff\x42\x49\x00 a";
	size_t n = 1 + unit_below(3);

	while (n-- > 0)
		b->p[unit_below(b->len)] = odd[unit_below(sizeof(odd))];
	b->p[b->len - 1] = '\n';
}

/* Is it a block of records, as many fields each as there are columns? */
static bool
are_lines(const struct buf *b, const uint32_t *ends, size_t n, size_t columns)
{
	size_t i;

	if (n % columns != 0)
		return false;
	for (i = 0; i < n; i++)
		if (b->p[ends[i + 1] - 1] != ((i + 1) % columns == 0 ? '\n' : '\t') ||
		    (i % columns == 0 && b->p[ends[i]] == 1))
			return false;
	return true;
}

static bool
is_number(struct val_type t)
{
	return val_is_narrow(t) || t.kind == VAL_DECIMAL;
}

/* Are all fields of numbers, or of strings, well? */
static bool
are_well(const struct buf *b, const uint32_t *ends, size_t n, const struct rec_header *h, bool numbers)
{
	bool bytes = rec_header_is_bytes(h);
	size_t i;

	for (i = 0; i < n; i++) {
		const struct rec_column *c = &h->columns[i % h->ncolumns];
		const uint8_t *p = b->p + ends[i];
		size_t len = ends[i + 1] - ends[i] - 1;

		if (numbers ? !is_number(c->type) : c->type.kind != VAL_STRING)
			continue;
		if (!val_check(c->type, p, len, bytes) || (c->required && val_is_null(p, len)))
			return false;
	}
	return true;
}

static void
check_block(const struct simd_form *form, const struct buf *b, const struct rec_header *h, struct simd_seen *seen)
{
	static uint32_t ends[2 * MOST + 1 + REC_SPLIT_SLACK];
	size_t from, n, i, k = 0;

	ends[0] = 0;
	n = rec_split(form, b->p, 0, b->len, ends + 1, seen);
	for (from = 0, i = 0; i < b->len; i++) {
		if (b->p[i] != '\t' && b->p[i] != '\n')
			continue;
		CHECK(k < n && ends[k + 1] == i + 1, "separator %zu of %zu at %zu", k, n, i);
		k++;
		from = i + 1;
	}
	CHECK(k == n && from == b->len, "%zu separators, and %zu are said", k, n);
	if (seen->lines)
		CHECK(are_lines(b, ends, n, h->ncolumns), "lines");
	if (seen->numbers)
		CHECK(seen->lines && are_well(b, ends, n, h, true), "numbers");
	if (seen->text && seen->lines)
		CHECK(are_well(b, ends, n, h, false), "text");
}

int
main(void)
{
	const bool knows = cpu_has_avx512();
	struct rec_header h;
	struct simd_form form;
	struct simd_seen seen;
	struct buf b = { 0 };
	size_t round, i, spoiled, kept = 0, all = 0;

	unit_start();
	for (round = 0; round < ROUNDS; round++) {
		bool common = unit_below(2);

		random_header(&h, common);
		rec_form(&form, &h);
		for (i = 0; i < 4; i++) {
			random_block(&b, &h, common);
			check_block(&form, &b, &h, &seen);
			if (knows && form.ncolumns > 0)
				CHECK(seen.lines, "records");
			if (knows && form.ncolumns > 0 && common)
				CHECK(seen.numbers && seen.text, "common values");
			for (spoiled = 0; spoiled < 20; spoiled++) {
				spoil(&b);
				check_block(&form, &b, &h, &seen);
				all++;
				kept += seen.lines;
				if (!knows || !seen.lines)
					random_block(&b, &h, common);
			}
		}
		rec_header_free(&h);
	}
	CHECK(!knows || kept > all / 20, "only %zu of %zu", kept, all);
	buf_free(&b);
	OK("split", "what is said of a block is true");
	return 0;
}
