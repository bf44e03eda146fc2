/* SHA-256 that can be continued from a saved state. */
#ifndef LEDGER_SHA256_H
#define LEDGER_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LEDGER_SHA256 = 64,		/* hexadecimal digits of a sum */
	LEDGER_STATE = 64 + 2 * 63	/* most digits of a state: the chaining value, then the bytes of a part block */
};

struct ledger_sha256 {
	struct SHA256state_st *state;	/* owned */
};

void ledger_sha256_begin(struct ledger_sha256 *s);

/* Continues after the first `bytes` bytes of a file. False if that is not a state after so many. */
bool ledger_sha256_resume(struct ledger_sha256 *s, const char *state, uint64_t bytes);
void ledger_sha256_add(struct ledger_sha256 *s, const void *p, size_t n);

/* Writes the state, or ends the sum and writes that, with a NUL. */
void ledger_sha256_state(const struct ledger_sha256 *s, char out[LEDGER_STATE + 1]);
void ledger_sha256_end(struct ledger_sha256 *s, char out[LEDGER_SHA256 + 1]);

#endif
