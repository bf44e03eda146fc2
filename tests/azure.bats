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
	run -69 --separate-stderr env ACCT_AZURE_ENDPOINT=https://127.0.0.1:9/acct ACCT_AZURE_PATIENCE=0 acct-blob ls "$A"
	[[ $stderr == *"no reply: "* ]]
	run -69 --separate-stderr env -u SSL_CERT_FILE ACCT_AZURE_PATIENCE=0 acct-blob ls "$A"	# a certificate of nobody we trust
	[[ $stderr == *"no reply: "*"certificate"* ]]
}

@test "azure: acct-blob moves any number of bytes, in blocks and ranges, within 64 MB" {
	unsanitized 'they reserve memory of their own'
	for n in 0 1 262144 262145 8388609; do
		noise "$n" >in
		acct-blob put "$A/b$n" <in
		command time -f %M -o kb acct-blob get "$A/b$n" out
		cmp in out
		[ "$(<kb)" -lt 64000 ]
	done
	noise 17000000 >in
	command time -f %M -o kb sh -c 'cat in | acct-blob put "$0" && acct-blob get "$0" | cmp - in' "$A/again"
	[ "$(<kb)" -lt 64000 ]
	same $'again\nb0\nb1\nb262144' "$(acct-blob ls "$A" | head -n 4)"
	same 17000000 "$(acct-blob ls -l "$A" | awk '$3 == "again" { print $1 }')"
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

# proxied: starts the proxy, to which the addresses go from then on; `plan` says its faults.
proxied() {
	: >plan
	: >log
	python3 "$ROOT/tests/azure/proxy.py" "$HERE" plan log >port 3>&- &
	PROXY=$!
	until [ -s port ]; do sleep 0.05; done
	export ACCT_AZURE_ENDPOINT="http://127.0.0.1:$(<port)/{account}"
	AZURE_STORAGE_SAS_TOKEN=$(rest sas rwdlacx)		# which covers no headers, so that the proxy may change them
	export AZURE_STORAGE_SAS_TOKEN
}

# tokens SECONDS: starts the doubles that give tokens.
tokens() {
	: >asked
	VAULT_SECRET=$AZURE_STORAGE_KEY python3 "$ROOT/tests/azure/tokens.py" asked "$1" >token-port 3>&- &
	TOKENS=$!
	until [ -s token-port ]; do sleep 0.05; done
	GIVER=http://127.0.0.1:$(<token-port)
}

teardown() {
	[ -z "${PROXY:-}" ] || kill "$PROXY"
	[ -z "${TOKENS:-}" ] || kill "$TOKENS"
}

# plan LINE ...
plan() {
	printf '%s\n' "$@" >plan.new
	mv plan.new plan
	: >log
}

@test "azure: a lost reply to a commit is found out by the writer's mark" {
	proxied
	echo ours >ours
	echo theirs >theirs
	plan '1 PUT /mine lose'
	acct-blob put --if-absent ours "$A/mine"		# the second try finds its own
	same 2 "$(grep -c '^PUT' log)"
	rest put "lake/$ROOM/other" <theirs
	plan '1 PUT /other cut'
	run -1 acct-blob put --if-absent ours "$A/other"	# the first try never arrived, and the name is another's
	same theirs "$(acct-blob get "$A/other")"
	plan '1 PUT /twice twice'
	run -1 --separate-stderr acct-blob put --if-absent ours "$A/twice"	# the network's copy won, without a lost reply: as good as another's
	same ours "$(acct-blob get "$A/twice")"
	plan '1 DELETE /mine lose'
	acct-blob rm "$A/mine"
	plan '1 PUT _delta_log/0+[.]json lose' '1 PUT _delta_log/0+1[.]json done 500 InternalError'
	acct-write "$A/tab" <t.acct
	acct-write "$A/tab" <t.acct
	same $'1\n0' "$(acct-log "$A/tab" | awk '{ print $1 }')"
	plan '100 PUT _delta_log/0+2[.]json lose'
	ACCT_AZURE_PATIENCE=0 run --separate-stderr acct-write "$A/tab" <t.acct
	[ "$status" -eq 69 ] || [ "$status" -eq 0 ]
	plan
	same 3000 "$(acct-read "$A/tab" | acct-balance 'n=count()' | tsv | tail -n 1)"
}

@test "azure: busy and failing services are asked again, others not" {
	proxied
	acct-blob put t.acct "$A/x"
	plan '1 GET /x status 503 ServerBusy' '1 GET /x cut'
	acct-blob get "$A/x" | cmp - t.acct
	same 3 "$(grep -c ^GET log)"
	plan '1 GET /x status 429 - 1' '1 GET /x short'
	acct-blob get "$A/x" | cmp - t.acct
	same 3 "$(grep -c ^GET log)"
	plan '1 GET /x flip'			# caught by the sum
	acct-blob get "$A/x" | cmp - t.acct
	same 2 "$(grep -c ^GET log)"
	# code, status of the service, status of ours, number of requests
	while read -r code number want requests; do
		plan "9 GET /x status $number $code"
		ACCT_AZURE_PATIENCE=0 run "-$want" --separate-stderr acct-blob get "$A/x"
		[[ $stderr == "acct-blob: "* && $stderr != *"$AZURE_STORAGE_KEY"* ]]
		[ "$requests" = + ] || same "$code $requests" "$code $(grep -c ^GET log)"
	done <<-'END'
	BlobNotFound 404 66 1
	ContainerNotFound 404 66 1
	AuthenticationFailed 403 77 1
	AuthorizationPermissionMismatch 403 77 1
	InsufficientAccountPermissions 403 77 1
	AccountIsDisabled 403 77 1
	BlobArchived 409 73 1
	ContainerBeingDeleted 409 75 1
	ServerBusy 503 75 +
	InternalError 500 69 +
	- 429 75 +
	END
	while read -r code number want; do
		plan "9 PUT /y status $number $code"
		ACCT_AZURE_PATIENCE=0 run "-$want" --separate-stderr acct-blob put --if-absent t.acct "$A/y"
	done <<-'END'
	BlobAlreadyExists 409 1
	ConditionNotMet 412 1
	UnauthorizedBlobOverwrite 403 1
	BlobOperationNotSupported 409 73
	BlobImmutableDueToPolicy 409 77
	LeaseIdMissing 412 75
	ContainerBeingDeleted 409 75
	Md5Mismatch 400 74
	END
	plan
	run -66 acct-blob get "$A/y"
}

@test "azure: identities: each kind gets its token, in turn, and tokens are renewed" {
	tokens 2
	unset AZURE_STORAGE_KEY
	export AZURE_TENANT_ID=tenant AZURE_CLIENT_ID=client AZURE_AUTHORITY_HOST=$GIVER
	run -0 --separate-stderr env AZURE_CLIENT_SECRET=s3cret+/= acct-blob -v ls --recursive "$A"
	same 'acct-blob: identity: service principal client of tenant tenant by secret (AZURE_CLIENT_SECRET)' "$stderr"
	run -77 --separate-stderr env AZURE_CLIENT_SECRET=wr0ng acct-blob ls "$A"
	same 'acct-blob: service principal: no token (401): invalid_client AADSTS7000215: Invalid client secret provided.' "$stderr"
	echo s3cret+/= >secret
	run -77 --separate-stderr env AZURE_CLIENT_SECRET_FILE=secret acct-blob ls --recursive "$A"
	[[ $stderr == *"secret: others may read this secret; chmod 600 it" ]]
	chmod 600 secret
	run -0 env AZURE_CLIENT_SECRET_FILE=secret acct-blob ls --recursive "$A"
	echo federated >jwt
	run -0 --separate-stderr env AZURE_FEDERATED_TOKEN_FILE=jwt acct-blob -v ls --recursive "$A"
	[[ $stderr == *"workload identity client of tenant tenant (AZURE_FEDERATED_TOKEN_FILE)" ]]
	run -0 --separate-stderr env AZURE_POD_IDENTITY_AUTHORITY_HOST="$GIVER" acct-blob -v ls --recursive "$A"
	[[ $stderr == *"identity: managed identity client of this machine" ]]
	run -0 --separate-stderr env IDENTITY_ENDPOINT="$GIVER/msi/token" IDENTITY_HEADER=app acct-blob -v ls --recursive "$A"
	[[ $stderr == *"identity: managed identity client of the app service" ]]
	run -0 --separate-stderr env AZURE_STORAGE_KEY=@kv:bank/lake-key ACCT_AZURE_VAULT="$GIVER/vault/{vault}" AZURE_CLIENT_SECRET=s3cret+/= \
		acct-blob -v ls --recursive "$A"
	[[ $stderr == *"identity: account key (AZURE_STORAGE_KEY)" ]]
	run -77 --separate-stderr env AZURE_STORAGE_KEY=@kv:bank/other ACCT_AZURE_VAULT="$GIVER/vault/{vault}" AZURE_CLIENT_SECRET=s3cret+/= \
		acct-blob ls "$A"
	[[ $stderr == *"@kv:bank/other: the vault refused (403); the identity needs the role Key Vault Secrets User" ]]
	run -77 --separate-stderr acct-blob ls "$A"
	[[ $stderr == *"no credentials: set "*"this machine has no managed identity" ]]
	run -78 --separate-stderr env ACCT_IDENTITY=sas acct-blob ls "$A"
	run -78 --separate-stderr env ACCT_IDENTITY=who acct-blob ls "$A"
	run -0 --separate-stderr env ACCT_IDENTITY=managed AZURE_STORAGE_KEY=wrong AZURE_POD_IDENTITY_AUTHORITY_HOST="$GIVER" acct-blob -v ls --recursive "$A"
	# Within a transfer that is longer than a token.
	: >asked
	{ noise 9000000; sleep 2; noise 1000000; } | tee in | AZURE_CLIENT_SECRET=s3cret+/= acct-blob put "$A/long"
	AZURE_CLIENT_SECRET=s3cret+/= acct-blob get "$A/long" | cmp - in
	[ "$(grep -c 'POST.* 200' asked)" -ge 3 ]		# two for the upload
	run ! grep -q s3cret asked
}

@test "azure: a certificate proves a service principal, as OpenSSL sees it" {
	openssl req -newkey rsa:2048 -x509 -nodes -days 2 -subj /CN=client -keyout key.pem -out only.pem 2>/dev/null
	cat key.pem only.pem >both.pem
	chmod 600 both.pem
	export CERTIFICATE=$PWD/both.pem
	tokens 60
	unset AZURE_STORAGE_KEY
	export AZURE_TENANT_ID=tenant AZURE_CLIENT_ID=client AZURE_AUTHORITY_HOST=$GIVER
	run -0 --separate-stderr env AZURE_CLIENT_CERTIFICATE_PATH=both.pem acct-blob -v ls --recursive "$A"
	[[ $stderr == *"service principal client of tenant tenant by certificate (AZURE_CLIENT_CERTIFICATE_PATH)" ]]
	chmod 600 only.pem
	run -78 --separate-stderr env AZURE_CLIENT_CERTIFICATE_PATH=only.pem acct-blob ls "$A"
	same 'acct-blob: AZURE_CLIENT_CERTIFICATE_PATH: no usable private key in PEM' "$stderr"
}

@test "azure: of 16 writers of a name one wins; writers of a table get a version each" {
	local i n=${ACCT_RACE:-4}
	for i in {1..16}; do
		{ echo "$i" | acct-blob put --if-absent "$A/once" 2>/dev/null && echo "$i" >>won; } &
	done
	wait
	same "$(<won)" "$(acct-blob get "$A/once")"
	acct-write "$A/race" <t.acct
	for ((i = 1; i <= n; i++)); do
		seq "$((i * 1000 + 1))" "$((i * 1000 + 10))" | mkrec t 'id:int64*!' >"$i.acct"
		acct-write --retry 60 "$A/race" <"$i.acct" 2>"$i.err" &
	done
	wait
	cat ./*.err >&2
	same $((n + 1)) "$(acct-log "$A/race" | wc -l | tr -d ' ')"
	same "$(cat <(seq 1 1000) <(for ((i = 1; i <= n; i++)); do seq "$((i * 1000 + 1))" "$((i * 1000 + 10))"; done) | sort)" \
		"$(acct-read "$A/race" | acct-cat -f tsv | tail -n +2 | sort)"
}

@test "azure: a writer that lost its lease commits nothing; a dead one's ends by itself" {
	export ACCT_AZURE_LEASE=15
	acct-write "$A/tab" <t.acct
	proxied
	plan '9 PUT _intent-.*comp=lease status 409 LeaseIdMismatchWithLeaseOperation'
	run -75 --separate-stderr acct-write --retry 0 "$A/tab" <t.acct
	plan '1 PUT _delta_log/0+1[.]json delay 60'	# a writer killed after its data file, before its commit
	acct-write "$A/tab" <t.acct &
	until grep -q 'PUT.*_delta_log/0*1[.]json' log; do sleep 0.1; done
	kill -9 $!
	same 1 "$(acct-blob ls "$A/tab/_delta_log" | grep -c _intent)"
	acct-write "$A/tab" <t.acct		# its lease is still in force: left alone
	same 1 "$(acct-blob ls "$A/tab/_delta_log" | grep -c _intent)"
}

@test "azure: Microsoft's client sees the same bytes, headers, names and refusals" {
	need_peers azure-storage-blob
	local n sdk="$ROOT/tests/azure/sdk.py" R=$ROOM
	: >0
	noise 5 >5
	noise 9000000 >9
	for n in 0 5 9; do acct-blob put "$A/ours $n+ä" <"$n"; done
	acct-blob put "$A/d/e/x" <5
	python "$sdk" put "$R/theirs 0+ä" 0 -- put "$R/theirs 5+ä" 5 -- put "$R/theirs 9+ä" 9 -- get "$R/ours 0+ä" got0 -- \
		get "$R/ours 5+ä" got5 -- get "$R/ours 9+ä" got9
	for n in 0 5 9; do
		cmp "got$n" "$n"
		acct-blob get "$A/theirs $n+ä" | cmp - "$n"
		python "$sdk" head "$R/ours $n+ä" -- head "$R/theirs $n+ä" >heads
		same 1 "$(uniq heads | wc -l | tr -d ' ')"
	done
	same "$(python "$sdk" ls "$R" -- ls "$R/d" -- ls "$R/d/e")" "$(for n in "$A" "$A/d" "$A/d/e"; do acct-blob ls "$n" | sort; done)"
	run -1 --separate-stderr acct-blob put --if-absent 5 "$A/theirs 5+ä"
	same $'BlobAlreadyExists\nLeaseIdMissing' "$(python "$sdk" new "$R/ours 5+ä" 5 -- lease "$R/theirs 5+ä" -- put "$R/theirs 5+ä" 9)"
	run -75 --separate-stderr acct-blob put 9 "$A/theirs 5+ä"
	[[ $stderr == *"LeaseIdMissing (412)" ]]
	for n in "ours 5+ä" "theirs 5+ä"; do acct-blob rm "$A/$n"; done
	same $'BlobNotFound' "$(python "$sdk" rm "$R/d/e/x" -- rm "$R/theirs 5+ä")"
	run -66 acct-blob get "$A/d/e/x"
}

@test "azure: with a hierarchical namespace directories are folders, as Microsoft's client has them" {
	need_peers azure-storage-blob
	python3 "$ROOT/tests/azure/hns.py" >port 3>&- &
	PROXY=$!
	until [ -s port ]; do sleep 0.05; done
	export SDK_URL="http://127.0.0.1:$(<port)/acct" ACCT_AZURE_ENDPOINT="http://127.0.0.1:$(<port)/{account}"
	run -0 env ACCT_STORE_ADDRESS="$A/a" "$BUILD/unit/store"
	acct-write "$A/tab" <t.acct
	acct-merge -k id -i <(seq 990 1010 | mkrec t 'id:int64*!') "$A/tab"
	acct-vacuum "$A/tab"
	acct-check "$A/tab"
	same 1010 "$(acct-read "$A/tab" | acct-balance 'n=count()' | tsv | tail -n 1)"
	echo x >x
	acct-blob put x "$A/d/e/x"
	acct-blob put x "$A/d/f"
	same $'e/\nf' "$(acct-blob ls "$A/d")"
	same $'e/x\nf' "$(acct-blob ls --recursive "$A/d")"
	same $'e/\nf' "$(python "$ROOT/tests/azure/sdk.py" ls "$ROOM/d")"
	run -73 --separate-stderr acct-blob put x "$A/d/e"		# a directory has this name
	[[ $stderr == *"ResourceTypeMismatch (409)" ]]
	run -73 --separate-stderr acct-blob put x "$A/d/f/g"		# a file is above it
	run -66 --separate-stderr acct-blob get "$A/d/e"
	[[ $stderr == *": a directory" ]]
	run -73 --separate-stderr acct-blob rm "$A/d/e"
	[[ $stderr == *"DirectoryIsNotEmpty (409)" ]]
	same $'ResourceTypeMismatch\nDirectoryIsNotEmpty' "$(python "$ROOT/tests/azure/sdk.py" put "$ROOM/d/f/g" x -- rm "$ROOM/d/e")"
	acct-blob rm --recursive "$A/d"
	acct-blob rm "$A/d/e"						# empty by now
	same "" "$(acct-blob ls --recursive "$A/d")"
}

@test "azure: delta-rs reads a table straight from there" {
	need_delta_rs
	acct-write "$A/tab" <t.acct
	acct-merge -k id -i <(seq 990 1010 | mkrec t 'id:int64*!') "$A/tab"
	cat >read.py <<-'END'
	import os, sys
	from deltalake import DeltaTable
	t = DeltaTable(sys.argv[1], storage_options={"account_name": "acct", "account_key": os.environ["AZURE_STORAGE_KEY"],
	    "endpoint": "https://127.0.0.1:%s/acct" % os.environ["AZURITE_PORT"], "allow_invalid_certificates": "true"})
	print(t.version(), sum(t.to_pyarrow_table()["id"].to_pylist()))
	END
	same "1 $((1010 * 1011 / 2))" "$(python read.py "az://lake/$ROOM/tab")"
}

@test "azure: no secret is in any output, on a command line or in what a killed program leaves" {
	tokens 60
	local signature
	signature=$(rest sas rl)
	export AZURE_TENANT_ID=tenant AZURE_CLIENT_ID=client AZURE_AUTHORITY_HOST=$GIVER
	{
		acct-blob -v ls --recursive "$A" || :
		acct-write -v "$A/tab" <t.acct
		AZURE_STORAGE_SAS_TOKEN=$signature acct-write -v "$A/tab" <t.acct || :
		AZURE_STORAGE_SAS_TOKEN=$signature acct-blob -v put t.acct "$A/x" || :
		AZURE_STORAGE_SAS_TOKEN=$signature ACCT_AZURE_PATIENCE=0 ACCT_AZURE_ENDPOINT=https://127.0.0.1:9/acct acct-blob -v ls "$A" || :
		env -u AZURE_STORAGE_KEY AZURE_CLIENT_SECRET=s3cret+/= acct-blob -v ls --recursive "$A" || :
		env -u AZURE_STORAGE_KEY AZURE_CLIENT_SECRET=s3cret+/=x acct-blob -v ls "$A" || :
		AZURE_STORAGE_KEY=$AZURE_STORAGE_KEY=x acct-blob -v ls "$A" || :
		AZURE_STORAGE_KEY=@kv:bank/lake-key ACCT_AZURE_VAULT="$GIVER/vault/{vault}" AZURE_CLIENT_SECRET=s3cret+/= acct-blob -v ls --recursive "$A" || :
		acct-blob get "$A/tab/_delta_log/00000000000000000000.json"
	} >seen 2>&1
	grep -q 'identity: ' seen
	run ! grep -F -e "$AZURE_STORAGE_KEY" -e "${signature##*sig=}" -e s3cret -e eyJ seen
	{ cat t.acct; sleep 5; } | acct-write "$A/other" &
	until pgrep -f "acct-write $A/other" >pid; do sleep 0.05; done
	tr '\0' '\n' <"/proc/$(<pid)/cmdline" >words
	run ! grep -F "$AZURE_STORAGE_KEY" words
	sanitized || until [ "$(stat -c %U "/proc/$(<pid)/environ")" = root ]; do sleep 0.05; done
	kill -9 "$(<pid)"
}

@test "azure: killed at any instant, a table is whole, and the next writer goes on" {
	local n=${ACCT_AZURE_KILLS:-6} i
	export ACCT_AZURE_LEASE=15
	RANDOM=${ACCT_SEED:-$$}
	echo "ACCT_SEED=${ACCT_SEED:-$$}" >&2
	acct-write "$A/tab" <t.acct
	for ((i = 0; i < n; i++)); do
		timeout -s KILL "0.0$((RANDOM % 90 + 10))" acct-write "$A/tab" <t.acct || :
	done
	acct-write "$A/tab" <t.acct
	acct-check "$A/tab"
	same "$(($(acct-log "$A/tab" | wc -l) * 1000))" "$(acct-read "$A/tab" | acct-balance 'n=count()' | tsv | tail -n 1)"
}

# A run of a lake: two tables of the records, an object that another names, one that goes, and one that is copied. work TEXT RECORDS.
lake_run() {
	cat >work.sh <<-'END'
	set -e
	acct-lake begin
	mkdir -p "$ACCT_RUN/prepared/silver" "$ACCT_RUN/prepared/gold" "$ACCT_RUN/late/gold" "$ACCT_RUN/work"
	acct-write -m overwrite --txn job:next --prepare "$ACCT_RUN/prepared/gold/g" -i "$2" "$ACCT_LAKE/gold/g"
	acct-merge -k id --txn job:next --prepare "$ACCT_RUN/prepared/silver/s" -i "$2" "$ACCT_LAKE/silver/s"
	[ "$(ACCT_PREPARED=$ACCT_RUN/prepared acct-read "$ACCT_LAKE/gold/g" | tail -n +2 | head -n 1)" = "$(tail -n +2 "$2" | head -n 1)" ]
	echo "$1" | tee "$ACCT_RUN/work/part" >"$ACCT_RUN/late/gold/large"
	echo "part-$1" >"$ACCT_RUN/work/manifest"
	printf '%s\t%s\n' "$ACCT_RUN/work/part" "gold/part-$1" | acct-lake put
	printf '%s\t%s\n' "$ACCT_RUN/work/manifest" gold/manifest | acct-lake stage
	acct-blob ls "$ACCT_LAKE/gold" | grep '^part-' | grep -vx "part-$1" | sed 's|^|gold/|' | acct-lake remove
	[ "$(acct-lake cat gold/manifest "gold/part-$1" | tr '\n' ' ')" = "part-$1 $1 " ]
	exit "${3:-0}"
	END
	acct-lake run "$A/lake" -- sh work.sh "$@"
}

# lake_state: what a reader of the lake sees.
lake_state() {
	for table in silver/s gold/g; do acct-read "$A/lake/$table" | acct-cat -f tsv | tail -n +2 | sort | uniq -c; done
	for name in manifest large; do acct-blob get "$A/lake/gold/$name"; done
	acct-blob ls "$A/lake/gold" | grep part-
}

@test "azure: the ledger compares and takes the files of a back end at an address" {
	local sample="$ROOT/pipelines/sample" place
	mkdir -p back/2024-01-05
	cp "$sample/accounts.csv" back/
	cp "$sample/loans.csv" back/2024-01-05/
	for place in back "$A/back"; do
		[ "$place" = back ] || acct-blob cp --recursive back "$place"
		set -- accounts=accounts.csv loans=loans.csv
		mkdir took
		acct-ledger -o entries --take took --pieces pieces --optional accounts,loans "$place" "$@" >lines
		(cat lines pieces; find took -type f -exec sha256sum {} + | sort) >"seen-${place%%/*}"
		tail -n 5 back/accounts.csv >rest
		[ "$place" = back ] || { cat back/accounts.csv rest | acct-blob put "$place/accounts.csv"; cp entries known; }
		rm -r took
	done 2>&1
	diff seen-*
	mkdir took
	acct-ledger -i known --take took --optional accounts,loans "$A/back" accounts=accounts.csv loans=loans.csv >lines
	same $'grown\nseen' "$(cut -f 1 lines | sort)"
	cmp took/accounts/* rest
	run -66 --separate-stderr acct-ledger "$A/back" none=none.csv
	same "acct-ledger: $A/back/none.csv: no such file" "$stderr"
}

@test "azure: the whole job between addresses, full and with a file that has grown, is that between folders" {
	export ACCT_BIN=$BUILD/bin TMPDIR=$T
	local run="$ROOT/pipelines/run.sh" table
	cp -r "$ROOT/pipelines/sample" back
	for day in 1 2; do
		[ "$day" = 1 ] || {
			echo '9001,4,2024-01-05,17.50,Deposit' >>back/transactions.csv
			export AZURE_STORAGE_SAS_TOKEN
			AZURE_STORAGE_SAS_TOKEN=$(rest sas rwdlacx)
		}
		acct-blob cp --recursive back "$A/back"
		sh "$run" -d none back here >said
		sh "$run" "$A/back" "$A/there" | diff <(tail -n +2 said) <(tail -n +2 -)
		for table in account_transactions customer_balance customer_loans; do
			cmp <(acct-read "here/gold/$table") <(acct-read "$A/there/gold/$table")
			cmp <(acct-read "here/gold/_export/$table") <(acct-read "$A/there/gold/_export/$table")
		done
	done
	same "$(cd here/bronze/transactions && echo *)" "$(acct-blob ls "$A/there/bronze/transactions" | tr '\n' ' ' | sed 's/ $//')"
	[[ $(sh "$run" --status "$A/there") == "last run "*"silver/transactions"*"gold/customer_loans"* ]]
	run -64 --separate-stderr sh "$run" -d sqlite "$A/back" "$A/there"
	[[ $stderr == *"-d none" ]]
	same "" "$(acct-blob ls --recursive "$A/there" | grep runs/open)$(find . -name 'acct-lake*')"
}

@test "azure: a run of a lake takes effect whole or not at all" {
	export TMPDIR=$T
	for n in 1 2; do seq "$n" 3 | mkrec t 'id:int64*!' >"$n.acct"; done
	lake_run a 1.acct
	lake_state >state
	acct-blob ls --recursive "$A/lake" >before
	same 12 "$(wc -l <before | tr -d ' ')"
	run -65 lake_run b 2.acct 65
	lake_state | diff -u state -
	acct-blob ls --recursive "$A/lake" | diff -u before -
	lake_run b 2.acct
	same 'part-b' "$(lake_state | tail -n 1)"
	same $'format\t1\nnumber\t2' "$(acct-lake status "$A/lake" | head -n 2)"
	# Who lost the lock commits nothing: neither a program of the run, nor the run where another has come.
	lake_state >state
	echo lost >lost
	cat >lost.sh <<-'END'
	acct-lake begin; printf 'lost\tgold/manifest\n' | acct-lake stage; acct-blob rm "$ACCT_LAKE/_lock"
	END
	run -75 --separate-stderr acct-lake run "$A/lake" -- sh -c '. ./lost.sh; acct-lake commit'
	[[ $stderr == *"_lock: the lock was lost"* ]]
	run -75 --separate-stderr acct-lake run "$A/lake" -- sh -c '. ./lost.sh; acct-lake recover "$ACCT_LAKE"'
	[[ $stderr == *"another run has taken number 3"* ]]
	lake_state | diff -u state -
	same "" "$(ls | grep acct-lake)$(acct-blob ls --recursive "$A/lake/runs/open")"
	# A table whose log is damaged is set aside, and comes back where the run comes to nothing.
	acct-blob ls --recursive "$A/lake/silver" >before
	run -65 acct-lake run "$A/lake" -- sh -c 'acct-lake begin; acct-lake aside silver/s; mkdir -p "$ACCT_RUN/prepared/silver"; acct-write --txn job:9 --prepare "$ACCT_RUN/prepared/silver/s" -i 1.acct "$ACCT_LAKE/silver/s"; exit 65'
	acct-blob ls --recursive "$A/lake/silver" | diff -u before -
}

@test "azure: a run killed at any instant, or hit by any fault, leaves the lake as it was or as it was to be" {
	local n=${ACCT_AZURE_RUN_KILLS:-2} i direct=$ACCT_AZURE_ENDPOINT faults=(lose cut 'done 500 InternalError' 'status 503 ServerBusy' twice)
	export ACCT_AZURE_LEASE=15 TMPDIR=$T
	RANDOM=${ACCT_SEED:-$$}
	echo "ACCT_SEED=${ACCT_SEED:-$$}" >&2
	seq 1 3 | mkrec t 'id:int64*!' >1.acct
	lake_run 0 1.acct
	proxied
	export -f lake_run
	for ((i = 1; i <= n; i++)); do
		lake_state >before
		if ((i % 2)); then
			ACCT_AZURE_ENDPOINT=$direct timeout -s KILL "0.$((RANDOM % 90 + 10))" bash -c "A=$A; lake_run $i 1.acct" 2>/dev/null || :
		else
			plan "$((RANDOM % 120)) * . none" "$((RANDOM % 12 + 1)) * . ${faults[RANDOM % ${#faults[@]}]}"
			ACCT_AZURE_PATIENCE=1 lake_run "$i" 1.acct || :
			plan
		fi
		acct-blob rm "$A/lake/_lock" || :	# as if its lease had ended
		acct-lake recover "$A/lake"
		lake_state >after
		cmp -s before after || { same "$i" "$(acct-blob get "$A/lake/gold/large")"; same "part-$i" "$(tail -n 1 after)"; }
		same "" "$(acct-blob ls --recursive "$A/lake/runs/open")"
	done
	lake_run last 1.acct
	same "part-last" "$(lake_state | tail -n 1)"
}

@test "azure: the SQL that loads gold into a warehouse is written from the exports at an address" {
	ACCT_BIN=$BUILD/bin sh "$ROOT/pipelines/run.sh" -d none "$ROOT/pipelines/sample" lake >out
	acct-blob cp --recursive lake/gold "$A/gold"
	for place in "$A" lake; do
		ACCT_BIN=$BUILD/bin sh "$ROOT/pipelines/warehouse.sh" --url az://acct/lake/x "$place" "sql-${place##*/}"
	done
	diff -r "sql-${A##*/}" sql-lake
}
