load helper

# The whole job: real files, dirty data against the independent calculation, broken files, two at once, kill -9.

P=$ROOT/pipelines
export ACCT_BIN=$BUILD/bin

# bank DIR OPTION...: a small bank of the generator.
bank() {
	local dir=$1
	shift
	bankgen -n 40 -S 1 "$@" "$dir"
}

# Everything in a folder that could change: names, sizes, times, inodes. The lock comes and goes in the folder of a lake itself.
snapshot() {
	(cd "$1" && find . -mindepth 1 -printf '%p %y %s %T@ %i\n' | sort)
}

# The contents of silver and gold, of what the last run of each table rejected, and of the export: one line a table.
contents() {
	local t rows
	for t in silver/{customers,accounts,loans,loan_payments,transactions} gold/{,_export/}{customer_balance,customer_loans,account_transactions}; do
		rows=$(acct-read "$1/$t" 2>&1 | sort | sha256sum)	# a merged table has its rows in another order
		echo "$t $rows"
	done
	for t in customers accounts loans loan_payments transactions; do
		rows=$(rejects "$1" "$t" 2>&1 | sha256sum)
		echo "rejects $t $rows"
	done
}

# rejects LAKE TABLE: what the run rejected that made the table.
rejects() {
	acct-read -w "run = '$(run_of "$1" "$2")'" -c _line,reason,column,value,raw "$1/silver/_rejects/$2" | acct-cat -f csv
}

# versions LAKE: the newest version of each table.
versions() {
	(cd "$1" && for t in silver/[a-z]* silver/_rejects/* gold/[a-z]*/; do
		echo "${t%/} $(acct-log --state --json "$t" | jq .version)"
	done)
}

# unnamed LAKE: the data files that no version and no manifest names, and what else a writer that was stopped leaves.
unnamed() {
	echo nothing >named
	find "$1" \( -path '*/_delta_log/*.json' -o -name manifest.json \) -exec grep -oh '[^"/]*\.parquet' {} + >>named
	find "$1" -name '*.parquet' -not -path '*/_delta_log/*' | awk -F / 'NR == FNR { named[$0]; next } !($NF in named)' named -
	find "$1" -name '_intent-*' -o -name '.*.tmp' -o -name '*.tmp-*'
}

# fake NAME TEXT: a program of that name, found before the real one, which is "$REAL/NAME".
fake() {
	if [ ! -d fakes ]; then
		mkdir fakes
		for f in "$BUILD"/bin/*; do ln -s "$f" fakes/; done
	fi
	rm -f "fakes/$1"
	printf '#!/bin/sh\nREAL="%s"\n%s\n' "$BUILD/bin" "$2" >"fakes/$1"
	chmod +x "fakes/$1"
}

sql() {
	sqlite3 -batch -init /dev/null "$@"
}

# ---- the sample ----

@test "pipeline: the sample bank can be made again, byte for byte" {
	sh -c "cd '$T' && mkdir -p build/tools pipelines && ln -s '$BUILD/tools/bankgen' build/tools/ &&
		$(grep build/tools/bankgen "$P/sample/README")"
	for f in customers accounts loans loan_payments transactions; do
		cmp "$P/sample/$f.csv" "pipelines/sample/$f.csv"
	done
	[ "$(du -bs --exclude=README "$P/sample" | cut -f 1)" -lt 60000 ]
}

@test "pipeline: the generator gives the same bytes for a seed, others for another" {
	bankgen -n 100 -S 7 --dirt 0.05 a
	bankgen -n 100 -S 7 --dirt 0.05 b
	bankgen -n 100 -S 8 --dirt 0.05 c
	diff -r a b
	run ! diff -rq a c
	same "100 150 50 300 2000" "$(bankgen -n 100 d && cd d && for t in customers accounts loans loan_payments transactions; do
		echo $(($(wc -l <$t.csv) - 1)); done | paste -sd ' ')"
}

@test "pipeline: the generator: wrong use" {
	run -64 --separate-stderr bankgen
	run -64 --separate-stderr bankgen -n x a
	run -64 --separate-stderr bankgen --dirt 2 a
	run -64 --separate-stderr bankgen --dirt-nonesuch 1 a
	run -0 --separate-stderr bankgen -h
}

# ---- the real files ----

@test "pipeline: the real files give what they must give" {
	need "$SHARED/data/bank"
	run -0 --separate-stderr sh "$P/run.sh" "$SHARED/data/bank" lake
	same "100 100 0
87 86 1
100 100 0
100 100 0
100 100 0" "$(jq -r '.tables[] | "\(.read) \(.clean) \(.rejected)"' $(last lake)/summary.json)"
	same "88,field-count,,,\"87,William,McDonald,8686 Maple Ave,Haileybury\"" \
		"$(rejects lake customers | sed 1d)"
	same "99 98 98" "$(sql lake/gold/gold.db 'SELECT (SELECT count(*) FROM customer_balance), (SELECT count(*) FROM customer_loans),
		(SELECT count(*) FROM account_transactions)' | tr '|' ' ')"
	same "51|250.25
7|2900.00
15|3900.50
54|850.25
11|2600.00" "$(for c in 51 7 15 54 11; do sql lake/gold/gold.db "SELECT customer_id, total_balance FROM customer_balance WHERE customer_id = $c"; done)"
	same "298712.25" "$(acct-read lake/gold/customer_balance | acct-balance 't=sum(total_balance)' | acct-cat -f csv | sed 1d)"
	same 'accounts.customer_id 13 balance 8131.50
loan_payments.loan_id 0 payment_amount 0.00
loans.customer_id 13 loan_amount 292506.50
transactions.account_id 0 transaction_amount 0.00' \
		"$(jq -r '.orphans[] | "\(.table).\(.column) \(.count) \(.sums | to_entries[0] | "\(.key) \(.value)")"' $(last lake)/summary.json)"
	same "true" "$(jq .reconciliation.closes $(last lake)/summary.json)"
	[[ $output == *"customers"*"4603"*"87"*"86"*"1"* ]]
	[[ $output == *"28 of 28 checks close"* ]]
}

@test "pipeline: the real files: every row as the independent calculation has it" {
	need "$SHARED/data/bank"
	sh "$P/run.sh" -d none "$SHARED/data/bank" lake
	python3 "$ROOT/tests/oracle.py" "$SHARED/data/bank" --check lake
}

@test "pipeline: gold has the columns and types of its contract, and the key's flag" {
	sh "$P/run.sh" -d none "$P/sample" lake
	same "customer_balance customer_id:int64*! first_name:string last_name:string address:string city:string state:string zip:string account_count:int64! total_balance:decimal%2828%2C2%29!
customer_loans customer_id:int64*! loan_count:int64! total_loan_amount:decimal%2828%2C2%29! total_paid:decimal%2828%2C2%29! outstanding:decimal%2828%2C2%29!
account_transactions account_id:int64*! transaction_count:int64! total_transaction_amount:decimal%2828%2C2%29! total_deposits:decimal%2828%2C2%29! total_withdrawals:decimal%2828%2C2%29! net_amount:decimal%2828%2C2%29! first_transaction_date:date! last_transaction_date:date!" \
		"$(for t in customer_balance customer_loans account_transactions; do
			acct-read lake/gold/$t | head -n 1 | tr -d '\001' | sed 's/^H acct.1 //; s/ @[^ ]*//g; s/(/%28/g; s/)/%29/g; s/,/%2C/g'; done)"
	same "" "$(find lake -name '*.acct' -not -path 'lake/runs/rejects/*')"
}

