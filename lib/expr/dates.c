/* Dates and timestamps: parts, units, sums and differences, formats. Weeks are ISO's, days UTC's. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "expr/node.h"

enum unit { YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, NUNITS };

static const char *const units[] = { "year", "quarter", "month", "week", "day", "hour", "minute", "second" };
static const int64_t lengths[] = { [HOUR] = 3600000000, [MINUTE] = 60000000, [SECOND] = 1000000 };

#define US_PER_DAY INT64_C(86400000000)

static const char beyond[] = "beyond the years 1 to 9999";

struct moment {			/* a day, and the microseconds of the day */
	int64_t day, us;
	int64_t year;
	unsigned month, of_month;
};

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static struct moment
moment(struct val_type t, i128 w)
{
	struct moment m = { .day = (int64_t)w };

	if (t.kind == VAL_TIMESTAMP) {
		m.day = floor_div((int64_t)w, US_PER_DAY);
		m.us = (int64_t)w - m.day * US_PER_DAY;
	}
	num_civil(m.day, &m.year, &m.month, &m.of_month);
	return m;
}

static unsigned
days_of_month(int64_t year, unsigned month)
{
	int64_t next = month == 12 ? num_days(year + 1, 1, 1) : num_days(year, month + 1, 1);

	return (unsigned)(next - num_days(year, month, 1));
}

/* The same day of a month so many months later, or that month's last day. */
static int64_t
add_months(const struct moment *m, int64_t months)
{
	int64_t count = m->year * 12 + m->month - 1 + months, year = floor_div(count, 12);
	unsigned month = (unsigned)(count - year * 12) + 1, last = days_of_month(year, month);

	return num_days(year, month, m->of_month < last ? m->of_month : last);
}

static const char *
put(struct val_type t, int64_t day, int64_t us, struct expr_value *out)
{
	out->w = t.kind == VAL_TIMESTAMP ? (i128)day * US_PER_DAY + us : day;
	return expr_holds(t, out->w) ? NULL : beyond;
}

/* ---- arguments ---- */

static bool
is_day(struct val_type t)
{
	return t.kind == VAL_DATE || t.kind == VAL_TIMESTAMP;
}

static bool
is_loose(const struct expr_node *n)
{
	return n->kind == EXPR_CONSTANT && n->literal != EXPR_TYPED;
}

/* A date or a timestamp; a literal becomes a date. */
static bool
take_day(struct expr_check *c, struct expr_node *n, size_t i)
{
	if (is_loose(n->args[i]) && n->args[i]->literal != EXPR_NUMBER)
		return expr_take(c, &n->args[i], expr_date);
	return is_day(n->args[i]->type) || expr_refuse(c, n->args[i],
	    "%s takes a date or a timestamp: %s is of type %s", n->function->name, expr_shown(c->e, n->args[i]),
	    expr_type_name(n->args[i]->type));
}

/* Two of one kind. */
static bool
take_days(struct expr_check *c, struct expr_node *n, size_t i, size_t k)
{
	if (is_loose(n->args[i]) && is_day(n->args[k]->type) && !expr_take(c, &n->args[i], n->args[k]->type))
		return false;
	if (is_loose(n->args[k]) && is_day(n->args[i]->type) && !expr_take(c, &n->args[k], n->args[i]->type))
		return false;
	if (!take_day(c, n, i) || !take_day(c, n, k))
		return false;
	return n->args[i]->type.kind == n->args[k]->type.kind || expr_refuse(c, n->args[k],
	    "%s takes two dates or two timestamps: write %s::%s", n->function->name, expr_shown(c->e, n->args[k]),
	    expr_type_name(n->args[i]->type));
}

/* The first argument, a unit in single quotes. */
static bool
take_unit(struct expr_check *c, struct expr_node *n)
{
	const struct expr_node *arg = n->args[0];
	struct near near;
	char *text;

	if (arg->kind != EXPR_CONSTANT || (arg->literal != EXPR_TEXT && arg->literal != EXPR_PARAMETER))
		return expr_refuse(c, arg, "expected a unit in single quotes, such as 'month', not %s",
		    expr_shown(c->e, arg));
	text = pool_alloc(&c->e->pool, arg->value.s.n + 1);
	memcpy(text, arg->value.s.p, arg->value.s.n);
	text[arg->value.s.n] = '\0';
	near_start(&near, text);
	for (n->number = 0; n->number < NUNITS; n->number++)
		if (strcmp(units[n->number], text) == 0)
			return true;
		else
			near_try(&near, units[n->number]);
	return expr_refuse(c, arg, "no unit %s%s units are: year, quarter, month, week, day, hour, minute, second",
	    msg_quotes(text), near_hint_before(&near));
}

