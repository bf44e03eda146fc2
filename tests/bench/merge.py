"""acct-merge of 1 % changed and 1 % new rows into a Delta table; delta-rs's and, where it is installed, Spark's merge of the same.

Each merges into its own copy of a table that acct-write made. A peer reads the changes from a Parquet file and is timed without its
start, Spark only once; acct-merge reads them from a record file.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys

from common import Run, arguments, duckdb, duckdb_rows, fail, line, pipeline, quoted, ratio, read_csv

# Of each case the table, its key, and its rows of which 1 % are taken; what changes in a row, and how far off the new keys are.
CASES = (
    ("accounts", "account_id", "1 % changed and 1 % new",
     "SELECT * REPLACE (balance + 1 AS balance) FROM old WHERE hash(account_id) % 100 = 0 "
     "UNION ALL SELECT * REPLACE (account_id + 1000000000 AS account_id) FROM old WHERE hash(account_id) % 100 = 1"),
    ("transactions", "transaction_id", "1 % new",
     "SELECT * REPLACE (transaction_id + 1000000000 AS transaction_id) FROM old WHERE hash(transaction_id) % 100 = 1"),
    ("transactions", "transaction_id", "1 % changed",
     "SELECT * REPLACE (transaction_amount + 1 AS transaction_amount) FROM old WHERE hash(transaction_id) % 100 = 0"),
)


def rows_of(table):
    """How many rows, and a sum over each, of the files that delta-rs says the table has."""
    script = "import sys; from deltalake import DeltaTable; print(*DeltaTable(sys.argv[1]).file_uris(), sep='\\n')"
    uris = subprocess.run([sys.executable, "-c", script, table], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    files = ", ".join(quoted(uri.removeprefix("file://")) for uri in uris)
    return duckdb_rows(f"SELECT count(*), sum(hash(t)::HUGEINT) FROM read_parquet([{files}]) t")


def prepare(a, table, changes):
    """The table, and the changes as Parquet and as records."""
    base, csv, parquet, records = (a.file("base-" + table), a.file("changes.csv"), a.file("changes.parquet"), a.file("changes.acct"))
    if not os.path.exists(base):
        pipeline([a.program("acct-ingest"), "-s", a.schema(table), a.csv(table)],
                 [a.program("acct-clean"), "-s", a.schema(table)], [a.program("acct-write"), base])
    duckdb(("", f"CREATE VIEW old AS FROM {read_csv(a, table)}"), ("", f"CREATE TABLE t AS {changes}"),
           ("", f"COPY t TO {quoted(csv)} (HEADER)"), ("", f"COPY t TO {quoted(parquet)} (FORMAT parquet)"))
    pipeline([a.program("acct-ingest"), "-s", a.schema(table), csv], [a.program("acct-clean"), "-s", a.schema(table)], output=records)
    return base, parquet, records


def copy(a, base, who):
    table = a.file("merge-" + who)
    shutil.rmtree(table, ignore_errors=True)
    shutil.copytree(base, table)
    return table


def peer(who, *words):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "merge_peers.py")
    got = subprocess.run([sys.executable, script, who, *words], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return Run(**json.loads(got.stdout.splitlines()[-1]))


def case(a, peers, table, key, what, changes):
    base, parquet, records = prepare(a, table, changes)
    runs = {who: [] for who in ("acct", *peers)}
    for i in range(a.runs):
        own = copy(a, base, "acct")
        runs["acct"].append(pipeline([a.program("acct-merge"), "-i", records, own]))
        for who in peers:
            if who == "spark" and i > 0:
                continue
            runs[who].append(peer(who, copy(a, base, who), parquet, key))
    for who in peers:
        if rows_of(a.file("merge-" + who)) != rows_of(own):
            fail(f"the tables differ: {own} {a.file('merge-' + who)}")

    print(f"merge: {what} into {rows_of(base)[0][0]} {table}, {a.runs} runs in turn, the same tables afterwards")
    for who in runs:
        line("acct-merge" if who == "acct" else who, runs[who])
    for who in peers:
        ratio(runs["acct"], runs[who], f"acct-merge, against {who}")
    for who in runs:
        shutil.rmtree(a.file("merge-" + who))


def main():
    a = arguments(__doc__)
    peers = ["delta-rs"] + ["spark"] * (importlib.util.find_spec("delta") is not None)
    for table in "accounts", "transactions":
        shutil.rmtree(a.file("base-" + table), ignore_errors=True)
    for c in CASES:
        case(a, peers, *c)


main()
