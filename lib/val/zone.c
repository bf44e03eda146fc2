#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/near.h"
#include "base/num.h"
#include "val/zone.h"

#define FOLDER "/usr/share/zoneinfo/"

enum { FILE_MOST = 1 << 18, NAME_MOST = 64, SPAN = 2 * 86400, DAY = 86400, LAST_YEAR = 9999, HEADER = 44 };

struct val_zone {		/* offset east of UTC in seconds: `first`, then east[i] from the instant at[i] on */
	int64_t first;
	int64_t *at, *east;
	size_t n, room;
};

/* ---- a file of RFC 8536 ---- */

static int64_t
take_number(const uint8_t *p, size_t n)
{
	uint64_t v = n > 0 && (*p & 0x80) != 0 ? UINT64_MAX : 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return (int64_t)v;
}

struct zone_block {		/* the counts of a header, and what they make of the data after it */
	size_t isut, isstd, leap, times, types, chars;
	size_t bytes;
};

static bool
take_header(const uint8_t *p, size_t n, size_t width, struct zone_block *b)
{
	size_t counts[6], i;

	if (n < HEADER || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
		return false;
	for (i = 0; i < 6; i++)
		if ((counts[i] = (size_t)take_number(p + 20 + 4 * i, 4)) > FILE_MOST)
			return false;
	*b = (struct zone_block){ counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], 0 };
	b->bytes = b->times * (width + 1) + b->types * 6 + b->chars + b->leap * (width + 4) + b->isstd + b->isut;
	return b->types > 0 && b->bytes <= n - HEADER;
}

static void
add(struct val_zone *z, int64_t at, int64_t east)
{
	if (z->n == z->room) {
		z->room = z->room == 0 ? 256 : 2 * z->room;
		z->at = xreallocarray(z->at, z->room, sizeof(*z->at));
		z->east = xreallocarray(z->east, z->room, sizeof(*z->east));
	}
	z->at[z->n] = at;
	z->east[z->n++] = east;
}

/* Takes the changes of a block with times of 64 bits. */
static bool
take_block(struct val_zone *z, const uint8_t *p, const struct zone_block *b)
{
	const uint8_t *kinds = p + 8 * b->times, *types = kinds + b->times;
	size_t i;

	z->first = take_number(types, 4);
	for (i = 0; i < b->times; i++) {
		if (kinds[i] >= b->types || (i > 0 && take_number(p + 8 * i, 8) <= z->at[z->n - 1]))
			return false;
		add(z, take_number(p + 8 * i, 8), take_number(types + 6 * kinds[i], 4));
	}
	return true;
}

/* ---- the rule after the last change, as POSIX has it in TZ ---- */

struct zone_rule {		/* a day and a time of the local clock before the change */
	char form;		/* 'M': month, week, weekday; 'J': day 1 to 365 without leap days; 'n': day from 0 */
	int64_t month, week, day;
	int64_t seconds;
};

static bool
take_count(const char **p, int64_t most, int64_t *v)
{
	const char *start = *p;

	for (*v = 0; **p >= '0' && **p <= '9' && *p - start < 4; ++*p)
		*v = 10 * *v + (**p - '0');
	return *p > start && *v <= most;
}

/* Takes [+-]hh[:mm[:ss]] as seconds. */
static bool
take_time(const char **p, int64_t *seconds)
{
	int64_t part[3] = { 0 }, sign = **p == '-' ? -1 : 1;
	size_t i;

	*p += **p == '-' || **p == '+';
	for (i = 0; i < 3; i++) {
		if (!take_count(p, i == 0 ? 167 : 59, &part[i]))
			return false;
		if (**p != ':' || i == 2)
			break;
		++*p;
	}
	*seconds = sign * (part[0] * 3600 + part[1] * 60 + part[2]);
	return true;
}

static bool
pass_name(const char **p)
{
	const char *start = *p;

	if (**p == '<') {
		*p += strcspn(*p, ">");
		return *(*p)++ == '>';
	}
	while ((**p >= 'a' && **p <= 'z') || (**p >= 'A' && **p <= 'Z'))
		++*p;
	return *p > start;
}

static bool
take_rule(const char **p, struct zone_rule *r)
{
	bool taken;

	if (*(*p)++ != ',')
		return false;
	*r = (struct zone_rule){ .form = 'n', .seconds = 2 * 3600 };
	if (**p == 'M' || **p == 'J')
		r->form = *(*p)++;
	if (r->form == 'M')
		taken = take_count(p, 12, &r->month) && *(*p)++ == '.' && take_count(p, 5, &r->week) &&
		    *(*p)++ == '.' && take_count(p, 6, &r->day) && r->month >= 1 && r->week >= 1;
	else
		taken = take_count(p, 365, &r->day) && (r->form != 'J' || r->day >= 1);
	if (!taken || **p != '/')
		return taken;
	++*p;
	return take_time(p, &r->seconds);
}

/* Returns the local time of a rule in a year, in seconds. */
static int64_t
time_of(const struct zone_rule *r, unsigned year)
{
	const bool leap = num_days(year + 1, 1, 1) - num_days(year, 1, 1) == 366;
	int64_t day = num_days(year, 1, 1), next;

	if (r->form == 'n')
		day += r->day;
	else if (r->form == 'J')
		day += r->day - 1 + (leap && r->day >= 60);
	else {
		day = num_days(year, (unsigned)r->month, 1);
		next = r->month == 12 ? num_days(year + 1, 1, 1) : num_days(year, (unsigned)r->month + 1, 1);
		day += (r->day - (day + 4) % 7 + 14) % 7 + 7 * (r->week - 1);	/* 1970-01-01 was a Thursday */
		while (day >= next)
			day -= 7;
	}
	return day * DAY + r->seconds;
}

