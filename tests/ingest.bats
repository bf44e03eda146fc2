load helper

prepare() {
	printf 'id,name,city\n1,Ann,Oslo\n2,Bob,Rome\n' >p.csv
	cat >people.yaml <<-'Y'
	name: people
	columns:
	  - name: id
	    type: int64
	    key: yes
	  - name: town
	    source: city
	    type: string
	  - name: name
	    type: string
	Y
}

# rows FILE-OR-OPTIONS...: what acct-ingest makes of it, as TSV without the line of names.
rows() {
	acct-ingest "$@" | acct-cat -f tsv | tail -n +2
}

# text PRINTF-FORMAT: the rows of that text.
text() {
	printf "$1" >x.csv
	rows x.csv
}

t=$'\t'

# ---- what it is for ----

@test "ingest: names from the file, records with line numbers" {
	run -0 acct-ingest p.csv
	[ "$(head -n 1 <<<"$output")" = $'\001H acct/1 p _line:int64*! id:string name:string city:string _malformed:string @source=p.csv @columns=id%2Cname%2Ccity' ]
	same "2${t}1${t}Ann${t}Oslo${t}\\N
3${t}2${t}Bob${t}Rome${t}\\N" "$(rows p.csv)"
	acct-ingest p.csv | acct-cat --check
}

@test "ingest: standard input, with and without a dash" {
	same "$(rows p.csv)" "$(rows <p.csv)"
	same "$(rows p.csv)" "$(rows - <p.csv)"
	[[ $(acct-ingest <p.csv | head -n 1) == *' stdin _line:'*' @source=%3Cstdin%3E '* ]]
	[[ $(acct-ingest -t people <p.csv | head -n 1) == *' people _line:'* ]]
}

# bank_counts FOLDER: rows and malformed ones of each file of a bank.
bank_counts() {
	for table in customers accounts loans loan_payments transactions; do
		acct-ingest -s "$ROOT/pipelines/bank/sources/$table.yaml" -v "$1/$table.csv" 2>>counts | acct-cat --check
	done
	grep -o '[0-9]* rows, [0-9]* of them malformed' counts
}

@test "ingest: the bank's files" {
	same "41 rows, 1 of them malformed
61 rows, 0 of them malformed
20 rows, 0 of them malformed
121 rows, 1 of them malformed
814 rows, 8 of them malformed" "$(bank_counts "$ROOT/pipelines/sample")"
}

@test "ingest: the bank's real files" {
	need "$SHARED/data/bank"
	same "87 rows, 1 of them malformed
100 rows, 0 of them malformed
100 rows, 0 of them malformed
100 rows, 0 of them malformed
100 rows, 0 of them malformed" "$(bank_counts "$SHARED/data/bank")"
	# The cut line has its text, whole.
	same "88${t}\\N${t}\\N${t}\\N${t}\\N${t}\\N${t}\\N${t}\\N${t}field-count $(tail -n 1 "$SHARED/data/bank/customers.csv")" \
	    "$(rows "$SHARED/data/bank/customers.csv" | tail -n 1)"
}

@test "ingest: a pipeline from the manual" {
	printf 'account_id,balance\n1,10.00\n2,\n3\n' >accounts.csv
	run -0 sh -c "acct-ingest accounts.csv | acct-select -w '_malformed is not null' | acct-cat -f csv"
	same '_line,account_id,balance,_malformed
4,,,field-count 3' "$output"
}

# ---- the text of CSV ----

@test "ingest: line ends LF, CRLF and mixed; none at the end" {
	want="2${t}1${t}2${t}\\N
3${t}3${t}4${t}\\N"
	same "$want" "$(text 'a,b\n1,2\n3,4\n')"
	same "$want" "$(text 'a,b\r\n1,2\r\n3,4\r\n')"
	same "$want" "$(text 'a,b\n1,2\r\n3,4\n')"
	same "$want" "$(text 'a,b\r\n1,2\n3,4')"
}

@test "ingest: CRs directly before an LF end the line, another CR is text" {
	same "2${t}1\\r${t}\\r2${t}\\N
3${t}3${t}4${t}\\N
4${t}5${t}6\\r${t}\\N" "$(text 'a,b\n1\r,\r2\n3,4\r\r\n5,6\r')"
}

@test "ingest: nothing is trimmed" {
	same "2${t} 1${t}2 \\t${t}\\N" "$(text 'a,b\n 1,2 \t\n')"
	same "2${t}  ${t} 5\" ${t}\\N" "$(text 'a,b\n  , 5" \n')"
}

@test "ingest: quotes are taken off, in them delimiters, line ends and doubled quotes" {
	same "2${t}a,b${t}c\"d${t}\\N
3${t}x\\ny${t}\\r\\n${t}\\N
6${t}${t}e${t}\\N" "$(text 'a,b\n"a,b","c""d"\n"x\ny","\r\n"\n"",e\r\n')"
}

@test "ingest: a quote in an unquoted field is text" {
	same "2${t}5\" disk${t}a\"b\"${t}\\N" "$(text 'a,b\n5" disk,a"b"\n')"
}

@test "ingest: the line of a record is where it starts" {
	same "2${t}1${t}x\\n\\ny${t}\\N
5${t}2${t}z${t}\\N
8${t}3${t}w${t}\\N" "$(text 'a,b\n1,"x\n\ny"\n2,z\n\n\r\n3,w\n')"
}

@test "ingest: a byte order mark is taken off the beginning, and only there" {
	same "2${t}1${t}\\N" "$(text '\xef\xbb\xbfa\n1\n')"
	same "2${t}1${t}\\N" "$(text '\xef\xbb\xbf"a"\n1\n')"
	[[ $(text 'a\n\xef\xbb\xbf1\n') == "2${t}"$'\xef\xbb\xbf'"1${t}\\N" ]]
	printf '\xef\xbb\xbf' >bom.csv
	run -65 --separate-stderr acct-ingest bom.csv
}

@test "ingest: control bytes and NUL travel escaped" {
	printf 'a,b\n\0001,\001\t\033\n' | acct-ingest | sed -n 2p >got
	printf 'A\202\t\033@1\t\033A\033I\033[\t\031\n' >want
	cmp want got
}

