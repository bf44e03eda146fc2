#!/bin/sh
# silver.sh [--wait] [-j JOB] [--accept TABLE[,TABLE]] [--rebuild] LAKE: the files listed in LAKE/bronze/current, cleaned and typed by the schemas of
# JOB/sources, as the Delta tables LAKE/silver/<table>; what is rejected, with its reason, added by run to the Delta tables LAKE/silver/_rejects/<table>.
# All of it appears together. A table whose file and schema are those it was made of is left as it is.
#
# Within a run bronze.sh leaves the copies of new files here to be read. That they can be is seen by that, and the sum which names them is made
# meanwhile; a file that cannot be read ends the run before anything in the lake has changed. A file of bronze is summed whenever it is read.
#
# A file that passes a limit of its schema, which compares it with the last run that took effect, ends the script with 1 unless its table is
# accepted. --rebuild makes all tables again.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"
USAGE='silver.sh [--wait] [-j JOB] [--accept TABLE[,TABLE]] [--rebuild] LAKE'
FLAGS='accept rebuild'

# The cause of a failure is the last that is said.
ingest() {
	got=0
	acct-ingest -s "$JOB/sources/$table.yaml" --stats "$STATS/$table.ingest.json" "$1" 2>"$WORK/$table.said" || got=$?
	[ "$got" -eq 0 ] || [ "$got" -eq 141 ] || [ "$JOINED" = no ] || warn "$named: refused; the lake is as it was"
	cat -- "$WORK/$table.said" >&2
	return "$got"
}

# Cleans, and holds the figures against the limits of the schema. What was accepted once is, when the table is made again of the same file.
judge() {
	set -- --expect
	[ ! -e "$made/clean.json" ] || set -- "$@" --last "$made/clean.json"
	if is_accepted "$table" || same_key "$table" "$key"; then
		set -- "$@" --accept
	fi
	got=0
	acct-clean -s "$JOB/sources/$table.yaml" -r "$WORK/$table.rejects.acct" --stats "$STATS/$table.clean.json" "$@" 2>"$WORK/$table.judged" || got=$?
	if [ "$got" -eq 1 ] && [ -s "$WORK/$table.judged" ]; then
		mv -- "$WORK/$table.judged" "$WORK/$table.passed"
	else
		cat -- "$WORK/$table.judged" >&2
	fi
	return "$got"
}

# clean FOLDER FILE: writes the rows of the file into their table, and sets aside what is rejected.
clean() {
	status=0
	cd "$1" || exit 74
	left "$table.ingest" ingest "$2" | left "$table.clean" judge |
		acct-write -m overwrite --replace-schema --txn "$APP:next" --prepare "$PREPARED/silver/$table" "$LAKE/silver/$table" || status=$?
	joined "$status" "$table.ingest" "$table.clean"
}

# Adds the rejects of this run: whence, and the line of names, so that the rows can be mended and fed in again. A damaged table begins anew.
reject() {
	status=0
	mode=append
	if is_damaged "silver/_rejects/$table"; then
		warn "$LAKE/silver/_rejects/$table: made again with the rejects of this run alone; what older ones can be read is in its older versions"
		mode=overwrite
		set_aside "silver/_rejects/$table"
	fi
	left "$table.rejects" acct-select --text -c "run='${RUN##*/}',file='$path',header=@header,_line,reason,column,value,raw" \
		"$WORK/$table.rejects.acct" |
		acct-write -m "$mode" --txn "$APP:next" --prepare "$PREPARED/silver/_rejects/$table" "$LAKE/silver/_rejects/$table" || status=$?
	joined "$status" "$table.rejects"
}

# rejected_by: the run whose rejects are those of this file and schema: an earlier one, where only the table had to be made again.
rejected_by() {
	if same_key "$table" "$key" && has "silver/_rejects/$table" && ! is_damaged "silver/_rejects/$table"; then
		cat -- "$made/run"
	else
		printf '%s\n' "${RUN##*/}"
	fi
}

# kept: cleans the file of bronze that the list names, and proves that it is what it was. A file that is not is not believed in what it failed by.
kept() {
	[ -e "$LAKE/bronze/$path" ] || die 66 "$LAKE/bronze/$path: not there"
	known=$sum
	named=$LAKE/bronze/$path
	start_sum "$table" "$LAKE/bronze/$path"
	got=0
	(clean "$LAKE/bronze" "$path") || got=$?
	end_sum "$table"
	[ "$sum" = "$known" ] ||
		die 65 "$LAKE/bronze/$path: damaged: its SHA-256 is $sum, and was $known; the lake is as it was. Put the right file in its place, or remove it: a run takes it from the back end again"
	[ "$got" -eq 0 ] || exit "$got"
}

refine() {
	table=$1
	made=$LAKE/runs/made/$table
	key=
	set_aside "silver/$table"
	if copy_of "$table"; then
		start_sum "$table" "$WORK/in/$file"
		named=$BACKEND/$file
		clean "$WORK/in" "$file"
		name_copy "$table"
		key=$(silver_key "$table" "$sum")
	else
		[ -e "$WORK/$table.line" ] || die 65 "$LAKE/bronze/current: no line for $table"
		IFS=$TAB read -r _ sum _ path <"$WORK/$table.line"
		key=$(silver_key "$table" "$sum")
		if [ "$REBUILD" = no ] && same_key "$table" "$key" && has "silver/_rejects/$table" && intact "silver/$table" &&
			! is_damaged "silver/_rejects/$table"; then
			cp -- "$made/ingest.json" "$STATS/$table.ingest.json"
			cp -- "$made/clean.json" "$STATS/$table.clean.json"
			return 0
		fi
		kept
	fi
	by=$(rejected_by)
	if ! has "silver/_rejects/$table" || is_damaged "silver/_rejects/$table" || { [ "$by" = "${RUN##*/}" ] && [ "$(json "$STATS/$table.clean.json" '$.rejected')" != 0 ]; }; then
		reject
	fi
	mkdir -p -- "$STAGE/runs/made/$table"
	cd "$STAGE/runs/made/$table"
	cp -- "$STATS/$table.ingest.json" ingest.json
	cp -- "$STATS/$table.clean.json" clean.json
	printf '%s\n' "$key" >key
	printf '%s\n' "$by" >run
}

# Says which limits are passed, all of them, as the last that is said.
stop_at_limits() {
	passed=
	for t in $TABLES; do
		[ ! -e "$WORK/$t.passed" ] || passed=$passed,$t
	done
	[ -n "$passed" ] || return 0
	ANSWER=limits
	warn "limits are passed, so nothing takes effect; --accept ${passed#,} lets that through:"
	cat -- "$WORK"/*.passed >&2
}

# take_operands WORD...: all of the script.
take_operands() {
	shift "$TAKEN"
	[ $# -eq 1 ] || usage
	read_job
	check_accepted
	need_programs sqlite3 acct-ingest acct-clean acct-select acct-write acct-read acct-log acct-lake
	lake "$1"
}

options "$@"
take_operands "$@"
lock "$@"
begin
[ "$JOINED" = yes ] || enlist_current
set +e
# shellcheck disable=SC2046
each refine $(source_sizes | by_size)
status=$?
set -e
[ "$status" -ne 1 ] || stop_at_limits
[ "$status" -eq 0 ] || exit "$status"
[ "$JOINED" = no ] || list_files
if [ ! -e "$STAGE/runs/made" ]; then
	end_idle 'silver is as it was made of these files'
fi
commit_part
