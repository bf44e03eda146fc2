load helper

HEADER='id:int64*! name:string amount:decimal(9,2)'

prepare() {
	mkrec t "$HEADER" >t.acct <<-'END'
	1	a	1.00
	2	b\tb	\N
	3	\N	-0.01
	END
	mkrec t "$HEADER" >u.acct <<-'END'
	2	c	\N
	3	\N	-0.01
	9	n	\N
	END
}

# log TABLE: the versions there are.
log() {
	ls "$1/_delta_log" | grep 'json$'
}

# content TABLE: its rows as text, sorted.
content() {
	acct-read "$@" | acct-cat -f csv | tail -n +2 | sort
}

# metric NAME: of the newest version of tab.
metric() {
	grep -o "\"$1\":\"[0-9]*\"" "$(ls tab/_delta_log/*.json | tail -n 1)" | grep -o '[0-9]*'
}

@test "merge: a new table, inserts, updates, and rows that stay" {
	run -0 --separate-stderr acct-merge -v -i t.acct tab
	same "acct-merge: tab: version 0: 3 inserted, 0 updated, 0 deleted, 0 copied; 1 files written, 0 removed" "$stderr"
	same "$(cat t.acct)" "$(acct-read -t t tab)"
	run -0 --separate-stderr sh -c 'acct-merge -v tab <u.acct'
	same "acct-merge: tab: version 1: 1 inserted, 1 updated, 0 deleted, 2 copied; 1 files written, 1 removed" "$stderr"
	[ -z "$output" ]
	same $'1,a,1.00\n2,c,\n3,,-0.01\n9,n,' "$(content tab)"
	same 3 "$(metric numSourceRows)"
	same 1 "$(metric numTargetRowsInserted)"
	same 1 "$(metric numTargetRowsUpdated)"
	same 2 "$(metric numTargetRowsCopied)"
	grep -q '"operation":"MERGE"' tab/_delta_log/00000000000000000001.json
	grep -q '"isBlindAppend":false' tab/_delta_log/00000000000000000001.json
	same 3 "$(content --at 0 tab | wc -l)"
}

@test "merge: the codec of the new files" {
	acct-write -i t.acct tab
	acct-merge --codec zstd -i u.acct tab
	[[ "$(acct-log --files tab)" == *.zstd.parquet ]]
	acct-write -i t.acct other
	acct-merge -i u.acct other
	content other | diff -u - <(content tab)
	acct-merge --codec none -i t.acct tab
	[[ "$(acct-log --files tab)" != *.zstd.parquet ]]
	run -64 --separate-stderr acct-merge --codec lzo -i u.acct tab
	[[ "$stderr" == *"--codec: must be none, snappy, gzip or zstd: 'lzo'"* ]]
}

@test "merge: what changes nothing makes no version" {
	acct-write -i t.acct tab
	before=$(ls -RA tab)
	run -0 --separate-stderr acct-merge -v -i t.acct tab
	same "acct-merge: tab: version 0 stays: nothing to change" "$stderr"
	mkrec t "$HEADER" </dev/null >none.acct
	acct-merge -i none.acct tab
	same "_change_type,id,name,amount" "$(acct-merge --changes - -i t.acct tab | acct-cat -f csv)"
	same "$before" "$(ls -RA tab)"
}

@test "merge: only files with rows that change are written anew" {
	for from in 0 100 200; do
		seq $((from + 1)) $((from + 100)) | sed 's/.*/&\tx&\t1.00/' | mkrec t "$HEADER" | acct-write tab
	done
	second=$(grep -o 'part-[^"]*' tab/_delta_log/00000000000000000001.json | head -n 1)
	printf '150\tnew\t1.00\n250\tx250\t1.00\n301\tx\t\\N\n' | mkrec t "$HEADER" >v.acct
	acct-merge -i v.acct tab
	same 1 "$(metric numTargetFilesRemoved)"
	same 99 "$(metric numTargetRowsCopied)"
	same 1 "$(grep -c '"remove":' tab/_delta_log/00000000000000000003.json)"
	grep '"remove"' tab/_delta_log/00000000000000000003.json | grep -qF "$second"
	same 301 "$(content tab | wc -l)"
	same '150,new,1.00' "$(content tab | grep ^150,)"
	printf '400\tx\t\\N\n' | mkrec t "$HEADER" | acct-merge tab	# new keys rewrite nothing
	same 0 "$(metric numTargetFilesRemoved)"
}

@test "merge: the change stream" {
	acct-write -i t.acct tab
	acct-merge --changes c.acct -i u.acct tab
	head -n 1 c.acct | grep -q '@change=1'
	same $'_change_type\tid\tname\tamount\nupdate_preimage\t2\tb\\tb\t\\N\nupdate_postimage\t2\tc\t\\N\ninsert\t9\tn\t\\N' "$(tsv c.acct)"
	same $'_change_type,id,name,amount\ndelete,1,a,1.00' "$(acct-merge --delete-absent --changes - -i u.acct tab | acct-cat -f csv)"
	acct-cat --check c.acct
	run -73 --separate-stderr acct-merge --changes nowhere/c -i t.acct tab
	same 2 "$(log tab | tail -n +2 | wc -l)"	# and nothing was merged
}

@test "merge: no change stream of a table that has its column" {
	printf 'x\t1\n' | mkrec t '_change_type:string id:int64*!' >c.acct
	acct-merge -i c.acct tab
	printf 'y\t1\n' | mkrec t '_change_type:string id:int64*!' >c.acct
	run -69 --separate-stderr acct-merge --changes made -i c.acct tab
	same "acct-merge: tab: column _change_type: --changes has one of its own" "$stderr"
	[ ! -e made ]
	same x,1 "$(content tab)"
	acct-merge -i c.acct tab
	same y,1 "$(content tab)"
}

