"""HDF5 files in every layout of the library's, beside the same arrays in its plainest: `keras diff` must tell no difference.

    python Tests/Interop/layouts.py [--count 60] [--seed TEXT] [--keras-binary .build/release/keras]

Versions of the format, chunks, filters, axes that grow, at once or step by step, groups of many members: what data sets of other programs are
stored in. Keras writes the plainest alone.
"""

import argparse
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

from command import DEFAULT_BINARY

VERSIONS = ["earliest", "latest", ("earliest", "latest"), ("earliest", "v108"), ("v108", "v108"), ("v110", "v110"), ("v112", "v112")]
TYPES = "<f4 >f4 <f8 <f2 <i4 u1 >i8".split()


def draw_name(chance, number):
    groups = [chance.choice(["a", "bb", "a group of a long name "]) + str(chance.randint(0, 30)) for _ in range(chance.randint(0, 2))]
    return "/".join([*groups, f"d{number}"])


def draw_storage(chance, shape):
    """Chunks, axes that may grow, filters; nothing for contiguous elements."""
    grows = tuple(None if chance.random() < 0.5 else length for length in shape)
    if None not in grows and chance.random() < 0.5:
        return {}
    storage = {"maxshape": grows, "chunks": tuple(chance.randint(1, min(length, 8)) for length in shape)}
    if chance.random() < 0.5:
        storage |= {"compression": "gzip", "compression_opts": chance.randint(1, 9)}
    return storage | {word: True for word in ("shuffle", "fletcher32") if chance.random() < 0.3}


def grow(chance, dataset, array):
    """Step by step along each axis that can, writing now and then."""
    for axis, limit in enumerate(dataset.maxshape):
        while limit is None and dataset.shape[axis] < array.shape[axis]:
            dataset.resize(min(array.shape[axis], dataset.shape[axis] + chance.randint(1, max(array.shape[axis] // 4, 1))), axis)
            if chance.random() < 0.5:
                dataset[...] = array[tuple(slice(length) for length in dataset.shape)]
    dataset[...] = array


def add(chance, file, name, array):
    storage = draw_storage(chance, array.shape)
    if storage and None in storage["maxshape"] and chance.random() < 0.6:
        begin = tuple(1 if limit is None else limit for limit in storage["maxshape"])
        dataset = file.create_dataset(name, begin, array.dtype, **storage)
        grow(chance, dataset, array)
    else:
        dataset = file.create_dataset(name, data=array, **storage)
    for number in range(chance.choice([0, 0, 1, 3, 12])):
        dataset.attrs[f"attribute{number}"] = chance.choice([1, "text", np.arange(3.0), ["a", "bcd"]])
    return f"{name} {array.dtype.str}{list(array.shape)} {storage}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", default="swift-keras")
    parser.add_argument("--keras-binary", type=Path, default=DEFAULT_BINARY)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    failed = arrays = 0
    with tempfile.TemporaryDirectory() as scratch:
        drawn, plain = Path(scratch) / "drawn.h5", Path(scratch) / "plain.h5"
        for _ in range(options.count):
            version, told = chance.choice(VERSIONS), []
            with h5py.File(drawn, "w", libver=version, track_order=chance.random() < 0.3) as file, h5py.File(plain, "w") as other:
                for number in range(chance.randint(1, 6)):
                    rank = chance.randint(1, 3)
                    shape = [chance.choice([1, 5, 17, 40, 300, 2500] if rank == 1 else [1, 2, 3, 5, 17, 40]) for _ in range(rank)]
                    array = (np.arange(np.prod(shape)) * chance.randint(1, 9) % 251).astype(chance.choice(TYPES)).reshape(shape)
                    name = draw_name(chance, number)
                    told.append(add(chance, file, name, array))
                    other.create_dataset(name, data=array)
            arrays += len(told)
            done = subprocess.run([options.keras_binary, "diff", drawn, plain], capture_output=True, text=True)
            if done.returncode:
                failed += 1
                print(f"{version}: {'; '.join(told)}", done.stdout + done.stderr, sep="\n")
    print(f"layouts of HDF5: {options.count - failed} files of {arrays} arrays passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
