"""Executes the MERGE that acct-merge-sql writes for Synapse and SQL Server in H2, round after round, against a dictionary.

h2.py ROUNDS    needs H2 (the jar's path in H2_JAR) and the programs on PATH; ACCT_SEED repeats a run

H2 does not know collations, DATALENGTH, DISTRIBUTION, hints and temporary names of T-SQL: they are replaced or left out; the rest of the statements is
executed as it is. A column of the target that only an update sets shows which rows were touched.
"""
import csv
import os
import random
import re
import subprocess
import sys

COLUMNS = [("id", "int64*!"), ("code", "string*!"), ("name", "string"), ("total", "decimal(28,2)"), ("since", "date"), ("n", "int32"), ("on", "bool")]
VALUES = {"name": ["", "x", "O'Neil", "X", "\u010cesk\u00e1", "]]"], "total": ["0.00", "-0.05", "99999999999999999999999999.99"], "since": ["0001-01-01", "2024-02-29"],
          "n": ["-2147483648", "0", "7"], "on": ["true", "false"]}


def rows_of(draw, old):
    """A source: some rows of before as they are, some changed, some new; nulls come and go."""
    rows = {}
    for key, row in old.items():
        if draw.random() < 0.7:
            rows[key] = dict(row) if draw.random() < 0.4 else change(draw, row)
    for _ in range(draw.randrange(6)):
        key = (str(draw.randrange(12)), draw.choice(["a", "A", "b", "\u00e9"]))
        rows[key] = change(draw, {c: None for c, _ in COLUMNS[2:]})
    return rows


def change(draw, row):
    return {c: v if draw.random() < 0.5 else draw.choice([None] + VALUES[c]) for c, v in row.items()}


def write(rows, path):
    text = "".join("\t".join([*key] + [r"\N" if row[c] is None else row[c] for c, _ in COLUMNS[2:]]) + "\n" for key, row in rows.items())
    with open(path, "wb") as out:
        subprocess.run(["mkrec", "t", " ".join(":".join(c) for c in COLUMNS)], input=text.encode(), stdout=out, check=True)


def translated(sql):
    sql = re.sub(r" COLLATE Latin1_General_100_BIN2", "", sql)
    sql = sql.replace("DATALENGTH(", "OCTET_LENGTH(").replace("#acct_stage", "[acct_stage]").replace(" WITH (HOLDLOCK)", "").replace("[dbo].", "")
    sql = re.sub(r"\nWITH \(DISTRIBUTION = [^;]*\)", "", sql)
    return re.sub(r"\nOPTION \(LABEL = [^;]*\)", "", sql)


def statements(dialect, path):
    """The staging table, its rows and the MERGE, as written; the target's definition."""
    sql = subprocess.run(["acct-merge-sql", "-d", dialect, path], capture_output=True, check=True, text=True).stdout
    create = re.search(r"CREATE TABLE \[dbo\]\.\[t\] .*?;\n", sql, re.S).group()
    stage = re.search(r"CREATE TABLE #acct_stage .*?;\n", sql, re.S).group()
    insert = "".join(m.group() for m in re.finditer(r"INSERT INTO #acct_stage .*?;\n", sql, re.S))
    merge = re.search(r"MERGE INTO .*?;\n", sql, re.S).group()
    return [translated(s) for s in (create, stage, insert, merge)]


def h2(script, ok=True):
    with open("h2.sql", "w", encoding="utf-8") as out:
        out.write(script)
    done = subprocess.run(["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8", "-cp", os.environ["H2_JAR"], "org.h2.tools.RunScript", "-url",
                           "jdbc:h2:mem:t;MODE=MSSQLServer;DATABASE_TO_UPPER=FALSE;CASE_INSENSITIVE_IDENTIFIERS=TRUE", "-user", "sa", "-script", "h2.sql"],
                          capture_output=True, text=True)
    if (done.returncode == 0) != ok:
        sys.exit("H2: %s\n%s" % (done.stderr[-3000:], script[:2000]))
    return done.stderr


def shown(key, row, touched):
    value = {"on": lambda v: "TRUE" if v == "true" else "FALSE"}
    return list(key) + ["null" if v is None else value.get(c, str)(v) for c, v in row.items()] + [touched]


def rounds(draw, dialect, count):
    target, script = {}, ""
    wanted = []
    for n in range(count):
        source = rows_of(draw, target)
        write(source, "in.acct")
        create, stage, insert, merge = statements(dialect, "in.acct")
        if n == 0:
            script += create + "ALTER TABLE [t] ADD [touched] INT DEFAULT 0 ON UPDATE 1;\n"
        # Twice: the second time nothing is to be done.
        script += "%s%s%sCALL CSVWRITE('round-%d.csv', 'SELECT * FROM t', 'charset=UTF-8 null=null');\n" % (stage, insert, merge, n)
        script += "UPDATE [t] SET [touched] = 0;\n%sDROP TABLE [acct_stage];\n" % merge
        script += "CALL CSVWRITE('again-%d.csv', 'SELECT * FROM t', 'charset=UTF-8 null=null');\n" % n
        want = [shown(k, r, "1" if k in target and target[k] != r else "0") for k, r in {**target, **source}.items()]
        target.update(source)
        wanted.append((want, [w[:-1] + ["0"] for w in want]))
    h2(script)
    for n, both in enumerate(wanted):
        for name, want in zip(("round", "again"), both):
            with open("%s-%d.csv" % (name, n), encoding="utf-8", newline="") as f:
                got = list(csv.reader(f))[1:]
            if sorted(got) != sorted(want):
                sys.exit("%s: %s %d\n%s\nis not\n%s" % (dialect, name, n, sorted(got), sorted(want)))


def duplicates(dialect):
    """Two rows of one key in the stage, which the guard before would refuse: MERGE itself does too."""
    write({("1", "a"): {c: None for c, _ in COLUMNS[2:]}}, "in.acct")
    create, stage, insert, merge = statements(dialect, "in.acct")
    h2(create + stage + insert + insert + "INSERT INTO [t] SELECT TOP 1 * FROM [acct_stage];\nUPDATE [t] SET [n] = 1;\n" + merge, ok=False)
    h2(create + stage + insert + "INSERT INTO [t] SELECT TOP 1 * FROM [acct_stage];\nUPDATE [t] SET [n] = 1;\n" + merge)


def main():
    seed = os.environ.get("ACCT_SEED") or str(random.randrange(10**9))
    print("ACCT_SEED=" + seed, file=sys.stderr)
    draw = random.Random(seed)
    for dialect in ("synapse", "sqlserver"):
        rounds(draw, dialect, int(sys.argv[1]))
        duplicates(dialect)


main()
