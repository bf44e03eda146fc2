#include "http/http.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include <ctype.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "http/load.h"

enum { PATIENCE = 30, CONNECT_MS = 10000, PIECE = 96 * 1024, CONNECTIONS = 64, MAX_REPLY = 64 * 1024 * 1024 };

#define CALLS(X) \
	X(curl_global_init) X(curl_version_info) X(curl_easy_init) X(curl_easy_setopt) X(curl_easy_getinfo) \
	X(curl_easy_cleanup) X(curl_easy_strerror) X(curl_slist_append) X(curl_slist_free_all) X(curl_multi_init) \
	X(curl_multi_setopt) X(curl_multi_add_handle) X(curl_multi_remove_handle) X(curl_multi_perform) \
	X(curl_multi_info_read) X(curl_multi_poll) X(curl_multi_wakeup) X(curl_multi_cleanup)

static struct calls {
	CALLS(HTTP_MEMBER)
} calls;

#define SYMBOL(function) { #function, offsetof(struct calls, function) },
static const struct http_symbol symbols[] = { CALLS(SYMBOL) };

static pthread_mutex_t prepare_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool is_prepared;
static struct buf authorities;		/* PEM; empty: those libcurl finds */

struct http {
	CURLM *multi;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t done;		/* some request has ended */
	struct http_request *queue;	/* to be started */
	bool ends;			/* after what is running */
	bool quits;			/* at once; nothing starts any more */
	struct http *next;		/* of those that are open */
};

static struct http *open_ones;

/* ---- the library ---- */

static int
read_authorities(struct msg *err)
{
	const char *given = getenv("SSL_CERT_FILE"), *path = given;
	struct msg why = { 0 };
	ssize_t got = -1;
	int fd;

	if (path == NULL || *path == '\0')
		path = calls.curl_version_info(CURLVERSION_NOW)->cainfo;
	if (path == NULL || (fd = io_open(path, &why)) < 0)
		return given != NULL ? msg_set(err, why.status, "SSL_CERT_FILE: %s", why.text) : 0;
	while ((got = io_read(fd, buf_room(&authorities, PIECE), PIECE, path, err)) > 0)
		authorities.len += (size_t)got;
	close(fd);
	return got < 0 ? -1 : 0;
}

static int
prepare(struct msg *err)
{
	if (http_load("libcurl.so.4", "libcurl4", symbols, sizeof(symbols) / sizeof(*symbols), &calls, err) < 0)
		return -1;
	if (calls.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return msg_set(err, EX_UNAVAILABLE, "libcurl cannot be initialized");
	return read_authorities(err);
}

int
http_prepare(struct msg *err)
{
	int failed = 0;

	pthread_mutex_lock(&prepare_mutex);
	if (!is_prepared)
		failed = prepare(err);
	is_prepared = !failed;
	pthread_mutex_unlock(&prepare_mutex);
	return failed;
}

/* ---- one transfer ---- */

static bool
is_success(const struct http_request *r)
{
	long status = 0;

	calls.curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

/* libcurl's: takes bytes of the body; another number than n fails the transfer. */
static size_t
take_body(char *p, size_t size, size_t n, void *arg)
{
	struct http_request *r = arg;

	n *= size;
	if (r->into != NULL && is_success(r)) {
		if (n > r->room - r->size)
			return 0;
		memcpy((char *)r->into + r->size, p, n);
	} else if (n > MAX_REPLY - r->reply.len) {
		return 0;
	} else if (n > 0) {
		buf_add(&r->reply, p, n);
	}
	r->size += n;
	return n;
}

/* libcurl's: takes a line of the header; a status line begins another reply. */
static size_t
take_header(char *p, size_t size, size_t n, void *arg)
{
	struct http_request *r = arg;
	size_t length = size * n, i, name;

	if (length >= 5 && memcmp(p, "HTTP/", 5) == 0)
		r->reply_headers.len = 0;
	for (i = length; i > 0 && (p[i - 1] == '\r' || p[i - 1] == '\n'); i--)
		;
	if (memchr(p, ':', i) == NULL)
		return length;
	for (name = 0; p[name] != ':'; name++)
		buf_addc(&r->reply_headers, (uint8_t)tolower((unsigned char)p[name]));
	buf_add(&r->reply_headers, p + name, i - name);
	buf_addc(&r->reply_headers, '\0');
	return length;
}

static void
set_limits(const struct http_request *r)
{
	CURL *e = r->easy;

	calls.curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	calls.curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)(r->connect_ms > 0 ? r->connect_ms : CONNECT_MS));
	calls.curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L);
	calls.curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)(r->patience > 0 ? r->patience : PATIENCE));
	calls.curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)r->whole_ms);
	calls.curl_easy_setopt(e, CURLOPT_BUFFERSIZE, (long)PIECE);
	calls.curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, (long)PIECE);
	calls.curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	calls.curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (r->direct)
		calls.curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
}

