"""acct-write and acct-read against pyarrow, DuckDB, Polars and delta-rs: tables of every type.

    programs_peers.py ours|theirs|many DIR

ours   what acct-write makes, Delta tables and Parquet files in every codec, each peer reads to equal rows and types
theirs what each peer writes, in every way it has, acct-read reads to equal rows and types
many   a file of several row groups of ours, and of many of theirs

Prints a line for each failure and exits 1 if there was one. ACCT_SEED sets the seed of the random values.
"""
import itertools
import shutil
import sys

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import ColumnProperties, DeltaTable, QueryBuilder, WriterProperties, write_deltalake

import lake
import parquet_peers as peers

DELTA_READERS = {
    "delta-rs": lambda place: pa.table(QueryBuilder().register("t", DeltaTable(place)).execute("select * from t")),
    "polars": lambda place: polars.read_delta(place).to_arrow(),
}


def check(what, arrow, table, sort):
    lake.same(f"{what}: types", lake.arrow_types(arrow.schema), lake.wanted_types(table))
    (lake.same_rows if sort else peers.same)(what, peers.plain_rows(arrow), table.rows)


def ours(where):
    file, place = f"{where}/ours.parquet", f"{where}/ours"
    for name, table in lake.tables(lake.seeded()):
        for codec in ("none", "snappy", "gzip", "zstd"):
            what = f"{name}, {codec}"
            shutil.rmtree(place, ignore_errors=True)
            lake.write_file(table, file, "--codec", codec)
            lake.write(table, place, "--codec", codec)
            for peer, reader in peers.READERS.items():
                check(f"{peer} reads {what}", reader(file), table, False)
            for peer, reader in DELTA_READERS.items():
                check(f"{peer} reads the table of {what}", reader(place), table, True)
            nullable = [f.nullable for f in DeltaTable(place).schema().fields]
            lake.same(f"delta-rs reads {what}: what may be null", nullable, [o for _, _, o in table.columns])
            lake.same(f"pyarrow reads {what}: what may be null", [f.nullable for f in pq.read_schema(file)], [o for _, _, o in table.columns])
            for source in (file, place):
                got = lake.read(source)
                lake.same(f"we read {what}: columns", got.columns, table.columns)
                peers.same(f"we read {what}", got.rows, table.rows)


def by_deltalake(place, table):
    def write(properties):
        shutil.rmtree(place, ignore_errors=True)
        write_deltalake(place, peers.arrow_table(table), writer_properties=properties)
    for codec in ("UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD", "LZ4_RAW"):
        for dictionary in (True, False):
            yield f"delta-rs {codec}, dictionary {dictionary}", lambda c=codec, d=dictionary: write(WriterProperties(
                compression=c, default_column_properties=ColumnProperties(dictionary_enabled=d)))
    yield "delta-rs, small pages and row groups", lambda: write(WriterProperties(
        data_page_row_count_limit=100, max_row_group_size=500, write_batch_size=50))


def check_read(what, place, table):
    try:
        got = lake.read(place)
    except lake.Refused as refused:
        peers.fail(f"{what}: {refused}")
        return
    lake.same(f"{what}: types", [c[:2] for c in got.columns], [c[:2] for c in table.columns])
    peers.same(what, got.rows, table.rows)


def theirs(where):
    file, place = f"{where}/theirs.parquet", f"{where}/theirs"
    for name, table in lake.tables(lake.seeded(1)):
        for what, write in itertools.chain(peers.by_pyarrow(file, table), peers.by_duckdb(file, table), peers.by_polars(file, table)):
            write()
            check_read(f"{name}: {what}", file, table)
        for what, write in by_deltalake(place, table):
            write()
            check_read(f"{name}: {what}", place, table)
    other_types(file)


def other_types(file):
    """Columns of types that a stream has not: read as the nearest that holds their values, binary refused by its name."""
    table = peers.make_table(lake.seeded(2), 200, 0.2)
    binary = [n for n, k, _ in table.columns if k == "binary"]
    at = [i for i, c in enumerate(table.columns) if c[0] not in binary]
    nearest = {"int8": "int32", "int16": "int32", "timestamp_ntz": "timestamp", "float": "double"}
    wanted = [(table.columns[i][0], nearest.get(table.columns[i][1], table.columns[i][1])) for i in at]
    for what, write in (next(peers.by_pyarrow(file, table)), next(peers.by_duckdb(file, table)), next(peers.by_polars(file, table))):
        write()
        try:
            lake.read(file)
            peers.fail(f"{what}: a binary column is not refused")
        except lake.Refused as refused:
            lake.same(f"{what}: binary", f"column {binary[0]}: no such type in a record stream: binary" in str(refused), True)
        got = lake.read(file, "-c", ",".join(name for name, _ in wanted))
        lake.same(f"{what}: other types", [c[:2] for c in got.columns], wanted)
        peers.same(f"{what}: other types", got.rows, [tuple(r[i] for i in at) for r in table.rows])


def many(where):
    """Row groups: of ours, rows enough for three; of theirs, hundreds of small ones."""
    rows = 2_300_000
    file, place = f"{where}/many.parquet", f"{where}/many"
    text = b"".join(b"%d\t%s\n" % (i, b"\\N" if i % 3 else b"true") for i in range(rows))
    data = lake.acct("mkrec", "t", "id:int64! third:bool", data=text)
    lake.acct("acct-write", "-o", file, data=data)
    lake.acct("acct-write", place, data=data)
    lake.same("row groups of ours", pq.ParquetFile(file).num_row_groups, 3)
    want = pa.table({"id": pa.array(range(rows), pa.int64()), "third": pa.array([None if i % 3 else True for i in range(rows)], pa.bool_())})
    for peer, reader in peers.READERS.items():
        lake.same(f"{peer} reads many row groups", reader(file).cast(want.schema).equals(want), True)
    for peer, reader in DELTA_READERS.items():
        lake.same(f"{peer} reads many row groups", reader(place).cast(want.schema).sort_by("id").equals(want), True)
    lake.same("we read many row groups", lake.acct("acct-read", "-t", "t", place) == data, True)
    lake.same("we read many row groups", lake.acct("acct-read", "-t", "t", file) == data, True)
    few = want.slice(0, 50_000)
    short = lake.acct("mkrec", "t", "id:int64 third:bool", data=b"".join(text.splitlines(True)[:50_000]))
    pq.write_table(few, file, row_group_size=100)
    lake.same("pyarrow's small row groups", lake.acct("acct-read", "-t", "t", file) == short, True)
    duckdb.connect().register("t", few).execute(f"copy t to '{file}' (format parquet, row_group_size 2048)")
    lake.same("DuckDB's small row groups", lake.acct("acct-read", "-t", "t", file) == short, True)
    polars.from_arrow(few).write_parquet(file, row_group_size=100)
    lake.same("Polars' small row groups", lake.acct("acct-read", "-t", "t", file) == short, True)


def main():
    what, where = sys.argv[1:]
    {"ours": ours, "theirs": theirs, "many": many}[what](where)
    print(f"{what}: {peers.checks} comparisons, {peers.failures} failures")
    sys.exit(peers.failures > 0 or peers.checks == 0)


if __name__ == "__main__":
    main()
