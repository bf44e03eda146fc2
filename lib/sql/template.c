/* Expands templates of SQL; dialect.h lists their words. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sql/dialect.h"
#include "sql/text.h"

struct sql_span {
	const char *p;
	size_t n;
};

enum { MAX_PARTS = 3 };		/* a word and its parts */

static void expand(struct sql_load *l, struct sql_span t);

static struct sql_span
all_of(const char *s)
{
	return (struct sql_span){ s, strlen(s) };
}

static bool
is(struct sql_span word, const char *name)
{
	return strlen(name) == word.n && memcmp(word.p, name, word.n) == 0;
}

static void
add_ident(struct sql_load *l, const char *name, size_t n)
{
	sql_text_quote(&l->buf, l->dialect->open, l->dialect->close, name, n);
}

static void
add_literal(struct sql_load *l, const char *s, size_t n)
{
	buf_adds(&l->buf, l->dialect->quote);
	l->buf.len--;			/* the quote itself */
	sql_text_quote(&l->buf, '\'', '\'', s, n);
}

/* Expands a template and replaces the text by a literal of it. */
static void
add_literal_of(struct sql_load *l, struct sql_span t)
{
	struct buf text = { 0 };
	size_t from = l->buf.len;

	expand(l, t);
	buf_add(&text, l->buf.p + from, l->buf.len - from);
	l->buf.len = from;
	add_literal(l, buf_cstr(&text), text.len);		/* not null, whatever the length */
	buf_free(&text);
}

/* ---- lists of columns ---- */

static const size_t *
columns_of(const struct sql_load *l, struct sql_span word, size_t *n)
{
	bool key = is(word, "key") || (is(word, "staged") && l->into == SQL_INTO_GONE);

	*n = key ? l->nkeys : l->ncolumns;
	return key ? l->keys : NULL;
}

static bool
add_list(struct sql_load *l, struct sql_span word, const struct sql_span *part)
{
	const struct sql_column *outer = l->column;
	bool rest = is(word, "rest");
	const size_t *keys;
	size_t i, n, done = 0;

	if (!rest && !is(word, "all") && !is(word, "key") && !is(word, "staged"))
		return false;
	keys = columns_of(l, word, &n);
	for (i = 0; i < n; i++) {
		l->column = &l->columns[keys != NULL ? keys[i] : i];
		if (rest && l->column->key)
			continue;
		if (done++ > 0)
			buf_add(&l->buf, part[1].p, part[1].n);
		expand(l, part[0]);
	}
	l->column = outer;
	return true;
}

/* ---- conditions ---- */

static bool
has_integer_key(const struct sql_load *l)
{
	return l->nkeys == 1 && l->columns[l->keys[0]].sql->class[0] == 'i';
}

static bool
any_lengthy(const struct sql_load *l)
{
	size_t i;

	for (i = 0; i < l->ncolumns; i++)
		if (l->columns[i].lengthy)
			return true;
	return false;
}

static bool
is_true(const struct sql_load *l, struct sql_span word, bool *truth)
{
	const struct sql_column *c = l->column;
	const struct {
		const char *name;
		bool truth;
	} conditions[] = {
		{ "marked", l->options.mark.lake != NULL }, { "qualified", l->schema != NULL },
		{ "wide", l->ncolumns > l->nkeys }, { "begun", l->columns != NULL }, { "trial", l->options.dry_run },
		{ "integer_key", has_integer_key(l) }, { "any_lengthy", any_lengthy(l) },
		{ "is_key", c != NULL && c->key }, { "required", c != NULL && c->required },
		{ "lengthy", c != NULL && c->lengthy }, { "is_exact", c != NULL && val_is_exact(c->type) },
	};
	size_t i;

	for (i = 0; i < sizeof conditions / sizeof conditions[0]; i++)
		if (is(word, conditions[i].name)) {
			*truth = conditions[i].truth;
			return true;
		}
	return false;
}

/* ---- words without parts ---- */

static void
add_in(struct sql_load *l)
{
	const char *schema = l->schema != NULL ? l->schema : l->dialect->schema;

	if (schema == NULL)
		return;
	add_ident(l, schema, strlen(schema));
	buf_addc(&l->buf, '.');
}

