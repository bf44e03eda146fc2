load helper

prepare() {
	cat >pay.yaml <<-'YAML'
	name: pay
	nulls: [NULL, n/a]
	columns:
	  - name: id
	    source: Id
	    type: int64
	    key: yes
	  - name: day
	    type: date
	    required: yes
	    minimum: 2000-01-01
	  - name: amount
	    type: decimal(9,2)
	    required: yes
	  - name: kind
	    type: string
	    enum: [in, out]
	    default: in
	  - name: note
	    type: string
	YAML
	printf '%s\n' 'Id,day,amount,kind,note' '1,2024-01-31,10.00,in,first' '2,2024-02-01,0.50,out,' >pay.csv
}

# clean CSV: ingests and cleans it by pay.yaml; rejects in rej, totals in stats.
clean() {
	acct-ingest -t pay "$1" | acct-clean -s pay.yaml -r rej --stats stats
}

# reasons: line, reason, column and value of each reject.
reasons() {
	acct-cat -f tsv -c _line,reason,column,value rej | tail -n +2
}

@test "clean: raw to typed" {
	same "$(printf '%s\n' 'id	day	amount	kind	note' '1	2024-01-31	10.00	in	first' '2	2024-02-01	0.50	out	\N')" \
	    "$(clean pay.csv | tsv)"
	same "$(printf '%s\n' 'table pay' 'source pay.csv' 'columns 5' ' id int64 key, required' ' day date required' \
	    ' amount decimal(9,2) required' ' kind string required' ' note string')" \
	    "$(clean pay.csv | acct-cat --header | tr -s ' ')"
}

@test "clean: an example of the manual" {
	acct-ingest -s pay.yaml pay.csv | acct-clean -s pay.yaml -r pay.rejects -o pay.acct
	acct-cat --check pay.acct pay.rejects
	same "in	10.00" "$(acct-select -c kind,amount -w "id = 1" pay.acct | acct-cat -f tsv | tail -n +2)"
}

@test "clean: what was rejected, by reason, as in the manual" {
	printf '%s\n' 'Id,day,amount,kind,note' '1,x,1,in,' '2,x,1,in,' '3' >t.csv
	clean t.csv >good.acct
	same "$(printf '%s\n' reason,n field-count,1 type,2)" "$(acct-balance -k reason 'n=count()' -i rej | acct-cat)"
}

@test "clean: several files as one, their columns in different orders" {
	printf '%s\n' 'Id,day,amount,kind,note' '1,2024-01-31,1,in,a' '2,x,1,in,b' >a.csv
	printf '%s\n' 'note,kind,amount,day,Id' 'c,out,2,2024-02-01,3' 'd,out,2,x,4' >b.csv
	acct-ingest -s pay.yaml a.csv b.csv | acct-clean -s pay.yaml -r rej >good.acct
	same "$(printf '%s\n' '1	2024-01-31	1.00	in	a' '3	2024-02-01	2.00	out	c')" "$(tsv good.acct | tail -n +2)"
	same "$(printf '%s\n' 'Id,day,amount,kind,note' '2,x,1,in,b' '4,x,2,out,d')" "$(acct-cat -f raw rej)"
	same 'Id,day,amount,kind,note
Id,day,amount,kind,note' "$(headers rej)"
}

# headers REJECTS: the line of names of each segment.
headers() {
	grep -a $'^\001H' "$1" | sed 's/.*@header=//; s/ .*//; s/%2C/,/g'
}

@test "clean: malformed rows of several files, as they are in these, follow one line of names" {
	printf '%s\n' 'Id,day,amount,kind,note' '1,2024-01-31,1,in,a' '2,x' >a.csv
	printf '%s\n' 'note,kind,amount,day,Id' 'c,out,2,2024-02-01,3' 'd,out' >b.csv
	printf '%s\n' 'Id,day,amount,kind,note' '5,2024-01-31,1,in,e' >c.csv	# nothing to reject, so no segment
	printf '%s\n' 'note,kind,amount,day,Id' ',in,1' 'f,in,1,2024-01-31,1' >d.csv
	acct-ingest -s pay.yaml a.csv b.csv c.csv d.csv >in.raw
	acct-clean -s pay.yaml -r rej in.raw >good.acct
	acct-cat --check rej
	same 'Id,day,amount,kind,note
Id,day,amount,kind,note
Id,day,amount,kind,note' "$(headers rej)"
	same 'a.csv b.csv d.csv' "$(grep -a $'^\001H' rej | sed 's/.*@source=//; s/ .*//' | paste -sd ' ')"
	same "$(printf '%s\n' 'Id,day,amount,kind,note' '2,x' 'd,out' ',in,1' '1,2024-01-31,1,in,f')" "$(acct-cat -f raw rej)"
	for size in 1 100 1M; do
		acct-clean -s pay.yaml -r rej2 --memory $size in.raw | cmp - good.acct
		cmp rej rej2
	done
}

