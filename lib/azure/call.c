/* Requests to a container: built, authorized, repeated, judged. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "azure/parts.h"
#include "base/num.h"

#define API_VERSION "2021-08-06"

enum { PATIENCE = 120, SILENCE = 30, MAX_TRIES = 8, FIRST_PAUSE = 400, LONGEST_PAUSE = 20000 };

struct azure {
	struct azure_place place;
	struct http *http;
	unsigned patience, silence;	/* seconds: of all tries of a call; without a byte */
	_Atomic bool has_no_sums;	/* an emulator without CRC-64 */
};

struct azure_functions azure_calls;
static pthread_mutex_t load_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool is_loaded;

#define SYMBOL(function) { #function, offsetof(struct azure_functions, function) },

static int
load(struct msg *err)
{
	static const struct http_symbol expat[] = { AZURE_EXPAT(SYMBOL) }, jansson[] = { AZURE_JANSSON(SYMBOL) },
	    crypto[] = { AZURE_CRYPTO(SYMBOL) };

	if (http_load("libexpat.so.1", "libexpat1", expat, sizeof(expat) / sizeof(*expat), &azure_calls, err) < 0 ||
	    http_load("libjansson.so.4", "libjansson4", jansson, sizeof(jansson) / sizeof(*jansson), &azure_calls,
	    err) < 0)
		return -1;
	return http_load("libcrypto.so.3", "libssl3", crypto, sizeof(crypto) / sizeof(*crypto), &azure_calls, err);
}

int
azure_load_libraries(struct msg *err)
{
	int failed = 0;

	pthread_mutex_lock(&load_mutex);
	if (!is_loaded)
		failed = load(err);
	is_loaded = !failed;
	pthread_mutex_unlock(&load_mutex);
	return failed;
}

uint64_t
azure_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- a container ---- */

static unsigned
seconds(const char *name, unsigned otherwise)
{
	const char *text = azure_setting(name);
	int64_t n;

	return text != NULL && num_int64(text, strlen(text), &n) && n >= 0 && n <= 86400 ? (unsigned)n : otherwise;
}

int
azure_open(struct azure **ap, const char *address, struct msg *err)
{
	struct azure *a = xcalloc(1, sizeof(*a));

	if (azure_place_parse(&a->place, address, err) < 0 || azure_prepare(err) < 0 || http_open(&a->http, err) < 0) {
		azure_place_free(&a->place);
		free(a);
		return -1;
	}
	a->patience = seconds("ACCT_AZURE_PATIENCE", PATIENCE);
	a->silence = seconds("ACCT_AZURE_TIMEOUT", SILENCE);
	*ap = a;
	return 0;
}

void
azure_close(struct azure *a)
{
	if (a == NULL)
		return;
	http_close(a->http);
	azure_place_free(&a->place);
	free(a);
}

const struct azure_place *
azure_place(const struct azure *a)
{
	return &a->place;
}

/* ---- one try ---- */

void
azure_call_query(struct azure_call *c, const char *name, const char *value)
{
	c->query[c->nquery++] = (struct azure_pair){ name, value };
}

void
azure_call_header(struct azure_call *c, const char *name, const char *value)
{
	c->headers[c->nheaders++] = (struct azure_pair){ name, value };
}

void
azure_call_free(struct azure_call *c)
{
	http_clear(&c->http);
	free(c->token);
	c->token = NULL;
}

/* The path and query of the URL; *path is set to the path alone, for the signature. */
static void
make_url(struct azure *a, struct azure_call *c, const char *sas, struct buf *url, struct buf *path)
{
	const char *host = strstr(a->place.endpoint, "://") + 3;
	size_t i;

	buf_adds(path, host + strcspn(host, "/"));
	if (*a->place.container != '\0' || c->blob != NULL)
		buf_addf(path, "/%s", a->place.container);
	else
		buf_addc(path, '/');
	if (c->blob != NULL) {
		buf_addc(path, '/');
		http_put_encoded(path, c->blob, true);
	}
	buf_addf(url, "%.*s%s", (int)(host + strcspn(host, "/") - a->place.endpoint), a->place.endpoint,
	    buf_cstr(path));
	for (i = 0; i < c->nquery; i++) {
		buf_addf(url, "%c%s=", i == 0 ? '?' : '&', c->query[i].name);
		http_put_encoded(url, c->query[i].value, false);
	}
	if (sas != NULL)
		buf_addf(url, "%c%s", c->nquery == 0 ? '?' : '&', sas);
}