# ---- dirty data ----

dirty() {
	local lake=$1
	shift
	bankgen "$@" bank
	sh "$P/run.sh" -d none --accept customers,accounts,loans,loan_payments,transactions bank "$lake" >/dev/null
	python3 "$ROOT/tests/oracle.py" bank --check "$lake"
}

@test "pipeline: dirty data: the sample" {
	sh "$P/run.sh" "$P/sample" lake
	python3 "$ROOT/tests/oracle.py" "$P/sample" --check lake
}

@test "pipeline: dirty data: a little of everything, several seeds" {
	for seed in 11 12 13 14; do
		dirty "lake$seed" -n 300 -S "$seed" --dirt 0.01 --dirt-bom 0.5 --dirt-cut 0.5
	done
}

@test "pipeline: dirty data: much of everything, CRLF" {
	dirty lake1 -n 1000 -S 21 --dirt 0.06 --crlf --dirt-bom 1 --dirt-cut 1
	dirty lake2 -n 5 -S 22 --dirt 0.3
	dirty lake3 -n 1 -S 23
}

@test "pipeline: dirty data: each kind by itself" {
	for kind in few many utf8 missing number date decimals range type duplicate conflict orphan blank space quote lineend nullword form odd; do
		dirty "lake-$kind" -n 30 -S 31 "--dirt-$kind" 0.3 || {
			echo "kind: $kind"
			false
		}
	done
}

