"""Executes UPDATE and INSERT, the way without MERGE, and the queries of --script validate in SQLite, against a dictionary.

fallback.py ROUNDS    needs the programs on PATH; ACCT_SEED repeats a run

The target of an UPDATE is named otherwise in SQLite, names of T-SQL's functions, types and schemas are replaced; the rest is executed as it is.
"""
import os
import random
import re
import sqlite3
import subprocess
import sys

VALUES = {"name": ["", "x", "O'Neil", "X", "\u010cesk\u00e1"], "total": ["0.00", "-0.25", "99.50"], "n": ["-7", "0", "7"]}
HEADER = "id:int64*! code:string*! name:string total:decimal(18,2) n:int32"


def change(draw, row):
    return [v if draw.random() < 0.5 else draw.choice([None] + VALUES[c]) for c, v in zip(VALUES, row)]


def source_of(draw, old):
    rows = {k: list(r) if draw.random() < 0.4 else change(draw, r) for k, r in old.items() if draw.random() < 0.7}
    for _ in range(draw.randrange(6)):
        rows[(str(draw.randrange(12)), draw.choice(["a", "A", "b"]))] = change(draw, [None] * 3)
    return rows


def stream(rows, path):
    text = "".join("\t".join([*k] + [r"\N" if v is None else v for v in r]) + "\n" for k, r in rows.items())
    with open(path, "wb") as out:
        subprocess.run(["mkrec", "t", HEADER], input=text.encode(), stdout=out, check=True)


def sql(*words):
    return subprocess.run(["acct-merge-sql", *words, "in.acct"], capture_output=True, check=True, text=True).stdout


def translated(text):
    text = re.sub(r" COLLATE Latin1_General_100_BIN2(_UTF8)?", "", text)
    text = re.sub(r"\bN'", "'", text).replace("#acct_stage", "stage").replace("[dbo].", "").replace("DATALENGTH(", "LENGTH(").replace("COUNT_BIG", "COUNT")
    text = re.sub(r"CAST\((\S+) AS N?VARCHAR\(\d+\)\)", r"CAST(\1 AS TEXT)", text)
    return re.sub(r"UPDATE t SET (.*)\nFROM (\S+) AS t INNER JOIN (\S+) AS s ON (.*)\nWHERE ((?:.|\n)*?);", r"UPDATE \2 AS t SET \1 FROM \3 AS s WHERE \4 AND (\5);", text)


def found(db, queries):
    """Which checks return rows."""
    return {db_row[0] for q in re.split(r"(?m)^GO\n", translated(queries)) if q.strip() for db_row in db.execute(q).fetchall()}


def load(db, dialect):
    text = sql("-d", dialect, "--upsert", "update")
    db.execute("DROP TABLE IF EXISTS stage")
    db.execute("CREATE TABLE stage (id, code TEXT, name TEXT, total, n)")
    for m in re.finditer(r"INSERT INTO #acct_stage .*?;\n", text, re.S):
        db.executescript(re.sub(r"\nOPTION \(LABEL = [^;]*\)", "", translated(m.group())))
    way = re.search(r"UPDATE t SET .*?;\nINSERT INTO .*?;\n", text, re.S).group()
    db.executescript(translated(way))


def rounds(draw, dialect, count):
    db, target = sqlite3.connect(":memory:"), {}
    db.execute("CREATE TABLE t (id, code TEXT, name TEXT, total, n, touched DEFAULT 0)")
    db.executescript("CREATE TRIGGER u AFTER UPDATE OF name ON t BEGIN UPDATE t SET touched = touched + 1 WHERE rowid = new.rowid; END;")
    for n in range(count):
        source = source_of(draw, target)
        stream(source, "in.acct")
        db.execute("UPDATE t SET touched = 0")
        load(db, dialect)
        load(db, dialect)		# changes nothing
        want = {(int(k[0]), k[1]): (r[0], r[1] and float(r[1]), r[2] and int(r[2]), int(k in target and target[k] != r)) for k, r in {**target, **source}.items()}
        got = {(r[0], r[1]): (r[2], r[3] if r[3] is None else float(r[3]), r[4], r[5]) for r in db.execute("SELECT * FROM t")}
        if got != want:
            sys.exit("%s: round %d: %s is not %s" % (dialect, n, got, want))
        target.update(source)
    stream(target, "in.acct")
    validate(db, dialect)


def validate(db, dialect):
    queries = sql("-d", dialect, "--script", "validate")
    if found(db, queries):
        sys.exit("%s: a right table is said to be wrong: %s" % (dialect, found(db, queries)))
    wrongs = [("DELETE FROM t WHERE rowid = 1", {"rows", "values", "total"}), ("UPDATE t SET total = COALESCE(total, 0) + 0.25 WHERE rowid = 1", {"total"}),
              ("INSERT INTO t SELECT * FROM t WHERE rowid = 1", {"rows", "key twice", "values"}), ("UPDATE t SET name = NULL WHERE name = (SELECT MAX(name) FROM t)", {"values"})]
    for change_, checks in wrongs:
        db.execute("BEGIN")
        db.execute(change_)
        if not checks & found(db, queries):
            sys.exit("%s: not found: %s: %s" % (dialect, change_, found(db, queries)))
        db.execute("ROLLBACK")


def main():
    seed = os.environ.get("ACCT_SEED") or str(random.randrange(10**9))
    print("ACCT_SEED=" + seed, file=sys.stderr)
    draw = random.Random(seed)
    for dialect in ("synapse", "fabric", "sqlserver"):
        rounds(draw, dialect, int(sys.argv[1]))


main()
