/* SharedKey authorization: the account's key signs the verb, the headers and the resource. */
#include <stdlib.h>
#include <string.h>

#include "azure/parts.h"

static const char *
header(const struct azure_call *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->nheaders; i++)
		if (strcmp(c->headers[i].name, name) == 0)
			return c->headers[i].value;
	return "";
}

static int
by_name(const void *a, const void *b)
{
	const struct azure_pair *p = a, *q = b;

	return strcmp(p->name, q->name);
}

/* "name:value\n" of each header that begins with x-ms-, in order. */
static void
put_headers(struct buf *out, const struct azure_call *c)
{
	struct azure_pair pairs[AZURE_MAX_PAIRS];
	size_t i;

	if (c->nheaders == 0)
		return;
	memcpy(pairs, c->headers, c->nheaders * sizeof(*pairs));
	qsort(pairs, c->nheaders, sizeof(*pairs), by_name);
	for (i = 0; i < c->nheaders; i++)
		if (strncmp(pairs[i].name, "x-ms-", 5) == 0)
			buf_addf(out, "%s:%s\n", pairs[i].name, pairs[i].value);
}

/* "\nname:value" of each parameter of the query, in order. */
static void
put_query(struct buf *out, const struct azure_call *c)
{
	struct azure_pair pairs[AZURE_MAX_PAIRS];
	size_t i;

	if (c->nquery == 0)
		return;
	memcpy(pairs, c->query, c->nquery * sizeof(*pairs));
	qsort(pairs, c->nquery, sizeof(*pairs), by_name);
	for (i = 0; i < c->nquery; i++)
		buf_addf(out, "\n%s:%s", pairs[i].name, pairs[i].value);
}

void
azure_sign(struct buf *out, const struct azure_place *place, const struct azure_call *c, const char *path,
    size_t body_size, const struct buf *key)
{
	static const char *const signed_headers[] = { "content-md5", "content-type", "date", "if-modified-since",
	    "if-match", "if-none-match", "if-unmodified-since", "range" };
	struct buf text = { 0 };
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	size_t i;

	buf_addf(&text, "%s\n\n\n", c->method);
	if (body_size > 0)
		buf_addf(&text, "%zu", body_size);
	buf_addc(&text, '\n');
	for (i = 0; i < sizeof(signed_headers) / sizeof(*signed_headers); i++)
		buf_addf(&text, "%s\n", header(c, signed_headers[i]));
	put_headers(&text, c);
	buf_addf(&text, "/%s%s", place->account, path);
	put_query(&text, c);
	azure_calls.HMAC(azure_calls.EVP_sha256(), key->p, (int)key->len, text.p, text.len, sum, &n);
	buf_addf(out, "SharedKey %s:", place->account);
	azure_put_base64(out, sum, n, false);
	buf_free(&text);
}
