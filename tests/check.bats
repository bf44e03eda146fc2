load helper

# What acct-check finds, and what checksums make every reader find. Damage at random is in flips.py.

prepare() {
	mkrec t 'id:int64*! name:string amount:decimal(9,2) day:date f:float64' >t.acct <<-'END'
	1	a	1.00	2024-01-01	0.5
	2	\N	-2.00	\N	nan
	3	ü	\N	2024-12-31	-0.0
	END
}

# lake: of the sample bank.
lake() {
	sh "$ROOT/pipelines/run.sh" -d none "$ROOT/pipelines/sample" lake >/dev/null
}

# ledger: a lake with a file of two pieces.
ledger() {
	cp -r "$ROOT/pipelines/sample" back
	chmod -R u+w back
	sh "$ROOT/pipelines/run.sh" -d none back lake >/dev/null
	tail -n 3 back/transactions.csv >more
	cat more >>back/transactions.csv
	sh "$ROOT/pipelines/run.sh" -d none back lake >/dev/null
}

# flip FILE BYTE [BIT]: flips a bit; a negative BYTE counts from the end.
flip() {
	python3 - "$@" <<-'END'
		import os, sys
		path, at, bit = sys.argv[1], int(sys.argv[2]), int((sys.argv + ["0"])[3])
		os.chmod(path, 0o644)
		data = bytearray(open(path, "rb").read())
		data[at] ^= 1 << bit
		open(path, "r+b").write(data)
	END
}

