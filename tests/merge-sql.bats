load helper

H=$BATS_TEST_DIRNAME/merge-sql

setup_file() { postgres_start; }
teardown_file() { postgres_stop; }

# tsql FILE [WHAT]: what sqlglot and sqlfluff, which the case needs as peers, understand of it.
tsql() {
	"${PEERS:-$ROOT/build/peers}/bin/python" "$H/tsql.py" "$@"
}

prepare() {
	mkrec balance 'id:int64*! name:string total:decimal(28,2)! since:date' >b.acct <<-'END'
	51	O'Neil	250.25	2024-01-31
	7	\N	2900.00	\N
	15	Ann	-0.05	0001-01-01
	END
}

# into CLIENT ARGUMENTS: merges with these arguments; the client's status counts, as without pipefail.
into() {
	local client=$1
	shift
	case $client in
	sqlite) acct-merge-sql -d sqlite "$@" | sqlite3 -bail gold.db ;;
	postgres) acct-merge-sql -d postgres "$@" | psql -X ;;
	esac
}

# cuts SIZE COUNT FILE: lengths to cut a text to: none of it, around the end of each statement, near its end, and COUNT at random.
cuts() {
	python3 - "$@" <<-'END'
	import os, random, re, sys, time
	size, count, text = int(sys.argv[1]), int(sys.argv[2]), open(sys.argv[3], "rb").read()
	seed = os.environ.get("ACCT_SEED") or str(int(time.time() * 1000))
	print("ACCT_SEED=" + seed, file=sys.stderr)
	draw = random.Random(seed)
	at = {0, 1, 2, 3, 4, 5, 9} | {size - n for n in range(4)}
	for m in re.finditer(rb";", text):
	    at |= {m.start(), m.end(), m.end() + 1}
	at |= {draw.randrange(size) for _ in range(count)}
	print(*sorted(n for n in at if 0 <= n <= size), sep="\n")
	END
}

# ---- use ----

@test "merge-sql: -h: help on standard output" {
	run -0 --separate-stderr acct-merge-sql -h
	[[ $output == "usage: acct-merge-sql -d sqlite|postgres|synapse|fabric|sqlserver "* ]]
	[ -z "$stderr" ]
}

@test "merge-sql: wrong use" {
	run -64 --separate-stderr acct-merge-sql b.acct
	[[ $stderr == "acct-merge-sql: -d is required"* ]]
	run -64 --separate-stderr acct-merge-sql -d oracle b.acct
	[[ $stderr == "acct-merge-sql: -d: must be sqlite, postgres, synapse, fabric or sqlserver: 'oracle'"* ]]
	run -64 --separate-stderr acct-merge-sql -d sqlite b.acct b.acct
	[[ $stderr == "acct-merge-sql: expected at most one FILE"* ]]
	run -64 --separate-stderr acct-merge-sql -d sqlite -k nix b.acct
	[[ $stderr == "acct-merge-sql: b.acct: -k: no column 'nix'; columns are: id, name, total, since"* ]]
	for table in '' a.b.c '"a' '"a"b' .a a. '""'; do
		run -64 --separate-stderr acct-merge-sql -d sqlite -t "$table" b.acct
		[[ $stderr == "acct-merge-sql: -t: must be a name or SCHEMA.NAME: "* ]]
	done
	run -64 --separate-stderr acct-merge-sql -d sqlite --long name b.acct
	[[ $stderr == "acct-merge-sql: --long: name: sqlite has one type for strings of any length"* ]]
	run -64 --separate-stderr acct-merge-sql -d synapse --long id b.acct
	[[ $stderr == "acct-merge-sql: --long: id: not a string"* ]]
	run -64 --separate-stderr acct-merge-sql -d synapse -k name --long name b.acct
	[[ $stderr == "acct-merge-sql: --long: name: a key cannot be long"* ]]
}

@test "merge-sql: a stream without a key needs -k" {
	mkrec t 'a:int64 b:string' <<<$'1\tx' >t.acct
	run -64 --separate-stderr acct-merge-sql -d sqlite t.acct
	[[ $stderr == "acct-merge-sql: t.acct: the stream has no key: name its columns with -k"* ]]
	into sqlite -k a t.acct
	same '1|x' "$(sqlite3 gold.db 'SELECT * FROM t')"
}

@test "merge-sql: -v: totals on standard error" {
	run -0 --separate-stderr sh -c 'acct-merge-sql -v -d sqlite b.acct >/dev/null'
	same "acct-merge-sql: b.acct: 3 records to merge into 'balance'" "$stderr"
}

@test "merge-sql: raw records and change streams are refused" {
	printf '\001H acct/1 t _line:int64*! a:string _malformed:string\n\001T 0 0000000000000000\n' >raw.acct
	run -65 --separate-stderr acct-merge-sql -d sqlite raw.acct
	same "acct-merge-sql: raw.acct: raw records have no types yet: acct-clean makes them fit to be merged" "$stderr"
	printf '\001H acct/1 t _change_type:string! a:int64*! @change=1\n\001T 0 0000000000000000\n' >change.acct
	run -65 --separate-stderr acct-merge-sql -d sqlite change.acct
	same "acct-merge-sql: change.acct: a change stream, which says what has changed; give the rows themselves" "$stderr"
}

@test "merge-sql: a null in the key names its record" {
	mkrec t 'a:int64* b:string*' >t.acct <<-'END'
	1	x
	2	\N
	END
	for d in sqlite postgres synapse; do
		run -65 --separate-stderr acct-merge-sql -d $d t.acct
		[[ $stderr == "acct-merge-sql: t.acct: record 2: b: null in a key"* ]]
	done
}

@test "merge-sql: -o: the file is there whole or not at all" {
	run -0 --separate-stderr acct-merge-sql -d sqlite -o out.sql b.acct
	[ -z "$output$stderr" ]
	sqlite3 -bail gold.db <out.sql
	same 3 "$(sqlite3 gold.db 'SELECT count(*) FROM balance')"
	rm out.sql
	run -65 --separate-stderr sh -c 'head -n 3 b.acct | acct-merge-sql -d sqlite -o out.sql'
	same "acct-merge-sql: <stdin>: truncated: 2 records, trailer missing" "$stderr"
	[ ! -e out.sql ]
	[ -z "$(find . -name '*tmp*')" ]
}

@test "merge-sql: full disk, closed output, reader gone" {
	for d in sqlite postgres synapse; do
		run -74 --separate-stderr sh -c "acct-merge-sql -d $d b.acct >/dev/full"
		same "acct-merge-sql: <stdout>: No space left on device" "$stderr"
		run -74 --separate-stderr sh -c "acct-merge-sql -d $d b.acct >&-"
		run -0 --separate-stderr sh -c "acct-merge-sql -d $d b.acct | head -n 1"
		[ -z "$stderr" ]
	done
}

@test "merge-sql: names that a dialect cannot have" {
	mkrec t "a:int64*! $(printf '%064d' 0):string" </dev/null >long.acct
	acct-merge-sql -d sqlite long.acct >/dev/null
	acct-merge-sql -d synapse long.acct >/dev/null
	run -65 --separate-stderr acct-merge-sql -d postgres long.acct
	[[ $stderr == "acct-merge-sql: long.acct: column '0000000000"*": postgres takes no name longer than 63 bytes" ]]
	mkrec t "a:int64*! $(printf '%0129d' 0):string" </dev/null >long.acct
	run -65 --separate-stderr acct-merge-sql -d synapse long.acct
	[[ $stderr == "acct-merge-sql: long.acct: column '0000000000"*": synapse takes no name longer than 128 UTF-16 units" ]]
	run -65 --separate-stderr acct-merge-sql -d postgres -t "$(printf '%064d' 0)" b.acct
	[[ $stderr == "acct-merge-sql: b.acct: table '0000000000"* ]]
	mkrec t 'a:int64*! A:string' </dev/null >case.acct
	acct-merge-sql -d postgres case.acct >/dev/null
	for d in sqlite synapse; do
		run -65 --separate-stderr acct-merge-sql -d $d case.acct
		same "acct-merge-sql: case.acct: columns 'a' and 'A': $d treats them as equal" "$stderr"
	done
	mkrec t 'a:int64*! ctid:string' </dev/null >system.acct
	run -65 --separate-stderr acct-merge-sql -d postgres system.acct
	same "acct-merge-sql: system.acct: column 'ctid': the name of a column that every PostgreSQL table has" "$stderr"
	mkrec t 'a:int64*! %24%28x%29:string' </dev/null >variable.acct
	run -65 --separate-stderr acct-merge-sql -d synapse variable.acct
	same "acct-merge-sql: variable.acct: column '\$(x)': sqlcmd would take \$( for one of its variables" "$stderr"
	for name in x%0AGO x%0A%20go%0Ay x%0A%3Aquit x%0A%21%21ls; do
		mkrec t "a:int64*! $name:string" </dev/null >go.acct
		run -65 --separate-stderr acct-merge-sql -d synapse go.acct
		[[ $stderr == *": sqlcmd would take a line of it for a command" ]]
	done
	mkrec t 'a:int64*! x%0D%0Ay:string' </dev/null >crlf.acct
	run -65 --separate-stderr acct-merge-sql -d sqlite crlf.acct
	[[ $stderr == *": sqlite3 would drop the carriage return before a line feed" ]]
}

# ---- SQLite ----

@test "merge-sql: sqlite: the quick start's table, exact" {
	into sqlite b.acct
	same "$(cat <<-'END'
	7|null|2900.00|null|text
	15|Ann|-0.05|0001-01-01|text
	51|O'Neil|250.25|2024-01-31|text
	END
	)" "$(sqlite3 -nullvalue null gold.db 'SELECT *, typeof(total) FROM balance ORDER BY id')"
	same "0|id|INTEGER|1||1
1|name|TEXT|0||0
2|total|TEXT|1||0
3|since|TEXT|0||0" "$(sqlite3 gold.db "PRAGMA table_info('balance')")"
	same 315020 "$(sqlite3 gold.db "SELECT sum(CAST(replace(total, '.', '') AS INTEGER)) FROM balance")"
}

