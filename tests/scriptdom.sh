#!/bin/sh
# Installs Microsoft's T-SQL parsers for tests, at the versions of tests/peers.txt: the assemblies that the wheel of mssql-cli carries, into
# build/peers/scriptdom, and pythonnet with a .NET runtime, by which Python calls them. Nothing of mssql-cli itself is installed. What is there
# already is left alone and needs no network. Ends with 69 and says so on standard error where something cannot be had.
set -eu

say() { printf 'scriptdom.sh: %s\n' "$*" >&2; }

tests=$(cd "$(dirname "$0")" && pwd)
peers=${PEERS:-$(dirname "$tests")/build/peers}
folder=$peers/scriptdom
assembly=Microsoft.SqlServer.TransactSql.ScriptDom.dll

sh "$tests/peers.sh" pythonnet dotnetcore2
[ ! -s "$folder/$assembly" ] || exit 0
exec 9>"$peers/.lock"
flock 9
[ ! -s "$folder/$assembly" ] || exit 0		# another run was faster
pin=$(grep '^mssql-cli==' "$tests/peers.txt")
new=$folder.new
rm -rf "$new"
mkdir -p "$new"
say "installing the parsers of $pin into $folder"
if ! { "$peers/bin/pip" download --disable-pip-version-check --no-input --no-deps -d "$new" "$pin" &&
	python3 - "$new" "$assembly" <<-'PY'; } >"$peers/scriptdom.log" 2>&1; then
	import glob, sys, zipfile
	wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0])
	name = next(n for n in wheel.namelist() if n.endswith("/" + sys.argv[2]))
	open(sys.argv[1] + "/" + sys.argv[2], "wb").write(wheel.read(name))
	PY
	say "NOT INSTALLED: $pin; $peers/scriptdom.log ends:"
	tail -n 5 "$peers/scriptdom.log" >&2
	exit 69
fi
rm -f "$new"/*.whl
rm -rf "$folder"
mv "$new" "$folder"
