load helper

# acct-reconcile: what it measures, against sums in Python, and what it says where it cannot measure.

P=$ROOT/pipelines
export ACCT_BIN=$BUILD/bin

# A lake of the job of a shop: two sources and a gold table.
prepare() {
	mkdir -p shop/sources shop/gold drop
	printf 'id,city\n1,Prague\n2,Brno\n' >drop/shops.csv
	printf 'id,shop,amount,note\n1,1,10.50,a\n2,1,4.50,b\n3,2,7.25,a\n4,9,1.00,\n5,,2.00,c\n' >drop/sales.csv
	cat >shop/sources/shops.yaml <<-'END'
	name: shops
	columns:
	  - {name: id, type: int64, key: yes}
	  - {name: city, type: string}
	END
	cat >shop/sources/sales.yaml <<-'END'
	name: sales
	columns:
	  - {name: id, type: int64, key: yes}
	  - {name: shop, type: int64, references: shops.id}
	  - {name: amount, type: 'decimal(18,2)', required: yes}
	  - {name: note, type: string}
	END
	cat >shop/gold/turnover.sh <<-'END'
	#: from sales
	#: key shop note
	#: total turnover
	acct-read "$LAKE/silver/sales" | acct-balance -k shop,note 'turnover=sum(amount)' -t turnover
	END
}

# lake: makes it.
lake() {
	sh "$P/run.sh" -d none -j shop drop lake >/dev/null
}

# days JOB BACK LAKE: what the back end has that is new, into the lake, whether the job's own checks close or not.
days() {
	cp -r "$1" "$1-unchecked"
	rm -f "$1-unchecked/checks"
	sh "$P/run.sh" -d none -j "$1-unchecked" "$2" "$3" >/dev/null
	rm -r "$1-unchecked"
}

# figures: label, both sides and verdict of the job's own checks, separated by tabs.
figures() {
	jq -r '.checks[] | "\(.check)\t\(.left)\t\(.sign) \(.right)\t\(if .closes then "closes" else "DOES NOT CLOSE" end)"' "$1"
}

@test "reconcile: random checks against Python's decimal" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "ACCT_SEED=$seed"
	python3 "$ROOT/tests/reconcile.py" make r "$seed"
	cd r
	sh "$P/run.sh" -d none -j job drop random >/dev/null
	python3 "$ROOT/tests/reconcile.py" checks . "$seed" "${ACCT_CHECKS:-300}"
	mkdir run
	run -1 --separate-stderr acct-reconcile -j job --run run random
	figures run/reconciliation.json | grep '^check ' | diff want -
	# The same from one process, and with little memory.
	ACCT_JOBS=1 acct-reconcile -j job random >one.txt && false
	same "$output" "$(<one.txt)"
	acct-reconcile -j job --memory 10K random >little.txt && false
	cmp one.txt little.txt
}

@test "reconcile: random days of files that grow, change and are compressed, counted in Python" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "ACCT_SEED=$seed"
	{ declare -f days && echo 'days job drop lake'; } >deliver
	export P
	python3 "$ROOT/tests/reconcile.py" days r "$seed" "${ACCT_DAYS:-4}" bash -e "$PWD/deliver"
}

@test "reconcile: the run's figures without the run" {
	lake
	run -0 --separate-stderr acct-reconcile -j shop lake
	same "$(sed -n '/^reconciliation/,$p' "$(last lake)"/summary.txt | sed 1d)" "$output"
	ACCT_JOB=shop run -0 --separate-stderr acct-reconcile -v lake
	same "acct-reconcile: lake: 10 figures, 1 references, 6 of 6 checks close" "$stderr"
	same "$(sed -n '/^reconciliation/,$p' "$(last lake)"/summary.txt | sed 1d)" "$output"
}

