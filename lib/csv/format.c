#include "csv/format.h"

struct csv_format
csv_format_of(const struct schema *s)
{
	static const uint8_t multiline[] = {
		[SCHEMA_MULTILINE_ANY] = CSV_MULTILINE_ANY, [SCHEMA_MULTILINE_NO] = CSV_MULTILINE_NO,
		[SCHEMA_MULTILINE_YES] = CSV_MULTILINE_YES
	};

	return (struct csv_format){ .delimiter = (uint8_t)s->delimiter, .quote = (uint8_t)s->quote,
	    .escape = (uint8_t)s->escape, .multiline = multiline[s->multiline] };
}

struct csv_layout
csv_layout_of(const struct schema *s)
{
	return (struct csv_layout){ .before = s->header_line - 1, .footer = s->footer,
	    .footer_from = s->footer_regex, .comment = s->comment };
}
