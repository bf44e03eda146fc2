load helper

# Data Factory: acct-adf on activities as the factory passes them, and the resources of the factory.

P=$ROOT/pipelines
export ACCT_BIN=$BUILD/bin

# activity FOLDER NAME=VALUE...: a recorded activity, of the sample unless told otherwise.
activity() {
	local folder=$1 words
	shift
	mkdir -p "$folder"
	words=$(printf '%s\n' "$@" | jq -Rn '[inputs | select(length > 0) | capture("^(?<key>[^=]*)=(?<value>.*)$")] | from_entries')
	jq -n --argjson more "$words" --arg backend "$P/sample" --arg lake "$PWD/lake" '{ name: "RunJob", type: "Custom", unknown: 1,
		linkedServiceName: { referenceName: "ls_batch", type: "LinkedServiceReference" },
		typeProperties: { command: "acct-adf", extendedProperties: ({ runId: "8d5c", backend: $backend, lake: $lake } + $more) } }' >"$folder/activity.json"
}

adf() {
	acct-adf -C "$1" --runner "$P/run.sh" --writer "$P/warehouse.sh"
}

outputs() {
	jq -cS "$2" "$1/outputs.json"
}

@test "adf: a run: counts, rejects, gold, and the SQL of the warehouse" {
	activity a warehouse=synapse warehouseUrl=dataset:ds_lake warehouseSchema=dw
	echo '[{"name":"ls_lake","properties":{"type":"AzureBlobFS","typeProperties":{"url":"https://bank.dfs.core.windows.net/"}}}]' >a/linkedServices.json
	echo '[{"name":"ds_lake","properties":{"type":"Binary","linkedServiceName":{"referenceName":"ls_lake","type":"LinkedServiceReference"},
		"typeProperties":{"location":{"type":"AzureBlobFSLocation","fileSystem":"gold","folderPath":"bank"}}}}]' >a/datasets.json
	run -0 --separate-stderr adf a
	[[ $output == *'checks close' ]]
	[ -z "$stderr" ]
	s=$(ls -d lake/runs/2*)/summary.json
	same "$(jq -cS '{read: ([.tables[].read] | add), clean: ([.tables[].clean] | add), rejected: ([.tables[].rejected] | add)}' "$s")" "$(outputs a .rows)"
	same "$(jq -cS '.gold | map_values(. + {changed: .rows})' "$s")" "$(outputs a .gold)"
	same "[\"ok\",0,\"8d5c\",$(jq -c .run "$s"),true,\"$PWD/lake/runs/$(jq -r .run "$s")\",[]]" "$(outputs a '[.status, .exitCode, .runId, .run, .changed, .address, .limitsPassed]')"
	same "$(jq -s -c add a/sql/account_transactions.load.json a/sql/customer_balance.load.json a/sql/customer_loans.load.json)" "$(jq -c .batches a/outputs.json)"
	jq -r '.batches[]' a/outputs.json | grep -q "'https://bank.dfs.core.windows.net/gold/bank/gold/_export/customer_loans/part-"
	jq -r '.batches[]' a/outputs.json | grep -q '^MERGE INTO \[dw\]\.\[customer_loans\]'
}

@test "adf: started again, and two copies at once: one run, the same outputs" {
	activity a
	activity b
	adf a >out & first=$!
	adf b >out.b
	wait $first
	same 1 "$(find lake/runs -maxdepth 1 -name '2*' | wc -l | tr -d ' ')"
	same "$(outputs a 'del(.changed, .gold[].changed)')" "$(outputs b 'del(.changed, .gold[].changed)')"
	adf a >out
	same '[false,0]' "$(outputs a '[.changed, .gold.customer_loans.changed]')"
	# A row changes: what it changes in gold is counted.
	cp -r "$P/sample" bank
	awk -F, -v OFS=, 'NR == 2 { $4 = $4 + 1 } 1' bank/accounts.csv >new && mv new bank/accounts.csv
	activity a "backend=$PWD/bank"
	adf a >out
	same '[true,1,0]' "$(outputs a '[.changed, .gold.customer_balance.changed, .gold.customer_loans.changed]')"
}

@test "adf: killed at any moment, and started again" {
	activity a
	for wait in 0.1 0.5 1; do
		adf a >out 2>&1 & pid=$!
		sleep "$wait"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" || true
	done
	adf a >out
	same '["ok",61]' "$(outputs a '[.status, .gold.account_transactions.rows]')"
	ACCT_BIN=$BUILD/bin acct-check lake
}

