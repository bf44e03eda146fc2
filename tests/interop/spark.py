"""One Spark with Delta in this process, small, and without the network: the packages of tests/spark.sh are all it needs."""
import glob
import os
import sys

from pyspark.sql import SparkSession

JARS = os.path.join(sys.prefix, "jars", "*.jar")


def start(where):
    os.environ.update(SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_DIRS=where)
    conf = {
        "spark.driver.extraClassPath": ":".join(sorted(glob.glob(JARS))),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": f"-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xss4m -Dderby.system.home={where} -Djava.io.tmpdir={where}",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": f"{where}/warehouse",
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "1",
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "1",
        "spark.sql.adaptive.enabled": "false",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.databricks.delta.retentionDurationCheck.enabled": "false",
        "spark.databricks.delta.stalenessLimit": "0",
        # dates and times as the calendar of today has them, in all years
        "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
        "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
        "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    }
    builder = SparkSession.builder.master("local[2]")
    for key, value in conf.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


def read(spark, path, form="delta"):
    """A Delta table or Parquet files as an Arrow table."""
    return spark.read.format(form).load(path).toArrow()


def frame(spark, arrow, where):
    """An Arrow table as a data frame, through a file that pyarrow writes."""
    import pyarrow.parquet as pq
    pq.write_table(arrow, where, store_decimal_as_integer=True)
    return spark.read.parquet(where)
