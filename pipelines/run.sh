#!/bin/sh
# run.sh [--wait] [-j JOB] [-d sqlite|postgres|none] [--accept TABLE[,TABLE]] [--rebuild] [--adopt | --delete-absent] BACKEND LAKE: the whole job. The
# files of BACKEND that the sources of JOB name (by default that of the bank, in this folder) are kept as bronze, cleaned into silver, made into gold by
# the job's scripts and merged into a SQL warehouse (LAKE/gold/gold.db unless -d says otherwise); what must add up is checked before anything takes
# effect. Prints a summary and stores it in LAKE/runs/<run id>/summary.json.
#
# Run again on the same files it changes nothing and says so, unless the warehouse does not have what gold has. A run that fails or is killed
# leaves silver and gold as they were. A file that passes a limit of its schema stops the run, unless its table is accepted. run.sh --rebuild LAKE
# makes silver and gold again of the files in bronze. --adopt and --delete-absent are those of load.sh.
# --list shows the job's tables and checks, --status the last run and the tables of a lake; --new drafts a job from the files of a back end.
# Status: 0 done, 1 the sums do not close or a limit is passed, 65 or 66 a file is broken or missing, 69 the warehouse cannot be reached, 75 another
# run is at work (--wait waits for it), 78 the warehouse would not take gold as it is. The load is tried first: only if it fails all the same, silver
# and gold have taken effect with another status than 0.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"
# shellcheck source=show.sh
. "$here/show.sh"

USAGE='run.sh [--wait] [-j JOB] [-d sqlite|postgres|none] [--accept TABLE[,TABLE]] [--rebuild] [--adopt | --delete-absent] BACKEND LAKE
       run.sh [--wait] [-j JOB] [-d sqlite|postgres|none] [--accept TABLE[,TABLE]] [--adopt | --delete-absent] --rebuild LAKE
       run.sh [-j JOB] --list
       run.sh --status LAKE
       run.sh --new JOB BACKEND'
TARGETS='sqlite postgres none'
FLAGS='accept rebuild adopt delete-absent new list status'

# ---- is there anything to do? ----

