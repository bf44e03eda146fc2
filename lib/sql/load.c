/* Shared by the dialects: validates names, loops over records, writes the output. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/utf8.h"
#include "sql/dialect.h"

enum { FLUSH_AT = 256 * 1024 };

const struct sql_dialect *const sql_dialects[] = { &sql_sqlite, &sql_postgres, &sql_synapse, &sql_fabric,
	&sql_sqlserver, NULL };

const struct sql_dialect *
sql_dialect_find(const char *name)
{
	const struct sql_dialect *const *d;

	for (d = sql_dialects; *d != NULL && strcmp((*d)->name, name) != 0; d++)
		;
	return *d;
}

const char *
sql_dialect_name(const struct sql_dialect *d)
{
	return d->name;
}

const char *
sql_dialect_client(const struct sql_dialect *d)
{
	return d->client;
}

/* Validates a table or column name against the dialect's limits. */
static int
check_name(struct sql_load *l, const char *role, const char *name)
{
	const struct sql_dialect *d = l->dialect;
	const char *fault = d->name_fault == NULL ? NULL : d->name_fault(name);

	if (*name == '\0')
		return msg_set(&l->err, EX_DATAERR, "%s: a %s without a name", l->in_name, role);
	if (!utf8_ok(name, strlen(name)))
		return msg_set(&l->err, EX_DATAERR, "%s: %s %s: not UTF-8", l->in_name, role, msg_quotes(name));
	if (d->name_max > 0 && d->name_length(name) > d->name_max)
		return msg_set(&l->err, EX_DATAERR, "%s: %s %s: %s takes no name longer than %zu "
	    "%s", l->in_name, role,
		    msg_quotes(name), d->name, d->name_max, d->name_unit);
	if (fault != NULL)
		return msg_set(&l->err, EX_DATAERR, "%s: %s %s: %s", l->in_name, role, msg_quotes(name), fault);
	return 0;
}

static int
check_names(struct sql_load *l)
{
	int (*compare)(const char *, const char *) = l->dialect->fold_case ? strcasecmp : strcmp;
	size_t i, j;

	if ((l->schema != NULL && check_name(l, "schema", l->schema) != 0) || check_name(l, "table", l->table) != 0)
		return -1;
	if (l->ncolumns > l->dialect->max_columns)
		return msg_set(&l->err, EX_DATAERR, "%s: %zu columns: %s takes no more than %zu", l->in_name,
		    l->ncolumns,
		    l->dialect->name, l->dialect->max_columns);
	for (i = 0; i < l->ncolumns; i++) {
		if (check_name(l, "column", l->columns[i].name) != 0)
			return -1;
		for (j = 0; j < i; j++)
			if (compare(l->columns[i].name, l->columns[j].name) == 0)
				return msg_set(&l->err, EX_DATAERR, "%s: columns %s and %s: %s treats them as equal",
				    l->in_name, msg_quotes(l->columns[j].name), msg_quotes(l->columns[i].name),
				    l->dialect->name);
	}
	return 0;
}

/* Of the target, which has more columns if it is a history. */
static int
check_all_names(struct sql_load *l)
{
	int status;

	sql_history_turn(l, sql_is_history(l));
	status = check_names(l);
	sql_history_turn(l, false);
	return status;
}

static int
check_lengthy(struct sql_load *l, const struct sql_column *c)
{
	if (!l->dialect->long_columns)
		return msg_set(&l->err, EX_USAGE, "--long: %s: %s has one type for strings of any length", c->name,
		    l->dialect->name);
	if (c->type.kind != VAL_STRING)
		return msg_set(&l->err, EX_USAGE, "--long: %s: not a string", c->name);
	if (c->key)
		return msg_set(&l->err, EX_USAGE, "--long: %s: a key cannot be long", c->name);
	return 0;
}

void
sql_column_type(const struct sql_dialect *d, struct sql_column *c)
{
	c->sql = d->types[c->type.kind].name != NULL ? &d->types[c->type.kind] : &d->other;
	c->put = c->sql->put;
	c->measured = d->bounded && (c->type.kind == VAL_STRING || val_is_exact(c->type));
}

static int
take_columns(struct sql_load *l, const struct rec_header *h)
{
	const bool *lengthy = l->options.lengthy;
	size_t i;

	l->ncolumns = h->ncolumns;
	l->columns = xcalloc(h->ncolumns + 2, sizeof *l->columns);	/* and those of a history */
	for (i = 0; i < h->ncolumns; i++) {
		l->columns[i].name = h->columns[i].name;
		l->columns[i].type = h->columns[i].type;
		l->columns[i].required = h->columns[i].required;
		l->columns[i].lengthy = lengthy != NULL && lengthy[i];
		sql_column_type(l->dialect, &l->columns[i]);
	}
	for (i = 0; i < l->nkeys; i++)
		l->columns[l->keys[i]].key = l->columns[l->keys[i]].required = true;
	for (i = 0; i < h->ncolumns; i++)
		if (l->columns[i].lengthy && check_lengthy(l, &l->columns[i]) != 0)
			return -1;
	return sql_is_history(l) ? sql_history_open(l, h->ncolumns) : 0;
}

