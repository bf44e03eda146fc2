load helper

prepare() {
	mkrec t 'id:int64*! name:string amount:decimal(9,2)' >t.acct <<-'END'
	1	a	1.00
	2	b\tb	\N
	3	\N	-0.01
	END
	mkrec u 'id:int64*! name:string amount:decimal(9,2)' >u.acct <<<$'4\tü\t9999999.99'
}

# log TABLE: the names in its log.
log() {
	ls "$1/_delta_log"
}

# content TABLE: its rows as text, sorted.
content() {
	acct-read "$@" | acct-cat -f csv | tail -n +2 | sort
}

@test "write: a new table, and rows added to it" {
	run -0 --separate-stderr acct-write -v -i t.acct tab
	same "acct-write: tab: version 0: 3 records in 1 files" "$stderr"
	[ -z "$output" ]
	acct-write tab <u.acct
	same $'1,a,1.00\n2,b\tb,\n3,,-0.01\n4,ü,9999999.99' "$(content tab)"
	same $'00000000000000000000.crc\n00000000000000000000.json\n00000000000000000001.crc\n00000000000000000001.json' "$(log tab)"
	grep -q '"isBlindAppend":true' tab/_delta_log/00000000000000000001.json
	grep -qF '{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}' tab/_delta_log/00000000000000000000.json
	same "$(acct-read -t t --at 0 tab)" "$(cat t.acct)"	# the key and what is never null too
}

@test "write: overwrite takes the place of all rows, and earlier versions stay" {
	acct-write -i t.acct tab
	acct-write -m overwrite -i u.acct tab
	same '4,ü,9999999.99' "$(content tab)"
	same 3 "$(content --at 0 tab | wc -l)"
	grep -q '"remove":' tab/_delta_log/00000000000000000001.json
	grep -q '"isBlindAppend":false' tab/_delta_log/00000000000000000001.json
}

@test "write: nothing to write makes no version" {
	mkrec t 'id:int64*! name:string amount:decimal(9,2)' </dev/null >none.acct
	acct-write -i none.acct tab
	same "" "$(content tab)"
	run -0 --separate-stderr acct-write -v -i none.acct tab
	same "acct-write: tab: version 0 stays: nothing to write" "$stderr"
	acct-write -m overwrite -i none.acct tab
	same 2 "$(log tab | wc -l)"
	acct-write -i t.acct tab
	acct-write -m overwrite -i none.acct tab
	same "" "$(content tab)"
	same 3 "$(content --at 1 tab | wc -l)"
}

@test "write: --txn writes a batch once" {
	acct-write --txn load:a:7 -i t.acct tab
	run -0 --separate-stderr acct-write -v --txn load:a:7 -i t.acct tab
	[[ "$stderr" == *"load:a has written version 7 of its own already: nothing written" ]]
	acct-write --txn load:a:6 -i t.acct tab
	acct-write --txn other:1 -i u.acct tab
	acct-write --txn load:a:8 -i u.acct tab
	same 5 "$(content tab | wc -l)"
	run -65 --separate-stderr sh -c 'head -n 2 t.acct | acct-write --txn load:a:7 tab'	# a bad stream is bad all the same
	for word in x :1 x: x:-1 x:y; do
		run -64 --separate-stderr acct-write --txn "$word" -i t.acct tab
		[[ "$stderr" == "acct-write: --txn: must be APP:VERSION: '$word'"* ]]
	done
}

@test "write: --txn of two at once: one writes, nothing is left of the other" {
	acct-write -i t.acct tab
	mkfifo in
	acct-write -v --txn app:1 tab <in 2>err &
	exec 5>in
	head -n 1 u.acct >&5
	sleep 0.3			# until it has seen the table; else it sees the version and the test tells less
	acct-write --txn app:1 -i u.acct tab
	tail -n +2 u.acct >&5
	exec 5>&-
	wait $!
	grep -q 'nothing to write\|nothing written' err
	same 2 "$(ls tab/*.parquet | wc -l)"
	same "$(acct-log --files tab | wc -l)" 2
}