@test "pipeline: dirty data: null words of another schema" {
	cp -r "$P/bank" job
	for f in job/sources/*.yaml; do echo 'nulls: [NULL, "null", N/A]' >>"$f"; done
	export ACCT_JOB=$T/job ORACLE_NULLS=NULL,null,N/A
	dirty lake -n 300 -S 41 --dirt 0.02 --dirt-nullword 0.2 --dirt-missing 0.1
}

@test "pipeline: dirty data: keys in no order" {
	bank sorted --dirt 0.01
	mkdir bank
	for t in customers accounts loans loan_payments transactions; do
		(head -n 1 sorted/$t.csv && sed 1d sorted/$t.csv | shuf --random-source=<(yes)) >bank/$t.csv
	done
	sh "$P/run.sh" -d none bank lake
	python3 "$ROOT/tests/oracle.py" bank --check lake
}

@test "pipeline: a rejected row can be mended and fed in again" {
	bank bank --dirt-number 0.2
	sh "$P/run.sh" -d none bank lake
	run=$(run_of lake transactions)
	acct-read -w "run = '$run'" lake/silver/_rejects/transactions | acct-cat -f raw >rejects.csv
	# One line for each reject after the header, each as it stood in the file.
	same "$(jq '.tables.transactions.rejected' $(last lake)/summary.json)" "$(sed 1d rejects.csv | grep -c '')"
	same "$(head -n 1 bank/transactions.csv)" "$(head -n 1 rejects.csv)"
	same "" "$(sed 1d rejects.csv | tr -d '"' | sort | comm -23 - <(tr -d '"' <bank/transactions.csv | sort))"
	# Mended: the same rows from a bank without dirt.
	bank whole
	(head -n 1 rejects.csv && acct-read -c _line lake/silver/_rejects/transactions | acct-cat | sed 1d |
		while read -r n; do sed -n "${n}p" whole/transactions.csv; done) >mended.csv
	acct-ingest -s "$P/bank/sources/transactions.yaml" mended.csv | acct-clean -s "$P/bank/sources/transactions.yaml" -r still.acct -o mended.acct
	same "0" "$(acct-balance 'n=count()' -i still.acct | acct-cat -f csv | sed 1d)"
	(acct-read lake/silver/transactions && cat mended.acct) | acct-balance 'n=count()' 'sum=sum(transaction_amount)' | acct-cat -f csv >both
	acct-ingest -s "$P/bank/sources/transactions.yaml" whole/transactions.csv | acct-clean -s "$P/bank/sources/transactions.yaml" |
		acct-balance 'n=count()' 'sum=sum(transaction_amount)' | acct-cat -f csv >all
	diff -u all both
}

# ---- again ----

@test "pipeline: a second run on the same files does nothing and says so" {
	sh "$P/run.sh" "$P/sample" lake
	snapshot lake | grep -v '^./runs d' >before		# in which the run's own folder comes and goes
	run -0 --separate-stderr sh "$P/run.sh" "$P/sample" lake
	[[ $output == "nothing to do: "* ]]
	[ -z "$stderr" ]
	snapshot lake | grep -v '^./runs d' | diff -u before -
}

@test "pipeline: a lost output is made again" {
	sh "$P/run.sh" "$P/sample" lake
	contents lake >before
	rm lake/silver/loans/part-*
	rm -r lake/gold/customer_loans
	run -0 --separate-stderr sh "$P/run.sh" "$P/sample" lake
	[[ $output != "nothing to do"* ]]
	contents lake | diff -u before -
	rm lake/gold/gold.db
	run -0 --separate-stderr sh "$P/run.sh" "$P/sample" lake
	[[ $output == *"only the merge into sqlite was missing"* ]]
	[ "$(sql lake/gold/gold.db 'SELECT count(*) FROM customer_balance')" -gt 40 ]
}

@test "pipeline: new files replace silver and gold, and bronze keeps the old ones" {
	bank a
	bank b -S 2
	sh "$P/run.sh" a lake
	sh "$P/run.sh" b lake
	python3 "$ROOT/tests/oracle.py" b --check lake
	same "10" "$(find lake/bronze -name '*.csv' | wc -l)"
	for f in a/*.csv b/*.csv; do
		sum=$(sha256sum "$f")
		t=$(basename "$f" .csv)
		cmp "$f" "lake/bronze/$t/${sum:0:16}-$t.csv"
		[ ! -w "lake/bronze/$t/${sum:0:16}-$t.csv" ] || [ "$(id -u)" -eq 0 ]
	done
	# Back to the first: the copies are there already.
	find lake/bronze -name '*.csv' -printf '%p %i\n' | sort >before
	sh "$P/run.sh" a lake
	find lake/bronze -name '*.csv' -printf '%p %i\n' | sort | diff -u before -
	python3 "$ROOT/tests/oracle.py" a --check lake
}

@test "pipeline: a load by itself is the same as at once" {
	sh "$P/run.sh" "$P/sample" lake1
	sh "$P/run.sh" -d none "$P/sample" lake2
	sh "$P/load.sh" lake2
	diff -u <(contents lake1) <(contents lake2)
	for t in customer_balance customer_loans account_transactions; do
		diff -u <(sql lake1/gold/gold.db "SELECT * FROM $t ORDER BY 1") <(sql lake2/gold/gold.db "SELECT * FROM $t ORDER BY 1")
	done
}

@test "pipeline: from any folder, with odd names" {
	mkdir -p "it's a \"bank\"" x/y
	cp "$P"/sample/*.csv "it's a \"bank\""
	(cd x/y && sh "$P/run.sh" "../../it's a \"bank\"" "the lake's; \$HOME")
	python3 "$ROOT/tests/oracle.py" "$P/sample" --check "x/y/the lake's; \$HOME"
	same "$T/it's a \"bank\"" "$(jq -r .backend "$(last "x/y/the lake's; \$HOME")/summary.json")"
	run -0 --separate-stderr sh "$P/run.sh" "it's a \"bank\"" "x/y/the lake's; \$HOME"
	[[ $output == "nothing to do: "* ]]
	cp -r "it's a \"bank\"" $'caf\xe9 \xc3\xa9'
	sh "$P/run.sh" -d none $'caf\xe9 \xc3\xa9' lake9
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1], "rb"))["backend"])' "$(last lake9)/summary.json" | grep -qx "$T/caf� é"
	mkdir ./- $'two\nlines\n'
	cp "$P"/sample/*.csv ./-
	cp "$P"/sample/*.csv $'two\nlines\n'
	sh "$P/run.sh" -d none -- - $'lake\n'
	sh "$P/run.sh" -d none $'two\nlines\n' -
	[ -e $'lake\n/gold' ] && [ -e ./-/gold ] && [ ! -e ../gold ]
}

@test "pipeline: schemas and programs named from where the job is called" {
	cp -r "$P/bank" jobs
	ln -s "$BUILD/bin" programs
	PATH=/usr/bin:/bin ACCT_BIN=programs ACCT_JOB=jobs sh "$P/run.sh" -d none "$P/sample" lake
	run -0 sh "$P/run.sh" -d none "$P/sample" lake
	[[ $output == "nothing to do: "* ]]
}

@test "pipeline: a search path of cd is not followed" {
	mkdir -p other/pipelines
	cd "$ROOT"
	CDPATH=.:$T/other sh pipelines/run.sh -d none pipelines/sample "$T/lake"
	CDPATH=$T/other run -0 sh pipelines/run.sh -d none pipelines/sample "$T/lake"
	[[ $output == "nothing to do: "* ]]
}

@test "pipeline: gold.db: merged again nothing changes, a row that was altered is put right" {
	sh "$P/run.sh" "$P/sample" lake
	sql lake/gold/gold.db 'SELECT * FROM customer_balance ORDER BY 1' >before
	sql lake/gold/gold.db "UPDATE customer_balance SET total_balance = '1.00' WHERE customer_id = 7; DELETE FROM customer_balance WHERE customer_id = 9"
	sh "$P/load.sh" lake
	sql lake/gold/gold.db 'SELECT * FROM customer_balance ORDER BY 1' | diff -u before -
	sql lake/gold/gold.db "INSERT INTO customer_balance SELECT 999999, first_name, last_name, address, city, state, zip, account_count, total_balance
		FROM customer_balance LIMIT 1"
	run -0 --separate-stderr sh "$P/load.sh" lake
	[[ $stderr == "load.sh: customer_balance: 1 rows of the target are not of gold; "* ]]
}

@test "pipeline: gold.db: who reads it is waited for" {
	sh "$P/run.sh" "$P/sample" lake
	{ echo 'BEGIN EXCLUSIVE; SELECT 1;'; sleep 2; } | sql lake/gold/gold.db >held &
	until [ -s held ]; do sleep 0.1; done
	sh "$P/load.sh" lake
	wait
}

@test "pipeline: gold.db is exact text or integers, equal to gold to the cent" {
	bankgen -n 200 -S 3 --dirt-range 0.3 bank
	sh "$P/run.sh" bank lake
	for t in customer_loans account_transactions; do
		diff -u <(acct-read lake/gold/$t | acct-cat -f csv | sed 1d) <(sql -csv lake/gold/gold.db "SELECT * FROM $t ORDER BY 1" | tr -d '\r')
	done
}

@test "pipeline: PostgreSQL gets the same gold" {
	[ -e "$ROOT/tests/postgres.sh" ] || skip "SKIPPED: no tests/postgres.sh"
	server=$(sh "$ROOT/tests/postgres.sh" start) || skip "SKIPPED: no PostgreSQL server can be had"
	eval "$server"
	status=0
	{
		sh "$P/run.sh" -d postgres "$P/sample" lake &&
		acct-read lake/gold/account_transactions | acct-cat -f csv | sed 1d >expected &&
		psql -X -q --csv -t -c 'SELECT * FROM account_transactions ORDER BY 1' >got &&
		diff -u expected got &&
		sh "$P/run.sh" -d postgres "$P/sample" lake | grep -q '^nothing to do: ' &&
		[ ! -e lake/gold/gold.db ]
	} || status=$?
	sh "$ROOT/tests/postgres.sh" stop "$PGPRIVATE"
	[ "$status" -eq 0 ]
}

@test "pipeline: no PostgreSQL server: 69, and nothing takes effect" {
	sh "$P/run.sh" -d none "$P/sample" lake
	bank other
	contents lake >before
	export PGHOST=$T/nowhere
	run -69 --separate-stderr sh "$P/run.sh" -d postgres other lake
	contents lake | diff -u before -
	run -69 --separate-stderr sh "$P/run.sh" -d postgres "$P/sample" lake
	contents lake | diff -u before -
}

# ---- broken files ----

# refused STATUS MESSAGE: run.sh on the folder `bad` ends so, and neither a fresh lake nor one with a run in it changes.
refused() {
	run "-$1" --separate-stderr sh "$P/run.sh" bad fresh
	[[ $stderr == *"$2"* ]] || {
		echo "$stderr"
		false
	}
	[ -z "$output" ]
	same "" "$(find fresh -mindepth 1 2>/dev/null)"
	if [ ! -e lake ]; then sh "$P/run.sh" "$P/sample" lake; fi
	snapshot lake | grep -v ' d ' >before
	run "-$1" --separate-stderr sh "$P/run.sh" bad lake
	[[ $stderr == *"$2"* ]]
	snapshot lake | grep -v ' d ' | diff -u before -
}

@test "pipeline: a lake whose lock cannot be written" {
	mkdir -p lake/_lock
	run -74 --separate-stderr sh "$P/run.sh" "$P/sample" lake
	same "acct-lake: $T/lake/_lock: Is a directory" "$stderr"
}

@test "pipeline: a file is missing, a folder, empty" {
	cp -r "$P/sample" bad
	rm bad/loans.csv
	refused 66 "acct-ledger: $T/bad/loans.csv: no such file"
	mkdir bad/loans.csv
	refused 66 "acct-ledger: $T/bad/loans.csv: not a file"
	rmdir bad/loans.csv
	: >bad/loans.csv
	refused 65 "acct-ledger: $T/bad/loans.csv: empty"
	run -66 --separate-stderr sh "$P/run.sh" nowhere lake
	[[ $stderr == "run.sh: nowhere: no such directory" ]]
}

@test "pipeline: a file without a whole header, with another header" {
	cp -r "$P/sample" bad
	printf 'loan_id,customer_id,loan_am' >bad/loans.csv
	refused 65 "$T/bad/loans.csv: no whole header"
	printf 'loan_id,customer_id,loan_amount,interest_rate,loan_term' >bad/loans.csv
	refused 65 "$T/bad/loans.csv: no whole header"
	cp "$P/sample/loans.csv" bad/
	sed -i '1s/loan_amount/amount/' bad/loans.csv
	refused 65 "$T/bad/loans.csv: refused"
	[[ $stderr == *"amount"* ]]
}

@test "pipeline: a file cut within quotes, and a stray quote, reject their lines alone" {
	cp -r "$P/sample" bad
	printf '99,3,"10.00' >>bad/loans.csv
	sed -i '5s/.*/"4" ,3,"x"y,10.00/; 7s/^\([0-9]*\),/"\1" ,/' bad/accounts.csv
	run -0 --separate-stderr sh "$P/run.sh" -d none bad lake
	[[ $output == *"28 of 28 checks close"* ]]
	same "$(printf '%s\n' raw '"4" ,3,"x"y,10.00')" "$(acct-read lake/silver/_rejects/accounts -w "reason = 'quote'" -c raw | acct-cat -f tsv)"
	same "$(printf '%s\n' raw '99,3,"10.00')" "$(acct-read lake/silver/_rejects/loans -w "reason = 'quote'" -c raw | acct-cat -f tsv)"
	python3 "$ROOT/tests/oracle.py" bad --check lake
}