/* Is the unit one that a type has? */
static bool
has_unit(struct expr_check *c, const struct expr_node *n, struct val_type t)
{
	return n->number <= DAY || t.kind == VAL_TIMESTAMP || expr_refuse(c, n->args[0], "a date has no %s",
	    units[n->number]);
}

/* ---- parts ---- */

static bool
check_part(struct expr_check *c, struct expr_node *n)
{
	char first = n->function->name[0];

	if (!take_day(c, n, 0))
		return false;
	if ((first == 'h' || first == 's' || strcmp(n->function->name, "minute") == 0) &&
	    n->args[0]->type.kind != VAL_TIMESTAMP)
		return expr_refuse(c, n->args[0], "a date has no %s", n->function->name);
	return expr_strict(n, expr_int64);
}

/* The Thursday of a day's week, whose year is the week's. */
static int64_t
thursday(int64_t day)
{
	return floor_div(day + 3, 7) * 7;
}

static int64_t
day_of_year(int64_t day)
{
	int64_t year;
	unsigned month, of_month;

	num_civil(day, &year, &month, &of_month);
	return day - num_days(year, 1, 1) + 1;
}

static const char *
part(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	struct moment m = moment(n->args[0]->type, a[0].w);
	const char *name = n->function->name;

	(void)run;
	if (strcmp(name, "year") == 0)
		out->w = m.year;
	else if (strcmp(name, "quarter") == 0)
		out->w = (m.month + 2) / 3;
	else if (strcmp(name, "month") == 0)
		out->w = m.month;
	else if (strcmp(name, "day") == 0)
		out->w = m.of_month;
	else if (strcmp(name, "isodow") == 0)
		out->w = m.day + 3 - floor_div(m.day + 3, 7) * 7 + 1;
	else if (strcmp(name, "isoyear") == 0)
		out->w = moment(expr_date, thursday(m.day)).year;
	else if (strcmp(name, "week") == 0)
		out->w = (day_of_year(thursday(m.day)) - 1) / 7 + 1;
	else if (strcmp(name, "dayofyear") == 0)
		out->w = day_of_year(m.day);
	else if (strcmp(name, "hour") == 0)
		out->w = m.us / lengths[HOUR];
	else if (strcmp(name, "minute") == 0)
		out->w = m.us / lengths[MINUTE] % 60;
	else
		out->w = m.us / lengths[SECOND] % 60;
	return NULL;
}

/* ---- units ---- */

static bool
check_trunc(struct expr_check *c, struct expr_node *n)
{
	return take_unit(c, n) && take_day(c, n, 1) && has_unit(c, n, n->args[1]->type) &&
	    expr_strict(n, n->args[1]->type);
}

static const char *
trunc_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	struct moment m = moment(n->type, a[1].w);

	(void)run;
	switch (n->number) {
	case YEAR:
		return put(n->type, num_days(m.year, 1, 1), 0, out);
	case QUARTER:
		return put(n->type, num_days(m.year, (m.month - 1) / 3 * 3 + 1, 1), 0, out);
	case MONTH:
		return put(n->type, num_days(m.year, m.month, 1), 0, out);
	case WEEK:
		return put(n->type, floor_div(m.day + 3, 7) * 7 - 3, 0, out);
	case DAY:
		return put(n->type, m.day, 0, out);
	default:
		return put(n->type, m.day, m.us / lengths[n->number] * lengths[n->number], out);
	}
}

static bool
check_difference(struct expr_check *c, struct expr_node *n)
{
	return take_unit(c, n) && take_days(c, n, 1, 2) && has_unit(c, n, n->args[1]->type) &&
	    expr_strict(n, expr_int64);
}

/* The number of the unit that holds a moment, counted from any fixed one. */
static int64_t
number_of(const struct moment *m, int unit)
{
	switch (unit) {
	case YEAR:
		return m->year;
	case QUARTER:
		return m->year * 4 + (m->month - 1) / 3;
	case MONTH:
		return m->year * 12 + m->month - 1;
	case WEEK:
		return floor_div(m->day + 3, 7);
	case DAY:
		return m->day;
	default:
		return m->day * (US_PER_DAY / lengths[unit]) + m->us / lengths[unit];
	}
}