@test "reconcile: rows that are deleted do not count" {
	lake
	with_deletions lake/silver/sales 0 3
	run -1 --separate-stderr acct-reconcile -j shop lake
	grep -qE 'sales: rows read = clean \+ rejected +5 += 3 \+ 0 +DOES NOT CLOSE' <<<"$output"
	grep -qE 'sales: amount read = clean \+ rejected +25.25 += 13.75 \+ 0.00 +DOES NOT CLOSE' <<<"$output"
	with_deletions lake/gold/turnover 1
	echo 'orphans: orphans(silver/sales) = 0 = orphans(silver/sales.amount)' >shop/checks
	echo 'shops: count(silver/sales where shop = 1) = 1' >>shop/checks
	run -1 --separate-stderr acct-reconcile -j shop lake
	grep -qE 'turnover: one row for each key +4 += 4 +closes' <<<"$output"
	grep -qE 'orphans +0 += 0 +closes' <<<"$output"
	grep -qE 'orphans +0 += 0.00 +closes' <<<"$output"
	grep -qE 'shops +1 += 1 +closes' <<<"$output"
}

@test "reconcile: keys of several columns, some null, in any order" {
	cat >shop/gold/turnover.sh <<-'END'
	#: from sales
	#: key note shop
	acct-read "$LAKE/silver/sales" | acct-select -c shop,note,amount -t turnover
	END
	lake
	grep -qE 'turnover: one row for each key +5 += 5 +closes' "$(last lake)"/summary.txt
	printf '6,,2.00,c\n7,1,0.25,b\n' >>drop/sales.csv
	run -1 --separate-stderr sh "$P/run.sh" -d none -j shop drop lake
	grep -qE 'turnover: one row for each key +7 += 5 +DOES NOT CLOSE' <<<"$stderr"
}

@test "reconcile: several references of one table" {
	sed -i '/shop, type/a\  - {name: buyer, type: int32, references: shops.id}' shop/sources/sales.yaml
	printf 'id,shop,buyer,amount,note\n1,1,2,10.50,a\n2,1,7,4.50,b\n3,9,7,7.25,a\n' >drop/sales.csv
	cat >shop/checks <<-'END'
	shops: orphans(silver/sales by shop) = 1
	of shops: orphans(silver/sales.amount by shop) = 7.25
	buyers: orphans(silver/sales by buyer) = 2
	of buyers: orphans(silver/sales.amount by buyer) = 11.75
	END
	lake
	grep -qE '^  sales of unknown shop +1  amount +7.25$' "$(last lake)"/summary.txt
	grep -qE '^  sales of unknown buyer +2  amount +11.75$' "$(last lake)"/summary.txt
	same '[{"column":"shop","count":1},{"column":"buyer","count":2}]' "$(jq -c '[.orphans[] | {column, count}]' "$(last lake)"/summary.json)"
}

@test "reconcile: more keys of a reference than memory holds" {
	mkdir -p many/sources files
	seq 1 3 600000 >b.txt
	seq 1 250000 | awk '{ print $1 "," ($1 * 7919) % 700001 "," $1 % 100 "." 10 + $1 % 90 }' >a.txt
	{ echo id,word; sed 's/.*/&,w&/' b.txt; } >files/b.csv
	{ echo id,b,amount,word; awk -F, -v OFS=, '{ print $0, "w" $2 }' a.txt; } >files/a.csv
	printf 'name: b\ncolumns:\n  - {name: id, type: int64, key: yes}\n  - {name: word, type: string}\n' >many/sources/b.yaml
	cat >many/sources/a.yaml <<-'END'
	name: a
	columns:
	  - {name: id, type: int64, key: yes}
	  - {name: b, type: int64, references: b.id}
	  - {name: amount, type: 'decimal(18,2)'}
	  - {name: word, type: string, references: b.word}
	END
	cat >many/checks <<-'END'
	numbers: orphans(silver/a by b) = orphans(silver/a by word)
	amounts: orphans(silver/a.amount by b) = orphans(silver/a.amount by word)
	END
	sh "$P/run.sh" -d none -j many files lake >/dev/null
	want=$(awk -F, 'NR == FNR { there[$1]; next } !($2 in there) { n++; cents += int($3 * 100 + 0.5) } END { print n "\t= " n "\tcloses"; printf "%d.%02d\n", cents / 100, cents % 100 }' b.txt a.txt)
	for memory in 1G 3M 10K; do
		rm -rf run && mkdir run
		acct-reconcile -j many --memory $memory --run run lake >/dev/null
		same "$want" "$(figures run/reconciliation.json | sed -n 's/^numbers\t//p; s/^amounts\t\(.*\)\t= \1\tcloses$/\1/p')"
	done
}

