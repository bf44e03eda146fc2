/*
 * bankgen makes the five files of a bank, of any size, with a chosen rate of each kind of dirt: for tests, benchmarks
 * and the sample
 * of the quick start. The same options give the same bytes on every machine.
 *
 * The contents of a row are a function of the seed, the table and the row's number, so that a later line can repeat an
 * earlier row
 * without anything being remembered. What dirt does to a row comes from a second sequence of random numbers and leaves
 * the other rows alone.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	MAX_FIELDS = 12,
	FIELD_ROOM = 256,
	OUT_ROOM = 1 << 20,
	FIRST_YEAR = 2015,
	LAST_YEAR = 2024,
	MAX_DAYS = 366 * (LAST_YEAR - FIRST_YEAR + 1)
};

/* ---- random numbers: splitmix64 ---- */

struct rng {
	uint64_t s;
};

static uint64_t
mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint64_t
rng_next(struct rng *r)
{
	return mix(r->s += 0x9e3779b97f4a7c15u);
}

/* 0 to n-1; n > 0. */
static uint64_t
rng_below(struct rng *r, uint64_t n)
{
	return (uint64_t)((unsigned __int128)rng_next(r) * n >> 64);
}

static bool
rng_chance(struct rng *r, double rate)
{
	return rate > 0 && (double)(rng_next(r) >> 11) * 0x1p-53 < rate;
}

#define PICK(r, array) ((array)[rng_below((r), sizeof(array) / sizeof((array)[0]))])

/* ---- kinds of dirt ---- */

enum dirt {
	FEW, MANY, CUT, UTF8, MISSING, NUMBER, DATE, DECIMALS, RANGE, TYPE, DUPLICATE, CONFLICT, ORPHAN, BLANK, SPACE,
	    QUOTE, LINEEND,
	BOM, NULLWORD, FORM, ODD, NDIRT
};

static const struct {
	const char *name, *what;
} dirts[NDIRT] = {
	[FEW] = { "few", "fields missing at the end of the line" },
	[MANY] = { "many", "more fields than columns" },
	[CUT] = { "cut", "the last line cut off between two fields (chance for each file)" },
	[UTF8] = { "utf8", "bytes that are not UTF-8" },
	[MISSING] = { "missing", "a required value missing" },
	[NUMBER] = { "number", "text where a number should be" },
	[DATE] = { "date", "no such day, or another way to write it" },
	[DECIMALS] = { "decimals", "more decimals than the type holds" },
	[RANGE] = { "range", "a number at the edge of its type, or beyond it" },
	[TYPE] = { "type", "a transaction type that is not allowed" },
	[DUPLICATE] = { "duplicate", "an earlier row again" },
	[CONFLICT] = { "conflict", "an earlier key with other values" },
	[ORPHAN] = { "orphan", "an account, customer or loan that is not there" },
	[BLANK] = { "blank", "a blank line" },
	[SPACE] = { "space", "spaces and tabs around a value" },
	[QUOTE] = { "quote", "quoted fields, with delimiters, quotes and line feeds in them; bare quotes" },
	[LINEEND] = { "lineend", "CRLF among LF, or LF among CRLF" },
	[BOM] = { "bom", "a byte order mark (chance for each file)" },
	[NULLWORD] = { "nullword", "NULL, null, N/A where a value may be missing" },
	[FORM] = { "form", "a good number in an unusual form" },
	[ODD] = { "odd", "control characters, emoji and other unusual but valid text" },
};

/* ---- rows ---- */

enum kind { INT, DECIMAL2, DECIMAL4, DAY, TEXT };

struct field {
	size_t n;
	bool bare;		/* written without quotes whatever it holds */
	bool quoted;		/* written with quotes */
	char p[FIELD_ROOM];
};

struct row {
	size_t n;
	struct field f[MAX_FIELDS];
};

struct bank {
	uint64_t customers, accounts, loans, payments, transactions, seed;
	double rate[NDIRT];
	bool crlf;
	bool clean;		/* no dirt at all */
	size_t ndays;
	char day[MAX_DAYS][10];
};

