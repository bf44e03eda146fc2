"""A model of orphans: reject: writes owners and rows, and what acct-clean must make of them.

orphans.py SEED OWNERS BRANCHES ROWS EXPECTED REJECTS
"""
import random
import sys

seed, owners_path, branches_path, rows_path, expected_path, rejects_path = sys.argv[1:]
rng = random.Random(int(seed))
owners = rng.sample(range(1, 400), rng.randint(0, 200))
branches = {(rng.randint(1, 9), rng.choice("abc")) for _ in range(12)}
seen, clean, rejects = {}, [], []
with open(rows_path, "w", encoding="utf-8") as out:
    out.write("id,owner,bank,branch\n")
    for line in range(2, 2 + rng.randint(0, 3000)):
        row = (rng.randint(1, 2000), rng.choice([None, rng.randint(1, 400)]),
               rng.choice([None, rng.randint(1, 9)]), rng.choice([None, "a", "b", "c"]))
        out.write(",".join("" if v is None else str(v) for v in row) + "\n")
        text = "\t".join("\\N" if v is None else str(v) for v in row)
        if row[1] is not None and row[1] not in owners:
            rejects.append(f"{line}\torphan\towner\t{row[1]}")
        elif None not in row[2:] and row[2:] not in branches:
            rejects.append(f"{line}\torphan\tbank,branch\t{row[2]},{row[3]}")
        elif row[0] in seen:
            rejects.append(f"{line}\t{'duplicate' if seen[row[0]] == row else 'conflict'}\tid\t{row[0]}")
        else:
            seen[row[0]] = row
            clean.append(text)
for path, lines in ((owners_path, (str(v) for v in owners)), (branches_path, (f"{a}\t{b}" for a, b in branches)),
                    (expected_path, clean), (rejects_path, rejects)):
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(line + "\n" for line in lines)
