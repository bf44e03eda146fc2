# Loaded by every bats file: where the programs are, a fresh folder, small makers of input.

bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME" && while [ ! -e Makefile ]; do cd ..; done && pwd)
BUILD=${BUILD:-$ROOT/build}
SHARED=$ROOT/../shared
export PATH="$BUILD/bin:$BUILD/tools:$PATH" LC_ALL=C

setup() {
	T=$(mktemp -d "${BATS_TEST_TMPDIR:-/tmp}/t.XXXXXX")
	cd "$T" || return 1
	if declare -F prepare >/dev/null; then prepare; fi
}

# same EXPECTED ACTUAL: two texts, shown as a difference where they are not the same.
same() {
	diff -u --label expected --label actual <(printf '%s\n' "$1") <(printf '%s\n' "$2")
}

# tsv FILE: a record stream as text with its header, for comparing.
tsv() {
	acct-cat -f tsv "$@"
}

# need FOLDER: skips loudly what works on files that come beside the checkout.
need() {
	[ -e "$1" ] || skip "SKIPPED: $1 is not there"
}
