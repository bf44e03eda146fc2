#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "draft/draft.h"

static const char *const type_names[DRAFT_TYPES] = {
	"bool", "date", "int64", NULL, "timestamp", "float64", "string"
};

/* ---- YAML ---- */

/* Appends a scalar, in double quotes unless it is a plain word that YAML reads as text. */
static void
put_word(struct buf *out, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.";
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p;

	if (word[strspn(word, plain)] == '\0' && *word != '\0' && *word != '.') {
		buf_adds(out, word);
		return;
	}
	buf_addc(out, '"');
	for (p = (const unsigned char *)word; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_addc(out, '\\');
		if (*p >= ' ') {
			buf_addc(out, *p);
			continue;
		}
		buf_adds(out, "\\x");
		buf_addc(out, (uint8_t)digits[*p >> 4]);
		buf_addc(out, (uint8_t)digits[*p & 15]);
	}
	buf_addc(out, '"');
}

static void
put_number(struct buf *out, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	buf_adds(out, text);
}

/* Appends "N of ALL WHAT" to a comment. */
static void
put_share(struct buf *out, uint64_t n, uint64_t all, const char *what)
{
	put_number(out, n);
	buf_adds(out, " of ");
	put_number(out, all);
	buf_adds(out, what);
}

static void
put_sample(struct buf *out, const struct draft_sample *s)
{
	buf_adds(out, msg_quotes(s->text));
	buf_adds(out, " in line ");
	put_number(out, s->line);
}

/* ---- columns ---- */

static void
put_type(struct buf *out, const struct draft_column *c, enum draft_type type)
{
	uint64_t n;
	unsigned scale = draft_column_scale(c, &n), precision = c->numbers[draft_column_notation(c)].whole + scale;
	char text[40];

	if (type != DRAFT_DECIMAL) {
		buf_adds(out, type_names[type]);
		return;
	}
	if (precision < 18)
		precision = 18;
	snprintf(text, sizeof(text), "decimal(%u,%u)", precision, scale);
	buf_adds(out, text);
}

/* Why a column that has numbers is text after all. */
static void
put_text_reason(struct buf *out, const struct draft_column *c)
{
	enum draft_type i;

	if (c->values == 0) {
		buf_adds(out, "  # has no values");
		return;
	}
	if (c->zeros > c->values / 20) {
		buf_adds(out, "  # numbers with leading zeros, as ");
		put_sample(out, &c->zero);
		return;
	}
	for (i = DRAFT_DECIMAL; i < DRAFT_STRING; i++)
		if (c->of[i] > c->values / 2)
			break;
	if (i < DRAFT_STRING && c->odd[i].text != NULL) {
		buf_adds(out, "  # ");
		put_share(out, c->of[i], c->values, i == DRAFT_TIMESTAMP ? " are times; not " : " are numbers; not ");
		put_sample(out, &c->odd[i]);
	}
}

/* Which other formats a column's dates may have. */
static void
put_other_formats(struct buf *out, const struct draft_column *c, size_t format)
{
	size_t i;

	for (i = 0; i < DRAFT_FORMATS; i++) {
		if (i == format || c->dates[i] < c->dates[format])
			continue;
		buf_adds(out, "; may be ");
		buf_adds(out, draft_formats[i]);
		buf_adds(out, " as well: no date tells");
	}
}

static void
put_reason(struct buf *out, const struct draft_column *c, enum draft_type type, size_t format)
{
	uint64_t has = type == DRAFT_DATE ? c->dates[format] : c->of[type];

	if (type == DRAFT_DECIMAL)
		draft_column_scale(c, &has);

	if (type == DRAFT_STRING) {
		put_text_reason(out, c);
		return;
	}
	buf_adds(out, "  # ");
	put_share(out, has, c->values, " values");
	if (c->of[type] < c->values && c->odd[type].text != NULL && draft_column_notation(c) == DRAFT_PLAIN) {
		buf_adds(out, "; not ");
		put_sample(out, &c->odd[type]);
	}
	if (type == DRAFT_DATE)
		put_other_formats(out, c, format);
}

