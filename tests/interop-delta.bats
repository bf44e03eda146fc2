load helper

# Tables of delta-rs read by us, ours read and changed by delta-rs.

prepare() {
	mkrec t 'id:int64*! name:string amount:decimal(9,2)' >t.acct <<-'END'
	1	a	1.00
	2	b\tb	\N
	3	\N	-0.01
	END
}

@test "delta: every type as delta-rs writes it, and as it reads what we write" {
	need_delta_rs
	delta_rs make theirs
	delta_rs compare theirs
	acct-read -o theirs.acct theirs
	acct-write -i theirs.acct ours
	delta_rs compare ours
	same "$(delta_rs types theirs)" "$(delta_rs types ours)"
	same "$(delta_rs rows theirs)" "$(delta_rs rows ours)"
	acct-write -i theirs.acct theirs		# and added to theirs
	delta_rs compare theirs
	same 8 "$(delta_rs rows theirs | wc -l)"
}

@test "delta: delta-rs appends, deletes, compacts and checkpoints our table, and we go on" {
	need_delta_rs
	acct-write -i t.acct tab
	delta_rs append tab 100 50
	delta_rs compare tab
	acct-write -i t.acct tab
	delta_rs delete tab "id = 2 or id > 140"
	delta_rs compare tab
	delta_rs optimize tab
	delta_rs compare tab
	delta_rs checkpoint tab
	acct-write -i t.acct tab
	delta_rs compare tab
	same 48 "$(delta_rs rows tab | wc -l)"
	acct-write -m overwrite -i t.acct tab
	delta_rs compare tab
	same 3 "$(delta_rs rows tab | wc -l)"
}

@test "delta: delta-rs reads our checkpoint where the log before it is gone" {
	need_delta_rs
	for _ in $(seq 0 11); do acct-write -i t.acct --txn "app:$((++n))" tab; done
	acct-write -m overwrite --txn "app:$((++n))" -i t.acct tab
	for _ in $(seq 13 20); do acct-write -i t.acct tab; done
	rm tab/_delta_log/000000000000000000[01]?.json
	same 20 "$(delta_rs version tab)"
	same 27 "$(delta_rs rows tab | wc -l)"
	delta_rs compare tab
	delta_rs append tab 100 1
	delta_rs compare tab
	acct-write --txn "app:$n" -i t.acct tab		# the checkpoint remembers what was written
	same 21 "$(delta_rs version tab)"
}

@test "delta: a checkpoint with statistics in columns of their own: the numbers of rows go on to the next one" {
	need_delta_rs
	for _ in $(seq 0 10); do acct-write -i t.acct tab; done
	acct-log --files --json tab >files
	delta_rs structs tab
	rm tab/_delta_log/*.json
	diff files <(acct-log --files --json tab)
	for n in $(seq 11 20); do acct-write -i t.acct tab; done
	rm tab/_delta_log/*{json,10.checkpoint.parquet}
	same 63 "$(acct-log --state --json tab | jq .rows)"
	delta_rs compare tab
}

@test "delta: delta-rs and we append at once: every row once" {
	need_delta_rs
	acct-write -i t.acct tab
	( for i in $(seq 1 10); do delta_rs append tab $((1000 + i)) 1 || exit 1; done ) &
	theirs=$!
	for i in $(seq 1 30); do
		printf '%s\tw\t1.00\n' $((2000 + i)) | mkrec t 'id:int64*! name:string amount:decimal(9,2)' | acct-write tab
	done
	wait "$theirs"
	delta_rs compare tab
	same 43 "$(delta_rs rows tab | cut -f1 | sort -u | wc -l)"
	same 40 "$(delta_rs version tab)"
}

@test "delta: ten rounds of changes by delta-rs and us, in a random order, against a model" {
	need_peers pyarrow duckdb polars deltalake
	run -0 python "$ROOT/tests/interop/rounds.py" "$T"
	echo "$output"
}
