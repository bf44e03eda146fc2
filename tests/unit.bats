load helper

# The property tests in C: each program of tests/unit, on the vector path and on the portable one. ACCT_SEED repeats a failure.

unit() {
	run "$BUILD/unit/$1"
	[ "$status" -eq 0 ] || { echo "$output" >&2; false; }
	[[ $output == *"ok "* ]]
	ACCT_PORTABLE=1 run "$BUILD/unit/$1"
	[ "$status" -eq 0 ] || { echo "portable: $output" >&2; false; }
}

@test "unit: agg" { unit agg; }
@test "unit: clean" { unit clean; }
@test "unit: csv" { unit csv; }
@test "unit: densemap" { unit densemap; }
@test "unit: join" { unit join; }
@test "unit: keymap" { unit keymap; }
@test "unit: keyset" { unit keyset; }
@test "unit: num" { unit num; }
@test "unit: parquet" { unit parquet; }
@test "unit: pred" { unit pred; }
@test "unit: rec" { unit rec; }
@test "unit: schema" { unit schema; }
@test "unit: sql" { unit sql; }
@test "unit: utf8" { unit utf8; }
@test "unit: val" { unit val; }

@test "unit: every program of tests/unit is among these" {
	for u in "$ROOT"/tests/unit/*.c; do
		u=${u##*/}
		grep -q "unit: ${u%.c}\"" "$BATS_TEST_FILENAME" || { echo "${u%.c} is not run" >&2; false; }
	done
}