static void
set_up(struct http_request *r)
{
	struct curl_blob blob = { authorities.p, authorities.len, CURL_BLOB_NOCOPY };
	const char *line = (const char *)r->headers.p, *end = line + r->headers.len;
	struct curl_slist *list = calls.curl_slist_append(NULL, "Expect:");
	bool is_get = strcmp(r->method, "GET") == 0, is_head = strcmp(r->method, "HEAD") == 0;

	r->easy = calls.curl_easy_init();
	for (; line != NULL && line < end; line += strlen(line) + 1)
		list = calls.curl_slist_append(list, line);
	list = calls.curl_slist_append(list, "Accept:");
	if (!is_get && !is_head) {
		calls.curl_easy_setopt(r->easy, CURLOPT_POSTFIELDS, r->body_size > 0 ? r->body : "");
		calls.curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_size);
		calls.curl_easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST, r->method);
	} else if (is_head) {
		calls.curl_easy_setopt(r->easy, CURLOPT_NOBODY, 1L);
	}
	r->list = list;
	calls.curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, list);
	calls.curl_easy_setopt(r->easy, CURLOPT_URL, r->url);
	calls.curl_easy_setopt(r->easy, CURLOPT_PRIVATE, r);
	calls.curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, take_body);
	calls.curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, r);
	calls.curl_easy_setopt(r->easy, CURLOPT_HEADERFUNCTION, take_header);
	calls.curl_easy_setopt(r->easy, CURLOPT_HEADERDATA, r);
	if (authorities.len > 0)
		calls.curl_easy_setopt(r->easy, CURLOPT_CAINFO_BLOB, &blob);
	set_limits(r);
}

/* Could the server have received a request that ended so? */
static bool
may_have_arrived(CURLcode code)
{
	return code != CURLE_COULDNT_RESOLVE_HOST && code != CURLE_COULDNT_RESOLVE_PROXY &&
	    code != CURLE_COULDNT_CONNECT && code != CURLE_SSL_CONNECT_ERROR && code != CURLE_PEER_FAILED_VERIFICATION;
}

static void
end_transfer(struct http *h, struct http_request *r, CURLcode code)
{
	long status = 0;

	calls.curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK) {
		r->status = (int)status;
	} else {
		r->why = calls.curl_easy_strerror(code);
		r->was_sent = may_have_arrived(code);
	}
	calls.curl_multi_remove_handle(h->multi, r->easy);
	calls.curl_easy_cleanup(r->easy);
	calls.curl_slist_free_all(r->list);
	r->easy = r->list = NULL;
	pthread_mutex_lock(&h->mutex);
	r->is_done = true;
	pthread_cond_broadcast(&h->done);
	pthread_mutex_unlock(&h->mutex);
}

/* ---- the thread ---- */

/* Starts what is queued. Returns false when the thread is to end. */
static bool
take_queue(struct http *h)
{
	struct http_request *r, *next;
	bool goes_on;

	pthread_mutex_lock(&h->mutex);
	r = h->queue;
	h->queue = NULL;
	goes_on = !h->ends;
	pthread_mutex_unlock(&h->mutex);
	for (; r != NULL; r = next) {
		next = r->next;
		set_up(r);
		calls.curl_multi_add_handle(h->multi, r->easy);
	}
	return goes_on;
}

static bool
is_quitting(struct http *h)
{
	bool is;

	pthread_mutex_lock(&h->mutex);
	is = h->quits;
	pthread_mutex_unlock(&h->mutex);
	return is;
}

static void *
transfer(void *arg)
{
	struct http *h = arg;
	struct http_request *r;
	CURLMsg *m;
	int running = 0, left;

	while ((take_queue(h) || running > 0) && !is_quitting(h)) {
		calls.curl_multi_perform(h->multi, &running);
		while ((m = calls.curl_multi_info_read(h->multi, &left)) != NULL) {
			CURLcode code = m->data.result;

			if (m->msg != CURLMSG_DONE)
				continue;
			calls.curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &r);
			end_transfer(h, r, code);
		}
		calls.curl_multi_poll(h->multi, NULL, 0, running > 0 ? 1000 : 60000, NULL);
	}
	return NULL;
}

