load helper

# Words of a schema for what files are like: the encoding, lines that are not rows, rows of another length, names.

# schema WORD...: a schema of three columns with these words.
schema() {
	printf '%s\n' 'name: tx' "$@" 'columns:' '  - {name: id, type: int64, key: yes}' \
	    "  - {name: amount, type: 'decimal(18,2)'}" '  - {name: memo, type: string}' >s.yaml
}

# clean FILE: its clean rows, in ok.acct too; rejects in rej.acct, counts in stats.json.
clean() {
	acct-ingest -s s.yaml --stats stats.json -o raw.acct "$1" &&
	    acct-clean -s s.yaml -r rej.acct -o ok.acct raw.acct && acct-cat ok.acct | sed 1d
}

rejects() {
	acct-cat -f tsv rej.acct | sed 1d
}

count() {
	jq -c "$1" stats.json
}

@test "words: encoding converts to UTF-8" {
	printf 'id,amount,memo\n1,1.00,Z\xfcrich\n2,2.00,x\n' >in.csv
	schema 'encoding: latin1'
	same $'1,1.00,Zürich\n2,2.00,x' "$(clean in.csv)"
	same '"latin1"' "$(count .encoding)"
	[ -z "$(rejects)" ]
	printf 'id,amount,memo\r\n1,1.00,\x8elu\x9dou\xe8k\xfd\r\n' >in.csv
	schema 'encoding: windows-1250'
	same '1,1.00,Žluťoučký' "$(clean in.csv)"
	schema 'encoding: UTF8'
	printf 'id,amount,memo\n1,1.00,ž\n' >in.csv
	same '1,1.00,ž' "$(clean in.csv)"
	same null "$(count .encoding)"
}

@test "words: encoding in compressed files, and in several" {
	schema 'encoding: iso-8859-2'
	printf 'id,amount,memo\n1,1.00,\xbe\n' | gzip >a.csv.gz
	printf 'id,amount,memo\n2,1.00,\xe8\n' >b.csv
	acct-ingest -s s.yaml a.csv.gz b.csv | acct-clean -s s.yaml -r rej.acct -o ok.acct
	same $'1,1.00,ž\n2,1.00,č' "$(acct-cat ok.acct | sed 1d)"
}

@test "words: encoding auto knows byte order marks" {
	schema 'encoding: auto'
	printf 'id,amount,memo\n1,1.00,Zürich ₿\n' >utf8.csv
	for encoding in UTF-16LE UTF-16BE UTF-32LE UTF-32BE UTF-8; do
		printf '\xef\xbb\xbf' | cat - utf8.csv | iconv -f UTF-8 -t "$encoding" >in.csv
		same '1,1.00,Zürich ₿' "$(clean in.csv)"
		same "${encoding/UTF-8/null}" "$(count .encoding | tr -d '"')"
	done
	same '1,1.00,Zürich ₿' "$(clean utf8.csv)"
	: >in.csv
	run -65 --separate-stderr clean in.csv
	same 'acct-ingest: in.csv: empty: missing line of column names' "$stderr"
}

@test "words: an invalid sequence rejects its line alone" {
	schema 'encoding: shift_jis'
	printf 'id,amount,memo\n1,1.00,\x93\xfa\n2,2.00,\x81\n3,3.00,x\xff,\n4,4.00,\xb1' >in.csv
	same $'1,1.00,日\n4,4.00,ｱ' "$(clean in.csv)"
	same $'3 encoding\n4 field-count' "$(rejects | cut -f 1,2 | tr '\t' ' ')"
	schema 'encoding: utf-16le'
	{ printf 'id,amount,memo\n1,1.00,' | iconv -t UTF-16LE; printf '\x00\xd8\n\0'; printf '2,2.00,b' | iconv -t UTF-16LE; printf x; } >in.csv
	[ -z "$(clean in.csv)" ]
	same $'2 encoding\n3 encoding' "$(rejects | cut -f 1,2 | tr '\t' ' ')"
}

@test "words: encoding is checked where the schema is read" {
	schema 'encoding: latin-l'
	run -78 --separate-stderr acct-clean -s s.yaml </dev/null
	same "acct-clean: s.yaml:2:11: unknown encoding: 'latin-l'; did you mean 'latin1'?" "$stderr"
	schema 'encoding: latin1'
	printf 'id,amount,memo\n1,1.00,a\n' | iconv -t UTF-16 >in.csv
	run -65 --separate-stderr clean in.csv
	[[ $stderr == 'acct-ingest: in.csv: UTF-16 text, not UTF-8; '* ]]
}

@test "words: header names the line of names" {
	printf 'Account:,12345\nFrom:,"2024-01-01\n\nid,amount,memo\n1,1.00,a\n' >in.csv
	schema 'header: 4'
	same '1,1.00,a' "$(clean in.csv)"
	same '{"header":1,"skipped":3,"lines":5,"blank":0}' "$(count '{header, skipped, lines, blank}')"
	same 5 "$(acct-select -c _line raw.acct | acct-cat | sed 1d)"
	run -0 --separate-stderr acct-ingest -v -s s.yaml -o raw.acct in.csv
	same 'acct-ingest: in.csv: 1 rows, 0 of them malformed, 0 blank lines, 58 bytes, 3 lines skipped' "$stderr"
	schema 'header: 9'
	run -65 --separate-stderr clean in.csv
	same "acct-ingest: in.csv: no row from line 9, the schema's header line" "$stderr"
}

