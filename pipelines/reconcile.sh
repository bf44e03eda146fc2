#!/bin/sh
# reconcile.sh [--wait] LAKE: does the lake add up? Counts and sums the tables anew and compares what must be equal: rows read with rows
# clean and rejected, amounts of each layer with those of the next. Prints each check; 0 if all close, 1 if not.
# Within a run it looks at the tables as the run will leave them, and stores the answer as JSON; totals that a pass of the run has found
# are not found again.
set -eu
here=$(cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"

USAGE='reconcile.sh [--wait] LAKE'

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

# orphans NAME KEY KNOWN ROWS COLUMNS COUNT AMOUNT: the rows whose key is not known: how many, and their amount.
orphans() {
	rows "$3" -c "$2" -o "$WORK/known.$1.acct"
	_status=0
	left "orphans.$1" rows "$4" -c "$5" | left "anti.$1" acct-join -j anti -k "$2" "$WORK/known.$1.acct" |
		totals "$6" "$7" >"$WORK/orphans.$1" || _status=$?
	joined "$_status" "orphans.$1" "anti.$1"
}

# The rejects of the run that made each table.
rejects() {
	for _t in $TABLES; do
		_run=$(cat "$(made "$_t" run)") || exit 66
		_status=0
		left rejects rows "silver/_rejects/$_t" -c run -w "run = '$_run'" | totals 'n=count()' >"$WORK/$_t.rejects.figures" || _status=$?
		joined "$_status" rejects
	done
}

measure() {
	case $1 in
	rejects) rejects ;;
	customers) table_totals customers silver/customers customer_id 'n=count()' ;;
	accounts) table_totals accounts silver/accounts balance 'n=count()' 'sum(balance)' ;;
	loans) table_totals loans silver/loans loan_amount 'n=count()' 'sum(loan_amount)' ;;
	loan_payments) table_totals loan_payments silver/loan_payments payment_amount 'n=count()' 'sum(payment_amount)' ;;
	transactions)
		[ -e "$WORK/transactions.figures" ] ||
			table_totals transactions silver/transactions transaction_amount 'n=count()' 'sum(transaction_amount)'
		;;
	customer_balance)
		table_totals customer_balance gold/customer_balance account_count,total_balance 'n=count()' 'sum(account_count)' 'sum(total_balance)' ;;
	customer_loans)
		table_totals customer_loans gold/customer_loans loan_count,total_loan_amount,total_paid,outstanding \
			'n=count()' 'sum(loan_count)' 'sum(total_loan_amount)' 'sum(total_paid)' 'sum(outstanding)' ;;
	account_transactions)
		table_totals account_transactions gold/account_transactions \
			transaction_count,total_transaction_amount,total_deposits,total_withdrawals,net_amount \
			'n=count()' 'sum(transaction_count)' 'sum(total_transaction_amount)' \
			'sum(total_deposits)' 'sum(total_withdrawals)' 'sum(net_amount)' ;;
	orphan_accounts)
		orphans accounts customer_id silver/customers silver/accounts customer_id,balance 'n=count()' 'sum(balance)' ;;
	orphan_payments)
		orphans loan_payments loan_id silver/loans silver/loan_payments loan_id,payment_amount 'n=count()' 'sum(payment_amount)' ;;
	orphan_transactions)	# by account: the same sums from fewer records
		orphans transactions account_id silver/accounts gold/account_transactions \
			account_id,transaction_count,total_transaction_amount 'n=sum(transaction_count)' 'sum(total_transaction_amount)' ;;
	esac
}

# rows_of TABLE: what was read, by the reader of the file, is what silver and rejects hold.
rows_of() {
	json "$(made "$1" ingest.json)" '$.rows' '$.blank' >"$WORK/words"
	{ read -r rows && read -r blank; } <"$WORK/words"
	read -r rejected <"$WORK/$1.rejects.figures"
	check "$1: lines read = clean + rejected + blank" "$(exact "$rows + $blank")" "$2 + $rejected + $blank"
}

# amounts_of TABLE COLUMN SUM: what could be read as an amount is in silver or in a rejected row.
amounts_of() {
	json "$(made "$1" clean.json)" "\$.amounts.$2.read" "\$.amounts.$2.rejected" >"$WORK/words"
	{ read -r total && read -r rejected; } <"$WORK/words"
	check "$1: $2 read = clean + rejected" "$total" "$3 + $rejected"
}

options "$@"
shift "$TAKEN"
[ $# -eq 1 ] || usage
need_programs flock acct-balance acct-cat acct-join acct-read bc sqlite3
lake "$1"
lock
if [ -n "${ACCT_RUN:-}" ]; then
	begin
else
	[ -e "$LAKE/runs/made" ] || die 66 "$LAKE/runs/made: not there; run.sh makes it"
	RUN=
	STAGE=/nonexistent
	PREPARED=/nonexistent
	WORK=$(mktemp -d) || exit 73
	trap 'end_work "$?"' EXIT
	stop_on_signals
fi
for t in $TABLES; do
	need_tables silver.sh "silver/$t" "silver/_rejects/$t"
done
for t in $GOLD; do
	need_tables gold.sh "gold/$t"
done
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
