"""flips.py LAKE N SEED: flips single bits of a lake's files, one at a time, and asks what becomes of its rows.

Before anything is damaged every table and export is read in thirteen ways: whole, by columns, by ten predicates. Then, for each flip:
acct-read never gives other rows with status 0; and where any reading is another than before, or a file of bronze was hit, acct-check
finds it and names what was hit. Half of the flips fall on any byte of the lake alike, half on any file alike.
gold.db and runs are left out: acct-read gives nothing of them.
Where pyarrow can be had, the rows that the flips are held against are those that it reads from the same files.
"""
import collections
import decimal
import json
import os
import random
import subprocess
import sys


def run(*words):
    r = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True)
    return r.returncode, r.stdout, r.stderr.decode(errors="replace")


def all_files(lake):
    """(path below the lake) of what may be flipped, empty files left out."""
    found = []
    for top in "bronze", "silver", "gold":
        for folder, _, names in os.walk(os.path.join(lake, top)):
            found += [os.path.relpath(os.path.join(folder, n), lake) for n in names if n != "gold.db"]
    return sorted(f for f in found if os.path.getsize(os.path.join(lake, f)) > 0)


def thing_of(path):
    """What acct-check --names calls the thing a file belongs to; None for a list, which names itself."""
    parts = path.split("/")
    if parts[0] == "bronze":
        return "/".join(parts[:2]) if parts[1] == "_ledger" else path
    if parts[1] in ("_rejects", "_export"):
        return "/".join(parts[:3])
    return "/".join(parts[:2])


def literal(text, kind):
    if kind.startswith(("int", "decimal", "float", "bool")):
        return text
    return "'" + text.replace("'", "''") + "'"


def columns_of(place):
    status, out, err = run("acct-read", place)
    assert status == 0, err
    head = out.split(b"\n", 1)[0].decode().split()
    words = [w for w in head[3:] if not w.startswith("@")]
    r = subprocess.run(["acct-cat", "-f", "tsv"], input=out, capture_output=True, check=True)
    rows = [line.split("\t") for line in r.stdout.decode().split("\n")[1:-1]]
    return [(w.split(":")[0], w.split(":")[1].rstrip("*!")) for w in words], rows


def predicates(rng, place, n):
    """Predicates over a table's columns with values that it holds."""
    columns, rows = columns_of(place)
    made = []
    while len(made) < n:
        c = rng.randrange(len(columns))
        name, kind = columns[c]
        values = [r[c] for r in rows if r[c] not in ("", "\\N") and "\\" not in r[c]]
        if not values or rng.random() < 0.1:
            made.append(f"{name} is {rng.choice(['', 'not '])}null")
            continue
        a, b = (literal(rng.choice(values), kind) for _ in range(2))
        made.append(rng.choice([f"{name} = {a}", f"{name} < {a}", f"{name} >= {a}", f"{name} <> {a}", f"{name} in ({a}, {b})",
                                f"{name} > {a} or {name} < {b}", f"{name} >= {a} and {name} <= {b}"]))
    return made


def readings(rng, place):
    columns, _ = columns_of(place)
    names = [c for c, _ in columns]
    some = rng.sample(names, rng.randint(1, len(names)))
    ways = [[], ["-c", ",".join(some)], ["-c", names[-1]]]
    return ways + [["-w", p] for p in predicates(rng, place, 10)]


def places_of(lake):
    """thing -> folder of every table and export."""
    found = {}
    for top in "bronze", "silver", "gold":
        for folder, inner, names in os.walk(os.path.join(lake, top)):
            if "_delta_log" in inner or "manifest.json" in names:
                found[os.path.relpath(folder, lake)] = folder
                inner.clear()
    return found


def files_of(thing, place):
    """The Parquet files of a table's newest version, or of an export."""
    if thing.startswith("gold/_export/"):
        return [os.path.join(place, n) for n in sorted(os.listdir(place)) if n.endswith(".parquet")]
    status, out, err = run("acct-log", "--files", place)
    assert status == 0, err
    return [os.path.join(place, line.split()[-1]) for line in out.decode().splitlines()]


