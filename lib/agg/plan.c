/* Plans the state's cells for the requested aggregates. */
#include <stdlib.h>
#include <string.h>

#include "agg/agg.h"

/* Lists the columns as "a, b, c", for a message. */
static void
list_columns(const struct rec_header *h, struct buf *out)
{
	size_t i;

	for (i = 0; i < h->ncolumns; i++)
		buf_addf(out, "%s%s", i > 0 ? ", " : "", h->columns[i].name);
	buf_cstr(out);
}

static int
find_column(const struct rec_header *h, const char *text, const char *name, size_t *at, struct msg *err)
{
	struct buf list = { 0 };
	struct near near;
	int i = rec_header_find(h, name);

	if (i >= 0) {
		*at = (size_t)i;
		return 0;
	}
	list_columns(h, &list);
	near = rec_near(h, name);
	msg_set(err, EX_USAGE, "%s: no column %s%s columns are: %s", text, msg_quotes(name), near_hint_before(&near),
	    (const char *)list.p);
	buf_free(&list);
	return -1;
}

static bool
is_sum(enum agg_function f)
{
	return f == AGG_SUM || f == AGG_CREDIT || f == AGG_DEBIT || f == AGG_NET;
}

static bool
is_sided(enum agg_function f)
{
	return f == AGG_CREDIT || f == AGG_DEBIT || f == AGG_NET;
}

static bool
is_wide(struct val_type t)
{
	return val_of(t)->form == VAL_AS_INT && !val_is_narrow(t);
}

/* Chooses the type of a sum: ten more digits, enough for 10^10 of the largest value. */
static int
sum_type(struct agg_item *item, struct val_type t, struct msg *err)
{
	char name[NUM_TEXT];

	if (t.kind == VAL_DECIMAL) {
		item->type = t;
		item->type.precision = t.precision + 10 < NUM_DIGITS ? t.precision + 10 : NUM_DIGITS;
		return 0;
	}
	item->type = (struct val_type){ VAL_INT64, 0, 0 };
	if (val_is_exact(t))
		return 0;
	name[val_type_put(name, t)] = '\0';
	return msg_set(err, EX_USAGE, "%s: column %s is %s: only integers and decimals have an exact sum",
	    msg_quotes(item->text), msg_quotes(item->column_name), name);
}

/* Sets columns, type and nullability of an item. */
static int
resolve(struct agg_item *item, const struct rec_header *h, bool keyed, struct msg *err)
{
	const struct rec_column *c;

	item->type = (struct val_type){ VAL_INT64, 0, 0 };
	item->required = true;
	item->column = item->by = item->seen = AGG_NONE;
	if (item->function == AGG_ROWS)
		return 0;
	if (find_column(h, item->text, item->column_name, &item->column, err) == -1)
		return -1;
	if (item->by_name != NULL && find_column(h, item->text, item->by_name, &item->by, err) == -1)
		return -1;
	c = &h->columns[item->column];
	if (item->function == AGG_COUNT || item->function == AGG_DISTINCT)
		return 0;
	if (is_sum(item->function))
		return sum_type(item, c->type, err);
	item->type = c->type;
	item->required = keyed && c->required && (item->by == AGG_NONE || h->columns[item->by].required);
	return 0;
}

static size_t
add_source(struct agg *a, const struct rec_header *h, size_t column, bool decoded)
{
	struct agg_source *s;
	size_t i;

	for (i = 0; i < a->nsources && a->sources[i].column != column; i++)
		continue;
	if (i == a->nsources) {
		a->sources = xreallocarray(a->sources, ++a->nsources, sizeof(*a->sources));
		memset(&a->sources[i], 0, sizeof(*a->sources));
	}
	s = &a->sources[i];
	s->column = column;
	s->nullable = !h->columns[column].required;
	s->type = h->columns[column].type;
	s->decoded = s->decoded || decoded;
	return i;
}