# watched: a log of what happens to the rows of balance.
watched() {
	sqlite3 gold.db <<-'END'
	CREATE TABLE log (what, id);
	CREATE TRIGGER i AFTER INSERT ON balance BEGIN INSERT INTO log VALUES ('insert', new.id); END;
	CREATE TRIGGER u AFTER UPDATE ON balance BEGIN INSERT INTO log VALUES ('update', new.id); END;
	CREATE TRIGGER d AFTER DELETE ON balance BEGIN INSERT INTO log VALUES ('delete', old.id); END;
	END
}

@test "merge-sql: sqlite: only rows that differ are updated, none the second time" {
	into sqlite b.acct
	watched
	into sqlite b.acct
	same "" "$(sqlite3 gold.db 'SELECT * FROM log')"
	mkrec balance 'id:int64*! name:string total:decimal(28,2)! since:date' >c.acct <<-'END'
	7	\N	2900.00	2020-02-29
	15	Ann	-0.05	0001-01-01
	51	o'Neil	250.25	2024-01-31
	8	New	0.00	\N
	END
	into sqlite c.acct
	same "insert|8
update|7
update|51" "$(sqlite3 gold.db 'SELECT * FROM log ORDER BY 1, 2')"
	same "7||2900.00|2020-02-29
8|New|0.00|
15|Ann|-0.05|0001-01-01
51|o'Neil|250.25|2024-01-31" "$(sqlite3 gold.db 'SELECT * FROM balance ORDER BY id')"
	into sqlite c.acct
	same 3 "$(sqlite3 gold.db 'SELECT count(*) FROM log')"
}

@test "merge-sql: sqlite: a value becomes null and a null a value" {
	mkrec t 'k:string*! v:int64' <<<$'a\t1\nb\t\\N' >1.acct
	mkrec t 'k:string*! v:int64' <<<$'a\t\\N\nb\t2' >2.acct
	into sqlite 1.acct
	into sqlite 2.acct
	same "a|null
b|2" "$(sqlite3 -nullvalue null gold.db 'SELECT * FROM t ORDER BY k')"
}

@test "merge-sql: sqlite: keys of two columns, and nothing but keys" {
	mkrec t 'a:int64*! b:string*! v:string' <<<$'1\tx\tp\n1\ty\tq\n2\tx\tr' >t.acct
	into sqlite t.acct
	into sqlite t.acct
	same "1|x|p
1|y|q
2|x|r" "$(sqlite3 gold.db 'SELECT * FROM t')"
	mkrec u 'a:int64*! b:string*!' <<<$'1\tx\n1\ty' >u.acct
	into sqlite u.acct
	into sqlite u.acct
	same "1|x
1|y" "$(sqlite3 gold.db 'SELECT * FROM u')"
}

@test "merge-sql: sqlite: no records make an empty table" {
	mkrec t 'a:int64*! b:string' </dev/null >t.acct
	into sqlite t.acct
	same 0 "$(sqlite3 gold.db 'SELECT count(*) FROM t')"
}

@test "merge-sql: sqlite: a key that comes twice changes nothing" {
	into sqlite b.acct
	before=$(sqlite3 gold.db .dump)
	mkrec balance 'id:int64*! name:string total:decimal(28,2)! since:date' >c.acct <<-'END'
	7	New	1.00	\N
	8	New	1.00	\N
	7	New	1.00	\N
	END
	for bail in -bail -batch; do
		run -1 --separate-stderr sh -c "acct-merge-sql -d sqlite c.acct | sqlite3 $bail gold.db"
		[[ $stderr == *"UNIQUE constraint failed: acct_stage.id"* ]]
		same "$before" "$(sqlite3 gold.db .dump)"
	done
}

@test "merge-sql: sqlite: a row lost on the way changes nothing" {
	acct-merge-sql -d sqlite b.acct | grep -v '^(7,' >less.sql
	for bail in -bail -batch; do
		run -1 --separate-stderr sh -c "sqlite3 $bail gold.db <less.sql"
		[[ $stderr == *"acct-merge-sql: balance: not every row was staged: 2 of 3"* ]]
		same "" "$(sqlite3 gold.db .dump | grep balance || true)"
	done
}

@test "merge-sql: sqlite: the text cut anywhere merges all or nothing" {
	acct-merge-sql -d sqlite b.acct >all.sql
	sqlite3 whole.db <all.sql
	whole=$(sqlite3 whole.db .dump)
	nothing=$(sqlite3 :memory: .dump)
	size=$(wc -c <all.sql)
	for ((n = 1; n < size; n += size - n < 60 ? 1 : 17)); do
		rm -f cut.db
		head -c "$n" all.sql | sqlite3 cut.db 2>/dev/null || true
		dump=$(sqlite3 cut.db .dump)
		[ "$dump" = "$nothing" ] || { [ "$dump" = "$whole" ] && ((size - n <= 90)); } || { echo "cut at $n: $dump" >&2; false; }
	done
}

@test "merge-sql: sqlite: a torn stream makes sqlite3 fail too" {
	for n in 1 2 3 4; do
		run -1 --separate-stderr sh -c "head -n $n b.acct | acct-merge-sql -d sqlite | sqlite3 gold.db"
		[[ $stderr == "acct-merge-sql: <stdin>: truncated: $((n - 1)) records, trailer missing"* ]]
		[[ $stderr == *"no such table: acct-merge-sql: the input was refused, nothing is merged"* ]]
	done
	run -1 --separate-stderr sh -c "acct-merge-sql -d sqlite missing.acct | sqlite3 gold.db"
	[[ $stderr == "acct-merge-sql: missing.acct: No such file or directory"* ]]
	run -1 --separate-stderr sh -c "acct-merge-sql -d sqlite -k nix b.acct | sqlite3 gold.db"
	[[ $stderr == "acct-merge-sql: b.acct: -k: no column 'nix'"*"nothing is merged"* ]]
	same "" "$(sqlite3 gold.db '.tables')"
	head -n 3 b.acct | into sqlite --partial
	same 2 "$(sqlite3 gold.db 'SELECT count(*) FROM balance')"
}

# killed DIALECT CLIENT: runs acct-merge-sql on a stream that does not end, kills it when it has written something, and leaves the
# client's status in $got.
killed() {
	seq 200000 | mkrec t 'id:int64*!' >many.acct
	mkfifo in out
	"${@:2}" < <(tee seen <out) 2>err.txt & client=$!
	acct-merge-sql -d "$1" <in >out & pid=$!
	{ head -c 900000 many.acct; exec sleep 60; } >in & writer=$!
	for ((n = 0; n < 1200; n++)); do
		[ ! -s seen ] || break
		sleep 0.1
	done
	[ -s seen ]
	kill -9 "$pid"
	got=0
	wait "$client" || got=$?
	kill "$writer"
}

@test "merge-sql: sqlite: when this program is killed, sqlite3 fails" {
	killed sqlite sqlite3 gold.db
	[ "$got" -eq 1 ]
	grep -q "incomplete input" err.txt
	same "" "$(sqlite3 gold.db .tables)"
}

@test "merge-sql: sqlite: every type at its ends" {
	mkrec t 'k:int32*! b:bool i:int64 d:decimal(38,38) e:decimal(38,0) day:date at:timestamp f:float64 s:string' >t.acct <<-'END'
	-2147483648	0	-9223372036854775808	-0.99999999999999999999999999999999999999	-99999999999999999999999999999999999999	0001-01-01	0001-01-01T00:00:00Z	-inf	
	2147483647	1	9223372036854775807	0.00000000000000000000000000000000000001	99999999999999999999999999999999999999	9999-12-31	9999-12-31T23:59:59.999999Z	inf	x
	0	\N	\N	\N	\N	\N	\N	\N	\N
	1	1	0	0	0	1969-12-31	1969-12-31T23:59:59.5Z	-0.1	\\
	END
	into sqlite t.acct
	into sqlite t.acct
	same "$(cat <<-'END'
	-2147483648|0|-9223372036854775808|-0.99999999999999999999999999999999999999|-99999999999999999999999999999999999999|0001-01-01|0001-01-01T00:00:00.000000Z|-Inf|
	0|null|null|null|null|null|null|null|null
	1|1|0|0.00000000000000000000000000000000000000|0|1969-12-31|1969-12-31T23:59:59.500000Z|-0.1|\
	2147483647|1|9223372036854775807|0.00000000000000000000000000000000000001|99999999999999999999999999999999999999|9999-12-31|9999-12-31T23:59:59.999999Z|Inf|x
	END
	)" "$(sqlite3 -nullvalue null gold.db 'SELECT * FROM t ORDER BY k')"
	mkrec t 'k:int32*! f:float64' <<<$'1\tnan' >nan.acct
	run -65 --separate-stderr acct-merge-sql -d sqlite nan.acct
	[[ $stderr == "acct-merge-sql: nan.acct: record 1: f: not a number, which SQLite would store as null"* ]]
}

@test "merge-sql: sqlite: floats to the last bit" {
	python3 - >f.tsv 2>f.txt <<-'END'
	import os, random, struct, sys
	draw = random.Random(os.environ.get("ACCT_SEED", "7"))
	some = [0.1, 1/3, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 2.0**53, 2.0**53 - 1, 2.0**63, 1e22, 1e23, 123456.75]
	while len(some) < 3000:
	    v = struct.unpack(">d", draw.randbytes(8))[0] if len(some) % 2 else draw.uniform(-1e6, 1e6)
	    if v == v and abs(v) != float("inf"):
	        some.append(v)
	for n, v in enumerate(some):
	    print(n, repr(v), sep="\t")
	    print(n, struct.pack(">d", v).hex().upper(), sep="|", file=sys.stderr)
	END
	mkrec t 'n:int64*! f:float64' <f.tsv >t.acct
	into sqlite t.acct
	sqlite3 gold.db 'SELECT n, hex(ieee754_to_blob(f)) FROM t ORDER BY n' >got.txt
	diff -u f.txt got.txt
}

