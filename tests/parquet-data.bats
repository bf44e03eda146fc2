load helper

# The Parquet project's own test files, without a peer: values that are given beside them or known, and refusals. tests/interop-parquet.bats compares all
# of them with pyarrow.

DATA=$SHARED/conformance/parquet/data
BAD=$SHARED/conformance/parquet/bad_data

prepare() {
	need "$DATA"
}

# refused FILE WORDS: refused as bad data, for the reason in the words.
refused() {
	run -65 --separate-stderr pqtool dump "$1"
	case $stderr in
	"pqtool: $1: "*"$2"*) ;;
	*) echo "$stderr"; false ;;
	esac
	[ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ]
}

# expect FILE COLUMNS: the rows of FILE.parquet as its _expect.csv has them, which quotes nothing but strings.
expect() {
	same "$(tail -n +2 "$DATA/$1_expect.csv" | tr -d '"\r')" \
	    "$(pqtool dump "$DATA/$1.parquet" | tail -n +2 | python3 -c '
import sys
for line in sys.stdin:
    cells = []
    for cell in line.rstrip("\n").split("\t"):
        cells.append("" if cell == "\\N" else bytes.fromhex(cell[1:]).decode() if cell.startswith("x") else cell)
    print(",".join(cells))')"
}

@test "parquet: DELTA_BINARY_PACKED of every width" {
	expect delta_binary_packed
}

@test "parquet: DELTA_BYTE_ARRAY" {
	expect delta_byte_array
}

@test "parquet: DELTA encodings of required and optional columns" {
	expect delta_encoding_required_column
	expect delta_encoding_optional_column
}

@test "parquet: decimals on every carrier are the same" {
	want=$(printf '%s\n' "value:decimal(4,2)?" $(seq 100 100 2400))
	for f in int32_decimal byte_array_decimal; do
		run -0 pqtool dump "$DATA/$f.parquet"
		same "$want" "$output"
	done
	run -0 pqtool dump "$DATA/int64_decimal.parquet"
	same "${want/4,2/10,2}" "$output"
	run -0 pqtool dump "$DATA/fixed_length_decimal.parquet"
	same "${want/4,2/25,2}" "$output"
	run -0 pqtool dump "$DATA/fixed_length_decimal_legacy.parquet"
	same "${want/4,2/13,2}" "$output"
}

@test "parquet: a dictionary of one value may have indexes of no bits" {
	# It stands among the bad files for a reader that failed on it; pyarrow, DuckDB and Polars give these rows, and parquet-java writes such pages.
	run -0 sh -c 'pqtool dump "$1" | sort | uniq -c | tr -s " "' sh "$BAD/ARROW-GH-43605.parquet"
	same ' 21186 0
 1 min_fl:uint16?' "$output"
}

@test "parquet: a checksum that does not match is an error" {
	refused "$DATA/datapage_v1-corrupt-checksum.parquet" "column 'a', row group 0: page checksum mismatch"
	refused "$DATA/rle-dict-uncompressed-corrupt-checksum.parquet" "page checksum mismatch"
}

@test "parquet: bad files are refused, each for its reason" {
	refused "$BAD/PARQUET-1481.parquet" "an unknown physical type (-7)"
	refused "$BAD/ARROW-RS-GH-6229-DICTHEADER.parquet" "the chunk lies outside the file"
	refused "$BAD/ARROW-RS-GH-6229-LEVELS.parquet" "pages have more entries than the chunk"
	refused "$BAD/ARROW-GH-41317.parquet" "a repetition level of 2 is not supported"
	refused "$BAD/ARROW-GH-41321.parquet" "a repetition level of 2 is not supported"
	refused "$BAD/ARROW-GH-45185.parquet" "an entry before the first row"
	refused "$BAD/ARROW-GH-47662.parquet" "truncated values in a page"
	# The footer gives its last column's chunk a length shorter than its pages.
	refused "$DATA/nation.dict-malformed.parquet" "a page exceeds its chunk"
}

@test "parquet: what is not read is refused by name" {
	refused "$DATA/large_string_map.brotli.parquet" "unsupported compression codec: BROTLI"
	refused "$DATA/nested_maps.snappy.parquet" "a repetition level of 2 is not supported"
	refused "$DATA/int96_from_spark.parquet" "a value does not fit its type"
	printf 'PAR1xxxxxxxxPARE' >enc.parquet
	refused enc.parquet "encrypted Parquet files are not supported"
}

@test "parquet: every cut of a file is refused" {
	size=$(stat -c %s "$DATA/alltypes_plain.snappy.parquet")
	for n in $(seq 0 37 $((size - 1))); do
		head -c "$n" "$DATA/alltypes_plain.snappy.parquet" >cut.parquet
		run -65 --separate-stderr pqtool dump cut.parquet
	done
}

@test "parquet: no file, a folder, no permission to write" {
	run -66 --separate-stderr pqtool dump nowhere.parquet
	run -66 --separate-stderr pqtool dump .
	printf 'a:int64\n1\n' >text
	run -74 --separate-stderr sh -c 'pqtool write /dev/full <text'
	same "pqtool: /dev/full: No space left on device" "$stderr"
}

@test "parquet: a file without rows has no row group, and reads as none" {
	printf 'a:int64\ts:string?\n' | pqtool write empty.parquet
	run -0 pqtool dump empty.parquet
	same "$(printf 'a:int64\ts:string?')" "$output"
	run -0 pqtool stats empty.parquet
	[ -z "$output" ]
}

@test "parquet: the same rows on the portable path, byte for byte" {
	printf 'a:int64\td:date?\ts:string\n' >text
	seq 5000 | awk '{ printf "%d\t%s\tx%02x\n", $1 * 7919 % 100003, $1 % 3 ? $1 % 500 : "\\N", 97 + $1 % 20 }' >>text
	pqtool write a.parquet <text
	ACCT_PORTABLE=1 pqtool write b.parquet <text
	cmp a.parquet b.parquet
	same "$(cat text)" "$(ACCT_PORTABLE=1 pqtool dump a.parquet)"
}
