"""A merge by a peer, in a process of its own: merge_peers.py delta-rs|spark TABLE SOURCE KEY.

SOURCE is a Parquet file. Prints the seconds that reading it and merging took, without the start of the peer, the processor seconds, and
the sum of the peaks of the memory of this process and those below it, in KiB, as JSON.
"""

import glob
import json
import os
import sys
import time


def below(pid):
    """The processes under this one."""
    found = []
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        for child in open(path).read().split():
            found += [int(child), *below(int(child))]
    return found


def peak(pid):
    for line in open(f"/proc/{pid}/status"):
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def cpu(pids):
    ticks = os.sysconf("SC_CLK_TCK")
    total = 0
    for pid in pids:
        words = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        total += (int(words[11]) + int(words[12])) / ticks
    return total


def delta_rs(table, source, key):
    import pyarrow.parquet as pq
    from deltalake import DeltaTable

    def merge():
        rows = pq.read_table(source)
        DeltaTable(table).merge(rows, f"t.{key} = s.{key}", source_alias="s", target_alias="t") \
            .when_matched_update_all().when_not_matched_insert_all().execute()
    return merge


def spark(table, source, key):
    from delta.tables import DeltaTable
    from pyspark.sql import SparkSession
    os.environ.update(SPARK_LOCAL_IP="127.0.0.1", SPARK_LOCAL_DIRS=os.path.dirname(source))
    conf = {
        "spark.driver.extraClassPath": ":".join(sorted(glob.glob(os.path.join(sys.prefix, "jars", "*.jar")))),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.driver.memory": "6g",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
        "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in conf.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    session.sql("SELECT 1").collect()

    def merge():
        DeltaTable.forPath(session, table).alias("t").merge(session.read.parquet(source).alias("s"), f"t.{key} = s.{key}") \
            .whenMatchedUpdateAll().whenNotMatchedInsertAll().execute()
    return merge


def main():
    who, table, source, key = sys.argv[1:]
    merge = (spark if who == "spark" else delta_rs)(table, source, key)
    pids = [os.getpid(), *below(os.getpid())]
    begun, used = time.perf_counter(), cpu(pids)
    merge()
    seconds = time.perf_counter() - begun
    pids = [os.getpid(), *below(os.getpid())]
    print(json.dumps({"seconds": seconds, "cpu": cpu(pids) - used, "peak": sum(peak(p) for p in pids)}))


main()
