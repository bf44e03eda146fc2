load helper

prepare() {
	mkrec t 'id:int64*! name:string amount:decimal(9,2) day:date' >t.acct <<-'END'
	1	a	1.00	2024-01-01
	2	\N	\N	2024-02-01
	3	c	-0.01	\N
	END
	mkrec t 'id:int64*! name:string amount:decimal(9,2) day:date' >u.acct <<<$'4\td\t5.00\t2025-01-01'
}

@test "read: what is not there" {
	run -66 --separate-stderr acct-read none
	same "acct-read: none: No such file or directory" "$stderr"
	mkdir folder
	run -66 --separate-stderr acct-read folder
	same "acct-read: folder: neither a Delta table nor a folder of Parquet files" "$stderr"
	no_records
	run -64 --separate-stderr acct-read
	run -64 --separate-stderr acct-read a b
	run -64 --separate-stderr acct-read s3://account/x
	same "acct-read: s3://account/x: unknown kind of address; kinds are: a directory, az, abfss, https" "$stderr"
}

@test "read: versions" {
	acct-write -i t.acct tab
	acct-write -i u.acct tab
	same 4 "$(acct-read --at 1 tab | acct-cat | tail -n +2 | wc -l)"
	cmp <(acct-read -t t --at 0 tab) t.acct
	run -66 --separate-stderr acct-read --at 2 tab
	same "acct-read: tab: no version 2: the newest is 1" "$stderr"
	run -64 --separate-stderr acct-read --at x tab
	run -64 --separate-stderr acct-read --at 1 tab@2024-01-01
	acct-write -o t.parquet -i t.acct
	run -64 --separate-stderr acct-read --at 0 t.parquet
}

@test "read: the version of a time" {
	acct-write -i t.acct tab
	acct-write -i u.acct tab
	touch -d 2024-01-01T00:00:00Z tab/_delta_log/00000000000000000000.json
	touch -d 2024-06-01T00:00:00.500Z tab/_delta_log/00000000000000000001.json
	same 3 "$(acct-read --at 2024-01-01 tab | acct-cat | tail -n +2 | wc -l)"
	same 3 "$(acct-read --at 2024-06-01 tab | acct-cat | tail -n +2 | wc -l)"
	same 4 "$(acct-read --at 2024-06-01T00:00:00.5Z tab | acct-cat | tail -n +2 | wc -l)"
	same 4 "$(acct-read --at 2030-01-01 tab | acct-cat | tail -n +2 | wc -l)"
	run -66 --separate-stderr acct-read --at 2023-12-31 tab
	same "acct-read: tab: no version that early: the first known is of 2024-01-01T00:00:00Z" "$stderr"
	run -64 --separate-stderr acct-read --at yesterday tab
}

@test "read: columns" {
	acct-write -i t.acct tab
	same $'amount,id\n1.00,1\n,2\n-0.01,3' "$(acct-read -c amount,id tab | acct-cat)"
	run -0 acct-read -c amount,id tab
	[[ "${lines[0]}" == *" tab amount:decimal%289%2C2%29 id:int64*!" || "${lines[0]}" == *" tab amount:decimal(9,2) id:int64*!" ]]
	run -64 --separate-stderr acct-read -c amount,none tab
	same "acct-read: -c: 'none': no such column in tab" "$stderr"
	run -64 --separate-stderr acct-read -c id,id tab
}