@test "write: columns by their names; wider types; what does not suit" {
	acct-write -i t.acct tab
	mkrec t 'amount:decimal(5,2) id:int32!' <<<$'1.50\t9' | acct-write tab
	same '9,,1.50' "$(content tab | tail -n 1)"
	run -65 --separate-stderr sh -c "mkrec t 'id:int64! name:int64' <<-'END' | acct-write tab
	1	1
	END"
	same "acct-write: tab: column name: int64 in the stream, string in the table" "$stderr"
	run -65 --separate-stderr sh -c "echo 1.000 | mkrec t 'amount:decimal(9,3)' | acct-write tab"
	same "acct-write: tab: column id: required by the table, missing in the stream" "$stderr"
	run -65 --separate-stderr sh -c "printf '1\t1\n' | mkrec t 'id:int64 more:int64' | acct-write tab"
	same "acct-write: tab: column more: not in the table; --add-columns adds it" "$stderr"
	run -65 --separate-stderr sh -c "printf '1\n\\\\N\n' | mkrec t 'id:int64' | acct-write tab"
	same "acct-write: <stdin>: record 2: id: null, which the table does not allow" "$stderr"
	same 4 "$(log tab | wc -l)"
}

@test "write: --add-columns, null in the rows that are there" {
	acct-write -i t.acct tab
	printf '5\tx\ty\n' | mkrec t 'id:int64! more:string! name:string' | acct-write --add-columns tab
	same $'1,a,1.00,\n2,b\tb,,\n3,,-0.01,\n5,y,,x' "$(content tab)"
	same 3 "$(content --at 0 tab | wc -l)"
	printf '6\tx\n' | mkrec t 'id:int64! MORE:string!' >case.acct
	run -78 --separate-stderr acct-write --add-columns -i case.acct tab
	[[ "$stderr" == *"columns 'more' and 'MORE': "* ]]
}

@test "write: names that a table cannot have" {
	mkrec t 'a%20b:int64' <<<1 >blank.acct
	run -78 --separate-stderr acct-write -i blank.acct tab
	[[ "$stderr" == "acct-write: tab: column 'a b': "* ]]
	[ ! -e tab/_delta_log ]
	acct-write -o t.parquet -i blank.acct		# a plain file can
	same "$(acct-cat blank.acct)" "$(acct-read t.parquet | acct-cat)"
}

# numbers FILE: records that no dictionary makes smaller.
numbers() {
	seq 1 3 90000 | sed 's/.*/&\tname &/' | mkrec t 'id:int64*! name:string' >"$1"
}

# encodings FILE: those of its data pages.
encodings() {
	python3 "$BATS_TEST_DIRNAME/parquet_layout.py" "$1"
}

@test "write, merge, optimize: differences and lengths in place of plain values, where they are asked for" {
	numbers n.acct
	acct-write -o p.parquet -i n.acct
	acct-write --encoding plain -o q.parquet -i n.acct
	cmp p.parquet q.parquet
	same 0 "$(encodings p.parquet)"
	acct-write --encoding delta -o d.parquet -i n.acct
	same "5 6" "$(encodings d.parquet)"
	[ "$(stat -c %s d.parquet)" -lt "$(stat -c %s p.parquet)" ]
	cmp <(acct-read -t t d.parquet) n.acct
	acct-write --encoding delta -i n.acct tab
	same "5 6" "$(encodings tab/*.parquet)"
	cmp <(acct-read -t t tab) n.acct
	acct-merge --encoding delta -i n.acct merged
	same "5 6" "$(encodings merged/*.parquet)"
	acct-select -w "id < 45000" n.acct | acct-write plain
	acct-select -w "id >= 45000" n.acct | acct-write plain
	acct-optimize --encoding delta plain
	same $'0\n0\n5 6' "$(for f in plain/*.parquet; do encodings "$f"; done | sort)"
	for program in "acct-write -i n.acct" "acct-merge -i n.acct" acct-optimize; do
		# shellcheck disable=SC2086
		run -64 --separate-stderr $program --encoding gorilla tab
		[[ "$stderr" == *": --encoding: must be plain or delta: 'gorilla'"* ]]
	done
}

@test "write: a table without rows that is overwritten is looked at" {
	acct-select -w "id < 0" -o none.acct t.acct
	acct-write -i none.acct tab
	acct-write -m overwrite -i t.acct tab
	grep -q '"isBlindAppend":false' tab/_delta_log/00000000000000000001.json
}

