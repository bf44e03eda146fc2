/*
 * The record stream: what is written is read, in blocks, segments, concatenated and sorted; what is torn or altered is
 * refused. All of it is done again on every path, which must come to the same verdicts, word by word.
 */
#include "unit.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "rec/rec.h"

enum { ROUNDS = 60 };

static uint64_t digest;		/* of all verdicts */
static const char *path_name;

static void
ok(const char *what)
{
	printf("ok rec: %s: %s\n", path_name, what);
}

/* ---- streams in memory ---- */

static int
memory_file(const struct buf *b)
{
	int fd = memfd_create("rec", MFD_CLOEXEC);

	CHECK(fd >= 0 && write(fd, b->p, b->len) == (ssize_t)b->len && lseek(fd, 0, SEEK_SET) == 0, "memfd");
	return fd;
}

struct verdict {
	struct msg err;		/* status 0: taken */
	uint64_t records, sum;
	struct buf lines;	/* the records, each with its LF; only where keep is given */
};

static void
verdict_free(struct verdict *v)
{
	buf_free(&v->lines);
}

static void
read_stream(const struct buf *stream, unsigned flags, bool keep, struct verdict *v)
{
	struct rec_reader in;
	struct rec_batch b;
	int got = rec_open_fd(&in, memory_file(stream), "x", flags);

	*v = (struct verdict){ 0 };
	while (got >= 0 && (got = rec_next(&in, &b)) > 0) {
		CHECK(b.n >= 1 && b.n <= REC_BATCH_MAX && b.first == v->records + 1, "batch of %zu from %" PRIu64, b.n,
		    b.first);
		for (size_t i = 0; i < b.n; i++) {
			struct rec r = rec_at(&b, i);
			size_t n = (size_t)(r.off[b.stride] - r.off[0]);

			CHECK(b.hash[i] == hash_bytes(r.base + r.off[0], n - 1), "record %" PRIu64, b.first + i);
			v->sum += b.hash[i];
			if (keep)
				buf_add(&v->lines, r.base + r.off[0], n);
		}
		v->records += b.n;
	}
	v->err = in.err;
	rec_close(&in);
	digest = hash_mix(digest ^ hash_bytes(v->err.text, strlen(v->err.text)) ^ v->records ^ v->sum);
}

static bool
is_taken(const struct buf *stream)
{
	struct verdict v;
	bool taken;

	read_stream(stream, REC_BATCH_SMALL, false, &v);
	taken = v.err.status == 0;
	CHECK(taken || (v.err.status == EX_DATAERR && strncmp(v.err.text, "x: ", 3) == 0), "status %d: %s",
	    v.err.status, v.err.text);
	verdict_free(&v);
	return taken;
}

/* ---- making streams ---- */

static void
random_header(struct rec_header *h)
{
	static const char *const odd[] = {
		"a b", "a:b", "100%", "@x", "*", "\303\251t\303\251", "\t", "\n", "a,b", "\001"
	};
	static const char *const types[] = {
		"bool", "int32", "int64", "decimal(18,2)", "decimal(38,38)", "decimal(1,0)", "date", "timestamp",
		"float64", "string"
	};
	size_t n = 1 + unit_below(8);
	char name[32];

	rec_header_init(h, unit_below(2) ? "accounts" : odd[unit_below(sizeof odd / sizeof *odd)]);
	for (size_t c = 0; c < n; c++) {
		struct val_type t;
		const char *type = types[unit_below(sizeof types / sizeof *types)];

		CHECK(val_type_parse(type, strlen(type), &t), "%s", type);
		snprintf(name, sizeof name, "%s%zu", odd[unit_below(sizeof odd / sizeof *odd)], c);
		rec_header_add(h, name, t, unit_below(2), unit_below(2));
	}
	for (size_t w = unit_below(3); w > 0; w--) {
		snprintf(name, sizeof name, "k%zu", w);
		rec_header_set_word(h, name, unit_below(4) ? odd[unit_below(sizeof odd / sizeof *odd)] : "");
	}
}

