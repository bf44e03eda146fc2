"""Files of banks as other countries' banks write them, for tests/jobs, and what must become of them, calculated here.

banks.py czech|cards SEED ROWS FOLDER EXPECTED: writes the files, and in EXPECTED one file of CSV a table: silver's rows in order of their keys, and
the gold table's.
"""
import datetime
import os
import random
import sys
from decimal import Decimal


class Expected:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def put(self, table, names, rows):
        def text(v):
            if v is None:
                return ""
            return f'"{v}"' if isinstance(v, str) and any(c in v for c in ',"') else str(v)
        with open(os.path.join(self.folder, table), "w", encoding="utf-8") as f:
            f.write(",".join(names) + "\n")
            for row in sorted(rows):
                f.write(",".join(map(text, row)) + "\n")


def day_of(rng, first, last):
    return first + datetime.timedelta(rng.randrange((last - first).days + 1))


def totals(rows, key, amount):
    groups = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row[amount])
    return groups


# ---- a Czech bank of the 1990s ----

def czech_clients(rng, number, out, expected):
    rows = []
    with open(out, "w") as f:
        f.write('"client_id";"birth_number";"district_id"\n')
        for i in range(1, number + 1):
            born = day_of(rng, datetime.date(1910, 1, 1), datetime.date(1999, 12, 31))
            sex = rng.choice("FM")
            month = born.month + (50 if sex == "F" else 0)
            digits = f"{born.year % 100:02d}{month:02d}{born.day:02d}"
            district = rng.randrange(1, 78)
            if rng.random() < 0.05:
                f.write(f'{i};"{digits[:2]}{rng.choice(["13", "00", "63", "50"])}{digits[4:]}";{district}\n')     # no such month
                continue
            f.write(f'{i};"{digits}";{district}\n')
            rows.append((i, digits, district, sex, born))
    expected.put("client", ["client_id", "birth_number", "district_id", "sex", "born"], rows)
    return number


def czech_accounts(rng, number, clients, out, expected):
    words = {"POPLATEK MESICNE": "monthly", "POPLATEK TYDNE": "weekly", "POPLATEK PO OBRATU": "each"}
    rows = []
    with open(out, "w") as f:
        f.write('"account_id";"client_id";"frequency";"date"\n')
        for i in range(1, number + 1):
            opened = day_of(rng, datetime.date(1900, 1, 1), datetime.date(1999, 12, 31))
            word, client = rng.choice(list(words)), rng.randrange(1, clients + 1)
            f.write(f'{i};{client};"{word}";{opened:%y%m%d}\n')
            rows.append((i, client, words[word], opened))
    expected.put("account", ["account_id", "client_id", "frequency", "opened"], rows)


