load helper

# Files whose columns are not those of the schema, by its word drift.

prepare() {
	cat >stop.yaml <<-'END'
	name: t
	columns:
	  - {name: id, type: int64, key: yes}
	  - {name: city, type: string}
	  - {name: sum, type: 'decimal(9,2)', default: 0}
	END
	sed '1a drift: add' stop.yaml >add.yaml
	sed '1a drift: ignore' stop.yaml >ignore.yaml
	printf 'towns,id,citty\nBern,1,"a\nb"\n,2,\nx,y,z\n3\n' >new.csv
}

# clean SCHEMA: ingests and cleans new.csv.
clean() {
	acct-ingest -s "$1.yaml" --stats stats new.csv 2>said | acct-clean -s "$1.yaml" -r rej --delivery 1 | tsv
}

@test "drift: stop refuses a file, and is the default" {
	run -65 --separate-stderr acct-ingest -s stop.yaml new.csv
	same "acct-ingest: new.csv:1: missing column 'city'; did you mean 'citty'? columns are: 'towns', 'id', 'citty'" "$stderr"
	sed '1a drift: stop' stop.yaml >said.yaml
	run -65 --separate-stderr acct-ingest -s said.yaml new.csv
	printf 'id,city,sum,more\n' >new.csv
	run -65 --separate-stderr acct-ingest -s stop.yaml new.csv
	same "acct-ingest: new.csv:1: column 'more' is not in the schema (extra: ignore skips it)" "$stderr"
}

@test "drift: add makes new columns of text, and nulls of missing ones" {
	same $'id\tcity\tsum\ttowns\tcitty\t_delivery\t_line
1\t\\N\t0.00\tBern\ta\\nb\t1\t2
2\t\\N\t0.00\t\\N\t\\N\t1\t4' "$(clean add)"
	same "acct-ingest: new.csv: column 'towns' is not in the schema: added as text
acct-ingest: new.csv: column 'citty' is not in the schema: added as text
acct-ingest: new.csv: column 'city' is missing: null in all rows; did you mean 'citty'?
acct-ingest: new.csv: column 'sum' is missing: null in all rows" "$(<said)"
	same '{"added":["towns","citty"],"ignored":[],"missing":["city","sum"]}' "$(jq -c '{added,ignored,missing}' stats)"
	same $'id,towns,citty\ny,x,z\n3' "$(acct-cat -f raw rej)"		# mended, they are read again
	same $'id\tcity\tsum\ttowns\tcitty\n3\t\\N\t0.00\tx\tz' \
		"$(acct-cat -f raw rej | sed 's/^y/3/; 3d' | acct-ingest --mended -s add.yaml - 2>/dev/null | acct-clean -s add.yaml | tsv)"
}

@test "drift: ignore skips new columns" {
	same $'id\tcity\tsum\t_delivery\t_line\n1\t\\N\t0.00\t1\t2\n2\t\\N\t0.00\t1\t4' "$(clean ignore)"
	same '{"added":[],"ignored":["towns","citty"],"missing":["city","sum"]}' "$(jq -c '{added,ignored,missing}' stats)"
	[[ $(<said) == "acct-ingest: new.csv: column 'towns' is not in the schema: ignored"$'\n'* ]]
	printf 'id,city,sum\n4,a,1\n' >new.csv
	same $'id\tcity\tsum\t_delivery\t_line\n4\ta\t1.00\t1\t2' "$(clean ignore)"
	same "" "$(<said)"
	same null "$(jq -c .missing stats)"
}

@test "drift: what cannot be added, and later files" {
	wrong() {
		printf '%s\n' "$1" >x.csv
		run -65 --separate-stderr acct-ingest -s add.yaml ${3:-} x.csv
		[[ $stderr == *"acct-ingest: x.csv:1: $2"* ]]
	}
	wrong id,_x "column '_x' is not in the schema"
	wrong id,a,a "column 'a' is not in the schema"
	wrong city "missing column 'id'; columns are: 'city'"
	wrong id,towns "missing column 'citty'" new.csv
	wrong id,towns,citty,more "column 'more' is not in the schema" new.csv
	wrong id,towns,citty,city "column 'city' is not in new.csv" new.csv
	printf 'citty,towns,id\nc,t,5\n' >x.csv
	same $'5\t\\N\t0.00\tt\tc' "$(acct-ingest -s add.yaml new.csv x.csv 2>said | acct-clean -s add.yaml -r rej | tsv | tail -n 1)"
	same 4 "$(wc -l <said)"
}
