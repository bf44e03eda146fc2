"""The files that others wrote, in a folder: each gives the rows a peer gives, or is refused for the reason that conformance.txt states.

    conformance_peers.py parquet|delta FOLDER

A file or table of the folder that the list does not have is a failure, and so is one that the list has and the folder has not.
"""
import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder

import lake
import parquet_peers as peers

# columns that record streams have no type for
NOT_OURS = (pa.types.is_nested, pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_fixed_size_binary,
            pa.types.is_time, pa.types.is_null)


def verdicts(prefix):
    """Of the list's lines: name, verdict, words."""
    out = {}
    with open(os.path.join(os.path.dirname(__file__), "conformance.txt"), encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(prefix):
                name, verdict, *words = line.rstrip("\n").split("\t")
                out[name.removeprefix(prefix)] = (verdict, words[0] if words else None)
    return out


def tables(folder):
    """Every folder with a log, and those at the top without one."""
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        inner = sorted(d for d, names, _ in os.walk(path) if "_delta_log" in names)
        for table in inner or [path]:
            yield os.path.relpath(table, folder)


def by_pyarrow(path):
    return pq.read_table(path)


def by_deltalake(path):
    return pa.table(QueryBuilder().register("t", DeltaTable(path)).execute("select * from t"))


def by_folder(path):
    """The Parquet files below a folder without a log."""
    return pa.concat_tables(pq.read_table(os.path.join(d, f)) for d, _, files in os.walk(path) for f in files if f.endswith(".parquet"))


def flat(schema):
    return [f.name for f in schema if not any(is_type(f.type) for is_type in NOT_OURS)]


def refused(what, place, words, options=()):
    """Refused with one line that has the words?"""
    peers.checks += 1
    done = subprocess.run(["acct-read", *options, place], capture_output=True, env=dict(os.environ, LC_ALL="C"), check=False)
    message = done.stderr.decode(errors="replace")
    if done.returncode not in (65, 66, 69) or words not in message or message.count("\n") != 1:
        peers.fail(f"{what}: status {done.returncode}, not refused by {words!r}: {message.strip()}")


def compare(what, place, theirs, options=()):
    """The rows as a peer has them: in order, for a file; sorted, for a table."""
    if theirs.num_rows > 50_000 and not options:
        compare_numbers(what, place, theirs)
        return
    try:
        got = lake.read(place, *options)
    except lake.Refused as error:
        peers.fail(f"{what}: {error}")
        return
    lake.same(f"{what}: columns", [c[0] for c in got.columns], theirs.column_names)
    (peers.same if os.path.isfile(place) else lake.same_rows)(what, got.rows, peers.plain_rows(theirs))


def compare_numbers(what, place, theirs):
    """The same for large tables of whole numbers and decimals, by their text."""
    lines = lake.acct("acct-cat", "-f", "tsv", data=lake.acct("acct-read", place)).split(b"\n")
    text = [pc.fill_null(c.cast(pa.string()), "\\N") for c in theirs.columns]
    want = pc.binary_join_element_wise(*text, "\t").cast(pa.binary()).to_pylist() if len(text) > 1 else text[0].cast(pa.binary()).to_pylist()
    lake.same(f"{what}: columns", lines[0], "\t".join(theirs.column_names).encode())
    peers.same(what, sorted(lines[1:-1]), sorted(want))


def one(what, place, verdict, words, peer):
    """A verdict carried out, `peer` being what reads the place."""
    if verdict == "refused":
        refused(what, place, words)
    elif verdict == "part":  # refused as a whole; its other columns are the peer's
        refused(what, place, words)
        theirs = peer(place)
        theirs = theirs.select(flat(theirs.schema))
        compare(what, place, theirs, ("-c", ",".join(theirs.column_names)))
    elif verdict == "broken":  # and so is what is left without columns that a stream has no type for
        refused(what, place, words, ("-c", ",".join(flat(pq.read_schema(place)))))
    else:
        compare(what, place, peer(place))


def listed(names, wanted):
    """Both in both?"""
    for name in sorted(set(names) ^ set(wanted)):
        peers.fail(f"{name}: {'stands in no list' if name in names else 'is not there'}")
    return [name for name in names if name in wanted]


def parquet(folder):
    wanted = verdicts("parquet/")
    names = [f"{d}/{f}" for d in ("data", "bad_data") for f in sorted(os.listdir(f"{folder}/{d}"))]
    for name in listed(names, wanted):
        one(name, f"{folder}/{name}", *wanted[name], by_pyarrow)


def delta(folder):
    readers = {"same": by_deltalake, "part": by_deltalake, "files": by_folder}
    wanted = verdicts("delta/")
    for name in listed(list(tables(folder)), wanted):
        verdict, words = wanted[name]
        if verdict != "spark":  # which spark_peers.py compares
            one(name, f"{folder}/{name}", verdict, words, readers.get(verdict))


def main():
    what, folder = sys.argv[1:]
    {"parquet": parquet, "delta": delta}[what](folder)
    print(f"{what}: {peers.checks} comparisons, {peers.failures} failures")
    sys.exit(peers.failures > 0 or peers.checks == 0)


if __name__ == "__main__":
    main()
