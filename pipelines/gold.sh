#!/bin/sh
# gold.sh [--wait] LAKE: what every customer and account stands at, from silver: LAKE/gold/customer_balance.acct, customer_loans.acct and
# account_transactions.acct, one record for each key, in key order. All three appear together.
set -eu
here=$(cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"

usage() {
	echo 'usage: gold.sh [--wait] LAKE' >&2
	exit 64
}

# make TABLE
make() {
	"$1"
}

# One row for every customer in customers or in accounts.
customer_balance() {
	acct-balance -k customer_id account_count='count()' total_balance='sum(balance)' -i "$accounts" -o "$WORK/by_customer.acct"
	status=0
	left balance by_key "$customers" |
		acct-join -j outer -k customer_id --sorted --fill account_count=0 --fill total_balance=0 \
			-t customer_balance -o "$STAGE/gold/customer_balance.acct" "$WORK/by_customer.acct" || status=$?
	joined balance "$status"
}

# One row for every customer in loans: what was lent, what has been paid back, what is outstanding.
customer_loans() {
	acct-balance -k customer_id loan_count='count()' total_loan_amount='sum(loan_amount)' -i "$loans" -o "$WORK/lent.acct"
	status=0
	left paid acct-join -k loan_id "$loans" "$payments" |
		acct-balance -k customer_id total_paid='sum(payment_amount)' -o "$WORK/paid.acct" || status=$?
	joined paid "$status"
	left loans acct-join -j left -k customer_id --sorted --fill total_paid=0 "$WORK/paid.acct" "$WORK/lent.acct" |
		acct-select -c customer_id,loan_count,total_loan_amount,total_paid,outstanding=total_loan_amount-total_paid \
			-t customer_loans -o "$STAGE/gold/customer_loans.acct" || status=$?
	joined loans "$status"
}

# One row for every account in transactions.
account_transactions() {
	acct-balance -k account_id --side transaction_type --credit Deposit --debit Withdrawal \
		transaction_count='count()' total_transaction_amount='sum(transaction_amount)' \
		total_deposits='credit(transaction_amount)' total_withdrawals='debit(transaction_amount)' \
		net_amount='net(transaction_amount)' \
		first_transaction_date='min(transaction_date)' last_transaction_date='max(transaction_date)' \
		-t account_transactions -i "$transactions" -o "$STAGE/gold/account_transactions.acct"
}

while [ $# -gt 0 ]; do
	case $1 in
	-w | --wait) WAIT=yes ;;
	--) shift && break ;;
	-*) usage ;;
	*) break ;;
	esac
	shift
done
[ $# -eq 1 ] || usage
need_programs flock acct-balance acct-join acct-select
lake "$1"
lock
begin
customers=$(of silver/customers.acct silver.sh)
accounts=$(of silver/accounts.acct silver.sh)
loans=$(of silver/loans.acct silver.sh)
payments=$(of silver/loan_payments.acct silver.sh)
transactions=$(of silver/transactions.acct silver.sh)
mkdir -p -- "$STAGE/gold"
each make account_transactions customer_loans customer_balance
commit_part
