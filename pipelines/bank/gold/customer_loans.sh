#!/bin/sh
# One row for every customer in loans: what was lent, what has been paid back, what is outstanding.
#: from loans loan_payments
#: key customer_id
#: by customer_id
#: total outstanding
LAKE=${1:-$LAKE}

paid() {
	acct-read -c loan_id,customer_id "$LAKE/silver/loans" | {
		acct-read -c loan_id,payment_amount "$LAKE/silver/loan_payments" </dev/null 3<&- | acct-join -k loan_id /dev/fd/3 |
			acct-balance -k customer_id total_paid='sum(payment_amount)' 3<&-
	} 3<&0
}

lent() {
	acct-read -c customer_id,loan_amount "$LAKE/silver/loans" |
		acct-balance -k customer_id loan_count='count()' total_loan_amount='sum(loan_amount)'
}

paid | {
	lent </dev/null 3<&- | acct-join -j left -k customer_id --sorted --fill total_paid=0 /dev/fd/3 |
		acct-select -c customer_id,loan_count,total_loan_amount,total_paid \
			-c 'outstanding = (total_loan_amount - total_paid)::decimal(28,2)' -t customer_loans 3<&-
} 3<&0
