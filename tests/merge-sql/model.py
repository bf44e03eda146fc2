"""Loads of random tables into a database that others write to as well, against a model: a dictionary that knows nothing of SQL.

model.py sqlite|postgres ROUNDS     a new seed each time, which it prints; ACCT_SEED sets it
model.py kill FILE DATABASE QUERY   runs the SQL of FILE up to each of its statements in turn on a copy of an SQLite database, ends without closing,
                                    and prints the distinct answers to QUERY, in order
"""
import csv
import io
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time

COLUMNS = "id:int64*! part:string*! amount:decimal(28,2) n:int64 name:string"
NAMES = ["Ann", "ann", "O'Neil", " x ", "", "a\"b", "\u00e9", "null", "1.50", None]


def draw_row(draw):
    amount = draw.choice([None, draw.randrange(-10**20, 10**20), draw.randrange(-999, 999)])
    n = draw.choice([None, draw.randrange(-2**63, 2**63), draw.randrange(3)])
    return (decimal(amount), n, draw.choice(NAMES))


def decimal(cents):
    return None if cents is None else "%s%d.%02d" % ("-" if cents < 0 else "", abs(cents) // 100, abs(cents) % 100)


def draw_key(draw):
    return (draw.randrange(12), draw.choice(["a", "A", "b'"]))


def text(value):
    return "\\N" if value is None else str(value)


def stream(rows, columns, path):
    lines = "".join("\t".join(text(v) for v in row) + "\n" for row in rows)
    with open(path, "wb") as out:
        subprocess.run(["mkrec", "t", columns], input=lines.encode(), stdout=out, check=True)
    with open(path, "rb") as made:
        return made.read().split(b"\n")[-2].split(b" ")[-1].decode()


class Sqlite:
    def __init__(self, number):
        self.path = "model%d.db" % number

    def load(self, sql):
        return subprocess.run(["sqlite3", "-bail", self.path, ".read /dev/stdin", "SELECT * FROM acct_done"], input=sql, capture_output=True)

    def execute(self, sql):
        with sqlite3.connect(self.path) as db:
            db.execute(sql)
        db.close()

    def query(self, sql):
        db = sqlite3.connect(self.path)
        rows = db.execute(sql).fetchall()
        db.close()
        return rows

    def create(self):
        self.execute("CREATE TABLE t (id INTEGER, part TEXT, amount TEXT, n INTEGER, name TEXT, UNIQUE (id, part))")


class Postgres:
    def __init__(self, number):
        self.execute("DROP TABLE IF EXISTS t, acct_load")

    def psql(self, *words, sql=b""):
        return subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *words], input=sql, capture_output=True)

    def load(self, sql):
        return self.psql("-f", "-", "-c", "SELECT * FROM acct_done", sql=sql)

    def execute(self, sql):
        assert self.psql("-c", sql).returncode == 0, sql

    def query(self, sql):
        out = self.psql("--csv", "-t", "-P", "null=\\N", "-c", sql).stdout.decode()
        rows = csv.reader(io.StringIO(out))
        return [tuple(None if v == "\\N" else int(v) if i in INTEGERS else v for i, v in enumerate(row)) for row in rows]

    def create(self):
        self.execute("CREATE TABLE t (id bigint, part text, amount numeric(28,2), n bigint, name text)")


INTEGERS = {0, 3}


def literal(value):
    return "NULL" if value is None else "'%s'" % value.replace("'", "''") if isinstance(value, str) else str(value)