@test "merge: deletes by a flag, and of what is absent" {
	acct-write -i t.acct tab
	printf '2\t\\N\tD\n99\tq\tD\n3\tz\t-\n4\tnew\t-\n' | mkrec t 'id:int64*! name:string op:string' >f.acct
	same $'delete,2,b\tb,\nupdate_preimage,3,,-0.01\nupdate_postimage,3,z,-0.01\ninsert,4,new,' \
	    "$(acct-merge --delete-flag op=D --changes - -i f.acct tab | acct-cat -f csv | tail -n +2)"
	same $'1,a,1.00\n3,z,-0.01\n4,new,' "$(content tab)"
	acct-merge --delete-flag op=D -i f.acct new
	same $'3,z\n4,new' "$(content new)"
	acct-merge --delete-absent -i u.acct tab
	same $'2,c,\n3,,-0.01\n9,n,' "$(content tab)"
	mkrec t "$HEADER" </dev/null | acct-merge --delete-absent tab
	same "" "$(content tab)"
	acct-merge -i u.acct tab
	same 3 "$(content tab | wc -l)"
}

@test "merge: a null that comes and one that goes; a column the stream does not have" {
	acct-write -i t.acct tab
	printf '1\t\\N\n2\tb\n' | mkrec t 'id:int64*! name:string' | acct-merge tab
	same $'1,,1.00\n2,b,\n3,,-0.01' "$(content tab)"
	printf '1\n2\n5\n' | mkrec t 'id:int32*!' | acct-merge tab
	same $'1,,1.00\n2,b,\n3,,-0.01\n5,,' "$(content tab)"
}

@test "merge: every type" {
	header='k:string*! b:bool i:int32 l:int64 d:decimal(9,2) e:decimal(18,4) w:decimal(38,10) day:date ts:timestamp f:float64 s:string'
	mkrec t "$header" >all.acct <<-'END'
	a	true	-2147483648	-9223372036854775808	-9999999.99	-99999999999999.9999	-9999999999999999999999999999.9999999999	0001-01-01	0001-01-01T00:00:00Z	-inf	
	b	false	2147483647	9223372036854775807	9999999.99	99999999999999.9999	9999999999999999999999999999.9999999999	9999-12-31	9999-12-31T23:59:59.999999Z	nan	a\nb\tc\\ üß😀
	c	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
	d	true	0	0	0.00	0.0000	0.0000000000	1970-01-01	1970-01-01T00:00:00Z	-0.0	x
	END
	acct-merge -i all.acct tab
	cmp <(acct-read -t t tab) all.acct
	acct-merge -i all.acct tab
	same 1 "$(log tab | wc -l)"
	# each column in turn takes the values of the row before, and each is a key
	for c in b i l d e w day ts f s; do
		acct-cat -f tsv all.acct | tail -n +2 | awk -F '\t' -v OFS='\t' -v c="$c" -v names="$header" '
			BEGIN { n = split(names, w, " "); for (i = 1; i <= n; i++) { sub(/:.*/, "", w[i]); at[w[i]] = i } }
			{ old = $at[c]; $at[c] = NR == 1 ? "\\N" : last; last = old; print }' | mkrec t "$header" >moved.acct
		rm -rf two
		acct-write -i all.acct two
		acct-merge -i moved.acct two
		cmp <(acct-read -t t two) moved.acct
		[ "$c" != b ] || acct-select -w "k <> 'd'" -o few.acct all.acct
		[ "$c" = b ] || cp all.acct few.acct
		acct-select -w "$c is not null" few.acct >keyed.acct
		rm -rf three
		acct-merge -k "$c" -i keyed.acct three
		same "" "$(acct-merge -k "$c" -i keyed.acct --changes - three | acct-cat -f csv | tail -n +2)"
		same 1 "$(log three | wc -l)"
	done
}

@test "merge: a key of several columns" {
	h='a:string! b:int32 c:date v:string'
	printf 'x\t1\t2024-01-01\t1\nx\t1\t2024-01-02\t2\nx\\ty\t1\t2024-01-01\t3\n\t1\t2024-01-01\t4\n' | mkrec t "$h" >k.acct
	acct-merge -k a,b,c -i k.acct tab
	printf 'x\t1\t2024-01-02\tnew\n\t1\t2024-01-01\tempty\nx\t2\t2024-01-01\tmore\n' | mkrec t "$h" | acct-merge -k a,b,c tab
	same $'"",1,2024-01-01,empty\nx\ty,1,2024-01-01,3\nx,1,2024-01-01,1\nx,1,2024-01-02,new\nx,2,2024-01-01,more' "$(content tab)"
	grep -q '"acct.key":"a,b,c"' tab/_delta_log/00000000000000000000.json
	run -65 --separate-stderr sh -c 'cat k.acct k.acct | acct-merge -k a,b,c tab'
	same "acct-merge: <stdin>: more than one record for a key: 'x', 1, 2024-01-01; 'x', 1, 2024-01-02; 'x\\ty', 1, 2024-01-01; '', 1, 2024-01-01" "$stderr"
}

