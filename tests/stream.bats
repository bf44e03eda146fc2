load helper

# What the record stream promises to the tools that know lines only.

prepare() {
	mkrec t 'id:int64*! amount:decimal(18,2) day:date name:string ok:bool at:timestamp f:float64 i:int32 w:decimal(38,10)' >t.acct <<-'END'
	10	5.00	2024-01-31	b\tc	true	2024-01-01T00:00:00Z	-1.5	7	123456789012345678901234567.5
	-3	-120.55	1969-12-31		false	1969-12-31T23:59:59.5Z	inf	-1	-0.0000000001
	200	\N	\N	\N	\N	\N	\N	\N	\N
	9	0.00	1970-01-01	b	true	1970-01-01T00:00:00Z	0	0	0
	-200000	99999.99	0001-01-01	\x01	false	2262-04-11T23:47:16Z	-inf	2147483647	-99999999999999999999999999.9
	128	-0.01	9999-12-31	b\n	true	0001-01-01T00:00:00Z	1e-300	-2147483648	1
	127	0.01	2024-02-29	é	false	9999-12-31T23:59:59.999999Z	-1e300	128	-1
	END
}

@test "stream: LC_ALL=C sort by any column orders the values, and the stream is still whole" {
	acct-cat -f json t.acct >t.json
	for column in 1 2 3 4 5 6 7 8 9; do
		LC_ALL=C sort -t "$(printf '\t')" -k "$column,$column" t.acct >sorted.acct
		acct-cat --check sorted.acct
		acct-cat -f json sorted.acct >sorted.json
		python3 - "$column" <<-'END'
		import decimal, json, sys
		column = int(sys.argv[1]) - 1
		def rows(name):
		    return [json.loads(line, parse_float=decimal.Decimal) for line in open(name, encoding="utf-8")]
		def key(row):
		    value = list(row.values())[column]
		    if column == 6 and value is not None:
		        value = float(value)
		    if column in (2, 5) and value is not None:
		        value = value.rstrip("Z").ljust(26, "0") if "." in value else value.rstrip("Z").ljust(19) + ".000000"
		    if column == 3 and value is not None:
		        value = value.encode()
		    return (value is not None, value)
		want = [key(r) for r in rows("t.json")]
		want.sort(key=lambda k: (k[0], k[1] if k[0] else 0))
		have = [key(r) for r in rows("sorted.json")]
		assert have == want, (have, want)
		END
	done
}

@test "stream: sort -u, comm and uniq work on whole records" {
	LC_ALL=C sort t.acct t.acct | acct-cat --check
	LC_ALL=C sort t.acct t.acct | grep -av "$(printf '^\001')" | uniq -d | wc -l >n
	same 7 "$(<n)"
	LC_ALL=C sort t.acct >a
	acct-select -w 'id > 9' t.acct | LC_ALL=C sort >b
	same 4 "$(LC_ALL=C comm -12 a b | grep -avc "$(printf '^\001')")"
}

@test "stream: a doubled or a lost record is seen after sorting" {
	LC_ALL=C sort t.acct | awk 'NR == 4 { print } { print }' >doubled.acct
	run -1 --separate-stderr acct-cat --check doubled.acct
	[[ "$stderr" == "acct-cat: doubled.acct: 8 records where the trailer says 7" ]]
	LC_ALL=C sort t.acct | awk 'NR == 4 { print; next } NR != 5' | awk 'NR == 4 { print } { print }' >swapped.acct
	run -1 --separate-stderr acct-cat --check swapped.acct
	[[ "$stderr" == "acct-cat: swapped.acct: checksum of 7 records is "* ]]
}

@test "stream: wc -l is two more than the records" {
	same 9 "$(wc -l <t.acct)"
}

@test "stream: cat a b, and one of them cut" {
	cat t.acct t.acct | acct-cat --check
	same 14 "$(cat t.acct t.acct | acct-cat -f json | wc -l)"
	run -1 --separate-stderr sh -c '{ cat t.acct; head -n 4 t.acct; } | acct-cat --check'
	same "acct-cat: <stdin>: truncated: 10 records, trailer missing" "$stderr"
	mkrec t 'id:int32' <<<1 >other.acct
	run -1 --separate-stderr sh -c 'cat t.acct other.acct | acct-cat --check'
	[[ "$stderr" == "acct-cat: <stdin>: after record 7: a header with other columns than the first: "* ]]
}

@test "stream: split, and the parts together again" {
	split -l 3 t.acct part.
	cat part.* | acct-cat --check
	cat part.ac part.ab part.aa >turned		# control lines may stand anywhere, but a header comes before records
	run -1 --separate-stderr acct-cat --check turned
	[[ "$stderr" == "acct-cat: turned: not a record stream: header missing before: "* ]]
}

@test "stream: head and grep with --partial" {
	same 2 "$(head -n 3 t.acct | acct-cat --partial -f json | wc -l)"
	same 2 "$(head -n 3 t.acct | ACCT_PARTIAL=1 acct-cat -f json | wc -l)"
	run -65 --separate-stderr sh -c 'head -n 3 t.acct | acct-cat -f json'
	same "acct-cat: <stdin>: truncated: 2 records, trailer missing" "$stderr"
	run -65 --separate-stderr sh -c 'head -c 150 t.acct | acct-cat --partial -f json'
	[[ "$stderr" == "acct-cat: <stdin>: truncated: "*" bytes of a line cut off" ]]
}

@test "stream: cut -f takes a field" {
	mkrec t 'id:int64 name:string' >n.acct <<-'END'
	1	one
	2	two
	END
	same $'one\ntwo' "$(cut -f 2 -s n.acct)"
}

@test "stream: tee" {
	acct-select -w 'id > 0' t.acct | tee copy.acct | acct-cat -f json >a.json
	acct-cat -f json copy.acct | diff -u - a.json
}

@test "stream: a stage that dies makes every later stage fail" {
	run -65 --separate-stderr sh -c '{ head -n 5 t.acct; } | acct-select -w "id > 0" | acct-select -c id | acct-cat -f json >out'
	same 3 "${#stderr_lines[@]}"
	[[ "${stderr_lines[*]}" == *"acct-cat: <stdin>: truncated: "* ]]
}

@test "stream: another version is refused" {
	sed '1s,acct/1,acct/2,' t.acct >v2.acct
	run -1 --separate-stderr acct-cat --check v2.acct
	[[ "$stderr" == "acct-cat: v2.acct: not a record stream of version 1: "* ]]
}

@test "stream: a record longer than the limit is refused, unless the limit is raised" {
	head -c 20000000 /dev/zero | tr '\0' x | { cat; echo; } | sed 's/^/1\t/' | mkrec t 'id:int64 s:string' >long.acct
	run -1 --separate-stderr acct-cat --check long.acct
	same "acct-cat: long.acct: record 1: longer than 16777216 bytes (--max-record)" "$stderr"
	run -0 acct-cat --check --max-record 32M long.acct
}
