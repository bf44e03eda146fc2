/* Numbers and days: examples of invalid text, and what is written reads back the same. */
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "unit.h"

static bool
int64(const char *s, int64_t *v)
{
	return num_int64(s, strlen(s), v);
}

static void
integers(void)
{
	static const char *const none[] = { "", "-", "+", "--1", "+-1", "1 ", " 1", "1.0", "0x1", "9223372036854775808",
	    "-9223372036854775809", "99999999999999999999", "1e3", "١" };
	char text[NUM_TEXT];
	int64_t v, back;
	size_t i;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK(!int64(none[i], &v), "'%s'", none[i]);
	CHECK(int64("+0007", &v) && v == 7, "sign and leading zeros");
	CHECK(int64("-0", &v) && v == 0, "minus nothing");
	CHECK(int64("9223372036854775807", &v) && v == INT64_MAX, "the largest");
	CHECK(int64("-9223372036854775808", &v) && v == INT64_MIN, "the smallest");
	for (i = 0; i < 500000; i++) {
		v = (int64_t)(unit_below(2) ? unit_any() : 0 - unit_any());
		CHECK(num_put_int64(text, v) == strlen(text), "length of %s", text);
		CHECK(int64(text, &back) && back == v, "%s", text);
	}
	OK("num", "integers");
}

static bool
decimal(const char *s, unsigned precision, unsigned scale, i128 *v)
{
	return num_decimal(s, strlen(s), precision, scale, v);
}

static void
decimals(void)
{
	static const char *const none[] = { "", ".", "-", "-.", "1.2.3", "1,2", "1e2", " 1", "1.001", "100000.00",
	    "-100000", "99999.999", "1-", "0x1", "+-1",
	    "1000000000000000000000000000000000000000000000000000000000000000000000000" };
	char text[NUM_TEXT];
	unsigned p, s;
	i128 v, back;
	size_t i;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK(!decimal(none[i], 7, 2, &v), "'%s'", none[i]);
	CHECK(decimal("1.5", 7, 2, &v) && v == 150, "one decimal of two");
	CHECK(decimal(".5", 7, 2, &v) && v == 50, "no digit before the point");
	CHECK(decimal("-5.", 7, 2, &v) && v == -500, "no digit after it");
	CHECK(decimal("+0000000000000000000000000000000000000000000001.500000000000000000000000000000", 7, 2, &v) &&
	    v == 150, "zeros at both ends");
	CHECK(decimal("99999.99", 7, 2, &v) && v == 9999999, "the largest of seven digits");
	CHECK(decimal("-.00", 7, 2, &v) && v == 0, "minus nothing");
	CHECK(decimal("99999999999999999999999999999999999999", 38, 0, &v) && v == num_pow10(38) - 1, "38 digits");
	CHECK(!decimal("100000000000000000000000000000000000000", 38, 0, &v), "39 digits");
	CHECK(!decimal("340282366920938463463374607431768211456", 38, 0, &v), "2^128 is not 0");
	CHECK(!decimal("-34028236692093846346337460743176821145.7", 38, 1, &v), "nor -2^128 - 1 of a tenth -0.1");
	for (i = 0; i < 100000; i++) {
		char digits[64];
		size_t n = 39 + unit_below(10), k;

		for (k = 0; k < n; k++)
			digits[k] = (char)('0' + (k == 0) + unit_below(k == 0 ? 9 : 10));
		digits[n] = '\0';
		CHECK(!decimal(digits, 38, 0, &v), "%s as decimal(38,0)", digits);
	}
	CHECK(!decimal("9", 38, 38, &v), "no digit left for 9");
	CHECK(decimal("0.99999999999999999999999999999999999999", 38, 38, &v) && v == num_pow10(38) - 1, "38 decimals");
	CHECK(decimal("0", 38, 38, &v) && v == 0, "0 of 38 decimals");
	for (i = 0; i < 500000; i++) {
		p = 1 + (unsigned)unit_below(38);
		s = (unsigned)unit_below(p + 1);
		v = (i128)(((u128)unit_any() << 64 | unit_random()) % (u128)num_pow10(1 + (unsigned)unit_below(p)));
		v = unit_below(2) ? v : -v;
		CHECK(num_put_decimal(text, v, s) == strlen(text), "length of %s", text);
		CHECK(decimal(text, p, s, &back) && back == v, "%s as decimal(%u,%u)", text, p, s);
	}
	num_put_decimal(text, (i128)((u128)1 << 127), 10);
	CHECK(strcmp(text, "-17014118346046923173168730371.5884105728") == 0, "%s", text);
	num_put_decimal(text, -1, 3);
	CHECK(strcmp(text, "-0.001") == 0, "%s", text);
	OK("num", "decimals");
}

