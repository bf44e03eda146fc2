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

# need_peers PACKAGE ...: Python peers, as tests/peers.sh installs them. Where they cannot be had the test is skipped loudly, and fails where CI
# is set: a green run there means that they were asked.
need_peers() {
	sh "$ROOT/tests/peers.sh" "$@" >&2 && return
	[ -z "${CI:-}" ] || return 1
	skip "SKIPPED: $* cannot be installed"
}

# python FILE ...: of the peers.
python() {
	"${PEERS:-$ROOT/build/peers}/bin/python" "$@"
}
