#!/bin/sh
# One row for every account in trans.
#: from trans
#: key account_id
#: total net
LAKE=${1:-$LAKE}
acct-read "$LAKE/silver/trans" |
	acct-balance -k account_id 'number=count()' 'net=sum(amount)' 'first=min(day)' 'last=max(day)' -t account_net
