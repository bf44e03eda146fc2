"""Parses scripts with sqlfluff's T-SQL, batch after batch: fluff.py FILE.... Prints what it cannot parse and ends with 1 then. It does not know
COPY INTO and data sources with a type, which the rules (rules.py) hold."""
import re
import sys

from sqlfluff.core import Linter

linter, bad = Linter(dialect="tsql"), 0
for path in sys.argv[1:]:
    for n, batch in enumerate(re.split(r"(?m)^GO\n", open(path, encoding="utf-8").read()), 1):
        if batch.strip() and not batch.startswith("COPY INTO") and "TYPE = HADOOP" not in batch:
            result = linter.parse_string(batch)
            for v in result.violations:
                bad += 1
                print("%s: batch %d: %s" % (path, n, str(v.desc())[:300]))
sys.exit(1 if bad else 0)
