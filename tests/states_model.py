"""
Signed changes and partial states against plain calculation: random versions of two tables, of which both change, go through
acct-select, acct-join and acct-balance as changes, are added to the states of the version before, and must give what Python
calculates from the rows of the new version alone. Parts of a table in any grouping must give what the whole gives.

    states_model.py COUNT [SEED]
"""
import datetime
import os
import random
import subprocess
import sys
import tempfile
from decimal import Decimal, ROUND_HALF_UP

A = 'id:int64*! k:int64! amount:decimal(18,2) day:date! n:int32 note:string side:string!'
B = 'key:int64*! who:string! factor:decimal(5,1)!'
AGGREGATES = [
    ('n=count()', lambda rows: len(rows)),
    ('notes=count(note)', lambda rows: sum(r['note'] is not None for r in rows)),
    ('total=sum(amount)', lambda rows: money(sum(values(rows, 'amount')))),
    ('ints=sum(n)', lambda rows: sum(values(rows, 'n'))),
    ('mean=avg(amount)', lambda rows: mean(values(rows, 'amount'), 6)),
    ('mean2=round(avg(n), 2)', lambda rows: mean(values(rows, 'n'), 2)),
    ('c=credit(amount)', lambda rows: money(sum(values(rows, 'amount', 'C')))),
    ('net=net(amount)', lambda rows: money(sum(values(rows, 'amount', 'C')) - sum(values(rows, 'amount', 'D')))),
    ('big=count(n) filter (where amount > 0)', lambda rows: sum(r['n'] is not None and (r['amount'] or 0) > 0 for r in rows)),
    ('scaled=sum(amount * factor)', lambda rows: sum((r['amount'] * r['factor'] for r in rows if r['amount'] is not None), Decimal('0.000'))),
    ('lo=min(amount)', lambda rows: least(values(rows, 'amount'))),
    ('hi=max(day)', lambda rows: least([-ordinal(d) for d in values(rows, 'day')], lambda d: datetime.date.fromordinal(-d))),
    ('text=min(note)', lambda rows: least(values(rows, 'note'))),
    ('one=first(note, id)', lambda rows: min(rows, key=lambda r: r['id'])['note'] if rows else None),
    ('two=last(amount, id)', lambda rows: max(rows, key=lambda r: r['id'])['amount'] if rows else None),
]
EXTREMES = {'lo': ('amount', 1), 'hi': ('day', -1), 'text': ('note', 1), 'one': ('id', 1), 'two': ('id', -1)}


def values(rows, column, side=None):
    return [r[column] for r in rows if r[column] is not None and side in (None, r['side'])]


def money(v):
    return Decimal(v).quantize(Decimal('0.01'))


