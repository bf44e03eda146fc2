#!/bin/sh
# bronze.sh [--wait] [-j JOB] BACKEND LAKE: the files of the back end as they came, kept under LAKE/bronze, named by their contents.
#
# A file that is missing, empty, without a whole header, with a column the schema does not expect, cut within quotes, or that grows
# or shrinks while it is copied stops the script before anything in the lake has changed. LAKE/bronze/current lists the files last taken over.
# Within a run the copies wait for silver.sh, which reads them once for all: see there.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"

USAGE='bronze.sh [--wait] [-j JOB] BACKEND LAKE'

# state FILE: what changes when a file is written, the time with all its decimals.
state() {
	stat -L -c '%s %.Y %i' -- "$1" 2>/dev/null || die 66 "$1: gone while it was copied"
}

# kept: is a file of these contents in the lake? Only where one has the same size are they summed for that.
kept() {
	for there in "$LAKE/bronze/$table"/*-"$file"; do
		if [ -e "$there" ] && [ "$(stat -c %s -- "$there")" = "$bytes" ]; then
			sum=$(sha256 <"$source") || exit 74
			path=$(bronze_path "$table" "$sum" "$file")
			[ -e "$LAKE/bronze/$path" ] && [ "$(stat -c %s -- "$LAKE/bronze/$path")" = "$bytes" ]
			return
		fi
	done
	return 1
}

# Copies one table's file, whole, unless it is kept already.
take() {
	table=$1
	deliver "$table"
	source=$BACKEND/$file
	before=$(state "$source")
	bytes=${before%% *}
	if kept; then
		[ "$(state "$source")" = "$before" ] || die 65 "$source: changed while it was read; is it still being written?"
		enlist "$table" "$sum" "$bytes" "$path"
		return
	fi
	copy=$WORK/in/$file
	cp --reflink=auto -- "$source" "$copy" || exit 74
	[ "$(state "$source")" = "$before" ] || die 65 "$source: changed while it was copied; is it still being written?"
	[ "$(stat -c %s -- "$copy")" = "$bytes" ] || die 65 "$source: shorter than it was at the start"
	[ -n "$(compressed_by "$copy")" ] || [ "$(head -n 1 "$copy" | wc -l)" -eq 1 ] || die 65 "$source: no whole header; is it still being written?"
	[ "$JOINED" = yes ] || inspect
}

# Reads the copy once: the names as the schema has them, no quote left open.
inspect() {
	start_sum "$table" "$WORK/in/$file"
	status=0
	cd "$WORK/in"
	acct-ingest -s "$JOB/sources/$table.yaml" "$file" >/dev/null 2>"$WORK/$table.said" || status=$?
	[ "$status" -eq 0 ] || warn "$source: refused; the lake is as it was"
	cat -- "$WORK/$table.said" >&2
	[ "$status" -eq 0 ] || exit "$status"
	name_copy "$table"
}

# backend_sizes: lines of bytes and table.
backend_sizes() {
	for t in $TABLES; do
		deliver "$t"
		printf '%s %s\n' "$(stat -L -c %s -- "$BACKEND/$file")" "$t"
	done
}

# take_operands WORD...: all of the script.
take_operands() {
	shift "$TAKEN"
	[ $# -eq 2 ] || usage
	read_job
	need_programs sha256sum acct-ingest acct-lake
	backend "$1"
	new_lake "$2"
}

options "$@"
take_operands "$@"
lock "$@"
begin
mkdir -p "$WORK/in"
# shellcheck disable=SC2046
each take $(backend_sizes | by_size)
# The end of the run waits until all is on the disk: it begins to go there now.
for t in $TABLES; do
	! copy_of "$t" || sync -d -- "$WORK/in/$file" 2>/dev/null &
done
if [ "$JOINED" = no ]; then
	list_files
	wait
	if [ -e "$STAGE/bronze" ] || [ -e "$RUN/new/bronze" ]; then
		keep_files
	fi
fi
