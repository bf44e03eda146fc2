/* Plans a join's output: its columns, their nullability, and how a record is assembled. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "join/join.h"

/* state shared by the planning steps */
struct planning {
	struct join_plan *p;
	const struct join_options *o;
	const struct rec_header *probe, *build;
	const char *probe_name, *build_name;
	const struct join_fill **probe_fill, **build_fill;	/* per column; NULL: no fill value */
	struct msg *err;
};

static bool
is_key(const struct join_keys *keys, size_t column)
{
	for (size_t i = 0; i < keys->n; i++)
		if (keys->idx[i] == column)
			return true;
	return false;
}

static int
check_types(const struct planning *g)
{
	char a[NUM_TEXT + 1], b[NUM_TEXT + 1];

	for (size_t i = 0; i < g->o->nkeys; i++) {
		const struct rec_column *p = &g->probe->columns[g->o->probe_key[i]];
		const struct rec_column *q = &g->build->columns[g->o->build_key[i]];

		if (val_type_equal(p->type, q->type))
			continue;
		a[val_type_put(a, p->type)] = '\0';
		b[val_type_put(b, q->type)] = '\0';
		return msg_set(g->err, EX_USAGE, "keys of different types: %s of %s is %s, %s of %s is %s: "
		    "-k NAME=OTHER joins columns of other names, acct-clean gives text its type", msg_quotes(p->name),
		    g->probe_name, a, msg_quotes(q->name), g->build_name, b);
	}
	return 0;
}

/* Is this build column the sign of a change? */
static bool
is_sign(const struct planning *g, size_t column)
{
	return g->p->build_changes && column == 0;
}

/* Checks that changes of a side are changes of the join. */
static int
check_changes(const struct planning *g)
{
	if (g->p->probe_changes && g->p->type == JOIN_OUTER)
		return msg_set(g->err, EX_USAGE, "%s: a stream of changes: an outer join is for tables", g->probe_name);
	if (g->p->build_changes && g->p->type != JOIN_INNER)
		return msg_set(g->err, EX_USAGE, "%s: a stream of changes: BUILD may be one in an inner join only",
		    g->build_name);
	return 0;
}

/* Checks that the output's column names are unique. */
static int
check_names(const struct planning *g)
{
	for (size_t i = 0; i < g->build->ncolumns; i++) {
		const char *name = g->build->columns[i].name;

		if (is_key(&g->p->build, i) || is_sign(g, i) || rec_header_find(g->probe, name) < 0)
			continue;
		return msg_set(g->err, EX_USAGE, "column %s is in both %s and %s: "
		    "rename it in one of them (acct-select -c new=old)", msg_quotes(name), g->probe_name,
		    g->build_name);
	}
	return 0;
}

/* Offers those of a side's columns that may lack a match and can be filled, which keys cannot. */
static void
try_fills(struct near *near, const struct rec_header *side, const struct join_keys *keys)
{
	for (size_t i = 0; i < side->ncolumns; i++)
		if (!is_key(keys, i))
			near_try(near, side->columns[i].name);
}

static int
no_fill(const struct planning *g, const char *column)
{
	struct near near;

	near_start(&near, column);
	if (join_pairs(g->p->type) && g->p->type != JOIN_INNER)
		try_fills(&near, g->build, &g->p->build);
	if (g->p->type == JOIN_OUTER)
		try_fills(&near, g->probe, &g->p->probe);
	return msg_set(g->err, EX_USAGE, "--fill: %s: no column of this join that can lack a match%s",
	    msg_quotes(column), near_hint(&near));
}

/* Finds the column that a --fill names, among those that may lack a match. */
static int
take_fill(const struct planning *g, const struct join_fill *f)
{
	const struct join_fill **slot = NULL;
	int i;

	if (join_pairs(g->p->type) && g->p->type != JOIN_INNER && (i = rec_header_find(g->build, f->column)) >= 0 &&
	    !is_key(&g->p->build, (size_t)i))
		slot = &g->build_fill[i];
	else if (g->p->type == JOIN_OUTER && (i = rec_header_find(g->probe, f->column)) >= 0 &&
	    !is_key(&g->p->probe, (size_t)i))
		slot = &g->probe_fill[i];
	if (slot == NULL)
		return no_fill(g, f->column);
	if (*slot != NULL)
		return msg_set(g->err, EX_USAGE, "--fill: %s: given twice", msg_quotes(f->column));
	*slot = f;
	return 0;
}

