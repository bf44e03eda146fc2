"""Tables of plain values through the programs: acct-write, acct-read and the others, as tests compare them with peers.

Values are those of parquet_peers: integers (booleans, decimals unscaled, days, microseconds), floats ("nan" for every NaN), bytes of
strings, None. A parquet_peers.Table holds columns (name, type, may be null) and rows; here its types are those of record streams.
"""
import datetime
import decimal
import os
import random
import subprocess
import urllib.parse

import pyarrow as pa

import parquet_peers as peers

DEC = decimal.Decimal
KINDS = ["bool", "int32", "int64", "decimal(1,0)", "decimal(9,2)", "decimal(18,4)", "decimal(19,19)", "decimal(28,2)", "decimal(38,0)", "date",
         "timestamp", "double", "string"]
DAY_0 = datetime.date(1970, 1, 1).toordinal()
TIME_0 = datetime.datetime(1970, 1, 1)
MICRO = datetime.timedelta(microseconds=1)


class Refused(Exception):
    """A program's exit status and message."""


def acct(*args, data=None):
    """Runs a program and gives its output; Refused where it fails."""
    done = subprocess.run(args, input=data, capture_output=True, check=False, env=dict(os.environ, LC_ALL="C"))
    if done.returncode != 0:
        raise Refused(f"{args[0]}: status {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


# ---- text of mkrec and acct-cat ----

def scale_of(kind):
    return int(kind[:-1].split(",")[1])


def put(kind, v):
    """A value as mkrec takes it."""
    if v is None:
        return b"\\N"
    if kind == "bool":
        text = "true" if v else "false"
    elif kind.startswith("decimal"):
        text = format(DEC(v).scaleb(-scale_of(kind)), "f")
    elif kind == "date":
        text = datetime.date.fromordinal(v + DAY_0).isoformat()
    elif kind == "timestamp":
        text = (TIME_0 + v * MICRO).isoformat(timespec="microseconds") + "Z"
    elif kind == "double":
        text = repr(v)
    elif kind == "string":
        return v.replace(b"\\", b"\\\\").replace(b"\t", b"\\t").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    else:
        text = str(v)
    return text.encode()


def get(kind, text):
    """A cell of acct-cat -f tsv as a value."""
    if text == b"\\N":
        return None
    if kind == "string":
        out = text.split(b"\\\\")
        return b"\\".join(p.replace(b"\\t", b"\t").replace(b"\\n", b"\n").replace(b"\\r", b"\r") for p in out)
    text = text.decode()
    if kind == "bool":
        return int(text == "true")
    if kind.startswith("decimal"):
        return int(DEC(text).scaleb(scale_of(kind)))
    if kind == "date":
        return datetime.date.fromisoformat(text).toordinal() - DAY_0
    if kind == "timestamp":
        return (datetime.datetime.fromisoformat(text.removesuffix("Z")) - TIME_0) // MICRO
    if kind == "double":
        v = float(text)
        return "nan" if v != v else v
    return int(text)


def stream(table, keys=()):
    """The rows as a record stream."""
    words = [f"{n}:{'float64' if k == 'double' else k}{'*' if n in keys else ''}{'' if o else '!'}" for n, k, o in table.columns]
    text = b"".join(b"\t".join(put(c[1], v) for c, v in zip(table.columns, row)) + b"\n" for row in table.rows)
    return acct("mkrec", "t", " ".join(words), data=text)


def of_stream(data):
    """A record stream as a table."""
    columns = []
    for word in data.split(b"\n", 1)[0].decode().split(" ")[3:]:
        if not word.startswith("@"):
            name, kind = word.rsplit(":", 1)
            columns.append((urllib.parse.unquote(name), kind.rstrip("!*").replace("float64", "double"), not kind.endswith("!")))
    lines = acct("acct-cat", "-f", "tsv", data=data).split(b"\n")[1:-1]
    return peers.Table(columns, [tuple(get(c[1], v) for c, v in zip(columns, line.split(b"\t"))) for line in lines])


def read(place, *options):
    return of_stream(acct("acct-read", *options, place))


def write(table, place, *options, keys=()):
    acct("acct-write", *options, place, data=stream(table, keys))


def write_file(table, path, *options):
    acct("acct-write", *options, "-o", path, data=stream(table))


# ---- tables to try ----

def extremes(kind):
    e = [v for v in peers.extremes(kind) if kind != "double" or v == v]
    return e + [("\U0001f469\u200d\U0001f680" * 1000).encode(), b"\\N", b"\\", b"'\"`"] if kind == "string" else e


def make_table(rnd, rows, nulls):
    columns = [(f"c{i}_{k.split('(')[0]}", k, nulls > 0) for i, k in enumerate(KINDS)]
    columns += [(f"n{i}_{k.split('(')[0]}", k, True) for i, k in enumerate(KINDS)]
    table = peers.Table(columns, [])
    for i in range(rows):
        row = []
        for k in KINDS:
            e = extremes(k)
            v = None if rnd.random() < nulls else e[i] if i < len(e) else peers.random_value(rnd, k, False)
            row.append(v.replace(b"\0", b"") if k == "string" and v is not None else v)
        table.rows.append(tuple(row) + (None,) * len(KINDS))
    return table


def long_strings():
    rows = [(b"", 0), (b"a" * 2 ** 20, 1), (None, 2), ("\U0001f600".encode() * 2 ** 18, 3), (b"b" * (2 ** 20 - 1) + b"\x7f", 4)]
    return peers.Table([("s", "string", True), ("i", "int32", False)], rows)


def tables(rnd):
    """Every type: without rows, with one, without and with nulls, of long strings; each has a column of every type that is all null."""
    yield "empty", make_table(rnd, 0, 0.2)
    yield "one", make_table(rnd, 1, 0)
    yield "one null", make_table(rnd, 1, 1)
    yield "full", make_table(rnd, 40, 0)
    yield "nulls", make_table(rnd, 3000, 0.3)
    yield "long", long_strings()


# ---- Arrow, as pyarrow, DuckDB, Polars and delta-rs give it ----

def of_arrow(table):
    table = pa.table(table)
    return sorted_rows(peers.plain_rows(table))


def arrow_types(schema):
    return [(f.name, peers.type_name(f.type).replace(", ", ",")) for f in schema]


def wanted_types(table):
    return [(n, peers.expected_type(k)) for n, k, _ in table.columns]


def sort_key(row):
    return tuple((v is None, str(v) if isinstance(v, (float, str)) else v) for v in row)


def sorted_rows(rows):
    return sorted(rows, key=sort_key)


def same_rows(what, got, want):
    """In any order."""
    peers.same(what, sorted_rows(got), sorted_rows(want))


def same(what, got, want):
    peers.checks += 1
    if got != want:
        peers.fail(f"{what}: {str(got)[:300]}, not {str(want)[:300]}")


def seeded(salt=0):
    return random.Random(peers.SEED + salt)
