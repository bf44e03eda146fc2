load helper

prepare() {
	mkrec customers 'customer_id:int64*! name:string!' >c.acct <<-'END'
	1	Ann
	2	Bob
	3	Cyd
	END
	mkrec accounts 'account_id:int64*! customer_id:int64 balance:decimal(18,2)!' >a.acct <<-'END'
	10	2	100.00
	11	1	-5.50
	12	2	7.00
	13	9	1.25
	14	\N	3.00
	END
}

# The header's columns, a word each.
columns() {
	acct-cat --check "$1" && head -n 1 "$1" | cut -d ' ' -f 4- | tr ' ' '\n' | grep -v '^@'
}

# ---- What it joins ----

@test "join: inner" {
	acct-join -k customer_id c.acct <a.acct >out.acct
	same "account_id	customer_id	balance	name
10	2	100.00	Bob
11	1	-5.50	Ann
12	2	7.00	Bob" "$(tsv out.acct)"
}

@test "join: left" {
	acct-join -j left -k customer_id c.acct a.acct >out.acct
	same "account_id	customer_id	balance	name
10	2	100.00	Bob
11	1	-5.50	Ann
12	2	7.00	Bob
13	9	1.25	\\N
14	\\N	3.00	\\N" "$(tsv out.acct)"
}

@test "join: outer" {
	acct-join -j outer -k customer_id c.acct a.acct >out.acct
	same "account_id	customer_id	balance	name
10	2	100.00	Bob
11	1	-5.50	Ann
12	2	7.00	Bob
13	9	1.25	\\N
14	\\N	3.00	\\N
\\N	3	\\N	Cyd" "$(tsv out.acct)"
}

@test "join: semi and anti share out the probe side" {
	acct-join -j semi -k customer_id c.acct a.acct >semi.acct
	acct-join -j anti -k customer_id c.acct a.acct >anti.acct
	same "account_id	customer_id	balance
10	2	100.00
11	1	-5.50
12	2	7.00" "$(tsv semi.acct)"
	same "account_id	customer_id	balance
13	9	1.25
14	\\N	3.00" "$(tsv anti.acct)"
	sort semi.acct anti.acct | grep -av $'^\001' >both
	sort a.acct | grep -av $'^\001' | cmp - both
}

@test "join: duplicates on both sides give all pairs, in probe order and in build order within" {
	mkrec l 'k:string x:int64' >l.acct <<<$'a\t1\nb\t2\na\t3'
	mkrec r 'y:int64 k:string' >r.acct <<<$'7\ta\n8\ta\n9\tb'
	same "k	x	y
a	1	7
a	1	8
b	2	9
a	3	7
a	3	8" "$(acct-join -k k r.acct l.acct | acct-cat -f tsv)"
}

@test "join: nulls equal nothing, not even nulls, in any column of the key" {
	mkrec l 'a:string b:string x:int64' >l.acct <<<$'\\N\tp\t1\nq\t\\N\t2\n\t\t3'
	mkrec r 'a:string b:string y:int64' >r.acct <<<$'\\N\tp\t4\nq\t\\N\t5\n\t\t6'
	same $'a\tb\tx\ty\n\t\t3\t6' "$(acct-join -k a,b r.acct l.acct | acct-cat -f tsv)"
	same "a	b	x	y
\\N	p	1	\\N
q	\\N	2	\\N
		3	6
\\N	p	\\N	4
q	\\N	\\N	5" "$(acct-join -j outer -k a,b r.acct l.acct | acct-cat -f tsv)"
}

@test "join: keys of other names and in another order" {
	mkrec owners 'name:string owner:int64' >o.acct <<<$'Ann\t1\nBob\t2'
	same "account_id	customer_id	balance	name
10	2	100.00	Bob
11	1	-5.50	Ann
12	2	7.00	Bob" "$(acct-join -k customer_id=owner o.acct a.acct | acct-cat -f tsv)"
	mkrec l 'x:int64 a:string b:string' >l.acct <<<$'1\tp\tq\n2\tpq\t'
	mkrec r 'b2:string y:int64 a:string' >r.acct <<<$'q\t5\tp\n\t6\tpq\npq\t7\t'
	same $'x\ta\tb\ty\n1\tp\tq\t5\n2\tpq\t\t6' "$(acct-join -k a,b=b2 r.acct l.acct | acct-cat -f tsv)"
}

