# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# Loads of the gold tables into a SQL warehouse, each in one transaction. Read by load.sh, which says what they do, and run.sh.

# ---- the warehouse ----

# Who reads the file holds it for a moment: that is waited for.
gold_db() {
	sqlite3 -batch -bail -init /dev/null -cmd '.timeout 60000' -cmd 'PRAGMA synchronous = EXTRA' "$LAKE/gold/gold.db" "$@"
}

server() {
	psql -X -q -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -At "$@"
}

# failed STATUS: says what the client said, in $WORK/errors, without what psql adds for the code of an error. A refusal by the checks of
# acct-merge-sql is 78, a right that is missing (SQLSTATE 42501, whatever the language of the message) 77; psql ends with 2 where there is no
# connection.
failed() {
	sed "s/^.*JSON path error near '\(acct-merge-sql: .*\)'\$/\1/; s/^psql:.* ERROR:  [0-9A-Z]*: \(acct-merge-sql: .*\)/\1/
		/^LOCATION:  /d; s/^\(psql:.* ERROR: \|ERROR: \) [0-9A-Z]\{5\}: /\1 /" "$WORK/errors" >&2
	! grep -q 'acct-merge-sql: ' "$WORK/errors" || return 78
	! grep -q '^\(psql:.* \)\{0,1\}[A-Z]*:  42501: ' "$WORK/errors" || return 77
	[ "$TARGET.$1" != postgres.2 ] || return 69
	return 74
}

# warehouse: runs the SQL of standard input, to its end: the last word is the number of rows of the load.
warehouse() {
	_got=0
	case $TARGET in
	sqlite) gold_db '.read /dev/stdin' 'SELECT row_count FROM acct_done' ;;
	postgres) server -f - -c 'SELECT row_count FROM acct_done' ;;
	esac 2>"$WORK/errors" || _got=$?
	[ "$_got" -eq 0 ] || failed "$_got"
}

ask() {
	_got=0
	case $TARGET in
	sqlite) gold_db "$1" ;;
	postgres) server -c "$1" ;;
	esac 2>"$WORK/errors" || _got=$?
	[ "$_got" -eq 0 ] || failed "$_got"
}

# is_new: is there no warehouse yet? Then it will take whatever comes.
is_new() {
	[ "$TARGET" = sqlite ] && [ ! -e "$LAKE/gold/gold.db" ]
}

# in_warehouse TABLE: is it there?
in_warehouse() {
	case $TARGET in
	sqlite) _there=$(ask "SELECT count(*) FROM sqlite_schema WHERE name = '$1'") ;;
	postgres) _there=$(ask "SELECT count(to_regclass('$1'))") ;;
	esac || exit
	[ "$_there" != 0 ]
}

# ---- what is to be loaded, and what was ----

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

# state TABLE: what acct-log says of a gold table, as this run will leave it.
state() {
	if [ -e "$PREPARED/gold/$1" ]; then
		acct-log --state --with "$PREPARED/gold/$1" "$LAKE/gold/$1"
	else
		acct-log --state "$LAKE/gold/$1"
	fi
}

# see TABLE: sets id, version, rows of a gold table, and known: the ids that it has had in this lake, as a list for SQL. It gets another when it
# is lost and made again.
see() {
	state "$1" >"$WORK/state" || exit
	id=
	while read -r _word _value _; do
		case $_word in
		version) version=${_value%,} ;;
		id) id=$_value ;;
		rows) rows=$_value ;;
		esac
	done <"$WORK/state"
	known="'$id'"
	if [ -e "$LAKE/runs/made/$1/ids" ]; then
		while read -r _value; do
			known="$known, '$_value'"
		done <"$LAKE/runs/made/$1/ids"
	fi
	case $known in
	*[!A-Za-z0-9\'\ ,_.-]*) die 65 "$LAKE/gold/$1: invalid id: $known" ;;
	esac
}

# find_mark TABLE: sets marked, that is the lake that the mark of the last load names, and since, by_run, count, sum; marked is empty without such a mark.
find_mark() {
	marked='' since='' by_run='' count='' sum=''
	is_new || ! in_warehouse acct_load || {
		ask "SELECT lake, version, run_id, row_count, checksum FROM acct_load WHERE table_name = '$1' AND lake IN ($known)
			ORDER BY loaded_at DESC LIMIT 1" >"$WORK/mark" || exit
		IFS='|' read -r marked since by_run count sum <"$WORK/mark" || :
	}
}

