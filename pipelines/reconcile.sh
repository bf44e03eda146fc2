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

# figures FILE AGGREGATE...: the totals of a file of the lake as words.
figures() {
	_path=$(of "$1")
	shift
	totals "$_path" "$@"
}

# rows_of TABLE: what was read, by the reader of the file, is what silver and rejects hold.
rows_of() {
	json "$stats/$1.ingest.json" '$.rows' '$.blank' >"$WORK/words"
	{ read -r rows && read -r blank; } <"$WORK/words"
	rejected=$(figures "silver/_rejects/$1.acct" 'n=count()')
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
	trap 'rm -rf -- "$WORK"' EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
fi
checks=0
open=0
comma='  '
: >"$WORK/checks"
: >"$WORK/checks.json"

set -f
figures silver/customers.acct 'n=count()' >"$WORK/customers.figures"
figures silver/accounts.acct 'n=count()' 'sum(balance)' >"$WORK/accounts.figures"
figures silver/loans.acct 'n=count()' 'sum(loan_amount)' >"$WORK/loans.figures"
figures silver/loan_payments.acct 'n=count()' 'sum(payment_amount)' >"$WORK/loan_payments.figures"
figures silver/transactions.acct 'n=count()' 'sum(transaction_amount)' >"$WORK/transactions.figures"
figures gold/customer_balance.acct 'n=count()' 'sum(account_count)' 'sum(total_balance)' >"$WORK/customer_balance.figures"
figures gold/customer_loans.acct 'n=count()' 'sum(loan_count)' 'sum(total_loan_amount)' 'sum(total_paid)' 'sum(outstanding)' \
	>"$WORK/customer_loans.figures"
figures gold/account_transactions.acct 'n=count()' 'sum(transaction_count)' 'sum(total_transaction_amount)' \
	'sum(total_deposits)' 'sum(total_withdrawals)' 'sum(net_amount)' >"$WORK/account_transactions.figures"

read -r customers <"$WORK/customers.figures"
read -r accounts balances <"$WORK/accounts.figures"
read -r loans lent <"$WORK/loans.figures"
read -r payments paid <"$WORK/loan_payments.figures"
read -r transactions turnover <"$WORK/transactions.figures"
read -r _ account_count total_balance <"$WORK/customer_balance.figures"
read -r _ loan_count total_loan_amount total_paid outstanding <"$WORK/customer_loans.figures"
read -r _ transaction_count total_transaction_amount deposits withdrawals net <"$WORK/account_transactions.figures"

orphans() {
	_known=$(of "$2")
	_rows=$(of "$3")
	_status=0
	left orphans acct-join -j anti -k "$1" "$_known" "$_rows" | acct-balance -o "$WORK/orphans.$4.acct" "$5" "$6" || _status=$?
	joined orphans "$_status"
	acct-cat -f tsv "$WORK/orphans.$4.acct" | sed -n 2p >"$WORK/orphans.$4"
}
# Transactions are counted by account first: the same sum, found in a thousandth of the time.
orphans customer_id silver/customers.acct silver/accounts.acct accounts 'n=count()' 'sum(balance)'
orphans loan_id silver/loans.acct silver/loan_payments.acct loan_payments 'n=count()' 'sum(payment_amount)'
orphans account_id silver/accounts.acct gold/account_transactions.acct transactions \
	'n=sum(transaction_count)' 'sum(total_transaction_amount)'
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
[ "$open" -eq 0 ] || exit 1
