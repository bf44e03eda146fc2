"""A run of acct-lake, and the recovery of one, killed before each system call that changes something.

Works in a folder with a.acct, b.acct and work.sh of lake.bats. Whatever is killed and whenever, a reader then sees the lake as before or
as after, from the point of commit on as after once the next run has come; and nothing else is left. With ACCT_CRASH=all every call is
taken, else at most MOST of each name and command.
"""
import os
import shutil
import subprocess
import sys

CHANGES = "openat,mkdirat,mkdir,write,linkat,renameat,renameat2,unlink,unlinkat,fsync"
MOST = 1000000 if os.environ.get("ACCT_CRASH") == "all" else 3
ENV = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
RUN = ["acct-lake", "run", "lake", "--", "sh", "work.sh", "b.acct", "b"]
FAIL = ["acct-lake", "run", "lake", "--", "sh", "-c", '. ./work.sh; exit 65', "sh", "b.acct", "b"]
RECOVER = ["acct-lake", "recover", "lake"]
failures = 0


def call(words):
    return subprocess.run(words, env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def traced(words, *options):
    return call(["strace", "-qq", "-o", "trace", *options, *words])


def read(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return ""


def rows(table):
    return [line for line in call(["acct-read", table]).stdout.split(b"\n") if line.startswith(b"A")]


def state():
    manifest = read("lake/gold/manifest").strip()
    return rows("lake/silver/s"), rows("lake/gold/g"), manifest, read("lake/gold/" + manifest) if manifest else ""


def left():
    """Files that a reader does not see: data files of no version, intents, runs, objects that nothing names. A killed store may leave
    a name that begins with a point (store.h)."""
    found = []
    manifest = read("lake/gold/manifest").strip()
    for folder, _, names in os.walk("lake"):
        log = "".join(read(os.path.join(folder, "_delta_log", n)) for n in os.listdir(os.path.join(folder, "_delta_log"))) \
            if os.path.isdir(os.path.join(folder, "_delta_log")) else ""
        for n in names:
            if n.endswith(".parquet") and n not in log or n.startswith(("_intent", "_prepared", "_lock")) or \
                    n in ("part-a", "part-b") and n != manifest or "runs/open" in folder:
                found.append(os.path.join(folder, n))
    return found


def fresh(template):
    shutil.rmtree("lake", ignore_errors=True)
    shutil.copytree(template, "lake")


def calls_of(words, template):
    """(name, number among the calls of that name) of those that change something."""
    fresh(template)
    traced(words, "-e", "trace=" + CHANGES)
    calls, count = [], {}
    with open("trace") as f:
        for line in f:
            name = line.split("(")[0]
            count[name] = count.get(name, 0) + 1
            if name in CHANGES.split(",") and (name != "openat" or "O_CREAT" in line or "O_TMPFILE" in line):
                calls.append((name, count[name]))
    return calls


def fail(what):
    global failures
    failures += 1
    print(what)


def kill_each(title, words, template, outcomes):
    calls = calls_of(words, template)
    of = {}
    for name, n in calls:
        of.setdefault(name, []).append(n)
    total = 0
    for name, numbers in of.items():
        step = max(1, len(numbers) // MOST)
        for n in numbers[::step]:
            fresh(template)
            traced(words, "-e", "inject=%s:signal=KILL:when=%d" % (name, n))
            at = "%s, killed at %s %d" % (title, name, n)
            got = call(["acct-lake", "recover", "--wait", "lake"])
            if got.returncode != 0:
                fail("%s: recover: %s" % (at, got.stderr.decode()))
            elif state() not in outcomes:
                fail("%s: %s" % (at, state()))
            elif left():
                fail("%s: left: %s" % (at, left()))
            elif call(RUN).returncode != 0 or state() != after:
                fail("%s: the next run" % at)
            total += 1
    print("%s: killed at %d calls" % (title, total))


call(["acct-lake", "run", "lake", "--", "sh", "work.sh", "a.acct", "a"])
shutil.copytree("lake", "template")
before = state()
if call(RUN).returncode != 0:
    sys.exit("the run fails")
after = state()
kill_each("a run", RUN, "template", [before, after])
kill_each("a run that fails", FAIL, "template", [before])



def cut_after():
    """A run that was killed after its point of commit."""
    for n in range(1, 50):
        fresh("template")
        traced(RUN, "-e", "inject=linkat:signal=KILL:when=%d" % n)
        if os.path.exists("lake/runs/commits/%020d" % 2) and read("lake/runs/current") == "1\n":
            return
    sys.exit("no run was killed after its point of commit")


def cut_before():
    """One that was killed when all was prepared; its command has ended."""
    fresh("template")
    call(["acct-lake", "run", "lake", "--", "sh", "-c", '. ./work.sh; kill -9 $PPID; sleep 0.1', "sh", "b.acct", "b"])
    call(["flock", "lake/_lock", "true"])


for title, cut, outcome in (("recovery of a run after its point of commit", cut_after, after), ("recovery of a run before it", cut_before, before)):
    cut()
    shutil.rmtree("cut", ignore_errors=True)
    shutil.copytree("lake", "cut")
    kill_each(title, RECOVER, "cut", [outcome])
sys.exit(failures > 0)