/* Rejects what the dialect does not have, and files that its server could not read. */
static int
check_export(struct sql_load *l)
{
	static const char *const scripts[] = { "load", "external", "view", "validate" };
	const struct sql_options *o = &l->options;
	const struct sql_dialect *d = l->dialect;

	if (o->kind != SQL_LOAD && (d->kinds >> o->kind & 1) == 0)
		return msg_set(&l->err, EX_USAGE, "--script: %s: not supported for %s", scripts[o->kind], d->name);
	if ((o->upsert != SQL_UPSERT_USUAL || o->form == SQL_JSON) && d->family == NULL)
		return msg_set(&l->err, EX_USAGE, "--upsert and --form: not supported for %s", d->name);
	if (o->export != NULL && !d->copies)
		return msg_set(&l->err, EX_USAGE, "--copy: not supported for %s", d->name);
	if (sql_is_copied(l) && d->managed_at_dfs && !o->as_caller && strstr(o->export->host, ".dfs.") == NULL)
		return msg_set(&l->err, EX_USAGE, "--url: %s: a managed identity reads Parquet only from a .dfs. "
		    "address", msg_quotes(o->export->host));
	return 0;
}

/* Rejects the table of load marks as a target, which has its own columns. */
static int
check_options(struct sql_load *l)
{
	int (*compare)(const char *, const char *) = l->dialect->fold_case ? strcasecmp : strcmp;

	if (l->options.dry_run && !l->dialect->dry_run)
		return msg_set(&l->err, EX_USAGE, "--dry-run: not supported for %s", l->dialect->name);
	if (check_export(l) != 0)
		return -1;
	if (l->options.mark.lake != NULL && compare(l->table, SQL_MARKS) == 0)
		return msg_set(&l->err, EX_USAGE, "-t: %s is the table that records loads", msg_quotes(l->table));
	return 0;
}

int
sql_open(struct sql_load *l, const struct sql_dialect *d, const char *path, const struct sql_name *target,
    const struct rec_reader *in, const size_t *keys, size_t nkeys, const struct sql_options *options)
{
	memset(l, 0, sizeof *l);
	l->out.fd = -1;
	l->dialect = d;
	l->options = *options;
	l->schema = target->schema;
	l->table = target->table;
	l->keys = keys;
	l->nkeys = nkeys;
	l->in_name = in->name;
	l->out_name = io_out_name(path);
	if (take_columns(l, &in->header) != 0 || check_all_names(l) != 0 || check_options(l) != 0 ||
	    (options->export != NULL && options->export->manifest != NULL &&
	    sql_export_check(options->export, &in->header, d->no_micros, &l->err) != 0) ||
	    io_create(&l->out, path, &l->err) != 0)
		return -1;
	io_widen_pipe(l->out.fd);
	if (sql_has_rows(l))
		sql_script_begin(l);
	return 0;
}

static int
check_size(struct sql_load *l)
{
	uint64_t max = l->dialect->max_bytes;

	if (max > 0 && l->written + l->buf.len > max)
		return msg_set(&l->err, EX_DATAERR, "%s: more than %llu bytes of SQL, the most that %s takes at once",
		    l->in_name,
		    (unsigned long long)max, l->dialect->name);
	return 0;
}

/* Writes the buffered text except the last `keep` bytes. */
static int
flush(struct sql_load *l, size_t keep)
{
	size_t n;

	sql_batch_escape(l);
	n = l->buf.len - keep;
	if (io_write(l->out.fd, l->buf.p, n, l->out_name, &l->err) != 0) {
		l->broken = true;
		return -1;
	}
	l->written += n;
	memmove(l->buf.p, l->buf.p + n, keep);
	l->buf.len = l->raw = keep;
	return 0;
}