# examine: looks for damage. Sets DAMAGED to what is damaged and will be made again, DAMAGED_LOGS to tables that have to be made from nothing.
examine() {
	DAMAGED=
	DAMAGED_LOGS=
	[ -d "$LAKE/runs/made" ] || return 0
	_why=$(mktemp) || exit 73
	_found=$(acct-check --quick --names "$LAKE" 2>"$_why") || :
	cat -- "$_why" >&2
	for _name in $_found; do
		case $_name in
		silver/* | gold/* | bronze/current | runs/last) DAMAGED="$DAMAGED $_name" ;;
		bronze/*) ! grep -qF -- "$TAB${_name#bronze/}" "$LAKE/bronze/current" || DAMAGED="$DAMAGED $_name" ;;
		esac
		! grep -qF -- "$LAKE/$_name/_delta_log/" "$_why" || DAMAGED_LOGS="$DAMAGED_LOGS $_name"
	done
	rm -f -- "$_why"
	[ -z "$DAMAGED" ] || warn "damaged, and made again:$DAMAGED"
	export DAMAGED DAMAGED_LOGS
}

# Are the files of the back end those of the last run, and is all there and as it was that it made?
same_as_last() {
	[ -z "$DAMAGED" ] && [ -e "$last/inputs" ] && [ "$(cut -f 1 "$last/inputs" | tr '\n' ' ')" = "$TABLES " ] || return 1
	while IFS=$TAB read -r _ _ bytes path; do
		[ "$(stat -L -c %s -- "$BACKEND/${path#*/????????????????-}" 2>/dev/null)" = "$bytes" ] || return 1
	done <"$last/inputs"
	while IFS=$TAB read -r table sum _ path; do
		[ -e "$LAKE/bronze/$path" ] && [ "$(sha256 <"$BACKEND/${path#*/????????????????-}")" = "$sum" ] || return 1
		same_key "$table" "$(silver_key "$table" "$sum")" && intact "silver/$table" && has "silver/_rejects/$table" || return 1
	done <"$last/inputs"
	for table in $GOLD; do
		same_key "$table" "$(gold_key "$table")" && intact "gold/$table" && exported "$table" || return 1
	done
}

# loaded: does the warehouse say that it has gold as it is?
loaded() {
	[ "$TARGET" != none ] || return 0
	_answer=0
	# shellcheck disable=SC2086
	step load.sh --loaded -d "$TARGET" $ABSENT "$LAKE" || _answer=$?
	[ "$_answer" -le 1 ] || exit "$_answer"
	return "$_answer"
}

# try_load: would the warehouse take what this run is about to make gold?
try_load() {
	if [ "$TARGET" != none ]; then
		tell "trying the merge into $TARGET"
		# shellcheck disable=SC2086
		step load.sh --dry-run -d "$TARGET" $ABSENT "$LAKE"
	fi
}

load() {
	if [ "$TARGET" != none ]; then
		tell "merging gold into $TARGET"
		# shellcheck disable=SC2086
		step load.sh -d "$TARGET" $ABSENT "$LAKE"
	fi
}

# ---- the summary ----

summary_files() {
	printf 'table\tbytes\tread\tclean\trejected\tblank\n'
	while IFS=$TAB read -r table _ bytes _ <&3 && IFS=$TAB read -r _ _ blank read_ clean rejected _; do
		printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$table" "$bytes" "$read_" "$clean" "$rejected" "$blank"
	done 3<"$RUN/inputs" <"$WORK/statistics"
}

# Reasons that occur, each with its count for each table.
summary_reasons() {
	awk -F '\t' -v OFS='\t' '{
		gsub(/[{}"]/, "", $7)
		n = split($7, word, /[:,]/)
		for (i = 1; i < n; i += 2)
			if (word[i + 1] != 0)
				print $1, word[i], word[i + 1]
	}' "$WORK/statistics"
}

# Rows that may be wrong, where the schema does not say whether quoted fields may cross line ends.
summary_doubts() {
	while IFS=$TAB read -r table spanning spanning_first open open_first; do
		[ "$spanning" = 0 ] || printf '%s\trows that span lines\t%s\tthe first in line %s\n' "$table" "$spanning" "$spanning_first"
		[ "$open" = 0 ] || printf '%s\trejects that leave a quote open\t%s\tthe first in line %s\n' "$table" "$open" "$open_first"
	done <"$WORK/doubts"
}

json_doubts() {
	comma=
	while IFS=$TAB read -r table spanning spanning_first open open_first; do
		printf '%s\n  "%s":{"spanning":{"rows":%s,"first":%s},"open_quotes":{"rejects":%s,"first":%s}}' \
			"$comma" "$table" "$spanning" "$spanning_first" "$open" "$open_first"
		comma=,
	done <"$WORK/doubts"
}

# The limits that were passed and accepted.
summary_accepted() {
	while IFS=$TAB read -r table limits; do
		[ "$limits" = '[]' ] || printf '%s\n' "$limits" | sed "s/^\[\"//; s/\"]\$//; s/\",\"/\n/g" | sed "s/^/$table$TAB/"
	done <"$WORK/limits"
}

# figure TERM: prints what the reconciliation has measured.
figure() {
	while IFS=$TAB read -r term value; do
		[ "$term" != "$1" ] || printf '%s\n' "$value"
	done <"$WORK/figures"
}

# A line for each gold table, with the total of each column that its script names for that.
summary_gold() {
	for table in $GOLD; do
		printf '%s\t%s rows' "$table" "$(figure "count(gold/$table)")"
		gold_says "$table"
		words_of "$said_total"
		for column in $said; do
			printf '\t%s\t%s' "$column" "$(figure "sum(gold/$table.$column)")"
		done
		echo
	done
}

# amounts TABLE SUMS: prints each amount of a source table and its sum, of a list with tabs.
amounts() {
	source_says "$1"
	sums=$2
	words_of "$said_amounts"
	for amount in $said; do
		printf '%s\t%s\n' "$amount" "${sums%%"$TAB"*}"
		sums=${sums#*"$TAB"}
	done
}

# The orphans of each reference, with the sums of their amounts.
summary_orphans() {
	while IFS=$TAB read -r table column other n sums; do
		printf '%s of unknown %s\t%s' "$table" "$column" "$n"
		amounts "$table" "$sums" | awk '{ printf "\t%s", $0 }'
		echo
	done <"$WORK/orphans"
}

summary() {
	echo "run ${RUN##*/}"
	echo
	summary_files | align lrrrrr
	summary_reasons >"$WORK/reasons"
	if [ -s "$WORK/reasons" ]; then
		echo
		echo 'rejected'
		align llr <"$WORK/reasons"
	fi
	summary_doubts >"$WORK/doubtful"
	if [ -s "$WORK/doubtful" ]; then
		echo
		echo 'doubtful, as the schema does not say whether fields span lines (multiline)'
		align llrl <"$WORK/doubtful"
	fi
	summary_accepted >"$WORK/accepted"
	if [ -s "$WORK/accepted" ]; then
		echo
		echo 'accepted beyond a limit'
		align ll <"$WORK/accepted"
	fi
	echo
	echo 'gold'
	summary_gold | align lrlrlrlrlr
	if [ -s "$WORK/orphans" ]; then
		echo
		echo 'kept in silver without an owner'
		summary_orphans | align lrlrlrlr
	fi
	echo
	echo 'reconciliation'
	cat "$WORK/reconciliation"
}

json_inputs() {
	comma=
	while IFS=$TAB read -r table sum bytes path; do
		printf '%s\n  "%s":{"sha256":"%s","bytes":%s,"bronze":"%s"}' "$comma" "$table" "$sum" "$bytes" "$path"
		comma=,
	done <"$RUN/inputs"
}

json_tables() {
	comma=
	while IFS=$TAB read -r table _ blank read_ clean rejected _ && IFS=$TAB read -r reasons amounts <&4 && IFS=$TAB read -r _ limits <&3; do
		printf '%s\n  "%s":{"read":%s,"clean":%s,"rejected":%s,"blank":%s,"run":"%s",\n    "reasons":%s,\n    "amounts":%s,\n    "accepted":%s}' \
			"$comma" "$table" "$read_" "$clean" "$rejected" "$blank" "$(cat "$(made "$table" run)")" "$reasons" "$amounts" "$limits"
		comma=,
	done <"$WORK/statistics" 3<"$WORK/limits" 4<"$WORK/json"
}

json_gold() {
	comma=
	for table in $GOLD; do
		printf '%s\n  "%s":{"rows":%s}' "$comma" "$table" "$(figure "count(gold/$table)")"
		comma=,
	done
}

json_orphans() {
	comma=
	while IFS=$TAB read -r table column other n sums; do
		printf '%s\n  {"table":"%s","column":"%s","references":"%s","count":%s,"sums":{%s}}' "$comma" "$table" "$column" "$other" "$n" \
			"$(amounts "$table" "$sums" | awk -F '\t' '{ printf "%s\"%s\":\"%s\"", (NR > 1 ? "," : ""), $1, $2 }')"
		comma=,
	done <"$WORK/orphans"
}

summary_json() {
	printf '{"run":"%s",\n "backend":%s,\n "started":"%s",\n "finished":"%s",\n' \
		"${RUN##*/}" "$(quoted "$BACKEND")" "$started" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
	printf ' "inputs":{%s},\n' "$(json_inputs)"
	printf ' "tables":{%s},\n' "$(json_tables)"
	printf ' "doubts":{%s},\n' "$(json_doubts)"
	printf ' "gold":{%s},\n' "$(json_gold)"
	printf ' "orphans":[%s],\n' "$(json_orphans)"
	printf ' "reconciliation":%s}\n' "$(cat "$RUN/reconciliation.json")"
}

# ---- the job ----

# stopped STATUS: silver.sh ended so. 1 is its answer that a limit is passed.
stopped() {
	[ "$1" -ne 1 ] || ANSWER=limits
	exit "$1"
}

# show: answers --list, --status and --new, which change nothing in a lake.
show() {
	case $ASKED.$# in
	--list.0)
		acct-job "$(from_here "${ACCT_JOB:-$here/bank}")"
		;;
	--status.1)
		need_programs acct-log
		lake "$1"
		show_status
		;;
	--new.1)
		need_programs acct-schema
		[ -d "$1" ] || die 66 "$1: no such directory"
		whole_path "$1"
		BACKEND=$whole
		new_job "$NEW_JOB"
		;;
	*) usage ;;
	esac
}