@test "clean: rejects of several files with one line of names are one file to mend" {
	printf '%s\n' 'Id,day,amount,kind,note' '1,2024-01-31,1,in,a' >a.csv
	printf '%s\n' 'Id,day,amount,kind,note' '2,x' >b.csv
	printf '%s\n' 'Id,day,amount,kind,note' '3,2024-01-31,x,in,c' >c.csv
	acct-ingest -s pay.yaml a.csv b.csv c.csv | acct-clean -s pay.yaml -r rej >good.acct
	same "$(printf '%s\n' 'Id,day,amount,kind,note' '2,x' '3,2024-01-31,x,in,c')" "$(acct-cat -f raw rej)"
	printf '%s\n' 'note,kind,amount,day,Id' 'd,out,x,2024-01-31,4' >b.csv		# only the second file has rejects
	acct-ingest -s pay.yaml a.csv b.csv | acct-clean -s pay.yaml -r rej >good.acct
	same "$(printf '%s\n' 'Id,day,amount,kind,note' '4,2024-01-31,x,out,d')" "$(acct-cat -f raw rej)"
}

@test "clean: rejects of a table of one column can be read back" {
	printf '%s\n' 'name: one' 'columns:' '  - name: note' '    type: string' '    required: yes' >one.yaml
	printf '%s\n' note a '""' '"x,y"' '""' >one.csv
	acct-ingest -s one.yaml one.csv | acct-clean -s one.yaml -r rej -o one.acct
	acct-cat -f raw rej >mended.csv
	same "$(printf '%s\n' note '""' '""')" "$(cat mended.csv)"
	run -0 --separate-stderr acct-ingest -v -s one.yaml -o again.raw mended.csv
	[[ "$stderr" == "acct-ingest: mended.csv: 2 rows, 0 of them malformed, 0 blank lines, "* ]]
	acct-clean -s one.yaml -r rej2 -o one2.acct again.raw
	same "$(acct-cat -f csv -c reason,raw rej)" "$(acct-cat -f csv -c reason,raw rej2)"
}

# notes WORD...: note.yaml, of a key and two texts, with these words.
notes() {
	printf '%s\n' 'name: notes' "$@" 'columns:' '  - {name: id, type: int64, key: yes}' '  - {name: a, type: string}' '  - {name: b, type: string}' >note.yaml
}

@test "clean: lines rejected for their quotes keep their text, and can be mended and fed in again" {
	notes 'multiline: yes'
	printf '%s\n' 'id,a,b' '1,"x" ,y' '3,4,"he said "hi"' '999,7,x' 'bye"' '5,"two' 'lines",' '6,"x' 'y",7,8' '2,"cut' >t.csv
	acct-ingest -s note.yaml t.csv | acct-clean -s note.yaml -r rej --stats stats >good.acct
	same "$(printf '%s\n' '1	x	y' '5	two\nlines	\N')" "$(tsv good.acct | tail -n +2)"
	same "$(printf '%s\n' '3	quote	\N	\N' '4	quote	\N	\N' '5	quote	\N	\N' '8	field-count	\N	\N' '10	quote	\N	\N')" "$(reasons)"
	same "$(printf '%s\n' 'id,a,b' '3,4,"he said "hi"' '999,7,x' 'bye"' '6,"x' 'y",7,8' '2,"cut')" "$(acct-cat -f raw rej)"
	same "3 6 4 1" "$(jq -r '"\(.clean_lines) \(.rejected_lines) \(.reasons.quote) \(.reasons["field-count"])"' stats)"
	acct-cat -f raw rej | sed 's/"he said "hi"/"he said ""hi""/; s/",7,8/",7/; s/cut/cut",/' >mended.csv
	acct-ingest -s note.yaml mended.csv | acct-clean -s note.yaml -r rej >good2.acct
	same "" "$(reasons)"
	same "$(printf '%s\n' '3	4	he said "hi"\n999,7,x\nbye' '6	x\ny	7' '2	cut	\N')" "$(tsv good2.acct | tail -n +2)"
}

