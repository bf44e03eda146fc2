#!/bin/sh
# A private Azurite, Microsoft's emulator of Azure Blob Storage, for tests: on https with a certificate of its own, taking account keys, shared
# access signatures and tokens.
#
#	eval "$(sh tests/azurite.sh start)"	sets ACCT_AZURE_ENDPOINT, AZURE_STORAGE_KEY, SSL_CERT_FILE and AZURITE, its directory
#	sh tests/azurite.sh stop "$AZURITE"	ends it and removes the directory
#
# Its account is acct, with a random key and the container lake. The package of npm is installed into build/azurite where it is missing. Ends with 69
# and says so on standard error where there can be no server.
set -eu

version=3.35.0
say() { printf 'azurite.sh: %s\n' "$*" >&2; }
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
place=${AZURITE_PLACE:-$here/../build/azurite}
package=$place/node_modules/azurite

is_installed() {
	grep -qs "\"version\": \"$version\"" "$package/package.json" && [ -e "$place/.complete" ]
}

install_package() {
	mkdir -p "$place"
	exec 9>"$place/.lock"
	flock 9
	! is_installed || return 0
	command -v npm >/dev/null || sh "$here/../pipelines/demo.sh" --install nodejs npm
	say "installing azurite $version into $place"
	npm install --no-audit --no-fund --prefix "$place" "azurite@$version" >"$place/install.log" 2>&1
	: >"$place/.complete"
}

start() {
	is_installed || [ "${ACCT_TEST_PEERS:-yes}" != yes ] || install_package >&2 || true
	is_installed || { say "NO SERVER: azurite $version is not there and could not be installed"; exit 69; }
	dir=$(mktemp -d /tmp/acct-azurite.XXXXXX)
	key=$(openssl rand -base64 32)
	openssl req -newkey rsa:2048 -x509 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost \
		-keyout "$dir/key.pem" -out "$dir/ca.pem" 2>"$dir/openssl.log"
	AZURITE_ACCOUNTS="acct:$key" node "$package/dist/src/blob/main.js" --blobPort 0 --inMemoryPersistence --disableTelemetry --oauth basic \
		--skipApiVersionCheck --cert "$dir/ca.pem" --key "$dir/key.pem" >"$dir/log" 2>&1 </dev/null 9>&- &
	echo $! >"$dir/pid"
	tries=0
	until port=$(sed -n 's|.*successfully listen.* on https://127.0.0.1:\([0-9]*\).*|\1|p' "$dir/log" | head -n 1) && [ -n "$port" ]; do
		tries=$((tries + 1))
		if [ $tries -gt 300 ] || ! kill -0 "$(cat "$dir/pid")" 2>/dev/null; then
			say 'NO SERVER: it does not start:'
			tail -n 5 "$dir/log" >&2
			stop "$dir"
			exit 69
		fi
		sleep 0.1
	done
	export SSL_CERT_FILE="$dir/ca.pem" AZURE_STORAGE_KEY="$key"
	python3 "$here/azure/rest.py" "https://127.0.0.1:$port/acct" make lake >&2
	# shellcheck disable=SC2016
	printf "export ACCT_AZURE_ENDPOINT='https://127.0.0.1:%s/{account}' AZURE_STORAGE_KEY=%s SSL_CERT_FILE=%s AZURITE=%s AZURITE_PORT=%s\n" \
		"$port" "$key" "$dir/ca.pem" "$dir" "$port"
}

stop() {
	case ${1:-} in /tmp/acct-azurite.*) ;; *) say "not one of ours: '${1:-}'"; exit 64 ;; esac
	[ ! -e "$1/pid" ] || kill "$(cat "$1/pid")" 2>/dev/null || true
	rm -rf "$1"
}

case ${1:-} in
start) start ;;
stop) stop "${2:-}" ;;
*) say 'usage: azurite.sh start | stop DIRECTORY'; exit 64 ;;
esac