/* Every day of the years 0001 to 9999, counted one by one. */
static void
days(void)
{
	static const unsigned length[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	char text[NUM_TEXT], want[NUM_TEXT];
	int64_t year, y, day = num_days(1, 1, 1);
	unsigned month, m, d, got_d, last;
	bool leap;
	int32_t v;

	CHECK(num_days(1970, 1, 1) == 0 && num_days(2000, 3, 1) == 11017 && day == -719162, "known days");
	for (year = 1; year <= 9999; year++)
		for (month = 1; month <= 12; month++) {
			leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
			last = length[month - 1] + (month == 2 && leap);
			for (d = 1; d <= last; d++, day++) {
				num_civil(day, &y, &m, &got_d);
				CHECK(y == year && m == month && got_d == d && num_days(year, month, d) == day &&
				    num_civil_ok(year, month, d), "%d-%u-%u", (int)year, month, d);
				if (d > 1 && d < 28)
					continue;
				snprintf(want, sizeof(want), "%04d-%02u-%02u", (int)year, month, d);
				num_put_date(text, (int32_t)day);
				CHECK(strcmp(text, want) == 0, "%s, not %s", text, want);
				CHECK(num_date(want, 10, &v) && v == day, "%s", want);
			}
			CHECK(!num_civil_ok(year, month, 0) && !num_civil_ok(year, month, last + 1), "%d-%u", (int)year,
			    month);
		}
	num_put_date(text, INT32_MAX);
	CHECK(strcmp(text, "+5881580-07-11") == 0, "%s", text);
	num_put_date(text, INT32_MIN);
	CHECK(strcmp(text, "-5877641-06-23") == 0, "%s", text);
	OK("num", "every day of ten thousand years");
}

static void
dates_that_are_none(void)
{
	static const char *const none[] = { "", "2024-02-30", "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-01",
	    "2024-01-00", "2024-1-01", "24-01-01", "0000-01-01", "2024/01/01", "2024-01-01 ", "+024-01-01",
	    "2024-01-1x",
	    "20240101" };
	int32_t v;
	size_t i;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK(!num_date(none[i], strlen(none[i]), &v), "'%s'", none[i]);
	OK("num", "invalid dates");
}

static bool
as(const char *format, const char *s, int32_t *v)
{
	return num_date_as(format, NUM_CENTURY, s, strlen(s), v);
}

static void
date_formats(void)
{
	static const char *const bad[] = { "", "%Y-%m", "%Y-%m-%d-%d", "%Y-%y-%m-%d", "%m-%b-%d-%Y", "%Y%m%d%",
	    "%H %Y%m%d" };
	int32_t v, want = (int32_t)num_days(2024, 2, 29);
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!num_date_format_ok(bad[i]), "'%s'", bad[i]);
	CHECK(num_date_format_ok("%d/%m/%Y") && num_date_format_ok("100%% %b%d%y"), "good ones");
	CHECK(as("%d/%m/%Y", "29/02/2024", &v) && v == want, "day first");
	CHECK(as("%Y%m%d", "20240229", &v) && v == want, "no separators");
	CHECK(as("%d-%b-%y", "29-FEB-24", &v) && v == want, "month by name");
	CHECK(as("%%%d.%b %Y", "%29.feb 2024", &v) && v == want, "a percent sign");
	CHECK(!as("%d/%m/%Y", "29/02/2023", &v) && !as("%d/%m/%Y", "29/02/202", &v) &&
	    !as("%d/%m/%Y", "29/02/20244", &v) &&
	    !as("%d/%m/%Y", "", &v) && !as("%d/%m/%Y", "29-02-2024", &v) && !as("%d-%b-%Y", "01-xyz-2024", &v), "none");
	OK("num", "dates by a format");
}

