"""Scripts of random schemas in T-SQL, held to rules.py, which shares nothing with the program that writes them.

schemas.py check COUNT FOLDER    makes COUNT streams and their scripts in FOLDER, checks each, and prints how many of which kind
schemas.py break FOLDER          breaks right scripts in every way of BREAKS; each must be found, by the rule that is named

ACCT_SEED repeats a run. The programs are found on PATH.
"""
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from urllib.parse import quote

import rules

WORDS = ["id", "name", "customer_id", "total", "select", "order by", "a]b", "x'y", "semi;colon", "Gr\u00f6\u00dfe", "\u4e2d\u6587", "\U0001f600", "a.b", "{all}", "50%",
         "t", "s", "acct", "values", "MERGE", "a--b", "/*c*/", "~", "@what", "#tmp"]
TYPES = ["bool", "int32", "int64", "decimal(9,2)", "decimal(18,4)", "decimal(38,10)", "date", "timestamp", "float64", "string"]
VALUES = {"bool": ["true", "false"], "int32": ["-2147483648", "0", "7"], "int64": ["9223372036854775807", "-1", "3"], "decimal(9,2)": ["-0.05", "1.00"],
          "decimal(18,4)": ["12.0001"], "decimal(38,10)": ["-9999999999999999999999999999.9999999999", "0.0000000001"], "date": ["0001-01-01", "9999-12-31"],
          "timestamp": ["2024-01-31T10:20:30.5Z"], "float64": ["0.1", "-1e300"], "string": ["", "O'Neil", "]]", "\\n GO", "$(v)", "\u010cesk\u00e1", "a; --"]}


def schema(draw):
    names = []
    for n in range(draw.randrange(1, 12)):
        name = draw.choice(WORDS) + (str(n) if draw.random() < 0.5 else "")
        if name.lower() not in [x.lower() for x in names]:
            names.append(name)
    keys = set(draw.sample(names, draw.randrange(1, min(3, len(names)) + 1)))
    return [{"name": n, "type": draw.choice(TYPES), "key": n in keys, "required": n in keys or draw.random() < 0.3} for n in names]


def stream(draw, columns, path):
    header = " ".join("%s:%s%s%s" % (quote(c["name"], safe="_.-").replace("~", "%7E"), c["type"], "*" * c["key"], "!" * c["required"]) for c in columns)
    rows = ["\t".join(r"\N" if not c["required"] and draw.random() < 0.3 else draw.choice(VALUES[c["type"]]) for c in columns) for _ in range(draw.randrange(4))]
    with open(path, "wb") as out:
        subprocess.run(["mkrec", "t", header], input="".join(r + "\n" for r in rows).encode(), stdout=out, check=True)
    return len(rows)


def run(draw, folder, n, columns, rows):
    """One script of the stream: its text and what it must be."""
    d = draw.choice(["synapse", "fabric", "sqlserver"])
    kinds = {"synapse": ["load"] * 5 + ["external", "view", "validate"], "fabric": ["load"] * 5 + ["view", "validate"], "sqlserver": ["load"] * 5 + ["external", "validate"]}
    s = {"dialect": d, "schema": draw.choice(["gold", "a]b", "dbo"]), "table": draw.choice(["t", "balance", "x'y]", "s"]), "columns": columns,
         "kind": draw.choice(kinds[d]), "form": draw.choice(["text", "json"]), "marked": draw.random() < 0.5, "gone": False, "caller": draw.random() < 0.3,
         "upsert": draw.choice(["usual", "merge", "update"])}
    words = ["-d", d, "-t", '"%s"."%s"' % (s["schema"], s["table"]), "--form", s["form"], "--upsert", s["upsert"], "--script", s["kind"]]
    if s["upsert"] == "usual":
        s["upsert"] = "update" if d == "fabric" else "merge"
    if s["kind"] == "external" or s["kind"] == "load" and draw.random() < 0.6:
        s["files"] = ["part-%05d-%d.parquet" % (i, n) for i in range(draw.randrange(1, 4))]
        with open(folder + "/manifest.json", "w") as out:
            json.dump({"files": [{"name": f, "bytes": 1, "rows": rows if i == 0 else 0} for i, f in enumerate(s["files"])]}, out)
        words += ["--copy", folder + "/manifest.json"]
    if s.get("files") or s["kind"] == "view":
        s.update(host="bank.dfs.core.windows.net", container="lake", path="gold/_export/t")
        words += ["--url", draw.choice(["https://bank.dfs.core.windows.net/lake/gold/_export/t/", "az://bank/lake/gold/_export/t",
                                        "abfss://lake@bank.dfs.core.windows.net/gold/_export/t"])]
        words += ["--identity", "caller"] * s["caller"]
    if s["marked"] and s["kind"] == "load":
        words += ["--lake", "it's", "--at", "8"]
        if draw.random() < 0.5:
            words += ["--since", "7", "--delete", folder + "/gone.acct"]
            s["gone"] = True
    elif s["kind"] == "load" and draw.random() < 0.3:
        words.append("--delete-absent")
    out = "%s/%d.sql" % (folder, n)
    subprocess.run(["acct-merge-sql", *words, "-o", out, folder + "/in.acct"], check=True)
    return out, s


