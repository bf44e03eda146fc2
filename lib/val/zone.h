/* Local times of a time zone as instants, by the zone's file of the system (tzdata, RFC 8536). */
#ifndef VAL_ZONE_H
#define VAL_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct val_zone;

/* Reads the zone of that name, "Europe/Prague". Returns NULL if there is none; the caller frees it. */
struct val_zone *val_zone_read(const char *name);

/* The same from the bytes of a file, NULL if they are malformed. */
struct val_zone *val_zone_parse(const uint8_t *file, size_t n);
void val_zone_free(struct val_zone *z);

/* Returns the nearest of the names of zones as a hint for a message, or an empty text. */
const char *val_zone_hint(const char *name);

/*
 * Makes a local time, in microseconds since 1970-01-01T00:00:00 there, an instant. Returns false for a time that the
 * zone passes over or has twice, as when clocks change, and for one that is not in the years 1 to 9999 of UTC.
 */
bool val_zone_to_utc(const struct val_zone *z, int64_t *us);

#endif
