load helper

prepare() {
	mkrec t 'id:int64*! name:string' >t.acct <<-'END'
	1	a
	2	b
	END
	mkrec t 'id:int64*! name:string' >u.acct <<-'END'
	3	c
	END
}

# content TABLE: its rows as text, sorted.
content() {
	acct-read "$@" | acct-cat -f csv | tail -n +2 | sort
}

# everything TABLE: each name below it, so that what changes shows.
everything() {
	find "$1" | sort
}

# aged TIME FILE...: as if last written then.
aged() {
	touch -h -d "$1" "${@:2}"
}

# history TABLE: its operations, oldest first.
history() {
	acct-log --json "$1" | sed 's/.*"operation":"\([^"]*\)".*/\1/' | tac
}

# overwritten: tab, written thirty, twenty, ten and two days ago and now, in this order with one, two, ... rows.
overwritten() {
	local day n=0
	for day in 30 20 10 2 0; do
		n=$((n + 1))
		seq 1 $n | sed 's/$/\tx/' | mkrec t 'id:int64*! name:string' | acct-write -m overwrite tab
		aged "$day days ago" "$(ls -t tab/*.parquet | head -n 1)" tab/_delta_log/0000000000000000000$((n - 1)).json
		edit_log "s/\"deletionTimestamp\":[0-9]*/\"deletionTimestamp\":$(date -d "$day days ago" +%s%3N)/" \
		    tab/_delta_log/0000000000000000000$((n - 1)).json
		aged "$day days ago" tab/_delta_log/0000000000000000000$((n - 1)).json
	done
}

# file VERSION: the data file that a version of tab added.
file() {
	grep -o '"path":"[^"]*"' "tab/_delta_log/0000000000000000000$1.json" | tail -n 1 | cut -d'"' -f4
}

@test "vacuum: lists what no version of seven days needs, and removes it when told" {
	overwritten
	before=$(everything tab)
	run -0 --separate-stderr acct-vacuum -v tab
	same "$(printf 'tab/%s\n' "$(file 0)" "$(file 1)" | sort)" "$output"
	same "acct-vacuum: tab: 2 files can be removed, $(cat "tab/$(file 0)" "tab/$(file 1)" | wc -c) bytes" "$stderr"
	same "$before" "$(everything tab)"
	same "$output" "$(acct-vacuum --dry-run tab)"
	listed=$output
	run -0 --separate-stderr acct-vacuum -v --delete tab
	same "$listed" "$output"
	[[ "$stderr" == "acct-vacuum: tab: 2 files removed, "* ]]
	same "$(printf 'tab/%s\n' "$(file 2)" "$(file 3)" "$(file 4)" | sort)" "$(ls tab/*.parquet)"
	for v in 2 3 4; do same $((v + 1)) "$(content --at $v tab | wc -l)"; done
	run -66 --separate-stderr acct-read --at 1 tab
	same $'WRITE\nWRITE\nWRITE\nWRITE\nWRITE\nVACUUM START\nVACUUM END' "$(history tab)"
	run -0 --separate-stderr acct-vacuum -v --delete tab
	same "acct-vacuum: tab: 0 files removed, 0 bytes" "$stderr"
	[ -z "$output" ]
	same 7 "$(history tab | wc -l)"
}

@test "vacuum: the table's own retention, and a shorter one by force" {
	overwritten
	same 1 "$(acct-vacuum --retain 15d tab | wc -l)"
	run -64 --separate-stderr acct-vacuum --retain 167 --delete tab
	[[ "$stderr" == "acct-vacuum: tab: the table keeps its versions for 168 hours: --force makes it less, "* ]]
	same 5 "$(ls tab/*.parquet | wc -l)"
	edit_log 's/"configuration":{/&"delta.deletedFileRetentionDuration":"interval 1 days",/' tab/_delta_log/00000000000000000000.json
	aged '30 days ago' tab/_delta_log/00000000000000000000.json
	same 3 "$(acct-vacuum tab | wc -l)"
	same 3 "$(acct-vacuum --retain 1d tab | wc -l)"
	same 4 "$(acct-vacuum --retain 0 --force tab | wc -l)"
	acct-vacuum --retain 0 --force --delete tab >listed
	same 4 "$(wc -l <listed)"
	same 5 "$(content tab | wc -l)"
	same 1 "$(ls tab/*.parquet | wc -l)"
	edit_log 's/interval 1 days/a fortnight/' tab/_delta_log/00000000000000000000.json
	run -78 --separate-stderr acct-vacuum tab
	same "acct-vacuum: tab: delta.deletedFileRetentionDuration: not a time: 'a fortnight'" "$stderr"
	run -78 --separate-stderr acct-vacuum --retain 9w tab
	run -0 --separate-stderr acct-vacuum --retain 9w --force tab
}

