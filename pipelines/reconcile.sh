#!/bin/sh
# reconcile.sh LAKE: does the lake add up? Counts and sums the record files anew and compares what must be equal: rows read with rows
# clean and rejected, amounts of each layer with those of the next. Prints each check; 0 if all close, 1 if not.
# Within a run it looks at what the run has staged, and stores the answer as JSON.
set -eu
here=$(cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"

usage() {
	echo 'usage: reconcile.sh LAKE' >&2
	exit 64
}

# check WHAT LEFT RIGHT-EXPRESSION: the two must be the same number.
check() {
	if [ "$(exact "($2) == ($3)")" = 1 ]; then
		answer=closes
		json=true
	else
		answer='DOES NOT CLOSE'
		json=false
		open=$((open + 1))
	fi
	checks=$((checks + 1))
	printf '%s\t%s\t%s\t%s\n' "$1" "$2" "= $3" "$answer" >>"$WORK/checks"
	printf '%s{"check":%s,"left":%s,"right":%s,"closes":%s}' "$comma" "$(quoted "$1")" "$(quoted "$2")" "$(quoted "$3")" "$json" \
		>>"$WORK/checks.json"
	comma=',
  '
}

# figures NAME PATH AGGREGATE...: the totals of a file of the lake, as words in $WORK/NAME.figures.
figures() {
	_name=$1
	_from=$(of "$2")
	shift 2
	totals "$_from" "$@" >"$WORK/$_name.figures"
}

# orphans NAME KEY KNOWN ROWS COUNT AMOUNT: the rows whose key is not known: how many, and their amount.
orphans() {
	_known=$(of "$3")
	_rows=$(of "$4")
	_status=0
	left "orphans.$1" acct-join -j anti -k "$2" "$_known" "$_rows" | acct-balance -o "$WORK/orphans.$1.acct" "$5" "$6" || _status=$?
	joined "orphans.$1" "$_status"
	acct-cat -f tsv -o "$WORK/orphans.$1.tsv" "$WORK/orphans.$1.acct"
	sed -n 2p "$WORK/orphans.$1.tsv" >"$WORK/orphans.$1"
}

measure() {
	case $1 in
	rejects)
		for _t in $TABLES; do
			figures "$_t.rejects" "silver/_rejects/$_t.acct" 'n=count()'
		done
		;;
	customers) figures customers silver/customers.acct 'n=count()' ;;
	accounts) figures accounts silver/accounts.acct 'n=count()' 'sum(balance)' ;;
	loans) figures loans silver/loans.acct 'n=count()' 'sum(loan_amount)' ;;
	loan_payments) figures loan_payments silver/loan_payments.acct 'n=count()' 'sum(payment_amount)' ;;
	transactions) figures transactions silver/transactions.acct 'n=count()' 'sum(transaction_amount)' ;;
	customer_balance) figures customer_balance gold/customer_balance.acct 'n=count()' 'sum(account_count)' 'sum(total_balance)' ;;
	customer_loans)
		figures customer_loans gold/customer_loans.acct 'n=count()' 'sum(loan_count)' 'sum(total_loan_amount)' 'sum(total_paid)' 'sum(outstanding)' ;;
	account_transactions)
		figures account_transactions gold/account_transactions.acct 'n=count()' 'sum(transaction_count)' 'sum(total_transaction_amount)' \
			'sum(total_deposits)' 'sum(total_withdrawals)' 'sum(net_amount)' ;;
	orphan_accounts)
		orphans accounts customer_id silver/customers.acct silver/accounts.acct 'n=count()' 'sum(balance)' ;;
	orphan_payments)
		orphans loan_payments loan_id silver/loans.acct silver/loan_payments.acct 'n=count()' 'sum(payment_amount)' ;;
	orphan_transactions)	# by account: the same sums from fewer records
		orphans transactions account_id silver/accounts.acct gold/account_transactions.acct \
			'n=sum(transaction_count)' 'sum(total_transaction_amount)' ;;
	esac
}

