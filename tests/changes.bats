load helper

# acct-read --changes: what makes a version of a table of an earlier one.

HEADER='id:int64*! name:string amount:decimal(9,2)'

prepare() {
	printf '1\ta\t1.00\n2\tb\t2.00\n3\tc\t3.00\n' | mkrec t "$HEADER" >t.acct
	printf '2\tB\t2.00\n3\tc\t3.00\n9\tn\t9.00\n' | mkrec t "$HEADER" >u.acct
}

# changes RANGE TABLE ...: as CSV without the header.
changes() {
	acct-read --changes "$@" | acct-cat -f csv | tail -n +2
}

@test "changes: an append, a merge, deletes, an overwrite; each, together, and none" {
	acct-write -i t.acct tab
	acct-merge -i u.acct tab
	same $'insert,1,a,1.00\ninsert,2,b,2.00\ninsert,3,c,3.00' "$(changes ..0 tab)"
	same $'update_preimage,2,b,2.00\nupdate_postimage,2,B,2.00\ninsert,9,n,9.00' "$(changes 0..1 tab)"
	same "$(changes 0..1 tab)" "$(changes 0.. tab)"
	same $'insert,1,a,1.00\ninsert,2,B,2.00\ninsert,3,c,3.00\ninsert,9,n,9.00' "$(changes .. tab | sort)"
	same "" "$(changes 1.. tab)"
	acct-merge --delete-absent -i t.acct tab
	same $'update_preimage,2,B,2.00\nupdate_postimage,2,b,2.00\ndelete,9,n,9.00' "$(changes 1..2 tab)"
	same "" "$(changes 0..2 tab)"
	acct-write -m overwrite -i u.acct tab
	same $'delete,1,a,1.00\nupdate_preimage,2,b,2.00\nupdate_postimage,2,B,2.00\ninsert,9,n,9.00' "$(changes 2..3 tab)"
	acct-read --changes 0.. tab | head -n 1 | tr '\001' ' ' >header
	same ' H acct/1 tab _change_type:string! id:int64*! name:string amount:decimal(9,2) @change=1' "$(cat header)"
	acct-read --changes 0.. tab | acct-cat --check
}

@test "changes: without a key rows come and go, with -k those of another key are updates" {
	printf '1\ta\n1\ta\n2\tb\n' | mkrec t 'id:int64 name:string' | acct-write tab
	printf '1\ta\n2\tB\n3\tc\n' | mkrec t 'id:int64 name:string' | acct-write -m overwrite tab
	same $'delete,1,a\ndelete,2,b\ninsert,2,B\ninsert,3,c' "$(changes 0.. tab | sort)"
	same $'delete,1,a\nupdate_preimage,2,b\nupdate_postimage,2,B\ninsert,3,c' "$(changes 0.. -k id tab)"
	acct-read --changes 0.. -k id tab | head -n 1 | grep -q 'id:int64\*'
	same $'delete,1\ninsert,3' "$(changes 0.. -c id tab | sort)"
	same $'update_preimage,b\nupdate_postimage,B' "$(changes 0.. -c id,name -k id -w 'id = 2' tab | sed 's/,2,/,/')"
}

@test "changes: columns and a condition: the difference of two queries" {
	acct-write -i t.acct tab
	acct-merge -i u.acct tab
	same "insert,9" "$(changes 0.. -c id tab)"
	same $'delete,b\ninsert,B\ninsert,n' "$(changes 0.. -c name tab | sort)"
	same $'update_preimage,2,b,2.00\nupdate_postimage,2,B,2.00' "$(changes 0.. -w 'id < 9' tab)"
	same "delete,2,b,2.00" "$(changes 0.. -w "name = 'b'" tab)"
	printf '1\t5\n' | mkrec t 'id:int64*! _from:int64' | acct-write --add-columns --hidden _from tab
	same "insert,1,," "$(changes 1.. tab)"
	same "insert,1,5" "$(changes 1.. -c id,_from tab)"
}

