load helper

# The files and tables that others wrote, one and all: equal rows, or refused for the reason that tests/interop/conformance.txt states.

conformance() {
	need "$SHARED/conformance"
	need_peers pyarrow duckdb polars deltalake
	run -0 python "$ROOT/tests/interop/conformance_peers.py" "$1" "$SHARED/conformance/$2"
	echo "$output"
}

@test "conformance: each file of the Parquet project gives the rows that pyarrow gives, or is refused for its reason" {
	conformance parquet parquet
}

@test "conformance: each golden table gives the rows that delta-rs gives, or is refused for its reason" {
	conformance delta delta/golden
}

@test "conformance: a file that no list has is a failure" {
	need "$SHARED/conformance"
	need_peers pyarrow duckdb polars deltalake
	mkdir folder
	cp -r "$SHARED/conformance/parquet/." folder
	cp folder/data/single_nan.parquet folder/bad_data/new.parquet
	rm folder/data/binary.parquet
	run -1 python "$ROOT/tests/interop/conformance_peers.py" parquet folder
	[[ "$output" == *"bad_data/new.parquet: stands in no list"* ]]
	[[ "$output" == *"data/binary.parquet: is not there"* ]]
	[[ "$output" == *" comparisons, 2 failures" ]]
}
