"""A model of the words that change values: writes a schema, rows and what acct-clean must make of them.

words.py make SEED SCHEMA CSV EXPECTED
"""
import random
import re
import sys

SCHEMA = """name: t
nulls: [NULL]
columns:
  - {name: id, type: int64, key: yes}
  - {name: side, type: string, nulls: [-], replace: {"[.]+$": "", "  +": " "}, case: ignore,
     map: {vklad: Deposit, "VÝBĚR hot": Withdrawal, x: ""}, other: keep, enum: [Deposit, Withdrawal]}
  - {name: code, type: string, replace: {"^0+": "", "a|ab": "<>"}, case: upper, max_length: 6, min_length: 2}
  - {name: n, type: int64, map: {one: 1, two: 2}, other: reject}
  - {name: open, type: bool, true_values: [ano, J], false_values: [ne]}
  - {name: rate, type: "decimal(9,2)", exclusive_minimum: 0, exclusive_maximum: 10, map: {free: "0.01"}}
"""


class Reject(Exception):
    pass


def within(condition):
    if not condition:
        raise Reject("not-allowed")


def side(text):
    if text in ("", "-"):
        return None
    text = re.sub("  +", " ", re.sub("[.]+$", "", text)).strip(" \t")
    mapped = {"vklad": "Deposit", "výběr hot": "Withdrawal", "x": ""}.get(text.lower(), text)
    if mapped == "":
        return None
    found = {"deposit": "Deposit", "withdrawal": "Withdrawal"}.get(mapped.lower())
    within(found)
    return found


def code(text):
    if text in ("", "NULL"):
        return None
    text = re.sub("ab|a", "<>", re.sub("^0+", "", text)).strip(" \t").upper()
    if text == "":
        return None
    within(2 <= len(text) <= 6)
    return text


def number(text):
    if text in ("", "NULL"):
        return None
    within(text in ("one", "two"))
    return {"one": "1", "two": "2"}[text]


def is_open(text):
    if text in ("", "NULL"):
        return None
    if text not in ("ano", "J", "ne"):
        raise Reject("type")
    return "false" if text == "ne" else "true"


def rate(text):
    if text in ("", "NULL"):
        return None
    text = "0.01" if text == "free" else text
    if not re.fullmatch(r"[+-]?([0-9]+([.][0-9]{0,2}0*)?|[.][0-9]{1,2}0*)", text):
        raise Reject("type")
    cents = round(float(text) * 100)
    if abs(cents) >= 10**9:
        raise Reject("type")
    within(0 < cents < 1000)
    return f"{cents // 100}.{cents % 100:02d}"


COLUMNS = (
    ("side", side, ["vklad", "VKLAD", "Výběr  hot..", "výběr hot", "deposit", "WITHDRAWAL.", "x", "-", "", "NULL",
                    "...", "Transfer"]),
    ("code", code, ["00ab", "aab", "žluť", "0", "000", "abc", "ababab", "é", "x y", "", "NULL", "0a0", "toolong"]),
    ("n", number, ["one", "two", "1", "", "NULL", "One"]),
    ("open", is_open, ["ano", "J", "ne", "", "NULL", "true", "Ne", "1"]),
    ("rate", rate, ["free", "0", "0.00", "10", "9.99", "0.010", "1.234", "-1", "", "NULL", "x", "+3.5", ".5"]),
)


def make(seed, schema, rows, expected):
    rng = random.Random(int(seed))
    good, bad = [], []
    with open(rows, "w", encoding="utf-8") as out:
        out.write("id,side,code,n,open,rate\n")
        for i in range(1, 3001):
            # one odd value a row at most, so that about half of the rows are clean
            odd = rng.randrange(len(COLUMNS))
            texts = [rng.choice(values if k == odd else values[:2]) for k, (_, _, values) in enumerate(COLUMNS)]
            out.write(",".join([str(i)] + [rng.choice(("", " ")) + t for t in texts]) + "\n")
            values = [str(i)]
            try:
                for (name, function, _), text in zip(COLUMNS, texts):
                    value = function(text)
                    values.append("\\N" if value is None else value)
                good.append("\t".join(values))
            except Reject as why:
                bad.append(f"{i + 1}\t{why}\t{name}\t{text}")
    with open(expected, "w", encoding="utf-8") as out:
        out.write("\n".join(good + bad) + "\n")
    with open(schema, "w", encoding="utf-8") as out:
        out.write(SCHEMA)


if __name__ == "__main__":
    make(*sys.argv[2:])