# only FOLDER: its one Parquet file.
only() {
	echo "$1"/*.parquet
}

# found NAME MESSAGE: acct-check of the lake names this alone.
found() {
	run -1 --separate-stderr acct-check --names lake
	same "$1" "$output"
	[[ "$stderr" == "acct-check: lake/$2"* ]] || { echo "$stderr" >&2; false; }
	same 1 "$(wc -l <<<"$stderr")"
}

@test "check: a lake as it was written; what was checked of it" {
	lake
	run -0 --separate-stderr acct-check -v lake
	same "" "$output"
	[[ "$stderr" == "acct-check: lake: 5 files of bronze, 14 tables, 3 exports, 17 Parquet files, "*": 0 damaged, 0 not checked" ]]
	same "" "$(acct-check lake 2>&1)"
	same "" "$(acct-check --quick --names lake 2>&1)"
	for place in lake/silver/accounts lake/gold/_export/customer_loans "$(only lake/gold/_export/customer_loans)"; do
		same "" "$(acct-check "$place" 2>&1)"
	done
}

@test "check: --quick reads 64 MiB of pages, of files at random, and all else" {
	for i in 1 2 3; do
		head -c 30M /dev/urandom | base64 -w 40000 | mkrec t 's:string' | acct-write --codec none tab
	done
	all=$(cat tab/*.parquet | wc -c)
	((all > 110 << 20))
	read_by() { acct-check -v "$@" tab 2>&1 | sed -n 's/.* rows, \([0-9]*\) bytes: 0 damaged.*/\1/p'; }
	((all - $(read_by) < 1 << 20))
	some=$(read_by --quick)
	((some >= 64 << 20 && some < 80 << 20)) || { echo "read $some of $all" >&2; false; }
	# What it does not read whole it opens: the footer of each file is checked.
	for f in tab/*.parquet; do
		flip "$f" -20
		run -1 acct-check --quick tab
		flip "$f" -20
	done
	# Damage in each page of all files is found by any 64 MiB of them.
	python3 - tab/*.parquet <<-'END'
		import sys
		for path in sys.argv[1:]:
		    with open(path, "r+b") as f:
		        for at in range(5000, f.seek(0, 2) - 100000, 20000):
		            f.seek(at)
		            byte = f.read(1)[0]
		            f.seek(at)
		            f.write(bytes([byte ^ 1]))
	END
	run -1 acct-check --quick tab
}

@test "check: pieces of bronze by the ledger, and the ledger by them" {
	ledger
	run -0 --separate-stderr acct-check -v lake
	[[ "$stderr" == "acct-check: lake: 6 files of bronze, "*": 0 damaged, 0 not checked" ]]
	same "" "$(acct-check --quick lake 2>&1)"
	head=$(find lake/bronze/transactions -size +9k)
	tail=$(find lake/bronze/transactions -type f -size -9k)
	for f in "$head" "$tail"; do
		flip "$f" 40
		found "${f#lake/}" "${f#lake/}: damaged: its SHA-256 is "
		run -1 acct-check --quick lake			# which reads 64 MiB of pieces
		flip "$f" 40
	done
	cp "$tail" kept
	echo >>"$tail"
	found "${tail#lake/}" "${tail#lake/}: damaged: $(stat -c %s "$tail") bytes, not $(stat -c %s kept)"
	run -1 acct-check --quick lake
	rm "$tail"
	found "${tail#lake/}" "${tail#lake/}: missing: delivery 6 of the ledger has it"
	run -1 acct-check --quick lake
	cp kept "$tail"
	cp kept lake/bronze/loans/other.csv
	found bronze/loans/other.csv "bronze/loans/other.csv: not in the ledger"
	rm lake/bronze/loans/other.csv
	# What the ledger says of a delivery, in a version of it that is intact.
	for change in 'bytes = if(delivery = 6, bytes + 1, bytes)' 'sha256 = if(delivery = 6, piece_sha256, sha256)' \
		'base = if(delivery = 6, 1, base)' 'offset = if(delivery = 6, 9::int64, offset)' "piece = if(delivery = 6, '../x', piece)" 'delivery = delivery + 1'; do
		acct-read -o good lake/bronze/_ledger
		acct-select -c "* exclude (${change%% *}),$change" good | acct-write -m overwrite --replace-schema lake/bronze/_ledger
		run -1 --separate-stderr acct-check --names lake
		grep -qx 'bronze/_ledger' <<<"$output" || [ "${change%% *}" = bytes ]
		acct-write -m overwrite --replace-schema -i good lake/bronze/_ledger
		same "" "$(acct-check lake 2>&1)"
	done
}

@test "check: the pieces that silver was made of are those of a delivery" {
	ledger
	made=lake/runs/made/transactions/pieces
	cp $made good
	sed 1d good >$made				# the tail alone
	found silver/transactions "runs/made/transactions/pieces: damaged: not the pieces of a delivery"
	for edit in '1s/\tbb/\tbc/' '1s/\t[0-9]*\t/\t7\t/' '2s/edf/ede/' '1s/^t/T/' '2p' 'n;s/$/\tx/' '$d;q' '1,2d'; do
		sed "$edit" good >$made
		[ "$edit" != '$d;q' ] || head -c -1 good >$made		# a cut line
		run -1 --separate-stderr acct-check --names lake
		same silver/transactions "$output"
	done
	head -n 1 good >$made				# the first delivery is one, too
	same "" "$(acct-check lake 2>&1)"
	rm $made
	same "" "$(acct-check lake 2>&1)"		# a table of another build
}

@test "check: a page, a footer, an index, a length, a magic of a data file" {
	lake
	f=$(only lake/silver/loans) size=$(stat -c %s "$(only lake/silver/loans)")
	footer=$(python3 -c 'import sys; d = open(sys.argv[1], "rb").read(); print(len(d) - 8 - int.from_bytes(d[-8:-4], "little"))' "$f")
	acct-read -o want lake/silver/loans
	for at in 0 2 4 40 100 $((footer - 4)) "$footer" $((footer + 60)) $((size - 100)) $((size - 8)) $((size - 6)) $((size - 1)); do
		flip "$f" "$at" 2
		found silver/loans silver/loans/part-00000
		run -1 acct-check lake/silver/loans
		run -1 acct-check --quick lake
		status=0
		acct-read -o got lake/silver/loans 2>/dev/null || status=$?
		[ $status -eq 65 ] || cmp want got	# where other readers alone would be misled
		flip "$f" "$at" 2
	done
	truncate -s -1 "$f"
	found silver/loans silver/loans/part-00000
	rm "$f"
	found silver/loans silver/loans/part-00000
	run -66 acct-read lake/silver/loans
}

@test "check: a footer that contradicts the log alone" {
	acct-write -i t.acct tab
	f=$(only tab)
	cp "$f" kept
	# the same rows, well made, of the same size: not the file that was committed
	mkrec t 'id:int64*! name:string amount:decimal(9,2) day:date f:float64' <<-'END' | acct-write other
	1	a	1.00	2024-01-01	0.5
	2	\N	-2.00	\N	nan
	3	ö	\N	2024-12-31	-0.0
	END
	cp "$(only other)" "$f"
	same "$(stat -c %s kept)" "$(stat -c %s "$f")"
	acct-check "$f"
	run -65 --separate-stderr acct-read tab
	same "acct-read: $f: damaged: the footer's checksum differs from the log's" "$stderr"
	run -65 acct-merge -i t.acct tab
	run -1 --separate-stderr acct-check tab
	same "acct-check: $f: damaged: the footer's checksum differs from the log's" "$stderr"
}

@test "check: a commit by its checksum, in every program that reads it" {
	acct-write -i t.acct tab
	acct-write -i t.acct tab
	log=tab/_delta_log/00000000000000000001.json
	same 2 "$(grep -l '"acctChecksum":"[0-9a-f]\{16\}"}}$' tab/_delta_log/*.json | wc -l)"
	same 2 "$(grep -c '"tags":{"acct.footer":"[0-9a-f]\{16\}"}' tab/_delta_log/*.json | grep -c ':1$')"
	sed -i 's/\\"numRecords\\":3/\\"numRecords\\":4/' $log
	said="tab/_delta_log/00000000000000000001.json: damaged: its checksum does not match"
	for command in "acct-read tab" "acct-log tab" "acct-log --state tab" "acct-log --files tab" "acct-vacuum tab" "acct-optimize tab" \
	    "acct-merge -i t.acct tab" "acct-write -i t.acct tab" "acct-read --at 2999-01-01 tab"; do
		run -65 --separate-stderr $command
		same "${command%% *}: $said" "$stderr"
	done
	run -1 --separate-stderr acct-check tab
	same "acct-check: $said" "$stderr"
	acct-read --at 0 -o /dev/null tab
	# as another writer's, without a checksum, it is believed; but not by acct-check
	edit_log '' $log
	acct-read -o /dev/null tab
	run -1 --separate-stderr acct-check tab
	[[ "$stderr" == "acct-check: tab/part-"*": 3 rows, where the log says 4" ]]
}

@test "check: a version, a checkpoint, a hint" {
	for _ in $(seq 12); do acct-write -i t.acct tab; done
	same "" "$(acct-check tab 2>&1)"
	cp -r tab good
	rm tab/_delta_log/00000000000000000011.json
	run -1 --separate-stderr acct-check tab
	same "acct-check: tab: version 11 is missing: its checksum file 00000000000000000011.crc is there" "$stderr"
	rm -r tab && cp -r good tab
	rm tab/_delta_log/00000000000000000004.json
	run -1 --separate-stderr acct-check tab
	same "acct-check: tab: versions are not contiguous: 4 is missing" "$stderr"
	rm -r tab && cp -r good tab
	sed -i 's/"version":10/"version":11/' tab/_delta_log/_last_checkpoint
	run -1 --separate-stderr acct-check tab
	same "acct-check: tab/_delta_log/_last_checkpoint: damaged: its checkpoint does not exist" "$stderr"
	rm -r tab && cp -r good tab
	for at in 5 300 -300 -20 -7; do
		flip tab/_delta_log/00000000000000000010.checkpoint.parquet $at
		run -1 acct-check tab
		cmp <(acct-read -t t tab 2>err) <(acct-read -t t good)		# from the commits
		grep -q '^acct-read: tab/_delta_log/00000000000000000010.checkpoint.parquet: .*; version 11 is read from ' err
		flip tab/_delta_log/00000000000000000010.checkpoint.parquet $at
	done
	# the tags went through the checkpoint
	rm tab/_delta_log/0000000000000000000?.json
	f=$(acct-log --files tab | awk 'NR == 1 { print $5 }')
	flip "tab/$f" -20
	run -65 acct-read tab
}

# foreign STATS: tab, as a writer without checksums makes it, with these statistics.
foreign() {
	rm -rf tab
	acct-write -i t.acct tab
	python3 - "$1" <<-'END'
		import json, sys
		path = "tab/_delta_log/00000000000000000000.json"
		lines = [json.loads(line) for line in open(path)]
		del lines[0]["commitInfo"]["acctChecksum"], lines[-1]["add"]["tags"]
		lines[-1]["add"]["stats"] = sys.argv[1]
		open(path, "w").write("".join(json.dumps(line) + "\n" for line in lines))
	END
}

@test "check: rows, nulls and bounds of a file against the log" {
	stats='{"numRecords":3,"minValues":{"id":1,"name":"a","amount":-2.00,"day":"2024-01-01"},"maxValues":{"id":3,"name":"ü","amount":1.00,"day":"2024-12-31"},"nullCount":{"id":0,"name":1,"amount":1,"day":1,"f":0}}'
	foreign "$stats"
	same "" "$(acct-check tab 2>&1)"
	while IFS='|' read -r edit what; do
		foreign "$(sed "$edit" <<<"$stats")"
		run -1 --separate-stderr acct-check tab
		[[ "$stderr" == "acct-check: tab/part-"*": $what" ]] || { echo "$edit: $stderr" >&2; false; }
	done <<-'END'
		s/"numRecords":3/"numRecords":2/|3 rows, where the log says 2
		s/"name":1/"name":0/|column 'name': null count differs from the log's
		s/"id":1,/"id":2,/|column 'id': values outside the log's bounds
		s/"id":3/"id":2/|column 'id': values outside the log's bounds
		s/"name":"a"/"name":"b"/|column 'name': values outside the log's bounds
		s/1.00/0.98/|column 'amount': values outside the log's bounds
		s/2024-12-31/2024-12-30/|column 'day': values outside the log's bounds
	END
	foreign "$stats"
	edit_log 's/"size": *[0-9]*/"size":1/' tab/_delta_log/*.json
	run -1 --separate-stderr acct-check tab
	[[ "$stderr" == "acct-check: tab/part-"*" bytes, where the log says 1" ]] || { echo "$stderr" >&2; false; }
}

