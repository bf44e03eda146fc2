load helper

HEADER='id:int64*! name:string amount:decimal(9,2)'

# grown N ROWS: tab, of N files with so many rows each, mixed up.
grown() {
	local i
	for i in $(seq 1 "$1"); do
		seq $((i * 1000)) $((i * 1000 + $2 - 1)) | shuf --random-source=/dev/zero |
		    awk '{ print $1 "\t" ($1 % 7 ? "name " $1 % 50 : "\\N") "\t" $1 % 100 / 100 }' | mkrec t "$HEADER" | acct-write tab
	done
}

# content TABLE: its rows as text, sorted.
content() {
	acct-read "$@" | acct-cat -f csv | tail -n +2 | sort
}

# files TABLE: how many the newest version has.
files() {
	acct-log --files "$1" | wc -l
}

# newest: the newest commit of tab.
newest() {
	ls tab/_delta_log/*.json | tail -n 1
}

@test "optimize: the codec of the new files" {
	for codec in zstd gzip none; do
		rm -rf tab
		grown 3 50
		content tab >before
		acct-optimize --codec "$codec" tab
		content tab | diff -u before -
		[[ "$(acct-log --files tab)" == *"$(case $codec in zstd) echo .zstd ;; gzip) echo .gz ;; esac).parquet" ]]
	done
	[[ "$(acct-log --files tab)" != *.snappy.* ]]
	run -64 --separate-stderr acct-optimize --codec lzo tab
	[[ "$stderr" == *"--codec: must be none, snappy, gzip or zstd: 'lzo'"* ]]
}

@test "optimize: small files become one, with the same rows" {
	grown 9 50
	content tab >before
	run -0 --separate-stderr acct-optimize -v tab
	[[ "$stderr" == "acct-optimize: tab: version 9: 1 files of "*" bytes in place of 9 of "* ]]
	[ -z "$output" ]
	content tab | diff before -
	same 1 "$(files tab)"
	cmp <(acct-read --at 8 tab) <(acct-read tab)
	grep -q '"operation":"OPTIMIZE"' "$(newest)"
	grep -q '"isBlindAppend":false' "$(newest)"
	same 0 "$(grep -c '"dataChange":true' "$(newest)")"
	same 10 "$(grep -c '"dataChange":false' "$(newest)")"
	grep -q '"numRemovedFiles":"9",.*"numAddedFiles":"1",.*"numOutputRows":"450"' "$(newest)"
	run -0 --separate-stderr acct-optimize -v tab
	same "acct-optimize: tab: version 9 stays: nothing to do" "$stderr"
	run -0 --separate-stderr acct-optimize tab
	[ -z "$stderr" ]
}

@test "optimize: files up to the target, and large ones stay" {
	grown 12 200
	content tab >before
	size=$(acct-log --files tab | awk 'NR == 1 { print $1 }')
	acct-optimize --target $((size * 4)) tab
	content tab | diff before -
	n=$(files tab)
	[ "$n" -ge 2 ] && [ "$n" -le 4 ]
	acct-log --files tab | awk -v most=$((size * 4)) '$1 > most * 1.2 { print; bad = 1 } END { exit bad }'
	names=$(acct-log --files tab)
	run -0 --separate-stderr acct-optimize -v --target 4096 tab
	[[ "$stderr" == *"nothing to do" ]]
	same "$names" "$(acct-log --files tab)"
}

@test "optimize: the table's own target" {
	grown 12 200
	size=$(acct-log --files tab | awk 'NR == 1 { print $1 }')
	edit_log "s/\"configuration\":{/&\"delta.targetFileSize\":\"$((size * 4))\",/" tab/_delta_log/00000000000000000000.json
	rm -f tab/_delta_log/*.checkpoint.parquet tab/_delta_log/_last_checkpoint
	acct-optimize tab
	[ "$(files tab)" -ge 2 ]
	acct-optimize --target 1G tab
	same 1 "$(files tab)"
}

@test "optimize: in the order of key columns, in memory and on disk" {
	grown 6 400
	content tab >before
	acct-optimize --target 16K -k name,id tab
	content tab | diff before -
	[ "$(files tab)" -ge 2 ]
	acct-read tab | LC_ALL=C sort -s -t "$(printf '\t')" -k2,2 -k1,1 | acct-cat | cmp - <(acct-read tab | acct-cat)
	same 1 "$(acct-read tab | acct-cat | tail -n +2 | cut -d, -f2 | head -n 1 | grep -c '^$')"	# null first
	acct-optimize --target 16K -k name,id tab	# what is in order may take fewer files
	run -0 --separate-stderr acct-optimize -v --target 16K -k name,id tab
	[[ "$stderr" == *"nothing to do" ]]
	acct-optimize -k amount tab
	content tab | diff before -
	same 1 "$(files tab)"
	seq 1 60000 | shuf --random-source=/dev/zero | awk '{ print $1 "\ttext " $1 * 7919 % 60000 " and more of it\t1.00" }' | mkrec t "$HEADER" |
	    acct-write -m overwrite tab
	content tab >before
	acct-optimize --memory 1M -k id tab
	content tab | diff before -
	acct-read -c id tab | acct-cat | tail -n +2 | sort -nc
	acct-read tab >small.acct
	acct-optimize -k name tab
	acct-optimize -k id tab
	cmp <(acct-read tab) small.acct
}

@test "optimize: every type, sorted by each" {
	every_type >all.acct
	acct-write -i all.acct tab
	acct-write -i all.acct tab
	content tab >before
	n=0
	for k in b i l d e w day ts f s; do
		n=$((n + 1))
		acct-optimize -k $k tab
		content tab | diff before -
		acct-read tab | LC_ALL=C sort -s -t "$(printf '\t')" -k$n,$n | acct-cat | cmp - <(acct-read tab | acct-cat)
	done
	mkrec t 's:string' </dev/null | acct-write none
	acct-optimize -v -k s none
}

@test "optimize: a table without rows, one of one file, one row" {
	mkrec t "$HEADER" </dev/null | acct-write tab
	acct-optimize tab
	acct-optimize -k id tab
	same 1 "$(ls tab/_delta_log/*.json | wc -l)"
	printf '1\ta\t1.00\n' | mkrec t "$HEADER" | acct-write tab
	acct-optimize tab
	acct-optimize -k id tab
	same 2 "$(ls tab/_delta_log/*.json | wc -l)"
}

@test "optimize: tables of others: same rows, or a refusal that says why" {
	for golden in $(tables_of_others); do
		rm -rf tab
		cp -rL "$golden" tab
		chmod -R u+w tab
		acct-read -o /dev/null tab 2>err || continue	# other tests tell why
		content tab >before
		last=$(newest)
		if ! acct-optimize tab 2>err; then
			grep -Eq 'acct-optimize: tab: (unsupported writer feature: |unsupported table property: delta.columnMapping.mode|column .*: a type that cannot be written: )' err ||
			    { echo "$golden: $(cat err)" >&2; false; }
			same "$last" "$(newest)"
			continue
		fi
		content tab >after
		diff -u before after || { echo "$golden" >&2; false; }
		same 0 "$(acct-log --files tab | awk '$3 > 0' | wc -l)"		# no deletion vector
		[ "$last" = "$(newest)" ] || acct-vacuum --retain 0 --force --delete tab >/dev/null
		content tab >after
		diff -u before after || { echo "$golden, vacuumed" >&2; false; }
	done
}

# partitioned: tab, by p, of twelve small files in three partitions.
partitioned() {
	local i p
	mkrec t 'id:int64! p:string' </dev/null | acct-write tab
	edit_log 's/"partitionColumns":\[\]/"partitionColumns":["p"]/' tab/_delta_log/00000000000000000000.json
	mkdir parts
	for i in $(seq 1 12); do
		p='"a ü"'
		[ $((i % 3)) -eq 0 ] || p='"c:d"'
		[ $((i % 3)) -ne 2 ] || p=null
		seq $((i * 10)) $((i * 10 + 9)) | mkrec t 'id:int64!' | acct-write -o "tab/f$i.parquet"
		echo "{\"add\":{\"path\":\"f$i.parquet\",\"partitionValues\":{\"p\":$p},\"size\":$(wc -c <"tab/f$i.parquet"),\"modificationTime\":1,\"dataChange\":true}}"
	done >tab/_delta_log/00000000000000000001.json
}

@test "optimize: a partitioned table, each partition for itself, in its folder" {
	partitioned
	content tab >before
	acct-optimize tab
	content tab | diff before -
	same $'p=__HIVE_DEFAULT_PARTITION__\np=a ü\np=c%3Ad' "$(acct-log --files tab | sed 's/.*Z  //; s|/.*||' | sort)"
	grep -q '"path":"p=c%253Ad/part-' "$(newest)"
	grep -q '"path":"p=a%20ü/part-' "$(newest)"		# as Spark writes it, whose VACUUM knows no other way
	grep -q '"partitionValues":{"p":null}' "$(newest)"
	same 3 "$(files tab)"
	acct-optimize -k id tab
	content tab | diff before -
	same 3 "$(files tab)"
	acct-vacuum --retain 0 --force --delete tab | wc -l
	content tab | diff before -
	run -64 --separate-stderr acct-optimize -k p tab
	[[ "$stderr" == "acct-optimize: -k: 'p': the table is partitioned by it"* ]]
}

@test "optimize: only the partitions that a predicate names" {
	partitioned
	content tab >before
	acct-optimize -v -w "p = 'c:d'" tab
	content tab | diff before -
	same 9 "$(files tab)"
	grep -qF '"predicate":"[\"p = '"'c:d'"'\"]"' "$(newest)"
	run -0 --separate-stderr acct-optimize -v -w "p = 'c:d' or p = 'nobody'" tab
	[[ "$stderr" == *"nothing to do" ]]
	acct-optimize -k id -w 'p is null' tab
	same 6 "$(files tab)"
	acct-optimize --where "p > 'a' and p < 'b'" tab
	content tab | diff before -
	same 3 "$(files tab)"
	run -64 --separate-stderr acct-optimize -w "id = 5" tab
	[[ "$stderr" == "acct-optimize: -w: "*$'\n'*"id = 5"$'\n'*"^"* ]]
	mkrec t 'id:int64' <<<1 | acct-write flat
	run -64 --separate-stderr acct-optimize -w "id = 5" flat
	same "acct-optimize: -w: flat is not partitioned" "$stderr"
}

@test "optimize: predicates over partitions of every type" {
	for type in bool:true:false int32:-5:7 int64:1:2 'decimal(9,2):-1.50:2.00' 'decimal(38,3):0.001:5.000' date:2024-01-31:2024-02-01 \
	    'timestamp:2024-01-31T00#00#00Z:2024-02-01T10#00#00.5Z' float64:-1.5:2.25 string:a:b; do
		IFS=: read -r kind one two <<<"$type"
		one=${one//#/:} two=${two//#/:}
		rm -rf tab
		mkrec t "id:int64! p:$kind" </dev/null | acct-write tab
		edit_log 's/"partitionColumns":\[\]/"partitionColumns":["p"]/' tab/_delta_log/00000000000000000000.json
		for i in 1 2 3 4; do
			p=$one
			[ $((i % 2)) -eq 0 ] || p=$two
			mkrec t 'id:int64!' <<<$i | acct-write -o "tab/f$i.parquet"
			echo "{\"add\":{\"path\":\"f$i.parquet\",\"partitionValues\":{\"p\":\"$p\"},\"size\":$(wc -c <"tab/f$i.parquet"),\"modificationTime\":1,\"dataChange\":true}}"
		done >tab/_delta_log/00000000000000000001.json
		content tab >before
		case $kind in bool | int* | dec* | float*) quoted=$one ;; *) quoted="'$one'" ;; esac
		acct-optimize -w "p = $quoted" tab
		content tab | diff before -
		same "$kind: 3" "$kind: $(files tab)"
	done
}

@test "optimize: wrong use, no table, tables that it cannot write" {
	grown 2 3
	run -64 --separate-stderr acct-optimize
	run -64 --separate-stderr acct-optimize a b
	run -64 --separate-stderr acct-optimize --target 12 tab
	run -64 --separate-stderr acct-optimize --target x tab
	run -64 --separate-stderr acct-optimize -k nowhere tab
	same "acct-optimize: -k: 'nowhere': no such column in tab" "$stderr"
	run -64 --separate-stderr acct-optimize -k id,id tab
	run -64 --separate-stderr acct-optimize -k id,,name tab
	run -66 --separate-stderr acct-optimize nowhere
	same "acct-optimize: nowhere: not a Delta table: no commit and no checkpoint in _delta_log" "$stderr"
	[ ! -e nowhere ]
	before=$(ls -RA tab)
	edit_log '' tab/_delta_log/00000000000000000000.json
	cp tab/_delta_log/00000000000000000000.json good
	for feature in rowTracking inCommitTimestamp later; do
		sed "s/{\"protocol\":.*/{\"protocol\":{\"minReaderVersion\":1,\"minWriterVersion\":7,\"writerFeatures\":[\"$feature\"]}}/" \
		    good >tab/_delta_log/00000000000000000000.json
		run -69 --separate-stderr acct-optimize tab
		same "acct-optimize: tab: unsupported writer feature: $feature" "$stderr"
	done
	same "$before" "$(ls -RA tab)"
	sed 's/"configuration":{/&"delta.appendOnly":"true","delta.constraints.c":"id > 0",/' good >tab/_delta_log/00000000000000000000.json
	acct-optimize tab		# no row changes
	same 1 "$(files tab)"
}

@test "optimize: a broken file, a missing one: the table stays, nothing is left" {
	grown 4 20
	name=$(acct-log --files tab | tail -n 1 | sed 's/.*Z  //')
	cp "tab/$name" good
	printf 'x' | dd of="tab/$name" bs=1 seek=30 conv=notrunc status=none
	before=$(ls -RA tab)
	for k in '' '-k id'; do
		# shellcheck disable=SC2086
		run -65 --separate-stderr acct-optimize $k tab
		[[ "$stderr" == "acct-optimize: tab/$name: "* ]]
		same "$before" "$(ls -RA tab)"
	done
	rm "tab/$name"
	run -66 --separate-stderr acct-optimize tab
	cp good "tab/$name"
	acct-optimize tab
	same 1 "$(files tab)"
}

@test "optimize: appends at the same time are no conflict" {
	grown 3 10
	( for i in $(seq 1 20); do printf '%s\tw\t1.00\n' "$i" | mkrec t "$HEADER" | acct-write tab || exit 1; done ) &
	( for i in $(seq 1 8); do acct-optimize tab || exit 1; done ) &
	( for i in $(seq 1 8); do acct-optimize -k id tab || exit 1; done ) &
	for job in $(jobs -p); do wait "$job"; done
	same 50 "$(content tab | wc -l)"
	same 50 "$(content tab | cut -d, -f1 | uniq | wc -l)"
	acct-optimize tab
	same 1 "$(files tab)"
}

@test "optimize: merges at the same time: the loser begins anew" {
	grown 4 50
	for i in $(seq 1 12); do
		printf '%s\tmerged %s\t1.00\n' $((1000 + i)) "$i" | mkrec t "$HEADER" | acct-merge tab || touch failed
	done &
	for i in $(seq 1 12); do acct-optimize -k name tab || touch failed; done &
	for job in $(jobs -p); do wait "$job"; done
	[ ! -e failed ]
	same 200 "$(content tab | wc -l)"
	same 12 "$(content tab | grep -c 'merged')"
	[ -z "$(ls -A tab | grep tmp)" ]
}

@test "optimize: killed at any moment, the table reads the same" {
	grown 6 100
	seq 100001 140000 | awk '{ print $1 "\ttext " $1 "\t1.00" }' | mkrec t "$HEADER" | acct-write tab
	content tab | cksum >before
	for i in $(seq 1 16); do
		printf '%s\tw\t1.00\n' $((200000 + i)) | mkrec t "$HEADER" | acct-write tab
		content tab | cksum >before
		acct-optimize -k amount,id tab &
		pid=$!
		sleep "0.0$((i * 7 % 90 / 10))$((i * 7 % 10))"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		content tab | cksum | diff before -
	done
	acct-optimize -k id tab
	content tab | cksum | diff before -
	acct-vacuum --retain 0 --force --delete tab >/dev/null
	content tab | cksum | diff before -
	same 1 "$(ls tab/*.parquet | wc -l)"
}

@test "optimize: each failing call in turn" {
	need_strace
	grown 3 20
	content tab >before
	for call in write:ENOSPC fsync:EIO linkat:ENOSPC pread64:EIO; do
		for n in 1 2 3 4; do
			printf '%s\tw\t1.00\n' $((200000 + n)) | mkrec t "$HEADER" | acct-write tab
			content tab >before
			for k in '' '-k amount'; do
				got=0
				# shellcheck disable=SC2086
				traced -e "inject=${call%:*}:error=${call#*:}:when=$n" acct-optimize $k tab 2>err || got=$?
				content tab | diff before - || { cat err trace >&2; false; }
				if grep -q INJECTED trace && ! grep -q ' is committed, but' err; then
					[ "$got" -ge 65 ]
					[ -s err ]
				fi
			done
		done
	done
	traced -e inject=write:error=EINTR:when=2+3 acct-optimize -k id tab	# is no failure
	content tab | diff before -
}

@test "optimize: a file that another writer removed meanwhile, by another way of writing its path" {
	need_strace
	grown 3 20
	name=$(acct-log --files tab | tail -n 1 | sed 's/.*Z  //')
	# the commit that comes while the first file is synced takes away every row of the newest file
	( sleep 0.3; echo "{\"remove\":{\"path\":\"%70${name#p}\",\"deletionTimestamp\":1,\"dataChange\":true}}" \
	    >tab/_delta_log/00000000000000000003.json ) &
	traced -e inject=fsync:delay_enter=800000:when=1 acct-optimize -v tab 2>err
	wait
	grep -q 'version 4: 1 files of .* in place of 2 of ' err
	same 40 "$(content tab | wc -l)"
	same 4 "$(ls tab/*.parquet | wc -l)"		# three there were, and one
}

# rewritten WORD...: acct-optimize WORD... tab, while whose commit waits a merge rewrites one of the files
rewritten() {
	# its first link is that of the new file, the second that of the commit
	traced -e inject=linkat:delay_enter=1500000:when=2 \
	    sh -c '{ sleep 0.5; acct-merge -i row.acct tab; } & exec acct-optimize "$@" tab' - "$@"
}

@test "optimize: --retry, how long to try again" {
	need_strace
	grown 3 20
	printf '1000\tmerged\t1.00\n' | mkrec t "$HEADER" >row.acct
	run -75 --separate-stderr rewritten --retry 0
	[[ "$stderr" == "acct-optimize: tab: version 3 of another writer came first and "* ]]
	same 3 "$(files tab)"
	same 4 "$(ls tab/*.parquet | wc -l)"		# three there were, and that of the merge
	printf '1000\tagain\t1.00\n' | mkrec t "$HEADER" >row.acct
	run -0 --separate-stderr rewritten -v --retry 30
	[[ "$stderr" == "acct-optimize: tab: version 5: 1 files of "* ]]
	same 1 "$(files tab)"
	same '1000,again,1.00' "$(content tab | head -n 1)"
	[ -z "$(ls -A tab | grep tmp)" ]
	run -64 --separate-stderr acct-optimize --retry soon tab
	[[ "$stderr" == "acct-optimize: --retry: must be a number from 0 to 1000000: 'soon'"* ]]
}

@test "optimize: delta-rs sees the same rows, and goes on with the table" {
	need_delta_rs
	delta_rs make made
	delta_rs rows made >before
	acct-optimize -k ts,s made
	delta_rs rows made | diff before -
	delta_rs compare made
	rm -rf tab
	grown 5 30
	delta_rs append tab 90000 40
	delta_rs rows tab >before
	acct-optimize tab
	delta_rs rows tab | diff before -
	delta_rs compare tab
	delta_rs append tab 80000 7
	delta_rs delete tab 'id = 1003'
	delta_rs rows tab >before
	acct-optimize -k id tab
	delta_rs rows tab | diff before -
	find tab -name '*.parquet' -exec touch -d '8 days ago' {} +
	acct-vacuum --retain 0 --force --delete tab >removed
	[ -s removed ]
	delta_rs rows tab | diff before -
	delta_rs optimize tab
	delta_rs checkpoint tab
	delta_rs compare tab
	acct-vacuum --retain 0 --force --delete tab
	delta_rs compare tab
	acct-optimize -v tab
	delta_rs compare tab
}

@test "optimize: the manual's example" {
	grown 4 10
	mkdir -p lake/silver
	mv tab lake/silver/accounts
	acct-optimize -v lake/silver/accounts
	acct-vacuum --delete lake/silver/accounts
	acct-optimize -k id --target 64M lake/silver/accounts
	same 40 "$(content lake/silver/accounts | wc -l)"
}

@test "optimize: --if-needed, many small files or many deleted rows" {
	local n
	seq 100 | awk '{ print $1 "\t\\N\t0" }' | mkrec t "$HEADER" | acct-merge --property delta.enableDeletionVectors=true tab
	acct-read tab >all.acct
	# delete N: deletes the rows of the first N keys
	delete() {
		acct-select -w "id <= $1" -c '*, gone = true' all.acct | acct-merge --delete-flag gone=true tab
	}
	delete 20
	run -0 --separate-stderr acct-optimize --if-needed -v tab
	same "acct-optimize: tab: version 1 stays: nothing to do" "$stderr"
	delete 21
	run -0 acct-optimize --if-needed --txn job:next --prepare p tab
	acct-commit p tab
	same 0 "$(acct-log --json --state tab | grep -o '"deletedRows":[0-9]*' | cut -d: -f2)"
	same 79 "$(acct-read tab | acct-cat -f tsv | tail -n +2 | wc -l)"
	for n in $(seq 31); do
		mkrec t "$HEADER" <<<"$((200 + n))"$'\tx\t1' | acct-write tab
	done
	run -0 --separate-stderr acct-optimize --if-needed -v tab
	[[ "$stderr" == *"stays: nothing to do" ]]
	mkrec t "$HEADER" <<<$'300\tx\t1' | acct-write tab
	acct-optimize --if-needed tab
	same 1 "$(files tab)"
	same 111 "$(acct-read tab | acct-cat -f tsv | tail -n +2 | wc -l)"
}
