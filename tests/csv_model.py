#!/usr/bin/env python3
"""What acct-ingest must make of any text: a second reader, byte by byte, written from the rules of acct-ingest(1) alone.

    csv_model.py BINDIR CASES SEED      random texts through acct-ingest on each of its paths, and through this model;
                                        prints what it compared, or the first text where they differ, with status 1

The texts are short and dense in quotes, delimiters, CR, LF, blanks, tabs and escapes, with some of several blocks among them; each run
takes many files, so that starting processes does not dominate. Compared are every record (line, fields, reason and text of a reject) and
every count of --stats. Two thirds of the runs have a small --max-record; the texts that pass it are each given alone and must be refused.
"""
import collections
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

Format = collections.namedtuple("Format", "delimiter quote escape multiline")
Layout = collections.namedtuple("Layout", "before footer begins_footer comment trailing short encoding")     # encoding: None UTF-8
Row = collections.namedtuple("Row", "line lines fields text")      # fields: None absent, else bytes
Reject = collections.namedtuple("Reject", "line text")

LF, CR, BLANK, TAB = 10, 13, 32, 9
LONG = 12       # of the texts of a batch that are too long, so many are tried alone


class TooLong(Exception):
    """A single line, a row within one line, or a record is longer than the limit, for which the whole file is refused."""


# ---- the model ----

class Text:
    """A text and where its physical lines begin."""

    def __init__(self, data):
        self.data = data
        self.begins = [0]
        for at, byte in enumerate(data):
            if byte == LF:
                self.begins.append(at + 1)
        if self.begins[-1] == len(data):
            self.begins.pop()               # an LF ends a line and begins none
        self.lines = len(self.begins)

    def end(self, i):
        """Where line i ends, after its LF."""
        return self.begins[i + 1] if i + 1 < self.lines else len(self.data)

    def content(self, i):
        """Line i without its end: an LF and the CRs directly before it."""
        text = self.data[self.begins[i]:self.end(i)]
        return text[:-1].rstrip(b"\r") if text.endswith(b"\n") else text


def line_end(data, at):
    """The place after a line end that begins at `at`, or None where there is none. The end of the text is one."""
    while at < len(data) and data[at] == CR:
        at += 1
    if at < len(data):
        return at + 1 if data[at] == LF else None
    return None


class Stray(Exception):
    """The field that begins in this line (an index) holds a stray quote or is not closed."""


def read_record(text, first, f, limit):
    """The record that begins with line `first`: (fields, its text, index of the line after it). Raises Stray and TooLong."""
    data, at, line = text.data, text.begins[first], first
    begin, fields, crossing = at, [], None
    most = begin + limit

    def padding(i):
        return i < len(data) and data[i] in (BLANK, TAB) and data[i] != f.delimiter and data[i] != f.quote

    def too_long():
        raise TooLong if crossing is None else Stray(crossing)

    def finish(end, after):
        if end > most:
            too_long()
        return fields, data[begin:end], line + 1, after

    while True:
        start = at
        while padding(at):
            at += 1
        if f.quote is None or at == len(data) or data[at] != f.quote:       # an unquoted field
            at = start
            while True:
                if at == len(data) or data[at] == f.delimiter:
                    break
                if data[at] in (CR, LF) and line_end(data, at) is not None:
                    break
                at += 1
            fields.append(data[start:at] or None)
            if at == len(data):
                return finish(at, at)
            if data[at] == f.delimiter:
                at += 1
                continue
            return finish(at, line_end(data, at))
        # a quoted field
        if at >= most:
            too_long()
        at += 1
        opened, field = line, bytearray()
        while True:
            if at == len(data) or at >= most:
                raise Stray(opened)
            byte, following = data[at], data[at + 1] if at + 1 < len(data) else None
            if byte != f.quote and byte == f.escape and following is not None and following in (f.quote, f.escape):
                field.append(following)
                at += 2
            elif byte == f.quote and following == f.quote:
                field.append(byte)
                at += 2
            elif byte == f.quote:
                at += 1
                break
            else:
                if byte == LF:
                    if f.multiline == "no":
                        raise Stray(opened)
                    line += 1
                    crossing = opened
                field.append(byte)
                at += 1
        while padding(at):
            at += 1
        if at > most:
            too_long()
        fields.append(bytes(field))
        if at == len(data):
            return finish(at, at)
        if data[at] == f.delimiter:
            at += 1
        elif data[at] in (CR, LF) and line_end(data, at) is not None:
            return finish(at, line_end(data, at))
        else:
            raise Stray(opened)


