load helper

# Whole runs on days that are not like others: limits, damaged and compressed files, everything made again, who may read.

P=$ROOT/pipelines
export ACCT_BIN=$BUILD/bin

# state LAKE: every file of silver, gold and bronze, with its contents; what a run that stops must leave alone.
state() {
	(cd "$1" && find bronze silver gold -type f | LC_ALL=C sort | xargs sha256sum && ls runs)
}

# stops STATUS ARGUMENT...: run.sh ends so, and the lake is as it was.
stops() {
	state lake >before
	run "-$1" --separate-stderr sh "$P/run.sh" "${@:2}"
	[ -z "$output" ]
	state lake | diff -u before -
}

sample() {
	cp -r "$P/sample" bank
	chmod -R u+w bank
	sh "$P/run.sh" bank lake >/dev/null
}

# rows LAKE/TABLE
rows() {
	acct-read "$1" | acct-cat
}

# rot FILE: another digit in an amount, at the same length.
rot() {
	chmod u+w "$1"
	python3 - "$1" <<-'END'
	import re, sys
	data = bytearray(open(sys.argv[1], "rb").read())
	at = [m.start() for m in re.finditer(rb"[1-8]\.\d\d", data)][5]
	data[at] += 1
	open(sys.argv[1], "wb").write(data)
	END
}

# ---- limits ----

