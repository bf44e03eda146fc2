#!/bin/sh
# Installs H2, a database in Java that executes MERGE as SQL Server has it, as build/peers/h2.jar; Java and Maven are Debian's. What is there already is
# left alone and needs no network. Ends with 69 and says so on standard error where something cannot be had; the caller decides whether to skip or to fail.
set -eu

pin=com.h2database:h2:2.3.232

say() { printf 'h2.sh: %s\n' "$*" >&2; }

tests=$(cd "$(dirname "$0")" && pwd)
peers=${PEERS:-$(dirname "$tests")/build/peers}
jar=$peers/h2.jar

# package COMMAND NAME: Debian's package NAME, where there is no COMMAND
package() {
	! command -v "$1" >/dev/null || return 0
	if ! sh "$tests/../pipelines/demo.sh" --install "$2" >"$peers/h2.log" 2>&1; then
		say "NOT INSTALLED: $2; $peers/h2.log ends:"
		tail -n 5 "$peers/h2.log" >&2
		exit 69
	fi
}

[ "${ACCT_TEST_PEERS:-yes}" = yes ] || { say 'left out, as ACCT_TEST_PEERS=no asks'; exit 69; }
! command -v java >/dev/null || [ ! -s "$jar" ] || exit 0
mkdir -p "$peers"
exec 9>"$peers/.lock"
flock 9
package java openjdk-17-jre-headless
[ ! -s "$jar" ] || exit 0		# another run was faster
package mvn maven
say "installing $pin into $peers"
if ! mvn -B -q -Dmaven.repo.local="$peers/maven" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    -Dartifact="$pin" -DoutputDirectory="$peers/h2.new" >"$peers/h2.log" 2>&1; then
	say "NOT INSTALLED: $pin; $peers/h2.log ends:"
	tail -n 5 "$peers/h2.log" >&2
	exit 69
fi
mv "$peers/h2.new"/*.jar "$jar"
rm -rf "$peers/h2.new" "$peers/maven"
