/*
 * What needs no service: addresses, the meaning of every error code, sums, listings, when tokens are renewed. Requests
 * are tested by azure.bats.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "azure/azure.h"
#include "azure/parts.h"

/* ---- addresses ---- */

static void
addresses(void)
{
	static const char plain[] = "https://acct.blob.core.windows.net";
	const struct { const char *address, *endpoint, *account, *container, *prefix; } good[] = {
		{ "az://acct/lake", plain, "acct", "lake", "" },
		{ "az://acct/lake/a/b", plain, "acct", "lake", "a/b" },
		{ "az://acct/lake/a//", plain, "acct", "lake", "a" },
		{ "az://acct", plain, "acct", "", "" },
		{ "abfss://lake@acct.dfs.core.windows.net/a b", plain, "acct", "lake", "a b" },
		{ "abfss://lake@acct.dfs.core.chinacloudapi.cn", "https://acct.blob.core.chinacloudapi.cn",
		    "acct", "lake", "" },
		{ "https://acct.blob.core.windows.net/lake/a", plain, "acct", "lake", "a" },
		{ "https://acct.dfs.core.windows.net/lake/a", plain, "acct", "lake", "a" },
		{ "https://acct.privatelink.blob.core.windows.net/lake",
		    "https://acct.privatelink.blob.core.windows.net", "acct", "lake", "" },
		{ "http://127.0.0.1:10000/acct/lake/a", "http://127.0.0.1:10000/acct", "acct", "lake", "a" },
		{ "https://localhost:1/acct/lake", "https://localhost:1/acct", "acct", "lake", "" },
	};
	static const char *const bad[] = { "az://", "az:///lake", "az://A/lake", "az://acct/la ke",
	    "az://acct//x?sig=1", "abfss://acct.dfs.core.windows.net/x",
	    "abfss://lake@acct.blob.core.windows.net/x", "http://10.0.0.1/acct/lake",
	    "http://acct.blob.core.windows.net/lake",
	    "https://acct.blob.core.windows.net/lake?sig=x" };
	struct azure_place p;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct msg err = { 0 };

		CHECK(azure_place_parse(&p, good[i].address, &err) == 0, "%s: %s", good[i].address, err.text);
		CHECK(strcmp(p.endpoint, good[i].endpoint) == 0 && strcmp(p.account, good[i].account) == 0 &&
		    strcmp(p.container, good[i].container) == 0 && strcmp(p.prefix, good[i].prefix) == 0,
		    "%s: %s, %s, %s, %s", good[i].address, p.endpoint, p.account, p.container, p.prefix);
		azure_place_free(&p);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct msg err = { 0 };

		CHECK(azure_place_parse(&p, bad[i], &err) < 0 && err.status == EX_USAGE, "%s", bad[i]);
		CHECK(strstr(err.text, "sig=") == NULL, "%s", err.text);
	}
	OK("azure", "addresses");
}

/* ---- error codes ---- */

