/*
 * libcrypto's SHA-256 by its old interface, since the new one (EVP) cannot save a state. The structure is public there
 * and its layout part of the ABI.
 */
#define OPENSSL_API_COMPAT 0x10100000L

#include "ledger/sha256.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "base/mem.h"

enum { CHAIN = 32, BLOCK = 64 };

static void
put_hex(char *out, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * n] = '\0';
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
get_hex(uint8_t *out, const char *text, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (digit(text[2 * i]) < 0 || digit(text[2 * i + 1]) < 0)
			return false;
		out[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
	}
	return true;
}

void
ledger_sha256_begin(struct ledger_sha256 *s)
{
	s->state = xmalloc(sizeof(*s->state));
	SHA256_Init(s->state);
}

bool
ledger_sha256_resume(struct ledger_sha256 *s, const char *state, uint64_t bytes)
{
	uint8_t chain[CHAIN], part[BLOCK];
	size_t n = bytes % BLOCK, i;

	if (strlen(state) != 2 * (CHAIN + n) || !get_hex(chain, state, CHAIN) ||
	    !get_hex(part, state + 2 * (size_t)CHAIN, n))
		return false;
	ledger_sha256_begin(s);
	for (i = 0; i < CHAIN / 4; i++)
		s->state->h[i] = (SHA_LONG)chain[4 * i] << 24 | (SHA_LONG)chain[4 * i + 1] << 16 |
		    (SHA_LONG)chain[4 * i + 2] << 8 | chain[4 * i + 3];
	s->state->Nl = (SHA_LONG)((bytes - n) << 3);
	s->state->Nh = (SHA_LONG)((bytes - n) >> 29);
	SHA256_Update(s->state, part, n);
	return true;
}

void
ledger_sha256_add(struct ledger_sha256 *s, const void *p, size_t n)
{
	SHA256_Update(s->state, p, n);
}

void
ledger_sha256_state(const struct ledger_sha256 *s, char out[LEDGER_STATE + 1])
{
	uint8_t chain[CHAIN];
	size_t i;

	for (i = 0; i < CHAIN; i++)
		chain[i] = (uint8_t)(s->state->h[i / 4] >> (24 - 8 * (i % 4)));
	put_hex(out, chain, CHAIN);
	put_hex(out + 2 * (size_t)CHAIN, (const uint8_t *)s->state->data, s->state->num);
}

void
ledger_sha256_end(struct ledger_sha256 *s, char out[LEDGER_SHA256 + 1])
{
	uint8_t sum[SHA256_DIGEST_LENGTH];

	SHA256_Final(sum, s->state);
	put_hex(out, sum, sizeof(sum));
	free(s->state);
	s->state = NULL;
}
