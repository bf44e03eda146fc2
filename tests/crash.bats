load helper

# What tests/crash.py does to writers of Delta tables. For a run by hand: ACCT_CRASH=all takes every system call instead of
# a part of long rows of equal ones, ACCT_KILLS=500 as many random instants; ACCT_COMMITS is for each of eight writers.

prepare() {
	need /usr/bin/python3
	if sanitized; then
		kills=${ACCT_KILLS:-20} commits=${ACCT_COMMITS:-8}
	else
		kills=${ACCT_KILLS:-30} commits=${ACCT_COMMITS:-100}
	fi
}

crash() {
	run python3 "$ROOT/tests/crash.py" "$@"
	echo "$output"
	[ "$status" -eq 0 ]
}

# steps PROGRAM: killed before each call.
steps() {
	need_strace
	crash steps "$1"
}

@test "crash: write, killed before each system call" { steps write; }
@test "crash: merge, killed before each system call" { steps merge; }
@test "crash: a first write and a first merge, killed before each system call" { steps create; steps create-merge; }
@test "crash: vacuum, killed before each system call" { steps vacuum; }
@test "crash: optimize, killed before each system call" { steps optimize; }

@test "crash: a commit of what is prepared, killed before each system call" { steps commit; steps commit-many; steps abandon; }

@test "crash: writes, merges, optimizes and vacuums killed at random instants" {
	crash kills "$kills"
}

# Files opened, written, named, made durable, read and closed; folders listed; memory; random numbers. Memory and `read` only
# without sanitizers: they have both for themselves too, and end the program where these fail them.
failing() {
	need_strace
	sanitized || own="mmap=ENOMEM read=EIO"
	# shellcheck disable=SC2086
	crash errors "$1" openat=EMFILE openat=ENOSPC mkdir=ENOSPC mkdirat=ENOSPC write=ENOSPC fsync=EIO linkat=EIO renameat=EIO \
	    close=EIO flock=ENOLCK unlinkat=EIO getdents64=EIO newfstatat=EIO pread64=EIO getrandom=ENOSYS ${own:-}
}

@test "crash: write, each failing system call in turn" { failing write; }
@test "crash: merge, each failing system call in turn" { failing merge; }
@test "crash: a first write and a first merge, each failing system call in turn" { failing create; failing create-merge; }

@test "crash: a commit of what is prepared, each failing system call in turn" { failing commit; failing commit-many; failing abandon; }

@test "crash: vacuum, each failing system call in turn" {
	need_strace
	crash errors vacuum openat=EMFILE unlinkat=EACCES write=ENOSPC fsync=EIO linkat=EIO close=EIO getdents64=EIO
}

@test "crash: interrupted system calls" {
	need_strace
	crash errors merge write=EINTR pread64=EINTR read=EINTR fsync=EINTR close=EINTR
}

@test "crash: little room for files, open files and memory" {
	for program in write merge vacuum; do crash limits "$program"; done
}

@test "crash: short reads and writes" {
	preloadable
	command -v cc >/dev/null || skip "SKIPPED: there is no cc"
	for program in write merge vacuum; do crash short "$program"; done
}

@test "crash: a version that comes while the log is listed" {
	preloadable
	command -v cc >/dev/null || skip "SKIPPED: there is no cc"
	crash gap
}

@test "crash: eight writers, appends and merges mixed, every commit once" {
	crash writers $((commits / 4))
}

@test "crash: eight writers, two of them delta-rs, every commit once" {
	sh "$ROOT/tests/peers.sh" deltalake pyarrow >&2 || skip "SKIPPED: deltalake and pyarrow cannot be installed"
	crash writers "$commits" "${PEERS:-$ROOT/build/peers}/bin/python"
}

@test "crash: who gives up ends with 75, and leaves nothing" {
	need_strace
	HEADER='id:int64*! name:string'
	printf '1\ta\n2\tb\n' | mkrec t "$HEADER" | acct-write tab
	printf '1\tx\n' | mkrec t "$HEADER" >x.acct
	printf '2\ty\n' | mkrec t "$HEADER" >y.acct
	for words in "acct-merge -i y.acct" "acct-write -m overwrite -i y.acct"; do
		run -75 --separate-stderr traced -e inject=linkat:delay_enter=1500000:when=2 \
		    sh -c '{ sleep 0.5; acct-merge -i x.acct tab; } & exec '"$words"' --retry 0 tab'
		[[ "$stderr" == *": tab: version "*" of another writer came first and "* ]]
		printf '1\tz\n' | mkrec t "$HEADER" | acct-merge tab
	done
	same "" "$(find tab -name '*.tmp')"
	run -64 --separate-stderr acct-merge --retry soon -i y.acct tab
	[[ "$stderr" == "acct-merge: --retry: must be a number from 0 to 1000000: 'soon'"* ]]
}
