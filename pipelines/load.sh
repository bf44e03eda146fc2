#!/bin/sh
# load.sh [--wait] [-d sqlite|postgres] LAKE: merges the gold tables into a SQL warehouse, each in one transaction: rows that are new are
# inserted, rows that differ updated. sqlite is LAKE/gold/gold.db; postgres is the server that the environment of psql names (PGHOST, PGUSER,
# PGDATABASE, PGPASSFILE, ...), so that no secret stands on a command line.
set -eu
here=$(cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"

usage() {
	echo 'usage: load.sh [--wait] [-d sqlite|postgres] LAKE' >&2
	exit 64
}

# The SQL goes to the warehouse as it is made; where acct-merge-sql fails, its transaction is never committed.
merge() {
	acct-merge-sql -d "$dialect" -t "$1" "$2"
}

# psql ends with 2 where there is no connection.
psql_status() {
	[ "$1" -eq 2 ] && return 69
	return 74
}

warehouse() {
	case $dialect in
	sqlite) sqlite3 -batch -bail -init /dev/null "$LAKE/gold/gold.db" || return 74 ;;
	postgres) psql -X -q -v ON_ERROR_STOP=1 -f - >/dev/null || psql_status "$?" ;;
	esac
}

ask() {
	case $dialect in
	sqlite) sqlite3 -batch -bail -init /dev/null "$LAKE/gold/gold.db" "$1" || return 74 ;;
	postgres) psql -X -q -v ON_ERROR_STOP=1 -At -c "$1" || psql_status "$?" ;;
	esac
}

# Rows of the target that gold no longer has stay: an upsert removes nothing. They are counted, so that nobody is surprised.
count() {
	rows=$(totals "$1" 'n=count()')
	there=$(ask "SELECT count(*) FROM $table")
	kept=$(exact "$there - $rows")
	[ "$kept" = 0 ] || warn "$table: $kept rows of the target are no longer in gold; they were left as they were"
}

dialect=sqlite
while [ $# -gt 0 ]; do
	case $1 in
	-w | --wait) WAIT=yes ;;
	-d) [ $# -ge 2 ] || usage && dialect=$2 && shift ;;
	--) shift && break ;;
	-*) usage ;;
	*) break ;;
	esac
	shift
done
[ $# -eq 1 ] || usage
case $dialect in
sqlite) need_programs flock acct-merge-sql acct-balance acct-cat bc sqlite3 ;;
postgres) need_programs flock acct-merge-sql acct-balance acct-cat bc psql ;;
*) usage ;;
esac
lake "$1"
lock
for table in $GOLD; do
	[ -e "$LAKE/gold/$table.acct" ] || die 66 "$LAKE/gold/$table.acct: not there; gold.sh makes it"
done
WORK=$(mktemp -d) || exit 73
trap 'end_work "$?"' EXIT
stop_on_signals
for table in $GOLD; do
	status=0
	left "$table" merge "$table" "$LAKE/gold/$table.acct" | warehouse || status=$?
	joined "$table" "$status"
	count "$LAKE/gold/$table.acct"
done
