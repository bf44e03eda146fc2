/*
 * The checks of a job.
 *
 *	check = label ":" blank side sign side { sign side }	sign = "=" | "<=" | ">="
 *	side = part { ("+" | "-") part }			part = term | number
 *	term = function "(" folder "/" table [ "." column ] [ "by" columns ] [ "where" condition ] ")"
 *
 * A column is one word, or in double quotes, doubled within it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "expr/expr.h"
#include "job/parts.h"

static const char *const functions[] = { "sum", "count", "keys", "rejected", "orphans", "lines" };
_Static_assert(sizeof(functions) / sizeof(*functions) == JOB_FUNCTIONS, "a name for each function");
static const char function_list[] = "sum, count, keys, rejected, orphans, lines";

struct reader {			/* of a line */
	struct job_checks *to;
	const struct job *job;
	const char *name;	/* the file's */
	size_t line;
	const char *start, *p, *end;	/* the line; what is left of it */
	struct msg *err;
};

/* ---- places and errors ---- */

/* The column of a place in the line, from 1, in code points. */
static size_t
column_of(const struct reader *r, const char *at)
{
	size_t n = 1;

	for (const char *p = r->start; p < at; p++)
		n += (*p & 0xc0) != 0x80;
	return n;
}

static int
fault(const struct reader *r, const char *at, const char *what)
{
	return msg_set(r->err, EX_CONFIG, "%s:%zu:%zu: %s", r->name, r->line, column_of(r, at), what);
}

/* The same with the n bytes that are wrong, and a hint. */
static int
fault_word(const struct reader *r, const char *at, const char *what, size_t n, const char *hint)
{
	return msg_set(r->err, EX_CONFIG, "%s:%zu:%zu: %s: %s%s", r->name, r->line, column_of(r, at), what,
	    msg_quote(at, n), hint);
}

/* ---- making checks ---- */

void
job_check_begin(struct job_checks *c, const char *label)
{
	c->checks = xreallocarray(c->checks, c->n + 1, sizeof(*c->checks));
	c->checks[c->n++] = (struct job_check){ .label = xstrdup(label) };
}

/* Begins the next side of the last check, after a sign unless it is the first. */
static void
begin_side(struct job_check *k, const char *sign)
{
	k->sides = xreallocarray(k->sides, k->nsides + 1, sizeof(*k->sides));
	k->sides[k->nsides] = (struct job_side){ 0 };
	if (sign != NULL) {
		k->signs = xreallocarray(k->signs, k->nsides, sizeof(*k->signs));
		k->signs[k->nsides - 1] = xstrdup(sign);
	}
	k->nsides++;
}

static struct job_part *
add_part(struct job_checks *c, const char *sign)
{
	struct job_check *k = &c->checks[c->n - 1];
	bool minus = sign != NULL && strcmp(sign, "-") == 0;
	struct job_side *s;

	if (!minus && (sign == NULL || strcmp(sign, "+") != 0))
		begin_side(k, sign);
	s = &k->sides[k->nsides - 1];
	s->parts = xreallocarray(s->parts, s->n + 1, sizeof(*s->parts));
	s->parts[s->n] = (struct job_part){ .minus = minus };
	return &s->parts[s->n++];
}

void
job_check_term(struct job_checks *c, const char *sign, size_t term)
{
	add_part(c, sign)->term = term;
}

void
job_check_number(struct job_checks *c, const char *sign, const char *number)
{
	add_part(c, sign)->number = xstrdup(number);
}

/* ---- terms ---- */

static const char *
table_name(const struct job *j, const struct job_term *t)
{
	return t->gold ? j->gold[t->table].name : j->sources[t->table].schema.name;
}

static char *
term_text(const struct job *j, const struct job_term *t)
{
	struct buf b = { 0 };
	char *text;

	buf_addf(&b, "%s(%s/%s", functions[t->function],
	    t->function == JOB_LINES ? "bronze" : t->gold ? "gold" : "silver", table_name(j, t));
	if (t->column != NULL)
		buf_addf(&b, ".%s", t->column);
	if (t->by != NULL)
		buf_addf(&b, " by %s", t->by);
	if (t->where != NULL)
		buf_addf(&b, " where %s", t->where);
	buf_addc(&b, ')');
	text = xstrdup(buf_cstr(&b));
	buf_free(&b);
	return text;
}

