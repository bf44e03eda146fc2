#include <stdlib.h>

#include "base/utf8.h"
#include "rec/rec.h"

void
rec_header_init(struct rec_header *h, const char *table)
{
	memset(h, 0, sizeof(*h));
	h->table = xstrdup(table);
}

void
rec_header_copy(struct rec_header *to, const struct rec_header *from)
{
	size_t i;

	rec_header_init(to, from->table);
	for (i = 0; i < from->ncolumns; i++) {
		const struct rec_column *c = &from->columns[i];

		rec_header_add(to, c->name, c->type, c->key, c->required);
	}
	for (i = 0; i < from->nwords; i++)
		rec_header_set_word(to, from->words[i].key, from->words[i].value);
}

void
rec_header_free(struct rec_header *h)
{
	size_t i;

	for (i = 0; i < h->ncolumns; i++)
		free(h->columns[i].name);
	for (i = 0; i < h->nwords; i++) {
		free(h->words[i].key);
		free(h->words[i].value);
	}
	free(h->columns);
	free(h->words);
	free(h->table);
	memset(h, 0, sizeof(*h));
}

struct rec_column *
rec_header_add(struct rec_header *h, const char *name, struct val_type type, bool key, bool required)
{
	struct rec_column *c;

	h->columns = xreallocarray(h->columns, h->ncolumns + 1, sizeof(*h->columns));
	c = &h->columns[h->ncolumns++];
	*c = (struct rec_column){ xstrdup(name), type, key, required };
	return c;
}

void
rec_header_set_word(struct rec_header *h, const char *key, const char *value)
{
	size_t i;

	for (i = 0; i < h->nwords; i++) {
		if (strcmp(h->words[i].key, key) == 0) {
			free(h->words[i].value);
			h->words[i].value = xstrdup(value);
			return;
		}
	}
	h->words = xreallocarray(h->words, h->nwords + 1, sizeof(*h->words));
	h->words[h->nwords++] = (struct rec_word){ xstrdup(key), xstrdup(value) };
}

void
rec_header_drop_word(struct rec_header *h, const char *key)
{
	size_t i;

	for (i = 0; i < h->nwords && strcmp(h->words[i].key, key) != 0; i++)
		;
	if (i == h->nwords)
		return;
	free(h->words[i].key);
	free(h->words[i].value);
	memmove(h->words + i, h->words + i + 1, (--h->nwords - i) * sizeof(*h->words));
}

const char *
rec_header_word(const struct rec_header *h, const char *key)
{
	size_t i;

	for (i = 0; i < h->nwords; i++)
		if (strcmp(h->words[i].key, key) == 0)
			return h->words[i].value;
	return NULL;
}

