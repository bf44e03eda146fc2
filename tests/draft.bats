load helper

# acct-schema FILE: schemas drafted from files.

draft() {
	acct-schema "$1" | sed 1d
}

@test "draft: random files of known columns" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "# seed $seed" >&3
	python3 "$ROOT/tests/draft.py" "${ACCT_DRAFTS:-60}" "$seed"
}

@test "draft: a file, with the reason for each line" {
	printf 'id;Name;Born;Balance;Code\r\n1;Ann;31.01.1990;10.50;007\r\n2;"Bo;b";28.02.1991;-3.25;012\r\n3;N/A;01.12.1985;;003\r\n' >people.csv
	same '# Drafted from 3 rows of '"'people.csv'"'.
name: people
file: people.csv
delimiter: ";"
multiline: no  # no field spans lines
nulls: ["N/A"]
columns:
  - name: id
    type: int64  # 3 of 3 values
    key: yes  # nearly every row has its own value
  - name: Name
    type: string
  - name: Born
    type: date  # 3 of 3 values
    format: "%d.%m.%Y"
    required: yes  # no row is without it
  - name: Balance
    type: decimal(18,2)  # 2 of 2 values
  - name: Code
    type: string  # numbers with leading zeros, as '"'007'"' in line 2
    required: yes  # no row is without it' "$(acct-schema people.csv)"
}

@test "draft: dirt does not change a type; it is named" {
	{ echo 'id,amount' && for i in $(seq 60); do echo "$i,$i.50"; done && echo '61,abc' && echo '62,1.50,3' && echo '62,1.23456'; } >t.csv
	same "# Drafted from 63 rows of 't.csv'.
# 1 of 63 rows have another number of fields, or stray quotes; they will be rejected.
decimal(18,2)  # 60 of 62 values; not 'abc' in line 62" "$(acct-schema t.csv | sed -n '1,2p; s/^    type: \(decimal\)/\1/p')"
}

@test "draft: dates that no day tells apart" {
	printf 'id,d\n1,01/02/2024\n2,03/04/2024\n' >t.csv
	[[ $(draft t.csv) == *'format: "%d/%m/%Y"'* ]]
	[[ $(draft t.csv) == *"may be %m/%d/%Y as well: no date tells"* ]]
	printf 'id,d\n1,01/02/2024\n2,03/14/2024\n' >t.csv
	[[ $(draft t.csv) == *'format: "%m/%d/%Y"'* ]]
}

@test "draft: escapes, tabs, no header, fields that span lines, compressed files" {
	printf '1,"a\\"b, c",x\n2,"d",y\n' >t.csv
	[[ $(draft t.csv) == *'escape: "\\"'*"header: no"*"name: column_1"*"name: column_3"* ]]
	printf 'id\ttext\n1\t"two\nlines"\n' >t.csv
	[[ $(draft t.csv) == *'delimiter: "\t"'*"multiline: yes"* ]]
	gzip t.csv
	[[ $(draft t.csv.gz) == "name: t"$'\n'"file: t.csv"* ]]
}

@test "draft: a job of several files runs as it is" {
	cp -r "$ROOT/pipelines/sample" drop
	acct-schema --new job drop/*.csv
	same "references: accounts.account_id
references: customers.customer_id
references: customers.customer_id
references: loans.loan_id" "$(cat job/sources/*.yaml | sed -n 's/^ *\(references: [^ ]*\).*/\1/p' | sort)"
	ACCT_BIN=$BUILD/bin run -0 --separate-stderr sh "$ROOT/pipelines/run.sh" -d none -j job drop lake
	# What it rejects is what the bank's own schemas reject, but for what they know better.
	[[ $output == *"  accounts        1379    61     58         3      0"* ]]
	[[ $output == *"checks close"* ]]
}

# drafted: the rows that acct-clean makes of t.csv by its draft, which it leaves in t.yaml.
drafted() {
	acct-schema t.csv >t.yaml
	acct-ingest -s t.yaml t.csv | acct-clean -s t.yaml -r rej | tsv - | tail -n +2
}

