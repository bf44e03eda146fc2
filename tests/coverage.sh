#!/bin/sh
# sh tests/coverage.sh [FILTER ...]: runs the tests, or those in whose names a FILTER occurs, on a build that counts what is executed, and prints
# the lines and branches of each folder of the library and of the programs. Without FILTERs it fails below the bars: 96 % of all lines, 87 % of
# all branches, 85 % of the branches of each folder.
set -eu
cd -- "$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)"

find build/coverage -name '*.gcda' -delete 2>/dev/null || :
COVERAGE=1 ACCT_EACH=1 sh tests/run.sh "$@" || echo 'not all tests passed; the figures are of what ran'
if [ $# -eq 0 ]; then
	python3 tests/coverage.py build/coverage --bars 96 87 85
else
	python3 tests/coverage.py build/coverage
fi
