"""Tables that acct, delta-rs and Spark change in turn, against a model.

Merges of acct's are by a sequence, and leave tombstones in tables with deletion vectors.

Five tables, made by each of the three, two of them with deletion vectors, are appended to, merged, deleted from, overwritten, given columns,
optimized, checkpointed and vacuumed: ten rounds in a random order, each change by one of the three. After each round all of them read every
table as the model has it, the newest version and an earlier one. What is dealt out comes from a seed, which is printed; ACCT_SEED sets it.

    rounds.py DIR          without Spark
"""
import os
import random
import shutil
import sys

import polars
import pyarrow as pa
from deltalake import DeltaTable, QueryBuilder, write_deltalake

import lake
import parquet_peers as peers

ROUNDS = 10
COLUMNS = [("id", "int64", False), ("name", "string", True), ("amount", "decimal(18,2)", True), ("big", "decimal(38,0)", True), ("day", "date", True),
           ("at", "timestamp", True), ("flag", "bool", True), ("x", "double", True), ("n", "int32", True), ("moment", "int64", False)]
LAST = 2 ** 62
LATER = [("added_1", "int64", True), ("added_2", "string", True), ("added_3", "decimal(28,2)", True)]


class Acct:
    name = "acct"

    def append(self, path, table, mode="append"):
        lake.write(table, path, "-m", mode, keys=("id",))

    def overwrite(self, path, table):
        self.append(path, table, "overwrite")

    def merge(self, path, table):
        lake.acct("acct-merge", "-k", "id", "--sequence", "moment", path, data=lake.stream(table, ("id",)))

    def delete(self, path, ids):
        rows = peers.Table([COLUMNS[0], ("moment", "int64", False), ("gone", "bool", False)], [(i, LAST, 1) for i in ids])
        vectors = b"delta.enableDeletionVectors=true" in lake.acct("acct-log", "--state", path)
        lake.acct("acct-merge", "--delete-flag", "gone=true", *(("--sequence", "moment") if vectors else ()), path, data=lake.stream(rows, ("id",)))

    def add_column(self, path, table):
        lake.write(table, path, "--add-columns", keys=("id",))

    def optimize(self, path, by_id):
        lake.acct("acct-optimize", *(("-k", "id") if by_id else ()), path)

    def vacuum(self, path):
        lake.acct("acct-vacuum", "--delete", "--retain", "0", "--force", path)

    def rows(self, path, version=None):
        return lake.read(path, *(() if version is None else ("--at", str(version)))).rows


class DeltaRs:
    name = "delta-rs"

    def append(self, path, table, **how):
        write_deltalake(path, peers.arrow_table(table), **{"mode": "append", **how})

    def overwrite(self, path, table):
        self.append(path, table, mode="overwrite")

    def merge(self, path, table):
        merger = DeltaTable(path).merge(peers.arrow_table(table), predicate="t.id = s.id", source_alias="s", target_alias="t")
        merger.when_matched_update_all().when_not_matched_insert_all().execute()

    def delete(self, path, ids):
        DeltaTable(path).delete(f"id in ({','.join(map(str, ids))})")

    def add_column(self, path, table):
        self.append(path, table, schema_mode="merge")

    def optimize(self, path, by_id):
        o = DeltaTable(path).optimize
        o.z_order(["id"]) if by_id else o.compact()

    def checkpoint(self, path):
        DeltaTable(path).create_checkpoint()

    def vacuum(self, path):
        # its full vacuum takes deletion vectors in use for files that no version names, and removes them
        vectors = "deletionVectors" in (DeltaTable(path).protocol().reader_features or [])
        DeltaTable(path).vacuum(0, dry_run=False, enforce_retention_duration=False, full=not vectors)

    def rows(self, path, version=None):
        table = DeltaTable(path, version=version)
        return peers.plain_rows(pa.table(QueryBuilder().register("t", table).execute("select * from t")))


