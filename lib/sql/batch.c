/*
 * Batches: what a client sends at once. In a script they end with GO; as JSON they are strings of an array, for callers
 * that send each alone, such as a script activity of Data Factory. A text that is cut short is no JSON.
 */
#include "base/json.h"
#include "sql/dialect.h"

void
sql_batch_escape(struct sql_load *l)
{
	struct buf text = { 0 }, escaped = { 0 };

	if (l->options.form != SQL_JSON || l->buf.len == l->raw)
		return;
	buf_add(&text, l->buf.p + l->raw, l->buf.len - l->raw);
	json_put(&escaped, text.p, text.len);
	l->buf.len = l->raw;
	if (!l->in_step)
		buf_adds(&l->buf, l->steps++ == 0 ? "[\n\"" : ",\n\"");
	l->in_step = true;
	buf_add(&l->buf, escaped.p + 1, escaped.len - 2);	/* without the quotes around it */
	l->raw = l->buf.len;
	buf_free(&text);
	buf_free(&escaped);
}

static void
end_step(struct sql_load *l)
{
	sql_batch_escape(l);
	if (l->in_step)
		buf_addc(&l->buf, '"');
	l->in_step = false;
	l->raw = l->buf.len;
}

void
sql_batch_end(struct sql_load *l)
{
	if (l->options.form == SQL_JSON)
		end_step(l);
	else
		buf_adds(&l->buf, "GO\n");
}

void
sql_batch_finish(struct sql_load *l)
{
	if (l->options.form != SQL_JSON)
		return;
	end_step(l);
	buf_adds(&l->buf, "\n]\n");
	l->raw = l->buf.len;
}