@test "merge: keys that come twice, and nulls in keys" {
	acct-write -i t.acct tab
	before=$(ls -RA tab)
	run -65 --separate-stderr sh -c "{ seq 1 9; seq 2 8; echo 2; } | mkrec t 'id:int64*!' | acct-merge tab"
	same "acct-merge: <stdin>: more than one record for a key: 2; 3; 4; 5; 6; and 2 more" "$stderr"
	run -65 --separate-stderr sh -c "printf '1\n5000000000000\n-9\n5000000000000\n' | mkrec t 'id:int64*!' | acct-merge tab"
	same "acct-merge: <stdin>: more than one record for a key: 5000000000000" "$stderr"
	run -65 --separate-stderr sh -c "printf '1\n\\\\N\n' | mkrec t 'id:int64*' | acct-merge tab"
	same "acct-merge: <stdin>: record 2: id: null in a key" "$stderr"
	same "$before" "$(ls -RA tab)"
	acct-write -i t.acct tab
	run -65 --separate-stderr acct-merge -i u.acct tab
	[[ "$stderr" == "acct-merge: tab: part-"*": the table has more than one row for a key: 2" ]]
	printf '7\tx\t\\N\n' | mkrec t "$HEADER" | acct-merge tab	# what is doubled and not asked for stays
	same 7 "$(content tab | wc -l)"
}

@test "merge: integer keys far apart, and long strings" {
	seq 1 3000 | awk '{ printf "%.0f\tx\t1.00\n", ($1 % 2 ? 1 : -1) * $1 * 1e12 }' | mkrec t "$HEADER" >far.acct
	acct-merge -i far.acct tab
	seq 1 3000 | awk '{ printf "%.0f\t%s\t1.00\n", ($1 % 2 ? 1 : -1) * $1 * 1e12, $1 % 100 ? "x" : "y" }' | mkrec t "$HEADER" >far2.acct
	acct-merge -i far2.acct tab
	same 30 "$(metric numTargetRowsUpdated)"
	cmp <(acct-read -t t tab) far2.acct
	seq 1 3000 | sed 's/.*/a key that is longer than its slot &\t&/' | mkrec t 'k:string*! v:int64' >long.acct
	acct-merge -i long.acct strings
	seq 1 3000 | sed 's/.*/a key that is longer than its slot &\t&/; s/77$/0/' | mkrec t 'k:string*! v:int64' >long2.acct
	acct-merge -i long2.acct strings
	cmp <(acct-read -t t strings) long2.acct
}