@test "merge-sql: sqlite: values come back as they went, whatever they hold" {
	python3 "$H/hostile.py" values v.tsv v.hex nul big
	mkrec v 'n:int64*! v:string' <v.tsv >v.acct
	into sqlite v.acct
	sqlite3 gold.db 'SELECT n, hex(v) FROM v ORDER BY n' >got.hex
	cmp v.hex got.hex || diff v.hex got.hex | cut -c1-200
	same "text" "$(sqlite3 gold.db 'SELECT DISTINCT typeof(v) FROM v')"
	into sqlite v.acct
	cut -f 2 v.tsv | head -n 80 | sed 's/$/\t1/' | mkrec w 'v:string*! n:int64' >w.acct
	into sqlite w.acct
	into sqlite w.acct
	same "$(head -n 80 v.hex | cut -d '|' -f 2 | sort)" "$(sqlite3 gold.db 'SELECT hex(v) FROM w' | sort)"
}

# hostile_names [LETTERS]: a stream whose table and columns have the names of hostile.py; its table's and columns' names in names.hex.
hostile_names() {
	local names=() columns='id:int64*!' n
	read -ra names <<<"$(python3 "$H/hostile.py" names "$@")"
	for n in "${names[@]}"; do columns="$columns $n:string"; done
	{ echo "${names[1]}"; echo id; printf '%s\n' "${names[@]}"; } | python3 -c '
import sys, urllib.parse
for line in sys.stdin: print(urllib.parse.unquote_to_bytes(line.strip()).hex().upper())' >names.hex
	for n in 1 2; do printf '%s' "$n"; printf '\tv%s' "${!names[@]}"; echo; done >n.tsv
	mkrec "${names[1]}" "$columns" <n.tsv >n.acct
}

@test "merge-sql: sqlite: no name breaks out" {
	hostile_names
	into sqlite n.acct
	into sqlite n.acct
	sqlite3 gold.db "SELECT hex(name) FROM sqlite_schema WHERE type = 'table'" >got.hex
	sqlite3 gold.db "SELECT hex(c.name) FROM sqlite_schema s, pragma_table_info(s.name) c WHERE s.type = 'table' ORDER BY c.cid" >>got.hex
	diff -u names.hex got.hex
}

@test "merge-sql: sqlite: a table of an attached database, and one called as the staging table" {
	acct-merge-sql -d sqlite -t 'other."my.table"' b.acct >b.sql
	sqlite3 -bail -cmd "ATTACH 'other.db' AS other" gold.db <b.sql
	same 3 "$(sqlite3 other.db 'SELECT count(*) FROM "my.table"')"
	into sqlite -t acct_stage b.acct
	into sqlite -t acct_stage b.acct
	same 3 "$(sqlite3 gold.db 'SELECT count(*) FROM acct_stage')"
}

@test "merge-sql: sqlite: a database in another encoding is refused, as it would misread" {
	sqlite3 gold.db "PRAGMA encoding = 'UTF-16le'; CREATE TABLE x (y)"
	run -1 --separate-stderr sh -c 'acct-merge-sql -d sqlite b.acct | sqlite3 -bail gold.db'
	[[ $stderr == *"acct-merge-sql: balance: the database must be in UTF-8, and is in UTF-16le"* ]]
	same "x" "$(sqlite3 gold.db .tables)"
}

@test "merge-sql: sqlite: a table of the user's own, unless it would round amounts" {
	sqlite3 gold.db 'CREATE TABLE balance (name VARCHAR(20), total TEXT DEFAULT 0, more DEFAULT 5, id INTEGER UNIQUE, since)'
	into sqlite b.acct
	same "Ann|-0.05|5|15|0001-01-01
O'Neil|250.25|5|51|2024-01-31
|2900.00|5|7|" "$(sqlite3 gold.db 'SELECT * FROM balance ORDER BY CAST(id AS TEXT)')"
	for type in 'DECIMAL(18,2)' REAL NUMERIC INTEGER CHARINT; do
		rm gold.db
		sqlite3 gold.db "CREATE TABLE balance (id INTEGER PRIMARY KEY, name TEXT, total $type, since TEXT)"
		run -1 --separate-stderr sh -c 'acct-merge-sql -d sqlite b.acct | sqlite3 gold.db'
		[[ $stderr == *"acct-merge-sql: balance: column \"total\" is $type; decimals, dates and strings need columns of type TEXT"* ]]
		same 0 "$(sqlite3 gold.db 'SELECT count(*) FROM balance')"
	done
	rm gold.db
	sqlite3 gold.db 'CREATE TABLE balance (id INTEGER, name TEXT, total TEXT, since TEXT)'
	run -1 --separate-stderr sh -c 'acct-merge-sql -d sqlite b.acct | sqlite3 gold.db'
	[[ $stderr == *"ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint"* ]]
}

# refused_by CLIENT MESSAGE FILE: the load into r fails with this message, and the database is as it was.
refused_by() {
	local before after status=0
	before=$(dump_of "$1")
	into "$1" -t r "$3" 2>err.txt || status=$?
	after=$(dump_of "$1")
	[ "$status" -ne 0 ] || { echo "status 0: $2" >&2; return 1; }
	grep -qF -- "$2" err.txt || { cat err.txt >&2; return 1; }
	same "$before" "$after"
}

dump_of() {
	case $1 in
	sqlite) sqlite3 gold.db .dump ;;
	postgres) psql -XAtc 'SELECT count(*), md5(string_agg(r::text, chr(10) ORDER BY r::text)) FROM r' ;;
	esac
}

@test "merge-sql: sqlite: a table that would not hold the rows as they came is refused" {
	mkrec t 'k:string*! v:int64' <<<$'A\t1\na\t2' >fold.acct
	for collation in NOCASE RTRIM; do
		rm -f gold.db
		sqlite3 gold.db "CREATE TABLE r (k TEXT PRIMARY KEY COLLATE $collation, v INTEGER); INSERT INTO r VALUES ('z', 3)"
		if [ $collation = RTRIM ]; then mkrec t 'k:string*! v:int64' <<<$'a\t1\na \t2' >fold.acct; fi
		refused_by sqlite 'r does not hold the rows as they came, each once; the first key that differs: ["' fold.acct
	done
	mkrec t 'k:int64*! v:int64 s:string f:float64' <<<$'9007199254740992\t1\tx\t0.5\n9007199254740993\t9007199254740993\ty\t0.1' >big.acct
	for columns in 'k REAL PRIMARY KEY, v INTEGER, s TEXT, f REAL' 'k INTEGER PRIMARY KEY, v DOUBLE, s TEXT, f REAL' \
	    'k INTEGER PRIMARY KEY, v TEXT, s TEXT, f REAL' 'k INTEGER PRIMARY KEY, v INTEGER, s TEXT, f VARCHAR(9)'; do
		rm -f gold.db
		sqlite3 gold.db "CREATE TABLE r ($columns)"
		refused_by sqlite 'acct-merge-sql: r: column "' big.acct
	done
	for action in "BEFORE INSERT ON r WHEN new.k > 9007199254740992 BEGIN SELECT RAISE(IGNORE)" \
	    "AFTER INSERT ON r BEGIN UPDATE r SET s = upper(s) WHERE k = new.k" "AFTER INSERT ON r BEGIN UPDATE r SET s = NULL" \
	    "AFTER INSERT ON r BEGIN DELETE FROM r WHERE k = 9007199254740993"; do
		rm -f gold.db
		sqlite3 gold.db "CREATE TABLE r (k INTEGER PRIMARY KEY, v INTEGER, s TEXT, f REAL); CREATE TRIGGER g $action; END"
		refused_by sqlite 'r does not hold the rows as they came, each once; the first key that differs: [9007199254740992' big.acct ||
			refused_by sqlite 'r does not hold the rows as they came, each once; the first key that differs: [9007199254740993]' big.acct
	done
	rm -f gold.db
	sqlite3 gold.db "CREATE TABLE r (k INTEGER PRIMARY KEY, v INTEGER, s TEXT, f REAL, n TEXT NOT NULL)"
	refused_by sqlite 'r: column "n" takes no null, has no default and is not in the stream' big.acct
	# Types that hold the values are the user's own affair.
	rm -f gold.db
	sqlite3 gold.db "CREATE TABLE r (k NUMERIC UNIQUE, v BIGINT, s, f NUMERIC)"
	into sqlite -t r big.acct
	same "9007199254740992|1|x|0.5
9007199254740993|9007199254740993|y|0.1" "$(sqlite3 gold.db 'SELECT * FROM r ORDER BY k')"
}

@test "merge-sql: sqlite: a column that the table lacks: the message has the statement that adds it" {
	sqlite3 gold.db 'CREATE TABLE balance (id INTEGER PRIMARY KEY, name TEXT)'
	run -1 --separate-stderr sh -c 'acct-merge-sql -d sqlite b.acct | sqlite3 -bail gold.db'
	[[ $stderr == *'balance has no column "total"; what adds it: ALTER TABLE "main"."balance" ADD COLUMN "total" TEXT;'* ]]
	# A trial gives all of them, and changes nothing.
	acct-merge-sql -d sqlite --dry-run b.acct | sqlite3 -bail gold.db >statements
	same 'ALTER TABLE "main"."balance" ADD COLUMN "total" TEXT;
ALTER TABLE "main"."balance" ADD COLUMN "since" TEXT;' "$(cat statements)"
	same 0 "$(sqlite3 gold.db 'SELECT count(*) FROM balance')"
	sqlite3 gold.db <statements
	into sqlite b.acct
	same '7||2900.00|' "$(sqlite3 gold.db 'SELECT * FROM balance WHERE id = 7')"
}

@test "merge-sql: sqlite: thirty loads at once wait for one another" {
	seq 3000 | sed 's/$/\ta/' | mkrec t 'k:int64*! v:string' | acct-merge-sql -d sqlite -o x.sql
	sqlite3 -bail x.db <x.sql
	sqlite3 x.db 'PRAGMA journal_mode = wal' >mode
	for mode in wal delete; do
		sqlite3 x.db "PRAGMA journal_mode = $mode" >mode
		for i in 1 2 3 4 5; do
			(for j in 1 2 3; do sqlite3 -bail x.db <x.sql 2>>err || echo "$i $j" >>failed; done) &
		done
		wait
	done
	[ ! -e failed ] || { cat err >&2; false; }
}

