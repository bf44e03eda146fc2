"""Spark against acct: everything that needs Spark, in one process, because it is slow to start.

    spark_peers.py DIR [SECTION ...]

Each section begins with "== NAME", says what is not equal, and ends with a line "NAME: N comparisons, M failures" for the
tests to look for.
"""
import os
import shutil
import sys
import time
import traceback

import conformance_peers as conformance
import lake
import parquet_peers as peers
import parquet_spark
import rounds
import spark as spark_session

WHERE = os.path.realpath(sys.argv[1])
ROOT = os.path.realpath(f"{os.path.dirname(__file__)}/../..")


def fresh(name):
    path = f"{WHERE}/{name}"
    shutil.rmtree(path, ignore_errors=True)
    return path


def reads(spark):
    """Delta tables and Parquet files of ours as Spark reads them: rows, and the types of the columns."""
    for name, table in lake.tables(lake.seeded()):
        place, file = fresh("ours"), f"{WHERE}/ours.parquet"
        lake.write(table, place)
        lake.write_file(table, file)
        for what, arrow in ((f"{name}: Delta", spark_session.read(spark, place)), (f"{name}: Parquet", spark_session.read(spark, file, "parquet"))):
            lake.same(f"Spark reads {what}: types", lake.arrow_types(arrow.schema), lake.wanted_types(table))
            lake.same_rows(f"Spark reads {what}", peers.plain_rows(arrow), table.rows)
        wanted = [o for _, _, o in table.columns]
        fields = spark.read.format("delta").load(place).schema.fields
        lake.same(f"Spark reads {name}: what may be null", [f.nullable for f in fields], wanted)


def writes(spark):
    """Delta tables of Spark's as we read them, with each codec and both page versions."""
    ways = [("snappy", "1.0.0"), ("zstd", "2.12.0"), ("none", "1.0.0"), ("gzip", "2.12.0"), ("lz4_raw", "1.0.0")]
    for i, (name, table) in enumerate(lake.tables(lake.seeded(1))):
        place = fresh("theirs")
        codec, version = ways[i % len(ways)]
        frame = spark_session.frame(spark, peers.arrow_table(table), f"{WHERE}/source.parquet")
        frame.write.format("delta").option("compression", codec).option("delta.parquet.format.version", version).save(place)
        got = lake.read(place)
        lake.same(f"we read {name}: types", [c[:2] for c in got.columns], [c[:2] for c in table.columns])
        lake.same_rows(f"we read {name}, {codec}, {version}", got.rows, table.rows)
        lake.write(table, place)                # and added to it
        lake.same_rows(f"we add to {name}", peers.plain_rows(spark_session.read(spark, place)), table.rows * 2)


def parquet(spark):
    parquet_spark.both(spark, WHERE)


def golden(spark):
    """Golden tables that delta-rs does not read, as Spark does."""
    folder = f"{ROOT}/../shared/conformance/delta/golden"
    if not os.path.exists(folder):
        return
    for name, (verdict, _) in conformance.verdicts("delta/").items():
        if verdict == "spark":
            conformance.compare(f"Spark: {name}", f"{folder}/{name}", spark_session.read(spark, f"{folder}/{name}"))


def in_rounds(spark):
    """Tables of everyone's, changed by everyone, as rounds.py has it."""
    rounds.run(WHERE, spark)


def feed(spark):
    """Changes of tables with a change data feed, with deletion vectors and without, as we read them and as Spark does."""
    for vectors in ("false", "true"):
        place = fresh("feed")
        table = f"delta.`{place}`"
        spark.sql(f"create table {table} (id bigint, name string, amount decimal(9,2)) using delta tblproperties "
                  f"(delta.enableChangeDataFeed = true, delta.enableDeletionVectors = {vectors})")
        for change in (f"insert into {table} select id, concat('n', id), id / 4 from range(100)",
                       f"merge into {table} t using (select id * 3 as id from range(50)) s on t.id = s.id "
                       "when matched and s.id % 2 = 0 then delete when matched then update set amount = amount + 1 "
                       "when not matched then insert (id, name, amount) values (s.id, null, 0)"):
            spark.sql(change)
        for version in (1, 2):
            told = spark.read.format("delta").option("readChangeFeed", "true").option("startingVersion", version)
            told = told.option("endingVersion", version).load(place).select("_change_type", "id", "name", "amount").toArrow()
            lake.same_rows(f"changes of version {version}, vectors {vectors}",
                           lake.read(place, "--changes", f"{version - 1}..{version}", "-k", "id").rows, peers.plain_rows(told))


SECTIONS = {f.__name__: f for f in (reads, writes, parquet, golden, feed, in_rounds)}


def main():
    spark = spark_session.start(WHERE)
    bad = 0
    for name in sys.argv[2:] or SECTIONS:
        peers.checks = peers.failures = 0
        started = time.time()
        print(f"== {name}", flush=True)
        try:
            SECTIONS[name](spark)
        except Exception as error:  # a section that breaks off must not take the others with it
            traceback.print_exc(limit=-4, file=sys.stdout)
            peers.fail(f"{name}: {str(error).splitlines()[0][:300]}")
        bad += peers.failures
        print(f"{name}: {peers.checks} comparisons, {peers.failures} failures; {time.time() - started:.0f} seconds", flush=True)
    spark.stop()
    os._exit(bad > 0)


main()