@test "check: an export and its manifest" {
	lake
	m=lake/gold/_export/customer_loans/manifest.json
	cp $m good
	sed 's/"rows":\([0-9]*\)/"rows":\10/' good >$m
	run -1 --separate-stderr acct-check --names lake
	same gold/_export/customer_loans "$output"
	sed 's/"bytes":/"bytes":1/' good >$m
	found gold/_export/customer_loans gold/_export/customer_loans/part-00000
	sed 's/customer_loans/customer_balance/' good >$m
	found gold/_export/customer_loans 'gold/_export/customer_loans/manifest.json: damaged: not the manifest of this folder'
	rm $m
	found gold/_export/customer_loans 'gold/_export/customer_loans/manifest.json: missing'
	cp good $m
	cp t.acct lake/gold/_export/customer_loans/notes	# not what a reader takes for rows
	same "" "$(acct-check lake 2>&1)"
	acct-write -i t.acct -o lake/gold/_export/customer_loans/more.parquet
	run -1 --separate-stderr acct-check lake
	[[ "$stderr" == *"lake/gold/_export/customer_loans/more.parquet: not listed in the manifest"* ]]
	rm lake/gold/_export/customer_loans/*.parquet
	found gold/_export/customer_loans "gold/_export/customer_loans: 'part-00000-" || true
	run -1 --separate-stderr acct-check lake
	[[ "$stderr" == *"is missing, but listed in the manifest"* ]]
}

@test "check: a damaged export is named, and not the table that it is a copy of" {
	lake
	f=$(only lake/gold/_export/customer_loans)
	flip "$f" 40
	run -1 --separate-stderr acct-check --names lake
	same gold/_export/customer_loans "$output"
}

@test "check: marks, and tables that are gone" {
	lake
	mv lake/silver/loans away
	found silver/loans 'silver/loans: missing: a run made it'
	mv away lake/silver/loans
	sed -i 's/^./x/' lake/runs/made/customer_loans/key
	found gold/customer_loans 'runs/made/customer_loans/key: damaged: not a SHA-256'
	cp lake/runs/made/customer_balance/key lake/runs/made/customer_loans/key
	cp lake/runs/made/loans/clean.json clean.json
	sed -i 's/loans/loanz/' lake/runs/made/loans/clean.json
	found silver/loans 'runs/made/loans/clean.json: damaged: not of this table'
	cp clean.json lake/runs/made/loans/clean.json
	sed -i 's/"run"/"ruN"/' $(last lake)/summary.json
	found runs/last 'runs/last: damaged: it names '
}

@test "check: a manifest of another shape" {
	lake
	m=lake/gold/_export/customer_loans/manifest.json
	cp $m good
	for edit in 's/"table":"[^"]*"/"table":7/' 's/"table"/"tabel"/' 's/"files"/"filez"/' 's/"files":\[/"files":{},"more":[/'; do
		sed "$edit" good >$m
		run -1 --separate-stderr acct-check --names lake
		same gold/_export/customer_loans "$output"
	done
	sed 's/"rows":\([0-9]*\)/"rows":"\1"/g' good >$m
	run -1 --separate-stderr acct-check lake
	[[ "$stderr" == *"lake/gold/_export/customer_loans: 13 rows, which differs from the manifest"* ]] || same "" "$stderr"
	sed 's/"name":"[^"]*"/"name":null/' good >$m
	run -1 --separate-stderr acct-check lake
	[[ "$stderr" == *"lake/gold/_export/customer_loans: a file is missing, but listed in the manifest"* ]]
	head -c 40 good >$m
	found gold/_export/customer_loans 'gold/_export/customer_loans/manifest.json: damaged: not JSON'
}

@test "check: a deletion vector that no file can have" {
	seq 0 99 | mkrec t 'id:int64' | acct-write tab
	with_deletions tab 0 99
	same "" "$(acct-check tab 2>&1)"
	same 98 "$(acct-read tab | acct-cat -f csv | tail -n +2 | wc -l)"
	cp -r tab good
	rm tab/_delta_log/00000000000000000001.json
	with_deletions tab 0 100
	run -1 --separate-stderr acct-check tab
	[[ "$stderr" == "acct-check: tab/part-"*": its deletion vector has rows after the last row" ]]
	sed 's/"pathOrInlineDv":"..../"pathOrInlineDv":"0000/' good/_delta_log/00000000000000000001.json >tab/_delta_log/00000000000000000001.json
	run -1 --separate-stderr acct-check tab
	[[ "$stderr" == "acct-check: tab/part-"*": deletion vector"* ]] || same "" "$stderr"
}

@test "check: hints, marks and lists that are something else" {
	lake
	log=lake/silver/loans/_delta_log
	echo '{"version"' >$log/_last_checkpoint
	found silver/loans 'silver/loans/_delta_log/_last_checkpoint: damaged: not a JSON object'
	echo '{"version":"x"}' >$log/_last_checkpoint
	found silver/loans 'silver/loans/_delta_log/_last_checkpoint: damaged: its checkpoint does not exist'
	rm $log/_last_checkpoint
	touch $log/notes.crc $log/.crc $log/crc		# which are nothing of the format's
	same "" "$(acct-check lake 2>&1)"
	cp -r lake/runs/made made
	echo '{' >lake/runs/made/loans/clean.json
	found silver/loans 'runs/made/loans/clean.json: damaged: not JSON'
	echo '{"table":1}' >lake/runs/made/loans/clean.json
	found silver/loans 'runs/made/loans/clean.json: damaged: not of this table'
	cp made/loans/clean.json lake/runs/made/loans/
	rm lake/runs/made/customer_loans/key
	found gold/customer_loans 'runs/made/customer_loans/key: No such file or directory'
	cp made/customer_loans/key lake/runs/made/customer_loans/
	cp $(last lake)/summary.json summary.json
	sed '2,$d' summary.json >"$(last lake)/summary.json"
	found runs/last "$(last lake | sed 's/^lake.//')/summary.json: damaged: not JSON"
	cp summary.json $(last lake)/summary.json
	same "" "$(acct-check lake 2>&1)"
}

@test "check: the database of gold and its marks of loads" {
	sh "$ROOT/pipelines/run.sh" "$ROOT/pipelines/sample" lake >/dev/null
	same "" "$(acct-check lake 2>&1)"
	cp lake/gold/gold.db kept.db
	# Rows of others and loads of other lakes are theirs.
	sqlite3 lake/gold/gold.db "INSERT INTO customer_loans (customer_id, loan_count, total_loan_amount, total_paid, outstanding) VALUES (999999, 1, '1.00', '0.00', '1.00')" \
	    "INSERT INTO acct_load SELECT 'other', table_name, run_id, 99, row_count + 99, checksum, loaded_at FROM acct_load"
	same "" "$(acct-check lake 2>&1)"
	cp kept.db lake/gold/gold.db
	rows=$(sqlite3 lake/gold/gold.db 'SELECT count(*) FROM customer_loans')
	sqlite3 lake/gold/gold.db 'DELETE FROM customer_loans WHERE customer_id = (SELECT max(customer_id) FROM customer_loans)'
	found gold/gold.db "gold/gold.db: table 'customer_loans' has $((rows - 1)) rows, fewer than the $rows of its last load"
	same "" "$(acct-check --quick lake 2>&1)"
	cp kept.db lake/gold/gold.db
	sqlite3 lake/gold/gold.db "UPDATE acct_load SET version = 7 WHERE table_name = 'customer_loans'"
	found gold/gold.db "gold/gold.db: table 'customer_loans' has version 7 of gold, whose newest is 0"
	sqlite3 lake/gold/gold.db "UPDATE acct_load SET version = 'x' WHERE table_name = 'customer_loans'"
	found gold/gold.db "gold/gold.db: damaged: a mark in acct_load that no load writes"
	cp kept.db lake/gold/gold.db
	sqlite3 lake/gold/gold.db 'DROP TABLE customer_loans'
	found gold/gold.db "gold/gold.db: damaged: sqlite3: "
	# Damaged pages, a file of text, and a database without loads.
	cp kept.db lake/gold/gold.db
	python3 - <<-'END'
		data = bytearray(open("kept.db", "rb").read())
		for at in range(4096 * 2, len(data), 4096):
		    data[at + 8:at + 40] = bytes(b ^ 255 for b in data[at + 8:at + 40])
		open("lake/gold/gold.db", "wb").write(data)
	END
	found gold/gold.db "gold/gold.db: damaged: "
	echo 'no database, but longer than the header of one: it would have to begin with other words than these, and is refused for that' >lake/gold/gold.db
	found gold/gold.db "gold/gold.db: damaged: sqlite3: "
	rm lake/gold/gold.db
	sqlite3 lake/gold/gold.db 'CREATE TABLE mine (a)'
	same "" "$(acct-check lake 2>&1)"
	# It sees nothing of our environment, which may have secrets.
	mkdir spy
	printf '#!/bin/sh\n/usr/bin/env >seen\n' >spy/sqlite3
	chmod +x spy/sqlite3
	PATH=$T/spy:$PATH AZURE_STORAGE_KEY=secret acct-check lake >/dev/null 2>&1 || true
	[ -s seen ] && ! grep secret seen
	# Without sqlite3 that is said, and all else is checked.
	run -69 --separate-stderr env PATH="$BUILD/bin" acct-check -v lake
	[[ "${stderr_lines[0]}" == "acct-check: lake/gold/gold.db: not checked: sqlite3: "* ]]
	[[ "${stderr_lines[1]}" == *": 0 damaged, 1 not checked" ]]
}

@test "check: files and commits of other writers have no checksums" {
	for f in $(tables_of_others); do
		case ${f##*/} in deleted | plain | data-reader-primitives | snapshot-data3 | v2-checkpoint-json) ;; *) continue ;; esac
		run -0 --separate-stderr acct-check "$f"
		same "" "$stderr"
	done
}

