/* Schemas: what is read, and for everything that is wrong the place and the words of the message. */
#include <string.h>

#include "schema/schema.h"
#include "unit.h"

static void
refused(const char *text, const char *want)
{
	struct msg err = { 0 };
	struct schema s;

	CHECK(schema_parse(&s, text, strlen(text), "s.yaml", &err) == -1, "accepted: %s", text);
	CHECK(err.status == EX_CONFIG, "status %d", err.status);
	CHECK(strcmp(err.text, want) == 0, "\n  got  %s\n  want %s\n", err.text, want);
	schema_free(&s);
}

#define HEAD "name: t\ncolumns:\n- name: a\n  type: "

static void
everything(void)
{
	static const char text[] =
	    "name: pay\nfile: p.csv\ndelimiter: ';'\nquote: ''\nescape: \"\\\\\"\nmultiline: no\n"
	    "empty: keep\nheader: no\nencoding: windows-1250\nfooter: 'Total.*'\ncomment: '#'\n"
	    "trailing_delimiter: yes\nshort_rows: null\nnames: ignore_case\n"
	    "nulls: [NULL, n/a]\nextra: ignore\n"
	    "key: [id]\n"
	    "columns:\n"
	    "- {name: id, source: 'Id No', type: int32, minimum: 1, maximum: 99}\n"
	    "- {name: day, type: date, format: '%d.%m.%Y', minimum: 2000-01-01, default: 2001-02-03}\n"
	    "- {name: kind, type: string, required: yes, enum: [in, out], default: in, pattern: '[a-z]{2,3}'}\n"
	    "- {name: sum, type: 'decimal(18,2)', references: a.b, exclusive_minimum: 0, decimal_char: ',',\n"
	    "   group_char: ['.', ' '], negative: [trailing, U+2212], currency: CZK,\n"
	    "   suffix: {DR: negative, CR: positive}, title: T, description: D}\n"
	    "- {name: note, type: string, min_length: 2, max_length: 5}\n"
	    "- {name: side, source: [Side, 'Dr/Cr'], type: string, nulls: [], empty: null, replace: {'[.]+$': ''},\n"
	    "   case: ignore, map: {VYDAJ: Withdrawal, VYBER: Withdrawal, '': x}, other: reject}\n"
	    "- {name: open, type: bool, true_values: [A, ano], false_values: N}\n";
	struct msg err = { 0 };
	struct schema s;
	struct schema_column *c;

	CHECK(schema_parse(&s, text, strlen(text), "s", &err) == 0, "%s", err.text);
	CHECK(strcmp(s.name, "pay") == 0 && strcmp(s.file, "p.csv") == 0 && s.delimiter == ';' && s.quote == '\0' &&
	    !s.header && s.extra_ignore && s.nulls.n == 2 && strcmp(s.nulls.word[1], "n/a") == 0 && s.ncolumns == 7,
	    "the schema's own words");
	CHECK(s.escape == '\\' && s.multiline == SCHEMA_MULTILINE_NO && s.empty_keep, "escape, multiline, empty");
	CHECK(strcmp(s.encoding, "windows-1250") == 0 && s.header_line == 1 && s.footer == 0 &&
	    regex_matches(s.footer_regex, "Total: 5", 8) && strcmp(s.comment, "#") == 0 && s.trailing_delimiter &&
	    s.short_null && s.names_ignore_case, "lines that are not rows");
	c = &s.columns[0];
	CHECK(c->key && c->required && strcmp(c->source, "Id No") == 0 && c->type.kind == VAL_INT32 &&
	    strcmp(c->minimum, "1") == 0 && strcmp(c->maximum, "99") == 0 && c->default_text == NULL, "id");
	c = &s.columns[1];
	CHECK(!c->key && !c->required && strcmp(c->source, "day") == 0 && c->nformats == 1 &&
	    !c->formats[0].two_digits && strcmp(c->default_text, "2001-02-03") == 0, "day");
	c = &s.columns[2];
	CHECK(c->required && c->allowed.n == 2 && strcmp(c->allowed.word[1], "out") == 0 && c->regex != NULL &&
	    !regex_matches(c->regex, "outx", 4) && regex_matches(c->regex, "out", 3), "kind");
	c = &s.columns[3];
	CHECK(c->type.precision == 18 && c->type.scale == 2 && strcmp(c->references_table, "a") == 0 &&
	    strcmp(c->references_column, "b") == 0 && strcmp(c->exclusive_minimum, "0") == 0 &&
	    strcmp(c->title, "T") == 0 && strcmp(c->description, "D") == 0, "sum");
	CHECK(c->min_length == 0 && c->max_length == SIZE_MAX && c[1].min_length == 2 && c[1].max_length == 5, "note");
	CHECK(c->notation != NULL && c->notation->point == ',' && c->notation->ngroups == 2 &&
	    strcmp(c->notation->groups[1], " ") == 0 &&
	    c->notation->negative == (VAL_NEGATIVE_TRAILING | VAL_NEGATIVE_U2212) && c->notation->ncurrencies == 1 &&
	    c->notation->nsuffixes == 2 && c->notation->suffix_negative[0] && !c->notation->suffix_negative[1],
	    "notation of sum");
	c += 2;
	CHECK(c->sources.n == 2 && strcmp(c->source, "Side") == 0 && strcmp(c->sources.word[1], "Dr/Cr") == 0 &&
	    c->own_nulls && c->nulls.n == 0 && c->empty == SCHEMA_EMPTY_NULL && c->replace.n == 1 &&
	    c->replace.pair->regex != NULL && *c->replace.pair->to == '\0' && c->letters == SCHEMA_CASE_IGNORE &&
	    c->map.n == 3 && strcmp(c->map.pair[1].from, "VYBER") == 0 &&
	    strcmp(c->map.pair[1].to, "Withdrawal") == 0 && c->other == SCHEMA_OTHER_REJECT, "side");
	CHECK(c[1].true_values.n == 2 && c[1].false_values.n == 1 && !c[1].own_nulls, "open");
	schema_free(&s);
	CHECK(schema_parse(&s, HEAD "int64\n", strlen(HEAD "int64\n"), "s", &err) == 0, "%s", err.text);
	CHECK(s.delimiter == ',' && s.quote == '"' && s.header && !s.extra_ignore && s.file == NULL &&
	    s.escape == '\0' && s.multiline == SCHEMA_MULTILINE_ANY && !s.empty_keep && s.encoding == NULL &&
	    s.header_line == 1 && s.footer == 0 && s.footer_regex == NULL && s.comment == NULL &&
	    !s.trailing_delimiter && !s.short_null && !s.names_ignore_case, "what is not given");
	schema_free(&s);
	OK("schema", "every word");
}

