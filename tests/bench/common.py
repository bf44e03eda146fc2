"""What the benches share: pipelines with their times and peak memory, DuckDB in a process of its own, and the report."""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections import namedtuple

# Wall and processor seconds; the sum of the processes' own peaks, in KiB.
Run = namedtuple("Run", "seconds cpu peak")

# What stands before each statement list given to DuckDB: `timed` runs SQL and adds up what it takes.
DUCKDB = """
import duckdb, json, resource, sys, time
spent = {"seconds": 0, "cpu": 0}
def cpu():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime
def timed(sql):
    at, used = time.perf_counter(), cpu()
    c.execute(sql)
    spent["seconds"] += time.perf_counter() - at
    spent["cpu"] += cpu() - used
c = duckdb.connect()
c.execute("SET enable_progress_bar = false")
for how, sql in json.load(sys.stdin):
    (timed if how == "timed" else c.execute)(sql)
spent["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps(spent))
"""

COLUMNS = {
    "customers": "'customer_id': 'BIGINT', 'first_name': 'VARCHAR', 'last_name': 'VARCHAR', 'address': 'VARCHAR', "
                 "'city': 'VARCHAR', 'state': 'VARCHAR', 'zip': 'VARCHAR'",
    "accounts": "'account_id': 'BIGINT', 'customer_id': 'BIGINT', 'account_type': 'VARCHAR', 'balance': 'DECIMAL(18,2)'",
    "loans": "'loan_id': 'BIGINT', 'customer_id': 'BIGINT', 'loan_amount': 'DECIMAL(18,2)', "
             "'interest_rate': 'DECIMAL(9,4)', 'loan_term': 'BIGINT'",
    "loan_payments": "'payment_id': 'BIGINT', 'loan_id': 'BIGINT', 'payment_date': 'DATE', 'payment_amount': 'DECIMAL(18,2)'",
    "transactions": "'transaction_id': 'BIGINT', 'account_id': 'BIGINT', 'transaction_date': 'DATE', "
                    "'transaction_amount': 'DECIMAL(18,2)', 'transaction_type': 'VARCHAR'",
}


def arguments(description):
    ap = argparse.ArgumentParser(description=description)
    ap.add_argument("--programs", required=True)
    ap.add_argument("--schemas", required=True)
    ap.add_argument("--work", required=True)
    ap.add_argument("--runs", type=int, default=5)
    ap.add_argument("bank")
    a = ap.parse_args()
    a.program = lambda name: os.path.join(a.programs, name)
    a.schema = lambda table: os.path.join(a.schemas, table + ".yaml")
    a.csv = lambda table: os.path.join(a.bank, table + ".csv")
    a.file = lambda name: os.path.join(a.work, name)
    return a


def fail(text):
    sys.exit(f"bench: {text}")


def pipeline(*stages, output=None):
    """Runs the stages as one pipe."""
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
                fail(f"{' '.join(p.args)}: status {os.waitstatus_to_exitcode(status)}")
            peak += usage.ru_maxrss
            cpu += usage.ru_utime + usage.ru_stime
    return Run(time.perf_counter() - begun, cpu, peak)


def one_core(stage):
    """The same program on one core, the last one there is."""
    return ["taskset", "-c", str(max(os.sched_getaffinity(0))), *stage]


def duckdb(*statements, core=False):
    """Runs statements, each ("timed", sql) or ("", sql); the times are those of the timed ones, the memory that of all."""
    command = [sys.executable, "-c", DUCKDB]
    got = subprocess.run(one_core(command) if core else command, check=True, stdout=subprocess.PIPE,
                         input=json.dumps(statements).encode())
    return Run(**json.loads(got.stdout))


def duckdb_rows(sql):
    """The rows of a query, each value as text; in a process of its own, as a child's peak of memory begins with its parent's."""
    script = """if True:
        import duckdb, json, sys
        c = duckdb.connect()
        c.execute("SET enable_progress_bar = false")
        print(json.dumps([[str(v) for v in row] for row in c.sql(sys.stdin.read()).fetchall()]))"""
    got = subprocess.run([sys.executable, "-c", script], input=sql.encode(), check=True, stdout=subprocess.PIPE)
    return json.loads(got.stdout)


def quoted(path):
    return "'" + path.replace("'", "''") + "'"


def read_csv(a, table):
    """A table of the bank as DuckDB reads it: typed columns, no guessing."""
    return f"read_csv({quoted(a.csv(table))}, header = true, columns = {{{COLUMNS[table]}}})"


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(f.read()).hexdigest()


def median(runs, what="seconds"):
    return statistics.median(getattr(r, what) for r in runs)


def line(name, runs, more=""):
    seconds = [r.seconds for r in runs]
    print(f"  {name:34}{median(runs):7.2f} s ({min(seconds):.2f} to {max(seconds):.2f})  processor {median(runs, 'cpu'):6.2f} s, "
          f"memory {median(runs, 'peak') / 1024:5.0f} MiB  {more}".rstrip())


def ratio(ours, theirs, name):
    """How many times as fast ours is, run by run; below 1 it is slower. Processor time says it on a machine that others use as well."""
    r = [t.seconds / o.seconds for o, t in zip(ours, theirs)]
    cpu = [t.cpu / o.cpu for o, t in zip(ours, theirs)]
    memory = [t.peak / o.peak for o, t in zip(ours, theirs)]
    print(f"  {name}: {statistics.median(r):.2f} times as fast ({min(r):.2f} to {max(r):.2f}), {statistics.median(cpu):.2f} by processor time, "
          f"in 1/{statistics.median(memory):.1f} of the memory")