@test "join: every type is a key" {
	mkrec l 'b:bool i:int32 d:decimal(38,10) t:date s:timestamp f:float64 x:int64' >l.acct \
		<<<$'true\t-7\t-12.5\t1969-12-31\t2024-01-31T12:00:00Z\t-0.1\t1\nfalse\t-7\t-12.5\t1969-12-31\t2024-01-31T12:00:00Z\t-0.1\t2'
	mkrec r 'b:bool i:int32 d:decimal(38,10) t:date s:timestamp f:float64 y:int64' >r.acct \
		<<<$'true\t-7\t-12.5\t1969-12-31\t2024-01-31T12:00:00Z\t-0.1\t3'
	same $'x\ty\n1\t3' "$(acct-join -k b,i,d,t,s,f r.acct l.acct | acct-cat -f tsv -c x,y)"
}

@test "join: --fill gives a value where a side has no match, and then the column is never null" {
	run -0 --separate-stderr sh -c 'acct-join -j outer -k customer_id --fill name=nobody --fill balance=0 c.acct a.acct >out.acct'
	same "account_id	customer_id	balance	name
10	2	100.00	Bob
11	1	-5.50	Ann
12	2	7.00	Bob
13	9	1.25	nobody
14	\\N	3.00	nobody
\\N	3	0.00	Cyd" "$(tsv out.acct)"
	same "account_id:int64
customer_id:int64
balance:decimal(18,2)!
name:string!" "$(columns out.acct)"
}

@test "join: --fill leaves the nulls that a match has" {
	mkrec r 'customer_id:int64 note:string' >r.acct <<<$'1\t\\N'
	same $'account_id\tnote\n10\t\n11\t\\N\n12\t\n13\t\n14\t' \
		"$(acct-join -j left -k customer_id --fill note= r.acct a.acct | acct-cat -f tsv -c account_id,note)"
}

# ---- What the header says ----

@test "join: what is never null, by type of join" {
	same "account_id:int64*!
customer_id:int64!
balance:decimal(18,2)!
name:string!" "$(acct-join -k customer_id c.acct a.acct >out.acct; columns out.acct)"
	same "account_id:int64*!
customer_id:int64
balance:decimal(18,2)!
name:string" "$(acct-join -j left -k customer_id c.acct a.acct >out.acct; columns out.acct)"
	same "account_id:int64
customer_id:int64
balance:decimal(18,2)
name:string" "$(acct-join -j outer -k customer_id c.acct a.acct >out.acct; columns out.acct)"
	same "account_id:int64*!
customer_id:int64!
balance:decimal(18,2)!" "$(acct-join -j semi -k customer_id c.acct a.acct >out.acct; columns out.acct)"
	same "account_id:int64*!
customer_id:int64
balance:decimal(18,2)!" "$(acct-join -j anti -k customer_id c.acct a.acct >out.acct; columns out.acct)"
}

@test "join: the key stays where it is known to identify the output's records" {
	mkrec totals 'customer_id:int64*! total:decimal(28,2)!' >t.acct <<<$'1\t5.00\n4\t6.00'
	same "customer_id:int64*!
name:string
total:decimal(28,2)!" "$(acct-join -j outer -k customer_id --fill total=0 t.acct c.acct >out.acct; columns out.acct)"
	# many accounts to a customer: the customer's key does not identify the pairs, the account's does
	same "customer_id:int64!
name:string!
account_id:int64*!
balance:decimal(18,2)!" "$(acct-join -k customer_id a.acct c.acct >out.acct; columns out.acct)"
	same "customer_id:int64!
name:string!
account_id:int64
balance:decimal(18,2)" "$(acct-join -j left -k customer_id a.acct c.acct >out.acct; columns out.acct)"
	mkrec plain 'customer_id:int64! note:string' >p.acct <<<$'1\tx'
	same "customer_id:int64!
name:string!
note:string" "$(acct-join -k customer_id p.acct c.acct >out.acct; columns out.acct)"
}