static void
words(void)
{
	refused("", "s.yaml:1:1: empty file");
	refused("- a\n", "s.yaml:1:1: expected a schema's words");
	refused("name: t\n", "s.yaml:1:1: missing word of a schema: 'columns'");
	refused("columns:\n- name: a\n  type: int64\n", "s.yaml:1:1: missing word of a schema: 'name'");
	refused("name: t\ncolums: 5\n", "s.yaml:2:1: unknown word of a schema: 'colums'; did you mean 'columns'?");
	refused("name: t\nname: u\n", "s.yaml:2:1: given twice: 'name'");
	refused("name: [t]\n", "s.yaml:1:7: expected one value for: 'name'");
	refused("name:\n", "s.yaml:1:6: missing value for: 'name'");
	refused("name: ''\n", "s.yaml:1:7: missing value for: 'name'");
	refused("? [a, b]\n: c\n", "s.yaml:1:3: expected a word");
	refused("name: t\nheader: maybe\n", "s.yaml:2:9: expected yes, no or the number of a line: 'maybe'");
	refused("name: t\nheader: 0\n", "s.yaml:2:9: expected a line from 1 to 1000000: '0'");
	refused("name: t\nheader: '4'\n", "s.yaml:2:9: expected a line from 1 to 1000000: '4'");
	refused("name: t\nfooter: 1001\n", "s.yaml:2:9: expected 1 to 1000 lines or a pattern: '1001'");
	refused("name: t\nfooter: 'Total('\n", "s.yaml:2:9: missing ) in a pattern: '('");
	refused("name: t\ncomment: ''\n", "s.yaml:2:10: missing value for: 'comment'");
	refused("name: t\ncomment: \"a\\nb\"\n", "s.yaml:2:10: comment must not have a line end: 'a\\nb'");
	refused("name: t\ncomment: ',#'\ncolumns: [{name: a, type: int64}]\n",
	    "s.yaml:2:10: comment begins with the delimiter or the quote: ',#'");
	refused("name: t\nencoding: latin9x\n", "s.yaml:2:11: unknown encoding: 'latin9x'; did you mean 'latin1'?");
	refused("name: t\nencoding: latin1//IGNORE\n", "s.yaml:2:11: unknown encoding: 'latin1//IGNORE'");
	refused("name: t\nshort_rows: yes\n", "s.yaml:2:13: expected null or reject: 'yes'");
	refused("name: t\nnames: any\n", "s.yaml:2:8: expected ignore_case or exact: 'any'");
	refused("name: t\ntrailing_delimiter: ;\n", "s.yaml:2:21: expected yes or no: ';'");
	refused("name: t\nnames: ignore_case\ncolumns:\n- {name: a, source: 'Čas', type: int64}\n"
	    "- {name: b, source: 'čAS', type: int64}\n",
	    "s.yaml:2:8: ignore_case: two columns of one source: 'čAS'");
	refused("name: t\nheader: 'yes'\n", "s.yaml:2:9: expected yes or no: 'yes'");
	refused("name: t\ndelimiter: ab\n", "s.yaml:2:12: delimiter must be one byte: 'ab'");
	refused("name: t\ndelimiter: é\n", "s.yaml:2:12: delimiter must be one byte: 'é'");
	refused("name: t\ndelimiter: \"\\n\"\n", "s.yaml:2:12: delimiter must be one byte: '\\n'");
	refused("name: t\ndelimiter: '\"'\n" "columns: [{name: a, type: int64}]\n",
	    "s.yaml:2:12: delimiter and quote are the same: '\"'");
	refused("name: t\nextra: keep\n", "s.yaml:2:8: expected ignore or error: 'keep'");
	refused("name: t\ndrift: no\n", "s.yaml:2:8: expected stop, ignore or add: 'no'");
	refused("name: t\ndrift: add\nextra: ignore\ncolumns: [{name: a, type: int64}]\n",
	    "s.yaml:2:8: drift: add and extra: ignore exclude each other");
	refused("name: t\nheader: no\ndrift: add\ncolumns: [{name: a, type: int64}]\n",
	    "s.yaml:3:8: drift needs names in the file; header is no");
	refused("name: t\nnulls: []\n", "s.yaml:2:9: an empty list for: 'nulls'");
	refused("name: t\nnulls: {a: b}\n", "s.yaml:2:8: expected a list for: 'nulls'");
	refused("name: t\ncolumns: []\n", "s.yaml:2:11: an empty list for: 'columns'");
	refused("name: t\ncolumns: a\n", "s.yaml:2:10: expected a list for: 'columns'");
	refused("name: t\ncolumns: [a]\n", "s.yaml:2:11: expected a column's words");
	refused("name: t\ncolumns: [{name: a, type: int64}]\nkey: [b]\n", "s.yaml:3:7: key: no such column: 'b'");
	refused("name: t\ncolumns: [{name: a, type: int64, key: yes}]\nkey: a\n", "s.yaml:3:6: key given twice: 'a'");
	OK("schema", "words of a schema that are wrong");
}

