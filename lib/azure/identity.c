/*
 * Who asks. What is set explicitly wins: a shared access signature, an account key, a service principal, a workload
 * identity; a managed identity comes last. ACCT_IDENTITY names one of them, and then no other is tried.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "azure/parts.h"

#define SAS "AZURE_STORAGE_SAS_TOKEN"
#define KEY "AZURE_STORAGE_KEY"
#define CLIENT_SECRET "AZURE_CLIENT_SECRET"
#define CERTIFICATE "AZURE_CLIENT_CERTIFICATE_PATH"
#define TOKEN_FILE "AZURE_FEDERATED_TOKEN_FILE"
#define FROM_VAULT "@kv:"

static const char *const words[AZURE_KINDS] = { "sas", "key", "secret", "certificate", "workload", "managed" };

static struct {
	pthread_mutex_t mutex;
	bool is_read, is_complete;
	enum azure_kind kind;
	char *secret;			/* of AZURE_SAS and AZURE_KEY */
	struct buf key;			/* AZURE_KEY: its bytes */
	char *text;			/* for people */
	struct azure_principal principal;	/* who asks for tokens, also for those of a vault */
	struct http *http;
	struct token {
		char *text;
		uint64_t renew_at;	/* by azure_clock */
	} tokens[2];
} who = { .mutex = PTHREAD_MUTEX_INITIALIZER };

void (*azure_on_identity)(const char *text);

/* ---- choosing ---- */

static bool
may_be(enum azure_kind kind)
{
	const char *asked = azure_setting("ACCT_IDENTITY");

	return asked == NULL || strcmp(asked, words[kind]) == 0;
}

/* Takes a secret if its kind may be tried: 1, 0 or -1. */
static int
try_secret(enum azure_kind kind, const char *name, char **secret, struct msg *err)
{
	return may_be(kind) ? azure_secret(name, secret, err) : 0;
}

static char *
copy_setting(const char *name, const char *otherwise)
{
	const char *value = azure_setting(name);

	value = value != NULL ? value : otherwise;
	return value != NULL ? xstrdup(value) : NULL;
}

/* The service principal, workload or managed identity: who can ask for tokens. */
static int
choose_principal(struct azure_principal *p, struct msg *err)
{
	const char *path = azure_setting(CERTIFICATE);
	int got;

	p->tenant = copy_setting("AZURE_TENANT_ID", NULL);
	p->client = copy_setting("AZURE_CLIENT_ID", NULL);
	p->authority = copy_setting("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com");
	p->kind = AZURE_MANAGED;
	if ((got = try_secret(AZURE_SECRET, CLIENT_SECRET, &p->secret, err)) < 0)
		return -1;
	if (got > 0) {
		p->kind = AZURE_SECRET;
	} else if (may_be(AZURE_CERTIFICATE) && path != NULL) {
		p->kind = AZURE_CERTIFICATE;
		if (azure_read_file(path, true, &p->secret, err) < 0)
			return -1;
	} else if (may_be(AZURE_WORKLOAD) && (p->token_file = copy_setting(TOKEN_FILE, NULL)) != NULL) {
		p->kind = AZURE_WORKLOAD;
	}
	if (p->kind == AZURE_MANAGED) {
		p->managed_url = copy_setting("IDENTITY_ENDPOINT", NULL);
		p->managed_header = copy_setting("IDENTITY_HEADER", NULL);
	} else if (p->tenant == NULL || p->client == NULL) {
		return msg_set(err, EX_CONFIG, "a service principal needs AZURE_TENANT_ID and AZURE_CLIENT_ID");
	}
	return 0;
}

static char *
describe(void)
{
	const struct azure_principal *p = &who.principal;
	bool is_file = azure_setting(who.kind == AZURE_SAS ? SAS : who.kind == AZURE_KEY ? KEY : CLIENT_SECRET) == NULL;
	const char *file = is_file ? "_FILE" : "";

	switch (who.kind) {
	case AZURE_SAS:
		return xasprintf("shared access signature (" SAS "%s)", file);
	case AZURE_KEY:
		return xasprintf("account key (" KEY "%s)", file);
	case AZURE_SECRET:
		return xasprintf("service principal %s of tenant %s by secret (" CLIENT_SECRET "%s)", p->client,
		    p->tenant, file);
	case AZURE_CERTIFICATE:
		return xasprintf("service principal %s of tenant %s by certificate (" CERTIFICATE ")", p->client,
		    p->tenant);
	case AZURE_WORKLOAD:
		return xasprintf("workload identity %s of tenant %s (" TOKEN_FILE ")", p->client, p->tenant);
	default:
		return xasprintf("managed identity%s%s of %s", p->client != NULL ? " " : "",
		    p->client != NULL ? p->client : "", p->managed_url != NULL ? "the app service" : "this machine");
	}
}

