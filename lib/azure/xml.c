/* Listings of containers, parsed with libexpat. */
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "azure/azure.h"
#include "azure/parts.h"
#include "base/num.h"

struct parser {
	struct azure_list *list;
	struct azure_item item;
	struct buf text;		/* of the innermost element */
};

/* Elements of interest by their names: each occurs at one place of the document only, but Name. */
static void XMLCALL
begin(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct parser *p = arg;

	(void)attributes;
	p->text.len = 0;
	if (strcmp(name, "Blob") == 0 || strcmp(name, "BlobPrefix") == 0)
		p->item = (struct azure_item){ .is_folder = strcmp(name, "BlobPrefix") == 0 };
}

static void
add(struct azure_list *l, const struct azure_item *item)
{
	if ((l->n & (l->n - 1)) == 0)
		l->items = xreallocarray(l->items, l->n == 0 ? 1 : 2 * l->n, sizeof(*l->items));
	l->items[l->n++] = *item;
}

static void XMLCALL
end(void *arg, const XML_Char *name)
{
	struct parser *p = arg;
	const char *text = buf_cstr(&p->text);
	int64_t n;

	if (strcmp(name, "Name") == 0 && p->item.name == NULL) {
		p->item.name = xstrdup(text);
	} else if (strcmp(name, "Content-Length") == 0 && num_int64(text, p->text.len, &n) && n >= 0) {
		p->item.size = (uint64_t)n;
	} else if (strcmp(name, "Last-Modified") == 0) {
		p->item.mtime = azure_date(text);
	} else if (strcmp(name, "hdi_isfolder") == 0 || strcmp(name, "Hdi_isfolder") == 0) {
		p->item.is_folder = strcmp(text, "true") == 0;
	} else if (strcmp(name, "ResourceType") == 0) {
		p->item.is_folder = p->item.is_folder || strcmp(text, "directory") == 0;
	} else if (strcmp(name, "NextMarker") == 0 && p->text.len > 0) {
		free(p->list->marker);
		p->list->marker = xstrdup(text);
	} else if ((strcmp(name, "Blob") == 0 || strcmp(name, "BlobPrefix") == 0) && p->item.name != NULL) {
		add(p->list, &p->item);
		p->item = (struct azure_item){ 0 };
	}
	p->text.len = 0;
}

static void XMLCALL
characters(void *arg, const XML_Char *s, int n)
{
	struct parser *p = arg;

	buf_add(&p->text, s, (size_t)n);
}

int
azure_list_parse(struct azure_list *l, const void *xml, size_t n, struct msg *err)
{
	struct parser p = { .list = l };
	XML_Parser x = azure_calls.XML_ParserCreate(NULL);
	bool ok;

	*l = (struct azure_list){ 0 };
	azure_calls.XML_SetUserData(x, &p);
	azure_calls.XML_SetElementHandler(x, begin, end);
	azure_calls.XML_SetCharacterDataHandler(x, characters);
	ok = n <= INT32_MAX && azure_calls.XML_Parse(x, xml, (int)n, 1) == XML_STATUS_OK;
	azure_calls.XML_ParserFree(x);
	free(p.item.name);
	buf_free(&p.text);
	if (ok)
		return 0;
	azure_list_free(l);
	return msg_set(err, EX_UNAVAILABLE, "invalid XML in a listing");
}

void
azure_list_free(struct azure_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->items[i].name);
	free(l->items);
	free(l->marker);
	*l = (struct azure_list){ 0 };
}

/* "Mon, 30 Nov 2026 18:00:00 GMT" */
int64_t
azure_date(const char *text)
{
	int32_t days;
	unsigned h, m, s;
	char day[12];

	if (strlen(text) != 29 || strcmp(text + 25, " GMT") != 0)
		return -1;
	memcpy(day, text + 5, 11);
	day[11] = '\0';
	if (!num_date_as("%d %b %Y", NUM_CENTURY, day, 11, &days) ||
	    sscanf(text + 17, "%2u:%2u:%2u", &h, &m, &s) != 3 || h > 23 || m > 59 || s > 60)
		return -1;
	return ((int64_t)days * 86400 + h * 3600 + m * 60 + s) * 1000;
}
