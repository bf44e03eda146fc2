load helper

@test "schema: those of the bank are read" {
	for schema in "$ROOT"/pipelines/bank/sources/*.yaml; do
		name=$(basename "$schema" .yaml)
		columns=$(sed -n 's/^  - name: //p' "$schema" | paste -sd,)
		echo "$columns" >"$name.csv"
		acct-ingest -s "$schema" "$name.csv" | acct-clean -s "$schema" -o "$name.acct"
		same "$columns" "$(acct-cat "$name.acct")"
		same "table $name" "$(acct-cat --header "$name.acct" | head -n 1)"
	done
}

# wrong TEXT MESSAGE: the schema is refused by both programs that read one.
wrong() {
	printf '%s' "$1" >s.yaml
	run -78 --separate-stderr acct-clean -s s.yaml </dev/null
	same "acct-clean: s.yaml:$2" "$stderr"
	run -78 --separate-stderr acct-ingest -s s.yaml /dev/null
	same "acct-ingest: s.yaml:$2" "$stderr"
}

@test "schema: an error names file, line and column" {
	wrong $'name: t\ncolums:\n' "2:1: unknown word of a schema: 'colums'; did you mean 'columns'?"
	wrong $'name: t\ncolumns:\n  - name: a\n    type: money\n' "4:11: invalid type: 'money'"
	wrong $'name: t\nkey: b\ncolumns:\n  - name: a\n    type: int64\n' "2:6: key: no such column: 'b'"
	wrong $'name: t\ncolumns:\n  - name: a\n    type: int64\n  - name: a\n    type: int64\n' "5:11: column given twice: 'a'"
	wrong $'name: t\ncolumns:\n  - name: a\n    type: int64\n    default: x\n' "5:14: invalid value of type int64: 'x'"
	wrong $'name: t\ncolumns:\n  - name: a\n    type: string\n    pattern: "("\n' "5:14: missing ) in a pattern: '('"
	wrong $'name: t\ncolumns:\n  - name: a\n    type: int64\n    allowed: 1\n' "5:5: unknown word of a column: 'allowed'; it is now 'enum'"
	wrong $'name: &n t\nfile: *n\n' "1:7: anchors are not supported: 'n'"
	wrong $'name: t\nescape: ab\n' "2:9: escape must be one byte: 'ab'"
	wrong $'name: t\nescape: " "\n' "2:9: escape must not be a blank: ' '"
	wrong $'name: t\nescape: ","\ncolumns: [{name: a, type: int64}]\n' "2:9: delimiter and escape are the same: ','"
	wrong $'name: t\nmultiline: maybe\n' "2:12: expected yes or no: 'maybe'"
	wrong $'name: t\nempty: null string\n' "2:8: expected keep or null: 'null string'"
	wrong $'name: t\ncolumns:\n  - name: _lines\n    type: int64\n' "3:11: reserved name: '_lines'"
	wrong $'name: \xff\n' "1:7: not UTF-8"
	wrong $'name: "t\n' "2:1: found unexpected end of stream"
}

@test "schema: a document that is huge, or grows" {
	{ echo 'name: t'; yes '# and so on' | head -c 1100000; } >s.yaml
	run -78 --separate-stderr acct-clean -s s.yaml </dev/null
	same "acct-clean: s.yaml: larger than 1 MiB: not a schema" "$stderr"
	printf '%s\n' 'a: &a [x,x,x,x,x,x,x,x,x]' 'b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]' 'c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]' >s.yaml
	run -78 --separate-stderr acct-clean -s s.yaml </dev/null
	same "acct-clean: s.yaml:1:1: unknown word of a schema: 'a'" "$stderr"
}

@test "schema: no file, a directory, nothing in it" {
	run -66 --separate-stderr acct-clean -s none.yaml </dev/null
	same "acct-clean: none.yaml: No such file or directory" "$stderr"
	run -66 --separate-stderr acct-clean -s / </dev/null
	[[ $stderr == "acct-clean: /: "*irectory ]]
	run -78 --separate-stderr acct-clean -s /dev/null </dev/null
	same "acct-clean: /dev/null:1:1: empty file" "$stderr"
}

@test "schema: an example of the manual" {
	cat >payments.yaml <<-'YAML'
	name: payments
	file: payments.csv
	delimiter: ";"
	nulls: [NULL, "-"]
	extra: ignore
	columns:
	  - name: payment_id
	    source: Payment No
	    type: int64
	    key: yes
	    minimum: 1
	  - name: account_id
	    type: int64
	    required: yes
	    references: accounts.account_id
	  - name: paid_on
	    type: date
	    format: "%d.%m.%Y"
	    minimum: 2000-01-01
	  - name: amount
	    type: decimal(18,2)
	    required: yes
	    exclusive_minimum: 0
	  - name: currency
	    type: string
	    default: CAD
	    enum: [CAD, USD]
	  - name: branch
	    type: string
	    pattern: "[A-Z]{2}[0-9]{3}"
	YAML
	printf '%s\n' 'Payment No;account_id;paid_on;amount;currency;branch;clerk' '7;45;31.01.2024;10.5;;TO001;ann' \
	    '8;45;-;3;USD;to1;bob' >payments.csv
	acct-ingest -s payments.yaml payments.csv | acct-clean -s payments.yaml -r rejects -o payments.acct
	same "7	45	2024-01-31	10.50	CAD	TO001" "$(tsv payments.acct | tail -n +2)"
	same "3	not-allowed	branch	to1" "$(acct-cat -f tsv -c _line,reason,column,value rejects | tail -n +2)"
}