/* At exit, before OpenSSL releases what the threads use. */
static void
quit_all(void)
{
	struct http *h;

	for (h = open_ones; h != NULL; h = h->next) {
		pthread_mutex_lock(&h->mutex);
		h->quits = true;
		pthread_mutex_unlock(&h->mutex);
		calls.curl_multi_wakeup(h->multi);
		pthread_join(h->thread, NULL);
	}
}

static void
enlist(struct http *h)
{
	static bool armed;

	pthread_mutex_lock(&prepare_mutex);
	if (!armed)
		(void)atexit(quit_all);
	armed = true;
	h->next = open_ones;
	open_ones = h;
	pthread_mutex_unlock(&prepare_mutex);
}

static void
strike_off(struct http *h)
{
	struct http **at;

	pthread_mutex_lock(&prepare_mutex);
	for (at = &open_ones; *at != h; at = &(*at)->next)
		;
	*at = h->next;
	pthread_mutex_unlock(&prepare_mutex);
}

/* Starts the thread with all signals blocked: they belong to the program's own. */
static int
start_thread(struct http *h)
{
	sigset_t all, old;
	int failed;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	failed = pthread_create(&h->thread, NULL, transfer, h);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return failed;
}

int
http_open(struct http **hp, struct msg *err)
{
	struct http *h;

	if (http_prepare(err) < 0)
		return -1;
	h = xcalloc(1, sizeof(*h));
	pthread_mutex_init(&h->mutex, NULL);
	pthread_cond_init(&h->done, NULL);
	h->multi = calls.curl_multi_init();
	calls.curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS);
	if (h->multi == NULL || start_thread(h) != 0) {
		if (h->multi != NULL)
			calls.curl_multi_cleanup(h->multi);
		free(h);
		return msg_set(err, EX_OSERR, "cannot start a thread for transfers");
	}
	enlist(h);
	*hp = h;
	return 0;
}

void
http_close(struct http *h)
{
	if (h == NULL)
		return;
	strike_off(h);
	pthread_mutex_lock(&h->mutex);
	h->ends = true;
	pthread_mutex_unlock(&h->mutex);
	calls.curl_multi_wakeup(h->multi);
	pthread_join(h->thread, NULL);
	calls.curl_multi_cleanup(h->multi);
	pthread_mutex_destroy(&h->mutex);
	pthread_cond_destroy(&h->done);
	free(h);
}

/* ---- requests ---- */

static void
forget_reply(struct http_request *r)
{
	r->status = 0;
	r->why = NULL;
	r->reply.len = r->reply_headers.len = r->size = 0;
	r->was_sent = r->is_done = false;
}

void
http_start(struct http *h, struct http_request *r)
{
	forget_reply(r);
	r->owner = h;
	pthread_mutex_lock(&h->mutex);
	if (h->quits) {
		r->why = "the program is ending";
		r->is_done = true;
	} else {
		r->next = h->queue;
		h->queue = r;
	}
	pthread_mutex_unlock(&h->mutex);
	calls.curl_multi_wakeup(h->multi);
}

void
http_wait(struct http_request *r)
{
	struct http *h = r->owner;

	pthread_mutex_lock(&h->mutex);
	while (!r->is_done)
		pthread_cond_wait(&h->done, &h->mutex);
	pthread_mutex_unlock(&h->mutex);
}

void
http_add_header(struct http_request *r, const char *name, const char *value)
{
	buf_addf(&r->headers, *value != '\0' ? "%s: %s" : "%s;", name, value);
	buf_addc(&r->headers, '\0');
}

const char *
http_header(const struct http_request *r, const char *name)
{
	const char *line = (const char *)r->reply_headers.p, *end = line + r->reply_headers.len;
	size_t n = strlen(name);

	for (; line != NULL && line < end; line += strlen(line) + 1)
		if (strncmp(line, name, n) == 0 && line[n] == ':')
			return line + n + 1 + strspn(line + n + 1, " \t");
	return NULL;
}

void
http_clear(struct http_request *r)
{
	free(r->url);
	buf_free(&r->headers);
	buf_free(&r->reply);
	buf_free(&r->reply_headers);
	*r = (struct http_request){ 0 };
}

void
http_put_encoded(struct buf *out, const char *text, bool keep_slash)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c < 0x80 && isalnum(c)) || strchr("-._~", c) != NULL || (keep_slash && c == '/'))
			buf_addc(out, c);
		else
			buf_addf(out, "%%%02X", c);
	}
}
