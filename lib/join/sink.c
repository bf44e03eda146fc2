/* Writes the records of a join that is a stream of changes. */
#include "join/sink.h"

/* Takes the field at p, up to its TAB or the end of the record. */
static struct rec_field
take(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *tab = memchr(p, '\t', (size_t)(end - p));

	return (struct rec_field){ p, (size_t)((tab != NULL ? tab : end) - p) };
}

/* The start of the build's columns in a record: after those of the probe, with the TAB before them. */
static const uint8_t *
build_part(const struct join_plan *p, const uint8_t *at, const uint8_t *end)
{
	for (size_t i = 0; i < p->nprobe; i++) {
		at = memchr(at, '\t', (size_t)(end - at));
		if (i + 1 < p->nprobe)
			at++;
	}
	return at;
}

int
join_put_change(struct join_out *o, struct rec_field a, struct rec_field b, struct msg *err)
{
	const struct join_plan *plan = o->plan;
	struct rec_field type, rest[2];
	const uint8_t *at, *end, *tail;
	const char *word;
	int sign = 1;
	uint8_t *p;

	o->line.len = 0;
	buf_add(&o->line, a.p, a.n);
	if (b.n > 0)
		buf_add(&o->line, b.p, b.n);
	at = o->line.p;
	end = tail = at + o->line.len;
	rest[1] = (struct rec_field){ end, 0 };
	if (plan->build_changes) {
		tail = build_part(plan, at, end);
		type = take(tail + 1, end);
		sign *= rec_change_sign(type);
		rest[1] = (struct rec_field){ type.p + type.n, (size_t)(end - type.p) - type.n };
	}
	if (plan->probe_changes) {
		type = take(at, tail);
		sign *= rec_change_sign(type);
		at += type.n + 1;
	}
	rest[0] = (struct rec_field){ at, (size_t)(tail - at) };
	if (sign == 0)
		return msg_set(err, EX_DATAERR, "unknown change type: %s", msg_quote((const char *)type.p, type.n));
	word = sign > 0 ? "insert\t" : "delete\t";
	if (rest[0].n + rest[1].n + 7 >= o->writer->max_record)
		return msg_set(err, EX_DATAERR, "%s: record %llu: longer than %zu bytes when joined (--max-record)",
		    o->writer->name, (unsigned long long)o->writer->count + 1, o->writer->max_record);
	if ((p = rec_begin(o->writer, rest[0].n + rest[1].n + 7)) == NULL) {
		*err = o->writer->err;
		return -1;
	}
	memcpy(p, word, 7);
	memcpy(p + 7, rest[0].p, rest[0].n);
	memcpy(p + 7 + rest[0].n, rest[1].p, rest[1].n);
	rec_end(o->writer, p + 7 + rest[0].n + rest[1].n);
	return 0;
}