static bool
add_name(struct sql_load *l, struct sql_span word)
{
	const char *schema = l->schema != NULL ? l->schema : l->dialect->schema;

	if (is(word, "table"))
		add_ident(l, l->table, strlen(l->table));
	else if (is(word, "table'"))
		add_literal(l, l->table, strlen(l->table));
	else if (is(word, "schema"))
		add_ident(l, schema, strlen(schema));
	else if (is(word, "schema'"))
		add_literal(l, schema, strlen(schema));
	else if (is(word, "in"))
		add_in(l);
	else if (is(word, "2"))
		buf_adds(&l->buf, strncmp(l->table, "acct_", 5) == 0 ? "_2" : "");
	else if (is(word, "first_key"))
		add_ident(l, l->columns[l->keys[0]].name, strlen(l->columns[l->keys[0]].name));
	else if (is(word, "into"))
		sql_add(l, l->into == SQL_INTO_GONE ? "{gone}" : "{stage}");
	else
		return false;
	return true;
}

/* A DELETE without alias calls the target by its name, which the staging table's alias must not hide. */
static bool
add_alias(struct sql_load *l, struct sql_span word)
{
	bool bare = l->deleting && l->dialect->bare_delete;

	if (is(word, "s"))
		buf_adds(&l->buf, bare && strcasecmp(l->table, "s") == 0 ? "s_2" : "s");
	else if (is(word, "t") && bare)
		add_ident(l, l->table, strlen(l->table));
	else if (is(word, "t"))
		buf_adds(&l->buf, "t");
	else
		return false;
	return true;
}

static bool
add_of_load(struct sql_load *l, struct sql_span word)
{
	const struct sql_mark *m = &l->options.mark;

	if (is(word, "rows"))
		buf_addf(&l->buf, "%llu", (unsigned long long)l->rows);
	else if (is(word, "gone_rows"))
		buf_addf(&l->buf, "%llu", (unsigned long long)l->gone);
	else if (is(word, "sum"))
		buf_addf(&l->buf, "'%016llx'", (unsigned long long)l->sum);
	else if (is(word, "lake"))
		add_literal(l, m->lake, strlen(m->lake));
	else if (is(word, "run"))
		add_literal(l, m->run, strlen(m->run));
	else if (is(word, "at"))
		buf_addf(&l->buf, "%lld", (long long)m->version);
	else if (is(word, "since"))
		buf_addf(&l->buf, "%lld", (long long)m->since);
	else
		return false;
	return true;
}

static void
add_record(struct sql_load *l, uint64_t record)
{
	buf_addf(&l->buf, "%llu", (unsigned long long)record);
}

static void
add_extreme(struct sql_load *l, i128 v, uint64_t record)
{
	if (record == 0)
		buf_adds(&l->buf, "NULL");
	else
		l->buf.len += num_put_decimal((char *)buf_room(&l->buf, NUM_TEXT), v, l->column->type.scale);
}

static bool
add_of_extent(struct sql_load *l, struct sql_span word)
{
	const struct sql_extent *e = &l->column->extent;

	if (is(word, "widest"))
		buf_addf(&l->buf, "%zu", e->widest);
	else if (is(word, "widest_at"))
		add_record(l, e->widest_at);
	else if (is(word, "low"))
		add_extreme(l, e->low, e->low_at);
	else if (is(word, "low_at"))
		add_record(l, e->low_at);
	else if (is(word, "high"))
		add_extreme(l, e->high, e->high_at);
	else if (is(word, "high_at"))
		add_record(l, e->high_at);
	else
		return false;
	return true;
}

static void
add_or(struct sql_load *l, const char *template, const char *otherwise)
{
	sql_add(l, template != NULL ? template : otherwise);
}

