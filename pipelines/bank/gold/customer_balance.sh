#!/bin/sh
# One row for every customer in customers or in accounts.
#: from customers accounts
#: key customer_id
#: by customer_id
#: total total_balance
LAKE=${1:-$LAKE}
acct-read -c customer_id,balance "$LAKE/silver/accounts" |
	acct-balance -k customer_id account_count='count()' total_balance='sum(balance)' | {
	acct-read "$LAKE/silver/customers" </dev/null 3<&- | LC_ALL=C sort -S 128M 3<&- |
		acct-join -j outer -k customer_id --sorted --fill account_count=0 --fill total_balance=0 -t customer_balance /dev/fd/3
} 3<&0
