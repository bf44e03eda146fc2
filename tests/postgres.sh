#!/bin/sh
# A private PostgreSQL 15 for tests, on a Unix socket only:
#
#	eval "$(sh tests/postgres.sh start)"	sets PGHOST PGPORT PGUSER PGDATABASE and PGPRIVATE, its directory
#	sh tests/postgres.sh stop "$PGPRIVATE"	ends it and removes the directory
#
# As root it runs as the user postgres, as the server refuses root. The Debian package is installed where it is missing. Ends with 69 and
# says so on standard error where there can be no server.
set -eu

say() { printf 'postgres.sh: %s\n' "$*" >&2; }
bin=/usr/lib/postgresql/15/bin
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)

as_server() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid postgres --regid postgres --clear-groups -- "$@"
	else
		"$@"
	fi
}

install_package() {
	sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	[ -z "$sudo" ] || command -v sudo >/dev/null || return 0
	conf=/etc/postgresql-common
	# No cluster of the package's own.
	$sudo mkdir -p $conf
	[ -e $conf/createcluster.conf ] || echo 'create_main_cluster = false' | $sudo tee $conf/createcluster.conf >/dev/null
	sh "$here/../pipelines/demo.sh" --install postgresql-15
}

start() {
	[ -x $bin/initdb ] || install_package >&2 || true
	[ -x $bin/initdb ] || { say 'NO SERVER: postgresql-15 is not there and could not be installed'; exit 69; }
	dir=$(mktemp -d /tmp/acct-pg.XXXXXX)
	[ "$(id -u)" != 0 ] || chown postgres "$dir"
	cd "$dir"	# the server's user may not be allowed where we are
	if ! as_server $bin/initdb -D "$dir/data" -U acct -A trust -E UTF8 --locale=C.UTF-8 -N >"$dir/initdb.log" 2>&1 ||
	    ! as_server $bin/pg_ctl -D "$dir/data" -l "$dir/server.log" -w -o "-k $dir -c listen_addresses='' -c fsync=off" start \
	    >"$dir/start.log" 2>&1 </dev/null; then
		say 'NO SERVER: it does not start:'
		tail -n 5 "$dir"/*.log >&2
		rm -rf "$dir"
		exit 69
	fi
	printf 'export PGHOST=%s PGPORT=5432 PGUSER=acct PGDATABASE=postgres PGPRIVATE=%s\n' "$dir" "$dir"
}

stop() {
	case ${1:-} in /tmp/acct-pg.*) ;; *) say "not one of ours: '${1:-}'"; exit 64 ;; esac
	cd "$1"
	as_server $bin/pg_ctl -D "$1/data" -m immediate -w stop >"$1/stop.log" 2>&1 || { say 'does not stop:'; cat "$1/stop.log" >&2; exit 1; }
	cd /
	rm -rf "$1"
}

case ${1:-} in
start) start ;;
stop) stop "${2:-}" ;;
*) say 'usage: sh tests/postgres.sh start | stop DIRECTORY'; exit 64 ;;
esac