/* As the service's documentation has them: status, code, what it means for a plain request and for a creation. */
static const struct {
	int status;
	const char *code;
	enum azure_outcome plain, creating;
} answers[] = {
	{ 200, NULL, AZURE_DONE, AZURE_DONE },
	{ 201, NULL, AZURE_DONE, AZURE_DONE },
	{ 206, NULL, AZURE_DONE, AZURE_DONE },
	{ 404, NULL, AZURE_ABSENT, AZURE_ABSENT },
	{ 404, "BlobNotFound", AZURE_ABSENT, AZURE_ABSENT },
	{ 404, "ResourceNotFound", AZURE_ABSENT, AZURE_ABSENT },
	{ 404, "ContainerNotFound", AZURE_NO_CONTAINER, AZURE_NO_CONTAINER },
	{ 409, "BlobAlreadyExists", AZURE_EXISTS, AZURE_EXISTS },
	{ 412, "ConditionNotMet", AZURE_CHANGED, AZURE_EXISTS },
	{ 412, "TargetConditionNotMet", AZURE_CHANGED, AZURE_EXISTS },
	{ 403, "UnauthorizedBlobOverwrite", AZURE_EXISTS, AZURE_EXISTS },
	{ 409, "LeaseAlreadyPresent", AZURE_HELD, AZURE_HELD },
	{ 412, "LeaseIdMissing", AZURE_HELD, AZURE_HELD },
	{ 409, "LeaseIsBreakingAndCannotBeAcquired", AZURE_HELD, AZURE_HELD },
	{ 412, "LeaseIdMismatchWithBlobOperation", AZURE_LEASE_LOST, AZURE_LEASE_LOST },
	{ 409, "LeaseIdMismatchWithLeaseOperation", AZURE_LEASE_LOST, AZURE_LEASE_LOST },
	{ 412, "LeaseNotPresentWithBlobOperation", AZURE_LEASE_LOST, AZURE_LEASE_LOST },
	{ 409, "LeaseNotPresentWithLeaseOperation", AZURE_LEASE_LOST, AZURE_LEASE_LOST },
	{ 412, "LeaseLost", AZURE_LEASE_LOST, AZURE_LEASE_LOST },
	{ 416, "InvalidRange", AZURE_RANGE, AZURE_RANGE },
	{ 503, "ServerBusy", AZURE_RETRY, AZURE_RETRY },
	{ 500, "InternalError", AZURE_RETRY, AZURE_RETRY },
	{ 500, "OperationTimedOut", AZURE_RETRY, AZURE_RETRY },
	{ 429, NULL, AZURE_RETRY, AZURE_RETRY },
	{ 502, NULL, AZURE_RETRY, AZURE_RETRY },
	{ 504, NULL, AZURE_RETRY, AZURE_RETRY },
	{ 408, NULL, AZURE_RETRY, AZURE_RETRY },
	{ 409, "ContainerBeingDeleted", AZURE_AGAIN, AZURE_AGAIN },
	{ 409, "ContainerBeingDisabled", AZURE_AGAIN, AZURE_AGAIN },
	{ 409, "AccountBeingCreated", AZURE_AGAIN, AZURE_AGAIN },
	{ 403, NULL, AZURE_DENIED, AZURE_DENIED },
	{ 403, "AuthenticationFailed", AZURE_DENIED, AZURE_DENIED },
	{ 403, "AuthorizationFailure", AZURE_DENIED, AZURE_DENIED },
	{ 403, "AuthorizationPermissionMismatch", AZURE_DENIED, AZURE_DENIED },
	{ 403, "InsufficientAccountPermissions", AZURE_DENIED, AZURE_DENIED },
	{ 403, "KeyBasedAuthenticationNotPermitted", AZURE_DENIED, AZURE_DENIED },
	{ 409, "PublicAccessNotPermitted", AZURE_DENIED, AZURE_DENIED },
	{ 409, "BlobImmutableDueToPolicy", AZURE_DENIED, AZURE_DENIED },
	{ 401, "InvalidAuthenticationInfo", AZURE_EXPIRED, AZURE_EXPIRED },
	{ 401, NULL, AZURE_EXPIRED, AZURE_EXPIRED },
	{ 409, "BlobOperationNotSupported", AZURE_REFUSED, AZURE_REFUSED },
	{ 409, "BlobArchived", AZURE_REFUSED, AZURE_REFUSED },
	{ 409, "DirectoryIsNotEmpty", AZURE_REFUSED, AZURE_REFUSED },
	{ 409, "ResourceTypeMismatch", AZURE_REFUSED, AZURE_REFUSED },
	{ 409, "SomethingNew", AZURE_REFUSED, AZURE_REFUSED },
	{ 400, "InvalidHeaderValue", AZURE_REFUSED, AZURE_REFUSED },
	{ 412, NULL, AZURE_REFUSED, AZURE_REFUSED },		/* never taken for a name that is taken */
	{ 409, NULL, AZURE_REFUSED, AZURE_REFUSED },
	{ 301, NULL, AZURE_REFUSED, AZURE_REFUSED },
	{ 400, "Md5Mismatch", AZURE_BROKEN, AZURE_BROKEN },
};

static void
meanings(void)
{
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		int status = answers[i].status;
		const char *code = answers[i].code, *shown = code != NULL ? code : "";

		CHECK(azure_meaning(status, code, false) == answers[i].plain, "%d %s", status, shown);
		CHECK(azure_meaning(status, code, true) == answers[i].creating, "%d %s", status, shown);
	}
	OK("azure", "the code of an error decides, not its number");
}

/* ---- sums, dates, names ---- */

static uint64_t
by_bits(const uint8_t *p, size_t n)
{
	uint64_t c = UINT64_MAX;
	unsigned k;

	for (; n > 0; n--, p++)
		for (c ^= *p, k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? UINT64_C(0x9a6c9329ac4bc9b5) : 0);
	return ~c;
}

static void
sums(void)
{
	uint8_t bytes[300];
	size_t round, n, cut, i;

	CHECK(azure_crc64(0, "123456789", 9) == UINT64_C(0xae8b14860a799888), "not CRC-64/NVME");
	for (round = 0; round < 1000; round++) {
		n = (size_t)unit_below(sizeof(bytes));
		cut = (size_t)unit_below(n + 1);
		for (i = 0; i < n; i++)
			bytes[i] = (uint8_t)unit_random();
		CHECK(azure_crc64(0, bytes, n) == by_bits(bytes, n), "%zu bytes", n);
		CHECK(azure_crc64(azure_crc64(0, bytes, cut), bytes + cut, n - cut) == by_bits(bytes, n),
		    "%zu of %zu", cut, n);
	}
	OK("azure", "sums, whole and continued");
}

static void
texts(void)
{
	struct buf b = { 0 };

	CHECK(azure_date("Thu, 01 Jan 1970 00:00:00 GMT") == 0, "the first");
	CHECK(azure_date("Mon, 30 Nov 2026 18:00:01 GMT") == INT64_C(1796061601000), "%" PRId64,
	    azure_date("Mon, 30 Nov 2026 18:00:01 GMT"));
	CHECK(azure_date("") == -1 && azure_date("Mon, 30 Nov 2026 18:00:01 CET") == -1 &&
	    azure_date("Mon, 31 Nov 2026 18:00:01 GMT") == -1, "no dates");
	http_put_encoded(&b, "a/b c%+?#&\xc3\xa4~.txt", true);
	CHECK(strcmp(buf_cstr(&b), "a/b%20c%25%2B%3F%23%26%C3%A4~.txt") == 0, "%s", buf_cstr(&b));
	buf_free(&b);
	OK("azure", "dates, and names in URLs");
}