struct table {
	const char *name, *header;
	size_t ncolumns;
	enum kind kind[7];
	bool required[7];
	int foreign;		/* the column that refers to another table, or -1 */
	void (*make)(const struct bank *, struct rng *, uint64_t, struct row *);
	size_t count;		/* offset of the row count in struct bank */
};

static void
put_bytes(struct field *f, const char *s, size_t n)
{
	if (n > FIELD_ROOM)
		n = FIELD_ROOM;
	memcpy(f->p, s, n);
	f->n = n;
}

static void
put_text(struct field *f, const char *s)
{
	put_bytes(f, s, strlen(s));
}

static size_t
digits(char *out, uint64_t v)
{
	char tmp[20];
	size_t n = 0;

	do
		tmp[n++] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	for (size_t i = 0; i < n; i++)
		out[i] = tmp[n - 1 - i];
	return n;
}

static void
put_int(struct field *f, uint64_t v)
{
	f->n = digits(f->p, v);
}

/* Cents as an amount with two decimals. */
static void
put_amount(struct field *f, int64_t cents)
{
	uint64_t u = cents < 0 ? 0 - (uint64_t)cents : (uint64_t)cents;
	char *p = f->p;

	if (cents < 0)
		*p++ = '-';
	p += digits(p, u / 100);
	*p++ = '.';
	*p++ = (char)('0' + u / 10 % 10);
	*p++ = (char)('0' + u % 10);
	f->n = (size_t)(p - f->p);
}

static void
put_day(const struct bank *b, struct rng *r, struct field *f)
{
	memcpy(f->p, b->day[rng_below(r, b->ndays)], 10);
	f->n = 10;
}

/* Amounts of 0.01 to 9999.99, small ones as frequent as large ones. */
static int64_t
amount(struct rng *r)
{
	static const uint64_t top[] = { 10000, 100000, 100000, 1000000 };

	return 1 + (int64_t)rng_below(r, PICK(r, top) - 1);
}

static const char *const first_names[] = {
	"John", "Jane", "Michael", "Emily", "David", "Emma", "James", "Olivia", "Chloé", "Noah", "Zoë", "Liam",
	"Amélie", "Ava", "Lucas", "Mia",
	"Étienne", "Sofia", "Mohammed", "Yuki", "Anaïs", "Björn", "Wei", "Priya", "Søren", "Jean-Luc", "Mary Ann",
	"Siobhán", "Ngozi", "Łukasz"
};
static const char *const last_names[] = {
	"Doe", "Smith", "Johnson", "Davis", "Wilson", "Clark", "Martinez", "Tremblay", "O'Brien", "Gagnon", "Roy",
	"Côté", "Bouchard", "Gauthier",
	"Morin", "Lavoie", "Null", "MacDonald", "Singh", "Nguyen", "Müller", "Fernández", "Kowalski", "Østergård", "Li",
	"Campbell, Jr.",
	"St. Pierre", "de la Cruz", "Okafor", "D\"Arcy"
};
static const char *const streets[] = {
	"Elm St", "Maple Ave", "Oak Dr", "Pine Rd", "Birch Blvd", "Cedar St", "Spruce Ln", "Rue Saint-Denis", "Main St",
	"King St W",
	"Chemin de la Côte-des-Neiges", "Queen St E", "Portage Ave", "Jasper Ave", "Water St", "Granville St"
};
static const struct {
	const char *city, *state, *zip;
} places[] = {
	{ "Toronto", "ON", "M4B" }, { "Ottawa", "ON", "K1A" }, { "Montréal", "QC", "H1A" }, { "Calgary", "AB", "T2A" },
	{ "Vancouver", "BC", "V5K" },
	{ "Halifax", "NS", "B3H" }, { "Winnipeg", "MB", "R3C" }, { "Québec", "QC", "G1R" }, { "St. John's", "NL",
	"A1C" }, { "Regina", "SK", "S4P" },
	{ "Whitehorse", "YT", "Y1A" }, { "Yellowknife", "NT", "X1A" }, { "Iqaluit", "NU", "X0A" }, { "Charlottetown",
	"PE", "C1A" },
	{ "Fredericton", "NB", "E3B" }, { "Trois-Rivières", "QC", "G8Z" }
};

