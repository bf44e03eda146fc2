#include "csv/kind.h"

#include <string.h>

#include "base/mem.h"

struct format {
	const char *magic;		/* first bytes; ? matches any */
	size_t n;
	const char *what;
	const char *filter;		/* command that writes the text to standard output; NULL: see advice */
	const char *advice;
};

static const struct format formats[] = {
	{ "\037\213\010", 3, "gzip-compressed data", "gzip -dc", NULL },
	{ "\050\265\057\375", 4, "zstd-compressed data", "zstd -dc", NULL },
	{ "\3757zXZ\0", 6, "xz-compressed data", "xz -dc", NULL },
	{ "BZh?1AY&SY", 10, "bzip2-compressed data", "bzip2 -dc", NULL },
	{ "BZh?\027rE8P\220", 10, "bzip2-compressed data", "bzip2 -dc", NULL },
	{ "\004\042\115\030", 4, "lz4-compressed data", "lz4 -dc", NULL },
	{ "\037\235", 2, "compress(1) data", "gzip -dc", NULL },
	{ "7z\274\257\047\034", 6, "a 7-Zip archive, not CSV", "7z x -so", NULL },
	{ "PK\003\004", 4, "a zip archive, not CSV", "unzip -p", NULL },
	{ "PK\005\006", 4, "an empty zip archive, not CSV", NULL, "it contains no text" },
	{ "\320\317\021\340\241\261\032\341", 8, "an Excel workbook (xls), not CSV", NULL,
	    "save the sheet as CSV UTF-8" },
	{ "PAR1\025", 5, "a Parquet file, not CSV", NULL, "acct-read reads it" },
	{ "SQLite format 3\0", 16, "an SQLite database, not CSV", NULL,
	    "sqlite3 -csv -header writes a query's rows as CSV" },
	{ "\001H acct/", 8, "a record stream, not CSV", NULL, "acct-cat shows it" },
	{ "\377\376\0\0", 4, "UTF-32 text, not UTF-8", "iconv -f UTF-32 -t UTF-8", NULL },
	{ "\0\0\376\377", 4, "UTF-32 text, not UTF-8", "iconv -f UTF-32 -t UTF-8", NULL },
	{ "\377\376", 2, "UTF-16 text, not UTF-8", "iconv -f UTF-16 -t UTF-8", NULL },
	{ "\376\377", 2, "UTF-16 text, not UTF-8", "iconv -f UTF-16 -t UTF-8", NULL }
};

static const struct format workbook = { NULL, 0, "an Excel workbook (xlsx), not CSV", NULL,
    "save the sheet as CSV UTF-8" };

/* Wide encodings without a byte order mark: the position of the byte that is not 0 within a unit, and the name. */
static const struct wide {
	size_t unit, place;
	struct format format;
} wides[] = {
	{ 2, 0, { NULL, 0, "UTF-16 text, not UTF-8", "iconv -f UTF-16LE -t UTF-8", NULL } },
	{ 2, 1, { NULL, 0, "UTF-16 text, not UTF-8", "iconv -f UTF-16BE -t UTF-8", NULL } },
	{ 4, 0, { NULL, 0, "UTF-32 text, not UTF-8", "iconv -f UTF-32LE -t UTF-8", NULL } },
	{ 4, 3, { NULL, 0, "UTF-32 text, not UTF-8", "iconv -f UTF-32BE -t UTF-8", NULL } }
};

/*
 * Does each of the first units hold one byte, as for ASCII and Latin-1? Requires at least four, so that a field with a
 * NUL does not match.
 */
static bool
is_wide(const struct wide *w, const uint8_t *p, size_t n)
{
	size_t i;

	n = n < CSV_KIND_BYTES ? n / w->unit * w->unit : CSV_KIND_BYTES;
	if (n < 4 * w->unit)
		return false;
	for (i = 0; i < n; i++)
		if (i % w->unit == w->place ? p[i] == 0 : p[i] != 0)
			return false;
	return true;
}

/* Names in a zip archive are not compressed; a workbook's sheets are in xl/. */
static bool
is_workbook(const uint8_t *p, size_t n)
{
	return memmem(p, n, "xl/", 3) != NULL || memmem(p, n, "[Content_Types].xml", 19) != NULL;
}

