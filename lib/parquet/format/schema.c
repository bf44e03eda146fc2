/* Schemas: converts fields to footer elements and back; computes levels. */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "parquet/format/schema.h"

enum { MAX_DEPTH = 32, MAX_SCHEMA = 1 << 28 };	/* maximum depth; maximum bytes of names and paths */

enum pq_shape
pq_shape(enum pq_type type, unsigned precision)
{
	switch (type) {
	case PQ_BOOL:
		return PQ_U8;
	case PQ_INT8:
	case PQ_INT16:
	case PQ_INT32:
	case PQ_UINT8:
	case PQ_UINT16:
	case PQ_DATE:
		return PQ_I32;
	case PQ_DECIMAL:
		return precision <= 18 ? PQ_I64 : PQ_I128;
	case PQ_UINT64:
		return PQ_I128;
	case PQ_FLOAT:
		return PQ_F32;
	case PQ_DOUBLE:
		return PQ_F64;
	case PQ_STRING:
	case PQ_BINARY:
		return PQ_BYTES;
	default:
		return PQ_I64;
	}
}

size_t
pq_shape_size(enum pq_shape shape)
{
	switch (shape) {
	case PQ_U8:
		return 1;
	case PQ_I32: case PQ_F32:
		return 4;
	case PQ_I64: case PQ_F64:
		return 8;
	case PQ_I128:
		return sizeof(i128);
	case PQ_BYTES:
		return sizeof(struct pq_bytes);
	}
	return 0;
}

const char *
pq_type_name(char *out, enum pq_type type, unsigned precision, unsigned scale)
{
	static const char *const names[] = {
		"bool", "int8", "int16", "int32", "int64", "decimal", "date", "timestamp", "timestamp_ntz", "float",
		    "double", "string", "binary",
		"uint8", "uint16", "uint32", "uint64", "time"
	};

	if (type == PQ_DECIMAL)
		snprintf(out, NUM_TEXT, "decimal(%u,%u)", precision, scale);
	else
		snprintf(out, NUM_TEXT, "%s", names[type]);
	return out;
}

void
pq_schema_free(struct pq_schema *s)
{
	pool_free(&s->pool);
	memset(s, 0, sizeof *s);
}

/* ---- physical types: LogicalTypes.md, both kinds of annotation ---- */

/* Returns the minimum length of a FIXED_LEN_BYTE_ARRAY for a decimal's precision. */
static int32_t
decimal_length(unsigned precision)
{
	i128 most = num_pow10(precision) - 1;
	int32_t n = 1;

	while (n < 16 && most >> (8 * n - 1) != 0)
		n++;
	return n;
}

static void
element_decimal(struct meta_element *e, const struct pq_field *f)
{
	e->type = f->precision <= 9 ? META_INT32 : f->precision <= 18 ? META_INT64 : META_FIXED;
	if (e->type == META_FIXED)
		e->type_length = decimal_length(f->precision);
	e->converted = META_CONV_DECIMAL;
	e->logical = META_LOGICAL_DECIMAL;
	e->scale = e->logical_scale = f->scale;
	e->precision = e->logical_precision = f->precision;
}

static void
element_leaf(struct meta_element *e, const struct pq_field *f)
{
	switch (f->type) {
	case PQ_BOOL:
		e->type = META_BOOLEAN;
		break;
	case PQ_INT8:
	case PQ_INT16:
		e->type = META_INT32;
		e->converted = f->type == PQ_INT8 ? META_CONV_INT_8 : META_CONV_INT_16;
		e->logical = META_LOGICAL_INTEGER;
		e->bits = f->type == PQ_INT8 ? 8 : 16;
		e->is_signed = true;
		break;
	case PQ_INT32:
		e->type = META_INT32;
		break;
	case PQ_INT64:
		e->type = META_INT64;
		break;
	case PQ_DECIMAL:
		element_decimal(e, f);
		break;
	case PQ_DATE:
		e->type = META_INT32;
		e->converted = META_CONV_DATE;
		e->logical = META_LOGICAL_DATE;
		break;
	case PQ_TIMESTAMP:
	case PQ_TIMESTAMP_NTZ:
		e->type = META_INT64;
		e->converted = META_CONV_TIMESTAMP_MICROS;
		e->logical = META_LOGICAL_TIMESTAMP;
		e->utc = f->type == PQ_TIMESTAMP;
		e->unit = 2;
		break;
	case PQ_FLOAT:
		e->type = META_FLOAT;
		break;
	case PQ_DOUBLE:
		e->type = META_DOUBLE;
		break;
	case PQ_STRING:
		e->type = META_BYTE_ARRAY;
		e->converted = META_CONV_UTF8;
		e->logical = META_LOGICAL_STRING;
		break;
	default:
		e->type = META_BYTE_ARRAY;
	}
}