@test "ingest: absent fields are null, quoted empty ones the empty string" {
	printf 'a,b,c\n,,\nx,"",\n' | acct-ingest | tail -n +2 | head -n 2 >got
	printf 'A\202\t\031\t\031\t\031\t\031\nA\203\tx\t\032\t\031\t\031\n' >want
	cmp want got
}

@test "ingest: blank lines are passed over and counted" {
	printf '\n\na,b\n1,2\n\n\r\n3,4\n\n' >x.csv
	run -0 --separate-stderr acct-ingest -v -o x.acct x.csv
	[ "$stderr" = 'acct-ingest: x.csv: 2 rows, 0 of them malformed, 5 blank lines, 18 bytes' ]
	same "4${t}1${t}2${t}\\N
7${t}3${t}4${t}\\N" "$(acct-cat -f tsv x.acct | tail -n +2)"
	# A field that is empty by its quotes is not absent.
	same "2${t}${t}\\N" "$(text 'a\n""\n\n')"
}

@test "ingest: rows with a wrong number of fields keep their text, line ends in quotes included" {
	same "2${t}\\N${t}\\N${t}field-count 1
3${t}1${t}2${t}\\N
4${t}\\N${t}\\N${t}field-count 1,2,3
5${t}\\N${t}\\N${t}field-count \"x\\ny\",z,\"\"
7${t}\\N${t}\\N${t}field-count ,," "$(text 'a,b\n1\n1,2\n1,2,3\r\n"x\ny",z,""\n,,\r\n')"
}

@test "ingest: any byte may be delimiter or quote" {
	printf 'a;b\n1;'\''x;y'\''\n' >x.csv
	same "2${t}1${t}x;y${t}\\N" "$(rows -d ';' -q "'" x.csv)"
	printf 'a\tb\n1,5\t"x\ty"\n' >x.csv
	same "2${t}1,5${t}x\\ty${t}\\N" "$(rows -d '\t' x.csv)"
	same "2${t}1,5${t}x\\ty${t}\\N" "$(rows -d "$t" x.csv)"
	printf 'a,b\n"1,2"\n"x",y\n' >x.csv
	same "2${t}\"1${t}2\"${t}\\N
3${t}\"x\"${t}y${t}\\N" "$(rows -q '' x.csv)"
	printf 'a\3772\n1\377x\n' >x.csv
	same "2${t}1${t}x${t}\\N" "$(rows -d $'\377' x.csv)"
}

@test "ingest: without a line of names" {
	same "1${t}1${t}2${t}\\N
2${t}3${t}4${t}\\N" "$(printf '1,2\n3,4\n' | rows --no-header)"
	[[ $(printf '1,2\n' | acct-ingest --no-header | head -n 1) == *' c1:string c2:string _malformed'*' @columns=c1%2Cc2' ]]
	same "1${t}1${t}Rome${t}Bob${t}\\N" "$(printf '1,Rome,Bob\n' | rows --no-header -s people.yaml)"
	sed 's/^columns:/header: no\n&/' people.yaml >bare.yaml
	same "1${t}1${t}Rome${t}Bob${t}\\N" "$(printf '1,Rome,Bob\n' | rows -s bare.yaml)"
}

# ---- quotes ----