/* Appends the value of a column without match: its fill value or null. */
static int
put_filling(const struct planning *g, const struct rec_column *c, const struct join_fill *f, struct buf *out)
{
	char type[NUM_TEXT + 1];

	if (f == NULL) {
		buf_addc(out, VAL_NULL);
		return 0;
	}
	if (val_parse(c->type, f->value, strlen(f->value), out))
		return 0;
	type[val_type_put(type, c->type)] = '\0';
	return msg_set(g->err, EX_USAGE, "--fill: %s: not a%s %s: %s", msg_quotes(c->name), c->type.kind == VAL_INT32 ||
	    c->type.kind == VAL_INT64 ? "n" : "", type, msg_quotes(f->value));
}

static int
plan_build_columns(const struct planning *g)
{
	struct join_plan *p = g->p;
	bool lone = p->type != JOIN_INNER;

	p->runs = xcalloc(g->build->ncolumns + 1, sizeof(*p->runs));
	for (size_t i = 0; i < g->build->ncolumns; i++) {
		const struct rec_column *c = &g->build->columns[i];

		if (is_key(&p->build, i))
			continue;
		if (!is_sign(g, i))
			rec_header_add(&p->header, c->name, c->type, false,
			    c->required && (!lone || g->build_fill[i] != NULL));
		if (p->nruns > 0 && p->runs[p->nruns - 1].to == i)
			p->runs[p->nruns - 1].to++;
		else
			p->runs[p->nruns++] = (struct join_run){ i, i + 1 };
		buf_addc(&p->absent, '\t');
		if (put_filling(g, c, g->build_fill[i], &p->absent) < 0)
			return -1;
	}
	return 0;
}

/* Plans the probe columns. In an outer join they may lack a match; a key column takes the key of either side. */
static int
plan_probe_columns(const struct planning *g)
{
	struct join_plan *p = g->p;

	p->fields = xcalloc(p->nprobe + 1, sizeof(*p->fields));
	for (size_t i = 0; i < p->nprobe; i++) {
		struct join_field *f = &p->fields[i];

		f->key = -1;
		f->off = p->fillings.len;
		if (put_filling(g, &g->probe->columns[i], g->probe_fill[i], &p->fillings) < 0)
			return -1;
		f->n = p->fillings.len - f->off;
		if (!is_key(&p->probe, i))
			p->header.columns[i].required &= g->probe_fill[i] != NULL;
	}
	for (size_t k = 0; k < p->probe.n; k++) {
		p->fields[p->probe.idx[k]].key = (int)k;
		p->header.columns[p->probe.idx[k]].required &= g->build->columns[p->build.idx[k]].required;
	}
	return 0;
}

/* Returns true if the side's own key is among the join columns, so that no two of its records have equal join keys. */
static bool
is_unique(const struct rec_header *h, const struct join_keys *keys)
{
	bool any = false;

	for (size_t i = 0; i < h->ncolumns; i++) {
		if (h->columns[i].key && !is_key(keys, i))
			return false;
		any |= h->columns[i].key;
	}
	return any;
}

/* Returns true if all join columns are key columns and never null. */
static bool
all_key(const struct rec_header *h, const struct join_keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		if (!h->columns[keys->idx[i]].key || !h->columns[keys->idx[i]].required)
			return false;
	return true;
}

static void
drop_key(struct rec_header *h)
{
	for (size_t i = 0; i < h->ncolumns; i++)
		h->columns[i].key = false;
}

/* Makes the join columns the key: the build's key under the probe's names. */
static void
take_build_key(const struct planning *g)
{
	struct join_plan *p = g->p;

	for (size_t i = 0; i < g->build->ncolumns; i++)
		if (g->build->columns[i].key && !is_key(&p->build, i))
			p->header.columns[rec_header_find(&p->header, g->build->columns[i].name)].key = true;
	for (size_t k = 0; k < p->build.n; k++)
		if (g->build->columns[p->build.idx[k]].key)
			p->header.columns[p->probe.idx[k]].key = true;
}

/* Keeps as output key what is known to identify its records. */
static void
plan_key(const struct planning *g)
{
	struct join_plan *p = g->p;
	bool build_unique = is_unique(g->build, &p->build), probe_unique = is_unique(g->probe, &p->probe);

	if (!join_pairs(p->type))
		return;
	if (p->type == JOIN_OUTER) {
		if (!build_unique || !probe_unique || !all_key(g->probe, &p->probe) || !all_key(g->build, &p->build))
			drop_key(&p->header);
	} else if (!build_unique) {
		drop_key(&p->header);
		if (p->type == JOIN_INNER && probe_unique)
			take_build_key(g);
	}
}

/*
 * Sets the rest of the header: a join's output has no single source; non-UTF-8 bytes on one side are possible in the
 * output.
 */
