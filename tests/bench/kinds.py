"""CSV to one Parquet file on kind and unkind data: keys that are dense, random or UUIDs; plain, quoted, CRLF; long texts.

ingest | clean | write checks that no key comes twice; DuckDB does so only where its line says `distinct`, Polars never. Ours runs with
AVX-512, AVX2 and neither. The files are made by DuckDB from the bank's transactions, BENCH_ROWS of them at the most. A case counts only
when every side wrote the same rows.
"""

import json
import os
import re
import statistics
import subprocess
import sys

from common import Run, arguments, duckdb, duckdb_rows, fail, line, pipeline, quoted, ratio, read_csv

PATHS = {"AVX-512": "0", "AVX2": "avx2", "neither": "1"}
ROWS = int(os.environ.get("BENCH_ROWS", 5000000))
REST = "account_id, transaction_date, transaction_amount, transaction_type"
TEXTS = ROWS // 25
WORDS = "repeat('the quick brown fox jumps over the lazy dog%s', 22)"

# Of each kind: the query of its columns, the key's type in DuckDB, how the file is written.
KINDS = {
    "dense keys, plain": (f"SELECT transaction_id, {REST}", "BIGINT", ""),
    "dense keys, all quoted": (f"SELECT transaction_id, {REST}", "BIGINT", "FORCE_QUOTE *"),
    "dense keys, one column quoted": (f"SELECT transaction_id, {REST}", "BIGINT", "FORCE_QUOTE (transaction_type)"),
    "random keys, plain": (f"SELECT (hash(transaction_id) >> 1)::BIGINT AS transaction_id, {REST}", "BIGINT", ""),
    "UUID keys, plain": (f"SELECT md5(transaction_id::VARCHAR)::UUID::VARCHAR AS transaction_id, {REST}", "VARCHAR", ""),
    "UUID keys, all quoted": (f"SELECT md5(transaction_id::VARCHAR)::UUID::VARCHAR AS transaction_id, {REST}", "VARCHAR", "FORCE_QUOTE *"),
    "long texts, plain": (f"SELECT transaction_id, {WORDS % ' '} || '.' AS memo", "BIGINT", ""),
    "long texts with line feeds, quoted": (f"SELECT transaction_id, replace({WORDS % '|'}, '|', chr(10)) || '.' AS memo", "BIGINT", ""),
}

POLARS = """
import json, resource, sys, time
import polars as pl
a = json.load(sys.stdin)
types = {"BIGINT": pl.Int64, "VARCHAR": pl.String, "DATE": pl.Date, "DECIMAL(18,2)": pl.Decimal(18, 2)}
begun, used = time.perf_counter(), time.process_time()
pl.scan_csv(a["csv"], schema={n: types[t] for n, t in a["columns"].items()}).sink_parquet(a["to"], compression="snappy")
print(json.dumps({"seconds": time.perf_counter() - begun, "cpu": time.process_time() - used,
                  "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
"""


def columns_of(kind):
    query, key, _ = KINDS[kind]
    if "memo" in query:
        return {"transaction_id": key, "memo": "VARCHAR"}
    return {"transaction_id": key, "account_id": "BIGINT", "transaction_date": "DATE", "transaction_amount": "DECIMAL(18,2)",
            "transaction_type": "VARCHAR"}


def schema_of(columns):
    types = {"BIGINT": "int64", "VARCHAR": "string", "DATE": "date", "DECIMAL(18,2)": "decimal(18,2)"}
    names = [f"  - name: {name}\n    type: {types[t]}\n" + ("    key: yes\n" if name == "transaction_id" else "")
             for name, t in columns.items()]
    return "name: transactions\ncolumns:\n" + "".join(names)


def make(a, kind, csv):
    query, _, how = KINDS[kind]
    rows = TEXTS if "memo" in query else ROWS
    duckdb(("", f"COPY ({query} FROM {read_csv(a, 'transactions')} LIMIT {rows}) TO {quoted(csv)} (HEADER{', ' + how if how else ''})"))