/* Keeps secrets out of core files and other users' /proc. Sanitizers have to trace their own process. */
static void
hide_memory(void)
{
#if !defined(__SANITIZE_ADDRESS__)
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static int
read_identity(struct msg *err)
{
	const char *asked = azure_setting("ACCT_IDENTITY");
	size_t i = 0;
	int got;

	while (asked != NULL && i < AZURE_KINDS && strcmp(words[i], asked) != 0)
		i++;
	if (i == AZURE_KINDS)
		return msg_set(err, EX_CONFIG, "ACCT_IDENTITY: must be sas, key, secret, certificate, workload or "
		    "managed: %s", msg_quotes(asked));
	hide_memory();
	who.kind = AZURE_SAS;
	if ((got = try_secret(AZURE_SAS, SAS, &who.secret, err)) == 0) {
		who.kind = AZURE_KEY;
		got = try_secret(AZURE_KEY, KEY, &who.secret, err);
	}
	if (got < 0)
		return -1;
	if (got == 0 || strncmp(who.secret, FROM_VAULT, strlen(FROM_VAULT)) == 0) {
		if (choose_principal(&who.principal, err) < 0)
			return -1;
		if (got == 0)
			who.kind = who.principal.kind;
	}
	if (asked != NULL && strcmp(words[who.kind], asked) != 0)
		return msg_set(err, EX_CONFIG, "ACCT_IDENTITY is %s, but its settings are missing", asked);
	who.text = describe();
	return 0;
}

int
azure_prepare(struct msg *err)
{
	int failed;

	if (http_prepare(err) < 0 || azure_load_libraries(err) < 0)
		return -1;
	pthread_mutex_lock(&who.mutex);
	failed = who.is_read ? 0 : read_identity(err);
	who.is_read = !failed;
	pthread_mutex_unlock(&who.mutex);
	return failed;
}

/* ---- tokens, with the mutex held ---- */

static int
token_locked(enum azure_audience audience, const char *old, struct msg *err)
{
	struct token *t = &who.tokens[audience];
	int64_t seconds, early;
	char *text;
	bool refused = t->text != NULL && old != NULL && strcmp(old, t->text) == 0;

	if (t->text != NULL && !refused && azure_clock() < t->renew_at)
		return 0;
	if (who.http == NULL && http_open(&who.http, err) < 0)
		return -1;
	if (azure_ask_token(who.http, &who.principal, audience, &text, &seconds, err) < 0)
		return -1;
	early = seconds / 4 < 300 ? seconds * 1000 / 4 : 300 * 1000;
	free(t->text);
	t->text = text;
	t->renew_at = azure_clock() + (uint64_t)(seconds * 1000 - early);
	return 0;
}

int
azure_token(enum azure_audience audience, const char *old, char **token, struct msg *err)
{
	int failed;

	pthread_mutex_lock(&who.mutex);
	failed = token_locked(audience, old, err);
	if (!failed)
		*token = xstrdup(who.tokens[audience].text);
	pthread_mutex_unlock(&who.mutex);
	return failed;
}

/* ---- secrets of a vault ---- */

static int
fetch(char **secret, struct msg *err)
{
	char *found;

	if (*secret == NULL || strncmp(*secret, FROM_VAULT, strlen(FROM_VAULT)) != 0)
		return 0;
	if (token_locked(AZURE_VAULT, NULL, err) < 0)
		return -1;
	if (azure_ask_vault(who.http, *secret + strlen(FROM_VAULT), who.tokens[AZURE_VAULT].text, &found, err) < 0)
		return -1;
	free(*secret);
	*secret = found;
	return 0;
}

static int
decode_key(struct msg *err)
{
	size_t n = strlen(who.secret);
	const char *s = who.secret;
	int got;

	got = n % 4 == 0 && n > 0 ? azure_calls.EVP_DecodeBlock(buf_room(&who.key, n), (const uint8_t *)s, (int)n) : -1;
	if (got < 0)
		return msg_set(err, EX_CONFIG, KEY ": must be the account's key in base64");
	who.key.len = (size_t)got - (s[n - 1] == '=') - (s[n - 1] == '=' && s[n - 2] == '=');
	return 0;
}

static int
complete(struct msg *err)
{
	if (fetch(&who.secret, err) < 0)
		return -1;
	if (who.kind == AZURE_KEY && decode_key(err) < 0)
		return -1;
	if (who.kind == AZURE_SAS && *who.secret == '?')
		memmove(who.secret, who.secret + 1, strlen(who.secret));
	if (azure_on_identity != NULL)
		azure_on_identity(who.text);
	return 0;
}

int
azure_identify(enum azure_kind *kind, struct msg *err)
{
	int failed;

	pthread_mutex_lock(&who.mutex);
	failed = who.is_complete ? 0 : complete(err);
	who.is_complete = !failed;
	*kind = who.kind;
	pthread_mutex_unlock(&who.mutex);
	return failed;
}

const char *
azure_identity_text(void)
{
	return who.text;
}

const struct buf *
azure_identity_key(void)
{
	return &who.key;
}

const char *
azure_identity_sas(void)
{
	return who.kind == AZURE_SAS ? who.secret : NULL;
}