/* Two digits mean the one year within a hundred that ends in them, whichever year the hundred begins with. */
static void
centuries(void)
{
	char text[16];
	int32_t v;
	unsigned century, year;

	for (century = 1; century <= NUM_CENTURY_MAX; century += century < 2100 ? 1 : 37)
		for (year = century; year < century + 100; year++) {
			snprintf(text, sizeof(text), "%02u0203", year % 100);
			CHECK(num_date_as("%y%m%d", century, text, 6, &v) && v == num_days(year, 2, 3), "%s from %u",
			    text, century);
		}
	CHECK(as("%y-%m-%d", "68-01-01", &v) && v == num_days(2068, 1, 1), "68");
	CHECK(as("%y-%m-%d", "69-01-01", &v) && v == num_days(1969, 1, 1), "69");
	CHECK(!as("%y-%m-%d", "00-02-30", &v) && as("%y-%m-%d", "00-02-29", &v), "2000 is a leap year");
	CHECK(!num_date_as("%y%m%d", 1900, "000229", 6, &v), "1900 is no leap year");
	OK("num", "years of two digits");
}

static void
timestamps(void)
{
	static const char *const none[] = { "", "2024-01-01", "2024-01-01T00:00", "2024-01-01T24:00:00",
	    "2024-01-01T00:60:00",
	    "2024-01-01T00:00:60", "2024-01-01T00:00:00.", "2024-01-01T00:00:00.1234567", "2024-01-01T00:00:00z",
	    "2024-01-01T00:00:00+0100", "2024-01-01T00:00:00+24:00", "2024-02-30T00:00:00", "2024-01-01X00:00:00",
	    "2024-01-01T00:00:00Z ", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01" };
	int64_t us, back, low = num_days(1, 1, 1) * 86400, high = num_days(10000, 1, 1) * 86400;
	char text[NUM_TEXT];
	size_t i, n;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK(!num_timestamp(none[i], strlen(none[i]), &us), "'%s'", none[i]);
	CHECK(num_timestamp("1970-01-01 00:00:01", 19, &us) && us == 1000000, "without a zone");
	CHECK(num_timestamp("1970-01-01T01:00:00.5+01:00", 27, &us) && us == 500000, "east");
	CHECK(num_timestamp("1969-12-31T23:30:00.000001000-00:30", 35, &us) && us == 1, "west, zeros");
	for (i = 0; i < 500000; i++) {
		us = (low + (int64_t)unit_below((uint64_t)(high - low))) * 1000000;
		us += unit_below(2) ? (int64_t)unit_below(1000000) : (int64_t)unit_below(1000) * 1000;
		n = num_put_timestamp(text, us);
		CHECK(n == strlen(text) && num_timestamp(text, n, &back) && back == us, "%s", text);
	}
	num_put_timestamp(text, INT64_MIN);
	CHECK(strcmp(text, "-290308-12-21T19:59:05.224192Z") == 0, "%s", text);
	OK("num", "timestamps");
}

static void
floats(void)
{
	static const char *const none[] = { "", ".", "-", "e5", "1e", "1e+", "0x10", " 1", "1 ", "nan(1)", "infinit",
	    "1.2.3", "1f" };
	char text[NUM_TEXT];
	double v, back;
	uint64_t image;
	size_t i, n;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		CHECK(!num_float64(none[i], strlen(none[i]), &v), "'%s'", none[i]);
	CHECK(num_float64("-INF", 4, &v) && isinf(v) && v < 0, "infinity");
	CHECK(num_float64("nan", 3, &v) && isnan(v), "nan");
	CHECK(num_float64(".5e1", 4, &v) && v == 5, ".5e1");
	num_put_float64(text, 5e-324);
	CHECK(strcmp(text, "5e-324") == 0, "%s", text);
	num_put_float64(text, 0.1);
	CHECK(strcmp(text, "0.1") == 0, "%s", text);
	num_put_float64(text, -0.0);
	CHECK(strcmp(text, "-0") == 0, "%s", text);
	for (i = 0; i < 50000; i++) {
		image = unit_random();
		memcpy(&v, &image, sizeof(v));
		if (isnan(v))
			continue;
		n = num_put_float64(text, v);
		CHECK(n == strlen(text) && num_float64(text, n, &back) && memcmp(&back, &v, sizeof(v)) == 0, "%s",
		    text);
	}
	OK("num", "floating point");
}

int
main(void)
{
	unit_start();
	integers();
	decimals();
	days();
	dates_that_are_none();
	date_formats();
	centuries();
	timestamps();
	floats();
	return 0;
}