@test "clean: null and the empty string are one unless the schema says empty: keep" {
	printf '%s\n' 'id,a,b' '1,"",' '2,,""' '3," ",x' '4,x,"" ' '"",x,x' >t.csv
	notes
	acct-ingest -s note.yaml t.csv | acct-clean -s note.yaml -r rej >good.acct
	same "$(printf '%s\n' '1	\N	\N' '2	\N	\N' '3	\N	x' '4	x	\N')" "$(tsv good.acct | tail -n +2)"
	notes 'empty: keep'
	for path in 0 avx2 1; do
		acct-ingest -s note.yaml t.csv | ACCT_PORTABLE=$path acct-clean -s note.yaml -r rej >good.acct
		same "$(printf '%s\n' '1		\N' '2	\N	' '3	\N	x' '4	x	')" "$(tsv good.acct | tail -n +2)"
		same "6	missing	id	\N" "$(reasons)"
		same "$(printf '%s\n' 'id,a,b' '"",x,x')" "$(acct-cat -f raw rej)"
	done
	# Allowed values, patterns, defaults and what is required see it as any other string.
	printf '%s\n' 'name: t' 'empty: keep' 'columns:' '  - {name: a, type: string, required: yes, enum: ["", x], default: x}' \
	    '  - {name: b, type: string, enum: [x, y]}' >t.yaml
	printf '%s\n' 'a,b' '"",x' ',y' 'x,""' >t.csv
	for path in 0 avx2 1; do
		acct-ingest -s t.yaml t.csv | ACCT_PORTABLE=$path acct-clean -s t.yaml -r rej >good.acct
		same "$(printf '%s\n' '	x' 'x	y')" "$(tsv good.acct | tail -n +2)"
		same "4	not-allowed	b	" "$(reasons)"
	done
	printf '%s\n' 'name: t' 'empty: keep' 'columns:' "  - {name: a, type: string, pattern: '[A-Z][a-z]*'}" "  - {name: b, type: string, pattern: '[a-z]*'}" >t.yaml
	printf '%s\n' 'a,b' 'Ab,""' '"",b' ',""' ',' >t.csv
	for path in 0 avx2 1; do
		acct-ingest -s t.yaml t.csv | ACCT_PORTABLE=$path acct-clean -s t.yaml -r rej >good.acct
		same "$(printf '%s\n' 'Ab	' '\N	' '\N	\N')" "$(tsv good.acct | tail -n +2)"
		same "3	not-allowed	a	" "$(reasons)"
	done
}

@test "clean: an escape of the file is one of its rejects" {
	notes 'escape: "\\"'
	printf '%s\n' 'id,a,b' 'x,"5\" \\ \n","\\"' 'y,\,"""\""' >t.csv
	acct-ingest -s note.yaml t.csv | acct-clean -s note.yaml -r rej >good.acct
	acct-cat -f raw rej >mended.csv
	acct-ingest -s note.yaml mended.csv | acct-cat -c a,b >again
	acct-ingest -s note.yaml t.csv | acct-cat -c a,b | cmp - again
}

@test "clean: the physical lines of rows, by their text or as the reader counted them" {
	printf '%s\n' 'id,a,c,b' '1,"x' 'y",z,' '2,3,"p' 'q' 'r",4' '' 'n,"' '","' '",5' '2,3,"p' 'q' 'r",4' '7' '8,"9' '"' >t.csv
	lines=$(wc -l <t.csv)
	for extra in 'extra: ignore' 'extra: error'; do
		notes 'extra: ignore'
		if [ "$extra" = 'extra: ignore' ]; then
			acct-ingest -s note.yaml --stats in t.csv >t.raw
			[[ $(head -n 1 t.raw) == *' _lines:int64! _malformed:string '* ]]
		else
			acct-ingest --stats in t.csv >t.raw
		fi
		for memory in 1G 1; do
			acct-clean -s note.yaml -r rej --stats out --memory $memory t.raw >good.acct
			same "5 9" "$(jq -r '"\(.clean_lines) \(.rejected_lines)"' out)"
			same "$lines" "$(jq -s '.[0].header + .[0].blank + .[1].clean_lines + .[1].rejected_lines' in out)"
			same "$lines" "$(jq .lines in)"
		done
	done
}

@test "clean: sorted records of several files, no longer apart, stand under one line of names" {
	printf '%s\n' 'Id,day,amount,kind,note' '2,x,1,in,b' >a.csv
	printf '%s\n' 'note,kind,amount,day,Id' 'd,out,2,x,4' >b.csv
	acct-ingest -s pay.yaml a.csv b.csv | LC_ALL=C sort | acct-clean -s pay.yaml -r rej >good.acct
	same "$(printf '%s\n' 'Id,day,amount,kind,note' '2,x,1,in,b' '4,x,2,out,d')" "$(acct-cat -f raw rej)"
}

