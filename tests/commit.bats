load helper

prepare() {
	mkrec t 'id:int64*! name:string amount:decimal(9,2)' >t.acct <<-'END'
	1	a	1.00
	2	b\tb	\N
	3	\N	-0.01
	END
	mkrec u 'id:int64*! name:string amount:decimal(9,2)' >u.acct <<<$'4\tü\t9999999.99'
	mkrec x 'id:int64*! name:string amount:decimal(9,2)' >x.acct <<<$'2\tx\t2.00'
	mkrec y 'id:int64*! name:string amount:decimal(9,2)' >y.acct <<<$'90\ty\t9.00'
}

# log TABLE: the names in its log.
log() {
	ls "$1/_delta_log"
}

# content TABLE: its rows as text, sorted.
content() {
	acct-read "$@" | acct-cat -f csv | tail -n +2 | sort
}

# commit N TABLE: the text of a version.
version() {
	cat "$2/_delta_log/$(printf %020d "$1").json"
}

# files TABLE: how many data files lie there, in a version or not.
files() {
	find "$1" -name '*.parquet' ! -path '*/_delta_log/*' | wc -l
}

@test "commit: a prepared version is in no version until it is committed, and then once" {
	acct-write --txn job:next --prepare first -i t.acct tab
	run -66 --separate-stderr acct-read tab
	same "acct-read: tab: a Delta table that has no version yet" "$stderr"
	same 1 "$(files tab)"
	run -0 --separate-stderr acct-commit -v first tab
	same "acct-commit: tab: version 0: 3 records in 1 files" "$stderr"
	same "$(acct-read -t t tab)" "$(cat t.acct)"	# the key and what is never null too
	run -0 --separate-stderr acct-commit -v first tab
	same "acct-commit: tab: version 0 of job is there already" "$stderr"
	run -0 --separate-stderr acct-write -v --txn job:next --prepare second -i u.acct tab
	same "acct-write: tab: 1 records in 1 files prepared on version 0" "$stderr"
	same 3 "$(content tab | wc -l)"
	acct-commit second tab
	acct-commit second tab
	acct-commit first tab
	same $'1,a,1.00\n2,b\tb,\n3,,-0.01\n4,ü,9999999.99' "$(content tab)"
	same 2 "$(log tab | grep -c json)"
	[[ "$(acct-log --state tab)" == *"application    job 1"* ]]
	[ -e tab/_delta_log/00000000000000000001.crc ]
}

@test "commit: a prepared overwrite; other columns in place of the table's" {
	acct-write -i t.acct tab
	acct-write -m overwrite --txn job:7 --prepare next -i u.acct tab
	acct-commit next tab
	same '4,ü,9999999.99' "$(content tab)"
	mkrec t 'name:string*! more:date' <<<$'x\t2024-01-01' >other.acct
	run -65 --separate-stderr acct-write -m overwrite --txn job:8 --prepare next -i other.acct tab
	acct-write -m overwrite --replace-schema --txn job:8 --prepare next -i other.acct tab
	same '4,ü,9999999.99' "$(content tab)"
	acct-commit next tab
	same "$(acct-read -t t tab)" "$(cat other.acct)"
	same 1 "$(content --at 0 tab | grep -c '^1,a,1.00')"
	acct-write -m overwrite --replace-schema -i other.acct tab
	run ! grep -q metaData tab/_delta_log/00000000000000000003.json	# the same columns are left as they are
	acct-write -m overwrite --replace-schema -i u.acct tab
	same "$(acct-read -t u tab)" "$(cat u.acct)"
}

@test "commit: a prepared version and other writers" {
	acct-write -i t.acct tab
	acct-write --txn a:1 --prepare a -i u.acct tab
	acct-write -m overwrite --txn b:1 --prepare b -i u.acct tab
	acct-write -i u.acct tab
	acct-commit a tab
	same 5 "$(content tab | wc -l)"
	acct-commit b tab			# takes the place of all that is there then
	same 1 "$(content tab | wc -l)"
	acct-write --txn a:2 --prepare a -i u.acct tab
	mkrec t 'id:int64*! name:string amount:decimal(9,2) more:int64' <<<$'5\te\t1.00\t1' | acct-write --add-columns tab
	run -75 --separate-stderr acct-commit a tab
	same "acct-commit: tab: the table's columns have changed since this was prepared" "$stderr"
	run -75 --separate-stderr acct-read --with a tab
	same 2 "$(content tab | wc -l)"
	acct-commit --abandon a tab
	# Two make the table: the second finds it made.
	acct-write --txn a:1 --prepare a -i t.acct new
	acct-write --txn b:1 --prepare b -i u.acct new
	acct-commit a new
	acct-commit b new
	same 4 "$(content new | wc -l)"
	# Four at once, each its own.
	for w in 1 2 3 4; do acct-write --txn "w$w:next" --prepare "w$w" -i t.acct new; done
	for w in 1 2 3 4 1 2 3 4; do acct-commit "w$w" new & done
	for job in $(jobs -p); do wait "$job"; done
	same 16 "$(content new | wc -l)"
}