/* One random number a statement: the order in which arguments are evaluated differs between compilers. */
static void
put_address(struct rng *r, struct field *f)
{
	unsigned house = 1 + (unsigned)rng_below(r, 9999), flat = (unsigned)rng_below(r, 4000);
	const char *street = PICK(r, streets);
	char s[80];

	if (flat < 500)
		snprintf(s, sizeof(s), "%u %s, Apt %u", house, street, 1 + flat);
	else
		snprintf(s, sizeof(s), "%u %s", house, street);
	put_text(f, s);
}

static void
put_zip(struct rng *r, const char *area, struct field *f)
{
	unsigned v = (unsigned)rng_below(r, 2000);
	char s[16];

	snprintf(s, sizeof(s), "%s %u%c%u", area, v / 200, "ABCEGHJKLMNPRSTVWXYZ"[v / 10 % 20], v % 10);
	put_text(f, s);
}

static void
make_customer(const struct bank *b, struct rng *r, uint64_t i, struct row *row)
{
	struct field *f = row->f;
	size_t where = rng_below(r, sizeof(places) / sizeof(places[0]));

	(void)b;
	put_int(&f[0], i + 1);
	put_text(&f[1], PICK(r, first_names));
	put_text(&f[2], PICK(r, last_names));
	put_address(r, &f[3]);
	put_text(&f[4], places[where].city);
	put_text(&f[5], places[where].state);
	put_zip(r, places[where].zip, &f[6]);
	if (rng_below(r, 50) == 0)
		f[1 + rng_below(r, 6)].n = 0;
}

static void
make_account(const struct bank *b, struct rng *r, uint64_t i, struct row *row)
{
	static const char *const types[] = { "Checking", "Savings", "Checking", "Savings", "Business", "Joint" };
	int64_t cents = (int64_t)rng_below(r, 10) == 0 ? -amount(r) : 10 * amount(r);

	put_int(&row->f[0], i + 1);
	put_int(&row->f[1], 1 + rng_below(r, b->customers));
	put_text(&row->f[2], PICK(r, types));
	put_amount(&row->f[3], cents);
}

static void
make_loan(const struct bank *b, struct rng *r, uint64_t i, struct row *row)
{
	static const char *const rates[] = { "5.5", "4.5", "6.0", "3.5", "5.0", "4.0", "6.5", "7.25", "3.875", "4.9999",
	"0", "12" };
	static const char *const terms[] = { "12", "24", "36", "48", "60", "84", "120", "300" };

	put_int(&row->f[0], i + 1);
	put_int(&row->f[1], 1 + rng_below(r, b->customers));
	put_amount(&row->f[2], 100000 + (int64_t)rng_below(r, 9900000));
	put_text(&row->f[3], PICK(r, rates));
	put_text(&row->f[4], PICK(r, terms));
}

static void
make_payment(const struct bank *b, struct rng *r, uint64_t i, struct row *row)
{
	put_int(&row->f[0], i + 1);
	put_int(&row->f[1], 1 + rng_below(r, b->loans));
	put_day(b, r, &row->f[2]);
	put_amount(&row->f[3], amount(r));
}

static void
make_transaction(const struct bank *b, struct rng *r, uint64_t i, struct row *row)
{
	put_int(&row->f[0], i + 1);
	put_int(&row->f[1], 1 + rng_below(r, b->accounts));
	put_day(b, r, &row->f[2]);
	put_amount(&row->f[3], amount(r));
	if (rng_next(r) >> 63)
		put_bytes(&row->f[4], "Deposit", 7);
	else
		put_bytes(&row->f[4], "Withdrawal", 10);
}

static const struct table tables[] = {
	{ "customers",
	"customer_id,first_name,last_name,address,city,state,zip", 7, { INT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT },
	{ true }, -1,
	    make_customer, offsetof(struct bank, customers) },
	{ "accounts", "account_id,customer_id,account_type,balance", 4, { INT, INT, TEXT, DECIMAL2 },
	{ true, true, false, true }, 1,
	    make_account, offsetof(struct bank, accounts) },
	{ "loans", "loan_id,customer_id,loan_amount,interest_rate,loan_term", 5, { INT, INT, DECIMAL2, DECIMAL4, INT },
	    { true, true, true, false, false }, 1, make_loan, offsetof(struct bank, loans) },
	{ "loan_payments", "payment_id,loan_id,payment_date,payment_amount", 4, { INT, INT, DAY, DECIMAL2 },
	{ true, true, true, true }, 1,
	    make_payment, offsetof(struct bank, payments) },
	{ "transactions", "transaction_id,account_id,transaction_date,transaction_amount,transaction_type", 5,
	    { INT, INT, DAY, DECIMAL2, TEXT },
	    { true, true, true, true, true }, 1, make_transaction, offsetof(struct bank, transactions) },
};
enum { NTABLES = sizeof(tables) / sizeof(tables[0]) };

