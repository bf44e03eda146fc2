"""Rules of the warehouses that acct-merge-sql writes T-SQL for, checked on tokens, without the program's templates.

check(text, spec) returns the rules that a script breaks, as "rule: detail". spec has dialect, schema, table, columns (name, type, key, required), upsert,
form, kind, marked, gone, and for loads from files: files, host, container, path, caller.

What a rule is for: a Synapse pool inserts by MERGE only into a HASH table without IDENTITY, a MERGE ends with a semicolon, has no OUTPUT, TOP, hint or
VALUES source, and does not set its key; INSERT takes one VALUES row; keys are not enforced, so they are proven unique before; COPY INTO reads exact
files, by a managed identity from a .dfs. address only; no DDL in a transaction; GO is sqlcmd's alone.
"""
import json
import re

TOKEN = re.compile(r"""(?P<string>N?'(?:[^']|'')*')|(?P<name>\[(?:[^]]|\]\])*\])|(?P<word>[A-Za-z_@\#][A-Za-z0-9_@\#]*)|(?P<hex>0x[0-9a-f]*)
    |(?P<number>\d+(?:\.\d+)?(?:E[+-]\d+)?)|(?P<symbol><>|<=|>=|--|/\*|[^\s])|(?P<space>\s+)""", re.X)
TYPES = {
    "synapse": {"bool": "BIT", "int32": "INT", "int64": "BIGINT", "date": "DATE", "timestamp": "DATETIME2(6)", "float64": "FLOAT(53)", "string": "NVARCHAR(4000)"},
    "sqlserver": {"bool": "BIT", "int32": "INT", "int64": "BIGINT", "date": "DATE", "timestamp": "DATETIME2(6)", "float64": "FLOAT(53)", "string": "NVARCHAR(4000)"},
    "fabric": {"bool": "BIT", "int32": "INT", "int64": "BIGINT", "date": "DATE", "timestamp": "DATETIME2(6)", "float64": "FLOAT", "string": "VARCHAR(8000)"},
}
COLLATION = {"synapse": "Latin1_General_100_BIN2", "sqlserver": "Latin1_General_100_BIN2", "fabric": "Latin1_General_100_BIN2_UTF8"}
DDL = {"CREATE", "DROP", "ALTER", "TRUNCATE", "RENAME", "COPY"}


def tokens(text):
    out = []
    for m in TOKEN.finditer(text):
        if m.lastgroup != "space":
            out.append((m.lastgroup, m.group()))
    return out


def plain(toks):
    return " ".join(t for _, t in toks)


def ident(name):
    return "[" + name.replace("]", "]]") + "]"


def literal(value):
    return "'" + value.replace("'", "''") + "'"


def batches(text, form):
    if form == "json":
        steps = json.loads(text)
        assert isinstance(steps, list) and all(isinstance(s, str) and s.strip() for s in steps)
        return steps
    return [b for b in re.split(r"(?m)^GO\n", text) if b.strip()]


def upto_semicolon(toks, start):
    end = start
    while end < len(toks) and toks[end] != ("symbol", ";"):
        end += 1
    return toks[start:end]


def starts(toks, *words):
    """Indexes at which these words follow one another."""
    n = len(words)
    return [i for i in range(len(toks) - n + 1) if all(toks[i + j][1] == words[j] for j in range(n))]


def split(toks, by=","):
    parts, depth = [[]], 0
    for t in toks:
        depth += (t[1] == "(") - (t[1] == ")") if t[0] == "symbol" else 0
        if t[1] == by and depth == 0:
            parts.append([])
        else:
            parts[-1].append(t)
    return parts


def group(toks, at):
    """The tokens within the parentheses that open at `at`, and the index after them."""
    assert toks[at][1] == "(", toks[at]
    depth, i = 0, at
    while True:
        depth += {"(": 1, ")": -1}.get(toks[i][1], 0) if toks[i][0] == "symbol" else 0
        i += 1
        if depth == 0:
            return toks[at + 1:i - 1], i