@test "commit: a prepared version: a torn file, another table, a lost table, lost data" {
	acct-write -i t.acct tab
	acct-write --txn job:next --prepare next -i u.acct tab
	before=$(ls -RA tab)
	for n in 0 1 20 $(($(stat -c %s next) / 2)) $(($(stat -c %s next) - 1)); do
		head -c "$n" next >torn
		for how in '' --abandon; do
			# shellcheck disable=SC2086
			run -65 --separate-stderr acct-commit $how torn tab
			same "acct-commit: torn: invalid or truncated prepared version" "$stderr"
		done
		run -65 --separate-stderr acct-read --with torn tab
	done
	sed 's/"size":[0-9]*/"size":1/' next >torn
	run -65 --separate-stderr acct-commit torn tab
	run -65 --separate-stderr acct-commit t.acct tab
	run -66 --separate-stderr acct-commit none tab
	run -66 --separate-stderr acct-commit . tab
	acct-write -i t.acct other
	run -65 --separate-stderr acct-commit next other
	[[ "$stderr" == "acct-commit: next: other: prepared for another table: "* ]]
	run -65 --separate-stderr acct-commit --abandon next other
	run -66 --separate-stderr acct-commit next nowhere
	same "acct-commit: next: nowhere: the table that this was prepared for does not exist" "$stderr"
	acct-write --txn job:next --prepare first -i u.acct made
	run -66 --separate-stderr acct-commit first other
	[[ "$stderr" == "acct-commit: other/part-"*": No such file or directory" ]]
	same "$before" "$(ls -RA tab)"
	cp tab/part-*.parquet .
	truncate -s -1 $(sed -n 's/.*"path":"\([^"]*\)".*/tab\/\1/p' next)
	run -65 --separate-stderr acct-commit next tab
	[[ "$stderr" == "acct-commit: tab/part-"*" bytes, not "* ]]
	rm $(sed -n 's/.*"path":"\([^"]*\)".*/tab\/\1/p' next)
	run -66 --separate-stderr acct-commit next tab
	same 3 "$(content tab | wc -l)"
	rm -r tab
	run -66 --separate-stderr acct-commit next tab
	[ ! -e tab ]
}

@test "commit: what was prepared is abandoned, but not what is in a version" {
	acct-write -i t.acct tab
	before=$(ls -RA tab)
	acct-write --txn job:next --prepare next -i u.acct tab
	acct-commit --abandon next tab
	acct-commit --abandon next tab
	same "$before" "$(ls -RA tab)"
	run -66 --separate-stderr acct-commit next tab
	acct-write --txn job:next --prepare next -i u.acct tab
	acct-commit next tab
	acct-commit --abandon next tab
	same 4 "$(content tab | wc -l)"
	acct-write --txn job:next --prepare first -i t.acct made
	acct-commit --abandon first made
	same "" "$(find made -type f)"
}