@test "pipeline: a line that the reader passed over ends the run with 1" {
	fake acct-ingest 'for f; do :; done
	case $* in
	*--stats*transactions*) sed 7d "$f" | "$REAL/acct-ingest" "$1" "$2" "$4" "$5" ;;
	*) exec "$REAL/acct-ingest" "$@" ;;
	esac'
	ACCT_BIN=$T/fakes run -1 --separate-stderr sh "$P/run.sh" -d none "$P/sample" lake
	[[ $stderr == *"transactions: lines of the file = names + clean + rejected + blank"*"DOES NOT CLOSE"* ]]
	[[ $stderr == *"27 of 28 checks close"* ]]
	[ ! -e lake/silver ]
}

@test "pipeline: a header alone is a table without rows" {
	for t in customers accounts loans loan_payments transactions; do
		mkdir -p empty
		head -n 1 "$P/sample/$t.csv" >empty/$t.csv
	done
	sh "$P/run.sh" empty lake
	python3 "$ROOT/tests/oracle.py" empty --check lake
	same "0" "$(sql lake/gold/gold.db 'SELECT count(*) FROM customer_balance')"
}

# ---- failures within ----

@test "pipeline: the status of a stage that fails is the status of the run, and the lake is as it was" {
	bank a
	sh "$P/run.sh" a lake
	snapshot lake | grep -v ' d ' >before
	for program in acct-clean:74 acct-join:71 acct-balance:70 acct-select:73 acct-write:74 acct-read:71; do
		fake "${program%:*}" "echo '${program%:*}: broken on purpose' >&2; printf '\\001E %s\\n' ${program#*:}; exit ${program#*:}"
		ACCT_BIN=$T/fakes run "-${program#*:}" --separate-stderr sh "$P/run.sh" "$P/sample" lake
		[[ $stderr == *"${program%:*}: broken on purpose"* ]]
		snapshot lake | grep -v ' d ' | diff -u before -
		ln -sf "$BUILD/bin/${program%:*}" "fakes/${program%:*}"
	done
	# A stage of a gold script that is killed cannot end its stream: what reads it, where something does, finds it cut.
	fake acct-join 'kill -9 $$'
	ACCT_BIN=$T/fakes run --separate-stderr sh "$P/run.sh" "$P/sample" lake
	[ "$status" -eq 65 ] || [ "$status" -eq 71 ]
	[[ $stderr == *"customer_"*".sh: failed; the lake is as it was"* ]]
	snapshot lake | grep -v ' d ' | diff -u before -
}