static void
columns(void)
{
	refused("name: t\ncolumns:\n- type: int64\n", "s.yaml:3:3: missing word of a column: 'name'");
	refused("name: t\ncolumns:\n- name: a\n", "s.yaml:3:3: missing word of a column: 'type'");
	refused(HEAD "money\n", "s.yaml:4:9: invalid type: 'money'");
	refused(HEAD "decimal(39,2)\n", "s.yaml:4:9: invalid type: 'decimal(39,2)'");
	refused(HEAD "int64\n  kye: yes\n", "s.yaml:5:3: unknown word of a column: 'kye'; did you mean 'key'?");
	refused(HEAD "int64\n  allowed: [1]\n", "s.yaml:5:3: unknown word of a column: 'allowed'; it is now 'enum'");
	refused(HEAD "int64\n- name: a\n  type: date\n", "s.yaml:5:9: column given twice: 'a'");
	refused(HEAD "int64\n- name: b\n  source: a\n  type: date\n", "s.yaml:6:11: source given twice: 'a'");
	refused(HEAD "int64\n  source: c\n- name: b\n  source: a\n  type: date\n",
	    "s.yaml:7:11: source is another column's name: 'a'");
	refused(HEAD "int64\n  source: b\n- name: b\n  source: c\n  type: date\n",
	    "s.yaml:6:9: name is another column's source: 'b'");
	refused("name: t\ncolumns:\n- {name: _line, type: int64}\n",
	    "s.yaml:3:10: reserved name: '_line'");
	refused(HEAD "int64\n  references: b\n", "s.yaml:5:15: expected table.column: 'b'");
	refused(HEAD "int64\n  references: b.c.d\n", "s.yaml:5:15: expected table.column: 'b.c.d'");
	OK("schema", "words of a column that are wrong");
}

