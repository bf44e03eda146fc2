#!/usr/bin/env python3
"""reconcile.py make FOLDER SEED: a job with random rows and no checks, in FOLDER.
reconcile.py checks FOLDER SEED N: writes N random checks about it, and what must come out, to FOLDER/want, worked out with decimal alone.
reconcile.py days FOLDER SEED N COMMAND...: N random days of a job of its own in FOLDER, whose files grow, change, are compressed, or do not come; after each
COMMAND makes FOLDER/lake of FOLDER/drop, and what acct-reconcile measures must be what is counted here."""

import gzip
import json
import os
import random
import subprocess
import sys
from decimal import Decimal, getcontext

getcontext().prec = 400

SIGNS = {"=": lambda a, b: a == b, "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b}
WHERE = [
    (None, lambda row: True),
    ("k = 'a'", lambda row: row["k"] == "a"),
    ("k is null", lambda row: row["k"] is None),
    ("a > 0 and (i < 10 or k in ('b', 'c)'))", lambda row: row["a"] is not None and row["a"] > 0 and (row["i"] < 10 or row["k"] in ("b", "c)"))),
    ("1 = 2", lambda row: False),
]
SCALES = {"a": 2, "b": 10, "i": 0}


def rows(seed):
    rnd = random.Random(seed)
    other = sorted(rnd.sample(range(-1000, 1000), 300))
    made = []
    for i in range(2000):
        wide = rnd.choice((rnd.getrandbits(90), rnd.getrandbits(20), 9999999999999999999999999999 * 10 ** 10))
        made.append({
            "id": i, "u": rnd.choice((None, rnd.randrange(-1100, 1100))), "k": rnd.choice((None, "a", "b", "c)", "d'e")),
            "a": rnd.choice((None, Decimal(rnd.randrange(-10 ** 8, 10 ** 8)).scaleb(-2))),
            "b": rnd.choice((None, Decimal(rnd.choice((-1, 1)) * wide).scaleb(-10))),
            "i": rnd.randrange(-50, 50), "key": "%08x" % (rnd.getrandbits(16) << 16 | i),
        })
    return other, made


def shown(value):
    return "" if value is None else format(value, "f") if isinstance(value, Decimal) else str(value)


def make(folder, seed):
    other, made = rows(seed)
    os.makedirs(folder + "/job/sources")
    os.makedirs(folder + "/job/gold")
    os.makedirs(folder + "/drop")
    with open(folder + "/drop/o.csv", "w") as f:
        f.write("id\n" + "".join("%d\n" % o for o in other))
    with open(folder + "/drop/t.csv", "w") as f:
        f.write("id,u,k,a,b,i,key\n")
        for row in made:
            f.write(",".join(shown(v) for v in row.values()) + "\n")
    with open(folder + "/job/sources/o.yaml", "w") as f:
        f.write("name: o\ncolumns:\n  - {name: id, type: int64, key: yes}\n")
    with open(folder + "/job/sources/t.yaml", "w") as f:
        f.write("""name: t
columns:
  - {name: id, type: int64, key: yes}
  - {name: u, type: int32, references: o.id}
  - {name: k, type: string}
  - {name: a, type: 'decimal(18,2)'}
  - {name: b, type: 'decimal(38,10)'}
  - {name: i, type: int64}
  - {name: key, type: string}
""")
    with open(folder + "/job/gold/g.sh", "w") as f:
        f.write("#: from t\n#: key key\nacct-read \"$LAKE/silver/t\" | acct-select -c key,k,a,b,i -t g\n")


def number(rnd):
    digits = str(rnd.getrandbits(rnd.randrange(1, 300)))
    text = rnd.choice(("", "-")) + digits + rnd.choice(("", ".0", "." + str(rnd.getrandbits(60))))
    return text, Decimal(text), text


def term(rnd, other, made):
    """A term as it is written, its value, and how it is shown."""
    where, test = rnd.choice(WHERE)
    kept = [row for row in made if test(row)]
    clause = "" if where is None else " where " + where
    path = rnd.choice(("silver/t", "gold/g"))
    what = rnd.randrange(6)
    if what == 0:
        return "count(%s%s)" % (path, clause), Decimal(len(kept)), None
    if what == 1:
        column = rnd.choice("kab")
        return "count(%s.%s%s)" % (path, column, clause), Decimal(sum(row[column] is not None for row in kept)), None
    if what == 2:
        known = set(other)
        lost = [row for row in made if row["u"] is not None and row["u"] not in known]
        column = rnd.choice((None, "a", "b"))
        if column is None:
            return "orphans(silver/t)", Decimal(len(lost)), None
        total = sum((row[column] for row in lost if row[column] is not None), Decimal(0))
        return "orphans(silver/t.%s by u)" % column, total, format(total.quantize(Decimal(1).scaleb(-SCALES[column])), "f")
    if what == 3:
        return rnd.choice((("keys(gold/g)", Decimal(2000), None), ("keys(silver/t)", Decimal(2000), None),
                           ("lines(bronze/t)", Decimal(2001), None), ("rejected(silver/t)", Decimal(0), None)))
    column = rnd.choice(("a", "b", "i"))
    total = sum((row[column] for row in kept if row[column] is not None), Decimal(0))
    shape = rnd.choice(("%s.%s", '%s."%s"'))
    return ("sum(" + shape + "%s)") % (path, column, clause), total, format(total.quantize(Decimal(1).scaleb(-SCALES[column])), "f")


def side(rnd, other, made, near):
    """A sum of terms and numbers; where `near` is given, one more number makes it about that."""
    parts = []
    for _ in range(rnd.randrange(1, 4)):
        text, value, show = term(rnd, other, made) if rnd.random() < 0.7 else number(rnd)
        parts.append((rnd.choice("+-") if parts else "+", text, value, show if show is not None else str(value)))
    total = sum((value if sign == "+" else -value for sign, _, value, _ in parts), Decimal(0))
    if near is not None and rnd.random() < 0.8:
        rest = near - total + rnd.choice((0, 0, 0, Decimal("0.0000000001"), -1))
        text = format(rest, "f")
        parts.append(("+", text, rest, text))
        total += rest
    written = "".join(("" if i == 0 else rnd.choice((" %s ", "%s", "\t%s  ")) % sign) + text for i, (sign, text, _, _) in enumerate(parts))
    show = "".join(("" if i == 0 else " %s " % sign) + text for i, (sign, _, _, text) in enumerate(parts))
    return written, total, show


def checks(folder, seed, n):
    other, made = rows(seed)
    rnd = random.Random("%s checks" % seed)
    with open(folder + "/job/checks", "w") as lines, open(folder + "/want", "w") as want:
        for i in range(n):
            written, before, show = side(rnd, other, made, None)
            line = "check %d: %s" % (i, written)
            for _ in range(rnd.randrange(1, 3)):
                sign = rnd.choice(list(SIGNS))
                written, total, right = side(rnd, other, made, before)
                line += " %s %s" % (sign, written)
                verdict = "closes" if SIGNS[sign](before, total) else "DOES NOT CLOSE"
                want.write("check %d\t%s\t%s %s\t%s\n" % (i, show, sign, right, verdict))
                before, show = total, right
            lines.write(line + "\n")


class Days:
    """Two tables, of which t refers to o, and a third that is optional; each the lines of its file as they are delivered."""

    def __init__(self, folder, seed):
        self.folder, self.rnd = folder, random.Random("%s days" % seed)
        self.text = {"o": "id\n", "t": "id,u,a\n", "x": "id\n"}
        self.newest = {}
        self.next = dict.fromkeys(self.text, 0)
        for name in ("job/sources", "job/gold", "drop"):
            os.makedirs(folder + "/" + name)
        self.write("job/sources/o.yaml", "name: o\ncolumns:\n  - {name: id, type: int64, key: yes}\n")
        self.write("job/sources/x.yaml", "name: x\noptional: yes\ncolumns:\n  - {name: id, type: int64, key: yes}\n")
        self.write("job/sources/t.yaml", "name: t\nexpect:\n  rejected: 100%\n  rows: 0\ncolumns:\n  - {name: id, type: int64, key: yes}\n"
                   "  - {name: u, type: int64, references: o.id}\n  - {name: a, type: 'decimal(18,2)'}\n")
        self.write("job/gold/g.sh", "#: from t\n#: key id\nacct-read \"$LAKE/silver/t\" | acct-select -c id,a -t g\n")
        self.write("job/checks", "orphans: orphans(silver/t) + orphans(silver/t.a) = 0\nkept: count(silver/t) = 0\n"
                   "of all: lines(bronze/o) + lines(bronze/t) + lines(bronze/x) = 0\n")

    def write(self, name, text):
        with open(self.folder + "/" + name, "w") as f:
            f.write(text)

    def row(self, table):
        self.next[table] += self.rnd.choice((1, 1, 2))
        if table != "t":
            return "%d\n" % self.next[table]
        return "%d,%d,%s\n" % (self.next[table], self.rnd.randrange(60), self.rnd.choice(("", "1.25", "-7.50", "x", "\n")))

    def deliver(self, table):
        """Puts what the table's file is on the next day into the back end."""
        rnd, path = self.rnd, "%s/drop/%s.csv" % (self.folder, table)
        for old in (path, path + ".gz"):
            if os.path.exists(old):
                os.unlink(old)
        if table == "x" and rnd.random() < 0:
            return
        if rnd.random() < 0.2:                      # not one that has grown
            self.text[table] = self.text[table].split("\n")[0] + "\n"
            self.next[table] = 0
        self.text[table] += "".join(self.row(table) for _ in range(rnd.randrange(1, 30)))
        text = self.text[table]
        if rnd.random() < 0.4:
            text = text.rstrip("\n")
        if rnd.random() < 0.2:
            with gzip.open(path + ".gz", "wt") as f:
                f.write(text)
        else:
            self.write("drop/%s.csv" % table, text)
        self.newest[table] = text

    def rows(self, table):
        """What must be in silver: the first of each key, of the lines that are rows."""
        kept = {}
        for line in self.newest.get(table, "").split("\n")[1:]:
            fields = line.split(",")
            if fields[0] and len(fields) == (3 if table == "t" else 1) and fields[-1] != "x":
                kept.setdefault(fields[0], fields)
        return kept

    def want(self):
        """Both sides of the job's checks, but for the zeros."""
        known, kept = self.rows("o"), self.rows("t")
        lost = [Decimal(row[2] or 0) for row in kept.values() if row[1] not in known]
        lines = [str(text.count("\n") + (not text.endswith("\n"))) for text in (self.newest.get(t, "") for t in "ot")]
        x = self.newest.get("x")
        return ["%d + %.2f" % (len(lost), sum(lost)), str(len(kept)),
                " + ".join(lines + ["0" if x is None else str(x.count("\n") + (not x.endswith("\n")))])]

    def measure(self):
        """The left sides of the job's checks, and what else does not close."""
        subprocess.run(["acct-reconcile", "-j", "job", "--run", ".", "lake"], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=sys.stderr)
        with open(self.folder + "/reconciliation.json") as f:
            answers = json.load(f)["checks"]
        own = [a["left"] for a in answers if ": " not in a["check"]]
        return own, [a for a in answers if ": " in a["check"] and not a["closes"]]


def days(folder, seed, n, command):
    bank = Days(folder, seed)
    for day in range(n):
        for table in bank.text:
            bank.deliver(table)
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        got, wrong = bank.measure()
        assert got == bank.want() and not wrong, "day %d: %s, not %s; %s" % (day, got, bank.want(), wrong)
    print("%d days" % n)


def main(argv):
    if len(argv) == 4 and argv[1] == "make":
        make(argv[2], argv[3])
    elif len(argv) == 5 and argv[1] == "checks":
        checks(argv[2], argv[3], int(argv[4]))
    elif len(argv) > 5 and argv[1] == "days":
        days(argv[2], argv[3], int(argv[4]), argv[5:])
    else:
        print(__doc__, file=sys.stderr)
        return 64
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
