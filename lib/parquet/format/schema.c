/* Schemas: converts fields to footer elements and back; computes levels. */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "parquet/format/schema.h"
#include "parquet/format/types.h"

enum { MAX_DEPTH = 32, MAX_SCHEMA = 1 << 28 };	/* maximum depth; maximum bytes of names and paths */

void
pq_schema_free(struct pq_schema *s)
{
	pool_free(&s->pool);
	memset(s, 0, sizeof(*s));
}

/* ---- elements ---- */

static struct meta_element
element_of(const struct pq_field *f)
{
	struct meta_element e = { .type = META_GROUP, .converted = META_CONV_NONE, .id = f->id,
	    .repetition = (int)f->repetition };

	e.name = (struct pq_bytes){ (const uint8_t *)f->name, strlen(f->name) };
	if (f->children == 0) {
		types_to_element(&e, f);
	} else {
		e.children = (int32_t)f->children;
		if (f->group == PQ_LIST) {
			e.converted = META_CONV_LIST;
			e.logical = META_LOGICAL_LIST;
		} else if (f->group == PQ_MAP) {
			e.converted = META_CONV_MAP;
			e.logical = META_LOGICAL_MAP;
		}
	}
	return e;
}

struct meta_element *
pq_schema_elements(struct pq_schema *s)
{
	struct meta_element *e = pool_alloc(&s->pool, (s->nfields + 1) * sizeof(*e));
	size_t i, top = 0, leaf = 0, skip, k;

	for (i = 0; i < s->nfields; top++)	/* skips the subtree of each top-level field */
		for (skip = 1; skip > 0; skip--, i++)
			skip += s->fields[i].children;
	e[0] = (struct meta_element){ .type = META_GROUP, .converted = META_CONV_NONE, .repetition = -1,
	    .id = PQ_NO_ID, .children = (int32_t)top };
	e[0].name = (struct pq_bytes){ (const uint8_t *)"schema", 6 };
	for (k = 0; k < s->nfields; k++)
		e[k + 1] = s->fields[k].children == 0 ? s->elements[leaf++] : element_of(&s->fields[k]);
	return e;
}

/* ---- walking the tree ---- */

struct walk {
	struct pq_schema *s;
	size_t at;				/* index of the next field */
	const char *names[MAX_DEPTH];
	unsigned depth, def, rep;
	const char *file;
	struct msg *err;
};

static void
refuse(struct pq_schema *s, struct pq_column *c, const char *why)
{
	if (c->refused == NULL)
		c->refused = pool_copy(&s->pool, why, strlen(why) + 1);
}

static const char *
joined(struct pool *pool, const char *const *names, size_t n)
{
	size_t len = 0, i;
	char *s, *p;

	for (i = 0; i < n; i++)
		len += strlen(names[i]) + 1;
	p = s = pool_alloc(pool, len);
	for (i = 0; i < n; i++) {
		p = stpcpy(p, names[i]);
		*p++ = i + 1 < n ? '.' : '\0';
	}
	return s;
}

static void
add_column(struct walk *w, size_t at)
{
	struct pq_schema *s = w->s;
	const struct pq_field *f = &s->fields[at];
	struct pq_column *c = &s->columns[s->ncolumns];
	struct meta_path *path = &s->paths[s->ncolumns];
	char why[NUM_TEXT];
	const char *bad;

	path->n = w->depth;
	path->names = pool_copy(&s->pool, w->names, w->depth * sizeof(*w->names));
	*c = (struct pq_column){ .name = f->name, .path = joined(&s->pool, w->names, w->depth), .top = w->depth == 1 &&
	    w->rep == 0, .id = f->id,
	    .field = at };
	if ((bad = types_from_element(c, &s->elements[s->ncolumns], why)) != NULL)
		refuse(s, c, bad);
	if (w->rep > PQ_MAX_REP) {
		snprintf(why, sizeof(why), "a repetition level of %u", w->rep);
		refuse(s, c, why);
	}
	if (w->def > PQ_MAX_DEF) {
		snprintf(why, sizeof(why), "a definition level of %u", w->def);
		refuse(s, c, why);
	}
	c->max_def = (uint8_t)(w->def > PQ_MAX_DEF ? PQ_MAX_DEF : w->def);
	c->max_rep = (uint8_t)(w->rep > PQ_MAX_REP ? PQ_MAX_REP + 1 : w->rep);
	s->ncolumns++;
}

/* Visits the field at w->at and its subtree. */
static int
walk_field(struct walk *w)
{
	size_t at = w->at++;
	struct pq_field *f = &w->s->fields[at];
	unsigned i, def = w->def, rep = w->rep;
	int got = 0;

	if (w->depth == MAX_DEPTH)
		return msg_set(w->err, EX_DATAERR, "%s: the schema is nested deeper than %d groups", w->file,
		    MAX_DEPTH);
	if (w->s->pool.used > MAX_SCHEMA)
		return msg_set(w->err, EX_DATAERR, "%s: the names of the schema take more than %d bytes", w->file,
		    MAX_SCHEMA);
	w->names[w->depth++] = f->name;
	w->def += f->repetition != PQ_REQUIRED;
	w->rep += f->repetition == PQ_REPEATED;
	if (f->children == 0)
		add_column(w, at);
	for (i = 0; i < f->children && got == 0; i++)
		got = w->at < w->s->nfields ? walk_field(w)
		    : msg_set(w->err, EX_DATAERR, "%s: group %s has fewer children than declared", w->file,
		        msg_quotes(f->name));
	w->depth--;
	w->def = def;
	w->rep = rep;
	return got;
}