/* Returns the cell of a kind for a column, adding it if it is missing. */
static size_t
add_cell_of(struct agg *a, const struct rec_header *h, enum agg_kind kind, size_t column, size_t by, bool is_gone)
{
	size_t i, from = by != AGG_NONE ? by : column;
	struct agg_cell *c;

	for (i = 0; i < a->ncells; i++) {
		if (a->cells[i].kind == kind && a->cells[i].column == column && a->cells[i].by == by &&
		    a->cells[i].is_gone == is_gone)
			return i;
	}
	a->cells = xreallocarray(a->cells, a->ncells + 1, sizeof(*a->cells));
	c = &a->cells[a->ncells++];
	*c = (struct agg_cell){ .kind = kind, .column = column, .by = by, .source = AGG_NONE, .carry = a->ncarries,
	    .update = agg_updater_of(kind), .gone = AGG_NONE, .is_gone = is_gone };
	if (from != AGG_NONE)
		c->source = add_source(a, h, from, kind != CELL_COUNT && by == AGG_NONE);
	if (kind == CELL_SIDES || kind == CELL_SIDES_WIDE)
		a->ncarries += 2;
	else if (kind == CELL_COUNT || kind == CELL_SUM || kind == CELL_SUM_WIDE)
		a->ncarries++;
	return i;
}

static size_t
add_cell(struct agg *a, const struct rec_header *h, enum agg_kind kind, size_t column, size_t by)
{
	return add_cell_of(a, h, kind, column, by, false);
}

/* Adds the cell of a copied extreme; with states also that of what was taken away. */
static size_t
add_copy(struct agg *a, const struct rec_header *h, enum agg_kind kind, size_t column, size_t by)
{
	size_t cell = add_cell(a, h, kind, column, by), gone;

	if (a->has_states) {
		gone = add_cell_of(a, h, kind, AGG_NONE, by, true);
		a->cells[cell].gone = gone;
	}
	return cell;
}

/* Adds a count of records, or of records where a column is not null; the same if it never is. */
static size_t
add_count(struct agg *a, const struct rec_header *h, size_t column)
{
	if (column != AGG_NONE && h->columns[column].required)
		column = AGG_NONE;
	return add_cell(a, h, CELL_COUNT, column, AGG_NONE);
}

/* Is an extreme of this type kept as its bytes, which are their own `by`? */
static bool
is_copied(const struct agg *a, struct val_type t)
{
	return a->has_states || val_of(t)->form == VAL_AS_TEXT;
}

static size_t
add_extreme(struct agg *a, const struct rec_header *h, size_t column, bool max)
{
	struct val_type t = h->columns[column].type;

	if (is_copied(a, t))
		return add_copy(a, h, max ? CELL_LAST : CELL_FIRST, AGG_NONE, column);
	if (is_wide(t))
		return add_cell(a, h, max ? CELL_MAX_WIDE : CELL_MIN_WIDE, column, AGG_NONE);
	if (val_is_small(t))
		return add_cell(a, h, max ? CELL_MAX32 : CELL_MIN32, column, AGG_NONE);
	return add_cell(a, h, max ? CELL_MAX64 : CELL_MIN64, column, AGG_NONE);
}

static bool
has_sides(const struct agg *a, size_t column)
{
	size_t i;

	for (i = 0; i < a->nitems; i++) {
		if (is_sided(a->items[i].function) && a->items[i].column == column)
			return true;
	}
	return false;
}

static void
assign_cell(struct agg *a, const struct rec_header *h, struct agg_item *item, bool keyed)
{
	bool wide = item->column != AGG_NONE && is_wide(h->columns[item->column].type);

	switch (item->function) {
	case AGG_ROWS:
	case AGG_COUNT:
	case AGG_DISTINCT:
	case AGG_LOW:
	case AGG_HIGH:
	case AGG_DISC:
	case AGG_LIST:
		item->cell = add_count(a, h, item->column);
		break;
	case AGG_SUM:
	case AGG_CREDIT:
	case AGG_DEBIT:
	case AGG_NET:
		if (has_sides(a, item->column))
			item->cell = add_cell(a, h, wide ? CELL_SIDES_WIDE : CELL_SIDES, item->column, AGG_NONE);
		else
			item->cell = add_cell(a, h, wide ? CELL_SUM_WIDE : CELL_SUM, item->column, AGG_NONE);
		break;
	case AGG_MIN:
	case AGG_MAX:
		item->cell = add_extreme(a, h, item->column, item->function == AGG_MAX);
		if (!is_copied(a, h->columns[item->column].type) && !(keyed && h->columns[item->column].required))
			item->seen = add_count(a, h, item->column);
		break;
	case AGG_FIRST:
	case AGG_LAST:
		item->cell = add_copy(a, h, item->function == AGG_LAST ? CELL_LAST : CELL_FIRST, item->column,
		    item->by);
		break;
	}
}

