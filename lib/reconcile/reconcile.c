#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "reconcile/parts.h"

/* ---- what is checked of every table ---- */

static size_t
add_term(struct reconcile *r, enum job_function function, bool gold, size_t table, const char *column)
{
	struct job_term t = { .function = function, .gold = gold, .table = table, .column = (char *)column };

	return job_term_add(&r->checks, r->job, &t);
}

static void
begin_check(struct reconcile *r, const char *table, const char *what)
{
	char *label = xasprintf("%s: %s", table, what);

	job_check_begin(&r->checks, label);
	free(label);
}

/* Returns a count that schemas without the word for it have not, NULL for 0. */
static const char *
some(const json_t *o, const char *key)
{
	const char *n = reconcile_number(o, key);

	return n != NULL && strcmp(n, "0") != 0 ? n : NULL;
}

/*
 * Every line of a file is a line of names, of a clean or rejected row, blank or, where its schema says so, skipped or
 * of a row that is left out.
 */
static void
check_lines(struct reconcile *r, size_t i)
{
	const struct reconcile_source *s = &r->sources[i];
	const char *skipped = some(s->ingest, "skipped"), *left_out = some(s->clean, "left_out_lines");
	char *what = xasprintf("lines of the file = names + clean + rejected + blank%s%s",
	    skipped != NULL ? " + skipped" : "", left_out != NULL ? " + left out" : "");

	begin_check(r, r->job->sources[i].schema.name, what);
	free(what);
	job_check_term(&r->checks, NULL, add_term(r, JOB_LINES, false, i, NULL));
	job_check_number(&r->checks, "=", reconcile_number(s->ingest, "header"));
	job_check_number(&r->checks, "+", reconcile_number(s->clean, "clean_lines"));
	job_check_number(&r->checks, "+", reconcile_number(s->clean, "rejected_lines"));
	job_check_number(&r->checks, "+", reconcile_number(s->ingest, "blank"));
	if (skipped != NULL)
		job_check_number(&r->checks, "+", skipped);
	if (left_out != NULL)
		job_check_number(&r->checks, "+", left_out);
}

/* What the reader of the file read is what silver and the rejects hold, and what is left out. */
static void
check_rows(struct reconcile *r, size_t i)
{
	const char *left_out = some(r->sources[i].clean, "left_out");

	begin_check(r, r->job->sources[i].schema.name, left_out == NULL ? "rows read = clean + rejected" :
	    "rows read = clean + rejected + left out");
	job_check_number(&r->checks, NULL, reconcile_number(r->sources[i].ingest, "rows"));
	job_check_term(&r->checks, "=", add_term(r, JOB_COUNT, false, i, NULL));
	job_check_term(&r->checks, "+", add_term(r, JOB_REJECTED, false, i, NULL));
	if (left_out != NULL)
		job_check_number(&r->checks, "+", left_out);
}

/* Is it a decimal number, as checks have them? */
static bool
is_number(const char *text)
{
	size_t n;

	if (text == NULL)
		return false;
	text += *text == '-';
	n = strspn(text, "0123456789");
	if (n == 0)
		return false;
	return text[n] == '\0' || (text[n] == '.' && text[n + 1] != '\0' &&
	    text[n + 1 + strspn(text + n + 1, "0123456789")] == '\0');
}

/* What could be read as an amount is in silver or in a rejected row. */
static int
check_amounts(struct reconcile *r, size_t i, struct msg *err)
{
	const char *table = r->job->sources[i].schema.name, *column, *read, *rejected;
	json_t *amounts = json_object_get(r->sources[i].clean, "amounts"), *amount;

	json_object_foreach(amounts, column, amount) {
		char *what = xasprintf("%s read = clean + rejected", column);

		read = json_string_value(json_object_get(amount, "read"));
		rejected = json_string_value(json_object_get(amount, "rejected"));
		begin_check(r, table, what);
		free(what);
		if (!is_number(read) || !is_number(rejected))
			return msg_set(err, EX_DATAERR, "%s/runs/made/%s/clean.json: no sums of %s", r->lake, table,
			    msg_quotes(column));
		job_check_number(&r->checks, NULL, read);
		job_check_term(&r->checks, "=", add_term(r, JOB_SUM, false, i, column));
		job_check_number(&r->checks, "+", rejected);
	}
	return 0;
}

