#!/bin/sh
# silver.sh [--wait] LAKE: the files listed in LAKE/bronze/current, cleaned and typed, as the Delta tables LAKE/silver/<table>; what is rejected,
# with its reason, added by run to the Delta tables LAKE/silver/_rejects/<table>. All of it appears together. A table whose file and schema
# are those it was made of is left as it is.
#
# Within a run bronze.sh leaves the copies of new files here to be read. That they can be is seen by that, and the sum which names them is made
# meanwhile; a file that cannot be read ends the run before anything in the lake has changed.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"
USAGE='silver.sh [--wait] LAKE'

ingest() {
	acct-ingest -s "$SCHEMA/$table.yaml" --stats "$STATS/$table.ingest.json" "$1" && return
	got=$?
	[ "$got" -eq 141 ] || [ "$JOINED" = no ] || warn "$BACKEND/$table.csv: refused; the lake is as it was"
	return "$got"
}

# clean FOLDER FILE: writes the rows of the file into their table, and sets aside what is rejected.
clean() {
	status=0
	cd "$1"
	left "$table.ingest" ingest "$2" |
		left "$table.clean" acct-clean -s "$SCHEMA/$table.yaml" -r "$WORK/$table.rejects.acct" --stats "$STATS/$table.clean.json" |
		acct-write -m overwrite --replace-schema --txn "$APP:next" --prepare "$PREPARED/silver/$table" "$LAKE/silver/$table" || status=$?
	joined "$status" "$table.ingest" "$table.clean"
}

# Adds the rejects of this run: whence, and the line of names, so that the rows can be mended and fed in again.
reject() {
	status=0
	left "$table.rejects" acct-select --text -c "run='${RUN##*/}',file='$path',header=@header,_line,reason,column,value,raw" \
		"$WORK/$table.rejects.acct" |
		acct-write --txn "$APP:next" --prepare "$PREPARED/silver/_rejects/$table" "$LAKE/silver/_rejects/$table" || status=$?
	joined "$status" "$table.rejects"
}

# rejected_by: the run whose rejects are those of this file and schema: an earlier one, where only the table had to be made again.
rejected_by() {
	if same_key "$table" "$key" && has "silver/_rejects/$table"; then
		cat -- "$made/run"
	else
		printf '%s\n' "${RUN##*/}"
	fi
}

refine() {
	table=$1
	made=$LAKE/runs/made/$table
	if [ -e "$WORK/in/$table.csv" ]; then
		start_sum "$table"
		clean "$WORK/in" "$table.csv"
		name_copy "$table"
		key=$(silver_key "$table" "$sum")
	else
		[ -e "$WORK/$table.line" ] || die 65 "$current: no line for $table"
		IFS=$TAB read -r _ sum _ path <"$WORK/$table.line"
		key=$(silver_key "$table" "$sum")
		if same_key "$table" "$key" && has "silver/_rejects/$table" && intact "silver/$table"; then
			cp -- "$made/ingest.json" "$STATS/$table.ingest.json"
			cp -- "$made/clean.json" "$STATS/$table.clean.json"
			return 0
		fi
		clean "$LAKE/bronze" "$path"
	fi
	by=$(rejected_by)
	if ! has "silver/_rejects/$table" || { [ "$by" = "${RUN##*/}" ] && [ "$(json "$STATS/$table.clean.json" '$.rejected')" != 0 ]; }; then
		reject
	fi
	mkdir -p -- "$STAGE/runs/made/$table"
	cd "$STAGE/runs/made/$table"
	cp -- "$STATS/$table.ingest.json" ingest.json
	cp -- "$STATS/$table.clean.json" clean.json
	printf '%s\n' "$key" >key
	printf '%s\n' "$by" >run
}

options "$@"
shift "$TAKEN"
[ $# -eq 1 ] || usage
need_programs flock sqlite3 acct-ingest acct-clean acct-select acct-write acct-read acct-log
lake "$1"
lock
begin
if [ "$JOINED" = no ]; then
	current=$(of bronze/current bronze.sh)
	while IFS=$TAB read -r t sum bytes _; do
		enlist "$t" "$sum" "$bytes"
	done <"$current"
fi
each refine transactions loan_payments customers accounts loans
[ "$JOINED" = no ] || list_files
if [ ! -e "$STAGE/runs/made" ]; then
	end_idle 'silver is as it was made of these files'
fi
commit_part
