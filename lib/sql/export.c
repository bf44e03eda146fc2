/* The export of a table in object storage: its address and the files that its manifest names. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "sql/sql.h"
#include "store/store.h"

static const char host_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
static const char file_characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

/* Printable ASCII, others percent-encoded, without characters that would mean several files or a user. */
static bool
is_plain(const char *s, const char *special)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~' || strchr(special, *s) != NULL)
			return false;
	return true;
}

static void
take_path(struct sql_export *e, const char *p)
{
	size_t n;

	p += strspn(p, "/");
	n = strlen(p);
	while (n > 0 && p[n - 1] == '/')
		n--;
	e->path = xstrndup(p, n);
}

/* CONTAINER@HOST/PATH */
static bool
take_abfss(struct sql_export *e, const char *p)
{
	size_t container = strcspn(p, "@/"), host;

	if (p[container] != '@')
		return false;
	host = strcspn(p + container + 1, "/");
	e->container = xstrndup(p, container);
	e->host = xstrndup(p + container + 1, host);
	take_path(e, p + container + 1 + host);
	return true;
}

/* HOST/CONTAINER/PATH, or ACCOUNT/CONTAINER/PATH, of which the suffix makes a host */
static bool
take_https(struct sql_export *e, const char *p, const char *suffix)
{
	size_t host = strcspn(p, "/"), container;
	struct buf name = { 0 };

	if (p[host] != '/')
		return false;
	container = strcspn(p + host + 1, "/");
	buf_add(&name, p, host);
	buf_adds(&name, suffix);
	e->host = xstrdup(buf_cstr(&name));
	buf_free(&name);
	e->container = xstrndup(p + host + 1, container);
	take_path(e, p + host + 1 + container);
	return true;
}

static bool
take_address(struct sql_export *e, const char *url)
{
	if (strncmp(url, "https://", 8) == 0)
		return take_https(e, url + 8, "");
	if (strncmp(url, "az://", 5) == 0)
		return take_https(e, url + 5, ".dfs.core.windows.net");
	return strncmp(url, "abfss://", 8) == 0 && take_abfss(e, url + 8);
}

int
sql_export_address(struct sql_export *e, const char *url, struct msg *err)
{
	/* The value is not repeated where it may hold a secret. */
	if (strpbrk(url, "?#") != NULL)
		return msg_set(err, EX_USAGE, "--url: an address without ? and #; a shared access signature has no "
		    "place in SQL");
	if (!take_address(e, url) || *e->host == '\0' || strspn(e->host, host_characters) != strlen(e->host) ||
	    *e->container == '\0' || !is_plain(e->container, "*\\@") || !is_plain(e->path, "*\\"))
		return msg_set(err, EX_USAGE, "--url: must be https://HOST/CONTAINER/PATH, "
		    "abfss://CONTAINER@HOST/PATH or az://ACCOUNT/CONTAINER/PATH: %s", msg_quotes(url));
	return 0;
}

/* Takes {"name": "part-0.parquet", "rows": 3}. */
static bool
take_file(struct sql_export *e, const json_t *file)
{
	const char *name = json_string_value(json_object_get(file, "name"));
	const json_t *rows = json_object_get(file, "rows");

	if (name == NULL || *name == '\0' || *name == '.' || strspn(name, file_characters) != strlen(name) ||
	    !json_is_integer(rows) || json_integer_value(rows) < 0)
		return false;
	e->files = xreallocarray(e->files, e->nfiles + 1, sizeof(*e->files));
	e->files[e->nfiles++] = xstrdup(name);
	e->rows += (uint64_t)json_integer_value(rows);
	return true;
}

static bool
take_files(struct sql_export *e, const json_t *manifest)
{
	const json_t *files = json_object_get(manifest, "files"), *file;
	const char *run = json_string_value(json_object_get(manifest, "run"));
	size_t i;

	e->run = run != NULL ? xstrdup(run) : NULL;
	json_array_foreach(files, i, file)
		if (!take_file(e, file))
			return false;
	return e->nfiles > 0;
}

/* Appends the object at an address. */
static int
get(const char *address, struct buf *text, struct msg *err)
{
	struct store *s;
	const char *name;
	int there = store_open_folder_of(&s, address, &name, err);

	if (there < 0)
		return -1;
	there = store_get(s, name, text, err);
	store_close(s);
	if (there == 0)
		return msg_set(err, EX_NOINPUT, "%s: No such file or directory", address);
	return there < 0 ? -1 : 0;
}

int
sql_export_manifest(struct sql_export *e, const char *address, struct msg *err)
{
	struct buf text = { 0 };
	json_t *manifest = NULL;
	bool ok;

	if (get(address, &text, err) == 0)
		manifest = json_loadb(buf_cstr(&text), text.len, 0, NULL);
	buf_free(&text);
	if (err->status != 0)
		return -1;
	ok = manifest != NULL && take_files(e, manifest);
	json_decref(manifest);
	e->manifest = address;
	return ok ? 0 : msg_set(err, EX_DATAERR, "%s: not the manifest of an export", address);
}

void
sql_export_free(struct sql_export *e)
{
	while (e->nfiles > 0)
		free(e->files[--e->nfiles]);
	free(e->files);
	free(e->host);
	free(e->container);
	free(e->path);
	free(e->run);
	*e = (struct sql_export){ 0 };
}
