# shellcheck shell=sh disable=SC2034,SC2153,SC2154
# Bronze and silver of a run. Read by run.sh.
#
# Every delivery is an entry of LAKE/bronze/_ledger, by its contents. A file that was seen before is passed over; of one that has grown bronze keeps what
# was added as a piece, and silver/TABLE is merged with that (grown.sh). Of any other file that is new all is cleaned, and compared with the table by key:
# rows that are the same stay, those that the file has no more go. silver/_rejects/TABLE gets all rejects of the delivery.
#
# runs/made/TABLE says what a table was made of: pieces, the schema and the programs (key), statistics, and the file of its rejects in runs/rejects.

# prepare PATH PROGRAM OPTION...: a version of a table of the lake.
prepare() {
	_path=$1
	shift
	"$@" --txn "$APP:next" --prepare "$PREPARED/$_path" "$LAKE/$_path"
}

# put: puts the objects of standard input, as acct-lake does; their files are named from $WORK.
put() (
	cd -- "$WORK" && exec acct-lake put
)

# ---- bronze ----

# compare OPTION...: compares the back end with the ledger, which is on standard input if HAS_LEDGER says so. Without a back end only lists its pieces.
compare() {
	set -- --pieces "$WORK/pieces" --deliveries "$WORK/deliveries" "$@" --
	[ -n "$BACKEND" ] || set -- --ledger-only "$@"
	[ -z "$HAS_LEDGER" ] || set -- -i - "$@"
	[ -z "$BACKEND" ] || set -- "$@" "$BACKEND"
	_lacking=
	while IFS=$TAB read -r _kind _name _file _ _ _ _optional; do
		[ "$_kind" = source ] || continue
		set -- "$@" "$_name=$_file"
		[ "$_optional" != optional ] || _lacking=$_lacking,$_name
	done <<-END
		$JOB_LINES
	END
	acct-ledger ${_lacking:+--optional "${_lacking#,}"} "$@" >"$WORK/found"
}

# deliver: finds what is new and, unless it is only asked for, takes it to bronze. Sets NEWS to yes if there is something, WAITING if a day is not complete.
deliver() {
	_status=0
	HAS_LEDGER=
	! has bronze/_ledger || HAS_LEDGER=yes
	if is_damaged bronze/_ledger; then
		warn "$LAKE/bronze/_ledger: made again of the files of the back end alone"
		[ "$ASKED" = --dry-run ] || acct-lake aside bronze/_ledger
		HAS_LEDGER=
	fi
	set --
	[ "$ASKED" = --dry-run ] || [ -z "$BACKEND" ] ||
		set -- -o "$WORK/entries" --take "$WORK/take" --bronze "$LAKE/bronze" --run "$ID"
	if [ -n "$HAS_LEDGER" ]; then
		left ledger acct-read "$LAKE/bronze/_ledger" | compare "$@" || _status=$?
	else
		compare "$@" </dev/null || _status=$?
	fi
	WAITING=
	[ "$_status" -ne 75 ] || WAITING=yes _status=0
	joined "$_status" ledger
	NEWS='' _entries=''
	while IFS=$TAB read -r _state _name _day _ _ _file _; do
		case $_state in
		seen) continue ;;
		waiting) ;;
		mended) NEWS=yes ;;
		*) NEWS=yes _entries=yes ;;
		esac
		say_step bronze "$_name" "$_state: $_file"
	done <"$WORK/found"
	[ -n "$NEWS" ] && [ "$ASKED" != --dry-run ] || return 0
	keep_pieces
	[ -z "$_entries" ] || prepare bronze/_ledger acct-write -i "$WORK/entries"
}

# keep_pieces: what is new goes to its place, in that of a piece that was cut short.
keep_pieces() {
	for _file in "$WORK"/take/*/*; do
		_file=${_file#"$WORK/"}
		[ "$_file" != 'take/*/*' ] || continue
		[ ! -e "$LAKE/bronze/${_file#take/}" ] || cmp -s -- "$WORK/$_file" "$LAKE/bronze/${_file#take/}" || rm -f -- "$LAKE/bronze/${_file#take/}"
		printf '%s\t%s\n' "$_file" "bronze/${_file#take/}"
	done | put
	! is_far "$LAKE" || cp -R -- "$WORK/take/." "$NEAR/bronze"
}

# ---- silver ----