class Script:
    def __init__(self, text, spec):
        self.spec, self.broken = spec, []
        self.batches = [tokens(b) for b in batches(text, spec["form"])]
        self.all = [t for b in self.batches for t in b]
        self.columns = [c["name"] for c in spec["columns"]]
        self.keys = [c["name"] for c in spec["columns"] if c["key"]]
        self.text_keys = {c["name"] for c in spec["columns"] if c["key"] and c["type"] == "string"}
        self.rest = [c for c in self.columns if c not in self.keys]
        self.target = "%s . %s" % (ident(spec["schema"]), ident(spec["table"]))
        self.d = spec["dialect"]
        self.copied = bool(spec.get("files"))

    def rule(self, name, ok, detail=""):
        if not ok:
            self.broken.append("%s: %s" % (name, detail))

    # ---- all scripts ----

    def common(self):
        raw = plain(self.all)
        self.rule("no-comment", not any(t == ("symbol", s) for t in self.all for s in ("--", "/*")), "comment")
        self.rule("no-go", not any(t == ("word", "GO") for t in self.all), "GO within a batch")
        self.rule("no-secret", not re.search(r"SECRET|sig=|PASSWORD", raw.replace("acct-merge-sql", "")) or
                  any("SECRET" in c or "PASSWORD" in c or "sig=" in c for c in self.columns), "secret")
        for i in starts(self.all, "CREATE", "SCHEMA"):
            self.rule("schema-alone", False, "CREATE SCHEMA beside other statements: %s" % plain(self.all[i:i + 4]))
        for i in starts(self.all, "THROW"):
            n = self.all[i + 1][1]
            self.rule("throw-number", n == ";" or 50000 <= int(n) < 51000, n)

    # ---- loads ----

    def tables(self):
        for b in self.batches:
            for i in starts(b, "CREATE", "TABLE"):
                at = i + 2
                while b[at][1] != "(":
                    at += 1
                name = plain(b[i + 2:at])
                body, after = group(b, at)
                self.table(name, body, plain(upto_semicolon(b, after)))

    def table(self, name, body, options):
        words = {t[1] for t in body if t[0] == "word"}
        for bad in ("IDENTITY", "DEFAULT", "CHECK", "FOREIGN", "REFERENCES", "UNIQUE", "COMPUTED"):
            self.rule("no-" + bad.lower(), bad not in words, name)
        if self.d != "sqlserver":
            self.rule("no-primary-key", "PRIMARY" not in words, name)
        if self.d == "fabric":
            self.rule("fabric-varchar", "NVARCHAR" not in words and "COLLATE" not in words, name)
        if self.d == "synapse":
            target, heap = name == self.target, "WITH ( DISTRIBUTION = ROUND_ROBIN , HEAP )"
            hashes = ["WITH ( DISTRIBUTION = HASH ( %s ) , HEAP )" % ident(self.keys[0])] if target else [heap]
            self.rule("distribution", options in hashes, "%s: %s" % (name, options))
        else:
            self.rule("distribution", options == "", "%s: %s" % (name, options))
        if name == self.target:
            self.definitions(body)
        self.rule("qualified", "." in name or name.startswith("#"), name)

    def definitions(self, body):
        parts = [plain(p) for p in split(body)]
        if self.d == "sqlserver":
            self.rule("primary-key", parts.pop() == "PRIMARY KEY ( %s )" % " , ".join(ident(k) for k in self.keys), "")
        want = []
        for c in self.spec["columns"]:
            kind = c["type"]
            t = kind.upper() if kind.startswith("decimal") else TYPES[self.d][kind]
            if self.d == "sqlserver" and kind == "string" and c["key"]:
                t = "NVARCHAR(450)"
            t = re.sub(r"([(),])", r" \1 ", t).strip()
            if kind == "string" and self.d != "fabric":
                t += " COLLATE " + COLLATION[self.d]
            want.append(re.sub(" +", " ", "%s %s %s" % (ident(c["name"]), t, "NOT NULL" if c["required"] or c["key"] else "NULL")))
        self.rule("definition", parts == want, "%s is not %s" % (parts, want))

    def equalities(self, toks, rule):
        """toks: t.[k] = s.[k] AND ... for exactly the keys, strings with a collation on both sides."""
        want = []
        for k in self.keys:
            c = " COLLATE " + COLLATION[self.d] if k in self.text_keys else ""
            want.append("t . %s%s = s . %s%s" % (ident(k), c, ident(k), c))
        self.rule(rule, plain(toks) == " AND ".join(want), plain(toks))

    def merge(self):
        found = [(b, i) for b in self.batches for i in starts(b, "MERGE")]
        want = 1 if self.spec["upsert"] == "merge" else 0
        self.rule("merge-count", len(found) == want, str(len(found)))
        for b, i in found:
            self.one_merge(b, i)

    def one_merge(self, b, i):
        m = upto_semicolon(b, i)
        words = [t[1] for t in m if t[0] == "word"]
        for bad in ("OUTPUT", "TOP", "IDENTITY", "TABLOCK", "SOURCE", "DELETE", "SET @what", "IF", "COMMIT", "OPTION"):
            self.rule("merge-" + bad.lower().split()[0], bad not in words, plain(m)[-200:])
        self.rule("merge-hint", ("HOLDLOCK" in words) == (self.d == "sqlserver"), "")
        self.rule("merge-semicolon", i + len(m) < len(b) and words.count("SET") <= 1 and m[-1][1] == ")", plain(m)[-120:])
        using, on = starts(m, "USING")[0], starts(m, "ON")[0]
        self.rule("merge-source", m[using + 1][1] not in ("(", "VALUES"), "")
        whens = starts(m, "WHEN")
        self.rule("merge-clauses", len(whens) == (2 if self.rest else 1), str(len(whens)))
        self.equalities(m[on + 1:whens[0]], "merge-on")
        if self.rest and len(whens) == 2:
            matched = m[whens[0]:whens[1]]
            self.rule("merge-changed-only", plain(matched).startswith("WHEN MATCHED AND ( "), "")
            at = starts(matched, "UPDATE", "SET")
            self.rule("merge-update", len(at) == 1, "")
            if at:
                self.assignments(matched[at[0] + 2:])
        last = m[whens[-1]:]
        head = "WHEN NOT MATCHED THEN INSERT ( %s ) VALUES ( %s )" % (" , ".join(map(ident, self.columns)),
                                                                    " , ".join("s . " + ident(c) for c in self.columns))
        self.rule("merge-insert", plain(last) == head, plain(last))

    def assignments(self, toks):
        got = [plain(p) for p in split(toks)]
        want = ["%s = s . %s" % (ident(c), ident(c)) for c in self.rest]
        for k in self.keys:
            self.rule("key-not-set", not any(g.startswith(ident(k) + " =") for g in got), k)
        self.rule("set-all", got == want, "%s is not %s" % (got, want))

    def update_insert(self):
        if self.spec["upsert"] != "update":
            return
        updates = [upto_semicolon(b, i) for b in self.batches for i in starts(b, "UPDATE", "t", "SET")]
        self.rule("update-count", len(updates) == (1 if self.rest else 0), str(len(updates)))
        for u in updates:
            at = starts(u, "FROM")[0]
            self.assignments(u[3:at])
            on, where = starts(u, "ON")[0], starts(u, "WHERE")[0]
            self.equalities(u[on + 1:where], "update-on")
        inserts = [upto_semicolon(b, i) for b in self.batches for i in starts(b, "INSERT", "INTO") if plain(b[i + 2:i + 5]) == self.target]
        self.rule("insert-count", len(inserts) == 1, str(len(inserts)))
        for s in inserts:
            at = starts(s, "WHERE", "NOT", "EXISTS")
            self.rule("insert-new-only", len(at) == 1, plain(s))
            if at:
                inner, _ = group(s, at[0] + 3)
                self.equalities(inner[starts(inner, "WHERE")[0] + 1:], "insert-on")

    def inserts(self):
        for b in self.batches:
            for i in starts(b, "INSERT", "INTO"):
                s = upto_semicolon(b, i)
                rows = len([1 for p in starts(s, "UNION", "ALL")]) + 1
                if starts(s, "VALUES"):
                    self.rule("one-values-row", self.d == "sqlserver", plain(s)[:120])
                    rows = len(split(s[starts(s, "VALUES")[0] + 1:]))
                self.rule("rows-per-statement", rows <= 1000, str(rows))
                self.rule("strings-per-statement", sum(t[0] == "string" for t in s) < 20000, "")

    def copy(self):
        found = [(n, b) for n, b in enumerate(self.batches) if starts(b, "COPY", "INTO")]
        want = 1 if self.copied and self.d != "sqlserver" else 0
        self.rule("copy-count", len(found) == want, str(len(found)))
        for n, b in found:
            self.one_copy(n, b)

    def one_copy(self, n, b):
        self.rule("copy-alone", b[0][1] == "COPY" and len(starts(b, "COPY")) == 1, "")
        at = starts(b, "FROM")[0]
        lists = [i for i in range(at) if b[i][1] == "("]
        self.rule("copy-columns", lists and plain(group(b, lists[0])[0]) == " , ".join(map(ident, self.columns)), "")
        end = starts(b, "WITH")[0]
        got = [plain(p) for p in split(b[at + 1:end])]
        s = self.spec
        want = [literal("https://%s/%s/%s/%s" % (s["host"], s["container"], s["path"], f)) for f in s["files"]]
        self.rule("copy-files", got == want, "%s is not %s" % (got, want))
        for g in got:
            self.rule("copy-no-wildcard", not set("*?\\") & set(g), g)
        options, after = group(b, end + 1)
        pairs = dict((plain(p).split(" = ", 1) + [""])[:2] for p in split(options))
        self.rule("copy-options", set(pairs) <= {"FILE_TYPE", "CREDENTIAL"}, str(pairs))
        self.rule("copy-type", pairs.get("FILE_TYPE") == "'PARQUET'", str(pairs))
        credential = pairs.get("CREDENTIAL")
        self.rule("copy-credential", credential == (None if s["caller"] else "( IDENTITY = 'Managed Identity' )"), str(credential))
        self.rule("copy-dfs", s["caller"] or all(".dfs." in g for g in got), str(got))
        tail = plain(b[after:])
        self.rule("copy-end", tail == ("OPTION ( LABEL = N'acct-merge-sql' ) ;" if self.d == "synapse" else ";"), tail)

    def order(self):
        """Nothing changes the target before what is staged is proven, and no DDL happens in the transaction."""
        text = [plain(b) for b in self.batches]
        main = [n for n, t in enumerate(text) if "BEGIN TRANSACTION" in t]
        self.rule("one-transaction", len(main) == 1 and text[main[0]].count("BEGIN TRANSACTION") == 1, str(main))
        if len(main) != 1:
            return
        t = text[main[0]]
        begin, commit = t.index("BEGIN TRANSACTION"), t.find("COMMIT TRANSACTION")
        self.rule("commit", commit > begin, "")
        if commit < 0:
            return
        body = t[begin:commit]
        strings_out = re.sub(r"N?'(?:[^']|'')*'|\[(?:[^]]|\]\])*\]", "x", body)
        for word in DDL | {"EXEC"}:
            if word == "EXEC" and self.d == "sqlserver":
                continue
            self.rule("no-ddl-in-transaction", not re.search(r"\b%s\b" % word, strings_out), word)
        change = min([i for i in (body.find("MERGE INTO"), body.find("UPDATE t SET"), body.find("DELETE FROM"),
                                  body.find("INSERT INTO " + self.target)) if i >= 0] or [-1])
        self.rule("duplicate-guard", 0 <= t.find("THROW 50001") < begin and "HAVING COUNT_BIG ( * ) > 1" in t[:begin], "")
        self.rule("count-guard", 0 <= body.find("THROW 50002") < change, "")
        self.rule("proof-keys", body.rfind("THROW 50003") > change, "")
        self.rule("proof-rows", body.rfind("THROW 50004") > change, "")
        self.rule("mark-last", not self.spec["marked"] or body.rfind("[acct_load]") > body.rfind("THROW 50004"), "")
        self.rule("mark-guard", not self.spec["marked"] or 0 <= body.find("THROW 50006") < change, "")
        catch = t[commit:]
        self.rule("rollback-first", "BEGIN CATCH IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION ; THROW ; END CATCH" in catch, catch[:200])
        whole = " ".join(text)
        self.rule("statistics", whole.find("UPDATE STATISTICS " + self.target, whole.index("COMMIT TRANSACTION")) > 0, "")
        if self.copied and self.d == "synapse":
            self.rule("stage-statistics", "CREATE STATISTICS" in whole[:whole.index("BEGIN TRANSACTION")], "")
        self.checks(whole)

    def checks(self, whole):
        begin = whole.index("COPY INTO" if "COPY INTO" in whole else "BEGIN TRANSACTION" if self.copied else "COMMIT")
        self.rule("type-check", 0 <= whole.find("THROW 50005") < begin, "")
        if self.d == "synapse":
            pdw = whole.find("sys . pdw_table_distribution_properties")
            merging = self.spec["upsert"] == "merge"
            self.rule("distribution-check", (0 <= pdw < begin) == merging, "")
            for view in ("sys . identity_columns", "@@VERSION", "sys . indexes"):
                self.rule("merge-check", (view in whole) == merging, view)

    def load(self):
        if not self.copied:
            self.rule("one-batch", len(self.batches) == 1, str(len(self.batches)))
        self.tables()
        self.merge()
        self.update_insert()
        self.inserts()
        self.copy()
        self.order()

    # ---- the other scripts ----

    def validate(self):
        for b in self.batches:
            t = plain(b)
            self.rule("one-select", t.startswith("SELECT ") and t.endswith(" ;") and t.count(" ;") == 1, t[:80])
            self.rule("only-on-failure", " HAVING " in t or " WHERE NOT EXISTS " in t, t[:80])

    def view(self):
        t = plain(self.batches[-1])
        s = self.spec
        self.rule("view-alone", t.startswith("CREATE OR ALTER VIEW " + self.target), t[:80])
        self.rule("view-delta", "BULK %s , FORMAT = 'DELTA' )" % literal("https://%s/%s/%s" % (s["host"], s["container"], s["path"])) in t, t)
        texts = sum(c["type"] == "string" for c in s["columns"])
        self.rule("view-utf8", t.count("COLLATE Latin1_General_100_BIN2_UTF8") == texts and "NVARCHAR" not in t, t)

    def external(self):
        text = [plain(b) for b in self.batches]
        s = self.spec
        source = [t for t in text if "CREATE EXTERNAL DATA SOURCE" in t]
        self.rule("source", len(source) == 1, str(len(source)))
        scheme = "abfss" if self.d == "synapse" else "adls"
        self.rule("source-place", "LOCATION = '%s://%s@%s'" % (scheme, s["container"], s["host"]) in source[0], source[0])
        self.rule("source-hadoop", ("TYPE = HADOOP" in source[0]) == (self.d == "synapse"), source[0])
        got = [m for t in text for m in re.findall(r"LOCATION = ('/[^']*(?:''[^']*)*')", t)]
        self.rule("external-files", got == [literal("/%s/%s" % (s["path"], f)) for f in s["files"]], str(got))
        for t in text:
            if "CREATE EXTERNAL TABLE" in t:
                self.rule("external-plain", "COLLATE" not in t and "DEFAULT" not in t, t)


def check(text, spec):
    s = Script(text, spec)
    s.common()
    getattr(s, spec["kind"])()
    return s.broken