def one(draw, folder, n):
    columns = schema(draw)
    rows = stream(draw, columns, folder + "/in.acct")
    stream(draw, [c for c in columns if c["key"]], folder + "/gone.acct")
    return run(draw, folder, n, columns, rows)


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        return f.read()


def check(draw, count, folder):
    kinds, bad = Counter(), 0
    for n in range(count):
        path, spec = one(draw, folder, n)
        kinds[spec["dialect"] + " " + spec["kind"]] += 1
        for broken in rules.check(read(path), spec):
            bad += 1
            print("%s %s %s: %s" % (path, spec["dialect"], spec["kind"], broken), file=sys.stderr)
    print("%d scripts, %d rules broken: %s" % (count, bad, ", ".join("%s %d" % k for k in sorted(kinds.items()))), file=sys.stderr)
    return bad == 0


# What a mistake in a template would do: pattern, replacement, the rule that finds it. Applied to a Synapse load from two files, by MERGE or UPDATE.
BREAKS = [
    (r"(VALUES \(s\.[^;]*\));", r"\1", "merge-semicolon"), (r"HASH\(\[id\]\)", "HASH([name])", "distribution"),
    (r"DISTRIBUTION = HASH\(\[id\]\)", "DISTRIBUTION = ROUND_ROBIN", "distribution"), (r"DISTRIBUTION = HASH\(\[id\]\)", "DISTRIBUTION = REPLICATE", "distribution"),
    (r"\[id\] BIGINT NOT NULL", "[id] BIGINT IDENTITY(1,1) NOT NULL", "no-identity"), (r"\[id\] BIGINT NOT NULL", "[id] BIGINT NOT NULL PRIMARY KEY", "no-primary-key"),
    (r"\[id\] BIGINT NOT NULL", "[id] INT NOT NULL", "definition"), (r"\[total\] DECIMAL\(28,2\)", "[total] DECIMAL(18,2)", "definition"),
    (r"DATETIME2\(6\) NULL", "DATETIME2(6) DEFAULT SYSDATETIME() NULL", "no-default"), (r"UPDATE SET ", "UPDATE SET [id] = s.[id], ", "key-not-set"),
    (r"UPDATE SET \[name\] = s\.\[name\], ", "UPDATE SET ", "set-all"), (r"WHEN MATCHED AND \(", "WHEN MATCHED AND t.x = 1 AND (", "merge-changed-only"),
    (r"ON t\.\[id\] = s\.\[id\] AND", "ON t.[id] = s.[id] AND t.[total] > 0 AND", "merge-on"),
    (r"ON t\.\[id\] = s\.\[id\] AND t\.\[code\] COLLATE Latin1_General_100_BIN2 = ", "ON t.[id] = s.[id] AND t.[code] = ", "merge-on"),
    (r"WHEN NOT MATCHED THEN", "WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN NOT MATCHED THEN", "merge-source"), (r"MERGE INTO", "MERGE TOP (10) INTO", "merge-top"),
    (r"(VALUES \(s\.[^;]*\));", r"\1 OUTPUT $action;", "merge-output"), (r"AS t USING", "WITH (HOLDLOCK) AS t USING", "merge-hint"),
    (r"WHEN NOT MATCHED THEN INSERT \(\[id\], ", "WHEN NOT MATCHED THEN INSERT (", "merge-insert"),
    (r"FILE_TYPE = 'PARQUET'", "FILE_TYPE = 'CSV'", "copy-type"), (r"FILE_TYPE = 'PARQUET'", "FILE_TYPE = 'PARQUET', MAXERRORS = 10", "copy-options"),
    (r", CREDENTIAL = \(IDENTITY = 'Managed Identity'\)", "", "copy-credential"),
    (r"IDENTITY = 'Managed Identity'", "IDENTITY = 'Storage Account Key', SECRET = 'x'", "no-secret"), (r"\.dfs\.", ".blob.", "copy-dfs"),
    (r"part-00001-0\.parquet'", "*.parquet'", "copy-no-wildcard"), (r",\n\t'https[^']*'\nWITH \(FILE", "\nWITH (FILE", "copy-files"),
    (r"COPY INTO (\[gold\]\.\[\w+\]) \(\[id\], ", r"COPY INTO \1 (", "copy-columns"), (r"HAVING COUNT_BIG\(\*\) > 1", "HAVING COUNT_BIG(*) > 2", "duplicate-guard"),
    (r"THROW 50002", "THROW 50001", "count-guard"), (r"THROW 50004", "THROW 50003", "proof-rows"), (r"THROW 50001", "THROW 150001", "throw-number"),
    (r"BEGIN TRANSACTION;", "BEGIN TRANSACTION; TRUNCATE TABLE [gold].[acct_load];", "no-ddl-in-transaction"), (r"ROLLBACK TRANSACTION;\nTHROW;", "PRINT 1;", "rollback-first"),
    (r"UPDATE STATISTICS \[gold\]\.\[t\];", "", "statistics"), (r"CREATE STATISTICS [^\n]*\n", "", "stage-statistics"),
    (r"EXEC sp_executesql N'CREATE SCHEMA \[gold\]'", "CREATE SCHEMA [gold]", "schema-alone"), (r"COMMIT TRANSACTION;", "GO;\nCOMMIT TRANSACTION;", "no-go"),
    (r"COMMIT TRANSACTION;", "", "commit"), (r"THROW 50005", "THROW 50009", "type-check"), (r"sys\.pdw_table_distribution_properties", "sys.tables", "distribution-check"),
    (r"sys\.identity_columns", "sys.tables", "merge-check"), (r"THROW 50006", "THROW 50009", "mark-guard"), (r"(?s)(DELETE FROM \[gold\]\.\[acct_load\].*?SYSUTCDATETIME\(\);)", "", "mark-last"),
]
UPDATE_BREAKS = [
    (r"WHERE NOT EXISTS \(SELECT 1 FROM \[gold\]\.\[t\] AS t WHERE [^;]*\);", ";", "insert-new-only"), (r"UPDATE t SET ", "UPDATE t SET [id] = s.[id], ", "key-not-set"),
    (r"INSERT INTO \[gold\]\.\[t\] ", "INSERT INTO [dbo].[t] ", "insert-count"), (r"ON t\.\[id\] = s\.\[id\] AND t\.\[code\] [^;]*\nWHERE", "ON t.[id] = s.[id]\nWHERE", "update-on"),
]
ROWS_BREAKS = [(r"SELECT CAST", "VALUES (1), (2); SELECT CAST", "one-values-row"), (r"$", "\nGO\nSELECT 1;\n", "one-batch")]