/* Counts the boundaries crossed. */
static const char *
datediff(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	struct moment x = moment(n->args[1]->type, a[1].w), y = moment(n->args[2]->type, a[2].w);

	(void)run;
	out->w = number_of(&y, n->number) - number_of(&x, n->number);
	return NULL;
}

/* How many whole months fit between two moments, the first not after the second. */
static int64_t
whole_months(const struct moment *x, const struct moment *y)
{
	int64_t months = number_of(y, MONTH) - number_of(x, MONTH), day = add_months(x, months);

	return months - (day > y->day || (day == y->day && x->us > y->us));
}

static int64_t
whole_units(const struct moment *x, const struct moment *y, int unit)
{
	static const int64_t months[] = { [YEAR] = 12, [QUARTER] = 3, [MONTH] = 1 };
	i128 us = (i128)(y->day - x->day) * US_PER_DAY + y->us - x->us;

	if (unit <= MONTH)
		return whole_months(x, y) / months[unit];
	if (unit == WEEK)
		return (int64_t)(us / (7 * US_PER_DAY));
	return (int64_t)(us / (unit == DAY ? US_PER_DAY : lengths[unit]));
}

/* Counts whole units; backwards it is the negative of the way forwards. */
static const char *
datesub(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	struct moment x = moment(n->args[1]->type, a[1].w), y = moment(n->args[2]->type, a[2].w);

	(void)run;
	out->w = a[1].w <= a[2].w ? whole_units(&x, &y, n->number) : -whole_units(&y, &x, n->number);
	return NULL;
}

/* ---- + and - ---- */

static const char *
add_days(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	bool first = is_day(n->args[0]->type);
	i128 days = first ? a[1].w : a[0].w;

	(void)run;
	out->w = first ? a[0].w : a[1].w;
	out->w += n->number < 0 ? -days : days;
	return expr_holds(expr_date, out->w) ? NULL : beyond;
}

static const char *
subtract_days(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	(void)n;
	out->w = a[0].w - a[1].w;
	return NULL;
}

static const char *
add_interval(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	struct moment m = moment(n->type, a[0].w);
	int64_t day = n->months != 0 ? add_months(&m, n->months) : m.day;
	i128 us = (i128)day * US_PER_DAY + m.us + n->value.w;

	(void)run;
	out->w = n->type.kind == VAL_TIMESTAMP ? us : us / US_PER_DAY;
	return expr_holds(n->type, out->w) ? NULL : beyond;
}

static const struct expr_function sums[] = {
	{ "+", 2, 2, false, NULL, add_days, NULL },
	{ "-", 2, 2, false, NULL, subtract_days, NULL },
	{ "+", 1, 1, false, NULL, add_interval, NULL }
};

static bool
interval_sum(struct expr_check *c, struct expr_node *n)
{
	bool minus = n->function->name[0] == '-', second = n->args[1]->kind == EXPR_INTERVAL;
	const struct expr_node *interval = n->args[second];
	struct expr_node *day = n->args[!second];

	if (!is_day(day->type) || day->kind == EXPR_INTERVAL || (minus && !second))
		return expr_refuse(c, n, "an interval is only added to, or taken from, a date or a timestamp");
	if (day->type.kind == VAL_DATE && interval->value.w % US_PER_DAY != 0)
		return expr_refuse(c, interval, "a date has no time of day: write %s::timestamp",
		    expr_shown(c->e, day));
	n->months = minus ? -interval->months : interval->months;
	n->value.w = minus ? -interval->value.w : interval->value.w;
	n->args[0] = day;
	n->nargs = 1;
	n->function = &sums[2];
	return expr_strict(n, day->type);
}

/* date - date is a number of days. */
static bool
day_difference(struct expr_check *c, struct expr_node *n)
{
	if (n->args[0]->type.kind != VAL_DATE || n->args[1]->type.kind != VAL_DATE)
		return expr_refuse(c, n, "two timestamps are not subtracted: write datesub('second', a, b), or another "
		    "unit");
	n->function = &sums[1];
	return expr_strict(n, expr_int64);
}

