/* Azure Blob Storage as a store: names, listings, removal. */
#include "store/azure.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"

struct store_azure *
store_azure_of(const struct store *s)
{
	return (struct store_azure *)s;		/* its first member */
}

char *
store_azure_blob(const struct store *s, const char *name)
{
	const char *prefix = azure_place(store_azure_of(s)->azure)->prefix;

	return xasprintf("%s%s%s", prefix, *prefix != '\0' && *name != '\0' ? "/" : "", name);
}

static int
open_azure(struct store **sp, const char *address, struct msg *err)
{
	struct store_azure *s = xcalloc(1, sizeof(*s));
	int failed = azure_open(&s->azure, address, err);

	if (!failed && *azure_place(s->azure)->container == '\0') {
		azure_close(s->azure);
		failed = msg_set(err, EX_USAGE, "%s: expected a container after the account", address);
	}
	if (failed) {
		free(s);
		return -1;
	}
	pthread_mutex_init(&s->mutex, NULL);
	*sp = &s->store;
	return 0;
}

static void
close_azure(struct store *store)
{
	struct store_azure *s = store_azure_of(store);

	while (s->locks != NULL)
		store_azure_unlock(store, s->locks);
	azure_close(s->azure);
	pthread_mutex_destroy(&s->mutex);
	free(s);
}

/* ---- what a name is ---- */

bool
store_azure_is_folder(const struct azure_call *c)
{
	const char *mark = http_header(&c->http, "x-ms-meta-hdi_isfolder"),
	    *type = http_header(&c->http, "x-ms-resource-type");

	return (mark != NULL && strcmp(mark, "true") == 0) || (type != NULL && strcmp(type, "directory") == 0);
}

int
store_azure_head(struct store *s, const char *blob, struct azure_call *c, bool *found, struct msg *err)
{
	struct azure *a = store_azure_of(s)->azure;

	*c = (struct azure_call){ .method = "HEAD", .blob = blob };
	if (azure_do(a, c, err) < 0)
		return -1;
	*found = c->outcome == AZURE_DONE;
	return *found || c->outcome == AZURE_ABSENT || c->outcome == AZURE_NO_CONTAINER ? 0 : azure_blame(a, c, err);
}

/* Gets a page of a listing: 1, or 0 if there is no such container. */
static int
get_page(struct store *s, const char *prefix, const char *delimiter, const char *most, const char *marker,
    struct azure_list *page, struct msg *err)
{
	struct azure *a = store_azure_of(s)->azure;
	struct azure_call c = { .method = "GET" };
	int got;

	*page = (struct azure_list){ 0 };
	azure_call_query(&c, "restype", "container");
	azure_call_query(&c, "comp", "list");
	azure_call_query(&c, "include", "metadata");
	if (*prefix != '\0')
		azure_call_query(&c, "prefix", prefix);
	if (*delimiter != '\0')
		azure_call_query(&c, "delimiter", delimiter);
	if (*most != '\0')
		azure_call_query(&c, "maxresults", most);
	if (marker != NULL)
		azure_call_query(&c, "marker", marker);
	got = azure_do(a, &c, err) < 0 ? -1 : c.outcome == AZURE_DONE;
	if (got == 0 && c.outcome != AZURE_NO_CONTAINER && c.outcome != AZURE_ABSENT)
		got = azure_blame(a, &c, err);
	if (got > 0 && azure_list_parse(page, c.http.reply.p, c.http.reply.len, err) < 0)
		got = -1;
	azure_call_free(&c);
	return got;
}

/* Does the container have a blob of the prefix? With an empty prefix, the container alone is enough. */
static int
has_below(struct store *s, const char *prefix, struct msg *err)
{
	struct azure_list page;
	char *marker = NULL;
	int got;
	bool found;

	do {			/* a page may be empty and yet not the last */
		got = get_page(s, prefix, "", "1", marker, &page, err);
		free(marker);
		marker = got > 0 ? page.marker : NULL;
		found = got > 0 && (page.n > 0 || *prefix == '\0');
		page.marker = NULL;
		azure_list_free(&page);
	} while (got > 0 && !found && marker != NULL);
	free(marker);
	return got < 0 ? -1 : found;
}

