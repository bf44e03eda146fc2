load helper

# The library in layers, lowest first: a folder includes itself and what stands on an earlier line. What is not named here has no place.
layers() {
	cat <<-'END'
	simd
	base
	val regex spill http
	map rec schema parquet azure
	csv store
	text
	agg draft expr frictionless history ingest join ledger sql delta
	clean table
	adf check job lake merge optimize
	reconcile why
	cli
	END
}

@test "layers: every folder of lib has its place" {
	run -0 sh -c 'cd "$1/lib" && ls -d -- */ | tr -d /' sh "$ROOT"
	for folder in $output; do
		layers | grep -qw "$folder" || { echo "lib/$folder is in no layer" >&2; false; }
	done
}

@test "layers: the library includes downwards only" {
	cd "$ROOT"
	run -0 --separate-stderr sh -c '
		grep -n "^#include \"" lib/*/*.[ch] lib/*/*/*.[ch] | sed -n "s|^lib/\([a-z0-9]*\)/\([^:]*:[0-9]*\):#include \"\([a-z0-9]*\)/.*|\1 \3 lib/\1/\2|p"'
	[ -n "$output" ]
	same "" "$( { layers; echo ---; echo "$output"; } | awk '
		/^---$/ { rules = 1; next }
		!rules { for (i = 1; i <= NF; i++) level[$i] = NR; next }
		$1 != $2 && level[$2] >= level[$1] { print $3 ": " $1 " must not know " $2 }')"
}

# Files that still hold vector code of their own, which is to become kernels of lib/simd.
own_vectors() {
	cat <<-'END'
	lib/clean/fast.c
	lib/clean/rows.c
	lib/clean/take.c
	lib/val/decode.c
	lib/val/ints.c
	lib/val/string.c
	END
}

@test "layers: vector instructions are in lib/simd alone" {
	cd "$ROOT"
	same "$(own_vectors)" "$(grep -lE '\<_mm(256|512)?_[a-z]|immintrin|arm_neon|\<_(pdep|pext|tzcnt|bzhi)_u' lib/*/*.[ch] lib/*/*/*.[ch] cmd/*.c | grep -v '^lib/simd/')"
}

# Folders with rooms, lowest first: a room includes itself, those before it, and headers of the folder that are in no room.
rooms() {
	cat <<-'END'
	parquet format encode read
	parquet format encode write
	delta log data change
	END
}

@test "layers: rooms of a folder include downwards only" {
	cd "$ROOT"
	same "" "$(ls -d lib/*/*/ | sed 's|^lib/\(.*\)/\(.*\)/$|\1 \2|' | while read -r folder room; do
		rooms | grep -q "^$folder .*\<$room\>" || echo "lib/$folder/$room has no place"
	done)"
	run -0 --separate-stderr sh -c '
		grep -n "^#include \"" lib/*/*/*.[ch] | sed -n "s|^lib/\([a-z0-9]*\)/\([a-z0-9]*\)/\([^:]*:[0-9]*\):#include \"\1/\([a-z0-9]*\)/.*|\1 \2 \4 \3|p"'
	[ -n "$output" ]
	same "" "$( { rooms; echo ---; echo "$output"; } | awk '
		/^---$/ { rules = 1; next }
		!rules { for (i = 2; i <= NF; i++) for (k = 2; k <= i; k++) right[$1, $i, $k] = 1; next }
		!(($1, $2, $3) in right) { print "lib/" $1 "/" $2 "/" $4 ": " $2 " must not know " $3 }')"
}

@test "layers: a program is one file and knows the library only" {
	cd "$ROOT"
	same "" "$(grep -n '^#include "' cmd/*.c | grep -v '#include "[a-z0-9]*/[a-z0-9_]*\.h"' || true)"
}

@test "layers: every header stands on its own" {
	cd "$ROOT"
	for h in lib/*/*.h lib/*/*/*.h; do
		echo "#include \"${h#lib/}\"" | ${CC:-cc} -std=c11 -D_GNU_SOURCE -Ilib -Wall -Werror -fsyntax-only -x c - || { echo "$h" >&2; false; }
	done
}

@test "layers: the map names every folder, and its template program works" {
	for folder in "$ROOT"/lib/*/; do
		folder=$(basename "$folder")
		grep -q "^|.*| \`$folder\` |" "$ROOT/lib/README.md" || { echo "lib/README.md does not name $folder" >&2; false; }
	done
	! sanitized || skip 'the library there needs the flags of its sanitizers'
	sed -n '/^```c$/,/^```$/{/^```/d;p;}' "$ROOT/lib/README.md" >acct-head.c
	make -s -C "$ROOT" print-libs >libs.txt
	# shellcheck disable=SC2046
	${CC:-cc} -std=c11 -D_GNU_SOURCE -DACCT_VERSION='"0"' -I"$ROOT/lib" -Wall -Wextra -Werror -o acct-head acct-head.c "$BUILD/libacct.a" $(cat libs.txt)
	mkrec t 'id:int64*! name:string' <<<$'1\ta\n2\tb\n3\tc' >t.acct
	same $'id\tname\n1\ta\n2\tb' "$(./acct-head -n 2 t.acct | tsv)"
	same "Manual: acct-head(1)" "$(./acct-head -h | tail -n 1)"
}

@test "layers: make refuses a compiler for a big-endian processor" {
	run -2 --separate-stderr make -n -C "$ROOT" CC="${CC:-cc} -U__BYTE_ORDER__ -D__BYTE_ORDER__=__ORDER_BIG_ENDIAN__"
	[[ $stderr == *"compiles for a big-endian processor; acct needs a little-endian one"* ]]
	run -0 --separate-stderr make -n -C "$ROOT"
}

@test "layers: a program that neither reads nor writes Parquet loads no codec of it" {
	for p in acct-cat acct-select acct-join acct-balance; do
		run -0 ldd "$BUILD/bin/$p"
		[[ $output != *libsnappy* && $output != *liblz4* && $output != *libzstd* ]]
	done
}
