load helper

prepare() {
	mkrec accounts 'account_id:int64*! kind:string balance:decimal(18,2) opened:date open:bool' >a.acct <<-'END'
	1	Savings	1000.50	2024-01-31	true
	2	Say "x", y	-2500.75	\N	false
	30		0.05	1969-12-31	\N
	4	\N	\N	\N	\N
	END
}

@test "cat: csv: null is empty, the empty text is a pair of quotes" {
	run -0 --separate-stderr acct-cat a.acct
	same 'account_id,kind,balance,opened,open
1,Savings,1000.50,2024-01-31,true
2,"Say ""x"", y",-2500.75,,false
30,"",0.05,1969-12-31,
4,,,,' "$output"
	[ -z "$stderr" ]
}

@test "cat: csv: line ends inside a value stay, the lines end in LF" {
	mkrec t 'a:string b:string' <<<$'x\\ny\tz\\r' >t.acct
	acct-cat -f csv t.acct >t.csv
	printf 'a,b\n"x\ny","z\r"\n' | cmp - t.csv
}

@test "cat: csv comes back through acct-ingest" {
	acct-cat -f csv -c kind,account_id a.acct >t.csv
	acct-ingest t.csv | acct-cat -c kind,account_id >back.csv
	diff -u t.csv back.csv
}

@test "cat: csv: one column comes back with its empty fields and nulls" {
	printf '%s\n' note a '""' b '""' '""' >t.csv
	run -0 --separate-stderr acct-ingest -v -o t.acct t.csv
	[[ "$stderr" == "acct-ingest: t.csv: 5 rows, "* ]]
	acct-cat -f csv -c note t.acct | diff -u t.csv -
	acct-cat -f csv -c note t.acct >back.csv
	same "$(acct-cat -f tsv t.acct)" "$(acct-ingest -t t back.csv | acct-cat -f tsv)"
	mkrec t 'n:int32' <<<$'1\n\\N\n3' >n.acct
	acct-cat -f csv n.acct >n.csv
	same $'n\n1\n""\n3' "$(cat n.csv)"
	same $'2\t1\n3\t\n4\t3' "$(acct-ingest n.csv | acct-cat -f tsv -c _line,n | tail -n +2)"
	same $'1,\n,3' "$(mkrec t 'n:int32 m:int32' <<<$'1\t\\N\n\\N\t3' | acct-cat -f csv | tail -n +2)"	# beside others as before
	same $'7\n\n8' "$(mkrec t 'n:int32' <<<$'7\n\\N\n8' | acct-cat -f raw -c n)"	# bare text has no quotes
}

@test "cat: tsv: escapes that mkrec reads back" {
	mkrec t 'a:string b:string' <<<$'t\\tn\\nr\\r\\\\\\x01\t\\N' >t.acct
	run -0 --separate-stderr acct-cat -f tsv t.acct
	same $'a\tb\nt\\tn\\nr\\r\\\\\\x01\t\\N' "$output"
	acct-cat -f tsv t.acct | tail -n +2 | mkrec t 'a:string b:string' | cmp - t.acct
}

@test "cat: json lines" {
	run -0 --separate-stderr acct-cat -f json a.acct
	same '{"account_id":1,"kind":"Savings","balance":1000.50,"opened":"2024-01-31","open":true}
{"account_id":2,"kind":"Say \"x\", y","balance":-2500.75,"opened":null,"open":false}
{"account_id":30,"kind":"","balance":0.05,"opened":"1969-12-31","open":null}
{"account_id":4,"kind":null,"balance":null,"opened":null,"open":null}' "$output"
}

@test "cat: json is JSON to another reader, with every digit" {
	mkrec t 'n:int64 d:decimal(38,10) f:float64 s:string t:timestamp' >t.acct <<-'END'
	9223372036854775807	1234567890123456789012345678.0123456789	1e300	\x01\x1f"\\/\t\n日本	2024-01-31T12:00:00.5Z
	-9223372036854775808	-0.0000000001	-0	é😀	1969-12-31T23:59:59Z
	\N	\N	inf	\x7f	\N
	0	0	nan		2000-01-01T00:00:00Z
	END
	acct-cat -f json t.acct >t.json
	run -0 --separate-stderr python3 - <<-'END'
	import json, decimal
	for line in open("t.json", encoding="utf-8"):
	    o = json.loads(line, parse_float=decimal.Decimal)
	    print(o["n"], o["d"], o["f"], ascii(o["s"]), o["t"], sep="|")
	END
	same '9223372036854775807|1234567890123456789012345678.0123456789|1E+300|'"'"'\x01\x1f"\\/\t\n\u65e5\u672c'"'"'|2024-01-31T12:00:00.5Z
-9223372036854775808|-1E-10|0|'"'"'\xe9\U0001f600'"'"'|1969-12-31T23:59:59Z
None|None|inf|'"'"'\x7f'"'"'|None
0|0E-10|nan|'"''"'|2000-01-01T00:00:00Z' "$output"
}