@test "reconcile: what does not suit a gold table is named with its place" {
	lake
	wrong() {
		printf '\n%s\n' "$1" >shop/checks
		run "-${3:-78}" --separate-stderr acct-reconcile -j shop lake
		same "acct-reconcile: $2" "$stderr"
		[ -z "$output" ]
	}
	wrong 'a: 1 = sum(gold/turnover.turnovr)' "shop/checks:2:12: lake/gold/turnover: no such column: 'turnovr'; did you mean 'turnover'?"
	wrong 'a: 1 = sum(gold/turnover.note)' "shop/checks:2:12: lake/gold/turnover: only integers and decimals have an exact sum: 'note'"
	wrong 'á: 1 = count(gold/turnover where nte is null)' "shop/checks:2:34: no column 'nte'; did you mean 'note'? columns are: shop, note, turnover"
	wrong 'a: 1 = count(gold/turnover where turnover / 0 = 1)' \
		"lake/gold/turnover: $(basename lake/gold/turnover/*.parquet): record 1: 'turnover / 0': division by zero" 65
}

@test "reconcile: what is missing or damaged" {
	run -66 --separate-stderr acct-reconcile -j shop lake
	same "acct-reconcile: lake/runs/made/sales/ingest.json: not there; run.sh makes it" "$stderr"
	days shop drop lake
	wrong() {
		run "-$1" --separate-stderr acct-reconcile -j shop lake
		same "acct-reconcile: $2" "$stderr"
	}
	mv lake/gold/turnover lake/gold/aside
	wrong 66 "lake/gold/turnover: not there; run.sh makes it"
	mv lake/gold/aside lake/gold/turnover
	cp -r lake/runs/made/sales made
	echo '{' >lake/runs/made/sales/clean.json
	wrong 65 "lake/runs/made/sales/clean.json: not statistics of table 'sales'"
	sed 's/"read": "25.25"/"read": "25,25"/' made/clean.json >lake/runs/made/sales/clean.json
	wrong 65 "lake/runs/made/sales/clean.json: no sums of 'amount'"
	cp made/clean.json lake/runs/made/sales/
	echo sales.acct >lake/runs/made/sales/rejects
	wrong 65 "lake/runs/made/sales/rejects: not the rejects of table 'sales'"
	cp made/rejects lake/runs/made/sales/
	# Of a line of the pieces: another table, an invalid sum or size, a path elsewhere, a field less, one more; a cut line, a file too many.
	for edit in '1s/^s/S/' '1s/\t[0-9a-f]*/\tx/' '1s/\t[0-9]*\t/\t-1\t/' '1s|\tsales/|\t../sales/|' '1s/\t[^\t]*$//' '1s/$/\tx/'; do
		sed "$edit" made/pieces >lake/runs/made/sales/pieces
		wrong 65 "lake/runs/made/sales/pieces: not the pieces of table 'sales'"
	done
	head -c 90 made/pieces >lake/runs/made/sales/pieces
	wrong 65 "lake/runs/made/sales/pieces: not the pieces of table 'sales'"
	: >lake/runs/made/sales/pieces
	wrong 65 "lake/runs/made/sales/pieces: not the pieces of table 'sales'"
	cp made/pieces lake/runs/made/sales/
	bronze=$(ls lake/bronze/sales/*)
	mv "$bronze" aside
	wrong 66 "$bronze: No such file or directory"
	gzip -c aside | head -c 60 >"$bronze"
	wrong 65 "$bronze: damaged: the compressed data end early"
	cp aside "$bronze"
	chmod u+w lake/silver/sales/*.parquet && truncate -s -5 lake/silver/sales/*.parquet
	run -65 --separate-stderr acct-reconcile -j shop lake
	[[ $stderr == "acct-reconcile: lake/silver/sales"* ]]
}

@test "reconcile: one byte more or less in bronze is seen" {
	lake
	bronze=$(ls lake/bronze/sales/*)
	chmod u+w "$bronze"
	cp "$bronze" kept
	for change in 's/$/\n/' '$d' ; do
		sed -i "$change" "$bronze"
		run -1 --separate-stderr acct-reconcile -j shop lake
		grep -q 'sales: lines of the file .* DOES NOT CLOSE' <<<"$output"
		cp kept "$bronze"
	done
	printf x >>"$bronze"
	run -1 --separate-stderr acct-reconcile -j shop lake
	truncate -s -1 "$bronze"
	truncate -s -1 "$bronze"
	run -0 --separate-stderr acct-reconcile -j shop lake
}

@test "reconcile: a table of several files, each with its names and perhaps without its last line end" {
	days shop drop lake
	head -n 3 drop/sales.csv | head -c -1 >one.csv
	{ head -n 1 drop/sales.csv; tail -n 3 drop/sales.csv; } | head -c -1 >two.csv
	rm -f lake/bronze/sales/*
	for file in one.csv two.csv; do
		sum=$(sha256sum <$file)
		cp $file lake/bronze/sales/"${sum::16}"-$file
		printf 'sales\t%s\t%s\tsales/%s-%s\n' "${sum::64}" "$(stat -c %s $file)" "${sum::16}" $file
	done >lake/runs/made/sales/pieces
	acct-ingest -s shop/sources/sales.yaml --stats lake/runs/made/sales/ingest.json one.csv two.csv |
		acct-clean -s shop/sources/sales.yaml --stats lake/runs/made/sales/clean.json >/dev/null
	mkdir run
	run -0 --separate-stderr acct-reconcile -j shop --run run lake
	grep -qE 'sales: lines of the file .* +7 += 2 \+ 5 \+ 0 \+ 0 +closes' <<<"$output"
	grep -qE '^  sales +'"$(cat one.csv two.csv | wc -c)"' +5 ' run/summary.txt
	same '["one.csv","two.csv"]' "$(jq -c '.tables.sales.pieces | map(.bronze[23:])' run/summary.json)"
	tail -n 1 lake/runs/made/sales/pieces >>lake/runs/made/sales/pieces	# one more than were read
	run -65 --separate-stderr acct-reconcile -j shop lake
	same "acct-reconcile: lake/runs/made/sales/pieces: not the pieces of table 'sales'" "$stderr"
}

@test "reconcile: wrong use, full disk, a folder that cannot be written" {
	run -64 --separate-stderr env -u ACCT_JOB acct-reconcile lake
	same "acct-reconcile: -j is required" "${stderr_lines[0]}"
	run -64 --separate-stderr acct-reconcile -j shop --backend drop lake
	same "acct-reconcile: --backend and --started need --run" "${stderr_lines[0]}"
	run -64 --separate-stderr acct-reconcile -j shop
	lake
	run -74 --separate-stderr sh -c 'acct-reconcile -j shop lake >/dev/full'
	same "acct-reconcile: <stdout>: No space left on device" "$stderr"
	run -73 --separate-stderr acct-reconcile -j shop --run none lake
}

@test "reconcile: the summary names what was skipped, rejected, doubtful and accepted" {
	{ printf 'Sales\n'; cat drop/sales.csv; printf '6,1,x,d\n7,1,1.00,"open\n8,1,2.00,e\n"9",1,2.00,"f\ng"\n'; } >new.csv
	mv new.csv drop/sales.csv
	printf 'header: 2\nexpect:\n  rejected: 1%%\n' >>shop/sources/sales.yaml
	run -1 --separate-stderr sh "$P/run.sh" -d none -j shop drop lake
	sh "$P/run.sh" -d none -j shop --accept sales drop lake >said.txt
	diff said.txt "$(last lake)"/summary.txt
	grep -qE '^  table +bytes +read +clean +rejected +blank +skipped$' said.txt
	grep -qE '^  sales +[0-9]+ +[0-9]+ +[0-9]+ +2 +0 +1$' said.txt
	grep -qE '^  sales +type +1$' said.txt
	grep -qE '^doubtful, as the schema' said.txt
	grep -qE '^  sales  rows that span lines +1  the first in line 11$' said.txt
	grep -qE '^accepted beyond a limit$' said.txt
	same '1 2 1' "$(jq -r '[.tables.sales.skipped, .tables.sales.rejected, (.tables.sales.accepted | length)] | join(" ")' "$(last lake)"/summary.json)"
	same '1' "$(jq .doubts.sales.spanning.rows "$(last lake)"/summary.json)"
}

@test "reconcile: rows that a schema leaves out are a kind of their own" {
	echo "where: note = 'a' or note = 'b'" >>shop/sources/sales.yaml
	lake
	grep -qE '^  table +bytes +read +clean +rejected +blank +left out$' "$(last lake)"/summary.txt
	grep -qE '^  sales +[0-9]+ +5 +3 +0 +0 +2$' "$(last lake)"/summary.txt
	grep -qE 'sales: lines of the file = names \+ clean \+ rejected \+ blank \+ left out +6 += 1 \+ 3 \+ 0 \+ 0 \+ 2 +closes' "$(last lake)"/summary.txt
	grep -qE 'sales: rows read = clean \+ rejected \+ left out +5 += 3 \+ 0 \+ 2 +closes' "$(last lake)"/summary.txt
	same 2 "$(jq .tables.sales.left_out "$(last lake)"/summary.json)"
}

@test "reconcile: an orphan whose owner comes on a later day leaves the list" {
	echo 'of the ninth: orphans(silver/sales.amount) = 1.00' >shop/checks
	days shop drop lake
	run -0 --separate-stderr acct-reconcile -j shop lake
	printf '9,Olomouc\n' >>drop/shops.csv		# sales is as it was
	days shop drop lake
	run -1 --separate-stderr acct-reconcile -j shop lake
	grep -qE '^  of the ninth +0.00 += 1.00 +DOES NOT CLOSE$' <<<"$output"
	mkdir run && : >shop/checks
	acct-reconcile -j shop --run run lake
	same '[{"count":0,"sums":{"amount":"0.00"}}]' "$(jq -c '.orphans | map({count, sums})' run/summary.json)"
	grep -qE '^  sales of unknown shop +0  amount +0.00$' run/summary.txt
}

@test "reconcile: an optional file that was never there is a table without rows" {
	lake
	printf 'name: agents\noptional: yes\ncolumns:\n  - {name: id, type: int64, key: yes, references: sales.id}\n  - {name: fee, type: "decimal(9,2)"}\n' >shop/sources/agents.yaml
	sed -i '/shop, type/a\  - {name: buyer, type: int32, references: agents.id}' shop/sources/sales.yaml
	cat >shop/checks <<-'END'
	none: count(silver/agents) + sum(silver/agents.fee) + rejected(silver/agents) + lines(bronze/agents) + orphans(silver/agents.fee) = 0
	END
	run -78 --separate-stderr acct-reconcile -j shop lake
	[[ $stderr == *"lake/silver/sales: no such column: 'buyer'"* ]]
	acct-read lake/silver/sales | acct-select -c 'id,shop,buyer = 7::int32,amount,note' | acct-write -m overwrite --replace-schema lake/silver/sales
	mkdir run
	run -0 --separate-stderr acct-reconcile -j shop --run run lake
	grep -qx '  agents: optional, and no file so far: not checked' <<<"$output"
	grep -qE '^  none +0 \+ 0 \+ 0 \+ 0 \+ 0 +=.* closes$' <<<"$output"
	same '{"sales":0,"shops":0}' "$(jq -c '.tables | map_values(.rejected)' run/summary.json)"
	grep -qE '^  sales of unknown buyer +5  amount +25.25$' run/summary.txt
}

# branches: a table with a key of two columns, to which sales refer.
branches() {
	printf 'bank,branch,town\n1,1,Prague\n1,2,Brno\n2,1,Plzen\n' >drop/branches.csv
	cat >shop/sources/branches.yaml <<-'END'
	name: branches
	key: [bank, branch]
	columns:
	  - {name: bank, type: int64}
	  - {name: branch, type: string}
	  - {name: town, type: string}
	END
	printf 'id,shop,amount,note,b,of\n1,1,10.50,a,1,1\n2,1,4.50,b,2,2\n3,2,7.25,a,,3\n4,,1.00,,2,\n5,,2.00,c,2,1\n6,1,8.00,,2,2\n' >drop/sales.csv
	printf '  - {name: b, type: int32}\n  - {name: of, type: string}\nreferences:\n  - {table: branches, columns: {b: bank, of: branch}}\n' \
		>>shop/sources/sales.yaml
}

@test "reconcile: a reference of several columns" {
	branches
	echo 'of branches: orphans(silver/sales by b,of) + orphans(silver/sales.amount by b,of) = 14.50' >shop/checks
	lake
	mkdir run
	acct-reconcile -j shop --run run lake
	grep -qE '^  sales of unknown b,of +2  amount +12.50$' run/summary.txt
	same '{"table":"sales","column":"b,of","references":"branches.bank,branch","count":2,"sums":{"amount":"12.50"}}' \
		"$(jq -c '.orphans[1]' run/summary.json)"
	same "shop=shops.id b,of=branches.bank,branch" "$(acct-job --lines shop | sed -n 's/^source\tsales\t.*\t\(.*\)\t-$/\1/p')"
}

@test "reconcile: orphans that stop the run" {
	branches
	sed -i 's/of: branch}}/of: branch}, orphans: stop}/; s/references: shops.id/&, orphans: stop/' shop/sources/sales.yaml
	run -1 --separate-stderr sh "$P/run.sh" -d none -j shop drop lake
	grep -qE 'sales: no row of unknown shop +0 += 0 +closes' <<<"$stderr"
	grep -qE 'sales: no row of unknown b,of +2 += 0 +DOES NOT CLOSE' <<<"$stderr"
	[ ! -e lake/silver ]
	sed -i 's/,2,2$/,2,1/' drop/sales.csv
	lake
}

@test "reconcile: references that do not suit" {
	wrong() {
		branches
		sed -i "$1" shop/sources/sales.yaml
		run -78 --separate-stderr acct-job shop
		same "acct-job: shop/sources/sales.yaml:$2" "$stderr"
		prepare
	}
	wrong 's/table: branches/table: branchs/' "10:5: references: no such table: 'branchs'; did you mean 'branches'?"
	wrong 's/of: branch}/of: branhc}/' "10:42: references: no such column: 'branhc'; did you mean 'branch'?"
	wrong 's/of: branch}/off: branch}/' "10:42: references: no such column: 'off'; did you mean 'of'?"
	wrong 's/of: branch}/of: bank}/' "10:42: references: a column of another type: 'bank'"
	wrong 's/table: branches, //' "10:5: missing word of a reference: 'table'"
	wrong 's/{b: bank, of: branch}/[b]/' "10:32: expected a mapping for: 'columns'"
	wrong 's/columns: {b.*$/columns: {}}/' "10:33: an empty mapping for: 'columns'"
	wrong 's/  - {table.*/  branches/' "10:3: expected a list for: 'references'"
	wrong 's/of: branch}}/of: branch}, orphans: drop}/' "10:64: expected keep, stop or reject: 'drop'"
	wrong 's/{name: b, type: int32}/{name: b, type: int32, orphans: stop}/' "7:37: orphans: without references"
}
