"""What pqtool writes, byte by byte against parquet.thrift, with nothing but this decoder: a reader that trusts any of it gets the rows.

    parquet_layout.py PQTOOL FOLDER
    parquet_layout.py FILE                  the encodings of its data pages, by number, one line

Of files of random columns, values and options: that chunks and pages lie where footer and offset index say and are as long; checksums; encodings
and their counts; that types bear both annotations; that bounds hold for their chunk and page, are values where they say so, and are cut and raised
as text; null pages and the order of bounds; what stands where there is nothing to tell. ACCT_SEED sets the seed.
"""
import math
import os
import random
import re
import struct
import subprocess
import sys
import zlib

BOOLEAN, INT32, INT64, FLOAT, DOUBLE, BYTES, FIXED = 0, 1, 2, 4, 5, 6, 7
DATA_PAGE, DICTIONARY_PAGE = 0, 2
RLE = 3
CREATED_BY = r"(.*?)\s+version\s*(?:([^(]*?)\s*(?:\(\s*build\s*([^)]*?)\s*\))?)?"  # as parquet-java takes it apart
MOST_BOUND = 64  # bytes; raised, the last character may take one more

failures = checks = 0


def check(truth, *what):
    global checks, failures
    checks += 1
    if not truth:
        failures += 1
        print("not so:", *(str(w)[:200] for w in what))


# ---- Thrift's compact protocol: structures as dictionaries by field id ----

class Thrift:
    def __init__(self, data, at):
        self.data, self.at = data, at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        v = shift = 0
        while True:
            b = self.byte()
            v |= (b & 127) << shift
            shift += 7
            if b < 128:
                return v

    def number(self):
        v = self.varint()
        return v >> 1 ^ -(v & 1)

    def value(self, kind):
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return struct.unpack("b", bytes([self.byte()]))[0]
        if kind in (4, 5, 6):
            return self.number()
        if kind == 8:
            n = self.varint()
            self.at += n
            return self.data[self.at - n:self.at]
        if kind == 9:
            head = self.byte()
            n = head >> 4 if head >> 4 < 15 else self.varint()
            return [self.byte() == 1 if head & 15 in (1, 2) else self.value(head & 15) for _ in range(n)]
        assert kind == 12, kind
        fields, last = {}, 0
        while (head := self.byte()) != 0:
            last = last + (head >> 4) if head >> 4 else self.number()
            fields[last] = self.value(head & 15)
        return fields


def struct_at(data, at):
    t = Thrift(data, at)
    return t.value(12), t.at


# ---- types ----

PLAIN_TYPES = {"bool": BOOLEAN, "int32": INT32, "int64": INT64, "float": FLOAT, "double": DOUBLE, "binary": BYTES}
ANNOTATED = {  # physical type, old annotation, new one
    "int8": (INT32, 15, {10: {1: 8, 2: True}}), "int16": (INT32, 16, {10: {1: 16, 2: True}}), "date": (INT32, 6, {6: {}}),
    "timestamp": (INT64, 10, {8: {1: True, 2: {2: {}}}}), "timestamp_ntz": (INT64, 10, {8: {1: False, 2: {2: {}}}}), "string": (BYTES, 0, {1: {}}),
}


