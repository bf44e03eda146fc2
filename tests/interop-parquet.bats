load helper

# Parquet between us and pyarrow, DuckDB and Polars, which tests/peers.sh installs.

peers() {
	sh "$BATS_TEST_DIRNAME/peers.sh" pyarrow duckdb polars || skip "SKIPPED: pyarrow, duckdb and polars are not there"
	run -0 "${PEERS:-$ROOT/build/peers}/bin/python" "$BATS_TEST_DIRNAME/interop/parquet_peers.py" "$BUILD/tools/pqtool" "$@"
	echo "$output"
}

@test "parquet: peers read what we write: every type, codec and shape, rows and types equal" {
	peers ours "$T"
}

@test "parquet: we read what peers write: every encoding and codec, both page versions" {
	peers theirs "$T"
}

@test "parquet: the Parquet project's own files give the rows that pyarrow gives, or are refused for a listed reason" {
	need "$SHARED/conformance/parquet"
	peers given "$SHARED/conformance/parquet"
}

@test "parquet: Spark reads what we write and we read what Spark writes" {
	python=${PEERS:-$ROOT/build/peers}/bin/python
	grep -q '^pyspark==' "$BATS_TEST_DIRNAME/peers.txt" && sh "$BATS_TEST_DIRNAME/peers.sh" pyarrow duckdb polars pyspark || true
	"$python" -c 'import pyspark, pyarrow, duckdb, polars' 2>/dev/null || skip "SKIPPED: pyspark is not there"
	run -0 "$python" "$BATS_TEST_DIRNAME/interop/parquet_spark.py" "$BUILD/tools/pqtool" "$T"
	echo "$output"
}
