"""The toolkit and DuckDB on the transactions: the balance of each account. And the floor below which no program of this kind can go.

A pipeline is timed from its start to the end of its last process, with all it takes to start processes; DuckDB inside its own process,
without its start. Memory is the sum of every process's own peak. A case counts only when both gave the same answer.
"""

import os

from common import arguments, digest, duckdb, fail, line, median, pipeline, quoted, ratio, read_csv

AGGREGATES = ["n=count()", "total=sum(transaction_amount)"]


def main():
    a = arguments(__doc__)
    source, schema = a.csv("transactions"), a.schema("transactions")
    size = os.path.getsize(source)
    ours, theirs, records = a.file("ours.csv"), a.file("duckdb.csv"), a.file("balance.acct")

    ingest = [a.program("acct-ingest"), "-s", schema, source]
    clean = [a.program("acct-clean"), "-s", schema]
    balance = [a.program("acct-balance"), "-k", "account_id", *AGGREGATES]
    wc, hop, lone, job, duck = [], [], [], [], []
    for _ in range(a.runs):
        wc.append(pipeline(["wc", "-l", source]))
        hop.append(pipeline(["cat", source], ["cat"]))
        lone.append(pipeline(ingest))
        job.append(pipeline(ingest, clean, balance, output=records))
        duck.append(duckdb(("", "SET threads = 2"), ("timed", f"""
            CREATE TABLE answer AS
            SELECT account_id, count(*) AS n, sum(transaction_amount) AS total
            FROM {read_csv(a, 'transactions')} GROUP BY account_id ORDER BY account_id"""),
            ("", f"COPY answer TO {quoted(theirs)} (HEADER)")))
        pipeline([a.program("acct-cat"), "-f", "csv", records], output=ours)
        if digest(ours) != digest(theirs):
            fail(f"the answers differ: {ours} {theirs}")

    print(f"pipe: {source}: {size / 1e6:.0f} MB, {a.runs} runs in turn, the same answers")
    for name, runs in (("wc -l", wc), ("one pipe hop (cat | cat)", hop), ("acct-ingest", lone),
                       ("ingest | clean | balance", job), ("DuckDB, 2 threads", duck)):
        line(name, runs, f"{size / 1e9 / median(runs):.2f} GB/s")
    ratio(job, duck, "the pipe")


main()
