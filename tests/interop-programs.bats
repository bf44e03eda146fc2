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