@test "words: footer is a number of lines, or begins with a line that matches" {
	printf 'id,amount,memo\n1,1.00,a\n2,2.00,b\nTotal,3.00,\n"end' >in.csv
	for footer in 2 "'Total,.*'"; do
		schema "footer: $footer"
		same $'1,1.00,a\n2,2.00,b' "$(clean in.csv)"
		same '{"rows":2,"skipped":2,"lines":5}' "$(count '{rows, skipped, lines}')"
		[ -z "$(rejects)" ]
	done
	printf 'id,amount,memo\n1,1.00,"a\nTotal,"\n2,2.00,b\nTotal,3.00,\n' >in.csv
	clean in.csv
	same '{"rows":2,"skipped":1,"lines":5}' "$(count '{rows, skipped, lines}')"
	schema 'footer: 9'
	run -65 --separate-stderr clean in.csv
	same 'acct-ingest: in.csv: empty: missing line of column names' "$stderr"
}

@test "words: a footer of a thousand lines is one that matched a row" {
	schema 'footer: "2,.*"'
	{ printf 'id,amount,memo\n1,1.00,a\n2,2.00,b\n'; seq -f '%g,1.00,' 3 1001; } >in.csv
	clean in.csv
	same 1000 "$(count .skipped)"
	echo 1002,1.00, >>in.csv
	run -65 --separate-stderr clean in.csv
	same 'acct-ingest: in.csv:3: a footer of more than 1000 lines: its pattern matches a row' "$stderr"
}

@test "words: comment skips lines between rows" {
	printf '# made by "us\n\nid,amount,memo\n#2,"\n1,1.00,"a\n#b"\n # c\n#' >in.csv
	schema "comment: '#'"
	same $'1,1.00,"a\n#b"' "$(clean in.csv)"
	same '{"rows":2,"malformed":1,"skipped":3,"lines":8,"blank":1}' "$(count '{rows, malformed, skipped, lines, blank}')"
}

@test "words: trailing_delimiter and short_rows" {
	printf 'id,amount,memo\n1,1.00,a,\n2,2.00,b\n3,3.00,"c",\n4,4.00,,\n5,5.00,e,""\n6,6.00,f,,\n7,7.00,\n8\n' >in.csv
	schema 'trailing_delimiter: yes'
	same $'1,1.00,a\n2,2.00,b\n3,3.00,c\n4,4.00,\n7,7.00,' "$(clean in.csv)"
	same '6 7 9' "$(rejects | cut -f 1 | paste -sd ' ')"
	schema 'short_rows: null'
	same $'2,2.00,b\n7,7.00,\n8,,' "$(clean in.csv)"
	same '2 4 5 6 7' "$(rejects | cut -f 1 | paste -sd ' ')"
	schema 'short_rows: null' 'trailing_delimiter: yes'
	sed -i '1s/$/,/' in.csv
	same $'1,1.00,a\n2,2.00,b\n3,3.00,c\n4,4.00,\n7,7.00,\n8,,' "$(clean in.csv)"
}

@test "words: names are trimmed, and compared without case where the schema says so" {
	printf ' Id,"amount ",\tMemo\n1,1.00,a\nx,1,1\n' >in.csv
	schema
	run -65 --separate-stderr clean in.csv
	same "acct-ingest: in.csv:1: missing column 'id'; did you mean 'Id'? columns are: 'Id', 'amount', 'Memo'" "$stderr"
	schema 'names: ignore_case'
	same '1,1.00,a' "$(clean in.csv)"
	same $'id,amount,memo\nx,1,1' "$(acct-cat -f raw rej.acct)"
	printf 'name: t\nnames: ignore_case\ncolumns:\n  - {name: a, source: ČÁSTKA ΑΒΓ Дата, type: int64, key: yes}\n' >s.yaml
	printf 'Částka αβγ дАТА\n7\n' >in.csv
	same 7 "$(clean in.csv)"
}

@test "words: two columns of one name matter only where the schema uses it" {
	printf 'id,note,amount,note,memo\n1,x,1.00,y,a\n' >in.csv
	schema 'extra: ignore'
	same '1,1.00,a' "$(clean in.csv)"
	printf 'id,memo,amount,memo\n1,x,1.00,y\n' >in.csv
	run -65 --separate-stderr clean in.csv
	same "acct-ingest: in.csv:1: duplicate column 'memo'" "$stderr"
	run -65 --separate-stderr acct-ingest in.csv
	same "acct-ingest: in.csv:1: duplicate column 'memo'" "$stderr"
}

@test "layout: rejects of random files are mended and fed in again" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "# seed $seed" >&3
	python3 "$ROOT/tests/mended.py" "$seed" "${ACCT_MENDED:-6}"
}

@test "layout: --mended needs a schema and its names" {
	run -64 --separate-stderr acct-ingest --mended in.csv
	same "acct-ingest: --mended needs -s" "${stderr%%$'\n'*}"
	schema 'header: no'
	run -64 --separate-stderr acct-ingest --mended --no-header -s s.yaml in.csv
	same "acct-ingest: --mended and --no-header exclude each other" "${stderr%%$'\n'*}"
	printf '1,1,a\n' >in.csv
	run -65 --separate-stderr acct-ingest --mended -s s.yaml in.csv
	same "acct-ingest: in.csv:1: missing column 'id'; columns are: '1', '1', 'a'" "$stderr"
}
