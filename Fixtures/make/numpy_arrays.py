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
    """What our tensors call their element type."""
    if dtype.names is not None:
        return "[" + ", ".join(field_of(name, *dtype.fields[name][:1]) for name in dtype.names) + "]"
    return {"S": f"S{dtype.itemsize}", "U": f"U{dtype.itemsize // 4}", "V": f"V{dtype.itemsize}"}.get(dtype.kind, dtype.name)


def field_of(name, dtype):
    return f"('{name}', {name_of(dtype.base)}" + (f", {dtype.shape})" if dtype.shape else ")")


def ours(dtype):
    """The type as a tensor has it: little-endian, and no longdouble."""
    def change(descr):
        if isinstance(descr, list):
            return [(name, change(inner), *shape) for name, inner, *shape in descr]
        kind = np.dtype(descr)
        return {"g": "<f8", "G": "<c16"}.get(kind.char) or kind.newbyteorder("<").str

    return np.lib.format.descr_to_dtype(change(np.lib.format.dtype_to_descr(dtype)))


def converted(array, dtype):
    """With zeros between the fields, where astype leaves what was there."""
    if array.dtype == dtype:
        return array
    result = np.zeros(array.shape, dtype)
    if dtype.names is None:
        result[...] = array
    for name in dtype.names or ():
        result[name] = converted(array[name], dtype.fields[name][0].base)
    return result


def expect(key, array, is_ours):
    native = converted(array, ours(array.dtype))
    expected[key] = {"dtype": name_of(native.dtype), "shape": list(array.shape), "hex": native.tobytes("C").hex(), "rewritten": is_ours}


def put(name, array, data=None):
    """One array, in numpy's own bytes or in `data`."""
    (goal / f"{name}.npy").write_bytes(saved(array) if data is None else data)
    expect(f"{name}.npy", array, data is None and ours(array.dtype) == array.dtype)


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
put("bools", odd.view(bool), saved(odd).replace(b"|u1", b"|b1"))

# Elements that are more than a number.
for code in ("M8[s]", "m8[ns]", "M8[25us]", "m8[7D]", "M8[Y]", "M8", "m8"):
    name = {"M": "date", "m": "span"}[code[0]] + code[2:].replace("[", ".").replace("]", "")
    times = np.array([0, 1, -5, 2**62, -2**63]).astype(code)
    put(name, times)
    put(f"{name}.big", times.astype(times.dtype.newbyteorder(">")))
put("V", np.array([b"abc", b"\0\xff\0"], "V3"))
put("V.nothing", np.zeros(3, "V0"))
long = np.array([0.0, -0.0, 1 / 3, np.inf, -np.inf, np.nan, 1e-320, 1e300], np.longdouble)
long = np.append(long, [np.longdouble(1) + np.longdouble(2) ** -60, np.longdouble(2) ** 1024, np.longdouble(2) ** -1075 * np.longdouble(1.25),
                        -np.longdouble(2) ** -16000, np.longdouble(1) + np.longdouble(2) ** -53, np.longdouble(1) + np.longdouble(3) * np.longdouble(2) ** -53])
put("longdouble", long)
put("longdouble.big", long.astype(">f16"))
put("clongdouble", (long[:4] + 1j * long[6:10]).astype("G"))
point = np.dtype([("x", "<f4"), ("y", "<i4", (2,))])
put("structure", np.array([(1.5, (2, 3)), (-0.0, (4, 5))], point))
put("structure.big", np.array([(1.5, (2, 3)), (np.nan, (4, 5))], [("x", ">f4"), ("y", ">i4", (2,))]))
put("structure.unicode", np.array([(1,), (2,)], [("é日", "f4")]))
put("structure.latin", np.array([(1,), (2,)], [("é", "f4")]))
put("structure.fortran", np.asfortranarray(np.array([[(1, 2), (3, 4)], [(5, 6), (7, 8)]], [("a", "u1"), ("b", "<u2")])))
padded = np.zeros(3, {"names": ["a", "b", "c"], "formats": ["u1", "<f8", "S3"], "offsets": [0, 8, 17], "itemsize": 24})
padded["a"], padded["b"], padded["c"] = [1, 2, 3], [0.5, 1.5, -2.5], [b"one", b"two", b""]
put("structure.padded", padded)
nested = np.dtype([("name", "<U3"), ("at", [("when", "<M8[ms]"), ("where", point, (2,))]), ("mixed", ">u2", (2, 2)), ("z", "<c8")])
values = np.zeros(2, nested)
values["name"], values["mixed"], values["z"] = ["ab", "日本"], np.arange(8).reshape(2, 2, 2) * 257, [1 + 2j, -3j]
values["at"]["where"]["x"], values["at"]["when"] = [[1, 2], [3, 4]], [5, -6]
put("structure.nested", values)
put("structure.titles", np.array([(1, 2)], {"names": ["a", "b"], "formats": ["<i4", "<f8"], "titles": ["first", None]}))
names = ["it's", "q\"'", "n\n\\x\t", "\x7f\xa0\u200b", "😀"]
put("structure.names", np.zeros(1, [(name, "u1") for name in names]))
put("structure.long", np.zeros(1, [("x", "<f16"), ("n", "u1"), ("z", ">f16", (2,))]))
put("structure.many", np.zeros(1, [(f"a_rather_long_name_of_a_field_{n}", "u1") for n in range(1500)]))
put("structure.empty", np.zeros(2, []))
# As an Intel machine of 32 bits writes it, which this numpy cannot read.
twelve = long.view("u1").reshape(-1, 16)[:, :12].tobytes()
data = header(b"{'descr': '<f12', 'fortran_order': False, 'shape': (%d,), }" % len(long), twelve, align=64)
put("longdouble.twelve", long, data)

# Python objects: opened where pickles are allowed.
for name, array in {
    "objects": np.array([np.zeros(2), None], dtype=object), "objects.field": np.array([(1, "a")], [("n", "i4"), ("o", "O")]),
}.items():
    (goal / f"pickled.{name}.npy").write_bytes(saved(array))


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
