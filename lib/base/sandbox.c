#include "base/sandbox.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/msg.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(ACCT_COVERAGE)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__)) && !defined(SANITIZED)

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- file names: Landlock, since Linux 5.13 ---- */

/* The access rights of Landlock's first version, and later ones that an older header may lack. */
#define FS_FIRST ((UINT64_C(1) << 13) - 1)
#define FS_REFER (UINT64_C(1) << 13)
#define FS_TRUNCATE (UINT64_C(1) << 14)
#define FS_IOCTL (UINT64_C(1) << 15)

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/*
 * Committing an output renames it, which creates the new name and removes the old one, and opens its directory for
 * fsync.
 */
#define RENAME (LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define SPILL (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE)
/* For a TMPDIR whose file system has no unnamed files. */
#define SPILL_NAMED (SPILL | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

/* Set for TMPDIR's file system, not by programs. */
enum { NEED_NAMED_SPILL = 0x100 };

/* Returns the rights this kernel can restrict; 0 without Landlock. */
static uint64_t
landlock_rights(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (version < 1)
		return 0;
	return FS_FIRST | (version >= 2 ? FS_REFER : 0) | (version >= 3 ? FS_TRUNCATE : 0) |
	    (version >= 5 ? FS_IOCTL : 0);
}

struct rules {
	int fd;
	uint64_t handled;	/* rights denied unless a rule allows them */
};

/* Allows the rights at path and below it. Ignores a path that does not exist. */
static void
allow_path(const struct rules *r, const char *path, uint64_t rights)
{
	int fd = open(path, O_PATH | O_CLOEXEC), rules = r->fd;
	struct landlock_path_beneath_attr rule = { .allowed_access = rights & r->handled, .parent_fd = fd };

	if (fd < 0)
		return;
	if (rule.allowed_access != 0 && syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule,
	    0) < 0) {
		rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE;	/* the only right that applies to a file */
		(void)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	}
	close(fd);
}

static void
allow_outputs(const struct rules *r)
{
	const struct io_out *o;
	char *folder;

	for (o = io_unfinished(); o != NULL; o = o->next) {
		folder = io_folder(o->path);
		allow_path(r, folder, RENAME);
		free(folder);
	}
}

static const char *const resolving[] = {
	"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
	"/dev/urandom"
};

/* Restricts access to file names. Returns 0, or -1 with errno. */
static int
confine_names(unsigned needs, const char *root)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = landlock_rights() };
	struct rules r;
	size_t i;
	int failed;

	if (attr.handled_access_fs == 0)
		return -1;
	if (needs & SANDBOX_READ && root == NULL)
		attr.handled_access_fs &= ~(uint64_t)READ;
	r.handled = attr.handled_access_fs;
	if ((r.fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr.handled_access_fs), 0)) < 0)
		return -1;
	allow_outputs(&r);
	if (needs & SANDBOX_SPILL)
		allow_path(&r, io_temp_folder(), needs & NEED_NAMED_SPILL ? SPILL_NAMED : SPILL);
	for (i = 0; needs & SANDBOX_NET && i < sizeof(resolving) / sizeof(*resolving); i++)
		allow_path(&r, resolving[i], READ);
	if (needs & SANDBOX_NET && getenv("AZURE_FEDERATED_TOKEN_FILE") != NULL)	/* read anew for each token */
		allow_path(&r, getenv("AZURE_FEDERATED_TOKEN_FILE"), READ);
	if (needs & SANDBOX_READ && root != NULL) {
		allow_path(&r, root, READ);
		allow_path(&r, "/dev/urandom", READ);	/* seeds libjansson's tables */
	}
	failed = syscall(SYS_landlock_restrict_self, r.fd, 0) < 0;
	close(r.fd);
	return failed ? -1 : 0;
}

/* ---- system calls: a seccomp filter, since Linux 3.5 ---- */

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#else
#define ARCH AUDIT_ARCH_AARCH64
#endif

enum { MAX_FILTER = 512 };

struct filter {
	struct sock_filter code[MAX_FILTER];
	size_t n;
};

#define STMT(c, k) ((struct sock_filter)BPF_STMT(c, k))
#define JUMP(c, k, t, f) ((struct sock_filter)BPF_JUMP(c, k, t, f))
#define LOAD(offset) STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define RETURN(action) STMT(BPF_RET | BPF_K, action)
/*
 * Loads the lower half of an argument; all the arguments tested are int in the kernel (x86-64 and aarch64 are
 * little-endian).
 */