@test "cat: json of bytes that are no UTF-8 is still JSON" {
	printf 'a,b\nx\377y,\355\240\200\n' | acct-ingest | acct-cat -f json -c a,b >t.json
	same '{"a":"x�y","b":"���"}' "$(cat t.json)"
}

@test "cat: random bytes come back from csv, tsv and json" {
	run -0 --separate-stderr python3 - <<-'END'
	import csv, io, json, random, re, subprocess, time
	seed = int(time.time())
	r = random.Random(seed)
	alphabet = [bytes([b]) for b in range(256)] + [b'"', b",", b"\r\n", b"\\", "é".encode(), "日".encode(), "😀".encode()] * 20
	rows = [[b"".join(r.choices(alphabet, k=r.randrange(12))) for c in range(3)] for i in range(400)]
	quoted = lambda v: b'"' + v.replace(b'"', b'""') + b'"'
	text = b"a,b,c\n" + b"".join(b",".join(map(quoted, row)) + b"\n" for row in rows)
	stream = subprocess.run(["acct-ingest"], input=text, capture_output=True, check=True).stdout
	def cat(form):
	    return subprocess.run(["acct-cat", "-c", "a,b,c", "-f", form], input=stream, capture_output=True, check=True).stdout
	back = list(csv.reader(io.StringIO(cat("csv").decode("latin-1"), newline="")))[1:]
	assert [[v.encode("latin-1") for v in row] for row in back] == rows, seed
	def plain(v):
	    names = {b"t": b"\t", b"n": b"\n", b"r": b"\r", b"\\": b"\\"}
	    return re.sub(rb"\\(x(..)|.)", lambda m: bytes([int(m[2], 16)]) if m[2] else names[m[1]], v)
	lines = cat("tsv").split(b"\n")[1:-1]
	assert [[plain(v) for v in line.split(b"\t")] for line in lines] == rows, seed
	lines = cat("json").split(b"\n")[:-1]
	for line, row in zip(lines, rows, strict=True):
	    for have, want in zip(json.loads(line.decode("utf-8")).values(), row, strict=True):
	        try:
	            assert have == want.decode(), (seed, have, want)
	        except UnicodeDecodeError:
	            assert "\ufffd" in have, (seed, have, want)
	for line in cat("table").split(b"\n"):
	    assert not re.search(rb"[\0-\x1f\x7f]", line), (seed, line)
	    line.decode("utf-8")
	END
	[ -z "$output" ]
}

