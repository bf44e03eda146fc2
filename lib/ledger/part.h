/* Shared by the files of lib/ledger. */
#ifndef LEDGER_PART_H
#define LEDGER_PART_H

#include "ledger/ledger.h"

/* match.c: reads n bytes at an offset; EX_DATAERR if the file has fewer. */
int ledger_part_read(struct ledger_file *f, int64_t offset, void *p, size_t n, struct msg *err);

/* take.c: the digits of a block's hash and a NUL. */
void ledger_part_hash(const void *p, size_t n, char out[LEDGER_HASH + 1]);

#endif