static uint64_t
table_rows(const struct bank *b, const struct table *t)
{
	uint64_t n;

	memcpy(&n, (const char *)b + t->count, sizeof(n));
	return n;
}

/* Row i of a table as a clean bank has it. */
static void
make_row(const struct bank *b, const struct table *t, uint64_t i, struct row *row)
{
	struct rng r = { mix(b->seed * 8 + (uint64_t)(t - tables)) + i * 0xd1342543de82ef95u };

	row->n = t->ncolumns;
	for (size_t c = 0; c < row->n; c++)
		row->f[c].bare = row->f[c].quoted = false;
	t->make(b, &r, i, row);
}

/* ---- what dirt does to a row ---- */

/* A column of the table for which `want` has the bit of its kind, at random; -1 where there is none. */
static int
column_of(const struct table *t, struct rng *r, unsigned want, bool need, bool needed)
{
	int found[7], n = 0;

	for (size_t c = 0; c < t->ncolumns; c++)
		if ((want >> t->kind[c] & 1) && (!need || t->required[c] == needed))
			found[n++] = (int)c;
	return n == 0 ? -1 : found[rng_below(r, (uint64_t)n)];
}

static void
insert(struct field *f, size_t at, const char *s, size_t n)
{
	if (f->n + n > FIELD_ROOM || at > f->n)
		return;
	memmove(f->p + at + n, f->p + at, f->n - at);
	memcpy(f->p + at, s, n);
	f->n += n;
}

static void
spoil_form(const struct table *t, struct rng *r, struct row *row)
{
	int c = column_of(t, r, 1u << INT | 1u << DECIMAL2 | 1u << DECIMAL4, false, false);
	struct field *f = &row->f[c];
	bool sign = f->n > 0 && f->p[0] == '-', point = memchr(f->p, '.', f->n) != NULL;

	switch (rng_below(r, 5)) {
	case 0:
		insert(f, sign, "00", 2);
		break;
	case 1:
		if (!sign)
			insert(f, 0, "+", 1);
		break;
	case 2:
		if (point)
			insert(f, f->n, "00000", 1 + rng_below(r, 5));
		break;
	case 3:
		if (point && f->n > 3 && memcmp(f->p + f->n - 2, "00", 2) == 0)
			f->n -= 2;	/* "12." */
		break;
	default:
		if (t->kind[c] == DECIMAL2)
			put_text(f, sign ? "-.50" : ".5");
		break;
	}
}

static void
spoil_number(const struct table *t, struct rng *r, struct row *row)
{
	static const char *const bad[] = {
		"abc", "12,5", "1e3", "--5", "1 000", "$100", "0x1F", "1.2.3", "NaN", "+", "-", ".", "-.",
		"\xe2\x88\x92\x35", "\xd9\xa3", "1_000", "+-1",
		"5-", "inf", "(100.00)", "100.00 CAD", "O", "\"", "1,234.56", "5..", "1.-5"
	};
	int c = column_of(t, r, 1u << INT | 1u << DECIMAL2 | 1u << DECIMAL4, false, false);

	if (t->kind[c] == INT && rng_below(r, 4) == 0)
		put_text(&row->f[c], rng_below(r, 2) ? "12.5" : "7.0");
	else
		put_text(&row->f[c], PICK(r, bad));
}

static void
spoil_date(const struct table *t, struct rng *r, struct row *row)
{
	static const char *const bad[] = {
		"2024-02-30", "2023-02-29", "2100-02-29", "2024-13-01", "2024-00-10", "2024-04-31", "2024-01-00",
		"24-01-01", "2024/01/01", "01-02-2024",
		"2024-1-1", "0000-01-01", "today", "2024-01-01T00:00:00", "20240101", "2024-01-011", "+2024-01-01",
		"-2024-01-01", "2024-01-0a",
		"2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31", "10000-01-01", "2024- 1-01"
	};
	int c = column_of(t, r, 1u << DAY, false, false);

	if (c >= 0)
		put_text(&row->f[c], PICK(r, bad));
}

