load helper

# What the warehouse is left with: marks, rows that gold no longer has, rows of others, columns that are new, refusals before anything takes effect.

P=$ROOT/pipelines
export ACCT_BIN=$BUILD/bin

setup_file() { postgres_start; }
teardown_file() { postgres_stop; }

# A bank of clean files: customers 1 to 12, of whom each has two accounts, every second a loan.
prepare() {
	db=lake/gold/gold.db
	mkdir bank
	seq 12 | awk -v OFS=, 'BEGIN { print "customer_id,first_name,last_name,address,city,state,zip" }
		{ print $1, "F" $1, "O\047L" $1, "\"a, " $1 "\"", "c", "", "0" $1 }' >bank/customers.csv
	seq 24 | awk -v OFS=, 'BEGIN { print "account_id,customer_id,account_type,balance" } { print $1, int(($1 + 1) / 2), "x", $1 ".05" }' >bank/accounts.csv
	seq 6 | awk -v OFS=, 'BEGIN { print "loan_id,customer_id,loan_amount,interest_rate,loan_term" } { print $1, 2 * $1, $1 "00.00", "1.5", 12 }' >bank/loans.csv
	seq 6 | awk -v OFS=, 'BEGIN { print "payment_id,loan_id,payment_date,payment_amount" } { print $1, $1, "2024-01-31", $1 ".10" }' >bank/loan_payments.csv
	seq 30 | awk -v OFS=, 'BEGIN { print "transaction_id,account_id,transaction_date,transaction_amount,transaction_type" }
		{ print $1, $1 % 7 + 1, "2024-02-01", $1 ".00", $1 % 3 ? "Deposit" : "Withdrawal" }' >bank/transactions.csv
}

# without CUSTOMER: the bank loses its row and its accounts, so that gold loses a key.
without() {
	awk -F , -v c="$1" 'NR == 1 || $2 != c' bank/accounts.csv >a && mv a bank/accounts.csv
	awk -F , -v c="$1" 'NR == 1 || $1 != c' bank/customers.csv >a && mv a bank/customers.csv
}

# keys: those of customer_balance as the files of the bank have them.
keys() {
	{ sed 1d bank/customers.csv | cut -d , -f 1; sed 1d bank/accounts.csv | cut -d , -f 2; } | sort -nu
}

# in_db QUERY, in SQLite or, where PGDATABASE is set, PostgreSQL
in_db() {
	if [ -n "${PGDATABASE:-}" ]; then psql -XqAt -c "$1"; else sqlite3 -batch -init /dev/null "$db" "$1"; fi
}

run_bank() {
	sh "$P/run.sh" -d "$([ -n "${PGDATABASE:-}" ] && echo postgres || echo sqlite)" "$@" bank lake
}

marks() {
	in_db 'SELECT table_name, lake, version, row_count, checksum FROM acct_load ORDER BY table_name'
}

# marks_of_lake: what the marks must be, from the lake itself.
marks_of_lake() {
	for t in account_transactions customer_balance customer_loans; do
		echo "$t|$(acct-log --state --json lake/gold/$t | jq -r '"\(.id)|\(.version)|\(.rows)"')|$(acct-read lake/gold/$t | tail -n 1 | cut -d ' ' -f 3)"
	done
}

# same_as_gold: the rows of the warehouse are those of gold. No text of this bank has a tab or a backslash.
same_as_gold() {
	for t in account_transactions customer_balance customer_loans; do
		acct-read lake/gold/$t | acct-cat -f tsv | sed '1d; s/\\N//g' | sort >expected
		if [ -n "${PGDATABASE:-}" ]; then psql -XqAt -F $'\t' -c "SELECT * FROM $t"; else sqlite3 -batch -init /dev/null -tabs $db "SELECT * FROM $t"; fi |
			sort | diff -u expected -
	done
}

