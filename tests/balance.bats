load helper

prepare() {
	mkrec transactions 'id:int64*! account:int64! day:date! amount:decimal(18,2)! type:string! note:string' >t.acct <<-'END'
	1	7	2024-03-05	100.00	Deposit	\N
	2	-3	2024-01-31	25.50	Withdrawal	rent
	3	7	2024-03-01	40.25	Withdrawal	food
	4	7	2024-03-05	0.75	Deposit	\N
	5	129	2024-02-29	10.00	Deposit	gift
	END
	SIDES=(--side type --credit Deposit --debit Withdrawal)
}

# The header's columns, a word each.
columns() {
	head -n 1 "$1" | cut -d ' ' -f 4- | tr ' ' '\n'
}

# ---- What it works out ----

@test "balance: counts, sums, sides, extremes and names, in key order" {
	acct-balance -k account "${SIDES[@]}" 'n=count()' 'count(note)' 'total=sum(amount)' 'deposits=credit(amount)' \
	    'withdrawals=debit(amount)' 'net(amount)' 'first_day=min(day)' 'last_day=max(day)' <t.acct >out.acct
	acct-cat --check out.acct
	same "account	n	count_note	total	deposits	withdrawals	net_amount	first_day	last_day
-3	1	1	25.50	0.00	25.50	-25.50	2024-01-31	2024-01-31
7	3	1	141.00	100.75	40.25	60.50	2024-03-01	2024-03-05
129	1	1	10.00	10.00	0.00	10.00	2024-02-29	2024-02-29" "$(tsv out.acct)"
	same "account:int64*!
n:int64!
count_note:int64!
total:decimal(28,2)!
deposits:decimal(28,2)!
withdrawals:decimal(28,2)!
net_amount:decimal(28,2)!
first_day:date!
last_day:date!" "$(columns out.acct)"
	[[ "$(head -n 1 out.acct)" == $'\001H acct/1 transactions '* ]]
}

@test "balance: first and last by a column: of equal ones the earliest and the latest record" {
	same "account	first_id	last_id	first_note	last_note
-3	2	2	rent	rent
7	3	4	food	\\N
129	5	5	gift	gift" "$(acct-balance -i t.acct -k account 'first(id,day)' 'last(id,day)' 'first(note,day)' 'last(note,day)' | tsv)"
	same "first_id	last_id
1	4" "$(mkrec t 'id:int64! by:int64!' <<<$'1\t5\n2\t9\n3\t5\n4\t9' | acct-balance 'first(id,by)' 'last(id,by)' | tsv)"
}

@test "balance: records whose ordering column is null are passed over, a null value is not" {
	mkrec t 'k:string! v:string by:int32' >n.acct <<<$'a\tx\t\\N\na\t\\N\t1\na\ty\t2\nb\tz\t\\N'
	same "k	first_v	last_v
a	\\N	y
b	\\N	\\N" "$(acct-balance -i n.acct -k k 'first(v,by)' 'last(v,by)' | tsv)"
}

@test "balance: without a key one record of totals" {
	same "count	sum_amount	min_day	max_note
5	176.50	2024-01-31	rent" "$(acct-balance 'count()' 'sum(amount)' 'min(day)' 'max(note)' <t.acct | tsv)"
}

@test "balance: no records: nothing by key, one record of zeros and nulls without" {
	mkrec t 'k:int64! v:decimal(9,2)! s:string! d:date!' >e.acct </dev/null
	same "k	count	sum_v" "$(acct-balance -k k 'count()' 'sum(v)' <e.acct | tsv)"
	acct-balance 'count()' 'count(v)' 'sum(v)' 'min(v)' 'max(s)' 'first(v,d)' 'min(d)' <e.acct >out.acct
	acct-cat --check out.acct
	same "count	count_v	sum_v	min_v	max_s	first_v	min_d
0	0	0.00	\\N	\\N	\\N	\\N" "$(tsv out.acct)"
	same "count:int64!
count_v:int64!
sum_v:decimal(19,2)!
min_v:decimal(9,2)
max_s:string
first_v:decimal(9,2)
min_d:date" "$(columns out.acct)"
}