static void
spoil_decimals(const struct table *t, struct rng *r, struct row *row)
{
	static const char *const bad[] = { "12.345", "0.001", "-7.995", "100.00001", "5.000000000000000000000000000001",
	"1.23456" };
	int c = column_of(t, r, 1u << DECIMAL2 | 1u << DECIMAL4, false, false);

	if (c >= 0)
		put_text(&row->f[c], PICK(r, bad));
}

static void
spoil_range(const struct table *t, struct rng *r, struct row *row)
{
	static const char *const ints[] = {
		"9223372036854775808", "-9223372036854775809", "99999999999999999999", "9223372036854775807",
		"-9223372036854775808",
		"0000000000000000000000000000000000042", "340282366920938463463374607431768211456", "0", "-0", "-1"
	};
	static const char *const decimals[] = {
		"10000000000000000.00", "-10000000000000000", "99999999999999999999999999999999999999",
		"9999999999999999.99", "-9999999999999999.99",
		"0000000000000000000000000000000000000000000001.00", "340282366920938463463374607431768211456.5", "0",
		"-0.00", "0.0000"
	};
	static const char *const rates[] = { "100000", "99999.9999", "-99999.9999", "100000.0000",
	"18446744073709551616" };
	int c = column_of(t, r, 1u << INT | 1u << DECIMAL2 | 1u << DECIMAL4, false, false);

	put_text(&row->f[c], t->kind[c] == INT ? PICK(r, ints) : t->kind[c] == DECIMAL2 ? PICK(r, decimals) :
	    PICK(r, rates));
}

static void
spoil_type(const struct table *t, struct rng *r, struct row *row)
{
	static const char *const bad[] = { "Transfer", "deposit", "DEPOSIT", "Deposit.", "Withdrawl", "D",
	"Deposit Withdrawal", "Withdrawals" };

	if (t->make == make_transaction)
		put_text(&row->f[4], PICK(r, bad));
}

static void
spoil_utf8(const struct table *t, struct rng *r, struct row *row)
{
	static const char *const bad[] = {
		"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\xfe",
		"\xf8\x88\x80\x80\x80", "\xc3("
	};
	int c = column_of(t, r, 1u << TEXT, false, false);
	struct field *f;
	const char *s = PICK(r, bad);

	if (c < 0 || rng_below(r, 4) == 0)
		c = (int)rng_below(r, t->ncolumns);
	f = &row->f[c];
	insert(f, rng_below(r, f->n + 1), s, strlen(s));
}

static void
spoil_missing(const struct table *t, struct rng *r, struct row *row)
{
	static const char *const none[] = { "", "", "NULL", "null", "N/A", "   ", "\t" };
	int c = column_of(t, r, ~0u, true, true);

	put_text(&row->f[c], PICK(r, none));
}

static void
spoil_nullword(const struct table *t, struct rng *r, struct row *row)
{
	static const char *const none[] = { "NULL", "null", "N/A", "", " NULL ", "Null", "n/a", "-" };
	int c = column_of(t, r, ~0u, true, false);

	if (c >= 0)
		put_text(&row->f[c], PICK(r, none));
}

static void
spoil_space(const struct table *t, struct rng *r, struct row *row)
{
	static const char *const pad[] = { " ", "\t", "  ", " \t ", "          " };
	bool all = rng_below(r, 8) == 0;
	size_t at = rng_below(r, t->ncolumns);

	for (size_t c = 0; c < t->ncolumns; c++) {
		const char *s = PICK(r, pad);
		if (!all && c != at)
			continue;
		insert(&row->f[c], 0, s, rng_below(r, strlen(s) + 1));
		insert(&row->f[c], row->f[c].n, s, strlen(s));
	}
}

