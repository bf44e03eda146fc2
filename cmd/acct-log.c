/* acct-log shows what the log of a Delta table says: its history, its state, its files. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/io.h"
#include "base/num.h"
#include "base/visible.h"
#include "cli/cli.h"
#include "delta/delta.h"

static bool only_state, only_files, json;
static unsigned most;				/* versions of the history; 0: all */
static struct buf out;

/* ---- options ---- */

static void
set_most(const char *option, char *arg)
{
	most = cli_number(option, arg);
	if (most == 0)
		cli_usage("%s: must be at least 1: %s", option, msg_quotes(arg));
}

static const struct cli_option options[] = {
	{ 'n', "number", "NUMBER", "show at most this many versions", CLI_CALL, .call = set_most },
	{ 0, "state", NULL, "show version, id, protocol, columns, properties, numbers of files, bytes and rows",
	    CLI_FLAG, .to = &only_state },
	{ 0, "files", NULL, "print a line per data file: bytes, rows, rows deleted from it, time, name", CLI_FLAG,
	    .to = &only_files },
	{ 0, "json", NULL, "print JSON, an object per line", CLI_FLAG, .to = &json },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "[-n NUMBER] [--json] TABLE",
	    "--state | --files [--at N | --with FILE ...] [--json] TABLE[@N]", NULL },
	.about = "Shows the history of a Delta table, newest version first; or its state, or its files.",
	.options = options,
	.groups = (const struct cli_option *const[]){ cli_at, cli_with, NULL },
	.examples = (const char *const[]){ "acct-log -n 5 lake/gold/customer_balance",
	    "acct-log --state lake/silver/accounts@3", NULL },
};

static void
check_options(const struct cli_place *place)
{
	bool at = place->version != DELTA_NEWEST || place->by_time;

	if (only_state && only_files)
		cli_usage("expected one of --state and --files");
	if (!only_state && !only_files && (at || cli.nwith > 0))
		cli_usage("--at and --with need --state or --files");
	if (at && cli.nwith > 0)
		cli_usage("expected one of --at and --with");
	if ((only_state || only_files) && most != 0)
		cli_usage("-n has no meaning with --state or --files");
}

/* ---- pieces ---- */

static void
put_time(int64_t ms)
{
	char text[NUM_TEXT];

	num_put_timestamp(text, ms * 1000);
	buf_adds(&out, text);
}

static void
put_string(const char *s)
{
	delta_json_text(&out, s);
}

/* Text for a line, with what would break it or hide in it made visible. */
static void
put_plain(const char *s)
{
	char escape[VISIBLE_MAX];
	size_t len;

	for (; *s != '\0'; s += len)
		if (visible_escape(s, strlen(s), &len, escape))
			buf_adds(&out, escape);
		else
			buf_add(&out, s, len);
}

static int64_t
deleted_of(const struct delta_file *f)
{
	return f->dv != NULL ? f->dv->cardinality : 0;
}

/* ---- history ---- */

static void
put_commit(const struct delta_commit_info *c)
{
	buf_addf(&out, "%6" PRId64 "  ", c->version);
	put_time(c->timestamp);
	buf_adds(&out, "  ");
	put_plain(c->operation != NULL ? c->operation : "-");
	if (c->parameters != NULL && strcmp(c->parameters, "{}") != 0) {
		buf_addc(&out, ' ');
		put_plain(c->parameters);
	}
	if (c->metrics != NULL && strcmp(c->metrics, "{}") != 0) {
		buf_addc(&out, ' ');
		put_plain(c->metrics);
	}
	buf_adds(&out, "  ");
	put_plain(c->engine != NULL ? c->engine : "-");
	buf_addc(&out, '\n');
}

static void
put_commit_json(const struct delta_commit_info *c)
{
	buf_addf(&out, "{\"version\":%" PRId64 ",\"timestamp\":\"", c->version);
	put_time(c->timestamp);
	buf_adds(&out, "\",\"operation\":");
	put_string(c->operation);
	buf_addf(&out, ",\"operationParameters\":%s", c->parameters != NULL ? c->parameters : "null");
	buf_addf(&out, ",\"operationMetrics\":%s", c->metrics != NULL ? c->metrics : "null");
	if (c->read_version >= 0)
		buf_addf(&out, ",\"readVersion\":%" PRId64, c->read_version);
	buf_addf(&out, ",\"isBlindAppend\":%s,\"dataChange\":%s,\"applications\":%s,\"engineInfo\":",
	    c->blind_append ? "true" : "false", c->data_change ? "true" : "false", c->applications);
	put_string(c->engine);
	buf_adds(&out, "}\n");
}

static int
history(struct delta_table *t, struct msg *err)
{
	struct delta_history h;
	size_t i;

	if (delta_history(t, (size_t)most, &h, err) < 0)
		return -1;
	for (i = 0; i < h.n; i++)
		(json ? put_commit_json : put_commit)(&h.commits[i]);
	delta_history_free(&h);
	return 0;
}

/* ---- files ---- */