def expected_element(kind):
    if kind in PLAIN_TYPES:
        return {1: PLAIN_TYPES[kind]}
    if kind in ANNOTATED:
        return dict(zip((1, 6, 10), ANNOTATED[kind]))
    p, s = map(int, kind[8:-1].split(","))
    stored = {1: INT32} if p <= 9 else {1: INT64} if p <= 18 else {1: FIXED, 2: ((10 ** p).bit_length() + 8) // 8}
    return {**stored, 6: 5, 7: s, 8: p, 10: {5: {1: s, 2: p}}}


# ---- bounds ----

def decode(element, b):
    kind = element[1]
    if kind == BOOLEAN:
        return b[0]
    if kind == FIXED:
        return int.from_bytes(b, "big", signed=True)
    if kind == BYTES:
        return b
    return struct.unpack({INT32: "<i", INT64: "<q", FLOAT: "<f", DOUBLE: "<d"}[kind], b)[0]


def check_bounds(what, element, text, low, high, values):
    """Returns whether low and high are values."""
    if text:
        low.decode()
        high.decode()
    check(element[1] != BYTES or (len(low) <= MOST_BOUND and len(high) <= MOST_BOUND + 1), what, "a bound too long")
    low, high = decode(element, low), decode(element, high)
    check(low <= min(values) and max(values) <= high, what, "bounds", low, high, "of", min(values), max(values))
    if element[1] in (FLOAT, DOUBLE):
        check(low != 0 or math.copysign(1, low) < 0, what, "+0 as least")
        check(high != 0 or math.copysign(1, high) > 0, what, "-0 as greatest")
    return low == min(values), high == max(values)


def check_statistics(what, element, text, s, values, entries):
    signed = element[1] in (INT32, INT64)
    check(s[3] == entries - len(values), what, "nulls")
    check(signed or not {1, 2} & s.keys(), what, "old bounds of an order they do not have")
    check(not signed or (s.get(1), s.get(2)) == (s.get(5), s.get(6)), what, "old bounds are others")
    if not values or "nan" in values:
        check(not {1, 2, 5, 6} & s.keys(), what, "bounds of nothing or NaN")
    elif 5 in s:
        exact = check_bounds(what, element, text, s[6], s[5], values)
        check((s[8], s[7]) == exact, what, "exact", s, exact)
    else:
        check(element[1] == BYTES, what, "no bounds")


# ---- a chunk ----

def check_index(what, element, text, x, pages, values):
    least, greatest = [], []
    for i, (_, _, row, n) in enumerate(pages):
        there = [v for v in values[row:row + n] if v is not None]
        check(x[1][i] == (not there) and x[5][i] == n - len(there), what, "null page", i)
        if there:
            check_bounds((what, "page", i), element, text, x[2][i], x[3][i], there)
            least.append(decode(element, x[2][i]))
            greatest.append(decode(element, x[3][i]))
        else:
            check(x[2][i] == x[3][i] == b"", what, "bounds of nulls")
    check(len(x[1]) == len(x[2]) == len(x[3]) == len(x[5]) == len(pages), what, "lengths of the column index")
    up = least == sorted(least) and greatest == sorted(greatest)
    down = least == sorted(least, reverse=True) and greatest == sorted(greatest, reverse=True)
    check(x[4] == (1 if up else 2 if down else 0), what, "boundary order", x[4], least, greatest)


def walk_pages(what, data, meta, element, at, most_rows):
    """The data pages of the chunk at `at`: offset, size, first row, rows."""
    begin, end = at, at + meta[7]
    plain, row = 0, 0
    pages, kinds, counts = [], set(), {}
    while at < end:
        header, body = struct_at(data, at)
        check(header[4] & 0xffffffff == zlib.crc32(data[body:body + header[3]]), what, "checksum")
        plain += body - at + header[2]
        about = header[7] if header[1] == DICTIONARY_PAGE else header[5]
        if header[1] == DICTIONARY_PAGE:
            check(at == begin == meta[11], what, "dictionary page")
        else:
            check(pages or at == meta[9], what, "first data page")
            pages.append((at, body - at + header[3], row, about[1]))
            row += about[1]
            check(0 < about[1] <= most_rows, what, "rows of a page", about[1])
        kinds |= {about[2]} | ({RLE} if element[3] == 1 else set())
        counts[header[1], about[2]] = counts.get((header[1], about[2]), 0) + 1
        at = body + header[3]
    check(at == end and plain == meta[6] and row == meta[5], what, "lengths of the chunk")
    check(set(meta[2]) == kinds and len(meta[2]) == len(kinds), what, "encodings", meta[2], kinds)
    check({(c[1], c[2]): c[3] for c in meta[13]} == counts, what, "counts of encodings", meta[13])
    check(11 in meta or DICTIONARY_PAGE not in {k[0] for k in counts}, what, "a dictionary not told")
    return pages


def check_chunk(what, data, chunk, element, text, at, values, most_rows):
    meta = chunk[3]
    pages = walk_pages(what, data, meta, element, at, most_rows)
    there = [v for v in values if v is not None]
    check_statistics(what, element, text, meta[12], there, len(values))
    index, end = struct_at(data, chunk[4])
    check(end == chunk[4] + chunk[5] and [(p[1], p[2], p[3]) for p in index[1]] == [p[:3] for p in pages], what, "offset index")
    if 6 in chunk:
        index, end = struct_at(data, chunk[6])
        check(end == chunk[6] + chunk[7], what, "length of the column index")
        check_index(what, element, text, index, pages, values)
    else:
        check("nan" in there or element[1] == BYTES, what, "no column index")
    return at + meta[7]


def check_file(what, data, columns, rows, options):
    kinds = [k.rstrip("?") for k in columns]
    n = struct.unpack("<I", data[-8:-4])[0]
    footer, end = struct_at(data, len(data) - 8 - n)
    check(data[:4] == data[-4:] == b"PAR1" and end == len(data) - 8, what, "the file's ends")
    check(footer[1] == 1 and footer[3] == len(rows), what, "footer")
    check(re.fullmatch(CREATED_BY, footer[6].decode()).group(2, 3) != (None, None), what, "created by")
    elements = footer[2][1:]
    for i, (e, k) in enumerate(zip(elements, columns)):
        check(e == {3: int(k[-1] == "?"), 4: b"c%d" % i, **expected_element(kinds[i])}, what, "schema", k, e)
    check([list(o) for o in footer[7]] == [[1]] * len(elements), what, "orders")
    check(sum(g[3] for g in footer[4]) == len(rows) and all(0 < g[3] <= options["r"] for g in footer[4]), what, "rows of groups")
    row, at = 0, 4
    for g in footer[4]:
        check(g[5] == at and g[6] == sum(c[3][7] for c in g[1]) and g[2] == sum(c[3][6] for c in g[1]), what, "sums of the row group")
        for k, chunk in enumerate(g[1]):
            values = [r[k] for r in rows[row:row + g[3]]]
            at = check_chunk((what, kinds[k], row), data, chunk, elements[k], kinds[k].startswith("string"), at, values, options["p"])
        row += g[3]


# ---- files ----

def put_cell(value):
    if value is None:
        return r"\N"
    if isinstance(value, bytes):
        return "x" + value.hex()
    return value.hex() if isinstance(value, float) else str(value)


def write(tool, path, kinds, rows, options):
    text = "\t".join(f"c{i}:{k}" for i, k in enumerate(kinds)) + "\n"
    text += "".join("\t".join(put_cell(v) for v in row) + "\n" for row in rows)
    subprocess.run([tool, "write", "-z", options["z"], "-r", str(options["r"]), "-p", str(options["p"]), *options["d"], path], input=text.encode(),
                   check=True)
    with open(path, "rb") as f:
        data = f.read()
    check_file((options, kinds), data, kinds, rows, options)


PIECES = ["", "xy", "\U0001f600", "\u00e9", "\x7f", "\ud7ff", "\U0010ffff" * 2, "\u4e2d"]


def random_bytes(rnd, i, way):
    if way == 0:
        return b"%09d" % i
    if way == 1:
        return b"%d" % rnd.randrange(5) * 40
    return b"x" * rnd.randrange(60, 66) + (rnd.choice(PIECES) * rnd.randrange(3)).encode()


def random_value(rnd, kind, i, way):
    kind = kind.rstrip("?")
    if kind == "bool":
        return rnd.randrange(2)
    if kind in ("float", "double"):
        return (float(i), rnd.choice([0.0, -0.0, -1.5]), rnd.choice([0.0, "nan", float("inf"), 2.5]))[way]
    if kind == "string":
        return random_bytes(rnd, i, way)
    if kind == "binary":
        return rnd.choice([random_bytes(rnd, i, way), b"\xff" * rnd.randrange(70), b"\xff" * 63 + b"\1\2"])
    most = 127 if kind in ("int8", "int16") else 10 ** int(kind[8:].split(",")[0]) - 1 if kind.startswith("decimal") else 2 ** 31 - 1
    return (i % most, rnd.choice([-most, most, 0, -1]), rnd.randrange(-most, most + 1))[way]


KINDS = ["bool", "int8", "int16", "int32", "int64", "decimal(5,2)", "decimal(18,4)", "decimal(19,19)", "decimal(38,0)", "date", "timestamp",
         "timestamp_ntz", "float", "double", "string", "binary"]


def random_file(tool, path, rnd):
    kinds = [rnd.choice(KINDS) + rnd.choice(["", "?"]) for _ in range(rnd.randrange(1, 9))]
    ways = [(rnd.randrange(3), rnd.choice([0, 0.05, 0.5, 0.98, 1])) for _ in kinds]
    rows = [tuple(None if k[-1] == "?" and rnd.random() < null else random_value(rnd, k, i, way) for k, (way, null) in zip(kinds, ways))
            for i in range(rnd.choice([0, 1, 2, 9, 100, 1000]))]
    if rnd.random() < 0.5:
        rows.sort(key=lambda r: (r[0] is None, 0 if r[0] in (None, "nan") else r[0]) if kinds[0] not in ("string?", "binary?") else r[0] or b"",
                  reverse=rnd.random() < 0.5)
    write(tool, path, kinds, rows, {"z": rnd.choice(["none", "snappy", "gzip", "zstd"]), "d": rnd.choice([[], ["-d"]]),
                                    "r": rnd.choice([7, 100, 1000000]), "p": rnd.choice([1, 8, 13, 64, 20000])})


def encodings(path):
    with open(path, "rb") as f:
        data = f.read()
    footer, _ = struct_at(data, len(data) - 8 - struct.unpack("<I", data[-8:-4])[0])
    return sorted({c[2] for g in footer[4] for chunk in g[1] for c in chunk[3][13] if c[1] == DATA_PAGE})


def main():
    if len(sys.argv) == 2:
        print(*encodings(sys.argv[1]))
        return
    tool, folder = sys.argv[1:]
    path = f"{folder}/layout.parquet"
    one = {"z": "none", "d": [], "r": 1000000, "p": 1}
    # the second is cut before its last character, and then less than the first
    write(tool, path, ["string"], [(b"x" * 62 + b"xy",), (b"x" * 62 + "\U0001f600\U0001f600".encode(),)], one)
    write(tool, path, ["string"], [("\U0010ffff".encode() * 20,), (b"a",)], one)
    seed = int(os.environ.get("ACCT_SEED", "1"))
    for i in range(80):
        random_file(tool, path, random.Random(seed * 1000 + i))
    print(f"layout: {checks} checks, {failures} failures, seed {seed}")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
