#include "lake/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/num.h"

#define HEAD "acct-lake 1\n"
#define VOID "void\n"
#define END "end "

enum { DIGITS = 20, SUM = 16, TRIES = 10 };

static const char *const words[] = { [LAKE_TABLE] = "table", [LAKE_LATE] = "late", [LAKE_FILE] = "file",
    [LAKE_GONE] = "gone" };

void
lake_record_add(struct lake_record *r, enum lake_what what, char *name, struct buf *text)
{
	if ((r->n & (r->n - 1)) == 0)
		r->items = xreallocarray(r->items, r->n == 0 ? 1 : 2 * r->n, sizeof(*r->items));
	r->items[r->n++] = (struct lake_item){ what, name, *text };
	*text = (struct buf){ 0 };
}

void
lake_record_free(struct lake_record *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		free(r->items[i].name);
		buf_free(&r->items[i].text);
	}
	free(r->items);
	free(r->run);
	*r = (struct lake_record){ 0 };
}

/* ---- order ---- */

/* Who reads several tables sees what came in before what was made of it. */
static int
layer(const char *name)
{
	static const char *const layers[] = { "bronze/", "silver/", "silver/_", "gold/" };
	int found = -1, i;

	for (i = 0; i < (int)(sizeof(layers) / sizeof(*layers)); i++)
		if (strncmp(name, layers[i], strlen(layers[i])) == 0)
			found = i;
	return found;
}

static int
by_turn(const void *a, const void *b)
{
	const struct lake_item *x = a, *y = b;
	int by = (int)x->what - (int)y->what;

	if (by == 0 && x->what == LAKE_TABLE)
		by = layer(x->name) - layer(y->name);
	return by != 0 ? by : strcmp(x->name, y->name);
}

void
lake_record_sort(struct lake_record *r)
{
	if (r->n > 1)
		qsort(r->items, r->n, sizeof(*r->items), by_turn);
}

/* ---- text ---- */

static bool
is_plain(const char *name)
{
	for (; *name != '\0'; name++)
		if ((unsigned char)*name < ' ')
			return false;
	return true;
}

static int
put_item(struct buf *out, const struct lake_item *item, struct msg *err)
{
	if (!is_plain(item->name))
		return msg_set(err, EX_DATAERR, "%s: a name with a control character", msg_quotes(item->name));
	buf_addf(out, "%s %zu %s\n", words[item->what], item->text.len, item->name);
	if (item->text.len > 0)
		buf_add(out, item->text.p, item->text.len);
	buf_addc(out, '\n');
	return 0;
}

int
lake_record_put(struct buf *out, const struct lake_record *r, struct msg *err)
{
	size_t start = out->len, i;

	buf_addf(out, HEAD "run %s\n", r->run);
	if (r->is_void)
		buf_adds(out, VOID);
	for (i = 0; i < r->n; i++)
		if (put_item(out, &r->items[i], err) < 0)
			return -1;
	buf_addf(out, END "%016" PRIx64 "\n", hash_bytes(out->p + start, out->len - start));
	return 0;
}

struct record_reader {
	const char *at, *end;
};

/* Moves past the text `word` if it comes next. */
static bool
skip(struct record_reader *in, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(in->end - in->at) < n || memcmp(in->at, word, n) != 0)
		return false;
	in->at += n;
	return true;
}

/* Returns the text up to `last`, and moves past it; NULL if `last` does not occur. Owned by the caller. */
static char *
take(struct record_reader *in, char last)
{
	const char *to = memchr(in->at, last, (size_t)(in->end - in->at));
	char *text = NULL;

	if (to != NULL) {
		text = xstrndup(in->at, (size_t)(to - in->at));
		in->at = to + 1;
	}
	return text;
}

/* Reads one item after its first word. */
static bool
take_item(struct record_reader *in, struct lake_record *r, enum lake_what what)
{
	char *length = take(in, ' '), *name = take(in, '\n');
	struct buf text = { 0 };
	int64_t n = -1;
	bool is = length != NULL && name != NULL && num_int64(length, strlen(length), &n) && n >= 0 &&
	    n < in->end - in->at && in->at[n] == '\n' && store_name_is_tidy(name);

	free(length);
	if (!is) {
		free(name);
		return false;
	}
	if (n > 0)
		buf_add(&text, in->at, (size_t)n);
	in->at += n + 1;
	lake_record_add(r, what, name, &text);
	return true;
}

