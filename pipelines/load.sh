#!/bin/sh
# load.sh [--wait] [-j JOB] [-d sqlite|postgres] [--adopt | --delete-absent] LAKE: merges the gold tables into a SQL warehouse, each in one transaction: rows
# that are new are inserted, rows that differ updated, rows that the load before put there and gold no longer has are deleted. sqlite is
# LAKE/gold/gold.db; postgres is the server that the environment of psql names (PGHOST, PGUSER, PGDATABASE, PGPASSFILE, ...), so that no secret
# stands on a command line.
#
# The transaction also writes which version of gold the warehouse now has into its table acct_load. A table that has rows and no such mark is
# refused (78): --adopt keeps those that gold does not have, --delete-absent deletes them.
#
# load.sh --dry-run changes nothing: would the warehouse take gold?
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
self=$here/load.sh
USAGE='load.sh [--wait] [-j JOB] [-d sqlite|postgres] [--adopt | --delete-absent] [--dry-run] LAKE'
OPTIONS='-j --job -d --adopt --delete-absent --dry-run'
# shellcheck source=common.sh
. "$here/common.sh"
# shellcheck source=sql.sh
. "$here/sql.sh"

options "$@"
TARGET=${TARGET:-sqlite}
[ $# -eq $((TAKEN + 1)) ] || usage
for LAKE; do :; done
case $LAKE in
*://*) die 64 "$LAKE: a lake is a directory" ;;
esac
[ -d "$LAKE" ] || die 66 "$LAKE: no such directory; run.sh makes it"
case $TARGET in
sqlite) need_programs sqlite3 acct-lake ;;
postgres) need_programs psql acct-lake ;;
esac
private "$LAKE" 0
lock "$LAKE" "$@"
LAKE=$ACCT_LAKE PREPARED=$ACCT_RUN/prepared run=''
read_job
[ ! -e "$LAKE/runs/last" ] || read -r run <"$LAKE/runs/last"
WORK=$(mktemp -d) || exit 73
trap 'end_work "$?"' EXIT
case $ASKED in
--dry-run) each_loaded try >/dev/null ;;
*) each_loaded load_table ;;
esac