@test "vacuum: what is young is left, what is not the table's too" {
	acct-write -i t.acct tab
	mkdir -p tab/_change_data tab/_other tab/.hidden tab/sub tab/_delta_log/_sidecars
	young="part-1.parquet _change_data/cdc-1.parquet _delta_log/_sidecars/a.parquet"
	old="part-2.parquet sub/part-3.parquet deletion_vector_0.bin _change_data/cdc-2.parquet .part-2.parquet.crc _delta_log/_sidecars/b.parquet
	    .part-4.parquet.0123456789abcdef.tmp _delta_log/._last_checkpoint.0123456789abcdef.tmp _delta_log/.00000000000000000007.json.0123456789abcdef.tmp"
	kept="_other/a.parquet .hidden/a.parquet _a.parquet README a.csv b.bin .x.parquet.tmp .x.0123456789abcdef.tmp
	    _delta_log/00000000000000000009.crc _delta_log/_commit_1.json.tmp _delta_log/a.parquet _delta_log/_sidecars/README"
	for f in $young $old $kept; do echo x >"tab/$f"; done
	for f in $old $kept; do aged '8 days ago' "tab/$f"; done
	same "$(for f in $old; do echo "tab/$f"; done | sort)" "$(acct-vacuum tab | sort)"
	acct-vacuum --delete tab >/dev/null
	for f in $young $kept; do [ -e "tab/$f" ]; done
	for f in $old; do [ ! -e "tab/$f" ]; done
	same $'1,a\n2,b' "$(content tab)"
}

@test "vacuum: files of the change feed go with the versions that name them" {
	acct-write -i t.acct tab
	mkdir tab/_change_data
	touch tab/_change_data/{old,young,none}.parquet
	for cdc in old young; do
		printf '%s\n' '{"commitInfo":{"operation":"X"}}' \
		    "{\"cdc\":{\"path\":\"_change_data/$cdc.parquet\",\"partitionValues\":{},\"size\":0,\"dataChange\":false}}" \
		    >"tab/_delta_log/0000000000000000000$(($(ls tab/_delta_log | grep -c json))).json"
	done
	acct-write -i u.acct tab
	find tab -type f -exec touch -d '30 days ago' {} +
	aged '2 days ago' tab/_delta_log/0000000000000000000[23].json
	aged '9 days ago' tab/_delta_log/00000000000000000001.json
	acct-vacuum --delete tab >/dev/null
	same $'old.parquet\nyoung.parquet' "$(ls tab/_change_data)"	# the version that stood then names the old one
	aged '8 days ago' tab/_delta_log/00000000000000000002.json
	acct-vacuum --delete tab >/dev/null
	same "young.parquet" "$(ls tab/_change_data)"
}