static void
values(void)
{
	refused(HEAD "int64\n  default: x\n", "s.yaml:5:12: invalid value of type int64: 'x'");
	refused(HEAD "int32\n  maximum: 3000000000\n", "s.yaml:5:12: invalid value of type int32: '3000000000'");
	refused(HEAD "date\n  minimum: 2023-02-29\n", "s.yaml:5:12: invalid value of type date: '2023-02-29'");
	refused(HEAD "decimal(5,2)\n  enum: [1.00, 1.001]\n",
	    "s.yaml:5:16: invalid value of type decimal(5,2): '1.001'");
	refused(HEAD "int64\n  minimum: 10\n  maximum: 9\n", "s.yaml:6:12: less than the minimum: '9'");
	refused(HEAD "int64\n  default: 5\n  maximum: 4\n", "s.yaml:5:12: default outside minimum and maximum: '5'");
	refused(HEAD "int64\n  default: 5\n  enum: [1, 2]\n", "s.yaml:5:12: default is not an allowed value: '5'");
	refused(HEAD "int64\n  minimum: 2\n  enum: [2, 1]\n", "s.yaml:6:13: outside minimum and maximum: '1'");
	refused(HEAD "int64\n  minimum: 2\n  exclusive_minimum: 2\n",
	    "s.yaml:6:22: given besides minimum: 'exclusive_minimum'");
	refused(HEAD "int64\n  maximum: 2\n  exclusive_maximum: 2\n",
	    "s.yaml:6:22: given besides maximum: 'exclusive_maximum'");
	refused(HEAD "int64\n  exclusive_minimum: x\n", "s.yaml:5:22: invalid value of type int64: 'x'");
	refused(HEAD "int64\n  minimum: 2\n  exclusive_maximum: 2\n",
	    "s.yaml:6:22: no value between minimum and maximum: '2'");
	refused(HEAD "int64\n  exclusive_minimum: 2\n  enum: [3, 2]\n",
	    "s.yaml:6:13: outside minimum and maximum: '2'");
	refused(HEAD "int64\n  exclusive_maximum: 4\n  default: 4\n",
	    "s.yaml:6:12: default outside minimum and maximum: '4'");
	refused(HEAD "int64\n  min_length: 2\n", "s.yaml:5:15: a length is for strings only");
	refused(HEAD "string\n  max_length: -1\n", "s.yaml:5:15: expected a number of characters: '-1'");
	refused(HEAD "string\n  max_length: 2\n  min_length: 3\n",
	    "s.yaml:5:15: max_length is less than min_length");
	refused(HEAD "string\n  max_length: 2\n  enum: [éé, ééé]\n", "s.yaml:6:14: too short or too long: 'ééé'");
	refused(HEAD "string\n  min_length: 2\n  default: é\n", "s.yaml:6:12: default is too short or too long: 'é'");
	refused(HEAD "string\n  default: ab\n  pattern: a\n", "s.yaml:5:12: default does not match the pattern: 'ab'");
	refused(HEAD "int64\n  pattern: a\n", "s.yaml:5:12: a pattern is for strings only: 'a'");
	refused(HEAD "string\n  pattern: '(a'\n", "s.yaml:5:12: missing ) in a pattern: '(a'");
	refused(HEAD "string\n  pattern: 'a)|(b'\n", "s.yaml:5:12: missing ( in a pattern: 'a)|(b'");
	refused(HEAD "string\n  pattern: '(a)\\1'\n", "s.yaml:5:12: a back-reference in a pattern: '\\\\1'");
	refused(HEAD "string\n  pattern: '((a{1,200}){1,200}){1,200}'\n",
	    "s.yaml:5:12: too many repetitions in a pattern: '((a{1,200}){1,200}){1,200}'");
	OK("schema", "values invalid for their type, or that disagree");
}