@test "join: table name and words of the header" {
	same "accounts" "$(acct-join -k customer_id c.acct a.acct | head -n 1 | cut -d ' ' -f 3)"
	same "known" "$(acct-join -t known -k customer_id c.acct a.acct | head -n 1 | cut -d ' ' -f 3)"
	acct-select -c "_change_type = 'insert', *" a.acct | sed '1s/$/ @source=x.csv/' >w.acct
	same "1" "$(acct-join -k customer_id c.acct w.acct | head -n 1 | grep -ac ' @change=1$')"
	same "1" "$(acct-join -j semi -k customer_id c.acct w.acct | head -n 1 | grep -ac ' @change=1 @source=x.csv$')"
}

@test "join: bytes that are not UTF-8 in a raw stream go through" {
	printf 'customer_id,note\n1,caf\351\n' >notes.csv
	printf 'id,name\n1,\377\n2,x\n' >names.csv
	acct-ingest names.csv | acct-select -c id,name >names.acct
	acct-ingest notes.csv | acct-join -j left -k customer_id=id names.acct >out.acct
	run -0 --separate-stderr acct-cat --check out.acct
	printf 'caf\351,\377\n' | diff - <(acct-cat -f csv -c note,name out.acct | tail -n 1)
	run -0 --separate-stderr sh -c 'acct-ingest notes.csv | acct-join -j semi -k customer_id=id names.acct | acct-cat --check'
}

# ---- Where the streams come from ----

@test "join: the build side from a pipe, /dev/stdin or -" {
	acct-join -k customer_id c.acct a.acct >want
	acct-join -k customer_id <(cat c.acct) <a.acct | cmp - want
	acct-join -k customer_id /dev/stdin a.acct <c.acct | cmp - want
	cat c.acct | acct-join -k customer_id - a.acct | cmp - want
	acct-join -k customer_id -o out.acct c.acct - <a.acct
	cmp out.acct want
}

@test "join: empty sides" {
	mkrec customers 'customer_id:int64*! name:string!' </dev/null >c0.acct
	mkrec accounts 'account_id:int64*! customer_id:int64 balance:decimal(18,2)!' </dev/null >a0.acct
	for memory in 1 1G; do
		same "account_id	customer_id	balance	name" "$(acct-join --memory $memory -k customer_id c0.acct a.acct | acct-cat -f tsv)"
		same "0" "$(acct-join --memory $memory -j semi -k customer_id c0.acct a.acct | grep -avc $'^\001')"
		same "5" "$(acct-join --memory $memory -j anti -k customer_id c0.acct a.acct | grep -avc $'^\001')"
		same "0" "$(acct-join --memory $memory -j left -k customer_id c.acct a0.acct | grep -avc $'^\001')"
		same "3" "$(acct-join --memory $memory -j outer -k customer_id c.acct a0.acct | grep -avc $'^\001')"
	done
}

@test "join: streams put together, sorted or with several trailers" {
	acct-join -k customer_id c.acct a.acct | grep -av $'^\001' | sort >want
	cat a.acct <(mkrec accounts 'account_id:int64*! customer_id:int64 balance:decimal(18,2)!' </dev/null) |
		acct-join -k customer_id <(LC_ALL=C sort c.acct) | grep -av $'^\001' | sort | cmp - want
}

@test "join: -v tells totals" {
	run -0 --separate-stderr sh -c 'acct-join -v -k customer_id c.acct a.acct >/dev/null'
	same "acct-join: 5 probe records, 3 build records, 3 matched, 3 written" "$stderr"
}

@test "join: an example of the manual: every customer with a total, and the accounts of nobody" {
	mkrec totals 'customer_id:int64*! total:decimal(28,2)!' >totals.acct <<<$'1\t-5.50\n2\t107.00\n9\t1.25'
	same "customer_id	name	total
1	Ann	-5.50
2	Bob	107.00
3	Cyd	0.00
9	\\N	1.25" "$(acct-join -j outer -k customer_id --fill total=0 totals.acct <c.acct | acct-cat -f tsv)"
	same "account_id	customer_id	balance
13	9	1.25
14	\\N	3.00" "$(acct-join -j anti -k customer_id c.acct <a.acct | acct-cat -f tsv)"
}

# ---- On disk, sorted ----