int
rec_header_find(const struct rec_header *h, const char *name)
{
	size_t i;

	for (i = 0; i < h->ncolumns; i++)
		if (strcmp(h->columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

bool
rec_header_has_lines(const struct rec_header *h)
{
	const struct rec_column *c = h->columns + h->ncolumns - 2;

	return h->ncolumns > 2 && strcmp(c->name, "_lines") == 0 && c->type.kind == VAL_INT64;
}

bool
rec_header_is_raw(const struct rec_header *h)
{
	const struct rec_column *c = h->columns;
	size_t i, last = h->ncolumns - 1;

	if (h->ncolumns < 2 || strcmp(c[0].name, "_line") != 0 || c[0].type.kind != VAL_INT64 ||
	    strcmp(c[last].name, "_malformed") != 0)
		return false;
	for (i = 1; i <= last; i++)
		if (c[i].type.kind != VAL_STRING && !(i == last - 1 && rec_header_has_lines(h)))
			return false;
	return true;
}

static bool
word_is_1(const struct rec_header *h, const char *key)
{
	const char *word = rec_header_word(h, key);

	return word != NULL && strcmp(word, "1") == 0;
}

bool
rec_header_is_bytes(const struct rec_header *h)
{
	return rec_header_is_raw(h) || word_is_1(h, "raw");
}

bool
rec_header_is_change(const struct rec_header *h)
{
	return word_is_1(h, "change");
}

bool
rec_header_equal(const struct rec_header *a, const struct rec_header *b)
{
	size_t i;

	if (strcmp(a->table, b->table) != 0 || a->ncolumns != b->ncolumns)
		return false;
	for (i = 0; i < a->ncolumns; i++)
		if (strcmp(a->columns[i].name, b->columns[i].name) != 0 ||
		    !val_type_equal(a->columns[i].type, b->columns[i].type))
			return false;
	return true;
}

bool
rec_header_same_words(const struct rec_header *a, const struct rec_header *b)
{
	size_t i;

	if (a->nwords != b->nwords)
		return false;
	for (i = 0; i < a->nwords; i++)
		if (strcmp(a->words[i].key, b->words[i].key) != 0 || strcmp(a->words[i].value, b->words[i].value) != 0)
			return false;
	return true;
}

/* ---- the line ---- */

static const char prefix[] = "\001H acct/1";

static bool
is_plain(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
	    c == '-';
}

static void
put_name(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++) {
		if (is_plain((uint8_t)*name))
			buf_addc(out, (uint8_t)*name);
		else
			buf_addf(out, "%%%02X", (uint8_t)*name);
	}
}

void
rec_header_put(const struct rec_header *h, struct buf *out)
{
	char type[NUM_TEXT];
	size_t i;

	buf_adds(out, prefix);
	buf_addc(out, ' ');
	put_name(out, h->table);
	for (i = 0; i < h->ncolumns; i++) {
		const struct rec_column *c = &h->columns[i];

		buf_addc(out, ' ');
		put_name(out, c->name);
		val_type_put(type, c->type);
		buf_addf(out, ":%s%s%s", type, c->key ? "*" : "", c->required ? "!" : "");
	}
	for (i = 0; i < h->nwords; i++) {
		buf_adds(out, " @");
		put_name(out, h->words[i].key);
		buf_addc(out, '=');
		put_name(out, h->words[i].value);
	}
}

static int
hex(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/*
 * Parses the name at p, up to the first byte not allowed in names; advances *pp past it. Returns NULL if it is empty or
 * malformed.
 */
static char *
get_name(const uint8_t **pp, const uint8_t *end, bool may_be_empty)
{
	const uint8_t *p = *pp;
	char *name = xmalloc((size_t)(end - p) + 1), *o = name;

	while (p < end && (is_plain(*p) || *p == '%')) {
		int c = *p++;

		if (c == '%') {
			if (end - p < 2 || hex(p[0]) < 0 || hex(p[1]) < 0 || (c = hex(p[0]) << 4 | hex(p[1])) == 0 ||
			    is_plain((uint8_t)c))
				goto bad;
			p += 2;
		}
		*o++ = (char)c;
	}
	*o = '\0';
	if ((o == name && !may_be_empty) || !utf8_ok(name, (size_t)(o - name)))
		goto bad;
	*pp = p;
	return name;
bad:
	free(name);
	return NULL;
}

/* Parses "name:type*!" from p to end, a whole word. */
static bool
get_column(struct rec_header *h, const uint8_t *p, const uint8_t *end)
{
	struct val_type type;
	bool key = false, required = false, fine;
	char *name = get_name(&p, end, false);

	if (name == NULL || p == end || *p++ != ':') {
		free(name);
		return false;
	}
	if (end > p && end[-1] == '!') {
		required = true;
		end--;
	}
	if (end > p && end[-1] == '*') {
		key = true;
		end--;
	}
	fine = val_type_parse((const char *)p, (size_t)(end - p), &type) && rec_header_find(h, name) < 0 &&
	    h->ncolumns < REC_MAX_COLUMNS;
	if (fine)
		rec_header_add(h, name, type, key, required);
	free(name);
	return fine;
}

/* Parses "@key=value" from p, after the '@', to end. */
static bool
get_word(struct rec_header *h, const uint8_t *p, const uint8_t *end)
{
	char *key = get_name(&p, end, false), *value = NULL;
	bool fine = key != NULL && p < end && *p++ == '=' && (value = get_name(&p, end, true)) != NULL && p == end &&
	    rec_header_word(h, key) == NULL && h->nwords < REC_MAX_COLUMNS;

	if (fine)
		rec_header_set_word(h, key, value);
	free(key);
	free(value);
	return fine;
}

int
rec_header_parse(struct rec_header *h, const uint8_t *line, size_t n, struct msg *err)
{
	const uint8_t *p = line, *end = line + n, *word;
	size_t plen = sizeof(prefix) - 1;

	memset(h, 0, sizeof(*h));
	if (n < plen || memcmp(p, prefix, plen) != 0)
		return msg_set(err, EX_DATAERR, "not a record stream of version 1: %s", msg_quote(line, n));
	p += plen;
	if (p == end || *p++ != ' ' || (h->table = get_name(&p, end, false)) == NULL) {
		msg_set(err, EX_DATAERR, "header: missing table name: %s", msg_quote(line, n));
		goto bad;
	}
	while (p < end) {
		if (*p++ != ' ') {
			msg_set(err, EX_DATAERR, "header: invalid name: %s", msg_quote(line, n));
			goto bad;
		}
		word = p;
		while (p < end && *p != ' ')
			p++;
		if (word < p && *word == '@' ? !get_word(h, word + 1, p) : h->nwords > 0 || !get_column(h, word, p)) {
			msg_set(err, EX_DATAERR, "header: invalid column or word: %s",
			    msg_quote(word, (size_t)(p - word)));
			goto bad;
		}
	}
	if (h->ncolumns > 0)
		return 0;
	msg_set(err, EX_DATAERR, "header: no columns");
bad:
	rec_header_free(h);
	return -1;
}

struct near
rec_near(const struct rec_header *h, const char *name)
{
	struct near near;
	size_t i;

	near_start(&near, name);
	for (i = 0; i < h->ncolumns; i++)
		near_try(&near, h->columns[i].name);
	return near;
}
