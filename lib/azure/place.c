#include "azure/azure.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX "core.windows.net"

static const char *
suffix(void)
{
	const char *given = getenv("ACCT_AZURE_SUFFIX");

	return given != NULL && *given != '\0' ? given : SUFFIX;
}

/* Returns the blob service of an account. ACCT_AZURE_ENDPOINT is a URL in which {account} is replaced. */
static char *
endpoint_of(const char *account)
{
	const char *given = getenv("ACCT_AZURE_ENDPOINT"), *mark;
	struct buf b = { 0 };

	if (given == NULL || *given == '\0')
		return xasprintf("https://%s.blob.%s", account, suffix());
	if ((mark = strstr(given, "{account}")) == NULL)
		return xstrdup(given);
	buf_addf(&b, "%.*s%s%s", (int)(mark - given), given, account, mark + strlen("{account}"));
	(void)buf_cstr(&b);
	return (char *)b.p;
}

/* Takes the next part of a path. Owned by the caller. */
static char *
next_part(const char **path)
{
	size_t n = strcspn(*path, "/");
	char *part = xstrndup(*path, n);

	*path += n;
	*path += strspn(*path, "/");
	return part;
}

/* Is the host an address of this machine's network, as an emulator's is? Such a URL has the account in its path. */
static bool
is_emulator(const char *host)
{
	size_t n = strcspn(host, ":/");

	return *host == '[' || strspn(host, "0123456789.") == n || (n == 9 && strncmp(host, "localhost", n) == 0);
}

static bool
is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 || strncmp(host, "localhost", 9) == 0;
}

/* SCHEME://HOST/CONTAINER/PREFIX, of a blob or dfs endpoint. `path` is set to what follows the service's URL. */
static void
parse_url(struct azure_place *p, const char *address, const char *host, const char **path)
{
	size_t n = strcspn(host, "/"), name = strcspn(host, ".:/");
	const char *service = host + name;

	*path = host + n + strspn(host + n, "/");
	if (is_emulator(host)) {
		p->account = next_part(path);
		p->endpoint = xasprintf("%.*s/%s", (int)(host + n - address), address, p->account);
	} else {
		p->account = xstrndup(host, name);
		if (strncmp(service, ".dfs.", 5) == 0)
			p->endpoint = xasprintf("%.*s.blob%.*s", (int)(service - address), address,
			    (int)(host + n - service - 4), service + 4);
		else
			p->endpoint = xasprintf("%.*s", (int)(host + n - address), address);
	}
}

/* abfss://CONTAINER@ACCOUNT.dfs.SUFFIX/PREFIX */
static bool
parse_abfs(struct azure_place *p, const char *rest, const char **path)
{
	const char *at = strchr(rest, '@'), *host = at != NULL ? at + 1 : rest;
	size_t n = strcspn(host, "/"), name = strcspn(host, "./");
	const char *service = host + name;

	if (at == NULL || at > rest + strcspn(rest, "/") || strncmp(service, ".dfs.", 5) != 0)
		return false;
	p->container = xstrndup(rest, (size_t)(at - rest));
	p->account = xstrndup(host, name);
	if (getenv("ACCT_AZURE_ENDPOINT") != NULL)
		p->endpoint = endpoint_of(p->account);
	else
		p->endpoint = xasprintf("https://%s.blob%.*s", p->account, (int)(host + n - service - 4), service + 4);
	*path = host + n + strspn(host + n, "/");
	return true;
}

/* Lower-case letters, digits and '-' for an account or container, as far as they keep a URL whole. */
static bool
is_name(const char *s)
{
	return *s != '\0' && s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-$_")] == '\0';
}

static bool
parse(struct azure_place *p, const char *address, const char *rest)
{
	const char *path = rest;

	if (strncmp(address, "az:", 3) == 0) {
		p->account = next_part(&path);
		p->endpoint = endpoint_of(p->account);
	} else if (strncmp(address, "abfs", 4) == 0) {
		if (!parse_abfs(p, rest, &path))
			return false;
	} else {
		parse_url(p, address, rest, &path);
	}
	if (p->container == NULL)
		p->container = next_part(&path);
	p->prefix = xstrdup(path);
	return is_name(p->account) && (*p->container == '\0' || is_name(p->container)) &&
	    (*p->container != '\0' || *p->prefix == '\0');
}

int
azure_place_parse(struct azure_place *p, const char *address, struct msg *err)
{
	const char *rest = strstr(address, "://");
	size_t n;

	*p = (struct azure_place){ 0 };
	if (strchr(address, '?') != NULL)
		return msg_set(err, EX_USAGE, "%.*s?...: a signature does not belong in an address: set "
		    "AZURE_STORAGE_SAS_TOKEN", (int)strcspn(address, "?"), address);
	if (rest == NULL || !parse(p, address, rest + 3)) {
		azure_place_free(p);
		return msg_set(err, EX_USAGE, "%s: must be az://ACCOUNT/CONTAINER/PREFIX, abfss://CONTAINER@ACCOUNT."
		    "dfs." SUFFIX "/PREFIX or https://ACCOUNT.blob." SUFFIX "/CONTAINER/PREFIX", address);
	}
	for (n = strlen(p->prefix); n > 0 && p->prefix[n - 1] == '/'; n--)
		p->prefix[n - 1] = '\0';
	if (strncmp(p->endpoint, "http://", 7) == 0 && !is_loopback(p->endpoint + 7)) {
		azure_place_free(p);
		return msg_set(err, EX_USAGE, "%s: http is for emulators on this machine: use https", address);
	}
	return 0;
}

void
azure_place_free(struct azure_place *p)
{
	free(p->account);
	free(p->container);
	free(p->prefix);
	free(p->endpoint);
	*p = (struct azure_place){ 0 };
}
