# shellcheck shell=sh disable=SC2034,SC2154
# What the folder of a job says, as acct-job(1) lists it. Read by common.sh; acct-job(7) describes the folder.

JOB=
JOB_LINES=	# the lines of acct-job
TABLES=		# the source tables
GOLD=		# the gold tables, each after those it reads
LEVELS=		# the same, with a bar where all before must have been made

# read_job: reads the folder that -j or ACCT_JOB names, by default that of the bank.
read_job() {
	JOB=$(from_here "${ACCT_JOB:-$here/bank}")
	export ACCT_JOB="$JOB"
	need_programs acct-job
	JOB_LINES=$(acct-job --lines "$JOB") || exit
	_last=0
	while IFS=$TAB read -r _kind _t _level _rest; do
		case $_kind in
		source) TABLES="${TABLES:+$TABLES }$_t" ;;
		gold)
			[ "$_level" = "$_last" ] || LEVELS="$LEVELS |"
			_last=$_level
			GOLD="${GOLD:+$GOLD }$_t"
			LEVELS="$LEVELS $_t"
			;;
		esac
	done <<-END
		$JOB_LINES
	END
}

# source_says TABLE: sets said_file, said_key, said_amounts and said_references; words separated by commas, or a dash.
source_says() {
	while IFS=$TAB read -r _kind _source said_file said_key said_amounts said_references; do
		[ "$_kind $_source" != "source $1" ] || return 0
	done <<-END
		$JOB_LINES
	END
	return 1
}

# gold_says TABLE: sets said_load to load or a dash, said_from to the tables it reads, said_key and said_total to columns separated by commas.
gold_says() {
	while IFS=$TAB read -r _kind _gold _ said_load said_from said_key said_total; do
		[ "$_kind $_gold" != "gold $1" ] || return 0
	done <<-END
		$JOB_LINES
	END
	return 1
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

# loaded_gold: prints the gold tables that go to the warehouse.
loaded_gold() {
	for _name in $GOLD; do
		gold_says "$_name"
		[ "$said_load" != load ] || echo "$_name"
	done
}

# by_size: the tables of standard input, lines of bytes and table, largest first, so that the longest work begins first.
by_size() {
	sort -rn | cut -d ' ' -f 2
}
