#!/bin/sh
# sh tests/commits.sh RANGE: fails on commits of a range, as A..B, whose message breaks the rules: a subject "area: verb ..." of at most 60
# characters that does not end in a full stop, an empty line, and a body that says why, in lines of at most 120 columns. Merges are passed over.
set -eu
cd -- "$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)"
LC_ALL=C
export LC_ALL

if [ $# -ne 1 ] || [ -z "$1" ]; then
	echo 'usage: sh tests/commits.sh A..B' >&2
	exit 64
fi

# First words after the area that are no imperative: endings of other forms, articles and pronouns, and nouns seen there.
# A word on the second line is an imperative for all that.
not_imperative='([a-z]+(ed|ing|tion|ness)|an?|the|this|that|what|where|when|which|who|how|it|its|no|more|also|is|are|was|be|[a-z]+s)'
imperative='(need|feed|embed|exceed|speed|proceed|shed|bring|ring|string|position|partition|mention|pass|guess|process|press|express|compress|access|address|focus|discuss|miss|cross|toss|witness)'

git log --no-merges --reverse --format='%h' "$1" -- >/dev/null
for commit in $(git log --no-merges --reverse --format='%h' "$1"); do
	git log -1 --format='%B' "$commit" | awk -v commit="$commit" -v no="^$not_imperative\$" -v yes="^$imperative\$" '
		function complain(what) {
			printf "%s: %s: %s\n", commit, what, subject
			found = 1
		}
		NR == 1 {
			subject = $0
			if (length($0) > 60)
				complain(length($0) " characters")
			if ($0 ~ /\.$/)
				complain("full stop")
			if ($0 !~ /^[A-Za-z0-9_.,\/* -]+: [^ ]/)
				complain("no area")
			else {
				verb = $0
				sub(/^[^:]*: /, "", verb)
				sub(/[ ,].*/, "", verb)
				if (tolower(verb) ~ no && verb !~ yes)
					complain("not imperative: \"" verb "\"")
			}
		}
		NR == 2 && $0 != "" { complain("no empty line after the subject") }
		NR > 2 && $0 != "" { body++ }
		NR > 2 && length($0) > 120 { complain("line " NR " of " length($0) " characters") }
		END {
			if (!body)
				complain("no body")
			exit found
		}' || failed=yes
done
[ -z "${failed:-}" ]