def read(data, f, limit, layout):
    """All rows and rejects of a text, and its counts."""
    counts = {"rows": 0, "blank": 0, "lines": 0, "skipped": 0, "spanning": {"rows": 0, "first": None}, "open_quotes": {"rejects": 0, "first": None}}
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
        if not data:
            counts["lines"] = counts["blank"] = 1
            return [], counts
    text, got = Text(data), []
    counts["lines"] = text.lines
    if layout.footer:
        text = Text(data[:text.begins[text.lines - layout.footer]])
        data = text.data
        counts["skipped"] += layout.footer
    i = layout.before
    counts["skipped"] += i

    def reject(k):
        content = text.content(k)
        if len(content) > limit:
            raise TooLong
        got.append(Reject(k + 1, content))
        return data[text.begins[k]:text.end(k)].count(f.quote) % 2

    def note(what, member, k):
        counts[what][member] += 1
        if counts[what]["first"] is None:
            counts[what]["first"] = k + 1

    while i < text.lines:
        if layout.comment and data.startswith(layout.comment, text.begins[i]):
            counts["skipped"] += 1
            i += 1
            continue
        if layout.begins_footer and text.content(i) == layout.begins_footer:
            counts["skipped"] += text.lines - i
            break
        if not text.content(i):
            counts["blank"] += 1
            i += 1
            continue
        try:
            fields, source, after, _ = read_record(text, i, f, limit)
            got.append(Row(i + 1, after - i, fields, source))
            if after - i > 1:
                note("spanning", "rows", i)
            i = after
        except Stray as stray:
            began, odd = i, 0
            while i <= stray.args[0]:
                odd ^= reject(i)
                i += 1
            if odd:
                note("open_quotes", "rejects", began)
            while odd and f.multiline == "yes" and i < text.lines:
                odd ^= reject(i)
                i += 1
    counts["rows"] = len(got)
    return got, counts


# ---- records ----

def escaped(field):
    if field is None:
        return b"\x19"
    if not field:
        return b"\x1a"
    return b"".join(bytes((0x1b, 0x40 + b)) if b < 0x20 else bytes((b,)) for b in field)