@test "balance: nulls are not counted, not added and no extremes; a group of nulls only has 0 and null" {
	mkrec t 'k:int64! v:int32 f:float64 s:string b:bool' >n.acct <<-'END'
	1	\N	\N	\N	\N
	1	-4	2.5	b	true
	1	3	-1	a	false
	2	\N	\N	\N	\N
	END
	acct-balance -k k -i n.acct 'count()' 'count(v)' 'sum(v)' 'min(v)' 'max(v)' 'min(f)' 'max(f)' 'min(s)' 'max(s)' 'min(b)' 'max(b)' >out.acct
	same "k	count	count_v	sum_v	min_v	max_v	min_f	max_f	min_s	max_s	min_b	max_b
1	3	2	-1	-4	3	-1	2.5	a	b	false	true
2	1	0	0	\\N	\\N	\\N	\\N	\\N	\\N	\\N	\\N" "$(tsv out.acct)"
}

@test "balance: a null key is a group like any other, and the first" {
	mkrec t 'k:string v:int64!' >n.acct <<<$'b\t1\n\\N\t2\n\t4\nb\t8\n\\N\t16'
	acct-balance -k k -i n.acct 'sum(v)' >out.acct
	same "k	sum_v
\\N	18
	4
b	9" "$(tsv out.acct)"
	same "k:string*
sum_v:int64!" "$(columns out.acct)"
}

@test "balance: minus zero is below zero, and each is a key" {
	mkrec t 'k:float64! v:int64!' >n.acct <<<$'0\t1\n-0\t2\n-1.5\t4\n0\t8'
	same "k	sum_v
-1.5	4
-0	2
0	9" "$(acct-balance -k k -i n.acct 'sum(v)' | tsv)"
	same "min_k	max_k
-0	0" "$(acct-select -w 'k >= -0.5' n.acct | acct-balance 'min(k)' 'max(k)' | tsv)"
}

@test "balance: output is in the order of the values for keys of every type" {
	for spec in int32:'-2147483648 -129 -1 0 1 127 128 2147483647' int64:'-9223372036854775808 -5 0 64 9223372036854775807' \
	    'decimal(38,2):-999999999999999999999999999999999999.99 -0.01 0.00 123456789012345678901234567890.00' \
	    'date:0001-01-01 1969-12-31 1970-01-01 2024-02-29 9999-12-31' bool:'false true' \
	    timestamp:'1969-12-31T23:59:59Z 1970-01-01T00:00:00Z 2024-02-29T12:00:00.5Z' \
	    float64:'-inf -1e+300 -5e-324 -0 0 5e-324 1 inf' 'string:A Z a aa aaaaaaaaaaaa aaaaaaaaaaaaa aaaaaaaaaaaab b z é'; do
		tr ' ' '\n' <<<"${spec#*:}" >sorted
		{ shuf sorted; shuf sorted; } >shuffled
		mkrec t "k:${spec%%:*}" <shuffled | acct-balance -k k 'count()' | acct-cat -f tsv | sed 1d >out
		diff -u <(sed 's/$/\t2/' sorted) out
	done
}

@test "balance: keys of several columns, side by side or not, in the order given" {
	mkrec t 'a:string! v:int64! b:int64' >k.acct <<-'END'
	y	1	2
	x	2	-1
	x	4	\N
	y	8	2
	x	16	10
	END
	same "a	b	sum_v
x	\\N	4
x	-1	2
x	10	16
y	2	9" "$(acct-balance -i k.acct -k a,b 'sum(v)' | tsv)"
	same "b	a	sum_v
\\N	x	4
-1	x	2
2	y	9
10	x	16" "$(acct-balance -i k.acct -k b,a 'sum(v)' | tsv)"
	same "v	b	count
1	2	1
2	-1	1
4	\\N	1
8	2	1
16	10	1" "$(acct-balance -i k.acct -k v,b 'count()' | tsv)"
}

@test "balance: what comes out is sorted under sort(1)" {
	acct-balance -i t.acct -k account 'count()' >out.acct
	sort -c <(grep -av $'^\001' out.acct)
}

@test "balance: sides by a column of another type" {
	mkrec t 'v:int64! credit:bool!' >b.acct <<<$'5\ttrue\n3\tfalse\n9\ttrue'
	same "credit_v	debit_v	net_v	sum_v
14	3	11	17" "$(acct-balance --side credit --credit true --debit false -i b.acct 'credit(v)' 'debit(v)' 'net(v)' 'sum(v)' | tsv)"
}

