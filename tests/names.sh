#!/bin/sh
# sh tests/names.sh [BUILD]: fails on an extern symbol of the library that does not begin with a word of its folder. BUILD is the folder
# that `make` builds into, build by default.
set -eu
cd -- "$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)"
LC_ALL=C
export LC_ALL

# Folder, and the words that its symbols may begin with: the folder's own first. The others are to become fewer, and no more.
words() {
	cat <<-'END'
	agg agg groups
	base base buf cpu hash io json mem memory msg near num pool progress sandbox table utf8 visible
	base xasprintf xcalloc xhuge xmalloc xreallocarray xstrdup xstrndup
	check check
	clean clean cleaner column rejects
	cli cli
	csv csv
	delta delta
	ingest ingest
	join join
	key key densemap intmap keylater keymap keyset
	merge merge
	optimize optimize rows
	parquet pq bits chunk codec convert crc dbp decimals dict hybrid meta out seal stats thrift types values words
	expr expr lex
	rec rec xrec
	regex regex
	schema schema
	simd simd
	spill spill
	sql sql
	store store
	table table from
	text text cell table
	val val
	END
}

for source in lib/*/*.c lib/*/*/*.c; do
	folder=${source#lib/}
	nm -g --defined-only "${1:-build}/${source%.c}.o" | sed -n "s|^[0-9a-f]* [A-Z] |${folder%%/*} |p"
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
	END { exit found }'
