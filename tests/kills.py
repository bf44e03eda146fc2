"""Whole runs that are killed: kills.py RUN.SH BANK BANK KILLS SEED

KILLS counts the runs that were hit; one that had ended is repeated. Runs alternate between the two banks on one lake. Each is killed at a
random instant, by SIGKILL of all its processes or by SIGTERM of its script. After the next run gold, in the lake and in gold.db, is what a
run that nobody disturbed makes, acct-check finds no damage, and no file lies in the lake that no version names.
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from urllib.parse import unquote

SCRIPT, BANKS, KILLS, SEED = sys.argv[1], sys.argv[2:4], int(sys.argv[4]), int(sys.argv[5])
SILVER = ["customers", "accounts", "loans", "loan_payments", "transactions"]
GOLD = {"customer_balance": "customer_id,account_count,total_balance",	# columns that are written alike in any CSV
        "customer_loans": "customer_id,loan_count,total_loan_amount,total_paid,outstanding",
        "account_transactions": "account_id,transaction_count,total_deposits,total_withdrawals,net_amount,last_transaction_date"}
TABLES = ["bronze/_ledger"] + ["silver/" + t for t in SILVER] + ["silver/_rejects/" + t for t in SILVER] + ["gold/" + t for t in GOLD]
FRESH = 15			# turns after which the lake begins anew: its versions add up
rng = random.Random(SEED)


def fail(text):
    sys.exit("turn %s: %s" % (turn, text))


def output(*words):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout


def gold(lake):
    """The rows of each gold table, as lines of CSV."""
    return {t: output("sh", "-c", 'acct-read -c "$1" "$0" | acct-cat -f csv', "%s/gold/%s" % (lake, t), GOLD[t]).split(b"\n")[1:-1] for t in GOLD}


def run(bank, lake):
    got = subprocess.run(["sh", SCRIPT, "--wait", bank, lake], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if got.returncode != 0:
        fail("the next run ends with %d: %s" % (got.returncode, got.stderr.decode()))


def named(table):
    """The files of the table that some version names."""
    names = set()
    for entry in os.listdir(table + "/_delta_log"):
        if entry.endswith(".json") and entry[0].isdigit():
            with open("%s/_delta_log/%s" % (table, entry)) as f:
                names |= {unquote(a["add"]["path"]) for a in map(json.loads, f) if "add" in a}
    return names


def strays(lake):
    """Files that nothing names, and folders of runs at work."""
    found = []
    for table in TABLES:
        folder = lake + "/" + table
        if not os.path.isdir(folder):
            continue
        found += [table + "/" + f for f in set(os.listdir(folder)) - named(folder) - {"_delta_log"}]
        found += [table + "/_delta_log/" + f for f in os.listdir(folder + "/_delta_log")
                  if f != "_last_checkpoint" and not (f[0].isdigit() and os.path.exists("%s/_delta_log/%s.json" % (folder, f[:20])))]
    for t in GOLD:
        folder = lake + "/gold/_export/" + t
        if os.path.isdir(folder):
            with open(folder + "/manifest.json") as f:
                found += ["export " + f for f in set(os.listdir(folder)) - {f["name"] for f in json.load(f)["files"]} - {"manifest.json"}]
    if os.path.exists(lake + "/runs/open"):
        found.append("runs/open")
    taken = set(output("sh", "-c", 'acct-read -c piece "$0/bronze/_ledger" | acct-cat -f tsv', lake).decode().split("\n")[1:-1])
    for folder, _, files in os.walk(lake + "/bronze"):
        if not os.path.relpath(folder, lake).startswith("bronze/_ledger"):
            found += ["bronze " + f for f in files if os.path.relpath(os.path.join(folder, f), lake + "/bronze") not in taken]
    rejects = {open("%s/runs/made/%s/rejects" % (lake, t)).read().rstrip("\n") for t in SILVER}
    found += ["rejects " + f for f in set(os.listdir(lake + "/runs/rejects")) - rejects]
    return sorted(found)


def check(lake, bank):
    left = strays(lake)
    if left:
        fail("files that nothing names: %s" % ", ".join(left))
    got = subprocess.run(["acct-check", lake], stderr=subprocess.PIPE)
    if got.returncode != 0:
        fail("acct-check: %d: %s" % (got.returncode, got.stderr.decode()))
    now = gold(lake)
    if now != want[bank]:
        fail("gold is not that of %s: %s" % (bank, [t for t in GOLD if now[t] != want[bank][t]]))
    for t in GOLD:
        rows = output("sqlite3", "-batch", "-csv", "-init", "/dev/null", lake + "/gold/gold.db", "SELECT %s FROM %s" % (GOLD[t], t))
        lost = set(now[t]) - set(rows.replace(b"\r\n", b"\n").split(b"\n"))
        if lost:
            fail("%s: %d rows of gold are not in gold.db, such as %s" % (t, len(lost), sorted(lost)[0].decode()))


turn, want, seen = "-", {}, {}
for b in BANKS:
    run(b, "lake-" + os.path.basename(b))
    want[b] = gold("lake-" + os.path.basename(b))
check("lake-" + os.path.basename(BANKS[0]), BANKS[0])
start = "lake-" + os.path.basename(BANKS[0])
shutil.copytree(start, "lake", symlinks=True)
begun = time.monotonic()
run(BANKS[1], "lake")
span = time.monotonic() - begun
shutil.rmtree("lake")
turn = killed = 0
while killed < KILLS:
    if turn == 5 * KILLS + 20:
        sys.exit("%d of %d kills came too late: a larger bank is needed" % (turn - killed, turn))
    if turn % FRESH == 0:
        shutil.rmtree("lake", ignore_errors=True)
        shutil.copytree(start, "lake", symlinks=True)
    bank = BANKS[(turn % FRESH + 1) % 2]
    sig = rng.choice([signal.SIGKILL, signal.SIGTERM])
    p = subprocess.Popen(["sh", SCRIPT, bank, "lake"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    time.sleep(rng.random() * span)
    at_work = os.path.isdir("lake/runs/open")
    try:
        if sig == signal.SIGKILL:
            os.killpg(p.pid, sig)
        else:
            p.send_signal(sig)
    except ProcessLookupError:
        pass
    said = p.communicate()[1].decode()
    pending = b"\npending\t" in output("acct-lake", "status", "lake")
    if p.returncode not in (0, -sig, 128 + sig):
        fail("%s: status %d: %s" % (sig.name, p.returncode, said))
    if sig == signal.SIGTERM and p.returncode != 0 and not pending:
        left = strays("lake")
        if left:
            fail("after SIGTERM there are files that nothing names: %s" % ", ".join(left))
    key = "%s %s" % (sig.name, "too late" if p.returncode == 0 else "while it took effect" if pending else "at work" if at_work else "before or after")
    seen[key] = seen.get(key, 0) + 1
    begun = time.monotonic()
    run(bank, "lake")
    if p.returncode != 0 and not pending:
        span = time.monotonic() - begun		# a whole run of work, as long as it takes now
    check("lake", bank)
    turn += 1
    killed += p.returncode != 0
print("%d runs of some %.1f s, %d of them killed: %s" % (turn, span, killed, ", ".join("%d %s" % (seen[k], k) for k in sorted(seen))))
if KILLS >= 20 and not any("at work" in k for k in seen):
    sys.exit("none of %d was hit at work: a larger bank is needed" % killed)