@test "pipeline: the left side of a pipe that fails is what the status tells" {
	fake acct-ingest '"$REAL/acct-ingest" "$@" | head -n 3; exit 74'
	ACCT_BIN=$T/fakes run -74 --separate-stderr sh "$P/run.sh" "$P/sample" lake
	[ ! -e lake/silver ] && [ ! -e lake/bronze ]
	[[ $stderr == *"acct-clean: <stdin>: truncated: "* ]]
}

@test "pipeline: sums that do not close end the run with 1 before anything takes effect" {
	bank a
	sh "$P/run.sh" a lake
	contents lake >before
	fake acct-join 'case $* in *"-j outer"*) shift 2; exec "$REAL/acct-join" -j left "$@" ;; *) exec "$REAL/acct-join" "$@" ;; esac'
	ACCT_BIN=$T/fakes run -1 --separate-stderr sh "$P/run.sh" "$P/sample" lake
	[[ $stderr == *"total_balance = silver balances"*"DOES NOT CLOSE"* ]]
	[[ $stderr == *"26 of 28 checks close"* ]]
	contents lake | diff -u before -
	same "false" "$(jq .closes "$(ls -d lake/runs/2*/reconciliation.json | tail -n 1)")"
	run -0 --separate-stderr sh "$P/run.sh" "$P/sample" lake
}

@test "pipeline: reconcile.sh finds what was altered afterwards" {
	sh "$P/run.sh" -d none "$P/sample" lake
	run -0 --separate-stderr sh "$P/reconcile.sh" lake
	[[ $output == *"28 of 28 checks close" ]]
	acct-read lake/gold/customer_loans | acct-select -w 'customer_id <> 7' | acct-write -m overwrite lake/gold/customer_loans
	run -1 --separate-stderr sh "$P/reconcile.sh" lake
	[[ $output == *"loans in customer_loans"*"DOES NOT CLOSE"* ]]
	whole lake/silver/transactions | acct-select -w 'transaction_id <> 10' | acct-write -m overwrite lake/silver/transactions
	run -1 --separate-stderr sh "$P/reconcile.sh" lake
	[[ $output == *"transactions: rows read = clean + rejected"*"DOES NOT CLOSE"* ]]
	[[ $output == *"transactions: transaction_amount read = clean + rejected"*"DOES NOT CLOSE"* ]]
}

@test "pipeline: wrong use" {
	for s in run.sh load.sh reconcile.sh; do
		run -64 --separate-stderr sh "$P/$s"
		[[ $stderr == "usage: $s "* ]]
		run -64 --separate-stderr sh "$P/$s" --nonesuch a b
		run -0 --separate-stderr sh "$P/$s" --help
		[[ $output == "usage: $s "* && -z $stderr ]]
	done
	run -73 --separate-stderr env TMPDIR=nowhere sh "$P/run.sh" "$P/sample" lake
	same "run.sh: TMPDIR: $T/nowhere: not a directory that can be written" "$stderr"
	run -64 --separate-stderr sh "$P/run.sh" -d oracle a b
	run -64 --separate-stderr sh "$P/run.sh" -d sqlite "$P/sample" az://account/container/lake
	for s in load.sh reconcile.sh; do
		run -66 --separate-stderr sh "$P/$s" lake
		same "$s: lake: no such directory; run.sh makes it" "$stderr"
	done
	[ ! -e lake ]
	mkdir lake
	run -66 --separate-stderr sh "$P/load.sh" lake
	run -66 --separate-stderr sh "$P/reconcile.sh" lake
}

# ---- two at once, kill -9 ----

