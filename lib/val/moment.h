/*
 * Dates and timestamps as files write them, by a format of strptime's words. acct-schema(5), Formats of dates and
 * times, has the words.
 */
#ifndef VAL_MOMENT_H
#define VAL_MOMENT_H

#include "val/val.h"

enum { VAL_MOMENT_ITEMS = 48 };		/* most words and literal bytes of a format */

struct val_moment_item {
	uint8_t part;			/* what the text means; see moment.c */
	uint8_t least, most;		/* digits */
	char byte;			/* of a literal */
};

struct val_moment {
	enum val_kind kind;		/* VAL_DATE or VAL_TIMESTAMP */
	bool two_digits;		/* the year has two digits, so that a century applies */
	bool halves;			/* has AM or PM */
	bool ends_open;			/* ends in %* */
	bool zoned;			/* has a zone of its own, %z */
	size_t n;
	struct val_moment_item items[VAL_MOMENT_ITEMS];
	/* A date of digits at fixed places, in at most 16 bytes: checked in two words. width 0: not such a format. */
	uint8_t width, year, month, day;	/* bytes; offsets */
	uint64_t form[2], over[2], mask[2];	/* what a byte is less; what carries into the mask if it differs */
};

/* Compiles a format for a type, date or timestamp. Returns NULL, or what is wrong with it. */
const char *val_moment_compile(struct val_moment *m, enum val_kind kind, const char *format);

/*
 * Parses n bytes: days since 1970-01-01, or microseconds since then in UTC. The whole text must match and be a valid
 * day and time, in UTC within the years 1 to 9999; *v is unchanged otherwise. `century` is the first of the hundred
 * years that two digits can mean.
 */
bool val_moment_parse(const struct val_moment *m, unsigned century, const char *s, size_t n, int64_t *v);

enum { VAL_MOMENT_PLAIN = 10 };		/* bytes of YYYY-MM-DD */

/*
 * Rewrites a date of a format of fixed width as YYYY-MM-DD; whether there is such a day remains to be checked. VAL_PAD
 * bytes may be read after s[n].
 */
bool val_moment_plain(const struct val_moment *m, unsigned century, const char *s, size_t n, char *out);

/* Is there a text that both formats accept, as different values? Tries days that tell apart day, month and year. */
bool val_moment_differ(const struct val_moment *a, const struct val_moment *b, unsigned century);

#endif