@test "vacuum: a version whose clock was slow is no older than the one before it" {
	acct-write -i t.acct tab
	acct-write -m overwrite -i u.acct tab
	acct-write -m overwrite -i t.acct tab
	edit_log 's/"deletionTimestamp":[0-9]*/"deletionTimestamp":1000/' tab/_delta_log/*.json
	find tab -name '*.parquet' -exec touch -d '30 days ago' {} +
	aged '30 days ago' tab/_delta_log/00000000000000000000.json
	aged '2 days ago' tab/_delta_log/00000000000000000001.json
	aged '20 days ago' tab/_delta_log/00000000000000000002.json
	acct-vacuum --delete tab >/dev/null
	same "3,c" "$(content --at 1 tab)"
	same $'1,a\n2,b' "$(content tab)"
}

@test "vacuum: the checksum of a file that is needed stays" {
	acct-write -i t.acct tab
	echo x >"tab/.$(file 0).crc"
	find tab -type f -exec touch -d '8 days ago' {} +
	same "" "$(acct-vacuum tab)"
}

@test "vacuum: links are not followed, and what lies outside is not touched" {
	acct-write -i t.acct tab
	mkdir out
	echo x >out/part-9.parquet
	ln -s ../out tab/sub
	ln -s ../out/part-9.parquet tab/part-8.parquet
	aged '8 days ago' out/part-9.parquet tab/part-8.parquet
	same "" "$(acct-vacuum --delete tab)"
	[ -e out/part-9.parquet ]
	[ -L tab/part-8.parquet ]
	# a table reached by a link, its file named by its place, and through a folder that is a link
	ln -s tab link
	name=$(file 0)
	mkdir tab/real
	ln -s real tab/also
	mv "tab/$name" tab/real/
	edit_log "s|\"path\":\"|&also/|" tab/_delta_log/00000000000000000000.json
	find tab -type f -exec touch -d '8 days ago' {} +
	same $'1,a\n2,b' "$(content --outside link)"
	same "" "$(acct-vacuum --delete link)"
	same $'1,a\n2,b' "$(content --outside link)"
}

@test "vacuum: a file is known by every way of writing its path" {
	acct-write -i t.acct tab
	name=$(file 0)
	for path in "./$name" ".//$name" "$PWD/tab/$name" "file:$PWD/tab/$name" "file://$PWD/tab/$name" \
	    "%70art${name#part}" "$PWD/./tab//$name"; do
		edit_log "s|\"path\":\"[^\"]*\"|\"path\":\"$path\"|" tab/_delta_log/00000000000000000000.json
		find tab -type f -exec touch -d '8 days ago' {} +
		same "$path:" "$path:$(acct-vacuum tab)"
	done
	edit_log "s|\"path\":\"[^\"]*\"|\"path\":\"x/../$name\"|" tab/_delta_log/00000000000000000000.json
	run -65 --separate-stderr acct-vacuum --delete --retain 0 --force tab
	[ -e "tab/$name" ]
	mkdir 'tab/a b%20c'
	mv "tab/$name" 'tab/a b%20c/ü#1.parquet'
	edit_log "s|\"path\":\"[^\"]*\"|\"path\":\"a%20b%2520c/%C3%BC%231.parquet\"|" tab/_delta_log/00000000000000000000.json
	find tab -type f -exec touch -d '8 days ago' {} +
	same "" "$(acct-vacuum tab)"
	same $'1,a\n2,b' "$(content tab)"
}

@test "vacuum: a partition's folder whose name begins with an underscore; a table that is the folder one is in" {
	acct-write -i t.acct tab
	edit_log 's/"partitionColumns":\[\]/"partitionColumns":["_p"]/; s/{\\"name\\":\\"id\\"/{\\"name\\":\\"_p\\",\\"type\\":\\"string\\",\\"nullable\\":true,\\"metadata\\":{}},&/' \
	    tab/_delta_log/00000000000000000000.json
	mkdir tab/_p=1 tab/_q=1
	echo x | tee tab/_p=1/part-1.parquet tab/_q=1/part-1.parquet >/dev/null
	find tab -type f -exec touch -d '8 days ago' {} +
	cd tab
	same "./_p=1/part-1.parquet" "$(acct-vacuum --delete .)"
	[ -e _q=1/part-1.parquet ]
	same "" "$(acct-vacuum .)"
}

@test "vacuum: a table within the table is not its own" {
	acct-write -i t.acct tab
	acct-write -i t.acct tab/inner
	acct-write -m overwrite -i t.acct tab/inner
	mkdir tab/innermost
	echo x >tab/innermost/part-1.parquet
	find tab -type f -exec touch -d '8 days ago' {} +
	same "tab/innermost/part-1.parquet" "$(acct-vacuum --delete tab)"
	same $'1,a\n2,b' "$(content tab/inner)"
	same 2 "$(content --at 0 tab/inner | wc -l)"
}

@test "vacuum: deletion vectors and partitions, with tables of others" {
	for golden in $(tables_of_others); do
		rm -rf tab
		cp -rL "$golden" tab
		chmod -R u+w tab
		acct-read -o /dev/null tab 2>err || continue	# other tests tell why
		content tab >before
		find tab -type f -exec touch -d '9 days ago' {} +
		if ! acct-vacuum --retain 0 --force --delete tab >listed 2>err; then
			grep -q 'acct-vacuum: tab: unsupported writer feature: ' err ||
			    { echo "$golden: $(cat err)" >&2; false; }
			continue
		fi
		content tab >after || { echo "$golden: $(cat listed)" >&2; false; }
		diff -u before after || { echo "$golden" >&2; false; }
	done
}

@test "vacuum: wrong use, no table, a table that it may not write" {
	acct-write -i t.acct tab
	run -64 --separate-stderr acct-vacuum
	run -64 --separate-stderr acct-vacuum a b
	run -64 --separate-stderr acct-vacuum --dry-run --delete tab
	run -64 --separate-stderr acct-vacuum --force tab
	for word in x -1 1y '' 1.5 99999999999999w; do
		run -64 --separate-stderr acct-vacuum --retain "$word" tab
		[[ "$stderr" == "acct-vacuum: --retain: "* ]]
	done
	run -66 --separate-stderr acct-vacuum nowhere
	same "acct-vacuum: nowhere: not a Delta table: no commit and no checkpoint in _delta_log" "$stderr"
	mkdir empty
	run -66 --separate-stderr acct-vacuum --delete empty
	edit_log 's/{"protocol":.*/{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["vacuumProtocolCheck","laterThanThis"]}}/' \
	    tab/_delta_log/00000000000000000000.json
	echo x >tab/part-1.parquet
	aged '9 days ago' tab/part-1.parquet
	for how in --dry-run --delete; do
		run -69 --separate-stderr acct-vacuum $how tab
		same "acct-vacuum: tab: unsupported writer feature: laterThanThis" "$stderr"
	done
	[ -e tab/part-1.parquet ]
	edit_log 's/,"laterThanThis"//' tab/_delta_log/00000000000000000000.json
	same "tab/part-1.parquet" "$(acct-vacuum --delete tab)"
}