# schema WORD...: t.yaml, of columns a, b and c, with these words.
schema() {
	{
		printf 'name: t\n'
		[ $# -eq 0 ] || printf '%s\n' "$@"
		printf 'columns:\n  - {name: a, type: string}\n  - {name: b, type: string}\n  - {name: c, type: string}\n'
	} >t.yaml
}

# typed PRINTF-FORMAT: the rows of that text by t.yaml.
typed() {
	printf "a,b,c\n$1" >x.csv
	rows -s t.yaml x.csv
}

@test "ingest: blanks and tabs between quotes and the delimiter or the line's end are padding" {
	schema 'multiline: no'
	same "2${t}1${t}Savings${t}9${t}\\N
3${t}2${t}a, b${t}8${t}\\N
4${t}3${t}x${t} 7 ${t}\\N
5${t}y${t}${t}z${t}\\N" "$(typed '1,"Savings" ,9\n2, \t"a, b",8\n3,\t"x"\t , 7 \n "y" ,"" , "z" \t\r\n')"
	# A tab that delimits pads nothing, and a blank that does neither.
	same "2${t}x${t}\\N${t}y ${t}\\N" "$(printf 'a\tb\tc\n"x"\t\t"y "\n' | rows -d '\t' -s t.yaml)"
	same "2${t}x${t}\\N${t}y${t}\\N" "$(printf 'a b c\n"x"  "y"\t\n' | rows -d ' ' -s t.yaml)"
}

@test "ingest: any CRs before the LF end a line, with quotes and without" {
	same "2${t}1${t}x${t}\\N
3${t}2${t}y${t}\\N
5${t}3${t}\\N${t}\\N" "$(text '"a","b"\r\r\n"1","x"\r\r\n2,y\r\r\r\n\r\r\n3,\r\r\n')"
	# A CR that no LF follows is a stray byte after a quote.
	same "2${t}\\N${t}\\N${t}quote \"1\"\\r,x" "$(text 'a,b\n"1"\r,x\n')"
}

@test "ingest: a line with a stray quote is rejected, and the next begins a row" {
	same "2${t}\\N${t}\\N${t}quote 1,\"5\" pipe
3${t}2${t}Checking${t}\\N
4${t}3${t}Savings${t}\\N" "$(text 'a,b\n1,"5" pipe\n2,Checking\n3,"Savings"\n')"
	same "2${t}\\N${t}\\N${t}quote \"Joe \"The Man\" Doe\",x" "$(text 'a,b\n"Joe "The Man" Doe",x\n')"
	# The stray quote comes lines after the field began: its first line is rejected, no more.
	same "2${t}\\N${t}\\N${t}quote 1,\"x
3${t}y${t}z${t}\\N
4${t}\\N${t}\\N${t}field-count 4 \"q\" w" "$(text 'a,b\n1,"x\ny,z\n4 "q" w\n')"
	# A row that has crossed a line end before: all its lines up to the field's.
	same "2${t}\\N${t}\\N${t}quote \"1
3${t}\\N${t}\\N${t}quote 2\",\"x\"y
4${t}3${t}4${t}\\N" "$(text 'a,b\n"1\n2","x"y\n3,4\n')"
}

@test "ingest: a quote open at the end of the file rejects its line alone" {
	same "2${t}1${t}a${t}\\N
3${t}\\N${t}\\N${t}quote 2,\"b" "$(text 'a,b\n1,"a"\n2,"b')"
	same "2${t}\\N${t}\\N${t}quote 1,\"z
3${t}5${t}6${t}\\N
5${t}7${t}8${t}\\N" "$(text 'a,b\n1,"z\n5,6\n\n7,8\n')"
	same "2${t}\\N${t}\\N${t}quote 1,\"" "$(text 'a,b\n1,"')"
	same "2${t}1${t}\"${t}\\N" "$(text 'a,b\n1,""""')"
}

@test "ingest: one stray quote and one quoted field far after it lose no row" {
	{ echo a,b; seq -f '%.0f,x' 4; echo '5,"x'; seq -f '%.0f,x' 6 99999; echo '100000,"y"'; seq -f '%.0f,x' 100001 100100; } >x.csv
	acct-ingest -o x.acct x.csv
	same "6${t}\\N${t}\\N${t}quote 5,\"x" "$(acct-select -w '_malformed is not null' x.acct | acct-cat -f tsv | tail -n +2)"
	same 100099 "$(acct-select -w '_malformed is null' x.acct | grep -avc $'^\001')"
}

@test "ingest: multiline: no rejects a quote that is open at the end of a line" {
	schema 'multiline: no'
	same "2${t}\\N${t}\\N${t}\\N${t}quote 1,\"x
3${t}\\N${t}\\N${t}\\N${t}field-count y\",2
4${t}3${t}z${t}4${t}\\N" "$(typed '1,"x\ny",2\n3,"z",4\n')"
}

@test "ingest: multiline: yes takes with a reject the lines that may be its text" {
	schema 'multiline: yes'
	same "2${t}\\N${t}\\N${t}\\N${t}quote 3,\"he said \"hi\"
3${t}\\N${t}\\N${t}\\N${t}quote 999,7,x
4${t}\\N${t}\\N${t}\\N${t}quote 
5${t}\\N${t}\\N${t}\\N${t}quote bye\",4,\"\"
6${t}5${t}l\\nm${t}6${t}\\N" "$(typed '3,"he said "hi"\n999,7,x\n\nbye",4,""\n5,"l\nm",6\n')"
}

@test "ingest: multiline: yes leaves alone what follows a reject with an even number of quotes" {
	schema 'multiline: yes'
	same "2${t}\\N${t}\\N${t}\\N${t}quote 1,\"5\" pipe,2
3${t}3${t}x${t}4${t}\\N" "$(typed '1,"5" pipe,2\n3,"x",4\n')"
}

@test "ingest: without a word on multiline a reject takes its own line alone" {
	schema
	same "2${t}\\N${t}\\N${t}\\N${t}quote 3,\"he said \"hi\"
3${t}999${t}7${t}x${t}\\N
4${t}\\N${t}\\N${t}\\N${t}field-count bye\",4
5${t}5${t}l\\nm${t}6${t}\\N" "$(typed '3,"he said "hi"\n999,7,x\nbye",4\n5,"l\nm",6\n')"
}

@test "ingest: escape makes a quote or itself a character within quotes" {
	schema 'multiline: no' 'escape: "\\"'
	same "2${t}1${t}he said \"hi\"${t}x${t}\\N
3${t}2${t}C:\\\\dir\\\\${t}a\"b${t}\\N
4${t}3${t}5\\\\\" pipe${t}\\\\n${t}\\N
5${t}\\N${t}\\N${t}\\N${t}quote 4,\"x\\\\\",y" "$(typed '1,"he said \\"hi\\"",x\n2,"C:\\dir\\\\","a""b"\n3,5\\" pipe,"\\n"\n4,"x\\",y\n')"
	schema 'multiline: no'
	same "2${t}\\N${t}\\N${t}\\N${t}quote 1,\"\\\\\"hi\\\\\"\",x" "$(typed '1,"\\"hi\\"",x\n')"
}

@test "ingest: the physical lines of rows travel where a dropped column may hold line ends" {
	schema 'extra: ignore'
	printf 'a,b,d,c\n1,2,"x\ny\nz",3\n"4\n",5,,6\n7\n' >x.csv
	acct-ingest -s t.yaml -o x.acct x.csv
	[[ $(head -n 1 x.acct) == *' c:string _lines:int64! _malformed:string '* ]]
	same "2${t}1${t}2${t}3${t}3${t}\\N
5${t}4\\n${t}5${t}6${t}2${t}\\N
7${t}\\N${t}\\N${t}\\N${t}1${t}field-count 7" "$(acct-cat -f tsv x.acct | tail -n +2)"
	sed -i 's/^columns:/multiline: no\n&/' t.yaml
	[[ $(acct-ingest -s t.yaml x.csv | head -n 1) == *' c:string _malformed:string '* ]]
}

@test "ingest: any text gives the records and counts of an independent reader, on every path" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "ACCT_SEED=$seed"
	python3 "$ROOT/tests/csv_model.py" "$BUILD/bin" "${ACCT_CASES:-4000}" "$seed"
}

# ---- columns ----

@test "ingest: with a schema columns are matched by name" {
	run -0 acct-ingest -s people.yaml p.csv
	[[ $(head -n 1 <<<"$output") == *' people _line:int64*! id:string town:string name:string _malformed:string @source=p.csv @columns=id%2Cname%2Ccity' ]]
	same "2${t}1${t}Oslo${t}Ann${t}\\N
3${t}2${t}Rome${t}Bob${t}\\N" "$(rows -s people.yaml p.csv)"
	printf 'city,"id",name\n"Bergen, N",3,\n,4\n' >q.csv
	same "2${t}3${t}Bergen, N${t}\\N${t}\\N
3${t}\\N${t}\\N${t}\\N${t}field-count ,4" "$(rows -s people.yaml q.csv)"
}

@test "ingest: columns that are missing, doubled or not in the schema" {
	printf 'id,name\n' >x.csv
	run -65 --separate-stderr acct-ingest -s people.yaml x.csv
	[ "$stderr" = "acct-ingest: x.csv:1: missing column 'city'; columns are: 'id', 'name'" ]
	no_records
	printf 'id,name,City\r\r\n' >x.csv
	run -65 --separate-stderr acct-ingest -s people.yaml x.csv
	[ "$stderr" = "acct-ingest: x.csv:1: missing column 'city'; did you mean 'City'? columns are: 'id', 'name', 'City'" ]
	seq -s , 2000 >x.csv
	run -65 --separate-stderr acct-ingest -s people.yaml x.csv
	[[ $stderr == "acct-ingest: x.csv:1: missing column 'id'; columns are: '1', '2', "*", ..." ]]
	printf '\n\nid,name,city,id\n' >x.csv
	run -65 --separate-stderr acct-ingest -s people.yaml x.csv
	[ "$stderr" = "acct-ingest: x.csv:3: duplicate column 'id'" ]
	printf 'id,name,zip,city\n1,Ann,2,Oslo\n' >x.csv
	run -65 --separate-stderr acct-ingest -s people.yaml x.csv
	same "acct-ingest: x.csv:1: column 'zip' is not in the schema (extra: ignore skips it)" "$stderr"
	printf 'id,name,city,city2\n' >y.csv
	run -65 --separate-stderr acct-ingest -s people.yaml y.csv
	same "acct-ingest: y.csv:1: column 'city2' is not in the schema; did you mean 'city'? (extra: ignore skips it)" "$stderr"
	sed 's/^columns:/extra: ignore\n&/' people.yaml >loose.yaml
	same "2${t}1${t}Oslo${t}Ann${t}1${t}\\N" "$(rows -s loose.yaml x.csv)"
	printf 'id,,name,zip,,city\n1,x,Ann,2,y,Oslo\n' >x.csv
	same "2${t}1${t}Oslo${t}Ann${t}1${t}\\N" "$(rows -s loose.yaml x.csv)"
}

@test "ingest: names that cannot be" {
	printf 'a,,b\n' >x.csv
	run -65 --separate-stderr acct-ingest x.csv
	[ "$stderr" = 'acct-ingest: x.csv:1: column 2 has no name' ]
	printf 'a,b,a\n' >x.csv
	run -65 --separate-stderr acct-ingest x.csv
	[ "$stderr" = "acct-ingest: x.csv:1: duplicate column 'a'" ]
	printf 'a,\377\n' >x.csv
	run -65 --separate-stderr acct-ingest x.csv
	[[ $stderr == 'acct-ingest: x.csv:1: column 2: not a name in UTF-8: '* ]]
	printf 'a,b\000c\n' >x.csv
	run -65 --separate-stderr acct-ingest x.csv
	[[ $stderr == 'acct-ingest: x.csv:1: column 2: not a name in UTF-8: '* ]]
	printf 'a,_line\n' >x.csv
	run -65 --separate-stderr acct-ingest x.csv
	[ "$stderr" = 'acct-ingest: x.csv: _line and _malformed are reserved names' ]
	head -c 10000 /dev/zero | tr '\0' ',' >x.csv
	run -65 --separate-stderr acct-ingest x.csv
	[ "$stderr" = 'acct-ingest: x.csv:1: more columns than the 4094 that a record can have' ]
}

@test "ingest: strange names and a strange file name survive the header" {
	printf '"a,b","c ""d""","e\nf",\303\251 %%\n1,2,3,4\n' >'s t\
u.csv'
	acct-ingest 's t\
u.csv' >x.acct
	acct-cat --check x.acct
	same 'a,b
c "d"
e
f
é %' "$(acct-cat -f json x.acct | python3 -c 'import json,sys; print("\n".join(list(json.load(sys.stdin))[1:-1]))')"
	printf 'a\n1\n' >$'bad\377.csv'
	acct-ingest $'bad\377.csv' | acct-cat --check
}

# ---- several files ----

@test "ingest: several files are one stream" {
	printf 'id,name,city\r\n3,Cid,\r\n' >q.csv
	printf 'id,name,city\n' >r.csv
	acct-ingest p.csv q.csv r.csv p.csv >all.acct
	acct-cat --check all.acct
	same "2${t}1${t}Ann${t}Oslo${t}\\N
3${t}2${t}Bob${t}Rome${t}\\N
2${t}3${t}Cid${t}\\N${t}\\N
2${t}1${t}Ann${t}Oslo${t}\\N
3${t}2${t}Bob${t}Rome${t}\\N" "$(acct-cat -f tsv all.acct | tail -n +2)"
	[ "$(grep -ac $'^\001H acct/1 p ' all.acct)" = 4 ]
	[ "$(grep -ac $'^\001T ' all.acct)" = 4 ]
	grep -aq '@source=q.csv @columns=id%2Cname%2Ccity$' all.acct
	# Standard input among them.
	same "$(acct-cat -f tsv all.acct)" "$(acct-ingest p.csv - r.csv p.csv <q.csv | acct-cat -f tsv)"
}

@test "ingest: with a schema each file has its own order" {
	printf 'city,id,name\nBergen,3,Cid\n' >q.csv
	same "2${t}1${t}Oslo${t}Ann${t}\\N
3${t}2${t}Rome${t}Bob${t}\\N
2${t}3${t}Bergen${t}Cid${t}\\N" "$(rows -s people.yaml p.csv q.csv)"
}

@test "ingest: without a schema all files have the names of the first" {
	printf 'id,town,city\n' >q.csv
	run -65 --separate-stderr acct-ingest -o out.acct p.csv q.csv
	[ "$stderr" = "acct-ingest: q.csv:1: column 2 is 'town', but 'name' in p.csv" ]
	[ ! -e out.acct ]
	printf 'id,name\n' >q.csv
	run -65 --separate-stderr acct-ingest -o out.acct p.csv q.csv
	[ "$stderr" = 'acct-ingest: q.csv:1: 2 columns, but 3 in p.csv' ]
}

@test "ingest: a file that fails leaves a stream that is refused" {
	run -66 --separate-stderr bash -c 'set -o pipefail; acct-ingest p.csv missing.csv >cut.acct'
	[ "$stderr" = 'acct-ingest: missing.csv: No such file or directory' ]
	run -65 --separate-stderr acct-cat cut.acct
	run -1 --separate-stderr acct-cat --check cut.acct
	printf 'id,"name\n1,x\n' >open.csv
	run -65 --separate-stderr bash -c 'acct-ingest p.csv open.csv >cut.acct'
	[ "$stderr" = 'acct-ingest: open.csv:1: a stray quote in the line of column names' ]
	run -1 --separate-stderr acct-cat --check cut.acct
}

# ---- bad input ----

@test "ingest: empty files" {
	: >empty.csv
	run -65 --separate-stderr acct-ingest empty.csv
	[ "$stderr" = 'acct-ingest: empty.csv: empty: missing line of column names' ]
	no_records
	printf '\n\r\n\n' >blank.csv
	run -65 --separate-stderr acct-ingest blank.csv
	run -65 --separate-stderr acct-ingest --no-header empty.csv
	[ "$stderr" = 'acct-ingest: empty.csv: empty: the number of columns is not known' ]
	same '' "$(rows -s people.yaml --no-header empty.csv)"
	printf 'a,b' >names.csv
	acct-ingest names.csv | acct-cat --check
	same '' "$(rows names.csv)"
}

@test "ingest: missing files, directories, closed input" {
	run -66 --separate-stderr acct-ingest missing.csv
	[ "$stderr" = 'acct-ingest: missing.csv: No such file or directory' ]
	no_records
	mkdir folder
	run -66 --separate-stderr acct-ingest folder
	[ "$stderr" = 'acct-ingest: folder: Is a directory' ]
	run -66 --separate-stderr acct-ingest -s missing.yaml p.csv
	run -74 --separate-stderr sh -c 'acct-ingest <&-'
	[[ $stderr == 'acct-ingest: <stdin>: '* ]]
}

@test "ingest: records up to the limit, and beyond it an error" {
	big() { printf 'a,b\n1,2\n3,'; head -c "$1" /dev/zero | tr '\0' "${2:-x}"; printf '\n5,6\n'; }
	# 16 MiB are the record's bytes: the line number, the tabs, "3" and the null beside the text.
	[ "$(big $((16777216 - 7)) | rows | tail -n 2 | head -n 1 | wc -c)" = 16777217 ]
	run -65 --separate-stderr sh -c '{ printf "a,b\n1,2\n3,"; head -c 17000000 /dev/zero | tr "\0" x; echo; } | acct-ingest >out'
	[ "$stderr" = 'acct-ingest: <stdin>:3: record longer than 16777216 bytes; --max-record raises the limit' ]
	# A quote that is open there is stray, and no file is refused for it.
	run -0 --separate-stderr sh -c '{ printf "a,b\n1,2\n\"3\",\""; head -c 17000000 /dev/zero | tr "\0" "\n"; echo "4,5"; } | acct-ingest -v -o out.acct'
	[ "$stderr" = 'acct-ingest: <stdin>: 3 rows, 1 of them malformed, 16999999 blank lines, 17000017 bytes, 1 reject leaves a quote open, the first in line 3' ]
	same "3${t}\\N${t}\\N${t}quote \"3\",\"
17000003${t}4${t}5${t}\\N" "$(acct-cat -f tsv out.acct | tail -n 2)"
	run -65 --separate-stderr sh -c '{ printf "a,b\n1,2\n\"3\",\""; head -c 17000000 /dev/zero | tr "\0" "x"; } | acct-ingest >out'
	[ "$stderr" = 'acct-ingest: <stdin>:3: record longer than 16777216 bytes; --max-record raises the limit' ]
	run -65 --separate-stderr sh -c '{ printf "a,b\n1,2\n3,"; head -c 9000000 /dev/zero; echo; } | acct-ingest >out'
	[ "$stderr" = 'acct-ingest: <stdin>:3: longer than 16777216 bytes as a record; --max-record raises the limit' ]
	big 17000000 | acct-ingest --max-record 20M | acct-cat --check --max-record 20M
	run -65 --separate-stderr sh -c 'printf "a,b\n1,2\n1234567890,123456789\n" | acct-ingest --max-record 19 >out'
	[ "$stderr" = 'acct-ingest: <stdin>:3: record longer than 19 bytes; --max-record raises the limit' ]
}

# ---- output ----

@test "ingest: a full disk and a closed output are errors" {
	run -74 --separate-stderr sh -c 'acct-ingest p.csv >/dev/full'
	[ "$stderr" = 'acct-ingest: <stdout>: No space left on device' ]
	run -74 --separate-stderr sh -c 'acct-ingest p.csv >&-'
	[[ $stderr == 'acct-ingest: <stdout>: '* ]]
	run -74 --separate-stderr acct-ingest -o /dev/full p.csv
	run -74 --separate-stderr acct-ingest -o x.acct --stats /dev/full p.csv
	run -73 --separate-stderr acct-ingest -o missing/x.acct p.csv
}

@test "ingest: no message when the reader has had enough" {
	{ echo a,b; yes 1,2 | head -n 500000; } >many.csv
	run -0 --separate-stderr bash -c 'acct-ingest many.csv | head -n 2 | wc -l'
	[ "$output" -eq 2 ]
	[ -z "$stderr" ]
}

@test "ingest: -o appears whole" {
	acct-ingest -o p.acct p.csv
	acct-cat --check p.acct
	same "$(acct-ingest p.csv)" "$(cat p.acct)"
	[ "$(ls)" = $'p.acct\np.csv\npeople.yaml' ]
}

@test "ingest: --stats counts by file" {
	printf 'id,name,city\n1\n\n2,3\n4,5,6\n' >q.csv
	acct-ingest --stats s.json -o x.acct p.csv q.csv
	cat >want <<-'END'
	table "p"
	files [{"name": "p.csv", "rows": 2, "malformed": 0, "blank": 0, "header": 1, "skipped": 0, "lines": 3, "spanning": {"rows": 0, "first": null}, "open_quotes": {"rejects": 0, "first": null}, "bytes": 35, "resume": {"rows": 2, "malformed": 0, "blank": 0, "header": 1, "skipped": 0, "lines": 3, "spanning": {"rows": 0, "first": null}, "open_quotes": {"rejects": 0, "first": null}, "bytes": 35}}, {"name": "q.csv", "rows": 3, "malformed": 2, "blank": 1, "header": 1, "skipped": 0, "lines": 5, "spanning": {"rows": 0, "first": null}, "open_quotes": {"rejects": 0, "first": null}, "bytes": 26, "resume": {"rows": 3, "malformed": 2, "blank": 1, "header": 1, "skipped": 0, "lines": 5, "spanning": {"rows": 0, "first": null}, "open_quotes": {"rejects": 0, "first": null}, "bytes": 26}}]
	rows 5
	malformed 2
	blank 1
	header 2
	skipped 0
	lines 8
	spanning {"rows": 0, "first": null}
	open_quotes {"rejects": 0, "first": null}
	multiline null
	END
	same "$(cat want)" "$(python3 -c 'import json; [print(k, json.dumps(v)) for k, v in json.load(open("s.json")).items()]')"
}

@test "ingest: --stats and -v say where a row first spans lines, and where a reject first leaves a quote open" {
	printf '\n"a\nb",c\n1,"x"y\n2,"x\ny"\n3,"x"y"\n4,"x"y"\n5,"x\n\ny"' >x.csv
	run -0 --separate-stderr acct-ingest -v --stats s.json -o x.acct x.csv
	[ "$stderr" = 'acct-ingest: x.csv: 5 rows, 3 of them malformed, 1 blank lines, 48 bytes, 3 rows span lines, the first in line 2, 2 rejects leave a quote open, the first in line 7' ]
	same "$(printf '%s\n' 'header 2' 'lines 11' 'blank 1' "spanning {'rows': 3, 'first': 2}" "open_quotes {'rejects': 2, 'first': 7}")" \
	    "$(python3 -c 'import json; s = json.load(open("s.json")); [print(k, s[k]) for k in ("header", "lines", "blank", "spanning", "open_quotes")]')"
}

# Random growth is in unit/resume.c.
@test "ingest: --resume reads what a file has more, in pieces, and counts as for the whole" {
	printf 'id,name,city\r\n1,a,b\r\n\r\n2,c,d' >old.csv
	printf 'e\r\n3,f\r\n4,g,"h\r\ni"' >tail.csv
	acct-ingest --stats old.json -o old.acct old.csv
	cat old.csv tail.csv >new.csv
	acct-ingest -t t --stats new.json -o new.acct new.csv
	acct-ingest -t t --resume old.json --stats grown.json -o grown.acct new.csv
	same "$(acct-select -w '_line > 3' new.acct | tsv)" "$(tsv grown.acct)"
	same "$(cat new.json)" "$(cat grown.json)"
	acct-ingest -t t --pieces --resume old.json --stats pieces.json -o pieces.acct old.csv tail.csv
	same "$(tsv grown.acct)" "$(tsv pieces.acct)"
	same "$(sed 's/new.csv/old.csv/' new.json)" "$(cat pieces.json)"
	acct-ingest -t t --pieces -o pieces.acct old.csv tail.csv
	same "$(tsv new.acct)" "$(tsv pieces.acct)"
	gzip -k new.csv
	run -65 --separate-stderr acct-ingest --resume old.json -o x.acct new.csv.gz
	same "acct-ingest: new.csv.gz: compressed: cannot go on at byte 23" "$stderr"
	acct-ingest --stats packed.json -o x.acct new.csv.gz
	run -65 --separate-stderr acct-ingest --resume packed.json -o x.acct new.csv
	same "acct-ingest: packed.json: the reading of this file cannot go on" "$stderr"
	head -c 20 old.csv >short.csv
	run -65 --separate-stderr acct-ingest --resume old.json -o x.acct short.csv
	same "acct-ingest: short.csv: shorter than the 23 bytes read before" "$stderr"
	run -65 --separate-stderr acct-ingest --resume /dev/null -o x.acct new.csv
	run -64 --separate-stderr acct-ingest --resume old.json old.csv tail.csv
	[[ $stderr == "acct-ingest: --resume needs one file"* ]]
}

@test "ingest: wrong use" {
	run -64 --separate-stderr acct-ingest -d ab p.csv
	[[ ${stderr_lines[0]} == "acct-ingest: -d: must be one byte or \\t: 'ab'" && ${stderr_lines[1]} == 'usage: acct-ingest '* ]]
	run -64 --separate-stderr acct-ingest -d '' p.csv
	run -64 --separate-stderr acct-ingest -d $'\n' p.csv
	run -64 --separate-stderr acct-ingest -q ab p.csv
	run -64 --separate-stderr acct-ingest -d '"' p.csv
	run -64 --separate-stderr acct-ingest -t '' p.csv
	run -64 --separate-stderr acct-ingest --wrong p.csv
	run -64 --separate-stderr acct-ingest --max-record 0 p.csv
	run -64 --separate-stderr acct-ingest --stats - p.csv
	run -0 --separate-stderr acct-ingest -h
	[[ $output == 'usage: acct-ingest '* && -z $stderr ]]
}

@test "ingest: text that is not UTF-8 is carried as it is" {
	printf 'a,b\n\377\300,"\355\240\200"\n' >x.csv
	acct-ingest x.csv | acct-cat --check
	acct-ingest x.csv | sed -n 2p >got
	printf 'A\202\t\377\300\t\355\240\200\t\031\n' >want
	cmp want got
}

# ---- the two paths, and others' readers ----

# dirty SEED BYTES: text in which commas, quotes and line ends are frequent; the quotes are closed in the end.
dirty() {
	python3 - "$1" "$2" <<-'P'
	import random, sys
	random.seed(int(sys.argv[1]))
	pieces = [b"a", b"12", b"x" * 40, b",", b",", b"\n", b"\r\n", b'"', b'""', b'"b,c"', b"\t", b"\0", b"\r", b"\xff", b" ", b",,"]
	weights = [20, 20, 3, 20, 10, 8, 3, random.choice([0, 0, 1]), 1, 1, 1, 1, 1, 1, 1, 2]
	sys.stdout.buffer.write(b"a,b,c\n" + b"".join(random.choices(pieces, weights, k=int(sys.argv[2]))) + b"\n")
	P
}

@test "ingest: the portable path writes the same bytes" {
	command -v python3 >/dev/null || skip 'SKIPPED: python3 is not there'
	cat >abc.yaml <<-'Y'
	name: abc
	extra: ignore
	columns:
	  - name: c
	    type: string
	  - name: a
	    type: string
	Y
	for seed in 1 2 3 4 5 6; do
		dirty $seed 40000 >d.csv
		for option in --quote='"' --quote= '--delimiter=;' --schema=abc.yaml; do
			acct-ingest "$option" d.csv >fast.acct 2>fast.err || [ $? = 65 ]
			ACCT_PORTABLE=1 acct-ingest "$option" d.csv >portable.acct 2>portable.err || [ $? = 65 ]
			cmp fast.acct portable.acct
			cmp fast.err portable.err
		done
	done
}

@test "ingest: Python reads the same fields from valid CSV" {
	command -v python3 >/dev/null || skip 'SKIPPED: python3 is not there'
	cat >make.py <<-'P'
	import csv, random, sys
	random.seed(int(sys.argv[1]))
	letters = 'ab 1,"\n\r;é\t' if random.random() < .7 else "abc123 .-"
	with open("v.csv", "w", newline="", encoding="utf-8") as f:
	    w = csv.writer(f, lineterminator=random.choice(["\n", "\r\n"]), quoting=random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
	    w.writerow(["a", "b", "c"])
	    for _ in range(5000):
	        w.writerow(["".join(random.choices(letters, k=random.randrange(12))) for _ in range(3)])
	P
	cat >compare.py <<-'P'
	import csv, json, sys
	want = list(csv.reader(open("v.csv", newline="", encoding="utf-8")))[1:]
	got = [json.loads(line) for line in open("v.json", encoding="utf-8")]
	assert all(r["_malformed"] is None for r in got)
	got = [[r["a"], r["b"], r["c"]] for r in got]
	assert len(want) == len(got), (len(want), len(got))
	for w, g in zip(want, got):
	    assert w == [v or "" for v in g], (w, g)
	P
	for seed in 1 2 3 4 5 6 7 8; do
		python3 make.py $seed
		acct-ingest v.csv | acct-cat -f json >v.json
		python3 compare.py
		ACCT_PORTABLE=1 acct-ingest v.csv | acct-cat -f json | cmp - v.json
	done
}

@test "ingest: memory does not grow with the file" {
	command -v /usr/bin/time >/dev/null || skip 'SKIPPED: GNU time is not there'
	{ echo a,b; yes '1234567,"a quoted text"' | head -n 100000; } >short.csv
	{ echo a,b; yes '1234567,"a quoted text"' | head -n 2000000; } >long.csv
	/usr/bin/time -f %M -o short.kb acct-ingest -o /dev/null short.csv
	/usr/bin/time -f %M -o long.kb acct-ingest -o /dev/null long.csv
	[ $(($(cat long.kb) - $(cat short.kb))) -lt 1024 ]
}

# ---- compressed files, and files that are no CSV ----

@test "ingest: gzip and zstd are read as the text inside" {
	command -v zstd >/dev/null || skip 'SKIPPED: zstd is not there'
	gzip -k p.csv
	zstd -q p.csv
	same "$(rows p.csv)" "$(rows p.csv.gz)"
	same "$(rows p.csv)" "$(rows p.csv.zst)"
	same "$(rows p.csv)" "$(rows - <p.csv.zst)"
	mv p.csv.gz renamed.csv
	same "$(rows p.csv)" "$(rows -s people.yaml renamed.csv | awk -F '\t' -v OFS='\t' '{ print $1, $2, $4, $3, $5 }')"
	# The table is named after the file without both suffixes; the source is the file.
	[[ $(acct-ingest p.csv.zst | head -n 1) == *' p _line:'*' @source=p.csv.zst '* ]]
}

@test "ingest: lines, rows and bytes are those of the text in a compressed file" {
	{ cat p.csv; echo; echo short; } >q.csv
	gzip -k q.csv
	run -0 --separate-stderr acct-ingest -v -o /dev/null q.csv q.csv.gz
	same "acct-ingest: q.csv: 3 rows, 1 of them malformed, 1 blank lines, 42 bytes
acct-ingest: q.csv.gz: 3 rows, 1 of them malformed, 1 blank lines, 42 bytes" "$stderr"
}

@test "ingest: members, frames and padding one after another are one text" {
	command -v zstd >/dev/null || skip 'SKIPPED: zstd is not there'
	{ head -n 1 p.csv | gzip; : | gzip; tail -n +2 p.csv | gzip -1; head -c 700 /dev/zero; } >m.csv.gz
	same "$(rows p.csv)" "$(rows m.csv.gz)"
	printf '\x5a\x2a\x4d\x18\x03\x00\x00\x00abc' >m.csv.zst
	{ head -n 1 p.csv | zstd -q; printf '\x50\x2a\x4d\x18\x00\x00\x00\x00'; tail -n +2 p.csv | zstd -q; } >>m.csv.zst
	same "$(rows p.csv)" "$(rows m.csv.zst)"
}

@test "ingest: compressed data that are cut off, damaged or followed by others are refused with their byte" {
	command -v zstd >/dev/null || skip 'SKIPPED: zstd is not there'
	gzip -kn p.csv
	zstd -q p.csv
	for f in p.csv.gz p.csv.zst; do
		head -c 20 $f >cut
		run -65 --separate-stderr acct-ingest cut
		[[ $stderr == "acct-ingest: cut: byte 20: "*" data: truncated" ]]
		# The trailer is missing: no reader takes what came before for the whole.
		! grep -a $'^\001T' <<<"$output"
		{ cat $f; echo more; } >more
		run -65 --separate-stderr acct-ingest more
		[[ $stderr == "acct-ingest: more: byte "*" data: "* ]]
	done
	printf '\x00' | dd of=p.csv.gz bs=1 seek=30 conv=notrunc 2>/dev/null
	run -65 --separate-stderr acct-ingest p.csv.gz
	[[ $stderr == "acct-ingest: p.csv.gz: byte "*": gzip data: "* ]]
}

@test "ingest: a small file that unpacks to a huge text takes no more memory" {
	unsanitized 'sanitizers reserve address space'
	{ echo a,b; yes '1234567,a text' | head -n 700000; } | gzip >one.gz
	yes '1234567,a text' | head -n 700000 | gzip >other.gz
	{ cat one.gz; for i in $(seq 40); do cat other.gz; done; } >bomb.csv.gz
	[ $(stat -c %s bomb.csv.gz) -lt 3000000 ]
	run -0 --separate-stderr sh -c 'ulimit -v 120000; acct-ingest -v -o /dev/null bomb.csv.gz'
	same "acct-ingest: bomb.csv.gz: 28700000 rows, 0 of them malformed, 0 blank lines, 430500004 bytes" "$stderr"
	head -c 100000000 /dev/zero | gzip >line.csv.gz
	run -65 --separate-stderr sh -c 'ulimit -v 120000; acct-ingest -o /dev/null line.csv.gz'
	[[ $stderr == "acct-ingest: line.csv.gz:1: record longer than "* ]]
}

@test "ingest: what is no CSV is named, with what to run" {
	# refused BYTES WHAT
	refused() {
		printf "$1" >x.csv
		run -65 --separate-stderr acct-ingest x.csv
		same "acct-ingest: x.csv: $2" "$stderr"
	}
	refused '\3757zXZ\000\000\004' 'xz-compressed data; run: xz -dc x.csv | acct-ingest ...'
	refused 'BZh91AY&SY\001\002' 'bzip2-compressed data; run: bzip2 -dc x.csv | acct-ingest ...'
	refused '\004\042\115\030d' 'lz4-compressed data; run: lz4 -dc x.csv | acct-ingest ...'
	refused 'PK\003\004\024\000\000\000\010\000a.csv' 'a zip archive, not CSV; run: unzip -p x.csv | acct-ingest ...'
	refused 'PK\003\004\024\000\006\000\010\000[Content_Types].xml' 'an Excel workbook (xlsx), not CSV; save the sheet as CSV UTF-8'
	refused 'PK\003\004\024\000\006\000\010\000xl/workbook.xml' 'an Excel workbook (xlsx), not CSV; save the sheet as CSV UTF-8'
	refused 'PAR1\025\004\025' 'a Parquet file, not CSV; acct-read reads it'
	refused '\001H acct/1 t a:string\n' 'a record stream, not CSV; acct-cat shows it'
	refused 'a,b\r1,2\r3,4\r' "lines end with CR alone; run: tr '\\r' '\\n' <x.csv | acct-ingest ..."
	refused 'a,b\r1,2' "lines end with CR alone; run: tr '\\r' '\\n' <x.csv | acct-ingest ..."
}

@test "ingest: text in UTF-16 and UTF-32 is named, with the command that converts it" {
	command -v iconv >/dev/null || skip 'SKIPPED: iconv is not there'
	for code in UTF-16 UTF-16LE UTF-16BE UTF-32 UTF-32LE UTF-32BE; do
		iconv -f UTF-8 -t $code p.csv >w.csv
		run -65 --separate-stderr acct-ingest w.csv
		same "acct-ingest: w.csv: ${code:0:6} text, not UTF-8; run: iconv -f $code -t UTF-8 w.csv | acct-ingest ..." "$stderr"
		same "$(rows p.csv)" "$(iconv -f $code -t UTF-8 w.csv | rows)"
	done
	gzip -c w.csv >w.gz
	run -65 --separate-stderr acct-ingest w.gz
	[[ $stderr == *': UTF-32 text, not UTF-8 inside gzip data; run: gzip -dc w.gz | iconv -f UTF-32BE -t UTF-8 | acct-ingest ...' ]]
	run -65 --separate-stderr acct-ingest - <w.csv
	[[ $stderr == *'; run: iconv -f UTF-32BE -t UTF-8 | acct-ingest ...' ]]
	# A name that a shell would take apart is not shown as an argument.
	cp w.csv 'a b;c.csv'
	run -65 --separate-stderr acct-ingest 'a b;c.csv'
	[[ $stderr == *'; run: iconv -f UTF-32BE -t UTF-8 FILE | acct-ingest ...' ]]
}

@test "ingest: CR within quotes or before the only line's end does not make a file one of CR alone" {
	printf 'a,"b\rc"' >x.csv
	run -0 acct-ingest --no-header x.csv
	printf 'a,b\r' >x.csv
	run -0 acct-ingest x.csv
	# What begins with its quote or delimiter is CSV, whatever else begins so.
	printf '\376\377a\376\n' >x.csv
	run -0 acct-ingest -d $'\377' -q $'\376' --no-header x.csv
}

@test "ingest: a header that lacks the column but fits another delimiter says which" {
	printf 'id;name;city\n1;Ann;Oslo\n' >s.csv
	run -65 --separate-stderr acct-ingest -s people.yaml s.csv
	same "acct-ingest: s.csv:1: missing column 'id'; with ';' between the fields it is there: set delimiter: \";\" in the schema, or -d ';'" "$stderr"
	run -0 acct-ingest -s people.yaml -d ';' s.csv
	tr ';' '\t' <s.csv >t.csv
	run -65 --separate-stderr acct-ingest -s people.yaml t.csv
	same "acct-ingest: t.csv:1: missing column 'id'; with '\\t' between the fields it is there: set delimiter: \"\\t\" in the schema, or -d '\\t'" "$stderr"
	run -0 acct-ingest -s people.yaml -d '\t' t.csv
	printf 'id,name,cty\n1,Ann,Oslo\n' >n.csv
	run -65 --separate-stderr acct-ingest -s people.yaml n.csv
	same "acct-ingest: n.csv:1: missing column 'city'; did you mean 'cty'? columns are: 'id', 'name', 'cty'" "$stderr"
}
