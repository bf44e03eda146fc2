/* Bearer tokens of the identity platform and of managed identities, and secrets of a key vault. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "azure/parts.h"
#include "base/num.h"

enum { TRIES = 5, PATIENCE_MS = 60000, PROBE_MS = 1000, MINUTES = 600 };

#define MACHINE "http://169.254.169.254"

static const char *const resources[] = { "https://storage.azure.com/", "https://vault.azure.net" };

/* ---- requests ---- */

static bool
is_passing(const struct http_request *r, bool is_machine)
{
	return r->status == 0 || r->status == 429 || r->status >= 500 || (is_machine && r->status == 404);
}

/* Sends a request until it is answered for good. */
static void
ask(struct http *h, struct http_request *r, bool is_machine)
{
	uint64_t until = azure_clock() + PATIENCE_MS;
	unsigned tries = 0;

	do {
		http_start(h, r);
		http_wait(r);
	} while (is_passing(r, is_machine) && ++tries < TRIES && azure_pause(r, tries, until));
}

/* Returns a member's text, a view of the JSON; "" if it has none. */
static const char *
member(json_t *root, const char *name)
{
	json_t *value = root != NULL ? azure_calls.json_object_get(root, name) : NULL;
	const char *text = value != NULL ? azure_calls.json_string_value(value) : NULL;

	return text != NULL ? text : "";
}

/* A number, or a string of one. */
static int64_t
number(json_t *root, const char *name)
{
	json_t *value = root != NULL ? azure_calls.json_object_get(root, name) : NULL;
	const char *text = member(root, name);
	int64_t n = 0;

	if (*text != '\0')
		return num_int64(text, strlen(text), &n) ? n : 0;
	return value != NULL ? azure_calls.json_integer_value(value) : 0;
}

/* The first line of an error's description: the others have ids and times. */
static int
blame(const struct http_request *r, json_t *root, const char *whom, struct msg *err)
{
	const char *text = member(root, "error_description");

	if (r->status == 0)
		return msg_set(err, EX_UNAVAILABLE, "%s: no reply: %s", whom, r->why);
	return msg_set(err, r->status == 429 ? EX_TEMPFAIL : r->status >= 500 ? EX_UNAVAILABLE : EX_NOPERM,
	    "%s: no token (%d): %s %.*s", whom, r->status, member(root, "error"), (int)strcspn(text, "\r\n"), text);
}

static int
take_token(const struct http_request *r, const char *whom, char **token, int64_t *seconds, struct msg *err)
{
	json_error_t why;
	json_t *root = r->reply.len > 0 ? azure_calls.json_loadb((const char *)r->reply.p, r->reply.len, 0, &why) :
	    NULL;
	const char *text = member(root, "access_token");
	int failed = 0;

	*seconds = number(root, "expires_in");
	if (*seconds <= 0)
		*seconds = number(root, "expires_on") - (int64_t)time(NULL);
	if (r->status != 200 || *text == '\0')
		failed = blame(r, root, whom, err);
	else
		*token = xstrdup(text);
	if (*seconds < 1)
		*seconds = 1;
	if (root != NULL)
		azure_calls.json_delete(root);
	return failed;
}

/* ---- managed identities ---- */

static int
ask_managed(struct http *h, struct azure_principal *p, enum azure_audience audience, char **token, int64_t *seconds,
    struct msg *err)
{
	const char *machine = azure_setting("AZURE_POD_IDENTITY_AUTHORITY_HOST");
	bool is_machine = p->managed_url == NULL || p->managed_header == NULL;
	struct http_request r = { .method = "GET", .direct = is_machine };
	struct buf url = { 0 };
	int failed = 0;

	if (is_machine)
		buf_addf(&url, "%s/metadata/identity/oauth2/token?api-version=2018-02-01&resource=",
		    machine != NULL ? machine : MACHINE);
	else
		buf_addf(&url, "%s?api-version=2019-08-01&resource=", p->managed_url);
	http_put_encoded(&url, resources[audience], false);
	if (p->client != NULL) {
		buf_adds(&url, "&client_id=");
		http_put_encoded(&url, p->client, false);
	}
	(void)buf_cstr(&url);
	r.url = (char *)url.p;
	if (is_machine && !p->has_answered) {		/* without the header it refuses at once, if it is there */
		r.connect_ms = r.whole_ms = PROBE_MS;
		http_start(h, &r);
		http_wait(&r);
		p->has_answered = r.status != 0;
		r.connect_ms = r.whole_ms = 0;
		if (!p->has_answered)
			failed = msg_set(err, EX_NOPERM, "no credentials: set AZURE_STORAGE_SAS_TOKEN, "
			    "AZURE_STORAGE_KEY, AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH or "
			    "AZURE_FEDERATED_TOKEN_FILE; this machine has no managed identity");
	}
	http_add_header(&r, is_machine ? "Metadata" : "X-IDENTITY-HEADER", is_machine ? "true" : p->managed_header);
	if (!failed) {
		ask(h, &r, is_machine);
		failed = take_token(&r, "managed identity", token, seconds, err);
	}
	http_clear(&r);
	return failed;
}