bool
expr_date_sum(struct expr_check *c, struct expr_node *n)
{
	struct expr_node *x = n->args[0], *y = n->args[1];
	bool minus = n->function->name[0] == '-';
	size_t number;

	if (x->kind == EXPR_INTERVAL || y->kind == EXPR_INTERVAL) {
		(void)interval_sum(c, n);
		return true;
	}
	if (minus && is_day(x->type) && is_loose(y) && y->literal != EXPR_NUMBER && y->literal != EXPR_NULL &&
	    !expr_take(c, &n->args[1], x->type))
		return true;
	if (minus && is_day(y->type) && is_loose(x) && x->literal != EXPR_NUMBER && !expr_take(c, &n->args[0], y->type))
		return true;
	if (minus && is_day(n->args[0]->type) && is_day(n->args[1]->type)) {
		(void)day_difference(c, n);
		return true;
	}
	number = is_day(x->type);
	if ((x->type.kind != VAL_DATE || is_day(y->type)) && (y->type.kind != VAL_DATE || minus || is_day(x->type)))
		return false;
	if (!expr_is_int(n->args[number]->type) && !is_loose(n->args[number]))
		return false;
	n->number = minus ? -1 : 1;
	if (expr_take(c, &n->args[number], expr_int64)) {
		n->function = &sums[0];
		expr_strict(n, expr_date);
	}
	return true;
}

/* ---- making and formatting ---- */

static bool
check_make(struct expr_check *c, struct expr_node *n)
{
	for (size_t i = 0; i < 3; i++)
		if (!expr_take(c, &n->args[i], expr_int64))
			return false;
	return expr_strict(n, expr_date);
}

static const char *
make_date(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	(void)run;
	(void)n;
	if (a[0].w < 1 || a[0].w > 9999 || a[1].w < 1 || a[1].w > 12 || a[2].w < 1 || a[2].w > 31 ||
	    !num_civil_ok((int64_t)a[0].w, (unsigned)a[1].w, (unsigned)a[2].w))
		return "no such day";
	out->w = num_days((int64_t)a[0].w, (unsigned)a[1].w, (unsigned)a[2].w);
	return NULL;
}

static bool
check_last_day(struct expr_check *c, struct expr_node *n)
{
	return take_day(c, n, 0) && expr_strict(n, expr_date);
}

static const char *
last_day(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	struct moment m = moment(n->args[0]->type, a[0].w);

	(void)run;
	out->w = num_days(m.year, m.month, days_of_month(m.year, m.month));
	return NULL;
}

static bool
check_days360(struct expr_check *c, struct expr_node *n)
{
	return take_days(c, n, 0, 1) && expr_strict(n, expr_int64);
}

/* 30/360, bond basis: a 31st counts as a 30th, as the later day only after a 30th or 31st. */
static const char *
days360(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	struct moment x = moment(n->args[0]->type, a[0].w), y = moment(n->args[1]->type, a[1].w);
	int64_t from = x.of_month == 31 ? 30 : x.of_month, to = y.of_month == 31 && from == 30 ? 30 : y.of_month;

	(void)run;
	out->w = (number_of(&y, MONTH) - number_of(&x, MONTH)) * 30 + to - from;
	return NULL;
}

/* A format, in single quotes, as a C string. */
static char *
take_format(struct expr_check *c, const struct expr_node *arg)
{
	char *text;

	if (arg->kind != EXPR_CONSTANT || (arg->literal != EXPR_TEXT && arg->literal != EXPR_PARAMETER)) {
		expr_refuse(c, arg, "expected a format in single quotes, such as '%%d.%%m.%%Y', not %s",
		    expr_shown(c->e, arg));
		return NULL;
	}
	text = pool_alloc(&c->e->pool, arg->value.s.n + 1);
	memcpy(text, arg->value.s.p, arg->value.s.n);
	text[arg->value.s.n] = '\0';
	return text;
}

static bool
check_strptime(struct expr_check *c, struct expr_node *n)
{
	char *format = take_format(c, n->args[1]);

	if (format == NULL || !expr_take(c, &n->args[0], expr_string))
		return false;
	if (!num_date_format_ok(format))
		return expr_refuse(c, n->args[1], "invalid format %s: it needs a year (%%Y, %%y), a month (%%m, %%b) "
		    "and a day (%%d)", msg_quotes(format));
	n->data = format;
	return expr_strict(n, expr_date);
}

static const char *
strptime_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	int32_t days;

	(void)run;
	if (!num_date_as(n->data, NUM_CENTURY, (const char *)a[0].s.p, a[0].s.n, &days))
		return "not a date of the format";
	out->w = days;
	return NULL;
}

