/* New identifiers and the time, for what is written. */
#ifndef DELTA_LOG_FRESH_H
#define DELTA_LOG_FRESH_H

#include <stdint.h>

#include "base/msg.h"

/* Writes a random UUID (version 4) as 36 characters and a NUL. */
enum { DELTA_UUID = 37 };
int delta_uuid(char out[DELTA_UUID], struct msg *err);

/* Returns the current time in milliseconds since 1970-01-01T00:00:00Z. */
int64_t delta_now(void);

#endif
