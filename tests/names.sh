#!/bin/sh
# sh tests/names.sh [BUILD]: fails on an extern symbol of the library that does not begin with a word of its folder, and on one that no other
# file of the library or the programs uses. BUILD is the folder that `make` builds into, build by default.
set -eu
cd -- "$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)"
LC_ALL=C
export LC_ALL

# Folder, and the words that its symbols may begin with: the folder's own first. The others are to become fewer, and no more.
words() {
	cat <<-'END'
	adf adf
	agg agg groups
	azure azure
	base base buf command cpu hash io json letter mem memory msg near num pool progress sandbox utf8 visible
	base xasprintf xcalloc xhuge xmalloc xreallocarray xstrdup xstrndup
	check check
	clean clean cleaner column rejects
	cli cli
	csv csv
	delta delta
	draft draft
	frictionless frictionless
	history history
	http http
	ingest ingest
	job job
	join join
	lake lake
	ledger ledger
	map map
	merge merge
	optimize optimize rows
	parquet pq bits chunk codec convert dbp decimals dict hybrid meta out seal stats thrift types values words
	expr expr lex
	rec rec xrec
	reconcile reconcile
	regex regex
	schema schema
	simd simd
	spill spill
	sql sql
	store store
	table table from
	text text cell table
	val val
	why why
	END
}

# Symbols that nothing but tests uses, as doors to what they could not reach; then those that only their own file uses. They are to become
# fewer, and no more. A word that ends in _ means all that begin so.
lonely() {
	cat <<-'END'
	csv_open_fd delta_dv_parse hash_seed_set lake_record_parse lake_record_put memory_limit rec_open_fd schema_parse simd_best
	simd_fill store_mem_allow store_mem_fails store_mem_fate store_name_is_tidy val_check val_get_int val_zone_parse xrec_open
	agg_memory rec_copy_run rec_flush
	expr_ map_ spill_
	END
}

objects() {
	for source in "$@"; do
		echo "$build/${source%.c}.o"
	done
}

build=${1:-build}
failed=0
for source in lib/*/*.c lib/*/*/*.c; do
	folder=${source#lib/}
	nm -g --defined-only "$build/${source%.c}.o" | sed -n "s|^[0-9a-f]* [A-Z] |${folder%%/*} |p"
done | sort -u | {
	words
	echo ---
	cat
} | awk '
	/^---$/ { symbols = 1; next }
	!symbols { for (i = 1; i <= NF; i++) right[$1, $i] = 1; next }
	{
		word = $2
		sub(/_.*/, "", word)
		if (!(($1, word) in right)) {
			printf "lib/%s: %s begins with no word of its folder\n", $1, $2
			found = 1
		}
	}
	END { exit found }' || failed=1

# shellcheck disable=SC2046
{
	lonely
	echo ---
	nm -u $(objects lib/*/*.c lib/*/*/*.c cmd/*.c) | sed -n 's/^ *U //p'
	echo ---
	nm -g --defined-only $(objects lib/*/*.c lib/*/*/*.c) | sed -n 's/^[0-9a-f]* [A-Z] //p'
} | awk '
	/^---$/ { part++; next }
	part == 0 { for (i = 1; i <= NF; i++) allowed[$i]; next }
	part == 1 { used[$1]; next }
	{ word = $1; sub(/_.*/, "_", word) }
	!($1 in used) && !($1 in allowed) && !(word in allowed) {
		printf "%s: nothing but its own file uses it\n", $1
		found = 1
	}
	END { exit found }' || failed=1
exit "$failed"
