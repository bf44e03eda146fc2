# shellcheck shell=sh disable=SC2154
# What run.sh shows without working: the state of a lake, a new job. Read by run.sh.

# show WORD...: answers --list, --status and --new, which change nothing in a lake.
show() {
	shift "$TAKEN"
	case $ASKED.$# in
	--list.0) acct-job "$JOB" ;;
	--status.1)
		need_programs acct-log acct-lake
		is_far "$1" || [ -d "$1" ] || die 66 "$1: no such directory; run.sh makes it"
		from_here "$1"
		LAKE=$path
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

# all_tables: the paths of all tables of the lake.
all_tables() {
	for _folder in silver silver/_rejects gold; do
		if is_far "$LAKE"; then
			acct-blob ls "$LAKE/$_folder" | sed -n "s|^\([^_].*\)/\$|$_folder/\1|p"
			continue
		fi
		for _t in "$LAKE/$_folder"/[!_]*/_delta_log; do
			[ ! -e "$_t" ] || {
				_t=${_t%/_delta_log}
				echo "$_folder/${_t##*/}"
			}
		done
	done
}

# state_of PATH: a line for a table: version, when it was made, rows, bytes.
state_of() {
	acct-log --state "$LAKE/$1" | awk -v OFS='\t' -v path="$1" '
		$1 == "version" { sub(/,$/, "", $2); version = $2; when = $3 }
		$1 == "rows" { rows = $2 }
		$1 == "bytes" { bytes = $2 }
		END { print path, version, when, rows, bytes }'
}

# show_status: prints the last run that took effect, how long ago it was, and each table as it is.
show_status() {
	last=$(acct-lake status "$LAKE" | sed -n "s/^last$TAB//p")
	finished=
	[ -z "$last" ] || finished=$(acct-blob get "$LAKE/runs/$last/summary.json" | sed -n 's/.*"finished":"\([^"]*\)".*/\1/p')
	if [ -n "$finished" ]; then
		age=$(($(date +%s) - $(date -d "$finished" +%s)))
		echo "last run $last, finished $finished, $((age / 86400)) days and $((age % 86400 / 3600)) hours ago"
	else
		echo 'no run has taken effect, or it is damaged'
	fi
	pending=$(acct-lake status "$LAKE" | sed -n "s/^pending$TAB//p")
	[ -z "$pending" ] || echo "run $pending was cut off while it took effect; the next one carries it through"
	echo
	{
		printf 'table\tversion\tsince\trows\tbytes\n'
		for path in $(all_tables); do
			state_of "$path" || exit
		done
	} | align lrlrr
}

# new_job FOLDER: makes a job with a draft for each CSV file of BACKEND.
new_job() {
	set -- "$1" "$BACKEND"/*.csv "$BACKEND"/*.csv.gz "$BACKEND"/*.csv.zst
	_folder=$1
	shift
	for _file; do
		shift
		[ ! -e "$_file" ] || set -- "$@" "$_file"
	done
	[ $# -gt 0 ] || die 66 "$BACKEND: no CSV file in it"
	acct-schema --new "$_folder" "$@" || exit
	echo "$_folder: a draft for each of $# files in $_folder/sources; read them, then: run.sh -j $_folder $BACKEND LAKE"
}