static size_t
cell_size(enum agg_kind kind)
{
	switch (kind) {
	case CELL_SIDES_WIDE:
		return 32;
	case CELL_SIDES:
	case CELL_SUM_WIDE:
	case CELL_MIN_WIDE:
	case CELL_MAX_WIDE:
		return 16;
	case CELL_COUNT:
	case CELL_MIN32:
	case CELL_MAX32:
		return 4;
	default:
		return 8;
	}
}

/* Sets a minimum or maximum to its identity, which any value replaces. */
static void
start_cell(uint8_t *at, enum agg_kind kind)
{
	const i128 greatest = (i128)(~(u128)0 >> 1);

	switch (kind) {
	case CELL_MIN32:
		memcpy(at, &(int32_t){ INT32_MAX }, 4);
		break;
	case CELL_MAX32:
		memcpy(at, &(int32_t){ INT32_MIN }, 4);
		break;
	case CELL_MIN64:
		memcpy(at, &(int64_t){ INT64_MAX }, 8);
		break;
	case CELL_MAX64:
		memcpy(at, &(int64_t){ INT64_MIN }, 8);
		break;
	case CELL_MIN_WIDE:
		agg_store_wide(at, greatest);
		break;
	case CELL_MAX_WIDE:
		agg_store_wide(at, -greatest - 1);
		break;
	default:
		break;
	}
}

/* Places cells of 8 bytes and more first, for alignment. */
static void
lay_out(struct agg *a)
{
	size_t i, pass;

	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < a->ncells; i++) {
			if ((cell_size(a->cells[i].kind) == 4) != (pass == 1))
				continue;
			a->cells[i].at = a->size;
			a->size += cell_size(a->cells[i].kind);
		}
	}
	a->size = (a->size + 7) / 8 * 8;
	a->start = xcalloc(1, a->size + 1);
	for (i = 0; i < a->ncells; i++)
		start_cell(a->start + a->cells[i].at, a->cells[i].kind);
	a->carries = xcalloc(a->ncarries + 1, sizeof(*a->carries));
}

/* Gives a source arrays of its own for records that are not all of a chunk. */
static void
allocate_own(struct agg_source *s)
{
	s->own_ids = xreallocarray(NULL, AGG_CHUNK, sizeof(*s->own_ids));
	s->own_at = xreallocarray(NULL, AGG_CHUNK, sizeof(*s->own_at));
	s->own_side = xcalloc(AGG_CHUNK, 1);
}

static void
free_source(struct agg_source *s)
{
	free(s->v);
	free(s->w);
	free(s->own_ids);
	free(s->own_at);
	free(s->own_side);
}

static void
allocate_sources(struct agg *a)
{
	struct agg_source *s;
	size_t i;

	a->each = xreallocarray(NULL, AGG_CHUNK, sizeof(*a->each));
	for (i = 0; i < AGG_CHUNK; i++)
		a->each[i] = (uint32_t)i;
	a->sides = xcalloc(AGG_CHUNK, 1);
	for (s = a->sources; s < a->sources + a->nsources; s++) {
		if (s->decoded && is_wide(s->type))
			s->w = xreallocarray(NULL, AGG_CHUNK, sizeof(*s->w));
		else if (s->decoded)
			s->v = xreallocarray(NULL, AGG_CHUNK, sizeof(*s->v));
		if (s->nullable)
			allocate_own(s);
	}
	if (!a->has_states)
		return;
	allocate_own(&a->half);
	a->half.v = xreallocarray(NULL, AGG_CHUNK, sizeof(*a->half.v));
	a->half.w = xreallocarray(NULL, AGG_CHUNK, sizeof(*a->half.w));
	a->minus = xcalloc(AGG_CHUNK, 1);
}

/* Encodes a credit or debit value in the column's type. */
static int
side_value(struct buf *out, const char *option, const char *text, const char *column, struct val_type t,
    struct msg *err)
{
	char name[NUM_TEXT];

	if (!val_parse(t, text, strlen(text), out)) {
		name[val_type_put(name, t)] = '\0';
		return msg_set(err, EX_USAGE, "%s %s: column %s is %s", option, msg_quotes(text), msg_quotes(column),
		    name);
	}
	memset(buf_room(out, VAL_PAD), 0, VAL_PAD);
	return 0;
}