@test "balance: the table's name from -t, and raw text can be grouped too" {
	printf 'city,who\nRiga,a\nOslo,b\nRiga,c\n' >people.csv
	acct-ingest people.csv | acct-balance -t cities -k city 'count()' 'first=min(who)' >out.acct
	[[ "$(head -n 1 out.acct)" == $'\001H acct/1 cities '* ]]
	same "city	count	first
Oslo	1	b
Riga	2	a" "$(tsv out.acct)"
}

@test "balance: the manual's example" {
	cat >transactions.csv <<-'END'
	account_id,transaction_date,transaction_amount,transaction_type
	2,2024-01-05,10.10,Deposit
	1,2024-01-04,5.05,Withdrawal
	2,2024-01-03,1.00,Withdrawal
	END
	cat >transactions.yaml <<-'END'
	name: transactions
	columns:
	  - name: account_id
	    type: int64
	    required: true
	  - name: transaction_date
	    type: date
	    required: true
	  - name: transaction_amount
	    type: decimal(18,2)
	    required: true
	  - name: transaction_type
	    type: string
	    required: true
	END
	command -v acct-clean >/dev/null || skip "SKIPPED: acct-clean is not built"
	acct-ingest -s transactions.yaml transactions.csv | acct-clean -s transactions.yaml |
	    acct-balance -k account_id --side transaction_type --credit Deposit --debit Withdrawal 'transaction_count=count()' \
	    'total_deposits=credit(transaction_amount)' 'total_withdrawals=debit(transaction_amount)' \
	    'net_amount=net(transaction_amount)' >out.acct
	same "account_id	transaction_count	total_deposits	total_withdrawals	net_amount
1	1	0.00	5.05	-5.05
2	2	10.10	1.00	9.10" "$(tsv out.acct)"
}

# ---- Exact to the last digit ----

@test "balance: 38 digits add up, and one more is an error that names key and column" {
	max=99999999999999999999999999999999999999
	mkrec t 'k:int64! v:decimal(38,0)!' >d.acct <<<$'1\t'$max$'\n1\t-'$max$'\n1\t'$max$'\n2\t1'
	same "k	sum_v
1	$max
2	1" "$(acct-balance -k k -i d.acct 'sum(v)' | tsv)"
	mkrec t 'k:int64! v:decimal(38,0)!' >d.acct <<<$'17\t'$max$'\n17\t1\n17\t'$max$'\n2\t1'
	run -65 --separate-stderr acct-balance -k k -i d.acct 'total=sum(v)' -o out.acct
	same "acct-balance: d.acct: total for k 17: sum(v) is beyond decimal(38,0)" "$stderr"
	[ ! -e out.acct ]
}

@test "balance: integers overflow to an error, not to other integers, and only if the total does" {
	max=9223372036854775807
	mkrec t 'k:string! v:int64!' >i.acct <<<$'a\t'$max$'\na\t5\na\t-5'
	same "k	sum_v
a	$max" "$(acct-balance -k k -i i.acct 'sum(v)' | tsv)"
	for values in "$max 1" "-$max -2" "$max $max $max" "-$max -$max -2"; do
		for v in $values; do printf 'two words\t%s\n' "$v"; done | mkrec t 'k:string! v:int64!' >i.acct
		run -65 --separate-stderr acct-balance -k k -i i.acct 'sum(v)' -o out.acct
		same "acct-balance: i.acct: sum_v for k two words: sum(v) is beyond int64" "$stderr"
	done
	run -65 --separate-stderr acct-balance -o all.acct -i i.acct 'sum(v)'
	same "acct-balance: i.acct: sum_v: sum(v) is beyond int64" "$stderr"
	[ ! -e all.acct ]
}

@test "balance: net and sides overflow likewise" {
	max=99999999999999999999999999999999999999
	mkrec t 'v:decimal(38,0)! s:string!' >d.acct <<<"$max"$'\tD\n-'$max$'\tW'
	same "credit_v	debit_v	sum_v
$max	-$max	0" "$(acct-balance --side s --credit D --debit W -i d.acct 'credit(v)' 'debit(v)' 'sum(v)' | tsv)"
	run -65 --separate-stderr sh -c 'acct-balance --side s --credit D --debit W -i d.acct "net(v)" -o out.acct'
	same "acct-balance: d.acct: net_v: net(v) is beyond decimal(38,0)" "$stderr"
}

