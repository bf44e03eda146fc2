# shellcheck shell=sh disable=SC2034,SC2154
# What the folder of a job says: its source tables, its gold tables, what must add up. Read by common.sh; acct-job(7) describes the folder.

JOB=
SOURCES=	# a line each: table, file, key, amounts, references as column=table.column; what is missing is a dash
GOLD_LINES=	# the lines "#: WORD ..." of the gold scripts, each after its table
TABLES=		# the source tables
GOLD=		# the gold tables, each after those it reads
LEVELS=		# the same, with a bar where all before must have been made

# read_job: reads the folder that -j or ACCT_JOB names, by default that of the bank.
read_job() {
	JOB=$(from_here "${ACCT_JOB:-$here/bank}")
	export ACCT_JOB="$JOB"
	[ -d "$JOB/sources" ] || die 66 "$JOB/sources: no such directory; a job is a folder with sources/TABLE.yaml and gold/TABLE.sh"
	set -- "$JOB"/sources/*.yaml
	[ -e "$1" ] || die 66 "$JOB/sources: no schema (TABLE.yaml) in it"
	need_programs acct-schema
	SOURCES=$(acct-schema -l "$@") || exit 78
	while IFS=$TAB read -r _t _; do
		TABLES="${TABLES:+$TABLES }$_t"
	done <<-END
		$SOURCES
	END
	set -- "$JOB"/gold/*.sh
	[ -e "$1" ] || set --
	[ $# -eq 0 ] || GOLD_LINES=$(awk -v OFS='\t' '
		FNR == 1 { table = FILENAME; sub(/.*\//, "", table); sub(/\.sh$/, "", table); print table, "script" }
		$1 == "#:" { word = $2; $1 = $2 = ""; gsub(/^[\t ]+/, ""); gsub(/[\t ]+/, " "); print table, word, $0 }' "$@")
	sort_gold
}

# source_says TABLE: sets said_file, said_key, said_amounts and said_references; words separated by commas, or a dash.
source_says() {
	while IFS=$TAB read -r _source said_file said_key said_amounts said_references; do
		[ "$_source" != "$1" ] || return 0
	done <<-END
		$SOURCES
	END
	return 1
}

# gold_says TABLE WORD: sets said to what the lines "#: WORD ..." of a gold script say, all of them.
gold_says() {
	said=
	while IFS=$TAB read -r _gold _line _rest; do
		[ "$_gold $_line" != "$1 $2" ] || said="${said:+$said }$_rest"
	done <<-END
		$GOLD_LINES
	END
}

# words_of LIST: sets said to the words that commas separate, to nothing for a dash.
words_of() {
	said=
	[ "$1" != - ] || return 0
	_list=$1,
	while [ -n "$_list" ]; do
		said="$said ${_list%%,*}"
		_list=${_list#*,}
	done
}

# in_list WORD LIST
in_list() {
	case " $2 " in
	*" $1 "*) return 0 ;;
	*) return 1 ;;
	esac
}

# table_path TABLE: prints the path within the lake of a source or gold table.
table_path() {
	if in_list "$1" "$TABLES"; then
		echo "silver/$1"
	else
		echo "gold/$1"
	fi
}

# check_gold: sets _names to the gold tables; ends the script where a line of a gold script is wrong.
check_gold() {
	_names=
	while IFS=$TAB read -r _t _word _rest; do
		[ -n "$_t" ] || continue
		_at=$JOB/gold/$_t.sh
		case $_word in
		script)
			case $_t in
			[!A-Za-z0-9]* | *[!A-Za-z0-9_-]*)
				die 78 "$_at: the name must be letters, digits, '_' and '-', beginning with a letter or digit"
				;;
			esac
			! in_list "$_t" "$TABLES" || die 78 "$_at: '$_t' is the name of a source table"
			_names="$_names $_t"
			;;
		from | key | total) [ -n "$_rest" ] || die 78 "$_at: #: $_word: expected names" ;;
		load) [ "$_rest" = no ] || die 78 "$_at: #: load: must be no: '$_rest'" ;;
		*) die 78 "$_at: unknown word after '#:': '$_word'; words are: from, key, load, total" ;;
		esac
	done <<-END
		$GOLD_LINES
	END
}

# check_script TABLE: what a gold table needs is there.
check_script() {
	gold_says "$1" key
	[ -n "$said" ] || die 78 "$JOB/gold/$1.sh: missing line: #: key COLUMN ..."
	gold_says "$1" from
	[ -n "$said" ] || die 78 "$JOB/gold/$1.sh: missing line: #: from TABLE ..."
	for _from in $said; do
		in_list "$_from" "$TABLES$_names" || die 78 "$JOB/gold/$1.sh: #: from: no such table: '$_from'; tables are: $TABLES$_names"
	done
}

# is_ready TABLE: are the gold tables it reads in GOLD?
is_ready() {
	gold_says "$1" from
	for _from in $said; do
		in_list "$_from" "$TABLES" || in_list "$_from" "$GOLD" || return 1
	done
}

# sort_gold: sets GOLD and LEVELS.
sort_gold() {
	check_gold
	for _t in $_names; do
		check_script "$_t"
	done
	_left=$_names
	while [ -n "$_left" ]; do
		_level=
		_later=
		for _name in $_left; do
			if is_ready "$_name"; then
				_level="$_level $_name"
			else
				_later="$_later $_name"
			fi
		done
		[ -n "$_level" ] || die 78 "$JOB/gold: each of these reads another of them:$_later"
		GOLD="$GOLD$_level"
		LEVELS="${LEVELS:+$LEVELS |}$_level"
		_left=$_later
	done
	GOLD=${GOLD# }
}

# loaded_gold: prints the gold tables that go to the warehouse.
loaded_gold() {
	for _name in $GOLD; do
		gold_says "$_name" load
		[ "$said" = no ] || echo "$_name"
	done
}

# gold_key_columns TABLE: sets said to its key, words separated by commas.
gold_key_columns() {
	gold_says "$1" key
	while :; do
		case $said in
		*' '*) said=${said%% *},${said#* } ;;
		*) return 0 ;;
		esac
	done
}

# by_size: the tables of standard input, lines of bytes and table, largest first, so that the longest work begins first.
by_size() {
	sort -rn | cut -d ' ' -f 2
}