@test "check: what a copy of our metadata says in another writer's file is not ours to check" {
	need_peers pyarrow
	acct-write -i t.acct -o ours.parquet
	python - <<-'END'
		import pyarrow.parquet as pq
		table = pq.read_table("ours.parquet")
		assert b"acct.footer" in table.schema.metadata
		pq.write_table(table.slice(1), "theirs.parquet")
	END
	acct-read -o /dev/null theirs.parquet
	acct-check theirs.parquet
}

@test "check: wrong use, an invalid place, what may not be read" {
	run -64 --separate-stderr acct-check
	run -64 --separate-stderr acct-check a b
	run -66 --separate-stderr acct-check nowhere
	same "acct-check: nowhere: No such file or directory" "$stderr"
	mkdir empty
	run -66 --separate-stderr acct-check empty
	same "acct-check: empty: not a lake, not a Delta table, and no Parquet file in it" "$stderr"
	run -66 --separate-stderr acct-check /dev/null
	run -1 --separate-stderr acct-check t.acct
	same "acct-check: t.acct: not a Parquet file" "${stderr/"$PWD/"/}"
	acct-write -i t.acct tab
	edit_log 's/"minReaderVersion":1/"minReaderVersion":9/' tab/_delta_log/*.json
	run -69 --separate-stderr acct-check tab
	mkdir -p lake/silver/a/b/c/d/e/f/g/h		# deeper than any table
	run -0 --separate-stderr acct-check -v lake
	[[ "$stderr" == "acct-check: lake: 0 files of bronze, 0 tables, 0 exports, 0 Parquet files, 0 rows, 0 bytes: 0 damaged, 0 not checked" ]]
}

@test "check: what its user may not read is not said to be damaged" {
	[ "$(id -u)" = 0 ] || skip "SKIPPED: only root can become another user"
	lake
	chmod -R a+rX . "$BATS_TEST_TMPDIR" && chmod a+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" 2>/dev/null
	as_other() { setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"; }
	as_other test -r lake/runs/last || skip "SKIPPED: another user cannot reach $PWD"
	chmod 700 lake/silver/loans lake/gold/_export/customer_loans
	chmod 600 lake/runs/made/loans/pieces lake/runs/made/loans/key
	f=$(echo lake/bronze/accounts/*)
	chmod 600 "$f"
	run -77 --separate-stderr as_other "$BUILD/bin/acct-check" --names lake
	same "" "$output"
	for thing in silver/loans gold/_export/customer_loans runs/made/loans/pieces runs/made/loans/key "${f#lake/}"; do
		[[ "$stderr" == *"acct-check: lake/$thing"*": Permission denied"* ]] || { echo "$thing: $stderr" >&2; false; }
	done
	same 5 "${#stderr_lines[@]}"
}

@test "check: single flipped bits: nothing changes in silence" {
	sh "$ROOT/tests/peers.sh" pyarrow >&2 && py=python || py=python3	# pyarrow is asked where it can be had
	lake
	ledger
	for i in 1 2 3 4 5 6 7 8 9 10 11; do
		whole lake/silver/transactions -w "transaction_id < $((i * 20))" | acct-write lake/silver/transactions
	done
	acct-optimize lake/silver/transactions
	$py "$ROOT/tests/flips.py" lake "${ACCT_FLIPS:-$(sanitized && echo 10 || echo 40)}" "${ACCT_SEED:-$(date +%N | sed 's/^0*//')}" >&3
}