static bool
parse(struct record_reader *in, struct lake_record *r)
{
	enum lake_what what;

	if (!skip(in, HEAD "run ") || (r->run = take(in, '\n')) == NULL)
		return false;
	r->is_void = skip(in, VOID);
	while (in->at < in->end) {
		for (what = LAKE_TABLE; what <= LAKE_GONE; what++)
			if (skip(in, words[what]) && skip(in, " "))
				break;
		if (what > LAKE_GONE || !take_item(in, r, what))
			return false;
	}
	return true;
}

/* Returns the length of a text up to its last line, if that has the sum of the lines before it; else 0. */
static size_t
checked_length(const struct buf *text)
{
	char end[sizeof(END) + SUM + 1];
	size_t n = text->len - (sizeof(end) - 1);

	if (text->len < sizeof(end) - 1)
		return 0;
	snprintf(end, sizeof(end), END "%016" PRIx64 "\n", hash_bytes(text->p, n));
	return memcmp(text->p + n, end, sizeof(end) - 1) == 0 ? n : 0;
}

int
lake_record_parse(struct lake_record *r, const char *name, const struct buf *text, struct msg *err)
{
	size_t n = checked_length(text);
	struct record_reader in = { (const char *)text->p, (const char *)text->p + n };

	*r = (struct lake_record){ 0 };
	if (n > 0 && parse(&in, r))
		return 0;
	lake_record_free(r);
	return msg_set(err, EX_DATAERR, "%s: damaged: not the record of a run", name);
}

/* ---- in the store ---- */

/* Returns the name of a record; owned by the caller. */
static char *
record_name(int64_t number)
{
	return xasprintf(LAKE_COMMITS "/%0*" PRId64, DIGITS, number);
}

int
lake_record_newest(struct store *s, int64_t *newest, struct msg *err)
{
	struct store_list list;
	int64_t number;
	size_t i;

	*newest = 0;
	if (store_list(s, LAKE_COMMITS, &list, err) < 0)
		return -1;
	for (i = 0; i < list.n; i++)
		if (strlen(list.entries[i].name) == DIGITS && num_int64(list.entries[i].name, DIGITS, &number) &&
		    number > *newest)
			*newest = number;
	store_list_free(&list);
	return 0;
}

int
lake_record_get(struct store *s, int64_t number, struct lake_record *r, struct msg *err)
{
	char *name = record_name(number);
	struct buf text = { 0 };
	int got;

	*r = (struct lake_record){ 0 };
	got = store_get(s, name, &text, err);
	if (got > 0 && lake_record_parse(r, name, &text, err) < 0)
		got = -1;
	buf_free(&text);
	free(name);
	return got;
}

/* Whose is the number? 1 ours, 0 another's, -1 nobody's, STORE_UNDECIDED if that cannot be seen. */
static int
whose(struct store *s, const char *name, const struct buf *ours)
{
	struct buf there = { 0 };
	struct msg unheard = { 0 };
	int got = store_get(s, name, &there, &unheard);

	if (got > 0)
		got = there.len == ours->len && memcmp(there.p, ours->p, ours->len) == 0;
	else
		got = got == 0 ? -1 : STORE_UNDECIDED;
	buf_free(&there);
	return got;
}

/*
 * Repeats a put without a reply. One that failed may have given the object its name all the same; and after one
 * without a reply a name that is free now may yet be taken.
 */
static int
claim(struct store *s, const char *name, const struct buf *text, struct msg *err)
{
	int got = STORE_UNDECIDED, tries;

	for (tries = 0; tries < TRIES && got == STORE_UNDECIDED; tries++) {
		*err = (struct msg){ 0 };
		got = store_put(s, name, text->p, text->len, STORE_NEW, err);
	}
	if (got == 0 || got == -1)
		got = whose(s, name, text);
	if (got == -1 && tries > 1)
		got = STORE_UNDECIDED;
	if (got >= 0)
		*err = (struct msg){ 0 };
	else if (err->status == 0)
		msg_set(err, EX_TEMPFAIL, "%s/%s: was there and is gone", store_address(s), name);
	return got;
}

int
lake_record_claim(struct store *s, int64_t number, const struct lake_record *r, struct msg *err)
{
	char *name = record_name(number);
	struct buf text = { 0 };
	int got = lake_record_put(&text, r, err) < 0 ? -1 : claim(s, name, &text, err);

	buf_free(&text);
	free(name);
	return got;
}
