load helper

# Schemas from and to those of Frictionless (Table Schema, Table Dialect, Data Resource, Data Package).

@test "frictionless: a package, by hand: what is carried, what is not, and rows by it" {
	cat >datapackage.json <<-'END'
	{"name": "bank", "resources": [
	  {"name": "customers", "path": "customers.csv", "schema": {"fields": [{"name": "id"}]}},
	  {"name": "loans", "path": "data/loans.csv", "encoding": "iso-8859-2", "title": "Loans",
	   "dialect": {"delimiter": ";", "quoteChar": "'", "headerRows": [2], "commentChar": "#", "caseSensitiveHeader": false, "doubleQuote": false},
	   "schema": {
	     "primaryKey": ["loan", "Part No"], "missingValues": ["", "-"], "fieldsMatch": "subset",
	     "foreignKeys": [{"fields": ["customer"], "reference": {"resource": "customers", "fields": ["id"]}},
	                     {"fields": ["a", "b"], "reference": {"resource": "x", "fields": ["c", "d"]}}],
	     "fields": [
	       {"name": "loan", "type": "integer", "constraints": {"required": true, "minimum": 1, "unique": true}},
	       {"name": "Part No", "type": "string", "constraints": {"pattern": "[A-Z]+", "maxLength": 3}, "rdfType": "x"},
	       {"name": "customer", "type": "integer", "title": "Who"},
	       {"name": "amount", "type": "number", "decimalChar": ",", "groupChar": ".", "constraints": {"exclusiveMinimum": "0.00"}},
	       {"name": "rate", "type": "number", "acct:type": "decimal(9,4)", "missingValues": []},
	       {"name": "day", "type": "date", "format": "%d.%m.%Y", "constraints": {"minimum": "01.01.2000"}},
	       {"name": "open", "type": "boolean", "trueValues": ["ano"], "falseValues": ["ne"], "description": "Is it: open?"},
	       {"name": "place", "type": "geopoint"},
	       {"name": "kind", "type": "string", "constraints": {"enum": ["a", "b c"]}}
	     ]}}]}
	END
	run -0 --separate-stderr acct-schema --from-frictionless datapackage.json loans
	same 'name: loans
encoding: "iso-8859-2"
delimiter: ";"
quote: "'\''"
comment: "#"
header: 2
names: ignore_case
extra: ignore
nulls: ["-"]
columns:
  - name: loan
    type: int64
    key: yes
    required: yes
    unique: yes
    minimum: 1
  - name: "Part No"
    type: string
    key: yes
    pattern: "[A-Z]+"
    max_length: 3
  - name: customer
    type: int64
    title: Who
    references: customers.id
  - name: amount
    type: "decimal(18,2)"
    decimal_char: ","
    group_char: "."
    exclusive_minimum: 0.00
  - name: rate
    type: "decimal(9,4)"
    nulls: []
  - name: day
    type: date
    format: "%d.%m.%Y"
  - name: open
    type: bool
    description: "Is it: open?"
    true_values: [ano]
    false_values: [ne]
  - name: place
    type: string
  - name: kind
    type: string
    enum: [a, "b c"]' "$output"
	same "path: not the name of one file
title
dialect: doubleQuote: a doubled quote always means one
schema: foreignKeys: of several columns
field 'Part No': rdfType
field 'amount': type: number has no digits of its own: decimal(18,2)
field 'day': minimum: in the format of the field
field 'place': type: geopoint" "$(sed 's/^acct-schema: datapackage.json: not carried: //' <<<"$stderr")"
	printf '%s\n' "$output" >loans.yaml
	printf '%s\n' 'Bank' 'LOAN;Part No;customer;amount;rate;day;open;place;kind;more' '# no row' "1;A;7;1.234,50;0,5;02.01.2024;ano;'1;2';b c;x" >loans.csv
	sed -i 's/0,5/0.5/' loans.csv
	same '1,A,7,1234.50,0.5000,2024-01-02,true,1;2,b c' "$(acct-ingest -s loans.yaml loans.csv | acct-clean -s loans.yaml | acct-cat | tail -n +2)"
}

@test "frictionless: a schema as a resource, by hand" {
	cat >t.yaml <<-'END'
	name: t
	delimiter: "\t"
	footer: 1
	columns:
	  - {name: id, source: [No, Nr], type: int32, key: yes}
	  - {name: at, type: timestamp, format: "%d.%m.%Y %H:%M", zone: Europe/Prague}
	END
	run -0 --separate-stderr acct-schema --to-frictionless t.yaml
	same '{"name":"t","type":"table","path":"t.csv","dialect":{"delimiter":"\t"},"schema":{"fields":[{"name":"No","type":"integer","acct:type":"int32","acct:name":"id","constraints":{"required":true}},{"name":"at","type":"datetime","acct:type":"timestamp","format":"%d.%m.%Y %H:%M"}],"missingValues":[""],"primaryKey":["No"]}}' \
	    "$(jq -c . <<<"$output")"
	same "acct-schema: t.yaml: not carried: column 'id': source beyond the first
acct-schema: t.yaml: not carried: column 'at': zone
acct-schema: t.yaml: not carried: footer" "$stderr"
}

@test "frictionless: what has a counterpart is the same after there and back" {
	for schema in "$ROOT"/pipelines/bank/sources/*.yaml "$ROOT"/tests/jobs/*/sources/*.yaml; do
		acct-schema --to-frictionless "$schema" >there.json 2>/dev/null
		acct-schema --from-frictionless there.json >back.yaml
		acct-schema --to-frictionless back.yaml 2>left | cmp - there.json
		[ ! -s left ]
	done
}

@test "frictionless: files that are invalid" {
	# refused STATUS MESSAGE [TABLE]: t.json is refused
	refused() {
		run "-$1" --separate-stderr acct-schema --from-frictionless t.json ${3:+"$3"}
		same "acct-schema: t.json:$2" "$stderr"
	}
	echo '{"fields": [' >t.json
	refused 65 "2:0: ']' expected near end of file"
	echo '[1]' >t.json
	refused 65 " no object of JSON"
	echo '{"fields": [{"type": "string"}]}' >t.json
	refused 65 " no Table Schema with fields and their names"
	echo '{"resources": [{"name": "a"}, {"name": "b"}]}' >t.json
	refused 64 " several tables: name one of them"
	refused 64 " no such table" c
	refused 65 " no Table Schema with fields and their names" a
	echo '{"fields": [{"name": "n", "type": "integer", "constraints": {"minimum": "x"}}]}' >t.json
	refused 65 " as a schema it is invalid: schema:5:14: invalid value of type int64: 'x'"
	run -64 --separate-stderr acct-schema --from-frictionless --new x t.json
	same "acct-schema: --new, --from-frictionless and --to-frictionless exclude each other" "${stderr%%$'\n'*}"
}
