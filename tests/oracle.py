#!/usr/bin/env python3
"""What the five files of a bank must give: an independent calculation from the files and the rules alone.

    oracle.py BANKDIR               the whole result as JSON
    oracle.py BANKDIR --check LAKE  compares it with silver, rejects, gold and summary of a lake; 0 where all is equal, 1 where not

Nothing here is shared with the programs: a byte-wise reader of CSV, the rules of the schemas written out again, and sums in
`decimal`. It is written to be read, not to be fast. Silver, gold and rejects of a lake are read through `acct-read | acct-cat -f csv`.
"""
import datetime
import decimal
import json
import os
import re
import subprocess
import sys
from decimal import Decimal

decimal.getcontext().prec = 1000
decimal.getcontext().traps[decimal.Inexact] = True

# The schemas of this bank name none; ORACLE_NULLS is a comma list for tests with others.
NULL_WORDS = set(os.environ.get("ORACLE_NULLS", "").encode().split(b",")) - {b""}

# table: (column, type, required, allowed), the key first
TABLES = {
    "customers": [("customer_id", "int64", True, None)] + [
        (name, "string", False, None) for name in ("first_name", "last_name", "address", "city", "state", "zip")],
    "accounts": [
        ("account_id", "int64", True, None),
        ("customer_id", "int64", True, None),
        ("account_type", "string", False, None),
        ("balance", (18, 2), True, None)],
    "loans": [
        ("loan_id", "int64", True, None),
        ("customer_id", "int64", True, None),
        ("loan_amount", (18, 2), True, None),
        ("interest_rate", (9, 4), False, None),
        ("loan_term", "int64", False, None)],
    "loan_payments": [
        ("payment_id", "int64", True, None),
        ("loan_id", "int64", True, None),
        ("payment_date", "date", True, None),
        ("payment_amount", (18, 2), True, None)],
    "transactions": [
        ("transaction_id", "int64", True, None),
        ("account_id", "int64", True, None),
        ("transaction_date", "date", True, None),
        ("transaction_amount", (18, 2), True, None),
        ("transaction_type", "string", True, {"Deposit", "Withdrawal"})],
}
REASONS = ("field-count", "quote", "encoding", "missing", "type", "not-allowed", "duplicate", "conflict")


class Broken(Exception):
    """The file has no header, or one with other columns."""


# ---- text ----

def split(line):
    """The fields of a line, or None where it holds a stray quote or leaves one open.

    A field is quoted if its first byte other than blanks and tabs is a quote; it goes on to the quote that, after blanks and tabs, a comma
    or the end of the line follows; two quotes in it are one. Anywhere else a quote is text.
    """
    fields, at = [], 0
    while True:
        start = at
        while line[at:at + 1] in (b" ", b"\t"):
            at += 1
        if line[at:at + 1] != b'"':
            end = line.find(b",", at)
            fields.append(line[start:] if end < 0 else line[start:end])
            if end < 0:
                return fields
            at = end + 1
            continue
        field, at = bytearray(), at + 1
        while True:
            close = line.find(b'"', at)
            if close < 0:
                return None
            field += line[at:close]
            at = close + 1
            if line[at:at + 1] != b'"':
                break
            field += b'"'
            at += 1
        while line[at:at + 1] in (b" ", b"\t"):
            at += 1
        fields.append(bytes(field))
        if at == len(line):
            return fields
        if line[at:at + 1] != b",":
            return None
        at += 1


BLANK, STRAY = "blank", "quote"