static char *
copy(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

size_t
job_term_add(struct job_checks *c, const struct job *j, const struct job_term *t)
{
	char *text = term_text(j, t);
	struct job_term *to;
	size_t i;

	for (i = 0; i < c->nterms; i++)
		if (strcmp(c->terms[i].text, text) == 0) {
			free(text);
			return i;
		}
	c->terms = xreallocarray(c->terms, c->nterms + 1, sizeof(*c->terms));
	to = &c->terms[c->nterms];
	*to = *t;
	to->text = text;
	to->column = copy(t->column);
	to->where = copy(t->where);
	to->by = copy(t->by);
	return c->nterms++;
}

static void
term_free(struct job_term *t)
{
	free(t->text);
	free(t->column);
	free(t->where);
	free(t->by);
}

/* ---- words ---- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void
skip_blanks(struct reader *r)
{
	while (r->p < r->end && is_blank(*r->p))
		r->p++;
}

/* Takes a word of letters, whatever their case. */
static bool
take_word(struct reader *r, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->p) <= n || strncasecmp(r->p, word, n) != 0 || !is_blank(r->p[n]))
		return false;
	r->p += n;
	skip_blanks(r);
	return true;
}

static bool
take(struct reader *r, const char *what)
{
	size_t n = strlen(what);

	if ((size_t)(r->end - r->p) < n || memcmp(r->p, what, n) != 0)
		return false;
	r->p += n;
	return true;
}

/* Returns the length of the plain word at p: up to a blank. */
static size_t
word_length(const struct reader *r)
{
	const char *p = r->p;

	while (p < r->end && !is_blank(*p))
		p++;
	return (size_t)(p - r->p);
}

/* Takes a column, one word or in quotes; owned. NULL with a fault. */
static char *
take_column(struct reader *r)
{
	const char *start = r->p;
	struct buf b = { 0 };
	char *name;
	size_t n;

	if (!take(r, "\"")) {
		n = word_length(r);
		if (n == 0) {
			fault(r, start, "expected a column");
			return NULL;
		}
		r->p += n;
		return xstrndup(start, n);
	}
	while (r->p < r->end && (*r->p != '"' || (r->p + 1 < r->end && r->p[1] == '"' && r->p++)))
		buf_addc(&b, (uint8_t)*r->p++);
	if (!take(r, "\""))
		fault(r, start, "missing '\"'");
	else if (b.len == 0)
		fault(r, start, "expected a column");
	name = r->err->status == 0 ? xstrndup((const char *)b.p, b.len) : NULL;
	buf_free(&b);
	return name;
}

/* ---- what a term means ---- */

/* Sets the table of FOLDER/TABLE, the next n bytes. */
static int
take_table(struct reader *r, struct job_term *t, size_t n)
{
	static const char *const folders[JOB_FUNCTIONS] = { [JOB_REJECTED] = "silver", [JOB_ORPHANS] = "silver",
	    [JOB_LINES] = "bronze" };
	const char *slash = memchr(r->p, '/', n), *folder = folders[t->function];
	bool gold = slash != NULL && (size_t)(slash - r->p) == 4 && memcmp(r->p, "gold", 4) == 0;
	bool silver = slash != NULL && (size_t)(slash - r->p) == 6 &&
	    memcmp(r->p, folder != NULL ? folder : "silver", 6) == 0;
	struct near near;
	char *name;
	int at;

	if (!silver && (!gold || folder != NULL))
		return msg_set(r->err, EX_CONFIG, "%s:%zu:%zu: %s: expected %s/TABLE%s: %s", r->name, r->line,
		    column_of(r, r->p), functions[t->function], folder != NULL ? folder : "silver",
		    folder == NULL ? " or gold/TABLE" : "", msg_quote(r->p, n));
	name = xstrndup(slash + 1, n - (size_t)(slash + 1 - r->p));
	at = gold ? job_gold_find(r->job, name) : job_source_find(r->job, name);
	if (at < 0) {
		near_start(&near, name);
		job_near_tables(r->job, &near, !gold, gold);
		fault_word(r, slash + 1, gold ? "no such gold table" : "no such source table", strlen(name),
		    near_hint(&near));
	}
	free(name);
	t->gold = gold;
	t->table = (size_t)at;
	return at < 0 ? -1 : 0;
}

