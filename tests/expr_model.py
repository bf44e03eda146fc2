"""
The expression language once more, in Python's whole numbers, fractions and datetime, independent of the programs: random typed
expressions over random records, and what each must give. acct-select must give the same types and values, or fail, with status 65,
at the same record.

    expr_model.py MKREC COUNT [SEED]
"""
import datetime
import os
import random
import subprocess
import sys
from fractions import Fraction

EPOCH = datetime.date(1970, 1, 1)
LIMIT = 10 ** 38


class Fault(Exception):
    pass


class Refused(Exception):
    """The model says that this is refused when it is parsed."""


# ---- types: ('int32',), ('dec', digits, decimals), ('date',), ... ----

INT32, INT64, BOOL, DATE, STRING = ('int32',), ('int64',), ('bool',), ('date',), ('string',)


def dec(p, s):
    return ('dec', max(min(p, 38), s, 1), s)


def as_dec(t):
    return {'int32': ('dec', 10, 0), 'int64': ('dec', 19, 0)}.get(t[0], t)


def is_int(t):
    return t[0] in ('int32', 'int64')


def name(t):
    return 'decimal(%d,%d)' % t[1:] if t[0] == 'dec' else t[0]


def holds(t, v):
    """Returns v, a Fraction, where the type holds it."""
    bounds = {'int32': 2 ** 31, 'int64': 2 ** 63}
    if t[0] in bounds:
        ok = -bounds[t[0]] <= v < bounds[t[0]] and v.denominator == 1
    else:
        whole = v * 10 ** t[2]
        ok = whole.denominator == 1 and abs(whole) < 10 ** t[1]
    if not ok:
        raise Fault()
    return v


def rounded(v, places, mode='away'):
    scaled = v * Fraction(10) ** places
    floor = scaled.numerator // scaled.denominator
    rest = scaled - floor
    if mode == 'down':
        up = False
    elif mode == 'up':
        up = rest > 0
    elif mode == 'zero':
        up = scaled < 0 and rest > 0
    elif rest != Fraction(1, 2):
        up = rest > Fraction(1, 2)
    elif mode == 'even':
        up = floor % 2 == 1
    else:
        up = scaled > 0
    return (floor + up) / Fraction(10) ** places


class Node:
    def __init__(self, text, type_, run, literal=False, column=False):
        self.text, self.type, self.run, self.literal, self.column = text, type_, run, literal, column
        self.quotient = None    # the two it is a quotient of: rounding it rounds the exact quotient


# ---- the columns ----

COLUMNS = [('i', INT32), ('j', INT64), ('a', ('dec', 9, 2)), ('b', ('dec', 18, 4)), ('c', ('dec', 38, 10)), ('d', DATE), ('e', DATE),
           ('s', STRING), ('u', STRING), ('f', BOOL), ('g', BOOL)]
LETTERS = 'abAB %_.-účÚ'


def random_value(rng, t):
    if rng.random() < 0.15:
        return None
    if t == BOOL:
        return rng.random() < 0.5
    if t == DATE:
        return EPOCH + datetime.timedelta(rng.choice([rng.randrange(-30000, 30000), rng.randrange(19700, 19800)]))
    if t == STRING:
        return ''.join(rng.choice(LETTERS) for _ in range(rng.randrange(7)))
    digits = {'int32': 9, 'int64': 18}.get(t[0], t[1] if t[0] == 'dec' else 0)
    whole = rng.randrange(10 ** rng.choice([1, 2, 3, digits])) * rng.choice([1, -1])
    return Fraction(whole, 10 ** (t[2] if t[0] == 'dec' else 0))


def shown(t, v):
    if v is None:
        return '\\N'
    if t == BOOL:
        return 'true' if v else 'false'
    if t == DATE:
        return v.isoformat()
    if t == STRING:
        return v
    scale = t[2] if t[0] == 'dec' else 0
    whole = abs(v) * 10 ** scale
    digits = str(whole.numerator).rjust(scale + 1, '0')
    return ('-' if v < 0 else '') + (digits if scale == 0 else digits[:-scale] + '.' + digits[-scale:])


# ---- numbers ----

def strict(fn, *args):
    """All arguments are computed, then null wins."""
    def run(row):
        values = [a.run(row) for a in args]
        return None if any(v is None for v in values) else fn(*values)
    return run


