load helper

# SQL for warehouses of T-SQL: loads from files, the other scripts, and the rules of each warehouse.

H=$BATS_TEST_DIRNAME/merge-sql
URL=az://bank/lake/gold/_export/balance

prepare() {
	mkrec balance 'id:int64*! name:string total:decimal(28,2)! since:date' >b.acct <<-'END'
	51	O'Neil	250.25	2024-01-31
	7	\N	2900.00	\N
	15	Ann	-0.05	0001-01-01
	END
	manifest 2 1 >m.json
}

# manifest ROWS...: that of an export of a file for each number.
manifest() {
	local n=0 rows
	printf '{"table":"balance","run":"12","rows":3,"files":[\n'
	for rows; do
		[ "$n" -eq 0 ] || echo ,
		printf '{"name":"part-%05d-12.parquet","bytes":100,"rows":%s}' "$n" "$rows"
		n=$((n + 1))
	done
	printf ']}\n'
}

# copied DIALECT ARGUMENT...: a load of b.acct from the files of m.json.
copied() {
	acct-merge-sql -d "$1" -t gold.balance --copy m.json --url "$URL" "${@:2}" b.acct
}

need_scriptdom() {
	sh "$ROOT/tests/scriptdom.sh" >&2 && return
	[ -z "${CI:-}" ] || return 1
	skip 'SKIPPED: ScriptDom cannot be installed'
}

scriptdom() {
	SCRIPTDOM=${PEERS:-$ROOT/build/peers}/scriptdom python "$H/scriptdom.py" "$@"
}

@test "warehouse: a load from files names them and has no row" {
	copied synapse --lake L --at 3 >load.sql
	same "$(cat <<-'END'
	COPY INTO [gold].[acct_stage_ID] ([id], [name], [total], [since])
	FROM 'https://bank.dfs.core.windows.net/lake/gold/_export/balance/part-00000-12.parquet',
	'https://bank.dfs.core.windows.net/lake/gold/_export/balance/part-00001-12.parquet'
	WITH (FILE_TYPE = 'PARQUET', CREDENTIAL = (IDENTITY = 'Managed Identity'))
	OPTION (LABEL = N'acct-merge-sql');
	END
	)" "$(sed -n '/^COPY/,/;$/p' load.sql | sed 's/acct_stage_[0-9a-f]*/acct_stage_ID/; s/^\t//')"
	run ! grep -q "Neil\|2900\.00,\|250\.25," load.sql
	copied synapse --identity caller | grep -qx "WITH (FILE_TYPE = 'PARQUET')"
	# Three million rows take no more text than three.
	seq 3000000 | mkrec balance 'id:int64*!' >b.acct
	manifest 3000000 >m.json
	copied fabric >many.sql
	[ "$(wc -c <many.sql)" -lt 10000 ]
	grep -q 'NULLIF(COUNT_BIG(\*), 3000000)' many.sql
}

@test "warehouse: the forms of an address are one" {
	copied synapse >az.sql
	URL=https://bank.dfs.core.windows.net/lake/gold/_export/balance/ copied synapse | diff az.sql -
	URL=abfss://lake@bank.dfs.core.windows.net/gold/_export/balance copied synapse | diff az.sql -
	for URL in '' bank https://bank.dfs.core.windows.net https:///c/p 'az://bank//p' 'abfss://lake/x' 'https://u:p@bank/c' 'az://bank/lake/a*' 'az://bank/lake/a b' 'az://ba"nk/c/p'; do
		run -64 --separate-stderr copied synapse
		[[ $stderr == "acct-merge-sql: --url: must be https://HOST/CONTAINER/PATH, abfss://CONTAINER@HOST/PATH or az://ACCOUNT/CONTAINER/PATH: '$URL'"* ]]
	done
	# What may hold a secret is not repeated.
	URL='https://bank.blob.core.windows.net/lake/x?sv=2022&sig=abc' run -64 --separate-stderr copied synapse
	[[ $stderr == "acct-merge-sql: --url: an address without ? and #; a shared access signature has no place in SQL"* && $stderr != *abc* ]]
	# A managed identity reads Parquet only by the other address; a caller may read either.
	URL=https://bank.blob.core.windows.net/lake/x run -64 --separate-stderr copied fabric
	[[ $stderr == "acct-merge-sql: --url: 'bank.blob.core.windows.net': a managed identity reads Parquet only from a .dfs. address"* ]]
	URL=https://bank.blob.core.windows.net/lake/x copied synapse --identity caller >out
}