/* Checks a column of a source: it is there, and what is added up are numbers. */
static int
check_column(struct reader *r, const struct job_term *t, const char *at)
{
	const struct schema *s = &r->job->sources[t->table].schema;
	struct near near;
	size_t i;

	near_start(&near, t->column);
	for (i = 0; i < s->ncolumns && strcmp(s->columns[i].name, t->column) != 0; i++)
		near_try(&near, s->columns[i].name);
	if (i == s->ncolumns)
		return fault_word(r, at, "no such column", (size_t)(r->p - at), near_hint(&near));
	if (t->function != JOB_COUNT && !val_is_exact(s->columns[i].type))
		return fault_word(r, at, "only integers and decimals have an exact sum", (size_t)(r->p - at), "");
	return 0;
}

/* Parses a condition over the columns of a source; those of a gold table are known when it is measured. */
static int
check_where(struct reader *r, const struct job_term *t, const char *at)
{
	const struct schema *s = &r->job->sources[t->table].schema;
	struct rec_header h = { 0 };
	struct expr_scope scope = { .header = &h };
	struct expr e = { 0 };
	struct msg err = { 0 };
	size_t i, where = 0;

	rec_header_init(&h, s->name);
	for (i = 0; i < s->ncolumns; i++)
		rec_header_add(&h, s->columns[i].name, s->columns[i].type, false, false);
	if (expr_parse_where(&e, t->where, strlen(t->where), &scope, &where, &err) < 0)
		(void)fault(r, at + where, err.text);
	expr_free(&e);
	rec_header_free(&h);
	return err.status != 0 ? -1 : 0;
}

/* Finds the reference that orphans are counted of: the only one, or that of the columns `by`. */
static size_t
find_reference(const struct job_source *s, const char *by)
{
	size_t i, found = s->nreferences;
	bool same;
	char *name;

	if (by == NULL)
		return s->nreferences == 1 ? 0 : s->nreferences;
	for (i = 0; i < s->nreferences && found == s->nreferences; i++) {
		name = job_reference_columns(&s->schema, s->references[i].columns, s->references[i].n);
		same = strcmp(name, by) == 0;
		free(name);
		if (same)
			found = i;
	}
	return found;
}

size_t
job_term_reference(const struct job *j, const struct job_term *t)
{
	return find_reference(&j->sources[t->table], t->by);
}

static int
check_reference(struct reader *r, const struct job_term *t, const char *at)
{
	const struct job_source *s = &r->job->sources[t->table];
	struct buf names = { 0 };
	char *name;
	size_t i;

	if (find_reference(s, t->by) < s->nreferences)
		return 0;
	if (s->nreferences == 0)
		return fault(r, at, "orphans: the table has no references");
	for (i = 0; i < s->nreferences; i++) {
		name = job_reference_columns(&s->schema, s->references[i].columns, s->references[i].n);
		buf_addf(&names, "%s by %s", i > 0 ? "," : "", name);
		free(name);
	}
	(void)msg_set(r->err, EX_CONFIG, "%s:%zu:%zu: orphans: name one of the table's references:%s", r->name, r->line,
	    column_of(r, at), buf_cstr(&names));
	buf_free(&names);
	return -1;
}

/* ---- a term ---- */

/* Returns the parenthesis that closes the one before p, NULL if none does. Quoted text may hold any. */
static const char *
closing(const char *p, const char *end)
{
	char quote = '\0';
	size_t depth = 1;

	for (; p < end; p++) {
		if (quote != '\0')
			quote = *p == quote ? '\0' : quote;
		else if (*p == '\'' || *p == '"')
			quote = *p;
		else if (*p == '(')
			depth++;
		else if (*p == ')' && --depth == 0)
			return p;
	}
	return NULL;
}

