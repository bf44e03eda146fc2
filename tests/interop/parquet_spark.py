"""Parquet files between acct and Spark (parquet-java), as parquet_peers.py has them with the other peers.

Spark reads what pqtool writes, with its vectorized reader and without, whole and through predicates that it pushes into dictionaries and page indexes;
pqtool reads what Spark writes: both writer versions, its codecs, its timestamps and its legacy decimals.
"""
import decimal
import glob
import os
import random
import shutil

import pyspark.sql.functions as F

import parquet_peers as peers

TOOL = "pqtool"


def plain(frame, columns):
    """Rows of a data frame as the plain values of parquet_peers."""
    shown = []
    for name, kind, _ in columns:
        c = F.col(f"`{name}`")
        if kind.startswith("decimal"):
            c = c.cast("string")
        elif kind == "date":
            c = F.datediff(c, F.lit("1970-01-01").cast("date"))
        elif kind.startswith("timestamp"):
            c = F.unix_micros(c.cast("timestamp"))
        elif kind == "string":
            c = c.cast("binary")
        shown.append(c.alias(name))
    return [tuple(plain_value(c[1], v) for c, v in zip(columns, row)) for row in frame.select(*shown).collect()]


def plain_value(kind, v):
    if v is None:
        return None
    if kind.startswith("decimal"):
        return int(decimal.Decimal(v).scaleb(int(kind[:-1].split(",")[1])))
    if kind in ("float", "double"):
        return "nan" if v != v else float(v)
    return bytes(v) if kind in ("string", "binary") else int(v)


def check_predicates(frame, table, what):
    names = [c[0] for c in table.columns]
    for column in ("up", "c3_int32", "c16_string"):
        values = [r[names.index(column)] for r in table.rows if r[names.index(column)] is not None]
        if values:
            v = values[len(values) // 2]
            got = frame.where(F.col(column) == (v.decode() if isinstance(v, bytes) else v)).count()
            if got != values.count(v):
                peers.fail(f"{what}: {got} rows where {column} is {v}, not {values.count(v)}")


def read_ours(spark, where, rnd):
    path = f"{where}/ours.parquet"
    for name, table in peers.tables(rnd):
        for way in (["-z", "snappy"], ["-z", "zstd", "-r", "700", "-p", "64"], ["-z", "none", "-d"]):
            peers.run(TOOL, "write", *way, path, text=table.text())
            for vectorized in ("true", "false"):
                what = f"spark, vectorized {vectorized}: {name} {' '.join(way)}"
                spark.conf.set("spark.sql.parquet.enableVectorizedReader", vectorized)
                frame = spark.read.parquet(path)
                peers.same(what, plain(frame, table.columns), table.rows)
                check_predicates(frame, table, what)


def write_theirs(spark, where, rnd):
    table = peers.make_table(rnd, 3000, 0.1)
    source, path = f"{where}/source.parquet", f"{where}/spark"
    peers.run(TOOL, "write", source, text=table.text())
    frame = spark.read.parquet(source)
    ways = [("PARQUET_1_0", "snappy", "TIMESTAMP_MICROS", "false"), ("PARQUET_2_0", "zstd", "TIMESTAMP_MICROS", "false"),
            ("PARQUET_1_0", "gzip", "INT96", "false"), ("PARQUET_2_0", "none", "INT96", "true"), ("PARQUET_1_0", "lz4_raw", "TIMESTAMP_MICROS", "true"),
            ("PARQUET_1_0", "lz4", "TIMESTAMP_MICROS", "false")]
    for version, codec, instant, legacy in ways:
        shutil.rmtree(path, ignore_errors=True)
        spark.conf.set("spark.sql.parquet.outputTimestampType", instant)
        spark.conf.set("spark.sql.parquet.writeLegacyFormat", legacy)
        try:
            frame.coalesce(1).write.option("parquet.writer.version", version).option("compression", codec).parquet(path)
        except Exception as e:  # a codec that this Spark does not have
            if "codec" not in str(e).lower():
                raise
            print(f"spark does not write {codec}")
            continue
        what = f"by spark: {version} {codec} {instant} legacy {legacy}"
        got = peers.run(TOOL, "dump", glob.glob(f"{path}/part-*")[0])
        if got.returncode != 0:
            peers.fail(f"{what}: {got.stderr.strip()}")
        else:
            peers.same(what, peers.Table.parse(got.stdout).rows, table.rows)


def both(spark, where):
    rnd = random.Random(peers.SEED)
    read_ours(spark, where, rnd)
    write_theirs(spark, where, rnd)