# Two streams of n records each whose keys meet half of the time, some of them often.
many() {
	awk -v n="$1" 'BEGIN { srand(3); for (i = 1; i <= n; i++)
		printf "%d\t%s\tcustomer number %d\n", i, rand() < .1 ? "\\N" : int(rand() * n), i }' |
		mkrec p 'id:int64*! k:int64 text:string!' >p.acct
	awk -v n="$1" 'BEGIN { srand(4); for (i = 1; i <= n; i++)
		printf "%s\t%d.50\tof the build side %d\n", rand() < .1 ? "\\N" : 2 * int(rand() * rand() * n), i, i }' |
		mkrec b 'key:int64 amount:decimal(18,2)! what:string' >b.acct
}

@test "join: beyond --memory on disk, byte for byte the same" {
	many 30000
	for type in inner left outer semi anti; do
		acct-join -j $type -k k=key b.acct p.acct >want
		for memory in 1 200K 1M; do
			run -0 --separate-stderr sh -c 'acct-join -v --memory "$1" -j "$2" -k k=key b.acct p.acct >got' sh $memory $type
			cmp want got
			[ $memory = 1M ] || [[ $stderr == *" partitions on disk" ]]
		done
	done
}

# integers: makes p.acct and b.acct, whose keys are close together but for some, and never null if the argument is '!'.
integers() {
	awk 'BEGIN { srand(5); for (i = 1; i <= 20000; i++)
		printf "%.0f\t%d\n", rand() < .1 ? -2 ^ (20 + int(rand() * 43)) : int(rand() * 30000), i }' |
		mkrec p "k:int64$1 x:int64!" >p.acct
	awk 'BEGIN { srand(6); for (i = 1; i <= 20000; i++)
		printf "%.0f\tof the build side %d\n", rand() < .1 ? -2 ^ (20 + int(rand() * 43)) : int(rand() * 30000), i }' |
		mkrec b "k:int64$1 text:string" >b.acct
}

@test "join: integer keys that are never null join as those that may be" {
	for type in inner left outer semi anti; do
		integers ''
		acct-join -j $type -k k b.acct p.acct | grep -av $'^\001' >want
		integers '!'
		for memory in 1 200K 1G; do
			run -0 --separate-stderr sh -c 'acct-join -v --memory "$1" -j "$2" -k k b.acct p.acct >got' sh $memory $type
			[[ $memory = 1G ]] || [[ $stderr == *" partitions on disk" ]]
			grep -av $'^\001' got | cmp - want
		done
	done
}

@test "join: one key too frequent for memory" {
	awk 'BEGIN { for (i = 1; i <= 400; i++) printf "%d\t%d\n", i % 10 ? 7 : i, i }' | mkrec p 'k:int64 x:int64' >p.acct
	awk 'BEGIN { for (i = 1; i <= 3000; i++) printf "%d\tthis is row number %d of many\n", i % 7 ? 7 : i, i }' |
		mkrec b 'k:int64 text:string' >b.acct
	for type in inner left outer semi anti; do
		acct-join -j $type -k k b.acct p.acct >want
		acct-join --memory 64K -j $type -k k b.acct p.acct | cmp - want
	done
}

@test "join: a build side of one long record and little memory" {
	head -c 3000000 /dev/zero | tr '\0' x | sed 's/^/5\t/' | mkrec b 'k:int64 text:string' >b.acct
	mkrec p 'k:int64' >p.acct <<<$'5\n6\n5'
	acct-join -j left -k k b.acct p.acct >want
	acct-join --memory 64K -j left -k k b.acct p.acct | cmp - want
}

@test "join: memory is bounded" {
	[ -x /usr/bin/time ] || skip "SKIPPED: no /usr/bin/time"
	unsanitized "the sanitizers' own memory is in the way"
	many 300000
	acct-join -j outer -k k=key b.acct p.acct >want
	/usr/bin/time -f %M -o peak acct-join --memory 2M -j outer -k k=key b.acct p.acct | cmp - want
	echo "peak $(cat peak) KiB"
	[ "$(cat peak)" -lt 12000 ]
}

