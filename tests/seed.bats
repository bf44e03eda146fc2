load helper

# The seed of the hash tables is random in each process: nothing that is written may depend on it.

setup() {
	cd "$BATS_TEST_TMPDIR"
	cat >k.yaml <<-'END'
	name: k
	columns:
	  - {name: id, type: string, key: yes}
	  - {name: account, type: int64}
	  - {name: amount, type: "decimal(18,2)"}
	  - {name: kind, type: string}
	END
	awk 'BEGIN { srand(11); print "id,account,amount,kind"
		for (i = 0; i < 20000; i++) printf "%08x-%08x-%08x,%d,%d.5,kind %d\n", rand() * 2^31, i % 7 ? i : i - 1, i % 7 ? i : i - 1,
			rand() * 9000000000, rand() * 1000, rand() * 50 }' >k.csv
	tail -n 3000 k.csv >>k.csv
	acct-ingest -s k.yaml k.csv >k.raw
}

# seeds FUNCTION: what it writes into its folder is the same with each seed.
seeds() {
	for seed in 1 2 0xffffffffffffffff; do
		mkdir "$seed"
		(cd "$seed" && ACCT_HASH_SEED=$seed && export ACCT_HASH_SEED && "$1")
		[ "$seed" = 1 ] || diff -r 1 "$seed"
	done
}

# The bytes of a table's data files, whatever their names.
data() {
	find "$1" -name '*.parquet' -exec sha256sum {} + | cut -d ' ' -f 1 | sort
}

filters() {
	for size in 1 300K 1G; do
		acct-clean -s ../k.yaml -r rejects.$size --memory $size -o clean.$size ../k.raw
		for key in id account id,kind; do
			acct-balance -k $key --memory $size -i clean.$size -o balance.$key.$size 'count()' 'sum(amount)' 'max(kind)'
		done
		for type in inner outer semi; do
			acct-join -j $type --memory $size -k account balance.account.$size clean.$size >join.$type.$size
		done
	done
	for f in *.1; do
		cmp "$f" "${f%1}300K"
		cmp "$f" "${f%1}1G"
	done
}

@test "seed: filters write the same, in memory and on disk" {
	seeds filters
	[ "$(acct-cat 1/rejects.1 | wc -l)" -gt 3000 ]
}

tables() {
	acct-clean -s ../k.yaml ../k.raw 2>/dev/null >clean
	acct-write --codec zstd -o plain.parquet <clean
	for key in id account; do
		acct-select -w "amount < 800" clean | acct-balance -k $key 'n=count()' 'a=sum(amount)' 'kind=max(kind)' | acct-write "../$key.$seed"
		acct-select -w "amount > 200" clean | acct-balance -k $key 'n=count()' 'a=sum(amount)' 'kind=max(kind)' |
			acct-merge -k $key --changes "changes.$key" "../$key.$seed"
		data "../$key.$seed" >"data.$key"
	done
}

@test "seed: tables and Parquet files get the same bytes" {
	seeds tables
	[ "$(wc -l <1/data.id)" -ge 2 ]
}