class Round:
    def __init__(self, dialect, draw, number):
        self.dialect, self.draw, self.version, self.gold, self.mark, self.number = dialect, draw, draw.randrange(5), {}, None, number
        self.db = {"sqlite": Sqlite, "postgres": Postgres}[dialect](number)
        self.target = None

    def others(self):
        """Rows come, change and go by others' hands."""
        if self.target is None:
            if self.draw.random() < 0.5:
                self.db.create()
                self.target = {}
            else:
                return
        for _ in range(self.draw.randrange(4)):
            key = draw_key(self.draw)
            self.target.pop(key, None)
            self.db.execute("DELETE FROM t WHERE id = %d AND part = %s" % (key[0], literal(key[1])))
            if self.draw.random() < 0.7:
                row = draw_row(self.draw)
                self.target[key] = row
                self.db.execute("INSERT INTO t (id, part, amount, n, name) VALUES (%s)" % ", ".join(map(literal, key + row)))

    def draw_gold(self):
        """What gold is next: rows of before gone, others changed, others new."""
        gold = {k: v for k, v in self.gold.items() if self.draw.random() < 0.7}
        for key in list(gold) + [draw_key(self.draw) for _ in range(self.draw.randrange(6))]:
            if key not in gold or self.draw.random() < 0.3:
                gold[key] = draw_row(self.draw)
        return gold

    def expected(self, gold, gone, since, option):
        """The target after the load, or None where it must be refused."""
        had = self.target or {}
        if since != self.mark:
            return None
        if option == "--delete-absent":
            return dict(gold)
        if option is None and since is None and had:
            return None
        if option is None and since is not None and gone is None and set(had) - set(gold):
            return None
        kept = {k: v for k, v in had.items() if k not in (gone or ())}
        return {**kept, **gold}

    def step(self):
        self.others()
        gold = self.draw_gold()
        since = self.mark if self.draw.random() < 0.9 else self.draw.randrange(9)
        gone = set(self.gold) - set(gold) if since is not None and self.draw.random() < 0.8 else None
        option = self.draw.choice([None, None, "--adopt", "--delete-absent"])
        self.version += 1 + self.draw.randrange(2)
        rows = list(gold.items())
        self.draw.shuffle(rows)
        checksum = stream([k + v for k, v in rows], COLUMNS, "model.acct")
        words = ["acct-merge-sql", "-d", self.dialect, "--lake", "it's", "--run", "r%d" % self.version, "--at", str(self.version), "model.acct"]
        words += [] if since is None else ["--since", str(since)]
        words += [] if option is None else [option]
        if gone is not None:
            stream([(k[1], "x", k[0]) for k in gone], "part:string! more:string id:int64!", "gone.acct")
            words += ["--delete", "gone.acct"]
        done = self.db.load(subprocess.run(words, capture_output=True, check=True).stdout)
        after = self.expected(gold, gone, since, option)
        assert (done.returncode == 0) == (after is not None), (words, done, self.target, gold, after)
        if after is not None:
            self.target, self.gold, self.mark = after, gold, self.version
            marks = self.db.query("SELECT 0, lake, table_name, version, run_id, row_count, checksum FROM acct_load")
            wanted = [("it's", "t", str(self.version), "r%d" % self.version, str(len(gold)), checksum)]
            assert [tuple(map(str, m[1:])) for m in marks] == wanted, (marks, wanted)
        self.compare()

    def compare(self):
        if self.target is not None:
            rows = self.db.query("SELECT id, part, amount, n, name FROM t")
            assert len(rows) == len(self.target), (rows, self.target)
            assert {r[:2]: r[2:] for r in rows} == self.target, (rows, self.target)


def model(dialect, rounds):
    seed = os.environ.get("ACCT_SEED") or str(int(time.time() * 1000))
    print("ACCT_SEED=" + seed, file=sys.stderr)
    draw = random.Random(seed)
    for number in range(rounds):
        one = Round(dialect, draw, number)
        for _ in range(6):
            one.step()


def statements(path):
    """The shell's own commands are left out; no value of these files begins a line with a dot."""
    text, piece = "\n".join(line for line in open(path, encoding="utf-8") if not line.startswith(".")), ""
    for part in text.split(";")[:-1]:
        piece += part + ";"
        if sqlite3.complete_statement(piece):
            if piece.strip(" \n;"):
                yield piece
            piece = ""


def run_to(path, database, count):
    """In a process of its own, which ends as if it were killed."""
    if os.fork() == 0:
        db = sqlite3.connect(database, isolation_level=None)
        db.execute("PRAGMA cache_size = 1")		# much is written before the commit
        for number, statement in enumerate(statements(path)):
            if number == count:
                break
            db.execute(statement).fetchall()
        os.kill(os.getpid(), 9)
    os.wait()


def kill(path, database, query):
    count, seen = len(list(statements(path))), []
    for number in range(count + 1):
        shutil.copy(database, "killed.db")
        run_to(path, "killed.db", number)
        db = sqlite3.connect("killed.db")
        answer = str(db.execute(query).fetchall())
        db.close()
        if answer not in seen:
            seen.append(answer)
    print(*seen, sep="\n")


if sys.argv[1] == "kill":
    kill(*sys.argv[2:])
else:
    model(sys.argv[1], int(sys.argv[2]))
