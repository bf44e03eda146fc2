load helper

# The limits of a schema's `expect`: examples, what is refused, and random figures against exact fractions in Python.

# schema TEXT: t.yaml with a line of its own for expect.
schema() {
	printf 'name: t\nexpect: %s\ncolumns:\n- {name: id, type: int64, key: yes}\n- {name: amount, type: "decimal(18,2)"}\n' "$1" >t.yaml
}

# clean CSV-LINE... [-- OPTION...]: status and messages of acct-clean --expect.
clean() {
	local lines=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do lines+=("$1"); shift; done
	[ $# -eq 0 ] || shift
	printf '%s\n' id,amount "${lines[@]}" >t.csv
	acct-ingest -s t.yaml t.csv >t.raw
	run --separate-stderr acct-clean -s t.yaml -r rej.acct --stats stats.json -o out.acct --expect "$@" t.raw
}

# passes LINE...: the limits passed, and nothing came out.
passes() {
	same "$(printf 'acct-clean: t: %s\n' "$@")" "$stderr"
	[ "$status" -eq 1 ]
	[ ! -e out.acct ]
	acct-cat --check rej.acct
}

@test "expect: without the word: half of the rows, and rows once there were any" {
	schema '{}'
	clean 1,1.00 x,1.00
	same "0 " "$status $stderr"
	rm out.acct
	clean 1,1.00 x,1.00 y,1.00
	passes "rejected: 2 of 3 rows, more than 50%"
	clean
	same "0 " "$status $stderr"
	same "false 0" "$(jq -r '"\(.had_rows) \(.clean)"' stats.json)"
	clean 1,1.00
	same "true []" "$(jq -cr '"\(.had_rows) \(.limits)"' stats.json)"
	rm out.acct
	cp stats.json last.json
	clean -- --last last.json
	passes "rows: 0, fewer than 1"
	# Accepted once, an empty table still is one that had rows.
	clean -- --last last.json --accept
	same "0 acct-clean: t: rows: 0, fewer than 1 (accepted)" "$status $stderr"
	same 'true ["rows: 0, fewer than 1"]' "$(jq -cr '"\(.had_rows) \(.limits)"' stats.json)"
	rm out.acct
	cp stats.json last.json
	clean -- --last last.json
	passes "rows: 0, fewer than 1"
}

@test "expect: every limit that is passed is named" {
	schema '{rows: 3, rejected: 12.5%, rows_change: 50%, sum_change: {amount: 30%}}'
	clean 1,10.00 2,20.00
	passes "rows: 2, fewer than 3"
	clean 1,10.00 2,20.00 3,30.00 4,40.00 5,0 6,0 7,0 x,1
	same "0 " "$status $stderr"
	rm out.acct
	cp stats.json last.json
	clean 1,10.00 2,1 x,5 -- --last last.json
	passes "rows: 2, fewer than 3" "rejected: 1 of 3 rows, more than 12.5%" "rows_change: from 7 to 2 rows, more than 50%" \
		"sum_change: amount: from 100.00 to 11.00, more than 30%"
	# At a limit is within it; a hundredth beyond is not.
	clean 1,130.00 2,0 3,0 4,0 -- --last last.json
	same "0 " "$status $stderr"
	rm out.acct
	clean 1,130.01 2,0 3,0 4,0 -- --last last.json
	passes "sum_change: amount: from 100.00 to 130.01, more than 30%"
	# Limits off, and without --expect none is looked at.
	schema '{rows: 0, rejected: 100%}'
	clean x,1 -- --last last.json
	same "0 " "$status $stderr"
	schema '{rows: 9}'
	run -0 --separate-stderr acct-clean -s t.yaml -r rej.acct -o out.acct t.raw
	same "" "$stderr"
}

@test "expect: the stages after a stopped file end as it does" {
	schema '{rows: 9}'
	printf '%s\n' id,amount 1,1.00 >t.csv
	run -1 --separate-stderr sh -c 'acct-ingest -s t.yaml t.csv | acct-clean -s t.yaml --expect | acct-write table'
	same "acct-clean: t: rows: 1, fewer than 9" "$stderr"
	run ! acct-read table
}

@test "expect: wrong use, and what are no statistics" {
	schema '{}'
	printf '%s\n' id,amount 1,1.00 | acct-ingest -s t.yaml >t.raw
	run -64 --separate-stderr acct-clean -s t.yaml --accept t.raw
	[[ $stderr == "acct-clean: --last and --accept need --expect"* ]]
	run -64 --separate-stderr acct-clean -s t.yaml --last x t.raw
	run -66 --separate-stderr acct-clean -s t.yaml --expect --last none.json -o out.acct t.raw
	same "acct-clean: none.json: No such file or directory" "$stderr"
	for text in '' '{' '[]' '{"table": "t"}' '{"table": "u", "clean": 1}' '{"table": "t", "clean": "1"}' '{"table": "t", "clean": -1}'; do
		printf '%s' "$text" >last.json
		run -65 --separate-stderr acct-clean -s t.yaml --expect --last last.json -o out.acct t.raw
		same "acct-clean: last.json: not statistics of acct-clean for table 't'" "$stderr"
	done
	[ ! -e out.acct ]
}

@test "expect: words of a schema that are wrong" {
	wrong() {
		schema "$1"
		run -78 --separate-stderr acct-clean -s t.yaml </dev/null
		same "acct-clean: t.yaml:2:$2" "$stderr"
	}
	wrong 5 "9: expected limits for: 'expect'"
	wrong '{row: 5}' "10: unknown word of expect: 'row'; did you mean 'rows'?"
	wrong '{rows: 5, rows: 6}' "19: given twice: 'rows'"
	wrong '{rows: -5}' "16: expected a number of rows: '-5'"
	wrong '{rows: 5%}' "16: expected a number of rows: '5%'"
	wrong '{rows: 1234567890123456789}' "16: expected a number of rows: '1234567890123456789'"
	wrong '{rows: }' "16: missing value for: 'rows'"
	wrong '{rejected: 50}' "20: expected a percentage such as 50% or 0.5%: '50'"
	for text in .5% 5.% 1e2% -5% 5%% 1234567890% 0.1234567890%; do
		wrong "{rejected: $text}" "20: expected a percentage such as 50% or 0.5%: '$text'"
	done
	wrong '{rejected: 100.000000001%}' "20: more than 100%: '100.000000001%'"
	wrong '{sum_change: 5%}' "22: expected columns and percentages for: 'sum_change'"
	wrong '{sum_change: {balance: 5%}}' "23: sum_change: no such column: 'balance'"
	wrong '{sum_change: {id: 5%}}' "23: sum_change is for decimal columns: 'id'"
	wrong '{sum_change: {amount: 5%, amount: 6%}}' "35: given twice: 'amount'"
	wrong '{sum_change: {amount: 5}}' "31: expected a percentage such as 50% or 0.5%: '5'"
}

@test "expect: random figures against exact fractions" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "# seed $seed" >&3
	python3 "$ROOT/tests/expect.py" "${ACCT_CASES_EXPECT:-150}" "$seed"
}
