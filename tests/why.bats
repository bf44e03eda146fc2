load helper

# Whence the rows of a lake come, and what acct-read shows of tables within ACCT_KEYS.

@test "why: random keys of files that grow, change, are compressed or encoded" {
	seed=${ACCT_SEED:-$RANDOM}
	echo "ACCT_SEED=$seed" >&2
	run -0 python3 "$ROOT/tests/why.py" "$BUILD/bin" "${ACCT_KEYS_TRIED:-2}" "$seed"
	[[ $output == *" keys" ]]
}

# lake: one of two tables and a gold table.
lake() {
	mkdir -p job/sources job/gold in take lake/bronze
	cat >job/sources/shops.yaml <<-'END'
	name: shops
	file: shops.csv
	columns:
	  - {name: shop, type: int64, key: yes}
	  - {name: town, type: string}
	END
	cat >job/sources/sales.yaml <<-'END'
	name: sales
	file: sales.csv
	columns:
	  - {name: sale, type: int64, key: yes}
	  - {name: shop, type: int64, references: shops.shop}
	  - {name: amount, type: 'decimal(9,2)'}
	END
	cat >job/gold/turnover.sh <<-'END'
	#: from sales
	#: key shop
	#: by shop
	acct-read -c shop,amount "$LAKE/silver/sales" | acct-balance -k shop 'sum=sum(amount)' -t turnover
	END
	printf 'shop,town\n1,Bern\n2,"a\nb"\n' >in/shops.csv
	printf 'sale,shop,amount\n1,1,5.00\n2,2,7.50\n3,1,x\n4,1,0.25\n' >in/sales.csv
	acct-ledger -o new --take take in shops=shops.csv sales=sales.csv >found
	cp -r take/. lake/bronze/
	acct-write -i new lake/bronze/_ledger
	for t in shops sales; do
		acct-ingest -s job/sources/$t.yaml in/$t.csv |
			acct-clean -s job/sources/$t.yaml -r rejects --delivery "$(acct-select -w "table = '$t'" -c delivery new | acct-cat | tail -n 1)" |
			acct-write --hidden _delivery,_line lake/silver/$t
	done
	LAKE=lake sh job/gold/turnover.sh | acct-write lake/gold/turnover
}

@test "why: the lines of a row, and gold proved by them" {
	lake
	same "gold/turnover
shop   sum
----  ----
   1  5.25

silver/sales: 2 rows
sales.csv, delivery 2, SHA-256 $(sha256sum <in/sales.csv | cut -d ' ' -f 1)
2	1,1,5.00
5	4,1,0.25

job/gold/turnover.sh makes the same of these rows" "$(acct-why -j job lake/gold/turnover/ shop=1)"
	same "silver/shops: 1 row
shops.csv, delivery 1, SHA-256 $(sha256sum <in/shops.csv | cut -d ' ' -f 1)
3	2,\"a\\nb\"" "$(ACCT_JOB=job acct-why lake/silver/shops shop=2)"
	same '5	4,1,0.25' "$(acct-why -j job --lines lake/silver/sales shop=1 amount=0.25 | cut -f 4-)"
	(cd lake/silver && same 3 "$(acct-why -j ../../job --lines ../../lake/silver/sales sale=2 | cut -f 4)")
}

@test "why: a row of gold that its rows do not give is said" {
	lake
	mkdir tmp
	export TMPDIR=$PWD/tmp
	acct-read lake/gold/turnover | acct-select -c shop,sum='(sum + 1)::decimal(28,2)' | acct-write -m overwrite --replace-schema lake/gold/turnover
	run -1 --separate-stderr acct-why -j job lake/gold/turnover shop=2
	[[ $output == *$'\n2,2,7.50\n'* || $output == *$'\n3\t2,2,7.50\n'* ]]
	[[ $stderr == "acct-why: lake/gold/turnover: not what job/gold/turnover.sh makes of these rows" ]]
	run -1 --separate-stderr acct-why -j job lake/gold/turnover shop=3
	same "acct-why: lake/gold/turnover: no such row" "$stderr"
	run -1 --separate-stderr acct-why -j job lake/silver/sales sale=3
	same "acct-why: lake/silver/sales: no such row" "$stderr"
	echo 'exit 1' >>job/gold/turnover.sh
	run -1 acct-why -j job lake/gold/turnover shop=2
	sed -i '/by shop/d' job/gold/turnover.sh
	run -78 acct-why -j job lake/gold/turnover shop=2
	same "" "$(ls tmp)"
}

