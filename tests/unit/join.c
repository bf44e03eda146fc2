/*
 * Properties of the join: every type of it, in memory, on disk and merged, gives what two nested loops over the rows
 * give, in the same order; and what it says of its columns is true: no null where it says never, no key twice.
 */
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "join/join.h"
#include "unit.h"

enum { MAX_ROWS = 1500, COLUMNS = 4, FIELD = 64, KEYS = 2 };

struct row {
	char field[COLUMNS][FIELD];	/* encoded, with a NUL after it */
};

struct table {
	struct rec_header header;
	struct row *rows;
	size_t n;
	size_t key[KEYS];	/* columns */
};

static struct table probe, build;
static struct join_options opt;
static struct buf want, got;
static size_t nkeys;
static bool far;			/* some integers lie far from the others */
static size_t marked_outputs[JOIN_ANTI + 1];	/* that had a key, by type */

/* ---- Rows at random ---- */

static void
put_value(char *out, struct val_type type, bool required, uint64_t domain)
{
	static const char *const texts[] = { "", "a", "ab", "a b", "\t", "\n", "\033", "\001x", "z\037", "\303\251",
	    "~",
	    "abcdefghijklmnop" };
	uint64_t v = unit_below(domain);
	const char *s = texts[v % 12];
	size_t n;

	if (!required && unit_below(6) == 0)
		n = 1, *out = VAL_NULL;
	else if (type.kind == VAL_STRING)
		n = val_put_string((uint8_t *)out, s, strlen(s));
	else
		n = val_put_int((uint8_t *)out, (int64_t)v - (int64_t)domain / 2 +
		    (far && v % 16 == 15 ? INT64_C(1) << 50 : 0));
	out[n] = '\0';
}

static void
make_table(struct table *t, const char *const *names, const bool *text, size_t n, uint64_t domain)
{
	t->n = n;
	rec_header_init(&t->header, names[0]);
	for (size_t c = 0; c < COLUMNS; c++)
		rec_header_add(&t->header, names[c + 1], (struct val_type){ text[c] ? VAL_STRING : VAL_INT64, 0, 0 },
		    false, unit_below(3) == 0);
	t->rows = xreallocarray(NULL, n + 1, sizeof(*t->rows));
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; c < COLUMNS; c++)
			put_value(t->rows[i].field[c], t->header.columns[c].type, t->header.columns[c].required,
			    domain);
}

/* One key at random in most rows, so that its rows do not fit. */
static void
make_giant(struct table *t, int64_t v)
{
	for (size_t i = 0; i < t->n; i++)
		if (unit_below(4) != 0)
			t->rows[i].field[t->key[0]][val_put_int((uint8_t *)t->rows[i].field[t->key[0]], v)] = '\0';
}

static bool
same_fields(const struct row *a, const struct row *b, uint64_t columns)
{
	for (size_t c = 0; c < COLUMNS; c++)
		if ((columns >> c & 1) != 0 && strcmp(a->field[c], b->field[c]) != 0)
			return false;
	return true;
}

static bool
has_null(const struct row *r, uint64_t columns)
{
	for (size_t c = 0; c < COLUMNS; c++)
		if ((columns >> c & 1) != 0 && r->field[c][0] == VAL_NULL)
			return true;
	return false;
}

/* Marks columns as the table's key, or as never null too, and drops the rows that break it. */
static void
make_key(struct table *t, uint64_t columns, bool required)
{
	size_t n = 0;

	for (size_t c = 0; c < COLUMNS && columns != 0; c++) {
		t->header.columns[c].key = columns >> c & 1;
		t->header.columns[c].required |= required && (columns >> c & 1);
	}
	for (size_t i = 0; i < t->n; i++) {
		bool bad = required && has_null(&t->rows[i], columns);

		for (size_t k = 0; k < n && !bad && columns != 0; k++)
			bad = same_fields(&t->rows[k], &t->rows[i], columns);
		if (!bad)
			t->rows[n++] = t->rows[i];
	}
	t->n = n;
}

/* No key; or that of the join; or some columns of it, or of all. */
static void
choose_key(struct table *t, bool ideal)
{
	uint64_t join = (uint64_t)1 << t->key[0] | (nkeys > 1 ? (uint64_t)1 << t->key[1] : 0);
	uint64_t some = unit_below(16);

	if (ideal)
		make_key(t, join, true);
	else if (unit_below(2) == 0)
		make_key(t, unit_below(2) ? join : unit_below(2) ? join & some : some, unit_below(2) != 0);
}