static uint8_t *
random_value(uint8_t *p, const struct rec_column *c, size_t longest)
{
	static const double floats[] = { 0.0, -0.0, 1.0, -1e308, 5e-324 };
	size_t n;
	i128 v;
	char *s;

	if (!c->required && unit_below(5) == 0) {
		*p = VAL_NULL;
		return p + 1;
	}
	switch (c->type.kind) {
	case VAL_BOOL:
		return p + val_put_bool(p, unit_below(2));
	case VAL_INT32:
	case VAL_DATE:
		return p + val_put_int(p, (int32_t)unit_any());
	case VAL_DECIMAL:
		v = (i128)(unit_any() >> 1) * (i128)unit_any() % num_pow10(c->type.precision);
		return p + val_put_wide(p, unit_below(2) ? v : -v);
	case VAL_FLOAT64:
		return p + val_put_float(p, floats[unit_below(sizeof floats / sizeof *floats)]);
	case VAL_STRING:
		n = unit_below(unit_below(50) == 0 ? longest : 20);
		s = xmalloc(n + 1);
		for (size_t i = 0; i < n; i++)
			s[i] = (char)unit_below(unit_below(4) ? 0x20 : 0x80);
		p += val_put_string(p, s, n);
		free(s);
		return p;
	default:
		return p + val_put_int(p, (int64_t)unit_any());
	}
}

/* Writes a stream by the writer, in segments perhaps, and its records into lines. */
static void
write_stream(const struct rec_header *h, size_t records, size_t longest, bool segments, struct buf *stream,
    struct buf *lines)
{
	struct rec_writer w;
	int fd = memory_file(&(struct buf){ 0 }), saved = dup(STDOUT_FILENO);
	off_t size;

	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	CHECK(rec_create(&w, NULL, h) == 0, "%s", w.err.text);
	for (size_t i = 0; i < records; i++) {
		uint8_t *start = rec_begin(&w, h->ncolumns * (2 * longest + VAL_WIDE_MAX + 2)), *p = start;

		for (size_t c = 0; c < h->ncolumns; c++) {
			if (c > 0)
				*p++ = '\t';
			p = random_value(p, &h->columns[c], longest);
		}
		buf_add(lines, start, (size_t)(p - start));
		buf_addc(lines, '\n');
		rec_end(&w, p);
		if (segments && unit_below(10) == 0)
			CHECK(rec_segment(&w, h) == 0, "%s", w.err.text);
	}
	CHECK(rec_finish(&w) == 0, "%s", w.err.text);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	size = lseek(fd, 0, SEEK_END);
	stream->len = 0;
	CHECK(pread(fd, buf_room(stream, (size_t)size), (size_t)size, 0) == size, "pread");
	stream->len = (size_t)size;
	close(fd);
}

/* ---- properties ---- */

static void
round_trips(void)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct rec_header h;
		struct buf stream = { 0 }, lines = { 0 };
		struct verdict v;
		size_t records = unit_below(unit_below(2) ? 20 : 12000);

		random_header(&h);
		write_stream(&h, records, unit_below(8) == 0 ? 200000 : 300, unit_below(2), &stream, &lines);
		for (unsigned flags = 0; flags < 4; flags++) {
			read_stream(&stream, flags, true, &v);
			CHECK(v.err.status == 0, "%s", v.err.text);
			CHECK(v.records == records && v.lines.len == lines.len &&
			    (records == 0 || memcmp(v.lines.p, lines.p, lines.len) == 0), "%" PRIu64 " of %zu records",
			    v.records, records);
			verdict_free(&v);
		}
		rec_header_free(&h);
		buf_free(&stream);
		buf_free(&lines);
	}
	ok("what is written is read");
}

/* A batch knows the header line above it, also where segments are empty or the stream is several ones. */
static void
segments(void)
{
	static const char text[] =
	    "\001H acct/1 t a:string @n=1\n" "x\n" "\001H acct/1 t a:string @n=2\n" "\001T 1 0000000000000000\n"
	    "\001T 0 0000000000000000\n" "\001H acct/1 t a:string @n=3\n" "y\n" "z\n"
	    "\001T 2 0000000000000000\n" "\001H acct/1 t a:string\n" "w\n";
	static const char *const want[] = { "1", "3", NULL };
	struct buf stream = { 0 };
	struct rec_reader r;
	struct rec_batch b;
	size_t n = 0;

	buf_add(&stream, text, sizeof(text) - 1);
	CHECK(rec_open_fd(&r, memory_file(&stream), "segments", REC_PARTIAL) == 0, "%s", r.err.text);
	while (rec_next(&r, &b) > 0 && n < 3) {
		const char *word = rec_header_word(b.segment, "n");

		CHECK(want[n] == NULL ? word == NULL : word != NULL && strcmp(word, want[n]) == 0, "batch %zu", n);
		n++;
	}
	CHECK(r.err.status == 0 && n == 3, "%zu batches: %s", n, r.err.text);
	CHECK(strcmp(rec_header_word(&r.header, "n"), "1") == 0, "the reader's header is the first");
	rec_close(&r);
	buf_free(&stream);
	ok("a batch knows its segment's header");
}