/* Adds the changes of a year in their order, after those there are. */
static void
add_year(struct val_zone *z, const struct zone_rule rules[2], const int64_t east[2], unsigned year)
{
	int64_t at[2] = { time_of(&rules[0], year) - east[0], time_of(&rules[1], year) - east[1] };
	size_t first = at[0] <= at[1] ? 0 : 1, k, i;

	for (k = 0; k < 2; k++) {
		i = k == 0 ? first : 1 - first;
		if (z->n == 0 || at[i] > z->at[z->n - 1])
			add(z, at[i], east[1 - i]);
	}
}

/* Takes the changes of all years to come from the text of the rule: east[0] is standard time, east[1] in summer. */
static bool
take_footer(struct val_zone *z, const char *p)
{
	struct zone_rule rules[2];
	int64_t east[2];
	unsigned year = 1900;

	if (*p == '\0')
		return true;
	if (!pass_name(&p) || !take_time(&p, &east[0]))
		return false;
	east[0] = -east[0];
	if (*p == '\0') {
		if (z->n == 0)
			z->first = east[0];
		return true;
	}
	east[1] = east[0] + 3600;
	if (!pass_name(&p))
		return false;
	if (*p != ',') {
		if (!take_time(&p, &east[1]))
			return false;
		east[1] = -east[1];
	}
	if (!take_rule(&p, &rules[0]) || !take_rule(&p, &rules[1]) || *p != '\0')
		return false;
	while (year < LAST_YEAR && z->n > 0 && num_days(year, 1, 1) * DAY <= z->at[z->n - 1])
		year++;
	for (year--; year <= LAST_YEAR; year++)
		add_year(z, rules, east, year);
	return true;
}

struct val_zone *
val_zone_parse(const uint8_t *p, size_t n)
{
	struct val_zone *z = xcalloc(1, sizeof(*z));
	struct zone_block b;
	char footer[128] = "";
	size_t len;

	if (!take_header(p, n, 4, &b))
		goto fail;
	p += HEADER + b.bytes;
	n -= HEADER + b.bytes;
	if (!take_header(p, n, 8, &b) || !take_block(z, p + HEADER, &b))
		goto fail;
	p += HEADER + b.bytes;
	n -= HEADER + b.bytes;
	if (n > 2 && *p == '\n') {
		for (len = 1; len < n && p[len] != '\n' && len < sizeof(footer); len++)
			continue;
		memcpy(footer, p + 1, len - 1);
	}
	if (take_footer(z, footer))
		return z;
fail:
	val_zone_free(z);
	return NULL;
}

/* ---- names ---- */

static size_t
read_file(const char *path, uint8_t *to, size_t most)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 1;
	size_t n = 0;

	while (fd != -1 && n < most && (got = read(fd, to + n, most - n)) > 0)
		n += (size_t)got;
	if (fd != -1)
		close(fd);
	return got < 0 ? 0 : n;
}

struct val_zone *
val_zone_read(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
	char path[sizeof(FOLDER) + NAME_MOST];
	struct val_zone *z;
	uint8_t *file;

	if (strlen(name) > NAME_MOST || name[strspn(name, letters)] != '\0' || *name == '\0' || *name == '/')
		return NULL;
	snprintf(path, sizeof(path), FOLDER "%s", name);
	file = xmalloc(FILE_MOST);
	z = val_zone_parse(file, read_file(path, file, FILE_MOST));
	free(file);
	return z;
}

void
val_zone_free(struct val_zone *z)
{
	if (z == NULL)
		return;
	free(z->at);
	free(z->east);
	free(z);
}

/* The list of zones has lines "Z NAME ..." and "L TARGET NAME". */
static void
try_line(struct near *near, char *line)
{
	char *rest, *name = strtok_r(line + 1, " ", &rest);

	if (*line == 'L')
		name = strtok_r(NULL, " ", &rest);
	if (name != NULL)
		near_try(near, name);
}

const char *
val_zone_hint(const char *name)
{
	char *list = xcalloc(1, FILE_MOST), *rest, *line;
	const char *hint;
	struct near near;

	near_start(&near, name);
	read_file(FOLDER "tzdata.zi", (uint8_t *)list, FILE_MOST - 1);
	for (line = strtok_r(list, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		if (line[0] == 'Z' || line[0] == 'L')
			try_line(&near, line);
	hint = near_hint(&near);
	free(list);
	return hint;
}

/* ---- local times ---- */

/* Returns the first of the changes after an instant. */
static size_t
change_after(const struct val_zone *z, int64_t at)
{
	size_t low = 0, high = z->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (z->at[middle] <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
val_zone_to_utc(const struct val_zone *z, int64_t *us)
{
	int64_t fraction = ((*us % 1000000) + 1000000) % 1000000, local = (*us - fraction) / 1000000, utc, found = 0;
	size_t i = change_after(z, local - SPAN), count = 0;

	for (;; i++) {		/* from the change i - 1 to the change i one offset holds */
		utc = local - (i > 0 ? z->east[i - 1] : z->first);
		if ((i == 0 || utc >= z->at[i - 1]) && (i == z->n || utc < z->at[i])) {
			found = utc;
			count++;
		}
		if (i == z->n || z->at[i] > local + SPAN)
			break;
	}
	if (count != 1 || found < num_days(1, 1, 1) * (int64_t)DAY || found >= num_days(10000, 1, 1) * (int64_t)DAY)
		return false;
	*us = found * 1000000 + fraction;
	return true;
}
