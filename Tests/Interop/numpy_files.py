"""`.npy` and `.npz` files beside real numpy, both ways: numpy writes, `keras convert` copies, numpy reads what came out.

    python Tests/Interop/numpy_files.py [--count 500] [--seed TEXT] [--corpus DIR] [--keep DIR] [--keras-binary .build/release/keras]

A copy must be, byte for byte, what `numpy.save` or `numpy.savez` writes for the same array in this machine's byte order: random
element types (structures too), shapes, orders in memory, byte orders and header versions. Values are compared bit for bit, those of
longdouble, which becomes float64, as numpy's own `astype`. With --corpus every file there that numpy reads is compared as well.
"""

import argparse
import io
import random
import sys
import tempfile
import warnings
import zlib
from pathlib import Path

import numpy as np

from command import DEFAULT_BINARY, Refused, keras

warnings.simplefilter("ignore")
NUMBERS = "b1 i1 u1 i2 u2 i4 u4 i8 u8 f2 f4 f8 c8 c16".split()
UNITS = ["", "[Y]", "[M]", "[W]", "[D]", "[h]", "[m]", "[s]", "[ms]", "[us]", "[ns]", "[ps]", "[fs]", "[as]", "[25s]", "[7D]"]
NAMES = ["x", "y", "a long name", "é", "日本", "it's", 'q"', "tab\t", "\u00a0", "😀", "back\\slash"]


def draw_type(chance, depth=0):
    """Any element type numpy can put into a file."""
    kind = chance.choice("nnnnSUVMmgG" + ("ssss" if depth < 3 else ""))
    order = chance.choice("<>")
    if kind == "n":
        return np.dtype(order + chance.choice(NUMBERS))
    if kind in "SUV":
        return np.dtype(f"{order}{kind}{chance.choice([1, 2, 3, 7, 16])}")
    if kind in "Mm":
        return np.dtype(f"{order}{kind}8{chance.choice(UNITS)}")
    if kind in "gG":
        return np.dtype(kind).newbyteorder(order)
    names = chance.sample(NAMES, chance.randint(1, 5))
    formats, offsets, end = [], [], 0
    for _ in names:
        inner = draw_type(chance, depth + 1)
        shape = tuple(chance.randint(1, 3) for _ in range(chance.choice([0, 0, 0, 1, 2])))
        end += chance.choice([0, 0, 0, 1, 5])
        formats.append((inner, shape) if shape else inner)
        offsets.append(end)
        end += np.dtype(formats[-1]).itemsize
    titles = [f"the {name}" if chance.random() < 0.2 else None for name in names]
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "titles": titles, "itemsize": end + chance.choice([0, 0, 3])})


def leaves(dtype, offset=0):
    """The places of single values in an element: offset and type."""
    if dtype.subdtype is not None:
        for index in range(int(np.prod(dtype.shape, dtype=int))):
            yield from leaves(dtype.base, offset + index * dtype.base.itemsize)
    elif dtype.names is not None:
        for name in dtype.names:
            yield from leaves(dtype.fields[name][0], offset + dtype.fields[name][1])
    else:
        yield offset, dtype


