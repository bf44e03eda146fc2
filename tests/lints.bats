load helper

# The lints of the tree see what they are for.

@test "lints: style: each rule sees a line that breaks it" {
	cat >bad.c <<'END'
int f(void) {
    int* x;
	if(x)
	{
	}
	else
		;
  return 1; // one
	return sizeof x;	 
	if (g() == -1)
}


struct a
{
};
static int g(int x)
{
}
END
	run -1 sh "$ROOT/tests/style.sh" "$PWD/bad.c"
	same "1: the brace of a function on a line of its own
2: the star belongs to the name
3: a blank after a keyword
4: the brace of a statement on its line
6: } else on one line
8: comments are /* */
8: indent with tabs
9: blanks at the end of a line
9: sizeof(x), with parentheses
10: a failed call is < 0
13: two empty lines
15: the brace of a type on its line
17: a function begins its line" "$(sed "s|^$PWD/bad.c:||; s/\(: [^:]*\):.*/\1/" <<<"$output" | sort -n)"
}

@test "lints: style: strings and comments are no code" {
	printf '/*\n * if(x) sizeof y // z\n */\nstatic const char *s = "if(x) // sizeof y";\n' >good.c
	run -0 sh "$ROOT/tests/style.sh" "$PWD/good.c"
	same "" "$output"
}

# A tree of its own, in which the lint at its place looks around.
tree() {
	mkdir -p "$T/tree/tests" "$T/tree/lib/a" "$T/tree/cmd"
	cp "$ROOT/tests/$1" "$T/tree/tests/"
	cd "$T/tree"
}

@test "lints: structs: two of one name are named with both places" {
	tree structs.sh
	printf 'struct pair {\n};\nstruct other {\n};\n' >lib/a/one.c
	run -0 sh tests/structs.sh
	printf '\nenum pair {\n};\n' >cmd/two.c
	run -1 sh tests/structs.sh
	same "lib/a/one.c:1: pair is also at cmd/two.c:2" "$output"
}

@test "lints: commits: subject, area, verb, body" {
	tree commits.sh
	git init -q -b main .
	git config user.name n
	git config user.email e
	commit() { git commit -q --allow-empty -m "$@"; }
	commit 'all: begin' -m 'why'
	commit 'lib: pass a longer name' -m 'Since names are long.'
	run -0 sh tests/commits.sh HEAD~1..HEAD
	same "" "$output"
	commit 'lib: pass a name that is much longer than anyone would want to read' -m 'why'
	commit 'Change things.' -m 'why'
	commit 'lib: renamed a function' -m 'why'
	commit 'lib: rename a function'
	run -1 sh tests/commits.sh HEAD~4..HEAD
	same "67 characters: lib: pass a name that is much longer than anyone would want to read
full stop: Change things.
no area: Change things.
not imperative: \"renamed\": lib: renamed a function
no body: lib: rename a function" "$(sed 's/^[0-9a-f]*: //' <<<"$output")"
	run -64 sh tests/commits.sh
	run -128 sh tests/commits.sh nothing..HEAD
}

@test "lints: prose and width see what they are for" {
	printf '/* What is wanted stands behind it. */\n' >bad.c
	run -1 sh "$ROOT/tests/prose.sh" "$PWD/bad.c"
	[[ $output == *'"is wanted"'* ]]
	printf '\t/* %0120d */\n' 0 >wide.c
	run -1 sh "$ROOT/tests/width.sh" "$PWD/wide.c"
	same "$PWD/wide.c:1: 134 columns" "$output"
}

@test "lints: tests/README.md names every helper" {
	for helper in $(sed -n 's/^\([a-z_]*\)() {.*/\1/p' "$ROOT/tests/helper.bash"); do
		[ "$helper" = setup ] || grep -q "\`[^|]*\b$helper\b" "$ROOT/tests/README.md" || { echo "tests/README.md does not name $helper" >&2; false; }
	done
}