/* A reference may say that its orphans stop the run, or that they have been rejected. */
static void
check_references(struct reconcile *r, size_t i)
{
	const struct job_source *s = &r->job->sources[i];
	size_t k;

	for (k = 0; k < s->nreferences; k++) {
		const struct job_reference *f = &s->references[k];
		char *columns = job_reference_columns(&s->schema, f->columns, f->n), *what;
		struct job_term t = { .function = JOB_ORPHANS, .table = i, .by = columns };

		if (f->orphans != SCHEMA_ORPHANS_KEEP) {
			what = xasprintf("no row of unknown %s", columns);
			begin_check(r, s->schema.name, what);
			job_check_term(&r->checks, NULL, job_term_add(&r->checks, r->job, &t));
			job_check_number(&r->checks, "=", "0");
			free(what);
		}
		free(columns);
	}
}

static void
check_gold(struct reconcile *r, size_t i)
{
	const struct job_gold *g = &r->job->gold[i];
	size_t k;

	begin_check(r, g->name, "one row for each key");
	job_check_term(&r->checks, NULL, add_term(r, JOB_COUNT, true, i, NULL));
	job_check_term(&r->checks, "=", add_term(r, JOB_KEYS, true, i, NULL));
	for (k = 0; k < g->total.n; k++)
		(void)add_term(r, JOB_SUM, true, i, g->total.word[k]);
}

/* ---- what the job checks ---- */

static void
copy_check(struct reconcile *r, const struct job_check *k)
{
	size_t i, p;

	job_check_begin(&r->checks, k->label);
	for (i = 0; i < k->nsides; i++)
		for (p = 0; p < k->sides[i].n; p++) {
			const struct job_part *part = &k->sides[i].parts[p];
			const char *sign = p > 0 ? (part->minus ? "-" : "+") : i > 0 ? k->signs[i - 1] : NULL;

			if (part->number != NULL)
				job_check_number(&r->checks, sign, part->number);
			else
				job_check_term(&r->checks, sign, job_term_add(&r->checks, r->job,
				    &r->job->checks.terms[part->term]));
		}
}

static int
plan_checks(struct reconcile *r, struct msg *err)
{
	size_t i;

	for (i = 0; i < r->job->nsources; i++) {
		if (r->sources[i].absent)
			continue;
		check_lines(r, i);
		check_rows(r, i);
		if (check_amounts(r, i, err) < 0)
			return -1;
		check_references(r, i);
	}
	for (i = 0; i < r->job->ngold; i++)
		check_gold(r, i);
	for (i = 0; i < r->job->checks.n; i++)
		copy_check(r, &r->job->checks.checks[i]);
	return 0;
}

/* ---- tasks ---- */

struct pass_task {			/* a pass and the terms of its items */
	struct reconcile_pass pass;
	size_t *terms;
	char *where;			/* of rejects; owned */
};

struct lines_task {			/* counts the lines of a source's files */
	struct reconcile_lines lines;
	char **names;			/* of the pieces; views */
	size_t n;
	bool apart;
	char *value;
};

struct plan {
	struct reconcile *r;
	struct reconcile_task *tasks;
	size_t ntasks;
	struct pass_task *passes;
	size_t npasses;
	struct lines_task *lines;	/* of each source */
	char **keys;			/* names of key columns, as views */
};

static int
run_pass(struct reconcile_task *t, const struct reconcile *r, size_t memory, struct msg *err)
{
	return reconcile_pass_measure(&((struct pass_task *)t->what)->pass, r, memory, err);
}

static char **
pass_result(struct reconcile_task *t, size_t i)
{
	struct reconcile_pass *p = &((struct pass_task *)t->what)->pass;

	return i < p->nitems ? &p->items[i].value : NULL;
}

static int
run_lines(struct reconcile_task *t, const struct reconcile *r, size_t memory, struct msg *err)
{
	struct lines_task *l = t->what;
	size_t step = l->apart ? 1 : l->n, i;
	uint64_t all = 0, n;

	(void)memory;
	for (i = 0; i < l->n; i += step) {
		if (reconcile_lines_count(&l->lines, r->store, l->names + i, step, &n, err) < 0)
			return -1;
		all += n;
	}
	l->value = xasprintf("%" PRIu64, all);
	return 0;
}

static char **
lines_result(struct reconcile_task *t, size_t i)
{
	return i == 0 ? &((struct lines_task *)t->what)->value : NULL;
}