/* How the numbers of a column are written, if not as their type has them. */
static void
put_notation(struct buf *out, const struct draft_column *c)
{
	const enum draft_notation notation = draft_column_notation(c);
	const bool comma = notation == DRAFT_COMMA;

	if (notation == DRAFT_PLAIN)
		return;
	if (comma)
		buf_adds(out, "    decimal_char: \",\"\n");
	if (c->grouped[notation] > 0)
		buf_adds(out, comma ? "    group_char: \".\"" : "    group_char: \",\"");
	if (c->grouped[notation] > 0 && c->numbers[DRAFT_POINT].n == c->numbers[DRAFT_COMMA].n)
		buf_adds(out, "  # may be decimal_char as well: no number tells");
	if (c->grouped[notation] > 0)
		buf_addc(out, '\n');
}

/* Finds the table to whose key a column refers. */
static const struct draft_schema *
refers_to(const struct draft_schema *d, const struct draft_column *c, const struct draft_schema *others, size_t nothers)
{
	const struct draft_column *key;
	size_t i, format;

	for (i = 0; i < nothers; i++) {
		if (&others[i] == d || others[i].key == others[i].ncolumns)
			continue;
		key = &others[i].columns[others[i].key];
		if (strcmp(key->name, c->name) == 0 &&
		    draft_column_type(key, &format) == draft_column_type(c, &format))
			return &others[i];
	}
	return NULL;
}

static void
put_column(struct buf *out, const struct draft_schema *d, size_t i, const struct draft_schema *others, size_t nothers)
{
	const struct draft_column *c = &d->columns[i];
	const struct draft_schema *to = i == d->key ? NULL : refers_to(d, c, others, nothers);
	size_t format;
	enum draft_type type = draft_column_type(c, &format);

	buf_adds(out, "  - name: ");
	put_word(out, c->name);
	buf_adds(out, "\n    type: ");
	put_type(out, c, type);
	put_reason(out, c, type, format);
	buf_addc(out, '\n');
	if (type == DRAFT_DECIMAL)
		put_notation(out, c);
	if (type == DRAFT_DATE && format != 0) {
		buf_adds(out, "    format: \"");
		buf_adds(out, draft_formats[format]);
		buf_adds(out, "\"\n");
	}
	if (i == d->key)
		buf_adds(out, "    key: yes  # nearly every row has its own value\n");
	else if (c->values > 0 && c->values == d->rows - d->malformed)
		buf_adds(out, "    required: yes  # no row is without it\n");
	if (to == NULL)
		return;
	buf_adds(out, "    references: ");
	put_word(out, to->table);
	buf_addc(out, '.');
	put_word(out, c->name);
	buf_adds(out, "  # the name of its key\n");
}

/* ---- the file ---- */

/* Words that mean null in some column: of text columns only those that no text is. */
static bool
is_null_word(const struct draft_schema *d, size_t word)
{
	size_t i, format;
	bool plain = strcmp(draft_nulls[word], "-") == 0 || strcmp(draft_nulls[word], "NA") == 0;

	for (i = 0; i < d->ncolumns; i++)
		if (d->columns[i].nulls[word] > 0 &&
		    (!plain || draft_column_type(&d->columns[i], &format) != DRAFT_STRING))
			return true;
	return false;
}

static void
put_nulls(struct buf *out, const struct draft_schema *d)
{
	size_t i, n = 0;

	for (i = 0; i < DRAFT_NULLS; i++) {
		if (!is_null_word(d, i))
			continue;
		buf_adds(out, n++ == 0 ? "nulls: [\"" : ", \"");
		if (draft_nulls[i][0] == '\\')
			buf_addc(out, '\\');
		buf_adds(out, draft_nulls[i]);
		buf_addc(out, '"');
	}
	if (n > 0)
		buf_adds(out, "]\n");
}