static void
plan_words(const struct planning *g)
{
	struct rec_header *h = &g->p->header;
	bool change = join_is_change(g->p);
	bool bytes = rec_header_is_bytes(g->probe) || rec_header_is_bytes(g->build);

	if (!join_pairs(g->p->type))
		return;
	for (size_t i = 0; i < h->nwords; i++) {
		free(h->words[i].key);
		free(h->words[i].value);
	}
	h->nwords = 0;
	if (change)
		rec_header_set_word(h, "change", "1");
	if (bytes)
		rec_header_set_word(h, "raw", "1");
}

/* Puts the build's change types before the probe's columns. */
static void
plan_sign(const struct planning *g)
{
	struct rec_header *h = &g->p->header;
	struct rec_column sign;

	rec_header_add(h, g->build->columns[0].name, g->build->columns[0].type, false, true);
	sign = h->columns[h->ncolumns - 1];
	memmove(h->columns + 1, h->columns, (h->ncolumns - 1) * sizeof(*h->columns));
	h->columns[0] = sign;
}

static int
make_plan(const struct planning *g)
{
	struct join_plan *p = g->p;

	if (check_types(g) < 0 || check_changes(g) < 0 || (join_pairs(p->type) && check_names(g) < 0))
		return -1;
	for (size_t i = 0; i < g->o->nfills; i++)
		if (take_fill(g, &g->o->fills[i]) < 0)
			return -1;
	if (p->type == JOIN_INNER || p->type == JOIN_SEMI)
		for (size_t i = 0; i < p->probe.n; i++)		/* a null matches nothing */
			p->header.columns[p->probe.idx[i]].required = true;
	if (p->type == JOIN_OUTER && plan_probe_columns(g) < 0)
		return -1;
	if (join_pairs(p->type) && plan_build_columns(g) < 0)
		return -1;
	if (p->header.ncolumns > REC_MAX_COLUMNS)
		return msg_set(g->err, EX_USAGE, "%zu columns, at most %d", p->header.ncolumns, REC_MAX_COLUMNS);
	plan_key(g);
	plan_words(g);
	if (p->build_changes && !p->probe_changes)
		plan_sign(g);
	return 0;
}

int
join_plan(struct join_plan *p, const struct join_options *o, const struct rec_header *probe, const char *probe_name,
    const struct rec_header *build, const char *build_name, struct msg *err)
{
	struct planning g = { p, o, probe, build, probe_name, build_name, NULL, NULL, err };
	int ret;

	memset(p, 0, sizeof(*p));
	p->type = o->type;
	p->nprobe = probe->ncolumns;
	p->probe_changes = rec_header_is_change(probe);
	p->build_changes = rec_header_is_change(build);
	join_keys_set(&p->probe, o->probe_key, o->nkeys);
	join_keys_set(&p->build, o->build_key, o->nkeys);
	rec_header_copy(&p->header, probe);
	if (o->table != NULL) {
		free(p->header.table);
		p->header.table = xstrdup(o->table);
	}
	g.probe_fill = xcalloc(probe->ncolumns + 1, sizeof(*g.probe_fill));
	g.build_fill = xcalloc(build->ncolumns + 1, sizeof(*g.build_fill));
	ret = make_plan(&g);
	free(g.probe_fill);
	free(g.build_fill);
	return ret;
}

void
join_plan_free(struct join_plan *p)
{
	rec_header_free(&p->header);
	free(p->runs);
	free(p->fields);
	buf_free(&p->absent);
	buf_free(&p->fillings);
	memset(p, 0, sizeof(*p));
}

uint8_t *
join_build_part(const struct join_plan *p, struct rec r, uint8_t *out)
{
	for (size_t i = 0; i < p->nruns; i++) {
		uint32_t from = r.off[p->runs[i].from];
		size_t n = (size_t)(r.off[p->runs[i].to] - from) - 1;

		*out++ = '\t';
		memcpy(out, r.base + from, n);
		out += n;
	}
	return out;
}

void
join_probe_part(const struct join_plan *p, struct rec_field key, struct buf *out)
{
	struct rec_field part[JOIN_MAX_KEYS];
	const uint8_t *end = key.p + key.n;

	for (size_t i = 0; i < p->probe.n; i++) {
		const uint8_t *tab = memchr(key.p, '\t', (size_t)(end - key.p));

		part[i] = (struct rec_field){ key.p, (size_t)((tab != NULL ? tab : end) - key.p) };
		key.p = tab != NULL ? tab + 1 : end;
	}
	for (size_t i = 0; i < p->nprobe; i++) {
		const struct join_field *f = &p->fields[i];

		if (i > 0)
			buf_addc(out, '\t');
		if (f->key >= 0)
			buf_add(out, part[f->key].p, part[f->key].n);
		else
			buf_add(out, p->fillings.p + f->off, f->n);
	}
}