static void
put_date(char date[30])
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" },
	    *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	snprintf(date, 30, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday % 100, months[tm.tm_mon],
	    (tm.tm_year + 1900) % 10000, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* Adds what authorizes a call, with the headers that it covers. */
static int
authorize(struct azure *a, struct azure_call *c, enum azure_kind kind, const char *path, struct msg *err)
{
	struct buf b = { 0 };
	char *token;

	if (kind == AZURE_SAS)
		return 0;
	if (kind == AZURE_KEY) {
		azure_sign(&b, &a->place, c, path, c->http.body_size, azure_identity_key());
	} else {
		if (azure_token(AZURE_STORAGE, c->outcome == AZURE_EXPIRED ? c->token : NULL, &token, err) < 0)
			return -1;
		free(c->token);
		c->token = token;
		buf_addf(&b, "Bearer %s", token);
	}
	http_add_header(&c->http, "Authorization", buf_cstr(&b));
	buf_free(&b);
	return 0;
}

static bool
has_sums(const struct azure_call *c)
{
	size_t i;

	for (i = 0; i < c->nheaders; i++)
		if (strstr(c->headers[i].name, "crc64") != NULL)
			return true;
	return false;
}

static void
drop_sums(struct azure_call *c)
{
	size_t i, n = 0;

	for (i = 0; i < c->nheaders; i++)
		if (strstr(c->headers[i].name, "crc64") == NULL)
			c->headers[n++] = c->headers[i];
	c->nheaders = n;
}

/* Builds and sends a call once more. */
static int
send_call(struct azure *a, struct azure_call *c, struct msg *err)
{
	struct buf url = { 0 }, path = { 0 };
	enum azure_kind kind;
	char date[30];
	size_t own, i;
	int failed;

	if (azure_identify(&kind, err) < 0)
		return -1;
	put_date(date);
	if (a->has_no_sums)
		drop_sums(c);
	own = c->nheaders;
	if (c->creates)
		azure_call_header(c, "if-none-match", "*");
	azure_call_header(c, "x-ms-date", date);
	azure_call_header(c, "x-ms-version", API_VERSION);
	make_url(a, c, kind == AZURE_SAS ? azure_identity_sas() : NULL, &url, &path);
	c->http.headers.len = 0;
	for (i = 0; i < c->nheaders; i++)
		http_add_header(&c->http, c->headers[i].name, c->headers[i].value);
	http_add_header(&c->http, "Content-Type", "");
	failed = authorize(a, c, kind, buf_cstr(&path), err);
	c->nheaders = own;
	free(c->http.url);
	(void)buf_cstr(&url);
	c->http.url = (char *)url.p;
	buf_free(&path);
	if (failed)
		return -1;
	c->http.method = c->method;
	c->http.patience = a->silence;
	c->http.whole_ms = 0;
	if (c->deadline != 0)
		c->http.whole_ms = c->deadline > azure_clock() ? (unsigned)(c->deadline - azure_clock()) : 1;
	c->attempts++;
	http_start(a->http, &c->http);
	return 0;
}

/* ---- tries ---- */

bool
azure_pause(const struct http_request *r, unsigned tries, uint64_t until)
{
	const char *after = r->status != 0 ? http_header(r, "retry-after") : NULL;
	uint64_t wait = (uint64_t)FIRST_PAUSE << (tries < 10 ? tries - 1 : 9), now = azure_clock();
	struct timespec t;
	uint8_t chance = 0;
	int64_t s;

	if (wait > LONGEST_PAUSE)
		wait = LONGEST_PAUSE;
	azure_calls.RAND_bytes(&chance, 1);
	wait = wait / 2 + wait / 2 * chance / 255;
	if (after != NULL && num_int64(after, strlen(after), &s) && s >= 0 && s < 86400)
		wait = (uint64_t)s * 1000 + (uint64_t)chance;
	if (now + wait > until)
		return false;
	t = (struct timespec){ (time_t)(wait / 1000), (long)(wait % 1000) * 1000000 };
	while (nanosleep(&t, &t) < 0)
		;
	return true;
}

/* Checks the sum of the bytes, if the reply has one of those this side has seen. */
static bool
is_whole(const struct azure_call *c)
{
	const char *sum = http_header(&c->http, "x-ms-content-crc64");
	bool gets = strcmp(c->method, "GET") == 0;
	const void *p = gets ? c->http.into : c->http.body;
	struct buf b = { 0 };
	uint64_t crc;
	bool same;

	if (sum == NULL || p == NULL)
		return true;
	crc = azure_crc64(0, p, gets ? c->http.size : c->http.body_size);
	azure_put_base64(&b, &crc, sizeof(crc), false);
	same = strcmp(sum, buf_cstr(&b)) == 0;
	buf_free(&b);
	return same;
}

/* Does the service refuse a call for its sum? The next try will be without. */
static bool
is_without_sums(struct azure *a, struct azure_call *c)
{
	const char *code = http_header(&c->http, "x-ms-error-code");
	bool is = code != NULL && strcmp(code, "FeatureNotSupported") == 0 && has_sums(c);

	a->has_no_sums = a->has_no_sums || is;
	return is;
}

/* Decides whether a call has its outcome. */
static bool
judge(struct azure *a, struct azure_call *c)
{
	const struct http_request *r = &c->http;
	bool was_expired = c->outcome == AZURE_EXPIRED;

	if (r->status == 0) {
		c->is_uncertain = c->is_uncertain || r->was_sent;
		c->outcome = AZURE_RETRY;
		return false;
	}
	c->outcome = azure_meaning(r->status, http_header(r, "x-ms-error-code"), c->creates);
	if (c->outcome == AZURE_DONE && !is_whole(c))
		c->outcome = AZURE_BROKEN;
	if (is_without_sums(a, c))
		return false;
	/* a server that fails may have carried the request out all the same */
	if (c->outcome == AZURE_RETRY && r->status >= 500 && r->status != 503)
		c->is_uncertain = true;
	if (c->outcome == AZURE_EXPIRED)
		return was_expired || azure_identity_key()->len > 0 || azure_identity_sas() != NULL;
	return c->outcome != AZURE_RETRY && c->outcome != AZURE_BROKEN;
}

int
azure_start(struct azure *a, struct azure_call *c, struct msg *err)
{
	c->attempts = 0;
	c->is_uncertain = false;
	c->outcome = AZURE_DONE;
	return send_call(a, c, err);
}

/* May a call be tried again? Waits before, but not for an expired token or a sum that is not supported. */
static bool
may_retry(const struct azure_call *c, uint64_t until)
{
	bool at_once = c->outcome == AZURE_EXPIRED || c->outcome == AZURE_REFUSED;

	if (c->deadline != 0 && c->deadline < until)
		until = c->deadline;
	return c->attempts < MAX_TRIES && (at_once || azure_pause(&c->http, c->attempts, until));
}

int
azure_finish(struct azure *a, struct azure_call *c, struct msg *err)
{
	uint64_t until = azure_clock() + (uint64_t)a->patience * 1000;

	for (;;) {
		http_wait(&c->http);
		if (judge(a, c))
			return c->outcome <= AZURE_RANGE ? 0 : azure_blame(a, c, err);
		if (!may_retry(c, until))
			return azure_blame(a, c, err);
		if (send_call(a, c, err) < 0)
			return -1;
	}
}

int
azure_do(struct azure *a, struct azure_call *c, struct msg *err)
{
	return azure_start(a, c, err) < 0 ? -1 : azure_finish(a, c, err);
}

/* ---- messages ---- */

/* What the service lets the identity do is set by roles, by a SAS's letters, or by nothing for a key. */
static const char *
missing_right(const struct azure_call *c, enum azure_kind kind)
{
	bool reads = strcmp(c->method, "GET") == 0 || strcmp(c->method, "HEAD") == 0;

	if (kind == AZURE_KEY)
		return "is it the account's key, and are keys allowed?";
	if (kind == AZURE_SAS)
		return reads ? "it needs the permissions r and l, and must be in force" :
		    "it needs the permissions c, w and d, and must be in force";
	return reads ? "it needs the role Storage Blob Data Reader" :
	    "it needs the role Storage Blob Data Contributor";
}

static int
status_of(enum azure_outcome outcome, int status)
{
	switch (outcome) {
	case AZURE_ABSENT:
	case AZURE_NO_CONTAINER:
		return EX_NOINPUT;
	case AZURE_EXISTS:
	case AZURE_REFUSED:
		return EX_CANTCREAT;
	case AZURE_RETRY:
		return status == 429 || status == 503 ? EX_TEMPFAIL : EX_UNAVAILABLE;
	case AZURE_DENIED:
	case AZURE_EXPIRED:
		return EX_NOPERM;
	case AZURE_RANGE:
		return EX_DATAERR;
	case AZURE_BROKEN:
		return EX_IOERR;
	default:
		return EX_TEMPFAIL;
	}
}

int
azure_blame(const struct azure *a, const struct azure_call *c, struct msg *err)
{
	const char *code = http_header(&c->http, "x-ms-error-code");
	struct buf what = { 0 };
	enum azure_kind kind;
	struct msg unheard = { 0 };

	buf_addf(&what, "%s/%s%s%s: ", a->place.endpoint, a->place.container, c->blob != NULL ? "/" : "",
	    c->blob != NULL ? c->blob : "");
	if (c->http.status == 0)
		buf_addf(&what, "no reply: %s", c->http.why != NULL ? c->http.why : "");
	else if (c->outcome == AZURE_BROKEN)
		buf_addf(&what, "the bytes arrived changed");
	else
		buf_addf(&what, "%s (%d)", code != NULL ? code : "refused", c->http.status);
	if (c->outcome == AZURE_NO_CONTAINER)
		buf_addf(&what, "; create the container first");
	if ((c->outcome == AZURE_DENIED || c->outcome == AZURE_EXPIRED) && azure_identify(&kind, &unheard) == 0)
		buf_addf(&what, "; tried %s: %s", azure_identity_text(), missing_right(c, kind));
	(void)msg_set(err, status_of(c->outcome, c->http.status), "%s", buf_cstr(&what));
	buf_free(&what);
	return -1;
}