@test "clean: every reason, at the first failing column" {
	printf '%s\n' 'Id,day,amount,kind,note' '1,2024-01-31,10.00,in,good' '2,2024-01-31,10.00' '3,2024-01-31,1,in,x,y' \
	    '4,2024-02-30,x,in,' '5,,x,in,' '6,1999-12-31,1.00,in,' '7,2024-01-31,1.005,in,' '8,2024-01-31,10000000.00,in,' \
	    '9,2024-01-31,1.00,both,' 'x,2024-01-31,1.00,in,' ',2024-01-31,1.00,in,' '1,2024-01-31,10.0,,good' \
	    '1,2024-01-31,10.00,in,bad' '12,2024-01-31,1.00,in,'$'caf\xe9' '9223372036854775808,2024-01-31,1,in,' >t.csv
	clean t.csv >good.acct
	same "1	2024-01-31	10.00	in	good" "$(tsv good.acct | tail -n +2)"
	same "$(printf '%s\n' '3	field-count	\N	\N' '4	field-count	\N	\N' '5	type	day	2024-02-30' '6	missing	day	\N' \
	    '7	not-allowed	day	1999-12-31' '8	type	amount	1.005' '9	type	amount	10000000.00' '10	not-allowed	kind	both' \
	    '11	type	id	x' '12	missing	id	\N' '13	duplicate	id	1' '14	conflict	id	1' '15	encoding	note	'$'caf\xe9' \
	    '16	type	id	9223372036854775808')" "$(reasons)"
}

@test "clean: blanks are trimmed, nulls are null, defaults take their place" {
	printf '%s\n' 'Id,day,amount,kind,note' $' 1\t,\t2024-01-31 , +010.0 ,, n/a' '2,2024-01-31,.5,NULL," a	b "' \
	    '3,2024-01-31,-0.,out,null' >t.csv
	same "$(printf '%s\n' '1	2024-01-31	10.00	in	\N' '2	2024-01-31	0.50	in	a\tb' '3	2024-01-31	0.00	out	null')" \
	    "$(clean t.csv | tsv | tail -n +2)"
	same "" "$(reasons)"
}

@test "clean: columns are matched by name, in any order" {
	printf '%s\n' 'note,amount,Id,kind,day' 'x,1.00,7,out,2024-01-31' >t.csv
	same "7	2024-01-31	1.00	out	x" "$(clean t.csv | tsv | tail -n +2)"
	acct-ingest -s pay.yaml t.csv | acct-clean -s pay.yaml >t.acct
	same "7	2024-01-31	1.00	out	x" "$(tsv t.acct | tail -n +2)"
}

@test "clean: a column that is missing, or one too many" {
	printf '%s\n' 'Id,day,amount,kind' '1,2024-01-31,1,in' >t.csv
	acct-ingest -t pay t.csv >t.raw
	run -78 --separate-stderr acct-clean -s pay.yaml t.raw
	[ "$stderr" = "acct-clean: t.raw: column of the schema of pay missing: 'note'" ]
	printf '%s\n' 'Id,day,amount,kind,note,more' '1,2024-01-31,1,in,x,y' >t.csv
	acct-ingest -t pay t.csv >t.raw
	run -78 --separate-stderr acct-clean -s pay.yaml t.raw
	[ "$stderr" = "acct-clean: t.raw: column not in the schema of pay (extra: ignore skips it): 'more'" ]
	{ cat pay.yaml; echo 'extra: ignore'; } >loose.yaml
	same "1	2024-01-31	1.00	in	x" "$(acct-clean -s loose.yaml t.raw | tsv | tail -n +2)"
}

@test "clean: a typed stream is no raw one" {
	mkrec pay 'id:int64*!' <<<1 >t.acct
	run -65 --separate-stderr acct-clean -s pay.yaml t.acct
	[ "$stderr" = "acct-clean: t.acct: not a raw stream, as acct-ingest writes it: table 'pay'" ]
}

@test "clean: rejects can be mended and fed in again" {
	printf '%s\n' 'note,amount,Id,kind,day' '"a ""b"", c",1.0x,1,in,2024-01-31' 'cut,1' $'"two\nlines",2x,2,in,2024-01-31' >t.csv
	[ "$(clean t.csv | acct-cat | wc -l)" -eq 1 ]
	acct-cat -f raw rej >mended.csv
	same $'Id,day,amount,kind,note\n1,2024-01-31,1.0x,in,"a ""b"", c"\ncut,1\n2,2024-01-31,2x,in,"two\nlines"' "$(cat mended.csv)"
	sed -i 's/x,/,/; s/^cut,1$/3,2024-01-31,1,in,cut/' mended.csv
	same "$(printf '%s\n' '1	2024-01-31	1.00	in	a "b", c' '3	2024-01-31	1.00	in	cut' '2	2024-01-31	2.00	in	two\nlines')" \
	    "$(clean mended.csv | tsv | tail -n +2)"
	same "" "$(reasons)"
}

@test "clean: totals as JSON and with -v" {
	printf '%s\n' 'Id,day,amount,kind,note' '1,2024-01-31,10.00,in,' '1,2024-01-31,10.00,in,' '2,x,0.25,in,' '3,x,y,in,' '4,5' >t.csv
	acct-ingest -t pay t.csv >t.raw
	run -0 --separate-stderr acct-clean -v -s pay.yaml -r rej --stats stats -o t.acct t.raw
	[ "$stderr" = "acct-clean: pay: 5 read, 1 clean, 4 rejected (field-count 1, type 2, duplicate 1)" ]
	[ -z "$output" ]
	same '["pay",5,1,4,1,2,0,1,"20.25","10.25"]' "$(python3 -c '
import json
s = json.load(open("stats"))
r, a = s["reasons"], s["amounts"]["amount"]
print(json.dumps([s["table"], s["read"], s["clean"], s["rejected"], r["field-count"], r["type"], r["missing"], r["duplicate"],
    a["read"], a["rejected"]], separators=(",", ":")))')"
}

