"""Two of five columns as CSV, on one core, from a Parquet file and from a Delta table: acct-read and acct-cat, and DuckDB's COPY.

acct-read alone, to records, is timed as well.
"""

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
    cat = one_core([a.program("acct-cat"), "-f", "csv"])
    alone, file, delta, copy = [], [], [], []
    for _ in range(a.runs):
        alone.append(pipeline(one_core(read(parquet))))
        file.append(pipeline(one_core(read(parquet)), cat))
        delta.append(pipeline(one_core(read(table)), cat))
        copy.append(duckdb(("", "SET threads = 1"), ("timed", f"{select} '/dev/null' (FORMAT csv, HEADER)"), core=True))

    ours, theirs = a.file("ours.csv"), a.file("duckdb.csv")
    duckdb(("", f"{select} {quoted(theirs)} (FORMAT csv, HEADER)"))
    for source in parquet, table:
        pipeline(read(source), [a.program("acct-cat"), "-f", "csv"], output=ours)
        if digest(ours) != digest(theirs):
            fail(f"the rows differ: {source}: {ours} {theirs}")
    os.remove(ours)
    os.remove(theirs)

    print(f"read: {COLUMNS} of the transactions to CSV, one core, {a.runs} runs in turn, the same rows")
    line("acct-read, Parquet file to records", alone)
    line("acct-read | acct-cat, Parquet file", file)
    line("acct-read | acct-cat, Delta table", delta)
    line("DuckDB, COPY to CSV", copy)
    ratio(file, copy, "of the file")
    ratio(delta, copy, "of the table")


main()
