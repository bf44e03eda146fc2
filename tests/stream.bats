load helper

# The bytes of a stream, what every reader refuses, and how a failure goes through a pipeline; lines.bats has the tools of the
# system.

prepare() {
	mkrec accounts 'account_id:int64*! kind:string balance:decimal(18,2)' >a.acct <<-'END'
	3	Savings	-2500.75
	-1	Checking	100.00
	200		0.05
	10	\N	\N
	2	\x01\t\n	7.00
	END
}

@test "stream: the example of the manual, byte for byte" {
	same "^AH acct/1 accounts account_id:int64*! owner:string
AM-^A^IAnn
AM-^B^I^Y
^AT 2 cf99ce14911d2036" "$(mkrec accounts 'account_id:int64*! owner:string' <<<$'1\tAnn\n2\t\\N' | cat -vT)"
	run -0 sh -c 'mkrec t "a:decimal(18,2) b:date c:date f:float64 g:float64 h:float64 s:string e:string x:string i:int64 j:int64 k:int64 l:int64"|
		grep -av "^$(printf "\001")" | tr "\t" "\n" | while IFS= read -r v; do printf %s "$v" | od -An -tx1 | tr -d "\n"; echo; done' \
		<<<$'1000.50\t2024-01-31\t1969-12-31\t-0\t0\t1\tBob\t\ta\\tb\\n\t-129\t-128\t-2\t128'
	same " 43 86 8d d2
 43 81 9a a9
 3f ff
 4a 80 ff ff ff ff ff ff ff ff ff
 4a 81 80 80 80 80 80 80 80 80 80
 4a 81 bf f8 80 80 80 80 80 80 80
 42 6f 62
 1a
 61 1b 49 62 1b 4a
 3e fe ff
 3f 80
 3f fe
 42 81 80" "$output"
}

@test "stream: a record doubled, lost or changed is seen" {
	run -65 --separate-stderr sh -c 'sed 3p a.acct | acct-cat'
	same "acct-cat: <stdin>: 6 records where the trailer says 5" "$stderr"
	run -65 --separate-stderr sh -c 'sed 3d a.acct | acct-cat'
	same "acct-cat: <stdin>: 4 records where the trailer says 5" "$stderr"
	run -65 --separate-stderr sh -c 'sed -n "3d;2p;p" a.acct | acct-cat'
	[[ $stderr == "acct-cat: <stdin>: checksum of 5 records is "*" where the trailer says "* ]]
	run -65 --separate-stderr sh -c 'sed 2s/Savings/Savingz/ a.acct | acct-cat'
	[[ $stderr == "acct-cat: <stdin>: checksum of 5 records is "* ]]
}

@test "stream: --partial hides no broken record" {
	run -65 --separate-stderr sh -c 'head -c $(($(head -n 2 a.acct | wc -c) + 5)) a.acct | acct-cat --partial'
	[[ $stderr == "acct-cat: <stdin>: truncated: "*" of a line cut off" ]]
	run -65 --separate-stderr sh -c 'head -n 3 a.acct | sed "3s/\t.*//" | acct-cat --partial'
	[[ $stderr == "acct-cat: <stdin>: record 2: 1 fields where the header has 3: "* ]]
}

@test "stream: a stage that dies makes every later stage fail" {
	run -65 --separate-stderr sh -c '{ head -n 5 a.acct; } | acct-select -w "account_id > 0" | acct-select -c account_id | acct-cat -f json >out'
	same "acct-select: <stdin>: truncated: 4 records, trailer missing" "$stderr"
	# A process that is killed leaves nothing in its stream, so the next stage says what is missing.
	run -65 --separate-stderr sh -c '{ head -n 4 a.acct; sh -c "kill -9 \$\$"; } 2>/dev/null | acct-select | acct-cat'
	same "acct-select: <stdin>: truncated: 3 records, trailer missing" "$stderr"
}

# after COMMAND: COMMAND is the first of a pipeline and fails, before or after its header; all stages end with its status, and its message is alone.
after() {
	local alone piped status=0
	alone=$(sh -c "$1" 2>&1 >/dev/null) || status=$?
	[ "$status" -ne 0 ]
	for next in acct-select "acct-balance -k account_id 'n=count()'" "acct-join -k account_id - b.acct" "acct-join --sorted -k account_id b.acct" "sort" \
		"cat - a.acct | acct-select" "acct-select | tee copy"; do
		for last in "acct-cat" "acct-cat -f table --partial" "acct-write -m overwrite out" "acct-write -o out.parquet" "acct-merge -k account_id out" \
			"acct-merge-sql -k account_id -d sqlite" "acct-balance 'n=count()'"; do
			echo "$1 | $next | $last" >&2
			run "-$status" --separate-stderr sh -c "($1) | $next | $last"
			same "$alone" "$stderr"
			same "" "$(find out out.parquet -name '*.parquet' -o -name '*.json' 2>/dev/null)"
		done
	done
}

@test "stream: the cause of a failure is the last thing a person reads" {
	mkrec others 'account_id:int64*! more:string' <<<$'1\tx' >b.acct
	head -n 3 a.acct >cut.acct
	sed 's/Savings/\x1bSavings/' a.acct >bad.acct
	printf 'account_id\n1\n"2' >cut.csv
	after "acct-read nowhere"
	after "acct-select -Z"
	after "acct-select -w 'account_id >' a.acct"
	after "acct-select cut.acct"
	after "acct-balance -k account_id 'n=count()' -i bad.acct"
	after "acct-ingest -s nowhere.yaml a.csv"
}

