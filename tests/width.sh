#!/bin/sh
# sh tests/width.sh [FILE ...]: fails on lines of C of more than 120 columns, a tab going to the next multiple of 8. Without FILEs it reads
# the whole tree.
set -eu
cd -- "$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)"
LC_ALL=C
export LC_ALL

[ $# -gt 0 ] || set -- lib/*/*.[ch] lib/*/*/*.[ch] cmd/*.c tests/unit/*.[ch] tests/gen/*.c tests/fuzz/*.c tests/*.c
awk '
	length($0) > 40 {
		text = $0
		gsub(/[\200-\277]/, "", text)	# what continues a character of UTF-8
		n = split(text, piece, "\t")
		width = 0
		for (i = 1; i < n; i++)
			width += length(piece[i]) + 8 - (width + length(piece[i])) % 8
		width += length(piece[n])
		if (width > 120) {
			printf "%s:%d: %d columns\n", FILENAME, FNR, width
			found = 1
		}
	}
	END { exit found }' "$@"
