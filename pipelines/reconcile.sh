#!/bin/sh
# reconcile.sh [--wait] LAKE: does the lake add up? Counts and sums the tables anew and compares what must be equal: rows read with rows
# clean and rejected, amounts of each layer with those of the next. Prints each check; 0 if all close, 1 if not.
# Within a run it looks at the tables as the run will leave them, and stores the answer as JSON; totals that a pass of the run has found
# are not found again.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"

USAGE='reconcile.sh [--wait] LAKE'

# check WHAT LEFT RIGHT-EXPRESSION: the two must be the same number.
check() {
	printf '%s\t%s\t%s\n' "$1" "$2" "$3"
}

# answer: reads the checks and says which of them close, in $WORK/answers.
answer() {
	awk -F '\t' '{ print "(" $2 ") == (" $3 ")" }' "$WORK/checks" | BC_LINE_LENGTH=0 bc | paste -- "$WORK/checks" - >"$WORK/answers"
}

as_text() {
	awk -F '\t' -v OFS='\t' '{ print $1, $2, "= " $3, $4 == 1 ? "closes" : "DOES NOT CLOSE" }' "$WORK/answers" | align lrll
}

as_json() {
	awk -F '\t' '{ printf "%s  {\"check\":\"%s\",\"left\":\"%s\",\"right\":\"%s\",\"closes\":%s}", separator, $1, $2, $3, $4 == 1 ? "true" : "false"
		separator = ",\n" }' "$WORK/answers"
}

# orphans NAME KEY KNOWN ROWS COLUMNS COUNT AMOUNT: the rows whose key is not known: how many, and their amount.
orphans() {
	_known=$1
	_status=0
	left "known.$1" rows "$3" -c "$2" | {
		left "orphans.$1" rows "$4" -c "$5" </dev/null 3<&- | left "anti.$1" acct-join -j anti -k "$2" /dev/fd/3 |
			totals "orphans.$1" "$6" "$7"
	} 3<&0 || _status=$?
	joined "$_status" "known.$_known" "orphans.$_known" "anti.$_known"
}

# rejects TABLE: those of the run that made the table.
rejects() {
	_run=$(cat "$(made "$1" run)") || exit 66
	_status=0
	left "rejected.$1" rows "silver/_rejects/$1" -c run -w "run = '$_run'" | totals "rejects.$1" 'n=count()' || _status=$?
	joined "$_status" "rejected.$1"
}

measure() {
	case $1 in
	rejects.*) rejects "${1#*.}" ;;
	lines.*) lines "${1#*.}" ;;
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

# bronze_of TABLE: the file in bronze that its silver is made of.
bronze_of() {
	read -r _sum _ <"$(made "$1" key)" || exit 66
	for _name in "$1.csv" "$1.csv.gz" "$1.csv.zst"; do
		_path=bronze/$(bronze_path "$1" "$_sum" "$_name")
		if [ -e "$STAGE/$_path" ] || [ -e "$LAKE/$_path" ]; then
			break
		fi
	done
	of "$_path"
}

# lines TABLE: the physical lines of its file, an unfinished last one among them, counted by what shares nothing with the reader of CSV.
lines() {
	_file=$(bronze_of "$1") || exit 66
	_by=$(compressed_by "$_file")
	if [ -n "$_by" ]; then
		need_programs "$_by"
		_lines=$("$_by" -dc <"$_file" | wc -l)
		_end=$("$_by" -dc <"$_file" | tail -c 1 | wc -l)
	else
		_lines=$(wc -l <"$_file")
		_end=$(tail -c 1 -- "$_file" | wc -l)
	fi
	echo "$((_lines + 1 - _end))" >"$WORK/lines.$1.figures"
}

# made_of_files: every line of each file is the line of names, in silver, rejected or blank; what was read, by the reader of each file, is what
# silver and rejects hold; what could be read as an amount is in silver or in a rejected row.
made_of_files() {
	while IFS=$TAB read -r table rows blank _ _ _ column amount lost _ _ header clean_lines rejected_lines; do
		read -r n sum <"$WORK/$table.figures"
		read -r rejected <"$WORK/rejects.$table.figures"
		read -r lines <"$WORK/lines.$table.figures"
		check "$table: lines of the file = names + clean + rejected + blank" "$lines" "$header + $clean_lines + $rejected_lines + $blank"
		check "$table: rows read = clean + rejected" "$rows" "$n + $rejected"
		[ "$column" = - ] || check "$table: $column read = clean + rejected" "$amount" "$sum + $lost"
	done <"$WORK/statistics"
}

made_of_silver() {
	read -r accounts balances <"$WORK/accounts.figures"
	read -r loans lent <"$WORK/loans.figures"
	read -r _ paid <"$WORK/loan_payments.figures"
	read -r transactions turnover <"$WORK/transactions.figures"
	read -r _ account_count total_balance <"$WORK/customer_balance.figures"
	read -r _ loan_count total_loan_amount total_paid outstanding <"$WORK/customer_loans.figures"
	read -r _ transaction_count total_transaction_amount deposits withdrawals net <"$WORK/account_transactions.figures"
	read -r _ lost_paid <"$WORK/orphans.loan_payments.figures"
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
each measure lines.transactions transactions orphan_payments loan_payments orphan_accounts orphan_transactions account_transactions customers accounts loans \
	customer_balance customer_loans rejects.transactions rejects.loan_payments rejects.customers rejects.accounts rejects.loans \
	lines.loan_payments lines.customers lines.accounts lines.loans
statistics
{
	made_of_files
	made_of_silver
} >"$WORK/checks"
answer
checks=$(wc -l <"$WORK/checks")
[ "$(wc -l <"$WORK/answers")" -eq "$checks" ] || die 70 'not every check was answered'
as_text
closed=$(grep -c "${TAB}1\$" "$WORK/answers") || :
echo "  $closed of $checks checks close"
if [ "$closed" -eq "$checks" ]; then
	closes=true
else
	closes=false
fi
if [ -n "$RUN" ]; then
	printf '{"closes":%s,"checks":[\n%s\n]}\n' "$closes" "$(as_json)" >"$RUN/reconciliation.json"
fi
if [ "$closes" = false ]; then
	ANSWER=no
	exit 1
fi
