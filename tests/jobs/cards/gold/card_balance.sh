#!/bin/sh
# One row for every card in postings.
#: from postings
#: key card_id
#: total balance
LAKE=${1:-$LAKE}
acct-read "$LAKE/silver/postings" |
	acct-balance -k card_id 'postings=count()' 'spent=sum(amount) filter (where side = '"'Debit'"')' 'balance=sum(amount)' -t card_balance