static void
make_tables(size_t most, bool giant)
{
	static const char *const probe_names[] = { "p", "p0", "k1", "k2", "p1" };
	static const char *const build_names[] = { "b", "x2", "b0", "x1", "b1" };
	static const bool probe_text[] = { true, false, true, false }, build_text[] = { true, true, false, false };
	uint64_t domain = 1 + unit_below(unit_below(2) ? 8 : 3 * most);
	bool ideal;

	make_table(&probe, probe_names, probe_text, unit_below(most), domain);
	make_table(&build, build_names, build_text, unit_below(most), domain);
	nkeys = 1 + unit_below(KEYS);
	probe.key[0] = 1;
	build.key[0] = 2;
	probe.key[1] = 2;
	build.key[1] = 0;
	if (giant) {
		make_giant(&probe, 3);
		make_giant(&build, 3);
	}
	ideal = unit_below(4) == 0;
	choose_key(&probe, ideal);
	choose_key(&build, ideal);
}

static void
free_tables(void)
{
	rec_header_free(&probe.header);
	rec_header_free(&build.header);
	free(probe.rows);
	free(build.rows);
}

/* ---- Two nested loops ---- */

static bool
is_null(const char *s)
{
	return s[0] == VAL_NULL;
}

static bool
rows_match(const struct row *p, const struct row *b)
{
	for (size_t k = 0; k < nkeys; k++)
		if (is_null(p->field[probe.key[k]]) || strcmp(p->field[probe.key[k]], b->field[build.key[k]]) != 0)
			return false;
	return true;
}

static bool
is_build_key(size_t column)
{
	return column == build.key[0] || (nkeys > 1 && column == build.key[1]);
}

/* What --fill gives for a column without match. */
static const char *
filling(const char *name)
{
	static char text[FIELD];

	for (size_t i = 0; i < opt.nfills; i++)
		if (strcmp(opt.fills[i].column, name) == 0) {
			text[val_put_int((uint8_t *)text, strtoll(opt.fills[i].value, NULL, 10))] = '\0';
			return text;
		}
	text[0] = VAL_NULL;
	text[1] = '\0';
	return text;
}

static void
want_record(const struct row *p, const struct row *b)
{
	for (size_t c = 0; c < COLUMNS; c++) {
		const char *s = p != NULL ? p->field[c] : filling(probe.header.columns[c].name);

		for (size_t k = 0; p == NULL && k < nkeys; k++)
			if (probe.key[k] == c)
				s = b->field[build.key[k]];
		buf_addf(&want, "%s%s", c > 0 ? "\t" : "", s);
	}
	for (size_t c = 0; c < COLUMNS && join_pairs(opt.type); c++)
		if (!is_build_key(c))
			buf_addf(&want, "\t%s", b != NULL ? b->field[c] : filling(build.header.columns[c].name));
	buf_addc(&want, '\n');
}

static void
nested_loops(void)
{
	bool *met = xcalloc(build.n + 1, sizeof(*met));

	want.len = 0;
	for (size_t i = 0; i < probe.n; i++) {
		bool any = false;

		for (size_t b = 0; b < build.n; b++) {
			if (!rows_match(&probe.rows[i], &build.rows[b]))
				continue;
			any = met[b] = true;
			if (join_pairs(opt.type))
				want_record(&probe.rows[i], &build.rows[b]);
		}
		if (any ? opt.type == JOIN_SEMI : join_keeps_lone(opt.type))
			want_record(&probe.rows[i], NULL);
	}
	for (size_t b = 0; b < build.n && opt.type == JOIN_OUTER; b++)
		if (!met[b])
			want_record(NULL, &build.rows[b]);
	free(met);
}

/* ---- The join itself ---- */

static int saved_stdout;

/* A writer on a file in memory: standard output leads there until finish_writer. */
static int
open_writer(struct rec_writer *w, const struct rec_header *h)
{
	int fd = memfd_create("stream", 0);

	CHECK(fd >= 0 && dup2(fd, STDOUT_FILENO) >= 0, "no file in memory");
	CHECK(rec_create(w, NULL, h) == 0, "%s", w->err.text);
	return fd;
}

static void
finish_writer(struct rec_writer *w, int fd)
{
	CHECK(rec_finish(w) == 0, "%s", w->err.text);
	dup2(saved_stdout, STDOUT_FILENO);
	lseek(fd, 0, SEEK_SET);
}

static int
write_table(const struct table *t)
{
	struct rec_writer w;
	int fd = open_writer(&w, &t->header);

	for (size_t i = 0; i < t->n; i++) {
		char *p = (char *)rec_begin(&w, COLUMNS * FIELD);

		for (size_t c = 0; c < COLUMNS; c++)
			p += sprintf(p, "%s%s", c > 0 ? "\t" : "", t->rows[i].field[c]);
		rec_end(&w, (uint8_t *)p);
	}
	finish_writer(&w, fd);
	return fd;
}