/* Takes the `where` of a term, up to the end of what is inside its parentheses. */
static int
take_where(struct reader *r, struct job_term *t)
{
	const char *end = r->end;

	if (t->function > JOB_KEYS)
		return msg_set(r->err, EX_CONFIG, "%s:%zu:%zu: %s: cannot have a condition: %s", r->name, r->line,
		    column_of(r, r->p), functions[t->function], msg_quote(r->p, (size_t)(end - r->p)));
	while (end > r->p && is_blank(end[-1]))
		end--;
	t->where = xstrndup(r->p, (size_t)(end - r->p));
	t->where_at = column_of(r, r->p);
	if (!t->gold && check_where(r, t, r->p) < 0)
		return -1;
	r->p = r->end;
	return 0;
}

/* Takes ".COLUMN" after the table. */
static int
take_dot_column(struct reader *r, struct job_term *t)
{
	const char *at = r->p;
	bool takes = t->function == JOB_SUM || t->function == JOB_COUNT || t->function == JOB_ORPHANS;

	if (!take(r, "."))
		return t->function != JOB_SUM ? 0 : msg_set(r->err, EX_CONFIG,
		    "%s:%zu:%zu: sum: expected '.COLUMN' after the table", r->name, r->line, column_of(r, r->p));
	if (!takes)
		return msg_set(r->err, EX_CONFIG, "%s:%zu:%zu: %s: takes no column", r->name, r->line,
		    column_of(r, at), functions[t->function]);
	at = r->p;
	if ((t->column = take_column(r)) == NULL)
		return -1;
	return t->gold ? 0 : check_column(r, t, at);
}

/* Takes what is inside the parentheses, which is all that r has left. */
static int
take_inside(struct reader *r, struct job_term *t)
{
	const char *table;
	size_t n = 0;

	skip_blanks(r);
	table = r->p;
	while (r->p + n < r->end && !is_blank(r->p[n]) && r->p[n] != '.')
		n++;
	t->line = r->line;
	t->at = column_of(r, table);
	if (take_table(r, t, n) < 0)
		return -1;
	r->p += n;
	if (take_dot_column(r, t) < 0)
		return -1;
	skip_blanks(r);
	if (t->function == JOB_ORPHANS && take_word(r, "by") && (t->by = take_column(r)) == NULL)
		return -1;
	if (t->function == JOB_ORPHANS && check_reference(r, t, table) < 0)
		return -1;
	skip_blanks(r);
	if (take_word(r, "where") && take_where(r, t) < 0)
		return -1;
	if (r->p < r->end)
		return fault_word(r, r->p, "expected where or ')'", (size_t)(r->end - r->p), "");
	return 0;
}

/* Takes "FUNCTION(...)". */
static int
take_term(struct reader *r, const char *sign, size_t n)
{
	struct job_term t = { .function = 0 };
	const char *close = closing(r->p + n + 1, r->end);
	struct reader inside = *r;
	int status;

	while (t.function < JOB_FUNCTIONS && (strlen(functions[t.function]) != n ||
	    memcmp(functions[t.function], r->p, n) != 0))
		t.function++;
	if (t.function == JOB_FUNCTIONS)
		return msg_set(r->err, EX_CONFIG, "%s:%zu:%zu: no such function: %s; functions are: %s", r->name,
		    r->line, column_of(r, r->p), msg_quote(r->p, n), function_list);
	if (close == NULL)
		return msg_set(r->err, EX_CONFIG, "%s:%zu:%zu: %s: missing ')'", r->name, r->line, column_of(r, r->p),
		    functions[t.function]);
	inside.p = r->p + n + 1;
	inside.end = close;
	if ((status = take_inside(&inside, &t)) == 0)
		job_check_term(r->to, sign, job_term_add(r->to, r->job, &t));
	term_free(&t);
	r->p = close + 1;
	return status;
}

/* ---- a line ---- */

/* Returns the length of a name that a parenthesis follows, or 0. */
static size_t
function_length(const struct reader *r)
{
	const char *p = r->p;

	while (p < r->end && *p >= 'a' && *p <= 'z')
		p++;
	return p < r->end && *p == '(' ? (size_t)(p - r->p) : 0;
}

/* Returns the length of the number at the start of the text, or 0. */
static size_t
number_length(const struct reader *r)
{
	const char *p = r->p, *digits;

	if (p < r->end && *p == '-')
		p++;
	for (digits = p; p < r->end && isdigit((unsigned char)*p); p++)
		;
	if (p == digits)
		return 0;
	if (p + 1 < r->end && *p == '.' && isdigit((unsigned char)p[1]))
		for (p++; p < r->end && isdigit((unsigned char)*p); p++)
			;
	return (size_t)(p - r->p);
}