# is_loaded: do the marks name the tables as the lines `state` of the plan have them, and are the rows there?
is_loaded() {
	! is_new || return 1
	_n=1 _names="'acct_load'" _sql=''
	while IFS=$TAB read -r _kind _table _id _version _rows _; do
		[ "$_kind" = state ] || continue
		_n=$((_n + 1)) _names="$_names, '$_table'"
		_sql="$_sql${_sql:+ UNION ALL }SELECT $_rows, count(*), (SELECT count(*) FROM acct_load WHERE table_name = '$_table' AND lake = '$_id'
			AND version = $_version AND run_id = '$run' AND row_count = $_rows) FROM $_table"
	done <"$WORK/plan"
	case $TARGET in
	sqlite) ask "SELECT count(*) FROM sqlite_schema WHERE name IN ($_names)" ;;
	postgres) ask "SELECT count(*) FROM (SELECT unnest(ARRAY[$_names]) AS name) AS t WHERE to_regclass(name) IS NOT NULL" ;;
	esac >"$WORK/there" || exit
	read -r _there <"$WORK/there"
	[ "$_there" -eq "$_n" ] || return 1
	[ -n "$_sql" ] || return 0
	ask "$_sql" >"$WORK/there" || exit
	while IFS='|' read -r _rows _there _marks; do
		[ "$_marks" -ge 1 ] || return 1
		[ "$_there" -eq "$_rows" ] || { [ "$_there" -gt "$_rows" ] && [ "$ABSENT" != --delete-absent ]; } || return 1
	done <"$WORK/there"
}

# find_gone TABLE: the keys that gold had when it was loaded and has no more, in $WORK/TABLE.gone. No, if the lake has that version no more, or
# under its number another than was loaded, as the checksum tells.
find_gone() {
	gold_says "$1"
	_k=$said_key
	_trailer=$(acct-read --at "$since" "$LAKE/gold/$1" 2>/dev/null | tail -n 1 | tr -d '\001')
	[ "$_trailer" = "T $count $sum" ] || return 1
	_status=0
	left "now.$1" acct-read -c "$_k" "$LAKE/gold/$1" | {
		left "then.$1" acct-read --at "$since" -c "$_k" "$LAKE/gold/$1" </dev/null 3<&- |
			acct-join -j anti -k "$_k" -o "$WORK/$1.gone" /dev/fd/3
	} 3<&0 || _status=$?
	joined "$_status" "now.$1" "then.$1"
}

# ---- the load ----

# The SQL goes to the warehouse as it is made; where acct-merge-sql fails, its transaction is never committed.
merge() {
	acct-merge-sql -d "$TARGET" -t "$@"
}

# try TABLE: would the target take the rows? None is staged, and nothing stays. Prints the statements that add what columns an SQLite table lacks.
try() {
	is_new && return 0
	see "$1"
	find_mark "$1"
	status=0
	# shellcheck disable=SC2086
	left "$1.read" rows "gold/$1" |
		left "$1.sql" merge "$1" --dry-run --lake "${marked:-$id}" --at "$version" ${since:+--since "$since"} $ABSENT |
		warehouse || status=$?
	joined "$status" "$1.read" "$1.sql"
}

# add_columns TABLE: what is new in gold. PostgreSQL adds it within the load.
add_columns() {
	[ "$TARGET" = sqlite ] || return 0
	try "$1" >"$WORK/statements"
	_statements=$(grep '^ALTER TABLE ' "$WORK/statements") || return 0
	ask "$_statements"
}

# load_table TABLE
load_table() {
	add_columns "$1"
	see "$1"
	find_mark "$1"
	set -- "$1" --lake "$id" --run "$run" --at "$version"
	if [ -n "$marked" ]; then
		[ "$marked" = "$id" ] || ask "UPDATE acct_load SET lake = '$id' WHERE lake = '$marked' AND table_name = '$1'"
		set -- "$@" --since "$since"
		! find_gone "$1" || set -- "$@" --delete "$WORK/$1.gone"
	fi
	status=0
	# shellcheck disable=SC2086
	left "$1.read" rows "gold/$1" | left "$1.sql" merge "$@" $ABSENT | warehouse >"$WORK/done" || status=$?
	joined "$status" "$1.read" "$1.sql"
	[ "$(cat "$WORK/done")" = "$rows" ] || die 74 "$1: the load did not come to its end"
	remember "$1"
	count_others "$1"
}

# remember TABLE: the id under which the table was loaded.
remember() {
	if ! tail -n 1 "$LAKE/runs/made/$1/ids" 2>/dev/null | grep -qx "$id"; then
		mkdir -p -- "$LAKE/runs/made/$1" && printf '%s\n' "$id" >>"$LAKE/runs/made/$1/ids" || exit 74
	fi
}

# Rows that no load of this lake has written stay. They are counted, so that nobody is surprised.
count_others() {
	_there=$(ask "SELECT count(*) FROM $1") || exit
	[ "$_there" = "$rows" ] || warn "$1: $((_there - rows)) rows of the target are not of gold; they were left as they were"
}

# each_loaded FUNCTION: calls it for each gold table that goes to the warehouse. Each must be there.
each_loaded() {
	for _loaded in $GOLD; do
		gold_says "$_loaded"
		[ "$said_load" = load ] || continue
		[ -e "$PREPARED/gold/$_loaded" ] || [ -e "$LAKE/gold/$_loaded/_delta_log" ] || die 66 "$LAKE/gold/$_loaded: not there; run.sh makes it"
		"$1" "$_loaded"
	done
}