static void
put_file(const struct delta_file *f)
{
	int64_t rows = delta_file_rows(f);

	buf_addf(&out, "%12" PRId64 "  ", f->size);
	if (rows >= 0)
		buf_addf(&out, "%10" PRId64, rows);
	else
		buf_addf(&out, "%10s", "-");
	buf_addf(&out, "  %8" PRId64 "  ", deleted_of(f));
	put_time(f->mtime);
	buf_adds(&out, "  ");
	put_plain(f->name);
	buf_addc(&out, '\n');
}

static void
put_file_json(const struct delta_file *f)
{
	int64_t rows = delta_file_rows(f);

	buf_adds(&out, "{\"name\":");
	put_string(f->name);
	buf_addf(&out, ",\"size\":%" PRId64 ",\"rows\":", f->size);
	if (rows >= 0)
		buf_addf(&out, "%" PRId64, rows);
	else
		buf_adds(&out, "null");
	buf_addf(&out, ",\"deletedRows\":%" PRId64 ",\"modified\":\"", deleted_of(f));
	put_time(f->mtime);
	buf_adds(&out, "\"}\n");
}

/* ---- state ---- */

enum { SMALL = 16 * 1024 * 1024 };

struct totals {
	int64_t bytes, rows;		/* rows: those there are; -1 where a file does not say */
	int64_t deleted;		/* rows that deletion vectors delete */
	size_t small;			/* files below SMALL bytes */
};

static struct totals
add_up(const struct delta_snapshot *s)
{
	struct totals t = { .bytes = 0 };
	int64_t rows;
	size_t i;

	for (i = 0; i < s->nfiles; i++) {
		t.bytes += s->files[i].size;
		t.small += s->files[i].size < SMALL;
		t.deleted += deleted_of(&s->files[i]);
		rows = delta_file_rows(&s->files[i]);
		t.rows = rows < 0 || t.rows < 0 ? -1 : t.rows + rows - deleted_of(&s->files[i]);
	}
	return t;
}

static const char *
type_of(const struct delta_column *c, char *text)
{
	return c->refused != NULL ? c->refused : pq_type_name(text, c->type, c->precision, c->scale);
}

static void
put_features(const char *label, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		buf_addf(&out, "%s  ", label);
		put_plain(names[i]);
		buf_addc(&out, '\n');
	}
}

/* Returns the source whose version an application's id says to be consumed; NULL for any other. */
static const char *
source_of(const struct delta_app *app)
{
	size_t n = strlen(DELTA_CONSUMED);

	return strncmp(app->id, DELTA_CONSUMED, n) == 0 ? app->id + n : NULL;
}

static void
put_state(const struct delta_snapshot *s)
{
	struct totals t = add_up(s);
	char text[NUM_TEXT];
	size_t i;

	buf_addf(&out, "version        %" PRId64, s->version);
	if (s->timestamp != 0) {
		buf_adds(&out, ", ");
		put_time(s->timestamp);
	}
	buf_adds(&out, "\nid             ");
	put_plain(s->metadata.id);
	buf_addf(&out, "\nfiles          %zu\nbytes          %" PRId64 "\nrows           ", s->nfiles, t.bytes);
	if (t.rows >= 0)
		buf_addf(&out, "%" PRId64, t.rows);
	else
		buf_adds(&out, "not known");
	buf_addf(&out, "\nsmall files    %zu\ndeleted rows   %" PRId64 "\nremoved files  %zu\n", t.small, t.deleted,
	    s->ntombstones);
	buf_addf(&out, "protocol       reader %d, writer %d\n", s->protocol.reader, s->protocol.writer);
	put_features("  reader needs", s->protocol.reader_features, s->protocol.nreader_features);
	put_features("  writer needs", s->protocol.writer_features, s->protocol.nwriter_features);
	for (i = 0; i < s->ncolumns; i++) {
		const struct delta_column *c = &s->columns[i];

		buf_adds(&out, "column         ");
		put_plain(c->name);
		buf_addf(&out, " %s%s%s%s\n", type_of(c, text), c->nullable ? "" : " not null",
		    c->partition >= 0 ? " partition" : "", c->hidden ? " hidden" : "");
	}
	for (i = 0; i < s->metadata.nconfiguration; i++) {
		buf_adds(&out, "property       ");
		put_plain(s->metadata.configuration[i].key);
		buf_addc(&out, '=');
		put_plain(s->metadata.configuration[i].value != NULL ? s->metadata.configuration[i].value : "");
		buf_addc(&out, '\n');
	}
	for (i = 0; i < s->napps; i++) {
		const char *source = source_of(&s->apps[i]);

		buf_adds(&out, source != NULL ? "consumed       " : "application    ");
		put_plain(source != NULL ? source : s->apps[i].id);
		buf_addf(&out, " %" PRId64 "\n", s->apps[i].version);
	}
}

static void
put_names_json(const char *key, const char *const *names, size_t n)
{
	size_t i;

	buf_addf(&out, ",\"%s\":[", key);
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(&out, ',');
		put_string(names[i]);
	}
	buf_addc(&out, ']');
}