static struct meta_element
element_of(const struct pq_field *f)
{
	struct meta_element e = { .type = META_GROUP, .converted = META_CONV_NONE, .id = f->id,
	    .repetition = (int)f->repetition };

	e.name = (struct pq_bytes){ (const uint8_t *)f->name, strlen(f->name) };
	if (f->children == 0) {
		element_leaf(&e, f);
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
	struct meta_element *e = pool_alloc(&s->pool, (s->nfields + 1) * sizeof *e);
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

/* ---- types of stored columns ---- */

static void
refuse(struct pq_schema *s, struct pq_column *c, const char *fmt, long a, long b)
{
	char text[80];

	if (c->refused == NULL) {
		snprintf(text, sizeof text, fmt, a, b);
		c->refused = pool_copy(&s->pool, text, strlen(text) + 1);
	}
}

static void
decimal_column(struct pq_schema *s, struct pq_column *c, const struct meta_element *e)
{
	int32_t precision = e->logical_precision, scale = e->logical_scale;

	c->type = PQ_DECIMAL;
	if (precision < 1 || precision > NUM_DIGITS || scale < 0 || scale > precision) {
		refuse(s, c, "decimal(%ld,%ld)", precision, scale);
		return;
	}
	c->precision = (uint8_t)precision;
	c->scale = (uint8_t)scale;
}

static enum pq_type
integer_type(int bits, bool is_signed, enum pq_type otherwise)
{
	switch (bits) {
	case 8: return is_signed ? PQ_INT8 : PQ_UINT8;
	case 16: return is_signed ? PQ_INT16 : PQ_UINT16;
	case 32: return is_signed ? PQ_INT32 : PQ_UINT32;
	case 64: return is_signed ? PQ_INT64 : PQ_UINT64;
	default: return otherwise;
	}
}

/* Returns the logical type for a converted type, for files with only the latter. */
static int
logical_of_converted(struct meta_element *e)
{
	switch (e->converted) {
	case META_CONV_UTF8: return META_LOGICAL_STRING;
	case META_CONV_ENUM: return META_LOGICAL_ENUM;
	case META_CONV_JSON: return META_LOGICAL_JSON;
	case META_CONV_DECIMAL: e->logical_scale = e->scale; e->logical_precision =
	    e->precision; return META_LOGICAL_DECIMAL;
	case META_CONV_DATE: return META_LOGICAL_DATE;
	case META_CONV_TIME_MILLIS: e->unit = 1; return META_LOGICAL_TIME;
	case META_CONV_TIME_MICROS: e->unit = 2; return META_LOGICAL_TIME;
	case META_CONV_TIMESTAMP_MILLIS: e->unit = 1; e->utc = true; return META_LOGICAL_TIMESTAMP;
	case META_CONV_TIMESTAMP_MICROS: e->unit = 2; e->utc = true; return META_LOGICAL_TIMESTAMP;
	case META_CONV_UINT_8: e->bits = 8; return META_LOGICAL_INTEGER;
	case META_CONV_UINT_16: e->bits = 16; return META_LOGICAL_INTEGER;
	case META_CONV_UINT_32: e->bits = 32; return META_LOGICAL_INTEGER;
	case META_CONV_UINT_64: e->bits = 64; return META_LOGICAL_INTEGER;
	case META_CONV_INT_8: e->bits = 8; e->is_signed = true; return META_LOGICAL_INTEGER;
	case META_CONV_INT_16: e->bits = 16; e->is_signed = true; return META_LOGICAL_INTEGER;
	case META_CONV_INT_32: e->bits = 32; e->is_signed = true; return META_LOGICAL_INTEGER;
	case META_CONV_INT_64: e->bits = 64; e->is_signed = true; return META_LOGICAL_INTEGER;
	default: return META_LOGICAL_NONE;
	}
}

static void
set_unit(struct pq_schema *s, struct pq_column *c, const struct meta_element *e)
{
	c->unit = e->unit == 1 ? PQ_MILLIS : e->unit == 2 ? PQ_MICROS : PQ_NANOS;
	if (e->unit < 1 || e->unit > 3)
		refuse(s, c, "an unknown time unit (%ld)", e->unit, 0);
}

static void
integer_column(struct pq_schema *s, struct pq_column *c, const struct meta_element *e)
{
	bool wide = e->type == META_INT64;

	c->type = wide ? PQ_INT64 : PQ_INT32;
	if (e->logical == META_LOGICAL_INTEGER && (e->bits == 64) == wide)
		c->type = integer_type(e->bits, e->is_signed, c->type);
	else if (e->logical == META_LOGICAL_DECIMAL)
		decimal_column(s, c, e);
	else if (e->logical == META_LOGICAL_DATE && !wide)
		c->type = PQ_DATE;
	else if (e->logical == META_LOGICAL_TIME) {
		c->type = PQ_TIME;
		set_unit(s, c, e);
	} else if (e->logical == META_LOGICAL_TIMESTAMP && wide) {
		c->type = e->utc ? PQ_TIMESTAMP : PQ_TIMESTAMP_NTZ;
		set_unit(s, c, e);
	}
}

static void
bytes_column(struct pq_schema *s, struct pq_column *c, const struct meta_element *e)
{
	bool fixed = e->type == META_FIXED;

	c->type = PQ_BINARY;
	if (fixed && e->type_length <= 0)
		refuse(s, c, "values of %ld bytes", e->type_length, 0);
	if (e->logical == META_LOGICAL_DECIMAL)
		decimal_column(s, c, e);
	else if (fixed && e->logical == META_LOGICAL_FLOAT16 && e->type_length == 2)
		c->type = PQ_FLOAT;
	else if (!fixed && (e->logical == META_LOGICAL_STRING || e->logical == META_LOGICAL_ENUM ||
	    e->logical == META_LOGICAL_JSON))
		c->type = PQ_STRING;
}

/* Derives type, precision, scale, unit, shape and refused from the column's element. */
static void
column_type(struct pq_schema *s, struct pq_column *c, struct meta_element *e)
{
	int old;

	if ((e->logical == META_LOGICAL_NONE || !meta_logical_known(e->logical)) &&
	    (old = logical_of_converted(e)) != META_LOGICAL_NONE)
		e->logical = old;
	switch (e->type) {
	case META_BOOLEAN:
		c->type = PQ_BOOL;
		break;
	case META_INT32:
	case META_INT64:
		integer_column(s, c, e);
		break;
	case META_INT96:
		c->type = PQ_TIMESTAMP;
		c->unit = PQ_INT96;
		break;
	case META_FLOAT:
		c->type = PQ_FLOAT;
		break;
	case META_DOUBLE:
		c->type = PQ_DOUBLE;
		break;
	case META_BYTE_ARRAY:
	case META_FIXED:
		bytes_column(s, c, e);
		break;
	default:
		refuse(s, c, "an unknown physical type (%ld)", e->type, 0);
	}
	c->shape = pq_shape(c->type, c->precision);
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

	path->n = w->depth;
	path->names = pool_copy(&s->pool, w->names, w->depth * sizeof *w->names);
	*c = (struct pq_column){ .name = f->name, .path = joined(&s->pool, w->names, w->depth), .top = w->depth == 1 &&
	    w->rep == 0, .id = f->id,
	    .field = at };
	column_type(s, c, &s->elements[s->ncolumns]);
	if (w->rep > PQ_MAX_REP)
		refuse(s, c, "a repetition level of %ld", w->rep, 0);
	if (w->def > PQ_MAX_DEF)
		refuse(s, c, "a definition level of %ld", w->def, 0);
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
	s->columns = pool_alloc(&s->pool, nleaves * sizeof *s->columns);
	s->paths = pool_alloc(&s->pool, nleaves * sizeof *s->paths);
	while (w.at < s->nfields)
		if (walk_field(&w) == -1)
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

	memset(s, 0, sizeof *s);
	s->fields = pool_alloc(&s->pool, (n + 1) * sizeof *fields);
	s->elements = pool_alloc(&s->pool, (n + 1) * sizeof *s->elements);
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
	if (add_columns(s, leaves, name, err) == -1)
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

	memset(s, 0, sizeof *s);
	s->fields = pool_alloc(&s->pool, n * sizeof *s->fields);
	s->elements = pool_alloc(&s->pool, n * sizeof *s->elements);
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
	if (add_columns(s, leaves, name, err) == -1)
		return -1;
	for (i = 0; i < s->ncolumns; i++) {
		f = &s->fields[s->columns[i].field];
		f->type = s->columns[i].type;
		f->precision = s->columns[i].precision;
		f->scale = s->columns[i].scale;
	}
	return 0;
}