@test "write: other columns without a key: the table has none any more" {
	printf 'x\n' | mkrec t 'name:string' >nokey.acct
	acct-write -i t.acct tab
	acct-write -m overwrite --replace-schema -i nokey.acct tab
	same "$(cat nokey.acct)" "$(acct-read -t t tab)"
	printf 'x\t1\n' | mkrec t 'name:string id:int64' >nokey.acct
	acct-write -m overwrite --replace-schema -i nokey.acct tab
	same "$(cat nokey.acct)" "$(acct-read -t t tab)"
	acct-write -m overwrite --replace-schema -i nokey.acct tab
	run ! grep -q metaData tab/_delta_log/00000000000000000003.json
}

@test "write: wrong use" {
	run -64 --separate-stderr acct-write -i t.acct ""
	same "acct-write: expected a folder, not an empty name" "$stderr"
	run -64 --separate-stderr acct-write -i t.acct
	run -64 --separate-stderr acct-write -i t.acct a b
	run -64 --separate-stderr acct-write -i t.acct -o x.parquet tab
	run -64 --separate-stderr acct-write -i t.acct -m merge tab
	run -64 --separate-stderr acct-write -i t.acct --codec lzo tab
	for txn in app :1 app:x app:-1 $'\xff:1'; do
		run -64 --separate-stderr acct-write -i t.acct --txn "$txn" tab		# not to be found again, were it written
	done
	run -64 --separate-stderr acct-write -i t.acct s3://bucket/tab
	[[ "$stderr" == *"unknown kind of address"* ]]
	[ ! -e tab ]
}

@test "write: every codec, every type" {
	every_type >all.acct
	for codec in snappy zstd gzip none; do
		acct-write --codec "$codec" -i all.acct "$codec"
		cmp <(acct-read -t t "$codec") all.acct
		acct-write --codec "$codec" -i all.acct -o "$codec.parquet"
		cmp <(acct-read -t t "$codec.parquet") all.acct
	done
}

@test "write: more rows than a batch, a page and a dictionary hold" {
	seq 1 120000 | awk '{ print $1 "\t" ($1 % 3 ? "n" $1 % 500 : "\\N") "\ttext " $1 "\t" $1 % 1000 / 100 }' |
	    mkrec t 'id:int64! few:string many:string! amount:decimal(9,2)' >big.acct
	acct-write -i big.acct tab
	cmp <(acct-read -t t tab) big.acct
}

@test "write: a stream cut anywhere leaves the table as it was" {
	acct-write -i u.acct tab
	before=$(ls -R tab)
	cuts t.acct acct-write tab
	same "$before" "$(ls -RA tab)" || same "$(ls -RA tab)" "$before"
	same '4,ü,9999999.99' "$(content tab)"
}

@test "write: a table that cannot be written is left as it is" {
	acct-write -i t.acct part
	partition_by part name
	before=$(ls -RA part)
	run -69 --separate-stderr acct-write -i t.acct part
	[[ "$stderr" == "acct-write: "*"part: writing to a partitioned table is not supported: partitioned by "* ]]
	same "$before" "$(ls -RA part)"
	acct-write -i t.acct tab
	edit_log 's/"configuration":{/&"delta.appendOnly":"true",/' tab/_delta_log/00000000000000000000.json
	acct-write -i u.acct tab
	run -69 --separate-stderr acct-write -m overwrite -i u.acct tab
	[[ "$stderr" == *"tab: unsupported table property: delta.appendOnly" ]]
	same 4 "$(content tab | wc -l)"
}

@test "write: the table's folder cannot be written, or is a file" {
	: >file
	run -73 --separate-stderr acct-write -i t.acct file/tab
	same 'acct-write: file/tab/_delta_log/_prepared: Not a directory' "$stderr"
	run -73 --separate-stderr acct-write -i t.acct /proc/tab
	[[ "$stderr" == "acct-write: /proc/tab: "* ]]
	run -73 --separate-stderr acct-write --txn job:next --prepare next -i t.acct file/tab
	same 'acct-write: file/tab/_delta_log/_prepared: Not a directory' "$stderr"
}

@test "write: checkpoints at every tenth version; the log before them is not needed" {
	for _ in $(seq 0 10); do acct-write -i t.acct tab; done
	[ -e tab/_delta_log/00000000000000000010.checkpoint.parquet ]
	grep -q '"version":10,' tab/_delta_log/_last_checkpoint
	rm tab/_delta_log/0000000000000000000?.json
	acct-write -i u.acct tab
	same 34 "$(content tab | wc -l)"
}