/* The words that change values. */
static void
changes(void)
{
	refused(HEAD "string\n  map: {a: b, a: c}\n", "s.yaml:5:15: given twice: 'a'");
	refused(HEAD "string\n  map: [a]\n", "s.yaml:5:8: expected a mapping for: 'map'");
	refused(HEAD "string\n  map: {}\n", "s.yaml:5:9: an empty mapping for: 'map'");
	refused(HEAD "string\n  map: {a: [b]}\n", "s.yaml:5:12: expected one value for: 'map'");
	refused(HEAD "string\n  map: {a: }\n", "s.yaml:5:12: missing value for: 'map'");
	refused(HEAD "string\n  map: {[a]: b}\n", "s.yaml:5:9: expected a text in: 'map'");
	refused(HEAD "int64\n  map: {a: b}\n", "s.yaml:5:9: invalid value of type int64: 'b'");
	refused(HEAD "string\n  map: {a: b}\n  enum: [c]\n", "s.yaml:5:9: maps to a value that is not in enum: 'b'");
	refused(HEAD "string\n  map: {a: b}\n  pattern: c\n",
	    "s.yaml:5:9: maps to a value that does not match the pattern: 'b'");
	refused(HEAD "string\n  map: {a: b}\n  min_length: 2\n",
	    "s.yaml:5:9: maps to a value that is too short or too long: 'b'");
	refused(HEAD "string\n  other: reject\n", "s.yaml:5:10: other is for a column with map");
	refused(HEAD "string\n  map: {a: b}\n  other: rejct\n", "s.yaml:6:10: expected keep, reject or null: 'rejct'");
	refused(HEAD "string\n  case: title\n", "s.yaml:5:9: expected keep, lower, upper or ignore: 'title'");
	refused(HEAD "int64\n  case: lower\n", "s.yaml:5:9: case lower and upper are for strings only");
	refused(HEAD "string\n  case: ignore\n",
	    "s.yaml:5:9: case ignore is for a column with map, enum, true_values or false_values");
	refused(HEAD "string\n  case: lower\n  map: {É: b}\n",
	    "s.yaml:6:9: never found, as case changes the value first: 'É'");
	refused(HEAD "string\n  case: ignore\n  map: {é: b, É: c}\n", "s.yaml:6:15: given twice but for case: 'É'");
	refused(HEAD "string\n  case: ignore\n  enum: [Žena, žENA]\n", "s.yaml:6:16: given twice but for case: 'žENA'");
	refused(HEAD "string\n  true_values: [J]\n", "s.yaml:5:16: true_values and false_values are for bool only");
	refused(HEAD "bool\n  true_values: [J, x]\n  false_values: [N, x]\n", "s.yaml:6:21: both true and false: 'x'");
	refused(HEAD "string\n  replace: {'(': a}\n", "s.yaml:5:13: missing ) in a pattern: '('");
	refused(HEAD "int64\n  empty: keep\n", "s.yaml:5:10: empty keep is for strings only");
	refused(HEAD "string\n  empty: drop\n", "s.yaml:5:10: expected keep or null: 'drop'");
	refused(HEAD "int64\n  source: [b, b]\n", "s.yaml:5:15: source given twice: 'b'");
	refused(HEAD "int64\n  source: [b, c]\n- {name: d, source: [e, c], type: int64}\n",
	    "s.yaml:6:25: source given twice: 'c'");
	refused(HEAD "int64\n  source: [b, c]\n- {name: c, type: int64}\n",
	    "s.yaml:6:10: name is another column's source: 'c'");
	refused(HEAD "int64\n  source: b\n- {name: c, source: [d, a], type: int64}\n",
	    "s.yaml:6:25: source is another column's name: 'a'");
	OK("schema", "words that change values");
}

