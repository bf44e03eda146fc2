load helper

# What every reader refuses, and how a failure goes through a pipeline; lines.bats has the tools of the system.

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

@test "stream: cat a b, and one of them cut" {
	cat t.acct t.acct | acct-cat --check
	same 14 "$(cat t.acct t.acct | acct-cat -f json | wc -l)"
	run -1 --separate-stderr sh -c '{ cat t.acct; head -n 4 t.acct; } | acct-cat --check'
	same "acct-cat: <stdin>: truncated: 10 records, trailer missing" "$stderr"
	mkrec t 'id:int32' <<<1 >other.acct
	run -1 --separate-stderr sh -c 'cat t.acct other.acct | acct-cat --check'
	[[ "$stderr" == "acct-cat: <stdin>: after record 7: a header with other columns than the first: "* ]]
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