static int
stat_azure(struct store *s, const char *name, enum store_kind *kind, struct msg *err)
{
	char *blob = store_azure_blob(s, name), *prefix = xasprintf("%s%s", blob, *blob != '\0' ? "/" : "");
	struct azure_call c = { 0 };
	bool found = false;
	int got = *blob != '\0' ? store_azure_head(s, blob, &c, &found, err) : 0;

	if (got == 0 && found) {
		*kind = store_azure_is_folder(&c) ? STORE_FOLDER : STORE_OBJECT;
		got = 1;
	} else if (got == 0) {
		if ((got = has_below(s, prefix, err)) > 0)
			*kind = STORE_FOLDER;
	}
	azure_call_free(&c);
	free(prefix);
	free(blob);
	return got;
}

static char *
real_path(struct store *s, const char *name)
{
	struct msg unheard = { 0 };
	enum store_kind kind;

	return stat_azure(s, name, &kind, &unheard) > 0 ? store_path(s, name) : NULL;
}

/* ---- listing ---- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct azure_folders {
	char **names;		/* owned */
	size_t n;
};

static void
add_folder(struct azure_folders *f, const char *name, size_t n)
{
	if ((f->n & (f->n - 1)) == 0)
		f->names = xreallocarray(f->names, f->n == 0 ? 1 : 2 * f->n, sizeof(*f->names));
	f->names[f->n++] = xstrndup(name, n);
}

/* A directory may be listed twice: as the blob that marks it, and as the prefix of what it has. */
static void
end_folders(struct azure_folders *f, struct store_lister *to)
{
	size_t i;

	if (f->n > 0)
		qsort(f->names, f->n, sizeof(*f->names), by_text);
	for (i = 0; to != NULL && i < f->n; i++)
		if (i == 0 || strcmp(f->names[i], f->names[i - 1]) != 0)
			store_lister_add(to, f->names[i], STORE_FOLDER, 0, 0);
	for (i = 0; i < f->n; i++)
		free(f->names[i]);
	free(f->names);
}

static int
list_azure(struct store *s, const char *folder, bool own, struct store_lister *to, struct msg *err)
{
	char *blob = store_azure_blob(s, folder), *prefix = xasprintf("%s%s", blob, *blob != '\0' ? "/" : "");
	char *marker = NULL;
	struct azure_folders folders = { 0 };
	struct azure_list page;
	size_t skip = strlen(prefix), i;
	int got;

	(void)own;
	do {
		got = get_page(s, prefix, "/", "", marker, &page, err);
		free(marker);
		marker = page.marker;
		page.marker = NULL;
		for (i = 0; i < page.n; i++) {
			const struct azure_item *item = &page.items[i];

			if (strncmp(item->name, prefix, skip) != 0 || item->name[skip] == '\0' ||
			    item->name[skip] == '/')
				continue;
			if (item->is_folder)
				add_folder(&folders, item->name + skip, strcspn(item->name + skip, "/"));
			else
				store_lister_add(to, item->name + skip, STORE_OBJECT, item->size, item->mtime);
		}
		azure_list_free(&page);
	} while (got > 0 && marker != NULL);
	end_folders(&folders, got < 0 ? NULL : to);
	free(marker);
	free(prefix);
	free(blob);
	return got < 0 ? -1 : 0;
}

/* ---- removal ---- */

/* Is the blob of a reply the one that was listed? */
static bool
is_same(const struct azure_call *c, const struct store_entry *as)
{
	const char *size = http_header(&c->http, "content-length"), *time = http_header(&c->http, "last-modified");
	int64_t n;

	return size != NULL && num_int64(size, strlen(size), &n) && (uint64_t)n == as->size && time != NULL &&
	    azure_date(time) == as->mtime;
}

static int
remove_blob(struct store *s, const char *blob, const char *etag, struct msg *err)
{
	struct azure *a = store_azure_of(s)->azure;
	struct azure_call c = { .method = "DELETE", .blob = blob };
	char *lease = store_azure_lease_of(s, blob);
	int got = -1;

	if (lease != NULL)
		azure_call_header(&c, "x-ms-lease-id", lease);
	if (etag != NULL)
		azure_call_header(&c, "if-match", etag);
	if (azure_do(a, &c, err) == 0) {
		if (c.outcome == AZURE_HELD && store_azure_break(s, blob, err) < 0)
			got = -1;
		else if (c.outcome == AZURE_HELD)
			got = azure_do(a, &c, err) < 0 ? -1 : c.outcome == AZURE_DONE;
		else if (c.outcome == AZURE_ABSENT || c.outcome == AZURE_NO_CONTAINER)
			got = c.is_uncertain;		/* an earlier try has removed it */
		else
			got = c.outcome == AZURE_DONE || c.outcome == AZURE_CHANGED ? c.outcome == AZURE_DONE :
			    azure_blame(a, &c, err);
	}
	azure_call_free(&c);
	free(lease);
	return got;
}