static void
formats(void)
{
	refused(HEAD "date\n  date_format: '%Y%m%d'\n",
	    "s.yaml:5:3: unknown word of a column: 'date_format'; it is now 'format'");
	refused(HEAD "string\n  format: '%Y%m%d'\n",
	    "s.yaml:5:11: a format is for dates and timestamps only: '%Y%m%d'");
	refused(HEAD "date\n  format: '%Y%m%d'\n  century: 1900\n",
	    "s.yaml:6:12: a century is for a format with %y only");
	refused(HEAD "date\n  century: 1900\n", "s.yaml:5:12: a century is for a format with %y only");
	refused(HEAD "date\n  format: '%Y%m%d%%y'\n  century: 1900\n",
	    "s.yaml:6:12: a century is for a format with %y only");
	refused(HEAD "date\n  format: '%y%m%d'\n  century: 0\n",
	    "s.yaml:6:12: expected a year from 1 to 9900: '0'");
	refused(HEAD "date\n  format: '%y%m%d'\n  century: 9901\n",
	    "s.yaml:6:12: expected a year from 1 to 9900: '9901'");
	refused(HEAD "date\n  format: '%Y-%m'\n", "s.yaml:5:11: format must have year, month and day: '%Y-%m'");
	refused(HEAD "date\n  format: ['%Y-%m-%d', '%d.%m.%Y', '%m.%d.%Y']\n",
	    "s.yaml:5:36: format reads dates of an earlier one as other dates: '%m.%d.%Y'");
	refused(HEAD "date\n  format: ['%d.%m.%y', '%-m.%-d.%y']\n",
	    "s.yaml:5:24: format reads dates of an earlier one as other dates: '%-m.%-d.%y'");
	refused(HEAD "date\n  format: ['%Y%m%d', '%Y%m%d']\n", "s.yaml:5:22: format given twice: '%Y%m%d'");
	refused(HEAD "date\n  format: []\n", "s.yaml:5:12: an empty list for: 'format'");
	refused(HEAD "date\n  format: '%Y-%m-%q'\n", "s.yaml:5:11: unknown word in a format: '%Y-%m-%q'");
	refused(HEAD "date\n  format: '%Y-%m-%d%'\n", "s.yaml:5:11: unknown word in a format: '%Y-%m-%d%'");
	refused(HEAD "date\n  format: '%-Y-%m-%d'\n", "s.yaml:5:11: unknown word in a format: '%-Y-%m-%d'");
	refused(HEAD "date\n  format: '%Y%Y%m%d'\n", "s.yaml:5:11: format has a word twice: '%Y%Y%m%d'");
	refused(HEAD "date\n  format: '%-d%m%Y'\n",
	    "s.yaml:5:11: digits must not follow a word of any number of digits: '%-d%m%Y'");
	refused(HEAD "date\n  format: '%*%d%m%Y'\n", "s.yaml:5:11: %* must end a format: '%*%d%m%Y'");
	refused(HEAD "timestamp\n  format: '%d%m%Y%*'\n",
	    "s.yaml:5:11: %* is for dates without other words of a time: '%d%m%Y%*'");
	refused(HEAD "timestamp\n  format: '%d%m%Y %I:%M'\n",
	    "s.yaml:5:11: format must have %H, or %I with %p, for the hour: '%d%m%Y %I:%M'");
	refused(HEAD "timestamp\n  format: '%d%m%Y %M'\n", "s.yaml:5:11: format must have the hour for minutes, "
	    "the minute for seconds, the second for a fraction: '%d%m%Y %M'");
	refused(HEAD "date\n  format: ' %d%m%Y'\n", "s.yaml:5:11: format begins or ends with a blank: ' %d%m%Y'");
	OK("schema", "formats of dates and times");
}

static void
amounts(void)
{
	refused(HEAD "float64\n  decimal_char: ','\n", "s.yaml:5:17: for integers and decimals only: 'decimal_char'");
	refused(HEAD "string\n  suffix: {D: negative}\n", "s.yaml:5:11: for integers and decimals only: 'suffix'");
	refused(HEAD "int64\n  decimal_char: ';'\n", "s.yaml:5:17: expected a point or a comma: ';'");
	refused(HEAD "int64\n  decimal_char: [',', '.']\n", "s.yaml:5:23: expected one value for: 'decimal_char'");
	refused(HEAD "int64\n  group_char: '_'\n",
	    "s.yaml:5:15: expected a point, a comma, a blank or an apostrophe: '_'");
	refused(HEAD "int64\n  group_char: '.'\n", "s.yaml:5:15: group_char is the decimal_char: '.'");
	refused(HEAD "int64\n  group_char: [' ', ' ']\n", "s.yaml:5:21: given twice: ' '");
	refused(HEAD "int64\n  negative: traling\n",
	    "s.yaml:5:13: expected leading, trailing, parentheses or U+2212: 'traling'; did you mean 'trailing'?");
	refused(HEAD "int64\n  currency: '$1'\n",
	    "s.yaml:5:13: digits, signs of a number, or a blank at an end: '$1'");
	refused(HEAD "int64\n  currency: 'EUR '\n",
	    "s.yaml:5:13: digits, signs of a number, or a blank at an end: 'EUR '");
	refused(HEAD "int64\n  suffix: {'-': negative}\n",
	    "s.yaml:5:12: digits, signs of a number, or a blank at an end: '-'");
	refused(HEAD "int64\n  suffix: {D: minus}\n", "s.yaml:5:15: expected negative or positive: 'minus'");
	refused(HEAD "int64\n  suffix: D\n", "s.yaml:5:11: expected words and their sign for: 'suffix'");
	refused(HEAD "int64\n  suffix: {}\n", "s.yaml:5:12: an empty mapping for: 'suffix'");
	refused(HEAD "int64\n  currency: D\n  suffix: {D: negative}\n", "s.yaml:6:12: suffix is a currency too: 'D'");
	OK("schema", "notation of amounts");
}

