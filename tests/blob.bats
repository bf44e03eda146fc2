load helper

# acct-blob on folders of this machine; azure.bats has it on Azure Blob Storage.

@test "blob: put and get move bytes, by files and by pipes" {
	head -c 300000 /dev/urandom >in
	acct-blob put in "$T/lake/a/b"
	acct-blob get "$T/lake/a/b" out
	cmp in out
	acct-blob put "$T/lake/c" <in
	acct-blob get "$T/lake/c" | cmp - in
	: | acct-blob put "$T/lake/none"
	same "" "$(acct-blob get "$T/lake/none")"
}

@test "blob: --if-absent leaves what is there, and of many writers one wins" {
	echo first >1
	echo second >2
	acct-blob put --if-absent 1 "$T/lake/x"
	run -1 --separate-stderr acct-blob put --if-absent 2 "$T/lake/x"
	same "acct-blob: $T/lake/x: exists already" "$stderr"
	same first "$(acct-blob get "$T/lake/x")"
	acct-blob put 2 "$T/lake/x"
	same second "$(acct-blob get "$T/lake/x")"
	for i in 1 2 3 4 5 6 7 8; do
		(echo "$i" | acct-blob put --if-absent "$T/lake/race" 2>/dev/null && echo "$i" >>won) &
	done
	wait
	same 1 "$(wc -l <won)"
	same "$(cat won)" "$(acct-blob get "$T/lake/race")"
}

@test "blob: ls, cp and rm below an address" {
	mkdir -p lake/d/e
	echo a >lake/d/a.csv
	echo bb >lake/d/b.txt
	echo c >lake/d/e/c.csv
	same $'e/\na.csv\nb.txt' "$(acct-blob ls lake/d)"
	same $'a.csv\nb.txt\ne/c.csv' "$(acct-blob ls --recursive lake/d)"
	same $'a.csv\ne/c.csv' "$(acct-blob ls --recursive --include '*.csv' lake/d)"
	same 3 "$(acct-blob ls -l lake/d | awk '$3 == "b.txt" { print $1 }')"
	acct-blob cp --recursive --include '*.csv' lake/d copy
	same $'a.csv\ne/c.csv' "$(cd copy && find . -type f | sed 's,^\./,,' | sort)"
	diff lake/d/e/c.csv copy/e/c.csv
	acct-blob rm lake/d/b.txt
	acct-blob rm --recursive --include '*.csv' lake/d
	same "" "$(find lake -type f)"
}

@test "blob: what is not there, and wrong use" {
	run -66 --separate-stderr acct-blob get "$T/none"
	[[ $stderr == "acct-blob: $T/none: "* ]]
	run -64 acct-blob
	run -64 acct-blob get
	run -64 acct-blob fetch x
	run -64 acct-blob put a b c
	run -64 --separate-stderr acct-blob ls s3://account/x
	same "acct-blob: s3://account/x: unknown kind of address; kinds are: a directory, az, abfss, https" "$stderr"
}
