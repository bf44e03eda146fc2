load helper

prepare() {
	mkrec transactions 'transaction_id:int64*! account_id:int64*! day:date amount:decimal(18,2)! fee:decimal(18,2) kind:string' \
	    >t.acct <<-'END'
	1	45	2024-01-01	100.50	0.50	Deposit
	2	12	2024-01-02	200.75	\N	Withdrawal
	3	45	\N	-5.00	0.00	Deposit
	4	7	2024-02-29	0.05	1.25	\N
	END
}

# ids PREDICATE: which records it keeps.
ids() {
	acct-select -w "$1" t.acct | acct-cat -f tsv -c transaction_id | tail -n +2 | tr '\n' ' '
}

@test "select: records by comparison" {
	same "1 3 " "$(ids "account_id = 45")"
	same "2 4 " "$(ids "account_id <> 45")"
	same "2 4 " "$(ids "account_id != 45")"
	same "3 4 " "$(ids "amount < 100.5")"
	same "1 3 4 " "$(ids "amount <= 100.50")"
	same "2 4 " "$(ids "day > '2024-01-01'")"
	same "1 2 4 " "$(ids "'2024-01-01' <= day")"
	same "3 " "$(ids "amount = -5")"
	same "2 " "$(ids "kind = 'Withdrawal'")"
	same "2 " "$(ids "kind > 'Deposit'")"
}

@test "select: null is unknown" {
	same "1 4 " "$(ids "fee > 0")"
	same "3 " "$(ids "not fee > 0")"
	same "2 " "$(ids "fee is null")"
	same "1 3 4 " "$(ids "fee is not null")"
	same "" "$(ids "fee is null and fee > 0")"
	same "2 " "$(ids "fee is null or kind <> 'Deposit'")"
	same "1 3 " "$(ids "kind not in ('Withdrawal', 'x')")"
}

@test "select: in, and, or, not, parentheses" {
	same "1 2 4 " "$(ids "transaction_id in (4, 1, 2, 99)")"
	same "1 3 4 " "$(ids "account_id = 7 or kind = 'Deposit' and amount < 1000")"
	same "1 " "$(ids "(account_id = 7 or kind = 'Deposit') AND NOT amount < 1")"
	same "2 3 " "$(ids "account_id in (12) or \"amount\" < 0")"
}

@test "select: columns with columns" {
	same "3 4 " "$(ids "amount < fee or day is null")"
	same "2 3 " "$(ids "transaction_id < account_id and day is null or account_id > transaction_id and fee is null")"
	mkrec n 'a:int32 b:decimal(20,4) c:decimal(9,1)' >n.acct <<-'END'
	1	1.0001	1.0
	-3	-3.0000	-3.0
	2	1.9999	2.1
	END
	same $'a\n1' "$(acct-select -w 'a < b' n.acct | acct-cat -c a)"
	same $'a\n-3' "$(acct-select -w 'a = b and b = c' n.acct | acct-cat -c a)"
	same $'a\n1\n2' "$(acct-select -w 'b <> c' n.acct | acct-cat -c a)"
}

@test "select: whole records pass byte for byte" {
	acct-select t.acct | cmp - t.acct
	acct-select -w 'amount > -1000' <t.acct | cmp - t.acct
	acct-select -w 'amount > 1000' t.acct | acct-cat --check
}

@test "select: runs of records, short and longer than any buffer, pass byte for byte" {
	{
		seq 1 30000 | sed 's/$/\tshort/'
		for i in 30001 30002 30003; do printf '%d\t' $i; head -c 700000 /dev/zero | tr '\0' x; echo; done
		seq 30004 60000 | sed 's/$/\tshort/'
	} | mkrec t 'id:int64 s:string' >long.acct
	acct-select long.acct | cmp - long.acct
	acct-select -w 'id > 0' long.acct | cmp - long.acct
	acct-select -w "s = 'short' or id = 30002" long.acct | acct-cat -c id >ids
	{ echo id; seq 1 60000 | grep -v '^3000[13]$'; } | diff -u - ids
	acct-select -c 's,again=s,n=id+id' long.acct | acct-cat --check --max-record 32M
}