static void
headers(void)
{
	for (int round = 0; round < 2000; round++) {
		struct rec_header h, again;
		struct buf line = { 0 }, line2 = { 0 };
		struct msg err = { 0 };

		random_header(&h);
		rec_header_put(&h, &line);
		CHECK(rec_header_parse(&again, line.p, line.len, &err) == 0, "%s", err.text);
		CHECK(rec_header_equal(&h, &again) && h.nwords == again.nwords, "%s", buf_cstr(&line));
		for (size_t c = 0; c < h.ncolumns; c++)
			CHECK(h.columns[c].key == again.columns[c].key &&
			    h.columns[c].required == again.columns[c].required, "%s", buf_cstr(&line));
		for (size_t w = 0; w < h.nwords; w++)
			CHECK(strcmp(h.words[w].value, rec_header_word(&again, h.words[w].key)) == 0, "%s",
			    buf_cstr(&line));
		rec_header_put(&again, &line2);
		CHECK(line.len == line2.len && memcmp(line.p, line2.p, line.len) == 0, "%s", buf_cstr(&line2));
		rec_header_free(&h);
		rec_header_free(&again);
		buf_free(&line);
		buf_free(&line2);
	}
	ok("headers both ways");
}

/* A small stream of a number, a decimal and a string. */
static void
small_stream(struct buf *stream, size_t records)
{
	struct rec_header h;
	struct buf lines = { 0 };

	rec_header_init(&h, "t");
	rec_header_add(&h, "id", (struct val_type){ .kind = VAL_INT64 }, true, true);
	rec_header_add(&h, "amount", (struct val_type){ VAL_DECIMAL, 18, 2 }, false, false);
	rec_header_add(&h, "name", (struct val_type){ .kind = VAL_STRING }, false, false);
	write_stream(&h, records, 30, false, stream, &lines);
	rec_header_free(&h);
	buf_free(&lines);
}

static void
concatenation(void)
{
	struct buf all = { 0 }, one = { 0 };
	uint64_t records = 0;
	struct verdict v;

	for (size_t i = 0; i < 20; i++) {
		size_t n = unit_below(50);

		small_stream(&one, n);
		buf_add(&all, one.p, one.len);
		records += n;
	}
	read_stream(&all, 0, false, &v);
	CHECK(v.err.status == 0 && v.records == records, "%s: %" PRIu64, v.err.text, v.records);
	verdict_free(&v);
	all.len -= one.len;	/* a trailer too few, then a header too few */
	buf_add(&all, one.p, (size_t)((uint8_t *)memchr(one.p, '\n', one.len) - one.p) + 1);
	CHECK(!is_taken(&all), "a header without its trailer is taken");
	buf_free(&all);
	buf_free(&one);
	ok("streams one after the other");
}

static int
by_bytes(const void *a, const void *b)
{
	const struct buf *x = a, *y = b;
	int c = memcmp(x->p, y->p, x->len < y->len ? x->len : y->len);

	return c != 0 ? c : (x->len > y->len) - (x->len < y->len);
}