def records(data):
    """Yields (line number, fields) for each line of a CSV text no field of which crosses lines: fields, BLANK or STRAY.

    A line ends with LF and the CRs directly before it; the last may end with the file.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    lines = data.split(b"\n")
    last = lines.pop()
    lines = [line.rstrip(b"\r") for line in lines] + ([last] if last else [])
    for number, line in enumerate(lines, 1):
        fields = split(line) if line else BLANK
        yield number, STRAY if fields is None else fields


# ---- values ----

INTEGER = re.compile(rb"[+-]?([0-9]+(\.0*)?|\.0+)\Z")
DECIMAL = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)\Z")
DATE = re.compile(rb"([0-9]{4})-([0-9]{2})-([0-9]{2})\Z")


def typed(kind, text):
    """The value of trimmed text, or ValueError."""
    if kind == "int64":
        if not INTEGER.match(text):
            raise ValueError
        value = int(Decimal(text.decode("ascii")))
        if not -2 ** 63 <= value < 2 ** 63:
            raise ValueError
        return value
    if kind == "date":
        parts = DATE.match(text)
        if not parts:
            raise ValueError
        return datetime.date(*map(int, parts.groups()))     # ValueError for an invalid day
    if kind == "string":
        return text.decode("utf-8")
    precision, scale = kind
    if not DECIMAL.match(text):
        raise ValueError
    units = Decimal(text.decode("ascii")).scaleb(scale)
    if units != units.to_integral_value(rounding=decimal.ROUND_DOWN) or abs(units) >= 10 ** precision:
        raise ValueError
    return int(units)                                       # in units of 10^-scale: exact, and no minus zero


def money(units):
    """Units of a cent as text with two decimals."""
    return f"{'-' if units < 0 else ''}{abs(units) // 100}.{abs(units) % 100:02d}"


def shown(kind, value):
    if value is None:
        return None
    if isinstance(kind, tuple):
        scale = kind[1]
        return f"{'-' if value < 0 else ''}{abs(value) // 10 ** scale}.{abs(value) % 10 ** scale:0{scale}d}"
    return str(value)


# ---- clean ----

def judge(columns, row):
    """(values, None, None) of a good row, or (None, reason, column)."""
    values = []
    for (name, kind, required, allowed), text in zip(columns, row):
        text = text.strip(b" \t")
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            return None, "encoding", name
        if text == b"" or text in NULL_WORDS:
            if required:
                return None, "missing", name
            values.append(None)
            continue
        try:
            value = typed(kind, text)
        except ValueError:
            return None, "type", name
        if allowed is not None and value not in allowed:
            return None, "not-allowed", name
        values.append(value)
    return tuple(values), None, None


def parsable(kind, text):
    text = text.strip(b" \t")
    try:
        return 0 if text in NULL_WORDS else typed(kind, text)
    except ValueError:
        return 0


def clean(table, path):
    columns = TABLES[table]
    with open(path, "rb") as f:
        rows = records(f.read())
    header = None
    result = {"read": 0, "clean": 0, "rejected": 0, "blank": 0, "reasons": {r: 0 for r in REASONS}, "rejects": []}
    amounts = {name: {"read": 0, "rejected": 0, "clean": 0} for name, kind, _, _ in columns if isinstance(kind, tuple)}
    silver = {}
    for line, fields in rows:
        if fields is BLANK:
            result["blank"] += 1
            continue
        if header is None:
            if fields is STRAY:
                raise Broken(f"{path}: a stray quote in the header")
            header = [name.decode("utf-8").strip(" \t") for name in fields]
            if sorted(header) != sorted(name for name, _, _, _ in columns):
                raise Broken(f"{path}: header: {header}")
            order = [header.index(name) for name, _, _, _ in columns]
            continue
        result["read"] += 1
        if fields is STRAY or len(fields) != len(header):
            row, values, reason, column = None, None, "quote" if fields is STRAY else "field-count", None
        else:
            row = [fields[i] for i in order]
            values, reason, column = judge(columns, row)
        if reason is None and values[0] in silver:
            reason, column = "duplicate" if silver[values[0]] == values else "conflict", columns[0][0]
        if row is not None:
            for (name, kind, _, _), text in zip(columns, row):
                if name in amounts:
                    amounts[name]["read"] += parsable(kind, text)
                    amounts[name]["rejected" if reason else "clean"] += parsable(kind, text)
        if reason is None:
            silver[values[0]] = values
            result["clean"] += 1
        else:
            result["rejected"] += 1
            result["reasons"][reason] += 1
            result["rejects"].append([line, reason, column])
    if header is None:
        raise Broken(f"{path}: no header")
    kinds = {name: kind for name, kind, _, _ in columns}
    result["amounts"] = {name: {k: shown(kinds[name], v) for k, v in sums.items()} for name, sums in amounts.items()}
    return result, list(silver.values())


# ---- gold ----

def group(rows, key):
    groups = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups


def gold(silver):
    customers = {row[0]: row for row in silver["customers"]}
    accounts = group(silver["accounts"], 1)
    balance = []
    for customer in sorted(customers.keys() | accounts.keys()):
        own = accounts.get(customer, [])
        names = customers.get(customer, (customer,) + (None,) * 6)
        balance.append([str(customer), *names[1:], str(len(own)), money(sum(a[3] for a in own))])

    owner = {row[0]: row[1] for row in silver["loans"]}
    paid = {}
    for payment in silver["loan_payments"]:
        if payment[1] in owner:
            customer = owner[payment[1]]
            paid[customer] = paid.get(customer, 0) + payment[3]
    loans = []
    for customer, own in sorted(group(silver["loans"], 1).items()):
        total = sum(loan[2] for loan in own)
        got = paid.get(customer, 0)
        loans.append([str(customer), str(len(own)), money(total), money(got), money(total - got)])

    turnover = []
    for account, own in sorted(group(silver["transactions"], 1).items()):
        deposits = sum(t[3] for t in own if t[4] == "Deposit")
        withdrawals = sum(t[3] for t in own if t[4] == "Withdrawal")
        turnover.append([str(account), str(len(own)), money(sum(t[3] for t in own)), money(deposits), money(withdrawals),
                         money(deposits - withdrawals), str(min(t[2] for t in own)), str(max(t[2] for t in own))])
    return {"customer_balance": balance, "customer_loans": loans, "account_transactions": turnover}


def orphans(silver):
    def of(table, column, other, known, **amounts):
        lost = [row for row in silver[table] if row[1] not in known]
        return {"table": table, "column": column, "references": other, "count": len(lost),
                "sums": {name: str(Decimal(sum(row[i] or 0 for row in lost)).scaleb(-scale)) for name, (i, scale) in amounts.items()}}

    keys = {table: {row[0] for row in rows} for table, rows in silver.items()}
    return [
        of("accounts", "customer_id", "customers.customer_id", keys["customers"], balance=(3, 2)),
        of("loan_payments", "loan_id", "loans.loan_id", keys["loans"], payment_amount=(3, 2)),
        of("loans", "customer_id", "customers.customer_id", keys["customers"], loan_amount=(2, 2), interest_rate=(3, 4)),
        of("transactions", "account_id", "accounts.account_id", keys["accounts"], transaction_amount=(3, 2)),
    ]


GOLD_COLUMNS = {
    "customer_balance": ["customer_id", "first_name", "last_name", "address", "city", "state", "zip", "account_count", "total_balance"],
    "customer_loans": ["customer_id", "loan_count", "total_loan_amount", "total_paid", "outstanding"],
    "account_transactions": ["account_id", "transaction_count", "total_transaction_amount", "total_deposits", "total_withdrawals",
                             "net_amount", "first_transaction_date", "last_transaction_date"],
}


def calculate(bank):
    tables, silver = {}, {}
    for table in TABLES:
        tables[table], silver[table] = clean(table, os.path.join(bank, table + ".csv"))
    result = {"tables": tables, "orphans": orphans(silver), "gold": gold(silver)}
    shown_silver = {table: [[shown(kind, v) for (_, kind, _, _), v in zip(TABLES[table], row)] for row in rows]
                    for table, rows in silver.items()}
    return result, shown_silver


# ---- comparison with a lake ----

def lake_rows(path, *options):
    """The column names and the rows of a record file, a null as None (no silver or gold string is empty)."""
    rows = subprocess.run(["acct-read", *options, path], stdout=subprocess.PIPE, check=True).stdout
    out = subprocess.run(["acct-cat", "-f", "csv"], input=rows, stdout=subprocess.PIPE, check=True).stdout
    parsed = list(records(out))
    rows = [[None if f == b"" else f.decode("utf-8", "surrogateescape") for f in fields or [b""]] for _, fields in parsed]
    return rows[0], rows[1:]


def differ(what, expected, got):
    """Says where two lists differ; 1 if they do."""
    if expected == got:
        return 0
    at = next((i for i, (a, b) in enumerate(zip(expected, got)) if a != b), min(len(expected), len(got)))
    print(f"{what}: {len(expected)} expected, {len(got)} found; first difference at {at}:")
    print(f"  expected {expected[at] if at < len(expected) else 'nothing'}")
    print(f"  found    {got[at] if at < len(got) else 'nothing'}")
    return 1


def check(bank, lake):
    expected, silver = calculate(bank)
    with open(os.path.join(lake, "runs", "last"), encoding="utf-8") as f:
        last = f.read().rstrip("\n")
    with open(os.path.join(lake, "runs", last, "summary.json"), encoding="utf-8") as f:
        summary = json.load(f)
    bad = 0
    for table, columns in TABLES.items():
        names, rows = lake_rows(os.path.join(lake, "silver", table))
        bad += differ(f"silver {table} columns", [c[0] for c in columns], names)
        bad += differ(f"silver {table}", sorted(silver[table], key=str), sorted(rows, key=str))     # a merged table has another order
        run = summary["tables"][table]["run"]
        names, rows = lake_rows(os.path.join(lake, "silver", "_rejects", table), "-c", "_line,reason,column", "-w", f"run = '{run}'")
        found = [[int(row[0]), row[1], row[2]] for row in rows]
        wanted = expected["tables"][table]["rejects"]
        for i, (a, b) in enumerate(zip(wanted, found)):     # which column a repeated key names is the program's affair
            if a[1] in ("duplicate", "conflict"):
                b[2] = a[2]
        bad += differ(f"rejects {table}", wanted, found)
    for table, columns in GOLD_COLUMNS.items():
        names, rows = lake_rows(os.path.join(lake, "gold", table))
        bad += differ(f"export of gold {table}", rows, lake_rows(os.path.join(lake, "gold", "_export", table))[1])
        bad += differ(f"gold {table} columns", columns, names)
        bad += differ(f"gold {table}", expected["gold"][table], rows)
    for table, want in expected["tables"].items():
        got = summary["tables"][table]
        for key in ("read", "clean", "rejected", "blank"):
            bad += differ(f"summary {table} {key}", [want[key]], [got[key]])
        bad += differ(f"summary {table} reasons", [want["reasons"]], [{r: got["reasons"].get(r, 0) for r in REASONS}])
        for column, sums in want["amounts"].items():
            if column != "interest_rate" or column in got["amounts"]:
                bad += differ(f"summary {table} {column}", [sums], [got["amounts"][column]])
    bad += differ("summary orphans", [expected["orphans"]], [summary["orphans"]])
    return bad


def main(argv):
    if len(argv) == 2:
        result, _ = calculate(argv[1])
        json.dump(result, sys.stdout, indent=1, ensure_ascii=False)
        print()
        return 0
    if len(argv) == 4 and argv[2] == "--check":
        return 1 if check(argv[1], argv[3]) else 0
    print(__doc__, file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv))