def number(v):
    groups = max(1, (v.bit_length() + 6) // 7)
    return bytes((0x40 + groups,)) + bytes(v >> 7 * k & 0x7f | 0x80 for k in reversed(range(groups)))


def record(item, columns, nfields, with_lines):
    """The raw record of a row or a reject; columns: the index of each one's field."""
    if isinstance(item, Reject) or len(item.fields) != nfields:
        reason, lines = (b"quote ", 1) if isinstance(item, Reject) else (b"field-count ", item.lines)
        fields, malformed = [None] * len(columns), reason + item.text
    else:
        fields, malformed, lines = [item.fields[c] for c in columns], None, item.lines
    words = [number(item.line)] + [escaped(v) for v in fields]
    if with_lines:
        words.append(number(lines))
    return b"\t".join(words + [escaped(malformed)])


# ---- cases ----

def random_format(r):
    delimiter = r.choice(b",,,;|\t ")
    quote = r.choice([b'"'[0]] * 6 + [b"'"[0], None])
    escape = r.choice([None, None, b"\\"[0], b"\\"[0], b"%"[0], quote])
    return Format(delimiter, quote, escape, r.choice([None, "no", "yes"]))


def random_layout(r, header):
    """Lines that are not rows, rows of another length, and an encoding; in every other batch nothing of it."""
    if r.random() < .5:
        return Layout(0, 0, None, None, False, False, None)
    footer = r.choice((0, 0, 1, 2, 3))
    return Layout(r.choice((0, 0, 1, 3)) if header else 0, footer, b"T" if footer == 0 and r.random() < .5 else None,
                  r.choice((None, None, b"1", b"#", b"//")), r.random() < .4, r.random() < .4,
                  r.choice((None, None, "latin1", "utf-16le", "utf-16be", "auto")))


def encoded(r, text, encoding):
    """The bytes of a file whose text this is, and the UTF-8 that is to be read of it. Each byte is a character of Latin-1."""
    if encoding is None:
        return text, text
    u = text.decode("latin1")
    if encoding == "latin1":
        return text, u.encode()
    if r.random() < .3:
        u = u.replace("12", "\udc00")       # half of a pair, which is not a character
    utf8 = u.encode("utf-8", "surrogatepass").replace("\udc00".encode("utf-8", "surrogatepass"), b"\xff")
    if encoding == "auto":
        if r.random() < .2 and "\udc00" not in u:
            return u.encode(), utf8
        encoding = r.choice(("utf-16le", "utf-16be", "utf-32le", "utf-32be"))
        u = "\ufeff" + u
    return u.encode(encoding, "surrogatepass"), utf8


def random_text(r, f, n):
    """n pieces; each text has its own mix of them."""
    d, q, e = (bytes((b,)) if b is not None else b"" for b in (f.delimiter, f.quote, f.escape))
    pieces = [b"a", b"12", b"\xc3\xa9", b"x" * r.choice((3, 17, 40, 70)), d, d + q, q + d, q, q + q, d + q + q + d, b"\n", q + b"\n", b"\n" + q, b"\r\n",
              b"\r", b"\r\r\n", b" ", b"\t", e, e + q, e + e, q + b" ", b" " + q, b"\0", b"\x1b", d + q + b"b" + d + b"\n" + q + d]
    weights = [r.choice((0, 0, 1, 1, 2, 5)) for _ in pieces]
    weights[0] += 1
    return b"".join(r.choices(pieces, weights, k=n))


def tidy_text(r, f, n, columns):
    """n rows as a careful program writes them, some of them spoilt."""
    d, q = bytes((f.delimiter,)), bytes((f.quote,)) if f.quote is not None else b""
    style = r.choice(("all", "some", "none"))
    out = []
    for _ in range(n):
        row = []
        for _ in range(columns):
            text = b"".join(r.choices([b"a", b"1", b".", d, q, b"\n", b" ", b"bcdefghij"], [8, 8, 2, 1, 1, f.multiline != "no", 1, 3], k=r.randrange(9)))
            if q and (style == "all" or (style == "some" and r.random() < .4) or (style == "none" and (d in text or b"\n" in text))):
                text = q + text.replace(q, q + q) + q
            row.append(text)
        line = d.join(row)
        if r.random() < .05 and line:
            at = r.randrange(len(line) + 1)
            line = line[:at] + r.choice([q, b" ", b"\r", d, b"\n", bytes((f.escape or 32,))]) + line[at:]
        out.append(line + r.choice([b"\n"] * 8 + [b"\r\n", b"\r\r\n"]))
    return b"".join(out)


def schema_text(f, names, source, header, layout):
    byte = {9: "\\t"}
    text = "name: t\nextra: ignore\n" if len(names) < len(source) else "name: t\n"
    text += "delimiter: '%s'\nquote: %s\n" % (byte.get(f.delimiter, chr(f.delimiter)), json.dumps(chr(f.quote)) if f.quote is not None else "''")
    if f.escape is not None:
        text += "escape: %s\n" % json.dumps(chr(f.escape))
    if f.multiline is not None:
        text += "multiline: %s\n" % f.multiline
    text += "header: %s\n" % (("yes" if layout.before == 0 else layout.before + 1) if header else "no")
    if layout.footer or layout.begins_footer:
        text += "footer: %s\n" % (layout.footer or layout.begins_footer.decode())
    if layout.comment:
        text += "comment: '%s'\n" % layout.comment.decode()
    if layout.encoding:
        text += "encoding: %s\n" % layout.encoding
    text += "trailing_delimiter: %s\nshort_rows: %s\ncolumns:\n" % ("yes" if layout.trailing else "no", "null" if layout.short else "reject")
    return text + "".join("  - {name: %s, type: string}\n" % n for n in names)


def shown(data):
    return repr(data if len(data) < 2000 else data[:2000] + b"...")


class Batch:
    """Texts of one format and schema, as files."""

    def __init__(self, r, folder, size):
        self.r, self.folder = r, folder
        self.format = random_format(r)
        self.limit = r.choice((16 << 20, r.randrange(24, 160), r.randrange(40, 400)))
        self.source = ["a", "b", "c"][:r.choice((1, 2, 3, 3))]
        self.header = r.random() < .5
        self.layout = random_layout(r, self.header)
        self.names = list(self.source)
        if self.header and r.random() < .5:
            self.names = r.sample(self.source, r.randrange(1, len(self.source) + 1))
        self.with_lines = len(self.names) < len(self.source) and self.format.quote is not None and self.format.multiline != "no"
        with open(os.path.join(folder, "schema.yaml"), "w", encoding="utf-8") as out:
            out.write(schema_text(self.format, self.names, self.source, self.header, self.layout))
        self.texts = []
        for i in range(size):
            data, text = encoded(r, self.text(size), self.layout.encoding)
            self.texts.append(text)
            with open(os.path.join(folder, "%d.csv" % i), "wb") as out:
                out.write(data)

    def text(self, size):
        r, f = self.r, self.format
        n = r.randrange(40000) if r.random() < 1 / size else r.choice((r.randrange(30), r.randrange(8), r.randrange(120)))
        if r.random() < .3 or (n > 120 and self.layout != Layout(0, 0, None, None, False, False, None)):
            text = tidy_text(r, f, 1 + n // 8, len(self.source))
        else:
            text = random_text(r, f, n)
        if r.random() < .3:
            text = text.rstrip(b"\n")
        d, lay = bytes((f.delimiter,)), self.layout
        if lay.trailing and r.random() < .7:
            text = text.replace(b"\n", d + b"\n")
        if lay.comment:
            text = b"".join(line if r.random() < .8 else lay.comment + line for line in text.splitlines(True))
        head = d.join(n.encode() for n in self.source) + r.choice((b"", d) if lay.trailing else (b"",)) if self.header else b""
        head = b"".join(r.choice((b"\n", b'"x\n', b"a,b\n", b"\r\n")) for _ in range(lay.before)) + head + r.choice((b"\n", b"\r\n") if self.header else (b"\n",))
        text += b"".join(r.choice((b"\n", b'"\n', b"total,1\n")) for _ in range(lay.footer)) if text.endswith(b"\n") or not text else b""
        if lay.footer and (not text or not text.endswith(b"\n")):
            text += b"\n" * lay.footer + b"end"
        if lay.begins_footer and r.random() < .5:
            text += r.choice((b"\nT\n", b"\nT", b"\nT\r\n", b'\nT\nx,"y\n')) + b"z\n" * r.randrange(900)
        # Without an LF a file may be refused as one whose lines end with CR alone; other tests have that.
        return (b"\xef\xbb\xbf" if r.random() < .05 and lay.encoding is None else b"") + head + text

    def want(self, text):
        """Records and counts of a text, or None where it is to be refused."""
        try:
            records, counts = self.want_records(text)
        except TooLong:
            return None
        return None if any(len(r) > self.limit for r in records) else (records, counts)

    def whole(self, item):
        """A row with the fields that the layout gives it."""
        n = len(self.source)
        if isinstance(item, Reject):
            return item
        fields = item.fields
        if self.layout.trailing and len(fields) == n + 1 and fields[n] is None:
            fields = fields[:n]
        if self.layout.short and len(fields) < n:
            fields = fields + [None] * (n - len(fields))
        return item._replace(fields=fields) if len(fields) == n else item

    def want_records(self, text):
        items, counts = read(text, self.format, self.limit, self.layout)
        columns, head = [self.source.index(n) for n in self.names], 0
        if self.header:
            head = items[0].lines
            items = items[1:]
        items = [self.whole(i) for i in items]
        counts["header"] = head
        counts["rows"] = len(items)
        counts["malformed"] = sum(isinstance(i, Reject) or len(i.fields) != len(self.source) for i in items)
        return [record(i, columns, len(self.source), self.with_lines) for i in items], counts

    def ingest(self, bindir, path, files):
        command = [os.path.join(bindir, "acct-ingest"), "-s", "schema.yaml", "--max-record", str(self.limit), "--stats", "stats.json",
                   "-o", "out.acct", *files]
        return subprocess.run(command, cwd=self.folder, env=dict(os.environ, ACCT_PORTABLE=path), stderr=subprocess.PIPE)

    def refused(self, bindir, path, i):
        """Is the text refused for its length?"""
        got = self.ingest(bindir, path, ["%d.csv" % i])
        if got.returncode == 65 and b"--max-record raises the limit" in got.stderr:
            return True
        print("ACCT_PORTABLE=%s %s header %s columns %s --max-record %d\n  text  %s\n  not refused for its length: status %d: %s" % (
            path, self.format, self.header, self.names, self.limit, shown(self.texts[i]), got.returncode, got.stderr))
        return False

    def run(self, bindir, path, texts):
        """What acct-ingest makes of the files: records and counts of each."""
        if not texts:
            return [], []
        done = self.ingest(bindir, path, ["%d.csv" % i for i in texts])
        if done.returncode != 0:
            sys.exit("%s %s --max-record %d: %s" % (self.format, self.layout, self.limit, done.stderr.decode(errors="replace")))
        with open(os.path.join(self.folder, "out.acct"), "rb") as data:
            segments = data.read().split(b"\x01H ")[1:]
        with open(os.path.join(self.folder, "stats.json"), encoding="utf-8") as data:
            counts = json.load(data)["files"]
        for count in counts:
            del count["resume"]                 # unit/resume.c
        return [[line for line in s.split(b"\n")[1:] if line and line[0] != 1] for s in segments], counts

    def compare(self, bindir):
        wants = [self.want(text) for text in self.texts]
        kept = [i for i, want in enumerate(wants) if want is not None]
        over = [i for i, want in enumerate(wants) if want is None][:LONG]
        for path in ("0", "avx2", "1"):
            if not all(self.refused(bindir, path, i) for i in over):
                return False
            records, counts = self.run(bindir, path, kept)
            assert len(records) == len(counts) == len(kept)
            for i, got, stats in zip(kept, records, counts):
                text, (want, count) = self.texts[i], wants[i]
                stats = {k: v for k, v in stats.items() if k not in ("name", "bytes")}
                if got != want or stats != count:
                    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
                    print("ACCT_PORTABLE=%s %s header %s columns %s --max-record %d %s\n  text  %s\n  record %d of %d\n  want  %s\n  got   %s\n  want  %s\n  got   %s" % (
                        path, self.format, self.header, self.names, self.limit, self.layout, shown(text), at, len(want), shown(want[at] if at < len(want) else b"none"),
                        shown(got[at] if at < len(got) else b"none"), count, stats))
                    return False
        return True


def main():
    bindir, cases, seed = os.path.abspath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    size = min(cases, 250)
    r = random.Random(seed)
    folder = tempfile.mkdtemp(dir=os.environ.get("TMPDIR", "/tmp"))
    try:
        for done in range(0, cases, size):
            if not Batch(r, folder, size).compare(bindir):
                return 1
    finally:
        shutil.rmtree(folder)
    print("%d texts, the same records and counts on three paths" % cases)
    return 0


if __name__ == "__main__":
    sys.exit(main())