/* Takes a term or a number. */
static int
take_part(struct reader *r, const char *sign)
{
	char *number;
	size_t n;

	skip_blanks(r);
	if (r->p == r->end)
		return fault(r, r->p, "expected a term or a number at the end");
	if ((n = function_length(r)) > 0)
		return take_term(r, sign, n);
	if ((n = number_length(r)) == 0)
		return fault_word(r, r->p, "expected a term or a number", (size_t)(r->end - r->p), "");
	number = xstrndup(r->p, n);
	job_check_number(r->to, sign, number);
	free(number);
	r->p += n;
	return 0;
}

/* Takes the sign between two parts; NULL if there is another word. */
static const char *
take_sign(struct reader *r)
{
	static const char *const signs[] = { "+", "-", "=", "<=", ">=" };
	size_t i;

	for (i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (take(r, signs[i]))
			return signs[i];
	return NULL;
}

static int
take_sides(struct reader *r)
{
	const char *sign = NULL;

	for (;;) {
		if (take_part(r, sign) < 0)
			return -1;
		skip_blanks(r);
		if (r->p == r->end)
			break;
		if ((sign = take_sign(r)) == NULL)
			return fault_word(r, r->p, "expected +, -, =, <= or >=", (size_t)(r->end - r->p), "");
	}
	if (r->to->checks[r->to->n - 1].nsides < 2)
		return fault(r, r->end, "expected =, <= or >= at the end");
	return 0;
}

/* Takes the label, which ends at the first colon that a blank follows. */
static int
take_label(struct reader *r)
{
	const char *p = r->p;
	char *label;

	while (p + 1 < r->end && (*p != ':' || !is_blank(p[1])))
		p++;
	if (p + 1 >= r->end)
		return fault(r, r->p, "expected LABEL: TERM = TERM");
	if (p == r->p)
		return fault(r, r->p, "expected a label before ':'");
	label = xstrndup(r->p, (size_t)(p - r->p));
	for (char *tab = label; (tab = strchr(tab, '\t')) != NULL;)
		*tab = ' ';
	job_check_begin(r->to, label);
	free(label);
	r->p = p + 1;
	return 0;
}

static int
take_line(struct reader *r)
{
	const char *nul;

	while (r->end > r->start && is_blank(r->end[-1]))
		r->end--;
	skip_blanks(r);
	if (r->p == r->end || *r->p == '#')
		return 0;
	if ((nul = memchr(r->p, '\0', (size_t)(r->end - r->p))) != NULL)
		return fault(r, nul, "a NUL in a check");
	if (take_label(r) < 0)
		return -1;
	return take_sides(r);
}

int
job_checks_parse(struct job_checks *c, const struct job *j, const char *text, size_t n, const char *name,
    struct msg *err)
{
	struct reader r = { .to = c, .job = j, .name = name, .start = text, .err = err };
	const char *end, *lf;

	if (n == 0)
		return 0;
	for (end = text + n; r.start < end; r.start = lf + 1) {
		lf = memchr(r.start, '\n', (size_t)(end - r.start));
		lf = lf != NULL ? lf : end;
		r.line++;
		r.p = r.start;
		r.end = lf;
		if (take_line(&r) < 0)
			return -1;
	}
	return 0;
}

/* ---- release ---- */

static void
check_free(struct job_check *k)
{
	size_t i;

	for (i = 0; i < k->nsides; i++) {
		while (k->sides[i].n > 0)
			free(k->sides[i].parts[--k->sides[i].n].number);
		free(k->sides[i].parts);
		if (i > 0)
			free(k->signs[i - 1]);
	}
	free(k->sides);
	free(k->signs);
	free(k->label);
}

void
job_checks_free(struct job_checks *c)
{
	while (c->n > 0)
		check_free(&c->checks[--c->n]);
	while (c->nterms > 0)
		term_free(&c->terms[--c->nterms]);
	free(c->checks);
	free(c->terms);
	*c = (struct job_checks){ 0 };
}