static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* One letter after %. Returns false for one that strftime has not, or that a date lacks. */
static bool
format_letter(struct buf *out, char letter, const struct moment *m, bool time)
{
	switch (letter) {
	case 'Y':
		buf_addf(out, "%04d", (int)m->year);
		return true;
	case 'y':
		buf_addf(out, "%02d", (int)(m->year % 100));
		return true;
	case 'm':
		buf_addf(out, "%02u", m->month);
		return true;
	case 'b':
		buf_adds(out, months[m->month - 1]);
		return true;
	case 'd':
		buf_addf(out, "%02u", m->of_month);
		return true;
	case 'j':
		buf_addf(out, "%03d", (int)day_of_year(m->day));
		return true;
	case '%':
		buf_addc(out, '%');
		return true;
	case 'H':
		buf_addf(out, "%02d", (int)(m->us / lengths[HOUR]));
		return time;
	case 'M':
		buf_addf(out, "%02d", (int)(m->us / lengths[MINUTE] % 60));
		return time;
	case 'S':
		buf_addf(out, "%02d", (int)(m->us / lengths[SECOND] % 60));
		return time;
	default:
		return false;
	}
}

static bool
format_moment(struct buf *out, const char *format, const struct moment *m, bool time)
{
	out->len = 0;
	for (; *format != '\0'; format++)
		if (*format != '%')
			buf_addc(out, (uint8_t)*format);
		else if (!format_letter(out, *++format, m, time))
			return false;
	return true;
}

static bool
check_strftime(struct expr_check *c, struct expr_node *n)
{
	char *format = take_format(c, n->args[1]);
	struct moment m = { .month = 1 };
	struct buf b = { 0 };
	bool ok;

	if (format == NULL || !take_day(c, n, 0))
		return false;
	ok = format_moment(&b, format, &m, n->args[0]->type.kind == VAL_TIMESTAMP);
	buf_free(&b);
	n->data = format;
	return ok ? expr_strict(n, expr_string) : expr_refuse(c, n->args[1],
	    "invalid format %s: it has %%Y %%y %%m %%b %%d %%j %%%%, of a timestamp %%H %%M %%S", msg_quotes(format));
}

static const char *
strftime_row(struct expr_run *run, const struct expr_node *n, const struct expr_value *a, struct expr_value *out)
{
	struct moment m = moment(n->args[0]->type, a[0].w);
	struct buf b = { 0 };

	(void)format_moment(&b, n->data, &m, true);
	out->s = (struct expr_text){ pool_copy(&run->texts, b.p, b.len), b.len };
	buf_free(&b);
	return NULL;
}

/* ---- today ---- */

int64_t
expr_today(void)
{
	const char *now = getenv("ACCT_NOW");
	int32_t day;
	int64_t us;

	if (now != NULL && num_date(now, strlen(now), &day))
		return day;
	if (now != NULL && num_timestamp(now, strlen(now), &us))
		return floor_div(us, US_PER_DAY);
	return floor_div((int64_t)time(NULL), 86400);
}

const struct expr_function expr_dates[] = {
	{ "year", 1, 1, false, check_part, part, NULL },
	{ "quarter", 1, 1, false, check_part, part, NULL },
	{ "month", 1, 1, false, check_part, part, NULL },
	{ "day", 1, 1, false, check_part, part, NULL },
	{ "isodow", 1, 1, false, check_part, part, NULL },
	{ "isoyear", 1, 1, false, check_part, part, NULL },
	{ "week", 1, 1, false, check_part, part, NULL },
	{ "dayofyear", 1, 1, false, check_part, part, NULL },
	{ "hour", 1, 1, false, check_part, part, NULL },
	{ "minute", 1, 1, false, check_part, part, NULL },
	{ "second", 1, 1, false, check_part, part, NULL },
	{ "date_trunc", 2, 2, false, check_trunc, trunc_row, NULL },
	{ "datediff", 3, 3, false, check_difference, datediff, NULL },
	{ "datesub", 3, 3, false, check_difference, datesub, NULL },
	{ "make_date", 3, 3, false, check_make, make_date, NULL },
	{ "last_day", 1, 1, false, check_last_day, last_day, NULL },
	{ "strftime", 2, 2, false, check_strftime, strftime_row, NULL },
	{ "strptime", 2, 2, false, check_strptime, strptime_row, NULL },
	{ "days360", 2, 2, false, check_days360, days360, NULL },
	{ 0 }
};
