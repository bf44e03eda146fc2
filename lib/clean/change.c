#include "clean/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/letter.h"
#include "val/val.h"

static const char true_word[] = "true", false_word[] = "false";

bool
clean_change_is_needed(const struct schema_column *s)
{
	return s->replace.n > 0 || s->letters != SCHEMA_CASE_KEEP || s->map.n > 0 || s->true_values.n > 0 ||
	    s->false_values.n > 0;
}

/* ---- tables of words ---- */

static int
compare(const void *a, const void *b)
{
	const struct clean_change_word *x = a, *y = b;
	int order = memcmp(x->from, y->from, x->n < y->n ? x->n : y->n);

	return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

/* Sets c->key to what the text is looked for by. */
static void
set_key(struct clean_change *c, const void *text, size_t n)
{
	uint8_t *p;

	c->key.len = 0;
	p = buf_room(&c->key, 2 * n + 1);
	if (c->schema->letters == SCHEMA_CASE_IGNORE) {
		c->key.len = letter_change(p, text, n, LETTER_FOLD);
	} else {
		memcpy(p, text, n);
		c->key.len = n;
	}
}

static void
add_word(struct clean_change_table *t, struct clean_change *c, const char *from, const char *to)
{
	set_key(c, from, strlen(from));
	t->words = xreallocarray(t->words, t->n + 1, sizeof(*t->words));
	t->words[t->n++] = (struct clean_change_word){ xstrndup((const char *)c->key.p, c->key.len), c->key.len, to };
}

/* Returns the text in the place of another, or NULL if the table does not have that. */
static const char *
find(struct clean_change *c, const struct clean_change_table *t, const struct buf *text)
{
	const struct clean_change_word *found;
	struct clean_change_word key;

	if (t->n == 0)
		return NULL;
	set_key(c, text->p, text->len);
	key = (struct clean_change_word){ (char *)c->key.p, c->key.len, NULL };
	found = bsearch(&key, t->words, t->n, sizeof(*t->words), compare);
	return found != NULL ? found->to : NULL;
}

static void
sort(struct clean_change_table *t)
{
	if (t->n > 0)
		qsort(t->words, t->n, sizeof(*t->words), compare);
}

void
clean_change_init(struct clean_change *c, const struct schema_column *s)
{
	size_t i;

	*c = (struct clean_change){ .schema = s };
	for (i = 0; i < s->map.n; i++)
		add_word(&c->map, c, s->map.pair[i].from, s->map.pair[i].to);
	for (i = 0; i < s->true_values.n; i++)
		add_word(&c->truths, c, s->true_values.word[i], true_word);
	for (i = 0; i < s->false_values.n; i++)
		add_word(&c->truths, c, s->false_values.word[i], false_word);
	if (s->letters == SCHEMA_CASE_IGNORE && s->type.kind == VAL_STRING)
		for (i = 0; i < s->allowed.n; i++)
			add_word(&c->values, c, s->allowed.word[i], s->allowed.word[i]);
	sort(&c->map);
	sort(&c->truths);
	sort(&c->values);
}

static void
free_table(struct clean_change_table *t)
{
	while (t->n > 0)
		free(t->words[--t->n].from);
	free(t->words);
}

void
clean_change_free(struct clean_change *c)
{
	free_table(&c->map);
	free_table(&c->truths);
	free_table(&c->values);
	buf_free(&c->text);
	buf_free(&c->key);
}

/* ---- a text ---- */

static void
set_text(struct buf *text, const void *p, size_t n)
{
	text->len = 0;
	buf_add(text, p, n);
	buf_cstr(text);
}

/* Replaces all parts that match the pattern. Returns false if the text is too long. */
static bool
replace(struct clean_change *c, const struct schema_pair *p, struct buf *text)
{
	size_t from = 0, at, len;

	if (text->len > CLEAN_CHANGE_REPLACED)
		return false;
	c->text.len = 0;
	while (c->text.len <= CLEAN_CHANGE_REPLACED && regex_find(p->regex, text->p, text->len, from, &at, &len)) {
		buf_add(&c->text, text->p + from, at - from);
		buf_adds(&c->text, p->to);
		from = at + len;
	}
	if (c->text.len + text->len - from > CLEAN_CHANGE_REPLACED)
		return false;
	if (from == 0)
		return true;
	buf_add(&c->text, text->p + from, text->len - from);
	set_text(text, c->text.p, c->text.len);
	return true;
}

/* Trims what is left after parts were replaced. */
static void
trim(struct buf *text)
{
	size_t from = 0;

	while (text->len > 0 && (text->p[text->len - 1] == ' ' || text->p[text->len - 1] == '\t'))
		text->len--;
	while (from < text->len && (text->p[from] == ' ' || text->p[from] == '\t'))
		from++;
	if (from > 0)
		memmove(text->p, text->p + from, text->len - from);
	text->len -= from;
	buf_cstr(text);
}

static void
change_case(struct clean_change *c, struct buf *text)
{
	const enum letter_case how = c->schema->letters == SCHEMA_CASE_LOWER ? LETTER_LOWER : LETTER_UPPER;

	c->text.len = 0;
	c->text.len = letter_change(buf_room(&c->text, 2 * text->len + 1), text->p, text->len, how);
	set_text(text, c->text.p, c->text.len);
}

static enum clean_change_answer
map(struct clean_change *c, struct buf *text)
{
	const char *to = find(c, &c->map, text);

	if (to != NULL)
		set_text(text, to, strlen(to));
	else if (c->map.n > 0 && c->schema->other != SCHEMA_OTHER_KEEP)
		return c->schema->other == SCHEMA_OTHER_NULL ? CLEAN_CHANGE_NULL : CLEAN_CHANGE_REJECT;
	if ((to = find(c, &c->values, text)) != NULL)
		set_text(text, to, strlen(to));
	return CLEAN_CHANGE_DONE;
}

enum clean_change_answer
clean_change_text(struct clean_change *c, struct buf *text)
{
	const struct schema_column *s = c->schema;
	size_t i;

	for (i = 0; i < s->replace.n; i++)
		if (!replace(c, &s->replace.pair[i], text))
			return CLEAN_CHANGE_LONG;
	if (s->replace.n > 0)
		trim(text);
	if (s->letters == SCHEMA_CASE_LOWER || s->letters == SCHEMA_CASE_UPPER)
		change_case(c, text);
	return map(c, text);
}

int
clean_change_truth(struct clean_change *c, const struct buf *text)
{
	const char *to = find(c, &c->truths, text);
	struct buf typed = { 0 };
	int truth = -1;

	if (to != NULL)
		return to == true_word;
	if (val_parse(c->schema->type, (const char *)text->p, text->len, &typed))
		truth = *typed.p == '1';
	buf_free(&typed);
	return truth == (c->schema->true_values.n == 0 ? 1 : -1) || truth == (c->schema->false_values.n == 0 ? 0 : -1) ?
	    truth : -1;
}
