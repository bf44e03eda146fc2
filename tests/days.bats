load helper

# What a day gives: pipelines/grown.sh for one file that grows, pipelines/run.sh for a lake. The ledger is in ledger.bats.

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
	run -69 grown 1 one two
	same "" "$output"
	same $'id\tv\n2\tb\n3\tc' "$(acct-read tab | tsv)"
	gzip -k one
	acct-ingest -s t.yaml --stats made/ingest.json -o x.acct one.gz
	run -69 grown 1 one two
	run -64 sh "$ROOT/pipelines/grown.sh" t.yaml id made out tab 1 one
	[[ $output == "usage: grown.sh "* ]]
}

# ---- a lake ----

# days OPTION... BACKEND LAKE: a run of `job`; prints what was new, as its dry run has it.
days() {
	sh "$ROOT/pipelines/run.sh" -j job --dry-run "$@" | sed -n 's/^bronze\t\(.*\)\t\([a-z]*\): .*/\2\t\1/p'
	job "$@" >out.txt
}

job() {
	sh "$ROOT/pipelines/run.sh" -j job -d none "$@"
}

@test "days: random days of a back end give the lake that the newest files alone give, whatever is killed" {
	seed=${ACCT_SEED:-$RANDOM$RANDOM}
	echo "ACCT_SEED=$seed" >&2
	run -0 python3 "$ROOT/tests/lake_days.py" "$BUILD/bin" "$ROOT/pipelines" "${ACCT_HISTORIES:-2}" kills "$seed"
	[[ $output == *" kills" ]]
}

# bank: a job of two tables and its back end.
bank() {
	mkdir -p job/sources back
	cp t.yaml job/sources/t.yaml
	sed 's/^name: t/name: u/' t.yaml >job/sources/u.yaml
	printf 'id,v\n1,a\n2,b\n' | tee back/t.csv >back/u.csv
}

@test "days: a file is taken over once, a grown one as a piece that is merged, another compared by key" {
	bank
	same $'new\tt\nnew\tu' "$(days back lake | cut -f 1,2)"
	same "" "$(days back lake)"
	[[ $(<out.txt) == "nothing to do: "* ]]
	same 1 "$(acct-log lake/silver/t | wc -l)"
	printf '3,c\n' >>back/t.csv
	printf 'id,v\n2,b\n1,x\n4,d\n' >back/u.csv
	same $'grown\tt\nchanged\tu' "$(days back lake | cut -f 1,2)"
	same $'1\ta\n2\tb\n3\tc' "$(acct-read lake/silver/t | acct-cat -f tsv | sed 1d | sort)"
	same $'1\tx\n2\tb\n4\td' "$(acct-read lake/silver/u | acct-cat -f tsv | sed 1d | sort)"
	same 2 "$(find lake/bronze/t -type f | wc -l)"
	same 3,c "$(cat "$(find lake/bronze/t -type f -size -5c)")"
	# t has one row more; of u one came, one went, one changed, and one is as it was
	same '"numTargetRowsInserted":"1","numTargetRowsUpdated":"0","numTargetRowsDeleted":"0"' "$(acct-log lake/silver/t | head -n 1 | grep -o '"numTargetRowsI[^}]*Deleted":"[0-9]*"')"
	same '"numTargetRowsInserted":"1","numTargetRowsUpdated":"1","numTargetRowsDeleted":"0"' "$(acct-log lake/silver/u | head -n 1 | grep -o '"numTargetRowsI[^}]*Deleted":"[0-9]*"')"
	same "1 t new;2 u;3 t 1;4 u" "$(acct-read -c delivery,table,base lake/bronze/_ledger | acct-cat -f tsv | sed 1d | sort |
		awk '{ print $1, $2 ($2 == "u" ? "" : $3 == "\\N" ? " new" : " " $3) }' | paste -sd ';')"
	# a file from before under its own name is the table's file again
	printf 'id,v\n1,a\n2,b\n' >back/t.csv
	same $'changed\tt' "$(days back lake | cut -f 1,2)"
	same $'1\ta\n2\tb' "$(acct-read lake/silver/t | acct-cat -f tsv | sed 1d | sort)"
	same 2 "$(find lake/bronze/t -type f | wc -l)"
	printf '3,c\n' >>back/t.csv
	# another schema: all anew
	printf '    map: {a: A}\n' >>job/sources/t.yaml
	days back lake >/dev/null
	same $'1\tA\n2\tb\n3\tc' "$(acct-read lake/silver/t | acct-cat -f tsv | sed 1d | sort)"
	acct-check lake
}

@test "days: a day that is not complete waits, and one that passes a limit changes nothing until it is accepted" {
	bank
	printf 'expect:\n  rejected: 10%%\n' | tee -a job/sources/t.yaml >>job/sources/u.yaml
	mkdir back/2024-01-01
	mv back/t.csv back/2024-01-01/
	rm back/u.csv
	run -75 --separate-stderr job back lake
	same "acct-ledger: $T/back: 2024-01-01 waits for u" "$stderr"
	[ ! -e lake/bronze/_ledger ]
	printf 'id,v\n1,a\n2\n' >back/2024-01-01/u.csv
	run -1 --separate-stderr job back lake
	same "acct-clean: u: rejected: 1 of 2 rows, more than 10%" "${stderr_lines[-1]}"
	same "" "$output"
	[ ! -e lake/bronze/_ledger ] && [ ! -e lake/silver/t ]
	same "" "$(find lake/bronze lake/runs/rejects -type f 2>/dev/null)"
	same $'new\tt\nnew\tu' "$(days --accept u back lake | cut -f 1,2)"
	mkdir back/2024-01-02
	{ cat back/2024-01-01/t.csv && printf '3\n'; } >back/2024-01-02/t.csv
	{ cat back/2024-01-01/u.csv && printf '3,c\n'; } >back/2024-01-02/u.csv
	run -1 --separate-stderr job --accept u back lake
	same "acct-clean: t: rejected: 1 of 3 rows, more than 10%" "${stderr_lines[-1]}"
	job --accept t,u back lake
	same $'1\ta\n3\tc' "$(acct-read lake/silver/u | acct-cat -f tsv | sed 1d | sort)"
	same $'t\t4' "$(acct-read -c _line lake/silver/_rejects/t | acct-cat -f tsv | sed 1d | sed 's/^/t\t/')"
	run -64 job back
	run -66 job nowhere lake
}
