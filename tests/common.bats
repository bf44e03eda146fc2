load helper

# What all programs have in common. A program without a line here fails the first case.
#
# program, what it reads (text: CSV; raw: records of acct-ingest; records; table: no stream,
# and merge: no output, so that their own tests have these cases), and its command line,
# where IN is the input.
table() {
	cat <<-'END'
	acct-ingest	text	acct-ingest -t t IN
	acct-clean	raw	acct-clean -s t.yaml -r rejects IN
	acct-join	records	acct-join -k id other.acct IN
	acct-join	records	acct-join -j outer -k id IN other.acct
	acct-join	records	acct-join --sorted -k id other.acct IN
	acct-balance	records	acct-balance -k id -i IN count() sum(amount)
	acct-balance	records	acct-balance --states -k id -i IN count() sum(amount)
	acct-history	records	acct-history --sequence name --run r IN
	acct-merge-sql	records	acct-merge-sql -d sqlite -k id IN
	acct-cat	records	acct-cat IN
	acct-cat	records	acct-cat -f table IN
	acct-select	records	acct-select -w id>0 IN
	acct-write	records	acct-write -i IN -o -
	acct-read	table	acct-read IN
	acct-log	table	acct-log IN
	acct-merge	merge	acct-merge -i IN tab
	acct-commit	table	acct-commit IN tab
	acct-lake	table	acct-lake status IN
	acct-vacuum	table	acct-vacuum IN
	acct-optimize	table	acct-optimize IN
	acct-check	table	acct-check IN
	acct-ledger	table	acct-ledger IN a=a.csv
	acct-schema	table	acct-schema IN
	acct-blob	table	acct-blob get IN
	acct-job	table	acct-job IN
	acct-reconcile	table	acct-reconcile -j job IN
	acct-why	table	acct-why -j job IN a=1
	acct-adf	table	acct-adf IN
	END
}

prepare() {
	printf 'id,name,amount\n1,a,1.00\n2,b b,\n' >t.csv
	cat >t.yaml <<-'END'
	name: t
	columns:
	  - name: id
	    type: int64
	    key: yes
	  - name: name
	    type: string
	  - name: amount
	    type: decimal(9,2)
	END
	mkrec t 'id:int64*! name:string amount:decimal(9,2)' >t.acct <<-'END'
	1	a	1.00
	2	b\tb	\N
	END
	mkrec other 'id:int64*! more:string' <<<$'1\tx' >other.acct
	{ printf '\001H acct/1 t _line:int64*! id:string name:string amount:string _malformed:string @columns=id%%2Cname%%2Camount\n'
	  printf 'A\202\t1\ta\t1.00\t\031\nA\203\t2\tb b\t\032\t\031\n'; } >raw.part
	acct-select --partial raw.part >raw.acct
}

# each KIND FUNCTION: calls FUNCTION PROGRAM READS COMMAND for every line of the table whose program is built; KIND limits what it reads.
each() {
	local program reads command kind=$1
	shift
	table >table.txt
	while IFS=$'\t' read -r -u 9 program reads command; do
		[ -x "$BUILD/bin/$program" ] || continue
		case $kind,$reads in "$reads,$reads") ;; *,table | *,merge | any,text) continue ;; all,* | any,*) ;; *) continue ;; esac
		echo "$command" >&2
		"$@" "$program" "$reads" "$command"
	done 9<table.txt
}

# input READS: the file it reads.
input() {
	case $1 in text) echo t.csv ;; raw) echo raw.acct ;; *) echo t.acct ;; esac
}

# try STATUS PROGRAM COMMAND INPUT: runs it with INPUT in IN's place; the status, a message that begins with the program's name, and silence on
# standard output must come out. The message is left in $said.
try() {
	local want=$1 program=$2 command=${3/IN/$4} got=0
	read -ra words <<<"$command"
	"${words[@]}" >out.txt 2>err.txt </dev/null || got=$?
	said=$(<err.txt)
	[ "$got" -eq "$want" ] || { echo "$command: status $got, not $want: $said" >&2; return 1; }
	[ "$want" -eq 0 ] || [[ "$said" == "$program: "* ]] || { echo "$command: no message: $said" >&2; return 1; }
}

