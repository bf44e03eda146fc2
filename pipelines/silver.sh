#!/bin/sh
# silver.sh [--wait] LAKE: the files listed in LAKE/bronze/current, cleaned and typed, as LAKE/silver/<table>.acct; what is rejected, with
# its reason, as LAKE/silver/_rejects/<table>.acct. All ten files appear together.
set -eu
here=$(cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"

usage() {
	echo 'usage: silver.sh [--wait] LAKE' >&2
	exit 64
}

refine() {
	table=$1
	path=$(awk -F '\t' -v t="$table" '$1 == t { print $4 }' "$current")
	[ -n "$path" ] || die 65 "$current: no line for $table"
	cd "$LAKE/bronze"
	status=0
	left "$table" acct-ingest -s "$SCHEMA/$table.yaml" --stats "$STATS/$table.ingest.json" "$path" |
		acct-clean -s "$SCHEMA/$table.yaml" -r "$STAGE/silver/_rejects/$table.acct" -o "$STAGE/silver/$table.acct" \
			--stats "$STATS/$table.clean.json" || status=$?
	joined "$table" "$status"
}

while [ $# -gt 0 ]; do
	case $1 in
	-w | --wait) WAIT=yes ;;
	--) shift && break ;;
	-*) usage ;;
	*) break ;;
	esac
	shift
done
[ $# -eq 1 ] || usage
need_programs flock acct-ingest acct-clean
lake "$1"
lock
begin
current=$(of bronze/current bronze.sh)
mkdir -p -- "$STAGE/silver/_rejects"
each refine transactions loan_payments customers accounts loans
commit_part
