"""Parquet files between acct and its peers: pyarrow, DuckDB, Polars.

    parquet_peers.py PQTOOL ours|theirs|given DIR

ours   pqtool writes files of every type, codec and shape; each peer reads them to equal rows and types
theirs each peer writes files in every way it has; pqtool reads them to equal rows
given  the Parquet files in DIR, made by others, read as pyarrow reads them, or refused for a reason that is listed here

Prints a line for each failure and exits 1 if there was one. ACCT_SEED sets the seed of the random values. With ACCT_PART=N only
each N-th way that peers write is taken, which one first is by the seed.
"""
import decimal
import itertools
import os
import random
import subprocess
import sys

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq

decimal.getcontext().prec = 100
SEED = int(os.environ.get("ACCT_SEED", "1"))
PART = int(os.environ.get("ACCT_PART", "1"))
failures = 0
checks = 0


def fail(text):
    global failures
    failures += 1
    print("not equal:", text, f"(seed {SEED})")


# ---- the text of pqtool ----

def parse_cell(kind, cell):
    if cell == r"\N":
        return None
    if kind in ("float", "double"):
        return "nan" if cell == "nan" else float.fromhex(cell)
    if kind in ("string", "binary"):
        return bytes.fromhex(cell[1:])
    return int(cell)


def put_cell(kind, value):
    if value is None:
        return r"\N"
    if kind in ("float", "double"):
        return "nan" if value == "nan" else value.hex()
    if kind in ("string", "binary"):
        return "x" + value.hex()
    return str(value)


class Table:
    """Columns of one file: name, type as pqtool names it, may it be null; and rows of plain Python values."""

    def __init__(self, columns, rows):
        self.columns = columns
        self.rows = rows

    def text(self):
        lines = ["\t".join(f"{n}:{t}{'?' if o else ''}" for n, t, o in self.columns)]
        for row in self.rows:
            lines.append("\t".join(put_cell(c[1], v) for c, v in zip(self.columns, row)))
        return "\n".join(lines) + "\n"

    @staticmethod
    def parse(text):
        lines = text.split("\n")[:-1]
        columns = []
        for word in lines[0].split("\t"):
            name, kind = word.rsplit(":", 1)
            columns.append((name, kind.rstrip("?"), kind.endswith("?")))
        rows = [tuple(parse_cell(c[1], v) for c, v in zip(columns, line.split("\t"))) for line in lines[1:]]
        return Table(columns, rows)


def run(*args, text=None):
    return subprocess.run(args, input=text, capture_output=True, text=True, check=False)


# ---- what a peer read, as the same plain values ----

