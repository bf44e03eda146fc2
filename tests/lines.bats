load helper

# The tools of the system work on streams as acct-record(5) promises; stream.bats has what readers refuse.

TAB=$'\t'

prepare() {
	mkrec accounts 'account_id:int64*! kind:string balance:decimal(18,2)' >a.acct <<-'END'
	3	Savings	-2500.75
	-1	Checking	100.00
	200		0.05
	10	\N	\N
	2	\x01\t\n	7.00
	END
	mkrec accounts 'account_id:int64*! kind:string balance:decimal(18,2)' >b.acct <<-'END'
	10	\N	\N
	4	Savings	1.00
	END
}

ids() {
	acct-cat -f tsv -c account_id "$@" | tail -n +2 | paste -sd ' '
}

records() {
	grep -av $'^\001' "$@"
}

@test "lines: sort orders records by the value of their first column, and the stream stays whole" {
	LC_ALL=C sort a.acct >s.acct
	run -0 --separate-stderr acct-cat --check s.acct
	[ -z "$stderr" ]
	same "-1 2 3 10 200" "$(ids s.acct)"
}

@test "lines: sort -r turns the control lines too, so the header stays out of it" {
	run -65 --separate-stderr sh -c 'LC_ALL=C sort -r a.acct | acct-cat'
	[[ $stderr == "acct-cat: <stdin>: not a record stream: header missing before: "* ]]
	same "200 10 3 2 -1" "$( { head -n 1 a.acct; tail -n +2 a.acct | LC_ALL=C sort -r; } | ids)"
}

@test "lines: sort by any column of any type orders values, nulls first, also by several columns" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "ACCT_SEED=$seed"
	cat >make.py <<-'END'
	import random, sys, datetime, struct
	random.seed(int(sys.argv[1]))
	def integer(bits):
	    b = random.randrange(bits)
	    return random.choice((-1, 1)) * random.getrandbits(b) if b else 0
	def decimal(p, s):
	    v = integer(p * 3)
	    digits = str(abs(v)).rjust(s + 1, "0")
	    return v, ("-" if v < 0 else "") + (digits[:-s] + "." + digits[-s:] if s else digits)
	def text(v): return v, str(v)
	def date():
	    d = datetime.date.fromordinal(random.randint(1, 3652059))
	    return d.toordinal(), d.strftime("%Y").rjust(4, "0") + d.strftime("-%m-%d")
	def timestamp():
	    t = datetime.datetime(1, 1, 1) + datetime.timedelta(microseconds=random.randrange(315537897600000000))
	    return t, t.isoformat().rjust(26, "0") + "Z" if t.microsecond else t.isoformat() + "Z"
	def real():
	    v = random.choice((0.0, float("inf"), float("-inf"), random.gauss(0, 1), integer(60) * 1.0, random.random() * 10 ** random.randint(-300, 300)))
	    return v, repr(v)
	def string():
	    v = "".join(random.choice("\t\n\r\x01\x1a\x1b\x1f !@AZaz~\x7f\u00e9\u65e5\U0001f600") for _ in range(random.randrange(4)))
	    shown = "".join("\\x%02x" % ord(c) if c < " " else c for c in v)
	    return v.encode(), shown
	types = [("bool", lambda: random.choice(((0, "false"), (1, "true")))), ("int32", lambda: text(integer(31))),
	    ("int64", lambda: text(integer(63))), ("decimal(18,2)", lambda: decimal(18, 2)), ("decimal(38,10)", lambda: decimal(38, 10)),
	    ("decimal(5,0)", lambda: decimal(5, 0)), ("date", date), ("timestamp", timestamp), ("float64", real), ("string", string)]
	rows = []
	for i in range(400):
	    row = [(2, i, str(i))]
	    for name, make in types:
	        row.append((1, 0, "\\N") if random.random() < .1 else (2,) + make())
	    rows.append(row)
	if random.random() < .9:	# ties for sorting by several columns
	    for row in rows:
	        for c in range(1, len(row)):
	            if random.random() < .7: row[c] = rows[random.randrange(5)][c]
	with open("rows.tsv", "w", encoding="utf-8", newline="") as f:
	    for row in rows: f.write("\t".join(v[2] for v in row) + "\n")
	with open("columns", "w") as f:
	    f.write("id:int64*! " + " ".join("c%d:%s" % (i + 1, t[0]) for i, t in enumerate(types)))
	with open("orders", "w") as f:
	    for keys in [[c] for c in range(1, len(types) + 1)] + [random.sample(range(1, len(types) + 1), 3) for _ in range(10)]:
	        order = sorted(rows, key=lambda r: [r[c][:2] for c in keys])
	        f.write(" ".join("-k%d,%d" % (c + 1, c + 1) for c in keys) + ":" + " ".join(str(r[0][1]) for r in order) + "\n")
	END
	python3 make.py "$seed"
	mkrec t "$(cat columns)" <rows.tsv >t.acct
	n=0
	while IFS=: read -r keys want; do
		LC_ALL=C sort -s -t "$TAB" $keys t.acct >s.acct
		same "$want" "$(acct-cat -f tsv -c id s.acct | tail -n +2 | paste -sd ' ')" || { echo "sort $keys" >&2; false; }
		n=$((n + 1))
	done <orders
	same 20 "$n"
}

