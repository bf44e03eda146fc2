load helper

# Parquet between us and pyarrow, DuckDB and Polars, which tests/peers.sh installs.

peers() {
	need_peers pyarrow duckdb polars
	run -0 python "$BATS_TEST_DIRNAME/interop/parquet_peers.py" "$BUILD/tools/pqtool" "$@"
	echo "$output"
}

@test "parquet: peers read what we write: every type, codec and shape, rows and types equal" {
	peers ours "$T"
}

@test "parquet: we read what peers write: every encoding and codec, both page versions" {
	! sanitized || export ACCT_PART=5	# these are many, and sanitizers slow
	peers theirs "$T"
}

@test "parquet: the Parquet project's own files give the rows that pyarrow gives, or are refused for a listed reason" {
	need "$SHARED/conformance/parquet"
	peers given "$SHARED/conformance/parquet"
}