@test "select: columns, new names, sums and differences" {
	run -0 --separate-stderr sh -c 'acct-select -c "kind,id=transaction_id,net=amount-fee,twice=amount+amount,n=account_id+transaction_id" t.acct |
	    acct-cat -f tsv'
	same $'kind\tid\tnet\ttwice\tn\nDeposit\t1\t100.00\t201.00\t46\nWithdrawal\t2\t\\N\t401.50\t14\nDeposit\t3\t-5.00\t-10.00\t48\n\\N\t4\t-1.20\t0.10\t11' \
	    "$output"
}

@test "select: -c and -w together; a column may be tested and not kept" {
	same $'kind\nDeposit\nDeposit' "$(acct-select -c kind -w 'account_id = 45' t.acct | acct-cat -f csv)"
}

@test "select: a column twice, runs of columns, all in another order" {
	same $'amount,fee,a,b,kind\n100.50,0.50,1,1,Deposit' \
	    "$(acct-select -c 'amount,fee,a=transaction_id,b=transaction_id,kind' t.acct | acct-cat -f csv | head -n 2)"
}

@test "select: the key stays while it is whole" {
	same "  id      int64          key, required
  a       int64          key, required
  again   int64          required
  amount  decimal(18,2)  required
  s       decimal(19,2)" "$(acct-select -c id=transaction_id,a=account_id,again=account_id,amount,s=amount+fee t.acct |
	    acct-cat --header | tail -n 5)"
	same "  transaction_id  int64          required
  fee             decimal(18,2)" "$(acct-select -c transaction_id,fee t.acct | acct-cat --header | tail -n 2)"
}

@test "select: -t names the table" {
	same "table deposits" "$(acct-select -t deposits -w "kind = 'Deposit'" t.acct | acct-cat --header | head -n 1)"
}

@test "select: a change stream stays one unless its first column is left out by name" {
	printf '\001H acct/1 t _change_type:string! id:int64*! @change=1 @source=x\n\001T 0 0000000000000000\n' >c.acct
	acct-select -c _change_type,id c.acct | grep -aq '@change=1'
	acct-select -c id c.acct | head -n 1 | grep -aq ' _change_type:string! id:int64\*! @change=1'
	acct-select -c '* exclude (_change_type)' c.acct >d.acct
	run -1 grep -a '@change' d.acct
	grep -aq '@source=x' d.acct
}

@test "select: raw streams keep their bytes" {
	printf 'a,b\nx\377,1\n' | acct-ingest >r.acct
	same $'a\nx\xff' "$(acct-select -c a -w "b = '1'" r.acct | acct-select -w "a > 'x'" | acct-cat)"
}

@test "select: an error shows the place" {
	run -64 --separate-stderr acct-select -w "day >= '2024-13-01'" t.acct
	same "acct-select: --where: not a date: '2024-13-01'
    day >= '2024-13-01'
           ^" "$stderr"
	no_records
	run -64 --separate-stderr acct-select -w "kind = 'é' und amount > 1" t.acct
	same "acct-select: --where: expected an operator, 'and' or 'or' before 'und'
    kind = 'é' und amount > 1
               ^" "$stderr"
	run -64 --separate-stderr acct-select -c "kind,net=amount-day" t.acct
	same "acct-select: --columns: '-' does not take decimal(18,2) and date: 'amount-day'
    kind,net=amount-day
                    ^" "$stderr"
	run -64 --separate-stderr acct-select -w "amount > 1 and $(printf '(%.0s' $(seq 300))" t.acct
	[[ "${stderr_lines[0]}" == "acct-select: --where: more than 200 levels deep" ]]
	[[ "${stderr_lines[1]}" == "    ...("* ]]
}

