"""Writes Fixtures/numpy/idx: IDX files of every element type, each of the shape (2, 3), and of other shapes; compressed by Python's gzip.

    python Fixtures/make/idx.py
"""

import gzip
import struct
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parents[1] / "numpy" / "idx"
TYPES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def encoded(array):
    code = TYPES[array.dtype.str[1:]]
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def main():
    OUT.mkdir(exist_ok=True)
    for name in TYPES:
        array = np.array([[0, 1, 2], [3, 100, 127]]).astype(name)
        if name != "u1":
            array = -array
        if name[0] == "f":
            array = array / np.dtype(name).type(3)
        (OUT / f"{name}-idx2").write_bytes(encoded(array))
        np.save(OUT / f"{name}-idx2.npy", array)
    images = (np.arange(5 * 4 * 4) % 251).astype("u1").reshape(5, 4, 4)
    plain = encoded(images)
    (OUT / "images-idx3-ubyte").write_bytes(plain)
    packed = gzip.compress(plain, mtime=0)
    (OUT / "images-idx3-ubyte.gz").write_bytes(packed)
    (OUT / "two-streams.gz").write_bytes(gzip.compress(plain[:20], mtime=0) + gzip.compress(plain[20:], mtime=0))
    (OUT / "padded.gz").write_bytes(packed + bytes(512))
    (OUT / "followed.gz").write_bytes(packed + b"more")
    (OUT / "bad-checksum.gz").write_bytes(packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:])
    (OUT / "scalar-idx0").write_bytes(encoded(np.array(7, dtype="u1")))
    (OUT / "empty-idx2").write_bytes(encoded(np.zeros((0, 3), dtype="i4")))


if __name__ == "__main__":
    main()
