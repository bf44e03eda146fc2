"""A model of the words over the whole row: where, sign, compute and rules.

row.py SEED ROWS SCHEMA CSV: writes a schema and rows, prints the clean rows, then line, reason, column and value of each reject, then the counts
and the clean sums.
"""
import random
import sys
from decimal import Decimal

SCHEMA = """name: t
nulls: [NULL]
where: "kind in ('D', 'E') and (no is null or cast(no as int64) <> 7)"
rules:
  one-side: (credit is null) <> (debit is null)
  ratio: 100 / quantity < 50
columns:
  - {name: kind, type: string, map: {D: day, E: end}}
  - {name: id, type: int64, key: yes}
  - {name: no, type: int32, maximum: 500}
  - {name: credit, type: "decimal(18,2)", minimum: 0}
  - {name: debit, type: "decimal(18,2)", minimum: 0}
  - {name: label, type: string, compute: "kind || '-' || no", max_length: 7, default: none}
  - {name: net, type: "decimal(18,2)", compute: "coalesce(credit, 0) - coalesce(debit, 0)", minimum: -900, required: yes}
  - {name: side, type: string, replace: {"[.]$": ""}}
  - {name: quantity, type: int32, minimum: -50, sign: {column: side, negative: [VYDAJ, VYBER], positive: PRIJEM}}
  - {name: tag, type: string, unique: yes}
  - {name: worth, type: "decimal(20,4)", compute: net * quantity + 0.5}
"""


class Reject(Exception):
    pass


def amount(column, text):
    if text in ("", "NULL"):
        return None
    try:
        v = Decimal(text)
    except ArithmeticError:
        raise Reject("type", column, text) from None
    if v < 0:
        raise Reject("not-allowed", column, text)
    return v


def integer(column, text, most):
    if text in ("", "NULL"):
        return None
    try:
        v = int(text)
    except ValueError:
        raise Reject("type", column, text) from None
    if v > most:
        raise Reject("not-allowed", column, text)
    return v


def is_kept(row):
    """None where the predicate fails; it stops at the first part that is false, but not at one that is null."""
    kind, no = row["kind"].strip(" "), row["no"].strip(" ")
    if kind not in ("D", "E", ""):
        return False
    if no == "":
        return kind != ""
    try:
        return int(no) != 7 and kind != ""
    except ValueError:
        return None


def clean(row):
    r = {"kind": {"D": "day", "E": "end"}[row["kind"].strip(" ")], "id": row["id"]}
    r["no"] = integer("no", row["no"].strip(" "), 500)
    r["credit"] = amount("credit", row["credit"])
    r["debit"] = amount("debit", row["debit"])
    side = row["side"]
    if side.endswith("."):
        side = side[:-1]
    r["tag"] = None if row["tag"] in ("", "NULL") else row["tag"]
    r["side"] = None if side in ("", "NULL") else side
    quantity = integer("quantity", row["quantity"], 2**31 - 1)
    if quantity is not None:
        if r["side"] is None:
            raise Reject("missing", "side", "\\N")
        if r["side"] not in ("VYDAJ", "VYBER", "PRIJEM"):
            raise Reject("not-allowed", "side", row["side"])
        if r["side"] != "PRIJEM":
            quantity = -quantity
        if quantity < -50:
            raise Reject("not-allowed", "quantity", row["quantity"])
    r["quantity"] = quantity
    r["label"] = "none" if r["no"] is None else f"{r['kind']}-{r['no']}"
    r["net"] = (r["credit"] or Decimal(0)) - (r["debit"] or Decimal(0))
    if len(r["label"]) > 7:
        raise Reject("not-allowed", "label", r["label"])
    if r["net"] < -900:
        raise Reject("not-allowed", "net", f"{r['net']:.2f}")
    r["worth"] = None if quantity is None else r["net"] * quantity + Decimal("0.5")
    if (r["credit"] is None) == (r["debit"] is None):
        raise Reject("one-side", "\\N", "\\N")
    if quantity == 0 or (quantity is not None and not Decimal(100) / quantity < 50):
        raise Reject("ratio", "\\N", "\\N")
    return r


FORMS = {"kind": "{}", "id": "{}", "no": "{}", "credit": "{:.2f}", "debit": "{:.2f}", "label": "{}", "net": "{:.2f}", "side": "{}",
         "quantity": "{}", "tag": "{}", "worth": "{:.4f}"}


def shown(r):
    return [("\\N" if r[c] is None else form.format(r[c])) for c, form in FORMS.items()]


def make(rng, rows):
    for i in range(rows):
        yield {"kind": rng.choice(["D"] * 6 + [" D", "E", "H", "", "NULL"]), "id": str(rng.randrange(rows) * 7919001),
               "no": rng.choice(["", "1", "7", "17", "499", " 7", "501", "x", "NULL"] if rng.random() < 0.2 else ["5", "44", ""]),
               "credit": rng.choice(["", "10.50", "0", "899.99"] + (["x", "-1"] if rng.random() < 0.1 else [])),
               "debit": rng.choice(["", "", "", "20.25", "900", "900.01", "NULL"]),
               "side": rng.choice(["PRIJEM", "VYDAJ", "VYBER", "PRIJEM."] + (["x", ""] if rng.random() < 0.2 else [])),
               "quantity": rng.choice(["3", "1", "50", "", "51" if rng.random() < 0.3 else "7", "0", "2"]), "tag": rng.choice([""] * 14 + ["NULL", str(rng.randrange(rows // 200 + 1))])}


def main():
    rng = random.Random(int(sys.argv[1]))
    rows = list(make(rng, int(sys.argv[2])))
    with open(sys.argv[3], "w") as f:
        f.write(SCHEMA)
    with open(sys.argv[4], "w") as f:
        f.write("kind,id,no,credit,debit,side,quantity,tag\n")
        for row in rows:
            f.write(",".join(row.values()) + "\n")
    seen, tags, rejects, left_out, good = {}, set(), [], 0, []
    for line, row in enumerate(rows, 2):
        kept = is_kept(row)
        if kept is False:
            left_out += 1
            continue
        try:
            if kept is None:
                raise Reject("type", "kind", row["kind"].strip(" "))
            r = clean(row)
        except Reject as why:
            rejects.append("\t".join([str(line), *why.args]))
            continue
        if r["id"] in seen:
            rejects.append(f"{line}\t{'duplicate' if seen[r['id']] == shown(r) else 'conflict'}\tid\t{r['id']}")
            continue
        seen[r["id"]] = shown(r)
        if r["tag"] is not None and r["tag"] in tags:
            rejects.append(f"{line}\tunique\ttag\t{r['tag']}")
            continue
        tags.add(r["tag"])
        good.append(r)
        print("\t".join(shown(r)))
    print("\n".join(rejects))
    print(len(rows), len(good), len(rejects), left_out)
    for c, places in (("credit", 2), ("debit", 2), ("net", 2), ("worth", 4)):
        print(c, f"{sum((r[c] or Decimal(0) for r in good), Decimal(0)):.{places}f}")


main()