@test "join: a temporary file that cannot be is an error" {
	many 5000
	run -73 --separate-stderr sh -c 'TMPDIR=/nowhere acct-join --memory 64K -k k=key b.acct p.acct >out'
	[[ $stderr == "acct-join: /nowhere/acct-"*": No such file or directory" ]]
}

@test "join: --sorted gives the same in key order" {
	many 20000
	LC_ALL=C sort -t "$(printf '\t')" -k2,2 p.acct >p.sorted
	LC_ALL=C sort -t "$(printf '\t')" -k1,1 b.acct >b.sorted
	for type in inner left semi anti; do
		acct-join -j $type -k k=key b.sorted p.sorted >want
		acct-join --sorted -j $type -k k=key b.sorted p.sorted | cmp - want
		acct-join --sorted --memory 64K -j $type -k k=key b.sorted p.sorted | cmp - want
	done
	acct-join -j outer -k k=key b.sorted p.sorted | LC_ALL=C sort >want
	acct-join --sorted -j outer -k k=key b.sorted p.sorted >got
	LC_ALL=C sort got | cmp - want
	grep -av $'^\001' got | cut -f 2 | LC_ALL=C sort -c
}

@test "join: --sorted refuses what is not sorted, and says where" {
	run -65 --separate-stderr sh -c 'acct-join --sorted -k customer_id c.acct a.acct >out.acct'
	same "acct-join: a.acct: record 2: customer_id: '1' follows '2': --sorted needs key order (LC_ALL=C sort)" "$stderr"
	mkrec r 'a:int64 b:string' >r.acct <<<$'1\tx\n1\t\\N'
	run -65 --separate-stderr sh -c 'acct-join --sorted -k a,b r.acct r.acct >out.acct'
	same "acct-join: r.acct: record 2: b: null follows 'x': --sorted needs key order (LC_ALL=C sort)" "$stderr"
	# to the end of either side, matched or not
	mkrec c 'customer_id:int64 name:string' >late.acct <<<$'8\tx\n9\ty\n7\tz'
	mkrec l 'customer_id:int64' >l.acct <<<$'1'
	run -65 --separate-stderr sh -c 'acct-join --sorted -k customer_id late.acct l.acct >out.acct'
	[[ $stderr == "acct-join: late.acct: record 3: customer_id: '7' follows '9': "* ]]
	run -65 --separate-stderr acct-join --sorted -k customer_id -o out2.acct l.acct late.acct
	[ ! -e out2.acct ]
}

# ---- What it refuses ----

@test "join: -h and -V" {
	run -0 --separate-stderr acct-join -h
	[[ $output == "usage: acct-join "* && -z $stderr ]]
	run -0 --separate-stderr acct-join --help
	run -0 acct-join -V
	[[ $output == "acct-join "* ]]
}

@test "join: wrong use" {
	wrong() {
		run -64 --separate-stderr acct-join "${@:2}"
		[[ $stderr == "acct-join: $1"*"usage: acct-join "* ]] || { echo "$stderr" >&2; return 1; }
		no_records
	}
	wrong "-k is required" c.acct a.acct
	wrong "missing BUILD" -k customer_id
	wrong "too many files: 'x'" -k customer_id c.acct a.acct x
	wrong "-t: must be a name in UTF-8: ''" -t '' -k customer_id c.acct a.acct
	wrong "BUILD and PROBE are both standard input" -k customer_id -
	wrong "-j: must be inner, left, outer, semi or anti: 'right'" -j right -k customer_id c.acct a.acct
	wrong "--fill: must be COLUMN=VALUE: 'name'" -j left --fill name -k customer_id c.acct a.acct
	wrong "--memory: must be a size" --memory much -k customer_id c.acct a.acct
	wrong "-k: an empty name" -k customer_id, c.acct a.acct
	wrong "a.acct: -k: no column 'nobody'; columns are: account_id, customer_id, balance" -k nobody c.acct a.acct
	wrong "c.acct: -k: no column 'cid'; columns are: customer_id, name" -k customer_id=cid c.acct a.acct
	wrong "-k: column 'customer_id' named twice" -k customer_id,customer_id=name c.acct a.acct
	run -64 --separate-stderr acct-join --nonsense c.acct
	[[ $stderr == *"usage: acct-join "* ]]
}

