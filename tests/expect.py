"""Random limits and figures: acct-clean --expect must pass exactly those that fractions pass. expect.py CASES SEED"""
import json
import random
import subprocess
import sys
from fractions import Fraction

rng = random.Random(int(sys.argv[2]))


def percent(near):
    """A percentage as text: anything, or one at, just below or just above a fraction."""
    if near is not None and near < 10 ** 6 and rng.random() < 0.7:
        n = int(near * 100 * 10 ** 9) + rng.choice([-1, 0, 0, 1])
    else:
        n = rng.randrange(10 ** rng.randrange(1, 14))
    n = max(n, 0)
    text = "%d.%09d" % divmod(n, 10 ** 9)
    if rng.random() < 0.5:
        text = text.rstrip("0").rstrip(".")
    return text + "%", Fraction(n, 10 ** 11)


def decimal(digits, scale):
    n = rng.randrange(10 ** rng.randrange(1, digits + 1)) * rng.choice([1, 1, -1])
    return n


def text(n, scale):
    sign, n = "-" if n < 0 else "", abs(n)
    whole, part = divmod(n, 10 ** scale)
    return sign + str(whole) + (".%0*d" % (scale, part) if scale else "")


def change(old, new):
    return None if old == 0 else abs(Fraction(new) - old) / abs(old)


def passes(old, new, limit):
    return abs(Fraction(new) - old) > limit * abs(old)


def case():
    precision = rng.choice([2, 9, 18, 19, 38])
    scale = rng.randrange(precision + 1)
    rows = rng.randrange(0, 6)
    values = [decimal(precision, scale) for _ in range(rows)]
    bad = rng.randrange(0, 6)
    total = sum(values)
    old_scale = rng.choice([scale, rng.randrange(39)])
    old = total * 10 ** max(old_scale - scale, 0) // 10 ** max(scale - old_scale, 0) if rng.random() < 0.3 else decimal(57, old_scale)
    old += rng.choice([0, 0, 1, -1])
    old_rows, had = rng.randrange(0, 8), rng.random() < 0.5
    with_last = rng.random() < 0.8
    limits, expected = {}, set()
    new_sum, old_sum = Fraction(total, 10 ** scale), Fraction(old, 10 ** old_scale)
    if rng.random() < 0.7:
        limits["rejected"], n = percent(Fraction(bad, rows + bad) if rows + bad else None)
        if n > 1:
            limits["rejected"], n = "100%", Fraction(1)
    else:
        n = Fraction(1, 2)
    if bad > n * (rows + bad):
        expected.add("rejected")
    least = rng.randrange(4)
    if rng.random() < 0.5:
        limits["rows"] = least
    else:
        least = 1 if with_last and (had or old_rows) else 0
    if rows < least:
        expected.add("rows")
    if rng.random() < 0.7:
        limits["rows_change"], n = percent(change(old_rows, rows))
        if with_last and passes(old_rows, rows, n):
            expected.add("rows_change")
    if rng.random() < 0.8:
        limit, n = percent(change(old_sum, new_sum))
        limits["sum_change"] = {"amount": limit}
        if with_last and passes(old_sum, new_sum, n):
            expected.add("sum_change")
    words = ", ".join("%s: %s" % (k, "{amount: %s}" % v["amount"] if k == "sum_change" else v) for k, v in limits.items())
    with open("r.yaml", "w") as f:
        f.write("name: r\nexpect: {%s}\ncolumns:\n- {name: id, type: int64, key: yes}\n- {name: amount, type: 'decimal(%d,%d)', required: yes}\n" %
                (words, precision, scale))
    with open("r.csv", "w") as f:
        f.write("id,amount\n" + "".join("%d,%s\n" % (i, text(v, scale)) for i, v in enumerate(values)) + "x,1\n" * bad)
    with open("last.json", "w") as f:
        json.dump({"table": "r", "clean": old_rows, "had_rows": had, "amounts": {"amount": {"clean": text(old, old_scale)}}}, f)
    got = subprocess.run("acct-ingest -s r.yaml r.csv | acct-clean -s r.yaml -r rej --stats stats.json --expect %s >out" %
                         ("--last last.json" if with_last else ""), shell=True, stderr=subprocess.PIPE)
    said = {line.split(": ")[2] for line in got.stderr.decode().splitlines()}
    assert (got.returncode, said) == (1 if expected else 0, expected), (got.returncode, got.stderr, expected, words, total, old, old_rows, rows)
    with open("stats.json") as f:
        stats = json.load(f)
    assert stats["amounts"]["amount"]["clean"] == text(total, scale), (stats, total, scale)
    return bool(expected)


passed = sum(case() for _ in range(int(sys.argv[1])))
print("%s cases, %d of them past a limit" % (sys.argv[1], passed))