/* Sorted as lines, as by LC_ALL=C sort, a stream is still whole, and its first column ascends. */
static void
sorted(void)
{
	struct buf stream = { 0 }, out = { 0 }, lines[600];
	size_t n = 0;
	struct verdict v;
	int64_t last = INT64_MIN, id;

	small_stream(&stream, 500);
	for (uint8_t *p = stream.p, *end = p + stream.len; p < end; n++) {
		lines[n] = (struct buf){ .p = p, .len = (size_t)((uint8_t *)memchr(p, '\n', (size_t)(end - p)) - p) };
		p += lines[n].len + 1;
	}
	qsort(lines, n, sizeof *lines, by_bytes);
	for (size_t i = 0; i < n; i++) {
		buf_add(&out, lines[i].p, lines[i].len);
		buf_addc(&out, '\n');
	}
	read_stream(&out, 0, true, &v);
	CHECK(v.err.status == 0 && v.records == 500, "%s", v.err.text);
	buf_room(&v.lines, VAL_PAD);
	for (uint8_t *p = v.lines.p, *end = p + v.lines.len; p < end; p++) {
		id = val_int(p);
		CHECK(id >= last, "%" PRId64 " after %" PRId64, id, last);
		last = id;
		p = memchr(p, '\n', (size_t)(end - p));
	}
	verdict_free(&v);
	buf_free(&stream);
	buf_free(&out);
	ok("a sorted stream is whole and in order");
}

static void
cuts(void)
{
	struct buf stream = { 0 };
	size_t whole;

	small_stream(&stream, 5);
	CHECK(is_taken(&stream), "the whole stream is refused");
	whole = stream.len;
	for (stream.len = 0; stream.len < whole; stream.len++)
		CHECK(!is_taken(&stream), "taken though cut to %zu of %zu bytes", stream.len, whole);
	buf_free(&stream);
	ok("a stream cut at any byte is refused");
}

/* The header has no checksum: what is altered there may make another header. After it no byte may differ. */
static void
alterations(void)
{
	struct buf stream = { 0 }, copy = { 0 };
	size_t body;

	small_stream(&stream, 4);
	body = (size_t)((uint8_t *)memchr(stream.p, '\n', stream.len) - stream.p) + 1;
	for (size_t i = 0; i < stream.len; i++) {
		uint8_t was = stream.p[i];

		for (unsigned c = i < body ? unit_below(16) : 0; c < 256; c += i < body ? 16 : 1) {
			bool taken;

			if (c == was)
				continue;
			stream.p[i] = (uint8_t)c;
			taken = is_taken(&stream);
			CHECK(i < body || !taken, "taken though byte %zu is %02x, not %02x", i, c, was);
		}
		stream.p[i] = was;
	}
	for (size_t i = body; i < stream.len; i++) {
		copy.len = 0;
		buf_add(&copy, stream.p, i);
		buf_add(&copy, stream.p + i + 1, stream.len - i - 1);
		CHECK(!is_taken(&copy), "taken though byte %zu is missing", i);
		copy.len = 0;
		buf_add(&copy, stream.p, i);
		buf_addc(&copy, (uint8_t)unit_below(256));
		buf_add(&copy, stream.p + i, stream.len - i);
		CHECK(!is_taken(&copy), "taken though a byte is put in at %zu", i);
	}
	buf_free(&stream);
	buf_free(&copy);
	ok("a byte altered, lost or added is seen");
}

/* Does a stream of one column and this one value pass? */
static bool
passes(const char *column, const void *value, size_t n)
{
	struct buf s = { 0 };
	bool taken;

	buf_addf(&s, "\001H acct/1 t %s\n", column);
	buf_add(&s, value, n);
	buf_addf(&s, "\n\001T 1 %016" PRIx64 "\n", (uint64_t)hash_bytes(value, n));
	taken = is_taken(&s);
	buf_free(&s);
	return taken;
}