@test "clean: rejects that are not kept are counted on standard error" {
	printf '%s\n' 'Id,day,amount,kind,note' '1,x,10.00,in,' >t.csv
	acct-ingest -t pay t.csv >t.raw
	run -0 --separate-stderr acct-clean -s pay.yaml -o t.acct t.raw
	[ "$stderr" = "acct-clean: pay: 1 rows rejected and not kept; -r FILE keeps them" ]
}

@test "clean: any bytes, any length" {
	python3 - <<-'PY'
	with open("t.csv", "wb") as f:
	    f.write(b"Id,day,amount,kind,note\n1,2024-01-31,1,in,a\0b\x1b\x19\x1a\x01\n2,2024-01-31,1,in,\xf0\x9f\x98\x80\n")
	    f.write(b"3,2024-01-31,1,in,\"" + b"x" * 3000000 + b"\n\"\n4,2024-01-31," + b"0" * 100000 + b"7,in,\n")
	PY
	clean t.csv >t.acct
	acct-cat -f json -c note t.acct >notes
	python3 - <<-'PY'
	import json
	notes = [json.loads(l)["note"] for l in open("notes")]
	assert notes == ["a\0b\x1b\x19\x1a\x01", "\U0001f600", "x" * 3000000 + "\n", None], [n and n[:20] for n in notes]
	PY
	same "" "$(reasons)"
}

# ---- keys ----

# The same rows, whatever the memory: rows, rejects and totals byte for byte.
same_on_disk() {
	local schema=$1 raw=$2 size
	acct-clean -s "$schema" -r rej.memory --stats stats.memory -o out.memory "$raw"
	for size in 1 64K 300K 2M; do
		acct-clean -s "$schema" -r rej.disk --stats stats.disk -o out.disk --memory "$size" "$raw"
		cmp out.memory out.disk
		cmp rej.memory rej.disk
		cmp stats.memory stats.disk
	done
	acct-cat --check out.memory rej.memory
}