@test "commit: two steps: wrong use, bad streams, a full disk" {
	acct-write --txn job:4 -i t.acct tab
	before=$(ls -RA tab)
	run -64 --separate-stderr acct-write --prepare next -i t.acct tab
	run -64 --separate-stderr acct-write --txn job:next -i t.acct tab
	run -64 --separate-stderr acct-write --replace-schema -i t.acct tab
	run -64 --separate-stderr acct-write --txn job:next --prepare next -i t.acct -o x.parquet
	run -64 --separate-stderr acct-commit
	[[ "$stderr" == "acct-commit: expected PREPARED and TABLE"* ]]
	run -64 --separate-stderr acct-commit next
	[[ "$stderr" == "acct-commit: expected a TABLE after each PREPARED"* ]]
	run -64 --separate-stderr acct-commit next tab other
	run -64 --separate-stderr acct-commit --abandon next
	run -64 --separate-stderr acct-commit --recover
	run -64 --separate-stderr acct-commit --abandon --recover next tab
	run -65 --separate-stderr acct-write --txn job:4 --prepare next -i t.acct tab
	[[ "$stderr" == *"job has written version 4 of its own already: nothing to prepare" ]]
	run -65 --separate-stderr sh -c 'head -n 2 t.acct | acct-write --txn job:next --prepare next tab'
	run -74 --separate-stderr acct-write --txn job:next --prepare /dev/full -i t.acct tab
	run -73 --separate-stderr acct-write --txn job:next --prepare none/next -i t.acct tab
	[ ! -e next ]
	same "$before" "$(ls -RA tab)"
}

@test "commit: the manual's example of two steps" {
	mkrec accounts 'account_id:int64*! balance:decimal(18,2)!' <<<$'1\t2.50' >accounts.acct
	mkrec loans 'loan_id:int64*!' <<<1 >loans.acct
	acct-write -m overwrite --txn night:next --prepare a.prepared -i accounts.acct lake/accounts
	acct-write -m overwrite --txn night:next --prepare l.prepared -i loans.acct lake/loans
	same $'total\n2.50' "$(acct-read --with a.prepared lake/accounts | acct-balance 'total=sum(balance)' | acct-cat)"
	acct-commit a.prepared lake/accounts l.prepared lake/loans
	same $'loan_id\n1' "$(acct-read lake/loans | acct-cat)"
}

