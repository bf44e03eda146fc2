/* The gold tables of a job: what the lines "#: WORD ..." at the head of each script say, and the order of work. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "job/parts.h"

static const char blanks[] = " \t\r";
static const char *const words[] = { "by", "from", "key", "load", "total" };
enum { BY, FROM, KEY, LOAD, TOTAL, WORDS };

/* ---- a line ---- */

struct line {			/* a line "#: WORD ..." of a script */
	const char *path;
	size_t number;
	const char *word;	/* view of n bytes */
	size_t n;
	const char *rest, *end;	/* what follows the word */
};

static int
refuse(const struct line *l, const char *what, const char *word, size_t n, const char *hint, struct msg *err)
{
	return msg_set(err, EX_CONFIG, "%s:%zu: %s: %s%s", l->path, l->number, what, msg_quote(word, n), hint);
}

/* Takes the next of the words that blanks separate; false at the end. */
static bool
next_word(struct line *l, const char **word, size_t *n)
{
	while (l->rest < l->end && strchr(blanks, *l->rest) != NULL)
		l->rest++;
	*word = l->rest;
	while (l->rest < l->end && strchr(blanks, *l->rest) == NULL)
		l->rest++;
	*n = (size_t)(l->rest - *word);
	return *n > 0;
}

static int
add_words(struct line *l, struct job_words *to, struct msg *err)
{
	const char *word;
	size_t n, before = to->n;

	while (next_word(l, &word, &n))
		job_words_add(to, word, n);
	if (to->n == before)
		return msg_set(err, EX_CONFIG, "%s:%zu: #: %.*s: expected names", l->path, l->number, (int)l->n,
		    l->word);
	return 0;
}

static int
take_load(struct line *l, struct job_gold *g, struct msg *err)
{
	const char *word;
	size_t n;

	next_word(l, &word, &n);
	n = (size_t)(l->end - word);
	while (n > 0 && strchr(blanks, word[n - 1]) != NULL)
		n--;
	if (n != 2 || memcmp(word, "no", 2) != 0)
		return refuse(l, "#: load: must be no", word, n, "", err);
	g->load = false;
	return 0;
}

static int
take_by(struct line *l, struct job_gold *g, struct msg *err)
{
	if (add_words(l, &g->by, err) < 0)
		return -1;
	return g->by.n == 1 ? 0 : msg_set(err, EX_CONFIG, "%s:%zu: #: by: expected one column", l->path, l->number);
}

static int
unknown_word(struct line *l, struct msg *err)
{
	char *word = xstrndup(l->word, l->n);
	struct near near;
	size_t i;

	near_start(&near, word);
	for (i = 0; i < WORDS; i++)
		near_try(&near, words[i]);
	(void)msg_set(err, EX_CONFIG, "%s:%zu: unknown word after '#:': %s%s words are: by, from, key, load, total",
	    l->path, l->number, msg_quotes(word), near_hint_before(&near));
	free(word);
	return -1;
}

static int
take_line(struct line *l, struct job_gold *g, struct msg *err)
{
	size_t i;

	if (!next_word(l, &l->word, &l->n) || l->n != 2 || memcmp(l->word, "#:", 2) != 0)
		return 0;
	if (!next_word(l, &l->word, &l->n))
		return msg_set(err, EX_CONFIG, "%s:%zu: expected by, from, key, load or total after '#:'", l->path,
		    l->number);
	for (i = 0; i < WORDS && (strlen(words[i]) != l->n || memcmp(words[i], l->word, l->n) != 0); i++)
		;
	switch (i) {
	case BY:
		return take_by(l, g, err);
	case FROM:
		g->from_line = l->number;
		return add_words(l, &g->from, err);
	case KEY:
		g->key_line = l->number;
		return add_words(l, &g->key, err);
	case TOTAL:
		return add_words(l, &g->total, err);
	case LOAD:
		return take_load(l, g, err);
	default:
		return unknown_word(l, err);
	}
}