@test "read: the predicate is that of acct-select" {
	seq 1 3000 | awk '{ print $1 "\t" ($1 % 7 ? "n" $1 % 13 : "\\N") "\t" ($1 % 5 ? $1 / 100 : "\\N") "\t2024-0" 1 + $1 % 9 "-01" }' |
	    mkrec t 'id:int64*! name:string amount:decimal(9,2) day:date' >big.acct
	acct-write -i big.acct tab
	acct-write -i u.acct tab
	acct-write -o big.parquet -i big.acct
	while read -r predicate; do
		cmp <(acct-read -t t -w "$predicate" tab | acct-cat) <(acct-read -t t tab | acct-select -w "$predicate" | acct-cat) ||
		    { echo "$predicate" >&2; false; }
		cmp <(acct-read -t t -w "$predicate" -c day,id big.parquet) <(acct-select -w "$predicate" big.acct | acct-select -c day,id) ||
		    { echo "$predicate" >&2; false; }
	done <<-'END'
	id = 17
	id > 2990 or name = 'n3'
	id in (1, 5, 2999, 4)
	amount >= 3.5 and amount < 4
	amount is null
	amount is not null and name is null
	not (name = 'n1') and day = '2024-03-01'
	name > 'n5' and id <= 100
	id < 99999999999999999
	id > 9999999999999999999
	id < -9999999999999999999
	amount < 99999999999999999999
	amount <> 4.00
	id = amount
	END
	run -64 --separate-stderr acct-read -w 'id >' tab
	[[ "$stderr" == "acct-read: --where: "*"^" ]]
}

@test "read: files that cannot hold a wanted row are not opened" {
	acct-write -i t.acct tab
	file=$(cd tab && echo part-*)
	acct-write -i u.acct tab
	rm "tab/$file"
	same "4,d,5.00,2025-01-01" "$(acct-read -w 'id >= 4' tab | acct-cat | tail -n +2)"
	same "4,d,5.00,2025-01-01" "$(acct-read -w "day > '2024-12-31' and amount = 5" tab | acct-cat | tail -n +2)"
	same "4,d,5.00,2025-01-01" "$(acct-read -w "name = 'd'" tab | acct-cat | tail -n +2)"
	run -66 --separate-stderr acct-read -o made -w 'id >= 3' tab
	[[ "$stderr" == "acct-read: tab/$file: No such file or directory" ]]
	[ ! -e made ]
}