static void
open_table(struct rec_reader *r, const struct table *t)
{
	CHECK(rec_open_fd(r, write_table(t), t->header.table, REC_BATCH_SMALL) == 0, "%s", r->err.text);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* No two records of `got` agree in all columns that the header marks as the key. */
static void
check_key(const struct rec_header *h)
{
	size_t n = 0, marked = 0;
	struct buf text = { 0 };
	char **keys, *line, *rest, *field;

	for (size_t c = 0; c < h->ncolumns; c++)
		marked += h->columns[c].key;
	if (marked == 0)
		return;
	marked_outputs[opt.type]++;
	buf_add(&text, got.p, got.len);
	rest = buf_cstr(&text);
	keys = xcalloc(got.len + 1, sizeof(*keys));
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		struct buf key = { 0 };

		for (size_t c = 0; (field = strsep(&line, "\t")) != NULL; c++)
			if (h->columns[c].key)
				buf_addf(&key, "%s\t", field);
		keys[n++] = buf_cstr(&key);
	}
	qsort(keys, n, sizeof(*keys), by_text);
	for (size_t i = 1; i < n; i++)
		CHECK(strcmp(keys[i - 1], keys[i]) != 0, "type %d: key twice: %s", (int)opt.type, keys[i]);
	for (size_t i = 0; i < n; i++)
		free(keys[i]);
	free(keys);
	buf_free(&text);
}

/* Takes the output's records into `got`; the reader checks values, nulls and the trailer. */
static void
read_output(int fd)
{
	struct rec_reader r;
	struct rec_batch b;
	int more;

	got.len = 0;
	CHECK(rec_open_fd(&r, fd, "output", REC_BATCH_SMALL) == 0, "%s", r.err.text);
	while ((more = rec_next(&r, &b)) > 0)
		for (size_t i = 0; i < b.n; i++) {
			struct rec rec = rec_at(&b, i);

			buf_add(&got, rec.base + rec.off[0], rec.off[b.stride] - rec.off[0]);
		}
	CHECK(more == 0, "type %d: %s", (int)opt.type, r.err.text);
	check_key(&r.header);
	rec_close(&r);
}

static uint64_t
join(size_t memory, bool sorted)
{
	struct rec_reader p, b;
	struct rec_writer w;
	struct join_plan plan;
	struct join j = { .plan = &plan, .build = &b, .probe = &p, .out = &w, .memory = memory };
	int fd;

	opt.nkeys = nkeys;
	memcpy(opt.probe_key, probe.key, sizeof(probe.key));
	memcpy(opt.build_key, build.key, sizeof(build.key));
	open_table(&p, &probe);
	open_table(&b, &build);
	CHECK(join_plan(&plan, &opt, &p.header, "p", &b.header, "b", &j.err) == 0, "%s", j.err.text);
	fd = open_writer(&w, &plan.header);
	CHECK((sorted ? join_sorted : join_hash)(&j) == 0, "%s", j.err.text);
	finish_writer(&w, fd);
	read_output(fd);
	CHECK(j.stats.probe == probe.n && j.stats.build == build.n, "counts");
	rec_close(&p);
	rec_close(&b);
	join_plan_free(&plan);
	return j.stats.partitions;
}

/* ---- Properties ---- */

/* The first line in which the texts differ. */
static void
same(const char *how)
{
	size_t n = want.len < got.len ? want.len : got.len, at = 0, line = 0;
	const char *w = buf_cstr(&want), *g = buf_cstr(&got);

	for (size_t i = 0; i < n && w[i] == g[i]; i++)
		if (w[i] == '\n')
			at = i + 1, line++;
	CHECK(want.len == got.len && memcmp(w, g, n) == 0,
	    "type %d, %zu keys, %zu x %zu rows, %s: record %zu is %.*s, not %.*s",
	    (int)opt.type, nkeys, probe.n, build.n, how, line + 1, (int)strcspn(g + at, "\n"), g + at,
	    (int)strcspn(w + at, "\n"), w + at);
}

/* Field by field, unlike the join. */
static int
compare_rows(const struct table *t, const struct row *a, const struct row *b)
{
	int c = 0;

	for (size_t k = 0; k < nkeys && c == 0; k++)
		c = strcmp(a->field[t->key[k]], b->field[t->key[k]]);
	return c;
}

static int
by_probe_key(const void *a, const void *b)
{
	return compare_rows(&probe, a, b);
}

static int
by_build_key(const void *a, const void *b)
{
	return compare_rows(&build, a, b);
}

