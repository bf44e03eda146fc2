"""acct-merge-sql --history against a painted timeline: what holds of each key at each of a few days.

history.py sqlite|postgres|h2 ROUNDS    ACCT_SEED repeats a run; sqlite loads into h.db, postgres where psql goes, H2 needs the jar's path in H2_JAR

Each round loads rows at random days, late ones and corrections too, and deletes some, and loads the same again. At the end the text of one more load is
cut after each statement: the target is as it was, or has all of the load.
"""
import csv
import datetime
import os
import random
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from timeline import Timeline

SPAN = 10
FIRST = datetime.date(2024, 1, 27)
COLUMNS = "id:int64*! code:string*! name:string since:date! n:decimal(9,2)"


def day(at):
    return str(FIRST + datetime.timedelta(at))


def versions(line):
    for start, end, row in line.intervals():
        yield (*row, day(start), None if end is None else day(end), end is None)


def stream(path, columns, rows):
    text = "".join("\t".join(r"\N" if v is None else v for v in row) + "\n" for row in rows)
    with open(path, "wb") as out:
        subprocess.run(["mkrec", "c", columns], input=text.encode(), stdout=out, check=True)


def text_of(dialect, *options):
    return subprocess.run(["acct-merge-sql", "-d", dialect, "--history", "since", "-t", "h", *options, "in.acct"], capture_output=True, check=True).stdout


class Round:
    """Rows of some keys and, at times, a day on which others end; applies them to the timelines."""

    def __init__(self, draw, lines):
        keys = draw.sample([(str(k), c) for k in range(4) for c in "aA"], draw.randrange(8))
        self.rows = [(*key, draw.choice([None, "x", "X", "O'Neil"]), day(draw.randrange(SPAN)), draw.choice([None, "0.00", "-1.50"])) for key in keys]
        self.options = ["--adopt"]
        for row in self.rows:
            lines.setdefault(row[:2], Timeline(SPAN)).paint((datetime.date.fromisoformat(row[3]) - FIRST).days, (row[2], row[4]))
        stream("in.acct", COLUMNS, self.rows)
        how, at = draw.randrange(4), draw.randrange(SPAN)
        absent = [key for key in lines if key not in keys]
        if how == 0:
            absent = draw.sample(absent, draw.randrange(len(absent) + 1))
            stream("gone.acct", "id:int64*! code:string*!", absent)
            self.options += ["--delete", "gone.acct", "--deleted-at", day(at)]
        elif how == 1:
            self.options = ["--delete-absent", "--deleted-at", day(at)]
        for key in absent if how < 2 else []:
            lines[key].paint(at, None)


def wanted(lines):
    return sorted(tuple(map(str, (*key, *version))) for key, line in lines.items() for version in versions(line))


class Server:
    """SQLite's or PostgreSQL's client."""

    def __init__(self, dialect):
        self.dialect = dialect
        self.command = ["sqlite3", "-bail", "h.db"] if dialect == "sqlite" else ["psql", "-qX"]

    def run(self, text, check=True):
        return subprocess.run(self.command, input=text, capture_output=True, check=check)

    def rows(self):
        query = b"SELECT id, code, name, n, _from, _to, CASE WHEN _current THEN 'True' ELSE 'False' END FROM h WHERE _to IS NULL OR _to > _from;\n"
        options = ["-ascii", "-nullvalue", "None"] if self.dialect == "sqlite" else ["-At", "-F", "\x1f", "-R", "\x1e", "-P", "null=None"]
        out = subprocess.run(self.command + options, input=query, capture_output=True, check=True).stdout.decode()
        return sorted(tuple(row.split("\x1f")) for row in out.strip("\n").split("\x1e") if row)


