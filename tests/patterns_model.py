"""
regexp_like, regexp_substr and regexp_replace against Python's re: random patterns over random texts. Of the matches at the first place
where there is one that is not empty, ours is the longest, which the model finds by trying all.

    patterns_model.py COUNT [SEED]
"""
import random
import re
import subprocess
import sys

LETTERS = 'ab1 é-'
ATOMS = ['a', 'b', 'é', '1', '-', ' ', '.', '[ab]', '[^a]', r'\d', r'\w', r'\s', '[a-b1]', '(a|ab)', '(b|1|)', '(?:ab|é)', r'\.', '(^a|b)']


def pattern(rng):
    out = ''
    for _ in range(rng.randrange(1, 5)):
        out += rng.choice(ATOMS) + rng.choice(['', '', '', '+', '*', '?', '{2}', '{1,3}', '{2,}'])
    return rng.choice(['', '', '', '^']) + out + rng.choice(['', '', '', '|a1'])


def search(compiled, text, start):
    for at in range(start, len(text)):
        for end in range(len(text), at, -1):
            if compiled.fullmatch(text, at, end):
                return at, end
    return None


def replaced(compiled, text, to):
    out, at = '', 0
    while True:
        found = search(compiled, text, at)
        if found is None:
            return out + text[at:]
        out += text[at:found[0]] + to
        at = found[1]


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def one(rng):
    p, to = pattern(rng), rng.choice(['', 'x', 'é$', '<&>', 'aa'])
    end = rng.choice(['', '$'])
    compiled, like = re.compile(p, re.ASCII | re.DOTALL), re.compile('(?:%s)%s' % (p, r'\Z' if end else ''), re.ASCII | re.DOTALL)
    texts = [None, ''] + [''.join(rng.choice(LETTERS) for _ in range(rng.randrange(1, 9))) for _ in range(25)]
    stream = subprocess.run(['mkrec', 't', 's:string'], input=''.join(('\\N' if t is None else t) + '\n' for t in texts).encode(),
                            stdout=subprocess.PIPE, check=True).stdout
    items = 'l = regexp_like(s, %s), s = regexp_substr(s, %s), r = regexp_replace(s, %s, %s)' % (
        quoted('(%s)%s' % (p, end)), quoted(p), quoted(p), quoted(to))
    done = subprocess.run(['acct-select', '-c', items], input=stream, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise AssertionError('%s: %s' % (items, done.stderr.decode()))
    got = subprocess.run(['acct-cat', '-f', 'tsv'], input=done.stdout, stdout=subprocess.PIPE, check=True).stdout.decode().split('\n')[1:-1]
    for text, line in zip(texts, got):
        want = '\\N\t\\N\t\\N'
        if text is not None:
            found = search(compiled, text, 0)
            want = '\t'.join([str(like.search(text) is not None).lower(), '\\N' if found is None else text[found[0]:found[1]],
                              replaced(compiled, text, to)])
        if want != line:
            raise AssertionError('%s of %r: expected %r, got %r' % (items, text, want, line))


def main():
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    for i in range(count):
        try:
            one(random.Random(seed * 1000003 + i))
        except AssertionError as e:
            sys.exit('case %d of seed %d: %s' % (i, seed, e))


main()