static int
add_row(struct sql_load *l, struct rec_reader *in, const struct rec_batch *b, size_t i)
{
	struct rec r = rec_at(b, i);
	size_t begun = l->buf.len;
	const size_t *keys = l->into == SQL_INTO_GONE ? l->gone_fields : l->keys;
	const char *fault;
	size_t c;

	for (c = 0; c < l->nkeys; c++)
		if (rec_is_null(r, keys[c]))
			return rec_fault(in, b->first + i, keys[c], "null in a key", rec_field(r, keys[c]));
	if (sql_is_history(l) && l->into == SQL_INTO_STAGE && rec_is_null(r, c = l->sequence))
		return rec_fault(in, b->first + i, c, "null where a row begins to hold", rec_field(r, c));
	if ((fault = sql_row(l, r, &c)) != NULL)
		return rec_fault(in, b->first + i, c, fault, rec_field(r, c));
	if (l->into == SQL_INTO_GONE)
		l->gone++;
	else {
		l->rows++;
		l->sum += b->hash[i];
	}
	if (l->options.dry_run || (l->into == SQL_INTO_STAGE && !sql_has_rows(l))) {
		l->buf.len = begun;		/* looked at, but not staged */
		l->batch = (struct sql_batch){ 0 };
	}
	if (l->buf.len < FLUSH_AT)
		return 0;
	/* Keeps the last byte, so that a client sees an unfinished statement if this program dies. */
	return check_size(l) != 0 ? -1 : flush(l, 1);
}

int
sql_rows(struct sql_load *l, struct rec_reader *in, const struct rec_batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++)
		if (add_row(l, in, b, i) != 0)
			return -1;
	return 0;
}

/* Returns the field of a key column in a stream of keys to delete, or -1. */
static int
find_gone(const struct sql_load *l, struct rec_reader *keys, const struct sql_column *key)
{
	int found = rec_header_find(&keys->header, key->name);

	if (found < 0)
		return msg_set(&keys->err, EX_DATAERR, "%s: no key column %s", keys->name, msg_quotes(key->name));
	if (!val_type_equal(keys->header.columns[found].type, key->type))
		return msg_set(&keys->err, EX_DATAERR, "%s: %s: another type than in %s", keys->name, key->name,
		    l->in_name);
	return found;
}

int
sql_gone(struct sql_load *l, struct rec_reader *keys)
{
	size_t i;
	int found;

	l->gone_fields = xcalloc(l->nkeys, sizeof *l->gone_fields);
	for (i = 0; i < l->nkeys; i++) {
		if ((found = find_gone(l, keys, &l->columns[l->keys[i]])) < 0)
			return -1;
		l->gone_fields[i] = (size_t)found;
	}
	sql_row_end(l);
	if (sql_is_copied(l))
		sql_script_begin(l);
	l->into = SQL_INTO_GONE;
	return 0;
}

/* The manifest belongs to the version of the table that the records are from. */
static int
check_manifest(struct sql_load *l)
{
	const struct sql_export *e = l->options.export;

	if (!sql_is_copied(l) || e->rows == l->rows)
		return 0;
	return msg_set(&l->err, EX_DATAERR, "%s: %llu records, but the manifest of --copy names %llu rows", l->in_name,
	    (unsigned long long)l->rows, (unsigned long long)e->rows);
}

static void
add_end(struct sql_load *l)
{
	if (l->options.kind != SQL_LOAD)
		sql_script_alone(l);
	else if (l->options.dry_run)
		sql_script_dry_run(l);
	else {
		if (sql_is_copied(l) && !l->begun)
			sql_script_begin(l);
		sql_script_end(l);
	}
}

int
sql_finish(struct sql_load *l)
{
	size_t rows_end;

	sql_row_end(l);
	rows_end = l->buf.len;
	if (check_manifest(l) != 0)
		return -1;
	add_end(l);
	sql_batch_finish(l);
	if (check_size(l) != 0) {
		l->buf.len = rows_end;		/* for sql_refuse */
		return -1;
	}
	if (flush(l, 0) != 0)
		return -1;
	l->broken = true;		/* nothing may follow */
	return io_commit(&l->out, &l->err);
}

void
sql_refuse(struct sql_load *l)
{
	struct msg ignored = { 0 };

	if (l->out.path == NULL && !l->broken && l->options.form == SQL_TEXT) {
		sql_row_end(l);
		sql_add(l, "{refuse}");
		io_write(l->out.fd, l->buf.p, l->buf.len, l->out_name, &ignored);
	}
	io_abandon(&l->out);
}

void
sql_refuse_early(const struct sql_dialect *d)
{
	struct sql_load l = { .dialect = d, .out.fd = STDOUT_FILENO };

	l.out_name = io_out_name(NULL);
	sql_add(&l, "{refuse}");
	io_write(STDOUT_FILENO, l.buf.p, l.buf.len, l.out_name, &l.err);
	sql_free(&l);
}

void
sql_free(struct sql_load *l)
{
	free(l->columns);
	free(l->gone_fields);
	free(l->version_keys);
	buf_free(&l->buf);
	buf_free(&l->scratch);
}