@test "common: every program stands in the table of these tests" {
	for p in "$BUILD"/bin/acct-*; do
		table | grep -q "^${p##*/}	" || { echo "${p##*/} has no line" >&2; false; }
	done
}

@test "common: -h and --help: the usage on standard output" {
	for p in "$BUILD"/bin/acct-*; do
		for h in -h --help; do
			run -0 --separate-stderr "$p" "$h"
			[[ "${lines[0]}" == "usage: ${p##*/} "* ]]
			[ -z "$stderr" ]
		done
		run -74 --separate-stderr sh -c '"$0" -h >/dev/full' "$p"
	done
}

@test "common: -V and --version" {
	for p in "$BUILD"/bin/acct-*; do
		run -0 --separate-stderr "$p" --version
		[[ "$output" == "${p##*/} "[0-9]* ]]
		same "$output" "$("$p" -V)"
	done
}

@test "common: an unknown option is wrong use" {
	for p in "$BUILD"/bin/acct-*; do
		for o in -Z --no-such-option; do
			run -64 --separate-stderr "$p" "$o"
			[[ "$stderr" == *"usage: ${p##*/} "* ]]
			no_records
		done
		run -0 "$p" -h
		[[ "$output" == *"  --memory SIZE"* ]] || continue
		run -64 --separate-stderr "$p" --memory 12Q
		[[ "$stderr" == "${p##*/}: --memory: must be a size "* ]]
	done
}

@test "common: every program has a manual that knows its options" {
	for p in "$BUILD"/bin/acct-*; do
		m=$ROOT/man/${p##*/}.1
		[ -e "$m" ] || { echo "$m is not there" >&2; false; }
		mandoc -T utf8 "$m" "$ROOT/man/acct.7" | col -b >page.txt
		for o in $("$p" -h | sed -nE 's/^  (-.|   ),? --([a-z-]+).*/\1 --\2/p'); do
			grep -q -- "$o" page.txt || { echo "$m does not name $o" >&2; false; }
		done
	done
}

@test "common: OPTIONS of a manual names the program's options, letter and long name together, and no others" {
	for p in "$BUILD"/bin/acct-*; do
		"$p" -h | sed -nE 's/^  (-(.),|   ) --([a-z-]+).*/\2 \3/p' | sed 's/^ //' >has
		# Of ".It Fl k , Fl -key Ar key , Fl -debit Ar x" the names: each letter must be that of the long name after it.
		sed -n '/^\.Sh OPTIONS/,/^\.Sh/s/^\.It Fl //p' "$ROOT/man/${p##*/}.1" |
			tr ';,' '\n\n' | sed -E 's/^ *(Fl )?//; s/ .*//' | awk '
			/^[a-zA-Z]$/ { letter = $0 " "; next }
			/^-/ { print letter substr($0, 2); letter = "" }' >names
		while read -r name; do
			grep -qxF -- "$name" has || { echo "${p##*/}.1: $name is not an option of it" >&2; false; }
		done <names
		[ -s names ]
	done
}

@test "common: -h ends with examples and the manual's name" {
	for p in "$BUILD"/bin/acct-*; do
		run -0 "$p" -h
		[[ "$output" == *$'\nExamples:\n    '"${p##*/} "* || "$output" == *$'\nExamples:\n    acct-'*"${p##*/} "* ]]
		same "Manual: ${p##*/}(1)" "${lines[-1]}"
	done
}

@test "common: bash completes the options that -h has" {
	for p in acct-join acct-read; do
		ln -sf "$ROOT/cmd/acct.bash" "$p"
		run -0 bash -c '. "./$1"; COMP_WORDS=("$1" --m); COMP_CWORD=1; _acct "$1"; echo "${COMPREPLY[@]}"' bash "$p"
		case $p in acct-join) same "--memory --max-record" "$output" ;; acct-read) same "--memory" "$output" ;; *) same "" "$output" ;; esac
	done
}

