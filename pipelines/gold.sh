#!/bin/sh
# gold.sh [--wait] [-j JOB] [--rebuild] LAKE: runs the scripts of JOB/gold, each of which makes one table from silver, or from gold made before: the Delta
# tables LAKE/gold/<table>, and the same rows as plain Parquet files in LAKE/gold/_export/<table>, with a manifest. All of it appears together. A table
# whose script and tables are those it was made of is left as it is, unless --rebuild is given.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"
USAGE='gold.sh [--wait] [-j JOB] [--rebuild] LAKE'
FLAGS=rebuild

# ---- the tables ----

# only: prints the lake and the tables that the script may read.
only() {
	printf '%s\n' "$LAKE"
	gold_says "$table"
	for source in $said_from; do
		table_path "$source"
	done
}

# build: runs the table's script and makes its records the table.
build() {
	status=0
	left "$table.script" env LAKE="$LAKE" ACCT_PREPARED="$PREPARED" ACCT_ONLY="$(only)" sh "$JOB/gold/$table.sh" "$LAKE" |
		acct-write -m overwrite --replace-schema --txn "$APP:next" --prepare "$PREPARED/gold/$table" "$LAKE/gold/$table" || status=$?
	if [ "$status" -ne 0 ] || [ -e "$WORK/$table.script.status" ]; then
		warn "$JOB/gold/$table.sh: failed; the lake is as it was"
	fi
	joined "$status" "$table.script"
}

# ---- the exports ----

# The data files of the table's version, as acct-log lists them, are plain Parquet files: under other names they are the
# export, with a manifest that names them. A version without rows has no file; then there is one of the columns alone.
export_files() {
	path=gold/_export/$table
	folder=$RUN/late/$path
	staged=$STAGE/$path
	for file in "$LAKE/$path"/*.parquet; do
		[ ! -e "$file" ] || mark gone "$path/${file##*/}"
	done
	mkdir -p -- "$folder" "$staged" || return 73
	total=0
	n=0
	: >"$WORK/$table.manifest"
	while read -r bytes rows _ _ name; do
		file=$(printf 'part-%05d-%s.parquet' "$n" "${RUN##*/}")
		cp --reflink=auto -- "$LAKE/gold/$table/$name" "$folder/$file" || return 74
		printf '{"name":"%s","bytes":%s,"rows":%s}\n' "$file" "$bytes" "$rows" >>"$WORK/$table.manifest"
		total=$((total + rows))
		n=$((n + 1))
	done
	if [ "$n" -eq 0 ]; then
		file=part-00000-${RUN##*/}.parquet
		rows "gold/$table" | acct-write -o "$folder/$file" || return
		printf '{"name":"%s","bytes":%s,"rows":0}\n' "$file" "$(stat -c %s -- "$folder/$file")" >"$WORK/$table.manifest"
	fi
	{
		printf '{"table":"%s","run":"%s","rows":%s,"files":[\n' "$table" "${RUN##*/}" "$total"
		sed '$!s/$/,/' "$WORK/$table.manifest"
		printf ']}\n'
	} >"$staged/manifest.json" || return 74
	sync -- "$folder"/* || return 74
}

# untouched TABLE...: were these altered by nobody else?
untouched() {
	for source; do
		path=$(table_path "$source")
		[ -e "$PREPARED/$path" ] || intact "$path" || return 1
	done
}

make() {
	table=$1
	key=$(gold_key "$table") || exit
	gold_says "$table"
	# shellcheck disable=SC2086
	if ! untouched $said_from; then
		key="$key, altered before ${RUN##*/}"
	fi
	if [ "$REBUILD" = yes ] || ! same_key "$table" "$key" || ! intact "gold/$table"; then
		set_aside "gold/$table"
		build
		acct-log --files --with "$PREPARED/gold/$table" "$LAKE/gold/$table" >"$WORK/$table.files"
		export_files <"$WORK/$table.files" || exit
		mkdir -p -- "$STAGE/runs/made/$table"
		printf '%s\n' "$key" >"$STAGE/runs/made/$table/key"
		printf '%s\n' "${RUN##*/}" >"$STAGE/runs/made/$table/run"
	elif ! exported "$table"; then
		acct-log --files "$LAKE/gold/$table" >"$WORK/$table.files"
		export_files <"$WORK/$table.files" || exit
	fi
}

# take_operands WORD...: all of the script.
take_operands() {
	shift "$TAKEN"
	[ $# -eq 1 ] || usage
	read_job
	need_programs acct-balance acct-write acct-read acct-log acct-lake
	lake "$1"
}

options "$@"
take_operands "$@"
lock "$@"
begin
for t in $TABLES; do
	need_tables silver.sh "silver/$t"
	[ -e "$(made "$t" key)" ] || die 66 "$(made "$t" key): not there; silver.sh makes it"
done
set --
for word in $LEVELS '|'; do
	if [ "$word" = '|' ]; then
		[ $# -eq 0 ] || each make "$@"
		set --
	else
		set -- "$@" "$word"
	fi
done
if [ ! -e "$STAGE/gold" ] && [ ! -e "$STAGE/runs/made" ]; then
	end_idle 'gold is as it was made of silver'
fi
commit_part
