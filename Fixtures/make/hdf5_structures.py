"""What h5py reads in the small HDF5 files that fuzzing begins with, and which of their bytes have a checksum behind them.

    python hdf5_structures.py ../../Tests/Fuzz/Seeds/HDF5 ../hdf5_structures.json

For each file its datasets and attributes (`PATH@NAME`) of numbers and of text: shape and values. What h5py cannot read has no entry. And the first
and the last place of each run of bytes that HDF5's checksum follows.
"""

import json
import sys
from pathlib import Path

import h5py
import numpy as np


def told(value):
    """Shape and values; None for what is neither numbers nor text."""
    array = np.asarray(value)
    if array.dtype.kind in "OS":
        texts = [text.decode() if isinstance(text, bytes) else text for text in array.ravel().tolist()]
        return {"shape": array.shape, "texts": texts} if all(isinstance(text, str) for text in texts) else None
    return {"shape": array.shape, "numbers": array.ravel().tolist()} if array.dtype.kind in "biuf" else None


def contents(path):
    found = {}

    def note(place, read):
        try:
            value = read()
            entry = None if isinstance(value, h5py.Empty) else told(value)
        except Exception:
            return
        if entry is not None:
            found[place] = entry

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            note(f"/{name}", lambda: item[()])
        try:
            names = sorted(item.attrs)
        except Exception:
            return
        for attribute in names:
            note(f"/{name}@{attribute}", lambda: item.attrs[attribute])

    with h5py.File(path, "r") as file:
        visit("", file)
        for name in sorted(list_of(file)):
            visit(name, file[name])
    return found


def list_of(file):
    """Every object below the root that is inside the file."""
    names = []
    try:
        file.visit(lambda name: names.append(name))
    except Exception:
        pass
    return names


SIGNATURES = (b"\x89HDF", b"OHDR", b"OCHK", b"BTHD", b"BTIN", b"BTLF", b"FRHP", b"FHIB", b"FAHD", b"FADB", b"EAHD", b"EAIB", b"EASB", b"EADB")
LONGEST = 2048


def lookup3(data):
    """Bob Jenkins's hash, as HDF5 has it."""
    bits = 0xFFFFFFFF
    turn = lambda value, count: (value << count | value >> (32 - count)) & bits
    a = b = c = (0xDEADBEEF + len(data)) & bits
    words = [int.from_bytes(data[at:at + 4], "little") for at in range(0, len(data), 4)]
    whole = max((len(data) - 1) // 12 * 3, 0)
    for x, y, z in zip(words[0:whole:3], words[1:whole:3], words[2:whole:3]):
        a, b, c = (a + x) & bits, (b + y) & bits, (c + z) & bits
        a = (a - c & bits) ^ turn(c, 4); c = c + b & bits
        b = (b - a & bits) ^ turn(a, 6); a = a + c & bits
        c = (c - b & bits) ^ turn(b, 8); b = b + a & bits
        a = (a - c & bits) ^ turn(c, 16); c = c + b & bits
        b = (b - a & bits) ^ turn(a, 19); a = a + c & bits
        c = (c - b & bits) ^ turn(b, 4); b = b + a & bits
    x, y, z = (words[whole:] + [0, 0, 0])[:3]
    a, b, c = (a + x) & bits, (b + y) & bits, (c + z) & bits
    mixed = {"a": a, "b": b, "c": c}
    for one, other, count in ("c", "b", 14), ("a", "c", 11), ("b", "a", 25), ("c", "b", 16), ("a", "c", 4), ("b", "a", 14), ("c", "b", 24):
        mixed[one] = (mixed[one] ^ mixed[other]) - turn(mixed[other], count) & bits
    return mixed["c"]


def sealed(path):
    """Begin and end of each structure whose checksum follows it."""
    data, runs = path.read_bytes(), []
    for start in range(len(data) - 8):
        if data[start:start + 4] not in SIGNATURES:
            continue
        for end in range(start + 8, min(start + LONGEST, len(data) - 3)):
            if int.from_bytes(data[end:end + 4], "little") == lookup3(data[start:end]):
                runs.append([start, end])
                break
    return runs


def main():
    folder, out = map(Path, sys.argv[1:])
    table = {path.name: {"reads": contents(path), "sealed": sealed(path)} for path in sorted(folder.glob("*.h5"))}
    out.write_text("{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(found)}" for name, found in table.items()) + "\n}\n")


if __name__ == "__main__":
    main()