def ours(a, schema, csv, path, to):
    os.environ["ACCT_PORTABLE"] = PATHS[path]
    try:
        return pipeline([a.program("acct-ingest"), "-s", schema, csv], [a.program("acct-clean"), "-s", schema],
                        [a.program("acct-write"), "-o", to])
    finally:
        del os.environ["ACCT_PORTABLE"]


def with_duckdb(csv, columns, distinct, to):
    types = ", ".join(f"'{n}': '{t}'" for n, t in columns.items())
    select = f"SELECT {'DISTINCT ON (transaction_id) ' if distinct else ''}* FROM read_csv({quoted(csv)}, header = true, columns = {{{types}}})"
    return duckdb(("", "SET threads = 2"), ("", "SET preserve_insertion_order = false"),
                  ("timed", f"COPY ({select}) TO {quoted(to)} (FORMAT parquet, COMPRESSION snappy)"))


def with_polars(csv, columns, to):
    got = subprocess.run([sys.executable, "-c", POLARS], check=True, stdout=subprocess.PIPE, env=dict(os.environ, POLARS_MAX_THREADS="2"),
                         input=json.dumps({"csv": csv, "columns": columns, "to": to}).encode())
    return Run(**json.loads(got.stdout))


def rows_of(path, columns):
    return duckdb_rows(f"SELECT count(*), sum(hash({', '.join(columns)})::HUGEINT) FROM read_parquet({quoted(path)})")


def bench(a, kind, base):
    csv, schema, columns = a.file("kind.csv"), a.file("kind.yaml"), columns_of(kind)
    make(a, kind, csv)
    with open(schema, "w") as f:
        f.write(schema_of(columns))
    to = {name: a.file(re.sub(r"\W", "-", name) + ".parquet") for name in (*PATHS, "DuckDB", "DuckDB, distinct", "Polars")}
    runs = {name: [] for name in (*PATHS, "acct-ingest alone", "DuckDB", "DuckDB, distinct", "Polars")}
    for _ in range(a.runs):
        for path in PATHS:
            runs[path].append(ours(a, schema, csv, path, to[path]))
        runs["acct-ingest alone"].append(pipeline([a.program("acct-ingest"), "-s", schema, csv]))
        runs["DuckDB"].append(with_duckdb(csv, columns, False, to["DuckDB"]))
        runs["DuckDB, distinct"].append(with_duckdb(csv, columns, True, to["DuckDB, distinct"]))
        runs["Polars"].append(with_polars(csv, columns, to["Polars"]))
    expected = rows_of(to["DuckDB"], columns)
    for name, path in to.items():
        if rows_of(path, columns) != expected:
            fail(f"{kind}: the rows differ: {path} {to['DuckDB']}")
        os.remove(path)

    size = os.path.getsize(csv)
    print(f"kinds: {kind}: {expected[0][0]} rows, {size / 1e6:.0f} MB, {a.runs} runs in turn, the same rows")
    for name in runs:
        line(name if name not in PATHS else f"ingest | clean | write, {name}", runs[name],
             f"{size / 1e9 / statistics.median(r.seconds for r in runs[name]):.2f} GB/s")
    for peer in "DuckDB", "DuckDB, distinct", "Polars":
        for path in PATHS:
            ratio(runs[path], runs[peer], f"with {path}, against {peer}")
    if base:
        for path in PATHS:
            r = [o.seconds / b.seconds for o, b in zip(runs[path], base[path])]
            print(f"  with {path}: {statistics.median(r):.2f} times the time of the plain file")
    os.remove(csv)
    return runs


def main():
    a = arguments(__doc__)
    chosen = os.environ.get("BENCH_KINDS", "")
    plain = {}
    for kind in KINDS:
        if chosen and not re.search(chosen, kind):
            continue
        group = kind.split(",")[0].removesuffix(" with line feeds")
        runs = bench(a, kind, plain.get(group))
        if kind.endswith("plain"):
            plain[group] = runs


main()