def plain_column(column):
    """Values of an Arrow column: numbers as integers, decimals unscaled, days, microseconds, bytes."""
    t = column.type
    column = pa.chunked_array(column) if isinstance(column, pa.Array) else column
    if pa.types.is_dictionary(t):
        return plain_column(column.cast(t.value_type))
    if pa.types.is_decimal(t):
        return [None if v is None else int(v.scaleb(t.scale)) for v in column.to_pylist()]
    if pa.types.is_date32(t):
        return column.cast(pa.int32()).to_pylist()
    if pa.types.is_timestamp(t) or pa.types.is_time(t):
        scale = {"s": 1000000, "ms": 1000, "us": 1, "ns": None}[t.unit]
        width = pa.int32() if pa.types.is_time32(t) else pa.int64()
        return [None if v is None else v * scale if scale else v // 1000 for v in column.cast(width).to_pylist()]
    if pa.types.is_boolean(t):
        return [None if v is None else int(v) for v in column.to_pylist()]
    if pa.types.is_floating(t):
        return [None if v is None else "nan" if v != v else float(v) for v in column.to_pylist()]
    if pa.types.is_string(t) or pa.types.is_large_string(t) or t == pa.string_view():
        return [None if v is None else v for v in column.cast(pa.binary()).to_pylist()]
    return column.to_pylist()


def plain_rows(table):
    return list(zip(*(plain_column(table.column(i)) for i in range(table.num_columns)))) if table.num_rows else []


ARROW_TYPES = {
    "bool": "bool", "int8": "int8", "int16": "int16", "int32": "int32", "int64": "int64", "date": "date32[day]", "float": "float",
    "double": "double", "string": "string", "binary": "binary", "timestamp": "timestamp[us, tz=UTC]", "timestamp_ntz": "timestamp[us]",
}


def type_name(t):
    s = str(t).replace("large_", "").replace("_view", "").replace("decimal32", "decimal").replace("decimal64", "decimal")
    s = s.replace("decimal128", "decimal").replace("halffloat", "float").replace(", ", ",")
    return "timestamp[us,tz=UTC]" if s.startswith("timestamp[us,tz=") else s


def expected_type(kind):
    return ARROW_TYPES.get(kind, kind).replace(", ", ",")


def read_pyarrow(path):
    return pq.read_table(path, page_checksum_verification=True)


def read_duckdb(path):
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'")
    return con.sql(f"from read_parquet('{path}')").to_arrow_table()


def read_polars(path):
    return polars.read_parquet(path).to_arrow()


READERS = {"pyarrow": read_pyarrow, "duckdb": read_duckdb, "polars": read_polars}


def same(what, got, want):
    global checks
    checks += 1
    if len(got) != len(want):
        fail(f"{what}: {len(got)} rows, not {len(want)}")
        return
    for i, (g, w) in enumerate(zip(got, want)):
        if g != w:
            col = next(k for k in range(len(w)) if g[k] != w[k])
            fail(f"{what}: row {i}, column {col}: {str(g[col])[:100]}, not {str(w[col])[:100]}")
            return


# ---- values ----

KINDS = ["bool", "int8", "int16", "int32", "int64", "decimal(1,0)", "decimal(9,2)", "decimal(18,4)", "decimal(19,19)", "decimal(28,2)",
         "decimal(38,0)", "date", "timestamp", "timestamp_ntz", "float", "double", "string", "binary"]
DAY_1, DAY_9999 = -719162, 2932896
DAY = 86400000000


def precision(kind):
    return int(kind[8:].split(",")[0])


def extremes(kind):
    if kind == "bool":
        return [0, 1]
    if kind.startswith("int"):
        n = int(kind[3:])
        return [-2 ** (n - 1), 2 ** (n - 1) - 1, 0, -1]
    if kind.startswith("decimal"):
        n = 10 ** precision(kind) - 1
        return [n, -n, 0, -1, 1]
    if kind == "date":
        return [DAY_1, DAY_9999, 0, -1, -141428]
    if kind.startswith("timestamp"):
        return [DAY_1 * DAY, DAY_9999 * DAY + DAY - 1, 0, -1, 1]
    if kind == "float":
        return [0.0, -1.5, 2.0 ** 127, 2.0 ** -149, float("inf"), float("-inf")]
    if kind == "double":
        return [0.0, 0.1, -1.7976931348623157e308, 5e-324, float("inf"), float("-inf")]
    if kind == "string":
        return [b"", "\U0001f600\u00e9\u4e2d".encode(), b"a" * 70, ("\U0010ffff" * 20).encode(), b"x\ty\nz", "\u00e9".encode() * 40]
    return [b"", b"\0", b"\xff" * 80, b"\0\1\2" * 30]


def random_value(rnd, kind, low):
    if low:
        return extremes(kind)[rnd.randrange(2)]
    if kind == "bool":
        return rnd.randrange(2)
    if kind.startswith("int"):
        n = int(kind[3:])
        return rnd.randrange(-2 ** (n - 1), 2 ** (n - 1)) >> rnd.randrange(n)
    if kind.startswith("decimal"):
        n = 10 ** rnd.randint(1, precision(kind))
        return rnd.randrange(-n + 1, n)
    if kind == "date":
        return rnd.randrange(DAY_1, DAY_9999 + 1)
    if kind.startswith("timestamp"):
        return rnd.randrange(DAY_1 * DAY, DAY_9999 * DAY)
    if kind == "float":
        return float(rnd.randrange(-2 ** 23, 2 ** 23)) / 64
    if kind == "double":
        return rnd.gauss(0, 1e6)
    text = "".join(rnd.choice("abc \u00e9\u4e2d\U0001f600") for _ in range(rnd.randrange(30))).encode()
    return text if kind == "string" else text + bytes([rnd.randrange(256)])


def make_table(rnd, rows, nulls, low=False, nan=False):
    columns = [(f"c{i}_{k.split('(')[0]}", k, nulls > 0) for i, k in enumerate(KINDS)]
    columns += [("same", "int64", False), ("up", "int64", False), ("none_i", "int64", True), ("none_s", "string", True)]
    out = []
    for i in range(rows):
        row = []
        for k in KINDS:
            e = extremes(k)
            if nulls > 0 and rnd.random() < nulls:
                row.append(None)
            elif i < len(e) and not low:
                row.append(e[i])
            elif nan and k in ("float", "double") and i % 7 == 0:
                row.append("nan")
            else:
                row.append(random_value(rnd, k, low))
        out.append(tuple(row) + (7, 10 ** 12 + i, None, None))
    return Table(columns, out)


def tables(rnd):
    yield "empty", make_table(rnd, 0, 0.2)
    yield "one", make_table(rnd, 1, 0)
    yield "few", make_table(rnd, 9, 0)
    yield "some", make_table(rnd, 3000, 0.1)
    yield "low", make_table(rnd, 3000, 0.3, low=True)
    yield "nan", make_table(rnd, 500, 0.1, nan=True)
    yield "sparse", make_table(rnd, 3000, 0.95)


def long_strings():
    return Table([("s", "string", True), ("b", "binary", False)],
                 [(b"a" * 2 ** 20, b"\xff" * 2 ** 20), (None, b""), ("\U0001f600".encode() * 2 ** 18, b"x"), (b"", b"\0" * 2 ** 20)] * 3)


# ---- ours ----

def check_ours(tool, path, table, what):
    got = run(tool, "dump", path)
    if got.returncode != 0:
        fail(f"{what}: pqtool dump: {got.stderr.strip()}")
    else:
        same(f"{what}: ourselves", Table.parse(got.stdout).rows, table.rows)
    got = run(tool, "dump", "-i", "-b", "77", path)
    same(f"{what}: ourselves, by index", Table.parse(got.stdout).rows, table.rows)
    for name, reader in READERS.items():
        try:
            read = reader(path)
        except Exception as e:  # a peer's own exceptions have no common class
            fail(f"{what}: {name}: {str(e)[:200]}")
            continue
        same(f"{what}: {name}", plain_rows(read), table.rows)
        for (cname, kind, _), field in zip(table.columns, read.schema):
            if (cname, expected_type(kind)) != (field.name, type_name(field.type)):
                fail(f"{what}: {name}: column {cname} {kind} is {field.name} {field.type}")


def check_statistics(tool, path, table, what, must):
    """Bounds in the footer hold for every value of the row group, and are values where they say so; there must be some."""
    rows = {}
    meta = pq.ParquetFile(path).metadata
    at = 0
    for g in range(meta.num_row_groups):
        rows[g] = table.rows[at:at + meta.row_group(g).num_rows]
        at += meta.row_group(g).num_rows
    names = [c[0] for c in table.columns]
    for line in run(tool, "stats", path).stdout.split("\n")[:-1]:
        f = line.split("\t")
        k = names.index(f[1])
        kind = table.columns[k][1]
        values = [r[k] for r in rows[int(f[0])] if r[k] is not None]
        if int(f[3]) not in (-1, len(rows[int(f[0])]) - len(values)):
            fail(f"{what}: nulls of {f[1]}: {f[3]}")
        if len(f) < 7:
            if must and values and "nan" not in values and kind not in ("binary", "string"):
                fail(f"{what}: no bounds of {f[1]}")
            continue
        values = [v for v in values if v != "nan"]  # bounds say nothing of NaN
        low, high = parse_cell(kind, f[4]), parse_cell(kind, f[5])
        if min(values) < low or max(values) > high or (f[6][0] == "1" and low != min(values)) or (f[6][1] == "1" and high != max(values)):
            fail(f"{what}: bounds of {f[1]}: {f[4][:200]} {f[5][:200]} {f[6]}")


NESTED = [
    {"add": {"path": "a/b", "tags": [("k", "v"), ("l", None)], "size": 7}, "protocol": None},
    {"add": {"path": None, "tags": [], "size": 8}, "protocol": {"features": []}},
    {"add": None, "protocol": {"features": ["appendOnly", None]}},
]


def plain_nested(value):
    """Maps come as dictionaries, lists of pairs or lists of {key, value}."""
    if isinstance(value, dict) and set(value) != {"key", "value"}:
        return {k: plain_nested(v) for k, v in value.items()}
    if isinstance(value, list):
        return [tuple(v.values()) if isinstance(v, dict) else v for v in value]
    return value


def nested(tool, where):
    path = f"{where}/nested.parquet"
    for way in ([], ["-z", "none"]):
        run(tool, "nested", *way, path)
        for name, reader in READERS.items():
            got = [plain_nested(v) for v in reader(path).to_pylist()]
            if got != NESTED:
                fail(f"nested: {name}: {got}")


def ours(tool, where):
    nested(tool, where)
    rnd = random.Random(SEED)
    small = ["-r", "700", "-p", "64"]
    ways = [["-z", "none"] + small, ["-z", "snappy"], ["-z", "gzip"], ["-z", "zstd"] + small, ["-z", "snappy", "-d"] + small, ["-z", "none", "-d"]]
    for name, table in itertools.chain(tables(rnd), [("long", long_strings())]):
        text = table.text()
        for i, way in enumerate(ways):
            path = f"{where}/ours-{name}-{i}.parquet"
            made = run(tool, "write", *way, path, text=text)
            what = f"{name} {' '.join(way)}"
            if made.returncode != 0:
                fail(f"{what}: {made.stderr.strip()}")
                continue
            check_ours(tool, path, table, what)
            check_statistics(tool, path, table, what, True)
            os.unlink(path)


# ---- theirs ----

def arrow_type(kind):
    if kind.startswith("decimal"):
        p, s = kind[8:-1].split(",")
        return pa.decimal128(int(p), int(s))
    return {"bool": pa.bool_(), "int8": pa.int8(), "int16": pa.int16(), "int32": pa.int32(), "int64": pa.int64(), "date": pa.date32(),
            "timestamp": pa.timestamp("us", "UTC"), "timestamp_ntz": pa.timestamp("us"), "float": pa.float32(), "double": pa.float64(),
            "string": pa.string(), "binary": pa.binary()}[kind]


def arrow_array(kind, values):
    t = arrow_type(kind)
    if kind.startswith("decimal"):
        return pa.array([None if v is None else decimal.Decimal(v).scaleb(-t.scale) for v in values], t)
    if kind == "date":
        return pa.array(values, pa.int32()).cast(t)
    if kind.startswith("timestamp"):
        return pa.array(values, pa.int64()).cast(t)
    if kind == "bool":
        return pa.array([None if v is None else bool(v) for v in values], t)
    if kind in ("float", "double"):
        return pa.array([float("nan") if v == "nan" else v for v in values], t)
    if kind == "string":
        return pa.array([None if v is None else v.decode() for v in values], t)
    return pa.array(values, t)


def arrow_table(table):
    fields = [pa.field(n, arrow_type(t), o) for n, t, o in table.columns]
    columns = list(zip(*table.rows)) if table.rows else [[] for _ in fields]
    return pa.table([arrow_array(c[1], list(v)) for c, v in zip(table.columns, columns)], pa.schema(fields))


def check_theirs(tool, path, table, what):
    for args in (["dump", path], ["dump", "-i", "-b", "61", path]):
        got = run(tool, *args)
        if got.returncode != 0:
            fail(f"{what}: {got.stderr.strip()}")
            return
        same(what, Table.parse(got.stdout).rows, table.rows)
    check_statistics(tool, path, table, what, False)
    os.unlink(path)


DELTAS = {"int32": "DELTA_BINARY_PACKED", "int64": "DELTA_BINARY_PACKED", "date": "DELTA_BINARY_PACKED", "timestamp": "DELTA_BINARY_PACKED",
          "string": "DELTA_BYTE_ARRAY", "binary": "DELTA_LENGTH_BYTE_ARRAY", "double": "BYTE_STREAM_SPLIT", "float": "BYTE_STREAM_SPLIT",
          "decimal(38,0)": "DELTA_BYTE_ARRAY", "decimal(28,2)": "BYTE_STREAM_SPLIT", "bool": "RLE"}
DELTAS_2 = {"int32": "BYTE_STREAM_SPLIT", "int64": "BYTE_STREAM_SPLIT", "string": "DELTA_LENGTH_BYTE_ARRAY", "binary": "DELTA_BYTE_ARRAY"}


def by_pyarrow(path, at):
    codecs = ("none", "snappy", "gzip", "zstd", "lz4")
    for i, (version, way) in enumerate(itertools.product(("1.0", "2.0"), range(6))):
        codec = codecs[i % len(codecs)]
        options = {"compression": codec, "data_page_version": version, "use_dictionary": way in (0, 4), "write_page_checksum": way == 0,
                   "write_page_index": way == 1, "store_decimal_as_integer": way == 2}
        if way in (3, 5):
            kinds = DELTAS if way == 3 else DELTAS_2
            options["column_encoding"] = {n: kinds[t] for n, t, _ in at.columns if t in kinds}
        if way == 4:
            options.update(row_group_size=500, data_page_size=300)
        yield f"pyarrow {codec} v{version} {way}", lambda o=options: pq.write_table(arrow_table(at), path, **o)


def by_duckdb(path, at):
    def write(how):
        con = duckdb.connect()
        con.execute("set timezone = 'UTC'")
        con.register("t", arrow_table(at))
        con.execute(f"copy t to '{path}' (format parquet, {how})")
    for i, codec in enumerate(("uncompressed", "snappy", "gzip", "zstd", "lz4_raw")):
        yield f"duckdb {codec}", lambda h=f"compression {codec}, parquet_version v{2 - i % 2}": write(h)
        version = f"v{1 + i % 2}"
        yield f"duckdb {codec} {version} groups", lambda h=f"compression {codec}, parquet_version {version}, row_group_size 2048": write(h)


def by_polars(path, at):
    for codec in ("uncompressed", "snappy", "gzip", "zstd", "lz4"):
        yield f"polars {codec}", lambda c=codec: polars.from_arrow(arrow_table(at)).write_parquet(path, compression=c)
        yield f"polars {codec} small", lambda c=codec: polars.from_arrow(arrow_table(at)).write_parquet(
            path, compression=c, row_group_size=700, data_page_size=400)


def theirs(tool, where):
    rnd = random.Random(SEED)
    path = f"{where}/theirs.parquet"
    turn = itertools.cycle(range(PART))
    for name, table in itertools.chain(tables(rnd), [("long", long_strings())]):
        for what, write in itertools.chain(by_pyarrow(path, table), by_duckdb(path, table), by_polars(path, table)):
            if next(turn) != SEED % PART:
                continue
            write()
            check_theirs(tool, path, table, f"{name}: {what}")
    odd_times(tool, path)


def odd_times(tool, path):
    """Timestamps in other units and in INT96, unsigned integers, times of day, half floats, categories."""
    micros = [0, -1000, DAY_1 * DAY, DAY_9999 * DAY, None, 1700000000123000]
    wide = Table([("a", "timestamp", True)], [(v,) for v in micros])
    for options in ({"coerce_timestamps": "ms"}, {"use_deprecated_int96_timestamps": True}):
        near = wide if "coerce_timestamps" in options else Table(wide.columns, [r for r in wide.rows if r[0] is None or abs(r[0]) < 9e15])
        pq.write_table(arrow_table(near), path, **options)
        got = Table.parse(run(tool, "dump", path).stdout)
        same(f"pyarrow {options}", got.rows, near.rows)
    odd = pa.table({
        "ns": pa.array([0, -1, 1999, None], pa.timestamp("ns")), "u8": pa.array([255, 0, None, 1], pa.uint8()),
        "u16": pa.array([65535, 0, None, 1], pa.uint16()), "u32": pa.array([2 ** 32 - 1, 0, None, 1], pa.uint32()),
        "u64": pa.array([2 ** 64 - 1, 0, None, 1], pa.uint64()), "t": pa.array([86399999999, 0, None, 1], pa.time64("us")),
        "tm": pa.array([86399999, 0, None, 1], pa.time32("ms")), "h": pa.array([1.5, float("inf"), None, -0.0], pa.float16()),
        "f": pa.array([b"abc", b"\0\0\0", None, b"xyz"], pa.binary(3)), "cat": pa.array(["a", "b", None, "a"]).dictionary_encode()})
    want = [(0, 255, 65535, 2 ** 32 - 1, 2 ** 64 - 1, 86399999999, 86399999000, 1.5, b"abc", b"a"),
            (-1, 0, 0, 0, 0, 0, 0, float("inf"), b"\0\0\0", b"b"), (1, None, None, None, None, None, None, None, None, None),
            (None, 1, 1, 1, 1, 1, 1000, -0.0, b"xyz", b"a")]
    for dictionary in (True, False):
        pq.write_table(odd, path, use_dictionary=dictionary)
        same("pyarrow, odd types", Table.parse(run(tool, "dump", path).stdout).rows, want)
    pq.write_table(odd, path, compression="brotli")
    got = run(tool, "dump", path)
    if got.returncode != 65 or "BROTLI" not in got.stderr:
        fail(f"brotli is not refused by name: {got.stderr}")


# ---- given ----

REFUSED = {
    "datapage_v1-corrupt-checksum": "checksum mismatch", "rle-dict-uncompressed-corrupt-checksum": "checksum mismatch",
    "nation.dict-malformed": "exceeds its chunk", "int96_from_spark": "does not fit its type", "large_string_map.brotli": "BROTLI",
    "nested_lists.snappy": "repetition level", "nested_maps.snappy": "repetition level", "nonnullable.impala": "repetition level",
    "nullable.impala": "repetition level", "old_list_structure": "repetition level", "repeated_no_annotation": "footer and row groups",
}
def given(tool, where):
    for file in sorted(os.listdir(f"{where}/data")):
        name = file.removesuffix(".parquet")
        if name == file:
            continue
        path = f"{where}/data/{file}"
        got = run(tool, "dump", path)
        if name in REFUSED:
            if got.returncode != 65 or REFUSED[name] not in got.stderr:
                fail(f"{file}: {got.returncode} {got.stderr.strip()}, not: {REFUSED[name]}")
            continue
        if got.returncode != 0:
            fail(f"{file}: {got.stderr.strip()}")
            continue
        if "=" not in got.stdout and "." not in got.stdout.split("\n")[0]:  # flat
            same(file, Table.parse(got.stdout).rows, plain_rows(pq.read_table(path)))


def main():
    tool, what, where = sys.argv[1:]
    {"ours": ours, "theirs": theirs, "given": given}[what](tool, where)
    print(f"{what}: {checks} comparisons, {failures} failures")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