class Spark:
    name = "Spark"

    def __init__(self, spark, where):
        self.spark = spark
        # delta-rs reads INT96, Spark's own way, as nanoseconds, which have no room for all years
        spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        self.source = f"{where}/rounds.parquet"

    def frame(self, table):
        import spark as spark_session
        return spark_session.frame(self.spark, peers.arrow_table(table), self.source)

    def sql(self, text):
        self.spark.sql(text).collect()

    def append(self, path, table, mode="append", **options):
        self.frame(table).write.format("delta").mode(mode).options(**options).save(path)

    def overwrite(self, path, table):
        self.append(path, table, "overwrite")

    def merge(self, path, table):
        self.frame(table).createOrReplaceTempView("source")
        self.sql(f"merge into delta.`{path}` t using source s on t.id = s.id when matched then update set * when not matched then insert *")

    def delete(self, path, ids):
        self.sql(f"delete from delta.`{path}` where id in ({','.join(map(str, ids))})")

    def add_column(self, path, table):
        self.append(path, table, mergeSchema="true")

    def optimize(self, path, by_id):
        self.sql(f"optimize delta.`{path}`{' zorder by (id)' if by_id else ''}")

    def checkpoint(self, path):
        jvm = self.spark._jvm
        jvm.org.apache.spark.sql.delta.DeltaLog.forTable(self.spark._jsparkSession, path).checkpoint()

    def vacuum(self, path):
        self.sql(f"vacuum delta.`{path}` retain 0 hours")

    def rows(self, path, version=None):
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        return peers.plain_rows(reader.load(path).toArrow())


class Polars:
    """Reads only."""
    name = "Polars"

    def rows(self, path, version=None):
        return peers.plain_rows(polars.read_delta(path, version=version).to_arrow())


class Lake:
    """A table, and what should be in it."""

    def __init__(self, rnd, path, maker, engines):
        self.rnd = rnd
        self.path = path
        self.engines = engines
        self.columns = list(COLUMNS)
        self.model = {}                 # by id
        self.past = {}                  # of a version: columns, rows
        self.next = 1
        self.moment = 0                 # grows with each row
        self.told = []                  # what happened, for a failure
        table = self.fresh_rows()
        self.model = {r[0]: r for r in table.rows}
        maker(path, table)

    def value(self, column):
        name, kind, optional = column
        if name == "moment":
            self.moment += 1
            return self.moment
        if optional and self.rnd.random() < 0.2:
            return None
        if self.rnd.random() < 0.2:
            return self.rnd.choice([v for v in peers.extremes(kind) if v not in (float("inf"), float("-inf"))])
        return peers.random_value(self.rnd, kind, False)

    def row(self, number):
        return (number, *(self.value(c) for c in self.columns[1:]))

    def fresh_rows(self):
        count = self.rnd.choice([1, 7, 60, 60, 900])
        rows = [self.row(self.next + i) for i in range(count)]
        self.next += count
        self.rnd.shuffle(rows)
        return peers.Table(list(self.columns), rows)

    def some_ids(self):
        ids = sorted(self.model)
        return self.rnd.sample(ids, min(len(ids), self.rnd.choice([1, 5, 40])))

    def version(self):
        return DeltaTable(self.path).version()

    # ---- changes, by an engine ----

    def append(self, engine):
        table = self.fresh_rows()
        engine.append(self.path, table)
        self.model.update({r[0]: r for r in table.rows})

    def overwrite(self, engine):
        table = self.fresh_rows()
        engine.overwrite(self.path, table)
        self.model = {r[0]: r for r in table.rows}

    def merge(self, engine):
        table = self.fresh_rows()
        table.rows += [self.row(i) if self.rnd.random() < 0.8 else self.model[i] for i in self.some_ids()]
        engine.merge(self.path, table)
        self.model.update({r[0]: r for r in table.rows})

    def delete(self, engine):
        ids = self.some_ids()
        if ids:
            engine.delete(self.path, ids)
        for i in ids:
            del self.model[i]

    def add_column(self, engine):
        if len(self.columns) == len(COLUMNS) + len(LATER):
            self.append(engine)
            return
        self.columns.append(LATER[len(self.columns) - len(COLUMNS)])
        self.model = {i: (*r, None) for i, r in self.model.items()}
        table = self.fresh_rows()
        engine.add_column(self.path, table)
        self.model.update({r[0]: r for r in table.rows})

    def optimize(self, engine):
        engine.optimize(self.path, self.rnd.random() < 0.5)

    def checkpoint(self, engine):
        engine.checkpoint(self.path)

    def vacuum(self, engine):
        engine.vacuum(self.path)
        self.past.clear()               # earlier versions may have lost their files

    # ---- rounds ----

    def deal(self):
        """Every change by every engine that has it, some of them oftener (Spark is slow), in a random order."""
        weights = {"append": 2, "merge": 4, "delete": 2, "overwrite": 1, "add_column": 1, "optimize": 2, "checkpoint": 1, "vacuum": 1}
        deck = [(verb, e) for verb, times in weights.items() for e in self.engines if hasattr(e, verb)
                for _ in range(1 if e.name == "Spark" else times)]
        self.rnd.shuffle(deck)
        return deck

    def change(self, verb, engine):
        self.told.append(f"{engine.name} {verb}")
        getattr(self, verb)(engine)
        self.past[self.version()] = (list(self.columns), dict(self.model))

    def check(self, readers, what):
        past = self.rnd.choice(sorted(self.past)) if self.past else None
        if past is not None:
            self.changes(what)
        for reader in readers:
            self.compare(reader, None, self.model, what)
            if past is not None and reader.name != "Polars" and (reader.name != "Spark" or self.rnd.random() < 0.3):
                self.compare(reader, past, self.past[past][1], what)

    def changes(self, what):
        """An earlier version and what we read as the changes since are the newest."""
        past = self.rnd.choice(sorted(self.past))
        columns, rows = self.past[past]
        rows = {i: (*r, *[None] * (len(self.columns) - len(columns))) for i, r in rows.items()}
        what = f"{what}, changes {past}..{self.version()}"
        told = lake.read(self.path, "--changes", f"{past}..", "-k", "id").rows
        gone = [r[1:] for r in told if r[0] in (b"delete", b"update_preimage")]
        lake.same_rows(f"{what}: rows that go", gone, [rows.pop(r[0]) for r in gone if r[0] in rows])
        rows.update({r[1]: r[1:] for r in told if r[0] in (b"insert", b"update_postimage")})
        lake.same_rows(what, rows.values(), self.model.values())
        lake.same(f"{what}: rows that stay", sorted(set(r[1:] for r in told if r[0] == b"update_postimage") & set(gone)), [])

    def compare(self, reader, version, model, what):
        what = f"{what}, version {self.version() if version is None else version}, as {reader.name} reads it"
        try:
            got = reader.rows(self.path, version)
        except Exception as error:
            peers.fail(f"{what}: {str(error).strip().splitlines()[0][:300]}; {', '.join(self.told[-8:])}")
            return
        before = peers.failures
        lake.same_rows(what, got, model.values())
        if peers.failures > before:
            print("\tafter", ", ".join(self.told[-8:]))

    def from_checkpoint(self, readers, what):
        """The log before the newest checkpoint is not needed."""
        log = f"{self.path}/_delta_log"
        newest = max((int(n[:20]) for n in os.listdir(log) if n[20:].startswith(".checkpoint")), default=0)
        for n in os.listdir(log):
            if n[:20].isdigit() and int(n[:20]) < newest:
                os.unlink(f"{log}/{n}")
        for reader in readers:
            self.compare(reader, None, self.model, f"{what} from its checkpoint")