@test "join: streams that do not fit are refused, with the way to rename" {
	run -64 --separate-stderr acct-join -k customer_id=name c.acct a.acct
	same "acct-join: keys of different types: 'customer_id' of a.acct is int64, 'name' of c.acct is string: \
-k NAME=OTHER joins columns of other names, acct-clean gives text its type" "$stderr"
	run -64 --separate-stderr acct-join -k account_id=customer_id a.acct a.acct
	same "acct-join: column 'account_id' is in both a.acct and a.acct: rename it in one of them (acct-select -c new=old)" "$stderr"
	# which works
	acct-select -c other=account_id,customer_id a.acct >b.acct
	same "account_id	customer_id	balance	other
10	2	100.00	10
10	2	100.00	12
11	1	-5.50	11
12	2	7.00	10
12	2	7.00	12
13	9	1.25	13" "$(acct-join -k customer_id b.acct a.acct | acct-cat -f tsv)"
	# semi and anti put out no build column
	run -0 --separate-stderr sh -c 'acct-join -j semi -k account_id a.acct a.acct | cmp - a.acct'
	run -64 --separate-stderr acct-join -k balance=balance <(mkrec t 'balance:decimal(28,2)' </dev/null) a.acct
	[[ $stderr == "acct-join: keys of different types: 'balance' of a.acct is decimal(18,2), 'balance' of "*" is decimal(28,2): -k NAME=OTHER "* ]]
}

@test "join: --fill of what cannot be without a match, or of no value of the type" {
	run -64 --separate-stderr acct-join --fill name=x -k customer_id c.acct a.acct
	same "acct-join: --fill: 'name': no column of this join that can lack a match" "$stderr"
	run -64 --separate-stderr acct-join -j left --fill balance=0 -k customer_id c.acct a.acct
	run -64 --separate-stderr acct-join -j outer --fill customer_id=0 -k customer_id c.acct a.acct
	run -64 --separate-stderr acct-join -j outer --fill name=x --fill name=y -k customer_id c.acct a.acct
	same "acct-join: --fill: 'name': given twice" "$stderr"
	run -64 --separate-stderr acct-join -j outer --fill nane=x -k customer_id c.acct a.acct
	same "acct-join: --fill: 'nane': no column of this join that can lack a match; did you mean 'name'?" "$stderr"
	run -64 --separate-stderr acct-join -j left --fill balanc=0 -k customer_id c.acct a.acct
	same "acct-join: --fill: 'balanc': no column of this join that can lack a match" "$stderr"
	run -64 --separate-stderr acct-join -j outer --fill balance=much -k customer_id c.acct a.acct
	same "acct-join: --fill: 'balance': not a decimal(18,2): 'much'" "$stderr"
}

@test "join: missing files, folders, empty and foreign input" {
	run -66 --separate-stderr acct-join -k k none.acct a.acct
	same "acct-join: none.acct: No such file or directory" "$stderr"
	run -66 --separate-stderr acct-join -k customer_id c.acct none.acct
	same "acct-join: none.acct: No such file or directory" "$stderr"
	run -66 --separate-stderr acct-join -k customer_id . a.acct
	same "acct-join: .: Is a directory" "$stderr"
	run -65 --separate-stderr acct-join -k customer_id c.acct </dev/null
	[[ $stderr == "acct-join: <stdin>: empty"* ]]
	run -65 --separate-stderr acct-join -k customer_id /dev/null a.acct
	[[ $stderr == "acct-join: /dev/null: empty"* ]]
	run -65 --separate-stderr sh -c 'echo a,b | acct-join -k customer_id c.acct'
	[[ $stderr == "acct-join: <stdin>: not a record stream"* ]]
}