static void
put_columns_json(const struct delta_snapshot *s)
{
	char text[NUM_TEXT];
	size_t i;

	buf_adds(&out, ",\"columns\":[");
	for (i = 0; i < s->ncolumns; i++) {
		const struct delta_column *c = &s->columns[i];

		buf_addf(&out, "%s{\"name\":", i > 0 ? "," : "");
		put_string(c->name);
		buf_adds(&out, ",\"type\":");
		put_string(type_of(c, text));
		buf_addf(&out, ",\"nullable\":%s,\"partition\":%s,\"hidden\":%s}", c->nullable ? "true" : "false",
		    c->partition >= 0 ? "true" : "false", c->hidden ? "true" : "false");
	}
	buf_addc(&out, ']');
}

/* Puts the applications, or the sources of which versions are consumed, with their versions. */
static void
put_apps_json(const char *key, const struct delta_snapshot *s, bool sources)
{
	bool any = false;
	size_t i;

	buf_addf(&out, ",\"%s\":{", key);
	for (i = 0; i < s->napps; i++) {
		const char *source = source_of(&s->apps[i]);

		if ((source != NULL) != sources)
			continue;
		buf_adds(&out, any ? "," : "");
		put_string(source != NULL ? source : s->apps[i].id);
		buf_addf(&out, ":%" PRId64, s->apps[i].version);
		any = true;
	}
	buf_addc(&out, '}');
}

static void
put_state_json(const struct delta_snapshot *s)
{
	struct totals t = add_up(s);
	size_t i;

	buf_addf(&out, "{\"version\":%" PRId64 ",\"timestamp\":", s->version);
	buf_adds(&out, s->timestamp != 0 ? "\"" : "null");
	if (s->timestamp != 0) {
		put_time(s->timestamp);
		buf_addc(&out, '"');
	}
	buf_adds(&out, ",\"id\":");
	put_string(s->metadata.id);
	buf_addf(&out, ",\"files\":%zu,\"bytes\":%" PRId64 ",\"rows\":", s->nfiles, t.bytes);
	if (t.rows >= 0)
		buf_addf(&out, "%" PRId64, t.rows);
	else
		buf_adds(&out, "null");
	buf_addf(&out, ",\"smallFiles\":%zu,\"deletedRows\":%" PRId64 ",\"removedFiles\":%zu,"
	    "\"minReaderVersion\":%d,\"minWriterVersion\":%d", t.small, t.deleted, s->ntombstones,
	    s->protocol.reader, s->protocol.writer);
	put_names_json("readerFeatures", s->protocol.reader_features, s->protocol.nreader_features);
	put_names_json("writerFeatures", s->protocol.writer_features, s->protocol.nwriter_features);
	put_columns_json(s);
	buf_adds(&out, ",\"properties\":{");
	for (i = 0; i < s->metadata.nconfiguration; i++) {
		if (i > 0)
			buf_addc(&out, ',');
		put_string(s->metadata.configuration[i].key);
		buf_addc(&out, ':');
		put_string(s->metadata.configuration[i].value);
	}
	buf_addc(&out, '}');
	put_apps_json("applications", s, false);
	put_apps_json("consumed", s, true);
	buf_adds(&out, "}\n");
}

/* Loads the version that is asked for; without one, the newest with what is prepared. */
static int
load(struct delta_table *t, struct cli_place *place, struct delta_with *with, struct delta_snapshot *s,
    struct msg *err)
{
	bool at = place->by_time || place->version != DELTA_NEWEST;
	int got = 0;

	if (place->by_time && delta_version_at(t, place->when, &place->version, err) < 0)
		return -1;
	if (!at) {
		cli_find_with();
		got = delta_load_with(t, cli.with, cli.nwith, cli.with_found, with, s, err);
	}
	return got != 0 ? got : delta_load(t, place->version, s, err);
}

static int
snapshot(struct delta_table *t, struct cli_place *place, struct msg *err)
{
	struct delta_with with = { .n = 0 };
	struct delta_snapshot s;
	size_t i;

	if (load(t, place, &with, &s, err) < 0)
		return -1;
	if (only_state)
		(json ? put_state_json : put_state)(&s);
	for (i = 0; only_files && i < s.nfiles; i++)
		(json ? put_file_json : put_file)(&s.files[i]);
	delta_snapshot_free(&s);
	delta_with_free(&with);
	return 0;
}

int
main(int argc, char *argv[])
{
	struct delta_table t;
	struct msg err = { 0 };
	struct cli_place place;

	cli_place(cli_operand(argc, argv, cli_start(&program, argc, argv), "TABLE"), &place);
	check_options(&place);
	if (delta_open(&t, place.address, &err) < 0 ||
	    (only_state || only_files ? snapshot(&t, &place, &err) : history(&t, &err)) < 0 ||
	    io_write(STDOUT_FILENO, out.p, out.len, io_out_name(NULL), &err) < 0)
		msg_exit(&err);
	buf_free(&out);
	delta_close(&t);
	return 0;
}
