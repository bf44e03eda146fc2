load helper

# acct-write and acct-read between pyarrow, DuckDB, Polars and delta-rs, which tests/peers.sh installs.

programs() {
	need_peers pyarrow duckdb polars deltalake
	run -0 python "$ROOT/tests/interop/programs_peers.py" "$1" "$T"
	echo "$output"
}

@test "programs: peers read what acct-write makes: every type and codec, nulls, extremes, long strings, no row and one" {
	programs ours
}

@test "programs: acct-read reads what peers write: every codec they have, dictionaries or not, both page versions" {
	programs theirs
}

@test "programs: many row groups, both ways" {
	programs many
}

@test "programs: strings that share what they begin with, together more than a page may have" {
	need_peers pyarrow
	python - <<-'END'
	import pyarrow as pa, pyarrow.parquet as pq
	values = ["x" * 40000 + str(i) for i in range(8000)]
	pq.write_table(pa.table({"s": values}), "t.parquet", use_dictionary=False, column_encoding={"s": "DELTA_BYTE_ARRAY"},
	               data_page_size=1 << 30)
	END
	acct-read t.parquet | acct-cat -f tsv | tail -n +2 | sed 's/^x*//' >got
	awk 'BEGIN { for (i = 0; i < 8000; i++) print i }' | cmp - got
}