@test "lines: control lines sort above every record, whatever the column" {
	for keys in "-k1,1" "-k2,2" "-k3,3" "-k3,3 -k1,1"; do
		LC_ALL=C sort -t "$TAB" $keys a.acct | head -n 2 | grep -ac $'^\001' | grep -qx 2
	done
	LC_ALL=C sort -t "$TAB" -k3,3 a.acct | acct-cat --check
}

@test "lines: head cuts a stream, which is refused, and taken with --partial" {
	run -65 --separate-stderr sh -c 'head -n 3 a.acct | acct-cat -f tsv'
	same "acct-cat: <stdin>: truncated: 2 records, trailer missing" "$stderr"
	same "3 -1" "$(head -n 3 a.acct | ids --partial)"
	same "3 -1" "$(head -n 3 a.acct | ACCT_PARTIAL=1 ids)"
	same "" "$(head -n 1 a.acct | ids --partial)"
}

@test "lines: tail needs the header" {
	run -65 --separate-stderr sh -c 'tail -n 3 a.acct | acct-cat --partial'
	[[ $stderr == "acct-cat: <stdin>: not a record stream: header missing before: "* ]]
	same "10 2" "$( { head -n 1 a.acct; tail -n 3 a.acct; } | ids --partial)"
}

@test "lines: wc -l counts records, header and trailer" {
	same 7 "$(wc -l <a.acct)"
	same 5 "$(grep -avc $'^\001' a.acct)"
}

@test "lines: split and cat" {
	split -n l/3 a.acct part.
	cat part.* | cmp - a.acct
	split -l 2 a.acct piece.
	cat piece.* | acct-cat --check
	run -65 --separate-stderr sh -c 'cat piece.aa piece.ac | acct-cat'	# one is missing
}

@test "lines: cat of two streams is their stream" {
	same "3 -1 200 10 2 10 4" "$(cat a.acct b.acct | ids)"
	same "-1 2 3 4 10 10 200" "$(cat a.acct b.acct | LC_ALL=C sort | ids)"
	cat a.acct a.acct | acct-cat --check
	mkrec accounts 'account_id:int64*! kind:string' </dev/null >other.acct
	run -65 --separate-stderr sh -c 'cat a.acct other.acct | acct-cat'
	[[ $stderr == "acct-cat: <stdin>: after record 5: a header with other columns than the first: "* ]]
	run -65 --separate-stderr sh -c 'head -n 4 b.acct | cat - a.acct | sed "\$d" | acct-cat'
	[[ $stderr == "acct-cat: <stdin>: truncated: 7 records, trailer missing" ]]
	run -65 --separate-stderr sh -c '{ cat b.acct; head -n 3 a.acct; } | acct-cat'
	[[ $stderr == "acct-cat: <stdin>: truncated: 4 records, trailer missing" ]]
}

@test "lines: tee gives the same stream twice" {
	tee copy.acct <a.acct | acct-cat --check
	cmp a.acct copy.acct
}

@test "lines: cut keeps columns of records" {
	same "$(records a.acct | cut -f 3)" "$(acct-select -c balance a.acct | records)"
	same "$(records a.acct | cut -f 1,2)" "$(acct-select -c account_id,kind a.acct | records)"
	run -65 --separate-stderr sh -c 'cut -f 1 a.acct | acct-cat'		# the header still says three
	[[ $stderr == "acct-cat: <stdin>: record 1: 1 fields where the header has 3: "* ]]
}

@test "lines: comm and uniq find equal records" {
	LC_ALL=C sort a.acct >s.acct
	LC_ALL=C sort b.acct >t.acct
	same "10" "$(LC_ALL=C comm -12 s.acct t.acct | ids --partial)"
	same "4" "$(LC_ALL=C comm -13 s.acct t.acct | cat <(head -n 1 a.acct) - | ids --partial)"
	same "-1 2 3 4 10 200" "$(cat a.acct b.acct | LC_ALL=C sort | LC_ALL=C uniq | ids --partial)"
	same "10" "$(records a.acct b.acct -h | LC_ALL=C sort | LC_ALL=C uniq -d | cat <(head -n 1 a.acct) - | ids --partial)"
}

@test "lines: grep -a with --partial" {
	same "3" "$(grep -a -e $'^\001H' -e Savings a.acct | ids --partial)"
}

@test "lines: parallel --pipe works on parts" {
	command -v parallel >/dev/null || skip "SKIPPED: GNU parallel is not here"
	awk 'BEGIN { for (i = 1; i <= 20000; i++) printf "%d\tSavings\t%d.00\n", i, i % 2 ? i : -i }' |
		mkrec accounts 'account_id:int64*! kind:string balance:decimal(18,2)' >big.acct
	parallel --will-cite --pipe --block 50k --keep-order --header 1 'acct-select --partial -w "balance < 0"' <big.acct >got.acct
	run -0 --separate-stderr acct-cat --check got.acct
	[ "$(grep -ac $'^\001H' got.acct)" -gt 3 ]
	acct-select -w 'balance < 0' big.acct | records | cmp - <(records got.acct)
}

@test "lines: file(1) knows a stream by lib/rec/magic" {
	command -v file >/dev/null || skip "SKIPPED: file(1) is not here"
	same "acct record stream, version 1, table accounts" "$(file -b -m "$ROOT/lib/rec/magic" a.acct)"
}
