load helper

prepare() {
	mkrec t 'id:int64*! name:string' <<<$'1\ta' >a.acct
	mkrec t 'id:int64*! name:string' <<<$'2\tb' >b.acct
	# work RECORDS TEXT: prepares the records as two tables and a file, and an object that another names.
	cat >work.sh <<-'END'
	set -e
	acct-lake begin
	for table in gold/g silver/s; do
		mkdir -p "$ACCT_RUN/prepared/${table%/*}"
		acct-write -m overwrite --txn job:next --prepare "$ACCT_RUN/prepared/$table" -i "$1" "$ACCT_LAKE/$table"
	done
	mkdir -p "$ACCT_RUN/stage/gold" "$ACCT_RUN/new/gold" "$ACCT_RUN/gone/gold" "$ACCT_RUN/work"
	: >"$ACCT_RUN/new/gold/part-$2" && echo "$2" >"$ACCT_LAKE/gold/part-$2"
	for part in "$ACCT_LAKE"/gold/part-*; do
		[ "${part##*/}" = "part-$2" ] || : >"$ACCT_RUN/gone/gold/${part##*/}"
	done
	echo "part-$2" >"$ACCT_RUN/stage/gold/manifest"
	END
}

# state LAKE: what a reader sees.
state() {
	for table in silver/s gold/g; do
		acct-read "$1/$table" 2>/dev/null | acct-cat -f tsv 2>/dev/null || true
	done
	cat "$1/gold/manifest" "$1/gold/$(cat "$1/gold/manifest" 2>/dev/null)" 2>/dev/null || true
}

# all LAKE: all files of a lake, but for the locks of its tables.
all() {
	(cd "$1" && find . -type f | sort)
}