static int
run_orphans(struct reconcile_task *t, const struct reconcile *r, size_t memory, struct msg *err)
{
	return reconcile_orphans_measure(t->what, r, memory, err);
}

static char **
orphans_result(struct reconcile_task *t, size_t i)
{
	struct reconcile_orphans *o = t->what;

	return i == 0 ? &o->count : i <= o->nsums ? &o->sums[i - 1] : NULL;
}

static void
add_task(struct plan *p, struct reconcile_task t)
{
	p->tasks[p->ntasks++] = t;
}

/* ---- passes ---- */

/* The columns of a table's key. */
static void
find_key(struct plan *p, struct reconcile_pass *pass, bool gold, size_t table)
{
	const struct job *j = p->r->job;
	const struct schema *s;
	char **key;
	size_t i;

	if (gold) {
		pass->key = (const char *const *)j->gold[table].key.word;
		pass->nkey = j->gold[table].key.n;
		return;
	}
	s = &j->sources[table].schema;
	key = xcalloc(s->ncolumns + 1, sizeof(*key));
	for (i = 0; i < s->ncolumns; i++)
		if (s->columns[i].key)
			key[pass->nkey++] = s->columns[i].name;
	pass->key = (const char *const *)key;
}

static void
add_item(struct pass_task *t, size_t term, struct reconcile_item item)
{
	struct reconcile_pass *p = &t->pass;

	p->items = xreallocarray(p->items, p->nitems + 1, sizeof(*p->items));
	t->terms = xreallocarray(t->terms, p->nitems + 1, sizeof(*t->terms));
	p->items[p->nitems] = item;
	t->terms[p->nitems++] = term;
}

/* Plans the pass over a table: all terms that are sums, counts or keys of it. */
static void
plan_pass(struct plan *p, bool gold, size_t table, uint64_t weight)
{
	const struct job_checks *c = &p->r->checks;
	struct pass_task *t = &p->passes[p->npasses];
	size_t i;

	for (i = 0; i < c->nterms; i++)
		if (c->terms[i].gold == gold && c->terms[i].table == table && c->terms[i].function <= JOB_KEYS)
			add_item(t, i, (struct reconcile_item){ .function = c->terms[i].function,
			    .column = c->terms[i].column, .where = c->terms[i].where, .term = &c->terms[i] });
	if (t->pass.nitems == 0)
		return;
	t->pass.path = xasprintf("%s/%s", gold ? "gold" : "silver",
	    gold ? p->r->job->gold[table].name : p->r->job->sources[table].schema.name);
	find_key(p, &t->pass, gold, table);
	p->npasses++;
	add_task(p, (struct reconcile_task){ weight, run_pass, pass_result, t });
}

/* Plans the count of the rejects of the run that made the table. */
static void
plan_rejects(struct plan *p, size_t term)
{
	size_t table = p->r->checks.terms[term].table;
	struct pass_task *t = &p->passes[p->npasses++];
	struct buf where = { 0 };
	const char *c;

	buf_adds(&where, "run = '");
	for (c = p->r->sources[table].run; *c != '\0'; c++) {
		buf_addc(&where, (uint8_t)*c);
		if (*c == '\'')
			buf_addc(&where, '\'');
	}
	buf_addc(&where, '\'');
	t->where = xstrdup(buf_cstr(&where));
	buf_free(&where);
	t->pass.path = xasprintf("silver/_rejects/%s", p->r->job->sources[table].schema.name);
	add_item(t, term, (struct reconcile_item){ .function = JOB_COUNT, .where = t->where });
	add_task(p, (struct reconcile_task){ 0, run_pass, pass_result, t });
}

/* ---- lines and orphans ---- */

static int
plan_lines(struct plan *p, size_t i, struct msg *err)
{
	const struct reconcile_source *s = &p->r->sources[i];
	const char *encoding = json_string_value(json_object_get(s->ingest, "encoding"));
	struct lines_task *l = &p->lines[i];

	l->apart = s->apart;
	l->names = xcalloc(s->npieces, sizeof(*l->names));
	for (l->n = 0; l->n < s->npieces; l->n++)
		l->names[l->n] = s->pieces[l->n].name;
	if (reconcile_lines_open(&l->lines, encoding, err) < 0)
		return -1;
	add_task(p, (struct reconcile_task){ s->bytes / 4, run_lines, lines_result, &p->lines[i] });
	return 0;
}

