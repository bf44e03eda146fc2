"""Drafts of schemas against files whose contents are known: draft.py ROUNDS SEED, in a folder of its own.

Each round writes a CSV file from random columns of known types, drafts its schema, and compares types, delimiter, nulls and key
with what the file was made of. Then acct-ingest and acct-clean must take every row by the draft as it is."""

import datetime
import random
import re
import subprocess
import sys

DATES = ["%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d", "%Y.%m.%d", "%d-%b-%Y", "%Y%m%d"]
NULLS = ["NULL", "null", "N/A", "n/a", "\\N"]


def text(rng):
    words = ["Ann", "Křižík", "O'Neil", "5\" pipe", "a;b", "x,y", "tab\there", "Main St. 5", "|"]
    return " ".join(rng.choice(words) for _ in range(rng.randint(1, 3))) + rng.choice("abcdef") * rng.randint(1, 9)


def day(rng, form):
    return (datetime.date(1990, 1, 1) + datetime.timedelta(rng.randrange(12000))).strftime(form)


KINDS = {
    "int64": lambda rng, x: str(rng.randrange(-10 ** x["digits"], 10 ** x["digits"])),
    "decimal": lambda rng, x: "%s%d.%s" % (rng.choice(["", "-"]), rng.randrange(10 ** x["digits"]),
                                          "".join(rng.choice("0123456789") for _ in range(x["scale"]))),
    "date": lambda rng, x: day(rng, x["format"]),
    "bool": lambda rng, x: rng.choice(["true", "false"]),
    "timestamp": lambda rng, x: day(rng, "%Y-%m-%d") + rng.choice("T ") + "%02d:%02d:%02d" % (rng.randrange(24), rng.randrange(60), rng.randrange(60)),
    "zeros": lambda rng, x: "0%06d" % rng.randrange(10 ** 6),
    "string": lambda rng, x: text(rng),
}


def write(rng, rows, names, header, delimiter):
    def field(value):
        if value is not None and (rng.random() < 0.1 or any(c in value for c in '"\n' + delimiter) or value != value.strip()):
            return '"' + value.replace('"', '""') + '"'
        return value or ""

    end = rng.choice(["\n", "\r\n"])
    lines = ([delimiter.join(field(n) for n in names)] if header else []) + [delimiter.join(field(v) for v in row) for row in rows]
    with open("file.csv", "w", encoding="utf-8", newline="") as f:
        f.write(end.join(lines) + rng.choice(["", end]))


def one(rng):
    delimiter, header = rng.choice(",;\t|"), rng.random() < 0.8
    n = rng.randint(30, 300)
    columns = []
    for i in range(rng.randint(2, 8)):
        kind = rng.choice(list(KINDS))
        x = {"kind": kind, "digits": rng.randint(1, 9), "scale": rng.randint(1, 6), "format": rng.choice(DATES),
             "nulls": rng.choice([0, 0, 0.2]), "word": rng.choice(NULLS) if rng.random() < 0.3 else None}
        x["name"] = rng.choice(["plain%d", "with blank %d", "Größe%d", "a.b%d"]) % i if header else "column_%d" % (i + 2)
        columns.append(x)
    rows = []
    for r in range(n):
        row = [str(1000 + r)]
        for x in columns:
            row.append((x["word"] if rng.random() < 0.5 else None) if rng.random() < x["nulls"] else KINDS[x["kind"]](rng, x))
        rows.append(row)
    for i, x in enumerate(columns):         # a column without a null word among its values declares none
        x["word"] = x["word"] if x["nulls"] and any(row[i + 1] == x["word"] for row in rows) else None
    write(rng, rows, ["file_id"] + [x["name"] for x in columns], header, delimiter)
    return rows, columns, delimiter, header


def yaml_word(text):
    return text[1:-1].replace('\\"', '"').replace("\\\\", "\\") if text.startswith('"') else text


def check(rng):
    rows, columns, delimiter, header = one(rng)
    draft = subprocess.run(["acct-schema", "file.csv"], stdout=subprocess.PIPE, check=True).stdout.decode()
    with open("file.yaml", "w", encoding="utf-8") as f:
        f.write(draft)
    names = [yaml_word(w) for w in re.findall(r"(?m)^  - name: (.*)$", draft)]
    types = re.findall(r"(?m)^    type: (\S+)", draft)
    if names != (["file_id"] if header else ["column_1"]) + [x["name"] for x in columns]:
        return "names %r" % names
    if ("header: no" in draft) == header:
        return "header"
    given = re.search(r'(?m)^delimiter: "(.*)"$', draft)
    if (given.group(1).replace("\\t", "\t") if given else ",") != delimiter:
        return "delimiter %r" % delimiter
    if types[0] != "int64" or not re.search(r"(?m)^  - name: \S+\n    type: int64.*\n    key: yes", draft):
        return "key"
    for i, (x, got) in enumerate(zip(columns, types[1:])):
        values = [row[i + 1] for row in rows if row[i + 1] not in (None, x["word"])]
        want = {"zeros": "string", "decimal": "decimal(%d,%d)" % (max(18, max(len(v.lstrip("-").split(".")[0]) for v in values) + x["scale"]), x["scale"])
                if x["kind"] == "decimal" else ""}.get(x["kind"], x["kind"])
        if got != want:
            return "column %s: %s, not %s" % (x["name"], got, want)
        if x["word"] and '"%s"' % x["word"].replace("\\", "\\\\") not in draft:
            return "null word %s" % x["word"]
        if x["kind"] == "date" and x["format"] != DATES[0] and 'format: "%s"' % x["format"] not in draft:
            return "format %s" % x["format"]
    raw = subprocess.run(["acct-ingest", "-s", "file.yaml", "file.csv"], stdout=subprocess.PIPE, check=True).stdout
    said = subprocess.run(["acct-clean", "-v", "-s", "file.yaml", "-r", "rejects", "-o", "clean"], input=raw, stderr=subprocess.PIPE, check=True).stderr.decode()
    if "%d read, %d clean, 0 rejected" % (len(rows), len(rows)) not in said:
        return said
    return None


rounds, seed = int(sys.argv[1]), int(sys.argv[2])
for k in range(rounds):
    wrong = check(random.Random("%d.%d" % (seed, k)))
    if wrong:
        sys.exit("seed %d, round %d: %s; see file.csv, file.yaml" % (seed, k, wrong))
print("%d drafts" % rounds)
