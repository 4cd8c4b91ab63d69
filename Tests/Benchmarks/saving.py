"""How long a model in memory takes to be on the disk, beside `cp` and `sync` of the same file: in turns, medians.

    python3 Tests/Benchmarks/saving.py [--megabytes 500] [--rounds 9] [--folder DIR] [--bench-binary .build/release/KerasBench]

Ours is all of `model.save`: a file beside the goal, flushed, renamed, and its folder flushed. What is copied is in the page cache. Before each
turn the last file is removed and the disk quiet. Needs nothing but Python.
"""

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--folder", type=Path, help="on the disk that is meant")
    parser.add_argument("--bench-binary", type=Path, default=ROOT / ".build" / "release" / "KerasBench")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        source, copy, saved = (Path(scratch) / name for name in ("source.h5", "copy.h5", "saved.h5"))
        engine = subprocess.Popen([options.bench_binary, "saving", str(options.megabytes), saved], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  text=True)

        def quiet(file):
            file.unlink(missing_ok=True)
            os.sync()

        def ours():
            engine.stdin.write("\n")
            engine.stdin.flush()
            return float(engine.stdout.readline())

        def theirs():
            start = time.monotonic()
            subprocess.run(["cp", source, copy], check=True)
            subprocess.run(["sync", copy], check=True)
            return time.monotonic() - start

        ours()
        saved.rename(source)
        pairs = []
        for _ in range(options.rounds):
            quiet(saved)
            pairs.append((ours(), (quiet(saved), theirs())[1]))
            quiet(copy)
            print(f"ours {pairs[-1][0]:.3f} s, cp and sync {pairs[-1][1]:.3f} s, ratio {pairs[-1][0] / pairs[-1][1]:.2f}", flush=True)
        engine.stdin.close()
        engine.wait()
        mine, other = (statistics.median(side) for side in zip(*pairs))
        print(f"{source.stat().st_size / 1e6:.0f} MB, medians of {options.rounds}: ours {mine:.3f} s, cp and sync {other:.3f} s, "
              f"ratio {mine / other:.2f}")


if __name__ == "__main__":
    main()