static void
spoil_quote(const struct table *t, struct rng *r, struct row *row)
{
	static const char *const text[] = {
		"a,b", "say \"hi\"", "two\nlines", "two\r\nlines", "\"", "\"\"", ",", "\n", "three\n\nlines\n",
		"\"quoted\"", "end,\"", " , ", "\r"
	};
	int c = column_of(t, r, 1u << TEXT, false, false);
	struct field *f = &row->f[rng_below(r, t->ncolumns)];

	if (c >= 0 && t->make != make_transaction && rng_below(r, 2) == 0) {
		put_text(&row->f[c], PICK(r, text));
	} else if (c >= 0 && t->make != make_transaction && rng_below(r, 4) == 0) {
		/* not at the start, so it is text */
		put_text(&row->f[c], rng_below(r, 2) ? "6\" pipe" : " \"the Inn\"");
		row->f[c].bare = true;
	} else {
		f->quoted = true;
	}
}

static void
spoil_odd(const struct table *t, struct rng *r, struct row *row)
{
	static const struct {
		const char *s;
		size_t n;
	} odd[] = {
		{ "nul\0inside", 10 }, { "tab\tinside", 10 }, { "\x19", 1 }, { "\x1a", 1 }, { "\x1b[31m", 5 },
		{ "\x01H acct/1", 9 }, { "\x7f", 1 },
		{ "\xf0\x9f\x8f\xa6 bank", 9 }, { "\xc2\xa0nbsp\xc2\xa0", 8 }, { "\xe2\x80\xa8", 3 },
		{ "\xef\xbb\xbf", 3 }, { "e\xcc\x81", 3 },
		{ "'; DROP TABLE accounts; --", 26 }, { "\\N", 2 }, { "]]", 2 }, { "$$", 2 }, { "\xf4\x8f\xbf\xbf", 4 },
		{ "a\rb", 3 }, { "\0", 1 },
		{ "\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7", 10 }, { "\x0b\x0c", 2 }, { "%s%n", 4 }, { "=1+1", 4 }
	};
	int c = column_of(t, r, 1u << TEXT, false, false);
	size_t i = rng_below(r, sizeof(odd) / sizeof(odd[0]));

	if (c >= 0 && t->make != make_transaction)
		put_bytes(&row->f[c], odd[i].s, odd[i].n);
}

static void
spoil_orphan(const struct table *t, struct rng *r, struct row *row)
{
	if (t->foreign >= 0)
		put_int(&row->f[t->foreign], 1000000000 + rng_below(r, 1000));
}

static void
spoil_few(const struct table *t, struct rng *r, struct row *row)
{
	row->n = 1 + rng_below(r, t->ncolumns - 1);
}

static void
spoil_many(const struct table *t, struct rng *r, struct row *row)
{
	static const char *const more[] = { "", "extra", "0", "a,b", " " };

	(void)t;
	for (size_t n = 1 + rng_below(r, 3); n > 0; n--) {
		struct field *f = &row->f[row->n++];
		f->bare = f->quoted = false;
		put_text(f, PICK(r, more));
	}
}

static void
spoil(const struct bank *b, const struct table *t, struct rng *r, struct row *row)
{
	static const struct {
		enum dirt kind;
		void (*apply)(const struct table *, struct rng *, struct row *);
	} steps[] = {
		{ ORPHAN, spoil_orphan }, { FORM, spoil_form }, { NUMBER, spoil_number }, { DATE, spoil_date },
		{ DECIMALS, spoil_decimals },
		{ RANGE, spoil_range }, { TYPE, spoil_type }, { QUOTE, spoil_quote }, { ODD, spoil_odd },
		{ MISSING, spoil_missing },
		{ NULLWORD, spoil_nullword }, { UTF8, spoil_utf8 }, { SPACE, spoil_space }, { FEW, spoil_few },
		{ MANY, spoil_many }
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (rng_chance(r, b->rate[steps[i].kind]))
			steps[i].apply(t, r, row);
}

/* ---- files ---- */

struct out {
	int fd;
	const char *path;
	size_t n;
	char *buf;
};

static void
out_flush(struct out *o)
{
	for (size_t at = 0; at < o->n;) {
		ssize_t w = write(o->fd, o->buf + at, o->n - at);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			err(EX_IOERR, "%s", o->path);
		at += (size_t)w;
	}
	o->n = 0;
}

/* Room for n more bytes. */
static char *
out_room(struct out *o, size_t n)
{
	if (OUT_ROOM - o->n < n)
		out_flush(o);
	return o->buf + o->n;
}

static char *
put_quoted(char *p, const struct field *f)
{
	*p++ = '"';
	for (size_t i = 0; i < f->n; i++) {
		if (f->p[i] == '"')
			*p++ = '"';
		*p++ = f->p[i];
	}
	*p++ = '"';
	return p;
}

static bool
needs_quotes(const struct field *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->p[i] == ',' || f->p[i] == '"' || f->p[i] == '\n' || f->p[i] == '\r')
			return true;
	return false;
}