@test "merge: more rows than a batch holds, in random rounds, against a model" {
	need /usr/bin/python3
	for seed in 1 2 3 4 5 6 7 8; do
		rm -rf tab
		python3 - "$seed" <<-'PY'
		import os, random, subprocess, sys
		rng = random.Random(int(os.environ.get("ACCT_SEED", 0)) * 1000 + int(sys.argv[1]))
		kind = rng.choice(["int64", "string"])
		head = "id:%s*! a:string n:int64 op:string" % kind
		name = (lambda k: str(k)) if kind == "int64" else (lambda k: "customer number %d" % k)
		def text(v): return r"\N" if v is None else v
		def run(words, rows=None):
		    data = None
		    if rows is not None:
		        tsv = "".join("\t".join(map(text, r)) + "\n" for r in rows)
		        data = subprocess.run(["mkrec", "t", head], input=tsv.encode(), stdout=subprocess.PIPE, check=True).stdout
		    return subprocess.run(words, input=data, stdout=subprocess.PIPE, check=True).stdout
		def lines(stream):
		    out = subprocess.run(["acct-cat", "-f", "tsv"], input=stream, stdout=subprocess.PIPE, check=True).stdout.decode()
		    return [tuple(None if f == r"\N" else f for f in l.split("\t")) for l in out.split("\n")[1:-1]]
		# by rewriting files; by deletion vectors; in parts beyond memory
		more = [[], ["--property", "delta.enableDeletionVectors=true"], ["--memory", "64K"], ["--memory", "1M"]][int(sys.argv[1]) % 4]
		if rng.random() < 0.3 and more[:1] == ["--memory"]:
		    more += ["--property", "delta.enableDeletionVectors=true"]
		model, span = {}, rng.choice([50, 3000, 30000])
		for turn in range(8):
		    keys = rng.sample(range(span), rng.randrange(0, min(span, 20000) if turn == 0 else span // 10 + 1))
		    rows = []
		    for k in keys:
		        key = name(k)
		        if key in model and rng.random() < 0.4:
		            rows.append(model[key])
		        else:
		            rows.append((key, rng.choice([None, "x", "y" * rng.randrange(30)]), rng.choice([None, str(rng.randrange(5))]),
		                rng.choice([None, "D", "-"]) if rng.random() < 0.3 else None))
		    mode = rng.choice(["", "", "--delete-flag", "--delete-absent"])
		    words = ["acct-merge", "--changes", "-"] + more + ([mode, "op=D"] if mode == "--delete-flag" else [mode] if mode else []) + ["tab"]
		    before = dict(model)
		    if mode == "--delete-absent":
		        given = {r[0] for r in rows}
		        model = {k: v for k, v in model.items() if k in given}
		    for r in rows:
		        if mode == "--delete-flag" and r[3] == "D":
		            model.pop(r[0], None)
		        else:
		            model[r[0]] = r
		    if turn == 0 and mode == "--delete-flag":	# a new table would be made without the flag
		        words, model = ["acct-merge", "--changes", "-"] + more + ["tab"], {r[0]: r for r in rows}
		    changes = lines(run(words, rows))
		    if sorted(model.values(), key=str) != sorted(lines(run(["acct-read", "tab"])), key=str):
		        sys.exit("seed %s, turn %d: the table is not as the model: %s" % (sys.argv[1], turn, words))
		    told, last = dict(before), None
		    for c in changes:
		        key, row = c[1], c[1:]
		        if c[0] == "update_postimage":
		            assert last is not None and last[0] == "update_preimage" and last[1] == key and last != c
		            told[key] = row
		        elif c[0] == "insert":
		            assert key not in told
		            told[key] = row
		        else:
		            assert c[0] in ("delete", "update_preimage") and told[key] == row
		            if c[0] == "delete":
		                del told[key]
		        last = c
		    assert told == model, "seed %s, turn %d: the changes do not lead to the model" % (sys.argv[1], turn)
		    if rng.random() < 0.3:
		        row = (name(span + turn), "appended", None, None)
		        run(["acct-write", "tab"], [row])
		        model[row[0]] = row
		PY
	done
}

@test "merge: four at once: every row there, versions without a gap" {
	for w in 1 2 3 4; do
		( for i in $(seq 1 8); do
			printf '%s\tw\t1.00\n0\tlast %s %s\t1.00\n' $((w * 100 + i)) "$w" "$i" | mkrec t "$HEADER" |
			    acct-merge --changes "c.$w.$i" tab || exit 1
		done ) &
	done
	for job in $(jobs -p); do wait "$job"; done
	same "$({ echo 0; for w in 1 2 3 4; do seq $((w * 100 + 1)) $((w * 100 + 8)); done; } | sort)" "$(content tab | cut -d, -f1)"
	same "$(seq -f %020.0f.json 0 31)" "$(log tab)"
	# the change streams tell of each version once, and of nothing else: one insert of 0, and 31 updates of it
	same 33 "$(for c in c.*; do tsv "$c"; done | grep -c ^insert)"
	same 31 "$(for c in c.*; do tsv "$c"; done | grep -c ^update_postimage)"
}

@test "merge: together with appends" {
	acct-write -i t.acct tab
	for i in $(seq 1 10); do printf '%s\tw\t1.00\n' $((100 + i)) | mkrec t "$HEADER" | acct-write tab || exit 1; done &
	for i in $(seq 1 10); do printf '1\tturn %s\t1.00\n' "$i" | mkrec t "$HEADER" | acct-merge tab; done
	wait $!
	same 13 "$(content tab | wc -l)"
	same '1,turn 10,1.00' "$(content tab | grep ^1,)"
	same "$(seq -f %020.0f.json 0 20)" "$(log tab)"
}

# overtaken STREAM: merges u.acct into tab in one try, and while it waits for its records STREAM is appended.
overtaken() {
	mkfifo in
	acct-merge --retry 0 tab <in 2>err &
	exec 5>in
	head -n 1 u.acct >&5
	sleep 0.3			# until it has seen the table; else it sees the rows and the test tells less
	acct-write -i "$1" tab
	tail -n +2 u.acct >&5
	exec 5>&-
	rm in
	wait $!
}

@test "merge: rows that others add elsewhere meanwhile are no hindrance; of the same keys they are" {
	acct-write -i t.acct tab
	printf '500\tfar\t\\N\n' | mkrec t "$HEADER" >far.acct
	overtaken far.acct
	same $'1,a,1.00\n2,c,\n3,,-0.01\n500,far,\n9,n,' "$(content tab)"
	rm -r tab
	acct-write -i t.acct tab
	printf '8\tnear\t\\N\n' | mkrec t "$HEADER" >near.acct
	run overtaken near.acct
	same 75 "$status"
	grep -q 'acct-merge: tab: version 1 of another writer came first and added rows' err
	same $'1,a,1.00\n2,b\tb,\n3,,-0.01\n8,near,' "$(content tab)"
	same 2 "$(ls tab/*.parquet | wc -l)"
}

@test "merge: --txn merges a batch once" {
	acct-write -i t.acct tab
	acct-merge --txn load:7 -i u.acct tab
	run -0 --separate-stderr acct-merge -v --txn load:7 -i t.acct tab
	same "acct-merge: tab: load has written version 7 of its own already: nothing written" "$stderr"
	same $'1,a,1.00\n2,c,\n3,,-0.01\n9,n,' "$(content tab)"
	run -64 --separate-stderr acct-merge --txn load -i t.acct tab
}

@test "merge: killed at any moment, the table is as before or as after" {
	seq 1 60000 | awk '{ print $1 "\ttext " $1 "\t1.00" }' | mkrec t "$HEADER" >big.acct
	acct-write -i big.acct tab
	for i in $(seq 1 20); do
		seq $((i % 7 + 1)) 7 60000 | awk -v i="$i" '{ print $1 "\tturn " i "\t1.00" }' | mkrec t "$HEADER" >v.acct
		n=$(log tab | wc -l)
		acct-merge -i v.acct tab &
		pid=$!
		sleep "0.0$((i * 7 % 100 / 10))$((i * 7 % 10))"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		want=$([ "$(log tab | wc -l)" -eq "$n" ] || acct-cat v.acct | tail -n +2 | wc -l)
		same "${want:-0}" "$(content tab | awk -F , -v i="$i" '$2 == "turn " i { n++ } END { print n + 0 }')"
		same 60000 "$(content tab | cut -d, -f1 | sort -u | wc -l)"
	done
	acct-merge -i big.acct tab
	same "$(acct-cat -f csv big.acct | tail -n +2 | sort | cksum)" "$(content tab | cksum)"
}

@test "merge: a stream that is cut or altered leaves the table as it was" {
	acct-write -i t.acct tab
	before=$(ls -RA tab)
	cuts u.acct acct-merge tab
	same "$before" "$(ls -RA tab)"
	sed '2s/c/d/' u.acct >bad.acct
	run -65 --separate-stderr acct-merge -i bad.acct tab
	[[ "$stderr" == "acct-merge: bad.acct: "*checksum* ]]
	: >empty
	run -65 --separate-stderr acct-merge -i empty tab
	run -66 --separate-stderr acct-merge -i none.acct tab
	same "acct-merge: none.acct: No such file or directory" "$stderr"
	run -66 --separate-stderr acct-merge -i . tab
	same "acct-merge: .: Is a directory" "$stderr"
	run -74 --separate-stderr sh -c 'acct-merge --changes - -i u.acct tab2 >/dev/full'
	same "acct-merge: <stdout>: No space left on device" "$stderr"
	same "$before" "$(ls -RA tab)"
}

@test "merge: what does not suit the table" {
	acct-write -i t.acct tab
	before=$(ls -RA tab)
	printf '1\t1\n' | mkrec t 'id:int64*! more:int64' >more.acct
	run -65 --separate-stderr acct-merge -i more.acct tab
	same "acct-merge: tab: column more: not in the table" "$stderr"
	printf '1\t1\n' | mkrec t 'id:int64*! name:int64' >type.acct
	run -65 --separate-stderr acct-merge -i type.acct tab
	same "acct-merge: tab: column name: int64 in the stream, string in the table" "$stderr"
	printf 'x\n' | mkrec t 'name:string*!' >part.acct
	run -65 --separate-stderr acct-merge -i part.acct tab
	same "acct-merge: tab: column id: required by the table, missing in the stream" "$stderr"
	printf '1\tx\n' | mkrec t 'id:int64! name:string' >nokey.acct
	run -64 --separate-stderr acct-merge -i nokey.acct tab
	[[ "$stderr" == "acct-merge: nokey.acct: no column is marked as key: -k names them"* ]]
	run -64 --separate-stderr acct-merge -k none -i t.acct tab
	run -64 --separate-stderr acct-merge --delete-flag op=1 -i t.acct tab
	run -64 --separate-stderr acct-merge --delete-flag amount=x -i t.acct tab
	run -64 --separate-stderr acct-merge --delete-flag id=1 --delete-absent -i t.acct tab
	run -64 --separate-stderr acct-merge -i t.acct
	run -64 --separate-stderr acct-merge -i t.acct tab tab
	same "$before" "$(ls -RA tab)"
}

@test "merge: a table that cannot be written is left as it is" {
	acct-write -i t.acct tab
	edit_log 's/"configuration":{/&"delta.appendOnly":"true",/' tab/_delta_log/00000000000000000000.json
	before=$(ls -RA tab)
	run -69 --separate-stderr acct-merge -i u.acct tab
	[[ "$stderr" == *"tab: unsupported table property: delta.appendOnly" ]]
	same "$before" "$(ls -RA tab)"
	acct-write -i t.acct part
	partition_by part name
	before=$(ls -RA part)
	run -69 --separate-stderr acct-merge -i u.acct part
	[[ "$stderr" == *"part: writing to a partitioned table is not supported: partitioned by "* ]]
	same "$before" "$(ls -RA part)"
}

@test "merge: files with deletion vectors are read through them, and get new ones" {
	seq 0 49 | mkrec dv 'id:int64' | acct-write dv
	with_deletions dv 0 7 14 35
	acct-read dv | acct-select -w 'id < 20' -o some.acct
	acct-read -o all.acct dv
	printf '%s\n' 900 | mkrec dv 'id:int64' | acct-merge -k id dv
	same "$({ acct-cat all.acct | tail -n +2; echo 900; } | sort)" "$(content dv)"
	acct-merge -k id --delete-absent -i some.acct dv
	same "$(acct-cat some.acct | tail -n +2 | sort)" "$(content dv)"
	[ "$(content dv | wc -l)" -lt 20 ]		# some of them were deleted before
	grep -q '"add".*"tightBounds\\":false.*deletionVector' dv/_delta_log/00000000000000000003.json
	grep -q '"remove".*deletionVector' dv/_delta_log/00000000000000000003.json
}

@test "merge: delta-rs reads the same rows, and merges in between" {
	need_delta_rs
	acct-merge -i t.acct tab
	delta_rs compare tab
	for turn in 1 2 3; do
		delta_rs merge tab $((turn * 20)) 50
		delta_rs compare tab
		printf '%s\tours\t\\N\n' 1 $((turn * 20 + 5)) $((1000 + turn)) | mkrec t "$HEADER" | acct-merge tab
		delta_rs compare tab
		[ "$(content tab | grep -c ours)" -ge 2 ]
	done
	printf '1\tx\t\\N\n' | mkrec t "$HEADER" | acct-merge --delete-absent tab
	delta_rs compare tab
	same $'1,x,' "$(content tab)"
}

@test "merge: the manual's example" {
	acct-write -i t.acct lake/silver/accounts
	same $'insert,9,n,' "$(acct-merge --changes - -i u.acct lake/silver/accounts |
	    acct-select -w "_change_type = 'insert'" |
	    acct-cat | tail -n +2)"
}

@test "merge: changes that were written before are not told as none" {
	acct-merge --txn j:1 --changes first.acct -i t.acct tab
	[ -e first.acct ]
	run -65 --separate-stderr acct-merge --txn j:1 --changes again.acct -i t.acct tab
	[[ "$stderr" == "acct-merge: tab: j has written version 1 of its own already: its changes are not written again; "* ]]
	[ ! -e again.acct ]
	run -65 --separate-stderr sh -c 'acct-merge --txn j:1 --changes - -i t.acct tab | acct-cat'
	acct-merge --txn j:1 -i t.acct tab
	acct-merge --txn j:2 --changes second.acct -i t.acct tab
	same "" "$(acct-cat second.acct | tail -n +2)"
}

@test "merge: a stream beyond --memory is merged in parts" {
	awk 'BEGIN { for (i = 0; i < 60000; i++) printf "%08d-%08d\t%d\n", i, i * 7, i }' | mkrec t 'id:string*! v:int64!' >in.acct
	acct-cat -f tsv in.acct | awk -F '\t' -v OFS='\t' 'NR > 1 && $2 < 500; NR > 1 && $2 > 59000 { print $1, 7 }' |
	    mkrec t 'id:string*! v:int64!' | acct-write tab
	run -0 --separate-stderr acct-merge -v --memory 2M --changes c.acct -i in.acct tab
	same "acct-merge: tab: version 1: 58501 inserted, 999 updated, 0 deleted, 500 copied; 1 files written, 1 removed" "$stderr"
	same "$(acct-cat in.acct | tail -n +2 | cksum)" "$(content tab | cksum)"
	same "$(printf '58501 insert\n999 update_postimage\n999 update_preimage')" "$(acct-cat c.acct | tail -n +2 | cut -d, -f1 | sort | uniq -c | sed 's/^ *//')"
	run -0 --separate-stderr acct-merge -v --memory 2M -i in.acct tab
	same "acct-merge: tab: version 1 stays: nothing to change" "$stderr"
	# a key that comes twice, both beyond memory, and the table stays
	{ acct-cat -f tsv in.acct | tail -n +2; printf '00059999-00419993\t1\n'; } | mkrec t 'id:string*! v:int64!' >twice.acct
	run -65 --separate-stderr acct-merge --memory 2M -i twice.acct tab
	same "acct-merge: twice.acct: more than one record for a key: '00059999-00419993'" "$stderr"
	# and one in memory with one beyond
	{ acct-cat -f tsv in.acct | tail -n +2; printf '00000000-00000000\t1\n'; } | mkrec t 'id:string*! v:int64!' >twice.acct
	run -65 --separate-stderr acct-merge --memory 2M -i twice.acct tab
	same "acct-merge: twice.acct: more than one record for a key: '00000000-00000000'" "$stderr"
	same 60001 "$(acct-read tab | acct-cat | wc -l)"
	acct-select -w 'v % 3 = 0' -o third.acct in.acct
	acct-merge --memory 2M --delete-absent -i third.acct tab
	same 20001 "$(acct-read tab | acct-cat | wc -l)"
}

@test "merge: hidden columns are read by name, and take no part in comparing rows" {
	h='id:int64*! name:string _delivery:int64 _line:int64'
	printf '1\ta\t7\t2\n2\tb\t7\t3\n3\tc\t7\t4\n' | mkrec t "$h" | acct-merge --hidden _delivery,_line tab
	same $'id,name\n1,a\n2,b\n3,c' "$(acct-read tab | acct-cat)"
	same 1 "$(grep -c '"name\\":\\"_line\\",[^{]*{\\"acct.hidden\\":true}' tab/_delta_log/00000000000000000000.json)"
	# row 1 stays with its own, row 2 changes with them, row 4 is new
	printf '1\ta\t8\t2\n2\tB\t8\t3\n4\td\t8\t4\n' | mkrec t "$h" |
	    acct-merge --hidden _line --changes c.acct tab
	same $'update_preimage,2,b\nupdate_postimage,2,B\ninsert,4,d' "$(acct-cat c.acct | tail -n +2)"
	same $'1,a,7,2\n2,B,8,3\n3,c,7,4\n4,d,8,4' "$(content -c id,name,_delivery,_line tab)"
	same $'2,B\n4,d' "$(content -w '_delivery = 8' tab)"
	printf '1\ta\t9\t2\n2\tB\t9\t3\n' | mkrec t "$h" | acct-merge tab	# nothing differs
	same 2 "$(log tab | wc -l)"
	same $'column         _delivery int64 hidden\ncolumn         _line int64 hidden' "$(acct-log --state tab | grep hidden)"
}

@test "merge: what cannot be hidden" {
	acct-write -i t.acct tab
	run -65 --separate-stderr acct-merge --hidden name -i u.acct tab
	same "acct-merge: tab: column name: in the table, but not hidden there" "$stderr"
	run -64 --separate-stderr acct-merge --hidden id -i u.acct tab
	[[ "$stderr" == "acct-merge: tab: --hidden: 'id': a key column"* ]]
	run -64 --separate-stderr acct-merge -k name --hidden name -i u.acct new
	[[ "$stderr" == "acct-merge: new: key column name: hidden"* ]]
	run -64 --separate-stderr acct-merge --hidden nam -i u.acct tab
	same "acct-merge: tab: --hidden: 'nam': no such column in the stream; did you mean 'name'?" "$stderr"
}

# vectored: a table of 1,000 rows with deletion vectors enabled, and deletes of three of them in gone.acct.
vectored() {
	seq 1 1000 | sed 's/.*/&\tx\t1.00/' | mkrec t "$HEADER" | acct-write --property delta.enableDeletionVectors=true tab
	printf '7\ttrue\n8\ttrue\n999\ttrue\n' | mkrec t 'id:int64*! gone:bool' >gone.acct
}

@test "merge: with deletion vectors nothing is rewritten" {
	vectored
	file=$(ls tab/*.parquet)
	run -0 --separate-stderr acct-merge -v -i t.acct tab
	same "acct-merge: tab: version 1: 0 inserted, 3 updated, 0 deleted, 0 copied; 1 files written, 0 removed, 1 with deletion vectors" "$stderr"
	run -0 --separate-stderr acct-merge -v --delete-flag gone=true --changes c.acct -i gone.acct tab
	same "acct-merge: tab: version 2: 0 inserted, 0 updated, 3 deleted, 0 copied; 0 files written, 0 removed, 1 with deletion vectors" "$stderr"
	same $'delete,7,x,1.00\ndelete,8,x,1.00\ndelete,999,x,1.00' "$(acct-cat c.acct | tail -n +2)"
	[ -e "$file" ]
	same 997 "$(content tab | wc -l)"
	same '1,a,1.00' "$(content tab | grep ^1,)"
	same 1 "$(metric numTargetDeletionVectorsAdded)"
	same 0 "$(metric numTargetFilesRemoved)"
	# all rows of a file: it goes, with its vector
	seq 1 1000 | sed 's/$/\ttrue/' | mkrec t 'id:int64*! gone:bool' >all.acct
	run -0 --separate-stderr acct-merge -v --delete-flag gone=true -i all.acct tab
	[[ "$stderr" == *": 0 inserted, 0 updated, 997 deleted, 0 copied; 0 files written, 2 removed" ]]
	same "" "$(content tab)"
	same 1000 "$(content --at 0 tab | wc -l)"
	same 997 "$(content --at 2 tab | wc -l)"
}

@test "merge: a vector that a version names outlives its killed writer, another does not" {
	vectored
	acct-merge --delete-flag gone=true -i gone.acct tab
	vector=$(ls tab/deletion_vector_*)
	uuid=${vector#*_vector_} uuid=${uuid%.bin}
	: >"tab/_delta_log/_intent-00000000000000000001-$uuid"
	cp "$vector" tab/deletion_vector_00000000-0000-4000-8000-000000000000.bin
	: >tab/_delta_log/_intent-00000000000000000001-00000000-0000-4000-8000-000000000000
	acct-merge -i t.acct tab
	[ -e "$vector" ]
	[ ! -e tab/deletion_vector_00000000-0000-4000-8000-000000000000.bin ]
	same 0 "$(find tab/_delta_log -name '_intent*' | wc -l)"
	same 997 "$(content tab | wc -l)"
}

@test "merge: prepared with deletion vectors, committed or abandoned" {
	vectored
	acct-merge --delete-flag gone=true --txn a:1 --prepare p -i gone.acct tab
	same 997 "$(content --with p tab | wc -l)"
	same 1000 "$(content tab | wc -l)"
	acct-commit --abandon p tab
	same 1 "$(find tab -name 'part-*' | wc -l)"
	same 0 "$(find tab -name 'deletion*' | wc -l)"
	same 1000 "$(content tab | wc -l)"
	acct-merge --delete-flag gone=true --txn a:1 --prepare p -i gone.acct tab
	acct-merge -i u.acct tab			# meanwhile another: the vector is of an older state
	run -75 --separate-stderr acct-commit p tab
	acct-commit --abandon p tab
	acct-merge --delete-flag gone=true --txn a:1 --prepare p -i gone.acct tab
	acct-commit p tab
	same 997 "$(content tab | wc -l)"
	same 1 "$(content tab | grep -c ^9,n,)"
}

# sequenced: merges rows of standard input into tab by the sequence seq; gone is the flag of a delete.
sequenced() {
	mkrec t 'id:int64*! v:string seq:int64 gone:bool' |
	    acct-merge --sequence seq --delete-flag gone=true --property delta.enableDeletionVectors=true "$@" tab
}

@test "merge: --sequence, the newest row wins, in a stream and in the table" {
	printf '1\ta\t5\tfalse\n2\tb\t6\tfalse\n2\tc\t7\tfalse\n2\td\t3\tfalse\n3\te\t1\tfalse\n' | sequenced
	same $'1,a,5\n2,c,7\n3,e,1' "$(content tab)"
	run -0 --separate-stderr sequenced -v <<<$'1\told\t4\tfalse\n2\tsame\t7\tfalse\n3\tnew\t2\tfalse'
	same "acct-merge: tab: version 1: 0 inserted, 2 updated, 0 deleted, 0 copied; 1 files written, 0 removed, 1 with deletion vectors; 1 late, 0 tombstones" "$stderr"
	same $'1,a,5\n2,same,7\n3,new,2' "$(content tab)"
	run -0 --separate-stderr sequenced -v <<<$'1\ta\t5\tfalse'
	same "acct-merge: tab: version 1 stays: nothing to change" "$stderr"
	run -65 --separate-stderr sequenced <<<$'1\ta\t5\tfalse\n4\tx\t\\N\tfalse'
	same "acct-merge: <stdin>: record 2: seq: null in the sequence" "$stderr"
}

@test "merge: --sequence, a delete keeps older rows from coming back" {
	sequenced <<<$'1\ta\t5\tfalse\n2\tb\t5\tfalse'
	sequenced <<<$'1\t\\N\t7\ttrue\n2\t\\N\t4\ttrue\n3\t\\N\t9\ttrue'	# the one of 2 is late, 3 is not there yet
	same $'2,b,5' "$(content tab)"
	run -0 --separate-stderr sequenced -v <<<$'1\tlate\t6\tfalse\n3\tlate\t8\tfalse\n1\t\\N\t7\ttrue'
	same "acct-merge: tab: version 1 stays: nothing to change" "$stderr"
	# nobody sees the tombstones; what moves files keeps them
	same $'_change_type,id,v,seq\ndelete,1,a,5' "$(acct-read --changes 0.. tab | acct-cat)"
	acct-check tab
	sequenced <<<$'4\tx\t1\tfalse'
	acct-optimize tab
	same 2 "$(acct-log --files tab | wc -l)"
	run -0 --separate-stderr sequenced -v <<<$'3\tlate\t8\tfalse'
	[[ "$stderr" == *"nothing to change" ]]
	sequenced <<<$'1\tback\t8\tfalse\n3\tsame\t9\tfalse'
	same $'1,back,8\n2,b,5\n3,same,9\n4,x,1' "$(content tab)"
}

@test "merge: --sequence, tombstones for their time" {
	sequenced --property 'acct.tombstoneRetentionDuration=interval 0 days' <<<$'1\ta\t5\tfalse'
	sequenced <<<$'1\ta\t6\ttrue'
	same 1 "$(acct-log --files tab | wc -l)"
	acct-optimize tab
	same 0 "$(acct-log --files tab | wc -l)"
	sequenced <<<$'1\tback\t4\tfalse'
	same '1,back,4' "$(content tab)"
	run -64 --separate-stderr acct-merge --property acct.tombstoneRetentionDuration=soon -i t.acct new
	[[ "$stderr" == "acct-merge: --property: invalid value of acct.tombstoneRetentionDuration: 'soon'"* ]]
}

@test "merge: --sequence, equal ones by delivery and line" {
	h='id:int64*! v:string seq:date! _delivery:int64 _line:int64'
	into() { mkrec t "$h" | acct-merge --sequence seq --hidden _delivery,_line "$@" tab; }
	into <<<$'1\ta\t2024-01-01\t2\t9\n1\tb\t2024-01-01\t2\t8'
	into <<<$'1\tc\t2024-01-01\t1\t99'
	same 1,a,2024-01-01 "$(content tab)"
	into <<<$'1\td\t2024-01-01\t3\t1\n2\te\t2024-01-02\t3\t2'
	same $'1,d,2024-01-01\n2,e,2024-01-02' "$(content tab)"
}

@test "merge: --sequence with --delete-absent: what is gone comes back by a row as new" {
	h='id:int64*! v:string seq:int64!'
	full() { mkrec t "$h" | acct-merge --sequence seq --delete-absent --property delta.enableDeletionVectors=true "$@" tab; }
	full <<<$'1\ta\t5\n2\tb\t5'
	full <<<$'2\tb\t5'
	same 2,b,5 "$(content tab)"
	full <<<$'1\told\t4\n2\tb\t5'
	same 2,b,5 "$(content tab)"
	full <<<$'1\ta\t5\n2\told\t4'
	same $'1,a,5\n2,b,5' "$(content tab)"
}

@test "merge: --sequence, of the stream's header, and beyond memory" {
	printf 'name: t\nkey: id\nsequence: seq\ncolumns:\n- {name: id, type: int64}\n- {name: seq, type: int64}\n' >s.yaml
	clean() { printf '%s\n' id,seq "$@" | acct-ingest -s s.yaml | acct-clean -s s.yaml -r r.acct; }
	clean 1,5 2,5 3, >a.acct
	same 'missing,seq' "$(acct-cat -c reason,column r.acct | tail -n +2)"
	acct-merge -i a.acct tab
	clean 1,4 2,6 | acct-merge tab
	same $'1,5\n2,6' "$(content tab)"
	seq 0 59999 | awk '{ k = $1 % 20000; print k "\t" "v" $1 % 7 "\t" ($1 * 7919) % 60013 "\tfalse" }' >rows
	rm -r tab
	sequenced --memory 1M <rows
	sort -k3,3n rows | awk '{ v[$1] = $1 "," $2 "," $3 } END { for (k in v) print v[k] }' | sort >expected
	content tab | sort | diff expected -
}

@test "merge: --sequence, wrong use" {
	for c in id:key amount2:none; do
		run -64 --separate-stderr acct-merge --sequence "${c%:*}" -i t.acct tab
		[[ "$stderr" == "acct-merge: --sequence: '${c%:*}': "* ]]
	done
	mkrec t 'id:int64*! f:float64' <<<$'1\t1' >f.acct
	run -64 --separate-stderr acct-merge --sequence f -i f.acct tab
	[[ "$stderr" == *"must be an integer, a decimal, a string, a date or a timestamp, neither key nor hidden"* ]]
	mkrec t 'id:int64*! s:int64 gone:bool' <<<$'1\t1\tfalse' >s.acct
	mkrec t 'id:int64*! s:int64 gone:bool' <<<$'1\t2\ttrue' >d.acct
	acct-merge --sequence s --delete-flag gone=true -i s.acct tab
	run -69 --separate-stderr acct-merge --sequence s --delete-flag gone=true -i d.acct tab
	same "acct-merge: tab: a delete by sequence leaves a tombstone, which needs the table property delta.enableDeletionVectors" "$stderr"
	same 1,1 "$(content tab)"
}

@test "merge: --sequence, any order and grouping of random deliveries, against a model" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "# ACCT_SEED=$seed" >&3
	python3 "$ROOT/tests/sequence_model.py" "${ACCT_CASES:-$(sanitized && echo 2 || echo 5)}" "$seed"
}

@test "merge: of a large table only the pages with a key are read, and little is written" {
	need_strace
	seq 300000 | awk '{ print $1 "\tn" $1 * 7919 % 100003 "\t" $1 % 100 }' | mkrec t "$HEADER" |
	    acct-merge --property delta.enableDeletionVectors=true tab
	before=$(cat tab/*.parquet | wc -c)
	mkrec t "$HEADER" <<<$'7\tx\t1.00\n150000\tx\t1.00\n299999\tx\t1.00' >three.acct
	traced -f -e trace=pread64 acct-merge -i three.acct tab
	read=$(sed -n "s/.* = //p" trace | awk '{ n += $1 } END { print n }')
	echo "read $read of $before"
	[ "$read" -lt $((before / 4)) ]
	[ $(($(cat tab/*.parquet tab/*.bin | wc -c) - before)) -lt 3000 ]
}
