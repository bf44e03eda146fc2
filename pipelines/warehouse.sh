#!/bin/sh
# warehouse.sh [-d synapse|fabric|sqlserver] [-f text|json] [-n SCHEMA] [--adopt] --url URL LAKE FOLDER: writes into FOLDER the SQL that loads the gold
# tables of LAKE into a warehouse which reads their exports itself. URL is the address of the lake, as https, abfss or az. For each table there are
#
#	TABLE.load.sql		the load, as acct-merge-sql --copy writes it
#	TABLE.validate.sql	queries that return rows only if the warehouse does not hold what gold holds
#	TABLE.external.sql	external tables over the export in SCHEMA_external, where the warehouse has them
#	TABLE.view.sql		a view over the Delta table, for a serverless pool
#
# or with -f json .json files, arrays of batches. SCHEMA is that of the warehouse's tables, gold by default. A table of the warehouse then has the rows of
# gold and no others, unless --adopt is given: that keeps what gold does not have. Nothing is sent anywhere, and no secret is needed.
set -eu

USAGE='usage: warehouse.sh [-d synapse|fabric|sqlserver] [-f text|json] [-n SCHEMA] [--adopt] --url URL LAKE FOLDER'

die() {
	_status=$1
	shift
	printf 'warehouse.sh: %s\n' "$*" >&2
	exit "$_status"
}

usage() {
	printf '%s\n' "$USAGE" >&2
	exit 64
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
if [ -n "${ACCT_BIN:-}" ]; then
	PATH=$ACCT_BIN:$PATH
elif [ -x "$here/../build/bin/acct-merge-sql" ]; then
	PATH=$here/../build/bin:$PATH
fi

dialect=synapse form=text schema=gold absent=--delete-absent url=
while [ $# -gt 0 ]; do
	case $1 in
	-d | -f | -n | --url) [ $# -gt 1 ] || usage ;;
	esac
	case $1 in
	-d) dialect=$2 ;;
	-f) form=$2 ;;
	-n) schema=$2 ;;
	--url) url=${2%/} ;;
	--adopt) absent=--adopt ;;
	-*) usage ;;
	*) break ;;
	esac
	case $1 in
	--adopt) shift ;;
	*) shift 2 ;;
	esac
done
if [ $# -ne 2 ] || [ -z "$url" ] || [ -z "$schema" ]; then
	usage
fi
lake=$1 folder=$2
case $form in
text) end=sql ;;
json) end=json ;;
*) usage ;;
esac
case $dialect in
synapse) scripts='external view' ;;
fabric) scripts=view ;;
sqlserver) scripts=external ;;
*) usage ;;
esac

# find_state TABLE: the id and the version of the Delta table.
find_state() {
	acct-log --state "$lake/gold/$1" >"$work/state" || return
	while read -r word value _; do
		case $word in
		id) id=$value ;;
		version) version=${value%,} ;;
		esac
	done <"$work/state"
}

# write WHAT ARGUMENT...: a script of the table, which is there whole or not at all. External tables have a schema of their own.
write() {
	_what=$1
	in=$schema
	[ "$_what" != external ] || in=${schema}_external
	shift
	acct-merge-sql -d "$dialect" -t "\"$in\".\"$table\"" --form "$form" --script "$_what" "$@" -o "$folder/$table.$_what.$end" "$work/rows"
}

# write_table: the rows are read once, at one version of the table; acct-merge-sql refuses a manifest that has another number of them.
write_table() {
	export=gold/_export/$table
	find_state "$table" || return
	acct-read --at "$version" "$lake/gold/$table" >"$work/rows" || return
	set -- --lake "$id" --at "$version" --since any "$absent"
	write load "$@" --copy "$lake/$export/manifest.json" --url "$url/$export" || return
	write validate --lake "$id" --at "$version" || return
	for script in $scripts; do
		case $script in
		external) write external --copy "$lake/$export/manifest.json" --url "$url/$export" || return ;;
		view) write view --url "$url/gold/$table" || return ;;
		esac
	done
}

mkdir -p -- "$folder" || die 73 "$folder: cannot be made"
work=$(mktemp -d) || exit 73
trap 'rm -rf -- "$work"' EXIT
acct-blob ls --recursive --include manifest.json "$lake/gold/_export" >"$work/exports" || exit
[ -s "$work/exports" ] || die 66 "$lake/gold/_export: no export; the run makes them"
while IFS= read -r manifest; do
	table=${manifest%/manifest.json}
	table=${table##*/}
	write_table </dev/null || exit
done <"$work/exports"
