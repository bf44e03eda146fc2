#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"

enum { PART = 4, LEAST = 1 << 20 };

/* Lowers *least to the number in a file. A missing file and the word "max" mean no limit. */
static void
lower(const char *root, const char *base, const char *group, const char *file, uint64_t *least)
{
	char *path = xasprintf("%s%s%s/%s", root, base, group, file), line[32], *end;
	FILE *f = fopen(path, "re");
	unsigned long long v;

	if (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		v = strtoull(line, &end, 10);
		if (end != line && v < *least)
			*least = v;
	}
	if (f != NULL)
		fclose(f);
	free(path);
}

/* Reads the limits of a group and its ancestors; in a container the root may be the group itself. */
static void
climb(const char *root, const char *base, char *group, const char *file, uint64_t *least)
{
	char *slash;

	for (;;) {
		lower(root, base, group, file, least);
		if ((slash = strrchr(group, '/')) == NULL)
			return;
		*slash = '\0';
	}
}

/* Parses a line of /proc/self/cgroup, "id:controllers:path"; version 2 has no controllers. */
static void
read_group(const char *root, char *line, uint64_t *least)
{
	char *controllers = strchr(line, ':'), *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL,
	    *copy;

	if (group == NULL)
		return;
	*controllers++ = '\0';
	*group++ = '\0';
	group[strcspn(group, "\n")] = '\0';
	copy = xstrdup(group);
	if (*controllers == '\0') {
		climb(root, "/sys/fs/cgroup", group, "memory.max", least);
		climb(root, "/sys/fs/cgroup", strcpy(group, copy), "memory.high", least);
		climb(root, "/sys/fs/cgroup/unified", strcpy(group, copy), "memory.max", least);
	} else if (strstr(controllers, "memory") != NULL) {
		climb(root, "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes", least);
	}
	free(copy);
}

uint64_t
memory_limit(const char *root, uint64_t physical)
{
	char *path = xasprintf("%s/proc/self/cgroup", root), *line = NULL;
	FILE *f = fopen(path, "re");
	size_t cap = 0;

	while (f != NULL && getline(&line, &cap, f) > 0)
		read_group(root, line, &physical);
	free(line);
	if (f != NULL)
		fclose(f);
	free(path);
	return physical;
}

size_t
memory_bound(unsigned share)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	uint64_t limit = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : (uint64_t)4 << 30;
	struct rlimit space;

	limit = memory_limit("", limit);
	if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY && space.rlim_cur < limit)
		limit = space.rlim_cur;
	limit /= (uint64_t)PART * (share > 0 ? share : 1);
	if (limit > SIZE_MAX / 2)
		limit = SIZE_MAX / 2;
	return limit < LEAST ? LEAST : (size_t)limit;
}
