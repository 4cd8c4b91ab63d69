"""Writes Fixtures/numpy/pickles_np246.json: pickles of numpy 2.4.6 in every protocol, with what is in them.

    python Fixtures/make/pickles.py

Older writers are imitated by Python's own pickler, told to write the names of numpy 1 and the strings of Python 2 (whose real files are
objects_*.npy: numpy 1.16 on Python 2.7, 1.18, 1.26 and 2.4).
"""

import io
import json
import pickle
import struct
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parents[1] / "numpy" / "pickles_np246.json"
shared = np.arange(6, dtype="<i2").reshape(2, 3)


def objects(*items, shape=None, order="C"):
    array = np.empty(len(items), dtype=object)
    for index, item in enumerate(items):
        array[index] = item
    return array.reshape(shape or (len(items),)).copy(order=order)


VALUES = {
    "numbers": [0, 1, -1, 255, 256, 65535, 65536, -(2**31), 2**31, 2**63 - 1, -(2**63), True, False, None],
    "floats": [0.0, -0.0, 1.5, 1e300, -1e-310, 0.1, float("inf"), float("-inf"), float("nan")],
    "texts": ["", "a", "é", "日本", "😀", "line\nbreak \\u0041 \\ '\"", "x" * 300],
    "bytes": [b"", b"a", bytes(range(256)), b"y" * 300, b"'\"\\\n"],
    "collections": [[], [[]], (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {}, {"a": 1, 2: [3], None: (), 1.5: "x", b"k": True}],
    "repeated": [shared, shared, [shared], "twice", "twice", {"twice": shared}],
    "little": shared,
    "big": shared.astype(">i2"),
    "fortran": np.asfortranarray(np.arange(6, dtype="<f4").reshape(2, 3)),
    "transposed": np.arange(24, dtype="<f8").reshape(2, 3, 4).transpose(2, 0, 1),
    "scalar array": np.array(7.5),
    "empty": np.zeros((0, 3), dtype="<u4"),
    "truths": np.array([True, False, True]),
    "complex": np.array([1 + 2j, -3j], dtype=">c8"),
    "strings": np.array([b"ab", b"", b"cde"]),
    "unicode": np.array(["ab", "é😀"], dtype=">U3"),
    "dates": np.array(["2020-01-01", "1969-12-31"], dtype="M8[D]"),
    "spans": np.array([1, -1], dtype=">m8[25s]"),
    "structure": np.array([(1, [2.5, 3.5]), (-1, [0, 1])], dtype=[("x", "<i4"), ("y", ">f8", (2,))]),
    "nested": np.zeros(2, dtype=np.dtype([("a", [("b", "<u2"), ("c", "S3")]), ("d", "?")], align=True)),
    "gaps": np.zeros(2, dtype=np.dtype({"names": ["p", "q"], "formats": ["<f4", "|i1"], "offsets": [4, 12], "itemsize": 16})),
    "half": np.arange(4, dtype="<f2"),
    "scalars": [np.float32(1.5), np.int64(-3), np.bool_(True), np.float64(0.1), np.uint8(200), np.float16(0.5), np.dtype(">i4").type(9)],
    "odd scalars": [np.uint64(2**64 - 1), np.complex64(1 + 2j), np.datetime64("2020-01-01"), np.str_("né"), np.bytes_(b"b")],
    "objects": objects(shared, "text", None, [1, 2.5], {"a": shared}),
    "four": objects(np.zeros((3, 2), "u1"), np.ones((2, 2), "u1"), np.arange(3), np.arange(2)),
    "matrix of objects": objects(1, "b", 3.5, None, (5,), [6], shape=(2, 3)),
    "objects in columns": objects(1, 2, 3, 4, 5, 6, shape=(2, 3), order="F"),
    "objects in objects": objects(objects(1, 2), objects(objects("x"))),
    "one object": np.array({"a": 1}, dtype=object),
    "no objects": np.empty((0, 2), dtype=object),
}
# Longer than the thousand items that are added at once.
LONG = {"long": list(range(1010)), "dictionary": {index: None for index in range(1010)}}
SINCE_4 = {"sets": [{1}, frozenset(["a"]), set()], "array of bytes": bytearray(b"abc")}


class OldNames(pickle._Pickler):
    """numpy 1: `numpy.core`."""

    def save_global(self, obj, name=None):
        written = io.BytesIO()
        keep, self.write = self.write, written.write
        super().save_global(obj, name)
        self.write = keep
        code = written.getvalue()
        for module in ("multiarray", "numeric"):
            new, old = f"numpy._core.{module}".encode(), f"numpy.core.{module}".encode()
            code = code.replace(b"\x8c" + bytes([len(new)]) + new, b"\x8c" + bytes([len(old)]) + old).replace(b"c" + new + b"\n", b"c" + old + b"\n")
        keep(code)

    dispatch = dict(pickle._Pickler.dispatch)


class Python2(OldNames):
    """Strings and bytes are one, and written as they are; long integers with an L."""

    dispatch = dict(OldNames.dispatch)

    def save_str(self, obj):
        self.save_plain(obj.encode("ascii"), obj)

    def save_bytes(self, obj):
        self.save_plain(obj, obj)

    def save_plain(self, data, obj):
        if not self.bin:
            text = "".join(chr(byte) if 32 <= byte < 127 and byte not in b"\\'" else f"\\x{byte:02x}" for byte in data)
            self.write(b"S'" + text.encode("ascii") + b"'\n")
        elif len(data) < 256:
            self.write(b"U" + bytes([len(data)]) + data)
        else:
            self.write(b"T" + struct.pack("<i", len(data)) + data)
        self.memoize(obj)

    dispatch[str] = save_str
    dispatch[bytes] = save_bytes


def dump(kind, value, protocol):
    stream = io.BytesIO()
    kind(stream, protocol).dump(value)
    return stream.getvalue()


def bits(number):
    return struct.pack(">d", number).hex()


def described(value, python2=False):
    """As PickleValue has it."""
    again = lambda inner: described(inner, python2)
    if isinstance(value, np.generic):
        if isinstance(value, (np.bool_, np.integer, np.floating)) and not (isinstance(value, np.uint64) and value > 2**63 - 1):
            return again(value.item())
        return again(np.array(value))
    if value is None:
        return "none"
    if isinstance(value, bool):
        return {"bool": value}
    if isinstance(value, int):
        return {"int": value}
    if isinstance(value, float):
        return {"float": bits(value)}
    if isinstance(value, str):
        return {"bytes": value.encode().hex()} if python2 else {"string": value}
    if isinstance(value, (bytes, bytearray)):
        return {"bytes": bytes(value).hex()}
    if isinstance(value, list):
        return {"list": [again(item) for item in value]}
    if isinstance(value, tuple):
        return {"tuple": [again(item) for item in value]}
    if isinstance(value, (set, frozenset)):
        return {"set": [again(item) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[again(key), again(item)] for key, item in value.items()]}
    assert isinstance(value, np.ndarray), type(value)
    if value.dtype == object:
        return {"objects": {"shape": list(value.shape), "elements": [again(item) for item in value.flatten(order="C")]}}
    # numpy forgets the elements of sub-arrays when it is asked for the byte order of a structure.
    swapped = value.dtype == VALUES["structure"].dtype
    native = value.astype([("x", "=i4"), ("y", "=f8", (2,))]) if swapped else value if value.dtype.isnative else value.astype(value.dtype.newbyteorder("="))
    name = "structure" if native.dtype.names else str(native.dtype).lstrip("<|")
    return {"tensor": {"dtype": name, "shape": list(value.shape), "hex": native.tobytes().hex()}}


def is_ascii(value):
    return "é" not in repr(value) and "日" not in repr(value) and "😀" not in repr(value)


def main():
    cases = []

    def add(name, writer, protocol, data, value, python2=False):
        # The reader must agree that the pickle is what it says, as far as this Python can load it.
        cases.append({"name": name, "writer": writer, "protocol": protocol, "hex": data.hex(), "value": described(value, python2)})

    for protocol in range(6):
        for name, value in {**VALUES, **(LONG if protocol % 2 == 0 else {}), **(SINCE_4 if protocol >= 4 else {})}.items():
            if protocol < 5 and name == "array of bytes":
                continue
            add(name, "numpy 2", protocol, pickle.dumps(value, protocol), value)
            if isinstance(value, np.ndarray) or name in ("repeated", "scalars", "odd scalars"):
                add(name, "numpy 1", protocol, dump(OldNames, value, protocol), value)
            if protocol <= 2 and is_ascii(value):
                add(name, "Python 2", protocol, dump(Python2, value, protocol), value, python2=True)
    batch = {
        "batch_label": "training batch 1 of 5", "labels": [6, 9, 9, 4], "filenames": ["a.png", "b.png", "c.png", "d.png"],
        "data": np.arange(4 * 12, dtype="u1").reshape(4, 12),
    }
    add("a batch of CIFAR-10", "Python 2", 2, dump(Python2, batch, 2), batch, python2=True)
    for case in cases:
        if case["writer"] != "Python 2":
            pickle.loads(bytes.fromhex(case["hex"]))
        else:
            pickle.loads(bytes.fromhex(case["hex"]), encoding="bytes")
    with open(OUT, "w") as file:
        json.dump(cases, file, ensure_ascii=False, separators=(",", ":"))
    print(len(cases), OUT.stat().st_size)


if __name__ == "__main__":
    main()