@test "warehouse: a manifest that is invalid or names other rows is refused" {
	manifest 2 2 >m.json
	run -65 --separate-stderr copied synapse -o load.sql
	same "acct-merge-sql: b.acct: 3 records, but the manifest of --copy names 4 rows" "$stderr"
	[ ! -e load.sql ]
	for text in '' '{}' '{"files":[]}' '{"files":[{"name":"../x","rows":3}]}' '{"files":[{"name":"a*.parquet","rows":3}]}' '{"files":[{"name":"a","rows":-3}]}' \
	    '{"files":[{"name":".a","rows":3}]}' '{"files":[{"rows":3}]}' '{"files":[{"name":"a"}]}' '[]'; do
		echo "$text" >m.json
		run -65 --separate-stderr copied synapse
		same "acct-merge-sql: m.json: not the manifest of an export" "$stderr"
	done
	rm m.json
	run -66 --separate-stderr copied synapse
	same "acct-merge-sql: m.json: No such file or directory" "$stderr"
}

@test "warehouse: files that lie beside their manifest must have the stream's columns, types and rows" {
	export_of() {		# COLUMNS [OPTION...]: a file of other columns, with two rows of nulls
		printf '1\t%s\n2\t%s\n' "$2" "$2" | mkrec t "$1" | acct-write "${@:3}" -o f.parquet
		printf '{"files":[{"name":"f.parquet","rows":2}]}' >m.json
	}
	printf '1\t2024-01-31T10:20:30.5Z\n2\t\\N\n' | mkrec t 'id:int64*! at:timestamp' >b.acct
	export_of 'id:int64! at:timestamp' '\N' --timestamps millis
	copied synapse >load.sql
	export_of 'id:int64! at:timestamp' '\N'
	copied fabric >load.sql
	run -65 --separate-stderr copied synapse
	same "acct-merge-sql: f.parquet: column 'at': a dedicated pool loads timestamps in milliseconds only; acct-write -o --timestamps millis stores them so" "$stderr"
	export_of 'id:int32! at:timestamp' '\N' --timestamps millis
	run -65 --separate-stderr copied synapse
	same "acct-merge-sql: f.parquet: column 'id' is int32, and int64 in the stream" "$stderr"
	export_of 'id:int64! since:timestamp' '\N' --timestamps millis
	run -65 --separate-stderr copied synapse
	same "acct-merge-sql: f.parquet: column 'since' where the stream has 'at'" "$stderr"
	export_of 'id:int64! at:timestamp more:int32' $'\\N\t\\N'
	run -65 --separate-stderr copied synapse
	same "acct-merge-sql: f.parquet: 3 columns, and 2 in the stream" "$stderr"
	export_of 'id:int64! at:timestamp' '\N' --timestamps millis
	sed -i 's/"rows":2/"rows":3/' m.json
	run -65 --separate-stderr copied synapse
	same "acct-merge-sql: m.json: names 3 rows, and the files have 2" "$stderr"
	echo x >f.parquet
	run -65 --separate-stderr copied synapse
	[[ $stderr == "acct-merge-sql: f.parquet: "* ]]
	for types in decimal\(18,2\)-decimal\(18,3\) decimal\(18,2\)-decimal\(28,2\) date-timestamp string-int32 float64-int64 bool-int32; do
		printf '1\t\\N\n2\t\\N\n' | mkrec t "id:int64*! x:${types#*-}" >b.acct
		export_of "id:int64! x:${types%-*}" '\N' --timestamps millis
		run -65 --separate-stderr copied synapse
		same "acct-merge-sql: f.parquet: column 'x' is ${types%-*}, and ${types#*-} in the stream" "${stderr/double/float64}"
	done
}

