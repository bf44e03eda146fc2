#!/bin/sh
# grown.sh [-e | -a] [-d NUMBER] SCHEMA KEY MADE OUT TABLE N PIECE...: what has to be merged into a Delta table when its file has grown. The pieces are those of the file as
# it is now; the first N those it had when TABLE was made of it. MADE holds what was left then: ingest.json, clean.json and rejects.acct. OUT gets the
# same for the file as it is now, and merge.acct. TABLE is not changed:
#
#	acct-merge -i OUT/merge.acct --delete-flag _gone=true TABLE
#
# makes it what cleaning the whole file would give. The cost is that of what was added: of TABLE only rows within the bounds of the new keys are read.
#
# An unfinished last line of the old file is read again: the row it gave is replaced, or goes; so does its reject. A key of an earlier row that comes
# again is a duplicate or a conflict, as in one file.
#
# With -e the limits of the schema hold for the file as it is now; with -a those that are passed are printed and accepted.
#
# With -d the rows to merge have the columns _delivery, this number, and _line; the table has them hidden.
#
# Status: 0 done; 1 a limit is passed; 69 where the file has to be cleaned whole, as reading cannot go on from what it was (it is compressed, decoded, or
# ended within more than one record) or its schema has unique columns; else that of the program that failed.
set -eu
me=${0##*/}
LC_ALL=C
export LC_ALL
TAB=$(printf '\t')

usage() {
	echo "usage: $me [-e | -a] [-d NUMBER] SCHEMA KEY[,KEY] MADE OUT TABLE N PIECE..." >&2
	exit 64
}

# ingest OPTION... : the records after the last one that is sure.
ingest() {
	acct-ingest -s "$schema" --pieces --resume "$made/ingest.json" "$@"
}

# clean OPTION...: rows to merge.
clean() {
	acct-clean -s "$schema" ${delivery:+--delivery "$delivery"} "$@"
}

# figures FILE AGGREGATE...: totals of a stream, as words.
figures() {
	_file=$1
	shift
	acct-balance -i "$_file" -o "$out/figures" "$@"
	acct-cat -f tsv "$out/figures" | sed 1d
}

# known_of ROWS FILE: the table's rows that have keys of ROWS. One column's bounds keep it from reading the others.
known_of() {
	_bounds=$(figures "$1" "low=min($first)" "high=max($first)")
	_low=${_bounds%%"$TAB"*}
	_high=${_bounds#*"$TAB"}
	set -- "$1" "$2" -w "$first >= :low and $first <= :high" -D "low=$_low" -D "high=$_high"
	case $_bounds in
	*\\*) set -- "$1" "$2" ;;	# a string that the text of the bounds does not hold as it is
	esac
	_rows=$1
	_to=$2
	shift 2
	acct-read -o "$out/near" "$@" "$table"
	acct-join -j semi -k "$key" -o "$_to" "$_rows" "$out/near"
}

# unfinished: what the record gave that the old file ended with, if its end was not sure: $out/gone, a row that was clean, and $out/last.json, what it
# counts for. Sets line to its line, or to nothing if there is none.
unfinished() {
	_i=0
	for _piece; do
		[ "$_i" -gt 0 ] || set --
		_i=$((_i + 1))
		[ "$_i" -gt "$olds" ] || set -- "$@" "$_piece"
	done
	ingest -o "$out/last.raw" "$@"
	_figures=$(figures "$out/last.raw" 'n=count()' 'line=min(_line)')
	line=${_figures#*"$TAB"}
	[ "${_figures%%"$TAB"*}" -le 1 ] || exit 69
	[ "$line" != '\N' ] || line=
	clean -r "$out/last.rejects" --stats "$out/last.json" -o "$out/gone" "$out/last.raw"
	[ -n "$line" ] || return 0
	acct-select -w "_line = $line" -o "$out/was" "$made/rejects.acct"
	[ "$(figures "$out/was" 'n=count()')" != 0 ] || return 0
	known_of "$out/gone" "$out/earlier"		# it was rejected: for its key, if it is clean alone
	clean --known "$out/earlier" -r "$out/last.rejects" --stats "$out/last.json" -o "$out/gone" "$out/last.raw"
}

# added: cleans what is new, against the rows that have its keys.
added() {
	acct-clean -s "$schema" -r "$out/alone.rejects" -o "$out/alone" "$out/tail.raw"
	known_of "$out/alone" "$out/same"
	acct-join -j anti -k "$key" -o "$out/known" "$out/gone" "$out/same"
	set --
	[ -z "$limits" ] || set -- "$@" --expect --last "$made/clean.json"
	[ "$limits" != -a ] || set -- "$@" --accept
	clean "$@" --known "$out/known" --add "$made/clean.json" --less "$out/last.json" --stats "$out/clean.json" \
		-r "$out/tail.rejects" -o "$out/rows" "$out/tail.raw"
}

# results: the rows to merge, those that go, and all rejects.
results() {
	acct-join -j anti -k "$key" -o "$out/deleted" "$out/rows" "$out/gone"
	acct-select -c '*,_gone=false' -o "$out/merge.1" "$out/rows"
	acct-select -c '*,_gone=true' -o "$out/merge.2" "$out/deleted"
	_sure="_line < $line"
	[ -n "$line" ] || _sure=true
	acct-select -w "$_sure" -o "$out/rejects.1" "$made/rejects.acct"
	cat -- "$out/merge.1" "$out/merge.2" >"$out/merge.acct"
	cat -- "$out/rejects.1" "$out/tail.rejects" >"$out/rejects.acct"
}

limits=
delivery=
while :; do
	case ${1:-} in
	-e | -a) limits=$1 ;;
	-d)
		[ $# -ge 2 ] || usage
		delivery=$2
		shift
		;;
	*) break ;;
	esac
	shift
done
[ $# -ge 8 ] || usage
schema=$1
key=$2
first=${key%%,*}
made=$3
out=$4
table=$5
olds=$6
shift 6
case $olds in
'' | *[!0-9]* | 0) usage ;;
esac
[ "$olds" -lt $# ] || usage
grep -q '"resume": {' "$made/ingest.json" || exit 69
! grep -q '"unique": ' "$made/clean.json" || exit 69	# values of unique columns are looked for in all rows
mkdir -p -- "$out"
unfinished "$@"
ingest --stats "$out/ingest.json" -o "$out/tail.raw" "$@"
added
results