static bool
begins(const uint8_t *p, size_t n, const struct format *f)
{
	size_t i;

	for (i = 0; i < f->n && i < n; i++)
		if (f->magic[i] != '?' && p[i] != (uint8_t)f->magic[i])
			return false;
	return n >= f->n;
}

static const struct format *
find(const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (begins(p, n, &formats[i]))
			return memcmp(formats[i].magic, "PK\003", 3) == 0 &&
			    is_workbook(p, n) ? &workbook : &formats[i];
	for (i = 0; i < sizeof(wides) / sizeof(*wides); i++)
		if (is_wide(&wides[i], p, n))
			return &wides[i].format;
	return NULL;
}

/* A zstd file may begin with a skippable frame. */
static bool
is_skippable(const uint8_t *p, size_t n)
{
	return n >= 4 && (p[0] & 0xf0) == 0x50 && memcmp(p + 1, "\052\115\030", 3) == 0;
}

enum csv_kind
csv_kind(const uint8_t *p, size_t n)
{
	const struct format *f = find(p, n);

	if (f == &formats[0])
		return CSV_KIND_GZIP;
	if (f == &formats[1] || is_skippable(p, n))
		return CSV_KIND_ZSTD;
	return f != NULL ? CSV_KIND_FOREIGN : CSV_KIND_TEXT;
}

bool
csv_kind_is_unicode(const uint8_t *p, size_t n)
{
	const struct format *f = find(p, n);

	return f != NULL && strncmp(f->what, "UTF-", 4) == 0;
}

/* Returns the file's name as a shell argument: " name", " FILE" if it would need quoting, "" for standard input. */
static const char *
argument(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:/-";

	if (strcmp(name, "<stdin>") == 0)
		return "";
	return *name != '-' && strspn(name, plain) == strlen(name) ? name : "FILE";
}

/* Appends the shell command that converts the file to text: removes the outer compression, then runs `filter`. */
static void
put_command(struct buf *b, enum csv_kind outer, const char *filter, const char *name)
{
	const char *file = argument(name), *blank = *file != '\0' ? " " : "";

	if (outer != CSV_KIND_TEXT)
		buf_addf(b, "%s%s%s | %s", formats[outer == CSV_KIND_ZSTD].filter, blank, file, filter);
	else if (strncmp(filter, "tr ", 3) == 0)
		buf_addf(b, "%s%s%s", filter, *file != '\0' ? " <" : "", file);
	else
		buf_addf(b, "%s%s%s", filter, blank, file);
	buf_adds(b, " | acct-ingest ...");
}

static int
refuse(const char *what, const struct format *f, enum csv_kind outer, const char *name, struct msg *err)
{
	const char *inside = outer == CSV_KIND_TEXT ? "" : outer == CSV_KIND_ZSTD ? " inside zstd data" :
	    " inside gzip data";
	struct buf next = { 0 };

	if (f->filter != NULL) {
		buf_adds(&next, "run: ");
		put_command(&next, outer, f->filter, name);
	} else {
		buf_adds(&next, f->advice);
	}
	msg_set(err, EX_DATAERR, "%s: %s%s; %s", name, what, inside, buf_cstr(&next));
	buf_free(&next);
	return -1;
}

int
csv_kind_refuse(const uint8_t *p, size_t n, enum csv_kind outer, const char *name, struct msg *err)
{
	const struct format *f = find(p, n);

	if (f == NULL)		/* a skippable frame of zstd */
		f = &formats[1];
	return refuse(f->what, f, outer, name, err);
}

int
csv_kind_check_ends(const uint8_t *p, size_t n, uint8_t quote, enum csv_kind outer, const char *name, struct msg *err)
{
	static const struct format old_mac = { .filter = "tr '\\r' '\\n'" };
	bool quoted = false;
	size_t i;

	for (i = 0; i + 1 < n; i++) {
		quoted ^= quote != 0 && p[i] == quote;
		if (p[i] == '\r' && !quoted && p[i + 1] != '\r')
			return refuse("lines end with CR alone", &old_mac, outer, name, err);
	}
	return 0;
}