@test "vacuum: a broken log is a reason to remove nothing" {
	overwritten
	for v in 0 2 4; do
		cp tab/_delta_log/0000000000000000000$v.json good
		echo '{"add":' >>tab/_delta_log/0000000000000000000$v.json
		run -65 --separate-stderr acct-vacuum --delete tab
		cp -p good tab/_delta_log/0000000000000000000$v.json
	done
	aged '30 days ago' tab/_delta_log/*.json
	same 5 "$(ls tab/*.parquet | wc -l)"
	mv tab/_delta_log/00000000000000000001.json .
	run -65 --separate-stderr acct-vacuum --retain 0 --force --delete tab
	same 5 "$(ls tab/*.parquet | wc -l)"
}

@test "vacuum: versions whose first commits are gone, after a checkpoint" {
	for _ in $(seq 0 12); do acct-write -m overwrite -i t.acct tab; done
	rm tab/_delta_log/0000000000000000000[0-9].json
	find tab -type f -exec touch -d '9 days ago' {} +
	for v in 10 11 12; do same 2 "$(content --at $v tab | wc -l)"; done
	acct-vacuum --retain 10d --delete tab >listed
	[ "$(wc -l <listed)" -le 10 ]
	for v in 10 11 12; do same 2 "$(content --at $v tab | wc -l)"; done
}

@test "vacuum: --log removes the log before a checkpoint that is old enough" {
	for _ in $(seq 0 32); do acct-write -m overwrite -i t.acct tab; done
	cd tab/_delta_log
	echo x | tee .00000000000000000003.json.crc 00000000000000000003.00000000000000000007.compacted.json 3.json >/dev/null
	touch -d '40 days ago' 000000000000000000[01]*.json 0000000000000000002[0-4].json
	cd ../..
	same "" "$(acct-vacuum tab)"
	run -0 acct-vacuum --log tab
	same "$( (cd tab/_delta_log && printf 'tab/_delta_log/%s\n' .000000000000000000[01]* 000000000000000000[01]*) | sort)" \
	    "$(sort <<<"$output")"
	[[ "${lines[0]}" == */00000000000000000000.* ]]
	listed=$output
	run -0 --separate-stderr acct-vacuum -v --log --delete tab
	same "$listed" "$output"
	[[ "$stderr" == "acct-vacuum: tab: $(wc -l <<<"$listed") files removed, "*" bytes" ]]
	same 00000000000000000020.checkpoint.parquet "$(ls tab/_delta_log | grep ^0 | head -n 1)"
	[ -e tab/_delta_log/3.json ]
	for v in 20 24 32; do same 2 "$(content --at $v tab | wc -l)"; done
	run -66 --separate-stderr acct-read --at 19 tab
	acct-write -i u.acct tab
	same 3 "$(content tab | wc -l)"
	same "" "$(acct-vacuum --log tab)"
}

