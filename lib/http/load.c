#include "http/load.h"

#include <dlfcn.h>
#include <string.h>

int
http_load(const char *library, const char *package, const struct http_symbol *symbols, size_t n, void *table,
    struct msg *err)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL), *function;
	size_t i;

	if (handle == NULL)
		return msg_set(err, EX_UNAVAILABLE, "%s: cannot be loaded; Debian: apt-get install %s", library,
		    package);
	for (i = 0; i < n; i++) {
		if ((function = dlsym(handle, symbols[i].name)) == NULL)
			return msg_set(err, EX_UNAVAILABLE, "%s: too old: has no %s", library, symbols[i].name);
		memcpy((char *)table + symbols[i].offset, &function, sizeof(function));
	}
	return 0;
}
