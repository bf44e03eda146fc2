/* Expands templates of SQL; dialect.h lists their words. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
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
	bool row_key = is(word, "row_key");
	bool key = row_key || is(word, "key") || (is(word, "staged") && l->into == SQL_INTO_GONE);

	*n = key ? l->nkeys - (row_key && l->versions) : l->ncolumns;
	return key ? l->keys : NULL;
}

static bool
add_list(struct sql_load *l, struct sql_span word, const struct sql_span *part)
{
	const struct sql_column *outer = l->column;
	bool rest = is(word, "rest"), tracked = is(word, "tracked");
	const size_t *keys;
	size_t i, n, done = 0;

	if (!rest && !tracked && !is(word, "all") && !is(word, "key") && !is(word, "row_key") &&
	    !is(word, "staged"))
		return false;
	keys = columns_of(l, word, &n);
	for (i = 0; i < n; i++) {
		l->column = &l->columns[keys != NULL ? keys[i] : i];
		if ((rest && l->column->key) || (tracked && !sql_history_tracks(l, i)))
			continue;
		if (done++ > 0)
			buf_add(&l->buf, part[1].p, part[1].n);
		expand(l, part[0]);
	}
	l->column = outer;
	return true;
}

static bool
add_files(struct sql_load *l, struct sql_span word, const struct sql_span *part)
{
	const struct sql_export *e = l->options.export;
	size_t i;

	if (!is(word, "files"))
		return false;
	for (i = 0; e != NULL && i < e->nfiles; i++) {
		l->file = e->files[i];
		l->file_at = i + 1;
		if (i > 0)
			buf_add(&l->buf, part[1].p, part[1].n);
		expand(l, part[0]);
	}
	l->file = NULL;
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
any_tracked(const struct sql_load *l)
{
	size_t i;

	for (i = 0; i < l->ncolumns; i++)
		if (sql_history_tracks(l, i))
			return true;
	return false;
}

/* Is the template's column the begin of a version, 0, its end, 1, or whether it is current, 2? */
static bool
is_of_version(const struct sql_load *l, size_t which)
{
	return sql_is_history(l) && l->versions && l->column != NULL &&
	    (size_t)(l->column - l->columns) == (which == 0 ? l->sequence : l->ncolumns - 3 + which);
}

