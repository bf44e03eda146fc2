load helper

# Payments refer to loans, and to branches by two columns; both reject orphans.
prepare() {
	printf '%s\n' 'name: pays' 'references:' '  - {table: branches, columns: {bank: bank, branch: name}, orphans: reject}' \
	    'columns:' '  - {name: id, type: int64, key: yes}' '  - {name: owner, type: int64, references: loans.id, orphans: reject}' \
	    '  - {name: bank, type: int32}' '  - {name: branch, type: string}' >s.yaml
	mkrec loans 'id:int64*! note:string' <<<$'1\tx\n2\ty' >loans.acct
	mkrec branches 'name:string*! bank:int64*!' <<<$'a\t7' >branches.acct
}

@test "orphans: rejected until the owner comes, then mended by feeding them in again" {
	printf '%s\n' id,owner,bank,branch 1,1,7,a 2,3,7,a 3,2,7,b 4,,7, 3,2,7,a >in.csv
	acct-ingest -s s.yaml in.csv >in.raw
	acct-clean -v -s s.yaml --owners loans=loans.acct --owners branches=branches.acct -r rej --stats stats in.raw >out 2>said
	same "acct-clean: pays: 5 read, 3 clean, 2 rejected (orphan 2)" "$(cat said)"
	same $'1\t1\t7\ta\n4\t\\N\t7\t\\N\n3\t2\t7\ta' "$(tsv out | tail -n +2)"
	same $'3\torphan\towner\t3\n4\torphan\tbank,branch\t7,b' "$(acct-cat -f tsv -c _line,reason,column,value rej | tail -n +2)"
	same 2 "$(python3 -c 'import json; print(json.load(open("stats"))["reasons"]["orphan"])')"
	mkrec loans 'id:int64*! note:string' <<<$'1\tx\n2\ty\n3\tz' >loans.acct
	acct-cat -f raw rej | acct-ingest --mended -s s.yaml - |
	    acct-clean -s s.yaml --known out --owners loans=loans.acct --owners branches=branches.acct -r rej2 -o out2
	same $'2\t3\t7\ta' "$(tsv out2 | tail -n +2)"
	same orphan "$(acct-cat -f tsv -c reason rej2 | tail -n +2)"
	acct-clean -v -s s.yaml -r rej -o out in.raw 2>said		# no table is given: nothing is looked up
	same "acct-clean: pays: 5 read, 4 clean, 1 rejected (conflict 1)" "$(cat said)"
}

@test "orphans: random rows are as a model says, within memory and beyond" {
	for n in 1 2 3; do
		seed=$((${ACCT_SEED:-$RANDOM} + n))
		echo "seed $seed"
		python3 "$ROOT/tests/orphans.py" "$seed" loans.tsv branches.tsv in.csv want.tsv rejects.tsv
		mkrec loans 'id:int32*!' <loans.tsv >loans.acct
		mkrec branches 'bank:int32*! name:string*!' <branches.tsv >branches.acct
		acct-ingest -s s.yaml in.csv >in.raw
		for memory in 64K 1G; do
			acct-clean -s s.yaml --memory $memory --owners loans=loans.acct --owners branches=branches.acct -r rej -o out in.raw
			same "$(cat want.tsv)" "$(tsv out | tail -n +2)"
			same "$(cat rejects.tsv)" "$(acct-cat -f tsv -c _line,reason,column,value rej | tail -n +2)"
		done
	done
}

@test "orphans: owners that do not suit" {
	acct-ingest -s s.yaml - <<<$'id,owner,bank,branch\n1,1,7,a' >in.raw
	refused() {
		run -"$1" --separate-stderr acct-clean -s s.yaml -r rej -o out "${@:3}" in.raw
		same "acct-clean: $2" "$stderr"
	}
	refused 64 "--owners: 'loan': no reference to it that rejects orphans is left" --owners loan=loans.acct
	refused 64 "--owners: 'loans': no reference to it that rejects orphans is left" --owners loans=loans.acct --owners loans=loans.acct
	refused 65 "branches.acct: no column 'id'" --owners loans=branches.acct
	mkrec loans 'id:string*!' <<<1 >text.acct
	refused 65 "text.acct: column 'id': another type than that of 'owner'" --owners loans=text.acct
	run -64 --separate-stderr acct-clean -s s.yaml --owners loans in.raw
	grep -q "^acct-clean: --owners: must be TABLE=FILE: 'loans'" <<<"$stderr"
	seq 1 200000 | mkrec loans 'id:int64*!' >many.acct
	refused 71 "pays: the values of 'loans' that rows refer to need more than --memory" --memory 1M --owners loans=many.acct
	head -c 20 loans.acct >cut.acct
	run -65 acct-clean -s s.yaml -r rej -o out --owners loans=cut.acct in.raw
}

@test "orphans: a job puts a table after its owners, and refuses a circle" {
	mkdir -p job/sources job/gold
	cp s.yaml job/sources/pays.yaml
	printf '%s\n' 'name: loans' 'columns:' '  - {name: id, type: int64, key: yes}' \
	    '  - {name: bank, type: int32, references: branches.bank, orphans: reject}' >job/sources/loans.yaml
	printf '%s\n' 'name: branches' 'key: [bank, name]' 'columns:' '  - {name: bank, type: int32}' \
	    '  - {name: name, type: string}' >job/sources/branches.yaml
	same $'owners\tloans\t1\tbranches\nowners\tpays\t2\tbranches loans' "$(acct-job --lines job | grep ^owners)"
	sed -i 's/bank, type: int32/&, references: loans.bank, orphans: reject/' job/sources/branches.yaml
	run -78 --separate-stderr acct-job job
	grep -qE "^acct-job: job/sources/[a-z]+.yaml:[0-9]+:[0-9]+: orphans: reject: tables that wait for each other in a circle: '[a-z]+'$" <<<"$stderr"
}

@test "orphans: a run rejects them, and takes them when the owner comes on a later day" {
	mkdir -p job/sources job/gold 'a back'
	printf '%s\n' 'name: loans' 'columns:' '  - {name: id, type: int64, key: yes}' >job/sources/loans.yaml
	printf '%s\n' 'name: pays' 'columns:' '  - {name: id, type: int64, key: yes}' \
	    '  - {name: loan, type: int64, references: loans.id, orphans: reject}' >job/sources/pays.yaml
	run_job() {
		ACCT_BIN=$BUILD/bin sh "$ROOT/pipelines/run.sh" -j job -d none 'a back' 'a lake'
	}
	pays() {
		acct-read "a lake/silver/pays" | acct-cat -f tsv | sed 1d | sort
	}
	printf '%s\n' id 1 2 >'a back/loans.csv'
	printf '%s\n' id,loan 10,1 11,3 12, >'a back/pays.csv'
	run_job >said
	grep -q '^  pays *orphan *1$' said
	same $'10\t1\n12\t\\N' "$(pays)"
	echo 13,4 >>'a back/pays.csv'			# grown: its orphans are found as well
	run_job >said
	same $'10\t1\n12\t\\N' "$(pays)"
	printf '%s\n' id 1 2 3 >'a back/loans.csv'
	run_job >said
	same $'10\t1\n11\t3\n12\t\\N' "$(pays)"
	run_job >said
	grep -q '^nothing to do: ' said
	printf '%s\n' id 2 3 >'a back/loans.csv'		# the owner has gone
	run_job >said
	same $'11\t3\n12\t\\N' "$(pays)"
}