@test "read: bounds that another writer cut down to 64 bits rule nothing out" {
	for value in 18446744073709551616 -18446744073709551616; do
		rm -rf wide
		mkrec t 'd:decimal(38,0)' <<<"$value" | acct-write wide
		bound=9223372036854775807
		[ "$value" != -18446744073709551616 ] || bound=-9223372036854775808
		edit_log "s/{\\\\\"d\\\\\":$value}/{\\\\\"d\\\\\":$bound}/g" wide/_delta_log/*.json
		same 2 "$(grep -o ":$bound}" wide/_delta_log/*.json | wc -l)"
		same "$value" "$(acct-read -w "d = $value" wide | acct-cat -f csv | tail -n +2)"
	done
}

@test "read: a version that the log does not go back to" {
	for _ in $(seq 12); do acct-write -i t.acct tab; done
	rm tab/_delta_log/0000000000000000000[0-9].json
	run -66 --separate-stderr acct-read --at 9 tab
	same "acct-read: tab: no version 9: the log does not go back so far" "$stderr"
	rm tab/_delta_log/*.json
	run -66 --separate-stderr acct-read --at 9 tab
	same "acct-read: tab: no version 9: the log does not go back so far" "$stderr"
	run -66 --separate-stderr acct-read --at 11 tab
	same "acct-read: tab: no version 11: the newest is 10" "$stderr"
	run -66 --separate-stderr acct-read --at 2030-01-01 tab
	same "acct-read: tab: only a checkpoint is left in the log, no commit with a time" "$stderr"
	acct-read --at 10 -o /dev/null tab
}

@test "read: sidecars of a checkpoint by their whole, encoded path" {
	need "$SHARED/conformance/delta"
	cp -r "$SHARED/conformance/delta/golden/v2-checkpoint-json" v2
	chmod -R u+w v2
	rm v2/_delta_log/000000000000000000{00,01,02}.json
	acct-read -o want v2
	sed -i "s|\"sidecar\":{\"path\":\"\([^\"]*\)\.checkpoint\.|\"sidecar\":{\"path\":\"file:$PWD/v2/_delta_log/_sidecars/\1%2Echeckpoint.|" \
	    v2/_delta_log/*.json
	grep -q '%2E' v2/_delta_log/*.json
	acct-read -t v2 v2 | cmp - want
}

@test "read: columns are mapped only where the protocol has it" {
	acct-write -i t.acct tab
	edit_log 's/"configuration":{/&"delta.columnMapping.mode":"name",/' tab/_delta_log/*.json
	same "$(tail -n +2 t.acct)" "$(acct-read -t t tab | tail -n +2)"
	edit_log 's/"minReaderVersion":1/"minReaderVersion":2/' tab/_delta_log/*.json
	run -65 --separate-stderr acct-read tab
	[[ "$stderr" == *"has no physical name or number" ]]
}

@test "read: a feature that is not known is named, whatever else it brings" {
	acct-write -i t.acct tab
	edit_log 's/{"minReaderVersion":1,"minWriterVersion":2}/{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["later"],"writerFeatures":["later"]}/
	    s/"size":[0-9]*,//' tab/_delta_log/*.json
	run -69 --separate-stderr acct-read tab
	same "acct-read: tab: unsupported reader feature: later" "$stderr"
}

@test "read: a table whose versions a catalog keeps is not read by its path" {
	acct-write -i t.acct tab
	edit_log 's/{"minReaderVersion":1,"minWriterVersion":2}/{"minReaderVersion":1,"minWriterVersion":7,"writerFeatures":["coordinatedCommits-preview"]}/' \
		tab/_delta_log/*.json
	run -69 --separate-stderr acct-read tab
	same "acct-read: tab: the table cannot be read by path: a catalog manages its versions: coordinatedCommits-preview" "$stderr"
}

@test "read: Parquet files and folders" {
	acct-write -i t.acct -o a.parquet
	mkdir folder folder/_tmp
	acct-write -i t.acct -o folder/1.parquet
	acct-write -i u.acct -o folder/2.parquet
	echo hidden >folder/_SUCCESS
	echo hidden >folder/_tmp/x.parquet
	cmp <(acct-read -t t a.parquet) t.acct
	cmp <(cd folder && acct-read -t t 1.parquet) t.acct
	cmp <(acct-read -t t "$PWD/a.parquet") t.acct
	same 4 "$(acct-read folder | acct-cat | tail -n +2 | wc -l)"
	acct-select -c id,name t.acct | acct-write -o folder/3.parquet
	run -65 --separate-stderr acct-read folder
	[[ "$stderr" == *"folder/3.parquet: 2 columns, but the other files of the folder have 4" ]]
	acct-select -c id,n=name,amount,day t.acct | acct-write -o folder/3.parquet
	run -65 --separate-stderr acct-read folder
	[[ "$stderr" == *"folder/3.parquet: column n: differs from the other files of the folder" ]]
	mkdir folder/deep
	mv folder/3.parquet folder/deep
	same 4 "$(acct-read folder | acct-cat | tail -n +2 | wc -l)"
	mv folder/deep folder/day=1
	run -69 --separate-stderr acct-read folder
	same "acct-read: folder/day=1: partition folders are not supported" "$stderr"
}

@test "read: a folder that is no table is not gone through, and no link in it is followed" {
	mkdir -p out/far folder
	acct-write -i t.acct -o out/1.parquet
	for n in 1 2 3; do cp out/1.parquet "out/far/$n.parquet"; done
	ln -s ../out folder/out
	cp -r out folder/deep
	need_strace
	run -66 --separate-stderr traced -e trace=openat,newfstatat acct-read folder
	[[ "$stderr" == *"acct-read: folder: neither a Delta table nor a folder of Parquet files"* ]]
	! grep -e deep/ -e far trace || false
	ln -s ../out/1.parquet folder/1.parquet
	run -77 --separate-stderr acct-read folder
	same "acct-read: folder/1.parquet: '1.parquet' is a link, which is not followed; --outside follows it" "$stderr"
	cmp <(acct-read --outside -t t folder) t.acct
	ln -s out/1.parquet link.parquet
	cmp <(acct-read -t t link.parquet) t.acct
}

# logged PATH: the table tab, whose only file its log names by this path.
logged() {
	rm -rf tab
	acct-write -i t.acct tab
	mv tab/part-*.parquet "$1"
	edit_log "s|\"path\":\"[^\"]*\"|\"path\":\"$2\"|" tab/_delta_log/00000000000000000000.json
}

@test "read: a log leads out of its table's folder only where that is asked for" {
	mkdir -p out
	for path in ../out/1.parquet x/../../out/1.parquet %2e%2e/out/1.parquet "$PWD/tab/../out/1.parquet" .. ./..; do
		logged out/1.parquet "$path"
		run -65 --separate-stderr acct-read --outside tab
		same "acct-read: tab: not a path of a file below the table: '$path'" "$stderr"
	done
	for path in "$PWD/out/1.parquet" "file:$PWD/out/1.parquet" "file://$PWD/./out/1.parquet"; do
		logged out/1.parquet "$path"
		run -77 --separate-stderr acct-read tab
		same "acct-read: tab: '$PWD/out/1.parquet': outside of the folder; --outside reads it" "$stderr"
		cmp <(acct-read --outside -t t tab) t.acct
		run -77 --separate-stderr acct-merge -k id -i t.acct tab
		acct-merge --outside -k id -i t.acct tab
	done
	for path in ./1.parquet .//1.parquet "$PWD/tab/1.parquet"; do
		logged x.parquet "$path"
		mv x.parquet tab/1.parquet
		cmp <(acct-read -t t tab) t.acct
	done
	logged out/1.parquet also/1.parquet
	ln -s ../out tab/also
	run -77 --separate-stderr acct-read tab
	same "acct-read: tab/also/1.parquet: 'also' is a link, which is not followed; --outside follows it" "$stderr"
	cmp <(acct-read --outside -t t tab) t.acct
	rm tab/also
	logged out/1.parquet 1.parquet
	ln -s ../out/1.parquet tab/1.parquet
	run -77 --separate-stderr acct-read tab
	cmp <(acct-read --outside -t t tab) t.acct
	mv tab/_delta_log/00000000000000000000.json out
	ln -s ../../out/00000000000000000000.json tab/_delta_log
	run -77 --separate-stderr acct-read tab
	ln -s tab link
	cmp <(acct-read --outside -t t link) t.acct
}

@test "read: a feature that only columns of other types need is no hindrance to the rest" {
	acct-write -i t.acct tab
	log=tab/_delta_log/00000000000000000000.json
	sed -i 's/"protocol":{.*/"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors","variantType"],"writerFeatures":["deletionVectors","variantType"]}}/
		s/,"acctChecksum":"[^"]*"//' $log
	cmp <(acct-read -t t tab) t.acct
	acct-write -i u.acct tab		# without such a column a writer accepts it too
	acct-merge -k id -i t.acct tab
	same 4 "$(acct-read -c id tab | acct-cat | tail -n +2 | wc -l)"
	rm -r tab
	acct-write -i t.acct tab
	sed -i 's/"protocol":{.*/"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["variantType"],"writerFeatures":["variantType"]}}/
		s/,"acctChecksum":"[^"]*"//
		s/{\\"name\\":\\"name\\",\\"type\\":\\"string\\"/{\\"name\\":\\"name\\",\\"type\\":\\"variant\\"/' $log
	run -69 --separate-stderr acct-read tab
	[[ "$stderr" == "acct-read: tab: column name: no such type in a record stream: variant; -c leaves columns out" ]]
	same 3 "$(acct-read -c id,amount tab | acct-cat | tail -n +2 | wc -l)"
	run -69 --separate-stderr acct-write -i u.acct tab
	[[ "$stderr" == *"unsupported writer feature: variantType" ]]
}

@test "read: timestamps without a zone in the files of a table that says timestamp" {
	mkrec t 'id:int64*! at:timestamp' >at.acct <<<$'1\t2024-01-31T12:00:00.000001Z'
	acct-write -i at.acct tab
	sed -i 's/,"acctChecksum":"[^"]*"//; s/\\"timestamp\\"/\\"timestamp_ntz\\"/' tab/_delta_log/00000000000000000000.json
	acct-optimize -v tab
	need /usr/bin/python3
	peer_python=${PEERS:-$ROOT/build/peers}/bin/python
	"$peer_python" -c 'import pyarrow' 2>/dev/null || skip "SKIPPED: pyarrow is not there"
	"$peer_python" - <<-'END'
		import glob, pyarrow as pa, pyarrow.parquet as pq, os
		f = glob.glob("tab/*.parquet")[0]
		t = pq.read_table(f)
		pq.write_table(t.set_column(1, "at", t["at"].cast(pa.timestamp("us"))), "naive.parquet")
		os.replace("naive.parquet", f)
	END
	sed -i 's/timestamp_ntz/timestamp/; s/"size":[0-9]*/"size":'"$(stat -c %s tab/*.parquet)"'/; s/,"tags":{[^}]*}//' tab/_delta_log/00000000000000000000.json
	cmp <(acct-read -t t tab) at.acct
	cmp <(acct-read -t t -w "at = '2024-01-31T12:00:00.000001Z'" tab) at.acct
}

@test "read: a torn checkpoint is passed over with a warning, while what is before it is there" {
	for n in $(seq 23); do mkrec t 'id:int64*!' <<<"$n" | acct-write tab; done
	want=$(acct-read tab | acct-cat | tail -n +2 | sort -n)
	log=tab/_delta_log
	torn=$log/00000000000000000020.checkpoint.parquet
	size=$(stat -c %s "$torn")
	for n in 0 4 $((size / 2)) $((size - 1)); do
		cp "$torn" whole
		truncate -s "$n" "$torn"
		run -0 --separate-stderr acct-read -o out.acct tab
		[[ "$stderr" == "acct-read: $torn: "*"; version 22 is read from older files of the log" ]]
		same 1 "$(wc -l <<<"$stderr")"
		same "$want" "$(acct-cat out.acct | tail -n +2 | sort -n)"
		cp whole "$torn"
	done
	truncate -s 9 "$torn"
	rm "$log"/0000000000000000000?.json		# from the checkpoint of version 10
	same "$want" "$(acct-read tab 2>/dev/null | acct-cat | tail -n +2 | sort -n)"
	mkrec t 'id:int64*!' <<<99 | acct-write tab
	same 24 "$(acct-read tab 2>/dev/null | acct-cat | tail -n +2 | wc -l)"
	rm "$log/00000000000000000012.json"
	run -65 --separate-stderr acct-read -o out.acct tab
	[[ "$stderr" == "acct-read: $torn: "* && "$stderr" != *"is read from"* ]]
	# a version that only the checkpoint has is not taken for an older one
	cp whole "$torn"
	rm "$log"/*.json
	same 21 "$(acct-read tab | acct-cat | tail -n +2 | wc -l)"
	truncate -s 9 "$torn"
	run -65 --separate-stderr acct-read -o out.acct tab
}

@test "read: what is no file is not waited for" {
	logged x.parquet pipe
	mkfifo tab/pipe pipe.parquet
	run -66 --separate-stderr timeout 10 acct-read tab
	same "acct-read: tab/pipe: neither a file nor a folder" "$stderr"
	run -66 --separate-stderr timeout 10 acct-read pipe.parquet
	logged x.parquet pipe
	rm tab/_delta_log/*.json
	mkfifo tab/_delta_log/00000000000000000001.checkpoint.parquet tab/_delta_log/00000000000000000000.json
	run -66 --separate-stderr timeout 10 acct-read tab
	ln -s /dev/zero zero.parquet
	run -66 --separate-stderr timeout 10 acct-read zero.parquet
}

@test "read: broken files" {
	acct-write -i t.acct -o a.parquet
	size=$(stat -c %s a.parquet)
	for n in 0 3 8 $((size / 2)) $((size - 1)); do
		head -c "$n" a.parquet >cut.parquet
		run -65 --separate-stderr acct-read -o made cut.parquet
		[[ "$stderr" == "acct-read: cut.parquet: "* ]]
		[ ! -e made ]
	done
	acct-write -i t.acct tab
	echo '{"add":{"path":"x"}}' >tab/_delta_log/00000000000000000001.json
	run -65 --separate-stderr acct-read tab
	same "acct-read: tab/_delta_log/00000000000000000001.json:1: add: size: missing" "$stderr"
	: >tab/_delta_log/00000000000000000003.json
	run -65 --separate-stderr acct-read tab
	same "acct-read: tab: versions are not contiguous: 2 is missing" "$stderr"
}

@test "read: types that a stream does not have" {
	acct-write -i t.acct tab
	edit_log 's/{\\"name\\":\\"name\\",\\"type\\":\\"string\\"/{\\"name\\":\\"name\\",\\"type\\":\\"binary\\"/' tab/_delta_log/*.json
	run -69 --separate-stderr acct-read tab
	[[ "$stderr" == *": column name: no such type in a record stream: binary; -c leaves columns out" ]]
	run -0 acct-read -c id tab
}

@test "read: names that a stream does not have" {
	printf 'a:int32\tb:int32\ta:int32\n1\t2\t3\n' | pqtool write twice.parquet
	run -69 --separate-stderr acct-read twice.parquet
	same "acct-read: twice.parquet: column 'a': there are two of this name; -c leaves columns out" "$stderr"
	no_records
	run -69 --separate-stderr acct-read -c a twice.parquet
	same $'b\n2' "$(acct-read -c b -w 'b > 1' twice.parquet | acct-cat)"
	{
		seq -s $'\t' -f 'c%g:int32' 4097
		seq -s $'\t' 4097
	} | pqtool write wide.parquet
	run -69 --separate-stderr acct-read wide.parquet
	same "acct-read: wide.parquet: more than 4096 columns, which no record stream can have; -c leaves columns out" "$stderr"
	same $'c7,c4097\n7,4097' "$(acct-read -c c7,c4097 -w 'c9 = 9' wide.parquet | acct-cat)"
}

@test "read: full disks, closed output, a reader that ends early" {
	acct-write -i t.acct tab
	run -74 --separate-stderr sh -c 'acct-read tab >/dev/full'
	same "acct-read: <stdout>: No space left on device" "$stderr"
	run -74 --separate-stderr acct-read -o /dev/full tab
	run -74 --separate-stderr sh -c 'acct-read tab >&-'
	same "acct-read: <stdout>: Bad file descriptor" "$stderr"
	run -73 --separate-stderr acct-read -o nowhere/made tab
	seq 1 100000 | mkrec t 'id:int64' | acct-write big
	run -0 --separate-stderr sh -c 'acct-read big | head -n 1 | wc -l'
	same 1 "$output"
	[ -z "$stderr" ]
}

@test "read: the manual's examples" {
	mkrec t 'transaction_id:int64*! transaction_date:date! transaction_amount:decimal(18,2)! transaction_type:string!' <<-'END' |
	1	2023-01-05	10.00	Deposit
	2	2023-01-05	11.00	Withdrawal
	3	2023-01-06	12.00	Deposit
	END
	    acct-write lake/silver/transactions
	same $'transaction_id,transaction_amount\n1,10.00' "$(acct-read -c transaction_id,transaction_amount \
	    -w "transaction_date = '2023-01-05' and transaction_type = 'Deposit'" \
	    lake/silver/transactions | acct-cat)"
	for i in 1 2 3 4 5; do
		mkrec accounts 'account_id:int64*!' <<<"$i" | acct-write lake/silver/accounts
	done
	acct-read --at 3 -o old.acct lake/silver/accounts
	same $'account_id\n5' "$(acct-read lake/silver/accounts | acct-join -j anti -k account_id old.acct | acct-cat)"
}

@test "read: --with: the table as it will be" {
	acct-write --txn job:next --prepare first -i t.acct tab
	cmp <(acct-read -t t --with first tab) t.acct
	run -66 acct-read tab
	acct-commit first tab
	cmp <(acct-read -t t --with first tab) t.acct		# it is so already
	acct-write --txn job:next --prepare add -i u.acct tab
	acct-write -m overwrite --txn other:next --prepare over -i u.acct tab
	same $'1\n2\n3\n4' "$(acct-read -c id --with add tab | acct-cat | tail -n +2)"
	same 4 "$(acct-read -w 'id > 3' -c id --with add tab | acct-cat | tail -n +2)"
	cmp <(acct-read -t t --with over tab) u.acct
	cmp <(acct-read -t t tab) t.acct
	mkrec t 'id:int64*! name:string amount:decimal(9,2) day:date more:bool' <<<$'4\td\t5.00\t2025-01-01\ttrue' >more.acct
	acct-write --add-columns --txn third:next --prepare more -i more.acct tab
	same $'1,\n2,\n3,\n4,true' "$(acct-read -c id,more --with more tab | acct-cat | tail -n +2)"
	run -64 --separate-stderr acct-read --with add --at 0 tab
	run -66 --separate-stderr acct-read --with none tab
	run -65 --separate-stderr acct-read --with t.acct tab
	same "acct-read: t.acct: invalid or truncated prepared version" "$stderr"
	acct-write -i t.acct other
	run -65 --separate-stderr acct-read --with add other
	[[ "$stderr" == "acct-read: add: other: prepared for another table: "* ]]
	run -66 --separate-stderr acct-read --with add nowhere
	rm $(sed -n 's/.*"path":"\([^"]*\)".*/tab\/\1/p' add)
	run -66 --separate-stderr acct-read --with add tab
}

@test "read: values of every length, nulls and rows left out, side by side" {
	awk 'BEGIN {
		srand(3)
		for (i = 0; i < 3000; i++) {
			n = sprintf("%.0f", rand() * 2 ^ int(rand() * 62)); if (rand() < .5 && n != "0") n = "-" n
			w = ""; for (k = int(rand() * 36); k >= 0; k--) w = w int(1 + rand() * 9)
			s = substr("a text of some forty bytes, cut anywhere", 1, int(rand() * 40))
			e = int(i / 500) % 2 ? "ab" : substr("sixteen bytes at most and then more", 1, int(rand() * 3) + 14)
			print i "\t" (rand() < .2 ? "\\N" : n) "\t" (rand() < .2 ? "\\N" : w ".5") "\t" (rand() < .2 ? "\\N" : s) "\t" e "\t" sprintf("%04d-%02d-%02d", 1 + i, 1 + i % 12, 1 + i % 28) "\t" (rand() < .1 ? "\\N" : int((rand() - .5) * 2 ^ int(rand() * 32))) "\t" (rand() < .1 ? "\\N" : sprintf("%.0f", (rand() - .5) * 2 ^ int(rand() * 36)) (i % 1000 < 900 || rand() < .9 ? "" : "000000000000000") ".25")
		}
	}' </dev/null >all.tsv
	mkrec t 'id:int64*! n:int64 w:decimal(38,1) s:string e:string! day:date short:int32 sum:decimal(28,2)' >t.acct <all.tsv
	acct-select -w "n >= 0 or s = ''" t.acct >some.acct
	[ "$(acct-cat -f tsv some.acct | wc -l)" -gt 1000 ]
	for ACCT_PORTABLE in 0 avx2 1; do
		export ACCT_PORTABLE
		acct-write -m overwrite -i t.acct table
		acct-read -t t table | cmp - t.acct
		acct-read -t t -c short,sum,day,id table | acct-cat -f tsv >got
		acct-select -c short,sum,day,id t.acct | acct-cat -f tsv | diff -u - got
		acct-read -t t -w "n >= 0 or s = ''" table | acct-cat -f tsv >got
		acct-cat -f tsv some.acct | diff -u - got
	done
}