static void
list_orphans(struct reconcile *r)
{
	size_t i, k, c;

	for (i = 0; i < r->job->nsources; i++)
		for (k = 0; k < r->job->sources[i].nreferences && !r->sources[i].absent; k++) {
			const struct schema *s = &r->job->sources[i].schema;
			struct reconcile_orphans *o;

			r->orphans = xreallocarray(r->orphans, r->norphans + 1, sizeof(*r->orphans));
			o = &r->orphans[r->norphans++];
			*o = (struct reconcile_orphans){ .source = i, .reference = k };
			o->sums = xcalloc(s->ncolumns, sizeof(*o->sums));
			for (c = 0; c < s->ncolumns; c++)
				o->nsums += s->columns[c].type.kind == VAL_DECIMAL;
		}
}

/* ---- the plan ---- */

static int
plan_tasks(struct plan *p, struct msg *err)
{
	struct reconcile *r = p->r;
	size_t i, most = 3 * r->job->nsources + r->job->ngold + r->norphans;

	p->tasks = xcalloc(most, sizeof(*p->tasks));
	p->passes = xcalloc(2 * r->job->nsources + r->job->ngold, sizeof(*p->passes));
	p->lines = xcalloc(r->job->nsources, sizeof(*p->lines));
	for (i = 0; i < r->job->nsources; i++) {
		if (r->sources[i].absent)
			continue;
		plan_pass(p, false, i, r->sources[i].bytes);
		if (plan_lines(p, i, err) < 0)
			return -1;
	}
	for (i = 0; i < r->job->ngold; i++)
		plan_pass(p, true, i, 1);
	for (i = 0; i < r->norphans; i++)
		add_task(p, (struct reconcile_task){ r->sources[r->orphans[i].source].bytes, run_orphans,
		    orphans_result, &r->orphans[i] });
	for (i = 0; i < r->checks.nterms; i++)
		if (r->checks.terms[i].function == JOB_REJECTED && !r->sources[r->checks.terms[i].table].absent)
			plan_rejects(p, i);
	return 0;
}

static void
plan_free(struct plan *p)
{
	size_t i;

	for (i = 0; i < p->npasses; i++) {
		struct pass_task *t = &p->passes[i];

		while (t->pass.nitems > 0)
			free(t->pass.items[--t->pass.nitems].value);
		if (t->where == NULL && strncmp(t->pass.path, "silver/", 7) == 0)
			free((char **)t->pass.key);
		free(t->pass.items);
		free(t->pass.path);
		free(t->terms);
		free(t->where);
	}
	for (i = 0; p->lines != NULL && i < p->r->job->nsources; i++) {
		reconcile_lines_close(&p->lines[i].lines);
		free(p->lines[i].names);
		free(p->lines[i].value);
	}
	free(p->passes);
	free(p->lines);
	free(p->tasks);
}

/* ---- values ---- */

/* The figure of a term `orphans`. */
static const char *
orphans_value(const struct reconcile *r, const struct job_term *t)
{
	size_t reference = job_term_reference(r->job, t), i, c, n = 0;
	const struct schema *s = &r->job->sources[t->table].schema;
	const struct reconcile_orphans *o = r->orphans;

	for (i = 0; i + 1 < r->norphans && (o->source != t->table || o->reference != reference); i++)
		o++;
	if (t->column == NULL)
		return o->count;
	for (c = 0; c < s->ncolumns && strcmp(s->columns[c].name, t->column) != 0; c++)
		n += s->columns[c].type.kind == VAL_DECIMAL;
	return n < o->nsums ? o->sums[n] : NULL;
}

static void
take_values(struct reconcile *r, const struct plan *p)
{
	const struct job_term *t = r->checks.terms;
	size_t i, k;

	r->values = xcalloc(r->checks.nterms + 1, sizeof(*r->values));
	for (i = 0; i < p->npasses; i++)
		for (k = 0; k < p->passes[i].pass.nitems; k++)
			r->values[p->passes[i].terms[k]] = xstrdup(p->passes[i].pass.items[k].value);
	for (i = 0; i < r->checks.nterms; i++)
		if (!t[i].gold && r->sources[t[i].table].absent)
			r->values[i] = xstrdup("0");
		else if (t[i].function == JOB_LINES)
			r->values[i] = xstrdup(p->lines[t[i].table].value);
		else if (t[i].function == JOB_ORPHANS)
			r->values[i] = xstrdup(orphans_value(r, &t[i]));
}

