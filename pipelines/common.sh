# shellcheck shell=sh disable=SC2015,SC2034,SC2153,SC2154
# What the scripts of the job share: messages, options, the run, pipes and work at once.

LC_ALL=C
export LC_ALL
unset CDPATH
umask g-w,o-rwx		# the lake is for its owner and group
me=${ACCT_NAME:-${0##*/}}
TAB='	'
APP=acct.run
WAIT='' TARGET='' ACCEPT='' REBUILD='' ONLY='' ABSENT='' ASKED='' NEW_JOB='' ANSWER=''

warn() {
	printf '%s: %s\n' "$me" "$*" >&2
}

# die STATUS TEXT...
die() {
	_status=$1
	shift
	warn "$@"
	exit "$_status"
}

usage() {
	echo "usage: $USAGE" >&2
	exit 64
}

# tell TEXT...: what is going on, for someone who watches.
tell() {
	if [ -t 2 ] || [ -n "${ACCT_VERBOSE:-}" ]; then
		warn "$@"
	fi
}

# from_here PATH: sets path to it, beginning at the root or, where it is relative, at the folder of the caller.
from_here() {
	path=$1
	case $path in
	/* | *://*) ;;
	*) path=$PWD/$path ;;
	esac
}

if [ -n "${TMPDIR:-}" ]; then
	from_here "$TMPDIR"
	TMPDIR=$path
	[ -d "$TMPDIR" ] && [ -w "$TMPDIR" ] || die 73 "TMPDIR: $TMPDIR: not a directory that can be written"
fi

# The programs: those named by ACCT_BIN, else those built in the checkout this script lies in, else those it was installed with, else those of PATH.
from_here "${ACCT_BIN:-}"
for path in "$path" "$here/../build/bin" "$here/../../bin"; do
	if [ -x "$path/acct-ingest" ]; then
		PATH=$path:$PATH
		break
	fi
done
ACCT_JOBS=${ACCT_JOBS:-$(nproc)}
ACCT_MEMORY=${ACCT_MEMORY:-1/$((2 * ACCT_JOBS))}	# two programs that remember keys in each of the pipes that run at once
export PATH ACCT_JOBS ACCT_MEMORY

# need_programs PROGRAM...
need_programs() {
	for _p; do
		command -v "$_p" >/dev/null || die 69 "$_p: not found; 'sh pipelines/demo.sh --install' installs what is missing, 'make' builds"
	done
}

# options WORD...: takes the options before the operands, of those that OPTIONS names; TAKEN says how many words they are.
options() {
	TAKEN=$#
	while [ $# -gt 0 ]; do
		case $1 in
		-h | --help) echo "usage: $USAGE" && exit 0 ;;
		-w | --wait) WAIT=--wait && shift && continue ;;
		--) shift && break ;;
		-*) ;;
		*) break ;;
		esac
		case " $OPTIONS " in
		*" $1 "*) ;;
		*) usage ;;
		esac
		case $1 in
		-j | --job | -d | --accept | --only | --new) [ $# -ge 2 ] || usage ;;
		esac
		case $1.${2:-} in
		-j.* | --job.*) ACCT_JOB=$2 ;;
		-d.sqlite | -d.postgres) TARGET=$2 ;;
		-d.none) [ "$me" != load.sh ] && TARGET=none || usage ;;
		--accept. | --accept.*[!A-Za-z0-9_,-]* | --only. | --only.*[!A-Za-z0-9_,-]* | -d.*) usage ;;
		--accept.*) ACCEPT=$ACCEPT,$2 ;;
		--only.*) ONLY=${ONLY:+$ONLY,}$2 ;;
		--rebuild.*) REBUILD=--rebuild ;;
		--adopt.* | --delete-absent.*) [ "${ABSENT:-$1}" = "$1" ] && ABSENT=$1 || usage ;;
		*) [ -z "$ASKED" ] && ASKED=$1 && NEW_JOB=${2:-} || usage ;;
		esac
		case $1 in
		-j | --job | -d | --accept | --only | --new) shift ;;
		esac
		shift
	done
	TAKEN=$((TAKEN - $#))
	from_here "${ACCT_JOB:-$here/bank}"
	JOB=$path
	export ACCT_JOB="$JOB"
}

# is_far ADDRESS: is it one of a store across a network?
is_far() {
	case $1 in
	*://*) return 0 ;;
	*) return 1 ;;
	esac
}

# whole_path FOLDER: sets whole to its whole path. A folder may be named -, which cd takes for the last one, and a name may end in line feeds, which
# $( ) takes away.
whole_path() {
	whole=$1
	case $1 in
	*://*) return ;;
	-) set -- ./- ;;
	esac
	whole=$(cd -- "$1" 2>/dev/null && pwd -P && echo .) || die 77 "$1: permission denied"
	whole=${whole%??}
}

# lock LAKE WORD...: starts the script again, with these words, as a run of acct-lake, which holds the lock of the lake; unless it is in one.
lock() {
	[ -z "${ACCT_RUN:-}" ] || return 0
	from_here "$1"
	shift
	# shellcheck disable=SC2086
	exec acct-lake run $WAIT $REBUILD "$path" -- sh "$self" "$@"
}

# leave STATUS: ends the script with a status that a scheduler understands. 1 is an answer only where ANSWER is set; elsewhere 1 and other small
# numbers come from the tools of the system, whose trouble is a full disk or the like.
leave() {
	trap - EXIT
	case $1 in
	0 | 6[4-9] | 7[0-8] | 129 | 130 | 143) exit "$1" ;;
	1) [ -n "$ANSWER" ] && exit 1 || exit 74 ;;
	132 | 134 | 136 | 139) exit 70 ;;
	137) exit 71 ;;
	*) exit 74 ;;
	esac
}

# end_work STATUS: ends a script that has a folder of its own for work.
end_work() {
	trap - EXIT
	rm -rf -- "$WORK"
	leave "$1"
}

# private FOLDER DEPTH: where its group may not read it, or a file that lies so deep in it, the lake's is not to read what is made of it.
private() {
	! is_far "$1" || return 0
	from_here "$1"
	[ -z "$(find -L "$path" -maxdepth "$2" \( -type f -o -path "$path" \) ! -perm -g=r -print -quit)" ] || umask 077
}

# In a pipe `left NAME COMMAND... | COMMAND || status=$?` a stage that is not the last leaves a file where it fails, on a full disk an empty one.
left() {
	_name=$1
	shift
	"$@" || echo "$?" >"$WORK/$_name.status"
}

# joined STATUS NAME...: ends the script with the status of such a pipe if it is not 0: that of the first stage which failed by itself, not only
# because a later one had ended.
joined() {
	_found=$1
	shift
	_stopped=0
	for _name; do
		[ -e "$WORK/$_name.status" ] || continue
		read -r _left <"$WORK/$_name.status" || _left=74
		[ "$_left" -eq 141 ] || exit "$_left"
		_stopped=141
	done
	[ "$_found" -eq 0 ] || exit "$_found"
	[ "$_stopped" -eq 0 ] || exit "$_stopped"
}

# claim NAME: succeeds for one of all that call it.
claim() {
	(set -C && : >"$WORK/$1.claimed") 2>/dev/null
}

# work_off FUNCTION WORD...: calls FUNCTION for each word that no other has claimed.
work_off() {
	_function=$1
	_worst=0
	shift
	for _word; do
		claim "$_function-$_word" || continue
		(set -e && "$_function" "$_word") &
		wait "$!" || {
			_got=$?
			[ "$_worst" -gt 1 ] || _worst=$_got
		}
	done
	exit "$_worst"
}

# each FUNCTION WORD...: calls FUNCTION for each word, ACCT_JOBS at once. Ends with the first status that is not 0, when all have ended; 1, an answer,
# only where no other is there.
each() {
	_pids='' _result=0 _n=0
	while [ "$((_n += 1))" -le "$ACCT_JOBS" ] && [ "$_n" -lt $# ]; do
		work_off "$@" &
		_pids="$_pids $!"
	done
	for _pid in $_pids; do
		wait "$_pid" || {
			_got=$?
			[ "$_result" -gt 1 ] || _result=$_got
		}
	done
	return "$_result"
}

# ---- what the job says: the lines of acct-job ----

# says KIND TABLE: sets word_3 to word_6 to the words of the table's line of this kind.
says() {
	while IFS=$TAB read -r _kind _name word_3 word_4 word_5 word_6 _; do
		[ "$_kind $_name" != "$*" ] || return 0
	done <<-END
		$JOB_LINES
	END
	return 1
}

# source_says TABLE: sets said_key, and said_owners to the tables without whose rows its own are rejected.
source_says() {
	said_owners=
	! says owners "$1" || said_owners=$word_4
	says source "$1" && said_key=$word_4
}

# gold_says TABLE: sets said_load to load or a dash, said_from to the tables it reads, said_key to columns separated by commas.
gold_says() {
	says gold "$1" && said_load=$word_4 said_from=$word_5 said_key=$word_6
}

# read_job: reads the job; sets TABLES and GOLD, the names of its tables.
read_job() {
	need_programs acct-job
	JOB_LINES=$(acct-job --lines ${ONLY:+--only "$ONLY"} "$JOB") || exit
	TABLES='' GOLD=''
	while IFS=$TAB read -r _kind _name _; do
		case $_kind in
		source) TABLES="${TABLES:+$TABLES }$_name" ;;
		gold) GOLD="${GOLD:+$GOLD }$_name" ;;
		esac
	done <<-END
		$JOB_LINES
	END
}