# -d is a delimiter in one program and a dialect in another, -j the type of a join or a job.
@test "common: a letter has one long name in every program" {
	for p in "$BUILD"/bin/acct-*; do
		"$p" -h | grep -oE '^ +-[a-zA-Z], --[a-z-]+'
	done | sort -u >pairs.txt
	same "  -d,
  -j," "$(cut -c 1-5 pairs.txt | uniq -d)"
}

missing() {
	try 66 "$1" "$3" none.acct
	[[ "$said" == "$1: none.acct: No such file or directory" ]]
}

@test "common: a missing file" {
	each all missing
}

directory() {
	try 66 "$1" "$3" .
	[[ "$said" == "$1: .: Is a directory" ]]
}

@test "common: a message is one line, whatever a file is called" {
	run -66 --separate-stderr acct-cat $'a\nb\e[31m'
	same 'acct-cat: a\nb\x1B[31m: No such file or directory' "$stderr"
}

@test "common: a directory given as file" {
	each all directory
}

empty() {
	: >empty
	try 65 "$1" "$3" empty
	[[ "$said" == "$1: empty: empty"* ]]
	try 65 "$1" "$3" -
	[[ "$said" == "$1: <stdin>: empty"* ]]
}

@test "common: empty input" {
	each all empty
}

not_records() {
	try 65 "$1" "$3" t.csv
	[[ "$said" == "$1: t.csv: "* ]]
	try 65 "$1" "$3" /dev/zero
}

@test "common: what is no record stream" {
	each any not_records
}

cut_everywhere() {
	local words
	read -ra words <<<"${3/IN/-}"
	cuts "$(input "$2")" "${words[@]}"
	read -ra words <<<"${3/IN/{\}}"
	cuts "$(input "$2")" "${words[@]}"
}

@test "common: a stream cut at any byte is refused" {
	each any cut_everywhere
	[ "$(ls -A)" = "$(ls -A | grep -v tmp)" ]
}

altered() {
	local in
	in=$(input "$2")
	head -n 2 "$in" >bad
	printf 'A\377' >>bad				# a field too few, then what was there
	tail -n +3 "$in" >>bad
	try 65 "$1" "$3" bad
	sed '2s/a/b/' "$in" >bad			# under another's checksum
	try 65 "$1" "$3" bad
	[[ "$said" == "$1: bad: "*checksum* ]]
	{ cat "$in"; sed 's/\(:string\)\(.*\):string/\1!\2:bool/; s/name:/neme:/' "$in"; } >bad
	try 65 "$1" "$3" bad
	{ cat "$in"; grep -a '^.T' "$in"; } >bad	# a trailer too many
	try 65 "$1" "$3" bad
}

@test "common: an altered stream is refused" {
	each any altered
}

left_over() {
	local in
	in=$(input "$2")
	head -n 2 "$in" >short
	try 65 "$1" "$3 -o made" short
	[ ! -e made ]
	try 73 "$1" "$3 -o nowhere/made" "$in"
	[[ "$said" == "$1: nowhere/made: No such file or directory" ]]
	try 0 "$1" "$3 -o made" "$in"
	[ -s made ]
	rm -f made rejects
	[ -z "$(find . -name '*tmp*')" ]
}

@test "common: -o makes its file whole or not at all" {
	each any left_over
}

full() {
	local words got=0
	read -ra words <<<"${3/IN/$(input "$2")}"
	"${words[@]}" >/dev/full 2>err.txt || got=$?
	[ "$got" -eq 74 ]
	same "$1: <stdout>: No space left on device" "$(<err.txt)"
	got=0
	"${words[@]}" -o /dev/full 2>err.txt || got=$?
	[ "$got" -eq 74 ]
	same "$1: /dev/full: No space left on device" "$(<err.txt)"
}

