# shellcheck shell=sh disable=SC2154
# Gold of a run: the scripts of JOB/gold, each of which makes one table from silver, or from gold made before. The Delta tables LAKE/gold/<table>, and the
# same rows as plain Parquet files in LAKE/gold/_export/<table>, with a manifest. Read by run.sh.

# only: prints the lake and the tables that the script may read.
only() {
	printf '%s\n' "$LAKE"
	for _source in $said_from; do
		case " $TABLES " in
		*" $_source "*) echo "silver/$_source" ;;
		*) echo "gold/$_source" ;;
		esac
	done
}

# build: runs the table's script and makes its records the table.
build() {
	_status=0
	left "$table.script" env LAKE="$LAKE" ACCT_PREPARED="$PREPARED" ACCT_ONLY="$(only)" sh "$JOB/gold/$table.sh" "$LAKE" |
		prepare "gold/$table" acct-write -m overwrite --replace-schema || _status=$?
	if [ "$_status" -ne 0 ] || [ -e "$WORK/$table.script.status" ]; then
		warn "$JOB/gold/$table.sh: failed; the lake is as it was"
	fi
	joined "$_status" "$table.script"
}

# seen PROGRAM OPTION...: calls it for the table as this run will leave it.
seen() {
	if [ -e "$PREPARED/gold/$table" ]; then
		"$@" --with "$PREPARED/gold/$table" "$LAKE/gold/$table"
	else
		"$@" "$LAKE/gold/$table"
	fi
}

# export_files: the data files of the table's version, of which standard input has the lines of acct-log, are plain Parquet files: under other names they
# are the export, with a manifest that names them. A version without rows has no file; then there is one of the columns alone.
export_files() {
	path=gold/_export/$table folder=$RUN/late/gold/_export/$table
	mkdir -p -- "$folder" "$STAGE/$path" || return 73
	if is_far "$LAKE"; then
		! is_kept "$path" || acct-blob ls "$LAKE/$path" | sed -n "s|.*[.]parquet\$|$path/&|p"
	else
		for file in "$LAKE/$path"/*.parquet; do
			[ ! -e "$file" ] || echo "$path/${file##*/}"
		done
	fi >"$WORK/$table.gone"
	total=0 n=0 files=''
	while read -r bytes rows _ _ name; do
		file=$(printf 'part-%05d-%s.parquet' "$n" "$ID")
		n=$((n + 1))
		if is_far "$LAKE"; then
			acct-blob get "$LAKE/gold/$table/$name" "$folder/$file" || return
		else
			cp --reflink=auto -- "$LAKE/gold/$table/$name" "$folder/$file" || return 74
		fi
		files="$files${files:+,
}{\"name\":\"$file\",\"bytes\":$bytes,\"rows\":$rows}"
		total=$((total + rows))
	done
	if [ "$n" -eq 0 ]; then
		file=part-00000-$ID.parquet
		seen acct-read | acct-write -o "$folder/$file" || return
		files="{\"name\":\"$file\",\"bytes\":$(stat -c %s -- "$folder/$file"),\"rows\":0}"
	fi
	printf '{"table":"%s","run":"%s","rows":%s,"files":[\n%s\n]}\n' "$table" "$ID" "$total" "$files" >"$STAGE/$path/manifest.json" || return 74
	sync -- "$folder"/* || return 74
}

# make_gold LINE...: the tables of these lines of the plan.
make_gold() {
	tell 'gold: running the scripts'
	each make_table "$@"
}

# make_table LINE: makes a gold table, or its export alone, as the line of the plan has it.
make_table() {
	IFS=$TAB read -r kind table how _ key _ <<-END
		$1
	END
	if [ "$kind" = gold ]; then
		[ "$how" != anew ] || acct-lake aside "gold/$table"
		gold_says "$table"
		build
		mkdir -p -- "$STAGE/runs/made/$table"
		echo "$key" >"$STAGE/runs/made/$table/key"
	fi
	seen acct-log --files >"$WORK/$table.files"
	export_files <"$WORK/$table.files"
}
