load helper

prepare() {
	mkrec t 'id:int64*! a:decimal(18,2) b:decimal(9,2) n:int32 day:date s:string' >t.acct <<-'END'
	1	10.00	4.00	7	2024-01-31	účet
	2	1.00	0.00	-7	2024-02-29	\N
	3	\N	3.00	\N	\N	b
	END
	mkrec one 'id:int64' <<<1 >one.acct
}

# value EXPRESSION: what it gives for each record of t.acct, joined by commas.
value() {
	acct-select -c "x = $1" t.acct | acct-cat -f tsv | tail -n +2 | paste -sd ,
}

@test "expr: every example of acct-expr(7) gives what it says" {
	sed -n '/^\.Bd/,/^\.Ed/s/^\(\\&\)\{0,1\}\(.*[^ ]\) *=> \(.*\)$/\2\t\3/p' "$ROOT/man/acct-expr.7" >examples
	[ "$(wc -l <examples)" -ge 80 ]
	while IFS=$'\t' read -r expression result; do
		same "$expression => $result" "$expression => $(acct-select -c "x = $expression" one.acct | acct-cat -f tsv | tail -n +2)"
	done <examples
}

@test "expr: the pipelines of acct-expr(7) run" {
	for table in accounts transactions; do
		cp "$ROOT/pipelines/sample/$table.csv" .
		acct-ingest -s "$ROOT/pipelines/bank/sources/$table.yaml" $table.csv |
		    acct-clean -s "$ROOT/pipelines/bank/sources/$table.yaml" -r $table.rejects -o $table.acct
	done
	awk '/^\.Sh EXAMPLES/ { on = 1 } /^\.Sh SEE ALSO/ { on = 0 }
		on && /^\.Bd -literal/ { file = "example." ++n; next }
		on && /^\.Ed/ { file = "" }
		on && file != "" { gsub(/\\e/, "\\"); print > file }' "$ROOT/man/acct-expr.7"
	[ "$(ls example.* | wc -l)" -eq 3 ]
	for e in example.*; do
		run -0 --separate-stderr sh -e "$e"
		[ -z "$stderr" ]
		[ "${#lines[@]}" -gt 1 ]
	done
}

@test "expr: a fault names the expression and the first record at fault" {
	run -65 --separate-stderr sh -c 'acct-select -c "q = a / b" t.acct >out'
	same "acct-select: t.acct: q: record 2: 'a / b': division by zero" "$stderr"
	run -65 --separate-stderr sh -c 'acct-select -w "n <> 0 and a / b > 0" t.acct >out'
	same "acct-select: t.acct: record 2: 'a / b': division by zero" "$stderr"
	run -65 --separate-stderr sh -c 'acct-select -c "q = b::decimal(2,0), r = s::date" t.acct >out'
	same "acct-select: t.acct: r: record 1: 's::date': not a date" "$stderr"
	same "2.500000000000,\N,\N" "$(value 'a / nullif(b, 0)')"
	same "2.50,\N,\N" "$(value 'round(a / nullif(b, 0), 2)')"
	same $'id\n1' "$(acct-select -c id -w 'b <> 0 and a / b > 2' t.acct | acct-cat)"
	same "2.500000000000,0.000000000000,\N" "$(value 'case when b <> 0 then a / b else 0 end')"
}

@test "expr: types follow from the arguments" {
	same "  s  decimal(19,2)
  p  decimal(27,4)
  q  decimal(30,12)
  i  int64
  j  decimal(16,6)
  k  decimal(18,1)
  d  date
  t  string         required" "$(acct-select -c 's=a+b,p=a*b,q=a/nullif(b,0),i=n+1,j=n/100,k=round(a,1),d=day+n,t=concat(s,a)' t.acct |
	    acct-cat --header | tail -n 8)"
}

@test "expr: parameters take the type of what they are beside" {
	same $'id\n1' "$(acct-select -c id -w 'day = :d and a > :least and n = :n' -D d=2024-01-31 -D least=9.99 -D n=7 t.acct | acct-cat)"
	run -64 --separate-stderr acct-select -w 'day = :d' -D d="2024-01-31' or 'a' = 'a" t.acct
	same "acct-select: --where: not a date: '2024-01-31\\' or \\'a\\' = \\'a'" "${stderr_lines[0]}"
	run -64 --separate-stderr acct-select -w 'day = :day' -D days=1 t.acct
	same "acct-select: --where: no value is given for :day; did you mean 'days'?" "${stderr_lines[0]}"
	run -64 acct-select -w 'day = :d' -D d t.acct
	acct-write -i t.acct tab
	same $'id\n1' "$(acct-read -c id -w 'day = :d' -D d=2024-01-31 tab | acct-cat)"
}

