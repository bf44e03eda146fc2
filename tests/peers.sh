#!/bin/sh
# Installs Python peers, at the versions of tests/peers.txt, into build/peers:
#
#	sh tests/peers.sh sqlglot sqlfluff
#
# then build/peers/bin/python has them. What is there already is left alone and needs no network. Ends with 69 and says
# so on standard error where a peer cannot be had, or is not to be: ACCT_TEST_PEERS=no. The caller decides whether to skip or to fail.
set -eu

say() { printf 'peers.sh: %s\n' "$*" >&2; }

[ $# -gt 0 ] || { say 'usage: sh tests/peers.sh PACKAGE ...'; exit 64; }
tests=$(cd "$(dirname "$0")" && pwd)
pins=$tests/peers.txt
venv=${PEERS:-$(dirname "$tests")/build/peers}

# have PACKAGE ...: is each there, at the version of peers.txt?
have() {
	[ -x "$venv/bin/python" ] && "$venv/bin/python" - "$pins" "$@" <<'PY' 2>/dev/null
import re, sys
from importlib.metadata import version
norm = lambda name: re.sub(r"[-_.]+", "-", name).lower()
pins = dict((norm(n), v) for n, v in re.findall(r"(?m)^([\w.-]+)==(\S+)", open(sys.argv[1]).read()))
sys.exit(any(version(name) != pins[norm(name)] for name in sys.argv[2:]))
PY
}

[ "${ACCT_TEST_PEERS:-yes}" = yes ] || { say "$*: left out, as ACCT_TEST_PEERS=no asks"; exit 69; }
for peer; do
	grep -qi "^$peer==" "$pins" || { say "$peer: no version in $pins"; exit 64; }
done
have "$@" && exit 0

mkdir -p "$venv"
exec 9>"$venv/.lock"
flock 9
have "$@" && exit 0		# another run was faster
log=$venv/install.log
say "installing $* into $venv"
if ! { [ -x "$venv/bin/pip" ] || python3 -m venv "$venv"; } >"$log" 2>&1; then
	say "python3 -m venv failed (Debian: apt-get install python3-venv); $log ends:"
	tail -n 5 "$log" >&2
	exit 69
fi
if ! "$venv/bin/pip" install --disable-pip-version-check --no-input -c "$pins" "$@" >>"$log" 2>&1 || ! have "$@"; then
	say "NOT INSTALLED: $*; $log ends:"
	tail -n 5 "$log" >&2
	exit 69
fi