def mean(v, places):
    if not v:
        return None
    return (Decimal(sum(v)) / len(v)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def ordinal(day):
    return day.toordinal()


def least(v, back=lambda x: x):
    return back(min(v)) if v else None


def shown(v):
    return '\\N' if v is None else str(v)


class Case:
    def __init__(self, rng, where):
        self.rng, self.where = rng, where
        self.a, self.b = {}, {}
        self.keys = rng.choice([['who'], ['who', 'k'], ['k'], ['k', 'note'], []])
        chosen = rng.sample(AGGREGATES, rng.randrange(1, 7))
        if not self.keys:
            chosen = [c for c in chosen if c[0].split('=')[0] not in EXTREMES] or AGGREGATES[:1]
        self.chosen = chosen
        self.sides = '--side side --credit C --debit D' if any(c[0][:2] in ('c=', 'ne') for c in chosen) else ''
        self.least = rng.choice([None, Decimal('-20.00')])
        self.join_memory = rng.choice(['', '--memory 64K'])
        self.memory = rng.choice(['', '--memory 1'])

    def run(self, command):
        done = subprocess.run(['bash', '-o', 'pipefail', '-c', command], cwd=self.where, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise AssertionError('%s: status %d: %s' % (command, done.returncode, done.stderr.decode()))
        return done.stdout.decode()

    # ---- tables and their changes ----

    def row(self, key):
        rng = self.rng
        return {'id': key, 'k': rng.randrange(5), 'amount': None if rng.random() < .2 else Decimal(rng.randrange(-5000, 5000)).scaleb(-2),
                'day': datetime.date(2024, 1, 1) + datetime.timedelta(rng.randrange(9)), 'n': rng.choice([None, 1, -7, 2 ** 31 - 1]),
                'note': rng.choice([None, 'a', 'b', 'é', 'c\\td']), 'side': rng.choice('CD')}

    def owner(self, key):
        return {'key': key, 'who': self.rng.choice('xyz'), 'factor': Decimal(self.rng.randrange(100)).scaleb(-1)}

    def evolve(self, table, make, keys):
        """Changes a table in place; returns the changes, each a type and a row."""
        changes = []
        for key in self.rng.sample(keys, self.rng.randrange(len(keys))):
            old = table.pop(key, None)
            if old is None or self.rng.random() < .6:
                table[key] = make(key)
                if old is not None and self.rng.random() < .5:
                    table[key].update({c: v for c, v in old.items() if c != 'amount'})
            if old is not None and key in table:
                changes += [('update_preimage', old), ('update_postimage', table[key])]
            else:
                changes.append(('delete', old) if old is not None else ('insert', table[key]))
        return changes

    def write(self, name, rows, spec, changes=False):
        text = ''.join('\t'.join(([r[0]] if changes else []) + [shown(v) for v in (r[1] if changes else r).values()]) + '\n' for r in rows)
        spec = ('_change_type:string! ' if changes else '') + spec
        done = subprocess.run(['mkrec', 't', spec], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
        if changes:
            head, rest = done.split(b'\n', 1)
            done = head + b' @change=1\n' + rest
        with open(os.path.join(self.where, name), 'wb') as f:
            f.write(done)

    # ---- the same by the programs and by hand ----

    def joined(self):
        rows = []
        for r in self.a.values():
            if self.least is not None and not (r['amount'] is not None and r['amount'] > self.least):
                continue
            if r['k'] in self.b:
                rows.append({**r, **self.b[r['k']]})
        return rows

    def select(self, name):
        return 'acct-select %s %s' % ("-w 'amount > %s'" % self.least if self.least is not None else '-c "*"', name)

    def balance(self, *options):
        words = ' '.join("'%s'" % c[0].replace('\\', '') for c in self.chosen)
        return 'acct-balance %s %s %s %s %s' % (' '.join(options), self.memory, '-k ' + ','.join(self.keys) if self.keys else '', self.sides, words)

    def groups(self, rows):
        groups = {} if self.keys else {(): []}
        for r in rows:
            groups.setdefault(tuple(shown(r[k]) for k in self.keys), []).append(r)
        return groups

    def expected(self, rows):
        return {key: key + tuple(shown(c[1](of)) for c in self.chosen) for key, of in self.groups(rows).items()}

    def actual(self, text):
        lines = [tuple(line.split('\t')) for line in text.splitlines()[1:]]
        return {line[:len(self.keys)]: line for line in lines}

    def stale(self, before, after, changes):
        """The keys for which an extreme was taken away, as the manual says it."""
        lost = set()
        had, added, taken = self.groups(before), self.groups([r for sign, r in changes if sign > 0]), self.groups(
            [r for sign, r in changes if sign < 0])
        for key in self.groups(after):
            for c in self.chosen:
                column, sign = EXTREMES.get(c[0].split('=')[0], (None, 0))
                if column is None:
                    continue
                rank = (lambda v: v.encode()) if column == 'note' else (lambda v: v.toordinal() * sign) if column == 'day' else (lambda v: v * sign)
                gone = [rank(v) for v in values(taken.get(key, []), column)]
                there = [rank(v) for v in values(had.get(key, []) + added.get(key, []), column)]
                if gone and min(gone) <= min(there):
                    lost.add(key)
        return lost


def signed(case, changes_a, changes_b, old_b):
    """The changes of the joined rows: those of A with the old B, then the new A with those of B."""
    def kept(r):
        return case.least is None or (r['amount'] is not None and r['amount'] > case.least)
    out = []
    for kind, r in changes_a:
        if kept(r) and r['k'] in old_b:
            out.append((-1 if kind in ('delete', 'update_preimage') else 1, {**r, **old_b[r['k']]}))
    for kind, b in changes_b:
        for r in case.a.values():
            if kept(r) and r['k'] == b['key']:
                out.append((-1 if kind in ('delete', 'update_preimage') else 1, {**r, **b}))
    return out


def check(want, got, what):
    if want != got:
        raise AssertionError('%s:\nexpected %s\ngot      %s' % (what, sorted(want.items()), sorted(got.items())))


def history(case):
    case.evolve(case.a, case.row, list(range(1, 25)))
    case.evolve(case.b, case.owner, list(range(5)))
    case.write('a', case.a.values(), A)
    case.write('b', case.b.values(), B)
    case.run('%s | acct-join %s -k k=key b | %s >states' % (case.select('a'), case.join_memory, case.balance('--states')))
    for step in range(case.rng.randrange(1, 4)):
        before, old_b = case.joined(), dict(case.b)
        os.rename(os.path.join(case.where, 'b'), os.path.join(case.where, 'b.old'))
        changes_a, changes_b = case.evolve(case.a, case.row, list(range(1, 25))), case.evolve(case.b, case.owner, list(range(5)))
        case.write('a', case.a.values(), A)
        case.write('b', case.b.values(), B)
        case.write('da', changes_a, A, True)
        case.write('db', changes_b, B, True)
        case.run('{ %s | acct-join %s -k k=key b.old; %s | acct-join %s -k k=key db; } | %s >delta' % (
            case.select('da'), case.join_memory, case.select('a'), case.join_memory, case.balance('--states')))
        stale = '--stale stale' if case.keys else ''
        got = case.actual(case.run('acct-balance --from-states %s --onto states %s <delta | acct-cat -f tsv' % (case.memory, stale)))
        lost = set(case.actual(case.run('acct-cat -f tsv stale'))) if case.keys else set()
        want, after = case.expected(case.joined()), case.joined()
        if lost != case.stale(before, after, signed(case, changes_a, changes_b, old_b)):
            raise AssertionError('stale keys: %s' % sorted(lost))
        check({k: v for k, v in want.items() if k not in lost}, got, 'step %d: %s' % (step, case.balance()))
        case.run('acct-balance --from-states --states --onto states %s <delta >next' % stale)
        if case.keys:
            on = ','.join(case.keys)
            rows = '%s | acct-join -k k=key b' % case.select('a')
            if 'note' in case.keys:     # a null matches nothing in a join
                spell = "coalesce(note, 'null')"
                rows = "%s | acct-select -c \"*, s = %s\" | acct-join -j semi -k k,s <(acct-select -c \"k, s = %s\" stale) | acct-select -c '* exclude (s)'" % (rows, spell, spell)
            else:
                rows = '%s | acct-join -j semi -k %s stale' % (rows, on)
            case.run('%s | %s >again; cat next again | acct-balance --from-states --states >states' % (rows, case.balance('--states')))
        else:
            case.run('mv next states')
        check(want, case.actual(case.run('acct-balance --from-states <states | acct-cat -f tsv')), 'step %d, made anew' % step)


def parts(case):
    """A table's states equal those of its parts, in any grouping, through a Delta table too."""
    case.evolve(case.a, case.row, list(range(1, 40)))
    case.b = {k: case.owner(k) for k in range(5)}
    rows = list(case.a.values())
    names = []
    case.write('b', case.b.values(), B)
    cuts = sorted(case.rng.randrange(len(rows) + 1) for _ in range(3))
    for i, (start, end) in enumerate(zip([0] + cuts, cuts + [len(rows)])):
        case.write('part', rows[start:end], A)
        names.append('states%d' % i)
        case.run('%s | acct-join -k k=key b | %s >%s' % (case.select('part'), case.balance('--states'), names[-1]))
    while len(names) > 1:
        i = case.rng.randrange(len(names) - 1)
        case.run('cat %s %s | acct-balance --from-states --states %s >sum%d' % (names[i], names[i + 1], case.memory, len(names)))
        names[i:i + 2] = ['sum%d' % len(names)]
    case.write('a', rows, A)
    case.run("%s | acct-join -k k=key b >joined; %s <joined >whole; acct-balance --from-states <%s >got; cmp whole got" % (
        case.select('a'), case.balance(), names[0]))
    case.run('%s <joined >states; cmp states %s' % (case.balance('--states'), names[0]))
    check(case.expected(case.joined()), case.actual(case.run('acct-cat -f tsv whole')), 'parts')


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    for i in range(count):
        with tempfile.TemporaryDirectory() as where:
            rng = random.Random(seed * 1000003 + i)
            case = Case(rng, where)
            try:
                history(case) if i % 3 else parts(case)
            except AssertionError as e:
                sys.exit('case %d of seed %d: %s' % (i, seed, e))


main()
