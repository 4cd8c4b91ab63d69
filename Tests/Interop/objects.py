"""Pickles, IDX files and tables beside Python and numpy: they write, `keras convert` copies, numpy compares.

    python Tests/Interop/objects.py [--count 200] [--seed TEXT] [--keras-binary .build/release/keras]

Object arrays and dictionaries of random arrays in every protocol must come out as an archive of the same arrays, bit for bit; IDX files of
every element type too; tables of `numpy.savetxt` as what `numpy.loadtxt` makes of them, and ours must be read by `numpy.loadtxt` as what
they were made of. Pickles that call something must be refused by its name.
"""

import argparse
import gzip
import os
import pickle
import random
import struct
import sys
import tempfile
from pathlib import Path

import numpy as np

from command import DEFAULT_BINARY, Refused, keras, load

NUMBERS = "b1 i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8 c8 c16".split()
IDX = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def draw_array(chance, types, least=0):
    shape = tuple(chance.choice([0, 1, 2, 3, 5]) for _ in range(chance.randint(least, 3)))
    dtype = np.dtype(chance.choice("<>") + chance.choice(types))
    size = int(np.prod(shape, dtype=int)) * dtype.itemsize
    array = np.frombuffer(chance.randbytes(size), dtype).reshape(shape)
    if dtype.kind == "b":
        array = array.view("u1") % 2 == 1
    return np.asfortranarray(array) if chance.random() < 0.3 else array


def same(found, expected):
    native = expected.astype(expected.dtype.newbyteorder("="))
    return found.dtype == native.dtype and found.shape == native.shape and found.tobytes() == native.tobytes()


def check_all(found, expected):
    assert list(found) == list(expected), f"{list(found)} instead of {list(expected)}"
    for name, array in expected.items():
        assert same(found[name], array), f"{name}: {found[name]!r} instead of {array!r}"


def pickled(chance, folder, binary):
    # One without axes would be stored as its number.
    arrays = [draw_array(chance, NUMBERS, least=1) for _ in range(chance.randint(1, 5))]
    protocol = chance.randint(0, 5)
    if chance.random() < 0.5:
        source = folder / "objects.npy"
        objects = np.empty(len(arrays), dtype=object)
        for index, array in enumerate(arrays):
            objects[index] = array
        with open(source, "wb") as file:
            np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(objects))
            pickle.dump(objects, file, protocol)
        expected = {f"arr_{index}": array for index, array in enumerate(arrays)}
    else:
        source = folder / "objects.pkl"
        expected = {f"key {index}": array for index, array in enumerate(arrays)}
        if chance.random() < 0.5:
            expected["again"] = arrays[0]
        source.write_bytes(pickle.dumps(expected, protocol))
    keras(binary, "convert", source, folder / "out.npz", "--allow-pickle")
    check_all(load(folder / "out.npz"), expected)


def idx(chance, folder, binary):
    array = draw_array(chance, list(IDX))
    big = array.astype(array.dtype.newbyteorder(">"))
    data = struct.pack(f">BBBB{array.ndim}I", 0, 0, IDX[array.dtype.str[1:]], array.ndim, *array.shape) + big.tobytes()
    packed = chance.random() < 0.5
    source = folder / ("in.idx.gz" if packed else "in.idx")
    source.write_bytes(gzip.compress(data) if packed else data)
    keras(binary, "convert", source, folder / "out.npy")
    assert same(np.load(folder / "out.npy"), array), repr(array)
    keras(binary, "convert", folder / "out.npy", folder / "again.idx")
    assert (folder / "again.idx").read_bytes() == data, repr(array)


def table(chance, folder, binary):
    dtype = np.dtype(chance.choice(["f4", "f8", "i8", "u1"]))
    shape = (chance.randint(1, 20), chance.randint(1, 8))
    array = np.frombuffer(chance.randbytes(shape[0] * shape[1] * dtype.itemsize), dtype).reshape(shape)
    array = np.nan_to_num(array) if dtype.kind == "f" else array
    source = folder / "in.csv"
    np.savetxt(source, array, delimiter=",", fmt="%.18e" if dtype.kind == "f" else "%d", header="titles" if chance.random() < 0.3 else "")
    keras(binary, "convert", source, folder / "out.npy", "--dtype", dtype.name)
    assert same(np.load(folder / "out.npy"), array), repr(array)
    np.save(folder / "in.npy", array)
    keras(binary, "convert", folder / "in.npy", folder / "out.csv")
    again = np.loadtxt(folder / "out.csv", delimiter=",", ndmin=2, dtype=dtype)
    assert same(again, array), repr(array)


class Call:
    def __init__(self, function, *arguments):
        self.parts = (function, arguments)

    def __reduce__(self):
        return self.parts


def attack(chance, folder, binary):
    witness = folder / "witness"
    function = chance.choice([os.system, eval, exec, os.mkdir, open, print, getattr])
    value = [draw_array(chance, NUMBERS), Call(function, f"touch {witness}"), {"a": 1}]
    source = folder / "attack.pkl"
    source.write_bytes(pickle.dumps(value, chance.randint(0, 5)))
    try:
        keras(binary, "convert", source, folder / "out.npz", "--allow-pickle")
    except Refused as refused:
        assert "asks for something that is not data" in str(refused) and function.__name__ in str(refused), str(refused)
        assert not witness.exists()
        return
    raise AssertionError(f"{function} was not refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200, help="of each kind")
    parser.add_argument("--seed", default="objects")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    options = parser.parse_args()
    failed = 0
    for check in (pickled, idx, table, attack):
        for index in range(options.count):
            chance = random.Random(f"{options.seed} {check.__name__} {index}")
            with tempfile.TemporaryDirectory() as folder:
                try:
                    check(chance, Path(folder), options.keras_binary)
                except (AssertionError, Refused) as error:
                    failed += 1
                    print(f"{check.__name__} {index}: {error}", flush=True)
    print(f"objects: {4 * options.count - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
