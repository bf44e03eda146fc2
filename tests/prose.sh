#!/bin/sh
# sh tests/prose.sh [FILE ...]: fails on turns of phrase that a reader stumbles over, in comments, messages, help texts, manuals and scripts,
# and prints each as file:line: phrase: line. Without FILEs it reads the whole tree.
set -eu
cd -- "$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)"
LC_ALL=C
export LC_ALL

# What not to write, as extended regular expressions over lower case, each between characters that are neither letters nor "_"; what to
# write follows the tab.
phrases() {
	cat <<-'END'
	(is|are|was|were) wanted	missing X, X is required, expected X
	(is|are|was|were) none	invalid, malformed, missing, unsupported
	(is|are|was|were) none of (its|the) [a-z]+	invalid
	(is|are|was|were|be|been) told	reports, reported, records
	told of	gets, is called with
	nobody's business	is ignored
	none of (its|their|our) business	is ignored
	behind	after
	(stands?|stood) for	is, means
	stands? behind	follows
	let be	left alone, not rebuilt
	what is (sure|surely so)	what is proven
	(wish|wishes|wished)	request, option
	aloft	in flight
	END
}

# Lines in which the word is right: file, tab, a part of the line.
right() {
	cat <<-'END'
	tests/prose.sh	
	tests/lints.bats	What is wanted stands
	tests/lints.bats	*'"is wanted"'*
	END
}

if [ $# -eq 0 ]; then
	# shellcheck disable=SC2046
	set -- $(find README.md NEWS Makefile .ci/run lib cmd man pipelines tests -type f \( -name '*.[ch157]' -o -name '*.md' -o -name '*.sh' -o \
		-name '*.bats' -o -name '*.bash' -o -name '*.py' -o -name '*.yaml' -o -name NEWS -o -name Makefile -o -name run \) | sort)
fi
{
	phrases
	echo ---
	right
} | awk -F '\t' '
	FILENAME == "-" && /^---$/ { allowing = 1; next }
	FILENAME == "-" && !allowing { phrase[++n] = "[^a-z_]" $1 "[^a-z_]"; better[n] = $2; next }
	FILENAME == "-" { file[++m] = $1; part[m] = $2; next }
	{
		line = $0
		gsub(/is None/, "", line)	# Python
		line = " " tolower(line) " "
		if (before ~ /there[ \t]*$/)
			sub(/^[ \t*#]*(is|are) none/, "", line)
		before = $0
		gsub(/there (is|are|was|were|be) none/, "", line)
		for (i = 1; i <= n; i++) {
			if (line !~ phrase[i])
				continue
			for (j = 1; j <= m; j++)
				if (file[j] == FILENAME && index($0, part[j]) > 0)
					break
			if (j <= m)
				continue
			match(line, phrase[i])
			found = 1
			text = $0
			sub(/^[ \t]+/, "", text)
			printf "%s:%d: \"%s\" (%s): %s\n", FILENAME, FNR, substr(line, RSTART + 1, RLENGTH - 2), better[i], text
			break
		}
	}
	END { exit found }' - "$@"
