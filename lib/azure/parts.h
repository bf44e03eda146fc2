/* What the files of this folder share. */
#ifndef AZURE_PARTS_H
#define AZURE_PARTS_H

#include <expat.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "azure/azure.h"
#include "http/load.h"

#define AZURE_EXPAT(X) \
	X(XML_ParserCreate) X(XML_SetUserData) X(XML_SetElementHandler) X(XML_SetCharacterDataHandler) X(XML_Parse) \
	X(XML_ParserFree)
#define AZURE_JANSSON(X) \
	X(json_loadb) X(json_object_get) X(json_string_value) X(json_integer_value) X(json_delete)
#define AZURE_CRYPTO(X) \
	X(HMAC) X(EVP_sha256) X(EVP_sha1) X(EVP_EncodeBlock) X(EVP_DecodeBlock) X(BIO_new_mem_buf) X(BIO_free) \
	X(PEM_read_bio_X509) X(PEM_read_bio_PrivateKey) X(X509_digest) X(X509_free) X(EVP_PKEY_free) \
	X(EVP_MD_CTX_new) X(EVP_MD_CTX_free) X(EVP_DigestSignInit) X(EVP_DigestSign) X(RAND_bytes)

extern struct azure_functions {
	AZURE_EXPAT(HTTP_MEMBER)
	AZURE_JANSSON(HTTP_MEMBER)
	AZURE_CRYPTO(HTTP_MEMBER)
} azure_calls;

int azure_load_libraries(struct msg *err);

/* ---- settings (setting.c) ---- */

/*
 * Returns a secret from the variable NAME, or from the file that NAME_FILE names, which only its owner may read: 1 with
 * *secret owned by the caller, 0 if neither is set, or -1.
 */
int azure_secret(const char *name, char **secret, struct msg *err);

/* Reads a file into memory with a NUL after it; `is_secret`: only its owner may have rights on it. */
int azure_read_file(const char *path, bool is_secret, char **text, struct msg *err);

/* ---- signing (sign.c) ---- */

/* Appends the value of Authorization for a request: "SharedKey ACCOUNT:SIGNATURE". */
void azure_sign(struct buf *out, const struct azure_place *place, const struct azure_call *c, const char *path,
    size_t body_size, const struct buf *key);

/* ---- identity.c ---- */

enum azure_kind {
	AZURE_SAS, AZURE_KEY, AZURE_SECRET, AZURE_CERTIFICATE, AZURE_WORKLOAD, AZURE_MANAGED, AZURE_KINDS
};

/* Finishes the identity: secrets from a vault, announcement. Sets *kind. */
int azure_identify(enum azure_kind *kind, struct msg *err);
const char *azure_identity_text(void);
const struct buf *azure_identity_key(void);	/* of AZURE_KEY */
const char *azure_identity_sas(void);		/* of AZURE_SAS, without '?' */

/* Sets *token, owned by the caller, to a valid token other than `old`, which the service has refused; NULL: to any. */
int azure_token(enum azure_audience audience, const char *old, char **token, struct msg *err);

/* ---- token.c ---- */

struct azure_principal {		/* what a token is asked with; strings owned */
	enum azure_kind kind;
	char *tenant, *client, *authority;
	char *secret;			/* AZURE_SECRET: the secret; AZURE_CERTIFICATE: PEM with key and certificate */
	char *token_file;		/* AZURE_WORKLOAD */
	char *managed_url, *managed_header;	/* AZURE_MANAGED: App Service's; NULL: the machine's service */
	bool has_answered;		/* the machine's service is there */
};

/* Asks for a token: *token owned by the caller, *seconds how long it is valid. */
int azure_ask_token(struct http *h, struct azure_principal *p, enum azure_audience audience, char **token,
    int64_t *seconds, struct msg *err);

/* Reads a secret from a vault: `where` is VAULT/SECRET. */
int azure_ask_vault(struct http *h, const char *where, const char *token, char **secret, struct msg *err);

/* ---- call.c ---- */

/*
 * Waits after try number `tries`, from 1: exponentially longer with jitter, or as Retry-After asks. Returns false if
 * that would last beyond `until`.
 */
bool azure_pause(const struct http_request *r, unsigned tries, uint64_t until);

#endif