def czech(rng, number, folder, expected):
    accounts = number // 10 + 1
    clients = czech_clients(rng, accounts, os.path.join(folder, "client.asc"), expected)
    czech_accounts(rng, accounts, clients, os.path.join(folder, "account.asc"), expected)
    rows = []
    with open(os.path.join(folder, "trans.asc"), "w") as f:
        f.write('"trans_id";"account_id";"date";"type";"operation";"amount";"k_symbol"\n')
        for i in range(1, number + 1):
            day = day_of(rng, datetime.date(1993, 1, 1), datetime.date(1998, 12, 31))
            cents = rng.randrange(1, 5000000)
            word = rng.choice(["PRIJEM", "VYDAJ", "VYBER"])
            operation = rng.choice(["VKLAD", "PREVOD Z UCTU", "VYBER KARTOU", None])
            symbol = rng.choice(["SIPO", "UROK", " ", None])
            account = rng.randrange(1, accounts + 1)
            whole = cents % 100 == 0 and rng.random() < 0.5
            shown = str(cents // 100) if whole else f"{cents // 100}.{cents % 100:02d}"
            spoilt = rng.random() < 0.03
            f.write(f'{i};{account};{day:%y%m%d};"{"PREVOD" if spoilt else word}";'
                    f'{chr(34) + operation + chr(34) if operation else ""};{shown};{chr(34) + symbol + chr(34) if symbol else ""}\n')
            if spoilt:
                continue
            amount = Decimal(cents).scaleb(-2) * (1 if word == "PRIJEM" else -1)
            rows.append((i, account, day, "Credit" if word == "PRIJEM" else "Debit", operation, amount, (symbol or "").strip() or None))
    expected.put("trans", ["trans_id", "account_id", "day", "side", "operation", "amount", "k_symbol"], rows)
    days = totals(rows, 1, 2)
    expected.put("account_net", ["account_id", "number", "net", "first", "last"],
                 [(account, len(amounts), sum(amounts), min(days[account]), max(days[account]))
                  for account, amounts in totals(rows, 1, 5).items()])


# ---- a card issuer ----

def euros(cents):
    text = f"{cents // 100:,}".replace(",", ".")
    return f"{text},{cents % 100:02d}"


def cards(rng, number, folder, expected):
    ids = [f"{rng.choice(['AT', 'DE', 'CH'])}{i:06d}" for i in range(1, number // 8 + 2)]
    rows = []
    with open(os.path.join(folder, "cards.csv"), "w", encoding="utf-8") as f:
        f.write("card id,HOLDER,Limit,Closed\n")
        for card in ids:
            holder = rng.choice(["Jürgen Groß", 'Anna "Anni" Huber', "Łukasz, Jan"])
            limit = rng.choice([None, 500, 12000, 1250000])
            closed = rng.choice(["true", "false", None])
            quoted = '"' + holder.replace('"', '""') + '"'
            shown = "-" if limit is None else f'"EUR {limit:,}.00"'
            f.write(f'{card},{quoted},{shown},{ {"true": "closed", "false": "open", None: ""}[closed] }\n')
            rows.append((card, holder, None if limit is None else f"{limit}.00", closed))
    expected.put("cards", ["card_id", "holder", "credit_limit", "closed"], [(a, b.replace('"', '""'), c, d) for a, b, c, d in rows])
    words = {"Belastung": "Debit", "Gebühr": "Debit", "GUTSCHRIFT": "Credit", "gebühr": "Debit"}
    rows = []
    with open(os.path.join(folder, "Umsaetze.csv"), "w", encoding="latin1", newline="") as f:
        f.write("Kreditkarten AG\r\nZeitraum: 2024\r\n\r\nAbrechnung;Zeile;Karte;Buchung;Händler;Art;Betrag;\r\n")
        for i in range(number):
            statement, line = 202400 + i // 40, i % 40 + 1
            day = day_of(rng, datetime.date(2024, 1, 1), datetime.date(2024, 12, 31))
            cents, word = rng.randrange(0, 3 * 10**8), rng.choice(list(words))
            text = rng.choice(["Café Österreich", "Bäckerei Süß", "Kaufhaus; Graz", "Amt"])
            spoilt = rng.random() < 0.03
            shown = str(cents // 100) + ".0,00" if spoilt else euros(cents)
            f.write(f'{statement};{line};{rng.choice(ids)};{day.strftime(rng.choice(["%d.%m.%Y", "%d.%m.%y"]))};"{text}";{word};{shown};\r\n')
            if not spoilt:
                amount = Decimal(cents).scaleb(-2) * (-1 if words[word] == "Debit" else 1)
                rows.append((statement, line, None, day, text, words[word], amount))
        f.write("Summe;;;;;;0,00;\r\nEnde\r\n")
    with open(os.path.join(folder, "Umsaetze.csv"), encoding="latin1") as f:
        by_key = {tuple(map(int, r.split(";")[:2])): r.split(";")[2] for r in f.read().split("\n")[4:-3] if r[:1] == "2"}
    rows = [(s, n, by_key[s, n], *rest) for s, n, _, *rest in rows]
    expected.put("postings", ["statement", "line", "card_id", "booked", "text", "side", "amount"], rows)
    amounts = totals(rows, 2, 6)
    expected.put("card_balance", ["card_id", "postings", "spent", "balance"],
                 [(card, len(of), sum((a for a in of if a < 0), Decimal("0.00")), sum(of)) for card, of in amounts.items()])
    with open(os.path.join(folder, "merchants.csv"), "w", encoding="utf-8") as f:
        f.write("# of 2024\nname|category\nCafé Österreich|food\n# more\nAmt|\n")
    expected.put("merchants", ["text", "category"], [("Café Österreich", "food"), ("Amt", "other")])


def main():
    kind, seed, number, folder, expected = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    {"czech": czech, "cards": cards}[kind](random.Random(int(seed)), int(number), folder, Expected(expected))


main()