/* Fills in the columns once fields and leaf elements are known. */
static int
add_columns(struct pq_schema *s, size_t nleaves, const char *name, struct msg *err)
{
	struct walk w = { .s = s, .file = name, .err = err };

	if (nleaves == 0)
		return msg_set(err, EX_DATAERR, "%s: the schema has no column", name);
	s->columns = pool_alloc(&s->pool, nleaves * sizeof(*s->columns));
	s->paths = pool_alloc(&s->pool, nleaves * sizeof(*s->paths));
	while (w.at < s->nfields)
		if (walk_field(&w) < 0)
			return -1;
	return 0;
}

static bool
field_ok(const struct pq_field *f)
{
	size_t n = f->name == NULL ? 0 : strlen(f->name);

	if (n == 0 || !utf8_ok(f->name, n) || f->children > 4096)
		return false;
	return f->children > 0 || f->type != PQ_DECIMAL || (f->precision >= 1 && f->precision <= NUM_DIGITS &&
	    f->scale <= f->precision);
}

int
pq_schema_from_fields(struct pq_schema *s, const struct pq_field *fields, size_t n, const char *name, struct msg *err)
{
	size_t i, leaves = 0;

	memset(s, 0, sizeof(*s));
	s->fields = pool_alloc(&s->pool, (n + 1) * sizeof(*fields));
	s->elements = pool_alloc(&s->pool, (n + 1) * sizeof(*s->elements));
	for (i = 0; i < n; i++) {
		if (!field_ok(&fields[i]))
			return msg_set(err, EX_SOFTWARE,
			    "%s: field %zu of the schema has no valid name or no type that can be written", name, i);
		if (fields[i].children == 0 && fields[i].type > PQ_BINARY)
			return msg_set(err, EX_SOFTWARE, "%s: column %s: this type cannot be written", name,
			    msg_quotes(fields[i].name));
		s->fields[i] = fields[i];
		s->fields[i].name = pool_copy(&s->pool, fields[i].name, strlen(fields[i].name) + 1);
		if (fields[i].children == 0)
			s->elements[leaves++] = element_of(&s->fields[i]);
	}
	s->nfields = n;
	if (add_columns(s, leaves, name, err) < 0)
		return -1;
	for (i = 0; i < s->ncolumns; i++)
		if (s->columns[i].refused != NULL)
			return msg_set(err, EX_SOFTWARE, "%s: column %s: %s cannot be written", name,
			    msg_quotes(s->columns[i].path), s->columns[i].refused);
	return 0;
}

static enum pq_group
group_kind(const struct meta_element *e)
{
	if (e->logical == META_LOGICAL_LIST || e->converted == META_CONV_LIST)
		return PQ_LIST;
	if (e->logical == META_LOGICAL_MAP || e->converted == META_CONV_MAP)
		return PQ_MAP;
	return PQ_STRUCT;
}

/* Copies an element's name and adds a NUL. */
static const char *
element_name(struct pool *pool, struct pq_bytes name)
{
	char *s = pool_alloc(pool, name.n + 1);

	if (name.n > 0)
		memcpy(s, name.p, name.n);
	s[name.n] = '\0';
	return s;
}

int
pq_schema_from_elements(struct pq_schema *s, const struct meta_element *e, size_t n, const char *name, struct msg *err)
{
	size_t i, leaves = 0;
	struct pq_field *f;

	memset(s, 0, sizeof(*s));
	s->fields = pool_alloc(&s->pool, n * sizeof(*s->fields));
	s->elements = pool_alloc(&s->pool, n * sizeof(*s->elements));
	for (i = 1; i < n; i++) {
		if (e[i].repetition < 0 || e[i].repetition > 2 || e[i].name.p == NULL || e[i].children < 0 ||
		    (e[i].type == META_GROUP) != (e[i].children > 0))
			return msg_set(err, EX_DATAERR,
			    "%s: element %zu of the schema is neither a column nor a group", name, i);
		if (e[i].name.n > 0 && memchr(e[i].name.p, '\0', e[i].name.n) != NULL)
			return msg_set(err, EX_DATAERR, "%s: element %zu of the schema has a NUL byte in its name",
			    name, i);
		f = &s->fields[s->nfields++];
		*f = (struct pq_field){ .name = element_name(&s->pool, e[i].name),
		    .repetition = (enum pq_repetition)e[i].repetition,
		    .children = (unsigned)e[i].children, .group = group_kind(&e[i]), .id = e[i].id };
		if (f->children == 0)
			s->elements[leaves++] = e[i];
	}
	if (add_columns(s, leaves, name, err) < 0)
		return -1;
	for (i = 0; i < s->ncolumns; i++) {
		f = &s->fields[s->columns[i].field];
		f->type = s->columns[i].type;
		f->precision = s->columns[i].precision;
		f->scale = s->columns[i].scale;
	}
	return 0;
}
