#!/bin/sh
# reconcile.sh [--wait] [-j JOB] LAKE: does the lake add up? Counts and sums the tables anew and compares what must be equal: the lines of each file
# with the rows that came of it, amounts of each layer with those of the next, and what the job's `checks` say. Prints each check; 0 if all close, 1 if
# not. Within a run it looks at the tables as the run will leave them, and stores the answer as JSON.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=common.sh
. "$here/common.sh"

USAGE='reconcile.sh [--wait] [-j JOB] LAKE'

# ---- what must be equal ----

# of_sources: every line of each file is the line of names, in silver, rejected, blank or, where its schema says so, skipped; what was read, by the
# reader of each file, is what silver and rejects hold; what could be read as an amount is in silver or in a rejected row.
of_sources() {
	while IFS=$TAB read -r t rows blank _ _ _ _ header clean_lines rejected_lines skipped _; do
		_kinds='names + clean + rejected + blank'
		_lines="$header + $clean_lines + $rejected_lines + $blank"
		if [ "$skipped" -gt 0 ]; then
			_kinds="$_kinds + skipped"
			_lines="$_lines + $skipped"
		fi
		printf '%s\t%s\n' "$t: lines of the file = $_kinds" "lines(bronze/$t) = $_lines"
		printf '%s\t%s\n' "$t: rows read = clean + rejected" "$rows = count(silver/$t) + rejected(silver/$t)"
		while IFS=$TAB read -r of column amount lost; do
			[ "$of" != "$t" ] || printf '%s\t%s\n' "$t: $column read = clean + rejected" "$amount = sum(silver/$t.$column) + $lost"
		done <"$WORK/amounts"
	done <"$WORK/statistics"
}

of_gold() {
	for t in $GOLD; do
		printf '%s\t%s\n' "$t: one row for each key" "count(gold/$t) = keys(gold/$t)"
	done
}

# of_job: the lines of the job's checks. A label ends at the first colon that a blank follows.
of_job() {
	[ ! -e "$JOB/checks" ] || awk -v OFS='\t' '!/^[ \t]*(#|$)/ {
		gsub(/\t/, " ")
		at = index($0, ": ")
		print at ? substr($0, 1, at - 1) : "?", at ? substr($0, at + 2) : $0, FNR
	}' "$JOB/checks"
}

# to_report: what is measured for the summary alone.
to_report() {
	for t in $GOLD; do
		gold_says "$t"
		words_of "$said_total"
		for column in $said; do
			printf '\tsum(gold/%s.%s)\n' "$t" "$column"
		done
	done
}

# plan: what must be measured in $WORK/passes, what compared in $WORK/checks.
plan() {
	{
		of_sources
		of_gold
		of_job
		to_report
	} | awk -f "$here/checks.awk" >"$WORK/plan" || :
	awk -F '\t' -v work="$WORK" '
		BEGIN { split("pass check term error paths", name, " "); for (i in name) printf "" >(work "/" name[i] ".plan") }
		{
			rest = substr($0, length($1) + 2)
			print rest >(work "/" $1 ".plan")
			path = $1 == "pass" ? $2 : $1 == "term" ? $3 : ""
			if (path != "" && !seen[path]++)
				print path >(work "/paths.plan")
		}' "$WORK/plan" || return 74
	while IFS=$TAB read -r line what; do
		die 78 "$JOB/checks:$line: $what"
	done <"$WORK/error.plan"
	while read -r path; do
		case $path in
		gold/*) known=$GOLD ;;
		*) known=$TABLES ;;
		esac
		in_list "${path#*/}" "$known" || die 78 "$JOB/checks: $path: no such table; tables are: $known"
	done <"$WORK/paths.plan"
}

# ---- measuring: each writes lines of a term and its value to $WORK/figures.* ----

# add_columns LIST MORE: sets columns to both, separated by commas, each column once: no list may name one twice.
add_columns() {
	words_of "$1"
	columns=$said
	words_of "$2"
	for column in $said; do
		in_list "$column" "$columns" || columns="$columns $column"
	done
	_both=$columns
	columns=
	for column in $_both; do
		columns=${columns:+$columns,}$column
	done
}