@test "balance: pennies stay pennies" {
	seq 1 100000 | awk '{ print "0.10" }' | mkrec t 'v:decimal(9,2)!' >p.acct
	same "sum_v
10000.00" "$(acct-balance 'sum(v)' <p.acct | tsv)"
}

# ---- On disk ----

@test "balance: beyond --memory the same bytes come out" {
	awk 'BEGIN { srand(4); for (i = 0; i < 30000; i++) printf "%d\t%d\tname %d of somebody\t%d\t%d.%02d\t%s\n", i, rand() * 9000 - 4500,
	    rand() * 5000, rand() * 40, rand() * 1e6, rand() * 100, rand() < .5 ? "D" : "W" }' |
	    mkrec t 'id:int64! a:int64! name:string! by:int32! v:decimal(18,2)! s:string!' >big.acct
	for key in a name name,by a,v ''; do
		args=(--side s --credit D --debit W 'count()' 'sum(v)' 'net(v)' 'min(name)' 'max(v)' 'first(id,by)' 'last(name,by)')
		acct-balance -i big.acct ${key:+-k "$key"} "${args[@]}" >all.acct
		acct-balance -i big.acct --memory 1K ${key:+-k "$key"} "${args[@]}" >small.acct
		acct-balance -i big.acct --memory 900K ${key:+-k "$key"} "${args[@]}" >middle.acct
		cmp all.acct small.acct
		cmp all.acct middle.acct
	done
	[ -z "$(find "$T" -name 'acct-*')" ]
}

@test "balance: memory stays near its limit" {
	unsanitized "the sanitizers' own memory is in the way"
	seq 1 400000 | awk '{ print $1 "\t" $1 % 7 }' | mkrec t 'k:int64! v:int64!' >big.acct
	run -0 --separate-stderr sh -c '/usr/bin/time -f %M acct-balance --memory 4M -k k -i big.acct "sum(v)" "count()" >out.acct'
	[ "$stderr" -lt 16000 ]
	[ "$(wc -l <out.acct)" -eq 400002 ]
}

@test "balance: a temporary folder that is not there is an error" {
	run -73 --separate-stderr sh -c 'seq 1 30000 | mkrec t "k:int64!" | TMPDIR=/nowhere acct-balance --memory 1K -k k "count()" >out.acct'
	[[ $stderr == "acct-balance: /nowhere/acct-"*": No such file or directory" ]]
}

# ---- What it refuses ----

@test "balance: wrong use" {
	run -64 --separate-stderr acct-balance -i t.acct -k account
	[[ ${stderr_lines[0]} == "acct-balance: missing AGGREGATE" ]]
	[[ ${stderr_lines[1]} == "usage: acct-balance "* ]]
	run -64 --separate-stderr acct-balance -i t.acct 'average(amount)'
	same "acct-balance: no function 'average': write avg(x)" "${stderr_lines[0]}"
	run -64 --separate-stderr acct-balance -i t.acct amount
	same "acct-balance: 'amount' is neither in an aggregate nor a column of the key
    amount
    ^" "$stderr"
	run -64 --separate-stderr acct-balance -i t.acct 'sum(amuont)'
	same "acct-balance: no column 'amuont'; did you mean 'amount'? columns are: id, account, day, amount, type, note" "${stderr_lines[0]}"
	run -64 --separate-stderr acct-balance -i t.acct 'first(amount)'
	same "acct-balance: first takes a value and what to order by: first(a, by)" "${stderr_lines[0]}"
	run -64 --separate-stderr acct-balance -i t.acct -k acount 'count()'
	[[ ${stderr_lines[0]} == *"no column 'acount'; did you mean 'account'? columns are: id, account, "* ]]
	run -64 --separate-stderr acct-balance -i t.acct -k account,account 'count()'
	[[ ${stderr_lines[0]} == *"named twice" ]]
	run -64 acct-balance --frobnicate
}

@test "balance: a type that has no exact sum" {
	mkrec t 's:string f:float64 d:date b:bool' >x.acct </dev/null
	run -64 --separate-stderr acct-balance -i x.acct 'sum(s)'
	same "acct-balance: x.acct: 'sum(s)': column 's' is string: only integers and decimals have an exact sum" "${stderr_lines[0]}"
	for c in f d b; do run -64 acct-balance -i x.acct "sum($c)"; done
}