@test "expr: lists of items" {
	same "id,a,b,n,day,s" "$(acct-select -c '*' t.acct | acct-cat | head -n 1)"
	same "id,b,s" "$(acct-select -c '* exclude (a, n, "day")' t.acct | acct-cat | head -n 1)"
	same "x,id,a" "$(acct-select -c 'x = concat(a, b)' -c id,a t.acct | acct-cat | head -n 1)"
	acct-select -c '*' t.acct | acct-cat --header | grep -q 'id .*key, required'
	run -64 --separate-stderr acct-select -c 'id' -c 'n,id' t.acct
	same "acct-select: --columns: two columns named 'id'
    n,id
      ^" "$stderr"
	run -64 --separate-stderr acct-select -c 'id, a + b' t.acct
	same "acct-select: --columns: an expression needs a name: name=a + b" "${stderr_lines[0]}"
}

@test "expr: what statistics decide is not read, and what they do not is computed" {
	seq 1 100000 | awk '{ print $1 "\t" $1 % 97 ".00" }' | mkrec big 'id:int64*! a:decimal(9,2)!' | acct-write -m overwrite big
	same $'id\n99999' "$(acct-read -c id -w 'id > 99998 and id % 2 = 1' big | acct-cat)"
	same 1032 "$(acct-read -c id -w 'a * 2 = 100' big | acct-cat | wc -l)"
	run -65 --separate-stderr sh -c 'acct-read -c id -w "1 / (id - 70000) > 1" big >out'
	[[ "$stderr" == "acct-read: big: "*": record 70000: '1 / (id - 70000)': division by zero" ]]
}

@test "expr: current_date is the day of ACCT_NOW" {
	same "2024-03-05" "$(ACCT_NOW=2024-03-05T23:00:00Z acct-select -c 'x = current_date' one.acct | acct-cat | tail -n 1)"
	same "2024-03-06" "$(ACCT_NOW=2024-03-05 acct-select -c 'x = current_date + 1' one.acct | acct-cat | tail -n 1)"
	same "$(date -u +%F)" "$(env -u ACCT_NOW "$(command -v acct-select)" -c 'x = current_date' one.acct | acct-cat | tail -n 1)"
}

@test "expr: a long text and a deep one are refused" {
	run -64 --separate-stderr acct-select -w "$(printf 'id = 1 or %.0s' $(seq 7000)) id = 2" t.acct
	same "acct-select: --where: longer than 64 KiB" "${stderr_lines[0]}"
	run -64 --separate-stderr acct-select -c "x = $(printf 'id + %.0s' $(seq 300)) id" t.acct
	same "acct-select: --columns: more than 200 operators in a row" "${stderr_lines[0]}"
}

@test "expr: random expressions give what a model in Python gives" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "# ACCT_SEED=$seed" >&3
	python3 "$ROOT/tests/expr_model.py" "$(command -v mkrec)" "${ACCT_CASES:-$(sanitized && echo 200 || echo 1500)}" "$seed" >&2
}

@test "expr: patterns that are refused, and texts too long to search" {
	for bad in "regexp_like(s, 'a)(b')" "regexp_like(s, '[')" "regexp_substr(s, s)" "regexp_replace(s, 'a', '\\1')" "regexp_like(id, 'a')" \
	    "regexp_like(s, null)" "regexp_matches(s, 'a')"; do
		run -64 --separate-stderr acct-select -c "x = $bad" t.acct
		[ "${#stderr_lines[@]}" -eq 3 ]
	done
	[[ ${stderr_lines[0]} == *": write regexp_like(s, pattern)" ]]
	printf '%05000d\n' 0 | mkrec t 's:string' >long.acct
	same "true" "$(acct-select -c "x = regexp_like(s, '^0+\$')" long.acct | acct-cat | tail -n 1)"
	run -65 --separate-stderr sh -c "acct-select -c \"x = regexp_substr(s, '1')\" long.acct >out"
	same "acct-select: long.acct: x: record 1: 'regexp_substr(s, \\'1\\')': a text of more than 4096 bytes to search" "$stderr"
	same "b" "$(acct-select -w 'regexp_like(s, :p)' -D p='^b' t.acct | acct-cat -c s | tail -n 1)"
}

@test "expr: random patterns find what Python's re finds" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "# ACCT_SEED=$seed" >&3
	python3 "$ROOT/tests/patterns_model.py" "${ACCT_CASES:-$(sanitized && echo 15 || echo 80)}" "$seed" >&2
}

@test "expr: a rounded quotient is rounded again from what it gives" {
	same "2" "$(acct-select -c 'x = ceil(round(10 / 9.5, 0)) + ceil(10 / 10.5)' one.acct | acct-cat | tail -n 1)"
	same "0.33,0.34,0.33,0.33" "$(acct-select -c 'a = round(1 / 3, 2), b = ceil(round(1 / 3, 4) * 100) / 100 // 0.01 * 0.01, c = trunc(1 / 3, 2), d = round(round(1 / 3, 3), 2)' one.acct | acct-cat | tail -n 1)"
}
