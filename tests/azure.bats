load helper

# Azure Blob Storage as a store, on a private Azurite over https: its account is acct, its container lake. tests/azure/rest.py is a client in nothing
# but Python; Microsoft's own is azure-storage-blob. No test looks for an identity outside of this machine.

setup_file() {
	sh "$BATS_TEST_DIRNAME/azurite.sh" start >"$BATS_FILE_TMPDIR/azurite.env" 3>&- 4>&- || true
}

teardown_file() {
	. "$BATS_FILE_TMPDIR/azurite.env"
	[ -z "${AZURITE:-}" ] || sh "$BATS_TEST_DIRNAME/azurite.sh" stop "$AZURITE"
}

prepare() {
	. "$BATS_FILE_TMPDIR/azurite.env"
	if [ -z "${AZURITE:-}" ]; then
		[ -z "${CI:-}" ] || return 1
		skip 'SKIPPED: no Azurite'
	fi
	export AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:9 ACCT_AZURE_PATIENCE=10
	HERE=https://127.0.0.1:$AZURITE_PORT/acct
	ROOM=case-$BATS_TEST_NUMBER		# a folder of the container for each case
	A=az://acct/lake/$ROOM
	seq 1 1000 | mkrec t 'id:int64*!' >t.acct
}

# rest VERB ...: the other client.
rest() {
	python3 "$ROOT/tests/azure/rest.py" "$HERE" "$@"
}

# noise BYTES: as many random bytes, the same for a seed.
noise() {
	openssl enc -aes-128-ctr -nosalt -pass "pass:${ACCT_SEED:=$RANDOM}" -pbkdf2 </dev/zero 2>/dev/null | head -c "$1" || true
}

@test "azure: the contract of a store holds, by every form of address and by a signature" {
	run -0 env ACCT_STORE_ADDRESS="$A/a" "$BUILD/unit/store"
	run -0 env ACCT_STORE_ADDRESS="abfss://lake@acct.dfs.core.windows.net/$ROOM/b" "$BUILD/unit/store"
	run -0 env -u ACCT_AZURE_ENDPOINT ACCT_STORE_ADDRESS="$HERE/lake/$ROOM/c" "$BUILD/unit/store"
	AZURE_STORAGE_SAS_TOKEN=$(rest sas rwdlacx)
	run -0 env -u AZURE_STORAGE_KEY AZURE_STORAGE_SAS_TOKEN="$AZURE_STORAGE_SAS_TOKEN" ACCT_STORE_ADDRESS="$A/d" "$BUILD/unit/store"
	run -0 env -u AZURE_STORAGE_KEY AZURE_STORAGE_SAS_TOKEN="?$AZURE_STORAGE_SAS_TOKEN" acct-blob ls "$A"
	same $'a/\nb/\nc/\nd/' "$output"
}

@test "azure: addresses that are not, and secrets that would be seen" {
	for address in az:// az://acct az://acct/ 'az://Acct/lake/x' abfss://acct.dfs.core.windows.net/x https://acct.blob.core.windows.net; do
		run -64 --separate-stderr acct-blob ls "$address"
		[[ $stderr == "acct-blob: ${address%/}"*": "* ]]
	done
	run -64 --separate-stderr acct-blob ls "$HERE/lake?sig=secret"
	[[ $stderr == *"set AZURE_STORAGE_SAS_TOKEN" && $stderr != *secret* ]]
	run -64 --separate-stderr acct-blob ls http://acct.blob.core.windows.net/lake
	[[ $stderr == *"http is for emulators on this machine: use https" ]]
}

@test "azure: a table lives as in a folder" {
	for t in "$A/tab" tab; do
		acct-write "$t" <t.acct
		seq 900 1100 | mkrec t 'id:int64*!' | acct-merge -k id "$t"
		seq 2000 2100 | mkrec t 'id:int64*!' | acct-write "$t"
		acct-optimize "$t"
		seq 1 5 | mkrec t 'id:int64*!' | acct-write -m overwrite "$t"
		acct-vacuum "$t"
		seq 1 5 | mkrec t 'id:int64*!' | acct-write --txn app:1 --prepare p "$t"
		acct-commit p "$t"
	done
	same "$(acct-read tab | acct-cat -f tsv | sort)" "$(acct-read "$A/tab" | acct-cat -f tsv | sort)"
	same "$(acct-read tab@1 | acct-cat -f tsv | sort)" "$(acct-read --at 1 "$A/tab" | acct-cat -f tsv | sort)"
	same "$(acct-log -n 9 tab | awk '{ print $1, $3 }')" "$(acct-log -n 9 "$A/tab" | awk '{ print $1, $3 }')"
	same "$(acct-read -w 'id < 3' tab | acct-cat -f tsv)" "$(acct-read -w 'id < 3' "$A/tab" | acct-cat -f tsv)"
	acct-check "$A/tab"
	# The bytes of the log are those that another client gets.
	rest get "lake/$ROOM/tab/_delta_log/00000000000000000000.json" >seen
	acct-blob get "$A/tab/_delta_log/00000000000000000000.json" ours
	cmp seen ours
}