life_of_a_warehouse() {
	run_bank
	same "$(marks_of_lake)" "$(marks)"
	same "$(cat lake/runs/last)" "$(in_db 'SELECT DISTINCT run_id FROM acct_load')"
	same_as_gold
	[ -z "$(find lake/runs -name 'loaded-*')" ]
	[[ "$(run_bank)" == 'nothing to do: '* ]]
	# A row of somebody else's, which no load touches.
	in_db "INSERT INTO customer_balance (customer_id, last_name, account_count, total_balance) VALUES (999999, 'Other', 1, '1.00')" >out
	gone=$(keys | sed -n 5p)
	without "$gone"
	run -0 --separate-stderr run_bank
	[[ $stderr == *"customer_balance: 1 rows of the target are not of gold"* ]]
	same "$(keys; echo 999999)" "$(in_db 'SELECT customer_id FROM customer_balance ORDER BY 1')"
	same "$(marks_of_lake)" "$(marks)"
	run_bank --delete-absent
	same_as_gold
	# Emptied, with and without its marks.
	in_db 'DELETE FROM account_transactions' >out
	in_db 'DROP TABLE customer_loans' >out
	[[ "$(run_bank)" == *'only the merge into '* ]]
	same_as_gold
	in_db 'DELETE FROM acct_load' >out
	run -78 --separate-stderr run_bank
	[[ $stderr == *"acct-merge-sql: account_transactions: $(in_db 'SELECT count(*) FROM account_transactions') rows are there and no load of this lake is marked: --adopt keeps them, --delete-absent deletes them"* ]]
	run_bank --adopt
	same "$(marks_of_lake)" "$(marks)"
	[[ "$(run_bank)" == 'nothing to do: '* ]]
}

@test "load: sqlite: the warehouse has what gold has, and what others put there" {
	life_of_a_warehouse
}

@test "load: postgres: the warehouse has what gold has, and what others put there" {
	postgres
	life_of_a_warehouse
}

@test "load: a database of before, restored, is brought up to date" {
	run_bank
	cp $db old.db
	without "$(keys | sed -n 3p)"
	run_bank
	cp old.db $db
	[[ "$(run_bank)" == *'only the merge into sqlite was missing'* ]]
	same_as_gold
	same "$(marks_of_lake)" "$(marks)"
}

@test "load: another database gets its own load" {
	postgres
	run_bank
	psql -X -q -c "CREATE DATABASE second"
	PGDATABASE=second
	[[ "$(run_bank)" == *'only the merge into postgres was missing'* ]]
	same_as_gold
	[[ "$(run_bank)" == 'nothing to do: '* ]]
}

@test "load: a table with rows and no mark stops a run before it takes effect" {
	postgres
	psql -Xqc 'CREATE TABLE customer_balance (customer_id bigint PRIMARY KEY, total_balance numeric(28,2))' \
	    -c "INSERT INTO customer_balance VALUES (7, 1), (999999, 2)"
	run -78 --separate-stderr run_bank
	[[ $stderr == *"acct-merge-sql: customer_balance: 2 rows are there and no load of this lake is marked"* ]]
	[ ! -e lake/gold/customer_balance ] && [ ! -e lake/runs/last ]
	run -0 --separate-stderr run_bank --adopt
	same "$(keys; echo 999999)" "$(in_db 'SELECT customer_id FROM customer_balance ORDER BY 1')"
	# What was adopted stays, except what gold had and has no more.
	without 7
	run_bank
	same "$(keys; echo 999999)" "$(in_db 'SELECT customer_id FROM customer_balance ORDER BY 1')"
}

@test "load: types, rights and names that would not do stop a run before it takes effect" {
	postgres
	run_bank
	before=$(cd lake && find silver gold -type f | sort)
	without "$(keys | sed -n 3p)"
	psql -Xqc 'ALTER TABLE customer_loans ALTER outstanding TYPE double precision'
	run -78 --separate-stderr run_bank
	[[ $stderr == *"acct-merge-sql: customer_loans: column outstanding is double precision, which does not hold every value of \"outstanding\" numeric(28,2)"* ]]
	psql -Xqc 'ALTER TABLE customer_loans ALTER outstanding TYPE numeric(28,2)' -c 'ALTER TABLE customer_loans ADD teller text NOT NULL DEFAULT 1' \
	    -c 'ALTER TABLE customer_loans ALTER teller DROP DEFAULT'
	run -78 --separate-stderr run_bank
	[[ $stderr == *"customer_loans: column teller takes no null, has no default and is not in the stream"* ]]
	psql -Xqc 'ALTER TABLE customer_loans DROP teller' -c "CREATE ROLE clerk$BATS_TEST_NUMBER LOGIN" \
	    -c "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO clerk$BATS_TEST_NUMBER"
	PGUSER=clerk$BATS_TEST_NUMBER run -77 --separate-stderr run_bank
	[[ $stderr == *"ERROR:  permission denied for table account_transactions"* ]]
	[[ $stderr != *LOCATION* ]]
	same "$before" "$(cd lake && find silver gold -type f | sort)"
	psql -Xqc "GRANT DELETE ON ALL TABLES IN SCHEMA public TO clerk$BATS_TEST_NUMBER"
	PGUSER=clerk$BATS_TEST_NUMBER run_bank
	same_as_gold
	psql -Xqc "DROP OWNED BY clerk$BATS_TEST_NUMBER" -c "DROP ROLE clerk$BATS_TEST_NUMBER"
}