@test "merge-sql: sqlite: text cut anywhere does not come to its end" {
	acct-merge-sql -d sqlite --lake l --at 1 b.acct >all.sql
	sqlite3 -bail all.db <all.sql
	whole=$(sqlite3 all.db 'SELECT * FROM balance')
	size=$(wc -c <all.sql)
	cuts "$size" "${ACCT_CUTS:-60}" all.sql >cuts.txt
	seq $((size - 90)) $((size - 1)) >>cuts.txt		# and each in the last statement
	while read -r n; do
		rm -f cut.db
		head -c "$n" all.sql >cut.sql
		if sqlite3 -bail cut.db '.read /dev/stdin' 'SELECT * FROM acct_done' <cut.sql >out.txt 2>&1; then
			same 'balance|3' "$(cat out.txt)"
			same "$whole" "$(sqlite3 cut.db 'SELECT * FROM balance')"
		else
			((size - n > 1)) || { cat out.txt >&2; false; }
		fi
	done <cuts.txt
	# The same from a pipe.
	acct-merge-sql -d sqlite b.acct | sqlite3 -bail whole.db '.read /dev/stdin' 'SELECT * FROM acct_done'
}

@test "merge-sql: sqlite: many rows, in statements of bounded size" {
	seq 1 3001 | awk '{ print $1 "\tname " $1 "\t" $1 ".00" }' | mkrec t 'id:int64*! name:string total:decimal(18,2)' >t.acct
	into sqlite t.acct
	same "3001|4504501|450450100" "$(sqlite3 gold.db "SELECT count(*), sum(id), sum(CAST(replace(total, '.', '') AS INTEGER)) FROM t
		WHERE name = 'name ' || id")"
	same 7 "$(acct-merge-sql -d sqlite t.acct | grep -c 'INTO temp."acct_stage" VALUES')"
}

# ---- PostgreSQL ----

