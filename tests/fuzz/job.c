/*
 * Any bytes as the checks of a job: refused with a place inside the text, or taken; what is taken, written out from its
 * parts, is taken again and has the same parts.
 */
#include <stdlib.h>
#include <string.h>

#include "job/job.h"

static struct job job;
static struct job_source sources[2];
static struct job_gold gold = { .name = (char *)"turnover" };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
add_source(struct job_source *s, const char *text)
{
	struct msg err = { 0 };

	if (schema_parse(&s->schema, text, strlen(text), "schema", &err) < 0)
		abort();
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct job_reference reference;
	static size_t column = 1, other;

	(void)argc;
	(void)argv;
	add_source(&sources[0], "name: shops\ncolumns:\n  - {name: id, type: int64, key: yes}\n");
	add_source(&sources[1], "name: sales\ncolumns:\n  - {name: id, type: int64, key: yes}\n"
	    "  - {name: shop, type: int64}\n  - {name: amount, type: 'decimal(18,2)'}\n"
	    "  - {name: a b, type: string}\n");
	reference = (struct job_reference){ .columns = &column, .others = &other, .n = 1 };
	sources[1].references = &reference;
	sources[1].nreferences = 1;
	job = (struct job){ .sources = sources, .nsources = 2, .gold = &gold, .ngold = 1 };
	return 0;
}

/* Writes checks as lines. A column in quotes is shown without them, so such a check has no text. */
static bool
put(const struct job_checks *c, struct buf *out)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct job_check *k = &c->checks[i];

		buf_addf(out, "%s:", k->label);
		for (size_t s = 0; s < k->nsides; s++) {
			buf_addf(out, " %s", s > 0 ? k->signs[s - 1] : "");
			for (size_t p = 0; p < k->sides[s].n; p++) {
				const struct job_part *part = &k->sides[s].parts[p];
				const struct job_term *t = part->number == NULL ? &c->terms[part->term] : NULL;

				if (t != NULL && t->column != NULL && strpbrk(t->column, " \t\r\"()'") != NULL)
					return false;
				if (t != NULL && t->by != NULL && strpbrk(t->by, " \t\r\"()'") != NULL)
					return false;
				buf_addf(out, " %s %s", part->minus ? "-" : p > 0 ? "+" : "",
				    t != NULL ? t->text : part->number);
			}
		}
		buf_addc(out, '\n');
	}
	return true;
}

static void
compare(const struct job_checks *a)
{
	struct job_checks b = { 0 };
	struct buf first = { 0 }, second = { 0 };
	struct msg err = { 0 };

	if (put(a, &first)) {
		if (job_checks_parse(&b, &job, (const char *)first.p, first.len, "checks", &err) < 0 ||
		    !put(&b, &second) || first.len != second.len ||
		    (first.len > 0 && memcmp(first.p, second.p, first.len) != 0) || a->nterms != b.nterms)
			abort();
	}
	job_checks_free(&b);
	buf_free(&first);
	buf_free(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct job_checks c = { 0 };
	struct msg err = { 0 };

	if (size > 1000)
		return 0;
	if (job_checks_parse(&c, &job, (const char *)data, size, "checks", &err) == 0)
		compare(&c);
	else if (err.status != EX_CONFIG || strncmp(err.text, "checks:", 7) != 0)
		abort();
	job_checks_free(&c);
	return 0;
}