# keys KIND N: rows k,v,n of which some come again, some with another value, some are bad; in an order without pattern.
keys() {
	python3 - "$@" <<-'PY'
	import random, sys
	kind, n = sys.argv[1], int(sys.argv[2])
	random.seed(7)
	def key(i):
	    return {"dense": i, "ordered": i * 3, "far": i * 2654435761 % 2**63 - 2**62, "string": "k%d é" % i,
	        "decimal": "%d.%02d" % (i, i % 100)}[kind]
	rows = [(key(i), random.randrange(100)) for i in range(n)]
	rows += [rows[random.randrange(n)] for i in range(n // 10)]
	rows += [(rows[random.randrange(n)][0], 1000 + i) for i in range(n // 10)]
	if kind != "ordered":
	    random.shuffle(rows)
	with open("k.csv", "w") as f:
	    f.write("k,v,n\n")
	    for i, (k, v) in enumerate(rows):
	        f.write("%s,%s,%d\n" % (k, "x" if i % 97 == 0 else v, i % 3) if i % 101 else "torn\n")
	PY
}

one_key() {
	printf '%s\n' 'name: k' 'columns:' "- {name: k, type: '$1', key: yes}" "- {name: v, type: 'decimal(9,2)'}" \
	    '- {name: n, type: string}' >k.yaml
}

# Against what Python makes of the same rows: first good row wins.
check_keys() {
	python3 - "$@" <<-'PY'
	import subprocess, sys
	columns = sys.argv[1].split(",")
	seen, good, rejected = {}, [], {"field-count": 0, "type": 0, "duplicate": 0, "conflict": 0}
	for line in open("k.csv").read().splitlines()[1:]:
	    f = line.split(",")
	    if len(f) != 3:
	        rejected["field-count"] += 1
	    elif not f[1].isdigit():
	        rejected["type"] += 1
	    else:
	        row = dict(zip("kvn", f))
	        k = tuple(row[c] for c in columns)
	        if k in seen:
	            rejected["duplicate" if seen[k] == f else "conflict"] += 1
	        else:
	            seen[k] = f
	            good.append("%s,%s.00,%s" % tuple(f))
	out = subprocess.run(["acct-cat", "-f", "csv", "out.memory"], capture_output=True, text=True).stdout.splitlines()[1:]
	assert out == good, (len(out), len(good))
	import json
	got = {k: v for k, v in json.load(open("stats.memory"))["reasons"].items() if k in rejected}
	assert got == rejected, (got, rejected)
	PY
}

@test "clean: keys in memory and on disk: integers, dense and shuffled" {
	keys dense 30000
	one_key int64
	acct-ingest k.csv >k.raw
	same_on_disk k.yaml k.raw
	check_keys k
}

@test "clean: keys in memory and on disk: integers in order" {
	keys ordered 30000
	one_key int32
	acct-ingest k.csv >k.raw
	same_on_disk k.yaml k.raw
	check_keys k
}

@test "clean: keys in memory and on disk: integers far apart" {
	keys far 30000
	one_key int64
	acct-ingest k.csv >k.raw
	same_on_disk k.yaml k.raw
	check_keys k
}

@test "clean: keys in memory and on disk: strings" {
	keys string 30000
	one_key string
	acct-ingest k.csv >k.raw
	same_on_disk k.yaml k.raw
	check_keys k
}

@test "clean: keys in memory and on disk: decimals, narrow and wide" {
	keys decimal 20000
	one_key 'decimal(12,2)'
	acct-ingest k.csv >k.raw
	same_on_disk k.yaml k.raw
	cp out.memory narrow
	one_key 'decimal(30,2)'
	same_on_disk k.yaml k.raw
	same "$(acct-cat narrow)" "$(acct-cat out.memory)"
}

@test "clean: keys in memory and on disk: two columns" {
	keys dense 30000
	printf '%s\n' 'name: k' 'key: [n, k]' 'columns:' '- {name: k, type: int64}' "- {name: v, type: 'decimal(9,2)'}" \
	    '- {name: n, type: string}' >k.yaml
	acct-ingest k.csv >k.raw
	same_on_disk k.yaml k.raw
	check_keys n,k
}

@test "clean: a table without a key keeps equal rows" {
	printf '%s\n' 'name: t' 'columns: [{name: a, type: int64}]' >t.yaml
	printf '%s\n' a 1 1 2 >t.csv
	same "$(printf '1\n1\n2')" "$(acct-ingest t.csv | acct-clean -s t.yaml --memory 1 | acct-cat | tail -n +2)"
}

@test "clean: equal numbers in other forms are one key" {
	one_key 'decimal(9,2)'
	printf '%s\n' k,v,n 1.5,1,a 01.50,1,a +1.500,2,a >k.csv
	acct-ingest k.csv | acct-clean -s k.yaml -r rej >/dev/null
	same "$(printf '%s\n' '3	duplicate	k	1.50' '4	conflict	k	1.50')" "$(reasons)"
}

# ---- both paths, and data without pattern ----

@test "clean: the same without the processor's instructions" {
	bankgen -n 300 --dirt 0.05 bank
	for table in customers accounts loans loan_payments transactions; do
		acct-ingest -s "$ROOT/pipelines/bank/sources/$table.yaml" "bank/$table.csv" >t.raw
		acct-clean -s "$ROOT/pipelines/bank/sources/$table.yaml" -r rej1 --stats stats1 -o out1 t.raw
		ACCT_PORTABLE=1 acct-clean -s "$ROOT/pipelines/bank/sources/$table.yaml" -r rej2 --stats stats2 -o out2 t.raw
		cmp out1 out2
		cmp rej1 rej2
		cmp stats1 stats2
		[ "$(acct-cat rej1 | wc -l)" -gt 1 ]
	done
}

# bank_totals FOLDER: what is clean and what rejected of each file of a bank; the rejects go to TABLE.rej.
bank_totals() {
	for table in customers accounts loans loan_payments transactions; do
		acct-ingest -s "$ROOT/pipelines/bank/sources/$table.yaml" "$1/$table.csv" |
		    acct-clean -v -s "$ROOT/pipelines/bank/sources/$table.yaml" -r "$table.rej" -o "$table.acct" 2>>totals
	done
	cat totals
}

@test "clean: the bank's files" {
	same "$(printf 'acct-clean: %s\n' 'customers: 41 read, 38 clean, 3 rejected (field-count 1, type 1, duplicate 1)' \
	    'accounts: 61 read, 58 clean, 3 rejected (encoding 1, type 1, duplicate 1)' 'loans: 20 read, 19 clean, 1 rejected (type 1)' \
	    'loan_payments: 121 read, 115 clean, 6 rejected (field-count 1, encoding 1, type 3, duplicate 1)' \
	    'transactions: 814 read, 766 clean, 48 rejected (field-count 8, encoding 5, missing 1, type 16, not-allowed 4, duplicate 6, conflict 8)')" \
	    "$(bank_totals "$ROOT/pipelines/sample")"
}

@test "clean: the bank's real files" {
	need "$SHARED/data/bank"
	same "$(printf 'acct-clean: %s\n' 'customers: 87 read, 86 clean, 1 rejected (field-count 1)' \
	    'accounts: 100 read, 100 clean, 0 rejected' 'loans: 100 read, 100 clean, 0 rejected' \
	    'loan_payments: 100 read, 100 clean, 0 rejected' 'transactions: 100 read, 100 clean, 0 rejected')" "$(bank_totals "$SHARED/data/bank")"
	same "88	field-count" "$(acct-cat -f tsv -c _line,reason customers.rej | tail -n +2)"
}

# ---- errors ----

# Random files that grow are in days.bats.
@test "clean: keys of known rows are taken, and totals of others added and subtracted" {
	printf 'name: t\ncolumns:\n  - name: id\n    type: int64\n    key: yes\n  - name: k\n    type: string\n  - name: v\n    type: decimal(38,2)\n' >int.yaml
	sed 's/^    type: int64/    type: string/' int.yaml >text.yaml
	sed '/key: yes/d' int.yaml >none.yaml
	printf 'id,k,v\n' >all.csv
	python3 -c 'for i in range(30000): print("%d,x,%d.50" % (i * 7919, i))' >>all.csv
	{ head -n 1 all.csv; printf '7919,x,1.50\n15838,y,2.50\n1,x,x\n2,x,-99999999999999999999999999999999999.99\n'; } >new.csv
	tail -n +2 new.csv | cat all.csv - >whole.csv
	for s in int text; do
		for f in all new whole; do
			acct-ingest -s $s.yaml -o $f.raw $f.csv
		done
		acct-clean -s $s.yaml -r x.acct --stats all.json -o all.acct all.raw
		acct-clean -s $s.yaml -r whole.rejects --stats whole.json -o whole.acct whole.raw
		for memory in 1G 64K; do
			acct-clean -s $s.yaml --memory $memory --known all.acct --add all.json -r new.rejects --stats new.json -o new.acct new.raw
			same $'_line\treason\n2\tduplicate\n3\tconflict\n4\ttype' "$(acct-select -c _line,reason new.rejects | tsv)"
			same "$(acct-cat -f tsv whole.acct | tail -n 1)" "$(acct-cat -f tsv new.acct | tail -n +2)"
			same "$(cat whole.json)" "$(cat new.json)"
		done
		acct-clean -s $s.yaml --add whole.json --less new.json -r x.acct --stats same.json -o x.acct2 new.raw
		acct-clean -s $s.yaml -r x.acct --stats alone.json -o x.acct2 new.raw
		same "$(cat alone.json)" "$(cat same.json)"
	done
	run -65 --separate-stderr acct-clean -s text.yaml --add int.yaml -o x.acct new.raw
	run -66 --separate-stderr acct-clean -s text.yaml --add nowhere.json -o x.acct new.raw
	sed 's/"table": "t"/"table": "u"/' all.json >other.json
	run -65 --separate-stderr acct-clean -s text.yaml --less other.json -o x.acct -r y new.raw
	same "acct-clean: other.json: not statistics of acct-clean for table 't' and its schema" "$stderr"
	run -65 --separate-stderr acct-clean -s int.yaml --known all.acct -o x.acct -r y new.raw	# ids are text there
	same "acct-clean: all.acct: not the columns of the schema" "$stderr"
	run -64 --separate-stderr acct-clean -s none.yaml --known all.acct -o x.acct new.raw
	same "acct-clean: --known: the schema has no key" "$stderr"
}

# Rows of which some are rejected, some span lines, and some are answered from disk.
@test "clean: --delivery adds the delivery and the line of each row, and changes nothing else" {
	python3 - "${ACCT_SEED:-1}" >rows.csv <<-'PY'
		import random, sys
		r = random.Random(int(sys.argv[1]))
		print("Id,day,amount,kind,note")
		for i in range(3000):
		    print("%s,%s,%d.5,%s,%s" % (r.choice([i, i, i, r.randrange(i + 1), "x"]), r.choice(["2024-01-31", "2024-01-31", "1999-01-01"]),
		        i, r.choice(["in", "out", ""]), r.choice(["", "plain", '"of\ntwo lines"', '"a ""b"""'])))
	PY
	{ sed '/^nulls/d' pay.yaml; printf '%s\n' '  - name: double' '    type: decimal(10,2)' '    compute: amount * 2'; } >more.yaml
	for schema in pay more; do
		acct-ingest -s $schema.yaml -o rows.raw rows.csv
		for memory in 1G 16K; do
			acct-clean -s $schema.yaml --memory $memory -r plain.rej --stats plain.json -o plain.acct rows.raw
			acct-clean -s $schema.yaml --memory $memory -r rej --stats json --delivery 123456789012 -o rows.acct rows.raw
			cmp plain.rej rej && cmp plain.json json
			acct-select -c '* exclude (_delivery, _line)' rows.acct | cmp - plain.acct
			same $'_delivery\n123456789012' "$(acct-select -c _delivery rows.acct | tsv | sort -u -r)"
			# the amount counts the rows
			acct-select -c _line,amount rows.acct | acct-cat | tail -n +2 | sort -n >lines
			python3 -c 'if 1:
				import csv
				line, f = 1, csv.reader(open("rows.csv", newline=""))
				for row in f:
				    print("%d,%.2f" % (line, float(row[2] if line > 1 else 0)))
				    line = f.line_num + 1' | sort -n >all
			same "" "$(comm -23 <(sort lines) <(sort all))"
		done
	done
	sed 's/name: note$/name: _delivery\n    source: note/' pay.yaml >own.yaml
	acct-ingest -o pay.raw pay.csv
	run -78 --separate-stderr acct-clean -s own.yaml --delivery 1 -o x pay.raw
	same "acct-clean: pay: has a column _delivery of its own" "$stderr"
	for n in 0 x -1 1.5; do
		run -64 --separate-stderr acct-clean -s pay.yaml --delivery $n pay.raw
		[[ $stderr == "acct-clean: --delivery: must be a number from 1: '$n'"* ]]
	done
}

@test "clean: wrong use" {
	run -64 --separate-stderr acct-clean
	[[ $stderr == "acct-clean: -s is required"* ]]
	run -64 --separate-stderr acct-clean -s pay.yaml a b
	[[ $stderr == "acct-clean: expected at most one FILE"* ]]
	run -64 --separate-stderr acct-clean -s pay.yaml -r - pay.raw
	[[ $stderr == "acct-clean: -r and -o cannot go to one place: '-'"* ]]
	run -64 --separate-stderr acct-clean -s pay.yaml -o x --stats x pay.raw
	[[ $stderr == "acct-clean: --stats and -o cannot go to one place: 'x'"* ]]
	run -64 --separate-stderr acct-clean -s pay.yaml -r x --stats x pay.raw
	[ ! -e x ]
	run -66 --separate-stderr acct-clean -s none.yaml
	[[ $stderr == "acct-clean: none.yaml: No such file or directory" ]]
}

@test "clean: a source without rows" {
	head -n 1 pay.csv >t.csv
	same "id	day	amount	kind	note" "$(clean t.csv | tsv)"
	acct-cat --check rej
}

@test "clean: rejects and totals that cannot be written" {
	printf '%s\n' 'Id,day,amount,kind,note' '1,x,10.00,in,' >t.csv
	acct-ingest -t pay t.csv >t.raw
	run -74 --separate-stderr acct-clean -s pay.yaml -r /dev/full -o out.acct t.raw
	[[ $stderr == "acct-clean: /dev/full: No space left on device" ]]
	[ ! -e out.acct ]
	run -74 --separate-stderr acct-clean -s pay.yaml -r rej --stats /dev/full -o out.acct t.raw
	[[ $stderr == "acct-clean: /dev/full: No space left on device" ]]
	run -73 --separate-stderr acct-clean -s pay.yaml -r none/rej -o out2.acct t.raw
	[[ $stderr == "acct-clean: none/rej"*": No such file or directory" ]]
	[ ! -e out2.acct ]
}

@test "clean: a disk that is full while records wait on it" {
	keys string 20000
	one_key string
	acct-ingest k.csv >k.raw
	run -73 --separate-stderr env TMPDIR=/nowhere acct-clean -s k.yaml --memory 1 -o out.acct k.raw
	[[ $stderr == "acct-clean: /nowhere/acct-"*": No such file or directory" ]]
	[ ! -e out.acct ]
}

@test "clean: years of two digits lie in 1969 to 2068, or in the hundred that the schema gives" {
	command -v python3 >/dev/null || skip 'SKIPPED: python3 is not there'
	cat >y.yaml <<-'Y'
	name: y
	columns:
	  - {name: n, type: int32}
	  - {name: posix, type: date, format: "%y%m%d"}
	  - {name: old, type: date, format: "%y%m%d", century: 1900}
	  - {name: odd, type: date, format: "%d.%b.%y", century: 1957}
	Y
	python3 - <<-'P'
	import datetime as d
	with open('y.csv', 'w') as f, open('want.csv', 'w') as w:
	    print('n,posix,old,odd', file=f)
	    print('n,posix,old,odd', file=w)
	    for n in range(100):
	        text = '%02d0203' % n
	        odd = next(y for y in range(1957, 2057) if y % 100 == n)
	        print(n, text, text, '03.feb.%02d' % n, sep=',', file=f)
	        print(n, d.datetime.strptime(text, '%y%m%d').date(), d.date(1900 + n, 2, 3), d.date(odd, 2, 3), sep=',', file=w)
	P
	acct-ingest -s y.yaml y.csv | acct-clean -s y.yaml | acct-cat | cmp - want.csv
}
