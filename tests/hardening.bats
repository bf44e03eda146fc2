load helper

# What the compiler, the linker and the kernel do so that a fault in a parser stays a fault.

@test "hardening: programs are position-independent, with relocations read-only before main and no executable stack" {
	unsanitized 'sanitizers are not combined with it'
	for program in "$BUILD"/bin/acct-*; do
		readelf -h "$program" | grep -q 'Type: *DYN'
		readelf -d "$program" | grep -q 'FLAGS_1.*NOW.*PIE'
		readelf -d "$program" | grep -q 'BIND_NOW'
		readelf -lW "$program" | grep -q GNU_RELRO
		readelf -lW "$program" | grep 'GNU_STACK' | grep -q ' RW '
	done
}

@test "hardening: the stack protector and checked library calls are in every program" {
	unsanitized 'sanitizers are not combined with it'
	for program in "$BUILD"/bin/acct-*; do
		nm -D --undefined-only "$program" >symbols
		grep -q ' __stack_chk_fail' symbols
		grep -Eq ' __(snprintf|vsnprintf|fprintf|memcpy|sprintf)_chk' symbols
	done
}

@test "hardening: functions of a processor with indirect branch tracking begin with a landing place" {
	unsanitized 'sanitizers are not combined with it'
	case $(uname -m) in
	x86_64) landing=endbr64 ;;
	*) skip 'SKIPPED: for x86-64 only' ;;
	esac
	objdump -d --disassemble=main "$BUILD/bin/acct-ingest" | grep -q "$landing"
}

# ---- the sandbox ----

# need_sandbox: skips where this kernel, or a container around it, has no seccomp filters or no Landlock.
need_sandbox() {
	unsanitized 'sanitizers need what a sandbox takes away'
	echo a >none.csv
	acct-ingest -v none.csv 2>&1 >/dev/null | grep sandbox >lack || return 0
	skip "SKIPPED: $(cat lack)"
}

# Files that an intruder could reach from here; none of them is named on a command line.
bait() {
	rm -rf new.txt renamed.txt linked.txt symlinked.txt folder
	echo other >other.txt
	echo victim >victim.txt
}

# intrude COMMAND...: runs it with the intruder inside; `attempts` has what it tried and how that ended.
intrude() {
	[ -e intruder.so ] || ${CC:-cc} -shared -fPIC -w -o intruder.so "$ROOT/tests/intruder.c"
	bait
	env LD_PRELOAD="$T/intruder.so" "$@" >stdout 2>attempts
	[ "$(wc -l <attempts)" -ge 21 ]		# it was there, and saw foreign text
}

# refused: no attempt came through, and all files are as they were.
refused() {
	! grep ' done$' attempts
	[ "$(cat other.txt)" = other ] && [ -e victim.txt ] && [ ! -e new.txt ] && [ ! -e renamed.txt ]
}

samples() {
	printf 'id,name\n1,foreign-marker\n2,b\n' >in.csv
	printf 'id,name\n3,c\n' >more.csv
	printf 'name: t\ncolumns:\n  - name: id\n    type: int64\n    key: yes\n  - name: name\n    type: string\n' >t.yaml
	acct-ingest in.csv >raw.acct
	acct-clean -s t.yaml raw.acct >typed.acct
	acct-write --codec none tab <typed.acct
	gzip -c in.csv >in.csv.gz
}

@test "hardening: the intruder of these tests comes through where the sandbox is off" {
	need_sandbox
	samples
	for command in 'acct-ingest in.csv' 'acct-clean -s t.yaml raw.acct' 'acct-cat typed.acct' 'acct-select -c id typed.acct' \
	    'acct-read tab'; do
		ACCT_SANDBOX=no intrude $command
		for attempt in open-passwd open-other open-write create socket-inet socket-unix fork exec code; do
			grep -qx "$attempt done" attempts
		done
	done
}

@test "hardening: a parser under foreign control opens no file and no socket, and starts nothing" {
	need_sandbox
	samples
	for command in 'acct-ingest in.csv' 'acct-ingest in.csv more.csv' 'acct-clean -s t.yaml raw.acct' \
	    'acct-clean --memory 1K -s t.yaml raw.acct' 'acct-cat typed.acct' 'acct-cat typed.acct typed.acct' 'acct-cat --check typed.acct' \
	    'acct-select -c id typed.acct' 'acct-read tab'; do
		intrude $command
		refused
	done
	bait
	intrude acct-ingest <in.csv
	refused
}

@test "hardening: nor does one that writes files, which are there whole all the same" {
	need_sandbox
	samples
	mkdir out
	intrude acct-ingest -o out/raw.acct --stats out/stats.json in.csv
	refused
	cmp raw.acct out/raw.acct
	[ -s out/stats.json ]
	intrude acct-clean -s t.yaml -o out/typed.acct -r out/rejects.acct --stats out/clean.json raw.acct
	refused
	cmp typed.acct out/typed.acct
	acct-cat --check out/rejects.acct
	intrude acct-cat -o out/text.csv typed.acct
	refused
	intrude acct-select -o out/some.acct typed.acct
	refused
	intrude acct-read -o out/read.acct tab
	refused
	acct-cat --check out/read.acct
	same "clean.json
raw.acct
read.acct
rejects.acct
some.acct
stats.json
text.csv
typed.acct" "$(ls -A out)"
}

@test "hardening: a failed program removes its unfinished file within the sandbox" {
	need_sandbox
	mkdir out
	printf 'a,b\n1,2\n' | gzip | head -c 20 >cut.gz
	run -65 acct-ingest -o out/x.acct --stats out/x.json cut.gz
	same "" "$(ls -A out)"
	mkfifo slow
	acct-ingest -o out/x.acct slow &
	pid=$!
	exec 7>slow
	until [ -n "$(ls -A out)" ]; do sleep 0.01; done
	kill $pid
	status=0
	wait $pid || status=$?
	[ $status = 143 ]
	exec 7>&-
	same "" "$(ls -A out)"
}

@test "hardening: within the sandbox keys still go to temporary files" {
	need_sandbox
	samples
	{ echo id,name; seq 50000 | sed 's/$/,name/'; } | acct-ingest >many.acct
	mkdir tmp
	TMPDIR=$PWD/tmp acct-clean --memory 64K -s t.yaml many.acct >spilled.acct
	acct-clean -s t.yaml many.acct | cmp - spilled.acct
	same "" "$(ls -A tmp)"	# The same where the file system has no files without names.
	cat >named.c <<-'C'
	#define _GNU_SOURCE
	#include <errno.h>
	#include <fcntl.h>
	#include <stdarg.h>
	#include <sys/syscall.h>
	#include <unistd.h>
	int open(const char *path, int flags, ...)
	{
		va_list ap;
		va_start(ap, flags);
		if ((flags & O_TMPFILE) == O_TMPFILE) {
			errno = EOPNOTSUPP;
			return -1;
		}
		return (int)syscall(SYS_openat, AT_FDCWD, path, flags, va_arg(ap, int));
	}
	int open64(const char *path, int flags, ...) __attribute__((alias("open")));
	C
	${CC:-cc} -shared -fPIC -w -o named.so named.c
	env TMPDIR="$PWD/tmp" LD_PRELOAD="$PWD/named.so" acct-clean --memory 64K -s t.yaml many.acct | cmp - spilled.acct
	same "" "$(ls -A tmp)"
}