/* Values that no writer writes, under a checksum that is right. */
static void
values(void)
{
	static const struct {
		const char *column, *value;
		bool good;
	} cases[] = {
		{ "a:int64", "\x41\x80", true }, { "a:int64", "\x42\x80\x81", false }, { "a:int64", "\x41", false },
		{ "a:int64", "\x41\x01", false }, { "a:int64", "\x40", false }, { "a:int64", "\x41\x80\x80", false },
		{ "a:int64", "\x19", true }, { "a:int64!", "\x19", false }, { "a:int64", "", false },
		{ "a:int64", "\x3f\xff", true }, { "a:int64", "\x3e\xff\xff", false }, { "a:int64", "1", false },
		{ "a:int64", "\x4a\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80", false },
		{ "a:int64", "\x49\xff\xff\xff\xff\xff\xff\xff\xff\xff", true },
		{ "a:int32", "\x45\x87\xff\xff\xff\xff", true }, { "a:int32", "\x45\x88\x80\x80\x80\x80", false },
		{ "a:decimal(2,1)", "\x41\xe3", true }, { "a:decimal(2,1)", "\x41\xe4", false },
		{ "a:bool", "1", true }, { "a:bool", "2", false }, { "a:bool", "01", false },
		{ "a:float64", "\x4a\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80", true },
		{ "a:float64", "\x4a\x82\x80\x80\x80\x80\x80\x80\x80\x80\x80", false },
		{ "a:float64", "\x4a\x81\xff\xfc\x80\x80\x80\x80\x80\x80\x81", false },
		{ "a:string", "\x1a", true }, { "a:string", "a\x1a", false }, { "a:string", "\x1bJ", true },
		{ "a:string", "\x1b", false }, { "a:string", "\x1b`", false }, { "a:string", "a\x02", false },
		{ "a:string", "\xff", false }, { "a:string", "\xed\xa0\x80", false }, { "a:string", "\xc3\xa9", true },
		{ "a:string @raw=1", "\xff", true }, { "a:string @raw=1", "\xff\x02", false }
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		CHECK(passes(cases[i].column, cases[i].value, strlen(cases[i].value)) == cases[i].good, "case %zu: %s",
		    i, cases[i].column);
	ok("values that are not canonical are refused");
}

#define HEADER "\001H acct/1 t a:int64\n"
#define TRAILER "\001T 0 0000000000000000\n"

static bool
text_is_taken(const char *text)
{
	struct buf b = { 0 };
	bool taken;

	buf_adds(&b, text);
	taken = is_taken(&b);
	buf_free(&b);
	return taken;
}

static void
ends(void)
{
	static const char *const bad[] = {
		"", "\n", "a\n", TRAILER, HEADER, HEADER TRAILER TRAILER, HEADER HEADER TRAILER,
		"\001H acct/2 t a:int64\n" TRAILER, "\001H acct/1 t\n" TRAILER,
		"\001H acct/1 t a:int64 a:int64\n" TRAILER,
		"\001H acct/1 t a:int64 @k=v b:int64\n" TRAILER, "\001H acct/1 t a:int64\r\n" TRAILER,
		"\001H acct/1 t a:int6\n" TRAILER, HEADER "\001H acct/1 t b:int64\n" TRAILER TRAILER,
		HEADER "\001T 0 000000000000000\n", HEADER "\001T 00 0000000000000000\n",
		HEADER "\001T 0 0000000000000000 \n", HEADER "\001X\n" TRAILER, HEADER "\n" TRAILER
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		CHECK(!text_is_taken(bad[i]), "case %zu", i);
	CHECK(text_is_taken(HEADER TRAILER), "an empty stream is refused");
	CHECK(text_is_taken(TRAILER HEADER), "a sorted one is");
	CHECK(text_is_taken(HEADER TRAILER HEADER TRAILER), "two are");
	CHECK(text_is_taken(HEADER HEADER TRAILER TRAILER), "two sorted ones are");
	ok("headers and trailers");
}

int
main(int argc, char *argv[])
{
	const char *portable = getenv("ACCT_PORTABLE");
	char text[32], seed[32];

	unit_start();
	path_name = portable == NULL || strcmp(portable, "0") == 0 ? "vector" : strcmp(portable, "avx2") == 0 ? "avx2" :
	    "portable";
	round_trips();
	segments();
	headers();
	concatenation();
	sorted();
	cuts();
	alterations();
	values();
	ends();
	snprintf(text, sizeof text, "%016" PRIx64, digest);
	if (argc > 1) {
		CHECK(strcmp(argv[1], text) == 0, "the paths disagree");
		ok("the same verdicts on every path");
	}
	if (portable != NULL && strcmp(portable, "avx2") != 0)
		return 0;
	fflush(stdout);
	snprintf(seed, sizeof seed, "%" PRIu64, unit_seed);
	setenv("ACCT_SEED", seed, 1);
	setenv("ACCT_PORTABLE", portable == NULL ? "avx2" : "1", 1);
	execl("/proc/self/exe", argv[0], text, (char *)NULL);
	return 1;
}
