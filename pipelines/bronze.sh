#!/bin/sh
# bronze.sh [--wait] BACKEND LAKE: the files of the back end as they came, kept under LAKE/bronze, named by their contents.
#
# A file that is missing, empty, without a whole header, with a column the schema does not expect, cut within quotes, or that grows
# or shrinks while it is copied stops the script before anything in the lake has changed. LAKE/bronze/current lists the files last taken over.
set -eu
here=$(cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"

USAGE='bronze.sh [--wait] BACKEND LAKE'

# state FILE: what changes when a file is written.
state() {
	stat -L -c '%s %Y %i' -- "$1" 2>/dev/null || die 66 "$1: gone while it was copied"
}

# Copies one table's file to the run's folder of arrivals, whole, and writes its line of the list.
take() {
	table=$1
	source=$BACKEND/$table.csv
	before=$(state "$source")
	bytes=${before%% *}
	known=
	for file in "$LAKE/bronze/$table"/*-"$table.csv"; do
		if [ -e "$file" ] && [ "$(stat -c %s -- "$file")" = "$bytes" ]; then
			known=yes
		fi
	done
	if [ -n "$known" ]; then
		sum=$(sha256 <"$source") || exit 74
		known=$LAKE/bronze/$table/$(printf %.16s "$sum")-$table.csv
		[ -e "$known" ] && [ "$(stat -c %s -- "$known")" = "$bytes" ] || known=
	fi
	if [ -z "$known" ]; then
		cp --reflink=auto -- "$source" "$WORK/in/$table.csv" || exit 74
		sum=$(sha256 <"$WORK/in/$table.csv") || exit 74
	fi
	[ "$(state "$source")" = "$before" ] || die 65 "$source: changed while it was copied; is it still being written?"
	if [ -z "$known" ]; then
		[ "$(stat -c %s -- "$WORK/in/$table.csv")" = "$bytes" ] || die 65 "$source: shorter than it was at the start"
		inspect
	fi
	printf '%s\t%s\t%s\t%s\n' "$table" "$sum" "$bytes" "$table/$(printf %.16s "$sum")-$table.csv" >"$WORK/$table.line"
}

# Reads the copy once: a whole line of names, as the schema has it, no quote left open.
inspect() {
	status=0
	cd "$WORK/in"
	[ "$(head -n 1 "$table.csv" | tail -c 1 | od -A n -t x1)" = ' 0a' ] || die 65 "$source: no whole header; is it still being written?"
	acct-ingest -s "$SCHEMA/$table.yaml" "$table.csv" >/dev/null || status=$?
	[ "$status" -eq 0 ] || die "$status" "$source: refused; the lake is as it was"
}

# Gives the copies their names.
keep() {
	while IFS=$TAB read -r table sum bytes path; do
		if [ -e "$WORK/in/$table.csv" ]; then
			mkdir -p -- "$LAKE/bronze/$table" || exit 73
			chmod a-w -- "$WORK/in/$table.csv"
			sync "$WORK/in/$table.csv" || exit 74
			mv -f -- "$WORK/in/$table.csv" "$LAKE/bronze/$path" || exit 74
			sync "$LAKE/bronze/$table" || exit 74
			tell "$table: $bytes bytes, SHA-256 $sum"
		fi
	done <"$WORK/current"
}

options "$@"
shift "$TAKEN"
[ $# -eq 2 ] || usage
need_programs flock sha256sum acct-ingest
backend "$1"
lake "$2"
lock
begin
mkdir -p "$WORK/in"
each take transactions loan_payments customers accounts loans
for t in $TABLES; do
	cat "$WORK/$t.line"
done >"$WORK/current"
keep
cp -- "$WORK/current" "$RUN/inputs"
if ! cmp -s "$WORK/current" "$LAKE/bronze/current"; then
	mkdir -p -- "$STAGE/bronze"
	cp -- "$WORK/current" "$STAGE/bronze/current"
	commit
fi