@test "merge-sql: postgres: the table, its types, and its rows" {
	postgres
	into postgres b.acct
	same "15|Ann|-0.05|0001-01-01
51|O'Neil|250.25|2024-01-31
7||2900.00|" "$(psql -XAtc 'SELECT * FROM balance ORDER BY id::text')"
	same "id|bigint|t
name|text|f
total|numeric(28,2)|t
since|date|f" "$(psql -XAtc "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
		WHERE attrelid = 'balance'::regclass AND attnum > 0 ORDER BY attnum")"
	same "PRIMARY KEY (id)" "$(psql -XAtc "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'balance'::regclass")"
}

@test "merge-sql: postgres: only rows that differ are updated, none the second time" {
	postgres
	into postgres b.acct
	before=$(psql -XAtc 'SELECT id, xmin, ctid FROM balance ORDER BY id')
	into postgres b.acct
	same "$before" "$(psql -XAtc 'SELECT id, xmin, ctid FROM balance ORDER BY id')"
	mkrec balance 'id:int64*! name:string total:decimal(28,2)! since:date' >c.acct <<-'END'
	7	\N	2900.00	2020-02-29
	15	Ann	-0.05	0001-01-01
	51	O'Neil	250.25	\N
	8	New	0.00	\N
	END
	into postgres c.acct
	same "7||2900.00|2020-02-29
8|New|0.00|
15|Ann|-0.05|0001-01-01
51|O'Neil|250.25|" "$(psql -XAtc 'SELECT * FROM balance ORDER BY id')"
	same "$(grep '^15|' <<<"$before")" "$(psql -XAtc 'SELECT id, xmin, ctid FROM balance WHERE id = 15')"
}

@test "merge-sql: postgres: a key that comes twice, a torn stream, a value refused: nothing changes and psql fails" {
	postgres
	into postgres b.acct
	before=$(psql -XAtc 'SELECT *, xmin FROM balance')
	mkrec balance 'id:int64*! name:string total:decimal(28,2)! since:date' <<<$'7\tN\t1\t\\N\n8\tN\t1\t\\N\n7\tN\t1\t\\N' >c.acct
	run -3 --separate-stderr sh -c 'acct-merge-sql -d postgres c.acct | psql -X'
	[[ $stderr == *"Key (id)=(7) is duplicated."* ]]
	for n in 1 2 3 4; do
		run -3 --separate-stderr sh -c "head -n $n b.acct | acct-merge-sql -d postgres | psql -X"
		[[ $stderr == "acct-merge-sql: <stdin>: truncated: $((n - 1)) records, trailer missing"* ]]
		[[ $stderr == *"acct-merge-sql: the input was refused, nothing is merged"* ]]
	done
	run -3 --separate-stderr sh -c "acct-merge-sql -d postgres missing.acct | psql -X"
	[[ $stderr == *"acct-merge-sql: the input was refused, nothing is merged"* ]]
	mkrec balance 'id:int64*! name:string' <<<$'1\tgood\n2\ta\\x00b' >nul.acct
	run -3 --separate-stderr sh -c "acct-merge-sql -d postgres nul.acct | psql -X"
	[[ $stderr == "acct-merge-sql: nul.acct: record 2: name: has a NUL character, which no PostgreSQL text can hold"* ]]
	same "$before" "$(psql -XAtc 'SELECT *, xmin FROM balance')"
}

@test "merge-sql: postgres: the text cut anywhere merges all or nothing, and psql knows" {
	postgres
	acct-merge-sql -d postgres b.acct >all.sql
	size=$(wc -c <all.sql)
	cuts "$size" "${ACCT_CUTS:-30}" all.sql >cuts.txt
	coproc psql -XAtq			# one session looks after all cuts
	session=$COPROC_PID			# unset when the session has ended
	while read -r n; do
		got=0
		head -c "$n" all.sql >cut.sql
		psql -X -v ON_ERROR_STOP=1 <cut.sql >/dev/null 2>&1 || got=$?
		echo "SELECT to_regclass('balance') IS NOT NULL;" >&"${COPROC[1]}"
		read -r is_there <&"${COPROC[0]}"
		if [ "$is_there" = t ]; then
			((size - n <= 9))
			((got == 0 || size - n > 1)) || { echo "cut at $n of $size: $got" >&2; false; }
			psql -Xqc 'DROP TABLE balance'
		else
			[ "$got" -eq 3 ] || ((n == 0)) || { echo "cut at $n: $got" >&2; false; }
		fi
	done <cuts.txt
	echo '\q' >&"${COPROC[1]}"
	wait "$session"
	# Even text of which nothing is left does not come to its end.
	run -1 --separate-stderr psql -X -v ON_ERROR_STOP=1 -f - -c 'SELECT * FROM acct_done' </dev/null
	[[ $stderr == *'"acct_done" does not exist'* ]]
	same 'balance|3' "$(psql -XAt -v ON_ERROR_STOP=1 -f - -c 'SELECT * FROM acct_done' <all.sql)"
}

# refused_table COLUMNS STREAM-FILE MESSAGE: a table r of these columns refuses the stream.
refused_table() {
	psql -Xqc "DROP TABLE IF EXISTS r CASCADE" -c "CREATE TABLE r ($1)" 2>/dev/null
	refused_by postgres "$3" "$2"
}

@test "merge-sql: postgres: a table that would not hold the rows as they came is refused" {
	postgres
	psql -Xqc 'CREATE DOMAIN euro AS double precision' -c 'CREATE DOMAIN cents AS numeric(10,1)' -c 'CREATE DOMAIN rough AS cents'
	mkrec r 'k:int64*! v:decimal(10,2)' <<<$'1\t1.25' >money.acct
	for type in 'numeric(10,1)' 'double precision' real bigint euro cents rough; do
		refused_table "k bigint PRIMARY KEY, v $type" money.acct "acct-merge-sql: r: column v is $type, which does not hold every value of \"v\" numeric(10,2)"
	done
	refused_table 'k double precision PRIMARY KEY, v numeric' money.acct 'r: column k is double precision'
	refused_table 'k bigint, v numeric(10,2), n text NOT NULL' money.acct 'r: column n takes no null, has no default and is not in the stream'
	mkrec r 'k:int64*! v:float64' <<<$'1\t0.1' >float.acct
	refused_table 'k bigint PRIMARY KEY, v real' float.acct 'r: column v is real'
	mkrec r 'k:int64*! v:timestamp' <<<$'1\t2024-01-01T10:20:30.123456Z' >time.acct
	refused_table 'k bigint PRIMARY KEY, v timestamp(3)' time.acct 'r does not hold the rows as they came, each once; the first key that differs: [1]'
	mkrec r 'k:int64*! v:string' <<<$'1\tabc\n2\tabc  ' >text.acct
	refused_table "k bigint PRIMARY KEY, v char(9)" text.acct 'r does not hold the rows as they came, each once; the first key that differs: [2]'
	# Types that hold the values are the user's own affair.
	psql -Xqc 'DROP TABLE r' -c 'CREATE TABLE r (k numeric PRIMARY KEY, v numeric(12,3), more int DEFAULT 5)'
	into postgres -t r money.acct
	same '1|1.250|5' "$(psql -XAtc 'SELECT * FROM r')"
}

@test "merge-sql: postgres: a value too long or too large for its column is refused by its record" {
	postgres
	psql -Xqc 'CREATE DOMAIN code AS varchar(3)' -c 'CREATE DOMAIN small AS numeric(4,1)'
	mkrec r 'k:int64*! v:string' <<<$'1\tabc\n2\t\n3\tabc  \n4\t\\N\n5\t\xf0\x9f\x98\x80\xc3\xbcx' >text.acct
	for type in 'character varying(3)' 'character(3)' code; do
		refused_table "k bigint PRIMARY KEY, v $type" text.acct "acct-merge-sql: r: column v is $type, too short for the 5 characters of record 3"
	done
	psql -Xqc 'DROP TABLE r' -c 'CREATE TABLE r (k bigint PRIMARY KEY, v varchar(5))'
	into postgres -t r text.acct
	same 5 "$(psql -XAtc 'SELECT count(*) FROM r')"
	mkrec r 'k:int64*! v:decimal(12,1)' <<<$'1\t-999.9\n2\t999.9\n3\t\\N' >fits.acct
	mkrec r 'k:int64*! v:decimal(12,1)' <<<$'1\t-999.9\n2\t1000.0' >high.acct
	mkrec r 'k:int64*! v:decimal(12,1)' <<<$'1\t0.0\n2\t-1000.0\n3\t999.9' >low.acct
	for type in 'numeric(4,1)' 'numeric(6,3)' small; do
		refused_table "k bigint PRIMARY KEY, v $type" high.acct "acct-merge-sql: r: column v is $type, too small for 1000.0 of record 2"
		refused_table "k bigint PRIMARY KEY, v $type" low.acct "acct-merge-sql: r: column v is $type, too small for -1000.0 of record 2"
		psql -Xqc 'DROP TABLE r' -c "CREATE TABLE r (k bigint PRIMARY KEY, v $type)"
		into postgres -t r fits.acct
	done
	mkrec r 'k:int64*! v:int64' <<<$'1\t-32768\n2\t32767' >fits.acct
	psql -Xqc 'DROP TABLE r' -c 'CREATE TABLE r (k bigint PRIMARY KEY, v smallint)'
	into postgres -t r fits.acct
	mkrec r 'k:int64*! v:int64' <<<$'1\t-32769\n2\t5' >low.acct
	refused_table 'k bigint PRIMARY KEY, v smallint' low.acct 'r: column v is smallint, too small for -32769 of record 1'
	mkrec r 'k:int64*! v:decimal(38,0)' <<<$'1\t9223372036854775808' >high.acct
	refused_table 'k bigint PRIMARY KEY, v bigint' high.acct 'r: column v is bigint, too small for 9223372036854775808 of record 1'
	# A dry run looks at the values too, and at those that no column could hold.
	psql -Xqc 'DROP TABLE r' -c 'CREATE TABLE r (k bigint PRIMARY KEY, v varchar(4))'
	run -3 --separate-stderr sh -c 'acct-merge-sql -d postgres --dry-run -t r text.acct | psql -X'
	[[ $stderr == *"r: column v is character varying(4), too short for the 5 characters of record 3"* ]]
	mkrec r 'k:int64*! v:string' <<<$'1\ta\\x00b' >nul.acct
	run -65 --separate-stderr acct-merge-sql -d postgres --dry-run nul.acct
	[[ $stderr == "acct-merge-sql: nul.acct: record 1: v: has a NUL character"* ]]
}

@test "merge-sql: a load that is repeated or comes out of turn is refused" {
	for n in 1 2 3; do
		seq "$n" | mkrec t 'k:int64*!' >$n.acct
	done
	into sqlite --lake l --at 4 1.acct
	acct-merge-sql -d sqlite --lake l --since 4 --at 5 --adopt -o 5.sql 2.acct
	acct-merge-sql -d sqlite --lake l --since 5 --at 6 --adopt -o 6.sql 3.acct
	run -1 --separate-stderr sqlite3 -bail gold.db <6.sql
	[[ $stderr == *"t: the mark of the load before names version 4, not version 5"* ]]
	sqlite3 -bail gold.db <5.sql
	run -1 --separate-stderr sqlite3 -bail gold.db <5.sql
	[[ $stderr == *"t: the mark of the load before names version 5, not version 4"* ]]
	sqlite3 -bail gold.db <6.sql
	run -1 --separate-stderr sqlite3 -bail gold.db <5.sql
	[[ $stderr == *"t: the mark of the load before names version 6, not version 4"* ]]
	same '3|6' "$(sqlite3 gold.db 'SELECT count(*), (SELECT version FROM acct_load) FROM t')"
	# The same version again, said so, changes nothing.
	into sqlite --lake l --since 6 --at 6 3.acct
	same '3|6' "$(sqlite3 gold.db 'SELECT count(*), (SELECT version FROM acct_load) FROM t')"
}

@test "merge-sql: postgres: triggers, duplicates and collations cannot take or change a row" {
	postgres
	mkrec r 'k:int64*! v:string' <<<$'1\ta\n2\tb' >r.acct
	for body in "IF new.k = 2 THEN RETURN NULL; END IF" "new.v := upper(new.v)" "new.k := new.k + 5"; do
		psql -Xqc 'DROP TABLE IF EXISTS r CASCADE' -c 'CREATE TABLE r (k bigint PRIMARY KEY, v text)' \
		    -c "CREATE OR REPLACE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN $body; RETURN new; END \$\$" \
		    -c 'CREATE TRIGGER g BEFORE INSERT ON r FOR EACH ROW EXECUTE FUNCTION g()' 2>/dev/null
		refused_by postgres 'r does not hold the rows as they came, each once; the first key that differs: [' r.acct
	done
	psql -Xqc 'DROP TABLE IF EXISTS r CASCADE' -c 'CREATE TABLE r (k bigint PRIMARY KEY, v text)' \
	    -c "CREATE OR REPLACE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN DELETE FROM r WHERE k = 2; RETURN NULL; END \$\$" \
	    -c 'CREATE CONSTRAINT TRIGGER g AFTER INSERT ON r DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION g()'
	refused_by postgres 'r does not hold the rows as they came, each once; the first key that differs: [2]' r.acct
	psql -Xqc 'DROP TABLE r CASCADE' -c 'CREATE TABLE r (k bigint, v text)' -c "INSERT INTO r VALUES (2, 'x'), (2, 'y')"
	refused_by postgres 'r does not hold the rows as they came, each once; the first key that differs: [2]' r.acct
	# A collation that takes two strings for one: the difference is seen, and kept.
	psql -Xqc 'DROP TABLE r' -c "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)" \
	    -c 'CREATE TABLE r (k bigint PRIMARY KEY, v text COLLATE ci)' -c "INSERT INTO r VALUES (1, 'A')"
	into postgres -t r r.acct
	same $'1|a\n2|b' "$(psql -XAtc 'SELECT * FROM r ORDER BY k')"
}

@test "merge-sql: postgres: the same values whatever the session is set to" {
	postgres
	db=$PGDATABASE
	mkrec r 'k:int64*! at:timestamp day:timestamp d:date f:float64 s:string' <<<$'1\t2024-01-01T02:30:00Z\t2024-01-01T02:30:00Z\t2024-03-04\t0.1\ta\\\\b' >r.acct
	psql -Xqc 'CREATE TABLE r (k bigint PRIMARY KEY, at timestamp, day date, d date, f double precision, s text)'
	psql -Xq <<-'END'
	CREATE SCHEMA evil;
	CREATE FUNCTION evil.to_regclass(text) RETURNS regclass LANGUAGE sql AS 'SELECT NULL::regclass';
	CREATE FUNCTION evil.pg_typeof(timestamp) RETURNS regtype LANGUAGE sql AS 'SELECT 1/0; SELECT NULL::regtype';
	END
	for setting in "timezone = 'Asia/Tokyo'" "timezone = 'America/Toronto'" "datestyle = 'SQL, DMY'" 'standard_conforming_strings = off' \
	    "default_transaction_isolation = serializable" 'default_transaction_read_only = on' 'extra_float_digits = 0' "search_path = evil, public" \
	    "client_encoding = LATIN1"; do
		psql -Xqc 'SET default_transaction_read_only = off' -c "ALTER DATABASE $db RESET ALL" -c "ALTER DATABASE $db SET $setting" \
		    -c 'DELETE FROM public.r'
		into postgres -t public.r r.acct
		into postgres -t public.r r.acct
		same '1|2024-01-01 02:30:00|2024-01-01|2024-03-04|0.1|a\b' \
		    "$(PGOPTIONS='-c datestyle=ISO -c timezone=UTC -c extra_float_digits=1' psql -XAtc 'SELECT * FROM public.r')"
	done
}

@test "merge-sql: postgres: a column that the table lacks is added, or the statement given to one who may not" {
	postgres
	psql -Xqc 'CREATE TABLE balance (id bigint PRIMARY KEY, name text)' -c "INSERT INTO balance VALUES (99, 'x')" \
	    -c "CREATE ROLE other$BATS_TEST_NUMBER LOGIN" -c "GRANT SELECT, INSERT, UPDATE, DELETE ON balance TO other$BATS_TEST_NUMBER"
	run -3 --separate-stderr sh -c "acct-merge-sql -d postgres b.acct | PGUSER=other$BATS_TEST_NUMBER psql -X"
	[[ $stderr == *'acct-merge-sql: balance has no column total; what adds it: ALTER TABLE "balance" ADD COLUMN "total" numeric(28,2);'* ]]
	into postgres b.acct
	same '7||2900.00|
99|x||' "$(psql -XAtc 'SELECT * FROM balance WHERE id IN (7, 99) ORDER BY id')"
	psql -Xqc 'DROP TABLE balance' -c 'CREATE TABLE balance (name text)'
	run -3 --separate-stderr sh -c 'acct-merge-sql -d postgres b.acct | psql -X'
	[[ $stderr == *'acct-merge-sql: balance has no column id, which is of the key'* ]]
	psql -Xqc "DROP OWNED BY other$BATS_TEST_NUMBER" -c "DROP ROLE other$BATS_TEST_NUMBER"
}

@test "merge-sql: postgres: a trial finds what is wrong and changes nothing" {
	postgres
	acct-merge-sql -d postgres --dry-run -t gold.balance b.acct | psql -X
	same '' "$(psql -XAtc "SELECT to_regnamespace('gold')")"
	into postgres -t gold.balance b.acct
	before=$(psql -XAtc 'SELECT *, xmin FROM gold.balance')
	acct-merge-sql -d postgres --dry-run -t gold.balance b.acct | psql -X
	psql -Xqc "CREATE ROLE try$BATS_TEST_NUMBER LOGIN" -c "GRANT USAGE ON SCHEMA gold TO try$BATS_TEST_NUMBER"
	for rights in SELECT 'SELECT, INSERT' 'SELECT, UPDATE'; do
		psql -Xqc "REVOKE ALL ON gold.balance FROM try$BATS_TEST_NUMBER" -c "GRANT $rights ON gold.balance TO try$BATS_TEST_NUMBER"
		run -3 --separate-stderr sh -c "acct-merge-sql -d postgres --dry-run -t gold.balance b.acct | PGUSER=try$BATS_TEST_NUMBER psql -X"
		[[ $stderr == *"permission denied for table balance"* ]]
	done
	psql -Xqc "GRANT INSERT ON gold.balance TO try$BATS_TEST_NUMBER"
	PGUSER=try$BATS_TEST_NUMBER acct-merge-sql -d postgres --dry-run -t gold.balance b.acct | psql -X
	psql -Xqc "DROP OWNED BY try$BATS_TEST_NUMBER" -c "DROP ROLE try$BATS_TEST_NUMBER"
	psql -Xqc 'ALTER TABLE gold.balance ALTER total TYPE real'
	run -3 --separate-stderr sh -c "acct-merge-sql -d postgres --dry-run -t gold.balance b.acct | psql -X"
	[[ $stderr == *"balance: column total is real"* ]]
	same "$before" "$(psql -XAtc 'ALTER TABLE gold.balance ALTER total TYPE numeric(28,2)' -c 'SELECT *, xmin FROM gold.balance' | sed 1d)" ||
		same 3 "$(psql -XAtc 'SELECT count(*) FROM gold.balance')"
}

@test "merge-sql: postgres: two first loads at once take turns" {
	postgres
	seq 1 500 | mkrec t 'id:int64*!' >t.acct
	for n in 1 2 3 4; do
		for i in 1 2 3; do
			acct-merge-sql -d postgres -t "s$n.t" --lake "lake $i" --adopt --at 1 t.acct | psql -X 2>err.$i || echo $i >failed &
		done
		wait
		[ ! -e failed ] || { cat err.* >&2; false; }
		same "500 3" "$(psql -XAt -F ' ' -c "SELECT (SELECT count(*) FROM s$n.t), (SELECT count(*) FROM s$n.acct_load)")"
	done
}

@test "merge-sql: postgres: a session that ends after any statement leaves the table as it was, or all of the load" {
	postgres
	into postgres --lake l --at 1 b.acct
	mkrec balance 'id:int64*!' <<<51 >gone.acct
	mkrec balance 'id:int64*! name:string total:decimal(28,2)! since:date' <<<$'7\tN\t1\t\\N\n8\tN\t1\t\\N' >c.acct
	acct-merge-sql -d postgres --lake l --at 2 --since 1 --delete gone.acct c.acct >all.sql
	state='SELECT (SELECT string_agg(b::text, chr(32) ORDER BY id) FROM balance b), (SELECT version FROM acct_load)'
	before=$(psql -XAtc "$state")
	python3 - <<-'END'
	lines, quotes, copying = open("all.sql").read().splitlines(True), 0, False
	for n, line in enumerate(lines):
	    copying = line.startswith("COPY ") or copying and line != "\\.\n"
	    quotes += 0 if copying else line.count("'")
	    if line.endswith(";\n") and quotes % 2 == 0 and not copying:
	        with open("killed.%03d" % n, "w") as f:
	            f.writelines([*lines[:n + 1], "SELECT pg_terminate_backend(pg_backend_pid());\n", *lines[n + 1:]])
	END
	n=0
	for f in killed.*; do
		run ! psql -X -f "$f"
		after=$(psql -XAtc "$state")
		[ "$after" = "$before" ] || break
		n=$((n + 1))
	done
	same COMMIT\; "$(grep -B 1 terminate "$f" | head -n 1)"
	[ "$n" -gt 15 ]
	same '(7,N,1.00,) (8,N,1.00,) (15,Ann,-0.05,0001-01-01)|2' "$after"
}

@test "merge-sql: postgres: when this program is killed, psql fails" {
	postgres
	killed postgres psql -X
	[ "$got" -eq 3 ]
	same "" "$(psql -XAtc "SELECT to_regclass('t')")"
}

@test "merge-sql: postgres: every type at its ends" {
	postgres
	mkrec t 'k:int32*! b:bool i:int64 d:decimal(38,38) e:decimal(38,0) day:date at:timestamp f:float64 s:string' >t.acct <<-'END'
	-2147483648	0	-9223372036854775808	-0.99999999999999999999999999999999999999	-99999999999999999999999999999999999999	0001-01-01	0001-01-01T00:00:00Z	-inf	
	2147483647	1	9223372036854775807	0.00000000000000000000000000000000000001	99999999999999999999999999999999999999	9999-12-31	9999-12-31T23:59:59.999999Z	nan	x
	0	\N	\N	\N	\N	\N	\N	\N	\N
	1	1	0	0	0	1969-12-31	1969-12-31T23:59:59.5Z	5e-324	\\
	END
	into postgres t.acct
	before=$(psql -XAtc 'SELECT xmin FROM t')
	into postgres t.acct
	same "$before" "$(psql -XAtc 'SELECT xmin FROM t')"
	same "$(cat <<-'END'
	-2147483648|f|-9223372036854775808|-0.99999999999999999999999999999999999999|-99999999999999999999999999999999999999|0001-01-01|0001-01-01 00:00:00+00|-Infinity|
	0|null|null|null|null|null|null|null|null
	1|t|0|0.00000000000000000000000000000000000000|0|1969-12-31|1969-12-31 23:59:59.5+00|5e-324|\
	2147483647|t|9223372036854775807|0.00000000000000000000000000000000000001|99999999999999999999999999999999999999|9999-12-31|9999-12-31 23:59:59.999999+00|NaN|x
	END
	)" "$(PGTZ=UTC psql -XAt -P null=null -c 'SELECT * FROM t ORDER BY k')"
}