@test "join: a stream cut at any byte is refused on either side, in every way of joining" {
	for how in "" "-j semi" "--memory 1 -j outer" "--sorted -j outer"; do
		cut_probe=a.acct; cut_build=c.acct
		if [[ $how == --sorted* ]]; then
			LC_ALL=C sort -t "$(printf '\t')" -k2,2 a.acct | tee sa.acct >/dev/null
			# the control lines where they were
			{ head -n 1 a.acct; grep -av $'^\001' sa.acct; tail -n 1 a.acct; } >sb.acct
			cut_probe=sb.acct
		fi
		for side in $cut_probe $cut_build; do
			size=$(wc -c <$side)
			for ((n = 0; n < size; n++)); do
				head -c $n $side >cut.acct
				p=$cut_probe; b=$cut_build
				[ $side = $cut_probe ] && p=cut.acct || b=cut.acct
				s=0; acct-join $how -k customer_id -o out.acct $b $p 2>err || s=$?
				[ $s -eq 65 ] && [ ! -e out.acct ] || { echo "$how: $side cut at $n: status $s: $(cat err)" >&2; return 1; }
				[ "$(wc -l <err)" -eq 1 ]
			done
		done
	done
}

@test "join: --partial takes them" {
	head -n 3 a.acct >cut.acct
	run -65 --separate-stderr sh -c 'acct-join -k customer_id c.acct <cut.acct >out.acct'
	same "acct-join: <stdin>: truncated: 2 records, trailer missing" "$stderr"
	same "2" "$(acct-join --partial -k customer_id c.acct <cut.acct | grep -avc $'^\001')"
}

@test "join: a torn or wrong record is named" {
	sed '3s/\t[^\t]*$//' a.acct >torn.acct
	run -65 --separate-stderr acct-join -k customer_id c.acct torn.acct
	[[ $stderr == "acct-join: torn.acct: record 2: 2 fields where the header has 3: "* ]]
	sed '2s/Ann/Anx/' c.acct >wrong.acct
	run -65 --separate-stderr sh -c 'acct-join -k customer_id wrong.acct a.acct >/dev/null'
	[[ $stderr == "acct-join: wrong.acct: checksum "* ]]
}

@test "join: a joined record beyond the limit is an error, not a cut" {
	head -c 40000 /dev/zero | tr '\0' x | sed 's/^/5\t/' | mkrec b 'k:int64 text:string' >b.acct
	head -c 40000 /dev/zero | tr '\0' y | sed 's/^/5\t/' | mkrec p 'k:int64 more:string' >p.acct
	for how in "" "--sorted" "--memory 64K"; do
		run -65 --separate-stderr sh -c 'acct-join $1 --max-record 64K -k k b.acct p.acct >out' sh "$how"
		same "acct-join: <stdout>: record 1: longer than 65536 bytes when joined (--max-record)" "$stderr"
	done
}

@test "join: a full disk, a closed output" {
	run -74 --separate-stderr sh -c 'acct-join -k customer_id c.acct a.acct >/dev/full'
	same "acct-join: <stdout>: No space left on device" "$stderr"
	run -74 --separate-stderr sh -c 'acct-join -k customer_id -o /dev/full c.acct a.acct'
	run -74 --separate-stderr sh -c 'acct-join -k customer_id c.acct a.acct >&-'
	[[ $stderr == "acct-join: <stdout>: "* ]]
	run -73 --separate-stderr acct-join -k customer_id -o none/out.acct c.acct a.acct
}

@test "join: | head is quiet" {
	many 100000
	run -0 --separate-stderr bash -c 'acct-join -k k=key b.acct p.acct | head -n 1 >/dev/null; [ ${PIPESTATUS[0]} -eq 141 ]'
	[ -z "$stderr" ]
}

@test "join: -o leaves an older file as it was where the join fails" {
	echo old >out.acct
	run -65 --separate-stderr sh -c 'head -n 2 a.acct | acct-join -k customer_id -o out.acct c.acct'
	same "old" "$(cat out.acct)"
	same "a.acct c.acct out.acct" "$(echo *)"
}

@test "join: two examples of the manual: renamed on the way, and merged" {
	same "account_id	customer_id	balance	name
10	2	100.00	Bob
11	1	-5.50	Ann
12	2	7.00	Bob" "$(acct-join -k customer_id=id <(acct-select -c id=customer_id,name c.acct) a.acct | acct-cat -f tsv)"
	LC_ALL=C sort c.acct >c.sorted
	same "account_id	customer_id	balance	name
11	1	-5.50	Ann
10	2	100.00	Bob
12	2	7.00	Bob" "$(LC_ALL=C sort -t "$(printf '\t')" -k2,2 a.acct | acct-join --sorted -k customer_id c.sorted | acct-cat -f tsv)"
}
