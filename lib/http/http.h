/*
 * HTTP requests by libcurl: one thread with one multi handle transfers any number of them at a time and keeps the
 * connections. Nothing here is retried; a redirect is a reply like any other.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"

struct http;

/*
 * Loads libcurl and reads the certificates of authorities, from the file SSL_CERT_FILE or the system's. Once done, all
 * other functions open sockets only, but for the files of name resolution. http_open calls it.
 */
int http_prepare(struct msg *err);

/* Starts the thread. Owned: http_close, after the last request. */
int http_open(struct http **hp, struct msg *err);
void http_close(struct http *h);

struct http_request {		/* zeroed, then filled by the caller; http_clear releases what it owns */
	const char *method;
	char *url;			/* owned */
	struct buf headers;		/* lines "name: value", each ended by a NUL */
	const void *body;		/* a view that outlives the request */
	size_t body_size;
	void *into;			/* where the body of a 2xx reply goes; NULL: into reply */
	size_t room;			/* of `into`; a longer body fails the request */
	unsigned patience;		/* seconds without a byte; 0: 30 */
	unsigned connect_ms;		/* 0: 10,000 */
	unsigned whole_ms;		/* for all of it; 0: no limit */
	bool direct;			/* never through a proxy */

	int status;			/* of the reply; 0: none came, or it was cut short */
	bool was_sent;			/* without a reply: the server may have received the request */
	struct buf reply;		/* the body */
	size_t size;			/* bytes of the body */
	struct buf reply_headers;	/* lines "name: value", names in lower case, each ended by a NUL */
	const char *why;		/* without a reply: the reason, static */

	struct http *owner;		/* http.c's own, from here on */
	struct http_request *next;
	void *easy, *list;
	bool is_done;
};

/* Starts a request; until http_wait has returned it belongs to the thread. It may be started again after that. */
void http_start(struct http *h, struct http_request *r);
void http_wait(struct http_request *r);

/* Appends a header to a request. */
void http_add_header(struct http_request *r, const char *name, const char *value);

/* Returns a header of the reply, by its name in lower case, or NULL. A view. */
const char *http_header(const struct http_request *r, const char *name);

/* Releases what a request owns. */
void http_clear(struct http_request *r);

/* Appends text with all but letters, digits and -._~ percent-encoded; '/' too unless it is kept. */
void http_put_encoded(struct buf *out, const char *text, bool keep_slash);

#endif
