"""Amounts and moments in the ways of files against an independent model: notation.py ROUNDS SEED, in a folder of its own.

Each round makes a schema with one column of random words, values that are written by them and values that are broken, and compares
what acct-clean makes of each with what regular expressions, Decimal and datetime make of it."""

import datetime
import random
import re
import subprocess
import sys
from decimal import Decimal

NBSP, NNBSP, MINUS = "\u00a0", "\u202f", "\u2212"
BLANKS = " " + NBSP + NNBSP
MONTHS = "January February March April May June July August September October November December".split()


# ---- amounts ----

class Amount:
    def __init__(self, rng):
        self.point = rng.choice(".,")
        signs = [g for g in [".", ",", " ", NBSP, NNBSP, "'", "\u2019"] if g != self.point]
        self.groups = rng.sample(signs, rng.choice([0, 1, 1, 2]))
        self.negative = rng.choice([[], [], rng.sample(["leading", "trailing", "parentheses", "U+2212"], rng.randint(1, 4))])
        self.currency = rng.choice([[], rng.sample(["$", "CZK", "Kč", "US$", "€"], rng.randint(1, 3))])
        self.suffix = rng.choice([{}, {}, {"DR": "negative"}, {"D": "negative", "C": "positive"}])
        self.integer = rng.random() < 0.3
        self.type = rng.choice(["int32", "int64"]) if self.integer else rng.choice(["decimal(9,2)", "decimal(18,4)", "decimal(30,6)"])

    def yaml(self):
        words = ['decimal_char: "%s"' % self.point]
        quoted = lambda items: "[" + ", ".join('"%s"' % i for i in items) + "]"
        if self.groups:
            words.append("group_char: " + quoted(self.groups))
        if self.negative:
            words.append("negative: " + quoted(self.negative))
        if self.currency:
            words.append("currency: " + quoted(self.currency))
        if self.suffix:
            words.append("suffix: {" + ", ".join("%s: %s" % i for i in self.suffix.items()) + "}")
        return ", ".join(words)

    def text(self, rng):
        whole = str(rng.randrange(10 ** rng.randint(1, 10)))
        if self.groups and rng.random() < 0.7:
            whole = "{:,}".format(int(whole)).replace(",", rng.choice(self.groups))
        s = whole
        if rng.random() < (0.2 if self.integer else 0.7):
            s += self.point + ("0" * rng.randint(1, 2) if self.integer else "%02d" % rng.randrange(100))
        blank = lambda: rng.choice(["", "", " ", NBSP])
        for layer in rng.sample("sc", 2):
            if layer == "c" and self.currency and rng.random() < 0.5:
                s = rng.choice(self.currency) + blank() + s if rng.random() < 0.5 else s + blank() + rng.choice(self.currency)
            if layer == "s" and rng.random() < (0.1 if self.suffix else 0.5):
                s = rng.choice(["-" + s, s + "-", "(" + s + ")", MINUS + s, s + MINUS, "+" + s])
        if self.suffix and rng.random() < 0.8:
            s += blank() + rng.choice(list(self.suffix))
        return s

    def read(self, s):
        """The value of a text, or None: takes the ends off by regular expressions, whichever is there."""
        letter = "(?![A-Za-z])"
        money = "|".join(sorted(("(?<![A-Za-z])" if w[0].isascii() and w[0].isalpha() else "") + re.escape(w) for w in self.currency)) or "(?!)"
        ends = "|".join("(?<![A-Za-z])" + w for w in self.suffix) or "(?!)"
        before = "|".join(re.escape(w) + (letter if w[-1].isascii() and w[-1].isalpha() else "") for w in sorted(self.currency, key=len, reverse=True)) or "(?!)"
        forms = self.negative or ["leading"]
        hyphen = "leading" in forms or "trailing" in forms
        minus = ("-" if hyphen else "") + (MINUS if "U+2212" in forms else "")
        leading = "leading" in forms or not hyphen and "U+2212" in forms
        signed = money_seen = suffix = None
        while True:
            s = s.strip(BLANKS)
            m = re.search("(?:%s)$" % ends, s)
            if m and suffix is None:
                suffix, s = m.group(), s[:m.start()]
                continue
            m = money_seen is None and (re.match(before, s) or self.longest_end(s))
            if m:
                money_seen = True
                s = s[:m.start()] + s[m.end():]
                continue
            if signed is None and s:
                if leading and s[0] in minus + "+":
                    signed, s = s[0] != "+", s[1:]
                    continue
                if "trailing" in forms and s[-1] in minus + "+":
                    signed, s = s[-1] != "+", s[:-1]
                    continue
                if "parentheses" in forms and len(s) > 1 and s[0] + s[-1] == "()":
                    signed, s = True, s[1:-1]
                    continue
            break
        if suffix is not None and signed is not None or suffix is None and len(set(self.suffix.values())) > 1:
            return None
        one = "[0-9]*"
        for g in self.groups:
            one += "|[1-9][0-9]{0,2}(?:%s[0-9]{3})+" % re.escape(g)
        m = re.fullmatch("(%s)(?:%s([0-9]*))?" % (one, re.escape(self.point)), s)
        if not m or not (m.group(1) or m.group(2)):
            return None
        v = Decimal(re.sub("[^0-9]", "", m.group(1)) + "." + (m.group(2) or "0") if m.group(1) else "0." + m.group(2))
        negative = signed if suffix is None else self.suffix[suffix] == "negative"
        return self.fit(-v if negative else v)

    def longest_end(self, s):
        best = None
        for w in self.currency:
            m = re.search(("(?<![A-Za-z])" if w[0].isascii() and w[0].isalpha() else "") + re.escape(w) + "$", s)
            if m and (best is None or len(w.encode()) > len(best.group().encode())):
                best = m
        return best

    def fit(self, v):
        if self.integer:
            half = 2 ** (31 if self.type == "int32" else 63)
            return str(int(v)) if v == int(v) and -half <= v < half else None
        precision, scale = map(int, re.findall("[0-9]+", self.type))
        scaled = v.scaleb(scale)
        if scaled != int(scaled) or abs(scaled) >= 10 ** precision:
            return None
        return "{:.{}f}".format(v, scale)