# removed PROPERTY: files that the checkpoint of version 10 remembers as removed, one of them ten days and one an hour ago.
removed() {
	rm -rf tab
	acct-write -i t.acct tab
	edit_log "s/\"configuration\":{/&$1/" tab/_delta_log/00000000000000000000.json
	acct-write -m overwrite -i t.acct tab
	edit_log "s/\"deletionTimestamp\":[0-9]*/\"deletionTimestamp\":$(($(date +%s%3N) - 864000000))/" tab/_delta_log/00000000000000000001.json
	acct-write -m overwrite -i t.acct tab
	for _ in $(seq 3 10); do acct-write -i t.acct tab; done
	acct-log --state tab | sed -n 's/^removed files *//p'
}

@test "write: a checkpoint forgets removed files when their time has passed" {
	same 1 "$(removed)"
	same 2 "$(removed '"delta.deletedFileRetentionDuration":"interval 2 weeks",')"
	same 2 "$(removed '"delta.deletedFileRetentionDuration":"interval 11 days",')"
	same 1 "$(removed '"delta.deletedFileRetentionDuration":"interval 1 day",')"
	same 0 "$(removed '"delta.deletedFileRetentionDuration":"interval 0 hours",')"
	same 2 "$(removed '"delta.deletedFileRetentionDuration":"a fortnight",')"
}

@test "write: four writers at once: every row once, versions without a gap" {
	for w in 1 2 3 4; do
		( for i in $(seq 1 25); do
			printf '%s\tw\t1.00\n' $((w * 100 + i)) | mkrec t 'id:int64*! name:string amount:decimal(9,2)' | acct-write tab || exit 1
		done ) &
	done
	for job in $(jobs -p); do wait "$job"; done
	same "$(for w in 1 2 3 4; do seq $((w * 100 + 1)) $((w * 100 + 25)); done)" "$(content tab | cut -d, -f1)"
	same "$(seq -f %020.0f.json 0 99)" "$(log tab | grep json)"
}

@test "write: overwriters and appenders at once leave one of the possible tables" {
	acct-write -i t.acct tab
	for w in 1 2 3; do acct-write -m overwrite -i u.acct tab & done
	for w in 1 2 3; do acct-write -i t.acct tab & done
	for job in $(jobs -p); do wait "$job"; done
	same "$(seq -f %020.0f.json 0 6)" "$(log tab | grep json)"
	n=$(content tab | wc -l)
	[ $((n % 3)) -eq 1 ]
}

@test "write: killed at any moment, the table is as before or as after" {
	seq 1 60000 | awk '{ print $1 "\ttext " $1 "\t1.00" }' | mkrec t 'id:int64*! name:string amount:decimal(9,2)' >big.acct
	acct-write -i u.acct tab
	versions=1
	for i in $(seq 1 20); do
		acct-write -i big.acct tab &
		pid=$!
		sleep "0.0$((i * 3 % 90 / 10))$((i * 3 % 10))"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		versions=$(log tab | grep -c 'json$')
		same $((1 + 60000 * (versions - 1))) "$(acct-read -v -o /dev/null tab 2>&1 | grep -o '[0-9]* records' | cut -d' ' -f1)"
	done
	acct-write -i u.acct tab
	same $((2 + 60000 * (versions - 1))) "$(acct-read -c id tab | acct-cat | tail -n +2 | wc -l)"
}

# failing CALL ERROR: each of its first calls fails in turn. The program says so, and the table is as it was; or it says that the version is committed.
failing() {
	local n got before after
	for n in 1 2 3 4 5 6; do
		before=$(content tab | wc -l)
		got=0
		traced -e "inject=$1:error=$2:when=$n" acct-write -i t.acct tab 2>err || got=$?
		after=$(content tab | wc -l)
		if grep -q ' is committed, but' err; then
			same $((before + 3)) "$after"
		elif grep -q INJECTED trace; then
			cat err >&2
			[ "$got" -ge 69 ]
			[ -s err ]
			same "$before" "$after"
		else
			same "0 $((before + 3))" "$got $after"
		fi
	done
	acct-write -i t.acct tab
}

