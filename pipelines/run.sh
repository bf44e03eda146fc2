#!/bin/sh
# run.sh [OPTION ...] BACKEND LAKE: the whole job. The files of BACKEND that the sources of JOB name (by default that of the bank, in this folder) are kept
# as bronze, cleaned into silver, made into gold by the job's scripts and merged into a SQL warehouse (LAKE/gold/gold.db unless -d says otherwise); what
# must add up is checked before anything takes effect. Prints a summary and stores it in LAKE/runs/<run id>/summary.json.
#
# What is new in BACKEND the ledger of all deliveries tells (acct-ledger), what is to be made and why acct-job --plan; a run that finds nothing changes
# nothing and says so, unless the warehouse does not have what gold has. A run that fails or is killed leaves silver and gold as they were (acct-lake). A
# file that passes a limit of its schema stops the run, unless its table is accepted. --rebuild makes silver and gold again of the newest deliveries in
# bronze. --only makes some tables alone, with what is made of them and what these are made of; --dry-run prints what would be done, and why. --adopt and
# --delete-absent are those of load.sh. --list shows the job's tables and checks, --status the last run and the tables of a lake; --new drafts a job from
# the files of a back end.
# Status: 0 done, 1 the sums do not close or a limit is passed, 65 or 66 a file is broken or missing, 69 the warehouse cannot be reached, 75 another
# run is at work (--wait waits for it) or all that is new is a day that is not complete, 78 the warehouse would not take gold as it is. The load is
# tried first: only if it fails all the same, silver and gold have taken effect with another status than 0.
#
# acct-run, on PATH where acct is installed, is a link to this script.
set -eu
self=$0
[ "${0##*/}" != acct-run ] || export ACCT_NAME=acct-run
[ ! -h "$self" ] || self=$(readlink -f -- "$self")
case $self in
*/*) here=${self%/*} ;;
*) here=. ;;
esac
here=$(CDPATH='' cd -- "$here" && pwd -P)
self=$here/run.sh
name=${ACCT_NAME:-run.sh}
USAGE="$name [--wait] [-j JOB] [-d sqlite|postgres|none] [--accept TABLE[,TABLE]] [--only TABLE[,TABLE]] [--rebuild] [--dry-run]
              [--adopt | --delete-absent] BACKEND LAKE
       $name [OPTION ...] --rebuild LAKE
       $name [-j JOB] --list
       $name --status LAKE
       $name --new JOB BACKEND"
OPTIONS='-j --job -d --accept --only --rebuild --adopt --delete-absent --dry-run --new --list --status'
# shellcheck source=common.sh
. "$here/common.sh"
# shellcheck source=silver.sh
. "$here/silver.sh"
# shellcheck source=gold.sh
. "$here/gold.sh"
# shellcheck source=sql.sh
. "$here/sql.sh"
# shellcheck source=show.sh
. "$here/show.sh"

# ---- before the lake is locked ----

# check_accepted: each of the tables of --accept, separated by commas, must be one of the job.
check_accepted() {
	_rest=${ACCEPT#,},
	while [ -n "${_rest#,}" ]; do
		_t=${_rest%%,*}
		_rest=${_rest#*,}
		case " $TABLES " in
		*" $_t "*) ;;
		*)
			warn "--accept: no such table: '$_t'; tables are: $(echo "$TABLES" | sed 's/ /, /g')"
			usage
			;;
		esac
	done
}

# check_places [BACKEND] LAKE: refuses what cannot be, and keeps what is made as private as that.
check_places() {
	is_far "$1" || [ $# -eq 1 ] || [ -d "$1" ] || die 66 "$1: no such directory"
	is_far "$1" || [ $# -eq 2 ] || [ -d "$1" ] || die 66 "$1: no such directory; run.sh makes it"
	[ $# -eq 1 ] || private "$1" 2
	shift "$(($# - 1))"
	[ ! -d "$1" ] || private "$1" 0
	if is_far "$1"; then
		TARGET=${TARGET:-none}
		[ "$TARGET" = none ] || die 64 "$1: gold of a lake at an address is loaded by what warehouse.sh writes: -d none"
	fi
	TARGET=${TARGET:-sqlite}
}

# find_near: sets NEAR to a folder of this machine that has the lake's files below runs/made and runs/last: the lake, or copies.
find_near() {
	NEAR=$LAKE
	is_far "$LAKE" || return 0
	NEAR=$WORK/near
	mkdir -p -- "$NEAR/bronze"
	! is_kept runs/last || fetch runs/last
	! is_kept runs/made || acct-blob cp --recursive "$LAKE/runs/made" "$NEAR/runs/made"
}

# is_kept NAME: does a lake at an address have objects of this name, or below it?
is_kept() {
	_got=0
	acct-blob ls "$LAKE/$1" >/dev/null 2>"$WORK/kept" || _got=$?
	[ "$_got" -ne 66 ] || return 1
	[ "$_got" -eq 0 ] || {
		cat -- "$WORK/kept" >&2
		exit "$_got"
	}
}

# fetch NAME: makes sure that NEAR has an object of the lake.
fetch() {
	[ -e "$NEAR/$1" ] || ! is_far "$LAKE" || acct-blob cp "$LAKE/$1" "$NEAR/$1"
}

# has TABLE: does the lake have this table?
has() {
	if is_far "$LAKE"; then
		is_kept "$1/_delta_log"
	else
		[ -e "$LAKE/$1/_delta_log" ]
	fi
}

# ---- what there is to do ----

# is_damaged NAME
is_damaged() {
	case $DAMAGED in
	*" $1 "*) return 0 ;;
	*) return 1 ;;
	esac
}

# examine: looks for damage. Lists in $WORK/damaged what acct-check names, with a word where it is the log of a table.
examine() {
	DAMAGED=' '
	: >"$WORK/damaged"
	[ -e "$LAKE/runs/made" ] || return 0		# not at an address either: there each read checks what it reads
	_got=0
	acct-check --quick --names "$LAKE" >"$WORK/names" 2>"$WORK/why" || _got=$?
	case $_got in
	0 | 1 | 66 | 69 | 77) ;;	# its answers; what may not be read or is not known is met again where it is used
	*)
		cat -- "$WORK/why" >&2
		die "$_got" "acct-check: ended with $_got; the lake is as it was"
		;;
	esac
	[ -s "$WORK/names" ] || [ -s "$WORK/why" ] || return 0
	cat -- "$WORK/why" >&2
	while read -r _name; do
		case $_name in
		bronze/_ledger) ;;
		bronze/*) continue ;;	# acct-check has said it, and the ledger's comparison sees what can be had again
		esac
		DAMAGED="$DAMAGED$_name "
		_log=
		! grep -qF -- "$LAKE/$_name/_delta_log/" "$WORK/why" || _log="${TAB}log"
		echo "$_name$_log" >>"$WORK/damaged"
	done <"$WORK/names"
	[ "$DAMAGED" = ' ' ] || warn "damaged, and made again:${DAMAGED% }"
}

# say_step LAYER TABLE WHY
say_step() {
	if [ "$ASKED" = --dry-run ]; then
		printf '%s\t%s\t%s\n' "$@"
	else
		tell "$1 $2: $3"
	fi
}

# plan: lists in $WORK/plan what is to be made, and why.
plan() {
	# shellcheck disable=SC2086
	acct-job --plan "$LAKE" --pieces "$WORK/pieces" --damaged "$WORK/damaged" $REBUILD ${ONLY:+--only "$ONLY"} "$JOB" >"$WORK/plan"
	STEPS=''
	while IFS=$TAB read -r _kind _table _ _ _ _ _why; do
		[ "$_kind" != state ] || continue
		STEPS=yes
		say_step "$_kind" "$_table" "$_why"
	done <"$WORK/plan"
}

# end_idle: nothing is to be made; the warehouse may lack what gold has.
end_idle() {
	if [ "$TARGET" != none ] && ! is_loaded; then
		echo "$BACKEND is as it was in run $run; only the merge into $TARGET was missing"
		[ "$ASKED" = --dry-run ] || load
		exit 0
	fi
	[ -z "$WAITING" ] || exit 75
	echo "nothing to do: $BACKEND is as it was in run $run"
	exit 0
}

# ---- the job ----

# make_all: makes what the plan says, silver and then gold, level by level.
make_all() {
	set --
	_step=
	while IFS= read -r _line; do
		IFS=$TAB read -r _kind _ _ _level _ <<-END
			$_line
		END
		case $_kind in
		silver | gold) ;;
		export) _kind=gold ;;
		*) continue ;;
		esac
		[ "$_kind $_level" = "$_step" ] || [ $# -eq 0 ] || {
			"make_${_step% *}" "$@"
			set --
		}
		_step="$_kind $_level"
		set -- "$@" "$_line"
	done <"$WORK/plan"
	[ $# -eq 0 ] || "make_${_step% *}" "$@"
	cat -- "$WORK"/*/put 2>/dev/null | put
	cat -- "$WORK"/*/gone "$WORK"/*.gone 2>/dev/null | acct-lake remove
}

reconcile() {
	tell 'reconciling'
	status=0
	acct-reconcile --run "$RUN" --backend "${BACKEND:-$LAKE/bronze}" --started "$started" "$LAKE" >"$WORK/reconciliation" || status=$?
	[ "$status" -ne 0 ] || return 0
	cat "$WORK/reconciliation" >&2
	if [ "$status" -eq 1 ]; then
		ANSWER=no
		acct-blob put "$RUN/reconciliation.json" "$LAKE/runs/$ID/reconciliation.json"
		warn "the sums do not close; silver and gold are as they were; see $LAKE/runs/$ID/reconciliation.json"
	fi
	exit "$status"
}

# finish: what tells of the run stays in LAKE/runs, and all of it takes effect.
finish() {
	mkdir -p -- "$STAGE/runs/$ID"
	mv -- "$RUN/summary.txt" "$RUN/summary.json" "$RUN/reconciliation.json" "$STAGE/runs/$ID"
	echo "$ID" >"$STAGE/runs/last"
	acct-lake commit
	acct-blob get "$LAKE/runs/$ID/summary.txt"
}

# load: merges gold into the warehouse, after the run has taken effect.
load() {
	[ "$TARGET" != none ] || return 0
	tell "merging gold into $TARGET"
	run=$ID
	[ ! -e "$LAKE/runs/last" ] || read -r run <"$LAKE/runs/last"
	[ -z "$own_folder" ] || unset TMPDIR
	WORK=$(mktemp -d) || exit 73
	trap 'end_work "$?"' EXIT
	each_loaded load_table
	case $TARGET in
	sqlite) echo && echo "gold is merged into $LAKE/gold/gold.db" ;;
	postgres) echo && echo 'gold is merged into PostgreSQL' ;;
	esac
}

# ---- the command line ----

# take_operands WORD...: sets BACKEND, which may be empty where all is to be made again, and LAKE.
take_operands() {
	shift "$TAKEN"
	case $#.$REBUILD in
	2.*) BACKEND=$1 LAKE=$2 ;;
	1.--rebuild) BACKEND='' LAKE=$1 ;;
	*) usage ;;
	esac
	check_places "$@"
}

# begin: the places of a run, in which the tables and files of the lake are prepared.
begin() {
	# shellcheck disable=SC2153
	RUN=$ACCT_RUN ID=${ACCT_RUN##*/} LAKE=$ACCT_LAKE run=''
	PREPARED=$RUN/prepared STAGE=$RUN/stage WORK=$RUN/work
	started=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	[ -z "$BACKEND" ] || {
		whole_path "$BACKEND"
		BACKEND=${whole:?}
	}
	trap 'leave "$?"' EXIT
	acct-lake begin
	mkdir -p -- "$WORK/take" "$PREPARED/silver/_rejects" "$PREPARED/bronze" "$PREPARED/gold" "$STAGE/runs/$ID"
	own_folder=
	[ -n "${TMPDIR:-}" ] || own_folder=yes
	export TMPDIR="${TMPDIR:-$WORK}"
	find_near
	[ ! -e "$NEAR/runs/last" ] || read -r run <"$NEAR/runs/last"
}

options "$@"
case $ASKED in
--list | --status | --new)
	show "$@"
	exit 0
	;;
esac
take_operands "$@"
[ "$TARGET" != sqlite ] || need_programs sqlite3
[ "$TARGET" != postgres ] || need_programs psql
need_programs acct-lake
lock "$LAKE" "$@"
read_job
check_accepted
begin
examine
tell 'bronze: comparing the files with those of before'
deliver
[ -z "$WAITING" ] || [ -s "$WORK/pieces" ] || exit 75
plan
[ -n "$NEWS$STEPS" ] || end_idle
[ "$ASKED" != --dry-run ] || exit 0
make_all
reconcile
if [ "$TARGET" != none ]; then
	tell "trying the merge into $TARGET"
	each_loaded try >/dev/null
fi
finish
load