@test "vacuum: --log leaves what a property, a feature or a broken checkpoint keeps" {
	for _ in $(seq 0 12); do acct-write -m overwrite -i t.acct tab; done
	same "" "$(acct-vacuum --log tab)"
	touch -d '31 days ago' tab/_delta_log/*
	[ "$(acct-vacuum --log tab | grep -c _delta_log)" -ge 20 ]
	meta() { printf '{"metaData":%s}\n' "$(sed -n "s/^{\"metaData\":\(.*\)}$/\1/p" tab/_delta_log/00000000000000000000.json | sed "s/\"configuration\":{/&$1/")"; }
	set_property() { { echo '{"commitInfo":{}}'; meta "$1"; } >tab/_delta_log/00000000000000000013.json; touch -d '31 days ago' tab/_delta_log/*; }
	set_property '"delta.logRetentionDuration":"interval 40 days",'
	same 0 "$(acct-vacuum --log tab | grep -c _delta_log)"
	set_property '"delta.enableExpiredLogCleanup":"false",'
	same 0 "$(acct-vacuum --log tab | grep -c _delta_log)"
	set_property '"delta.logRetentionDuration":"long",'
	run -78 --separate-stderr acct-vacuum --log tab
	same "acct-vacuum: tab: delta.logRetentionDuration: not a time: 'long'" "$stderr"
	echo '{"protocol":{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["checkpointProtection"]}}' >tab/_delta_log/00000000000000000013.json
	run -69 --separate-stderr acct-vacuum --log tab
	[[ "$stderr" == *checkpointProtection ]]
	rm tab/_delta_log/00000000000000000013.json
	printf x | dd of=tab/_delta_log/00000000000000000010.checkpoint.parquet bs=1 seek=100 conv=notrunc status=none
	before=$(everything tab)
	run -65 --separate-stderr acct-vacuum --log --delete tab
	same "$before" "$(everything tab)"
}

# step: something happens to tab.
step() {
	local first=$((RANDOM % 100))
	seq $first $((first + 9)) | awk -v r=$RANDOM '{ print $1 "\tname " $1 * r % 17 }' | mkrec t 'id:int64*! name:string' >step.acct
	case $((RANDOM % 6)) in
	0) acct-write -m overwrite -i step.acct tab ;;
	1) acct-write -i step.acct -o part.parquet; cp part.parquet "tab/lost-$RANDOM.parquet" ;;	# of a writer that was killed
	2) acct-optimize tab ;;
	3) acct-optimize -k name tab ;;
	*) acct-merge -i step.acct tab ;;
	esac
}

# settle DAY: what is new in tab is so many days old; its newest version is remembered.
settle() {
	local v
	for v in $(seq $versions $(($(ls tab/_delta_log/*.json | wc -l) - 1))); do
		edit_log "s/\"deletionTimestamp\":[0-9]*/\"deletionTimestamp\":$(date -d "$1 days ago" +%s%3N)/" \
		    "$(printf 'tab/_delta_log/%020d.json' "$v")"
		content --at "$v" tab >"was.$v"
		day[v]=$1
		versions=$((v + 1))
	done
	find tab -type f -newermt '1 hour ago' -exec touch -d "$1 days ago" {} +
}

@test "vacuum: whatever happened to a table, each version to be kept can be read" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "ACCT_SEED=$seed" >&2
	RANDOM=$seed
	for _ in 1 2; do
		rm -rf tab was.*
		versions=0 day=() least=999
		acct-write -i t.acct tab
		settle 31
		for days in $(seq 30 -2 0); do
			step
			settle "$days"
			[ $((RANDOM % 4)) -eq 0 ] || continue
			kept=$((RANDOM % 20))
			[ "$kept" -gt "$least" ] || least=$kept		# what an earlier one took is gone
			acct-vacuum --retain "${kept}d" --force --delete tab >/dev/null
			settle "$days"
			for v in $(seq 0 $((versions - 1))); do
				[ "${day[v + 1]:--1}" -ge "$least" ] || content --at "$v" tab | diff "was.$v" -
			done
		done
		content tab >before
		acct-vacuum --retain 0 --force --delete tab >/dev/null
		content tab | diff before -
		same "$(acct-log --files tab | wc -l)" "$(ls tab/*.parquet | wc -l)"
	done
}

@test "vacuum: writers at work, whose files are young" {
	acct-write -i t.acct tab
	for w in 1 2; do
		( for i in $(seq 1 15); do
			printf '%s\tw\n' $((w * 100 + i)) | mkrec t 'id:int64*! name:string' | acct-write tab || exit 1
		done ) &
	done
	( for i in $(seq 1 10); do
		echo x >tab/part-$i.parquet
		aged '9 days ago' tab/part-$i.parquet
		acct-vacuum --delete tab || exit 1
	done >listed ) &
	for job in $(jobs -p); do wait "$job"; done
	same 10 "$(sort -u listed | wc -l)"
	same 32 "$(content tab | wc -l)"
	same 51 "$(ls tab/_delta_log | grep -c 'json$')"
}