@test "draft: lines before the names, comments, and totals at the end are found" {
	printf '%s\n' Account:,12345 From:,2024-01-01 '' id,amount,memo 1,1.00,a >t.csv
	same "1	1.00	a" "$(drafted)"
	same "header: 4  # the line of names; those before it have another number of fields" "$(grep ^header t.yaml)"
	printf '%s\n' '# made by x' 'Report;January' '' 'id;amount;memo' '1;1,00;a' '# note' '2;2,50;b' '3;3,00;c' 'Total;6,50;' \
	    'Rows: 3' '' >t.csv
	same "$(printf '%s\n' '1	1.00	a' '2	2.50	b' '3	3.00	c')" "$(drafted)"
	same "$(printf '%s\n' 'header: 4' 'comment: "#"' 'footer: 3')" "$(grep -E '^(header|comment|footer)' t.yaml | sed 's/  #.*//')"
	same 0 "$(acct-cat -f tsv rej | tail -n +2 | wc -l)"
	# Others are rows and names: without the delimiter that ends the rows, cut short, beginning with the sign.
	printf '%s\n' id,n 1,2, 2,3, 3,4, >t.csv
	acct-schema t.csv | grep -q '^  - name: id$'
	printf '%s\n' '#id,n,t' 1,2,x 2,3,y 3 >t.csv
	[ -z "$(acct-schema t.csv | grep -E '^(header|comment|footer)')" ]
}

@test "draft: refusals" {
	: >empty.csv
	printf 'a,a\n1,2\n' >twice.csv
	run -65 --separate-stderr acct-schema empty.csv
	same "acct-schema: empty.csv: empty" "$stderr"
	run -65 --separate-stderr acct-schema twice.csv
	same "acct-schema: twice.csv:1: two columns of one name: 'a'" "$stderr"
	run -66 --separate-stderr acct-schema nonesuch.csv
	printf 'a,b\n1,2\n' >x.csv
	cp x.csv x.txt
	run -64 --separate-stderr acct-schema x.csv x.txt
	same "acct-schema: expected one FILE; --new makes a job of several" "${stderr_lines[0]}"
	run -64 --separate-stderr acct-schema --new j x.csv x.txt
	same "acct-schema: x.csv, x.txt: two files for one table: 'x'" "$stderr"
	[ ! -e j ]
	mkdir j
	run -73 --separate-stderr acct-schema --new j x.csv
	same "acct-schema: j: File exists" "$stderr"
	run -64 --separate-stderr acct-schema
	same "acct-schema: expected a FILE" "${stderr_lines[0]}"
}

@test "draft: encodings, decimal commas and groups, so that the draft runs as it is" {
	# cleaned: the rows of t.csv by its draft
	cleaned() {
		acct-schema t.csv >t.yaml
		acct-ingest -s t.yaml t.csv | acct-clean -s t.yaml | acct-cat
	}
	printf 'Číslo;Částka;Název;Kurs\n1;1.234,50;Šťastný;1,234.5\n2;-0,25;Žižkov;2,000.25\n3;12;Aš;3\n' | iconv -f utf-8 -t windows-1250 >t.csv
	same 'Číslo,Částka,Název,Kurs
1,1234.50,Šťastný,1234.50
2,-0.25,Žižkov,2000.25
3,12.00,Aš,3.00' "$(cleaned)"
	same 'encoding: windows-1250  # a guess, as 6 values are not UTF-8: look at their letters
    decimal_char: ","
    group_char: "."
    group_char: ","' "$(grep -E 'encoding|_char' t.yaml)"
	printf 'id;Betrag;Text\n1;12,5;Müller\n2;7,25;Groß\n' | iconv -f utf-8 -t latin1 >t.csv
	same 'id,Betrag,Text
1,12.50,Müller
2,7.25,Groß' "$(cleaned)"
	grep -q '^encoding: windows-1252 ' t.yaml
	printf 'id,Text\n1,Müller\n2,Groß\n' | iconv -f utf-8 -t utf-16 >t.csv
	same 'id,Text
1,Müller
2,Groß' "$(cleaned)"
	grep -q "^encoding: auto  # by the file's byte order mark" t.yaml
	printf 'id,Text\n1,Müller\n2,Groß\n3,Gro\337\n' >t.csv
	same '# 1 values are not UTF-8, unlike others: their rows will be rejected.' "$(acct-schema t.csv | sed -n 2p)"
	printf 'id;a\n1;1,234\n2;9,999\n' >t.csv
	same '    group_char: ","  # may be decimal_char as well: no number tells' "$(acct-schema t.csv | grep _char)"
}
