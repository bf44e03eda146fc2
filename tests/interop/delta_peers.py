"""Delta tables between acct and delta-rs.

    delta_peers.py compare TABLE       do both see the same rows?
    delta_peers.py rows TABLE          the rows of a table as delta-rs sees them, as text, sorted
    delta_peers.py version|types TABLE its newest version; its columns
    delta_peers.py append TABLE N      adds N rows made up of their number
    delta_peers.py merge TABLE N COUNT merges COUNT rows made up of their numbers from N on, by id
    delta_peers.py make TABLE          makes a table of every type, with nulls and extremes
    delta_peers.py delete TABLE WHERE, checkpoint TABLE, optimize TABLE
    delta_peers.py structs TABLE       its checkpoint is to have statistics in columns of their own only
    delta_peers.py garbage TABLE HOURS the files that its vacuum would remove, sorted

Prints a line for each failure and exits 1 if there was one.
"""
import datetime
import decimal
import glob
import json
import os
import subprocess
import sys

import pyarrow as pa
from pyarrow import parquet
from deltalake import DeltaTable, QueryBuilder, write_deltalake

decimal.getcontext().prec = 60


def structs(path):
    """Numbers of rows and of nulls: delta.checkpoint.writeStatsAsStruct without writeStatsAsJson."""
    checkpoint, = glob.glob(path + "/_delta_log/*.checkpoint.parquet")
    table = parquet.read_table(checkpoint)
    adds = table["add"].to_pylist()
    nulls = sorted({name for add in adds if add for name in json.loads(add["stats"])["nullCount"]})
    parsed = pa.struct([("numRecords", pa.int64()), ("nullCount", pa.struct([(name, pa.int64()) for name in nulls]))])
    for add in filter(None, adds):
        known = json.loads(add.pop("stats"))
        add["stats_parsed"] = {"numRecords": known["numRecords"], "nullCount": known["nullCount"]}
    fields = [field for field in table["add"].type if field.name != "stats"] + [pa.field("stats_parsed", parsed)]
    at = table.schema.get_field_index("add")
    parquet.write_table(table.set_column(at, "add", pa.array(adds, pa.struct(fields))), checkpoint)


def load(path):
    table = DeltaTable(path)
    return pa.table(QueryBuilder().register("t", table).execute("select * from t"))


def cell(value):
    """A value as text, as acct-cat -f tsv has it."""
    if value is None:
        return r"\N"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        value = value.replace(tzinfo=None)
        return value.isoformat(timespec="microseconds")
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return str(value)


def peer_rows(path, columns=None):
    table = load(path)
    if columns is not None:
        table = table.select(columns)
    return sorted(tuple(cell(v) for v in row.values()) for row in table.to_pylist())


def our_cell(kind, text):
    if text == r"\N":
        return text
    if kind.startswith("float"):
        return repr(float(text))
    if kind.startswith("timestamp"):
        return datetime.datetime.fromisoformat(text.rstrip("Z")).isoformat(timespec="microseconds")
    return text


def our_rows(path, columns=None):
    """Rows and None, or None and the message."""
    env = dict(os.environ, LC_ALL="C")
    only = [] if columns is None else ["-c", ",".join(columns)]
    read = subprocess.run(["acct-read", *only, path], capture_output=True, env=env, check=False)
    if read.returncode != 0:
        return None, read.stderr.decode()
    cat = subprocess.run(["acct-cat", "-f", "tsv"], input=read.stdout, capture_output=True, env=env, check=True)
    words = read.stdout.split(b"\n", 1)[0].decode().split(" ")[3:]
    kinds = [w.rsplit(":", 1)[1] for w in words if not w.startswith("@")]
    lines = cat.stdout.decode().split("\n")[1:-1]
    return sorted(tuple(our_cell(k, v) for k, v in zip(kinds, line.split("\t"))) for line in lines), None


# ---- tables made and changed by delta-rs ----

def every_type():
    """Columns of every type that a record stream has, with nulls and extremes."""
    dec = decimal.Decimal
    utc = datetime.timezone.utc
    return pa.table({
        "b": pa.array([True, False, None, True], pa.bool_()),
        "i": pa.array([-2**31, 2**31 - 1, None, 0], pa.int32()),
        "l": pa.array([-2**63, 2**63 - 1, None, 0], pa.int64()),
        "d": pa.array([dec("-9999999.99"), dec("9999999.99"), None, dec("0.00")], pa.decimal128(9, 2)),
        "e": pa.array([dec("-99999999999999.9999"), dec("0.0001"), None, dec("1.0000")], pa.decimal128(18, 4)),
        "w": pa.array([dec(-10**38 + 1).scaleb(-10), dec(10**38 - 1).scaleb(-10), None, dec("0E-10")], pa.decimal128(38, 10)),
        "day": pa.array([datetime.date(1, 1, 1), datetime.date(9999, 12, 31), None, datetime.date(1970, 1, 1)], pa.date32()),
        "ts": pa.array([datetime.datetime(1900, 1, 1, tzinfo=utc), datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=utc),
                        None, datetime.datetime(1970, 1, 1, tzinfo=utc)], pa.timestamp("us", "UTC")),
        "f": pa.array([float("-inf"), 1e-300, None, -0.0], pa.float64()),
        "s": pa.array(["", "a\nb\tc\\ \u00fc\U0001f600", None, "x" * 2**20], pa.string()),
    })


def rows_of(number, count):
    """Rows as acct-write has them in the tests: id, name, amount."""
    ids = range(number, number + count)
    return pa.table({"id": pa.array(ids, pa.int64()), "name": pa.array([f"rs{i}" for i in ids]),
                     "amount": pa.array([decimal.Decimal(i) / 100 for i in ids], pa.decimal128(9, 2))},
                    schema=pa.schema([pa.field("id", pa.int64(), nullable=False), ("name", pa.string()), ("amount", pa.decimal128(9, 2))]))


def main(verb, path, *rest):
    if verb == "compare":
        ours, message = our_rows(path)
        theirs = peer_rows(path)
        if ours != theirs:
            sys.exit(f"{path}: {message or 'not equal'}\n{(ours or [])[:5]}\n{theirs[:5]}")
    elif verb == "rows":
        for row in peer_rows(path):
            print("\t".join(row))
    elif verb == "version":
        print(DeltaTable(path).version())
    elif verb == "types":
        for field in DeltaTable(path).schema().fields:
            print(field.name, field.type.type if hasattr(field.type, "type") else field.type, "" if field.nullable else "not null")
    elif verb == "append":
        write_deltalake(path, rows_of(int(rest[0]), int(rest[1])), mode="append")
    elif verb == "make":
        write_deltalake(path, every_type())
    elif verb == "merge":
        rows = rows_of(int(rest[0]), int(rest[1]))
        merger = DeltaTable(path).merge(rows, predicate="t.id = s.id", source_alias="s", target_alias="t")
        merger.when_matched_update_all().when_not_matched_insert_all().execute()
    elif verb == "delete":
        DeltaTable(path).delete(rest[0])
    elif verb == "optimize":
        DeltaTable(path).optimize.compact()
    elif verb == "garbage":
        files = DeltaTable(path).vacuum(int(rest[0]), dry_run=True, enforce_retention_duration=False, full=True)
        print("\n".join(sorted(files)))
    elif verb == "structs":
        structs(path)
    elif verb == "checkpoint":
        DeltaTable(path).create_checkpoint()
    else:
        sys.exit(f"delta_peers.py: no such verb: {verb}")


main(*sys.argv[1:])
