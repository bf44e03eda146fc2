load helper

# The folder of a job: what a user copies and edits, and what each mistake in it says.

P=$ROOT/pipelines
export ACCT_BIN=$BUILD/bin

# The job of a shop: two sources and a gold table.
prepare() {
	mkdir -p shop/sources shop/gold drop
	printf 'id,city\n1,Prague\n2,Brno\n' >drop/shops.csv
	printf 'id,shop,amount\n1,1,10.50\n2,1,4.50\n3,2,7.25\n4,9,1.00\n' >drop/sales.csv
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
	  - {name: shop, type: int64, required: yes, references: shops.id}
	  - {name: amount, type: 'decimal(18,2)', required: yes}
	END
	cat >shop/gold/turnover.sh <<-'END'
	#: from sales
	#: key shop
	#: total turnover
	LAKE=${1:-$LAKE}
	acct-read "$LAKE/silver/sales" | acct-balance -k shop 'turnover=sum(amount)' -t turnover
	END
	echo 'turnover = sales: sum(gold/turnover.turnover) = sum(silver/sales.amount)' >shop/checks
}

job() {
	sh "$P/run.sh" -d none -j shop drop lake "$@"
}

# refused STATUS MESSAGE: the run ends so, and nothing of it stays.
refused() {
	run "-$1" --separate-stderr job
	grep -qF -- "$2" <<<"$stderr" || { echo "$stderr" && return 1; }
	[ ! -e lake/silver ] && [ ! -e lake/gold ]
}

rows() {
	acct-read "$1" | acct-cat | sed 1d
}

@test "job: two files of one's own, from nothing to SQL" {
	run -0 sh "$P/run.sh" -j shop drop lake
	same "1,15.00
2,7.25
9,1.00" "$(rows lake/gold/turnover)"
	same "1|15.00
2|7.25
9|1.00" "$(sqlite3 lake/gold/gold.db 'SELECT * FROM turnover ORDER BY 1')"
	[[ $output == *"  turnover  3 rows  turnover  23.25"*"  sales of unknown shop  1  amount  1.00"*"  turnover = sales "*" closes"* ]]
	same '[{"table":"sales","column":"shop","references":"shops.id","count":1,"sums":{"amount":"1.00"}}]' \
		"$(jq -c .orphans $(last lake)/summary.json)"
	run -0 sh "$P/run.sh" -j shop drop lake
	[[ $output == "nothing to do: "* ]]
	# A script runs alone as well.
	sh shop/gold/turnover.sh lake | acct-cat | sed 1d | diff - <(rows lake/gold/turnover)
}

@test "job: the manual's example, command by command" {
	mandoc -T utf8 "$ROOT/man/acct-job.7" | col -bx | sed -n '/^EXAMPLES/,/^SEE ALSO/s/^           //p' >page
	[ "$(wc -l <page)" -gt 20 ]
	mkdir new && cd new && ln -s "$P" pipelines
	run -0 sh -eu ../page
	[[ $output == *"2|7.25"* ]]
}

@test "job: a new source is one file, a new gold table one file and its lines in checks" {
	cp -r "$P/bank" bank
	cp -r "$P/sample" files && chmod -R u+w files
	printf 'branch_id,account_id,fee\n1,1,2.50\n2,2,1.25\n3,999999,4.00\n' >files/fees.csv
	cat >bank/sources/fees.yaml <<-'END'
	name: fees
	columns:
	  - {name: branch_id, type: int64, key: yes}
	  - {name: account_id, type: int64, required: yes, references: accounts.account_id}
	  - {name: fee, type: 'decimal(9,2)', required: yes}
	END
	cat >bank/gold/statement.sh <<-'END'
	# A monthly statement: what moved on each account in each month.
	#: from transactions
	#: key account_id month
	LAKE=${1:-$LAKE}
	acct-read -c account_id,transaction_date,transaction_amount "$LAKE/silver/transactions" |
		acct-balance -k account_id,transaction_date moved='sum(transaction_amount)' | acct-select -c account_id,month=transaction_date,moved -t statement
	END
	echo 'statement = transactions: sum(gold/statement.moved) = sum(silver/transactions.transaction_amount)' >>bank/checks
	run -0 sh "$P/run.sh" -j bank files lake
	[[ $output == *"fees: lines of the file"*"statement: one row for each key"*"statement = transactions"*" closes"* ]]
	same "999999" "$(acct-join -j anti -k account_id <(acct-read lake/silver/accounts) <(acct-read lake/silver/fees) | acct-cat | sed '1d; s/^3,\(.*\),4.00/\1/; /,/d')"
	[[ $output == *"fees of unknown account_id "* ]]
	n=$(rows lake/gold/statement | wc -l)
	same "$n" "$(sqlite3 lake/gold/gold.db 'SELECT count(*) FROM statement')"
	# The other tables are those of the bank without them.
	sh "$P/run.sh" -d none "$P/sample" plain >/dev/null
	for t in silver/loans gold/customer_balance gold/customer_loans gold/account_transactions; do
		diff <(acct-read "lake/$t") <(acct-read "plain/$t")
	done
}