def fill(raw, dtype, chance):
    """Bits at random; where not all bits are a value, values at random."""
    count = len(raw)
    for offset, leaf in leaves(dtype):
        if leaf.kind == "U":
            points = np.array([[chance.choice([0, 0x41, 0xE9, 0x65E5, 0x1F600]) for _ in range(leaf.itemsize // 4)] for _ in range(count)])
            values = points.astype(leaf.byteorder + "u4").view("u1")
        elif leaf.char in "gG":
            parts = np.array([chance.choice([0.0, -0.0, 1 / 3, np.inf, -np.inf, np.nan, 1e-310, 1e300, chance.gauss(0, 1)])
                              for _ in range(count * (leaf.itemsize // 16))], np.longdouble)
            parts = parts * np.longdouble(1 + 2**-40) ** 3 + np.longdouble(2) ** -60
            values = parts.astype(np.dtype("g").newbyteorder(leaf.byteorder)).view("u1")
        else:
            continue
        raw[:, offset:offset + leaf.itemsize] = values.reshape(count, leaf.itemsize)


def draw_array(chance):
    dtype = draw_type(chance)
    rank = chance.choice([0, 1, 1, 2, 2, 3, 4, 5, 12])
    shape = tuple(chance.choice([1, 2, 3, 5] if rank < 5 else [1, 1, 2]) for _ in range(rank))
    if rank and chance.random() < 0.1:
        shape = (*shape[:-1], 0)
    count = int(np.prod(shape, dtype=int))
    raw = np.frombuffer(chance.randbytes(count * dtype.itemsize), np.uint8).reshape(count, dtype.itemsize).copy()
    fill(raw, dtype, chance)
    array = np.ndarray(shape, dtype, raw.tobytes()) if count else np.zeros(shape, dtype)
    order = chance.choice("CCFT")
    if order == "F":
        return array.T
    return array.swapaxes(0, 1) if order == "T" and rank > 2 else array


def native(array):
    """The same array in this machine's byte order, all other bits as they are; longdouble rounded to float64."""
    if any(leaf.char in "gG" for _, leaf in leaves(array.dtype)):
        return rounded(array)
    is_fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    flat = array.T if is_fortran else array
    raw = np.frombuffer(flat.tobytes(), np.uint8).reshape(flat.size, array.dtype.itemsize).copy()
    for offset, leaf in leaves(array.dtype):
        if leaf.byteorder == ">":
            unit = 4 if leaf.kind == "U" else leaf.itemsize // 2 if leaf.kind == "c" else leaf.itemsize
            for start in range(offset, offset + leaf.itemsize, unit):
                raw[:, start:start + unit] = raw[:, start:start + unit][:, ::-1].copy()
    dtype = array.dtype.newbyteorder("<")
    result = np.ndarray(flat.shape, dtype, raw.tobytes()) if flat.size else np.zeros(flat.shape, dtype)
    return result.T if is_fortran else result


def rounded(array):
    if array.dtype.names is None:
        return array.astype({"g": "<f8", "G": "<c16"}[array.dtype.char] if array.dtype.char in "gG" else array.dtype.newbyteorder("<"))
    return {name: native(array[name]) for name in array.dtype.names}


def same(found, expected):
    """Bit for bit, but that a NaN of another type may have any bits."""
    if isinstance(expected, dict):
        return all(same(found[name], expected[name]) for name in expected)
    if found.shape != expected.shape or (found.dtype != expected.dtype and found.dtype.names is None):
        return False
    if found.tobytes() == expected.tobytes():
        return True
    if found.dtype.names is not None:  # what lies between the fields is not a value
        return found.dtype.names == expected.dtype.names and all(same(found[name], expected[name]) for name in found.dtype.names)
    return found.dtype.kind in "fc" and np.array_equal(found, expected, equal_nan=True)


def saved(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


class Comparison:
    def __init__(self, binary, folder):
        self.binary, self.folder, self.passed, self.failed = binary, folder, 0, 0

    def check(self, name, reason):
        if reason is None:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {name}: {reason}", flush=True)

    def copy(self, source, *options):
        goal = self.folder / f"copy{source.suffix}"
        goal.unlink(missing_ok=True)
        keras(self.binary, "convert", source, goal, *options)
        return goal

    def array(self, source, name, is_longdouble_equal=True):
        """One .npy: the copy is what numpy would save, and numpy reads the same from it."""
        array = np.load(source)
        try:
            goal = self.copy(source)
        except Refused as refusal:
            return self.check(name, refusal)
        expected = native(array)
        if not same(np.load(goal), expected):
            return self.check(name, f"other values: {array.dtype} {array.shape}")
        if not isinstance(expected, dict) and not any(leaf.kind in "fc" and leaf.itemsize > 16 for _, leaf in leaves(array.dtype)):
            if goal.read_bytes() != saved(expected) and not has_rounded_nan(array):
                return self.check(name, f"other bytes: {array.dtype} {array.shape}")
        self.check(name, None)

    def archive(self, source, name, is_compressed=False, is_numpys=True):
        try:
            goal = self.copy(source, *(["--compress"] if is_compressed else []))
        except Refused as refusal:
            return self.check(name, refusal)
        with np.load(source) as before, np.load(goal) as after:
            if before.files != after.files:
                return self.check(name, "other members")
            arrays = {member: native(before[member]) for member in before.files}
            for member, array in arrays.items():
                if not same(after[member], array):
                    return self.check(name, f"other values in {member}")
        if is_numpys and not any(isinstance(array, dict) for array in arrays.values()):
            expected = io.BytesIO()
            (np.savez_compressed if is_compressed else np.savez)(expected, **arrays)
            if goal.read_bytes() != expected.getvalue():
                return self.check(name, "other bytes")
        self.check(name, None)


def has_rounded_nan(array):
    return array.dtype.char in "gG" and np.isnan(array).any()


def is_determined(dtype):
    values = [leaf for _, leaf in leaves(dtype)]
    return not any(leaf.char in "gG" for leaf in values) and sum(leaf.itemsize for leaf in values) == dtype.itemsize


def random_files(comparison, options):
    for number in range(options.count):
        chance = random.Random(f"{options.seed} {number}")
        array = draw_array(chance)
        path = comparison.folder / f"{number}.npy"
        version = chance.choice([None, None, (1, 0), (2, 0), (3, 0)])
        with path.open("wb") as file:
            try:
                np.lib.format.write_array(file, array, version=version)
            except ValueError:  # letters that this version does not have
                file.seek(0)
                file.truncate()
                np.lib.format.write_array(file, array)
        comparison.array(path, f"{number}.npy")
    for number in range(options.count // 20):
        chance = random.Random(f"{options.seed} archive {number}")
        arrays = {chance.choice(NAMES) + str(index): draw_array(chance) for index in range(chance.randint(0, 8))}
        # Their bytes are compared as well: a NaN in the place of a longdouble may have others, and what numpy writes between the fields
        # of a structure into an archive is what happened to be in its memory.
        arrays = {name: array for name, array in arrays.items() if is_determined(array.dtype)}
        path = comparison.folder / f"{number}.npz"
        (np.savez_compressed if chance.random() < 0.5 else np.savez)(path, **arrays)
        comparison.archive(path, f"{number}.npz")
        comparison.archive(path, f"{number}.npz compressed", is_compressed=True)


def collected_files(comparison, corpus):
    for path in sorted([*corpus.glob("real/**/*.np[yz]"), *corpus.glob("generations/*.np[yz]")]):
        try:
            found = np.load(path)
            if path.suffix == ".npz":
                for name in found.files:
                    found[name]
        except ValueError as error:
            if "allow_pickle" in str(error):
                continue
            raise
        check = comparison.archive if path.suffix == ".npz" else comparison.array
        check(path, str(path.relative_to(corpus)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--keep", type=Path, help="write the files here and leave them")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(exist_ok=True)
        comparison = Comparison(options.keras_binary, folder)
        random_files(comparison, options)
        if options.corpus:
            collected_files(comparison, options.corpus)
    print(f"numpy {np.__version__}, zlib {zlib.ZLIB_RUNTIME_VERSION}, seed {options.seed}: "
          f"{comparison.passed} passed, {comparison.failed} failed")
    sys.exit(1 if comparison.failed else 0)


if __name__ == "__main__":
    main()