def rounds(draw, dialect, count):
    server, lines, loads = Server(dialect), {}, 0
    for _ in range(count):
        one = Round(draw, lines)
        for _ in range(2):
            mark = ["--lake", "l", "--at", str(loads)] + (["--since", str(loads - 1)] if loads > 0 else [])
            options = one.options if loads > 0 or "--delete" not in one.options else ["--adopt"]
            server.run(text_of(dialect, *mark, *options))
            loads += 1
            if options == one.options and server.rows() != wanted(lines):
                sys.exit("%s: %s\n%s\nis not\n%s" % (dialect, one.options, server.rows(), wanted(lines)))
    before = wanted(lines)
    one = Round(draw, lines)
    text = text_of(dialect, "--lake", "l", "--at", str(loads), "--since", str(loads - 1), *one.options)
    ends = [m.end() for m in re.finditer(rb";", text)]
    for end in draw.sample(ends, min(len(ends), 60 if dialect == "sqlite" else 12)):
        server.run(text[:end], check=False)
        if server.rows() == wanted(lines):
            break
        if server.rows() != before:
            sys.exit("%s: cut at %d: %s\nis not\n%s" % (dialect, end, server.rows(), before))


def translated(sql):
    sql = re.sub(r" COLLATE Latin1_General_100_BIN2(_UTF8)?", "", sql)
    sql = sql.replace("DATALENGTH(", "OCTET_LENGTH(").replace("#acct_", "acct_").replace(" WITH (HOLDLOCK)", "").replace("[dbo].", "")
    sql = re.sub(r"\nWITH \(DISTRIBUTION = [^;]*\)", "", sql)
    return re.sub(r"\nOPTION \(LABEL = [^;]*\)", "", sql)


def statements(dialect, options):
    """What changes a table, as it is written; the rest is T-SQL that H2 does not know."""
    text = text_of(dialect, "--upsert", "merge", "--lake", "l", "--at", "1", *options).decode()
    found = re.findall(r"(?:CREATE TABLE (?:\[dbo\]\.\[h\]|#acct_\w+) |INSERT INTO #acct_|MERGE INTO ).*?;\n", text, re.S)
    return [translated(s) for s in found]


def h2_script(draw, dialect, count):
    lines, wants = {}, []
    script = "DROP ALL OBJECTS;\n"
    show = "CALL CSVWRITE('%s-%s-%d.csv', 'SELECT * FROM h WHERE _to IS NULL OR _to > _from', 'charset=UTF-8 null=null');\n"
    for n in range(count):
        one = Round(draw, lines)
        made = statements(dialect, one.options + ["--since", "0" if "--delete" in one.options else "any"])
        script += "".join(s for s in made if n == 0 or not s.startswith("CREATE TABLE [h]")) + show % (dialect, "once", n)
        script += "DELETE FROM acct_versions;\n"
        script += "".join(s for s in made if not re.match(r"CREATE|INSERT INTO acct_(stage|gone)", s)) + show % (dialect, "again", n)
        script += "DROP TABLE acct_stage;\nDROP TABLE acct_versions;\nDROP TABLE acct_gone;\n"
        wants.append(wanted(lines))
    return script, wants


def h2(seed, count):
    made = {d: h2_script(random.Random(seed), d, count) for d in ("synapse", "sqlserver", "fabric")}
    with open("h2.sql", "w", encoding="utf-8") as out:
        out.write("".join(script for script, _ in made.values()))
    subprocess.run(["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8", "-cp", os.environ["H2_JAR"], "org.h2.tools.RunScript", "-url",
                    "jdbc:h2:mem:t;MODE=MSSQLServer;DATABASE_TO_UPPER=FALSE;CASE_INSENSITIVE_IDENTIFIERS=TRUE", "-user", "sa", "-script", "h2.sql"], check=True)
    for dialect, (_, wants) in made.items():
        for n, rows in enumerate(wants):
            for name in ("once", "again"):
                with open("%s-%s-%d.csv" % (dialect, name, n), encoding="utf-8", newline="") as f:
                    read = [["None" if v == "null" else v for v in r] for r in csv.reader(f)][1:]
                got = sorted((r[0], r[1], r[2], r[4], r[3], r[5], r[6].title()) for r in read)
                if got != rows:
                    sys.exit("%s: %s %d\n%s\nis not\n%s" % (dialect, name, n, got, rows))


def main():
    seed = os.environ.get("ACCT_SEED") or str(random.randrange(10**9))
    print("ACCT_SEED=" + seed, file=sys.stderr)
    if sys.argv[1] == "h2":
        h2(seed, int(sys.argv[2]))
    else:
        rounds(random.Random(seed), sys.argv[1], int(sys.argv[2]))


main()