@test "job: a gold table of gold tables is made after them, and again when they are" {
	cat >shop/gold/all.sh <<-'END'
	#: from turnover shops
	#: key shops
	#: load no
	acct-read "$LAKE/gold/turnover" | acct-balance 'shops=count()' 'turnover=sum(turnover)' -t all
	END
	sh "$P/run.sh" -j shop drop lake
	same "3,23.25" "$(rows lake/gold/all)"
	same "turnover" "$(sqlite3 lake/gold/gold.db "SELECT group_concat(name) FROM sqlite_schema WHERE type = 'table' AND name IN ('all', 'turnover')")"
	echo '5,2,100.00' >>drop/sales.csv
	job
	same "3,123.25" "$(rows lake/gold/all)"
	versions=$(acct-log --state --json lake/gold/turnover | jq .version)
	sed -i 's/turnover=sum/total=sum/' shop/gold/all.sh
	job
	same "$versions" "$(acct-log --state --json lake/gold/turnover | jq .version)"
	same "shops,total" "$(acct-read lake/gold/all | acct-cat | head -n 1)"
}

@test "job: a script reads no table that it does not name" {
	sed -i 's/from sales/from shops/' shop/gold/turnover.sh
	refused 78 "acct-read: $T/lake/silver/sales: not among the tables that this script says it reads (#: from)"
	# Run alone it may read whatever is there.
	sed -i 's/from shops/from sales/' shop/gold/turnover.sh
	job
	sed -i 's/from sales/from shops/' shop/gold/turnover.sh
	sh shop/gold/turnover.sh lake | acct-cat --check
}

@test "job: a script that fails stops the run by name" {
	echo 'exit 3' >>shop/gold/turnover.sh
	run -74 --separate-stderr job
	[[ $stderr == *"run.sh: $T/shop/gold/turnover.sh: failed; the lake is as it was"* ]]
	[ ! -e lake/gold ]
}

@test "job: a stage that fails within a script fails the run with its status" {
	sed -i "s/acct-read .* |/acct-read \"\$LAKE\/silver\/sales\" | acct-select -c id,amount |/" shop/gold/turnover.sh
	refused 64 "turnover.sh: failed; the lake is as it was"
	sed -i 's/acct-select -c id,amount/head -c 60/' shop/gold/turnover.sh
	refused 65 "turnover.sh: failed; the lake is as it was"
}

@test "job: a key that is there twice does not close" {
	cat >shop/gold/turnover.sh <<-'END'
	#: from sales
	#: key shop
	acct-read "$LAKE/silver/sales" | acct-select -c shop,turnover=amount -t turnover
	END
	run -1 --separate-stderr job
	[[ $stderr == *"turnover: one row for each key "*" 4  = 3 "*" DOES NOT CLOSE"* ]]
}

@test "job: lines of gold scripts" {
	wrong() {
		sed -i "$1" shop/gold/turnover.sh
		refused 78 "$2"
		prepare
	}
	wrong '/key/d' "acct-job: $T/shop/gold/turnover.sh: missing line: #: key COLUMN ..."
	wrong '/from/d' "acct-job: $T/shop/gold/turnover.sh: missing line: #: from TABLE ..."
	wrong 's/from sales/from/' "turnover.sh:1: #: from: expected names"
	wrong 's/from sales/from sale/' "turnover.sh:1: #: from: no such table: 'sale'; did you mean 'sales'?"
	wrong 's/total turnover/totals turnover/' \
		"turnover.sh:3: unknown word after '#:': 'totals'; did you mean 'total'? words are: by, from, key, load, total"
	wrong 's/total turnover/by shop turnover/' "turnover.sh:3: #: by: expected one column"
	wrong 's/total turnover/load yes /' "turnover.sh:3: #: load: must be no: 'yes'"
	wrong 's/total turnover//' "turnover.sh:3: expected by, from, key, load or total after '#:'"
	cp shop/gold/turnover.sh shop/gold/sales.sh
	refused 78 "sales.sh: 'sales' is the name of a source table"
	rm shop/gold/sales.sh
	cp shop/gold/turnover.sh 'shop/gold/a b.sh'
	refused 78 "a b.sh: the name must be letters, digits, '_' and '-', beginning with a letter or digit"
	rm 'shop/gold/a b.sh'
	sed 's/from sales/from b/' shop/gold/turnover.sh >shop/gold/a.sh
	sed 's/from sales/from a/' shop/gold/turnover.sh >shop/gold/b.sh
	refused 78 "shop/gold: each of these reads another of them: a b"
	rm shop/gold/a.sh shop/gold/b.sh
	sed 's/from sales/from turnover/' shop/gold/turnover.sh >shop/gold/a.sh
	sed 's/from sales/from a shops/' shop/gold/turnover.sh >shop/gold/b.sh
	same "turnover 0 a 1 b 2" "$(acct-job --lines shop | awk '/^gold/ { print $2, $3 }' | paste -s -d ' ')"
}

