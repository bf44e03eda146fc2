#!/bin/sh
# reconcile.sh [--wait] [-j JOB] LAKE: does the lake add up? Waits for a run to end if asked to, clears up after one that was cut off, and has
# acct-reconcile measure the tables anew and print each check; 0 if all close, 1 if not.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"

USAGE='reconcile.sh [--wait] [-j JOB] LAKE'

# take_operands WORD...: all of the script.
take_operands() {
	shift "$TAKEN"
	[ $# -eq 1 ] || usage
	need_programs acct-lake acct-reconcile
	lake "$1"
}

options "$@"
take_operands "$@"
lock "$@"
exec acct-reconcile -j "$(from_here "${ACCT_JOB:-$here/bank}")" "$LAKE"
