"""acct-write of the transactions to a Parquet file, on one core, from a record file; DuckDB's COPY from a table in memory."""

import os

from common import arguments, duckdb, duckdb_rows, fail, line, median, one_core, pipeline, quoted, ratio, read_csv


def rows_of(path):
    """How many rows, and a sum over each with its place in the file."""
    return duckdb_rows(f"SELECT count(*), sum(hash(t)::HUGEINT) FROM read_parquet({quoted(path)}, file_row_number = true) t")


def main():
    a = arguments(__doc__)
    records, ours, theirs = a.file("transactions.acct"), a.file("ours.parquet"), a.file("duckdb.parquet")
    schema = a.schema("transactions")
    pipeline([a.program("acct-ingest"), "-s", schema, a.csv("transactions")], [a.program("acct-clean"), "-s", schema],
             output=records)
    write, copy = [], []
    for _ in range(a.runs):
        write.append(pipeline(one_core([a.program("acct-write"), "-i", records, "-o", ours])))
        copy.append(duckdb(("", f"CREATE TABLE t AS FROM {read_csv(a, 'transactions')}"), ("", "SET threads = 1"),
                           ("timed", f"COPY t TO {quoted(theirs)} (FORMAT parquet, COMPRESSION snappy)"), core=True))
    if rows_of(ours) != rows_of(theirs):
        fail(f"the rows differ: {ours} {theirs}")

    rows = int(rows_of(ours)[0][0])
    size = lambda runs, path: f"{rows / median(runs) / 1e6:.1f} M rows/s, {os.path.getsize(path) / 1e6:.0f} MB"
    print(f"write: {rows} transactions to Parquet, one core, {a.runs} runs in turn, the same rows")
    line("acct-write", write, size(write, ours))
    line("DuckDB, COPY from memory", copy, size(copy, theirs))
    ratio(write, copy, "acct-write")


main()