/* ---- service principals and workload identities ---- */

static void
put_field(struct buf *form, const char *name, const char *value)
{
	buf_addf(form, "%s%s=", form->len > 0 ? "&" : "", name);
	http_put_encoded(form, value, false);
}

/* Signs text with the key in a PEM file; also appends the thumbprint of its certificate for the header. */
static int
sign(const char *pem, const struct buf *text, struct buf *signature, struct msg *err)
{
	BIO *bio = azure_calls.BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = azure_calls.PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	EVP_MD_CTX *context = azure_calls.EVP_MD_CTX_new();
	uint8_t *bytes = NULL;
	size_t n = 0;
	bool ok = key != NULL &&
	    azure_calls.EVP_DigestSignInit(context, NULL, azure_calls.EVP_sha256(), NULL, key) == 1 &&
	    azure_calls.EVP_DigestSign(context, NULL, &n, text->p, text->len) == 1;

	if (ok) {
		bytes = xmalloc(n);
		ok = azure_calls.EVP_DigestSign(context, bytes, &n, text->p, text->len) == 1;
	}
	if (ok)
		azure_put_base64(signature, bytes, n, true);
	free(bytes);
	azure_calls.EVP_MD_CTX_free(context);
	azure_calls.EVP_PKEY_free(key);
	azure_calls.BIO_free(bio);
	return ok ? 0 : msg_set(err, EX_CONFIG, "AZURE_CLIENT_CERTIFICATE_PATH: no usable private key in PEM");
}

static int
put_thumbprint(struct buf *out, const char *pem, struct msg *err)
{
	BIO *bio = azure_calls.BIO_new_mem_buf(pem, -1);
	X509 *certificate = azure_calls.PEM_read_bio_X509(bio, NULL, NULL, NULL);
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	bool ok = certificate != NULL && azure_calls.X509_digest(certificate, azure_calls.EVP_sha1(), sum, &n) == 1;

	if (ok)
		azure_put_base64(out, sum, n, true);
	azure_calls.X509_free(certificate);
	azure_calls.BIO_free(bio);
	return ok ? 0 : msg_set(err, EX_CONFIG, "AZURE_CLIENT_CERTIFICATE_PATH: no certificate in PEM");
}

/* Makes the assertion, a JSON Web Token (RFC 7523), with which a certificate proves who asks. */
static int
make_assertion(const struct azure_principal *p, const char *url, struct buf *jwt, struct msg *err)
{
	struct buf header = { 0 }, claims = { 0 }, id = { 0 };
	int64_t now = (int64_t)time(NULL);
	int failed;

	buf_adds(&header, "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5t\":\"");
	failed = put_thumbprint(&header, p->secret, err);
	buf_adds(&header, "\"}");
	azure_put_random(&id, 16);
	buf_addf(&claims, "{\"aud\":\"%s\",\"iss\":\"%s\",\"sub\":\"%s\",\"jti\":\"%s\",\"nbf\":%" PRId64 ",\"exp\":%"
	    PRId64 "}", url, p->client, p->client, buf_cstr(&id), now, now + MINUTES);
	azure_put_base64(jwt, header.p, header.len, true);
	buf_addc(jwt, '.');
	azure_put_base64(jwt, claims.p, claims.len, true);
	if (!failed) {
		struct buf signature = { 0 };

		failed = sign(p->secret, jwt, &signature, err);
		buf_addf(jwt, ".%s", buf_cstr(&signature));
		buf_free(&signature);
	}
	buf_free(&header);
	buf_free(&claims);
	buf_free(&id);
	return failed;
}

