#!/bin/sh
# sh tests/style.sh [FILE ...]: fails on lines of C that leave the tree's one style, and prints each as file:line: rule: line. Without FILEs
# it reads the whole tree. No setting of clang-format comes close: the nearest would change 5 % of all lines, most of them comments at tab
# stops and enumerations in rows.
set -eu
cd -- "$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)"
LC_ALL=C
export LC_ALL

if [ $# -eq 0 ]; then
	# shellcheck disable=SC2046
	set -- $(find lib cmd tests -name '*.[ch]' | sort)
fi
awk '
	# `later`: folders in which two rules do not hold yet. They are to become fewer, and no more.
	# Replaces the contents of strings, characters and comments by nothing, so that what is left is code. Keeps `in_comment` over lines.
	function code_of(line,	out, at, c, two) {
		out = ""
		for (at = 1; at <= length(line); at++) {
			c = substr(line, at, 1)
			two = substr(line, at, 2)
			if (in_comment) {
				if (two == "*/") {
					in_comment = 0
					at++
				}
			} else if (two == "/*") {
				in_comment = 1
				at++
			} else if (c == "\"" || c == "\047") {
				out = out c
				for (at++; at <= length(line) && substr(line, at, 1) != c; at++)
					if (substr(line, at, 1) == "\\")
						at++
				out = out c
			} else
				out = out c
		}
		return out
	}
	function complain(rule,	text) {
		text = $0
		sub(/^[ \t]+/, "", text)
		printf "%s:%d: %s: %s\n", FILENAME, FNR, rule, text
		found = 1
	}
	FNR == 1 { in_comment = 0; before = raw = ""; later = FILENAME ~ /^(lib\/(agg|schema|sql)|cmd|tests\/(unit|fuzz))\// }
	{ began = in_comment; code = code_of($0) }
	/[ \t]$/ { complain("blanks at the end of a line") }
	/\r/ { complain("a carriage return") }
	/^[ \t]*$/ && raw ~ /^[ \t]*$/ && FNR > 1 { complain("two empty lines") }
	!began && /^(  ? ?|     +)[^ *]/ && code !~ /^ *$/ { complain("indent with tabs") }
	!began && /^\t* {5,}[^ ]/ && code !~ /^[ \t]*$/ { complain("continue a line with four blanks") }
	code ~ /\/\// { complain("comments are /* */") }
	code ~ /(^|[^a-z_])sizeof[ ]/ && !later { complain("sizeof(x), with parentheses") }
	code ~ /(^|[^a-z_])(if|for|while|switch|return)\(/ { complain("a blank after a keyword") }
	code ~ /\) == -1([^0-9]|$)/ && !later { complain("a failed call is < 0") }
	code ~ /[a-z_]+\* [a-z_]+[;,)=]/ && code !~ /[-+*\/=(] *[a-z_0-9]+\* / { complain("the star belongs to the name") }
	code ~ /^[ \t]*else[ {]*$/ && before ~ /^[ \t]*}[ \t]*$/ { complain("} else on one line") }
	code ~ /^\{/ && before ~ /^(struct|enum|union|static const struct)[a-z_ 0-9]*$/ { complain("the brace of a type on its line") }
	code ~ /^[a-z].*[ *][a-z_0-9]+\([^;]*\)[ \t]*\{$/ { complain("the brace of a function on a line of its own") }
	code ~ /^\t+\{$/ && before ~ /^\t+(if|for|while|switch|do|else)/ && before ~ /\)$/ { complain("the brace of a statement on its line") }
	code !~ /__attribute__/ && code ~ /^(static |extern |const |unsigned |struct |enum )*[a-z_0-9]+ \**[a-z_0-9]+\(.*[^;]$/ && FILENAME ~ /\.c$/ && code !~ /[=;,{]/ \
	    { complain("a function begins its line") }
	{ before = code; raw = $0 }
	END { exit found }' "$@"
