#!/usr/bin/env python3
"""deletions.py TABLE ROW ...: deletes rows of a Delta table that has one data file, by their numbers from 0, as another writer would: with a
new version whose `add` has a deletion vector inside the log. Clauses Deletion Vector Descriptor Schema and Format."""

import json
import struct
import sys
from pathlib import Path

Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


def z85(data):
    text = ""
    for at in range(0, len(data), 4):
        word = int.from_bytes(data[at : at + 4], "big")
        text += "".join(Z85[word // 85**power % 85] for power in (4, 3, 2, 1, 0))
    return text


def bitmap(rows):
    """A RoaringBitmapArray of one bitmap, whose containers are arrays of at most 4,096 numbers."""
    containers = {}
    for row in sorted(set(rows)):
        containers.setdefault(row >> 16, []).append(row & 0xFFFF)
    out = struct.pack("<II", 12346, len(containers))
    for key, low in containers.items():
        out += struct.pack("<HH", key, len(low) - 1)
    place = len(out) + 4 * len(containers)
    for low in containers.values():
        out += struct.pack("<I", place)
        place += 2 * len(low)
    for low in containers.values():
        out += struct.pack(f"<{len(low)}H", *low)
    return struct.pack("<IQI", 1681511377, 1, 0) + out


def main():
    log = Path(sys.argv[1]) / "_delta_log"
    rows = [int(word) for word in sys.argv[2:]]
    commits = sorted(log.glob("[0-9]*.json"))
    actions = [json.loads(line) for commit in commits for line in commit.read_text().splitlines()]
    (add,) = [a["add"] for a in actions if "add" in a]
    meta = [a["metaData"] for a in actions if "metaData" in a][-1]
    meta["configuration"]["delta.enableDeletionVectors"] = "true"
    data = bitmap(rows)
    size = len(data)
    add["deletionVector"] = {"storageType": "i", "pathOrInlineDv": z85(data + bytes(-size % 4)), "sizeInBytes": size, "cardinality": len(set(rows))}
    add.pop("tags", None)
    stats = json.loads(add["stats"])
    stats["tightBounds"] = False
    add["stats"] = json.dumps(stats)
    lines = [
        {"commitInfo": {"operation": "DELETE", "timestamp": add["modificationTime"]}},
        {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]}},
        {"metaData": meta},
        {"remove": {"path": add["path"], "dataChange": True, "deletionTimestamp": add["modificationTime"]}},
        {"add": add},
    ]
    version = int(commits[-1].stem) + 1
    (log / f"{version:020d}.json").write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))


if __name__ == "__main__":
    main()
