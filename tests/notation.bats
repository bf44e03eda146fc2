load helper

# The words of a schema for how files write numbers, dates and times; each case is the kind of an export.

# column WORDS DELIMITER VALUE...: what acct-clean makes of the values of one column, "line reason" of a rejected one.
column() {
	printf 'name: t\ndelimiter: "%s"\ncolumns:\n  - {name: id, type: int64, key: yes}\n  - {name: v, %s}\n' "$2" "$1" >s.yaml
	{ echo "id$2v" && printf '%s\n' "${@:3}" | awk -v d="$2" '{ print NR d "\"" $0 "\"" }'; } >in.csv
	acct-ingest -s s.yaml in.csv | acct-clean -s s.yaml -r rej -o ok
	tsv -c v ok | tail -n +2
	acct-cat -f tsv -c _line,reason rej | tail -n +2
}

@test "notation: random amounts and moments against a model" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "# seed $seed" >&3
	python3 "$ROOT/tests/notation.py" "${ACCT_NOTATIONS:-60}" "$seed"
}

@test "notation: amounts of exports" {
	same $'-2.56\n750.00' "$(column 'type: "decimal(18,2)", decimal_char: ","' ';' -2,56 750,00)"
	same $'1533.50\n33.50' "$(column 'type: "decimal(18,2)", group_char: ","' , 1,533.50 33.50)"
	same $'-30.00\n400.00\n-33.52' \
	    "$(column 'type: "decimal(18,2)", negative: [parentheses], currency: $' , '($30.00)' '$400.00' '(33.52)')"
	same $'-1080.00\n1000.00\n4\ttype' \
	    "$(column 'type: "decimal(18,2)", decimal_char: ",", group_char: "."' ';' -1.080 1.000 1.00)"
	same $'435\n648' "$(column 'type: int64' , 435.0 648.0)"
	same $'-12.50\n12.50\n4\ttype' \
	    "$(column 'type: "decimal(9,2)", suffix: {DR: negative, CR: positive}' , '12.50 DR' 12.50CR 12.50)"
}

@test "notation: dates of exports" {
	same $'2024-05-01\n2024-05-01' "$(column 'type: date, format: "%-d/%-m/%Y"' , 1/5/2024 01/05/2024)"
	same $'2022-05-11T08:57:00Z\n2024-05-14T02:04:00Z' \
	    "$(column 'type: timestamp, format: "%d/%m/%Y %H:%M"' , '11/05/2022 08:57' '14/05/2024 02:04')"
	same $'2018-08-07\n2018-08-07' \
	    "$(column 'type: date, format: "%Y-%m-%d%*"' , '2018-08-07 10:11:12' 2018-08-07T00:00:00Z)"
	same $'2024-05-01\n2024-12-31' "$(column 'type: date, format: ["%d.%m.%Y", "%Y-%m-%d"]' , 01.05.2024 2024-12-31)"
}

@test "notation: the example of the manual" {
	same $'-1080.50\n-12.00\n-300.00' "$(column 'type: "decimal(18,2)", decimal_char: ",", group_char: ["."],
     negative: [leading, parentheses], currency: [EUR, CZK], suffix: {DR: negative}' ';' '1.080,50 DR' '(EUR 12,00)' -300)"
	same $'2024-05-01\n2024-05-01' \
	    "$(column 'type: date, format: ["%-d/%-m/%Y", "%Y-%m-%d%*"]' , 1/5/2024 '2024-05-01 10:11:12')"
}

# wrong WORDS MESSAGE: acct-clean refuses a column of these words.
wrong() {
	printf 'name: t\ncolumns:\n  - {name: v, %s}\n' "$1" >s.yaml
	run -78 --separate-stderr acct-clean -s s.yaml </dev/null
	same "acct-clean: s.yaml:$2" "$stderr"
}

@test "notation: an old word, and a wrong one" {
	wrong 'type: date, date_format: "%d.%m.%Y"' "3:27: unknown word of a column: 'date_format'; it is now 'format'"
	wrong 'type: int64, decimal_chr: ","' "3:28: unknown word of a column: 'decimal_chr'; did you mean 'decimal_char'?"
	wrong 'type: date, format: ["%d/%m/%Y", "%m/%d/%Y"]' \
	    "3:48: format reads dates of an earlier one as other dates: '%m/%d/%Y'"
}

@test "notation: local times of a zone against Python's zoneinfo" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "# seed $seed" >&3
	python3 "$ROOT/tests/zone.py" "$seed" "${ACCT_ZONES:-25}"
}

@test "notation: a time with a zone of its own keeps it; an hour that is missing or there twice is rejected" {
	printf '%s\n' 'name: t' 'columns:' '  - {name: id, type: int64, key: yes}' '  - {name: a, type: timestamp, zone: Europe/Prague}' \
	    '  - {name: b, type: timestamp, format: ["%d.%m.%Y %H:%M %z", "%d.%m.%Y %H:%M"], zone: Europe/Prague}' >s.yaml
	printf '%s\n' id,a,b '1,2024-01-05 10:00:00,05.07.2024 10:00' '2,2024-01-05T10:00:00Z,05.07.2024 10:00 +0000' \
	    '3,2024-01-05 10:00:00.25-05:00,05.07.2024 10:00 UTC' '4,2024-03-31 02:30:00,' '5,,27.10.2024 02:30' '6,,27.10.2024 02:30 +01:00' >in.csv
	acct-ingest -s s.yaml in.csv | acct-clean -s s.yaml -r rej >out.acct
	same '1,2024-01-05T09:00:00Z,2024-07-05T08:00:00Z
2,2024-01-05T10:00:00Z,2024-07-05T10:00:00Z
3,2024-01-05T15:00:00.25Z,2024-07-05T10:00:00Z
6,,2024-10-27T01:30:00Z' "$(acct-cat out.acct | tail -n +2)"
	same '5,type,a,2024-03-31 02:30:00
6,type,b,27.10.2024 02:30' "$(acct-cat -c _line,reason,column,value rej | tail -n +2)"
	sed -i 's/Prague/Prag/' s.yaml
	run -78 --separate-stderr acct-clean -s s.yaml in.csv
	same "acct-clean: s.yaml:4:38: unknown time zone: 'Europe/Prag'; did you mean 'Europe/Prague'?" "$stderr"
	sed -i '4s/timestamp, zone: Europe.Prag/date, zone: Europe\/Prague/' s.yaml
	run -78 --separate-stderr acct-clean -s s.yaml in.csv
	same "acct-clean: s.yaml:4:33: a time zone is for timestamps only" "$stderr"
}