@test "balance: two output columns of one name" {
	run -64 --separate-stderr acct-balance -i t.acct 'sum(amount)' 'sum(amount)'
	[[ ${stderr_lines[0]} == "acct-balance: two columns of the output are named 'sum_amount': "* ]]
	run -64 --separate-stderr acct-balance -i t.acct -k account 'account=count()'
	[[ ${stderr_lines[0]} == "acct-balance: two columns of the output are named 'account': "* ]]
}

@test "balance: sides that are missing, not needed, the same, or not of the column's type" {
	run -64 --separate-stderr acct-balance -i t.acct 'net(amount)'
	[[ ${stderr_lines[0]} == *"'net(amount)': needs --side, --credit and --debit" ]]
	run -64 acct-balance -i t.acct --side type --credit Deposit 'net(amount)'
	run -64 --separate-stderr acct-balance -i t.acct "${SIDES[@]}" 'sum(amount)'
	[[ ${stderr_lines[0]} == *"are for the functions credit, debit and net, none of which is used" ]]
	run -64 --separate-stderr acct-balance -i t.acct --side type --credit D --debit D 'net(amount)'
	[[ ${stderr_lines[0]} == *"are the same value: 'D'" ]]
	run -64 --separate-stderr acct-balance -i t.acct --side account --credit one --debit 2 'net(amount)'
	[[ ${stderr_lines[0]} == *"--credit 'one': column 'account' is int64" ]]
	run -64 --separate-stderr acct-balance -i t.acct --side kind --credit D --debit W 'net(amount)'
	[[ ${stderr_lines[0]} == *"--side: no column 'kind'; columns are: id, "* ]]
}

@test "balance: a record on neither side names itself" {
	mkrec t 'v:int64! s:string' >s.acct <<<$'1\tD\n2\tW\n3\tDeposit\n4\tX'
	run -65 --separate-stderr sh -c 'acct-balance -i s.acct --side s --credit D --debit W "net(v)" -o out.acct'
	same "acct-balance: s.acct: record 3: s: neither a credit nor a debit value: 'Deposit' (table t)" "$stderr"
	[ ! -e out.acct ]
	mkrec t 'v:int64! s:int64!' >s.acct <<<$'1\t1\n2\t200'
	run -65 --separate-stderr acct-balance -i s.acct --side s --credit 1 --debit -1 'net(v)' -o out.acct
	same "acct-balance: s.acct: record 2: s: neither a credit nor a debit value: '200' (table t)" "$stderr"
	mkrec t 'v:int64! s:string' >s.acct <<<$'1\tD\n2\t\\N'
	run -65 --separate-stderr sh -c 'acct-balance -i s.acct --side s --credit D --debit W "net(v)" -o out.acct'
	same "acct-balance: s.acct: record 2: s: neither a credit nor a debit value: null (table t)" "$stderr"
}

@test "balance: a stream of changes is refused" {
	printf '\001H acct/1 t _change_type:string! v:int64! @change=1\n\001T 0 0000000000000000\n' >c.acct
	run -65 --separate-stderr acct-balance -i c.acct 'sum(v)'
	same "acct-balance: c.acct: a stream of changes: its records are not rows to be added up, but --states makes signed states of them" "$stderr"
}

# ---- All the values of a group ----

@test "balance: distinct counts, quantiles, variances, lists and truths" {
	mkrec t 'k:string! v:decimal(9,2) i:int32 s:string' >v.acct <<-'END'
	a	1.00	3	x
	a	2.00	5	\N
	a	2.00	\N	y
	b	\N	\N	\N
	c	5.55	1	
	END
	acct-balance -k k 'count(distinct v)' 'median(v)' 'quantile_cont(v, 0.25)' 'quantile_disc(s, 0.5)' 'stddev_samp(v)' \
	    'var_samp(i)' "string_agg(s, ', ')" 'any_value(s)' 'n = count(distinct v) filter (where i > 3)' 'all = bool_and(v > 1)' \
	    -i v.acct >out.acct
	acct-cat --check out.acct
	same "k	count_distinct_v	median_v	quantile_cont_v	quantile_disc_s	stddev_samp_v	var_samp_i	string_agg_s	any_value_s	n	all
a	2	2.000000	1.500000	x	0.577350	2.000000	x, y	x	1	false
b	0	\\N	\\N	\\N	\\N	\\N	\\N	\\N	0	\\N
c	1	5.550000	5.550000		\\N	\\N			0	true" "$(tsv out.acct)"
	same "count_distinct_v:int64!
median_v:decimal(38,6)
quantile_cont_v:decimal(38,6)
quantile_disc_s:string
stddev_samp_v:decimal(38,6)
var_samp_i:decimal(38,6)
string_agg_s:string
any_value_s:string
n:int64!
all:bool" "$(columns out.acct | tail -n +2)"
}

