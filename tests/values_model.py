"""
Aggregates of all the values of a group against Python's fractions and decimal: distinct counts, quantiles, variances, lists, truths.

    values_model.py COUNT [SEED]
"""
import math
import random
import subprocess
import sys
from fractions import Fraction

TYPES = [('int32', 0), ('int64', 0), ('decimal(9,2)', 2), ('decimal(18,8)', 8), ('decimal(5,0)', 0)]
QUANTILES = ['0', '0.25', '0.5', '0.333', '0.999999999', '1', '1.0', '.9']


def rounded(v, places):
    """Half away from zero, as text."""
    scaled = abs(v) * 10 ** places
    whole = math.floor(scaled + Fraction(1, 2))
    text = str(whole).rjust(places + 1, '0')
    return ('-' if v < 0 and whole else '') + (text[:-places] + '.' + text[-places:] if places else text)


def root(v, places):
    """The square root of a fraction, rounded half away from zero, by comparing squares."""
    low = math.isqrt(v.numerator * 10 ** (2 * places) // v.denominator)
    half = Fraction(2 * low + 1, 2 * 10 ** places)
    return rounded(Fraction(low + (half * half <= v), 10 ** places), places)


def cont(v, q):
    at = (len(v) - 1) * Fraction(q)
    low = math.floor(at)
    return v[low] + (v[math.ceil(at)] - v[low]) * (at - low)


def disc(v, q):
    return v[max(math.ceil(len(v) * Fraction(q)), 1) - 1]


def variance(v):
    mean = Fraction(sum(v), len(v))
    return sum((x - mean) ** 2 for x in v) / (len(v) - 1)


def shown(v, places):
    return '\\N' if v is None else rounded(v, places)


def aggregates(rng, scale):
    places, q, n = max(scale, 6), rng.choice(QUANTILES), rng.randrange(5)
    return rng.sample([
        ('count(distinct x)', lambda v, t, b: str(len(set(v)))),
        ('count(distinct s)', lambda v, t, b: str(len(set(t)))),
        ('median(x)', lambda v, t, b: rounded(cont(sorted(v), '0.5'), places) if v else '\\N'),
        ('round(median(x), %d)' % n, lambda v, t, b: rounded(cont(sorted(v), '0.5'), n) if v else '\\N'),
        ('quantile_cont(x, %s)' % q, lambda v, t, b: rounded(cont(sorted(v), q), places) if v else '\\N'),
        ('quantile_disc(x, %s)' % q, lambda v, t, b: shown(disc(sorted(v), q), scale) if v else '\\N'),
        ('quantile_disc(s, %s)' % q, lambda v, t, b: disc(sorted(t, key=str.encode), q) if t else '\\N'),
        ('stddev_samp(x)', lambda v, t, b: root(variance(v), places) if len(v) > 1 else '\\N'),
        ('round(stddev_samp(x), %d)' % n, lambda v, t, b: root(variance(v), n) if len(v) > 1 else '\\N'),
        ('var_samp(x)', lambda v, t, b: rounded(variance(v), max(2 * scale, 6)) if len(v) > 1 else '\\N'),
        ("string_agg(s, '')", lambda v, t, b: ''.join(t) if t else '\\N'),
        ("string_agg(s, '; ')", lambda v, t, b: '; '.join(t) if t else '\\N'),
        ('any_value(s) is null', lambda v, t, b: 'false' if t else 'true'),
        ('bool_and(b)', lambda v, t, b: str(all(b)).lower() if b else '\\N'),
        ('bool_or(b)', lambda v, t, b: str(any(b)).lower() if b else '\\N'),
    ], rng.randrange(1, 6))


def one(rng):
    kind, scale = rng.choice(TYPES)
    size = 10 ** (rng.choice([9, 11]) if kind == 'int64' else rng.randrange(1, 5))
    keyed = rng.random() < .7
    rows = []
    for _ in range(rng.choice([0, 1, 5, 60, 400])):
        rows.append((rng.randrange(7), None if rng.random() < .15 else Fraction(rng.randrange(-size, size), 10 ** scale),
                     None if rng.random() < .2 else rng.choice(['', 'a', 'b', 'é', 'x y', 'ab']), rng.choice([None, True, False])))
    chosen = aggregates(rng, scale)
    text = ''.join('%d\t%s\t%s\t%s\n' % (k, shown(x, scale), '\\N' if s is None else s, '\\N' if b is None else str(b).lower())
                   for k, x, s, b in rows)
    stream = subprocess.run(['mkrec', 't', 'k:int64! x:%s s:string b:bool' % kind], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
    command = ['acct-balance'] + (['-k', rng.choice(['k', "k = 'key ' || k"])] if keyed else []) + rng.choice([[], ['--memory', '1']])
    command += ['c%d = %s' % (i, a[0]) for i, a in enumerate(chosen)]
    done = subprocess.run(command, input=stream, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise AssertionError('%s: %s' % (command, done.stderr.decode()))
    got = subprocess.run(['acct-cat', '-f', 'tsv'], input=done.stdout, stdout=subprocess.PIPE, check=True).stdout.decode().split('\n')[1:-1]
    groups = {} if keyed else {None: []}
    for row in rows:
        groups.setdefault(row[0] if keyed else None, []).append(row)
    want = []
    for key in sorted(groups) if keyed else [None]:
        of = groups[key]
        v, t, b = ([row[i] for row in of if row[i] is not None] for i in (1, 2, 3))
        fields = [a[1](v, t, b) for a in chosen]
        want.append('\t'.join(([('key %d' if command[2] != 'k' else '%d') % key] if keyed else []) + fields))
    if want != got:
        raise AssertionError('%s:\nexpected %s\ngot      %s' % (command, want, got))


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    for i in range(count):
        try:
            one(random.Random(seed * 1000003 + i))
        except AssertionError as e:
            sys.exit('case %d of seed %d: %s' % (i, seed, e))


main()
