#!/usr/bin/env python3
"""Random deliveries of rows and deletes with a sequence, merged in any order and grouping: always the newest row of each
key by sequence, delivery and line, which this calculates by itself.

python3 sequence_model.py HISTORIES SEED"""
import os, random, subprocess, sys, tempfile

TYPES = {"int64": lambda n: str(n), "date": lambda n: "2024-%02d-%02d" % (1 + n // 28 % 12, 1 + n % 28),
         "decimal(20,1)": lambda n: "%d.%d" % (n // 3, n % 3), "string": lambda n: "s%04d" % n}


def run(folder, *words, text=b""):
    done = subprocess.run(words, cwd=folder, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise SystemExit("%s: status %d: %s" % (" ".join(words), done.returncode, done.stderr.decode()))
    return done.stdout


def deliveries(r):
    keys, moments = r.randint(1, 30), r.choice([3, 10, 300])
    return [[(r.randint(1, keys), r.randrange(moments), d, line, r.random() < 0.3)
             for line in range(r.randint(0, 40))] for d in range(r.randint(1, 6))]


def expected(all_of_them, word):
    newest = {}
    for key, moment, d, line, gone in sorted(sum(all_of_them, []), key=lambda e: e[1:4]):
        newest[key] = None if gone else "%d\tv%d.%d\t%s\t%d\t%d" % (key, d, line, word(moment), d, line)
    return sorted(row for row in newest.values() if row is not None)


def merge(r, folder, events, kind):
    word, options = TYPES[kind], []
    if r.random() < 0.2:
        options = ["--memory", "1K"]
    lines = "".join("%d\t%s\t%s\t%d\t%d\t%s\n" % (key, "\\N" if gone else "v%d.%d" % (d, line), word(moment), d, line,
                                                  "true" if gone else "false") for key, moment, d, line, gone in events)
    header = "id:int64*! v:string at:%s! _delivery:int64 _line:int64 gone:bool" % kind
    stream = run(folder, "mkrec", "t", header, text=lines.encode())
    run(folder, "acct-merge", "--sequence", "at", "--delete-flag", "gone=true", "--hidden", "_delivery,_line",
        "--property", "delta.enableDeletionVectors=true", *options, "t", text=stream)


def replay(r, folder, all_of_them, kind):
    """Merges the deliveries in random order, some of them together, some twice."""
    order = r.sample(all_of_them, len(all_of_them))
    if r.random() < 0.5:
        order.insert(r.randrange(len(order) + 1), r.choice(order))
    while order:
        n = r.randint(1, len(order))
        merge(r, folder, sum(order[:n], []), kind)
        order = order[n:]
        if r.random() < 0.2:
            run(folder, "acct-optimize", "t")
    text = run(folder, "acct-cat", "-f", "tsv", text=run(folder, "acct-read", "-c", "id,v,at,_delivery,_line", "t"))
    return sorted(text.decode().split("\n")[1:-1])


def main():
    histories, seed = int(sys.argv[1]), int(sys.argv[2])
    for h in range(histories):
        r = random.Random("%d %d" % (seed, h))
        all_of_them, kind = deliveries(r), r.choice(list(TYPES))
        want = expected(all_of_them, TYPES[kind])
        for _ in range(2):
            with tempfile.TemporaryDirectory() as folder:
                got = replay(r, folder, all_of_them, kind)
                if got != want:
                    raise SystemExit("history %d of seed %d: expected %s, got %s" % (h, seed, want, got))


main()
