"""Random rejects that are mended and fed in again: with corrected values they are the rows that were never wrong.

mended.py SEED COUNT: runs acct-ingest, acct-clean and acct-cat on COUNT random files and schemas in the current folder.
"""
import csv
import io
import random
import subprocess
import sys

WORDS = ["Žofie", "a;b", "c,d", 'say "x"', "é", " padded ", "#5", "", "Total", "tab\there", "'q'"]


def run(command, stdin=None):
    done = subprocess.run(["bash", "-c", "set -o pipefail\n" + command], input=stdin, capture_output=True)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stderr.decode()}")
    return done.stdout


def line(fields, delimiter, quote, end="\n"):
    if not quote:
        return delimiter.join(fields) + end
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quotechar=quote, lineterminator=end).writerow(fields)
    return out.getvalue()


def make_schema(rng):
    s = {"delimiter": rng.choice([",", ";", "\t", "|"]), "quote": rng.choice(['"', '"', "'", ""])}
    s["encoding"] = rng.choice(["utf-8", "utf-8", "windows-1250", "utf-16le", "auto"])
    s["header"] = rng.choice(["yes", "yes", "no", "4"])
    s["footer"] = rng.choice(["", "2", "Total.*"])
    s["comment"] = rng.choice(["", "#"])
    s["empty"] = rng.choice(["null", "keep"])
    names = ["id", "n", "text", "Day", "Note"]
    s["order"] = names if s["header"] == "no" else rng.sample(names, 5)
    text = f"""name: t
delimiter: "{s['delimiter'] if s['delimiter'] != chr(9) else chr(92) + 't'}"
quote: {'"' + s['quote'] + '"' if s['quote'] != '"' else "'" + '"' + "'"}
encoding: {s['encoding']}
header: {s['header']}
empty: {s['empty']}
columns:
  - {{name: id, type: int64, key: yes}}
  - {{name: n, type: "decimal(9,2)", decimal_char: ","}}
  - {{name: twice, type: "decimal(12,2)", compute: n * 2}}
  - {{name: text, type: string}}
  - {{name: day, source: [Day, day], type: date, format: "%d.%m.%Y", required: yes}}
  - {{name: note, source: Note, type: string, max_length: 12}}
"""
    text += f"footer: {s['footer']}\n" if s["footer"] else ""
    text += f"comment: '{s['comment']}'\n" if s["comment"] else ""
    return s, text


def make_row(rng, s, number):
    def word():
        w = rng.choice(WORDS)
        return w if s["quote"] or not any(c in w for c in s["delimiter"] + '"\t') else "plain"
    n = rng.choice(["1.5", "1.50", "0", "-3.25", ""]).replace(".", ",")
    if not s["quote"] and s["delimiter"] == ",":
        n = n.split(",")[0]
    return {"id": str(number), "n": n, "text": word(), "Day": "05.01.2024", "Note": word()}


def spoil(rng, row):
    """Makes one value wrong; returns the row, and the wrong and the right text."""
    column, wrong = rng.choice([("n", "WRONGn"), ("Day", "WRONGd"), ("Note", "WRONG-and-too-long"), ("id", "WRONGi")])
    return {**row, column: wrong}, (column, wrong, row[column])


def put_file(rng, s, rows, name):
    rows = [[r[c] for c in s["order"]] for r in rows]
    text = ""
    if s["header"] == "4":
        text += "Bank\nNo quotes here; and no row\n\n"
    if s["header"] != "no":
        text += line(s["order"], s["delimiter"], s["quote"])
    for r in rows:
        one = line(r, s["delimiter"], s["quote"])
        if s["comment"] and one.startswith("#"):
            one = line(["0" + r[0][1:]] + r[1:], s["delimiter"], s["quote"])
        if s["comment"] and rng.random() < 0.2:
            text += "# a remark\n"
        text += one
    if s["footer"]:
        text += "Total: 5\nthe end\n"
    code = "utf-8-sig" if s["encoding"] == "auto" else s["encoding"]
    with open(name, "wb") as f:
        f.write(text.encode(code))


def check(rng, number):
    s, schema = make_schema(rng)
    s["order"] = s["order"] if s["order"][0] not in ("text", "Note") else ["id"] + [c for c in s["order"] if c != "id"]
    if s["header"] == "no":
        s["order"] = ["id", "n", "text", "Day", "Note"]
    with open("s.yaml", "w") as f:
        f.write(schema)
    right = [make_row(rng, s, i) for i in range(1, rng.randrange(2, 30))]
    mixed, mends = [], []
    for row in right:
        if rng.random() < 0.5:
            row, mend = spoil(rng, row)
            mends.append(mend)
        mixed.append(row)
    put_file(rng, s, right, "right.csv")
    put_file(rng, s, mixed, "mixed.csv")
    run("acct-ingest -s s.yaml right.csv | acct-clean -s s.yaml -r none -o right.acct")
    run("acct-ingest -s s.yaml mixed.csv | acct-clean -s s.yaml -r rejects -o good.acct")
    run("acct-cat -f raw rejects >raw.csv")
    again = "acct-ingest --mended -s s.yaml {} | acct-clean -s s.yaml -r {} -o {}"
    run(again.format("raw.csv", "rejects2", "empty.acct"))
    same = "acct-cat -f tsv -c reason,column,value,raw {}"
    if run(same.format("rejects")) != run(same.format("rejects2")):
        sys.exit(f"file {number}: rejects fed in again are others:\n{schema}")
    lines = open("raw.csv", encoding="utf-8", newline="").read()
    if len(mends) > 0:
        if lines.split("\n")[0] != line(["id", "n", "text", "Day", "Note"], s["delimiter"], s["quote"], ""):
            sys.exit(f"file {number}: line of names: {lines}")
        for _, wrong, value in mends:
            field = line(["x", value], s["delimiter"], s["quote"], "")[2:]
            lines = lines.replace(wrong, field, 1)
    with open("mended.csv", "w", encoding="utf-8", newline="") as f:
        f.write(lines)
    run(again.format("mended.csv", "rejects3", "mended.acct"))
    rows = "acct-cat -f tsv {} | sort -n"
    if run(rows.format("right.acct")) != run("{ acct-cat -f tsv good.acct; acct-cat -f tsv mended.acct | tail -n +2; } | sort -n"):
        sys.exit(f"file {number}: mended rows are others:\n{schema}")


def main():
    rng = random.Random(int(sys.argv[1]))
    for number in range(int(sys.argv[2])):
        check(rng, number)


main()
