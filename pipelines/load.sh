#!/bin/sh
# load.sh [--wait] [-d sqlite|postgres] LAKE: merges the gold tables into a SQL warehouse, each in one transaction: rows that are new are
# inserted, rows that differ updated. sqlite is LAKE/gold/gold.db; postgres is the server that the environment of psql names (PGHOST, PGUSER,
# PGDATABASE, PGPASSFILE, ...), so that no secret stands on a command line.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"

USAGE='load.sh [--wait] [-d sqlite|postgres] LAKE'
TARGETS='sqlite postgres'

# The SQL goes to the warehouse as it is made; where acct-merge-sql fails, its transaction is never committed.
merge() {
	acct-merge-sql -d "$TARGET" -t "$table"
}

# Who reads the file holds it for a moment: that is waited for.
gold_db() {
	sqlite3 -batch -bail -init /dev/null -cmd '.timeout 60000' "$LAKE/gold/gold.db" "$@" || return 74
}

# psql ends with 2 where there is no connection.
psql_status() {
	[ "$1" -eq 2 ] && return 69
	return 74
}

warehouse() {
	case $TARGET in
	sqlite) gold_db ;;
	postgres) psql -X -q -v ON_ERROR_STOP=1 -f - >/dev/null || psql_status "$?" ;;
	esac
}

ask() {
	case $TARGET in
	sqlite) gold_db "$1" ;;
	postgres) psql -X -q -v ON_ERROR_STOP=1 -At -c "$1" || psql_status "$?" ;;
	esac
}

# Rows of the target that gold no longer has stay: an upsert removes nothing. They are counted, so that nobody is surprised.
count() {
	table_totals "$table" "gold/$table" "$1" 'n=count()'
	read -r rows <"$WORK/$table.figures"
	there=$(ask "SELECT count(*) FROM $table")
	kept=$(exact "$there - $rows")
	[ "$kept" = 0 ] || warn "$table: $kept rows of the target are no longer in gold; they were left as they were"
}

options "$@"
shift "$TAKEN"
[ $# -eq 1 ] || usage
case $TARGET in
sqlite) need_programs flock acct-read acct-merge-sql acct-balance acct-cat bc sqlite3 ;;
postgres) need_programs flock acct-read acct-merge-sql acct-balance acct-cat bc psql ;;
esac
lake "$1"
lock
PREPARED=/nonexistent
for table in $GOLD; do
	need_tables gold.sh "gold/$table"
done
WORK=$(mktemp -d) || exit 73
trap 'end_work "$?"' EXIT
stop_on_signals
for table in $GOLD; do
	status=0
	left "$table.read" rows "gold/$table" | left "$table.sql" merge | warehouse || status=$?
	joined "$status" "$table.read" "$table.sql"
	case $table in
	account_transactions) count account_id ;;
	*) count customer_id ;;
	esac
done