@test "balance: a quantile and a list that are refused" {
	for bad in 'quantile_cont(amount, 1.5)' 'quantile_disc(id, -0.5)' 'quantile_disc(id, id)' 'median(note)' 'string_agg(id, type)' \
	    "string_agg(id, ',')" 'sum(distinct id)' 'count(distinct)' 'x = median(sum(id))' 'bool_or(id)' 'stddev_samp(note)' 'median(id, id)'; do
		run -64 --separate-stderr acct-balance -i t.acct "$bad"
		[ "${#stderr_lines[@]}" -ge 3 ]
	done
	run -64 --separate-stderr acct-balance --states -i t.acct 'n = count(distinct id)'
	[[ ${stderr_lines[0]} == *"'count(distinct id)': has no states that add up" ]]
	mkrec t 'v:int64!' <<<$'9000000000000000000\n-9000000000000000000' >w.acct
	run -65 --separate-stderr sh -c 'acct-balance -i w.acct "stddev_samp(v)" -o out'
	[[ $stderr == *"is beyond decimal(38,0)" ]]
	same $'median_v\n0.000000' "$(acct-balance -i w.acct 'median(v)' | tsv)"
}

@test "balance: values beyond --memory are sorted on disk, byte for byte the same" {
	seq 1 200000 | awk '{ print $1 % 3 "\t" ($1 * 7919) % 100003 "\ttext " $1 % 500 }' | mkrec t 'k:int64! v:int64! s:string!' >v.acct
	acct-balance -k k 'count(distinct s)' 'median(v)' 'quantile_disc(v, 0.9)' "string_agg(s, ',')" -i v.acct --memory 1G >want
	mkdir small
	TMPDIR=$PWD/small acct-balance -k k 'count(distinct s)' 'median(v)' 'quantile_disc(v, 0.9)' "string_agg(s, ',')" -i v.acct --memory 1 | cmp - want
	run -73 env TMPDIR=/nowhere "$(command -v acct-balance)" -k k 'median(v)' -i v.acct --memory 1 -o out
	same "500 500 500" "$(acct-cat -f tsv -c count_distinct_s want | tail -n +2 | paste -sd ' ')"
}

@test "balance: random quantiles, variances and lists are those of Python's fractions" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "# ACCT_SEED=$seed" >&3
	python3 "$ROOT/tests/values_model.py" "${ACCT_CASES:-$(sanitized && echo 40 || echo 200)}" "$seed" >&2
}

# ---- Input and output that fail ----

@test "balance: no output that could pass for whole when the input is not" {
	head -n 4 t.acct >cut.acct
	run -65 --separate-stderr sh -c 'acct-balance -k account "count()" <cut.acct -o out.acct'
	same "acct-balance: <stdin>: truncated: 3 records, trailer missing" "$stderr"
	[ ! -e out.acct ]
	same "account	count
-3	1
7	2" "$(acct-balance --partial -k account 'count()' <cut.acct | tsv)"
	head -c 100 t.acct >cut.acct
	run -65 --separate-stderr sh -c 'acct-balance --partial -k account "count()" <cut.acct -o out.acct'
	[[ $stderr == "acct-balance: <stdin>: truncated: "* ]]
	run -65 --separate-stderr sh -c 'acct-balance -k account "count()" </dev/null -o out.acct'
	[[ $stderr == "acct-balance: <stdin>: empty: header missing" ]]
}

