/* The answers as text and as JSON. */
#include <string.h>

#include "base/json.h"
#include "reconcile/parts.h"
#include "text/align.h"

/* Names the sources of which nothing can be checked. */
static void
put_absent(const struct reconcile *r, struct buf *out)
{
	size_t i;

	for (i = 0; i < r->job->nsources; i++)
		if (r->sources[i].absent)
			buf_addf(out, "  %s: optional, and no file so far: not checked\n",
			    r->job->sources[i].schema.name);
}

void
reconcile_put_text(const struct reconcile *r, struct buf *out)
{
	struct buf lines = { 0 };
	size_t i;

	for (i = 0; i < r->nanswers; i++) {
		const struct reconcile_answer *a = &r->answers[i];

		buf_addf(&lines, "%s\t%s\t%s %s\t%s\n", a->label, a->left, a->sign, a->right,
		    a->closes ? "closes" : "DOES NOT CLOSE");
	}
	text_align(out, &lines, "lrll");
	put_absent(r, out);
	buf_addf(out, "  %zu of %zu checks close\n", r->closed, r->nanswers);
	buf_free(&lines);
}

static void
put_string(struct buf *out, const char *key, const char *text)
{
	buf_addf(out, "\"%s\":", key);
	json_put(out, text, strlen(text));
	buf_addc(out, ',');
}

void
reconcile_put_json(const struct reconcile *r, struct buf *out)
{
	size_t i;

	buf_addf(out, "{\"closes\":%s,\"checks\":[\n", r->closed == r->nanswers ? "true" : "false");
	for (i = 0; i < r->nanswers; i++) {
		const struct reconcile_answer *a = &r->answers[i];

		buf_adds(out, i > 0 ? ",\n  {" : "  {");
		put_string(out, "check", a->label);
		put_string(out, "left", a->left);
		put_string(out, "sign", a->sign);
		put_string(out, "right", a->right);
		buf_addf(out, "\"closes\":%s}", a->closes ? "true" : "false");
	}
	buf_adds(out, "\n]}");
}