# ingest OPTION... PIECE...: the cause of a failure is the last that is said.
ingest() {
	_got=0
	cd "$NEAR/bronze" || exit 74
	acct-ingest -s "$schema" --pieces --stats "$out/ingest.json" "$@" 2>"$WORK/$table.said" || _got=$?
	[ "$_got" -eq 0 ] || [ "$_got" -eq 141 ] || warn "$named: refused; the lake is as it was"
	[ ! -s "$WORK/$table.said" ] || cat -- "$WORK/$table.said" >&2
	return "$_got"
}

# judge COMMAND...: keeps what it says for stop_at_limits if it ends with 1.
judge() {
	_got=0
	"$@" 2>"$WORK/$table.judged" || _got=$?
	if [ "$_got" -eq 1 ] && [ -s "$WORK/$table.judged" ]; then
		mv -- "$WORK/$table.judged" "$WORK/$table.passed"
	elif [ -s "$WORK/$table.judged" ]; then
		cat -- "$WORK/$table.judged" >&2
	fi
	return "$_got"
}

# clean: cleans standard input, against the rows of the tables that have the owners of its own.
clean() {
	cd -- "$work" || exit 74
	set -- -s "$schema" -r rejects.acct --stats "$out/clean.json" --delivery "$delivery" --expect ${accept:+"$accept"}
	[ ! -e "$made/clean.json" ] || set -- "$@" --last "$made/clean.json"
	for _owner in $said_owners; do
		set -- "$@" --owners "$_owner=$_owner.owners"
	done
	judge acct-clean "$@"
}

# clean_whole PIECE...: cleans all of the table's file, and compares it with the table or overwrites that.
clean_whole() {
	case $how.$key_columns in
	merge.*) set -- acct-merge --delete-absent -- "$@" ;;
	*.-) set -- acct-write -m overwrite --replace-schema --hidden _delivery,_line -- "$@" ;;
	*) set -- acct-write -m overwrite --replace-schema --hidden _delivery,_line --property delta.enableDeletionVectors=true -- "$@" ;;
	esac
	_writer=
	while [ "$1" != -- ]; do
		_writer="$_writer $1"
		shift
	done
	shift
	for _owner in $said_owners; do
		rows "silver/$_owner" -o "$work/$_owner.owners" || exit
	done
	_status=0
	# shellcheck disable=SC2086
	left "$table.ingest" ingest "$@" | left "$table.clean" clean | prepare "silver/$table" $_writer || _status=$?
	joined "$_status" "$table.ingest" "$table.clean"
}

# clean_grown N PIECE...: cleans what the file has more than its first N pieces. Fails with 69 where that cannot be done.
clean_grown() {
	_was=$WORK/$table.was
	mkdir -p -- "$_was"
	ln -s -- "$made/ingest.json" "$made/clean.json" "$_was"
	fetch "runs/rejects/$rejects" || return
	ln -s -- "$NEAR/runs/rejects/$rejects" "$_was/rejects.acct"
	_limits=-e
	[ -z "$accept" ] || _limits=-a
	(cd "$NEAR/bronze" && judge sh "$here/grown.sh" "$_limits" -d "$delivery" "$schema" "$key_columns" "$_was" "$work" "$LAKE/silver/$table" "$@") || return
	mv -- "$work/ingest.json" "$work/clean.json" "$out" || return 74
	prepare "silver/$table" acct-merge -i "$work/merge.acct" --delete-flag _gone=true
}

# prove: pieces that this run has not brought are what they were.
prove() {
	while IFS=$TAB read -r _ _sum _ _path; do
		[ ! -e "$WORK/take/$_path" ] || continue
		[ -e "$NEAR/bronze/$_path" ] || die 66 "$LAKE/bronze/$_path: not there"
		_is=$(sha256sum <"$NEAR/bronze/$_path")
		[ "${_is%% *}" = "$_sum" ] || die 65 "$LAKE/bronze/$_path: damaged: its SHA-256 is ${_is%% *}, and was $_sum; the lake is as it was." \
			'Put the right file in its place, or remove it: a run takes it from the back end again'
	done <"$out/pieces"
}