/* Sorts the lines of b. */
static void
sort_lines(struct buf *b)
{
	size_t n = 0;
	char **lines, *rest = buf_cstr(b);
	struct buf out = { 0 };

	for (size_t i = 0; i < b->len; i++)
		n += b->p[i] == '\n';
	lines = xcalloc(n + 1, sizeof(*lines));
	for (size_t i = 0; i < n; i++)
		lines[i] = strsep(&rest, "\n");
	qsort(lines, n, sizeof(*lines), by_text);
	for (size_t i = 0; i < n; i++)
		buf_addf(&out, "%s\n", lines[i]);
	buf_free(b);
	free(lines);
	*b = out;
}

/* Are the records of `got` in the order of their key columns? */
static void
check_order(void)
{
	char *line, *rest = buf_cstr(&got), key[2][2 * FIELD] = { "", "" };
	size_t n = 0;

	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
		char *f[COLUMNS], *now = key[n++ % 2], *before = key[n % 2];

		for (size_t c = 0; c < COLUMNS; c++)
			f[c] = strsep(&line, "\t");
		snprintf(now, sizeof(key[0]), "%s\t%s", f[probe.key[0]], nkeys > 1 ? f[probe.key[1]] : "");
		CHECK(strcmp(before, now) <= 0, "record %zu is out of order", n);
	}
}

static void
sorted_agrees(size_t memory)
{
	qsort(probe.rows, probe.n, sizeof(*probe.rows), by_probe_key);
	qsort(build.rows, build.n, sizeof(*build.rows), by_build_key);
	nested_loops();
	join(memory, true);
	if (opt.type == JOIN_OUTER) {	/* a build row without match stands in its place, not at the end */
		sort_lines(&want);
		sort_lines(&got);
		same("sorted, any order");
		join(memory, true);
		check_order();
	} else {
		same("sorted");
	}
}

static void
choose_fills(void)
{
	static const struct join_fill both[] = { { "b1", "-7" }, { "p1", "300" } };

	opt.fills = both;
	opt.nfills = opt.type == JOIN_LEFT ? unit_below(2) : opt.type == JOIN_OUTER ? unit_below(3) : 0;
}

static void
agree(size_t rounds, size_t most, bool giant, const char *what)
{
	static const size_t memories[] = { 1, 13000, 20000, 60000 };
	uint64_t partitions = 0;

	for (size_t i = 0; i < rounds; i++) {
		opt.type = (enum join_type)(i % 5);
		far = unit_below(3) == 0;
		make_tables(most, giant);
		choose_fills();
		nested_loops();
		CHECK(join(SIZE_MAX, false) == 0, "on disk");
		same("in memory");
		partitions += join(memories[unit_below(4)], false);
		same("on disk");
		sorted_agrees(unit_below(2) ? SIZE_MAX : 0);
		free_tables();
	}
	CHECK(partitions > 0, "never on disk");
	OK("join", what);
}

/* Comparing joined keys is comparing field by field. */
static void
key_order(void)
{
	char a[2][FIELD], b[2][FIELD], x[2 * FIELD], y[2 * FIELD];
	static const struct val_type type[] = { { VAL_STRING, 0, 0 }, { VAL_INT64, 0, 0 } };

	for (size_t i = 0; i < 200000; i++) {
		int fields = 0, joined;

		for (size_t k = 0; k < 2; k++) {
			put_value(a[k], type[unit_below(2)], false, 1 + unit_any() % 1000000);
			put_value(b[k], type[unit_below(2)], false, 12);
			if (unit_below(3) == 0)
				memcpy(b[k], a[k], FIELD);
			if (fields == 0)
				fields = strcmp(a[k], b[k]);
		}
		snprintf(x, sizeof(x), "%s\t%s", a[0], a[1]);
		snprintf(y, sizeof(y), "%s\t%s", b[0], b[1]);
		joined = strcmp(x, y);
		CHECK((fields > 0) - (fields < 0) == (joined > 0) - (joined < 0), "%s against %s", x, y);
	}
	OK("join", "joined keys order as their fields do");
}

int
main(void)
{
	unit_start();
	saved_stdout = dup(STDOUT_FILENO);
	key_order();
	agree(250, 40, false, "all types agree with nested loops, small tables");
	agree(25, MAX_ROWS, false, "all types agree with nested loops, larger tables");
	agree(10, MAX_ROWS / 3, true, "all types agree with nested loops, one key in most rows");
	for (size_t i = 0; i <= JOIN_ANTI; i++)
		CHECK(marked_outputs[i] > 3, "hardly an output of type %zu with a key", i);
	return 0;
}
