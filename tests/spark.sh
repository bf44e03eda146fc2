#!/bin/sh
# Installs Spark with Delta, and the Python peers its tests compare with, at the versions of tests/peers.txt and tests/peers-jars.txt:
#
#	sh tests/spark.sh
#
# then build/peers/bin/python has pyspark, and build/peers/jars what Spark needs for Delta. Java and Maven are Debian's, installed where there
# is no java and no mvn. What is there already is left alone and needs no network. Ends with 69 and says so on standard error where
# something cannot be had; the caller decides whether to skip or to fail.
set -eu

say() { printf 'spark.sh: %s\n' "$*" >&2; }

tests=$(cd "$(dirname "$0")" && pwd)
peers=${PEERS:-$(dirname "$tests")/build/peers}
jars=$peers/jars
repository=$peers/maven

pins() { grep -v '^#' "$tests/peers-jars.txt"; }

# G:A:V to the name of its file
file() {
	artifact=${1#*:}
	echo "${artifact%:*}-${artifact#*:}.jar"
}

have_jars() {
	for pin in $(pins); do
		[ -s "$jars/$(file "$pin")" ] || return 1
	done
}

# package COMMAND NAME: Debian's package NAME, where there is no COMMAND
package() {
	! command -v "$1" >/dev/null || return 0
	if ! sh "$tests/../pipelines/demo.sh" --install "$2" >"$log" 2>&1; then
		say "NOT INSTALLED: $2; $log ends:"
		tail -n 5 "$log" >&2
		exit 69
	fi
}

sh "$tests/peers.sh" pyspark delta-spark deltalake pyarrow duckdb polars
! command -v java >/dev/null || ! have_jars || exit 0
exec 9>"$peers/.lock"
flock 9
log=$peers/spark.log
package java openjdk-17-jre-headless
! have_jars || exit 0		# another run was faster
package mvn maven
mkdir -p "$jars.new" "$repository"
for pin in $(pins); do
	[ ! -s "$jars/$(file "$pin")" ] || continue
	say "installing $pin into $jars"
	if ! mvn -B -q -Dmaven.repo.local="$repository" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
	    -Dartifact="$pin" -DoutputDirectory="$jars.new" >"$log" 2>&1; then
		say "NOT INSTALLED: $pin; $log ends:"
		tail -n 5 "$log" >&2
		exit 69
	fi
done
mkdir -p "$jars"
mv "$jars.new"/*.jar "$jars"
have_jars || { say "NOT INSTALLED: $(pins | tr '\n' ' ')"; exit 69; }
rm -rf "$repository" "$jars.new"