@test "merge-sql: postgres: values come back as they went, whatever they hold" {
	postgres
	python3 "$H/hostile.py" values v.tsv v.hex big
	mkrec v 'n:int64*! v:string' <v.tsv >v.acct
	into postgres v.acct
	psql -XAtc "SELECT n, upper(encode(convert_to(v, 'UTF8'), 'hex')) FROM v ORDER BY n" >got.hex
	cmp v.hex got.hex || diff v.hex got.hex | cut -c1-200
	cut -f 2 v.tsv | head -n 1500 | sort -u | mkrec w 'v:string*!' >w.acct		# a table of one column, all key
	into postgres w.acct
	into postgres w.acct
	same "$(head -n 1500 v.hex | cut -d '|' -f 2 | sort -u)" "$(psql -XAtc "SELECT upper(encode(convert_to(v, 'UTF8'), 'hex')) FROM w" | sort)"
}

@test "merge-sql: postgres: no name breaks out" {
	postgres
	hostile_names
	into postgres n.acct
	into postgres n.acct
	psql -XAtc "SELECT upper(encode(convert_to(relname, 'UTF8'), 'hex')) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace" >got.hex
	psql -XAtc "SELECT upper(encode(convert_to(attname, 'UTF8'), 'hex')) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
		WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0 ORDER BY attnum" >>got.hex
	diff -u names.hex got.hex
	into postgres -t '"sch""ema; '"'"'$$".acct_stage' n.acct
	into postgres -t '"sch""ema; '"'"'$$".acct_stage' n.acct
	into postgres -t acct_stage n.acct
	into postgres -t acct_stage n.acct
	same 2 "$(psql -XAtc 'SELECT count(*) FROM "sch""ema; '"'"'$$".acct_stage')"
	same 2 "$(psql -XAtc 'SELECT count(*) FROM public.acct_stage')"
}

@test "merge-sql: postgres: one who may not create tables merges into the one there is" {
	postgres
	into postgres -t gold.balance b.acct
	psql -Xq -c 'CREATE ROLE loader LOGIN' -c 'GRANT USAGE ON SCHEMA gold TO loader' \
	    -c 'GRANT SELECT, INSERT, UPDATE ON gold.balance TO loader' || true
	PGUSER=loader into postgres -t gold.balance b.acct
	same 3 "$(psql -XAtc 'SELECT count(*) FROM gold.balance')"
	psql -Xq -c 'DROP OWNED BY loader' -c 'DROP ROLE loader'
}

@test "merge-sql: postgres: two loads at once take turns" {
	postgres
	seq 1 2000 | mkrec t 'id:int64*!' >t.acct
	into postgres t.acct
	seq 1000 4000 | mkrec t 'id:int64*!' >u.acct
	into postgres u.acct & one=$!
	into postgres u.acct & two=$!
	wait $one
	wait $two
	same 4000 "$(psql -XAtc 'SELECT count(*) FROM t')"
}

# ---- marks, and rows that the stream does not have ----

@test "merge-sql: a mark: wrong use" {
	for words in '--run r' '--at 1' '--since 1' '--delete b.acct' --adopt '--lake l' '--lake l --at -1' '--lake l --at x' '--lake l --at 1 --since x' \
	    '--lake l --at 1 --delete b.acct' '--lake l --at 1 --adopt --delete-absent'; do
		# shellcheck disable=SC2086
		run -64 --separate-stderr acct-merge-sql -d sqlite $words b.acct
	done
	run -64 --separate-stderr acct-merge-sql -d sqlite --lake '' --at 1 b.acct
	run -64 --separate-stderr acct-merge-sql -d sqlite --lake l --at 1 -t acct_load b.acct
	[[ $stderr == "acct-merge-sql: -t: 'acct_load' is the table that records loads"* ]]
	run -64 --separate-stderr acct-merge-sql -d synapse --dry-run b.acct
	[[ $stderr == "acct-merge-sql: --dry-run: not supported for synapse"* ]]
	mkrec t 'name:string*!' <<<x >gone.acct
	run -65 --separate-stderr acct-merge-sql -d sqlite -o x --lake l --at 1 --since 0 --delete gone.acct b.acct
	same "acct-merge-sql: gone.acct: no key column 'id'" "$stderr"
	mkrec t 'id:string*!' <<<x >gone.acct
	run -65 --separate-stderr acct-merge-sql -d sqlite -o x --lake l --at 1 --since 0 --delete gone.acct b.acct
	same "acct-merge-sql: gone.acct: id: another type than in b.acct" "$stderr"
	for d in sqlite postgres synapse; do
		mkrec t 'id:int64' <<<$'1\n\\N' >gone.acct
		run -65 --separate-stderr acct-merge-sql -d $d -o x --lake l --at 1 --since 0 --delete gone.acct b.acct
		[[ $stderr == "acct-merge-sql: gone.acct: record 2: id: null in a key"* ]]
		mkrec t 'id:int64' <<<1 | head -n 2 >gone.acct
		run -65 --separate-stderr acct-merge-sql -d $d -o x --lake l --at 1 --since 0 --delete gone.acct b.acct
		[[ $stderr == "acct-merge-sql: gone.acct: truncated: 1 records, trailer missing" ]]
	done
	[ ! -e x ]
}

