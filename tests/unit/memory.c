/* The default bound of memory, from control groups of both versions laid out below a root of the test's own. */
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/memory.h"
#include "unit.h"

static char root[] = "/tmp/acct-memory-XXXXXX";

static void
run(const char *command)
{
	char *line = xasprintf("cd '%s' && %s", root, command);

	CHECK(system(line) == 0, "%s", line);
	free(line);
}

/* Writes a file below the root, and the folders above it. */
static void
put(const char *path, const char *text)
{
	char *line = xasprintf("mkdir -p \"$(dirname %s)\" && printf '%%s\\n' '%s' >%s", path, text, path);

	run(line);
	free(line);
}

static void
expect(const char *what, uint64_t want)
{
	uint64_t got = memory_limit(root, 1 << 30);

	CHECK(got == want, "%s: %" PRIu64 ", not %" PRIu64, what, got, want);
	run("rm -rf proc sys");
}

int
main(void)
{
	struct rlimit space = { (rlim_t)2 << 30, (rlim_t)2 << 30 };

	unit_start();
	CHECK(mkdtemp(root) != NULL, "%s", root);
	expect("no control groups", 1 << 30);

	put("proc/self/cgroup", "0::/user.slice/job");
	put("sys/fs/cgroup/user.slice/job/memory.max", "max");
	put("sys/fs/cgroup/user.slice/memory.max", "max");
	expect("version 2 without a limit", 1 << 30);

	put("proc/self/cgroup", "0::/user.slice/job");
	put("sys/fs/cgroup/user.slice/job/memory.max", "536870912");
	put("sys/fs/cgroup/user.slice/memory.max", "max");
	expect("version 2", 512 << 20);

	put("proc/self/cgroup", "0::/user.slice/job");
	put("sys/fs/cgroup/user.slice/job/memory.max", "536870912");
	put("sys/fs/cgroup/user.slice/memory.max", "268435456");
	expect("version 2, less in the group above", 256 << 20);

	put("proc/self/cgroup", "0::/user.slice/job");
	put("sys/fs/cgroup/user.slice/memory.high", "134217728");
	expect("version 2, where pressure begins", 128 << 20);

	put("proc/self/cgroup", "0::/a/path/seen/from/outside");
	put("sys/fs/cgroup/memory.max", "100000000");
	expect("version 2 in a container", 100000000);

	put("proc/self/cgroup", "11:cpu,cpuacct:/x\n4:memory:/batch/job\n0::/");
	put("sys/fs/cgroup/memory/batch/job/memory.limit_in_bytes", "9223372036854771712");
	put("sys/fs/cgroup/memory/batch/memory.limit_in_bytes", "300000000");
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
	expect("version 1", 300000000);

	put("proc/self/cgroup", "4:cpuset:/batch\nno colons\n:\n::\n");
	put("sys/fs/cgroup/memory/batch/memory.limit_in_bytes", "300000000");
	put("sys/fs/cgroup/memory.max", "no number");
	expect("other controllers and odd lines", 1 << 30);
	CHECK(rmdir(root) == 0, "%s", root);

	CHECK(memory_bound(3) <= memory_bound(1) / 3 + 1 && memory_bound(1000000) == 1 << 20, "parts");
#if !defined(__SANITIZE_ADDRESS__)
	CHECK(setrlimit(RLIMIT_AS, &space) == 0 && memory_bound(1) <= (512 << 20), "ulimit -v");
#else
	(void)space;
#endif
	OK("memory", "the least limit of the machine, the control groups and ulimit");
	return 0;
}