# pass N: the terms of line N of $WORK/pass.plan, by one reading of their table.
pass() {
	i=0
	while [ "$i" -lt "$1" ] && IFS=$TAB read -r path predicate columns aggregates totals terms; do
		i=$((i + 1))
	done <"$WORK/pass.plan"
	case $path in
	gold/*) gold_says "${path#gold/}" ;;
	*) source_says "${path#silver/}" ;;
	esac
	key=$said_key
	set -- "$1"
	[ "$predicate" = - ] || set -- "$@" -w "$predicate"
	[ "$totals" = - ] || add_columns "$columns" "$key"
	[ "$columns" != - ] || columns=$key
	[ "$columns" = - ] || set -- "$@" -c "$columns"
	n=$1
	shift
	status=0
	# shellcheck disable=SC2086
	if [ "$totals" = - ]; then
		left "pass.$n" rows "$path" "$@" | totals "$n" $aggregates || status=$?
		joined "$status" "pass.$n"
	else
		[ "$aggregates" != - ] || aggregates='a=count()'
		left "pass.$n" rows "$path" "$@" | left "keys.$n" acct-balance -k "$key" $aggregates | totals "$n" $totals || status=$?
		joined "$status" "pass.$n" "keys.$n"
	fi
	name_figures "$n" "$terms"
}

# name_figures NAME TERMS: puts the words of $WORK/NAME.figures beside the terms, in $WORK/figures.NAME. By the shell alone: a process for each word
# of each table would take longer than the sums.
name_figures() {
	read -r _values <"$WORK/$1.figures" || exit 74
	_terms=$2$TAB
	_values=$_values$TAB
	while [ -n "$_terms" ]; do
		printf '%s\t%s\n' "${_terms%%"$TAB"*}" "${_values%%"$TAB"*}"
		_terms=${_terms#*"$TAB"}
		_values=${_values#*"$TAB"}
	done >"$WORK/figures.$1"
}

# rejects TABLE: counts those of the run that made the table.
rejects() {
	_run=$(cat "$(made "$1" run)") || exit 66
	_status=0
	left "rejected.$1" rows "silver/_rejects/$1" -c run -w "run = '$_run'" | totals "rejects.$1" 'n=count()' || _status=$?
	joined "$_status" "rejected.$1"
	name_figures "rejects.$1" "rejected(silver/$1)"
}

# orphans TABLE: for each reference, the rows whose value is in no row of the other table: how many, and the sums of their amounts.
orphans() {
	source_says "$1"
	amounts=
	words='n=count()'
	terms="orphans(silver/$1)"
	words_of "$said_amounts"
	for amount in $said; do
		amounts=${amounts:+$amounts,}$amount
		words="$words sum($amount)"
		terms="$terms${TAB}orphans(silver/$1.$amount)"
	done
	i=0
	words_of "$said_references"
	for reference in $said; do
		i=$((i + 1))
		add_columns "${reference%%=*}" "${amounts:--}"
		column=${reference%%=*}
		other=${reference#*=}
		_status=0
		left "known.$1.$i" rows "silver/${other%%.*}" -c "${other#*.}" | {
			# shellcheck disable=SC2086
			left "orphans.$1.$i" rows "silver/$1" -c "$columns" -w "$column is not null" </dev/null 3<&- |
				left "anti.$1.$i" acct-join -j anti -k "$column=${other#*.}" /dev/fd/3 | totals "orphans.$1.$i" $words
		} 3<&0 || _status=$?
		joined "$_status" "known.$1.$i" "orphans.$1.$i" "anti.$1.$i"
		read -r _sums <"$WORK/orphans.$1.$i.figures" || exit 74
		printf '%s\t%s\t%s\t%s\n' "$1" "$column" "$other" "$_sums" >"$WORK/orphans.$1.$i"
	done
	# A check can name the orphans of a table with one reference.
	[ "$i" -ne 1 ] || name_figures "orphans.$1.1" "$terms"
}

# bronze_of TABLE: the file in bronze that its silver is made of.
bronze_of() {
	read -r _sum _ <"$(made "$1" key)" || exit 66
	source_says "$1"
	for _name in "$said_file" "$said_file.gz" "$said_file.zst"; do
		_path=bronze/$(bronze_path "$1" "$_sum" "$_name")
		if [ -e "$STAGE/$_path" ] || [ -e "$LAKE/$_path" ]; then
			break
		fi
	done
	of "$_path"
}

# encoding_of TABLE: that of its file, in $_encoding; empty for UTF-8.
encoding_of() {
	while IFS=$TAB read -r _t _ _ _ _ _ _ _ _ _ _ _encoding; do
		[ "$_t" != "$1" ] || return 0
	done <"$WORK/statistics"
}

# text_of FILE: its text, decompressed by $_by and converted from $_encoding.
text_of() {
	"${_by:-cat}" ${_by:+-dc} <"$1" | if [ -n "$_encoding" ]; then iconv -c -f "$_encoding" -t UTF-8 || :; else cat; fi
}

# lines TABLE: counts the physical lines of its file, an unfinished last one among them, by what shares nothing with the reader of CSV.
lines() {
	_file=$(bronze_of "$1") || exit 66
	_by=$(compressed_by "$_file")
	[ -z "$_by" ] || need_programs "$_by"
	encoding_of "$1"
	if [ -n "$_by$_encoding" ]; then
		_lines=$(text_of "$_file" | wc -l)
		_end=$(text_of "$_file" | tail -c 1 | wc -l)
	else
		_lines=$(wc -l <"$_file")
		_end=$(tail -c 1 -- "$_file" | wc -l)
	fi
	printf 'lines(bronze/%s)\t%s\n' "$1" "$((_lines + 1 - _end))" >"$WORK/figures.lines.$1"
}

measure() {
	case $1 in
	lines.*) lines "${1#*.}" ;;
	rejects.*) rejects "${1#*.}" ;;
	orphans.*) orphans "${1#*.}" ;;
	*) pass "$1" ;;
	esac
}

# passes_over PATTERN: prints the numbers of the passes over tables whose path matches.
passes_over() {
	n=0
	while IFS=$TAB read -r path _; do
		n=$((n + 1))
		# shellcheck disable=SC2254
		case $path in
		$1) echo "$n" ;;
		esac
	done <"$WORK/pass.plan"
}

# tasks: what to measure, the longest first.
tasks() {
	for t in $(source_sizes | by_size); do
		echo "lines.$t"
		passes_over "silver/$t"
		source_says "$t"
		[ "$said_references" = - ] || echo "orphans.$t"
	done
	passes_over 'gold/*'
	for t in $TABLES; do
		echo "rejects.$t"
	done
}

# ---- the answer ----

# answer: reads the checks and says which of them close, in $WORK/answers.
answer() {
	: >"$WORK/unknown"
	awk -F '\t' -v OFS='\t' -v unknown="$WORK/unknown" '
		NR == FNR { value[$1] = $2; next }
		function fill(text,    term) {
			while (match(text, /\001[^\002]*\002/)) {
				term = substr(text, RSTART + 1, RLENGTH - 2)
				if (!(term in value)) {
					print term >unknown
					exit
				}
				text = substr(text, 1, RSTART - 1) value[term] substr(text, RSTART + RLENGTH)
			}
			return text
		}
		{ print $1, fill($2), $3, fill($4) }' "$WORK/figures" "$WORK/check.plan" >"$WORK/filled" || return 74
	[ ! -s "$WORK/unknown" ] || die 78 "$JOB/checks: $(cat "$WORK/unknown"): the table does not have just one reference, or no such amount"
	awk -F '\t' '{ print "(" $2 ") " ($3 == "=" ? "==" : $3) " (" $4 ")" }' "$WORK/filled" | BC_LINE_LENGTH=0 bc |
		paste -- "$WORK/filled" - >"$WORK/answers"
}

# A number alone has needed parentheses only to be calculated with.
as_text() {
	awk -F '\t' -v OFS='\t' '{
		gsub(/[()]/, "", $2)
		gsub(/[()]/, "", $4)
		print $1, $2, $3 " " $4, $5 == 1 ? "closes" : "DOES NOT CLOSE"
	}' "$WORK/answers" | align lrll
}

as_json() {
	awk -F '\t' '{
		gsub(/[\\"]/, "\\\\&", $1)
		gsub(/[()]/, "", $2)
		gsub(/[()]/, "", $4)
		printf "%s  {\"check\":\"%s\",\"left\":\"%s\",\"sign\":\"%s\",\"right\":\"%s\",\"closes\":%s}", separator, $1, $2, $3, $4,
			$5 == 1 ? "true" : "false"
		separator = ",\n"
	}' "$WORK/answers"
}

options "$@"
shift "$TAKEN"
[ $# -eq 1 ] || usage
read_job
need_programs flock acct-balance acct-cat acct-join acct-read bc sqlite3
lake "$1"
lock
if [ -n "${ACCT_RUN:-}" ]; then
	begin
else
	[ -e "$LAKE/runs/made" ] || die 66 "$LAKE/runs/made: not there; run.sh makes it"
	RUN=
	STAGE=/nonexistent
	PREPARED=/nonexistent
	WORK=$(mktemp -d) || exit 73
	trap 'end_work "$?"' EXIT
	stop_on_signals
fi
for t in $TABLES; do
	need_tables silver.sh "silver/$t" "silver/_rejects/$t"
done
for t in $GOLD; do
	need_tables gold.sh "gold/$t"
done
statistics
plan
# shellcheck disable=SC2046
each measure $(tasks)
cat -- "$WORK"/figures.* >"$WORK/figures"
cat -- "$WORK"/orphans.*.[0-9] >"$WORK/orphans" 2>/dev/null || :
answer
checks=$(wc -l <"$WORK/check.plan")
[ "$(wc -l <"$WORK/answers")" -eq "$checks" ] || die 70 'not every check was answered'
as_text
closed=$(grep -c "${TAB}1\$" "$WORK/answers") || :
echo "  $closed of $checks checks close"
if [ "$closed" -eq "$checks" ]; then
	closes=true
else
	closes=false
fi
if [ -n "$RUN" ]; then
	printf '{"closes":%s,"checks":[\n%s\n]}\n' "$closes" "$(as_json)" >"$RUN/reconciliation.json"
fi
if [ "$closes" = false ]; then
	ANSWER=no
	exit 1
fi