@test "pipeline: two at once: the second ends with 75, or waits" {
	bank a
	sh "$P/run.sh" -d none a lake
	(exec 9>>lake/_lock && flock 9 && : >held && while [ ! -e free ]; do sleep 0.05; done) 3>&- &
	while [ ! -e held ]; do sleep 0.05; done
	run -75 --separate-stderr sh "$P/run.sh" "$P/sample" lake
	[[ $stderr == "acct-lake: $T/lake: another run is at work; "* ]]
	for s in load.sh reconcile.sh; do
		run -75 --separate-stderr sh "$P/$s" lake
	done
	sh "$P/run.sh" --wait -d none "$P/sample" lake >out 2>&1 3>&- &
	sleep 0.3
	[ ! -s out ]
	: >free
	wait
	grep -q 'checks close' out
	python3 "$ROOT/tests/oracle.py" "$P/sample" --check lake
}

@test "pipeline: several at once on one lake, all waiting: one works, the others find nothing to do" {
	for i in 1 2 3 4; do
		sh "$P/run.sh" --wait "$P/sample" lake >out$i 2>&1 3>&- &
	done
	wait
	same "3" "$(cat out? | grep -c '^nothing to do: ')"
	python3 "$ROOT/tests/oracle.py" "$P/sample" --check lake
}

# for_scripts: what only the scripts have a part in, with programs that sanitizers see in the other tests.
for_scripts() {
	unsanitized "of the scripts alone; the programs are those of the other tests"
}

# ACCT_RUN_KILLS and ACCT_BANK are for more runs and larger ones; that of runs.bats is meant for that.
@test "pipeline: killed or terminated at any instant, then the next run puts it right" {
	for_scripts
	seed=${ACCT_SEED:-$(date +%s)} kills=${ACCT_RUN_KILLS:-6} customers=${ACCT_BANK:-40}
	echo "# ACCT_SEED=$seed" >&3
	RANDOM=$seed
	bank a -n "$customers"
	bank b -n "$customers" -S 2 --dirt 0.02
	for x in a b; do
		sh "$P/run.sh" -d none $x lake-$x >/dev/null
		contents lake-$x >contents-$x
	done
	cp -r lake-a lake
	start=$(date +%s%N)
	sh "$P/run.sh" b lake >/dev/null
	long=$((($(date +%s%N) - start) / 1000000))
	mixed=0
	for i in $(seq "$kills"); do
		rm -rf lake
		cp -r lake-a lake
		[ $((i % 5)) -gt 0 ] || rm -r lake/silver lake/gold		# tables that are new
		setsid sh "$P/run.sh" b lake >/dev/null 2>&1 3>&- &
		pid=$!
		delay=$((long * (RANDOM % 1000) / 1000))
		sleep "$(printf '%d.%03d' $((delay / 1000)) $((delay % 1000)))"
		case $((i % 3)) in
		0) kill -TERM "$pid" 2>/dev/null || true ;;
		*) kill -9 -- "-$pid" 2>/dev/null || true ;;
		esac
		wait "$pid" 2>/dev/null || true
		[ ! -e lake/_lock ] || flock lake/_lock true
		if acct-lake status lake | grep -q ^pending; then
			mixed=$((mixed + 1))
		elif [ $((i % 5)) -gt 0 ]; then
			# No run has taken effect by half.
			contents lake >contents-now
			cmp -s contents-now contents-a || diff -u contents-b contents-now || { diff -u contents-a contents-now; find lake/runs; acct-lake status lake; false; }
		fi
		sh "$P/run.sh" --wait b lake >/dev/null 2>&1
		contents lake | diff -u contents-b -
		[ ! -e lake/runs/open ]
		same "$(acct-lake status lake | sed -n 's/^number.//p')" "$(cat lake/runs/current)"
		same "" "$(unnamed lake)"
		[ "$(sql lake/gold/gold.db 'SELECT count(*) FROM account_transactions')" -gt 0 ]
	done
	echo "# $mixed of $kills were cut off while they took effect" >&3
}

# bronze LAKE: the pieces kept, each with its contents' sum.
bronze() {
	(cd "$1" && find bronze -type f -not -path '*/_ledger/*' | sort | xargs sha256sum)
}

@test "pipeline: kill -9 in each stage before the commit: nothing of the run is there, and the next does it all" {
	for_scripts
	bank a
	bank b -S 2 --dirt 0.02
	for x in a b; do
		sh "$P/run.sh" -d none $x lake-$x >/dev/null
		contents lake-$x >contents-$x
	done
	for stage in acct-ledger acct-job acct-ingest acct-clean acct-select acct-merge acct-join acct-log cp sync acct-reconcile; do
		rm -rf lake
		cp -r lake-a lake
		fake "$stage" 'kill -9 0'
		ACCT_BIN=$T/fakes setsid -w sh "$P/run.sh" -d none b lake >/dev/null 2>&1 3>&- && false
		rm -r fakes
		acct-lake recover --wait lake
		diff -u <(bronze lake-a) <(bronze lake)
		contents lake | diff -u contents-a -
		sh "$P/run.sh" -d none --wait b lake >/dev/null 2>&1
		contents lake | diff -u contents-b -
		diff -u <(bronze lake-a | cat - <(bronze lake-b) | sort) <(bronze lake | sort)
		cmp <(cat lake/runs/made/*/pieces) <(cat lake-b/runs/made/*/pieces)
		[ ! -e lake/runs/open ]
		same "" "$(unnamed lake)"
	done
}