# ---- dates and times ----

class Moment:
    DAY = ["%Y-%m-%d", "%d.%m.%Y", "%-d.%-m.%Y", "%-m/%-d/%Y", "%y%m%d", "%d-%b-%Y", "%B %-d, %Y", "%Y%m%d", "%-d %b %y"]
    TIME = ["", " %H:%M", "T%H:%M:%S", " %-H:%M:%S.%f", " %I:%M %p", " %-I:%M:%S %p", " %H:%M %z", "T%H:%M:%S%z", " %H%M%S.%f%z"]
    EACH = {"Y": "(?P<Y>[0-9]{4})", "y": "(?P<y>[0-9]{2})", "m": "(?P<m>[0-9]{2})", "-m": "(?P<m>[0-9]{1,2})", "d": "(?P<d>[0-9]{2})",
            "-d": "(?P<d>[0-9]{1,2})", "H": "(?P<H>[0-9]{2})", "-H": "(?P<H>[0-9]{1,2})", "I": "(?P<I>[0-9]{2})", "-I": "(?P<I>[0-9]{1,2})",
            "M": "(?P<M>[0-9]{2})", "S": "(?P<S>[0-9]{2})", "f": "(?P<f>[0-9]{1,6}0{0,3})", "p": "(?P<p>[AaPp][Mm])",
            "b": "(?P<b>(?i:%s))" % "|".join(m[:3] for m in MONTHS), "B": "(?P<B>(?i:%s))" % "|".join(MONTHS),
            "z": r"(?P<z>Z|UTC|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)", "*": ""}
    PASSED = r"(?:[T ](?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6}0{0,3})?)?(?: ?(?:Z|UTC|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?))?)?"

    def __init__(self, rng):
        self.type = rng.choice(["date", "timestamp"])
        days = rng.sample(self.DAY, rng.choice([1, 2, 2]))
        if "%-d.%-m.%Y" in days and "%d.%m.%Y" in days:
            days.pop()
        self.formats = [d + (rng.choice(["", "%*"]) if self.type == "date" and rng.random() < 0.6 else rng.choice(self.TIME)) for d in days]
        self.century = rng.choice([1900, 1969, 1957])

    def yaml(self):
        return "format: [" + ", ".join('"%s"' % f for f in self.formats) + "]" + \
            (", century: %d" % self.century if any("%y" in f for f in self.formats) else "")

    def text(self, rng):
        t = datetime.datetime(rng.choice([1901, 1969, 1999, 2024]), 1, 1) + datetime.timedelta(rng.randrange(366), rng.randrange(86400))
        s = rng.choice(self.formats)
        s = s.replace("%*", rng.choice(["", " 10:11", "T10:11:12", " 7:05:06.25", " 10:11:12 +0200", "T00:00:00Z", " 10"]))
        for w in re.findall("%-?[a-zA-Z]", s):
            v = {"f": str(rng.randrange(1000)), "z": rng.choice(["Z", "UTC", "+0000", "+01:00", "-0330", "+02"])}.get(w[-1]) or t.strftime(w)
            s = s.replace(w, v.upper() if rng.random() < 0.1 else v, 1)
        return s

    def read(self, s):
        for f in self.formats:
            pattern = re.sub(r"%(-?[a-zA-Z*])|(.)", lambda m: self.EACH[m.group(1)] if m.group(1) else re.escape(m.group(2)), f)
            m = re.fullmatch(pattern + (self.PASSED if f.endswith("%*") else ""), s)
            v = m and self.value(m.groupdict())
            if v:
                return v
        return None

    def value(self, g):
        number = lambda k: int(g.get(k) or 0)
        year = number("Y")
        if "y" in g:
            year = next(y for y in range(self.century, self.century + 100) if y % 100 == number("y"))
        name = g.get("b") or g.get("B")
        month = [m[:3].lower() for m in MONTHS].index(name[:3].lower()) + 1 if name else number("m")
        hour = number("H")
        if "I" in g:
            if not 1 <= number("I") <= 12:
                return None
            hour = number("I") % 12 + 12 * (g["p"].lower() == "pm")
        try:
            t = datetime.datetime(year, month, number("d"), hour, number("M"), number("S"), int(((g.get("f") or "0") + "000000")[:6]))
        except ValueError:
            return None
        if self.type == "date":
            return t.date().isoformat()
        z = re.fullmatch("([+-])(..):?(..)?", g.get("z") or "")
        if z:
            t -= datetime.timedelta(minutes=int(z.group(1) + "1") * (int(z.group(2)) * 60 + int(z.group(3) or 0)))
        return t.isoformat(timespec="seconds") + ((".%06d" % t.microsecond).rstrip("0") if t.microsecond else "") + "Z"