@test "vacuum: two at once" {
	acct-write -i t.acct tab
	for i in $(seq 1 300); do echo x >"tab/part-$i.parquet"; done
	aged '9 days ago' tab/part-?.parquet tab/part-??.parquet tab/part-???.parquet
	acct-vacuum --delete tab >one &
	acct-vacuum --delete tab >two &
	for job in $(jobs -p); do wait "$job"; done
	same 300 "$(cat one two | sort -u | wc -l)"
	same $'1,a\n2,b' "$(content tab)"
}

@test "vacuum: killed at any moment, the table is as it was" {
	overwritten
	for i in $(seq 1 12); do
		for k in $(seq 1 400); do echo x >"tab/part-$k.parquet"; done
		aged '9 days ago' tab/part-?.parquet tab/part-??.parquet tab/part-???.parquet
		acct-vacuum --delete tab >/dev/null &
		pid=$!
		sleep "0.00$i"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		same 5 "$(content tab | wc -l)"
	done
	acct-vacuum --delete tab >/dev/null
	same "" "$(acct-vacuum tab)"
	for v in 2 3 4; do same $((v + 1)) "$(content --at $v tab | wc -l)"; done
}

@test "vacuum: a folder that cannot be written" {
	[ "$(id -u)" -ne 0 ] || skip "SKIPPED: root may write everywhere"
	overwritten
	chmod a-w tab
	run -77 --separate-stderr acct-vacuum --delete tab
	chmod u+w tab
	same 5 "$(ls tab/*.parquet | wc -l)"
}

@test "vacuum: each failing call in turn" {
	need_strace
	overwritten
	for call in unlinkat:EIO unlinkat:EACCES fsync:EIO linkat:ENOSPC write:ENOSPC getdents64:EIO; do
		for n in 1 2 3; do
			for k in $(seq 1 5); do echo x >"tab/part-$k.parquet"; done
			aged '9 days ago' tab/part-?.parquet
			got=0
			traced -e "inject=${call%:*}:error=${call#*:}:when=$n" acct-vacuum --delete tab >listed 2>err || got=$?
			if grep -q INJECTED trace && [ "$got" -eq 0 ] && ! grep -q ' is committed, but: ' err; then
				cat err trace >&2
				false
			fi
			same 5 "$(content tab | wc -l)"
			for v in 2 3 4; do same $((v + 1)) "$(content --at $v tab | wc -l)"; done
		done
	done
	rm -f tab/part-?.parquet
	echo x >tab/part-1.parquet
	echo x >tab/part-2.parquet
	aged '9 days ago' tab/part-?.parquet
	run -77 --separate-stderr traced -e inject=unlinkat:error=EACCES:when=1 acct-vacuum --delete tab
	same "acct-vacuum: tab/part-1.parquet: Permission denied" "$stderr"
	same "tab/part-2.parquet" "$output"
	acct-log --json tab | head -n 1 | grep -q '"status":"FAILED"'
}

@test "vacuum: the files that delta-rs would remove" {
	need_delta_rs
	overwritten
	for h in 0 100 300 600; do
		same "$(delta_rs garbage tab $h)" "$(acct-vacuum --retain $h --force tab | sed 's|^tab/||' | sort)"
	done
	delta_rs make made
	delta_rs delete made 'i = 0'
	find made -name '*.parquet' -exec touch -d '9 days ago' {} +
	same "$(delta_rs garbage made 0)" "$(acct-vacuum --retain 0 --force made | sed 's|^made/||' | sort)"
	acct-vacuum --retain 0 --force --delete made >removed
	[ -s removed ]
	delta_rs compare made
	for name in $(delta_rs garbage made 0); do [ ! -e "made/$name" ]; done	# it goes by the log, which tells of files that are gone
}

@test "vacuum: the list cannot be written" {
	overwritten
	run -74 --separate-stderr sh -c 'acct-vacuum tab >/dev/full'
	same "acct-vacuum: <stdout>: No space left on device" "$stderr"
	acct-vacuum tab | head -n 1
}

@test "vacuum: the manual's example" {
	overwritten
	mkdir -p lake/silver
	mv tab lake/silver/accounts
	same 2 "$(acct-vacuum lake/silver/accounts | xargs -r du -bc | tail -n +2 | wc -l)"
	acct-vacuum -v --delete lake/silver/accounts >removed
	same 2 "$(wc -l <removed)"
}
