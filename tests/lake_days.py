#!/usr/bin/env python3
"""Random days of a back end of two tables: files that grow, change, repeat, come back, get other names, several days at
once; some runs are killed and repeated. After each day silver, rejects and pieces of the lake are those of a new lake
that is made of the newest files alone, and the ledger has each delivery once.

python3 lake_days.py PROGRAMS SCRIPTS HISTORIES KILLS SEED"""
import hashlib, json, os, random, signal, subprocess, sys, tempfile, time

SCHEMAS = {"t": "name: t\nfile: t.csv\nexpect:\n  rejected: 100%\n  rows: 0\ncolumns:\n  - name: id\n    type: int64\n    key: yes\n"
                "  - name: amount\n    type: decimal(9,2)\n    required: yes\n",
           "u": "name: u\nfile: u.csv\nexpect:\n  rejected: 100%\n  rows: 0\ncolumns:\n  - name: code\n    type: string\n    key: yes\n"
                "  - name: day\n    type: date\n    key: yes\n  - name: note\n    type: string\n"}
HEADS = {"t": "id,amount\n", "u": "code,day,note\n"}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def run(folder, *words, status=(0,)):
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode not in status:
        raise SystemExit("%s: status %d: %s" % (" ".join(words), done.returncode, done.stderr.decode()))
    return done


def rows(folder, table, *options):
    run(folder, "acct-read", *options, "-o", "rows.acct", table)
    return sorted(run(folder, "acct-cat", "-f", "tsv", "rows.acct").stdout.decode().split("\n"))


class Bank:
    def __init__(self, r, folder, scripts):
        self.r, self.folder, self.scripts = r, folder, scripts
        self.day, self.dated, self.killed, self.grown = 0, r.random() < 0.4, 0, 0
        self.now = {t: HEADS[t].encode() for t in SCHEMAS}
        self.seen = {t: [] for t in SCHEMAS}        # contents, in order of arrival
        self.newest = {}
        os.makedirs(os.path.join(folder, "job", "sources"))
        os.makedirs(os.path.join(folder, "back"))
        for t, text in SCHEMAS.items():
            with open(os.path.join(folder, "job", "sources", t + ".yaml"), "w") as f:
                f.write(text)

    def line(self, t):
        r = self.r
        if t == "t":
            return "%d,%s\n" % (r.randrange(60), r.choice(["1.00", "2", "7.25", "x", ""]))
        return "%s,2024-01-%02d,%s\n" % (r.choice("abcdef"), r.randrange(1, 40), r.choice(["", "n", "m m"]))

    def change(self, t):
        """What the table's file is on the next day."""
        r, data = self.r, self.now[t]
        kind = r.choice(["grow"] * 6 + ["same", "change", "shrink", "old"])
        if kind == "grow" or not self.seen[t]:
            text = "".join(self.line(t) for _ in range(r.randrange(1, 9))).encode()
            data += text[:-1] if r.random() < 0.4 else text
        elif kind == "change":
            lines = data.split(b"\n")
            lines[r.randrange(1, len(lines))] = self.line(t).strip().encode()
            data = b"\n".join(lines)
        elif kind == "shrink":
            data = data[:r.randrange(len(HEADS[t]), len(data) + 1)]
        elif kind == "old":
            data = r.choice(self.seen[t])
        self.now[t] = data

    def deliver(self):
        """Puts a day's files into the back end."""
        self.day += 1
        for t in SCHEMAS:
            self.change(t)
            name = t + ".csv"
            if self.dated:
                name = self.r.choice(["%s-2024-01-%02d.csv" % (t, self.day), "2024-01-%02d/%s.csv" % (self.day, t)])
            path = os.path.join(self.folder, "back", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(self.now[t])
            back = not self.dated and self.newest.get(t) != self.now[t]     # under the name of the newest
            if back or self.now[t] not in self.seen[t]:
                self.newest[t] = self.now[t]
                self.seen[t].append(self.now[t])

    def kill(self, command):
        """Starts the run and kills all of it at some instant."""
        p = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(self.r.random() * 0.6)
        self.killed += p.poll() is None
        try:
            os.killpg(p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        p.wait()

    def take(self, kills):
        command = ["sh", self.scripts + "/run.sh", "--wait", "-j", "job", "-d", "none", "back", "lake"]
        if kills and self.r.random() < 0.5:
            self.kill(command)
        plan = run(self.folder, *command[:3], "--dry-run", *command[3:]).stdout.decode()
        self.grown += plan.count("\tgrown: ")
        run(self.folder, *command)

    def check(self):
        lake, new = os.path.join(self.folder, "lake"), "new%d" % self.day
        os.makedirs(os.path.join(self.folder, new + ".back"))
        for t, data in self.newest.items():
            with open(os.path.join(self.folder, new + ".back", t + ".csv"), "wb") as f:
                f.write(data)
        run(self.folder, "sh", self.scripts + "/run.sh", "-j", "job", "-d", "none", new + ".back", new)
        ledger = [line.split("\t") for line in rows(self.folder, "lake/bronze/_ledger", "-c", "table,sha256,bytes") if "\t" in line and not line.startswith("table\t")]
        for t in SCHEMAS:
            a, b = rows(self.folder, "lake/silver/" + t), rows(self.folder, new + "/silver/" + t)
            assert a == b, "%s: %s, not %s" % (t, a, b)
            made = [os.path.join(l, "runs", "made", t) for l in (lake, os.path.join(self.folder, new))]
            rejects = [sorted(run(m, "acct-cat", "-f", "tsv", "../../rejects/" + open(os.path.join(m, "rejects")).read().strip()).stdout.split(b"\n")) for m in made]
            assert rejects[0] == rejects[1], "rejects of %s: %s, not %s" % (t, *rejects)
            for name in ("ingest.json", "clean.json"):
                stats = [json.load(open(os.path.join(m, name))) for m in made]
                for s in stats:
                    for f in s.get("files", []):
                        f.pop("name")
                    s.pop("limits", None)
                    s.pop("had_rows", None)
                assert stats[0] == stats[1], "%s of %s: %s, not %s" % (name, t, *stats)
            paths = [line.split("\t")[3] for line in open(os.path.join(made[0], "pieces")).read().splitlines()]
            data = b"".join(open(os.path.join(lake, "bronze", p), "rb").read() for p in paths)
            assert data == self.newest[t], "pieces of %s" % t
            sums = [line[1] for line in ledger if line[0] == t]
            assert len(sums) == len(self.seen[t]) and set(map(sha256, self.seen[t])) == set(sums), "%s: %d deliveries, not %d" % (t, len(sums), len(self.seen[t]))
        run(self.folder, "acct-check", "lake")
        assert not os.listdir(os.path.join(lake, "runs", "open")) if os.path.exists(os.path.join(lake, "runs", "open")) else True


def main():
    os.environ["PATH"] = os.path.abspath(sys.argv[1]) + ":" + os.environ["PATH"]
    scripts, histories, kills, seed = os.path.abspath(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "kills", int(sys.argv[5])
    r = random.Random(seed)
    grown = killed = days = 0
    for n in range(histories):
        with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
            b = Bank(r, folder, scripts)
            while b.day < 5:
                for _ in range(r.choice([1, 1, 1, 2]) if b.dated else 1):
                    b.deliver()
                try:
                    b.take(kills)
                    b.check()
                except AssertionError as e:
                    raise SystemExit("ACCT_SEED=%d history %d day %d: %s" % (seed, n, b.day, e))
            grown, killed, days = grown + b.grown, killed + b.killed, days + b.day
    print("%d histories, %d days, %d grown files, %d kills" % (histories, days, grown, killed))


main()
