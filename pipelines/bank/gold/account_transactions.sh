#!/bin/sh
# One row for every account in transactions.
#: from transactions
#: key account_id
#: by account_id
#: total net_amount
LAKE=${1:-$LAKE}
acct-read -c account_id,transaction_date,transaction_amount,transaction_type "$LAKE/silver/transactions" |
	acct-balance -k account_id --side transaction_type --credit Deposit --debit Withdrawal \
		transaction_count='count()' total_transaction_amount='sum(transaction_amount)' \
		total_deposits='credit(transaction_amount)' total_withdrawals='debit(transaction_amount)' net_amount='net(transaction_amount)' \
		first_transaction_date='min(transaction_date)' last_transaction_date='max(transaction_date)' \
		-t account_transactions