@test "stream: abort lines: where they may stand, and what they may be" {
	abort=$'\001E 73'
	for place in 1 2 4 8; do
		{ head -n $((place - 1)) a.acct; echo "$abort"; tail -n +"$place" a.acct; } >with.acct
		run -73 --separate-stderr acct-select with.acct
		same "acct-select: with.acct: aborted: the program that wrote it failed with status 73" "$stderr"
		run -73 --separate-stderr sh -c 'sort with.acct | acct-select --partial'
		same "" "$stderr"
		run -73 --separate-stderr sh -c 'cat with.acct | acct-cat --check'
		same "acct-cat: <stdin>: aborted: the program that wrote it failed with status 73" "$stderr"
	done
	for text in 0 00 256 1000 07 -1 7x ' 7' ''; do
		{ head -n 3 a.acct; printf '\001E %s\n' "$text"; } >with.acct
		run -65 --separate-stderr acct-select with.acct
		[[ $stderr == "acct-select: with.acct: invalid abort line: "* ]]
	done
	printf '\001E\n' >with.acct
	run -65 --separate-stderr acct-select with.acct
	# Only a pipe gets one: a file is as it was without.
	run -65 sh -c 'acct-select with.acct >file' && [ ! -s file ]
	# A program whose reader is gone ends with its own status.
	run -66 bash -c 'set -o pipefail; { sleep 0.3; acct-read nowhere; } 2>/dev/null | true'
}

@test "stream: another version is refused" {
	sed '1s,acct/1,acct/2,' a.acct >v2.acct
	run -1 --separate-stderr acct-cat --check v2.acct
	[[ "$stderr" == "acct-cat: v2.acct: not a record stream of version 1: "* ]]
}

@test "stream: a record longer than the limit is refused, unless the limit is raised" {
	head -c 20000000 /dev/zero | tr '\0' x | { cat; echo; } | sed 's/^/1\t/' | mkrec t 'id:int64 s:string' >long.acct
	run -1 --separate-stderr acct-cat --check long.acct
	same "acct-cat: long.acct: record 1: longer than 16777216 bytes (--max-record)" "$stderr"
	run -0 acct-cat --check --max-record 32M long.acct
}

@test "stream: a name that no reader would take is not written" {
	printf 'a\n1\n' >x.csv
	acct-ingest -o x.acct x.csv
	bad=$'x\xff'
	for name in '' "$bad"; do
		for command in acct-balance\ 'count()' acct-select acct-ingest "acct-join  -k a x.acct"; do
			case $command in acct-ingest) in=x.csv ;; *) in=x.acct ;; esac
			# shellcheck disable=SC2086
			run -64 --separate-stderr $command -t "$name" <$in
			no_records
		done
	done
	run -64 --separate-stderr acct-select -c "$bad=a" x.acct
	same "acct-select: <stdout>: invalid table or column name: 'x\\xFF'" "$stderr"
	run -64 --separate-stderr acct-balance "$bad=count()" -i x.acct
	acct-select -c a=_line x.acct | acct-write "$bad"
	run -64 --separate-stderr acct-read -t '' "$bad"
	same "table 'x?'" "$(acct-read "$bad" | acct-cat --header | head -n 1)"
}

@test "stream: long texts pass all programs, on every path" {
	command -v python3 >/dev/null || skip 'SKIPPED: python3 is not there'
	python3 - "${ACCT_SEED:=$(date +%s)}" <<-'P'
	import csv, json, random, sys
	print('seed', sys.argv[1], file=sys.stderr)
	random.seed(int(sys.argv[1]))
	rare = ['\n', '\t', '"', ',', 'é', '€', '😀', '\x1b', '\x01', '\x19', '\\', '\x7f', '\r']
	with open('in.csv', 'w', encoding='utf-8', newline='') as f, open('want.json', 'w', encoding='utf-8') as j:
	    w = csv.writer(f, lineterminator='\n')
	    w.writerow(['id', 'text'])
	    for i in range(2000):
	        each = random.choice([2, 10, 60, 1000])
	        text = ''.join(random.choice(rare) if random.randrange(each) == 0 else chr(random.randrange(33, 126))
	            for _ in range(int(10 * 1000 ** random.random())))
	        text = text.strip(' \t') or 'x'
	        f.write('%d,"%s"\n' % (i, text.replace('"', '""')))
	        line = json.dumps({'id': i, 'text': text}, ensure_ascii=False, separators=(',', ':'))
	        j.write(line.replace('\x7f', '\\u007f') + '\n')
	P
	printf 'name: memos\ncolumns:\n  - {name: id, type: int64, key: yes}\n  - {name: text, type: string}\n' >memos.yaml
	for path in 0 avx2 1; do
		export ACCT_PORTABLE=$path
		acct-ingest -s memos.yaml in.csv >raw
		acct-clean -s memos.yaml raw >typed
		rm -f memos.parquet
		acct-write -i typed -o memos.parquet
		acct-read -t memos memos.parquet >again
		acct-cat -f json typed | cmp - want.json
		acct-cat -f json again | cmp - want.json
		acct-cat -f csv typed >out.csv
		acct-ingest -s memos.yaml out.csv >raw2
		acct-cat -f json -c id,text raw2 | sed 's/"id":"\([0-9]*\)"/"id":\1/' | cmp - want.json
	done
}
