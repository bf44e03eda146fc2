#!/bin/sh
# gold.sh [--wait] [--rebuild] LAKE: what every customer and account stands at, from silver: the Delta tables LAKE/gold/customer_balance, customer_loans and
# account_transactions, one row for each key, in key order; and the same rows as plain Parquet files in LAKE/gold/_export/<table>, with a
# manifest. All of it appears together. A table whose silver tables are those it was made of is left as it is, unless --rebuild is given.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"
USAGE='gold.sh [--wait] [--rebuild] LAKE'
FLAGS=rebuild

# ---- the tables ----

# The records of standard input become the table.
publish() {
	acct-write -m overwrite --replace-schema --txn "$APP:next" --prepare "$PREPARED/gold/$table" "$LAKE/gold/$table"
}

# One row for every customer in customers or in accounts.
customer_balance() {
	status=0
	left accounts rows silver/accounts -c customer_id,balance |
		acct-balance -k customer_id account_count='count()' total_balance='sum(balance)' -o "$WORK/by_customer.acct" || status=$?
	joined "$status" accounts
	status=0
	left customers rows silver/customers | left sorted by_key |
		left balance acct-join -j outer -k customer_id --sorted --fill account_count=0 --fill total_balance=0 \
			-t customer_balance "$WORK/by_customer.acct" |
		publish || status=$?
	joined "$status" customers sorted balance
}

# One row for every customer in loans: what was lent, what has been paid back, what is outstanding.
customer_loans() {
	rows silver/loans -c loan_id,customer_id,loan_amount -o "$WORK/loans.acct"
	acct-balance -k customer_id loan_count='count()' total_loan_amount='sum(loan_amount)' -i "$WORK/loans.acct" -o "$WORK/lent.acct"
	status=0
	left payments rows silver/loan_payments -c loan_id,payment_amount | left paid acct-join -k loan_id "$WORK/loans.acct" |
		acct-balance -k customer_id total_paid='sum(payment_amount)' -o "$WORK/paid.acct" || status=$?
	joined "$status" payments paid
	status=0
	left loans acct-join -j left -k customer_id --sorted --fill total_paid=0 "$WORK/paid.acct" "$WORK/lent.acct" |
		left outstanding acct-select -c customer_id,loan_count,total_loan_amount,total_paid \
			-c 'outstanding = (total_loan_amount - total_paid)::decimal(28,2)' -t customer_loans |
		publish || status=$?
	joined "$status" loans outstanding
}

# Passes its rows on, with the totals of what they were made of taken on the way.
transaction_totals() {
	mkfifo "$WORK/transactions.way" || return 74
	totals transactions 'n=sum(transaction_count)' 'sum(total_transaction_amount)' <"$WORK/transactions.way" &
	_passed=0
	tee "$WORK/transactions.way" || _passed=$?
	wait "$!" || [ "$_passed" -ne 0 ] || return
	return "$_passed"
}

# One row for every account in transactions. Their totals are those of silver as it was read here, which spares another pass.
account_transactions() {
	status=0
	left transactions rows silver/transactions -c account_id,transaction_date,transaction_amount,transaction_type |
		left turnover acct-balance -k account_id --side transaction_type --credit Deposit --debit Withdrawal \
			transaction_count='count()' total_transaction_amount='sum(transaction_amount)' \
			total_deposits='credit(transaction_amount)' total_withdrawals='debit(transaction_amount)' \
			net_amount='net(transaction_amount)' \
			first_transaction_date='min(transaction_date)' last_transaction_date='max(transaction_date)' \
			-t account_transactions |
		left totals transaction_totals | publish || status=$?
	joined "$status" transactions turnover totals
}

# ---- the exports ----

# The data files of the table's version, as acct-log lists them, are plain Parquet files: under other names they are the
# export, with a manifest that names them. A version without rows has no file; then there is one of the columns alone.
export_files() {
	folder=$STAGE/gold/_export/$table
	mkdir -p -- "$folder" || return 73
	total=0
	n=0
	: >"$WORK/$table.manifest"
	while read -r bytes rows _ _ name; do
		file=$(printf 'part-%05d-%s.parquet' "$n" "${RUN##*/}")
		ln -- "$LAKE/gold/$table/$name" "$folder/$file" 2>/dev/null || cp -- "$LAKE/gold/$table/$name" "$folder/$file" || return 74
		printf '{"name":"%s","bytes":%s,"rows":%s}\n' "$file" "$bytes" "$rows" >>"$WORK/$table.manifest"
		total=$((total + rows))
		n=$((n + 1))
	done
	if [ "$n" -eq 0 ]; then
		file=part-00000-${RUN##*/}.parquet
		rows "gold/$table" | acct-write -o "$folder/$file" || return
		printf '{"name":"%s","bytes":%s,"rows":0}\n' "$file" "$(stat -c %s -- "$folder/$file")" >"$WORK/$table.manifest"
	fi
	{
		printf '{"table":"%s","run":"%s","rows":%s,"files":[\n' "$table" "${RUN##*/}" "$total"
		sed '$!s/$/,/' "$WORK/$table.manifest"
		printf ']}\n'
	} >"$folder/manifest.json" || return 74
}

# untouched TABLE...: were these silver tables altered by nobody else?
untouched() {
	for source; do
		[ -e "$PREPARED/silver/$source" ] || intact "silver/$source" || return 1
	done
}

make() {
	table=$1
	# shellcheck disable=SC2046
	key=$(gold_key $(gold_sources "$table"))
	# shellcheck disable=SC2046
	if ! untouched $(gold_sources "$table"); then
		key="$key, altered before ${RUN##*/}"
	fi
	if [ "$REBUILD" = yes ] || ! same_key "$table" "$key" || ! intact "gold/$table"; then
		set_aside "gold/$table"
		"$table"
		acct-log --files --with "$PREPARED/gold/$table" "$LAKE/gold/$table" >"$WORK/$table.files"
		export_files <"$WORK/$table.files" || exit
		mkdir -p -- "$STAGE/runs/made/$table"
		printf '%s\n' "$key" >"$STAGE/runs/made/$table/key"
		printf '%s\n' "${RUN##*/}" >"$STAGE/runs/made/$table/run"
	elif ! exported "$table"; then
		acct-log --files "$LAKE/gold/$table" >"$WORK/$table.files"
		export_files <"$WORK/$table.files" || exit
	fi
}

options "$@"
shift "$TAKEN"
[ $# -eq 1 ] || usage
need_programs flock acct-balance acct-cat acct-join acct-select acct-write acct-read acct-log
lake "$1"
lock
begin
for t in $TABLES; do
	need_tables silver.sh "silver/$t"
	[ -e "$(made "$t" key)" ] || die 66 "$(made "$t" key): not there; silver.sh makes it"
done
each make account_transactions customer_loans customer_balance
if [ ! -e "$STAGE/gold" ]; then
	end_idle 'gold is as it was made of silver'
fi
commit_part