@test "cat: table: numbers to the right, widths of wide and combining characters, controls made visible" {
	mkrec t 'id:int64 name:string amount:decimal(9,2)' >t.acct <<-'END'
	1	日本	-10.00
	1000000	e\xcc\x81t\xc3\xa9	5.25
	3	a\nb\x1b[31m	\N
	4		0.10
	END
	run -0 --separate-stderr acct-cat -f table t.acct
	same '     id  name          amount
-------  ------------  ------
      1  日本          -10.00
1000000  été             5.25
      3  a\nb\x1B[31m
      4  ""              0.10' "$(printf '%s' "$output")"
}

@test "cat: table: later rows keep the widths, longer ones are not cut" {
	{ for i in $(seq 1 1000); do echo "$i	x"; done; printf '1001\t%s\n' "$(printf 'y%.0s' $(seq 100))"; } |
	    mkrec t 'id:int64 s:string' >t.acct
	acct-cat -f table t.acct >t.txt
	[ "$(wc -l <t.txt)" -eq 1003 ]
	same '1001  '"$(printf 'y%.0s' $(seq 100))" "$(tail -n 1 t.txt)"
	same '1000  x' "$(sed -n 1002p t.txt)"
}

@test "cat: table: no records" {
	mkrec t 'id:int64 name:string' </dev/null >t.acct
	run -0 --separate-stderr acct-cat -f table t.acct
	same $'id  name\n--  ----' "$output"
}

@test "cat: on a terminal a table, elsewhere csv" {
	run -0 script -qec 'acct-cat a.acct' /dev/null
	[[ "${lines[1]}" == '----------  '* ]]
	run -0 sh -c 'acct-cat a.acct | head -n 1'
	same 'account_id,kind,balance,opened,open' "$output"
}

@test "cat: columns, in the order asked for" {
	run -0 --separate-stderr acct-cat -f tsv -c balance,account_id a.acct
	same $'balance\taccount_id\n1000.50\t1\n-2500.75\t2\n0.05\t30\n\\N\t4' "$output"
	run -64 --separate-stderr acct-cat -c nothing a.acct
	[[ "$stderr" == "acct-cat: "*nothing*account_id* ]]
}

@test "cat: the mended rejects: header line and raw text" {
	{
		printf '\001H acct/1 t_rejects _line:int64! raw:string! @header=id%%2Cname @raw=1\n'
		printf 'A\205\t7,a"b\nA\206\t8,\351\n'
	} >r.acct
	acct-cat -f raw --partial r.acct >t.csv
	printf 'id,name\n7,a"b\n8,\351\n' | cmp - t.csv
	run -64 --separate-stderr acct-cat -f raw a.acct
	same "acct-cat: a.acct: no column raw; with -f raw, -c names the column to write" "$stderr"
	run -0 acct-cat -f raw -c kind a.acct
	same $'Savings\nSay "x", y' "$output"
}

@test "cat: several files, one heading, the same columns" {
	run -0 --separate-stderr acct-cat -v -f csv -c account_id a.acct a.acct
	same $'account_id\n1\n2\n30\n4\n1\n2\n30\n4' "$output"
	same "acct-cat: 8 records" "$stderr"
	mkrec accounts 'account_id:int64' <<<1 >b.acct
	run -65 --separate-stderr acct-cat a.acct b.acct
	same "acct-cat: b.acct: not the columns of the first file" "$stderr"
}

@test "cat: standard input, by no name and by -" {
	same "$(acct-cat a.acct)" "$(acct-cat <a.acct)"
	same "$(acct-cat a.acct)" "$(acct-cat - <a.acct)"
}

@test "cat: --header" {
	{ printf '\001H acct/1 my%%20table id:int64*! n%%0Aame:string day:date! @source=a.csv @note=two%%20words\n'; } >t.acct
	run -0 --separate-stderr acct-cat --header a.acct t.acct
	same "table accounts
columns 5
  account_id  int64          key, required
  kind        string
  balance     decimal(18,2)
  opened      date
  open        bool

table 'my table'
source a.csv
note 'two words'
columns 3
  id        int64          key, required
  'n\\name'  string
  day       date           required" "$output"
}

@test "cat: --check: 0 and silence, or 1 and why" {
	run -0 --separate-stderr acct-cat --check a.acct
	[ -z "$output$stderr" ]
	run -0 --separate-stderr acct-cat --check -v - <a.acct
	same "acct-cat: <stdin>: 4 records of 5 columns" "$stderr"
	head -n 3 a.acct >cut.acct
	run -1 --separate-stderr acct-cat --check cut.acct a.acct
	same "acct-cat: cut.acct: truncated: 2 records, trailer missing" "$stderr"
	run -0 acct-cat --check --partial cut.acct
	run -66 --separate-stderr acct-cat --check cut.acct none.acct a.acct
	[ "${#stderr_lines[@]}" -eq 2 ]
}

@test "cat: --check sees a value that is not canonical, under a good checksum" {
	printf '\001H acct/1 t a:int32\nE\207\377\377\377\377\n' >good
	printf '\001H acct/1 t a:int32\nE\210\200\200\200\200\n' >bad
	run -0 acct-cat --check --partial good
	run -1 --separate-stderr acct-cat --check --partial bad
	[[ "$stderr" == "acct-cat: bad: record 1: a: not a canonical value of its type: "* ]]
}

@test "cat: -o: the file is there whole or not at all" {
	acct-cat -o out.csv a.acct
	acct-cat a.acct | diff -u - out.csv
	head -n 3 a.acct >cut.acct
	run -65 acct-cat -o none.csv cut.acct
	[ ! -e none.csv ]
	[ "$(ls)" = "$(printf 'a.acct\ncut.acct\nout.csv')" ]
}

@test "cat: wrong use" {
	run -64 --separate-stderr acct-cat -f xml a.acct
	[[ "$stderr" == "acct-cat: -f: must be csv, tsv, json, table or raw: 'xml'"* ]]
	run -64 acct-cat --check --header a.acct
	run -64 acct-cat --check -f csv a.acct
	run -64 acct-cat --check -o x a.acct
	run -64 acct-cat -f raw -c kind,balance a.acct
}

@test "cat: constant memory" {
	unsanitized "the sanitizers' own memory is in the way"
	for i in $(seq 1 2000); do printf '%d\t%0200d\n' "$i" 0; done | mkrec t 'id:int64 s:string' >part.acct
	for i in $(seq 1 100); do cat part.acct; done >big.acct		# 40 MB
	for f in csv json table; do
		run -0 --separate-stderr sh -c 'ulimit -v 60000; acct-cat -f "$0" big.acct | wc -l' "$f"
		[ "$output" -ge 200000 ]
	done
}

# The example of the manual.
@test "cat: the manual's pipeline" {
	printf 'loan_id,loan_amount\n2,5.00\n1,7.50\n' >loans.csv
	run -0 --separate-stderr sh -c 'acct-ingest loans.csv | acct-select -c loan_id,loan_amount | acct-cat -f table | head -n 3'
	[ "${#lines[@]}" -eq 3 ]
	[[ "${lines[0]}" == "loan_id  loan_amount" ]]
	[ -z "$stderr" ]
}

@test "cat: a table shows every character that would hide, as Unicode's categories say" {
	command -v python3 >/dev/null || skip 'SKIPPED: python3 is not there'
	python3 - <<-'P'
	import unicodedata
	more = {0x34f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b, 0x180c, 0x180d, 0x180f, 0x3164, 0xffa0}
	with open('in.csv', 'w', encoding='utf-8', newline='') as f, open('want', 'w', encoding='utf-8') as w:
	    f.write('c\n')
	    for c in range(0x20, 0x110000):
	        kind = unicodedata.category(chr(c))
	        if kind == 'Cs' or kind == 'Cn' and c & 0xfffe != 0xfffe and not 0xfdd0 <= c < 0xfdf0 or c in (0x22, 0x2c):
	            continue
	        if kind == 'Co' and c % 1000 and c & 0xfffe != 0xfffe:
	            continue
	        f.write('[%c]\n' % c)
	        hides = kind in ('Cc', 'Cf', 'Zl', 'Zp', 'Cn') or c in more or 0xe0000 <= c < 0xe1000
	        w.write('[%s]\n' % (('\\x%02X' if c < 0x80 else '\\u{%04X}') % c if hides else chr(c)))
	P
	acct-ingest in.csv | acct-cat -f table -c c | tail -n +3 | diff want - | head -5 >differ
	same "" "$(cat differ)"
}

# on_terminal COMMAND: what it writes where its output is a terminal.
on_terminal() {
	script -qec "$1" /dev/null </dev/null | tr -d '\r'
}

@test "cat: on a terminal nothing hides in any format; elsewhere text is as it is" {
	printf 'a,b\nx\342\200\256y,\302\2331m\n\357\273\277,\033[2J\n' >t.csv
	acct-ingest -t t t.csv >t.acct
	for format in csv tsv json table; do
		on_terminal "acct-cat -f $format -c a,b t.acct" >"$format"
		LC_ALL=C run ! grep -q "$(printf '\342\200\256\|\302\233\|\357\273\277\|\033')" "$format"
	done
	same $'a,b\nx\\u{202E}y,\\u{009B}1m\n\\u{FEFF},\\x1B[2J' "$(sed 's/^"\(.*\)",/\1,/' csv)"
	same '{"a":"x\u202ey","b":"\u009b1m"}' "$(head -n 1 json)"
	acct-cat -f json -c a,b t.acct >plain.json
	grep -q "$(printf 'x\342\200\256y')" plain.json
	python3 -c 'import json; a, b = ([json.loads(x) for x in open(f, encoding="utf-8")] for f in ("json", "plain.json")); assert a == b'
	acct-cat -c a,b t.acct | sed 's/^"\(.*\)",/\1,/' | cmp - t.csv
	on_terminal "acct-cat -o out.csv -c a,b t.acct"
	acct-cat -c a,b t.acct | cmp - out.csv
}

@test "cat: what would hide is shown in messages" {
	printf 'x' >"$(printf 'a\342\200\256b\ncd')"
	run -65 --separate-stderr acct-cat "$(printf 'a\342\200\256b\ncd')"
	[[ $stderr == "acct-cat: a\\u{202E}b\\ncd: "* ]] || [[ $stderr == "acct-cat: 'a\\u{202E}b\\ncd'"* ]]
}