@test "load: a value that a column cannot hold stops a run before any table is loaded" {
	postgres
	run_bank
	psql -Xqc 'ALTER TABLE customer_loans ALTER outstanding TYPE numeric(5,2)'
	before=$(marks; cd lake && find silver gold -type f | sort)
	sed -i 's/^2,4,/2,4,9/' bank/loans.csv
	run -78 --separate-stderr run_bank
	[[ $stderr == *"acct-merge-sql: customer_loans: column outstanding is numeric(5,2), too small for 9197.90 of record "* ]]
	same "$before" "$(marks; cd lake && find silver gold -type f | sort)"
}

@test "load: sqlite: a table that would not do stops a run before it takes effect" {
	run_bank
	before=$(cd lake && find silver gold -type f | sort)
	without "$(keys | sed -n 3p)"
	in_db 'ALTER TABLE customer_loans DROP COLUMN outstanding; ALTER TABLE customer_loans ADD COLUMN outstanding NUMERIC'
	run -78 --separate-stderr run_bank
	[[ $stderr == *'acct-merge-sql: customer_loans: column "outstanding" is NUMERIC; decimals, dates and strings need columns of type TEXT'* ]]
	same "$before" "$(cd lake && find silver gold -type f | sort)"
}

@test "load: a column that is new in gold is added" {
	run_bank
	in_db 'ALTER TABLE customer_loans DROP COLUMN outstanding; ALTER TABLE customer_balance DROP COLUMN zip; UPDATE acct_load SET run_id = 0'
	run_bank
	same 'outstanding TEXT 0' "$(in_db "SELECT name || ' ' || type || ' ' || \"notnull\" FROM pragma_table_info('customer_loans') WHERE name = 'outstanding'")"
	acct-read -c customer_id,outstanding lake/gold/customer_loans | acct-cat -f csv | sed 1d | sort >expected.csv
	sqlite3 -csv $db 'SELECT customer_id, outstanding FROM customer_loans' | tr -d '\r' | sort | diff -u expected.csv -
}

@test "load: postgres: a column that is new in gold is added" {
	postgres
	run_bank
	psql -Xqc 'ALTER TABLE customer_loans DROP COLUMN outstanding' -c 'UPDATE acct_load SET run_id = 0'
	run_bank
	same_as_gold
}

@test "load: the version that was loaded is gone from the lake: rows of unknown origin are counted, then kept or deleted" {
	run_bank
	cp $db old.db
	gone=$(keys | sed -n 3p)
	without "$gone"
	run_bank
	cp old.db $db
	acct-vacuum --delete --retain 0 --force lake/gold/customer_balance
	run -78 --separate-stderr run_bank
	[[ $stderr == *"acct-merge-sql: customer_balance: 1 rows are there that the stream does not have and whose origin is not known: --adopt keeps"* ]]
	same "$(sqlite3 old.db 'SELECT * FROM customer_balance')" "$(in_db 'SELECT * FROM customer_balance')"
	run_bank --adopt
	same "$gone" "$(in_db "SELECT customer_id FROM customer_balance WHERE customer_id = $gone")"
	run_bank --delete-absent
	same_as_gold
	# Where the target has no rows but those of gold there is nothing to ask.
	in_db 'UPDATE acct_load SET version = 7'
	run_bank
	same_as_gold
}

@test "load: a gold table that is lost and made again is that of this lake" {
	run_bank
	rm -r lake/gold/customer_balance
	run_bank
	same "$(marks_of_lake)" "$(marks)"
	same_as_gold
	[[ "$(run_bank)" == 'nothing to do: '* ]]
	rm -r lake/gold/customer_balance
	without "$(keys | sed -n 3p)"
	run -78 --separate-stderr run_bank
	run_bank --delete-absent
	same_as_gold
	# Another lake is not.
	mv lake first
	mkdir -p lake/gold
	cp first/gold/gold.db lake/gold/
	run -78 --separate-stderr run_bank
	[[ $stderr == *"no load of this lake is marked"* ]]
}

@test "load: wrong use" {
	for words in '--adopt --delete-absent' '--loaded' '-d none --adopt --delete-absent'; do
		# shellcheck disable=SC2086
		run -64 sh "$P/run.sh" $words bank lake
	done
	run -64 sh "$P/reconcile.sh" --adopt lake
	run -64 sh "$P/load.sh" --dry-run --loaded lake
}