options "$@"
shift "$TAKEN"
if [ -n "$ASKED" ]; then
	show "$@"
	exit 0
fi
[ $# -eq 2 ] || { [ $# -eq 1 ] && [ "$REBUILD" = yes ]; } || usage
read_job
check_accepted
[ "$TARGET" != postgres ] || need_programs psql
need_programs flock sha256sum bc sqlite3 acct-ingest acct-clean acct-join acct-balance acct-select acct-cat acct-merge-sql \
	acct-write acct-read acct-log acct-check
started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
if [ $# -eq 2 ]; then
	backend "$1"
	new_lake "$2"
else
	lake "$1"
	BACKEND=$LAKE/bronze
fi
lock
last=$LAKE/runs/last
STAGE=/nonexistent
PREPARED=/nonexistent
examine
if [ "$REBUILD" = no ] && same_as_last; then
	if loaded; then
		echo "nothing to do: $BACKEND is as it was in run $(readlink "$last")"
		exit 0
	fi
	echo "$BACKEND is as it was in run $(readlink "$last"); only the merge into $TARGET was missing"
	load
	exit 0
fi
begin
ACCT_RUN=$RUN
export ACCT_RUN BACKEND
if [ $# -eq 2 ]; then
	tell 'bronze: taking the files over'
	step bronze.sh "$BACKEND" "$LAKE"
else
	enlist_current
fi
tell 'silver: cleaning'
again=
[ "$REBUILD" = no ] || again=--rebuild
step silver.sh $again ${ACCEPT:+--accept "${ACCEPT#,}"} "$LAKE" || stopped "$?"
tell 'gold: working out balances'
step gold.sh $again "$LAKE"
tell 'reconciling'
status=0
step reconcile.sh "$LAKE" >"$WORK/reconciliation" || status=$?
if [ "$status" -ne 0 ]; then
	cat "$WORK/reconciliation" >&2
	if [ "$status" -eq 1 ]; then
		ANSWER=no
		warn "the sums do not close; silver and gold are as they were; see $RUN/reconciliation.json"
	fi
	exit "$status"
fi
summary >"$RUN/summary.txt"
summary_json >"$RUN/summary.json"
try_load
commit
unset ACCT_RUN
cat "$RUN/summary.txt"
load
case $TARGET in
sqlite) echo && echo "gold is merged into $LAKE/gold/gold.db" ;;
postgres) echo && echo 'gold is merged into PostgreSQL' ;;
esac
