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
#
# acct-run, on PATH where acct is installed, is a link to this script.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd -P)
[ "${0##*/}" != acct-run ] || export ACCT_NAME=acct-run
# shellcheck source=common.sh
. "$here/common.sh"
# shellcheck source=show.sh
. "$here/show.sh"

name=${ACCT_NAME:-run.sh}
USAGE="$name [--wait] [-j JOB] [-d sqlite|postgres|none] [--accept TABLE[,TABLE]] [--rebuild] [--adopt | --delete-absent] BACKEND LAKE
       $name [--wait] [-j JOB] [-d sqlite|postgres|none] [--accept TABLE[,TABLE]] [--adopt | --delete-absent] --rebuild LAKE
       $name [-j JOB] --list
       $name --status LAKE
       $name --new JOB BACKEND"
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
		silver/* | gold/* | bronze/current | runs/*) DAMAGED="$DAMAGED $_name" ;;
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
	[ -z "$DAMAGED" ] && [ -n "$last" ] && [ -e "$LAKE/runs/$last/inputs" ] && [ "$(cut -f 1 "$LAKE/runs/$last/inputs" | tr '\n' ' ')" = "$TABLES " ] || return 1
	while IFS=$TAB read -r _ _ bytes path; do
		[ "$(stat -L -c %s -- "$BACKEND/${path#*/????????????????-}" 2>/dev/null)" = "$bytes" ] || return 1
	done <"$LAKE/runs/$last/inputs"
	while IFS=$TAB read -r table sum _ path; do
		[ -e "$LAKE/bronze/$path" ] && [ "$(sha256 <"$BACKEND/${path#*/????????????????-}")" = "$sum" ] || return 1
		same_key "$table" "$(silver_key "$table" "$sum")" && intact "silver/$table" && has "silver/_rejects/$table" || return 1
	done <"$LAKE/runs/$last/inputs"
	for table in $GOLD; do
		same_key "$table" "$(gold_key "$table")" && intact "gold/$table" && exported "$table" || return 1
	done
}

# loaded: does the warehouse say that it has gold as it is?
loaded() {
	[ "$TARGET" != none ] || return 0
	_answer=0
	# shellcheck disable=SC2086
	sh "$here/load.sh" --loaded -d "$TARGET" $ABSENT "$LAKE" || _answer=$?
	[ "$_answer" -le 1 ] || exit "$_answer"
	return "$_answer"
}

# try_load: would the warehouse take what this run is about to make gold?
try_load() {
	if [ "$TARGET" != none ]; then
		tell "trying the merge into $TARGET"
		# shellcheck disable=SC2086
		sh "$here/load.sh" --dry-run -d "$TARGET" $ABSENT "$LAKE"
	fi
}

load() {
	if [ "$TARGET" != none ]; then
		tell "merging gold into $TARGET"
		# shellcheck disable=SC2086
		sh "$here/load.sh" -d "$TARGET" $ABSENT "$LAKE"
	fi
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

# take_operands WORD...: all of the script.
take_operands() {
	shift "$TAKEN"
	if [ -n "$ASKED" ]; then
		show "$@"
		exit 0
	fi
	[ $# -eq 2 ] || { [ $# -eq 1 ] && [ "$REBUILD" = yes ]; } || usage
	read_job
	check_accepted
	[ "$TARGET" != postgres ] || need_programs psql
	need_programs sha256sum sqlite3 acct-lake acct-ingest acct-clean acct-join acct-balance acct-select acct-cat acct-merge-sql \
		acct-write acct-read acct-log acct-check acct-reconcile
	started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	if [ $# -eq 2 ]; then
		backend "$1"
		new_lake "$2"
	else
		lake "$1"
		BACKEND=$LAKE/bronze
	fi
}

options "$@"
take_operands "$@"
lock "$@"
last=$(last_run)
STAGE=/nonexistent
PREPARED=/nonexistent
examine
if [ "$REBUILD" = no ] && same_as_last; then
	if loaded; then
		echo "nothing to do: $BACKEND is as it was in run $last"
		exit 0
	fi
	echo "$BACKEND is as it was in run $last; only the merge into $TARGET was missing"
	load
	exit 0
fi
begin
export BACKEND
if [ "$BACKEND" != "$LAKE/bronze" ]; then
	tell 'bronze: taking the files over'
	sh "$here/bronze.sh" "$BACKEND" "$LAKE"
else
	enlist_current
fi
tell 'silver: cleaning'
again=
[ "$REBUILD" = no ] || again=--rebuild
sh "$here/silver.sh" $again ${ACCEPT:+--accept "${ACCEPT#,}"} "$LAKE" || stopped "$?"
tell 'gold: working out balances'
sh "$here/gold.sh" $again "$LAKE"
tell 'reconciling'
status=0
acct-reconcile --run "$RUN" --backend "$BACKEND" --started "$started" "$LAKE" >"$WORK/reconciliation" || status=$?
if [ "$status" -ne 0 ]; then
	cat "$WORK/reconciliation" >&2
	if [ "$status" -eq 1 ]; then
		ANSWER=no
		mkdir -p -- "$LAKE/runs/$ID" && cp -- "$RUN/reconciliation.json" "$LAKE/runs/$ID" || exit 74
		warn "the sums do not close; silver and gold are as they were; see $LAKE/runs/$ID/reconciliation.json"
	fi
	exit "$status"
fi
try_load
keep_files
printf '%s\n' "$ID" >"$STAGE/runs/last"
acct-lake commit
[ "$TMPDIR" != "$WORK" ] || unset TMPDIR
cat "$LAKE/runs/$ID/summary.txt"
load
case $TARGET in
sqlite) echo && echo "gold is merged into $LAKE/gold/gold.db" ;;
postgres) echo && echo 'gold is merged into PostgreSQL' ;;
esac