@test "warehouse: what a stream or a client does wrong leaves nothing to run" {
	head -n 3 b.acct >torn.acct
	run -65 --separate-stderr acct-merge-sql -d synapse --copy m.json --url "$URL" torn.acct
	same "acct-merge-sql: torn.acct: truncated: 2 records, trailer missing" "$stderr"
	same "THROW 50000, N'acct-merge-sql: the input was refused, nothing is merged', 1;" "$output"
	run -65 --separate-stderr acct-merge-sql -d synapse --form json torn.acct
	[ -z "$output" ]
	seq 100000 | mkrec balance 'id:int64*!' | sed '$d' >torn.acct
	run -65 --separate-stderr sh -c 'acct-merge-sql -d synapse --form json torn.acct >torn.json'
	[ -s torn.json ]
	run ! jq . torn.json
	printf '1\t%s\n' "$(printf 'x%.0s' {1..8001})" | mkrec balance 'id:int64*! name:string' >b.acct
	manifest 1 >m.json
	run -65 --separate-stderr copied fabric
	[[ $stderr == "acct-merge-sql: b.acct: record 1: name: longer than the 8000 bytes of VARCHAR(8000): name the column with --long: "* ]]
	copied fabric --long name | grep -qF '[name] VARCHAR(MAX) NULL'
	printf '%s\n' "$(printf 'x%.0s' {1..451})" | mkrec balance 'id:string*!' >b.acct
	run -65 --separate-stderr copied sqlserver
	[[ $stderr == "acct-merge-sql: b.acct: record 1: id: longer than the 450 characters that an index of SQL Server takes: "* ]]
	printf '1\tnan\n' | mkrec balance 'id:int64*! f:float64' >b.acct
	run -65 --separate-stderr copied synapse
	[[ $stderr == "acct-merge-sql: b.acct: record 1: f: not a finite number, which T-SQL cannot hold"* ]]
}

@test "warehouse: as JSON: the batches of the script, one by one" {
	for d in synapse fabric sqlserver; do
		copied $d >load.sql
		copied $d --form json >load.json
		same "$(jq 'map(select(test("(?m)^GO$"))) | length' load.json)" 0
		jq -rj 'map(. + "GO\n") | add' load.json | diff load.sql -
		# Rows of the text are one batch, whatever its size.
		seq 20000 | mkrec balance 'id:int64*!' >many.acct
		acct-merge-sql -d $d many.acct >rows.sql
		acct-merge-sql -d $d --form json many.acct | jq -rj '.[]' | cmp rows.sql -
	done
}

@test "warehouse: a staging table is of this content and this target alone" {
	stage() { copied synapse "$@" | sed -n 's/^COPY INTO \[gold\]\.\[acct_stage_\([0-9a-f]*\)\].*/\1/p'; }
	same "$(stage)" "$(stage --lake L --at 3)"
	[ "$(stage)" != "$(stage -t gold.other)" ] && [ "$(stage)" != "$(stage -t silver.balance)" ]
	mkrec balance 'id:int64*! name:string total:decimal(28,2)! since:date' <<<$'1\tx\t1.00\t\\N\n2\tx\t1.00\t\\N\n3\tx\t1.00\t\\N' >other.acct
	first=$(stage)
	mv other.acct b.acct
	[ "$first" != "$(stage)" ]
}

@test "warehouse: wrong use" {
	wrong() {
		run -64 --separate-stderr acct-merge-sql "${@:2}" b.acct
		[[ $stderr == "acct-merge-sql: $1"* ]]
	}
	wrong '--copy: not supported for sqlite' -d sqlite --copy m.json --url "$URL"
	wrong '--url is required' -d synapse --copy m.json
	wrong '--url requires --copy or --script view' -d synapse --url "$URL"
	wrong '--script external requires --copy' -d synapse --script external --url "$URL"
	wrong '--copy goes with --script load and external only' -d synapse --script validate --copy m.json
	wrong '--script: view: not supported for sqlserver' -d sqlserver --script view --url "$URL"
	wrong '--script: external: not supported for fabric' -d fabric --script external --copy m.json --url "$URL"
	wrong '--script: validate: not supported for postgres' -d postgres --script validate
	wrong '--upsert and --form: not supported for sqlite' -d sqlite --form json
	wrong '--dry-run: not with --copy or --script' -d synapse --dry-run --copy m.json --url "$URL"
	wrong "--credential: only letters, digits and _ in a name: 'a b'" -d synapse --credential 'a b'
}

