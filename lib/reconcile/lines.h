/*
 * Counts the physical lines of a file by code that shares nothing with the reader of CSV: decompresses, converts and
 * searches line feeds.
 */
#ifndef RECONCILE_LINES_H
#define RECONCILE_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"
#include "store/store.h"

struct reconcile_lines {
	const char *encoding;	/* NULL: UTF-8 */
	void *converter;	/* of iconv(3); NULL: UTF-8 */
};

/*
 * Sets up the conversion; call before a sandbox is entered, as iconv_open loads tables. EX_CONFIG for an encoding that
 * iconv does not know.
 */
int reconcile_lines_open(struct reconcile_lines *l, const char *encoding, struct msg *err);
void reconcile_lines_close(struct reconcile_lines *l);

/*
 * Counts the lines of a file, an unfinished last one among them. The file is n objects of the store, one after another.
 * EX_DATAERR for corrupt compressed data.
 */
int reconcile_lines_count(struct reconcile_lines *l, struct store *s, char *const *names, size_t n, uint64_t *count,
    struct msg *err);

#endif
