#!/bin/sh
# sh tests/azure-live.sh SERVER DATABASE ACCOUNT [DIALECT]: for a person with an account on Azure; no test runs it. Makes a lake of the sample, puts it into a
# new container of the storage account ACCOUNT, loads its gold tables into a new schema of the database with sqlcmd, validates them, loads them once more,
# and removes container and schema. Says what it proved. Needs az (logged in), sqlcmd (ODBC 18, which takes az's login with -G), and that the server's managed
# identity may read the account. DIALECT is synapse unless given.
set -eu

[ $# -ge 3 ] || {
	echo 'usage: azure-live.sh SERVER DATABASE ACCOUNT [DIALECT]' >&2
	exit 64
}
server=$1 database=$2 account=$3 dialect=${4:-synapse}
tests=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
root=${tests%/tests}
name=acctlive$(date +%s)
work=$(mktemp -d)

say() { printf 'azure-live.sh: %s\n' "$*"; }

sql() { sqlcmd -S "$server" -d "$database" -G -b -x -f 65001 "$@"; }

drop() {
	for table in account_transactions customer_balance customer_loans acct_load; do
		sql -Q "IF OBJECT_ID('$name.$table') IS NOT NULL DROP TABLE $name.$table"
	done
	sql -Q "IF EXISTS (SELECT 1 FROM sys.schemas WHERE name = '$name') EXEC ('DROP SCHEMA $name')"
}

clean() {
	status=$?
	drop || say "schema $name could not be removed: remove it by hand"
	az storage container delete --account-name "$account" --name "$name" --auth-mode login --output none || say "container $name could not be removed"
	rm -rf -- "$work"
	exit "$status"
}

for program in az sqlcmd; do
	command -v "$program" >/dev/null || { say "$program is not there"; exit 69; }
done
trap clean EXIT
sh "$root/pipelines/run.sh" -d none "$root/pipelines/sample" "$work/lake" >/dev/null
say "a lake of the sample is made"
az storage container create --account-name "$account" --name "$name" --auth-mode login --output none
az storage blob upload-batch --account-name "$account" --destination "$name" --source "$work/lake/gold" --destination-path lake/gold --auth-mode login --output none
say "it lies in container $name of $account"
sh "$root/pipelines/warehouse.sh" -d "$dialect" -n "$name" --url "az://$account/$name/lake" "$work/lake" "$work/sql"
for round in first second; do
	for load in "$work"/sql/*.load.sql; do
		sql -i "$load"
	done
	for check in "$work"/sql/*.validate.sql; do
		found=$(sql -h -1 -W -i "$check" | grep -v 'rows affected' | grep -v '^$') || :
		[ -z "$found" ] || { say "$check finds: $found"; exit 1; }
	done
	say "proved: the $round load holds what gold holds, by $dialect, from the files of the export"
done
