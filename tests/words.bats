load helper

# job COLUMNS...: makes s.yaml of these lines of words, after the name and the key.
schema() {
	printf '%s\n' 'name: t' 'columns:' '  - {name: id, type: int64, key: yes}' "$@" >s.yaml
}

# cleaned: cleans in.csv by s.yaml; prints the rows, then line, reason, column and value of each reject.
cleaned() {
	acct-ingest -s s.yaml in.csv | acct-clean -s s.yaml -r rej -o out.acct
	tsv out.acct | tail -n +2
	acct-cat -f tsv -c _line,reason,column,value rej | tail -n +2
}

@test "words: sides by other words, two of them debits" {
	schema '  - {name: side, source: [type, typ], type: string, enum: [credit, debit], case: ignore,' \
	    '     map: {PRIJEM: credit, VYDAJ: debit, Výběr: debit}}'
	printf '%s\n' id,typ 1,PRIJEM 2,VYDAJ 3,výběr 4,Credit 5,PŘEVOD >in.csv
	same "$(printf '%s\n' '1	credit' '2	debit' '3	debit' '4	credit' '6	not-allowed	side	PŘEVOD')" "$(cleaned)"
	schema '  - {name: side, type: string, map: {Withdraw: Withdrawal, Deposit: Deposit}, other: reject}'
	printf '%s\n' id,side 1,Withdraw 2,Deposit 3,Transfer 4, >in.csv
	same "$(printf '%s\n' '1	Withdrawal' '2	Deposit' '4	\N' '4	not-allowed	side	Transfer')" "$(cleaned)"
}

@test "words: a column's own nulls and empty texts" {
	printf '%s\n' 'name: t' 'nulls: [n/a, "0"]' 'columns:' '  - {name: id, type: int64, key: yes, nulls: []}' \
	    '  - {name: a, type: string, nulls: [-, none], empty: keep}' '  - {name: b, type: int64}' >s.yaml
	printf '%s\n' id,a,b '0,n/a,0' '1,-,n/a' '2,"",1' '3,,' >in.csv
	same "$(printf '%s\n' '0	n/a	\N' '1	\N	\N' '2		1' '3	\N	\N')" "$(cleaned)"
}

@test "words: parts are replaced before a value is read; rejects show the file's" {
	schema '  - {name: n, type: int32, replace: {"^No[.] ?": "", "[ -]": ""}}' \
	    '  - {name: ok, type: bool, true_values: [ano, A], false_values: [ne, N], case: ignore}'
	printf '%s\n' id,n,ok '1,No. 1 000-1,ANO' '2,17,ne' '3,No. x,ano' '4,1,true' >in.csv
	same "$(printf '%s\n' '1	10001	true' '2	17	false' '4	type	n	No. x' '5	type	ok	true')" "$(cleaned)"
	same "4,1,true" "$(acct-cat -f raw rej | tail -n 1)"
}

@test "words: the first of the names that a file has; two of them are one too many" {
	schema '  - {name: amount, source: [Amount, Betrag, amount], type: int64}'
	for name in Amount Betrag amount; do
		printf '%s\n' "$name,id" 5,1 >in.csv
		same "1	5" "$(cleaned)"
	done
	printf '%s\n' id,Betrag,Amount 1,6,7 >in.csv
	run -65 --separate-stderr acct-ingest -s s.yaml in.csv
	same "acct-ingest: in.csv:1: column 'Betrag' is not in the schema (extra: ignore skips it)" "$stderr"
	sed -i 's/^name: t/&\nextra: ignore/' s.yaml
	same "1	7" "$(cleaned)"
	printf '%s\n' id,Betrag,Amount 1,6,x >in.csv
	same "2	type	amount	x" "$(cleaned)"
	same "$(printf '%s\n' id,Amount 1,x)" "$(acct-cat -f raw rej)"
	printf '%s\n' id,Sum 1,6 >in.csv
	run -65 --separate-stderr acct-ingest -s s.yaml in.csv
	same "acct-ingest: in.csv:1: missing column 'Amount'; columns are: 'id', 'Sum'" "$stderr"
	sed -i 's/^extra: ignore//' s.yaml
	printf '%s\n' id,Betrag 1,9 >in.csv
	same "1	9" "$(acct-ingest in.csv | acct-clean -s s.yaml | tsv - | tail -n +2)"
}

@test "words: random values against a model" {
	python3 "$ROOT/tests/words.py" make 11 s.yaml in.csv expected
	same "$(cat expected)" "$(cleaned)"
	same "$(cat expected)" "$(ACCT_PORTABLE=1 cleaned)"
	[ "$(wc -l <expected)" -eq 3000 ]
	[ "$(grep -c not-allowed expected)" -gt 100 ]
}

@test "words: a bank with words of its own gives the same gold, by its schema alone" {
	export ACCT_BIN=$BUILD/bin
	P=$ROOT/pipelines
	cp -r "$P/bank" job
	cp -r "$P/sample" drop
	rm -f drop/README*
	sed -i -e '1s/transaction_type/txn_type/' -e '1s/transaction_amount/amount/' -e 's/Deposit/VKLAD/; 1~2s/Withdrawal/Výběr/; s/Withdrawal/VYDAJ/' drop/transactions.csv
	sed -i -e 's/^    enum: .*/&\n    source: [type, txn_type]\n    case: ignore\n    map: {vklad: Deposit, výběr: Withdrawal, výdaj: Withdrawal, vydaj: Withdrawal}/' \
	    -e 's/^  - name: transaction_amount$/&\n    source: amount/' job/sources/transactions.yaml
	sh "$P/run.sh" -d none "$P/sample" seed >/dev/null
	sh "$P/run.sh" -d none -j job drop own >/dev/null
	grep -q VYDAJ drop/transactions.csv
	for table in silver/transactions gold/account_transactions; do
		same "$(acct-read "seed/$table" | tsv -)" "$(acct-read "own/$table" | tsv -)"
	done
	[ "$(acct-read own/silver/transactions | acct-select -w "transaction_type = 'Withdrawal'" | tsv - | wc -l)" -gt 2 ]
}
