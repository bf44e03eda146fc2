load helper

# What acct-ledger says of the files of a back end, and takes over. Random histories are in unit/ledger.c.

prepare() {
	mkdir back pieces
	printf 'id,v\n1,a\n' >back/a.csv
	printf 'id,w\n1,x\n' >back/b.csv
	: >ledger.txt
}

# examine OPTION...: compares back with the ledger so far and takes over; the lines' states, tables, days, names and what they follow.
examine() {
	acct-ledger ${known:+-i "$known"} -o entries.acct --take pieces --pieces list.txt "$@" back a=a.csv b=b.csv >lines.txt || return
	cut -f 1-3,6- lines.txt
}

# remember: the ledger has the new entries too.
remember() {
	acct-write -i entries.acct ledger
	acct-read -o all.acct ledger
	known=all.acct
}

# whole TABLE: the newest delivery, of its pieces.
whole() {
	awk -F '\t' -v t="$1" '$1 == t { print $4 }' list.txt | (cd pieces && xargs cat)
}

@test "ledger: a new file, one that has grown, one that has changed, one seen before under another name" {
	same $'new\ta\t-\ta.csv\t-\nnew\tb\t-\tb.csv\t-' "$(examine)"
	remember
	same $'seen\ta\t-\ta.csv\t1\nseen\tb\t-\tb.csv\t2' "$(examine)"
	[ "$(acct-cat -f tsv entries.acct | wc -l)" -eq 1 ]
	printf '2,b' >>back/a.csv
	printf 'id,w\n2,x\n' >back/b.csv
	same $'grown\ta\t-\ta.csv\t1\nchanged\tb\t-\tb.csv\t2' "$(examine)"
	remember
	same "$(cat back/a.csv)" "$(whole a)"
	same "$(cat back/b.csv)" "$(whole b)"
	printf 'b\n3,c\n' >>back/a.csv
	printf 'id,w\n1,x\n' >back/b.csv
	cp back/b.csv back/b-2024-01-01.csv		# an older file under another name
	rm back/b.csv
	same $'seen\tb\t2024-01-01\tb-2024-01-01.csv\t2' "$(acct-ledger -i all.acct --pieces list.txt back b=b.csv | cut -f 1-3,6-)"
	same $'id,w\n2,x' "$(whole b)"			# the newest all the same
	mv back/b-2024-01-01.csv back/b.csv		# under its own name it has come back
	same $'grown\ta\t-\ta.csv\t3\nchanged\tb\t-\tb.csv\t4' "$(examine)"
	remember
	cmp back/a.csv <(whole a)
	cmp back/b.csv <(whole b)
	same 2 "$(find pieces/b -type f | wc -l)"
	same $'seen\ta\nseen\tb' "$(examine | cut -f 1,2)"
	cut -f 2,4 list.txt | while read -r sum path; do
		same "$sum" "$(sha256sum "pieces/$path" | cut -d ' ' -f 1)"
		[[ $path == */${sum:0:16}-?.csv ]]
		same 440 "$(stat -c %a "pieces/$path")"
	done
	same "$(sha256sum back/a.csv | cut -d ' ' -f 1)" "$(awk -F '\t' '$2 == "a" { print $5 }' lines.txt)"
	# back to an earlier end, and from there on in another way: what bronze has of it stays one piece
	printf 'id,v\n1,a\n2,bx\n' >back/a.csv
	same $'changed\ta\t-\ta.csv\t3' "$(examine | head -n 1)"
	cmp back/a.csv <(whole a)
	same $'a\t9\na\t3\na\t2' "$(grep '^a' list.txt | cut -f 1,3)"
}

@test "ledger: a long file that grows is compared by blocks, and its sum continued" {
	python3 -c 'import random; random.seed(7); print("id,v"); [print("%d,%d" % (i, random.getrandbits(60))) for i in range(1000000)]' >back/a.csv
	[ "$(stat -c %s back/a.csv)" -gt 20000000 ]
	examine >/dev/null
	remember
	cp back/a.csv first.csv
	printf '1000000,5\n' >>back/a.csv
	same $'grown\ta\t-\ta.csv\t1' "$(examine | head -n 1)"
	same "$(sha256sum back/a.csv | cut -d ' ' -f 1)" "$(head -n 1 lines.txt | cut -f 5)"
	remember
	same "$(stat -c %s first.csv)"$'\n10' "$(grep '^a' list.txt | cut -f 3)"
	# 4 blocks, of which the last is hashed anew
	same $'128\n32' "$(acct-select -w "table = 'a'" -c blocks all.acct | acct-cat -f tsv | sed 1d | awk '{ print length($0) }')"
	# a byte changed in the second block: all of it anew
	printf x | dd of=back/a.csv bs=1 seek=9000000 conv=notrunc status=none
	same $'changed\ta\t-\ta.csv\t3' "$(examine | head -n 1)"
	cmp back/a.csv <(whole a)
}

