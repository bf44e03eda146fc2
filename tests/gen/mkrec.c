/*
 * mkrec turns text into a typed record stream, for tests: mkrec TABLE 'name:type*! ...' <TSV. Fields are separated by
 * tabs; \N is null; \t \n \r \\ and \xHH are their bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "rec/rec.h"

static const struct cli_program program = {
	.usage = (const char *const[]){ "TABLE COLUMNS <TSV", NULL },
	.about = "Makes a record stream from tab-separated text.",
};

static size_t
unescape(char *s)
{
	char *o = s, *p = s;
	unsigned hex;

	for (; *p != '\0'; p++) {
		if (*p != '\\' || p[1] == '\0') {
			*o++ = *p;
		} else if (*++p == 'x' && sscanf(p + 1, "%2x", &hex) == 1) {
			*o++ = (char)hex;
			p += 2;
		} else {
			*o++ = *p == 't' ? '\t' : *p == 'n' ? '\n' : *p == 'r' ? '\r' : *p;
		}
	}
	return (size_t)(o - s);
}

static void
add_field(struct buf *line, const struct rec_column *c, char *text)
{
	char *shown = xstrdup(text);

	if (strcmp(text, "\\N") == 0)
		buf_addc(line, VAL_NULL);
	else if (!val_parse(c->type, text, unescape(text), line))
		msg_die(EX_DATAERR, "%s: not of its type: %s", c->name, msg_quotes(shown));
	free(shown);
}

int
main(int argc, char *argv[])
{
	struct rec_header h;
	struct rec_writer w;
	struct buf head = { 0 }, line = { 0 };
	struct msg err = { 0 };
	char *text = NULL, *rest;
	size_t cap = 0, f;
	ssize_t n;
	int operand;

	operand = cli_start(&program, argc, argv);
	if (argc - operand != 2)
		cli_usage("expected TABLE and COLUMNS");
	buf_addf(&head, "\001H acct/1 %s %s", argv[operand], argv[operand + 1]);
	if (rec_header_parse(&h, head.p, head.len, &err) < 0)
		msg_exit(&err);
	xrec_create(&w, NULL, &h);
	while ((n = getline(&text, &cap, stdin)) > 0) {
		if (text[n - 1] == '\n')
			text[n - 1] = '\0';
		rest = text;
		line.len = 0;
		for (f = 0; f < h.ncolumns; f++) {
			if (rest == NULL)
				msg_die(EX_DATAERR, "too few fields");
			if (f > 0)
				buf_addc(&line, '\t');
			add_field(&line, &h.columns[f], strsep(&rest, "\t"));
		}
		uint8_t *p = xrec_begin(&w, line.len);

		memcpy(p, line.p, line.len);
		rec_end(&w, p + line.len);
	}
	xrec_finish(&w);
	rec_header_free(&h);
	buf_free(&head);
	buf_free(&line);
	free(text);
	return EX_OK;
}