# reject HOW: adds the rejects of this run, with their file and its line of names, so that the rows can be mended and fed in again.
reject() {
	_mode=append
	case $1 in
	anew) acct-lake aside "silver/_rejects/$table" ;;
	overwrite) _mode=overwrite ;;
	append) ! has "silver/_rejects/$table" || ! grep -q '"rejected": 0,' "$out/clean.json" || return 0 ;;
	esac
	[ "$1" = append ] ||
		warn "$LAKE/silver/_rejects/$table: made again with the rejects of this run alone; what older ones can be read is in its older versions"
	_status=0
	left "$table.rejects" acct-select --text -c "run='$ID',file='$_last',header=@header,_line,reason,column,value,raw" "$work/rejects.acct" |
		prepare "silver/_rejects/$table" acct-write -m "$_mode" || _status=$?
	joined "$_status" "$table.rejects"
}

# keep_rejects HOW: the file of the rejects, unless they are those of an earlier run.
keep_rejects() {
	if [ "$1" != keep ]; then
		reject "$1"
		[ -z "$rejects" ] || echo "runs/rejects/$rejects" >"$work/gone"
		rejects=$table-$ID.acct
		printf '%s\t%s\n' "$table/rejects.acct" "runs/rejects/$rejects" >"$work/put"
	fi
	echo "$rejects" >"$out/rejects"
}

# list_pieces: writes the lines of the table's pieces. Sets delivery to the number of its newest delivery, named to what its file is called in
# messages, _last to the path of its last piece.
list_pieces() {
	while IFS=$TAB read -r _table _sum _bytes _path; do
		[ "$_table" != "$table" ] || {
			printf '%s\t%s\t%s\t%s\n' "$_table" "$_sum" "$_bytes" "$_path"
			_last=$_path
		}
	done <"$WORK/pieces" >"$out/pieces"
	while IFS=$TAB read -r _table _number; do
		[ "$_table" != "$table" ] || delivery=$_number
	done <"$WORK/deliveries"
	named=$LAKE/bronze/$_last
	while IFS=$TAB read -r _state _table _ _ _ _name _; do
		case $_state.$_table in
		new."$table" | grown."$table" | changed."$table") named=$BACKEND/$_name ;;
		esac
	done <"$WORK/found"
}

# refine LINE: makes a silver table, as the line of the plan has it.
refine() {
	IFS=$TAB read -r _ table how _ key keep _ <<-END
		$1
	END
	source_says "$table"
	key_columns=$said_key schema=$JOB/sources/$table.yaml made=$NEAR/runs/made/$table
	out=$STAGE/runs/made/$table work=$WORK/$table
	accept='' rejects=''
	mkdir -p -- "$out" "$work"
	list_pieces
	[ ! -e "$made/rejects" ] || read -r rejects <"$made/rejects"
	case ,$ACCEPT,.$keep in
	*,"$table",*.* | *.keep) accept=--accept ;;
	esac
	set --
	while IFS=$TAB read -r _ _ _ _path; do
		fetch "bronze/$_path"
		set -- "$@" "$_path"
	done <"$out/pieces"
	_status=69
	if [ "$how" = grown ]; then
		_olds=0
		while read -r _; do _olds=$((_olds + 1)); done <"$made/pieces"
		_status=0
		clean_grown "$_olds" "$@" || _status=$?
		how=merge
	elif [ "$how" = anew ]; then
		acct-lake aside "silver/$table"
	fi
	if [ "$_status" -eq 69 ]; then
		prove 2>"$work/proof" &
		_proof=$!
		_status=0
		(clean_whole "$@") || _status=$?
		wait "$_proof" || {
			_status=$?
			cat -- "$work/proof" >&2
		}
	fi
	[ "$_status" -eq 0 ] || exit "$_status"
	keep_rejects "$keep"
	echo "$key" >"$out/key"
}

# stop_at_limits: says which limits are passed, all of them, as the last that is said.
stop_at_limits() {
	passed=
	for t in $TABLES; do
		[ ! -e "$WORK/$t.passed" ] || passed=$passed,$t
	done
	[ -n "$passed" ] || return 0
	ANSWER=limits
	warn "limits are passed, so nothing takes effect; --accept ${passed#,} lets that through:"
	cat -- "$WORK"/*.passed >&2
}

# make_silver LINE...: the tables of these lines of the plan.
make_silver() {
	tell 'silver: cleaning'
	_status=0
	set +e
	each refine "$@"
	_status=$?
	set -e
	[ "$_status" -ne 1 ] || stop_at_limits
	[ "$_status" -eq 0 ] || exit "$_status"
}