static bool
is_same(const struct buf *a, const struct buf *b)
{
	return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

/* Encodes the values of one side; a value may occur once, on one side. */
static int
side_values(struct agg *a, const struct agg_sides *sides, unsigned side, struct val_type t, struct msg *err)
{
	const char *option = side == 0 ? "--credit" : "--debit";
	size_t i, k;
	unsigned other;

	for (i = 0; i < sides->nwords[side]; i++) {
		if (side_value(&a->side[side][i], option, sides->words[side][i], sides->column, t, err) == -1)
			return -1;
		a->nside[side]++;
		for (other = 0; other <= side; other++)
			for (k = 0; k < (other == side ? i : a->nside[other]); k++)
				if (is_same(&a->side[side][i], &a->side[other][k]))
					return other == side ?
					    msg_set(err, EX_USAGE, "%s %s is given twice", option,
					    msg_quotes(sides->words[side][i])) :
					    msg_set(err, EX_USAGE, "--credit and --debit are the same value: %s",
					    msg_quotes(sides->words[side][i]));
	}
	return 0;
}

static int
plan_sides(struct agg *a, const struct rec_header *h, const struct agg_sides *sides, struct msg *err)
{
	const struct agg_item *needs = NULL;
	struct val_type t;
	size_t i;

	for (i = a->nitems; i-- > 0; ) {
		if (is_sided(a->items[i].function))
			needs = &a->items[i];
	}
	if (needs == NULL && (sides->column != NULL || sides->nwords[0] > 0 || sides->nwords[1] > 0))
		return msg_set(err, EX_USAGE, "--side, --credit and --debit are for the functions credit, debit and "
		    "net, none of which is used");
	if (needs == NULL)
		return 0;
	if (sides->column == NULL || sides->nwords[0] == 0 || sides->nwords[1] == 0)
		return msg_set(err, EX_USAGE, "%s: needs --side, --credit and --debit", msg_quotes(needs->text));
	if (find_column(h, "--side", sides->column, &a->side_column, err) == -1)
		return -1;
	t = h->columns[a->side_column].type;
	if (side_values(a, sides, 0, t, err) == -1 || side_values(a, sides, 1, t, err) == -1)
		return -1;
	return 0;
}

int
agg_plan(struct agg *a, const struct rec_header *h, struct agg_item *items, size_t nitems,
    const struct agg_sides *sides, unsigned how, struct msg *err)
{
	bool keyed = how & AGG_KEYED;
	size_t i;

	memset(a, 0, sizeof(*a));
	a->items = items;
	a->nitems = nitems;
	a->has_states = how & AGG_STATES;
	a->side_column = a->change_column = AGG_NONE;
	for (i = 0; i < nitems; i++) {
		if (resolve(&items[i], h, keyed, err) == -1)
			return -1;
		if (a->has_states && agg_is_of_values(items[i].function))
			return msg_set(err, EX_USAGE, "%s: has no states that add up", msg_quotes(items[i].text));
	}
	if (plan_sides(a, h, sides, err) == -1)
		return -1;
	if (a->has_states)
		(void)add_count(a, h, AGG_NONE);	/* cell 0: without records a group is gone */
	for (i = 0; i < nitems; i++)
		assign_cell(a, h, &items[i], keyed);
	lay_out(a);
	allocate_sources(a);
	a->put_max = nitems * (VAL_WIDE_MAX + 1);
	a->words = xcalloc(nitems + 1, sizeof(*a->words));
	return 0;
}

void
agg_free(struct agg *a)
{
	struct agg_source *s;
	size_t i;

	for (s = a->sources; s != NULL && s < a->sources + a->nsources; s++)
		free_source(s);
	free_source(&a->half);
	free(a->minus);
	for (i = 0; a->carries != NULL && i < a->ncarries; i++)
		free(a->carries[i]);
	for (i = 0; i < 2 * AGG_SIDE_WORDS; i++)
		buf_free(&a->side[i / AGG_SIDE_WORDS][i % AGG_SIDE_WORDS]);
	pool_free(&a->pool);
	free(a->carries);
	free(a->sources);
	free(a->cells);
	free(a->sides);
	free(a->each);
	free(a->start);
	free(a->states);
	free(a->words);
	memset(a, 0, sizeof(*a));
}