static void
put_row(struct out *o, const struct table *t, const struct row *row, bool clean)
{
	char *start = out_room(o, MAX_FIELDS * (2 * FIELD_ROOM + 3)), *p = start;

	for (size_t c = 0; c < row->n; c++) {
		const struct field *f = &row->f[c];
		if (c > 0)
			*p++ = ',';
		if (f->quoted || (!(clean && t->kind[c] != TEXT) && !f->bare && needs_quotes(f))) {
			p = put_quoted(p, f);
		} else {
			memcpy(p, f->p, f->n);
			p += f->n;
		}
	}
	o->n += (size_t)(p - start);
}

static void
put_end(struct out *o, bool crlf)
{
	char *p = out_room(o, 2);

	if (crlf)
		*p++ = '\r';
	*p++ = '\n';
	o->n = (size_t)(p - o->buf);
}

static bool
line_end(const struct bank *b, struct rng *r)
{
	return b->crlf != rng_chance(r, b->rate[LINEEND]);
}

/* The lines that dirt puts before row i: blank ones, and earlier rows again. */
static void
put_before(const struct bank *b, const struct table *t, struct rng *r, uint64_t i, struct out *o, struct row *row)
{
	struct row other;

	if (rng_chance(r, b->rate[BLANK]))
		put_end(o, line_end(b, r));
	if (i > 0 && rng_chance(r, b->rate[DUPLICATE])) {
		make_row(b, t, rng_below(r, i), row);
		if (rng_below(r, 4) == 0)
			spoil_form(t, r, row);
		put_row(o, t, row, false);
		put_end(o, line_end(b, r));
	}
	if (i > 0 && rng_chance(r, b->rate[CONFLICT])) {
		make_row(b, t, rng_below(r, i), row);
		make_row(b, t, rng_below(r, i + 1), &other);
		for (size_t c = 1 + rng_below(r, t->ncolumns - 1); c < t->ncolumns; c++)
			row->f[c] = other.f[c];
		put_row(o, t, row, false);
		put_end(o, line_end(b, r));
	}
}

static void
put_rows(const struct bank *b, const struct table *t, struct rng *r, struct out *o)
{
	uint64_t n = table_rows(b, t);
	bool cut = n > 0 && rng_chance(r, b->rate[CUT]);
	struct row row;

	for (uint64_t i = 0; i < n; i++) {
		if (!b->clean)
			put_before(b, t, r, i, o, &row);
		make_row(b, t, i, &row);
		if (cut && i == n - 1) {
			row.n = 1 + rng_below(r, t->ncolumns - 1);
			put_row(o, t, &row, false);
			return;
		}
		if (!b->clean)
			spoil(b, t, r, &row);
		put_row(o, t, &row, b->clean);
		put_end(o, b->clean ? b->crlf : line_end(b, r));
	}
}

static void
write_table(const struct bank *b, const struct table *t, const char *dir, char *buf)
{
	struct rng r = { mix(~b->seed * 8 + (uint64_t)(t - tables)) };
	struct out o = { .buf = buf };
	size_t n = strlen(t->header);
	char path[4096];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s.csv", dir, t->name) >= sizeof(path))
		errx(EX_USAGE, "%s: name too long", dir);
	o.path = path;
	if ((o.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) < 0)
		err(EX_CANTCREAT, "%s", path);
	if (rng_chance(&r, b->rate[BOM])) {
		memcpy(out_room(&o, 3), "\xef\xbb\xbf", 3);
		o.n += 3;
	}
	memcpy(out_room(&o, n), t->header, n);
	o.n += n;
	put_end(&o, b->crlf);
	put_rows(b, t, &r, &o);
	out_flush(&o);
	if (close(o.fd) != 0)
		err(EX_IOERR, "%s", path);
}

