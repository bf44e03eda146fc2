#!/bin/sh
# The toolkit and DuckDB on the same files, in turn. BENCH_CUSTOMERS sets the size, BENCH_RUNS how often.
set -eu
LC_ALL=C
export LC_ALL

top=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$top/build}
customers=${BENCH_CUSTOMERS:-1000000}
bank=$build/bench/bank-$customers

if [ ! -e "$bank/.whole" ]; then
	echo "bench: making a bank of $customers customers in $bank"
	mkdir -p "$bank"
	"$build/tools/bankgen" -n "$customers" -S 1 "$bank"
	: >"$bank/.whole"
fi
sh "$top/tests/peers.sh" duckdb
exec "$build/peers/bin/python" "$top/tests/bench/bench.py" --programs "$build/bin" --schemas "$top/pipelines/schema" \
	--work "$build/bench" --runs "${BENCH_RUNS:-5}" "$bank"
