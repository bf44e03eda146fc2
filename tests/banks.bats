load helper

# Banks of other countries, by data alone: the jobs in tests/jobs, on files of tests/gen/banks.py, which knows the right values.

P=$ROOT/pipelines
export ACCT_BIN=$BUILD/bin

# bank KIND: makes files, runs the job, compares silver and gold.
bank() {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "# seed $seed" >&3
	python3 "$ROOT/tests/gen/banks.py" "$1" "$seed" "${ACCT_BANK_ROWS:-800}" drop expected
	sh "$P/run.sh" -d none -j "$ROOT/tests/jobs/$1" drop lake >summary
	for table in expected/*; do
		folder=lake/silver/${table#expected/}
		[ -e "$folder" ] || folder=lake/gold/${table#expected/}
		acct-read "$folder" | acct-cat | same "$(sort "$table")" "$(sort)"
	done
}

@test "banks: a Czech bank: days of the 1900s, three words for sides, birth numbers" {
	bank czech
	grep -q 'net of the accounts.* closes' summary
}

@test "banks: a card issuer: Latin-1, decimal commas, a preamble, a key of two columns, an optional file" {
	bank cards
	grep -q 'balance = postings.* closes' summary
	grep -aq Österreich <(acct-read lake/silver/postings)
}