@test "azure: a program takes the address of a file, plain or Parquet" {
	printf 'id,name\n1,a\n2,"b\nc"\n' >t.csv
	acct-ingest -t t <t.csv >raw.acct
	rest put "lake/$ROOM/t.csv" <t.csv
	cmp <(acct-ingest -t t "$A/t.csv" | tail -n +2) <(tail -n +2 raw.acct)
	acct-select -w 'id > 998' -o "$A/late.acct" t.acct
	same $'id\n999\n1000' "$(tsv "$A/late.acct")"
	acct-write -i t.acct -o "$A/plain/t.parquet"
	acct-read "$A/plain/t.parquet" | cmp - <(acct-write -i t.acct -o t.parquet && acct-read t.parquet)
	acct-read -t t "$A/plain" | cmp - <(acct-read t.parquet)
	acct-check "$A/plain/t.parquet"
	acct-check "$A/plain"
	run -66 --separate-stderr acct-cat "$A/none.acct"
	same "acct-cat: $A/none.acct: no such object" "$stderr"
	run -65 --separate-stderr sh -c 'head -c 100 t.acct | acct-select -o "$0" -w "id > 0"' "$A/torn.acct"
	run -66 --separate-stderr acct-blob get "$A/torn.acct"
}

@test "azure: absent, denied and refused end with their own statuses" {
	run -66 --separate-stderr acct-read "$A/none"
	[[ $stderr == "acct-read: $A/none: "* ]]
	run -66 --separate-stderr acct-blob get "az://acct/other/x"
	[[ $stderr == *"no such container" ]]
	run -66 --separate-stderr acct-blob put t.acct "az://acct/other/x"
	[[ $stderr == *"ContainerNotFound (404); create the container first" ]]
	AZURE_STORAGE_KEY=$(openssl rand -base64 32) run -77 --separate-stderr acct-blob ls "$A"
	[[ $stderr == *"(40"[03]"); tried account key (AZURE_STORAGE_KEY): is it the account's key, and are keys allowed?" ]]
	AZURE_STORAGE_KEY='no key' run -78 --separate-stderr acct-blob ls "$A"
	same 'acct-blob: AZURE_STORAGE_KEY: must be the account'\''s key in base64' "$stderr"
	run -77 --separate-stderr env AZURE_STORAGE_SAS_TOKEN="$(rest sas rl)" acct-blob put t.acct "$A/x"
	[[ $stderr == *"(403); tried shared access signature (AZURE_STORAGE_SAS_TOKEN): it needs the permissions c, w and d, and must be in force" ]]
	run -77 --separate-stderr env AZURE_STORAGE_SAS_TOKEN="$(rest sas rwdlac -60)" acct-blob ls "$A"
	run -69 --separate-stderr env ACCT_AZURE_ENDPOINT=https://127.0.0.1:9/acct ACCT_AZURE_PATIENCE=1 acct-blob ls "$A"
	[[ $stderr == *"no reply: "* ]]
	run -69 --separate-stderr env -u SSL_CERT_FILE ACCT_AZURE_PATIENCE=1 acct-blob ls "$A"	# a certificate of nobody we trust
	[[ $stderr == *"no reply: "*"certificate"* ]]
}

@test "azure: acct-blob moves any number of bytes, in blocks and ranges, within 64 MB" {
	unsanitized 'they reserve memory of their own'
	for n in 0 1 262143 262144 262145 8388608 8388609 21000000; do
		noise "$n" >in
		acct-blob put "$A/b$n" <in
		command time -f %M -o kb acct-blob get "$A/b$n" out
		cmp in out
		[ "$(<kb)" -lt 64000 ]
	done
	command time -f %M -o kb sh -c 'cat in | acct-blob put "$0" && acct-blob get "$0" | cmp - in' "$A/again"
	[ "$(<kb)" -lt 64000 ]
	same $'again\nb0\nb1\nb21000000' "$(acct-blob ls "$A" | head -n 4)"
	same 21000000 "$(acct-blob ls -l "$A" | awk '$3 == "again" { print $1 }')"
}

@test "azure: acct-blob lists, copies and removes below an address" {
	mkdir -p d/e
	for f in d/a.csv d/b.txt d/e/c.csv 'd/e/ä %+?#&x.csv'; do echo "$f" >"$f"; done
	acct-blob cp --recursive d "$A/d"
	same $'a.csv\nb.txt\ne/c.csv\ne/ä %+?#&x.csv' "$(acct-blob ls --recursive "$A/d")"
	same $'a.csv\ne/c.csv\ne/ä %+?#&x.csv' "$(acct-blob ls --recursive --include '*.csv' "$A/d")"
	same $'e/\na.csv\nb.txt' "$(acct-blob ls "$A/d")"
	acct-blob cp --recursive --include '*.csv' "$A/d" "$A/f"
	acct-blob cp --recursive "$A/f" back
	diff -r --exclude b.txt d back
	same 'd/e/ä %+?#&x.csv' "$(rest get "lake/$ROOM/f/e/ä %+?#&x.csv")"
	acct-blob rm "$A/d/b.txt"
	run -66 --separate-stderr acct-blob rm "$A/d/b.txt"
	acct-blob rm --recursive --include 'c*' "$A/f"
	same $'a.csv\ne/ä %+?#&x.csv' "$(acct-blob ls --recursive "$A/f")"
	acct-blob put --if-absent d/a.csv "$A/once"
	run -1 --separate-stderr acct-blob put --if-absent d/b.txt "$A/once"
	same "acct-blob: $A/once: exists already" "$stderr"
	same d/a.csv "$(acct-blob get "$A/once")"
	run -66 --separate-stderr acct-blob ls "$A/nothing"
	run -64 --separate-stderr acct-blob ls --include x "$A"
	run -64 --separate-stderr acct-blob move a b
}