@test "commit: the next writer removes what a stopped one left, and nothing else" {
	need_strace
	stop() {	# a write into tab that is killed when its data file has its name, at the link that makes the version
		traced -f -e trace=linkat -e inject=linkat:signal=KILL:when="$1" acct-write -i t.acct tab && false
		[ -n "$(find tab/_delta_log -name '_intent-*')" ]
	}
	acct-write -i t.acct tab
	named=$(ls tab/*.parquet)
	stop 2
	[ "$(ls tab/*.parquet | wc -l)" -eq 2 ]
	echo x >tab/part-of-another.parquet
	same "acct-commit: tab: 1 files removed" "$(acct-commit -v --recover tab 2>&1)"
	same "$(printf '%s\n' "$named" tab/part-of-another.parquet | sort)" "$(ls tab/*.parquet | sort)"
	same "" "$(find tab/_delta_log -name '_intent-*')"
	stop 2
	acct-merge -k id -i t.acct tab
	same "" "$(find tab/_delta_log -name '_intent-*')"
	same 2 "$(ls tab/*.parquet | wc -l)"
	stop 2
	acct-vacuum --delete tab
	same 2 "$(ls tab/*.parquet | wc -l)"
	# one whose version stands: only what says so goes
	traced -f -e trace=linkat,unlinkat -e inject=unlinkat:signal=KILL:when=1 acct-write -i t.acct tab && false
	[ -n "$(find tab/_delta_log -name '_intent-*')" ]
	same "acct-commit: tab: 0 files removed" "$(acct-commit -v --recover tab 2>&1)"
	same 3 "$(ls tab/*.parquet | wc -l)"
	same "" "$(find tab/_delta_log -name '_intent-*')"
	# one at work is left alone
	traced -e trace=linkat -e inject=linkat:delay_enter=2000000:when=1 acct-write -i t.acct tab &
	until [ -n "$(find tab/_delta_log -name '_intent-*')" ]; do sleep 0.05; done
	acct-write -i t.acct tab
	acct-commit --recover tab
	[ -n "$(find tab/_delta_log -name '_intent-*')" ]
	wait $!
	acct-read -c id tab >/dev/null
	same 5 "$(ls tab/*.parquet | wc -l)"
	acct-commit --recover nothing
	same $'acct-commit: tab: 0 files removed\nacct-commit: nothing: 0 files removed' "$(acct-commit -v --recover tab nothing 2>&1)"
}

# ---- merges and rewrites ----

# two_files: a table of two files, ids 1 to 3 and 100 to 102.
two_files() {
	rm -rf tab
	acct-write -i t.acct tab
	printf '%s\tz\t1.00\n' 100 101 102 | mkrec t 'id:int64*! name:string amount:decimal(9,2)' | acct-write tab
}

@test "commit: a prepared merge takes effect once, as a direct one" {
	two_files
	cp -a tab direct
	cat <(acct-select x.acct) | acct-merge direct
	run -0 --separate-stderr acct-merge -v --txn job:next --prepare p -i x.acct tab
	same "acct-merge: tab: 0 inserted, 1 updated, 0 deleted, 2 copied; 1 files written, 1 removed prepared on version 1" "$stderr"
	same 6 "$(content tab | grep -vc x)"
	cmp <(acct-read -t t --with p tab) <(acct-read -t t direct)
	same 3 "$(acct-log --files --with p tab | wc -l | xargs expr 1 +)"
	run -0 --separate-stderr acct-commit -v p tab
	same "acct-commit: tab: version 2: 3 records in 1 files; 1 files removed" "$stderr"
	run -0 --separate-stderr acct-commit -v p tab
	same "acct-commit: tab: version 0 of job is there already" "$stderr"
	cmp <(acct-read -t t tab) <(acct-read -t t direct)
	for field in operation operationParameters operationMetrics; do
		same "$(version 2 direct | sed -n 1p | jq -S ".commitInfo.$field")" "$(version 2 tab | sed -n 1p | jq -S ".commitInfo.$field")"
	done
	same "$(acct-log --state direct | grep -v '^version \|^id ')" "$(acct-log --state tab | grep -v '^version \|^id \|^application ')"
	acct-commit --abandon p tab
	same 6 "$(content tab | wc -l)"
}

@test "commit: a merge makes the table, once" {
	acct-merge --txn job:next --prepare p -i t.acct tab
	acct-merge --txn two:next --prepare q -i u.acct tab
	same 3 "$(content --with p tab | wc -l)"
	run -66 acct-read tab
	acct-commit p tab
	cmp <(acct-read -t t tab) t.acct
	run -75 --separate-stderr acct-commit q tab
	same "acct-commit: tab: another writer created the table since q was prepared" "$stderr"
	acct-commit --abandon q tab
	same 1 "$(ls tab/*.parquet | wc -l)"
	[ ! -e tab/_delta_log/_prepared ]
}

@test "commit: a prepared merge with --changes" {
	two_files
	acct-merge --txn job:next --prepare p --changes c.acct -i x.acct tab
	same $'update_preimage\nupdate_postimage' "$(acct-cat c.acct | tail -n +2 | cut -d, -f1)"
	acct-commit p tab
	run -65 --separate-stderr acct-merge --txn job:0 --prepare p --changes d.acct -i x.acct tab
	[ ! -e d.acct ]
}

@test "commit: a prepared merge and what other writers did since" {
	two_files
	acct-merge --txn job:next --prepare p -i x.acct tab
	acct-write -i y.acct tab				# no key of the merge's range
	acct-write --txn other:1 -i y.acct tab
	acct-commit p tab
	same 8 "$(content tab | wc -l)"
	two_files
	acct-merge --txn job:next --prepare p -i x.acct tab
	acct-write -i x.acct tab				# the key itself
	before=$(ls -RA tab)
	run -75 --separate-stderr acct-commit p tab
	same "acct-commit: tab: version 2 of another writer came first and added rows" "$stderr"
	run -75 --separate-stderr acct-read --with p tab
	same "$before" "$(ls -RA tab)"
	two_files
	acct-merge --txn job:next --prepare p -i x.acct tab
	acct-merge -i <(acct-select -w 'id > 0' y.acct | sed 's/^90/3/') tab || acct-merge -i u.acct tab
	acct-merge -i <(acct-read -c id,name,amount tab | acct-select -w 'id = 3' -c "id,name='new',amount") tab
	run -75 --separate-stderr acct-commit p tab
	[[ "$stderr" == "acct-commit: tab: version "*" of another writer came first and "* ]]
	two_files
	acct-merge --txn job:next --prepare p -i x.acct tab
	acct-optimize tab					# the same rows elsewhere
	run -75 --separate-stderr acct-commit p tab
	[[ "$stderr" == "acct-commit: tab: version 2 of another writer came first and removed files that were read" ]]
	two_files
	acct-merge --txn job:next --prepare p -i x.acct tab
	mkrec t 'id:int64*! more:int64' <<<$'70\t1' | acct-write --add-columns tab
	run -75 --separate-stderr acct-commit p tab
	same "acct-commit: tab: version 2 of another writer came first and changed the table's schema or protocol" "$stderr"
}

@test "commit: a merge whose base version is gone from the log" {
	two_files
	acct-merge --txn job:next --prepare p -i x.acct tab
	for _ in $(seq 2 10); do acct-write -i y.acct tab; done
	rm tab/_delta_log/0000000000000000000?.json
	run -75 --separate-stderr acct-commit p tab
	same "acct-commit: tab: version 1, on which p was prepared, is gone: prepare it again" "$stderr"
}

@test "commit: a prepared rewrite has the same rows and only conflicts over its files" {
	two_files
	acct-write -i u.acct tab
	rows=$(content tab)
	run -0 --separate-stderr acct-optimize -v --txn job:next --prepare p tab
	[[ "$stderr" == "acct-optimize: tab: 1 files of "*" bytes in place of 3 of "*" prepared on version 2" ]]
	same "$rows" "$(content --with p tab)"
	same 1 "$(acct-log --files --with p tab | wc -l)"
	acct-write -i y.acct tab
	same 2 "$(acct-log --files --with p tab | wc -l)"
	acct-commit p tab
	acct-commit p tab
	same "$(printf '%s\n' "$rows" 90,y,9.00 | sort)" "$(content tab)"
	! version 4 tab | grep -q '"dataChange":true'
	same OPTIMIZE "$(version 4 tab | sed -n 1p | jq -r .commitInfo.operation)"
	acct-optimize --txn job:next --prepare p tab
	acct-merge -i x.acct tab
	run -75 --separate-stderr acct-commit p tab
	[[ "$stderr" == *"came first and removed files that were read" ]]
	acct-commit --abandon p tab
	acct-optimize tab
	run -0 --separate-stderr acct-optimize -v --txn job:next --prepare none tab
	[[ "$stderr" == *" stays: nothing to do" ]]
	[ ! -e none ]
}

@test "commit: a rewrite of files with deletion vectors" {
	found=
	for t in "$ROOT"/../shared/conformance/delta/golden/*; do
		[ -d "$t/_delta_log" ] && grep -qs '"deletionVector"' "$t"/_delta_log/*.json || continue
		rm -rf dv && cp -r "$t" dv && chmod -R u+w dv
		acct-read dv >before.acct 2>/dev/null || continue
		acct-optimize --txn job:next --prepare p dv 2>/dev/null && [ -e p ] || continue
		found=yes
		cmp <(acct-read -t t --with p dv | acct-cat | sort) <(acct-cat before.acct | sort)
		acct-commit p dv
		cmp <(acct-read -t t dv | acct-cat | sort) <(acct-cat before.acct | sort)
		same "" "$(acct-log --files --json dv | jq -r 'select(.deleted > 0)')"
		rm p
	done
	[ -n "$found" ] || skip "SKIPPED: there is no table with deletion vectors"
}

# ---- many as one version ----

@test "commit: many appends of one table are one version" {
	acct-write --txn job:7 --prepare p1 -i t.acct tab
	acct-write --txn job:7 --prepare p2 -i u.acct tab
	acct-write --txn other:next --prepare p3 -i y.acct tab
	run -0 --separate-stderr acct-commit -v p1 tab p2 tab p3 tab
	same "acct-commit: tab: version 0: 5 records in 3 files" "$stderr"
	same 5 "$(content tab | wc -l)"
	same "$(printf '%s\n' job other)" "$(version 0 tab | jq -r 'select(.txn != null).txn.appId')"
	same "$(printf '%s\n' 3 5)" "$(version 0 tab | sed -n 1p | jq -r '.commitInfo.operationMetrics | .numFiles, .numOutputRows')"
	acct-commit p1 tab p2 tab p3 tab
	same 5 "$(content tab | wc -l)"
	same 1 "$(log tab | grep -c json)"
	acct-check tab
}

@test "commit: pieces of one overwrite are one version, of all their rows" {
	acct-write -i t.acct tab
	acct-write -m overwrite --txn job:1 --prepare p1 -i u.acct tab
	acct-write -m overwrite --txn job:1 --prepare p2 -i y.acct tab
	acct-write --txn job:1 --prepare p3 -i x.acct tab
	acct-write -i t.acct tab
	same 3 "$(acct-read -c id --with p1 --with p2 --with p3 tab | acct-cat | tail -n +2 | wc -l)"
	acct-commit p3 tab p1 tab p2 tab
	same $'2,x,2.00\n4,ü,9999999.99\n90,y,9.00' "$(content tab)"
	same 3 "$(log tab | grep -c json)"
	same Overwrite "$(version 2 tab | sed -n 1p | jq -r .commitInfo.operationParameters.mode)"
	acct-check tab
	for n in 1 2; do
		mkrec t 'name:string*! more:date' <<<"$n"$'\t2024-01-01' | acct-write -m overwrite --replace-schema --txn job:2 --prepare r$n tab
	done
	acct-commit r1 tab r2 tab
	same $'1,2024-01-01\n2,2024-01-01' "$(content tab)"
	acct-check tab
}

@test "commit: two merges of rows apart are one version" {
	two_files
	acct-merge --txn job:1 --prepare p1 -i x.acct tab
	acct-merge --txn job:1 --prepare p2 -i <(mkrec t 'id:int64*! name:string amount:decimal(9,2)' <<<$'101\tw\t2.00') tab
	same 2 "$(acct-read --with p1 --with p2 tab | acct-cat | grep -c ',2.00$')"
	acct-commit p1 tab p2 tab
	same 6 "$(content tab | wc -l)"
	same 2 "$(content tab | grep -c ',2.00$')"
	same 2 "$(version 2 tab | sed -n 1p | jq -r .commitInfo.operationMetrics.numTargetRowsUpdated)"
	acct-check tab
}

# apart MESSAGE PREPARED...: they are refused as one version, with this message, and the table stays.
apart() {
	local want=$1 before words=
	shift
	before=$(ls -RA tab)
	for p; do words="$words $p tab"; done
	# shellcheck disable=SC2086
	run -65 --separate-stderr acct-commit $words
	[[ "$stderr" == "acct-commit: tab: $want"* ]] || { echo "$stderr" >&2; false; }
	same "$before" "$(ls -RA tab)"
}

@test "commit: what cannot be one version is refused" {
	two_files
	acct-merge --txn a:1 --prepare m1 -i x.acct tab
	acct-merge --txn b:1 --prepare m2 -i <(acct-read tab | acct-select -w 'id = 3' -c "id,name='n',amount") tab
	acct-merge --txn c:1 --prepare m3 -i <(acct-read tab | acct-select -w 'id in (1, 100)' -c "id,name='n',amount") tab
	acct-write --txn d:1 --prepare w1 -i u.acct tab
	mkrec t 'id:int64*! more:int64' <<<$'70\t1' | acct-write --add-columns --txn e:1 --prepare w2 tab
	acct-optimize --txn f:1 --prepare o1 tab
	acct-optimize --txn g:1 --prepare o2 tab
	apart "m1 and m2 cannot be one version: both rewrite the file part-" m1 m2
	apart "m1 and w1 cannot be one version: one is a MERGE, the other a WRITE" m1 w1
	apart "w1 and w2 cannot be one version: their columns differ" w1 w2
	apart "o1 and o2 cannot be one version: both rewrite the file part-" o1 o2
	for id in 5 50; do
		acct-merge --txn h$id:1 --prepare n$id -i <(mkrec t 'id:int64*! name:string amount:decimal(9,2)' <<<$id$'\tn\t1.00') tab
	done
	mkrec t 'id:int64*! name:string amount:decimal(9,2)' <<<$'4\tn\t1.00\n6\tn\t1.00' >wide.acct
	acct-merge --txn i:1 --prepare wide -i wide.acct tab
	apart "wide and n5 cannot be one version: the first depends on rows that the second may add" wide n5
	acct-commit n5 tab n50 tab
	run -65 --separate-stderr acct-commit w1 tab n5 tab
	same "acct-commit: tab: n5 is committed, but not all that were given with it" "$stderr"
}

@test "commit: many processes commit the same pieces at once" {
	acct-write -i t.acct tab
	for n in 1 2 3; do acct-write --txn job:1 --prepare p$n -i u.acct tab; done
	for _ in 1 2 3 4 5 6; do acct-commit p1 tab p2 tab p3 tab & done
	for job in $(jobs -p); do wait "$job"; done
	same 6 "$(content tab | wc -l)"
	same 2 "$(log tab | grep -c json)"
}

# ---- several tables ----

@test "commit: tables in turn; the first failure ends it, and it may run again" {
	for t in a b c; do acct-write --txn job:1 --prepare $t.p -i t.acct $t; done
	mv b.p b.away
	run -66 --separate-stderr acct-commit -v a.p a b.p b c.p c
	same $'acct-commit: a: version 0: 3 records in 1 files\nacct-commit: b.p: No such file or directory' "$stderr"
	run -66 acct-read c
	mv b.away b.p
	run -0 --separate-stderr acct-commit -v a.p a b.p b c.p c
	same $'acct-commit: a: version 1 of job is there already
acct-commit: b: version 0: 3 records in 1 files\nacct-commit: c: version 0: 3 records in 1 files' "$stderr"
	for t in a b c; do same 3 "$(content $t | wc -l)"; done
}

@test "commit: --abandon and --recover go on after a failure" {
	for t in a b c; do acct-write --txn job:1 --prepare $t.p -i t.acct $t; done
	acct-commit b.p b
	mv a.p a.away
	run -66 --separate-stderr acct-commit -v --abandon a.p a b.p b c.p c
	same $'acct-commit: a.p: No such file or directory\nacct-commit: b: version 1 of job is there already\nacct-commit: c: 1 files removed' "$stderr"
	same 3 "$(content b | wc -l)"
	same "" "$(find c -type f)"
	same 1 "$(ls a/*.parquet | wc -l)"
}

@test "commit: a lake that was moved" {
	acct-write -i t.acct lake/tab
	acct-write --txn job:1 --prepare p -i u.acct lake/tab
	acct-merge --txn job:2 --prepare q -i x.acct lake/tab
	mv lake elsewhere
	acct-commit q elsewhere/tab
	same 3 "$(content elsewhere/tab | wc -l)"
	acct-write --txn else:1 --prepare p -i u.acct elsewhere/tab
	acct-commit p elsewhere/tab
	same 4 "$(content elsewhere/tab | wc -l)"
}

# ---- what a run has prepared ----

@test "commit: ACCT_PREPARED: within a run the same commands see what the run has prepared" {
	acct-write -i t.acct lake/silver/a
	acct-write -i t.acct lake/silver/b
	mkdir -p run/silver/_rejects
	acct-write --txn job:1 --prepare run/silver/a -i u.acct lake/silver/a
	acct-write --txn job:1 --prepare run/silver/a.more -i y.acct lake/silver/a
	acct-merge --txn job:1 --prepare run/silver/b -i x.acct lake/silver/b
	acct-write --txn job:1 --prepare run/silver/_rejects/new -i u.acct lake/silver/new
	: >run/silver/.hidden
	: >run/silver/a.tmp-1234
	export ACCT_PREPARED=$PWD/run
	same 5 "$(content lake/silver/a | wc -l)"
	(cd lake && same 5 "$(content silver/a | wc -l)" && cd silver/a && same 5 "$(content . | wc -l)")
	same $'1,a,1.00\n2,x,2.00\n3,,-0.01' "$(content lake/silver/b)"
	cmp <(acct-read -t u lake/silver/new) u.acct
	same 3 "$(acct-log --files lake/silver/a | wc -l)"
	same 3 "$(content lake/silver/a@0 | wc -l)"			# a version is as it is
	same 4 "$(content --with run/silver/a lake/silver/a | wc -l)"	# only what is named
	acct-write -i t.acct lake/other
	same 3 "$(content lake/other | wc -l)"
	acct-read -o plain.acct lake/silver/b && acct-write -o plain.parquet -i plain.acct && same 3 "$(content plain.parquet | wc -l)"
	acct-commit run/silver/_rejects/new lake/silver/new run/silver/b lake/silver/b
	cmp <(acct-read -t u lake/silver/new) u.acct			# now it is a version
	same $'1,a,1.00\n2,x,2.00\n3,,-0.01' "$(content lake/silver/b)"
	same 5 "$(content lake/silver/a | wc -l)"
	unset ACCT_PREPARED
	same 3 "$(content lake/silver/a | wc -l)"
	run -66 --separate-stderr env ACCT_PREPARED=nowhere acct-read lake/silver/a
	same "acct-read: ACCT_PREPARED: nowhere: No such file or directory" "$stderr"
	echo x >run/silver/wrong
	run -65 --separate-stderr env ACCT_PREPARED=run acct-read lake/silver/a
	same "acct-read: run/silver/wrong: invalid or truncated prepared version" "$stderr"
}
