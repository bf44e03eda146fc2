"""Parses T-SQL with sqlglot and sqlfluff, which must both take every statement, and prints what sqlglot understood.

tsql.py FILE            kinds of statements, one a line with its count, as sqlfluff and sqlglot have them
tsql.py FILE rows       every staged row as "n|HEX" of its second column's UTF-8
tsql.py FILE columns    the target's name and its columns' names, each as HEX
"""
import logging
import sys
from collections import Counter

import sqlglot
from sqlglot import exp

logging.getLogger("sqlglot").setLevel(logging.ERROR)


def parsed(text):
    trees = sqlglot.parse(text, dialect="tsql")
    return [node for tree in trees for node in tree.walk()]


def kinds(text, nodes):
    from sqlfluff.core import Linter
    tree = Linter(dialect="tsql")
    result = tree.parse_string(text)
    if result.violations or list(result.tree.recursive_crawl("unparsable")):
        sys.exit("sqlfluff: %s" % result.violations[:3])
    fluff = Counter(s.type for s in result.tree.recursive_crawl_all() if s.type.endswith("_statement"))
    for kind in ("create_table", "create_columnstore_index", "insert", "merge", "throw", "transaction", "update_statistics", "drop_table"):
        print("sqlfluff", kind, fluff[kind + "_statement"])
    wanted = (exp.Create, exp.Insert, exp.Merge, exp.Commit, exp.Drop)
    glot = Counter(type(n).__name__ for n in nodes if isinstance(n, wanted) and not (isinstance(n, exp.Insert) and n.find_ancestor(exp.Merge)))
    for kind in sorted(glot):
        print("sqlglot", kind, glot[kind])


def constant(node):
    """The value of a literal, as text."""
    if isinstance(node, exp.Cast):
        return constant(node.this)
    if isinstance(node, exp.HexString):
        return bytes.fromhex(node.this if len(node.this) % 2 == 0 else "0" + node.this).decode("utf-16-le")
    if isinstance(node, exp.Neg):
        return "-" + constant(node.this)
    if isinstance(node, exp.Null):
        return None
    assert isinstance(node, (exp.National, exp.Literal)), repr(node)
    return node.this


def selects(node):
    stack = [node]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Union):
            stack += [node.expression, node.this]
        else:
            yield node


def rows(nodes):
    for insert in (n for n in nodes if isinstance(n, exp.Insert) and isinstance(n.expression, (exp.Select, exp.Union))):
        for select in selects(insert.expression):
            n, value = (constant(e) for e in select.expressions[:2])
            print(n, value.encode().hex().upper(), sep="|")


def columns(nodes):
    create = next(n for n in nodes if isinstance(n, exp.Create) and n.kind == "TABLE")
    print(create.this.this.name.encode().hex().upper())
    for column in create.this.expressions:
        print(column.name.encode().hex().upper())


text = open(sys.argv[1], encoding="utf-8", newline="").read()
nodes = parsed(text)
what = sys.argv[2] if len(sys.argv) > 2 else "kinds"
{"kinds": lambda: kinds(text, nodes), "rows": lambda: rows(nodes), "columns": lambda: columns(nodes)}[what]()
