load helper

prepare() {
	mkrec t 'id:int64*! name:string amount:decimal(9,2)' >t.acct <<-'END'
	1	a	1.00
	2	b	\N
	END
	acct-write --txn load:3 -i t.acct tab
	acct-write -i t.acct tab
	acct-write -m overwrite -i t.acct tab
}

@test "log: the history, newest first" {
	run -0 --separate-stderr acct-log tab
	same 3 "${#lines[@]}"
	[[ "${lines[0]}" =~ ^\ +2\ \ 20[0-9-]+T[0-9:.]+Z\ \ WRITE\ \{\"mode\":\"Overwrite\".*\"numOutputRows\":\"2\".*\ \ acct/[0-9.]+$ ]]
	[[ "${lines[2]}" == "     0  "* ]]
	run -0 acct-log -n 1 tab
	same 1 "${#lines[@]}"
	run -0 --separate-stderr acct-log --json tab
	same $'2 Overwrite false\n1 Append true\n0 Append true' "$(echo "$output" | python3 -c '
import json, sys
for line in sys.stdin:
    o = json.loads(line)
    print(o["version"], o["operationParameters"]["mode"], str(o["isBlindAppend"]).lower())')"
}

@test "log: which versions change rows, and by which application" {
	acct-optimize tab
	acct-write --txn 'a"b:1' -i t.acct tab
	acct-write -i t.acct tab
	acct-optimize tab
	edit_log 's/"dataChange":false/ "dataChange" : false/; s/{"add"/{ "add"/' tab/_delta_log/00000000000000000005.json
	same '5 false []
4 true []
3 true ["a\"b"]
2 true []
1 true []
0 true ["load"]' "$(acct-log --json tab | jq -r '"\(.version) \(.dataChange) \(.applications)"')"
}

@test "log: the state" {
	run -0 --separate-stderr acct-log --state tab
	bytes=$(acct-log --files tab | awk '{ n += $1 } END { print n }')
	id=$(grep -ho '"metaData":{"id":"[^"]*' tab/_delta_log/*0.json | cut -d '"' -f 6)
	same "version        2
id             $id
files          1
bytes          $bytes
rows           2
small files    1
deleted rows   0
removed files  2
protocol       reader 1, writer 2
column         id int64 not null
column         name string
column         amount decimal(9,2)
property       acct.key=id
application    load 3" "$(echo "$output" | sed '1s/,.*//')"
	run -0 acct-log --state --at 1 tab
	[[ "$output" == *$'\nfiles          2\n'*$'\nrows           4\n'* ]]
	run -0 acct-log --state --json tab
	same "2 $id 2 1 load 3 amount decimal(9,2)" "$(echo "$output" | python3 -c '
import json, sys
o = json.load(sys.stdin)
print(o["version"], o["id"], o["rows"], o["files"], *[x for i in o["applications"].items() for x in i], o["columns"][2]["name"], o["columns"][2]["type"])')"
}

@test "log: the files" {
	run -0 --separate-stderr acct-log --files tab
	same 1 "${#lines[@]}"
	file=${lines[0]##* }
	read -r size rows deleted _ <<<"${lines[0]}"
	same "$(stat -c %s "tab/$file") 2 0" "$size $rows $deleted"
	same 2 "$(acct-log --files --at 1 tab | wc -l)"
	run -0 acct-log --files --json tab
	same "$file $size 2" "$(echo "$output" | python3 -c 'import json, sys; o = json.load(sys.stdin); print(o["name"], o["size"], o["rows"])')"
}

@test "log: deletion vectors and features of others" {
	mkrec t 'id:int64 part:string' <<<$'1\ta\n2\ta\n3\ta' | acct-write dv
	with_deletions dv 1
	edit_log '/"add"/s/"partitionValues":{}/"partitionValues":{"part":"a"}/; s/"partitionColumns":\[\]/"partitionColumns":["part"]/' dv/_delta_log/*.json
	run -0 acct-log --state dv
	[[ "$output" == *"reader needs  deletionVectors"* ]]
	[[ "$output" == *" partition"* ]]
	acct-log --files --json dv >files
	grep -q '"deletedRows":1[,}]' files
}

@test "log: only a checkpoint is left" {
	for _ in $(seq 11); do acct-write -i t.acct ten; done
	rm ten/_delta_log/*.json
	run -0 acct-log ten
	same "" "$output"
	run -0 acct-log --state ten
	same "version        10" "${lines[0]}"
}

@test "log: the time that a commit has within" {
	acct-write -i t.acct ict
	edit_log 's/{"commitInfo":{/&"inCommitTimestamp":1704067200000,/
	    s/{"minReaderVersion":1,"minWriterVersion":2}/{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["inCommitTimestamp"]}/
	    s/"configuration":{/&"delta.enableInCommitTimestamps":"true",/' ict/_delta_log/*.json
	[[ "$(acct-log ict)" == "     0  2024-01-01T00:00:00Z "* ]]
	[[ "$(acct-log --state ict)" == "version        0, 2024-01-01T00:00:00Z"* ]]
	edit_log 's/"delta.enableInCommitTimestamps":"true"/"delta.enableInCommitTimestamps":"false"/' ict/_delta_log/*.json
	[[ "$(acct-log --state ict)" != "version        0, 2024-01-01T00:00:00Z"* ]]
}

@test "log: what is not there, wrong use, full disk" {
	run -66 --separate-stderr acct-log none
	same "acct-log: none: not a Delta table: no commit and no checkpoint in _delta_log" "$stderr"
	run -66 --separate-stderr acct-log --state none
	same "acct-log: none: not a Delta table: no commit and no checkpoint in _delta_log" "$stderr"
	run -66 --separate-stderr acct-log --files --at 9 tab
	for words in "" "a b" "-n 0 tab" "-n 1 --state tab" "--state --files tab" "--at 1 tab" "--state --at x tab"; do
		# shellcheck disable=SC2086
		run -64 --separate-stderr acct-log $words
	done
	run -74 --separate-stderr sh -c 'acct-log tab >/dev/full'
	same "acct-log: <stdout>: No space left on device" "$stderr"
	run -74 --separate-stderr sh -c 'acct-log tab >&-'
}

@test "log: the manual's example" {
	mkdir -p lake/silver
	mv tab lake/silver/accounts
	same $'rows           2\nrows           4\nrows           2' "$(for v in $(acct-log --json lake/silver/accounts |
	    sed 's/^{"version":\([0-9]*\).*/\1/'); do
		acct-log --state --at "$v" lake/silver/accounts | grep ^rows
	done)"
}

@test "log: the table as it will be" {
	acct-write --txn load:4 --prepare next -i t.acct tab
	same "$(acct-log --files tab | wc -l)" 1
	run -0 --separate-stderr acct-log --files --with next tab
	same 2 "${#lines[@]}"
	run -0 acct-log --state --with next tab
	[[ "$output" == "version        3"*$'\nrows           4\n'* ]]
	acct-commit next tab
	same "$(acct-log --files tab)" "$(acct-log --files --with next tab)"
	acct-write --txn load:1 --prepare first -i t.acct new	# a table's first version
	run -0 acct-log --files --with first new
	same 1 "${#lines[@]}"
	run -66 --separate-stderr acct-log --files --with none tab
	run -65 --separate-stderr acct-log --files --with t.acct tab
	run -64 --separate-stderr acct-log --with next tab
	run -64 --separate-stderr acct-log --files --at 1 --with next tab
	[[ "$stderr" == "acct-log: expected one of --at and --with"* ]]
}