@test "runs: a file without rows and one whose rows are all rejected stop the run, until they are accepted" {
	sample
	sed -i -E '2,$s#([0-9]{4})-([0-9]{2})-([0-9]{2})#\3/\2/\1#' bank/transactions.csv
	sed -i '2,$d' bank/accounts.csv
	stops 1 bank lake
	same "run.sh: limits are passed, so nothing takes effect; --accept accounts,transactions lets that through:
acct-clean: accounts: rows: 0, fewer than 1
acct-clean: transactions: rows: 0, fewer than 1
acct-clean: transactions: rejected: 814 of 814 rows, more than 50%" "$stderr"
	stops 1 --accept accounts bank lake
	same "run.sh: limits are passed, so nothing takes effect; --accept transactions lets that through:" "${stderr_lines[-3]}"
	run -0 --separate-stderr sh "$P/run.sh" --accept accounts,transactions bank lake
	[[ $output == *"accepted beyond a limit"*"  accounts      rows: 0, fewer than 1"*"  transactions  rejected: 814 of 814 rows, more than 50%"* ]]
	same '["rows: 0, fewer than 1"] [] ["rows: 0, fewer than 1","rejected: 814 of 814 rows, more than 50%"]' \
		"$(jq -cr '.tables | "\(.accounts.accepted) \(.loans.accepted) \(.transactions.accepted)"' $(last lake)/summary.json)"
	same "38 0.00" "$(acct-read lake/gold/customer_balance | acct-balance 'n=count()' 's=sum(total_balance)' | acct-cat -f csv | sed '1d; s/,/ /')"
	# What was accepted is when it is made again of the same file; another day's empty file is not.
	rm lake/silver/transactions/*.parquet lake/silver/transactions/_delta_log/*
	run -0 sh "$P/run.sh" bank lake
	echo >>bank/accounts.csv
	stops 1 bank lake
	[[ $stderr == *"acct-clean: accounts: rows: 0, fewer than 1" ]]
}

@test "runs: a first run has no last one, but its share of rejected rows" {
	cp -r "$P/sample" bank
	chmod -R u+w bank
	sed -i '2,$d' bank/loans.csv
	sh "$P/run.sh" -d none bank lake
	sed -i '2,$s/^/x/' bank/customers.csv
	run -1 --separate-stderr sh "$P/run.sh" -d none bank fresh
	[[ $stderr == *"acct-clean: customers: rejected: 41 of 41 rows, more than 50%" ]]
	same "" "$(find fresh -mindepth 1 )"
}

@test "runs: limits of change compare with the last run that took effect" {
	cp -r "$P/bank" job
	export ACCT_JOB=$T/job
	echo 'expect: {rows_change: 10%, sum_change: {balance: 10%}}' >>job/sources/accounts.yaml
	sample
	cp bank/accounts.csv whole.csv
	old=$(acct-balance 's=sum(balance)' < <(acct-read lake/silver/accounts) | acct-cat | sed 1d)
	sed -i '$d' bank/accounts.csv
	sh "$P/run.sh" bank lake >/dev/null
	for _ in 1 2; do	# a run that stopped is not the last one
		head -n 40 whole.csv >bank/accounts.csv
		stops 1 bank lake
		[[ $stderr == *"acct-clean: accounts: rows_change: from 57 to "*" rows, more than 10%"* ]]
	done
	sed 's/\(,[0-9]*\)\.\([0-9][0-9]\)\(\r*\)$/\10.\2\3/' whole.csv >bank/accounts.csv
	stops 1 bank lake
	[[ ${stderr_lines[-1]} == "acct-clean: accounts: sum_change: balance: from "*" to "*", more than 10%" ]]
	head -n 40 whole.csv >bank/accounts.csv
	sh "$P/run.sh" --accept accounts -d none bank lake >/dev/null
	cp whole.csv bank/accounts.csv
	stops 1 bank lake
	[[ $stderr == *"acct-clean: accounts: rows_change: from "*" to 58 rows, more than 10%"* ]]
	[ -n "$old" ]
}

@test "runs: --accept: unknown tables" {
	sample
	for list in nonesuch accounts,nonesuch ''; do
		run -64 --separate-stderr sh "$P/run.sh" --accept "$list" bank lake
		[[ $stderr == *"usage: run.sh "* ]]
	done
	run -64 --separate-stderr sh "$P/run.sh" --accept accounts,nonesuch bank lake
	same "run.sh: --accept: no such table: 'nonesuch'; tables are: accounts, customers, loan_payments, loans, transactions" "${stderr_lines[0]}"
	run -64 --separate-stderr sh "$P/load.sh" --accept accounts lake
	run -64 --separate-stderr sh "$P/run.sh" lake
}

# ---- lines ----

@test "runs: rows that span lines and open quotes are reported where the schema does not say multiline" {
	cp -r "$P/bank" job
	sed -i '/^multiline/d' job/sources/customers.yaml job/sources/loans.yaml
	export ACCT_JOB=$T/job
	cp -r "$P/sample" bank
	chmod -R u+w bank
	printf '900,Ann,"Mc\nDonald",1 Road,Town,ON,A\n901,Bob,"x" y,1 Road,Town,ON,A\n902,Bob,"x"y,1 Road,"Town,ON,A' >>bank/customers.csv
	run -0 --separate-stderr sh "$P/run.sh" -d none bank lake
	lines=$(grep -c '' bank/customers.csv)
	[[ $output == *"doubtful, as the schema does not say whether fields span lines (multiline)"* ]]
	grep -qE "^  customers +rows that span lines +1 +the first in line $((lines - 3))\$" <<<"$output"
	grep -qE "^  customers +rejects that leave a quote open +1 +the first in line $lines\$" <<<"$output"
	same "{\"spanning\":{\"rows\":1,\"first\":$((lines - 3))},\"open_quotes\":{\"rejects\":1,\"first\":$lines}}" \
		"$(jq -c .doubts.customers $(last lake)/summary.json)"
	same "customers loans" "$(jq -r '.doubts | keys | join(" ")' $(last lake)/summary.json)"
	# Every line of the file is accounted for, the unfinished last one too.
	jq -e --arg n "$lines" '.reconciliation.checks[] | select(.check | startswith("customers: lines of the file")) | .left == $n and .closes' \
		"$(last lake)/summary.json"
	run -0 sh "$P/run.sh" -d none "$P/sample" other
	[[ $output != *doubtful* ]]
}

@test "runs: a line that the reader passes over is missing in the reconciliation" {
	mkdir fakes && for f in "$BUILD"/bin/*; do ln -s "$f" fakes/; done
	rm fakes/acct-ingest
	# The reader is given a file that lacks a line which bronze has.
	cat >fakes/acct-ingest <<-END
	#!/bin/sh
	case \$* in
	*-loans.csv) sed 5d "\$6" | exec "$BUILD/bin/acct-ingest" "\$1" "\$2" "\$4" "\$5" ;;
	*) exec "$BUILD/bin/acct-ingest" "\$@" ;;
	esac
	END
	chmod +x fakes/acct-ingest
	ACCT_BIN=$T/fakes run -1 --separate-stderr sh "$P/run.sh" -d none "$P/sample" lake
	[[ $stderr == *"loans: lines of the file = names + clean + rejected + blank"*"DOES NOT CLOSE"* ]]
}

# ---- the plan ----

@test "runs: --dry-run tells what would be made and why, and changes nothing" {
	sample
	echo '990,1,Savings,1.00' >>bank/accounts.csv
	state lake >before
	run -0 --separate-stderr sh "$P/run.sh" -d none --dry-run bank lake
	same "$(printf '%s\t%s\t%s\n' bronze accounts 'grown: accounts.csv' silver accounts 'the file has grown' \
		gold customer_balance 'made of accounts')" "$output"
	same '' "$stderr"
	state lake | diff -u before -
	sh "$P/run.sh" -d none bank lake >/dev/null
	run -0 sh "$P/run.sh" -d none --dry-run bank lake
	[[ $output == 'nothing to do: '* ]]
}

@test "runs: --only makes a table, what it is made of and what is made of it, and leaves the others" {
	sample
	version() {
		acct-log --state --json "lake/$1" | jq .version
	}
	at=$(for t in silver/{customers,loans} gold/{customer_loans,account_transactions}; do version $t; done)
	echo '990,1,Savings,1.00' >>bank/accounts.csv
	echo '990,1,100.00,5.0,12' >>bank/loans.csv
	sh "$P/run.sh" -d none --only customer_balance bank lake >/dev/null
	same 1 "$(rows lake/silver/accounts | grep -c '^990,')"
	same 0 "$(rows lake/silver/loans | grep -c '^990,' || :)"
	same "$at" "$(for t in silver/{customers,loans} gold/{customer_loans,account_transactions}; do version $t; done)"
	sh "$P/run.sh" -d none bank lake >/dev/null			# the others' files are not lost
	same 1 "$(rows lake/silver/loans | grep -c '^990,')"
	stops 64 --only customer_balances bank lake
	[[ $stderr == *"--only: no such table: 'customer_balances'"*"'customer_balance'"* ]]
}

@test "runs: a check that dies is no check: the run stops" {
	sample
	mkdir bin
	ln -s "$BUILD"/bin/* bin
	rm bin/acct-check
	printf '#!/bin/sh\nexit 74\n' >bin/acct-check
	chmod +x bin/acct-check
	ACCT_BIN=$T/bin stops 74 bank lake
	same 'run.sh: acct-check: ended with 74; the lake is as it was' "$stderr"
}

# ---- bronze ----

@test "runs: a damaged file of bronze is refused by name, and the lake stays" {
	sample
	rows lake/silver/transactions >good
	file=$(echo lake/bronze/transactions/*.csv)
	cp "$file" copy
	rot "$file"
	cp -r "$P/bank" job
	echo '# another text' >>job/sources/transactions.yaml
	export ACCT_JOB=$T/job
	stops 65 bank lake
	[[ $stderr == *"run.sh: $T/$file: damaged: its SHA-256 is $(sha256sum <"$file" | cut -c 1-64), and was $(sha256sum <copy | cut -c 1-64); "* ]]
	stops 65 --rebuild lake
	[[ $stderr == *"$T/$file: damaged: "* ]]
	# The message is the same where the damage keeps the file from being read.
	printf '"' | dd of="$file" bs=1 seek=70 conv=notrunc status=none
	stops 65 bank lake
	[[ ${stderr_lines[-1]} == "run.sh: $T/$file: damaged: "* ]]
	# Removed, it is taken from the back end again.
	rm -f "$file"
	sh "$P/run.sh" bank lake >/dev/null
	cmp copy "$file"
	rows lake/silver/transactions | diff good -
}

@test "runs: compressed files: kept as they came, read as their text" {
	need_zstd
	sample
	mkdir packed
	cp bank/*.csv packed/
	gzip packed/accounts.csv packed/customers.csv
	zstd -q --rm packed/transactions.csv
	sh "$P/run.sh" packed lake2 >/dev/null
	for t in accounts customers loans transactions; do
		diff <(rows lake/silver/$t) <(rows lake2/silver/$t)
	done
	for f in accounts.csv.gz customers.csv.gz transactions.csv.zst loans.csv; do
		sum=$(sha256sum <"packed/$f")
		cmp "packed/$f" "lake2/bronze/${f%%.*}/${sum:0:16}-$f"
	done
	run -0 sh "$P/run.sh" packed lake2
	[[ $output == "nothing to do: "* ]]
	sh "$P/run.sh" --rebuild -d none lake2 >/dev/null
	diff <(rows lake/gold/customer_balance) <(rows lake2/gold/customer_balance)
	# The same text by another name is another delivery, with the same rows.
	gunzip packed/accounts.csv.gz
	sh "$P/run.sh" packed lake2 >/dev/null
	diff <(rows lake/silver/accounts) <(rows lake2/silver/accounts)
	gzip -k packed/accounts.csv
	run -65 --separate-stderr sh "$P/run.sh" packed lake2
	same "acct-ledger: $T/packed: two files for one table: accounts.csv and accounts.csv.gz" "$stderr"
	rm packed/accounts.csv
	head -c 300 packed/accounts.csv.gz >cut && mv cut packed/accounts.csv.gz
	run -65 --separate-stderr sh "$P/run.sh" packed lake2
	[[ ${stderr_lines[-1]} == "acct-ingest: accounts/"*"-accounts.csv.gz: "* ]]
}

need_zstd() {
	command -v zstd >/dev/null || skip "SKIPPED: zstd is not there"
}

@test "runs: --rebuild makes silver and gold again of bronze, as new versions" {
	sample
	for t in silver/accounts silver/_rejects/accounts gold/customer_balance; do rows lake/$t >"$(basename $(dirname $t))-$(basename $t)"; done
	run=$(cat lake/runs/last)
	mv bank gone
	run -0 sh "$P/run.sh" --rebuild lake
	[[ $output == *"28 of 28 checks close"* ]]
	[ "$(cat lake/runs/last)" != "$run" ]
	for t in silver/customers silver/accounts silver/loans silver/loan_payments silver/transactions gold/customer_balance gold/customer_loans \
		gold/account_transactions; do
		same "1" "$(acct-log --state --json lake/$t | jq .version)"
	done
	for t in silver/accounts silver/_rejects/accounts gold/customer_balance; do rows lake/$t | diff "$(basename $(dirname $t))-$(basename $t)" -; done
	mv gone bank
	run -0 sh "$P/run.sh" bank lake
	[[ $output == "nothing to do: "* ]]
	run -0 sh "$P/run.sh" --rebuild bank lake
	same "2" "$(acct-log --state --json lake/silver/loans | jq .version)"
	mkdir empty
	run -66 --separate-stderr sh "$P/run.sh" --rebuild empty
	[[ $stderr == *"$T/empty/bronze/_ledger: no delivery of accounts; run.sh takes the files over" ]]
}

# ---- damage ----

# mends COMMAND WHAT...: after COMMAND, the next run names WHAT and makes it as it was; the one after has nothing to do.
mends() {
	rm -rf lake
	cp -a whole lake
	"$1"
	run -0 --separate-stderr sh "$P/run.sh" -d none bank lake
	for what in "${@:2}"; do
		grep -q "^run.sh: damaged, and made again:.* $what" <<<"$stderr" || { echo "$what: $stderr" >&2; return 1; }
	done
	tables lake | diff tables -
	acct-check lake
	run -0 --separate-stderr sh "$P/run.sh" -d none bank lake
	[[ $output == "nothing to do: "* && -z $stderr ]]
}

tables() {
	for t in silver/{customers,accounts,loans,loan_payments,transactions} gold/{,_export/}{customer_balance,customer_loans,account_transactions}; do
		echo "$t"
		rows "$1/$t"
	done
	for t in customers accounts loans loan_payments transactions; do
		acct-read -w "run = '$(run_of "$1" "$t")'" -c _line,reason,raw "$1/silver/_rejects/$t" | acct-cat
	done
}

# flip PATTERN PLACE: one bit of the byte there, of the file that the pattern means.
flip() {
	# shellcheck disable=SC2086
	set -- $1 "$2"
	chmod u+w "$1"
	python3 -c 'import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[2])] ^= 4
open(sys.argv[1], "wb").write(data)' "$@"
}

@test "runs: counts of an earlier build ask for --rebuild" {
	sample
	for t in loans accounts; do
		jq -c 'del(.clean_lines)' lake/runs/made/$t/clean.json >old && cp old lake/runs/made/$t/clean.json
	done
	run -78 --separate-stderr sh "$P/reconcile.sh" lake
	same "acct-reconcile: $PWD/lake: made by an earlier build, which did not count the lines of accounts,loans; run.sh --rebuild makes silver and gold again of the files in bronze" \
		"$stderr"
	sed -i '$d' bank/transactions.csv
	stops 78 bank lake
	[[ "$stderr" == *"run.sh --rebuild makes silver and gold again of the files in bronze" ]]
	sh "$P/run.sh" --rebuild lake >/dev/null
	sh "$P/reconcile.sh" lake | grep -q 'checks close'
	sh "$P/run.sh" bank lake >/dev/null
}

@test "runs: damaged tables, logs, exports and marks are made again of bronze" {
	cp -r "$P/sample" bank
	sh "$P/run.sh" -d none bank whole >/dev/null
	tables whole >tables
	first=_delta_log/00000000000000000000.json
	pages() {
		flip 'lake/silver/loans/part-*.parquet' 60
		flip 'lake/silver/_rejects/accounts/part-*.parquet' 60
		flip 'lake/gold/customer_loans/part-*.parquet' 60
		flip 'lake/gold/_export/customer_loans/part-*.parquet' 60
	}
	mends pages silver/loans silver/_rejects/accounts gold/customer_loans gold/_export/customer_loans
	footers_and_logs() {
		flip 'lake/silver/transactions/part-*.parquet' -60
		flip lake/silver/accounts/$first 200
		flip lake/gold/customer_balance/$first -20
		flip lake/silver/_rejects/transactions/$first 100
		rm lake/gold/_export/customer_loans/manifest.json
		flip lake/bronze/_ledger/$first 200
	}
	mends footers_and_logs silver/transactions silver/accounts gold/customer_balance silver/_rejects/transactions gold/_export/customer_loans \
		bronze/_ledger
	cp whole/gold/_export/customer_loans/part-*.parquet copy
	lost_or_short() {
		rm -f lake/gold/_export/customer_loans/part-*.parquet lake/bronze/loans/*.csv
		head -c 300 copy >lake/gold/_export/customer_loans/part-0.parquet
	}
	mends lost_or_short gold/_export/customer_loans
	cmp bank/loans.csv lake/bronze/loans/*.csv
}

@test "runs: a run that fails puts back the table whose log is damaged" {
	cp -r "$P/sample" bank
	sh "$P/run.sh" -d none bank lake >/dev/null
	flip lake/silver/accounts/_delta_log/00000000000000000000.json 200
	find lake/silver/accounts -type f | sort | xargs sha256sum >before
	mkdir fakes && for f in "$BUILD"/bin/*; do ln -s "$f" fakes/; done
	rm fakes/acct-reconcile
	printf '#!/bin/sh\nexit 71\n' >fakes/acct-reconcile && chmod +x fakes/acct-reconcile
	ACCT_BIN=$T/fakes run -71 sh "$P/run.sh" -d none bank lake
	find lake/silver/accounts -type f | sort | xargs sha256sum | diff before -
	printf '#!/bin/sh\nkill -9 0\n' >fakes/acct-reconcile
	ACCT_BIN=$T/fakes setsid -w sh "$P/run.sh" -d none bank lake >/dev/null 2>&1 3>&- && false
	sh "$P/run.sh" --wait -d none bank lake
	acct-check lake
	same "0" "$(acct-log --state --json lake/silver/accounts | jq .version)"
}

# ---- who may read ----

@test "runs: a lake is for its owner and group, and for fewer where the back end is" {
	cp -r "$P/sample" bank
	chmod -R u+w,go=rX bank
	(umask 000 && sh "$P/run.sh" bank lake >/dev/null)
	same "" "$(find lake -perm /027 ! -type l)"
	[ -n "$(find lake -perm -040 -name '*.parquet')" ]
	chmod o-r,g-r bank/loans.csv
	(umask 000 && sh "$P/run.sh" bank private >/dev/null)
	same "" "$(find private -perm /077 ! -type l)"
	# Its steps keep to that.
	(umask 000 && sh "$P/run.sh" --rebuild private >/dev/null && sh "$P/load.sh" private)
	same "" "$(find private -perm /077 ! -type l)"
}

# ---- killed ----

@test "runs: killed at any instant: the next gives the same gold, and no file stays that no version names" {
	unsanitized "of the scripts; the programs are those of the other tests"
	seed=${ACCT_SEED:-$(date +%s)}
	echo "# seed $seed" >&3
	bankgen -n "${ACCT_KILL_BANK:-4000}" -S 1 --dirt 0.01 a
	bankgen -n "${ACCT_KILL_BANK:-4000}" -S 2 --dirt 0.01 b
	run -0 python3 "$ROOT/tests/kills.py" "$P/run.sh" a b "${ACCT_KILLS:-4}" "$seed"
	echo "# $output" >&3
}