@test "merge-sql: sqlite: loads beside other writers, against a model" {
	python3 "$H/model.py" sqlite "${ACCT_ROUNDS:-12}"
}

@test "merge-sql: postgres: loads beside other writers, against a model" {
	postgres
	python3 "$H/model.py" postgres "${ACCT_ROUNDS:-4}"
}

@test "merge-sql: what a refusal of rows of unknown origin says" {
	into sqlite b.acct
	run -1 --separate-stderr sh -c 'acct-merge-sql -d sqlite --lake l --at 7 b.acct | sqlite3 gold.db'
	[[ $stderr == *"acct-merge-sql: balance: 3 rows are there and no load of this lake is marked: --adopt keeps them, --delete-absent deletes them"* ]]
	into sqlite --lake l --at 7 --adopt b.acct
	run -1 --separate-stderr sh -c 'acct-merge-sql -d sqlite --lake l --at 8 b.acct | sqlite3 gold.db'
	[[ $stderr == *"balance: the mark of the load before names version 7, not none"* ]]
	run -1 --separate-stderr sh -c 'acct-merge-sql -d sqlite --lake m --at 8 --since 7 b.acct | sqlite3 gold.db'
	[[ $stderr == *"balance: the mark of the load before names no version, not version 7"* ]]
	sqlite3 gold.db "INSERT INTO balance (id, total) VALUES (99, '0.00')"
	run -1 --separate-stderr sh -c 'acct-merge-sql -d sqlite --lake l --at 8 --since 7 b.acct | sqlite3 gold.db'
	[[ $stderr == *"balance: 1 rows are there that the stream does not have and whose origin is not known: --adopt keeps"* ]]
	mkrec t 'id:int64' <<<51 >gone.acct
	run -1 --separate-stderr sh -c 'acct-merge-sql -d sqlite --lake l --at 8 --since 7 --delete gone.acct b.acct | sqlite3 gold.db'
	[[ $stderr == *"balance: a key to delete has a row to merge: [51]"* ]]
	sqlite3 gold.db 'CREATE TRIGGER keep BEFORE DELETE ON balance BEGIN SELECT RAISE(IGNORE); END'
	mkrec t 'id:int64' <<<99 >gone.acct
	run -1 --separate-stderr sh -c 'acct-merge-sql -d sqlite --lake l --at 8 --since 7 --delete gone.acct b.acct | sqlite3 gold.db'
	[[ $stderr == *"balance still has a row that was deleted: [99]"* ]]
	run -1 --separate-stderr sh -c 'acct-merge-sql -d sqlite --delete-absent b.acct | sqlite3 gold.db'
	[[ $stderr == *"balance should have 3 rows and has 4"* ]]
	same "7|4" "$(sqlite3 gold.db 'SELECT version, (SELECT count(*) FROM balance) FROM acct_load')"
}

@test "merge-sql: sqlite: killed at any statement: the table as it was, or all of the load" {
	seq 2000 | sed 's/$/\told/' | mkrec t 'k:int64*! v:string' | into sqlite --lake l --at 1
	seq 3 3000 | sed 's/$/\tnew/' | mkrec t 'k:int64*! v:string' >t.acct
	mkrec t 'k:int64' <<<$'1\n2' >gone.acct
	acct-merge-sql -d sqlite --lake l --at 2 --since 1 --delete gone.acct -o t.sql t.acct
	python3 "$H/model.py" kill t.sql gold.db 'SELECT count(*), min(k), min(v), max(v), (SELECT version FROM acct_load) FROM t' >seen.txt
	same "[(2000, 1, 'old', 'old', 1)]
[(2998, 3, 'new', 'new', 2)]" "$(cat seen.txt)"
}

# ---- Synapse ----

@test "merge-sql: synapse: mark, keys to delete and checks, and a text cut short is no batch" {
	need_peers sqlglot sqlfluff
	mkrec t 'id:int64' <<<99 >gone.acct
	acct-merge-sql -d synapse -t gold.balance --lake "it's" --run r --at 8 --since 7 --delete gone.acct b.acct >b.sql
	tsql b.sql >kinds.txt
	grep -qx 'sqlfluff merge 1' kinds.txt
	grep -qF "(SELECT MAX([version]) AS v FROM [gold].[acct_load] WHERE [lake] = N'it''s' AND [table_name] = N'balance') AS x" b.sql
	grep -qF "WHERE COALESCE(x.v, -1) <> 7);" b.sql
	grep -qxF 'WHERE EXISTS (SELECT 1 FROM #acct_gone AS s WHERE s.[id] = [balance].[id]);' b.sql
	same "$(printf "SELECT N'it''s', N'balance', N'r', 8, 3, '%s', SYSUTCDATETIME();" "$(tail -n 1 b.acct | cut -d ' ' -f 3)")" "$(grep SYSUTC b.sql)"
	run ! sh -c "sed -n '/^BEGIN TRANSACTION/,/^COMMIT/p' b.sql | grep -E '^(CREATE|DROP|ALTER|EXEC)'"
	# Every statement is within one BEGIN ... END, which a cut leaves open.
	python3 - <<-'END'
	import re
	words = re.findall(r"N?'(?:[^']|'')*'|\[(?:[^]]|\]\])*\]|\w+|\S", open("b.sql").read())
	depth, ends = 0, []
	for n, word in enumerate(words):
	    after = words[n + 1] if n + 1 < len(words) else ""
	    if word == "BEGIN" and after != "TRANSACTION" or word == "CASE":
	        depth += 1
	    if word == "END":
	        depth -= 1
	    assert depth >= 0
	    if depth == 0:
	        ends.append(n)
	assert ends == [len(words) - 2, len(words) - 1], (ends, len(words))
	END
	acct-merge-sql -d synapse --lake l --at 1 -o first.sql b.acct
	grep -qF "CONCAT(N'acct-merge-sql: ', N'balance', N': ', @what, N' rows are there and no load of this lake is marked" first.sql
	tsql first.sql >kinds.txt
	acct-merge-sql -d synapse --delete-absent -o absent.sql b.acct
	grep -qF 'DELETE FROM [dbo].[balance] WHERE NOT EXISTS (SELECT 1 FROM #acct_stage AS s WHERE s.[id] = [balance].[id]);' absent.sql
	tsql absent.sql >kinds.txt
	# A target called as the alias of the rows is not hidden by it.
	acct-merge-sql -d synapse --delete-absent -t S b.acct | grep -qF 'DELETE FROM [dbo].[S] WHERE NOT EXISTS (SELECT 1 FROM #acct_stage AS s_2 WHERE s_2.[id] = [S].[id]);'
}

@test "merge-sql: synapse: both parsers take every statement" {
	need_peers sqlglot sqlfluff
	acct-merge-sql -d synapse -t gold.balance b.acct >b.sql
	same "$(cat <<-'END'
	sqlfluff create_table 2
	sqlfluff create_columnstore_index 1
	sqlfluff insert 1
	sqlfluff merge 1
	sqlfluff throw 13
	sqlfluff transaction 3
	sqlfluff update_statistics 1
	sqlfluff drop_table 2
	sqlglot Commit 1
	sqlglot Create 3
	sqlglot Drop 2
	sqlglot Insert 1
	sqlglot Merge 1
	END
	)" "$(tsql b.sql)"
	acct-select -w "since is not null" b.acct | acct-merge-sql -d synapse --history since -t gold.balance >h.sql
	tsql h.sql >h.tree
	grep -qx 'sqlglot Insert 3' h.tree
	same "7|NULL" "$(grep -c 'SELECT 7, NULL, 2900.00, NULL' b.sql | sed 's/1/7|NULL/')"
}

@test "merge-sql: synapse: the pool's rules" {
	need_peers sqlglot sqlfluff
	acct-merge-sql -d synapse -t gold.balance b.acct >b.sql
	# The target by hash on the key, the stage round robin; the key is not set; MERGE ends with a semicolon.
	grep -qx 'WITH (DISTRIBUTION = HASH(\[id\]), HEAP);' b.sql
	grep -qx 'CREATE CLUSTERED COLUMNSTORE INDEX \[acct_columnstore\] ON \[gold\].\[balance\];' b.sql
	grep -qx 'WITH (DISTRIBUTION = ROUND_ROBIN, HEAP);' b.sql
	same 'THEN UPDATE SET [name] = s.[name], [total] = s.[total], [since] = s.[since]' "$(grep '^THEN UPDATE' b.sql)"
	same 'VALUES (s.[id], s.[name], s.[total], s.[since]);' "$(grep -A 1 '^WHEN NOT MATCHED THEN' b.sql | tail -n 1)"
	same 1 "$(grep -c VALUES b.sql)"
	run ! grep -qiE '^ *GO *$|PRIMARY KEY|IDENTITY *\(|OUTPUT' b.sql
	# Nothing between BEGIN TRANSACTION and COMMIT defines anything.
	run ! sh -c "sed -n '/^BEGIN TRANSACTION/,/^COMMIT/p' b.sql | grep -E '^(CREATE|DROP|ALTER|EXEC)'"
	# Every difference counts, that from and to null too, and letters' case and trailing spaces.
	grep -qF 't.[since] <> s.[since] OR (t.[since] IS NULL AND s.[since] IS NOT NULL) OR (t.[since] IS NOT NULL AND s.[since] IS NULL)' b.sql
	grep -qF 'DATALENGTH(CAST(t.[name] AS NVARCHAR(4000))) <> DATALENGTH(s.[name])' b.sql
	grep -qF 'THROW 50001' b.sql
	# A key of two columns is distributed by its first.
	mkrec t 'a:string*! b:int64*! v:string' <<<$'x\t1\ty' | acct-merge-sql -d synapse >t.sql
	grep -qF 'HASH([a])' t.sql
	grep -qxF 'ON t.[a] COLLATE Latin1_General_100_BIN2 = s.[a] COLLATE Latin1_General_100_BIN2 AND t.[b] = s.[b]' t.sql
	tsql t.sql >/dev/null
	mkrec t 'a:string*! b:int64*!' </dev/null | acct-merge-sql -d synapse >t.sql
	run ! grep -q 'WHEN MATCHED' t.sql
	tsql t.sql >/dev/null
}

