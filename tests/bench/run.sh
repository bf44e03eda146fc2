#!/bin/sh
# The toolkit and its peers on the same files, in turn. BENCH_CUSTOMERS sets the size, BENCH_RUNS how often, BENCH_ONLY which
# benches (a comma list, in this order by default), BENCH_KINDS (a regular expression) which kinds of data, BENCH_BANK a folder that has a
# bank or gets one.
set -eu
LC_ALL=C
export LC_ALL

top=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$top/build}
peers=${PEERS:-$top/build/peers}
customers=${BENCH_CUSTOMERS:-1000000}
bank=${BENCH_BANK:-$build/bench/bank-$customers}

mkdir -p "$build/bench" "$bank"
if [ ! -e "$bank/.whole" ]; then
	echo "bench: making a bank of $customers customers in $bank"
	"$build/tools/bankgen" -n "$customers" -S 1 "$bank"
	: >"$bank/.whole"
fi
sh "$top/tests/peers.sh" duckdb deltalake polars pyarrow
for bench in $(echo "${BENCH_ONLY:-pipe,kinds,write,read,merge,job}" | tr , ' '); do
	"$peers/bin/python" "$top/tests/bench/$bench.py" --programs "$build/bin" --schemas "$top/pipelines/bank/sources" \
		--work "$build/bench" --runs "${BENCH_RUNS:-5}" "$bank"
done
