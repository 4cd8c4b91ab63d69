"""Do files with a few bytes changed, where the structure check lets them in, hold for us what they hold for h5py?

    python mutants.py --count 100000 [--first-seed 1] FILE…
    python mutants.py --files FILE…

Draws mutants of the files by `Tests/Fuzz`'s `Mutants`, a thousand at a time, each seed its own, and compares every dataset and attribute that was
read by a digest of its bytes. With `--files` the files themselves. h5py's newer library crashes and hangs on some: it reads in processes of its own.
"""

import argparse
import hashlib
import multiprocessing
import os
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np

from command import ROOT

MUTANTS = ROOT / "Tests" / "Fuzz" / ".build" / "release" / "Mutants"
BLOCK = 1000
SECONDS = 20


def text(value):
    """As one string of bytes; None for what is no text."""
    items = np.asarray(value, dtype=object).ravel().tolist() if not isinstance(value, (bytes, str)) else [value]
    if not all(isinstance(item, (bytes, str)) for item in items):
        return None
    return b"\1".join(item.encode() if isinstance(item, str) else bytes(item) for item in items)


def digest(object, value):
    """Of what h5py reads, the bytes as they are here: native order."""
    type = object.dtype if hasattr(object, "dtype") else np.asarray(value).dtype
    if h5py.check_string_dtype(type) is not None or type.kind in "SO":
        joined = text(value)
        return None if joined is None else hashlib.md5(joined).hexdigest()
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" and array.dtype.kind != "V":
        return None
    return hashlib.md5(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("="), copy=False).tobytes()).hexdigest()


def compare(content, told):
    """`(equal, not read by h5py, what differs)` of one file."""
    equal, unread, wrong = 0, 0, []
    with h5py.File(BytesIO(content), "r") as file:
        for kind, ours, place in told:
            path, _, attribute = place.partition("@")
            try:
                object = file[path or "/"]
                if attribute:
                    # `attrs[…]` makes one string of a text, and h5py's own values of what is not.
                    id = object.attrs.get_id(attribute)
                    theirs = digest(id, object.attrs[attribute])
                else:
                    theirs = digest(object, object[()])
            except Exception:
                unread += 1
                continue
            if theirs is None:
                unread += 1
            elif theirs == ours:
                equal += 1
            else:
                wrong.append(f"{place} ({kind})")
    return equal, unread, wrong


def work(pack, answers, start, queue):
    told = {}
    # Names may hold what Python takes for the end of a line.
    for line in filter(None, answers.read_bytes().decode(errors="replace").split("\n")):
        number, kind, sum, place = line.split("\t", 3)
        told.setdefault(int(number), []).append((kind, sum, place))
    content, at, index = pack.read_bytes(), 0, 0
    while at < len(content):
        number, length = struct.unpack_from("<II", content, at)
        if index >= start:
            queue.put(("at", index, number))
            try:
                queue.put(("found", index, (number, compare(content[at + 8:at + 8 + length], told.get(number, [])))))
            except Exception as error:
                queue.put(("found", index, (number, (0, len(told.get(number, [])), []) if told.get(number) else (0, 0, []))))
        at, index = at + 8 + length, index + 1
    queue.put(("done", index, None))


def judge(folder, counts, label):
    """Compares what `Mutants` left in a folder."""
    pack, answers = folder / "mutants.bin", folder / "answers.txt"
    if not pack.exists():
        return
    answers.touch()
    start = 0
    while True:
        queue = multiprocessing.Queue()
        process = multiprocessing.Process(target=work, args=(pack, answers, start, queue))
        process.start()
        place, finished = start, False
        while True:
            try:
                kind, index, value = queue.get(timeout=SECONDS if process.is_alive() else 0.5)
            except Exception:
                break
            place = index
            if kind == "done":
                finished = True
                break
            if kind == "found":
                number, (equal, unread, wrong) = value
                counts["read"] += 1
                counts["values equal"] += equal
                counts["values h5py does not read"] += unread
                counts["files that differ"] += bool(wrong)
                for what in wrong[:3]:
                    print(f"{label} {number}: {what} differs", flush=True)
        process.kill()
        process.join()
        if finished:
            return
        counts["h5py crashed or hung"] += 1
        start = place + 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--files", dest="whole", action="store_true", help="the files themselves")
    options = parser.parse_args()
    counts, wrong = Counter(), 0
    jobs = [(0, 0)] if options.whole else [(BLOCK, options.first_seed + k) for k in range(-(-options.count // BLOCK))]
    for count, seed in jobs:
        with tempfile.TemporaryDirectory() as scratch:
            # The crash handler would take a second over each finding.
            ran = subprocess.run([MUTANTS, "--answers", str(count), str(seed), scratch, *options.files], capture_output=True, text=True,
                                 env={**os.environ, "SWIFT_BACKTRACE": "enable=no"})
            wrong += ran.returncode != 0
            print(*(line for line in ran.stdout.splitlines() if line.startswith("kept")), sep="\n", end="")
            counts["drawn"] += count or len(options.files)
            judge(Path(scratch), counts, f"seed {seed}")
    print(", ".join(f"{counts[what]:,} {what}" for what in (
        "drawn", "read", "values equal", "values h5py does not read", "files that differ", "h5py crashed or hung")))
    failed = wrong + counts["files that differ"]
    print(f"{counts['read'] - counts['files that differ']} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