@test "write: row groups written by a thread are those written without, and its failure is the program's" {
	seq 1 2300000 | awk -v OFS='\t' '{ print $1, $1 * 7 % 1000003 }' | mkrec t 'id:int64*! n:int64' >many.acct
	acct-write -i many.acct -o beside.parquet
	taskset -c 0 acct-write -i many.acct -o alone.parquet
	cmp alone.parquet beside.parquet
	run -74 --separate-stderr acct-write -i many.acct -o /dev/full
	same "acct-write: /dev/full: No space left on device" "$stderr"
	run -0 bash -c 'acct-write -i many.acct -o /dev/stdout | head -c 100 >/dev/null; echo "${PIPESTATUS[0]}"'
	same 141 "$output"
	acct-write -i many.acct many
	(
		ulimit -f 10000	# KiB: less than the table's file
		trap '' XFSZ
		run -74 --separate-stderr acct-write -m overwrite -i many.acct many
		[[ $stderr == "acct-write: many/part-"*": File too large" ]]
	)
	cmp many.acct <(acct-read -t t many)
	same 1 "$(find many -name '*.parquet' | wc -l)"
}

@test "write: each failing call in turn" {
	need_strace
	acct-write -i t.acct tab
	failing fsync EIO
	failing linkat ENOSPC
	failing write ENOSPC
	before=$(content tab | wc -l)
	traced -e inject=write:error=EINTR:when=2+3 acct-write -i t.acct tab	# is no failure
	same $((before + 3)) "$(content tab | wc -l)"
}

@test "write: the manual's example" {
	printf 'account_id,customer_id\n1,2\n' >accounts.csv
	printf 'name: accounts\ncolumns:\n  - name: account_id\n    type: int64\n    key: yes\n  - name: customer_id\n    type: int64\n' >accounts.yaml
	for _ in 1 2; do
		acct-ingest -s accounts.yaml accounts.csv |
		    acct-clean -s accounts.yaml -r rejects.acct |
		    acct-write --txn accounts:20261123 lake/silver/accounts
		rm rejects.acct
	done
	acct-read lake/silver/accounts | acct-write -o accounts.parquet
	same $'account_id,customer_id\n1,2' "$(acct-read accounts.parquet | acct-cat)"
}

# ---- failures and peers ----

@test "write: what fails leaves no file" {
	acct-write -i t.acct tab
	run -65 --separate-stderr sh -c 'head -n 2 t.acct | acct-write tab'
	same 1 "$(ls tab/*.parquet | wc -l)"
	same "" "$(find tab/_delta_log -name '_intent-*')"
	run -73 --separate-stderr acct-write --txn a:1 --prepare nowhere/p -i t.acct tab
	same 1 "$(ls tab/*.parquet | wc -l)"
	same "" "$(find tab/_delta_log -name '_intent-*')"
}

@test "write: a file system without hard links" {
	preloadable
	command -v cc >/dev/null || skip "SKIPPED: there is no cc"
	cat >nolink.c <<-'END'
		#define _GNU_SOURCE
		#include <errno.h>
		#include <stdlib.h>
		#include <sys/syscall.h>
		#include <unistd.h>
		int linkat(int a, const char *b, int c, const char *d, int e) { (void)a, (void)b, (void)c, (void)d, (void)e; errno = EPERM; return -1; }
		int renameat2(int a, const char *b, int c, const char *d, unsigned f)
		{
			if (getenv("NO_EXCHANGE") != NULL) { errno = EINVAL; return -1; }
			return (int)syscall(SYS_renameat2, a, b, c, d, f);
		}
		int flock(int fd, int how) { if (getenv("NO_LOCK") != NULL) { errno = ENOSYS; return -1; } return (int)syscall(SYS_flock, fd, how); }
	END
	cc -shared -fPIC -o nolink.so nolink.c
	for lacks in NOTHING NO_EXCHANGE; do
		rm -rf tab
		env LD_PRELOAD="$PWD/nolink.so" $lacks=1 acct-write -i t.acct tab
		for n in 1 2 3 4; do
			(for m in 1 2 3 4 5; do echo "$n$m" | mkrec t 'id:int64*!' | env LD_PRELOAD="$PWD/nolink.so" $lacks=1 acct-write tab || touch failed; done) &
		done
		wait
		[ ! -e failed ]
		same 23 "$(acct-read -c id tab | acct-cat | tail -n +2 | sort -u | wc -l)"
		same 21 "$(ls tab/_delta_log/*.json | wc -l)"
		same "" "$(find tab -name '*.tmp')"
	done
	run -69 --separate-stderr env LD_PRELOAD="$PWD/nolink.so" NO_EXCHANGE=1 NO_LOCK=1 acct-write -i t.acct tab
	[[ "$stderr" == *": the file system has neither hard links, nor a rename that replaces nothing, nor locks: writers would overwrite each other"* ]]
}

