"""
Versions of rows against a painted timeline: a list with what holds at each moment of a short time, and which version that is. Random
runs of rows, corrections, late rows and deletions; acct-history and acct-merge must keep what the timeline shows, for the last run and
for what each run before knew.

    history_model.py COUNT [SEED]
"""
import os
import random
import subprocess
import sys
import tempfile

from timeline import Timeline

SPAN = 12       # moments


def run(command, where, text=None):
    done = subprocess.run(['bash', '-o', 'pipefail', '-c', command], cwd=where, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise AssertionError('%s: status %d: %s' % (command, done.returncode, done.stderr.decode()))
    return done.stdout


def shown(v):
    return '\\N' if v is None else str(v)


def expected(timelines):
    rows = []
    for key, line in timelines.items():
        for start, end, row in line.intervals():
            rows.append((shown(key[0]), key[1], shown(row[0]), shown(row[1]), str(start), shown(end), str(end is None).lower()))
    return sorted(rows)


def actual(where, condition, ends=True):
    text = run("acct-read -w \"%s\" history | acct-cat -f tsv" % condition, where).decode().split('\n')[1:-1]
    return sorted(tuple(line.split('\t')[:7]) if ends else tuple(line.split('\t')[:6]) for line in text)


def one(rng, where):
    timelines, snapshots = {}, []
    keys = [(k, s) for k in (1, -5, 7) for s in 'ab']
    spill = rng.choice(['', '--memory 1'])
    for number in range(rng.randrange(1, 6)):
        changes = rng.random() < .5
        deleted = rng.randrange(SPAN)
        events = []
        for _ in range(rng.randrange(12)):
            key = rng.choice(keys)
            time = rng.randrange(SPAN)
            row = (rng.choice([None, 'x', 'y', 'z']), rng.choice([1, 2]))
            kind = rng.choice(['insert', 'update_preimage', 'update_postimage', 'delete']) if changes else 'insert'
            events.append((kind, key, time, row, rng.randrange(9)))
        text = ''.join('%s%s\t%s\t%d\t%s\t%d\t%d\n' % (kind + '\t' if changes else '', shown(key[0]), key[1], time, shown(row[0]), row[1], other)
                       for kind, key, time, row, other in events)
        spec = ('_change_type:string! ' if changes else '') + 'k:int32*! s:string*! t:int64! v:string w:int32! other:int64!'
        stream = run("mkrec t '%s'" % spec, where, text.encode())
        if changes:
            stream = stream.replace(b'\n', b' @change=1\n', 1)
        with open(os.path.join(where, 'new'), 'wb') as f:
            f.write(stream)
        history = 'acct-history -t history %s --sequence t --track v,w --run run%d %s %s new' % (
            spill, number, '--deleted-at %d' % deleted if changes else '', '--onto known' if number else '')
        if number:
            run('acct-read -t history history >known', where)
        run('%s >changed; if [ -d history ]; then acct-merge -i changed history; else acct-write -i changed history; fi' % history, where)
        painted = sorted([(deleted if kind == 'delete' else time, i, key, None if kind == 'delete' else row)
                          for i, (kind, key, time, row, _) in enumerate(events) if kind != 'update_preimage'], key=lambda e: e[:2])
        for time, _, key, row in painted:
            timelines.setdefault(key, Timeline(SPAN)).paint(time, row)
        snapshots.append(expected(timelines))
        if snapshots[-1] != actual(where, '_run_to is null'):
            raise AssertionError('run %d:\nexpected %s\ngot      %s' % (number, snapshots[-1], actual(where, '_run_to is null')))
        run('acct-read -t history history >known', where)
        again = run('%s --onto known | acct-cat -f tsv' % history.replace('--onto known', ''), where).decode().split('\n')[1:-1]
        if again:
            raise AssertionError('run %d once more: %s' % (number, again))
        for then, snapshot in enumerate(snapshots):
            got = actual(where, "_run_from <= 'run%d' and (_run_to is null or _run_to > 'run%d')" % (then, then), False)
            if [row[:6] for row in snapshot] != got:
                raise AssertionError('as known in run %d, after run %d:\nexpected %s\ngot      %s' % (then, number, snapshot, got))


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    for i in range(count):
        with tempfile.TemporaryDirectory() as where:
            try:
                one(random.Random(seed * 1000003 + i), where)
            except AssertionError as e:
                sys.exit('case %d of seed %d: %s' % (i, seed, e))


main()