@test "balance: a torn record" {
	{ head -n 2 t.acct; printf 'A\tB\n'; } >torn.acct
	run -65 --separate-stderr sh -c 'acct-balance -i torn.acct "count()" -o out.acct'
	[[ $stderr == "acct-balance: torn.acct: record 2: 2 fields where the header has 6: "* ]]
}

@test "balance: missing file, a folder, an output that cannot be made" {
	run -66 --separate-stderr acct-balance -i none.acct 'count()'
	[[ $stderr == "acct-balance: none.acct: No such file or directory" ]]
	mkdir folder
	run -66 --separate-stderr acct-balance -i folder 'count()'
	run ! acct-balance -i t.acct -o folder/none/out.acct 'count()'
}

@test "balance: a full disk and a closed output" {
	run -74 --separate-stderr sh -c 'acct-balance -k account "count()" <t.acct >/dev/full'
	[[ $stderr == "acct-balance: <stdout>: No space left on device" ]]
	run -74 --separate-stderr sh -c 'acct-balance -k account "count()" <t.acct >&-'
	[[ $stderr == "acct-balance: <stdout>: "* ]]
}

@test "balance: head may leave early" {
	seq 1 200000 | mkrec t 'k:int64!' >big.acct
	run -0 --separate-stderr sh -c 'acct-balance -k k "count()" <big.acct | head -n 3 | wc -l'
	[ "$output" -eq 3 ]
	[ -z "$stderr" ]
}

@test "balance: totals with -v, help, version" {
	run -0 --separate-stderr sh -c 'acct-balance -v -k account "count()" <t.acct >out.acct'
	same "acct-balance: <stdin>: 5 records in, 3 out" "$stderr"
	run -0 --separate-stderr acct-balance -h
	[[ $output == "usage: acct-balance [-k KEY"* ]]
	[ -z "$stderr" ]
	run -0 acct-balance -V
}

@test "balance: the portable and the fast path agree" {
	seq 1 5000 | awk '{ print $1 % 97 "\t" ($1 * 7919 % 100003 - 50000) }' | mkrec t 'k:int64! v:int64!' >p.acct
	acct-balance -k k -i p.acct 'sum(v)' 'min(v)' 'max(v)' >fast.acct
	ACCT_PORTABLE=1 acct-balance -k k -i p.acct 'sum(v)' 'min(v)' 'max(v)' >slow.acct
	cmp fast.acct slow.acct
}

@test "balance: a side of several values, each by an option of its own" {
	mkrec t 'v:int64! s:string' >s.acct <<<$'100\tPRIJEM\n30\tVYDAJ\n20\tVYBER\n5\tPRIJEM\n1\tVYBER'
	run -0 --separate-stderr sh -c "acct-balance -i s.acct --side s --credit PRIJEM --debit VYDAJ --debit VYBER \
	    'c=credit(v)' 'd=debit(v)' 'n=net(v)' | acct-cat -f csv"
	same "c,d,n
105,51,54" "$output"
	run -64 --separate-stderr acct-balance -i s.acct --side s --credit A --debit B --debit A 'net(v)'
	same "acct-balance: s.acct: --credit and --debit are the same value: 'A'" "${stderr_lines[0]}"
	run -64 --separate-stderr acct-balance -i s.acct --side s --credit A --debit B --debit B 'net(v)'
	same "acct-balance: s.acct: --debit 'B' is given twice" "${stderr_lines[0]}"
}

@test "balance: a record on neither side names table, file and line where the stream knows them" {
	printf 'v,s\n1,D\n2,X\n' >t.csv
	run -65 --separate-stderr sh -c 'acct-ingest t.csv | acct-balance --side s --credit D --debit W "net(_line)" -o out.acct'
	same "acct-balance: <stdin>: record 2: s: neither a credit nor a debit value: 'X' (table t, t.csv:3)" "$stderr"
}

@test "balance: close keys beyond --memory, and keys that turn out to lie apart" {
	awk 'BEGIN { for (i = 0; i < 600000; i++) printf "%d\t%d\ttext %d\n", i * 7919 % 400000, i, i % 1000 }' |
		mkrec t 'k:int64! v:int64! s:string!' >close.acct
	awk 'BEGIN { for (i = 0; i < 600000; i++) printf "%.0f\t%d\ttext %d\n", (i < 300000 ? 1 : 900000007) * (i % 250000), i, i % 1000 }' |
		mkrec t 'k:int64! v:int64! s:string!' >apart.acct
	for f in close apart; do
		acct-balance -i $f.acct -k k 'count()' 'sum(v)' 'max(s)' 'first(s,v)' >$f.want
		for size in 100K 16M 20M 40M; do
			acct-balance --memory $size -i $f.acct -k k 'count()' 'sum(v)' 'max(s)' 'first(s,v)' | cmp - $f.want
		done
	done
}