/* ---- listings ---- */

static void
listings(void)
{
	static const char page[] = "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>"
	    "<EnumerationResults ContainerName=\"lake\"><Prefix>p/</Prefix><Delimiter>/</Delimiter><Blobs>"
	    "<Blob><Name>p/a &amp; b</Name><Properties><Last-Modified>Mon, 30 Nov 2026 18:00:01 GMT</Last-Modified>"
	    "<Content-Length>12</Content-Length></Properties></Blob>"
	    "<Blob><Name>p/d</Name><Properties><Content-Length>0</Content-Length></Properties>"
	    "<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata></Blob>"
	    "<BlobPrefix><Name>p/d/</Name></BlobPrefix>"
	    "<Blob><Name>p/e</Name><Properties><ResourceType>directory</ResourceType></Properties></Blob>"
	    "</Blobs><NextMarker>2!x</NextMarker></EnumerationResults>";
	struct azure_list l;
	struct msg err = { 0 };
	size_t i;

	CHECK(azure_load_libraries(&err) == 0, "%s", err.text);
	CHECK(azure_list_parse(&l, page, sizeof(page) - 1, &err) == 0 && l.n == 4, "%s", err.text);
	CHECK(strcmp(l.items[0].name, "p/a & b") == 0 && l.items[0].size == 12 && !l.items[0].is_folder &&
	    l.items[0].mtime == INT64_C(1796061601000), "%s", l.items[0].name);
	for (i = 1; i < 4; i++)
		CHECK(l.items[i].is_folder, "%s", l.items[i].name);
	CHECK(strcmp(l.marker, "2!x") == 0, "%s", l.marker);
	azure_list_free(&l);
	for (i = 0; i < sizeof(page) - 1; i++) {		/* cut anywhere */
		struct msg why = { 0 };

		CHECK(azure_list_parse(&l, page, i, &why) < 0 && why.status == EX_UNAVAILABLE, "%zu", i);
	}
	OK("azure", "listings");
}

/* ---- tokens ---- */

/* Gives the tokens t1, t2, ... to whoever asks, one connection a request. */
static void *
give(void *arg)
{
	int listener = *(int *)arg, peer, n = 0;
	char request[4096], reply[200];
	ssize_t got;

	while ((peer = accept(listener, NULL, NULL)) >= 0) {
		got = read(peer, request, sizeof(request));
		snprintf(reply, sizeof(reply), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
		    "{\"access_token\":\"t%02d\",\"expires_in\":9999}", 40, ++n);
		CHECK(got > 0 && write(peer, reply, strlen(reply)) == (ssize_t)strlen(reply), "request %d", n);
		close(peer);
	}
	return NULL;
}

/* Starts a service of tokens and makes it the identity of this process. Returns its socket. */
static int
start_giver(pthread_t *thread)
{
	static int listener;
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	char url[64];

	listener = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(bind(listener, (const void *)&a, n) == 0 && listen(listener, 4) == 0 &&
	    getsockname(listener, (void *)&a, &n) == 0, "a socket of this machine");
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", ntohs(a.sin_port));
	setenv("IDENTITY_ENDPOINT", url, 1);
	setenv("IDENTITY_HEADER", "app", 1);
	setenv("ACCT_IDENTITY", "managed", 1);
	setenv("no_proxy", "127.0.0.1", 1);
	CHECK(pthread_create(thread, NULL, give, &listener) == 0, "a thread");
	return listener;
}

static void
tokens(void)
{
	/* the token that was refused, and the one given then */
	static const struct { const char *old, *now; } asks[] = { { NULL, "t01" }, { NULL, "t01" }, { "t01", "t02" },
	    { "t01", "t02" }, { NULL, "t02" }, { "t02", "t03" }, { "t01", "t03" } };
	pthread_t thread;
	int listener = start_giver(&thread);
	struct msg err = { 0 };
	char *token;
	size_t i;

	CHECK(azure_prepare(&err) == 0, "%s", err.text);
	for (i = 0; i < sizeof(asks) / sizeof(*asks); i++) {
		CHECK(azure_token(AZURE_STORAGE, asks[i].old, &token, &err) == 0, "%zu: %s", i, err.text);
		CHECK(strcmp(token, asks[i].now) == 0, "%zu: %s", i, token);
		free(token);
	}
	shutdown(listener, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(listener);
	OK("azure", "a token is renewed once, by the first call that it is refused to");
}

int
main(void)
{
	unit_start();
	unsetenv("ACCT_AZURE_ENDPOINT");
	unsetenv("ACCT_AZURE_SUFFIX");
	addresses();
	meanings();
	sums();
	texts();
	listings();
	tokens();
	return 0;
}
