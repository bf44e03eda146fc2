load helper

# Words of a schema over the whole row: where, sign, compute, rules.

# cleaned [OPTION ...]: cleans in.csv by s.yaml; prints the rows, then line, reason, column and value of each reject.
cleaned() {
	acct-ingest -s s.yaml in.csv | acct-clean "$@" -s s.yaml -r rej -o out.acct --stats stats.json
	tsv out.acct | tail -n +2
	acct-cat -f tsv -c _line,reason,column,value rej | tail -n +2
}

# counts: rows read, clean, rejected and left out, then the clean sum of each amount, from stats.json.
counts() {
	python3 -c '
import json
s = json.load(open("stats.json"))
assert s["rejected"] == sum(s["reasons"].values())
print(s["read"], s["clean"], s["rejected"], s["left_out"])
for name, a in s["amounts"].items():
    print(name, a["clean"])'
}

@test "row: random rows against a model, without vectors and with little memory too" {
	seed=${ACCT_SEED:-$(date +%s)}
	echo "# seed $seed" >&3
	for rows in 1 63 64 65 "${ACCT_ROWS:-4000}"; do
		python3 "$ROOT/tests/row.py" "$seed" "$rows" s.yaml in.csv >expected
		{ cleaned && counts; } | grep . >got
		grep . expected | same "$(cat)" "$(cat got)"
		{ ACCT_PORTABLE=1 cleaned && counts; } | grep . | same "$(cat got)" "$(cat)"
		{ cleaned --memory 48K && counts; } | grep . | same "$(cat got)" "$(cat)"
	done
}

@test "row: rows that where leaves out are counted, and are no rejects" {
	printf '%s\n' 'name: t' "where: kind = 'D'" 'columns:' '  - {name: kind, type: string}' '  - {name: n, type: int64}' >s.yaml
	printf '%s\n' kind,n D,1 H,x ,2 D,x D,3 'T,1,2' >in.csv
	run -0 --separate-stderr bash -c 'acct-ingest -s s.yaml in.csv | acct-clean -v -s s.yaml -r rej -o out.acct --expect --stats stats.json'
	same "acct-clean: t: 6 read, 2 clean, 2 rejected (field-count 1, type 1), 2 left out" "$stderr"
	same "6 2 2 2" "$(counts)"
	[ "$(grep -c '"left_out_lines": 2' stats.json)" = 1 ]
}

@test "row: the day and the sex of a birth number whose month is month+50 for women" {
	cat >s.yaml <<-'END'
	name: clients
	columns:
	  - {name: id, type: int64, key: yes}
	  - {name: number, type: string, pattern: "[0-9]{6}"}
	  - name: sex
	    type: string
	    compute: case when substr(number, 3, 2) > '50' then 'F' when number is not null then 'M' end
	    enum: [F, M]
	  - name: born
	    type: date
	    compute: >-
	      make_date(1900 + cast(substr(number, 1, 2) as int64), cast(substr(number, 3, 2) as int64) % 50,
	      cast(substr(number, 5, 2) as int64))
	END
	printf '%s\n' id,number 1,706213 2,450204 3,401301 4,705229 5, >in.csv
	same "$(printf '%s\t%s\t%s\t%s\n' 1 706213 F 1970-12-13 2 450204 M 1945-02-04 5 '\N' '\N' '\N' 4 type born '\N' 5 type born '\N')" "$(cleaned)"
}

@test "row: an expression that is wrong is an error with file, line and column" {
	# wrong WORDS MESSAGE: a schema with these words fails with this message, in a job too
	wrong() {
		mkdir -p job/sources
		printf '%s\n' 'name: s' "$1" 'columns:' '  - {name: n, type: int64}' '  - {name: m, type: int64, compute: n + 1}' >job/sources/s.yaml
		run -78 --separate-stderr acct-job job
		same "acct-job: job/sources/s.yaml:$2" "$stderr"
		mkrec s '_line:int64! n:string _malformed:string' </dev/null >in.acct
		run -78 --separate-stderr acct-clean -s job/sources/s.yaml in.acct
		same "acct-clean: job/sources/s.yaml:$2" "${stderr%%$'\n'*}"
	}
	wrong "where: k = 'D'" "2:8: where: no column 'k'; columns are: n, m"
	wrong "where: \"n = 'a' and nn = 'b'\"" "2:21: where: no column 'nn'; did you mean 'n'? columns are: n, m"
	wrong "where: m = '1'" "2:8: where: a column that is computed after this: 'm'"
	wrong 'rules: {pos: n > 0, more: n ++}' "2:31: more: expected a column or a value, not the end"
	wrong 'rules: {type: n > 0}' "2:9: name of another reason to reject a row: 'type'"
	wrong 'wher: n > 0' "2:1: unknown word of a schema: 'wher'; did you mean 'where'?"
}

@test "row: values of unique columns beyond memory are an error" {
	printf '%s\n' 'name: t' 'columns:' '  - {name: id, type: int64}' '  - {name: u, type: string, unique: yes}' >s.yaml
	{ echo id,u && seq 20000 | sed 's/.*/1,value-&/'; } >in.csv
	acct-ingest -s s.yaml in.csv >in.acct
	same 20000 "$(acct-clean -s s.yaml in.acct | acct-cat | sed 1d | wc -l)"
	run -71 --separate-stderr bash -c 'acct-clean --memory 64K -s s.yaml in.acct >out.acct'
	same "acct-clean: t: the values of unique column 'u' need more than --memory" "$stderr"
}

@test "row: rows known by their keys say nothing of unique columns" {
	printf '%s\n' 'name: t' 'columns:' '  - {name: id, type: int64, key: yes}' '  - {name: u, type: string, unique: yes}' >s.yaml
	mkrec t 'id:int64*! u:string' </dev/null >known.acct
	echo id,u >in.csv
	run -64 --separate-stderr bash -c 'acct-ingest -s s.yaml in.csv | acct-clean -s s.yaml --known known.acct'
	same "acct-clean: --known: the schema has unique columns, whose values it does not know" "$stderr"
}