# ---- Expressions ----

@test "balance: keys and arguments are expressions, with filters" {
	same "month	n	total	rent	days
1	1	51.00	25.50	1
2	1	20.00	0.00	1
3	3	282.00	0.00	7" "$(acct-balance -i t.acct -k 'month = month(day)' 'n=count()' 'total = sum(amount * 2)' \
	    "rent = sum(amount) filter (where note = 'rent')" "days = max(day) - min(day) + count(*) filter (where :yes)" -D yes=true \
	    | tsv)"
}

@test "balance: what is computed from aggregates is exact, and rounded once" {
	same "account	mean	exact	third	net_amount	share
-3	25.50	25.500000	8.50	-25.50	0.1445
7	47.00	47.000000	47.00	60.50	0.7989
129	10.00	10.000000	3.33	10.00	0.0567" "$(acct-balance -i t.acct -k account "${SIDES[@]}" 'mean = round(avg(amount), 2)' \
	    'exact = avg(amount)' 'third = round(sum(amount) / 3, 2)' 'net(amount)' 'share = round(sum(amount) / 176.50, 4)' | tsv)"
	mkrec t 'v:decimal(9,3)' >v.acct <<<$'0.005\n0.004\n\\N'
	same "a	b	c
0.004500	0.00	0.005" "$(acct-balance -i v.acct 'a=avg(v)' 'b=round(avg(v), 2)' 'c=round(avg(v), 3)' | tsv)"
	same "avg_v
\\N" "$(acct-balance -i v.acct 'avg_v = avg(v) filter (where v > 1)' | tsv)"
	same "avg_v" "$(acct-balance -i v.acct 'avg(v)' | tsv | head -n 1)"
}

@test "balance: computed groups spill to disk, and give the same" {
	seq 1 30000 | awk '{ print $1 % 5000 "\t" $1 ".25" }' | mkrec t 'k:int64! v:decimal(12,2)!' >c.acct
	acct-balance -i c.acct -k 'k = k * 3' 'n=count()' 's=sum(v + k)' 'l=last(v, v)' >want
	acct-balance --memory 64K -i c.acct -k 'k = k * 3' 'n=count()' 's=sum(v + k)' 'l=last(v, v)' | cmp - want
	same "$(seq 1 30000 | awk '{ s += $1 + 0.25 + $1 % 5000 } END { printf "%.2f", s }')" "$(acct-balance -i want 'sum(s)' | tsv | tail -n 1)"
}

@test "balance: faults of computed keys, arguments and results" {
	run -65 --separate-stderr sh -c 'acct-balance -i t.acct "x = sum(1 / (account - 7))" >out'
	same "acct-balance: t.acct: record 1: '1 / (account - 7)': division by zero" "$stderr"
	run -65 --separate-stderr sh -c 'acct-balance -i t.acct -k account "x = 1 / (count() - 1)" >out'
	same "acct-balance: t.acct: x: output's record 1: '1 / (count() - 1)': division by zero" "$stderr"
	run -64 --separate-stderr acct-balance -i t.acct 'sum(avg(amount))'
	same "acct-balance: an aggregate inside an aggregate" "${stderr_lines[0]}"
	run -64 --separate-stderr acct-balance -i t.acct 'sum(amount) + 1'
	same "acct-balance: an expression needs a name: name=sum(amount) + 1" "${stderr_lines[0]}"
	run -64 --separate-stderr acct-select -c 'x = sum(amount)' t.acct
	same "acct-select: --columns: no function 'sum': aggregates are acct-balance's" "${stderr_lines[0]}"
	run -65 --separate-stderr sh -c 'acct-balance -i t.acct --side note --credit rent --debit food "net(amount)" "y = sum(amount * 1)" >out'
	same "acct-balance: t.acct: record 1: note: neither a credit nor a debit value: null (table transactions)" "$stderr"
}
