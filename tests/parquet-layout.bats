load helper

@test "parquet: pages, lengths, counts, bounds and indexes are what the footer says of them" {
	run -0 python3 "$BATS_TEST_DIRNAME/parquet_layout.py" "$BUILD/tools/pqtool" "$T"
	echo "$output"
}