@test "warehouse: the rules of each hold for random schemas, and ScriptDom parses every script" {
	need_scriptdom
	python3 "$H/schemas.py" check "${ACCT_SCHEMAS:-60}" .
	scriptdom ./*.sql
}

@test "warehouse: the rules find every mistake, and ScriptDom a MERGE without its semicolon" {
	python3 "$H/schemas.py" break .
	need_scriptdom
	copied synapse >load.sql
	scriptdom load.sql
	sed '/^VALUES (s\./s/;$//' load.sql >wrong.sql
	run -1 --separate-stderr scriptdom wrong.sql
	[[ $output == "wrong.sql: batch 6: line "*": 46097: "* ]]
}

@test "warehouse: sqlfluff parses the scripts of the bank's own job" {
	need_peers sqlfluff
	python "$H/fluff.py" "$H/golden/synapse.sql" "$H/golden/sqlserver.sql"
}

@test "warehouse: a mark of any version that is not later, for one who cannot ask" {
	copied synapse --lake L --at 8 --since any --delete-absent >load.sql
	grep -qxF 'WHERE x.v > 8);' load.sql
	grep -qF "N': the mark of the load before names ', @what, N', later than version 8')" load.sql
	grep -qF "SELECT N'L', N'balance', N'12', 8, 3, " load.sql	# the run is the manifest's
	copied synapse --lake L --at 8 --run other --since any --adopt | grep -qF "SELECT N'L', N'balance', N'other', 8, 3, "
	run -64 --separate-stderr copied synapse --lake L --at 8 --since any
	[[ $stderr == "acct-merge-sql: --since any requires --adopt or --delete-absent"* ]]
	# The same in a database that executes it.
	acct-merge-sql -d sqlite --lake L --at 8 b.acct | sqlite3 -bail gold.db
	acct-merge-sql -d sqlite --lake L --at 9 --since any --adopt b.acct | sqlite3 -bail gold.db
	same 9 "$(sqlite3 gold.db 'SELECT version FROM acct_load')"
	run -1 --separate-stderr sh -c 'acct-merge-sql -d sqlite --lake L --at 8 --since any --adopt b.acct | sqlite3 -bail gold.db'
	[[ $stderr == *"acct-merge-sql: balance: the mark of the load before names version 9, later than version 8"* ]]
}

@test "warehouse: MERGE as H2 executes it: new rows, values to null and back, equal rows untouched, duplicates refused" {
	sh "$ROOT/tests/h2.sh" || { [ -z "${CI:-}" ] && skip 'SKIPPED: H2 cannot be installed'; }
	H2_JAR=${PEERS:-$ROOT/build/peers}/h2.jar python3 "$H/h2.py" "${ACCT_ROUNDS:-6}"
}

@test "warehouse: UPDATE and INSERT, and the queries that validate, as SQLite executes them" {
	python3 "$H/fallback.py" "${ACCT_ROUNDS:-6}"
}

# general FILE...: with names in place of what differs from run to run.
general() {
	sed "s/[0-9a-f]\{8\}-[0-9a-f-]\{27\}/LAKE/g; s/[0-9]\{8\}T[0-9]\{6\}Z-[0-9]*/RUN/g" "$@"
}

# make sql gives a person the same scripts. To accept a change: cp FOLDER/DIALECT.sql tests/merge-sql/golden, from the folder that a failure names.
@test "warehouse: the bank's own job, as it was reviewed" {
	ACCT_BIN=$BUILD/bin sh "$ROOT/pipelines/run.sh" -d none "$ROOT/pipelines/sample" lake >out
	for d in synapse fabric sqlserver; do
		ACCT_BIN=$BUILD/bin sh "$ROOT/pipelines/warehouse.sh" -d $d --url az://ACCOUNT/lake lake $d
		general $d/customer_loans.*.sql >$d.sql
		diff -u "$H/golden/$d.sql" $d.sql || { echo "in $PWD" && false; }
		ACCT_BIN=$BUILD/bin sh "$ROOT/pipelines/warehouse.sh" -d $d -f json --adopt -n other --url az://ACCOUNT/lake/ lake $d
		jq -e 'length > 0' $d/*.json >out
		grep -q '\[other\]\.\[customer_balance\]' $d/customer_balance.load.json
		run ! grep -q 'DELETE FROM \[other\]\.\[customer' $d/customer_balance.load.json
	done
	mkdir -p empty/gold/_export
	run -66 sh "$ROOT/pipelines/warehouse.sh" --url az://ACCOUNT/lake empty nothing
	same 'warehouse.sh: empty/gold/_export: no export; the run makes them' "$output"
	run -64 sh "$ROOT/pipelines/warehouse.sh" -d oracle --url az://ACCOUNT/lake lake out
	run -64 sh "$ROOT/pipelines/warehouse.sh" lake out
}
