#!/bin/sh
# sh tests/run.sh [FILTER ...]: installs what the tests need, builds everything, runs every test and counts. With FILTERs, only the test
# files in whose names one of them occurs. SAN=1 tests the build with sanitizers, COVERAGE=1 that for `make coverage`. TEST_JOBS files run at once: one
# more than there are cores, as there are tests that wait.
# The last line is "N passed, M failed", and ", K skipped" where tests were; the status is not 0 where a test failed or could not be run.
set -eu
cd -- "$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)/.."
exec </dev/null

packages='bats jq python3 python3-venv sqlite3 bc zstd shellcheck mandoc strace valgrind time bsdextrautils git'

# What to run, one a line, what takes longest first: bats files, and test programs of units as `make` has built them.
chosen() {
	units=
	for f in tests/unit/*.c; do
		f=${f##*/}
		units="$units $build/unit/${f%.c}"
	done
	for f in tests/interop-spark.bats tests/pipeline.bats tests/merge-sql.bats tests/*.bats $units; do
		case " ${seen:-} " in
		*" $f "*) continue ;;
		esac
		seen="${seen:-} $f"
		[ $# -gt 0 ] || echo "$f"
		for filter; do
			case ${f##*/} in
			*"$filter"*) echo "$f" && break ;;
			esac
		done
	done
}

# Counts what a file's tests said; a test that was announced and never reported, or a file that could not be read, is a failure.
count() {
	awk -v file="$2" '
	/^1\.\.[0-9]+/ { planned = substr($1, 4) + 0; plan = 1 }
	/^ok / { if ($0 ~ / # skip/) skipped++; else passed++ }
	/^not ok / { failed++ }
	END {
		seen = passed + skipped + failed
		if (!plan)
			failed++
		else if (seen < planned)
			failed += planned - seen
		printf "%d %d %d %s\n", passed, failed, skipped, file
	}' "$1"
}

sh pipelines/demo.sh --install
# shellcheck disable=SC2086
sh pipelines/demo.sh --install $packages || echo 'tests that need them will say so'
if [ -n "${SAN:-}" ]; then
	build=build/san
	make -j"$(nproc)" SAN=1 all units tools
elif [ -n "${COVERAGE:-}" ]; then
	build=build/coverage
	make -j"$(nproc)" COVERAGE=1 all units tools
else
	build=build
	make -j"$(nproc)" all units tools
fi
BUILD=$PWD/$build
# No test asks the machine it runs on for an identity.
AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:9
export BUILD AZURE_POD_IDENTITY_AUTHORITY_HOST
[ -e ../shared ] || echo 'SKIPPED where tests need them: the real and the foreign files of ../shared are not there'

results=$(mktemp -d)
trap 'rm -rf -- "$results"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
chosen "$@" >"$results/files"
[ -s "$results/files" ] || {
	echo "no test file matches: $*"
	echo '0 passed, 1 failed'
	exit 64
}
# Each file's report appears when the file is done. A test program says "ok NAME: what" for each property, and ends with a status; it runs
# on the vector paths and on the portable one.
# shellcheck disable=SC2016
xargs -P "${TEST_JOBS:-$(($(nproc) + 1))}" -n 1 sh -c '
	out=$0/$(basename "$1").tap
	begun=$(date +%s)
	case $1 in
	*.bats) timeout "${TEST_TIMEOUT:-3000}" bats --tap "$1" ;;
	*)
		for portable in 0 avx2 1; do
			ACCT_PORTABLE=$portable timeout "${TEST_TIMEOUT:-3000}" "$1" ||
				echo "not ok $(basename "$1"), ACCT_PORTABLE=$portable: ended with status $?"
		done
		echo "1..3"
		;;
	esac >"$out" 2>&1
	{ echo "== $1, $(($(date +%s) - begun)) s"; cat "$out"; } >"$out.report"
	cat "$out.report"' "$results" <"$results/files" || :
passed=0
failed=0
skipped=0
while read -r file; do
	count "$results/${file##*/}.tap" "$file"
done <"$results/files" >"$results/counts"
echo
while read -r p f s file; do
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
	[ "$f" -eq 0 ] || echo "FAILED: $file: $f of $((p + f + s))"
done <"$results/counts"
grep -h '^not ok' "$results"/*.tap || :
grep -h '^ok .* # skip' "$results"/*.tap | sed 's/^ok [0-9]* //' || :
closing="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || closing="$closing, $skipped skipped"
echo "$closing"
[ "$failed" -eq 0 ]