@test "common: a full disk" {
	each all full
}

closed() {
	local words got=0
	read -ra words <<<"${3/IN/$(input "$2")}"
	"${words[@]}" >&- 2>err.txt || got=$?
	[ "$got" -eq 74 ]
	same "$1: <stdout>: Bad file descriptor" "$(<err.txt)"
	read -ra words <<<"${3/IN/-}"
	got=0
	"${words[@]}" >out.txt 2>err.txt <&- || got=$?
	[ "$got" -eq 74 ]
	same "$1: <stdin>: Bad file descriptor" "$(<err.txt)"
}

@test "common: closed output and closed input" {
	each all closed
}

head_of() {
	local words in=big.acct
	case $2 in text) in=big.csv ;; raw) in=bigraw.acct ;; esac
	read -ra words <<<"${3/IN/$in}"
	rm -f rejects
	"${words[@]}" 2>err.txt | head -n 1 >out.txt
	[ -s out.txt ]
	same "" "$(<err.txt)"
}

@test "common: head may close the pipe" {
	seq 1 100000 | sed 's/.*/&\tsome text that fills the pipe\t1.00/' | mkrec t 'id:int64*! name:string amount:decimal(9,2)' >big.acct
	acct-cat -o big.csv big.acct
	acct-ingest -o bigraw.acct big.csv
	each all head_of
}

# on_terminal STATUS COMMAND [REDIRECTION]: runs it on a terminal; what stands there is left in err.txt.
on_terminal() {
	local words got=0
	read -ra words <<<"$2"
	printf '%q ' "${words[@]}" >cmd.sh
	echo "${3-}" >>cmd.sh
	script -qec 'sh cmd.sh' /dev/null </dev/null >err.txt || got=$?
	[ "$got" -eq "$1" ]
}

from_terminal() {
	on_terminal 64 "${3/IN/-}" '>out.txt'
	grep -q "^$1: <stdin>: a record stream is not read from a terminal; acct-cat shows one as text" err.txt
}

to_terminal() {
	case $1 in
	acct-cat | acct-merge-sql)
		on_terminal 0 "${3/IN/$(input "$2")}"
		;;
	acct-write)
		on_terminal 64 "${3/IN/$(input "$2")}"
		grep -q "^$1: <stdout>: Parquet is not written to a terminal" err.txt
		;;
	*)
		on_terminal 64 "${3/IN/$(input "$2")}"
		grep -q "^$1: <stdout>: a record stream is not written to a terminal; pipe it to acct-cat" err.txt
		;;
	esac
}

@test "common: records go neither from nor to a terminal" {
	each any from_terminal
	each all to_terminal
}

# The program waits for the rest of its input while it is asked.
asked() {
	local words in pid
	in=$(input "$2")
	read -ra words <<<"${3/IN/-}"
	rm -f fifo rejects
	mkfifo fifo
	"${words[@]}" <fifo >out.txt 2>err.txt 9<&- &
	pid=$!
	exec 8>fifo
	head -c 30 "$in" >&8
	sleep 0.1
	kill -USR1 "$pid"
	sleep 0.1
	tail -c +31 "$in" >&8
	exec 8>&-
	wait "$pid"
	grep -qE "^$1: [0-9]+ records, [0-9.]+ MB, [0-9.]+ s, [0-9]+ MB/s$" err.txt
	same 1 "$(wc -l <err.txt)"
	[ -s out.txt ]
}

@test "common: SIGUSR1 asks for a line of progress and disturbs nothing" {
	each all asked
}

