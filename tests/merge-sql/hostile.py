"""Values and names that would break out of SQL text if anything let them.

hostile.py values OUT.tsv OUT.hex [nul] [big]
                                          rows "n, value" for mkrec, and the same as "n|HEX" lines: the list below, as many random ones
                                          (ACCT_SEED repeats them), with "nul" NUL characters too, with "big" a value of 10 MB
hostile.py names [LETTERS]                names as words of a record header (%XX), those with one of the letters left out
"""
import os
import random
import sys

NAMES = ['a"b', "x'y; DROP TABLE z;--", "]] WITH (HEAP);", "[id]", "back\\slash", "line\nfeed", "\U0001f600", "semi;colon", "$$acct$$",
         ":v :'v' :\"v\"", "select", "a.b", " ", "%s%%", "tab\tstop", "\x01"]

VALUES = [
    "", " ", "trailing ", "'", "''", "'''", "'; DROP TABLE t; --", '"', '""', "]", "]]", "]];", "[x]", "`", ";", "--", "/*", "*/", "$$", "$acct$",
    "\\", "\\\\", "\\'", "\\n", "\\.", "\\N", "N", "NULL", "null", "\\q", "\\\n", "\\\r\n", "x\\\ny", "\n", "\r", "\r\n", "a\r\nb", "\t", "\x0b", "\x0c",
    "\x1b", "\x1a", "\x01", "\x1f", "\x7f", "\n.quit\n", "\n\\q\n", "\n\\.\n", "\nGO\n", "\ngo\r\n", "\n/\n", "\n;\n", "\n!!ls\n", "\n:quit\n",
    ":v", ":'v'", ":\"v\"", "$(v)", "a$(v)b", "%s", "%", "{}", "?", "?1", "@x", "#x", "E'\\''", "x'00'", "0x00", "U&'\\0041'", "COMMIT;", "');COMMIT;--",
    "',(1,'x", "\U0001f600", "\U0001f469\u200d\U0001f4bb", "\u2028", "\ufeff", "\uffff", "\U0010ffff", "e\u0301", "\u00e9", "\u2019", "\uff07", "\u02bc",
    "\u0627\u0644", "a" * 4000, "'" * 2000, "\n" * 3999,
]
NUL_VALUES = ["\0", "a\0b", "\0\0", "a\0", "\0'; DROP TABLE t; --"]


ALPHABET = ["'", '"', "]", "[", "\\", ";", "-", "/", "*", "$", "(", ")", ".", ":", ",", " ", "\t", "\n", "\r", "\x1b", "a", "N", "n", "GO", "x",
            "\u00e9", "\u20ac", "\U0001f600"]


def random_values(nul):
    seed = os.environ.get("ACCT_SEED") or str(random.randrange(10**9))
    print("ACCT_SEED=" + seed, file=sys.stderr)
    draw = random.Random(seed)
    letters = ALPHABET + (["\0"] if nul else [])
    return ["".join(draw.choices(letters, k=draw.randrange(12))) for _ in range(1500)]


def escaped(value):
    return "".join(chr(b) if 0x20 < b < 0x7f and b != 0x5c else "\\x%02x" % b for b in value.encode())


def word(name):
    return "".join(chr(b) if chr(b).isascii() and (chr(b).isalnum() or chr(b) in "_.-") else "%%%02X" % b for b in name.encode())


def big():
    """10 MB of what is quoted everywhere."""
    unit = "' '' ] ]] \" ; \\ -- /* $$ caf\u00e9 "
    return unit * (10_000_000 // len(unit.encode()))


def main():
    if sys.argv[1] == "names":
        print(" ".join(word(name) for name in NAMES if not set(name) & set("".join(sys.argv[2:]))))
        return
    nul = "nul" in sys.argv[4:]
    rows = [(n, escaped(v), v) for n, v in enumerate(VALUES + (NUL_VALUES if nul else []) + random_values(nul))]
    if "big" in sys.argv[4:]:
        rows.append((len(rows), big().replace("\\", "\\\\"), big()))
    with open(sys.argv[2], "w") as tsv, open(sys.argv[3], "w") as expected:
        for n, text, value in rows:
            print(n, text, sep="\t", file=tsv)
            print(n, value.encode().hex().upper(), sep="|", file=expected)


main()