@test "adf: a limit, a missing file, throttled storage: the status, its cause last, and no harm" {
	cp -r "$P/sample" bank
	rm bank/loans.csv
	activity a "backend=$PWD/bank"
	run -66 --separate-stderr adf a
	[[ ${stderr##*$'\n'} == "acct-adf: the activity ends with 66: "*loans.csv* ]]
	same '["failed",66,true]' "$(outputs a '[.status, .exitCode, (.message | test("loans.csv"))]')"
	[ ! -e lake/gold/customer_loans ]
	# Storage that answers 503 until the patience is over: the run ends with 75.
	printf '#!/bin/sh\necho "run: 3 of 9" \necho "acct-read: az://bank/lake: 503 ServerBusy; try again later" >&2\nexit 75\n' >busy && chmod +x busy
	run -75 --separate-stderr acct-adf -C a --runner ./busy
	same 'run: 3 of 9' "$output"
	same 'acct-adf: the activity ends with 75: acct-read: az://bank/lake: 503 ServerBusy; try again later' "${stderr##*$'\n'}"
	same '["failed",75,"acct-read: az://bank/lake: 503 ServerBusy; try again later"]' "$(outputs a '[.status, .exitCode, .message]')"
	printf '#!/bin/sh\nkill -9 $$\n' >busy
	run -70 acct-adf -C a --runner ./busy
	run -69 --separate-stderr acct-adf -C a --runner ./nix
	[[ $stderr == 'acct-adf: the activity ends with 69: ./nix: No such file or directory' ]]
}

@test "adf: a limit that is passed stops the activity, and is in the outputs where it is accepted" {
	mkdir job && cp -r "$P/bank/." job
	sed -i '1a expect: {rejected: 0%}' job/sources/loans.yaml
	activity a "job=$PWD/job"
	run -1 --separate-stderr adf a
	[[ ${stderr##*$'\n'} == 'acct-adf: the activity ends with 1: '* ]]
	activity a "job=$PWD/job" accept=loans
	adf a >out
	same '["loans"]' "$(outputs a .limitsPassed)"
}

@test "adf: a secret is in no output" {
	activity a
	jq '.typeProperties.extendedProperties += { AZURE_CLIENT_SECRET: { type: "SecureString", value: "s3cr3t" } }' a/activity.json >new && mv new a/activity.json
	printf '#!/bin/sh\n[ "$AZURE_CLIENT_SECRET" = s3cr3t ] || exit 70\necho "out s3cr3ts3cr3t."\necho "err s3cr3t" >&2\nexit 74\n' >tell && chmod +x tell
	run -74 --separate-stderr acct-adf -C a --runner ./tell
	same 'out ******.' "$output"
	same 'err ***
acct-adf: the activity ends with 74: err ***' "$stderr"
	run ! grep -r s3cr3t a/outputs.json
	jq '.typeProperties.extendedProperties += { password: { type: "SecureString", value: "s3cr3t" } }' a/activity.json >new && mv new a/activity.json
	run -78 --separate-stderr acct-adf -C a
	[[ $stderr == *"extendedProperties: 'password': a secret is named as the environment variable that it becomes, ACCT_... or AZURE_..." ]]
	# What could take the place of a program is no variable of an activity.
	for name in PATH LD_PRELOAD ACCT_BIN; do
		activity a $name=x
		run -78 --separate-stderr acct-adf -C a
		same "acct-adf: the activity ends with 78: activity.json: extendedProperties: no property '$name'" "$stderr"
	done
}

@test "adf: activities that are wrong" {
	mkdir a
	run -66 --separate-stderr acct-adf -C a
	same 'acct-adf: the activity ends with 66: a/activity.json: No such file or directory' "$stderr"
	echo '{' >a/activity.json
	run -65 --separate-stderr acct-adf -C a
	same 'acct-adf: the activity ends with 65: activity.json: line 2: malformed JSON' "$stderr"
	echo '{}' >a/activity.json
	run -78 --separate-stderr acct-adf -C a
	same 'acct-adf: the activity ends with 78: activity.json: no typeProperties.extendedProperties' "$stderr"
	activity a lake=
	run -78 --separate-stderr acct-adf -C a
	same 'acct-adf: the activity ends with 78: activity.json: extendedProperties: lake is missing' "$stderr"
	activity a laek=x
	run -78 --separate-stderr acct-adf -C a
	same "acct-adf: the activity ends with 78: activity.json: extendedProperties: no property 'laek'" "$stderr"
	activity a lake=dataset:nix
	run -78 --separate-stderr acct-adf -C a
	same "acct-adf: the activity ends with 78: datasets.json: no dataset 'nix'" "$stderr"
	same '{"exitCode":78,"message":"datasets.json: no dataset '"'nix'"'","runId":"8d5c","status":"failed"}' "$(outputs a .)"
}

# ---- the factory ----

schemas() {
	need "$SHARED/facts/arm"
	need_peers jsonschema
}

@test "adf: the factory's resources and template: Microsoft's schema, and the lint" {
	sh "$P/adf/template.sh" | diff - "$P/adf/template.json"
	schemas
	python "$ROOT/tests/adf/factory.py" check "$P/adf" "$SHARED/facts/arm"
}

@test "adf: schema and lint find mistakes in the factory" {
	schemas
	python "$ROOT/tests/adf/factory.py" break "$P/adf" "$SHARED/facts/arm"
}

@test "adf: the pipeline in Microsoft's evaluator: success, rejects, failure of the job and of a load" {
	need_peers data-factory-testing-framework dotnetcore2 pythonnet
	activity a warehouse=synapse warehouseUrl=az://bank/lake
	adf a >out
	python "$ROOT/tests/adf/evaluate.py" "$P/adf" a/outputs.json
}
