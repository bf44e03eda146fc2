"""The whole job, five CSV files to silver, gold and its export, by pipelines/run.sh without a warehouse; DuckDB doing the same work.

DuckDB, on 2 threads, reads the files with their types stated, drops rows that are there twice (which takes it less than one row for
each key), writes the five silver files and from them the three gold ones. run.sh does that work with rejects, commits and the export, keeps the
files as they came and proves its sums, and is timed with all its steps. A run that finds nothing to do is timed as well. Memory is that of all processes at the moment when that is most, looked at 20 times a second in a run that is not
timed: looking takes a good part of a core.
"""

import glob
import os
import shutil
import subprocess
import tempfile
import time

from common import Run, arguments, duckdb, duckdb_rows, fail, line, quoted, ratio, read_csv

SILVER = ("customers", "accounts", "loans", "loan_payments", "transactions")
MONEY = "DECIMAL(28,2)"
GOLD = {
    "customer_balance": f"""
        SELECT coalesce(c.customer_id, a.customer_id) AS customer_id, first_name, last_name, address, city, state, zip,
            coalesce(account_count, 0)::BIGINT AS account_count, coalesce(total_balance, 0)::{MONEY} AS total_balance
        FROM customers c FULL JOIN (SELECT customer_id, count(*) AS account_count, sum(balance) AS total_balance
            FROM accounts GROUP BY customer_id) a ON c.customer_id = a.customer_id ORDER BY 1""",
    "customer_loans": f"""
        SELECT customer_id, count(*)::BIGINT AS loan_count, sum(loan_amount)::{MONEY} AS total_loan_amount,
            sum(coalesce(paid, 0))::{MONEY} AS total_paid, (sum(loan_amount) - sum(coalesce(paid, 0)))::{MONEY} AS outstanding
        FROM loans l LEFT JOIN (SELECT loan_id, sum(payment_amount) AS paid FROM loan_payments GROUP BY loan_id) p
            ON l.loan_id = p.loan_id GROUP BY customer_id ORDER BY 1""",
    "account_transactions": f"""
        SELECT account_id, count(*)::BIGINT AS transaction_count, sum(transaction_amount)::{MONEY} AS total_transaction_amount,
            sum(CASE transaction_type WHEN 'Deposit' THEN transaction_amount ELSE 0 END)::{MONEY} AS total_deposits,
            sum(CASE transaction_type WHEN 'Deposit' THEN 0 ELSE transaction_amount END)::{MONEY} AS total_withdrawals,
            sum(CASE transaction_type WHEN 'Deposit' THEN transaction_amount ELSE -transaction_amount END)::{MONEY} AS net_amount,
            min(transaction_date) AS first_transaction_date, max(transaction_date) AS last_transaction_date
        FROM transactions GROUP BY account_id ORDER BY 1""",
}


def tree():
    """The processes below this one: their parents, and the resident KiB of each."""
    found, grown = {}, {os.getpid()}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            words = open(path).read()
        except OSError:
            continue
        fields = words.rsplit(")", 1)[1].split()
        found[int(words.split(" ", 1)[0])] = (int(fields[1]), int(fields[21]) * os.sysconf("SC_PAGE_SIZE") // 1024)
    while True:
        more = {pid for pid, (parent, _) in found.items() if parent in grown} - grown
        if not more:
            return sum(found[pid][1] for pid in grown if pid in found and pid != os.getpid())
        grown |= more


def script(a, watched, name, *words):
    """Runs a script of the pipelines; where watched, the memory is that of all processes at its peak."""
    path = os.path.join(a.schemas, "..", "..", name)
    env = dict(os.environ, ACCT_BIN=a.programs)
    os.sync()  # what was written before is not to be waited for
    used, begun, peak = os.times(), time.perf_counter(), 0
    with tempfile.TemporaryFile() as said:
        p = subprocess.Popen(["sh", path, *words], env=env, stdout=subprocess.DEVNULL, stderr=said)
        while watched and p.poll() is None:
            peak = max(peak, tree())
            time.sleep(0.05)
        p.wait()
        seconds = time.perf_counter() - begun
        said.seek(0)
        if p.returncode != 0:
            fail(f"{name}: status {p.returncode}: {said.read().decode()}")
    now = os.times()
    cpu = now.children_user + now.children_system - used.children_user - used.children_system
    return Run(seconds, cpu, peak)


def run_idle(a, lake, watched=False):
    """On the files of which the lake is made."""
    return script(a, watched, "run.sh", "-d", "none", a.bank, lake)


def run_sh(a, lake, watched=False):
    shutil.rmtree(lake, ignore_errors=True)
    return script(a, watched, "run.sh", "-d", "none", a.bank, lake)


def with_memory(runs, watched):
    return [run._replace(peak=watched.peak) for run in runs]


def run_duckdb(a, folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.sync()
    path = lambda table: quoted(os.path.join(folder, table + ".parquet"))
    work = [("", "SET threads = 2"), ("", "SET preserve_insertion_order = false")]
    for table in SILVER:
        work.append(("timed", f"COPY (SELECT DISTINCT * FROM {read_csv(a, table)}) TO {path(table)} (FORMAT parquet)"))
        work.append(("timed", f"CREATE VIEW {table} AS FROM read_parquet({path(table)})"))
    for table, query in GOLD.items():
        work.append(("timed", f"COPY ({query}) TO {path(table)} (FORMAT parquet)"))
    return duckdb(*work)


def rows_of(files, columns):
    names = ", ".join(columns)
    return duckdb_rows(f"SELECT count(*), sum(hash({names})::HUGEINT) FROM read_parquet({files})")


def compare(lake, folder):
    for table in (*SILVER, *GOLD):
        theirs = quoted(os.path.join(folder, table + ".parquet"))
        columns = [row[0] for row in duckdb_rows(f"DESCRIBE FROM read_parquet({theirs})")]
        place = os.path.join("silver", table) if table in SILVER else os.path.join("gold", "_export", table)
        ours = quoted(os.path.join(lake, place, "**", "*.parquet"))
        if rows_of(ours, columns) != rows_of(theirs, columns):
            fail(f"the rows of {table} differ: {ours} {theirs}")


def main():
    a = arguments(__doc__)
    lake, folder = a.file("lake"), a.file("duckdb-lake")
    job, idle, duck = [], [], []
    for _ in range(a.runs):
        duck.append(run_duckdb(a, folder))
        job.append(run_sh(a, lake))
        idle.append(run_idle(a, lake))
    compare(lake, folder)
    job = with_memory(job, run_sh(a, lake, watched=True))
    idle = with_memory(idle, run_idle(a, lake, watched=True))
    shutil.rmtree(lake)
    shutil.rmtree(folder)

    print(f"job: {a.bank} to silver and gold, {a.runs} runs in turn, the same rows in all eight tables")
    line("run.sh -d none", job)
    line("run.sh, nothing to do", idle)
    line("DuckDB, 2 threads", duck)
    ratio(job, duck, "all of run.sh")
    ratio(idle, duck, "nothing to do")


main()