@test "write: an answer that is lost makes no second version" {
	preloadable
	command -v cc >/dev/null || skip "SKIPPED: there is no cc"
	# the commit is put as another object by a store that says it was there before, as after a retry within
	cat >lost.c <<-'END'
		#define _GNU_SOURCE
		#include <errno.h>
		#include <fcntl.h>
		#include <string.h>
		#include <sys/syscall.h>
		#include <unistd.h>
		int linkat(int a, const char *b, int c, const char *d, int e)
		{
			char piece[65536];
			ssize_t n;
			int from, to;
			if (strlen(d) != 25 || strcmp(d + 20, ".json") != 0)
				return (int)syscall(SYS_linkat, a, b, c, d, e);
			if ((to = openat(c, d, O_WRONLY | O_CREAT | O_EXCL, 0644)) < 0)
				return -1;
			from = open(b, O_RDONLY);
			while ((n = read(from, piece, sizeof(piece))) > 0)
				if (write(to, piece, (size_t)n) != n)
					return -1;
			close(from);
			close(to);
			errno = EEXIST;
			return -1;
		}
	END
	cc -shared -fPIC -o lost.so lost.c
	run -0 --separate-stderr env LD_PRELOAD="$PWD/lost.so" acct-write -v -i t.acct tab
	same "acct-write: tab: version 0: 3 records in 1 files" "$stderr"
	run -0 --separate-stderr env LD_PRELOAD="$PWD/lost.so" acct-write -v -m overwrite -i u.acct tab
	same "acct-write: tab: version 1: 1 records in 1 files" "$stderr"
	same 2 "$(ls tab/_delta_log/*.json | wc -l)"
	same $'4,ü,9999999.99' "$(content tab)"
	acct-check tab
}

@test "write: a table is for its owner and group, or for fewer" {
	mode() { find tab \( -type d -o -type f \) -printf '%y %m\n' | sort -u; }
	(umask 022 && acct-write -i t.acct tab && acct-merge -k id -i u.acct tab && acct-optimize tab)
	same $'d 750\nf 640' "$(mode)"
	rm -r tab
	(umask 077 && acct-write -i t.acct tab)
	same $'d 700\nf 600' "$(mode)"
}

@test "write: hidden columns stay hidden when columns are added, and are replaced with the schema" {
	printf '1\t7\n' | mkrec t 'id:int64*! _from:int64' | acct-write --hidden _from tab
	printf '2\t8\tx\t5\n' | mkrec t 'id:int64*! _from:int64 more:string _to:int64' >more.acct
	acct-write --add-columns --hidden _from,_to -i more.acct tab
	same $'id,more\n1,\n2,x' "$(acct-read tab | acct-cat)"
	same $'_to,_from\n,7\n5,8' "$(acct-read -c _to,_from tab | acct-cat)"
	acct-optimize tab
	same $'id,more' "$(acct-read tab | acct-cat | head -n 1)"
	acct-write -m overwrite --replace-schema -i more.acct tab
	same $'id,_from,more,_to\n2,8,x,5' "$(acct-read tab | acct-cat)"
	acct-write --txn a:1 --prepare p --hidden _to -i more.acct new
	acct-commit p new
	same $'id,_from,more\n2,8,x' "$(acct-read new | acct-cat)"
	run -64 --separate-stderr acct-write --hidden _to -i more.acct -o plain.parquet
	[[ "$stderr" == *"have no meaning with it"* ]]
}