@test "common: --progress writes lines, none without it" {
	seq 1 3 | sed 's/.*/&\tx\t1.00/' | mkrec t 'id:int64*! name:string amount:decimal(9,2)' >t3.acct
	run -0 --separate-stderr sh -c '{ head -n 2 t3.acct; sleep 0.7; tail -n +3 t3.acct; } | acct-cat --progress -f csv'
	[[ "$stderr" == "acct-cat: "*" records, "* ]]
	run -0 --separate-stderr sh -c '{ head -n 2 t3.acct; sleep 0.7; tail -n +3 t3.acct; } | acct-cat -f csv'
	[ -z "$stderr" ]
	printf '{ head -n 2 t3.acct; sleep 0.7; tail -n +3 t3.acct; } | acct-cat -f csv\n' >cmd.sh
	script -qec 'sh cmd.sh' /dev/null </dev/null >tty.txt
	same "$(acct-cat -f csv t3.acct)" "$(tr -d '\r' <tty.txt)"
}

killed() {
	local words in pid signal got
	in=$(input "$2")
	read -ra words <<<"${3/IN/-}"
	for signal in TERM KILL; do
		rm -f fifo rejects
		mkfifo fifo
		"${words[@]}" -o made <fifo 2>err.txt 9<&- &
		pid=$!
		exec 8>fifo
		head -n 1 "$in" >&8
		sleep 0.1
		kill -"$signal" "$pid"
		got=0
		wait "$pid" || got=$?
		exec 8>&-
		[ "$got" -gt 128 ]
		[ ! -e made ]
		[ "$signal" = KILL ] || [ -z "$(find . -name 'made*')" ]
	done
	rm -f made*
}

@test "common: a killed program leaves no file that looks whole" {
	each all killed
}

portable() {
	local words
	read -ra words <<<"${3/IN/$(input "$2")}"
	rm -f rejects
	"${words[@]}" >fast.out
	rm -f rejects
	ACCT_PORTABLE=1 "${words[@]}" >slow.out
	cmp fast.out slow.out
}

@test "common: the portable path gives the same bytes" {
	each all portable
}

@test "common: an output and its name are on the disk when the program ends" {
	need_strace
	mkrec t 'id:int64*!' <<<1 >t.acct
	mkdir out
	for words in "acct-cat -o out/x t.acct" "acct-select -c id -o out/x t.acct" "acct-write -i t.acct -o out/x"; do
		# shellcheck disable=SC2086
		traced -y -e trace=fsync,rename $words
		same $'fsync\nrename\nfsync' "$(sed -n 's/(.*//p' trace)"
		sed -n '3s/^fsync([0-9]*<\(.*\)>).*/\1/p' trace | grep -qx "$PWD/out"
		# shellcheck disable=SC2086
		run -74 --separate-stderr traced -e trace=fsync -e inject=fsync:error=EIO:when=2 $words
		[ ! -e out/x ]
	done
}

# ---- the nearest name ----

