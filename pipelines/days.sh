#!/bin/sh
# days.sh [--wait] [--accept TABLE[,TABLE]] JOB BACKEND LAKE: what BACKEND has that is new, into bronze and silver of LAKE, as one change of it (acct-lake). Prints
# the lines of acct-ledger.
#
# Every delivery is an entry of LAKE/bronze/_ledger, by its contents. A file that was seen before is passed over; of one that has grown bronze keeps what
# was added as a piece, and silver/TABLE is merged with that (grown.sh). Of any other file that is new all is cleaned, and compared with the table by key:
# rows that are the same stay, those that the file has no more go. silver/_rejects/TABLE gets all rejects of the delivery.
#
# runs/made/TABLE says what a table was made of: pieces, the schema and the programs (key), statistics, and its rejects in runs/rejects. Where the pieces
# and the key are the same the table is left as it is.
#
# Status: 0 done; 1 a limit of a schema is passed; 75 nothing is new and a day is not complete; else that of the program that failed. Then nothing has
# changed.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
me=${0##*/}
LC_ALL=C
export LC_ALL
TAB=$(printf '\t')
APP=acct.run

# The programs: as the other scripts find them.
for bin in "${ACCT_BIN:-}" "$here/../build/bin" "$here/../../bin"; do
	if [ -x "$bin/acct-lake" ]; then
		PATH=$bin:$PATH
		export PATH
		break
	fi
done

usage() {
	echo "usage: $me [--wait] [--accept TABLE[,TABLE]] JOB BACKEND LAKE" >&2
	exit 64
}

# has PATH: does the lake have this table?
has() {
	[ -e "$ACCT_LAKE/$1/_delta_log" ]
}

# prepare PATH PROGRAM OPTION...: a version of a table of the lake.
prepare() {
	_path=$1
	shift
	mkdir -p -- "$ACCT_RUN/prepared/${_path%/*}"
	"$@" --txn "$APP:next" --prepare "$ACCT_RUN/prepared/$_path" "$ACCT_LAKE/$_path"
}

# place FILE NAME: moves a file of the run to its place in the lake, from which it goes if the run comes to nothing. One of its contents may be there.
place() {
	[ ! -e "$ACCT_LAKE/$2" ] || return 0
	mkdir -p -- "$ACCT_RUN/new/${2%/*}" "$ACCT_LAKE/${2%/*}"
	: >"$ACCT_RUN/new/$2"
	sync -- "$1"
	mv -- "$1" "$ACCT_LAKE/$2"
	sync -- "$ACCT_LAKE/${2%/*}"
}

# ---- bronze ----

# sources: TABLE=FILE for each source of the job.
sources() {
	awk -F '\t' '$1 == "source" { print $2 "=" $3 }' "$work/job"
}

# deliver: compares the back end with the ledger; what is new goes to bronze.
deliver() {
	set -- "$backend"
	for _source in $(sources); do
		set -- "$@" "$_source"
	done
	if has bronze/_ledger; then
		acct-read -o "$work/ledger" "$ACCT_LAKE/bronze/_ledger"
		set -- -i "$work/ledger" "$@"
	fi
	mkdir -p -- "$work/take"
	acct-ledger -o "$work/entries" --take "$work/take" --pieces "$work/pieces" --run "${ACCT_RUN##*/}" "$@" >"$work/found"
	for _file in "$work"/take/*/*; do
		[ ! -e "$_file" ] || place "$_file" "bronze/${_file#"$work/take/"}"
	done
	if grep -qv '^seen' "$work/found"; then
		prepare bronze/_ledger acct-write -i "$work/entries"
	fi
}

# ---- silver ----

# clean_whole PIECE...: cleans all of the table's file, and compares it with the table.
clean_whole() {
	set -- --pieces --stats "$out/ingest.json" "$@"
	_how='acct-write -m overwrite --replace-schema'
	if [ "$same_key" = yes ] && [ "$key" != - ]; then
		_how='acct-merge --delete-absent'
	elif ! has "silver/$table" && [ "$key" != - ]; then
		_how="$_how --property delta.enableDeletionVectors=true"
	fi
	_last=
	[ ! -e "$made/clean.json" ] || _last="--last $made/clean.json"
	# shellcheck disable=SC2086
	(cd "$ACCT_LAKE/bronze" && acct-ingest -s "$schema" "$@") |
		acct-clean -s "$schema" -r "$out/rejects.acct" --stats "$out/clean.json" --expect $_last $accept |
		prepare "silver/$table" $_how
}

# clean_grown N PIECE...: cleans what the file has more than its first N pieces. Fails with 69 where that cannot be done.
clean_grown() {
	(cd "$ACCT_LAKE/bronze" && sh "$here/grown.sh" "$limits" "$schema" "$key" "$out.was" "$out" "$ACCT_LAKE/silver/$table" "$@") || return
	prepare "silver/$table" acct-merge -i "$out/merge.acct" --delete-flag _gone=true
}

# is_longer: are the table's pieces those it was made of, and more?
is_longer() {
	[ "$same_key" = yes ] && [ "$key" != - ] && head -n "$olds" "$out/pieces" | cmp -s - "$made/pieces"
}

# keep: what the next run needs to know.
keep() {
	mkdir -p -- "$ACCT_RUN/stage/runs/made/$table"
	for _name in pieces key ingest.json clean.json; do
		cp -- "$out/$_name" "$ACCT_RUN/stage/runs/made/$table/"
	done
	_rejects=$table-${ACCT_RUN##*/}.acct
	echo "$_rejects" >"$ACCT_RUN/stage/runs/made/$table/rejects"
	prepare_rejects
	place "$out/rejects.acct" "runs/rejects/$_rejects"
	if [ -e "$made/rejects" ]; then
		mkdir -p -- "$ACCT_RUN/gone/runs/rejects"
		: >"$ACCT_RUN/gone/runs/rejects/$(cat "$made/rejects")"
	fi
}

