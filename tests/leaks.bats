load helper

# What is lost at exit does not grow with the input: each program under valgrind, on a bank and on one five times its size.

prepare() {
	command -v valgrind >/dev/null || skip "SKIPPED: valgrind is not installed"
	unsanitized "valgrind does not run sanitized programs"
	cp "$ROOT"/pipelines/bank/sources/*.yaml .
	for n in 20 100; do
		bankgen -n $n -S 1 bank.$n
		for t in accounts customers; do
			acct-ingest -s $t.yaml bank.$n/$t.csv -o $t.raw.$n
			acct-clean -s $t.yaml -o $t.$n $t.raw.$n
		done
	done
}

# lost N COMMAND...: bytes that nothing points to at the end.
lost() {
	ACCT_SANDBOX=no valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=none --log-file=v.%p \
		"$@" >/dev/null || return 1
	cat v.* | sed -n 's/.*: \([0-9,]*\) .*bytes in .* are \(definitely\|indirectly\) lost.*/\1/p' | tr -d , | awk '{ n += $1 } END { print n + 0 }'
	rm -f v.*
}

# grows COMMAND...: where %N stands, the size.
same_loss() {
	small=$(lost "${@//%N/20}")
	large=$(lost "${@//%N/100}")
	[ "$large" -le "$small" ] || { echo "$*: $small bytes lost, then $large" >&2; false; }
}

@test "leaks: acct-ingest" { same_loss acct-ingest -s customers.yaml bank.%N/customers.csv; }
@test "leaks: acct-clean" { same_loss acct-clean -s accounts.yaml accounts.raw.%N; }
@test "leaks: acct-join" { same_loss acct-join -j outer -k customer_id customers.%N accounts.%N; }
@test "leaks: acct-balance" { same_loss acct-balance -k customer_id -i accounts.%N 'n=count()' 'total=sum(balance)'; }
@test "leaks: acct-select" { same_loss acct-select -c account_id,balance -w 'balance > 100' accounts.%N; }
@test "leaks: acct-cat" { same_loss acct-cat -f table customers.%N; }
@test "leaks: acct-merge-sql" { same_loss acct-merge-sql -d sqlite accounts.%N; }

# tables N: tab.N, of files by the size of the bank, twice.
tables() {
	local i
	for n in 20 100; do
		for i in $(seq 1 $((n / 10))); do acct-write -i accounts.$n tab.$n; done
		acct-write -m overwrite -i accounts.$n old.$n
		for i in $(seq 1 $((n / 10))); do acct-write -m overwrite -i accounts.$n old.$n; done
		find old.$n -name '*.parquet' -exec touch -d '9 days ago' {} +
	done
}

@test "leaks: acct-optimize" { tables; cp -r tab.20 t.20; cp -r tab.100 t.100; same_loss acct-optimize tab.%N; same_loss acct-optimize -k balance t.%N; }
@test "leaks: acct-check" { tables; same_loss acct-check tab.%N; same_loss acct-check --quick old.%N; }
@test "leaks: acct-vacuum" { tables; same_loss acct-vacuum --retain 0 --force --log old.%N; same_loss acct-vacuum --retain 0 --force --delete old.%N; }

# grown: for each size accounts as a Delta table, and as one with a log that grows with the size.
grown() {
	for n in 20 100; do
		acct-write -i accounts.$n tab.$n
		for _ in $(seq 2 $((n / 10))); do acct-write -i accounts.$n more.$n; done
		acct-select -w 'balance > 100' -o key.$n accounts.$n
	done
}

@test "leaks: acct-write" { grown; same_loss acct-write -m overwrite -i accounts.%N more.%N; }
@test "leaks: acct-merge" { grown; same_loss acct-merge --delete-absent --changes - -i key.%N tab.%N; }
@test "leaks: acct-read" { grown; same_loss acct-read --where 'balance > 100' more.%N; }
@test "leaks: acct-log" { grown; same_loss acct-log more.%N; }