#define ROW "name: t\ncolumns:\n- {name: k, type: string, enum: [D, C]}\n- {name: a, type: int64}\n"

#define SEQUENCE(name) "name: t\nsequence: " name "\nkey: id\ncolumns:\n- {name: id, type: int64}\n"		\
	"- {name: at, type: date}\n- {name: f, type: float64}\n"

static void
over_rows(void)
{
	static const char text[] = "name: t\nfile: 't-*.csv'\noptional: yes\nwhere: k = 'D'\nrules:\n  one: a > 1\n"
	    "  two-2: \"a < 9\"\ncolumns:\n- {name: k, type: string, unique: yes}\n- {name: a, type: int64,\n"
	    "   sign: {column: k, negative: [D, V], positive: C}}\n- {name: b, type: int64, compute: a + 1}\n"
	    "- {name: at, type: timestamp, zone: Europe/Prague}\n";
	struct msg err = { 0 };
	struct schema s;

	CHECK(schema_parse(&s, text, strlen(text), "s", &err) == 0, "%s", err.text);
	CHECK(s.optional && strcmp(s.path, "s") == 0 && strcmp(s.where.text, "k = 'D'") == 0 && s.where.line == 4 &&
	    s.where.column == 8 && s.where.exact, "where");
	CHECK(s.nrules == 2 && strcmp(s.rules[1].name, "two-2") == 0 && strcmp(s.rules[1].expr.text, "a < 9") == 0 &&
	    s.rules[1].expr.line == 7 && s.rules[1].expr.column == 11, "rules");
	CHECK(s.columns[0].unique && s.columns[1].sign.index == 0 && s.columns[1].sign.negative.n == 2 &&
	    strcmp(s.columns[1].sign.positive.word[0], "C") == 0 && schema_is_computed(&s.columns[2]) &&
	    !schema_is_computed(&s.columns[1]) && s.columns[3].zone != NULL, "columns");
	schema_free(&s);
	refused("name: t\nwhere: ' '\n", "s.yaml:2:8: missing value for: 'where'");
	refused("name: t\nrules: []\n", "s.yaml:2:8: expected names and predicates for: 'rules'");
	refused("name: t\nrules: {}\n", "s.yaml:2:9: an empty mapping for: 'rules'");
	refused("name: t\nrules: {a: x, a: y}\n", "s.yaml:2:15: given twice: 'a'");
	refused("name: t\nrules: {a b: x}\n", "s.yaml:2:9: a rule's name must be letters, digits, '_' and '-': 'a b'");
	refused("name: t\nrules: {unique: x}\n", "s.yaml:2:9: name of another reason to reject a row: 'unique'");
	refused("name: t\noptional: maybe\n", "s.yaml:2:11: expected yes or no: 'maybe'");
	CHECK(schema_parse(&s, SEQUENCE("at"), strlen(SEQUENCE("at")), "s", &err) == 0 && s.columns[1].required &&
	    strcmp(s.sequence, "at") == 0, "sequence");
	schema_free(&s);
	refused(SEQUENCE("att"), "s.yaml:2:11: sequence: no such column: 'att'; did you mean 'at'?");
	refused(SEQUENCE("id"), "s.yaml:2:11: sequence: a key column: 'id'");
	refused(SEQUENCE("f"), "s.yaml:2:11: sequence: the type of the column has no exact order: 'f'");
	refused("name: t\ncolumns:\n- {name: a, type: int64, compute: 1}\n",
	    "s.yaml:3:1: all columns are computed");
	refused(ROW "- {name: b, type: int64, compute: a, nulls: x}\n",
	    "s.yaml:5:45: not for a column with compute: 'nulls'");
	refused(ROW "- {name: b, type: int64, sign: k}\n",
	    "s.yaml:5:32: expected {column: ..., negative: [...]} for: 'sign'");
	refused(ROW "- {name: b, type: int64, sign: {column: k}}\n", "s.yaml:5:32: missing word of sign: 'negative'");
	refused(ROW "- {name: b, type: int64, sign: {colum: k}}\n",
	    "s.yaml:5:33: unknown word of sign: 'colum'; did you mean 'column'?");
	refused(ROW "- {name: b, type: int64, sign: {column: kk, negative: D}}\n",
	    "s.yaml:5:41: sign: no such column: 'kk'; did you mean 'k'?");
	refused(ROW "- {name: b, type: int64, sign: {column: a, negative: D}}\n",
	    "s.yaml:5:41: sign: its column must be a string of the file: 'a'");
	refused(ROW "- {name: b, type: int64, sign: {column: k, negative: X}}\n",
	    "s.yaml:5:41: sign: a value that is not in the column's enum: 'X'");
	refused(ROW "- {name: b, type: int64, sign: {column: k, negative: D, positive: [C, D]}}\n",
	    "s.yaml:5:67: both negative and positive: 'D'");
	refused(ROW "- {name: b, type: date, sign: {column: k, negative: D}}\n",
	    "s.yaml:5:31: for integers and decimals only: 'sign'");
	refused(ROW "- {name: b, type: int64, sign: {column: k, negative: D}, default: 1}\n",
	    "s.yaml:5:67: not for a column with sign: 'default'");
	OK("schema", "words over the row");
}