# rows_of TABLE: what was read, by the reader of the file, is what silver and rejects hold.
rows_of() {
	json "$stats/$1.ingest.json" '$.rows' '$.blank' >"$WORK/words"
	{ read -r rows && read -r blank; } <"$WORK/words"
	read -r rejected <"$WORK/$1.rejects.figures"
	check "$1: lines read = clean + rejected + blank" "$(exact "$rows + $blank")" "$2 + $rejected + $blank"
}

# amounts_of TABLE COLUMN SUM: what could be read as an amount is in silver or in a rejected row.
amounts_of() {
	json "$stats/$1.clean.json" "\$.amounts.$2.read" "\$.amounts.$2.rejected" >"$WORK/words"
	{ read -r total && read -r rejected; } <"$WORK/words"
	check "$1: $2 read = clean + rejected" "$total" "$3 + $rejected"
}

[ $# -eq 1 ] || usage
need_programs flock acct-balance acct-cat acct-join bc sqlite3
lake "$1"
lock
if [ -n "${ACCT_RUN:-}" ]; then
	begin
	stats=$STATS
else
	[ -e "$LAKE/runs/last/stats" ] || die 66 "$LAKE/runs/last: not there; run.sh makes it"
	RUN=
	STAGE=/nonexistent
	stats=$LAKE/runs/last/stats
	WORK=$(mktemp -d) || exit 73
	trap 'end_work "$?"' EXIT
	stop_on_signals
fi
checks=0
open=0
comma='  '
: >"$WORK/checks"
: >"$WORK/checks.json"

each measure transactions orphan_payments loan_payments orphan_accounts orphan_transactions account_transactions customers accounts loans \
	customer_balance customer_loans rejects
read -r customers <"$WORK/customers.figures"
read -r accounts balances <"$WORK/accounts.figures"
read -r loans lent <"$WORK/loans.figures"
read -r payments paid <"$WORK/loan_payments.figures"
read -r transactions turnover <"$WORK/transactions.figures"
read -r _ account_count total_balance <"$WORK/customer_balance.figures"
read -r _ loan_count total_loan_amount total_paid outstanding <"$WORK/customer_loans.figures"
read -r _ transaction_count total_transaction_amount deposits withdrawals net <"$WORK/account_transactions.figures"

read -r _ lost_paid <"$WORK/orphans.loan_payments"

rows_of customers "$customers"
rows_of accounts "$accounts"
rows_of loans "$loans"
rows_of loan_payments "$payments"
rows_of transactions "$transactions"
amounts_of accounts balance "$balances"
amounts_of loans loan_amount "$lent"
amounts_of loan_payments payment_amount "$paid"
amounts_of transactions transaction_amount "$turnover"
check 'accounts in customer_balance' "$account_count" "$accounts"
check 'total_balance = silver balances' "$total_balance" "$balances"
check 'loans in customer_loans' "$loan_count" "$loans"
check 'total_loan_amount = silver loan amounts' "$total_loan_amount" "$lent"
check 'silver payments = total_paid + orphan payments' "$paid" "$total_paid + $lost_paid"
check 'outstanding = lent - paid' "$outstanding" "$total_loan_amount - $total_paid"
check 'transactions in account_transactions' "$transaction_count" "$transactions"
check 'total_transaction_amount = silver amounts' "$total_transaction_amount" "$turnover"
check 'silver amounts = deposits + withdrawals' "$turnover" "$deposits + $withdrawals"
check 'net_amount = deposits - withdrawals' "$net" "$deposits - $withdrawals"

align lrll <"$WORK/checks"
echo "  $((checks - open)) of $checks checks close"
if [ -n "$RUN" ]; then
	{
		printf '{"closes":%s,"checks":[\n' "$([ "$open" -eq 0 ] && echo true || echo false)"
		cat "$WORK/checks.json"
		printf '\n]}\n'
	} >"$RUN/reconciliation.json"
fi
if [ "$open" -ne 0 ]; then
	ANSWER=no
	exit 1
fi