@test "job: lines of checks" {
	sed -i '/shop, type/a\  - {name: branch, type: int64, references: shops.id}' shop/sources/sales.yaml
	wrong() {
		printf '# a comment\n\n%s\n' "$1" >shop/checks
		run -78 --separate-stderr acct-job shop
		same "acct-job: shop/checks:3:$2" "$stderr"
	}
	wrong '1 = 1' "1: expected LABEL: TERM = TERM"
	wrong 'a:1 = 1' "1: expected LABEL: TERM = TERM"
	wrong ' : 1 = 1' "2: expected a label before ':'"
	wrong 'a: sum(silver/sales.amount)' "28: expected =, <= or >= at the end"
	wrong 'a: sum(silver/sales.amount) =  ' "30: expected a term or a number at the end"
	wrong 'a: sum(silver/sales.amount) = 3 4' "33: expected +, -, =, <= or >=: '4'"
	wrong 'á: 1 = x' "8: expected a term or a number: 'x'"
	wrong 'a: 1 = avg(silver/sales.amount)' "8: no such function: 'avg'; functions are: sum, count, keys, rejected, orphans, lines"
	wrong 'a: 1 = sum(silver/sales)' "24: sum: expected '.COLUMN' after the table"
	wrong 'a: 1 = sum(silver/sales.)' "25: expected a column"
	wrong 'a: 1 = sum(silver/sales."amount)' "8: sum: missing ')'"
	wrong 'a: 1 = sum(silver/sales."")' "25: expected a column"
	wrong 'a: 1 = sum(sales.amount)' "12: sum: expected silver/TABLE or gold/TABLE: 'sales'"
	wrong 'a: 1 = lines(silver/sales)' "14: lines: expected bronze/TABLE: 'silver/sales'"
	wrong 'a: 1 = orphans(gold/turnover)' "16: orphans: expected silver/TABLE: 'gold/turnover'"
	wrong 'a: 1 = sum(silver/sales.amount' "8: sum: missing ')'"
	wrong 'a: 1 = sum(silver/sales.amout)' "25: no such column: 'amout'; did you mean 'amount'?"
	wrong 'a: 1 = sum(silver/shops.city)' "25: only integers and decimals have an exact sum: 'city'"
	wrong 'a: 1 = keys(silver/sales.amount)' "25: keys: takes no column"
	wrong 'a: 1 = count(silver/sale)' "21: no such source table: 'sale'; did you mean 'sales'?"
	wrong 'a: 1 = count(gold/sales)' "19: no such gold table: 'sales'"
	wrong 'a: 1 = orphans(silver/shops)' "16: orphans: the table has no references"
	wrong 'a: 1 = orphans(silver/sales)' "16: orphans: name one of the table's references: by shop, by branch"
	wrong 'a: 1 = orphans(silver/sales by id)' "16: orphans: name one of the table's references: by shop, by branch"
	wrong 'a: 1 = rejected(silver/sales where id = 1)' "36: rejected: cannot have a condition: 'id = 1'"
	wrong 'a: 1 = count(silver/sales where it = 1)' "33: no column 'it'; did you mean 'id'? columns are: id, shop, branch, amount"
	wrong 'a: 1 = count(silver/sales  wher id = 1)' "28: expected where or ')': 'wher id = 1'"
	printf 'a: count(silver/sales) = 1\0\n' >shop/checks
	run -78 --separate-stderr acct-job shop
	same "acct-job: shop/checks:1:27: a NUL in a check" "$stderr"
	run -66 --separate-stderr acct-job nonesuch
	head -c 1200000 /dev/zero | tr '\0' '#' >shop/checks
	run -78 --separate-stderr acct-job shop
	same "acct-job: shop/checks: longer than 1048576 bytes" "$stderr"
}

