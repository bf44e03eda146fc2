"""Delta tables whose writers are killed, fail, or are many.

    crash.py steps PROGRAM                 killed before each system call that may change something, one run each
    crash.py gap                           a version comes while the log is listed
    crash.py kills N [SEED]                killed at N random instants of writes, merges, optimizes and vacuums
    crash.py errors PROGRAM CALL=ERROR...  each call of this name fails with this error, one run each
    crash.py limits PROGRAM                with little room for files, open files and memory
    crash.py short PROGRAM                 every read and write is a short one, or interrupted
    crash.py writers EACH [PYTHON]         eight processes with EACH commits on one table; two of them are delta-rs where
                                           PYTHON has it

PROGRAM is write, merge, overwrite, optimize or vacuum; or create or create-merge, before which there is no table; or commit, of a
prepared merge, commit-many, of two prepared appends as one version, or abandon. The table must read as before or as after, and the
next run must succeed.
Prints a line for each failure and exits 1 if there was one; a count otherwise. Works in the current folder.
"""
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HEADER = "id:int64*! name:string amount:decimal(9,2)"
ENV = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")	# LeakSanitizer cannot look while another process traces
if "COVERAGE" in os.environ:
    # A program killed, or short of room, while it writes its counts would break those of all others.
    COUNTS = tempfile.TemporaryDirectory()
    ENV["GCOV_PREFIX"] = COUNTS.name
SANITIZED = os.path.basename(os.environ.get("BUILD", "")) == "san"
# Calls after which the folder is another one.
CHANGES = "openat,open,mkdir,mkdirat,write,pwrite64,writev,linkat,link,rename,renameat,renameat2,unlink,unlinkat,ftruncate"
PROGRAMS = {
    "write": ["acct-write", "-i", "more.acct", "tab"],
    "overwrite": ["acct-write", "-m", "overwrite", "-i", "more.acct", "tab"],
    "create": ["acct-write", "-i", "more.acct", "tab"],
    "create-merge": ["acct-merge", "-i", "more.acct", "tab"],
    "merge": ["acct-merge", "--changes", "changes.acct", "-i", "upsert.acct", "tab"],
    "optimize": ["acct-optimize", "tab"],
    "vacuum": ["acct-vacuum", "--delete", "--retain", "0", "--force", "tab"],
    "commit": ["acct-commit", "merge.prepared", "tab"],
    "commit-many": ["acct-commit", "one.prepared", "tab", "two.prepared", "tab"],
    "abandon": ["acct-commit", "--abandon", "merge.prepared", "tab"],
}
# What is prepared before a program runs: its data files are in the table from the start.
PREPARED = {
    "commit": [["acct-merge", "--txn", "a:1", "--prepare", "merge.prepared", "-i", "upsert.acct", "tab"]],
    "commit-many": [["acct-write", "--txn", "a:1", "--prepare", "one.prepared", "-i", "more.acct", "tab"],
                    ["acct-write", "--txn", "b:1", "--prepare", "two.prepared", "-i", "new.acct", "tab"]],
}
PREPARED["abandon"] = PREPARED["commit"]
NOTHING = "nothing"			# what a table that is not there has
failures = 0
creates = False


def fail(what):
    global failures
    failures += 1
    print(what)


def stream(rows):
    """A record stream of rows (id, name, amount), None being null."""
    tsv = "".join("\t".join(r"\N" if f is None else str(f) for f in row) + "\n" for row in rows)
    return subprocess.run(["mkrec", "t", HEADER], input=tsv.encode(), stdout=subprocess.PIPE, check=True).stdout


def save(name, rows):
    with open(name, "wb") as f:
        f.write(stream(rows))


def run(words, **more):
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **{"env": ENV, **more})


