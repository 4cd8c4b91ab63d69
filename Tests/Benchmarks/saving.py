"""How long a model takes to be on the disk, beside `cp` and `sync` of the same file: in turns, medians.

    python3 Tests/Benchmarks/saving.py [--megabytes 500] [--layers 8] [--rounds 9] [--folder DIR] [--bench-binary FILE] [--keras-binary FILE]

Two ways: `model.save` of a model in memory (`KerasBench saving`), and all of `keras convert IN OUT`, which starts, reads the file and writes it.
Both make a file beside the goal, flush it, rename it and flush its folder. What is copied and read is in the page cache. Before each turn the
last file is removed, the disk quiet and some seconds gone by; who has the first turn changes. A binary that is not there is left out. Needs
nothing but Python.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / ".build" / "release"


def architecture(width, layers):
    """Dense layers of `width` numbers in and out."""
    entries = [{"class_name": "InputLayer", "config": {"batch_input_shape": [None, width], "dtype": "float32", "name": "x"}}]
    entries += [{"class_name": "Dense", "config": {"name": f"dense_{i}", "units": width, "use_bias": False}} for i in range(layers)]
    return {"class_name": "Sequential", "config": {"name": "large", "layers": entries}, "keras_version": "2.4.0", "backend": "tensorflow"}


def timed(*command):
    start = time.monotonic()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return time.monotonic() - start


def quiet(file):
    file.unlink(missing_ok=True)
    os.sync()


# Seconds in which a virtual machine's host takes back what was freed.
REST = 3


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--layers", type=int, default=1, help="how many weights they are")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--folder", type=Path, help="on the disk that is meant")
    parser.add_argument("--bench-binary", type=Path, default=RELEASE / "KerasBench")
    parser.add_argument("--keras-binary", type=Path, default=RELEASE / "keras")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        words, source, copy, saved = (Path(scratch) / name for name in ("large.json", "source.h5", "copy.h5", "saved.h5"))
        words.write_text(json.dumps(architecture(int((options.megabytes * 1e6 / 4 / options.layers) ** 0.5), options.layers)))
        subprocess.run([options.keras_binary, "convert", words, source], check=True, stderr=subprocess.DEVNULL)
        engine = None
        ways = {"cp and sync": lambda: timed("cp", source, copy) + timed("sync", copy)}
        if options.bench_binary.exists():
            engine = subprocess.Popen([options.bench_binary, "saving", str(options.megabytes), saved, "--layers", str(options.layers)],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

            def save():
                engine.stdin.write("\n")
                engine.stdin.flush()
                return float(engine.stdout.readline())

            ways["model.save"] = save
            save()
        ways["keras convert"] = lambda: timed(options.keras_binary, "convert", source, saved)
        turns = []
        for number in range(options.rounds):
            turn, names = {}, list(ways)
            for name in names[number % len(names):] + names[:number % len(names)]:
                quiet(saved)
                quiet(copy)
                time.sleep(REST)
                turn[name] = ways[name]()
            turns.append(turn)
            print(", ".join(f"{name} {seconds:.3f} s" for name, seconds in turn.items()), flush=True)
        if engine:
            engine.stdin.close()
            engine.wait()
        medians = {name: statistics.median(turn[name] for turn in turns) for name in ways}
        theirs = medians["cp and sync"]
        print(f"{source.stat().st_size / 1e6:.0f} MB in {options.layers} weights, medians of {options.rounds}: "
              + ", ".join(f"{name} {seconds:.3f} s ({seconds / theirs:.2f})" for name, seconds in medians.items()))


if __name__ == "__main__":
    main()
