/*
 * rematch reads lines of a pattern and texts, each in hexadecimal and ended by a blank; writes what regex_matches says
 * of each text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "regex/regex.h"

static unsigned
digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void
from_hex(const char *word, struct buf *out)
{
	out->len = 0;
	for (; word[0] != '\0' && word[1] != '\0'; word += 2)
		buf_addc(out, (uint8_t)(digit(word[0]) << 4 | digit(word[1])));
}

int
main(void)
{
	struct buf pattern = { 0 }, text = { 0 };
	struct regex_fault fault;
	struct regex *r;
	char *line = NULL, *rest, *word;
	size_t room = 0;

	while (getline(&line, &room, stdin) > 0) {
		rest = line;
		line[strcspn(line, "\n")] = '\0';
		from_hex(strsep(&rest, " "), &pattern);
		r = regex_compile(buf_cstr(&pattern), pattern.len, &fault);
		if (r == NULL)
			printf("%s", fault.what);
		while (r != NULL && rest != NULL && (word = strsep(&rest, " ")) != NULL && rest != NULL) {
			from_hex(word, &text);
			putchar(regex_matches(r, buf_cstr(&text), text.len) ? '1' : '0');
		}
		putchar('\n');
		regex_free(r);
	}
	buf_free(&pattern);
	buf_free(&text);
	free(line);
	return ferror(stdin) || fflush(stdout) == EOF;
}
