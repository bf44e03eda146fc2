# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# What the scripts of the job share: where things are, messages, the lock of a lake, runs that take effect whole or not at all.
#
# acct-lake(1) holds the lock of the lake, begins the run and lets it take effect or come to nothing. The scripts prepare: versions of tables below
# $RUN/prepared, small files below $RUN/stage, large ones below $RUN/late, each by its path in the lake; or they put a file in place, after an empty one
# below $RUN/new.

LC_ALL=C
export LC_ALL
unset CDPATH
umask "$(printf '%o' "$(($(umask) | 027))")"	# the lake is for its owner and group

me=${ACCT_NAME:-${0##*/}}
TAB=$(printf '\t')
APP=acct.run
WAIT=no
TARGETS=
TARGET=sqlite
FLAGS=
ACCEPT=
REBUILD=no
ABSENT=
ASKED=
NEW_JOB=
ANSWER=

# from_here PATH: what does not begin at the root is meant from the folder the script was called in, which it leaves.
from_here() {
	case $1 in
	/*) printf '%s\n' "$1" ;;
	*) printf '%s\n' "$PWD/$1" ;;
	esac
}

if [ -n "${TMPDIR:-}" ]; then
	TMPDIR=$(from_here "$TMPDIR")
	export TMPDIR
fi

# The programs: those named by ACCT_BIN, else those built in the checkout this script stands in, else those it was installed with, else those of PATH.
if [ -n "${ACCT_BIN:-}" ]; then
	PATH=$(from_here "$ACCT_BIN"):$PATH
elif [ -x "$here/../build/bin/acct-ingest" ]; then
	PATH=$here/../build/bin:$PATH
elif [ -x "$here/../../bin/acct-ingest" ]; then
	PATH=$here/../../bin:$PATH
fi
export PATH

# The programs that remember keys share what memory they may fill: up to two in each of the pipes that run at once.
if [ -z "${ACCT_MEMORY:-}" ]; then
	ACCT_MEMORY=1/$((2 * ${ACCT_JOBS:-$(nproc)}))
	export ACCT_MEMORY
fi

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

[ -z "${TMPDIR:-}" ] || { [ -d "$TMPDIR" ] && [ -w "$TMPDIR" ]; } || die 73 "TMPDIR: $TMPDIR: not a directory that can be written"

# tell TEXT...: what is going on, for someone who watches.
tell() {
	if [ -t 2 ] || [ -n "${ACCT_VERBOSE:-}" ]; then
		printf '%s: %s\n' "$me" "$*" >&2
	fi
}

# ---- the job ----

# shellcheck source=job.sh
. "$here/job.sh"

# ---- the command line ----

usage() {
	echo "usage: $USAGE" >&2
	exit 64
}

# check_accepted: each of the tables of --accept, separated by commas, must be one of the job.
check_accepted() {
	for _t in $(printf '%s' "$ACCEPT" | tr , ' '); do
		in_list "$_t" "$TABLES" || {
			warn "--accept: no such table: '$_t'; tables are: $(echo "$TABLES" | sed 's/ /, /g')"
			usage
		}
	done
}

# is_accepted TABLE
is_accepted() {
	case ",$ACCEPT," in
	*",$1,"*) return 0 ;;
	*) return 1 ;;
	esac
}

# allowed FLAG: ends the script unless FLAGS has it.
allowed() {
	case " $FLAGS " in
	*" $1 "*) ;;
	*) usage ;;
	esac
}

# options WORD...: takes the options before the operands, those of -d where TARGETS names some, those that FLAGS names; TAKEN says how many words
# they are.
options() {
	TAKEN=0
	while [ $# -gt 0 ]; do
		case $1 in
		-w | --wait) WAIT=yes ;;
		-h | --help)
			echo "usage: $USAGE"
			exit 0
			;;
		--rebuild)
			allowed rebuild
			REBUILD=yes
			;;
		--accept)
			allowed accept
			[ $# -ge 2 ] || usage
			case $2 in
			'' | *[!A-Za-z0-9_,-]*) usage ;;
			esac
			ACCEPT=$ACCEPT,$2
			shift
			TAKEN=$((TAKEN + 1))
			;;
		-j | --job)
			[ $# -ge 2 ] || usage
			ACCT_JOB=$2
			shift
			TAKEN=$((TAKEN + 1))
			;;
		-d)
			[ $# -ge 2 ] || usage
			case " $TARGETS " in
			*" $2 "*) TARGET=$2 ;;
			*) usage ;;
			esac
			shift
			TAKEN=$((TAKEN + 1))
			;;
		--adopt | --delete-absent)
			allowed "${1#--}"
			[ "${ABSENT:-$1}" = "$1" ] || usage
			ABSENT=$1
			;;
		--new)
			allowed new
			if [ $# -lt 2 ] || [ -n "$ASKED" ]; then
				usage
			fi
			ASKED=--new
			NEW_JOB=$2
			shift
			TAKEN=$((TAKEN + 1))
			;;
		--dry-run | --loaded | --list | --status)
			allowed "${1#--}"
			[ "${ASKED:-$1}" = "$1" ] || usage
			ASKED=$1
			;;
		--)
			TAKEN=$((TAKEN + 1))
			return 0
			;;
		-*) usage ;;
		*) return 0 ;;
		esac
		shift
		TAKEN=$((TAKEN + 1))
	done
}

need_programs() {
	for _p; do
		command -v "$_p" >/dev/null || die 69 "$_p: not found; 'sh pipelines/demo.sh --install' installs what is missing, 'make' builds"
	done
}

# whole_path FOLDER: sets whole to its whole path. A folder may be named -, which cd takes for the last one, and a name may end in line feeds, which
# $( ) takes away.
whole_path() {
	case $1 in
	-) set -- ./- ;;
	esac
	whole=$(cd -- "$1" 2>/dev/null && pwd -P && echo .) || die 77 "$1: permission denied"
	whole=${whole%??}
}

# ---- the back end ----

# private PATH: where its group may not read it, the lake's is not to read what is made of it.
private() {
	case $(stat -L -c %A -- "$1") in
	????r*) ;;
	*) umask 077 ;;
	esac
}

# deliver TABLE: sets file to the name of its file in the back end: that of its schema, or the same compressed.
deliver() {
	source_says "$1"
	file=
	for _name in "$said_file" "$said_file.gz" "$said_file.zst"; do
		[ -e "$BACKEND/$_name" ] || continue
		[ -z "$file" ] || die 65 "$BACKEND: two files for one table: $file and $_name"
		file=$_name
	done
	[ -n "$file" ] || die 66 "$BACKEND/$said_file: no such file"
}

# backend DIR: sets BACKEND to its whole path; the files of all sources must be there and not be empty.
backend() {
	case $1 in
	*://*) die 64 "$1: a back end is a directory" ;;
	esac
	[ -d "$1" ] || die 66 "$1: no such directory"
	whole_path "$1"
	BACKEND=$whole
	for _t in $TABLES; do
		deliver "$_t"
		_f=$BACKEND/$file
		[ -f "$_f" ] || die 66 "$_f: not a file"
		[ -r "$_f" ] || die 77 "$_f: permission denied"
		[ -s "$_f" ] || die 65 "$_f: empty"
		private "$_f"
	done
}

# The SHA-256 of standard input in hexadecimal. openssl is asked first: it knows the instructions made for it, and takes a fifth of the time.
sha256() {
	if command -v openssl >/dev/null; then
		_sum=$(openssl dgst -sha256 -r) || return 74
	else
		_sum=$(sha256sum) || return 74
	fi
	printf '%s\n' "${_sum%% *}"
}

# bronze_path TABLE SUM FILE: what a file of these contents is called in bronze.
bronze_path() {
	printf '%s/%.16s-%s\n' "$1" "$2" "$3"
}

# compressed_by FILE: prints the program that expands it, by its first bytes; nothing where it is text.
compressed_by() {
	case $(od -A n -t x1 -N 4 -- "$1" | tr -d ' ') in
	1f8b*) echo gzip ;;
	28b52ffd | 5?2a4d18) echo zstd ;;
	esac
}

# enlist TABLE SUM BYTES PATH: the line of the list of files taken over.
enlist() {
	printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >"$WORK/$1.line"
}

# copy_of TABLE: sets file to the name of the table's new file, copied to $WORK/in; fails where there is none.
copy_of() {
	source_says "$1"
	for file in "$said_file" "$said_file.gz" "$said_file.zst"; do
		[ ! -e "$WORK/in/$file" ] || return 0
	done
	return 1
}

# source_sizes: lines of bytes and table: how large the new or kept file of each source is.
source_sizes() {
	for _t in $TABLES; do
		if copy_of "$_t"; then
			printf '%s %s\n' "$(stat -c %s -- "$WORK/in/$file")" "$_t"
		elif [ -e "$WORK/$_t.line" ]; then
			IFS=$TAB read -r _ _ _bytes _ <"$WORK/$_t.line"
			echo "$_bytes $_t"
		else
			echo "0 $_t"
		fi
	done
}

# start_sum TABLE FILE: begins to sum a file while something else reads it.
start_sum() {
	sha256 <"$2" >"$WORK/$1.sum" &
	summing=$!
}

# end_sum TABLE: waits for that, and sets sum.
end_sum() {
	wait "$summing" || exit 74
	read -r sum <"$WORK/$1.sum"
}

# name_copy TABLE: when its sum is there, the copy goes to its place in the lake, and into the list. Sets sum and path.
name_copy() {
	end_sum "$1"
	path=$(bronze_path "$1" "$sum" "$file")
	[ -e "$LAKE/bronze/$path" ] || mark new "bronze/$path"
	mkdir -p -- "$LAKE/bronze/$1" && chmod a-w -- "$WORK/in/$file" && sync -- "$WORK/in/$file" &&
		mv -f -- "$WORK/in/$file" "$LAKE/bronze/$path" && sync -- "$LAKE/bronze/$1" || exit 74
	enlist "$1" "$sum" "$(stat -c %s -- "$LAKE/bronze/$path")" "$path"
	tell "$1: SHA-256 $sum"
}

# enlist_current: the list of the files taken over last, a line for each table.
enlist_current() {
	_current=$(of bronze/current bronze.sh)
	while IFS=$TAB read -r _t _sum _bytes _path; do
		enlist "$_t" "$_sum" "$_bytes" "$_path"
	done <"$_current"
}

# list_files: the list of the files taken over, for the run and, where another is there, for the lake.
list_files() {
	for _t in $TABLES; do
		cat -- "$WORK/$_t.line"
	done >"$RUN/inputs"
	if ! cmp -s "$RUN/inputs" "$LAKE/bronze/current"; then
		mkdir -p -- "$STAGE/bronze"
		cp -- "$RUN/inputs" "$STAGE/bronze/current"
	fi
}

# ---- the lake, its lock, its runs ----

# lake DIR: sets LAKE to its whole path.
lake() {
	case $1 in
	*://*) die 64 "$1: a lake is a directory" ;;
	esac
	[ -d "$1" ] || die 66 "$1: no such directory; run.sh makes it"
	whole_path "$1"
	LAKE=$whole
	private "$LAKE"
}

# make_lake DIR: makes the folder, and what is missing above it, and puts their names on the disk.
make_lake() (
	case $1 in
	/*) _dir=$1 ;;
	*) _dir=$PWD/$1 ;;
	esac
	_parent=${_dir%/*}
	[ -d "$_parent/" ] || make_lake "${_parent:-/}" || exit
	mkdir -p -- "$_dir" && sync -- "${_parent:-/}"
)

# new_lake DIR: the same; it is made where it is missing.
new_lake() {
	case $1 in
	*://*) ;;
	*) [ -d "$1" ] || make_lake "$1" || exit 73 ;;
	esac
	lake "$1"
}

# lock WORD...: starts the script again, with its words, as a run of acct-lake, which has the lock of LAKE; unless it is in one. Nothing may
# have been changed before.
lock() {
	[ "${ACCT_LAKE:-}" != "$LAKE" ] || return 0
	[ -w "$LAKE" ] || die 77 "$LAKE: permission denied"
	_rebuild=
	[ "$REBUILD" = no ] || _rebuild=--rebuild
	_wait=
	[ "$WAIT" = no ] || _wait=--wait
	unset ACCT_JOINED
	# shellcheck disable=SC2086
	exec acct-lake run $_wait $_rebuild "$LAKE" -- sh "$(readlink -f -- "$0")" "$@"
}

# last_run: prints the last run of the whole job that took effect, if there is one and nothing was made anew since.
last_run() {
	if [ -f "$LAKE/runs/last" ]; then
		cat -- "$LAKE/runs/last"
	fi
}

# all_tables: the paths of all tables of the lake, in the order in which they take effect. They are looked up there, since a run that was cut off may
# have been of another job.
all_tables() {
	for _folder in silver silver/_rejects gold; do
		for _t in "$LAKE/$_folder"/[!_]*/; do
			_t=${_t%/}
			case ${_t##*/} in
			*[!A-Za-z0-9_-]*) ;;
			*) echo "$_folder/${_t##*/}" ;;
			esac
		done
	done
}

# Begins the run, or joins that of the calling script: sets RUN, PREPARED (versions of tables), STAGE (small files that will appear in the
# lake), WORK (what will not), STATS.
begin() {
	RUN=$ACCT_RUN
	ID=${RUN##*/}
	JOINED=${ACCT_JOINED:-no}
	trap 'leave "$?"' EXIT
	[ "$JOINED" = yes ] || acct-lake begin || exit
	PREPARED=$RUN/prepared
	STAGE=$RUN/stage
	WORK=$RUN/work
	STATS=$RUN/stats
	[ "$JOINED" = yes ] || mkdir -p -- "$PREPARED/silver/_rejects" "$PREPARED/gold" "$STAGE" "$WORK" "$STATS" "$RUN/new" "$RUN/gone" || exit 73
	ACCT_JOINED=yes
	export ACCT_JOINED
	if [ -z "${TMPDIR:-}" ]; then
		TMPDIR=$WORK
		export TMPDIR
	fi
}

# mark KIND PATH: says of a file of the lake, before it is made, that it is this run's (new), or that the run removes it (gone).
mark() {
	mkdir -p -- "$RUN/$1/${2%/*}" && : >"$RUN/$1/$2" || exit 74
}

# The end of a script that is not a run and has a folder of its own for work.
end_work() {
	_status=$1
	trap - EXIT
	rm -rf -- "$WORK"
	leave "$_status"
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

# keep_files: what tells of the run stays in LAKE/runs.
keep_files() {
	mkdir -p -- "$STAGE/runs/$ID" || exit 73
	for _file in inputs stats summary.txt summary.json reconciliation.json; do
		[ ! -e "$RUN/$_file" ] || cp -r -- "$RUN/$_file" "$STAGE/runs/$ID" || exit 74
	done
}

# commit_part: the run of a script by itself, of silver or of gold only, takes effect at its end. Silver or gold is then no longer what the last
# run of all made.
commit_part() {
	if [ "$JOINED" = no ]; then
		keep_files
		mark gone runs/last
	fi
}

# Nothing was found to do: a script by itself ends without having been a run.
end_idle() {
	[ "$JOINED" = yes ] || rm -rf -- "$STAGE" "$RUN/gone" || exit 74
	tell "$1"
	exit 0
}

# of PATH: where a file of the lake is to be read: as this run has staged it, else as the lake has it.
of() {
	if [ -e "$STAGE/$1" ]; then
		printf '%s\n' "$STAGE/$1"
	elif [ -e "$LAKE/$1" ]; then
		printf '%s\n' "$LAKE/$1"
	else
		die 66 "$LAKE/$1: not there; ${2:-run.sh} makes it"
	fi
}

# ---- tables ----

# has PATH: is there a table, or will be after this run?
has() {
	[ ! -e "${PREPARED:-/nonexistent}/$1" ] || return 0
	for _file in "$LAKE/$1"/_delta_log/*.json "$LAKE/$1"/_delta_log/*.checkpoint.parquet; do
		[ ! -e "$_file" ] || return 0
	done
	return 1
}

# need_tables SCRIPT PATH...: each must be there; SCRIPT makes it.
need_tables() {
	_maker=$1
	shift
	for _path; do
		has "$_path" || die 66 "$LAKE/$_path: not there; $_maker makes it"
	done
}

# rows PATH OPTION...: the records of a table, as this run will leave it.
rows() {
	_table=$1
	shift
	if [ -e "$PREPARED/$_table" ]; then
		acct-read --with "$PREPARED/$_table" "$@" "$LAKE/$_table"
	else
		acct-read "$@" "$LAKE/$_table"
	fi
}

# is_damaged PATH: did run.sh find the table or export damaged, before it began?
is_damaged() {
	case " ${DAMAGED:-} " in
	*" $1 "*) return 0 ;;
	*) return 1 ;;
	esac
}

# set_aside PATH: moves away the log of a table if it is damaged, so that it can be made from nothing. It comes back where the run fails.
set_aside() {
	case " ${DAMAGED_LOGS:-} " in
	*" $1 "*) acct-lake aside "$1" || exit ;;
	esac
}

# intact PATH: is the table as a run left it: all data files there, and no rows changed by others since? Its files may have been rearranged.
intact() {
	! is_damaged "$1" || return 1
	_files=$(acct-log --files "$LAKE/$1" 2>/dev/null) || return 1
	while read -r _bytes _ _ _ _file; do
		[ -z "$_bytes" ] || [ "$(stat -c %s -- "$LAKE/$1/$_file" 2>/dev/null)" = "$_bytes" ] || return 1
	done <<-END
		$_files
	END
	_versions=$(acct-log --json "$LAKE/$1" 2>/dev/null) || return 1
	while read -r _version; do
		case $_version in
		*",\"applications\":[\"$APP\"],"*) return 0 ;;
		*',"dataChange":true,'*) return 1 ;;
		esac
	done <<-END
		$_versions
	END
	return 1
}

# made TABLE WHAT: a file that says how a table was made: `key`, of what; `run`, by which
# run, whose rejects are its; its statistics.
made() {
	if [ -e "$STAGE/runs/made/$1/$2" ]; then
		printf '%s\n' "$STAGE/runs/made/$1/$2"
	else
		printf '%s\n' "$LAKE/runs/made/$1/$2"
	fi
}

# same_key TABLE KEY: was it made of the same?
same_key() {
	[ -e "$LAKE/runs/made/$1/key" ] && [ "$(cat "$LAKE/runs/made/$1/key")" = "$2" ]
}

# silver_key TABLE SHA-256: what a silver table is made of: the file, the schema, the version of the programs.
silver_key() {
	printf '%s %s\n' "$2" "$({ acct-clean -V && cat -- "$JOB/sources/$1.yaml"; } | sha256)"
}

# gold_key TABLE: what a gold table is made of: the tables it reads, its script, the version of the programs.
gold_key() {
	gold_says "$1"
	{
		acct-balance -V
		cat -- "$JOB/gold/$1.sh"
		for _t in $said_from; do
			cat -- "$(made "$_t" key)" || return 74
		done
	} | sha256
}

# exported TABLE: is its export there, whole?
exported() {
	! is_damaged "gold/_export/$1" || return 1
	_manifest=$LAKE/gold/_export/$1/manifest.json
	[ -e "$_manifest" ] || return 1
	_files=$(sed -n 's/.*"name":"\([^"]*\)","bytes":\([0-9]*\).*/\2 \1/p' "$_manifest")
	while read -r _bytes _file; do
		[ "$(stat -c %s -- "$LAKE/gold/_export/$1/$_file" 2>/dev/null)" = "$_bytes" ] || return 1
	done <<-END
		$_files
	END
}

# ---- work at once ----

# each FUNCTION WORD...: runs FUNCTION for each word, as many at once as there are cores. Ends with the first status that is not 0, when all that
# was started has ended; 1, an answer, only where no other is there.
# To be called where set -e works, that is not as a condition.
each() {
	_function=$1
	shift
	_fifo=$WORK/slots.$$
	_pids=
	_worst=0
	mkfifo "$_fifo"
	exec 8<>"$_fifo"
	rm -f "$_fifo"
	_n=${ACCT_JOBS:-$(nproc)}
	while [ "$_n" -gt 0 ]; do
		echo >&8
		_n=$((_n - 1))
	done
	for _word; do
		read -r _slot <&8
		(
			set -e
			trap 'wait; echo >&8' EXIT
			"$_function" "$_word"
		) &
		_pids="$_pids $!"
	done
	for _pid in $_pids; do
		wait "$_pid" || {
			_got=$?
			[ "$_worst" -gt 1 ] || _worst=$_got
		}
	done
	exec 8>&-
	return "$_worst"
}

# In a pipe `left NAME COMMAND... | COMMAND || status=$?` a stage that is not the last leaves a file where it fails, on a full disk an empty one.
left() {
	_name=$1
	shift
	"$@" || echo "$?" >"$WORK/$_name.status"
}

# joined STATUS NAME...: ends the script with the status of such a pipe if it is not 0: that of the first stage which failed by itself, not
# only because a later one had ended.
joined() {
	_found=$1
	shift
	_stopped=0
	for _name; do
		[ -e "$WORK/$_name.status" ] || continue
		read -r _left <"$WORK/$_name.status" || _left=74
		rm -f "$WORK/$_name.status"
		if [ "$_left" -ne 141 ]; then
			exit "$_left"
		fi
		_stopped=141
	done
	[ "$_found" -eq 0 ] || exit "$_found"
	[ "$_stopped" -eq 0 ] || exit "$_stopped"
}

# by_key: the records of standard input in the order of their first column, which is their key.
by_key() {
	sort -S 128M -T "$TMPDIR" || return 74
}

# ---- numbers and JSON ----

# json FILE PATH...: the values at these paths of a JSON file, one a line; objects as JSON.
json() {
	_file=$1
	shift
	_sql=
	for _path; do
		_sql="$_sql select json_extract(cast(readfile('/dev/stdin') as text), '$_path');"
	done
	sqlite3 -batch -init /dev/null :memory: "$_sql" <"$_file"
}

# align SIDES: lines of words separated by tabs as a table; SIDES has an l or an r for each column.
align() {
	awk -F '\t' -v sides="$1" '
	{
		if (NF > most)
			most = NF
		for (i = 1; i <= NF; i++) {
			cell[NR, i] = $i
			if (length($i) > width[i])
				width[i] = length($i)
		}
	}
	END {
		for (r = 1; r <= NR; r++) {
			line = ""
			for (i = 1; i <= most; i++)
				line = line "  " sprintf("%" (substr(sides, i, 1) == "l" ? "-" : "") width[i] "s", cell[r, i])
			sub(/ +$/, "", line)
			print line
		}
	}'
}