#define ARGUMENT(i) LOAD(offsetof(struct seccomp_data, args) + 8 * (i))

/* The lists below stay well under MAX_FILTER; the kernel rejects a truncated filter, as it has no final return. */
static void
add(struct filter *f, struct sock_filter code)
{
	if (f->n < MAX_FILTER)
		f->code[f->n++] = code;
}

static void
allow(struct filter *f, long number)
{
	add(f, JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1));
	add(f, RETURN(SECCOMP_RET_ALLOW));
}

/* Allows a call if the bits `mask` of an argument equal `value`. */
static void
allow_if(struct filter *f, long number, unsigned argument, uint32_t mask, uint32_t value)
{
	add(f, JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 5));
	add(f, ARGUMENT(argument));
	add(f, STMT(BPF_ALU | BPF_AND | BPF_K, mask));
	add(f, JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
	add(f, RETURN(SECCOMP_RET_ALLOW));
	add(f, LOAD(offsetof(struct seccomp_data, nr)));
}

static void
allow_all(struct filter *f, const long *numbers, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		allow(f, numbers[i]);
}

/* Calls allowed always, the most frequent first; none names a file or another process. */
static const long always[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_lseek, SYS_close, SYS_fstat,
	    SYS_fsync, SYS_fdatasync,
	SYS_sync_file_range, SYS_fadvise64, SYS_ftruncate, SYS_fallocate,
	SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_futex, SYS_membarrier,
	SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday, SYS_getrandom,
	    SYS_ppoll,
#ifdef SYS_poll
	SYS_poll,
#endif
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall,
	SYS_getpid, SYS_gettid, SYS_getrusage, SYS_sched_getaffinity, SYS_sched_yield, SYS_set_robust_list,
#ifdef SYS_rseq
	SYS_rseq,
#endif
	SYS_exit, SYS_exit_group
};

/* Calls that rename or remove outputs without reading them. */
static const long naming[] = {
#ifdef SYS_rename
	SYS_rename,
#endif
#ifdef SYS_unlink
	SYS_unlink,
#endif
#ifdef SYS_renameat
	SYS_renameat,
#endif
	SYS_renameat2
};

/* Calls for readers of tables; Landlock decides which files they may open. */
static const long reading[] = {
#ifdef SYS_stat
	SYS_stat, SYS_lstat, SYS_access, SYS_readlink,
#endif
	SYS_newfstatat, SYS_statx, SYS_getcwd, SYS_faccessat, SYS_readlinkat, SYS_getdents64,
#ifdef SYS_faccessat2
	SYS_faccessat2,
#endif
#ifdef SYS_openat2
	SYS_openat2
#endif
};

/* Calls of a client of network services. */
static const long network[] = {
	SYS_connect, SYS_bind, SYS_getsockname, SYS_getpeername, SYS_getsockopt, SYS_setsockopt, SYS_sendto,
	SYS_recvfrom,
	SYS_sendmsg, SYS_sendmmsg, SYS_recvmsg, SYS_shutdown, SYS_socketpair, SYS_pipe2, SYS_eventfd2, SYS_uname,
	SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid
};

/* Sockets of the internet, and the one in which the kernel tells what addresses this machine has. */
static void
allow_network(struct filter *f)
{
	static const uint32_t families[] = { AF_INET, AF_INET6, AF_NETLINK };
	size_t i;

	for (i = 0; i < sizeof(families) / sizeof(*families); i++)
		allow_if(f, SYS_socket, 0, UINT32_MAX, families[i]);
	allow_all(f, network, sizeof(network) / sizeof(*network));
}

static void
allow_memory_and_threads(struct filter *f)
{
	allow_if(f, SYS_mmap, 2, PROT_EXEC, 0);
	allow_if(f, SYS_mprotect, 2, PROT_EXEC, 0);
	allow_if(f, SYS_clone, 0, CLONE_THREAD, CLONE_THREAD);
	/* a filter cannot see clone3's flags; glibc falls back to clone */
	add(f, JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1));
	add(f, RETURN(SECCOMP_RET_ERRNO | ENOSYS));
}