@test "write: a Parquet file with timestamps in milliseconds" {
	printf '1\t2024-01-31T10:20:30.123Z\t2024-01-31T00:00:00Z\n2\t\\N\t9999-12-31T23:59:59.999Z\n3\t1969-12-31T23:59:59.999Z\t0001-01-01T00:00:00Z\n' |
		mkrec t 'id:int64*! at:timestamp then:timestamp!' >t.acct
	acct-write -o t.parquet --timestamps millis <t.acct
	acct-read t.parquet | cmp - t.acct
	need_peers pyarrow
	python - <<-'END'
	import pyarrow.parquet as parquet
	schema = parquet.ParquetFile("t.parquet").schema_arrow
	assert [str(schema.field(n).type) for n in ("at", "then")] == ["timestamp[ms, tz=UTC]"] * 2, schema
	assert [str(v) for v in parquet.read_table("t.parquet")["at"].cast("int64").to_pylist()] == ["1706696430123", "None", "-1"]
	END
	# Many rows, of which only some batches have a null.
	seq 50000 | awk -v OFS='\t' '{ print $1, $1 > 20000 && $1 % 7 == 0 ? "\\N" : sprintf("2024-01-31T10:%02d:%02d.%03dZ", $1 / 60 % 60, $1 % 60, $1 % 1000) }' |
		mkrec t 'id:int64*! at:timestamp' >t.acct
	acct-write -o t.parquet --timestamps millis <t.acct
	acct-read t.parquet | cmp - t.acct
	mkrec t 'id:int64*! at:timestamp' <<<$'1\t2024-01-31T10:20:30.1234Z' >t.acct
	run -65 --separate-stderr acct-write -o u.parquet --timestamps millis -i t.acct
	same 'acct-write: row 1: at: a timestamp with more digits than milliseconds' "$stderr"
	[ ! -e u.parquet ]
	run -64 --separate-stderr acct-write --timestamps millis -i t.acct tab
	[[ $stderr == 'acct-write: --timestamps needs -o'* ]]
	run -64 acct-write -o u.parquet --timestamps days -i t.acct
}

@test "write: properties of a new table" {
	printf '1\n' | mkrec t 'id:int64*!' >one.acct
	acct-write --property delta.enableDeletionVectors=true --property 'owner=the bank' -i one.acct tab
	same $'property       acct.key=id\nproperty       delta.enableDeletionVectors=true\nproperty       owner=the bank' \
	    "$(acct-log --state tab | grep ^property)"
	acct-log --state tab | grep -q 'protocol       reader 3, writer 7'
	acct-write --property owner=nobody -i one.acct tab	# it is there
	acct-log --state tab | grep -q '^property       owner=the bank'
	acct-write --property delta.enableDeletionVectors=true --txn a:1 --prepare p -i one.acct new
	acct-commit p new
	acct-log --state new | grep -q 'protocol       reader 3, writer 7'
	run -64 --separate-stderr acct-write --property delta.appendOnly=true -i one.acct bad
	[[ "$stderr" == "acct-write: --property: unsupported table property: 'delta.appendOnly'"* ]]
	run -64 --separate-stderr acct-write --property delta.enableDeletionVectors=yes -i one.acct bad
	[[ "$stderr" == "acct-write: --property: invalid value of delta.enableDeletionVectors: 'yes'"* ]]
	run -64 --separate-stderr acct-write --property acct.key=x -i one.acct bad
	run -64 --separate-stderr acct-write --property a=x --property a=y -i one.acct bad
	[ ! -e bad ]
}

@test "write: a column's description in the schema becomes its comment" {
	printf '%s\n' 'name: t' 'columns:' '  - {name: id, type: int64, key: yes, title: The number}' \
	    '  - {name: ab, type: string, title: A, description: "What \"it\" is, čeština"}' '  - {name: c, type: date}' >s.yaml
	printf '%s\n' id,ab,c 1,x,2024-01-01 >in.csv
	acct-ingest -s s.yaml in.csv | acct-clean -s s.yaml -o in.acct
	acct-write -m overwrite -i in.acct T
	comments() {
		cat T/_delta_log/*.json | jq -r 'select(.metaData != null) | .metaData.schemaString | fromjson | [.fields[].metadata.comment] | @json' | tail -n 1
	}
	same '["The number","What \"it\" is, čeština",null]' "$(comments)"
	acct-select -c 'id, d = c + interval '\''1 day'\' in.acct | acct-write --add-columns T
	same '["The number","What \"it\" is, čeština",null,null]' "$(comments)"
	sed -i 's/The number/Its number/' s.yaml
	acct-ingest -s s.yaml in.csv | acct-clean -s s.yaml | acct-write -m overwrite --replace-schema T
	same '["Its number","What \"it\" is, čeština",null]' "$(comments)"
}
