load helper

prepare() {
	mkrec t 'id:int64*! account:int64! day:date! amount:decimal(18,2)! note:string' >t.acct <<-'END'
	1	7	2024-03-05	100.00	a
	2	-3	2024-01-31	25.50	b
	3	7	2024-03-01	40.25	\N
	END
	mkrec t '_change_type:string! id:int64*! account:int64! day:date! amount:decimal(18,2)! note:string' <<-'END' |
	update_preimage	1	7	2024-03-05	100.00	a
	update_postimage	1	7	2024-03-05	90.00	a
	insert	4	8	2024-03-05	1.00	z
	delete	2	-3	2024-01-31	25.50	b
	END
	    sed '1s/$/ @change=1/' >c.acct
	AGG=(-k account 'n=count()' 'total=sum(amount)' 'first_day=min(day)')
}

# The header's columns, a word each.
columns() {
	head -n 1 "$1" | cut -d ' ' -f 4- | tr ' ' '\n' | grep -v '^@'
}

@test "states: changes are added to the states before them, and keys without records leave" {
	acct-balance --states "${AGG[@]}" <t.acct >t.states
	acct-balance --states "${AGG[@]}" <c.acct >c.states
	acct-cat --check t.states c.states
	same "account	_rows	sum_amount	min_day	min_day_gone
-3	-1	-25.50	\\N	2024-01-31
7	0	-10.00	2024-03-05	2024-03-05
8	1	1.00	2024-03-05	\\N" "$(tsv c.states)"
	want="account	n	total	first_day
7	2	130.25	2024-03-01
8	1	1.00	2024-03-05"
	same "$want" "$(acct-balance --from-states --onto t.states <c.states | tsv)"
	same "$want" "$(cat t.states c.states | acct-balance --from-states | tsv)"
	acct-balance --from-states --states --onto t.states <c.states >after.states
	same "$want" "$(acct-balance --from-states <after.states | tsv)"
}

@test "states: of states are of the same types, at every level" {
	acct-balance --states "${AGG[@]}" <t.acct >1.states
	acct-balance --from-states --states <1.states >2.states
	cmp 1.states 2.states
	same "account:int64*!
_rows:int64!
sum_amount:decimal(38,2)!
min_day:date
min_day_gone:date" "$(columns 2.states)"
	acct-balance "${AGG[@]}" <t.acct >plain
	acct-balance --from-states <2.states | cmp - plain
}

@test "states: a table keeps them, and --onto takes them from there" {
	acct-balance --states "${AGG[@]}" <t.acct | acct-write -m overwrite states
	acct-balance --states "${AGG[@]}" <c.acct >c.states
	same "account	n	total	first_day
7	2	130.25	2024-03-01
8	1	1.00	2024-03-05" "$(acct-read states | acct-balance --from-states --onto - -i c.states | tsv)"
	acct-read -w 'account > 100' states | acct-balance --from-states --onto - -i c.states >out 2>err || status=$?
	same 65 "$status"
	same "acct-balance: c.states: more records for account -3 are taken away than there were" "$(cat err)"
}

@test "states: --stale lists the keys whose extreme was taken away" {
	acct-balance --states -k account 'max(day)' 'last(note,id)' <t.acct >t.states
	acct-balance --states -k account 'max(day)' 'last(note,id)' <c.acct >c.states
	same "account	max_day	last_note
8	2024-03-05	z" "$(acct-balance --from-states --onto t.states --stale stale.acct <c.states | tsv)"
	same $'account\n7' "$(tsv stale.acct)"
	run -65 --separate-stderr sh -c 'acct-balance --from-states --onto t.states <c.states >out'
	same "acct-balance: <stdin>: a minimum, maximum, first or last for account 7 was taken away: --stale lists such keys" "$stderr"
}

@test "states: what is not to be added up is refused" {
	acct-balance --states "${AGG[@]}" <t.acct >t.states
	acct-balance --states -k account 'n=count()' 'total=sum(amount)' 'day=min(day)' <t.acct >u.states
	acct-balance --states "${AGG[@]}" <c.acct >c.states
	run -65 --separate-stderr sh -c 'cat t.states u.states | acct-balance --from-states -o out'
	same "acct-balance: <stdin>: record 3: states that were made by other options" "$stderr"
	run -65 --separate-stderr sh -c 'acct-balance --from-states -o out <c.states'
	same "acct-balance: <stdin>: states of changes alone: --onto names the states that they change" "$stderr"
	run -65 --separate-stderr sh -c 'acct-balance --from-states -o out <t.acct'
	same "acct-balance: <stdin>: not a stream of states, which acct-balance --states writes" "$stderr"
	run -65 --separate-stderr sh -c 'acct-balance --from-states --onto t.acct -o out <t.states'
	same "acct-balance: t.acct: other columns than the states of <stdin>" "$stderr"
	run -64 --separate-stderr acct-balance --from-states 'count()' -i t.states
	run -64 --separate-stderr acct-balance --stale x 'count()' -i t.states
	sed 's/^insert/replace/' c.acct >d.acct
	run -65 --separate-stderr sh -c 'acct-balance --partial --states -i d.acct "count()" -o out'
	[[ $stderr == *": unknown change type: 'replace'" ]]
}

