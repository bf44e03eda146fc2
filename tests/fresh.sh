#!/bin/sh
# sh tests/fresh.sh: the README's two commands on a Debian 12 that has nothing but git: as root, and as an ordinary user, who learns what to
# ask for where sudo is missing. Needs root for the new system's root folder, made with mmdebstrap and kept as build/fresh.tar, so that a
# second call needs only the packages. ACCT_TEST_PEERS=yes installs the peers of other projects there too; without it their tests are
# skipped, as they run outside. The last line is "N passed, M failed", and ", K skipped" where tests were.
set -eu
LC_ALL=C
export LC_ALL
cd -- "$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)/.."
exec </dev/null

if [ "$(id -u)" -ne 0 ]; then
	echo 'SKIPPED: a root folder for a fresh system can be made by root only'
	echo '0 passed, 0 failed, 1 skipped'
	exit 0
fi
sh pipelines/demo.sh --install mmdebstrap git
top=$PWD
base=$top/build/fresh.tar
passed=0
failed=0
skipped=0
work=$(mktemp -d)
trap 'rm -rf --one-file-system -- "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The system as it is installed from this machine's own sources: a compiler is as far away as for a newcomer.
make_base() {
	[ ! -s "$base" ] || return 0
	set --
	for conf in /etc/apt/apt.conf.d/*; do
		! grep -q '^Acquire' "$conf" || set -- "$@" --aptopt="$conf"
	done
	sources=$work/sources
	for list in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
		[ ! -s "$list" ] || cat "$list" >>"$sources"
	done
	mkdir -p build
	mmdebstrap --quiet --mode=root --format=tar --variant=minbase --include=ca-certificates,git "$@" bookworm "$base.new" "$sources"
	mv -f -- "$base.new" "$base"
}

# A system of its own with a clone of this checkout, that of a user as well as that of root.
make_root() {
	root=$work/root
	mkdir "$root"
	tar -C "$root" --exclude='./dev/*' -xf "$base"
	mkdir -p "$root/proc" "$root/dev"
	cp /etc/resolv.conf /etc/hosts "$root/etc/"
	chroot "$root" useradd --create-home --shell /bin/sh clerk
	for home in root home/clerk; do
		git clone -q --no-hardlinks "$top" "$root/$home/acct"
	done
	chroot "$root" chown -R clerk: /home/clerk
}

# inside USER COMMAND...: runs it there in that user's clone. What it starts ends with it.
inside() {
	user=$1
	shift
	# shellcheck disable=SC2016
	unshare --mount --pid --ipc --fork --kill-child sh -c '
		mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" || exit 71
		user=$1
		shift
		exec chroot --userspec="$user:$user" "$0" env -i HOME="$(chroot "$0" sh -c "echo ~$user")" \
			PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LC_ALL=C ACCT_SEED="${ACCT_SEED:-$(date +%s)}" \
			ACCT_TEST_PEERS="${ACCT_TEST_PEERS:-no}" sh -c "cd ~/acct && exec \"\$@\"" sh "$@"
	' "$root" "$user" "$@"
}

# check WHAT: counts what has been found, by the status of the command before.
check() {
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok: $2"
	else
		failed=$((failed + 1))
		echo "not ok: $2"
		tail -n 60 "$work/log"
	fi
}

# expect WHAT STATUS PATTERN USER COMMAND...: one command, its status and a line of what it says.
expect() {
	what=$1
	status=$2
	pattern=$3
	shift 3
	got=0
	inside "$@" >"$work/log" 2>&1 || got=$?
	found=0
	{ [ "$got" -eq "$status" ] && grep -q -e "$pattern" "$work/log"; } || found=1
	check "$found" "$what"
}

# suite WHAT USER FILTER...: tests/run.sh there, with its own numbers.
suite() {
	echo "---- $1"
	user=$2
	shift 2
	inside "$user" sh tests/run.sh "$@" >"$work/log" 2>&1 || :
	last=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$work/log" | tail -n 1 | tr -cd '0-9 ')
	grep -E '^(not ok|FAILED)' "$work/log" || :
	[ -n "$last" ] || tail -n 60 "$work/log"
	# shellcheck disable=SC2086
	set -- ${last:-0 1}
	passed=$((passed + $1))
	failed=$((failed + $2))
	skipped=$((skipped + ${3:-0}))
}

make_base
make_root
expect 'without sudo a user learns what to ask for' 69 'ask for: apt-get install gcc' clerk sh pipelines/demo.sh
expect 'the demo, as root' 0 'checks close' root sh pipelines/demo.sh
expect 'the demo, as a user' 0 'checks close' clerk sh pipelines/demo.sh
suite 'the tests, as root' root
suite 'some tests, as a user' clerk common clean ingest vacuum
expect 'files of bronze are not for writing, as a user' 0 '^ok 1 ' clerk bats --tap -f 'new files replace silver' tests/pipeline.bats
closing="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || closing="$closing, $skipped skipped"
echo "$closing"
[ "$failed" -eq 0 ]