# ---- rounds ----

def broken(rng, s):
    at = rng.randrange(len(s) + 1)
    kind = rng.random()
    if kind < 0.4:
        return s[:at] + s[at + 1:]
    return s[:at] + rng.choice("0123456789.,- '()+$DC%:/TZ" + NBSP + MINUS) + s[at + (kind < 0.7):]


def check(rng):
    made = rng.choice([Amount, Moment])(rng)
    with open("s.yaml", "w", encoding="utf-8") as f:
        f.write('name: t\ncolumns:\n  - {name: id, type: int64, key: yes}\n  - {name: v, type: "%s", %s}\n' % (made.type, made.yaml()))
    values = [made.text(rng) for _ in range(300)]
    values = [broken(rng, v) if rng.random() < 0.4 else v for v in values]
    values = [v for v in values if v.strip(" \t")]
    with open("in.csv", "w", encoding="utf-8", newline="") as f:
        f.write("id,v\n" + "".join('%d,"%s"\n' % (i, v) for i, v in enumerate(values)))
    raw = subprocess.run(["acct-ingest", "-s", "s.yaml", "in.csv"], stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["acct-clean", "-s", "s.yaml", "-r", "rej", "-o", "ok"], input=raw, check=True)
    got = {}
    for line in subprocess.run(["acct-cat", "-f", "tsv", "ok"], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()[1:]:
        i, v = line.split("\t")
        got[int(i)] = v
    taken = 0
    for i, v in enumerate(values):
        want = made.read(v.strip(" \t"))
        if want is not None and Decimal(0) == (Decimal(want) if isinstance(made, Amount) else 1):
            want = want.lstrip("-")         # there is no negative zero
        if got.get(i) != want:
            return 0, "%r is %s, not %s" % (v, got.get(i), want)
        taken += want is not None
    return taken, None


rounds, seed = int(sys.argv[1]), int(sys.argv[2])
taken = 0
for k in range(rounds):
    some, wrong = check(random.Random("%d.%d" % (seed, k)))
    taken += some
    if wrong:
        sys.exit("seed %d, round %d: %s; see s.yaml, in.csv" % (seed, k, wrong))
if rounds >= 10 and taken < 60 * rounds:
    sys.exit("seed %d: only %d values of %d rounds were valid" % (seed, taken, rounds))
print("%d values" % taken)