@test "why: wrong use" {
	lake
	run -64 --separate-stderr acct-why -j job lake/gold/turnover
	[[ $stderr == "acct-why: expected TABLE and COLUMN=VALUE"* ]]
	run -64 --separate-stderr acct-why lake/gold/turnover shop=1
	[[ $stderr == "acct-why: -j is required"* ]]
	run -64 --separate-stderr acct-why -j job lake/turnover shop=1
	[[ $stderr == "acct-why: expected LAKE/silver/TABLE or LAKE/gold/TABLE: 'lake/turnover'"* ]]
	run -64 --separate-stderr acct-why -j job lake/gold/turnover shops=1
	same "acct-why: 'shops': no such column in lake/gold/turnover; did you mean 'shop'?" "$stderr"
	run -64 --separate-stderr acct-why -j job lake/gold/turnover shop=x
	same "acct-why: shop: not a value of its type: 'x'" "$stderr"
	run -64 --separate-stderr acct-why -j job lake/gold/turnover sum=5.25
	[[ $stderr == "acct-why: expected shop=VALUE, the column of #: by in job/gold/turnover.sh"* ]]
	run -66 acct-why -j job nowhere/gold/turnover shop=1
	cp -r lake/silver/shops lake/silver/other
	run -64 --separate-stderr acct-why -j job lake/silver/other shop=1
	same "acct-why: 'other': no source of the job job" "$stderr"
	sed -i '/by shop/d' job/gold/turnover.sh
	run -78 --separate-stderr acct-why -j job lake/gold/turnover shop=1
	same "acct-why: job/gold/turnover.sh: missing line: #: by COLUMN" "$stderr"
	printf 'sale,shop,amount\n' >"$(echo lake/bronze/sales/*)"
	run -65 --separate-stderr acct-why -j job lake/silver/sales sale=1
	[[ $stderr == "acct-why: "*": damaged: has no line 2 of delivery 2" ]]
	acct-read lake/silver/sales | acct-write -m overwrite --replace-schema lake/silver/sales
	run -65 --separate-stderr acct-why -j job lake/silver/sales sale=1
	same "acct-why: lake/silver/sales: rows do not say where they come from; acct-clean --delivery makes them" "$stderr"
}

# Tables of several files and deleted rows, and every type.
@test "why: acct-read shows a script the rows that have one of the keys" {
	seed=${ACCT_SEED:-$RANDOM}
	echo "ACCT_SEED=$seed" >&2
	for part in 1 2 3; do
		python3 - "$seed" $part <<-'PY' | mkrec t 'id:int64*! b:bool i:int32 l:int64 d:decimal(30,2) n:decimal(9,2) t:date f:float64 s:string' |
		import random, sys
		r, part = random.Random(sys.argv[1] + sys.argv[2]), int(sys.argv[2])
		null = lambda v: r.choice([v] * 9 + ["\\N"])
		for i in range(part * 400, part * 400 + 400):
		    v = r.randrange(50)
		    print(i, null(r.choice(["true", "false"])), null(v), null(v * 10**12), null("%d.25" % (v * 10**15)), null("%d.50" % v),
		        null("2024-%02d-%02d" % (v % 12 + 1, v % 28 + 1)), null(v / 4), null("s%d" % v), sep="\t")
		PY
			acct-write --property delta.enableDeletionVectors=true lake/silver/t
	done
	acct-select -c 'id,gone=true' -w 'id % 7 = 0' <(acct-read -c id lake/silver/t) | acct-merge -k id --delete-flag gone=true lake/silver/t
	acct-read lake/silver/t >all
	for column in id b i l d n t f s; do
		for n in 0 1 4; do
			acct-read -c $column lake/silver/t | { acct-cat -f tsv; cat >/dev/null; } | sed 1d | shuf -n $n --random-source=all | sort -u >some
			type=$(acct-cat --header all | awk -v c=$column '$1 == c { print $2 }')
			mkrec keys "$column:$type" <some >keys
			acct-cat -f tsv all | awk -F '\t' -v c=$column 'FNR == NR { keys[$0] = 1; next }
				FNR == 1 { for (i = 1; i <= NF; i++) if ($i == c) at = i } FNR == 1 || $at in keys' some - >expected
			[ -s some ] || tsv all | head -n 1 >expected
			export ACCT_KEYS="$PWD/lake"$'\n'"silver/other	x	y"$'\n'"silver/t	$column	$PWD/keys"
			same "$(cat expected)" "$(acct-read lake/silver/t | tsv)"
			acct-read -w 'id % 2 = 0' -c s,id lake/silver/t | acct-cat --check
			same "$(acct-read -w 'id % 2 = 0' -c id lake/silver/t | tsv)" "$(awk -F '\t' 'FNR == 1 || $1 % 2 == 0 { print $1 }' expected)"
			unset ACCT_KEYS
		done
	done
	wrong() {
		ACCT_KEYS="$PWD/lake"$'\n'"$1" run "-$2" --separate-stderr acct-read lake/silver/t
		[[ $stderr == "acct-read: $3"* ]]
	}
	wrong 'silver/t	id' 64 "ACCT_KEYS: expected a table, a column and a file: 'silver/t\\tid'"
	wrong 'silver/t	ids	keys' 64 "ACCT_KEYS: 'ids': no such column in lake/silver/t; did you mean 'id'?"
	wrong 'silver/t	id	keys' 65 "keys: not keys of the type of column 'id'"
	wrong 'silver/t	id	nowhere' 66 "nowhere: No such file or directory"
}

@test "why: a lake of run.sh, of a file that has grown" {
	cp -r "$ROOT/pipelines/sample" in
	sh "$ROOT/pipelines/run.sh" in lake >said 2>&1
	printf '\n99999,53,2024-01-01,5.00,Deposit\n' >>in/transactions.csv
	sh "$ROOT/pipelines/run.sh" in lake >said 2>&1
	acct-why -j "$ROOT/pipelines/bank" --lines lake/gold/account_transactions account_id=53 >lines
	same 10 "$(wc -l <lines)"
	same "silver/transactions	transactions.csv	$(sha256sum <in/transactions.csv | cut -d ' ' -f 1)	$(grep -n '^99999,' in/transactions.csv | tr : '\t')" \
		"$(tail -n 1 lines)"
	same "silver/transactions	transactions.csv	$(sha256sum <"$ROOT/pipelines/sample/transactions.csv" | cut -d ' ' -f 1)	$(grep -n '^4,53,' in/transactions.csv | tr : '\t')" \
		"$(head -n 1 lines)"
}
