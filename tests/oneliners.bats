load helper

# The examples of acct(7), run as they stand there: each block of the section EXAMPLES, in order, in one folder.
prepare() {
	cp "$ROOT"/pipelines/sample/*.csv "$ROOT"/pipelines/bank/sources/*.yaml .
	for t in customers transactions; do
		acct-ingest -s $t.yaml $t.csv | acct-clean -s $t.yaml -r $t.rejects -o $t.acct
	done
	acct-ingest -s accounts.yaml accounts.csv | acct-clean -s accounts.yaml -r rejects -o monday.acct
	cp monday.acct tuesday.acct
	ACCT_BIN=$BUILD/bin sh "$ROOT/pipelines/run.sh" -d none "$ROOT/pipelines/sample" lake >/dev/null
}

# The blocks as shell text, one to a file example.NN.
blocks() {
	awk '
		/^\.Sh EXAMPLES/ { on = 1 }
		/^\.Sh SEE ALSO/ { on = 0 }
		on && /^\.Bd -literal/ { file = sprintf("example.%02d", ++n); next }
		on && /^\.Ed/ { close(file); file = "" }
		on && file != "" { gsub(/\\e/, "\\"); print > file }' "$ROOT/man/acct.7"
}

@test "oneliners: every example of acct(7) runs and says something" {
	command -v sqlite3 >/dev/null || skip "SKIPPED: sqlite3 is not installed"
	blocks
	[ "$(ls example.* | wc -l)" -ge 12 ]
	for e in example.*; do
		run -0 --separate-stderr sh -e "$e"
		[ -z "$stderr" ] || { cat "$e"; echo "$stderr"; false; } >&2
	done
}

@test "oneliners: the totals of the examples are those of the files" {
	blocks
	sh -e example.02
	run -0 sh -e example.04
	same "total
$(acct-cat -c balance good.acct | tail -n +2 | paste -sd+ | bc)" "$output"
	run -0 sh -e example.05
	[ "${#lines[@]}" -gt 3 ]
	run -0 sh -e example.10
	run -0 sqlite3 bank.db 'SELECT sum(n) FROM balances'
	[ "$output" -eq "$(($(wc -l <good.acct) - 2))" ]
}

@test "oneliners: the manual is without fault" {
	command -v mandoc >/dev/null || skip "SKIPPED: mandoc is not installed"
	run -0 mandoc -T lint -W warning "$ROOT"/man/*.[157]
}