# unnamed LAKE: data files that no version names, and intents.
unnamed() {
	for table in silver/s gold/g; do
		ls "$1/$table" 2>/dev/null | grep parquet | while read -r f; do
			grep -qs "$f" "$1/$table"/_delta_log/*.json || echo "$table/$f"
		done
		ls -d "$1/$table"/_delta_log/_* 2>/dev/null | grep -v _last_checkpoint || true
	done
}

work() {
	acct-lake run lake -- sh "$T/work.sh" "$T/$1.acct" "$1"
}

both() {
	printf 'id\tname\n%s\nid\tname\n%s\npart-%s\n%s' "$1" "$1" "$2" "$2"
}

@test "lake: a run takes effect when its command ends with 0" {
	work a
	same "$(both $'1\ta' a)" "$(state lake)"
	work b
	same "$(both $'2\tb' b)" "$(state lake)"
	[ ! -e lake/gold/part-a ] && [ ! -e lake/runs/open ] && [ ! -e lake/_lock ]
	same "" "$(unnamed lake)"
	same "1" "$(cat lake/format)"
	run -0 --separate-stderr acct-lake status lake
	[[ $output == $'format\t1\nnumber\t2\nrun\t2'*'Z-'* ]]
	same 4 "${#lines[@]}" || [ "${#lines[@]}" -eq 3 ]
}

@test "lake: a run that fails leaves nothing, in a new lake neither" {
	run -65 --separate-stderr acct-lake run lake -- sh -c '. ./work.sh; exit 65' sh a.acct a
	same "" "$(find lake -mindepth 1)"
	work a
	all lake >before
	state lake >state
	for status in 1 65 75 130; do
		run "-$status" --separate-stderr acct-lake run lake -- sh -c 'r=$3; . ./work.sh; exit "$r"' sh b.acct b "$status"
		all lake | diff -u before -
		state lake | diff -u state -
	done
	run -74 acct-lake run lake -- sh -c '. ./work.sh; exit 3' sh b.acct b
	run -70 --separate-stderr acct-lake run lake -- sh -c '. ./work.sh; kill -SEGV $$' sh b.acct b
	run -71 --separate-stderr acct-lake run lake -- sh -c '. ./work.sh; kill -KILL $$' sh b.acct b
	run -69 --separate-stderr acct-lake run lake -- ./nonesuch
	same "acct-lake: ./nonesuch: No such file or directory" "$stderr"
	all lake | diff -u before -
	state lake | diff -u state -
}

@test "lake: a command that prepares nothing leaves no trace, and may commit early" {
	run -0 acct-lake run lake -- true
	same "" "$(find lake -mindepth 1)"
	run -0 acct-lake run lake -- acct-lake begin
	same "" "$(find lake -mindepth 1)"
	run -0 acct-lake run lake -- sh -c '. ./work.sh; acct-lake commit; acct-read "$ACCT_LAKE/silver/s" >seen.acct; exit 3' sh a.acct a || true
	run -74 acct-lake run lake2 -- sh -c '. ./work.sh; acct-lake commit; exit 3' sh a.acct a
	for l in lake lake2; do same "$(both $'1\ta' a)" "$(state $l)"; done
	same $'id\tname\n1\ta' "$(tsv seen.acct)"
}

@test "lake: one run at a time; the lock ends with the last process of a killed run" {
	mkfifo go
	acct-lake run lake -- sh -c '. ./work.sh; : >begun; read -r _ <go' sh a.acct a 3>&- &
	while [ ! -e begun ]; do sleep 0.02; done
	run -75 --separate-stderr acct-lake run lake -- true
	same "acct-lake: lake: another run is at work; --wait waits for its end" "$stderr"
	acct-lake run --wait lake -- sh -c 'cat "$ACCT_LAKE/gold/manifest" >seen' 3>&- &
	echo >go
	wait
	same part-a "$(cat seen)"
	rm begun
	# The command outlives acct-lake for as long as it does not hear of it.
	acct-lake run lake -- sh -c 'trap "" TERM; . ./work.sh; : >begun; read -r _ <go; : >ended' sh b.acct b 3>&- &
	while [ ! -e begun ]; do sleep 0.02; done
	kill -9 "$!"
	run -75 acct-lake run lake -- true
	echo >go
	run -0 --separate-stderr acct-lake recover -v --wait lake
	[ -e ended ]
	[[ $stderr == *"was cut off; removed"* ]]
	same "$(both $'1\ta' a)" "$(state lake)"
	same "" "$(unnamed lake)"
	[ ! -e lake/gold/part-b ]
}

@test "lake: a signal ends the command and all it has started" {
	acct-lake run lake -- sh -c '. ./work.sh; sleep 60 & echo "$!" >pid; : >begun; sleep 60; sleep 60' sh a.acct a 3>&- &
	while [ ! -e begun ]; do sleep 0.02; done
	kill "$!"
	status=0
	wait "$!" || status=$?
	same 143 "$status"
	! kill -0 "$(cat pid)" 2>/dev/null
	same "" "$(find lake -mindepth 1)"
}

@test "lake: who lost the lock cannot commit" {
	work a
	cat >lost.sh <<-'END'
	. ./work.sh
	rm "$ACCT_LAKE/_lock"				# as if its time were over
	acct-lake run "$ACCT_LAKE" -- sh work.sh b.acct c
	END
	run -75 --separate-stderr acct-lake run lake -- sh lost.sh b.acct b
	[[ $stderr == *"another run has taken number 2"* ]]
	same "$(both $'2\tb' c)" "$(state lake)"
	same "" "$(unnamed lake)"
}

@test "lake: another format is refused, unless all is made anew" {
	work a
	echo 7 >lake/format
	all lake >before
	run -78 --separate-stderr acct-lake run lake -- sh work.sh b.acct b
	same "acct-lake: lake: a lake of format 7, not 1; --rebuild makes it anew from its files" "$stderr"
	all lake | diff -u before -
	run -65 acct-lake run --rebuild lake -- sh -c '. ./work.sh; exit 65' sh b.acct b
	same 7 "$(cat lake/format)"
	run -0 acct-lake run --rebuild lake -- sh work.sh b.acct b
	same 1 "$(cat lake/format)"
	rm -r lake/format lake/runs
	mkdir -p lake/runs/made
	run -78 acct-lake run lake -- true
	echo x >lake/format
	run -65 --separate-stderr acct-lake run lake -- true
	same "acct-lake: lake/format: damaged: not a number" "$stderr"
}

@test "lake: a first run that was cut off before it wrote the number of the format is carried through" {
	work a
	mkdir lake/runs/made
	rm lake/format lake/runs/current
	run -0 acct-lake run lake -- sh work.sh b.acct b
	same 1 "$(cat lake/format)"
}

@test "lake: pipes and links of a killed run go with it" {
	cat >leave.sh <<-'END'
		acct-lake begin
		mkdir "$ACCT_RUN/work"
		mkfifo "$ACCT_RUN/work/pipe"
		ln -s "$PWD" "$ACCT_RUN/work/link"
		kill -9 "$PPID"
		kill -9 "$$"
	END
	run -137 acct-lake run lake -- sh leave.sh
	run -0 acct-lake recover --wait lake
	[ ! -e lake/runs/open ] && [ -e leave.sh ]
}

@test "lake: a table whose log is damaged is set aside, and comes back where the run fails" {
	work a
	echo damaged >lake/silver/s/_delta_log/00000000000000000000.json
	(cd lake/silver/s && find . -type f -exec sha256sum {} + | sort) >before
	for status in 65 0; do
		run "-$status" acct-lake run lake -- sh -c 'set -e; acct-lake begin; acct-lake aside silver/s; . ./work.sh; exit "$3"' sh b.acct b "$status"
		[ "$status" = 0 ] || (cd lake/silver/s && find . -type f -exec sha256sum {} + | sort) | diff -u before -
	done
	same "$(both $'2\tb' b)" "$(state lake)"
	same "" "$(unnamed lake)"
	same 1 "$(ls lake/silver/s/*.parquet | wc -l)"
}

@test "lake: objects are put, staged, removed and read by a run, all in a few calls" {
	work a
	cat >objects.sh <<-'END'
	set -e
	acct-lake begin
	printf '%s' one >one; head -c 3000000 /dev/urandom >two
	printf '%s\t%s\n' one new/deep/one two new/two a.acct new/same | acct-lake put
	cmp one "$ACCT_LAKE/new/deep/one"; cmp two "$ACCT_LAKE/new/two"
	rm one; echo other >one
	printf '%s\t%s\n' one new/deep/one | acct-lake put			# its own: replaced
	echo m2 >m
	printf '%s\t%s' m gold/manifest | acct-lake stage
	printf '%s\n' gold/part-a new/two | acct-lake remove
	[ "$(acct-lake cat gold/manifest new/deep/one | tr '\n' ' ')" = 'm2 other ' ]
	[ "$(cat "$ACCT_LAKE/gold/manifest")" = part-a ]
	r=0; acct-lake cat gold/part-a || r=$?
	[ "$r" = 66 ]
	exit "$1"
	END
	all lake >before
	run -65 --separate-stderr acct-lake run lake -- sh objects.sh 65
	same "acct-lake: $T/lake: gold/part-a: no such object" "$stderr"
	all lake | diff -u before -
	same "$(both $'1\ta' a)" "$(state lake)"
	run -0 acct-lake run lake -- sh objects.sh 0
	same "m2" "$(cat lake/gold/manifest)"
	same "other" "$(cat lake/new/deep/one)"
	[ ! -e lake/gold/part-a ] && [ ! -e lake/new/two ]
	# What is there already stays, whatever becomes of the run; another of its name does not.
	run -65 acct-lake run lake -- sh -c 'acct-lake begin; printf "%s\t%s\n" a.acct new/same | acct-lake put; exit 65'
	cmp a.acct lake/new/same
	run -73 --separate-stderr acct-lake run lake -- sh -c 'acct-lake begin; printf "%s\t%s\n" b.acct new/same | acct-lake put'
	same "acct-lake: $T/lake/new/same: exists already, with other contents than b.acct" "$stderr"
	cmp a.acct lake/new/same
}

@test "lake: lines and names that are refused" {
	for line in 'x' $'\tx' ''; do
		run -65 --separate-stderr acct-lake run lake -- sh -c 'acct-lake begin && printf "%s\n" "$1" | acct-lake put' sh "$line"
		[[ $stderr == "acct-lake: <stdin>:1: expected FILE<TAB>NAME: "* ]]
	done
	run -65 acct-lake run lake -- sh -c 'acct-lake begin && printf "a\tb\n" | acct-lake remove'
	for name in ../x runs/open/x/y format _lock runs/commits/1 runs/current; do
		run -77 acct-lake run lake -- sh -c 'acct-lake begin && printf "%s\t%s\n" a.acct "$1" | acct-lake put' sh "$name"
		run -77 acct-lake run lake -- sh -c 'acct-lake begin && printf "%s\n" "$1" | acct-lake remove' sh "$name"
	done
	run -66 acct-lake run lake -- sh -c 'acct-lake begin && printf "%s\t%s\n" none x | acct-lake put'
	run -66 --separate-stderr acct-lake run lake -- sh -c 'printf "%s\t%s\n" a.acct x | acct-lake put'
	[[ $stderr == *": has not begun" ]]
	same "" "$(find lake -mindepth 1)"
}

@test "lake: wrong use" {
	run -64 acct-lake
	run -64 --separate-stderr acct-lake nonesuch lake
	[[ $stderr == "acct-lake: no such verb: 'nonesuch'"* ]]
	run -64 acct-lake run lake
	run -64 acct-lake status
	run -64 acct-lake recover a b
	run -64 acct-lake begin lake
	run -64 acct-lake put x
	run -64 acct-lake cat
	for verb in begin commit "aside silver/s" put stage remove "cat x"; do
		# shellcheck disable=SC2086
		run -64 --separate-stderr acct-lake $verb
		[[ $stderr == "acct-lake: not within a run: "* ]]
	done
	run -77 acct-lake run lake -- sh -c 'acct-lake begin && acct-lake aside ../x'
	mkdir -p lake/_lock
	run --separate-stderr acct-lake run lake -- true
	[ "$status" -ne 0 ]
	[[ $stderr == "acct-lake: lake/_lock: "* ]]
}

@test "lake: a record that is damaged stops the next run, and is named" {
	work a
	echo 0 >lake/runs/current
	sed -i 's/part-a/part-x/' lake/runs/commits/00000000000000000001
	run -65 --separate-stderr acct-lake run lake -- true
	[[ $stderr == *"runs/commits/00000000000000000001: damaged: not the record of a run" ]]
}

@test "lake: killed at each system call" {
	need_strace
	run python3 "$ROOT/tests/lake.py"
	echo "$output"
	[ "$status" -eq 0 ]
}
