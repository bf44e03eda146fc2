#!/usr/bin/env python3
"""coverage.py BUILD [--bars LINES BRANCHES FOLDER] [--missed FOLDER]: what a build for coverage has executed, by folder.

Prints lines and branches of each folder, as executed/all and as a share. --bars fails below these percentages of all lines, of all branches,
and of each folder's branches. --missed lists the functions of a folder that were never called, and lines never executed, with their numbers.
"""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Line:
    def __init__(self):
        self.count = 0
        self.branches = {}

    def add(self, got):
        self.count += got["count"]
        for i, branch in enumerate(got["branches"]):
            key = (len(got["branches"]), i)
            self.branches[key] = self.branches.get(key, 0) + branch["count"]

    def taken(self):
        """Branches executed and all; a header's line can be compiled in several shapes, of which the best counts."""
        shapes = defaultdict(list)
        for (size, _), count in self.branches.items():
            shapes[size].append(count > 0)
        return max(((sum(s), len(s)) for s in shapes.values()), key=lambda s: s[0] / s[1], default=(0, 0))


def gcov(names):
    """What gcov prints for them; None where it fails."""
    out = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", *names],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return out.stdout if out.returncode == 0 else None


def counted(name):
    """
    The same for one file. A program that a test killed while it wrote its counts leaves them broken; then they count as none, so that
    the figures are too low rather than too high.
    """
    out = gcov([name])
    if out is None:
        print(f"{name}: its counts are broken, and left out", file=sys.stderr)
        Path(name).with_suffix(".gcda").unlink(missing_ok=True)
        out = gcov([name])
        if out is None:
            sys.exit(f"{name}: gcov cannot read it")
    return out


def read(build):
    """Lines by file, relative to the tree."""
    files = defaultdict(lambda: defaultdict(Line))
    names = sorted(str(p) for p in Path(build).rglob("*.gcno"))
    for at in range(0, len(names), 20):
        out = gcov(names[at : at + 20]) or b"".join(counted(name) for name in names[at : at + 20])
        for text in out.splitlines():
            for file in json.loads(text)["files"]:
                name = os.path.relpath(os.path.join(ROOT, file["file"]), ROOT)
                if name.startswith(("lib/", "cmd/")):
                    for line in file["lines"]:
                        files[name][line["line_number"]].add(line)
    return files


def folder_of(name):
    return "/".join(name.split("/")[: 2 if name.startswith("lib/") else 1])


def share(part, whole):
    return 100 * part / whole if whole else 100.0


def missed(files, folder):
    for name in sorted(files):
        if folder_of(name) == folder:
            lines = files[name]
            none = sorted(n for n, line in lines.items() if line.count == 0)
            half = sorted(n for n, line in lines.items() if line.count > 0 and line.taken()[0] < line.taken()[1])
            print(f"{name}: lines {' '.join(map(str, none)) or '-'}; branches in {' '.join(map(str, half)) or '-'}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("build")
    parser.add_argument("--bars", nargs=3, type=float)
    parser.add_argument("--missed", action="append", default=[])
    args = parser.parse_args()
    files = read(args.build)
    sums = defaultdict(lambda: [0, 0, 0, 0])
    for name, lines in files.items():
        for line in lines.values():
            taken, branches = line.taken()
            for key in (folder_of(name), "all"):
                for i, n in enumerate((line.count > 0, 1, taken, branches)):
                    sums[key][i] += n
    failed = False
    print(f"{'folder':<16}{'lines':>16}{'':>8}{'branches':>16}{'':>8}")
    for key in sorted(sums, key=lambda k: (k == "all", k)):
        a, b, c, d = sums[key]
        low = ""
        if args.bars:
            bars = args.bars[:2] if key == "all" else (0, args.bars[2] if key != "cmd" else 0)
            if share(a, b) < bars[0] or share(c, d) < bars[1]:
                low, failed = "  below the bar", True
        print(f"{key:<16}{f'{a}/{b}':>16}{share(a, b):>7.1f}%{f'{c}/{d}':>16}{share(c, d):>7.1f}%{low}")
    for folder in args.missed:
        missed(files, folder)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
