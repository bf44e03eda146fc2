"""acct-read of two of five columns, on one core, from a Parquet file and from a Delta table; DuckDB's COPY of them to CSV."""

import os
import shutil

from common import arguments, digest, duckdb, fail, line, one_core, pipeline, quoted, ratio

COLUMNS = "account_id,transaction_amount"


def main():
    a = arguments(__doc__)
    schema, parquet, table = a.schema("transactions"), a.file("ours.parquet"), a.file("transactions")
    ingest = [a.program("acct-ingest"), "-s", schema, a.csv("transactions")]
    clean = [a.program("acct-clean"), "-s", schema]
    write = [a.program("acct-write")]
    pipeline(ingest, clean, [*write, "-o", parquet])
    shutil.rmtree(table, ignore_errors=True)
    pipeline(ingest, clean, [*write, table])

    read = lambda source: [a.program("acct-read"), "-c", COLUMNS, source]
    select = f"COPY (SELECT {COLUMNS} FROM read_parquet({quoted(parquet)})) TO"
    file, delta, copy = [], [], []
    for _ in range(a.runs):
        file.append(pipeline(one_core(read(parquet))))
        delta.append(pipeline(one_core(read(table))))
        copy.append(duckdb(("", "SET threads = 1"), ("timed", f"{select} '/dev/null' (FORMAT csv, HEADER)"), core=True))

    ours, theirs = a.file("ours.csv"), a.file("duckdb.csv")
    duckdb(("", f"{select} {quoted(theirs)} (FORMAT csv, HEADER)"))
    for source in parquet, table:
        pipeline(read(source), [a.program("acct-cat"), "-f", "csv"], output=ours)
        if digest(ours) != digest(theirs):
            fail(f"the rows differ: {source}: {ours} {theirs}")
    os.remove(ours)
    os.remove(theirs)

    print(f"read: {COLUMNS} of the transactions, one core, {a.runs} runs in turn, the same rows")
    line("acct-read, Parquet file", file)
    line("acct-read, Delta table", delta)
    line("DuckDB, COPY to CSV", copy)
    ratio(file, copy, "acct-read of the file")
    ratio(delta, copy, "acct-read of the table")


main()