static void
make_days(struct bank *b)
{
	static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	char s[64];

	for (int y = FIRST_YEAR; y <= LAST_YEAR; y++)
		for (int m = 1; m <= 12; m++)
			for (int d = 1; d <= length[m - 1] + (m == 2 && y % 4 == 0); d++) {
				snprintf(s, sizeof(s), "%04d-%02d-%02d", y, m, d);
				memcpy(b->day[b->ndays++], s, 10);
			}
}

/* ---- options ---- */

static void
help(void)
{
	printf("usage: bankgen [-n CUSTOMERS] [-S SEED] [--dirt RATE] [--dirt-KIND RATE ...] [--crlf] OUTDIR\n\n"
	    "  -n, --customers N   customers (1000); 1.5 accounts, 0.5 loans, 3 payments, 20 transactions for each\n"
	    "  -S, --seed N        seed (1)\n"
	    "      --crlf          lines end in CRLF\n"
	    "      --dirt RATE     every kind of dirt that follows, each with this chance for each row (0)\n");
	for (int k = 0; k < NDIRT; k++)
		printf("      --dirt-%-10s  %s\n", dirts[k].name, dirts[k].what);
	exit(0);
}

static uint64_t
number(const char *s)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno != 0 || *end != '\0' || end == s || *s == '-')
		errx(EX_USAGE, "not a number: '%s'", s);
	return v;
}

static double
rate(const char *s)
{
	char *end;
	double v = strtod(s, &end);

	if (*end != '\0' || end == s || !(v >= 0 && v <= 1))
		errx(EX_USAGE, "not a rate from 0 to 1: '%s'", s);
	return v;
}

static int
options(struct bank *b, int argc, char *argv[])
{
	static struct option longs[NDIRT + 6] = {
		{ "customers", required_argument, NULL, 'n' }, { "seed", required_argument, NULL, 'S' },
		{ "crlf", no_argument, NULL, 'c' },
		{ "dirt", required_argument, NULL, 'd' }, { "help", no_argument, NULL, 'h' }
	};
	static char names[NDIRT][32];
	int c;

	for (int k = 0; k < NDIRT; k++) {
		snprintf(names[k], sizeof(names[k]), "dirt-%s", dirts[k].name);
		longs[5 + k] = (struct option){ names[k], required_argument, NULL, 256 + k };
	}
	while ((c = getopt_long(argc, argv, "n:S:h", longs, NULL)) != -1) {
		if (c == 'n')
			b->customers = number(optarg);
		else if (c == 'S')
			b->seed = number(optarg);
		else if (c == 'c')
			b->crlf = true;
		else if (c == 'h')
			help();
		else if (c == 'd')
			for (int k = 0; k < NDIRT; k++)
				b->rate[k] = rate(optarg);
		else if (c >= 256)
			b->rate[c - 256] = rate(optarg);
		else
			exit(EX_USAGE);
	}
	return optind;
}

int
main(int argc, char *argv[])
{
	static struct bank b = { .customers = 1000, .seed = 1, .clean = true };
	int at = options(&b, argc, argv);
	char *buf = malloc(OUT_ROOM);

	if (argc - at != 1)
		errx(EX_USAGE, "one directory is needed; bankgen -h tells more");
	if (b.customers == 0 || b.customers > 400000000)
		errx(EX_USAGE, "1 to 400000000 customers");
	if (buf == NULL)
		err(EX_OSERR, NULL);
	for (int k = 0; k < NDIRT; k++)
		b.clean = b.clean && (b.rate[k] == 0 || k == BOM || k == CUT);
	b.accounts = b.customers + b.customers / 2;
	b.loans = (b.customers + 1) / 2;
	b.payments = 3 * b.customers;
	b.transactions = 20 * b.customers;
	make_days(&b);
	if (mkdir(argv[at], 0777) != 0 && errno != EEXIST)
		err(EX_CANTCREAT, "%s", argv[at]);
	for (size_t t = 0; t < NTABLES; t++)
		write_table(&b, &tables[t], argv[at], buf);
	free(buf);
	return 0;
}
