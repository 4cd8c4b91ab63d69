"""Writes Fixtures/numpy with numpy itself, and expected.json beside: per file (or file:member) the element type, the shape, the elements' bytes
in row-major order on a little-endian machine, and whether numpy.save would write the same file again."""
import io
import json
import pathlib
import warnings
import zipfile

import numpy as np

goal = pathlib.Path(__file__).resolve().parent.parent / "numpy"
goal.mkdir(exist_ok=True)
random = np.random.default_rng(1)
expected = {}
warnings.simplefilter("ignore")


def saved(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def name_of(dtype):
    return {"S": f"S{dtype.itemsize}", "U": f"U{dtype.itemsize // 4}"}.get(dtype.kind, dtype.name)


def expect(key, array, is_ours):
    native = array.astype(array.dtype.newbyteorder("<"))
    expected[key] = {"dtype": name_of(array.dtype), "shape": list(array.shape), "hex": native.tobytes("C").hex(), "rewritten": is_ours}


def put(name, array, data=None):
    """One array, in numpy's own bytes or in `data`."""
    (goal / f"{name}.npy").write_bytes(saved(array) if data is None else data)
    expect(f"{name}.npy", array, data is None and array.dtype.byteorder != ">")


def header(text, elements, version=(1, 0), align=16):
    """A file with a header of our own spelling."""
    size = 2 if version[0] == 1 else 4
    text += b" " * (-(8 + size + len(text) + 1) % align) + b"\n"
    return b"\x93NUMPY" + bytes(version) + len(text).to_bytes(size, "little") + text + elements


# Every element type, in both byte orders.
for code in "b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16".split():
    kind = np.dtype(code).kind
    if kind == "b":
        array = random.integers(0, 2, (3, 4)).astype(code)
    elif kind in "iu":
        info = np.iinfo(code)
        array = random.integers(info.min, info.max, (3, 4), dtype=code, endpoint=True)
    else:
        array = random.normal(size=(3, 4)).astype(code)
        array.flat[:3] = [np.inf, -0.0, np.nan]
    put(code, array)
    if np.dtype(code).itemsize > 1:
        put(f"{code}.big", array.astype(">" + code))
put("S", np.array([[b"a", b"bcd"], [b"", b"\xff\x00x"]]))
put("U", np.array(["", "é", "日本😀"]))
put("U.big", np.array(["", "é", "日本😀"]).astype(">U4"))

# Shapes and orders.
put("scalar", np.array(7.5))
put("empty", np.zeros(0, "f4"))
put("empty.middle", np.zeros((2, 0, 3), "i4"))
put("row", np.arange(5, dtype="u1"))
put("cube", np.arange(24, dtype="i2").reshape(2, 3, 4))
put("fortran", np.asfortranarray(np.arange(6, dtype="f4").reshape(2, 3)))
put("fortran.cube", np.asfortranarray(np.arange(24, dtype="i8").reshape(2, 3, 4)))
put("fortran.big", np.asfortranarray(np.arange(24, dtype=">i2").reshape(2, 3, 4)))
put("fortran.strings", np.asfortranarray(np.array([["a", "bc"], ["d", ""]])))
put("fortran.empty", np.asfortranarray(np.zeros((0, 3), "f8")))
put("axes", np.zeros((1,) * 32, "u1"))
# Headers whose blanks come to numpy's odd cases.
for digits in range(1, 13):
    put(f"padding.{digits}", np.zeros((1,) * (3 * digits) + (0,), "u1"))

# Headers others wrote.
three = np.array([1, -2, 3], "<i4")
put("python2", three, header(b"{'descr': '<i4', 'fortran_order': False, 'shape': (3L,), }", three.tobytes()))
put("quotes", three, header(b'{"shape":(3,),"fortran_order":False,"descr":"<i4"}', three.tobytes(), align=1))
put("blanks", three, header(b"  { 'shape' : ( 3 , ) , 'descr' : u'<i4' ,\t'fortran_order':False } ", three.tobytes(), align=64))
put("native", three, header(b"{'descr': 'i4', 'fortran_order': False, 'shape': (3,)}", three.tobytes()))
put("version2", three, header(b"{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", three.tobytes(), (2, 0)))
put("version3", three, header(b"{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", three.tobytes(), (3, 0)))
put("followed", three, saved(three) + saved(np.zeros(2)))
odd = np.array([0, 1, 2, 255], "u1")
put("bools", odd.astype(bool), saved(odd).replace(b"|u1", b"|b1"))

# What is not read.
for name, array in {
    "structure": np.zeros(2, [("x", "f4"), ("y", "i4", (2,))]), "structure.unicode": np.zeros(2, [("é日", "f4")]), "void": np.zeros(2, "V3"),
    "date": np.array(["2020-01-01"], "M8[s]"), "duration": np.array([5], "m8[ns]"), "long": np.zeros(2, np.longdouble),
    "objects": np.array([np.zeros(2), None], dtype=object),
}.items():
    (goal / f"unsupported.{name}.npy").write_bytes(saved(array))


# Archives.
class Pipe(io.RawIOBase):
    """A stream that cannot go back, so that zipfile puts the sizes behind the data."""

    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, data):
        self.data += bytes(data)
        return len(data)


arrays = {
    "x": random.normal(size=(4, 3)).astype("f4"), "y": np.arange(4, dtype="u1"), "é": np.array("text"), "deep/er": np.zeros((0, 2)),
    "f": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "zeros": np.zeros(600, "i8"),
}
np.savez(goal / "stored.npz", **arrays)
np.savez_compressed(goal / "deflated.npz", **arrays)
np.savez(goal / "positional.npz", arrays["x"], arrays["y"])
np.savez(goal / "none.npz")
pipe = Pipe()
with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
    for name, array in arrays.items():
        archive.writestr(name + ".npy", saved(array))
(goal / "descriptors.npz").write_bytes(pipe.data)
with zipfile.ZipFile(goal / "commented.npz", "w") as archive:
    archive.comment = b"a comment with PK\5\6 in it"
    archive.writestr("folder/", b"")
    archive.writestr("y.npy", saved(arrays["y"]))
    archive.writestr("readme.txt", b"no array")
# With Python's bounds lowered, the 64-bit records of a huge archive come in a small one.
zipfile.ZIP64_LIMIT, zipfile.ZIP_FILECOUNT_LIMIT = 10, 2
with zipfile.ZipFile(goal / "wide.npz", "w", zipfile.ZIP_DEFLATED) as archive:
    for name, array in arrays.items():
        archive.writestr(zipfile.ZipInfo(name + ".npy"), saved(array), zipfile.ZIP_DEFLATED if name == "zeros" else zipfile.ZIP_STORED)
for file in ("stored", "deflated", "descriptors", "wide"):
    for name, array in arrays.items():
        expect(f"{file}.npz:{name}", array, False)
expect("positional.npz:arr_0", arrays["x"], False)
expect("positional.npz:arr_1", arrays["y"], False)
expect("commented.npz:y", arrays["y"], False)

(goal / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