static void
put_encoding(struct buf *out, const struct draft_schema *d)
{
	if (d->encoding == NULL)
		return;
	buf_adds(out, "encoding: ");
	buf_adds(out, d->encoding);
	if (strcmp(d->encoding, "auto") == 0) {
		buf_adds(out, "  # by the file's byte order mark\n");
		return;
	}
	buf_adds(out, "  # a guess, as ");
	put_number(out, d->decoded);
	buf_adds(out, " values are not UTF-8: look at their letters\n");
}

static void
put_delimiter(struct buf *out, const struct draft_schema *d)
{
	if (d->delimiter == '\t') {
		buf_adds(out, "delimiter: \"\\t\"\n");
	} else if (d->delimiter != ',') {
		buf_adds(out, "delimiter: \"");
		buf_addc(out, (uint8_t)d->delimiter);
		buf_adds(out, "\"\n");
	}
	if (d->escape != '\0')
		buf_adds(out, "escape: \"\\\\\"\n");
}

/* The lines that are not rows. */
static void
put_skipped(struct buf *out, const struct draft_schema *d)
{
	if (!d->header) {
		buf_adds(out, "header: no  # the first line looks like a row\n");
	} else if (d->skip.before > 0) {
		buf_adds(out, "header: ");
		put_number(out, d->skip.before + 1);
		buf_adds(out, "  # the line of names; those before it have another number of fields\n");
	}
	if (d->skip.comment)
		buf_adds(out, "comment: \"#\"  # lines that begin with it have another number of fields\n");
	if (d->skip.footer > 0) {
		buf_adds(out, "footer: ");
		put_number(out, d->skip.footer);
		buf_adds(out, "  # lines at the end: a total, or text where rows have a value of another type\n");
	}
}

/* What a person should know who reads the draft. */
static void
put_head(struct buf *out, const struct draft_schema *d)
{
	uint64_t not_utf8 = 0;
	size_t i;

	for (i = 0; i < d->ncolumns && d->encoding == NULL; i++)
		not_utf8 += d->columns[i].not_utf8;
	buf_adds(out, "# Drafted from ");
	put_number(out, d->rows);
	buf_adds(out, " rows of ");
	buf_adds(out, msg_quotes(d->file));
	buf_adds(out, ".\n");
	if (d->malformed > 0) {
		buf_adds(out, "# ");
		put_share(out, d->malformed, d->rows,
		    " rows have another number of fields, or stray quotes; they will be rejected.\n");
	}
	if (not_utf8 > 0) {
		buf_adds(out, "# ");
		put_number(out, not_utf8);
		buf_adds(out, " values are not UTF-8, unlike others: their rows will be rejected.\n");
	}
	if (d->key == d->ncolumns)
		buf_adds(out, "# No column has a value of its own in each row: name the key, if there is one, by\n"
		    "# 'key: [COLUMN, COLUMN]'.\n");
}

void
draft_put(const struct draft_schema *d, const struct draft_schema *others, size_t nothers, struct buf *out)
{
	size_t i;

	put_head(out, d);
	buf_adds(out, "name: ");
	put_word(out, d->table);
	buf_adds(out, "\nfile: ");
	put_word(out, d->file);
	buf_addc(out, '\n');
	put_encoding(out, d);
	put_delimiter(out, d);
	put_skipped(out, d);
	buf_adds(out, d->spans ? "multiline: yes  # some fields span lines\n" :
	    "multiline: no  # no field spans lines\n");
	if (d->nameless)
		buf_adds(out, "extra: ignore  # columns without a name\n");
	put_nulls(out, d);
	buf_adds(out, "columns:\n");
	for (i = 0; i < d->ncolumns; i++)
		if (*d->columns[i].name != '\0')
			put_column(out, d, i, others, nothers);
}
