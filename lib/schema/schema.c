/* Reads a schema, and frees it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/utf8.h"
#include "schema/load.h"

enum { SCHEMA_BYTES_MAX = 1 << 20 };	/* of a schema file */

static int
read_schema(struct schema_loader *l)
{
	struct schema *s = l->schema;
	struct schema_place top;

	if (schema_step(l) == -1 || schema_step(l) == -1)		/* start of the stream, then of the document */
		return -1;
	if (l->event.type == YAML_STREAM_END_EVENT)
		return schema_fault(l, schema_here(l), "empty file", NULL);
	if (schema_step(l) == -1)
		return -1;
	top = schema_here(l);
	if (l->event.type != YAML_MAPPING_START_EVENT)
		return schema_fault(l, top, "expected a schema's words", NULL);
	if (schema_file_read(l) == -1)
		return -1;
	if (s->name == NULL)
		return schema_fault(l, top, "missing word of a schema", "name");
	if (s->ncolumns == 0)
		return schema_fault(l, top, "missing word of a schema", "columns");
	/* end of document and stream */
	if (schema_file_check(l) == -1 || schema_expect_check(l) == -1 || schema_step(l) == -1 || schema_step(l) == -1)
		return -1;
	if (l->event.type != YAML_STREAM_END_EVENT)
		return schema_fault(l, schema_here(l), "more than one document", NULL);
	return 0;
}

int
schema_parse(struct schema *s, const void *text, size_t n, const char *name, struct msg *err)
{
	struct schema_loader l = { .name = name, .schema = s, .err = err };
	const uint8_t *p = text;
	size_t at, len;
	int status;

	*s = (struct schema){ .delimiter = ',', .quote = '"', .header = true, .header_line = 1 };
	s->path = xstrdup(name);
	if (n > SCHEMA_BYTES_MAX)
		return msg_set(err, EX_CONFIG, "%s: larger than 1 MiB: not a schema", name);
	for (at = 0; at < n && (len = utf8_len(p + at, n - at)) > 0; at += len)
		continue;
	if (at < n)
		return schema_fault(&l, schema_place_of(p, at), "not UTF-8", NULL);
	if (!yaml_parser_initialize(&l.yaml))
		return msg_set(err, EX_OSERR, "%s: out of memory", name);
	yaml_parser_set_encoding(&l.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l.yaml, p, n);
	status = read_schema(&l);
	yaml_event_delete(&l.event);
	yaml_parser_delete(&l.yaml);
	schema_texts_free(&l.keys);
	schema_texts_free(&l.sums);
	schema_texts_free(&l.signs);
	return status;
}

int
schema_read(struct schema *s, const char *path, struct msg *err)
{
	struct buf text = { 0 };
	ssize_t got = -1;
	int fd, status = -1;

	*s = (struct schema){ .delimiter = ',', .quote = '"', .header = true, .header_line = 1 };
	if ((fd = io_open(path, err)) == -1)
		return -1;
	while (text.len <= SCHEMA_BYTES_MAX &&
	    (got = io_read(fd, buf_room(&text, 65536), 65536, io_in_name(path), err)) > 0)
		text.len += (size_t)got;
	if (got != -1)
		status = schema_parse(s, buf_cstr(&text), text.len, io_in_name(path), err);
	if (fd != 0)
		close(fd);
	buf_free(&text);
	return status;
}

static void
free_list(struct schema_list *list)
{
	while (list->n > 0)
		free(list->word[--list->n]);
	free(list->word);
}

static void
free_pairs(struct schema_pairs *p)
{
	while (p->n > 0) {
		struct schema_pair *last = &p->pair[--p->n];

		regex_free(last->regex);
		free(last->from);
		free(last->to);
	}
	free(p->pair);
}

static void
free_sign(struct schema_sign *s)
{
	free_list(&s->negative);
	free_list(&s->positive);
	free(s->column);
}

static void
free_column(struct schema_column *c)
{
	regex_free(c->regex);
	free_list(&c->sources);
	free_list(&c->nulls);
	free_list(&c->true_values);
	free_list(&c->false_values);
	free_list(&c->allowed);
	free_pairs(&c->replace);
	free_pairs(&c->map);
	free(c->name);
	free(c->default_text);
	free(c->minimum);
	free(c->maximum);
	free(c->exclusive_minimum);
	free(c->exclusive_maximum);
	free(c->title);
	free(c->description);
	free(c->pattern);
	free(c->formats);
	free_list(&c->format_texts);
	val_notation_free(c->notation);
	val_zone_free(c->zone);
	free(c->compute.text);
	free_sign(&c->sign);
	free(c->references_table);
	free(c->references_column);
}

static void
free_expect(struct schema_expect *e)
{
	while (e->nsums > 0)
		free(e->sums[--e->nsums].limit.text);
	free(e->sums);
	free(e->rows_text);
	free(e->rejected.text);
	free(e->rows_change.text);
}

void
schema_free(struct schema *s)
{
	free_expect(&s->expect);
	while (s->nrules > 0) {
		free(s->rules[--s->nrules].name);
		free(s->rules[s->nrules].expr.text);
	}
	free(s->rules);
	free(s->where.text);
	while (s->ncolumns > 0)
		free_column(&s->columns[--s->ncolumns]);
	free(s->columns);
	schema_references_free(s);
	free_list(&s->nulls);
	regex_free(s->footer_regex);
	free(s->footer_pattern);
	free(s->comment);
	free(s->sequence);
	free(s->encoding);
	free(s->path);
	free(s->name);
	free(s->file);
	memset(s, 0, sizeof(*s));
}
