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
	same 3 "${#stderr_lines[@]}"
	[[ "${stderr_lines[*]}" == *"acct-cat: <stdin>: truncated: "* ]]
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
		for command in acct-balance\ 'count()' acct-select acct-ingest "acct-join -j semi -k a x.acct"; do
			case $command in acct-ingest) in=x.csv ;; *) in=x.acct ;; esac
			# shellcheck disable=SC2086
			run -64 --separate-stderr $command -t "$name" <$in
			[ -z "$output" ]
		done
	done
	run -64 --separate-stderr acct-select -c "$bad=a" x.acct
	same "acct-select: <stdout>: no name for a table or a column: 'x\\xFF'" "$stderr"
	run -64 --separate-stderr acct-balance "$bad=count()" -i x.acct
	acct-select -c a=_line x.acct | acct-write "$bad"
	run -64 --separate-stderr acct-read -t '' "$bad"
	same "table 'x?'" "$(acct-read "$bad" | acct-cat --header | head -n 1)"
}