static void
hostile(void)
{
	static char huge[(1 << 20) + 2];
	struct msg err = { 0 };
	struct schema s;

	refused("name: &x t\n", "s.yaml:1:7: anchors are not supported: 'x'");
	refused("name: *x\n", "s.yaml:1:7: aliases are not supported: 'x'");
	refused("a: &a [x,x]\nb: &b [*a,*a]\n", "s.yaml:1:1: unknown word of a schema: 'a'");
	refused("nulls: &a [x,x]\nfile: [*a,*a]\n", "s.yaml:1:8: anchors are not supported: 'a'");
	refused("name: !!str t\n", "s.yaml:1:7: tags are not supported: 'tag:yaml.org,2002:str'");
	refused("name: \"a\\0b\"\n", "s.yaml:1:7: a NUL in a text: 'a'");
	refused("name: t\n# \xff\n", "s.yaml:2:3: not UTF-8");
	refused("name: t\n# é \x01\n", "s.yaml:2:5: control characters are not allowed");
	refused("name: 'a\n", "s.yaml:2:1: found unexpected end of stream");
	refused("name: t\ncolumns: [{name: a, type: int64}]\n---\nname: u\n", "s.yaml:3:1: more than one document");
	refused("\xff\xfen\0a\0", "s.yaml:1:1: not UTF-8");
	memset(huge, '#', sizeof(huge));
	CHECK(schema_parse(&s, huge, sizeof(huge), "s", &err) == -1 && err.status == EX_CONFIG &&
	    strcmp(err.text, "s: larger than 1 MiB: not a schema") == 0, "%s", err.text);
	schema_free(&s);
	memset(huge, '[', sizeof(huge));
	err = (struct msg){ 0 };
	CHECK(schema_parse(&s, huge, 1 << 20, "s", &err) == -1 && err.status == EX_CONFIG, "a megabyte of brackets");
	schema_free(&s);
	OK("schema", "hostile documents");
}

static void
files(void)
{
	struct msg err = { 0 };
	struct schema s;

	CHECK(schema_read(&s, "/nowhere/s.yaml", &err) == -1 && err.status == EX_NOINPUT, "%s", err.text);
	schema_free(&s);
	err = (struct msg){ 0 };
	CHECK(schema_read(&s, "/", &err) == -1 && err.status == EX_NOINPUT, "%s", err.text);
	schema_free(&s);
	OK("schema", "no such file");
}

int
main(void)
{
	unit_start();
	everything();
	words();
	columns();
	values();
	changes();
	formats();
	amounts();
	over_rows();
	hostile();
	files();
	return 0;
}
