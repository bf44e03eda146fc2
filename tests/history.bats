load helper

prepare() {
	mkrec customers 'customer_id:int64*! valid_from:date! city:string' >monday.acct <<-'END'
	1	2024-01-01	Riga
	1	2024-02-01	Oslo
	2	2024-01-05	Bern
	END
	mkrec customers 'customer_id:int64*! valid_from:date! city:string' >tuesday.acct <<-'END'
	1	2024-01-10	Paris
	2	2024-02-05	Bern
	END
	FIRST=(--sequence valid_from --run 2024-03-01)
	NEXT=(--sequence valid_from --run 2024-03-02 --onto known.acct)
	acct-history "${FIRST[@]}" monday.acct >known.acct
}

@test "history: versions are half-open intervals, the last of each key open" {
	acct-cat --check known.acct
	same "customer_id	city	_from	_to	_current	_run_from	_run_to
1	Riga	2024-01-01	2024-02-01	false	2024-03-01	\\N
1	Oslo	2024-02-01	\\N	true	2024-03-01	\\N
2	Bern	2024-01-05	\\N	true	2024-03-01	\\N" "$(tsv known.acct)"
	same "customer_id:int64*! city:string _from:date*! _to:date _current:bool! _run_from:string*! _run_to:string" \
	    "$(head -n 1 known.acct | cut -d ' ' -f 4-)"
}

@test "history: a late row splits a version, an unchanged one opens none" {
	same "customer_id	city	_from	_to	_current	_run_from	_run_to
1	Riga	2024-01-01	2024-02-01	false	2024-03-01	2024-03-02
1	Riga	2024-01-01	2024-01-10	false	2024-03-02	\\N
1	Paris	2024-01-10	2024-02-01	false	2024-03-02	\\N" "$(acct-history "${NEXT[@]}" tuesday.acct | tsv)"
	same "acct-history: tuesday.acct: 2 rows and deletions, 2 versions opened, 1 ended" \
	    "$(acct-history -v "${NEXT[@]}" tuesday.acct 2>&1 >out)"
}

@test "history: a row before all others, a correction, and a row tracked by some of its columns" {
	mkrec customers 'customer_id:int64*! valid_from:date! city:string' <<<$'2\t2024-01-01\tLyon\n1\t2024-02-01\tRome' >c.acct
	same "1	Oslo	2024-02-01	\\N	false	2024-03-01	2024-03-02
1	Rome	2024-02-01	\\N	true	2024-03-02	\\N
2	Lyon	2024-01-01	2024-01-05	false	2024-03-02	\\N" "$(acct-history "${NEXT[@]}" c.acct | tsv | tail -n +2)"
	mkrec t 'id:int64*! at:int32! a:string! b:string!' <<<$'1\t1\tx\tp\n1\t2\tx\tq\n1\t3\ty\tq' >t.acct
	same "id	a	_from	_to	_current	_run_from	_run_to
1	x	1	3	false	r	\\N
1	y	3	\\N	true	r	\\N" "$(acct-history --sequence at --track a --run r t.acct | tsv)"
	same "2" "$(acct-history -k id,a --sequence at --track b --run r -t versions t.acct | tsv | grep -c 'x')"
}

@test "history: a deletion ends a version, and an old row of an update is passed over" {
	mkrec customers '_change_type:string! customer_id:int64*! valid_from:date! city:string' <<-'END' | sed '1s/$/ @change=1/' >c.acct
	delete	1	2024-02-01	Oslo
	update_preimage	2	2024-01-05	Bern
	update_postimage	2	2024-02-10	Basel
	END
	same "1	Oslo	2024-02-01	\\N	false	2024-03-01	2024-03-02
1	Oslo	2024-02-01	2024-02-20	false	2024-03-02	\\N
2	Bern	2024-01-05	\\N	false	2024-03-01	2024-03-02
2	Bern	2024-01-05	2024-02-10	false	2024-03-02	\\N
2	Basel	2024-02-10	\\N	true	2024-03-02	\\N" "$(acct-history "${NEXT[@]}" --deleted-at 2024-02-20 c.acct | tsv | tail -n +2)"
	run -64 --separate-stderr acct-history "${NEXT[@]}" c.acct
	same "acct-history: c.acct: record 1: a deletion: --deleted-at says when" "$stderr"
}

@test "history: the manual's examples, and the same rows once more change nothing" {
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/{/^\.Bd/,/^\.Ed/{s/\\e$/\\/;/^\./d;p;};}' "$ROOT/man/acct-history.1" >example
	[ "$(wc -l <example)" -eq 12 ]
	sh -e example >out
	same "customer_id,city
1,Oslo
2,Bern
customer_id,city
1,Oslo
2,Bern" "$(cat out)"
	same "3 5" "$(acct-read --at 0 history | acct-cat -f tsv | tail -n +2 | wc -l | tr -d ' \n') $(acct-read history | acct-cat -f tsv | tail -n +2 | wc -l | tr -d ' ')"
	same "1" "$(acct-read -w "city = 'Paris' and _run_to is null" history | acct-cat -f tsv | tail -n +2 | wc -l | tr -d ' ')"
	acct-read history >known.acct
	for run in 2024-03-02 2024-03-03; do
		same "" "$(acct-history --sequence valid_from --run $run --onto known.acct tuesday.acct | tsv | tail -n +2)"
	done
}

@test "history: wrong use, and what is no history" {
	run -64 --separate-stderr acct-history --run r monday.acct
	same "acct-history: --sequence is required" "${stderr_lines[0]}"
	run -64 --separate-stderr acct-history --sequence valid_from monday.acct
	run -64 --separate-stderr acct-history --sequence valid_form --run r monday.acct
	[[ ${stderr_lines[0]} == *"no column 'valid_form'; did you mean 'valid_from'?" ]]
	run -64 --separate-stderr acct-history --sequence valid_from --run r --track customer_id monday.acct
	run -64 --separate-stderr acct-history --sequence valid_from --run r --deleted-at soon monday.acct
	run -65 --separate-stderr sh -c 'acct-history --sequence valid_from --run r --onto monday.acct tuesday.acct -o out'
	[[ $stderr == "acct-history: monday.acct: not the columns of this history: "* ]]
	mkrec t 'id:int64* at:int32 a:string!' <<<$'1\t1\tx\n\\N\t2\tx' >t.acct
	run -65 --separate-stderr sh -c 'acct-history --sequence at --run r t.acct -o out'
	same "acct-history: t.acct: record 2: null in a key" "$stderr"
	mkrec t 'id:int64*! at:int32 a:string!' <<<$'1\t\\N\tx' >t.acct
	run -65 --separate-stderr sh -c 'acct-history --sequence at --run r t.acct -o out'
	same "acct-history: t.acct: record 1: at: null: when does the row begin to hold?" "$stderr"
	[ ! -e out ]
	head -n 2 known.acct >cut.acct
	run -65 --separate-stderr sh -c 'acct-history --sequence valid_from --run r --onto cut.acct tuesday.acct -o out'
	[[ $stderr == "acct-history: cut.acct: truncated: "* ]]
}

@test "history: random runs of late, corrected and deleted rows keep what a painted timeline shows" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "# ACCT_SEED=$seed" >&3
	python3 "$ROOT/tests/history_model.py" "${ACCT_CASES:-$(sanitized && echo 3 || echo 20)}" "$seed" >&2
}