@test "changes: rows that only moved are no changes, and their files are not read" {
	for i in 1 2 3; do
		printf '%s\ta\t1.00\n' "$i" | mkrec t "$HEADER" | acct-write tab
	done
	acct-optimize tab
	printf '4\ta\t1.00\n' | mkrec t "$HEADER" | acct-write tab
	acct-optimize tab
	mv "$(grep -o 'part-[^"]*parquet' tab/_delta_log/00000000000000000003.json | tail -n 1 | sed 's|^|tab/|')" away
	: >"$(grep -o 'part-[^"]*parquet' tab/_delta_log/00000000000000000005.json | tail -n 1 | sed 's|^|tab/|')"	# damaged, but not asked for
	mv away "tab/$(grep -o 'part-[^"]*parquet' tab/_delta_log/00000000000000000003.json | tail -n 1)"
	same $'insert,3,a,1.00\ninsert,4,a,1.00' "$(changes 1.. tab | sort)"
	same "" "$(changes 4.. tab)"
}

@test "changes: of a file whose vector grew only the rows that it took" {
	seq 0 99 | mkrec t 'id:int64*!' | acct-write --property delta.enableDeletionVectors=true tab
	printf '7\ttrue\n8\ttrue\n' | mkrec t 'id:int64*! gone:bool' | acct-merge --delete-flag gone=true tab
	printf '9\ttrue\n' | mkrec t 'id:int64*! gone:bool' | acct-merge --delete-flag gone=true tab
	same $'delete,7\ndelete,8' "$(changes 0..1 tab)"
	same $'delete,9' "$(changes 1..2 tab)"
	same $'delete,7\ndelete,8\ndelete,9' "$(changes 0.. tab)"
	same 97 "$(changes .. tab | wc -l)"
}

@test "changes: what a run has prepared" {
	acct-write -i t.acct tab
	acct-merge --txn a:1 --prepare p -i u.acct tab
	want=$'update_preimage,2,b,2.00\nupdate_postimage,2,B,2.00\ninsert,9,n,9.00'
	same "$want" "$(changes 0.. --with p tab)"
	same "" "$(changes 0.. tab)"
	mkdir prepared && mv p prepared
	same "$want" "$(ACCT_PREPARED=$PWD/prepared changes 0.. tab)"
	same "" "$(ACCT_PREPARED=$PWD/prepared changes 0..0 tab)"
	acct-commit prepared/p tab
	same "$want" "$(ACCT_PREPARED=$PWD/prepared changes 0.. tab)"
	acct-write --txn b:1 --prepare q -i t.acct new
	same 3 "$(changes .. --with q new | wc -l)"
}

@test "changes: versions that are gone, and what has none" {
	acct-write -i t.acct tab
	acct-write -m overwrite -i u.acct tab
	acct-write -m overwrite -i t.acct tab
	run -66 --separate-stderr acct-read --changes 3.. tab
	same "acct-read: tab: no version 3: the newest is 2" "$stderr"
	rm "tab/$(grep -o 'part-[^"]*parquet' tab/_delta_log/00000000000000000001.json | tail -n 1)"
	same "" "$(changes 0.. tab)"	# only a version between is gone
	run -66 --separate-stderr acct-read --changes 1.. tab
	[[ "$stderr" == "acct-read: tab: version 1: the file part-"*" is gone: changes from that version are not known any more" ]]
	rm tab/_delta_log/00000000000000000000.json
	run -65 --separate-stderr acct-read --changes 0.. tab
	acct-write -o plain.parquet -i t.acct
	run -64 --separate-stderr acct-read --changes 0.. plain.parquet
	same "acct-read: plain.parquet: not a Delta table: it has no versions" "$stderr"
	for range in 1 1..0 a..b 1...2 -1.. ..-1; do
		run -64 --separate-stderr acct-read "--changes=$range" tab
		[[ "$stderr" == "acct-read: --changes: must be FROM..TO, two versions"* ]]
	done
	run -64 --separate-stderr acct-read --changes 0.. tab@1
	run -64 --separate-stderr acct-read -k id tab
	printf 'x\t1\n' | mkrec t '_change_type:string id:int64*!' | acct-write odd
	run -69 --separate-stderr acct-read --changes .. odd
	same "acct-read: odd: column _change_type: a change stream has one of its own; -c leaves columns out" "$stderr"
	same insert,1 "$(changes .. -c id odd)"
	run -64 --separate-stderr acct-read --changes .. -c id -k ib odd
	same "acct-read: -k: 'ib': not among the columns given; did you mean 'id'?" "$stderr"
}