/* ---- answers ---- */

static const char *
part_value(const struct reconcile *r, const struct job_part *p)
{
	return p->number != NULL ? p->number : r->values[p->term];
}

static char *
side_text(const struct reconcile *r, const struct job_side *s)
{
	struct buf b = { 0 };
	char *text;
	size_t i;

	for (i = 0; i < s->n; i++)
		buf_addf(&b, "%s%s", i == 0 ? "" : s->parts[i].minus ? " - " : " + ", part_value(r, &s->parts[i]));
	text = xstrdup(buf_cstr(&b));
	buf_free(&b);
	return text;
}

static void
find_scale(const struct reconcile *r, const struct job_side *s, size_t *scale)
{
	size_t i, own;

	for (i = 0; i < s->n; i++)
		if ((own = reconcile_scale(part_value(r, &s->parts[i]))) > *scale)
			*scale = own;
}

/* Returns the sign of left - right. */
static int
compare(const struct reconcile *r, const struct job_side *left, const struct job_side *right)
{
	struct reconcile_exact e = { 0 };
	size_t i;
	int sign;

	find_scale(r, left, &e.scale);
	find_scale(r, right, &e.scale);
	for (i = 0; i < left->n; i++)
		reconcile_exact_add(&e, part_value(r, &left->parts[i]), left->parts[i].minus);
	for (i = 0; i < right->n; i++)
		reconcile_exact_add(&e, part_value(r, &right->parts[i]), !right->parts[i].minus);
	sign = reconcile_exact_sign(&e);
	reconcile_exact_free(&e);
	return sign;
}

static void
answer(struct reconcile *r)
{
	size_t i, s;

	for (i = 0; i < r->checks.n; i++) {
		const struct job_check *k = &r->checks.checks[i];

		for (s = 1; s < k->nsides; s++) {
			const char *sign = k->signs[s - 1];
			int order = compare(r, &k->sides[s - 1], &k->sides[s]);
			bool closes = *sign == '<' ? order <= 0 : *sign == '>' ? order >= 0 : order == 0;

			r->answers = xreallocarray(r->answers, r->nanswers + 1, sizeof(*r->answers));
			r->answers[r->nanswers++] = (struct reconcile_answer){ k->label,
			    side_text(r, &k->sides[s - 1]), side_text(r, &k->sides[s]), sign, closes };
			r->closed += closes;
		}
	}
}

/* ---- the whole ---- */

/* What the lake has may lie elsewhere, where a link leads. */
static int
open_stores(struct reconcile *r, struct msg *err)
{
	if (store_open(&r->store, r->lake, err) < 0)
		return -1;
	store_read_outside(r->store);
	return r->run != NULL ? store_open(&r->folder, r->run, err) : 0;
}

int
reconcile_measure(struct reconcile *r, struct msg *err)
{
	struct plan p = { .r = r };
	int status = -1;

	if (open_stores(r, err) < 0 || reconcile_read_sources(r, err) < 0 || plan_checks(r, err) < 0)
		return -1;
	list_orphans(r);
	if (plan_tasks(&p, err) == 0)
		status = reconcile_work(p.tasks, p.ntasks, r, err);
	if (status == 0) {
		take_values(r, &p);
		answer(r);
	}
	plan_free(&p);
	return status;
}

static void
orphans_free(struct reconcile_orphans *o)
{
	while (o->nsums > 0)
		free(o->sums[--o->nsums]);
	free(o->sums);
	free(o->count);
}

void
reconcile_free(struct reconcile *r)
{
	size_t i;

	while (r->nanswers > 0) {
		r->nanswers--;
		free(r->answers[r->nanswers].left);
		free(r->answers[r->nanswers].right);
	}
	for (i = 0; r->values != NULL && i < r->checks.nterms; i++)
		free(r->values[i]);
	while (r->norphans > 0)
		orphans_free(&r->orphans[--r->norphans]);
	for (i = 0; r->sources != NULL && i < r->job->nsources; i++)
		reconcile_source_free(&r->sources[i]);
	job_checks_free(&r->checks);
	store_close(r->folder);
	store_close(r->store);
	free(r->answers);
	free(r->values);
	free(r->orphans);
	free(r->sources);
}
