# Loaded by every bats file: where the programs are, a fresh folder, small makers of input.

bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME" && while [ ! -e Makefile ]; do cd ..; done && pwd)
BUILD=${BUILD:-$ROOT/build}
SHARED=$ROOT/../shared
export PATH="$BUILD/bin:$BUILD/tools:$PATH" LC_ALL=C
# No test asks the machine it runs on for an identity.
export AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:9

setup() {
	T=$(mktemp -d "${BATS_TEST_TMPDIR:-/tmp}/t.XXXXXX")
	cd "$T" || return 1
	if declare -F prepare >/dev/null; then prepare; fi
}

# same EXPECTED ACTUAL: two texts, shown as a difference where they are not the same.
same() {
	diff -u --label expected --label actual <(printf '%s\n' "$1") <(printf '%s\n' "$2")
}

# no_records: after `run`, the program wrote no record stream, but for the abort line with its status where it ends one in a pipe.
no_records() {
	[ -z "$output" ] || same $'\001E '"$status" "$output"
}

# tsv FILE: a record stream as text with its header, for comparing.
tsv() {
	acct-cat -f tsv "$@"
}

# need FOLDER: skips loudly what works on files that come beside the checkout.
need() {
	[ -e "$1" ] || skip "SKIPPED: $1 is not there"
}

# sanitized: is this the build with sanitizers, or that for coverage, which open files and reserve memory of their own?
sanitized() {
	case ${BUILD##*/} in
	san | coverage) return 0 ;;
	*) return 1 ;;
	esac
}

# unsanitized WHY: skips what sanitizers are in the way of, or would see nothing of.
unsanitized() {
	! sanitized || skip "SKIPPED: $*"
}

# preloadable: skips where a library that takes the place of system calls cannot be preloaded.
preloadable() {
	[ "${BUILD##*/}" != san ] || skip 'SKIPPED: sanitizers have these calls themselves'
}

# need_peers PACKAGE ...: Python peers, as tests/peers.sh installs them. Where they cannot be had the test is skipped loudly, and fails where CI
# is set: a green run there means that they were asked.
need_peers() {
	sh "$ROOT/tests/peers.sh" "$@" >&2 && return
	[ -z "${CI:-}" ] || return 1
	skip "SKIPPED: $* cannot be installed"
}

# python FILE ...: of the peers.
python() {
	"${PEERS:-$ROOT/build/peers}/bin/python" "$@"
}

# need_delta_rs: delta-rs, the other writer of Delta tables. delta_rs VERB TABLE ...: what it makes of a table; the verbs stand in
# interop/delta_peers.py.
need_delta_rs() {
	need_peers deltalake pyarrow
}

delta_rs() {
	python "$ROOT/tests/interop/delta_peers.py" "$@"
}

# postgres_start, in setup_file, and postgres_stop, in teardown_file: one private PostgreSQL for all cases of a file.
postgres_start() {
	sh "$ROOT/tests/postgres.sh" start >"$BATS_FILE_TMPDIR/postgres.env" 3>&- 4>&- || true
}

postgres_stop() {
	. "$BATS_FILE_TMPDIR/postgres.env"
	[ -z "${PGPRIVATE:-}" ] || sh "$ROOT/tests/postgres.sh" stop "$PGPRIVATE"
}

# postgres: an empty database of the case's own, to which psql connects; without a server the case is skipped, loudly.
postgres() {
	. "$BATS_FILE_TMPDIR/postgres.env"
	[ -n "${PGPRIVATE:-}" ] || skip "SKIPPED: no PostgreSQL 15"
	export PGDATABASE=case$BATS_TEST_NUMBER
	PGDATABASE=postgres psql -X -q -c "CREATE DATABASE $PGDATABASE"
}

# traced WORD...: strace; LeakSanitizer cannot look while another process traces.
traced() {
	ASAN_OPTIONS=detect_leaks=0 strace -qq -o trace "$@"
}

need_strace() {
	command -v strace >/dev/null || skip "SKIPPED: strace is not there"
	traced true || skip "SKIPPED: strace may not trace here"
}

# A record stream with a column of each type: its ends, null, and a value between them.
every_type() {
	mkrec t 'b:bool i:int32 l:int64 d:decimal(9,2) e:decimal(18,4) w:decimal(38,10) day:date ts:timestamp f:float64 s:string' <<-'END'
	true	-2147483648	-9223372036854775808	-9999999.99	-99999999999999.9999	-9999999999999999999999999999.9999999999	0001-01-01	0001-01-01T00:00:00Z	-inf	
	false	2147483647	9223372036854775807	9999999.99	99999999999999.9999	9999999999999999999999999999.9999999999	9999-12-31	9999-12-31T23:59:59.999999Z	nan	a\nb\tc\\ üß😀
	\N	\N	\N	\N	\N	\N	\N	\N	\N	\N
	true	0	0	0.00	0.0000	0.0000000000	1970-01-01	1970-01-01T00:00:00Z	-0.0	x
	END
}

# edit_log SED FILE ...: alters commits to what another writer might have written, which has no checksum of ours.
edit_log() {
	sed -i -e 's/,"acctChecksum":"[0-9a-f]*"//' -e "$@"
}

# with_deletions TABLE ROW ...: deletes rows of a table's one file, by their numbers from 0, with a deletion vector, as another writer would.
with_deletions() {
	python3 "$ROOT/tests/deletions.py" "$@"
}

# partition_by TABLE COLUMN: makes the first version of a table say that it is partitioned.
partition_by() {
	edit_log "s/\"partitionColumns\":\[\]/\"partitionColumns\":[\"$2\"]/" "$1/_delta_log/00000000000000000000.json"
}

# tables_of_others: prints the folders of tables as other writers leave them: two made here, and the golden tables where they are.
tables_of_others() {
	seq 0 99 | mkrec t 'id:int64' | acct-write theirs/deleted
	with_deletions theirs/deleted 0 7 14 99
	seq 0 9 | mkrec t 'id:int64' | acct-write theirs/plain
	edit_log '/"commitInfo"/d; s/,"tags":{[^}]*}//' theirs/plain/_delta_log/00000000000000000000.json
	printf '%s\n' theirs/deleted theirs/plain "$SHARED"/conformance/delta/golden/*/_delta_log | sed 's|/_delta_log$||; /\*/d'
}

# whole TABLE OPTION...: the records of a silver table with its hidden columns, for writing them again.
whole() {
	acct-read -c "$(acct-read "$1" | acct-cat -f tsv | sed -n '1{s/\t/,/g;p;}'),_delivery,_line" "${@:2}" "$1"
}

# run_of LAKE TABLE: prints the id of the run whose rejects are the table's.
run_of() {
	sed "s/^$2-//; s/\.acct\$//" "$1/runs/made/$2/rejects"
}

# last LAKE: prints the folder of the last run of the whole job.
last() {
	echo "$1/runs/$(cat "$1/runs/last")"
}