@test "ledger: days come in order, a day that is not complete waits, an earlier one is late" {
	rm back/*
	printf 'id,v\n2,a\n' >back/a-2024-01-02.csv
	printf 'id,w\n2,x\n' >back/b_20240102.csv
	mkdir back/2024-01-01 back/2024-01-03 back/2024-01-04 back/archive
	printf 'id,v\n1,a\n' >back/2024-01-01/a.csv
	printf 'id,w\n1,x\n' >back/2024-01-01/b.csv
	printf 'id,v\n3,a\n' >back/2024-01-03/a.csv
	: >back/2024-01-03/b.csv
	printf 'id,v\n4,a\n' >back/2024-01-04/a.csv
	printf 'id,v\n5,a\n' >back/archive/a.csv
	printf 'id,v\n5,a\n' >back/a-2024-02-30.csv
	run -0 --separate-stderr examine
	same "$(printf '%s\t%s\t%s\t%s\t%s\n' new a 2024-01-01 2024-01-01/a.csv - new b 2024-01-01 2024-01-01/b.csv - \
		changed a 2024-01-02 a-2024-01-02.csv 1 changed b 2024-01-02 b_20240102.csv 2 \
		waiting a 2024-01-03 2024-01-03/a.csv - waiting b 2024-01-03 2024-01-03/b.csv - waiting a 2024-01-04 2024-01-04/a.csv -)" "$output"
	same $'acct-ledger: back: 2024-01-03 waits for b, whose file is empty\nacct-ledger: back: 2024-01-04 waits for b' "$stderr"
	same $'id,w\n2,x' "$(whole b)"
	remember
	run -75 --separate-stderr examine			# nothing is new
	printf 'id,w\n4,x\n' >back/2024-01-04/b.csv
	same $'changed\ta\t2024-01-04\t2024-01-04/a.csv\t3' "$(examine 2>/dev/null | grep $'\ta\t2024-01-04')"
	remember
	printf 'id,w\n3,x\n' >back/2024-01-03/b.csv
	same $'late\ta\t2024-01-03\t2024-01-03/a.csv\t5\nlate\tb\t2024-01-03\t2024-01-03/b.csv\t6' "$(examine | grep late)"
	same $'id,v\n4,a' "$(whole a)"
	remember
	# a file of that day again, other than before
	printf 'id,v\n4,b\n' >back/2024-01-04/a.csv
	same $'changed\ta\t2024-01-04\t2024-01-04/a.csv\t5' "$(examine | grep changed)"
	same $'id,v\n4,b' "$(whole a)"
	same 2024-01-01,2024-01-02,2024-01-04,2024-01-03 "$(acct-select -c day -w "table = 'a'" all.acct | acct-cat -f tsv | sed 1d | paste -sd ,)"
}

@test "ledger: patterns, tables that a day may lack, and compressed files" {
	rm back/*
	printf 'id\n1\n' >back/cards_v2_20240101.csv
	printf 'id\n1\n' | gzip -n >back/a-2024-01-01.csv.gz
	acct-ledger back a=a.csv 'cards=cards_*.csv' | cut -f 1-3,6 >got.txt
	same $'new\ta\t2024-01-01\ta-2024-01-01.csv.gz\nnew\tcards\t2024-01-01\tcards_v2_20240101.csv' "$(cat got.txt)"
	run -75 --separate-stderr acct-ledger back a=a.csv 'c?rds=cards_*.csv' none=none.csv
	same "acct-ledger: back: 2024-01-01 waits for none" "$stderr"
	same 2 "$(acct-ledger --optional none,other back a=a.csv 'cards=cards_??_*.csv' none=none.csv | grep -c new)"
	# compressed data that goes on is another file, and whole
	acct-ledger -o e.acct --take pieces --pieces list.txt back a=a.csv >/dev/null
	printf '2\n' | gzip -n >>back/a-2024-01-01.csv.gz
	same changed "$(acct-ledger -i e.acct --take pieces --pieces list.txt back a=a.csv | cut -f 1)"
	same 1 "$(wc -l <list.txt)"
	cmp back/a-2024-01-01.csv.gz <(whole a)
}

@test "ledger: files that cannot be taken over are named, and nothing is written" {
	mkdir back/2024-01-01
	cp back/a.csv back/2024-01-01/a.csv
	cp back/a.csv back/a-2024-01-01.csv
	run -65 --separate-stderr examine
	same "acct-ledger: back: two files for one table: 2024-01-01/a.csv and a-2024-01-01.csv" "$stderr"
	rm -r back/2024-01-01 back/a-2024-01-01.csv
	: >back/a.csv
	run -65 --separate-stderr examine
	same "acct-ledger: back/a.csv: empty" "$stderr"
	printf 'id,v' >back/a.csv
	run -65 --separate-stderr examine
	same "acct-ledger: back/a.csv: no whole header; is it still being written?" "$stderr"
	rm back/a.csv
	run -66 --separate-stderr examine
	same "acct-ledger: back/a.csv: no such file" "$stderr"
	mkdir back/a.csv
	run -66 --separate-stderr examine
	same "acct-ledger: back/a.csv: not a file" "$stderr"
	rmdir back/a.csv
	run -66 --separate-stderr acct-ledger nowhere a=a.csv
	same "acct-ledger: nowhere: No such file or directory" "$stderr"
	[ ! -e entries.acct ] && [ ! -e list.txt ]
	same "" "$(find pieces -type f)"
}

@test "ledger: pieces that are lost are copied again, of the file that has them" {
	examine >/dev/null
	remember
	printf '2,b\n' >>back/a.csv
	examine >/dev/null
	remember
	cp -r pieces whole
	mv pieces bronze
	mkdir pieces
	same $'seen\ta\nseen\tb' "$(examine --bronze bronze | cut -f 1,2)"
	same "" "$(find pieces -type f)"
	rm -rf bronze/a
	chmod u+w bronze/b/*
	echo >>"$(echo bronze/b/*)"
	same $'mended\ta\nmended\tb' "$(examine --bronze bronze | cut -f 1,2)"
	diff -r pieces whole
	same 1 "$(acct-cat -f tsv entries.acct | wc -l)"	# no new delivery
	printf '3,c\n' >>back/a.csv			# a base of what has grown
	same $'grown\ta\nmended\tb' "$(examine --bronze bronze | cut -f 1,2)"
	same 3 "$(find pieces/a -type f | wc -l)"
	run -64 --separate-stderr acct-ledger --bronze bronze back a=a.csv
	[[ $stderr == "acct-ledger: --bronze needs --take"* ]]
	# without a back end: what the ledger has
	acct-ledger -i "$known" --pieces before.txt back a=a.csv b=b.csv >/dev/null
	head -n 2 before.txt >known.txt && tail -n 1 before.txt >>known.txt
	same "" "$(acct-ledger --ledger-only -i "$known" --pieces list.txt a=a.csv b=b.csv)"
	diff known.txt list.txt
	run -64 --separate-stderr acct-ledger --ledger-only
	[[ $stderr == "acct-ledger: expected TABLE=NAME"* ]]
}

@test "ledger: a stream that is no ledger, and one whose entries are damaged, are refused" {
	examine >/dev/null
	mkrec t 'id:int64*!' <<<1 >t.acct
	run -65 --separate-stderr acct-ledger -i t.acct back a=a.csv
	same "acct-ledger: t.acct: not a ledger: missing column delivery" "$stderr"
	acct-select -c '* exclude (bytes), bytes = bytes + 1' entries.acct >bad.acct
	run -65 --separate-stderr acct-ledger -i bad.acct back a=a.csv
	same "acct-ledger: bad.acct: damaged ledger: delivery 1" "$stderr"
	acct-select -w 'delivery = 2' entries.acct >bad.acct
	run -65 --separate-stderr acct-ledger -i bad.acct back a=a.csv
	same "acct-ledger: bad.acct: damaged ledger: delivery 2" "$stderr"
}

@test "ledger: wrong command lines" {
	run -64 --separate-stderr acct-ledger back
	[[ $stderr == "acct-ledger: expected BACKEND and TABLE=NAME"* ]]
	run -64 --separate-stderr acct-ledger back a=a.csv a=b.csv
	[[ $stderr == "acct-ledger: table 'a' named twice"* ]]
	run -64 --separate-stderr acct-ledger back a=x/a.csv
	[[ $stderr == "acct-ledger: TABLE=NAME: must be a table and the name of a file: 'a'"* ]]
	run -64 --separate-stderr acct-ledger back a
}

@test "ledger: a full disk is an error" {
	run -74 --separate-stderr sh -c 'acct-ledger back a=a.csv b=b.csv >/dev/full'
	same "acct-ledger: <stdout>: No space left on device" "$stderr"
}