def rows(table="tab"):
    """The table's records as lines, sorted: what two tables of the same rows have in common."""
    got = subprocess.run(["acct-read", "-t", "t", table], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if creates and got.returncode == 66:
        return NOTHING
    if got.returncode != 0:
        return got.stderr.decode()
    return sorted(got.stdout.split(b"\n")[1:-2])	# without header and trailer


def versions(table="tab"):
    return sorted(n for n in os.listdir(table + "/_delta_log") if re.fullmatch(r"\d{20}\.json", n))


def set_property(key, value):
    """Of a table with one version, which no longer has a checksum then."""
    name = "tab/_delta_log/%020d.json" % 0
    with open(name) as f:
        text = re.sub(r',"acctChecksum":"[0-9a-f]*"', "", f.read())
    with open(name, "w") as f:
        text = re.sub(',"acctChecksum":"[0-9a-f]*"', "", text)
        f.write(text.replace('"configuration":{', '"configuration":{"%s":"%s",' % (key, value)))


def template(program):
    """A table whose next version comes with a checkpoint, and has a _last_checkpoint already; a file that no version needs."""
    save("more.acct", [(n, "more", None) for n in range(100, 110)])
    save("upsert.acct", [(2, "merged", None), (3, None, "-0.01"), (9, "new", "9.00")])
    save("new.acct", [(n, "new", "3.00") for n in range(200, 203)])
    save("first.acct", [(1, "a", "1.00"), (2, "b", None), (3, None, "-0.01")])
    save("second.acct", [(n, "second", "2.00") for n in range(20, 40)])
    subprocess.run(["acct-write", "-i", "first.acct", "tab"], check=True)
    set_property("delta.checkpointInterval", "1")
    subprocess.run(["acct-write", "-m", "overwrite", "-i", "more.acct", "tab"], check=True)
    subprocess.run(["acct-write", "-m", "overwrite", "-i", "first.acct", "tab"], check=True)
    subprocess.run(["acct-write", "-i", "second.acct", "tab"], check=True)
    for words in PREPARED.get(program, []):
        subprocess.run(words, check=True)
    os.rename("tab", "template")


def fresh():
    for name in os.listdir("."):
        if name == "tab":
            shutil.rmtree(name)
        elif name.startswith("changes.acct"):
            os.unlink(name)
    if not creates:
        shutil.copytree("template", "tab")


def temporary():
    """Names that a writer left half made, in the table and beside it."""
    return [os.path.join(d, n) for d, _, names in os.walk(".") for n in names
            if re.search(r"\.tmp(-\d+)?$", n) and not d.startswith("./template")]


def unnamed():
    """Data files that no version names, and what says that some are to come."""
    if not os.path.isdir("tab"):
        return []
    log = "".join(open("tab/_delta_log/" + v).read() for v in versions())
    return ([n for n in os.listdir("tab") if n.endswith(".parquet") and n not in log] +
            [n for n in os.listdir("tab/_delta_log") if n.startswith("_intent")])


def traced(words, *options):
    """Runs words under strace. The result, and the calls as lines."""
    got = run(["strace", "-qq", "-o", "trace", *options, *words])
    with open("trace") as f:
        return got, f.read().split("\n")[:-1]


def outcome(words):
    """The table before and after the program has run unharmed."""
    fresh()
    before = rows()
    got, _ = traced(words)
    if got.returncode != 0:
        sys.exit("%s: %d: %s" % (" ".join(words), got.returncode, got.stderr.decode()))
    return before, rows()


def calls_of(words, names):
    """What the program calls by these names, as (name, number among the calls of that name), from its table's or input's first name on."""
    fresh()
    _, lines = traced(words, "-e", "trace=readlink," + names)
    calls, count, begun = [], {}, False
    for name, rest in re.findall(r"(?m)^(\w+)(\(.*)", "\n".join(lines)):
        count[name] = count.get(name, 0) + 1
        begun = begun or ".acct" in rest or ".prepared" in rest or '"tab' in rest or '/tab"' in rest
        if begun and name in names.split(","):
            calls.append((name, count[name], rest))
    return calls


def thin(calls, first, each):
    """Of a long row of equal calls the first ones and then each so many; all of them where ACCT_CRASH is all."""
    kept, row = [], 0
    for i, (name, n, _) in enumerate(calls):
        row = row + 1 if i > 0 and calls[i - 1][0] == name else 0
        if row < first or row % each == 0 or os.environ.get("ACCT_CRASH") == "all":
            kept.append((name, n))
    return kept


def changes(call):
    """Opening for reading changes nothing."""
    return call[0] not in ("open", "openat") or "O_CREAT" in call[2] or "O_TMPFILE" in call[2]


def again(what, words, after):
    """The run after the one that went wrong."""
    got = run(words)
    if got.returncode != 0:
        fail("%s: the next run fails: %s" % (what, got.stderr.decode()))
    elif words[0] != "acct-write" and rows() != after:	# a write adds its rows once more
        fail("%s: the next run does not end with the same table" % what)
    elif unnamed():
        fail("%s: the next run leaves files of no version: %s" % (what, unnamed()))


# ---- killed before each call ----

def steps(program):
    words = PROGRAMS[program]
    before, after = outcome(words)
    calls = thin(list(filter(changes, calls_of(words, CHANGES))), 2, 20)
    seen = {"before": 0, "after": 0}
    for call, n in calls:
        what = "%s killed at %s %d" % (program, call, n)
        fresh()
        got, _ = traced(words, "-e", "trace=" + call, "-e", "inject=%s:signal=KILL:when=%d" % (call, n))
        if got.returncode != -signal.SIGKILL and got.returncode != 128 + signal.SIGKILL:
            fail("%s: status %d: it was not" % (what, got.returncode))
        now = rows()
        if now != before and now != after:
            fail("%s: the table is neither as before nor as after: %s" % (what, now))
        seen["after" if now == after else "before"] += 1
        again(what, words, after)
    print("%s: killed at %d calls: %d as before, %d as after" % (program, len(calls), seen["before"], seen["after"]))


# ---- each failing call ----

def judge(what, words, got, before, after, seen):
    """A run that something was denied to: it says so and leaves the table as it was, or does its work; the next one does."""
    text, now = got.stderr.decode(), rows()
    stands = " is committed" in text or "changes.acct" in text	# the change stream comes after the version
    if got.returncode < 0 or got.returncode >= 128 or "Sanitizer" in text:
        fail("%s: status %d: %s" % (what, got.returncode, text))
    elif now != before and now != after:
        fail("%s: the table is neither as before nor as after: %s" % (what, now))
    elif got.returncode == 0 and now != after:
        fail("%s: status 0, but nothing was done" % what)
    elif got.returncode != 0 and not text.startswith(words[0] + ": "):
        fail("%s: status %d without a message: %s" % (what, got.returncode, text))
    elif got.returncode != 0 and before != after and now == after and not stands:
        fail("%s: status %d, but the version stands: %s" % (what, got.returncode, text))
    key = "went on" if got.returncode == 0 else "failed" if now == before else "stood"
    seen[key] = seen.get(key, 0) + 1
    if temporary():
        fail("%s: left over: %s" % (what, temporary()))
    again(what, words, after)


def tell(what, seen):
    print("%s: %s" % (what, ", ".join("%d %s" % (seen[k], k) for k in sorted(seen))))


def errors(program, *pairs):
    words = PROGRAMS[program]
    before, after = outcome(words)
    for pair in pairs:
        call, error = pair.split("=")
        seen = {}
        for _, n in thin(calls_of(words, call), 10, 7):
            fresh()
            got, _ = traced(words, "-e", "trace=" + call, "-e", "inject=%s:error=%s:when=%d" % (call, error, n))
            judge("%s: %s %d fails with %s" % (program, call, n, error), words, got, before, after, seen)
        tell("%s, %s failing with %s" % (program, call, error), seen)


def limits(program):
    """Little room for files (a write that is cut short, then EFBIG), for open files, and for memory."""
    words = PROGRAMS[program]
    before, after = outcome(words)
    for name, what, values in ((resource.RLIMIT_FSIZE, "file size", range(0, 8000, 797)), (resource.RLIMIT_NOFILE, "open files", range(3, 12)),
                               (resource.RLIMIT_AS, "memory", [2 ** 20 * m for m in (8, 12, 16, 20, 24, 28, 32, 48, 64, 128)])):
        if name == resource.RLIMIT_AS and SANITIZED:
            continue			# its shadow alone is more
        seen = {}
        for value in values:
            def limit():
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(name, (value, value))
            fresh()
            got = run(words, preexec_fn=limit, restore_signals=False)
            if got.returncode == 127:	# not even the libraries could be loaded
                continue
            judge("%s: %s at most %d" % (program, what, value), words, got, before, after, seen)
        tell("%s, %s limited" % (program, what), seen)


SHORT = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>
static unsigned turn;
#define SOME(n) ((n) > 1 ? 1 + (turn * 7919u) % ((n) - 1) : (n))
#define CALL(number, fd, p, n, more) (++turn % 5 == 0 ? (errno = EINTR, -1) : syscall(number, fd, p, SOME(n) more))
#define COMMA ,
ssize_t write(int fd, const void *p, size_t n) { return CALL(SYS_write, fd, p, n,); }
ssize_t read(int fd, void *p, size_t n) { return CALL(SYS_read, fd, p, n,); }
ssize_t pread(int fd, void *p, size_t n, off_t at) { return CALL(SYS_pread64, fd, p, n, COMMA at); }
ssize_t pread64(int fd, void *p, size_t n, off_t at) { return CALL(SYS_pread64, fd, p, n, COMMA at); }
"""


def short(program):
    """Each read and write does a part of what is asked for, and every fifth is interrupted: that is no failure."""
    with open("short.c", "w") as f:
        f.write(SHORT)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "short.so", "short.c"], check=True)
    words, seen = PROGRAMS[program], {}
    before, after = outcome(words)
    fresh()
    got = run(words, env=dict(ENV, LD_PRELOAD=os.path.abspath("short.so")))
    judge("%s: short reads and writes" % program, words, got, before, after, seen)
    if got.returncode != 0 or got.stderr:
        fail("%s: short reads and writes are taken for failures: %s" % (program, got.stderr.decode()))
    tell("%s, short reads and writes" % program, seen)


HIDING = r"""
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <string.h>
static int hidden;
struct dirent *readdir(DIR *d)
{
	struct dirent *(*next)(DIR *) = (struct dirent *(*)(DIR *))dlsym(RTLD_NEXT, "readdir"), *e = next(d);
	return e != NULL && strcmp(e->d_name, "00000000000000000002.json") == 0 && hidden++ == 0 ? next(d) : e;
}
"""


def gap():
    """A listing of the log lacks a version that came while it was made: that is not taken for a gap. A real gap is."""
    with open("hiding.c", "w") as f:
        f.write(HIDING)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "hiding.so", "hiding.c", "-ldl"], check=True)
    for n in range(4):
        save("more.acct", [(n, None, None)])
        subprocess.run(["acct-write", "-i", "more.acct", "tab"], check=True)
    got = run(["acct-read", "tab"], env=dict(ENV, LD_PRELOAD=os.path.abspath("hiding.so")))
    if got.returncode != 0:
        fail("a version that comes while the log is listed: %s" % got.stderr.decode())
    os.unlink("tab/_delta_log/%020d.json" % 2)
    if run(["acct-read", "tab"]).stderr != b"acct-read: tab: versions are not contiguous: 2 is missing\n":
        fail("a missing version is not reported")


# ---- killed at random instants ----

class Model:
    def __init__(self, rng):
        self.rng, self.rows, self.next = rng, {}, 0

    def turn(self, program):
        """Makes the program's input. The rows after it."""
        rng, after = self.rng, dict(self.rows)
        if program in ("write", "overwrite"):
            new = {self.next + i: (self.next + i, rng.choice([None, "w"]), "1.00") for i in range(rng.randrange(1, 2000))}
            self.next += len(new)
            save("more.acct", new.values())
            return {**after, **new} if program == "write" else new
        if program == "merge":
            known = rng.sample(sorted(after), min(len(after), rng.randrange(1, 300)))
            keys = known + [self.next + i for i in range(rng.randrange(200))]
            self.next += 200
            new = {k: (k, "m%d" % rng.randrange(9), None) for k in keys}
            save("upsert.acct", new.values())
            return {**after, **new}
        return after


def text_of(model):
    return sorted(stream(model.values()).split(b"\n")[1:-2])


def kills(n, seed):
    rng = random.Random(seed)
    model = Model(rng)
    programs = [p for p in ("write", "merge", "merge", "overwrite", "optimize", "vacuum") if shutil.which(PROGRAMS[p][0])]
    spans, seen = {}, {}
    save("more.acct", [])
    subprocess.run(["acct-write", "-i", "more.acct", "tab"], check=True)
    set_property("delta.checkpointInterval", "3")
    turn = -8 * len(programs) - 1			# the first turns only measure how long each program takes
    while sum(seen[k] for k in seen if k != "ended") < n:
        turn += 1
        program = programs[turn % len(programs)] if turn < 0 else rng.choice(programs)
        if program == "overwrite" and turn >= 0 and rng.random() < 0.7:
            program = "write"
        words = PROGRAMS[program]
        what = "turn %d of seed %d: %s" % (turn, seed, program)
        after = model.turn(program)
        was, will, old = text_of(model.rows), text_of(after), len(versions())
        start = time.monotonic()
        p = subprocess.Popen(words, env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if turn >= 0:
            time.sleep(rng.random() * spans[program])
            p.kill()
        text = p.stderr.read().decode()
        p.wait()
        if turn < 0:
            spans[program] = time.monotonic() - start
        if p.returncode not in (0, -signal.SIGKILL):
            fail("%s: status %d: %s" % (what, p.returncode, text))
        now = rows()
        stands = len(versions()) > old or p.returncode == 0
        if now != (will if stands else was):
            fail("%s: %d versions before, %d now, and the table is not as %s" % (what, old, len(versions()), "after" if stands else "before"))
            break
        if turn >= 0:
            key = "ended" if p.returncode == 0 else "killed, as after" if stands else "killed, as before"
            seen[key] = seen.get(key, 0) + 1
        if program != "write" or not stands:
            start = time.monotonic()
            got = run(words)
            if not stands:
                spans[program] = time.monotonic() - start
            if got.returncode != 0:
                fail("%s: the next run fails: %s" % (what, got.stderr.decode()))
        model.rows = after
        if run(["acct-commit", "--recover", "tab"]).returncode != 0 or unnamed():
            fail("%s: files of no version: %s" % (what, unnamed()))
            break
        if rows() != will:
            fail("%s: the next run does not lead to the table" % what)
            break
    print("of %d runs %s" % (turn + 1, ", ".join("%d %s" % (seen[k], k) for k in sorted(seen))))


# ---- many writers ----

PEER = r"""
import sys, time, random, pyarrow as pa, decimal
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake import PostCommitHookProperties
worker, each, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
schema = pa.schema([pa.field("id", pa.int64(), False), ("name", pa.string()), ("amount", pa.decimal128(9, 2))])
rng, lost = random.Random(worker), 0
for i in range(each):
    new = ((worker + 1) * 1000000 + i, "peer", decimal.Decimal("1.00"))
    data = [new] if kind == "append" else [new, (worker, "turn %d" % i, None)]
    table = pa.Table.from_arrays([pa.array(c, f.type) for c, f in zip(zip(*data), schema)], schema=schema)
    while True:
        try:
            if kind == "append":
                write_deltalake("tab", table, mode="append")
            else:
                (DeltaTable("tab").merge(table, "t.id = s.id", source_alias="s", target_alias="t")
                    .when_matched_update_all().when_not_matched_insert_all().execute())
            break
        except (CommitFailedError, DeltaError) as e:
            lost += 1
            if lost > 5000:
                sys.exit("delta-rs: %s" % e)
            time.sleep(rng.random() * 0.05)
print(lost, file=sys.stderr)
"""


def write_many(worker, each, kind):
    """A child process: its commits, one after another."""
    for i in range(each):
        new = ((worker + 1) * 1000000 + i, "ours", "1.00")
        data = stream([new] if kind == "append" else [new, (worker, "turn %d" % i, None)])
        words = ["acct-write", "tab"] if kind == "append" else ["acct-merge", "tab"]
        got = subprocess.run(words, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if got.returncode != 0:
            print("%s of worker %d fails: %d: %s" % (kind, worker, got.returncode, got.stderr.decode()))
            os._exit(1)
    os._exit(0)


def writers(each, python):
    kinds = ["append", "merge"] * 4			# worker n's rows are (n + 1) * 1000000 + i; a merge also changes row n
    peers = 2 if python else 0
    save("more.acct", [(w, "start", None) for w in range(8) if kinds[w] == "merge"])
    subprocess.run(["acct-write", "-i", "more.acct", "tab"], check=True)
    children = []
    for w in range(8):
        if w < peers:
            p = subprocess.Popen([python, "-c", PEER, str(w), str(each), kinds[w]], stderr=subprocess.PIPE)
            children.append((p, w))
            continue
        pid = os.fork()
        if pid == 0:
            write_many(w, each, kinds[w])
        children.append((pid, w))
    for child, w in children:
        if isinstance(child, int):
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        else:
            text = child.communicate()[1].decode()
            status = child.returncode
            if status != 0:
                print(text)
        if status != 0:
            fail("worker %d: status %d" % (w, status))
    want = [((w + 1) * 1000000 + i, "peer" if w < peers else "ours", "1.00") for w in range(8) for i in range(each)]
    want += [(w, "turn %d" % (each - 1), None) for w in range(8) if kinds[w] == "merge"]
    want = sorted(stream(want).split(b"\n")[1:-2])
    got = rows()
    if got != want:
        missing, more = [sorted(set(a) - set(b)) for a, b in ((want, got), (got, want))]
        fail("the rows are not those of all commits: %d missing %s, %d too many %s" % (len(missing), missing[:3], len(more), more[:3]))
        if isinstance(got, list) and len(got) != len(set(got)):
            fail("%d rows twice" % (len(got) - len(set(got))))
    have = versions()
    if have != ["%020d.json" % v for v in range(8 * each + 1)]:
        fail("not each of %d commits is one version: %d versions, the last %s" % (8 * each + 1, len(have), have[-1]))
    print("%d commits by 8 writers, %d of them delta-rs" % (8 * each, peers))


def main():
    global creates
    what, words = sys.argv[1], sys.argv[2:]
    if what in ("steps", "errors", "limits", "short"):
        for old in ("template", "tab"):
            shutil.rmtree(old, ignore_errors=True)
        template(words[0])
        creates = words[0].startswith("create")
        {"steps": steps, "errors": errors, "limits": limits, "short": short}[what](*words)
    elif what == "gap":
        gap()
    elif what == "kills":
        kills(int(words[0]), int(words[1]) if len(words) > 1 else random.randrange(1000000))
    else:
        writers(int(words[0]), words[1] if len(words) > 1 else None)
    sys.exit(1 if failures else 0)


main()
