load helper

# Tables between us and Spark with Delta, which tests/spark.sh installs. Spark is slow to start, so one process does everything, once: it
# runs for the first test, and each test looks at what it said of its part. It is left out with sanitizers, whose build is much slower and
# sees the same tables in the tests with other peers.

setup_file() {
	export REPORT=$BATS_FILE_TMPDIR/report
	! sanitized || return 0
	if ! sh "$ROOT/tests/spark.sh" >"$REPORT.log" 2>&1; then
		cat "$REPORT.log" >&2
		return 0
	fi
	mkdir "$BATS_FILE_TMPDIR/spark"
	# Spark's own messages are kept apart; a part without its last line has failed.
	python "$ROOT/tests/interop/spark_peers.py" "$BATS_FILE_TMPDIR/spark" >"$REPORT" 2>>"$REPORT.log" 3>&- || :
}

# said SECTION: shows what Spark's process said of it; fails where there was anything wrong.
said() {
	unsanitized "Spark is asked by the build without sanitizers"
	if [ ! -e "$REPORT" ]; then
		cat "$REPORT.log"
		[ -z "${CI:-}" ] || return 1
		skip "SKIPPED: Spark cannot be installed"
	fi
	sed -n "/^== $1\$/,/^$1: /p" "$REPORT"
	grep -E "^$1: [1-9][0-9]* comparisons, 0 failures" "$REPORT" || { tail -n 20 "$REPORT.log"; return 1; }
}

@test "spark: it reads our Delta tables and Parquet files: every type, rows and types equal" {
	said reads
}

@test "spark: we read its Delta tables: every type, codec and page version; and add to them" {
	said writes
}

@test "spark: Parquet files both ways, with its vectorized reader and without, and with predicates pushed into ours" {
	said parquet
}

@test "spark: the golden tables that delta-rs does not read" {
	need "$SHARED/conformance/delta/golden"
	said golden
}

@test "spark: we read the changes that its change data feed has" {
	said feed
}

@test "spark: ten rounds of changes by Spark, delta-rs and us, in a random order, against a model" {
	said in_rounds
}
