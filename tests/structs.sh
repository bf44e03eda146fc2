#!/bin/sh
# sh tests/structs.sh: fails where two structs, unions or enums of the library or the programs share a name, and prints where they are.
set -eu
cd -- "$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)"
LC_ALL=C
export LC_ALL

# Names that are still shared. They are to become fewer, and no more.
shared='checkpoint column file head match parser piece place step table text totals walk word'

# shellcheck disable=SC2046
awk -v shared=" $shared " '
	/^(typedef )?(struct|union|enum) [A-Za-z_0-9]+ \{/ {
		name = $1 == "typedef" ? $3 : $2
		if (index(shared, " " name " ") > 0)
			next
		if (name in first) {
			printf "%s:%d: %s is also at %s\n", FILENAME, FNR, name, first[name]
			found = 1
		} else
			first[name] = FILENAME ":" FNR
	}
	END { exit found }' $(find lib cmd -name '*.[ch]' | sort)