static void
allow_descriptors(struct filter *f)
{
	static const uint32_t commands[] = { F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_SETPIPE_SZ,
	    F_GETPIPE_SZ };
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		allow_if(f, SYS_fcntl, 1, UINT32_MAX, commands[i]);
	allow_if(f, SYS_newfstatat, 3, UINT32_MAX, AT_EMPTY_PATH);	/* fstat in glibc */
	allow_if(f, SYS_ioctl, 1, UINT32_MAX, TCGETS);			/* isatty */
	allow_if(f, SYS_tgkill, 0, UINT32_MAX, (uint32_t)getpid());	/* raise, abort */
}

static void
allow_files(struct filter *f, unsigned needs, bool outputs)
{
	const uint32_t fresh = O_RDWR | O_CREAT | O_EXCL, folder = O_RDONLY | O_DIRECTORY;

	if (needs & SANDBOX_SPILL)
		allow_if(f, SYS_openat, 2, UINT32_MAX & ~(uint32_t)O_CLOEXEC, O_RDWR | O_TMPFILE | O_EXCL);
	if (needs & NEED_NAMED_SPILL)
		allow_if(f, SYS_openat, 2, UINT32_MAX & ~(uint32_t)O_CLOEXEC, fresh);	/* new files only */
	if (outputs)
		allow_if(f, SYS_openat, 2, UINT32_MAX & ~(uint32_t)O_CLOEXEC, folder);	/* to fsync it */
	if (outputs || needs & NEED_NAMED_SPILL) {
		allow_all(f, naming, sizeof(naming) / sizeof(*naming));
		allow_if(f, SYS_unlinkat, 2, UINT32_MAX, 0);
	}
	if (needs & SANDBOX_NET)
		allow_network(f);
	if (needs & (SANDBOX_READ | SANDBOX_NET)) {
		allow_all(f, reading, sizeof(reading) / sizeof(*reading));
		allow_if(f, SYS_openat, 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
	}
}

static void
make_filter(struct filter *f, unsigned needs)
{
	f->n = 0;
	add(f, LOAD(offsetof(struct seccomp_data, arch)));
	add(f, JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0));
	add(f, RETURN(SECCOMP_RET_KILL_PROCESS));
	add(f, LOAD(offsetof(struct seccomp_data, nr)));	/* x32 syscall numbers differ from all of these */
	allow_all(f, always, sizeof(always) / sizeof(*always));
	allow_memory_and_threads(f);
	allow_descriptors(f);
	allow_files(f, needs, io_unfinished() != NULL);
	add(f, RETURN(SECCOMP_RET_ERRNO | EPERM));
}

/* Returns 0, or -1 with errno. */
static int
confine_calls(unsigned needs)
{
	struct filter f;
	struct sock_fprog program;

	make_filter(&f, needs);
	program = (struct sock_fprog){ (unsigned short)f.n, f.code };
#ifdef SECCOMP_FILTER_FLAG_SPEC_ALLOW
	/*
	 * Before Linux 5.16 a filter disabled speculative store bypass, which costs a few percent; no secrets are kept
	 * here.
	 */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0)
		return 0;
#endif
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* ---- both ---- */

/* Reports only on request: the work is unaffected, and each program of a pipeline would repeat it. */
static void
say(unsigned needs, const char *what)
{
	if (needs & SANDBOX_REPORT)
		msg_warn("%s: %s", what, strerror(errno));
}

void
sandbox_enter(unsigned needs, const char *root)
{
	const char *setting = getenv("ACCT_SANDBOX");

	if (setting != NULL && strcmp(setting, "no") == 0)
		return;
	if (needs & SANDBOX_SPILL && !io_temp_is_nameless())
		needs |= NEED_NAMED_SPILL;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		say(needs, "no sandbox: no_new_privs");
		return;
	}
	if (confine_names(needs, root) < 0)
		say(needs, "sandbox does not restrict file names: the kernel has no Landlock");
	if (confine_calls(needs) < 0)
		say(needs, "no sandbox: the kernel has no seccomp filters");
}

#else

void
sandbox_enter(unsigned needs, const char *root)
{
	(void)root;
#if defined(SANITIZED)
	(void)needs;
#else
	if (needs & SANDBOX_REPORT)
		msg_warn("no sandbox: unsupported system");
#endif
}

#endif
