/* The entries of a lake's ledger, as far as they are checked. */
#ifndef CHECK_LEDGER_H
#define CHECK_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/msg.h"

struct check_delivery {
	int64_t number, bytes, offset;
	int64_t base;			/* number; 0: none */
	const char *table, *sha256;	/* of the whole file; in the pool, as are the others */
	const char *piece, *piece_sha256;	/* path below bronze */
};

struct check_ledger {			/* owned; all zero is empty */
	struct check_delivery *deliveries;	/* by number */
	size_t n;
	struct pool pool;
};

/*
 * Reads the entries of the newest version of the table at an address; none if it has no version yet. EX_DATAERR for
 * entries that contradict each other.
 */
int check_ledger_read(struct check_ledger *l, const char *address, struct msg *err);
void check_ledger_free(struct check_ledger *l);

/* Returns the delivery of a number, or NULL. */
struct check_delivery *check_delivery_of(const struct check_ledger *l, int64_t number);

#endif