@test "job: checks that close and that do not" {
	cat >shop/checks <<-'END'
	counts: count(silver/sales) = 4 = keys(gold/turnover) + 1
	by shop: sum(silver/sales.amount where shop = 1) = 15.00
	text: count(silver/shops where city = 'Br)no' or city = 'Brno') = 1
	nulls: count(silver/shops.city) <= 2
	unknown: orphans(silver/sales) + orphans(silver/sales.amount) = 2
	files: lines(bronze/sales) - 1 = count(silver/sales) + rejected(silver/sales)
	key: sum(gold/turnover.shop) = 12
	END
	run -0 job
	[[ $output == *"14 of 14 checks close"* ]]
	sed -i 's/15.00/15.01/' shop/checks
	echo 7,3,x >>drop/sales.csv
	run -1 --separate-stderr job
	[[ $stderr == *"by shop "*"= 15.01 "*"DOES NOT CLOSE"*"13 of 14 checks close"* ]]
}

@test "job: schemas against each other" {
	wrong() {
		sed -i "$1" "shop/sources/$2.yaml"
		refused 78 "acct-job: $T/shop/sources/$2.yaml:$3"
		prepare
	}
	wrong 's/shops.id/shop.id/' sales "4:58: references: no such table: 'shop'; did you mean 'shops'?"
	wrong 's/shops.id/shops.city_/' sales "4:58: references: no such column: 'city_'; did you mean 'city'?"
	wrong 's/^name: sales/name: sells/' sales " name: must be that of the file: 'sells'"
	wrong 's/shops.id/shops.city/' sales "4:58: references: a column of another type: 'city'"
	same $'source\tsales\tsales.csv\tid\tamount\tshop=shops.id\t-
source\tshops\tshops.csv\tid\t-\t-\t-
gold\tturnover\t0\tload\tsales\tshop\tturnover' "$(acct-job --lines shop)"
	run -0 --separate-stderr acct-job -v shop
	same "acct-job: shop: 2 sources, 1 gold tables, 1 checks" "$stderr"
}

@test "job: files have the names that their schemas say" {
	mv drop/sales.csv drop/sales-of-2026.txt
	echo 'file: sales-of-2026.txt' >>shop/sources/sales.yaml
	job
	run -0 job
	[[ $output == "nothing to do: "* ]]
	gzip drop/sales-of-2026.txt
	job
	mv drop/sales-of-2026.txt.gz drop/sales.csv.gz
	run -66 --separate-stderr job
	same "acct-ledger: $T/drop/sales-of-2026.txt: no such file" "$stderr"
}

@test "job: a folder without sources, and one without gold" {
	run -66 --separate-stderr sh "$P/run.sh" -d none -j nonesuch drop lake
	same "acct-job: $T/nonesuch/sources: no such directory; a job is a folder with sources/TABLE.yaml and gold/TABLE.sh" "$stderr"
	rm -r shop/gold shop/checks
	run -0 job
	[[ $output == *" checks close"* ]]
	[ ! -e lake/gold/turnover ]
}

@test "job: --list, --status and --new" {
	run -0 sh "$P/run.sh" --list -j shop
	same "sources
  sales  sales.csv  key id  shop=shops.id
  shops  shops.csv  key id

gold
  turnover  from sales  key shop

checks
  turnover = sales" "$output"
	run -66 --separate-stderr sh "$P/run.sh" --status lake
	job
	run -0 sh "$P/run.sh" --status lake
	[[ ${lines[0]} == "last run "*", finished "*", 0 days and 0 hours ago" ]]
	grep -qE '^  gold/turnover +0 +[-0-9T:.]+Z +3 +[0-9]+$' <<<"$output"
	run -0 sh "$P/run.sh" --new drafted drop
	same "sales.yaml shops.yaml" "$(ls drafted/sources | paste -s -d ' ')"
	sh "$P/run.sh" -d none -j drafted drop other
	same "$(rows lake/silver/sales)" "$(rows other/silver/sales)"
	mkdir none
	run -66 --separate-stderr sh "$P/run.sh" --new x none
	same "run.sh: $T/none: no CSV file in it" "$stderr"
	run -64 --separate-stderr sh "$P/run.sh" --list lake
	run -64 --separate-stderr sh "$P/run.sh" --list --status lake
	run -64 --separate-stderr sh "$P/load.sh" --list lake
}

@test "job: lines that a schema skips are a kind of their own" {
	{ printf 'Sales of "Brno"\n# \n'; cat drop/sales.csv; printf 'end\n\n'; } | iconv -t UTF-16 >drop/sales.new
	mv drop/sales.new drop/sales.csv
	printf '%s\n' 'encoding: auto' 'header: 2' "comment: '#'" 'footer: end' >>shop/sources/sales.yaml
	run -0 job
	run -0 --separate-stderr sh "$P/reconcile.sh" -j shop lake
	grep -E 'sales: lines of the file = names \+ clean \+ rejected \+ blank \+ skipped +9 += 1 \+ 4 \+ 0 \+ 0 \+ 4 +closes' <<<"$stderr$output"
}
