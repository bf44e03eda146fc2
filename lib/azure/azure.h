/*
 * Azure Blob Storage over its REST interface: addresses, identities, signed and repeated requests, and what the
 * service's error codes mean. Of Azure Data Lake Storage Gen2 the blob endpoint is used too.
 */
#ifndef AZURE_AZURE_H
#define AZURE_AZURE_H

#include <stdbool.h>
#include <stdint.h>

#include "http/http.h"

/* ---- addresses (place.c) ---- */

struct azure_place {
	char *account, *container;	/* container: "" for the account itself */
	char *prefix;			/* of blob names, without '/' at its ends; "" for none */
	char *endpoint;			/* URL of the account's blob service, without '/' at its end */
};

/*
 * Parses az://ACCOUNT/CONTAINER/PREFIX, abfss://CONTAINER@ACCOUNT.dfs.SUFFIX/PREFIX, or a URL of the blob or dfs
 * service, also that of an emulator with the account in its path. EX_USAGE for others. Release with azure_place_free.
 */
int azure_place_parse(struct azure_place *p, const char *address, struct msg *err);
void azure_place_free(struct azure_place *p);

/* ---- settings (setting.c) ---- */

/* Returns a variable of the environment, NULL if it is not set or empty. */
const char *azure_setting(const char *name);

/* ---- identities (identity.c) ---- */

enum azure_audience { AZURE_STORAGE, AZURE_VAULT };

struct azure_identity;			/* who asks; one for the process */

/*
 * Loads libraries, certificates and secrets, so that all that follows opens sockets, and the file of a federated token.
 * azure_open calls it.
 */
int azure_prepare(struct msg *err);

/* Called with the description of the identity, without its secret, when it is first used. NULL: nobody listens. */
extern void (*azure_on_identity)(const char *text);

/* ---- requests (call.c) ---- */

struct azure;				/* a container, and the connections to it */

int azure_open(struct azure **ap, const char *address, struct msg *err);
void azure_close(struct azure *a);
const struct azure_place *azure_place(const struct azure *a);

enum azure_outcome {
	AZURE_DONE,
	AZURE_ABSENT,		/* no such blob */
	AZURE_NO_CONTAINER,
	AZURE_EXISTS,		/* the name is taken */
	AZURE_CHANGED,		/* a condition on the ETag does not hold */
	AZURE_HELD,		/* leased by another */
	AZURE_LEASE_LOST,	/* the lease given is not the blob's */
	AZURE_RANGE,		/* the range begins after the end */
	AZURE_RETRY,		/* the service is busy or failed: the same request may succeed later */
	AZURE_AGAIN,		/* the same, in minutes: a name being deleted */
	AZURE_DENIED,
	AZURE_EXPIRED,		/* the token is not valid any more */
	AZURE_REFUSED,		/* the service does not do this here */
	AZURE_BROKEN		/* the bytes did not arrive as they were sent */
};

/* Returns what a status and an error code, which may be NULL, mean. `creates`: the request had If-None-Match: *. */
enum azure_outcome azure_meaning(int status, const char *code, bool creates);

enum { AZURE_MAX_PAIRS = 10 };
struct azure_pair {
	const char *name, *value;	/* views */
};

struct azure_call {			/* filled by the caller; release with azure_call_free */
	const char *method;
	const char *blob;		/* its whole name; NULL: the container */
	struct azure_pair query[AZURE_MAX_PAIRS], headers[AZURE_MAX_PAIRS];	/* in any order; names in lower case */
	size_t nquery, nheaders;
	bool creates;			/* sends If-None-Match: * */
	uint64_t deadline;		/* by azure_clock: no attempt outlives it; 0: none */

	enum azure_outcome outcome;
	bool is_uncertain;		/* an attempt got no reply and may have been carried out */
	unsigned attempts;
	char *token;			/* that of the last attempt; owned */
	struct http_request http;
};
void azure_call_query(struct azure_call *c, const char *name, const char *value);
void azure_call_header(struct azure_call *c, const char *name, const char *value);

/*
 * azure_start sends a call; azure_finish waits for its reply, repeats it while that may help, and sets outcome. Returns
 * 0 for the outcomes up to AZURE_RANGE, and -1 with err for those after them and without a reply. After each
 * azure_start that returns 0 call azure_finish.
 */
int azure_start(struct azure *a, struct azure_call *c, struct msg *err);
int azure_finish(struct azure *a, struct azure_call *c, struct msg *err);
int azure_do(struct azure *a, struct azure_call *c, struct msg *err);
void azure_call_free(struct azure_call *c);

/* Fills err for an outcome that a caller did not expect. Returns -1. */
int azure_blame(const struct azure *a, const struct azure_call *c, struct msg *err);

uint64_t azure_clock(void);		/* milliseconds, which only grow */

/* ---- text (xml.c, crc64.c, setting.c) ---- */

struct azure_list {			/* a page of a listing; owned: azure_list_free */
	struct azure_item {
		char *name;
		bool is_folder;		/* a common prefix, or a directory of a hierarchical namespace */
		uint64_t size;
		int64_t mtime;		/* milliseconds since 1970-01-01T00:00:00Z */
	} *items;
	size_t n;
	char *marker;			/* of the next page; NULL: this is the last */
};
int azure_list_parse(struct azure_list *l, const void *xml, size_t n, struct msg *err);
void azure_list_free(struct azure_list *l);

/* Appends n bytes in base64; for URLs with their alphabet and without padding. */
void azure_put_base64(struct buf *out, const void *p, size_t n, bool for_url);

/* Appends n random bytes as 2n hexadecimal digits. */
void azure_put_random(struct buf *out, size_t n);

/* Returns milliseconds of a date such as "Mon, 30 Nov 2026 18:00:00 GMT", or -1. */
int64_t azure_date(const char *text);

/* CRC-64 as the service computes it, of more bytes after those whose value is `crc`, first 0. */
uint64_t azure_crc64(uint64_t crc, const void *p, size_t n);

#endif
