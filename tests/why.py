#!/usr/bin/env python3
"""acct-why against Python's csv: a lake of files that grow, change, are compressed or encoded, and random keys of it.

python3 why.py PROGRAMS KEYS SEED"""
import csv, decimal, gzip, hashlib, io, os, random, subprocess, sys, tempfile

SCHEMAS = {
    "owners": "name: owners\nfile: owners.csv\nencoding: cp1252\ncolumns:\n"
              "  - {name: owner, type: int64, key: yes}\n  - {name: name, type: string}\n",
    "things": "name: things\nfile: things.csv\ncolumns:\n"
              "  - {name: thing, type: string, key: yes}\n"
              "  - {name: owner, type: int64, references: owners.owner}\n  - {name: note, type: string}\n",
    "parts": "name: parts\nfile: parts.csv\ncolumns:\n"
             "  - {name: part, type: int64, key: yes}\n  - {name: of, type: string, references: things.thing}\n"
             "  - {name: amount, type: 'decimal(9,2)'}\n",
}
SCRIPT = """#: from owners things parts
#: key owner
#: by owner
acct-read -c thing,owner "$LAKE/silver/things" | {
	acct-read -c of,amount "$LAKE/silver/parts" </dev/null 3<&- | acct-select -c thing=of,amount |
		acct-join -k thing /dev/fd/3 | acct-balance -k owner 'sum=sum(amount)' 'n=count()' 3<&-
} 3<&0 | {
	acct-read "$LAKE/silver/owners" </dev/null 3<&- | acct-join -j left -k owner -t totals /dev/fd/3
} 3<&0
"""
r = random.Random(int(sys.argv[3]))
os.environ["PATH"] = sys.argv[1] + ":" + os.environ["PATH"]
folder = tempfile.mkdtemp(dir=".")
os.chdir(folder)


def run(*words, status=0, **more):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    if done.returncode != status:
        raise SystemExit("%s: status %d: %s" % (" ".join(words), done.returncode, done.stderr.decode()))
    return done.stdout


def shell(command):
    return run("bash", "-e", "-o", "pipefail", "-c", command)


# ---- the files ----

def text():
    return "".join(r.choice(['a', 'b c', '"', ',', '\n', '\r\n', 'é', '\\', '\t.']) for _ in range(r.randrange(4)))


def row(table, i):
    if table == "owners":
        return [i, text()]
    if table == "things":
        return ["t%d" % i, r.randrange(1, 40), text()]
    return [i, "t%d" % r.randrange(60), "%d.%02d" % divmod(r.randrange(-9999, 99999), 100)]


def as_csv(table, rows):
    out = io.StringIO()
    w = csv.writer(out, lineterminator=r.choice(["\n", "\r\n"]))
    w.writerows(rows)
    return out.getvalue()


HEADS = {"owners": ["owner", "name"], "things": ["thing", "owner", "note"], "parts": ["part", "of", "amount"]}
rows = {t: [row(t, i) for i in range(30)] for t in HEADS}
files = {t: as_csv(t, [HEADS[t]] + rows[t]).rstrip("\r\n") for t in HEADS}      # the last line is not finished
versions = {}                                                                   # by SHA-256: text


def put(table, packed):
    data = files[table].encode("cp1252" if table == "owners" else "utf-8")
    data = gzip.compress(data) if packed else data
    for name in (table + ".csv", table + ".csv.gz"):
        if os.path.exists("in/" + name):
            os.remove("in/" + name)
    with open("in/%s.csv%s" % (table, ".gz" if packed else ""), "wb") as f:
        f.write(data)
    versions[hashlib.sha256(data).hexdigest()] = files[table]


def grow(table):
    more = [row(table, len(rows[table]) + i) for i in range(r.randrange(1, 20))]
    rows[table] += more
    files[table] += "\n" + as_csv(table, more)
    if r.random() < 0.5:
        files[table] = files[table].rstrip("\r\n")


