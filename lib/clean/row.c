#include <stdlib.h>

#include "clean/derive.h"
#include "clean/owners.h"

/* ---- columns to fields ---- */

static size_t
find_field(const struct cleaner *k, const struct rec_header *raw, const struct schema_column *c)
{
	int i = rec_header_find(raw, c->name);
	size_t at;

	for (at = 0; i < 1 && at < c->sources.n; at++)
		i = rec_header_find(raw, c->sources.word[at]);
	return i < 1 || (size_t)i == k->malformed || (size_t)i == k->lines ? 0 : (size_t)i;
}

static bool
is_known(const struct schema *s, const char *name)
{
	const struct schema_column *c;
	size_t i;

	for (c = s->columns; c < s->columns + s->ncolumns; c++) {
		if (strcmp(c->name, name) == 0)
			return true;
		for (i = 0; i < c->sources.n; i++)
			if (strcmp(c->sources.word[i], name) == 0)
				return true;
	}
	return false;
}

void
clean_drift(struct schema *s, const struct rec_header *raw)
{
	size_t i, end = raw->ncolumns - (rec_header_has_lines(raw) ? 2 : 1);

	if (s->drift != SCHEMA_DRIFT_ADD || !rec_header_is_raw(raw))
		return;
	for (i = 1; i < end; i++)
		if (!is_known(s, raw->columns[i].name))
			schema_add_text(s, raw->columns[i].name);
}

/* Reports a raw column that matches no column of the schema. */
static int
check_extra(const struct cleaner *k, const struct rec_header *raw, const char *name, struct msg *err)
{
	bool *taken = xcalloc(raw->ncolumns, sizeof(*taken));
	size_t i;

	for (i = 0; i < k->ncolumns; i++)
		taken[k->columns[i].field] = true;
	taken[k->lines] = true;
	for (i = 1; i < raw->ncolumns - 1 && (taken[i] || k->schema->extra_ignore); i++)
		continue;
	free(taken);
	if (i == raw->ncolumns - 1)
		return 0;
	return msg_set(err, EX_CONFIG,
	    "%s: column not in the schema of %s (extra: ignore skips it): %s", name,
	    k->schema->name, msg_quotes(raw->columns[i].name));
}

static void
find_keys(struct cleaner *k)
{
	struct column *c;
	size_t i;

	k->keys = xcalloc(k->ncolumns, sizeof(*k->keys));
	for (i = 0; i < k->ncolumns; i++)
		if (k->columns[i].schema->key)
			k->keys[k->nkeys++] = i;
	c = k->nkeys == 1 ? &k->columns[k->keys[0]] : NULL;
	if (c != NULL && val_is_narrow(c->schema->type) && !schema_is_computed(c->schema) &&
	    c->schema->sign.column == NULL)
		k->integer_key = c;
}

int
cleaner_init(struct cleaner *k, const struct schema *s, const struct rec_header *raw, const char *name, struct msg *err)
{
	size_t i, field;

	memset(k, 0, sizeof(*k));
	k->schema = s;
	if (!rec_header_is_raw(raw))
		return msg_set(err, EX_DATAERR, "%s: not a raw stream, as acct-ingest writes it: table %s", name,
		    msg_quotes(raw->table));
	k->malformed = raw->ncolumns - 1;
	k->lines = rec_header_has_lines(raw) ? k->malformed - 1 : 0;
	k->columns = xcalloc(s->ncolumns, sizeof(*k->columns));
	k->room = VAL_PAD;
	for (i = 0; i < s->ncolumns; i++) {
		field = schema_is_computed(&s->columns[i]) ? 0 : find_field(k, raw, &s->columns[i]);
		if (field == 0 && !schema_is_computed(&s->columns[i]) && schema_may_lack(s, &s->columns[i]))
			field = k->malformed;		/* null in every row that is read */
		if (field == 0 && !schema_is_computed(&s->columns[i]))
			return msg_set(err, EX_CONFIG, "%s: column of the schema of %s missing: %s", name, s->name,
			    msg_quotes(s->columns[i].source));
		column_init(&k->columns[k->ncolumns++], s, &s->columns[i], field);
		k->room += column_room(&k->columns[i]);
	}
	find_keys(k);
	cleaner_find_parts(k);
	return check_extra(k, raw, name, err) < 0 || clean_derive_new(&k->derive, s, err) < 0 ? -1 : 0;
}

int
clean_schema_check(const struct schema *s, struct msg *err)
{
	struct clean_derive *d;
	int status = clean_derive_new(&d, s, err);

	clean_derive_free(d);
	return status;
}