def compare_with_pyarrow(places):
    """Each table's rows as acct-read gives them are those in its files, by a reader that shares nothing with ours."""
    try:
        from pyarrow import parquet
    except ImportError:
        return "pyarrow is not there"
    n = 0
    for thing, place in places.items():
        if thing.startswith("bronze/"):
            continue            # its times are not written alike
        names = [name for name, _ in columns_of(place)[0]]      # without hidden ones
        want = [row for f in files_of(thing, place) for row in parquet.read_table(f, columns=names).to_pylist()]
        out = subprocess.run(["acct-read", place], capture_output=True, check=True).stdout
        text = subprocess.run(["acct-cat", "-f", "json"], input=out, capture_output=True, check=True).stdout.decode()
        got = [json.loads(line, parse_float=decimal.Decimal) for line in text.splitlines()]
        show = [{k: str(v) if hasattr(v, "isoformat") else v for k, v in row.items()} for row in want]
        assert got == show, f"{thing}: acct-read and pyarrow differ"
        n += len(got)
    return f"pyarrow reads the same {n} rows"


class Lake:
    def __init__(self, path, rng):
        self.path = path
        self.files = all_files(path)
        self.sizes = [os.path.getsize(os.path.join(path, f)) for f in self.files]
        self.places = places_of(path)
        self.ways = {t: readings(rng, p) for t, p in sorted(self.places.items())}
        self.before = {t: [self.read(t, w) for w in ways] for t, ways in self.ways.items()}
        for thing, got in self.before.items():
            for way, (status, _, err) in zip(self.ways[thing], got):
                assert status == 0, f"{thing} {way}: {err}"
        self.links = collections.defaultdict(set)       # a file's things, under all its names
        for f in self.files:
            self.links[os.stat(os.path.join(path, f)).st_ino].add(thing_of(f))

    def read(self, thing, way):
        return run("acct-read", *way, self.places[thing])

    def choose(self, rng):
        if rng.random() < 0.5:
            f = rng.choices(self.files, self.sizes)[0]
        else:
            f = rng.choice(self.files)
        return f, rng.randrange(8 * os.path.getsize(os.path.join(self.path, f)))


def flip(path, bit):
    mode = os.stat(path).st_mode
    os.chmod(path, mode | 0o200)
    with open(path, "r+b") as f:
        f.seek(bit // 8)
        byte = f.read(1)[0]
        f.seek(bit // 8)
        f.write(bytes([byte ^ 1 << bit % 8]))
    os.chmod(path, mode)


def look(lake, f, counts):
    """Everything that is wrong with how the damage in file f is dealt with."""
    wrong = []
    things = lake.links[os.stat(os.path.join(lake.path, f)).st_ino]
    changed = {t for t in things if t.startswith("bronze/") and t not in lake.places}
    for thing in things & set(lake.places):
        for way, before in zip(lake.ways[thing], lake.before[thing]):
            status, out, err = lake.read(thing, way)
            if status == 0 and out != before[1]:
                wrong.append(f"acct-read {' '.join(way)} {thing}: other rows with status 0")
            if status not in (0, 65, 66, 69, 74):
                wrong.append(f"acct-read {' '.join(way)} {thing}: status {status}: {err}")
            if (status, out) != (0, before[1]):
                changed.add(thing)
    status, out, err = run("acct-check", "--names", lake.path)
    named = out.decode(errors="replace").split("\n")
    if status not in (0, 1):
        wrong.append(f"acct-check: status {status}: {err}")
    if changed and status == 0:
        wrong.append("acct-check finds nothing")
    if changed - set(named):
        wrong.append(f"acct-check does not name {changed - set(named)}: {err}")
    counts["changed" if changed else "harmless, found" if status else "harmless, not found"] += 1
    return wrong


def main():
    lake_path, n, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    print(compare_with_pyarrow(places_of(lake_path)))
    lake = Lake(lake_path, rng)
    status, _, err = run("acct-check", lake_path)
    assert status == 0, f"acct-check finds damage where there is none: {err}"
    counts = collections.Counter()
    failed = 0
    for _ in range(n):
        f, bit = lake.choose(rng)
        path = os.path.join(lake_path, f)
        flip(path, bit)
        wrong = look(lake, f, counts)
        flip(path, bit)
        for w in wrong:
            failed += 1
            print(f"{f}, byte {bit // 8}, bit {bit % 8}: {w}", file=sys.stderr)
    status, _, err = run("acct-check", lake_path)
    assert status == 0, err
    print(f"seed {seed}: {n} flips:", ", ".join(f"{k} {v}" for k, v in sorted(counts.items())))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