static int
put_proof(struct buf *form, const struct azure_principal *p, const char *url, struct msg *err)
{
	struct buf assertion = { 0 };
	char *text = NULL;
	int failed = 0;

	if (p->kind == AZURE_SECRET) {
		put_field(form, "client_secret", p->secret);
		return 0;
	}
	if (p->kind == AZURE_WORKLOAD) {	/* read each time, as it is renewed too */
		if (azure_read_file(p->token_file, false, &text, err) < 0)
			return -1;
		text[strcspn(text, "\r\n")] = '\0';
		buf_adds(&assertion, text);
		free(text);
	} else {
		failed = make_assertion(p, url, &assertion, err);
	}
	put_field(form, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
	put_field(form, "client_assertion", buf_cstr(&assertion));
	buf_free(&assertion);
	return failed;
}

static int
ask_platform(struct http *h, struct azure_principal *p, enum azure_audience audience, char **token, int64_t *seconds,
    struct msg *err)
{
	size_t n = strlen(p->authority);
	struct http_request r = { .method = "POST" };
	struct buf form = { 0 };
	char *scope = xasprintf("%s%s.default", resources[audience], audience == AZURE_STORAGE ? "" : "/");
	int failed;

	n -= n > 0 && p->authority[n - 1] == '/';
	r.url = xasprintf("%s%.*s/%s/oauth2/v2.0/token", strstr(p->authority, "://") == NULL ? "https://" : "", (int)n,
	    p->authority, p->tenant);
	put_field(&form, "grant_type", "client_credentials");
	put_field(&form, "client_id", p->client);
	put_field(&form, "scope", scope);
	failed = put_proof(&form, p, r.url, err);
	http_add_header(&r, "Content-Type", "application/x-www-form-urlencoded");
	r.body = form.p;
	r.body_size = form.len;
	if (!failed) {
		ask(h, &r, false);
		failed = take_token(&r, p->kind == AZURE_WORKLOAD ? "workload identity" : "service principal", token,
		    seconds, err);
	}
	http_clear(&r);
	buf_free(&form);
	free(scope);
	return failed;
}

int
azure_ask_token(struct http *h, struct azure_principal *p, enum azure_audience audience, char **token,
    int64_t *seconds, struct msg *err)
{
	return p->kind == AZURE_MANAGED ? ask_managed(h, p, audience, token, seconds, err) :
	    ask_platform(h, p, audience, token, seconds, err);
}

/* ---- vaults ---- */

/* ACCT_AZURE_VAULT is a URL in which {vault} is replaced. */
static char *
vault_url(const char *where)
{
	const char *given = azure_setting("ACCT_AZURE_VAULT"), *slash = strchr(where, '/'), *mark;
	int n = (int)(slash - where);

	if (given == NULL)
		given = "https://{vault}.vault.azure.net";
	if ((mark = strstr(given, "{vault}")) == NULL)
		return xasprintf("%s/secrets/%s?api-version=7.4", given, slash + 1);
	return xasprintf("%.*s%.*s%s/secrets/%s?api-version=7.4", (int)(mark - given), given, n, where,
	    mark + strlen("{vault}"), slash + 1);
}

int
azure_ask_vault(struct http *h, const char *where, const char *token, char **secret, struct msg *err)
{
	struct http_request r = { .method = "GET" };
	char *bearer = xasprintf("Bearer %s", token);
	json_error_t why;
	json_t *root = NULL;
	int failed = 0;

	if (strchr(where, '/') == NULL || strcspn(where, "?#%@:") != strlen(where)) {
		free(bearer);
		return msg_set(err, EX_CONFIG, "@kv: must be @kv:VAULT/SECRET");
	}
	r.url = vault_url(where);
	http_add_header(&r, "Authorization", bearer);
	ask(h, &r, false);
	if (r.status == 200)
		root = azure_calls.json_loadb((const char *)r.reply.p, r.reply.len, 0, &why);
	if (*member(root, "value") != '\0')
		*secret = xstrdup(member(root, "value"));
	else if (r.status == 0)
		failed = msg_set(err, EX_UNAVAILABLE, "@kv:%s: no reply: %s", where, r.why);
	else
		failed = msg_set(err, r.status == 401 || r.status == 403 ? EX_NOPERM : EX_CONFIG,
		    "@kv:%s: the vault refused (%d); the identity needs the role Key Vault Secrets User", where,
		    r.status);
	if (root != NULL)
		azure_calls.json_delete(root);
	http_clear(&r);
	free(bearer);
	return failed;
}