@test "merge-sql: synapse: fewer than 20,000 strings in a statement, fewer than 1,001 rows" {
	columns='id:int64*!'
	for ((n = 0; n < 100; n++)); do columns="$columns c$n:string"; done
	row=$(printf '\tx%.0s' {1..100})
	for ((n = 0; n < 450; n++)); do echo "$n$row"; done | mkrec t "$columns" | acct-merge-sql -d synapse >t.sql
	awk '/^INSERT INTO #acct_stage/ { n++ } /^(UNION ALL )?SELECT (CAST|[0-9])/ { rows[n]++; strings[n] += gsub(/N\047/, "") }
	     END { for (i in rows) { all += rows[i]; if (strings[i] >= 20000 || rows[i] > 1000) exit 1 } exit all != 450 || n < 2 }' t.sql
}

@test "merge-sql: synapse: values come back from the tree as they went, whatever they hold" {
	need_peers sqlglot sqlfluff
	python3 "$H/hostile.py" values v.tsv v.hex nul big
	mkrec v 'n:int64*! v:string' <v.tsv >v.acct
	acct-merge-sql -d synapse --long v -o v.sql v.acct
	run ! grep -q 'COLUMNSTORE' v.sql
	grep -qF '[v] NVARCHAR(MAX)' v.sql
	tsql v.sql rows >got.hex
	cmp v.hex got.hex || diff v.hex got.hex | cut -c1-200
	run -65 --separate-stderr acct-merge-sql -d synapse -o v.sql v.acct
	[[ $stderr == *": v: longer than the 4000 characters of NVARCHAR(4000): name the column with --long: "* ]]
	# No literal holds a line end: the lines are those of the statements.
	grep -v 'UNION ALL SELECT\|^SELECT CAST' v.sql | tr -d '[:print:]\n\t' | cmp - /dev/null
}

@test "merge-sql: synapse: a string of 4000 characters, counted as UTF-16" {
	printf '1\t%s\n' "$(printf '\xf0\x9f\x98\x80%.0s' {1..2000})" | mkrec t 'a:int64*! s:string' >t.acct
	acct-merge-sql -d synapse t.acct >t.sql
	printf '1\tx%s\n' "$(printf '\xf0\x9f\x98\x80%.0s' {1..2000})" | mkrec t 'a:int64*! s:string' >t.acct
	run -65 --separate-stderr acct-merge-sql -d synapse t.acct
	[[ $stderr == "acct-merge-sql: t.acct: record 1: s: longer than the 4000 characters of NVARCHAR(4000)"* ]]
}

@test "merge-sql: synapse: no name breaks out" {
	need_peers sqlglot sqlfluff
	hostile_names '[]'		# sqlfluff does not know ]]
	acct-merge-sql -d synapse n.acct >n.sql
	tsql n.sql >/dev/null
	hostile_names
	acct-merge-sql -d synapse n.acct >n.sql
	tsql n.sql columns >got.hex
	diff -u names.hex got.hex
	acct-merge-sql -d synapse -t "\"it's ]];\".\"x]'; --\"" n.acct >n.sql
	grep -qF "name = N'it''s ]];'" n.sql
	grep -qF "EXEC sp_executesql N'CREATE SCHEMA [it''s ]]]];]'" n.sql
	grep -qF "IF OBJECT_ID(N'[it''s ]]]];].[x]]''; --]', N'U') IS NULL" n.sql
	same "$(printf "x]'; --" | od -An -tx1 | tr -d ' \n' | tr a-f A-F)" "$(tsql n.sql columns | head -n 1)"
}

@test "merge-sql: synapse: a torn stream ends in an error" {
	run -65 --separate-stderr sh -c 'head -n 3 b.acct | acct-merge-sql -d synapse'
	[[ $output == *"THROW 50000, N'acct-merge-sql: the input was refused, nothing is merged', 1;" ]]
	[[ $output != *MERGE\ INTO* ]]
}

@test "merge-sql: synapse: more than a batch can hold is refused" {
	python3 -c '
for n in range(9): print(n, "a" * 15_000_000, sep="\t")' | mkrec t 'n:int64*! v:string' >t.acct
	run -65 --separate-stderr acct-merge-sql -d synapse --long v -o t.sql t.acct
	same "acct-merge-sql: t.acct: more than 134217728 bytes of SQL, the most that synapse takes at once" "$stderr"
	[ ! -e t.sql ]
	acct-merge-sql -d synapse --long v t.acct 2>/dev/null | tail -c 20000000 >t.sql || true
	run ! grep -q MERGE\ INTO t.sql
	same "THROW 50000, N'acct-merge-sql: the input was refused, nothing is merged', 1;" "$(tail -n 1 t.sql)"
}

# ---- the manual's pipeline ----

@test "merge-sql: a history: wrong use" {
	mkrec c 'id:int64*! since:date! name:string x:decimal(9,2) t:string' <<<$'1\t2024-01-31\ta\t\\N\t\\N' >c.acct
	refused() {
		run -"$1" --separate-stderr acct-merge-sql -d sqlite "${@:3}" c.acct
		[[ $stderr == "acct-merge-sql: $2"* ]] || { echo "$stderr"; false; }
	}
	refused 64 '--deleted-at requires --history' --deleted-at 2024-01-01
	refused 64 '--history: not with --dry-run, --copy or --script' --history since --dry-run
	refused 64 '--deleted-at is required: when do deleted rows end?' --history since --delete-absent
	refused 64 '--deleted-at requires --delete or --delete-absent' --history since --deleted-at 2024-01-01
	refused 64 "--deleted-at: not of type date: 'now'" --history since --delete-absent --deleted-at now
	refused 64 "--history: 'id': of the key; -k names the key of the rows without it" --history id
	refused 64 "--history: 'x': neither an integer nor a date or timestamp" --history x
	refused 64 "c.acct: --history: no column 'sinc'; did you mean 'since'?" --history sinc
	mkrec c 'id:int64*! since:date _to:date' <<<$'1\t2024-01-31\t\\N' >c.acct
	refused 65 "c.acct: columns '_to' and '_to': sqlite treats them as equal" --history since
	mkrec c 'id:int64*! since:date' <<<$'1\t\\N' >c.acct
	refused 65 "c.acct: record 1: since: null where a row begins to hold" --history since
}

@test "merge-sql: sqlite: a history keeps versions, and a late row splits one" {
	since='id:int64*! since:date! name:string'
	mkrec c "$since" <<<$'1\t2024-01-31\tAnn\n2\t2024-01-31\tBob' >day1
	mkrec c "$since" <<<$'1\t2024-03-01\tAnna\n2\t2024-03-01\tBob' >day2
	mkrec c "$since" <<<$'1\t2024-02-10\tAn\n3\t2024-02-10\tEve' >late
	for day in day1 day2 late late day1; do
		acct-merge-sql -d sqlite --history since -t h $day | sqlite3 -bail gold.db
	done
	same "$(printf '%s\n' '1|Ann|2024-01-31|2024-02-10|0' '1|An|2024-02-10|2024-03-01|0' '1|Anna|2024-03-01||1' '2|Bob|2024-01-31||1' \
	    '3|Eve|2024-02-10||1')" "$(sqlite3 gold.db 'SELECT id, name, _from, _to, _current FROM h ORDER BY id, _from')"
	mkrec c "$since" <<<$'1\t2024-01-31\tx\n1\t2024-02-01\ty' >twice
	run -1 bash -o pipefail -c 'acct-merge-sql -d sqlite --history since -t h twice | sqlite3 -bail gold.db'
	same 5 "$(sqlite3 gold.db 'SELECT count(*) FROM h')"
}

@test "merge-sql: sqlite: random histories are as a timeline, and a text cut anywhere gives all or nothing" {
	python3 "$H/history.py" sqlite "${ACCT_ROUNDS:-4}"
}

@test "merge-sql: postgres: random histories are as a timeline, and a text cut anywhere gives all or nothing" {
	postgres
	python3 "$H/history.py" postgres "${ACCT_ROUNDS:-4}"
}

@test "merge-sql: T-SQL: random histories as H2 executes their statements are as a timeline" {
	sh "$ROOT/tests/h2.sh" || { [ -z "${CI:-}" ] && skip 'SKIPPED: H2 cannot be installed'; }
	H2_JAR=${PEERS:-$ROOT/build/peers}/h2.jar python3 "$H/history.py" h2 "${ACCT_ROUNDS:-4}"
}

@test "merge-sql: the example of the manual" {
	postgres
	[ -x "$BUILD/bin/acct-ingest" ] && [ -x "$BUILD/bin/acct-clean" ] && [ -x "$BUILD/bin/acct-balance" ] || skip "the other programs are not built"
	cat >transactions.csv <<-'END'
	transaction_id,account_id,transaction_amount
	1,7,10.00
	2,7,0.25
	3,8,5.00
	END
	cat >transactions.yaml <<-'END'
	name: transactions
	columns:
	  - name: transaction_id
	    type: int64
	    key: yes
	  - name: account_id
	    type: int64
	  - name: transaction_amount
	    type: decimal(18,2)
	END
	acct-ingest transactions.csv | acct-clean -s transactions.yaml |
	    acct-balance -k account_id 'total=sum(transaction_amount)' |
	    acct-merge-sql -d postgres -t gold.account_total | psql -X
	same "7|10.25
8|5.00" "$(psql -XAtc 'SELECT * FROM gold.account_total ORDER BY 1')"
}
