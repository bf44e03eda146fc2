load helper

# What a day costs and gives when files grow: pipelines/grown.sh. The ledger is in ledger.bats.

@test "days: random histories of a growing file give the table, the rejects and the counts of the whole file" {
	seed=${ACCT_SEED:-$RANDOM$RANDOM}
	echo "ACCT_SEED=$seed" >&2
	run -0 python3 "$ROOT/tests/days.py" "$BUILD/bin" "$ROOT/pipelines" "${ACCT_HISTORIES:-8}" "$seed"
	[[ $output == *" days went on" ]]
}

# grown N PIECE...: brings the table to the file in these pieces, of which it has the first N.
grown() {
	sh "$ROOT/pipelines/grown.sh" t.yaml id made out tab "$@" && acct-merge -i out/merge.acct --delete-flag _gone=true tab
}

prepare() {
	printf 'name: t\ncolumns:\n  - name: id\n    type: int64\n    key: yes\n  - name: v\n    type: string\n    required: yes\n' >t.yaml
	mkdir made
}

# first: makes the table of the file `one`.
first() {
	acct-ingest -s t.yaml --stats made/ingest.json one | acct-clean -s t.yaml -r made/rejects.acct --stats made/clean.json | acct-write tab
}

@test "days: an unfinished last line is replaced, whatever it gave" {
	printf 'id,v\n1,a\n2,b' >one
	first
	printf 'c\n1,a\n1,x\n3,d\n' >two
	grown 1 one two
	same $'id\tv\n1\ta\n2\tbc\n3\td' "$(acct-read tab | tsv)"
	same $'_line\treason\n4\tduplicate\n5\tconflict' "$(acct-select -c _line,reason out/rejects.acct | tsv)"
	rm -r tab
	printf 'id,v\n1,a\n2,b' >one
	first
	printf ',c\n' >two				# the row it gave goes
	grown 1 one two
	same $'id\tv\n1\ta' "$(acct-read tab | tsv)"
	same $'_line\treason\n3\tfield-count' "$(acct-select -c _line,reason out/rejects.acct | tsv)"
	rm -r tab
	printf 'id,v\n1,a\n1' >one			# so does the reject
	first
	same 1 "$(acct-cat -f tsv made/rejects.acct | sed 1d | wc -l)"
	printf '2,b\n' >two
	grown 1 one two
	same $'id\tv\n1\ta\n12\tb' "$(acct-read tab | tsv)"
	same "" "$(acct-cat -f tsv out/rejects.acct | sed 1d)"
}

@test "days: a file of which reading cannot go on is left to be cleaned whole" {
	printf 'id,v\n1,"a\n2,b\n3,c' >one		# a quote that is open at the end: three records are not sure
	first
	printf '"\n' >two
	run -1 grown 1 one two
	same "" "$output"
	same $'id\tv\n2\tb\n3\tc' "$(acct-read tab | tsv)"
	gzip -k one
	acct-ingest -s t.yaml --stats made/ingest.json -o x.acct one.gz
	run -1 grown 1 one two
	run -64 sh "$ROOT/pipelines/grown.sh" t.yaml id made out tab 1 one
	[[ $output == "usage: grown.sh "* ]]
}