def tables(rnd, where, acct, deltars, spark):
    def place(name):
        path = f"{where}/{name}"
        shutil.rmtree(path, ignore_errors=True)
        return path

    def vectors(path, table):
        spark.append(path, table, **{"delta.enableDeletionVectors": "true"})

    def own_vectors(path, table):
        lake.write(table, path, "--property", "delta.enableDeletionVectors=true", keys=("id",))

    everyone = [acct, deltars] + ([spark] if spark else [])
    yield "a table of acct's", Lake(rnd, place("of-acct"), acct.append, everyone)
    yield "a table of acct's with deletion vectors", Lake(rnd, place("of-acct-dv"), own_vectors, everyone)
    yield "a table of delta-rs'", Lake(rnd, place("of-delta-rs"), deltars.append, everyone)
    if spark:
        yield "a table of Spark's", Lake(rnd, place("of-spark"), spark.append, everyone)
        yield "a table of Spark's with deletion vectors", Lake(rnd, place("of-spark-dv"), vectors, [acct, spark])


def run(where, spark_session=None):
    print(f"ACCT_SEED={peers.SEED}", flush=True)
    rnd = random.Random(peers.SEED)
    acct, deltars = Acct(), DeltaRs()
    spark = Spark(spark_session, where) if spark_session else None
    readers = [acct, deltars, Polars()] + ([spark] if spark else [])
    lakes = [(name, t, t.deal()) for name, t in tables(rnd, where, acct, deltars, spark)]
    for number in range(ROUNDS):
        for name, table, deck in lakes:
            what = f"round {number + 1}: {name}"
            for verb, engine in deck[number * len(deck) // ROUNDS:(number + 1) * len(deck) // ROUNDS]:
                try:
                    table.change(verb, engine)
                except Exception as error:
                    peers.fail(f"{what}: {', '.join(table.told[-8:])}: {str(error).strip().splitlines()[0][:400]}")
                    raise
            table.check(readers, what)
    for name, table, _ in lakes:
        table.from_checkpoint(readers, name)


if __name__ == "__main__":
    run(sys.argv[1])
    print(f"rounds: {peers.checks} comparisons, {peers.failures} failures")
    sys.exit(peers.failures > 0 or peers.checks == 0)