def change(table):
    for i in r.sample(range(len(rows[table])), 3):
        rows[table][i] = row(table, int(str(rows[table][i][0]).lstrip("t")))
    files[table] = as_csv(table, [HEADS[table]] + rows[table])


# ---- the lake ----

def deliver():
    """Takes the files into the lake: the ledger, bronze, and silver by merge."""
    sources = ["%s=%s.csv" % (t, t) for t in sorted(HEADS)]
    before = ["-i", "ledger"] if os.path.exists("ledger") else []
    run("acct-ledger", *before, "-o", "new", "--take", "take", "--pieces", "pieces", "in", *sources)
    shell("cp -r take/. lake/bronze/; acct-write -i new lake/bronze/_ledger; acct-read -o ledger lake/bronze/_ledger")
    for t in sorted(HEADS):
        pieces = shell("grep '^%s\t' pieces | cut -f 4" % t).decode().split()
        number = shell("acct-select -w \"table = '%s'\" -c delivery ledger | acct-cat | tail -n 1" % t).decode().strip()
        shell("(cd lake/bronze && acct-ingest -s ../../job/sources/%s.yaml --pieces %s) | acct-clean -s job/sources/%s.yaml -r rejects "
              "--delivery %s | acct-merge --delete-absent --hidden _delivery,_line lake/silver/%s" % (t, " ".join(pieces), t, number, t))
    shell("LAKE=lake sh job/gold/totals.sh | acct-write -m overwrite --replace-schema lake/gold/totals")


os.makedirs("job/sources"), os.makedirs("job/gold"), os.makedirs("in"), os.makedirs("lake/bronze"), os.makedirs("take")
for t in HEADS:
    open("job/sources/%s.yaml" % t, "w").write(SCHEMAS[t])
open("job/gold/totals.sh", "w").write(SCRIPT)
for day in range(3):
    for t in HEADS:
        if day > 0:
            (change if r.random() < 0.3 else grow)(t)
        put(t, r.random() < 0.2)
    deliver()


# ---- the answers ----

def record_at(content, line):
    """The record that begins on a line, and its text."""
    lines = content.split("\n")
    for n in range(1, len(lines) - line + 2):
        part = "\n".join(lines[line - 1:line - 1 + n])
        if part.count('"') % 2 == 0:
            return next(csv.reader(io.StringIO(part.rstrip("\r") + "\n", newline=""))), part.rstrip("\r")


def unescape(t):
    out, i = "", 0
    while i < len(t):
        if t[i] == "\\":
            out += {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}[t[i + 1]]
            i += 1
        else:
            out += t[i]
        i += 1
    return out


def check(place, key, expected):
    found = {t: [] for t in HEADS}
    for line in run("acct-why", "-j", "job", "--lines", "lake/" + place, key).decode().split("\n")[:-1]:
        table, name, sha, number, shown = line.split("\t")
        record, whole = record_at(versions[sha], int(number))
        if unescape(shown) != whole:
            raise SystemExit("%s %s: line %s of %s is %r, not %r" % (place, key, number, name, whole, shown))
        found[table.split("/")[1]].append(record)
    for t in HEADS:
        want = sorted([str(f) for f in row] for row in expected.get(t, []))
        if sorted(found[t]) != want:
            raise SystemExit("%s %s: %s are %r, not %r" % (place, key, t, found[t], want))


for _ in range(int(sys.argv[2])):
    owner = r.choice(rows["owners"])[0]
    things = [t for t in rows["things"] if t[1] == owner]
    names = {t[0] for t in things}
    check("gold/totals", "owner=%d" % owner, {"owners": [o for o in rows["owners"] if o[0] == owner], "things": things,
                                              "parts": [p for p in rows["parts"] if p[1] in names]})
    for table in HEADS:
        one = r.choice(rows[table])
        check("silver/" + table, "%s=%s" % (HEADS[table][0], one[0]), {table: [one]})
print(int(sys.argv[2]), "keys")
