"""Parses T-SQL with ScriptDom, Microsoft's parser: scriptdom.py FILE...; FILE is a script with GO, or a JSON array of batches.

Prints the errors, a line each as "FILE: batch N: line L: number: text", and ends with 1 if there are any. What ScriptDom does not know is left to the
rules (rules.py): a batch that is one COPY INTO, the option LABEL, OPENROWSET with a format.
"""
import json
import os
import re
import sys

import dotnetcore2
import pythonnet

os.environ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1"
here = os.path.join(os.path.dirname(dotnetcore2.__file__), "bin")
os.environ["DOTNET_ROOT"] = here
config = os.path.join(os.environ["SCRIPTDOM"], "runtimeconfig.json")
if not os.path.exists(config):
    with open(config, "w") as f:
        json.dump({"runtimeOptions": {"tfm": "netcoreapp3.1", "framework": {"name": "Microsoft.NETCore.App", "version": "3.1.0"}}}, f)
pythonnet.load("coreclr", runtime_config=config, dotnet_root=here)
import clr  # noqa: E402
clr.AddReference(os.path.join(os.environ["SCRIPTDOM"], "Microsoft.SqlServer.TransactSql.ScriptDom.dll"))
from Microsoft.SqlServer.TransactSql.ScriptDom import TSql150Parser  # noqa: E402
from System.IO import StringReader  # noqa: E402


def batches(path):
    text = open(path, encoding="utf-8", newline="").read()
    return json.loads(text) if text.startswith("[\n") else re.split(r"(?m)^GO\n", text)


def main():
    bad = seen = 0
    for path in sys.argv[1:]:
        for n, batch in enumerate(batches(path), 1):
            if batch.startswith("COPY INTO ") or not batch.strip():
                continue
            batch = re.sub(r"FROM OPENROWSET\((BULK '[^']*').*\)\nWITH .* AS r;", r"FROM OPENROWSET(\1, SINGLE_CLOB) AS r;", batch)
            batch = re.sub(r"\nOPTION \(LABEL = N'acct-merge-sql'\)", "", batch)
            _, errors = TSql150Parser(True).Parse(StringReader(batch))
            seen += 1
            for e in errors:
                bad += 1
                print("%s: batch %d: line %d: %d: %s" % (path, n, e.Line, e.Number, e.Message))
    print("%d batches" % seen, file=sys.stderr)
    return 1 if bad else 0


sys.exit(main())