void
cleaner_free(struct cleaner *k)
{
	while (k->ncolumns > 0)
		column_free(&k->columns[--k->ncolumns]);
	clean_derive_free(k->derive);
	clean_owners_free(k->owners);
	free(k->columns);
	free(k->keys);
	free(k->parts);
	free(k->start);
	free(k->len);
	memset(k, 0, sizeof(*k));
}

/* Sets a word that says what the column is, by its description or its title. */
static void
set_comment(struct rec_header *out, const struct schema_column *c)
{
	const char *comment = c->description != NULL ? c->description : c->title;
	char *key;

	if (comment == NULL)
		return;
	key = xasprintf("comment.%s", c->name);
	rec_header_set_word(out, key, comment);
	free(key);
}

void
cleaner_header(const struct cleaner *k, const struct rec_header *raw, struct rec_header *out)
{
	const char *source = rec_header_word(raw, "source");
	const struct schema_column *c;
	size_t i;

	rec_header_init(out, k->schema->name);
	for (i = 0; i < k->ncolumns; i++) {
		c = k->columns[i].schema;
		rec_header_add(out, c->name, c->type, c->key, c->required || c->default_text != NULL);
		set_comment(out, c);
	}
	if (source != NULL)
		rec_header_set_word(out, "source", source);
	if (k->schema->sequence != NULL)
		rec_header_set_word(out, "sequence", k->schema->sequence);
}

/* ---- rows ---- */

uint8_t *
cleaner_row(struct cleaner *k, struct rec raw, uint8_t *out, struct clean_fault *why)
{
	struct column *c, *end = k->columns + k->ncolumns;
	struct rec_field f;
	uint8_t *next;

	if (!rec_is_null(raw, k->malformed)) {
		why->reason = cleaner_malformed(rec_field(raw, k->malformed), &f);
		return NULL;
	}
	for (c = k->columns; c < end; c++) {
		f = rec_field(raw, c->field);
		next = c->put(c, f.p, f.n, out);
		if (__builtin_expect(next == NULL, 0) && (next = column_put(c, f.p, f.n, out, &why->reason)) == NULL) {
			why->column = (size_t)(c - k->columns);
			return NULL;
		}
		*next = '\t';
		out = next + 1;
	}
	why->reason = CLEAN_GOOD;
	return out - 1;
}

/*
 * Counts line feeds in escaped text: in a record ESC is always the first byte of an escape. In parts whose counts fit a
 * byte, which compilers make vectors of.
 */
static uint64_t
count_lfs(const uint8_t *p, const uint8_t *end)
{
	enum { PART = 128 };
	uint64_t n = 0;
	size_t i, part;
	uint8_t few;

	for (; end - p > 1; p += part, n += few) {
		part = end - p - 1 < PART ? (size_t)(end - p - 1) : PART;
		for (few = 0, i = 0; i < part; i++)
			few = (uint8_t)(few + ((p[i] == VAL_ESC) & (p[i + 1] == 0x40 + '\n')));
	}
	return n;
}

uint64_t
cleaner_lines(const struct cleaner *k, struct rec raw)
{
	if (k->lines > 0)
		return (uint64_t)val_int(rec_field(raw, k->lines).p);
	return 1 + count_lfs(raw.base + raw.off[0], raw.base + raw.off[k->malformed + 1]);
}

enum clean_reason
cleaner_malformed(struct rec_field f, struct rec_field *text)
{
	static const enum clean_reason reasons[] = { CLEAN_FIELD_COUNT, CLEAN_QUOTE };
	const char *name;
	size_t i, n;

	for (i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		name = clean_reason_name[reasons[i]];
		n = strlen(name);
		if (f.n > n && memcmp(f.p, name, n) == 0 && f.p[n] == ' ') {
			*text = (struct rec_field){ f.p + n + 1, f.n - n - 1 };
			return reasons[i];
		}
	}
	*text = f;
	return CLEAN_FIELD_COUNT;
}

struct rec_field
cleaner_field(const uint8_t *row, size_t n, size_t i)
{
	const uint8_t *end = row + n, *tab;

	for (; i > 0; i--)
		row = (const uint8_t *)memchr(row, '\t', (size_t)(end - row)) + 1;
	tab = memchr(row, '\t', (size_t)(end - row));
	return (struct rec_field){ row, (size_t)((tab != NULL ? tab : end) - row) };
}

struct rec_field
cleaner_key(const struct cleaner *k, const uint8_t *row, size_t n, struct buf *scratch)
{
	struct rec_field f;
	size_t i;

	if (k->nkeys == 1)
		return cleaner_field(row, n, k->keys[0]);
	scratch->len = 0;
	for (i = 0; i < k->nkeys; i++) {
		if (i > 0)
			buf_addc(scratch, '\t');
		f = cleaner_field(row, n, k->keys[i]);
		buf_add(scratch, f.p, f.n);
	}
	return (struct rec_field){ scratch->p, scratch->len };
}