def broken(folder):
    columns = [{"name": n, "type": t, "key": n in ("id", "code"), "required": n in ("id", "code")} for n, t in
               [("id", "int64"), ("code", "string"), ("name", "string"), ("total", "decimal(28,2)"), ("at", "timestamp")]]
    with open(folder + "/in.acct", "wb") as out:
        subprocess.run(["mkrec", "t", "id:int64*! code:string*! name:string total:decimal(28,2) at:timestamp"], input=b"1\ta\tx\t1.00\t\\N\n", stdout=out, check=True)
    with open(folder + "/manifest.json", "w") as out:
        json.dump({"files": [{"name": "part-00000-0.parquet", "rows": 1}, {"name": "part-00001-0.parquet", "rows": 0}]}, out)
    bad = 0
    for upsert, copied, breaks in [("merge", True, BREAKS), ("update", True, UPDATE_BREAKS), ("merge", False, ROWS_BREAKS)]:
        spec = {"dialect": "synapse", "schema": "gold", "table": "t", "columns": columns, "kind": "load", "form": "text", "marked": True, "gone": False, "caller": False,
                "upsert": upsert, "host": "bank.dfs.core.windows.net", "container": "lake", "path": "x"}
        words = ["-d", "synapse", "-t", "gold.t", "--upsert", upsert, "--lake", "l", "--at", "1", "-o", folder + "/right.sql"]
        if copied:
            spec["files"] = ["part-00000-0.parquet", "part-00001-0.parquet"]
            words += ["--copy", folder + "/manifest.json", "--url", "az://bank/lake/x"]
        subprocess.run(["acct-merge-sql", *words, folder + "/in.acct"], check=True)
        text = read(folder + "/right.sql")
        assert rules.check(text, spec) == [], rules.check(text, spec)
        for pattern, replacement, rule in breaks:
            wrong = re.sub(pattern, replacement, text)
            found = rules.check(wrong, spec)
            if wrong == text or not any(f.startswith(rule + ":") for f in found):
                bad += 1
                print("not found: %s by %s: %s" % (pattern, rule, "nothing changed" if wrong == text else found), file=sys.stderr)
    print("%d mistakes, %d not found" % (len(BREAKS) + len(UPDATE_BREAKS) + len(ROWS_BREAKS), bad), file=sys.stderr)
    return bad == 0


def main():
    if sys.argv[1] == "break":
        return broken(sys.argv[2])
    seed = os.environ.get("ACCT_SEED") or str(random.randrange(10**9))
    print("ACCT_SEED=" + seed, file=sys.stderr)
    return check(random.Random(seed), int(sys.argv[2]), sys.argv[3])


sys.exit(0 if main() else 1)
