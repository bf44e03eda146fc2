#include <string.h>

#include "base/json.h"
#include "delta/log/snapshot.h"

void
delta_json_text(struct buf *out, const char *text)
{
	if (text == NULL)
		buf_adds(out, "null");
	else
		json_put(out, text, strlen(text));
}