@test "pipeline: who reads the export by its manifest reads old or new, at any instant" {
	for_scripts
	bank a
	bank b -S 2 --dirt 0.02
	for x in a b; do sh "$P/run.sh" -d none $x lake-$x >/dev/null; done
	for t in customer_balance customer_loans account_transactions; do
		for x in a b; do acct-read lake-$x/gold/_export/$t | acct-cat >$t.$x; done
	done
	cp -r lake-a lake
	sh "$P/run.sh" -d none b lake >/dev/null 2>&1 3>&- &
	looked=0
	while kill -0 "$!" 2>/dev/null; do
		for t in customer_balance customer_loans account_transactions; do
			# The manifest may be replaced, and its file go, while it is read.
			f=lake/gold/_export/$t/$(jq -r '.files[].name' lake/gold/_export/$t/manifest.json)
			if acct-read "$f" 2>/dev/null | acct-cat >now 2>/dev/null && [ -e "$f" ]; then
				cmp -s now $t.a || cmp now $t.b
				looked=$((looked + 1))
			fi
		done
	done
	wait
	[ "$looked" -gt 3 ]
	for t in customer_balance customer_loans account_transactions; do
		cmp "$t.b" <(acct-read "lake/gold/_export/$t/$(jq -r '.files[].name' lake/gold/_export/$t/manifest.json)" | acct-cat)
		same 1 "$(ls lake/gold/_export/$t/*.parquet | wc -l)"
		same "$(acct-read -c "$(head -n 1 $t.b | cut -d, -f1)" lake/gold/$t | acct-cat | sed 1d | wc -l)" "$(jq .rows lake/gold/_export/$t/manifest.json)"
	done
}

@test "pipeline: rejects by run: what each run rejected, each file's once" {
	bank a -S 1 --dirt 0.05
	bank b -S 2 --dirt 0.05
	for x in a b; do
		sh "$P/run.sh" -d none $x lake >/dev/null
		run=$(run_of lake transactions)
		same "$run" "$(cat lake/runs/last)"
		sh "$P/run.sh" -d none $x fresh-$x >/dev/null
		diff -u <(rejects fresh-$x transactions) <(rejects lake transactions)
		acct-read -w "run = '$run'" lake/silver/_rejects/transactions | acct-cat -f raw >$x.csv
		acct-read fresh-$x/silver/_rejects/transactions | acct-cat -f raw | cmp - $x.csv
		same "$(head -n 1 $x/transactions.csv)" "$(head -n 1 $x.csv)"
		same "1" "$(acct-read -w "run = '$run'" -c file lake/silver/_rejects/transactions | acct-balance -k file 'n=count()' | acct-cat | sed 1d | wc -l)"
	done
	rows=$(acct-read -c run lake/silver/_rejects/transactions | acct-cat | wc -l)
	# Silver is lost and made again of the same file: its rejects are there.
	rm -r lake/silver/transactions
	sh "$P/run.sh" -d none b lake >/dev/null
	same "$rows" "$(acct-read -c run lake/silver/_rejects/transactions | acct-cat | wc -l)"
	python3 "$ROOT/tests/oracle.py" b --check lake
	# Rejects have the schema's order, whatever that of their file.
	cp -r b c
	sed -i '1s/.*/transaction_id,account_id,transaction_date,transaction_type,transaction_amount/' c/transactions.csv
	awk -F, -v OFS=, 'NR > 1 && NF == 5 { t = $4; $4 = $5; $5 = t } { print }' b/transactions.csv >c/t && sed -n '2,$p' c/t >>c/transactions.csv
	sed -i '2,'"$(grep -c '' b/transactions.csv)"'d' c/transactions.csv
	sh "$P/run.sh" -d none c lake >/dev/null
	acct-read lake/silver/_rejects/transactions | acct-cat -f raw >all.csv
	same "$(head -n 1 a/transactions.csv)" "$(head -n 1 all.csv)"
}

@test "pipeline: rejects that are not UTF-8 come back to the byte" {
	cp -r "$P/sample" bank
	printf '9001,7,Gi\377ro,1.00\n9002,8,\357\236\200\376,x\n' >bad
	printf 'account_id,customer_id,account_type,balance\n' | cat - bad >bank/accounts.csv
	sh "$P/run.sh" -d none --accept accounts bank lake >/dev/null
	acct-read lake/silver/_rejects/accounts | acct-cat -f raw | cmp - bank/accounts.csv
}

@test "pipeline: tables whose file and schema are the same get no new version" {
	bank a
	cp -r a b
	bank other -S 2
	cp other/customers.csv b/
	sh "$P/run.sh" -d none a lake >/dev/null
	sh "$P/run.sh" -d none b lake >/dev/null
	same "gold/customer_balance 1
silver/customers 1" "$(versions lake | grep -v ' 0$' | sort)"
	python3 "$ROOT/tests/oracle.py" b --check lake
	# Another schema: its table and what comes of it.
	cp -r "$P/bank" job
	sed -i 's/^name: loans/&\nnulls: [none]/' job/sources/loans.yaml
	export ACCT_JOB=$T/job
	sh "$P/run.sh" -d none b lake >/dev/null
	same "gold/customer_balance 1
gold/customer_loans 1
silver/customers 1
silver/loans 1" "$(versions lake | grep -v ' 0$' | sort)"
}