@test "common: a wrong long option gets the nearest of the program's, in one shape" {
	for program in "$BUILD"/bin/acct-*; do
		name=${program##*/}
		run -64 --separate-stderr "$program" --verbos3
		same "$name: no such option: '--verbos3'; did you mean '--verbose'?" "${stderr_lines[0]}"
		run -64 --separate-stderr "$program" --zzzzzz=1
		same "$name: no such option: '--zzzzzz'" "${stderr_lines[0]}"
		run -64 --separate-stderr "$program" --verbose=1
		same "$name: --verbose takes no argument" "${stderr_lines[0]}"
		option=$("$program" -h | sed -nE 's/^.{6}(--[a-z-]+) [A-Z].*/\1/p' | tail -n 1)	# one that has an argument
		[ -z "$option" ] || run -64 --separate-stderr "$program" "$option"
		[ -z "$option" ] || same "$name: $option needs an argument" "${stderr_lines[0]}"
		run -64 --separate-stderr "$program" --verbose -?
		same "$name: no such option: '-?'" "${stderr_lines[0]}"
	done
}

@test "common: a wrong column gets the nearest of the stream's" {
	mkrec t 'account_id:int64*! balance:decimal(9,2)' >t.acct <<<$'1\t2.00'
	near="no column 'acount_id'; did you mean 'account_id'? columns are: account_id, balance"
	for command in 'acct-cat -c acount_id t.acct' 'acct-select -c acount_id t.acct' 'acct-balance -i t.acct -k acount_id count()' \
	    'acct-join -k acount_id t.acct t.acct' 'acct-balance -i t.acct sum(acount_id)'; do
		run -64 --separate-stderr $command
		[[ ${stderr_lines[0]} == *"$near" ]]
	done
	run -64 --separate-stderr acct-select -w 'acount_id = 1' t.acct
	[[ ${stderr_lines[0]} == *"$near" ]]
	acct-write tab <t.acct
	run -64 --separate-stderr acct-read -c BALANCE1 tab
	[[ ${stderr_lines[0]} == *"; did you mean 'balance'?" ]]
	run -64 --separate-stderr acct-optimize -k balanec tab
	[[ ${stderr_lines[0]} == *"; did you mean 'balance'?" ]]
	# What is far from all gets none.
	run -64 --separate-stderr acct-cat -c town t.acct
	[[ ${stderr_lines[0]} == *"no column 'town'; columns are: account_id, balance" ]]
}

@test "common: a wrong word of a schema gets the nearest" {
	printf 'name: t\ncolums:\n  - name: a\n    type: string\n' >t.yaml
	run -78 --separate-stderr acct-ingest -s t.yaml </dev/null
	same "acct-ingest: t.yaml:2:1: unknown word of a schema: 'colums'; did you mean 'columns'?" "$stderr"
	printf 'name: t\nkey: [accont_id]\ncolumns:\n  - name: account_id\n    type: string\n' >t.yaml
	run -78 --separate-stderr acct-ingest -s t.yaml </dev/null
	[[ $stderr == *": key: no such column: 'accont_id'; did you mean 'account_id'?" ]]
}

@test "common: a filter that is handed CSV names acct-ingest" {
	printf 'a,b\n1,2\n' >t.csv
	for command in acct-cat acct-select 'acct-balance "count()"'; do
		run -65 --separate-stderr sh -c "$command <t.csv"
		[[ $stderr == *": not a record stream: header missing before: 'a,b"*"; acct-ingest converts CSV to records" ]]
	done
	printf 'plain words\n' >t.csv
	run -65 --separate-stderr acct-cat t.csv
	[[ $stderr != *acct-ingest* ]]
}

@test "ACCT_MEMORY: a size, or a part of the quarter of memory" {
	cd "$BATS_TEST_TMPDIR"
	mkrec t 'k:int64! v:int64!' >t.acct <<<$'1\t2\n3\t4'
	for set in 1M 1/1 1/64 ''; do
		same 2 "$(ACCT_MEMORY=$set acct-balance -k k -i t.acct 'sum(v)' | grep -avc $'^\001')"
	done
	for set in much 1/0 1/x 1/ -1; do
		run -64 --separate-stderr env ACCT_MEMORY="$set" acct-balance -k k -i t.acct 'sum(v)'
		[[ $stderr == "acct-balance: ACCT_MEMORY: must be a "* ]]
	done
	awk 'BEGIN { for (i = 0; i < 30000; i++) printf "text %d of many\t%d\n", i, i }' | mkrec b 'k:string! v:int64!' >b.acct
	acct-select -c k b.acct >p.acct
	run -0 --separate-stderr sh -c 'ACCT_MEMORY=100K acct-join -v -k k b.acct p.acct >out'
	[[ $stderr == *" partitions on disk" ]]
	run -0 --separate-stderr sh -c 'ACCT_MEMORY=100K acct-join -v --memory 1G -k k b.acct p.acct >out'
	[[ $stderr != *" partitions on disk" ]]
}