@test "select: a sum beyond its type is an error that names the record" {
	mkrec t 'a:int64 d:decimal(4,2)' >o.acct <<-'END'
	1	50.00
	9223372036854775807	-50.00
	END
	run -65 --separate-stderr sh -c 'acct-select -c s=a+a o.acct >out'
	same "acct-select: o.acct: s: record 2: 'a+a': more than the type holds" "$stderr"
	run -65 --separate-stderr sh -c 'acct-select -c "s=(d+d)::decimal(4,2)" o.acct >out'
	same "acct-select: o.acct: s: record 1: '(d+d)::decimal(4,2)': more than the type holds" "$stderr"
	same $'s\n100.00\n-100.00' "$(acct-select -c s=d+d o.acct | acct-cat)"
	same $'z\n0\n0' "$(acct-select -c z=a-a o.acct | acct-cat)"
}

@test "select: a torn stream is refused, and no file is left" {
	head -n 3 t.acct >cut.acct
	run -65 --separate-stderr acct-select -o out.acct -w 'amount > 0' cut.acct
	same "acct-select: cut.acct: truncated: 2 records, trailer missing" "$stderr"
	[ ! -e out.acct ]
	run -65 --separate-stderr sh -c 'acct-select cut.acct | acct-select -w "amount > 0"'
	same "acct-select: cut.acct: truncated: 2 records, trailer missing" "$stderr"
	same 1 "$(acct-select --partial -w 'amount > 100.50' cut.acct | acct-cat -f csv | tail -n +2 | wc -l)"
}

@test "select: totals with -v" {
	run -0 --separate-stderr sh -c 'acct-select -v -w "amount > 100" t.acct >out.acct'
	same "acct-select: 2 of 4 records" "$stderr"
}

@test "select: wrong use" {
	run -64 acct-select a b
	run -64 acct-select -t '' t.acct
	run -64 --separate-stderr acct-select -w '' t.acct
	same "acct-select: --where: expected a column or a value, not the end
    
    ^" "$stderr"
}

# The example of the manual.
@test "select: the manual's pipeline" {
	run -0 --separate-stderr sh -c 'acct-select -w "amount >= 100 and day < '"'2024-02-01'"'" t.acct |
	    acct-select -c "id=transaction_id,net=amount-fee" | acct-cat -f csv'
	same $'id,net\n1,100.00\n2,' "$output"
}

@test "select: texts and words of the header as columns" {
	printf 'id,n\n1,a\377b\n2,\357\236\200\n' >a.csv
	printf 'name: a\ncolumns:\n  - name: id\n    type: date\n  - name: n\n    type: string\n' >a.yaml
	acct-ingest -s a.yaml a.csv | acct-clean -s a.yaml -r r.acct -o /dev/null
	same $'day,file,none,empty,_line\n2024 it\'s,a.csv,,"",2\n2024 it\'s,a.csv,,"",3' \
	    "$(acct-select -c "day='2024 it''s',file=@source,none=@none,empty='',_line" r.acct | acct-cat)"
	run -65 --separate-stderr acct-write -i r.acct tab
	[[ "$stderr" == "acct-write: r.acct: record 1: raw: not UTF-8: "*"; acct-select --text makes text of it" ||
	    "$stderr" == "acct-write: r.acct: record 1: value: not UTF-8: "* ]]
	acct-select --text -c "header=@header,_line,raw" r.acct >text.acct
	acct-cat --check text.acct
	acct-write -i text.acct tab
	acct-read tab | acct-cat -f raw | cmp - a.csv
	for items in "'a'" '@source' "x=@" "x='a" "x='a'*_line" "x=@source,x='b'"; do
		run -64 --separate-stderr acct-select -c "$items" r.acct
		[[ "$stderr" == "acct-select: --columns: "*"^" ]]
	done
	run -64 --separate-stderr acct-select --text r.acct
	run -64 --separate-stderr acct-select -w "reason = @source" r.acct
}

@test "select: the manual's example of rejects in a table" {
	mkrec rejects '_line:int64! reason:string! raw:string!' <<<$'2\ttype\t1,x' >rejects.acct
	acct-select --text -c "day='2024-01-31',header=@header,_line,reason,raw" rejects.acct |
	    acct-write rejects
	same $'day,header,_line,reason,raw\n2024-01-31,,2,type,"1,x"' "$(acct-read rejects | acct-cat)"
}