static bool
is_true(const struct sql_load *l, struct sql_span word, bool *truth)
{
	const struct sql_column *c = l->column;
	const struct sql_options *o = &l->options;
	const struct {
		const char *name;
		bool truth;
	} conditions[] = {
		{ "marked", l->options.mark.lake != NULL }, { "qualified", l->schema != NULL },
		{ "wide", l->ncolumns > l->nkeys }, { "begun", l->begun }, { "trial", l->options.dry_run },
		{ "integer_key", has_integer_key(l) }, { "any_lengthy", any_lengthy(l) },
		{ "is_key", c != NULL && c->key }, { "required", c != NULL && c->required },
		{ "lengthy", c != NULL && c->lengthy }, { "is_exact", c != NULL && val_is_exact(c->type) },
		{ "is_text", c != NULL && c->type.kind == VAL_STRING },
		{ "summed", c != NULL && val_is_exact(c->type) && !c->extent.beyond },
		{ "copied", sql_is_copied(l) }, { "updating", sql_is_updating(l) }, { "caller", o->as_caller },
		{ "credited", o->credential != NULL },
		{ "history", sql_is_history(l) }, { "any_tracked", any_tracked(l) },
		{ "is_from", is_of_version(l, 0) }, { "is_to", is_of_version(l, 1) },
		{ "is_current", is_of_version(l, 2) },
		{ "several", o->export != NULL && o->export->nfiles > 1 },
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
	else if (is(word, "ended"))
		sql_history_ended(l);
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

/* Adds a literal of the parts of an address, up to a null one: ASCII, for statements that take no N'...'. */
static void
add_address(struct sql_load *l, const char *const *part)
{
	struct buf text = { 0 };

	for (; *part != NULL; part++)
		buf_adds(&text, *part);
	sql_text_quote(&l->buf, '\'', '\'', buf_cstr(&text), text.len);
	buf_free(&text);
}

/* The folder and, in it, the file of the template. */
static void
add_https(struct sql_load *l, const struct sql_export *e, const char *file)
{
	const char *slash = *e->path != '\0' ? "/" : "";

	if (file != NULL)
		add_address(l, (const char *const[]){ "https://", e->host, "/", e->container, slash, e->path, "/",
		    file, NULL });
	else
		add_address(l, (const char *const[]){ "https://", e->host, "/", e->container, slash, e->path, NULL });
}

/* The name of the table over one file: that of the target, with a number if there are several. */
static void
add_part(struct sql_load *l, const struct sql_export *e)
{
	struct buf name = { 0 };

	buf_adds(&name, l->table);
	if (e->nfiles > 1)
		buf_addf(&name, "_%zu", l->file_at);
	add_ident(l, buf_cstr(&name), name.len);
	buf_free(&name);
}

static bool
add_of_export(struct sql_load *l, struct sql_span word)
{
	const struct sql_export *e = l->options.export;

	if (e == NULL)
		return false;
	if (is(word, "file'"))
		add_https(l, e, l->file);
	else if (is(word, "folder'"))
		add_https(l, e, NULL);
	else if (is(word, "path'"))
		add_address(l, (const char *const[]){ "/", e->path, *e->path != '\0' ? "/" : "", l->file, NULL });
	else if (is(word, "part"))
		add_part(l, e);
	else if (is(word, "lake'"))
		add_address(l, (const char *const[]){ "abfss://", e->container, "@", e->host, NULL });
	else if (is(word, "adls'"))
		add_address(l, (const char *const[]){ "adls://", e->container, "@", e->host, NULL });
	else
		return false;
	return true;
}

static bool
add_of_options(struct sql_load *l, struct sql_span word)
{
	const char *source = l->options.source != NULL ? l->options.source : "acct_lake";

	if (is(word, "credential"))
		add_ident(l, l->options.credential, strlen(l->options.credential));
	else if (is(word, "source"))
		add_ident(l, source, strlen(source));
	else if (is(word, "source'"))
		add_address(l, (const char *const[]){ source, NULL });
	else if (is(word, "go"))
		sql_batch_end(l);
	else
		return false;
	return true;
}

/* Names a staging table that is the target's and this content's alone, so that two loads at once never mix. */
static void
add_digest(struct sql_load *l)
{
	const char *schema = l->schema != NULL ? l->schema : l->dialect->schema;
	struct buf all = { 0 };

	buf_add(&all, schema, strlen(schema) + 1);
	buf_add(&all, l->table, strlen(l->table) + 1);
	buf_addf(&all, "%llu %016llx", (unsigned long long)l->rows, (unsigned long long)l->sum);
	buf_addf(&l->buf, "%016llx", (unsigned long long)hash_bytes(all.p, all.len));
	buf_free(&all);
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
	else if (is(word, "digest"))
		add_digest(l);
	else
		return add_of_export(l, word) || add_of_options(l, word);
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
	else if (is(word, "filled"))
		add_record(l, e->filled);
	else if (is(word, "total"))
		add_extreme(l, e->total, 1);
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
	const struct sql_span word = { name, n };
	const char *text = find_in(l->dialect->words, word);

	if (text == NULL && l->dialect->family != NULL)
		text = find_in(l->dialect->family, word);
	if (text == NULL)
		text = find_in(sql_words, word);
	return text != NULL ? text : find_in(sql_history_words, word);
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
	if (is(word, "fresh"))
		word = all_of("stage");
	else if (is(word, "stage") && l->versions)
		word = all_of("versions");
	if (*word.p == '"')
		add_ident(l, word.p + 1, word.n - 1);
	else if (is(word, "literal"))
		add_literal_of(l, part[1]);
	else if (is_true(l, word, &truth))
		expand(l, part[truth ? 1 : 2]);
	else if (add_list(l, word, part + 1) || add_files(l, word, part + 1) || add_name(l, word) ||
	    add_alias(l, word) || add_of_load(l, word) || add_of_column(l, word) || add_of_check(l, word))
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