static int
remove_azure(struct store *s, const char *name, const struct store_entry *as, struct msg *err)
{
	char *blob = store_azure_blob(s, name), *etag = NULL;
	struct azure_call c = { 0 };
	bool found = true;
	int got = 1;
	uint64_t deadline;

	if (store_azure_check_locks(s, &deadline, err) < 0)
		got = -1;
	if (got > 0 && as != NULL) {
		if (store_azure_head(s, blob, &c, &found, err) < 0)
			got = -1;
		else
			got = found && !store_azure_is_folder(&c) && is_same(&c, as);
		if (got > 0 && http_header(&c.http, "etag") != NULL)
			etag = xstrdup(http_header(&c.http, "etag"));
	}
	if (got > 0)
		got = remove_blob(s, blob, etag, err);
	azure_call_free(&c);
	free(etag);
	free(blob);
	return got;
}

/* ---- empty directories, which only a hierarchical namespace has ---- */

/* Adds the directories below a prefix, those that contain others first. */
static int
find_folders(struct store *s, const char *prefix, struct azure_folders *f, struct msg *err)
{
	struct azure_list page;
	char *marker = NULL;
	size_t i;
	int got;

	do {
		got = get_page(s, prefix, "", "", marker, &page, err);
		free(marker);
		marker = page.marker;
		page.marker = NULL;
		for (i = 0; i < page.n; i++)
			if (page.items[i].is_folder)
				add_folder(f, page.items[i].name, strlen(page.items[i].name));
		azure_list_free(&page);
	} while (got > 0 && marker != NULL);
	free(marker);
	return got < 0 ? -1 : 0;
}

/* Removes a directory unless it has something: the service refuses that itself. */
static int
remove_folder(struct store *s, const char *blob, struct msg *err)
{
	struct azure *a = store_azure_of(s)->azure;
	struct azure_call c;
	bool found, is_folder;
	int failed = store_azure_head(s, blob, &c, &found, err);

	is_folder = !failed && found && store_azure_is_folder(&c);
	azure_call_free(&c);
	if (!is_folder)
		return failed;
	c = (struct azure_call){ .method = "DELETE", .blob = blob };
	failed = azure_do(a, &c, err);
	if (failed && c.outcome == AZURE_REFUSED) {
		*err = (struct msg){ 0 };
		failed = 0;
	}
	azure_call_free(&c);
	return failed;
}

static int
prune_azure(struct store *s, const char *folder, bool own, struct msg *err)
{
	char *blob = store_azure_blob(s, folder), *prefix = xasprintf("%s/", blob);
	struct azure_folders f = { 0 };
	struct msg why = { 0 };
	int failed = find_folders(s, prefix, &f, &why);
	size_t i;

	(void)own;				/* nothing but blobs and directories */
	if (f.n > 0)
		qsort(f.names, f.n, sizeof(*f.names), by_text);
	for (i = f.n; !failed && i-- > 0; )
		failed = remove_folder(s, f.names[i], &why);
	if (!failed)
		failed = remove_folder(s, blob, &why);
	if (failed)
		(void)msg_set(err, why.status, "%s", why.text);
	end_folders(&f, NULL);
	free(prefix);
	free(blob);
	return failed;
}

const struct store_ops store_azure = {
	.open = open_azure,
	.close = close_azure,
	.real_path = real_path,
	.stat = stat_azure,
	.list = list_azure,
	.remove = remove_azure,
	.prune = prune_azure,
	.lock = store_azure_lock,
	.unlock = store_azure_unlock,
	.share = store_azure_share,
	.join = store_azure_join,
	.in_open = store_azure_in_open,
	.in_read = store_azure_in_read,
	.in_close = store_azure_in_close,
	.out_open = store_azure_out_open,
	.out_write = store_azure_out_write,
	.out_commit = store_azure_out_commit,
	.out_close = store_azure_out_close,
};
