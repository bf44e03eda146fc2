#!/usr/bin/env python3
"""Random histories of a file that grows: after each day the table, the rejects and the statistics that grown.sh and
acct-merge give are those of cleaning the whole file, and the rows those of a model.

python3 days.py PROGRAMS SCRIPTS HISTORIES SEED"""
import json, os, random, subprocess, sys, tempfile

SCHEMA = """name: t
%scolumns:
  - name: id
    type: int64
    key: yes
  - name: part
    type: string
%s  - name: amount
    type: decimal(9,2)
    required: yes
    minimum: 0
"""


def run(folder, *words, status=0):
    done = subprocess.run(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode not in (status if isinstance(status, tuple) else (status,)):
        raise SystemExit("%s: status %d: %s" % (" ".join(words), done.returncode, done.stderr.decode()))
    return done


def text(folder, *words):
    return run(folder, *words).stdout.decode()


# ---- the model: files without quotes ----

def is_number(field, point):
    body = field[1:] if field[:1] in "+-" else field
    whole, dot, decimals = body.partition(".")
    return (whole + decimals).isdigit() and (not dot or point and len(decimals.rstrip("0")) <= 2) and field.isascii()


def model(data, keys):
    """The clean rows of a file."""
    seen, rows = set(), []
    lines = data.decode().split("\n")[1:]
    for i, line in enumerate(lines):
        if i < len(lines) - 1:                  # where no LF follows, a CR is text
            line = line.rstrip("\r")
        fields = [f.strip(" \t") for f in line.split(",")]
        if len(fields) != 3 or not is_number(fields[0], False) or not is_number(fields[2], True):
            continue
        amount = int(round(float(fields[2]) * 100))
        if amount < 0 or (keys == 2 and fields[1] == ""):
            continue
        row = (int(fields[0]), fields[1], "%d.%02d" % divmod(amount, 100))
        if row[:keys] not in seen:
            seen.add(row[:keys])
            rows.append(row)
    return sorted(rows)


# ---- histories ----

class History:
    def __init__(self, r, folder, scripts):
        self.r, self.folder, self.scripts = r, folder, scripts
        self.keys = r.choice([1, 1, 2])
        self.quotes = r.random() < 0.3
        self.end = r.choice(["\n", "\r\n"])
        self.data = b"id,part,amount" + self.end.encode()
        self.next = 0
        self.pieces, self.resumed = [], 0
        with open(os.path.join(folder, "t.yaml"), "w") as f:
            multiline = r.choice(["", "multiline: no\n", "multiline: yes\n"]) if self.quotes else ""
            f.write(SCHEMA % (multiline, "    key: yes\n    required: yes\n" if self.keys == 2 else ""))

    def line(self):
        r = self.r
        self.next += 1
        number = self.next if r.random() < 0.8 else r.randrange(1, self.next + 1)
        part = r.choice(["a", "b", "", "x y"])
        if self.quotes:
            part = r.choice([part, '"q"', '"q', 'q"q', '"q\nr"', '"a""b"'])
        amount = r.choice(["1.00", "2.5", "3", "%d.25" % r.randrange(100), "", "x", "-1.00", "1.005"] if r.random() < 0.4 else ["7.00"])
        return r.choice(["%d,%s,%s"] * 12 + ["%d,%s", "%d,%s,%s,", ""]).replace("%d", str(number), 1).replace("%s", part, 1).replace("%s", amount, 1)

    def grow(self):
        text = "".join(self.line() + self.end for _ in range(self.r.randrange(1, 12))).encode()
        if self.r.random() < 0.5:
            text = text[:self.r.randrange(1, len(text) + 1)]
        with open(os.path.join(self.folder, "piece%d.csv" % len(self.pieces)), "wb") as f:
            f.write(text if self.pieces else self.data + text)
        self.pieces.append("piece%d.csv" % len(self.pieces))
        self.data += text

    def whole(self, to):
        """Cleans the whole file into the folder `to`."""
        os.makedirs(os.path.join(self.folder, to), exist_ok=True)
        run(self.folder, "acct-ingest", "-s", "t.yaml", "--pieces", "--stats", to + "/ingest.json", "-o", to + "/raw", *self.pieces)
        run(self.folder, "acct-clean", "-s", "t.yaml", "--stats", to + "/clean.json", "-r", to + "/rejects.acct", "-o", to + "/rows", to + "/raw")

    def day(self, made, out):
        """Brings the table to the file as it is now; what is left for the next day is in `out`."""
        olds = len(self.pieces)
        for _ in range(self.r.choice([1, 1, 2])):
            self.grow()
        if olds > 0:
            done = run(self.folder, "sh", self.scripts + "/grown.sh", "t.yaml", "id,part" if self.keys == 2 else "id", made, out, "table",
                       str(olds), *self.pieces, status=(0, 69))
            if done.returncode == 0:
                self.resumed += 1
                run(self.folder, "acct-merge", "-i", out + "/merge.acct", "--delete-flag", "_gone=true", "table")
                return
        self.whole(out)
        run(self.folder, "acct-write", "-m", "overwrite", "-i", out + "/rows", "table")

    def check(self, out):
        self.whole("whole")
        got = sorted(text(self.folder, "acct-read", "-o", "got", "table") or text(self.folder, "acct-cat", "-f", "tsv", "got").split("\n"))
        want = sorted(text(self.folder, "acct-cat", "-f", "tsv", "whole/rows").split("\n"))
        assert got == want, "rows %s, not %s" % (got, want)
        rejects = [sorted(text(self.folder, "acct-cat", "-f", "tsv", f + "/rejects.acct").split("\n")) for f in (out, "whole")]
        assert rejects[0] == rejects[1], "rejects %s, not %s" % tuple(rejects)
        for name in ("ingest.json", "clean.json"):
            stats = [json.load(open(os.path.join(self.folder, f, name))) for f in (out, "whole")]
            assert stats[0] == stats[1], "%s %s, not %s" % (name, *stats)
        if not self.quotes:
            rows = sorted((int(i), p.replace("\\N", ""), a) for i, p, a in (line.split("\t") for line in want if line[:1].isdigit()))
            assert rows == model(self.data, self.keys), "rows %s, not %s" % (rows, model(self.data, self.keys))


def main():
    os.environ["PATH"] = os.path.abspath(sys.argv[1]) + ":" + os.environ["PATH"]
    scripts, histories, seed = os.path.abspath(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    r = random.Random(seed)
    resumed = days = 0
    for n in range(histories):
        with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:   # files are synced
            h = History(r, folder, scripts)
            for day in range(5):
                made, out = "made%d" % (day - 1), "made%d" % day
                try:
                    h.day(made, out)
                    h.check(out)
                except AssertionError as e:
                    raise SystemExit("ACCT_SEED=%d history %d day %d: %s\n%s" % (seed, n, day, e, h.data))
                days += day > 0
            resumed += h.resumed
    assert resumed > days / 2, "only %d of %d days went on" % (resumed, days)
    print("%d histories, %d of %d days went on" % (histories, resumed, days))


main()