static bool
add_of_column(struct sql_load *l, struct sql_span word)
{
	const struct sql_column *c = l->column;

	if (c == NULL)
		return false;
	if (is(word, "name'"))
		add_literal(l, c->name, strlen(c->name));
	else if (is(word, "type"))
		sql_add(l, c->sql->name);
	else if (is(word, "standard"))
		buf_adds(&l->buf, val_of(c->type)->sql);
	else if (is(word, "attributes"))
		add_or(l, c->sql->attributes, "");
	else if (is(word, "precision"))
		buf_addf(&l->buf, "%u", c->type.precision);
	else if (is(word, "scale"))
		buf_addf(&l->buf, "%u", c->type.scale);
	else if (is(word, "class"))
		buf_adds(&l->buf, c->sql->class);
	else if (is(word, "differs"))
		add_or(l, c->sql->differs, l->dialect->other.differs);
	else if (is(word, "match"))
		add_or(l, c->sql->match, l->dialect->other.match);
	else
		return add_of_extent(l, word);
	return true;
}

static bool
add_of_check(struct sql_load *l, struct sql_span word)
{
	const struct sql_check *c = l->check;

	if (c == NULL)
		return false;
	if (is(word, "query"))
		sql_add(l, c->query);
	else if (is(word, "before"))
		sql_add(l, c->before);
	else if (is(word, "after"))
		sql_add(l, c->after);
	else if (is(word, "number"))
		buf_addf(&l->buf, "%u", c->number);
	else
		return false;
	return true;
}

/* ---- the template ---- */

static const char *
find_in(const struct sql_word *words, struct sql_span word)
{
	for (; words->name != NULL; words++)
		if (is(word, words->name))
			return words->text;
	return NULL;
}

const char *
sql_word(const struct sql_load *l, const char *name, size_t n)
{
	const char *text = find_in(l->dialect->words, (struct sql_span){ name, n });

	return text != NULL ? text : find_in(sql_words, (struct sql_span){ name, n });
}

/* Splits "word~part~part" at the tildes outside braces. */
static void
split(struct sql_span t, struct sql_span *part)
{
	size_t i, n = 0, depth = 0;

	part[0] = (struct sql_span){ t.p, 0 };
	for (i = 0; i < t.n; i++) {
		depth += (size_t)(t.p[i] == '{') - (size_t)(t.p[i] == '}');
		if (t.p[i] == '~' && depth == 0 && n + 1 < MAX_PARTS)
			part[++n] = (struct sql_span){ t.p + i + 1, 0 };
		else
			part[n].n++;
	}
}

static void
add_word(struct sql_load *l, struct sql_span t)
{
	struct sql_span part[MAX_PARTS] = { 0 }, word;
	const char *text;
	bool truth;

	split(t, part);
	word = part[0];
	if (*word.p == '"')
		add_ident(l, word.p + 1, word.n - 1);
	else if (is(word, "literal"))
		add_literal_of(l, part[1]);
	else if (is_true(l, word, &truth))
		expand(l, part[truth ? 1 : 2]);
	else if (add_list(l, word, part + 1) || add_name(l, word) || add_alias(l, word) || add_of_load(l, word) ||
	    add_of_column(l, word) || add_of_check(l, word))
		return;
	else if ((text = sql_word(l, word.p, word.n)) != NULL)
		sql_add(l, text);
	else
		abort();		/* no input leads here: a test expands every template */
}

/* Returns the length up to the brace that closes the one before p. */
static size_t
word_length(const char *p, size_t n)
{
	size_t i, depth = 1;

	for (i = 0; i < n; i++) {
		depth += (size_t)(p[i] == '{') - (size_t)(p[i] == '}');
		if (depth == 0)
			return i;
	}
	abort();
}

static void
expand(struct sql_load *l, struct sql_span t)
{
	size_t i, n;

	for (i = 0; i < t.n; i++)
		if (t.p[i] == '{') {
			n = word_length(t.p + i + 1, t.n - i - 1);
			add_word(l, (struct sql_span){ t.p + i + 1, n });
			i += n + 1;
		} else if (t.p[i] == '%' && l->column != NULL)
			add_ident(l, l->column->name, strlen(l->column->name));
		else
			buf_addc(&l->buf, (uint8_t)t.p[i]);
}

void
sql_add(struct sql_load *l, const char *template)
{
	expand(l, all_of(template));
}