@test "states: a stream cut short, and a full disk" {
	acct-balance --states "${AGG[@]}" <t.acct >t.states
	head -n 2 t.states >cut.states
	run -65 --separate-stderr sh -c 'acct-balance --from-states -o out <cut.states'
	[[ $stderr == "acct-balance: <stdin>: truncated: "* ]]
	run -65 --separate-stderr sh -c 'acct-balance --from-states --onto cut.states -o out <t.states'
	[[ $stderr == "acct-balance: cut.states: truncated: "* ]]
	run -74 --separate-stderr sh -c 'acct-balance --from-states --stale /dev/full <t.states'
	run -74 --separate-stderr sh -c 'acct-balance --from-states --states <t.states >/dev/full'
}

@test "states: changes go through select with their signs" {
	same "_change_type	account	amount
delete	7	100.00
insert	7	90.00" "$(acct-select -c account,amount -w 'amount > 50' c.acct | tsv)"
	same "_change_type	account
update_preimage	7
update_postimage	7
insert	8
delete	-3" "$(acct-select -c account c.acct | tsv)"
	acct-select -w 'amount > 50' c.acct | head -n 1 | grep -aq '@change=1'
	acct-select -c '* exclude (_change_type)' c.acct >rows
	run -1 grep -a '@change' rows
	acct-select -c "_change_type = 'delete', *" t.acct | head -n 1 | grep -aq '@change=1'
	run -65 --separate-stderr sh -c "sed 's/^delete/delated/' c.acct | acct-select --partial -w 'amount > 0' -o out"
	[[ $stderr == *": unknown change type: 'delated'" ]]
}

@test "states: changes of either side of a join keep their signs" {
	mkrec u 'account:int64*! who:string!' <<<$'7\tx\n8\ty' >u.acct
	mkrec u '_change_type:string! account:int64*! who:string!' <<<$'update_preimage\t7\tx\nupdate_postimage\t7\tz' |
	    sed '1s/$/ @change=1/' >du.acct
	same "_change_type	id	account	day	amount	note	who
delete	1	7	2024-03-05	100.00	a	x
insert	1	7	2024-03-05	90.00	a	x
insert	4	8	2024-03-05	1.00	z	y" "$(acct-join -k account u.acct c.acct | tsv)"
	same "_change_type	id	account	day	amount	note	who
delete	1	7	2024-03-05	100.00	a	x
insert	1	7	2024-03-05	100.00	a	z
delete	3	7	2024-03-01	40.25	\\N	x
insert	3	7	2024-03-01	40.25	\\N	z" "$(acct-join -k account du.acct t.acct | tee both.acct | tsv)"
	acct-cat --check both.acct
	same "_change_type	id	account	day	amount	note	who
insert	1	7	2024-03-05	100.00	a	x
delete	1	7	2024-03-05	100.00	a	z
delete	1	7	2024-03-05	90.00	a	x
insert	1	7	2024-03-05	90.00	a	z" "$(acct-join -k account du.acct c.acct | tsv)"
	same "_change_type	id
delete	2" "$(acct-join -j anti -k account u.acct c.acct | acct-select -c id | tsv)"
	{ head -n 1 c.acct; tail -n +2 c.acct | LC_ALL=C sort -t "$(printf '\t')" -k3,3; } >sorted.acct
	acct-join --sorted -k account u.acct sorted.acct | tail -n +2 | sort | diff - <(acct-join -k account u.acct c.acct | tail -n +2 | sort)
	for type in left semi anti outer; do
		run -64 --separate-stderr acct-join -j $type -k account du.acct t.acct
		[[ $stderr == "acct-join: du.acct: a stream of changes: "* ]]
	done
	run -64 --separate-stderr acct-join -j outer -k account u.acct c.acct
}

@test "states: the manual's example" {
	mkrec t 'account_id:int64! day:date!' <<<$'1\t2024-01-02\n1\t2024-01-03\n2\t2024-01-05' >old.acct
	mkrec t 'account_id:int64! day:date!' <<<$'1\t2024-01-02\n2\t2024-01-05\n3\t2024-01-06' >t.acct
	mkrec t '_change_type:string! account_id:int64! day:date!' <<<$'delete\t1\t2024-01-03\ninsert\t3\t2024-01-06' |
	    sed '1s/$/ @change=1/' >t.changes
	acct-balance --states -k account_id 'n=count()' 'last_day=max(day)' <old.acct >t.states
	sed -n '/^The states of a table are brought/,/^\.Ed/{/^acct/,/^\.Ed/{s/\\e/\\/;/^\.Ed/d;p;};}' "$ROOT/man/acct-balance.1" >example
	[ "$(wc -l <example)" -eq 8 ]
	sh -e example >out
	acct-balance -k account_id 'n=count()' 'last_day=max(day)' <t.acct | cmp - out
	same $'account_id\n1' "$(tsv stale.acct)"
}

@test "states: random changes of two tables, and random parts, add up to what Python calculates" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "# ACCT_SEED=$seed" >&3
	python3 "$ROOT/tests/states_model.py" "${ACCT_CASES:-$(sanitized && echo 10 || echo 60)}" "$seed" >&2
}
