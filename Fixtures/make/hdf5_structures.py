"""What h5py reads in the small HDF5 files that fuzzing begins with.

    python hdf5_structures.py ../../Tests/Fuzz/Seeds/HDF5 ../hdf5_structures.json

For each file its datasets and attributes (`PATH@NAME`) of numbers and of text: shape and values. What h5py cannot read has no entry.
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


def main():
    folder, out = map(Path, sys.argv[1:])
    table = {path.name: contents(path) for path in sorted(folder.glob("*.h5"))}
    out.write_text("{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(found)}" for name, found in table.items()) + "\n}\n")


if __name__ == "__main__":
    main()