@test "changes: a consumer that lost a merge's change stream reads it from the table" {
	acct-write -i t.acct tab
	acct-merge --txn j:1 --changes first.acct -i u.acct tab
	acct-merge --txn j:1 -i u.acct tab
	same "$(acct-cat -f csv first.acct | tail -n +2)" "$(changes 0..1 tab)"
}

@test "changes: random histories, between any two versions, against a model" {
	need /usr/bin/python3
	for seed in 1 2 3; do
		rm -rf tab
		python3 - "$seed" <<-'PY'
		import os, random, subprocess, sys
		from collections import Counter
		seed = int(os.environ.get("ACCT_SEED", 0)) * 1000 + int(sys.argv[1])
		print("seed", seed)
		rng = random.Random(seed)
		HEAD = "id:int64*! name:string gone:bool"
		def run(words, rows=None):
		    data = None
		    if rows is not None:
		        tsv = "".join("\t".join(r) + "\n" for r in rows)
		        data = subprocess.run(["mkrec", "t", HEAD], input=tsv.encode(), stdout=subprocess.PIPE, check=True).stdout
		    return subprocess.run(words, input=data, stdout=subprocess.PIPE, check=True).stdout
		def lines(stream):
		    out = subprocess.run(["acct-cat", "-f", "tsv"], input=stream, stdout=subprocess.PIPE, check=True).stdout.decode()
		    return [tuple(l.split("\t")) for l in out.split("\n")[1:-1]]
		def version():
		    return max(int(n[:20]) for n in os.listdir("tab/_delta_log") if n.endswith(".json"))
		def make(keys):
		    return [(str(k), rng.choice(["x", "y", "z"]), "false") for k in keys]
		vectors = rng.random() < 0.5
		more = ["--property", "delta.enableDeletionVectors=true"] if vectors else []
		span = rng.choice([8, 60, 5000])
		rows = make(rng.sample(range(span), span // 2))
		run(["acct-write", *more, "tab"], rows)
		past, model = {0: Counter(rows)}, {r[0]: r for r in rows}
		fresh = span
		for turn in range(12):
		    verb = rng.choice(["append", "merge", "merge", "delete", "absent", "optimize", "sort", "overwrite", "again"])
		    some = rng.sample(range(span), rng.randrange(1, span // 3))
		    if verb == "append":
		        rows = make(range(fresh, fresh + rng.randrange(1, 9)))
		        fresh += len(rows)
		        run(["acct-write", "tab"], rows)
		        model.update({r[0]: r for r in rows})
		    elif verb == "merge":
		        rows = make(some)
		        run(["acct-merge", *(["--memory", "64K"] if rng.random() < 0.3 else []), "tab"], rows)
		        model.update({r[0]: r for r in rows})
		    elif verb == "delete":
		        run(["acct-merge", "--delete-flag", "gone=true", "tab"], [(str(k), "x", "true") for k in some])
		        model = {k: r for k, r in model.items() if int(k) not in some}
		    elif verb == "absent":
		        rows = [r for r in model.values() if rng.random() < 0.8] + make([fresh])
		        fresh += 1
		        run(["acct-merge", "--delete-absent", "tab"], rows)
		        model = {r[0]: r for r in rows}
		    elif verb in ("overwrite", "again"):
		        rows = list(model.values()) if verb == "again" else make(some)
		        rng.shuffle(rows)
		        run(["acct-write", "-m", "overwrite", "tab"], rows)
		        model = {r[0]: r for r in rows}
		    else:
		        run(["acct-optimize", *(["-k", "name"] if verb == "sort" else []), "tab"])
		    past[version()] = Counter(model.values())
		for pair in range(25):
		    first, last = sorted((rng.choice(sorted(past)), rng.choice(sorted(past))))
		    if pair == 0:
		        first, last = 0, version()
		    keyed = rng.random() < 0.5
		    # without a key: of the two columns that are not one
		    cut = (lambda r: r) if keyed else (lambda r: (r[1], r[2]))
		    old, new = Counter(), Counter()
		    for r, n in past[first].items(): old[cut(r)] += n
		    for r, n in past[last].items(): new[cut(r)] += n
		    words = ["acct-read", "--changes", "%d..%d" % (first, last), "tab"] + ([] if keyed else ["-c", "name,gone"])
		    told = lines(run(words + (["--memory", "1M"] if pair % 2 else [])))
		    removed = Counter(t[1:] for t in told if t[0] in ("delete", "update_preimage"))
		    added = Counter(t[1:] for t in told if t[0] in ("insert", "update_postimage"))
		    assert removed == old - new and added == new - old, "seed %d: %s" % (seed, words)
		    for k, t in enumerate(told):
		        if t[0] == "update_preimage":
		            assert keyed and told[k + 1][0] == "update_postimage" and told[k + 1][1] == t[1], "seed %d: %s" % (seed, words)
		    if keyed:
		        both = {t[1] for t in told if t[0] == "insert"} & {t[1] for t in told if t[0] == "delete"}
		        assert not both, "seed %d: %s: %s" % (seed, words, both)
		PY
	done
}

@test "changes: a consumer records what it has consumed, and reads on from there" {
	acct-write -i t.acct lake/silver/accounts
	acct-read lake/silver/accounts | acct-write --consumed silver/accounts@0 lake/gold/copy
	same "consumed       silver/accounts 0" "$(acct-log --state lake/gold/copy | grep consumed)"
	acct-merge -i u.acct lake/silver/accounts
	# the mark alone is a version, once
	mkrec t "$HEADER" </dev/null >none.acct
	acct-merge --consumed silver/accounts@1 -i none.acct lake/gold/copy
	acct-merge --consumed silver/accounts@1 -i none.acct lake/gold/copy
	same '{"silver/accounts":1}' "$(acct-log --state --json lake/gold/copy | jq -c .consumed)"
	same '{}' "$(acct-log --state --json lake/gold/copy | jq -c .applications)"
	same 1 "$(acct-log --state --json lake/gold/copy | jq .version)"
	acct-merge --consumed a@1 --consumed silver/accounts@2 --txn run:7 --prepare p -i u.acct lake/gold/copy
	same '{"silver/accounts":2,"a":1}' "$(acct-log --state --json --with p lake/gold/copy | jq -c .consumed)"
	acct-commit p lake/gold/copy
	same '{"silver/accounts":2,"a":1}' "$(acct-log --state --json lake/gold/copy | jq -c .consumed)"
	same '{"run":7}' "$(acct-log --state --json lake/gold/copy | jq -c .applications)"
	for mark in x x@ @1 x@-1 x@y; do
		run -64 --separate-stderr acct-merge --consumed "$mark" -i none.acct lake/gold/copy
		[[ "$stderr" == "acct-merge: --consumed: must be SOURCE@VERSION: "* ]]
	done
	run -64 --separate-stderr acct-merge --consumed x@1 --consumed x@2 -i none.acct lake/gold/copy
}

@test "changes: two runs that consume one version of a source: one is refused" {
	acct-write -i t.acct tab
	acct-write --consumed src@4 --txn a:1 --prepare p -i u.acct tab
	acct-write --consumed src@4 -i u.acct tab
	run -75 --separate-stderr acct-commit p tab
	[[ "$stderr" == *"tab: version 1 of another writer came first and consumed a version of a source of ours" ]]
	acct-commit --abandon p tab
	acct-write --consumed other@4 --txn a:1 --prepare p -i u.acct tab
	acct-write --consumed src@5 -i u.acct tab
	acct-commit p tab
	# while one waits for its records, another consumes; tried again if the first was too slow to see the table before
	mkfifo in
	for try in 1 2 3 4 5 6; do
		acct-write --consumed "src@1$try" tab <in 2>err &
		exec 5>in
		head -n 1 u.acct >&5
		sleep "0.$try"
		acct-write --consumed "src@1$try" -i t.acct tab
		tail -n +2 u.acct >&5
		exec 5>&-
		status=0
		wait $! || status=$?
		[ "$status" = 0 ] || break
	done
	same 75 "$status"
	same "acct-write: tab: another writer has consumed version 1$try of src meanwhile" "$(cat err)"
	same "1$try" "$(acct-log --state --json tab | jq .consumed.src)"
}

@test "changes: vacuum keeps what a consumer needs" {
	acct-write -i t.acct lake/silver/accounts
	for round in 1 2 3; do
		acct-write -m overwrite -i u.acct lake/silver/accounts
	done
	acct-write --consumed lake/silver/accounts@1 -i t.acct lake/gold/copy
	acct-write --consumed accounts@2 -i t.acct lake/gold/late
	acct-write --consumed xaccounts@2 -i t.acct lake/gold/none
	for v in 0 1 2 3; do
		touch -d "$((40 - v)) days ago" "lake/silver/accounts/_delta_log/0000000000000000000$v.json"
		edit_log "s/\"deletionTimestamp\":[0-9]*/\"deletionTimestamp\":$(date -d "$((40 - v)) days ago" +%s)000/" \
		    "lake/silver/accounts/_delta_log/0000000000000000000$v.json"
		touch -d "$((40 - v)) days ago" "lake/silver/accounts/_delta_log/0000000000000000000$v.json"
	done
	find lake/silver/accounts -name '*.parquet' -exec touch -d '50 days ago' {} +
	same 3 "$(acct-vacuum lake/silver/accounts | wc -l)"
	same 2 "$(acct-vacuum --consumer lake/gold/late lake/silver/accounts | wc -l)"
	run -0 --separate-stderr acct-vacuum -v --delete --consumer lake/gold/late --consumer lake/gold/copy lake/silver/accounts
	same "acct-vacuum: lake/silver/accounts: kept from version 2 on for lake/gold/late
acct-vacuum: lake/silver/accounts: kept from version 1 on for lake/gold/copy" "$(head -n 2 <<<"$stderr")"
	same "" "$(changes 1.. lake/silver/accounts)"
	run -66 --separate-stderr acct-read --changes 0.. lake/silver/accounts
	run -65 --separate-stderr acct-vacuum --consumer lake/gold/none lake/silver/accounts
	same "acct-vacuum: lake/gold/none: has consumed no version of lake/silver/accounts" "$stderr"
}

# fed: a table whose version 1 has change data, as another writer leaves it: rows of standard input with their _change_type.
fed() {
	acct-write -i t.acct tab
	acct-merge -i u.acct tab
	mkdir tab/_change_data
	mkrec t "$HEADER _change_type:string" | acct-write -o tab/_change_data/cdc-1.parquet
	edit_log 's/"configuration":{/&"delta.enableChangeDataFeed":"true",/' tab/_delta_log/00000000000000000000.json
	edit_log '$a{"cdc":{"path":"_change_data/cdc-1.parquet","partitionValues":{},"size":1,"dataChange":false}}' \
	    tab/_delta_log/00000000000000000001.json
}

@test "changes: change data files are read where a version has them" {
	# another name than in the rows shows what was read
	fed <<<$'2\tb\t2.00\tupdate_preimage\n2\tfed\t2.00\tupdate_postimage\n9\tn\t9.00\tinsert\n8\tx\t8.00\tdelete'
	same $'update_preimage,2,b,2.00\nupdate_postimage,2,fed,2.00\ndelete,8,x,8.00\ninsert,9,n,9.00' "$(changes 0..1 tab)"
	same $'update_preimage,2,b\nupdate_postimage,2,fed' "$(changes 0.. -c id,name -w 'id = 2' tab)"
	# with the version before: what it added, and its changes on that
	same $'insert,1,a,1.00\ninsert,2,fed,2.00\ninsert,3,c,3.00\ninsert,9,n,9.00' "$(changes ..1 tab | grep -v ,8,)"
	# the file is gone: the versions are compared
	rm tab/_change_data/cdc-1.parquet
	same $'update_preimage,2,b,2.00\nupdate_postimage,2,B,2.00\ninsert,9,n,9.00' "$(changes 0..1 tab)"
}

@test "changes: change data that cannot be right" {
	fed <<<$'2\tb\t2.00\tupdate'
	run -65 --separate-stderr acct-read --changes 0.. tab
	same "acct-read: tab/_change_data/cdc-1.parquet: row 1: invalid _change_type" "$stderr"
	mkrec t "$HEADER" </dev/null | acct-write -o tab/_change_data/cdc-1.parquet
	run -65 --separate-stderr acct-read --changes 0.. tab
	same "acct-read: tab/_change_data/cdc-1.parquet: no column _change_type" "$stderr"
	edit_log 's|_change_data/cdc-1|../cdc-1|' tab/_delta_log/00000000000000000001.json
	run -65 --separate-stderr acct-read --changes 0.. tab
	same "acct-read: tab: version 1: cdc: not a path of a file below the table: '../cdc-1.parquet'" "$stderr"
}
