#!/bin/sh
# reconcile.sh [--wait] [-j JOB] LAKE: does the lake add up? Waits for a run to end if asked to, clears up after one that was cut off, and has
# acct-reconcile measure the tables anew and print each check; 0 if all close, 1 if not.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
self=$here/reconcile.sh
USAGE='reconcile.sh [--wait] [-j JOB] LAKE'
OPTIONS='-j --job'
# shellcheck source=common.sh
. "$here/common.sh"

options "$@"
[ $# -eq $((TAKEN + 1)) ] || usage
for LAKE; do :; done
[ -d "$LAKE" ] || die 66 "$LAKE: no such directory; run.sh makes it"
need_programs acct-lake acct-reconcile
lock "$LAKE" "$@"
exec acct-reconcile -j "$JOB" "$ACCT_LAKE"
