"""The toolkit and DuckDB on the same files, in turn: medians, ratios, memory, and the floor below which no program of this kind can go.

A pipeline is timed from its start to the end of its last process, with all it takes to start processes; DuckDB inside its own process,
without its start. Memory is the sum of every process's own peak. A case counts only when both gave the same answer.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time

AGGREGATES = ["n=count()", "total=sum(transaction_amount)"]

# Typed columns, no guessing; account and sums in the order of accounts.
DUCKDB = """
import duckdb, json, resource, sys, time
source, answer = sys.argv[1:]
c = duckdb.connect()
c.execute("SET threads = 2")
c.execute("SET enable_progress_bar = false")
begun = time.perf_counter()
c.execute('''
    CREATE TABLE answer AS
    SELECT account_id, count(*) AS n, sum(transaction_amount) AS total
    FROM read_csv(?, header = true, columns = {
        'transaction_id': 'BIGINT', 'account_id': 'BIGINT', 'transaction_date': 'DATE',
        'transaction_amount': 'DECIMAL(18,2)', 'transaction_type': 'VARCHAR'})
    GROUP BY account_id ORDER BY account_id''', [source])
seconds = time.perf_counter() - begun
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
c.execute("COPY answer TO '" + answer.replace("'", "''") + "' (HEADER)")
print(json.dumps({"seconds": seconds, "peak_kb": peak}))
"""


def pipeline(*stages, output=None):
    """Runs the stages as one pipe; returns wall seconds, processor seconds, and the sum of the processes' peak memory in KiB."""
    begun = time.perf_counter()
    processes, source = [], subprocess.DEVNULL
    with open(output or os.devnull, "wb") as sink:
        for i, stage in enumerate(stages):
            last = i == len(stages) - 1
            p = subprocess.Popen(stage, stdin=source, stdout=sink if last else subprocess.PIPE)
            if i > 0:
                source.close()
            source = p.stdout
            processes.append(p)
        peak = cpu = 0
        for p in processes:
            _, status, usage = os.wait4(p.pid, 0)
            if status != 0:
                sys.exit(f"bench: {p.args[0]}: status {os.waitstatus_to_exitcode(status)}")
            peak += usage.ru_maxrss
            cpu += usage.ru_utime + usage.ru_stime
    return time.perf_counter() - begun, cpu, peak


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(f.read()).hexdigest()


def spread(values):
    return f"{statistics.median(values):7.2f} s ({min(values):.2f} to {max(values):.2f})"


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--programs", required=True)
    ap.add_argument("--schemas", required=True)
    ap.add_argument("--work", required=True)
    ap.add_argument("--runs", type=int, default=5)
    ap.add_argument("bank")
    a = ap.parse_args()
    program = lambda name: os.path.join(a.programs, name)
    source = os.path.join(a.bank, "transactions.csv")
    schema = os.path.join(a.schemas, "transactions.yaml")
    size = os.path.getsize(source)
    ours, theirs = os.path.join(a.work, "ours.csv"), os.path.join(a.work, "duckdb.csv")
    records = os.path.join(a.work, "balance.acct")

    ingest = [program("acct-ingest"), "-s", schema, source]
    clean = [program("acct-clean"), "-s", schema]
    balance = [program("acct-balance"), "-k", "account_id", *AGGREGATES]
    times = {name: [] for name in ("wc", "hop", "ingest", "job", "duckdb")}
    job_cpu, job_peak, duck_peak, ratios = [], [], [], []

    print(f"{source}: {size / 1e6:.0f} MB, {a.runs} runs in turn")
    for _ in range(a.runs):
        times["wc"].append(pipeline(["wc", "-l", source])[0])
        times["hop"].append(pipeline(["cat", source], ["cat"])[0])
        times["ingest"].append(pipeline(ingest)[0])
        seconds, cpu, peak = pipeline(ingest, clean, balance, output=records)
        times["job"].append(seconds)
        job_cpu.append(cpu)
        job_peak.append(peak)
        duck = json.loads(subprocess.run([sys.executable, "-c", DUCKDB, source, theirs], check=True, stdout=subprocess.PIPE).stdout)
        times["duckdb"].append(duck["seconds"])
        duck_peak.append(duck["peak_kb"])
        ratios.append(seconds / duck["seconds"])
        pipeline([program("acct-cat"), "-f", "csv", records], output=ours)
        if digest(ours) != digest(theirs):
            sys.exit(f"bench: the answers differ: {ours} {theirs}")

    rate = lambda name: f"{size / 1e9 / statistics.median(times[name]):5.2f} GB/s"
    print("same answers in every run")
    print(f"  wc -l                             {spread(times['wc'])}  {rate('wc')}")
    print(f"  one pipe hop (cat | cat)          {spread(times['hop'])}  {rate('hop')}")
    print(f"  acct-ingest                       {spread(times['ingest'])}  {rate('ingest')}")
    print(f"  ingest | clean | balance          {spread(times['job'])}  {rate('job')}  "
          f"processor {statistics.median(job_cpu):.2f} s, memory {statistics.median(job_peak) / 1024:.0f} MiB in all")
    print(f"  DuckDB, 2 threads                 {spread(times['duckdb'])}  {rate('duckdb')}  "
          f"memory {statistics.median(duck_peak) / 1024:.0f} MiB")
    print(f"ratio of times, run by run: median {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


main()
