/* Names in a file: that of its encoding, one that iconv(3) converts to UTF-8, and those of its columns. */
#include <iconv.h>
#include <string.h>

#include "base/letter.h"
#include "base/near.h"
#include "schema/schema.h"

enum { LONGEST = 40 };

/* iconv(3) takes options after a slash, and an empty name for the locale's encoding; neither is a name here. */
bool
schema_encoding_ok(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+()";
	iconv_t to;

	if (*name == '\0' || strlen(name) > LONGEST || name[strspn(name, letters)] != '\0')
		return false;
	if (strcmp(name, "auto") == 0)
		return true;
	if ((to = iconv_open("UTF-8", name)) == (iconv_t)-1)
		return false;
	iconv_close(to);
	return true;
}

const char *
schema_encoding_hint(const char *name)
{
	static const char *const common[] = { "auto", "utf-8", "utf-16", "utf-16le", "utf-16be", "utf-32", "latin1",
	    "latin2", "iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-9", "iso-8859-15",
	    "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1257", "cp437",
	    "cp850", "cp852", "cp1250", "cp1251", "cp1252", "koi8-r", "macintosh", "shift_jis", "euc-jp", "euc-kr",
	    "gb18030", "gbk", "big5", "ascii" };
	struct near near;
	size_t i;

	near_start(&near, name);
	for (i = 0; i < sizeof(common) / sizeof(*common); i++)
		near_try(&near, common[i]);
	return near_hint(&near);
}

bool
schema_same_name(const struct schema *s, const char *a, const char *b)
{
	return s != NULL && s->names_ignore_case ? letter_same(a, strlen(a), b, strlen(b)) : strcmp(a, b) == 0;
}