prepare_rejects() {
	_path=$(tail -n 1 "$out/pieces" | cut -f 4)
	acct-select --text -c "run='${ACCT_RUN##*/}',file='$_path',header=@header,_line,reason,column,value,raw" "$out/rejects.acct" |
		prepare "silver/_rejects/$table" acct-write
}

# refine TABLE KEY: makes a silver table, unless it is made of the same.
refine() {
	table=$1
	key=$2
	schema=$job/sources/$table.yaml
	made=$ACCT_LAKE/runs/made/$table
	out=$work/$table
	accept=
	limits=-e
	case ",$accepted," in
	*",$table,"*)
		accept=--accept
		limits=-a
		;;
	esac
	mkdir -p -- "$out"
	grep "^$table$TAB" "$work/pieces" >"$out/pieces" || return 0	# no file yet
	{ acct-clean -V && cat -- "$schema"; } | sha256sum >"$out/key"
	same_key=no
	! has "silver/$table" || ! cmp -s "$out/key" "$made/key" || same_key=yes
	[ "$same_key" = no ] || ! cmp -s "$out/pieces" "$made/pieces" || return 0
	olds=0
	[ "$same_key" = no ] || olds=$(wc -l <"$made/pieces")
	set --
	while IFS=$TAB read -r _ _ _ _path; do
		set -- "$@" "$_path"
	done <"$out/pieces"
	_status=69
	if is_longer; then
		mkdir -p -- "$out.was"
		cp -- "$made/ingest.json" "$made/clean.json" "$out.was/"
		cp -- "$ACCT_LAKE/runs/rejects/$(cat "$made/rejects")" "$out.was/rejects.acct"
		_status=0
		clean_grown "$olds" "$@" || _status=$?
	fi
	[ "$_status" -ne 69 ] || { _status=0 && clean_whole "$@" || _status=$?; }
	[ "$_status" -eq 0 ] || exit "$_status"
	keep
}

accepted=
wait=
while :; do
	case ${1:-} in
	--wait) wait=--wait ;;
	--accept)
		[ $# -gt 1 ] || usage
		accepted=$2
		shift
		;;
	*) break ;;
	esac
	shift
done
[ $# -eq 3 ] || usage
# shellcheck disable=SC2086
[ -n "${ACCT_RUN:-}" ] || exec acct-lake run $wait "$3" -- sh "$here/$me" ${accepted:+--accept "$accepted"} "$@"
job=$(cd -- "$1" && pwd -P)
backend=$2
work=$ACCT_RUN/work
acct-lake begin
mkdir -p -- "$work"
acct-job --lines "$job" >"$work/job"
deliver
while IFS=$TAB read -r kind name _ keys _; do
	[ "$kind" != source ] || refine "$name" "$keys" </dev/null
done <"$work/job"
cat -- "$work/found"