@test "pipeline: rows altered by others are put right, files rearranged by others are left alone" {
	sh "$P/run.sh" -d none "$P/sample" lake
	contents lake >before
	whole lake/silver/loans | acct-select -w 'loan_id <> 3' | acct-write -m overwrite lake/silver/loans
	acct-read lake/gold/customer_loans | acct-write lake/gold/customer_loans
	run -0 --separate-stderr sh "$P/run.sh" -d none "$P/sample" lake
	[[ $output != "nothing to do"* ]]
	contents lake | diff -u before -
	acct-optimize lake/silver/transactions
	acct-vacuum lake/silver/transactions
	run -0 --separate-stderr sh "$P/run.sh" -d none "$P/sample" lake
	[[ $output == "nothing to do: "* ]]
	rm lake/gold/_export/customer_loans/*.parquet
	run -0 --separate-stderr sh "$P/run.sh" -d none "$P/sample" lake
	[[ $output != "nothing to do"* ]]
	contents lake | diff -u before -
	same "1" "$(acct-log --state --json lake/gold/customer_balance | jq '.version + 1')"
}

@test "pipeline: another schema's columns take the place of the old" {
	sh "$P/run.sh" -d none "$P/sample" lake
	cp -r "$P/bank" job
	export ACCT_JOB=$T/job
	sed -i 's/decimal(9,4)/decimal(12,6)/' job/sources/loans.yaml
	sh "$P/run.sh" -d none "$P/sample" lake >/dev/null
	[[ $(acct-read lake/silver/loans | head -n 1) == *"interest_rate:decimal%2812%2C6%29"* || $(acct-read lake/silver/loans | head -n 1) == *"interest_rate:decimal(12,6)"* ]]
	[[ $(acct-read --at 0 lake/silver/loans | head -n 1) == *9*4* ]]
}

@test "pipeline: a failure while a run takes effect: 73, and the next run carries it through" {
	bank a
	bank b -S 2
	sh "$P/run.sh" -d none a lake
	sh "$P/run.sh" -d none b lake-b
	contents lake-b >contents-b
	fake acct-lake '[ "$1" != commit ] || { rm "$ACCT_LAKE/runs/current" && mkdir "$ACCT_LAKE/runs/current"; }; exec "$REAL/acct-lake" "$@"'
	ACCT_BIN=$T/fakes run -73 --separate-stderr sh "$P/run.sh" -d none b lake
	[[ $stderr == *"acct-lake: $T/lake/runs/current: Is a directory"* ]]
	rmdir lake/runs/current
	run -0 --separate-stderr sh "$P/run.sh" -d none b lake
	[[ $output == "nothing to do: "* ]]
	[[ $stderr == "acct-lake: run "*" was cut off while it took effect; carried through" ]]
	contents lake | diff -u contents-b -
}

@test "pipeline: a signal ends the run and all it has started" {
	bankgen -n 20000 bank
	for sig in TERM HUP; do
		setsid sh "$P/run.sh" -d none bank lake >out 2>&1 3>&- &
		pid=$!
		for _ in $(seq 100); do [ -e lake/runs ] && break; sleep 0.02; done
		kill -s "$sig" "$pid"
		status=0
		wait "$pid" || status=$?
		case $sig in TERM) [ "$status" -eq 143 ] ;; HUP) [ "$status" -eq 129 ] ;; esac
		acct-lake recover --wait lake
		[ ! -e lake/silver ]
		same "" "$(find lake/runs 2>/dev/null)"
	done
}

@test "pipeline: a full disk: 73 or 74, and the lake is as it was" {
	[ "$(id -u)" -eq 0 ] || skip "SKIPPED: only root may mount"
	mkdir small
	for size in 200 260 320 380; do
		mount -t tmpfs -o "size=${size}k" tmpfs small 2>/dev/null || skip "SKIPPED: no file system can be mounted here"
		status=0
		sh "$P/run.sh" -d none "$P/sample" small/lake >/dev/null 2>&1 || status=$?
		ls small/lake >left 2>/dev/null
		! acct-lake status small/lake | grep -q ^pending || : >left	# it takes effect when there is room
		umount small
		[ "$status" -eq 74 ] || [ "$status" -eq 73 ]
		run ! grep -e silver -e gold left
	done
}

# ---- the rest ----

@test "pipeline: installed scripts use the installed programs; one job at a time gives the same" {
	(unset ACCT_BIN && make -s -C "$ROOT" BUILD="${BUILD#"$ROOT/"}" DESTDIR="$T/a root" PREFIX=/b install >&2)
	mv "a root/b" "c d"
	(unset ACCT_BIN && PATH=/usr/bin:/bin sh "c d/share/acct/run.sh" -d none "$P/sample" lake1)
	(unset ACCT_BIN && PATH="$T/c d/bin:/usr/bin:/bin" run -0 acct-run -d none "$P/sample" lake1 && [[ $output == "nothing to do: "* ]])
	(unset ACCT_BIN && PATH="$T/c d/bin:/usr/bin:/bin" run -66 --separate-stderr acct-run -d none nowhere lake1 &&
		same "acct-run: nowhere: no such directory" "$stderr")
	(unset ACCT_BIN && PATH="$T/c d/bin:/usr/bin:/bin" run -0 acct-run -h && [[ $output == "usage: acct-run [--wait] "* ]])
	mkdir -p share/acct
	cp -r "$P"/*.sh "$P/bank" share/acct/
	(unset ACCT_BIN && run -0 sh share/acct/run.sh -d none "$P/sample" lake1 && [[ $output == "nothing to do: "* ]])
	ACCT_JOBS=1 sh "$P/run.sh" -d none "$P/sample" lake2
	diff -u <(contents lake1) <(contents lake2)
	(unset ACCT_BIN && PATH=/usr/bin:/bin run -69 --separate-stderr sh share/acct/run.sh -d none "$P/sample" lake3 &&
		[[ $stderr == "run.sh: acct-lake: not found; "* ]])
	make -s -C "$ROOT" BUILD="${BUILD#"$ROOT/"}" PREFIX="$T/c d" uninstall
	same "" "$(find "c d" ! -type d)"
}

@test "pipeline: the scripts are clean to shellcheck" {
	command -v shellcheck >/dev/null || skip "SKIPPED: shellcheck is not there"
	cd "$ROOT"
	shellcheck pipelines/*.sh pipelines/bank/gold/*.sh tests/*.sh
}

@test "pipeline: the demonstration shows gold" {
	command -v dpkg-query >/dev/null || skip "SKIPPED: not a Debian system"
	run -0 --separate-stderr sh "$P/demo.sh" "$P/sample" lake
	[[ $output == *"checks close"* ]]
	[[ $output == *"customer_balance, the first rows of"* ]]
	same "40" "$(sql lake/gold/gold.db 'SELECT count(*) FROM customer_balance WHERE customer_id <= 40')"
}
