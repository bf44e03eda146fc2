#!/bin/sh
# demo.sh [FOLDER [LAKE]]: from a fresh checkout to the whole job in one command. Installs what is missing from Debian, builds, runs the job on
# the sample bank, or on the files of FOLDER, and shows what came of it. The lake is build/demo-lake, or build/lake for a FOLDER, unless
# named: what a database has of the sample bank would stay among the rows of another.
# demo.sh --install [PACKAGE ...]: only installs what building and running need, and these packages of Debian. Where all are installed already,
# no network is needed.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
top=${here%/*}

packages='gcc make pkg-config libc6-dev libcsv-dev libyaml-dev libbsd-dev libxxhash-dev libsnappy-dev libzstd-dev zlib1g-dev
	liblz4-dev libjansson-dev libssl-dev libtre-dev libcurl4-openssl-dev libexpat1-dev tzdata sqlite3 util-linux openssl'

usage='demo.sh [--install [PACKAGE ...] | FOLDER [LAKE]]'

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# not_installed: ends where packages are missing and cannot be had, with what to ask for.
not_installed() {
	echo "demo.sh: could not install what is missing; ask for: apt-get install$missing" >&2
	exit 69
}

# install_missing PACKAGE...: asks the package manager only where something is missing.
install_missing() {
	missing=
	for package; do
		installed "$package" || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	sudo=
	[ "$(id -u)" -eq 0 ] || sudo=sudo
	command -v apt-get >/dev/null || not_installed
	[ -z "$sudo" ] || command -v sudo >/dev/null || not_installed
	echo "installing:$missing"
	$sudo apt-get update -qq || not_installed
	# shellcheck disable=SC2086
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold \
		$missing >/dev/null || not_installed
}

# show TABLE: its first five rows, aligned.
show() {
	echo
	echo "$1, the first rows of the Delta table $lake/gold/$1"
	acct-read "$lake/gold/$1" | head -n 6 | acct-cat --partial -f table
}

case ${1:-} in
--install)
	shift
	# shellcheck disable=SC2086
	install_missing $packages "$@"
	exit 0
	;;
-h | --help)
	echo "usage: $usage"
	exit 0
	;;
-*)
	echo "usage: $usage" >&2
	exit 64
	;;
esac
folder=${1:-$here/sample}
if [ $# -gt 0 ]; then
	lake=${2:-$top/build/lake}
else
	lake=$top/build/demo-lake
fi
if [ -e "$top/Makefile" ]; then
	# shellcheck disable=SC2086
	install_missing $packages
	make -s -C "$top" -j"$(nproc)" BUILD=build all
	PATH=$top/build/bin:$PATH
	mkdir -p "$top/build"
fi
sh "$here/run.sh" "$folder" "$lake"
case $lake in
/*) ;;
*) lake=$PWD/$lake ;;
esac
for table in "$lake"/gold/*/_delta_log; do
	table=${table%/_delta_log}
	show "${table##*/}"
done
echo
echo "The same in SQL: sqlite3 '$lake/gold/gold.db' 'SELECT * FROM customer_balance'"