static int
take_lines(struct job_gold *g, const char *text, size_t n, struct msg *err)
{
	const char *end = text + n, *lf;
	struct line l = { .path = g->path };

	for (; text < end; text = lf + 1) {
		lf = memchr(text, '\n', (size_t)(end - text));
		lf = lf != NULL ? lf : end;
		l.number++;
		l.rest = text;
		l.end = lf;
		if (take_line(&l, g, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- a script ---- */

static int
missing_line(const struct job_gold *g, const char *what, struct msg *err)
{
	return msg_set(err, EX_CONFIG, "%s: missing line: #: %s ...", g->path, what);
}

static int
check_script(const struct job *j, const struct job_gold *g, struct msg *err)
{
	if (!job_name_ok(g->name))
		return msg_set(err, EX_CONFIG,
		    "%s: the name must be letters, digits, '_' and '-', beginning with a letter or digit", g->path);
	if (job_source_find(j, g->name) >= 0)
		return msg_set(err, EX_CONFIG, "%s: %s is the name of a source table", g->path, msg_quotes(g->name));
	if (g->key.n == 0)
		return missing_line(g, "key COLUMN", err);
	if (g->from.n == 0)
		return missing_line(g, "from TABLE", err);
	return 0;
}

static int
add_script(struct job *j, const char *file, struct msg *err)
{
	struct buf text = { 0 };
	struct job_gold *g;
	int status;

	j->gold = xreallocarray(j->gold, j->ngold + 1, sizeof(*j->gold));
	g = &j->gold[j->ngold++];
	*g = (struct job_gold){ .name = xstrndup(file, strlen(file) - 3), .load = true,
	    .path = xasprintf("%s/gold/%s", j->folder, file) };
	status = job_text_read(g->path, &text, err);
	if (status == 0)
		status = take_lines(g, (const char *)text.p, text.len, err);
	if (status == 0)
		status = check_script(j, g, err);
	buf_free(&text);
	return status;
}

static int
is_script(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 3 && strcmp(e->d_name + n - 3, ".sh") == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
read_scripts(struct job *j, struct msg *err)
{
	char *folder = xasprintf("%s/gold", j->folder);
	struct dirent **entries = NULL;
	int n = scandir(folder, &entries, is_script, by_name), i, status = 0;

	if (n < 0 && errno != ENOENT)
		status = msg_sys(err, msg_errno_status(EX_IOERR), "%s", folder);
	for (i = 0; i < n; i++) {
		if (status == 0)
			status = add_script(j, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	free(folder);
	return status;
}

/* ---- the order of work ---- */

static int
check_from(const struct job *j, const struct job_gold *g, struct msg *err)
{
	struct near near;
	size_t i;

	for (i = 0; i < g->from.n; i++) {
		if (job_source_find(j, g->from.word[i]) >= 0 || job_gold_find(j, g->from.word[i]) >= 0)
			continue;
		near_start(&near, g->from.word[i]);
		job_near_tables(j, &near, true, true);
		return msg_set(err, EX_CONFIG, "%s:%zu: #: from: no such table: %s%s", g->path, g->from_line,
		    msg_quotes(g->from.word[i]), near_hint(&near));
	}
	return 0;
}

#define UNSORTED SIZE_MAX

/* Are all gold tables that it reads of lower levels? */
static bool
is_ready(const struct job *j, const struct job_gold *g, size_t level)
{
	size_t i;
	int at;

	for (i = 0; i < g->from.n; i++)
		if ((at = job_gold_find(j, g->from.word[i])) >= 0 && j->gold[at].level >= level)
			return false;
	return true;
}

/* Gives a level to each table that only waits for lower ones. Returns how many. */
static size_t
fill_level(struct job *j, size_t level)
{
	size_t i, n = 0;

	for (i = 0; i < j->ngold; i++)
		if (j->gold[i].level == UNSORTED && is_ready(j, &j->gold[i], level)) {
			j->gold[i].level = level;
			n++;
		}
	return n;
}

static int
refuse_circle(const struct job *j, struct msg *err)
{
	struct buf names = { 0 };
	size_t i;

	for (i = 0; i < j->ngold; i++)
		if (j->gold[i].level == UNSORTED)
			buf_addf(&names, " %s", j->gold[i].name);
	(void)msg_set(err, EX_CONFIG, "%s/gold: each of these reads another of them:%s", j->folder, buf_cstr(&names));
	buf_free(&names);
	return -1;
}

static int
by_level(const void *a, const void *b)
{
	const struct job_gold *x = a, *y = b;

	return x->level != y->level ? (x->level > y->level) - (x->level < y->level) : strcmp(x->path, y->path);
}

int
job_gold_read(struct job *j, struct msg *err)
{
	size_t i, level, n, left;

	if (read_scripts(j, err) < 0)
		return -1;
	for (i = 0; i < j->ngold; i++) {
		if (check_from(j, &j->gold[i], err) < 0)
			return -1;
		j->gold[i].level = UNSORTED;
	}
	for (level = 0, left = j->ngold; left > 0; level++, left -= n)
		if ((n = fill_level(j, level)) == 0)
			return refuse_circle(j, err);
	if (j->ngold > 1)
		qsort(j->gold, j->ngold, sizeof(*j->gold), by_level);
	return 0;
}

/* ---- release ---- */

static void
words_free(struct job_words *w)
{
	while (w->n > 0)
		free(w->word[--w->n]);
	free(w->word);
}

void
job_gold_free(struct job_gold *g)
{
	words_free(&g->by);
	words_free(&g->from);
	words_free(&g->key);
	words_free(&g->total);
	free(g->name);
	free(g->path);
}