def literal(rng):
    s = rng.choice([0, 0, 0, 1, 2, 4])
    w = rng.randrange(10 ** rng.choice([1, 2, 4]))
    v = Fraction(w, 10 ** s)
    whole = str(w // 10 ** s)
    text = whole if s == 0 else '%s.%s' % (whole, str(w % 10 ** s).rjust(s, '0'))
    return Node(text, ('dec', len(whole) + s, s), lambda row: v, literal=s == 0)


def both_ints(x, y):
    return (is_int(x.type) and (is_int(y.type) or y.literal)) or (x.literal and is_int(y.type))


def arithmetic(op, x, y):
    (_, p1, s1), (_, p2, s2) = as_dec(x.type), as_dec(y.type)
    ints = both_ints(x, y)
    if op in '+-':
        s = max(s1, s2)
        t = INT64 if ints else dec(max(p1 - s1, p2 - s2) + s + 1, s)
        return t, lambda a, b: holds(t, a + b if op == '+' else a - b)
    if op == '*':
        if s1 + s2 > 38:
            raise Refused()
        t = INT64 if ints else dec(p1 + p2, s1 + s2)
        return t, lambda a, b: holds(t, a * b)
    if op == '/':
        t = quotient_type((p1, s1), (p2, s2))
        return t, lambda a, b: holds(t, rounded(divided(a, b), t[2]))
    if op == '//':
        t = INT64 if ints else dec(p1 - s1 + s2, 0)
        return t, lambda a, b: holds(t, rounded(divided(a, b), 0, 'zero'))
    s = max(s1, s2)
    t = INT64 if ints else dec(min(p1 - s1, p2 - s2) + s, s)
    return t, lambda a, b: holds(t, a - b * rounded(divided(a, b), 0, 'zero'))


def quotient_type(x, y):
    whole, s = x[0] - x[1] + y[1], max(6, x[1] + y[0] + 1)
    if whole + s > 38:
        s = max(6, min(s, max(38 - whole, 0)))
    return dec(whole + s, s)


def divided(a, b):
    if b == 0:
        raise Fault()
    return a / b


def rounding(rng, x):
    function, mode = rng.choice([('round', 'away'), ('round_even', 'even'), ('trunc', 'zero'), ('floor', 'down'), ('ceil', 'up')])
    places = 0 if function in ('floor', 'ceil') else rng.randrange(-3, 8)
    text = '%s(%s)' % (function, x.text) if function in ('floor', 'ceil') else '%s(%s, %d)' % (function, x.text, places)
    t = as_dec(x.type)
    if x.quotient:
        t = dec(t[1] - t[2] + 1 + max(places, 0), max(places, 0))
        return Node(text, t, strict(lambda a, b: holds(t, rounded(divided(a, b), places, mode)), *x.quotient))
    if is_int(x.type):
        t = INT64 if places < 0 else x.type
    elif places < t[2]:
        t = dec(t[1] - t[2] + max(places, 0) + (mode != 'zero'), max(places, 0))
    return Node(text, t, strict(lambda v: holds(t, rounded(v, places, mode)), x))


def number(rng, depth):
    if depth == 0 or rng.random() < 0.1:
        if rng.random() < 0.3:
            return literal(rng)
        return column(rng, lambda t: t[0] in ('int32', 'int64', 'dec'))
    kind = rng.randrange(10)
    if kind < 5:
        x, y, op = number(rng, depth - 1), number(rng, depth - 1), rng.choice(['+', '-', '*', '/', '//', '%'])
        t, fn = arithmetic(op, x, y)
        node = Node('(%s %s %s)' % (x.text, op, y.text), t, strict(fn, x, y))
        node.quotient = (x, y) if op == '/' else None
        return rounding(rng, node) if op == '/' and rng.random() < 0.5 else node
    if kind == 5:
        return rounding(rng, computed(rng, depth))
    if kind == 6:
        x = computed(rng, depth)
        return rng.choice([Node('abs(%s)' % x.text, x.type, strict(lambda v: holds(x.type, abs(v)), x)),
                           Node('(- %s)' % x.text, x.type, strict(lambda v: holds(x.type, -v), x)),
                           Node('sign(%s)' % x.text, INT32, strict(lambda v: Fraction((v > 0) - (v < 0)), x))])
    if kind == 7:
        x = computed(rng, depth)
        p = rng.randrange(1, 39)
        t = rng.choice([INT32, INT64, dec(p, rng.randrange(p + 1))])
        attempt = rng.random() < 0.4
        text = '%s(%s as %s)' % ('try_cast' if attempt else 'cast', x.text, name(t))

        def cast(v):
            try:
                return holds(t, v)
            except Fault:
                if attempt:
                    return None
                raise
        return Node(text, t, strict(cast, x))
    if kind == 8:
        s = string(rng, depth - 1)
        return rng.choice([Node('length(%s)' % s.text, INT64, strict(lambda v: Fraction(len(v)), s)),
                           Node('octet_length(%s)' % s.text, INT64, strict(lambda v: Fraction(len(v.encode())), s))])
    if rng.random() < 0.5:
        return choice(rng, depth, lambda: column(rng, lambda t: t[0] in ('int32', 'int64', 'dec')))
    return date_number(rng, depth)


def computed(rng, depth):
    """A number that is no literal, whose type would depend on what it is beside."""
    while True:
        x = number(rng, depth - 1)
        if not x.literal and not x.text[0].isdigit():
            return x


def column(rng, fits):
    which = rng.choice([k for k, (_, t) in enumerate(COLUMNS) if fits(t)])
    return Node(COLUMNS[which][0], COLUMNS[which][1], lambda row: row[which], column=True)


def common(types):
    t = types[0]
    for u in types[1:]:
        if t == u:
            continue
        if is_int(t) and is_int(u):
            t = INT64
            continue
        (_, p1, s1), (_, p2, s2) = as_dec(t), as_dec(u)
        whole, s = max(p1 - s1, p2 - s2), max(s1, s2)
        if whole + s > 38:
            raise Refused()
        t = dec(whole + s, s)
    return t


def choice(rng, depth, make):
    """case, coalesce, if, greatest, least, nullif: lazy ones compute what they need."""
    xs = [make() for _ in range(rng.randrange(2, 4))]
    kind = rng.choice(['case', 'coalesce', 'greatest', 'least', 'nullif', 'if'])
    if kind == 'nullif':
        x, y = xs[:2]

        def nullif(row):
            v, w = x.run(row), y.run(row)
            return None if v is not None and v == w else v
        return Node('nullif(%s, %s)' % (x.text, y.text), x.type, nullif)
    t = common([x.type for x in xs]) if xs[0].type[0] in ('int32', 'int64', 'dec') else xs[0].type

    def fit(v):
        return v if v is None or t[0] not in ('int32', 'int64', 'dec') else holds(t, v)
    if kind in ('greatest', 'least'):
        def extreme(row):
            values = [fit(x.run(row)) for x in xs]
            values = [v if t != STRING else v.encode() for v in values if v is not None]
            if not values:
                return None
            best = max(values) if kind == 'greatest' else min(values)
            return best if t != STRING else best.decode()
        return Node('%s(%s)' % (kind, ', '.join(x.text for x in xs)), t, extreme)
    if kind == 'coalesce':
        def coalesce(row):
            for x in xs:
                v = fit(x.run(row))
                if v is not None:
                    return v
            return None
        return Node('coalesce(%s)' % ', '.join(x.text for x in xs), t, coalesce)
    cs = [condition(rng, depth - 1) for _ in xs]
    has_else = kind == 'if' or rng.random() < 0.5
    if kind == 'if':
        xs, cs = xs[:2], cs[:1]
        t = common([x.type for x in xs]) if xs[0].type[0] in ('int32', 'int64', 'dec') else xs[0].type
        text = 'if(%s, %s, %s)' % (cs[0].text, xs[0].text, xs[1].text)
    else:
        pairs = list(zip(cs, xs))[:len(xs) - has_else]
        cs = [c for c, _ in pairs]
        if not has_else:
            xs = xs[:len(cs)]
        t = common([x.type for x in xs]) if xs[0].type[0] in ('int32', 'int64', 'dec') else xs[0].type
        text = 'case %s%s end' % (' '.join('when %s then %s' % (c.text, x.text) for c, x in pairs),
                                  ' else ' + xs[-1].text if has_else else '')

    def case(row):
        for c, x in zip(cs, xs):
            if c.run(row) is True:
                return fit(x.run(row))
        return fit(xs[-1].run(row)) if has_else else None
    return Node(text, t, case)


# ---- dates ----

def months_later(d, months):
    count = d.year * 12 + d.month - 1 + months
    year, month = count // 12, count % 12 + 1
    if not 1 <= year <= 9999:
        raise Fault()
    following = datetime.date(year + (month == 12), month % 12 + 1, 1) if (year, month) != (9999, 12) else None
    last = 31 if following is None else (following - datetime.timedelta(1)).day
    return datetime.date(year, month, min(d.day, last))


def days_later(d, days):
    try:
        return d + datetime.timedelta(int(days))
    except OverflowError:
        raise Fault() from None


def whole_months(x, y):
    if x > y:
        return -whole_months(y, x)
    months = (y.year - x.year) * 12 + y.month - x.month
    return months - (months_later(x, months) > y)


TRUNC = {'year': lambda d: d.replace(month=1, day=1), 'quarter': lambda d: d.replace(month=(d.month - 1) // 3 * 3 + 1, day=1),
         'month': lambda d: d.replace(day=1), 'week': lambda d: d - datetime.timedelta(d.weekday()), 'day': lambda d: d}
COUNT = {'year': lambda d: d.year, 'quarter': lambda d: d.year * 4 + (d.month - 1) // 3, 'month': lambda d: d.year * 12 + d.month,
         'week': lambda d: (d.toordinal() - 1) // 7, 'day': lambda d: d.toordinal()}
PART = {'year': lambda d: d.year, 'quarter': lambda d: (d.month + 2) // 3, 'month': lambda d: d.month, 'day': lambda d: d.day,
        'isodow': lambda d: d.isoweekday(), 'isoyear': lambda d: d.isocalendar()[0], 'week': lambda d: d.isocalendar()[1],
        'dayofyear': lambda d: d.timetuple().tm_yday}


def date(rng, depth):
    if depth == 0 or rng.random() < 0.3:
        if rng.random() < 0.2:
            v = EPOCH + datetime.timedelta(rng.randrange(-30000, 40000))
            return Node("date '%s'" % v.isoformat(), DATE, lambda row: v)
        return column(rng, lambda t: t == DATE)
    x = date(rng, depth - 1)
    kind = rng.randrange(6)
    if kind == 0:
        n, op = column(rng, is_int), rng.choice('+-')
        return Node('(%s %s %s)' % (x.text, op, n.text), DATE, strict(lambda d, k: days_later(d, k if op == '+' else -k), x, n))
    if kind == 1:
        n, op, (unit, months) = rng.randrange(1, 40), rng.choice('+-'), rng.choice([('month', 1), ('quarter', 3), ('year', 12)])
        sign = 1 if op == '+' else -1
        return Node("(%s %s interval '%d %s')" % (x.text, op, n, unit), DATE, strict(lambda d: months_later(d, sign * n * months), x))
    if kind == 2:
        unit = rng.choice(sorted(TRUNC))
        return Node("date_trunc('%s', %s)" % (unit, x.text), DATE, strict(TRUNC[unit], x))
    if kind == 3:
        return Node('last_day(%s)' % x.text, DATE, strict(lambda d: months_later(d.replace(day=1), 1) - datetime.timedelta(1)
                                                          if (d.year, d.month) != (9999, 12) else d.replace(day=31), x))
    if kind == 4:
        return Node("strptime(strftime(%s, '%%d.%%m.%%Y'), '%%d.%%m.%%Y')" % x.text, DATE, strict(lambda d: d, x))
    return choice(rng, depth, lambda: column(rng, lambda t: t == DATE))


def date_number(rng, depth):
    x, y = date(rng, depth - 1), date(rng, depth - 1)
    kind = rng.randrange(4)
    if kind == 0:
        return Node('(%s - %s)' % (x.text, y.text), INT64, strict(lambda a, b: Fraction((a - b).days), x, y))
    if kind == 1:
        part = rng.choice(sorted(PART))
        return Node('%s(%s)' % (part, x.text), INT64, strict(lambda d: Fraction(PART[part](d)), x))
    unit = rng.choice(sorted(COUNT))
    if kind == 2:
        return Node("datediff('%s', %s, %s)" % (unit, x.text, y.text), INT64,
                    strict(lambda a, b: Fraction(COUNT[unit](b) - COUNT[unit](a)), x, y))
    whole = {'year': 12, 'quarter': 3, 'month': 1}

    def datesub(a, b):
        if unit in whole:
            n = whole_months(a, b)
            return Fraction(abs(n) // whole[unit] * (1 if n >= 0 else -1))
        n = (b - a).days
        return Fraction(abs(n) // (7 if unit == 'week' else 1) * (1 if n >= 0 else -1))
    return Node("datesub('%s', %s, %s)" % (unit, x.text, y.text), INT64, strict(datesub, x, y))


# ---- texts ----

def string(rng, depth):
    if depth == 0 or rng.random() < 0.3:
        if rng.random() < 0.3:
            v = ''.join(rng.choice(LETTERS) for _ in range(rng.randrange(4)))
            return Node("'%s'" % v, STRING, lambda row: v)
        return column(rng, lambda t: t == STRING)
    x = string(rng, depth - 1)
    kind = rng.randrange(12)
    n = rng.randrange(0, 6)
    if kind == 0:
        y = string(rng, depth - 1)
        return Node('(%s || %s)' % (x.text, y.text), STRING, strict(lambda a, b: a + b, x, y))
    if kind == 1:
        y = string(rng, depth - 1)
        return Node('concat(%s, %s)' % (x.text, y.text), STRING,
                    lambda row: ''.join(v for v in (x.run(row), y.run(row)) if v is not None))
    if kind == 2:
        return Node('lower(%s)' % x.text, STRING, strict(str.lower, x))
    if kind == 3:
        return Node('upper(%s)' % x.text, STRING, strict(str.upper, x))
    if kind == 4:
        return Node('substr(%s, %d, %d)' % (x.text, n - 1, n), STRING,
                    strict(lambda v: v[max(n - 2, 0):max(n - 2 + n, 0)], x))
    if kind == 5:
        return Node('left(%s, %d)' % (x.text, n), STRING, strict(lambda v: v[:n], x))
    if kind == 6:
        return Node('right(%s, %d)' % (x.text, n), STRING, strict(lambda v: v[max(len(v) - n, 0):], x))
    if kind == 7:
        y = string(rng, 0)
        return Node("replace(%s, %s, '<>')" % (x.text, y.text), STRING,
                    strict(lambda v, w: v.replace(w, '<>') if w else v, x, y))
    if kind == 8:
        return Node('trim(%s)' % x.text, STRING, strict(lambda v: v.strip(' '), x))
    if kind == 9:
        return Node("lpad(%s, %d, '*.')" % (x.text, n), STRING,
                    strict(lambda v: (('*.' * n)[:max(n - len(v), 0)] + v)[:n], x))
    if kind == 10:
        y = column(rng, lambda t: t != STRING)
        return Node('(%s)::string' % y.text, STRING, strict(lambda v: shown(y.type, v), y))
    return choice(rng, depth, lambda: column(rng, lambda t: t == STRING))


def like(text, pattern):
    if not pattern:
        return not text
    if pattern[0] == '%':
        return any(like(text[k:], pattern[1:]) for k in range(len(text) + 1))
    return bool(text) and (pattern[0] in ('_', text[0])) and like(text[1:], pattern[1:])


# ---- conditions ----

def compare(op, a, b):
    if isinstance(a, str):
        a, b = a.encode(), b.encode()
    return {'=': a == b, '<>': a != b, '<': a < b, '<=': a <= b, '>': a > b, '>=': a >= b}[op]


def and_(x, y):
    def run(row):
        a = x(row)
        if a is False:
            return False
        b = y(row)
        return False if b is False else None if a is None or b is None else True
    return run


def not_(x):
    def run(row):
        v = x(row)
        return None if v is None else not v
    return run


def or_(x, y):
    return not_(and_(not_(x), not_(y)))


def pair(rng, depth):
    make = rng.choice([number, number, date, string])
    return make(rng, max(depth - 1, 0)), make(rng, max(depth - 1, 0))


def condition(rng, depth):
    kind = rng.randrange(10) if depth > 0 else rng.choice([3, 4, 9])
    if kind < 2:
        x, y, op = condition(rng, depth - 1), condition(rng, depth - 1), rng.choice(['and', 'or'])
        return Node('(%s %s %s)' % (x.text, op, y.text), BOOL, (and_ if op == 'and' else or_)(x.run, y.run))
    if kind == 2:
        x = condition(rng, depth - 1)
        return Node('(not %s)' % x.text, BOOL, not_(x.run))
    if kind == 3:
        if rng.random() < 0.1:
            return Node('true', BOOL, lambda row: True)
        return column(rng, lambda t: t == BOOL)
    if kind == 4:
        x, y = pair(rng, depth)
        op = rng.choice(['=', '<>', '<', '<=', '>', '>='])
        return Node('(%s %s %s)' % (x.text, op, y.text), BOOL, strict(lambda a, b: compare(op, a, b), x, y))
    if kind == 5:
        x, y = pair(rng, depth)
        z = y if rng.random() < 0.3 else Node(x.text, x.type, x.run)
        low, high = strict(lambda a, b: compare('>=', a, b), x, y), strict(lambda a, b: compare('<=', a, b), x, z)
        return Node('(%s between %s and %s)' % (x.text, y.text, z.text), BOOL, and_(low, high))
    if kind == 6:
        x, y = pair(rng, depth)
        equal = [strict(lambda a, b: compare('=', a, b), x, w) for w in (y, x)]
        return Node('(%s in (%s, %s))' % (x.text, y.text, x.text), BOOL, or_(*equal))
    if kind == 7:
        x, y = string(rng, depth - 1), string(rng, 0)
        return Node('(%s like %s)' % (x.text, y.text), BOOL, strict(like, x, y))
    if kind == 8:
        x, y = pair(rng, depth)
        return Node('(%s is distinct from %s)' % (x.text, y.text), BOOL, lambda row: x.run(row) != y.run(row))
    x = pair(rng, depth)[0]
    if rng.random() < 0.5:
        return Node('(%s is not null)' % x.text, BOOL, lambda row: x.run(row) is not None)
    c = column(rng, lambda t: t == BOOL)
    return Node('(%s is not true)' % c.text, BOOL, lambda row: c.run(row) is not True)


# ---- the run ----

def select(path, items):
    command = ['acct-select']
    for k, node in enumerate(items):
        command += ['-c', 'x%d = %s' % (k, node.text)]
    return subprocess.run(command + [path], capture_output=True, check=False)


def cat(stream, *options):
    return subprocess.run(['acct-cat', *options], input=stream, capture_output=True, check=True).stdout.decode()


def fail(node, what):
    sys.exit('%s\n%s' % (what, node.text))


def check_values(path, rows, nodes):
    """Expressions without a fault, many at once."""
    got = select(path, nodes)
    if got.returncode != 0:
        if len(nodes) > 1:
            for node in nodes:
                check_values(path, rows, [node])
        fail(nodes[0], 'status %d: %s' % (got.returncode, got.stderr.decode()))
    header = got.stdout.split(b'\n', 1)[0].decode().split(' ')[3:]
    lines = cat(got.stdout, '-f', 'tsv').split('\n')[1:]
    for k, node in enumerate(nodes):
        have = header[k].split(':')[1].rstrip('!*')
        if have != name(node.type):
            fail(node, 'of type %s, not %s' % (have, name(node.type)))
        for i, row in enumerate(rows):
            want = shown(node.type, node.run(row))
            if lines[i].split('\t')[k] != want:
                fail(node, 'record %d: %s, not %s: %r' % (i + 1, lines[i].split('\t')[k], want,
                                                          [shown(t, v) for (_, t), v in zip(COLUMNS, row)]))


def check_fault(path, node, record):
    got = select(path, [node])
    if got.returncode != 65 or (b': record %d: ' % record) not in got.stderr:
        fail(node, 'record %d is at fault, not: status %d: %s' % (record, got.returncode, got.stderr.decode()))


def first_fault(rows, node):
    for i, row in enumerate(rows):
        try:
            node.run(row)
        except Fault:
            return i + 1
    return 0


def random_node(rng):
    while True:
        try:
            return rng.choice([number, number, number, date, string, condition])(rng, rng.randrange(1, 4))
        except Refused:
            pass


def main():
    mkrec, count = sys.argv[1], int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
    print('seed %d' % seed)
    rng = random.Random(seed)
    path, done, faults = 'model.acct', 0, 0
    while done < count:
        rows = [[random_value(rng, t) for _, t in COLUMNS] for _ in range(rng.choice([1, 3, 20]))]
        text = ''.join('\t'.join(shown(t, v) for (_, t), v in zip(COLUMNS, row)) + '\n' for row in rows)
        made = subprocess.run([mkrec, 't', ' '.join('%s:%s' % (n, name(t)) for n, t in COLUMNS)], input=text.encode(),
                              capture_output=True, check=True)
        with open(path, 'wb') as file:
            file.write(made.stdout)
        sound = []
        for _ in range(min(250, count - done)):
            node = random_node(rng)
            record = first_fault(rows, node)
            if record:
                check_fault(path, node, record)
                faults += 1
            else:
                sound.append(node)
            done += 1
        for k in range(0, len(sound), 50):
            check_values(path, rows, sound[k:k + 50])
    os.unlink(path)
    print('%d expressions agree, %d of them at fault' % (done, faults))


if __name__ == '__main__':
    main()
